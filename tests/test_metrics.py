"""Metrics: they count what a hand would count."""

import numpy as np
import pytest
from helpers import frozen, quick, rng_of
from hypothesis import given
from hypothesis import strategies as st

from nnlib import accuracy, confusion_matrix, per_class_accuracy, top_mistakes

pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1)


def columns(pairs):
    """Predicted labels and targets."""
    return tuple(frozen(np.array(column)) for column in zip(*pairs, strict=True))


def scores(labels, classes):
    """Scores of which the largest in a row is at the label."""
    z = rng_of(0).uniform(0, 1, (len(labels), classes))
    z[np.arange(len(labels)), labels] += 1
    return frozen(z)


# ---- what they count ----------------------------------------------------------------


@quick
@given(pairs)
def test_accuracy_is_the_share_of_equal_labels(pairs):
    prediction, target = columns(pairs)
    expected = sum(p == t for p, t in pairs) / len(pairs)
    found = accuracy(prediction, target)
    assert type(found) is float
    assert found == pytest.approx(expected)


@quick
@given(pairs)
def test_the_confusion_matrix_counts_every_pair_true_class_by_row(pairs):
    prediction, target = columns(pairs)
    expected = np.zeros((5, 5), int)
    for p, t in pairs:
        expected[t, p] += 1
    found = confusion_matrix(prediction, target, classes=5)
    assert found.dtype == np.int64
    assert np.array_equal(found, expected)


@quick
@given(pairs)
def test_the_diagonal_of_the_confusion_matrix_is_the_accuracy(pairs):
    prediction, target = columns(pairs)
    confusion = confusion_matrix(prediction, target)
    assert confusion.sum() == len(pairs)
    assert np.trace(confusion) / len(pairs) == accuracy(prediction, target)
    assert len(confusion) == 1 + max(max(pair) for pair in pairs)


@quick
@given(pairs)
def test_swapping_prediction_and_target_transposes_the_confusion_matrix(pairs):
    prediction, target = columns(pairs)
    swapped = confusion_matrix(target, prediction, classes=5)
    assert np.array_equal(swapped, confusion_matrix(prediction, target, classes=5).T)


@quick
@given(pairs)
def test_scores_count_as_the_label_of_the_largest(pairs):
    prediction, target = columns(pairs)
    z = scores(prediction, 5)
    assert accuracy(z, target) == accuracy(prediction, target)
    expected = confusion_matrix(prediction, target, classes=5)
    assert np.array_equal(confusion_matrix(z, target), expected)


@quick
@given(pairs)
def test_the_accuracy_of_a_class_is_its_share_on_the_diagonal(pairs):
    prediction, target = columns(pairs)
    found = per_class_accuracy(confusion_matrix(prediction, target, classes=5))
    for k in range(5):
        of_class = target == k
        if of_class.any():
            assert found[k] == pytest.approx(np.mean(prediction[of_class] == k))
        else:
            assert np.isnan(found[k])


@quick
@given(pairs)
def test_weighted_by_their_samples_the_class_accuracies_average_to_the_accuracy(pairs):
    prediction, target = columns(pairs)
    confusion = confusion_matrix(prediction, target)
    weights = confusion.sum(axis=1)
    average = np.nansum(per_class_accuracy(confusion) * weights) / weights.sum()
    assert average == pytest.approx(accuracy(prediction, target))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int64", "uint64"])
def test_labels_of_every_integer_type_are_counted_alike(dtype):
    """20 classes make 400 places, more than 8 bits can number."""
    target = np.arange(20).astype(dtype)
    confusion = confusion_matrix(target, target)
    assert np.array_equal(confusion, np.eye(20))
    assert confusion.dtype == np.int64
    assert accuracy(target, np.arange(20)) == 1


# ---- the worst mistakes -------------------------------------------------------------


def test_the_most_certain_mistake_comes_first():
    logits = np.array([[0.0, 1.0], [0.0, 9.0], [5.0, 0.0], [0.0, 3.0], [2.0, 0.0]])
    target = np.array([0, 0, 0, 0, 1])
    assert top_mistakes(logits, target, 9).tolist() == [1, 3, 4, 0]
    assert top_mistakes(logits, target, 2).tolist() == [1, 3]


