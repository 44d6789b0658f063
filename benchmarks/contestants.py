"""Who takes part: the same epoch of training, done by nnlib and by others.

The work: 784-128-64-10, batch 64, float32, plain SGD, 60,000 images in a fresh random
order. Each contestant is a function that takes the data and returns the seconds that
its epoch took. Import this module after the threads of BLAS are set.
"""

import shutil
import subprocess
import sys
import time
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
from framework import CrossEntropy, Linear, Net, ReLU

from nnlib import SGD, Adam, CrossEntropyLoss, fit, mlp

SIZES = [784, 128, 64, 10]
IMAGES, BATCH, LR = 60_000, 64, 0.05


def data():
    """Random images with MNIST's shape and share of blank pixels, and labels."""
    rng = np.random.default_rng(0)
    x = rng.random((IMAGES, SIZES[0]), dtype=np.float32)
    x[rng.random(x.shape, dtype=np.float32) < 0.81] = 0
    return x, rng.integers(0, SIZES[-1], IMAGES)


def nnlib_epoch(x, y, optimizer=SGD, **settings):
    rng = np.random.default_rng(0)
    model = mlp(SIZES, rng=rng)
    start = time.process_time()
    fit(
        model,
        CrossEntropyLoss(),
        optimizer(model.parameters(), **{"lr": LR, **settings}),
        (x, y),
        epochs=1,
        batch_size=BATCH,
        rng=rng,
        progress=False,
    )
    return time.process_time() - start


def momentum_epoch(x, y):
    return nnlib_epoch(x, y, momentum=0.9)


def adam_epoch(x, y):
    return nnlib_epoch(x, y, Adam, lr=1e-3)


def products_epoch(x, y):
    """The eight matrix products of every step, and nothing else."""
    rng = np.random.default_rng(0)
    w1, w2, w3 = (p.data for p in mlp(SIZES, rng=rng).parameters()[::2])
    h1, h2, z = (
        rng.random((BATCH, size), dtype=np.float32) for size in SIZES[1:]
    )  # as inputs and, in the same shapes, as gradients
    start = time.process_time()
    for i in range(0, IMAGES, BATCH):
        batch = x[i : i + BATCH]
        n = len(batch)
        batch @ w1, h1[:n] @ w2, h2[:n] @ w3
        h2[:n].T @ z[:n], z[:n] @ w3.T
        h1[:n].T @ h2[:n], h2[:n] @ w2.T
        batch.T @ h1[:n]
    return time.process_time() - start


def plain_numpy_epoch(x, y):
    """The same training as twenty lines without a library."""
    rng = np.random.default_rng(0)
    w1, b1, w2, b2, w3, b3 = (p.data for p in mlp(SIZES, rng=rng).parameters())
    start = time.process_time()
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
    return time.process_time() - start


def framework_epoch(x, y):
    """The same training by the functions of `framework`, in float64 as they are."""
    rng = np.random.default_rng(0)
    x = x.astype(np.float64)
    first, second, third = (Linear(m, n, rng) for m, n in pairwise(SIZES))
    net, criterion = Net([first, ReLU(), second, ReLU(), third]), CrossEntropy()
    start = time.process_time()
    order = rng.permutation(IMAGES)
    total = 0.0
    for i in range(0, IMAGES, BATCH):
        rows = order[i : i + BATCH]
        total += criterion(net(x[rows]), y[rows]) * len(rows)
        net.backward(criterion.backward())
        net.update(LR)
    return time.process_time() - start


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
    start = time.process_time()
    order = torch.randperm(IMAGES)
    total = 0.0
    for i in range(0, IMAGES, BATCH):
        rows = order[i : i + BATCH]
        optimizer.zero_grad()
        loss = criterion(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    return time.process_time() - start


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
        start = time.process_time()
        classifier.fit(x, y)
        return time.process_time() - start


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
    """Return {name: function of the data that gives the seconds of an epoch}."""
    found = {
        "nnlib": nnlib_epoch,
        "nnlib, momentum": momentum_epoch,
        "nnlib, Adam": adam_epoch,
        "the products alone": products_epoch,
        "twenty lines of NumPy": plain_numpy_epoch,
        "local and global gradients": framework_epoch,
        "scikit-learn MLPClassifier": sklearn_epoch,
    }
    try:
        import torch  # noqa: F401

        found["PyTorch eager"] = torch_epoch
    except ImportError:
        print("PyTorch is not installed; it is left out", file=sys.stderr)
    if shutil.which("c++"):
        found["loops in C++, -O3"] = compiled_loops(folder, "-O3", "-march=native")
        found["loops in C++, -O2"] = compiled_loops(folder, "-O2")
        found["loops in C++, -O0 (on 1/40)"] = compiled_loops(folder, "-O0", share=40)
    else:
        print("There is no C++ compiler; its rows are left out", file=sys.stderr)
    return found
