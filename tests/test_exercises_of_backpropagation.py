"""What the exercises of backpropagation accept, refuse, and say of what they refuse."""

import time
from itertools import pairwise

import exercise_reading
import numpy as np
import pytest

from nnlib import Module, Parameter, Softmax, Tanh, numerical_gradient
from nnlib.exercises import check
from nnlib.exercises.backpropagation import (
    MyOperation,
    linear_backward,
    network_gradients,
    neuron_gradients,
)

pytestmark = pytest.mark.usefixtures("no_progress")


def operation(f, back, base=Module):
    """Return a class that computes f(x), and back(G, x, y)."""

    class Given(base):
        def forward(self, x):
            self.x, self.y = x, f(x)
            return self.y

        def backward(self, grad_output):
            return back(grad_output, self.x, self.y)

    return Given


def said_of(id, answer):
    return exercise_reading.said_of(f"backpropagation/{id}", answer)


# ---- an operation of one's own ------------------------------------------------------


def halves(x):
    return np.split(x, 2, axis=1)


def product_of_halves(x):
    return halves(x)[0] * halves(x)[1]


def back_through_product(g, x, y):
    a, b = halves(x)
    return np.concatenate([g * b, g * a], axis=1)


def layer_norm(x):
    return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)


def back_through_layer_norm(g, x, y):
    rest = g - g.mean(1, keepdims=True) - y * (g * y).mean(1, keepdims=True)
    return rest / x.std(1, keepdims=True)


def back_through_sort(g, x, y):
    dx = np.empty_like(g)
    np.put_along_axis(dx, np.argsort(x, axis=1), g, axis=1)
    return dx


