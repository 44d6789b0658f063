"""Exercises and quick questions of the chapter on initialisation."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Solutions and mistakes are written as students write them, without annotations.

import math

import numpy as np

from nnlib import init
from nnlib.activations import Tanh
from nnlib.exercises._bank import Exercise, Question
from nnlib.layers import mlp
from nnlib.losses import CrossEntropyLoss
from nnlib.optim import SGD

__all__ = ["EXERCISES", "QUESTIONS"]


EXERCISES: list[Exercise] = []


# ---- Quick questions ---------------------------------------------------------------


def _few_steps(start, activation):
    """A small network that begins with one number everywhere: trained, and before."""
    net = mlp([4, 3, 2], activation, rng=np.random.default_rng(0), dtype=np.float64)
    for parameter in net.parameters():
        parameter.data[...] = start if parameter.data.ndim == 2 else 0
    before = [parameter.data.copy() for parameter in net.parameters()]
    criterion = CrossEntropyLoss()
    x = np.random.default_rng(1).standard_normal((6, 4))
    for _ in range(3):
        criterion(net(x), np.array([0, 0, 1, 0, 1, 0]))
        net.backward_parameters(criterion.backward())
        SGD(net.parameters(), lr=0.5).step()
    return net, before


_ONLY_LAST_BIAS = "Only the biases of the output layer"
_LAST_LAYER = "The weights and the biases of the output layer"
_ALL_ALIKE = "All of them, but all hidden units alike"
_NOTHING = "None"


def _what_moves():
    net, before = _few_steps(0.0, Tanh)
    now = [parameter.data for parameter in net.parameters()]
    moved = [bool(np.any(a != b)) for a, b in zip(now, before, strict=True)]
    names = {
        (False, False, False, True): _ONLY_LAST_BIAS,
        (False, False, True, True): _LAST_LAYER,
        (True, True, True, True): _ALL_ALIKE,
        (False, False, False, False): _NOTHING,
    }
    return names[tuple(moved)]


def _different_units():
    net, _ = _few_steps(0.01, Tanh)
    return len(np.unique(net[0].weight.data.round(9), axis=1).T)


def _left_after_twenty_layers():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 50))
    ends = []
    for gain in (1.0, math.sqrt(2)):
        rng, a = np.random.default_rng(0), x
        for _ in range(20):
            a = np.maximum(a @ (gain * init.lecun_normal((50, 50), rng=rng)), 0)
        ends.append(float(np.sqrt(np.mean(a**2))))
    return float(f"{ends[0] / ends[1]:.3g}")


QUESTIONS = [
    Question(
        id="initialization/zeros-move",
        text=(
            "All weights and biases of a network with one hidden layer of tanh begin "
            "at 0. Which of its parameters does gradient descent ever move?"
        ),
        choices=[_NOTHING, _ONLY_LAST_BIAS, _LAST_LAYER, _ALL_ALIKE],
        answer=_ONLY_LAST_BIAS,
        why=(
            "tanh(0) = 0, so the weights of the output layer get Aᵀ G = 0; they stay "
            "0, so nothing gets past them. Their bias gets the sums of G."
        ),
        wrong={
            _NOTHING: "The bias of the output layer gets the sum of the rows of G "
            "itself, which passes through no weight.",
            _LAST_LAYER: "The gradient of those weights is Aᵀ G. What is A, if every "
            "pre-activation is 0?",
            _ALL_ALIKE: "That is so for a constant other than 0. With zeros, both "
            "Aᵀ G and G W₂ᵀ are 0.",
        },
        computed=_what_moves,
    ),
    Question(
        id="initialization/equal-units",
        text=(
            "A network has a hidden layer of 100 units. All its weights begin at 0.01 "
            "and all its biases at 0. After training, how many different hidden units "
            "does it have?"
        ),
        answer=1,
        why=(
            "Equal units get equal gradients, at every step: the 100 units remain one "
            "unit, a hundred times."
        ),
        wrong={
            100: "That would need something to tell them apart. Which term of their "
            "gradients could differ from unit to unit?",
            0: "The units do move, as 0.01 lets a gradient through. But do they part?",
            10: "Differences between the classes are in G, and every hidden unit sees "
            "all columns of G with the same weights.",
        },
        otherwise="Can any of the gradients of two equal units differ?",
        computed=_different_units,
    ),
    Question(
        id="initialization/he-std",
        text=(
            "A layer takes 200 numbers and gives 50 to a ReLU. What is the standard "
            "deviation of its weights after He?"
        ),
        answer=0.1,
        within=1e-9,
        why="√(2 / 200) = 0.1. The 50 outputs do not enter: the fan-in is 200.",
        wrong={
            0.01: "That is the variance, 2 / 200. The standard deviation is its root.",
            0.2: "That is √(2 / 50). What counts going forward is how many inputs feed "
            "one output.",
            0.0707: "That is √(1 / 200), LeCun's. ReLU takes half of the mean square.",
            0.0894: "That is √(2 / 250), Xavier's. He takes the fan-in alone.",
        },
        otherwise="The variance is 2 over the fan-in. Take the root of all of it.",
        computed=lambda: round(
            float(init.he_normal((200, 50000), rng=np.random.default_rng(0)).std()), 3
        ),
    ),
    Question(
        id="initialization/twenty-layers",
        text=(
            "Twenty layers with ReLU begin with LeCun's weights, v = 1/M, in place of "
            "He's, 2/M. By which factor is the rms of what comes out smaller? Give "
            "the factor by which He's is multiplied, with three significant digits, "
            "such as `1.23e-4`."
        ),
        answer=9.77e-4,
        within=5e-7,
        why="Each layer brings √(1/2), and twenty of them 2⁻¹⁰ = 1/1024.",
        wrong={
            9.54e-7: "That is 2⁻²⁰, the factor of the mean square. The rms is its "
            "root.",
            0.025: "The factors of the layers multiply; they do not add up.",
            0.707: "That is one layer. Twenty follow on one another.",
            1024: "That is He's over LeCun's. The question was for the other way.",
            1020: "That is He's over LeCun's. The question was for the other way.",
        },
        otherwise="One layer brings a factor √(1/2) to the rms. Twenty multiply.",
        computed=_left_after_twenty_layers,
    ),
    Question(
        id="initialization/conv-fan-in",
        text=(
            "The weights of a convolution have the shape (32, 16, 3, 3): 32 channels "
            "out, 16 in, windows of 3 by 3. What is its fan-in?"
        ),
        answer=144,
        why="One output number is a sum over 3 · 3 pixels in each of 16 channels.",
        wrong={
            16: "The channels are right, and each brings a window of 3 by 3 pixels.",
            288: "That is the fan-out, 32 · 9: how many outputs one input feeds.",
            9: "That is the window in one channel. All 16 channels are summed.",
            32: "That is the number of channels that go out. Fan-in counts what comes "
            "into one number.",
            4608: "That is the number of all weights. One output uses those of its "
            "own channel.",
        },
        otherwise="How many products are summed to make one number of the output?",
        computed=lambda: init.fans((32, 16, 3, 3))[0],
    ),
    Question(
        id="initialization/uniform-limit",
        text=(
            "Weights shall be uniform between -a and a, with He's variance for a "
            "fan-in of 600. What is a?"
        ),
        answer=0.1,
        within=1e-9,
        why="The variance is a²/3, so a = √(3 · 2 / 600) = √(6 / 600) = 0.1.",
        wrong={
            0.0577: "That is √(2 / 600), the standard deviation. A uniform number of "
            "that limit has only a third of the variance.",
            0.0333: "Divided by 3 where it should be multiplied: a²/3 = v, so a² = 3v.",
            0.0707: "That is √(3 / 600), LeCun's limit. He's variance is 2 / 600.",
            0.2: "That is the length of the interval from -a to a.",
        },
        otherwise="The variance of a uniform number between -a and a is a²/3.",
        computed=lambda: round(
            float(
                abs(init.he_uniform((600, 5000), rng=np.random.default_rng(0))).max()
            ),
            4,
        ),
    ),
    Question(
        id="initialization/first-loss",
        text=(
            "A classifier of 100 classes has an output layer of zeros. What is its "
            "cross-entropy before the first step? Give three decimals."
        ),
        answer=4.605,
        within=6e-4,
        why="Every class gets 1/100, and -ln(1/100) = ln 100 = 4.605.",
        wrong={
            2.303: "That is ln 10, for ten classes.",
            0.01: "That is the probability of each class. The loss is -ln of it.",
            100: "The perplexity, one might say. The loss is its logarithm.",
            6.644: "That is the logarithm to base 2. The loss takes the natural one.",
            2: "That is the logarithm to base 10. The loss takes the natural one.",
            0: "That would be a network that is right, and sure of it.",
        },
        otherwise="Every class gets the same probability. What is -ln of it?",
        computed=lambda: round(
            CrossEntropyLoss()(np.zeros((4, 100)), np.array([0, 1, 50, 99])), 3
        ),
    ),
]
