"""Explorer: the weights of a first layer as images, as training moves them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import traitlets

from nnlib._checks import check_labels, shape_text
from nnlib._types import Array
from nnlib.activations import ReLU
from nnlib.data import batches
from nnlib.explorers.base import (
    Explorer,
    check_frames,
    nearest,
    pack,
    pack_images,
    state,
)
from nnlib.layers import Linear
from nnlib.losses import Loss
from nnlib.module import Sequential
from nnlib.optim import Optimizer, Schedule

__all__ = ["FirstLayerExplorer", "Recording", "record", "summary"]

MOST_UNITS = 12
#: Shades of an image: seven for weights above 0, seven below, and one for 0. They
#: go with the square root of a weight, or the noise of the start would be paper.
SHADES = 15


@dataclass
class Recording:
    """The first layer of a network during a training; one value for each frame.

    Attributes
    ----------
    epochs : list of float
        How many epochs of training came before the frame.
    weights : list of ndarray
        Each of shape (M, N), for M inputs and N units.
    biases : list of ndarray
        Each of shape (N,).
    """

    epochs: list[float] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)
    biases: list[Array] = field(default_factory=list)


def record(
    model: Sequential,
    criterion: Loss,
    optimizer: Optimizer,
    train: tuple[Array, Array],
    *,
    epochs: Sequence[float],
    batch_size: int,
    rng: np.random.Generator,
    schedule: Schedule | None = None,
) -> Recording:
    """Train a network as `fit` does, to the same bits, and keep its first layer.

    Parameters
    ----------
    model : Sequential
        Begins with a `Linear`.
    criterion, optimizer, train, batch_size, rng, schedule
        As for `fit`.
    epochs : sequence of float
        When to take a frame: after so many epochs, rising; 0 is before training, and
        a part of an epoch is taken to the nearest step. Training ends with the last.

    Raises
    ------
    TypeError
        If `model` does not begin with a `Linear`.
    ValueError
        If `epochs` do not rise, or two of them are the same step.
    """
    layer = _first_layer(model)
    check_frames(epochs)
    per_epoch = -(-len(train[0]) // batch_size)
    frames = {round(epoch * per_epoch): epoch for epoch in epochs}
    _check_steps(frames, epochs, per_epoch)
    recording = Recording()

    def look(step: int) -> None:
        if step in frames:
            recording.epochs.append(frames[step])
            recording.weights.append(layer.weight.data.copy())
            recording.biases.append(_bias(layer))

    step, last = 0, max(frames)
    look(step)
    model.train()
    while step < last:
        for x, y in batches(*train, batch_size, rng=rng):
            criterion(model(x), y)
            model.backward_parameters(criterion.backward())
            optimizer.step()
            step += 1
            look(step)
            if step == last:
                break
        if schedule is not None and step % per_epoch == 0:
            schedule.step()
    model.eval()
    return recording


class FirstLayerExplorer(Explorer):
    """The weights of some units of the first layer as images, through a training.

    Parameters
    ----------
    recording : Recording
        What `record` returned.
    data : (x, y)
        Pictures of shape (N, M) and integer labels of shape (N,), on which the units
        are tried; M is a square number.
    units : sequence of int
        Which units of the layer to show, at most 12.
    unit : int, optional
        Which of them is shown large, from 0; the nearest there is.
    frame : int, optional
        The number of the frame to show, from 0; the nearest there is.

    Raises
    ------
    TypeError, ValueError
        If the recording has no frame, the pictures do not fit its weights or are not
        square, or there is no such unit.
    """

    unit = state(traitlets.Int(0))
    frame = state(traitlets.Int(0))

    @traitlets.validate("unit")
    def _is_shown(self, proposal: Any) -> Any:
        return nearest(proposal["value"], list(range(len(self.data["units"]))))

    @traitlets.validate("frame")
    def _is_a_frame(self, proposal: Any) -> Any:
        return nearest(proposal["value"], list(range(len(self.data["epochs"]))))

    def __init__(
        self,
        recording: Recording,
        data: tuple[Array, Array],
        units: Sequence[int],
        **kwargs: Any,
    ) -> None:
        _check(recording, data, units)
        chosen = list(map(int, units))
        weights = np.stack([weight[:, chosen].T for weight in recording.weights], 1)
        reach = np.abs(weights).max(axis=(1, 2))
        share = weights / np.where(reach > 0, reach, 1)[:, None, None]
        shade = np.sign(share) * np.sqrt(np.abs(share))
        numbers, responses = summary(recording, data, chosen)
        super().__init__(
            title="What a unit looks for, as it learns",
            alt="The weights of a unit of the first layer as an image, blue above 0 "
            "and orange below, at a moment of training; beside it a bar for its mean "
            "response to each digit, and the images of other units at that moment.",
            data={
                "units": chosen,
                "epochs": list(recording.epochs),
                # Unit after unit, and of each a frame after the other.
                "images": pack_images(
                    (0.5 + 0.5 * shade).reshape(-1, weights.shape[2]), SHADES
                ),
                "reach": pack(reach),
                "numbers": pack(numbers),
                "responses": pack(responses),
            },
            **kwargs,
        )


def summary(
    recording: Recording, data: tuple[Array, Array], units: Sequence[int]
) -> tuple[Array, Array]:
    """Return what is read of units at every frame.

    Parameters
    ----------
    recording : Recording
        With F frames.
    data : (x, y)
        Pictures (N, M) and labels (N,) of K digits.
    units : sequence of int
        U units of the layer.

    Returns
    -------
    numbers : numpy.ndarray, shape (U, F, 7)
        Of each frame: the norm of the unit's weights; the largest; the smallest; the
        norm of what they have moved by since the first frame; the cosine between them
        and those of the first frame; the share of the pictures for which the unit is
        above 0; and the digit for which its mean response is largest, -1 where it
        responds to none.
    responses : numpy.ndarray, shape (U, F, K)
        The mean output of the unit, after ReLU, over the pictures of each digit; 0 for
        a digit without pictures.
    """
    x, y = data
    counts = np.bincount(y)
    of_digit = np.eye(len(counts), dtype=x.dtype)[y].T / np.maximum(counts, 1)[:, None]
    relu = ReLU()
    start = recording.weights[0][:, units].astype(np.float64)
    numbers, responses = [], []
    for weight, bias in zip(recording.weights, recording.biases, strict=True):
        output = relu(x @ weight[:, units] + bias[units])
        response = of_digit @ output
        w = weight[:, units].astype(np.float64)
        norm = np.linalg.norm(w, axis=0)
        both = norm * np.linalg.norm(start, axis=0)
        cosine = (w * start).sum(axis=0) / np.where(both > 0, both, 1)
        active = (output > 0).mean(axis=0)
        digit = np.where(active > 0, response.argmax(axis=0), -1)
        moved = np.linalg.norm(w - start, axis=0)
        columns = [norm, w.max(axis=0), w.min(axis=0), moved, cosine, active, digit]
        numbers.append(np.stack(columns, axis=1))
        responses.append(response.T)
    return np.stack(numbers, axis=1), np.stack(responses, axis=1)


def _first_layer(model: object) -> Linear:
    first = model[0] if isinstance(model, Sequential) else None
    if not isinstance(first, Linear):
        raise TypeError(
            f"record expected a Sequential that begins with a Linear, got {model!r}"
        )
    return first


def _bias(layer: Linear) -> Array:
    if layer.bias is None:
        return np.zeros(layer.weight.data.shape[1], layer.weight.data.dtype)
    return layer.bias.data.copy()


def _check_steps(
    frames: dict[int, float], epochs: Sequence[float], per_epoch: int
) -> None:
    if len(frames) < len(epochs):
        raise ValueError(
            f"record expected epochs at different steps, got {list(epochs)} "
            f"with {per_epoch} steps each"
        )


def _check(
    recording: Recording, data: tuple[Array, Array], units: Sequence[int]
) -> None:
    owner = "FirstLayerExplorer"
    if not recording.weights:
        raise ValueError(f"{owner} expected a recording with at least one frame")
    inputs, width = recording.weights[0].shape
    x, y = data
    if np.ndim(x) != 2 or x.shape[1] != inputs:
        raise ValueError(
            f"{owner} expected pictures of shape (N, {inputs}), "
            f"got {shape_text(np.shape(x))}"
        )
    check_labels(owner, y, len(x), np.iinfo(np.int64).max, "labels")
    if not 1 <= len(units) <= MOST_UNITS:
        raise ValueError(f"{owner} expected 1 to {MOST_UNITS} units, got {len(units)}")
    if wrong := [unit for unit in units if not 0 <= unit < width]:
        raise ValueError(
            f"{owner} expected units from 0 to {width - 1}, got {wrong[0]}"
        )
