"""Exercises and quick questions of the chapter on backpropagation."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Solutions and mistakes are written as students write them, without annotations.

from itertools import pairwise

import numpy as np

from nnlib._types import Array
from nnlib.activations import ReLU
from nnlib.exercises._bank import Exercise, Question
from nnlib.gradcheck import numerical_gradient
from nnlib.layers import Linear
from nnlib.losses import MSELoss

__all__ = ["EXERCISES", "QUESTIONS"]

EXERCISES: list[Exercise] = []


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
            1: "That is the local slope alone. Multiply it by what comes from above.",
        },
        otherwise="Multiply what comes by ReLU's slope at z = 0.5.",
        computed=_back_through_relu,
    ),
    Question(
        id="backpropagation/mse-gradient",
        text=(
            "The mean squared error of N = 4 predictions. The first is 5, and its "
            "target is 2. What is the derivative of the loss by that prediction?"
        ),
        answer=1.5,
        within=1e-9,
        why="2 (5 - 2) / 4 = 1.5. The other three do not matter to it, only their "
        "number does.",
        wrong={
            6: "The 1/N is missing: the loss is the *mean* of the squares, so each "
            "counts a quarter.",
            0.75: "The 2 is missing: the slope of e² is 2e.",
            -1.5: "The sign: the prediction is too high, so to raise it raises the "
            "loss.",
            3: "That is the error. The slope of its square is 2 · 3, and the mean "
            "divides it by N = 4.",
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
