"""Prints values, and text, for people: readable, short and always the same."""

import re
import textwrap
from typing import Any

import numpy as np

__all__ = ["MARGIN", "WIDTH", "indent", "labelled", "number", "shorten", "show", "wrap"]

WIDTH, MARGIN = 78, 4
#: Of more elements, arrays are abbreviated, or described if they have more dimensions.
SMALL, PRINTED_DIMENSIONS = 24, 2
FENCE = re.compile(r"(```.*?```)", re.DOTALL)


def wrap(text: str) -> str:
    """Wrap the paragraphs of a text; lists, tables and code keep their lines."""
    parts = []
    for part in FENCE.split(text.strip()):
        for block in (
            re.split(r"\n\s*\n", part.strip("\n")) if part[:3] != "```" else [part]
        ):
            if not block.strip():
                continue
            as_it_is = block.startswith(("```", "    ", "|", "- ", "* ", "1. ", "$$"))
            parts.append(
                block
                if as_it_is
                else textwrap.fill(
                    block, WIDTH, break_long_words=False, break_on_hyphens=False
                )
            )
    return "\n\n".join(parts)


def indent(text: str) -> str:
    """Move a text to the right, as what is quoted stands."""
    return textwrap.indent(text, " " * MARGIN)


def shorten(
    text: str, lines: int = 8, width: int = WIDTH - MARGIN, turns: int = 1
) -> str:
    """Return the beginning of a text, in so many lines of such a width.

    A longer line is cut, or, if it may take several `turns`, goes on below.
    """
    every = [line for one in text.splitlines() for line in _turned(one, width, turns)]
    return "\n".join(every[:lines] + ["..."] * (len(every) > lines))


def _turned(line: str, width: int, turns: int) -> list[str]:
    if len(line) <= width:
        return [line]
    if turns == 1:
        return [line[: width - 4] + " ..."]
    return textwrap.wrap(
        line,
        width,
        max_lines=turns,
        placeholder=" ...",
        break_on_hyphens=False,
        subsequent_indent=" " * (len(line) - len(line.lstrip())),
    )


def labelled(label: str, value: Any, margin: int = 0) -> str:
    """Return ``label value``, the further lines of the value below its first."""
    shown = show(value, margin + len(label))
    return label + shown.replace("\n", "\n" + " " * len(label))


def number(value: Any) -> str:
    """Return a number with more digits than arrays are shown with."""
    value = np.asarray(value).item()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def show(value: Any, margin: int = 0) -> str:
    """Return a value as it would be written, or, where that is long, a description."""
    if isinstance(value, np.ndarray) and value.ndim:
        return _show_array(value, margin)
    if isinstance(value, np.ndarray | np.generic):
        value = value.item()
    if type(value) is float:  # without the last digits, which are rounding
        return repr(float(number(value)))
    if isinstance(value, np.random.Generator):
        return "a random generator"
    if isinstance(value, tuple | list | dict):
        return _show_container(value, margin)
    try:
        text = repr(value)
    except Exception:
        text = " at 0x"
    if " at 0x" in text:  # of no use to a reader, and another one in every run
        name = getattr(value, "__name__", None)
        return name or f"an object of class {type(value).__name__}"
    return shorten(text, lines=4, width=WIDTH - margin)


def _show_container(value: Any, margin: int) -> str:
    if len(value) > SMALL:
        return f"a {type(value).__name__} of {len(value)} elements"
    labels = [f"{key!r}: " for key in value] if isinstance(value, dict) else None
    values = value.values() if isinstance(value, dict) else value
    parts = [
        labelled(label, part, margin + 1)
        for label, part in zip(labels or [""] * len(value), values, strict=True)
    ]
    left, right = "{}" if labels else "[]" if isinstance(value, list) else "()"
    if (left, len(parts)) == ("(", 1):
        right = ",)"
    line = f"{left}{', '.join(parts)}{right}"
    if "\n" not in line and len(line) <= WIDTH - margin:
        return line
    return left + ",\n".join(parts).replace("\n", "\n ") + right


def _show_array(array: np.ndarray[Any, Any], margin: int) -> str:
    if array.size > SMALL and array.ndim > PRINTED_DIMENSIONS:
        return f"an array of shape {array.shape} and dtype {array.dtype}"
    with np.printoptions(
        precision=8, threshold=SMALL, edgeitems=2, suppress=False,
        linewidth=WIDTH - margin, floatmode="maxprec", nanstr="nan", infstr="inf",
        sign="-", formatter=None, legacy=False, override_repr=None,
    ):  # fmt: skip
        return repr(array)
