"""What every scenario uses: the program, the experiments, what their results should be, and the
book that is kept of a store."""

import collections
import csv
import hashlib
import io
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import watch

HERE = pathlib.Path(__file__).resolve().parent
MARK = "OUBLI_FAULT_SUITE"  # set in the environment of what is started, to find it again
NOTES = "notes.txt"  # what a scenario puts among results, which no run may touch
TIME_LIMIT = 90  # seconds; a run takes 2


class Done:
    """How a command ended."""

    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    @property
    def hung(self):
        return self.status is None

    def __str__(self):
        last = " | ".join(self.err.strip().splitlines()[-3:])[-400:]
        return f"{'hung' if self.hung else 'status ' + str(self.status)}; it said: {last}"


class Process:
    """A command that runs, with all that it starts."""

    number = 0
    alive = []

    def __init__(self, command, env=None, out=subprocess.PIPE, err=subprocess.PIPE, **options):
        Process.number += 1
        self.mark = f"{os.getpid()}-{Process.number}"
        self.started = time.monotonic()
        limit = options.pop("limit", lambda: None)

        def prepare():
            # The suite itself may run in the background, where some are ignored.
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            limit()

        # A session of its own: a signal to the group reaches none but these processes.
        self.popen = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            start_new_session=True, preexec_fn=prepare,
            env={**os.environ, **(env or {}), MARK: self.mark}, **options)
        Process.alive.append(self)

    @staticmethod
    def end_all():
        """When the suite itself ends early."""
        for process in Process.alive:
            for pid in process.family():
                end_process(pid)
            process.popen.wait()

    @property
    def pid(self):
        return self.popen.pid

    def over(self):
        return self.popen.poll() is not None

    def sleep(self, seconds):
        """As long, or until it is over; says whether it still runs."""
        try:
            self.popen.wait(max(0, seconds))
            return False
        except subprocess.TimeoutExpired:
            return True

    def signal(self, number, to_all=False):
        """To it, or to all processes that it started as well, as a terminal or `timeout` does."""
        if not to_all:
            self.popen.send_signal(number)
        elif not self.over():
            os.killpg(self.pid, number)

    def family(self):
        """Numbers of all living processes that it started, itself included, wherever they are."""
        wanted = f"{MARK}={self.mark}".encode()
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if wanted in file.read().split(b"\0"):
                        found.append(int(name))
            except OSError:
                pass  # gone by now; what is dead and not waited for has no environment either
        return found

    def workers(self):
        return [pid for pid in self.family() if pid != self.pid and is_worker(pid)]

    def survivors(self, seconds):
        """Who lives on for so long although it has died; those are ended. The time begins when a
        process could know: neither what waits for a disk with its death pending counts, nor what
        the system is still loading."""
        try:
            self.popen.wait(TIME_LIMIT)
        except subprocess.TimeoutExpired:
            return [self.pid]
        began = time.monotonic()
        free_since = {}
        while left := self.family():
            now = time.monotonic()
            free_since = {pid: free_since.get(pid, now) for pid in left if is_free(pid)}
            late = [pid for pid, since in free_since.items() if now - since > seconds]
            if late or now - began > TIME_LIMIT:
                for pid in left:
                    end_process(pid)
                return late or left
            time.sleep(0.01)
        return []

    def wait(self, seconds=TIME_LIMIT):
        try:
            out, err = self.popen.communicate(timeout=seconds)
            status = self.popen.returncode
        except subprocess.TimeoutExpired:
            for pid in self.family():
                end_process(pid)
            out, err = self.popen.communicate()
            status = None
        if self in Process.alive:
            Process.alive.remove(self)
        out, err = ((data or b"").decode(errors="replace") for data in (out, err))
        return Done(status, out, err, time.monotonic() - self.started)