def test_certainty_is_a_probability_and_not_a_logit():
    """A logit of 50 beside one of 50 is a guess; 3 beside 0 is a conviction."""
    logits = np.array([[50.0, 50.1], [0.0, 3.0]])
    assert top_mistakes(logits, np.array([0, 0]), 2).tolist() == [1, 0]


@quick
@given(pairs, st.integers(1, 12))
def test_every_mistake_given_is_one_and_none_is_given_twice(pairs, count):
    prediction, target = columns(pairs)
    found = top_mistakes(scores(prediction, 5), target, count)
    wrong = np.flatnonzero(prediction != target)
    assert found.dtype == np.int64
    assert len(found) == min(count, len(wrong))
    assert len(set(found.tolist())) == len(found)
    assert set(found.tolist()) <= set(wrong.tolist())


def test_mistakes_of_one_certainty_stay_in_their_order():
    logits = np.tile([1.0, 0.0], (6, 1))
    assert top_mistakes(logits, np.ones(6, int), 4).tolist() == [0, 1, 2, 3]


def test_without_a_mistake_there_is_none():
    assert top_mistakes(np.eye(3), np.arange(3), 5).shape == (0,)


# ---- errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prediction", "target", "error", "message"),
    [
        (np.array([0, 1]), np.array([0]), ValueError, r"of shape \(2,\).* got \(1,\)"),
        (np.zeros((2, 3)), np.array([0]), ValueError, r"of shape \(2,\).* got \(1,\)"),
        (np.array([0.0]), np.array([0]), TypeError, "integer labels, got float64"),
        (np.array([0]), np.array([0.0]), TypeError, "integer labels, got float64"),
        ([0], np.array([0]), TypeError, "prediction as integer labels, got list"),
        (np.array([0]), [0], TypeError, "target as integer labels, got list"),
        (np.array([], int), np.array([], int), ValueError, "at least one sample"),
        (np.zeros((1, 3)), np.array([3]), ValueError, "target from 0 to 2, got 3"),
        (np.array([-1]), np.array([0]), ValueError, "prediction from 0 to .*, got -1"),
        (np.array([0]), np.array([-1]), ValueError, "target from 0 to .*, got -1"),
        (np.zeros((1, 2, 3)), np.array([0]), TypeError, "labels, got float64"),
    ],
)
def test_what_cannot_be_counted_is_refused(prediction, target, error, message):
    for name, metric in (
        ("accuracy", accuracy),
        ("confusion_matrix", confusion_matrix),
    ):
        with pytest.raises(error, match=f"{name} expected .*{message}"):
            metric(prediction, target)


def test_a_label_beyond_the_classes_is_refused():
    labels = np.array([0, 3])
    with pytest.raises(ValueError, match="prediction from 0 to 1, got 3"):
        confusion_matrix(labels, np.array([0, 1]), classes=2)
    with pytest.raises(ValueError, match="target from 0 to 1, got 3"):
        confusion_matrix(np.array([0, 1]), labels, classes=2)


@pytest.mark.parametrize("shape", [(2, 3), (4,), (2, 2, 2)])
def test_a_confusion_matrix_that_is_not_square_is_refused(shape):
    with pytest.raises(ValueError, match="per_class_accuracy expected a square matrix"):
        per_class_accuracy(np.zeros(shape, int))


@pytest.mark.parametrize(
    ("logits", "target", "count", "error", "message"),
    [
        (np.zeros(3), np.array([0]), 1, ValueError, r"logits of shape \(B, K\)"),
        (np.zeros((1, 2), int), np.array([0]), 1, TypeError, "as floats, got int64"),
        (np.zeros((1, 2)), np.array([2]), 1, ValueError, "target from 0 to 1, got 2"),
        (np.zeros((1, 2)), np.array([0]), 0, ValueError, "count of at least 1, got 0"),
        (np.zeros((1, 2)), np.array([0]), 1.5, TypeError, "count as an integer"),
        (np.zeros((1, 2)), np.array([0, 0]), 1, ValueError, r"of shape \(1,\)"),
    ],
)
def test_mistakes_that_cannot_be_found_are_refused(
    logits, target, count, error, message
):
    with pytest.raises(error, match=f"top_mistakes expected .*{message}"):
        top_mistakes(logits, target, count)
