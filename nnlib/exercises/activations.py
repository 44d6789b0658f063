"""Exercises and quick questions of the chapter on activations."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Solutions and mistakes are written as students write them, without annotations.

from collections.abc import Sequence
from inspect import cleandoc
from typing import Any

import numpy as np

from nnlib._types import Array
from nnlib.activations import (
    ELU,
    GELU,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from nnlib.exercises._bank import Case, Exercise, Mistake, Question
from nnlib.exercises._compare import difference
from nnlib.exercises._show import labelled, number
from nnlib.functional import softmax, softplus
from nnlib.module import Module

__all__ = ["EXERCISES", "QUESTIONS"]


# ---- 1. A sigmoid that never overflows ---------------------------------------------


def stable_sigmoid(x):
    e = np.exp(-np.abs(x))  # between 0 and 1: it cannot overflow
    return np.where(x >= 0, 1, e) / (1 + e)


def _sigmoid_naive(x):
    return 1 / (1 + np.exp(-x))


def _sigmoid_of_growing_exponential(x):
    return np.exp(x) / (1 + np.exp(x))


def _sigmoid_both_branches(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))


def _sigmoid_clipped(x):
    return 1 / (1 + np.exp(-np.clip(x, -10, 10)))


def _sigmoid_clipped_for_float64(x):
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))


def _sigmoid_clipped_at_30(x):
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))


def _sigmoid_without_its_tail(x):
    return (1 + np.tanh(x / 2)) / 2


def _sigmoid_mirrored(x):
    return stable_sigmoid(-x)


def _sigmoid_in_float64(x):
    return stable_sigmoid(x.astype(np.float64))


def _sigmoid_cases() -> Sequence[Case]:
    rng = np.random.default_rng(1)
    return [
        (np.array([-1e4, 0.0]),),
        (np.array([1.0, 1e4]),),
        (np.array([-50.0, 0.0]),),  # 0 is near σ(-50), and without a right digit
        (np.array([-700.0, 0.0]),),
        (5 * rng.standard_normal((4, 3)),),
        (np.array([-1e4, -10.0, -1.5, 0.0, 2.0, 100.0, 1e4], dtype=np.float32),),
    ]


STABLE_SIGMOID = Exercise(
    id="activations/stable-sigmoid",
    title="A sigmoid that never overflows",
    statement=cleandoc(r"""
        Write $\sigma(x) = \dfrac{1}{1 + e^{-x}}$ so that it is right for every finite
        number, at $x = \pm 10^4$ as at 0, and nothing overflows on the way: NumPy has
        no warning to give. (To silence it with `np.errstate` would only hide the
        overflow, though the check cannot tell.) Small values have to be right in their
        leading digits too: $\sigma(-50)$ is $1.93 \cdot 10^{-22}$, and not 0. `x` is an
        array of floats of any shape; the result has its shape and its dtype, so that
        float32 stays float32.
    """),
    stub=cleandoc("""
        def stable_sigmoid(x):
            # x: floats of any shape -> the same shape and dtype
            ...
    """),
    reference=stable_sigmoid,
    cases=_sigmoid_cases,
    tolerance=1e-8,
    absolute=0.0,
    hints=[
        "Which exponential overflows: that of a large negative number, or that of a "
        "large positive one?",
        r"Multiply the fraction through by $e^x$: $\sigma(x) = e^x / (1 + e^x)$. One "
        "of the two forms is safe for $x \\ge 0$, the other for $x < 0$.",
        "Both forms need one exponential only, `e = np.exp(-np.abs(x))`. The "
        "denominator is `1 + e` on either side; `np.where` picks the numerator.",
    ],
    comment=(
        r"$e^{-|x|}$ lies between 0 and 1 for every $x$. For $x \ge 0$ it is the "
        r"$e^{-x}$ of the definition; for $x < 0$ it is $e^x$, and the fraction has "
        "been multiplied through by it. `np.where` evaluates both of its branches "
        "everywhere, so the danger must be out of the exponential itself, not out of "
        "the branch that is picked."
    ),
    remark=(
        "The two tails are mirror images in mathematics, and not in floats. In float32 "
        "σ(17) is exactly 1, so that σ(1 - σ) is exactly 0 there; at -17 the same line "
        "gives 4.1e-8."
    ),
    mistakes=[
        Mistake(
            "takes the exponential of -x",
            _sigmoid_naive,
            "The values are right, but `np.exp(-x)` overflows for large negative "
            "`x` (below -709 in float64, below -88 in float32). It ends well only "
            "because 1 / inf is 0, and a warning that is silenced leaves it so. Take "
            "exponentials of numbers that are at most 0.",
        ),
        Mistake(
            "takes the exponential of x",
            _sigmoid_of_growing_exponential,
            "For large `x` this is inf / inf, which is NaN. This form is the safe one "
            "for negative `x`; the other side needs the other form.",
        ),
        Mistake(
            "computes both forms everywhere",
            _sigmoid_both_branches,
            "`np.where` chooses between two arrays that were both computed in full, so "
            "the form that overflows still ran. Make the exponential safe before you "
            "choose: it is `np.exp(-np.abs(x))` on either side.",
        ),
        Mistake(
            "clips x to ±10",
            _sigmoid_clipped,
            "Clipping makes the warning go away and the tail wrong: σ(-10) is 4.5e-5, "
            "and every smaller `x` now gives that, with a slope of 0. Rewrite the "
            "formula rather than its argument.",
        ),
        Mistake(
            "clips x far out",
            _sigmoid_clipped_for_float64,
            "Below the bound all `x` give the same number, and its digits are wrong: "
            "exp(-500) for a bound of -500, where σ(-10000) is 0. And float32 ends at "
            "3.4e38, which is exp(88.7): there it still overflows. exp(-|x|) needs no "
            "bound.",
        ),
        Mistake(
            "loses the tail on the left",
            _sigmoid_without_its_tail,
            "It gives 0 where σ(-50) is 1.9e-22: not one digit is right, and the "
            "logarithm of it is -inf. A cut does this, and so does a subtraction that "
            "ends near 0: in (1 + tanh(x/2))/2 and in 1 - σ(-x) a number next to 1 was "
            "rounded before. On the left take exp(x) / (1 + exp(x)).",
        ),
        Mistake(
            "clips x",
            _sigmoid_clipped_at_30,
            "The difference is small, and the digits are wrong: every `x` below the "
            "bound gives the same number, and σ(-10000) is 0. The slope there is 0 as "
            "well. Rewrite the formula rather than its argument.",
        ),
        Mistake(
            "has the sign the wrong way round",
            _sigmoid_mirrored,
            "This is 1 - σ(x), which falls. The sigmoid rises: near 0 on the left, "
            "near 1 on the right.",
        ),
        Mistake(
            "turns float32 into float64",
            _sigmoid_in_float64,
            "The values are right, but float32 came in and float64 went out. From here "
            "on every layer would take twice the memory and about twice the time.",
        ),
    ],
)


# ---- 2. The logarithm of the sigmoid -----------------------------------------------


def log_sigmoid(x):
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def _log_of_the_sigmoid(x):
    return np.log(stable_sigmoid(x))


def _log_naive(x):
    return -np.log(1 + np.exp(-x))


def _log_both_branches(x):
    return np.where(x < 0, x - np.log1p(np.exp(x)), -np.log1p(np.exp(-x)))


def _log_straight_pieces(x):
    return np.minimum(x, 0)


def _log_mirrored(x):
    return log_sigmoid(-x)


def _log_of_the_denominator(x):
    return -log_sigmoid(x)


def _log_with_a_small_number(x):
    return np.log(stable_sigmoid(x) + 1e-9)


def _log_with_a_smaller_number(x):
    return np.log(stable_sigmoid(x) + 1e-12)


def _log_clipped(x):
    return np.log(np.clip(stable_sigmoid(x), 1e-12, 1))


def _log_without_log1p(x):
    return np.minimum(x, 0) - np.log(1 + np.exp(-np.abs(x)))


def _log_cut_at_20(x):
    e = np.exp(-np.abs(x))
    return np.where(x < -20, x, np.minimum(x, 0) - np.log1p(e))


def _log_in_float64(x):
    return log_sigmoid(x.astype(np.float64))


def _log_cases() -> Sequence[Case]:
    rng = np.random.default_rng(10)
    return [
        (np.array([-1000.0, 0.0]),),
        (np.array([2.0, 1000.0]),),
        (np.array([-720.0, -1.0, 1.0]),),  # here σ(x) is not yet 0, but e^-x is inf
        (np.array([-21.0, 0.0]),),  # -21 is near it, but for the eleventh digit
        (np.array([0.0, 50.0]),),  # 0 is near it, and without a right digit
        (np.array([0.0, 700.0]),),
        (4 * rng.standard_normal((4, 3)),),
        (np.array([-1e4, -200.0, -1.5, 0.0, 2.0, 60.0, 1e4], dtype=np.float32),),
        (np.array([[-1e4, -30.0, 0.5, 30.0, 1e4, -3.0, 3.0, 0.0]]),),
    ]


LOG_SIGMOID = Exercise(
    id="activations/log-sigmoid",
    title="The logarithm of the sigmoid",
    statement=cleandoc(r"""
        The loss of a yes-or-no question is made of $\ln \sigma(x)$, and there a stable
        $\sigma$ is not enough: $\sigma(-1000)$ underflows to 0, whose logarithm is
        $-\infty$, while $\ln \sigma(-1000) = -1000$. Write $\ln \sigma(x)$ so that it
        is right at $\pm 10^4$ as at 0, with nothing for NumPy to warn of. Small values
        have to be right in their leading digits too: $\ln \sigma(50)$ is
        $-1.93 \cdot 10^{-22}$, and not 0. `x` is an array of floats of any shape; the
        result has its shape and its dtype, so that float32 stays float32.
    """),
    stub=cleandoc("""
        def log_sigmoid(x):
            # x: floats of any shape -> the same shape and dtype
            ...
    """),
    reference=log_sigmoid,
    cases=_log_cases,
    tolerance=1e-11,
    absolute=0.0,
    hints=[
        r"Take the logarithm on paper, before the computer takes the exponential: "
        r"$\ln \sigma(x) = -\ln(1 + e^{-x})$. Which function of the chapter has this "
        "form?",
        r"It is $-\operatorname{softplus}(-x)$. For $x < 0$, where $e^{-x}$ grows, "
        r"take it out: $\ln(1 + e^{-x}) = -x + \ln(e^{x} + 1)$.",
        r"So $\ln \sigma(x)$ is $-\ln(1 + e^{-|x|})$ for $x \ge 0$, and that plus $x$ "
        "for $x < 0$. `np.minimum(x, 0)` is the part to add, and `np.log1p` the "
        "logarithm of 1 plus something small.",
    ],
    comment=(
        r"This is $-\operatorname{softplus}(-x)$, so nnlib's `-softplus(-x)` is right "
        "as well. The piece $\\min(x, 0)$ is what remains far out; the logarithm "
        r"rounds the corner, by at most $\ln 2$ at 0. `np.log1p(e)` keeps what `1 + e` "
        r"would round away: at $x = 50$ it gives $-1.9 \cdot 10^{-22}$, and "
        "`np.log(1 + e)` gives 0."
    ),
    remark=(
        "The slope of ln σ(x) is 1 - σ(x), which tends to 1 on the left: a unit that "
        "is wrong and sure of it still gets its full gradient. Through σ and a "
        "logarithm in two steps the same gradient is 0 times infinity. That is why "
        "losses take logits."
    ),
    mistakes=[
        Mistake(
            "takes the logarithm of the sigmoid",
            _log_of_the_sigmoid,
            "σ(x) itself is right, and too small to be held: below x = -745 it "
            "underflows to 0 (below -103 in float32), and log 0 is -inf. Join the two "
            "functions on paper first, so that the small number never arises.",
        ),
        Mistake(
            "takes the exponential of -x",
            _log_naive,
            "-ln(1 + exp(-x)) is the right formula, but `np.exp(-x)` overflows for "
            "large negative `x`, and the result is -inf. Take exponentials of numbers "
            "that are at most 0: ln(1 + exp(-x)) = -x + ln(1 + exp(x)).",
        ),
        Mistake(
            "computes both forms everywhere",
            _log_both_branches,
            "The values are right, but `np.where` chooses between two arrays that were "
            "both computed in full, so the form that overflows still ran. On either "
            "side the exponential is `np.exp(-np.abs(x))`; only `x` itself has to be "
            "chosen.",
        ),
        Mistake(
            "has two straight pieces only",
            _log_straight_pieces,
            "min(x, 0) is right far from 0 on either side, and off by ln 2 = 0.69 at "
            "0, where ln σ(0) = ln(1/2). What is missing is -ln(1 + exp(-|x|)), which "
            "rounds the corner.",
        ),
        Mistake(
            "has the sign of x the wrong way round",
            _log_mirrored,
            "-ln(1 + exp(x)) is ln σ(-x), the logarithm of 1 - σ(x). A check: σ(x) "
            "tends to 1 on the right, so its logarithm tends to 0 there.",
        ),
        Mistake(
            "loses the minus in front",
            _log_of_the_denominator,
            "ln(1 + exp(-x)) is the logarithm of the denominator, and that of 1 over "
            "it has a minus in front. A check: σ is below 1, so its logarithm is "
            "negative.",
        ),
        Mistake(
            "adds 1e-9 inside the logarithm",
            _log_with_a_small_number,
            "log(σ + 1e-9) never falls below -20.7, so at -1000 it is wrong by 979, "
            "and flat: no gradient comes back from there. It takes the warning away "
            "and leaves the error. Rewrite the formula instead.",
        ),
        Mistake(
            "adds 1e-12 inside the logarithm",
            _log_with_a_smaller_number,
            "log(σ + 1e-12) never falls below -27.6, so at -1000 it is wrong by 972, "
            "and flat: no gradient comes back from there. It takes the warning away "
            "and leaves the error. Rewrite the formula instead.",
        ),
        Mistake(
            "clips σ at 1e-12",
            _log_clipped,
            "The logarithm of a clipped σ never falls below -27.6, and is flat from "
            "there on: no gradient comes back. A bound takes the warning away and "
            "leaves the error. Rewrite the formula instead.",
        ),
        Mistake(
            "loses the tail on the right",
            _log_without_log1p,
            "It gives 0 where ln σ(50) is -1.9e-22, so not one digit is right. Either "
            "`1 + e` was rounded to 1, or σ was, before the logarithm, or two large "
            "numbers were subtracted, or there is a cut. `np.log1p(e)` computes "
            "ln(1 + e) without that sum.",
        ),
        Mistake(
            "takes x itself below -20",
            _log_cut_at_20,
            "ln σ(x) = x - ln(1 + exp(x)), and at x = -21 the last term is 7.6e-10: "
            "the eleventh digit is wrong, and at -20 the function jumps. No cut is "
            "needed: in the formula with `np.log1p` the term fades by itself.",
        ),
        Mistake(
            "turns float32 into float64",
            _log_in_float64,
            "The values are right, but float32 came in and float64 went out. Give "
            "`np.exp` and `np.log1p` the array as it is: they keep its dtype.",
        ),
    ],
)


# ---- 3. Four derivatives -----------------------------------------------------------


def derivatives(x):
    s, t = stable_sigmoid(x), np.tanh(x)
    return (
        s * (1 - s),
        (1 - t) * (1 + t),
        (x > 0).astype(x.dtype),
        s + x * s * (1 - s),
    )


def _derivatives_but(place: int, value: Array, x: Array) -> tuple[Array, ...]:
    return tuple(value if i == place else d for i, d in enumerate(derivatives(x)))


def _sigmoid_slope_of_x(x):
    return _derivatives_but(0, x * (1 - x), x)


def _tanh_slope_of_x(x):
    return _derivatives_but(1, 1 - x**2, x)


def _tanh_slope_of_one_factor(x):
    return _derivatives_but(1, 1 - np.tanh(x), x)


def _relu_slope_one_at_zero(x):
    return _derivatives_but(2, (x >= 0).astype(x.dtype), x)


def _relu_for_its_slope(x):
    return _derivatives_but(2, np.maximum(x, 0), x)


def _relu_slope_as_booleans(x):
    return _derivatives_but(2, x > 0, x)


def _relu_slope_as_integers(x):
    return _derivatives_but(2, np.where(x > 0, 1, 0), x)


def _relu_slope_in_float64(x):
    return _derivatives_but(2, np.where(x > 0, 1.0, 0.0), x)


def _sigmoid_slope_of_exponentials(x):
    e = np.exp(-x)
    return _derivatives_but(0, e / (1 + e) ** 2, x)


def _derivatives_of_naive_sigmoid(x):
    s = 1 / (1 + np.exp(-x))
    _, *others, _ = derivatives(x)
    return s * (1 - s), *others, s + x * s * (1 - s)


def _silu_slope_times_one(x):
    return _derivatives_but(3, derivatives(x)[0], x)


def _silu_slope_second_term(x):
    return _derivatives_but(3, x * derivatives(x)[0], x)


def _derivatives_in_a_list(x):
    return list(derivatives(x))


def _derivatives_stacked(x):
    return np.stack(derivatives(x))


def _derivatives_cases() -> Sequence[Case]:
    rng = np.random.default_rng(2)
    return [
        (np.array([0.0]),),
        (np.array([-2.0, 0.0, 3.0]),),
        (rng.standard_normal((4, 3)),),
        (np.array([[-1e3, -20.0], [20.0, 1e3]]),),
        (2 * rng.standard_normal((2, 5), dtype=np.float32),),
    ]


DERIVATIVES = Exercise(
    id="activations/derivatives",
    title="Four derivatives",
    statement=cleandoc(r"""
        Return the derivatives of four activations at `x`, as a tuple of four arrays:
        $\sigma'(x)$, $\tanh'(x)$, $\mathrm{ReLU}'(x)$ and $\mathrm{SiLU}'(x)$, where
        $\mathrm{SiLU}(x) = x\,\sigma(x)$. `x` is an array of floats of any shape, and
        each derivative has its shape and dtype. $\mathrm{ReLU}'(0)$ is 0, as in the
        chapter. Numbers as large as $\pm 1000$ come too, and NumPy shall have nothing
        to warn of: use `np.tanh`, and for $\sigma$ your `stable_sigmoid`, or that of
        nnlib: `from nnlib import sigmoid`.
    """),
    stub=cleandoc("""
        def derivatives(x):
            # x: floats of any shape -> four arrays of the same shape and dtype
            ...
    """),
    reference=derivatives,
    parts=[f"the derivative of {name}" for name in ("σ", "tanh", "ReLU", "SiLU")],
    cases=_derivatives_cases,
    hints=[
        "Two of the four can be written with the function's own value: call it $s$ for "
        "the sigmoid and $t$ for tanh.",
        r"$\sigma' = s(1 - s)$ and $\tanh' = 1 - t^2$. $\mathrm{ReLU}'$ is 1 where "
        "$x > 0$ and 0 elsewhere, at 0 too. SiLU is a product: differentiate one "
        "factor, then the other, and add.",
        r"$\mathrm{SiLU}'(x) = s + x\,s(1 - s)$, and `(x > 0).astype(x.dtype)` makes "
        "floats of truth values.",
    ],
    comment=(
        "$1 - t^2$ is as good as the product of two factors: for a given $t$ the "
        "product is rounded less, but $t$ was rounded itself. A comparison gives "
        "booleans, and `astype` makes them floats of the dtype that came in."
    ),
    remark=(
        "SiLU′(x) + SiLU′(-x) = 1 for every x, because SiLU(x) - SiLU(-x) = x. So "
        "where the slope overshoots, to 1.0998 at x = 2.40, it must undershoot on the "
        "other side, to -0.0998 at x = -2.40. Everywhere to the left of -1.278 the "
        "slope is negative, and a gradient changes its sign on its way through."
    ),
    mistakes=[
        Mistake(
            "puts x where σ(x) belongs",
            _sigmoid_slope_of_x,
            "σ′ = s(1 - s) with s = σ(x), the value of the sigmoid, and not x itself. "
            "A check: a slope of the sigmoid lies between 0 and 0.25.",
        ),
        Mistake(
            "puts x where tanh(x) belongs",
            _tanh_slope_of_x,
            "tanh′ = 1 - t² with t = tanh(x), and not 1 - x². A check: tanh never "
            "falls, so its slope is never negative.",
        ),
        Mistake(
            "takes 1 - t for tanh′",
            _tanh_slope_of_one_factor,
            "tanh′ = 1 - t², and 1 - t is one of its two factors, (1 - t)(1 + t). A "
            "check: tanh is flat on both sides, and 1 - t tends to 2 on the left.",
        ),
        Mistake(
            "takes ReLU′(0) as 1",
            _relu_slope_one_at_zero,
            "At the corner there is no derivative, and any number from 0 to 1 would "
            "do; the book takes 0, as PyTorch does. So it is `x > 0`, not `x >= 0`.",
        ),
        Mistake(
            "returns ReLU itself",
            _relu_for_its_slope,
            "max(x, 0) is the function. Its derivative is the slope of that line: 1 "
            "where x > 0, however large x is, and 0 elsewhere.",
        ),
        Mistake(
            "returns booleans for ReLU′",
            _relu_slope_as_booleans,
            "`x > 0` is an array of booleans. A derivative is a number: convert it to "
            "the dtype of `x` with `.astype(x.dtype)`.",
        ),
        Mistake(
            "returns integers for ReLU′",
            _relu_slope_as_integers,
            "`np.where(x > 0, 1, 0)` makes int64 of two Python integers, whatever the "
            "dtype of `x`. Convert it with `.astype(x.dtype)`.",
        ),
        Mistake(
            "returns float64 for ReLU′",
            _relu_slope_in_float64,
            "The values are right, but `np.where(x > 0, 1.0, 0.0)` makes float64 of "
            "two Python floats, whatever the dtype of `x`. Convert it with "
            "`.astype(x.dtype)`.",
        ),
        Mistake(
            "divides exponentials for σ′",
            _sigmoid_slope_of_exponentials,
            "exp(-x) / (1 + exp(-x))² is σ′, but at x = -1000 it is inf / inf, which "
            "is NaN. Write it by the value instead: s(1 - s), with a stable σ.",
        ),
        Mistake(
            "takes a σ that overflows",
            _derivatives_of_naive_sigmoid,
            "The values are right, but 1 / (1 + exp(-x)) overflows at x = -1000. Take "
            "your `stable_sigmoid`, or `from nnlib import sigmoid`.",
        ),
        Mistake(
            "multiplies the derivatives of SiLU's factors",
            _silu_slope_times_one,
            "This is 1 · σ′(x). The derivative of a product is not the product of the "
            "derivatives: (uv)′ = u′v + uv′, here with u = x and v = σ(x).",
        ),
        Mistake(
            "leaves out the first term of SiLU′",
            _silu_slope_second_term,
            "x σ′(x) is one half of the product rule, with x held still. The x in "
            "front changes too, and adds σ(x).",
        ),
        Mistake(
            "returns a list",
            _derivatives_in_a_list,
            "The four derivatives are right. Square brackets make a list, commas alone "
            "a tuple: `return d_sigmoid, d_tanh, d_relu, d_silu`.",
        ),
        Mistake(
            "stacks them in one array",
            _derivatives_stacked,
            "The four derivatives are right, and stand in one array with an axis more. "
            "Leave them apart, and return a tuple: "
            "`return d_sigmoid, d_tanh, d_relu, d_silu`.",
        ),
    ],
)


# ---- 4. The bottom of a valley -----------------------------------------------------


class _Curve:
    """A function of a number or an array, which says its name where it is printed."""

    def __init__(self, name: str, f: Any) -> None:
        self._name, self._f = name, f

    def __call__(self, x: Any) -> Any:
        return self._f(np.asarray(x, dtype=np.float64))

    def __repr__(self) -> str:
        return self._name


def find_minimum(f, low, high):
    while high - low > 1e-6:
        x = np.linspace(low, high, 101)
        i = np.argmin(f(x))
        low, high = x[np.clip([i - 1, i + 1], 0, 100)]
    return x[i], f(x[i])


def _minimum_on_one_grid(f, low, high):
    x = np.linspace(low, high, 1001)
    i = np.argmin(f(x))
    return x[i], f(x[i])


def _minimum_beside_the_grid(f, low, high):
    for _ in range(8):
        x = np.linspace(low, high, 201)
        at = x[np.argmin(f(x))]
        low, high = at - 10 * (x[1] - x[0]), at + 10 * (x[1] - x[0])
    return at, f(at)


def _minimum_past_the_ends(f, low, high):
    return find_minimum(f, low - 10, high + 10)


def _minimum_on_integers(f, low, high):
    x = np.arange(low, high + 1)
    i = np.argmin(f(x))
    return x[i], f(x[i])


def _minimum_swapped(f, low, high):
    x, value = find_minimum(f, low, high)
    return value, x


def _minimum_in_a_list(f, low, high):
    return list(find_minimum(f, low, high))


def _minimum_in_an_array(f, low, high):
    return np.array(find_minimum(f, low, high))


def _minimum_at_an_end(f, low, high):
    x = low if f(low) < f(high) else high
    return x, f(x)


def _maximum(f, low, high):
    x, _ = find_minimum(lambda x: -f(x), low, high)
    return x, f(x)


def _smallest_magnitude(f, low, high):
    x, _ = find_minimum(lambda x: np.abs(f(x)), low, high)
    return x, f(x)


def _where_it_is_off(result: Any, f: Any, low: float, high: float) -> str | None:
    """What is wrong with a place and a value, in words of the task."""
    place, value = find_minimum(f, low, high)
    parts = ["the place x", "the value f(x)"]
    fault = difference(result, (place, value), 1e-5, parts=parts)
    if fault is None:
        return None
    if fault.kind != "values":
        return fault.text
    x = float(result[0])
    if not low <= x <= high:
        return f"x = {number(x)} lies outside of the interval from {low:g} to {high:g}."
    if difference(x, place, 1e-5):
        return f"The lowest point is at x = {place:.6g}, and not at {x:.6g}."
    return f"The place is right. The value f(x) is {value:.6g}, not {result[1]:.6g}."


def _minimum_cases() -> Sequence[Case]:
    def parabola() -> _Curve:
        return _Curve("(x - 0.5)² + 2", lambda x: (x - 0.5) ** 2 + 2)

    return [
        (parabola(), -1.0, 4.0),
        (parabola(), 1.0, 3.0),
        (_Curve("SiLU()", SiLU()), -5.0, 4.0),
        (_Curve("GELU()", GELU()), -4.0, 3.0),
        (_Curve("SiLU()", SiLU()), -2.0, 0.0),
    ]


MINIMUM = Exercise(
    id="activations/minimum",
    title="The bottom of a valley",
    statement=cleandoc(r"""
        SiLU and GELU have a lowest point. Write a search for that of any such function:
        from the number `low` to the number `high`, `f` has one lowest point. It falls
        before that point and rises after it. The point may be an end, too: it is `low`
        if `f` rises all the way, and `high` if `f` falls all the way. Return the place
        and the value, `(x, f(x))`, two numbers, with $x$ to within $10^{-5}$. `f` takes
        one number, or an array of any shape, and returns as much; its derivative is not
        given.
    """),
    stub=cleandoc("""
        def find_minimum(f, low, high):
            # f: a function of numbers or arrays; low < high: two numbers
            # -> (x, f(x)), two numbers
            ...
    """),
    reference=find_minimum,
    cases=_minimum_cases,
    judge=_where_it_is_off,
    tolerance=1e-5,
    hints=[
        "Evaluate `f` on a grid from `low` to `high`. Which points of the grid must "
        "the lowest point lie between?",
        "It lies between the two neighbours of the grid's best point. Lay a new grid "
        "between those two, and repeat until they are close together.",
        "With `x = np.linspace(low, high, 101)` and `i = np.argmin(f(x))` the new ends "
        "are `x[i - 1]` and `x[i + 1]`; `np.clip` keeps the indices within 0 and 100.",
    ],
    comment=(
        "Each round leaves at most one fiftieth of the interval, so five rounds take a "
        "width of 10 below $10^{-6}$. One valley is what makes it safe: the lowest "
        "point cannot lie further from the best grid point than its neighbours. Golden "
        "section search needs fewer values of `f`, and is as right."
    ),
    remark=(
        "SiLU's lowest point is (-1.2785, -0.2785), and its value is x + 1 exactly: "
        "set the derivative to 0 to see why. From values alone, x can be known to "
        "about 1e-8 and no better. A step of 1e-8 there changes f by less than 1e-16, "
        "which float64 cannot see."
    ),
    mistakes=[
        Mistake(
            "stops at one grid of 1001 points",
            _minimum_on_one_grid,
            "A grid knows the place to half its spacing, here some 5e-3. More points "
            "help slowly, ten times as many for each digit. Refine the interval around "
            "the best point instead.",
        ),
        Mistake(
            "lets the new interval reach beyond the old one",
            _minimum_beside_the_grid,
            "This finds a valley inside. But a new interval laid around the best point "
            "reaches past `low` where that point is `low` itself, and then x leaves "
            "what was asked for. Cut the new ends off at the old ones.",
        ),
        Mistake(
            "walks past the ends",
            _minimum_past_the_ends,
            "This is the lowest point of all, and it lies outside of the interval. "
            "From `low` to `high` the function only rises here, so the answer is at "
            "`low`. Keep x within the two ends.",
        ),
        Mistake(
            "looks at whole steps only",
            _minimum_on_integers,
            "`np.arange` takes steps of 1, so x is off by up to a half. Lay a finer "
            "grid around the best point, and repeat.",
        ),
        Mistake(
            "returns (f(x), x)",
            _minimum_swapped,
            "Both numbers are right, in the wrong order: first the place x, then the "
            "value f(x).",
        ),
        Mistake(
            "returns a list",
            _minimum_in_a_list,
            "Both numbers are right. Square brackets make a list, commas alone a "
            "tuple: `return x, f(x)`.",
        ),
        Mistake(
            "returns an array of two numbers",
            _minimum_in_an_array,
            "Both numbers are right, and stand in one array. Return a tuple instead: "
            "`return x, f(x)`.",
        ),
        Mistake(
            "compares the two ends only",
            _minimum_at_an_end,
            "The lower of the two ends is the lowest point only if f has no valley "
            "between them. Look inside.",
        ),
        Mistake(
            "finds the maximum",
            _maximum,
            "This is the highest point. `np.argmin` and `<` look for the lowest.",
        ),
        Mistake(
            "finds where f is closest to 0",
            _smallest_magnitude,
            "The lowest value is not the one of least size: -0.28 lies below 0. "
            "Compare the values with their signs.",
        ),
    ],
)


# ---- 5. The cheaper GELU -----------------------------------------------------------


def gelu_gap(x):
    gap = np.abs(GELU()(x) - x * stable_sigmoid(1.702 * x))
    i = np.argmax(gap)
    return x[i], gap[i]


def _largest(gap: Array, x: Array) -> tuple[Any, Any]:
    i = np.argmax(gap)
    return x[i], gap[i]


def _gap_of_exact_above(x):
    return _largest(GELU()(x) - x * stable_sigmoid(1.702 * x), x)


def _gap_of_exact_below(x):
    return _largest(x * stable_sigmoid(1.702 * x) - GELU()(x), x)


def _gap_and_index(x):
    where, gap = gelu_gap(x)
    return np.flatnonzero(x == where)[0], gap


def _gap_and_distance_from_0(x):
    where, gap = gelu_gap(x)
    return np.abs(where), gap


def _gap_swapped(x):
    where, gap = gelu_gap(x)
    return gap, where


def _gap_of_tanh_form(x):
    return _largest(np.abs(GELU()(x) - GELU(approximate="tanh")(x)), x)


def _gap_from_tanh_form(x):
    inexact = GELU(approximate="tanh")(x)
    return _largest(np.abs(inexact - x * stable_sigmoid(1.702 * x)), x)


def _gap_on_a_grid_of_its_own(x):
    return gelu_gap(np.linspace(-6, 6, 12001))


def _gap_without_the_factor(x):
    return _largest(np.abs(GELU()(x) - x * stable_sigmoid(x)), x)


def _gap_without_x(x):
    return _largest(np.abs(GELU()(x) - stable_sigmoid(1.702 * x)), x)


def _gap_relative(x):
    exact = GELU()(x)
    gap = np.abs(exact - x * stable_sigmoid(1.702 * x))
    return _largest(gap / np.abs(exact), x)


def _gap_cases() -> Sequence[Case]:
    rng = np.random.default_rng(4)
    return [
        (np.array([-2.5, 1.0]),),
        (np.linspace(0.01, 1.4, 140),),  # here the exact GELU lies below
        (np.linspace(-6, -0.01, 600),),
        (2 * rng.standard_normal(50),),
    ]


GELU_GAP = Exercise(
    id="activations/gelu-gap",
    title="The cheaper GELU",
    statement=cleandoc(r"""
        Beside the tanh form Hendrycks and Gimpel give a second approximation of the
        GELU, which needs a sigmoid only: $x\,\sigma(1.702\,x)$. How far is it from the
        exact GELU, $x\,\Phi(x)$, which `GELU()` computes? Among the numbers of
        `x`, an array of float64 of shape $(n)$, find the one where the gap
        $|x\,\Phi(x) - x\,\sigma(1.702\,x)|$ is largest. Return the place and the value,
        as in the exercise before: that $x$, then the gap there, two numbers. Then call
        it on `np.linspace(-6, 6, 12001)`, and compare with the $4.7 \cdot 10^{-4}$ of
        the tanh form.
    """),
    stub=cleandoc("""
        def gelu_gap(x):
            # x: float64, (n,) -> (the x of the largest gap, that gap), two numbers
            ...
    """),
    reference=gelu_gap,
    parts=["the place x", "the gap"],
    cases=_gap_cases,
    hints=[
        "Compute both functions on the whole of `x`, then the distances, as an array. "
        "For the sigmoid your `stable_sigmoid` will do.",
        "`np.argmax` gives the place in an array where its largest value stands. The "
        "same place in `x` holds the x.",
    ],
    comment=(
        "One `argmax` serves both results: the same index picks the x from one array "
        "and the gap from the other."
    ),
    remark=(
        "Over all x the gap is at most 0.0203, at |x| = 2.27: 43 times that of the "
        "tanh form. Near |x| = 0.76 the exact function lies below by 0.0064, so the "
        "difference has both signs. A network trained with the one and run with the "
        "other gives other numbers."
    ),
    mistakes=[
        Mistake(
            "keeps the sign of exact - approximate",
            _gap_of_exact_above,
            "The largest signed difference misses a larger negative one, such as that "
            "at |x| = 0.76. A distance has no sign: take the absolute value first.",
        ),
        Mistake(
            "keeps the sign of approximate - exact",
            _gap_of_exact_below,
            "The largest signed difference misses a larger negative one: at |x| = 2.27 "
            "the exact function lies above. Take the absolute value first.",
        ),
        Mistake(
            "returns the index in place of x",
            _gap_and_index,
            "`np.argmax` counts places from 0. What stands there is `x[i]`.",
        ),
        Mistake(
            "returns |x| in place of x",
            _gap_and_distance_from_0,
            "The gap is right. The place is asked for with its sign: return `x[i]` as "
            "it is. The absolute value belongs to the difference alone.",
        ),
        Mistake(
            "returns the gap first",
            _gap_swapped,
            "Both numbers are right, in the wrong order: first the x, then the gap.",
        ),
        Mistake(
            "compares with the tanh form",
            _gap_of_tanh_form,
            'This is the gap of `GELU(approximate="tanh")`. Asked for is the other '
            "approximation, x σ(1.702 x), which nnlib does not have.",
        ),
        Mistake(
            "takes the tanh form for the exact one",
            _gap_from_tanh_form,
            "This is the gap between two approximations. The exact GELU is `GELU()`, "
            'without `approximate="tanh"`.',
        ),
        Mistake(
            "takes a grid of its own",
            _gap_on_a_grid_of_its_own,
            "The result is the same whatever comes in. The numbers to look at are "
            "those of `x`; `np.linspace(-6, 6, 12001)` is what to call the finished "
            "function on.",
        ),
        Mistake(
            "leaves out the factor 1.702",
            _gap_without_the_factor,
            "x σ(x) is SiLU. The factor inside of σ makes it steeper, so that it comes "
            "near the normal distribution function.",
        ),
        Mistake(
            "leaves out the x in front of σ",
            _gap_without_x,
            "σ(1.702 x) comes near Φ(x), the share that passes. The activation is x "
            "times that share, on both sides of the comparison.",
        ),
        Mistake(
            "takes the relative difference",
            _gap_relative,
            "Divided by |f|, the gap is largest far to the left, where both functions "
            "are as good as 0 and nobody minds. The question is how far apart the "
            "values are.",
        ),
    ],
)


# ---- 6. Counting the dead ----------------------------------------------------------


def dead_fraction(z):
    return np.mean(np.all(z <= 0, axis=0))


def _dead_entries(z):
    return np.mean(z <= 0)


def _dead_once(z):
    return np.mean(np.any(z <= 0, axis=0))


def _dead_samples(z):
    return np.mean(np.all(z <= 0, axis=1))


def _dead_below_zero(z):
    return np.mean(np.all(z < 0, axis=0))


def _dead_on_average(z):
    return np.mean(z.mean(axis=0) <= 0)


def _dead_counted(z):
    return np.sum(np.all(z <= 0, axis=0))


def _dead_by_samples(z):
    return np.sum(np.all(z <= 0, axis=0)) / len(z)


def _dead_in_percent(z):
    return 100 * dead_fraction(z)


def _alive(z):
    return 1 - dead_fraction(z)


def _dead_cases() -> Sequence[Case]:
    rng = np.random.default_rng(5)
    half_dead = rng.standard_normal((6, 5))
    half_dead[:, [0, 3]] = -np.abs(half_dead[:, [0, 3]])
    half_dead[2, 0] = 0.0
    return [
        (np.array([[-1.0, 2.0, 1.0], [0.0, -2.0, 3.0]]),),
        (half_dead,),
        (rng.standard_normal((1, 7)),),
        (np.zeros((3, 4)),),
        (np.ones((4, 2)),),
    ]


DEAD_FRACTION = Exercise(
    id="activations/dead-fraction",
    title="Counting the dead",
    statement=cleandoc(r"""
        Which share of a layer's ReLU units is dead for a batch? `z` holds the
        pre-activations $Z$, float64 of shape $(B, N)$: a row for each sample, a column
        for each unit. A unit is dead if no sample gets a gradient through it, that is
        if $z \le 0$ for every sample. Return one number from 0 to 1.
    """),
    stub=cleandoc("""
        def dead_fraction(z):
            # z: (B, N) -> one number
            ...
    """),
    reference=dead_fraction,
    cases=_dead_cases,
    hints=[
        "A unit is a column. What must hold for all entries of a column?",
        "`np.all(..., axis=0)` goes down the columns and leaves one truth value for "
        "each unit.",
        "The mean of truth values is the share of those that are true.",
    ],
    comment=(
        r"`axis=0` runs over the samples. The comparison is `<=`, since "
        r"$\mathrm{ReLU}'(0) = 0$: a unit at exactly 0 passes nothing on either."
    ),
    remark=(
        "A dead unit's own weights and bias get a gradient of exactly 0, so it cannot "
        "save itself. In the first layer that is the end, as long as the data stay the "
        "same; deeper in, the layers before it still learn through other units and may "
        "bring it back."
    ),
    mistakes=[
        Mistake(
            "counts entries",
            _dead_entries,
            "This is the share of all entries that are not positive, which is near one "
            "half for a healthy layer: most units are off for some samples. A unit is "
            "dead when its whole column is.",
        ),
        Mistake(
            "counts units that are off once",
            _dead_once,
            "Off for one sample is how a ReLU works, not how it dies. Dead is off for "
            "*all* samples: `np.all`, not `np.any`.",
        ),
        Mistake(
            "counts samples",
            _dead_samples,
            "`axis=1` runs along a row, so this is the share of samples for which "
            "every unit is off. A unit is a column: run down it with `axis=0`.",
        ),
        Mistake(
            "does not count z = 0",
            _dead_below_zero,
            "ReLU′(0) = 0, so at z = 0 no gradient passes either: `<=`, not `<`.",
        ),
        Mistake(
            "looks at the mean of a unit",
            _dead_on_average,
            "A unit with a negative mean still learns from every sample that is "
            "positive. Look at each sample before you summarise.",
        ),
        Mistake(
            "returns a count",
            _dead_counted,
            "This is how many units are dead. The share is that number divided by N.",
        ),
        Mistake(
            "divides by the number of samples",
            _dead_by_samples,
            "`len(z)` is B, the number of rows. Dead units are counted among N units, "
            "so the share is their number divided by N, which is `z.shape[1]`.",
        ),
        Mistake(
            "returns a percentage",
            _dead_in_percent,
            "The share is asked for as a number from 0 to 1: leave out the 100.",
        ),
        Mistake(
            "returns the share of the living",
            _alive,
            "This is 1 minus the share that was asked for.",
        ),
    ],
)


# ---- 7. Back through softmax -------------------------------------------------------


def softmax_backward(p, grad_output):
    mean = np.sum(p * grad_output, axis=1, keepdims=True)
    return p * (grad_output - mean)


def _softmax_diagonal(p, grad_output):
    return p * (1 - p) * grad_output


def _softmax_first_term(p, grad_output):
    return p * grad_output


def _softmax_plain_second_term(p, grad_output):
    return p * grad_output - np.sum(p * grad_output, axis=1, keepdims=True)


def _softmax_over_the_batch(p, grad_output):
    return p * (grad_output - np.sum(p * grad_output, axis=0))


def _softmax_over_everything(p, grad_output):
    return p * (grad_output - np.sum(p * grad_output))


def _softmax_without_keepdims(p, grad_output):
    return p * (grad_output - np.sum(p * grad_output, axis=1))


def _softmax_of_plain_sum(p, grad_output):
    return p * (grad_output - np.sum(grad_output, axis=1, keepdims=True))


def _softmax_plain_mean(p, grad_output):
    return p * (grad_output - grad_output.mean(axis=1, keepdims=True))


def _softmax_without_p(p, grad_output):
    return grad_output - np.sum(p * grad_output, axis=1, keepdims=True)


def _softmax_turned_round(p, grad_output):
    return -softmax_backward(p, grad_output)


def _softmax_cases() -> Sequence[Case]:
    rng = np.random.default_rng(6)

    def case(b: int, k: int, dtype: type = np.float64) -> Case:
        z, g = rng.standard_normal((2, b, k))
        return softmax(2 * z).astype(dtype), g.astype(dtype)

    certain = np.array([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]])
    return [
        (np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])),
        (np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([[1.0, 0.0], [2.0, -2.0]])),
        (certain, np.array([[3.0, -1.0, 2.0], [1.0, 2.0, -4.0]])),
        case(5, 4),
        case(2, 10, np.float32),
    ]


SOFTMAX_BACKWARD = Exercise(
    id="activations/softmax-backward",
    title="Back through softmax",
    statement=cleandoc(r"""
        Every output of softmax depends on every logit of its row, so its Jacobian is a
        full matrix: $\partial p_i / \partial z_j = p_i(\delta_{ij} - p_j)$. Multiply
        by it without building it (the check looks at the result alone). `p` is
        $P = \operatorname{softmax}(Z)$ and `grad_output` is
        $G = \partial L/\partial P$, both of shape $(B, K)$. Return
        $dZ = \partial L/\partial Z$, of shape $(B, K)$ and the dtype of `p`.
    """),
    stub=cleandoc("""
        def softmax_backward(p, grad_output):
            # p, grad_output: (B, K) -> (B, K)
            ...
    """),
    reference=softmax_backward,
    cases=_softmax_cases,
    hints=[
        r"Write it for one row: $dz_j = \sum_i g_i\,p_i(\delta_{ij} - p_j)$. What does "
        r"$\delta_{ij}$ leave of the first part of the sum?",
        r"$dz_j = p_j g_j - p_j \sum_i p_i g_i = p_j (g_j - \sum_i p_i g_i)$. The sum "
        "is one number for each row.",
        "Sum `p * grad_output` along the classes, `axis=1`, and keep that axis with "
        "`keepdims=True`, so that $(B, 1)$ broadcasts against $(B, K)$.",
    ],
    comment=(
        "The sum is the mean of the row's upstream gradient, weighted by the "
        "probabilities: a logit gains if its own $g$ lies above that mean. The whole "
        "product costs a few operations for each number, where the Jacobians would "
        "need $K^2$ for each row."
    ),
    remark=(
        "Add a constant to a row of G, and dZ stays the same. So an upstream gradient "
        "of ones gives exactly what one of zeros gives: 0. A gradient check with ones "
        "would pass a backward that always returns zeros, which is why ours draws its "
        "upstream at random."
    ),
    mistakes=[
        Mistake(
            "uses the diagonal of the Jacobian only",
            _softmax_diagonal,
            "p(1 - p) is how each output depends on its *own* logit. To raise one "
            "probability is to lower the others: the terms -p_i p_j count too.",
        ),
        Mistake(
            "leaves out the sum",
            _softmax_first_term,
            "p G is what the numerators give. The denominator, the sum of all "
            "exponentials, depends on every logit, and brings the second term.",
        ),
        Mistake(
            "leaves out the p_j before the sum",
            _softmax_plain_second_term,
            "In dz_j = p_j g_j - p_j Σ p_i g_i the p_j stands in both terms. A check: "
            "where p_j is 0, no gradient reaches that logit.",
        ),
        Mistake(
            "leaves out the p_j in front",
            _softmax_without_p,
            "The bracket is right: how far g_j lies above the mean. It is multiplied "
            "by p_j. A check: where p_j is 0, no gradient reaches that logit.",
        ),
        Mistake(
            "has the sign the wrong way round",
            _softmax_turned_round,
            "It is g_j less the mean, not the mean less g_j. A check: the diagonal of "
            "the Jacobian, p_j (1 - p_j), is positive.",
        ),
        Mistake(
            "sums over the batch",
            _softmax_over_the_batch,
            "`axis=0` adds up different samples, and where there is one only, nothing. "
            "A softmax knows its own row and no "
            "other: sum along the classes, `axis=1`.",
        ),
        Mistake(
            "sums over everything",
            _softmax_over_everything,
            "Without an axis the sum runs over all samples as well, and one sample's "
            "gradient leaks into another's. Each row has a sum of its own.",
        ),
        Mistake(
            "loses the axis of the sum",
            _softmax_without_keepdims,
            "The sum has shape (B,), and broadcasting lays it along the *classes*: an "
            "error if B ≠ K, and a wrong number in silence if B = K. Keep the axis "
            "with `keepdims=True`.",
        ),
        Mistake(
            "sums G without its weights",
            _softmax_of_plain_sum,
            "The sum is of p G, not of G: each upstream gradient counts as much as its "
            "probability. A check: every row of dZ adds up to 0.",
        ),
        Mistake(
            "takes the mean of G without its weights",
            _softmax_plain_mean,
            "The mean is weighted by the probabilities, Σ p_i g_i. The plain mean "
            "gives every class the weight 1/K, which is right only where all p are "
            "equal. A check: every row of dZ adds up to 0.",
        ),
    ],
)


# ---- 8. An activation of your own --------------------------------------------------


class MyActivation(Module):
    def forward(self, x):
        root = np.hypot(x, 2)  # the root of x² + 4, without squares
        self._cache = x / root
        return (x + root) / 2

    def backward(self, grad_output):
        return grad_output * (1 + self._cache) / 2


class _IgnoresUpstream(MyActivation):
    def backward(self, grad_output):
        return super().backward(np.ones_like(grad_output))


class _Straight(Module):
    def forward(self, x):
        return 2 * x + 1

    def backward(self, grad_output):
        return 2 * grad_output


class _Jumps(Module):
    def forward(self, x):
        return np.floor(x)

    def backward(self, grad_output):
        return np.zeros_like(grad_output)


class _LessTheMean(Module):
    def forward(self, x):
        self._cache = np.tanh(x)
        return self._cache - self._cache.mean(axis=-1, keepdims=True)

    def backward(self, grad_output):
        rest = grad_output - grad_output.mean(axis=-1, keepdims=True)
        return rest * (1 - self._cache**2)


class _OtherDerivative(MyActivation):
    def backward(self, grad_output):
        return grad_output * self._cache


class _Overflows(Module):
    def forward(self, x):
        self._cache = np.exp(x)
        return self._cache

    def backward(self, grad_output):
        return grad_output * self._cache


class _OverflowsOnTheWay(Module):
    def forward(self, x):
        self._share = 1 / (1 + np.exp(-2 * x))
        self._cache = x
        return x * self._share

    def backward(self, grad_output):
        s = self._share
        return grad_output * (s + 2 * self._cache * s * (1 - s))


class _NaiveSiLU(Module):
    def forward(self, x):
        self._share = 1 / (1 + np.exp(-x))
        self._cache = x
        return x * self._share

    def backward(self, grad_output):
        s = self._share
        return grad_output * (s + self._cache * s * (1 - s))


class _KeepsNothing(Module):
    def forward(self, x):
        return np.sin(x)

    def backward(self, grad_output):
        return grad_output * np.cos(self._cached())


class _WritesIntoX(Module):
    def forward(self, x):
        x[x < 0] *= 0.1
        self._cache = x
        return x

    def backward(self, grad_output):
        return grad_output * np.where(self._cache > 0, 1, 0.1).astype(grad_output.dtype)


class _InFloat64(MyActivation):
    def forward(self, x):
        return super().forward(x.astype(np.float64))


class _OnCopies(Module):
    """A module whose arguments are safe from it."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def forward(self, x: Array) -> Array:
        return np.array(self._module.forward(x.copy()))

    def backward(self, grad_output: Array) -> Array:
        return np.array(self._module.backward(grad_output.copy()))


