#!/usr/bin/env python3
"""Compares the curvature work of oubli with that of PyTorch and its curvature libraries.

Runs bench_curvature and the peers of curvature_peers.py in turn, on the same images (of a decoder, on as
many sentences of one length) and two models that are trained alike, so that a slow spell of the machine
falls on all. Work is counted in gradients of the objective over the whole set, each measured just before
it. `./oubli bench curvature` sets up the peers and runs this:

    ./oubli bench curvature --data FOLDER --model lenet5 --rounds 5
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import textwrap
import time

import curvature_peers

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build"
PROGRAM = BUILD / "release/experiments/bench/bench_curvature"

# The most gradients that oubli's work may take, for a column where there are several.
GOALS = {
    "mlp": {
        "hessian_kept": 1.5,
        "ggn_kept": 1.35,
        "hessian_streamed_8": 1.6,
        "ggn_streamed_8": 1.6,
        "fisher_empirical": 1.1,
        "fisher_expected": 3,
        "kfac": 2.0,
        "cg_20_ggn": 30,
        "cg_20_hessian": 34,
    },
    "lenet5": {
        "hessian_kept": 1.5,
        "ggn_kept": 1.35,
        "hessian_streamed_8": 1.6,
        "ggn_streamed_8": 1.6,
        "fisher_empirical": 1.1,
        "fisher_expected": 8,
        "kfac": 1.6,
        "cg_20_ggn": 28,
        "cg_20_hessian": 32,
    },
    "logistic": {"hessian_kept": 1.0},
    "gpt": {"hessian_kept": 2.0, "ggn_kept": 1.3},
}
GRADIENT_GOAL = 1.0  # times PyTorch's, to a hundredth
PRECONDITIONERS = ["jacobi", "nystroem", "nystroem_100", "nystroem_200", "kfac", "ekfac"]
FEWER_ITERATIONS = 3  # times fewer than without a preconditioner
MEMORY_RATIO = 3  # times the gradient of one batch
MEMORY_SPREAD = 1.2  # most over least memory that still counts as constant in the examples
MEMORY_EXAMPLES = [500, 2000, 10000]
HOPELESS = 2  # times the best peer's time: a peer that takes more is not run again
FULL_ROUNDS = 5
BUSY = 0.1  # processors that other programs may use before the tables say so


class Oubli:
    """bench_curvature as a child process that runs tasks on request."""

    def __init__(self, arguments, *options):
        command = [arguments.program, "--data", arguments.data, "--model", arguments.model]
        command += ["--hessian-damping", str(curvature_peers.HESSIAN_DAMPING[arguments.model])]
        command += ["--threads", str(arguments.threads), *options]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, task):
        try:
            self.process.stdin.write(task + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"bench_curvature ended with {self.process.wait()} at {task}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def processor_seconds(*processes):
    """Of all processors since the start of the machine, and of these processes; nothing off Linux."""
    try:
        tick = os.sysconf("SC_CLK_TCK")
        fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        busy = sum(int(value) for i, value in enumerate(fields) if i not in (3, 4))  # idle, waiting
        own = 0
        for process in processes:
            fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            own += int(fields[11]) + int(fields[12])
        return busy / tick, own / tick
    except (OSError, ValueError):
        return None


class Others:
    """How many processors other programs keep busy, on average since this was made."""

    def __init__(self, *processes):
        self.processes = processes
        self.start = time.perf_counter(), processor_seconds(*processes)

    def busy(self):
        then, before = self.start
        now = processor_seconds(*self.processes)
        if before is None or now is None:
            return None
        others = (now[0] - before[0]) - (now[1] - before[1])
        return max(0.0, others / (time.perf_counter() - then))


def timed(work):
    start, processor = time.perf_counter(), time.process_time()
    work()
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - processor,
    }


def note(text):
    print(text, file=sys.stderr, flush=True)


# ---- measurements ---------------------------------------------------------------------------------


class Peers:
    """The peers that are still in the race, and why others are not."""

    def __init__(self, setup, tasks, only):
        self.setup = setup
        self.only = only  # names, or nothing for all
        self.gradient = curvature_peers.gradient(setup)
        self.checks = {task: curvature_peers.check(setup, task) for task in tasks}
        self.failed = {}
        for task, found in self.checks.items():
            for name, result in found.items():
                if "failed" in result:
                    self.failed[task, name] = result["failed"]
        self.dropped = set()

    def of(self, task):
        names = [n for n in curvature_peers.PEERS[task] if not self.only or n in self.only]
        return [n for n in names if (task, n) not in self.failed and (task, n) not in self.dropped]

    def run(self, task, name):
        """Seconds of a task for the whole set and of the gradient before it."""
        try:
            work = curvature_peers.PEERS[task][name](self.setup)
            if task.endswith("_kept"):
                work()  # as bench_curvature does
            gradient = timed(self.gradient)
            measured = timed(work)
        except Exception as error:  # such as memory: the others can still be measured
            self.failed[task, name] = f"{type(error).__name__}: {error}".splitlines()[0]
            return None
        examples = curvature_peers.SCALED.get((task, name))
        if examples is not None:
            measured["examples"] = examples
            measured["seconds"] *= self.setup.n / examples
        return {**measured, "pytorch_gradient": gradient["seconds"]}

    def drop_hopeless(self, task, measurements):
        least = {}
        for m in measurements:
            if m["task"] == task and m["side"] != "oubli":
                least[m["side"]] = min(m["seconds"], least.get(m["side"], m["seconds"]))
        for name, seconds in least.items():
            if seconds > HOPELESS * min(least.values()):
                self.dropped.add((task, name))


def measure(oubli, peers, tasks, rounds):
    measurements, gradients, others = [], [], []
    for number in range(rounds):
        note(f"round {number + 1} of {rounds}")
        other_programs = Others(os.getpid(), oubli.process.pid)
        for task in tasks:
            common = {"round": number, "task": task}
            own, pytorch = oubli.run("gradient"), timed(peers.gradient)
            gradients.append({**common, "oubli": own, "pytorch": pytorch})
            own_task = oubli.run(task)
            measurements.append(
                {
                    **common,
                    **own_task,
                    "side": "oubli",
                    "oubli_gradient": own["seconds"],
                    "pytorch_gradient": pytorch["seconds"],
                }
            )
            for name in peers.of(task):
                measured = peers.run(task, name)
                if measured is not None:
                    measurements.append({**common, **measured, "side": name})
            peers.drop_hopeless(task, measurements)
        others.append(other_programs.busy())
    return measurements, gradients, others


def measure_memory(arguments):
    """Bytes by task and number of examples, each in a fresh process."""
    found = {}
    for task in ("memory_gradient_of_one_batch", "memory_hessian_streamed", "memory_ggn_streamed"):
        found[task] = {}
        for examples in MEMORY_EXAMPLES:
            oubli = Oubli(arguments, "--training-epochs", "0", "--examples", str(examples))
            found[task][examples] = oubli.run(task)["bytes"]
            oubli.close()
    return found


def measure_iterations(oubli):
    found = {}
    for name in ["none", *PRECONDITIONERS]:
        note(f"iterations to 1e-6, preconditioner {name}")
        found[name] = oubli.run(f"cg_to_1e-6_{name}")
    return found


# ---- summary --------------------------------------------------------------------------------------


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "n": len(values)}


def columns(task):
    return curvature_peers.COLUMNS if task.endswith(f"_{curvature_peers.COLUMNS}") else 1


def summarise(model, tasks, measurements, gradients):
    ratios = [g["oubli"]["seconds"] / g["pytorch"]["seconds"] for g in gradients]
    summary = {"gradient": {"oubli_over_pytorch": spread(ratios), "goal": GRADIENT_GOAL}, "tasks": {}}
    summary["gradient"]["met"] = round(statistics.median(ratios), 2) <= GRADIENT_GOAL
    for side in ("oubli", "pytorch"):
        summary["gradient"][f"{side}_seconds"] = spread([g[side]["seconds"] for g in gradients])
    for task in tasks:
        cells = {}
        for m in (m for m in measurements if m["task"] == task):
            cell = cells.setdefault(m["side"], {"own": [], "pytorch": [], "seconds": []})
            cell["seconds"].append(m["seconds"])
            for key, gradient in (("own", "oubli_gradient"), ("pytorch", "pytorch_gradient")):
                if gradient in m:
                    cell[key].append(m["seconds"] / columns(task) / m[gradient])
        cells = {
            side: {key: spread(values) for key, values in cell.items() if values}
            for side, cell in cells.items()
        }
        goal, own = GOALS[model].get(task), cells.pop("oubli")
        best = min(cells, key=lambda side: cells[side]["pytorch"]["median"], default=None)
        summary["tasks"][task] = {
            "oubli": own,
            "peers": cells,
            "best_peer": best,
            "goal": goal,
            "met": None if goal is None else own["own"]["median"] <= goal,
        }
    return summary


def summarise_iterations(found):
    iterations = {name: answer["iterations"] for name, answer in found.items()}
    return {
        name: {
            "iterations": count,
            "sample_gradients": found[name]["sample_gradients"],
            "seconds": found[name]["seconds"],
            "status": found[name]["status"],
            "fewer": iterations["none"] / count,
            "met": None if name == "none" else iterations["none"] / count >= FEWER_ITERATIONS,
        }
        for name, count in iterations.items()
    }


def summarise_memory(found):
    one = max(found["memory_gradient_of_one_batch"].values())
    rows = {}
    for task, sizes in found.items():
        if task == "memory_gradient_of_one_batch":
            rows[task] = {"bytes": sizes, "ratio": 1.0, "met": None}
            continue
        ratio = max(sizes.values()) / one
        constant = max(sizes.values()) <= MEMORY_SPREAD * min(sizes.values())
        rows[task] = {
            "bytes": sizes,
            "ratio": ratio,
            "constant": constant,
            "met": ratio <= MEMORY_RATIO and constant,
        }
    return rows


# ---- tables ---------------------------------------------------------------------------------------


def met(value):
    return "" if value is None else "yes" if value else "no"


def number(value):
    return "" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def range_of(cell):
    return f"{number(cell['min'])} to {number(cell['max'])}"


def paragraph(text):
    print(textwrap.fill(text, min(shutil.get_terminal_size().columns, 100), break_long_words=False))


def print_gradient(gradient):
    ratio = gradient["oubli_over_pytorch"]
    seconds = [1000 * gradient[f"{side}_seconds"]["median"] for side in ("oubli", "pytorch")]
    paragraph(
        f"Gradient of oubli over that of PyTorch: {ratio['median']:.2f} ({range_of(ratio)}); "
        f"goal {number(gradient['goal'])}, {'met' if gradient['met'] else 'not met'}. "
        f"Medians {seconds[0]:.0f} ms and {seconds[1]:.0f} ms."
    )


def print_tasks(tasks):
    row = "{:<18} {:>6} {:>14} {:>5} {:>3}  {:>6} {:>6} {:<11}".format
    print(f"\n{'':<18} {'oubli, in its gradients':<31}  in gradients of PyTorch")
    print(row("task", "median", "range", "goal", "met", "oubli", "best", "peer").rstrip())
    for task, cell in tasks.items():
        best = cell["best_peer"]
        line = row(
            task,
            number(cell["oubli"]["own"]["median"]),
            range_of(cell["oubli"]["own"]),
            number(cell["goal"]),
            met(cell["met"]),
            number(cell["oubli"]["pytorch"]["median"]),
            number(cell["peers"][best]["pytorch"]["median"]) if best else "",
            best or "none ran",
        )
        print(line.rstrip())


def ended_early(measurements):
    """How solves ended that made fewer iterations than the peers' do."""
    return {
        m["task"]: f"{m['status']} after {m['iterations']}"
        for m in measurements
        if m.get("iterations", curvature_peers.CG_ITERATIONS) < curvature_peers.CG_ITERATIONS
    }


