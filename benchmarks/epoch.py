"""One MNIST epoch, by nnlib and by others, measured against each other in one run.

    python benchmarks/epoch.py [--rounds N] [--out FILE]

The work: 784-128-64-10, batch 64, float32, plain SGD, 60,000 images in a fresh random
order, on one BLAS thread. Every round runs all contestants, in an order that rotates;
ratios are taken within a round, so that a machine that slows down slows both sides.
Given are the median and the range over the rounds.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from itertools import pairwise
from pathlib import Path
from statistics import median

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy loads its BLAS

import numpy as np  # noqa: E402

from nnlib import SGD, CrossEntropyLoss, fit, mlp  # noqa: E402

SIZES = [784, 128, 64, 10]
IMAGES, BATCH, LR = 60_000, 64, 0.05

#: What nnlib promises: at most these multiples of another's time.
PROMISES = {"PyTorch eager": 0.75, "the products alone": 1.45}


def data():
    """Random images with MNIST's shape and share of blank pixels, and labels."""
    rng = np.random.default_rng(0)
    x = rng.random((IMAGES, SIZES[0]), dtype=np.float32)
    x[rng.random(x.shape, dtype=np.float32) < 0.81] = 0
    return x, rng.integers(0, SIZES[-1], IMAGES)


def nnlib_epoch(x, y):
    rng = np.random.default_rng(0)
    model = mlp(SIZES, rng=rng)
    optimizer = SGD(model.parameters(), lr=LR)
    start = time.perf_counter()
    fit(
        model,
        CrossEntropyLoss(),
        optimizer,
        (x, y),
        epochs=1,
        batch_size=BATCH,
        rng=rng,
        progress=False,
    )
    return time.perf_counter() - start


def products_epoch(x, y):
    """The eight matrix products of every step, and nothing else."""
    rng = np.random.default_rng(0)
    w1, w2, w3 = (p.data for p in mlp(SIZES, rng=rng).parameters()[::2])
    h1, h2, z = (
        rng.random((BATCH, size), dtype=np.float32) for size in SIZES[1:]
    )  # as inputs and, in the same shapes, as gradients
    start = time.perf_counter()
    for i in range(0, IMAGES, BATCH):
        batch = x[i : i + BATCH]
        n = len(batch)
        batch @ w1, h1[:n] @ w2, h2[:n] @ w3
        h2[:n].T @ z[:n], z[:n] @ w3.T
        h1[:n].T @ h2[:n], h2[:n] @ w2.T
        batch.T @ h1[:n]
    return time.perf_counter() - start


def plain_numpy_epoch(x, y):
    """The same training as twenty lines without a library."""
    rng = np.random.default_rng(0)
    w1, b1, w2, b2, w3, b3 = (p.data for p in mlp(SIZES, rng=rng).parameters())
    start = time.perf_counter()
    order = rng.permutation(IMAGES)
    for i in range(0, IMAGES, BATCH):
        rows = order[i : i + BATCH]
        xb, yb = x[rows], y[rows]
        h1 = np.maximum(xb @ w1 + b1, 0)
        h2 = np.maximum(h1 @ w2 + b2, 0)
        z = h2 @ w3 + b3
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(yb)), yb] -= 1
        g3 = p / len(yb)
        g2 = g3 @ w3.T * (h2 > 0)
        g1 = g2 @ w2.T * (h1 > 0)
        w3 -= LR * (h2.T @ g3)
        b3 -= LR * g3.sum(axis=0)
        w2 -= LR * (h1.T @ g2)
        b2 -= LR * g2.sum(axis=0)
        w1 -= LR * (xb.T @ g1)
        b1 -= LR * g1.sum(axis=0)
    return time.perf_counter() - start


def torch_epoch(x, y):
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    layers = [torch.nn.Linear(m, n) for m, n in pairwise(SIZES)]
    relu = torch.nn.ReLU
    model = torch.nn.Sequential(layers[0], relu(), layers[1], relu(), layers[2])
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    start = time.perf_counter()
    order = torch.randperm(IMAGES)
    total = 0.0
    for i in range(0, IMAGES, BATCH):
        rows = order[i : i + BATCH]
        optimizer.zero_grad()
        loss = criterion(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    return time.perf_counter() - start


def sklearn_epoch(x, y):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    classifier = MLPClassifier(
        SIZES[1:-1],
        solver="sgd",
        momentum=0,
        alpha=0,
        batch_size=BATCH,
        learning_rate_init=LR,
        max_iter=1,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one epoch is the work
        start = time.perf_counter()
        classifier.fit(x, y)
        return time.perf_counter() - start


def compiled_loops(folder, *flags, share=1):
    """A contestant: loops.cpp with these flags, on a share of the images."""
    source = Path(__file__).with_name("loops.cpp")
    program = Path(folder) / ("loops" + "".join(flags))
    subprocess.run(["c++", *flags, source, "-o", program], check=True)

    def epoch(x, y):
        command = [program, str(IMAGES // share)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(answer.stdout.split()[0]) * share

    return epoch


def contestants(folder):
    """Name -> a function that takes the data and returns the seconds of an epoch."""
    found = {
        "nnlib": nnlib_epoch,
        "the products alone": products_epoch,
        "twenty lines of NumPy": plain_numpy_epoch,
    }
    try:
        import torch  # noqa: F401

        found["PyTorch eager"] = torch_epoch
    except ImportError:
        print("PyTorch is not installed; it is left out", file=sys.stderr)
    found["scikit-learn MLPClassifier"] = sklearn_epoch
    if shutil.which("c++"):
        found["loops in C++, -O3"] = compiled_loops(folder, "-O3", "-march=native")
        found["loops in C++, -O2"] = compiled_loops(folder, "-O2")
        found["loops in C++, -O0 (on 1/40)"] = compiled_loops(folder, "-O0", share=40)
    else:
        print("There is no C++ compiler; its rows are left out", file=sys.stderr)
    return found


def measure(found, rounds):
    """Name -> seconds in each round."""
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


def spread(values, digits=2):
    low, high = min(values), max(values)
    return f"{median(values):6.{digits}f}  ({low:.{digits}f} to {high:.{digits}f})"


def report(seconds):
    """The table, and whether the promises hold."""
    lines = [
        "One MNIST epoch: 784-128-64-10, batch 64, float32, plain SGD, one thread",
        f"{platform.processor() or platform.machine()}, Python "
        f"{platform.python_version()}, NumPy {np.__version__}",
        "",
        f"{'':30}{'seconds':24}nnlib takes, of this time",
    ]
    ratios = {}
    for name, values in seconds.items():
        ratios[name] = [a / b for a, b in zip(seconds["nnlib"], values, strict=True)]
        of_this = "" if name == "nnlib" else spread(ratios[name])
        lines.append(f"{name:30}{spread(values):24}{of_this}".rstrip())
    lines.append("")
    for name, most in PROMISES.items():
        if name in ratios:
            verdict = "kept" if median(ratios[name]) <= most else "NOT KEPT"
            lines.append(f"promise: at most {most} of {name}: {verdict}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, default=Path("_build/bench.txt"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = report(measure(contestants(folder), options.rounds))
    print(text)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text + "\n")
    print(f"\nwritten to {options.out}")


if __name__ == "__main__":
    main()