class _Look:
    """What an activation gave for an x, and what is wrong with that, if anything is.

    Activations differ in what they compute, so two are alike if they fail alike,
    whatever the details.
    """

    def __init__(self, y: Any, dx: Any, failing: str, detail: str = "") -> None:
        self.y, self.dx, self.failing, self.detail = y, dx, failing, detail

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Look) and self.failing == other.failing

    def __repr__(self) -> str:
        parts = {"f(x) = ": self.y, "dX   = ": self.dx}
        shown = [labelled(*part, 20) for part in parts.items() if part[1] is not None]
        return "\n".join(shown) or "an activation"


_NO_CLASS = "Handed over was not the class: that is its name, without brackets."
_NOT_THE_SLOPE = "`backward` disagrees with central differences of `forward`."
_LOSES_UPSTREAM = (
    "`backward` is right for an upstream of ones (dX is shown for it), and wrong for "
    "a random one."
)
#: Jumps are sought, and slopes compared, on a grid that is fine in the middle.
_GRID = np.concatenate(
    [
        np.linspace(-20, -4, 160, endpoint=False),
        np.linspace(-4, 4, 801),
        np.linspace(20, 4, 160, endpoint=False)[::-1],
    ]
)
#: To tell one function from another it takes a wider look.
_WIDE = np.concatenate([[-1000.0, -100.0], _GRID, [100.0, 1000.0]])


