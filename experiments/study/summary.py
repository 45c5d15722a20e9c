#!/usr/bin/env python3
"""A run's rows in one table that fits a page: gaps, attacks, costs and the settings that were chosen.

usage: summary.py RESULTS [RESULTS...] > SUMMARY.md     (results.json of each folder; no packages)
       summary.py --values RESULTS > VALUES.csv         (of every original, for ranks and paired tests)

Rows are in order of average gap. Several runs are followed by a table of their average gaps. `once` is
what the chosen trial cost, over a retraining; `with trials` what the row cost with its search. The
interval is the 95 % t-interval over training seeds.
"""
import json
import pathlib
import sys

COLUMNS = (("avg_gap", "avg. gap"), ("accuracy/forget", "forget acc."), ("accuracy/test", "test acc."),
           ("loss/forget", "forget loss"), ("kl/forget", "forget KL"), ("kl/test", "test KL"),
           ("membership_auc/forget", "forget AUC"), ("ulira_auc", "U-LiRA AUC"))


def significant(value, digits):
    text = f"{value:.{digits}g}"
    return f"{float(text):g}" if abs(value) >= 1e-4 else text


def with_interval(cell):
    """Mean and half width, both to the half width's first two digits."""
    if not cell or cell.get("mean") is None:
        return ""
    mean, half = cell["mean"], cell.get("half_width_95")
    if not half:
        return significant(mean, 3)
    places = max(0, 1 - int(f"{half:e}".split("e")[1]))
    return f"{mean:.{places}f} ± {half:.{places}f}"


def written(value):
    """A setting as YAML has it, in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(each) for each in value) + "]"
    return significant(value, 3) if isinstance(value, float) else str(value)


def chosen_trial(row):
    for model in row["models"]:
        sweep = model.get("report", {}).get("sweep")
        if sweep:
            return sweep["trials"][sweep["chosen"]]
    return None


def settings_and_cost(row, retraining):
    trial = chosen_trial(row)
    total = row["cells"].get("cost_ratio", {}).get("mean")
    if trial is None:
        return "", total, total
    settings = ", ".join(f"{k}: {written(v)}" for k, v in trial["changed"].items())
    return settings, trial["sample_gradients"] / retraining, total


def gap(row):
    mean = row["cells"].get("avg_gap", {}).get("mean")
    return float("inf") if mean is None else mean


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def of_run(results):
    named = {row["name"]: row for row in results["rows"]}
    retraining = named["retrain"]["cells"]["sample_gradients"]["mean"]
    shown = [c for c in COLUMNS if any(c[0] in row["cells"] for row in results["rows"])]
    rows = []
    for row in sorted(results["rows"], key=gap):
        settings, once, total = settings_and_cost(row, retraining)
        verdict = results["verdicts"].get(row["name"], {}).get("verdict", "")
        costs = ["" if cost is None else significant(cost, 3) for cost in (once, total)]
        rows.append([f"`{row['name']}`" if verdict else row["name"], settings,
                     *(with_interval(row["cells"].get(column)) for column, _ in shown), *costs,
                     row["trouble"] or verdict])
    sets = ", ".join(f"{name} {count}" for name, count in results["sets"].items())
    header = ["", "chosen", *(name for _, name in shown), "once", "with trials", "verdict"]
    return [f"## {results['title']}", "", f"Examples: {sets}. {results['power_check']['text']}", "",
            *table(header, rows), ""]


def side_by_side(runs):
    names = []
    for results in runs:
        names += [row["name"] for row in results["rows"] if row["name"] not in names]
    cells = [{row["name"]: row["cells"].get("avg_gap") for row in results["rows"]} for results in runs]
    rows = [[f"`{name}`", *(with_interval(each.get(name)) for each in cells)] for name in names]
    titles = [results["title"].removeprefix("Study: ") for results in runs]
    return ["## Average gaps", "", *table(["", *titles], rows), ""]


def values_of_originals(results):
    shown = [name for name, _ in COLUMNS if any(name in row["cells"] for row in results["rows"])]
    lines = [",".join(["row", "original", *shown])]
    for row in results["rows"]:
        for model in row["models"]:
            cells = [model.get("values", {}).get(name) for name in shown]
            lines.append(",".join([row["name"], str(model["training_seed"]),
                                   *("" if cell is None else f"{cell:.6g}" for cell in cells)]))
    return lines


def main():
    if sys.argv[1:2] == ["--values"] and len(sys.argv) == 3:
        results = json.loads((pathlib.Path(sys.argv[2]) / "results.json").read_text())
        print("\n".join(values_of_originals(results)))
        return
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    runs = [json.loads((pathlib.Path(folder) / "results.json").read_text()) for folder in sys.argv[1:]]
    lines = [line for results in runs for line in of_run(results)]
    print("\n".join(lines + (side_by_side(runs) if len(runs) > 1 else [])).rstrip())


if __name__ == "__main__":
    main()
