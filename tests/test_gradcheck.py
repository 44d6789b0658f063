"""The oracle: it finds the gradients that are wrong, and only those."""

import numpy as np
import pytest
from helpers import frozen, rng_of

import nnlib
from nnlib import (
    CrossEntropyLoss,
    Linear,
    Module,
    MSELoss,
    Parameter,
    Sequential,
    Softmax,
    Tanh,
    check_gradients,
    mlp,
    numerical_gradient,
)

x = frozen(rng_of(0).standard_normal((4, 3)))
target = frozen(rng_of(1).standard_normal((4, 3)))


def linear(dtype=np.float64):
    return Linear(3, 2, rng=rng_of(0), dtype=dtype)


# ---- numerical gradients ------------------------------------------------------------


def test_the_numerical_gradient_of_a_quadratic_form_is_its_matrix_times_2x():
    a = rng_of(3).standard_normal((3, 3))
    found = numerical_gradient(lambda v: float(v @ (a + a.T) @ v), np.ones(3))
    np.testing.assert_allclose(found, 2 * (a + a.T) @ np.ones(3), rtol=1e-9)


def test_the_error_of_a_central_difference_falls_with_the_square_of_the_nudge():
    point, slope = np.array([0.3]), np.cos(0.3)
    errors = [
        abs(numerical_gradient(lambda v: float(np.sin(v[0])), point, h)[0] - slope)
        for h in (1e-1, 1e-2)
    ]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.01)


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (2, 1, 2), (0, 3)])
def test_the_gradient_has_the_shape_of_the_point(shape):
    point = frozen(np.ones(shape))
    found = numerical_gradient(lambda v: float(np.sum(v**2)), point)
    assert found.shape == shape
    np.testing.assert_allclose(found, 2 * point, rtol=1e-9)


def test_the_point_is_unchanged_even_where_the_function_raises():
    point = rng_of(0).standard_normal(3)
    before = point.copy()

    def fails(v):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        numerical_gradient(fails, point)
    assert np.array_equal(point, before)


# ---- planted defects ----------------------------------------------------------------


def defective(kind, backward):
    """`kind` with another backward, which calls the right one as `right`."""

    class Defective(kind):
        def backward(self, *arguments):
            return backward(super().backward, *arguments)

    Defective.__name__ = f"Defective{kind.__name__}"
    return Defective


def test_what_is_right_agrees():
    assert check_gradients(Tanh(), x, rng=rng_of(0))
    assert check_gradients(linear(), x, rng=rng_of(0))
    assert check_gradients(MSELoss(), x, target, rng=rng_of(0))


def test_a_wrong_sign_is_found():
    report = check_gradients(
        defective(Tanh, lambda right, g: -right(g))(), x, rng=rng_of(0)
    )
    assert not report
    assert report.errors["input"] == pytest.approx(1)


def test_a_missing_factor_1_over_n_is_found():
    wrong = defective(MSELoss, lambda right: right() * x.size)
    assert not check_gradients(wrong(), x, target, rng=rng_of(0))


def test_a_factor_1_over_n_goes_unseen_where_n_is_1():
    wrong = defective(MSELoss, lambda right: right() * right().size)
    assert check_gradients(wrong(), x[:1, :1], target[:1, :1], rng=rng_of(0))
    assert not check_gradients(wrong(), x, target, rng=rng_of(0))


def test_a_backward_that_forgets_its_upstream_is_found():
    wrong = defective(Tanh, lambda right, g: right(np.ones_like(g)))
    assert not check_gradients(wrong(), x, rng=rng_of(0))


def test_a_backward_of_zeros_that_an_upstream_of_ones_would_pass_is_found():
    """The rows of softmax sum to 1, so an upstream of ones has the gradient 0."""
    module = Softmax()
    module(x)
    np.testing.assert_allclose(module.backward(np.ones_like(x)), 0, atol=1e-16)
    wrong = defective(Softmax, lambda right, g: np.zeros_like(g))
    assert not check_gradients(wrong(), x, rng=rng_of(0))


def test_a_small_defect_in_one_element_is_found():
    def nudged(right, g):
        gradient = right(g)
        gradient[1, 2] *= 1 + 1e-3
        return gradient

    assert not check_gradients(defective(Tanh, nudged)(), x, rng=rng_of(0))


def test_a_gradient_of_another_shape_is_found():
    wrong = defective(Tanh, lambda right, g: right(g).sum(axis=0))
    report = check_gradients(wrong(), x, rng=rng_of(0))
    assert not report
    assert report.errors["input"] == np.inf


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_a_wrong_parameter_gradient_is_found_and_named(name):
    class Wrong(Linear):
        def backward(self, grad_output):
            grad_input = super().backward(grad_output)
            getattr(self, name).grad *= 2
            return grad_input

    layer = Wrong(3, 2, rng=rng_of(0), dtype=np.float64)
    report = check_gradients(layer, x, rng=rng_of(0))
    assert not report
    disagree = [n for n, error in report.errors.items() if error > report.tolerance]
    assert disagree == [name]