def _look(answer: Any, x: Array) -> _Look:
    """Try an activation, whatever its function, on x and an upstream of ones."""
    if isinstance(answer, Module):
        return _Look(None, None, _NO_CLASS)
    module, before, upstream = answer(), x.copy(), np.ones_like(x)
    y = module.forward(x)
    try:
        dx = module.backward(upstream)
    except (RuntimeError, TypeError) as error:
        said = "needs a forward" in str(error) or "NoneType" in str(error)
        if vars(module) or not said:
            raise
        return _Look(y, None, "`forward` kept nothing, and `backward` looks for it.")
    untouched = bool((x == before).all() and (upstream == 1).all())
    if not isinstance(module, Module):
        failing = ["The class is no `Module`: `class MyActivation(Module)`."]
    elif not (isinstance(y, np.ndarray) and isinstance(dx, np.ndarray)):
        failing = ["`forward` and `backward` both have to return an array."]
    elif {y.shape, dx.shape} != {x.shape}:
        failing = ["`forward` or `backward` returned another shape than that of `x`."]
    elif {y.dtype, dx.dtype} != {x.dtype}:
        detail = f"`forward` gave {y.dtype}, `backward` {dx.dtype}, for {x.dtype}."
        failing = ["Both methods have to return the dtype of `x`.", detail]
    elif not untouched:
        failing = ["It wrote into an array that was handed to it."]
    else:
        failing = _failing(_OnCopies(answer()), before, y, dx)
    return _Look(y, dx, *failing)


