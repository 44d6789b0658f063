"""Explorer: how gradients and activations shrink or grow through a deep stack."""

from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.activations import GELU, ReLU, Sigmoid, Tanh
from nnlib.explorers.base import Explorer, nearest, pack, state
from nnlib.layers import Linear

__all__ = ["DepthAndGainExplorer", "trace"]

ACTIVATIONS: dict[str, Any] = {
    "none": None,
    "Sigmoid": Sigmoid,
    "Tanh": Tanh,
    "ReLU": ReLU,
    "GELU": GELU,
}
GAINS = [0.5, 0.7, 1.0, 1.2, 1.41, 2.0, 4.0, 8.0, 16.0]
DEPTHS = [5, 10, 20, 30]
WIDTH = BATCH = 64
#: Samples that should be equal differ by this much where numbers are about 1.
ROUNDING = 1e-14


class DepthAndGainExplorer(Explorer):
    """The size of gradients and activations at every layer of a random stack.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the weights, the batch and the gradient that starts at the last layer.
    activation : str, optional
        One of `ACTIVATIONS`; "none" stacks linear layers alone.
    gain, depth : float and int, optional
        The weights have the standard deviation gain / √fan_in. The nearest stop of
        the slider is taken.
    layer : int, optional
        Where to read, from 0 (the input) to `depth`.
    """

    activation = state(traitlets.Enum(list(ACTIVATIONS), default_value="Sigmoid"))
    gain = state(traitlets.Float(1.0, min=0.5, max=16.0))
    depth = state(traitlets.Int(10, min=5, max=30))
    layer = state(traitlets.Int(0, min=0, max=30))

    @traitlets.validate("gain", "depth")
    def _on_a_stop(self, proposal: Any) -> Any:
        stops: Any = {"gain": GAINS, "depth": DEPTHS}[proposal["trait"].name]
        return nearest(proposal["value"], stops)

    def __init__(self, *, rng: np.random.Generator, **kwargs: Any) -> None:
        x = rng.standard_normal((BATCH, WIDTH))
        weights = rng.standard_normal((max(DEPTHS), WIDTH, WIDTH)) / WIDTH**0.5
        upstream = rng.standard_normal((BATCH, WIDTH))
        gradients, factors, spreads = [], [], []
        for activation in ACTIVATIONS.values():
            for gain in GAINS:
                for depth in DEPTHS:
                    spread, size = trace(
                        activation, gain * weights[:depth], x, upstream
                    )
                    gradients.append(size)
                    factors.append(size[0] ** (1 / depth))
                spreads.append(spread)  # of the deepest, which begins as the others do
        super().__init__(
            title="Depth and gain",
            alt="The size of the gradient and the spread of the activations at every "
            "layer of a deep stack, on a logarithmic scale.",
            data={
                "activations": list(ACTIVATIONS),
                "gains": GAINS,
                "depths": DEPTHS,
                # Row after row as the loops run; each row has depth + 1 values.
                "gradients": pack(np.concatenate(gradients)),
                "factors": pack(np.array(factors)),
                "spreads": pack(np.array(spreads)),
            },
            **kwargs,
        )


def trace(
    activation: Any, weights: Array, x: Array, upstream: Array
) -> tuple[Array, Array]:
    """Return how large activations and gradients are, layer by layer.

    Parameters
    ----------
    activation : type or None
        The module after every linear layer.
    weights : numpy.ndarray
        Shape ``(depth, N, N)``, one matrix for every layer; the biases are 0.
    x, upstream : numpy.ndarray
        Shape ``(B, N)``: what enters at the bottom, and the gradient at the top.

    Returns
    -------
    spread, size : numpy.ndarray
        Shape ``(depth + 1,)`` each, from the input to the last layer: the standard
        deviation of a unit over the batch, averaged over the units, and the norm of
        the gradient by the activations over the norm of `upstream`. A spread that is
        nothing but rounding is given as 0.
    """
    blocks, spread = [], [x.std(axis=0).mean()]
    for weight in weights:
        linear = Linear(
            *weight.shape, rng=np.random.default_rng(0), bias=False, dtype=x.dtype
        )
        linear.weight.data = weight
        block = [linear] if activation is None else [linear, activation()]
        for module in block:
            x = module(x)
        blocks.append(block)
        spread.append(x.std(axis=0).mean())
    gradient, size = upstream, [1.0]
    for block in reversed(blocks):
        for module in reversed(block):
            gradient = module.backward(gradient)
        size.append(float(np.linalg.norm(gradient) / np.linalg.norm(upstream)))
    spreads = np.array(spread)
    return np.where(spreads < ROUNDING, 0, spreads), np.array(size[::-1])
