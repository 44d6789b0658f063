"""Explorer: the lines that MSE, MAE and Huber fit while one point is dragged away."""

from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.explorers.base import Explorer, nearest, pack, state
from nnlib.losses import HuberLoss, Loss, MAELoss, MSELoss

__all__ = ["DELTAS", "PLACES", "OutlierExplorer", "Y", "fit_line", "points"]

#: The line that the points scatter about: slope and intercept.
TRUTH = (0.5, 1.0)
#: Which of the twelve points is dragged.
PLACES = {"end": 11, "middle": 5}
#: The heights to which it can be dragged.
Y = [half / 2 for half in range(-16, 41)]
DELTAS = [0.1, 0.3, 1.0, 3.0, 10.0]
#: Parameters that move by less in a step of Huber's fit have arrived.
ARRIVED = 1e-12


class OutlierExplorer(Explorer):
    """Twelve points, one of them in the reader's hand, and the lines of three losses.

    Parameters
    ----------
    place : str, optional
        Which point is dragged: at the right "end", or in the "middle".
    y : float, optional
        How high it lies, from -8 to 20; the nearest half is taken.
    delta : float, optional
        Of the Huber loss; the nearest of `DELTAS` is taken.

    Examples
    --------
    >>> OutlierExplorer(place="middle", y=9.9)
    OutlierExplorer(delta=1.0, place='middle', y=10.0)
    """

    place = state(traitlets.Enum(list(PLACES), default_value="end"))
    y = state(traitlets.Float(14.0, min=min(Y), max=max(Y)))
    delta = state(traitlets.Float(1.0, min=min(DELTAS), max=max(DELTAS)))

    @traitlets.validate("y", "delta")
    def _on_a_stop(self, proposal: Any) -> float:
        stops = {"y": Y, "delta": DELTAS}[proposal["trait"].name]
        return nearest(proposal["value"], stops)

    def __init__(self, **kwargs: Any) -> None:
        x, y = points()
        super().__init__(
            title="One point among twelve",
            alt="Twelve points about a line, one of which can be dragged up and down, "
            "and the three lines that MSE, MAE and Huber fit to them.",
            data={
                "x": x.tolist(),
                "y": y.tolist(),
                "places": PLACES,
                "stops": Y,
                "deltas": DELTAS,
                "fits": pack(_fits()),
            },
            **kwargs,
        )


def points() -> tuple[Array, Array]:
    """Return the twelve points before any is dragged: x and y, shape ``(12,)`` each."""
    x = np.round(np.linspace(0, 11, 12), 1)
    scatter = np.random.default_rng(5).normal(0, 0.6, x.size)
    return x, np.round(TRUTH[0] * x + TRUTH[1] + scatter, 1)


def fit_line(criterion: Loss, x: Array, y: Array) -> tuple[float, float]:
    """Return the slope and the intercept of the line with the least loss.

    Parameters
    ----------
    criterion : MSELoss, MAELoss or HuberLoss
        What is to be least.
    x, y : numpy.ndarray
        Shape ``(B,)`` each, float64.

    Returns
    -------
    slope, intercept : float
        Of the exact minimum, up to rounding. MSE has a linear system to solve. Some
        line through two of the points is best for MAE, so all of these are tried.
        Huber is the MSE with weights, 1 within delta and delta/abs(e) beyond, which
        are taken from the line before until nothing moves.
    """
    columns = np.stack([x, np.ones_like(x)], axis=1)
    if isinstance(criterion, MAELoss):
        pairs = [[i, j] for i, j in combinations(range(x.size), 2) if x[i] != x[j]]
        lines = [np.linalg.solve(columns[pair], y[pair]) for pair in pairs]
        best = min(lines, key=lambda line: criterion(columns @ line, y))
        return float(best[0]), float(best[1])
    line: Array = np.linalg.lstsq(columns, y, rcond=None)[0]
    while isinstance(criterion, HuberLoss):
        size = np.abs(columns @ line - y)
        root = np.sqrt(criterion.delta / np.maximum(size, criterion.delta))
        after = np.linalg.lstsq(root[:, None] * columns, root * y, rcond=None)[0]
        moved = float(np.abs(after - line).max())
        line = after
        if moved < ARRIVED:
            break
    return float(line[0]), float(line[1])


@cache
def _fits() -> Array:
    """Return all lines: (place, y, MSE or MAE or a delta, slope or intercept)."""
    x, y = points()
    criteria = [MSELoss(), MAELoss(), *(HuberLoss(delta) for delta in DELTAS)]
    fits = [
        [[fit_line(c, x, _dragged(y, place, to)) for c in criteria] for to in Y]
        for place in PLACES.values()
    ]
    return np.array(fits)


def _dragged(y: Array, point: int, to: float) -> Array:
    y = y.copy()
    y[point] = to
    return y
