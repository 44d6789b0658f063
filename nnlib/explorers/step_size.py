"""Explorer: how wrong a difference quotient is, against the step h."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.explorers.base import Explorer, pack, state

__all__ = ["CURVES", "FUNCTIONS", "STEPS", "StepSizeExplorer", "quotients"]

#: The steps h, four a decade.
STEPS = [float(f"{10 ** (-quarter / 4):.2e}") for quarter in range(56, 3, -1)]


@dataclass(frozen=True)
class Function:
    """A function of an array, a point, and the derivative there.

    Attributes
    ----------
    f : callable
        From an array to one of its shape and dtype.
    x : float
        The point.
    derivative : float
        The derivative at `x`, not 0, to the precision of float64.
    kink : float or None
        How far from `x` the function has a kink, if it has one.
    """

    f: Callable[[Array], Array]
    x: float
    derivative: float
    kink: float | None = None


def _relu(x: Array) -> Array:
    return np.maximum(x, 0)


FUNCTIONS = {
    "exp(x)": Function(np.exp, 1.0, float(np.exp(1.0))),
    "sin(x)": Function(np.sin, 1.0, float(np.cos(1.0))),
    "x**3": Function(lambda x: x * x * x, 2.0, 12.0),
    # A kink lies 0.001 to the left: a step beyond it looks at both sides.
    "ReLU(x)": Function(_relu, 0.001, 1.0, kink=0.001),
    # And here 0.001 to the right, where the function goes up again.
    "abs(x)": Function(np.abs, -0.001, -1.0, kink=0.001),
}
#: Name -> whether the difference is central, and the arithmetic.
CURVES: dict[str, tuple[bool, Any]] = {
    "forward float64": (False, np.float64),
    "central float64": (True, np.float64),
    "forward float32": (False, np.float32),
    "central float32": (True, np.float32),
}


class StepSizeExplorer(Explorer):
    """The relative error of difference quotients against h, both logarithmic.

    Parameters
    ----------
    function : str, optional
        One of `FUNCTIONS`, each at its own point.
    h : float, optional
        Where to read, from 1e-14 to 0.1; the nearest of `STEPS` is taken.
    curves : list of str, optional
        Which of `CURVES` to show first; all of them by default.

    Examples
    --------
    >>> explorer = StepSizeExplorer(h=1.1e-5, curves=["central float64"])
    >>> explorer
    StepSizeExplorer(curves=['central float64'], function='exp(x)', h=1e-05)
    """

    function = state(traitlets.Enum(list(FUNCTIONS), default_value="exp(x)"))
    h = state(traitlets.Float(1e-5, min=min(STEPS), max=max(STEPS)))
    curves = state(traitlets.List(traitlets.Enum(list(CURVES))))

    @traitlets.default("curves")
    def _curves(self) -> list[str]:
        return list(CURVES)

    @traitlets.validate("h")
    def _on_a_step(self, proposal: Any) -> float:
        return min(STEPS, key=lambda h: abs(log(h / proposal["value"])))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            title="How small a step?",
            alt="The relative error of difference quotients against the step h on two "
            "logarithmic axes: curves that fall as h shrinks, as long as the bend of "
            "the function decides, and rise again where rounding does.",
            data={
                "steps": STEPS,
                "curves": list(CURVES),
                "functions": {name: _samples(name) for name in FUNCTIONS},
            },
            **kwargs,
        )


def quotients(name: str, curve: str) -> Array:
    """Return the difference quotients of a function for all `STEPS`.

    Parameters
    ----------
    name, curve : str
        One of `FUNCTIONS`, and one of `CURVES`. Everything is computed in the float
        type of the curve, from h and x to the quotient: ``(f(x + h) - f(x)) / h`` or
        ``(f(x + h) - f(x - h)) / (2h)``.

    Returns
    -------
    numpy.ndarray
        Shape ``(53,)``, of that type.
    """
    function = FUNCTIONS[name]
    central, dtype = CURVES[curve]
    h = np.array(STEPS, dtype=dtype)
    x = np.full_like(h, function.x)
    if central:
        return (function.f(x + h) - function.f(x - h)) / (2 * h)
    return (function.f(x + h) - function.f(x)) / h


def _samples(name: str) -> dict[str, Any]:
    """Return one function for the page: its point, its quotients and errors."""
    function = FUNCTIONS[name]
    found = np.stack([quotients(name, curve).astype(float) for curve in CURVES])
    errors = np.abs(found - function.derivative) / abs(function.derivative)
    return {
        "x": function.x,
        "kink": function.kink,
        "derivative": function.derivative,
        "quotients": pack(found),
        "errors": pack(errors),
    }
