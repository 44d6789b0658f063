"""How good a classifier is, and where it errs.

Every function takes predictions first: scores ``(B, K)``, of which the largest in a
row wins, or the predicted labels ``(B,)`` themselves.
"""

import numpy as np

from nnlib._checks import check_count, check_labels, check_logits, shape_text
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
    check_prediction("accuracy", prediction, target)
    return float(np.mean(_labels(prediction) == target))


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
    check_prediction("confusion_matrix", prediction, target)
    labels = _labels(prediction)
    if classes is None:
        by_label = int(max(labels.max(), target.max())) + 1
        classes = prediction.shape[1] if prediction.ndim == 2 else by_label
    check_labels("confusion_matrix", labels, len(target), classes, "prediction")
    check_labels("confusion_matrix", target, len(target), classes)
    pairs = classes * target.astype(np.int64) + labels.astype(np.int64)
    counts = np.bincount(pairs, minlength=classes**2)
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
    check_square("per_class_accuracy", confusion)
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
    check_logits("top_mistakes", "logits", logits)
    check_labels("top_mistakes", target, *logits.shape)
    check_count("top_mistakes", "count", count)
    wrong = np.flatnonzero(_labels(logits) != target)
    certainty = softmax(logits[wrong]).max(axis=-1)
    return wrong[np.argsort(-certainty, kind="stable")[:count]]


def _labels(prediction: Array) -> Array:
    """Predicted labels (B,), from scores or as they are."""
    return prediction.argmax(axis=1) if prediction.ndim == 2 else prediction


def check_prediction(owner: str, prediction: Array, target: Array) -> None:
    """Scores (B, K) or integer labels (B,), beside as many integer labels."""
    if np.ndim(prediction) == 2:
        check_labels(owner, target, *prediction.shape)
        return
    samples, any_class = np.size(prediction), np.iinfo(np.int64).max
    check_labels(owner, prediction, samples, any_class, "prediction")
    check_labels(owner, target, samples, any_class)


def check_square(owner: str, matrix: Array) -> None:
    """A matrix of as many rows as columns."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(
            f"{owner} expected a square matrix, got {shape_text(matrix.shape)}"
        )
