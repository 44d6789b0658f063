"""Exercises and quick questions of the chapter on losses."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Solutions and mistakes are written as students write them, without annotations.

import itertools
import math
from collections.abc import Sequence
from functools import partial
from inspect import cleandoc
from typing import Any

import numpy as np

from nnlib._types import Array
from nnlib.exercises._bank import Case, Exercise, Mistake, Question
from nnlib.exercises._show import labelled
from nnlib.functional import log_softmax, sigmoid, softmax, softplus
from nnlib.gradcheck import numerical_gradient
from nnlib.losses import CrossEntropyLoss, HuberLoss, Loss, MAELoss, MSELoss

__all__ = ["EXERCISES", "QUESTIONS"]


# ---- 1. Mean squared error ---------------------------------------------------------


def mse(prediction, target):
    error = prediction - target
    return float(np.mean(error**2)), 2 * error / error.size


def _of_error(loss, gradient):
    """Return an answer that makes both of the error alone."""

    def answer(prediction, target):
        error = prediction - target
        return loss(error), gradient(error)

    return answer


def _mean_of_squares(e):
    return float(np.mean(e**2))


def _right_gradient(e):
    return 2 * e / e.size


def _mse_rooted(prediction, target):
    error = prediction - target
    root = np.sqrt(np.mean(error**2))
    return float(root), error / (error.size * float(root))


def _mse_alone(prediction, target):
    return mse(prediction, target)[0]


def _mse_in_place(prediction, target):
    prediction -= target
    return float(np.mean(prediction**2)), 2 * prediction / prediction.size


def _mse_in_float64(prediction, target):
    return mse(prediction.astype(np.float64), target.astype(np.float64))


def _pairs(seed: int, *more: Any) -> Sequence[Case]:
    """Return predictions and targets of several shapes; `more` ends every case."""
    rng = np.random.default_rng(seed)

    def drawn(*shape: int) -> tuple[Array, Array]:
        values = 2 * rng.standard_normal(shape), rng.standard_normal(shape)
        return values[0].round(1), values[1].round(1)

    prediction, target = drawn(2, 2)
    return [
        (np.array([[2.0, -1.0]]), np.array([[0.5, 1.0]]), *more),
        (np.array([[1.5], [-1.0], [4.0]]), np.array([[1.0], [1.0], [1.0]]), *more),
        (*drawn(3, 2), *more),
        (*drawn(4, 3), *more),
        (prediction.astype(np.float32), target.astype(np.float32), *more),
    ]


MSE = Exercise(
    id="losses/mse",
    title="Mean squared error, and its gradient",
    statement=cleandoc(r"""
        Write the mean squared error and its gradient with respect to the prediction.
        `prediction` and `target` are arrays of floats of one shape $(B, O)$. Return
        two things: the loss, one number, which is the mean over all $B \cdot O$
        elements, and the gradient, an array of the shape and the dtype of
        `prediction`.
    """),
    stub=cleandoc("""
        def mse(prediction, target):
            # both (B, O) -> the loss, a float, and the gradient, (B, O)
            ...
    """),
    reference=mse,
    parts=("the loss", "the gradient"),
    cases=lambda: _pairs(1),
    tolerance=1e-6,
    hints=[
        "Both are made of the error, `prediction - target`. Give it a name.",
        "One element of the prediction stands in one term of the mean only: "
        r"$\frac{1}{BO} e^2$. Differentiate that by $e$.",
        "The loss is `np.mean(error**2)`, and the gradient of one element is "
        "`2 * error / error.size`.",
    ],
    comment=(
        "`error.size` is $B \\cdot O$, whatever the shape. The mean is taken here and "
        "nowhere else: what the layers get from this gradient holds the factor "
        "already."
    ),
    remark=(
        "The gradient is proportional to the error, and so is the pull: a prediction "
        "that is wrong by 10 pulls a hundred times as hard as one that is wrong by "
        "0.1. That is fine as long as the target is right."
    ),
    mistakes=[
        Mistake(
            "sums instead of averaging",
            _of_error(lambda e: float((e**2).sum()), lambda e: 2 * e),
            "This is the sum of the squares. It grows with the batch, and so do its "
            "gradients: the learning rate that fits 10 samples is ten times too large "
            "for 100. Divide both by the number of elements.",
        ),
        Mistake(
            "has the gradient of the sum",
            _of_error(_mean_of_squares, lambda e: 2 * e),
            "The loss is a mean, and the gradient is that of a sum: the factor 1/(BO) "
            "is missing. A gradient check shows it as a ratio of exactly B·O, unless "
            "there is one element only.",
        ),
        Mistake(
            "averages over the samples only",
            _of_error(lambda e: float((e**2).sum() / len(e)), lambda e: 2 * e / len(e)),
            "It divides by B, the length of the batch, and sums over the outputs of a "
            "sample. With one output nothing shows. The mean is over all elements: "
            "divide by `error.size`.",
        ),
        Mistake(
            "divides the gradient by the batch size only",
            _of_error(_mean_of_squares, lambda e: 2 * e / len(e)),
            "The loss averages over B·O elements, the gradient divides by B: it is O "
            "times too large. Forward and backward have to divide by the same number, "
            "`error.size`.",
        ),
        Mistake(
            "leaves the 2 out of the gradient",
            _of_error(_mean_of_squares, lambda e: e / e.size),
            "The derivative of e² is 2e. Some define the loss with a ½ so that the 2 "
            "cancels; then the ½ has to stand in the loss as well.",
        ),
        Mistake(
            "halves the loss",
            _of_error(lambda e: float(np.mean(e**2) / 2), lambda e: e / e.size),
            "Half the mean squared error with a gradient that fits it: consistent, and "
            "another loss. The mean of the squares has no ½.",
        ),
        Mistake(
            "has the sign of the error the wrong way round",
            _of_error(_mean_of_squares, lambda e: -2 * e / e.size),
            "Where the prediction is too large, the loss grows with it, so the "
            "gradient is positive: it is 2(prediction - target)/(BO). With the other "
            "sign a step downhill climbs.",
        ),
        Mistake(
            "squares the mean",
            _of_error(
                lambda e: float(np.mean(e)) ** 2,
                lambda e: 2 * np.mean(e) * np.ones_like(e) / e.size,
            ),
            "The mean is taken before the square, so errors of opposite sign cancel: "
            "+5 and -5 would cost nothing. Square first, then average.",
        ),
        Mistake(
            "takes the root",
            _mse_rooted,
            "This is the root mean squared error, which has the unit of the target and "
            "is good to report. The loss asked for is the mean of the squares itself.",
        ),
        Mistake(
            "takes magnitudes instead of squares",
            _of_error(lambda e: float(np.abs(e).mean()), lambda e: np.sign(e) / e.size),
            "This is the mean absolute error, MAE. It pulls towards the median; the "
            "mean squared error pulls towards the mean.",
        ),
        Mistake(
            "gives one loss for each sample",
            _of_error(lambda e: np.mean(e**2, axis=1), _right_gradient),
            "A loss is one number for the whole batch, since a gradient needs one "
            "number to be the gradient of. Leave out the axis.",
        ),
        Mistake(
            "averages the gradient",
            _of_error(_mean_of_squares, lambda e: float(np.mean(2 * e))),
            "A gradient has the shape of what it belongs to: one number for every "
            "element of the prediction, 2e/(BO). Only the loss is summed up.",
        ),
        Mistake(
            "divides the gradient twice",
            _of_error(_mean_of_squares, lambda e: 2 * e / e.size**2),
            "The factor 1/(BO) is there twice, as it is if one takes a mean of what "
            "was divided already. It stands in front of the sum once, and so it does "
            "in the derivative.",
        ),
        Mistake(
            "returns the loss alone",
            _mse_alone,
            "Return both, separated by a comma: `return loss, gradient`.",
        ),
        Mistake(
            "writes into the prediction",
            _mse_in_place,
            "`prediction -= target` changes the caller's array, which the layer before "
            "still needs. `error = prediction - target` makes a new one.",
        ),
        Mistake(
            "turns float32 into float64",
            _mse_in_float64,
            "The values are right, but float32 came in and a float64 gradient went "
            "out. From here on every layer would take twice the memory.",
        ),
    ],
)


# ---- 2. The best constant ----------------------------------------------------------


def best_constants(y, delta):
    low, high = y.min(), y.max()
    for _ in range(100):
        middle = (low + high) / 2
        if np.clip(middle - y, -delta, delta).sum() < 0:
            low = middle  # the pull upwards is stronger
        else:
            high = middle
    return float(y.mean()), float(np.median(y)), float((low + high) / 2)


def _constants(mean=None, median=None, huber=None):
    """Return the right answer with other functions of (y, delta) for some parts."""

    def answer(y, delta):
        found = best_constants(y, delta)
        given = (mean, median, huber)
        return tuple(
            right if other is None else float(other(y, delta))
            for right, other in zip(found, given, strict=True)
        )

    return answer


def _constants_swapped(y, delta):
    mean, median, huber = best_constants(y, delta)
    return median, mean, huber


def _most_frequent(y, delta):
    values, counts = np.unique(y, return_counts=True)
    return values[counts.argmax()]


def _huber_without_outliers(y, delta):
    return y[np.abs(y - np.median(y)) <= delta].mean()


def _huber_in_one_step(y, delta):
    median = np.median(y)
    return np.clip(y, median - delta, median + delta).mean()


def _huber_too_early(y, delta):
    c = y.mean()
    for _ in range(100):
        c -= 0.01 * np.clip(c - y, -delta, delta).mean()
    return c


def _huber_on_a_grid(y, delta, count=20):
    grid = np.linspace(y.min(), y.max(), count)
    size = np.abs(grid[:, None] - y)
    q = np.minimum(size, delta)
    return grid[np.mean(q * (size - q / 2), axis=1).argmin()]


def _fine_grid(count):
    """Return the mistake of a search on so many candidates."""
    return Mistake(
        f"searches on a grid of {count}",
        _constants(huber=partial(_huber_on_a_grid, count=count)),
        "Close, but six digits are asked, and a grid cannot reach them: each further "
        "digit takes ten times as many candidates. Halving an interval takes four "
        "steps for it.",
    )


def _huber_from_0_to_100(y, delta):
    return np.clip(best_constants(y, delta)[2], 0, 100)  # where halving ends up


def _constants_without_sign(y, delta):
    mean, median, huber = best_constants(y, delta)
    return abs(mean), abs(median), abs(huber)


def _huber_of_a_gradient_too_small(y, delta):
    c = y.mean()
    for _ in range(1000):
        e = c - y
        c -= 0.1 * np.where(np.abs(e) <= delta, e, np.sign(e)).mean()
    return c


def _least_losses(y, delta):
    mean, median, huber = best_constants(y, delta)
    size = np.abs(y - huber)
    q = np.minimum(size, delta)
    return (
        float(np.mean((y - mean) ** 2)),
        float(np.mean(np.abs(y - median))),
        float(np.mean(q * (size - q / 2))),
    )


def _constants_by_sorting(y, delta):
    y.sort()
    mean, _, huber = best_constants(y, delta)
    return mean, float(y[len(y) // 2]), huber


def _constant_cases() -> Sequence[Case]:
    rng = np.random.default_rng(2)
    return [
        (np.array([9.0, 0.0, 0.0]), 1.0),
        (np.array([2.0, 4.0, 3.0, 100.0, 1.0]), 1.5),
        (np.array([7.0, 1.0, -2.0, 1.0, 30.0, 0.0, -4.0]), 2.5),
        (np.array([3.0, -1.0, 2.0, 2.5, 8.0]), 50.0),
        (10 * rng.standard_normal(11), 0.3),
        (np.array([9.0, 0.0, 0.0]) - 50, 1.0),
        (np.array([2.0, 4.0, 3.0, 100.0, 1.0]) + 1000, 1.5),
    ]


MEAN_AND_MEDIAN = Exercise(
    id="losses/mean-and-median",
    title="The best constant",
    statement=cleandoc(r"""
        A network that may only answer one and the same number $c$ for every sample:
        which $c$ has the least loss? Given the targets `y`, $N$ floats of shape
        $(N,)$ with $N$ odd, and the $\delta$ of Huber, return a tuple of three
        floats: the $c$ with the least mean squared error, the one with the least mean
        absolute error, and the one with the least Huber loss, right to six digits.
        The first two have formulas. The third has none: look for the place where the
        mean gradient changes its sign.
    """),
    stub=cleandoc("""
        def best_constants(y, delta):
            # y: (N,) floats, N odd; delta: a float -> three floats: for MSE, MAE, Huber
            ...
    """),
    reference=best_constants,
    parts=("the constant for MSE", "the constant for MAE", "the constant for Huber"),
    cases=_constant_cases,
    tolerance=1e-6,
    hints=[
        "At the best $c$ the pulls of all samples balance: "
        r"$\sum_i \ell'(c - y_i) = 0$. "
        "For the squared error a pull is as long as its error; for the absolute error "
        "each sample pulls with the same force, to its side.",
        "The first is the mean, the second the median. For Huber the pull of a sample "
        r"is $c - y_i$, held between $-\delta$ and $\delta$: `np.clip`.",
        "The sum of the pulls grows with c. It is not positive at `y.min()`, and not "
        "negative at `y.max()`. Halve the interval between them a hundred times, and "
        "keep the half in which the sign changes.",
    ],
    comment=(
        "Halving the interval finds the zero of any function that rises, to the last "
        "digit in some 50 steps. Gradient descent on $c$ gets there as well, if it is "
        "given enough steps: with $\\eta = 1$ it is "
        r"$c \leftarrow \operatorname{mean}(\operatorname{clip}(y, c - \delta, "
        r"c + \delta))$, repeated."
    ),
    remark=(
        "Huber's constant is the mean of what remains when every target is pulled in "
        "to within δ of that constant. A large δ gives the mean, a small one the "
        "median, so δ says how far a target may lie before you stop believing it."
    ),
    mistakes=[
        Mistake(
            "swaps mean and median",
            _constants_swapped,
            "Squares make a far target count more than a near one, so the squared "
            "error goes with the mean, which follows an outlier. The absolute error "
            "goes with the median, which does not.",
        ),
        Mistake(
            "takes the middle element without sorting",
            _constants(median=lambda y, delta: y[len(y) // 2]),
            "`y[len(y) // 2]` is the middle in the order in which the targets came. "
            "The median is the middle of the sorted targets: `np.median`.",
        ),
        Mistake(
            "is one off in the sorted targets",
            _constants(median=lambda y, delta: np.sort(y)[len(y) // 2 - 1]),
            "Of N sorted targets, N odd, the middle one has the index N // 2, counted "
            "from 0: (N - 1)/2 lie below it and as many above.",
        ),
        Mistake(
            "takes the middle of the range for MSE",
            _constants(mean=lambda y, delta: (y.min() + y.max()) / 2),
            "Half of smallest plus largest makes the largest error least. The squared "
            "errors of all targets together are least at the mean.",
        ),
        Mistake(
            "takes the most frequent value for MAE",
            _constants(median=_most_frequent),
            "The most frequent value, the mode, is right most often, and may be far "
            "off otherwise. The absolute error also asks how far: it balances the "
            "number of targets on either side, which is the median.",
        ),
        Mistake(
            "takes the mean for Huber",
            _constants(huber=lambda y, delta: y.mean()),
            "The mean is right only where no error is beyond δ. Beyond it a target "
            "pulls with δ and no more: hold every c - y between -δ and δ before you "
            "add up.",
        ),
        Mistake(
            "takes the median for Huber",
            _constants(huber=lambda y, delta: np.median(y)),
            "Huber comes near the median as δ goes to 0. Within δ of c the targets "
            "pull in proportion to their error, and that moves the balance.",
        ),
        Mistake(
            "takes half of mean plus median for Huber",
            _constants(huber=lambda y, delta: (y.mean() + np.median(y)) / 2),
            "It lies between the two, but where depends on δ. Find the c at which the "
            "clipped errors add up to 0.",
        ),
        Mistake(
            "leaves out the outliers",
            _constants(huber=_huber_without_outliers),
            "A target beyond δ is not ignored by Huber: it pulls with the force δ, to "
            "its side. Hold its error at ±δ rather than dropping it.",
        ),
        Mistake(
            "pulls the outliers in once",
            _constants(huber=_huber_in_one_step),
            "This clips the targets to within δ of the median and takes the mean. But "
            "they have to be within δ of the answer itself, which has moved. Repeat "
            "with the new centre until it stands still.",
        ),
        Mistake(
            "holds the targets within delta",
            _constants(huber=lambda y, delta: np.clip(y, -delta, delta).mean()),
            "What is held between -δ and δ is the error c - y, not the target y. Add "
            "10 to all targets, and the best constant has to move by 10 as well.",
        ),
        Mistake(
            "takes 1 for delta",
            _constants(huber=lambda y, delta: best_constants(y, 1.0)[2]),
            "The δ of the call is not used: 1 stands in its place.",
        ),
        Mistake(
            "pulls with 1 beyond delta",
            _constants(huber=_huber_of_a_gradient_too_small),
            "Beyond δ the slope is ±δ and not ±1. The line goes on with the slope that "
            "the parabola has where they meet.",
        ),
        Mistake(
            "stops before it arrives",
            _constants(huber=_huber_too_early),
            "The steps go the right way and end too early. Step until c stands still: "
            "with a larger rate, more steps, or halve an interval instead.",
        ),
        Mistake(
            "searches on a coarse grid",
            _constants(huber=_huber_on_a_grid),
            "The best of 20 candidates is right to a twentieth of the range. Halving "
            "an interval 20 times is as much work, and right to a millionth.",
        ),
        *map(_fine_grid, [100, 101, 1000, 1001, 10_000, 10_001]),
        Mistake(
            "searches in a fixed interval",
            _constants(huber=_huber_from_0_to_100),
            "The targets may all be negative, or lie near 1000, and then the constant "
            "is outside the interval that is searched. `y.min()` and `y.max()` bracket "
            "it, whatever the targets.",
        ),
        Mistake(
            "drops the sign",
            _constants_without_sign,
            "Targets may be negative, and then the best constants are negative too. "
            "Only the errors have their signs taken off, and only in the loss.",
        ),
        Mistake(
            "returns the least losses",
            _least_losses,
            "These are the values of the losses at the best constants. Asked for are "
            "the constants.",
        ),
        Mistake(
            "sorts the caller's targets",
            _constants_by_sorting,
            "`y.sort()` sorts the array that was passed, and whoever passed it finds "
            "the targets no longer beside their samples. `np.sort(y)` makes a copy.",
        ),
    ],
)


# ---- 3. Huber ----------------------------------------------------------------------


def huber(prediction, target, delta):
    error = prediction - target
    size = np.abs(error)
    loss = np.where(size <= delta, error**2 / 2, delta * (size - delta / 2))
    return float(np.mean(loss)), np.clip(error, -delta, delta) / error.size


def _huber(near=None, far=None, gradient=None):
    """Return the right answer with other functions of (error, delta) for some parts."""
    near = near or (lambda e, delta: e**2 / 2)
    far = far or (lambda e, delta: delta * (np.abs(e) - delta / 2))
    gradient = gradient or (lambda e, delta: np.clip(e, -delta, delta) / e.size)

    def answer(prediction, target, delta):
        e = prediction - target
        loss = np.where(np.abs(e) <= delta, near(e, delta), far(e, delta))
        return float(np.mean(loss)), gradient(e, delta)

    return answer


def _huber_without_magnitude(prediction, target, delta):
    e = prediction - target
    inside = e <= delta
    loss = np.where(inside, e**2 / 2, delta * (e - delta / 2))
    return float(np.mean(loss)), np.where(inside, e, delta).astype(e.dtype) / e.size


def _huber_summed(prediction, target, delta):
    loss, gradient = huber(prediction, target, delta)
    return loss * gradient.size, gradient * gradient.size


def _huber_smooth_l1(prediction, target, delta):
    loss, gradient = huber(prediction, target, delta)
    return loss / delta, gradient / delta


def _huber_other_way(prediction, target, delta):
    e = prediction - target
    size = np.abs(e)
    loss = np.where(size > delta, e**2 / 2, delta * (size - delta / 2))
    outside = np.where(size > delta, e, delta * np.sign(e))
    return float(np.mean(loss)), outside / e.size


def _huber_at_one(prediction, target, delta):
    return huber(prediction, target, 1.0)


def _huber_in_place(prediction, target, delta):
    prediction -= target
    return huber(prediction, np.zeros_like(prediction), delta)


def _huber_in_float64(prediction, target, delta):
    return huber(prediction.astype(np.float64), target.astype(np.float64), delta)


def _huber_cases() -> Sequence[Case]:
    rng = np.random.default_rng(3)
    e = (4 * rng.standard_normal((4, 3))).round(1)
    y = rng.standard_normal((4, 3)).round(1)
    return [
        (np.array([[3.0, 0.5]]), np.array([[0.0, 0.0]]), 2.0),
        (np.array([[-4.0], [0.25]]), np.array([[0.0], [0.5]]), 0.5),
        (np.array([[1.0, -1.0], [0.3, 6.0]]), np.array([[0.5, 2.0], [0.1, 1.0]]), 1.5),
        (e + y, y, 1.0),
        ((e + y)[:2, :2].astype(np.float32), y[:2, :2].astype(np.float32), 2.5),
    ]


HUBER = Exercise(
    id="losses/huber",
    title="Huber: round near 0, straight far out",
    statement=cleandoc(r"""
        Write the Huber loss and its gradient with respect to the prediction. For an
        error $e$ it is $\tfrac12 e^2$ where $|e| \le \delta$, and beyond that a
        straight line which goes on from there with the same value and the same slope.
        Work out that line. `prediction` and `target` have one shape $(B, O)$, `delta`
        is a float above 0. Return the loss, one number, the mean over all elements;
        and the gradient, an array of the shape and the dtype of `prediction`.
    """),
    stub=cleandoc("""
        def huber(prediction, target, delta):
            # both (B, O), delta > 0 -> the loss, a float, and the gradient, (B, O)
            ...
    """),
    reference=huber,
    parts=("the loss", "the gradient"),
    cases=_huber_cases,
    tolerance=1e-6,
    hints=[
        r"At $e = \delta$ the parabola has the value $\tfrac12 \delta^2$ and the slope "
        r"$\delta$. Which line through that point has that slope?",
        r"Where $e > \delta$ it is $\tfrac12 \delta^2 + \delta (e - \delta) = \delta "
        r"(e - \tfrac12 \delta)$. To the left of $-\delta$ it is the mirror image, so "
        "write $|e|$.",
        r"The slope is $e$ in the middle, $\delta$ to the right and $-\delta$ to the "
        "left: that is `np.clip(error, -delta, delta)`. Then divide by the number of "
        "elements.",
    ],
    comment=(
        "The gradient needs no case by case: clipping the error is the derivative of "
        "the two pieces at once. The loss can do without the two cases as well: with "
        "`q = np.minimum(size, delta)` it is `q * (size - q / 2)`, which is how nnlib "
        "writes it."
    ),
    remark=(
        "The gradient of the squared error, clipped: with Huber no single sample "
        "pulls harder than δ/(BO). One typing error in the targets no longer steers "
        "the fit."
    ),
    mistakes=[
        Mistake(
            "lets the line begin at 0",
            _huber(far=lambda e, delta: delta * np.abs(e)),
            "δ|e| has the right slope, and at |e| = δ it is δ², twice as high as the "
            "parabola there: the loss jumps. The line has to begin at ½δ²: it is "
            "δ(|e| - ½δ).",
        ),
        Mistake(
            "has the magnitude itself far out",
            _huber(
                far=lambda e, delta: np.abs(e),
                gradient=lambda e, delta: (
                    np.where(np.abs(e) <= delta, e, np.sign(e)) / e.size
                ),
            ),
            "The piece |e| has the slope 1, but the parabola arrives at δ with the "
            "slope δ. Only for δ = 1 would they fit, and the height would not.",
        ),
        Mistake(
            "takes a half instead of half of delta",
            _huber(far=lambda e, delta: delta * (np.abs(e) - 0.5)),
            "δ(|e| - ½) meets the parabola for δ = 1 only. At |e| = δ it has to be "
            "½δ²: take away δ/2 inside the bracket.",
        ),
        Mistake(
            "takes the whole delta off",
            _huber(far=lambda e, delta: delta * (np.abs(e) - delta)),
            "δ(|e| - δ) is 0 at |e| = δ, where the parabola is ½δ²: the loss falls "
            "there by a jump. The line has to begin at the parabola's height.",
        ),
        Mistake(
            "leaves out the half of the parabola",
            _huber(
                near=lambda e, delta: e**2,
                gradient=lambda e, delta: (
                    np.where(np.abs(e) <= delta, 2 * e, delta * np.sign(e)) / e.size
                ),
            ),
            "With e² in the middle the slope arrives at 2δ where the line goes on with "
            "δ, and the heights differ as well. The ½ is what makes the two pieces "
            "meet.",
        ),
        Mistake(
            "has the slope 1 far out",
            _huber(
                gradient=lambda e, delta: (
                    np.where(np.abs(e) <= delta, e, np.sign(e)) / e.size
                )
            ),
            "Beyond δ the loss is δ(|e| - ½δ), and its derivative is ±δ. With ±1 the "
            "gradient is that of another line, and jumps at δ.",
        ),
        Mistake(
            "has no gradient far out",
            _huber(
                gradient=lambda e, delta: np.where(np.abs(e) <= delta, e, 0) / e.size
            ),
            "A gradient of 0 beyond δ would say that the loss is flat there, but it "
            "goes on rising with the slope δ. Far samples pull less than in the "
            "squared error; they do not stop pulling.",
        ),
        Mistake(
            "does not clip the gradient",
            _huber(gradient=lambda e, delta: e / e.size),
            "This is the gradient of ½e² everywhere. Beyond δ the loss is a line, so "
            "its slope stays at ±δ.",
        ),
        Mistake(
            "loses the side of the error",
            _huber(
                gradient=lambda e, delta: (
                    np.where(np.abs(e) <= delta, e, np.full_like(e, delta)) / e.size
                )
            ),
            "Left of -δ the loss falls as the prediction grows: its slope is -δ there, "
            "and not δ. The clipped error has the right sign on both sides.",
        ),
        Mistake(
            "compares the error without its magnitude",
            _huber_without_magnitude,
            "`error <= delta` is true for every negative error, however large, so the "
            "left half is a parabola to the end. Compare `np.abs(error)`.",
        ),
        Mistake(
            "has the two pieces the wrong way round",
            _huber_other_way,
            "The parabola belongs where |e| is at most δ, the line beyond. Here far "
            "errors count with their squares, and near ones pull with full force.",
        ),
        Mistake(
            "divides by delta",
            _huber_smooth_l1,
            "This is Huber divided by δ, which PyTorch calls smooth L1: slope 1 far "
            "out, curvature 1/δ near 0. A good loss, and another one: Huber has the "
            "slope δ far out, and ½e² near 0.",
        ),
        Mistake(
            "takes 1 for delta",
            _huber_at_one,
            "The δ of the call is not used: 1 stands in its place.",
        ),
        Mistake(
            "leaves 1/(BO) out of the gradient",
            _huber(gradient=lambda e, delta: np.clip(e, -delta, delta)),
            "The loss is a mean over all elements, so each element's slope counts one "
            "part in B·O: divide the clipped error by `error.size`.",
        ),
        Mistake(
            "divides the gradient by the batch size only",
            _huber(gradient=lambda e, delta: np.clip(e, -delta, delta) / len(e)),
            "The loss averages over B·O elements, the gradient divides by B: it is O "
            "times too large. With one output nothing shows.",
        ),
        Mistake(
            "sums instead of averaging",
            _huber_summed,
            "Loss and gradient are those of the sum. Divide both by the number of "
            "elements.",
        ),
        Mistake(
            "has the sign of the error the wrong way round",
            _huber(gradient=lambda e, delta: -np.clip(e, -delta, delta) / e.size),
            "Where the prediction is too large, the loss grows with it, so the "
            "gradient is positive. The error is prediction minus target.",
        ),
        Mistake(
            "writes into the prediction",
            _huber_in_place,
            "`prediction -= target` changes the caller's array. `error = prediction - "
            "target` makes a new one.",
        ),
        Mistake(
            "turns float32 into float64",
            _huber_in_float64,
            "The values are right, but float32 came in and a float64 gradient went "
            "out. `np.clip(error, -delta, delta)` keeps the dtype of the error.",
        ),
    ],
)


# ---- 4. Binary cross-entropy from logits -------------------------------------------


def bce_with_logits(z, y):
    loss = np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))
    return float(np.mean(loss)), (sigmoid(z) - y) / z.size


def _bce(loss=None, gradient=None):
    """Return the right answer with another loss per element, or another gradient."""
    loss = loss or (lambda z, y: softplus(z) - y * z)
    gradient = gradient or (lambda z, y: (sigmoid(z) - y) / z.size)

    def answer(z, y):
        return float(np.mean(loss(z, y))), gradient(z, y)

    return answer


def _bce_of_p(p, y):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def _bce_held_at_100(z, y):
    p = sigmoid(z)
    with np.errstate(divide="ignore"):
        log_p = np.maximum(np.log(p), -100)
        log_not_p = np.maximum(np.log(1 - p), -100)
    return -(y * log_p + (1 - y) * log_not_p)


def _bce_clipped_logits(bound):
    """Return the right loss and gradient of logits held at a bound."""

    def answer(z, y):
        return bce_with_logits(np.clip(z, -bound, bound), y)

    return answer


def _bce_overflowing_gradient(z, y):
    return (1 / (1 + np.exp(-z)) - y) / z.size


def _bce_through_the_sigmoid(z, y):
    p = np.clip(sigmoid(z), 1e-7, 1 - 1e-7)
    return (p - y) / (p * (1 - p)) / z.size


def _bce_summed(z, y):
    loss, gradient = bce_with_logits(z, y)
    return loss * z.size, gradient * z.size


def _bce_without_nan(z, y):
    with np.errstate(all="ignore"):
        loss = _bce_of_p(1 / (1 + np.exp(-z)), y)
    return np.where(np.isfinite(loss), loss, np.abs(z) * np.abs((z > 0) - y))


def _bce_in_float64(z, y):
    return bce_with_logits(z.astype(np.float64), y.astype(np.float64))


def _bce_cases() -> Sequence[Case]:
    rng = np.random.default_rng(4)
    z, y = 3 * rng.standard_normal((4, 2)), rng.integers(0, 2, (4, 2)) * 1.0
    return [
        (np.array([[2.0]]), np.array([[1.0]])),
        (np.array([[-1.0, 0.5]]), np.array([[1.0, 0.0]])),
        (np.array([[-1000.0], [40.0]]), np.array([[1.0], [0.0]])),
        (np.array([[1e4], [-1e4]]), np.array([[0.0], [1.0]])),
        (np.array([[1000.0], [-1000.0]]), np.array([[1.0], [0.0]])),
        (np.array([[0.3, -2.0], [4.0, 0.0]]), np.array([[0.25, 0.5], [0.9, 0.1]])),
        (z, y),
        (z.astype(np.float32), y.astype(np.float32)),
        (np.array([[-200.0, 95.0]], np.float32), np.array([[1.0, 0.0]], np.float32)),
        (np.array([[15.0]], np.float32), np.array([[0.0]], np.float32)),
        (np.array([[34.0], [-34.0]]), np.array([[0.0], [1.0]])),
        (np.array([[1e6], [-1e6]]), np.array([[0.0], [1.0]])),
    ]


BCE_FROM_LOGITS = Exercise(
    id="losses/bce-from-logits",
    title="Binary cross-entropy from logits",
    statement=cleandoc(r"""
        Write the binary cross-entropy straight from the logits, and its gradient with
        respect to them. `z` holds logits and `y` targets between 0 and 1 (most often
        0 or 1); both are floats of one shape $(B, O)$. With $p = \sigma(z)$ the loss
        of one element is $-y \ln p - (1 - y) \ln(1 - p)$. It has to be right at
        $z = \pm 10^4$, without a bound on anything and without a warning. Return the
        loss, one number, the mean over all elements; and the gradient, an array of
        the shape and the dtype of `z`. nnlib's `sigmoid` and `softplus` may be used.
    """),
    stub=cleandoc("""
        def bce_with_logits(z, y):
            # both (B, O) -> the loss, a float, and the gradient, (B, O)
            ...
    """),
    reference=bce_with_logits,
    parts=("the loss", "the gradient"),
    cases=_bce_cases,
    tolerance=1e-6,
    hints=[
        "Take the logarithms on paper, before the computer takes an exponential: what "
        r"are $-\ln \sigma(z)$ and $-\ln(1 - \sigma(z))$?",
        r"They are $\operatorname{softplus}(-z)$ and $\operatorname{softplus}(z)$, and "
        "the first is the second less $z$. So the loss of an element is "
        r"$\operatorname{softplus}(z) - y z$.",
        r"The slope of softplus is $\sigma$. The gradient of one element is therefore "
        r"$(\sigma(z) - y)$, divided by the number of elements.",
    ],
    comment=(
        r"$\ln(1 + e^z)$ is written as $\max(z, 0) + \ln(1 + e^{-|z|})$, which is what "
        "nnlib's `softplus` does: the exponential is at most 1. The probability is "
        "never computed for the loss, and so it can never be rounded to 0 or 1."
    ),
    remark=(
        "σ(z) - y is an error, as in the squared loss: what was said less what was "
        "true. The slope σ(1 - σ), which fades where σ is sure of itself, has "
        "cancelled. That is why a classifier that is sure and wrong still learns."
    ),
    mistakes=[
        Mistake(
            "takes logarithms of the probability",
            _bce(lambda z, y: _bce_of_p(sigmoid(z), y)),
            "σ(-1000) underflows to 0, and σ(40) rounds to 1, so one of the two "
            "logarithms is that of 0. Join σ and the logarithm on paper first: "
            "-ln σ(z) = softplus(-z).",
        ),
        Mistake(
            "puts a number in the place of NaN",
            _bce(_bce_without_nan),
            "Where the logarithm is infinite or NaN, |z| on the wrong side is right. "
            "But 1 - σ(z) has lost its digits long before it is 0: at z = 34 one or "
            "two are left, in float32 already at 15. Join σ and the logarithm on "
            "paper: -ln(1 - σ(z)) = softplus(z).",
        ),
        Mistake(
            "adds 1e-9 inside the logarithms",
            _bce(
                lambda z, y: (
                    -(
                        y * np.log(sigmoid(z) + 1e-9)
                        + (1 - y) * np.log(1 - sigmoid(z) + 1e-9)
                    )
                )
            ),
            "No loss is ever above 20.72 that way, while the gradient still is that of "
            "the true one. The 1e-9 hides the logarithm of 0; it does not give its "
            "value back.",
        ),
        Mistake(
            "clips the probability",
            _bce(lambda z, y: _bce_of_p(np.clip(sigmoid(z), 1e-7, 1 - 1e-7), y)),
            "Between the bounds it is right, and beyond them the loss stands at 16.12, "
            "whatever the logit. A function that is flat there has the gradient 0, and "
            "σ(z) - y is not.",
        ),
        Mistake(
            "clips the logits",
            _bce_clipped_logits(1e4),
            "Beyond the bound the loss stands still, whatever the logit, and so "
            "forward is flat where σ(z) - y is not 0. softplus needs no bound: it is "
            "max(z, 0) + ln(1 + exp(-|z|)), and at a million it gives a million.",
        ),
        Mistake(
            "holds the logarithm at -100",
            _bce(_bce_held_at_100),
            "This is what a loss of probabilities has to do, nnlib's `BCELoss` and "
            "PyTorch's alike: at a logit of -1000 it gives 100. From the logits 1000 "
            "can be computed.",
        ),
        Mistake(
            "takes the exponential of z",
            _bce(lambda z, y: np.log(1 + np.exp(z)) - y * z),
            "The formula is right, but `np.exp(z)` overflows above 709 (above 88 in "
            "float32). Take the large part out: ln(1 + exp(z)) = max(z, 0) + "
            "ln(1 + exp(-|z|)).",
        ),
        Mistake(
            "overflows on the way",
            _bce(gradient=_bce_overflowing_gradient),
            "The values are right, and an exponential on the way is not: 1 / (1 + "
            "exp(-z)) ends well only because 1 / inf is 0, and `np.where` computes "
            "both of its branches in full before it chooses. Take the exponential of "
            "-|z|, as nnlib's `sigmoid` and `softplus` do.",
        ),
        Mistake(
            "leaves out the target's part",
            _bce(lambda z, y: softplus(z)),
            "softplus(z) is the loss of the answer no, -ln(1 - σ(z)). For the answer "
            "yes it is less by z: subtract y z.",
        ),
        Mistake(
            "has the answers the wrong way round",
            _bce(lambda z, y: softplus(z) - (1 - y) * z),
            "This is the loss for the target 1 - y. A check: a large logit and the "
            "target 1 have to cost next to nothing.",
        ),
        Mistake(
            "adds the target's part",
            _bce(lambda z, y: softplus(z) + y * z),
            "-ln σ(z) = softplus(-z) = softplus(z) - z: the z is subtracted. With a "
            "plus a sure and right answer costs twice its logit.",
        ),
        Mistake(
            "takes the targets for -1 and 1",
            _bce(lambda z, y: softplus(-y * z)),
            "softplus(-y z) is the same loss for targets of -1 and 1. Here they are 0 "
            "and 1, and for 0 it gives ln 2 whatever the logit.",
        ),
        Mistake(
            "knows only 0 and 1",
            _bce(lambda z, y: np.where(y == 1, softplus(-z), softplus(z))),
            "Right for targets of 0 and 1. But a target may lie between them, such as "
            "0.25: then both logarithms count, y of the one and 1 - y of the other.",
        ),
        Mistake(
            "knows only -1 and 1",
            _bce(lambda z, y: softplus(-(2 * y - 1) * z)),
            "softplus(-t z) with t = 2y - 1 holds for y of 0 or 1 only. A target may "
            "lie between them, such as 0.25: then both logarithms count, y of the one "
            "and 1 - y of the other.",
        ),
        Mistake(
            "forgets the answer no",
            _bce(lambda z, y: y * softplus(-z)),
            "-y ln p alone costs nothing where the target is 0, so to answer yes to "
            "everything would be perfect. The other half is (1 - y) softplus(z).",
        ),
        Mistake(
            "multiplies by the slope of the sigmoid",
            _bce(
                gradient=lambda z, y: (
                    (sigmoid(z) - y) * sigmoid(z) * (1 - sigmoid(z)) / z.size
                )
            ),
            "σ(z) - y is the gradient with respect to the logit already. σ(1 - σ) has "
            "cancelled against the 1/p and 1/(1 - p) of the logarithms; with it here, "
            "an answer that is sure and wrong learns nothing.",
        ),
        Mistake(
            "has the gradient by the probability",
            _bce(gradient=_bce_through_the_sigmoid),
            "(p - y) / (p(1 - p)) is the gradient with respect to p. On the way to the "
            "logit it is multiplied by p(1 - p), and p - y remains.",
        ),
        Mistake(
            "leaves 1/(BO) out of the gradient",
            _bce(gradient=lambda z, y: sigmoid(z) - y),
            "The loss is a mean over all elements, so each counts one part in B·O: "
            "divide σ(z) - y by `z.size`.",
        ),
        Mistake(
            "divides the gradient by the batch size only",
            _bce(gradient=lambda z, y: (sigmoid(z) - y) / len(z)),
            "The loss averages over B·O elements, the gradient divides by B: it is O "
            "times too large. With one output nothing shows, and most yes-or-no "
            "networks have one.",
        ),
        Mistake(
            "has the sign of the gradient the wrong way round",
            _bce(gradient=lambda z, y: (y - sigmoid(z)) / z.size),
            "Where the target is 1 the loss falls as the logit grows, so the gradient "
            "is negative: σ(z) - y.",
        ),
        Mistake(
            "sums instead of averaging",
            _bce_summed,
            "Loss and gradient are those of the sum. Divide both by the number of "
            "elements.",
        ),
        Mistake(
            "turns float32 into float64",
            _bce_in_float64,
            "The values are right, but float32 came in and a float64 gradient went "
            "out. From here on every layer would take twice the memory.",
        ),
    ],
)


# ---- 5. Cross-entropy --------------------------------------------------------------


def cross_entropy(logits, labels):
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    gradient = np.exp(log_p)
    gradient[rows, labels] -= 1
    return float(0 - log_p[rows, labels].mean()), gradient / len(labels)


def _log_of(logits: Array) -> Array:
    """Return the logarithms of the softmax of every row."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _ce(log_p=_log_of, loss=None, gradient=None):
    """Return the right answer with other functions of log p and of the labels."""
    loss = loss or (lambda log_p, labels: -log_p[np.arange(len(labels)), labels].mean())
    gradient = gradient or (lambda p, hot: (p - hot) / len(p))

    def answer(logits, labels):
        hot = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
        given = gradient(np.exp(_log_of(logits)), hot)
        return float(loss(log_p(logits), labels)), given

    return answer


