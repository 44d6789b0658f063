"""Explorer: a walk over a matrix, and how often a small cache has the number."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import traitlets

from nnlib.explorers.base import Explorer, nearest, state

__all__ = ["CacheLinesExplorer", "count_misses", "trace"]

MOST = 10
WALKS = ["row by row", "column by column"]
LINE, LINES = [1, 2, 4, 8], [2, 4, 8]


class CacheLinesExplorer(Explorer):
    """A matrix in row-major memory, read in two orders through a small cache.

    Memory comes to the cache in lines of neighbouring numbers. The cache holds a few of
    them and drops the one that was not used for the longest time. A number whose line
    is there is a hit, any other a miss.

    Parameters
    ----------
    walk : str, optional
        ``"row by row"`` or ``"column by column"``.
    step : int, optional
        Numbers read, from 0 to ``rows * columns``.
    rows, columns : int, optional
        The matrix's shape, from 1 to 10 each. The reader cannot change it.
    line : int, optional
        Numbers in a line: 1, 2, 4 or 8; the nearest is taken.
    lines : int, optional
        Lines in the cache: 2, 4 or 8; the nearest is taken.

    Raises
    ------
    ValueError
        If `rows` or `columns` is not from 1 to 10.

    Examples
    --------
    >>> CacheLinesExplorer(walk="column by column", step=9)
    CacheLinesExplorer(line=4, lines=4, step=9, walk='column by column')
    """

    walk = state(traitlets.Enum(WALKS, default_value="row by row"))
    step = state(traitlets.Int(0, min=0, max=MOST * MOST))
    line = state(traitlets.Int(4, min=1, max=8))
    lines = state(traitlets.Int(4, min=1, max=8))

    @traitlets.validate("line", "lines")
    def _on_a_stop(self, proposal: Any) -> Any:
        stops: Any = {"line": LINE, "lines": LINES}[proposal["trait"].name]
        return nearest(proposal["value"], stops)

    @traitlets.validate("step")
    def _is_a_step(self, proposal: Any) -> int:
        steps = self.data["rows"] * self.data["columns"]
        if proposal["value"] > steps:
            raise traitlets.TraitError(
                f"step of CacheLinesExplorer is from 0 to {steps}, "
                f"got {proposal['value']}"
            )
        return int(proposal["value"])

    def __init__(self, *, rows: int = 8, columns: int = 8, **kwargs: Any) -> None:
        for name, size in (("rows", rows), ("columns", columns)):
            if not (isinstance(size, int) and 1 <= size <= MOST):
                raise ValueError(
                    f"CacheLinesExplorer expected {name} from 1 to {MOST}, got {size!r}"
                )
        places = np.arange(rows * columns).reshape(rows, columns)
        walks = dict(zip(WALKS, (places, places.T), strict=True))
        super().__init__(
            title="Lines of memory and a small cache",
            alt="A matrix, in each cell its place in memory; cells that were read are "
            "marked as hits or misses. Below, the lines of memory that the cache "
            "holds.",
            data={
                "rows": rows,
                "columns": columns,
                "line": LINE,
                "lines": LINES,
                "walks": {name: walk.ravel().tolist() for name, walk in walks.items()},
                # walk, line, lines: for every step what was dropped, None for a hit.
                "dropped": {
                    name: [
                        [
                            [
                                None if hit else dropped
                                for hit, dropped in trace(walk.ravel(), line, lines)
                            ]
                            for lines in LINES
                        ]
                        for line in LINE
                    ]
                    for name, walk in walks.items()
                },
            },
            **kwargs,
        )


def trace(places: Iterable[int], line: int, lines: int) -> list[tuple[bool, int]]:
    """Return what a cache does as places of memory are read, one after the other.

    Parameters
    ----------
    places : iterable of int
        What is read, in this order.
    line : int
        Numbers in a line; place q is in line ``q // line``.
    lines : int
        Lines that the cache holds. It begins empty; once full, it drops the line that
        was not used for the longest time.

    Returns
    -------
    list of tuple
        For every read whether it was a hit, and the line that was dropped, or -1.

    Examples
    --------
    >>> trace([0, 1, 2, 0], line=2, lines=1)
    [(False, -1), (True, -1), (False, 0), (False, 1)]
    """
    cache: list[int] = []  # the latest used at the end
    steps = []
    for place in places:
        number = int(place) // line
        hit, dropped = number in cache, -1
        if hit:
            cache.remove(number)
        elif len(cache) == lines:
            dropped = cache.pop(0)
        cache.append(number)
        steps.append((hit, dropped))
    return steps


def count_misses(places: Iterable[int], line: int, lines: int) -> int:
    """Return how many of these reads miss a cache that begins empty; see `trace`.

    Examples
    --------
    >>> matrix = np.arange(64).reshape(8, 8)
    >>> count_misses(matrix.ravel(), line=4, lines=4)
    16
    >>> count_misses(matrix.T.ravel(), line=4, lines=4)
    64
    """
    return sum(not hit for hit, _ in trace(places, line, lines))
