"""Exercises and quick questions of the chapter on the forward pass."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Solutions and mistakes are written as students write them, without annotations.

import math
from collections.abc import Sequence
from inspect import cleandoc
from itertools import pairwise
from typing import Any

import numpy as np

from nnlib._types import Array
from nnlib.exercises._bank import Case, Exercise, Mistake, Question
from nnlib.exercises._show import labelled
from nnlib.functional import softmax
from nnlib.layers import Linear, mlp
from nnlib.module import Sequential

__all__ = ["EXERCISES", "QUESTIONS"]


# ---- 1. One unit -------------------------------------------------------------------


def neuron(x, w, b):
    return max(np.sum(x * w) + b, 0.0)


def _neuron_without_bias(x, w, b):
    return max(x @ w, 0.0)


def _neuron_without_relu(x, w, b):
    return x @ w + b


def _neuron_biases_every_term(x, w, b):
    return max(np.sum(x * w + b), 0.0)


def _neuron_bias_after_relu(x, w, b):
    return max(x @ w, 0.0) + b


def _neuron_relu_of_every_term(x, w, b):
    return max(np.sum(np.maximum(x * w, 0)) + b, 0.0)


def _neuron_without_sum(x, w, b):
    return np.maximum(x * w + b, 0)


def _neuron_adds_weights(x, w, b):
    return max(np.sum(x + w) + b, 0.0)


def _neuron_mean(x, w, b):
    return max(np.mean(x * w) + b, 0.0)


def _neuron_absolute(x, w, b):
    return abs(x @ w + b)


def _neuron_weights_the_bias(x, w, b):
    return max(x @ w * b, 0.0)


def _neuron_min(x, w, b):
    return min(x @ w + b, 0.0)


def _neuron_step(x, w, b):
    return 1.0 if x @ w + b > 0 else 0.0


def _neuron_of_three_inputs(x, w, b):
    z = b
    for k in range(3):
        z += x[k] * w[k]
    return max(z, 0.0)


def _neuron_overwrites(x, w, b):
    for k in range(len(x)):
        z = x[k] * w[k]
    return max(z + b, 0.0)


def _neuron_cases() -> Sequence[Case]:
    return [
        (np.array([2.0]), np.array([3.0]), 1.0),
        (np.array([1.0, 2.0]), np.array([0.5, -2.0]), 0.25),
        (np.array([1.0, 2.0, 0.0]), np.array([1.0, 0.0, -2.0]), 0.5),
        (np.array([0.0, 1.0, 3.0]), np.array([-1.0, 2.0, 1.0]), -0.5),
        (np.array([0.0, 1.0, 3.0]), np.array([1.0, 0.0, -2.0]), 7.0),
        (np.array([-1.0, 2.0, 0.5, 1.0]), np.array([2.0, 1.5, -1.0, 0.75]), -2.0),
    ]


NEURON = Exercise(
    id="forward-pass/neuron",
    title="One unit",
    statement=cleandoc(r"""
        What comes of one sample after a unit and its ReLU? `x` and `w` are float64
        arrays of shape $(M)$, the sample and the weights; `b` is a number, the bias.
        Return $\mathrm{ReLU}\bigl(\sum_{k=1}^{M} x_k w_k + b\bigr)$, one number.
    """),
    stub=cleandoc("""
        def neuron(x, w, b):
            # x, w: (M,), b: one number -> one number
            ...
    """),
    reference=neuron,
    cases=_neuron_cases,
    hints=[
        "Three steps, in this order: multiply and add up, add the bias, cut off what "
        "is negative. How often does each happen?",
        "`x * w` multiplies entry by entry, and `.sum()` adds up. `x @ w` does both.",
        "With `z = x @ w + b` what is left is ReLU: `max(z, 0)`.",
    ],
    comment=(
        "The sum comes first, the bias once, and ReLU last, on the one number that has "
        "come of it. For two arrays of one axis `x @ w` is the same sum of products."
    ),
    remark=(
        "A unit with its ReLU is a ramp across the space of its inputs: 0 on one side "
        "of the flat boundary where the sum is -b, and rising evenly on the other. A "
        "layer lays many such ramps, each with its own direction and its own start."
    ),
    mistakes=[
        Mistake(
            "forgets the bias",
            _neuron_without_bias,
            "The sum has to get its bias before ReLU looks at it. Without one, every "
            "unit would have its corner where the sum is 0.",
        ),
        Mistake(
            "forgets ReLU",
            _neuron_without_relu,
            "This is the number before the activation. ReLU lets it pass where it is "
            "positive, and makes 0 of it elsewhere.",
        ),
        Mistake(
            "adds the bias to every term",
            _neuron_biases_every_term,
            "Inside of the sum the bias counts M times. It belongs to the unit and not "
            "to an input: add it once, after the sum.",
        ),
        Mistake(
            "adds the bias after ReLU",
            _neuron_bias_after_relu,
            "The bias moves the place where the unit starts to respond, so it has to "
            "be there before ReLU. After it, the output could be negative.",
        ),
        Mistake(
            "cuts every term off",
            _neuron_relu_of_every_term,
            "A negative term counts against the others: that is how an input can speak "
            "against something. ReLU acts once, on the finished sum.",
        ),
        Mistake(
            "does not add up",
            _neuron_without_sum,
            "`x * w` is M products. A unit gives one number: their sum, and then the "
            "bias.",
        ),
        Mistake(
            "adds inputs and weights",
            _neuron_adds_weights,
            "Each input is multiplied by its weight: `x * w`. Then the products are "
            "added.",
        ),
        Mistake(
            "takes the mean",
            _neuron_mean,
            "A unit adds its products up and does not divide by their number.",
        ),
        Mistake(
            "takes the absolute value",
            _neuron_absolute,
            "ReLU makes 0 of negative numbers. `abs` would make them positive, and the "
            "unit would answer to a sum of -5 as to one of 5.",
        ),
        Mistake(
            "multiplies by the bias",
            _neuron_weights_the_bias,
            "The bias is added. It moves the sum up or down, whatever comes in.",
        ),
        Mistake(
            "keeps the negative part",
            _neuron_min,
            "`min(z, 0)` keeps what is negative. ReLU is `max(z, 0)`.",
        ),
        Mistake(
            "answers 1 or 0",
            _neuron_step,
            "A step says only whether the number is positive. ReLU lets a positive "
            "number through as it is: 2.5 stays 2.5.",
        ),
        Mistake(
            "expects three inputs",
            _neuron_of_three_inputs,
            "`range(3)` is right for the network on paper alone. A sample has M "
            "numbers, and M is `len(x)`.",
        ),
        Mistake(
            "overwrites the sum at each turn",
            _neuron_overwrites,
            "With `z = x[k] * w[k]` in the loop only the last product is left. Start "
            "with `z = 0.0` and add to it: `z += x[k] * w[k]`.",
        ),
    ],
)


# ---- 2. A layer for a whole batch --------------------------------------------------


def linear_layer(x, weight, bias):
    return x @ weight + bias


def _layer_without_bias(x, weight, bias):
    return x @ weight


def _layer_other_order(x, weight, bias):
    return weight @ x + bias


def _layer_transposed_weight(x, weight, bias):
    return x @ weight.T + bias


def _layer_in_columns(x, weight, bias):
    return weight.T @ x.T + bias[:, None]


def _layer_bias_as_column(x, weight, bias):
    return x @ weight + bias[:, None]


def _layer_entry_by_entry(x, weight, bias):
    return x * weight + bias


def _layer_first_row(x, weight, bias):
    return x[0] @ weight + bias


def _layer_in_a_list(x, weight, bias):
    return [row @ weight + bias for row in x]


def _layer_for_one_vector(x, weight, bias):
    return (weight.T @ x).T + bias


def _layer_with_relu(x, weight, bias):
    return np.maximum(x @ weight + bias, 0)


def _layer_summed_bias(x, weight, bias):
    return x @ weight + bias.sum()


def _layer_biases_every_term(x, weight, bias):
    return x @ weight + x.shape[1] * bias


def _layer_in_float64(x, weight, bias):
    z = np.zeros((x.shape[0], weight.shape[1]))
    z += x @ weight + bias
    return z


def _layer_cases() -> Sequence[Case]:
    rng = np.random.default_rng(30)

    def case(b: int, m: int, n: int, dtype: type = np.float64) -> Case:
        shapes = [(b, m), (m, n), (n,)]
        return tuple(rng.integers(-3, 4, shape).astype(dtype) for shape in shapes)

    paper = np.array([[1.0, 2, 0], [0, 1, 3], [2, 0, 1], [1, 1, 1]])
    w1 = np.array([[1.0, -1.0], [0.0, 2.0], [-2.0, 1.0]])
    return [
        (np.array([[1.0, 2.0]]), np.array([[3.0], [-1.0]]), np.array([0.5])),
        (np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([[1.0, -1.0], [2.0, 0.0]]),
         np.array([0.5, -0.5])),
        (paper, w1, np.array([0.5, -0.5])),
        case(3, 3, 3),
        case(5, 4, 2),
        case(2, 3, 4, np.float32),
    ]  # fmt: skip


LINEAR_LAYER = Exercise(
    id="forward-pass/linear-layer",
    title="A layer for a whole batch",
    statement=cleandoc(r"""
        `linear_layer(x, weight, bias)` gives what a linear layer makes of a batch,
        $Z = XW + b$ of shape $(B, N)$, before any activation. `x` has shape $(B, M)$,
        `weight` $(M, N)$ and `bias` $(N)$, all of one dtype of floats, which the result
        keeps.
    """),
    stub=cleandoc("""
        def linear_layer(x, weight, bias):
            # x: (B, M), weight: (M, N), bias: (N,) -> (B, N)
            ...
    """),
    reference=linear_layer,
    cases=_layer_cases,
    hints=[
        "Write the shapes below each other: (B, M), (M, N) and (N). Which product "
        "leaves (B, N)?",
        "A row is a sample and stands on the left: `x @ weight`. What does "
        "broadcasting do with a bias of shape (N,)?",
        "`x @ weight + bias`: the bias is aligned on the right and added to each row.",
    ],
    comment=(
        "No loop over the samples: one product does them all. Each row of the result "
        "depends on the same row of `x` alone, so a batch is nothing but several "
        "samples at once."
    ),
    remark=(
        "That the batch may have any size is not a small thing. The product of 64 rows "
        "takes far less than 64 times as long as that of one, since each weight, once "
        "fetched from memory, is used for 64 samples."
    ),
    mistakes=[
        Mistake(
            "forgets the bias",
            _layer_without_bias,
            "This is XW. The bias, one number for each unit, is added to every row.",
        ),
        Mistake(
            "multiplies in the other order",
            _layer_other_order,
            "WX belongs to the convention with a sample in each column. Here a row is "
            "a sample, so X stands on the left: (B, M) @ (M, N). With sizes that are "
            "all equal the wrong order runs, and gives other numbers.",
        ),
        Mistake(
            "transposes the weights",
            _layer_transposed_weight,
            "X Wᵀ is for weights of shape (N, M), as PyTorch stores them. Here they "
            "have shape (M, N), a row for each input. With M = N the mistake runs "
            "without an error.",
        ),
        Mistake(
            "has a sample in each column",
            _layer_in_columns,
            "The numbers are right, and the table is turned over: this is the other "
            "convention. Here a row is a sample, and the result has shape (B, N).",
        ),
        Mistake(
            "adds the bias as a column",
            _layer_bias_as_column,
            "A column (N, 1) would give every *sample* a bias of its own, and fits "
            "only if B = N. The bias belongs to the units: leave it as a row, (N,).",
        ),
        Mistake(
            "multiplies entry by entry",
            _layer_entry_by_entry,
            "`*` multiplies entries that stand in the same place. A layer needs the "
            "matrix product, row by column: `@`.",
        ),
        Mistake(
            "takes one sample only",
            _layer_first_row,
            "`x[0]` is the first sample. The product takes all of them at once.",
        ),
        Mistake(
            "returns a list",
            _layer_in_a_list,
            "The rows are right, in a Python list. `x @ weight` gives them as one "
            "array, and far faster.",
        ),
        Mistake(
            "feeds a batch to a layer for one vector",
            _layer_for_one_vector,
            "For one sample of shape (M,) Wᵀx is right. A batch (B, M) has its samples "
            "in rows: Wᵀ then meets the first number of every sample, with an error, "
            "or, where B = M, without one. `x @ weight` is right for both.",
        ),
        Mistake(
            "applies ReLU",
            _layer_with_relu,
            "A linear layer gives Z, negative numbers included. What bends comes "
            "after it, as a layer of its own.",
        ),
        Mistake(
            "adds the sum of the bias",
            _layer_summed_bias,
            "Each unit has a bias of its own: add the row as it is, and broadcasting "
            "lays it on every sample.",
        ),
        Mistake(
            "adds the bias to every term",
            _layer_biases_every_term,
            "Inside of the loop over the inputs the bias counts M times. It belongs to "
            "the unit: add it once, after the sum.",
        ),
        Mistake(
            "turns float32 into float64",
            _layer_in_float64,
            "The values are right. `np.zeros` makes float64 unless it is told "
            "otherwise, and from here on every product would take twice the time.",
        ),
    ],
)


# ---- 3. A softmax that is always right ---------------------------------------------


def stable_softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))  # at most 1, and 1 once in a row
    return e / e.sum(axis=1, keepdims=True)


def _softmax_naive(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def _softmax_from_a_sentinel(z):
    largest = np.full((len(z), 1), -999_999, dtype=z.dtype)
    for i, row in enumerate(z):
        for value in row:
            if value > largest[i, 0]:
                largest[i, 0] = value
    e = np.exp(z - largest)
    return e / e.sum(axis=1, keepdims=True)


def _softmax_with(small):
    """Return a softmax that adds a small number to the sum."""

    def with_a_small_number(z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / (e.sum(axis=1, keepdims=True) + small)

    return with_a_small_number


def _softmax_of_columns(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def _softmax_of_all(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def _softmax_from_the_largest_of_all(z):
    e = np.exp(z - z.max())
    return e / e.sum(axis=1, keepdims=True)


def _softmax_naive_of_all(z):
    e = np.exp(z)
    return e / e.sum()


def _softmax_of_shifted_rows_over_all(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum()


def _softmax_from_the_largest_of_the_column(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=1, keepdims=True)


def _softmax_from_the_mean(z):
    e = np.exp(z - z.mean(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _softmax_clipped(z):
    e = np.exp(np.clip(z, -80, 80))
    return e / e.sum(axis=1, keepdims=True)


def _softmax_clipped_far_out(z):
    e = np.exp(np.clip(z, -500, 500))
    return e / e.sum(axis=1, keepdims=True)


def _softmax_clipped_above(z):
    e = np.exp(np.minimum(z, 500))
    return e / e.sum(axis=1, keepdims=True)


def _softmax_without_keepdims(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1)


def _softmax_without_keepdims_of_the_largest(z):
    e = np.exp(z - z.max(axis=1))
    return e / e.sum(axis=1, keepdims=True)


def _softmax_without_any_keepdims(z):
    e = np.exp(z - z.max(axis=1))
    return e / e.sum(axis=1)


def _softmax_without_exp(z):
    return z / z.sum(axis=1, keepdims=True)


def _softmax_divided_by_the_largest(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.max(axis=1, keepdims=True)


def _softmax_divides_the_logits(z):
    scaled = z / np.abs(z).max(axis=1, keepdims=True).clip(1)
    e = np.exp(scaled)
    return e / e.sum(axis=1, keepdims=True)


def _softmax_one_hot(z):
    return (z == z.max(axis=1, keepdims=True)).astype(z.dtype)


def _softmax_from_the_smallest(z):
    e = np.exp(z - z.min(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _softmax_from_above_the_largest(z):
    largest = np.zeros((len(z), 1), dtype=z.dtype)
    for i, row in enumerate(z):
        for value in row:
            largest[i, 0] = max(largest[i, 0], value)
    e = np.exp(z - largest)
    return e / e.sum(axis=1, keepdims=True)


def _softmax_with_nan_replaced(z):
    e = np.exp(z)
    return np.nan_to_num(e / e.sum(axis=1, keepdims=True))


def _softmax_of_the_negative(z):
    return stable_softmax(-z)


def _softmax_of_the_negative_as_it_is(z):
    return _softmax_naive(-z)


def _softmax_from_the_largest_backwards(z):
    e = np.exp(z.max(axis=1, keepdims=True) - z)
    return e / e.sum(axis=1, keepdims=True)


def _softmax_in_float64(z):
    return stable_softmax(z.astype(np.float64))


def _softmax_cases() -> Sequence[Case]:
    rng = np.random.default_rng(31)
    return [
        (np.array([[0.0, 1.0]]),),
        (np.array([[1e6, 1e6 - 1]]),),
        (np.array([[-2e6, -2e6 - 1]]),),
        (np.array([[1.0, 2.0], [-3.0, 3.0]]),),
        (np.array([[0.0, -1e6, 1e6], [-1e6, -1e6 + 2, -1e6]]),),
        (rng.standard_normal((3, 3)),),
        (2 * rng.standard_normal((5, 4)),),
        (np.array([[0.0, 100.0, 99.0], [-1.0, 2.0, 0.5]], dtype=np.float32),),
    ]


STABLE_SOFTMAX = Exercise(
    id="forward-pass/stable-softmax",
    title="A softmax that is always right",
    statement=cleandoc(r"""
        Write $p_j = e^{z_j} / \sum_k e^{z_k}$ for each row of `z`, floats of shape
        $(B, K)$. It has to be right for logits of $\pm 10^6$ as for those near 0, each
        row by itself, and NumPy shall have nothing to warn of. The result has the shape
        and the dtype of `z`. No small number is to be added anywhere: the check would
        see even $10^{-12}$.
    """),
    stub=cleandoc("""
        def stable_softmax(z):
            # z: (B, K) -> (B, K), each row adds up to 1
            ...
    """),
    reference=stable_softmax,
    cases=_softmax_cases,
    tolerance=1e-13,
    hints=[
        "A number that is added to all logits of a row changes no probability. Which "
        "number makes the largest exponent harmless?",
        "Subtract the largest logit of the row. Then every exponential lies between 0 "
        "and 1, and one of them is exactly 1: can the sum still be 0?",
        "`z.max(axis=1, keepdims=True)` has shape (B, 1), so that each row loses its "
        "own largest. Sum with `keepdims=True` as well.",
    ],
    comment=(
        r"After the shift the sum lies between 1 and $K$: it cannot overflow and "
        "cannot be 0, so nothing has to be added to it. Exponentials that are too "
        "small for a float become 0, and that is right to within less than any digit."
    ),
    remark=(
        "One thing is lost all the same. A probability below about 5e-324 is 0, and "
        "its logarithm, which the loss will ask for, is minus infinity. So the loss "
        "takes the logits themselves and never forms p; that is the subject of the "
        "chapter on losses."
    ),
    mistakes=[
        Mistake(
            "takes the exponential as it is",
            _softmax_naive,
            "exp(710) is beyond float64 and becomes infinite, and inf / inf is not a "
            "number. For very negative logits every exponential is 0, and so is their "
            "sum. Subtract the largest logit of each row first.",
        ),
        Mistake(
            "starts the search for the largest at -999999",
            _softmax_from_a_sentinel,
            "Where all logits lie below -999,999 the search keeps its starting value. "
            "Every exponential is then 0, and 0 / 0 is not a number. Start from the "
            "first logit, or from -inf, or take `z.max`.",
        ),
        *(
            Mistake(
                f"adds 1e-{digits} to the sum",
                _softmax_with(10.0**-digits),
                "After the shift the sum is at least 1, so there is no division by 0 "
                "to guard against. The small number does harm: the rows no longer add "
                "up to 1. Where it seems to be needed, something before it is wrong.",
            )
            for digits in (6, 7, 8, 9, 10, 12)
        ),
        Mistake(
            "goes down the columns",
            _softmax_of_columns,
            "`axis=0` runs over the samples, so that the columns add up to 1. A row is "
            "a sample, and its probabilities are shares of that row: `axis=1`.",
        ),
        Mistake(
            "takes everything as one row",
            _softmax_of_all,
            "Without an axis the sum runs over all samples, and the whole table adds "
            "up to 1. Each row has a sum of its own.",
        ),
        Mistake(
            "takes the exponential as it is, and one sum for everything",
            _softmax_naive_of_all,
            "`e.sum()` without an axis adds up all rows, and each row has a sum of its "
            "own: `e.sum(axis=1, keepdims=True)`. And far from 0 the exponential "
            "overflows, or all of them are 0: subtract the largest of each row first.",
        ),
        Mistake(
            "divides by the sum of everything",
            _softmax_of_shifted_rows_over_all,
            "Each row loses its own largest, as it should, but `e.sum()` without an "
            "axis adds up all rows. Each row has a sum of its own: "
            "`e.sum(axis=1, keepdims=True)`.",
        ),
        Mistake(
            "subtracts the largest of each column",
            _softmax_from_the_largest_of_the_column,
            "`z.max(axis=0)` runs over the samples, and what it subtracts differs "
            "within a row. Only one and the same number for the whole row leaves its "
            "probabilities alone: `axis=1`.",
        ),
        Mistake(
            "subtracts the mean",
            _softmax_from_the_mean,
            "Any number may be subtracted from a row on paper. But what is far above "
            "the mean still overflows. Only after the largest is subtracted is every "
            "exponent at most 0.",
        ),
        Mistake(
            "subtracts the largest of the whole batch",
            _softmax_from_the_largest_of_all,
            "One sample with logits near 10⁶ then pushes those of another so far down "
            "that all its exponentials are 0: 0 / 0. Each row needs its own largest.",
        ),
        Mistake(
            "clips the logits",
            _softmax_clipped,
            "Clipping makes equal what was different: of 10⁶ and 10⁶ - 1 both become "
            "the bound, and get a half each. Subtract instead; it changes nothing.",
        ),
        Mistake(
            "clips the logits far out",
            _softmax_clipped_far_out,
            "Clipping makes equal what was different: of 10⁶ and 10⁶ - 1 both become "
            "the bound, and get a half each. (And in float32 the exponential overflows "
            "before 89.) Subtract instead; it changes nothing.",
        ),
        Mistake(
            "clips the logits from above",
            _softmax_clipped_above,
            "Clipping makes equal what was different, and of very negative logits all "
            "exponentials are still 0: 0 / 0. Subtract the largest of the row instead; "
            "it changes nothing.",
        ),
        Mistake(
            "loses the axis of the sum",
            _softmax_without_keepdims,
            "The sum has shape (B,), a row, and meets the *columns* of (B, K): an "
            "error, or, where B = K, each number divided by the sum of another sample. "
            "Keep the axis with `keepdims=True`.",
        ),
        Mistake(
            "loses the axis of the largest",
            _softmax_without_keepdims_of_the_largest,
            "The largest logits have shape (B,), a row, and meet the *columns* of "
            "(B, K): an error, or, where B = K, numbers that differ within a row are "
            "subtracted. Keep the axis with `keepdims=True`.",
        ),
        Mistake(
            "loses the axis of the largest and of the sum",
            _softmax_without_any_keepdims,
            "Both have shape (B,), a row, and meet the *columns* of (B, K): an error, "
            "or, where B = K, each number meets the largest and the sum of another "
            "sample. Keep the axis with `keepdims=True`, both times.",
        ),
        Mistake(
            "leaves out the exponential",
            _softmax_without_exp,
            "Logits may be negative, and shares of a sum then are, too. The "
            "exponential makes them positive first.",
        ),
        Mistake(
            "divides by the largest",
            _softmax_divided_by_the_largest,
            "The largest is 1 now, and the row adds up to more than 1. Divide by the "
            "sum.",
        ),
        Mistake(
            "scales the logits down",
            _softmax_divides_the_logits,
            "To divide the logits keeps them small and changes the answer: softmax "
            "knows differences, and those are divided, too. Subtracting leaves them "
            "alone.",
        ),
        Mistake(
            "gives everything to the largest",
            _softmax_one_hot,
            "That is the hard maximum. Softmax leaves each of the others the share "
            "that its exponential has.",
        ),
        Mistake(
            "subtracts the smallest",
            _softmax_from_the_smallest,
            "Then the smallest exponent is 0 and the largest may still overflow. "
            "Subtract the largest, so that all exponents are at most 0.",
        ),
        Mistake(
            "subtracts more than the largest of the row",
            _softmax_from_above_the_largest,
            "Where all logits of a row are far below 0, what is subtracted is not the "
            "largest of them: a search that starts at 0 keeps its 0, and the largest "
            "absolute value is above them all. Every exponential is then 0, and 0 / 0 "
            "is not a number. Take `z.max`.",
        ),
        Mistake(
            "replaces NaN afterwards",
            _softmax_with_nan_replaced,
            "Where the exponentials overflow, or are all 0, the answer is lost: 0 in "
            "place of NaN is a number and not the right one. Subtract the largest "
            "logit of each row before the exponential, and no NaN arises.",
        ),
        Mistake(
            "turns the logits round",
            _softmax_of_the_negative,
            "With -z the smallest logit gets the largest probability. The exponent is "
            "z, less the largest of its row.",
        ),
        Mistake(
            "turns the logits round, and takes the exponential as it is",
            _softmax_of_the_negative_as_it_is,
            "With -z the smallest logit gets the largest probability. The exponent is "
            "z, and the largest of its row has to be subtracted from it.",
        ),
        Mistake(
            "subtracts the logits from the largest",
            _softmax_from_the_largest_backwards,
            "The largest minus z grows where z falls, and is never negative, so that "
            "it overflows, too. It is the other way round: z minus the largest.",
        ),
        Mistake(
            "turns float32 into float64",
            _softmax_in_float64,
            "The values are right, but float32 came in and float64 went out.",
        ),
    ],
)


# ---- 4. Two layers, one layer ------------------------------------------------------


def collapse(w1, b1, w2, b2):
    return w1 @ w2, b1 @ w2 + b2


def _collapse_adds_biases(w1, b1, w2, b2):
    return w1 @ w2, b1 + b2


def _collapse_keeps_second_bias(w1, b1, w2, b2):
    return w1 @ w2, b2


def _collapse_forgets_second_bias(w1, b1, w2, b2):
    return w1 @ w2, b1 @ w2


def _collapse_other_order(w1, b1, w2, b2):
    return w2 @ w1, b1 @ w2 + b2


def _collapse_all_in_other_order(w1, b1, w2, b2):
    return w2 @ w1, w2 @ b1 + b2


def _collapse_weight_times_bias(w1, b1, w2, b2):
    return w1 @ w2, w2.T @ b1 + w2.T @ b2


def _collapse_entry_by_entry(w1, b1, w2, b2):
    return w1 * w2, b1 * w2 + b2


def _collapse_bias_other_order(w1, b1, w2, b2):
    return w1 @ w2, w2 @ b1 + b2


def _collapse_weights_entry_by_entry(w1, b1, w2, b2):
    return w1 * w2, b1 @ w2 + b2


def _collapse_sums_weights(w1, b1, w2, b2):
    return w1 + w2, b1 + b2


def _collapse_with_relu(w1, b1, w2, b2):
    return w1 @ w2, np.maximum(b1, 0) @ w2 + b2


def _collapse_relu_of_weights(w1, b1, w2, b2):
    return np.maximum(w1, 0) @ w2, np.maximum(b1, 0) @ w2 + b2


def _collapse_bias_as_row(w1, b1, w2, b2):
    return w1 @ w2, b1[None] @ w2 + b2


def _collapse_transposed(w1, b1, w2, b2):
    return (w1 @ w2).T, b1 @ w2 + b2


def _collapse_in_a_list(w1, b1, w2, b2):
    return [w1 @ w2, b1 @ w2 + b2]


def _collapse_swapped(w1, b1, w2, b2):
    return b1 @ w2 + b2, w1 @ w2


def _collapse_cases() -> Sequence[Case]:
    rng = np.random.default_rng(32)

    def case(m: int, h: int, n: int) -> Case:
        shapes = [(m, h), (h,), (h, n), (n,)]
        return tuple(rng.integers(-3, 4, shape).astype(float) for shape in shapes)

    paper = (
        np.array([[1.0, -1.0], [0.0, 2.0], [-2.0, 1.0]]),
        np.array([0.5, -0.5]),
        np.array([[2.0], [-1.0]]),
        np.array([0.5]),
    )
    return [paper, case(2, 2, 2), case(3, 3, 3), case(4, 2, 3), case(2, 5, 2)]


COLLAPSE = Exercise(
    id="forward-pass/collapse",
    title="Two layers, one layer",
    statement=cleandoc(r"""
        Two linear layers stand one after the other, with nothing between them: `w1`
        $(M, H)$ and `b1` $(H)$, then `w2` $(H, N)$ and `b2` $(N)$. Return the weight
        $(M, N)$ and the bias $(N)$ of the one linear layer that gives the same for
        every batch, as a tuple of two float64 arrays.
    """),
    stub=cleandoc("""
        def collapse(w1, b1, w2, b2):
            # w1: (M, H), b1: (H,), w2: (H, N), b2: (N,) -> (M, N), (N,)
            ...
    """),
    reference=collapse,
    cases=_collapse_cases,
    parts=["the weight", "the bias"],
    hints=[
        r"Write it out: $(X W_1 + b_1)\, W_2 + b_2$, and multiply the bracket out.",
        r"It is $X (W_1 W_2) + (b_1 W_2 + b_2)$. Which part does not depend on $X$?",
        "The weight is `w1 @ w2`. The bias of the first layer goes through the second "
        "as a row: `b1 @ w2`, and then `b2` is added.",
    ],
    comment=(
        "What the new layer gives for a sample of zeros is its bias: there the first "
        "layer gives $b_1$, and the second makes $b_1 W_2 + b_2$ of it. The shapes "
        "leave no other order: $(M, H)$ before $(H, N)$."
    ),
    remark=(
        "Between the layers stood H numbers, and H is gone from the result, with one "
        "trace: where H is smaller than M and N, the weight W₁W₂ cannot be just any "
        "table. Its rank is at most H. Where a network should be made narrow on "
        "purpose, two linear layers with a thin middle do that."
    ),
    mistakes=[
        Mistake(
            "adds the two biases",
            _collapse_adds_biases,
            "The first bias goes through the second layer, as everything does that "
            "leaves the first: it arrives as b₁W₂. (Their shapes differ, too, unless "
            "H = N.)",
        ),
        Mistake(
            "keeps the second bias only",
            _collapse_keeps_second_bias,
            "The first bias is not lost. It goes through the second layer and arrives "
            "as b₁W₂.",
        ),
        Mistake(
            "forgets the second bias",
            _collapse_forgets_second_bias,
            "b₁W₂ is what arrives of the first bias. The second is added to it.",
        ),
        Mistake(
            "multiplies the weights in the other order",
            _collapse_other_order,
            "A sample is a row and stands on the left, so it meets W₁ first: X W₁ W₂. "
            "The other order fits if all sizes are equal, and is wrong even there.",
        ),
        Mistake(
            "computes for samples in columns",
            _collapse_all_in_other_order,
            "W₂(W₁x + b₁) + b₂ is the other convention, with a sample in each column. "
            "Here a row is a sample: (XW₁ + b₁)W₂ + b₂.",
        ),
        Mistake(
            "sends both biases through the second layer",
            _collapse_weight_times_bias,
            "Only the first bias meets W₂. The second is added after that layer's "
            "product.",
        ),
        Mistake(
            "multiplies entry by entry",
            _collapse_entry_by_entry,
            "`*` multiplies entries that stand in the same place. One product after "
            "the other is the matrix product: `w1 @ w2`.",
        ),
        Mistake(
            "multiplies the bias from the wrong side",
            _collapse_bias_other_order,
            "The first bias is a row, as the samples are, and stands on the left: "
            "`b1 @ w2`, (H,) @ (H, N). `w2 @ b1` fits only if H = N, and is wrong even "
            "there.",
        ),
        Mistake(
            "multiplies the weights entry by entry",
            _collapse_weights_entry_by_entry,
            "`*` multiplies entries that stand in the same place. One layer after the "
            "other is the matrix product, as it is for the bias: `w1 @ w2`.",
        ),
        Mistake(
            "adds the weights",
            _collapse_sums_weights,
            "Layers one after the other multiply. To add the weights is what two "
            "layers side by side would do, whose outputs are added.",
        ),
        Mistake(
            "puts ReLU on the bias",
            _collapse_with_relu,
            "Nothing stands between the two layers here. With a ReLU between them no "
            "single layer could do the same.",
        ),
        Mistake(
            "puts ReLU on weights and bias",
            _collapse_relu_of_weights,
            "Nothing stands between the two layers here. And where a ReLU does, it "
            "acts on XW₁ + b₁, and not on the parameters.",
        ),
        Mistake(
            "gives the bias an axis of one",
            _collapse_bias_as_row,
            "The numbers are right, in a table (1, N). A bias has one axis, (N,).",
        ),
        Mistake(
            "transposes the weight",
            _collapse_transposed,
            "The bias is right, and the weight lies on its side: (N, M) is how PyTorch "
            "stores it. Here it is (M, N), `w1 @ w2`.",
        ),
        Mistake(
            "returns a list",
            _collapse_in_a_list,
            "Both arrays are right. Commas alone make a tuple: `return weight, bias`.",
        ),
        Mistake(
            "returns the bias first",
            _collapse_swapped,
            "Both arrays are right, in the wrong order: first the weight, then the "
            "bias.",
        ),
    ],
)


# ---- 5. How many parameters? -------------------------------------------------------


def count_parameters(sizes):
    return sum(m * n + n for m, n in pairwise(sizes))


def _parameters_without_bias(sizes):
    return sum(m * n for m, n in pairwise(sizes))


def _parameters_bias_of_inputs(sizes):
    return sum(m * n + m for m, n in pairwise(sizes))


def _parameters_bias_everywhere(sizes):
    return sum(m * n for m, n in pairwise(sizes)) + sum(sizes)


def _parameters_last_without_bias(sizes):
    return count_parameters(sizes) - sizes[-1]


def _parameters_one_bias_a_layer(sizes):
    return sum(m * n + 1 for m, n in pairwise(sizes))


def _parameters_units(sizes):
    return sum(sizes)


def _parameters_product(sizes):
    return math.prod(sizes)


def _parameters_first_and_last(sizes):
    return sizes[0] * sizes[-1] + sizes[-1]


def _parameters_without_the_last_layer(sizes):
    return count_parameters(sizes[:-1])


def _parameters_added(sizes):
    return sum(m + n for m, n in pairwise(sizes))


def _parameters_of_first_layer(sizes):
    return count_parameters(sizes[:2])


def _parameters_as_float(sizes):
    return float(count_parameters(sizes))


def _parameters_each_layer(sizes):
    return [m * n + n for m, n in pairwise(sizes)]


def _sizes_cases() -> Sequence[Case]:
    return [([2, 3],), ([3, 2, 1],), ([784, 128, 64, 10],), ([5, 5, 5, 5, 5],)]


COUNT_PARAMETERS = Exercise(
    id="forward-pass/count-parameters",
    title="How many parameters?",
    statement=cleandoc(r"""
        A network of linear layers is given by its `sizes`, such as
        `[784, 128, 64, 10]`, with an activation between the layers. Return how many
        parameters it has, weights and biases together, an integer.
    """),
    stub=cleandoc("""
        def count_parameters(sizes):
            # sizes: a list of at least two integers -> an integer
            ...
    """),
    reference=count_parameters,
    cases=_sizes_cases,
    hints=[
        "Count one layer from M numbers to N: how many entries have its W and its b?",
        "A layer lies between two neighbours of `sizes`. `zip(sizes, sizes[1:])` goes "
        "through them.",
        "Add up `m * n + n` for each pair of neighbours.",
    ],
    comment=(
        "Activations such as ReLU have no parameters, and the input has none: it is "
        "given. For `[784, 128, 64, 10]` it is 100,480 + 8,256 + 650 = 109,386."
    ),
    remark=(
        "Where a width is doubled between two layers, the weights on both sides of it "
        "double. Double all widths, and the count is about four times as large: "
        "parameters grow with the square of the width, and only linearly with depth."
    ),
    mistakes=[
        Mistake(
            "forgets the biases",
            _parameters_without_bias,
            "Those are the weights. Each unit has a bias, too: n for a layer to n.",
        ),
        Mistake(
            "has a bias for each input",
            _parameters_bias_of_inputs,
            "A bias belongs to a unit of the layer, and there are n of those: it is "
            "added to what leaves.",
        ),
        Mistake(
            "gives the input biases",
            _parameters_bias_everywhere,
            "The input is given and not computed, so nothing is added to it. Only the "
            "sizes after the first have biases.",
        ),
        Mistake(
            "leaves out the biases of the last layer",
            _parameters_last_without_bias,
            "The last layer is a layer as the others are, and has a bias for each "
            "output.",
        ),
        Mistake(
            "has one bias for a layer",
            _parameters_one_bias_a_layer,
            "A layer has as many biases as units: each starts to respond at a place of "
            "its own.",
        ),
        Mistake(
            "counts the units",
            _parameters_units,
            "That is how many numbers there are on the way for one sample. Parameters "
            "are on the lines between them.",
        ),
        Mistake(
            "multiplies all sizes",
            _parameters_product,
            "Each layer connects its two neighbours only. The layers add up.",
        ),
        Mistake(
            "connects the first with the last",
            _parameters_first_and_last,
            "The sizes between count as well: there is a layer between each two "
            "neighbours.",
        ),
        Mistake(
            "leaves out the last layer",
            _parameters_without_the_last_layer,
            "There are `len(sizes) - 1` layers. The last leads to `sizes[-1]`.",
        ),
        Mistake(
            "adds the sizes of a layer",
            _parameters_added,
            "Every one of the n units has a weight for every one of the m inputs: m "
            "times n, and then n biases.",
        ),
        Mistake(
            "takes the first layer only",
            _parameters_of_first_layer,
            "That is the first layer. A `return` inside of the loop ends it at its "
            "first turn: add up in the loop, and return after it.",
        ),
        Mistake(
            "returns a float",
            _parameters_as_float,
            "The number is right, but it is a float. A count is an integer: start the "
            "sum at `0` and not at `0.0`, and where something is divided use `//`.",
        ),
        Mistake(
            "returns a list",
            _parameters_each_layer,
            "Those are the counts of the layers. The network has their sum.",
        ),
    ],
)


# ---- 6. What does it cost? ---------------------------------------------------------


def count_flops(batch, sizes):
    return sum(2 * batch * m * n + batch * n for m, n in pairwise(sizes))


def _flops_once(batch, sizes):
    return sum(batch * m * n + batch * n for m, n in pairwise(sizes))


def _flops_without_bias(batch, sizes):
    return sum(2 * batch * m * n for m, n in pairwise(sizes))


def _flops_with_one_addition_less(batch, sizes):
    return sum(batch * n * (2 * m - 1) for m, n in pairwise(sizes))


def _flops_of_one_sample(batch, sizes):
    return count_flops(1, sizes)


def _flops_bias_once(batch, sizes):
    return sum(2 * batch * m * n + n for m, n in pairwise(sizes))


def _flops_bias_twice(batch, sizes):
    return sum(2 * batch * (m * n + n) for m, n in pairwise(sizes))


def _flops_bias_of_inputs(batch, sizes):
    return sum(2 * batch * m * n + batch * m for m, n in pairwise(sizes))


def _flops_multiplications_only(batch, sizes):
    return sum(batch * m * n for m, n in pairwise(sizes))


def _flops_of_training(batch, sizes):
    return 3 * count_flops(batch, sizes)


def _flops_with_activation(batch, sizes):
    return count_flops(batch, sizes) + batch * sum(sizes[1:-1])


def _flops_of_first_layer(batch, sizes):
    return count_flops(batch, sizes[:2])


def _flops_as_float(batch, sizes):
    return float(count_flops(batch, sizes))


def _flops_each_layer(batch, sizes):
    return [2 * batch * m * n + batch * n for m, n in pairwise(sizes)]


def _flops_cases() -> Sequence[Case]:
    return [
        (1, [2, 3]),
        (4, [3, 2, 1]),
        (64, [784, 128, 64, 10]),
        (10, [5, 5, 5, 5]),
    ]


COUNT_FLOPS = Exercise(
    id="forward-pass/count-flops",
    title="What does it cost?",
    statement=cleandoc(r"""
        How many FLOPs does a forward pass of `batch` samples take, through the linear
        layers of a network with these `sizes`? Count as this chapter does,
        $2BMN + BN$ for each layer, and leave the activations out. Return an integer.
    """),
    stub=cleandoc("""
        def count_flops(batch, sizes):
            # batch: an integer, sizes: a list of integers -> an integer
            ...
    """),
    reference=count_flops,
    cases=_flops_cases,
    hints=[
        "How many numbers leave a layer for a whole batch, and what does each take?",
        "B N numbers leave. Each is a sum of M products: M multiplications, M "
        "additions (started from 0), and one more addition for the bias.",
        "Add up `2 * batch * m * n + batch * n` for the neighbours of `sizes`.",
    ],
    comment=(
        "Of the two terms the first decides: for $M = 784$ the bias is one operation "
        "in 1,569. As a rule of thumb a forward pass takes two FLOPs for each weight "
        "and sample."
    ),
    remark=(
        "For a batch of 64 the digit reader takes 13,988,480, some 14 million. A "
        "laptop does a thousand times as many in a second, and often far more, so a "
        "batch should take about a millisecond at most; where it takes much longer, it "
        "waits for memory or for Python, and not for arithmetic."
    ),
    mistakes=[
        Mistake(
            "counts one operation for each weight",
            _flops_once,
            "Each weight takes part in a multiplication and in an addition, for each "
            "sample: 2BMN.",
        ),
        Mistake(
            "leaves out the bias",
            _flops_without_bias,
            "Each of the B N numbers that leave a layer gets its bias: BN additions "
            "more. (You come to this number, too, if you count M - 1 additions for a "
            "sum of M. The chapter counts M, since the sum starts at 0.)",
        ),
        Mistake(
            "counts M - 1 additions and no bias",
            _flops_with_one_addition_less,
            "BN(2M - 1) is the product alone, with its sums started from their first "
            "term. The chapter starts them from 0, which makes M additions, and adds "
            "BN for the bias: 2BMN + BN.",
        ),
        Mistake(
            "counts one sample",
            _flops_of_one_sample,
            "That is for one sample. Every sample of the batch takes as much.",
        ),
        Mistake(
            "adds the bias once for the batch",
            _flops_bias_once,
            "Broadcasting saves memory and no arithmetic: the bias is added to every "
            "row, B N additions.",
        ),
        Mistake(
            "counts BN twice",
            _flops_bias_twice,
            "2BMN + 2BN comes of a bias that counts twice, but it is added, and "
            "multiplied by nothing: BN. It also comes of a ReLU that is counted after "
            "every layer: activations are left out here, and the last layer has none.",
        ),
        Mistake(
            "has a bias for each input",
            _flops_bias_of_inputs,
            "The bias is added to what leaves the layer: B N additions, not B M.",
        ),
        Mistake(
            "counts the multiplications only",
            _flops_multiplications_only,
            "BMN multiplications are right. As many additions go with them, and then "
            "those of the bias.",
        ),
        Mistake(
            "counts a step of training",
            _flops_of_training,
            "A backward pass would come to about twice as much again. Here the forward "
            "pass alone is asked for.",
        ),
        Mistake(
            "counts ReLU",
            _flops_with_activation,
            "A comparison for each hidden number is small beside the products, and "
            "left out here.",
        ),
        Mistake(
            "takes the first layer only",
            _flops_of_first_layer,
            "A layer lies between each two neighbours of `sizes`. Add all of them up. "
            "(A `return` inside of the loop would end it at its first turn.)",
        ),
        Mistake(
            "returns a float",
            _flops_as_float,
            "The number is right, but it is a float. A count is an integer: start the "
            "sum at `0` and not at `0.0`, and where something is divided use `//`.",
        ),
        Mistake(
            "returns a list",
            _flops_each_layer,
            "Those are the layers one by one. What is asked for is their sum.",
        ),
    ],
)


# ---- 7. What does not fit? ---------------------------------------------------------


def first_misfit(x, weight, bias):
    if len(x) != 2 or len(weight) != 2:
        return "axes"
    if x[1] != weight[0]:
        return "product"
    if bias != (weight[1],):
        return "bias"
    return None


def _misfit_without_axes(x, weight, bias):
    if x[1] != weight[0]:
        return "product"
    return None if bias == (weight[1],) else "bias"


def _misfit_outer_sizes(x, weight, bias):
    if len(x) != 2 or len(weight) != 2:
        return "axes"
    if x[0] != weight[1]:
        return "product"
    return None if bias == (weight[1],) else "bias"


def _misfit_transposed(x, weight, bias):
    if len(x) != 2 or len(weight) != 2:
        return "axes"
    if x[1] != weight[1]:
        return "product"
    return None if bias == (weight[0],) else "bias"


def _misfit_columns(x, weight, bias):
    if len(x) != 2 or len(weight) != 2:
        return "axes"
    if weight[1] != x[0]:
        return "product"
    return None if bias == (weight[0],) else "bias"


def _misfit_bias_of_inputs(x, weight, bias):
    if len(x) != 2 or len(weight) != 2:
        return "axes"
    if x[1] != weight[0]:
        return "product"
    return None if bias == (x[1],) else "bias"


def _misfit_bias_of_samples(x, weight, bias):
    if len(x) != 2 or len(weight) != 2:
        return "axes"
    if x[1] != weight[0]:
        return "product"
    return None if bias == (x[0],) else "bias"


def _misfit_what_broadcasts(x, weight, bias):
    if len(x) != 2 or len(weight) != 2:
        return "axes"
    if x[1] != weight[0]:
        return "product"
    try:
        np.broadcast_shapes((x[0], weight[1]), bias)
    except ValueError:
        return "bias"
    return None


def _misfit_last_size_of_bias(x, weight, bias):
    if len(x) != 2 or len(weight) != 2:
        return "axes"
    if x[1] != weight[0]:
        return "product"
    return None if bias[-1] == weight[1] else "bias"


def _misfit_first_size_of_bias(x, weight, bias):
    if len(x) != 2 or len(weight) != 2:
        return "axes"
    if x[1] != weight[0]:
        return "product"
    return None if bias[0] == weight[1] else "bias"


def _misfit_both_without_axes(x, weight, bias):
    if len(x) != 2 and len(weight) != 2:
        return "axes"
    if x[1] != weight[0]:
        return "product"
    return None if bias == (weight[1],) else "bias"


def _misfit_by_numpy(x, weight, bias):
    try:
        z = np.zeros(x) @ np.zeros(weight)
    except ValueError:
        return "product"
    try:
        np.broadcast_shapes(z.shape, bias)
    except ValueError:
        return "bias"
    return None


def _misfit_axes_of_the_bias(x, weight, bias):
    if len(x) != 2 or len(weight) != 2 or len(bias) != 1:
        return "axes"
    if x[1] != weight[0]:
        return "product"
    return None if bias == (weight[1],) else "bias"


def _misfit_bias_before_product(x, weight, bias):
    if len(x) != 2 or len(weight) != 2:
        return "axes"
    if bias != (weight[1],):
        return "bias"
    return None if x[1] == weight[0] else "product"


def _misfit_bias_as_number(x, weight, bias):
    if len(x) != 2 or len(weight) != 2:
        return "axes"
    if x[1] != weight[0]:
        return "product"
    return None if bias == (weight[1]) else "bias"


def _misfit_as_truth(x, weight, bias):
    return first_misfit(x, weight, bias) is None


def _misfit_as_text(x, weight, bias):
    return first_misfit(x, weight, bias) or "None"


def _misfit_raises(x, weight, bias):
    misfit = first_misfit(x, weight, bias)
    if misfit:
        raise ValueError(misfit)


def _misfit_cases() -> Sequence[Case]:
    return [
        ((4, 3), (3, 2), (2,)),
        ((4, 3), (2, 3), (2,)),
        ((3, 4), (3, 2), (2,)),
        ((784,), (784, 128), (128,)),
        ((4, 3), (3, 2), (3,)),
        ((4, 3), (3, 2), (1, 2)),
        ((4, 3), (3, 2), (4, 2)),
        ((2, 3), (3, 2), (2, 1)),
        ((4, 3), (3, 2), (1,)),
        ((4, 3), (2, 5), (3,)),
        ((64, 784), (784, 128), (64,)),
        ((64, 28, 28), (784, 128), (128,)),
        ((64, 784), (784, 128), (128,)),
        ((2, 2), (2, 2), (2,)),
        ((2, 3), (3, 2), (2,)),
        ((4, 3), (3,), (3,)),
        ((3,), (3,), (1,)),
    ]


def _misfit_complaint(
    result: Any, x: tuple[int, ...], weight: tuple[int, ...], bias: tuple[int, ...]
) -> str | None:
    expected = first_misfit(x, weight, bias)
    if type(result) is type(expected) and result == expected:
        return None
    wanted = "`None`" if expected is None else f'`"{expected}"`'
    if result is None:
        return (
            f"Expected was {wanted}. `None` says that all fits; it also comes where a "
            "function ends without a `return`."
        )
    return f"Expected was {wanted}."


FIRST_MISFIT = Exercise(
    id="forward-pass/first-misfit",
    title="What does not fit?",
    statement=cleandoc(r"""
        `first_misfit(x, weight, bias)` gets three shapes, tuples of integers, and says
        whether they make a layer of this book, $X$ $(B, M)$, $W$ $(M, N)$ and $b$
        $(N)$. It looks in this order and returns the first that is wrong: `"axes"` if
        `x` or `weight` does not have two axes, `"product"` if $XW$ does not fit,
        `"bias"` if the shape of the bias is not exactly $(N)$, even where broadcasting
        would take it. Where all fits it returns `None`.
    """),
    stub=cleandoc("""
        def first_misfit(x, weight, bias):
            # x, weight, bias: shapes -> "axes", "product", "bias" or None
            ...
    """),
    reference=first_misfit,
    cases=_misfit_cases,
    judge=_misfit_complaint,
    hints=[
        "Three questions in a row, each with a `return` of its own. Which must come "
        "first, so that the next can look at `x[1]`?",
        "The product fits if the inner sizes agree: the last of `x` and the first of "
        "`weight`.",
        "N is `weight[1]`, and the bias has to be the tuple `(weight[1],)`, with its "
        "comma.",
    ],
    comment=(
        "The order matters twice. A shape of one axis has no `x[1]`, so the axes come "
        "first; and N is known only once the product fits. Shapes are compared whole: "
        "`bias != (weight[1],)` refuses too many axes and wrong sizes at once."
    ),
    remark=(
        "The strict test of the bias is the useful one. Of (1,), (1, 2), (4, 2) and "
        "(4, 1) NumPy would take every one without a word, and none is a bias: one "
        "number for all units, a row in disguise, one for each sample and unit, and "
        "one for each sample."
    ),
    mistakes=[
        Mistake(
            "does not look at the axes",
            _misfit_without_axes,
            "A shape such as (784,) has no second size, and one of three axes has more "
            "than the product of this book takes. Compare `len(x)` and `len(weight)` "
            "with 2 first.",
        ),
        Mistake(
            "compares the outer sizes",
            _misfit_outer_sizes,
            "B and N are what is left of the product, and may be anything. The inner "
            "two meet: `x[1]` and `weight[0]`.",
        ),
        Mistake(
            "expects the weights transposed",
            _misfit_transposed,
            "(N, M) is how PyTorch stores weights. Here they are (M, N), and the first "
            "of their sizes meets the last of `x`.",
        ),
        Mistake(
            "checks WX",
            _misfit_columns,
            "This is the convention with a sample in each column. Here it is XW: "
            "`x[1]` meets `weight[0]`.",
        ),
        Mistake(
            "compares the bias with the inputs",
            _misfit_bias_of_inputs,
            "The bias is added to what leaves, N numbers for each sample. M is gone by "
            "then.",
        ),
        Mistake(
            "compares the bias with the batch",
            _misfit_bias_of_samples,
            "A bias belongs to a unit and not to a sample: it has N numbers, whatever "
            "the batch.",
        ),
        Mistake(
            "lets everything pass that broadcasts",
            _misfit_what_broadcasts,
            "(1,), (1, 2), (4, 2) or (4, 1) can be added to (4, 2), and none of them "
            "is the bias of a layer. The shape has to be (N,) exactly.",
        ),
        Mistake(
            "looks at the last size of the bias only",
            _misfit_last_size_of_bias,
            "The last size is right in (1, 2) and (4, 2) as well. Compare the whole "
            "shape with `(weight[1],)`.",
        ),
        Mistake(
            "looks at the first size of the bias only",
            _misfit_first_size_of_bias,
            "The first size is right in (2, 1) as well. Compare the whole shape with "
            "`(weight[1],)`.",
        ),
        Mistake(
            "asks for the axes of both with `and`",
            _misfit_both_without_axes,
            "`len(x) != 2 and len(weight) != 2` is true only where both are wrong. "
            "One that is wrong is enough: `or`.",
        ),
        Mistake(
            "leaves all to NumPy",
            _misfit_by_numpy,
            "NumPy takes more than a layer does: x of one axis or of three, and every "
            "bias that broadcasts. Look at the shapes themselves: their lengths first, "
            "then the inner sizes, then the bias.",
        ),
        Mistake(
            "calls wrong axes of the bias axes",
            _misfit_axes_of_the_bias,
            'The word `"axes"` is for `x` and `weight`. A bias whose shape is anything '
            'but (N,) is a wrong `"bias"`, and is named only if the product fits.',
        ),
        Mistake(
            "looks at the bias before the product",
            _misfit_bias_before_product,
            "Where both are wrong, the product is to be named: it comes first when the "
            "layer runs.",
        ),
        Mistake(
            "writes (n) for a tuple",
            _misfit_bias_as_number,
            "`(weight[1])` is a number in parentheses, and no tuple is equal to it. "
            "The comma makes one: `(weight[1],)`.",
        ),
        Mistake(
            "answers True or False",
            _misfit_as_truth,
            "Not only whether, but what: one of the three words, or None if all fits.",
        ),
        Mistake(
            "writes None in quotes",
            _misfit_as_text,
            '`"None"` is a text of four letters. Return `None` itself, or nothing.',
        ),
        Mistake(
            "raises an error",
            _misfit_raises,
            "A layer should raise an error. Here the word is to be returned.",
        ),
    ],
)


# ---- 8. A network of any sizes -----------------------------------------------------


class MyNetwork:
    def __init__(self, sizes, rng):
        self.layers = [
            (rng.normal(scale=np.sqrt(2 / m), size=(m, n)), np.zeros(n))
            for m, n in pairwise(sizes)
        ]

    def forward(self, x):
        *hidden, (weight, bias) = self.layers
        for w, b in hidden:
            x = np.maximum(x @ w + b, 0)
        return x @ weight + bias


class _NeverBends(MyNetwork):
    def forward(self, x):
        for w, b in self.layers:
            x = x @ w + b
        return x


class _BendsAtTheEnd(MyNetwork):
    def forward(self, x):
        for w, b in self.layers:
            x = np.maximum(x @ w + b, 0)
        return x


class _BendsBeforeTheFirst(MyNetwork):
    def forward(self, x):
        for w, b in self.layers:
            x = np.maximum(x, 0) @ w + b
        return x


class _BendsAfterTheFirstOnly(MyNetwork):
    def forward(self, x):
        for i, (w, b) in enumerate(self.layers):
            x = x @ w + b
            if i == 0 and len(self.layers) > 1:
                x = np.maximum(x, 0)
        return x


class _BendsBeforeTheLastOnly(MyNetwork):
    def forward(self, x):
        for i, (w, b) in enumerate(self.layers):
            x = x @ w + b
            if i == len(self.layers) - 2:
                x = np.maximum(x, 0)
        return x


class _HasAMiddleOfItsOwn(MyNetwork):
    def __init__(self, sizes, rng):
        super().__init__([sizes[0], 16, sizes[-1]], rng)


class _SubtractsTheLargest(MyNetwork):
    def forward(self, x):
        z = super().forward(x)
        return z - z.max(axis=1, keepdims=True)


class _EndsInSoftmax(MyNetwork):
    def forward(self, x):
        return stable_softmax(super().forward(x))


class _MixesSamples(MyNetwork):
    def forward(self, x):
        y = super().forward(x)
        return y - y.mean(axis=0)


class _HasASeedOfItsOwn(MyNetwork):
    def __init__(self, sizes, rng):
        super().__init__(sizes, np.random.default_rng(0))


class _StartsAtZero(MyNetwork):
    def __init__(self, sizes, rng):
        super().__init__(sizes, rng)
        self.layers = [(np.zeros_like(w), b) for w, b in self.layers]


class _DrawsAnew(MyNetwork):
    def __init__(self, sizes, rng):
        self.sizes, self.rng = sizes, rng

    def forward(self, x):
        super().__init__(self.sizes, self.rng)
        return super().forward(x)


class _SkipsTheMiddle(MyNetwork):
    def __init__(self, sizes, rng):
        wide = [max(64, n) for n in sizes[1:-1]]
        super().__init__([sizes[0], *wide, sizes[-1]], rng)


class _GrowsLayerByLayer(MyNetwork):
    def __init__(self, sizes, rng):
        self.layers = [
            (rng.normal(size=(m, n)), np.zeros(n)) for m, n in pairwise(sizes)
        ]


class _FadesLayerByLayer(MyNetwork):
    def __init__(self, sizes, rng):
        self.layers = [
            (rng.normal(scale=0.01, size=(m, n)), np.zeros(n))
            for m, n in pairwise(sizes)
        ]


class _HasColumns(MyNetwork):
    def forward(self, x):
        return super().forward(x).T


class _MultipliesWX(MyNetwork):
    def __init__(self, sizes, rng):
        super().__init__(sizes, rng)
        self.layers = [(w.T, b) for w, b in self.layers]

    def forward(self, x):
        *hidden, (weight, bias) = self.layers
        for w, b in hidden:
            x = np.maximum(w @ x + b, 0)
        return weight @ x + bias


class _GivesAnswers(MyNetwork):
    def forward(self, x):
        return super().forward(x).argmax(axis=1)


class _ForgetsTheLastLayer(MyNetwork):
    def forward(self, x):
        for w, b in self.layers[:-1]:
            x = np.maximum(x @ w + b, 0)
        return x


class _HasPositiveWeights(MyNetwork):
    def __init__(self, sizes, rng):
        self.layers = [
            (rng.uniform(size=(m, n)), np.zeros(n)) for m, n in pairwise(sizes)
        ]


class _EndsInSigmoid(MyNetwork):
    def forward(self, x):
        return 1 / (1 + np.exp(-super().forward(x)))


class _ThreeLayersOnly(MyNetwork):
    def forward(self, x):
        (w1, b1), (w2, b2), (w3, b3) = self.layers
        h = np.maximum(x @ w1 + b1, 0)
        return np.maximum(h @ w2 + b2, 0) @ w3 + b3


class _WritesIntoX(MyNetwork):
    def forward(self, x):
        x /= 2
        return super().forward(x)


class _Try:
    """What a network gave for a batch, and what is wrong with that, if anything is.

    Networks differ in their numbers, so two are alike if they fail alike.
    """

    def __init__(self, y: Any, failing: str, detail: str = "") -> None:
        self.y, self.failing, self.detail = y, failing, detail

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Try) and self.failing == other.failing

    def __repr__(self) -> str:
        return labelled("forward(x) = ", self.y, 12)


def _try(answer: Any, sizes: list[int], x: Array) -> _Try:
    def make(seed: int, sizes: list[int] = sizes) -> Any:
        return answer(list(sizes), np.random.default_rng(seed))

    before = x.copy()
    y = make(0).forward(x)
    return _Try(y, *_failing(make, sizes, before, y))


def _failing(make: Any, sizes: list[int], x: Array, y: Any) -> list[str]:
    """What is wrong with the networks that `make(seed)` gives, if anything is."""

    def forward(network: Any, x: Array) -> Array:
        return np.array(network.forward(np.array(x)))

    network, shape = make(0), (len(x), sizes[-1])
    if not isinstance(y, np.ndarray):
        return ["`forward` has to return an array."]
    if y.shape != shape:
        which = "The result has another shape."
        if y.shape == (len(x),) and y.dtype.kind in "iu":
            which = "The result is one integer for each sample."
        elif y.shape == shape[::-1]:
            which = "The result lies on its side."
        elif y.ndim == 2 and len(y) == len(x):
            which = "The rows of the result have another length."
        return [which, f"Shape {y.shape} came, and not {shape}."]
    if y.dtype != x.dtype:
        return ["The result has another dtype.", f"{y.dtype} came, and not {x.dtype}."]
    if not np.isfinite(y).all():
        return ["Some of the results are not finite."]
    if not np.array_equal(forward(network, x), forward(network, x)):
        return ["The same network gives something else at the second call."]
    if not np.allclose(forward(network, x[:1]), forward(network, x)[:1]):
        return ["The first sample alone gives something else than among the others."]
    probe = np.random.default_rng(7).standard_normal((200, sizes[0]))
    out = forward(network, probe)
    if np.ptp(out, axis=0).max() <= 1e-12 * np.abs(out).max():
        return ["It gives the same, whatever comes in."]
    if not np.array_equal(forward(make(0), x), y):
        return ["Two networks from the same seed differ."]
    if np.array_equal(forward(make(1), x), y):
        return ["Two networks from different seeds are the same."]
    if sizes[-1] > 1 and np.allclose(out.sum(axis=1), 1):
        return ["Each row of the result adds up to 1."]
    if sizes[-1] > 1 and not out.max(axis=1).any():
        return ["The largest of each row is 0."]
    if sizes[-1] > 4 and out.min() >= 0:
        if out.max() <= 1:
            return ["No result is ever negative, and none is above 1."]
        if np.any((out == 0).any(axis=1) & (out > 0).any(axis=1)):
            return ["No result is ever negative, and many are exactly 0."]
        return ["No result is ever negative."]
    size = float(np.sqrt(np.mean(out**2)))
    if not 1e-4 < size < 1e3:
        which = "too large" if size > 1 else "too small"
        detail = f"For inputs of size 1 they are of size {size:.0e}."
        return [f"The results are {which}.", detail]
    other = np.random.default_rng(8).standard_normal(probe.shape)
    middle = forward(network, (probe + other) / 2)
    straight = np.allclose(middle, (out + forward(network, other)) / 2)
    if straight and len(sizes) > 2:
        return ["It is a straight line between any two inputs."]
    if not straight and len(sizes) == 2:
        which = _what_bends(lambda x: forward(network, x), probe, other)
        return ["With two sizes there is one linear layer, and nothing bends" + which]
    if sizes[-2] == 1:
        _, strength, _ = np.linalg.svd(out - out.mean(axis=0), full_matrices=False)
        if strength[1] > 1e-9 * strength[0]:
            return ["More than one number got through a layer of width 1."]
    return [_where_nothing_bends(make, min(len(sizes) - 1, 5))]


def _what_bends(f: Any, x: Array, other: Array) -> str:
    """Say whether it is s(X) W + b or s(XW + b), for what bends but should not."""
    swapped = x.copy()
    swapped[:, 0] = other[:, 0]  # in the one sum a column counts by itself
    there = other.copy()
    there[:, 0] = x[:, 0]
    if np.allclose(f(swapped) + f(there), f(x) + f(other)):
        return ": here the inputs do."
    slopes = _slopes(f, x[:20])  # (20, M, K)
    if all(_rank(of_one) == 1 for of_one in np.moveaxis(slopes, 2, 0)):
        return ": here its results do."
    return "."


def _where_nothing_bends(make: Any, layers: int) -> str:
    """Say at which end of a network with so many linear layers nothing bends.

    A place that is known by its distance from the first layer, or from the last, is
    seen in a network that is deep enough.
    """
    if layers < 3:
        return ""
    rng = np.random.default_rng(9)
    wide = [30] * (layers - 3)

    def both(seed: int) -> tuple[bool, bool]:
        # Where nothing bends before the last layer, what comes out has no more
        # dimensions than the narrow layer has units.
        last = make(seed, [10, *wide, 3, 30, 30])
        out = np.array(last.forward(3 * rng.standard_normal((400, 10))))
        # Where nothing bends after the first, what goes in counts by no more numbers.
        first = make(seed, [6, 30, 2, *wide, 10])
        slopes = _slopes(first.forward, 3 * rng.standard_normal((30, 6)))
        directions = slopes.transpose(0, 2, 1).reshape(-1, 6)
        return _rank(out - out.mean(axis=0), 1e-11) > 3, _rank(directions) > 2

    last, first = (any(seen) for seen in zip(*map(both, range(3)), strict=True))
    if not last:
        return "Nothing bends before the last layer."
    return "" if first else "Nothing bends after the first layer."


def _slopes(f: Any, x: Array, h: float = 1e-6) -> Array:
    """Return by how much each result changes with each input, of shape (B, M, K)."""
    steps = h * np.eye(x.shape[1])
    return np.stack(
        [(np.array(f(x + s)) - np.array(f(x - s))) / (2 * h) for s in steps], axis=1
    )


def _rank(table: Array, least: float = 1e-6) -> int:
    strength = np.linalg.svd(table, compute_uv=False)
    return int(np.sum(strength > least * strength[0]))


def _network_complaint(seen: _Try, sizes: list[int], x: Array) -> str | None:
    return f"{seen.failing} {seen.detail}".strip() or None


def _network_cases() -> Sequence[Case]:
    rng = np.random.default_rng(33)

    def case(b: int, *sizes: int) -> Case:
        return list(sizes), rng.standard_normal((b, sizes[0]))

    return [
        case(2, 2, 3, 5),
        case(4, 3, 2),
        case(5, 4, 1, 3),
        case(4, 6, 8, 8, 10),
        case(8, 64, 64, 64, 64, 64, 64, 64, 64, 10),
        case(3, 784, 128, 64, 10),
    ]


ANY_NETWORK = Exercise(
    id="forward-pass/any-network",
    title="A network of any sizes",
    statement=cleandoc(r"""
        Write a network for any list of `sizes`. `MyNetwork(sizes, rng)` draws its
        weights from `rng`, a NumPy `Generator`, and `forward(x)` takes a batch, float64
        of shape $(B, M)$ with $M$ the first size, and returns logits of shape $(B, K)$
        with $K$ the last. Between each linear layer and the next something bends, of
        your choice; after the last nothing does. How you keep the parameters, and how
        you draw them, is yours, too: the check looks at what a network must have in
        common with all others. It must be the same at every call, treat each sample by
        itself, leave `x` alone, and for inputs of size 1, even after eight layers, its
        results must neither fade below $10^{-4}$ nor grow beyond $10^3$.
    """),
    stub=cleandoc("""
        class MyNetwork:
            def __init__(self, sizes, rng):
                # sizes: a list of at least two integers, rng: a Generator
                ...

            def forward(self, x):
                # x: (B, sizes[0]) -> (B, sizes[-1])
                ...
    """),
    reference=MyNetwork,
    cases=_network_cases,
    call=_try,
    judge=_network_complaint,
    hints=[
        "`__init__` makes a list of pairs, a weight and a bias for each two "
        "neighbours of `sizes`. `forward` is a loop over it. What is different about "
        "the last turn?",
        "`rng.normal(size=(m, n))` draws a weight. A unit adds m of them up, so with m "
        "inputs of size 1 the sum is of size √m, and after several layers that "
        "multiplies. Which factor takes it back?",
        "Divide the weights by `np.sqrt(m)`, or multiply them by "
        "`np.sqrt(2 / m)`, since ReLU puts 0 in place of half of the sums.",
    ],
    comment=(
        r"The factor $\sqrt{2 / M}$ keeps the size of the numbers from layer to layer, "
        "and is derived in the chapter on initialisation. `*hidden, (weight, bias) = "
        "self.layers` takes the last pair off, for it has no ReLU after it."
    ),
    remark=(
        "What you wrote is `mlp` and `Sequential` in small. Every property that was "
        "checked holds for any network of this kind, however it is written, and such "
        "tests find what a look at a few numbers does not: a network that mixes its "
        "samples gives plausible numbers, too."
    ),
    mistakes=[
        Mistake(
            "never bends",
            _NeverBends,
            "Without something between them all layers are one. Put ReLU, or another "
            "function that bends, after each layer but the last.",
        ),
        Mistake(
            "bends after the last layer",
            _BendsAtTheEnd,
            "Logits may be negative: that is how a network speaks against a class. "
            "After the last layer nothing bends.",
        ),
        Mistake(
            "bends before the first layer",
            _BendsBeforeTheFirst,
            "The pixels, or whatever comes in, go into the first product as they are. "
            "What bends stands between the layers: after each product but the last.",
        ),
        Mistake(
            "does not bend before the last layer",
            _BendsAfterTheFirstOnly,
            "The last layer and the one before it are one, since nothing bends between "
            "them. What bends stands after every layer but the last.",
        ),
        Mistake(
            "does not bend after the first layer",
            _BendsBeforeTheLastOnly,
            "The first layer and the one after it are one, since nothing bends between "
            "them. What bends stands after every layer but the last.",
        ),
        Mistake(
            "has hidden layers of its own",
            _HasAMiddleOfItsOwn,
            "The hidden layers are those of `sizes`, in number and in width, and with "
            "two sizes there is none. Loop over `pairwise(sizes)`.",
        ),
        Mistake(
            "subtracts the largest",
            _SubtractsTheLargest,
            "`z - z.max(...)` is the first step of softmax, and in this book softmax "
            "comes after the network. Return the logits as the last layer gives them.",
        ),
        Mistake(
            "draws no negative weights",
            _HasPositiveWeights,
            "`rng.uniform(size=...)` and `rng.random` draw from 0 to 1. With positive "
            "weights alone no unit can count anything against an answer, and what is "
            "added up never cancels. Draw on both sides of 0, with `rng.normal`.",
        ),
        Mistake(
            "ends in a sigmoid or a tanh",
            _EndsInSigmoid,
            "Logits are asked for, which may be negative and of any size. After the "
            "last layer nothing bends.",
        ),
        Mistake(
            "ends in softmax",
            _EndsInSoftmax,
            "Those are probabilities, and logits are asked for. In this book the "
            "network gives logits, and softmax comes after it, where it is needed.",
        ),
        Mistake(
            "mixes the samples",
            _MixesSamples,
            "A sum, a mean or a maximum along `axis=0` runs over the batch. What a "
            "network says of a sample must not depend on its neighbours.",
        ),
        Mistake(
            "has a seed of its own",
            _HasASeedOfItsOwn,
            "All that is random comes from `rng`, which is handed in. With a generator "
            "of its own every network of these sizes is the same.",
        ),
        Mistake(
            "starts with weights of 0",
            _StartsAtZero,
            "Biases may start at 0. Weights must not: then nothing gets through, and "
            "all units of a layer are alike.",
        ),
        Mistake(
            "draws its weights at each call",
            _DrawsAnew,
            "The weights belong to the network: draw them once, in `__init__`, and "
            "keep them in `self`.",
        ),
        Mistake(
            "does not keep to the sizes",
            _SkipsTheMiddle,
            "Between two layers stand as many numbers as `sizes` says. Through a layer "
            "of width 1 only one number gets.",
        ),
        Mistake(
            "grows from layer to layer",
            _GrowsLayerByLayer,
            "A sum of m products with weights of size 1 is about √m times as large as "
            "what came in, and eight layers multiply that. Scale the weights by "
            "`np.sqrt(2 / m)` or so.",
        ),
        Mistake(
            "fades from layer to layer",
            _FadesLayerByLayer,
            "Weights of one small size, such as 0.01, make the numbers smaller with "
            "each layer, until nothing is left. How small is right depends on m: "
            "`np.sqrt(2 / m)` or so.",
        ),
        Mistake(
            "has a sample in each column",
            _HasColumns,
            "A row is a sample, on the way in and on the way out: (B, K).",
        ),
        Mistake(
            "multiplies shapes that do not fit",
            _MultipliesWX,
            "If the error speaks of `matmul` or of `broadcast`: a row is a sample, so "
            "x stands on the left, `x @ w + b`, with w of shape (m, n). `w @ x + b` "
            "with (n, m) is the convention with a sample in each column.",
        ),
        Mistake(
            "gives the answers",
            _GivesAnswers,
            "`argmax` makes one answer of K logits. The logits themselves are asked "
            "for, K for each sample.",
        ),
        Mistake(
            "leaves out the last layer",
            _ForgetsTheLastLayer,
            "There are `len(sizes) - 1` layers, and the last leads to `sizes[-1]`. It "
            "has no ReLU after it, but its product and its bias it has.",
        ),
        Mistake(
            "knows three layers only",
            _ThreeLayersOnly,
            "The number of layers is that of `sizes` less one, and may be any. Loop "
            "over them.",
        ),
        Mistake(
            "writes into its argument",
            _WritesIntoX,
            "`x /= ...` changes the array of whoever called. Make a new one: "
            "`x = x / ...`.",
        ),
    ],
)

EXERCISES = [
    NEURON,
    LINEAR_LAYER,
    STABLE_SOFTMAX,
    COLLAPSE,
    COUNT_PARAMETERS,
    COUNT_FLOPS,
    FIRST_MISFIT,
    ANY_NETWORK,
]


# ---- Quick questions ---------------------------------------------------------------


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _parameter_count(*sizes: int) -> int:
    return sum(p.data.size for p in mlp(sizes, rng=_rng()).parameters())


def _batch_shape() -> tuple[int, ...]:
    return Linear(784, 128, rng=_rng())(np.zeros((64, 784), np.float32)).shape


def _layer_flops() -> int:
    """Count what every output takes: M products, M - 1 sums of them, and the bias."""
    x, layer = np.zeros((10, 100)), Linear(100, 50, rng=_rng())
    weight = layer.weight.data
    products, sums = weight.shape[0], weight.shape[0] - 1
    assert layer.bias is not None
    biases = layer.bias.data.size // weight.shape[1]
    # By convention the sum starts from 0, which counts as one addition more.
    return (len(x) * weight.shape[1]) * (products + sums + 1 + biases)


_ONE_IS_ENOUGH = "No: one linear layer does the same for every input"
_MORE_PARAMETERS = "Yes: they have more parameters, so they can do more"
_ONLY_IF_WIDE = "Only if the layers between are wider than the input"


def _is_a_linear_stack_more() -> str:
    rng = _rng()
    stack = Sequential(
        Linear(3, 16, rng=rng, dtype=np.float64),
        Linear(16, 2, rng=rng, dtype=np.float64),
    )
    bias = stack(np.zeros((1, 3)))
    weight = stack(np.eye(3)) - bias
    x = rng.standard_normal((50, 3))
    return _ONE_IS_ENOUGH if np.allclose(stack(x), x @ weight + bias) else _ONLY_IF_WIDE


_SAME = "They stay as they are"
_ALL_GROW = "Each of them grows"
_SHARPER = "The largest grows, the others shrink"
_FLATTER = "They come closer to each other"


def _after_adding_five() -> str:
    z = np.array([[2.0, -1.0, 0.5]])
    before, after = softmax(z), softmax(z + 5)
    if np.allclose(before, after):
        return _SAME
    return _SHARPER if after.max() > before.max() else _FLATTER


QUESTIONS = [
    Question(
        id="forward-pass/batch-shape",
        text=(
            "A batch of 64 images of 784 pixels goes through a linear layer with 128 "
            "units. What is the shape of Z? Write a shape as in Python, such as "
            "`(3, 2)`."
        ),
        answer=(64, 128),
        why="A row for each sample, a column for each unit: (64, 784) @ (784, 128).",
        wrong={
            (128, 64): "Those are the two numbers, but a row is a sample: the first "
            "axis counts the 64 images.",
            (784, 128): "That is the shape of the weights, which do not know how many "
            "samples come.",
            (64, 784): "That is the shape of X, which goes in. The layer makes 128 "
            "numbers of the 784.",
            (128,): "That is one sample's row, or the bias. The batch has 64 rows.",
            (64, 128, 1): "The numbers are right, but nothing adds a third axis: a "
            "table times a table is a table.",
        },
        otherwise="In (B, M) @ (M, N) the M is summed away. What are B and N here?",
        computed=_batch_shape,
    ),
    Question(
        id="forward-pass/layer-parameters",
        text="How many parameters does a linear layer from 200 numbers to 30 have?",
        answer=6030,
        why="200 · 30 = 6,000 weights and a bias for each of the 30 units.",
        wrong={
            6000: "Those are the weights, 200 · 30. Each unit has a bias, too.",
            6200: "200 biases are too many: a bias belongs to a unit, and there are "
            "30 of those.",
            230: "That is 200 + 30. Every one of the 30 units has a weight for each of "
            "the 200 inputs.",
            6001: "One bias for the whole layer is too few: each unit has its own.",
        },
        otherwise="A weight for every pair of an input and a unit, a bias for a unit.",
        computed=lambda: _parameter_count(200, 30),
    ),
    Question(
        id="forward-pass/layer-flops",
        text=(
            "How many operations does a linear layer from 100 numbers to 50 take, for "
            "a batch of 10? Count as the chapter does, each addition and each "
            "multiplication, and a sum from 0."
        ),
        answer=100_500,
        why="2 · 10 · 100 · 50 = 100,000 for the product, 10 · 50 for the bias.",
        wrong={
            100_000: "That is the product alone. The bias adds one operation to each "
            "of the B N = 500 outputs.",
            50_500: "Each term of the sum takes two operations, a multiplication and "
            "an addition: 2BMN.",
            50_000: "BMN counts the multiplications alone. As many additions come with "
            "them, and then the bias.",
            10_050: "That is for one sample. A batch of 10 takes ten times as much.",
            100_050: "The bias is added to every row: 10 · 50 operations, not 50.",
            5_050: "Those are the parameters. Each of the weights is used for every "
            "sample, in two operations.",
        },
        otherwise="B = 10, M = 100, N = 50, in 2BMN + BN.",
        computed=_layer_flops,
    ),
    Question(
        id="forward-pass/softmax-of-equals",
        text="What is the first element of `softmax([7, 7, 7, 7])`?",
        answer=0.25,
        within=1e-9,
        why="Equal logits get equal shares of 1, whatever the number in them is.",
        wrong={
            7: "That is the logit. Probabilities lie between 0 and 1.",
            1: "The four of them add up to 1, and they are equal.",
            1097: "That is near exp(7), before it is divided by the sum.",
            0: "No logit is below the others. A share of 0 would need one that is.",
        },
        otherwise="The four are equal, and they add up to 1.",
        computed=lambda: softmax(np.full((1, 4), 7.0))[0, 0],
    ),
    Question(
        id="forward-pass/softmax-shift",
        text=(
            "5 is added to each logit of a row. What happens to the probabilities "
            "that softmax makes of it?"
        ),
        choices=[_ALL_GROW, _SHARPER, _SAME, _FLATTER],
        answer=_SAME,
        why=(
            "exp(z + 5) = exp(5) exp(z): the factor stands in every numerator and in "
            "the sum below it, and cancels. Only differences of logits count."
        ),
        wrong={
            _ALL_GROW: "They cannot all grow: they add up to 1 before and after.",
            _SHARPER: "That is what a factor above 1 does, which stretches the "
            "differences. An addend leaves the differences alone.",
            _FLATTER: "That is what a factor between 0 and 1 does, which shrinks the "
            "differences. An addend leaves the differences alone.",
        },
        computed=_after_adding_five,
    ),
    Question(
        id="forward-pass/linear-stack",
        text=(
            "Can three linear layers, with nothing between them, compute anything "
            "that one linear layer cannot?"
        ),
        choices=[_MORE_PARAMETERS, _ONE_IS_ENOUGH, _ONLY_IF_WIDE],
        answer=_ONE_IS_ENOUGH,
        why=(
            "Its weight is the product of the three weights. A function that bends, "
            "between the layers, is what makes depth worth having."
        ),
        wrong={
            _MORE_PARAMETERS: "They have more parameters for the same functions: their "
            "products are all that the output knows of them.",
            _ONLY_IF_WIDE: "Width changes nothing: it is summed away in the product "
            "of the weights.",
        },
        computed=_is_a_linear_stack_more,
    ),
    Question(
        id="forward-pass/network-parameters",
        text="How many parameters does a network 784-32-10 have?",
        answer=25_450,
        why="784 · 32 + 32 = 25,120 in the first layer, 32 · 10 + 10 = 330 after it.",
        wrong={
            25_408: "Those are the weights. There are 32 + 10 biases, too.",
            25_440: "The last layer has biases as well, one for each of 10 outputs.",
            25_418: "The hidden layer has biases as well, one for each of 32 units.",
            26_234: "The input has no biases: it is given, not computed.",
            25_120: "That is the first layer. A second one leads from 32 to 10.",
            109_386: "That is 784-128-64-10. Here a single hidden layer has 32 units.",
        },
        otherwise="Two layers, each with M N weights and N biases.",
        computed=lambda: _parameter_count(784, 32, 10),
    ),
]
