"""Processes that are killed: schedulers and workers at random moments, and programs that are
writing their results."""

import shutil
import signal
import time

from damage import KINDS
from harness import NOTES, Book, end_process, entry_folder, files_in, keys_in
from shim import shim
import watch

SIGNALS = [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
NAMES = ["fault", "other"]  # of Suite's experiments
MOST_TRIES = 8  # on one store, so that it is done before long


def random_moment(scene, seconds):
    """Anywhere in a run, or while it begins."""
    return scene.random.uniform(0, 0.3 if scene.random.random() < 0.4 else seconds)


def kill_schedulers(scene):
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = folder / "store", folder / "output"
        is_damaged = scene.random.random() < 0.3
        if is_damaged:
            shutil.copytree(experiment.store, store)
        book = Book(store)
        if is_damaged:  # then kills also meet the removal of what is damaged
            damage_some(scene, book, 20)
        for _ in range(MOST_TRIES):
            number = scene.random.choice(SIGNALS)
            moment = random_moment(scene, 1.1 * experiment.seconds)
            process = scene.start(experiment, store, output)
            if not process.sleep(moment) or not scene.more():
                process.wait()
                break
            to_all = scene.random.random() < 0.3
            when = (f"{signal.Signals(number).name}{' to all' if to_all else ''} at {moment:.3f} s "
                    f"in {folder.name}")
            scene.event(when)
            process.signal(number, to_all)
            left = process.survivors(1.0)
            if left:
                scene.failure(f"{when}: {len(left)} processes lived on for a second: {left}")
            done = process.wait()
            scene.notes[f"{signal.Signals(number).name}: status {done.status}"] += 1
            if done.status == 0:  # all was done when the signal came
                problem = experiment.problem_of(output)
                if problem:
                    scene.wrong(f"{when}: status 0, but {problem}")
            elif done.status not in (-number, 130):
                scene.failure(f"{when}: {done}")
            book.check(scene, when)
        scene.settle(experiment, store, output, f"after kills in {folder.name}", book,
                     collect=is_damaged)
        book.close()
        shutil.rmtree(folder)


def kill_streams(scene):
    """Requests one after another, killed in the middle of them, once or several times in a row: who
    goes on ends with the results of a run that nobody killed."""
    experiment = scene.suite.stream()
    while scene.more():
        folder = scene.new_folder()
        store, output = folder / "store", folder / "output"
        book = Book(store)
        for _ in range(scene.random.randint(1, 3)):
            process = scene.start(experiment, store, output)
            moment = scene.random.uniform(0.1, 0.95) * experiment.seconds
            if not scene.more() or not process.sleep(moment):
                process.wait()
                break
            process.signal(signal.SIGKILL)
            left = process.survivors(1.0)
            done = len(keys_in(store))
            when = f"killed at {moment:.3f} s with {done} stages done in {folder.name}"
            scene.event(when)
            scene.notes[f"{10 * (10 * done // len(experiment.contents))} % of the stages done"] += 1
            if left:
                scene.failure(f"{when}: {len(left)} processes lived on for a second: {left}")
            process.wait()
            book.check(scene, when)
        scene.settle(experiment, store, output, f"after kills in {folder.name}", book)
        book.close()
        shutil.rmtree(folder)


def kill_collectors(scene):
    """`store gc`, killed while it removes what is damaged."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = scene.full_store(experiment, folder), folder / "output"
        book = Book(store)
        damage_some(scene, book, 30)
        for _ in range(4):
            process = scene.suite.start("store", "gc", "--store", store)
            if scene.more() and process.sleep(scene.random.uniform(0.1, 0.5)):
                scene.event(f"gc killed after {time.monotonic() - process.started:.3f} s")
                process.signal(signal.SIGKILL)
            process.wait()
            book.check(scene, f"gc killed in {folder.name}")
        scene.settle(experiment, store, output, f"after gc was killed in {folder.name}", book,
                     collect=True)
        book.close()
        shutil.rmtree(folder)


def damage_some(scene, book, count):
    for key in scene.random.sample(keys_in(book.store), count):
        book.forgive(key)
        scene.random.choice(KINDS)(scene, entry_folder(book.store, key))


def kill_workers(scene):
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = folder / "store", folder / "output"
        book = Book(store)
        process = scene.start(experiment, store, output)
        when = f"worker killed in {folder.name}"
        for _ in range(scene.random.randint(1, 4)):
            if not process.sleep(random_moment(scene, 0.6 * experiment.seconds)):
                break
            workers = process.workers()
            if workers:
                pid = scene.random.choice(workers)
                scene.event(f"{when} after {time.monotonic() - process.started:.3f} s")
                end_process(pid)
        done = process.wait()
        scene.notes[f"status {done.status}"] += 1
        if done.status == 0:
            problem = experiment.problem_of(output)
            if problem:
                scene.wrong(f"{when}: status 0, but {problem}")
        elif done.status != 1:  # 1: a stage whose worker died twice has failed, and is told of
            scene.failure(f"{when}: {done}")
        book.check(scene, when)
        scene.settle(experiment, store, output, f"after: {when}", book)
        book.close()
        shutil.rmtree(folder)


def kill_writing(scene):
    """Two experiments, all of whose stages are done, are written to one folder in turn. Whenever
    the program is killed the folder holds the files of one of them, and no other."""
    kill_writers(scene, {})


def kill_writing_in_two_steps(scene):
    """The same where two names cannot be exchanged at once. For a moment there is no folder of that
    name: who comes next puts the old results back before anything else."""
    kill_writers(scene, shim(scene.suite, EXCHANGE=1))


def kill_writers(scene, environment):
    suite = scene.suite
    folder = scene.new_folder()
    output = folder / "output"
    stores = {}
    for name in NAMES:
        stores[name] = folder / f"store-{name}"
        shutil.copytree(getattr(suite, name).store, stores[name])
    beside = watch.Watch(folder)

    def start(name):
        beside.events()
        return scene.start(getattr(suite, name), stores[name], output, env=environment)

    lasts = sorted(time_to_write(start("fault"), beside) for _ in range(5))[2]
    scene.notes[f"ms to write undisturbed: {1000 * lasts:.0f}"] = 1
    while scene.more():
        name = scene.random.choice(NAMES)
        before = which(suite, files_in(output))
        if before != "nothing":
            (output / NOTES).write_text("a person's own")
        process = start(name)
        if not results_begun(beside, 2):
            scene.failure(f"no results were written: {process.wait()}")
            continue
        delay = scene.random.uniform(0, 1.5 * lasts)
        if environment and before != "nothing" and scene.random.random() < 0.5:
            beside.wait_for(watch.MOVED_FROM, "output", 1, 30)  # the old results have gone aside
            delay = scene.random.uniform(0, 0.008)
        end = time.monotonic() + delay
        while time.monotonic() < end:
            pass  # more exact than sleep
        process.signal(signal.SIGKILL)
        done = process.wait()
        when = f"killed {delay * 1e6:.0f} us into writing {name} over {before}"
        scene.event(when)
        after = which(suite, files_in(output))
        if after == "nothing" != before and environment:
            scene.notes["killed between two names"] += 1
            process = start(name)
            results_begun(beside, 1)
            process.signal(signal.SIGKILL)
            process.wait()
            after = which(suite, files_in(output))
            when += ", and looked at by another"
        scene.notes["over before the kill" if done.status == 0 else "killed"] += 1
        scene.notes[f"{'new' if after == name else 'old'} results"] += 1
        if after not in (before, name) or (done.status == 0 and after != name):
            scene.wrong(f"{when}: status {done.status}; the folder holds {after}")
        if before != "nothing" and not (output / NOTES).exists():
            scene.lost(f"{when}: a file that is not the program's")
        if scene.events % 10 == 0:
            scene.settle(getattr(suite, name), stores[name], output, f"after: {when}")
        elif scene.random.random() < 0.1:
            shutil.rmtree(output, ignore_errors=True)  # so that some are the first to be written
    for name in NAMES:
        scene.settle(getattr(suite, name), stores[name], output, "at the end")
    beside.close()
    shutil.rmtree(folder)


def results_begun(beside, count):
    """Waits until the program begins to write. The first new folder beside the output is its trial
    whether one can be made; the second is what it fills."""
    return beside.wait_for(watch.CREATED, ".output.*.new", count, 30)


def time_to_write(process, beside):
    """From the new folder to the moment when it takes the place of the old one."""
    results_begun(beside, 2)
    began = time.monotonic()
    beside.wait_for(watch.MOVED_FROM, ".output.*.new", 1, 30)
    lasts = time.monotonic() - began
    process.wait()
    return lasts


def which(suite, files):
    """Whose results these are."""
    if files is None:
        return "nothing"
    files.pop(NOTES, None)
    for name in NAMES:
        if files == getattr(suite, name).files:
            return name
    return f"a mixture: {sorted(files)}"