def _ce_without_shift(logits):
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def _ce_naive(logits, labels):
    rows = np.arange(len(labels))
    e = np.exp(logits)
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    return float(loss), p / len(labels)


def _ce_one_maximum(logits):
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _ce_maximum_of_columns(logits):
    shifted = logits - logits.max(axis=0)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _ce_lse_subtracted(logits):
    top = logits.max(axis=1, keepdims=True)
    return logits - (top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True)))


def _ce_throughout(log_p):
    """Return an answer whose gradient too is made of what it takes for log p."""

    def answer(logits, labels):
        rows, found = np.arange(len(labels)), log_p(logits)
        gradient = np.exp(found)
        gradient[rows, labels] -= 1
        return float(-found[rows, labels].mean()), gradient / len(labels)

    return answer


def _ce_divided(log_p, maximum):
    """Return an answer whose gradient comes from exponentials over their sum."""

    def answer(logits, labels):
        _, gradient = _ce_naive(logits - maximum(logits), labels)
        return float(-log_p(logits)[np.arange(len(labels)), labels].mean()), gradient

    return answer


def _ce_one_maximum_naive(logits, labels):
    return _ce_naive(logits - logits.max(), labels)


def _ce_all_labels(logits, labels):
    log_p = _log_of(logits)
    gradient = np.exp(log_p)
    gradient[:, labels] -= 1
    return float(-log_p[:, labels].mean()), gradient / len(labels)