def print_peers(tasks, failed, dropped, only, early, hessian_damping):
    row = "{:<18} {:<11} {:>7} {:>15} {:>4}".format
    print("\nEvery peer, in gradients of PyTorch")
    print(row("task", "peer", "median", "range", "runs"))
    for task, cell in tasks.items():
        for name, peer in sorted(cell["peers"].items(), key=lambda p: p[1]["pytorch"]["median"]):
            ratio = peer["pytorch"]
            print(row(task, name, number(ratio["median"]), range_of(ratio), ratio["n"]))
    print()
    paragraph(
        "Streamed products are for a column of 8. A gradient is the mean over the whole set, measured just "
        "before the work."
    )
    for (task, name), examples in curvature_peers.SCALED.items():
        if task in tasks and name in tasks[task]["peers"]:
            paragraph(f"{task} of {name}: a loop over {examples} examples, scaled up to all.")
    if dropped:
        paragraph(
            f"Not run again after taking over {HOPELESS} times as long as the best peer: "
            + ", ".join(f"{name} ({task})" for task, name in sorted(dropped))
            + "."
        )
    if "cg_20_hessian" in tasks:
        paragraph(
            f"The Hessian is damped by {number(hessian_damping)} on both sides: past its most negative "
            "eigenvalue, at which a solve ends."
        )
    for task, status in early.items():
        paragraph(
            f"oubli's {task} ended before {curvature_peers.CG_ITERATIONS} iterations, {status}: it does not "
            "compare."
        )
    if only:
        paragraph(f"Only these peers were asked for: {', '.join(only)}.")
    for (task, name), reason in failed.items():
        paragraph(f"{name} did not run {task}: {reason}")


