"""Explorer: the ways that optimisers take down a surface of two coordinates."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure

from nnlib._types import Array
from nnlib.explorers.base import Explorer, nearest, pack, state
from nnlib.module import Parameter
from nnlib.optim import SGD, Adam, Optimizer

__all__ = ["OPTIMIZERS", "SURFACES", "Surface", "TrajectoriesExplorer", "trajectory"]

STEPS = 100
#: A run that is farther out than this is given up.
GONE = 1000.0
X = [round(-2.5 + 0.05 * i, 2) for i in range(101)]
Y = [round(-2 + 0.05 * i, 2) for i in range(81)]
RATES = [
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.09),
    *(0.095, 0.1, 0.105, 0.12, 0.15, 0.2, 0.25, 0.3, 0.5, 1.0),
]
LEVELS = [0.03, 0.1, 0.3, 0.7, 1.3, 2.2, 4, 7, 12, 20, 32]
MOMENTA = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99]


@dataclass(frozen=True)
class Surface:
    """A loss of two coordinates, its gradient, and where it is lowest.

    Attributes
    ----------
    f : callable
        From x and y to the loss, which is nowhere below 0.
    gradient : callable
        From x and y to the two derivatives.
    minima : list of (float, float)
        The bottoms of its valleys.
    """

    f: Callable[[float, float], float]
    gradient: Callable[[float, float], tuple[float, float]]
    minima: list[tuple[float, float]]


def _saddle(x: float, y: float) -> float:
    u, v = x + 2 * y, 2 * x - y
    return 0.4 * (v * v) + (u * u / 5 - 1) * (u * u / 5 - 1)


def _saddle_gradient(x: float, y: float) -> tuple[float, float]:
    u, v = x + 2 * y, 2 * x - y
    du, dv = 0.8 * u * (u * u / 5 - 1), 0.8 * v
    return du + 2 * dv, 2 * du - dv


SURFACES = {
    # Twenty times as curved along y as along x.
    "ravine": Surface(
        lambda x, y: (x * x + 20 * y * y) / 2,
        lambda x, y: (x, 20 * y),
        [(0.0, 0.0)],
    ),
    # Its valley follows y = x²: Rosenbrock's function, made milder.
    "banana": Surface(
        lambda x, y: (1 - x) * (1 - x) / 4 + (y - x * x) * (y - x * x),
        lambda x, y: ((x - 1) / 2 - 4 * x * (y - x * x), 2 * (y - x * x)),
        [(1.0, 1.0)],
    ),
    # The ridge is the line x + 2y = 0, along which the slope leads to the saddle.
    "saddle": Surface(
        _saddle,
        _saddle_gradient,
        [(0.2**0.5, 2 * 0.2**0.5), (-(0.2**0.5), -2 * 0.2**0.5)],
    ),
    # The left one ends at a loss of 1.5625, and a ridge at x = 0.1 parts them.
    "two valleys": Surface(
        lambda x, y: (x - 1.5) * (x - 1.5) * (x * x + 2.2 * x + 1.45) + 2 * y * y,
        lambda x, y: (4 * (x + 1) * (x - 0.1) * (x - 1.5), 4 * y),
        [(-1.0, 0.0), (1.5, 0.0)],
    ),
}
#: Name -> from a parameter, the learning rate and the momentum to the optimiser.
OPTIMIZERS: dict[str, Callable[[Parameter, float, float], Optimizer]] = {
    "SGD": lambda p, lr, momentum: SGD([p], lr),
    "momentum": lambda p, lr, momentum: SGD([p], lr, momentum),
    "Nesterov": lambda p, lr, momentum: SGD([p], lr, momentum, nesterov=True),
    "Adam": lambda p, lr, momentum: Adam([p], lr),
}


class TrajectoriesExplorer(Explorer):
    """Up to four optimisers at once, on a surface, from a start that can be dragged.

    The page computes the runs itself, since there are too many starts to sample. They
    are held against nnlib's optimisers in the tests.
    An optimiser arrives at the step from which on its loss stays below 0.001.

    Parameters
    ----------
    surface : str, optional
        One of `SURFACES`.
    optimizers : list of str, optional
        Which of `OPTIMIZERS` to show first; all of them by default.
    lr, momentum : float, optional
        The learning rate of all, and the momentum of "momentum" and "Nesterov"; Adam
        keeps its own β₁ and β₂. The nearest stop of the slider is taken.
    x, y : float, optional
        The start, to the nearest multiple of 0.05.
    step : int, optional
        How far the runs are shown, from 0 to 100.

    Examples
    --------
    >>> TrajectoriesExplorer(surface="saddle", optimizers=["SGD"], lr=0.048).lr
    0.05
    """

    surface = state(traitlets.Enum(list(SURFACES), default_value="ravine"))
    optimizers = state(traitlets.List(traitlets.Enum(list(OPTIMIZERS))))
    lr = state(traitlets.Float(0.03, min=min(RATES), max=max(RATES)))
    momentum = state(traitlets.Float(0.8, min=min(MOMENTA), max=max(MOMENTA)))
    x = state(traitlets.Float(-2.0, min=min(X), max=max(X)))
    y = state(traitlets.Float(0.9, min=min(Y), max=max(Y)))
    step = state(traitlets.Int(STEPS, min=0, max=STEPS))

    @traitlets.default("optimizers")
    def _optimizers(self) -> list[str]:
        return list(OPTIMIZERS)

    @traitlets.validate("lr", "momentum", "x", "y")
    def _on_a_stop(self, proposal: Any) -> float:
        stops = {"lr": RATES, "momentum": MOMENTA, "x": X, "y": Y}
        return nearest(proposal["value"], stops[proposal["trait"].name])

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            title="Four ways down",
            alt="A map with lines of equal loss, on which optimisers leave their paths "
            "from a common start towards the bottom of a valley; beside it the loss of "
            "each against the step, on a logarithmic scale. A table says where each "
            "is, and arrives: from which step on its loss stays below 0.001.",
            data={
                "x": X,
                "y": Y,
                "rates": RATES,
                "momenta": MOMENTA,
                "steps": STEPS,
                "gone": GONE,
                "contours": {name: _contours(s) for name, s in SURFACES.items()},
                "minima": {name: s.minima for name, s in SURFACES.items()},
                "optimizers": list(OPTIMIZERS),
            },
            **kwargs,
        )


def trajectory(
    surface: str,
    optimizer: str,
    lr: float,
    momentum: float = 0.8,
    start: tuple[float, float] = (-2.0, 0.9),
    steps: int = STEPS,
) -> Array:
    """Return the places that an optimiser of nnlib comes to on a surface.

    Parameters
    ----------
    surface, optimizer : str
        One of `SURFACES`, and one of `OPTIMIZERS`.
    lr, momentum : float
        As in `TrajectoriesExplorer`.
    start : (float, float)
    steps : int

    Returns
    -------
    numpy.ndarray
        Shape ``(steps + 1, 2)``, float64, the start first; NaN after the first place
        with a coordinate beyond ±1000.
    """
    p = Parameter(np.array(start, dtype=np.float64))
    rule = OPTIMIZERS[optimizer](p, lr, momentum)
    places = np.full((steps + 1, 2), np.nan)
    places[0] = p.data
    for t in range(1, steps + 1):
        if np.abs(p.data).max() > GONE:
            break
        p.grad[:] = SURFACES[surface].gradient(float(p.data[0]), float(p.data[1]))
        rule.step()
        places[t] = p.data
    return places


def _contours(surface: Surface) -> dict[str, Any]:
    """Return lines of equal loss for the page, each of shape ``(2, points)``."""
    # A fine grid, of which every sixth point of a line is enough to draw it.
    x, y = np.linspace(X[0], X[-1], 161), np.linspace(Y[0], Y[-1], 129)
    losses = [[surface.f(a, b) for a in x.tolist()] for b in y.tolist()]
    drawn = Figure().subplots().contour(x, y, losses, LEVELS)
    lines = [line for level in drawn.allsegs for line in level if len(line)]
    thinned = [np.concatenate([line[:-1:6], line[-1:]]) for line in lines]
    return {str(i): pack(line.T) for i, line in enumerate(thinned)}
