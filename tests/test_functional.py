"""Functions without state: identities, limits, and PyTorch's values."""

import math

import numpy as np
import pytest
from helpers import (
    DTYPES,
    assert_function_matches_pytorch,
    build,
    floats,
    frozen,
    inf,
    pytorch_cases,
    quick,
)
from hypothesis import given
from hypothesis import strategies as st

from nnlib import (
    functional,
    log_softmax,
    logsumexp,
    one_hot,
    sigmoid,
    softmax,
    softplus,
)

FUNCTIONS = pytorch_cases("functional")
every = pytest.mark.parametrize("name", FUNCTIONS)
of_both_dtypes = pytest.mark.parametrize("dtype", DTYPES)


def test_no_function_is_left_out():
    assert {*FUNCTIONS, "one_hot"} == set(functional.__all__)


@every
@of_both_dtypes
def test_values_are_those_of_pytorch(name, dtype):
    assert_function_matches_pytorch(name, dtype)


# ---- identities ---------------------------------------------------------------------


@quick
@given(floats(), st.floats(-1e4, 1e4))
def test_softmax_is_unchanged_by_adding_a_constant_to_every_logit(z, constant):
    np.testing.assert_allclose(softmax(z + constant), softmax(z), rtol=1e-9, atol=1e-11)


@of_both_dtypes
@quick
@given(st.data())
def test_softmax_is_positive_and_sums_to_1(dtype, data):
    p = softmax(data.draw(floats(dtype)))
    assert p.min() >= 0
    assert p.max() <= 1
    assert np.abs(p.sum(axis=1) - 1).max() <= 4 * np.finfo(dtype).eps


@quick
@given(floats(low=-300, high=300))
def test_log_softmax_is_the_logarithm_of_softmax(z):
    with np.errstate(divide="ignore"):
        expected = np.log(softmax(z))
    np.testing.assert_allclose(log_softmax(z), expected, rtol=1e-12, atol=1e-14)


@quick
@given(floats())
def test_log_softmax_is_the_logit_less_the_logsumexp(z):
    np.testing.assert_allclose(log_softmax(z), z - logsumexp(z), rtol=1e-12, atol=1e-11)


@quick
@given(floats())
def test_logsumexp_lies_between_the_maximum_and_log_k_above_it(z):
    top = z.max(axis=1, keepdims=True)
    assert (logsumexp(z) >= top).all()
    assert (logsumexp(z) <= top + math.log(3) + 1e-11).all()


@quick
@given(floats(low=-300, high=300), st.floats(-300, 300))
def test_a_constant_moves_logsumexp_by_as_much(z, constant):
    moved = logsumexp(z + constant) - constant
    np.testing.assert_allclose(moved, logsumexp(z), atol=1e-11)


@quick
@given(floats(), st.permutations(range(3)))
def test_the_order_of_the_logits_carries_over(z, order):
    np.testing.assert_allclose(softmax(z)[:, order], softmax(z[:, order]), rtol=1e-14)


@quick
@given(floats())
def test_the_greater_logit_has_the_greater_probability(z):
    greater = z[:, :-1] > z[:, 1:]
    p = softmax(z)
    assert (p[:, :-1][greater] >= p[:, 1:][greater]).all()


@quick
@given(floats())
def test_sigmoid_of_minus_z_is_1_less_sigmoid_of_z(z):
    np.testing.assert_allclose(sigmoid(-z), 1 - sigmoid(z), rtol=0, atol=2e-16)


@quick
@given(floats(low=-300, high=300, shape=(4, 1)))
def test_sigmoid_is_the_softmax_of_two_classes(z):
    p = softmax(np.concatenate([np.zeros_like(z), z], axis=1))
    np.testing.assert_allclose(sigmoid(z), p[:, 1:], rtol=1e-14)


@quick
@given(floats())
def test_softplus_lies_just_above_the_ramp(z):
    gap = softplus(z) - np.maximum(z, 0)
    assert (gap >= 0).all()
    assert (gap <= math.log(2) + 1e-11).all()


@quick
@given(floats(low=-700, high=700))
def test_softplus_less_its_mirror_image_is_the_identity(z):
    np.testing.assert_allclose(softplus(z) - softplus(-z), z, rtol=1e-13, atol=1e-14)


@quick
@given(floats(low=-700, high=700))
def test_softplus_is_minus_the_logarithm_of_the_mirrored_sigmoid(z):
    # Where sigmoid(-z) is not rounded to 1.
    expected = np.where(z > -30, -np.log(sigmoid(-z)), np.exp(z))
    np.testing.assert_allclose(softplus(z), expected, rtol=1e-2, atol=1e-15)


