"""Writes reference.safetensors, which tests/core/nn/tensor_file_test.cpp reads.

Usage: python make_safetensors.py [--check FILE]

Needs numpy and safetensors. With --check, reads FILE, which must hold the same tensors and
metadata, and exits with 1 where anything differs: the test runs this on a file of our own writer.
The tensors hold every type that numpy and the format share, an empty one, a scalar, values whose
bits matter, and a name beyond ASCII.
"""

import pathlib
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

METADATA = {"format": "pt", "note": 'quoted "text", é'}
TENSORS = {
    "layers.0.weight": (np.arange(6, dtype=np.float32).reshape(2, 3) / 7).astype(np.float32),
    "layers.0.bias": np.array([0.1, -0.0, 5e-324], dtype=np.float64),
    "half": np.array([[1.5], [-2.25]], dtype=np.float16),
    "count": np.array(2**40 + 1, dtype=np.int64),
    "int32": np.array([-7, 7], dtype=np.int32),
    "int16": np.array([-300], dtype=np.int16),
    "int8": np.array([-1, 127], dtype=np.int8),
    "pixels": np.arange(250, 256, dtype=np.uint8).reshape(1, 2, 3),
    "mask": np.array([True, False, True]),
    "empty": np.zeros((0, 4), dtype=np.float32),
    "naïve": np.array([3.0], dtype=np.float32),
}


def check(path):
    with safe_open(path, framework="numpy") as file:
        if file.metadata() != METADATA:
            sys.exit(f"metadata differ: {file.metadata()}")
        if set(file.keys()) != set(TENSORS):
            sys.exit(f"names differ: {sorted(file.keys())}")
        for name, expected in TENSORS.items():
            found = file.get_tensor(name)
            same = found.dtype == expected.dtype and found.shape == expected.shape
            if not same or found.tobytes() != expected.tobytes():
                sys.exit(f"{name} differs: {found!r}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        check(sys.argv[2])
    else:
        save_file(TENSORS, pathlib.Path(__file__).parent / "reference.safetensors", METADATA)
