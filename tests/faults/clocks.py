"""Clocks that are wrong or step, and entries from the past and the future."""

import os
import shutil
import subprocess

from harness import Book
from shim import shim
from sharing import check_run

DAY = 86400


def at_another_time(seconds):
    """A time namespace: as if the system had started so much earlier."""
    return ["unshare", "--time", "--fork", "--kill-child",
            f"--monotonic={seconds}", f"--boottime={seconds}"]


def no_time_namespaces(_):
    if not shutil.which("unshare"):
        return "there is no unshare(1)"
    tried = subprocess.run([*at_another_time(DAY), "true"], capture_output=True, text=True,
                           check=False)
    return tried.stderr.strip() if tried.returncode != 0 else ""


def step_wall_clock(scene):
    """With every look the wall clock has stepped by up to ten years."""
    environment = shim(scene.suite, STEPS=1)
    shown, plain = (subprocess.run(["date", "+%s"], env={**os.environ, **more}, check=True,
                                   capture_output=True, text=True).stdout
                    for more in (environment, {}))
    if abs(int(shown) - int(plain)) < DAY:
        scene.failure("the suite cannot make the clock step")
    share_with_strange_clocks(scene, lambda: {"env": environment})


def shift_monotonic_clock(scene):
    """Times since the start of the system that other programs on the store do not share."""
    def strange():
        days = scene.random.choice([1, 365]) * scene.random.randint(1, 30)
        return {"before": at_another_time(days * DAY)}
    share_with_strange_clocks(scene, strange)


def share_with_strange_clocks(scene, strange):
    """Two runs share a store, of which one or both have a clock of their own."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store = folder / "store"
        book = Book(store)
        processes = []
        for number in range(2):
            options = strange() if number == 0 or scene.random.random() < 0.5 else {}
            if options:
                scene.event(f"run {number} of {folder.name}")
            processes.append(scene.start(experiment, store, folder / f"output-{number}", **options))
        for number, process in enumerate(processes):
            check_run(scene, process.wait(), experiment, folder / f"output-{number}",
                      f"run {number} of {folder.name} with a strange clock")
        book.check(scene, folder.name, undisturbed=True)
        scene.settle(experiment, store, folder / "output-0", folder.name, book)
        book.close()
        shutil.rmtree(folder)


def change_dates(scene):
    """Nothing is judged by its date: entries from 1970 or 2100 are as good as any."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = scene.full_store(experiment, folder), folder / "output"
        book = Book(store)
        for path in sorted(store.rglob("*")):
            moment = scene.random.choice([0, 1, 2**31 - 1, 2**32, 4.1e9, None])
            if moment is not None:
                os.utime(path, (moment, moment))
        scene.event(f"other dates in {folder.name}")
        done = scene.suite.oubli("store", "gc", "--store", store)
        if done.status != 0:
            scene.failure(f"store gc: {done}")
        scene.settle(experiment, store, output, folder.name, book)
        book.check(scene, folder.name, undisturbed=True)
        book.close()
        shutil.rmtree(folder)