def test_the_slope_of_softplus_is_sigmoid():
    z, h = np.linspace(-20, 20, 81), 1e-5
    slope = (softplus(z + h) - softplus(z - h)) / (2 * h)
    np.testing.assert_allclose(slope, sigmoid(z), atol=1e-9)


@quick
@given(st.lists(st.integers(0, 6), min_size=1, max_size=9))
def test_one_hot_has_a_single_1_in_each_row_at_the_label(labels):
    labels = np.array(labels)
    hot = one_hot(labels, 7)
    assert hot.dtype == np.float32
    assert hot.shape == (len(labels), 7)
    assert np.array_equal(hot.argmax(axis=1), labels)
    assert np.array_equal(hot.sum(axis=1), np.ones(len(labels)))
    assert np.isin(hot, [0, 1]).all()


# ---- numerics -----------------------------------------------------------------------


@every
@of_both_dtypes
@quick
@given(st.data())
def test_every_finite_input_up_to_1e4_gives_finite_numbers(name, dtype, data):
    y = build(name)(frozen(data.draw(floats(dtype))))
    assert y.dtype == dtype
    assert np.isfinite(y).all()


@of_both_dtypes
def test_at_infinity_stands_the_limit(dtype):
    ends = np.array([-inf, inf], dtype)
    assert np.array_equal(sigmoid(ends), [0, 1])
    assert np.array_equal(softplus(ends), [0, inf])
    none = np.array([-inf, -inf], dtype)
    assert np.array_equal(logsumexp(none), [-inf])
    assert np.array_equal(logsumexp(ends), [inf])
    assert np.array_equal(softmax(ends), [0, 1])
    assert np.array_equal(log_softmax(ends), [-inf, 0])


@of_both_dtypes
def test_beside_an_infinite_value_no_exponential_overflows(dtype):
    row = np.array([inf, 800], dtype)
    with np.errstate(all="raise"):
        assert np.array_equal(logsumexp(row), [inf])
        assert np.array_equal(softmax(row), [1, 0])
        assert np.array_equal(log_softmax(row), [0, -inf])


@of_both_dtypes
def test_several_infinite_logits_share_alike(dtype):
    rows = np.array([[inf, inf, 0], [-inf, -inf, -inf]], dtype)
    expected = np.array([[1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(softmax(rows), expected, rtol=1e-7)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(log_softmax(rows), np.log(expected), rtol=1e-7)


@pytest.mark.parametrize("offset", [-2e6, 2e6, 1e30])
def test_logits_far_from_0_are_as_good_as_near(offset):
    """A running maximum that starts at -999999 makes these NaN."""
    row = np.full((1, 4), offset)
    assert np.array_equal(softmax(row), np.full((1, 4), 0.25))
    np.testing.assert_allclose(log_softmax(row), -math.log(4), rtol=1e-15)


def test_sigmoid_keeps_its_digits_in_both_tails():
    z = np.array([-700.0, -40.0])
    np.testing.assert_allclose(sigmoid(z), np.exp(z), rtol=1e-15)
    np.testing.assert_allclose(softplus(z), np.exp(z), rtol=1e-15)


@every
@pytest.mark.parametrize("shape", [(5,), (2, 5), (2, 3, 5), (1, 1), (0, 3)])
def test_any_number_of_axes_is_taken(name, shape):
    z = np.linspace(-3, 3, math.prod(shape)).reshape(shape)
    y = build(name)(z)
    assert y.shape == (*shape[:-1], 1 if name == "logsumexp" else shape[-1])
    if len(shape) == 3:
        assert np.array_equal(y[1], build(name)(z[1]))


@every
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_dtype_is_kept(name, dtype):
    z = frozen(np.linspace(-3, 3, 6).astype(dtype).reshape(2, 3))
    assert build(name)(z).dtype == dtype


# ---- errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "classes", "error", "message"),
    [
        (np.array([0.0]), 3, TypeError, "labels as integer labels, got float64"),
        ([0, 1], 3, TypeError, "labels as integer labels, got list"),
        (
            np.array([[0]]),
            3,
            ValueError,
            r"labels of shape \(1,\), one label per sample",
        ),
        (np.array([0, 3]), 3, ValueError, "labels from 0 to 2, got 3"),
        (np.array([-1]), 3, ValueError, "labels from 0 to 2, got -1"),
        (np.array([], int), 3, ValueError, "at least one sample, got none"),
        (np.array([0]), 0, ValueError, "classes of at least 1, got 0"),
        (np.array([0]), 2.0, TypeError, "classes as an integer, got float"),
    ],
)
def test_one_hot_refuses_what_are_no_labels(labels, classes, error, message):
    with pytest.raises(error, match=f"one_hot expected {message}"):
        one_hot(labels, classes)
