"""Writes metrics.json, which tests/core/evaluate/golden_test.cpp reads.

Usage: python make_metrics.py

Needs numpy, scipy and scikit-learn. Each case holds the outputs of models and the values of the
metrics on them, computed here from their definitions. Scores are multiples of 1/64 so that they are
the same numbers in any program; some rows repeat, so that values tie within and between models.
Columns that a case should not have are not in it: the test compares the sets of names as well.
"""

import json
import math
import pathlib

import numpy as np
from scipy.special import log_softmax, logsumexp, rel_entr
from scipy.stats import entropy, ks_2samp
from sklearn.metrics import accuracy_score, brier_score_loss, confusion_matrix

CLASSES = 4
SETS = {
    "retain": list(range(0, 40)),
    "forget": list(range(40, 58)),
    "validation": list(range(58, 67)),
    "test": list(range(67, 90)),
}
N = 90
random = np.random.default_rng(20)


def scores(targets, strength, scale=1.5):
    values = random.normal(0, scale, (N, CLASSES))
    values[np.arange(N), targets] += strength
    values = np.round(values * 64) / 64
    values[41] = values[40]  # ties within a model
    values[70:73] = values[69]
    values[43] = [0, 0, -1, -2]  # a tie of classes, and of all models
    values[75] = [60, 0, -20, -60]  # certain
    return values


def log_p(model):
    return log_softmax(model["outputs"], axis=1)


def p(model):
    return np.exp(log_p(model))


def phi(model, targets):
    lp = log_p(model)
    own = lp[np.arange(N), targets]
    others = np.array([np.delete(lp[i], targets[i]) for i in range(N)])
    return own - logsumexp(others, axis=1)


def losses(model, targets):
    return -log_p(model)[np.arange(N), targets]


def predicted(model):
    return np.argmax(model["outputs"], axis=1)


def mean(values):
    return float(np.mean(list(values)))


def gaps(case, out):
    y, sets, model, oracles = case["targets"], case["sets"], case["model"], case["oracles"]

    def accuracy(m, name):
        return accuracy_score(y[sets[name]], predicted(m)[sets[name]])

    pieces = {"ua": "forget", "ra": "retain", "ta": "test", "va": "validation"}
    gap = {}
    for name, rows in pieces.items():
        if rows not in sets:
            continue
        value = accuracy(model, rows)
        reference = mean(accuracy(m, rows) for m in oracles)
        gap[name] = abs(value - reference)
        if name == "va":
            continue
        sign = -1 if name == "ua" else 1
        out[name] = 1 - value if name == "ua" else value
        out[name + "_gap"] = sign * (value - reference)
    for suffix, last in (("", "ta"), ("/validation", "va")):
        if all(name in gap for name in ("ua", "ra", last)):
            three = np.array([gap["ua"], gap["ra"], gap[last]])
            out["avg_gap" + suffix] = float(three.mean())
            out["tow" + suffix] = float(np.prod(1 - three))


def by_set(case, out):
    for name, rows in case["sets"].items():
        model, oracles = case["model"], case["oracles"]
        out[f"agreement/{name}"] = mean(
            accuracy_score(predicted(o)[rows], predicted(model)[rows]) for o in oracles
        )
        out[f"churn/{name}"] = mean(
            np.mean(predicted(o)[rows] != predicted(model)[rows]) for o in oracles
        )
        for order in (1, 2):
            out[f"act_l{order}/{name}"] = mean(
                np.linalg.norm(p(model)[rows] - p(o)[rows], ord=order, axis=1).mean()
                for o in oracles
            )


