"""What the chapter on MNIST claims beyond what its page can train, measured anew.

    python benchmarks/claims.py [--seeds K] [--processes P]

Two claims, on MNIST itself, by the chapter's own functions (its cells tagged `claims`):
how many of the test pictures are read after training on 1, 4, 16, ... pictures; and the
recipe beyond 98%, chosen among several by a validation set, then trained on all the
training pictures from five seeds and held once against the test pictures. What was
seen goes to `book/mnist_claims.json`, which the chapter reads. A claim that does not
hold ends in an exit status of 1.
"""

import argparse
import json
import os
import sys
import time
from functools import cache
from multiprocessing import get_context
from pathlib import Path

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy loads its BLAS

import nbformat  # noqa: E402
import numpy as np  # noqa: E402

import nnlib  # noqa: E402

BOOK = Path(__file__).resolve().parents[1] / "book"
RECORD = BOOK / "mnist_claims.json"

#: What is claimed of the recipe: the least mean accuracy, the most seconds of a run.
ACCURACY, SECONDS = 0.988, 60


@cache
def chapter():
    """Return what the chapter's cells tagged `claims` define, by name."""
    names = {"np": np, **vars(nnlib)}
    for cell in nbformat.read(BOOK / "mnist.ipynb", as_version=4).cells:
        if "claims" in cell.metadata.get("tags", []):
            exec(cell.source, names)
    return names


@cache
def data():
    """Return MNIST, and the split of its training pictures that decides."""
    train, test = nnlib.load_mnist("mnist")
    order = np.random.default_rng(0).permutation(len(train[0]))
    held_out, kept = np.split(order, [10_000])
    x, y = train
    return train, test, (x[kept], y[kept]), (x[held_out], y[held_out])


def read_after(job):
    """Return (the share of test pictures read, processor seconds) after n pictures."""
    n, seed = job
    train, (x, y), _, _ = data()
    start = time.process_time()
    net, _ = chapter()["train_on"](n, seed, *train)
    return nnlib.accuracy(net(x), y), time.process_time() - start


def read_by(job):
    """Return the same for a recipe, on the validation or on the test pictures."""
    recipe, seed, judged = job
    train, test, kept, held_out = data()
    start = time.process_time()
    net = chapter()["train_longer"](
        seed, *(train if judged == "test" else kept), **chapter()["RECIPES"][recipe]
    )
    seconds = time.process_time() - start
    x, y = test if judged == "test" else held_out
    return nnlib.accuracy(net(x), y), seconds


def measure(pool, seeds):
    """Return the record: every accuracy and every time that was measured."""
    sizes, recipes = chapter()["SIZES"], list(chapter()["RECIPES"])
    jobs = [(n, seed) for n in sizes for seed in range(seeds)]
    of_sizes = dict(zip(jobs, pool.imap(read_after, jobs), strict=True))
    jobs = [(recipe, seed, "validation") for recipe in recipes for seed in range(3)]
    tried = dict(zip(jobs, pool.imap(read_by, jobs), strict=True))
    validation = {
        recipe: [tried[recipe, seed, "validation"][0] for seed in range(3)]
        for recipe in recipes
    }
    chosen = max(recipes, key=lambda recipe: np.mean(validation[recipe]))
    jobs = [(chosen, seed, "test") for seed in range(seeds)]
    final = list(pool.imap(read_by, jobs))
    return {
        "sizes": {
            str(n): [of_sizes[n, seed][0] for seed in range(seeds)] for n in sizes
        },
        "validation": validation,
        "chosen": chosen,
        "test": [accuracy for accuracy, _ in final],
        "seconds": [round(seconds, 1) for _, seconds in final],
    }


def percent(shares):
    """Return a mean and a standard deviation as text."""
    return f"{100 * np.mean(shares):6.2f}%  ± {100 * np.std(shares, ddof=1):.2f}"


def report(record):
    """Return the lines that tell what was measured, and whether the claims hold."""
    yield "Test accuracy after training on n pictures, mean and spread over seeds"
    for n, shares in record["sizes"].items():
        yield f"  {int(n):6,}  {percent(shares)}"
    yield "Validation accuracy of each recipe that was tried"
    for recipe, shares in record["validation"].items():
        yield f"  {percent(shares)}  {recipe}"
    yield f"Chosen: {record['chosen']}. On the test pictures:"
    yield f"  {percent(record['test'])}  of {len(record['test'])} seeds: " + " ".join(
        f"{100 * share:.2f}" for share in record["test"]
    )
    yield f"  seconds of a run: {min(record['seconds'])} to {max(record['seconds'])}"


def broken(record):
    """Return a line for every claim that does not hold."""
    mean, slowest = np.mean(record["test"]), max(record["seconds"])
    claims = {
        f"a mean of at least {ACCURACY:.1%}": mean >= ACCURACY,
        f"every run in less than {SECONDS} s": slowest < SECONDS,
    }
    return [f"DOES NOT HOLD: {claim}" for claim, holds in claims.items() if not holds]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    with get_context("spawn").Pool(options.processes) as pool:
        record = measure(pool, options.seeds)
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    failed = broken(record)
    print(*report(record), *(failed or ["All claims hold."]), sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
