"""Writes metrics.json: random predictions, and every metric of them by NumPy, SciPy and scikit-learn.

    python3 make_metrics.py          # needs numpy, scipy, scikit-learn

Values are computed from the definitions of core/evaluate/metrics/, without looking at how they are
computed there. Some rows of the predictions are equal, so scores tie.
"""
import json
import math
import pathlib

import numpy as np
from scipy import stats
from scipy.special import log_softmax, logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve
from sklearn.svm import SVC

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
edited_shadows = [{"outputs": logits(2.0), "forgot": rng.random(N) < 0.5} for _ in range(40)]
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


def delong(inside, others):
    psi = (inside[:, None] > others) + 0.5 * (inside[:, None] == others)
    return float(np.sqrt(psi.mean(1).var(ddof=1) / len(inside) + psi.mean(0).var(ddof=1) / len(others)))


# Scores that are equal by construction must be equal here too, whatever rounding does.
rounded = {name: np.round(getattr(m, name), 12) for name in ("loss", "confidence", "entropy", "modified_entropy")}
expected["membership_auc/forget"] = attack(-rounded["loss"])
expected["membership_auc_se/forget"] = delong(-rounded["loss"][forget], -rounded["loss"][outside])
expected["confidence_auc"] = attack(rounded["confidence"])
expected["entropy_auc"] = attack(-rounded["entropy"])
expected["modified_entropy_auc"] = attack(-rounded["modified_entropy"])
expected["correctness_attack"] = (m.accuracy(forget) + 1 - m.accuracy(outside)) / 2
expected["loss_tpr_1"] = tpr(-rounded["loss"][forget], -rounded["loss"][outside], 0.01)

rows = np.r_[forget, outside]
phi = np.array([P(s["outputs"]).phi for s in shadows])[:, rows]
member = np.array([s["trained"] for s in shadows])[:, rows]


def side(mask, own_variance_from=64):
    mean = np.array([phi[mask[:, x], x].mean() for x in range(len(rows))])
    if min(mask.sum(0).min(), (~mask).sum(0).min()) >= own_variance_from:
        return mean, np.array([phi[mask[:, x], x].std(ddof=1) for x in range(len(rows))])
    variance = np.mean([phi[mask[:, x], x].var(ddof=1) for x in range(len(rows)) if mask[:, x].sum() > 1])
    return mean, np.sqrt(variance)


(mu_in, s_in), (mu_out, s_out) = side(member), side(~member)
observed = m.phi[rows]
scores = stats.norm.logpdf(observed, mu_in, s_in) - stats.norm.logpdf(observed, mu_out, s_out)
inside, others = scores[: len(forget)], scores[len(forget):]
expected["lira_auc"] = float(roc_auc_score(np.r_[np.ones(len(inside)), np.zeros(len(others))], scores))
expected["lira_auc_se"] = delong(inside, others)
expected["lira_scored"] = expected["ulira_scored"] = float(np.mean(np.isfinite(scores)))
assert expected["lira_scored"] == 1
expected["lira_accuracy"] = float(np.mean(inside > 0) + np.mean(others <= 0)) / 2
expected["lira_tpr_1"], expected["lira_tpr_01"] = tpr(inside, others, 0.01), tpr(inside, others, 0.001)
expected["distance"] = float(np.mean([np.linalg.norm(theta - t) / np.linalg.norm(t) for t in oracle_thetas]))

ratios = {}
for name, (begin, size) in parameters.items():
    layer = slice(begin, begin + size)
    references = [t[layer] for t in oracle_thetas]
    own = np.mean([np.linalg.norm(theta[layer] - r) / np.linalg.norm(r) for r in references])
    between = np.mean([np.linalg.norm(a - b) / np.linalg.norm(b) for a in references for b in references if a is not b])
    expected[f"layer_d/{name}"] = float(own)
    ratios[f"layer_z/{name}"] = float(own / between)

planted = forget[targets[forget] != true_targets[forget]]
expected["mislabel_success"] = float(np.mean(m.predicted[planted] == targets[planted]))
for name in ("forget", "test"):
    pairs = confusion_matrix(true_targets[sets[name]], m.predicted[sets[name]], labels=range(C))
    expected[f"interclass_confusion/{name}"] = float((pairs[0, 1] + pairs[1, 0]) / pairs[:2].sum())

