"""Losses: one number for a batch, and its gradient with the factor 1/N in it."""

import math

import numpy as np
import pytest
from helpers import (
    DTYPES,
    LOSSES,
    NUMBER_LOSSES,
    assert_loss_gradients_right,
    assert_loss_matches_pytorch,
    assert_needs_forward_first,
    build,
    floats,
    frozen,
    inf,
    loss_case,
    quick,
    rng_of,
)
from hypothesis import given
from hypothesis import strategies as st

from nnlib import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    MAELoss,
    MSELoss,
    check_gradients,
    losses,
    one_hot,
    sigmoid,
    softmax,
)

every = pytest.mark.parametrize("expression", LOSSES)
of_numbers = pytest.mark.parametrize("expression", NUMBER_LOSSES)
of_both_dtypes = pytest.mark.parametrize("dtype", DTYPES)
seeds = st.integers(0, 2**32 - 1)


def owner(expression):
    return expression.split("(")[0]


def test_no_loss_is_left_out():
    assert {owner(e) for e in LOSSES} | {"Loss"} == set(losses.__all__)


# ---- gradients and values -----------------------------------------------------------


@every
def test_backward_is_the_derivative_of_forward(expression):
    assert_loss_gradients_right(expression)


@every
@of_both_dtypes
def test_loss_and_gradient_are_those_of_pytorch(expression, dtype):
    assert_loss_matches_pytorch(expression, dtype)


@of_numbers
@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4)])
def test_a_loss_of_numbers_takes_any_shape(expression, shape):
    prediction, target = loss_case(expression, rng_of(1), shape)
    criterion = build(expression)
    report = check_gradients(criterion, prediction, target, rng=rng_of(0))
    assert report
    assert criterion.backward().shape == shape


def test_the_gradient_of_cross_entropy_is_right_where_a_probability_is_tiny():
    """With log(p + 1e-9) the loss would be capped at 20.7 and its gradient 0."""
    logits, labels = np.array([[30.0, 0.0, 0.0]]), np.array([1])
    criterion = CrossEntropyLoss()
    assert criterion(logits, labels) == pytest.approx(30, abs=1e-12)
    assert check_gradients(criterion, logits, labels, rng=rng_of(0), tolerance=1e-7)


def test_where_the_error_is_0_so_is_the_slope_of_mae():
    criterion = MAELoss()
    criterion(np.array([1.0, 2.0, 0.0]), np.array([1.0, 1.0, 1.0]))
    assert np.array_equal(criterion.backward(), [0, 1 / 3, -1 / 3])


def test_where_the_parabola_of_huber_meets_the_line_their_slopes_agree():
    criterion = HuberLoss(delta=0.5)
    error = np.array([-0.5, 0.5, -0.5 - 1e-9, 0.5 + 1e-9])
    criterion(error, np.zeros(4))
    assert np.array_equal(criterion.backward() * 4, [-0.5, 0.5, -0.5, 0.5])


# ---- what every loss is -------------------------------------------------------------


@every
@quick
@given(seeds)
def test_a_loss_is_never_below_0(expression, seed):
    prediction, target = loss_case(expression, rng_of(seed))
    assert build(expression)(prediction, target) >= 0


@of_numbers
@quick
@given(floats())
def test_a_perfect_prediction_costs_nothing_and_pulls_nowhere(expression, x):
    criterion = build(expression)
    assert criterion(x, x) == 0
    assert not criterion.backward().any()


def test_a_certain_and_right_probability_costs_nothing():
    certain = np.array([[0.0, 1.0]])
    assert BCELoss()(certain, certain) == 0
    assert BCEWithLogitsLoss()(np.array([[-1e4, 1e4]]), certain) == 0
    assert CrossEntropyLoss()(np.array([[-1e4, 1e4]]), np.array([1])) == 0