SQUARES = lambda x: (x**2).sum(axis=1), lambda g, x, y: 2 * x * g[:, None]
ACCEPTED = {
    "product of halves": (product_of_halves, back_through_product),
    "row normalised": (layer_norm, back_through_layer_norm),
    "column normalised": (
        lambda x: layer_norm(x.T).T,
        lambda g, x, y: back_through_layer_norm(g.T, x.T, y.T).T,
    ),
    "sum of squares": SQUARES,
    "one number": (lambda x: np.array((x**2).sum()), lambda g, x, y: 2 * x * g),
    "largest of a row": (
        lambda x: x.max(axis=1),
        lambda g, x, y: (x == y[:, None]) * g[:, None],
    ),
    "sorted rows": (lambda x: np.sort(x, axis=1), back_through_sort),
    "outer product": (
        lambda x: x[:, :, None] * x[:, None, :],
        lambda g, x, y: ((g + g.transpose(0, 2, 1)) * x[:, None, :]).sum(axis=2),
    ),
    "log-sum-exp": (
        lambda x: np.log(np.exp(x).sum(axis=1, keepdims=True)),
        lambda g, x, y: g * np.exp(x - y),
    ),
    "product of a row": (
        lambda x: x.prod(axis=1),
        lambda g, x, y: (g * y)[:, None] / x,
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_operation_that_mixes_and_bends_is_accepted(name):
    begin = time.monotonic()
    assert check("backpropagation/own-operation", operation(*ACCEPTED[name]))
    assert time.monotonic() - begin < 5  # a fraction of a second, if nothing else runs


class WithGain(Module):
    """The sum of squares times a learned number."""

    def __init__(self):
        self.gain = Parameter(np.array([1.5]))

    def forward(self, x):
        self.x = x
        return self.gain.data * (x**2).sum(axis=1)

    def backward(self, grad_output):
        self.gain.grad = np.array([grad_output @ (self.x**2).sum(axis=1)])
        return 2 * self.x * grad_output[:, None] * self.gain.data


def test_an_operation_may_have_parameters():
    assert check("backpropagation/own-operation", WithGain)


def test_the_gradient_of_a_parameter_is_checked_too():
    class Half(WithGain):
        def backward(self, grad_output):
            dx = super().backward(grad_output)
            self.gain.grad = self.gain.grad / 2
            return dx

    text = said_of("own-operation", Half)
    assert "Against nudging, `gain.grad` has a relative error of 3.3e-01." in text
    assert "known mistake: has a wrong gradient for a parameter." in text

    class InFloat32(WithGain):
        def __init__(self):
            self.gain = Parameter(np.ones(1, np.float32))

    assert "parameters have to be of float64" in said_of("own-operation", InFloat32)


def test_a_backward_that_is_right_for_ones_only_is_refused():
    text = said_of(
        "own-operation",
        operation(SQUARES[0], lambda g, x, y: 2 * x),
    )
    assert "the same dX for every upstream, and it is right for one of ones" in text
    assert "known mistake: ignores its upstream." in text

    for mixed_up in (
        lambda g, x, y: back_through_product(g.mean(1, keepdims=True) + 0 * g, x, y),
        lambda g, x, y: back_through_product(g[::-1], x, y),
    ):
        text = said_of("own-operation", operation(product_of_halves, mixed_up))
        assert "sends a random one to the wrong places" in text
        assert "known mistake: mixes up its upstream." in text


@pytest.mark.parametrize(
    ("back", "said", "mistake"),
    [
        (
            lambda g, x, y: g / x.std(1, keepdims=True),
            "`backward` sends nothing along it.",
            "treats a part as a constant",
        ),
        (
            lambda g, x, y: (g - g.mean(1, keepdims=True)) / x.std(1, keepdims=True),
            "The derivative of output",
            "has the gradient of something else",
        ),
        (
            lambda g, x, y: (
                (g - g.mean(0) - y * (g * y).mean(0)) / x.std(1, keepdims=True)
            ),
            "does not move with",
            "goes along the wrong paths",
        ),
        (
            lambda g, x, y: -back_through_layer_norm(g, x, y),
            "the gradient with the opposite sign",
            "has the sign the wrong way round",
        ),
        (
            lambda g, x, y: 3 * back_through_layer_norm(g, x, y),
            "The factor is 3.",
            "is off by a factor",
        ),
        (
            lambda g, x, y: back_through_layer_norm(g, x, y) / len(x),
            "divided by the batch size",
            "divides by the batch size",
        ),
        (
            lambda g, x, y: back_through_layer_norm(g * (g > 0), x, y),
            "it must not depend on the sign or the size of G",
            "does more with its upstream than multiply",
        ),
        (
            lambda g, x, y: back_through_layer_norm(g, x, -y + 1),
            "and differences give",
            "has the gradient of something else",
        ),
    ],
)
def test_it_is_said_how_a_backward_is_wrong(back, said, mistake):
    text = said_of("own-operation", operation(layer_norm, back))
    assert said in text
    assert f"known mistake: {mistake}." in text


def test_a_backward_of_zeros_is_refused():
    zeros = operation(product_of_halves, lambda g, x, y: np.zeros_like(x))
    assert "`backward` misses a path." in said_of("own-operation", zeros)
    zeros = operation(layer_norm, lambda g, x, y: np.zeros_like(x))  # right for ones
    assert "right for one of ones alone" in said_of("own-operation", zeros)


def test_what_is_too_plain_is_refused():
    turn = np.eye(4)[::-1]
    linear = operation(
        lambda x: x[:, :4] @ turn,
        lambda g, x, y: np.pad(g @ turn.T, ((0, 0), (0, x.shape[1] - 4))),
    )
    assert "It is linear." in said_of("own-operation", linear)
    assert "each number by itself" in said_of("own-operation", Tanh)
    assert "it is Softmax()" in said_of("own-operation", Softmax)


def test_the_kind_of_what_is_returned_is_named():
    text = said_of("own-operation", operation(SQUARES[0], lambda g, x, y: None))
    assert "It returned None. Is there a `return`?" in text
    text = said_of("own-operation", operation(SQUARES[0], lambda g, x, y: x.sum(1)))
    assert "It returned shape (3,), and `x` has shape (3, 4)." in text
    as_a_number = operation(lambda x: (x**2).sum(), SQUARES[1])
    text = said_of("own-operation", as_a_number)
    assert "It returned a single number, a float64, and no array" in text
    in_float32 = operation(lambda x: x.astype(np.float32), SQUARES[1])
    assert "It returned an array of float32." in said_of("own-operation", in_float32)
    no_module = operation(*SQUARES, base=object)
    assert "The class is no `Module`" in said_of("own-operation", no_module)
    infinite = operation(lambda x: np.full_like(x, np.inf), lambda g, x, y: x)
    assert "not finite" in said_of("own-operation", infinite)


def test_the_class_is_wanted_and_not_a_module():
    text = said_of("own-operation", operation(*SQUARES)())
    assert "Give `check` the class itself, without parentheses" in text


def test_a_gradient_in_float32_is_refused():
    in_float32 = operation(SQUARES[0], lambda g, x, y: SQUARES[1](g, x, y).astype("f"))
    text = said_of("own-operation", in_float32)
    assert "`backward` has to return an array of float64." in text
    assert "It returned an array of float32." in text


def test_a_parameter_s_gradient_is_assigned():
    class Adds(WithGain):
        def backward(self, grad_output):
            before = self.gain.grad
            dx = super().backward(grad_output)
            self.gain.grad = self.gain.grad + before
            return dx

    text = said_of("own-operation", Adds)
    assert "`gain.grad` differs from call to call." in text
    assert "known mistake: adds to the gradient of a parameter." in text


def test_a_module_that_writes_into_the_x_it_kept_is_refused():
    def back(g, x, y):
        x *= 2
        return x * g[:, None]

    text = said_of("own-operation", operation(SQUARES[0], back))
    assert "`backward` wrote into `x`, which it had kept." in text


def test_the_solution_passes_the_gradient_check_of_nnlib():
    rng = np.random.default_rng(0)
    module, x = MyOperation(), rng.standard_normal((3, 4))
    upstream = rng.standard_normal((3, 4))
    module(x)
    found = module.backward(upstream)
    by_nudging = numerical_gradient(lambda x: float((module(x) * upstream).sum()), x)
    assert np.allclose(found, by_nudging, atol=1e-9)


# ---- the solutions, by nudging ------------------------------------------------------


def test_the_gradients_of_the_neuron_are_right():
    at = np.array([0.5, 3.0, -1.0])
    w, x, b = at
    by_nudging = numerical_gradient(
        lambda v: float((np.tanh(v[0] * v[1] + v[2]) - 0.3) ** 2), at
    )
    dw, db, dx = neuron_gradients(w, x, b, 0.3)
    assert np.allclose([dw, dx, db], by_nudging, atol=1e-9)


def test_the_gradients_of_the_network_are_right():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    shapes = (3, 4), (4,), (4, 2), (2,)
    parameters = [rng.standard_normal(shape) for shape in shapes]
    found = network_gradients(x, *parameters, y)

    def loss(place, values):
        w1, b1, w2, b2 = [*parameters[:place], values, *parameters[place + 1 :]]
        prediction = np.maximum(x @ w1 + b1, 0) @ w2 + b2
        return float(((prediction - y) ** 2).mean())

    for place, gradient in enumerate(found):
        by_nudging = numerical_gradient(
            lambda v, place=place: loss(place, v), parameters[place]
        )
        assert np.allclose(gradient, by_nudging, atol=1e-9)


# ---- the others ---------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.005, 0.01, 0.05, 0.09])
def test_every_sensible_threshold_detects_kinks(threshold):
    def by_the_sides(f, x, h):
        right, left = f(x + h) - f(x), f(x) - f(x - h)
        return np.abs(right - left) > threshold * h

    assert check("backpropagation/kink-detector", by_the_sides)


def test_kinks_are_found_from_farther_out_or_one_by_one_as_well():
    def outside(f, x, h):
        right = f(x + 2 * h) - f(x + h)
        left = f(x - h) - f(x - 2 * h)
        return np.abs(right - left) / h > 0.02

    def against_the_central(f, x, h):
        central = (f(x + h) - f(x - h)) / (2 * h)
        return np.abs((f(x + h) - f(x)) / h - central) > 0.02

    def one_by_one(f, x, h):
        def differ(v):
            return abs(f(v + h) - 2 * f(v) + f(v - h)) > 0.02 * h

        return np.array([bool(differ(v)) for v in x.flat]).reshape(x.shape)

    assert check("backpropagation/kink-detector", against_the_central)
    assert check("backpropagation/kink-detector", one_by_one)
    text = said_of("kink-detector", outside)  # it steps over a jump
    assert "f = step_at_0_5" in text


def test_nudging_in_the_caller_s_floats_is_fine_if_they_are_put_back():
    def in_place(f, x, h):
        if x.dtype.kind != "f":
            x = x.astype(float)
        gradient = np.zeros(x.shape)
        for i in np.ndindex(x.shape):
            old = x[i]
            x[i] = old + h
            above = f(x)
            x[i] = old - h
            below = f(x)
            x[i] = old
            gradient[i] = (above - below) / (2 * h)
        return gradient

    assert check("backpropagation/central-differences", in_place)
    text = said_of("central-differences", numerical_gradient)
    assert "numerical_gradient expected x as floats, got int64" in text


def test_two_mistakes_at_once_are_both_named():
    def integers_and_no_brackets(f, x, h):
        gradient = np.zeros(x.shape)
        for i in np.ndindex(x.shape):
            up, down = x.copy(), x.copy()
            up[i] += h if x.dtype.kind == "f" else 0
            down[i] = x[i] - h
            gradient[i] = (f(up) - f(down)) / 2 * h
        return gradient

    text = said_of("central-differences", integers_and_no_brackets)
    assert "leaves out the brackets around 2 * h, and nudges integers." in text


def test_mistakes_of_first_readers_are_named():
    def own_step(f, x, h):
        return numerical_gradient(f, x.astype(float), h=1e-4)

    def by_if(f, x, h):
        return abs(f(x + h) - 2 * f(x) + f(x - h)) > 0.02 * h and h > 0

    def over_expected(found, expected):
        errors = []
        for a, b in zip(found, expected, strict=True):
            size = np.linalg.norm(b)
            errors.append(np.linalg.norm(a - b) / size if size else 0)
        return max(errors)

    def one_each(found, expected):
        errors = []
        for a, b in zip(found, expected, strict=True):
            size = np.linalg.norm(a) + np.linalg.norm(b)
            errors.append(np.linalg.norm(a - b) / size if size else 0.0)
        return errors

    for id, answer, mistake in (
        ("central-differences", own_step, "takes a step of its own"),
        ("kink-detector", by_if, "asks `if` of a whole array"),
        ("relative-error", over_expected, "divides by one norm only, where that"),
        ("relative-error", one_each, "returns the errors of all pairs."),
    ):
        assert f"known mistake: {mistake}" in said_of(id, answer)


def test_the_gradients_are_called_by_name():
    def dx_twice(x, w, grad_output):
        dw, db, dx = linear_backward(x, w, grad_output)
        return dw, db, 2 * dx

    text = said_of("linear-backward", dx_twice)
    assert "The gradient dX differs most at [1, 2]: expected 6, got 12." in text


def test_other_ways_to_the_relative_error_are_right():
    def by_sums_of_squares(found, expected):
        def length(a):
            return np.sqrt((a**2).sum())

        return max(
            length(a - b) / (length(a) + length(b)) if a.any() or b.any() else 0
            for a, b in zip(found, expected, strict=True)
        )

    assert check("backpropagation/relative-error", by_sums_of_squares)


def test_a_count_may_be_a_number_of_numpy():
    def by_arrays(sizes, batch):
        m, n = np.array(sizes[:-1]), np.array(sizes[1:])
        return 4 * batch * m @ n - 2 * batch * m[0] * n[0] + batch * n.sum()

    assert check("backpropagation/backward-flops", by_arrays)


# ---- what second readers wrote -------------------------------------------------------


def test_a_flattened_answer_and_a_low_threshold_miss_a_kink():
    def flattened(f, x, h):
        x = x.ravel()
        return np.abs(f(x + h) - 2 * f(x) + f(x - h)) > 0.02 * h

    def low(f, x, h):
        return np.abs(f(x + h) - 2 * f(x) + f(x - h)) > 1e-3 * h

    def by_rows(f, x, h):
        return np.array(
            [bool(abs(f(v + h) - 2 * f(v) + f(v - h)) > 0.02 * h) for v in x]
        )

    for answer, mistake in (
        (flattened, "returns one long row"),
        (low, "sets the threshold a little too low"),
        (by_rows, "takes the rows of a table for numbers"),
    ):
        assert f"known mistake: {mistake}." in said_of("kink-detector", answer)


@pytest.mark.parametrize("copied", [True, False])
@pytest.mark.parametrize("brackets", [True, False])
def test_nudging_integers_in_place_is_named(copied, brackets):
    def in_place(f, x, h):
        x = x.copy() if copied else x
        gradient = np.zeros(x.shape)
        for i in np.ndindex(x.shape):
            x[i] += h
            above = f(x)
            x[i] -= 2 * h
            change = above - f(x)
            x[i] += h
            gradient[i] = change / (2 * h) if brackets else change / 2 * h
        return gradient

    text = said_of("central-differences", in_place)
    assert "known mistake: nudges integers in place" in text
    assert ("without the brackets" in text) != brackets


def test_other_slips_of_second_readers_are_named():
    def without_square(w, x, b, y):
        a = np.tanh(w * x + b)
        dz = 2 * (a - y) * (1 - a)
        return dz * x, dz, dz * w

    def two_forwards(sizes, batch):
        return sum(2 * (2 * batch * m * n + batch * n) for m, n in pairwise(sizes))

    for id, answer, mistake in (
        ("neuron", without_square, "takes the slope of tanh as 1 - a"),
        ("backward-flops", two_forwards, "takes two forwards, biases and all"),
    ):
        assert f"known mistake: {mistake}." in said_of(id, answer)


def test_a_backward_that_nudges_is_refused():
    class Nudges(Module):
        def forward(self, x):
            self.x = x
            return (x**2).sum(axis=1)

        def backward(self, grad_output):
            return numerical_gradient(
                lambda x: float(np.sum(self(x) * grad_output)), self.x
            )

    text = said_of("own-operation", Nudges)
    assert "It called it 24 times, for 12 numbers of `x`." in text
    assert "known mistake: nudges in place of deriving." in text


def test_a_backward_may_compute_its_forward_anew():
    class Anew(MyOperation):
        def forward(self, x):
            self.x = x
            return super().forward(x)

        def backward(self, grad_output):
            self.forward(self.x)
            return super().backward(grad_output)

    assert check("backpropagation/own-operation", Anew)