# Attacks that fit something: nothing is drawn, rows are taken evenly spaced or every second one.
def evenly_spaced(rows, count):
    return rows if len(rows) <= count else rows[(np.arange(count) * len(rows)) // count]


def half_of(rows, first):
    return rows[np.argsort(targets[rows], kind="stable")][first::2]


count = min(len(forget), len(outside))
own, other = m.loss[evenly_spaced(forget, count)], m.loss[evenly_spaced(outside, count)]
folds = min(10, count)
accuracies = []
for fold in range(folds):
    judged = np.arange(count) % folds == fold
    fit = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-14, max_iter=1000)
    fit.fit(np.r_[own[~judged], other[~judged]][:, None], np.repeat([1, 0], np.sum(~judged)))
    accuracies.append(fit.score(np.r_[own[judged], other[judged]][:, None], np.repeat([1, 0], judged.sum())))
expected["mia_logistic"] = float(np.mean(accuracies))


def svc_efficacy(q):
    size = min(len(sets["retain"]), len(test), 1000)
    fitted = np.r_[q.confidence[evenly_spaced(sets["retain"], size)], q.confidence[evenly_spaced(test, size)]]
    fit = SVC(C=3, gamma=1, kernel="rbf").fit(fitted[:, None], np.repeat([1, 0], size))
    return float(np.mean(fit.predict(q.confidence[forget][:, None]) == 0))


expected["mia_efficacy"] = svc_efficacy(m)


def threshold_attack(scores):
    first, second = half_of(test, 0), half_of(test, 1)
    judged = second[np.isin(targets[second], targets[forget])]
    size = min(len(sets["retain"]), len(first))
    members, others = evenly_spaced(sets["retain"], size), evenly_spaced(first, size)

    def best(inside, others):
        candidates = np.sort(np.r_[inside, others])
        gains = [np.mean(inside >= t) + np.mean(others < t) for t in candidates]
        return candidates[np.where(np.array(gains) >= max(gains) - 1e-12)[0][0]]

    thresholds = np.full(C, best(scores[members], scores[others]))
    for c in range(C):
        a, b = scores[members[targets[members] == c]], scores[others[targets[others] == c]]
        if len(a) and len(b):
            thresholds[c] = best(a, b)
    called = scores >= thresholds[targets]
    return float(np.mean(called[forget]) + np.mean(~called[judged])) / 2


expected["confidence_attack"] = threshold_attack(rounded["confidence"])
expected["entropy_attack"] = threshold_attack(-rounded["entropy"])
expected["modified_entropy_attack"] = threshold_attack(-rounded["modified_entropy"])


def epsilon_bound(members, others, threshold, high, delta=1e-5, alpha=0.05):
    def called(scores):
        return np.sum(scores >= threshold if high else scores <= threshold)

    def upper(k, n):
        return 1.0 if k == n else stats.beta.ppf(1 - alpha / 2, k + 1, n - k)

    fpr, fnr = upper(called(others), len(others)), upper(len(members) - called(members), len(members))
    bounds = [math.log((1 - delta - x) / y) for x, y in ((fpr, fnr), (fnr, fpr)) if 1 - delta - x > 0]
    return max([0.0] + bounds)


def held_out_epsilon(members, others):
    best, rule = -1, None
    for high in (True, False):
        for threshold in np.unique(members[::2]):
            bound = epsilon_bound(members[::2], others[::2], threshold, high)
            if bound > best:
                best, rule = bound, (threshold, high)
    return float(epsilon_bound(members[1::2], others[1::2], *rule))


expected["lira_epsilon"] = held_out_epsilon(inside, others)

# U-LiRA: shadows that the method edited, with what each forgot.
audited, passed = evenly_spaced(forget, count), evenly_spaced(outside, count)
rows = np.r_[audited, passed]
phi = np.array([P(s["outputs"]).phi for s in edited_shadows])[:, rows]
member = np.array([s["forgot"] for s in edited_shadows])[:, rows]
(mu_in, s_in), (mu_out, s_out) = side(member, 4), side(~member, 4)
assert np.ndim(s_in) == np.ndim(s_out) == 1
scores = stats.norm.logpdf(m.phi[rows], mu_in, s_in) - stats.norm.logpdf(m.phi[rows], mu_out, s_out)
inside, others = scores[:count], scores[count:]
expected["ulira_auc"] = float(roc_auc_score(np.repeat([1, 0], count), scores))
expected["ulira_auc_se"] = delong(inside, others)
expected["ulira_accuracy"] = float(np.mean(inside > 0) + np.mean(others <= 0)) / 2
expected["ulira_tpr_1"], expected["ulira_tpr_01"] = tpr(inside, others, 0.01), tpr(inside, others, 0.001)
expected["ulira_epsilon"] = held_out_epsilon(inside, others)

# Relearning: curves that are given, against what the original has.
start = P(original)
start_loss, start_accuracy = np.mean(start.loss[forget]), start.accuracy(forget)