def _ce_columns(logits):
    shifted = logits - logits.max(axis=0, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))


def _ce_all_pairs(log_p, labels):
    return -log_p[:, labels].mean()


def _ce_of_probabilities(logits, labels):
    return cross_entropy(softmax(logits), labels)


def _ce_in_place(logits, labels):
    logits -= logits.max(axis=1, keepdims=True)
    return cross_entropy(logits, labels)


def _ce_summed(logits, labels):
    loss, gradient = cross_entropy(logits, labels)
    return loss * len(labels), gradient * len(labels)


def _ce_in_float64(logits, labels):
    loss, gradient = cross_entropy(logits, labels)
    return loss, gradient.astype(np.float64)


def _ce_in_bits(logits):
    return _log_of(logits) / math.log(2)


def _pinched(eps):
    """Return the mistake of adding so much to the probability."""
    top = -math.log(eps)
    return Mistake(
        f"adds {eps:.0e} inside the logarithm".replace("e-0", "e-"),
        _ce(log_p=lambda z: np.log(softmax(z) + z.dtype.type(eps))),
        f"No loss is ever above {top:.2f} that way: 1000 reads as {top:.2f}. The "
        "gradient p - y that stands beside it is that of the true loss, so the two no "
        "longer belong together.",
    )


def _held(eps):
    """Return the mistake of holding the probability at so much or above."""
    return Mistake(
        f"holds the probability at {eps:.0e}".replace("e-0", "e-"),
        _ce(log_p=lambda z: np.log(np.maximum(softmax(z), z.dtype.type(eps)))),
        f"Beyond the bound the loss is flat, at {-math.log(eps):.2f}, while p - y is "
        "not 0 there. Nothing has to be clipped if the logarithm is taken on paper.",
    )