def print_iterations(rows):
    row = "{:<18} {:>10} {:>11} {:>9} {:>7} {:>5} {:>4}".format
    print("\nConjugate gradients on the damped Gauss-Newton matrix to 1e-6")
    print(row("preconditioner", "iterations", "gradients", "seconds", "fewer", "goal", "met"))
    for name, cell in rows.items():
        goal = "" if name == "none" else FEWER_ITERATIONS
        ratio = number(cell["fewer"])
        cells = (cell["iterations"], number(cell["sample_gradients"]), number(cell["seconds"]))
        print(row(name, *cells, ratio, goal, met(cell["met"])))
    if any(cell["status"] != "converged" for cell in rows.values()):
        paragraph("Not converged: " + ", ".join(n for n, c in rows.items() if c["status"] != "converged"))


def print_memory(rows):
    row = "{:<29} {:>7} {:>7} {:>7} {:>6} {:>5} {:>4}".format
    print("\nPeak memory in MB, by the number of examples")
    print(row("", *MEMORY_EXAMPLES, "ratio", "goal", "met"))
    for task, cell in rows.items():
        sizes = (f"{size / 1e6:.1f}" for size in cell["bytes"].values())
        goal = "" if cell["met"] is None else MEMORY_RATIO
        print(row(task.removeprefix("memory_"), *sizes, number(cell["ratio"]), goal, met(cell["met"])))


