"""Explorer: a matrix product, one multiplication after the other, in two orders."""

from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.explorers.base import Explorer, pack, state

__all__ = ["MatmulStepsExplorer", "multiplications"]

MOST = 5
ORDERS = ["i-j-k", "i-k-j"]
Indices = tuple[int, int, int]


class MatmulStepsExplorer(Explorer):
    """The steps of ``out = a @ b``: which numbers meet, and where b lies in memory.

    Parameters
    ----------
    a : array_like
        Shape ``(n, m)``, at most 5 by 5.
    b : array_like
        Shape ``(m, p)``, at most 5 by 5.
    names : tuple of str, optional
        What the reader sees `a` and `b` called.
    order : str, optional
        ``"i-j-k"`` finishes one entry of `out` after the other, ``"i-k-j"`` lets a
        whole row grow and reads b in the order of its memory.
    step : int, optional
        Multiplications done, from 0 to ``n * m * p``.

    Raises
    ------
    ValueError
        If `a` or `b` is no finite matrix of at most 5 by 5, or they do not fit.

    Examples
    --------
    >>> MatmulStepsExplorer([[1, 2]], [[3], [4]], step=2)
    MatmulStepsExplorer(order='i-j-k', step=2)
    """

    order = state(traitlets.Enum(ORDERS, default_value="i-j-k"))
    step = state(traitlets.Int(0, min=0))

    @traitlets.validate("step")
    def _is_a_step(self, proposal: Any) -> int:
        steps = len(self.data["indices"][ORDERS[0]])
        if proposal["value"] > steps:
            raise traitlets.TraitError(
                f"step of MatmulStepsExplorer is from 0 to {steps}, "
                f"got {proposal['value']}"
            )
        return int(proposal["value"])

    def __init__(
        self, a: Any, b: Any, names: tuple[str, str] = ("a", "b"), **kwargs: Any
    ) -> None:
        a, b = _matrix("a", a), _matrix("b", b)
        if a.shape[1] != b.shape[0]:
            raise ValueError(
                "MatmulStepsExplorer expected as many columns in a as rows in b, "
                f"got {a.shape} and {b.shape}"
            )
        left, right = names
        traces = {order: multiplications(a, b, order) for order in ORDERS}
        super().__init__(
            title="A matrix product, step by step",
            alt=f"The matrices {left}, {right} and out, placed so that a row of {left} "
            f"and a column of {right} meet in their entry of out; what is being "
            f"multiplied is lit. Below, the places of {right} in memory, in the order "
            "in which they are read.",
            data={
                "names": [left, right],
                "a": pack(a),
                "b": pack(b),
                "indices": {order: trace[0] for order, trace in traces.items()},
                "products": {order: pack(trace[1]) for order, trace in traces.items()},
                # The entry (i, j) of out after each step.
                "sums": {order: pack(trace[2]) for order, trace in traces.items()},
            },
            **kwargs,
        )


def multiplications(
    a: Array, b: Array, order: str
) -> tuple[list[Indices], Array, Array]:
    """Return every multiplication of ``a @ b`` in the order of the three loops.

    Parameters
    ----------
    a, b : numpy.ndarray
        Shapes ``(n, m)`` and ``(m, p)``.
    order : str
        The loops from the outermost to the innermost, such as ``"i-k-j"``.

    Returns
    -------
    indices : list of tuple
        ``(i, j, k)`` of every step: ``out[i, j] += a[i, k] * b[k, j]``.
    products, sums : numpy.ndarray
        Shape ``(n * m * p,)`` each: what is added at that step, and ``out[i, j]``
        after it.

    Examples
    --------
    >>> indices, products, sums = multiplications(
    ...     np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), "i-j-k"
    ... )
    >>> indices, products.tolist(), sums.tolist()
    ([(0, 0, 0), (0, 0, 1)], [3.0, 8.0], [3.0, 11.0])
    """
    (n, m), p = a.shape, b.shape[1]
    sizes = {"i": n, "j": p, "k": m}
    letters = order.split("-")
    out = np.zeros((n, p))
    indices, products, sums = [], [], []
    for where in np.ndindex(*[sizes[letter] for letter in letters]):
        at = dict(zip(letters, where, strict=True))
        i, j, k = at["i"], at["j"], at["k"]
        product = a[i, k] * b[k, j]
        out[i, j] += product
        indices.append((i, j, k))
        products.append(product)
        sums.append(out[i, j])
    return indices, np.array(products), np.array(sums)


def _matrix(name: str, values: Any) -> Array:
    """Return `values` as a matrix of floats that can be drawn, or say why not."""
    try:
        matrix = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"MatmulStepsExplorer expected {name} to be a matrix of numbers: {error}"
        ) from error
    if matrix.ndim != 2 or not all(1 <= size <= MOST for size in matrix.shape):
        raise ValueError(
            f"MatmulStepsExplorer expected {name} to have two axes of 1 to {MOST}, "
            f"got the shape {matrix.shape}"
        )
    if not np.isfinite(matrix).all():
        raise ValueError(f"MatmulStepsExplorer expected {name} to be finite")
    return matrix
