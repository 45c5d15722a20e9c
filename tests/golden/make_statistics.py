"""Writes statistics.json, which the tests in tests/core/evaluate/statistics read.

Usage: python make_statistics.py

Needs numpy and scipy (1.17 wrote the committed file). Each entry holds its inputs and what SciPy
gives for them, or a formula in another form than the sources have it.
"""

import json
import math
import pathlib

import numpy as np
import scipy.stats as st
from scipy.optimize import brentq
from scipy.special import kolmogorov
from scipy.stats._resampling import BootstrapResult

RANDOM = np.random.default_rng(20240601)


def normal(n, mean=0.0, sd=1.0):
    return RANDOM.normal(mean, sd, n).tolist()


def whole(n, below):
    return RANDOM.integers(0, below, n).astype(float).tolist()


def proportions():
    rows = []
    for k, n in [(0, 1), (1, 1), (0, 1000), (1000, 1000), (3, 10), (31, 40), (500, 1000)]:
        for level in (0.9, 0.95, 0.99):
            test = st.binomtest(k, n)
            exact = test.proportion_ci(level, "exact")
            rows.append({"k": k, "n": n, "level": level, "exact": [exact.low, exact.high]})
    return rows


def t_tests():
    rows = []
    for a, b in [(normal(3), normal(20, 1, 3)), (normal(8), normal(8)), (whole(5, 3), whole(5, 3)),
                 ([1.0, 2.0, 4.0], [1.5, 1.5, 1.5]), (normal(12, 5, 1e-3), normal(12, 5, 1e-3))]:
        welch = st.ttest_ind(a, b, equal_var=False)
        ci = welch.confidence_interval(0.95)
        row = {"a": a, "b": b, "t": welch.statistic, "df": welch.df, "p": welch.pvalue,
               "interval": [ci.low, ci.high]}
        if len(a) == len(b):
            paired = st.ttest_rel(a, b)
            row["paired"] = {"t": paired.statistic, "p": paired.pvalue}
        rows.append(row)
    return rows


def wilcoxon():
    rows = []
    for a, b in [(normal(5), normal(5)), (normal(6, 3), normal(6)), (normal(25, 0.5), normal(25)),
                 (normal(26, 0.5), normal(26)), (whole(15, 4), whole(15, 4)),
                 (whole(30, 6), whole(30, 4)), ([1.0, 2.0, 3.0, 9.0], [1.0, 0.0, 3.0, 5.0]),
                 ([1.0, -1.0], [0.0, 0.0]), (normal(80), normal(80, 0.3))]:
        difference = np.subtract(a, b)
        difference = difference[difference != 0]
        tied = len(np.unique(np.abs(difference))) < len(difference)
        exact = len(difference) <= 25 and not tied
        test = st.wilcoxon(difference, correction=True, method="exact" if exact else "approx")
        rows.append({"a": a, "b": b, "exact": exact, "n": len(difference),
                     "w": test.statistic, "p": test.pvalue})
    return rows


def holm():
    rows = [{"p": [], "adjusted": []}]
    for p in ([0.03], [0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.02, 0.02, 1.0], [0.0, 1.0, 0.2]):
        # The largest of the bounds that the hypotheses at least as significant have.
        order = sorted(p)
        bound = [min(1.0, sum(q >= x for q in p) * x) for x in order]
        rows.append({"p": p, "adjusted": [max(b for b, q in zip(bound, order) if q <= x)
                                          for x in p]})
    return rows


def kolmogorov_smirnov():
    rows = []
    for a, b in [(normal(3), normal(5)), (normal(8), normal(8, 2)), (normal(40), normal(64, 0.4)),
                 (normal(200), normal(300, 3)), ([1.0], [2.0]), (whole(30, 5), whole(20, 6)),
                 (whole(9, 3), whole(9, 3)), ([1.0, 1.0], [1.0, 1.0, 1.0])]:
        pooled = a + b
        exact = len(set(pooled)) == len(pooled)
        statistic = st.ks_2samp(a, b).statistic
        p = (st.ks_2samp(a, b, method="exact").pvalue if exact else
             kolmogorov(statistic * math.sqrt(len(a) * len(b) / len(pooled))))
        rows.append({"a": a, "b": b, "statistic": statistic, "p": p, "exact": exact})
    return rows


def ranking():
    rows = []
    for table in (RANDOM.normal(size=(6, 3)), RANDOM.normal(size=(10, 7)) + np.arange(7) * 0.4,
                  RANDOM.integers(0, 4, (12, 5)).astype(float),
                  RANDOM.integers(0, 2, (4, 3)).astype(float)):
        blocks, methods = table.shape
        chi2, p = st.friedmanchisquare(*table.T)
        ranks = np.apply_along_axis(st.rankdata, 1, table)
        f = (blocks - 1) * chi2 / (blocks * (methods - 1) - chi2)
        rows.append({"values": table.tolist(), "ranks": ranks.mean(0).tolist(), "chi2": chi2,
                     "chi2_p": p, "f": f,
                     "f_p": st.f.sf(f, methods - 1, (methods - 1) * (blocks - 1))})
    return rows


