"""Times of calls: the best of several rounds, and a time as people write it."""

import math
import timeit
from collections.abc import Callable

__all__ = ["best_time", "duration"]


def best_time(
    call: Callable[[], object], *, rounds: int = 5, seconds: float = 0.004
) -> float:
    """Return how long a call takes when nothing gets in its way.

    Whatever else the machine does can only add to a time. So the least of several
    rounds is the nearest to the time of the call itself.

    Parameters
    ----------
    call : callable
        Without arguments. One call that is not timed goes before the others.
    rounds : int, optional
        Rounds of which the best counts.
    seconds : float, optional
        How long a round lasts: short calls are repeated in it.

    Returns
    -------
    float
        Seconds of one call.
    """
    call()
    timer = timeit.Timer(call)
    once = timer.timeit(1)
    repeats = max(1, round(seconds / max(once, 1e-9)))
    if repeats == 1:
        return min([once, *timer.repeat(rounds - 1, 1)])
    return min(timer.repeat(rounds, repeats)) / repeats


def duration(seconds: float) -> str:
    """Return a time in three digits, with the unit that suits it.

    Examples
    --------
    >>> duration(0.00123456), duration(83.0), duration(2e-7)
    ('1.23 ms', '83.0 s', '200 ns')
    """
    if math.isnan(seconds):
        return "not measured"
    seconds = float(f"{seconds:.2e}")  # so that 999.9 µs is 1.00 ms
    units = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}
    name = next((name for name, unit in units.items() if seconds >= unit), "ns")
    return f"{seconds / units[name]:#.3g}".rstrip(".") + f" {name}"