@every
@quick
@given(seeds)
def test_the_same_batch_twice_costs_the_same_and_pulls_each_half_as_much(
    expression, seed
):
    prediction, target = loss_case(expression, rng_of(seed))
    criterion = build(expression)
    once, gradient = criterion(prediction, target), criterion.backward()
    twice = criterion(
        np.concatenate([prediction, prediction]), np.concatenate([target, target])
    )
    assert twice == pytest.approx(once, rel=1e-13)
    halves = np.concatenate([gradient, gradient]) / 2
    np.testing.assert_allclose(criterion.backward(), halves, rtol=1e-13)


@every
@quick
@given(st.permutations(range(5)))
def test_the_order_of_the_batch_does_not_matter(expression, order):
    prediction, target = loss_case(expression, rng_of(2))
    criterion = build(expression)
    loss, gradient = criterion(prediction, target), criterion.backward()
    assert criterion(prediction[order], target[order]) == pytest.approx(loss)
    np.testing.assert_allclose(criterion.backward(), gradient[order], rtol=1e-13)


@every
def test_a_small_step_against_the_gradient_lowers_the_loss(expression):
    prediction, target = loss_case(expression, rng_of(3))
    criterion = build(expression)
    loss = criterion(prediction, target)
    assert criterion(prediction - 1e-3 * criterion.backward(), target) < loss


@of_numbers
@quick
@given(floats(), floats())
def test_too_high_costs_as_much_as_too_low(expression, prediction, target):
    criterion = build(expression)
    loss, gradient = criterion(prediction, target), criterion.backward()
    assert criterion(target, prediction) == loss
    assert np.array_equal(criterion.backward(), -gradient)


# ---- what each loss is --------------------------------------------------------------


def test_mse_pulls_towards_the_mean_and_mae_towards_the_median():
    target = np.array([0.0, 1.0, 2.0, 3.0, 100.0])
    mse, mae = MSELoss(), MAELoss()
    mse(np.full(5, target.mean()), target)
    mae(np.full(5, np.median(target)), target)
    assert mse.backward().sum() == pytest.approx(0, abs=1e-14)
    assert mae.backward().sum() == 0


@quick
@given(floats(low=-100, high=100), floats(low=-100, high=100), st.floats(0.01, 50))
def test_huber_lies_between_its_line_and_both_its_parabola_and_its_cone(x, y, delta):
    huber = HuberLoss(delta)(x, y)
    squared, absolute = MSELoss()(x, y), MAELoss()(x, y)
    slack = 1e-9 * (1 + squared)
    assert huber <= squared / 2 + slack
    assert huber <= delta * absolute + slack
    assert huber >= delta * absolute - delta**2 / 2 - slack


@quick
@given(floats(low=-100, high=100), floats(low=-100, high=100))
def test_huber_of_a_large_delta_is_half_of_mse(x, y):
    huber, mse = HuberLoss(1e3), MSELoss()
    assert huber(x, y) == pytest.approx(mse(x, y) / 2, rel=1e-12)
    np.testing.assert_allclose(huber.backward(), mse.backward() / 2, rtol=1e-12)


@quick
@given(floats(low=-30, high=30), floats(low=0, high=1))
def test_bce_from_logits_is_bce_of_the_sigmoid(z, y):
    # Up to 30 the sigmoid still differs from 1 by 1e-13; its logarithm has lost some
    # digits, which is why the logits are better.
    from_logits = BCEWithLogitsLoss()(z, y)
    assert from_logits == pytest.approx(BCELoss()(sigmoid(z), y), rel=1e-3, abs=1e-12)


@quick
@given(floats(low=-8, high=8), floats(low=0, high=1))
def test_the_gradient_from_logits_is_the_one_from_probabilities_by_the_chain_rule(z, y):
    from_logits, from_p, p = BCEWithLogitsLoss(), BCELoss(), sigmoid(z)
    from_logits(z, y)
    from_p(p, y)
    chained = from_p.backward() * p * (1 - p)
    np.testing.assert_allclose(from_logits.backward(), chained, rtol=1e-9, atol=1e-14)


