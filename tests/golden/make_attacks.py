"""Writes attacks.json, which tests/core/evaluate/attacks/golden_attacks_test.cpp reads.

Usage: python make_attacks.py

Needs numpy, scipy and scikit-learn. Every value is computed from the definitions in the headers of
core/evaluate/, without looking at how they are computed there. Scores are rounded, so some tie.
"""

import json
import pathlib

import numpy as np
from scipy import special, stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve

rng = np.random.default_rng(11)


def nested(value):
    return value.tolist() if isinstance(value, np.ndarray) else float(value)


def roc():
    positive = np.round(rng.normal(0.7, 1, 60), 1)
    negative = np.round(rng.normal(0, 1, 85), 1)
    labels = np.r_[np.ones(60), np.zeros(85)]
    scores = np.r_[positive, negative]
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    psi = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    variance = psi.mean(1).var(ddof=1) / 60 + psi.mean(0).var(ddof=1) / 85
    rates = [0.0, 0.001, 0.01, 0.05, 0.2, 0.7, 1.0]
    return {
        "positive": nested(positive),
        "negative": nested(negative),
        "auc": nested(roc_auc_score(labels, scores)),
        "standard_error": nested(np.sqrt(variance)),
        "advantage": nested((tpr - fpr).max()),
        "fpr": rates,
        "tpr": [nested(tpr[fpr <= rate].max()) for rate in rates],
    }


def scores():
    outputs = np.round(rng.normal(0, 3, (14, 4)), 2)
    outputs[0] = [50, 0, -50, 1]
    outputs[1] = [1000, 0, 3, -1000]
    outputs[2] = [2, 2, 2, 2]
    labels = rng.integers(0, 4, 14)
    log_p = special.log_softmax(outputs, axis=1)
    rows = np.arange(14)

    def log_rest(row, left_out):  # ln of the sum of all other probabilities
        return special.logsumexp(np.delete(log_p[row], left_out))

    modified = []
    for row, label in enumerate(labels):
        terms = [
            -np.exp(log_rest(row, c)) * log_p[row, c]
            if c == label
            else -np.exp(log_p[row, c]) * log_rest(row, c)
            for c in range(4)
        ]
        modified.append(float(np.sum(terms)))
    return {
        "outputs": nested(outputs),
        "labels": labels.tolist(),
        "losses": nested(-log_p[rows, labels]),
        "confidence": nested(np.exp(log_p[rows, labels])),
        "entropy": nested(-(np.exp(log_p) * log_p).sum(1)),
        "modified_entropy": modified,
        "scaled_confidence": [
            float(log_p[row, label] - log_rest(row, label)) for row, label in enumerate(labels)
        ],
        "predicted": outputs.argmax(1).tolist(),
    }


def logistic(n, d, scale, c):
    features = rng.normal(0, scale, (n, d))
    labels = features @ rng.normal(size=d) / scale + rng.normal(size=n) > 0.3
    model = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-14, max_iter=1000)
    model.fit(features, labels)
    return {
        "features": nested(features),
        "labels": labels.astype(int).tolist(),
        "c": c,
        "coefficients": nested(model.coef_[0]),
        "intercept": nested(model.intercept_[0]),
        "decision": nested(model.decision_function(features)),
    }


def lira(models, n, probability):
    member = rng.random((models, n)) < probability
    phi = rng.normal(0, 1 + rng.random(n), (models, n)) + 1.5 * member
    observed = rng.normal(0.7, 2, n)

    def fit(mask):
        chosen = [phi[mask[:, i], i] for i in range(n)]
        mean = np.array([x.mean() for x in chosen])
        variance = np.array([x.var(ddof=1) for x in chosen])
        if min(len(x) for x in chosen) < 64:
            variance = np.full(n, variance.mean())
        return mean, np.sqrt(variance)

    (mean_in, scale_in), (mean_out, scale_out) = fit(member), fit(~member)
    online = stats.norm.logpdf(observed, mean_in, scale_in)
    online -= stats.norm.logpdf(observed, mean_out, scale_out)
    return {
        "phi": nested(phi),
        "member": member.astype(int).tolist(),
        "observed": nested(observed),
        "online": nested(online),
        "offline": nested(-stats.norm.logsf(observed, mean_out, scale_out)),
    }


def main():
    content = {
        "roc": roc(),
        "scores": scores(),
        "logistic": [logistic(40, 1, 1.0, 1.0), logistic(60, 3, 5.0, 0.2)],
        "lira": [lira(24, 10, 0.5), lira(170, 3, 0.5)],
    }
    path = pathlib.Path(__file__).with_name("attacks.json")
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
