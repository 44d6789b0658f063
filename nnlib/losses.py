"""What a network is told about its mistakes: one number, and its gradient.

A loss is a mean: over every element for the losses of numbers and probabilities,
over the samples for `CrossEntropyLoss`. This is the only place where the factor 1/N
stands, so `backward` of a loss already carries it. Predictions come first, targets
second.
"""

from abc import ABC, abstractmethod

import numpy as np

from nnlib._checks import (
    check_between,
    check_labels,
    check_logits,
    check_number,
    check_same_shape,
)
from nnlib._types import Array
from nnlib.functional import log_softmax, sigmoid, softplus
from nnlib.module import Cached

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HuberLoss",
    "Loss",
    "MAELoss",
    "MSELoss",
]


_LEAST_DIVISOR = float(np.float32(1e-12))  # of BCELoss; a float32, as PyTorch's is


class Loss(Cached, ABC):
    """A function L(prediction, target) of one value, and its gradient."""

    @abstractmethod
    def forward(self, prediction: Array, target: Array) -> float:
        """The loss, as a float."""

    @abstractmethod
    def backward(self) -> Array:
        """The gradient with respect to the prediction of the last forward.

        Returns
        -------
        array, the shape and dtype of the prediction

        Raises
        ------
        RuntimeError
            If no forward came before.
        """

    def __call__(self, prediction: Array, target: Array) -> float:
        """Compute `forward`, as ``criterion(prediction, target)``."""
        return self.forward(prediction, target)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class MSELoss(Loss):
    """Mean squared error: pulls towards the mean of the targets.

    Examples
    --------
    >>> loss = MSELoss()
    >>> loss(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]]))
    2.5
    >>> loss.backward()
    array([[1., 2.]])
    """

    def forward(self, prediction: Array, target: Array) -> float:
        """L = mean of e², with e = prediction - target, both of one shape."""
        check_same_shape("MSELoss", prediction, target)
        error = prediction - target
        self._cache = error
        return float(np.mean(error**2))

    def backward(self) -> Array:
        """dL = 2 e / N, with N the number of elements."""
        error = self._cached()
        return 2 * error / error.size


class MAELoss(Loss):
    """Mean absolute error: pulls towards the median of the targets.

    Examples
    --------
    >>> loss = MAELoss()
    >>> loss(np.array([[1.0, -2.0]]), np.array([[0.0, 0.0]]))
    1.5
    >>> loss.backward()
    array([[ 0.5, -0.5]])
    """

    def forward(self, prediction: Array, target: Array) -> float:
        """L = mean of abs(e), with e = prediction - target, both of one shape."""
        check_same_shape("MAELoss", prediction, target)
        error = prediction - target
        self._cache = error
        return float(np.mean(np.abs(error)))

    def backward(self) -> Array:
        """dL = sign(e) / N, and 0 where e is 0."""
        error = self._cached()
        return np.sign(error) / error.size


class HuberLoss(Loss):
    """Squared near 0 and straight beyond `delta`: an outlier pulls no harder.

    Parameters
    ----------
    delta : float
        δ, above 0, in units of the error: where the parabola turns into a line.
        Source: Huber (1964), "Robust Estimation of a Location Parameter".

    Raises
    ------
    ValueError
        If `delta` is not above 0.

    Examples
    --------
    >>> loss = HuberLoss(delta=1.0)
    >>> loss(np.array([[0.5, 3.0]]), np.array([[0.0, 0.0]]))
    1.3125
    >>> loss.backward()
    array([[0.25, 0.5 ]])
    """

    def __init__(self, delta: float = 1.0) -> None:
        check_number("HuberLoss", "delta", delta, above=0)
        self.delta = float(delta)

    def forward(self, prediction: Array, target: Array) -> float:
        """L = mean of q (abs(e) - q/2), with q = min(abs(e), δ)."""
        check_same_shape("HuberLoss", prediction, target)
        error = prediction - target
        self._cache = error
        size = np.abs(error)
        q = np.minimum(size, self.delta)
        return float(np.mean(q * (size - q / 2)))

    def backward(self) -> Array:
        """dL = e / N, held between -δ/N and δ/N."""
        error = self._cached()
        return np.clip(error, -self.delta, self.delta) / error.size

    def __repr__(self) -> str:
        return f"HuberLoss(delta={self.delta})"


