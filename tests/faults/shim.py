"""The library shim.c, which stands between the program and the C library."""

import shutil
import subprocess

from harness import HERE


def compiler():
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def no_compiler(_):
    return "" if compiler() else "there is no C compiler"


def shim(suite, **told):
    """The environment that puts it in place: shim(suite, STEPS=1) sets OUBLI_SHIM_STEPS."""
    library = suite.work / "shim.so"
    if not library.exists():
        subprocess.run([compiler(), "-shared", "-fPIC", "-O1", "-o", library, HERE / "shim.c",
                        "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "OUBLI_SHIM_ROOT": str(suite.work),
            **{f"OUBLI_SHIM_{name}": str(value) for name, value in told.items()}}