def _failing(module: Module, x: Array, y: Array, dx: Array) -> list[str]:
    """What is wrong with an activation whose arrays are of the right kind, and where.

    The sentence is empty if nothing is.
    """
    corner = (slice(0, 1),) * x.ndim
    if not np.allclose(module(x[corner]), y[corner], 1e-4, 1e-6, equal_nan=True):
        return [
            "It mixes elements: the first element of `x` alone has another f(x) than "
            "among its neighbours."
        ]
    lost = ~np.isfinite([y, dx]).all(axis=0)
    if lost.any():
        at = "" if x.size < 10 else f"So it is at x = {x[lost][0]:.3g}."
        return ["A value or a slope is not finite.", at]
    tolerance = 1e-4 if x.dtype == np.float32 else 1e-9
    if x.dtype == np.float64:  # differences of float32 see too little
        off_course = _failing_as_a_curve(module) if x.size == _GRID.size else []
        if off_course or (off_course := _failing_slope(module, x, y, dx)):
            return off_course
    upstream = np.random.default_rng(7).standard_normal(x.shape).astype(x.dtype)
    module(x)
    if not np.allclose(module.backward(upstream), upstream * dx, tolerance, tolerance):
        return [_LOSES_UPSTREAM]
    return [""]


def _failing_slope(module: Module, x: Array, y: Array, dx: Array) -> list[str]:
    """What is wrong with the slopes dx, and where that shows most.

    A slope has to lie between the difference quotients to the left and to the right.
    They are as good as equal, but for a corner: there any slope between the two will
    do.
    """
    h = 1e-6
    before, after = x - h, x + h
    left = (y - module(before)) / (x - before)
    right = (module(after) - y) / (after - x)
    rounding = 8 * np.finfo(x.dtype).eps * (np.abs(y) + np.abs(x * dx)) / h
    allowed = 1e-6 * (1 + np.abs(dx)) + rounding
    outside = np.maximum(np.minimum(left, right) - dx, dx - np.maximum(left, right))
    if (outside <= allowed).all():
        return []
    at = np.unravel_index((outside / allowed).argmax(), x.shape)
    central = (left[at] + right[at]) / 2
    return [
        _NOT_THE_SLOPE,
        f"At x = {x[at]:.4g} it gives {dx[at]:.4g}, and they give {central:.4g}.",
    ]


