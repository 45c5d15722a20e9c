#!/usr/bin/env python3
"""Compares the training speed of oubli with that of PyTorch on the same task.

Runs bench_training and train_pytorch.py in turn, so that a slow spell of the machine falls on both,
and prints each side's median and range over all epochs of all rounds, by the clock and of the
processor, and how many times as fast oubli is. Run it with a Python that has PyTorch, on a machine
that does nothing else; where it does, the processor's seconds with one thread still compare:

    python experiments/bench/compare_training.py --data FOLDER --model mlp
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE.parents[1] / "build/release/experiments/bench/bench_training"


PEERS = {"pytorch": "PyTorch's", "compiled": "torch.compile's"}
CLOCKS = {"seconds_per_epoch": "seconds per epoch", "processor_seconds_per_epoch": "of the processor"}


def measure(command):
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} failed with {process.returncode}:\n{process.stderr}")
    return json.loads(process.stdout)


def print_table(title, rounds, tokens):
    """`rounds`: for each round, each side's list of seconds for an epoch of so many tokens, or of none."""
    print(f"{title:<18} {'median':>8} {'least':>8} {'most':>8}")
    medians = {}
    for side in rounds[0]:
        values = [value for one in rounds for value in one[side]]
        medians[side] = statistics.median(values)
        rate = f"  {tokens / medians[side]:,.0f} tokens a second" if tokens else ""
        print(f"{side:<18} {medians[side]:8.3f} {min(values):8.3f} {max(values):8.3f}{rate}")
    for side, name in PEERS.items():
        if side not in medians:
            continue
        speeds = [statistics.median(one[side]) / statistics.median(one["oubli"]) for one in rounds]
        speed = medians[side] / medians["oubli"]
        print(f"{'speed of oubli':<18} {speed:8.3f} {min(speeds):8.3f} {max(speeds):8.3f}  times {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of data sets, as for oubli --data")
    parser.add_argument("--model", choices=["mlp", "lenet5", "gpt"], default="mlp")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--program", default=str(PROGRAM), help="bench_training")
    parser.add_argument(
        "--compile", action="store_true", help="of gpt, also beside PyTorch's network by torch.compile"
    )
    arguments = parser.parse_args()
    if arguments.compile and arguments.model != "gpt":
        parser.error("--compile is for gpt")

    options = []
    for name in ("data", "model", "epochs", "threads"):
        options += [f"--{name}", str(getattr(arguments, name))]
    sides = {
        "oubli": [arguments.program, *options],
        "pytorch": [sys.executable, str(HERE / "train_pytorch.py"), *options],
    }
    if arguments.compile:
        sides["compiled"] = [*sides["pytorch"], "--compile"]
    if not pathlib.Path(arguments.program).exists():
        sys.exit(f"{arguments.program} is not built; `./oubli test` or `ninja bench_training` builds it")

    rounds = []
    for number in range(arguments.rounds):
        print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
        rounds.append({side: measure(command) for side, command in sides.items()})

    print(
        f"{arguments.model}, {arguments.threads} threads, "
        f"{arguments.rounds} rounds of {arguments.epochs} epochs"
    )
    for clock, title in CLOCKS.items():
        seconds = [{side: one[side][clock] for side in sides} for one in rounds]
        print_table(title, seconds, rounds[0]["oubli"]["tokens"])


if __name__ == "__main__":
    main()
