"""Writes metrics.json: random predictions, and every metric of them by NumPy, SciPy and scikit-learn.

    python3 make_metrics.py          # needs numpy, scipy, scikit-learn

Values are computed from the definitions of core/evaluate/metrics/, without looking at how they are
computed there. Some rows of the predictions are equal, so scores tie.
"""
import json
import pathlib

import numpy as np
from scipy import stats
from scipy.special import log_softmax, logsumexp
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve

rng = np.random.default_rng(20)
N, C = 90, 4
targets = rng.integers(0, C, N)
true_targets = targets.copy()
sets = {"retain": range(0, 40), "forget": range(40, 60), "validation": range(60, 70), "test": range(70, 90)}
sets = {name: np.array(rows) for name, rows in sets.items()}
# Wrong labels that swap two classes.
targets[40:50] %= 2
true_targets[40:50] = 1 - targets[40:50]


def logits(scale):
    values = np.round(rng.normal(size=(N, C)) * scale, 3)
    values[41:44] = values[70]  # equal outputs
    return values


model, original = logits(2.0), logits(3.0)
oracles = [logits(2.0) for _ in range(3)]
initial = [logits(0.1) for _ in range(2)]
shadows = [{"outputs": logits(2.0), "trained": rng.random(N) < 0.5} for _ in range(12)]
theta, oracle_thetas = rng.normal(size=7), [rng.normal(size=7) for _ in oracles]
parameters = {"weight": (0, 5), "bias": (5, 2)}


class P:
    def __init__(self, f):
        self.logp = log_softmax(f, axis=1)
        self.p = np.exp(self.logp)
        self.predicted = np.argmax(f, axis=1)
        self.loss = -self.logp[np.arange(N), targets]
        self.entropy = -np.sum(self.p * self.logp, axis=1)
        others = self.logp.copy()
        others[np.arange(N), targets] = -np.inf
        self.phi = -self.loss - logsumexp(others, axis=1)
        p_y = self.p[np.arange(N), targets]
        modified = (1 - p_y) * self.loss
        for c in range(C):
            modified -= np.where(targets == c, 0, self.p[:, c] * np.log1p(-self.p[:, c]))
        self.modified_entropy = modified
        self.confidence = p_y

    def accuracy(self, rows):
        return float(np.mean(self.predicted[rows] == targets[rows]))


m, o, i = P(model), [P(f) for f in oracles], [P(f) for f in initial]
expected = {}


def js(a, b):
    mid = (a.p + b.p) / 2
    return 0.5 * np.sum(a.p * np.log(a.p / mid), axis=1) + 0.5 * np.sum(b.p * np.log(b.p / mid), axis=1)


def ece(confidence, right, groups):
    return float(sum(abs(np.sum(right[g] - confidence[g])) for g in groups) / len(confidence))


for name, rows in sets.items():
    expected[f"accuracy/{name}"] = m.accuracy(rows)
    expected[f"loss/{name}"] = float(np.mean(m.loss[rows]))
    agreement = float(np.mean([np.mean(m.predicted[rows] == q.predicted[rows]) for q in o]))
    expected[f"agreement/{name}"], expected[f"churn/{name}"] = agreement, 1 - agreement
    confidence = m.p[rows].max(axis=1)
    right = (m.predicted[rows] == targets[rows]).astype(float)
    edges = np.linspace(0, 1, 16)
    bins = [np.where((confidence > a) & (confidence <= b))[0] for a, b in zip(edges[:-1], edges[1:])]
    expected[f"ece/{name}"] = ece(confidence, right, bins)
    order = np.argsort(confidence, kind="stable")
    expected[f"ece_adaptive/{name}"] = ece(confidence, right, np.array_split(order, 15))
    expected[f"brier/{name}"] = float(np.mean(np.sum((m.p[rows] - np.eye(C)[targets[rows]]) ** 2, axis=1)))
    if name == "retain":
        continue
    expected[f"kl/{name}"] = float(np.mean([np.mean(np.sum(q.p * (q.logp - m.logp), axis=1)[rows]) for q in o]))
    expected[f"js/{name}"] = float(np.mean([np.mean(js(m, q)[rows]) for q in o]))
    expected[f"act_l1/{name}"] = float(np.mean([np.mean(np.abs(m.p - q.p).sum(axis=1)[rows]) for q in o]))
    expected[f"act_l2/{name}"] = float(np.mean([np.mean(np.linalg.norm(m.p - q.p, axis=1)[rows]) for q in o]))

forget, test = sets["forget"], sets["test"]
expected["accuracy/forget_true"] = float(np.mean(m.predicted[forget] == true_targets[forget]))
gap = {name: m.accuracy(rows) - np.mean([q.accuracy(rows) for q in o]) for name, rows in sets.items()}
expected["ua"], expected["ua_gap"] = 1 - m.accuracy(forget), -gap["forget"]
expected["ra"], expected["ra_gap"] = m.accuracy(sets["retain"]), gap["retain"]
expected["ta"], expected["ta_gap"] = m.accuracy(test), gap["test"]
for suffix, third in (("", "test"), ("/validation", "validation")):
    gaps = np.abs([gap["forget"], gap["retain"], gap[third]])
    expected["avg_gap" + suffix], expected["tow" + suffix] = float(gaps.mean()), float(np.prod(1 - gaps))
