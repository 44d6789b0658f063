"""Mathematics without state: functions of arrays that return arrays.

Each is written so that no intermediate value overflows or loses its digits: right
at ±1e4, and at infinities where the limit exists.
"""

import numpy as np

from nnlib._checks import check_count, check_labels
from nnlib._types import Array

__all__ = ["log_softmax", "logsumexp", "one_hot", "sigmoid", "softmax", "softplus"]


def sigmoid(z: Array) -> Array:
    r"""The logistic function, 1 / (1 + exp(-z)), of every element.

    Only the exponential of ``-|z|`` is taken, which lies between 0 and 1 and
    cannot overflow: for z < 0 the fraction is multiplied through by exp(z).

    Parameters
    ----------
    z : array of floats, any shape

    Returns
    -------
    array of the same shape and dtype, values in [0, 1]

    Examples
    --------
    >>> sigmoid(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def softplus(z: Array) -> Array:
    """The smooth ramp log(1 + exp(z)) of every element; its slope is the sigmoid.

    Parameters
    ----------
    z : array of floats, any shape

    Returns
    -------
    array of the same shape and dtype, at least 0

    Examples
    --------
    >>> softplus(np.array([-1e4, 0.0, 2.0])).round(4)
    array([0.    , 0.6931, 2.1269])
    """
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def logsumexp(z: Array) -> Array:
    """The logarithm of the sum of exponentials along the last axis.

    The largest value is taken out first, so that the largest exponential is
    exp(0) = 1. Where it is infinite, so is the result.

    Parameters
    ----------
    z : array of floats, shape (..., K)

    Returns
    -------
    array of floats, shape (..., 1)
        The last axis is kept, so that the result can be subtracted from `z`.

    Examples
    --------
    >>> logsumexp(np.array([[1000.0, 1000.0]]))
    array([[1000.69314718]])
    """
    top = z.max(axis=-1, keepdims=True)
    return top + np.log(np.exp(_shifted(z)).sum(axis=-1, keepdims=True))


def log_softmax(z: Array) -> Array:
    """The logarithm of `softmax` along the last axis, straight from the logits.

    Parameters
    ----------
    z : array of floats, shape (..., K)
        Logits: any real numbers. A row with one infinity takes the limit; where
        several are infinite they share alike.

    Returns
    -------
    array of floats, shape (..., K), at most 0

    Examples
    --------
    >>> log_softmax(np.array([1000.0, 0.0]))
    array([    0., -1000.])
    """
    z = _shifted(z)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def softmax(z: Array) -> Array:
    """Logits to probabilities: exponentials divided by their sum, by row.

    The largest logit of a row is subtracted first. That changes nothing, since it
    cancels in the fraction, and no exponential exceeds 1.

    Parameters
    ----------
    z : array of floats, shape (..., K)
        Logits: any real numbers. A row with one infinity takes the limit; where
        several are infinite they share alike.

    Returns
    -------
    array of floats, shape (..., K)
        In [0, 1], with sum 1 along the last axis.

    Examples
    --------
    >>> softmax(np.array([1e6, 1e6, -1e6]))
    array([0.5, 0.5, 0. ])
    """
    e = np.exp(_shifted(z))
    return e / e.sum(axis=-1, keepdims=True)


def _shifted(z: Array) -> Array:
    """Logits less the largest of their row: the same softmax, and none above 0.

    Beside an infinite logit every other has probability 0, as -inf has beside 0.
    """
    top = z.max(axis=-1, keepdims=True)
    if np.isfinite(top).all():
        return z - top
    shifted = z - np.where(np.isfinite(top), top, 0)
    limit = np.where(z == top, 0, -np.inf).astype(z.dtype)
    return np.where(np.isinf(top), limit, shifted)


def one_hot(labels: Array, classes: int) -> Array:
    """Integer labels to rows that are 1 at the label and 0 elsewhere.

    Parameters
    ----------
    labels : array of integers, shape (B,), from 0 to classes - 1
    classes : int
        K, the number of classes.

    Returns
    -------
    array of float32, shape (B, K)

    Raises
    ------
    TypeError, ValueError
        If `labels` are not integers, not of shape (B,), or out of range.

    Examples
    --------
    >>> one_hot(np.array([2, 0]), 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    check_count("one_hot", "classes", classes)
    check_labels("one_hot", labels, np.size(labels), classes, "labels")
    return np.eye(classes, dtype=np.float32)[labels]
