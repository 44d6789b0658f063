"""Activations: their values, slopes and limits."""

import numpy as np
import pytest
from helpers import (
    ACTIVATIONS,
    DTYPES,
    ELEMENTWISE,
    assert_activation_gradients_right,
    assert_activation_matches_pytorch,
    assert_needs_forward_first,
    assert_refuses_other_upstream,
    build,
    floats,
    frozen,
    inf,
    quick,
    rng_of,
)
from hypothesis import given
from hypothesis import strategies as st

import nnlib
from nnlib import activations

every = pytest.mark.parametrize("expression", ACTIVATIONS)
elementwise = pytest.mark.parametrize("expression", ELEMENTWISE)
of_both_dtypes = pytest.mark.parametrize("dtype", DTYPES)


def test_no_activation_is_left_out():
    assert {e.split("(")[0] for e in ACTIVATIONS} == set(activations.__all__)


# ---- gradients and values -----------------------------------------------------------


@every
def test_backward_is_the_derivative_of_forward(expression):
    assert_activation_gradients_right(expression)


@every
@of_both_dtypes
def test_output_and_gradient_are_those_of_pytorch(expression, dtype):
    assert_activation_matches_pytorch(expression, dtype)


@pytest.mark.parametrize(
    ("expression", "slope_at_0"),
    [
        ("ReLU()", 0),
        ("LeakyReLU()", 0.01),
        ("LeakyReLU(negative_slope=1.5)", 1.5),
        ("ELU()", 1),
        ("ELU(alpha=0.5)", 0.5),
    ],
)
def test_at_a_kink_the_slope_is_that_of_the_left(expression, slope_at_0):
    module = build(expression)
    assert np.array_equal(module(np.array([0.0, -0.0])), [0, 0])
    gradient = module.backward(np.array([3.0, -2.0]))
    assert np.array_equal(gradient, [3 * slope_at_0, -2 * slope_at_0])


@elementwise
def test_each_element_has_its_own_slope(expression):
    """The Jacobian is diagonal: an element's output feels no other element."""
    x = frozen(rng_of(0).standard_normal((1, 6)))
    module = build(expression)
    module(x)
    whole = module.backward(np.ones((1, 6)))
    for i in range(6):
        module(x)
        assert np.array_equal(
            module.backward(np.eye(6)[i : i + 1]), whole * np.eye(6)[i]
        )


@every
@quick
@given(floats(low=-30, high=30), floats(low=-30, high=30), st.floats(-3, 3))
def test_backward_is_linear_in_the_upstream_gradient(expression, g, h, a):
    module = build(expression)
    module(rng_of(3).standard_normal((4, 3)))
    together = module.backward(g + a * h)
    apart = module.backward(g) + a * module.backward(h)
    np.testing.assert_allclose(together, apart, rtol=1e-12, atol=1e-12)


@every
@quick
@given(st.permutations(range(5)))
def test_the_order_of_the_batch_does_not_matter(expression, order):
    x, g = rng_of(1).standard_normal((2, 5, 3))
    module = build(expression)
    y, grad = module(x), module.backward(g)
    assert np.array_equal(module(x[order]), y[order])
    assert np.array_equal(module.backward(g[order]), grad[order])


# ---- what each one is ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "low", "high"),
    [
        ("Sigmoid()", 0, 1),
        ("Tanh()", -1, 1),
        ("ReLU()", 0, inf),
        ("ELU()", -1, inf),
        ("ELU(alpha=0.5)", -0.5, inf),
        ("SiLU()", -0.27846455, inf),
        ("GELU()", -0.16997121, inf),
        ("GELU(approximate='tanh')", -0.17004076, inf),
        ("Softmax()", 0, 1),
    ],
)
@quick
@given(floats())
def test_the_range_is_the_one_the_docstring_gives(expression, low, high, x):
    y = build(expression)(x)
    assert y.min() >= low
    assert y.max() <= high


@pytest.mark.parametrize(
    ("expression", "where", "least"),
    [("SiLU()", -1.278, -0.278), ("GELU()", -0.752, -0.170)],
)
def test_silu_and_gelu_have_a_minimum(expression, where, least):
    x = np.linspace(-10, 10, 200_001)
    module = build(expression)
    y = module(x)
    assert x[y.argmin()] == pytest.approx(where, abs=5e-4)
    assert y.min() == pytest.approx(least, abs=5e-4)
    slope = module.backward(np.ones_like(x))
    assert abs(slope[y.argmin()]) < 1e-4


@quick
@given(floats(low=-700, high=700))
def test_sigmoid_and_its_mirror_image_sum_to_1(x):
    sigmoid = nnlib.Sigmoid()
    np.testing.assert_allclose(sigmoid(x), 1 - sigmoid(-x), rtol=0, atol=2e-16)