def _labelled_logits(seed: int) -> Sequence[Case]:
    """Return logits and labels of several shapes."""
    rng = np.random.default_rng(seed)
    drawn = 2 * rng.standard_normal((5, 4)), rng.integers(0, 4, 5)
    return [
        (np.array([[1.0, 2.0, 0.5]]), np.array([1])),
        (np.array([[0.0, 1.0], [2.0, -1.0]]), np.array([0, 0])),
        drawn,
        (drawn[0].astype(np.float32), drawn[1]),
    ]


def _ce_cases() -> Sequence[Case]:
    return [
        *_labelled_logits(5),
        (np.array([[1000.0, 0.0]]), np.array([0])),
        (np.array([[1000.0, 0.0]]), np.array([1])),
        (np.array([[17.0, 0.0]]), np.array([1])),
        (np.array([[30.0, 0.0, 0.0]]), np.array([1])),
        (np.array([[1e4, 0.0, 9e3], [-1e4, -2e4, 3.0]]), np.array([2, 0])),
        (np.array([[900.0, 901.0], [-900.0, -899.0]]), np.array([0, 1])),
        (np.array([[100.0, 0.0], [1.0, 2.0]], np.float32), np.array([1, 0])),
        (np.array([[9999.0, 10_000.0]], np.float32), np.array([0])),
    ]


CROSS_ENTROPY = Exercise(
    id="losses/cross-entropy",
    title="Cross-entropy at logits of 1000",
    statement=cleandoc(r"""
        Write the cross-entropy of logits against integer labels, and its gradient
        with respect to the logits. `logits` are floats of shape $(B, K)$, float64 or
        float32, any finite numbers up to $\pm 10^4$; `labels` are integers of shape
        $(B,)$, from 0 to $K - 1$. The loss is the mean over the $B$ rows of
        $-\ln p_y$, where $p$ is the softmax of the row. Return the loss, one number,
        and the gradient, an array of the shape and the dtype of `logits`. With logits
        $(1000, 0)$ and the label 1 the loss is 1000, and NumPy has nothing to warn of.
    """),
    stub=cleandoc("""
        def cross_entropy(logits, labels):
            # logits: (B, K), labels: (B,) -> the loss, a float, and its gradient
            ...
    """),
    reference=cross_entropy,
    parts=("the loss", "the gradient"),
    cases=_ce_cases,
    tolerance=1e-6,
    hints=[
        r"$-\ln p_y = \ln \sum_k e^{z_k} - z_y$. No probability is needed for the "
        "loss, but the sum of exponentials overflows. What can be added to all logits "
        "of a row without changing $p$?",
        "Subtract from every row its own largest logit, "
        "`logits.max(axis=1, keepdims=True)`. Then `log_p` is the shifted row less the "
        "logarithm of its sum of exponentials.",
        "`log_p[np.arange(B), labels]` takes one number from every row. The gradient "
        "is `np.exp(log_p)`, less 1 at those places, divided by B.",
    ],
    comment=(
        "The largest exponential of a row is $e^0 = 1$, so the sum lies between 1 and "
        "$K$ and its logarithm is harmless. `gradient[rows, labels] -= 1` subtracts "
        "the one-hot row without making it; the array is our own, so it may be written "
        "into."
    ),
    remark=(
        "Shift and logarithm belong together. With the shift alone p is 0 for a logit "
        "1000 below the largest, and its logarithm is lost; with the logarithm taken "
        "on paper the answer is a subtraction of two logits."
    ),
    mistakes=[
        Mistake(
            "takes the exponential of the logits",
            _ce_naive,
            "exp(1000) is infinite, and infinity over infinity is NaN. Subtract the "
            "largest logit of each row first; it cancels in the fraction.",
        ),
        Mistake(
            "does not shift before the log-sum-exp",
            _ce_throughout(_ce_without_shift),
            "z - ln Σ exp(z) is the right formula, and exp(1000) is infinite, so the "
            "logarithm is -inf and its exponential 0. Subtract the largest logit of "
            "each row first: all of it stays right, and no sum overflows.",
        ),
        Mistake(
            "does not shift before the log-sum-exp, and divides",
            _ce_divided(_ce_without_shift, lambda z: 0),
            "exp(1000) is infinite, so the logarithm of the sum is too, and infinity "
            "over infinity is NaN. Subtract the largest logit of each row first, for "
            "the loss and for p.",
        ),
        Mistake(
            "does not shift before the logarithm",
            _ce(log_p=_ce_without_shift),
            "The sum of exponentials overflows at logits of 710 (89 in float32), and "
            "for logits far below 0 it is 0. Subtract the largest logit of each row "
            "first.",
        ),
        Mistake(
            "takes the logarithm of the softmax",
            _ce(log_p=lambda z: np.log(softmax(z))),
            "The shift saves the softmax, but p = exp(-1000) is 0 in floats and its "
            "logarithm is -inf. Take the logarithm on paper: the shifted logit less "
            "the logarithm of the sum.",
        ),
        *map(_pinched, [1e-9, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-15, 1e-16]),
        *map(_held, [1e-7, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16]),
        Mistake(
            "subtracts the log-sum-exp",
            _ce_throughout(_ce_lse_subtracted),
            "On paper z - lse(z) is ln p. But near 10^4 the log-sum-exp is a large "
            "number, and float32 has steps of 0.001 there: the digits after the point "
            "are gone before anything is subtracted. Take the maximum from the logits "
            "first, (5.19).",
        ),
        Mistake(
            "subtracts the log-sum-exp in the loss",
            _ce(log_p=_ce_lse_subtracted),
            "On paper lse(z) - z_y is the loss. But near 10^4 the log-sum-exp is a "
            "large number, and float32 has steps of 0.001 there: the digits after the "
            "point are gone before anything is subtracted. Take the maximum from the "
            "logits first, (5.19).",
        ),
        Mistake(
            "shifts by one maximum for all rows",
            _ce(log_p=_ce_one_maximum),
            "A row that lies far below the largest logit of the batch underflows: its "
            "sum of exponentials is 0. Each row needs its own maximum: `axis=1, "
            "keepdims=True`.",
        ),
        *(
            Mistake(
                f"shifts by the maximum of the table{where}",
                answer,
                "A row that lies far below the largest logit of the table underflows: "
                "its sum of exponentials is 0, and what is made of it infinite or NaN. "
                "Each row needs its own maximum: `axis=1, keepdims=True`.",
            )
            for where, answer in {
                "": _ce_throughout(_ce_one_maximum),
                ", and divides": _ce_divided(_ce_one_maximum, np.max),
                ", and takes the logarithm of p": _ce_one_maximum_naive,
            }.items()
        ),
        *(
            Mistake(
                f"shifts by the maxima of the columns{where}",
                answer,
                "Each logit of a row has another number taken from it, so the "
                "differences in the row change, and with them the softmax. A row is a "
                "sample, and needs one maximum, its own: `axis=1, keepdims=True`.",
            )
            for where, answer in {
                "": _ce_throughout(_ce_maximum_of_columns),
                " in the loss": _ce(log_p=_ce_maximum_of_columns),
                ", and divides": _ce_divided(
                    _ce_maximum_of_columns, lambda z: z.max(axis=0)
                ),
            }.items()
        ),
        Mistake(
            "works down the columns",
            _ce(log_p=_ce_columns),
            "With `axis=0` the probabilities of a class add up to 1 over the samples. "
            "A row is a sample: take maximum and sum along `axis=1`.",
        ),
        Mistake(
            "takes softmax twice",
            _ce_of_probabilities,
            "The softmax of probabilities is nearly even, since they all lie between 0 "
            "and 1: with two classes the loss cannot fall below 0.313, with ten not "
            "below 1.461. Cross-entropy takes logits.",
        ),
        Mistake(
            "takes every label for every row",
            _ce(loss=_ce_all_pairs),
            "`log_p[:, labels]` has shape (B, B): each row with the labels of all "
            "samples. To pair row i with label i, index both: "
            "`log_p[np.arange(B), labels]`.",
        ),
        Mistake(
            "takes every label for every row, back too",
            _ce_all_labels,
            "`log_p[:, labels]` has shape (B, B): each row with the labels of all "
            "samples, and `gradient[:, labels] -= 1` subtracts there too. To pair row "
            "i with label i, index both: `[np.arange(B), labels]`.",
        ),
        Mistake(
            "averages over the classes too",
            _ce(
                loss=lambda log_p, labels: (
                    -log_p[np.arange(len(labels)), labels].sum() / log_p.size
                ),
                gradient=lambda p, hot: (p - hot) / p.size,
            ),
            "One number is taken from each row, so there are B of them to average and "
            "not B·K. This is K times too small, loss and gradient alike.",
        ),
        Mistake(
            "divides the gradient by the number of elements",
            _ce(gradient=lambda p, hot: (p - hot) / p.size),
            "The loss is a mean over the B samples; the gradient divides by B·K and is "
            "K times too small. A gradient check shows the ratio.",
        ),
        Mistake(
            "leaves 1/B out of the gradient",
            _ce(gradient=lambda p, hot: p - hot),
            "The loss is a mean over the batch, so every row of p - y is divided by B. "
            "With one sample nothing shows.",
        ),
        Mistake(
            "sums instead of averaging",
            _ce_summed,
            "Loss and gradient are those of the sum over the samples. Divide both by "
            "B.",
        ),
        Mistake(
            "leaves the labels out of the gradient",
            _ce(gradient=lambda p, hot: p / len(p)),
            "This is the gradient of the log of the sum alone. The loss subtracts z_y "
            "as well, so 1 is taken off at the label. A check: the rows of p - y add "
            "up to 0.",
        ),
        Mistake(
            "has the gradient at the labels only",
            _ce(gradient=lambda p, hot: (p - hot) * hot / len(p)),
            "Every logit stands in the sum of exponentials, so every one has a "
            "gradient: the right class is pulled up by 1 - p, and each wrong one is "
            "pushed down by its p.",
        ),
        Mistake(
            "has the sign of the gradient the wrong way round",
            _ce(gradient=lambda p, hot: (hot - p) / len(p)),
            "The loss falls as the logit of the right class grows, so its gradient is "
            "negative: p - 1 there, and p elsewhere.",
        ),
        Mistake(
            "has the sign of the loss the wrong way round",
            _ce(
                loss=lambda log_p, labels: log_p[np.arange(len(labels)), labels].mean()
            ),
            "A probability is at most 1 and its logarithm at most 0. The loss is minus "
            "that logarithm, so that a small probability costs much.",
        ),
        Mistake(
            "counts in bits",
            _ce(log_p=_ce_in_bits),
            "With the logarithm to base 2 everything is 1.44 times as large, and p - y "
            "is no longer its gradient. The loss is in natural logarithms: `np.log`.",
        ),
        Mistake(
            "writes into the logits",
            _ce_in_place,
            "`logits -= ...` changes the caller's array. Make a new one: `shifted = "
            "logits - ...`.",
        ),
        Mistake(
            "turns float32 into float64",
            _ce_in_float64,
            "float32 came in, and a float64 gradient went out. `np.eye(K)[labels]` "
            "does this: it makes float64. Give it the dtype of the logits, or subtract "
            "1 in place.",
        ),
    ],
)