def is_worker(pid):
    try:
        return b"worker" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def is_free(pid):
    """Not about to be ended by the system, and in its own main(): a worker ignores SIGINT."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    masks = {line.split(":")[0]: int(line.split()[1], 16) for line in text.splitlines()
             if line.startswith(("SigPnd:", "ShdPnd:", "SigIgn:"))}
    killed = 1 << signal.SIGKILL - 1
    return bool(masks["SigIgn"] & 1 << signal.SIGINT - 1
                and not (masks["SigPnd"] | masks["ShdPnd"]) & killed)


def end_process(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def without_times(value):
    """Results but for what depends on how long things took, and where."""
    if isinstance(value, dict):
        return {key: without_times(inner) for key, inner in value.items()
                if key not in ("seconds", "seconds_ratio", "machines")}
    if isinstance(value, list):
        return [without_times(inner) for inner in value]
    return value


def files_in(folder):
    """The content of every file in a folder, by name; None where there is no folder."""
    if not folder.is_dir():
        return None
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def lines_without_times(table):
    return [line for line in table.splitlines() if b",seconds" not in line]


def columns_without_times(table):
    rows = list(csv.reader(io.StringIO(table.decode())))
    kept = [i for i, name in enumerate(rows[0]) if not name.startswith("seconds")]
    return [[row[i] for i in kept] for row in rows]


def is_unlike(name, content, expected):
    """Whether a file of results says something else, but for times."""
    kind = name.split("/")[-1]
    if kind == "results.json":
        return without_times(json.loads(content)) != without_times(json.loads(expected))
    if kind == "cells.csv":
        return lines_without_times(content) != lines_without_times(expected)
    if kind == "table.csv":
        return columns_without_times(content) != columns_without_times(expected)
    return (kind in ("resolved.yaml", "rows.csv", "forget_set.txt", "added_set.txt")
            and content != expected)


def contents_of(output):
    """By key, the kind of a stage and the hash of what it made, as entries.csv says."""
    lines = (output / "entries.csv").read_text().splitlines()[1:]
    cells = [line.split(",", 3) for line in lines]
    return {key: (kind, content) for key, kind, content, _ in cells}


class Experiment:
    """A file with its results, as undisturbed runs gave them."""

    def __init__(self, suite, name, overrides=()):
        self.words = [HERE / f"{name}.yaml"]
        for override in overrides:
            self.words += ["--set", override]
        folder = suite.work / "reference" / "-".join([name, *overrides]).replace("=", "-")
        self.store, self.output, other = folder / "store", folder / "output", folder / "other"
        done = suite.oubli("run", *self.words, "--store", self.store, "--output", self.output)
        again = suite.oubli("run", *self.words, "--store", other, "--output", folder / "again")
        if done.status != 0 or again.status != 0:
            raise SystemExit(f"an undisturbed run fails: {done}; {again}")
        self.seconds = min(done.seconds, again.seconds)
        # From the store: these files are the same, byte for byte, whenever they are written again.
        suite.oubli("run", *self.words, "--store", self.store, "--output", self.output)
        self.files = files_in(self.output)
        self.results = without_times(json.loads(self.files["results.json"]))
        first, second = contents_of(self.output), contents_of(folder / "again")
        self.unlike = sorted({kind for key, (kind, content) in first.items()
                              if second.get(key) != (kind, content)})
        self.contents = {key: value for key, value in first.items() if second.get(key) == value}
        self.evaluated = {key for key, (kind, _) in first.items() if kind == "evaluate"}
        same = without_times(json.loads((folder / "again" / "results.json").read_text()))
        self.repeats = same == self.results
        shutil.rmtree(other)

    def problem_of(self, output):
        """What is wrong with a folder of results; "" where nothing is."""
        try:
            files = files_in(output)
            if files is None:
                return "there are no results"
            files.pop(NOTES, None)
            if set(files) != set(self.files):
                return f"other files: {sorted(set(files) ^ set(self.files))}"
            for name, content in files.items():  # at checkpoints too
                if is_unlike(name, content, self.files[name]):
                    return f"{name} differs"
            found = contents_of(output)
        except (ValueError, OSError) as error:
            return f"unreadable: {error}"
        if not self.evaluated <= set(found):
            return "entries.csv does not name all that the results were made from"
        for key, value in found.items():
            if self.contents.get(key, value) != value:
                return f"the content of {key[:12]} ({value[0]}) differs"
        return ""


def entry_folder(store, key):
    return store / "entries" / key[:2] / key


def keys_in(store):
    return sorted(path.name for path in (store / "entries").glob("??/*") if path.is_dir())


def problem_of_entry(folder):
    """Looks at an entry without the program's help; "" where it is as it was written."""
    try:
        described = json.loads((folder / "entry.json").read_text())
        if not described["files"]:
            return "it has no files"
        for name, file in described["files"].items():
            data = (folder / name).read_bytes()
            if len(data) != file["bytes"] or hashlib.sha256(data).hexdigest() != file["sha256"]:
                return f"{name} is not as it was written"
    except (OSError, ValueError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


class Book:
    """Kept of a store while programs work on it: which stages were begun and finished, and how
    often. A stage is finished when its folder is moved out of partial/."""

    def __init__(self, store):
        self.store = store
        for part in ("entries", "partial", "locks"):
            (store / part).mkdir(parents=True, exist_ok=True)
        self.begun, self.finished = collections.Counter(), collections.Counter()
        self.forgiven = collections.Counter()
        self.present = set(keys_in(store))
        self.finished.update(self.present)
        self.begun.update(self.present)
        self.overflowed = False
        self.watch = watch.Watch(store / "partial")

    def forgive(self, key):
        """Its entry was damaged or removed: it may be done once more."""
        self.read()
        self.forgiven[key] += 1
        self.present.discard(key)

    def read(self):
        for mask, name in self.watch.events():
            key = name.split(".")[0]
            if mask & watch.OVERFLOWED:
                self.overflowed = True
            elif len(key) != 64:
                continue
            elif mask & watch.CREATED:
                self.begun[key] += 1
            elif mask & watch.MOVED_FROM:
                self.finished[key] += 1
                self.present.add(key)

    def check(self, scene, when, undisturbed=False):
        """Nothing that was finished is lost, and nothing was done twice. Where nobody was disturbed
        nothing was even begun twice."""
        self.read()
        if self.overflowed:
            scene.failure(f"{when}: the suite missed events")
        for key in sorted(self.present):
            problem = problem_of_entry(entry_folder(self.store, key))
            if problem:
                scene.lost(f"{when}: {key[:12]}: {problem}")
                self.present.discard(key)
        for count, what in ((self.finished, "done"), (self.begun, "begun")):
            if what == "begun" and not undisturbed:
                continue
            for key, times in count.items():
                if times > 1 + self.forgiven[key]:
                    scene.twice(f"{when}: {key[:12]} was {what} {times} times, "
                                f"damaged {self.forgiven[key]} times")
                    count[key] = 1 + self.forgiven[key]  # told once

    def close(self):
        self.watch.close()


class Scene:
    """A scenario that runs: its folder, its random numbers, its counts."""

    def __init__(self, suite, name, count):
        self.suite, self.name, self.count = suite, name, count
        self.random = random.Random(f"{suite.seed} {name}")
        self.folder = suite.work / name
        self.folder.mkdir()
        self.events = 0
        self.told = collections.defaultdict(list)
        self.notes = collections.Counter()
        self.folders = 0

    def lost(self, text):
        self.tell("lost", text)

    def wrong(self, text):
        self.tell("wrong", text)

    def twice(self, text):
        self.tell("twice", text)

    def failure(self, text):
        self.tell("failures", text)

    def tell(self, kind, text):
        self.told[kind].append(text)
        self.suite.log(f"{self.name}: {kind}: {text}")

    def event(self, text):
        self.events += 1
        self.suite.log(f"{self.name}: event {self.events}: {text}")

    def more(self):
        return self.events < self.count

    def new_folder(self):
        self.folders += 1
        folder = self.folder / str(self.folders)
        folder.mkdir()
        return folder

    def full_store(self, experiment, folder):
        """A store with all stages of an experiment, to be disturbed."""
        store = folder / "store"
        shutil.copytree(experiment.store, store)
        return store

    def run(self, experiment, store, output, *words, **options):
        return self.suite.oubli("run", *experiment.words, "--store", store, "--output", output,
                                "--jobs", "2", *words, **options)

    def start(self, experiment, store, output, *words, **options):
        return self.suite.start("run", *experiment.words, "--store", store, "--output", output,
                                "--jobs", "2", *words, **options)

    def check_refusal(self, done, experiment, output, when):
        """A run under a fault may end as it likes, but soon, and not with 0 unless all is there."""
        self.suite.log(f"{self.name}: {when}: {done}")
        if done.hung:
            self.failure(f"{when}: {done}")
        elif done.status == 0:
            self.notes["ended well all the same"] += 1
            problem = experiment.problem_of(output)
            if problem:
                self.wrong(f"{when}: status 0, but {problem}")
        else:
            self.notes["refused or ended"] += 1
            if done.status in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE,
                               -signal.SIGILL):
                self.failure(f"{when}: crashed: {done}")

    def settle(self, experiment, store, output, when, book=None, collect=False, words=()):
        """Without a fault the run completes, its results are right and nothing else is left."""
        done = self.run(experiment, store, output, *words)
        if done.status != 0:
            self.lost(f"{when}: the run without a fault does not complete: {done}")
            return
        problem = experiment.problem_of(output)
        if problem:
            self.wrong(f"{when}: {problem}")
        if collect:  # of what is damaged and not needed by this run
            self.suite.oubli("store", "gc", "--store", store)
        checked = self.suite.oubli("store", "verify", "--store", store)
        if checked.status != 0:
            self.wrong(f"{when}: store verify: {checked.out.strip()[-300:]} {checked}")
        for path in leftovers(store, output):
            self.failure(f"{when}: left behind: {path.relative_to(self.folder)}")
        if book:
            book.check(self, when)


