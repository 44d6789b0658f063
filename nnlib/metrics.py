"""How good a classifier is, and where it errs.

Every function takes predictions first: scores ``(B, K)``, of which the largest in a
row wins, or the predicted labels ``(B,)`` themselves.
"""

import numpy as np

from nnlib._checks import check_count, check_floats, check_labels
from nnlib._types import Array
from nnlib.functional import softmax

__all__ = ["accuracy", "confusion_matrix", "per_class_accuracy", "top_mistakes"]


def accuracy(prediction: Array, target: Array) -> float:
    """The share of samples that are classified right.

    Parameters
    ----------
    prediction : array, scores (B, K) or integer labels (B,)
    target : array of integer labels, shape (B,)

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    TypeError, ValueError
        If the labels are no integers, or the lengths differ or are 0.

    Examples
    --------
    >>> accuracy(np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2]))
    0.75
    """
    labels = _labels("accuracy", prediction, target)
    return float(np.mean(labels == target))


def confusion_matrix(
    prediction: Array, target: Array, classes: int | None = None
) -> Array:
    """How often each class was taken for each: true class by row.

    Parameters
    ----------
    prediction : array, scores (B, K) or integer labels (B,)
    target : array of integer labels, shape (B,)
    classes : int, optional
        K; by default the number of scores, or one more than the largest label.

    Returns
    -------
    array of int64, shape (K, K)
        Entry (i, j) counts the samples of class i that were taken for class j. The
        diagonal holds the right ones, and the entries sum to B.

    Raises
    ------
    TypeError, ValueError
        If the labels are no integers or out of range, or the lengths differ or are 0.

    Examples
    --------
    >>> confusion_matrix(np.array([0, 1, 1, 1]), np.array([0, 1, 0, 1]))
    array([[1, 1],
           [0, 2]])
    """
    labels = _labels("confusion_matrix", prediction, target)
    if classes is None:
        by_label = int(max(labels.max(), target.max())) + 1
        classes = prediction.shape[1] if prediction.ndim == 2 else by_label
    check_count("confusion_matrix", "classes", classes)
    check_labels("confusion_matrix", labels, len(target), classes)
    check_labels("confusion_matrix", target, len(target), classes)
    counts = np.bincount(classes * target + labels, minlength=classes**2)
    return counts.reshape(classes, classes)


def per_class_accuracy(confusion: Array) -> Array:
    """Of each true class, the share that is classified right.

    Parameters
    ----------
    confusion : array of integers, shape (K, K)
        As `confusion_matrix` gives it.

    Returns
    -------
    array of float64, shape (K,)
        In [0, 1]; NaN for a class without samples.

    Raises
    ------
    ValueError
        If `confusion` is not square.

    Examples
    --------
    >>> per_class_accuracy(np.array([[8, 2], [0, 5]]))
    array([0.8, 1. ])
    """
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(
            f"per_class_accuracy expected a square matrix, got {confusion.shape}"
        )
    totals = confusion.sum(axis=1)
    right = np.diag(confusion)
    return np.where(totals > 0, right / np.maximum(totals, 1), np.nan)


def top_mistakes(logits: Array, target: Array, count: int) -> Array:
    """The mistakes of which the network was most certain.

    Parameters
    ----------
    logits : array of floats, shape (B, K)
    target : array of integer labels, shape (B,)
    count : int
        How many to give at the most.

    Returns
    -------
    array of int64, shape (at most count,)
        Indices of samples, the most certain mistake first.

    Raises
    ------
    TypeError, ValueError
        If the labels are no integers or out of range, or the lengths differ or are 0.

    Examples
    --------
    >>> logits = np.array([[9.0, 0.0], [2.0, 0.0], [0.0, 5.0]])
    >>> top_mistakes(logits, np.array([1, 1, 1]), count=5)
    array([0, 1])
    """
    check_floats("top_mistakes", "logits", logits)
    check_count("top_mistakes", "count", count)
    labels = _labels("top_mistakes", logits, target)
    wrong = np.flatnonzero(labels != target)
    certainty = softmax(logits[wrong]).max(axis=-1) if wrong.size else wrong
    return wrong[np.argsort(-certainty, kind="stable")[:count]]


def _labels(owner: str, prediction: Array, target: Array) -> Array:
    """Predicted labels (B,), from scores or as they are; the lengths agree."""
    if prediction.ndim == 2:
        check_labels(owner, target, *prediction.shape)
        return prediction.argmax(axis=1)
    check_same_length(owner, prediction, target)
    return prediction


def check_same_length(owner: str, prediction: Array, target: Array) -> None:
    """Both are integer labels, as many as each other."""
    for labels in (prediction, target):
        check_labels(owner, labels, len(prediction), np.iinfo(np.int64).max)
