"""Explorer: two shapes, and what `@` or broadcasting makes of them."""

import re
from typing import Any

import traitlets

from nnlib.explorers.base import Explorer, state

__all__ = ["ShapesExplorer"]

OPERATIONS = ["@", "+"]
#: More than this has no room in the drawing.
MAX_AXES, MAX_SIZE = 6, 99_999
SHAPE = re.compile(r"[(\[]\s*[)\]]|[(\[]?\s*\d+(\s*[,x×*\s]\s*\d+)*\s*,?\s*[)\]]?")


class ShapesExplorer(Explorer):
    """Two shapes, axis by axis: the shape of ``a @ b`` or ``a + b``, or why not.

    The rules are NumPy's, for matrices, vectors and batches alike. What the reader
    types is worked out in the page; tests hold that against NumPy.

    Parameters
    ----------
    a, b : str, optional
        The shapes as text: ``"(64, 784)"``, ``"64 x 784"``, ``"()"`` for a number by
        itself. At most 6 axes of at most 99,999.
    operation : str, optional
        ``"@"`` for the matrix product, ``"+"`` for anything that works entry by entry.

    Raises
    ------
    ValueError
        If `a` or `b` does not say a shape. (Later, while a reader types, any text is
        taken, and the figure says what is missing.)

    Examples
    --------
    >>> ShapesExplorer(a="(4, 3)", b="(3,)", operation="+")
    ShapesExplorer(a='(4, 3)', b='(3,)', operation='+')
    """

    a = state(traitlets.Unicode("(64, 784)"))
    b = state(traitlets.Unicode("(784, 128)"))
    operation = state(traitlets.Enum(OPERATIONS, default_value="@"))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            title="Do these shapes fit?",
            alt="Two shapes above each other, one box for each axis, aligned as the "
            "rule aligns them; the shape of the result below, or where they differ.",
            data={"axes": MAX_AXES, "size": MAX_SIZE},
            **kwargs,
        )
        for name in ("a", "b"):
            _check(name, getattr(self, name))


def _check(name: str, text: str) -> None:
    sizes = [int(size) for size in re.findall(r"\d+", text)]
    readable = len(text) <= 40 and SHAPE.fullmatch(text.strip())
    if not readable or len(sizes) > MAX_AXES or max(sizes, default=0) > MAX_SIZE:
        raise ValueError(
            f"ShapesExplorer expected {name} to be a shape such as '(64, 784)' of at "
            f"most {MAX_AXES} axes of at most {MAX_SIZE:,}, got {text!r}"
        )