@quick
@given(floats(low=-300, high=300))
def test_tanh_is_a_stretched_sigmoid(x):
    found = 2 * nnlib.Sigmoid()(2 * x) - 1
    np.testing.assert_allclose(nnlib.Tanh()(x), found, rtol=0, atol=5e-16)


@quick
@given(floats())
def test_relu_and_its_mirror_image_make_the_identity(x):
    relu = nnlib.ReLU()
    assert np.array_equal(relu(x) - relu(-x), x)
    assert np.array_equal(relu(x) + relu(-x), np.abs(x))


@quick
@given(floats(low=-1e3, high=1e3))
def test_a_leaky_relu_of_slope_1_is_the_identity_and_of_slope_0_is_relu(x):
    assert np.array_equal(nnlib.LeakyReLU(1.0)(x), x)
    assert np.array_equal(nnlib.LeakyReLU(0.0)(x), nnlib.ReLU()(x))


def test_a_leaky_relu_steeper_than_1_is_not_a_maximum():
    x = np.array([-2.0, 3.0])
    assert np.array_equal(nnlib.LeakyReLU(2.0)(x), [-4, 3])


@quick
@given(floats(low=-30, high=30))
def test_silu_and_gelu_less_their_mirror_image_are_the_identity(x):
    for module in (nnlib.SiLU(), nnlib.GELU(), nnlib.GELU("tanh")):
        np.testing.assert_allclose(module(x) - module(-x), x, rtol=1e-13, atol=1e-15)


def test_the_two_gelus_differ_by_less_than_their_docstring_says():
    x = np.linspace(-6, 6, 12_001)
    exact, approximate = nnlib.GELU(), nnlib.GELU("tanh")
    assert np.abs(exact(x) - approximate(x)).max() == pytest.approx(4.7e-4, abs=1e-5)
    g = np.ones_like(x)
    difference = exact.backward(g) - approximate.backward(g)
    assert np.abs(difference).max() == pytest.approx(8.7e-4, abs=1e-5)


def test_gelu_keeps_its_digits_in_the_left_tail():
    # x Φ(x) by its asymptotic series; 1 + erf would have lost every digit.
    x = -20.0
    density = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    tail = -density * (1 - 1 / x**2 + 3 / x**4 - 15 / x**6 + 105 / x**8)
    assert nnlib.GELU()(np.array([x]))[0] == pytest.approx(tail, rel=1e-6)


@quick
@given(floats(low=-700, high=700))
def test_the_slope_of_sigmoid_is_at_most_a_quarter(x):
    module = nnlib.Sigmoid()
    module(x)
    slope = module.backward(np.ones_like(x))
    assert slope.max() <= 0.25
    assert slope.min() >= 0


@quick
@given(floats(low=-50, high=50), st.floats(-1e3, 1e3))
def test_softmax_rows_sum_to_1_and_ignore_a_constant(x, constant):
    softmax = nnlib.Softmax()
    p = softmax(x)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_allclose(softmax(x + constant), p, rtol=1e-12, atol=1e-13)


@quick
@given(floats(low=-50, high=50), floats(low=-50, high=50))
def test_softmax_gradients_sum_to_0_by_row(x, g):
    """Since a constant added to a row changes nothing."""
    softmax = nnlib.Softmax()
    softmax(x)
    np.testing.assert_allclose(softmax.backward(g).sum(axis=1), 0, atol=1e-13)


# ---- numerics -----------------------------------------------------------------------


@every
@of_both_dtypes
@quick
@given(st.data())
def test_every_finite_input_up_to_1e4_gives_finite_numbers(expression, dtype, data):
    x = frozen(data.draw(floats(dtype)))
    module = build(expression)
    y = module(x)
    gradient = module.backward(frozen(np.ones_like(x)))
    for array in (y, gradient):
        assert array.dtype == dtype
        assert np.isfinite(array).all()


@pytest.mark.parametrize(
    ("expression", "left", "left_slope", "right", "right_slope"),
    [
        ("Sigmoid()", 0, 0, 1, 0),
        ("Tanh()", -1, 0, 1, 0),
        ("ReLU()", 0, 0, inf, 1),
        ("LeakyReLU()", -inf, 0.01, inf, 1),
        ("LeakyReLU(negative_slope=1.5)", -inf, 1.5, inf, 1),
        ("ELU()", -1, 0, inf, 1),
        ("ELU(alpha=0.5)", -0.5, 0, inf, 1),
        ("SiLU()", 0, 0, inf, 1),
        ("GELU()", 0, 0, inf, 1),
        ("GELU(approximate='tanh')", 0, 0, inf, 1),
    ],
)
@of_both_dtypes
def test_at_infinity_stands_the_limit(
    expression, left, left_slope, right, right_slope, dtype
):
    x = frozen(np.array([-inf, inf], dtype))
    module = build(expression)
    assert np.array_equal(module(x), np.array([left, right], dtype))
    slope = module.backward(np.ones_like(x))
    assert np.array_equal(slope, np.array([left_slope, right_slope], dtype))


