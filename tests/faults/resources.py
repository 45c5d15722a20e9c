"""What the system refuses: space, inodes, rights, descriptors, streams, and folders that go away
while they are in use."""

import errno
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time

from harness import Book, entry_folder, files_in, keys_in
from kills import results_begun
from shim import shim
import watch

NOBODY = 65534
AS_NOBODY = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]


def no_mounts(_):
    """Why no file system can be mounted here; "" where one can."""
    if os.geteuid() != 0:
        return "mounting a tmpfs takes root"
    probe = pathlib.Path("/tmp") / f"oubli-faults-mount-{os.getpid()}"
    probe.mkdir()
    tried = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "faults", probe],
                           capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        subprocess.run(["umount", probe], check=True)
    probe.rmdir()
    return tried.stderr.strip() if tried.returncode != 0 else ""


def no_second_user(suite):
    if os.geteuid() != 0:
        return "to be another user takes root"
    if not shutil.which("setpriv"):
        return "there is no setpriv(1)"
    suite.work.chmod(0o755)
    tried = suite.oubli("--version", before=AS_NOBODY)
    return "" if tried.status == 0 else f"another user cannot start the program: {tried}"


class Mounted:
    """A small file system in memory, while it lives."""

    def __init__(self, folder, options):
        self.folder = folder
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "faults", folder], check=True)

    def __enter__(self):
        return self

    def remount(self, options):
        return subprocess.run(["mount", "-o", f"remount,{options}", self.folder],
                              capture_output=True, check=False).returncode == 0

    def __exit__(self, *_):
        for _ in range(100):
            if subprocess.run(["umount", self.folder], capture_output=True,
                              check=False).returncode == 0:
                return
            time.sleep(0.05)
        subprocess.run(["umount", "-l", self.folder], check=True)


def places(scene, folder):
    """A store and an output, one of them or both on the small file system."""
    small, large = folder / "small", folder / "large"
    large.mkdir()
    store_on, output_on = scene.random.choice([(small, small), (small, large), (large, small)])
    return store_on / "store", output_on / "output"


def short_of(scene, draw, enough, fill):
    """A file system too small for the run, which grows afterwards."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = places(scene, folder)
        with Mounted(folder / "small", draw(scene, store.parent.name == "small")):
            if store.parent.name == "large":
                shutil.copytree(experiment.store, store)  # then only the results are in the way
            fill(scene, folder / "small", store)
            when = f"{folder.name}, {store.parent.name} store, {output.parent.name} output"
            scene.event(when)
            before = files_in(output)
            done = scene.run(experiment, store, output)
            scene.check_refusal(done, experiment, output, when)
            if done.status != 0 and files_in(output) != before:
                scene.wrong(f"{when}: the results changed although the run ended badly")
            subprocess.run(["mount", "-o", f"remount,{enough}", folder / "small"], check=True)
            settle_small(scene, experiment, store, output, when)
        shutil.rmtree(folder)


def settle_small(scene, experiment, store, output, when):
    """As Scene.settle(), and nothing that is there already is done again."""
    if not store.exists():
        scene.settle(experiment, store, output, when)
        return
    book = Book(store)
    scene.settle(experiment, store, output, when, book)
    book.close()


def full_disk(scene):
    def draw(scene, has_store):
        return f"size={scene.random.randint(200, 4000) if has_store else 1000}k"

    def fill(scene, small, store):
        # Where the store lies elsewhere something else fills the disk up, but for a few pages.
        if store.parent != small:
            free = scene.random.randint(0, 40) * 4096
            system = os.statvfs(small)
            (small / "ballast").write_bytes(b"x" * max(0, system.f_bavail * 4096 - free))

    short_of(scene, draw, "size=64m", fill)


def no_inodes(scene):
    def draw(scene, has_store):
        return f"size=64m,nr_inodes={scene.random.randint(4, 400) if has_store else 40}"

    def fill(scene, small, store):
        if store.parent != small:
            for number in range(os.statvfs(small).f_favail - scene.random.randint(0, 14)):
                (small / f"ballast-{number}").touch()

    short_of(scene, draw, "nr_inodes=10000", fill)


def read_only(scene):
    """The file system of the store becomes read-only before a run or while it goes on."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = places(scene, folder)
        with Mounted(folder / "small", "size=64m") as mounted:
            process = scene.start(experiment, store, output)
            process.sleep(scene.random.uniform(0, experiment.seconds))
            end = time.monotonic() + 3
            # Refused while a file is open for writing.
            while not (held := mounted.remount("ro")) and time.monotonic() < end:
                pass
            when = f"{folder.name}: read-only after {time.monotonic() - process.started:.2f} s"
            if held:
                scene.event(when)
            done = process.wait()
            scene.check_refusal(done, experiment, output, when)
            if held:
                scene.event(f"{folder.name}: read-only from the start")
                again = scene.run(experiment, store, output)
                scene.check_refusal(again, experiment, output, f"{folder.name}: a second run")
            if held and (store / "entries").exists():
                looked = scene.suite.oubli("store", "verify", "--store", store)
                if looked.status != 0:
                    scene.failure(f"{when}: store verify cannot read it: {looked}")
            mounted.remount("rw")
            settle_small(scene, experiment, store, output, when)
        shutil.rmtree(folder)


