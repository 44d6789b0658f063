"""Explorer: the decision boundary of a network, frame by frame as it trains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.explorers.base import (
    Explorer,
    check_frames,
    nearest,
    one_of,
    pack,
    pack_bytes,
    state,
)
from nnlib.functional import softmax
from nnlib.losses import CrossEntropyLoss
from nnlib.metrics import accuracy
from nnlib.module import Module
from nnlib.optim import Optimizer
from nnlib.training import evaluate, fit

__all__ = ["BoundaryExplorer", "Recording", "record"]

#: What half a byte can hold: which class, and how sure.
CODES = 16
MAX_CLASSES = 4
POINTS = ["training", "validation"]
SERIES = ["train_loss", "validation_loss", "train_accuracy", "validation_accuracy"]


@dataclass
class Recording:
    """A training, as `record` saw it; one value, and one field, for each frame.

    Attributes
    ----------
    train, validation : (x, y)
        The points, shapes (N, 2) and (N,).
    classes : int
        How many classes there are, K.
    square : (left, bottom, side)
        The part of the plane that is shown.
    epochs : list of int
        How many epochs of training came before the frame.
    train_loss, validation_loss, train_accuracy, validation_accuracy : list of float
        Over the whole set, in eval mode, with the weights of the frame.
    fields : list of ndarray
        Each of uint8, shape (cells, cells), a row of cells for each height from the
        bottom up: ``class * levels + level``, with ``levels = 16 // K`` steps of the
        probability of the class, from 1/K to 1.
    """

    train: tuple[Array, Array]
    validation: tuple[Array, Array]
    classes: int
    square: tuple[float, float, float]
    epochs: list[int] = field(default_factory=list)
    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    fields: list[Array] = field(default_factory=list)


def record(
    model: Module,
    criterion: CrossEntropyLoss,
    optimizer: Optimizer,
    train: tuple[Array, Array],
    validation: tuple[Array, Array],
    *,
    epochs: Sequence[int],
    batch_size: int,
    rng: np.random.Generator,
    cells: int = 32,
) -> Recording:
    """Train a classifier of points in the plane with `fit`, and take frames of it.

    Parameters
    ----------
    model : Module
        From points ``(B, 2)`` to logits ``(B, K)`` of at most 4 classes.
    criterion, optimizer, train, validation, batch_size, rng
        As for `fit`; ``x`` of shape (N, 2), ``y`` of shape (N,).
    epochs : sequence of int
        When to take a frame: after so many epochs, rising; 0 is before training.
        Training goes on from frame to frame, to the same bits as in one call of `fit`.
    cells : int
        The field has so many cells a side.

    Raises
    ------
    ValueError
        If `epochs` do not rise, the points do not lie in a plane, or there are more
        than 4 classes.
    """
    check_frames(epochs)
    points = np.concatenate([train[0], validation[0]])
    _check_points(points)
    square = _square_around(points)
    grid = _centres(square, cells).astype(points.dtype)
    classes = model(grid[:1]).shape[1]
    _check_classes(classes)
    recording = Recording(train, validation, classes, square)
    trained = 0
    for frame in epochs:
        if frame > trained:
            fit(
                model,
                criterion,
                optimizer,
                train,
                epochs=frame - trained,
                batch_size=batch_size,
                rng=rng,
                progress=False,
            )
            trained = frame
        recording.epochs.append(frame)
        for name, data in [("train", train), ("validation", validation)]:
            loss, score = evaluate(model, criterion, data, metric=accuracy)
            getattr(recording, f"{name}_loss").append(loss)
            getattr(recording, f"{name}_accuracy").append(score)
        recording.fields.append(_codes(softmax(model(grid))).reshape(cells, cells))
    return recording


def _square_around(points: Array) -> tuple[float, float, float]:
    """Return the left, the bottom and the side of a square, with a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    side = 1.1 * float((high - low).max())
    left, bottom = (low + high) / 2 - side / 2
    return float(left), float(bottom), side


