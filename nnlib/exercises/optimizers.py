"""Exercises and quick questions of the chapter on optimisers."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Solutions and mistakes are written as students write them, without annotations.

import math
from collections.abc import Callable, Sequence
from inspect import cleandoc
from itertools import product
from typing import Any

import numpy as np

from nnlib._types import Array
from nnlib.exercises._bank import Case, Exercise, Mistake, Question
from nnlib.module import Parameter
from nnlib.optim import SGD, Adam, AdamW, Optimizer, clip_grad_norm

__all__ = ["EXERCISES", "QUESTIONS"]


# ---- 1. Momentum by hand ------------------------------------------------------------


def _after(velocity, steps=3):
    """Return w after each of the steps; `velocity` makes the step from w and v."""
    w, v, places = 1.0, 0.0, []
    for _ in range(steps):
        step, v = velocity(w, v)
        w -= step
        places.append(w)
    return tuple(places)


def _heavy_ball(w, v):
    v = 0.8 * v + 2 * w
    return 0.1 * v, v


def _nesterov_ball(w, v):
    v = 0.8 * v + 2 * w
    return 0.1 * (2 * w + 0.8 * v), v


def _averaging_ball(w, v):
    v = 0.8 * v + 0.2 * 2 * w
    return 0.1 * v, v


def _forgetful_gradient_ball(w, v):
    v = v + 0.8 * 2 * w
    return 0.1 * v, v


def _ball_without_friction(w, v):
    v = v + 2 * w
    return 0.1 * v, v


def _late_ball(w, v):
    return 0.1 * v, 0.8 * v + 2 * w


def _ball_of_w(w, v):
    v = 0.8 * v + w
    return 0.1 * v, v


def _ball_of_the_loss(w, v):
    v = 0.8 * v + w**2
    return 0.1 * v, v


def _ball_of_two_rates(w, v):
    v = 0.8 * v + 0.1 * 2 * w
    return 0.1 * v, v


def _ball_without_rate(w, v):
    v = 0.8 * v + 2 * w
    return v, v


def _ball_with_both(w, v):
    v = 0.8 * v + 2 * w
    return 0.1 * (2 * w + v), v


def _uphill_ball(w, v):
    v = 0.8 * v + 2 * w
    return -0.1 * v, v


MOMENTUM_BY_HAND = Exercise(
    id="optimizers/momentum-by-hand",
    title="Three steps of momentum, by hand",
    statement=cleandoc(r"""
        The loss is $L = w^2$, and $w = 1$ at the start. The learning rate is
        $\eta = 0.1$, the momentum $\mu = 0.8$, the velocity 0 at first. Take three
        steps with pencil and paper, $v \leftarrow \mu v + dL/dw$ and then
        $w \leftarrow w - \eta v$, and give $w$ after the first, the second and the
        third, as a tuple of three numbers.
    """),
    stub="after_each_step = (..., ..., ...)",
    reference=(0.8, 0.48, 0.128),
    tolerance=1e-6,
    parts=[f"the weight after step {t}" for t in (1, 2, 3)],
    hints=[
        "The slope of $w^2$ is $2w$: 2 at the start. With $v = 0$ the first velocity "
        "is that slope alone. The slope of the second step is taken where the first "
        "step has led.",
        r"Step 1: $v = 0.8 \cdot 0 + 2 = 2$, so $w = 1 - 0.1 \cdot 2 = 0.8$. Step 2: "
        r"the slope is now 1.6, and $v = 0.8 \cdot 2 + 1.6$.",
        r"Step 2: $v = 3.2$ and $w = 0.8 - 0.32 = 0.48$. Step 3: the slope is 0.96, "
        r"and $v = 0.8 \cdot 3.2 + 0.96 = 3.52$.",
    ],
    comment=(
        "The slopes are 2, 1.6 and 0.96, the velocities 2, 3.2 and 3.52. Plain descent "
        "with the same learning rate would be at 0.512 by now: the velocity remembers "
        "the slopes that lie behind, and they all point the same way."
    ),
    remark=(
        "The fourth step carries w past 0, to -0.179: a ball that rolls through the "
        "bottom. If the slope stayed at g, the velocity would grow towards "
        "g / (1 - μ) = 5g, so that η / (1 - μ) is the effective learning rate."
    ),
    mistakes=[
        Mistake(
            "leaves the momentum out",
            _after(lambda w, v: (0.1 * 2 * w, v)),
            "That is plain descent: each step multiplies w by 0.8. From the second "
            "step on, 0.8 of the last velocity is added to the slope.",
        ),
        Mistake(
            "takes a velocity that is an average",
            _after(_averaging_ball),
            "Here v = 0.8 v + 0.2 g, with weights that sum to 1. That rule exists, and "
            "Adam's running mean is of this kind; the velocity of SGD adds the whole "
            "slope, v = 0.8 v + g, and with the same learning rate goes farther.",
        ),
        Mistake(
            "looks ahead",
            _after(_nesterov_ball),
            "That is Nesterov's step, η (g + μ v). Here w moves by η v alone.",
        ),
        Mistake(
            "multiplies the slope by μ in place of the velocity",
            _after(_forgetful_gradient_ball),
            "μ is the share of the old velocity that is kept. The new slope comes in "
            "whole.",
        ),
        Mistake(
            "keeps the whole velocity",
            _after(_ball_without_friction),
            "v = v + g never forgets, as if μ were 1. Of the last velocity 0.8 "
            "is kept.",
        ),
        Mistake(
            "moves before it updates the velocity",
            _after(_late_ball),
            "w moved by the old velocity, so the first step went nowhere. First the "
            "velocity takes up the slope, then w moves by it.",
        ),
        Mistake(
            "takes w for the slope",
            _after(_ball_of_w),
            "The loss is w², and its slope is 2w. (w would be the slope of w²/2.)",
        ),
        Mistake(
            "takes the loss for the slope",
            _after(_ball_of_the_loss),
            "w² is how high the loss is, not how steep. Its slope is 2w.",
        ),
        Mistake(
            "holds on to the first slope",
            (0.8, 0.44, -0.048),
            "The slope of every step was 2, that of the start. It is computed anew "
            "where w now stands: 1.6 for the second step.",
        ),
        Mistake(
            "multiplies by the learning rate twice",
            _after(_ball_of_two_rates),
            "The learning rate entered the velocity and then the step as well. It "
            "belongs in one of the two places: here, in the step.",
        ),
        Mistake(
            "leaves the learning rate out",
            _after(_ball_without_rate),
            "w moved by the velocity itself. The step is a tenth of it.",
        ),
        Mistake(
            "counts the slope twice",
            _after(_ball_with_both),
            "w moved by η (g + v), but the slope is in the velocity already.",
        ),
        Mistake(
            "goes uphill",
            _after(_uphill_ball),
            "The step goes against the velocity: w - η v. Here the loss grows.",
        ),
        Mistake(
            "gives the velocities",
            (2.0, 3.2, 3.52),
            "These are the velocities, and they are right. Asked is where w is after "
            "each step.",
        ),
        Mistake(
            "gives the losses",
            (0.64, 0.2304, 0.016384),
            "These are the losses w², and so w was right. Asked is w itself.",
        ),
        Mistake(
            "begins with the start",
            (1.0, 0.8, 0.48),
            "The first number asked for is w after the first step; 1 is where it "
            "begins.",
        ),
    ],
)


# ---- 2. Clipping by the norm of all -------------------------------------------------


def clip_together(grads, max_norm):
    norm = math.sqrt(sum(float((g * g).sum()) for g in grads))
    factor = max_norm / norm if norm > max_norm else 1.0
    return [factor * g for g in grads], norm


def _norm_of_all(grads):
    return float(np.sqrt(sum(float((g * g).sum()) for g in grads)))


def _clip_each_alone(grads, max_norm):
    return [clip_together([g], max_norm)[0][0] for g in grads], _norm_of_all(grads)


def _clip_each_element(grads, max_norm):
    return [np.clip(g, -max_norm, max_norm) for g in grads], _norm_of_all(grads)


def _clip_always(grads, max_norm):
    norm = _norm_of_all(grads)
    factor = max_norm / norm if norm else 1.0
    return [factor * g for g in grads], norm


def _clip_always_even_zeros(grads, max_norm):
    norm = np.sqrt(sum((g * g).sum() for g in grads))
    return [(max_norm / norm * g).astype(g.dtype) for g in grads], float(norm)


def _clip_or_divide_by_zero(grads, max_norm):
    norm = np.sqrt(sum((g * g).sum() for g in grads))
    factor = np.minimum(1, max_norm / norm)
    return [(factor * g).astype(g.dtype) for g in grads], float(norm)


def _clip_by_zero_division(grads, max_norm):
    norm = _norm_of_all(grads)
    factor = min(1.0, max_norm / norm)
    return [factor * g for g in grads], norm


def _clip_only_grows(grads, max_norm):
    norm = _norm_of_all(grads)
    factor = max(1.0, max_norm / norm) if norm else 1.0
    return [factor * g for g in grads], norm


def _clip_beyond(share):
    """Return what clips only where the norm is above a share of the limit."""

    def clip(grads, max_norm):
        norm = _norm_of_all(grads)
        factor = max_norm / norm if norm > share * max_norm else 1.0
        return [factor * g for g in grads], norm

    return clip


def _clip_to_one(grads, max_norm):
    norm = _norm_of_all(grads)
    factor = 1 / norm if norm > max_norm else 1.0
    return [factor * g for g in grads], norm


def _clip_upside_down(grads, max_norm):
    norm = _norm_of_all(grads)
    factor = norm / max_norm if norm > max_norm else 1.0
    return [factor * g for g in grads], norm


def _clip_by(measure):
    """Return what clips by another measure than the norm of all."""

    def clip(grads, max_norm):
        norm = float(measure(grads))
        factor = max_norm / norm if norm > max_norm else 1.0
        return [factor * g for g in grads], norm

    return clip


def _sum_of_magnitudes(grads):
    return sum(np.abs(g).sum() for g in grads)


def _largest_magnitude(grads):
    return max(np.abs(g).max() for g in grads)


def _sum_of_norms(grads):
    return sum(_norm_of_all([g]) for g in grads)


def _largest_norm(grads):
    return max(_norm_of_all([g]) for g in grads)


def _mean_of_norms(grads):
    return _sum_of_norms(grads) / len(grads)


def _sum_of_squares(grads):
    return sum((g * g).sum() for g in grads)


def _root_mean_square(grads):
    return np.sqrt(_sum_of_squares(grads) / sum(g.size for g in grads))


def _norm_of_the_first(grads):
    return _norm_of_all(grads[:1])


def _clip_and_measure_after(grads, max_norm):
    clipped, _ = clip_together(grads, max_norm)
    return clipped, _norm_of_all(clipped)


def _clip_and_give_the_factor(grads, max_norm):
    clipped, norm = clip_together(grads, max_norm)
    return clipped, min(1.0, max_norm / norm) if norm else 1.0


def _clip_in_float64(grads, max_norm):
    clipped, norm = clip_together(grads, max_norm)
    return [g.astype(np.float64) for g in clipped], norm


def _clip_without_the_norm(grads, max_norm):
    return clip_together(grads, max_norm)[0]


def _clip_as_arrays_in_a_row(grads, max_norm):
    clipped, norm = clip_together(grads, max_norm)
    return np.concatenate([g.ravel() for g in clipped]), norm


def _clip_in_place(grads, max_norm):
    clipped, norm = clip_together(grads, max_norm)
    for g, new in zip(grads, clipped, strict=True):
        g[:] = new
    return grads, norm


def _clip_in_place_alone(grads, max_norm):
    _clip_in_place(grads, max_norm)


def _clip_cases() -> Sequence[Case]:
    rng = np.random.default_rng(1)
    layers = [(4, 3), (3,), (3, 2), (2,)]
    return [
        ([np.array([3.0, -4.0])], 1.0),
        ([np.array([3.0]), np.array([0.0, 4.0])], 2.0),
        ([np.array([0.0]), np.array([0.0, 0.0])], 2.0),
        ([np.array([0.3]), np.array([-0.4])], 2.0),
        ([np.array([0.63]), np.array([0.0, -0.84])], 1.0),  # a little too long
        ([np.array([0.57]), np.array([0.0, -0.76])], 1.0),  # and just short enough
        ([rng.standard_normal(shape) for shape in layers], 0.5),
        ([rng.standard_normal(shape) for shape in layers], 100.0),
        ([rng.standard_normal(s).astype(np.float32) for s in layers], 1.0),
    ]


CLIPPING = Exercise(
    id="optimizers/clipping",
    title="Clip all gradients together",
    statement=cleandoc(r"""
        `grads` is a list of gradients, arrays of floats of any shapes, one for each
        parameter. Taken together they are one long vector, and its norm $n$ is the root
        of the sum of all squares. If $n$ is above `max_norm`, multiply every gradient
        by `max_norm` $/\, n$; otherwise leave them as they are. Return the list of the
        new gradients, with the shapes and dtypes of the old, and $n$ as it was before,
        a float: `return clipped, norm`. The arrays in `grads` stay as they are, and
        gradients that are all 0 stay 0, without a warning.
    """),
    stub=cleandoc("""
        def clip_together(grads, max_norm):
            # grads: a list of arrays, max_norm: above 0 -> a list of arrays, a float
            ...
    """),
    reference=clip_together,
    parts=["the list of clipped gradients", "the norm"],
    cases=_clip_cases,
    tolerance=2e-6,
    hints=[
        "One number decides for all of them. Which number, and in which case may "
        "nothing happen?",
        "The squares of all elements of all arrays are summed first; one root is taken "
        "of that sum. A norm of 0 is not above `max_norm`, so nothing is divided.",
        "`norm = math.sqrt(sum(float((g * g).sum()) for g in grads))`, then the factor "
        "`max_norm / norm if norm > max_norm else 1.0`, and `[factor * g for g in "
        "grads]`.",
    ],
    comment=(
        "All arrays get the same factor, so the long vector keeps its direction: the "
        "step is shorter and leads the same way. The factor is a Python float, which "
        "leaves float32 as it is; a NumPy float64 would turn the gradients into "
        "float64."
    ),
    remark=(
        "nnlib and PyTorch divide by norm + 1e-6, which saves the question about 0 and "
        "makes the result a millionth shorter. Log the norm that comes back: a jump in "
        "it is often the first sign of a run that is about to fail."
    ),
    mistakes=[
        Mistake(
            "clips each gradient by itself",
            _clip_each_alone,
            "Each array got a factor of its own, so large gradients shrink and small "
            "ones do not: the step points elsewhere. The norm is that of all of them "
            "as one vector, and so is the factor.",
        ),
        Mistake(
            "clips each element",
            _clip_each_element,
            "`np.clip` cuts single numbers and turns the vector. To scale it keeps its "
            "direction.",
        ),
        Mistake(
            "always brings the norm to max_norm",
            _clip_always,
            "Gradients below the limit were made larger. Near a minimum they should be "
            "small, and a step of always the same length never comes to rest.",
        ),
        Mistake(
            "always brings the norm to max_norm, and zeros to NaN",
            _clip_always_even_zeros,
            "Gradients below the limit were made larger, and 0 was divided by 0. Only "
            "a norm above `max_norm` calls for a division.",
        ),
        Mistake(
            "divides by a norm of 0",
            _clip_or_divide_by_zero,
            "Where all gradients are 0, so is the norm. Ask whether it is above "
            "`max_norm` before you divide, or add a tiny number to it as PyTorch does.",
        ),
        Mistake(
            "divides by a norm of 0, and stops",
            _clip_by_zero_division,
            "Where all gradients are 0, so is the norm. Ask whether it is above "
            "`max_norm` before you divide, or add a tiny number to it as PyTorch does.",
        ),
        Mistake(
            "takes the larger factor",
            _clip_only_grows,
            "The factor may be at most 1: `min(1, max_norm / norm)`, not `max`.",
        ),
        Mistake(
            "begins too late",
            _clip_beyond(1.5),
            "A norm a little above `max_norm` was left as it is. The limit is "
            "`max_norm` itself.",
        ),
        Mistake(
            "begins too early",
            _clip_beyond(0.9),
            "A norm a little below `max_norm` was brought up to it. Below the limit "
            "the gradients stay as they are.",
        ),
        Mistake(
            "brings the norm to 1",
            _clip_to_one,
            "Dividing by the norm gives a vector of length 1. The length asked for is "
            "`max_norm`.",
        ),
        Mistake(
            "has the fraction upside down",
            _clip_upside_down,
            "norm / max_norm is above 1 where the gradients are too long, and makes "
            "them longer still. A check: the norm afterwards is `max_norm`.",
        ),
        Mistake(
            "adds magnitudes in place of squares",
            _clip_by(_sum_of_magnitudes),
            "That is the sum of the magnitudes. The length of a vector is the root of "
            "the sum of its squares: of (3, -4) it is 5, and not 7.",
        ),
        Mistake(
            "takes the largest element",
            _clip_by(_largest_magnitude),
            "The length of a vector takes all its elements: of (3, -4) it is 5.",
        ),
        Mistake(
            "adds up the norms",
            _clip_by(_sum_of_norms),
            "The norms of parts do not add: 3 and 4 at a right angle give 5. Their "
            "squares do; take the root at the very end.",
        ),
        Mistake(
            "takes the largest of the norms",
            _clip_by(_largest_norm),
            "The norm of all of them together is larger than that of any one: add up "
            "the squares over all arrays.",
        ),
        Mistake(
            "takes the mean of the norms",
            _clip_by(_mean_of_norms),
            "A mean would let deep networks take longer steps. Add up the squares over "
            "all arrays, and take one root.",
        ),
        Mistake(
            "forgets the root",
            _clip_by(_sum_of_squares),
            "That is the square of the norm. Take its root.",
        ),
        Mistake(
            "takes the root of the mean square",
            _clip_by(_root_mean_square),
            "The mean divides by the number of elements; a norm does not.",
        ),
        Mistake(
            "looks at the first gradient alone",
            _clip_by(_norm_of_the_first),
            "The squares of all arrays belong to the sum.",
        ),
        Mistake(
            "returns the norm as it is afterwards",
            _clip_and_measure_after,
            "The gradients are right. The norm is asked for as it was before: that is "
            "the number which tells how wild the gradients were.",
        ),
        Mistake(
            "returns the factor",
            _clip_and_give_the_factor,
            "The gradients are right. The second result is the norm before the "
            "clipping, not the factor.",
        ),
        Mistake(
            "returns float64",
            _clip_in_float64,
            "A NumPy float64 times a float32 array is float64, and the memory of all "
            "later steps doubles. Make the factor a Python float: `float(...)`.",
        ),
        Mistake(
            "does not return the norm",
            _clip_without_the_norm,
            "Two things are asked for: the list, and the norm before the clipping.",
        ),
        Mistake(
            "returns one long vector",
            _clip_as_arrays_in_a_row,
            "The one long vector is how to think of it. Every gradient keeps its "
            "shape, in a list as before.",
        ),
        Mistake(
            "writes into the gradients",
            _clip_in_place,
            "nnlib's `clip_grad_norm` does so on purpose. Here the caller keeps its "
            "arrays: make new ones.",
        ),
        Mistake(
            "writes into the gradients and returns nothing",
            _clip_in_place_alone,
            "Make new arrays, and return them together with the norm.",
        ),
    ],
)


# ---- 3. A running mean without a zero start -----------------------------------------


def corrected_means(gradients, beta):
    m, corrected = np.zeros_like(gradients[0]), np.zeros_like(gradients)
    for t, g in enumerate(gradients, 1):
        m = beta * m + (1 - beta) * g
        corrected[t - 1] = m / (1 - beta**t)
    return corrected


def _running(gradients, beta, kept, taken, start=None):
    """Return running means that keep and take such shares, from 0 or a start."""
    m = np.zeros_like(gradients[0]) if start is None else start
    means = []
    for g in gradients:
        m = kept * m + taken * g
        means.append(m)
    return np.stack(means)


def _steps_of(gradients):
    """Return t = 1, 2, ..., one for each row."""
    return np.arange(1, len(gradients) + 1)[:, None]


def _plain(gradients, beta):
    return _running(gradients, beta, beta, 1 - beta)


def _means_without_correction(gradients, beta):
    return _plain(gradients, beta)


def _means_by_one_factor(gradients, beta):
    return _plain(gradients, beta) / (1 - beta)


def _means_multiplied(gradients, beta):
    return _plain(gradients, beta) * (1 - beta ** _steps_of(gradients))


def _means_over_power(gradients, beta):
    return _plain(gradients, beta) / beta ** _steps_of(gradients)


def _means_counted_from_zero(gradients, beta):
    return _plain(gradients, beta) / (1 - beta ** (_steps_of(gradients) - 1))


def _means_counted_from_two(gradients, beta):
    return _plain(gradients, beta) / (1 - beta ** (_steps_of(gradients) + 1))


def _means_by_last_factor(gradients, beta):
    return _plain(gradients, beta) / (1 - beta ** len(gradients))


def _means_with_correction_kept(gradients, beta):
    m, corrected = np.zeros_like(gradients[0]), []
    for t, g in enumerate(gradients, 1):
        m = (beta * m + (1 - beta) * g) / (1 - beta**t)
        corrected.append(m)
    return np.stack(corrected)


def _means_swapped(gradients, beta):
    return _running(gradients, beta, 1 - beta, beta) / (
        1 - beta ** _steps_of(gradients)
    )


def _means_swapped_throughout(gradients, beta):
    return corrected_means(gradients, 1 - beta)


def _means_of_sums(gradients, beta):
    sums = _running(gradients, beta, beta, 1)
    return sums / (1 - beta ** _steps_of(gradients))


def _one_array_of_means(gradients, beta):
    m, means = np.zeros_like(gradients[0]), []
    for g in gradients:
        m *= beta
        m += (1 - beta) * g
        means.append(m)
    return np.stack(means)


def _means_in_one_array(gradients, beta):
    return _one_array_of_means(gradients, beta) / (1 - beta ** _steps_of(gradients))


def _means_from_the_first(gradients, beta):
    return _running(gradients, beta, beta, 1 - beta, gradients[0])


def _means_of_all_so_far(gradients, beta):
    return np.cumsum(gradients, axis=0) / _steps_of(gradients)


def _means_of_squares(gradients, beta):
    return corrected_means(gradients**2, beta)


def _means_by_root(gradients, beta):
    return _plain(gradients, beta) / np.sqrt(1 - beta ** _steps_of(gradients))


def _means_at_the_end(gradients, beta):
    return corrected_means(gradients, beta)[-1]


def _means_with_the_start(gradients, beta):
    means = corrected_means(gradients, beta)
    return np.concatenate([np.zeros_like(means[:1]), means])


def _means_along_the_rows(gradients, beta):
    return np.ascontiguousarray(corrected_means(gradients.T, beta).T)


def _means_as_a_list(gradients, beta):
    return list(corrected_means(gradients, beta))


def _mean_cases() -> Sequence[Case]:
    rng = np.random.default_rng(2)
    return [
        (np.array([[2.0]]), 0.9),
        (np.array([[1.0], [2.0], [4.0]]), 0.5),
        (np.array([[3.0, -1.0], [3.0, -1.0], [3.0, -1.0], [3.0, -1.0]]), 0.9),
        (rng.standard_normal((20, 3)), 0.9),
        (rng.standard_normal((5, 4)), 0.999),
        (rng.standard_normal((300, 2)), 0.99),
        (np.array([[1.0, -2.0], [5.0, 3.0]]), 0.0),
    ]


BIAS_CORRECTION = Exercise(
    id="optimizers/bias-correction",
    title="A running mean without its zero start",
    statement=cleandoc(r"""
        `gradients` has shape $(T, n)$: row by row the gradients $g_1, g_2, \dots, g_T$
        of $n$ weights. Adam's running mean begins at $m_0 = 0$ and goes on with
        $m_t = \beta m_{t-1} + (1 - \beta) g_t$. Return the corrected means
        $\hat{m}_t = m_t / (1 - \beta^t)$ of all steps, as an array of shape $(T, n)$
        with $\hat{m}_1$ in its first row. `beta` lies in $[0, 1)$, and `gradients` is
        of float64.
    """),
    stub=cleandoc("""
        def corrected_means(gradients, beta):
            # gradients: (T, n), beta: a number -> (T, n)
            ...
    """),
    reference=corrected_means,
    cases=_mean_cases,
    hints=[
        "Two things go from step to step: the running mean as it is, and the number of "
        "the step. What is corrected goes into the result and nowhere else.",
        "Steps count from 1. After the first, $m_1 = (1 - \\beta) g_1$, and the "
        r"correction $1 - \beta^1$ makes it $g_1$ again: check that.",
        "`for t, g in enumerate(gradients, 1):`, then `m = beta * m + (1 - beta) * g`, "
        "and `m / (1 - beta**t)` into row `t - 1`.",
    ],
    comment=(
        r"$m_t$ is a sum of gradients with the weights $(1 - \beta)\beta^{t-s}$ for "
        r"$s = 1, \dots, t$, which add up to $1 - \beta^t$ and not to 1: the rest, "
        r"$\beta^t$, is the weight of the start, 0. To divide by their sum makes a "
        "true weighted mean of the gradients so far."
    ),
    remark=(
        "For β₂ = 0.999 the correction matters for thousands of steps: after 100, "
        "1 - 0.999^100 is 0.095, so the mean of the squares would be ten times too "
        "small, and its root, by which Adam divides, three times."
    ),
    mistakes=[
        Mistake(
            "does not correct",
            _means_without_correction,
            "These are the means themselves, which begin near the start, 0. Divide "
            "each by 1 - β^t, the sum of the weights in it.",
        ),
        Mistake(
            "divides by 1 - β at every step, or adds the whole gradient",
            _means_by_one_factor,
            "That is the velocity of SGD, v = β v + g: right for the first step alone. "
            "The weight of the start shrinks by β at every step: it is β^t after t "
            "of them, and 1 - β^t is what to divide by.",
        ),
        Mistake(
            "multiplies by the correction",
            _means_multiplied,
            "The mean is too small, and 1 - β^t is below 1: to multiply makes it "
            "smaller still. Divide.",
        ),
        Mistake(
            "divides by β^t",
            _means_over_power,
            "β^t is the weight of the start. The weights of the gradients are the "
            "rest, 1 - β^t; those are what to divide by.",
        ),
        Mistake(
            "counts the steps from 0",
            _means_counted_from_zero,
            "At t = 0 the correction is 1 - 1 = 0. After the first gradient t is 1: "
            "`enumerate(gradients, 1)`.",
        ),
        Mistake(
            "counts the steps from 2",
            _means_counted_from_two,
            "After the first gradient t is 1, and the corrected mean is that gradient. "
            "Is t raised once too often?",
        ),
        Mistake(
            "corrects all steps as the last",
            _means_by_last_factor,
            "Every step has its own t. Divide row t by 1 - β^t.",
        ),
        Mistake(
            "goes on with the corrected mean",
            _means_with_correction_kept,
            "What is corrected is for use in this step only. The next mean is made of "
            "the plain m; otherwise the correction is corrected again.",
        ),
        Mistake(
            "swaps β and 1 - β",
            _means_swapped,
            "β is what the mean keeps of itself, and near 1: "
            "`beta * m + (1 - beta) * g`.",
        ),
        Mistake(
            "swaps β and 1 - β, in the correction too",
            _means_swapped_throughout,
            "β is what the mean keeps of itself, and near 1: "
            "`beta * m + (1 - beta) * g`.",
        ),
        Mistake(
            "adds the whole gradient, and corrects",
            _means_of_sums,
            "m = β m + g is SGD's velocity, whose weights add up to about 1 / (1 - β). "
            "In a mean a new gradient weighs 1 - β.",
        ),
        Mistake(
            "begins at the first gradient",
            _means_from_the_first,
            "That too is a mean whose weights add up to 1, but the first gradient "
            "keeps a larger share than Adam gives it. Begin at 0 and correct.",
        ),
        Mistake(
            "takes the plain mean of all so far",
            _means_of_all_so_far,
            "All gradients weigh the same here. A running mean forgets: each step "
            "multiplies what was before by β.",
        ),
        Mistake(
            "squares the gradients",
            _means_of_squares,
            "That is the mean of the squares, the v̂ of Adam. Asked is that of "
            "the gradients themselves.",
        ),
        Mistake(
            "takes the root of the correction",
            _means_by_root,
            "The root belongs to Adam's division by √v̂. The mean of the gradients is "
            "divided by 1 - β^t itself.",
        ),
        Mistake(
            "returns the last mean alone",
            _means_at_the_end,
            "Right, and only the last row of T. Keep the corrected mean of each step.",
        ),
        Mistake(
            "begins with the start",
            _means_with_the_start,
            "The first row is the mean after the first gradient. The 0 before it is "
            "not asked for.",
        ),
        Mistake(
            "runs along the rows",
            _means_along_the_rows,
            "Each row is one step with all n weights. The mean runs down the columns, "
            "from row to row.",
        ),
        Mistake(
            "returns a list of rows",
            _means_as_a_list,
            "The numbers are right. `np.stack` makes one array of the list.",
        ),
        Mistake(
            "keeps one array in all rows",
            _means_in_one_array,
            "`m *= beta` and `m += ...` change m where it is, so a list that holds m "
            "many times holds the last mean many times. `m = beta * m + ...` makes a "
            "new array; so does `m.copy()`.",
        ),
        Mistake(
            "keeps one array in all rows, and does not correct",
            _one_array_of_means,
            "`m *= beta` and `m += ...` change m where it is, so a list that holds m "
            "many times holds the last mean many times. Append `m / (1 - beta**t)`, "
            "which is a new array and corrected.",
        ),
    ],
)


# ---- 4. Warm up, then half a cosine -------------------------------------------------


def warmup_cosine(step, warmup, total, lr_max, lr_min):
    if step < warmup:
        return lr_max * (step + 1) / warmup
    done = min((step - warmup) / (total - warmup), 1)
    return lr_min + (lr_max - lr_min) * (1 + math.cos(math.pi * done)) / 2


def _planned(warm=None, done=None, fall=None, lowest=None):
    """Return the schedule with another rule in one place."""

    def plan(step, warmup, total, lr_max, lr_min):
        if step < warmup:
            return (
                warm(step, warmup, lr_max, lr_min)
                if warm
                else (lr_max * (step + 1) / warmup)
            )
        share = (
            done(step, warmup, total)
            if done
            else min((step - warmup) / (total - warmup), 1)
        )
        height = fall(share) if fall else (1 + math.cos(math.pi * share)) / 2
        if lowest:
            return lowest(height, lr_max, lr_min)
        return lr_min + (lr_max - lr_min) * height

    return plan


def _plan_without_warmup(step, warmup, total, lr_max, lr_min):
    return warmup_cosine(step, 0, total, lr_max, lr_min)


def _plan_of_warmup_squared(step, warmup, total, lr_max, lr_min):
    if step < warmup:
        return warmup_cosine(step, 0, total, lr_max, lr_min) * (step + 1) / warmup
    return warmup_cosine(step, warmup, total, lr_max, lr_min)


def _plan_as_torch_tensor(step, warmup, total, lr_max, lr_min):
    return np.array([warmup_cosine(step, warmup, total, lr_max, lr_min)])


def _plan_of_all_steps(step, warmup, total, lr_max, lr_min):
    steps = range(total)
    return [warmup_cosine(t, warmup, total, lr_max, lr_min) for t in steps]


COSINE_SCHEDULE = Exercise(
    id="optimizers/cosine-schedule",
    title="Warm up, then half a cosine",
    statement=cleandoc(r"""
        Write the learning rate of step $t$, counted from 0. In the first `warmup` steps
        it rises in equal parts from `lr_max` / `warmup` at $t = 0$ to `lr_max` in the
        last of them. Then it falls along half a cosine: with the share
        $s = (t - \mathrm{warmup}) / (\mathrm{total} - \mathrm{warmup})$ it is `lr_max`
        at $s = 0$, half-way between `lr_max` and `lr_min` at $s = 1/2$, and `lr_min` at
        $s = 1$. After that it stays at `lr_min`. All arguments are numbers, `warmup`
        may be 0 and is below `total`; the result is a float.
    """),
    stub=cleandoc("""
        def warmup_cosine(step, warmup, total, lr_max, lr_min):
            # five numbers -> one number, the learning rate of this step
            ...
    """),
    reference=warmup_cosine,
    cases=lambda: [
        (5, 0, 10, 1.0, 0.0),
        (0, 0, 10, 1.0, 0.1),
        (2, 0, 10, 1.0, 0.1),
        (10, 0, 10, 1.0, 0.1),
        (14, 0, 10, 1.0, 0.1),
        (0, 4, 20, 0.5, 0.02),
        (1, 4, 20, 0.5, 0.02),
        (3, 4, 20, 0.5, 0.02),
        (4, 4, 20, 0.5, 0.02),
        (5, 4, 20, 0.5, 0.02),
        (12, 4, 20, 0.5, 0.02),
        (19, 4, 20, 0.5, 0.02),
        (20, 4, 20, 0.5, 0.02),
        (100, 4, 20, 0.5, 0.02),
    ],
    hints=[
        "Two phases, so an `if` on `step < warmup`. Write the cosine first, for "
        "`warmup = 0`.",
        r"$\cos$ falls from 1 to -1 while its angle goes from 0 to $\pi$. So "
        r"$(1 + \cos \pi s) / 2$ falls from 1 to 0. Stretch that between the two "
        "learning rates.",
        "`lr_min + (lr_max - lr_min) * (1 + math.cos(math.pi * s)) / 2` with "
        "`s = min((step - warmup) / (total - warmup), 1)`; before that "
        "`lr_max * (step + 1) / warmup`.",
    ],
    comment=(
        "`min(..., 1)` holds the end: a cosine goes up again past $\\pi$, so without "
        "it a run that is longer than planned would end with a large learning rate. "
        "With `warmup = 0` the first branch is never taken, and nothing is divided "
        "by 0."
    ),
    remark=(
        "nnlib's CosineLR is the second phase alone. `step + 1` in the warm-up "
        "matters: a first step with the learning rate 0 would compute a gradient and "
        "throw it away."
    ),
    mistakes=[
        Mistake(
            "leaves the warm-up out",
            _plan_without_warmup,
            "The first `warmup` steps rise. The cosine begins after them.",
        ),
        Mistake(
            "warms up from 0",
            _planned(warm=lambda t, warmup, high, low: high * t / warmup),
            "At t = 0 the learning rate is 0 and the step is lost. It begins at "
            "`lr_max / warmup`: one more in the numerator.",
        ),
        Mistake(
            "warms up from lr_min",
            _planned(
                warm=lambda t, warmup, high, low: low + (high - low) * (t + 1) / warmup
            ),
            "`lr_min` is where the cosine ends. The warm-up rises in equal parts from "
            "`lr_max / warmup`.",
        ),
        Mistake(
            "warms up from lr_min, which the first step has",
            _planned(warm=lambda t, warmup, high, low: low + (high - low) * t / warmup),
            "`lr_min` is where the cosine ends. The warm-up rises in equal parts from "
            "`lr_max / warmup`.",
        ),
        Mistake(
            "holds lr_max while it should warm up",
            _planned(warm=lambda t, warmup, high, low: high),
            "The point of a warm-up is that the first steps are short. They rise from "
            "`lr_max / warmup`.",
        ),
        Mistake(
            "multiplies the warm-up by the cosine",
            _plan_of_warmup_squared,
            "The two phases follow one another: while the learning rate rises, no "
            "cosine has a part in it.",
        ),
        Mistake(
            "lets the cosine run over all steps",
            _planned(done=lambda t, warmup, total: min(t / total, 1)),
            "The cosine begins after the warm-up, at `lr_max`. Its share is "
            "`(step - warmup) / (total - warmup)`.",
        ),
        Mistake(
            "stretches the cosine beyond the end",
            _planned(done=lambda t, warmup, total: min((t - warmup) / total, 1)),
            "The cosine has `total - warmup` steps to fall, not `total`.",
        ),
        Mistake(
            "begins the cosine late",
            _planned(done=lambda t, warmup, total: min(t / (total - warmup), 1)),
            "At `step = warmup` the share is 0: subtract `warmup` above as well as "
            "below.",
        ),
        Mistake(
            "ends one step early",
            _planned(
                done=lambda t, warmup, total: min(
                    (t - warmup) / (total - warmup - 1), 1
                )
            ),
            "The share is 1 at `step = total`: divide by `total - warmup`.",
        ),
        Mistake(
            "goes up again after the end",
            _planned(done=lambda t, warmup, total: (t - warmup) / (total - warmup)),
            "Past the share 1 a cosine rises again. `min(share, 1)` holds it at "
            "`lr_min`.",
        ),
        Mistake(
            "takes a whole cosine",
            _planned(fall=lambda s: (1 + math.cos(2 * math.pi * s)) / 2),
            "From 0 to 2π a cosine falls and rises again. Half of it, to π, falls.",
        ),
        Mistake(
            "takes a quarter of a cosine",
            _planned(fall=lambda s: math.cos(math.pi * s / 2)),
            "cos falls from 1 to 0 on the way to π/2 too, but is not half-way down at "
            "s = 1/2, and is steepest at the end. Take the half, moved up by 1 and "
            "halved.",
        ),
        Mistake(
            "does not lift the cosine",
            _planned(fall=lambda s: math.cos(math.pi * s)),
            "cos goes down to -1, and a learning rate below `lr_min` is climbing. "
            "(1 + cos) / 2 goes from 1 to 0.",
        ),
        Mistake(
            "forgets to halve",
            _planned(fall=lambda s: 1 + math.cos(math.pi * s)),
            "1 + cos goes from 2 to 0. Halve it.",
        ),
        Mistake(
            "rises in place of falling",
            _planned(fall=lambda s: (1 - math.cos(math.pi * s)) / 2),
            "1 - cos goes from 0 to 2. With the plus it falls.",
        ),
        Mistake(
            "falls along a straight line",
            _planned(fall=lambda s: 1 - s),
            "The ends and the middle are right, since a line goes through them as "
            "well. Between them the cosine is slow, then fast, then slow.",
        ),
        Mistake(
            "counts in degrees",
            _planned(fall=lambda s: (1 + math.cos(180 * s)) / 2),
            "`cos` takes radians: half a turn is `math.pi`, not 180.",
        ),
        Mistake(
            "forgets π",
            _planned(fall=lambda s: (1 + math.cos(s)) / 2),
            "At the share 1 the angle has to be π, where cos is -1.",
        ),
        Mistake(
            "ends at 0",
            _planned(lowest=lambda height, high, low: high * height),
            "It falls to `lr_min`: stretch the cosine between the two learning rates.",
        ),
        Mistake(
            "adds lr_min to the whole",
            _planned(lowest=lambda height, high, low: low + high * height),
            "At the top this is `lr_max + lr_min`. The height to fall is "
            "`lr_max - lr_min`.",
        ),
        Mistake(
            "cuts off at lr_min",
            _planned(lowest=lambda height, high, low: max(low, high * height)),
            "The learning rate fell towards 0 and was cut off on the way. It falls to "
            "`lr_min` along the whole of the half cosine.",
        ),
        Mistake(
            "returns an array",
            _plan_as_torch_tensor,
            "One number goes to one step: return a float.",
        ),
        Mistake(
            "returns all steps at once",
            _plan_of_all_steps,
            "A list of the learning rates of all steps is right as a plan. Asked is "
            "the one of `step`.",
        ),
    ],
)


# ---- 5. Decay beside Adam, or within ------------------------------------------------


def adamw_step(w, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
    w = w * (1 - lr * weight_decay)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


def _adam(w, g, m, v, t, lr, beta1, beta2, eps):
    return adamw_step(w, g, m, v, t, lr, beta1, beta2, eps, 0)


def _adam_with_l2(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    return _adam(w, g + decay * w, m, v, t, lr, beta1, beta2, eps)


def _adam_with_both(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    return adamw_step(w, g + decay * w, m, v, t, lr, beta1, beta2, eps, decay)


def _adam_without_decay(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    return _adam(w, g, m, v, t, lr, beta1, beta2, eps)


def _decays_without_rate(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    return _adam(w * (1 - decay), g, m, v, t, lr, beta1, beta2, eps)


def _decays_after(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    w, m, v = _adam(w, g, m, v, t, lr, beta1, beta2, eps)
    return w * (1 - lr * decay), m, v


def _grows(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    return adamw_step(w, g, m, v, t, lr, beta1, beta2, eps, -decay)


def _decays_twice(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    return adamw_step(w, g, m, v, t, lr, beta1, beta2, eps, 2 * decay)


def _decays_by_sign(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    w_new, m, v = _adam(w, g, m, v, t, lr, beta1, beta2, eps)
    return w_new - lr * decay * np.sign(w), m, v


def _decays_within_the_division(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    w_new, m, v = _adam(w, g, m, v, t, lr, beta1, beta2, eps)
    size = np.sqrt(v / (1 - beta2**t)) + eps
    return w_new - lr * decay * w / size, m, v


def _decays_in_the_mean(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    _, m_decayed, _ = _adam(w, g + decay * w, m, v, t, lr, beta1, beta2, eps)
    _, m, v = _adam(w, g, m, v, t, lr, beta1, beta2, eps)
    size = np.sqrt(v / (1 - beta2**t)) + eps
    return w - lr * m_decayed / (1 - beta1**t) / size, m_decayed, v


def _adamw_uncorrected(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    _, m, v = _adam(w, g, m, v, t, lr, beta1, beta2, eps)
    return w * (1 - lr * decay) - lr * m / (np.sqrt(v) + eps), m, v


def _adamw_with_m_corrected(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    _, m, v = _adam(w, g, m, v, t, lr, beta1, beta2, eps)
    step = lr * m / (1 - beta1**t) / (np.sqrt(v) + eps)
    return w * (1 - lr * decay) - step, m, v


def _adamw_with_v_corrected(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    _, m, v = _adam(w, g, m, v, t, lr, beta1, beta2, eps)
    step = lr * m / (np.sqrt(v / (1 - beta2**t)) + eps)
    return w * (1 - lr * decay) - step, m, v


def _adamw_that_keeps_corrections(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    w, m, v = adamw_step(w, g, m, v, t, lr, beta1, beta2, eps, decay)
    return w, m / (1 - beta1**t), v / (1 - beta2**t)


def _adamw_with_eps_within(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    _, m, v = _adam(w, g, m, v, t, lr, beta1, beta2, eps)
    size = np.sqrt(v / (1 - beta2**t) + eps)
    return w * (1 - lr * decay) - lr * m / (1 - beta1**t) / size, m, v


def _adamw_without_root(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    _, m, v = _adam(w, g, m, v, t, lr, beta1, beta2, eps)
    step = lr * m / (1 - beta1**t) / (v / (1 - beta2**t) + eps)
    return w * (1 - lr * decay) - step, m, v


def _adamw_of_means_squared(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * m**2
    step = lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return w * (1 - lr * decay) - step, m, v


def _adamw_without_square(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * np.abs(g)
    step = lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return w * (1 - lr * decay) - step, m, v


def _adamw_with_betas_swapped(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    return adamw_step(w, g, m, v, t, lr, beta2, beta1, eps, decay)


def _adamw_of_old_memories(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    w, _, _ = adamw_step(w, g, m, v, t, lr, beta1, beta2, eps, decay)
    return w, m, v


def _adamw_uphill(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    down, m, v = _adam(w, g, m, v, t, lr, beta1, beta2, eps)
    return w * (1 - lr * decay) + (w - down), m, v


def _adamw_without_memories(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    return adamw_step(w, g, m, v, t, lr, beta1, beta2, eps, decay)[0]


def _adamw_counted_on(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    _, m, v = _adam(w, g, m, v, t, lr, beta1, beta2, eps)
    step = m / (1 - beta1 ** (t + 1)) / (np.sqrt(v / (1 - beta2 ** (t + 1))) + eps)
    return w * (1 - lr * decay) - lr * step, m, v


def _adamw_in_place(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    new = adamw_step(w, g, m, v, t, lr, beta1, beta2, eps, decay)
    for old, changed in zip((w, m, v), new, strict=True):
        old[:] = changed
    return w, m, v


def _adamw_cases() -> Sequence[Case]:
    rng = np.random.default_rng(3)

    def drawn(shape, t, lr, eps, decay, betas=(0.9, 0.99)):
        w, g, m = rng.standard_normal((3, *shape))
        v = rng.uniform(0.5, 2, shape)
        if t == 1:
            m, v = 0 * m, 0 * v
        return w, g, m, v, t, lr, *betas, eps, decay

    return [
        (
            *(np.array([1.0]), np.array([0.5]), np.array([0.0]), np.array([0.0])),
            *(1, 0.1, 0.9, 0.999, 1e-8, 0.5),
        ),
        drawn((2,), 5, 0.1, 1e-3, 0.0),
        drawn((2, 3), 7, 0.05, 1e-2, 0.3),
        drawn((4,), 1, 0.2, 1e-2, 0.1),
        (
            *(np.array([2.0, -3.0]), np.zeros(2), np.zeros(2), np.zeros(2)),
            *(3, 0.1, 0.9, 0.99, 1e-3, 0.2),
        ),
        drawn((3,), 30, 0.1, 1e-3, 0.2),
        drawn((3,), 300, 0.1, 1e-3, 0.2, (0.99, 0.999)),
    ]


ADAMW_OR_L2 = Exercise(
    id="optimizers/adamw-or-l2",
    title="Decay beside Adam, not within",
    statement=cleandoc(r"""
        Write one step of AdamW. `w`, its gradient `g`, the running mean `m` of the
        gradients and `v` of their squares are arrays of one shape; the others are
        numbers, `t` being the number of this step, from 1, and `weight_decay` the
        $\lambda$ of the text. The gradient knows nothing of the decay: $w$ shrinks by
        the factor $1 - \eta\lambda$, and from there Adam's step is taken, with
        corrected means and $\varepsilon$ outside of the root. Return the new $w$, $m$
        and $v$, uncorrected, as a tuple of new arrays.
    """),
    stub=cleandoc("""
        def adamw_step(w, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
            # w, g, m, v: arrays of one shape, and six numbers -> w, m, v
            ...
    """),
    reference=adamw_step,
    parts=["the weight w", "the mean m", "the mean of squares v"],
    cases=_adamw_cases,
    hints=[
        "Five lines: the decay, the two running means, their corrections, the step. "
        "Which of them see the weight decay?",
        r"$m \leftarrow \beta_1 m + (1 - \beta_1) g$ and "
        r"$v \leftarrow \beta_2 v + (1 - \beta_2) g^2$, with the gradient as it came.",
        "`w = w * (1 - lr * weight_decay)`, then the means, then "
        "`w - lr * m_hat / (np.sqrt(v_hat) + eps)` with `m_hat = m / (1 - beta1**t)` "
        "and `v_hat = v / (1 - beta2**t)`.",
    ],
    comment=(
        "The decay stands alone in its line, so every weight loses the same share at "
        "every step. `w = w * ...` makes a new array; `w *= ...` would write into the "
        "caller's."
    ),
    remark=(
        "One case has gradients of 0: AdamW still shrinks w by the factor 1 - ηλ. L2 "
        "within Adam would move both of its weights by about the same distance, "
        "whatever λ is and however large they are: the decay is then all the gradient "
        "there is, and Adam divides its size away."
    ),
    mistakes=[
        Mistake(
            "adds λw to the gradient",
            _adam_with_l2,
            "That is L2 within Adam: the decay passes through the division, so weights "
            "with large gradients decay less. For plain SGD it comes to the same. "
            "Shrink w itself, and leave the gradient as it is.",
        ),
        Mistake(
            "decays twice, once within the gradient",
            _adam_with_both,
            "w shrinks by itself, which is right, and λw is in the gradient as well. "
            "Leave the gradient as it is.",
        ),
        Mistake(
            "leaves the decay out",
            _adam_without_decay,
            "That is Adam. The weight shrinks by the factor 1 - ηλ before the step.",
        ),
        Mistake(
            "decays without the learning rate",
            _decays_without_rate,
            "The factor is 1 - ηλ: with a schedule the decay fades as the steps do. "
            "1 - λ would take a fixed share away, however short the steps are.",
        ),
        Mistake(
            "decays the weight after the step",
            _decays_after,
            "The step itself was shrunk as well. First the decay, from the old w, then "
            "the step: w (1 - ηλ) - η ...",
        ),
        Mistake(
            "grows by the decay",
            _grows,
            "1 + ηλ makes the weights larger. Decay is 1 - ηλ.",
        ),
        Mistake(
            "decays by 2λ",
            _decays_twice,
            "The 2 comes from the slope of λw². In AdamW no square is differentiated: "
            "the factor is 1 - ηλ.",
        ),
        Mistake(
            "decays by the sign",
            _decays_by_sign,
            "A fixed amount towards 0 is the decay of L1, the sum of magnitudes. Here "
            "each weight loses a share of itself.",
        ),
        Mistake(
            "divides the decay too",
            _decays_within_the_division,
            "λw was added to m̂, so it is divided by the root as well, and "
            "weights with large gradients decay less. That is what AdamW mends.",
        ),
        Mistake(
            "decays within the mean",
            _decays_in_the_mean,
            "λw went into m, though not into v. The running means see the gradient "
            "alone.",
        ),
        Mistake(
            "does not correct the means",
            _adamw_uncorrected,
            "m and v begin at 0 and are too small at first. The step divides them by "
            "1 - β₁^t and 1 - β₂^t.",
        ),
        Mistake(
            "corrects the mean of the gradients only",
            _adamw_with_m_corrected,
            "v begins at 0 as well: the step divides by the root of v / (1 - β₂^t). "
            "Without it the first steps are far too long.",
        ),
        Mistake(
            "corrects the mean of the squares only",
            _adamw_with_v_corrected,
            "m begins at 0 as well: the step takes m / (1 - β₁^t). Without it the "
            "first steps are far too short.",
        ),
        Mistake(
            "returns the corrected means",
            _adamw_that_keeps_corrections,
            "The weight is right. The next step needs m and v as they are, or the "
            "correction is corrected again.",
        ),
        Mistake(
            "has ε under the root",
            _adamw_with_eps_within,
            "√(v̂ + ε) is another rule, in which 1e-8 counts "
            "as 1e-4. Add ε to the root.",
        ),
        Mistake(
            "forgets the root",
            _adamw_without_root,
            "m̂ / v̂ has the unit of 1 / gradient, so the step would "
            "grow as gradients shrink. With the root the units cancel.",
        ),
        Mistake(
            "squares the mean",
            _adamw_of_means_squared,
            "v is the running mean of g², the squares of the gradients, and not of m².",
        ),
        Mistake(
            "forgets the square",
            _adamw_without_square,
            "v is the running mean of g², so that its root is a size of gradients. "
            "Without the square the root is something else.",
        ),
        Mistake(
            "swaps β₁ and β₂",
            _adamw_with_betas_swapped,
            "β₁ belongs to the mean of gradients, β₂ to that of their squares.",
        ),
        Mistake(
            "returns the old means",
            _adamw_of_old_memories,
            "The weight is right. m and v have to be returned as they are after this "
            "gradient, or the optimiser never remembers any.",
        ),
        Mistake(
            "goes uphill",
            _adamw_uphill,
            "The step is taken against the mean gradient: w - η ...",
        ),
        Mistake(
            "counts the step once more",
            _adamw_counted_on,
            "`t` is the number of this step already, 1 at the first.",
        ),
        Mistake(
            "returns the weight alone",
            _adamw_without_memories,
            "The next step needs m and v: return all three.",
        ),
        Mistake(
            "writes into its arguments",
            _adamw_in_place,
            "nnlib's optimiser owns its m and v and may. Here they are the caller's: "
            "`w = w * ...` makes a new array, `w *= ...` does not.",
        ),
    ],
)


# ---- 6. Which learning rates does it bear? ------------------------------------------


def lr_range_test(step, lr_min, lr_max, count):
    rates, losses, smallest = [], [], math.inf
    for lr in np.geomspace(lr_min, lr_max, count):
        loss = step(lr)
        if not math.isfinite(loss) or loss > 4 * smallest:
            break
        rates.append(lr)
        losses.append(loss)
        smallest = min(smallest, loss)
    best = rates[int(np.argmin(losses))]
    return np.array(rates), np.array(losses), best / 10


def _ranged(
    rates=np.geomspace,
    stops=lambda loss, losses: (
        not math.isfinite(loss) or (losses and loss > 4 * min(losses))
    ),
    suggest=lambda rates, losses: rates[int(np.argmin(losses))] / 10,
    keeps_last=False,
    calls=1,
    passed=lambda lr, i: lr,
):
    """Return the range test with another rule in one place."""

    def test(step, lr_min, lr_max, count):
        tried: list[Any] = []
        losses: list[Any] = []
        for i, lr in enumerate(rates(lr_min, lr_max, count)):
            for _ in range(calls):
                loss = step(passed(lr, i))
            stop = bool(stops(loss, losses))
            if not stop or keeps_last:
                tried.append(lr)
                losses.append(loss)
            if stop:
                break
        return np.array(tried), np.array(losses), float(suggest(tried, losses))

    return test


def _range_without_its_end(lr_min, lr_max, count):
    return np.geomspace(lr_min, lr_max, count, endpoint=False)


def _range_downwards(lr_min, lr_max, count):
    return np.geomspace(lr_max, lr_min, count)


def _steepest(rates, losses):
    if len(losses) < 2:
        return rates[0]
    return rates[int(np.argmin(np.diff(losses))) + 1]


def _range_as_lists(step, lr_min, lr_max, count):
    rates, losses, best = lr_range_test(step, lr_min, lr_max, count)
    return list(rates), list(losses), best


def _range_suggestion_alone(step, lr_min, lr_max, count):
    return lr_range_test(step, lr_min, lr_max, count)[2]


def _range_with_losses_first(step, lr_min, lr_max, count):
    rates, losses, best = lr_range_test(step, lr_min, lr_max, count)
    return losses, rates, best


def _range_cut_afterwards(step, lr_min, lr_max, count):
    # Its own run of the losses stands for the steps that were taken for nothing.
    rates = np.geomspace(lr_min, lr_max, count)
    rest = iter([step(lr) for lr in rates])
    return lr_range_test(lambda lr: next(rest), lr_min, lr_max, count)


def _range_with_a_last_step(step, lr_min, lr_max, count):
    found = lr_range_test(step, lr_min, lr_max, count)
    step(lr_max)
    return found


def _range_tested(answer, step, lr_min, lr_max, count):
    """Let a range test run, and note which learning rates it takes steps with."""
    called = []

    def noting(lr):
        called.append(float(lr))
        return step(lr)

    result = answer(noting, lr_min, lr_max, count)
    if not isinstance(result, tuple):
        return result
    if len(result) != 3:
        raise TypeError(f"the result has {len(result)} elements; expected were 3")
    return *result, _Calls(called)


class _Calls:
    """The learning rates that a range test took its steps with."""

    def __init__(self, rates: list[float]) -> None:
        self.rates = rates

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Calls)
            and len(self.rates) == len(other.rates)
            and bool(np.allclose(self.rates, other.rates, rtol=1e-9, atol=0))
        )

    def __repr__(self) -> str:
        if not self.rates:
            return "<no call of step>"
        first, last = self.rates[0], self.rates[-1]
        return f"<{len(self.rates)} calls of step, from {first:.3g} to {last:.3g}>"


class _Scripted:
    """A run whose losses are known beforehand, whatever the learning rates."""

    def __init__(self, *losses: float) -> None:
        self.losses, self.calls = losses, 0

    def __call__(self, lr: float) -> float:
        self.calls += 1
        return self.losses[min(self.calls, len(self.losses)) - 1]

    def __repr__(self) -> str:
        return f"<a run with the losses {', '.join(map(str, self.losses))}>"


class _Quadratic:
    """Plain descent on a bowl of these curvatures, from ones."""

    def __init__(self, *curvatures: float) -> None:
        self.c = np.array(curvatures)
        self.w = np.ones_like(self.c)

    def __call__(self, lr: float) -> float:
        loss = float(self.c @ self.w**2 / 2)
        self.w = self.w * (1 - lr * self.c)
        return loss

    def __repr__(self) -> str:
        return f"<plain descent on a bowl with the curvatures {self.c.tolist()}>"


LR_RANGE_TEST = Exercise(
    id="optimizers/lr-range-test",
    title="Which learning rates does it bear?",
    statement=cleandoc(r"""
        A **range test** finds a learning rate in one short run: every step takes a
        larger one than the last, until the loss explodes. `step(lr)` takes one step
        with the learning rate `lr` and returns the loss, a float. Call it once for each
        of `count` learning rates, from `lr_min` up to and including `lr_max`, each by
        the same factor larger than the one before. Stop as soon as a loss is NaN or
        infinite, or above 4 times the smallest loss so far; that loss and its learning
        rate do not count. Return the learning rates that count and their losses, two
        arrays of shape $(k)$ with $k \le$ `count`, and a tenth of the learning rate
        that had the smallest loss. `count` is 2 or more, and the first loss is finite.
    """),
    stub=cleandoc("""
        def lr_range_test(step, lr_min, lr_max, count):
            # step: from lr to a loss -> (k,), (k,), a number
            ...
    """),
    reference=lr_range_test,
    parts=[
        "the array of learning rates",
        "the array of losses",
        "the suggestion",
        "the list of the calls of `step`",
    ],
    call=_range_tested,
    cases=lambda: [
        (_Scripted(3.0, 2.0, 1.0, 2.5), 0.001, 1.0, 4),
        (_Scripted(3.0, 2.0, 1.0, 2.5, 3.9, 4.1, 0.5), 0.001, 1.0, 7),
        (_Scripted(2.0, 1.0, math.nan, 0.5), 0.01, 10.0, 4),
        (_Scripted(2.0, 1.5, math.inf, 0.5, 0.1), 0.01, 1.0, 5),
        (_Scripted(1.0, 3.9, 0.8, 2.0, 3.1, 3.3, 0.2), 0.001, 1.0, 7),
        (_Scripted(0.5, 0.3, 0.11, 0.1, 0.35, 0.6, 0.01, 5.0), 1e-4, 1.0, 8),
        (_Scripted(1.0, 0.5, 1.5, 3.0, 5.0, 0.1), 0.001, 1.0, 6),
        (_Scripted(9.0, 8.0, 7.0, 6.0, 5.0), 0.1, 1.0, 5),
        (_Scripted(2.0, 1.5, -math.inf, 0.5, 0.1), 0.01, 1.0, 5),
        # 2.0 is 4 times the smallest and no more; 1.61 is a little more.
        (_Scripted(1.0, 0.5, 2.0, 0.4, 1.61, 5.0, 0.3), 0.001, 1.0, 7),
        (_Quadratic(0.7, 13.0), 0.001, 10.0, 25),
    ],
    hints=[
        "`np.geomspace(lr_min, lr_max, count)` has equal factors between its numbers. "
        "Then a loop with a `break`: what has to be asked of each loss before it is "
        "kept?",
        "`math.isfinite(loss)` is False of NaN and of infinities. NaN > x is False for "
        "every x, so a comparison alone lets it through.",
        "With `smallest = math.inf` at first: "
        "`if not math.isfinite(loss) or loss > 4 * smallest: break`, and only after "
        "that append. `np.argmin(losses)` is the place of the smallest.",
    ],
    comment=(
        "`math.inf` is the smallest loss before there is any: nothing is above 4 times "
        "that. The loss is compared with the smallest so far and not with the first: a "
        "run that has come far down has room to explode long before it is back where "
        "it began."
    ),
    remark=(
        "In a network the loss mostly goes on falling until shortly before the steps "
        "explode, and a tenth of that learning rate lies well on the safe side, since "
        "the curvature changes as training goes on. Smith (2017) introduced the test."
    ),
    mistakes=[
        Mistake(
            "goes up in equal differences",
            _ranged(rates=np.linspace),
            "With equal differences nearly all learning rates are large, and one "
            "alone is below a tenth of the last. Equal factors visit every power of "
            "ten as often: `np.geomspace`.",
        ),
        Mistake(
            "leaves lr_max out",
            _ranged(rates=_range_without_its_end),
            "There are `count - 1` factors between `count` numbers, and the last of "
            "them is `lr_max`.",
        ),
        Mistake(
            "goes down",
            _ranged(rates=_range_downwards),
            "The first step with the largest learning rate would ruin the weights for "
            "all that follow. Begin with the smallest.",
        ),
        Mistake(
            "never stops",
            _ranged(
                stops=lambda loss, losses: False,
                suggest=lambda rates, losses: rates[int(np.nanargmin(losses))] / 10,
            ),
            "After an explosion the weights are far away, and no later loss says "
            "anything about its learning rate.",
        ),
        Mistake(
            "never stops, and takes NaN for the smallest",
            _ranged(stops=lambda loss, losses: False),
            "After an explosion no later loss says anything, and `np.argmin` takes NaN "
            "for the smallest. Stop before the loss is kept.",
        ),
        Mistake(
            "lets NaN and infinity through",
            _ranged(
                stops=lambda loss, losses: losses and loss > 4 * min(losses),
                suggest=lambda rates, losses: rates[int(np.argmin(losses))] / 10,
            ),
            "NaN is above nothing and below nothing: every comparison with it is "
            "False. Ask `math.isfinite(loss)` first.",
        ),
        Mistake(
            "stops at NaN only",
            _ranged(stops=lambda loss, losses: not math.isfinite(loss)),
            "Between the first rise and infinity lie many steps, whose losses tell "
            "nothing. Stop above 4 times the smallest.",
        ),
        Mistake(
            "goes on stepping after the explosion",
            _range_cut_afterwards,
            "What it returns is right, but `step` was called for all learning rates, "
            "and the arrays were cut afterwards. Steps cost time: `break` at the first "
            "loss that explodes.",
        ),
        Mistake(
            "takes one more step at the end",
            _range_with_a_last_step,
            "What it returns is right, but `step` was called once more after that.",
        ),
        Mistake(
            "lets minus infinity through",
            _ranged(
                stops=lambda loss, losses: (
                    math.isnan(loss) or (losses and loss > 4 * min(losses))
                )
            ),
            "`math.isnan` is False of infinities, and one below 0 is above nothing. "
            "`math.isfinite(loss)` asks for all three.",
        ),
        Mistake(
            "stops at 4 times the smallest",
            _ranged(
                stops=lambda loss, losses: (
                    not math.isfinite(loss) or (losses and loss >= 4 * min(losses))
                )
            ),
            "A loss of exactly 4 times the smallest still counts: `>`, and not `>=`.",
        ),
        Mistake(
            "stops late",
            _ranged(
                stops=lambda loss, losses: (
                    not math.isfinite(loss) or (losses and loss > 4.5 * min(losses))
                )
            ),
            "It stops, but bears a loss that is above 4 times the smallest.",
        ),
        Mistake(
            "compares with the first loss",
            _ranged(
                stops=lambda loss, losses: (
                    not math.isfinite(loss) or (losses and loss > 4 * losses[0])
                )
            ),
            "The loss has fallen since. Compare with the smallest so far.",
        ),
        Mistake(
            "compares with the loss before",
            _ranged(
                stops=lambda loss, losses: (
                    not math.isfinite(loss) or (losses and loss > 4 * losses[-1])
                )
            ),
            "A loss that doubles at every step is never 4 times the one before. "
            "Compare with the smallest so far.",
        ),
        Mistake(
            "stops at the first rise",
            _ranged(
                stops=lambda loss, losses: (
                    not math.isfinite(loss) or (losses and loss > min(losses))
                )
            ),
            "Losses of mini-batches go up and down all the time. Only one above 4 "
            "times the smallest is an explosion.",
        ),
        Mistake(
            "stops at losses above 4",
            _ranged(stops=lambda loss, losses: not math.isfinite(loss) or loss > 4),
            "4 is a factor: 4 times the smallest loss so far.",
        ),
        Mistake(
            "keeps the loss that stopped it",
            _ranged(
                keeps_last=True,
                suggest=lambda rates, losses: rates[int(np.nanargmin(losses))] / 10,
            ),
            "The loss that explodes, and its learning rate, do not count: ask first, "
            "append then.",
        ),
        Mistake(
            "keeps the loss that stopped it, and takes NaN for the smallest",
            _ranged(keeps_last=True),
            "The loss that explodes does not count: ask first, append then.",
        ),
        Mistake(
            "suggests the learning rate of the smallest loss",
            _ranged(suggest=lambda rates, losses: rates[int(np.argmin(losses))]),
            "That one is close to the verge. A tenth of it is asked for.",
        ),
        Mistake(
            "suggests a tenth of the loss",
            _ranged(suggest=lambda rates, losses: min(losses) / 10),
            "The smallest loss tells where to look; what is asked for is a tenth of "
            "the learning rate there.",
        ),
        Mistake(
            "suggests a tenth of the largest that counts",
            _ranged(suggest=lambda rates, losses: rates[-1] / 10),
            "The loss had been rising before it stopped. Take the learning rate where "
            "it was smallest.",
        ),
        Mistake(
            "suggests where the loss fell most",
            _ranged(suggest=_steepest),
            "Another rule in use takes the learning rate at which the loss falls "
            "fastest. Asked is a tenth of that with the smallest loss.",
        ),
        Mistake(
            "takes two steps with each",
            _ranged(calls=2),
            "Every call of `step` changes the weights. Call it once, and keep what it "
            "returns in a variable.",
        ),
        Mistake(
            "steps with the number of the step",
            _ranged(passed=lambda lr, i: float(i)),
            "`step` expects the learning rate, not its place in the list.",
        ),
        Mistake(
            "steps with lr_min throughout",
            lambda step, lr_min, lr_max, count: _ranged(
                passed=lambda lr, i: lr_min,
            )(step, lr_min, lr_max, count),
            "The learning rate has to reach `step`: `step(lr)` with the one whose turn "
            "it is.",
        ),
        Mistake(
            "returns lists",
            _range_as_lists,
            "The numbers are right: `np.array(...)` makes arrays of the lists.",
        ),
        Mistake(
            "returns the suggestion alone",
            _range_suggestion_alone,
            "The two arrays are asked for as well: one looks at the curve before one "
            "trusts the number.",
        ),
        Mistake(
            "has losses and learning rates the wrong way round",
            _range_with_losses_first,
            "First the learning rates, then the losses.",
        ),
    ],
)


# ---- 7. Down a ravine ---------------------------------------------------------------

#: The steps that may be taken, and the share of the loss that may be left.
BUDGET, SHARE = 80, 1e-6
#: How long a run is watched to say how slow it is.
WATCHED = 2000


def ravine_optimizer(params):
    flat, steep = 1.0, 10.0  # the roots of the smallest and the largest curvature
    lr = (2 / (steep + flat)) ** 2
    momentum = ((steep - flat) / (steep + flat)) ** 2
    return SGD(params, lr, momentum)


class _Descended:
    """How an optimiser fared in a ravine; two are alike if they fail alike."""

    def __init__(self, failing: str = "", detail: str = "", steps: int = 0) -> None:
        self.failing, self.detail, self.steps = failing, detail, steps

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descended) and self.failing == other.failing

    def __repr__(self) -> str:
        return f"at the bottom after {self.steps} steps" if self.steps else "not there"


def _descend(answer: Any, curvatures: Array, axes: Array, bottom: Array) -> _Descended:
    """Let an optimiser go down from 0, and say how it fared."""
    p = Parameter(np.zeros_like(bottom))
    optimizer = answer([p])
    if optimizer is None:
        return _Descended("It returned None. Is there a `return`?")
    if isinstance(optimizer, type):
        return _Descended("It returned a class, and not an optimiser made of it.")
    if not callable(getattr(optimizer, "step", None)):
        return _Descended("What it returned is no optimiser that can take a `step()`.")
    hessian = axes @ np.diag(curvatures) @ axes.T
    begin, far = math.nan, 0  # far: the last step at which too much was left
    for t in range(WATCHED + 1):
        away = p.data - bottom
        loss = float(away @ hessian @ away / 2)
        if t == 0:
            begin = loss
        if not loss <= 1e12 * begin:
            detail = f"After {t} steps the loss is above 1e12 times that of the start."
            return _Descended(_kind_of(optimizer, "explodes"), detail)
        if loss > SHARE * begin:
            far = t
        elif t == BUDGET:
            return _Descended(steps=far + 1)
        elif t > BUDGET:
            detail = f"It took {t} steps, and {BUDGET} were allowed."
            return _Descended(_kind_of(optimizer, "is slow"), detail, t)
        p.grad[:] = hessian @ away
        optimizer.step()
    if not p.data.any():
        return _Descended("The parameters never moved.")
    left = f"After {WATCHED} steps {loss / begin:.1e} of the loss is left."
    if getattr(optimizer, "weight_decay", 0):
        return _Descended("With its weight decay it never gets there.", left)
    return _Descended(_kind_of(optimizer, "does not get there"), left)


def _kind_of(optimizer: Any, what: str) -> str:
    """What an optimiser does, told apart by what it is."""
    if isinstance(optimizer, Adam):
        return "Adam does not get there in time."
    if type(optimizer) is not SGD:
        return f"The optimiser {what}."
    if not optimizer.momentum:
        name = "Plain descent"
    elif optimizer.nesterov:
        name = "Nesterov's momentum"
    else:
        name = "Momentum"
    if what == "explodes" or name != "Momentum":
        return f"{name} {what if what == 'explodes' else 'is too slow'}."
    # Where it swings the root of μ is the factor of each step, whatever the rate.
    root = optimizer.momentum**0.5
    if 100 * optimizer.lr > (1 + root) ** 2:
        return "Momentum jumps from side to side for too long."
    return f"Momentum {'swings for too long' if root > 0.91 else 'creeps'}."


def _ravine_cases() -> Sequence[Case]:
    rng = np.random.default_rng(4)
    cases: list[Case] = []
    for curvatures in ([1.0, 100.0], [1.0, 3.0, 10.0, 100.0], [1.0, 40.0, 70.0, 100.0]):
        size = len(curvatures)
        axes = np.linalg.qr(rng.standard_normal((size, size)))[0]
        # As far along every axis as its curvature makes worth a loss of 1/2.
        bottom = axes @ (rng.choice([-1, 1], size) / np.sqrt(curvatures))
        cases.append((np.array(curvatures), axes, bottom))
    return cases


def _ravine_complaint(found: _Descended, *case: Any) -> str | None:
    return f"{found.failing} {found.detail}".strip() or None


RAVINE = Exercise(
    id="optimizers/ravine",
    title="Down a ravine in the fewest steps",
    statement=cleandoc(r"""
        A loss has a ravine: its curvatures lie between 1, along the floor, and 100,
        across it, and its axes are turned so that no weight lies along one of them.
        Where the bottom is you do not know. Return an optimiser with which, after 80
        steps, at most a millionth of the loss of the start is left. Plain descent with
        its best learning rate, $2 / (1 + 100)$, takes more than 300.

        `params` is a list with one `Parameter`, float64 of shape $(n)$. Before each
        call of your optimiser's `step()`, `param.grad` is set to the gradient where
        `param.data` is. Take one of nnlib's, with numbers of your choice, or write your
        own, an object with a method `step`. The check goes down three ravines, with $n$
        from 2 to 4. Many answers are right.
    """),
    stub=cleandoc("""
        def ravine_optimizer(params):
            # params: a list with one Parameter, (n,) -> an optimiser
            ...
    """),
    reference=ravine_optimizer,
    cases=_ravine_cases,
    call=_descend,
    judge=_ravine_complaint,
    hints=[
        "In 80 steps an error has to shrink by 1000, the root of a million: the factor "
        r"per step is at most $1000^{-1/80} = 0.917$. What does momentum shrink it by "
        "where it swings?",
        r"Where it swings the factor is $\sqrt{\mu}$ in every direction, so "
        r"$\mu \le 0.84$, with some room for the beginning. Both curvatures have to "
        r"swing: $\eta c$ lies between $(1 - \sqrt{\mu})^2$ and $(1 + \sqrt{\mu})^2$ "
        "for $c = 1$ and for $c = 100$.",
        r"Let both ends touch: $\eta = (1 - \sqrt\mu)^2$ and "
        r"$100\,\eta = (1 + \sqrt\mu)^2$. Divide one by the other and take the root: "
        r"$1 + \sqrt\mu = 10\,(1 - \sqrt\mu)$, so $\sqrt\mu = 9/11$. "
        "`return SGD(params, lr, momentum)`.",
    ],
    comment=(
        r"The two conditions $\sqrt{\eta} = 1 - \sqrt{\mu}$ and "
        r"$10 \sqrt{\eta} = 1 + \sqrt{\mu}$ add up to $\sqrt{\eta} = 2/11$, and give "
        r"$\sqrt{\mu} = 9/11$: $\eta = 0.033$ and $\mu = 0.67$. A larger momentum "
        "shrinks less at each step; a smaller one no longer swings along the floor, "
        "and creeps there."
    ),
    remark=(
        "The number of steps goes with the root of the condition number, 10 here, "
        "where plain descent goes with 100. The solution takes 56 steps at most. Its "
        "numbers are the best in the long run; in this short one η = 0.03 and μ = 0.7 "
        "take 41. Nesterov proved that in many dimensions no method which sees "
        "gradients alone does much better; with as few as n weights, one that solves "
        "for the curvatures is done after about n steps."
    ),
    mistakes=[
        Mistake(
            "takes plain descent",
            lambda params: SGD(params, lr=2 / 101),
            "With one learning rate and no momentum the best factor per step is "
            "99/101: 346 steps for a factor of 1000. Across the ravine more is not "
            "allowed, and along it less is too little. Give it a velocity.",
        ),
        Mistake(
            "lets plain descent explode",
            lambda params: SGD(params, lr=0.021),
            "Plain descent bears learning rates below 2/100, since the largest "
            "curvature is 100, and even the best takes more than 300 steps.",
        ),
        Mistake(
            "lets momentum explode",
            lambda params: SGD(params, lr=0.04, momentum=0.9),
            "With momentum ηc may be up to 2(1 + μ), so η stays below (1 + μ)/50, as "
            "the largest curvature is 100.",
        ),
        Mistake(
            "takes too much momentum",
            lambda params: SGD(params, lr=0.02, momentum=0.9),
            "Where it swings each step shrinks the error by √μ, whatever the learning "
            "rate: √0.9 is 0.949, and 0.949^80 is 0.015. Less momentum forgets sooner.",
        ),
        Mistake(
            "comes too near the edge",
            lambda params: SGD(params, lr=0.0349, momentum=0.75),
            "With 100η close to 2(1 + μ) it jumps across the ravine at nearly full "
            "height. Hold it below (1 + √μ)², where the jumping begins.",
        ),
        Mistake(
            "creeps along the floor",
            lambda params: SGD(params, lr=0.01, momentum=0.5),
            "The momentum is low enough and the steps along the floor are too short: "
            "there the curvature is 1 and the effective learning rate η / (1 - μ). "
            "Raise both, and hold 100η below 2(1 + μ).",
        ),
        Mistake(
            "takes Nesterov's momentum with other numbers than it needs",
            lambda params: SGD(params, lr=0.01, momentum=0.9, nesterov=True),
            "Nesterov's momentum works here too, but bears smaller learning rates, at "
            "most about 4/3 of 1/100. Near 0.013 with a momentum near 0.8 it comes "
            "down in time.",
        ),
        Mistake(
            "takes the usual numbers for Nesterov's momentum",
            lambda params: SGD(params, lr=0.01, momentum=9 / 11, nesterov=True),
            "η = 1/100 and a momentum of 9/11 are a good rule, and a little too slow "
            "here. A learning rate near 0.013, closer to the limit of about 4/3 of "
            "1/100, with a momentum near 0.8 comes down in time.",
        ),
        Mistake(
            "lets Nesterov's momentum explode",
            lambda params: SGD(params, lr=0.02, momentum=0.9, nesterov=True),
            "Looking ahead costs room: Nesterov's momentum bears ηc up to "
            "2(1 + μ)/(1 + 2μ), near 4/3, and not 2(1 + μ).",
        ),
        Mistake(
            "takes Adam as it comes",
            lambda params: Adam(params, lr=0.1),
            "Adam makes the coordinates alike, but here the ravine lies across them. "
            "Its β₁ is a momentum of 0.9, and with β₂ = 0.999 it divides by gradients "
            "of long ago, so it swings about the bottom for hundreds of steps. Let it "
            "forget sooner (β₁ = 0.75, β₂ = 0.99, η = 0.2 will do), or take a velocity "
            "of the right momentum.",
        ),
        Mistake(
            "adds weight decay",
            lambda params: SGD(
                params, ravine_optimizer(params).lr, 0.67, weight_decay=0.1
            ),
            "Weight decay pulls towards 0, so the resting place is no longer the "
            "bottom of this loss.",
        ),
        Mistake(
            "returns the class",
            lambda params: SGD,
            "Make an optimiser of the class: `SGD(params, lr=..., momentum=...)`.",
        ),
        Mistake(
            "returns nothing",
            lambda params: [SGD(params, lr=0.03, momentum=0.67), None][1],
            "The optimiser was made and not returned.",
        ),
        Mistake(
            "works on other parameters",
            lambda params: SGD([Parameter(p.data.copy()) for p in params], lr=0.03),
            "The optimiser has to change the `params` that it is given, and not copies "
            "of them.",
        ),
    ],
)


EXERCISES = [
    MOMENTUM_BY_HAND,
    CLIPPING,
    BIAS_CORRECTION,
    COSINE_SCHEDULE,
    ADAMW_OR_L2,
    LR_RANGE_TEST,
    RAVINE,
]


# ---- Quick questions ---------------------------------------------------------------


def _moved(
    make: Callable[[list[Parameter]], Optimizer],
    gradient: float,
    *,
    start: float = 0.0,
    steps: int = 1,
) -> tuple[float, float]:
    """The place after some steps along one gradient, and the length of the last."""
    p = Parameter(np.array([start]))
    optimizer, before = make([p]), start
    for _ in range(steps):
        before = float(p.data[0])
        p.grad[...] = gradient
        optimizer.step()
    return float(p.data[0]), abs(float(p.data[0]) - before)


def _largest_stable_rate() -> float:
    """The learning rate from which on descent on 8 θ² / 2 no longer shrinks."""

    def shrinks(lr: float) -> bool:
        p = Parameter(np.array([1.0]))
        optimizer = SGD([p], lr)
        for _ in range(50):
            p.grad[...] = 8 * p.data
            optimizer.step()
        return bool(abs(p.data[0]) < 1)

    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if shrinks(middle) else (low, middle)
    return low


def _price_of_a_ravine() -> str:
    steps = []
    for kappa in (10, 1000):
        curvatures = np.array([1.0, kappa])
        p, count = Parameter(np.ones(2)), 0
        optimizer = SGD([p], 2 / (1 + kappa))
        while np.linalg.norm(p.data) > 1e-3 * np.sqrt(2):
            p.grad[...] = curvatures * p.data
            optimizer.step()
            count += 1
        steps.append(count)
    choices = {10: _TENFOLD, 100: _HUNDREDFOLD, 1: _NO_DIFFERENCE}
    return choices[min(choices, key=lambda c: abs(c - steps[1] / steps[0]))]


def _noise_at_four_times_the_batch() -> float:
    """Of all batches of four out of five gradients, against all of one."""
    gradients = np.random.default_rng(0).normal(size=5)
    of_four = np.mean([gradients[list(b)] for b in product(range(5), repeat=4)], axis=1)
    return float(of_four.std() / gradients.std())


def _first_of_clipped() -> float:
    first, second = Parameter(np.zeros(2)), Parameter(np.zeros(2))
    first.grad[...] = [3, 4]
    second.grad[...] = [0, 12]
    clip_grad_norm([first, second], 1.3)
    return float(first.grad[0])


_TENFOLD = "About ten times as many"
_HUNDREDFOLD = "About a hundred times as many"
_NO_DIFFERENCE = "As many"

QUESTIONS: list[Question] = [
    Question(
        id="optimizers/largest-step",
        text=(
            "The loss is L = 4 θ², and gradient descent starts at θ = 1. Below which "
            "learning rate does it arrive?"
        ),
        answer=0.25,
        within=1e-6,
        why="The second derivative of 4 θ² is c = 8, and the limit is 2/c = 2/8.",
        wrong={
            0.5: "That is 2/4. The curvature is the second derivative of 4 θ², and "
            "not the 4 that stands in it.",
            0.125: "That is 1/c, the best learning rate: with it one step arrives. "
            "The limit lies twice as far.",
            0.0625: "That is half of the best learning rate, 1/c = 1/8.",
            8: "That is the curvature c. The limit is 2/c.",
        },
        otherwise="What is the second derivative c of 4 θ²? The limit is 2/c.",
        computed=_largest_stable_rate,
    ),
    Question(
        id="optimizers/price-of-a-ravine",
        text=(
            "Of two ravines one has the condition number 10, the other 1000. Plain "
            "gradient descent has the best learning rate for each. How many steps "
            "does the second need, compared with the first?"
        ),
        choices=[_NO_DIFFERENCE, _TENFOLD, _HUNDREDFOLD],
        answer=_HUNDREDFOLD,
        why="The number of steps grows in proportion to κ, and κ is 100 times larger.",
        wrong={
            _NO_DIFFERENCE: "The best learning rate is bounded by the steep direction, "
            "so the flat one waits the longer the more the two differ.",
            _TENFOLD: "That is the root of 100, what momentum makes of it. Plain "
            "descent pays κ itself.",
        },
        computed=_price_of_a_ravine,
    ),
    Question(
        id="optimizers/noise-of-a-batch",
        text=(
            "A batch grows from 16 to 64 samples, drawn from millions. By which factor "
            "is the typical error of the gradient, the root of the mean of its squared "
            "length, multiplied?"
        ),
        answer=0.5,
        within=1e-6,
        why="The squared error is S/B, a quarter; its root is a half.",
        wrong={
            0.25: "That is the factor of the squared error, S/B. The question is about "
            "its root.",
            1: "More samples average the noise away, though slowly: the root of S/B.",
            2: "The error shrinks. It is the root of S/B.",
            4: "That is the factor of the work.",
        },
        otherwise="The squared error is S/B. What does four times B do to its root?",
        computed=_noise_at_four_times_the_batch,
    ),
    Question(
        id="optimizers/speed-of-momentum",
        text=(
            "The gradient is 2 at every step, the learning rate 0.01 and the momentum "
            "0.9. How long are the steps in the end?"
        ),
        answer=0.2,
        within=1e-4,
        why="The velocity tends to 2 / (1 - 0.9) = 20, and a step is 0.01 of it.",
        wrong={
            0.02: "That is the first step, 0.01 · 2. Later ones have the velocity of "
            "all gradients before.",
            0.018: "That is 0.9 · 0.02, what one step hands on to the next. All of "
            "them add up.",
            0.002: "That is a mean of gradients with the factor 1 - μ in front, as "
            "Adam has it, times 0.1 once more. The velocity is a sum.",
            0.038: "That is the second step, 0.02 + 0.9 · 0.02. It goes on growing.",
            20: "That is the velocity. The step is 0.01 times as long.",
        },
        otherwise="To what does v = μ v + g tend if g is always 2? The step is lr v.",
        computed=lambda: _moved(lambda ps: SGD(ps, 0.01, momentum=0.9), 2.0, steps=300)[
            1
        ],
    ),
    Question(
        id="optimizers/first-step-of-adam",
        text=(
            "The first gradient that a weight gets is 50. How long is Adam's first "
            "step, with the learning rate 0.001?"
        ),
        answer=0.001,
        within=1e-6,
        why="m̂ = 50 and the root of v̂ is 50 too: their ratio is 1.",
        wrong={
            0.05: "That is lr · 50, plain gradient descent. Adam divides by the "
            "gradient's usual size, which is 50.",
            0.00316: "That is without the bias correction: 0.1 · 50, divided by the "
            "root of 0.001 · 50².",
            0.0001: "There m was left uncorrected: 0.1 · 50. Divided by 1 - 0.9 it is "
            "50.",
            0.005: "That is lr · 0.1 · 50: neither corrected nor divided by the size.",
        },
        otherwise="After one step m̂ is the gradient, and v̂ its square.",
        computed=lambda: _moved(lambda ps: Adam(ps, 0.001), 50.0)[1],
    ),
    Question(
        id="optimizers/decay-alone",
        text=(
            "A weight is 10 and its gradient 0. AdamW takes its first step, with the "
            "learning rate 0.01 and the weight decay 0.5. What is the weight then?"
        ),
        answer=9.95,
        within=1e-4,
        why="It shrinks by the factor 1 - 0.01 · 0.5 = 0.995; the step itself is 0.",
        wrong={
            9.99: "That is Adam with λw in the gradient: its first step is 0.01 long, "
            "whatever λ is. AdamW shrinks by 1 - lr · λ.",
            5: "There the decay is not multiplied by the learning rate: it is "
            "1 - lr · λ.",
            9.5: "That is a factor of 0.95. lr · λ is 0.01 · 0.5 = 0.005.",
            10: "A gradient of 0 makes no step, but the weight decays all the same.",
            9.94: "The decay gives 9.95. A step of 0.01 on top would need a gradient.",
        },
        otherwise="By which factor does a weight shrink at each step of AdamW?",
        computed=lambda: _moved(
            lambda ps: AdamW(ps, 0.01, weight_decay=0.5), 0.0, start=10.0
        )[0],
    ),
    Question(
        id="optimizers/clipped-together",
        text=(
            "A network has two parameters, with the gradients [3, 4] and [0, 12]. They "
            "are clipped to the norm 1.3. What becomes of the 3?"
        ),
        answer=0.3,
        within=1e-4,
        why="All four have the norm 13, so each number is multiplied by a tenth.",
        wrong={
            0.78: "That is [3, 4] clipped by itself, from its own norm 5. The norm is "
            "that of all gradients together.",
            1.3: "That is each number cut off at 1.3, which would turn the gradient.",
            3: "The norm of all together is 13, more than 1.3.",
            0.1: "That is the factor. The 3 is multiplied by it.",
        },
        otherwise="How long is (3, 4, 0, 12), and by which factor is that too long?",
        computed=_first_of_clipped,
    ),
]
