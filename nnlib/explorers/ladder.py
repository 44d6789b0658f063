"""Explorer: one product, rung by rung from plain Python to BLAS."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import traitlets

from nnlib.explorers.base import Explorer, nearest, one_of, pack, state
from nnlib.explorers.timing import duration

__all__ = ["GUESSES", "LadderExplorer"]

#: How many times as fast a reader may guess: a rung may be slower than the other, too.
GUESSES = [
    *(0.001, 0.01, 0.1, 0.2, 0.5),
    *(digit * 10**power for power in range(5) for digit in (1, 2, 5)),
    100_000,
]
MEASUREMENTS = ["hidden", "shown", "all"]


class LadderExplorer(Explorer):
    """The times of one piece of work, done in different ways, as a ladder.

    Parameters
    ----------
    seconds : mapping
        The name of each rung to its time at each of `sizes`; NaN or None where it was
        not measured.
    sizes : sequence of int
        The sizes of the batch, rising.
    flops : sequence of int
        The floating-point operations of the work at each of them.
    peak : float
        The most FLOP/s that the machine reaches.
    base, rung : str, optional
        The rung to compare with, by default the first, and the one that is compared,
        by default the last.
    size : int, optional
        By default the smallest. The nearest of `sizes` is taken.
    guess : float, optional
        How many times as fast the reader takes the rung to be; the nearest of
        `GUESSES` is taken.
    measurement : str, optional
        ``"hidden"``, ``"shown"`` of the two that are compared, or ``"all"``.

    Raises
    ------
    ValueError
        If there is no rung, a rung has another length than `sizes`, sizes do not rise,
        or a number is not positive.

    Examples
    --------
    >>> seconds = {"Python lists": [0.6, float("nan")], "NumPy": [1e-5, 1e-4]}
    >>> LadderExplorer(seconds, [1, 64], [200_704, 12_845_056], peak=7e10).rung
    'NumPy'
    """

    base = state(traitlets.Unicode())
    rung = state(traitlets.Unicode())
    size = state(traitlets.Int())
    guess = state(traitlets.Float(1.0, min=GUESSES[0], max=GUESSES[-1]))
    measurement = state(traitlets.Enum(MEASUREMENTS, default_value="hidden"))

    @traitlets.validate("base", "rung")
    def _is_a_rung(self, proposal: Any) -> str:
        return one_of(proposal["trait"].name, proposal["value"], self.data["rungs"])

    @traitlets.validate("size", "guess")
    def _on_a_stop(self, proposal: Any) -> Any:
        stops: Any = {"size": self.data["sizes"], "guess": GUESSES}
        return nearest(proposal["value"], stops[proposal["trait"].name])

    def __init__(
        self,
        seconds: Mapping[str, Sequence[float | None]],
        sizes: Sequence[int],
        flops: Sequence[int],
        *,
        peak: float,
        **kwargs: Any,
    ) -> None:
        rungs, sizes = list(seconds), [int(size) for size in sizes]
        check_ladder(seconds, sizes, flops, peak)
        times = np.array([seconds[rung] for rung in rungs], float)  # None is NaN
        rates = np.array(flops, float) / times
        super().__init__(
            title="The ladder",
            alt="A bar for each way of doing the same work, from plain Python to BLAS; "
            "its length is the time that it takes, on a logarithmic scale.",
            data={
                "rungs": rungs,
                "sizes": sizes,
                "guesses": GUESSES,
                "texts": [[duration(float(time)) for time in row] for row in times],
                "seconds": pack(times),
                "rates": pack(rates / 1e9),
                "shares": pack(100 * rates / peak),
                "ratios": pack(times[:, None] / times[None]),  # base, rung, size
            },
            **{"base": rungs[0], "rung": rungs[-1], "size": sizes[0]} | kwargs,
        )


def check_ladder(
    seconds: Mapping[str, Sequence[float | None]],
    sizes: Sequence[int],
    flops: Sequence[int],
    peak: float,
) -> None:
    """Raise ValueError where the numbers of a ladder do not fit together."""
    if not seconds:
        raise ValueError("LadderExplorer expected at least one rung")
    if not sizes or sorted(set(sizes)) != list(sizes) or sizes[0] < 1:
        raise ValueError(
            f"LadderExplorer expected sizes that rise from 1 or more, got {sizes}"
        )
    for name, values in [*seconds.items(), ("flops", flops)]:
        if len(values) != len(sizes):
            raise ValueError(
                f"LadderExplorer expected {len(sizes)} values, one for each of sizes, "
                f"got {len(values)} in {name}"
            )
        row = np.array(values, float)  # None becomes NaN
        missing = np.isnan(row) & (values is not flops)
        if not (missing | ((row > 0) & (row < np.inf))).all():
            raise ValueError(
                f"LadderExplorer expected positive numbers in {name}, got {values}"
            )
    if not 0 < peak < math.inf:
        raise ValueError(f"LadderExplorer expected a positive peak, got {peak}")
