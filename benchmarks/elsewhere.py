"""Do the notebooks hold on processors that round otherwise? Run by `make elsewhere`.

The order in which a matrix product adds up its terms depends on the processor, and so
do its last bits. Training magnifies them: the same cell, from the same seed, ends with
other weights, and reads some other pictures. A number in the text must hold for all of
them. So every notebook is run as several processors would run it: OpenBLAS and NumPy
are told to leave out instructions that this one has; and then as this one does, but
from weights and pictures that differ in their last bits, which samples more of what
rounding can do than the processors at hand.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
KERNELS = ("Haswell", "Sandybridge", "Nehalem")  # OpenBLAS's, from newer to older
NUDGES = 6


def kinds():
    """Yield the name and the environment of each kind of run."""
    vectors = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    for kernel in KERNELS:
        yield (
            kernel,
            {
                "OPENBLAS_CORETYPE": kernel,
                "NPY_DISABLE_CPU_FEATURES": " ".join(vectors),
            },
        )
    for nudge in range(1, NUDGES + 1):
        yield (
            f"nudge {nudge}",
            {"PYTHONSTARTUP": str(HERE / "nudge.py"), "NNLIB_NUDGE": str(nudge)},
        )


def main(notebooks):
    """Run the notebooks (those of the book, where none are named) on every kind."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"]
    command += ["-p", "no:cacheprovider", "--nbval", "--nbval-current-env"]
    command += ["--nbval-cell-timeout", "600", "--tb", "short"]
    failed = []
    for name, environment in kinds():
        print(f"==> {name}", flush=True)
        ran = subprocess.run(
            [*command, *(notebooks or ["book"])],
            cwd=HERE.parent,
            env=os.environ | environment,
            check=False,
        )
        failed += [name] * (ran.returncode != 0)
    print(
        f"==> Something differs on: {', '.join(failed)}" if failed else "==> All hold"
    )
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
