"""What the exercises of the activations accept, refuse, and say of what they refuse."""

import time

import exercise_reading
import numpy as np
import pytest

from nnlib import Module, Sigmoid, Softmax, sigmoid, softplus
from nnlib.exercises import check
from nnlib.exercises.activations import gelu_gap

pytestmark = pytest.mark.usefixtures("no_progress")


def activation(f, slope, base=Module):
    """Return a class that computes f, and its slope from x, each from arrays."""

    class Given(base):
        def forward(self, x):
            self.x = x
            return f(x)

        def backward(self, grad_output):
            return grad_output * slope(self.x)

    return Given


def said_of(id, answer):
    return exercise_reading.said_of(f"activations/{id}", answer)


# ---- an activation of one's own -----------------------------------------------------


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (np.sin, np.cos),
        (np.abs, np.sign),
        (
            lambda x: x * sigmoid(x / 2),
            lambda x: sigmoid(x / 2) * (1 + x / 2 * sigmoid(-x / 2)),
        ),
        (lambda x: x**2, lambda x: 2 * x),
        (lambda x: np.clip(x, -2, 2), lambda x: (abs(x) < 2).astype(x.dtype)),
        (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
        (lambda x: np.arctan(20 * x), lambda x: 20 / (1 + 400 * x**2)),
        (lambda x: np.sin(x**2), lambda x: 2 * x * np.cos(x**2)),
        (lambda x: np.clip(x, 0, 6), lambda x: ((x > 0) & (x < 6)).astype(x.dtype)),
        (lambda x: np.clip(x, -5, 5), lambda x: (abs(x) < 5).astype(x.dtype)),
        (lambda x: np.maximum(x - 5, 0), lambda x: (x > 5).astype(x.dtype)),
        (lambda x: np.maximum(x - 0.4, 0), lambda x: (x > 0.4).astype(x.dtype)),
        (lambda x: np.maximum(x - 2.1, 0), lambda x: (x >= 2.1).astype(x.dtype)),
        (lambda x: np.maximum(x, -1.3), lambda x: (x > -1.3).astype(x.dtype)),
    ],
    ids=[
        "sine",
        "magnitude",
        "half as soft as SiLU",
        "square",
        "clip",
        "softsign",
        "steep",
        "ever faster",
        "ReLU6",
        "bends at 5 and -5",
        "bends at 5",
        "bends at 0.4",
        "bends at 2.1",
        "bends at -1.3",
    ],
)
def test_a_continuous_function_that_bends_is_an_activation(f, slope):
    begin = time.monotonic()
    assert check("activations/design", activation(f, slope))
    assert time.monotonic() - begin < 5  # a fraction of a second, if nothing else runs


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (
            lambda x: x * np.clip(x + 3, 0, 6) / 6,
            lambda x: np.where(abs(x) < 3, (2 * x + 3) / 6, 0).astype(x.dtype),
        ),
        (lambda x: np.clip(x, -3, 3), np.ones_like),
        (
            np.sin,
            lambda x: np.where((x > 3) & (x < 3.5), 7, np.cos(x)).astype(x.dtype),
        ),
        (lambda x: np.clip(x, -12, 12) ** 3, lambda x: 3 * x**2),
        (np.abs, lambda x: np.where(x == 0, 9, np.sign(x)).astype(x.dtype)),
    ],
    ids=["hard-swish", "hardtanh", "a band", "far out", "beyond both sides"],
)
def test_a_slope_that_is_wrong_somewhere_is_wrong(f, slope):
    text = said_of("design", activation(f, slope))
    assert "`backward` disagrees with central differences of `forward`. At x =" in text
    assert "known mistake: has the derivative of something else." in text


def test_what_mixes_elements_is_no_activation():
    def less_the_mean(x):
        return x - x.mean(axis=-1, keepdims=True)

    def times_the_sum(x):
        return x * x.sum(axis=1, keepdims=True)

    for mixing in (less_the_mean, times_the_sum):
        assert "It mixes elements" in said_of("design", activation(mixing, np.sign))
    assert "It mixes elements" in said_of("design", Softmax)


def test_what_nnlib_has_is_not_of_one_s_own():
    assert "It is Sigmoid()." in said_of("design", Sigmoid)
    leaky = activation(
        lambda x: np.where(x > 0, x, x / 5),
        lambda x: np.where(x > 0, 1, 0.2).astype(x.dtype),
    )
    assert "It is LeakyReLU(negative_slope=0.2)." in said_of("design", leaky)


def test_a_jump_is_named_with_its_place():
    step = activation(lambda x: (x > 1.234).astype(x.dtype), np.zeros_like)
    assert "It is not continuous. It jumps near x = 1.23." in said_of("design", step)
    assert "known mistake: jumps." in said_of("design", step)