def _failing_as_a_curve(module: Module) -> list[str]:
    """What is wrong with the shape of a function, seen from one end to the other."""
    with np.errstate(all="ignore"):  # far out it may overflow, and another case tells
        y = module(_WIDE)
    seen = np.isfinite(y)
    x, y = _WIDE[seen], y[seen]
    line = y[0] + (x - x[0]) * ((y[-1] - y[0]) / (x[-1] - x[0]))
    if np.abs(y - line).max() <= 1e-9 * np.abs(y).max():
        return ["All its values lie on one straight line."]
    low, high = _GRID[:-1], _GRID[1:]
    for _ in range(30):  # halve every interval, and keep the half with more of the rise
        middle = (low + high) / 2
        here = module(middle)
        left = np.abs(here - module(low)) > np.abs(module(high) - here)
        low, high = np.where(left, low, middle), np.where(left, middle, high)
    jump = np.abs(module(high) - module(low)) / (1 + np.abs(module(low)))
    if jump.max() > 1e-4:
        return [
            "It is not continuous.",
            f"It jumps near x = {high[jump.argmax()]:.3g}.",
        ]
    known = {"softplus": softplus(x)} | {repr(one): one(x) for one in _of_nnlib(x, y)}
    for name, values in known.items():
        if np.allclose(y, values, 1e-9, 1e-9):
            return ["nnlib has this one already.", f"It is {name}."]
    return []


