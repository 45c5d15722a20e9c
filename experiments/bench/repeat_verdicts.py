#!/usr/bin/env python3
"""Counts verdicts over repetitions of one experiment, to see whether their error rates hold.

Each repetition draws another forget set (seeds.edit) and, with it, other oracles. `retrain` is the
truth to be found indistinguishable: it may be called distinguishable as often as the tests' error
rate says and no more. Everything after -- goes to `oubli run`:

    python3 experiments/bench/repeat_verdicts.py experiments/quickstart.yaml --repetitions 20 \\
        -- --set 'methods=[retrain]' --set seeds.training=8 --set seeds.oracle=16
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "build/release/experiments/oubli"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--program", default=str(PROGRAM))
    given, rest = sys.argv[1:], []
    if "--" in given:
        given, rest = given[: given.index("--")], given[given.index("--") + 1 :]
    arguments = parser.parse_args(given)
    counts = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as scratch:
        for repetition in range(arguments.repetitions):
            output = pathlib.Path(scratch) / str(repetition)
            command = [arguments.program, "run", arguments.file, "--set", f"seeds.edit={repetition}",
                       "--store", f"{scratch}/store", "--output", str(output), *rest]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                sys.exit(f"{' '.join(command)} failed with {done.returncode}:\n{done.stderr}")
            verdicts = json.loads((output / "results.json").read_text())["verdicts"]
            for row, verdict in verdicts.items():
                counts[row][verdict["text"].split(":")[0]] += 1
    for row, verdicts in counts.items():
        for text, count in verdicts.most_common():
            print(f"{row:<20} {count:>3} of {arguments.repetitions}  {text}")


if __name__ == "__main__":
    main()
