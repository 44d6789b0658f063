"""Explorer: one cross-entropy in four spellings, and the logits that break each."""

from math import isinf, isnan
from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.explorers.base import DIGITS, Explorer, nearest, state
from nnlib.functional import sigmoid, softmax, softplus
from nnlib.losses import CrossEntropyLoss

__all__ = ["GAPS", "PRECISIONS", "SPELLINGS", "LogitGapExplorer", "spelled", "verdict"]

#: The logits are (gap, 0): close together at first, and wherever something breaks.
GAPS = sorted(
    {*range(31), *range(35, 101, 5), 88, 89, 104, *range(125, 1001, 25), 709, 710, 746}
)
PRECISIONS: dict[str, Any] = {"float64": np.float64, "float32": np.float32}
SPELLINGS = ["naive", "p + 1e-9", "max(p, 1e-9)", "from logits"]
#: Which class is right: the one with the logit 0, or the one with the logit gap.
TARGETS = {"behind": 1, "ahead": 0}
#: The number that two of the spellings guard their logarithm with.
FLOOR = 1e-9
#: What differs by less is right, to the eye of who trains with it.
CLOSE = 1e-3


class LogitGapExplorer(Explorer):
    """The loss of two logits against the gap between them, and its slope.

    Parameters
    ----------
    gap : int, optional
        The logits are (gap, 0), with a gap from 0 to 1000; the nearest of `GAPS` is
        taken.
    precision : str, optional
        "float64" or "float32".
    target : str, optional
        The right class: "behind", with the logit 0, or "ahead", with the logit gap.

    Examples
    --------
    >>> LogitGapExplorer(gap=999, precision="float32")
    LogitGapExplorer(gap=1000, precision='float32', target='behind')
    """

    gap = state(traitlets.Int(25, min=0, max=1000))
    precision = state(traitlets.Enum(list(PRECISIONS), default_value="float64"))
    target = state(traitlets.Enum(list(TARGETS), default_value="behind"))

    @traitlets.validate("gap")
    def _on_a_stop(self, proposal: Any) -> Any:
        stops: Any = GAPS
        return nearest(proposal["value"], stops)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            title="The same loss, spelled four ways",
            alt="The cross-entropy of two logits against the gap between them, as four "
            "spellings compute it, above; the slope of each below. Some end, and some "
            "go flat.",
            data={
                "gaps": GAPS,
                "spellings": SPELLINGS,
                "right": {target: _right(target) for target in TARGETS},
                "found": {
                    target: {
                        precision: [
                            _found(name, precision, target) for name in SPELLINGS
                        ]
                        for precision in PRECISIONS
                    }
                    for target in TARGETS
                },
            },
            **kwargs,
        )


def spelled(name: str, z: Array, target: int) -> tuple[float, float]:
    """Return the loss as one of `SPELLINGS` computes it, and the slope of that.

    Parameters
    ----------
    name : str
        One of `SPELLINGS`.
    z : numpy.ndarray
        The logits, shape ``(2,)``; all is computed in their float type.
    target : int
        The right class, 0 or 1.

    Returns
    -------
    loss, slope : float
        The slope is dL/dz of the right class, by the chain rule through all that was
        computed, as automatic differentiation would have it.
    """
    if name == "from logits":
        criterion = CrossEntropyLoss()
        loss = criterion(z[None], np.array([target]))
        return loss, float(criterion.backward()[0, target])
    one, floor = z.dtype.type(1), z.dtype.type(FLOOR)
    with np.errstate(all="ignore"):  # it is what goes wrong that we want to see
        e = np.exp(z)
        p = (e / e.sum() if name == "naive" else softmax(z))[target]
        slope_of_p = p * (one - p)
        if name == "naive":
            return float(-np.log(p)), float(-slope_of_p / p)
        if name == "p + 1e-9":
            return float(-np.log(p + floor)), float(-slope_of_p / (p + floor))
        loss = -np.log(np.maximum(p, floor))
        return float(loss), float(-slope_of_p / p) if p > floor else 0.0


def exact(gap: float, target: str) -> tuple[float, float]:
    """Return the loss of the logits (gap, 0) on paper, and its slope: p - 1."""
    ahead = np.array(gap if target == "ahead" else -gap, dtype=float)
    return float(softplus(-ahead)), -float(sigmoid(-ahead))


def verdict(loss: float, slope: float, gap: float, target: str) -> str:
    """Return what there is to say of a loss and its slope, in a word or two."""
    right_loss, right_slope = exact(gap, target)
    if isnan(loss):
        return "NaN"
    if isinf(loss):
        return "infinite"
    said = []
    if right_loss - loss > CLOSE * max(right_loss, 1):
        said.append("too low")
    if abs(slope - right_slope) > CLOSE:
        said.append("flat" if abs(slope) < CLOSE else "slope off")
    return ", ".join(said) or "right"


def _sent(value: float) -> float | str:
    """Return a number for the page; JSON has no name for what is not finite."""
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "Infinity"
    return float(f"{value:.{DIGITS - 1}e}")


def _right(target: str) -> list[list[float | str]]:
    """Return the exact losses and slopes of all gaps, for the page."""
    pairs = [exact(gap, target) for gap in GAPS]
    return [[_sent(value) for value in column] for column in zip(*pairs, strict=True)]


def _found(name: str, precision: str, target: str) -> dict[str, Any]:
    """Return what a spelling computes for all gaps, and the verdicts, for the page."""
    pairs = [
        spelled(name, np.array([gap, 0], PRECISIONS[precision]), TARGETS[target])
        for gap in GAPS
    ]
    losses, slopes = zip(*pairs, strict=True)
    words = [verdict(*pair, gap, target) for pair, gap in zip(pairs, GAPS, strict=True)]
    return {
        "loss": [_sent(value) for value in losses],
        "slope": [_sent(value) for value in slopes],
        "words": words,
    }
