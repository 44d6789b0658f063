"""Explorer: how far the gradients of mini-batches scatter, by the size of the batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.data import batches
from nnlib.explorers.base import Explorer, nearest, one_of, pack, state
from nnlib.losses import Loss
from nnlib.module import Module

__all__ = ["SIZES", "BatchNoiseExplorer", "Noise", "measure"]

#: The sizes of batches that are tried.
SIZES = [2**power for power in range(11)]
#: Batches of each size, and how many of them a cloud shows.
BATCHES, SHOWN = 300, 100
SCALES = ["same", "fitted"]
#: Single samples that tell in which direction gradients scatter most.
FOR_DIRECTION = 512


@dataclass
class Noise:
    """How the gradients of batches lie about that of the whole set, g.

    Attributes
    ----------
    samples : int
        How many there are in the set, N.
    of_one : float
        The noise of single samples: the root mean square of ``|g_i - g| / |g|``, over
        all N of them.
    clouds : ndarray, shape (11, 300, 2)
        For each of `SIZES`, of each batch's gradient: the part along g, in lengths of
        g (so the whole set's is 1), and the part across it, in the direction in which
        single samples scatter most.
    noise : ndarray, shape (11,)
        The root mean square of ``|g_B - g| / |g|`` over the batches of a size.
    downhill : ndarray, shape (11,)
        The share of batches whose step goes downhill: ``g_B . g > 0``.
    """

    samples: int
    of_one: float
    clouds: Array
    noise: Array
    downhill: Array


def measure(
    model: Module,
    criterion: Loss,
    data: tuple[Array, Array],
    *,
    rng: np.random.Generator,
) -> Noise:
    """Draw batches of every size, and hold their gradients against the whole set's.

    A batch is the first one of a shuffled epoch, so no sample is in it twice. The
    model's weights stay as they are.

    Parameters
    ----------
    model : Module
        Small: some thousand parameters at most.
    criterion : Loss
        A mean over the samples.
    data : (x, y)
        At least 1024 samples; with not many more a large batch is nearly the whole.
    rng : numpy.random.Generator
        Shuffles.

    Raises
    ------
    ValueError
        If there are fewer samples.
    """
    x, y = data
    if len(x) < SIZES[-1]:
        raise ValueError(f"measure expected at least {SIZES[-1]} samples, got {len(x)}")

    def gradient(x: Array, y: Array) -> Array:
        criterion(model(x), y)
        model.backward_parameters(criterion.backward())
        grads = [p.grad.ravel() for p in model.parameters()]
        return np.concatenate(grads).astype(np.float64)

    model.train()
    whole = gradient(x, y)
    length = np.linalg.norm(whole)
    along = whole / length
    ones = (gradient(*pair) for pair in batches(x, y, 1))
    first = np.stack(list(islice(ones, FOR_DIRECTION)))
    across = _widest((first - whole) / length, along)
    squares = [((one - whole) ** 2).sum() for one in chain(first, ones)]
    clouds, noise, downhill = [], [], []
    for size in SIZES:
        drawn = np.stack(
            [gradient(*next(batches(x, y, size, rng=rng))) for _ in range(BATCHES)]
        )
        off = (drawn - whole) / length
        clouds.append(np.stack([drawn @ along / length, off @ across], axis=1))
        noise.append(np.sqrt((off**2).sum(axis=1).mean()))
        downhill.append((drawn @ along > 0).mean())
    return Noise(
        samples=len(x),
        of_one=float(np.sqrt(np.mean(squares)) / length),
        clouds=np.array(clouds),
        noise=np.array(noise),
        downhill=np.array(downhill),
    )


def _widest(off: Array, along: Array) -> Array:
    """Return the direction across `along` in which the rows scatter most."""
    aside = off - np.outer(off @ along, along)
    _, directions = np.linalg.eigh(aside.T @ aside)
    widest = directions[:, -1] - directions[:, -1] @ along * along
    widest *= np.sign(widest[np.abs(widest).argmax()])  # of two that are as good
    return np.asarray(widest / np.linalg.norm(widest))


class BatchNoiseExplorer(Explorer):
    """The gradients of batches about that of the whole set, for every size of a batch.

    Parameters
    ----------
    models : mapping of str to Module
        The networks to choose from, by name: at the start, after some epochs.
    criterion : Loss
        A mean over the samples.
    data : (x, y)
        At least 1024 samples.
    rng : numpy.random.Generator
        Draws the batches.
    at : str, optional
        Which network to show first; the first by default.
    batch_size : int, optional
        Which size to show first; the nearest of `SIZES` is taken.
    scale : str, optional
        "same" shows all clouds to one scale, "fitted" each as large as there is room.

    Raises
    ------
    ValueError
        If there is no model, or there are too few samples.
    """

    at = state(traitlets.Unicode())
    batch_size = state(traitlets.Int(32))
    scale = state(traitlets.Enum(SCALES, default_value="same"))

    @traitlets.validate("at")
    def _is_known(self, proposal: Any) -> Any:
        return one_of("at", proposal["value"], self.data["models"])

    @traitlets.validate("batch_size")
    def _is_a_size(self, proposal: Any) -> Any:
        return nearest(proposal["value"], list(SIZES))

    def __init__(
        self,
        models: Mapping[str, Module],
        criterion: Loss,
        data: tuple[Array, Array],
        *,
        rng: np.random.Generator,
        **kwargs: Any,
    ) -> None:
        if not models:
            raise ValueError("BatchNoiseExplorer expected at least one model")
        held = {}
        for name, model in models.items():
            noise = measure(model, criterion, data, rng=rng)
            held[name] = {
                "ofOne": float(f"{noise.of_one:.4g}"),
                "clouds": pack(noise.clouds[:, :SHOWN]),
                "noise": pack(noise.noise),
                "downhill": pack(noise.downhill.round(2)),
            }
        super().__init__(
            title="The noise of a batch",
            alt="A cloud of the gradients of 100 batches about the gradient of the "
            "whole set, and the width of that cloud against the batch size, both "
            "logarithmic, with a line that falls as 1 over the square root.",
            data={
                "sizes": SIZES,
                "samples": len(data[0]),
                "batches": BATCHES,
                "models": held,
            },
            **{"at": next(iter(models))} | kwargs,
        )