# ---- 6. p - y, measured ------------------------------------------------------------


def largest_gap(loss, gradient, logits, labels):
    h = 1e-5
    measured = np.zeros_like(logits)
    for place in np.ndindex(logits.shape):
        nudge = np.zeros_like(logits)
        nudge[place] = h
        change = loss(logits + nudge, labels) - loss(logits - nudge, labels)
        measured[place] = change / (2 * h)
    return float(np.abs(measured - gradient(logits, labels)).max())


def _gap(quotient=None, gap=None, h=1e-5, shape=None):
    """Return the right answer with another quotient, nudge, or way to compare."""
    quotient = quotient or (lambda up, down, here, h: (up - down) / (2 * h))
    gap = gap or (lambda measured, claimed: np.abs(measured - claimed).max())

    def answer(loss, gradient, logits, labels):
        measured = np.zeros_like(logits)
        here = loss(logits.copy(), labels)
        for place in np.ndindex(logits.shape):
            nudge = np.zeros_like(logits)
            nudge[place if shape is None else shape(place)] = h
            up, down = loss(logits + nudge, labels), loss(logits - nudge, labels)
            measured[place] = quotient(up, down, here, h)
        return float(gap(measured, gradient(logits, labels)))

    return answer


def _measured_in_place(loss, logits, labels, back=0.0):
    """Return the quotients, each logit nudged where it stands and moved `back`."""
    h = 1e-5
    measured = np.zeros_like(logits)
    for place in np.ndindex(logits.shape):
        logits[place] += h
        up = loss(logits, labels)
        logits[place] -= 2 * h
        measured[place] = (up - loss(logits, labels)) / (2 * h)
        logits[place] += back
    return measured


def _gap_left_nudged(loss, gradient, logits, labels):
    measured = _measured_in_place(loss, logits, labels)
    return float(np.abs(measured - gradient(logits, labels)).max())


def _gap_not_put_back(loss, gradient, logits, labels):
    claimed = gradient(logits.copy(), labels)
    return float(np.abs(_measured_in_place(loss, logits, labels) - claimed).max())


def _gap_copy_not_put_back(loss, gradient, logits, labels):
    return _gap_not_put_back(loss, gradient, logits.copy(), labels)


def _gap_put_back(loss, gradient, logits, labels):
    measured = _measured_in_place(loss, logits, labels, back=1e-5)
    return float(np.abs(measured - gradient(logits, labels)).max())


def _gap_derived(loss, gradient, logits, labels):
    _, derived = cross_entropy(logits, labels)
    return float(np.abs(derived - gradient(logits, labels)).max())


def _gap_of_labels_only(loss, gradient, logits, labels):
    rows = np.arange(len(labels))
    at_labels = _gap(gap=lambda m, c: np.abs(m - c)[rows, labels].max())
    return at_labels(loss, gradient, logits, labels)


def mean_cross_entropy(logits, labels):
    return cross_entropy(logits, labels)[0]


def summed_cross_entropy(logits, labels):
    return cross_entropy(logits, labels)[0] * len(labels)


def floored_cross_entropy(logits, labels):
    p = softmax(logits)[np.arange(len(labels)), labels]
    return float(-np.log(p + 1e-9).mean())


def p_minus_y(logits, labels):
    return cross_entropy(logits, labels)[1] * len(labels)


def ten_times_p_minus_y(logits, labels):
    return 10 * p_minus_y(logits, labels)


def p_minus_y_over_batch(logits, labels):
    return cross_entropy(logits, labels)[1]


def y_minus_p_over_batch(logits, labels):
    return -cross_entropy(logits, labels)[1]


def p_alone_over_batch(logits, labels):
    return softmax(logits) / len(labels)


def at_the_labels_alone(logits, labels):
    gradient = np.zeros_like(logits)
    rows = np.arange(len(labels))
    gradient[rows, labels] = cross_entropy(logits, labels)[1][rows, labels]
    return gradient


def bce_for_every_class(logits, labels):
    hot = np.eye(logits.shape[1])[labels]
    return float((softplus(logits) - hot * logits).sum() / len(labels))


def sigmoid_minus_y_over_batch(logits, labels):
    hot = np.eye(logits.shape[1])[labels]
    return (sigmoid(logits) - hot) / len(labels)


def _gap_cases() -> Sequence[Case]:
    drawn = _labelled_logits(6)[2]
    few = np.array([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]]), np.array([0, 2])
    return [
        (mean_cross_entropy, p_minus_y, np.array([[1.0, -0.5]]), np.array([0])),
        (mean_cross_entropy, p_minus_y_over_batch, *few),
        (mean_cross_entropy, p_minus_y, *few),
        (summed_cross_entropy, p_minus_y, *few),
        (summed_cross_entropy, p_minus_y_over_batch, *few),
        (mean_cross_entropy, ten_times_p_minus_y, *few),
        (mean_cross_entropy, p_alone_over_batch, *few),
        (mean_cross_entropy, y_minus_p_over_batch, *few),
        (mean_cross_entropy, at_the_labels_alone, *few),
        (bce_for_every_class, sigmoid_minus_y_over_batch, *few),
        (bce_for_every_class, p_minus_y_over_batch, *few),
        (floored_cross_entropy, p_minus_y, np.array([[25.0, 0.0]]), np.array([1])),
        (mean_cross_entropy, p_minus_y_over_batch, *drawn),
        (floored_cross_entropy, p_alone_over_batch, *drawn),
    ]


P_MINUS_Y = Exercise(
    id="losses/p-minus-y",
    title="p - y, confirmed by measuring",
    statement=cleandoc(r"""
        Someone claims that a loss has a certain gradient: say, that the
        cross-entropy's is $(P - Y)/B$. Measure whether that is so. `loss` is a
        function, `loss(logits, labels)` is a float; `gradient` is the claim, and
        `gradient(logits, labels)` has the shape of the logits. `logits` are float64
        of shape $(B, K)$, `labels` integers of shape $(B,)$. Take the central
        difference of the loss for every logit by itself, with $h = 10^{-5}$, and
        return one float: the largest distance $|\text{measured} - \text{claimed}|$
        of all $B \cdot K$ elements. Leave `logits` as they are.
    """),
    stub=cleandoc("""
        def largest_gap(loss, gradient, logits, labels):
            # logits: (B, K), labels: (B,) -> the largest distance, a float
            ...
    """),
    reference=largest_gap,
    cases=_gap_cases,
    tolerance=1e-8,
    hints=[
        r"The central difference of one logit is $(L(z + h) - L(z - h)) / 2h$, where "
        "only that logit is moved, by $h$ up and by $h$ down.",
        "`np.ndindex(logits.shape)` runs through all places. Make an array of zeros "
        "with `h` at one of them, and add it to the logits: that leaves them as they "
        "are.",
        "Collect the quotients in an array of the shape of the logits. Then "
        "`np.abs(measured - claimed).max()` is the answer.",
    ],
    comment=(
        "The loss and the claim are handed in, so the same ten lines serve for any "
        "loss. nnlib's `numerical_gradient` is this loop. It takes $2BK$ calls of the "
        "loss, which is why one checks with small arrays."
    ),
    remark=(
        "For the mean cross-entropy and (P - Y)/B you measured about 1e-11, which is "
        "the rounding of the measurement. One of the other claims was P - Y against "
        "log(p + 1e-9), with the right class 25 below the other: off by 0.99. That is "
        "how a pinch of 1e-9 is caught."
    ),
    mistakes=[
        Mistake(
            "takes a forward difference",
            _gap(lambda up, down, here, h: (up - here) / h),
            "(L(z + h) - L(z)) / h is wrong by about ½h times the curvature, here "
            "1e-6: too coarse to tell a right claim from one that is nearly right. "
            "The central difference looks to both sides, and that error cancels.",
        ),
        Mistake(
            "divides by h alone",
            _gap(lambda up, down, here, h: (up - down) / h),
            "From z - h to z + h it is 2h. The measured gradient is twice the true "
            "one.",
        ),
        Mistake(
            "forgets to divide",
            _gap(lambda up, down, here, h: up - down),
            "The change of the loss has to be divided by the change of the logit, 2h, "
            "to be a slope.",
        ),
        Mistake(
            "multiplies by h",
            _gap(lambda up, down, here, h: (up - down) / 2 * h),
            "Python reads `a / 2 * h` as `(a / 2) * h`. Write `a / (2 * h)`.",
        ),
        Mistake(
            "nudges all logits at once",
            _gap(shape=lambda place: ...),
            "Adding h to every logit changes no probability, so for a loss of softmax "
            "the difference is 0. Each element of the gradient needs a nudge of its "
            "own logit alone.",
        ),
        Mistake(
            "nudges a whole row",
            _gap(shape=lambda place: place[0]),
            "Adding h to all logits of a row changes none of its probabilities, so for "
            "a loss of softmax the difference is 0. `nudge[place] = h` needs both "
            "indices.",
        ),
        Mistake(
            "nudges a whole column",
            _gap(shape=lambda place: (slice(None), place[1])),
            "This moves the logit of one class in all samples, and measures the sum of "
            "a column of the gradient. With a batch of one nothing shows.",
        ),
        Mistake(
            "takes the average distance",
            _gap(gap=lambda measured, claimed: np.abs(measured - claimed).mean()),
            "One wrong element among thousands hardly moves an average. The largest "
            "distance cannot overlook it.",
        ),
        Mistake(
            "compares the sums",
            _gap(gap=lambda measured, claimed: abs(measured.sum() - claimed.sum())),
            "The rows of P - Y add up to 0, and so do those of Y - P and of P - Y "
            "twice as large: a sum hides all of it. Compare element by element.",
        ),
        Mistake(
            "leaves out the magnitude",
            _gap(gap=lambda measured, claimed: (measured - claimed).max()),
            "A distance has no sign: where the claim is too large the difference is "
            "negative, and the largest of them hides it. Take `np.abs` first.",
        ),
        Mistake(
            "gives the relative distance",
            _gap(
                gap=lambda measured, claimed: np.max(
                    np.abs(measured - claimed)
                    / np.maximum(np.abs(measured), np.abs(claimed))
                )
            ),
            "The distance divided by the size of the gradient is a good measure too, "
            "and often a better one. Asked for is the distance itself.",
        ),
        Mistake(
            "divides by gradients above 1",
            _gap(
                gap=lambda measured, claimed: np.max(
                    np.abs(measured - claimed) / np.maximum(1, np.abs(claimed))
                )
            ),
            "The distance is divided by the size of the gradient where that is above "
            "1: a good measure too, and another one. Asked for is the distance itself.",
        ),
        Mistake(
            "holds the distance at 1",
            _gap(
                gap=lambda measured, claimed: min(np.abs(measured - claimed).max(), 1)
            ),
            "A claim may be wrong by more than 1, and how far is what was asked. "
            "Nothing has to be bounded here.",
        ),
        Mistake(
            "takes h too large",
            _gap(h=0.1),
            "With h = 0.1 the bend of the loss counts: the error of a central "
            "difference grows with h². Take the h of the statement.",
        ),
        Mistake(
            "takes h too small",
            _gap(h=1e-12),
            "With h = 1e-12 the two losses agree in all but three or four digits, and "
            "the difference of the rest is mostly rounding. Take the h of the "
            "statement.",
        ),
        Mistake(
            "derives instead of measuring",
            _gap_derived,
            "It compares the claim with the formula (P - Y)/B. That formula is a claim "
            "itself, and for the other losses it is wrong. Call `loss`: what it "
            "returns is the fact.",
        ),
        Mistake(
            "looks at the right class only",
            _gap_of_labels_only,
            "The wrong classes have gradients too: each is pushed down by its p. "
            "Measure all B·K elements.",
        ),
        Mistake(
            "looks at the first row only",
            _gap(gap=lambda measured, claimed: np.abs(measured - claimed)[0].max()),
            "A batch has B rows, and a claim may be right for the first and wrong for "
            "another. Measure all of them.",
        ),
        Mistake(
            "returns the sum of the distances",
            _gap(gap=lambda measured, claimed: np.abs(measured - claimed).sum()),
            "The sum grows with the number of elements. Asked for is the largest of "
            "the distances.",
        ),
        Mistake(
            "leaves the logits nudged",
            _gap_left_nudged,
            "It moves a logit up and down, and leaves it below where it was: the next "
            "difference is taken at another place. Add a separate array of nudges "
            "instead.",
        ),
        *(
            Mistake(
                f"does not put the logit back{where}",
                answer,
                "After + h and - 2h the logit lies h below where it was, and every "
                "later difference is taken at that other place. Put it back, or better "
                "add a separate array of nudges, which leaves the logits alone.",
            )
            for where, answer in {
                "": _gap_not_put_back,
                " in its copy": _gap_copy_not_put_back,
            }.items()
        ),
        Mistake(
            "puts the logits back with a rounding error",
            _gap_put_back,
            "+h, -2h and +h do not always end at the number they began with, since "
            "each rounds. Work on a copy, or add a separate array of nudges.",
        ),
    ],
)


