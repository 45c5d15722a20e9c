"""Several programs that share a store, a folder of results, or both: in one PID namespace and in
several, whose process numbers mean nothing to each other."""

import shutil
import signal
import subprocess

from harness import Book, TIME_LIMIT, files_in, leftovers
from kills import NAMES, which

APART = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]  # a PID namespace


def no_namespaces(_):
    """Why there can be no PID namespace here; "" where there can be."""
    if shutil.which("unshare") is None:
        return "there is no unshare(1)"
    tried = subprocess.run([*APART, "true"], capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode != 0 else ""


def check_run(scene, done, experiment, output, when):
    if done.status != 0:
        scene.lost(f"{when}: {done}")
    elif problem := experiment.problem_of(output):
        scene.wrong(f"{when}: {problem}")


def share(scene, befores):
    """Runs of one experiment begin within half a second, each on its own output."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store = folder / "store"
        book = Book(store)
        processes = []
        for number, before in enumerate(befores):
            processes.append(scene.start(experiment, store, folder / f"output-{number}",
                                         before=before))
            scene.event(f"run {number} in {folder.name}, {before}")
            processes[-1].sleep(scene.random.choice([0, scene.random.uniform(0, 0.25)]))
        for number, process in enumerate(processes):
            done = process.wait(len(befores) * TIME_LIMIT)
            check_run(scene, done, experiment, folder / f"output-{number}",
                      f"run {number} in {folder.name}")
        book.check(scene, folder.name, undisturbed=True)
        for number in range(len(befores)):
            for path in leftovers(store, folder / f"output-{number}"):
                scene.failure(f"left behind: {path.relative_to(scene.folder)}")
        scene.settle(experiment, store, folder / "output-0", folder.name, book)
        book.close()
        shutil.rmtree(folder)


def share_store(scene):
    share(scene, [[], [], []])


def share_across_namespaces(scene):
    share(scene, [APART, APART, []])


def share_with_killed(scene):
    """Three runs on one store, of which some are killed: the others do not wait for the dead."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store = folder / "store"
        book = Book(store)
        befores = [[], APART if not no_namespaces(scene.suite) else [], []]
        processes = [scene.start(experiment, store, folder / f"output-{number}", before=before)
                     for number, before in enumerate(befores)]
        doomed = scene.random.sample(range(3), scene.random.randint(1, 2))
        for number in doomed:
            if processes[number].sleep(scene.random.uniform(0.1, experiment.seconds)):
                processes[number].signal(signal.SIGKILL)
                scene.event(f"run {number} of {folder.name} is killed")
        for number, process in enumerate(processes):
            done = process.wait(3 * TIME_LIMIT)
            if number not in doomed:
                check_run(scene, done, experiment, folder / f"output-{number}",
                          f"run {number} beside killed ones in {folder.name}")
        book.check(scene, folder.name)
        for number in range(3):
            scene.settle(experiment, store, folder / f"output-{number}", folder.name, book)
        book.close()
        shutil.rmtree(folder)


def collect_during(scene):
    """`store gc` again and again while a run goes on: it removes nothing that is sound, or in
    work."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = folder / "store", folder / "output"
        book = Book(store)
        process = scene.start(experiment, store, output)
        while not process.over() and scene.more():
            done = scene.suite.oubli("store", "gc", "--store", store)
            scene.event(f"store gc during {folder.name}: {done.out.strip()[-100:]}")
            if done.status != 0:
                scene.failure(f"store gc during a run: {done.out.strip()[-300:]} {done}")
        check_run(scene, process.wait(), experiment, output, f"{folder.name}, with gc")
        book.check(scene, folder.name, undisturbed=True)
        scene.settle(experiment, store, output, folder.name, book)
        book.close()
        shutil.rmtree(folder)


def share_output(scene):
    """Two experiments are written to one folder at once: it holds the results of one of them."""
    suite = scene.suite
    folder = scene.new_folder()
    output = folder / "output"
    stores = {}
    for name in NAMES:
        stores[name] = folder / f"store-{name}"
        shutil.copytree(getattr(suite, name).store, stores[name])
    while scene.more():
        if scene.random.random() < 0.5:
            shutil.rmtree(output, ignore_errors=True)
        names = scene.random.sample(NAMES, len(NAMES))
        processes = []
        for name in names:  # so far apart that they meet while they write
            processes.append(scene.start(getattr(suite, name), stores[name], output))
            processes[-1].sleep(scene.random.uniform(0, 0.06))
        for name, process in zip(names, processes):
            scene.event(f"{name} to one folder with another")
            done = process.wait()
            if done.status != 0:
                scene.failure(f"{name}, written to one folder with another run: {done}")
        after = which(suite, files_in(output))
        scene.notes[f"{after} was last"] += 1
        if after not in NAMES:
            scene.wrong(f"two runs to one folder: it holds {after}")
    for name in NAMES:
        scene.settle(getattr(suite, name), stores[name], output, "at the end")
    shutil.rmtree(folder)