class BCELoss(Loss):
    """Binary cross-entropy of probabilities.

    A logarithm is held at -100 or above, so that the loss stays finite at
    probabilities 0 and 1, as PyTorch's does. `BCEWithLogitsLoss` needs no such floor
    and is the better choice.

    Examples
    --------
    >>> loss = BCELoss()
    >>> round(loss(np.array([[0.5, 0.9]]), np.array([[1.0, 1.0]])), 4)
    0.3993
    >>> loss(np.array([[0.0]]), np.array([[1.0]]))
    100.0
    """

    def forward(self, prediction: Array, target: Array) -> float:
        """L = mean of -(y log p + (1 - y) log(1 - p)); p and y in [0, 1]."""
        check_same_shape("BCELoss", prediction, target)
        check_between("BCELoss", "prediction", prediction, 0, 1)
        check_between("BCELoss", "target", target, 0, 1)
        self._cache = prediction, target
        with np.errstate(divide="ignore"):
            log_p = np.maximum(np.log(prediction), -100)
            log_not_p = np.maximum(np.log1p(-prediction), -100)
        return float(-np.mean(target * log_p + (1 - target) * log_not_p))

    def backward(self) -> Array:
        """dL = (p - y) / (p (1 - p)) / N, the divisor held at 1e-12 or above."""
        p, target = self._cached()
        return (p - target) / np.maximum(p * (1 - p), _LEAST_DIVISOR) / p.size


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy straight from logits: p = σ(z), never computed.

    Examples
    --------
    >>> loss = BCEWithLogitsLoss()
    >>> round(loss(np.array([[0.0, 1000.0]]), np.array([[1.0, 1.0]])), 4)
    0.3466
    >>> loss(np.array([[-1000.0]]), np.array([[1.0]]))
    1000.0
    """

    def forward(self, prediction: Array, target: Array) -> float:
        """L = mean of softplus(z) - y z, any logits z, y in [0, 1].

        softplus(z) - y z is softplus(-abs(z)) plus abs(z) for the part of y that lies
        on the other side of z; where none does, even an infinite z costs nothing.
        """
        check_same_shape("BCEWithLogitsLoss", prediction, target)
        check_between("BCEWithLogitsLoss", "target", target, 0, 1)
        self._cache = prediction, target
        wrong_side = np.abs((prediction > 0) - target)
        size = np.where(wrong_side > 0, np.abs(prediction), 0)
        loss = softplus(-np.abs(prediction)) + size * wrong_side
        return float(np.mean(loss))

    def backward(self) -> Array:
        """dL = (σ(z) - y) / N."""
        z, target = self._cached()
        return (sigmoid(z) - target) / z.size


class CrossEntropyLoss(Loss):
    """Cross-entropy of logits against integer labels.

    Softmax is part of it, so the network ends in a linear layer, not in `Softmax`.

    Examples
    --------
    >>> loss = CrossEntropyLoss()
    >>> logits = np.array([[0.0, 0.0], [1000.0, 0.0]])
    >>> round(loss(logits, np.array([0, 0])), 4)
    0.3466
    >>> loss.backward()
    array([[-0.25,  0.25],
           [ 0.  ,  0.  ]])
    """

    def forward(self, prediction: Array, target: Array) -> float:
        """L = mean over B of -log softmax(z) at the label.

        Parameters
        ----------
        prediction : array of floats, shape (B, K)
            Logits z: any real numbers.
        target : array of integers, shape (B,)
            Labels from 0 to K - 1.
        """
        check_logits("CrossEntropyLoss", "prediction", prediction)
        check_labels("CrossEntropyLoss", target, *prediction.shape)
        log_p = log_softmax(prediction)
        self._cache = log_p, target
        right = log_p[np.arange(len(target)), target]
        return -float(right.sum()) / len(target)

    def backward(self) -> Array:
        """dL = (softmax(z) - one_hot(y)) / B."""
        log_p, target = self._cached()
        grad = np.exp(log_p)
        grad[np.arange(len(target)), target] -= 1
        grad /= len(target)
        return grad
