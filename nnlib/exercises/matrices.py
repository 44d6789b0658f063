"""Exercises and quick questions of the chapter on matrices."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="var-annotated"
# Solutions and mistakes are written as students write them, without annotations.

from collections.abc import Sequence
from inspect import cleandoc
from typing import Any

import numpy as np

from nnlib._types import Array
from nnlib.exercises._bank import Case, Exercise, Mistake, Question
from nnlib.exercises._compare import difference
from nnlib.exercises._show import show
from nnlib.matrix import Matrix

__all__ = ["EXERCISES", "QUESTIONS"]


# ---- 1. From one order to the other --------------------------------------------------


def place_in_other(place, shape, order):
    n_rows, n_columns = shape
    if order == "row-major":
        row, column = divmod(place, n_columns)
        return column * n_rows + row
    column, row = divmod(place, n_rows)
    return row * n_columns + column


def _place_divided_by_the_wrong_size(place, shape, order):
    n_rows, n_columns = shape
    if order == "row-major":
        row, column = divmod(place, n_rows)
        return column * n_rows + row
    column, row = divmod(place, n_columns)
    return row * n_columns + column


def _place_times_the_wrong_size(place, shape, order):
    n_rows, n_columns = shape
    if order == "row-major":
        row, column = divmod(place, n_columns)
        return column * n_columns + row
    column, row = divmod(place, n_rows)
    return row * n_rows + column


def _place_with_both_sizes_exchanged(place, shape, order):
    return place_in_other(place, shape[::-1], order)


def _place_always_from_rows(place, shape, order):
    return place_in_other(place, shape, "row-major")


def _place_always_from_columns(place, shape, order):
    return place_in_other(place, shape, "column-major")


def _place_as_it_is(place, shape, order):
    return place


def _place_with_the_parts_exchanged(place, shape, order):
    n_rows, n_columns = shape
    if order == "row-major":
        column, row = divmod(place, n_columns)
        return column * n_rows + row
    row, column = divmod(place, n_rows)
    return row * n_columns + column


def _place_from_one(place, shape, order):
    return place_in_other(place, shape, order) + 1


def _place_of_the_entry(place, shape, order):
    n_rows, n_columns = shape
    if order == "row-major":
        return divmod(place, n_columns)
    return divmod(place, n_rows)[::-1]


def _place_by_true_division(place, shape, order):
    n_rows, n_columns = shape
    if order == "row-major":
        return place % n_columns * n_rows + place / n_columns
    return place % n_rows * n_columns + place / n_rows


def _place_rounded_down_as_float(place, shape, order):
    return float(place_in_other(place, shape, order))


def _place_cases() -> Sequence[Case]:
    places = [
        (0, (2, 3)),
        (1, (2, 3)),
        (3, (2, 3)),
        (5, (2, 3)),
        (5, (3, 3)),
        (9, (3, 4)),
        (7, (5, 2)),
        (3, (1, 4)),
        (60_000 * 784 - 2, (60_000, 784)),
    ]
    orders = ("row-major", "column-major")
    return [(*place, order) for order in orders for place in places]


FLAT_PLACE = Exercise(
    id="matrices/flat-place",
    title="From one order to the other",
    statement=cleandoc("""
        A matrix of `shape = (n_rows, n_columns)` is held in a flat list, in
        `"row-major"` or in `"column-major"` order; `order` says in which. The list is
        to be written anew in the *other* of the two orders. Return where the number
        then stands that now stands at `place`, as an int. Places are counted from 0,
        and there is such a place. In the figure of X above, the 3 at place 5 of the
        upper strip goes to place 9 of the lower.
    """),
    stub=cleandoc("""
        def place_in_other(place, shape, order):
            # an int, (n_rows, n_columns), "row-major" or "column-major": the order now
            # -> an int, the place in the other order
            ...
    """),
    reference=place_in_other,
    cases=_place_cases,
    hints=[
        "The order changes the place of an entry, and never its row and its column. So "
        "go by way of them: from the place to row and column, and from there to the "
        "new place.",
        "In row-major order (1.2) gives row and column, and (1.3) the new place. Which "
        "size belongs to each? For the way back turn (1.3) round as (1.2) turns "
        "(1.1) round: what is the quotient there, and what the remainder?",
        "From row-major order: `row, column = divmod(place, n_columns)`, and then "
        "`column * n_rows + row`. From column-major order the two change parts: "
        "`column, row = divmod(place, n_rows)`.",
    ],
    comment=(
        "One division takes the old place apart, and one product puts the new one "
        "together. Each order has a size of its own: a row is as long as there are "
        "columns, and a column as long as there are rows. So the two sizes both occur, "
        "one in each step."
    ),
    remark=(
        "This is where every number goes when a transpose is copied: a matrix in "
        "column-major order and its transpose in row-major order are the same list. "
        "Read as the other, no number has to move. Fortran, MATLAB and R count down "
        "the columns; C and, if it is told nothing else, NumPy along the rows."
    ),
    mistakes=[
        Mistake(
            "divides by the wrong size",
            _place_divided_by_the_wrong_size,
            "To find row and column, divide by the length of what lies in one piece. "
            "In row-major order that is a row, and it is as long as there are "
            "*columns*. In a square matrix the two sizes are the same, so that a test "
            "with a square one passes.",
        ),
        Mistake(
            "multiplies by the wrong size",
            _place_times_the_wrong_size,
            "Row and column are right. For the new place multiply by the length of "
            "what lies in one piece there. In column-major order `column` whole "
            "columns come first, each as long as there are *rows*.",
        ),
        Mistake(
            "takes each size, or each order, for the other",
            _place_with_both_sizes_exchanged,
            "A row is as long as there are columns, and a column as long as there are "
            "rows. Divide by the length of what lies in one piece now, and multiply by "
            "the length of what does afterwards. If your sizes are right, look at the "
            "order: `order` says how the list is held *now*, and row-major means that "
            "a row lies in one piece. In a square matrix nobody would have noticed "
            "either.",
        ),
        Mistake(
            "always begins with rows",
            _place_always_from_rows,
            "This is right where the list is in row-major order, whatever `order` "
            "says. In column-major order the quotient by `n_rows` is the column.",
        ),
        Mistake(
            "always begins with columns",
            _place_always_from_columns,
            "This is right where the list is in column-major order, whatever `order` "
            'says. If you do ask: the name is `"row-major"`, with a hyphen.',
        ),
        Mistake(
            "returns the place as it was",
            _place_as_it_is,
            "Row and column were found by the rule of one order and put together by "
            "the same: that undoes it. The new place takes the rule of the other.",
        ),
        Mistake(
            "takes the quotient for the remainder",
            _place_with_the_parts_exchanged,
            "In row-major order the quotient by the length of a row is how many whole "
            "rows come before: that is the row, and the remainder is the column. In "
            "column-major order it is the other way round.",
        ),
        Mistake(
            "counts from 1",
            _place_from_one,
            "The first entry, (0, 0), has number 0: nothing lies before it. The number "
            "of an entry is how many come before it.",
        ),
        Mistake(
            "returns the row and the column",
            _place_of_the_entry,
            "That is half the way: the entry that stands there. Now find its place by "
            "the rule of the other order.",
        ),
        Mistake(
            "divides without rounding down",
            _place_by_true_division,
            "`/` gives a float, with what is left over after the point. How many whole "
            "rows come before is the quotient rounded down, an int: `//`, or `divmod`.",
        ),
        Mistake(
            "returns a float",
            _place_rounded_down_as_float,
            "The number is right, and it is a float. A place in a list is an int: "
            "`//` between ints gives one, and `/` never does.",
        ),
    ],
)


# ---- 2. The product of two tables ----------------------------------------------------


class _Returned:
    """An exception that was returned, where it should have been raised."""

    def __init__(self, error: Any) -> None:
        self.error = error

    def __repr__(self) -> str:
        return show(self.error)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Returned)  # whatever its message says


def _result(result: Any) -> Any:
    """Return it as it is, unless it is an exception."""
    is_error = isinstance(result, BaseException) or (
        isinstance(result, type) and issubclass(result, BaseException)
    )
    return _Returned(result) if is_error else result


_RAISE_IT = (
    "`return ValueError(...)` hands the error over as if it were a result. Whoever "
    "called goes on with it, and fails somewhere else. `raise ValueError(...)` stops "
    "here."
)


def my_matmul(a, b):
    n, m, p = len(a), len(b), len(b[0])
    if len(a[0]) != m:
        raise ValueError(f"{len(a[0])} columns in a, but {m} rows in b")
    out = [[0.0] * p for _ in range(n)]
    for i in range(n):
        for k in range(m):
            for j in range(p):
                out[i][j] += a[i][k] * b[k][j]
    return out


def _compare_the_inner_sizes(a, b):
    if len(a[0]) != len(b):
        raise ValueError("the inner sizes differ")


def _matmul_entry_by_entry(a, b):
    _compare_the_inner_sizes(a, b)
    return [[a[i][j] * b[i][j] for j in range(len(b[0]))] for i in range(len(a))]


def _matmul_entry_by_entry_zipped(a, b):
    _compare_the_inner_sizes(a, b)
    return [
        [x * y for x, y in zip(p, q, strict=False)] for p, q in zip(a, b, strict=False)
    ]


def _matmul_with_rows_of_b(a, b):
    _compare_the_inner_sizes(a, b)
    out = [[0.0] * len(b[0]) for _ in a]
    for i in range(len(a)):
        for j in range(len(b[0])):
            for k in range(len(b)):
                out[i][j] += a[i][k] * b[j][k]
    return out


def _matmul_with_rows_of_b_zipped(a, b):
    _compare_the_inner_sizes(a, b)
    return [
        [sum(x * y for x, y in zip(row, other, strict=False)) for other in b]
        for row in a
    ]


def _matmul_without_a_reset(a, b):
    _compare_the_inner_sizes(a, b)
    out = [[0.0] * len(b[0]) for _ in a]
    total = 0.0
    for i in range(len(a)):
        for j in range(len(b[0])):
            for k in range(len(b)):
                total += a[i][k] * b[k][j]
            out[i][j] = total
    return out


def _matmul_with_a_reset_for_each_row(a, b):
    _compare_the_inner_sizes(a, b)
    out = [[0.0] * len(b[0]) for _ in a]
    for i in range(len(a)):
        total = 0.0
        for j in range(len(b[0])):
            for k in range(len(b)):
                total += a[i][k] * b[k][j]
            out[i][j] = total
    return out


def _matmul_with_one_row_n_times(a, b):
    _compare_the_inner_sizes(a, b)
    out = [[0.0] * len(b[0])] * len(a)
    for i in range(len(a)):
        for j in range(len(b[0])):
            for k in range(len(b)):
                out[i][j] += a[i][k] * b[k][j]
    return out


def _matmul_with_one_row_set(a, b):
    _compare_the_inner_sizes(a, b)
    out = [[0.0] * len(b[0])] * len(a)
    for i in range(len(a)):
        for j in range(len(b[0])):
            out[i][j] = sum(a[i][k] * b[k][j] for k in range(len(b)))
    return out


def _matmul_without_a_sum(a, b):
    _compare_the_inner_sizes(a, b)
    out = [[0.0] * len(b[0]) for _ in a]
    for i in range(len(a)):
        for j in range(len(b[0])):
            for k in range(len(b)):
                out[i][j] = a[i][k] * b[k][j]
    return out


def _matmul_into_the_shape_of_a(a, b):
    _compare_the_inner_sizes(a, b)
    out = [[0.0] * len(a[0]) for _ in a]
    for i in range(len(a)):
        for j in range(len(b[0])):
            for k in range(len(b)):
                out[i][j] += a[i][k] * b[k][j]
    return out


def _matmul_into_the_turned_shape(a, b):
    _compare_the_inner_sizes(a, b)
    out = [[0.0] * len(a) for _ in b[0]]
    for i in range(len(a)):
        for j in range(len(b[0])):
            for k in range(len(b)):
                out[i][j] += a[i][k] * b[k][j]
    return out


def _matmul_turned(a, b):
    return [list(column) for column in zip(*my_matmul(a, b), strict=True)]


def _matmul_returns_in_the_loop(a, b):
    _compare_the_inner_sizes(a, b)
    return my_matmul(a, b)[:1]


def _matmul_over_the_rows_of_a(a, b):
    _compare_the_inner_sizes(a, b)
    out = [[0.0] * len(b[0]) for _ in a]
    for i in range(len(a)):
        for j in range(len(a)):
            for k in range(len(b)):
                out[i][j] += a[i][k] * b[k][j]
    return out


def _matmul_appends_to_one_row(a, b):
    _compare_the_inner_sizes(a, b)
    out = [[]] * len(a)
    for i in range(len(a)):
        for j in range(len(b[0])):
            out[i].append(sum(a[i][k] * b[k][j] for k in range(len(b))))
    return out


def _matmul_without_adding_up(a, b):
    _compare_the_inner_sizes(a, b)
    return [
        [a[i][k] * b[k][j] for j in range(len(b[0])) for k in range(len(b))]
        for i in range(len(a))
    ]


def _matmul_in_one_row(a, b):
    return [entry for row in my_matmul(a, b) for entry in row]


def _matmul_or_none(a, b):
    return None if len(a[0]) != len(b) else my_matmul(a, b)


def _matmul_returns_the_error(a, b):
    return ValueError("sizes") if len(a[0]) != len(b) else my_matmul(a, b)


def _matmul_with_assert(a, b):
    assert len(a[0]) == len(b)
    return my_matmul(a, b)


def _matmul_unchecked(a, b):
    out = [[0.0] * len(b[0]) for _ in a]
    for i in range(len(a)):
        for j in range(len(b[0])):
            for k in range(len(b)):
                out[i][j] += a[i][k] * b[k][j]
    return out


def _matmul_unchecked_along_a(a, b):
    out = [[0.0] * len(b[0]) for _ in a]
    for i in range(len(a)):
        for j in range(len(b[0])):
            for k in range(len(a[0])):
                out[i][j] += a[i][k] * b[k][j]
    return out


def _matmul_unchecked_zipped(a, b):
    return [
        [
            sum(x * y for x, y in zip(row, column, strict=False))
            for column in zip(*b, strict=True)
        ]
        for row in a
    ]


def _matmul_of_one_shape(a, b):
    if len(a) != len(b) or len(a[0]) != len(b[0]):
        raise ValueError("the shapes differ")
    return my_matmul(a, b)


def _matmul_of_fitting_ends(a, b):
    if len(a) != len(b[0]):
        raise ValueError("the outer sizes differ")
    return my_matmul(a, b)


def _matmul_cases() -> Sequence[Case]:
    x = [[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [2.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
    w = [[1.0, -1.0], [0.0, 2.0], [-2.0, 1.0]]
    wide = [[1.0, 0.5, -1.0, 2.0], [2.0, -3.0, 0.25, 1.0], [-1.0, 4.0, 1.5, 0.0]]
    return [
        ([[2.0]], [[3.0]]),
        ([[1.0, 2.0]], [[3.0], [4.0]]),
        ([[1.0], [2.0]], [[3.0, 4.0]]),
        ([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]),
        ([[0.0, 1.0], [1.0, 0.0]], [[0.5, -2.0, 1.0], [3.0, 4.0, -1.0]]),
        (x, w),
        (x[:2], wide),
        ([[1.0, 2.0, 3.0]], [[1.0, 2.0], [3.0, 4.0]]),  # 3 columns, 2 rows
        ([[1.0, 2.0]], [[1.0], [2.0], [3.0]]),  # 2 columns, 3 rows
    ]


MY_MATMUL = Exercise(
    id="matrices/my-matmul",
    title="Multiply two tables in pure Python",
    statement=cleandoc("""
        `a` is a matrix as a list of n rows, each a list of m floats, and `b` is a list
        of m rows, each a list of p floats. Return their product in the same form: n
        lists of p floats. Entry (i, j) is the sum over k of `a[i][k] * b[k][j]`. No
        NumPy and no `Matrix` here. If `a` has not as many columns as `b` has rows,
        raise a `ValueError`. Both have at least one row and one column, and stay as
        they are.
    """),
    stub=cleandoc("""
        def my_matmul(a, b):
            # lists of lists: n x m and m x p -> n x p
            ...
    """),
    reference=my_matmul,
    cases=_matmul_cases,
    call=lambda answer, a, b: _result(answer(a, b)),
    hints=[
        "Do one entry by hand first. For [[1, 2]] and [[3], [4]] there is a single "
        "one: 1 · 3 + 2 · 4. Which loop is that, and which two loops lie around it?",
        "The sizes are `n = len(a)`, `m = len(b)`, `p = len(b[0])`. Three loops, over "
        "i, j and k; before them compare `len(a[0])` with m.",
        "Make a table of zeros that has a list of its own for every row, "
        "`[[0.0] * p for _ in range(n)]`, and in the innermost loop do "
        "`out[i][j] += a[i][k] * b[k][j]`.",
    ],
    comment=(
        "The three loops may stand in any order, since each entry only collects its m "
        "products. With k in the middle the innermost loop runs along a row of `b` and "
        "along a row of `out`, both in the order in which they lie in memory. Rows are "
        "made one by one: `[[0.0] * p] * n` would be one row, n times."
    ),
    remark=(
        "(The check sees the results alone. If NumPy made them, the loops are still to "
        "be written.) Three loops do n · m · p multiplications. For one batch in the "
        "first layer of the digit reader, (64, 784) times (784, 128), that is 6.4 "
        "million: seconds for Python, and in the order of a thousandth of one for "
        "NumPy. Both do the same arithmetic; what differs is all the rest."
    ),
    mistakes=[
        Mistake(
            "multiplies entry by entry",
            _matmul_entry_by_entry,
            "`a[i][j] * b[i][j]` is the elementwise product, of two matrices of one "
            "shape. In the matrix product a whole row of `a` meets a whole column of "
            "`b`, and their products are added up.",
        ),
        Mistake(
            "multiplies rows with rows, entry by entry",
            _matmul_entry_by_entry_zipped,
            "To go through `a` and `b` side by side gives the elementwise product, cut "
            "to what both have. In the matrix product every row of `a` meets every "
            "column of `b`, and the products are added up.",
        ),
        Mistake(
            "takes rows of b for its columns",
            _matmul_with_rows_of_b,
            "With `b[j][k]` the j-th *row* of `b` is read: that is the product with "
            "the transpose of `b`. The sum over k goes down a column: `b[k][j]`.",
        ),
        Mistake(
            "lets rows of a meet rows of b",
            _matmul_with_rows_of_b_zipped,
            "`for ... in b` goes through the rows of `b`, and each row of `a` has to "
            "meet its columns. `zip(*b)` gives the columns.",
        ),
        Mistake(
            "never sets the sum back to 0",
            _matmul_without_a_reset,
            "The first entry is right, and every later one holds all the earlier sums "
            "as well. Each entry is a sum of its own: `total = 0.0` belongs inside "
            "the loop over j.",
        ),
        Mistake(
            "sets the sum back to 0 once for each row",
            _matmul_with_a_reset_for_each_row,
            "The first entry of each row is right, and the next hold the sums before "
            "them as well. `total = 0.0` belongs one loop further in, inside that "
            "over j.",
        ),
        Mistake(
            "adds into one row that stands n times in the list",
            _matmul_with_one_row_n_times,
            "`[[0.0] * p] * n` makes one row, and a list that names it n times: what "
            "is added to one row is added to all. Make each row anew: "
            "`[[0.0] * p for _ in range(n)]`.",
        ),
        Mistake(
            "writes into one row that stands n times in the list",
            _matmul_with_one_row_set,
            "All rows of the result are the last one. `[[0.0] * p] * n` makes one row, "
            "and a list that names it n times. Make each row anew: "
            "`[[0.0] * p for _ in range(n)]`.",
        ),
        Mistake(
            "keeps the last product only",
            _matmul_without_a_sum,
            "With `=` every product overwrites the one before it. An entry is the sum "
            "of m products: `+=`.",
        ),
        Mistake(
            "makes a result of the shape of a",
            _matmul_into_the_shape_of_a,
            "The product has as many rows as `a` and as many columns as `b`. The "
            "columns of `a` are what is summed over: they are gone afterwards.",
        ),
        Mistake(
            "makes a result with its sizes the wrong way round",
            _matmul_into_the_turned_shape,
            "The result has n rows of p entries: `[[0.0] * p for _ in range(n)]`. The "
            "length of a row comes first there, and how many rows comes last.",
        ),
        Mistake(
            "returns the transpose",
            _matmul_turned,
            "The numbers are right, and rows and columns are exchanged. Row i of the "
            "result belongs to row i of `a`.",
        ),
        Mistake(
            "returns after the first row",
            _matmul_returns_in_the_loop,
            "The first row is right, and the others are missing: does the `return` "
            "stand inside the loop over i?",
        ),
        Mistake(
            "takes as many columns as a has rows",
            _matmul_over_the_rows_of_a,
            "j runs over the columns of `b`, and there are `len(b[0])` of them. With "
            "`len(a)` some columns are left at 0, or the loop runs past the end.",
        ),
        Mistake(
            "appends to one row that stands n times in the list",
            _matmul_appends_to_one_row,
            "`[[]] * n` makes one list, and a list that names it n times: what is "
            "appended to one row is appended to all. Make each row anew: "
            "`[[] for _ in range(n)]`.",
        ),
        Mistake(
            "does not add the products up",
            _matmul_without_adding_up,
            "All the products are there, one after the other. The m products of a row "
            "and a column are added into one entry.",
        ),
        Mistake(
            "puts all entries into one list",
            _matmul_in_one_row,
            "The entries are right, and stand in a single list. Asked is a list for "
            "each row: begin a new one inside the loop over i.",
        ),
        Mistake(
            "returns None where the sizes do not fit",
            _matmul_or_none,
            "Whoever gets a None goes on with it, and fails somewhere else, if at all. "
            "An error stops at the place of the mistake: `raise ValueError(...)`.",
        ),
        Mistake(
            "returns the error and does not raise it",
            _matmul_returns_the_error,
            _RAISE_IT,
        ),
        Mistake(
            "asserts that the sizes fit",
            _matmul_with_assert,
            "`assert` raises an `AssertionError`, and `python -O` leaves it out. It is "
            "for what cannot be wrong. What a caller may get wrong is tested with "
            "`if`, and answered with `raise ValueError(...)`.",
        ),
        Mistake(
            "does not compare the inner sizes",
            _matmul_unchecked,
            "Where the sizes fit, all is right. Where they do not, a sum over the rows "
            "of `b` either leaves a part of `a` out, and nobody learns of it, or runs "
            "past its end. Compare `len(a[0])` with `len(b)` first, and raise a "
            "`ValueError`.",
        ),
        Mistake(
            "does not compare the inner sizes, and runs along a",
            _matmul_unchecked_along_a,
            "Where the sizes fit, all is right. Where they do not, a sum over the "
            "columns of `a` either leaves a part of `b` out, and nobody learns of it, "
            "or runs past its end. Compare `len(a[0])` with `len(b)` first, and raise "
            "a `ValueError`.",
        ),
        Mistake(
            "lets zip cut what is too long",
            _matmul_unchecked_zipped,
            "Where the sizes fit, all is right. Where they do not, `zip` ends with the "
            "shorter of the two, and the rest is left out without a word. Compare "
            "`len(a[0])` with `len(b)` first; `zip(..., strict=True)` raises a "
            "`ValueError` by itself.",
        ),
        Mistake(
            "demands two matrices of one shape",
            _matmul_of_one_shape,
            "That is what the elementwise product demands. The matrix product needs "
            "as many columns in `a` as rows in `b`: `len(a[0])` and `len(b)`.",
        ),
        Mistake(
            "compares the outer sizes",
            _matmul_of_fitting_ends,
            "The sizes that must agree are those that meet in the middle, of (n, m) "
            "and (m, p): `len(a[0])` and `len(b)`. The outer two are free.",
        ),
    ],
)


# ---- 3. Strides ----------------------------------------------------------------------


def predict_strides(shape, itemsize):
    _, n_columns = shape  # how many rows there are does not matter
    down, right = n_columns * itemsize, itemsize
    return (down, right), (right, down), (2 * down, right), (down, -right)


def _strides_but(place: int, value: Any, shape: Any, itemsize: int) -> tuple[Any, ...]:
    right = predict_strides(shape, itemsize)
    return tuple(value if i == place else strides for i, strides in enumerate(right))


def _strides_in_entries(shape, itemsize):
    return predict_strides(shape, 1)


def _strides_over_columns(shape, itemsize):
    return predict_strides(shape[::-1], itemsize)


def _strides_columns_first(shape, itemsize):
    return tuple(strides[::-1] for strides in predict_strides(shape, itemsize))


def _strides_of_t_as_if_copied(shape, itemsize):
    return _strides_but(1, (shape[0] * itemsize, itemsize), shape, itemsize)


def _strides_of_t_as_before(shape, itemsize):
    return _strides_but(1, (shape[1] * itemsize, itemsize), shape, itemsize)


def _strides_of_shorter_rows(shape, itemsize):
    strides = (2 * (shape[1] - 1) * itemsize, itemsize)
    return _strides_but(2, strides, shape, itemsize)


def _strides_of_a_copied_slice(shape, itemsize):
    strides = ((shape[1] - 1) * itemsize, itemsize)
    return _strides_but(2, strides, shape, itemsize)


def _strides_doubled_both(shape, itemsize):
    strides = (2 * shape[1] * itemsize, 2 * itemsize)
    return _strides_but(2, strides, shape, itemsize)


def _strides_doubled_on_the_right(shape, itemsize):
    strides = (shape[1] * itemsize, 2 * itemsize)
    return _strides_but(2, strides, shape, itemsize)


def _strides_not_doubled(shape, itemsize):
    return _strides_but(2, (shape[1] * itemsize, itemsize), shape, itemsize)


def _strides_halved(shape, itemsize):
    return _strides_but(2, (shape[1] * itemsize // 2, itemsize), shape, itemsize)


def _strides_never_negative(shape, itemsize):
    return _strides_but(3, (shape[1] * itemsize, itemsize), shape, itemsize)


def _strides_of_rows_reversed(shape, itemsize):
    return _strides_but(3, (-shape[1] * itemsize, itemsize), shape, itemsize)


def _strides_all_reversed(shape, itemsize):
    return _strides_but(3, (-shape[1] * itemsize, -itemsize), shape, itemsize)


def _strides_of_t_over_columns(shape, itemsize):
    return _strides_but(1, (itemsize, shape[0] * itemsize), shape, itemsize)


def _strides_of_the_reverse_exchanged(shape, itemsize):
    return _strides_but(3, (itemsize, shape[1] * itemsize), shape, itemsize)


def _strides_from_where_it_begins(shape, itemsize):
    strides = ((2 * shape[1] + 1) * itemsize, itemsize)
    return _strides_but(2, strides, shape, itemsize)


_PAIRS = [f"the pair for `{x}`" for x in ("x", "x.T", "x[::2, 1:]", "x[:, ::-1]")]


def _wrong_pair(result: Any, shape: tuple[int, int], itemsize: int) -> str | None:
    """What is wrong with the first pair that is; of several, why."""
    right = predict_strides(shape, itemsize)
    fault = difference(result, right, 0.0, parts=_PAIRS)
    if fault is None:
        return None
    if fault.kind != "values":
        return fault.text
    wrong = [i for i, pair in enumerate(right) if difference(result[i], pair, 0.0)]
    first = wrong[0]
    text = f"{_PAIRS[first]} is {right[first]}, and not {show(result[first])}."
    text = text[0].upper() + text[1:]
    if len(wrong) > 1:  # one alone is recognised as a known mistake
        for mistake in STRIDES.mistakes:
            its = mistake.answer(shape, itemsize)
            if its[0] == right[0] and not difference(its[first], result[first], 0.0):
                return f"{text} {mistake.diagnosis}"
    return text


STRIDES = Exercise(
    id="matrices/strides",
    title="Predict the strides",
    statement=cleandoc("""
        `x` is an array of `shape = (n_rows, n_columns)` in row-major order, and each of
        its entries takes `itemsize` bytes. Without making it, return the strides of
        `x`, of `x.T`, of `x[::2, 1:]` (every second row, without the first column) and
        of `x[:, ::-1]` (the columns in reverse). None of them copies `x`. That makes a
        tuple of four tuples of two integers, in bytes. `x` has at least three rows and
        three columns.
    """),
    stub=cleandoc("""
        def predict_strides(shape, itemsize):
            # shape: (n_rows, n_columns), itemsize: bytes of an entry
            # -> strides of x, of x.T, of x[::2, 1:], of x[:, ::-1]
            ...
    """),
    reference=predict_strides,
    judge=_wrong_pair,
    cases=lambda: [
        ((3, 4), 8),
        ((4, 3), 8),
        ((3, 3), 4),
        ((5, 6), 1),
        ((4, 784), 4),
        ((60_000, 784), 4),
    ],
    hints=[
        "A stride answers: from one entry to the next along this axis, how many bytes "
        "further does it lie? The first number is for the way down, the second for the "
        "way to the right.",
        "All four look at the same bytes, which nobody moves. So begin with the "
        "strides of `x`, and ask of each view which step it takes in `x`. Where a view "
        "begins is not a stride.",
        "With `down = n_columns * itemsize` and `right = itemsize`: `x.T` exchanges "
        "the two, every second row doubles `down`, and a reversed axis has its stride "
        "negative.",
    ],
    comment=(
        "Slicing multiplies the stride of an axis by the step of the slice, "
        "and transposing exchanges two. Both change the few numbers that "
        "describe the array, never the bytes. A slice's start changes one more: the "
        "address of the first entry. For `x[:, ::-1]` that is the last of row 0, from "
        "which a negative stride leads back. Whether the rows become shorter, "
        "as in `1:`, is a matter of the shape."
    ),
    remark=(
        "A stride can also be 0: with a float32 bias, `np.broadcast_to(b, (64, 128))` "
        "is a view with strides (0, 4), in which all 64 rows are the same bytes. That "
        "is how a bias is added to every row of a batch without 64 copies of it."
    ),
    mistakes=[
        Mistake(
            "counts entries",
            _strides_in_entries,
            "Strides are in bytes, and an entry takes `itemsize` of them. In float32 "
            "the next entry on the right is 4 bytes on.",
        ),
        Mistake(
            "steps over a column to get to the next row",
            _strides_over_columns,
            "From one row to the next lies a row, and its length is the number of "
            "columns. With the number of rows a square array comes out right, and no "
            "other.",
        ),
        Mistake(
            "names the columns first",
            _strides_columns_first,
            "Strides stand in the order of the shape: rows, then columns. The first "
            "number is the way from a row to the next, the long one in row-major "
            "order.",
        ),
        Mistake(
            "takes x.T as if it were laid out anew",
            _strides_of_t_as_if_copied,
            "Those would be the strides of `x.T.copy()`. `x.T` moves nothing: its rows "
            "are the columns of `x`, and lie where they lay. The two strides are "
            "exchanged.",
        ),
        Mistake(
            "leaves the strides of x.T as they were",
            _strides_of_t_as_before,
            "The next row of `x.T` is the next column of `x`, and that is one entry "
            "on. The two strides are exchanged, as the two sizes are.",
        ),
        Mistake(
            "steps over a column in x.T",
            _strides_of_t_over_columns,
            "The way to the right in `x.T` is the way down in `x`: a whole row of "
            "`x`, and that has n_columns entries. How many rows there are appears in "
            "no stride.",
        ),
        Mistake(
            "makes the rows of the slice shorter in memory",
            _strides_of_shorter_rows,
            "`x[::2, 1:]` shows one column less, and that column is still there, in "
            "the bytes between. From a row of `x` to the one after the next it is two "
            "whole rows of `x`.",
        ),
        Mistake(
            "takes the slice as if it were laid out anew",
            _strides_of_a_copied_slice,
            "Those would be the strides of a copy, in which the chosen rows lie side "
            "by side. The slice is a view: what it leaves out still lies between, so "
            "the way to the next row is two whole rows of `x`.",
        ),
        Mistake(
            "doubles both strides of the slice",
            _strides_doubled_both,
            "The step of 2 is that of the rows. The columns have `1:`, which is where "
            "they begin, with a step of 1.",
        ),
        Mistake(
            "doubles the stride of the columns",
            _strides_doubled_on_the_right,
            "`::2` stands in the first place, and that is the axis of the rows. The "
            "columns have `1:`, which is where they begin, with a step of 1.",
        ),
        Mistake(
            "does not see the step of 2",
            _strides_not_doubled,
            "`::2` takes every second row. The next row of the slice is two rows of "
            "`x` further on.",
        ),
        Mistake(
            "halves the stride of the rows",
            _strides_halved,
            "The slice has half as many rows. The way from one of them to the next "
            "is twice as long.",
        ),
        Mistake(
            "adds where the slice begins",
            _strides_from_where_it_begins,
            "`1:` moves the first entry by one, and every row with it. From row to row "
            "the way stays what it was: two whole rows of `x`.",
        ),
        Mistake(
            "has no negative stride",
            _strides_never_negative,
            "The next entry on the right of `x[:, ::-1]` is the one on the left in "
            "`x`: it lies `itemsize` bytes *before*. A stride may be negative.",
        ),
        Mistake(
            "takes the reverse for a transpose",
            _strides_of_the_reverse_exchanged,
            "`::-1` turns the order along one axis round, and exchanges no axes. The "
            "rows keep their stride, and the columns have theirs backwards: negative.",
        ),
        Mistake(
            "reverses the rows",
            _strides_of_rows_reversed,
            "`::-1` stands in the second place of `x[:, ::-1]`: the columns are "
            "reversed, and the rows stay.",
        ),
        Mistake(
            "reverses both axes",
            _strides_all_reversed,
            "`x[:, ::-1]` reverses the columns. The rows have `:`, all of them in "
            "their order.",
        ),
    ],
)


# ---- 4. Two views --------------------------------------------------------------------


class _Seen:
    """What was returned, and of which parts of it the memory is that of x."""

    def __init__(self, result: Any, x: Array) -> None:
        self.result = result
        parts = result if isinstance(result, tuple | list) else [result]
        self.shared = [
            isinstance(part, np.ndarray) and np.shares_memory(part, x) for part in parts
        ]

    def __repr__(self) -> str:
        parts = self.result
        if isinstance(parts, tuple) and all(isinstance(p, np.ndarray) for p in parts):
            lists = [f"array({p.tolist()})" for p in parts]  # a line each
            return "(" + ",\n ".join(lists) + ")"
        return show(parts)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Seen)
            and self.shared == other.shared
            and difference(self.result, other.result, 0.0) is None
        )


def two_views(x):
    as_strided = np.lib.stride_tricks.as_strided
    (n, m), (down, right) = x.shape, x.strides
    transposed = as_strided(x, (m, n), (right, down))
    diagonal = as_strided(x, (min(n, m),), (down + right,))
    return transposed, diagonal


def _strided(x: Array, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    return np.lib.stride_tricks.as_strided(x, shape, strides)


def _views_of_copies(x):
    return x.T.copy(), x.diagonal().copy()


def _views_entry_by_entry(x):
    n, m = x.shape
    transposed = np.zeros((m, n), dtype=x.dtype)
    for i in range(n):
        for j in range(m):
            transposed[j, i] = x[i, j]
    return transposed, two_views(x)[1]


def _views_with_a_copied_diagonal(x):
    diagonal = np.array([x[i, i] for i in range(min(x.shape))])
    return two_views(x)[0], diagonal


def _views_reshaped(x):
    return x.reshape(x.shape[::-1]), two_views(x)[1]


def _views_with_their_shape_turned(x):
    return _strided(x, x.shape[::-1], x.strides), two_views(x)[1]


def _views_with_their_strides_turned(x):
    return _strided(x, x.shape, x.strides[::-1]), two_views(x)[1]


def _views_of_one_piece(x):
    n, m = x.shape
    size = x.itemsize
    return (
        _strided(x, (m, n), (size, m * size)),
        _strided(x, (min(n, m),), ((m + 1) * size,)),
    )


def _views_transposed_of_one_piece(x):
    n, m = x.shape
    return _strided(x, (m, n), (x.itemsize, m * x.itemsize)), two_views(x)[1]


def _views_diagonal_of_one_piece(x):
    n, m = x.shape
    diagonal = _strided(x, (min(n, m),), ((m + 1) * x.itemsize,))
    return two_views(x)[0], diagonal


def _views_right_by_an_entry(x):
    (n, m), (down, _) = x.shape, x.strides
    size = x.itemsize
    return _strided(x, (m, n), (size, down)), _strided(x, (min(n, m),), (down + size,))


def _views_transposed_right_by_an_entry(x):
    strides = x.itemsize, x.strides[0]
    return _strided(x, x.shape[::-1], strides), two_views(x)[1]


def _views_diagonal_right_by_an_entry(x):
    diagonal = _strided(x, (min(x.shape),), (x.strides[0] + x.itemsize,))
    return two_views(x)[0], diagonal


def _views_exchanged(x):
    return two_views(x)[::-1]


def _views_flattened(x):
    flat = x.reshape(-1)
    return two_views(x)[0], flat[:: x.shape[1] + 1][: min(x.shape)]


def _views_flattened_to_the_end(x):
    return two_views(x)[0], x.reshape(-1)[:: x.shape[1] + 1]


def _views_in_entries(x):
    n, m = x.shape
    return _strided(x, (m, n), (1, m)), _strided(x, (min(n, m),), (m + 1,))


def _views_diagonal_in_entries(x):
    return two_views(x)[0], _strided(x, (min(x.shape),), (x.shape[1] + 1,))


def _views_by_eighths(x):
    down, right = (stride // 8 for stride in x.strides)
    return _strided(x, x.shape[::-1], (right, down)), _strided(
        x, (min(x.shape),), (down + right,)
    )


def _views_by_the_itemsize(x):
    down, right = (stride // x.itemsize for stride in x.strides)
    return _strided(x, x.shape[::-1], (right, down)), _strided(
        x, (min(x.shape),), (down + right,)
    )


def _views_with_a_number_for_a_tuple(x):
    return two_views(x)[0], _strided(x, (min(x.shape),), sum(x.strides))


def _views_diagonal_of_n(x):
    return two_views(x)[0], _strided(x, x.shape[:1], (sum(x.strides),))


def _views_diagonal_of_m(x):
    return two_views(x)[0], _strided(x, x.shape[1:], (sum(x.strides),))


def _views_first_column(x):
    return two_views(x)[0], _strided(x, (min(x.shape),), (x.strides[0],))


def _views_first_row(x):
    return two_views(x)[0], _strided(x, (min(x.shape),), (x.strides[1],))


_NAMES_OF_VIEWS = ["the transpose", "the diagonal"]


def _no_view(seen: _Seen, x: Array) -> str | None:
    """What is wrong with the two, in words of the task."""
    expected = (x.T, x.diagonal())
    fault = difference(seen.result, expected, 0.0, parts=_NAMES_OF_VIEWS)
    if fault is not None:
        return fault.text
    copied = [
        name
        for name, shared in zip(_NAMES_OF_VIEWS, seen.shared, strict=True)
        if not shared
    ]
    if copied:
        which = " and ".join(copied)
        verb = "is a copy" if len(copied) == 1 else "are copies"
        text = f"{which} {verb}: the numbers are right, and lie elsewhere than in `x`."
        return text[0].upper() + text[1:]
    return None


def _views_cases() -> Sequence[Case]:
    def table(n: int, m: int, dtype: str = "float64") -> Array:
        """Return a table amid other numbers, for the strides that lead out of it."""
        memory = np.arange(-5000, 5000, dtype=dtype) / 4
        return memory[5004 : 5004 + n * m].reshape(n, m)

    return [
        (table(2, 3),),
        (table(3, 2),),
        (table(3, 3),),
        (table(4, 6)[::2, ::2],),  # strides of its own
        (table(7, 4, "float32"),),
        (table(4, 6).T,),
        (table(4, 5)[:, ::-1],),
    ]


TWO_VIEWS = Exercise(
    id="matrices/two-views",
    title="Transpose without copying",
    statement=cleandoc("""
        Return the transpose of an array and its diagonal, as a tuple of two views that
        share its memory: not one number is copied, and there is no loop. NumPy has
        both ready, `x.T` and `x.diagonal()`. Here you make them from nothing but a
        shape and strides: `np.lib.stride_tricks.as_strided(x, shape, strides)` returns
        a view that begins where `x` begins. `x` has shape (n, m), and need not lie in
        one piece: it may be a slice of a larger array, or a transpose. The results have
        shapes (m, n) and (min(n, m),).
    """),
    stub=cleandoc("""
        def two_views(x):
            # x: (n, m) -> views of shapes (m, n) and (min(n, m),), made by
            # np.lib.stride_tricks.as_strided(x, shape, strides)
            ...
    """),
    reference=two_views,
    cases=_views_cases,
    call=lambda answer, x: _Seen(answer(x), x),
    judge=_no_view,
    hints=[
        "`x.strides` says how many bytes it is from an entry to the one below, and to "
        "the one on its right. In the transpose, what is below, and what is on the "
        "right?",
        "The transpose has the shape in reverse, and the strides in reverse. For the "
        "diagonal there is one axis only: from x[0, 0] to x[1, 1] one goes one step "
        "down and one to the right. How many bytes is that?",
        "With `down, right = x.strides` the diagonal has the stride `down + right`, "
        "and the shape is `(min(n, m),)`, with a comma: a tuple of one.",
    ],
    comment=(
        "Take the strides from `x.strides` and never from the shape: a slice or a "
        "transpose has others than an array that lies in one piece. `as_strided` "
        "believes whatever it is told. With a wrong shape or stride it reads memory "
        "that does not belong to `x`, and shows what happens to lie there, which is "
        "why it is kept in a corner of NumPy."
    ),
    remark=(
        "(The check sees two views, and not how they were made. If they are `x.T` and "
        "`x.diagonal()`, the strides are still to be found.) Those two exchange "
        "strides and add them, in the same time for six numbers and for six million. "
        "The bill comes later: whoever reads the rows of `x.T` one by one reads "
        "columns of `x`. Whether that is dear is the question of exercise 7."
    ),
    mistakes=[
        Mistake(
            "copies both",
            _views_of_copies,
            "`.copy()`, `np.array(...)`, a loop and `np.ascontiguousarray` lay numbers "
            "out anew. A view has a shape and strides of its own, and reads the bytes "
            "of `x`.",
        ),
        Mistake(
            "copies the transpose",
            _views_entry_by_entry,
            "Every number was moved into a new array, n · m of them. A view of `x` "
            "with shape (m, n) and the two strides exchanged needs none of that.",
        ),
        Mistake(
            "copies the diagonal",
            _views_with_a_copied_diagonal,
            "`np.array([...])` makes a new array. The entries of the diagonal lie at "
            "equal distances in memory, so that a single stride reaches them all.",
        ),
        Mistake(
            "reshapes instead of transposing",
            _views_reshaped,
            "`reshape` keeps the order of the numbers and cuts it into rows of another "
            "length. The transpose reads them in another order: x[i, j] becomes "
            "[j, i].",
        ),
        Mistake(
            "turns the shape and not the strides",
            _views_with_their_shape_turned,
            "With the strides of `x` the next row is still a whole row of `x` further "
            "on, and the last rows may even lie beyond its end. The next row of the "
            "transpose is the next *column* of `x`.",
        ),
        Mistake(
            "turns the strides and not the shape",
            _views_with_their_strides_turned,
            "The strides are exchanged, and the transpose has as many rows as `x` has "
            "columns: its shape is (m, n).",
        ),
        Mistake(
            "takes x to lie in one piece",
            _views_of_one_piece,
            "`m * itemsize` is the way to the next row only where rows follow one "
            "another without a gap. A slice leaves something out between them, and a "
            "transpose has its columns in one piece. Take the strides from "
            "`x.strides`.",
        ),
        Mistake(
            "takes x to lie in one piece, for its transpose",
            _views_transposed_of_one_piece,
            "`(itemsize, m * itemsize)` are the strides of the transpose only where "
            "the rows of `x` follow one another without a gap. Take them from "
            "`x.strides`, in reverse.",
        ),
        Mistake(
            "takes x to lie in one piece, for its diagonal",
            _views_diagonal_of_one_piece,
            "`(m + 1) * itemsize` is the way along the diagonal only where the rows of "
            "`x` follow one another without a gap. In general it is one step down and "
            "one to the right, both from `x.strides`.",
        ),
        Mistake(
            "takes one step to the right for one entry",
            _views_right_by_an_entry,
            "One step to the right is `itemsize` bytes only where the entries of a row "
            "lie side by side. In a slice with a step, in a transpose and in a "
            "reversed row they do not. Take both strides from `x.strides`.",
        ),
        Mistake(
            "takes one step to the right for one entry, in the transpose",
            _views_transposed_right_by_an_entry,
            "The way down in the transpose is the way to the right in `x`. That is "
            "`itemsize` bytes only where the entries of a row lie side by side, and in "
            "a slice with a step or a reversed row they do not. Exchange the two "
            "strides of `x.strides`.",
        ),
        Mistake(
            "takes one step to the right for one entry, along the diagonal",
            _views_diagonal_right_by_an_entry,
            "One step to the right is `itemsize` bytes only where the entries of a row "
            "lie side by side. In a slice with a step, in a transpose and in a "
            "reversed row they do not. Add the two strides of `x.strides`.",
        ),
        Mistake(
            "returns the diagonal first",
            _views_exchanged,
            "Both views are right, and they come in the other order. The transpose is "
            "the first of the two, and the diagonal the second.",
        ),
        Mistake(
            "flattens x for its diagonal",
            _views_flattened,
            "Of an array that lies in one piece `reshape(-1)` and `ravel` give a view; "
            "of a slice or a transpose they have to copy. (`flatten` always does.) One "
            "stride, made of the two of `x`, does it without.",
        ),
        Mistake(
            "flattens x for its diagonal, and goes on to its end",
            _views_flattened_to_the_end,
            "Of a slice or a transpose `reshape(-1)` is a copy. And of a tall array "
            "every (m + 1)-th entry leads past the end of the diagonal, which has "
            "min(n, m) entries.",
        ),
        Mistake(
            "gives the strides in entries",
            _views_in_entries,
            "Strides are bytes. One byte on from a float64 lie seven bytes of it and "
            "one of its neighbour, and that reads as nonsense. `x.strides` has bytes.",
        ),
        Mistake(
            "gives the stride of the diagonal in entries",
            _views_diagonal_in_entries,
            "In an array that lies in one piece the next entry of the diagonal is m + "
            "1 entries on, and strides are bytes. Use `x.strides`, and add the two.",
        ),
        Mistake(
            "divides the strides by 8",
            _views_by_eighths,
            "`as_strided` takes strides in bytes, and `x.strides` has them in bytes. "
            "Hand them on as they are.",
        ),
        Mistake(
            "divides the strides by the size of an entry",
            _views_by_the_itemsize,
            "`as_strided` takes strides in bytes, and `x.strides` has them in bytes. "
            "Hand them on as they are.",
        ),
        Mistake(
            "gives a number where a tuple is asked for",
            _views_with_a_number_for_a_tuple,
            "`as_strided` takes a tuple for the shape and one for the strides, and "
            "parentheses alone make none: `(down + right)` is a number, over which "
            "NumPy cannot iterate. With a comma, `(down + right,)`, it is a tuple of "
            "one.",
        ),
        Mistake(
            "makes a diagonal as long as there are rows",
            _views_diagonal_of_n,
            "Where there are more rows than columns the diagonal ends with the "
            "columns. It has min(n, m) entries; beyond them `as_strided` reads on, "
            "past the end.",
        ),
        Mistake(
            "makes a diagonal as long as there are columns",
            _views_diagonal_of_m,
            "Where there are more columns than rows the diagonal ends with the "
            "rows. It has min(n, m) entries; beyond them `as_strided` reads on, past "
            "the end.",
        ),
        Mistake(
            "goes down the first column",
            _views_first_column,
            "With the stride of the rows alone each step goes straight down. Along the "
            "diagonal it goes down and to the right: add both strides.",
        ),
        Mistake(
            "goes along the first row",
            _views_first_row,
            "With the stride of the columns alone each step goes to the right. Along "
            "the diagonal it goes down as well: add both strides.",
        ),
    ],
)


# ---- 5. The sum of each column -------------------------------------------------------


def sum_of_columns(x):
    total = np.zeros(x.shape[1], dtype=x.dtype)
    for row in x:
        total += row
    return total


def _sum_of_rows(x):
    return x.sum(axis=1)


def _sum_of_all(x):
    return x.sum()


def _sum_with_its_axis_kept(x):
    return x.sum(axis=0, keepdims=True)


def _sum_as_a_mean(x):
    return x.mean(axis=0)


def _sum_into_the_first_row(x):
    total = x[0]
    for row in x[1:]:
        total += row
    return total


def _sum_with_the_first_row_twice(x):
    total = x[0].copy()
    for row in x:
        total += row
    return total


def _sum_with_starred_zeros(x):
    total = np.zeros(*x.shape)
    for row in x:
        total += row
    return total


def _sum_into_a_table(x):
    total = np.zeros(x.shape, dtype=x.dtype)
    for row in x:
        total += row
    return total


def _sum_as_long_as_a_column(x):
    total = np.zeros(x.shape[0], dtype=x.dtype)
    for row in x:
        total += row
    return total


def _sum_in_float64(x):
    total = np.zeros(x.shape[1])
    for row in x:
        total += row
    return total


def _sum_in_integers(x):
    total = np.zeros(x.shape[1], dtype=int)
    for row in x:
        total += row
    return total


def _sum_of_the_last(x):
    for row in x:
        total = row.copy()
    return total


def _sum_without_the_first(x):
    total = np.zeros(x.shape[1], dtype=x.dtype)
    for i in range(1, len(x)):
        total += x[i]
    return total


def _sum_without_the_last(x):
    total = np.zeros(x.shape[1], dtype=x.dtype)
    for i in range(len(x) - 1):
        total += x[i]
    return total


def _sum_over_the_wrong_range(x):
    total = np.zeros(x.shape[1], dtype=x.dtype)
    for i in range(x.shape[1]):
        total += x[i]
    return total


def _sum_returned_in_the_loop(x):
    return x[0].copy()


def _sum_cases() -> Sequence[Case]:
    rng = np.random.default_rng(5)

    def table(n: int, m: int, dtype: str = "float64") -> Array:
        return (rng.integers(-40, 40, (n, m)) / 8).astype(dtype)

    return [
        (np.array([[1.0, 2.0], [3.0, 5.0]]),),
        (np.array([[1.0, 2.0, 4.0], [10.0, 20.0, 40.0]]),),
        (table(4, 2),),
        (table(5, 5),),
        (table(6, 3, "float32"),),
        (table(7, 64).T,),
        (table(64, 10),),
    ]


SUM_OF_COLUMNS = Exercise(
    id="matrices/sum-of-columns",
    title="The sum of each column, row by row",
    statement=cleandoc("""
        Return the sum of each column of `x`, an array of floats of shape (n, m) with at
        least two rows. The result has shape (m,) and the dtype of `x`, and `x` stays as
        it is. Do not go down one column after the other: go through the rows as they
        lie in memory, and add each to a total. (The check sees the sums alone, and so
        accepts any order, and `x.sum(axis=0)`. Write that loop once.)
    """),
    stub=cleandoc("""
        def sum_of_columns(x):
            # x: (n, m) -> the m sums, of the dtype of x
            ...
    """),
    reference=sum_of_columns,
    cases=_sum_cases,
    hints=[
        "How many totals are there, and what are they before the first row?",
        "`for row in x:` goes through the rows, each an array of shape (m,). Two "
        "arrays of that shape can be added as they are.",
        "Begin with `total = np.zeros(x.shape[1], dtype=x.dtype)`, and in the loop do "
        "`total += row`.",
    ],
    comment=(
        "One loop, over rows; the addition of a row runs in NumPy, along memory. "
        "Zeros come first, rather than `x[0]`, since `total = x[0]` would be a view of "
        "the first row, and `+=` would write into `x`. `np.zeros_like(x[0])` knows "
        "shape and dtype in one."
    ),
    remark=(
        "(The check sees the sums alone, and not the order of the additions. If they "
        "went down one column after the other, write the loop over rows as well.) The "
        "axis that is named is the one that disappears: `x.sum(axis=0)` adds along "
        "the rows' axis, and the m columns remain. In chapter 3 the gradient of a bias "
        "is such a sum of the rows of a batch, db = ΣG, and a bias that was added to "
        "every row gets something back from every row."
    ),
    mistakes=[
        Mistake(
            "sums each row",
            _sum_of_rows,
            "`axis=1` is the axis that is summed over and disappears: one number for "
            "each row remains. Asked is one for each column, so the rows' axis, 0, has "
            "to go.",
        ),
        Mistake(
            "sums everything",
            _sum_of_all,
            "Without an axis `sum` adds all numbers into one. A sum for each column is "
            "m numbers.",
        ),
        Mistake(
            "keeps the summed axis",
            _sum_with_its_axis_kept,
            "The sums are right, and stand in a table of one row. Asked is shape (m,): "
            "leave `keepdims` away. `column_sum` for `Matrix` gives such a row, "
            "as everything there has two axes.",
        ),
        Mistake(
            "takes the mean",
            _sum_as_a_mean,
            "This is the sum divided by the number of rows. Asked is the sum itself: "
            "leave the division away.",
        ),
        Mistake(
            "adds into the first row of x",
            _sum_into_the_first_row,
            "`total = x[0]` is a view, and no copy: `total += row` writes into `x`. "
            "Begin with zeros, or with `x[0].copy()`.",
        ),
        Mistake(
            "counts the first row twice",
            _sum_with_the_first_row_twice,
            "The total begins with the first row, and the loop adds it once more. "
            "Begin with zeros. (With `total = x[0]` it is a view besides, and `+=` "
            "writes into `x`.)",
        ),
        Mistake(
            "gives zeros a size too many",
            _sum_with_starred_zeros,
            "`np.zeros(*x.shape)` is `np.zeros(n, m)`, and the second argument of "
            "`zeros` is a dtype. A shape is one argument, a tuple, "
            "`np.zeros(x.shape)`; and the totals are not a table but m numbers: "
            "`np.zeros(x.shape[1])`.",
        ),
        Mistake(
            "keeps a total in every row",
            _sum_into_a_table,
            "The total has the shape of `x`, so that each row was added to all of its "
            "rows: the sums are right, n times over. One row of totals is enough: "
            "`np.zeros(x.shape[1], dtype=x.dtype)`.",
        ),
        Mistake(
            "makes as many totals as there are rows",
            _sum_as_long_as_a_column,
            "`x.shape[0]` is the number of rows. There is a total for each column: "
            "`x.shape[1]` of them. With a square `x` nobody would have noticed.",
        ),
        Mistake(
            "turns float32 into float64",
            _sum_in_float64,
            "`np.zeros(m)` is float64 whatever `x` is. Give it the dtype: "
            "`np.zeros(m, dtype=x.dtype)`, or `np.zeros_like(x[0])`.",
        ),
        Mistake(
            "makes integer totals",
            _sum_in_integers,
            "Into an array of integers NumPy adds no floats in place: they would lose "
            "what comes after the point. Give the zeros the dtype of `x`.",
        ),
        Mistake(
            "keeps the last row only",
            _sum_of_the_last,
            "`total = row` replaces what was there; `total += row` adds to it.",
        ),
        Mistake(
            "begins with the second row",
            _sum_without_the_first,
            "`range(1, n)` leaves row 0 out. Rows are counted from 0; `for row in x:` "
            "needs no counting at all.",
        ),
        Mistake(
            "ends before the last row",
            _sum_without_the_last,
            "`range(n - 1)` ends with n - 2. `range(n)` already leaves n out; `for row "
            "in x:` needs no counting at all.",
        ),
        Mistake(
            "takes as many rows as there are columns",
            _sum_over_the_wrong_range,
            "`x[i]` is a row, and there are `x.shape[0]` of them. With `x.shape[1]` "
            "rows are left out, or the loop runs past the end; with a square `x` "
            "nobody would have noticed.",
        ),
        Mistake(
            "returns after the first row",
            _sum_returned_in_the_loop,
            "This is the first row alone. Does the `return` stand inside the loop?",
        ),
    ],
)


# ---- 6. Standardise ------------------------------------------------------------------


def standardise(x, axis):
    mean = x.mean(axis=axis, keepdims=True)
    std = x.std(axis=axis, keepdims=True)
    equal = x.max(axis=axis, keepdims=True) == x.min(axis=axis, keepdims=True)
    return np.where(equal, 0, x - mean) / np.where(equal, 1, std)


def _all_equal(x, axis):
    return x.max(axis=axis, keepdims=True) == x.min(axis=axis, keepdims=True)


def _all_equal_for_the_divisor(x, axis):
    return _all_equal(x, axis)  # and their differences keep a rounding


def _std_is_0(x, axis):
    return x.std(axis=axis, keepdims=True) == 0


def _never_equal(x, axis):
    return np.zeros_like(_all_equal(x, axis))


def _centred(x, mean, axis, is_equal):
    difference = x - mean
    if is_equal is _all_equal:
        return np.where(_all_equal(x, axis), 0, difference)
    return difference


def _standard_where(is_equal):
    def standard(x, axis):
        mean = x.mean(axis=axis, keepdims=True)
        std = x.std(axis=axis, keepdims=True)
        centred = _centred(x, mean, axis, is_equal)
        return centred / np.where(is_equal(x, axis), 1, std)

    return standard


def _standard_without_keepdims(is_equal):
    def standard(x, axis):
        equal = is_equal(x, axis).squeeze(axis)
        centred = x - x.mean(axis=axis)
        if is_equal is _all_equal:
            centred = np.where(equal, 0, centred)
        return centred / np.where(equal, 1, x.std(axis=axis))

    return standard


def _standard_along_columns_only(is_equal):
    return lambda x, axis: _standard_where(is_equal)(x, 0)


def _standard_along_the_other_axis(x, axis):
    return standardise(x, 1 - axis)


def _standard_as_a_whole(is_equal):
    def standard(x, axis):
        return _standard_where(is_equal)(x.reshape(-1, 1), 0).reshape(x.shape)

    return standard


def _standard_by_one_deviation(is_equal):
    def standard(x, axis):
        equal = is_equal(x.reshape(-1, 1), 0)
        centred = _centred(x, x.mean(axis=axis, keepdims=True), axis, is_equal)
        return centred / np.where(equal, 1, x.std())

    return standard


def _standard_all_zero(is_equal):
    def standard(x, axis):
        if is_equal(x, axis).any():
            return np.zeros_like(x)
        return _standard_where(is_equal)(x, axis)

    return standard


def _standard_of_a_sample(is_equal):
    def standard(x, axis):
        std = x.std(axis=axis, keepdims=True, ddof=1)
        std = np.where(is_equal(x, axis), 1, std)
        return _centred(x, x.mean(axis=axis, keepdims=True), axis, is_equal) / std

    return standard


def _standard_by_the_variance(is_equal):
    def standard(x, axis):
        variance = np.where(is_equal(x, axis), 1, x.var(axis=axis, keepdims=True))
        centred = _centred(x, x.mean(axis=axis, keepdims=True), axis, is_equal)
        return centred / variance

    return standard


def _standard_divided_by_0(x, axis):
    mean = x.mean(axis=axis, keepdims=True)
    return (x - mean) / x.std(axis=axis, keepdims=True)


def _standard_repaired(is_equal):
    def standard(x, axis):
        return np.where(is_equal(x, axis), 0, _standard_divided_by_0(x, axis))

    return standard


def _standard_plus(small):
    def standard(x, axis):
        mean = x.mean(axis=axis, keepdims=True)
        return (x - mean) / (x.std(axis=axis, keepdims=True) + small)

    return standard


def _standard_from_a_bound_on(small):
    def standard(x, axis):
        mean = x.mean(axis=axis, keepdims=True)
        return (x - mean) / np.maximum(x.std(axis=axis, keepdims=True), small)

    return standard


_NO_BOUND = (
    "No fixed number tells equal ones from others. What the roundings leave of a "
    "standard deviation of 0 grows with the numbers: for seven times 3.3 in float32 it "
    "is 2.4e-7. And a column whose numbers are around 1e-9 may have a smaller one, and "
    "is not constant. Numbers are all equal where the largest is the smallest."
)
_ADDED_NUMBERS = [
    Mistake(
        f"adds {small:g} to the standard deviation",
        _standard_plus(small),
        "This keeps the divisor from 0, and makes every result a little too small: "
        "much too small where the standard deviation is itself of that size. Change "
        "the divisors of equal numbers, and no other, `np.where(equal, 1, std)`, and "
        "take 0 for their differences.",
    )
    for small in (1e-8, 1e-5, 1e-6, 1e-7, 1e-9, 1e-10, 1e-12)
]
_BOUNDS = [
    Mistake(
        f"takes a standard deviation below {small:g} for 0",
        _standard_where(
            lambda x, axis, small=small: x.std(axis=axis, keepdims=True) < small
        ),
        _NO_BOUND,
    )
    for small in (1e-12, 1e-8, 1e-6)  # of those between, one is as another
] + [
    Mistake(
        f"divides by {small:g} at least",
        _standard_from_a_bound_on(small),
        _NO_BOUND,
    )
    for small in (1e-12, 1e-8, 1e-7, 1e-6)
]


def _in_every_way(
    name: str, make: Any, diagnosis: str, only: Sequence[Any] = ()
) -> list[Mistake]:
    """Make a mistake of all who deal with equal numbers in their own ways."""
    ways = [
        (_all_equal, "", ""),
        (
            _all_equal_for_the_divisor,
            ", and leaves the rounding of equal numbers",
            " Besides, of equal numbers a rounding may remain in `x - mean`: take 0 "
            "for it, `np.where(equal, 0, x - mean)`.",
        ),
        (
            _std_is_0,
            ", and asks whether std is 0",
            " Besides, `std == 0` does not find all equal numbers: three times 0.1 has "
            "a computed standard deviation of 1.4e-17. Compare the largest with the "
            "smallest.",
        ),
        (
            _never_equal,
            ", and divides by 0",
            " Besides, numbers that are all equal still have to be found, and become "
            "0: compare the largest with the smallest.",
        ),
    ]
    return [
        Mistake(name + also, make(is_equal), diagnosis + besides)
        for is_equal, also, besides in ways
        if is_equal in only or not only
    ]


def _standard_plus_in_the_root(x, axis):
    mean = x.mean(axis=axis, keepdims=True)
    return (x - mean) / np.sqrt(x.var(axis=axis, keepdims=True) + 1e-8)


def _standard_always_a_column(x, axis):
    mean, std = x.mean(axis=axis), x.std(axis=axis)
    std = np.where(_all_equal(x, axis).squeeze(axis), 1, std)
    return (x - mean.reshape(-1, 1)) / std.reshape(-1, 1)


def _standard_in_float64(is_equal):
    return lambda x, axis: _standard_where(is_equal)(x, axis).astype(np.float64)


def _standard_in_place(is_equal):
    def standard(x, axis):
        mean, std = x.mean(axis=axis, keepdims=True), x.std(axis=axis, keepdims=True)
        equal = is_equal(x, axis)
        x -= mean
        if is_equal is _all_equal:
            x *= ~equal
        x /= np.where(equal, 1, std)
        return x

    return standard


def _standard_not_turned_back(is_equal):
    def standard(x, axis):
        return _standard_where(is_equal)(x.T if axis == 1 else x, 0)

    return standard


def _standard_centred_only(x, axis):
    return x - x.mean(axis=axis, keepdims=True)


def _standard_not_centred(is_equal):
    def standard(x, axis):
        return x / np.where(is_equal(x, axis), 1, x.std(axis=axis, keepdims=True))

    return standard


def _standard_without_parentheses(is_equal):
    def standard(x, axis):
        std = x.std(axis=axis, keepdims=True)
        mean = x.mean(axis=axis, keepdims=True)
        return x - mean / np.where(is_equal(x, axis), 1, std)

    return standard


def _standard_from_0_to_1(x, axis):
    low, high = x.min(axis=axis, keepdims=True), x.max(axis=axis, keepdims=True)
    return (x - low) / np.where(high == low, 1, high - low)


def _standard_cases() -> Sequence[Case]:
    rng = np.random.default_rng(6)
    square = np.array([[1.0, 2.0], [5.0, 10.0]])
    blank = np.array([[0.0, 3.0, 5.0], [0.0, 7.0, 5.0]])  # as MNIST's corners are
    faint = np.array([[1e-9, 4.0], [-1e-9, 8.0], [3e-9, -2.0], [0.0, 1.0]])
    floats = rng.integers(-8, 8, (5, 4)).astype(np.float32)
    table = rng.standard_normal((6, 3)) * [1.0, 20.0, 0.1] + [0.0, 5.0, -2.0]
    cases: list[Case] = [
        (given.copy(), axis)
        for given in (square, blank, faint, floats, table)
        for axis in (0, 1)
    ]
    # All equal, and rounded: computed standard deviations of 1.4e-17, 7e-9 and 2e-7,
    # and of 0.0078, which is also the difference from the mean.
    rounded = np.tile(np.array([0.1, 3.3], np.float32), (7, 1))
    return [
        *cases,
        (np.array([[2.0, 2.0], [1.0, 4.0]]), 1),
        (np.full((3, 2), 0.1), 0),
        (rounded, 0),
        (np.full((7, 2), 123456.7, np.float32), 0),
    ]


STANDARDISE = Exercise(
    id="matrices/standardise",
    title="Standardise columns, or rows",
    statement=cleandoc(r"""
        To standardise numbers, subtract their mean from each, and divide by their
        standard deviation: the square root of the mean of the squared differences from
        the mean. For an array `v` of numbers that is
        `np.sqrt(np.mean((v - v.mean()) ** 2))`, or `v.std()`. Do so with each column of
        `x` for `axis=0`, and with each row for `axis=1`, without a loop: `mean`, `std`,
        `max` and `min` take an `axis`, and broadcasting does the rest. `x` is an array
        of floats of shape (n, m); the result has its shape and its dtype, and `x` stays
        as it is.

        Numbers that are all equal become 0, without a warning. (The corners of MNIST's
        images are such columns.) Their standard deviation is 0 on paper, and in floats
        it need not be: look at `np.full((3, 2), 0.1).std(axis=0)`. To choose entry by
        entry, `np.where(condition, a, b)` takes `a` where the condition holds and `b`
        elsewhere.
    """),
    stub=cleandoc("""
        def standardise(x, axis):
            # x: (n, m), axis: 0 for columns, 1 for rows -> (n, m)
            ...
    """),
    reference=standardise,
    cases=_standard_cases,
    tolerance=1e-6,
    hints=[
        "What are the shapes of `x.mean(axis=0)` and `x.mean(axis=1)`? Line each up "
        "with (n, m) from the right: which of them fits, and over what?",
        "The means of the rows must be a column, (n, 1), to be subtracted from each "
        "row's entries. `x.mean(axis=1, keepdims=True)` keeps the axis that is "
        "averaged over, with size 1, and is that column. With `axis=0` it is a row, "
        "(1, m). `std`, `max` and `min` know `keepdims`, too.",
        "Numbers are all equal where the largest is the smallest: `equal = "
        "x.max(axis=axis, keepdims=True) == x.min(axis=axis, keepdims=True)`. Divide "
        "by 1 there, `np.where(equal, 1, std)`, and take 0 for the difference from the "
        "mean, which may be a rounding.",
    ],
    comment=(
        "With `keepdims=True` the means have shape (1, m) or (n, 1), and either is "
        "stretched over what it is the mean of. Without it both have one axis, which "
        "broadcasting takes for a row. The divisor is chosen before the division: "
        "once 0 has been divided by 0, the NaN and the warning are there. And equal "
        "numbers are found by comparing them, which rounds nothing. Their mean is a "
        "rounded sum, divided: of three times 0.1 it is 0.10000000000000002, so that "
        "the differences from it are not 0, and neither is `std`. That is why 0 is "
        "chosen for those differences, too: of large numbers they are no small matter."
    ),
    remark=(
        "A mean of rows without `keepdims` raises an error for almost every shape, "
        "and for a square `x` it is subtracted from the wrong axis without a word. "
        "Arrays are square in many a test and in hardly any network. Give every size "
        "in a test a value of its own. And give its constant columns a value such as "
        "0.1: with 0 or 5 no rounding shows."
    ),
    mistakes=[
        Mistake(
            "leaves the rounding of equal numbers",
            _standard_where(_all_equal_for_the_divisor),
            "Equal numbers are found, and divided by 1. But their mean is a rounded "
            "sum, divided, and what remains in `x - mean` grows with the numbers: for "
            "seven times 123456.7 in float32 it is 0.0078. Take 0 for it as well: "
            "`np.where(equal, 0, x - mean)`.",
        ),
        Mistake(
            "asks whether the standard deviation is 0",
            _standard_where(_std_is_0),
            "Equal numbers have a standard deviation of 0 on paper, and not always in "
            "floats. Three times 0.1 is added up to 0.30000000000000004, the mean is "
            "not quite 0.1, and `std` is 1.4e-17. The difference from the mean is of "
            "the same size, and divided by it makes 1 or -1. Compare the numbers "
            "themselves: they are all equal where `max` is `min`.",
        ),
        *_in_every_way(
            "loses the axis of the means",
            _standard_without_keepdims,
            "`x.mean(axis=1)` has shape (n,). Lined up from the right it stands under "
            "the columns: for most shapes an error, and for a square `x` the mean of "
            "row j is subtracted from column j. With `keepdims=True` it is a column, "
            "(n, 1).",
        ),
        *_in_every_way(
            "always takes the columns",
            _standard_along_columns_only,
            "This is right for `axis=0`, whatever `axis` says. Pass it on to `mean` "
            "and `std`.",
        ),
        Mistake(
            "takes the other axis",
            _standard_along_the_other_axis,
            "The axis that `mean` is given is the one that disappears. For one mean "
            "per column the rows' axis has to go: `axis=0`.",
        ),
        *_in_every_way(
            "works on x.T and does not turn the result back",
            _standard_not_turned_back,
            "The rows of `x` are the columns of `x.T`, and the result still lies that "
            "way: turn it back with `.T`. With `axis=axis` and `keepdims=True` nothing "
            "has to be turned.",
        ),
        *_in_every_way(
            "standardises everything at once",
            _standard_as_a_whole,
            "Without an axis there is one mean and one standard deviation for the "
            "whole array. Each column, or row, has its own.",
            only=[_all_equal],
        ),
        Mistake(
            "standardises everything at once, and does not find equal numbers",
            _standard_as_a_whole(_never_equal),
            "Without an axis there is one mean and one standard deviation for the "
            "whole array. Each column, or row, has its own. And those whose numbers "
            "are all equal still have to be found: compare the largest with the "
            "smallest.",
        ),
        *_in_every_way(
            "divides by the standard deviation of everything",
            _standard_by_one_deviation,
            "The means are those of the columns, or rows, and the divisor is one for "
            "the whole array. Give `std` the same `axis` and `keepdims=True`.",
            only=[_all_equal],
        ),
        Mistake(
            "divides by the standard deviation of everything, equal or not",
            _standard_by_one_deviation(_never_equal),
            "The means are those of the columns, or rows, and the divisor is one for "
            "the whole array. Give `std` the same `axis` and `keepdims=True`. And "
            "numbers that are all equal still have to be found: compare the largest "
            "with the smallest.",
        ),
        *_in_every_way(
            "makes everything 0 where one column, or row, is constant",
            _standard_all_zero,
            "Only the column, or row, whose numbers are all equal becomes 0; the "
            "others are standardised as ever. `np.where` chooses for each of them.",
            only=[_all_equal, _std_is_0],
        ),
        *_in_every_way(
            "takes the standard deviation of a sample",
            _standard_of_a_sample,
            "With `ddof=1` the squares are divided by n - 1, to estimate the spread of "
            "a population from a few of it. Asked is the mean of the squares, which "
            "divides by n: the result then has a standard deviation of 1.",
        ),
        *_in_every_way(
            "divides by the variance",
            _standard_by_the_variance,
            "The variance is a square: of metres it makes square metres. Divide by "
            "its root, `std`.",
        ),
        Mistake(
            "divides by 0",
            _standard_divided_by_0,
            "Equal numbers have a standard deviation of 0, or of a rounding, and 0 / 0 "
            "is NaN. One such pixel, and every sum it enters is NaN as well; "
            "`np.errstate` takes away the warning alone. Put 1 in the place of such a "
            "divisor, `np.where(equal, 1, std)`, and 0 in that of the difference, "
            "`np.where(equal, 0, x - mean)`.",
        ),
        Mistake(
            "divides by 0 and chooses afterwards",
            _standard_repaired(_all_equal),
            "The values are right, and NumPy warned on the way: `np.where` gets both "
            "of its arrays ready made, and the division by 0 was part of one. Choose "
            "the divisor instead, before dividing: `np.where(equal, 1, std)`.",
        ),
        Mistake(
            "divides by 0 and repairs it afterwards",
            _standard_repaired(_std_is_0),
            "NumPy warned on the way, since `np.where` and `nan_to_num` come after "
            "the division. And not all equal numbers make a NaN: three times 0.1 has "
            "a computed standard deviation of 1.4e-17, and comes out as 1 or -1. Find "
            "equal numbers by comparing them, and choose before dividing: 1 for the "
            "divisor, `np.where(equal, 1, std)`, and 0 for the difference.",
        ),
        *_ADDED_NUMBERS,
        Mistake(
            "adds 1e-8 to the variance",
            _standard_plus_in_the_root,
            "Under the root 1e-8 becomes 1e-4: what has a smaller spread than that "
            "comes out far too small. Change the divisors of equal numbers, and no "
            "other, `np.where(equal, 1, std)`, and take 0 for their differences.",
        ),
        *_BOUNDS,
        Mistake(
            "always stands the means up as a column",
            _standard_always_a_column,
            "A column of means, (n, 1), is right for rows, `axis=1`. The means of "
            "columns lie as a row, (1, m). `keepdims=True` keeps the axis that was "
            "summed over as a 1, wherever it is.",
        ),
        *_in_every_way(
            "turns float32 into float64",
            _standard_in_float64,
            "The dtype has to stay: float32 came in and float64 went out. Is there an "
            "`astype(float)` or an `astype(np.float64)`? `np.zeros(...)` and "
            "`np.ones(...)` are float64 as well, unless they are given "
            "`dtype=x.dtype`.",
        ),
        *_in_every_way(
            "works in place",
            _standard_in_place,
            "`x -= mean` writes into `x`, and whoever passed it still needs it as it "
            "was. `x - mean` makes a new array.",
        ),
        Mistake(
            "subtracts the mean and does not divide",
            _standard_centred_only,
            "The mean is 0 now, and the spread is still what it was. Divide by the "
            "standard deviation as well.",
        ),
        *_in_every_way(
            "does not subtract the mean",
            _standard_not_centred,
            "The standard deviation is 1 now, and the mean is not 0. Subtract it "
            "before you divide.",
            only=[_all_equal, _std_is_0, _never_equal],
        ),
        *_in_every_way(
            "divides the mean alone",
            _standard_without_parentheses,
            "`x - mean / std` divides first. The difference needs parentheses: "
            "`(x - mean) / std`.",
            only=[_all_equal, _std_is_0, _never_equal],
        ),
        Mistake(
            "scales to the range from 0 to 1",
            _standard_from_0_to_1,
            "That is another scaling, by the smallest and the largest number. To "
            "standardise takes mean and standard deviation: some results are negative, "
            "and some lie above 1.",
        ),
    ],
)


# ---- 7. Cache misses -----------------------------------------------------------------


def count_cache_misses(indices, line_size, n_lines):
    held, misses = [], 0  # the lines in the cache, the least recently used one first
    for index in indices:
        line = index // line_size
        if line in held:
            held.remove(line)
        else:
            misses += 1
            if len(held) == n_lines:
                held.pop(0)
        held.append(line)
    return misses


def _misses_first_in_first_out(indices, line_size, n_lines):
    held, misses = [], 0
    for index in indices:
        line = index // line_size
        if line not in held:
            misses += 1
            if len(held) == n_lines:
                held.pop(0)
            held.append(line)
    return misses


def _misses_first_in_and_one_too_many(indices, line_size, n_lines):
    return _misses_first_in_first_out(indices, line_size, n_lines + 1)


def _misses_smallest_out(indices, line_size, n_lines):
    held, misses = set(), 0
    for index in indices:
        line = index // line_size
        if line not in held:
            misses += 1
            if len(held) == n_lines:
                held.remove(min(held))
            held.add(line)
    return misses


def _misses_of_fixed_places(indices, line_size, n_lines):
    held, misses = [None] * n_lines, 0
    for index in indices:
        line = index // line_size
        if held[line % n_lines] != line:
            misses += 1
            held[line % n_lines] = line
    return misses


def _misses_changes_of_line(indices, line_size, n_lines):
    return count_cache_misses(indices, line_size, 1) - 1


def _misses_any_out(indices, line_size, n_lines):
    held, misses = set(), 0
    for index in indices:
        line = index // line_size
        if line not in held:
            misses += 1
            if len(held) == n_lines:
                held.pop()
            held.add(line)
    return misses


def _misses_of_as_many_lines_as_numbers(indices, line_size, n_lines):
    return count_cache_misses(indices, line_size, n_lines * line_size)


def _misses_newest_out(indices, line_size, n_lines):
    held, misses = [], 0
    for index in indices:
        line = index // line_size
        if line in held:
            held.remove(line)
        else:
            misses += 1
            if len(held) == n_lines:
                held.pop()
        held.append(line)
    return misses


def _misses_all_out(indices, line_size, n_lines):
    held, misses = [], 0
    for index in indices:
        line = index // line_size
        if line not in held:
            misses += 1
            if len(held) == n_lines:
                held.clear()
            held.append(line)
    return misses


def _misses_unlimited(indices, line_size, n_lines):
    return len({index // line_size for index in indices})


def _misses_of_one_line(indices, line_size, n_lines):
    return count_cache_misses(indices, line_size, 1)


def _misses_one_line_too_many(indices, line_size, n_lines):
    return count_cache_misses(indices, line_size, n_lines + 1)


def _misses_full_before_it_is(indices, line_size, n_lines):
    held, misses = [], 0
    for index in indices:
        line = index // line_size
        if line in held:
            held.remove(line)
        else:
            misses += 1
        held.append(line)
        if len(held) >= n_lines:
            held.pop(0)
    return misses


def _misses_hits(indices, line_size, n_lines):
    return len(indices) - count_cache_misses(indices, line_size, n_lines)


def _misses_by_remainder(indices, line_size, n_lines):
    return count_cache_misses([i % line_size for i in indices], 1, n_lines)


def _misses_of_exchanged_sizes(indices, line_size, n_lines):
    return count_cache_misses(indices, n_lines, line_size)


def _misses_of_numbers(indices, line_size, n_lines):
    return count_cache_misses(indices, 1, n_lines)


def _misses_of_as_many_numbers(indices, line_size, n_lines):
    return count_cache_misses(indices, 1, n_lines * line_size)


def _misses_from_the_index_on(indices, line_size, n_lines):
    held, misses = [], 0
    for index in indices:
        found = [start for start in held if start <= index < start + line_size]
        if found:
            held.remove(found[0])
            held.append(found[0])
        else:
            misses += 1
            if len(held) == n_lines:
                held.pop(0)
            held.append(index)
    return misses


def _misses_all_but_the_first_fill(indices, line_size, n_lines):
    misses = count_cache_misses(indices, line_size, n_lines)
    return max(0, misses - min(n_lines, _misses_unlimited(indices, line_size, n_lines)))


def _misses_cases() -> Sequence[Case]:
    def by_rows(n: int, m: int) -> list[int]:
        return [r * m + c for r in range(n) for c in range(m)]

    def by_columns(n: int, m: int) -> list[int]:
        return [r * m + c for c in range(m) for r in range(n)]

    random = np.random.default_rng(7).integers(0, 96, 300).tolist()
    return [
        ([0], 4, 2),
        ([0, 1, 2, 3], 4, 2),
        ([5, 6, 7, 8], 4, 2),
        ([3, 4, 3, 4], 4, 2),
        ([3, 4, 3, 4], 4, 1),
        ([0, 8, 1, 9, 2], 4, 1),
        ([0, 4, 0, 8, 0], 4, 2),  # used again, so that it is not the one to go
        ([0, 4, 8, 4, 0, 4], 4, 2),
        (by_rows(4, 6), 4, 2),
        (by_columns(4, 6), 4, 2),
        (by_columns(4, 6), 4, 4),
        (by_columns(8, 8), 2, 2),
        (by_rows(32, 32), 8, 16),
        (by_columns(32, 32), 8, 16),
        (by_columns(32, 32), 8, 32),
        (random, 8, 5),
    ]


CACHE_MISSES = Exercise(
    id="matrices/cache-misses",
    title="Count cache misses",
    statement=cleandoc("""
        Memory comes in lines: with `line_size` 4 the numbers 0 to 3 of a flat list are
        one line, 4 to 7 the next. A small, fast cache holds at most `n_lines` lines,
        and is empty at first. To read a number whose line the cache holds is a hit.
        Otherwise it is a miss, and the whole line is fetched; if the cache is full, the
        line whose last use is longest ago goes out for it. `indices` is a list of ints,
        at least one: the places of a flat list, in the order in which they are read.
        Return how many misses that makes, as an int.
    """),
    stub=cleandoc("""
        def count_cache_misses(indices, line_size, n_lines):
            # places in the order of reading, numbers in a line, lines in the cache
            # -> the number of misses
            ...
    """),
    reference=count_cache_misses,
    cases=_misses_cases,
    hints=[
        "In which line is number 7, with lines of 4? The cache has to remember lines, "
        "and for each when it was used last. What could keep that order?",
        "`index // line_size` is the line. Keep a list of lines, the least recently "
        "used one first. At a hit the line has to move to the end of it.",
        "At a hit: `held.remove(line)`. At a miss: count it, and if `len(held) == "
        "n_lines` do `held.pop(0)`. In either case then `held.append(line)`.",
    ],
    comment=(
        "The list is in the order of last use, so the line to drop is always its "
        "first. A hit counts as a use: without moving the line to the end the "
        "cache would drop what came *in* first, and that may be the very line that is "
        "used most."
    ),
    remark=(
        "Feed it a 1000 x 1000 matrix in lines of 8 numbers (64 bytes of float64), and "
        "a cache of 512 lines, as many as fit into 32 KiB: row by row it has "
        "125,000 misses, column by column 1,000,000. Before a line is used a second "
        "time, 999 others have come by. Real caches also guess what is read next, "
        "which narrows the gap; the clock says by how much. (The check sees the counts "
        "alone. If `count_misses` made them, the cache is still to be written.)"
    ),
    mistakes=[
        Mistake(
            "drops the line that came first",
            _misses_first_in_first_out,
            "A hit is a use as well. If it does not move the line to the end of the "
            "queue, the line that came in first goes out first, even if it was used a "
            "moment ago.",
        ),
        Mistake(
            "drops the line that came first, and holds one too many",
            _misses_first_in_and_one_too_many,
            "The cache is full at `n_lines` lines, before the new one is put in; `>` "
            "lets one more in. And a hit is a use as well: it has to move its line to "
            "the end of the queue.",
        ),
        Mistake(
            "drops the line with the smallest number",
            _misses_smallest_out,
            "Where a line lies in memory says nothing of when it was used last. Keep "
            "the lines in the order of their use; a set has no order.",
        ),
        Mistake(
            "drops any line",
            _misses_any_out,
            "A set has no order, and its `pop` takes whichever line it comes upon. The "
            "one to go is that whose last use is longest ago: keep the lines in the "
            "order of their use, in a list.",
        ),
        Mistake(
            "holds as many lines as there is room for numbers",
            _misses_of_as_many_lines_as_numbers,
            "`n_lines * line_size` is how many numbers the cache holds. What you keep "
            "are lines, and there is room for `n_lines` of them.",
        ),
        Mistake(
            "gives every line a fixed place",
            _misses_of_fixed_places,
            "Caches of that kind exist, and are called direct-mapped: lines that share "
            "a place throw each other out while other places are free. This one takes "
            "any line in any place, and drops the one whose use is longest ago.",
        ),
        Mistake(
            "counts how often the line changes",
            _misses_changes_of_line,
            "The first read is a miss as well, as the cache is empty. And a change to "
            "another line is a hit, if the cache still holds that one.",
        ),
        Mistake(
            "drops the line that was used last",
            _misses_newest_out,
            "`pop()` takes the end of the list, and there stands the newest line. The "
            "one whose use is longest ago stands at the beginning: `pop(0)`.",
        ),
        Mistake(
            "empties the cache when it is full",
            _misses_all_out,
            "One line has to go to make room for one. The others stay, and may be hit "
            "again.",
        ),
        Mistake(
            "never drops a line",
            _misses_unlimited,
            "This counts how many different lines are read. The cache holds "
            "`n_lines` of them, and a line that had to go is a miss when it is read "
            "again.",
        ),
        Mistake(
            "remembers the last line only",
            _misses_of_one_line,
            "This compares with the line before, as a cache of one line does. It "
            "holds `n_lines` of them.",
        ),
        Mistake(
            "holds one line too many",
            _misses_one_line_too_many,
            "Look at when you drop one: the cache is full at `n_lines` lines, before "
            "the new one is put in. `>` in the place of `==` or `>=` lets one more in.",
        ),
        Mistake(
            "holds one line too few",
            _misses_full_before_it_is,
            "The new line is counted before one is dropped: then there may be "
            "`n_lines` of them, and only more than that is too many.",
        ),
        Mistake(
            "counts hits",
            _misses_hits,
            "This is how often the line was there. A miss is when it was not: hits "
            "and misses together make all the reads.",
        ),
        Mistake(
            "takes the remainder for the line",
            _misses_by_remainder,
            "`index % line_size` is the place within a line. Which line it is says "
            "the whole quotient, `index // line_size`.",
        ),
        Mistake(
            "exchanges the two sizes",
            _misses_of_exchanged_sizes,
            "`line_size` is how many numbers are in a line, and the quotient "
            "`index // line_size` says which line it is. `n_lines` is how many lines "
            "the cache holds. Here each stands in the place of the other.",
        ),
        Mistake(
            "fetches one number at a time",
            _misses_of_numbers,
            "This remembers numbers one by one, as `index` and `index / line_size` do. "
            "With a number its whole line comes, so that its neighbours are hits: "
            "remember `index // line_size`, which all of them share.",
        ),
        Mistake(
            "fetches one number at a time, and holds as many as the lines would",
            _misses_of_as_many_numbers,
            "The room is right, but each number was fetched alone. With a number its "
            "whole line comes, so that its neighbours are hits: remember "
            "`index // line_size`.",
        ),
        Mistake(
            "begins a line at the number that was read",
            _misses_from_the_index_on,
            "Lines lie fixed in memory: with lines of 4 they begin at 0, 4, 8 and so "
            "on. Who reads number 6 gets 4 to 7, and not 6 to 9.",
        ),
        Mistake(
            "does not count the filling of the cache",
            _misses_all_but_the_first_fill,
            "While the cache fills up, every new line is a miss too: it was not "
            "there. Count it whether or not another has to go for it.",
        ),
    ],
)


# ---- 8. An einsum of your own --------------------------------------------------------


def my_einsum(spec, a, b):
    inputs, output = spec.split("->")
    of_a, of_b = inputs.split(",")
    sizes = dict(zip(of_a + of_b, a.shape + b.shape, strict=True))
    for letters, array in ((of_a, a), (of_b, b)):
        if tuple(sizes[letter] for letter in letters) != array.shape:
            raise ValueError(f"a letter of {spec} stands for two sizes")
    every = list(output) + [letter for letter in sizes if letter not in output]

    def lined_up(array, letters):  # an axis for every letter, of size 1 for the others
        order = [letters.index(letter) for letter in every if letter in letters]
        shape = [sizes[letter] if letter in letters else 1 for letter in every]
        return array.transpose(order).reshape(shape)

    product = lined_up(a, of_a) * lined_up(b, of_b)
    return product.sum(axis=tuple(range(len(output), len(every))))


def _einsum_always_matmul(spec, a, b):
    return a @ b


def _letters(spec: str) -> tuple[str, str, str]:
    inputs, output = spec.split("->")
    of_a, of_b = inputs.split(",")
    return of_a, of_b, output


def _einsum_transposed(spec, a, b):
    return my_einsum(spec, a, b).T


def _einsum_returns_the_error(spec, a, b):
    try:
        return my_einsum(spec, a, b)
    except ValueError as error:
        return error


def _einsum_in_the_order_of_the_letters(spec, a, b):
    of_a, of_b, output = _letters(spec)
    natural = "".join(c for c in dict.fromkeys(of_a + of_b) if c in output)
    return my_einsum(f"{of_a},{of_b}->{natural}", a, b)


def _einsum_in_the_order_of_the_alphabet(spec, a, b):
    of_a, of_b, output = _letters(spec)
    return my_einsum(f"{of_a},{of_b}->{''.join(sorted(output))}", a, b)


def _einsum_sums_the_shared(spec, a, b):
    of_a, of_b, output = _letters(spec)
    kept = "".join(c for c in output if not (c in of_a and c in of_b))
    return my_einsum(f"{of_a},{of_b}->{kept}", a, b)


def _einsum_keeps_what_one_has(spec, a, b):
    of_a, of_b, output = _letters(spec)
    alone = [c for c in of_a + of_b if (c in of_a) != (c in of_b) and c not in output]
    return my_einsum(f"{of_a},{of_b}->{output}{''.join(alone)}", a, b)


def _einsum_takes_the_first_of_what_one_has(spec, a, b):
    of_a, of_b, output = _letters(spec)
    rest = "".join(c for c in dict.fromkeys(of_a + of_b) if c not in output)
    product = my_einsum(f"{of_a},{of_b}->{output}{rest}", a, b)
    for c in reversed(rest):
        shared = c in of_a and c in of_b
        product = product.sum(axis=-1) if shared else product[..., 0]
    return product


def _einsum_never_sums(spec, a, b):
    of_a, of_b, output = _letters(spec)
    rest = "".join(c for c in dict.fromkeys(of_a + of_b) if c not in output)
    return my_einsum(f"{of_a},{of_b}->{output}{rest}", a, b)


def _einsum_by_mean(spec, a, b):
    of_a, of_b, _ = _letters(spec)
    product = _einsum_never_sums(spec, a, b)
    output = spec.partition("->")[2]
    return product.mean(axis=tuple(range(len(output), len(set(of_a + of_b)))))


def _einsum_adds(spec, a, b):
    return my_einsum(spec, a, np.ones_like(b)) + my_einsum(spec, np.ones_like(a), b)


def _einsum_sizes_of_a_only(spec, a, b):
    of_a, _, output = _letters(spec)
    sizes = dict(zip(of_a, a.shape, strict=True))
    np.zeros([sizes[letter] for letter in output])
    return my_einsum(spec, a, b)


def _einsum_by_tensordot(spec, a, b):
    of_a, of_b, output = _letters(spec)
    summed = [c for c in of_a if c in of_b and c not in output]
    axes = [of_a.index(c) for c in summed], [of_b.index(c) for c in summed]
    return np.tensordot(a, b, axes)


def _einsum_reshapes_only(every, of_a, of_b, output, a, b):
    sizes = dict(zip(of_a + of_b, a.shape + b.shape, strict=True))
    if tuple(sizes[c] for c in of_a) != a.shape:
        raise ValueError("a letter stands for two sizes")
    a = a.reshape([sizes[c] if c in of_a else 1 for c in every])
    b = b.reshape([sizes[c] if c in of_b else 1 for c in every])
    gone = tuple(i for i, c in enumerate(every) if c not in output)
    left = [c for c in every if c in output]
    return (a * b).sum(axis=gone).transpose([left.index(c) for c in output])


def _einsum_reshapes_in_order_of_appearance(spec, a, b):
    of_a, of_b, output = _letters(spec)
    every = list(dict.fromkeys(of_a + of_b))
    return _einsum_reshapes_only(every, of_a, of_b, output, a, b)


def _einsum_reshapes_in_order_of_the_output(spec, a, b):
    of_a, of_b, output = _letters(spec)
    every = list(dict.fromkeys(output + of_a + of_b))
    return _einsum_reshapes_only(every, of_a, of_b, output, a, b)


def _einsum_stretches(spec, a, b):
    of_a, of_b, output = _letters(spec)
    every = output + "".join(c for c in dict.fromkeys(of_a + of_b) if c not in output)

    def lined_up(array, letters):
        order = [letters.index(letter) for letter in every if letter in letters]
        index = tuple(slice(None) if c in letters else None for c in every)
        return array.transpose(order)[index]

    product = lined_up(a, of_a) * lined_up(b, of_b)
    return product.sum(axis=tuple(range(len(output), len(every))))


def _einsum_stretches_and_transposes(spec, a, b):
    return _einsum_stretches(spec, a, b).T


def _einsum_loops_over_the_last_sizes(spec, a, b):
    of_a, of_b, output = _letters(spec)
    sizes = dict(zip(of_a + of_b, a.shape + b.shape, strict=True))
    letters = list(sizes)
    result = np.zeros([sizes[c] for c in output])
    for place in np.ndindex(*sizes.values()):
        at = dict(zip(letters, place, strict=True))
        value = a[tuple(at[c] for c in of_a)] * b[tuple(at[c] for c in of_b)]
        result[tuple(at[c] for c in output)] += value
    return result


def _einsum_overwrites(spec, a, b):
    of_a, of_b, output = _letters(spec)
    sizes = dict(zip(of_a + of_b, a.shape + b.shape, strict=True))
    last = np.array(my_einsum(spec, a, b))
    for c in sizes:
        if c not in output:
            if c in of_a:
                a = a.take([-1], axis=of_a.index(c))
            if c in of_b:
                b = b.take([-1], axis=of_b.index(c))
    last[...] = my_einsum(spec, a, b)
    return last


def _einsum_cases() -> Sequence[Case]:
    rng = np.random.default_rng(8)

    def floats(*shape: int) -> Array:
        return rng.integers(-8, 8, shape) / 4

    return [
        ("ik,kj->ij", np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])),
        ("i,i->", np.array([1.0, 2.0]), np.array([3.0, 5.0])),
        ("i,j->ij", np.array([1.0, 2.0]), np.array([3.0, 5.0, 7.0])),
        ("i,j->ji", np.array([1.0, 2.0]), np.array([3.0, 5.0, 7.0])),
        ("i,j->", np.array([1.0, 2.0]), np.array([3.0, 5.0, 7.0])),
        ("ij,ij->ij", floats(2, 3), floats(2, 3)),
        ("ij,ij->i", floats(3, 4), floats(3, 4)),
        ("ij,ij->j", floats(3, 4), floats(3, 4)),
        ("ij,ij->", floats(3, 4), floats(3, 4)),
        ("ij,ji->ij", floats(3, 4), floats(4, 3)),
        ("ij,j->i", floats(3, 4), floats(4)),
        ("ij,j->ij", floats(3, 4), floats(4)),
        ("ik,kj->ij", floats(4, 3), floats(3, 2)),
        ("ik,kj->ji", floats(4, 3), floats(3, 2)),
        ("bi,io->bo", floats(5, 3), floats(3, 2)),  # XW
        ("bi,bo->io", floats(5, 3), floats(5, 2)),  # the transpose of X, times G
        ("bo,io->bi", floats(5, 2), floats(3, 2)),  # G times the transpose of W
        ("zy,yx->zx", floats(2, 4), floats(4, 3)),
        ("bij,bjk->bik", floats(2, 3, 4), floats(2, 4, 5)),
        ("abc,cd->dab", floats(2, 3, 4), floats(4, 5)),
        ("ij,kl->il", floats(2, 3), floats(4, 5)),
        ("ik,kj->ij", floats(2, 1), floats(3, 2)),  # a size of 1 that must not stretch
        ("ik,kj->ij", floats(2, 3), floats(4, 2)),
    ]


MY_EINSUM = Exercise(
    id="matrices/my-einsum",
    title="An einsum of your own (open)",
    statement=cleandoc("""
        `np.einsum("ik,kj->ij", a, b)` is the matrix product. Each letter names an axis:
        those of `a` before the comma, those of `b` after it, those of the result after
        the arrow. A letter in both is the same index in both, and what does not stand
        after the arrow is summed over. So `"ij,ij->i"` sums the rows of an elementwise
        product, and `"i,j->ji"` multiplies each with each. Write it for two arrays of
        floats and every spec of that form, without `np.einsum`. Within `a`, within `b`
        and within the result no letter stands twice, and a result without letters is
        one number. If a letter stands for two different sizes, raise a `ValueError`,
        even if one of them is 1. How is up to you: loops, products of matrices,
        broadcasting.
    """),
    stub=cleandoc("""
        def my_einsum(spec, a, b):
            # "ik,kj->ij" and two arrays with such axes -> the array after the arrow
            ...
    """),
    reference=my_einsum,
    cases=_einsum_cases,
    call=lambda answer, spec, a, b: _result(answer(spec, a, b)),
    hints=[
        "Write the loops for `ik,kj->ij` once more: there is one for each letter, i, k "
        "and j. Into which entry of the result does a product go, and from where do "
        'its factors come? `spec.split("->")` parts the spec, and a split at the '
        "comma the inputs.",
        "`sizes = dict(zip(of_a + of_b, a.shape + b.shape))` tells the size of each "
        "letter; compare it with both shapes. For loops over any number of letters, "
        "`np.ndindex(2, 3)` goes through all indices of a table of that shape, "
        "(0, 0), (0, 1), ... (1, 2): with the sizes of all letters in its parentheses "
        "it is one loop in the place of many. For broadcasting, give both arrays an "
        "axis for every letter, of size 1 where they have none.",
        "With loops: begin with `np.zeros` of the sizes after the arrow, and look up "
        "by its letters which entry of `a`, of `b` and of the result an index means. "
        "By broadcasting: put the letters in one order, those of the result first. "
        "`x.transpose(order)` brings any number of axes into an order: its axis d is "
        "the axis `order[d]` of `x`, so that `transpose((2, 0, 1))` makes (4, 2, 3) of "
        "(2, 3, 4). `reshape` adds the axes of size 1. Multiply the two, and sum over "
        "all axes after those of the result.",
    ],
    comment=(
        "Every letter gets an axis. After that an elementwise product with "
        "broadcasting makes all products of all values of the letters, and one sum "
        "takes away those that are not wanted. It is general and wasteful: for (64, "
        "784) times (784, 128) the products fill 51 MB of float64 before any is added, "
        "where a matrix product keeps one sum for each entry. The sizes are checked "
        "first, since broadcasting would stretch a 1."
    ),
    remark=(
        "(The check sees the results alone. If `np.einsum` made them, one of your own "
        "is still to be written.) Among them is everything that a layer needs: "
        "`bi,io->bo` is XW, `bi,bo->io` is the gradient of W, and `bo,io->bi` is what "
        "goes back to X. In each, the letter that is missing on the right is the one "
        "that is summed over. The gradients can be read off that way before chapter 3 "
        "derives them: two of the three tables are given, and the letters of the third "
        "are the answer."
    ),
    mistakes=[
        Mistake(
            "is always the matrix product",
            _einsum_always_matmul,
            "`a @ b` is right for `ik,kj->ij` whatever the letters are called, and for "
            "little else. What is summed over, and where the axes go, stands in "
            "the spec.",
        ),
        Mistake(
            "leaves the axes in the order of a and b",
            _einsum_in_the_order_of_the_letters,
            "The letters after the arrow say the order as well: `i,j->ji` is the "
            "transpose of `i,j->ij`. Bring the axes into the order of `output` before "
            "you return.",
        ),
        Mistake(
            "returns the transpose",
            _einsum_transposed,
            "The numbers are right, and the axes come in reverse. The first letter "
            "after the arrow names the first axis of the result, which for a table is "
            "that of its rows.",
        ),
        Mistake(
            "returns the transpose, and stretches a size of 1",
            _einsum_stretches_and_transposes,
            "The numbers are right, and the axes come in reverse: the first letter "
            "after the arrow names the first axis of the result. Besides, a letter "
            "with two sizes goes through where one of them is 1. Compare the sizes of "
            "each letter before you multiply. (`np.einsum` does not. If this is "
            "`np.einsum`: the task is to write it without.)",
        ),
        Mistake(
            "returns the error and does not raise it",
            _einsum_returns_the_error,
            _RAISE_IT,
        ),
        Mistake(
            "puts the axes in the order of the alphabet",
            _einsum_in_the_order_of_the_alphabet,
            "That is what `np.einsum` does where there is no arrow. Here the order of "
            "the axes is that of the letters after the arrow.",
        ),
        Mistake(
            "sums over every letter that both have",
            _einsum_sums_the_shared,
            "A letter in both means the same index in both. Whether it is summed over "
            "says the arrow alone: in `ij,ij->i` the j goes and the i remains.",
        ),
        Mistake(
            "keeps letters that only one of the two has",
            _einsum_keeps_what_one_has,
            "Every letter that does not stand after the arrow is summed over, and not "
            "only those that both have: in `ij,kl->il` both j and k go.",
        ),
        Mistake(
            "takes the first entry of a letter that only one of the two has",
            _einsum_takes_the_first_of_what_one_has,
            "Every letter that does not stand after the arrow is summed over, and not "
            "only those that both have. In `ij,kl->il` all values of j and k count.",
        ),
        Mistake(
            "never sums",
            _einsum_never_sums,
            "All the products are there, with an axis for each letter. Those that do "
            "not stand after the arrow still have to be summed over.",
        ),
        Mistake(
            "takes means",
            _einsum_by_mean,
            "The letters that do not stand after the arrow are summed over. A mean "
            "divides by their sizes as well.",
        ),
        Mistake(
            "adds where it should multiply",
            _einsum_adds,
            "An einsum adds up products: each entry of `a` times the entry of `b` that "
            "has the same values of the shared letters.",
        ),
        Mistake(
            "knows the sizes of a only",
            _einsum_sizes_of_a_only,
            "The result may have letters that only `b` has, such as the j of "
            "`ik,kj->ij`. Collect the sizes from both shapes.",
        ),
        Mistake(
            "leaves all to tensordot",
            _einsum_by_tensordot,
            "`np.tensordot` sums over pairs of axes, and then puts those of `b` behind "
            "those of `a`. It cannot keep a letter that both have, as in `ij,ij->i`, "
            "does not sum one that only one has, and knows nothing of the order after "
            "the arrow.",
        ),
        Mistake(
            "adds axes and does not bring them into order",
            _einsum_reshapes_in_order_of_appearance,
            "`reshape` adds axes of size 1, and keeps the order of the numbers. Where "
            "the letters of an array stand in another order than that of all letters, "
            "as in `ij,ji->ij`, its axes have to be exchanged first, with "
            "`transpose`.",
        ),
        Mistake(
            "adds axes behind those of the result without bringing them into order",
            _einsum_reshapes_in_order_of_the_output,
            "`reshape` adds axes of size 1, and keeps the order of the numbers. In "
            "`bi,io->bo` the letters of the result come first: b, o, i. The second "
            "array has i before o, so its axes have to be exchanged first, with "
            "`transpose`.",
        ),
        Mistake(
            "stretches a size of 1",
            _einsum_stretches,
            "All is right where the sizes agree. Broadcasting also takes a 1 for any "
            "size, and (2, 1) times (3, 2) goes through. Compare the sizes of each "
            "letter before you multiply. (`np.einsum` does the same. If this is "
            "`np.einsum`: the task is to write it without.)",
        ),
        Mistake(
            "takes the sizes without comparing them",
            _einsum_loops_over_the_last_sizes,
            "All is right where the sizes agree. In a `dict` the size of `b` replaces "
            "that of `a` without a word. Compare the two, and raise a `ValueError` if "
            "they differ; an `IndexError` is no help to whoever made the mistake.",
        ),
        Mistake(
            "keeps the last product only",
            _einsum_overwrites,
            "With `=` every product overwrites the one before it in its entry. They "
            "are added up: `+=`.",
        ),
    ],
)


EXERCISES = [
    FLAT_PLACE,
    MY_MATMUL,
    STRIDES,
    TWO_VIEWS,
    SUM_OF_COLUMNS,
    STANDARDISE,
    CACHE_MISSES,
    MY_EINSUM,
]


# ---- Quick questions ---------------------------------------------------------------


def _places_left_empty() -> int:
    a = Matrix(3, 4)
    taken = {a.n_rows * r + c for r in range(a.n_rows) for c in range(a.n_cols)}
    return len(set(range(len(a.data))) - taken)


def _shape_of_transposed_product() -> tuple[int, ...]:
    x, g = np.zeros((64, 128), np.float32), np.zeros((64, 10), np.float32)
    return (x.T @ g).shape


def _millions_of_multiplications() -> float:
    x, w = np.zeros((64, 784), np.float32), np.zeros((784, 128), np.float32)
    return (x @ w).size * x.shape[1] / 1e6


_COPIES = "It copies the 60,000 x 784 numbers into a new array, column by column"
_VIEWS = "It makes a view: the same bytes, read with the two strides exchanged"
_MOVES = "It moves the numbers within the array, so that `x` itself is now transposed"


def _what_transposing_does() -> str:
    x = np.zeros((600, 784), np.float32)
    strides = x.strides
    t = x.T
    if x.strides != strides:
        return _MOVES
    shared = np.shares_memory(x, t) and t.strides == strides[::-1]
    return _VIEWS if shared else _COPIES


QUESTIONS = [
    Question(
        id="matrices/flat-index",
        text=(
            "A matrix of 3 rows and 4 columns is held in a flat list in row-major "
            "order. Which number of the list is entry (2, 1)? Rows, columns and the "
            "list are counted from 0."
        ),
        answer=9,
        why="Two whole rows of 4 lie before its row, and one entry before it there.",
        wrong={
            5: "That is its place in column-major order, 1 · 3 + 2: a column of 3 "
            "lies before it, and two entries of its own. Here whole rows come first.",
            7: "That is 2 · 3 + 1, with the number of rows. A row is 4 long: its "
            "length is the number of columns.",
            10: "It is the tenth entry, and the first has number 0.",
            4: "That counts rows and columns from 1. Counted from 0, row 2 is the "
            "third: two whole rows lie before it.",
            6: "That is entry (1, 2): the first of the two numbers is the row.",
        },
        otherwise="How many whole rows lie before row 2, and how long is each?",
        computed=lambda: Matrix(3, 4).flat_index(2, 1),
    ),
    Question(
        id="matrices/empty-places",
        text=(
            "With the wrong rule, `n_rows * r + c`, the 12 entries of a 3 x 4 matrix "
            "are written into a list of 12. How many places of the list stay empty?"
        ),
        answer=2,
        why=(
            "The rows begin at 0, 3 and 6, and each is 4 long. So (0, 3) and (1, 0) "
            "meet in place 3, (1, 3) and (2, 0) in place 6, and nothing comes to 10 "
            "and 11. In a square matrix all would fit."
        ),
        wrong={
            0: "That would be so in a square matrix. Here a row is 4 long, and the "
            "next begins only 3 places on: the last of one meets the first of the "
            "next.",
            3: "Three rows have two seams between them, and at each seam two entries "
            "share a place.",
            4: "Four entries share places, two in each: that loses two places.",
            10: "That many places are taken.",
        },
        otherwise="Write down where each of the three rows begins and ends.",
        computed=_places_left_empty,
    ),
    Question(
        id="matrices/strides-of-images",
        text=(
            "`x` holds the images of MNIST: shape (60000, 784), float32, in row-major "
            "order. What is `x.strides`, in bytes? Write it as a shape: `(1, 2)`."
        ),
        answer=(3136, 4),
        why=(
            "The next pixel is 4 bytes on. The next image is a whole row on: "
            "784 · 4 = 3136 bytes."
        ),
        wrong={
            (784, 1): "That counts entries. Each entry of float32 takes 4 bytes.",
            (6272, 8): "That is for float64, of 8 bytes. float32 takes 4.",
            (4, 3136): "Those are the strides of `x.T`. The first belongs to the "
            "rows: how far is it from one row to the next?",
            (240000, 4): "To get to the next row one steps over a row, and a row has "
            "784 entries, not 60,000.",
            (4, 240000): "That is column-major order, in which a column of 60,000 "
            "lies in one piece.",
        },
        otherwise=(
            "How many bytes is it from an entry to the one below it, and how many to "
            "the one on its right?"
        ),
        computed=lambda: np.empty((60_000, 784), np.float32).strides,
    ),
    Question(
        id="matrices/what-t-does",
        text="`x` is an array of shape (60000, 784). What does `x.T` do?",
        choices=[_COPIES, _VIEWS, _MOVES],
        answer=_VIEWS,
        why=(
            "No number moves, so it takes as long for 47 million numbers as for six. "
            "Whoever writes into the view writes into `x`."
        ),
        wrong={
            _COPIES: "The function `transpose` for `Matrix` does that. An array has "
            "strides, and to exchange them is enough.",
            _MOVES: "`x` stays as it is: `x.T` is another array, and both look at "
            "the same bytes.",
        },
        computed=_what_transposing_does,
    ),
    Question(
        id="matrices/product-shape",
        text=(
            "`x` has shape (64, 128) and `g` has shape (64, 10). What is the shape of "
            "`x.T @ g`?"
        ),
        answer=(128, 10),
        why=(
            "(128, 64) times (64, 10): the 64 in the middle is summed over, and the "
            "outer two remain. Chapter 3 makes the gradient of weights this way."
        ),
        wrong={
            (64, 10): "Where is the 64 of `x.T`? In the middle, and there it is "
            "summed over. The outer two sizes remain.",
            (10, 128): "That is `g.T @ x`, the transpose of it.",
            (128, 64): "That is the shape of `x.T` alone.",
            (64, 64): "A size that stands in the middle is summed over, and does not "
            "appear in the product.",
        },
        otherwise="What is the shape of `x.T`? Then: the inner sizes must agree.",
        computed=_shape_of_transposed_product,
    ),
    Question(
        id="matrices/multiplications",
        text=(
            "How many multiplications of two numbers does the product of shapes "
            "(64, 784) and (784, 128) take? Give it in millions, with one decimal."
        ),
        answer=6.4,
        within=0.05,
        why=(
            "64 · 128 entries, and 784 multiplications for each: 6,422,528. That is "
            "one batch in the first layer of the digit reader."
        ),
        wrong={
            12.8: "That counts the additions too: about one for each multiplication.",
            0.1: "That is the number of weights, 784 · 128. Each of the 64 rows meets "
            "all of them.",
            0.2: "That is how many numbers the two matrices hold together. Each of "
            "them is used many times.",
            5035.3: "784 stands in both shapes, and counts once: it is the length of "
            "the sum behind each entry.",
            6422528: "The number is right. In millions it is 6.4.",
        },
        otherwise=(
            "How many entries has the product, and how many multiplications go into "
            "each?"
        ),
        computed=lambda: round(_millions_of_multiplications(), 1),
    ),
    Question(
        id="matrices/silent-broadcast",
        text=(
            "`prediction` has shape (64, 1) and `target` has shape (64,). What is the "
            "shape of `prediction - target`?"
        ),
        answer=(64, 64),
        why=(
            "(64,) is taken as (1, 64), and both are stretched: every prediction "
            "minus every target. No error is raised, and the mean of the squares is a "
            "number, of something else."
        ),
        wrong={
            (64, 1): "Shapes are lined up from the right. (64,) becomes (1, 64): its "
            "64 stands over the 1.",
            (64,): "The missing size is put in front, and is 1: (64,) becomes "
            "(1, 64), a row. It does not fit over a column without stretching it.",
            (1, 64): "Only the target is that row. The column has 64 rows, and they "
            "remain.",
            (128, 1): "Broadcasting does not put one below the other. It stretches "
            "sizes of 1.",
        },
        otherwise="Line the two shapes up from the right; what is missing is 1.",
        computed=lambda: (np.zeros((64, 1)) - np.zeros(64)).shape,
    ),
]
