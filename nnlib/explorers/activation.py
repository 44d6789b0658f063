"""Explorer: any set of activations with their derivatives, read at any point."""

from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.activations import ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh
from nnlib.explorers.base import Explorer, nearest, pack, state
from nnlib.module import Module

__all__ = ["FUNCTIONS", "ActivationExplorer"]

#: The points at which every function is sampled.
X = np.round(np.linspace(-6, 6, 241), 2)
SLOPES = [0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0]
ALPHAS = [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]
#: A derivative nearer to 0 than this is shaded.
FLAT = 0.1

#: Name -> the module, and the name of its parameter with the stops of its slider.
FUNCTIONS: dict[str, tuple[Any, str, list[float]]] = {
    "Sigmoid": (Sigmoid, "", []),
    "Tanh": (Tanh, "", []),
    "ReLU": (ReLU, "", []),
    "LeakyReLU": (LeakyReLU, "negative_slope", SLOPES),
    "ELU": (ELU, "alpha", ALPHAS),
    "SiLU": (SiLU, "", []),
    "GELU": (GELU, "", []),
    "GELU (tanh)": (lambda: GELU("tanh"), "", []),
}


class ActivationExplorer(Explorer):
    """Activations f above, their derivatives f′ below, and where these are below 0.1.

    Parameters
    ----------
    functions : list of str, optional
        Which of `FUNCTIONS` to show first.
    x : float, optional
        Where to read them, from -6 to 6; the nearest sample is taken.
    negative_slope, alpha : float, optional
        Of LeakyReLU and of ELU; the nearest stop of the slider is taken.

    Examples
    --------
    >>> ActivationExplorer(functions=["Tanh"], x=0.51)
    ActivationExplorer(alpha=1.0, functions=['Tanh'], negative_slope=0.01, x=0.5)
    """

    functions = state(traitlets.List(traitlets.Enum(list(FUNCTIONS))))
    x = state(traitlets.Float(1.0, min=-6.0, max=6.0))
    negative_slope = state(traitlets.Float(0.01, min=0.0, max=2.0))
    alpha = state(traitlets.Float(1.0, min=0.25, max=2.0))

    @traitlets.default("functions")
    def _functions(self) -> list[str]:
        return ["Sigmoid", "ReLU", "GELU"]

    @traitlets.validate("x", "negative_slope", "alpha")
    def _on_a_sample(self, proposal: Any) -> float:
        stops = {"x": X.tolist(), "negative_slope": SLOPES, "alpha": ALPHAS}
        return nearest(proposal["value"], stops[proposal["trait"].name])

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            title="Activations and their derivatives",
            alt="Curves of the chosen activations above, their derivatives below, "
            "a line at x to read them by, and bars where a derivative is below 0.1.",
            data={
                "x": X.tolist(),
                "functions": {name: samples(name) for name in FUNCTIONS},
            },
            **kwargs,
        )


def samples(name: str) -> dict[str, Any]:
    """Return one function for the page: f, f′ and where |f′| < 0.1, over all of X.

    A function with a parameter has one row for each stop of its slider, and only the
    columns x <= 0: to the right of 0 it is ReLU.
    """
    make, parameter, stops = FUNCTIONS[name]
    if not parameter:
        f, slope = evaluate(make(), X)
        return {"f": pack(f), "slope": pack(slope)}
    rows = [evaluate(make(stop), X[X <= 0]) for stop in stops]
    return {
        "parameter": parameter,
        "stops": stops,
        "f": pack(np.stack([f for f, _ in rows])),
        "slope": pack(np.stack([slope for _, slope in rows])),
    }


def evaluate(module: Module, x: Array) -> tuple[Array, Array]:
    """Return f(x) and f′(x) of an elementwise module, both of the shape of `x`."""
    return module(x), module.backward(np.ones_like(x))
