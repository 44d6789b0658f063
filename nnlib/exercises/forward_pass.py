"""Exercises and quick questions of the chapter on the forward pass."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Solutions and mistakes are written as students write them, without annotations.

import numpy as np

from nnlib.exercises._bank import Exercise, Question
from nnlib.functional import softmax
from nnlib.layers import Linear, mlp
from nnlib.module import Sequential

__all__ = ["EXERCISES", "QUESTIONS"]

EXERCISES: list[Exercise] = []


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
_MORE_PARAMETERS = "Yes: it has more parameters, so it can do more"
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
        text="How many parameters has a linear layer from 128 numbers to 64?",
        answer=8256,
        why="128 · 64 = 8,192 weights and a bias for each of the 64 units.",
        wrong={
            8192: "Those are the weights, 128 · 64. Each unit has a bias, too.",
            8320: "128 biases are too many: a bias belongs to a unit, and there are "
            "64 of those.",
            192: "That is 128 + 64. Every one of the 64 units has a weight for each of "
            "the 128 inputs.",
            8193: "One bias for the whole layer is too few: each unit has its own.",
        },
        otherwise="A weight for every pair of an input and a unit, a bias for a unit.",
        computed=lambda: _parameter_count(128, 64),
    ),
    Question(
        id="forward-pass/layer-flops",
        text=(
            "How many operations takes a linear layer from 100 numbers to 50, for a "
            "batch of 10? Count as the chapter does, 2BMN for the product and BN for "
            "the bias."
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
            _MORE_PARAMETERS: "It has more parameters for the same functions: their "
            "products are all that the output knows of them.",
            _ONLY_IF_WIDE: "Width changes nothing: it is summed away in the product "
            "of the weights.",
        },
        computed=_is_a_linear_stack_more,
    ),
    Question(
        id="forward-pass/network-parameters",
        text="How many parameters has a network 784-32-10?",
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