expected["zrf"] = 1 - float(np.mean([np.mean(js(m, b)[forget]) for b in i]))


def official(b):
    mid = (m.p + b.p) / 2
    return np.mean((0.5 * mid * (np.log(mid) - m.logp) + 0.5 * mid * (np.log(mid) - b.logp))[forget])


expected["zrf_official"] = 1 - float(np.mean([official(b) for b in i]))
expected["streisand_ks"] = float(np.mean([stats.ks_2samp(m.loss[forget], q.loss[forget]).statistic for q in o]))
expected["entropy_gap"] = float(np.mean(m.entropy[forget]) - np.mean([np.mean(q.entropy[forget]) for q in o]))

outside = test[np.isin(targets[test], targets[forget])]
label = np.r_[np.ones(len(forget)), np.zeros(len(outside))]


def attack(scores):
    return float(roc_auc_score(label, np.r_[scores[forget], scores[outside]]))


def tpr(inside, others, rate):
    fpr, tprs, _ = roc_curve(np.r_[np.ones(len(inside)), np.zeros(len(others))], np.r_[inside, others],
                             drop_intermediate=False)
    return float(tprs[fpr <= rate].max())


# Scores that are equal by construction must be equal here too, whatever rounding does.
rounded = {name: np.round(getattr(m, name), 12) for name in ("loss", "confidence", "entropy", "modified_entropy")}
expected["membership_auc/forget"] = attack(-rounded["loss"])
expected["confidence_auc"] = attack(rounded["confidence"])
expected["entropy_auc"] = attack(-rounded["entropy"])
expected["modified_entropy_auc"] = attack(-rounded["modified_entropy"])
expected["correctness_attack"] = (m.accuracy(forget) + 1 - m.accuracy(outside)) / 2
expected["loss_tpr_1"] = tpr(-rounded["loss"][forget], -rounded["loss"][outside], 0.01)

rows = np.r_[forget, test]
phi = np.array([P(s["outputs"]).phi for s in shadows])[:, rows]
member = np.array([s["trained"] for s in shadows])[:, rows]


def side(mask):
    mean = np.array([phi[mask[:, x], x].mean() for x in range(len(rows))])
    variance = np.mean([phi[mask[:, x], x].var(ddof=1) for x in range(len(rows)) if mask[:, x].sum() > 1])
    return mean, np.sqrt(variance)


(mu_in, s_in), (mu_out, s_out) = side(member), side(~member)
observed = m.phi[rows]
scores = stats.norm.logpdf(observed, mu_in, s_in) - stats.norm.logpdf(observed, mu_out, s_out)
inside, others = scores[: len(forget)], scores[len(forget):]
expected["lira_auc"] = float(roc_auc_score(np.r_[np.ones(len(inside)), np.zeros(len(others))], scores))
expected["lira_tpr_1"], expected["lira_tpr_01"] = tpr(inside, others, 0.01), tpr(inside, others, 0.001)
expected["distance"] = float(np.mean([np.linalg.norm(theta - t) / np.linalg.norm(t) for t in oracle_thetas]))

ratios = []
for name, (begin, size) in parameters.items():
    layer = slice(begin, begin + size)
    references = [t[layer] for t in oracle_thetas]
    own = np.mean([np.linalg.norm(theta[layer] - r) / np.linalg.norm(r) for r in references])
    between = np.mean([np.linalg.norm(a - b) / np.linalg.norm(b) for a in references for b in references if a is not b])
    expected[f"layer_z/{name}"] = float(own / between)
    ratios.append(own / between)
expected["layer_distance"] = float(np.mean(ratios))

planted = forget[targets[forget] != true_targets[forget]]
expected["mislabel_success"] = float(np.mean(m.predicted[planted] == targets[planted]))
for name in ("forget", "test"):
    pairs = confusion_matrix(true_targets[sets[name]], m.predicted[sets[name]], labels=range(C))
    expected[f"interclass_confusion/{name}"] = float((pairs[0, 1] + pairs[1, 0]) / pairs[:2].sum())

document = {
    "targets": targets.tolist(),
    "true_targets": true_targets.tolist(),
    "sets": [[name, rows.tolist()] for name, rows in sets.items()],
    "model": model.tolist(),
    "oracles": [f.tolist() for f in oracles],
    "initial": [f.tolist() for f in initial],
    "shadows": [{"outputs": s["outputs"].tolist(), "trained": s["trained"].tolist()} for s in shadows],
    "theta": theta.tolist(),
    "parameters": [[name, begin, size] for name, (begin, size) in parameters.items()],
    "oracle_thetas": [t.tolist() for t in oracle_thetas],
    "expected": expected,
}
pathlib.Path(__file__).with_name("metrics.json").write_text(json.dumps(document) + "\n")