def curve():
    losses = np.sort(start_loss * rng.uniform(0.9, 3, 6))[::-1]
    return {"forget_loss": losses.tolist(), "forget_accuracy": np.sort(start_accuracy * np.r_[rng.uniform(0.5, 1, 5), 0.97]).tolist()}


def first(reached):
    return int(np.argmax(reached)) if np.any(reached) else len(reached)


def by_accuracy(c):
    return first(np.array(c["forget_accuracy"]) >= 0.95 * start_accuracy)


model_curve, oracle_curves = curve(), [curve() for _ in oracles]
expected["relearn_epochs"] = first(np.array(model_curve["forget_loss"]) <= start_loss + 1e-5)
expected["anamnesis_index"] = by_accuracy(model_curve) / max(np.mean([by_accuracy(c) for c in oracle_curves]), 1)

derived = {
    "tow_mia": (1 - abs(svc_efficacy(m) - np.mean([svc_efficacy(q) for q in o])))
    * (1 - abs(gap["retain"])) * (1 - abs(gap["test"])),
}
derived["layer_distance"] = float(np.mean(list(ratios.values())))
derived.update(ratios)

# Distributions over models.
many, many_oracles = [logits(2.0) for _ in range(16)], [logits(2.0) for _ in range(34)]
a_models, b_models = [P(f) for f in many], [P(f) for f in many_oracles]


def klom_of(a, b, rows):
    values = []
    for x in rows:
        u, v = np.array([q.phi[x] for q in a]), np.array([q.phi[x] for q in b])
        low, high = min(u.min(), v.min()), max(u.max(), v.max())
        u_share = np.histogram(u, bins=20, range=(low, high))[0] / len(a) + 1e-5
        v_share = np.histogram(v, bins=20, range=(low, high))[0] / len(b) + 1e-5
        values.append(stats.entropy(u_share, v_share))  # which normalises both
    return np.array(values)


def largest_epsilon(u, v):
    width_u, width_v = np.ptp(u), np.ptp(v)
    if min(width_u, width_v) / max(width_u, width_v) < 0.01:
        return 50.0
    pooled = np.unique(np.r_[u, v])
    middle = (pooled[1:] + pooled[:-1]) / 2
    positive, negative = (u, v) if np.median(u) >= np.median(v) else (v, u)
    peaked, wide = (u, v) if width_u <= width_v else (v, u)
    rates = [(np.mean(negative >= t), np.mean(positive < t)) for t in middle]
    ends = np.r_[-np.inf, middle, np.inf]
    for i, left in enumerate(ends):
        for right in ends[i + 1:]:
            rates.append((np.mean((wide >= left) & (wide <= right)), np.mean((peaked < left) | (peaked > right))))
    best = 0.0
    for fpr, fnr in rates:
        if fpr == 0 and fnr == 0:
            return 50.0
        if fpr == 0 or fnr == 0:
            continue
        for x, y in ((fpr, fnr), (fnr, fpr)):
            if 1 - 1e-5 - x > 0:
                best = max(best, math.log((1 - 1e-5 - x) / y))
    return min(best, 50.0)


def quality_of(a, b):
    last = 2 * math.ceil(math.log(min(len(a), len(b)) - 1))
    points = []
    for x in forget:
        eps = largest_epsilon(np.array([q.phi[x] for q in a]), np.array([q.phi[x] for q in b]))
        points.append(sum(2.0 ** -k for k in range(last) if k / 2 <= eps < (k + 1) / 2))
    return float(np.mean(points))


together = {}
for name, rows in sets.items():
    values = klom_of(a_models, b_models[17:], rows)
    together[f"klom/{name}"], together[f"klom_95/{name}"] = float(values.mean()), float(np.percentile(values, 95))
    together[f"klom_bias/{name}"] = float(klom_of(b_models[:16], b_models[17:], rows).mean())
together["forgetting_quality"] = quality_of(a_models, b_models[17:])
shares = [np.mean([q.accuracy(sets[s]) for q in a_models]) / np.mean([q.accuracy(sets[s]) for q in b_models[17:]])
          for s in ("retain", "test")]
together["forgetting_score"] = float(together["forgetting_quality"] * np.prod(shares))
together["forgetting_quality_ceiling"] = quality_of(b_models[:16], b_models[17:])

document = {
    "original": original.tolist(),
    "relearning": {"model": model_curve, "oracles": oracle_curves},
    "edited_shadows": [{"outputs": s["outputs"].tolist(), "forgot": s["forgot"].tolist()} for s in edited_shadows],
    "many": [f.tolist() for f in many],
    "many_oracles": [f.tolist() for f in many_oracles],
    "derived": derived,
    "together": together,
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
