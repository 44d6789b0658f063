"""A training that is killed at any moment goes on to the bits of one that is not.

Killed in earnest: the process that trains gets SIGKILL, which no program can catch.
"""

import json
import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
from helpers import rng_of

from nnlib import (
    SGD,
    AdamW,
    CosineLR,
    CrossEntropyLoss,
    StepLR,
    Tanh,
    accuracy,
    fit,
    mlp,
)
from nnlib.data import spirals
from nnlib.serialization import read_arrays

KILLS = 50
EPOCHS = 8

# Processes that have imported nnlib already, so that a run is nearly all training.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["nnlib", "nnlib.data", "test_training_kills"])


def train(path, number, seed=None):
    """Train a small network, of one of two kinds, from the checkpoint if there is one.

    The order of the samples comes from `seed`, by default `number` as everything else
    does; a run that goes on has the generator's state from the file.
    """
    model = mlp([2, 16, 16, 2], Tanh, rng=rng_of(number))
    if number % 2:
        optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
        schedule = CosineLR(optimizer, EPOCHS)
    else:
        optimizer = AdamW(model.parameters(), lr=0.01)
        schedule = StepLR(optimizer, 3, 0.5)
    fit(
        model,
        CrossEntropyLoss(),
        optimizer,
        spirals(100, 2, 0.1, rng=rng_of(number, 1)),
        spirals(100, 2, 0.1, rng=rng_of(number, 2)),
        metric=accuracy,
        epochs=EPOCHS,
        batch_size=8,
        rng=rng_of(number if seed is None else seed),
        schedule=schedule,
        checkpoint=path,
        progress=False,
    )


def start(path, number, seed=None, target=train):
    process = PROCESSES.Process(target=target, args=(path, number, seed))
    process.start()
    return process


def finish(path, number, seed=None):
    process = start(path, number, seed)
    process.join()
    assert process.exitcode == 0


def content(path):
    """All that a checkpoint holds, to the bit; only times may differ."""
    arrays, text = read_arrays(path)
    progress = json.loads(text["nnlib"])
    assert len(progress["history"].pop("seconds")) == len(
        progress["history"]["train_loss"]
    )
    return {name: array.tobytes() for name, array in arrays.items()}, progress


def epochs_done(path):
    return len(content(path)[1]["history"]["train_loss"]) if path.exists() else 0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What two runs leave that nobody kills, and how long such a run takes."""
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder / "warm", 0)  # starts the server of processes
    paths, seconds = [folder / "even", folder / "odd"], []
    for number, path in enumerate(paths):
        begin = time.perf_counter()
        finish(path, number)
        seconds.append(time.perf_counter() - begin)
    return [content(path) for path in paths], max(seconds)


def test_a_run_leaves_what_another_of_the_same_seeds_leaves(undisturbed, tmp_path):
    (even, odd), _ = undisturbed
    finish(tmp_path / "again", 0)
    assert content(tmp_path / "again") == even != odd
    assert epochs_done(tmp_path / "again") == EPOCHS


def test_another_order_of_the_samples_leaves_something_else(undisturbed, tmp_path):
    finish(tmp_path / "other", 0, 5)
    assert content(tmp_path / "other")[0] != undisturbed[0][0][0]


def kill_in_epoch(process, path, epoch, delay):
    """Kill a run so many seconds after it wrote the checkpoint of that epoch.

    Tells whether it was killed, since it may have been done before.
    """
    while process.is_alive() and epochs_done(path) < epoch:
        time.sleep(0.001)
    time.sleep(delay)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def test_fifty_of_fifty_killed_runs_end_with_the_same_bits(undisturbed, tmp_path):
    """Killed at a random moment of a random epoch, up to three times; then left."""
    expected, seconds = undisturbed
    rng = rng_of(2026)
    killed_after, number = [], 0
    while len(killed_after) < KILLS:
        path = tmp_path / f"run {number}"
        for epoch in np.sort(rng.integers(0, EPOCHS, 1 + number % 3)):
            # Where there is a checkpoint, it is to provide the order, not the seed.
            seed = 1000 + number if path.exists() else number % 2
            process = start(path, number % 2, seed)
            if kill_in_epoch(process, path, epoch, rng.uniform(0, seconds / EPOCHS)):
                killed_after.append(epochs_done(path))
        finish(path, number % 2, 2000 + number if path.exists() else number % 2)
        assert content(path) == expected[number % 2], (number, killed_after)
        number += 1
    # The moments were spread: before the first checkpoint, and after many another.
    assert len(set(killed_after)) > EPOCHS // 2, killed_after


def kill_at(name, count):
    """Let this process die at its `count`-th call of a function of `os`."""
    function, calls = getattr(os, name), []

    def deadly(*arguments, **more):
        calls.append(name)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **more)

    setattr(os, name, deadly)


def train_and_die_writing(path, number, seed):
    kill_at(seed, 3)
    train(path, number)


@pytest.mark.parametrize("moment", ["fdopen", "fsync", "chmod", "replace"])
def test_a_run_killed_while_it_writes_has_the_checkpoint_before(
    undisturbed, tmp_path, moment
):
    """At every step of the third writing: the second checkpoint is there, whole."""
    path = tmp_path / "run"
    process = start(path, 0, moment, target=train_and_die_writing)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert epochs_done(path) == 2
    finish(path, 0, 99)
    assert content(path) == undisturbed[0][0]