def test_a_nan_does_not_agree():
    wrong = defective(Tanh, lambda right, g: right(g) * np.nan)
    assert not check_gradients(wrong(), x, rng=rng_of(0))


def test_a_parameter_that_no_gradient_reaches_is_found():
    class Forgets(Module):
        def __init__(self):
            self.scale = Parameter(np.array([2.0]))

        def forward(self, x):
            return self.scale.data * x

        def backward(self, grad_output):
            return grad_output * self.scale.data

    report = check_gradients(Forgets(), x, rng=rng_of(0))
    assert report.errors["input"] < 1e-9
    assert report.errors["scale"] == pytest.approx(1)


# ---- the report ---------------------------------------------------------------------


def test_the_report_prints_as_a_table_of_every_gradient():
    report = check_gradients(linear(), x, rng=rng_of(0))
    header, *rows = str(report).splitlines()
    assert header.split() == ["gradient", "of", "shape", "relative", "error"]
    assert [row.split()[0] for row in rows] == ["input", "weight", "bias"]
    assert all(row.endswith("agrees") for row in rows)
    assert "(4, 3)" in rows[0]
    assert "(3, 2)" in rows[1]
    assert "(2,)" in rows[2]
    assert repr(report) == str(report)


def test_the_report_says_what_disagrees():
    wrong = defective(Tanh, lambda right, g: 2 * right(g))
    report = check_gradients(wrong(), x, rng=rng_of(0))
    assert str(report).endswith("3.3e-01  DISAGREES")


def test_the_tolerance_decides():
    wrong = defective(Tanh, lambda right, g: (1 + 1e-4) * right(g))
    strict = check_gradients(wrong(), x, rng=rng_of(0))
    loose = check_gradients(wrong(), x, rng=rng_of(0), tolerance=1e-3)
    assert not strict
    assert loose
    assert strict.errors == loose.errors


def test_two_zero_gradients_agree():
    class Nothing(Module):
        def forward(self, x):
            return np.zeros_like(x)

        def backward(self, grad_output):
            return np.zeros_like(grad_output)

    assert check_gradients(Nothing(), x, rng=rng_of(0)).errors == {"input": 0.0}


# ---- what a check leaves behind -----------------------------------------------------


def test_input_and_parameters_are_left_as_they_were():
    net = mlp([3, 4, 2], Tanh, rng=rng_of(0), dtype=np.float64)
    before = [p.data.copy() for p in net.parameters()]
    here = x.copy()
    assert check_gradients(net, here, rng=rng_of(0))
    assert np.array_equal(here, x)
    for p, data in zip(net.parameters(), before, strict=True):
        assert np.array_equal(p.data, data)


def test_the_same_generator_state_gives_the_same_report():
    first, second = (check_gradients(linear(), x, rng=rng_of(4)) for _ in range(2))
    assert first == second


def test_a_loss_of_labels_is_checked_as_well():
    report = check_gradients(
        CrossEntropyLoss(), x, np.array([0, 2, 1, 1]), rng=rng_of(0)
    )
    assert report
    assert list(report.errors) == ["input"]


# ---- errors -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_fewer_than_64_bits_are_refused(dtype):
    low = x.astype(dtype)
    message = f"of float64, since rounding drowns a central difference in {dtype}"
    with pytest.raises(TypeError, match=f"numerical_gradient expected x {message}"):
        numerical_gradient(lambda v: 0.0, low)
    with pytest.raises(TypeError, match=f"check_gradients expected x {message}"):
        check_gradients(Tanh(), low, rng=rng_of(0))


def test_parameters_of_fewer_than_64_bits_are_refused_by_name():
    net = Sequential(Tanh(), linear(np.float32))
    with pytest.raises(
        TypeError, match=r"check_gradients expected 1.weight of float64"
    ):
        check_gradients(net, x, rng=rng_of(0))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: check_gradients(MSELoss(), x, rng=rng_of(0)),
            ValueError,
            "check_gradients expected a target beside the prediction",
        ),
        (
            lambda: check_gradients(Tanh(), x, target, rng=rng_of(0)),
            ValueError,
            "check_gradients expected no target for a module, got one",
        ),
        (
            lambda: check_gradients(Tanh(), x, rng=0),
            TypeError,
            "check_gradients expected rng as a numpy Generator",
        ),
        (lambda: check_gradients(Tanh(), x), TypeError, "rng"),
        (
            lambda: check_gradients(Tanh(), [1.0], rng=rng_of(0)),
            TypeError,
            "check_gradients expected x as a NumPy array, got list",
        ),
        (
            lambda: check_gradients(np.tanh, x, rng=rng_of(0)),
            TypeError,
            "check_gradients expected a module or a loss, got ufunc",
        ),
        (
            lambda: check_gradients(Tanh(), x, rng=rng_of(0), h=0),
            ValueError,
            "expected h above 0, got 0",
        ),
        (
            lambda: numerical_gradient(lambda v: 0.0, x, h=-1.0),
            ValueError,
            "numerical_gradient expected h above 0, got -1.0",
        ),
    ],
)
def test_a_check_that_cannot_be_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_names_are_public():
    assert nnlib.check_gradients is check_gradients
