"""Explorer: a network of eight hidden units, computed anew as its inputs move."""

from typing import Any

import numpy as np
import traitlets

from nnlib.activations import ReLU, Sigmoid, Tanh
from nnlib.explorers.base import Explorer, nearest, state
from nnlib.layers import Linear, mlp
from nnlib.module import Sequential

__all__ = ["NetworkExplorer", "network"]

ACTIVATIONS: dict[str, Any] = {"ReLU": ReLU, "Tanh": Tanh, "Sigmoid": Sigmoid}
SIZES = [2, 4, 4, 1]
SEEDS = list(range(10))
X = np.round(np.linspace(-2, 2, 81), 2).tolist()
#: The units that compute, layer by layer: "2.3" is the third of the second layer.
UNITS = [
    f"{layer}.{unit}" if size > 1 else "output"
    for layer, size in enumerate(SIZES[1:], 1)
    for unit in range(1, size + 1)
]
#: The standard deviation of the biases, which nnlib would begin at 0.
BIASES = 0.3


class NetworkExplorer(Explorer):
    """A network 2-4-4-1 at work: every unit's value, and how a unit comes by it.

    The page computes the forward pass itself, since there are too many inputs to
    sample. It is held against nnlib's in the tests.

    Parameters
    ----------
    seed : int, optional
        Of the generator that draws weights and biases, from 0 to 9.
    x1, x2 : float, optional
        The inputs, from -2 to 2; the nearest multiple of 0.05 is taken.
    activation : str, optional
        One of `ACTIVATIONS`, after both hidden layers; the output has none.
    unit : int, optional
        Which of the nine `UNITS` is shown term by term, from 0 ("1.1", the first of
        the first hidden layer) to 8 ("output").

    Examples
    --------
    >>> NetworkExplorer(x1=1.02)
    NetworkExplorer(activation='ReLU', seed=0, unit=0, x1=1.0, x2=-0.5)
    """

    seed = state(traitlets.Int(0, min=min(SEEDS), max=max(SEEDS)))
    x1 = state(traitlets.Float(0.5, min=-2.0, max=2.0))
    x2 = state(traitlets.Float(-0.5, min=-2.0, max=2.0))
    activation = state(traitlets.Enum(list(ACTIVATIONS), default_value="ReLU"))
    unit = state(traitlets.Int(0, min=0, max=len(UNITS) - 1))

    @traitlets.validate("x1", "x2")
    def _on_a_sample(self, proposal: Any) -> float:
        return nearest(proposal["value"], X)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            title="A network of 2, 4, 4 and 1 units",
            alt="A network with two inputs, two hidden layers of four units, and one "
            "output. A circle holds the value of a unit; a line is as thick as its "
            "weight is large, and dashed where the weight is negative.",
            data={
                "x": X,
                "units": UNITS,
                "seeds": SEEDS,
                "activations": list(ACTIVATIONS),
                "networks": [layers(network(seed)) for seed in SEEDS],
            },
            **kwargs,
        )


def network(seed: int, activation: str = "ReLU") -> Sequential:
    """Return the network that the explorer shows.

    Parameters
    ----------
    seed : int
        Of the generator that draws the weights as `nnlib.mlp` does, and then the
        biases, which are normal with standard deviation 0.3.
    activation : str
        One of `ACTIVATIONS`.

    Returns
    -------
    Sequential
        Of float64, from shape ``(B, 2)`` to ``(B, 1)``.
    """
    rng = np.random.default_rng(seed)
    net = mlp(SIZES, ACTIVATIONS[activation], rng=rng, dtype=np.float64)
    for linear in net:
        if isinstance(linear, Linear) and linear.bias is not None:
            linear.bias.data[:] = BIASES * rng.standard_normal(linear.bias.data.shape)
    return net


def layers(net: Sequential) -> list[dict[str, Any]]:
    """Return the weights (inputs, outputs) and biases of every linear layer."""
    return [
        {"w": linear.weight.data.tolist(), "b": linear.bias.data.tolist()}
        for linear in net
        if isinstance(linear, Linear) and linear.bias is not None
    ]