@quick
@given(floats(shape=(4, 1)), st.lists(st.booleans(), min_size=4, max_size=4))
def test_cross_entropy_of_two_classes_is_bce_of_the_difference_of_logits(z, labels):
    labels = np.array(labels, dtype=int)
    logits = np.concatenate([np.zeros_like(z), z], axis=1)
    binary = BCEWithLogitsLoss()(z, labels[:, None].astype(float))
    assert CrossEntropyLoss()(logits, labels) == pytest.approx(binary, rel=1e-12)


@quick
@given(floats(low=-100, high=100), st.floats(-1e3, 1e3), seeds)
def test_cross_entropy_ignores_a_constant_added_to_every_logit(z, constant, seed):
    labels = rng_of(seed).integers(0, 3, 4)
    criterion = CrossEntropyLoss()
    loss, gradient = criterion(z, labels), criterion.backward()
    assert criterion(z + constant, labels) == pytest.approx(loss, rel=1e-9, abs=1e-11)
    np.testing.assert_allclose(criterion.backward(), gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("classes", [1, 2, 10])
def test_cross_entropy_of_equal_logits_is_the_log_of_the_number_of_classes(classes):
    loss = CrossEntropyLoss()(np.zeros((3, classes)), np.zeros(3, dtype=int))
    assert loss == pytest.approx(math.log(classes), abs=1e-15)


@quick
@given(floats(low=-100, high=100), seeds)
def test_the_gradient_of_cross_entropy_is_softmax_less_one_hot_over_the_batch(z, seed):
    labels = rng_of(seed).integers(0, 3, 4)
    criterion = CrossEntropyLoss()
    criterion(z, labels)
    expected = (softmax(z) - one_hot(labels, 3)) / 4
    np.testing.assert_allclose(criterion.backward(), expected, rtol=1e-9, atol=1e-16)
    np.testing.assert_allclose(criterion.backward().sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "uint64"])
def test_cross_entropy_takes_labels_of_every_integer_type(dtype):
    logits = rng_of(0).standard_normal((3, 4))
    criterion = CrossEntropyLoss()
    expected = criterion(logits, np.array([3, 0, 2])), criterion.backward()
    found = criterion(logits, np.array([3, 0, 2], dtype)), criterion.backward()
    assert found[0] == expected[0]
    assert np.array_equal(found[1], expected[1])


# ---- numerics -----------------------------------------------------------------------


@pytest.mark.parametrize("expression", [e for e in LOSSES if owner(e) != "BCELoss"])
@of_both_dtypes
@quick
@given(st.data())
def test_every_finite_prediction_up_to_1e4_gives_finite_numbers(
    expression, dtype, data
):
    prediction = frozen(data.draw(floats(dtype)))
    low, high = (0, 1) if owner(expression) == "BCEWithLogitsLoss" else (-1e4, 1e4)
    target = data.draw(floats(dtype, low, high))
    if owner(expression) == "CrossEntropyLoss":
        target = np.argsort(target[:, 0])[:, None] % 3
        target = target[:, 0]
    criterion = build(expression)
    assert math.isfinite(criterion(prediction, frozen(target)))
    gradient = criterion.backward()
    assert gradient.dtype == dtype
    assert np.isfinite(gradient).all()


@of_both_dtypes
@quick
@given(st.data())
def test_every_probability_gives_finite_numbers(dtype, data):
    p = frozen(data.draw(floats(dtype, 0, 1)))
    y = frozen(data.draw(floats(dtype, 0, 1)))
    criterion = BCELoss()
    assert 0 <= criterion(p, y) <= 200
    assert np.isfinite(criterion.backward()).all()