def undisturbed(scene):
    """Two runs on two stores give the same numbers, and entries of the same content."""
    for experiment in (scene.suite.fault, scene.suite.other):
        name = experiment.words[0].name
        scene.event(f"two runs of {name}")
        if not experiment.repeats:
            scene.wrong(f"two runs of {name} have different results")
        if experiment.unlike:
            scene.failure(f"two runs of {name} name other contents in entries.csv, of kind "
                          f"{', '.join(experiment.unlike)}")


def leftovers(store, output):
    """What no run that ended well may leave."""
    found = [*(store / "partial").iterdir(), *(store / "locks").iterdir(), *store.rglob("*.tmp")]
    found += output.rglob("*.tmp")
    found += output.parent.glob(f".{output.name}.*")
    return found


class Suite:
    """The program under test, the references, and where all is done."""

    def __init__(self, program, work, seed):
        self.program, self.work, self.seed = program, work, seed
        self.log_file = open(work / "log.txt", "a", encoding="utf-8", buffering=1)
        self.fault = Experiment(self, "fault")
        self.other = Experiment(self, "other")
        self.slow_one = self.stream_one = None

    def slow(self):
        """The same stages, of which the first take longer."""
        if self.slow_one is None:
            self.slow_one = Experiment(self, "fault", ["train.epochs=500"])
        return self.slow_one

    def stream(self):
        """Requests one after another."""
        if self.stream_one is None:
            self.stream_one = Experiment(self, "stream")
        return self.stream_one

    def start(self, *words, before=(), **options):
        return Process([*before, self.program, *words], cwd=self.work, **options)

    def oubli(self, *words, **options):
        return self.start(*words, **options).wait()

    def log(self, text):
        self.log_file.write(f"{time.strftime('%H:%M:%S')} {text}\n")