def processor_name():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of data sets, as for oubli --data")
    parser.add_argument("--model", choices=["mlp", "lenet5", "logistic", "gpt"], default="mlp")
    parser.add_argument("--rounds", type=int, default=FULL_ROUNDS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tasks", nargs="+", choices=list(curvature_peers.PEERS), help="only these")
    names = sorted({name for peers in curvature_peers.PEERS.values() for name in peers})
    parser.add_argument("--peers", nargs="+", choices=names, help="only these")
    parser.add_argument(
        "--iterations",
        action=argparse.BooleanOptionalAction,
        help="whether to count the iterations that preconditioners save, which takes minutes "
        f"(default: with the mlp, all tasks and at least {FULL_ROUNDS} rounds)",
    )
    parser.add_argument(
        "--memory", action=argparse.BooleanOptionalAction, default=True, help="whether to measure memory"
    )
    parser.add_argument("--output", help="file to write (default: build/bench_curvature_MODEL.json)")
    parser.add_argument("--program", default=str(PROGRAM), help="bench_curvature")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    if not pathlib.Path(arguments.program).exists():
        sys.exit(f"{arguments.program} is not built; `./oubli bench curvature` builds it")
    output = pathlib.Path(arguments.output or BUILD / f"bench_curvature_{arguments.model}.json")
    output.parent.mkdir(parents=True, exist_ok=True)
    tasks = arguments.tasks or list(curvature_peers.PEERS)
    iterations = arguments.iterations
    if iterations is None:
        iterations = arguments.model == "mlp" and not arguments.tasks and arguments.rounds >= FULL_ROUNDS

    started = datetime.datetime.now(datetime.timezone.utc)
    note("training, and checking the peers against each other")
    oubli = Oubli(arguments)
    oubli.run("gradient")  # it is then trained: the two sides must not train at once
    try:
        setup = curvature_peers.make_setup(arguments.data, arguments.model, arguments.threads)
    except FileNotFoundError as error:
        sys.exit(f"{error}: `./oubli data fetch mnist` fetches it")
    peers = Peers(setup, tasks, arguments.peers)
    measurements, gradients, others = measure(oubli, peers, tasks, arguments.rounds)
    solves = measure_iterations(oubli) if iterations else {}
    oubli.close()
    memory = measure_memory(arguments) if arguments.memory else {}

    summary = summarise(arguments.model, tasks, measurements, gradients)
    for task in ended_early(measurements):
        summary["tasks"][task]["met"] = None
    if solves:
        summary["iterations"] = summarise_iterations(solves)
    if memory:
        summary["memory"] = summarise_memory(memory)
    result = {
        "model": arguments.model,
        "parameters": len(setup.v),
        "examples": setup.n,
        "batch_size": len(setup.batches[0][1]),
        "rounds": arguments.rounds,
        "only_peers": arguments.peers,
        "threads": arguments.threads,
        "processor": processor_name(),
        "processors": os.cpu_count(),
        "processors_busy_with_others": others,
        "openmp": {k: v for k, v in os.environ.items() if k.startswith(("OMP_", "GOMP_", "MKL_"))},
        "started": started.isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **curvature_peers.versions()},
        "summary": summary,
        "checks": peers.checks,
        "failed": [{"task": t, "peer": n, "reason": r} for (t, n), r in peers.failed.items()],
        "dropped": [{"task": t, "peer": n} for t, n in sorted(peers.dropped)],
        "measurements": measurements,
        "gradients": gradients,
        "solves": solves,
        "memory": memory,
    }
    output.write_text(json.dumps(result, indent=1) + "\n")

    what = "sentences" if arguments.model == "gpt" else "images of MNIST"
    paragraph(
        f"{arguments.model}, {setup.n} {what} in batches of {result['batch_size']}, "
        f"{arguments.threads} threads, {arguments.rounds} rounds, {result['processor']}"
    )
    early = ended_early(measurements)
    print_gradient(summary["gradient"])
    print_tasks(summary["tasks"])
    print_peers(summary["tasks"], peers.failed, peers.dropped, peers.only, early, setup.hessian_damping)
    if solves:
        print_iterations(summary["iterations"])
    if memory:
        print_memory(summary["memory"])
    if None not in others and max(others) > BUSY:
        print()
        paragraph(
            f"The machine was busy: other programs used {number(min(others))} to {number(max(others))} of "
            f"its {os.cpu_count()} processors in a round. Measure again on a quiet one."
        )
    print(f"\nWritten to {output}")


if __name__ == "__main__":
    main()
