"""Explorer: what the numbers of a deep stack look like at every layer, as it begins."""

from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.activations import ReLU, Sigmoid, Tanh
from nnlib.explorers.base import Explorer, nearest, pack, state
from nnlib.layers import Linear

__all__ = ["LayerHistogramsExplorer", "forward_values", "summary"]

ACTIVATIONS: dict[str, Any] = {
    "none": None,
    "Tanh": Tanh,
    "ReLU": ReLU,
    "Sigmoid": Sigmoid,
}
GAINS = [0.5, 0.8, 1.0, 1.2, 2**0.5, 5 / 3, 2.0, 4.0]
DEPTH = 20
WIDTH, BATCH = 256, 64
BINS = 29
#: An activation whose slope is below this is saturated, as in the chapter on them.
FLAT = 0.1
#: Heights of bars are sent as one of these signs each: a drawing needs no more.
SIGNS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class LayerHistogramsExplorer(Explorer):
    """Histograms of the activations of every layer of a stack of 20 random layers.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the batch, a table of standard normal numbers, and the weights.
    activation : str, optional
        One of `ACTIVATIONS`; "none" stacks linear layers alone.
    gain : float, optional
        The weights have the standard deviation gain / √fan_in, the biases are 0. The
        nearest stop of the slider is taken.
    layer : int, optional
        The layer to read, from 0 (the input) to 20.
    """

    activation = state(traitlets.Enum(list(ACTIVATIONS), default_value="ReLU"))
    gain = state(traitlets.Float(1.0, min=min(GAINS), max=max(GAINS)))
    layer = state(traitlets.Int(DEPTH, min=0, max=DEPTH))

    @traitlets.validate("gain")
    def _on_a_stop(self, proposal: Any) -> float:
        return nearest(proposal["value"], GAINS)

    def __init__(self, *, rng: np.random.Generator, **kwargs: Any) -> None:
        x = rng.standard_normal((BATCH, WIDTH))
        weights = rng.standard_normal((DEPTH, WIDTH, WIDTH)) / WIDTH**0.5
        numbers, heights, factors = [], [], []
        for name, activation in ACTIVATIONS.items():
            for gain in GAINS:
                layers = [
                    summary(values, name)
                    for values in forward_values(activation, gain * weights, x)
                ]
                numbers.append([[*row[:-1]] for row in layers])
                heights.append([row[-1] for row in layers])
                square = [row[1] for row in layers]
                factors.append((square[-1] / square[0]) ** (1 / DEPTH))
        super().__init__(
            title="Layer by layer, before the first step",
            alt="Histograms of the activations of a stack of 20 random layers, one "
            "beside the other, and the chosen one on a scale of its own.",
            data={
                "activations": list(ACTIVATIONS),
                "gains": GAINS,
                # Row after row as the loops run; of each layer what `summary` returns.
                "numbers": pack(np.array(numbers)),
                "heights": [" ".join(map(signs, rows)) for rows in heights],
                "factors": pack(np.array(factors)),
            },
            **kwargs,
        )


def forward_values(activation: Any, weights: Array, x: Array) -> list[Array]:
    """Return what a stack of layers makes of a batch: the input, then every layer.

    Parameters
    ----------
    activation : type or None
        The module after every linear layer.
    weights : numpy.ndarray
        Shape ``(depth, N, N)``, one matrix for every layer; the biases are 0.
    x : numpy.ndarray
        Shape ``(B, N)``.

    Returns
    -------
    list of numpy.ndarray
        ``depth + 1`` arrays of shape ``(B, N)``.
    """
    values = [x]
    linear = Linear(
        *weights.shape[1:], rng=np.random.default_rng(0), bias=False, dtype=x.dtype
    )
    for weight in weights:
        linear.weight.data = weight
        x = linear(x)
        if activation is not None:
            x = activation()(x)
        values.append(x)
    return values


def summary(
    values: Array, activation: str
) -> tuple[float, float, float, float, float, Array]:
    """Return what is shown of the values of a layer.

    Parameters
    ----------
    values : numpy.ndarray
        Any shape.
    activation : str
        What they came from, one of `ACTIVATIONS`.

    Returns
    -------
    std, mean_square : float
    share : float
        How many are exactly 0 after ReLU; how many are saturated after tanh or the
        sigmoid, where the slope is below 0.1; 0 without an activation.
    low, high : float
        The least and the largest value.
    heights : numpy.ndarray
        Shape ``(29,)``: the histogram between them of all values but those that are
        exactly 0, over its tallest bar.
    """
    if activation == "none":
        special = np.zeros(values.shape, bool)
    elif activation == "ReLU":
        special = values == 0
    else:
        slope = 1 - values**2 if activation == "Tanh" else values * (1 - values)
        special = slope < FLAT
    low, high = float(values.min()), float(values.max())
    counts, _ = np.histogram(values[values != 0], BINS, (low, high))
    return (
        float(values.std()),
        float(np.mean(values**2)),
        float(special.mean()),
        low,
        high,
        counts / counts.max(),
    )


def signs(heights: Array) -> str:
    """Return heights from 0 to 1 as one sign for each, for a drawing."""
    return "".join(SIGNS[round(v * (len(SIGNS) - 1))] for v in heights)
