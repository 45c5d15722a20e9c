"""Entries of the store that are damaged, before a run and during one."""

import hashlib
import json
import os
import shutil

from harness import Book, entry_folder, keys_in


def some_file(scene, entry):
    return scene.random.choice(sorted(path for path in entry.iterdir() if path.is_file()))


def flip_a_bit(scene, entry):
    path = some_file(scene, entry)
    # In place, as a disk or memory does it: neither the file nor its size is another.
    with open(path, "r+b", buffering=0) as file:
        at = scene.random.randrange(os.fstat(file.fileno()).st_size)
        byte = os.pread(file.fileno(), 1, at)[0]
        bit = scene.random.randrange(8)
        os.pwrite(file.fileno(), bytes([byte ^ 1 << bit]), at)
    return f"bit {bit} of byte {at} of {path.name} flipped"


def truncate(scene, entry):
    path = some_file(scene, entry)
    size = scene.random.randrange(path.stat().st_size)
    os.truncate(path, size)
    return f"{path.name} cut to {size} bytes"


def append(scene, entry):
    path = some_file(scene, entry)
    with open(path, "ab") as file:
        file.write(scene.random.choice([b"\0", b"\n", b" ", b"x" * 100]))
    return f"{path.name} made longer"


def blank(scene, entry):
    """Zeros where there were bytes, as after a lost write."""
    path = some_file(scene, entry)
    size = path.stat().st_size
    start = scene.random.randrange(size) // 512 * 512
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(b"\0" * min(4096, size - start))
    return f"{path.name} blank from byte {start} on"


def delete_a_file(scene, entry):
    path = scene.random.choice(sorted(p for p in entry.iterdir() if p.name != "entry.json"))
    path.unlink()
    return f"{path.name} deleted"


def delete_description(_, entry):
    (entry / "entry.json").unlink()
    return "entry.json deleted"


def delete_all_files(_, entry):
    for path in entry.iterdir():
        path.unlink()
    return "all files deleted"


def name_no_files(scene, entry):
    """As a program could have written it: its own checksum is right."""
    path = entry / "entry.json"
    described = json.loads(path.read_text())
    checksum = described.pop("sha256")
    def dump(value):
        return json.dumps(value, indent=1, ensure_ascii=False)
    if hashlib.sha256(dump(described).encode()).hexdigest() != checksum:
        scene.failure("the suite does not write entry.json as the program does")
    described["files"] = {}
    described["sha256"] = hashlib.sha256(dump(described).encode()).hexdigest()
    path.write_text(dump(described) + "\n")
    return "its files are no longer named"


KINDS = [flip_a_bit, flip_a_bit, flip_a_bit, truncate, append, blank, delete_a_file,
         delete_description, delete_all_files, name_no_files]


def exchange(one, other):
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def labels(store):
    """What stages are called, by key."""
    return {key: json.loads((entry_folder(store, key) / "entry.json").read_text())["label"]
            for key in keys_in(store)}


def keep_trained(store):
    """Removes every entry but what was trained, so that a run must read those."""
    for key, label in labels(store).items():
        if not label.startswith(("original ", "oracle ")):
            shutil.rmtree(entry_folder(store, key))


def damage_before(scene):
    """Damage that is there before a run is named by `store verify`, and the run does right."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = scene.full_store(experiment, folder), folder / "output"
        if scene.random.random() < 0.5:
            keep_trained(store)
        book = Book(store)
        keys = scene.random.sample(keys_in(store), min(5, 1 + scene.count - scene.events))
        done = {}
        if len(keys) > 1 and scene.random.random() < 0.3:
            exchange(*(entry_folder(store, key) for key in keys[:2]))
            done.update({key: "exchanged with another" for key in keys[:2]})
        for key in keys[len(done):]:
            done[key] = scene.random.choice(KINDS)(scene, entry_folder(store, key))
        for key, what in done.items():
            book.forgive(key)
            scene.event(f"{folder.name}: {key[:12]}: {what}")
        checked = scene.suite.oubli("store", "verify", "--store", store)
        named = {line.split()[0] for line in checked.out.splitlines() if "  damaged: " in line}
        if checked.status != 1:
            scene.failure(f"{folder.name}: store verify of {done}: {checked}")
        for key in sorted(set(done) - named):
            scene.wrong(f"{folder.name}: store verify does not name {key[:12]}: {done[key]}")
        for key in sorted(named - set(done)):
            scene.wrong(f"{folder.name}: store verify names the sound {key[:12]}")
        scene.settle(experiment, store, output, f"{folder.name}: {sorted(done.values())}", book,
                     collect=True)
        book.close()
        shutil.rmtree(folder)


def damage_types(scene):
    """Something else stands where a file was. The run refuses it or does the stage again; after
    `store gc` at the latest all is well."""
    experiment = scene.suite.fault
    while scene.more():
        folder = scene.new_folder()
        store, output = scene.full_store(experiment, folder), folder / "output"
        entry = entry_folder(store, scene.random.choice(keys_in(store)))
        path = scene.random.choice([*sorted(entry.iterdir()), entry])
        what = scene.random.choice(["folder", "pipe", "link to nothing", "empty file"])
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        if what == "folder":
            path.mkdir()
        elif what == "pipe":
            os.mkfifo(path)
        elif what == "link to nothing":
            path.symlink_to("nothing")
        else:
            path.touch()
        when = f"{folder.name}: a {what} for {path.relative_to(entry.parent)}"
        scene.event(when)
        checked = scene.suite.oubli("store", "verify", "--store", store)
        if checked.status == 0:
            scene.wrong(f"{when}: store verify finds nothing")
        scene.check_refusal(scene.run(experiment, store, output), experiment, output, when)
        scene.suite.oubli("store", "gc", "--store", store)
        scene.settle(experiment, store, output, when)
        shutil.rmtree(folder)


def damage_during(scene):
    """Bits change while the run goes on, mostly of what it reads."""
    experiment = scene.suite.slow()
    while scene.more():
        folder = scene.new_folder()
        store, output = scene.full_store(experiment, folder), folder / "output"
        keep_trained(store)
        book = Book(store)
        trained = keys_in(store)
        process = scene.start(experiment, store, output)
        told = []
        for _ in range(scene.random.randint(1, 6)):
            if not scene.more() or not process.sleep(scene.random.uniform(0, 0.5)):
                break
            keys = trained if scene.random.random() < 0.7 else keys_in(store)
            key = scene.random.choice(keys)
            book.forgive(key)
            try:
                what = flip_a_bit(scene, entry_folder(store, key))
            except OSError:
                continue  # it is being done again: there is nothing to damage
            told.append(f"{key[:12]}: {what}")
            scene.event(f"{folder.name}: {told[-1]}")
        done = process.wait()
        when = f"{folder.name}: {told}"
        scene.notes[f"status {done.status}"] += 1
        if done.status == 0:
            problem = experiment.problem_of(output)
            if problem:
                scene.wrong(f"{when}: status 0, but {problem}")
        else:
            scene.failure(f"{when}: {done}")
        book.check(scene, when)
        scene.settle(experiment, store, output, f"after {when}", book, collect=True)
        book.close()
        shutil.rmtree(folder)