def test_the_input_shown_is_the_one_that_fails():
    sine = activation(np.sin, np.cos, base=object)
    assert "The class is no `Module`" in said_of("design", sine)
    explodes = activation(np.exp, np.exp)
    text = said_of("design", explodes)
    assert "x = array([[-1000., -10., 10., 1000.]])" in text
    assert "f(x) = array([[0.00000000e+00, 4.53999298e-05," in text
    in_float64 = activation(np.abs, lambda x: np.where(x > 0, 1, -1.0))
    text = said_of("design", in_float64)
    assert "x = array([[-1.3038405, 0.4358899, 2.144761 ]], dtype=float32)" in text
    assert "`(x > 0) * 1.0` do this" in text


def test_a_slope_that_is_not_finite_is_shown_where_it_is():
    def slope(x):
        with np.errstate(all="ignore"):
            return np.sign(x) / (2 * np.sqrt(abs(x)))

    root = activation(lambda x: np.sqrt(abs(x)), slope)
    text = said_of("design", root)
    assert "A value or a slope is not finite. So it is at x = 0." in text


def test_an_instance_is_told_from_the_class():
    sine = activation(np.sin, np.cos)
    assert "Handed over was not the class" in said_of("design", sine())
    assert "known mistake: is not the class." in said_of("design", sine())


def test_what_was_not_kept_is_told_from_other_errors():
    class KeepsNothing(activation(np.sin, np.cos)):
        def forward(self, x):
            return np.sin(x)

        def backward(self, grad_output):
            return grad_output * np.cos(self._cache)

    text = said_of("design", KeepsNothing)
    assert "known mistake: keeps nothing for backward." in text

    class TakesNothing(KeepsNothing):
        def backward(self):
            return self._cached()

    assert "takes 1 positional argument" in said_of("design", TakesNothing)


# ---- tails --------------------------------------------------------------------------


@pytest.mark.parametrize("bound", [20, 30])
def test_a_tail_is_judged_by_its_digits(bound):
    def clipped(x):
        return 1 / (1 + np.exp(-np.clip(x, -bound, bound)))

    text = said_of("stable-sigmoid", clipped)
    assert "known mistake: clips x." in text

    def cut(x):
        return np.where(x < -bound, 0, sigmoid(x)).astype(x.dtype)

    text = said_of("stable-sigmoid", cut)
    assert "known mistake: loses the tail on the left." in text

    def cut_on_the_right(x):
        return np.where(x > bound, 0, -softplus(-x)).astype(x.dtype)

    text = said_of("log-sigmoid", cut_on_the_right)
    assert "known mistake: loses the tail on the right." in text
    text = said_of("log-sigmoid", lambda x: x - softplus(x))
    assert "known mistake: loses the tail on the right." in text


def test_every_way_around_an_overflow_is_right():
    def by_a_mask(x):
        result = np.empty_like(x)
        result[x >= 0] = 1 / (1 + np.exp(-x[x >= 0]))
        e = np.exp(x[x < 0])
        result[x < 0] = e / (1 + e)
        return result

    assert check("activations/stable-sigmoid", by_a_mask)
    assert check("activations/stable-sigmoid", sigmoid)
    assert check("activations/stable-sigmoid", lambda x: np.exp(-np.logaddexp(0, -x)))


# ---- the others ---------------------------------------------------------------------


def test_a_list_is_told_from_a_tuple():
    text = said_of("minimum", lambda f, low, high: [low, high])
    assert "is a list; expected was a tuple. Commas alone make a tuple" in text


def test_a_lowest_point_outside_of_the_interval_is_named_as_such():
    def descend(f, low, high):
        x = (low + high) / 2
        for _ in range(300):
            x -= 0.4 * (f(x + 1e-6) - f(x - 1e-6)) / 2e-6
        return x, f(x)

    text = said_of("minimum", descend)
    assert "lies outside of the interval from 1 to 3." in text
    text = said_of("minimum", lambda f, low, high: (low + 0.1, f(low + 0.1)))
    assert "The lowest point is at x = 0.5, and not at -0.9." in text


def test_the_gap_and_its_place_are_called_by_name():
    text = said_of("gelu-gap", lambda x: (gelu_gap(x)[0], 0.5))
    assert "The gap is not the expected value." in text


def test_nnlib_s_softplus_makes_the_logarithm_of_the_sigmoid():
    assert check("activations/log-sigmoid", lambda x: -softplus(-x))
    assert check("activations/log-sigmoid", lambda x: -np.logaddexp(0, -x))
