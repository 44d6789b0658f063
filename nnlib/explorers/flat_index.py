"""Explorer: where the entries of a table lie in memory, by right and wrong rules."""

from typing import Any

import traitlets

from nnlib.explorers.base import Explorer, state

__all__ = ["FlatIndexExplorer"]

MOST = 6
#: The last is a real bug: it is right for a square, and for no other table.
RULES = ["row-major", "column-major", "n_rows * r + c"]


class FlatIndexExplorer(Explorer):
    """A table, the memory that holds it, and the rule that leads from one to the other.

    The page works the places out; tests hold them against `numpy.ravel_multi_index`.

    Parameters
    ----------
    rows, columns : int, optional
        The table's shape, from 1 to 6 each.
    rule : str, optional
        ``"row-major"`` for ``r * n_cols + c``, ``"column-major"`` for
        ``c * n_rows + r``, or the mistaken ``"n_rows * r + c"``.
    row, column : int, optional
        The chosen cell; the table's last row or column where 1 and 2 are too large.

    Raises
    ------
    ValueError
        If the table has no such cell.

    Examples
    --------
    >>> FlatIndexExplorer(rows=2, columns=3, row=1, column=2)
    FlatIndexExplorer(column=2, columns=3, row=1, rows=2, rule='row-major')
    """

    rows = state(traitlets.Int(3, min=1, max=MOST))
    columns = state(traitlets.Int(4, min=1, max=MOST))
    rule = state(traitlets.Enum(RULES, default_value="row-major"))
    row = state(traitlets.Int(1, min=0, max=MOST - 1))
    column = state(traitlets.Int(2, min=0, max=MOST - 1))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            title="A table in memory",
            alt="A table above, in each cell its place in memory by the chosen rule; "
            "below it the memory, place after place; one cell and its place are "
            "lit, and so are cells that share a place.",
            data={"most": MOST},
            **kwargs,
        )
        for name, most in (("row", self.rows - 1), ("column", self.columns - 1)):
            if name not in kwargs:
                setattr(self, name, min(getattr(self, name), most))
        self.defaults = {name: getattr(self, name) for name in self.defaults}
        # Later a table may shrink below the chosen cell; the page then moves it.
        if self.row >= self.rows or self.column >= self.columns:
            raise ValueError(
                f"FlatIndexExplorer expected a cell of {self.rows} rows and "
                f"{self.columns} columns, got row {self.row}, column {self.column}"
            )
