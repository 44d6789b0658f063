"""One MNIST epoch, by nnlib and by others, measured against each other in one run.

    python benchmarks/epoch.py [--rounds N] [--only WORD] [--out FILE] [--save]

Every round runs all contestants, in an order that rotates, on one BLAS thread; ratios
are taken within a round, so that a machine that slows down slows both sides. Given are
the median and the range over the rounds. The medians are held against what the library
promises, and against those that `ratios.json` has of this processor: what takes a tenth
more than there has got slower, and ends in an exit status of 1. --save writes new ones.
(Another processor has other ratios, without anything having got slower.)
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from statistics import median

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy loads its BLAS

import numpy as np  # noqa: E402
from contestants import BATCH, IMAGES, SIZES, contestants  # noqa: E402

RECORD = Path(__file__).with_name("ratios.json")

#: What nnlib's epoch takes, at most, as a multiple of another's time. (The last is kept
#: only where what is no product takes little time: twenty lines of bare NumPy take 1.36
#: to 1.6 times the products, by machine, and nnlib 1.15 times those lines.)
PROMISES = {
    "PyTorch eager": 0.75,
    "scikit-learn MLPClassifier": 0.75,
    "local and global gradients": 0.45,
    "the products alone": 1.45,
}
#: A median above the committed one by more than this is no noise of measuring.
SLACK = 1.10


def processor():
    """Return what tells this processor from others, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    said = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    said = {name.strip(): value.strip() for name, value in said.items()}
    model = said.get("model name", platform.machine())
    return f"{model}, model {said['model']}" if "model" in said else model


def data():
    """Random images with MNIST's shape and share of blank pixels, and labels."""
    rng = np.random.default_rng(0)
    x = rng.random((IMAGES, SIZES[0]), dtype=np.float32)
    x[rng.random(x.shape, dtype=np.float32) < 0.81] = 0
    return x, rng.integers(0, SIZES[-1], IMAGES)


def measure(found, rounds):
    """Return {name: seconds in each round}."""
    x, y = data()
    seconds = {name: [] for name in found}
    names = list(found)
    for epoch in found.values():  # to warm up: imports, caches, page faults
        epoch(x, y)
    for i in range(rounds):
        print(f"round {i + 1} of {rounds}", file=sys.stderr)
        for name in names[i % len(names) :] + names[: i % len(names)]:
            seconds[name].append(found[name](x, y))
    return seconds


def ratios_of(seconds):
    """Return {"a / b": ratio in each round}: nnlib by others, its optimisers by it."""
    own = seconds["nnlib"]
    pairs = {}
    for name, values in seconds.items():
        if name.startswith("nnlib,"):
            pairs[f"{name} / nnlib"] = values, own
        elif name != "nnlib":
            pairs[f"nnlib / {name}"] = own, values
    return {
        name: [a / b for a, b in zip(*both, strict=True)]
        for name, both in pairs.items()
    }


def spread(values, digits=2):
    low, high = min(values), max(values)
    return f"{median(values):6.{digits}f}  ({low:.{digits}f} to {high:.{digits}f})"


def table(seconds, ratios):
    """Return the lines that tell what was measured."""
    lines = [
        f"One MNIST epoch: {'-'.join(map(str, SIZES))}, batch {BATCH}, float32, "
        "plain SGD, one thread",
        f"{processor()}, Python {platform.python_version()}, NumPy {np.__version__}",
        "",
    ]
    lines += [f"{name:40}{spread(v)} s" for name, v in seconds.items()]
    lines.append("")
    lines += [f"{name:40}{spread(v)}" for name, v in ratios.items()]
    return lines


def broken_promises(ratios):
    """Return a line for every promise that does not hold."""
    return [
        f"NOT KEPT: nnlib / {name} is {median(ratios[key]):.2f}, promised {most}"
        for name, most in PROMISES.items()
        if (key := f"nnlib / {name}") in ratios and median(ratios[key]) > most
    ]


def slower(ratios, record):
    """Return a line for every ratio that is larger than the committed one."""
    return [
        f"SLOWER: {name} is {median(ratios[name]):.2f}, committed {known:.2f}"
        for name, known in record.items()
        if name in ratios and median(ratios[name]) > SLACK * known
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="others whose names hold this word")
    parser.add_argument("--out", type=Path, default=Path("_build/bench.txt"))
    parser.add_argument("--save", action="store_true", help=f"write {RECORD.name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {
            name: epoch
            for name, epoch in contestants(folder).items()
            if options.only in name or name.startswith("nnlib")
        }
        seconds = measure(found, options.rounds)
    ratios = ratios_of(seconds)
    lines = table(seconds, ratios)
    lines += ["", *broken_promises(ratios)]
    got_slower = []
    record = json.loads(RECORD.read_text())
    if options.save:
        record[processor()] = {name: round(median(v), 3) for name, v in ratios.items()}
        RECORD.write_text(json.dumps(record, indent=2) + "\n")
    elif processor() in record:
        got_slower = slower(ratios, record[processor()])
        lines += got_slower or ["Nothing got slower."]
    else:
        lines.append(
            f"{RECORD.name} has no ratios of this processor; --save adds them."
        )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("\n".join(lines) + "\n")
    print(*lines, f"\nwritten to {options.out}", sep="\n")
    return 1 if got_slower else 0


if __name__ == "__main__":
    sys.exit(main())
