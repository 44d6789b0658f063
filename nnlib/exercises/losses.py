"""Exercises and quick questions of the chapter on losses."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Solutions and mistakes are written as students write them, without annotations.

import numpy as np

from nnlib.exercises._bank import Exercise, Question
from nnlib.functional import softmax
from nnlib.losses import (
    CrossEntropyLoss,
    HuberLoss,
    Loss,
    MAELoss,
    MSELoss,
)

__all__ = ["EXERCISES", "QUESTIONS"]


EXERCISES: list[Exercise] = []


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
            "and is trained with the mean absolute error. Which constant does it "
            "arrive at?"
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