def state_of(folder):
    """Everything in a folder, to see whether it changed."""
    return {path: (path.lstat().st_mode, path.lstat().st_mtime_ns, path.lstat().st_size)
            for path in sorted(folder.rglob("*"))}


def no_permission(scene):
    """Another user meets what is root's, and what is his own and closed to him."""
    experiment = scene.suite.fault
    scene.folder.chmod(0o755)
    while scene.more():
        folder = scene.new_folder()
        folder.chmod(0o777)
        store, output = scene.full_store(experiment, folder), folder / "output"
        variant = scene.random.choice(VARIANTS)
        variant(scene, experiment, folder, store, output)
        shutil.rmtree(folder)


def refused(scene, what, done, experiment, output):
    scene.event(what)
    if done.status == 0:
        scene.failure(f"{what}: status 0")
    scene.check_refusal(done, experiment, output, what)


def collect_as_nobody(scene, store):
    return scene.suite.oubli("store", "gc", "--store", store, before=AS_NOBODY)


def readable_store(scene, experiment, folder, store, output):
    """He may look at root's store, but change nothing."""
    store.chmod(0o755)
    is_damaged = scene.random.random() < 0.5
    if is_damaged:
        key = scene.random.choice(keys_in(store))
        (entry_folder(store, key) / "entry.json").write_text("{")
    before = state_of(store)
    for action in ("ls", "verify"):
        done = scene.suite.oubli("store", action, "--store", store, before=AS_NOBODY)
        scene.event(f"{folder.name}: store {action} of a store that may be read")
        if done.status != (1 if is_damaged else 0):
            scene.failure(f"store {action} of a store that may only be read: {done}")
    refused(scene, f"{folder.name}: store gc of a store that may only be read",
            collect_as_nobody(scene, store), experiment, output)
    refused(scene, f"{folder.name}: run on a store that may only be read",
            scene.run(experiment, store, output, before=AS_NOBODY), experiment, output)
    if state_of(store) != before:
        scene.lost(f"{folder.name}: a store that may only be read has changed")
    scene.settle(experiment, store, output, folder.name, collect=True)


def unreadable_store(scene, experiment, folder, store, output):
    closed = scene.random.choice([store, store / "entries", store / "locks", store / "partial"])
    closed.chmod(0o700)
    before = state_of(store)
    for action in ("ls", "verify", "gc"):
        what = f"{folder.name}: store {action}, {closed.name} closed"
        done = scene.suite.oubli("store", action, "--store", store, before=AS_NOBODY)
        if action == "gc" or closed.name in ("store", "entries"):
            refused(scene, what, done, experiment, output)
        else:
            scene.event(what)
    refused(scene, f"{folder.name}: run, {closed.name} closed",
            scene.run(experiment, store, output, before=AS_NOBODY), experiment, output)
    if state_of(store) != before:
        scene.lost(f"{folder.name}: a store that may not be read has changed")
    scene.settle(experiment, store, output, folder.name)