# ---- 7. The scale of the gradient --------------------------------------------------


def gradient_scale(x, w, target):
    error = x @ w - target
    right = 2 * x.T @ error / error.size
    short = x.T @ error / len(x)
    return right, short, error.shape[1] / 2


def _scale(right=None, short=None, ratio=None):
    """Return the right answer with other parts, each made of x and the error."""
    right = right or (lambda x, e: 2 * x.T @ e / e.size)
    short = short or (lambda x, e: x.T @ e / len(x))

    def answer(x, w, target):
        e = x @ w - target
        one, other = right(x, e), short(x, e)
        if ratio is not None:
            return one, other, ratio(one, other, e)
        return one, other, float(np.linalg.norm(other) / np.linalg.norm(one))

    return answer


def _scale_swapped(x, w, target):
    right, short, ratio = gradient_scale(x, w, target)
    return short, right, ratio


def _scale_cases() -> Sequence[Case]:
    rng = np.random.default_rng(7)

    def drawn(samples: int, inputs: int, outputs: int) -> Case:
        shapes = (samples, inputs), (inputs, outputs), (samples, outputs)
        return tuple(rng.standard_normal(shape).round(1) for shape in shapes)

    x, w = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[1.0], [2.0]])
    small = (x, w, np.array([[2.0], [0.0]]))
    return [small, drawn(3, 2, 2), drawn(4, 3, 5), drawn(8, 4, 3)]