def nemenyi():
    return [{"k": k, "alpha": alpha,
             "q": st.studentized_range.ppf(1 - alpha, k, np.inf) / math.sqrt(2)}
            for k in range(2, 21) for alpha in (0.01, 0.05, 0.1)]


def bootstrap():
    rows = []
    for data in (normal(8), np.exp(normal(12)).tolist(), whole(10, 4)):
        replicates = RANDOM.choice(data, (500, len(data))).mean(1)
        row = {"replicates": replicates.tolist(), "estimate": float(np.mean(data)),
               "leave_one_out": [float(np.mean(data[:i] + data[i + 1:])) for i in range(len(data))]}
        given = BootstrapResult(None, replicates, None)
        for method in ("percentile", "BCa"):
            ci = st.bootstrap((data,), np.mean, n_resamples=0, bootstrap_result=given,
                              method=method).confidence_interval
            row[method] = [ci.low, ci.high]
        rows.append(row)
    return rows


def variance():
    rows = []
    for table in ([normal(4, m) for m in normal(3, 0, 2)], [normal(2) for _ in range(5)],
                  [normal(n, n) for n in (2, 5, 3)], [whole(3, 3) for _ in range(4)]):
        # Through the analysis of variance's F = between / within, and raw sums of squares.
        counts = np.array([len(row) for row in table])
        total, a = counts.sum(), len(table)
        within = (sum(x * x for row in table for x in row)
                  - sum(sum(row) ** 2 / len(row) for row in table)) / (total - a)
        f = st.f_oneway(*table).statistic
        n0 = (total - (counts**2).sum() / total) / (a - 1)
        means = [np.mean(row) for row in table]
        ci = st.ttest_1samp(means, 0).confidence_interval(0.95)
        rows.append({"values": table, "within": within,
                     "training": max(0.0, (f - 1) * within / n0), "mean": np.mean(means),
                     "interval": [ci.low, ci.high]})
    return rows


def equivalence():
    rows = []
    for a, b, resolution in [(normal(5), normal(8), 0.5), (normal(10, 0.2, 0.1), normal(64), 3.0),
                             (normal(4, 3), normal(3), 5.0), (normal(3), normal(8), 9.0)]:
        variances = [np.var(x, ddof=1) / len(x) for x in (a, b)]

        def error(p):
            return math.hypot(*(st.t.isf(p, len(x) - 1) * math.sqrt(v)
                                for x, v in zip((a, b), variances)))

        def p_value(gap):
            if gap < 0:
                return 1 - p_value(-gap)
            return math.exp(brentq(lambda x: error(math.exp(x)) - gap, math.log(1e-30),
                                   math.log(0.5), xtol=1e-14, rtol=1e-14))

        d = np.mean(a) - np.mean(b)
        row = {"method": a, "oracles": b, "resolution": resolution,
               "p_lower": p_value(resolution + d), "p_upper": p_value(resolution - d)}
        # The same lists against the oracles' spread: the largest difference at alpha = 0.05.
        margin = math.sqrt(2) * np.std(b, ddof=1)
        low = margin * math.sqrt((len(b) - 1) / st.chi2.ppf(0.95, len(b) - 1))
        row["largest"] = margin - math.hypot(error(0.05), margin - low)
        rows.append(row)
    return rows


def epsilon():
    rows = []
    for fp, out, fn, members in [(0, 1000, 0, 1000), (3, 64, 20, 64), (40, 50, 1, 50),
                                 (10, 20, 10, 20), (0, 5, 5, 5)]:
        for delta in (0.0, 1e-5, 0.1):
            fpr = st.binomtest(fp, out).proportion_ci(0.95).high
            fnr = st.binomtest(fn, members).proportion_ci(0.95).high
            found = [math.log(x / y) for x, y in ((1 - delta - fpr, fnr), (1 - delta - fnr, fpr))
                     if x > 0]
            rows.append({"counts": [fp, out, fn, members], "delta": delta,
                         "epsilon": max([0.0] + found)})
    return rows


def plain(value):
    """Python's own numbers, which json can write."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    assert np.isfinite(value)
    return float(value)


if __name__ == "__main__":
    parts = (proportions, t_tests, wilcoxon, holm, kolmogorov_smirnov, ranking, nemenyi, bootstrap,
             variance, equivalence, epsilon)
    document = {part.__name__: plain(part()) for part in parts}
    lines = ",\n".join(f'"{name}": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]"
                       for name, rows in document.items())
    pathlib.Path(__file__).with_name("statistics.json").write_text("{\n" + lines + "\n}\n")