def _centres(square: tuple[float, float, float], cells: int) -> Array:
    """Return the centres of the cells, (cells * cells, 2), the lowest row first."""
    left, bottom, side = square
    steps = (np.arange(cells) + 0.5) * side / cells
    across, up = np.meshgrid(left + steps, bottom + steps)
    return np.stack([across.ravel(), up.ravel()], axis=1)


def _codes(probabilities: Array) -> Array:
    """Return class and confidence of every row as one number below 16."""
    classes = probabilities.shape[1]
    levels = CODES // classes
    sure = (probabilities.max(axis=1) - 1 / classes) / (1 - 1 / classes)
    level = np.minimum((np.nan_to_num(sure) * levels).astype(int), levels - 1)
    return (probabilities.argmax(axis=1) * levels + level).astype(np.uint8)


class BoundaryExplorer(Explorer):
    """What a network says of every place in the plane, frame by frame of its training.

    Parameters
    ----------
    runs : mapping of str to Recording
        What `record` returned, by the name that the reader chooses it by.
    run : str, optional
        Which to show first; the first by default.
    frame : int, optional
        The number of the frame to show first, from 0; the nearest there is.
    points : str, optional
        "training" or "validation": whose points are drawn.

    Raises
    ------
    ValueError
        If there is no run, or one without a frame.
    """

    run = state(traitlets.Unicode())
    frame = state(traitlets.Int(0))
    points = state(traitlets.Enum(POINTS, default_value="training"))

    @traitlets.validate("run")
    def _is_known(self, proposal: Any) -> Any:
        return one_of("run", proposal["value"], self.data["runs"])

    @traitlets.validate("frame")
    def _is_a_frame(self, proposal: Any) -> Any:
        most = max(len(run["epochs"]) for run in self.data["runs"].values())
        return nearest(proposal["value"], list(range(most)))

    def __init__(self, runs: Mapping[str, Recording], **kwargs: Any) -> None:
        if not runs or not all(run.epochs for run in runs.values()):
            raise ValueError(
                "BoundaryExplorer expected at least one run, each with a frame"
            )
        super().__init__(
            title="The boundary, epoch by epoch",
            alt="A square of the plane, coloured by the class that the network gives "
            "to each place at a moment of its training, with the points; beside "
            "it the loss and the accuracy on training and validation set, by epoch.",
            data={"runs": {name: _packed(run) for name, run in runs.items()}},
            **{"run": next(iter(runs))} | kwargs,
        )


def _packed(run: Recording) -> dict[str, Any]:
    """Return a recording as the page takes it."""
    fields = np.stack(run.fields)
    halves = fields.reshape(len(fields), -1)
    if halves.shape[1] % 2:
        halves = np.pad(halves, ((0, 0), (0, 1)))
    series = np.array([getattr(run, name) for name in SERIES])
    return {
        "epochs": run.epochs,
        "classes": run.classes,
        "square": [float(f"{v:.4g}") for v in run.square],
        "cells": fields.shape[1],
        "fields": pack_bytes(halves[:, ::2] * CODES + halves[:, 1::2]),
        # What has overflowed is not drawn, and printed as a dash.
        "series": pack(np.where(np.isfinite(series), series, np.nan)),
        "points": [
            _packed_points(run.square, run.train),
            _packed_points(run.square, run.validation),
        ],
    }


def _packed_points(
    square: tuple[float, float, float], data: tuple[Array, Array]
) -> dict[str, Any]:
    """Return places as 256ths of the square, and the class of each."""
    left, bottom, side = square
    x, y = data
    places = np.round((x - [left, bottom]) / side * 255).astype(int)
    return pack_bytes(np.column_stack([places, y]))


def _check_points(points: Array) -> None:
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"record expected points of shape (N, 2), got {points.shape}")


def _check_classes(classes: int) -> None:
    if not 2 <= classes <= MAX_CLASSES:
        raise ValueError(f"record expected 2 to {MAX_CLASSES} classes, got {classes}")
