"""Says what differs between what an answer gave and what it should have given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlib.exercises._show import number

__all__ = ["Fault", "difference", "is_changed"]


@dataclass
class Fault:
    """What is wrong with the outcome of one call, as a word and as a sentence."""

    kind: str
    text: str


def difference(
    got: Any,
    expected: Any,
    tolerance: float,
    what: str = "the result",
    parts: Sequence[str] = (),
    absolute: float | None = None,
) -> Fault | None:
    """Return the first difference between two values, or ``None``; `what` names them.

    `parts` names the elements of a tuple or a list. The tolerance is relative and
    absolute, unless an absolute one is given too.

    A float may be a Python float, a NumPy scalar or an array of no dimension. An array
    has to be an array of the same shape and dtype, with floats as near as `tolerance`,
    or as a few roundings of its dtype. All else has to be equal.
    """
    if got is None and expected is not None:
        return _fault("nothing", f"{what} is None. Is there a `return`?")
    if isinstance(expected, np.ndarray) and expected.ndim:
        return _array_difference(got, expected, tolerance, what, absolute)
    if isinstance(expected, bool | int | float | np.ndarray | np.generic):
        return _number_difference(got, expected, tolerance, what, absolute)
    if isinstance(expected, tuple | list | dict):
        return _container_difference(got, expected, tolerance, what, parts, absolute)
    if expected is None and got is not None:
        return _wrong_type(got, "None", what)
    if type(got) is not type(expected):
        return _wrong_type(got, _article(type(expected).__name__), what)
    return None if got is expected or _equal(got, expected) else _wrong_value(what)


def is_changed(after: Any, before: Any) -> bool:
    """Whether an argument was written into; of arrays and what holds them."""
    if isinstance(before, np.ndarray):
        return difference(after, before, 0.0) is not None
    if isinstance(before, dict):
        return list(after) != list(before) or any(
            is_changed(after[key], before[key]) for key in before
        )
    if isinstance(before, list | tuple):
        return len(after) != len(before) or any(map(is_changed, after, before))
    return isinstance(before, int | float | str | None) and after != before


def _array_difference(
    got: Any,
    expected: np.ndarray[Any, Any],
    tolerance: float,
    what: str,
    absolute: float | None,
) -> Fault | None:
    if not isinstance(got, np.ndarray):
        return _wrong_type(got, "a NumPy array", what)
    if got.shape != expected.shape:
        text = f"{what} has shape {got.shape}; expected was {expected.shape}."
        return _fault("shape", text)
    if got.dtype != expected.dtype:
        text = f"{what} has dtype {got.dtype}; expected was {expected.dtype}."
        return _fault("dtype", text)
    if (right := _near(got, expected, tolerance, absolute)).all():
        return None
    place = _worst_place(got, expected, right)
    where = f"[{', '.join(map(str, place))}]"
    at = f"at {where}: expected {number(expected[place])}, got {number(got[place])}."
    if _is_nan(got[place]):
        return _fault("nan", f"{what} is not a number (NaN) {at}")
    begin = (
        f"{what} differs" if right.size - right.sum() == 1 else f"{what} differs most"
    )
    return _fault("values", f"{begin} {at}")


def _number_difference(
    got: Any, expected: Any, tolerance: float, what: str, absolute: float | None
) -> Fault | None:
    expected = np.asarray(expected)
    wanted, kinds = {
        "b": ("True or False", "b"),
        "i": ("an integer", "iu"),
        "u": ("an integer", "iu"),
    }.get(expected.dtype.kind, ("a number", "iuf"))
    if isinstance(got, np.ndarray) and got.ndim:
        text = f"{what} is an array of shape {got.shape}; expected was {wanted}."
        return _fault("type", text)
    if not isinstance(got, bool | int | float | np.ndarray | np.generic):
        return _wrong_type(got, wanted, what)
    value = np.asarray(got)
    if value.dtype.kind not in kinds:
        return _wrong_type(got, wanted, what)
    if _near(value, expected, tolerance, absolute).all():
        return None
    if _is_nan(value):
        return _fault("nan", f"{what} is not a number (NaN).")
    return _wrong_value(what)


def _container_difference(
    got: Any,
    expected: Any,
    tolerance: float,
    what: str,
    parts: Sequence[str],
    absolute: float | None,
) -> Fault | None:
    kind = next(kind for kind in (tuple, list, dict) if isinstance(expected, kind))
    if not isinstance(got, kind):
        fault = _wrong_type(got, _article(kind.__name__), what)
        if kind is tuple and not what.startswith("element"):
            fault.text += " Commas alone make a tuple: `first, second`."
        return fault
    if isinstance(expected, dict):
        if set(got) != set(expected):
            keys = ", ".join(map(repr, expected))
            return _fault("keys", f"{what} has other keys than {keys}.")
        places = list(expected)
    else:
        if len(got) != len(expected):
            came = f"{len(got)} element{'s' * (len(got) != 1)}"
            verb = "was" if len(expected) == 1 else "were"
            text = f"{what} has {came}; expected {verb} {len(expected)}."
            return _fault("length", text)
        places = list(range(len(expected)))
    for place in places:
        part = parts[place] if parts else f"element [{place!r}] of {what}"
        found = difference(
            got[place], expected[place], tolerance, part, absolute=absolute
        )
        if found is not None and parts and isinstance(expected[place], str):
            return _wrong_word(got[place], expected[place], part, parts[:place])
        if found is not None:
            return found
    return None


def _wrong_word(got: Any, expected: str, part: str, before: Sequence[str]) -> Fault:
    """Say in one sentence what a word is about that an exercise adds to a result."""
    text = f"{part[0].upper()}{part[1:]}: {got}. Expected was: {expected}."
    if before:
        verb = "is" if len(before) == 1 else "are"
        text = f"{' and '.join(before)} {verb} right. {text}"
    return _fault("word", text)


def _near(
    got: np.ndarray[Any, Any],
    expected: np.ndarray[Any, Any],
    tolerance: float,
    absolute: float | None,
) -> np.ndarray[Any, Any]:
    """Where two arrays agree; arrays that are not of floats have to be equal."""
    if expected.dtype.kind not in "fc":
        return np.asarray(got == expected)
    if tolerance:
        tolerance = max(tolerance, 8 * float(np.finfo(expected.dtype).eps))
    with np.errstate(all="ignore"):
        if absolute is None:
            absolute = tolerance
        return np.isclose(got, expected, tolerance, absolute, equal_nan=True)


def _worst_place(
    got: np.ndarray[Any, Any],
    expected: np.ndarray[Any, Any],
    right: np.ndarray[Any, Any],
) -> tuple[int, ...]:
    """Where the difference is largest; a NaN or an infinity is larger than any."""
    if expected.dtype.kind != "f":
        gap = np.where(right, -1.0, 0.0)  # the first that differs
    else:
        with np.errstate(all="ignore"):
            gap = np.abs(got.astype(float) - expected.astype(float))
        gap = np.where(right, -1.0, np.where(np.isnan(gap), np.inf, gap))
    return tuple(int(i) for i in np.unravel_index(np.argmax(gap), gap.shape))


def _is_nan(value: Any) -> bool:
    return bool(np.asarray(value).dtype.kind == "f" and np.isnan(value))


def _equal(got: Any, expected: Any) -> bool:
    try:
        return bool(got == expected)
    except Exception:
        return False


def _fault(kind: str, text: str) -> Fault:
    return Fault(kind, text[0].upper() + text[1:])


def _wrong_value(what: str) -> Fault:
    return _fault("values", f"{what} is not the expected value.")


def _wrong_type(got: Any, wanted: str, what: str) -> Fault:
    came = "NumPy array" if isinstance(got, np.ndarray) else type(got).__name__
    return _fault("type", f"{what} is {_article(came)}; expected was {wanted}.")


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
