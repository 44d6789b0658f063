"""A matrix is a flat list of numbers and a rule for finding one of them."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "Matrix",
    "axpy",
    "column_sum",
    "elementwise_product",
    "matmul",
    "scale",
    "transpose",
]


class Matrix:
    """A matrix of floats in row-major order, in pure Python.

    Row ``r`` is followed in memory by row ``r + 1``: entry ``(r, c)`` is number
    ``r * n_cols + c`` of the flat list `data`.

    Parameters
    ----------
    n_rows, n_cols : int
        The shape, at least 1 by 1.
    fill : float
        The value of every entry.

    Raises
    ------
    ValueError
        If a size is below 1.

    Examples
    --------
    >>> a = Matrix(2, 3)
    >>> a[1, 2] = 7.0
    >>> a.data
    [0.0, 0.0, 0.0, 0.0, 0.0, 7.0]
    >>> a
    Matrix.from_rows([[0.0, 0.0, 0.0], [0.0, 0.0, 7.0]])
    """

    def __init__(self, n_rows: int, n_cols: int, fill: float = 0.0) -> None:
        if n_rows < 1 or n_cols < 1:
            raise ValueError(
                f"Matrix expected at least 1 row and 1 column, got {n_rows} x {n_cols}"
            )
        self.n_rows = n_rows
        self.n_cols = n_cols
        self.data = [float(fill)] * (n_rows * n_cols)

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[float]]) -> Matrix:
        """Make a matrix from its rows, which must be of one length."""
        if not rows or not rows[0]:
            raise ValueError("Matrix.from_rows expected at least one row of one entry")
        lengths = {len(row) for row in rows}
        if len(lengths) > 1:
            raise ValueError(
                f"Matrix.from_rows expected rows of one length, got {sorted(lengths)}"
            )
        matrix = cls(len(rows), len(rows[0]))
        matrix.data = [float(value) for row in rows for value in row]
        return matrix

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.n_rows, self.n_cols

    def flat_index(self, row: int, column: int) -> int:
        """Where entry ``(row, column)`` lies in the flat list.

        The row is multiplied by the number of *columns*, the length of a row;
        with the number of rows instead, a square matrix works and no other does.

        Raises
        ------
        IndexError
            If there is no such entry; negative indices are not taken.
        """
        if not (0 <= row < self.n_rows and 0 <= column < self.n_cols):
            raise IndexError(
                f"entry ({row}, {column}) lies outside a "
                f"{self.n_rows} x {self.n_cols} matrix"
            )
        return row * self.n_cols + column

    def __getitem__(self, position: tuple[int, int]) -> float:
        return self.data[self.flat_index(*position)]

    def __setitem__(self, position: tuple[int, int], value: float) -> None:
        self.data[self.flat_index(*position)] = float(value)

    def fill(self, value: float) -> None:
        """Set every entry to `value`."""
        self.data = [float(value)] * len(self.data)

    def to_rows(self) -> list[list[float]]:
        """The rows, as a list of lists."""
        n = self.n_cols
        return [self.data[r * n : (r + 1) * n] for r in range(self.n_rows)]

    # A class that defines equality has no hash, which is right: a matrix can change.
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Matrix):
            return NotImplemented
        return self.shape == other.shape and self.data == other.data

    def __repr__(self) -> str:
        return f"Matrix.from_rows({self.to_rows()})"


def matmul(a: Matrix, b: Matrix) -> Matrix:
    """The matrix product, in i-k-j order so that memory is read row by row.

    Parameters
    ----------
    a : Matrix, (n, m)
    b : Matrix, (m, p)

    Returns
    -------
    Matrix, (n, p)
        Entry ``(i, j)`` is the sum over k of ``a[i, k] * b[k, j]``.

    Raises
    ------
    ValueError
        If the columns of `a` are not as many as the rows of `b`.

    Examples
    --------
    >>> matmul(Matrix.from_rows([[1, 2]]), Matrix.from_rows([[3], [4]]))
    Matrix.from_rows([[11.0]])
    """
    if a.n_cols != b.n_rows:
        raise ValueError(
            f"matmul expected as many columns in a as rows in b, "
            f"got {a.shape} and {b.shape}"
        )
    out = Matrix(a.n_rows, b.n_cols)
    p = b.n_cols
    for i in range(a.n_rows):
        for k in range(a.n_cols):
            a_ik = a.data[i * a.n_cols + k]
            for j in range(p):
                out.data[i * p + j] += a_ik * b.data[k * p + j]
    return out


def transpose(a: Matrix) -> Matrix:
    """Rows become columns: ``(n, m)`` to ``(m, n)``, as a new matrix.

    Examples
    --------
    >>> transpose(Matrix.from_rows([[1, 2, 3]]))
    Matrix.from_rows([[1.0], [2.0], [3.0]])
    """
    out = Matrix(a.n_cols, a.n_rows)
    for r in range(a.n_rows):
        for c in range(a.n_cols):
            out[c, r] = a[r, c]
    return out


def elementwise_product(a: Matrix, b: Matrix) -> Matrix:
    """The product entry by entry of two matrices of one shape.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> elementwise_product(Matrix.from_rows([[2, 3]]), Matrix.from_rows([[4, 5]]))
    Matrix.from_rows([[8.0, 15.0]])
    """
    _check_one_shape("elementwise_product", a, b)
    out = Matrix(*a.shape)
    out.data = [x * y for x, y in zip(a.data, b.data, strict=True)]
    return out


def scale(a: Matrix, factor: float) -> Matrix:
    """Every entry times `factor`, as a new matrix.

    Examples
    --------
    >>> scale(Matrix.from_rows([[1, -2]]), 3)
    Matrix.from_rows([[3.0, -6.0]])
    """
    out = Matrix(*a.shape)
    out.data = [factor * x for x in a.data]
    return out


def column_sum(a: Matrix) -> Matrix:
    """The sum down every column: ``(n, m)`` to ``(1, m)``, read row by row.

    Examples
    --------
    >>> column_sum(Matrix.from_rows([[1, 2], [3, 4]]))
    Matrix.from_rows([[4.0, 6.0]])
    """
    out = Matrix(1, a.n_cols)
    for row in a.to_rows():
        for c, value in enumerate(row):
            out.data[c] += value
    return out


def axpy(alpha: float, x: Matrix, y: Matrix) -> None:
    """Add ``alpha * x`` to `y`, in place (the name is BLAS's: a x plus y).

    With ``alpha = -lr``, `x` a gradient and `y` a weight it is a step of gradient
    descent.

    Raises
    ------
    ValueError
        If the shapes differ; `y` is then unchanged.

    Examples
    --------
    >>> y = Matrix.from_rows([[1, 1]])
    >>> axpy(-0.5, Matrix.from_rows([[2, 4]]), y)
    >>> y
    Matrix.from_rows([[0.0, -1.0]])
    """
    _check_one_shape("axpy", x, y)
    for i, value in enumerate(x.data):
        y.data[i] += alpha * value


def _check_one_shape(owner: str, a: Matrix, b: Matrix) -> None:
    if a.shape != b.shape:
        raise ValueError(
            f"{owner} expected two matrices of one shape, got {a.shape} and {b.shape}"
        )