@pytest.mark.parametrize(
    ("p", "y", "loss", "slope"),
    [(0, 0, 0, 0), (1, 1, 0, 0), (0, 1, 100, -1e12), (1, 0, 100, 1e12)],
)
@of_both_dtypes
def test_bce_is_finite_at_probabilities_0_and_1(p, y, loss, slope, dtype):
    criterion = BCELoss()
    assert criterion(np.array([p], dtype), np.array([y], dtype)) == loss
    assert criterion.backward()[0] == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize(
    ("expression", "slope"),
    [("MSELoss()", inf), ("MAELoss()", 1), ("HuberLoss(delta=0.3)", 0.3)],
)
@of_both_dtypes
def test_an_infinite_error_costs_infinity_and_pulls_by_the_limit(
    expression, slope, dtype
):
    criterion = build(expression)
    for sign in (-1, 1):
        prediction = frozen(np.array([sign * inf], dtype))
        assert criterion(prediction, np.zeros(1, dtype)) == inf
        assert np.array_equal(criterion.backward(), np.array([sign * slope], dtype))


@of_both_dtypes
def test_infinite_logits_cost_their_limit(dtype):
    row, criterion = np.array([[inf, 0, 0]], dtype), CrossEntropyLoss()
    assert criterion(row, np.array([0])) == 0
    assert not criterion.backward().any()
    assert criterion(row, np.array([1])) == inf
    assert np.array_equal(criterion.backward(), [[1, -1, 0]])
    binary = BCEWithLogitsLoss()
    for z, y, loss, slope in [(inf, 1, 0, 0), (-inf, 0, 0, 0), (inf, 0, inf, 1)]:
        assert binary(np.array([z], dtype), np.array([y], dtype)) == loss
        assert np.array_equal(binary.backward(), np.array([slope], dtype))


def test_a_square_beyond_the_range_of_floats_is_infinite_with_a_warning():
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert MSELoss()(np.array([1e30], np.float32), np.zeros(1, np.float32)) == inf


# ---- the contract of a loss ---------------------------------------------------------


@every
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_loss_is_a_float_and_the_gradient_keeps_the_dtype(expression, dtype):
    prediction, target = loss_case(expression, rng_of(0), dtype=dtype)
    criterion = build(expression)
    assert type(criterion(prediction, target)) is float
    gradient = criterion.backward()
    assert gradient.dtype == dtype
    assert gradient.shape == prediction.shape


@every
def test_the_inputs_are_not_written_to_and_backward_repeats_itself(expression):
    criterion = build(expression)
    criterion(*loss_case(expression, rng_of(0)))  # frozen arrays
    assert np.array_equal(criterion.backward(), criterion.backward())


@every
def test_each_forward_replaces_the_last_one(expression):
    criterion, fresh = build(expression), build(expression)
    criterion(*loss_case(expression, rng_of(0), (6, 2)))
    criterion(*loss_case(expression, rng_of(1)))
    fresh(*loss_case(expression, rng_of(1)))
    assert np.array_equal(criterion.backward(), fresh.backward())


@every
def test_a_refused_call_leaves_the_last_one_in_place(expression):
    criterion = build(expression)
    criterion(*loss_case(expression, rng_of(0)))
    gradient = criterion.backward()
    with pytest.raises((TypeError, ValueError), match="expected target"):
        criterion(np.full((2, 2), 0.5), np.array([7, -1]))
    assert np.array_equal(criterion.backward(), gradient)


@every
def test_backward_before_forward_is_an_error_that_says_so(expression):
    assert_needs_forward_first(expression)


@pytest.mark.parametrize(
    "expression", [e for e in LOSSES if owner(e) != "CrossEntropyLoss"]
)
@pytest.mark.parametrize(
    ("prediction", "target", "error", "message"),
    [
        (
            np.zeros((4, 1)),
            np.zeros(4),
            ValueError,
            r"expected prediction and target of one shape, got \(4, 1\) and \(4,\)",
        ),
        (
            np.zeros((0, 3)),
            np.zeros((0, 3)),
            ValueError,
            "expected at least one element, got none",
        ),
        (
            np.zeros(2, int),
            np.zeros(2),
            TypeError,
            "expected prediction as floats, got int64; convert it with prediction",
        ),
        (
            np.zeros(2),
            np.zeros(2, int),
            TypeError,
            "expected target as floats, got int64; convert it with target.astype",
        ),
        (
            np.zeros(2, np.float32),
            np.zeros(2),
            TypeError,
            r"expected prediction and target of one dtype, got float32 and float64; "
            r"convert the target with target.astype\(np.float32\)",
        ),
        ([0.0], np.zeros(1), TypeError, "expected prediction as a NumPy array, got"),
        (np.zeros(1), [0.0], TypeError, "expected target as a NumPy array, got list"),
        (np.zeros(1), None, TypeError, "expected target as a NumPy array, got NoneT"),
    ],
)
def test_a_pair_that_does_not_fit_is_refused(
    expression, prediction, target, error, message
):
    with pytest.raises(error, match=f"{owner(expression)} {message}"):
        build(expression)(prediction, target)


