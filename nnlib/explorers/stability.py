"""Explorer: which learning rates and momenta arrive at the bottom of a parabola."""

from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.explorers.base import Explorer, nearest, pack, state
from nnlib.module import Parameter
from nnlib.optim import SGD

__all__ = [
    *("KINDS", "MOMENTA", "RATES", "StabilityExplorer"),
    *("behaviour", "edges", "iterates", "slowest_factor"),
]

#: The learning rate times the curvature, ηc.
RATES = sorted([i / 10 for i in range(41)] + [0.05, 1.95, 1.98, 2.02, 2.05])
MOMENTA = [0.0, 0.3, 0.5, 0.7, 0.9, 0.95]
STEPS = 30
#: How long a run is followed for its arrival: within `CLOSE` of the start, for good.
LONGEST, CLOSE = 600, 0.01
#: How a run goes.
KINDS = [
    "stands still",
    "arrives in one step",
    "comes from one side",
    "swings and arrives",
    "jumps from side to side and arrives",
    "never arrives, never leaves",
    "explodes",
]


class StabilityExplorer(Explorer):
    """Gradient descent with momentum on a parabola, for every ηc and momentum.

    Parameters
    ----------
    rate : float, optional
        The learning rate times the curvature, ηc, from 0 to 4.
    momentum : float, optional
        μ, from 0 to 0.95. Of both, the nearest stop of the slider is taken.
    step : int, optional
        How many steps are shown, from 0 to 30.

    Examples
    --------
    >>> StabilityExplorer(rate=1.9)
    StabilityExplorer(momentum=0.0, rate=1.9, step=30)
    """

    rate = state(traitlets.Float(1.9, min=RATES[0], max=RATES[-1]))
    momentum = state(traitlets.Float(0.0, min=MOMENTA[0], max=MOMENTA[-1]))
    step = state(traitlets.Int(STEPS, min=0, max=STEPS))

    @traitlets.validate("rate", "momentum")
    def _on_a_stop(self, proposal: Any) -> float:
        stops = {"rate": RATES, "momentum": MOMENTA}
        return nearest(proposal["value"], stops[proposal["trait"].name])

    def __init__(self, **kwargs: Any) -> None:
        runs = np.stack([iterates(momentum, LONGEST) for momentum in MOMENTA])
        factors = np.array(
            [[slowest_factor(rate, momentum) for rate in RATES] for momentum in MOMENTA]
        )
        super().__init__(
            title="The stability dial",
            alt="A plane of learning rate times curvature against momentum, with the "
            "region where gradient descent arrives; the steps on a parabola for the "
            "chosen point of the plane, and how far from the bottom each of them is.",
            data={
                "rates": RATES,
                "momenta": MOMENTA,
                "steps": STEPS,
                "places": pack(runs[:, :, : STEPS + 1]),
                "factors": pack(factors),
                "names": KINDS,
                "kinds": [
                    [KINDS.index(behaviour(rate, momentum)) for rate in RATES]
                    for momentum in MOMENTA
                ],
                "edges": pack(np.array([[m, *edges(m)] for m in np.arange(41) / 40]).T),
                "arrivals": [[_arrival(run) for run in row] for row in runs],
            },
            **kwargs,
        )


def iterates(momentum: float, steps: int = STEPS) -> Array:
    """Return where nnlib's SGD is on the loss c w² / 2, for every ηc of `RATES`.

    Parameters
    ----------
    momentum : float
    steps : int

    Returns
    -------
    numpy.ndarray
        Shape ``(46, steps + 1)``: w after each step, from 1 at the start. Since only
        ηc matters, the learning rate is 1 and the curvature is each of `RATES`.
    """
    curvature = np.array(RATES)
    w = Parameter(np.ones_like(curvature))
    sgd = SGD([w], lr=1.0, momentum=momentum)
    places = [w.data.copy()]
    for _ in range(steps):
        w.grad[:] = curvature * w.data
        sgd.step()
        places.append(w.data.copy())
    return np.stack(places, axis=1)


def slowest_factor(rate: float, momentum: float) -> float:
    """Return the factor by which the distance shrinks or grows in the long run.

    Parameters
    ----------
    rate, momentum : float
        ηc and μ.

    Returns
    -------
    float
        The larger magnitude of the two roots of r² - (1 + μ - ηc) r + μ = 0, of which
        every run is a mixture; without momentum the size of 1 - ηc.
    """
    if not momentum:
        return abs(1 - rate)
    return float(np.abs(np.roots([1, -(1 + momentum - rate), momentum])).max())


def edges(momentum: float) -> tuple[float, float, float]:
    """Return the ηc at which a run begins to swing, to jump, and to explode.

    Between the first two the roots of the equation in `slowest_factor` are complex, and
    their magnitude is √μ: there ηc makes no difference to the speed.
    """
    root = momentum**0.5
    return (1 - root) ** 2, (1 + root) ** 2, 2 * (1 + momentum)


def behaviour(rate: float, momentum: float) -> str:
    """Return which of `KINDS` a run is."""
    swings, jumps, explodes = edges(momentum)
    if abs(rate - explodes) < 1e-9:
        return "never arrives, never leaves"
    if rate == 0:
        return "stands still"
    if rate == 1 and not momentum:
        return "arrives in one step"
    names = KINDS[2:5]
    for edge, name in zip((swings, jumps, explodes), names, strict=True):
        if rate < edge:
            return name
    return "explodes"


def _arrival(run: Array) -> int | None:
    """Return the first step from which on a run stays close to 0, if there is one."""
    far = np.flatnonzero(~(np.abs(run) <= CLOSE))
    first = int(far[-1]) + 1
    return first if first < len(run) else None
