"""Exercises and quick questions of the chapter on backpropagation."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Solutions and mistakes are written as students write them, without annotations.

from collections.abc import Sequence
from inspect import cleandoc
from itertools import pairwise
from typing import Any

import numpy as np

from nnlib._types import Array
from nnlib.activations import ReLU, Softmax
from nnlib.exercises._bank import Case, Exercise, Mistake, Question
from nnlib.exercises._show import labelled
from nnlib.functional import softmax
from nnlib.gradcheck import check_gradients, numerical_gradient
from nnlib.layers import Linear
from nnlib.losses import MSELoss
from nnlib.module import Module, Parameter

__all__ = ["EXERCISES", "QUESTIONS"]


# ---- 1. One neuron, by the chain rule ----------------------------------------------


def neuron_gradients(w, x, b, y):
    a = np.tanh(w * x + b)
    da = 2 * (a - y)
    dz = da * (1 - a**2)
    return dz * x, dz, dz * w


def _neuron_without_two(w, x, b, y):
    return tuple(g / 2 for g in neuron_gradients(w, x, b, y))


def _neuron_without_its_slope(w, x, b, y):
    dz = 2 * (np.tanh(w * x + b) - y)
    return dz * x, dz, dz * w


def _neuron_slope_of_z(w, x, b, y):
    z = w * x + b
    dz = 2 * (np.tanh(z) - y) * (1 - z**2)
    return dz * x, dz, dz * w


def _neuron_slope_without_square(w, x, b, y):
    a = np.tanh(w * x + b)
    dz = 2 * (a - y) * (1 - a)
    return dz * x, dz, dz * w


def _neuron_slope_at_a(w, x, b, y):
    a = np.tanh(w * x + b)
    dz = 2 * (a - y) * (1 - np.tanh(a) ** 2)
    return dz * x, dz, dz * w


def _neuron_slope_of_sigmoid(w, x, b, y):
    a = np.tanh(w * x + b)
    dz = 2 * (a - y) * a * (1 - a)
    return dz * x, dz, dz * w


def _neuron_mask_of_relu(w, x, b, y):
    z = w * x + b
    dz = 2 * (np.tanh(z) - y) * (z > 0)
    return dz * x, dz, dz * w


def _neuron_times_the_loss(w, x, b, y):
    a = np.tanh(w * x + b)
    dz = (a - y) ** 2 * (1 - a**2)
    return dz * x, dz, dz * w


def _neuron_uphill(w, x, b, y):
    return tuple(-g for g in neuron_gradients(w, x, b, y))


def _neuron_local_only(w, x, b, y):
    return x, 1.0, w


def _neuron_without_the_loss(w, x, b, y):
    dz = 1 - np.tanh(w * x + b) ** 2
    return dz * x, dz, dz * w


def _neuron_crossed(w, x, b, y):
    dw, db, dx = neuron_gradients(w, x, b, y)
    return dx, db, dw


def _neuron_bias_times_itself(w, x, b, y):
    dw, db, dx = neuron_gradients(w, x, b, y)
    return dw, db * b, dx


def _neuron_bias_from_a(w, x, b, y):
    dw, _, dx = neuron_gradients(w, x, b, y)
    return dw, 2 * (np.tanh(w * x + b) - y), dx


def _neuron_added(w, x, b, y):
    a = np.tanh(w * x + b)
    dz = 2 * (a - y) + (1 - a**2)
    return dz + x, dz + 1, dz + w


def _neuron_in_another_order(w, x, b, y):
    dw, db, dx = neuron_gradients(w, x, b, y)
    return dw, dx, db


NEURON = Exercise(
    id="backpropagation/neuron",
    title="One neuron, every derivative",
    statement=cleandoc(r"""
        A neuron with one input computes $z = wx + b$ and $a = \tanh z$, and its loss is
        $L = (a - y)^2$. All of them are numbers. Return the derivatives of $L$ by $w$,
        by $b$ and by $x$, in this order, as a tuple of three numbers. The slope of
        tanh at $z$ is $1 - a^2$, as found on this page.
    """),
    stub=cleandoc("""
        def neuron_gradients(w, x, b, y):
            # four numbers -> dw, db, dx
            ...
    """),
    reference=neuron_gradients,
    parts=["the derivative dw", "the derivative db", "the derivative dx"],
    cases=lambda: [
        (0.5, 3.0, -1.0, 1.0),
        (2.0, 0.25, -0.3, -1.0),
        (-1.5, 0.5, 0.2, 0.0),
        (0.7, -2.0, 0.0, 1.0),
        (1.0, 1.0, 1.0, 0.5),
    ],
    hints=[
        "Go back one operation at a time, from L to a, from a to z, from z to each of "
        "the three. Give every step a name: `da`, then `dz`.",
        r"$\partial L/\partial a = 2(a - y)$, and $dz = da \cdot (1 - a^2)$. How far "
        "does $z = wx + b$ move when only $w$ moves, only $b$, only $x$?",
        "The slopes of $z$ are $x$ by $w$, 1 by $b$ and $w$ by $x$. Multiply `dz` by "
        "each of them: `return dz * x, dz, dz * w`.",
    ],
    comment=(
        "Each line multiplies what has come back so far by the slope of one operation. "
        "`dz` is computed once and used three times: that sharing is what makes "
        "backpropagation cheap. The forward value `a` is used twice, in the loss and "
        "in the slope, so a layer keeps it."
    ),
    remark=(
        "dw = x · db: a weight's gradient is its bias's, times what came in. Where "
        "the input is 0 the weight learns nothing, however wrong the neuron is: a "
        "pixel that is 0 in every picture of a batch has a row of zeros in dW."
    ),
    mistakes=[
        Mistake(
            "forgets the 2",
            _neuron_without_two,
            "The slope of e² is 2e, so da = 2(a - y). All three results are half of "
            "what they should be, since all three go through da.",
        ),
        Mistake(
            "leaves out the slope of tanh",
            _neuron_without_its_slope,
            "Between a and z stands tanh, and going back through it multiplies by its "
            "slope, 1 - a². No operation of the forward pass may be skipped.",
        ),
        Mistake(
            "takes the slope of tanh as 1 - z²",
            _neuron_slope_of_z,
            "The slope is 1 - a², by the value a = tanh z and not by z. A check: tanh "
            "rises everywhere, so its slope lies between 0 and 1.",
        ),
        Mistake(
            "takes the slope of tanh as 1 - a",
            _neuron_slope_without_square,
            "The slope is 1 - a², and the square is missing. A check: tanh flattens "
            "out on both sides, so its slope is as small at a = -1 as at a = 1.",
        ),
        Mistake(
            "takes the slope of tanh at a",
            _neuron_slope_at_a,
            "1 - tanh²(a) applies tanh twice. The slope belongs at the input z, where "
            "it is 1 - tanh²(z), and tanh(z) is a already.",
        ),
        Mistake(
            "takes the slope of the sigmoid",
            _neuron_slope_of_sigmoid,
            "a (1 - a) is the slope of the sigmoid, another function. That of tanh is "
            "1 - a².",
        ),
        Mistake(
            "takes the slope of ReLU",
            _neuron_mask_of_relu,
            "(z > 0) is the slope of ReLU, the activation of the neuron on the page. "
            "Here it is tanh, which lets something through on both sides of 0: its "
            "slope is 1 - a².",
        ),
        Mistake(
            "has the sign the wrong way round",
            _neuron_uphill,
            "The slope of (a - y)² by a is 2(a - y), and not 2(y - a): the minus is "
            "the optimiser's, which steps against the gradient. A check: if a is too "
            "high, to raise it raises L, so da is positive.",
        ),
        Mistake(
            "starts from the value of the loss",
            _neuron_times_the_loss,
            "The chain is made of slopes, and not of values: it begins with the slope "
            "of (a - y)² by a, which is 2(a - y).",
        ),
        Mistake(
            "gives the local slopes only",
            _neuron_local_only,
            "x, 1 and w are the slopes of z = wx + b, the last link of the chain. "
            "Multiply each by dz, which is what has come back from L to z.",
        ),
        Mistake(
            "starts at a instead of at the loss",
            _neuron_without_the_loss,
            "These are the derivatives of a, not of L. The first link of the chain is "
            "da = 2(a - y).",
        ),
        Mistake(
            "has dw and dx the wrong way round",
            _neuron_crossed,
            "When w moves by a little, z = wx + b moves by x times that: dw = dz · x. "
            "In a product each factor gets the *other* one.",
        ),
        Mistake(
            "multiplies db by b",
            _neuron_bias_times_itself,
            "When b moves by a little, z = wx + b moves by just that: the slope is 1, "
            "whatever b is. So db = dz.",
        ),
        Mistake(
            "takes db from a and not from z",
            _neuron_bias_from_a,
            "The bias is added before tanh, so its way to the loss leads through tanh "
            "as well: db = dz, and not da.",
        ),
        Mistake(
            "adds along the chain",
            _neuron_added,
            "Operations one after another multiply their slopes: a change is first "
            "scaled by one, then by the next. Gradients add only where a value reaches "
            "the loss along several paths.",
        ),
        Mistake(
            "gives them in another order",
            _neuron_in_another_order,
            "The three are right, but the order asked for is dw, db, dx.",
        ),
    ],
)


# ---- 2. Nudging every element ------------------------------------------------------


def nudged_gradient(f, x, h):
    x = np.array(x, dtype=float)
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        here = x[i]
        x[i] = here + h
        above = f(x)
        x[i] = here - h
        below = f(x)
        x[i] = here
        gradient[i] = (above - below) / (2 * h)
    return gradient


def _around(f, x, h):
    """Yield the place of each element, and f with it nudged up and down."""
    x = np.array(x, dtype=float)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        yield i, f(up), f(down)


def _nudged_forward(f, x, h):
    gradient, here = np.empty(x.shape), f(x)
    for i, above, _ in _around(f, x, h):
        gradient[i] = (above - here) / h
    return gradient


def _nudged_backward(f, x, h):
    gradient, here = np.empty(x.shape), f(x)
    for i, _, below in _around(f, x, h):
        gradient[i] = (here - below) / h
    return gradient


def _nudged_over_h(f, x, h):
    return 2 * nudged_gradient(f, x, h)


def _nudged_without_brackets(f, x, h):
    gradient = np.empty(x.shape)
    for i, above, below in _around(f, x, h):
        gradient[i] = (above - below) / 2 * h
    return gradient


def _nudged_without_any_brackets(f, x, h):
    gradient = np.empty(x.shape)
    for i, above, below in _around(f, x, h):
        gradient[i] = above - below / (2 * h)
    return gradient


def _nudged_by_own_step(f, x, h):
    return nudged_gradient(f, x, 1e-5)


def _nudged_by_views_of_rows(f, x, h):
    x = np.array(x, dtype=float)
    gradient = np.empty(x.shape)
    for i in range(len(x)):
        here = x[i]  # of a table a row, and the same memory
        x[i] = here + h
        above = f(x)
        x[i] = here - h
        below = f(x)
        x[i] = here
        gradient[i] = (above - below) / (2 * h)
    return gradient


def _nudged_by_rows(f, x, h):
    gradient = np.empty(x.shape)
    for i in range(len(x)):
        up, down = x.astype(float), x.astype(float)
        up[i] += h
        down[i] -= h
        gradient[i] = (f(up) - f(down)) / (2 * h)
    return gradient


def _keeping_integers(wrong):
    """Return what makes a mistake, and does not make floats of integers besides."""

    def also_wrong(f, x, h):
        if x.dtype.kind == "f":
            return wrong(f, x, h)
        return wrong(lambda x: f(x.astype(int)), x, h)  # cuts off, as storing does

    return also_wrong


def _all_in_integers(wrong):
    """Return what keeps the result in integers as well."""

    def also_wrong(f, x, h):
        return _keeping_integers(wrong)(f, x, h).astype(x.dtype)

    return also_wrong


def _nudged_not_divided(f, x, h):
    return 2 * h * nudged_gradient(f, x, h)


def _nudged_upside_down(f, x, h):
    return -nudged_gradient(f, x, h)


def _nudged_integers(f, x, h):
    x = x.copy()
    gradient = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        here = x[i]
        x[i] = here + h
        above = f(x)
        x[i] = here - h
        below = f(x)
        x[i] = here
        gradient[i] = (above - below) / (2 * h)
    return gradient


def _nudged_into_integers(f, x, h):
    gradient = np.empty_like(x)
    for i, above, below in _around(f, x, h):
        gradient[i] = (above - below) / (2 * h)
    return gradient


def _nudged_and_left_so(f, x, h):
    x = np.array(x, dtype=float)
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        below = f(x)
        gradient[i] = (above - below) / (2 * h)
    return gradient


def _nudged_half_way_back(f, x, h):
    x = np.array(x, dtype=float)
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        x[i] += h
        above = f(x)
        x[i] -= h
        below = f(x)
        gradient[i] = (above - below) / (2 * h)
    return gradient


def _nudged_one_array_twice(f, x, h):
    x = x.copy()
    gradient = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        up = x
        up[i] += h
        above = f(up)
        down = x
        down[i] -= h
        gradient[i] = (above - f(down)) / (2 * h)
    return gradient


def _nudged_in_place(f, x, h):
    x = x.astype(float, copy=False)
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        below = f(x)
        x[i] += h
        gradient[i] = (above - below) / (2 * h)
    return gradient


def _adding_in_place(copied, quotient):
    """Return what nudges by += and -=, which in integers does not come back."""

    def nudged(f, x, h):
        x = x.copy() if copied else x
        gradient = np.empty(x.shape)
        for i in np.ndindex(x.shape):
            x[i] += h
            above = f(x)
            x[i] -= 2 * h
            below = f(x)
            x[i] += h
            gradient[i] = quotient(above - below, h)
        return gradient

    return nudged


def _nudged_alone(f, x, h):
    gradient = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        gradient[i] = (f(x[i] + h) - f(x[i] - h)) / (2 * h)
    return gradient


def _nudged_as_one_row(f, x, h):
    gradient = np.empty(x.shape)
    for i in range(x.size):
        up, down = x.astype(float), x.astype(float)
        up[i] += h
        down[i] -= h
        gradient[i] = (f(up) - f(down)) / (2 * h)
    return gradient


def _nudged_all_at_once(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def _nudged_in_a_row(f, x, h):
    return nudged_gradient(f, x, h).ravel()


def _sum_of_cubes(x: Array) -> float:
    return float(np.sum(x**3))


def _product(x: Array) -> float:
    return float(np.prod(x))


def _root_of_squares(x: Array) -> float:
    return float(np.sqrt(np.sum(x**2)))


def _named(f: Any, name: str) -> Any:
    """Return a function under the name that a verdict shall show."""

    def named(x):
        return f(x)

    named.__name__ = name
    return named


def _nudged_cases() -> Sequence[Case]:
    rng = np.random.default_rng(3)
    cubes = _named(_sum_of_cubes, "sum_of_cubes")
    product = _named(_product, "product")
    root = _named(_root_of_squares, "root_of_sum_of_squares")
    return [
        (cubes, np.array([2.0, -1.0]), 0.5),
        (product, np.array([3, 1, 2]), 0.25),
        (product, np.array([0.1, 0.7, -1.3]), 0.1),
        (product, np.array([[3.0, -2.0, 5.0]]), 0.25),
        (cubes, rng.standard_normal((2, 3)), 1e-3),
        (root, rng.standard_normal((2, 3)), 1e-5),
        (cubes, np.arange(1, 5), 1e-2),
        (root, rng.standard_normal((2, 1, 3)), 1e-4),
    ]


_WITH_INTEGERS_OR_NOT = [
    Mistake(
        "takes forward differences",
        _nudged_forward,
        "(f(x + h) - f(x)) / h looks to one side, and is off by about h · f″ / 2. "
        "The central difference takes f on both sides of x, 2h apart, and the "
        "terms in h cancel.",
    ),
    Mistake(
        "takes backward differences",
        _nudged_backward,
        "(f(x) - f(x - h)) / h looks to one side, and is off by about h · f″ / 2. The "
        "central difference takes f on both sides of x, 2h apart, and the terms in h "
        "cancel.",
    ),
    Mistake(
        "divides by h",
        _nudged_over_h,
        "From x - h to x + h it is 2h. Divided by h every slope comes out twice "
        "too large.",
    ),
    Mistake(
        "leaves out the brackets around 2 * h",
        _nudged_without_brackets,
        "`/ 2 * h` divides by 2 and then *multiplies* by h, since Python goes from "
        "left to right. Write `/ (2 * h)`.",
    ),
    Mistake(
        "leaves out the brackets around the difference",
        _nudged_without_any_brackets,
        "`f(x + h) - f(x - h) / (2 * h)` divides only the second value, since a "
        "division comes before a subtraction. Write `(above - below) / (2 * h)`.",
    ),
    Mistake(
        "takes a step of its own",
        _nudged_by_own_step,
        "The step is the argument `h`, and here it is given as large as 0.5, so that "
        "it shows. A 1e-5 of your own finds the slope itself; asked for is the "
        "quotient with this `h`.",
    ),
    Mistake(
        "nudges whole rows",
        _nudged_by_rows,
        "`range(len(x))` runs over the rows of a table, and `x[i]` is then a whole row "
        "that moves at once. `np.ndindex(x.shape)` gives the place of every single "
        "element, for any number of dimensions.",
    ),
]
_WITH_INTEGERS_OR_NOT += [
    Mistake(
        f"{mistake.name}, and {also}",
        also_wrong(mistake.answer),
        f"{mistake.diagnosis} And {meaning}: make floats of `x` first.",
    )
    for mistake in _WITH_INTEGERS_OR_NOT
    for also, also_wrong, meaning in (
        (
            "nudges integers",
            _keeping_integers,
            "where `x` holds integers, the nudge is cut off when it is stored",
        ),
        (
            "keeps all in integers",
            _all_in_integers,
            "where `x` holds integers, both the nudge and the result are cut off",
        ),
    )
]


NUDGED = Exercise(
    id="backpropagation/central-differences",
    title="A gradient by nudging",
    statement=cleandoc(r"""
        Write the gradient check's own measure from nothing: for every element $i$ of
        `x`, the central difference

        $$\frac{f(x + h\,e_i) - f(x - h\,e_i)}{2h}$$

        where $e_i$ is 1 at that element and 0 elsewhere, so that one element moves and
        the others stay. `f` takes an array of the shape of `x` and returns a number.
        `x` has any shape, and holds floats or integers; afterwards it is as it was.
        The result is an array of float64 of the shape of `x`, for integers too (there
        nnlib's `numerical_gradient` refuses).
    """),
    stub=cleandoc("""
        def nudged_gradient(f, x, h):
            # f: array -> number; x: any shape -> float64 of the shape of x
            ...
    """),
    reference=nudged_gradient,
    cases=_nudged_cases,
    tolerance=1e-8,
    hints=[
        "An array of integers cannot hold 2.5. What do you have to do with `x` before "
        "the first nudge? It also keeps the caller's `x` out of danger.",
        "`for i in np.ndindex(x.shape)` runs over every element of an array of any "
        "shape; `x[i]` reads and writes it. How many times is `f` called for each?",
        "Begin with `x = np.array(x, dtype=float)`, a copy. In the loop: "
        "`here = x[i]`, then `x[i] = here + h` and `above = f(x)`, the same below, "
        "`x[i] = here`, and divide by `(2 * h)`, with its brackets.",
    ],
    comment=(
        "`np.array` copies and converts in one go. `here` puts back the very number "
        "that was there: `x[i] += h` and `x[i] -= h` would round twice and may end "
        "next to it. The cases come with a large h, where forward and central "
        "differences are far apart: at x = 2 with h = 0.5 the central difference of "
        "x³ is 12.25, for a slope of 12, and the forward one 15.25."
    ),
    remark=(
        "For x³ the error of the central difference is h² exactly, and for x² there is "
        "none at all: whatever is even about x cancels between the two sides. The "
        "forward difference is off by h times half the second derivative. That is one "
        "power of h for the price of one more call of f."
    ),
    mistakes=[
        *_WITH_INTEGERS_OR_NOT,
        Mistake(
            "nudges whole rows, and through a view",
            _nudged_by_views_of_rows,
            "`range(len(x))` runs over the rows of a table. There `here = x[i]` is no "
            "number but the row itself, the same memory: it moves along with `x[i]`, "
            "and cannot put back what was. `np.ndindex(x.shape)` gives the place of "
            "every single element, for any number of dimensions.",
        ),
        Mistake(
            "does not divide",
            _nudged_not_divided,
            "That is how far f moved, and not how far for each unit of x. Divide by "
            "the distance between the two points, 2h.",
        ),
        Mistake(
            "subtracts the wrong way round",
            _nudged_upside_down,
            "It is f(x + h) - f(x - h), what is above less what is below. A check: "
            "where f rises, the slope is positive.",
        ),
        Mistake(
            "nudges integers",
            _nudged_integers,
            "An array of integers cuts off what stands behind the point: 3 + 0.25 is "
            "stored as 3, and 3 - 0.25 as 2, without a warning. Make floats of `x` "
            "first.",
        ),
        Mistake(
            "keeps the result in integers",
            _nudged_into_integers,
            "`np.empty_like(x)` and `np.zeros_like(x)` make an array of integers for "
            "an `x` of integers, and the slopes lose what stands behind the point. Ask "
            "for floats: `np.zeros(x.shape)`.",
        ),
        Mistake(
            "keeps all in integers",
            _all_in_integers(nudged_gradient),
            "An array of integers cuts off what stands behind the point, without a "
            "warning: 3 + 0.25 is stored as 3. So does the result if it is made with "
            "`np.zeros_like(x)`. Make floats of `x` first.",
        ),
        Mistake(
            "calls f with a single number",
            _nudged_alone,
            "`f` takes the whole array, and of `x[i] + h` alone it cannot know what "
            "the other elements are. Nudge one element *in* the array, and give `f` "
            "all of it.",
        ),
        Mistake(
            "counts through a table as through a row",
            _nudged_as_one_row,
            "`range(x.size)` fits a row only: in a table `x[i]` is a whole row, and "
            "there are fewer of them. `np.ndindex(x.shape)` gives the place of every "
            "single element, for any number of dimensions.",
        ),
        Mistake(
            "does not put the element back",
            _nudged_and_left_so,
            "The first element is right, and from the second on those before are still "
            "nudged: the gradient is taken at another point. Put x[i] back before the "
            "next one.",
        ),
        Mistake(
            "comes down by h only",
            _nudged_half_way_back,
            "After `x[i] += h`, going down by h ends at x itself, not at x - h. Keep "
            "the old value in a variable and compute both points from it.",
        ),
        *(
            Mistake(
                f"nudges integers in place{also}",
                _adding_in_place(copied, quotient),
                "`x[i] += h` cuts off what stands behind the point if `x` holds "
                "integers, without a warning: 3 + 0.25 is stored as 3, and 3 - 0.5 as "
                f"2, so that `x` does not come back to 3 either. Make floats of `x` "
                f"first, in a copy.{more}",
            )
            for copied, quotient, also, more in (
                (True, lambda change, h: change / (2 * h), "", ""),
                (
                    False,
                    lambda change, h: change / (2 * h),
                    ", in the caller's x",
                    " Floats may come back with another last digit, too: put the old "
                    "value itself back.",
                ),
                (
                    True,
                    lambda change, h: change / 2 * h,
                    ", without the brackets around 2 * h",
                    " And `/ 2 * h` divides by 2 and then multiplies by h: write "
                    "`/ (2 * h)`.",
                ),
            )
        ),
        Mistake(
            "comes down by h only, and nudges integers",
            _nudged_one_array_twice,
            "After a nudge up by h, one down by h ends at x itself, not at x - h. "
            "`up = x` and `down = x` are two names for one array and no copies, so "
            "they do the same. Keep the old value in a variable and compute both "
            "points from it. And make floats of integers first.",
        ),
        Mistake(
            "works in the caller's x",
            _nudged_in_place,
            "The values are right, but x + h - 2h + h is not always x in floats: the "
            "caller's array has changed in its last digit. Work on a copy, or put the "
            "old value itself back.",
        ),
        Mistake(
            "nudges all elements at once",
            _nudged_all_at_once,
            "That is one number, the slope along the direction (1, 1, ..., 1): the sum "
            "of the gradient's elements. Each element needs a nudge of its own.",
        ),
        Mistake(
            "returns one long row",
            _nudged_in_a_row,
            "The values are right. A gradient has the shape of its value, so that it "
            "can be subtracted from it: fill an array of the shape of `x`.",
        ),
    ],
)


# ---- 3. Back through a linear layer ------------------------------------------------


def linear_backward(x, w, grad_output):
    dw = x.T @ grad_output
    db = grad_output.sum(axis=0)
    dx = grad_output @ w.T
    return dw, db, dx


def _linear_transposed(x, w, grad_output):
    return grad_output.T @ x, grad_output.sum(axis=0), grad_output @ w.T


def _linear_without_transpose(x, w, grad_output):
    return x @ grad_output, grad_output.sum(axis=0), grad_output @ w.T


def _linear_dx_without_transpose(x, w, grad_output):
    return x.T @ grad_output, grad_output.sum(axis=0), grad_output @ w


def _linear_dx_the_other_way(x, w, grad_output):
    return x.T @ grad_output, grad_output.sum(axis=0), w @ grad_output.T


def _linear_of_pytorch(x, w, grad_output):
    return grad_output.T @ x, grad_output.sum(axis=0), grad_output @ w


def _linear_of_the_mean(x, w, grad_output):
    dw, db, dx = linear_backward(x, w, grad_output)
    return dw / len(x), db / len(x), dx


def _linear_of_the_mean_throughout(x, w, grad_output):
    dw, db, dx = linear_backward(x, w, grad_output)
    return dw / len(x), db / len(x), dx / len(x)


def _linear_dw_of_the_mean(x, w, grad_output):
    dw, db, dx = linear_backward(x, w, grad_output)
    return dw / len(x), db, dx


def _linear_dw_of_each_sample(x, w, grad_output):
    dw = x[:, :, None] * grad_output[:, None, :]
    return dw, grad_output.sum(axis=0), grad_output @ w.T


def _linear_db_of_the_mean(x, w, grad_output):
    return x.T @ grad_output, grad_output.mean(axis=0), grad_output @ w.T


def _linear_db_not_summed(x, w, grad_output):
    return x.T @ grad_output, grad_output, grad_output @ w.T


def _linear_db_of_rows(x, w, grad_output):
    return x.T @ grad_output, grad_output.sum(axis=1), grad_output @ w.T


def _linear_db_of_all(x, w, grad_output):
    return x.T @ grad_output, grad_output.sum(), grad_output @ w.T


def _linear_db_as_a_table(x, w, grad_output):
    return x.T @ grad_output, grad_output.sum(axis=0, keepdims=True), grad_output @ w.T


def _linear_db_of_ones(x, w, grad_output):
    return x.T @ grad_output, np.ones_like(grad_output[0]), grad_output @ w.T


def _linear_dx_of_y(x, w, grad_output):
    return x.T @ grad_output, grad_output.sum(axis=0), (x @ w) @ w.T


def _linear_without_upstream(x, w, grad_output):
    return linear_backward(x, w, np.ones_like(grad_output))


def _linear_dw_without_upstream(x, w, grad_output):
    ones = np.ones_like(grad_output)
    return x.T @ ones, grad_output.sum(axis=0), grad_output @ w.T


def _linear_dx_without_upstream(x, w, grad_output):
    ones = np.ones_like(grad_output)
    return x.T @ grad_output, grad_output.sum(axis=0), ones @ w.T


def _linear_in_another_order(x, w, grad_output):
    dw, db, dx = linear_backward(x, w, grad_output)
    return dx, dw, db


def _linear_cases() -> Sequence[Case]:
    rng = np.random.default_rng(4)

    def case(b, m, n, dtype=np.float64):
        shapes = (b, m), (m, n), (b, n)
        return tuple(rng.standard_normal(shape).astype(dtype) for shape in shapes)

    x = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0]])
    w = np.array([[1.0], [0.0], [-2.0]])
    return [
        (x, w, np.array([[1.0], [-3.0]])),
        case(3, 3, 3),
        case(5, 4, 2),
        case(1, 2, 3),
        case(4, 3, 4),
        case(2, 2, 5, np.float32),
    ]


LINEAR_BACKWARD = Exercise(
    id="backpropagation/linear-backward",
    title="Back through a linear layer",
    statement=cleandoc(r"""
        A linear layer computes $Z = XW + b$ with `x`, $X$ of shape $(B, M)$, and `w`,
        $W$ of shape $(M, N)$. Then `grad_output` comes back to it,
        $G = \partial L/\partial Z$ of shape $(B, N)$. Return $dW$, $db$ and $dX$ as a
        tuple, of shapes $(M, N)$, $(N)$ and $(B, M)$ and of the dtype that comes in.
        Try it on paper first: write the three shapes side by side, and see which
        products fit.
    """),
    stub=cleandoc("""
        def linear_backward(x, w, grad_output):
            # (B, M), (M, N), (B, N) -> dw: (M, N), db: (N), dx: (B, M)
            ...
    """),
    reference=linear_backward,
    parts=["the gradient dW", "the gradient db", "the gradient dX"],
    cases=_linear_cases,
    hints=[
        "A gradient has the shape of its value. Which product of a (B, M) and a (B, N) "
        "gives an (M, N), if you may transpose? There is one only.",
        r"$dw_{kj} = \sum_i x_{ik}\, g_{ij}$: every sample $i$ adds its share, so the "
        r"sum runs over the batch. The same for $db_j = \sum_i g_{ij}$, with a 1 in "
        "place of the input.",
        "`x.T @ grad_output`, `grad_output.sum(axis=0)`, `grad_output @ w.T`.",
    ],
    comment=(
        "The shapes alone leave one choice for each product, unless two sizes are "
        "equal. So test with three different ones, as the first case here does: with a "
        "square W a forgotten transpose raises no error. There is no 1/B anywhere: "
        "the mean is the loss's, and G already holds it."
    ),
    remark=(
        "Of W the gradient needs X, and of X it needs W: each factor of a product "
        "needs the other one. So a layer must keep its input until the backward "
        "pass comes, and the memory that training takes grows with the batch and with "
        "the depth, which that of prediction need not."
    ),
    mistakes=[
        Mistake(
            "gives the transpose of dW",
            _linear_transposed,
            "Gᵀ X has shape (N, M). With Z = XW + b the weight is (M, N) and so is its "
            "gradient: Xᵀ G. (PyTorch stores the transpose of W, and its gradient is "
            "yours.)",
        ),
        Mistake(
            "leaves out the transpose of X",
            _linear_without_transpose,
            "(B, M) @ (B, N) does not fit unless M = B, and then it mixes samples with "
            "inputs. To sum over the batch, the batch has to be the inner size: "
            "(M, B) @ (B, N), which is Xᵀ G.",
        ),
        Mistake(
            "leaves out the transpose of W",
            _linear_dx_without_transpose,
            "(B, N) @ (M, N) does not fit unless M = N, and with a square W it is "
            "wrong in silence. Forward, W leads from M to N; back, Wᵀ leads from N to "
            "M: dX = G Wᵀ.",
        ),
        Mistake(
            "takes W as PyTorch stores it",
            _linear_of_pytorch,
            "Gᵀ X and G W belong to Z = XWᵀ + b, with W of shape (N, M). Here W is "
            "(M, N) and Z = XW + b, so both change: dW = Xᵀ G and dX = G Wᵀ.",
        ),
        Mistake(
            "gives the transpose of dX",
            _linear_dx_the_other_way,
            "W Gᵀ has shape (M, B): a sample in each column. A row is a sample: "
            "dX = G Wᵀ, which is (B, N) @ (N, M).",
        ),
        Mistake(
            "does not sum dW over the batch",
            _linear_dw_of_each_sample,
            "That is one table for each sample, of shape (B, M, N). One W serves the "
            "whole batch, so the tables of all samples add up. The product Xᵀ G does "
            "that sum on the way, and never builds the tables.",
        ),
        Mistake(
            "divides dW by the batch size",
            _linear_dw_of_the_mean,
            "The mean is the loss's: its gradient G already holds its factor. Divided "
            "again, dW is B times too small, and the bias learns B times as fast as "
            "the weights. A layer adds up.",
        ),
        Mistake(
            "divides dW and db by the batch size",
            _linear_of_the_mean,
            "The mean is the loss's: its gradient G already holds its factor. Divided "
            "again, the gradients of the weights are B times too small, while the loss "
            "still falls and nothing looks broken. A layer adds up.",
        ),
        Mistake(
            "divides all three by the batch size",
            _linear_of_the_mean_throughout,
            "The mean is the loss's: its gradient G already holds its factor. And what "
            "divides dX divides again in every layer before, by B, B², B³: the first "
            "layers of a deep network would stand still. A layer adds up.",
        ),
        Mistake(
            "takes the mean for db",
            _linear_db_of_the_mean,
            "The bias is added to every row, so every row sends its gradient back, and "
            "they add up: `sum(axis=0)`. The mean has been taken already, by the loss.",
        ),
        Mistake(
            "does not sum db over the batch",
            _linear_db_not_summed,
            "b has N numbers and G has B times as many. One bias served every row of "
            "the batch, so the gradients of all rows add up: `sum(axis=0)`.",
        ),
        Mistake(
            "sums db along the rows",
            _linear_db_of_rows,
            "`axis=1` leaves one number for each sample. The bias has one for each "
            "output: what goes is the batch, `axis=0`.",
        ),
        Mistake(
            "sums db over everything",
            _linear_db_of_all,
            "That is one number for all outputs. Each output has a bias of its own: "
            "sum over the batch alone, `axis=0`.",
        ),
        Mistake(
            "keeps db as a table of one row",
            _linear_db_as_a_table,
            "The values are right, but the shape is (1, N), and b has (N). A gradient "
            "has the shape of its value: leave `keepdims` out.",
        ),
        Mistake(
            "takes db as ones",
            _linear_db_of_ones,
            "1 is the slope of Z by b, the local one. The chain rule multiplies it by "
            "G, and the rows add up: `grad_output.sum(axis=0)`.",
        ),
        Mistake(
            "makes dX from the layer's output",
            _linear_dx_of_y,
            "This sends back the values XW in place of the gradient. What the layer "
            "passes on is what came to it, through its weights: dX = G Wᵀ. A network "
            "of one layer never shows it, because nobody reads its dX.",
        ),
        Mistake(
            "ignores the upstream gradient",
            _linear_without_upstream,
            "This is right for a G of ones alone, that is, for the loss Σ Z. The chain "
            "rule multiplies by what comes from upstream: `grad_output` has to stand "
            "in all three.",
        ),
        Mistake(
            "ignores the upstream gradient in dW",
            _linear_dw_without_upstream,
            "X alone is how Z moves with W, the local slope. The chain rule multiplies "
            "it by what comes from upstream: dW = Xᵀ G.",
        ),
        Mistake(
            "ignores the upstream gradient in dX",
            _linear_dx_without_upstream,
            "W alone is how Z moves with X, the local slope. The chain rule multiplies "
            "it by what comes from upstream: dX = G Wᵀ.",
        ),
        Mistake(
            "gives them in another order",
            _linear_in_another_order,
            "The three are right, but the order asked for is dW, db, dX.",
        ),
    ],
)


# ---- 4. How far two gradients are apart --------------------------------------------


def worst_error(found, expected):
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        scale = np.linalg.norm(a) + np.linalg.norm(b)
        if scale > 0:
            worst = max(worst, float(np.linalg.norm(a - b) / scale))
    return worst


def _error_absolute(found, expected):
    return max(np.linalg.norm(a - b) for a, b in zip(found, expected, strict=True))


def _error_largest_element(found, expected):
    return max(np.abs(a - b).max() for a, b in zip(found, expected, strict=True))


def _error_without_guard(found, expected):
    return max(
        np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b))
        for a, b in zip(found, expected, strict=True)
    )


def _error_one_sided(found, expected):
    return max(
        np.linalg.norm(a - b) / np.linalg.norm(b) if a.any() or b.any() else 0.0
        for a, b in zip(found, expected, strict=True)
    )


def _error_one_sided_without_guard(found, expected):
    return max(
        np.linalg.norm(a - b) / np.linalg.norm(b)
        for a, b in zip(found, expected, strict=True)
    )


def _error_over_expected(found, expected):
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        if b.any():
            worst = max(worst, float(np.linalg.norm(a - b) / np.linalg.norm(b)))
    return worst


def _error_over_larger(found, expected):
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        scale = max(np.linalg.norm(a), np.linalg.norm(b))
        if scale > 0:
            worst = max(worst, float(np.linalg.norm(a - b) / scale))
    return worst


def _error_with(eps):
    def error(found, expected):
        return max(
            np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b) + eps)
            for a, b in zip(found, expected, strict=True)
        )

    return error


def _error_of_norms(found, expected):
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        scale = np.linalg.norm(a) + np.linalg.norm(b)
        if scale > 0:
            gap = abs(np.linalg.norm(a) - np.linalg.norm(b))
            worst = max(worst, float(gap / scale))
    return worst


def _error_over_norm_of_sum(found, expected):
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        scale = np.linalg.norm(a + b)
        if np.linalg.norm(a - b) > 0:
            worst = max(worst, float(np.linalg.norm(a - b) / scale))
    return worst


def _error_by_elements(found, expected):
    return max(
        (np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))).max()
        for a, b in zip(found, expected, strict=True)
    )


def _error_by_elements_over_sum(found, expected):
    return max(
        (np.abs(a - b) / (np.abs(a) + np.abs(b))).max()
        for a, b in zip(found, expected, strict=True)
    )


def _error_by_elements_over_expected(found, expected):
    return max(
        (np.abs(a - b) / np.abs(b)).max() for a, b in zip(found, expected, strict=True)
    )


def _error_by_elements_of_some(found, expected):
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        scale = np.abs(a) + np.abs(b)
        some = scale > 0
        if some.any():
            worst = max(worst, float((np.abs(a - b)[some] / scale[some]).max()))
    return worst


def _errors_of_all(found, expected):
    pairs = zip(found, expected, strict=True)
    return [worst_error([a], [b]) for a, b in pairs]


def _errors_of_all_without_guard(found, expected):
    return [
        np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b))
        for a, b in zip(found, expected, strict=True)
    ]


def _error_pooled(found, expected):
    return worst_error(
        [np.concatenate([a.ravel() for a in found])],
        [np.concatenate([b.ravel() for b in expected])],
    )


def _error_of_the_first(found, expected):
    return worst_error(found[:1], expected[:1])


def _error_until_zeros(found, expected):
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        if not a.any() and not b.any():
            return 0.0
        worst = max(worst, worst_error([a], [b]))
    return worst


def _error_over_found(found, expected):
    return max(
        np.linalg.norm(a - b) / np.linalg.norm(a) if a.any() else 1.0 * b.any()
        for a, b in zip(found, expected, strict=True)
    )


def _error_of_magnitudes(found, expected):
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        scale = np.abs(a).sum() + np.abs(b).sum()
        if scale > 0:
            worst = max(worst, float(np.abs(a - b).sum() / scale))
    return worst


def _error_over_mean(found, expected):
    return 2 * worst_error(found, expected)


def _error_of_the_last(found, expected):
    return worst_error(found[-1:], expected[-1:])


def _error_smallest(found, expected):
    pairs = zip(found, expected, strict=True)
    return min(worst_error([a], [b]) for a, b in pairs)


def _error_mean(found, expected):
    pairs = zip(found, expected, strict=True)
    return np.mean([worst_error([a], [b]) for a, b in pairs])


def _error_sum(found, expected):
    pairs = zip(found, expected, strict=True)
    return sum(worst_error([a], [b]) for a, b in pairs)


def _error_squared(found, expected):
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        scale = np.sum(a**2) + np.sum(b**2)
        if scale > 0:
            worst = max(worst, np.sum((a - b) ** 2) / scale)
    return worst


def _error_cases() -> Sequence[Case]:
    rng = np.random.default_rng(5)
    weight, bias = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([1.0, 2.0])
    noise = rng.standard_normal((2, 2)).round(1)
    return [
        ([np.array([3.0, 4.0])], [np.array([6.0, 8.0])]),
        ([np.array([3.0, 4.0])], [np.array([4.0, -3.0])]),
        ([np.zeros(2)], [np.zeros(2)]),
        ([np.array([1.0, 2.0])], [np.zeros(2)]),
        ([np.array([2e-9, 0.0])], [np.array([1e-9, 0.0])]),
        ([1000 * weight, bias], [1000 * weight, 2 * bias]),
        ([np.array([1e-9, 3.0])], [np.array([3e-9, 3.0])]),
        ([weight, bias], [weight + 0.2 * noise, bias]),
        ([weight, bias], [weight + 0.2 * noise, bias + 0.1]),
        ([bias, weight, np.zeros(3)], [bias + 0.01, weight, np.zeros(3)]),
        ([np.zeros((2, 1, 2)), bias], [np.ones((2, 1, 2)), -bias]),
    ]


WORST_ERROR = Exercise(
    id="backpropagation/relative-error",
    title="How far two gradients are apart",
    statement=cleandoc(r"""
        A backward gives the gradients `found`, nudging gives those of `expected`: two
        lists of arrays, one array for each parameter, and the two of a pair have one
        shape. For each pair $(a, b)$ the relative error is

        $$\frac{\lVert a - b \rVert}{\lVert a \rVert + \lVert b \rVert}$$

        where the norm $\lVert \cdot \rVert$ is the root of the sum of all squares. It
        lies between 0 and 1. If both arrays hold zeros alone, they agree, and the error
        is 0. Return the largest error of all pairs, a number. NumPy shall have nothing
        to warn of.
    """),
    stub=cleandoc("""
        def worst_error(found, expected):
            # found, expected: lists of arrays, shapes alike in pairs -> a number
            ...
    """),
    reference=worst_error,
    cases=_error_cases,
    tolerance=1e-6,
    hints=[
        "`zip(found, expected)` walks over the pairs, and `np.linalg.norm(a)` is the "
        "norm of an array of any shape. When is the denominator 0?",
        "Only if both arrays are zeros: test for that before you divide, rather than "
        "adding a small number to every denominator.",
        "Start with `worst = 0.0`. For each pair compute `scale`, the sum of the two "
        "norms; `if scale > 0`, let `worst` be the larger of itself and "
        "`np.linalg.norm(a - b) / scale`.",
    ],
    comment=(
        "The denominator has both norms, so that neither gradient is favoured and the "
        "error cannot pass 1: a norm of a difference is at most the sum of the norms. "
        "A pair of zeros, such as the gradient of a parameter that is not used, counts "
        "as agreement, since `worst` starts at 0."
    ),
    remark=(
        "What is small? With h = 1e-5 in float64, a right backward gives about 1e-11 "
        "to 1e-8, and a wrong factor c gives |c - 1| / (c + 1), at once far more: a "
        "missing 2 gives 0.33. There is a desert in between, and so the tolerance of "
        "1e-6 is no fine judgement. An error of 1e-4 is a bug, or a kink."
    ),
    mistakes=[
        Mistake(
            "gives the absolute error",
            _error_absolute,
            "How large is an error of 0.001? For gradients near 1000 it is rounding, "
            "for gradients near 0.001 it is a bug. Divide by the size of the two.",
        ),
        Mistake(
            "gives the largest difference of elements",
            _error_largest_element,
            "That is an absolute error, in the units of the gradient: next to "
            "gradients of 1e-9, one that is wrong by all of itself would look right. "
            "Take the norm of the difference, and divide by the norms.",
        ),
        Mistake(
            "divides 0 by 0",
            _error_without_guard,
            "Of two arrays of zeros the quotient is 0 / 0, NaN, and a NaN passes or "
            "fails a comparison by accident. They agree, so their error is 0: test "
            "for it before you divide.",
        ),
        Mistake(
            "divides by one norm only",
            _error_one_sided,
            "Divided by the norm of `expected` alone, the error is infinite where that "
            "is zeros, and a gradient twice too large counts more than one half as "
            "large. With both norms it stays between 0 and 1.",
        ),
        Mistake(
            "divides by one norm only, even by 0",
            _error_one_sided_without_guard,
            "Divided by the norm of `expected` alone, the error is infinite where that "
            "is zeros, and NaN where both are. Divide by the sum of both norms, and "
            "let two arrays of zeros have the error 0.",
        ),
        Mistake(
            "divides by one norm only, where that is not 0",
            _error_over_expected,
            "Divided by the norm of `expected` alone, the error can be anything, and "
            "where `expected` is zeros and `found` is not, a wrong gradient counts as "
            "right. Divide by the sum of both norms: it is 0 only if both are zeros.",
        ),
        *(
            Mistake(
                f"adds {eps} to the denominator",
                _error_with(float(eps)),
                "It takes care of 0 / 0 and spoils the rest: gradients much smaller "
                f"than {eps} are compared with {eps} in place of themselves, so that "
                "any backward passes. Test for zeros instead; then the result means "
                "the same at every size.",
            )
            for eps in ("1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12")
        ),
        Mistake(
            "divides by the larger norm",
            _error_over_larger,
            "That is a measure too, and a stricter one by a factor of up to 2. Asked "
            "for is the sum of the two norms, as nnlib's `check_gradients` has it: it "
            "keeps the result between 0 and 1.",
        ),
        Mistake(
            "compares the norms only",
            _error_of_norms,
            "Two gradients can be as long as each other and point elsewhere: (3, 4) "
            "and (4, -3) both have norm 5. Subtract first, and take the norm of the "
            "difference.",
        ),
        Mistake(
            "divides by the norm of the sum",
            _error_over_norm_of_sum,
            "‖a + b‖ is small where the two point against each other, and 0 if they "
            "are opposite. Take each norm first, and add those.",
        ),
        Mistake(
            "goes element by element",
            _error_by_elements,
            "One element that is nearly 0 by chance has hardly a right digit in a "
            "central difference, and fails the whole check. The norms weigh each "
            "element by its size; compare arrays, not elements.",
        ),
        *(
            Mistake(
                f"goes element by element, {how}",
                answer,
                "One element that is nearly 0 by chance has hardly a right digit in a "
                "central difference, and fails the whole check; one that is 0 gives "
                "0 / 0, unless that is caught. The norms weigh each element by its "
                "size: one norm of each array, and then one division.",
            )
            for how, answer in (
                ("even 0 by 0", _error_by_elements_over_sum),
                ("over `expected`", _error_by_elements_over_expected),
                ("with nothing for 0 by 0", _error_by_elements_of_some),
            )
        ),
        *(
            Mistake(
                f"returns the errors of all pairs{how}",
                answer,
                "Asked for is one number, the largest of them: put `max(...)` around "
                f"the list.{more}",
            )
            for how, answer, more in (
                ("", _errors_of_all, ""),
                (
                    ", even 0 by 0",
                    _errors_of_all_without_guard,
                    " And the error of two arrays of zeros is 0: test for it before "
                    "you divide.",
                ),
            )
        ),
        Mistake(
            "puts all parameters together",
            _error_pooled,
            "In one long array a bias whose gradient is wrong by half drowns beside a "
            "weight with gradients a thousand times as large. Each parameter is judged "
            "by its own size; then take the largest error.",
        ),
        Mistake(
            "looks at the first pair only",
            _error_of_the_first,
            "A `return` inside the loop ends it in the first turn. Keep the largest "
            "error so far, and return it after the loop.",
        ),
        Mistake(
            "stops at a pair of zeros",
            _error_until_zeros,
            "The error of that pair is 0, and the others may still be wrong. A "
            "`return` ends the loop: go on to the next pair, with `continue` or an "
            "`if` around the division.",
        ),
        Mistake(
            "divides by the norm of `found` only",
            _error_over_found,
            "Divided by one norm, a gradient half as large as it should be has the "
            "error 1, and one twice as large 0.5. With the sum of both norms the two "
            "count alike, and nothing passes 1.",
        ),
        Mistake(
            "adds magnitudes in place of squares",
            _error_of_magnitudes,
            "That is a measure too, with sums of absolute values. The norm asked for "
            "is the root of the sum of squares, `np.linalg.norm`.",
        ),
        Mistake(
            "divides by the mean of the norms",
            _error_over_mean,
            "That is twice the error asked for, and goes up to 2. Divide by the sum of "
            "the two norms.",
        ),
        Mistake(
            "returns the error of the last pair",
            _error_of_the_last,
            "Each turn of the loop writes over the error of the one before. Keep the "
            "larger of the two with `max`.",
        ),
        Mistake(
            "takes the smallest error",
            _error_smallest,
            "One parameter that is right does not excuse the others. A check is as "
            "good as its worst case: take the largest.",
        ),
        Mistake(
            "takes the mean of the errors",
            _error_mean,
            "One wrong parameter among a hundred right ones would hardly show in the "
            "mean. A check is as good as its worst case: take the largest.",
        ),
        Mistake(
            "adds the errors",
            _error_sum,
            "A sum grows with the number of parameters, however right each is. Take "
            "the largest.",
        ),
        Mistake(
            "leaves out the roots",
            _error_squared,
            "The norm is the root of the sum of squares. Without it an error of 1e-4 "
            "shows as about 1e-8, and passes.",
        ),
    ],
)


# ---- 5. Where a central difference cannot be trusted -------------------------------


def is_near_kink(f, x, h):
    right = (f(x + h) - f(x)) / h
    left = (f(x) - f(x - h)) / h
    return np.abs(right - left) > 0.02


def _sides(f, x, h):
    return (f(x) - f(x - h)) / h, (f(x + h) - f(x)) / h


def _kink_of_unequal(f, x, h):
    left, right = _sides(f, x, h)
    return left != right


def _kink_of_isclose(f, x, h):
    left, right = _sides(f, x, h)
    return ~np.isclose(left, right)


def _kink_above(threshold):
    def answer(f, x, h):
        left, right = _sides(f, x, h)
        return np.abs(left - right) > threshold

    return answer


def _kink_downwards(f, x, h):
    left, right = _sides(f, x, h)
    return left - right > 0.02


def _kink_upwards(f, x, h):
    left, right = _sides(f, x, h)
    return right - left > 0.02


def _kink_by_sign(f, x, h):
    left, right = _sides(f, x, h)
    return left * right < 0


def _kink_undivided(f, x, h):
    return np.abs(f(x + h) - 2 * f(x) + f(x - h)) > 0.02


def _kink_twice_divided(f, x, h):
    return np.abs(f(x + h) - 2 * f(x) + f(x - h)) / h**2 > 0.02


def _kink_at_zero(f, x, h):
    return np.abs(x) < h


def _kink_of_two_steps(f, x, h):
    wide = (f(x + h) - f(x - h)) / (2 * h)
    narrow = (f(x + h / 2) - f(x - h / 2)) / h
    return np.abs(wide - narrow) > 0.01


def _kink_relative(f, x, h):
    left, right = _sides(f, x, h)
    return np.abs(right - left) / (np.abs(left) + np.abs(right)) > 0.02


def _kink_relative_above(threshold):
    def answer(f, x, h):
        left, right = _sides(f, x, h)
        sizes = np.abs(left) + np.abs(right) + 1e-12
        return np.abs(right - left) / sizes > threshold

    return answer


def _kink_of_signs(f, x, h):
    left, right = _sides(f, x, h)
    return np.sign(left) != np.sign(right)


def _kink_with_if(f, x, h):
    left, right = _sides(f, x, h)
    # As a student may write it.
    return True if np.abs(right - left) > 0.02 else False  # noqa: SIM210


def _kink_of_values(f, x, h):
    return np.abs(f(x + h) - f(x - h)) / h > 0.02


def _kink_of_steep(f, x, h):
    left, right = _sides(f, x, h)
    return np.abs(left + right) / 2 > 10


def _kink_anywhere(f, x, h):
    return bool(is_near_kink(f, x, h).any())


def _kink_inverted(f, x, h):
    return ~is_near_kink(f, x, h)


def _kink_in_rows(f, x, h):
    return np.array([bool(is_near_kink(f, v, h)) for v in x])


def _kink_in_a_row(f, x, h):
    return is_near_kink(f, x.ravel(), h)


def _kink_places(f, x, h):
    return np.flatnonzero(is_near_kink(f, x, h))


def _kink_cases() -> Sequence[Case]:
    relu = _named(lambda x: np.maximum(x, 0), "relu")
    parabola = _named(lambda x: 20 * x**2, "twenty_x_squared")
    cap = _named(lambda x: np.minimum(x, 1.5), "at_most_1_5")
    slight = _named(lambda x: np.where(x > -1, 2.2 * x, 2 * x - 0.2), "slight_bend")
    step = _named(lambda x: np.where(x >= 0.5, 1.0, 0.0), "step_at_0_5")
    joined = _named(lambda x: x * np.abs(x), "x_times_abs_x")
    abs_sine = _named(lambda x: np.abs(np.sin(x)), "abs_of_sine")
    line = _named(lambda x: 30 * x + 1, "thirty_x_plus_1")
    flat = _named(lambda x: 0 * x + 3, "always_3")

    def around(*places):
        def at(h):
            shifts = np.array([-5, -0.4, 0, 0.3, 5]) * h
            return np.concatenate([place + shifts for place in places])

        return at

    return [
        (relu, np.array([-1.0, 0.0, 1.0]), 1e-5),
        (parabola, np.array([-0.5, 0.0, 0.25]), 1e-5),
        (cap, np.array([0.0, 1.5, 3.0]), 1e-5),
        (flat, np.array([-1.0, 0.0, 2.0]), 1e-5),
        (relu, around(0.0)(1e-4), 1e-4),
        (cap, around(1.5)(1e-5), 1e-5),
        (slight, around(-1.0, 1.0)(1e-5), 1e-5),
        (step, around(0.5, 1.0)(1e-4), 1e-4),
        (joined, around(0.0, 1.0)(1e-4), 1e-4),
        (abs_sine, around(0.0, np.pi / 2, np.pi)(1e-5), 1e-5),
        (line, np.array([-2.0, 0.0, 2.0, 5.0]), 1e-5),
        (np.sin, np.linspace(-4, 4, 17), 1e-4),
        (np.tanh, np.array([-300.0, -1.0, 0.0, 0.5, 300.0]), 1e-4),
        (np.tanh, np.array([-1.0, 0.5, 1.0, 2.0]), 1e-6),
        (np.sin, np.array([0.2, 0.3, 0.4, 0.6]), 1e-5),
        (parabola, np.array([-0.5, 0.25, 1.0]), 1e-4),
        (relu, np.array([[-1.0, 0.0], [3e-6, 1.0]]), 1e-5),
    ]


KINK = Exercise(
    id="backpropagation/kink-detector",
    title="A detector of kinks",
    statement=cleandoc(r"""
        Near a kink a central difference is the slope of neither side: at 0 it gives
        0.5 for ReLU, and a right backward fails the gradient check. Say where that
        happens, from values of `f` alone. `f` takes an array and works on each number
        by itself; `x` is an array of floats, and the result an array of booleans of
        its shape, True where $f$ has a kink or a jump between $x - h$ and $x + h$.

        What comes is clear-cut. At a kink the slope jumps by 0.2 or more, at a jump $f$
        itself does; elsewhere the slope changes slowly, $|f''| \le 40$. A kink or a
        jump is nearer to $x$ than $h/2$, or farther away than $2h$. `h` lies between
        1e-6 and 1e-4, and `f` between -1000 and 1000, so that rounding moves a slope
        by less than 1e-6. You choose the threshold.
    """),
    stub=cleandoc("""
        def is_near_kink(f, x, h):
            # f: array -> array; x: floats of any shape -> booleans of that shape
            ...
    """),
    reference=is_near_kink,
    cases=_kink_cases,
    hints=[
        "A central difference has two halves: one looks to the right of x, one to the "
        "left. What do they say of ReLU at 0?",
        "At a kink the slope to the right, $(f(x + h) - f(x)) / h$, and the slope to "
        "the left, $(f(x) - f(x - h)) / h$, differ. On a smooth curve they differ too, "
        "by about $h\\,|f''|$: how much is that here at most, and how much is it at a "
        "kink at least, if the kink is not at $x$ but $h/2$ away?",
        "At most 0.004 on a smooth curve, at least 0.1 at a kink: "
        "`np.abs(right - left) > 0.02`.",
    ],
    comment=(
        "A kink at x + t, to the right of x, takes part in the right quotient only, "
        "and with the share (1 - t/h): at t = h/2 half of the jump in slope is left, "
        "0.1. A smooth curve has h · |f″| of at most 0.004. Any threshold between the "
        "two will do."
    ),
    remark=(
        "This is how to read a gradient check that fails for a ReLU network: one "
        "pre-activation within h of 0 is enough. Compare the two sides, or move all "
        "parameters a little, at random, and check again: if the error goes away, it "
        "was a kink; a bug stays. (A smaller h helps beside a kink, and not on it: at "
        "exactly 0 the two sides differ at every h.) The digit "
        "reader has 12,288 pre-activations for a batch of 64: spread as widely as a "
        "standard normal, one of them lies within 1e-5 of 0 in one batch of ten."
    ),
    mistakes=[
        Mistake(
            "asks whether the two sides are equal",
            _kink_of_unequal,
            "On every curve that bends, the slope to the right differs from that to "
            "the left by about h · |f″|, and on a straight line by rounding. Ask for "
            "more than a threshold between that and a kink.",
        ),
        Mistake(
            "leaves the threshold to np.isclose",
            _kink_of_isclose,
            "`np.isclose` allows for rounding, a relative 1e-5. A smooth curve needs "
            "more: its two slopes differ by about h · |f″|, up to 0.004 here. Choose a "
            "threshold between that and a kink.",
        ),
        *(
            Mistake(
                f"sets the threshold {how} low",
                _kink_above(threshold),
                "On a smooth curve the two slopes differ by about h · |f″|, which is "
                "up to 0.004 here. At a kink it is at least 0.1. Choose a threshold "
                "between the two.",
            )
            for how, threshold in (
                ("a little too", 1e-3),
                ("too", 1e-4),
                ("far too", 1e-6),
            )
        ),
        *(
            Mistake(
                f"sets the threshold {how} high",
                _kink_above(threshold),
                "At a kink the slope jumps by 0.2 at least, and if the kink is h/2 "
                "away, half of the jump shows: 0.1. Choose a threshold between 0.004, "
                "what a smooth curve may have, and 0.1.",
            )
            for how, threshold in (
                ("a little too", 0.15),
                ("too", 0.5),
                ("far too", 0.8),
            )
        ),
        Mistake(
            "sees only kinks that bend downwards",
            _kink_downwards,
            "left - right is positive where the slope falls, as in min(x, 1.5), and "
            "negative for ReLU, where it rises. Take the absolute value.",
        ),
        Mistake(
            "sees only kinks that bend upwards",
            _kink_upwards,
            "right - left is positive for ReLU, where the slope rises, and negative "
            "where it falls, as in min(x, 1.5). Take the absolute value.",
        ),
        Mistake(
            "looks for a change of sign",
            _kink_by_sign,
            "The slopes have opposite signs on the two sides of every minimum, smooth "
            "or not; and at ReLU's kink they are 0 and 1. What tells a kink is how far "
            "they differ.",
        ),
        Mistake(
            "compares values and not slopes",
            _kink_undivided,
            "f(x + h) - 2 f(x) + f(x - h) is the difference of the slopes times h: at "
            "ReLU's kink it is h, far below the threshold. Divide by h.",
        ),
        Mistake(
            "divides by h twice",
            _kink_twice_divided,
            "That is the second derivative, which is not 0 on any curve. It does grow "
            "at a kink, as 1/h; divided by h once, it is the difference of the two "
            "slopes, with a size that you know.",
        ),
        Mistake(
            "knows of one kink only, at 0",
            _kink_at_zero,
            "That is where ReLU has its kink. f may be any function: look at its "
            "values.",
        ),
        Mistake(
            "compares two central differences",
            _kink_of_two_steps,
            "With the kink exactly at x, every central difference is the mean of the "
            "two slopes, whatever h: 0.5 for ReLU. The symmetry hides it. Compare the "
            "two sides instead.",
        ),
        Mistake(
            "divides by the slopes",
            _kink_relative,
            "Where f is flat that is 0 / 0, and at a smooth minimum the two slopes are "
            "small and opposite, so that their relative difference is 1. Compare the "
            "difference itself with the threshold.",
        ),
        *(
            Mistake(
                f"divides by the slopes, with a threshold of {threshold}",
                _kink_relative_above(threshold),
                "At a smooth minimum the two slopes are small and opposite, so that "
                "their relative difference is 1; and where the slopes are large, a "
                "kink can be relatively small. Compare the difference itself with the "
                "threshold.",
            )
            for threshold in (0.5, 0.1, 0.01)
        ),
        Mistake(
            "compares the signs of the slopes",
            _kink_of_signs,
            "The slopes have opposite signs on the two sides of every minimum, smooth "
            "or not, and at many kinks they have the same. What tells a kink is how "
            "far they differ.",
        ),
        Mistake(
            "asks `if` of a whole array",
            _kink_with_if,
            "If the error speaks of the truth value of an array: a comparison of "
            "arrays gives an answer for each number, and `if`, `and` and `max` want "
            "one alone. Return the comparison itself; `np.abs`, `np.maximum`, `&` and "
            "`|` work number by number.",
        ),
        Mistake(
            "takes what is steep for a kink",
            _kink_of_values,
            "f(x + h) - f(x - h) is large where f is steep. A straight line may be as "
            "steep as you like: a kink is where the slope *changes*.",
        ),
        Mistake(
            "takes only what is very steep for a kink",
            _kink_of_steep,
            "That finds where f rises or falls fast. A kink is where the slope "
            "changes, and ReLU's slopes are 0 and 1.",
        ),
        Mistake(
            "gives one answer for all of x",
            _kink_anywhere,
            "One True says that something is wrong, and not where. Leave out `any`: "
            "the result has an answer for each number of `x`.",
        ),
        Mistake(
            "has true and false the wrong way round",
            _kink_inverted,
            "True is for where there is a kink, and the central difference cannot be "
            "trusted.",
        ),
        Mistake(
            "takes the rows of a table for numbers",
            _kink_in_rows,
            "`for v in x` runs over the rows of a table, and each `v` is then an array "
            "that is neither true nor false. Leave the loop out: `f` works number by "
            "number on any shape, and so does a comparison.",
        ),
        Mistake(
            "returns one long row",
            _kink_in_a_row,
            "The answers are right, and `x` may be a table: the result has its shape. "
            "`f` works number by number on any shape, so nothing need be flattened.",
        ),
        Mistake(
            "gives the places of the kinks",
            _kink_places,
            "Those are indices. Asked for is an array of booleans of the shape of `x`: "
            "the comparison itself.",
        ),
    ],
)


# ---- 6. A whole network ------------------------------------------------------------


def network_gradients(x, w1, b1, w2, b2, y):
    z = x @ w1 + b1
    a = np.maximum(z, 0)
    prediction = a @ w2 + b2
    g = 2 * (prediction - y) / y.size
    dw2, db2 = a.T @ g, g.sum(axis=0)
    dz = (g @ w2.T) * (z > 0)
    dw1, db1 = x.T @ dz, dz.sum(axis=0)
    return dw1, db1, dw2, db2


def _network(
    x,
    w1,
    b1,
    w2,
    b2,
    y,
    *,
    upstream=lambda p, y: 2 * (p - y) / y.size,
    back=lambda g, w2, p: g @ w2.T,
    mask=lambda da, z, a: da * (z > 0),
    hidden=lambda z: np.maximum(z, 0),
):
    """The gradients, of a network in which one part may be wrong."""
    z = x @ w1 + b1
    a = hidden(z)
    p = a @ w2 + b2
    g = upstream(p, y)
    dz = mask(back(g, w2, p), z, a)
    return x.T @ dz, dz.sum(axis=0), a.T @ g, g.sum(axis=0)


def _network_without_mask(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, mask=lambda da, z, a: da)


def _network_mask_of_upstream(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, mask=lambda da, z, a: np.maximum(da, 0))


def _network_mask_of_values(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, mask=lambda da, z, a: da * a)


def _network_mask_alone(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, mask=lambda da, z, a: (z > 0) * 1.0)


def _network_mask_at_zero(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, mask=lambda da, z, a: da * (z >= 0))


def _network_mask_without_bias(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, mask=lambda da, z, a: da * (z - b1 > 0))


def _network_without_relu(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, hidden=lambda z: z, mask=lambda da, z, a: da)


def _network_dw2_of_z(x, w1, b1, w2, b2, y):
    dw1, db1, _, db2 = network_gradients(x, w1, b1, w2, b2, y)
    z = x @ w1 + b1
    g = 2 * (np.maximum(z, 0) @ w2 + b2 - y) / y.size
    return dw1, db1, z.T @ g, db2


def _network_without_two(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, upstream=lambda p, y: (p - y) / y.size)


def _network_of_the_sum(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, upstream=lambda p, y: 2 * (p - y))


def _network_of_plain_error(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, upstream=lambda p, y: p - y)


def _network_mean_of_samples(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, upstream=lambda p, y: 2 * (p - y) / len(y))


def _network_of_error_by_samples(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, upstream=lambda p, y: (p - y) / len(y))


def _network_with_last_relu(x, w1, b1, w2, b2, y):
    def upstream(p, y):
        return 2 * (np.maximum(p, 0) - y) * (p > 0) / y.size

    return _network(x, w1, b1, w2, b2, y, upstream=upstream)


def _network_biases_as_tables(x, w1, b1, w2, b2, y):
    dw1, db1, dw2, db2 = network_gradients(x, w1, b1, w2, b2, y)
    return dw1, db1[None], dw2, db2[None]


def _network_uphill(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, upstream=lambda p, y: 2 * (y - p) / y.size)


def _network_of_ones(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, upstream=lambda p, y: np.ones_like(y))


def _network_back_from_prediction(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, back=lambda g, w2, p: p @ w2.T)


def _network_back_from_ones(x, w1, b1, w2, b2, y):
    return _network(x, w1, b1, w2, b2, y, back=lambda g, w2, p: np.ones_like(g) @ w2.T)


def _network_after_a_step(lr):
    def gradients(x, w1, b1, w2, b2, y):
        _, _, dw2, _ = network_gradients(x, w1, b1, w2, b2, y)
        new = w2 - lr * dw2
        return _network(x, w1, b1, w2, b2, y, back=lambda g, w2, p: g @ new.T)

    return gradients


def _network_of_mean_error(x, w1, b1, w2, b2, y):
    return _network(
        x, w1, b1, w2, b2, y, upstream=lambda p, y: 2 * np.mean(p - y) + 0 * y
    )


def _network_divided_again(x, w1, b1, w2, b2, y):
    return tuple(g / len(x) for g in network_gradients(x, w1, b1, w2, b2, y))


def _network_biases_not_summed(x, w1, b1, w2, b2, y):
    z = x @ w1 + b1
    g = 2 * (np.maximum(z, 0) @ w2 + b2 - y) / y.size
    dw1, _, dw2, _ = network_gradients(x, w1, b1, w2, b2, y)
    return dw1, (g @ w2.T) * (z > 0), dw2, g


def _network_biases_averaged(x, w1, b1, w2, b2, y):
    dw1, db1, dw2, db2 = network_gradients(x, w1, b1, w2, b2, y)
    return dw1, db1 / len(x), dw2, db2 / len(x)


def _network_last_layer_first(x, w1, b1, w2, b2, y):
    dw1, db1, dw2, db2 = network_gradients(x, w1, b1, w2, b2, y)
    return dw2, db2, dw1, db1


def _on_paper() -> Case:
    """Return the small network that the chapters compute by hand."""
    x = [[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [2.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
    w1, b1 = [[1.0, -1.0], [0.0, 2.0], [-2.0, 1.0]], [0.5, -0.5]
    w2, b2 = [[2.0], [-1.0]], [0.5]
    y = [[0.0], [-3.0], [1.0], [1.0]]
    return tuple(np.array(part) for part in (x, w1, b1, w2, b2, y))


def _network_cases() -> Sequence[Case]:
    rng = np.random.default_rng(6)

    def case(b, m, hidden, out):
        shapes = (b, m), (m, hidden), (hidden,), (hidden, out), (out,), (b, out)
        return tuple(rng.standard_normal(shape).round(1) for shape in shapes)

    blank = case(3, 2, 4, 2)
    blank[0][0] = 0  # and without a bias, so that its z are exactly 0
    blank[2][:] = 0
    return [_on_paper(), case(6, 4, 5, 1), case(5, 3, 4, 3), blank]


NETWORK = Exercise(
    id="backpropagation/two-layer-network",
    title="A whole network",
    statement=cleandoc(r"""
        The network on paper, for any sizes: $Z = XW_1 + b_1$, $A = \mathrm{ReLU}(Z)$,
        $\hat{Y} = AW_2 + b_2$, and the loss is the mean of $(\hat{Y} - Y)^2$ over all
        elements of $Y$. With $D$ hidden units and $N$ outputs, `x` has shape
        $(B, M)$, `w1` $(M, D)$, `b1` $(D)$, `w2` $(D, N)$, `b2` $(N)$ and `y`
        $(B, N)$, so that the mean is over $BN$ numbers. All are float64.
        Return $dW_1, db_1, dW_2, db_2$ as a tuple, each of the shape of its parameter.
        Where $Z$ is exactly 0, ReLU's slope is taken as 0. Write it with NumPy alone,
        without nnlib's layers.
    """),
    stub=cleandoc("""
        def network_gradients(x, w1, b1, w2, b2, y):
            # x: (B, M), y: (B, N) -> dw1: (M, D), db1: (D), dw2: (D, N), db2: (N)
            ...
    """),
    reference=network_gradients,
    parts=[f"the gradient {name}" for name in ("dW1", "db1", "dW2", "db2")],
    cases=_network_cases,
    hints=[
        "Write the forward pass first, and give every line a name: `z`, `a`, "
        "`prediction`. Then go through its lines from the last to the first, and ask "
        "of each: what comes in from upstream, and what does it pass on?",
        "The loss sends back `g = 2 * (prediction - y) / y.size`. The second layer "
        "turns it into `dw2`, `db2` and what goes on to `a`, as in the exercise on "
        "the linear layer. Its input is `a`.",
        "`da = g @ w2.T`, then `dz = da * (z > 0)`, and the first layer is the same "
        "again: `x.T @ dz` and `dz.sum(axis=0)`.",
    ],
    comment=(
        "Five lines forward, five back, in mirror order; each backward line uses what "
        "a forward line has kept: `a`, `z` and `x`. The first layer's dX would be "
        "`dz @ w1.T`. Nothing needs it, so it is not computed."
    ),
    remark=(
        "Hold it against nudging: numerical_gradient of the loss as a function of w1 "
        "agrees to about ten digits. You have now written all there is to training "
        "but one line, w -= lr * dw. A deeper network repeats the same two lines for "
        "each layer, and nnlib's Sequential.backward is the loop that does."
    ),
    mistakes=[
        Mistake(
            "goes through ReLU as if it were not there",
            _network_without_mask,
            "Where z was negative, ReLU gave 0 and would give 0 after a small nudge, "
            "so nothing comes back: dz = da * (z > 0). dW2 and db2 are right, since "
            "the way to them does not pass the ReLU.",
        ),
        Mistake(
            "applies ReLU to the gradient",
            _network_mask_of_upstream,
            "The gate is set in the forward pass, by the sign of z. A gradient may "
            "have either sign, and passes an open gate unchanged: dz = da * (z > 0).",
        ),
        Mistake(
            "multiplies by the activation",
            _network_mask_of_values,
            "a is the value of ReLU, and its slope is 1 wherever z > 0, however large "
            "a is. Multiply by (z > 0), or by (a > 0), which is the same.",
        ),
        Mistake(
            "passes on the mask alone",
            _network_mask_alone,
            "(z > 0) is ReLU's local slope. The chain rule multiplies it by what comes "
            "from upstream, da = g @ w2.T.",
        ),
        Mistake(
            "takes ReLU's slope at 0 as 1",
            _network_mask_at_zero,
            "At exactly 0 the book takes the slope as 0: `z > 0`, and not `z >= 0`. It "
            "is rare, but not that rare: of a sample of zeros and a bias of 0, every z "
            "is 0.",
        ),
        Mistake(
            "makes the mask without the bias",
            _network_mask_without_bias,
            "ReLU was given z = x @ w1 + b1, bias included, and its slope belongs "
            "there: keep the very z of the forward pass.",
        ),
        Mistake(
            "has no ReLU at all",
            _network_without_relu,
            "The hidden layer is missing its ReLU, forward and backward. Without it "
            "two linear layers are one.",
        ),
        Mistake(
            "makes dW2 from z",
            _network_dw2_of_z,
            "A layer's dW is made of that layer's own input, and the second layer was "
            "given a = ReLU(z): dW2 = aᵀ g.",
        ),
        Mistake(
            "forgets the 2",
            _network_without_two,
            "The slope of e² is 2e. All four gradients are half of what they should "
            "be. Training still works, at half the learning rate that you believe to "
            "use; a gradient check tells.",
        ),
        Mistake(
            "forgets the factor of the mean",
            _network_of_the_sum,
            "This is the gradient of the *sum* of squares. The loss is the mean, so "
            "every gradient is BN times too large, and a learning rate that suits one "
            "batch size is too high for a larger one.",
        ),
        Mistake(
            "starts from the plain error",
            _network_of_plain_error,
            "The loss sends back 2 (prediction - y) / BN, the slope of the mean of "
            "squares. Both the 2 and the 1/BN are missing.",
        ),
        Mistake(
            "divides by the number of samples",
            _network_mean_of_samples,
            "The mean is over all B · N elements of y, and not over its B rows. "
            "With one output the two are the same, which is why it is easily missed: "
            "`y.size`, not `len(y)`.",
        ),
        Mistake(
            "forgets the 2, and divides by the number of samples",
            _network_of_error_by_samples,
            "(prediction - y) / B is the gradient of the sum of squares over 2B, a "
            "loss that some texts use. Here the loss is the mean over all BN elements: "
            "2 (prediction - y) / BN.",
        ),
        Mistake(
            "has a ReLU after the last layer too",
            _network_with_last_relu,
            "The prediction is what the second layer gives, without a ReLU. With one "
            "it could never be negative, and y may be.",
        ),
        Mistake(
            "has the sign the wrong way round",
            _network_uphill,
            "It is prediction - y. The minus of gradient descent stands in the step, "
            "w -= lr * dw, and not in the gradient.",
        ),
        Mistake(
            "starts from ones",
            _network_of_ones,
            "An upstream of ones is the gradient of the sum of all predictions, and "
            "the targets play no part. The loss sends back 2 (prediction - y) / BN.",
        ),
        Mistake(
            "goes back from the prediction",
            _network_back_from_prediction,
            "What goes back through the second layer is the gradient g, not the "
            "prediction: da = g @ w2.T. dW2 and db2 are right, so a network of one "
            "layer would not have shown it.",
        ),
        Mistake(
            "ignores what comes from upstream",
            _network_back_from_ones,
            "w2 alone is the slope of the prediction by a. The chain rule multiplies "
            "it by g: da = g @ w2.T. dW2 and db2 are right, the first layer learns "
            "nothing of the targets.",
        ),
        *(
            Mistake(
                f"uses the weights after a step with lr = {lr:g}",
                _network_after_a_step(lr),
                "All gradients belong to one and the same set of weights, those of the "
                "forward pass. Changing w2 first and then going back through it mixes "
                "two networks: compute everything, then step.",
            )
            for lr in (1, 0.1, 0.01)
        ),
        Mistake(
            "takes the mean of the errors",
            _network_of_mean_error,
            "Here every element gets the mean error, so that errors of opposite signs "
            "cancel. Each prediction has a gradient of its own, 2 (prediction - y) / "
            "BN: the mean brings the 1/BN, and g has the shape of y.",
        ),
        Mistake(
            "divides by the batch size again",
            _network_divided_again,
            "The 1/BN of the loss is in g, and everything behind it has it already. A "
            "layer adds up over the batch and does not divide.",
        ),
        Mistake(
            "does not sum the gradients of the biases",
            _network_biases_not_summed,
            "One bias serves all rows of the batch, so the gradients of the rows add "
            "up: `sum(axis=0)`, and the shape is that of the bias.",
        ),
        Mistake(
            "keeps the biases as tables of one row",
            _network_biases_as_tables,
            "The values are right, but a bias has one dimension and so has its "
            "gradient: leave `keepdims` out.",
        ),
        Mistake(
            "takes the mean for the biases",
            _network_biases_averaged,
            "The mean is the loss's and has been taken. Over the rows of the batch the "
            "gradients of a bias add up: `sum(axis=0)`.",
        ),
        Mistake(
            "gives the last layer first",
            _network_last_layer_first,
            "That is the order in which they are computed. Asked for is that of the "
            "forward pass: dW1, db1, dW2, db2.",
        ),
    ],
)


# ---- 7. What a backward pass costs -------------------------------------------------


def backward_flops(sizes, batch):
    flops = 0
    for i in range(len(sizes) - 1):
        m, n = sizes[i], sizes[i + 1]
        flops += 2 * batch * m * n + batch * n  # dW and db
        if i > 0:
            flops += 2 * batch * m * n  # dX
    return flops


def _products(sizes, batch):
    return [2 * batch * m * n for m, n in pairwise(sizes)]


def _bias_sums(sizes, batch):
    return batch * sum(sizes[1:])


def _flops_three_times(sizes, batch):
    return 3 * sum(_products(sizes, batch)) + _bias_sums(sizes, batch)


def _flops_three_forwards(sizes, batch):
    return 3 * sum(_products(sizes, batch))


def _flops_with_first_dx(sizes, batch):
    return 2 * sum(_products(sizes, batch)) + _bias_sums(sizes, batch)


def _flops_two_forwards(sizes, batch):
    return 2 * sum(_products(sizes, batch))


def _flops_two_whole_forwards(sizes, batch):
    return 2 * (sum(_products(sizes, batch)) + _bias_sums(sizes, batch))


def _flops_without_bias(sizes, batch):
    return 2 * sum(_products(sizes, batch)) - _products(sizes, batch)[0]


def _flops_without_dx(sizes, batch):
    return sum(_products(sizes, batch)) + _bias_sums(sizes, batch)


def _flops_without_dw(sizes, batch):
    return sum(_products(sizes, batch)[1:]) + _bias_sums(sizes, batch)


def _flops_without_last_dx(sizes, batch):
    products = _products(sizes, batch)
    return 2 * sum(products) - products[-1] + _bias_sums(sizes, batch)


def _flops_multiplications(sizes, batch):
    products = [product // 2 for product in _products(sizes, batch)]
    return 2 * sum(products) - products[0] + _bias_sums(sizes, batch)


def _flops_of_one_sample(sizes, batch):
    return backward_flops(sizes, 1)


def _flops_bias_not_by_batch(sizes, batch):
    return backward_flops(sizes, batch) - (batch - 1) * sum(sizes[1:])


def _flops_bias_twice(sizes, batch):
    return backward_flops(sizes, batch) + _bias_sums(sizes, batch)


def _flops_with_bias_of_input(sizes, batch):
    return backward_flops(sizes, batch) + batch * sizes[0]


def _flops_without_first_layer(sizes, batch):
    return _flops_with_first_dx(sizes[1:], batch)


def _flops_with_masks(sizes, batch):
    return backward_flops(sizes, batch) + batch * sum(sizes[1:-1])


def _flops_bias_of_inputs(sizes, batch):
    return backward_flops(sizes, batch) + batch * (sizes[0] - sizes[-1])


def _flops_whole_step(sizes, batch):
    return backward_flops(sizes, batch) + sum(_products(sizes, batch))


def _flops_as_a_float(sizes, batch):
    return float(backward_flops(sizes, batch))


BACKWARD_FLOPS = Exercise(
    id="backpropagation/backward-flops",
    title="What a backward pass costs",
    statement=cleandoc(r"""
        Count the FLOPs of one backward pass through a network of linear layers with
        biases. `sizes` is a list such as `[784, 128, 64, 10]`, where layer $i$ leads
        from `sizes[i]` numbers to `sizes[i + 1]`, and `batch` is $B$. The conventions:
        a product of $(B, M)$ and $(M, N)$ counts $2BMN$, and so does any product made
        of the same three sizes, transposed or not. The sum of the $B$ rows of $G$,
        $(B, N)$, counts $BN$. The loss and the activations count nothing. Nobody needs
        the gradient with respect to the network's input, so it is not computed. Return
        an integer.
    """),
    stub=cleandoc("""
        def backward_flops(sizes, batch):
            # sizes: list of at least two ints, batch: int -> int
            ...
    """),
    reference=backward_flops,
    cases=lambda: [
        ([3, 2], 1),
        ([3, 2], 4),
        ([5, 3, 2], 4),
        ([2, 3, 5], 4),
        ([784, 128, 64, 10], 64),
        ([784, 10], 32),
        ([16, 16, 16, 16, 16], 8),
    ],
    hints=[
        "A layer has two products in its backward, and one sum. Which of the three can "
        "the first layer leave out?",
        "For each layer, dW is a product of $2BMN$ and db a sum of $BN$. Every layer "
        "but the first adds $2BMN$ for dX.",
        "Loop over `i in range(len(sizes) - 1)` with `m, n = sizes[i], sizes[i + 1]`: "
        "add `2 * batch * m * n + batch * n`, and `if i > 0` another "
        "`2 * batch * m * n`.",
    ],
    comment=(
        "It is twice the forward's products, less one product of the first layer. In "
        "nnlib `Sequential.backward_parameters` leaves that product out, and training "
        "uses it."
    ),
    remark=(
        "For 784-128-64-10 and a batch of 64 it is 15,118,976, and the products of "
        "the forward count 13,975,552: the backward costs 1.08 forwards, not 2, since "
        "92% of the weights are in the layer that needs no dX. In a deep network of "
        "equal layers it tends to 2. Three is a whole step, forward and backward."
    ),
    mistakes=[
        Mistake(
            "takes three forwards",
            _flops_three_times,
            "Forward and backward *together* take about three forwards. The backward "
            "has two products for each layer, for dW and for dX, and the first layer "
            "only one.",
        ),
        Mistake(
            "takes three times the forward's products",
            _flops_three_forwards,
            "Forward and backward *together* take about three forwards. The backward "
            "has two products for each layer, the first layer only one; and the sums "
            "that give db count BN each.",
        ),
        Mistake(
            "counts dX of the first layer",
            _flops_with_first_dx,
            "That would be the gradient with respect to the data, which nothing uses. "
            "In a network with a wide input it is the largest product of all.",
        ),
        Mistake(
            "takes two forwards",
            _flops_two_forwards,
            "Two products for each layer is right but for the first, whose dX nobody "
            "needs. And the sum of rows that gives db counts BN for each layer.",
        ),
        Mistake(
            "takes two forwards, biases and all",
            _flops_two_whole_forwards,
            "Two products for each layer is right but for the first, whose dX nobody "
            "needs. And db is one sum for each layer, BN once: adding the bias has no "
            "second part on the way back.",
        ),
        Mistake(
            "forgets the biases",
            _flops_without_bias,
            "The products are right. Each layer also sums the rows of its G for db: "
            "BN, by the convention above.",
        ),
        Mistake(
            "counts dW only",
            _flops_without_dx,
            "Without dX no gradient would reach the layer before. Every layer but the "
            "first has a second product, G Wᵀ.",
        ),
        Mistake(
            "counts dX only",
            _flops_without_dw,
            "What the layers pass on is one product each; dW = Xᵀ G is another, and "
            "the first layer has that one too.",
        ),
        Mistake(
            "leaves out dX of the last layer",
            _flops_without_last_dx,
            "The backward pass starts at the last layer, and those before it wait for "
            "its dX. It is the *first* layer that has nobody to pass one to.",
        ),
        Mistake(
            "counts multiplications only",
            _flops_multiplications,
            "A FLOP is a multiplication or an addition, and a product has as many of "
            "the one as of the other: 2BMN.",
        ),
        Mistake(
            "counts one sample",
            _flops_of_one_sample,
            "That is for one sample. Every product and every sum has the batch as one "
            "of its sizes.",
        ),
        Mistake(
            "counts N for db in place of BN",
            _flops_bias_not_by_batch,
            "db has N numbers, and each is the sum of the B numbers of a column of G: "
            "BN by the convention above.",
        ),
        Mistake(
            "counts the biases twice",
            _flops_bias_twice,
            "A sum has additions only, one for each number of G: BN, and not 2BN.",
        ),
        Mistake(
            "counts a bias for the input",
            _flops_with_bias_of_input,
            "The first of `sizes` is the width of the input, which has no bias: the "
            "layers begin with the second.",
        ),
        Mistake(
            "leaves out the first layer",
            _flops_without_first_layer,
            "It is only dX that the first layer leaves out. It learns like the others, "
            "and needs its dW and its db.",
        ),
        Mistake(
            "counts the activations",
            _flops_with_masks,
            "A mask does cost a multiplication for each hidden number, but by the "
            "convention above the activations count nothing: beside the products it "
            "is little.",
        ),
        Mistake(
            "takes the inputs for the biases",
            _flops_bias_of_inputs,
            "A layer has a bias for each *output*: db is a sum over G of shape (B, N), "
            "and counts BN, not BM.",
        ),
        Mistake(
            "counts the forward too",
            _flops_whole_step,
            "This holds the forward's products as well. Asked for is the backward "
            "alone.",
        ),
        Mistake(
            "gives a float",
            _flops_as_a_float,
            "The number is right. A count is an integer: `//` divides without leaving "
            "the integers, and `2` stays one where `2.0` does not.",
        ),
    ],
)


# ---- 8. The backward of an operation of one's own ----------------------------------


class MyOperation(Module):
    def forward(self, x):
        length = np.sqrt((x**2).sum(axis=1, keepdims=True))
        y = x / length
        self._cache = y, length
        return y

    def backward(self, grad_output):
        y, length = self._cached()
        along = (grad_output * y).sum(axis=1, keepdims=True)
        return (grad_output - y * along) / length


class _HalvesMultiplied(Module):
    def forward(self, x):
        self._cache = np.split(x, 2, axis=1)
        return self._cache[0] * self._cache[1]

    def backward(self, grad_output):
        a, b = self._cache
        return np.concatenate([grad_output * b, grad_output * a], axis=1)


class _OwnIgnoresUpstream(_HalvesMultiplied):
    def backward(self, grad_output):
        return super().backward(np.ones_like(grad_output))


class _OwnAveragesUpstream(_HalvesMultiplied):
    def backward(self, grad_output):
        mean = grad_output.mean(axis=1, keepdims=True)
        return super().backward(mean + 0 * grad_output)


class _OwnMasksUpstream(_HalvesMultiplied):
    def backward(self, grad_output):
        return super().backward(np.maximum(grad_output, 0))


class _OwnUphill(MyOperation):
    def backward(self, grad_output):
        return -super().backward(grad_output)


class _OwnOffByFactor(MyOperation):
    def backward(self, grad_output):
        return super().backward(grad_output) / 2


class _OwnDividedByBatch(MyOperation):
    def backward(self, grad_output):
        return super().backward(grad_output) / len(grad_output)


class _OwnWithoutPaths(MyOperation):
    def backward(self, grad_output):
        return grad_output / self._cache[1]


class _OwnOverTheWrongAxis(MyOperation):
    def backward(self, grad_output):
        y, length = self._cache
        return (grad_output - y * (grad_output * y).sum(axis=0)) / length


class _OwnOtherGradient(MyOperation):
    def backward(self, grad_output):
        y, length = self._cache
        return (grad_output + y * (grad_output * y).sum(1, keepdims=True)) / length


class _OwnStraight(Module):
    def forward(self, x):
        return x - x.mean(axis=1, keepdims=True)

    def backward(self, grad_output):
        return grad_output - grad_output.mean(axis=1, keepdims=True)


class _OwnByElements(Module):
    def forward(self, x):
        self._cache = x
        return np.sin(x)

    def backward(self, grad_output):
        return grad_output * np.cos(self._cache)


class _OwnOfSteps(Module):
    def forward(self, x):
        return (x == x.max(axis=1, keepdims=True)) * 1.0

    def backward(self, grad_output):
        return np.zeros_like(grad_output)


class _OwnOfOutputShape(_HalvesMultiplied):
    def backward(self, grad_output):
        return grad_output * self._cache[1]


class _OwnWritesIntoX(Module):
    def forward(self, x):
        x /= np.sqrt((x**2).sum(axis=1, keepdims=True))
        self._cache = x
        return x

    def backward(self, grad_output):
        return grad_output


class _OwnWritesIntoUpstream(_HalvesMultiplied):
    def backward(self, grad_output):
        dx = super().backward(grad_output)
        grad_output *= 0
        return dx


class _OwnWithWrongParameter(MyOperation):
    def __init__(self):
        self.gain = Parameter(np.array(2.0))

    def forward(self, x):
        return self.gain.data * super().forward(x)

    def backward(self, grad_output):
        self.gain.grad = (grad_output * self._cache[0]).mean(axis=0)
        return super().backward(grad_output * self.gain.data)


class _OwnAddsToParameter(MyOperation):
    def __init__(self):
        self.gain = Parameter(np.array(2.0))

    def forward(self, x):
        return self.gain.data * super().forward(x)

    def backward(self, grad_output):
        self.gain.grad += np.sum(grad_output * self._cache[0])
        return super().backward(grad_output * self.gain.data)


class _OwnByChance(_HalvesMultiplied):
    def forward(self, x):
        self._scale = np.random.default_rng().standard_normal()
        return self._scale * super().forward(x)

    def backward(self, grad_output):
        return self._scale * super().backward(grad_output)


class _OwnNudges(_HalvesMultiplied):
    def backward(self, grad_output):
        x = np.concatenate(self._cache, axis=1)
        return numerical_gradient(
            lambda x: float(np.sum(self.forward(x) * grad_output)), x
        )


class _Trial:
    """What an operation gave for an x, and what is wrong with that, if anything is.

    Operations differ in what they compute, so two are alike if they fail alike,
    whatever the details.
    """

    def __init__(self, y: Any, dx: Any, failing: str = "", detail: str = "") -> None:
        self.y, self.dx, self.failing, self.detail = y, dx, failing, detail

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Trial) and self.failing == other.failing

    def __repr__(self) -> str:
        arrays = {"f(x) = ": self.y, "dX   = ": self.dx}
        return "\n".join(
            labelled(label, a.round(4) if isinstance(a, np.ndarray) else a, 20)
            for label, a in arrays.items()
        )


class _OnCopies(Module):
    """A module whose arguments are safe from it."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def forward(self, x: Array) -> Array:
        return np.array(self._module.forward(x.copy()))

    def backward(self, grad_output: Array) -> Array:
        return np.array(self._module.backward(grad_output.copy()))


_NOT_ALIKE = "Two calls of `forward` with the same `x` gave different results."
_ONES_ONLY = (
    "`backward` gives the same dX for every upstream, and it is right for one of ones "
    "alone."
)
_ELSEWHERE = (
    "`backward` is right for an upstream of ones (dX is shown for it), and sends a "
    "random one to the wrong places."
)
_NOT_LINEAR = (
    "`backward` is right for an upstream with a single 1 in it, and wrong for a random "
    "one: it must not depend on the sign or the size of G, but multiply by it."
)
_WRONG_SIGN = "`backward` gives the gradient with the opposite sign."
_WRONG_FACTOR = "`backward` gives the gradient times a factor."
_BY_BATCH = "`backward` gives the gradient divided by the batch size."
_NO_PATH = "`backward` misses a path."
_WRONG_PATH = "`backward` takes a path that `forward` has not, and misses one it has."
_ADDS = "A second `backward` adds to the gradient of a parameter."
_NUDGES = "`backward` finds the gradient by nudging `forward`."
_NOT_THE_GRADIENT = "`backward` disagrees with central differences of `forward`."


def _try(answer: Any, x: Array) -> _Trial:
    """Try an operation, whatever it computes, on x and an upstream of ones."""
    if isinstance(answer, Module):
        without = "Give `check` the class itself, without parentheses: `MyOperation`."
        return _Trial(None, None, without)
    module, before = answer(), x.copy()
    if not isinstance(module, Module):
        return _Trial(
            None, None, "The class is no `Module`: `class MyOperation(Module)`."
        )
    if any(p.data.dtype != np.float64 for p in module.parameters()):
        return _Trial(None, None, "Its parameters have to be of float64.")
    y = module.forward(x)
    if not isinstance(y, np.ndarray) or y.dtype != np.float64 or not y.size:
        failing = "`forward` has to return an array of float64."
        return _Trial(y, None, failing, _came(y))
    if (x != before).any():
        return _Trial(y, None, "`forward` wrote into its argument `x`.")
    upstream = np.ones_like(y)
    calls = _count_forwards(module)
    dx = module.backward(upstream)
    nudges = len(calls) >= x.size  # one call or two, to compute anew, are no nudging
    if not isinstance(dx, np.ndarray):
        return _Trial(y, dx, "`backward` has to return an array.", _came(dx))
    if dx.shape != x.shape:
        detail = f"It returned shape {dx.shape}, and `x` has shape {x.shape}."
        return _Trial(y, dx, "`backward` has to return an array shaped as `x`.", detail)
    if dx.dtype != np.float64:
        failing = "`backward` has to return an array of float64."
        return _Trial(y, dx, failing, _came(dx))
    y, dx = y.copy(), dx.copy()
    if (upstream != 1).any():
        return _Trial(y, dx, "`backward` wrote into its argument `grad_output`.")
    if (x != before).any():
        return _Trial(y, dx, "`backward` wrote into `x`, which it had kept.")
    if nudges:
        called = f"It called it {len(calls)} times, for {x.size} numbers of `x`."
        return _Trial(y, dx, _NUDGES, called)
    return _Trial(y, dx, *_failing(_OnCopies(answer()), before, y, dx))


def _count_forwards(module: Module) -> list[None]:
    """Return a list that grows by one with each further call of the forward."""
    calls: list[None] = []
    forward = module.forward

    def counted(x: Array) -> Array:
        calls.append(None)
        return forward(x)

    vars(module)["forward"] = counted
    return calls


def _came(value: Any) -> str:
    if value is None:
        return "It returned None. Is there a `return`?"
    if isinstance(value, np.ndarray):
        return f"It returned an array of {value.dtype}."
    if isinstance(value, np.number | float | int):
        return (
            f"It returned a single number, a {type(value).__name__}, and no array: "
            "`np.array(...)` around it makes one."
        )
    return f"It returned a {type(value).__name__}."


def _failing(module: Module, x: Array, y: Array, dx: Array) -> list[str]:
    """What is wrong with an operation whose arrays are of the right kind, and where."""
    if not (np.isfinite(y).all() and np.isfinite(dx).all()):
        return ["A value or a gradient is not finite."]
    if not np.array_equal(module(x), module(x)):
        return [_NOT_ALIKE]
    slopes = _numerical_jacobian(module, x)
    if np.abs(slopes).max() < 1e-6:
        return ["Its derivative is 0 everywhere."]
    if _is_straight(module, x):
        return ["It is linear."]
    if (_reach(module, x).sum(axis=1) <= 1).all():
        return ["It works on each number by itself."]
    if y.shape == x.shape and np.allclose(y, softmax(x), 1e-9, 1e-9):
        return ["nnlib has this one already: it is Softmax()."]
    report = check_gradients(module, x, rng=np.random.default_rng(7))
    if report:
        return _on_calling_twice(module, x)
    wrong = [name for name, error in report.errors.items() if error > report.tolerance]
    if "input" not in wrong:
        name, error = wrong[0].removeprefix("_module."), report.errors[wrong[0]]
        detail = f"Against nudging, `{name}.grad` has a relative error of {error:.1e}."
        if error == np.inf:
            detail = (
                f"`{name}.grad` has another shape than `{name}.data`, or no number."
            )
        return ["The gradient of a parameter is wrong.", detail]
    return _diagnose(module, x, slopes, dx)


def _on_calling_twice(module: Module, x: Array) -> list[str]:
    """What is wrong with a backward that is right the first time."""
    upstream = np.random.default_rng(7).standard_normal(module(x).shape)
    times = []
    for _ in range(2):
        module(x)
        module.backward(upstream)
        grads = module.named_parameters()
        times.append({name: parameter.grad.copy() for name, parameter in grads})
    for name, once in times[0].items():
        if not np.allclose(once, times[1][name]):
            name = name.removeprefix("_module.")
            return [_ADDS, f"`{name}.grad` differs from call to call."]
    return []


def _is_straight(module: Module, x: Array) -> bool:
    """Whether, from x, two moves together always do what each does, added up."""
    rng = np.random.default_rng(8)
    gaps = []
    for _ in range(8):
        a, b = 3 * rng.standard_normal((2, *x.shape))
        gaps.append(module(x + a + b) - module(x + a) - module(x + b) + module(x))
    return float(np.abs(gaps).max()) <= 1e-9 * (1 + float(np.abs(module(x)).max()))


def _reach(module: Module, x: Array) -> Array:
    """Which outputs change with which inputs, however far: (outputs, inputs)."""
    columns = []
    for i in np.ndindex(x.shape):
        moved = np.stack([x, x, x])
        moved[:, *i] += [-3, 0.1, 3]
        changes = [module(one).ravel() != module(x).ravel() for one in moved]
        columns.append(np.any(changes, axis=0))
    return np.stack(columns, axis=1)


def _numerical_jacobian(module: Module, x: Array) -> Array:
    """How each output moves with each input: (outputs, inputs)."""
    columns = []
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += 1e-5
        down[i] -= 1e-5
        columns.append((module(up) - module(down)).ravel() / 2e-5)
    return np.stack(columns, axis=1)


def _jacobian_of_backward(module: Module, x: Array) -> Array:
    """The same by backward, with upstreams that hold a single 1."""
    rows = []
    for k in range(module(x).size):
        upstream = np.zeros_like(module(x))
        upstream.flat[k] = 1
        rows.append(module.backward(upstream).ravel())
    return np.stack(rows)


def _diagnose(module: Module, x: Array, slopes: Array, dx: Array) -> list[str]:
    """What is wrong with a backward that fails the gradient check."""

    def alike(one: Array, other: Array) -> bool:
        return np.allclose(one, other, 1e-5, 1e-6 * (1 + np.abs(slopes).max()))

    given = _jacobian_of_backward(module, x)
    if alike(given, slopes):
        return [_NOT_LINEAR]
    factor = float((given * slopes).sum() / (slopes**2).sum())
    if factor and alike(given / factor, slopes):
        if abs(factor + 1) < 1e-4:
            return [_WRONG_SIGN]
        if abs(factor * len(x) - 1) < 1e-4:
            return [_BY_BATCH]
        return [_WRONG_FACTOR, f"The factor is {factor:.4g}."]
    if alike(dx.ravel(), slopes.sum(axis=0)):
        if np.allclose(given, dx.ravel()):
            return [_ONES_ONLY]
        if np.abs(dx).max() > 1e-6:  # else ones have nothing to tell
            return [_ELSEWHERE, _worst_place(module, x, slopes, given)]
    missing = (np.abs(given) < 1e-9) & (np.abs(slopes) > 1e-4)
    out, into = np.unravel_index(np.abs(slopes * missing).argmax(), slopes.shape)
    if missing.any():
        lost = (
            f"Output {_place(out, module(x))} moves with x{_place(into, x)}, by "
            f"{slopes[out, into]:.4g}, and `backward` sends nothing along it."
        )
        extra = (np.abs(slopes) < 1e-9) & (np.abs(given) > 1e-4)
        if not extra.any():
            return [_NO_PATH, lost]
        out, into = np.unravel_index(np.abs(given * extra).argmax(), slopes.shape)
        astray = (
            f"Output {_place(out, module(x))} does not move with x{_place(into, x)}, "
            f"and `backward` sends {given[out, into]:.4g} along it."
        )
        return [_WRONG_PATH, f"{lost} {astray}"]
    return [_NOT_THE_GRADIENT, _worst_place(module, x, slopes, given)]


def _worst_place(module: Module, x: Array, slopes: Array, given: Array) -> str:
    """Name the derivative that is farthest off."""
    out, into = np.unravel_index(np.abs(slopes - given).argmax(), slopes.shape)
    return (
        f"The derivative of output {_place(out, module(x))} by x{_place(into, x)}: "
        f"it gives {given[out, into]:.4g}, and differences give "
        f"{slopes[out, into]:.4g}."
    )


def _place(flat: Any, array: Array) -> str:
    return f"[{', '.join(str(int(i)) for i in np.unravel_index(flat, array.shape))}]"


def _complaint(trial: _Trial, x: Array) -> str | None:
    return f"{trial.failing} {trial.detail}".strip() or None


def _own_cases() -> Sequence[Case]:
    rng = np.random.default_rng(9)
    return [
        (np.array([[0.6, -1.1, 1.7, 0.4], [-0.3, 0.9, 0.8, -1.6], [1, 2, -0.5, 0.7]]),),
        (rng.uniform(0.3, 1.5, (5, 4)) * rng.choice([-1, 1], (5, 4)),),
        (rng.uniform(0.3, 1.5, (3, 6)) * rng.choice([-1, 1], (3, 6)),),
    ]


OWN_OPERATION = Exercise(
    id="backpropagation/own-operation",
    title="The backward of an operation of your own",
    statement=cleandoc(r"""
        Choose an operation that nnlib does not have, and derive its backward. It is a
        `Module`: `forward` takes `x` of shape $(B, M)$ and returns an array of any
        shape, both float64; `backward` takes $G$, of the shape of that result, and
        returns $dX$ of shape $(B, M)$. $B$ is 3 or more, and $M$ is even and 4 or more.

        At least one of its outputs depends on two or more inputs, and it is not linear.
        Two to choose from, if you like: the product of the two halves of each row,
        $y_{ij} = x_{ij}\,x_{i,j+M/2}$, with $M/2$ outputs; or each row divided by its
        length, $y_{ij} = x_{ij} / \lVert x_i \rVert$. It may have parameters
        (`Parameter`, float64). Neither method writes into its argument, and nothing is
        left to chance. The check holds it against central differences with a random
        upstream, as `check_gradients` does: try that one first. `backward` comes from
        your derivation and does not nudge; the check counts calls of `self.forward`,
        and sees no nudging that goes round it. `MyOperation()` takes no arguments.
    """),
    stub=cleandoc("""
        class MyOperation(Module):
            def forward(self, x):
                # x: (B, M) -> any shape
                ...

            def backward(self, grad_output):
                # grad_output: the shape of the output -> (B, M)
                ...
    """),
    reference=MyOperation,
    cases=_own_cases,
    call=_try,
    judge=_complaint,
    hints=[
        "Take one output and one input on paper: how does $y_{ij}$ move with "
        "$x_{ik}$? Then add up over all outputs that this input reaches: "
        r"$dx_{ik} = \sum_j G_{ij}\, \partial y_{ij} / \partial x_{ik}$.",
        "For the product of halves, each input reaches one output, and its slope is "
        "the other half: `a, b = np.split(x, 2, axis=1)`, the gradient of `a` is "
        "`grad_output * b`. `np.concatenate` joins the two gradients.",
        "For the length: $x_{ik}$ reaches every output of its row through the norm "
        r"$r = \lVert x \rVert$. Take slopes on both sides of $r^2 = \sum_k x_k^2$: "
        r"$2r\, \partial r / \partial x_k = 2 x_k$, so that "
        r"$\partial r / \partial x_k = x_k / r = y_k$. The result is "
        r"$dX = (G - y\,(g \cdot y)) / \lVert x \rVert$, where $g \cdot y$ is one "
        r"number for each row: a sum with `axis=1, keepdims=True`.",
    ],
    comment=(
        "One of many: each row divided by its length. From $y_j = x_j / r$ with "
        r"$r = \lVert x \rVert$ come two paths: $x_k$ moves $y_k$ directly, by "
        "$1/r$, and all $y_j$ through $r$, by $-x_j x_k / r^3 = -y_j y_k / r$. "
        r"Together $dx_k = (g_k - y_k \sum_j g_j y_j) / r$: the part of the "
        "upstream gradient that points along the row is taken away, since stretching a "
        "row does not change its direction."
    ),
    remark=(
        "You can now add any layer to any network: a forward, a backward, a check. "
        "The product of two halves, one of them through an activation, is the gate in "
        "many large language models (Dauphin et al., 2017; Shazeer, 2020), and each "
        "row divided by its root mean square is their RMSNorm (Zhang and Sennrich, "
        "2019)."
    ),
    mistakes=[
        Mistake(
            "ignores its upstream",
            _OwnIgnoresUpstream,
            "For a G of ones it is right, and in a network G is never ones. Multiply "
            "by `grad_output` where each output's slope stands. A check with an "
            "upstream of ones would have passed this.",
        ),
        Mistake(
            "mixes up its upstream",
            _OwnAveragesUpstream,
            "In a G of ones every number can stand for every other. In a random one "
            "each element belongs to one output, and goes back to the inputs of that "
            "output alone: no mean and no sum over G where the forward has none, and "
            "an order that was changed is changed back.",
        ),
        Mistake(
            "does more with its upstream than multiply",
            _OwnMasksUpstream,
            "A backward is linear in G: twice the upstream, twice the gradient, and "
            "-G gives -dX. A mask is made of values of the forward pass, never of the "
            "gradient itself.",
        ),
        Mistake(
            "has the sign the wrong way round",
            _OwnUphill,
            "A gradient points to where the loss grows. The minus of gradient descent "
            "is the optimiser's. Or one minus has been lost in the derivation: that "
            "of 1/r is -1/r².",
        ),
        Mistake(
            "is off by a factor",
            _OwnOffByFactor,
            "Everything points the right way and has the wrong length, by one and the "
            "same factor. A 2 from a square, a mean taken for a sum, a root: find "
            "where the factor named above comes in.",
        ),
        Mistake(
            "divides by the batch size",
            _OwnDividedByBatch,
            "The mean over the batch is the loss's, and G holds it. A module adds up "
            "and does not divide.",
        ),
        Mistake(
            "treats a part as a constant",
            _OwnWithoutPaths,
            "An input reaches an output along every path of the forward pass, and one "
            "of them is missing here: often a norm, a mean or a maximum that was "
            "computed from x and then divided by as if it were a given number, or the "
            "other factor of a product. Nudge the input named above, and follow it.",
        ),
        Mistake(
            "goes along the wrong paths",
            _OwnOverTheWrongAxis,
            "A path is there, and leads to other inputs than in `forward`: often a sum "
            "over the wrong axis, a transpose, or a half of a row in the place of the "
            "other. What `forward` sums along a row comes back along that row: "
            "`axis=1, keepdims=True`.",
        ),
        Mistake(
            "has the gradient of something else",
            _OwnOtherGradient,
            "All paths are there, and the numbers along them are wrong. Derive the "
            "one named above by hand, with numbers, and compare with "
            "(f(x + h) - f(x - h)) / 2h.",
        ),
        Mistake(
            "is linear",
            _OwnStraight,
            "f(a + b) - f(0) = f(a) - f(0) + f(b) - f(0): then the backward needs no "
            "memory of x, and there is little to derive. Let two inputs be multiplied "
            "or divided, or take a maximum.",
        ),
        Mistake(
            "works on each number by itself",
            _OwnByElements,
            "Then it is an activation, and the next chapter has its fill of them. Let "
            "an output depend on two inputs or more: a product, a norm, a mean of "
            "squares.",
        ),
        Mistake(
            "has a derivative of 0 everywhere",
            _OwnOfSteps,
            "Between its jumps it does not move, so a backward of zeros agrees with "
            "every difference, and nothing in front of it would ever learn. That is "
            "why argmax, round and sign are not used inside networks. Take something "
            "that moves when its input does.",
        ),
        Mistake(
            "returns a gradient of another shape than x",
            _OwnOfOutputShape,
            "A gradient has the shape of its value: dX has the shape of X, whatever "
            "the shape of the output. Each input that was used needs its share, the "
            "second half too.",
        ),
        Mistake(
            "writes into x",
            _OwnWritesIntoX,
            "`x` belongs to the layer before, which keeps it for its own backward. "
            "Make a new array: `x / r` does, `x /= r` does not.",
        ),
        Mistake(
            "writes into the upstream gradient",
            _OwnWritesIntoUpstream,
            "G may be read by others as well: where a value is used twice, its "
            "gradient goes two ways. Make a new array: `grad_output * y` does, "
            "`grad_output *= y` does not.",
        ),
        Mistake(
            "has a wrong gradient for a parameter",
            _OwnWithWrongParameter,
            "dX is right. A parameter that serves all rows, or all elements, gets a "
            "share from each, and they add up to the shape of the parameter, without "
            "a mean. `self.name.grad = ...` assigns it in `backward`.",
        ),
        Mistake(
            "adds to the gradient of a parameter",
            _OwnAddsToParameter,
            "nnlib assigns, `self.name.grad = ...`, where PyTorch adds: each backward "
            "leaves the gradient of its own batch. With `+=` the second step would go "
            "along the sum of both.",
        ),
        Mistake(
            "nudges in place of deriving",
            _OwnNudges,
            "What it returns is right, and costs two forwards for every number of x, "
            "which is what a backward is there to save. Derive the slopes on paper, "
            "and keep nudging for the check.",
        ),
        Mistake(
            "is left to chance",
            _OwnByChance,
            "A difference of two forward passes compares nothing if each draws anew. "
            "Layers that draw, such as dropout, have to be checked with the draw held "
            "fixed; here choose one that does not draw.",
        ),
        Mistake(
            "is one that nnlib has",
            Softmax,
            "Softmax is a fine example, and the next chapter derives it. Choose "
            "another, or make something else of it: softmax times x, its logarithm, "
            "its largest.",
        ),
    ],
)


EXERCISES = [
    NEURON,
    NUDGED,
    LINEAR_BACKWARD,
    WORST_ERROR,
    KINK,
    NETWORK,
    BACKWARD_FLOPS,
    OWN_OPERATION,
]


# ---- Quick questions ---------------------------------------------------------------


def _derivative_of_a_chain() -> float:
    gradient = numerical_gradient(lambda x: float((3 * x[0] + 1) ** 2), np.array([2.0]))
    return round(float(gradient[0]), 6)


def _derivative_of_what_is_used_twice() -> float:
    at = np.array([3.0, 4.0])
    gradient = numerical_gradient(lambda v: float((v[0] + v[1]) * v[0]), at)
    return round(float(gradient[0]), 6)


def _back_through_relu() -> float:
    relu = ReLU()
    relu(np.array([[0.5]]))
    return float(relu.backward(np.array([[-3.0]]))[0, 0])


def _mse_gradient_of_one() -> float:
    loss = MSELoss()
    loss(np.array([[5.0], [1.0], [0.0], [2.0]]), np.array([[2.0], [1.0], [3.0], [0.0]]))
    return float(loss.backward()[0, 0])


def _weight_gradient_shape() -> tuple[int, ...]:
    layer = Linear(784, 128, rng=np.random.default_rng(0))
    layer(np.zeros((64, 784), dtype=np.float32))
    layer.backward(np.zeros((64, 128), dtype=np.float32))
    return layer.weight.grad.shape


def _backward_over_forward() -> float:
    b, m, n = 64, 128, 64
    forward = 2 * b * m * n  # (b, m) @ (m, n)
    backward = 2 * m * b * n + 2 * b * n * m  # (m, b) @ (b, n) and (b, n) @ (n, m)
    return backward / forward


def _forward_passes() -> int:
    passes = 0

    def loss(parameters: Array) -> float:
        nonlocal passes
        passes += 1
        return 0.0

    sizes = [784, 128, 64, 10]
    count = sum((m + 1) * n for m, n in pairwise(sizes))
    numerical_gradient(loss, np.zeros(count))
    return passes


def _best_step() -> str:
    x = np.linspace(0.5, 1.5, 11)
    errors = {
        h: np.abs(numerical_gradient(lambda x: float(np.exp(x).sum()), x, float(h)) - g)
        for g in [np.exp(x)]
        for h in ("1e-2", "1e-5", "1e-8", "1e-12")
    }
    return min(errors, key=lambda h: float(errors[h].max()))


QUESTIONS = [
    Question(
        id="backpropagation/chain",
        text="L = (3x + 1)². What is dL/dx at x = 2?",
        answer=42.0,
        within=1e-6,
        why="With u = 3x + 1 = 7: dL/du = 2u = 14, du/dx = 3, and 14 · 3 = 42.",
        wrong={
            14: "That is dL/du, the outer slope alone. How far does u move when x "
            "moves by 1?",
            12: "The outer slope was taken at x, 2 · 2 = 4. It belongs at u = 3x + 1: "
            "2 · 7 = 14.",
            17: "The two slopes were added. One after the other, they multiply.",
            49: "That is L itself. How fast does it change?",
            3: "That is du/dx, the inner slope alone. Multiply it by dL/du.",
            21: "That is 7 · 3: the slope of u² is 2u and not u.",
        },
        otherwise=(
            "Call the inside u = 3x + 1. Find u, then dL/du and du/dx there, and "
            "multiply."
        ),
        computed=_derivative_of_a_chain,
    ),
    Question(
        id="backpropagation/used-twice",
        text="L = (x + y) x. What is dL/dx at x = 3, y = 4?",
        answer=10.0,
        within=1e-6,
        why=(
            "Through the sum x sends 3 · 1, through the factor x + y = 7. A value that "
            "is used twice gets both gradients, and they add: 3 + 7."
        ),
        wrong={
            7: "That comes through the factor alone. x stands in the sum as well.",
            3: "That comes through the sum alone. x is also the factor behind it.",
            21: "That is the value of L, and also 7 times 3. Along one path slopes "
            "multiply; over two paths the results add.",
            6: "That is the slope of x². The other term of L, x y, moves with x too.",
        },
        otherwise=(
            "x acts on L along two paths. Find what comes back along each, holding "
            "the other fixed, and add."
        ),
        computed=_derivative_of_what_is_used_twice,
    ),
    Question(
        id="backpropagation/relu-gate",
        text=(
            "In the forward pass a ReLU was given z = 0.5. In the backward pass the "
            "gradient -3 comes to it. What does it pass on?"
        ),
        answer=-3.0,
        why=(
            "z was above 0, so the slope is 1, and -3 · 1 = -3. The sign of the "
            "gradient plays no part."
        ),
        wrong={
            0: "That is ReLU applied to the gradient. The gate is set in the forward "
            "pass, by z, and z was positive.",
            3: "The gradient is multiplied by the slope, 1, and keeps its sign.",
            -1.5: "The gradient was multiplied by the output, 0.5. It is the slope "
            "there that multiplies, and the slope is 1.",
            1: "That is the local slope alone. Multiply it by what comes from "
            "upstream.",
        },
        otherwise="Multiply what comes by ReLU's slope at z = 0.5.",
        computed=_back_through_relu,
    ),
    Question(
        id="backpropagation/mse-gradient",
        text=(
            "The mean squared error of four predictions. The first is 5, and its "
            "target is 2. What is the derivative of the loss by that prediction?"
        ),
        answer=1.5,
        within=1e-9,
        why="2 (5 - 2) / 4 = 1.5. The other three do not matter to it, only their "
        "number does.",
        wrong={
            6: "The 1/4 is missing: the loss is the *mean* of the squares, so each "
            "counts a quarter.",
            0.75: "The 2 is missing: the slope of e² is 2e.",
            -1.5: "The sign: the prediction is too high, so to raise it raises the "
            "loss.",
            3: "That is the error. The slope of its square is 2 · 3, and the mean "
            "divides it by 4.",
            2.25: "That is this prediction's share of the loss, 3² / 4. How fast does "
            "it change?",
            9: "That is the squared error. How fast does it change, and what does the "
            "mean make of it?",
        },
        otherwise="The loss is the mean of e² with e = prediction - target.",
        computed=_mse_gradient_of_one,
    ),
    Question(
        id="backpropagation/weight-gradient-shape",
        text=(
            "A linear layer was given X of shape `(64, 784)`, and G of shape "
            "`(64, 128)` comes back to it. What is the shape of dW?"
        ),
        answer=(784, 128),
        why=(
            "A gradient has the shape of its value, and W is (784, 128). So the batch "
            "must vanish in the product: Xᵀ G is (784, 64) @ (64, 128)."
        ),
        wrong={
            (128, 784): "That is the transpose. With Z = XW + b, W has a row for each "
            "input; dW has its shape.",
            (64, 128): "That is G's shape, and Z's. dW has the shape of W.",
            (64, 784): "That is the shape of X and of dX. dW has the shape of W.",
            (64, 784, 128): "That is one table for each sample. One W serves all "
            "samples, so their gradients are summed.",
        },
        otherwise="What is the shape of W? Its gradient has the same.",
        computed=_weight_gradient_shape,
    ),
    Question(
        id="backpropagation/cost-of-backward",
        text=(
            "A linear layer in the middle of a network. Count the matrix products "
            "only: how many times the FLOPs of its forward does its backward take?"
        ),
        answer=2.0,
        within=1e-9,
        why=(
            "Xᵀ G and G Wᵀ each multiply B · M · N pairs, as XW does. So forward and "
            "backward together take three times the forward."
        ),
        wrong={
            3: "Three is forward and backward together. How many products are in the "
            "backward alone?",
            1: "One product gives dW. The layer before waits for dX, which is another.",
            4: "There are two products, for dW and for dX, and each has as many "
            "multiplications as XW.",
            0.5: "That is the other way round: the backward has two products, the "
            "forward one.",
        },
        otherwise=(
            "Z = XW is one product. Which products give dW and dX, and how large are "
            "they?"
        ),
        computed=_backward_over_forward,
    ),
    Question(
        id="backpropagation/passes-of-differences",
        text=(
            "The digit reader has 109,386 parameters. How many forward passes does "
            "its whole gradient take by central differences?"
        ),
        answer=218772.0,
        why=(
            "Two for each parameter, one nudge up and one down. Backpropagation gives "
            "the same numbers for about the price of three passes in all."
        ),
        wrong={
            109386: "A central difference takes two values of the loss for each "
            "parameter, one on either side.",
            109387: "That is forward differences: one pass for each parameter, and one "
            "that they share. Central differences share none.",
            218773: "The loss at the point itself is not needed: (above - below) / 2h "
            "has two values.",
            2: "Two passes give the slope along one direction. A gradient has 109,386.",
            3: "That is backpropagation, forward and backward together.",
        },
        otherwise="How many values of the loss does one parameter take?",
        computed=_forward_passes,
    ),
    Question(
        id="backpropagation/best-step",
        text=(
            "Values and slopes are near 1, in float64. Which `h` makes the error of a "
            "central difference smallest?"
        ),
        choices=["1e-2", "1e-5", "1e-8", "1e-12"],
        answer="1e-5",
        why=(
            "The bend of the curve costs about h² = 1e-10, rounding about "
            "1e-16 / h = 1e-11. At a smaller h rounding grows, at a larger one the "
            "bend."
        ),
        wrong={
            "1e-2": "The error from the bend of the curve is about h² = 1e-4. A "
            "smaller step is better here.",
            "1e-8": "That is best for forward differences. Here rounding costs "
            "1e-16 / h = 1e-8, a thousand times more than at the best of these.",
            "1e-12": "Rounding costs about 1e-16 / h = 1e-4: of the difference hardly "
            "a digit is left. Smaller is not nearer.",
        },
        computed=_best_step,
    ),
]