def _of_nnlib(x: Array, y: Array) -> list[Module]:
    """The activations of nnlib, those with a parameter such that they agree at x[0]."""
    found = [Sigmoid(), Tanh(), ReLU(), SiLU(), GELU(), GELU(approximate="tanh")]
    slope, alpha = round(y[0] / x[0], 9), round(y[0] / np.expm1(x[0]), 9)
    if 0 < slope < 1:
        found.append(LeakyReLU(slope))
    if alpha > 0:
        found.append(ELU(alpha))
    return found


def _complaint(look: _Look, x: Array) -> str | None:
    return f"{look.failing} {look.detail}".strip() or None


def _design_cases() -> Sequence[Case]:
    rng = np.random.default_rng(8)
    few = np.array([[-1.7, 0.19, 4.6]])
    few = np.sign(few) * np.sqrt(np.abs(few))  # nobody sets a corner there
    return [
        (few,),
        (few.astype(np.float32),),
        (np.array([[-1000.0, -10.0, 10.0, 1000.0]]),),
        (rng.uniform(-3, 3, (2, 3)),),
        (_GRID.copy(),),
    ]


DESIGN = Exercise(
    id="activations/design",
    title="An activation of your own",
    statement=cleandoc(r"""
        Design an activation that nnlib does not have: any continuous function $f$ of
        one number that is not a straight line, applied to each number by itself. It is
        a `Module`. `forward` takes `x`, floats of any shape, and returns $f(x)$;
        `backward` takes the upstream gradient $G$ and returns $dX = G \odot f'(X)$;
        $X$, $f(X)$, $G$ and $dX$ have one shape and dtype. At $x = \pm 1000$ values
        and slopes are finite, and NumPy has nothing to warn of. Neither method writes
        into its argument. The check holds `backward` against central differences, for a
        random upstream too; where $f$ has a corner, the slope of either side will do.
        `MyActivation()` takes no arguments.
    """),
    stub=cleandoc("""
        class MyActivation(Module):
            def forward(self, x):
                # x: floats of any shape -> the same shape and dtype
                ...

            def backward(self, grad_output):
                # grad_output: the shape of x -> the same shape and dtype
                ...
    """),
    reference=MyActivation,
    cases=_design_cases,
    call=_look,
    judge=_complaint,
    hints=[
        "Start from a function whose derivative you can write down, such as "
        r"$\sin x$, $x / (1 + |x|)$ or $x \tanh x$.",
        "`forward` keeps in `self._cache` what `backward` will need: `x`, or something "
        "that was computed on the way. `backward` multiplies the slope by "
        "`grad_output`.",
        r"With $f(x) = x / (1 + |x|)$ the slope is $1 / (1 + |x|)^2$: cache "
        "`1 + np.abs(x)`, and `backward` is one division.",
    ],
    comment=(
        r"One of many: $f(x) = \tfrac12 (x + \sqrt{x^2 + 4})$, the squareplus of "
        "Barron (2021), a ramp without a corner and without an exponential. Its slope "
        r"is $\tfrac12 (1 + x / \sqrt{x^2 + 4})$, and falls to the left as $1/x^2$: at "
        "$x = -5$ it is 0.036, where ELU's is 0.0067 and GELU's $-7 \\cdot 10^{-6}$."
    ),
    remark=(
        "Nearly anything will do. With one wide hidden layer, every continuous "
        "activation that is not a polynomial can come as close as one likes to any "
        "continuous function on a bounded region (Leshno et al., 1993). If yours is a "
        "polynomial, such as x², it cannot: a sum of squares of straight lines has "
        "degree 2, however wide the layer. That a network exists does not say that "
        "training finds it: for that, look at the slopes."
    ),
    mistakes=[
        Mistake(
            "ignores its upstream",
            _IgnoresUpstream,
            "`backward` returns f′(x) alone. That is the gradient only if the next "
            "layer sends ones. The chain rule multiplies: dX = G ⊙ f′(X).",
        ),
        Mistake(
            "is a straight line",
            _Straight,
            "A straight line between two linear layers leaves one linear layer. It "
            "must bend somewhere; one corner is enough.",
        ),
        Mistake(
            "jumps",
            _Jumps,
            "Where f jumps it has no slope. A gradient check does not see that, as its "
            "points lie beside the jump. Join the pieces: they may meet in a corner, "
            "but they have to meet.",
        ),
        Mistake(
            "mixes the elements of a row",
            _LessTheMean,
            "f is a function of one number, and what it makes of an element must not "
            "depend on the others. A mean, a sum or a maximum along an axis mixes "
            "them, as softmax does; leave it out.",
        ),
        Mistake(
            "is one that nnlib has",
            Tanh,
            "It agrees with nnlib's from -1000 to 1000. Bend it another way: another "
            "function, or one of these multiplied by x, squared or shifted.",
        ),
        Mistake(
            "is SiLU, and overflows on the way",
            _NaiveSiLU,
            "nnlib has this one: bend it another way. And exp(-x) is beyond float64 at "
            "x = -1000, which ends well only because 1 / inf is 0. Take exponentials "
            "of numbers that are at most 0, such as -|x|.",
        ),
        Mistake(
            "is not the class",
            MyActivation(),
            "The check makes several of it, each by calling the class: "
            '`check("activations/design", MyActivation)`.',
        ),
        Mistake(
            "keeps nothing for backward",
            _KeepsNothing,
            "`backward` gets the upstream gradient alone. What else it needs, "
            "`forward` has to keep: `self._cache = x`.",
        ),
        Mistake(
            "has the derivative of something else",
            _OtherDerivative,
            "`backward` disagrees with the differences of `forward`, whatever the "
            "upstream, in some places or in all. Differentiate again, factor by factor "
            "and piece by piece, and compare at the point named above: "
            "(f(x + h) - f(x - h)) / 2h with h = 1e-5.",
        ),
        Mistake(
            "overflows at ±1000",
            _Overflows,
            "exp(1000) is beyond float64, and infinity breaks what comes after it. "
            "Take exponentials of numbers that are at most 0, such as -|x|.",
        ),
        Mistake(
            "overflows on the way at ±1000",
            _OverflowsOnTheWay,
            "Value and slope are finite, but an exponential on the way is not, and it "
            "ends well only because 1 / inf is 0. Take exponentials of numbers that "
            "are at most 0, such as -|x|.",
        ),
        Mistake(
            "writes into its argument",
            _WritesIntoX,
            "`x` belongs to the layer before and `grad_output` to the one after, which "
            "may still need them. Make a new array: `np.where` and `np.maximum` do, "
            "`x[...] = ` and `*=` do not.",
        ),
        Mistake(
            "turns float32 into float64",
            _InFloat64,
            "float32 came in, float64 went out. `np.where(x > 0, 1, 0.5)` and "
            "`(x > 0) * 1.0` do this, since neither knows of the dtype of `x`: add "
            "`.astype(x.dtype)`. So do NumPy numbers such as `np.sqrt(2.0)`; "
            "`math.sqrt(2.0)` leaves the dtype alone.",
        ),
    ],
)