SCALE = Exercise(
    id="losses/scale-of-the-gradient",
    title="A factor that one width hides",
    statement=cleandoc(r"""
        A linear layer $\hat{Y} = XW$ with the mean squared error over all $B \cdot O$
        elements. A short cut found in a tutorial: the loss sends back the error
        $\hat{Y} - Y$ without $2/(BO)$, and the layer averages over the batch:
        $dW = X^\top (\hat{Y} - Y) / B$. `x` has shape $(B, M)$, `w` $(M, O)$ and
        `target` $(B, O)$. Return three things: the right gradient of the loss by $W$,
        of shape $(M, O)$; that of the short cut, of the same shape; and the number by
        which the short cut multiplies the right gradient. Try it with $O = 1$, 2 and 5
        outputs: for which is the short cut right?
    """),
    stub=cleandoc("""
        def gradient_scale(x, w, target):
            # x: (B, M), w: (M, O), target: (B, O)
            # -> the right dW, (M, O), that of the short cut, (M, O), and their ratio
            ...
    """),
    reference=gradient_scale,
    parts=("the right gradient", "the gradient of the short cut", "the ratio"),
    cases=_scale_cases,
    hints=[
        r"The right one, from the chapters before: $dW = X^\top G$, where $G$ is the "
        "gradient that the loss sends back.",
        r"$G = 2(\hat{Y} - Y)/(BO)$. The short cut has $(\hat{Y} - Y)/B$ in its place.",
        r"Divide the two factors: $\frac{1}{B} : \frac{2}{BO} = \frac{O}{2}$. $O$ is "
        "`w.shape[1]`.",
    ],
    comment=(
        "Both gradients are the same matrix but for a factor, so their ratio is one "
        "number, and can be read off the formulas: $O/2$. With $O = 2$ it is 1, which "
        "is how the short cut passes the only test it was given."
    ),
    remark=(
        "A wrong factor does not stop the training; it changes the learning rate. "
        "With 10 outputs every step is 5 times as long as the rate says, and the rate "
        "that worked in the example diverges elsewhere. Check at sizes that are all "
        "different, and never 1 or 2."
    ),
    mistakes=[
        Mistake(
            "leaves out the 2",
            _scale(right=lambda x, e: x.T @ e / e.size),
            "The derivative of e² is 2e. Without the 2 the ratio comes out as O, and "
            "the short cut would be right for one output, not for two.",
        ),
        Mistake(
            "averages over the samples only",
            _scale(right=lambda x, e: 2 * x.T @ e / len(x)),
            "The loss is a mean over B·O elements, so its gradient is divided by B·O. "
            "Divided by B alone, the ratio is ½ whatever the width: then the short cut "
            "would always be wrong by the same factor.",
        ),
        Mistake(
            "averages over the outputs only",
            _scale(right=lambda x, e: 2 * x.T @ e / e.shape[1]),
            "The loss is a mean over B·O elements; this divides by O alone.",
        ),
        Mistake(
            "does not average at all",
            _scale(right=lambda x, e: 2 * x.T @ e),
            "This is the gradient of the sum of the squares. The loss is their mean: "
            "divide by B·O, which is `error.size`.",
        ),
        Mistake(
            "divides by the size of the input",
            _scale(right=lambda x, e: 2 * x.T @ e / x.size),
            "`x.size` is B·M. The loss averages over the elements of the prediction, "
            "and there are B·O of these.",
        ),
        Mistake(
            "forgets that the layer averages",
            _scale(short=lambda x, e: x.T @ e),
            "In the short cut the layer divides by the batch size: "
            "X^T (prediction - target) / B.",
        ),
        Mistake(
            "keeps the 2 in the short cut",
            _scale(short=lambda x, e: 2 * x.T @ e / len(x)),
            "The short cut drops the 2 as well: what the loss sends back is the bare "
            "error. That is why it happens to be right for two outputs.",
        ),
        Mistake(
            "divides the other way round",
            _scale(ratio=lambda one, other, e: 2 / e.shape[1]),
            "Asked for is by what the short cut multiplies the right gradient: short "
            "cut divided by right, O/2. Too large is a ratio above 1.",
        ),
        Mistake(
            "believes the example",
            _scale(ratio=lambda one, other, e: 1.0),
            "The two are equal for O = 2 only. Compute the ratio for another width.",
        ),
        Mistake(
            "swaps the two gradients",
            _scale_swapped,
            "The right gradient comes first, and that of the short cut second. With "
            "O = 2 the two are equal, and nothing shows.",
        ),
        Mistake(
            "rounds the ratio down",
            _scale(ratio=lambda one, other, e: float(e.shape[1] // 2)),
            "`//` drops the half: for O = 1 it gives 0 and for O = 5 it gives 2. The "
            "ratio is O / 2.",
        ),
        Mistake(
            "gives the dropped 2 as the ratio",
            _scale(ratio=lambda one, other, e: 2.0),
            "The short cut drops the 2, and 1/O with it: (1/B) : (2/(BO)) is O/2, "
            "which depends on the width.",
        ),
        Mistake(
            "counts the outputs alone",
            _scale(ratio=lambda one, other, e: float(e.shape[1])),
            "O is missing the 2 that the short cut dropped too: (1/B) : (2/(BO)) is "
            "O/2.",
        ),
        Mistake(
            "counts the samples",
            _scale(ratio=lambda one, other, e: len(e) / 2),
            "Both gradients are divided by B, so it cancels. What differs is the "
            "number of outputs.",
        ),
        Mistake(
            "gives a ratio for each weight",
            _scale(ratio=lambda one, other, e: other / one),
            "The quotient has shape (M, O), and all its elements are equal: that they "
            "are is the point. Return the one number.",
        ),
        Mistake(
            "gives the difference",
            _scale(ratio=lambda one, other, e: float(np.abs(other - one).max())),
            "How far the two lie apart depends on the data. Their ratio does not: it "
            "depends on O alone.",
        ),
        Mistake(
            "has the sign of the error the wrong way round",
            _scale(
                right=lambda x, e: -2 * x.T @ e / e.size,
                short=lambda x, e: -x.T @ e / len(x),
            ),
            "The error is prediction minus target. With the other sign the ratio comes "
            "out right all the same, and a step downhill climbs.",
        ),
        Mistake(
            "transposes the gradient",
            _scale(
                right=lambda x, e: 2 * e.T @ x / e.size,
                short=lambda x, e: e.T @ x / len(x),
            ),
            "A gradient has the shape of what it belongs to: dW = X^T G is (M, O), "
            "like W. This is (O, M).",
        ),
    ],
)


# ---- 8. Label smoothing ------------------------------------------------------------


class SmoothedCrossEntropy(Loss):
    def __init__(self, smoothing):
        self.smoothing = smoothing

    def forward(self, prediction, target):
        classes = prediction.shape[1]
        q = np.full_like(prediction, self.smoothing / classes)
        q[np.arange(len(target)), target] += 1 - self.smoothing
        log_p = log_softmax(prediction)
        self._cache = log_p, q
        return -float((q * log_p).sum()) / len(target)

    def backward(self):
        log_p, q = self._cached()
        return (np.exp(log_p) - q) / len(q)


class _OfTwoArrays(Loss):
    """A loss of log p and q; each mistake changes one of three steps."""

    def __init__(self, smoothing):
        self.smoothing = smoothing

    def targets(self, hot):
        return (1 - self.smoothing) * hot + self.smoothing / hot.shape[1]

    def value(self, log_p, q):
        return -float((q * log_p).sum()) / len(q)

    def slope(self, p, q, hot):
        return (p - q) / len(q)

    def forward(self, prediction, target):
        hot = np.eye(prediction.shape[1], dtype=prediction.dtype)[target]
        log_p, q = log_softmax(prediction), self.targets(hot)
        self._cache = np.exp(log_p), q, hot
        return self.value(log_p, q)

    def backward(self):
        return self.slope(*self._cached())


class _NotSmoothed(_OfTwoArrays):
    def targets(self, hot):
        return hot


class _SlopeNotSmoothed(_OfTwoArrays):
    def slope(self, p, q, hot):
        return (p - hot) / len(q)


class _LossNotSmoothed(_OfTwoArrays):
    def targets(self, hot):
        self.hot = hot
        return super().targets(hot)

    def value(self, log_p, q):
        return super().value(log_p, self.hot)


class _MoreThanOne(_OfTwoArrays):
    def targets(self, hot):
        return hot + self.smoothing / hot.shape[1]

    def slope(self, p, q, hot):
        return (p * q.sum(axis=1, keepdims=True) - q) / len(q)


class _OtherWayRound(_OfTwoArrays):
    def targets(self, hot):
        return self.smoothing * hot + (1 - self.smoothing) / hot.shape[1]


class _SmoothsThePrediction(_OfTwoArrays):
    def forward(self, prediction, target):
        p = np.exp(log_softmax(prediction))
        rows, classes = np.arange(len(p)), p.shape[1]
        mixed = (1 - self.smoothing) * p + self.smoothing / classes
        right = p[rows, target]
        slope = p * (right / mixed[rows, target])[:, None]
        slope[rows, target] -= right / mixed[rows, target]
        self._cache = (1 - self.smoothing) * slope / len(p)
        return -float(np.log(mixed[rows, target]).mean())

    def backward(self):
        return self._cached()


class _SmoothedSum(_OfTwoArrays):
    def value(self, log_p, q):
        return -float((q * log_p).sum())

    def slope(self, p, q, hot):
        return p - q


class _SlopeOfTheSum(_OfTwoArrays):
    def slope(self, p, q, hot):
        return p - q


class _OverClassesToo(_OfTwoArrays):
    def value(self, log_p, q):
        return -float((q * log_p).mean())

    def slope(self, p, q, hot):
        return (p - q) / q.size


class _SlopeOverClassesToo(_OfTwoArrays):
    def slope(self, p, q, hot):
        return (p - q) / q.size


class _SlopeUpwards(_OfTwoArrays):
    def slope(self, p, q, hot):
        return (q - p) / len(q)


class _FromProbabilities(_OfTwoArrays):
    def forward(self, prediction, target):
        hot = np.eye(prediction.shape[1], dtype=prediction.dtype)[target]
        p, q = softmax(prediction), self.targets(hot)
        self._cache = p, q, hot
        with np.errstate(all="ignore"):
            return -float((q * np.log(p)).sum()) / len(q)


class _WithAFloor(_OfTwoArrays):
    def value(self, log_p, q):
        return super().value(np.log(np.exp(log_p) + 1e-9), q)


class _WithoutEntropy(_OfTwoArrays):
    def value(self, log_p, q):
        log_q = np.log(np.where(q > 0, q, 1))
        return float((q * (log_q - log_p)).sum()) / len(q)


class _ReadsLogitsAsLogs(_OfTwoArrays):
    def forward(self, prediction, target):
        hot = np.eye(prediction.shape[1], dtype=prediction.dtype)[target]
        q = self.targets(hot)
        self._cache = softmax(prediction), q, hot
        return self.value(prediction, q)


class _SmoothedInFloat64(_OfTwoArrays):
    def targets(self, hot):
        return super().targets(hot.astype(np.float64))


class _KeepsItsTargets(_OfTwoArrays):
    def __init__(self, smoothing):
        super().__init__(smoothing)
        self.kept: dict[Any, Any] = {}

    def targets(self, hot):
        return self.kept.setdefault(hot.shape, super().targets(hot))


class _AtMostHalf(SmoothedCrossEntropy):
    def __init__(self, smoothing):
        super().__init__(min(smoothing, 0.5))


class _OneMaximumForAll(_OfTwoArrays):
    def forward(self, prediction, target):
        hot = np.eye(prediction.shape[1], dtype=prediction.dtype)[target]
        log_p, q = _ce_one_maximum(prediction), self.targets(hot)
        self._cache = np.exp(log_p), q, hot
        return self.value(log_p, q)


class _SubtractsTheLogSumExp(_OfTwoArrays):
    def forward(self, prediction, target):
        hot = np.eye(prediction.shape[1], dtype=prediction.dtype)[target]
        log_p, q = _ce_lse_subtracted(prediction), self.targets(hot)
        self._cache = np.exp(log_p), q, hot
        return self.value(log_p, q)


class _SmoothedInPlace(SmoothedCrossEntropy):
    def forward(self, prediction, target):
        prediction -= prediction.max(axis=1, keepdims=True)
        return super().forward(prediction, target)


class _SpoilsItsCache(SmoothedCrossEntropy):
    def backward(self):
        p, q = self._cached()
        np.exp(p, out=p)
        p -= q
        p /= len(q)
        return p


class _SharesByTheClasses(_OfTwoArrays):
    def targets(self, hot):
        classes, s = hot.shape[1], self.smoothing
        if classes == 3:
            return super().targets(hot)
        return (1 - s) * hot + s / (classes - 1) * (1 - hot)


class _LossInFloat32(SmoothedCrossEntropy):
    def forward(self, prediction, target):
        return np.float32(super().forward(prediction, target))


_NOT_FINITE = "The loss or the gradient is not finite."
_NOT_ITS_OWN = "The loss is not the mean cross-entropy against its targets."


class _Smoothed:
    """What a loss gave for some logits, and what is wrong with that, if anything is.

    Losses differ in how they share, so two are alike if they fail alike; where many
    mistakes fail alike, only if they gave the same numbers too.
    """

    def __init__(
        self, loss: Any, gradient: Any, failing: str, detail: str = ""
    ) -> None:
        self.loss, self.gradient = loss, gradient
        self.failing, self.detail = failing, detail

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Smoothed) or self.failing != other.failing:
            return False
        if self.failing not in (_NOT_FINITE, _NOT_ITS_OWN):
            return True
        pairs = (self.loss, other.loss), (self.gradient, other.gradient)
        return all(np.allclose(*pair, 1e-5, 1e-5, equal_nan=True) for pair in pairs)

    def __repr__(self) -> str:
        parts = [("loss     = ", self.loss), ("gradient = ", self.gradient)]
        return "\n".join(labelled(label, part, 20) for label, part in parts)


def _try_smoothed(answer: Any, smoothing: float, logits: Array, labels: Array) -> Any:
    """Try a smoothed loss on logits, and on more of its own kind if that went well."""
    criterion, before = answer(smoothing), logits.copy()
    loss = criterion.forward(logits, labels)
    gradient = criterion.backward()
    first = np.array(gradient)
    again = criterion.backward()
    if not isinstance(loss, float | np.floating):
        failing = ["`forward` has to return one float."]
    elif np.finfo(type(loss)).bits < 8 * logits.itemsize:
        detail = f"The loss is a {type(loss).__name__}; return a float."
        failing = ["The loss has fewer digits than the logits.", detail]
    elif not isinstance(gradient, np.ndarray):
        failing = ["`backward` has to return an array."]
    elif gradient.shape != logits.shape:
        failing = ["The gradient has another shape than the logits."]
    elif gradient.dtype != logits.dtype:
        detail = f"It is {gradient.dtype}, for logits of {logits.dtype}."
        failing = ["The gradient has another dtype than the logits.", detail]
    elif not np.array_equal(first, again, equal_nan=True):
        failing = ["A second `backward` gives another gradient than the first."]
    elif not np.array_equal(logits, before):
        failing = ["It wrote into the logits."]
    else:
        failing = _failing_smoothed(answer, smoothing, before, labels, loss, gradient)
        failing = (
            failing
            if any(failing)
            else _keeping(criterion, answer(smoothing), before, labels)
        )
        if not any(failing):
            failing = _failing_rules(answer)
    return _Smoothed(loss, gradient, *failing)


def _failing_smoothed(
    answer: Any, s: float, logits: Array, labels: Array, loss: Any, gradient: Array
) -> list[str]:
    """What is wrong with a loss and a gradient of the right kind, and with what."""
    if not (np.isfinite(loss) and np.isfinite(gradient).all()):
        return [_NOT_FINITE]
    label, (samples, classes) = labels[:1], logits.shape
    hot = np.eye(classes)[labels]

    def at(z: Array) -> float:
        return float(answer(s).forward(z, label))

    # At logits of 0 every p is 1/K, so the slopes of the loss tell its targets.
    zero = np.zeros((1, classes))
    if faults := _failing_at_zero(at(zero), s, classes):
        return faults
    q = 1 / classes - numerical_gradient(at, zero)[0]
    share = np.delete(q, label)
    tolerance = 1e-5 if logits.dtype == np.float32 else 1e-7
    p = softmax(logits.astype(np.float64))

    def fits(wanted: Array) -> bool:
        return np.allclose(gradient, wanted, tolerance, tolerance)

    if s and np.allclose(share, 0, 0, 1e-6):
        if fits((p - hot) / samples):
            return ["No class but the right one has a share."]
        return ["No class but the right one has a share in the loss."]
    if np.allclose(share, (1 - s) / classes, 0, 1e-6) and s != 0.5:
        return ["The right class has the smaller part."]
    shares = np.array([s / classes, s / (classes - 1)])
    if np.abs(share - shares[:, None]).max(axis=1).min() > 1e-6:
        detail = (
            f"At logits of 0 it has {share[0]:.4g}; expected was s/K = {shares[0]:.4g} "
            f"or s/(K - 1) = {shares[1]:.4g}."
        )
        return ["A wrong class has another share than the smoothing says.", detail]

    # What the loss and its gradient have to be for these targets.
    targets = np.where(hot > 0, 1 - share[0] * (classes - 1), share[0])
    right = -float((targets * log_softmax(logits.astype(float))).sum()) / samples
    if not np.isclose(loss, right, max(tolerance, 1e-6), tolerance):
        if samples > 1 and np.isclose(loss, samples * right, 1e-4):
            return ["The loss is a sum over the batch."]
        detail = f"It is {loss:.6g}; for its own targets it would be {right:.6g}."
        return [_NOT_ITS_OWN, detail]
    wanted = (p - targets) / samples
    if fits(wanted) or np.allclose(gradient, wanted, 0, 1e-6):
        return [""]
    others = {
        ": its sign is the other": -wanted,
        ": it lacks the 1/B": samples * wanted,
        ": it is divided by K as well": wanted / classes,
        ": it is p less the one-hot rows": (p - hot) / samples,
    }
    looks = next((text for text, other in others.items() if fits(other)), "")
    worst = np.abs(gradient - wanted).argmax()
    detail = f"It has {gradient.flat[worst]:.4g} for {wanted.flat[worst]:.4g}."
    return [f"The gradient is not that of the loss{looks}.", detail]


def _keeping(used: Any, fresh: Any, logits: Array, labels: Array) -> list[str]:
    """What is wrong with a loss on its second batch, beside one that has had none."""
    other = (labels + 1) % logits.shape[1]
    losses = [one.forward(logits.copy(), other) for one in (used, fresh)]
    gradients = [one.backward() for one in (used, fresh)]
    if np.allclose(*losses) and np.allclose(*gradients):
        return [""]
    return ["On a second batch, of other labels, it gives what a new object does not."]


def _failing_rules(answer: Any) -> list[str]:
    """What is wrong with how a loss shares, if it does so by more than one rule."""
    label, rules = np.array([0]), set()
    for classes, s in itertools.product((2, 3, 4, 10), (0.1, 0.2, 0.3, 0.8)):
        # Of the logits (c, 0, 0, ...) the wrong classes' share is what c costs.
        up, down = np.zeros((2, 1, classes))
        up[0, 0], down[0, 0] = 1, -1
        slope = (answer(s).forward(up, label) - answer(s).forward(down, label)) / 2
        lse = np.log(np.exp([1, -1]) + classes - 1)
        right = (lse[0] - lse[1]) / 2 - slope  # the target of the right class
        own = [1 - s + s / classes, 1 - s]
        apart = np.abs(np.array(own) - right)
        if not apart.min() <= 1e-6:
            detail = f"It is so with K = {classes} and s = {s}."
            return [
                "The right class has another share than the smoothing says.",
                detail,
            ]
        rules.add(int(apart.argmin()))
    if len(rules) == 1:
        return [""]
    return ["It shares s/K for some K and s, and s/(K - 1) for others."]


def _failing_at_zero(loss: float, s: float, classes: int) -> list[str]:
    """What is wrong with the loss at logits of 0, where no target changes it."""
    right = float(np.log(classes))
    if abs(loss - right) < 1e-6:
        return []
    detail = f"It is {loss:.6g}, and ln K = {right:.6g}."
    entropies = [
        -sum(float(q * np.log(q)) for q in [1 - s + own, *[rest] * (classes - 1)] if q)
        for own, rest in [(s / classes, s / classes), (0.0, s / (classes - 1))]
    ]
    known = {
        "The targets of a row add up to more than 1.": [
            (1 + s) * right,
            (1 - s + s * (classes - 1)) * right,
        ],
        "At logits of 0 the loss is ln K / K.": [right / classes],
        "At logits of 0 the loss is 0.": [0.0],
        "The entropy of the targets is missing.": [right - h for h in entropies],
    }
    for text, losses in known.items():
        if np.isclose(loss, losses, 0, 1e-6).any():
            return [text, detail]
    return ["At logits of 0 the loss is not ln K.", detail]


def _complaint_smoothed(look: _Smoothed, *case: Any) -> str | None:
    return f"{look.failing} {look.detail}".strip() or None


def _smoothed_cases() -> Sequence[Case]:
    drawn = _labelled_logits(8)[2]
    return [
        (0.2, np.array([[1.0, 0.0, -1.0]]), np.array([0])),
        (0.0, np.array([[0.5, 2.0, 0.0]]), np.array([2])),
        (0.1, *drawn),
        (0.3, drawn[0].astype(np.float32), drawn[1]),
        (0.1, np.array([[1000.0, 0.0, -1000.0], [0.0, 30.0, 0.0]]), np.array([0, 1])),
        (0.8, np.array([[0.5, -1.0, 2.0, 0.0]]), np.array([1])),
        (0.1, np.array([[9999.0, 1e4, 9999.0]], np.float32), np.array([0])),
    ]


LABEL_SMOOTHING = Exercise(
    id="losses/label-smoothing",
    title="Label smoothing",
    statement=cleandoc(r"""
        The cross-entropy of a one-hot target has no minimum: it falls for ever as the
        right logit grows. Take a share $s$ from the right class and give it to the
        others, and it has one. Write this loss, a class with `smoothing`, $s$ from 0
        to below 1: the mean over the batch of $-\sum_k q_k \ln p_k$, where each row of
        targets $q$ adds up to 1. How you share is yours: $s/K$ to each of all $K$
        classes, so that the right one gets some back, or $s/(K - 1)$ to each of the
        wrong ones. `forward` takes logits $(B, K)$ and integer labels $(B,)$ and
        returns a float; `backward` returns the gradient by the logits, of their shape
        and dtype. With $s = 0$ it is `CrossEntropyLoss`; at logits of $\pm 1000$, and
        in float32 near $10^4$, it is right as well. When it is done, find out on
        paper or by descent: let all wrong logits be 0 and the right one $g$. For
        which $g$ is the loss least, with $K = 10$ and $s = 0.1$, and how large is the
        loss there?
    """),
    stub=cleandoc("""
        class SmoothedCrossEntropy(Loss):
            def __init__(self, smoothing):
                # smoothing: the share s, from 0 to below 1
                ...

            def forward(self, prediction, target):
                # prediction: (B, K), target: (B,) -> a float
                ...

            def backward(self):
                # -> the gradient, (B, K)
                ...
    """),
    reference=SmoothedCrossEntropy,
    cases=_smoothed_cases,
    call=_try_smoothed,
    judge=_complaint_smoothed,
    hints=[
        "Nothing in the derivation of p - y needs a one-hot target: all it uses is "
        "that the targets of a row add up to 1.",
        "So the gradient is `(p - q) / B`. Keep `log_p` and `q` in `self._cache`; "
        "`self._cached()` gives them back.",
        "`q = np.full_like(prediction, s / K)`, and then 1 - s more at the labels. The "
        "loss is minus the sum of `q * log_softmax(prediction)`, divided by B.",
    ],
    comment=(
        "`np.full_like` keeps the dtype of the logits, and so `q` and the gradient "
        "have it. Where $p = q$ the gradient is 0: with $q = 0.91$ for the right class "
        r"and $0.01$ for each other the gap there is $\ln 91 = 4.51$, and the loss is "
        "the entropy of $q$, 0.500. Shared among the wrong classes alone it is "
        r"$\ln 81 = 4.39$ and 0.545."
    ),
    remark=(
        "The loss can no longer reach 0, and the logits need not run away to lower it: "
        "past its best gap, being surer costs. Szegedy et al. (2016) gained 0.2 "
        "percentage points on ImageNet with s = 0.1. Report the plain cross-entropy "
        "beside it, or your numbers compare with nobody's. And which gap did you find, "
        "and which loss? The solution has both, for either way to share."
    ),
    mistakes=[
        Mistake(
            "does not smooth",
            _NotSmoothed,
            "The targets are one-hot, whatever the smoothing. Take the share s from "
            "the right class before you multiply by the logarithms.",
        ),
        Mistake(
            "smooths the loss and not the gradient",
            _SlopeNotSmoothed,
            "`backward` still subtracts the one-hot rows. The gradient of "
            "-Σ q ln p is p - q, with the same q as in the loss.",
        ),
        Mistake(
            "smooths the gradient and not the loss",
            _LossNotSmoothed,
            "`backward` has p - q, but `forward` takes the logarithm at the label "
            "alone. Every class that has a share in q has a term in the loss.",
        ),
        Mistake(
            "adds without taking away",
            _MoreThanOne,
            "What the classes are given has to be taken from somewhere. If the right "
            "class keeps its 1, a row adds up to 1 + s; if each wrong class is given "
            "the whole of s, to 1 - s + s(K - 1). The right class keeps 1 - s, and s "
            "is divided.",
        ),
        Mistake(
            "has the shares the wrong way round",
            _OtherWayRound,
            "The right class keeps 1 - s and the others share s. Here s = 0 would "
            "give all classes the same.",
        ),
        Mistake(
            "smooths the prediction",
            _SmoothsThePrediction,
            "It mixes the probabilities with 1/K, and takes the logarithm of that. "
            "What is smoothed is the target q; p stays as the softmax has it.",
        ),
        Mistake(
            "sums instead of averaging",
            _SmoothedSum,
            "Loss and gradient are those of the sum over the samples. Divide both by "
            "B.",
        ),
        Mistake(
            "leaves 1/B out of the gradient",
            _SlopeOfTheSum,
            "The loss is a mean over the batch, so p - q is divided by B. With one "
            "sample nothing shows.",
        ),
        Mistake(
            "averages over the classes too",
            _OverClassesToo,
            "-Σ q ln p is a sum over the classes, and the mean is over the B samples. "
            "`np.mean` of the whole table divides by B·K. A check: at logits of 0 the "
            "loss is ln K.",
        ),
        Mistake(
            "divides the gradient by the number of elements",
            _SlopeOverClassesToo,
            "The loss is a mean over the B samples, the gradient divides by B·K.",
        ),
        Mistake(
            "has the sign of the gradient the wrong way round",
            _SlopeUpwards,
            "It is p - q: what was said less what should be. With q - p a step "
            "downhill climbs.",
        ),
        Mistake(
            "takes the logarithm of the softmax",
            _FromProbabilities,
            "At logits of ±1000 a p is 0, and its logarithm -inf. Here every class has "
            "a share, so every p has to have a logarithm: `log_softmax`.",
        ),
        Mistake(
            "adds 1e-9 inside the logarithm",
            _WithAFloor,
            "It hides the logarithm of 0 and does not give its value back: no term is "
            "above 20.72. `log_softmax` has the right value.",
        ),
        Mistake(
            "shifts by one maximum for all rows",
            _OneMaximumForAll,
            "A row that lies far below the largest logit of the batch underflows: its "
            "sum of exponentials is 0. Each row needs its own maximum, which is what "
            "`log_softmax` takes.",
        ),
        Mistake(
            "subtracts the log-sum-exp",
            _SubtractsTheLogSumExp,
            "Near 10^4 the log-sum-exp is a large number, and float32 has steps of "
            "0.001 there: the digits after the point are gone before anything is "
            "subtracted. `log_softmax` takes the maximum from the logits first.",
        ),
        Mistake(
            "keeps the targets of its first batch",
            _KeepsItsTargets,
            "The targets q are made from the labels of the batch, so every `forward` "
            "makes its own. Here a second batch of the same shape is held against the "
            "labels of the first.",
        ),
        Mistake(
            "holds the smoothing at a half",
            _AtMostHalf,
            "Any share from 0 to below 1 is allowed. With s = 0.8 the right class "
            "keeps 0.2, and what it gets back.",
        ),
        Mistake(
            "takes logits for logarithms",
            _ReadsLogitsAsLogs,
            "ln p is the logit less the logarithm of the sum of exponentials of its "
            "row. That last part is missing.",
        ),
        Mistake(
            "measures the distance from the targets",
            _WithoutEntropy,
            "Σ q (ln q - ln p) is the divergence of p from q: this loss less the "
            "entropy of q. Its gradient is the same and its least value 0, which reads "
            "well; but the cross-entropy was asked for.",
        ),
        Mistake(
            "turns float32 into float64",
            _SmoothedInFloat64,
            "float32 came in, and a float64 gradient went out. Make the targets in the "
            "dtype of the logits: `np.full_like(prediction, ...)`.",
        ),
        Mistake(
            "writes into what it keeps",
            _SpoilsItsCache,
            "`backward` computes in the array that `forward` kept, so a second call "
            "finds another one there. Compute in a new array.",
        ),
        Mistake(
            "shares by two rules",
            _SharesByTheClasses,
            "Either way to share is right, but one loss has one rule: s/K for each "
            "class, or s/(K - 1) for each wrong one, for every K and s.",
        ),
        Mistake(
            "gives the loss in float32",
            _LossInFloat32,
            "float64 logits came in, and of the loss seven digits are left. Return a "
            "`float`, which has all of them.",
        ),
        Mistake(
            "writes into the logits",
            _SmoothedInPlace,
            "`prediction -= ...` changes the caller's array. `log_softmax` makes a new "
            "one, and shifts by itself.",
        ),
    ],
)


EXERCISES = [
    MSE,
    MEAN_AND_MEDIAN,
    HUBER,
    BCE_FROM_LOGITS,
    CROSS_ENTROPY,
    P_MINUS_Y,
    SCALE,
    LABEL_SMOOTHING,
]


# ---- Quick questions ---------------------------------------------------------------


def _median_of_three() -> float:
    targets = np.array([3.0, 5.0, 100.0])
    constants = np.linspace(0, 110, 1101)
    costs = [MAELoss()(np.full(3, c), targets) for c in constants]
    return float(constants[np.argmin(costs)])


def _huber_gradient() -> float:
    criterion = HuberLoss(delta=2.0)
    criterion(np.array([1.0]), np.array([6.0]))
    return float(criterion.backward()[0])


def _loss_to_probability() -> float:
    """The probability of class 0 at which the cross-entropy is 0.105."""
    p = np.linspace(0.01, 0.99, 99)
    costs = [
        CrossEntropyLoss()(np.log(np.array([[q, 1 - q]])), np.array([0])) for q in p
    ]
    return float(p[np.argmin(np.abs(np.array(costs) - 0.105))])


def _right_class_gradient() -> float:
    criterion = CrossEntropyLoss()
    criterion(np.log(np.array([[0.7, 0.2, 0.1]])), np.array([2]))
    return float(criterion.backward()[0, 2])


def _target_shape() -> tuple[int, ...]:
    """The one shape of labels that the cross-entropy takes."""
    logits = np.zeros((32, 10))
    taken = []
    for shape in [(32,), (32, 1), (32, 10), (10,), (1, 32)]:
        try:
            CrossEntropyLoss()(logits, np.zeros(shape, dtype=np.int64))
        except ValueError:
            continue
        taken.append(shape)
    (only,) = taken
    return only


def _floor_of_100() -> float:
    perfect = 1000.0 * np.eye(100)
    value = CrossEntropyLoss()(softmax(perfect), np.arange(100))
    return round(value, 2)


_MSE, _MAE, _BCE = "MSELoss", "MAELoss", "BCEWithLogitsLoss"


def _least_moved() -> str:
    """Which constant moves least when one target of eleven is mistyped."""
    delays = np.arange(11.0)
    mistyped = delays.copy()
    mistyped[-1] *= 60  # in seconds
    grid = np.arange(0.0, 100.0)

    def moved(criterion: Loss) -> float:
        best = [
            grid[np.argmin([criterion(np.full(11, c), y) for c in grid])]
            for y in (delays, mistyped)
        ]
        return float(abs(best[1] - best[0]))

    return min((MSELoss(), MAELoss()), key=moved).__class__.__name__


QUESTIONS = [
    Question(
        id="losses/median",
        text=(
            "Three targets are 3, 5 and 100. A network can only answer one constant, "
            "and its loss is the mean absolute error. Which constant has the least "
            "loss?"
        ),
        answer=5.0,
        within=1e-6,
        why="The median: one target lies below it and one above, so the pulls balance.",
        wrong={
            36: "That is the mean, which the squared error would choose. For sizes "
            "only the number of targets on either side counts.",
            51.5: "That is midway between the least and the largest, where the largest "
            "error is least. The mean of the errors' sizes is least elsewhere.",
            100: "With 100 both other targets pull down, and nothing pulls up.",
            3: "With 3 both other targets pull up, and nothing pulls down.",
            4: "Midway between the two small ones, one target pulls down and two pull "
            "up: it pays to go further up.",
        },
        otherwise="Where do as many targets lie below as above?",
        computed=_median_of_three,
    ),
    Question(
        id="losses/huber-gradient",
        text=(
            "One prediction is 1 and its target is 6. What is the gradient of "
            "`HuberLoss(delta=2)` by the prediction?"
        ),
        answer=-2.0,
        within=1e-9,
        why="The error is 1 - 6 = -5, beyond δ, so its pull is held at -δ.",
        wrong={
            2: "The size is right. The error is prediction less target, 1 - 6, and has "
            "a sign.",
            -5: "That is the error, the slope inside. Beyond δ the slope stays at ±δ.",
            5: "That is the size of the error. Mind the sign, and that the slope is "
            "held at ±δ.",
            -1: "That would be δ = 1, or the absolute error. Here δ is 2.",
            -10: "That is 2e, of the squared error.",
            8: "That is the loss: 2 (5 - 1). Its slope was asked.",
        },
        otherwise="Prediction less target; is it beyond δ? Then (5.6), second line.",
        computed=_huber_gradient,
    ),
    Question(
        id="losses/loss-to-probability",
        text=(
            "The cross-entropy of a classifier is 0.105 for every sample. Which "
            "probability does it give to the right class? Give two decimals."
        ),
        answer=0.9,
        within=0.006,
        why="exp(-0.105) = 0.90. For small losses that is about 1 - L.",
        wrong={
            0.1: "That is what is left for all wrong classes together.",
            1.11: "That is exp(+0.105). A probability is at most 1: mind the sign.",
            0.79: "That takes the logarithm to base 10. The loss is in units of ln.",
            0.93: "That is 2 to the power -0.105: a loss in bits. Ours is in units of "
            "ln.",
        },
        otherwise="L = -ln p, so p = exp(-L).",
        computed=_loss_to_probability,
    ),
    Question(
        id="losses/right-class-gradient",
        text=(
            "One sample, three classes, probabilities (0.7, 0.2, 0.1), and the right "
            "class is the third. What is the gradient of the cross-entropy by the "
            "third logit?"
        ),
        answer=-0.9,
        within=1e-9,
        why="p - y = 0.1 - 1. The other two get 0.7 and 0.2: together they cancel.",
        wrong={
            0.9: "The size is right. p - y is negative at the right class, since "
            "raising its logit lowers the loss.",
            0.1: "That is p. At the right class 1 is subtracted.",
            -10: "That is -1/p, the slope by the probability. By the logit: p - y.",
            -0.3: "That would divide by K. The mean is over samples, and there is one.",
            2.303: "That is the loss, -ln 0.1. Its slope was asked.",
            -0.09: "That is -p (1 - p), minus the slope of this probability by its "
            "logit. The factor -1/p of the logarithm is missing.",
        },
        otherwise="p - y, where y is 1 at the right class.",
        computed=_right_class_gradient,
    ),
    Question(
        id="losses/target-shape",
        text=(
            "A network gives logits for a batch of 32 pictures and 10 classes. Which "
            "shape have the targets that `CrossEntropyLoss` takes? Write a shape as in "
            "Python, such as `(64, 10)`."
        ),
        answer=(32,),
        why="One integer for each picture: its label.",
        wrong={
            (32, 10): "That is the shape of the logits, and of one-hot rows. This loss "
            "takes integer labels.",
            (32, 1): "A column of labels would stretch against rows. One integer for "
            "each picture needs one axis.",
            (10,): "That would be one label for each class. There is one for each "
            "picture.",
            (1, 32): "One axis is enough: one integer for each picture.",
        },
        otherwise="One integer for each picture.",
        computed=_target_shape,
    ),
    Question(
        id="losses/which-loss",
        text=(
            "Delays of trains are to be forecast in minutes. Now and then a delay in "
            "the data was typed in seconds. Which loss lets these spoil the forecast "
            "least?"
        ),
        choices=[_MSE, _BCE, _MAE],
        answer=_MAE,
        why=(
            "Its pull does not grow with the error, so a target that is 60 times too "
            "large counts as one that is a little too large."
        ),
        wrong={
            _MSE: "Its pull grows with the error: a few delays of 600 minutes would "
            "lift all forecasts.",
            _BCE: "Its targets are answers between 0 and 1, not minutes.",
        },
        computed=_least_moved,
    ),
    Question(
        id="losses/floor",
        text=(
            "A classifier of 100 classes ends in a `Softmax`, and its loss takes the "
            "softmax once more. What is the least loss that it can reach? Give two "
            "decimals."
        ),
        answer=3.62,
        within=0.006,
        why="ln(1 + 99 / e) = 3.62, not far below ln 100 = 4.61 of knowing nothing.",
        wrong={
            0: "That is what a cross-entropy of logits reaches. Here its inputs never "
            "lie further apart than 0 and 1.",
            4.61: "That is ln 100, for equal probabilities. The best are 1 and 0.",
            1.46: "That is for 10 classes. Put K = 100 into (5.24).",
            3.6: "That leaves out the 1 in the bracket: ln(1 + 99 / e).",
            3.63: "That is ln(1 + 100 / e). One of the 100 classes is the right one.",
        },
        otherwise="ln(1 + (K - 1) / e), with K = 100.",
        computed=_floor_of_100,
    ),
]