def own_closed_entry(scene, experiment, folder, store, output):
    """What cannot be read is not damaged: nothing is removed, nothing is done again."""
    for path in [store, *store.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    key = scene.random.choice(keys_in(store))
    entry = entry_folder(store, key)
    closed = scene.random.choice([entry, entry.parent, *entry.iterdir()])
    mode = closed.stat().st_mode & 0o777
    closed.chmod(0)
    before = state_of(store / "entries")
    book = Book(store)
    what = f"{folder.name}: {closed.relative_to(store)} closed"
    refused(scene, f"{what}: store gc",
            collect_as_nobody(scene, store), experiment, output)
    done = scene.run(experiment, store, output, before=AS_NOBODY)
    scene.event(f"{what}: run")
    scene.check_refusal(done, experiment, output, what)
    if state_of(store / "entries") != before:
        scene.lost(f"{what}: entries were removed or changed")
    closed.chmod(mode)
    scene.settle(experiment, store, output, what, book)
    book.close()


def closed_output(scene, experiment, folder, store, output):
    """Where results cannot be put no work is done."""
    folder.chmod(0o755)
    for path in [store, *store.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    if scene.random.random() < 0.5:
        shutil.rmtree(store / "entries")
        (store / "entries").mkdir()
        os.chown(store / "entries", NOBODY, NOBODY)
    if scene.random.random() < 0.5:
        shutil.copytree(experiment.output, output)
    before = state_of(store / "entries"), files_in(output)
    refused(scene, f"{folder.name}: run to an output that may not be written",
            scene.run(experiment, store, output, before=AS_NOBODY), experiment, output)
    if (state_of(store / "entries"), files_in(output)) != before:
        scene.failure(f"{folder.name}: work was done although results cannot be written")
    scene.settle(experiment, store, output, folder.name)


def shared_store(scene, experiment, folder, _, output):
    """Two users share a store that everybody may write to, though each keeps his own files to
    himself: what one was killed at the other goes on with."""
    store = folder / "shared"
    store.mkdir()
    store.chmod(0o777)
    book = Book(store)
    for part in store.iterdir():
        part.chmod(0o777)
    users = [[], AS_NOBODY]
    scene.random.shuffle(users)
    for number, before in enumerate([users[0], users[1], users[0]]):
        process = scene.start(experiment, store, folder / f"results-{number}", before=before,
                              limit=lambda: os.umask(0o077))
        process.sleep(scene.random.uniform(0.3, 0.7 * experiment.seconds))
        process.signal(signal.SIGKILL)
        scene.event(f"{folder.name}: a run of one of two users is killed")
        process.wait()
    for number, before in enumerate(users):
        done = scene.run(experiment, store, folder / f"output-{number}", before=before,
                         limit=lambda: os.umask(0o077))
        if done.status != 0:
            scene.lost(f"{folder.name}: {before} on a store shared with another user: {done}")
    scene.settle(experiment, store, output, folder.name, book)
    book.close()


VARIANTS = [readable_store, unreadable_store, own_closed_entry, closed_output, shared_store]


def limits(scene):
    """Files may only be so large, or so few be open."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = folder / "store", folder / "output"
        if scene.random.random() < 0.5:
            which, value = resource.RLIMIT_FSIZE, scene.random.choice(
                [0, 100, 1000, scene.random.randint(0, 40000), scene.random.randint(0, 4000)])
        else:
            which, value = resource.RLIMIT_NOFILE, scene.random.randint(3, 12)
        if scene.random.random() < 0.3:
            shutil.copytree(experiment.store, store)  # then results alone are left to do
        book = Book(store)
        when = f"{folder.name}: ulimit {'-f' if which == resource.RLIMIT_FSIZE else '-n'} {value}"
        scene.event(when)
        done = scene.run(experiment, store, output,
                         limit=lambda: resource.setrlimit(which, (value, value)))
        scene.check_refusal(done, experiment, output, when)
        book.check(scene, when)
        scene.settle(experiment, store, output, when, book)
        book.close()
        shutil.rmtree(folder)


LOOKS = [["list"], ["describe", "newton"], ["explain", "accuracy"], ["--help"], ["--version"],
         ["store", "ls"], ["store", "verify"], ["store", "gc"], ["check"], ["show"], ["run"],
         ["compare"], ["rank"], ["variance"]]


def look_words(experiment, look, store, output):
    if look[0] in ("store",):
        return [*look, "--store", store]
    if look[0] == "check":
        return [*look, *experiment.words]
    if look[0] == "compare":
        return [*look, experiment.output, experiment.output]
    if look[0] in ("show", "rank", "variance"):
        return [*look, experiment.output]
    if look[0] == "run":
        return [*look, *experiment.words, "--store", store, "--output", output]
    return look


def streams(scene):
    """Standard streams that are closed, full, or that nobody reads."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = folder / "store", folder / "output"
        if scene.random.random() < 0.5:
            shutil.copytree(experiment.store, store)
        book = Book(store)
        for closed in range(1, 8):
            numbers = [number for number in range(3) if closed & 1 << number]
            signs = " ".join(f"{number}{'<' if number == 0 else '>'}&-" for number in numbers)
            done = scene.run(experiment, store, output,
                             before=["sh", "-c", f'exec "$0" "$@" {signs}'])
            when = f"{folder.name}: streams {numbers} closed"
            scene.event(when)
            scene.notes[f"{numbers} closed: status {done.status}"] += 1
            scene.check_refusal(done, experiment, output, when)
            problem = experiment.problem_of(output)
            if problem:
                scene.wrong(f"{when}: {problem}")
            if closed == 2 and scene.random.random() < 0.5:
                shutil.rmtree(output)
        for look in LOOKS:
            words = look_words(experiment, look, store, output)
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = scene.suite.oubli(*words, out=full)
            scene.event(f"{folder.name}: {' '.join(look)} to /dev/full")
            if done.status == 0 or done.hung:
                scene.failure(f"{' '.join(look)} with its output to /dev/full: {done}")
            reader, writer = os.pipe()
            os.close(reader)  # nobody will read
            done = scene.suite.oubli(*words, out=writer)
            os.close(writer)
            scene.event(f"{folder.name}: {' '.join(look)} to a pipe that nobody reads")
            if done.status == 0 or done.hung:
                scene.failure(f"{' '.join(look)} with its output to a closed pipe: {done}")
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = scene.run(experiment, store, output, err=full)
        scene.event(f"{folder.name}: standard error full")
        if done.status != 0:
            scene.failure(f"standard error to /dev/full: {done}")
        book.check(scene, folder.name)
        scene.settle(experiment, store, output, folder.name, book)
        book.close()
        shutil.rmtree(folder)


def remove(folder):
    """All of it, though somebody goes on writing."""
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def removed_folders(scene):
    """The store or the output goes away while a run goes on, or in the moment of writing."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = folder / "store", folder / "results" / "output"
        output.parent.mkdir()
        has_all = scene.random.random() < 0.4
        if has_all:
            shutil.copytree(experiment.store, store)
        if scene.random.random() < 0.5:
            shutil.copytree(experiment.output, output)
        beside = watch.Watch(output.parent)
        process = scene.start(experiment, store, output)
        if has_all:
            results_begun(beside, 2)
            time.sleep(scene.random.uniform(0, 0.02))
        else:
            process.sleep(scene.random.uniform(0.1, experiment.seconds))
        beside.close()
        victim = scene.random.choice([store, store, store / "entries", store / "partial",
                                      store / "locks", output, output.parent])
        when = f"{folder.name}: {victim.name} removed after " \
               f"{time.monotonic() - process.started:.2f} s"
        if process.over():
            continue
        if victim is store and store.exists() and scene.random.random() < 0.5:
            store.rename(folder / "away")
        else:
            remove(victim)
        scene.event(when)
        done = process.wait()
        if done.status == 0 and not output.exists() and victim in (output, output.parent):
            scene.notes["results removed after they were written"] += 1
        else:
            scene.check_refusal(done, experiment, output, when)
        output.parent.mkdir(exist_ok=True)
        store.mkdir(exist_ok=True)
        book = Book(store)
        scene.settle(experiment, store, output, when, book)
        book.close()
        shutil.rmtree(folder)


# Nothing can be measured: training diverges, or the columns have no value for this experiment.
HOPELESS = [["train.optimizer.lr=1.0e+30"], ["train.optimizer.lr=1.0e+300"],
            ["train.optimizer.lr=1.0e+18", "train.epochs=1"],
            ["train.optimizer.lr=1.0e+25", "train.epochs=1", "train.batch_size=300"],
            ["measure=[mislabels]"], ["measure=[forgetting_quality]"]]


def nothing_to_show(scene):
    """No row has a number: the run must not say that all is well."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        words = [word for setting in HOPELESS[scene.folders % len(HOPELESS)]
                 for word in ("--set", setting)]
        for cached in (False, True):
            done = scene.run(experiment, folder / "store", folder / "output", *words)
            when = f"{' '.join(words)}{', again' if cached else ''}"
            scene.event(when)
            if done.hung:
                scene.failure(f"{when}: {done}")
                continue
            path = folder / "output" / "results.json"
            rows = json.loads(path.read_text())["rows"] if path.exists() else []
            cells = sum(len(row["cells"]) for row in rows)
            scene.notes[f"status {done.status} with {cells} cells"] += 1
            if done.status == 0 and cells == 0:
                scene.failure(f"{when}: status 0, and no row has a number")
        shutil.rmtree(folder)


CALLS = {"create": 80, "open": 250, "write": 80, "read": 250, "fsync": 250, "mkdir": 60,
         "rename": 60, "exchange": 2, "flock": 60, "unlink": 80}
REASONS = [errno.EIO, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EMFILE,
           errno.ENOMEM, errno.EROFS]


def failing_calls(scene):
    """One call to the system fails, in each process: what cannot be read is not damaged, and what
    cannot be written is not there."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = folder / "store", folder / "output"
        if scene.random.random() < 0.4:
            shutil.copytree(experiment.store, store)
        if scene.random.random() < 0.3:
            shutil.copytree(experiment.output, output)
        call = scene.random.choice(sorted(CALLS))
        number = scene.random.randint(1, CALLS[call])
        reason = scene.random.choice(REASONS)
        when = f"{folder.name}: {call} number {number} fails with {errno.errorcode[reason]}"
        book = Book(store)
        before = files_in(output)
        done = scene.run(experiment, store, output,
                         env=shim(scene.suite, FAIL=f"{call},{number},{reason}"))
        scene.event(when)
        scene.check_refusal(done, experiment, output, when)
        if done.status != 0 and files_in(output) != before and experiment.problem_of(output):
            scene.wrong(f"{when}: {experiment.problem_of(output)}")
        book.check(scene, when)
        scene.settle(experiment, store, output, when, book)
        book.close()
        shutil.rmtree(folder)


def no_locks(scene):
    """File systems without locks, or that grant each to everybody, are refused at once."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = scene.full_store(experiment, folder), folder / "output"
        for locks in ("none", "yes"):
            for command in ("run", "gc"):
                environment = shim(scene.suite, FLOCK=locks)
                when = f"{folder.name}: {command} with {locks} for locks"
                if command == "gc":
                    process = scene.suite.start("store", "gc", "--store", store, env=environment)
                else:
                    process = scene.start(experiment, store, output, env=environment)
                done = process.wait(1.5)  # not longer: what it does may fill the disk
                scene.event(when)
                if done.status == 0:
                    scene.failure(f"{when}: {done}")
                scene.check_refusal(done, experiment, output, when)
                left = [name for name in os.listdir(folder) if name.startswith(".output.")]
                if left:
                    scene.failure(f"{when}: left beside the output: {left[:3]}")
                for name in left:
                    path = folder / name
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        scene.settle(experiment, store, output, folder.name)
        shutil.rmtree(folder)
