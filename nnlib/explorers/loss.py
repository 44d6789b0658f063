"""Explorer: losses and their gradients, read at any error or at any logit."""

from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.explorers.base import Explorer, nearest, pack, state
from nnlib.functional import sigmoid, softmax
from nnlib.losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    Loss,
    MAELoss,
    MSELoss,
)

__all__ = ["LogitLossExplorer", "LossExplorer", "of_error", "of_logit"]

#: The errors, and the logits, at which every loss is sampled.
X = np.round(np.linspace(-6, 6, 121), 1)
DELTAS = [0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0]
CLASSES = [2, 3, 5, 10, 100, 1000]

ERROR_LOSSES = ["MSE", "MAE", "Huber"]
LOGIT_LOSSES = ["BCE, y = 1", "BCE, y = 0", "cross-entropy"]


class LossExplorer(Explorer):
    """The losses of numbers over the error above, their gradients below.

    Parameters
    ----------
    losses : list of str, optional
        Which of "MSE", "MAE" and "Huber" to show first; all of them by default.
    error : float, optional
        Where to read them, from -6 to 6; the nearest sample is taken.
    delta : float, optional
        Where Huber's parabola turns into a line; the nearest stop is taken.

    Examples
    --------
    >>> LossExplorer(losses=["MAE", "Huber"], error=2.96)
    LossExplorer(delta=1.0, error=3.0, losses=['MAE', 'Huber'])
    """

    losses = state(traitlets.List(traitlets.Enum(ERROR_LOSSES)))
    error = state(traitlets.Float(1.5, min=-6.0, max=6.0))
    delta = state(traitlets.Float(1.0, min=0.1, max=6.0))

    @traitlets.default("losses")
    def _losses(self) -> list[str]:
        return list(ERROR_LOSSES)

    @traitlets.validate("error", "delta")
    def _on_a_sample(self, proposal: Any) -> float:
        stops = {"error": X.tolist(), "delta": DELTAS}[proposal["trait"].name]
        return nearest(proposal["value"], stops)

    def __init__(self, **kwargs: Any) -> None:
        huber = [of_error(HuberLoss(delta)) for delta in DELTAS]
        super().__init__(
            title="Losses against the error",
            alt="Curves of the chosen losses over the error of one prediction above, "
            "their gradients below, and a line at one error to read them by.",
            data={
                "x": X.tolist(),
                "over": "error",
                "symbol": "e",
                "label": "Error e = prediction − target",
                "parameter": {"key": "delta", "label": "δ of Huber", "stops": DELTAS},
                "top": 10,
                "steepest": 10,
                "losses": {
                    "MSE": pack(np.stack([of_error(MSELoss())])),
                    "MAE": pack(np.stack([of_error(MAELoss())])),
                    "Huber": pack(np.stack(huber)),
                },
            },
            **kwargs,
        )


class LogitLossExplorer(Explorer):
    """The losses of classes over the logit above, their gradients below.

    Parameters
    ----------
    losses : list of str, optional
        Which of "BCE, y = 1", "BCE, y = 0" and "cross-entropy" to show first; all of
        them by default. The first two take the logit of a yes-or-no question; in the
        cross-entropy it is the logit of the right class, and all others are 0.
    logit : float, optional
        Where to read them, from -6 to 6; the nearest sample is taken.
    classes : int, optional
        K, the classes of the cross-entropy; the nearest stop is taken.

    Examples
    --------
    >>> LogitLossExplorer(losses=["cross-entropy"], logit=1.02, classes=9)
    LogitLossExplorer(classes=10, logit=1.0, losses=['cross-entropy'])
    """

    losses = state(traitlets.List(traitlets.Enum(LOGIT_LOSSES)))
    logit = state(traitlets.Float(-2.0, min=-6.0, max=6.0))
    classes = state(traitlets.Int(10, min=2, max=1000))

    @traitlets.default("losses")
    def _losses(self) -> list[str]:
        return list(LOGIT_LOSSES)

    @traitlets.validate("logit", "classes")
    def _on_a_sample(self, proposal: Any) -> float:
        stops: Any = {"logit": X.tolist(), "classes": CLASSES}
        return nearest(proposal["value"], stops[proposal["trait"].name])

    def __init__(self, **kwargs: Any) -> None:
        cross_entropy = [of_logit(classes) for classes in CLASSES]
        super().__init__(
            title="Losses against the logit",
            alt="Curves of the binary cross-entropy for both targets and of the "
            "cross-entropy over a logit above, their gradients below, and a line at "
            "one logit to read them by.",
            data={
                "x": X.tolist(),
                "over": "logit",
                "symbol": "z",
                "label": "Logit z",
                "parameter": {
                    "key": "classes",
                    "label": "K of the cross-entropy",
                    "stops": CLASSES,
                },
                "top": 8,
                "steepest": 1,
                "losses": {
                    "BCE, y = 1": pack(np.stack([_bce(1.0)])),
                    "BCE, y = 0": pack(np.stack([_bce(0.0)])),
                    "cross-entropy": pack(np.stack(cross_entropy)),
                },
            },
            **kwargs,
        )


def of_error(criterion: Loss) -> Array:
    """Return the loss of one prediction and its gradient for every error of `X`.

    Parameters
    ----------
    criterion : Loss
        Of numbers, such as `MSELoss`.

    Returns
    -------
    numpy.ndarray
        Shape ``(2, 121)``: the losses, and dL/de.
    """

    def one(error: float) -> tuple[float, float]:
        loss = criterion(np.array([error]), np.zeros(1))
        return loss, float(criterion.backward()[0])

    return _table(one)


def of_logit(classes: int) -> Array:
    """Return the cross-entropy over the right class's logit, all others being 0.

    Parameters
    ----------
    classes : int
        K, how many classes there are.

    Returns
    -------
    numpy.ndarray
        Shape ``(3, 121)``: the losses, dL/dz, and the probability of the right class.
    """
    criterion = CrossEntropyLoss()

    def one(logit: float) -> tuple[float, float, float]:
        z = np.zeros((1, classes))
        z[0, 0] = logit
        loss = criterion(z, np.array([0]))
        return loss, float(criterion.backward()[0, 0]), float(softmax(z)[0, 0])

    return _table(one)


def _bce(target: float) -> Array:
    """Return what `of_logit` does for the binary cross-entropy; p is that of yes."""
    criterion = BCEWithLogitsLoss()

    def one(logit: float) -> tuple[float, float, float]:
        z = np.array([logit])
        loss = criterion(z, np.array([target]))
        return loss, float(criterion.backward()[0]), float(sigmoid(z)[0])

    return _table(one)


def _table(one: Callable[[float], tuple[float, ...]]) -> Array:
    """Return what a function gives for every one of `X`, as columns."""
    return np.array([one(float(x)) for x in X]).T