@pytest.mark.parametrize(
    ("logits", "labels", "error", "message"),
    [
        (
            np.zeros(3),
            np.zeros(3, int),
            ValueError,
            r"prediction of shape \(B, K\), got \(3,\)",
        ),
        (
            np.zeros((3, 0)),
            np.zeros(3, int),
            ValueError,
            r"prediction of shape \(B, K\), got \(3, 0\)",
        ),
        (
            np.zeros((3, 2), int),
            np.zeros(3, int),
            TypeError,
            "prediction as floats, got",
        ),
        (
            np.zeros((3, 2)),
            np.zeros(3),
            TypeError,
            "target as integer labels, got float64",
        ),
        (
            np.zeros((3, 2)),
            np.zeros(3, bool),
            TypeError,
            "target as integer labels, got bool",
        ),
        (np.zeros((3, 2)), [0, 0, 0], TypeError, "target as integer labels, got list"),
        (
            np.zeros((3, 2)),
            np.zeros((3, 2), int),
            ValueError,
            r"target of shape \(3,\), one label per sample, got \(3, 2\)",
        ),
        (
            np.zeros((3, 2)),
            np.zeros(4, int),
            ValueError,
            r"target of shape \(3,\), one label per sample, got \(4,\)",
        ),
        (
            np.zeros((0, 2)),
            np.zeros(0, int),
            ValueError,
            "at least one sample, got none",
        ),
        (
            np.zeros((2, 3)),
            np.array([0, 3]),
            ValueError,
            "target from 0 to 2, got 3",
        ),
        (
            np.zeros((2, 3)),
            np.array([-1, 0]),
            ValueError,
            "target from 0 to 2, got -1",
        ),
    ],
)
def test_cross_entropy_refuses_what_are_no_logits_and_labels(
    logits, labels, error, message
):
    with pytest.raises(error, match=f"CrossEntropyLoss expected {message}"):
        CrossEntropyLoss()(logits, labels)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.nan, inf])
def test_a_probability_outside_0_to_1_is_refused(wrong):
    fine, bad = np.array([0.5, 0.5]), np.array([0.5, wrong])
    for criterion in (BCELoss(), BCEWithLogitsLoss()):
        name = type(criterion).__name__
        with pytest.raises(ValueError, match=f"{name} expected target between 0 and 1"):
            criterion(fine, bad)
    with pytest.raises(ValueError, match=f"prediction between 0 and 1, got {wrong}"):
        BCELoss()(bad, fine)


@pytest.mark.parametrize(
    ("delta", "error", "message"),
    [
        (0, ValueError, "HuberLoss expected delta above 0, got 0"),
        (-1.0, ValueError, "HuberLoss expected delta above 0, got -1.0"),
        (inf, ValueError, "HuberLoss expected delta above 0, got inf"),
        ("1", TypeError, "HuberLoss expected delta as a number, got str"),
    ],
)
def test_a_wrong_delta_is_refused(delta, error, message):
    with pytest.raises(error, match=message):
        HuberLoss(delta)


@every
def test_the_repr_names_the_loss_and_its_settings(expression):
    again = build(repr(build(expression)))
    assert type(again).__name__ == owner(expression)
    assert getattr(again, "delta", None) == getattr(build(expression), "delta", None)
