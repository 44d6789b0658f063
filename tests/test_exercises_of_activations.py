"""What the exercises of the activations accept, refuse, and say of what they refuse."""

import numpy as np
import pytest

from nnlib import Module, Sigmoid, Softmax, softplus
from nnlib.exercises import check
from nnlib.exercises.activations import gelu_gap


@pytest.fixture(autouse=True)
def no_progress(tmp_path, monkeypatch):
    """Keep the user's own progress out of it."""
    monkeypatch.setenv("NNLIB_PROGRESS", str(tmp_path / "progress.json"))


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
    """Return the verdict on a wrong answer, as one line."""
    verdict = check(f"activations/{id}", answer)
    assert not verdict
    return " ".join(repr(verdict).split())


# ---- an activation of one's own -----------------------------------------------------


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (np.sin, np.cos),
        (np.abs, np.sign),
        (lambda x: x**2, lambda x: 2 * x),
        (lambda x: np.clip(x, -2, 2), lambda x: (abs(x) < 2).astype(x.dtype)),
        (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
        (lambda x: np.arctan(20 * x), lambda x: 20 / (1 + 400 * x**2)),
    ],
    ids=["sine", "magnitude", "square", "clip", "softsign", "steep"],
)
def test_a_continuous_function_that_bends_is_an_activation(f, slope):
    assert check("activations/design", activation(f, slope))


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
    assert "x = array([[-1.3, 0.4, 2.1]], dtype=float32)" in text
    assert "`(x > 0) * 1.0` do this" in text


# ---- the others ---------------------------------------------------------------------


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