@elementwise
@of_both_dtypes
def test_nearly_the_largest_float_makes_no_warning(expression, dtype):
    largest = np.finfo(dtype).max / 2  # 1.5 of the largest is beyond the range
    x = frozen(np.array([-largest, largest], dtype))
    module = build(expression)
    assert not np.isnan(module(x)).any()
    assert not np.isnan(module.backward(np.ones_like(x))).any()


@every
def test_a_nan_is_not_hidden(expression):
    x = np.array([[np.nan, 1.0, 2.0]])
    module = build(expression)
    assert np.isnan(module(x)[0, 0])


# ---- the contract of a module -------------------------------------------------------


@every
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_dtype_is_kept(expression, dtype):
    x = frozen(rng_of(0).standard_normal((4, 3)).astype(dtype))
    module = build(expression)
    y = module(x)
    assert y.dtype == dtype
    assert y.shape == x.shape
    assert module.backward(frozen(np.ones_like(x))).dtype == dtype


@every
def test_inputs_are_not_written_to_and_outputs_are_new(expression):
    x = frozen(rng_of(0).standard_normal((4, 3)))
    g = frozen(rng_of(1).standard_normal((4, 3)))
    module = build(expression)
    y = module(x)  # frozen arrays raise where they are written to
    first = module.backward(g)
    again = module.backward(g)
    assert not np.shares_memory(x, y)
    assert not np.shares_memory(g, first)
    assert np.array_equal(first, again)


@every
def test_each_forward_replaces_the_last_one(expression):
    rng = rng_of(0)
    old, new, g = rng.standard_normal((5, 2)), *rng.standard_normal((2, 3, 4))
    module, fresh = build(expression), build(expression)
    module(old)
    module(new)
    fresh(new)
    assert np.array_equal(module.backward(g), fresh.backward(g))


@every
def test_an_empty_batch_comes_back_empty(expression):
    module = build(expression)
    assert module(np.zeros((0, 3))).shape == (0, 3)
    assert module.backward(np.zeros((0, 3))).shape == (0, 3)


@every
def test_backward_before_forward_is_an_error_that_says_so(expression):
    assert_needs_forward_first(expression)


@every
def test_an_upstream_of_another_shape_is_refused(expression):
    x = rng_of(0).standard_normal((4, 3))
    assert_refuses_other_upstream(build(expression), x, expression.split("(")[0])


@every
@pytest.mark.parametrize(
    ("x", "came"),
    [
        ([[1.0, 2.0]], "as a NumPy array, got list"),
        (np.array([[1, 2]]), r"as floats, got int64; convert it with x.astype"),
        (np.array([[True]]), "as floats, got bool"),
        (np.array([[1j]]), "as floats, got complex128"),
    ],
)
def test_what_is_no_array_of_floats_is_refused(expression, x, came):
    owner = expression.split("(")[0]
    module = build(expression)
    with pytest.raises(TypeError, match=f"{owner} expected x {came}"):
        module(x)
    assert_needs_forward_first(expression)  # nothing was remembered


@pytest.mark.parametrize(
    ("expression", "error", "message"),
    [
        ("ELU(alpha=0)", ValueError, "ELU expected alpha above 0, got 0"),
        ("ELU(alpha=-1.0)", ValueError, "ELU expected alpha above 0, got -1.0"),
        ("ELU(alpha=inf)", ValueError, "ELU expected alpha above 0, got inf"),
        ("ELU(alpha='1')", TypeError, "ELU expected alpha as a number, got str"),
        ("ELU(True)", TypeError, "ELU expected alpha as a number, got bool"),
        (
            "LeakyReLU(float('nan'))",
            ValueError,
            "LeakyReLU expected negative_slope that is finite, got nan",
        ),
        (
            "LeakyReLU(None)",
            TypeError,
            "LeakyReLU expected negative_slope as a number, got NoneType",
        ),
        (
            "GELU('erf')",
            ValueError,
            'GELU expected approximate="none" or "tanh", got \'erf\'',
        ),
    ],
)
def test_a_wrong_setting_is_refused_by_name(expression, error, message):
    with pytest.raises(error, match=message):
        build(expression, inf=inf)


@every
def test_the_repr_names_the_activation_and_its_settings(expression):
    module = build(expression)
    again = build(repr(module))
    assert type(again) is type(module)
    assert repr(again) == repr(module)
    for name in ("alpha", "negative_slope", "approximate"):
        assert getattr(again, name, None) == getattr(module, name, None)


@every
def test_an_activation_has_no_parameters(expression):
    assert build(expression).parameters() == []