def calibration(case, out):
    for name, rows in case["sets"].items():
        y = case["targets"][rows]
        probabilities = p(case["model"])[rows]
        confidence = probabilities.max(axis=1)
        correct = (predicted(case["model"])[rows] == y).astype(float)
        n = len(rows)
        total = 0.0
        for b in range(15):
            inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
            if inside.any():
                total += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
        out[f"ece/{name}"] = total
        shared = np.array([correct[confidence == c].mean() for c in confidence])
        order = np.argsort(confidence, kind="stable")
        total = 0.0
        for b in range(15):
            inside = order[b * n // 15 : (b + 1) * n // 15]
            if len(inside):
                total += len(inside) / n * abs(shared[inside].mean() - confidence[inside].mean())
        out[f"ece_adaptive/{name}"] = total
        out[f"brier/{name}"] = float(
            brier_score_loss(y, probabilities, labels=range(CLASSES), scale_by_half=False)
        )


def layer_distance(case, out):
    oracles = case["oracles"]
    if len(oracles) < 2:
        return
    zs = []
    for parameter in case["parameters"]:
        part = slice(parameter["offset"], parameter["offset"] + parameter["size"])

        def relative(a, b):
            return np.linalg.norm(a["theta"][part] - b["theta"][part]) / np.linalg.norm(
                b["theta"][part]
            )

        own = mean(relative(case["model"], o) for o in oracles)
        pairs = [
            relative(oracles[i], oracles[j])
            for i in range(len(oracles))
            for j in range(len(oracles))
            if i != j
        ]
        zs.append(own / mean(pairs))
        out["layer_z/" + parameter["name"]] = zs[-1]
    out["layer_distance"] = mean(zs)


def zrf(case, out):
    if "forget" not in case["sets"] or not case["initial"]:
        return
    rows = case["sets"]["forget"]
    js, official = [], []
    for b in case["initial"]:
        a, c = p(case["model"])[rows], p(b)[rows]
        m = (a + c) / 2
        js.append(((rel_entr(a, m) + rel_entr(c, m)) / 2).sum(axis=1).mean())
        official.append(((rel_entr(m, a) + rel_entr(m, c)) / 2).mean())
    out["zrf"] = 1 - mean(js)
    out["zrf_official"] = 1 - mean(official)


def streisand(case, out):
    if "forget" not in case["sets"]:
        return
    rows = case["sets"]["forget"]
    own = losses(case["model"], case["targets"])[rows]
    out["streisand_ks"] = mean(
        ks_2samp(own, losses(o, case["targets"])[rows]).statistic for o in case["oracles"]
    )
    out["entropy_gap"] = float(
        entropy(p(case["model"])[rows], axis=1).mean()
        - mean(entropy(p(o)[rows], axis=1).mean() for o in case["oracles"])
    )


def mislabels(case, out):
    if "forget" not in case["sets"]:
        return
    y, truth, sets = case["targets"], case["true_targets"], case["sets"]
    rows = [i for i in sets["forget"] if y[i] != truth[i]]
    if not rows:
        return
    guess = predicted(case["model"])
    out["mislabel_success"] = mean(guess[i] == y[i] for i in rows)
    directions = {(int(truth[i]), int(y[i])) for i in rows}
    if len(directions) != 2:
        return
    a, b = sorted(directions)[0]
    if (b, a) not in directions:
        return
    for name in ("forget", "test"):
        if name not in sets:
            continue
        table = confusion_matrix(truth[sets[name]], guess[sets[name]], labels=range(CLASSES))
        out["interclass_confusion/" + name] = float(
            (table[a, b] + table[b, a]) / (table[a].sum() + table[b].sum())
        )


def relearning(case, out):
    model, oracles, original = case["model"], case["oracles"], case["original"]
    if "forget" not in case["sets"] or original is None or "relearning" not in model:
        return
    rows = case["sets"]["forget"]
    y = case["targets"]
    loss = losses(original, y)[rows].mean()
    accuracy = accuracy_score(y[rows], predicted(original)[rows])

    def epochs(m):
        curve = np.array(m["relearning"]["forget_loss"]) <= loss + 1e-5
        return int(np.argmax(curve)) if curve.any() else len(curve)

    def anamnesis(m):
        curve = np.array(m["relearning"]["forget_accuracy"]) >= 0.95 * accuracy
        return int(np.argmax(curve)) if curve.any() else len(curve)

    out["relearn_epochs"] = epochs(model)
    out["relearn_epochs_oracle"] = mean(epochs(o) for o in oracles)
    out["anamnesis_index"] = anamnesis(model) / max(mean(anamnesis(o) for o in oracles), 1)


def klom_of(models, oracles, targets, rows):
    a = np.array([phi(m, targets)[rows] for m in models])
    b = np.array([phi(m, targets)[rows] for m in oracles])
    result = []
    for x in range(len(rows)):
        low, high = min(a[:, x].min(), b[:, x].min()), max(a[:, x].max(), b[:, x].max())
        if low == high:
            result.append(0.0)
            continue
        share_a = np.histogram(a[:, x], bins=20, range=(low, high))[0] / len(models) + 1e-5
        share_b = np.histogram(b[:, x], bins=20, range=(low, high))[0] / len(oracles) + 1e-5
        result.append(entropy(share_a, share_b))  # scipy normalises both
    return np.array(result)


def epsilon_of(a, b):
    """The largest epsilon over all attacks between samples a (unlearned) and b (retrained)."""
    width_a, width_b = np.ptp(a), np.ptp(b)
    if max(width_a, width_b) == 0:
        return 0.0 if a[0] == b[0] else 50.0
    if min(width_a, width_b) / max(width_a, width_b) < 0.01:
        return 50.0
    pooled = np.unique(np.concatenate([a, b]))
    middle = (pooled[1:] + pooled[:-1]) / 2
    positive, negative = (a, b) if np.median(a) >= np.median(b) else (b, a)
    peaked, wide = (a, b) if width_a <= width_b else (b, a)
    rates = [(np.mean(negative >= t), np.mean(positive < t)) for t in middle]
    ends = np.concatenate([[-np.inf], middle, [np.inf]])
    for i, left in enumerate(ends):
        for right in ends[i + 1 :]:
            outside = np.mean((peaked < left) | (peaked > right))
            rates.append((np.mean((wide >= left) & (wide <= right)), outside))
    best = 0.0
    for fpr, fnr in rates:
        if fpr == 0 and fnr == 0:
            best = math.inf
        elif fpr == 0 or fnr == 0:
            continue
        else:
            with np.errstate(invalid="ignore", divide="ignore"):
                both = [np.log((1 - 1e-5 - fpr) / fnr), np.log((1 - 1e-5 - fnr) / fpr)]
            best = max(best, np.nanmax([0.0] + both))
    return min(best, 50.0)


def quality_of(models, oracles, targets, rows):
    a = np.array([phi(m, targets) for m in models])
    b = np.array([phi(m, targets) for m in oracles])
    last = math.ceil(math.log(min(len(models), len(oracles)) - 1))
    points = []
    for x in rows:
        eps = epsilon_of(a[:, x], b[:, x])
        point = 0.0
        for index in range(2 * last):
            if index / 2 <= eps < (index + 1) / 2:
                point = 2.0 / 2 ** (index + 1)
        points.append(point)
    return mean(points)


def population(case):
    out = {}
    y, sets, models, oracles = case["targets"], case["sets"], case["models"], case["oracles"]
    if min(len(models), len(oracles)) >= 2:
        for name, rows in sets.items():
            values = klom_of(models, oracles, y, rows)
            out["klom/" + name] = float(values.mean())
            out["klom_95/" + name] = float(np.percentile(values, 95))
            if len(oracles) >= 4:
                half = len(oracles) // 2
                out["klom_bias/" + name] = float(
                    klom_of(oracles[:half], oracles[half:], y, rows).mean()
                )
    if min(len(models), len(oracles)) >= 16 and "forget" in sets:
        f = quality_of(models, oracles, y, sets["forget"])
        out["forgetting_quality"] = f

        def accuracy(group, name):
            return mean(accuracy_score(y[sets[name]], predicted(m)[sets[name]]) for m in group)

        score = f
        for name in ("retain", "test"):
            score *= accuracy(models, name) / accuracy(oracles, name)
        out["forgetting_score"] = score
        if len(oracles) >= 32:
            half = len(oracles) // 2
            out["forgetting_quality_ceiling"] = quality_of(
                oracles[:half], oracles[half:], y, sets["forget"]
            )
    return out


METRICS = [gaps, by_set, calibration, layer_distance, zrf, streisand, mislabels, relearning]


def single(case):
    out = {}
    for metric in METRICS:
        metric(case, out)
    return out


def model_of(targets, strength, curve=None):
    model = {"outputs": scores(targets, strength), "theta": random.normal(0, 1, 9).round(3)}
    if curve:
        loss, accuracy = curve
        model["relearning"] = {"forget_loss": loss, "forget_accuracy": accuracy}
    return model


def make_cases():
    truth = random.integers(0, CLASSES, N)
    truth[75] = 0
    plain = {
        "targets": truth,
        "true_targets": truth,
        "sets": SETS,
        "parameters": [
            {"name": "first.weight", "offset": 0, "size": 6},
            {"name": "first.bias", "offset": 6, "size": 3},
        ],
        "model": model_of(truth, 2, ([3.0, 1.5, 0.4, 0.01], [0.1, 0.4, 0.7, 1.0])),
        "oracles": [
            model_of(truth, 1.5, ([4.0, 2.5, 1.4, 0.02], [0.1, 0.2, 0.5, 1.0])),
            model_of(truth, 1.5, ([4.0, 2.5, 1.4, 1.2], [0.1, 0.2, 0.5, 0.55])),
            model_of(truth, 1.5, ([4.0, 0.001, 0.1, 0.02], [0.1, 1.0, 0.5, 1.0])),
        ],
        "original": model_of(truth, 4),
        "initial": [model_of(truth, 0), model_of(truth, 0)],
    }
    cases = {"plain": plain}
    cases["one oracle, no original, no initial"] = {
        **plain, "oracles": plain["oracles"][:1], "original": None, "initial": []
    }  # fmt: skip
    cases["nothing forgotten"] = {
        **plain, "sets": {k: v for k, v in SETS.items() if k in ("retain", "test")}
    }  # fmt: skip
    quick = {**plain["model"], "relearning": {"forget_loss": [0.0], "forget_accuracy": [1.0]}}
    cases["learnt already"] = {**plain, "model": quick, "oracles": [quick, plain["oracles"][0]]}
    never = {"forget_loss": [9.0] * 5, "forget_accuracy": [0.0] * 5}
    stuck = {**plain["model"], "relearning": never}
    cases["censored"] = {**plain, "model": stuck}

    swapped = truth.copy()
    for i in SETS["forget"]:
        swapped[i] = {1: 2, 2: 1}.get(int(truth[i]), truth[i])
    mislabelled = {**plain, "targets": swapped, "model": model_of(swapped, 1)}
    cases["swapped labels"] = mislabelled
    one_way = truth.copy()
    for i in SETS["forget"]:
        one_way[i] = {1: 2}.get(int(truth[i]), truth[i])
    cases["labels of one direction"] = {**mislabelled, "targets": one_way}
    return cases


def make_populations():
    truth = random.integers(0, CLASSES, N)
    sets = {"retain": SETS["retain"][:4], "forget": SETS["forget"], "test": SETS["test"][:4]}

    def group(count, strength, scale):
        models = [{"outputs": scores(truth, strength, scale)} for _ in range(count)]
        for m in models:
            m["outputs"][44] = [0, 1, 2, 3]  # every model alike
        return models

    oracles = group(33, 1, 1)
    models = group(18, 1.4, 0.75)
    for m in models:
        m["outputs"][45] = [1, 0, 0.5, 0]  # one value for the unlearned models
        m["outputs"][46, truth[46]] += 30  # apart
    models[0]["outputs"][47] = oracles[0]["outputs"][47]  # ties between the groups
    models[3]["outputs"][47] = oracles[5]["outputs"][47]
    models[4]["outputs"][48] = models[5]["outputs"][48]
    common = {"targets": truth, "true_targets": truth, "sets": sets}
    return {
        "population": {**common, "models": models, "oracles": oracles},
        "sixteen": {**common, "models": models[:16], "oracles": oracles[:16]},
        "fifteen models": {**common, "models": models[:15], "oracles": oracles[:16]},
        "three of each": {**common, "models": models[:3], "oracles": oracles[:3]},
        "one model": {**common, "models": models[:1], "oracles": oracles[:4]},
    }


class Pool:
    """Each distinct model once; cases refer to it by its index."""

    def __init__(self):
        self.models, self.ids = [], {}

    def __call__(self, model):
        if model is None:
            return None
        if id(model) not in self.ids:
            self.ids[id(model)] = len(self.models)
            entry = {"outputs": (model["outputs"][:, :] * 64).astype(int).ravel().tolist()}
            if "theta" in model:
                entry["theta"] = model["theta"].tolist()
            if "relearning" in model:
                entry["relearning"] = model["relearning"]
            self.models.append(entry)
        return self.ids[id(model)]


def main():
    pool = Pool()
    written = {"classes": CLASSES, "models": pool.models, "cases": []}
    keep = []  # so that no two models have one id
    for kind, cases in (("single", make_cases()), ("population", make_populations())):
        for name, case in cases.items():
            keep.append(case)
            entry = {"name": name, "kind": kind, "sets": case["sets"]}
            entry["targets"] = case["targets"].tolist()
            entry["true_targets"] = case["true_targets"].tolist()
            entry["oracles"] = [pool(m) for m in case["oracles"]]
            if kind == "single":
                entry["parameters"] = case["parameters"]
                entry["model"] = pool(case["model"])
                entry["original"] = pool(case["original"])
                entry["initial"] = [pool(m) for m in case["initial"]]
                entry["values"] = single(case)
            else:
                entry["models"] = [pool(m) for m in case["models"]]
                entry["values"] = population(case)
            entry["values"] = {k: float(v) for k, v in entry["values"].items()}
            written["cases"].append(entry)
    text = json.dumps(written, separators=(",", ":")).replace("},{", "},\n{")
    (pathlib.Path(__file__).parent / "metrics.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
