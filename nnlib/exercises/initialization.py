"""Exercises and quick questions of the chapter on initialisation."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Solutions and mistakes are written as students write them, without annotations.

import math
from collections.abc import Sequence
from inspect import cleandoc
from typing import Any

import numpy as np

from nnlib import init
from nnlib._types import Array
from nnlib.activations import ReLU, Tanh
from nnlib.exercises._bank import Case, Exercise, Mistake, Question
from nnlib.exercises._compare import difference, is_changed
from nnlib.functional import log_softmax, softmax
from nnlib.layers import mlp
from nnlib.losses import CrossEntropyLoss
from nnlib.optim import SGD

__all__ = ["EXERCISES", "QUESTIONS"]


# ---- 1. The fans of a weight -------------------------------------------------------


def fan_in_and_out(shape):
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def _fans_of_nnlib_s_matrices(shape):
    return shape if len(shape) == 2 else fan_in_and_out(shape)


def _fans_swapped(shape):
    return fan_in_and_out(shape)[::-1]


def _fans_of_channels_alone(shape):
    return shape[1], shape[0]


def _fans_with_one_field(shape):
    return math.prod(shape[1:]), shape[0]


def _fans_with_one_side(shape):
    side = shape[2] if len(shape) > 2 else 1
    return shape[1] * side, shape[0] * side


def _fans_of_a_square_field(shape):
    field = shape[2] ** (len(shape) - 2) if len(shape) > 2 else 1
    return shape[1] * field, shape[0] * field


def _fans_of_a_last_side_squared(shape):
    field = shape[-1] ** 2 if len(shape) > 2 else 1
    return shape[1] * field, shape[0] * field


def _fans_of_any_last_size_squared(shape):
    return shape[1] * shape[-1] ** 2, shape[0] * shape[-1] ** 2


def _fans_with_sides_added(shape):
    field = sum(shape[2:]) if len(shape) > 2 else 1
    return shape[1] * field, shape[0] * field


def _fans_of_the_field_alone(shape):
    if len(shape) == 2:
        return fan_in_and_out(shape)
    return math.prod(shape[2:]), math.prod(shape[2:])


def _fans_with_the_channels_last(shape):
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


def _fans_of_all_weights(shape):
    return math.prod(shape), math.prod(shape)


def _fans_with_the_bias(shape):
    fan_in, fan_out = fan_in_and_out(shape)
    return fan_in + 1, fan_out


def _fans_of_four_sizes(shape):
    channels_out, channels_in, height, width = shape
    return channels_in * height * width, channels_out * height * width


def _fans_by_a_product_of_floats(shape):
    field = np.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def _fans_in_a_list(shape):
    return list(fan_in_and_out(shape))


FAN_IN = Exercise(
    id="initialization/fan-in",
    title="Who feeds whom, in PyTorch",
    statement=cleandoc(r"""
        PyTorch stores every weight with its outputs first: a linear layer's has the
        shape `(out_features, in_features)`, and a convolution's `(out_channels,
        in_channels, ...)`, where the sides of the window follow. A sound has one side,
        a picture two, a scan of a body three, and they need not be equal. Return
        `fan_in` and `fan_out` of a weight from its `shape` in this order, as a tuple of
        two integers: how many inputs feed one output, and how many outputs one input
        feeds.
    """),
    stub=cleandoc("""
        def fan_in_and_out(shape):
            # a tuple of 2 integers or more -> fan_in, fan_out
            ...
    """),
    reference=fan_in_and_out,
    parts=["the number fan_in", "the number fan_out"],
    cases=lambda: [
        ((2, 3),),
        ((128, 784),),
        ((16, 8, 5, 5),),
        ((6, 1, 3, 3),),
        ((4, 2, 7),),
        ((4, 2, 2, 7),),
        ((8, 4, 2, 3, 5),),
        ((10, 10, 1, 1),),
    ],
    hints=[
        "How many places does the window have? For a linear layer take it to be one.",
        "One output of a convolution is a sum over the input channels and over all "
        "places of the window. One input lies in as many windows as a window has "
        "places, and each of these feeds every output channel.",
        "`math.prod(shape[2:])` counts the places, and is 1 where no sides follow. "
        "Then `fan_in` is `shape[1]` times that.",
    ],
    comment=(
        "The product of no numbers is 1, so the linear layer needs no case of its own: "
        "it is a convolution whose window has a single place. The size of the picture "
        "does not occur, since each output is a sum of its own over one window."
    ),
    remark=(
        "A convolution of 3 x 3 with 512 channels has a fan-in of 4,608, so its He "
        "weights have a standard deviation of 0.021, although its window is small."
    ),
    mistakes=[
        Mistake(
            "reads a linear layer in this book's order",
            _fans_of_nnlib_s_matrices,
            "Here a weight is (in_features, out_features), since a layer is XW + b. "
            "PyTorch stores the transpose: its first size is the outputs'.",
        ),
        Mistake(
            "swaps fan_in and fan_out",
            _fans_swapped,
            "fan_in is how many inputs feed one output. In this order the outputs come "
            "first, so fan_in begins with `shape[1]`.",
        ),
        Mistake(
            "counts channels and no places",
            _fans_of_channels_alone,
            "One output adds up a whole window in every channel: multiply by the "
            "number of its places. For 5 x 5 the weights would come out 5 times too "
            "large.",
        ),
        Mistake(
            "leaves the window out of fan_out",
            _fans_with_one_field,
            "An input lies in many windows: in one for each place that it can have in "
            "them. The number of places belongs to both fans.",
        ),
        Mistake(
            "multiplies by one side of the window",
            _fans_with_one_side,
            "A window has as many places as the product of all its sides.",
        ),
        Mistake(
            "takes all sides to be equal",
            _fans_of_a_square_field,
            "A power of the first side is right only where all sides agree. Take the "
            "product of them.",
        ),
        Mistake(
            "squares the last side",
            _fans_of_a_last_side_squared,
            "The square of a side is right for a picture whose window is square. A "
            "sound has one side, a scan three: take the product of `shape[2:]`.",
        ),
        Mistake(
            "squares the last size of any shape",
            _fans_of_any_last_size_squared,
            "The last size of a linear layer is no side of a window but its inputs, "
            "and windows need not be square: take the product of `shape[2:]`.",
        ),
        Mistake(
            "adds the sides of the window",
            _fans_with_sides_added,
            "A window of 5 x 5 has 25 places and not 10: the sides are multiplied.",
        ),
        Mistake(
            "counts places and no channels",
            _fans_of_the_field_alone,
            "The sum also runs over the channels: in_channels for fan_in, out_channels "
            "for fan_out.",
        ),
        Mistake(
            "expects the channels at the end",
            _fans_with_the_channels_last,
            "That is TensorFlow's order, (height, width, in_channels, out_channels). "
            "In PyTorch's the channels come first, and the outgoing ones first of all.",
        ),
        Mistake(
            "counts all weights",
            _fans_of_all_weights,
            "That is how many weights there are. One output is fed by fan_in of them, "
            "and the layer has many outputs.",
        ),
        Mistake(
            "counts the bias as an input",
            _fans_with_the_bias,
            "The bias begins at 0 and adds nothing to the variance of a sum. fan_in "
            "counts the products of weights and inputs.",
        ),
        Mistake(
            "expects four sizes",
            _fans_of_four_sizes,
            "Four names take four sizes, and a shape may have two, three or more. "
            "`shape[2:]` holds the sides, however many there are.",
        ),
        Mistake(
            "gets a float from np.prod",
            _fans_by_a_product_of_floats,
            "Of an empty tuple `np.prod` makes the float 1.0, so that the fans of a "
            "linear layer are no integers. `math.prod` gives the integer 1.",
        ),
        Mistake(
            "returns a list",
            _fans_in_a_list,
            "Both numbers are right. A tuple was asked for: `return fan_in, fan_out`.",
        ),
    ],
)


# ---- 2. Uniform weights of a given variance ----------------------------------------


def he_uniform_from(u):
    limit = np.sqrt(6 / len(u))
    return limit * (2 * u - 1)


def _uniform_up_to_the_std(u):
    return np.sqrt(2 / len(u)) * (2 * u - 1)


def _uniform_for_xavier(u):
    return np.sqrt(6 / sum(u.shape)) * (2 * u - 1)


def _uniform_for_lecun(u):
    return np.sqrt(3 / len(u)) * (2 * u - 1)


def _uniform_of_fan_out(u):
    return np.sqrt(6 / u.shape[1]) * (2 * u - 1)


def _uniform_of_all_weights(u):
    return np.sqrt(6 / u.size) * (2 * u - 1)


def _uniform_not_centred(u):
    return np.sqrt(6 / len(u)) * u


def _uniform_half_as_wide(u):
    return np.sqrt(6 / len(u)) * (u - 0.5)


def _uniform_twice_as_wide(u):
    return np.sqrt(24 / len(u)) * (2 * u - 1)


def _uniform_without_a_root(u):
    return 6 / len(u) * (2 * u - 1)


def _uniform_root_of_the_fan_alone(u):
    return 6 / np.sqrt(len(u)) * (2 * u - 1)


def _uniform_mirrored(u):
    return np.sqrt(6 / len(u)) * (1 - 2 * u)


def _uniform_std_as_a_factor(u):
    return np.sqrt(2 / len(u)) * (u - u.mean()) / u.std()


def _uniform_written_in_place(u):
    u *= 2
    u -= 1
    u *= np.sqrt(6 / len(u))
    return u


def _uniform_cases() -> Sequence[Case]:
    rng = np.random.default_rng(4)
    return [
        (np.array([[0.0], [0.75]]),),
        (np.array([[0.25, 0.5], [0.0, 0.875], [0.5, 0.125]]),),
        (rng.random((24, 5)),),
        (rng.random((6, 30)),),
    ]


HE_UNIFORM = Exercise(
    id="initialization/he-uniform",
    title="He, without a bell curve",
    statement=cleandoc(r"""
        `u`, of shape $(M, N)$, holds uniform random numbers in $[0, 1)$. Make of them
        the weights of a linear layer from $M$ inputs to $N$ outputs that is followed by
        ReLU: uniform in $[-a, a)$, with the variance that keeps the mean square of the
        signal on its way forward. Return a new array of shape $(M, N)$, float64 as `u`
        is, in which $u = 0$ has become $-a$ and $u = 1/2$ has become 0.
    """),
    stub=cleandoc("""
        def he_uniform_from(u):
            # (M, N) in [0, 1) -> (M, N) in [-a, a)
            ...
    """),
    reference=he_uniform_from,
    cases=_uniform_cases,
    hints=[
        "Two steps: which variance does He ask for, and which $a$ gives a uniform "
        "distribution that variance? Then stretch and shift `u`.",
        r"He's variance is $2/M$, and that of a uniform number in $[-a, a)$ is "
        r"$a^2/3$. Solve $a^2/3 = 2/M$ for $a$.",
        "$a = \\sqrt{6/M}$, and `2 * u - 1` runs from -1 to 1.",
    ],
    comment=(
        "`len(u)` is $M$, the fan-in. The variance of $U(-a, a)$ is $a^2/3$, less "
        "than $a^2$, since most of its numbers lie well within: hence the 6 where a "
        "normal distribution has a 2."
    ),
    remark=(
        "This is what `nnlib.init.he_uniform` draws. The next layer sees sums of many "
        "weights times inputs, which are nearly normal whatever the weights are: what "
        "counts is the variance."
    ),
    mistakes=[
        Mistake(
            "takes the standard deviation for the limit",
            _uniform_up_to_the_std,
            "√(2/M) is the standard deviation that is asked for. The numbers have to "
            "reach √3 times as far for it: a²/3 = 2/M.",
        ),
        Mistake(
            "takes Xavier's variance",
            _uniform_for_xavier,
            "6 / (M + N) is Xavier's compromise for tanh. After ReLU, and for the way "
            "forward, the variance is 2/M.",
        ),
        Mistake(
            "forgets ReLU's 2",
            _uniform_for_lecun,
            "This keeps the variance of a linear layer, 1/M. ReLU halves the mean "
            "square of its input, so the weights need twice that.",
        ),
        Mistake(
            "takes fan-out",
            _uniform_of_fan_out,
            "On the way forward an output is a sum over the M rows of the weight. The "
            "columns are N separate sums.",
        ),
        Mistake(
            "takes the number of all weights",
            _uniform_of_all_weights,
            "`u.size` is M · N. One output is a sum over M products alone.",
        ),
        Mistake(
            "does not centre",
            _uniform_not_centred,
            "These weights are all positive. Their mean is a/2, so the signal has one "
            "too, and their mean square is not their variance. Begin from 2u - 1.",
        ),
        Mistake(
            "is half as wide",
            _uniform_half_as_wide,
            "u - 1/2 runs from -1/2 to 1/2, so these lie in [-a/2, a/2), with a "
            "quarter of the variance. The interval is 2a wide.",
        ),
        Mistake(
            "takes the width of the interval for its half",
            _uniform_twice_as_wide,
            "A uniform distribution of width w has the variance w²/12, which gives "
            "w = √(24/M). That is the whole width, and a is half of it.",
        ),
        Mistake(
            "forgets the square root",
            _uniform_without_a_root,
            "6/M is a², the square of the limit. A limit has the unit of a weight.",
        ),
        Mistake(
            "takes the root of the fan alone",
            _uniform_root_of_the_fan_alone,
            "The 6 belongs below the root as well: a = √(6/M). These weights are √6 "
            "times too large; for 2/√M in place of √(2/M) it is the same slip.",
        ),
        Mistake(
            "is mirrored",
            _uniform_mirrored,
            "The distribution is the right one. Here u = 0 should become -a, so that "
            "larger u give larger weights: 2u - 1.",
        ),
        Mistake(
            "standardises the numbers that came",
            _uniform_std_as_a_factor,
            "It divides by the spread of these very numbers, so each weight depends on "
            "all the others. Scale by what is known of the distribution instead.",
        ),
        Mistake(
            "writes into u",
            _uniform_written_in_place,
            "The weights are right, and `u` is lost: `*=` changes the array of whoever "
            "passed it. `2 * u - 1` makes a new one.",
        ),
    ],
)


# ---- 3. Box-Muller -----------------------------------------------------------------


def normal_pairs(u1, u2):
    radius = np.sqrt(-2 * np.log(1 - u1))
    angle = 2 * np.pi * u2
    return radius * np.cos(angle), radius * np.sin(angle)


def _pairs(radius: Array, angle: Array) -> tuple[Array, Array]:
    return radius * np.cos(angle), radius * np.sin(angle)


def _radius(u1: Array) -> Array:
    return np.asarray(np.sqrt(-2 * np.log(1 - u1)))


def _pairs_log_of_u(u1, u2):
    return _pairs(np.sqrt(-2 * np.log(u1)), 2 * np.pi * u2)


def _pairs_log_with_a_small_number(u1, u2):
    return _pairs(np.sqrt(-2 * np.log(u1 + 1e-12)), 2 * np.pi * u2)


def _pairs_kept_away_from_0(u1, u2):
    return _pairs(np.sqrt(-2 * np.log(np.maximum(1 - u1, 1e-9))), 2 * np.pi * u2)


def _pairs_u1_kept_away_from_0(u1, u2):
    return _pairs(np.sqrt(-2 * np.log(np.maximum(u1, 1e-12))), 2 * np.pi * u2)


def _pairs_with_a_small_number_after_1(u1, u2):
    return _pairs(np.sqrt(-2 * np.log(1 - u1 + 1e-12)), 2 * np.pi * u2)


def _pairs_in_degrees(u1, u2):
    return _pairs(_radius(u1), 360 * u2)


def _pairs_in_a_wedge(u1, u2):
    return _pairs(_radius(u1), np.radians(2 * np.pi * u2))


def _pairs_half_a_turn(u1, u2):
    return _pairs(_radius(u1), np.pi * u2)


def _pairs_without_pi(u1, u2):
    return _pairs(_radius(u1), u2)


def _pairs_without_a_root(u1, u2):
    return _pairs(-2 * np.log(1 - u1), 2 * np.pi * u2)


def _pairs_without_two(u1, u2):
    return _pairs(np.sqrt(-np.log(1 - u1)), 2 * np.pi * u2)


def _pairs_without_the_minus(u1, u2):
    return _pairs(np.sqrt(2 * np.log(1 - u1)), 2 * np.pi * u2)


def _pairs_log_to_ten(u1, u2):
    return _pairs(np.sqrt(-2 * np.log10(1 - u1)), 2 * np.pi * u2)


def _pairs_log_to_two(u1, u2):
    return _pairs(np.sqrt(-2 * np.log2(1 - u1)), 2 * np.pi * u2)


def _pairs_uniform_radius(u1, u2):
    return _pairs(u1, 2 * np.pi * u2)


def _pairs_uniform_disc(u1, u2):
    return _pairs(np.sqrt(u1), 2 * np.pi * u2)


def _pairs_of_one_number(u1, u2):
    return _pairs(_radius(u1), 2 * np.pi * u1)


def _pairs_with_roles_swapped(u1, u2):
    return _pairs(_radius(u2), 2 * np.pi * u1)


def _pairs_twice_the_cosine(u1, u2):
    z = normal_pairs(u1, u2)[0]
    return z, z


def _pairs_sine_first(u1, u2):
    return normal_pairs(u1, u2)[::-1]


def _pairs_stacked(u1, u2):
    return np.stack(normal_pairs(u1, u2))


def _pairs_one_after_the_other(u1, u2):
    return np.concatenate(normal_pairs(u1, u2))


def _pairs_first_only(u1, u2):
    return normal_pairs(u1, u2)[0]


def _rounded(answer, u1, u2):
    """Call an answer, with 0 for -0 and for what is but rounding, as verdicts print."""
    pairs = answer(u1, u2)
    if not isinstance(pairs, tuple):
        return pairs
    return tuple(
        np.where(abs(z) < 1e-15, 0.0, z)
        if isinstance(z, np.ndarray) and z.dtype == float
        else z
        for z in pairs
    )


def _pairs_cases() -> Sequence[Case]:
    rng = np.random.default_rng(9)
    furthest = rng.random((2, 30))
    furthest[0, 17] = 1 - 2.0**-53  # the largest that a generator draws
    return [
        (np.array([0.5]), np.array([0.125])),
        (np.array([0.0]), np.array([0.0])),
        (np.array([0.5, 0.2]), np.array([0.25, 0.75])),
        (np.array([0.25, 0.9, 0.999]), np.array([0.125, 0.5, 0.875])),
        (rng.random(8), rng.random(8)),
        (*furthest,),
        (rng.random(10_000), rng.random(10_000)),
    ]


BOX_MULLER = Exercise(
    id="initialization/box-muller",
    title="Normal from uniform",
    statement=cleandoc(r"""
        `u1` and `u2`, each of shape $(n)$, hold independent uniform random numbers in
        $[0, 1)$, and **0 does occur**. Make normal numbers of them with the method of
        Box and Muller: return $z_1$ and $z_2$ as a tuple of two arrays of shape $(n)$.
        The radius comes from `u1`, so that a share $u_1$ of all pairs lies within it: 0
        gives a radius of 0. The angle comes from `u2`: 0 lies on the axis of $z_1$, and
        $1/4$ on that of $z_2$.
    """),
    stub=cleandoc("""
        def normal_pairs(u1, u2):
            # (n,), (n,) in [0, 1) -> z1, z2: (n,), (n,)
            ...
    """),
    reference=normal_pairs,
    parts=["the array z1", "the array z2"],
    cases=_pairs_cases,
    call=_rounded,
    hints=[
        "Compute a radius and an angle first, then go from polar to Cartesian "
        "coordinates.",
        r"A pair of normal numbers lies within the radius $r$ with probability "
        r"$1 - e^{-r^2/2}$. Set this to $u_1$ and solve for $r$.",
        r"$r = \sqrt{-2 \ln(1 - u_1)}$, and the angle is $2 \pi u_2$, in radians. Then "
        r"$z_1 = r \cos$ and $z_2 = r \sin$ of it.",
    ],
    comment=(
        "The logarithm is of `1 - u1`, which is never 0: the generator draws from "
        "[0, 1). The largest u1 that it can draw is $1 - 2^{-53}$, so no number is "
        "further out than $\\sqrt{2 \\cdot 53 \\ln 2}$, about 8.57; a normal number "
        "lies beyond that less than once in $10^{16}$ times."
    ),
    remark=(
        "Mean, variance and correlation would also have passed 360 · u2 in place of "
        "2π · u2, since cos of a large angle is about as even. A pair that is known, "
        "such as u2 = 1/4, tells them apart."
    ),
    mistakes=[
        Mistake(
            "takes the logarithm of u1",
            _pairs_log_of_u,
            "u1 can be 0, and the logarithm of 0 is -∞: once in a great many draws a "
            "weight is infinite. 1 - u1 is as uniform, and is never 0.",
        ),
        Mistake(
            "adds a small number to u1",
            _pairs_log_with_a_small_number,
            "This hides the 0, and the radius still falls where u1 grows. Use 1 - u1, "
            "which lies in (0, 1]: nothing has to be repaired.",
        ),
        Mistake(
            "keeps 1 - u1 away from 0",
            _pairs_kept_away_from_0,
            "1 - u1 is never 0: u1 is at most 1 - 2⁻⁵³. A bound of 1e-9 cuts off every "
            "radius above 6.4, which is part of the distribution.",
        ),
        Mistake(
            "keeps u1 away from 0",
            _pairs_u1_kept_away_from_0,
            "A small number hides the infinity but keeps the wrong end: u1 = 0 should "
            "give the radius 0. Use 1 - u1.",
        ),
        Mistake(
            "adds a small number to 1 - u1",
            _pairs_with_a_small_number_after_1,
            "1 - u1 is never 0, so nothing has to be added. With u1 = 0 the logarithm "
            "is now of more than 1, and the root of a negative number.",
        ),
        Mistake(
            "gives cos an angle in degrees",
            _pairs_in_degrees,
            "np.cos takes radians: a full turn is 2π and not 360. Mean and variance do "
            "not notice, as 360 radians are 57 turns and a bit; u2 = 1/4 does.",
        ),
        Mistake(
            "takes radians for degrees",
            _pairs_in_a_wedge,
            "2πu2 is in radians already. Converted once more, all angles lie within "
            "6.3 degrees, and z1 is never negative.",
        ),
        Mistake(
            "turns half of the way",
            _pairs_half_a_turn,
            "A full turn is 2π. With π all points lie in the upper half, and z2 is "
            "never negative.",
        ),
        Mistake(
            "takes u2 itself for the angle",
            _pairs_without_pi,
            "u2 runs from 0 to 1, a full turn from 0 to 2π: multiply by 2π.",
        ),
        Mistake(
            "forgets the square root",
            _pairs_without_a_root,
            "-2 ln(1 - u1) is r², the square of the radius. These numbers have far too "
            "heavy tails: their variance is 4.",
        ),
        Mistake(
            "forgets the 2 below the root",
            _pairs_without_two,
            "The probability is 1 - exp(-r²/2), with the half of r²: so r² is "
            "-2 ln(1 - u1). Without the 2 the variance is 1/2.",
        ),
        Mistake(
            "forgets the minus below the root",
            _pairs_without_the_minus,
            "1 - u1 is at most 1 and its logarithm at most 0. The minus makes r² "
            "positive; without it, or with 1 + u1, the root is of a negative number.",
        ),
        Mistake(
            "takes the logarithm to base 10",
            _pairs_log_to_ten,
            "The logarithm undoes e to a power, so its base is e: `np.log`.",
        ),
        Mistake(
            "takes the logarithm to base 2",
            _pairs_log_to_two,
            "The logarithm undoes e to a power, so its base is e: `np.log`.",
        ),
        Mistake(
            "takes u1 itself for the radius",
            _pairs_uniform_radius,
            "No normal pair would lie beyond 1, and they would crowd at 0. The radius "
            "has a distribution of its own, which has to be inverted.",
        ),
        Mistake(
            "fills a disc evenly",
            _pairs_uniform_disc,
            "The root of u1 is the radius of points that are even in a disc. Those of "
            "normal pairs have no bound: r = √(-2 ln(1 - u1)).",
        ),
        Mistake(
            "uses the same number for both",
            _pairs_of_one_number,
            "Radius and angle have to be independent. From u1 alone all pairs lie on "
            "one spiral, and from z1 one could tell z2.",
        ),
        Mistake(
            "gives u1 and u2 each other's part",
            _pairs_with_roles_swapped,
            "As random numbers these are as good. Here the radius was to come from u1 "
            "and the angle from u2.",
        ),
        Mistake(
            "takes the cosine twice",
            _pairs_twice_the_cosine,
            "z2 is r times the sine. Equal numbers are anything but independent.",
        ),
        Mistake(
            "has sine and cosine the wrong way round",
            _pairs_sine_first,
            "As random numbers these are as good. Here u2 = 0 was to lie on the axis "
            "of z1, where the cosine is 1.",
        ),
        Mistake(
            "stacks both in one array",
            _pairs_stacked,
            "The numbers are right. A tuple was asked for: `return z1, z2`.",
        ),
        Mistake(
            "puts one after the other",
            _pairs_one_after_the_other,
            "The numbers are right. A tuple of two arrays was asked for.",
        ),
        Mistake(
            "returns z1 alone",
            _pairs_first_only,
            "Every pair of uniform numbers gives two normal ones: return the sine's "
            "too.",
        ),
    ],
)


# ---- 4. The standard deviation, layer by layer -------------------------------------


class _Named:
    """An activation that says its name where it is printed."""

    def __init__(self, name: str, f: Any) -> None:
        self._name, self._f = name, f

    def __call__(self, x: Any) -> Any:
        return self._f(x)

    def __repr__(self) -> str:
        return self._name


def stds_by_depth(x, weights, gain, f):
    fan_in = x.shape[1]
    stds = []
    for weight in weights:
        x = f(x @ (gain / np.sqrt(fan_in) * weight))
        stds.append(x.std())
    return np.array(stds)


def _deep(x: Array, weights: Array, f: Any, scale: float, read: Any) -> Array:
    """Return what `read` makes of every layer's activations."""
    found = []
    for weight in weights:
        x = f(x @ (scale * weight))
        found.append(read(x))
    return np.array(found)


def _stds_gain_over_fan(x, weights, gain, f):
    return _deep(x, weights, f, gain / x.shape[1], np.std)


def _stds_gain_alone(x, weights, gain, f):
    return _deep(x, weights, f, gain, np.std)


def _stds_gain_times_the_root(x, weights, gain, f):
    return _deep(x, weights, f, gain * np.sqrt(x.shape[1]), np.std)


def _stds_root_of_all(x, weights, gain, f):
    return _deep(x, weights, f, np.sqrt(gain / x.shape[1]), np.std)


def _stds_gain_squared(x, weights, gain, f):
    return _deep(x, weights, f, gain**2 / np.sqrt(x.shape[1]), np.std)


def _stds_without_gain(x, weights, gain, f):
    return _deep(x, weights, f, 1 / np.sqrt(x.shape[1]), np.std)


def _stds_of_the_batch(x, weights, gain, f):
    return _deep(x, weights, f, gain / np.sqrt(len(x)), np.std)


def _stds_of_the_depth(x, weights, gain, f):
    return _deep(x, weights, f, gain / np.sqrt(len(weights)), np.std)


def _stds_without_f(x, weights, gain, f):
    return _deep(x, weights, lambda z: z, gain / np.sqrt(x.shape[1]), np.std)


def _stds_as_variances(x, weights, gain, f):
    return stds_by_depth(x, weights, gain, f) ** 2


def _stds_as_roots_of_mean_squares(x, weights, gain, f):
    def root(a):
        return np.sqrt(np.mean(a**2))

    return _deep(x, weights, f, gain / np.sqrt(x.shape[1]), root)


def _stds_of_units(x, weights, gain, f):
    def over_the_batch(a):
        return a.std(axis=0).mean()

    return _deep(x, weights, f, gain / np.sqrt(x.shape[1]), over_the_batch)


def _stds_of_every_unit(x, weights, gain, f):
    def over_the_batch(a):
        return a.std(axis=0)

    return _deep(x, weights, f, gain / np.sqrt(x.shape[1]), over_the_batch)


def _stds_before_f(x, weights, gain, f):
    stds = []
    for weight in weights:
        z = x @ (gain / np.sqrt(x.shape[1]) * weight)
        stds.append(z.std())
        x = f(z)
    return np.array(stds)


def _stds_f_first(x, weights, gain, f):
    stds = []
    for weight in weights:
        x = f(x) @ (gain / np.sqrt(x.shape[1]) * weight)
        stds.append(x.std())
    return np.array(stds)


def _stds_from_the_input_each(x, weights, gain, f):
    scale = gain / np.sqrt(x.shape[1])
    return np.array([f(x @ (scale * weight)).std() for weight in weights])


def _stds_of_the_input_too(x, weights, gain, f):
    return np.array([x.std(), *stds_by_depth(x, weights, gain, f)])


def _stds_of_the_input_and_not_the_last(x, weights, gain, f):
    return _stds_of_the_input_too(x, weights, gain, f)[:-1]


def _stds_transposed(x, weights, gain, f):
    return stds_by_depth(x, weights.transpose(0, 2, 1), gain, f)


def _stds_of_the_last(x, weights, gain, f):
    return stds_by_depth(x, weights, gain, f)[-1]


def _stds_in_a_list(x, weights, gain, f):
    return list(stds_by_depth(x, weights, gain, f))


def _stds_scaled_in_place(x, weights, gain, f):
    for weight in weights:
        weight *= gain / np.sqrt(x.shape[1])
    return _deep(x, weights, f, 1.0, np.std)


def _stds_cases() -> Sequence[Case]:
    rng = np.random.default_rng(6)
    he = 2**0.5

    def drawn(samples: int, width: int, depth: int) -> tuple[Array, Array]:
        x = rng.standard_normal((samples, width))
        return x, rng.standard_normal((depth, width, width))

    weights = np.array([[[1.0, 2.0], [0.5, -1.0]], [[2.0, 0.0], [1.0, 1.0]]])
    identity = _Named("the identity", lambda z: z)
    x, deep = drawn(64, 32, 20)
    return [
        (np.array([[2.0, 2.0], [1.0, -3.0], [0.0, 1.0]]), weights, 1.0, ReLU()),
        (*drawn(5, 4, 3), 0.5, Tanh()),
        (*drawn(64, 32, 20), 1.0, identity),
        (x.copy(), deep.copy(), he, ReLU()),
        (x, deep, 1.0, ReLU()),
    ]


STD_AT_DEPTH = Exercise(
    id="initialization/std-at-depth",
    title="Down through twenty layers",
    statement=cleandoc(r"""
        `x`, of shape $(B, M)$, enters a stack of $D$ layers without biases, all of
        them $M$ wide. `weights`, of shape $(D, M, M)$, holds standard normal numbers,
        one matrix for every layer; the layer's weight is its matrix times
        $\text{gain}/\sqrt{\text{fan-in}}$. After every product comes the activation
        `f`, a function of an array. Return an array of shape $(D)$: the standard
        deviation of all numbers of every layer's activation.
    """),
    stub=cleandoc("""
        def stds_by_depth(x, weights, gain, f):
            # (B, M), (D, M, M), a number, a function -> (D,)
            ...
    """),
    reference=stds_by_depth,
    cases=_stds_cases,
    tolerance=1e-7,
    absolute=0.0,
    hints=[
        "One turn of a loop for each layer. What goes into a layer is what came out of "
        "the one before.",
        "`for weight in weights:` gives the matrices in turn. Multiply each by "
        "`gain / np.sqrt(x.shape[1])`, then `x @ ...`, then `f`.",
        "`x = f(x @ (gain / np.sqrt(x.shape[1]) * weight))`, then append `x.std()` to "
        "a list, which `np.array` makes an array at the end.",
    ],
    comment=(
        "The name `x` moves along from layer to layer, and nobody's array is written "
        "into: each product is a new one. `x.std()` without an axis takes all numbers "
        "of the batch together."
    ),
    remark=(
        "With a gain of 1 ReLU halves the mean square at every layer: after 20 it has "
        "shrunk a million times, and the standard deviation a thousand times. With √2 "
        "it stays. Nothing else differs between the last two cases."
    ),
    mistakes=[
        Mistake(
            "divides by fan-in without its root",
            _stds_gain_over_fan,
            "A sum of M products has M times the variance of one, so the *variance* of "
            "the weights is gain²/M, and they are scaled by its root, gain/√M.",
        ),
        Mistake(
            "does not divide by the root of fan-in",
            _stds_gain_alone,
            "Without gain/√M each layer multiplies the variance by M, the number of "
            "products in its sums.",
        ),
        Mistake(
            "multiplies by the root of fan-in",
            _stds_gain_times_the_root,
            "The more products a sum has, the smaller each must be: divide by √M.",
        ),
        Mistake(
            "takes the root of the gain too",
            _stds_root_of_all,
            "The gain stands outside of the root: gain/√M. He's gain is √2, a root "
            "already.",
        ),
        Mistake(
            "squares the gain",
            _stds_gain_squared,
            "gain² is what the variance of the weights holds. The weights themselves "
            "are multiplied by gain.",
        ),
        Mistake(
            "forgets the gain",
            _stds_without_gain,
            "Multiply by gain/√M: the gain is what differs between LeCun and He.",
        ),
        Mistake(
            "divides by the root of the batch",
            _stds_of_the_batch,
            "`len(x)` is B, the samples of the batch, and they never meet in a sum. "
            "fan-in is M, `x.shape[1]`.",
        ),
        Mistake(
            "divides by the root of the depth",
            _stds_of_the_depth,
            "`len(weights)` is the number of layers. The sum of one output has M "
            "products: `x.shape[1]`.",
        ),
        Mistake(
            "leaves out the activation",
            _stds_without_f,
            "After every product comes `f`. Without it the stack is linear.",
        ),
        Mistake(
            "returns variances",
            _stds_as_variances,
            "The standard deviation is the root of the variance.",
        ),
        Mistake(
            "takes the root of the mean square",
            _stds_as_roots_of_mean_squares,
            "The mean square is what the derivation follows. After ReLU the mean is "
            "not 0, and a standard deviation is taken from the mean: `x.std()`.",
        ),
        Mistake(
            "averages over units",
            _stds_of_units,
            "`std(axis=0)` is each unit's spread over the batch. Asked for is that of "
            "all numbers of the layer together.",
        ),
        Mistake(
            "gives one number for every unit",
            _stds_of_every_unit,
            "`std(axis=0)` leaves one number for each unit. `std()` takes all of them "
            "together.",
        ),
        Mistake(
            "reads before the activation",
            _stds_before_f,
            "These are the standard deviations of Z = XW. Asked for are those of f(Z), "
            "which go into the next layer.",
        ),
        Mistake(
            "applies the activation before the product",
            _stds_f_first,
            "A layer multiplies first: f(XW). This order applies `f` to the input of "
            "the stack as well.",
        ),
        Mistake(
            "feeds every layer from the input",
            _stds_from_the_input_each,
            "Every layer gets what the one before gave. Here all of them get `x`, and "
            "depth has no effect.",
        ),
        Mistake(
            "counts the input as a layer",
            _stds_of_the_input_too,
            "The input is no layer's activation: D numbers, and not D + 1.",
        ),
        Mistake(
            "reads at the start of each turn",
            _stds_of_the_input_and_not_the_last,
            "These are the standard deviations of what goes into every layer. Read "
            "after the product and `f`, or the last layer is missing.",
        ),
        Mistake(
            "transposes the weights",
            _stds_transposed,
            "A row is a sample: X @ W. Of a square matrix the shape does not tell one "
            "from the other, the numbers do.",
        ),
        Mistake(
            "returns the last one alone",
            _stds_of_the_last,
            "One for every layer was asked for: append inside of the loop, return "
            "after it.",
        ),
        Mistake(
            "returns a list",
            _stds_in_a_list,
            "The numbers are right. An array was asked for: `np.array(...)`.",
        ),
        Mistake(
            "scales the weights in place",
            _stds_scaled_in_place,
            "The numbers are right, and `weights` is changed: `*=` writes into the "
            "array of whoever passed it. Make a new one.",
        ),
    ],
)


# ---- 5. Twins ----------------------------------------------------------------------


def count_distinct(w1, b1, w2):
    units = np.vstack([w1, b1, w2.T])
    return np.unique(units, axis=1).shape[1]


def _distinct(*tables: Array) -> int:
    """How many different columns there are in tables on top of each other."""
    return int(np.unique(np.vstack(tables), axis=1).shape[1])


def _distinct_incoming_weights(w1, b1, w2):
    return _distinct(w1)


def _distinct_incoming(w1, b1, w2):
    return _distinct(w1, b1)


def _distinct_without_bias(w1, b1, w2):
    return _distinct(w1, w2.T)


def _distinct_outgoing(w1, b1, w2):
    return _distinct(w2.T)


def _distinct_inputs(w1, b1, w2):
    return _distinct(w1.T)


def _distinct_outputs(w1, b1, w2):
    return _distinct(w2)


def _distinct_numbers(w1, b1, w2):
    return int(np.unique(w1).size)


def _distinct_twins(w1, b1, w2):
    return len(b1) - count_distinct(w1, b1, w2)


def _distinct_singles(w1, b1, w2):
    _, counts = np.unique(np.vstack([w1, b1, w2.T]), axis=1, return_counts=True)
    return int(np.sum(counts == 1))


def _distinct_neighbours(w1, b1, w2):
    units = np.vstack([w1, b1, w2.T])
    return 1 + int(np.sum(np.any(units[:, 1:] != units[:, :-1], axis=0)))


def _distinct_by_sums(w1, b1, w2):
    return int(np.unique(w1.sum(axis=0) + b1 + w2.sum(axis=1)).size)


def _distinct_by_rank(w1, b1, w2):
    return int(np.linalg.matrix_rank(np.vstack([w1, b1, w2.T])))


def _distinct_or_not(w1, b1, w2):
    return len(b1) if count_distinct(w1, b1, w2) == len(b1) else 1


def _distinct_units(w1, b1, w2):
    return len(b1)


def _distinct_with_other_partners(w1, b1, w2):
    """Skip a unit whose parts have all been seen, though with different units."""
    return sum(
        not all(
            any(np.array_equal(part[:, j], part[:, k]) for k in range(j))
            for part in (w1, b1[np.newaxis], w2.T)
        )
        for j in range(len(b1))
    )


def _distinct_in_or_out(w1, b1, w2):
    return max(_distinct(w1, b1), _distinct(w2.T))


def _distinct_in_one_part(w1, b1, w2):
    return max(_distinct(w1), _distinct(b1), _distinct(w2.T))


def _distinct_less_pairs(w1, b1, w2):
    units = np.vstack([w1, b1, w2.T]).T
    pairs = (units[:, np.newaxis] == units).all(axis=2).sum() - len(b1)
    return len(b1) - int(pairs) // 2


def _distinct_up_to_a_tolerance(w1, b1, w2):
    units = np.vstack([w1, b1, w2.T]).T
    return sum(
        not any(np.allclose(units[j], units[k], rtol=0, atol=1e-8) for k in range(j))
        for j in range(len(b1))
    )


def _distinct_cases() -> Sequence[Case]:
    def zeros(inputs: int, hidden: int, outputs: int) -> Case:
        return (
            np.zeros((inputs, hidden)),
            np.zeros(hidden),
            np.zeros((hidden, outputs)),
        )

    rng = np.random.default_rng(3)
    # Units that repeat in another order than side by side, then one part at a time.
    units = [0, 1, 0, 2, 1, 0]
    w1, b1, w2 = rng.integers(-3, 4, (4, 3)) / 2, np.arange(3) / 4, rng.random((3, 2))
    w1, b1, w2 = w1[:, units], b1[units], w2[units]
    other_b1, other_w2 = b1.copy(), w2.copy()
    other_b1[2] = 1.0
    other_w2[5] = [0.25, 0.75]
    # Columns of the same sum, and twice a column: different units all the same.
    sums = np.array([[1.0, 3.0, 2.0, 6.0], [3.0, 1.0, 6.0, 2.0]])
    return [
        (np.ones((1, 2)), np.zeros(2), np.ones((2, 1))),
        (np.ones((1, 2)), np.zeros(2), np.array([[1.0], [2.0]])),
        zeros(3, 5, 2),
        (sums, np.zeros(4), np.ones((4, 3))),
        (w1, b1, w2),
        (w1, other_b1, w2),
        (w1, b1, other_w2),
        (rng.random((6, 8)), np.zeros(8), rng.random((8, 3))),
        (np.ones((3, 4)), np.zeros(4), np.array([[1.0], [2.0], [2.0], [3.0]])),
        # Every kind of what comes in with every kind of what goes out.
        (np.array([[1.0, 1, 2, 2]]), np.zeros(4), np.array([[1.0], [2], [1], [2]])),
        (np.ones((1, 4)), np.array([0.0, 0, 1, 1]), np.array([[1.0], [2], [1], [2]])),
        (
            np.array([[1.0, 1, 1, 1, 2, 2, 2, 2]]),
            np.array([0.0, 0, 1, 1, 0, 0, 1, 1]),
            np.array([[1.0], [2], [1], [2], [1], [2], [1], [2]]),
        ),
        # Nearly alike: so that it shows in print, then next to 1, then all of them.
        (np.array([[0, 1e-9]]), np.zeros(2), np.ones((2, 1))),
        (np.array([[1, 1 + 1e-9]]), np.zeros(2), np.ones((2, 1))),
        (1e-10 * rng.random((6, 8)), np.zeros(8), 1e-10 * rng.random((8, 3))),
    ]


SYMMETRY = Exercise(
    id="initialization/symmetry",
    title="Twins for life",
    statement=cleandoc(r"""
        A network with one hidden layer has the weights `w1` of shape $(M, H)$ and `b1`
        of shape $(H)$ into its hidden units, and `w2` of shape $(H, K)$ out of them.
        Two hidden units are **twins** if all their numbers agree, those that come in
        and those that go out: they get the same gradients, and stay twins in every
        step. Return the number of different hidden units, as an integer, where twins
        count as one: how many units the network really has.
    """),
    stub=cleandoc("""
        def count_distinct(w1, b1, w2):
            # (M, H), (H,), (H, K) -> an integer from 1 to H
            ...
    """),
    reference=count_distinct,
    cases=_distinct_cases,
    hints=[
        "Which numbers belong to hidden unit $j$? One is in `b1`. Where are the "
        "others, in `w1` and in `w2`?",
        "Unit $j$ has the *column* `w1[:, j]`, the number `b1[j]` and the *row* "
        "`w2[j]`. Collect all of a unit's numbers and count how many collections "
        "differ.",
        "`np.vstack([w1, b1, w2.T])` has a column for each unit, and "
        "`np.unique(..., axis=1)` keeps one of each kind. A set of tuples does as "
        "well.",
    ],
    comment=(
        "A column of the stacked table holds all that tells one unit from another. "
        "Units that agree in what comes in alone compute the same activation, but "
        "different outgoing weights send different gradients back, and one step later "
        "they differ."
    ),
    remark=(
        "A network of zeros, or of any other constant, has one unit, however wide it "
        "is. Random numbers make all of them different, and that is why weights begin "
        "at random."
    ),
    mistakes=[
        Mistake(
            "compares up to a tolerance",
            _distinct_up_to_a_tolerance,
            "Units that are nearly alike are no twins: their gradients differ a "
            "little, and training can take them apart. Compare exactly.",
        ),
        Mistake(
            "compares the weights that come in alone",
            _distinct_incoming_weights,
            "The bias comes in as well, and the weights that go out decide which "
            "gradient comes back. Twins agree in all of them.",
        ),
        Mistake(
            "leaves out what goes out",
            _distinct_incoming,
            "These units compute the same, and still part: unit j's gradient comes "
            "back through row j of w2, and where those differ, so does the step.",
        ),
        Mistake(
            "leaves out the bias",
            _distinct_without_bias,
            "Another bias makes another activation: at ReLU's corner one unit is on "
            "and the other off. b1 belongs to the comparison.",
        ),
        Mistake(
            "compares the weights that go out alone",
            _distinct_outgoing,
            "Units are told apart by what comes in, too: by their column of w1 and "
            "their number in b1.",
        ),
        Mistake(
            "compares the inputs",
            _distinct_inputs,
            "A row of w1 belongs to an input. A hidden unit has a column: w1 is "
            "(M, H), and Z = XW.",
        ),
        Mistake(
            "compares the outputs",
            _distinct_outputs,
            "A column of w2 belongs to an output. A hidden unit has a row of it, the "
            "weights that go out.",
        ),
        Mistake(
            "counts different numbers",
            _distinct_numbers,
            "Units are compared as a whole: two of them differ as soon as one of their "
            "numbers does.",
        ),
        Mistake(
            "counts those that could go",
            _distinct_twins,
            "That is how many units are superfluous. Asked for is how many remain.",
        ),
        Mistake(
            "counts units without a twin",
            _distinct_singles,
            "Twins count as one unit, not as none.",
        ),
        Mistake(
            "lets a unit agree with different partners",
            _distinct_with_other_partners,
            "A twin is *one* unit that agrees in all parts. To agree with one unit in "
            "w1 and with another in w2 makes no twin of either.",
        ),
        Mistake(
            "takes the larger of two counts",
            _distinct_in_or_out,
            "Two kinds of what comes in and two of what goes out can make four kinds "
            "of units. Compare a unit's numbers together, and count once.",
        ),
        Mistake(
            "takes the largest of three counts",
            _distinct_in_one_part,
            "Two kinds of each part can make more than two kinds of units. Compare a "
            "unit's numbers together, and count once.",
        ),
        Mistake(
            "takes off one for each pair of twins",
            _distinct_less_pairs,
            "Three equal units make three pairs, and only two of them are too many. "
            "Count the kinds instead.",
        ),
        Mistake(
            "compares neighbours alone",
            _distinct_neighbours,
            "Twins need not stand side by side: unit 0 and unit 2 may agree while unit "
            "1 differs from both.",
        ),
        Mistake(
            "compares sums",
            _distinct_by_sums,
            "Units of the same sum need not be the same: 1 + 3 = 3 + 1.",
        ),
        Mistake(
            "takes the rank",
            _distinct_by_rank,
            "The rank asks whether one unit is a combination of others. A unit that is "
            "twice another is no twin: it gets another gradient.",
        ),
        Mistake(
            "tells all or nothing",
            _distinct_or_not,
            "Some units may be twins while others are not: count the different ones.",
        ),
        Mistake(
            "counts all units",
            _distinct_units,
            "That is the width on paper. Twins count as one.",
        ),
    ],
)


# ---- 6. The first loss -------------------------------------------------------------


def first_excess(a, w, y, scales):
    loss = CrossEntropyLoss()
    losses = [loss(a @ (scale * w), y) for scale in scales]
    return np.array(losses) - np.log(w.shape[1])


def _log_probabilities(a: Array, w: Array, y: Array, scale: float) -> Array:
    """The logarithm of the probability of the right class of every sample."""
    return np.asarray(log_softmax(a @ (scale * w))[np.arange(len(y)), y])


def _excess_not_subtracted(a, w, y, scales):
    return first_excess(a, w, y, scales) + np.log(w.shape[1])


def _excess_the_other_way_round(a, w, y, scales):
    return -first_excess(a, w, y, scales)


def _excess_as_a_ratio(a, w, y, scales):
    k = np.log(w.shape[1])
    return (first_excess(a, w, y, scales) + k) / k


def _excess_without_the_minus(a, w, y, scales):
    return -_excess_not_subtracted(a, w, y, scales) - np.log(w.shape[1])


def _excess_over_log2(a, w, y, scales):
    return _excess_not_subtracted(a, w, y, scales) - np.log2(w.shape[1])


def _excess_over_log10(a, w, y, scales):
    return _excess_not_subtracted(a, w, y, scales) - np.log10(w.shape[1])


def _excess_over_ten(a, w, y, scales):
    return _excess_not_subtracted(a, w, y, scales) - np.log(10)


def _excess_over_samples(a, w, y, scales):
    return _excess_not_subtracted(a, w, y, scales) - np.log(len(y))


def _excess_over_features(a, w, y, scales):
    return _excess_not_subtracted(a, w, y, scales) - np.log(len(w))


def _excess_over_chance(a, w, y, scales):
    return _excess_not_subtracted(a, w, y, scales) - 1 / w.shape[1]


def _excess_summed(a, w, y, scales):
    summed = _excess_not_subtracted(a, w, y, scales) * len(y)
    return summed - np.log(w.shape[1])


def _excess_over_all_logits(a, w, y, scales):
    mean = _excess_not_subtracted(a, w, y, scales) / w.shape[1]
    return mean - np.log(w.shape[1])


def _excess_by_hand(a, w, y, scales):
    losses = []
    for scale in scales:
        e = np.exp(a @ (scale * w))
        p = e / e.sum(axis=1, keepdims=True)
        losses.append(-np.mean(np.log(p[np.arange(len(y)), y])))
    return np.array(losses) - np.log(w.shape[1])


def _excess_by_softmax(a, w, y, scales):
    losses = []
    for scale in scales:
        p = softmax(a @ (scale * w))
        losses.append(-np.mean(np.log(p[np.arange(len(y)), y])))
    return np.array(losses) - np.log(w.shape[1])


def _excess_with_a_small_number(a, w, y, scales):
    losses = []
    for scale in scales:
        p = softmax(a @ (scale * w))
        losses.append(-np.mean(np.log(p[np.arange(len(y)), y] + 1e-12)))
    return np.array(losses) - np.log(w.shape[1])


def _excess_with_the_least_number(a, w, y, scales):
    losses = []
    for scale in scales:
        p = softmax(a @ (scale * w))
        losses.append(-np.mean(np.log(p[np.arange(len(y)), y] + 1e-300)))
    return np.array(losses) - np.log(w.shape[1])


def _excess_of_softmax_twice(a, w, y, scales):
    loss = CrossEntropyLoss()
    losses = [loss(softmax(a @ (scale * w)), y) for scale in scales]
    return np.array(losses) - np.log(w.shape[1])


def _excess_of_the_mean_probability(a, w, y, scales):
    losses = [
        -np.log(np.exp(_log_probabilities(a, w, y, scale)).mean()) for scale in scales
    ]
    return np.array(losses) - np.log(w.shape[1])


def _excess_without_scales(a, w, y, scales):
    return first_excess(a, w, y, np.ones_like(scales))


def _excess_over_scales(a, w, y, scales):
    with np.errstate(all="ignore"):
        return first_excess(a, w, y, np.where(scales > 0, 1 / scales, 0))


def _excess_in_a_list(a, w, y, scales):
    return list(first_excess(a, w, y, scales))


def _excess_first_only(a, w, y, scales):
    return first_excess(a, w, y, scales)[0]


def _excess_cases() -> Sequence[Case]:
    rng = np.random.default_rng(8)

    def drawn(samples: int, features: int, classes: int) -> tuple[Array, Array, Array]:
        a = np.maximum(rng.standard_normal((samples, features)), 0)
        w = rng.standard_normal((features, classes)) / features**0.5
        return a, w, rng.integers(classes, size=samples)

    small = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
    weights = np.array([[1.0, -1.0], [0.5, 0.0], [-1.0, 2.0]])
    return [
        (small, weights, np.array([0, 1]), np.array([0.0, 1.0])),
        (*drawn(6, 4, 3), np.array([0.5, 2.0])),
        (*drawn(50, 16, 10), np.array([0.0, 0.01, 0.1, 1.0, 10.0])),
        (small.copy(), weights.copy(), np.array([0, 0]), np.array([1e3])),
    ]


FIRST_LOSS = Exercise(
    id="initialization/first-loss",
    title="How far from ln K",
    statement=cleandoc(r"""
        Before the first step a classifier of $K$ classes should have a loss of
        $\ln K$: it knows nothing, and should not pretend to. Its last hidden layer
        gives the activations `a` of shape $(B, H)$, its output layer has the weights
        `w` of shape $(H, K)$ times a scale, and no bias; `y` of shape $(B)$ holds the
        right classes. For each of `scales`, of shape $(S)$, compute by how much the
        mean cross-entropy of the logits lies above $\ln K$ (negative where it lies
        below), and return the $S$ differences as an array. One scale is 1000, and no
        overflow may come of it; `nnlib` is yours to use.
    """),
    stub=cleandoc("""
        def first_excess(a, w, y, scales):
            # (B, H), (H, K), (B,), (S,) -> (S,)
            ...
    """),
    reference=first_excess,
    cases=_excess_cases,
    hints=[
        "For one scale: the logits are `a @ (scale * w)`, and `CrossEntropyLoss()` of "
        "nnlib gives their loss. How many classes are there?",
        "`loss(logits, y)` is the mean over the batch, stable for logits of any size. "
        r"Subtract $\ln K$ with `np.log(w.shape[1])`.",
        "`loss = CrossEntropyLoss()`, then a list "
        "`[loss(a @ (scale * w), y) for scale in scales]`, then `np.array` of it less "
        "`np.log(w.shape[1])`.",
    ],
    comment=(
        "A scale of 0 gives equal logits, and exactly $\\ln K$. For small logits of "
        "standard deviation $\\tau$ the excess is about $\\tau^2/2$; for large ones it "
        "grows in step with the scale, since a sample costs as much as the largest "
        "logit lies above that of its class."
    ),
    remark=(
        "Which scale would you allow? 0.1 costs next to nothing, 10 begins far above "
        "ln 10 = 2.303, and training spends its first steps on making the logits "
        "small: the hockey stick."
    ),
    mistakes=[
        Mistake(
            "returns the loss itself",
            _excess_not_subtracted,
            "These are the losses. Asked for is how far they lie above ln K.",
        ),
        Mistake(
            "subtracts the loss from ln K",
            _excess_the_other_way_round,
            "A loss above ln K should give a positive number: the loss less ln K.",
        ),
        Mistake(
            "divides by ln K",
            _excess_as_a_ratio,
            "This is how many times ln K the loss is. Asked for is the difference.",
        ),
        Mistake(
            "forgets the minus of the cross-entropy",
            _excess_without_the_minus,
            "A probability is at most 1, so its logarithm is at most 0, and the loss "
            "is minus that. A check: with a scale of 0 the excess is 0.",
        ),
        Mistake(
            "takes the logarithm to base 2",
            _excess_over_log2,
            "The loss is in natural logarithms, and so is its value for chance: "
            "`np.log`.",
        ),
        Mistake(
            "takes the logarithm to base 10",
            _excess_over_log10,
            "The loss is in natural logarithms, and so is its value for chance: "
            "`np.log`.",
        ),
        Mistake(
            "takes ten classes for granted",
            _excess_over_ten,
            "ln 10 is for ten classes. K is the number of columns of `w`.",
        ),
        Mistake(
            "takes the samples for the classes",
            _excess_over_samples,
            "K is the number of classes, the columns of `w`. How many samples there "
            "are does not matter to a mean.",
        ),
        Mistake(
            "takes the features for the classes",
            _excess_over_features,
            "`len(w)` is H, what comes into the output layer. K is `w.shape[1]`.",
        ),
        Mistake(
            "subtracts the probability of chance",
            _excess_over_chance,
            "1/K is the probability of each class. What it costs is -ln(1/K) = ln K.",
        ),
        Mistake(
            "sums over the batch",
            _excess_summed,
            "The mean over the samples was asked for. A sum would be B times as large.",
        ),
        Mistake(
            "averages over all logits",
            _excess_over_all_logits,
            "Each sample has one right class and one loss. The mean runs over B "
            "samples, not over B · K logits.",
        ),
        Mistake(
            "exponentiates large logits",
            _excess_by_hand,
            "The exponential of a logit of 1000 is infinite. `CrossEntropyLoss` and "
            "`log_softmax` subtract the largest logit first.",
        ),
        Mistake(
            "takes the logarithm of a rounded probability",
            _excess_by_softmax,
            "Softmax is stable, and still rounds a tiny probability to 0, whose "
            "logarithm is -∞. `log_softmax` computes the logarithm itself.",
        ),
        Mistake(
            "adds a small number before the logarithm",
            _excess_with_a_small_number,
            "This hides the infinity and caps a sample's loss at 27.6, whatever the "
            "logits are. `log_softmax` needs no such help.",
        ),
        Mistake(
            "keeps the probability from being 0",
            _excess_with_the_least_number,
            "This hides the infinity and caps a sample's loss at 690.8, however large "
            "the logits are. `log_softmax` needs no such help.",
        ),
        Mistake(
            "applies softmax twice",
            _excess_of_softmax_twice,
            "`CrossEntropyLoss` takes logits and holds the softmax already. A second "
            "one squeezes all scores into 0 to 1, and the excess stays small for any "
            "scale.",
        ),
        Mistake(
            "averages before the logarithm",
            _excess_of_the_mean_probability,
            "The loss is the mean of the logarithms, and not the logarithm of the "
            "mean: a sample that is badly wrong has to cost much.",
        ),
        Mistake(
            "does not scale",
            _excess_without_scales,
            "All differences are equal. The logits are `a @ (scale * w)`, anew for "
            "each scale.",
        ),
        Mistake(
            "divides by the scale",
            _excess_over_scales,
            "The weights are multiplied by the scale: a larger one gives larger "
            "logits.",
        ),
        Mistake(
            "returns a list",
            _excess_in_a_list,
            "The numbers are right. An array was asked for: `np.array(...)`.",
        ),
        Mistake(
            "returns the first one alone",
            _excess_first_only,
            "One difference for each scale was asked for: return after the loop.",
        ),
    ],
)


# ---- 7. Orthogonal weights ---------------------------------------------------------

#: So many draws of a shape; of the smallest many more, whose shares can be judged.
DRAWS, MANY = 24, 1500
SMALL = (2, 2)
#: A share or a mean may miss what is expected by so many standard errors.
ERRORS = 5


def orthogonal(shape, gain, rng):
    rows, columns = shape
    a = rng.standard_normal((max(shape), min(shape)))
    q, r = np.linalg.qr(a)
    q = q * np.sign(np.diag(r))
    return gain * (q if rows >= columns else q.T)


class _Drawn:
    """What an initialiser gave: the first weight, and what its draws depend on."""

    def __init__(self, weights: list[Any], again: Any, global_moved: bool) -> None:
        self.weights, self.again, self.global_moved = weights, again, global_moved

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Drawn)
            and self.global_moved == other.global_moved
            and all(
                difference(one, another, 1e-9) is None
                for one, another in zip(
                    [*self.weights[:DRAWS], self.again],
                    [*other.weights[:DRAWS], other.again],
                    strict=True,
                )
            )
        )

    def __repr__(self) -> str:
        return repr(self.weights[0])


def _draw(orthogonal: Any, shape: tuple[int, int], gain: float, seed: int) -> _Drawn:
    """Draw many weights from one generator, and the first again from its like."""
    # What is drawn from NumPy's global state is to be the same in every check, and
    # whoever uses that state elsewhere is to find it as it was.
    kept = np.random.get_state()  # noqa: NPY002
    try:
        np.random.seed(seed)  # noqa: NPY002
        before = np.random.get_state(legacy=False)  # noqa: NPY002
        rng = np.random.default_rng(seed)
        draws = MANY if shape == SMALL else DRAWS
        weights = [orthogonal(shape, gain, rng) for _ in range(draws)]
        moved = is_changed(np.random.get_state(legacy=False), before)  # noqa: NPY002
        np.random.seed(seed + 1)  # noqa: NPY002
        again = orthogonal(shape, gain, np.random.default_rng(seed))
        return _Drawn(weights, again, moved)
    finally:
        np.random.set_state(kept)  # noqa: NPY002


def _why_it_is_not(
    drawn: _Drawn, shape: tuple[int, int], gain: float, seed: int
) -> str | None:
    """What is wrong with the weights that were drawn, if anything is."""
    for w in drawn.weights:
        if fault := _why_not_orthogonal(w, shape, gain):
            return fault
    if drawn.global_moved:
        return (
            "It draws from NumPy's global random state (`np.random.normal` and its "
            "like), which any other code may move. Draw from `rng` alone."
        )
    first, *others = drawn.weights
    if not np.array_equal(first, drawn.again):
        return (
            "Two generators of the same seed gave different weights: chance came from "
            "something else than `rng`."
        )
    if any(np.array_equal(first, w) for w in others[:3]) and first.size > 1:
        return (
            "Two calls with one `rng` gave the same weights: nothing was drawn from it."
        )
    stacked = np.array(drawn.weights)
    if min(shape) > 1 and np.any(stacked == 0):
        return (
            "Some of the weights are exactly 0, so they are no draw from *all* "
            "orthogonal matrices: almost every one of those is full."
        )
    return _why_not_fair(stacked) or _why_not_even(stacked / gain)


def _is_a_coin(signs: Array) -> bool:
    """Whether signs are as often positive as negative; of few, not always the same."""
    return bool(abs(signs.mean()) < min(1, ERRORS / len(signs) ** 0.5))


def _why_not_fair(stacked: Array) -> str | None:
    """Which sign of the weights that were drawn is no toss of a coin."""
    draws, rows, columns = stacked.shape
    signs = np.sign(stacked)
    for place in np.ndindex(rows, columns):
        one = signs[:, *place]
        if not _is_a_coin(one):
            name = ", ".join(map(str, place))
            return (
                f"In {draws} draws the entry [{name}] was positive "
                f"{np.sum(one > 0)} times. Where all orthogonal matrices are equally "
                f"likely, its sign is a toss of a coin."
            )
    for i, j in [(1, 0)] * (rows > 1) + [(0, 1)] * (columns > 1):
        product = signs[:, 0, 0] * signs[:, i, j]
        if not _is_a_coin(product):
            return (
                f"In {draws} draws the entries [0, 0] and [{i}, {j}] had the same sign "
                f"{np.sum(product > 0)} times. Where all orthogonal matrices are "
                f"equally likely, that is a toss of a coin."
            )
    if rows == columns and draws >= MANY:
        positive = np.sign(np.linalg.det(stacked))
        if not _is_a_coin(positive):
            return (
                f"In {draws} draws the determinant was positive "
                f"{np.sum(positive > 0)} times. Half of all orthogonal matrices have a "
                f"positive one: turn some column alone, by a coin of its own."
            )
    return None


def _why_not_even(stacked: Array) -> str | None:
    """How the sizes of the entries, at a gain of 1, are not those of all matrices."""
    draws, *shape = stacked.shape
    if stacked.size < 1000:
        return None
    different = len(np.unique(np.abs(stacked[:, 0, 0]).round(5)))
    if draws >= MANY and different < draws / 2:
        return (
            f"In {draws} draws the entry [0, 0] had only {different} different sizes: "
            f"these are a few of all orthogonal matrices."
        )
    m = max(shape)
    expected = 3 / (m * (m + 2))
    means = np.mean(stacked**4, axis=(1, 2))
    error = means.std() / draws**0.5
    if abs(means.mean() - expected) > ERRORS * error:
        return (
            f"The fourth powers of the entries are {means.mean():.3g} on average "
            f"(at a gain of 1), and {expected:.3g} where all orthogonal matrices are "
            f"equally likely: some directions come more often than others. Normal "
            f"numbers prefer none."
        )
    return None


def _why_not_orthogonal(w: Any, shape: tuple[int, int], gain: float) -> str | None:
    """What keeps one weight from having the shape, the angles and the lengths."""
    if not isinstance(w, np.ndarray):
        return f"The result is of type {type(w).__name__}; expected was one array."
    if w.shape != tuple(shape):
        return f"The weight has shape {w.shape}; expected was {tuple(shape)}."
    if w.dtype.kind != "f":
        return f"The weight has dtype {w.dtype}; expected were floats."
    if not np.all(np.isfinite(w)):
        return "The weight has entries that are infinite or not a number."
    tall = shape[0] >= shape[1]
    product = w.T @ w if tall else w @ w.T
    name, lines = ("WᵀW", "column") if tall else ("WWᵀ", "row")
    room = 1e-4 if w.dtype.itemsize < 8 else 1e-9
    off = np.abs(product - gain**2 * np.eye(min(shape)))
    if np.all(off <= room * gain**2):
        return None
    i, j = (int(k) for k in np.unravel_index(np.argmax(off), off.shape))
    if i == j:
        length = product[i, i] ** 0.5
        return (
            f"{name} is not gain² I: {lines} {i} has length {length:.4g}, and the gain "
            f"is {gain:.4g}."
        )
    return (
        f"{name} is not gain² I: {lines}s {i} and {j} are not at a right angle, their "
        f"product is {product[i, j]:.4g}."
    )


def _orthogonal_in_expectation(shape, gain, rng):
    return gain * rng.standard_normal(shape) / np.sqrt(shape[0])


def _orthogonal_with_unit_columns(shape, gain, rng):
    a = rng.standard_normal(shape)
    return gain * a / np.linalg.norm(a, axis=0)


def _orthogonal_identity(shape, gain, rng):
    return gain * np.eye(*shape)


def _orthogonal_signs(shape, gain, rng):
    return gain * np.eye(*shape) * rng.choice([-1.0, 1.0], shape)


def _orthogonal_permutation(shape, gain, rng):
    n = max(shape)
    signs = rng.choice([-1.0, 1.0], n)
    return gain * (np.eye(n) * signs)[rng.permutation(n)][: shape[0], : shape[1]]


def _orthogonal_if_tall(shape, gain, rng):
    q, r = np.linalg.qr(rng.standard_normal(shape))
    return gain * q * np.sign(np.diag(r))


def _orthogonal_complete(shape, gain, rng):
    q, _ = np.linalg.qr(rng.standard_normal(shape), mode="complete")
    return gain * q


def _orthogonal_cut_out(shape, gain, rng):
    q, r = np.linalg.qr(rng.standard_normal((min(shape), min(shape))))
    w = np.zeros(shape)
    w[: min(shape), : min(shape)] = gain * q * np.sign(np.diag(r))
    return w


def _orthogonal_without_gain(shape, gain, rng):
    return orthogonal(shape, 1.0, rng)


def _orthogonal_gain_squared(shape, gain, rng):
    return orthogonal(shape, gain**2, rng)


def _orthogonal_scaled_by_fan(shape, gain, rng):
    return orthogonal(shape, gain / np.sqrt(shape[0]), rng)


def _orthogonal_from_global(shape, gain, rng):
    return orthogonal(shape, gain, np.random)


def _orthogonal_seeded_globally(shape, gain, rng):
    np.random.seed(0)  # noqa: NPY002, since this is the mistake
    return orthogonal(shape, gain, np.random)


def _orthogonal_from_a_generator_of_its_own(shape, gain, rng):
    return orthogonal(shape, gain, np.random.default_rng(0))


def _orthogonal_without_signs(shape, gain, rng):
    q, _ = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    return gain * (q if shape[0] >= shape[1] else q.T)


def _orthogonal_by_qr_alone(shape, gain, rng):
    return gain * np.linalg.qr(rng.standard_normal(shape))[0]


def _orthogonal_with_one_coin(shape, gain, rng):
    return _orthogonal_without_signs(shape, gain, rng) * rng.choice([-1, 1])


def _orthogonal_from_u(shape, gain, rng):
    u, _, _ = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
    return gain * u


def _orthogonal_from_vt(shape, gain, rng):
    _, _, vt = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
    return gain * vt


def _orthogonal_from_the_full_u(shape, gain, rng):
    return gain * np.linalg.svd(rng.standard_normal(shape))[0]


def _orthogonal_from_the_full_vt(shape, gain, rng):
    return gain * np.linalg.svd(rng.standard_normal(shape))[2]


def _orthogonal_from_u_or_vt(shape, gain, rng):
    u, _, vt = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
    return gain * (u if shape[0] >= shape[1] else vt)


def _orthogonal_from_uniform_with_coins(shape, gain, rng):
    q, _ = np.linalg.qr(rng.random((max(shape), min(shape))))
    q = q * rng.choice([-1, 1], min(shape))
    return gain * (q if shape[0] >= shape[1] else q.T)


def _orthogonal_from_centred_uniform(shape, gain, rng):
    q, r = np.linalg.qr(rng.random((max(shape), min(shape))) - 0.5)
    q = q * np.sign(np.diag(r))
    return gain * (q if shape[0] >= shape[1] else q.T)


def _shuffled(square, shape, gain, rng):
    """Return a matrix with rows and columns in another order and with new signs."""
    n = len(square)
    w = square[rng.permutation(n)][:, rng.permutation(n)]
    w = w * rng.choice([-1, 1], (n, 1)) * rng.choice([-1, 1], n)
    return gain * w[: shape[0], : shape[1]]


def _orthogonal_fixed_and_shuffled(shape, gain, rng):
    fixed = orthogonal((max(shape), max(shape)), 1.0, np.random.default_rng(0))
    return _shuffled(fixed, shape, gain, rng)


def _orthogonal_by_one_reflection(shape, gain, rng):
    v = rng.standard_normal(max(shape))
    reflection = np.eye(len(v)) - 2 * np.outer(v, v) / (v @ v)
    return _shuffled(reflection, shape, gain, rng)


def _orthogonal_from_uniform(shape, gain, rng):
    q, r = np.linalg.qr(rng.random((max(shape), min(shape))))
    q = q * np.sign(np.diag(r))
    return gain * (q if shape[0] >= shape[1] else q.T)


def _orthogonal_r(shape, gain, rng):
    _, r = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    return gain * r


def _orthogonal_pair(shape, gain, rng):
    q, r = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    return gain * q, r


ORTHOGONAL = Exercise(
    id="initialization/orthogonal",
    title="Nothing lost, to the last digit",
    statement=cleandoc(r"""
        He and Xavier keep the size of a signal on average. An **orthogonal** matrix
        keeps the length of every single vector, times a gain. Draw one: a weight $W$ of
        `shape` $(M, N)$, floats, with $W^\top W = \text{gain}^2 I$ where $M \ge N$, and
        $W W^\top = \text{gain}^2 I$ where $M < N$. (For $M > N$ it is the gradient on
        its way back that keeps its length.) How is up to you, with two conditions:

        - chance comes from `rng`, a NumPy `Generator`, and from nothing else;
        - all such matrices are equally likely. So entries are not 0, the sign of each
          is a toss of a coin, and so is the sign of the product of two, and of the
          determinant of a square one. `check` draws many, and looks at this and at how
          large the entries are.
    """),
    stub=cleandoc("""
        def orthogonal(shape, gain, rng):
            # (M, N), a number, a Generator -> W: (M, N)
            ...
    """),
    reference=orthogonal,
    cases=lambda: [
        ((2, 2), 1.0, 1),
        ((3, 3), 2**0.5, 2),
        ((5, 3), 0.5, 3),
        ((3, 5), 2.0, 4),
        ((1, 4), 1.5, 5),
        ((4, 1), 1.5, 6),
        ((40, 40), 1.0, 7),
    ],
    call=_draw,
    judge=_why_it_is_not,
    hints=[
        "Begin with a table of standard normal numbers, which knows no direction. How "
        "are its columns brought to right angles, and to length 1?",
        "`np.linalg.qr` does so: of a table that is at least as high as it is wide it "
        "gives `q` with orthonormal columns. Where $M < N$, draw the transpose and "
        "turn the result.",
        "LAPACK fixes signs in `q` by a rule of its own. Multiplying every column by "
        "the sign of its entry on the diagonal of `r`, `q * np.sign(np.diag(r))`, "
        "undoes this.",
    ],
    comment=(
        "A table of normal numbers looks the same from every direction. QR takes the "
        "columns one by one, removes what lies along those before, and scales to "
        "length 1 (the recipe of Gram and Schmidt, in a stabler form). It is unique "
        "once the diagonal of `r` is positive, and then all directions stay equally "
        "likely; a coin tossed for every column does as well. The singular vectors of "
        "the table, `u @ vt` of its `np.linalg.svd` with `full_matrices=False`, are as "
        "good an answer, of any shape at once."
    ),
    remark=(
        "Through 50 linear layers of such weights every signal keeps its length to 13 "
        "digits or so, and every gradient on its way back. Saxe, McClelland and "
        "Ganguli (2014) showed that depth then hardly slows the training of a linear "
        "network."
    ),
    mistakes=[
        Mistake(
            "is orthogonal on average",
            _orthogonal_in_expectation,
            "Normal numbers over √M have columns of about length 1, at about right "
            "angles. It is to hold exactly: `np.linalg.qr` makes it so.",
        ),
        Mistake(
            "brings the columns to length 1 alone",
            _orthogonal_with_unit_columns,
            "The lengths are right, the angles are not: what a column shares with "
            "those before it has to be removed first.",
        ),
        Mistake(
            "takes the identity",
            _orthogonal_identity,
            "It is orthogonal, and no draw: every call gives the same, and each unit "
            "hears one input alone.",
        ),
        Mistake(
            "takes the identity with random signs",
            _orthogonal_signs,
            "It is orthogonal and random, and one of a few among all. Each unit hears "
            "one input alone.",
        ),
        Mistake(
            "permutes the identity",
            _orthogonal_permutation,
            "It is orthogonal and random, and one of a few among all. Each unit hears "
            "one input alone.",
        ),
        Mistake(
            "forgets shapes that are wider than high",
            _orthogonal_if_tall,
            "Of a wide table `np.linalg.qr` gives a square q, of shape (M, M). Draw "
            "(N, M) instead and transpose.",
        ),
        Mistake(
            "asks for the complete q",
            _orthogonal_complete,
            'mode="complete" fills q up to (M, M). The reduced one, which is the '
            "default, has the shape of the table.",
        ),
        Mistake(
            "fills the rest with zeros",
            _orthogonal_cut_out,
            "It is orthogonal, and the inputs or outputs beyond the square are cut "
            "off. Draw a table of the whole shape.",
        ),
        Mistake(
            "loses the gain",
            _orthogonal_without_gain,
            "The lengths are 1. Multiply by gain, and do so after QR, which brings "
            "every column to length 1 whatever came in.",
        ),
        Mistake(
            "squares the gain",
            _orthogonal_gain_squared,
            "WᵀW holds gain², so W holds gain once.",
        ),
        Mistake(
            "divides by the root of fan-in as well",
            _orthogonal_scaled_by_fan,
            "That is for independent numbers. A column of an orthogonal matrix has "
            "length 1 already.",
        ),
        Mistake(
            "draws from the global state",
            _orthogonal_from_global,
            "np.random.normal and its like share one state with all other code, so "
            "no seed of yours makes the weights come again. Draw from `rng`.",
        ),
        Mistake(
            "seeds the global state",
            _orthogonal_seeded_globally,
            "Now every call gives the same weights, and all other code in the process "
            "gets another sequence of random numbers. Draw from `rng`.",
        ),
        Mistake(
            "makes a generator of its own",
            _orthogonal_from_a_generator_of_its_own,
            "default_rng(0) begins anew in each call, so all layers of a size get the "
            "same weights. Draw from the `rng` that was passed.",
        ),
        Mistake(
            "leaves the signs to LAPACK",
            _orthogonal_without_signs,
            "q is orthogonal, and its signs follow a rule by which, for example, "
            "the first entry is never positive. Multiply every column by the sign of "
            "r's entry on the diagonal.",
        ),
        Mistake(
            "leaves signs and wide shapes to LAPACK",
            _orthogonal_by_qr_alone,
            "q's signs follow a rule, by which the first entry is never positive: "
            "multiply every column by the sign of r's entry on the diagonal. And of a "
            "wide table q is (M, M): draw (N, M) and transpose.",
        ),
        Mistake(
            "tosses one coin for the whole matrix",
            _orthogonal_with_one_coin,
            "LAPACK's signs follow a rule, and a common sign leaves that rule between "
            "the entries. Every column needs a sign of its own.",
        ),
        Mistake(
            "returns u of an SVD",
            _orthogonal_from_u,
            "The signs of u are LAPACK's, and of a wide table it is (M, M). Of an SVD, "
            "use `u @ vt`: it has the shape of the table, and the signs cancel.",
        ),
        Mistake(
            "returns vt of an SVD",
            _orthogonal_from_vt,
            "The signs of vt are LAPACK's, and of a tall table it is (N, N). Of an "
            "SVD, use `u @ vt`: it has the shape of the table, and the signs cancel.",
        ),
        Mistake(
            "returns the full u of an SVD",
            _orthogonal_from_the_full_u,
            "The signs of u are LAPACK's, and its shape is (M, M). Of an SVD with "
            "`full_matrices=False`, use `u @ vt`: it has the shape of the table, and "
            "the signs cancel.",
        ),
        Mistake(
            "returns the full vt of an SVD",
            _orthogonal_from_the_full_vt,
            "The signs of vt are LAPACK's, and its shape is (N, N). Of an SVD with "
            "`full_matrices=False`, use `u @ vt`: it has the shape of the table, and "
            "the signs cancel.",
        ),
        Mistake(
            "returns u or vt of an SVD",
            _orthogonal_from_u_or_vt,
            "The signs of u and of vt are LAPACK's. Of an SVD, use `u @ vt`: it has "
            "the shape of the table, and the signs cancel.",
        ),
        Mistake(
            "tosses signs for numbers that are all positive",
            _orthogonal_from_uniform_with_coins,
            "The first column keeps the direction of the table's, all of one sign. A "
            "coin turns the whole column and mixes nothing within it. Normal numbers "
            "prefer no direction.",
        ),
        Mistake(
            "begins with uniform numbers",
            _orthogonal_from_centred_uniform,
            "A cube has corners: uniform numbers point there more often. Normal "
            "numbers are the ones that prefer no direction.",
        ),
        Mistake(
            "shuffles one matrix",
            _orthogonal_fixed_and_shuffled,
            "Other orders and other signs of one matrix are many, and yet a few among "
            "all orthogonal matrices. Draw its numbers anew.",
        ),
        Mistake(
            "reflects once",
            _orthogonal_by_one_reflection,
            "One reflection leaves most directions as they are: its diagonal is near "
            "1. It takes one for every column, and QR is made of them.",
        ),
        Mistake(
            "begins with numbers that are all positive",
            _orthogonal_from_uniform,
            "The first column keeps the direction of the table's, whose entries are "
            "all positive. Normal numbers prefer no direction.",
        ),
        Mistake(
            "returns r",
            _orthogonal_r,
            "`np.linalg.qr` returns q and r, and q is the orthogonal one.",
        ),
        Mistake(
            "returns q and r",
            _orthogonal_pair,
            "One array was asked for: `q, r = np.linalg.qr(a)` takes the two apart.",
        ),
    ],
)


EXERCISES: list[Exercise] = [
    FAN_IN,
    HE_UNIFORM,
    BOX_MULLER,
    STD_AT_DEPTH,
    SYMMETRY,
    FIRST_LOSS,
    ORTHOGONAL,
]


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
    names: dict[tuple[bool, ...], str] = {
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
            "He's, 2/M. Give the factor by which He's rms of what comes out is "
            "multiplied, with three significant digits, such as `1.23e-4`."
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
            "fan-in of 150. What is a?"
        ),
        answer=0.2,
        within=1e-9,
        why="The variance is a²/3, so a = √(3 · 2 / 150) = √(6 / 150) = 0.2.",
        wrong={
            0.115: "That is √(2 / 150), the standard deviation. A uniform number of "
            "that limit has only a third of the variance.",
            0.0667: "Divided by 3 where it should be multiplied: a²/3 = v, so a² = 3v.",
            0.141: "That is √(3 / 150), LeCun's limit. He's variance is 2 / 150.",
            0.4: "That is the length of the interval from -a to a.",
        },
        otherwise="The variance of a uniform number between -a and a is a²/3.",
        computed=lambda: round(
            float(
                abs(init.he_uniform((150, 20000), rng=np.random.default_rng(0))).max()
            ),
            4,
        ),
    ),
    Question(
        id="initialization/output-of-zeros",
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
