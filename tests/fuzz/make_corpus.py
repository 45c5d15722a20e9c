"""Writes tests/fuzz/corpus: small good files of every format, and some that are wrong in one place.

    python3 tests/fuzz/make_corpus.py RESULTS.json   (of any run; it is cut down to two rows)
"""

import gzip
import io
import json
import pathlib
import struct
import sys
import tarfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent
CORPUS = ROOT / "corpus"


def put(reader, name, content):
    folder = CORPUS / reader
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def packed(content):
    return gzip.compress(content, mtime=0)


def idx(shape, kind=8, fill=7):
    count = 1
    for extent in shape:
        count *= extent
    return struct.pack(">BBBB", 0, 0, kind, len(shape)) + b"".join(
        struct.pack(">I", extent) for extent in shape) + bytes([fill]) * count


def tensors(entries, values=b"", metadata=None):
    header = {"__metadata__": metadata} if metadata else {}
    header.update(entries)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + values


def tensor(kind, shape, begin, end):
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


def tar(entries):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, tuple):
                info.type, info.linkname = tarfile.SYMTYPE, content[0]
            else:
                info.size = len(content)
            archive.addfile(info, None if info.size == 0 else io.BytesIO(content))
    return stream.getvalue()


def zipped(entries):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def settings():
    for path in sorted((ROOT.parent.parent / "experiments").glob("*.yaml")):
        put("settings", path.stem, path.read_text())
    put("settings", "sweep", "data: {name: digits}\nmodel: {name: lenet5}\ntrain: {epochs: 1}\n"
        "edit: {remove: {class: 3}}\nmethods:\n  - finetune: {sweep: {search: random, trials: 3, "
        "over: {lr: {from: 0.1, to: 1, scale: log}}}}\n")
    put("settings", "aliases", "a: &x [1, 2]\nb: {<<: *x}\nc: [*x, *x]\n")
    put("settings", "escapes", 'title: "\\x1b[2J\\u202e"\n')
    put("settings", "block", "title: |\n  a\n  b\nmodel: !tag {name: mlp}\n--- \n")


def images():
    for name, content in {"labels": idx([5]), "images": idx([2, 4, 3]), "floats": idx([2], 0x0d),
                          "empty": idx([0]), "huge": idx([3])[:4] + b"\xff" * 12}.items():
        put("idx", name, content)
        put("idx", name + ".gz", packed(content))
    record = bytes([1, 2]) + bytes(3072)
    for name, content in {"two": 2 * record, "one": record, "wrong": bytes([7, 9]) + record[2:] + record,
                          "short": record[:-1]}.items():
        put("cifar", name + ".gz", packed(content))
    put("cifar", "plain", record)


def tables():
    good = "a,b,y\n" + "".join(f"{i},{i * i / 7},{'xz'[i % 2]}\n" for i in range(30))
    put("csv", "good", "\0" + good)
    put("csv", "regression", "\1" + good.replace("x", "1").replace("z", "2.5"))
    put("csv", "quotes", '\3"a ""b""",y\r\n"1", "2,\n3"\r\n')
    put("csv", "semicolons", "\0a;y\n1;x\n")
    put("csv", "packed.gz", b"\0" + packed(good.encode()))
    put("csv", "missing", "\0a,y\n1,NA\n,x\nnan,z\n")
    put("csv", "bom", "\0" + "\ufeffa,y\n1e39,x\n2,y\n")
    put("row_file", "good", "# rows\n3\n17\n\n 5 # five\n")
    put("row_file", "wrong", "-1\n1e3\n99999999999999999999\n")


def weights():
    put("tensor_file", "two", tensors({"a": tensor("F32", [2], 0, 8), "b": tensor("U8", [3], 8, 11)},
                                      bytes(11), {"key": "text"}))
    for kind, size in (("F64", 8), ("F16", 2), ("BF16", 2), ("I64", 8), ("I32", 4), ("I16", 2),
                       ("I8", 1), ("BOOL", 1)):
        put("tensor_file", kind, tensors({"w": tensor(kind, [1, 2], 0, 2 * size)}, bytes(2 * size)))
    put("tensor_file", "overlap", tensors({"a": tensor("U8", [2], 0, 2), "b": tensor("U8", [2], 1, 3)},
                                          bytes(3)))
    put("tensor_file", "huge", tensors({"a": tensor("F32", [1 << 40, 1 << 40], 0, 8)}, bytes(8)))
    put("tensor_file", "nested", struct.pack("<Q", 40) + b'{"a":' + b"[" * 35)


def archives():
    files = [("set/", None), ("set/a.bin", b"a" * 100), ("b.bin", b"b")]
    plain = tar(files)
    put("archive", "a.tar.gz", packed(plain))
    put("archive", "a.zip", zipped([("set/a.bin", b"a" * 100), ("b.bin", b"b")]))
    put("archive", "link.tar.gz", packed(tar([("l", ("/etc",)), ("l/x", b"x")])))
    put("archive", "outside.tar.gz", packed(tar([("../x", b"x")])))
    put("archive", "bomb.tar.gz", packed(tar([("x", bytes(1 << 18))])))
    put("archive", "short.tar", tar([("x", b"x" * 10)])[:700])


def results(path):
    whole = json.loads(pathlib.Path(path).read_text())
    columns = [c for c in whole["columns"]
               if c in ("accuracy/test", "loss/forget", "kl/forget", "sample_gradients")]
    rows = [row for row in whole["rows"] if row["name"] in ("original", "finetune", "noise floor")]
    for row in rows:
        row["cells"], row["together"] = {}, {}
        for model in row["models"]:
            model["report"] = {}
            model["values"] = {k: round(v, 4) for k, v in model["values"].items() if k in columns}
    small = {"format": 1, "title": "small", "sets": whole["sets"], "columns": columns, "rows": rows,
             "settings": {"seeds": {"training": 3}}, "machines": []}
    put("results", "small", json.dumps(small))
    small["rows"] = rows[:1]
    put("results", "one_row", json.dumps(small))
    put("results", "empty", '{"settings": {}, "sets": {}, "title": "", "columns": [], "rows": []}')


def dictionaries():
    words = {
        "settings": ["name:", "data:", "model:", "train:", "edit:", "remove:", "random:", "methods:",
                     "sweep:", "over:", "optimizer:", "seeds:", "measure:", "extends:", "verdict:",
                     "curvature:", "damping:", "solver:", "preconditioner:", "1e308", "[", "{", "&a",
                     "*a", "!!", "~", "|-", "\\x00"],
        "csv": ["y", "nan", "NA", "1e309", "\\\"", "\\x0d\\x0a", ";", "\\xef\\xbb\\xbf"],
        "tensor_file": ["\\\"dtype\\\"", "\\\"shape\\\"", "\\\"data_offsets\\\"",
                        "\\\"__metadata__\\\"", "\\\"F32\\\"", "9223372036854775807", "[0,8]"],
        "results": ["\\\"rows\\\"", "\\\"columns\\\"", "\\\"values\\\"", "\\\"models\\\"",
                    "\\\"noise_floor\\\"", "\\\"at_least\\\"", "null", "1e308", "\\\"together\\\"",
                    "\\\"training_seed\\\"", "\\\"sets\\\"", "\\\"verdict\\\""],
    }
    for reader, list_of_words in words.items():
        text = "".join(f'"{word}"\n' for word in list_of_words)
        (CORPUS / f"{reader}.dict").write_text(text)


if __name__ == "__main__":
    settings()
    images()
    tables()
    weights()
    archives()
    results(sys.argv[1])
    dictionaries()