EXERCISES = [
    STABLE_SIGMOID,
    LOG_SIGMOID,
    DERIVATIVES,
    MINIMUM,
    GELU_GAP,
    DEAD_FRACTION,
    SOFTMAX_BACKWARD,
    DESIGN,
]


# ---- Quick questions ---------------------------------------------------------------


def _slope(module: Module, x: Array) -> Array:
    module(x)
    return module.backward(np.ones_like(x))


def _to_digits(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _never_negative() -> str:
    x = np.linspace(-10, 10, 2001)
    found = [m for m in (SiLU(), GELU(), ELU(), ReLU()) if m(x).min() >= 0]
    return ", ".join(type(m).__name__ for m in found)


def _still_learning() -> str:
    x = np.array([-5.0])
    found = [m for m in (ReLU(), Tanh(), ELU(), GELU()) if abs(_slope(m, x)[0]) > 1e-3]
    return ", ".join(type(m).__name__ for m in found)


_ASLEEP = "No: the one positive sample still gives it a gradient"
_DEAD = "Yes: it is negative for nearly all of the data"
_DEAD_AT_ONCE = "Yes: a ReLU dies as soon as one sample is negative"


def _dead_or_asleep() -> str:
    z = -np.ones((64, 1))
    z[17] = 1
    return _ASLEEP if _slope(ReLU(), z).any() else _DEAD


def _jacobian_shape() -> tuple[int, ...]:
    module = Softmax()
    module(np.zeros((1, 10)))
    return np.stack([module.backward(one[None])[0] for one in np.eye(10)]).shape


def _row_sum() -> float:
    rng = np.random.default_rng(9)
    module = Softmax()
    module(rng.standard_normal((5, 4)))
    sums = module.backward(rng.standard_normal((5, 4))).sum(axis=1)
    return float(np.abs(sums).max().round(12))


QUESTIONS = [
    Question(
        id="activations/max-slope",
        text="What is the largest value of σ′(x)?",
        answer=0.25,
        within=1e-9,
        why="σ′ = s(1 - s), a parabola in s, is highest at s = 1/2, where x = 0.",
        wrong={
            0.5: "That is σ(0), the value. The slope there is 0.5 · (1 - 0.5).",
            1: "That is the largest slope of tanh; the sigmoid is four times flatter.",
            0: "That is what the slope tends to on either side, its smallest value.",
        },
        otherwise="σ′ = s(1 - s) with s = σ(x) between 0 and 1: where is it highest?",
        computed=lambda: float(_slope(Sigmoid(), np.linspace(-10, 10, 2001)).max()),
    ),
    Question(
        id="activations/product-of-slopes",
        text=(
            "A gradient goes back through ten sigmoids in a row, and each multiplies "
            "it by its slope. How large can the product of the ten slopes be at most? "
            "Give three significant digits, such as `1.23e-4`."
        ),
        answer=9.54e-7,
        within=5e-10,
        why=(
            "0.25¹⁰ = 9.54e-7, a millionth, with every sigmoid at its steepest. The "
            "weights between them multiply too, and may make up for it."
        ),
        wrong={
            2.5: "Ten slopes were added. The chain rule multiplies them: 0.25¹⁰.",
            0.025: "One slope was divided by ten. Multiply ten of them: 0.25¹⁰.",
            9.77e-4: "That is 0.5¹⁰. The slope of a sigmoid is at most 0.25, not 0.5.",
            1: "That is tanh's: its slope is at most 1. The sigmoid's is at most 0.25.",
        },
        otherwise="The slope of each is at most 0.25. The chain rule multiplies ten.",
        computed=lambda: _to_digits(float(_slope(Sigmoid(), np.zeros(10)).prod()), 3),
    ),
    Question(
        id="activations/relu-at-zero",
        text=(
            "All weights and biases of a network start at 0, and its activations are "
            "nnlib's ReLU. What share of the units of the first layer passes a "
            "gradient at the first step? Give a number from 0 to 1."
        ),
        answer=0.0,
        why=(
            "Every pre-activation is exactly 0, and there nnlib takes the slope as 0, "
            "as PyTorch does. No unit passes anything, so none can leave 0."
        ),
        wrong={
            1: "That would be so with a slope of 1 at the corner. Every pre-activation "
            "is exactly 0, and at 0 `x > 0` is false.",
            0.5: "About half is right for random weights. With zeros every "
            "pre-activation is exactly 0: on which side does nnlib count the corner?",
        },
        otherwise="What is each pre-activation, and what is nnlib's slope there?",
        computed=lambda: float(_slope(ReLU(), np.zeros((8, 5))).mean()),
    ),
    Question(
        id="activations/negative-outputs",
        text="Which of these never gives a negative output?",
        choices=["SiLU", "GELU", "ELU", "ReLU"],
        answer="ReLU",
        why="max(x, 0) is at least 0. The other three dip below it for negative x.",
        wrong={
            "SiLU": "x σ(x) has the sign of x. It goes down to -0.278, at x = -1.278.",
            "GELU": "x Φ(x) has the sign of x. It goes down to -0.170, at x = -0.752.",
            "ELU": "exp(x) - 1 is negative for every x < 0, and tends to -1.",
        },
        computed=_never_negative,
    ),
    Question(
        id="activations/dead-or-asleep",
        text=(
            "The pre-activation of a ReLU unit is negative for 63 of the 64 samples of "
            "the training set, and positive for one. Is the unit dead?"
        ),
        choices=[_DEAD, _ASLEEP, _DEAD_AT_ONCE],
        answer=_ASLEEP,
        why=(
            "Through that sample its weights can still change, and with them what it "
            "does for the others. Dead means: off for all of the data."
        ),
        wrong={
            _DEAD: "Nearly all is not all. A gradient from one sample is enough to "
            "move its weights.",
            _DEAD_AT_ONCE: "To be off for some samples is what makes a ReLU bend. "
            "About half is usual at the start.",
        },
        computed=_dead_or_asleep,
    ),
    Question(
        id="activations/softmax-jacobian-shape",
        text=(
            "Softmax takes one row of K = 10 logits. What is the shape of its "
            "Jacobian, the table of the derivatives of its outputs? Write a shape as "
            "in Python, such as `(64, 10)`."
        ),
        answer=(10, 10),
        why="Each of the 10 probabilities depends on each of the 10 logits.",
        wrong={
            (10,): "One derivative for each logit is enough for an activation that "
            "acts on each number by itself. Softmax mixes a whole row.",
            (1, 10): "That is the shape of the row, and of its gradient. The Jacobian "
            "has a derivative for each pair of an output and a logit.",
            (100,): "The count is right. As a table it has a row for each output and a "
            "column for each logit.",
        },
        otherwise="How many outputs are there? On how many logits does each depend?",
        computed=_jacobian_shape,
    ),
    Question(
        id="activations/softmax-row-sum",
        text=(
            "Softmax passes back the gradient with respect to its logits. What do the "
            "numbers of one row of it add up to, whatever comes from upstream?"
        ),
        answer=0.0,
        within=1e-9,
        why=(
            "To add one constant to all logits of a row changes no probability, so in "
            "that direction the slope is 0, and that slope is the sum."
        ),
        wrong={
            1: "The probabilities add up to 1. The gradient says what changes, and "
            "what one gains others lose.",
            0.1: "1/K is the mean of K = 10 probabilities. This is a sum of gradients.",
        },
        otherwise=(
            "Think of what happens to the loss if all logits of a row grow by the "
            "same small step."
        ),
        computed=_row_sum,
    ),
    Question(
        id="activations/still-learning",
        text=(
            "At x = -5, which of these still passes more than 0.001 of the gradient "
            "that comes to it (in size)? A plot is too coarse for it; these help: "
            "exp(-5) = 0.0067, exp(-10) = 4.5e-5, exp(-12.5) = 3.7e-6."
        ),
        choices=["ReLU", "Tanh", "ELU", "GELU"],
        answer="ELU",
        why=(
            "ELU′(-5) = exp(-5) = 0.0067. It fades too: at -10 it is 4.5e-5. Of all "
            "the activations here only LeakyReLU keeps its slope for ever."
        ),
        wrong={
            "ReLU": "ReLU′ is exactly 0 for every x < 0.",
            "Tanh": "1 - tanh²(-5) is about 4 exp(-10) = 0.00018: tanh is nearly flat.",
            "GELU": "GELU′(-5) is -7e-6. Smooth does not mean steep: its tail falls "
            "as the density of the normal distribution, exp(-x²/2).",
        },
        computed=_still_learning,
    ),
]
