"""Exercises and quick questions of the chapter Start here."""

# mypy: allow-untyped-defs, allow-untyped-calls
# mypy: disable-error-code=list-item
# Solutions and mistakes are written as students write them, without annotations.

from collections.abc import Sequence
from inspect import cleandoc
from itertools import pairwise, product
from typing import Any

import numpy as np

from nnlib.exercises._bank import Case, Exercise, Mistake, Question
from nnlib.exercises._compare import difference
from nnlib.exercises._show import shorten
from nnlib.layers import mlp

__all__ = ["EXERCISES", "QUESTIONS"]


# ---- 1. How much ink? --------------------------------------------------------------


def ink(x):
    return x.mean(axis=1)


def _ink_of_all(x):
    return x.mean()


def _ink_by_pixel(x):
    return x.mean(axis=0)


def _ink_summed(x):
    return x.sum(axis=1)


def _ink_not_blank(x):
    return np.mean(x > 0, axis=1)


def _ink_not_blank_in_its_dtype(x):
    return np.mean(x > 0, axis=1).astype(x.dtype)


def _ink_of_all_ink(x):
    return x.sum(axis=1) / x.sum()


def _ink_with_an_axis_more(x):
    return x.mean(axis=1, keepdims=True)


def _ink_in_a_list(x):
    return [row.mean() for row in x]


def _ink_by_images(x):
    return x.sum(axis=1) / len(x)


def _ink_of_the_first(x):
    return x[0].mean()


def _ink_in_percent(x):
    return 100 * x.mean(axis=1)


def _ink_without_return(x):
    x.mean(axis=1)


def _ink_in_float64(x):
    share = np.zeros(len(x))
    for i, row in enumerate(x):
        share[i] = row.mean()
    return share


def _ink_of_mnist(x):
    return x.sum(axis=1) / 784


def _ink_cases() -> Sequence[Case]:
    rng = np.random.default_rng(20)
    return [
        (np.array([[1.0, 0.0, 0.5], [0.0, 0.0, 0.0]]),),
        (np.array([[0.25, 1.0, 0.0, 0.75, 0.5, 0.0, 1.0, 0.5]]),),
        (rng.random((5, 5)),),
        # Eighths, whose mean is exact in any dtype and in any order.
        ((rng.integers(0, 9, (3, 4)) / 8).astype(np.float32),),
    ]


INK = Exercise(
    id="start/ink",
    title="How much ink?",
    statement=cleandoc(r"""
        A batch of images comes as `x`, floats of shape $(B, M)$: a row for each image,
        a column for each pixel, 0 for blank paper and 1 for full ink. Return the mean
        of the pixels of each image, the sum of its row divided by $M$, as an array of
        shape `(B,)` with the dtype of `x`.
    """),
    stub=cleandoc("""
        def ink(x):
            # x: (B, M) -> (B,)
            ...
    """),
    reference=ink,
    cases=_ink_cases,
    hints=[
        "The result has one number for each row. Which of the two axes has to go?",
        "`x.mean(axis=0)` goes down the columns and leaves `(M,)`. You want to go "
        "along the rows.",
        "`x.mean(axis=1)` takes the mean along axis 1, that of the pixels, and leaves "
        "axis 0, that of the images.",
    ],
    comment=(
        "`axis` names the axis that goes, not the one that stays: of $(B, M)$ without "
        "axis 1, $(B,)$ is left."
    ),
    remark=(
        "A mean along an axis is the first number that one computes of any new data. "
        "Ones hold least ink of all digits and zeros most, which tells some images "
        "apart already, and no more than some."
    ),
    mistakes=[
        Mistake(
            "takes the mean of everything",
            _ink_of_all,
            "Without an axis, `mean` runs over all images and pixels together and "
            "leaves one number. Each image has a mean of its own: say which axis goes.",
        ),
        Mistake(
            "takes the mean over the images",
            _ink_by_pixel,
            "`axis=0` runs down a column, so this is the mean image: a number for each "
            "pixel. A row is a sample, and you want to run along it: `axis=1`.",
        ),
        Mistake(
            "adds up",
            _ink_summed,
            "This is the amount of ink, which grows with the size of the image. The "
            "mean is that amount divided by the number of pixels, M.",
        ),
        Mistake(
            "counts the pixels that are not blank",
            _ink_not_blank,
            "`x > 0` counts a pale grey pixel as much as a black one. The mean of the "
            "pixels themselves weighs each by how dark it is.",
        ),
        Mistake(
            "counts the pixels that are not blank, in the dtype of x",
            _ink_not_blank_in_its_dtype,
            "`x > 0` counts a pale grey pixel as much as a black one. The mean of the "
            "pixels themselves weighs each by how dark it is.",
        ),
        Mistake(
            "divides by all the ink of the batch",
            _ink_of_all_ink,
            "`x.sum()` is the ink of all images together, and changes with the company "
            "that an image keeps. Divide each row's sum by the number of its pixels, "
            "`x.shape[1]`.",
        ),
        Mistake(
            "keeps an axis of one",
            _ink_with_an_axis_more,
            "The numbers are right, in a table of one column. What is asked for has "
            "one axis: (B,), not (B, 1). The section on broadcasting shows what the "
            "difference can do.",
        ),
        Mistake(
            "returns a list",
            _ink_in_a_list,
            "The numbers are right, in a Python list. An array is asked for: "
            "`np.array(...)` makes one of it, and `x.mean(axis=1)` does without the "
            "loop.",
        ),
        Mistake(
            "divides by the number of images",
            _ink_by_images,
            "`len(x)` is B, the number of rows. Along a row there are M pixels, which "
            "is `x.shape[1]`.",
        ),
        Mistake(
            "looks at the first image only",
            _ink_of_the_first,
            "`x[0]` is the first row, one image. The answer is wanted for all of them.",
        ),
        Mistake(
            "returns a percentage",
            _ink_in_percent,
            "The mean of numbers from 0 to 1 is one of these, too: leave out the 100.",
        ),
        Mistake(
            "returns nothing",
            _ink_without_return,
            "Whoever calls a function gets what stands after `return`. What is only "
            "computed, or only printed, is gone when the function ends.",
        ),
        Mistake(
            "answers in float64 whatever comes",
            _ink_in_float64,
            "The numbers are right. But `np.zeros(len(x))` holds float64, and so does "
            "any array that is made of Python's floats; here `x` holds float32. Say "
            "`dtype=x.dtype` where you make the array, or do without the loop: "
            "`x.mean` along an axis keeps the dtype.",
        ),
        Mistake(
            "divides by 784",
            _ink_of_mnist,
            "784 is the number of pixels of an image of MNIST. The images here have "
            "M of them, which is `x.shape[1]`.",
        ),
    ],
)


# ---- 2. Do they fit? ---------------------------------------------------------------


def broadcast(a, b):
    axes = max(len(a), len(b))
    a = (1,) * (axes - len(a)) + a  # missing axes, on the left, count as 1
    b = (1,) * (axes - len(b)) + b
    pairs = list(zip(a, b, strict=True))
    if any(m != n and 1 not in (m, n) for m, n in pairs):
        return None
    return tuple(n if m == 1 else m for m, n in pairs)


def _broadcast_from_the_left(a, b):
    axes = max(len(a), len(b))
    return broadcast(a + (1,) * (axes - len(a)), b + (1,) * (axes - len(b)))


def _broadcast_equal_only(a, b):
    return a if a == b else None


def _broadcast_one_only(a, b):
    axes = max(len(a), len(b))
    a = (1,) * (axes - len(a)) + a
    b = (1,) * (axes - len(b)) + b
    return a if all(n in (m, 1) for m, n in zip(a, b, strict=True)) else None


def _broadcast_first_only(a, b):
    return _broadcast_one_only(b, a)


def _broadcast_always_none(a, b):
    broadcast(a, b)


def _broadcast_none_for_a_number(a, b):
    return broadcast(a, b) or None


def _broadcast_false(a, b):
    shape = broadcast(a, b)
    return False if shape is None else shape


def _broadcast_shortest(a, b):
    axes = min(len(a), len(b))
    return broadcast(a[len(a) - axes :], b[len(b) - axes :])


def _broadcast_largest(a, b):
    axes = max(len(a), len(b))
    a = (1,) * (axes - len(a)) + a
    b = (1,) * (axes - len(b)) + b
    return tuple(max(m, n) for m, n in zip(a, b, strict=True))


def _broadcast_larger_that_fits(a, b):
    return None if broadcast(a, b) is None else _broadcast_largest(a, b)


def _broadcast_largest_from_the_left(a, b):
    return tuple(max(m, n) for m, n in zip(a, b, strict=False))


def _broadcast_largest_of_the_shortest(a, b):
    pairs = zip(a[::-1], b[::-1], strict=False)
    return tuple(max(m, n) for m, n in pairs)[::-1]


def _broadcast_by(pair, a, b):
    """Broadcast by a rule for two sizes that meet: the size that comes, or None."""
    axes = max(len(a), len(b))
    a = (1,) * (axes - len(a)) + a
    b = (1,) * (axes - len(b)) + b
    sizes = tuple(pair(m, n) for m, n in zip(a, b, strict=True))
    return None if None in sizes else sizes


def _broadcast_without_a_check(a, b):
    return _broadcast_by(lambda m, n: n if m == 1 else m, a, b)


def _broadcast_repeats(a, b):
    def pair(m, n):
        if m == 1 or n == 1:
            return n if m == 1 else m
        few, many = min(m, n), max(m, n)
        return many if m == n or (few and many % few == 0) else None

    return _broadcast_by(pair, a, b)


def _broadcast_repeats_with_remainder(a, b):
    return _broadcast_by(
        lambda m, n: max(m, n) if m == n or max(m, n) % min(m, n) == 0 else None, a, b
    )


def _broadcast_zero_fits(a, b):
    def pair(m, n):
        if m != n and min(m, n) > 1:
            return None
        return 0 if 0 in (m, n) else max(m, n)

    return _broadcast_by(pair, a, b)


def _broadcast_zero_fits_as_the_first(a, b):
    def pair(m, n):
        if m != n and min(m, n) > 1:
            return None
        return n if m == 1 else m

    return _broadcast_by(pair, a, b)


def _broadcast_zero_fits_as_the_larger(a, b):
    return _broadcast_by(
        lambda m, n: None if m != n and min(m, n) > 1 else max(m, n), a, b
    )


def _broadcast_raises(a, b):
    return np.broadcast_shapes(a, b)


def _broadcast_in_a_list(a, b):
    shape = broadcast(a, b)
    return None if shape is None else list(shape)


def _broadcast_reversed(a, b):
    shape = broadcast(a, b)
    return None if shape is None else shape[::-1]


def _broadcast_as_product(a, b):
    if len(a) == len(b) == 2:
        return (a[0], b[1]) if a[1] == b[0] else None
    return broadcast(a, b)


def _broadcast_same_number_of_axes(a, b):
    return broadcast(a, b) if len(a) == len(b) else None


def _broadcast_without_ones(a, b):
    axes = min(len(a), len(b))
    if a[len(a) - axes :] != b[len(b) - axes :]:
        return None
    return max(a, b, key=len)


def _misfit(shape: Any, a: tuple[int, ...], b: tuple[int, ...]) -> str | None:
    """What is wrong with a shape, in words that know what None stands for here."""
    expected = broadcast(a, b)
    if difference(shape, expected, 0) is None:
        return None
    if shape is None:
        return f"You say that they do not fit. They do: the sum has shape {expected}."
    if not isinstance(shape, tuple):
        came = type(shape).__name__
        return f"The result is of type {came}; expected was {expected}."
    if expected is None:
        return "You say that they fit. They do not, and `None` is asked for."
    return f"The sum has shape {expected}."


def _broadcast_cases() -> Sequence[Case]:
    """All pairs of shapes of up to two axes, and a few of more, the smallest first."""
    sizes = (4, 2, 1, 0)
    shapes = [shape for axes in range(3) for shape in product(sizes, repeat=axes)]
    pairs = [
        *product(shapes, repeat=2),
        ((3,), (4,)),
        ((4, 3), (3,)),
        ((2, 3), (3, 2)),
        ((64, 1, 10), (32, 1)),
        ((2, 3, 4), (3, 1, 4)),
        ((7, 1, 5), (8, 1, 6, 1)),
    ]
    return sorted(pairs, key=_how_large)


def _how_large(pair: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[int, ...]:
    """Order pairs of shapes by axes, then sizes; a size of 0 comes after the others."""
    both = pair[0] + pair[1]
    return len(both) > 4, 0 in both, len(both), sum(both)


BROADCAST = Exercise(
    id="start/broadcast",
    title="Do they fit?",
    statement=cleandoc(r"""
        Two arrays of the shapes `a` and `b`, tuples of integers, are added. Return the
        shape of the sum, a tuple, or `None` if they do not fit. Work it out from the
        rule of this chapter, without NumPy (`check` cannot see whether you used it). A
        shape may have any number of axes; `()` is that of a number by itself. A size
        may be 0, as that of an empty batch is, and fits as the rule says: 0 and 1, and
        0 and 0.
    """),
    stub=cleandoc("""
        def broadcast(a, b):
            # a, b: tuples of integers -> a tuple of integers, or None
            ...
    """),
    reference=broadcast,
    cases=_broadcast_cases,
    judge=_misfit,
    hints=[
        "Bring both shapes to one length first. On which side does a missing axis "
        "stand, and what size does it count as?",
        "`(1,) * k + shape` puts `k` axes of 1 on the left. Then go through both with "
        "`zip`: which pairs of sizes do not fit?",
        "Sizes `m` and `n` fit if they are equal or if one of them is 1. The result "
        "then has the one that is not 1: `n if m == 1 else m`.",
    ],
    comment=(
        "The padding turns three rules into one: after it every axis has a partner. "
        "`n if m == 1 else m` is right for equal sizes, too, and for two ones. (It is "
        "also right for a size of 0, where `max(m, n)` is not: an empty batch against "
        "a bias stays empty.)"
    ),
    remark=(
        "`np.broadcast_shapes` is this function, with an error in place of None. "
        "Nothing in the rule knows what an axis means: it would add a column of "
        "targets to a row of predictions without a word, as the bug of this chapter "
        "does."
    ),
    mistakes=[
        Mistake(
            "refuses shapes that fit",
            _broadcast_equal_only,
            "Equal shapes fit, and others do, too: an axis that is missing or of size "
            "1, in either shape, is stretched to the size of its partner.",
        ),
        Mistake(
            "aligns on the left",
            _broadcast_from_the_left,
            "The missing axes were put on the right. NumPy aligns shapes on the right, "
            "so that the last axes meet: a bias (3,) meets the columns of (4, 3).",
        ),
        Mistake(
            "stretches the second shape only",
            _broadcast_one_only,
            "The 1 may stand on either side: (1, 3) against (4, 3) fits as (4, 3) "
            "against (1, 3) does, and in (4, 1) against (1, 4) both are stretched.",
        ),
        Mistake(
            "stretches the first shape only",
            _broadcast_first_only,
            "The 1 may stand on either side: (4, 3) against (1, 3) fits as (1, 3) "
            "against (4, 3) does, and in (4, 1) against (1, 4) both are stretched.",
        ),
        Mistake(
            "returns None for all that fit",
            _broadcast_always_none,
            "`None` came for every pair of shapes that fit. A function that ends "
            "without a `return` gives `None`, too: does yours reach one?",
        ),
        Mistake(
            "returns None for the shape of a number",
            _broadcast_none_for_a_number,
            "A number plus a number is a number, of shape `()`. That shape is empty "
            "and so counts as false: `shape or None` and `if shape:` take it for "
            "nothing. Ask `is None`.",
        ),
        Mistake(
            "returns False where they do not fit",
            _broadcast_false,
            "The shapes that fit are right. Where there is no shape to return, `None` "
            "is asked for.",
        ),
        Mistake(
            "loses the axes that one shape lacks",
            _broadcast_shortest,
            "`zip` ends with the shorter of the two, and the axes to the left of it "
            "are gone. The result has as many axes as the longer shape.",
        ),
        Mistake(
            "takes the larger size without a check",
            _broadcast_largest,
            "3 and 4 do not fit: there is no way to stretch 3 entries over 4. Before "
            "you choose a size, ask whether the two are equal or one of them is 1.",
        ),
        Mistake(
            "takes the larger size",
            _broadcast_larger_that_fits,
            "The larger is right until a size is 0. 1 and 0 fit, and the 1 is "
            "stretched to 0: of no rows, none are left. It is the 1 that gives way, "
            "whichever is larger: `n if m == 1 else m`.",
        ),
        Mistake(
            "takes a size without a check",
            _broadcast_without_a_check,
            "2 and 4 do not fit: there is no way to stretch 2 entries over 4. Before "
            "you choose a size, ask whether the two are equal or one of them is 1.",
        ),
        Mistake(
            "repeats a size that is not 1",
            _broadcast_repeats,
            "2 divides 4, and two entries could be repeated to make four. NumPy does "
            "not: only an axis of size 1 is stretched, and (2,) and (4,) do not fit.",
        ),
        Mistake(
            "asks whether one size divides the other",
            _broadcast_repeats_with_remainder,
            "2 divides 4, and yet (2,) and (4,) do not fit: only an axis of size 1 is "
            "stretched. (And nothing can be divided by a size of 0.) Ask whether the "
            "two are equal or one of them is 1.",
        ),
        Mistake(
            "lets 0 fit everything, and gives 0",
            _broadcast_zero_fits,
            "0 is a size like any other: it fits 0, and it fits 1, which is stretched "
            "to 0. (0,) and (4,) do not fit.",
        ),
        Mistake(
            "lets 0 fit everything, and gives the first size",
            _broadcast_zero_fits_as_the_first,
            "A test such as `min(m, n) > 1` lets a 0 through as it does a 1. But 0 is "
            "a size like any other: it fits 0, and it fits 1. (0,) and (4,) do not "
            "fit. Ask for the 1 itself: `1 in (m, n)`.",
        ),
        Mistake(
            "lets 0 fit everything, and gives the larger size",
            _broadcast_zero_fits_as_the_larger,
            "A test such as `min(m, n) > 1` lets a 0 through as it does a 1, and "
            "`max(m, n)` takes the wrong one of 0 and 1. (0,) and (4,) do not fit, and "
            "(0,) and (1,) give (0,). Ask for the 1 itself, in both places.",
        ),
        Mistake(
            "takes the larger size, aligned on the left, without a check",
            _broadcast_largest_from_the_left,
            "Three things are missing. `zip(a, b)` pairs the first sizes, and the last "
            "ones should meet; it ends with the shorter shape, and the axes that are "
            "left get lost; and no pair is refused, though 3 and 4 do not fit.",
        ),
        Mistake(
            "takes the larger size of the axes that both have, without a check",
            _broadcast_largest_of_the_shortest,
            "You align on the right, as NumPy does. But `zip` ends with the shorter "
            "shape, and the axes that are left get lost; and no pair is refused, "
            "though 3 and 4 do not fit.",
        ),
        Mistake(
            "raises an error",
            _broadcast_raises,
            "Where the shapes do not fit, `None` is asked for, and not an error. "
            "(`np.broadcast_shapes` is a good way to check your own answer.)",
        ),
        Mistake(
            "returns a list",
            _broadcast_in_a_list,
            "The sizes are right. A shape is a tuple: `tuple(sizes)` makes one of a "
            "list.",
        ),
        Mistake(
            "has the axes in reverse",
            _broadcast_reversed,
            "You went from the right, which is a good way, and collected the sizes in "
            "that order. Turn them round at the end: `[::-1]`.",
        ),
        Mistake(
            "answers for the matrix product",
            _broadcast_as_product,
            "(B, M) @ (M, N) compares the inner two sizes. A sum goes entry by entry: "
            "it compares last with last, and last but one with last but one.",
        ),
        Mistake(
            "wants the same number of axes",
            _broadcast_same_number_of_axes,
            "A shape with fewer axes is padded with ones on the left. That is how a "
            "bias (3,) is added to a batch (4, 3).",
        ),
        Mistake(
            "forgets that a 1 is stretched",
            _broadcast_without_ones,
            "Missing axes are right. An axis of size 1 is stretched in the same way: "
            "(4, 3) against (4, 1) fits.",
        ),
    ],
)


# ---- 3. Every shape, before it runs ------------------------------------------------


def network_shapes(batch, sizes):
    shapes = [(batch, sizes[0])]  # X
    for m, n in pairwise(sizes):
        shapes += [(m, n), (n,), (batch, n)]  # W, b, Z
    return shapes


def _shapes_transposed(batch, sizes):
    shapes = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes += [(n, m), (n,), (batch, n)]
    return shapes


def _shapes_bias_as_number(batch, sizes):
    shapes: list[Any] = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes += [(m, n), (n), (batch, n)]
    return shapes


def _shapes_bias_as_row(batch, sizes):
    shapes = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes += [(m, n), (1, n), (batch, n)]
    return shapes


def _shapes_bias_for_each_sample(batch, sizes):
    shapes = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes += [(m, n), (batch, n), (batch, n)]
    return shapes


def _shapes_bias_of_inputs(batch, sizes):
    shapes = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes += [(m, n), (m,), (batch, n)]
    return shapes


def _shapes_columns(batch, sizes):
    shapes = [(sizes[0], batch)]
    for m, n in pairwise(sizes):
        shapes += [(m, n), (n,), (n, batch)]
    return shapes


def _shapes_columns_and_transposed(batch, sizes):
    shapes = [(sizes[0], batch)]
    for m, n in pairwise(sizes):
        shapes += [(n, m), (n,), (n, batch)]
    return shapes


def _shapes_without_bias(batch, sizes):
    shapes = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes += [(m, n), (batch, n)]
    return shapes


def _shapes_passing_through(batch, sizes):
    return [(batch, n) for n in sizes]


def _shapes_of_parameters(batch, sizes):
    return network_shapes(batch, sizes)[1:]


def _shapes_without_the_last(batch, sizes):
    return network_shapes(batch, sizes[:-1])


def _shapes_with_a_fixed_batch(batch, sizes):
    return network_shapes(64, sizes)


def _shapes_in_a_tuple(batch, sizes):
    return tuple(network_shapes(batch, sizes))


def _shapes_with_bias_in_a_list(batch, sizes):
    shapes: list[Any] = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes += [(m, n), [n], (batch, n)]
    return shapes


def _shapes_as_lists(batch, sizes):
    return [list(shape) for shape in network_shapes(batch, sizes)]


def _shapes_with_x_in_each_layer(batch, sizes):
    shapes = []
    for m, n in pairwise(sizes):
        shapes += [(batch, m), (m, n), (n,), (batch, n)]
    return shapes


def _shapes_with_the_last_z_only(batch, sizes):
    shapes = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes += [(m, n), (n,)]
    return [*shapes, (batch, sizes[-1])]


def _shapes_without_z(batch, sizes):
    return _shapes_with_the_last_z_only(batch, sizes)[:-1]


def _shapes_in_lists_by_layer(batch, sizes):
    shapes: list[Any] = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes.append([(m, n), (n,), (batch, n)])
    return shapes


def _shapes_in_tuples_by_layer(batch, sizes):
    shapes: list[Any] = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes.append(((m, n), (n,), (batch, n)))
    return shapes


def _shapes_with_every_activation(batch, sizes):
    shapes = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes += [(m, n), (n,), (batch, n), (batch, n)]
    return shapes


def _shapes_with_z_before_b(batch, sizes):
    shapes = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes += [(m, n), (batch, n), (n,)]
    return shapes


def _shapes_by_kind(batch, sizes):
    shapes: list[Any] = [(batch, sizes[0]), *pairwise(sizes)]
    shapes += [(n,) for n in sizes[1:]]
    return shapes + [(batch, n) for n in sizes[1:]]


def _shapes_of_the_first_layer(batch, sizes):
    return network_shapes(batch, sizes[:2])


def _shapes_with_z_turned(batch, sizes):
    shapes = [(batch, sizes[0])]
    for m, n in pairwise(sizes):
        shapes += [(m, n), (n,), (n, batch)]
    return shapes


def _shapes_with_x_turned(batch, sizes):
    return [(sizes[0], batch), *network_shapes(batch, sizes)[1:]]


def _shapes_with_x_of_one_sample(batch, sizes):
    return [(sizes[0],), *network_shapes(batch, sizes)[1:]]


def _shapes_past_the_end(batch, sizes):
    shapes = [(batch, sizes[0])]
    for i in range(len(sizes)):
        m, n = sizes[i], sizes[i + 1]
        shapes += [(m, n), (n,), (batch, n)]
    return shapes


def _shapes_cases() -> Sequence[Case]:
    return [
        (4, [3, 2]),
        (4, [3, 2, 1]),
        (1, [5, 7, 7]),
        (64, [784, 128, 64, 10]),
    ]


def _wrong_shapes(shapes: Any, batch: int, sizes: list[int]) -> str | None:
    """What is wrong with a list of shapes, entry by entry and by the symbol's name."""
    expected = network_shapes(batch, sizes)
    fault = difference(shapes, expected, 0)
    if fault is None:
        return None
    wanted = f"Expected was {expected}."
    if not isinstance(shapes, list):
        return f"{fault.text} {wanted}"
    for i, (got, right) in enumerate(zip(shapes, expected, strict=False)):
        if difference(got, right, 0) is not None:
            name = f"{'ZWb'[i % 3]} of layer {(i + 2) // 3}" if i else "X"
            came = shorten(repr(got), lines=1, width=60)
            return f"{wanted} Entry [{i}], {name}: expected {right}, got {came}."
    many = f"{len(expected)} shapes are asked for, and {len(shapes)} came."
    return f"{wanted} {many}"


SHAPES = Exercise(
    id="start/network-shapes",
    title="Every shape, before it runs",
    statement=cleandoc(r"""
        A network is given by its `sizes`, such as `[784, 128, 64, 10]`: the numbers
        that come in, those between the layers, and those that leave. A batch of `batch`
        samples goes through it. Return a list of the shapes of everything that takes
        part, as tuples: first that of $X$, then for each layer in turn those of its
        $W$, its $b$ and its $Z$. (An activation changes no shape and is left out.) For
        `network_shapes(4, [3, 2])` that is `[(4, 3), (3, 2), (2,), (4, 2)]`. (The
        function `pairwise` of `itertools` is at hand.)
    """),
    stub=cleandoc("""
        def network_shapes(batch, sizes):
            # batch: an integer, sizes: a list of integers -> a list of tuples
            ...
    """),
    reference=network_shapes,
    cases=_shapes_cases,
    judge=_wrong_shapes,
    hints=[
        "A layer lies between two neighbours of `sizes`: from m numbers to n. Write "
        "the three shapes of one layer first.",
        "`zip(sizes, sizes[1:])` goes through the neighbours (so does "
        "`itertools.pairwise(sizes)`).",
        "Per layer: `shapes += [(m, n), (n,), (batch, n)]`. The comma in `(n,)` makes "
        "it a tuple.",
    ],
    comment=(
        "`pairwise`, from the standard module `itertools`, gives each size with the "
        "next: 784 with 128, 128 with 64, 64 with 10. The batch stands in the shapes "
        "of what flows, and in none of the parameters: a network does not know how "
        "many samples will come."
    ),
    remark=(
        "Of the shapes here only those of W and b are stored in the network. The batch "
        "size may change from call to call, and with it every Z, and no parameter "
        "changes. It is worth writing this list for any network before running it: "
        "most mistakes show as a line that does not come true."
    ),
    mistakes=[
        Mistake(
            "has the weights transposed",
            _shapes_transposed,
            "With a sample in each row the layer is XW + b, and in (B, M) @ (M, N) the "
            "weights have a row for each number that comes in. (N, M) is how PyTorch "
            "stores them.",
        ),
        Mistake(
            "writes (n) for a tuple",
            _shapes_bias_as_number,
            "Parentheses alone make no tuple: `(n)` is the number n. It is the comma "
            "that does: `(n,)`.",
        ),
        Mistake(
            "writes [n] for a tuple",
            _shapes_with_bias_in_a_list,
            "Square brackets make a list. A shape is a tuple, also one of a single "
            "size, and there the comma makes it: `(n,)`.",
        ),
        Mistake(
            "has lists for shapes",
            _shapes_as_lists,
            "The sizes are right. A shape is a tuple, in round brackets: `(4, 3)`, and "
            "`(2,)` for a single size. Only the whole is a list.",
        ),
        Mistake(
            "gives the bias an axis of one",
            _shapes_bias_as_row,
            "A bias of shape (1, N) would broadcast to the same sum. In this book it "
            "has one axis, (N,): a number for each column of Z.",
        ),
        Mistake(
            "gives every sample a bias of its own",
            _shapes_bias_for_each_sample,
            "A bias belongs to a column of Z and is the same for every sample. "
            "Broadcasting adds the one row (N,) to each of the B rows.",
        ),
        Mistake(
            "has a bias for each input",
            _shapes_bias_of_inputs,
            "The bias is added to what the layer gives, so it has as many numbers as "
            "leave: (N,), not (M,).",
        ),
        Mistake(
            "has a sample in each column",
            _shapes_columns,
            "In this book a row is a sample: X has shape (B, M), and Z has (B, N).",
        ),
        Mistake(
            "computes WX, with a sample in each column",
            _shapes_columns_and_transposed,
            "This is the other convention, WX + b with a sample in each column, and it "
            "is consistent. The book has a row for each sample: everything is the "
            "other way round, X (B, M) and W (M, N).",
        ),
        Mistake(
            "leaves out the biases",
            _shapes_without_bias,
            "Each layer adds a bias (N,) after the product. It stands between W and Z.",
        ),
        Mistake(
            "lists only what goes through",
            _shapes_passing_through,
            "These are X and every Z, and they are right. Before each Z the list shall "
            "have the W and the b that make it.",
        ),
        Mistake(
            "leaves out X",
            _shapes_of_parameters,
            "The list begins with what comes in: (B, M) with M = `sizes[0]`.",
        ),
        Mistake(
            "lists the input of every layer, or the activations between",
            _shapes_with_x_in_each_layer,
            "Between two layers one shape is there twice. What the activation gives, "
            "which is what comes into the next layer, has the shape of the Z before "
            "it, and is left out. If it is the X of each layer that you list: only the "
            "first is asked for, ahead of the loop.",
        ),
        Mistake(
            "lists an activation after every layer",
            _shapes_with_every_activation,
            "Each Z is there twice, the second time as what an activation makes of it. "
            "That has the same shape, and is left out: three shapes for each layer.",
        ),
        Mistake(
            "has Z before b",
            _shapes_with_z_before_b,
            "The shapes are right. In a layer the order asked for is W, b, Z: first "
            "what is stored, then what comes of it.",
        ),
        Mistake(
            "has the shapes by kind",
            _shapes_by_kind,
            "The shapes are right, with all W first, then all b, then all Z. Asked for "
            "are those of the first layer, then those of the second: one loop that "
            "adds three shapes at each turn.",
        ),
        Mistake(
            "stops after the first layer",
            _shapes_of_the_first_layer,
            "The first layer is right, and the others are missing. Does `return` stand "
            "inside the loop? Then the first turn is the last.",
        ),
        Mistake(
            "has Z turned over",
            _shapes_with_z_turned,
            "A row is a sample, in what comes out as in what goes in: Z has shape "
            "(B, N), since (B, M) @ (M, N) leaves the outer two.",
        ),
        Mistake(
            "has X turned over",
            _shapes_with_x_turned,
            "A row is a sample, a column one of its numbers: X has shape (B, M), with "
            "`batch` first.",
        ),
        Mistake(
            "has one sample for X",
            _shapes_with_x_of_one_sample,
            "(M,) is the shape of one sample. A batch has B of them, a row each: "
            "(B, M).",
        ),
        Mistake(
            "has the last Z only",
            _shapes_with_the_last_z_only,
            "Every layer gives a Z, not the last one alone: `(batch, n)` belongs into "
            "the loop.",
        ),
        Mistake(
            "leaves out every Z",
            _shapes_without_z,
            "X and the parameters are right. What each layer gives takes part, too: "
            "its Z, of shape (B, N), stands after its b.",
        ),
        Mistake(
            "has a list for each layer",
            _shapes_in_lists_by_layer,
            "The shapes are right, and those of a layer are in a list of their own. "
            "One list is asked for: `append` puts in one thing, here a whole list; "
            "`shapes += [...]` puts in each of its entries.",
        ),
        Mistake(
            "has a tuple for each layer",
            _shapes_in_tuples_by_layer,
            "The shapes are right, and those of a layer are in a tuple of their own. "
            "One list is asked for: `append` puts in one thing, here a whole tuple; "
            "`shapes += [...]` puts in each of its entries.",
        ),
        Mistake(
            "leaves out the last layer",
            _shapes_without_the_last,
            "There are `len(sizes) - 1` layers, one between each two neighbours. The "
            "last leads to `sizes[-1]`.",
        ),
        Mistake(
            "takes 64 for the batch",
            _shapes_with_a_fixed_batch,
            "How many samples come is an argument: `batch`. The network works for any "
            "number of them.",
        ),
        Mistake(
            "returns a tuple",
            _shapes_in_a_tuple,
            "The shapes are right. A list of them is asked for, in square brackets.",
        ),
        Mistake(
            "goes one layer too far",
            _shapes_past_the_end,
            "n sizes have n - 1 layers between them: after the last size comes none. "
            "`zip(sizes, sizes[1:])` ends by itself.",
        ),
    ],
)


# ---- 4. A reader within a budget ---------------------------------------------------


def choose_sizes(budget):
    def count(sizes):
        return sum(m * n + n for m, n in pairwise(sizes))

    h = 1
    while count([784, 2 * (h + 1), h + 1, 10]) <= budget:
        h += 1
    return [784, 2 * h, h, 10]


class _Sizes:
    """Sizes that were chosen, how many numbers they need, and what is wrong with them.

    Right answers differ, so two are alike if they fail alike, whatever the sizes. A
    failing may be a case of another: `of` names that.
    """

    def __init__(
        self, sizes: Any, failing: str, detail: str = "", of: str = ""
    ) -> None:
        self.sizes, self.failing, self.detail, self.of = sizes, failing, detail, of

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sizes) and other.failing in (self.failing, self.of)

    def __repr__(self) -> str:
        return shorten(repr(self.sizes), lines=2, width=60)


BUDGETS = [25_000, 60_000, 109_385, 250_000, 900_000]


def _choose(answer: Any, budget: int) -> _Sizes:
    sizes = answer(budget)
    found = _Sizes(sizes, *_failing(sizes, budget))
    if "the budget is" in found.detail and _is_the_same_for_all(answer, sizes):
        found.failing, found.of = "The sizes are the same for every budget.", ""
    return found


def _is_the_same_for_all(answer: Any, sizes: list[Any]) -> bool:
    try:
        return all(list(answer(b)) == sizes for b in (BUDGETS[0], BUDGETS[-1]))
    except Exception:
        return False


def _failing(sizes: Any, budget: int) -> list[str]:
    """What is wrong with the sizes, if anything is, the numbers of it, and its kind."""
    if sizes is None:
        return ["Nothing was returned."]
    if isinstance(sizes, int | np.integer):
        return ["A list of sizes is asked for, and one number came."]
    if not isinstance(sizes, list):
        came = "NumPy array" if isinstance(sizes, np.ndarray) else type(sizes).__name__
        return [f"A list of sizes is asked for, and a {came} came."]
    if not all(isinstance(n, int | np.integer) for n in sizes):
        return ["Every size has to be an integer."]
    if sizes[:1] == [10] and sizes[-1] == 784:
        return ["The sizes go from 10 to 784; asked for are those from 784 to 10."]
    if sizes[:1] != [784]:
        return ["The first size has to be 784, one for each pixel."]
    if sizes[-1] != 10:
        return ["The last size has to be 10, one for each digit."]
    if len(sizes) < 4:
        return ["There have to be at least two sizes between the 784 and the 10."]
    if min(sizes) < 1:
        return ["Every size has to be at least 1."]
    for m, n in pairwise(sizes):
        if n > m:
            return [
                "No size may be larger than the one before it.",
                f"Here {n} comes after {m}.",
            ]
    weights = sum(int(m) * int(n) for m, n in pairwise(sizes))
    count = weights + sum(map(int, sizes[1:]))
    needed = f"These need {count:,} numbers, and the budget is {budget:,}."
    if len(sizes) <= 6:
        by_layer = " + ".join(f"{int(m) * n + n:,}" for m, n in pairwise(sizes))
        needed += f" Layer by layer: {by_layer}."
    a_little_over = "It is a little over the budget."
    if weights <= budget < count:
        without = "The weights fit, but not all biases fit with them."
        return [without, needed, a_little_over]
    if budget < count <= 1.1 * budget:
        return [a_little_over, needed]
    if count > budget:
        return ["It is over the budget.", needed]
    if 10 * count < 9 * budget:
        return ["Less than nine tenths of the budget is used.", needed]
    return [""]


def _complaint(sizes: _Sizes, budget: int) -> str | None:
    return f"{sizes.failing} {sizes.detail}".strip() or None


def _choose_by_weights(budget):
    wide = min(784, (budget - 100) // 794)
    return [784, wide, (budget - 784 * wide) // (wide + 10), 10]


def _choose_a_step_too_far(budget):
    _, wide, narrow, _ = choose_sizes(budget)
    return [784, wide + 3, narrow + 1, 10]


def _choose_always_the_same(budget):
    return [784, 128, 64, 10]


def _choose_half(budget):
    return [784, (budget // 2 - 120) // 795, 10, 10]


def _choose_without_the_middle(budget):
    return [784, budget // 794, budget // 794, 10]


def _choose_without_the_middle_up_to_784(budget):
    wide = min(784, budget // 794)
    return [784, wide, wide, 10]


def _choose_far_too_wide(budget):
    wide = min(784, budget // 400)
    return [784, wide, wide, 10]


def _choose_with_floats(budget):
    return [784, budget / 850, 10, 10]


def _choose_one_layer_between(budget):
    return [784, (budget - 10) // 795, 10]


def _choose_without_the_ends(budget):
    return choose_sizes(budget)[1:-1]


def _choose_without_the_output(budget):
    return choose_sizes(budget)[:-1]


def _choose_in_a_tuple(budget):
    return tuple(choose_sizes(budget))


def _choose_in_an_array(budget):
    return np.array(choose_sizes(budget))


def _choose_without_return(budget):
    choose_sizes(budget)


def _choose_the_other_way_round(budget):
    return choose_sizes(budget)[::-1]


def _choose_narrow_first(budget):
    _, h, g, _ = choose_sizes(budget)
    return [784, g, h, 10]


def _choose_a_count(budget):
    return sum(m * n + n for m, n in pairwise(choose_sizes(budget)))


def _choose_cases() -> Sequence[Case]:
    return [(budget,) for budget in BUDGETS]


CHOOSE_SIZES = Exercise(
    id="start/choose-sizes",
    title="A reader within a budget",
    statement=cleandoc(r"""
        Your digit reader has to fit on a small device, with room for `budget` numbers,
        weights and biases together. Choose its sizes: a list of integers that begins
        with 784 and ends with 10, with at least two sizes between them. No size may be
        larger than the one before it, and that goes for the 10, too. Use the budget
        well: at least nine tenths of it, and no more than all. `check` asks for budgets
        from 25,000 to 900,000. Many answers are right. (Which of them reads best? You
        can try it with the cell at the beginning of this chapter.)
    """),
    stub=cleandoc("""
        def choose_sizes(budget):
            # budget: an integer -> a list of integers, 784 first and 10 last
            ...
    """),
    reference=choose_sizes,
    cases=_choose_cases,
    call=_choose,
    judge=_complaint,
    hints=[
        "First write a function that counts the numbers of a list of sizes. It should "
        "say 109,386 for `[784, 128, 64, 10]`.",
        "Decide on a family of networks with one free number, such as "
        "`[784, 2 * h, h, 10]`. The count grows with `h`.",
        "Start with a small `h` and raise it by 1 as long as the next one still fits "
        "into the budget.",
    ],
    comment=(
        "A layer from $M$ numbers to $N$ has $MN$ weights and $N$ biases. From `h` to "
        "`h + 1` the count grows by $4h + 1{,}583$. At the end of the loop that is "
        "1,643 for the budget of 25,000 and 3,115 for that of 900,000, both less than "
        "a tenth of it, so the loop never stops too early. Other families serve as "
        "well: a fixed size before the 10, equal sizes, three sizes between."
    ),
    remark=(
        "Nearly all of the budget goes into the first layer, for 784 is so much larger "
        "than the rest: of 109,386 numbers 100,480 are there. How one spends a budget "
        "on width and depth matters less than one might hope; what decides is how "
        "well it is trained, and what the layers are."
    ),
    mistakes=[
        Mistake(
            "does not count all biases",
            _choose_by_weights,
            "The weights alone fit into the budget. Each layer has a bias, too: from M "
            "numbers to N it has M N + N. In a formula that is h + g + 10 for "
            "[784, h, g, 10]: are all three in yours?",
        ),
        Mistake(
            "leaves out the layer in the middle",
            _choose_without_the_middle,
            "784 h + 10 h counts what leads into the two middle sizes and out of them. "
            "Between the two is a layer of its own, with h · h weights, and the wider "
            "it gets the more it counts.",
        ),
        Mistake(
            "leaves out the layer in the middle, with 784 as the largest size",
            _choose_without_the_middle_up_to_784,
            "784 h + 10 h counts what leads into the two middle sizes and out of them. "
            "Between the two is a layer of its own, with h · h weights, and the wider "
            "it gets the more it counts.",
        ),
        Mistake(
            "goes a little over the budget",
            _choose_a_step_too_far,
            "A loop that runs for as long as the count fits ends with the first sizes "
            "that do not: return those before them, or look at the next count before "
            "you take a step. If yours is a formula, round down.",
        ),
        Mistake(
            "goes over the budget",
            _choose_far_too_wide,
            "Count before you return: the sum of M N + N over the layers must not be "
            "larger than `budget`. The first layer counts most.",
        ),
        Mistake(
            "takes the same sizes for every budget",
            _choose_always_the_same,
            "Whatever sizes you choose, they need too many numbers for some budgets or "
            "too few for others. They should grow with the budget.",
        ),
        Mistake(
            "leaves room",
            _choose_half,
            "There is room for more. Raise one of the sizes as long as the count still "
            "fits, and look at the next count before you stop.",
        ),
        Mistake(
            "returns sizes that are no integers",
            _choose_with_floats,
            "`/`, `** 0.5` and `np.sqrt` give floats, even where the result is whole. "
            "`//` divides and rounds down to an integer, and so does `int(...)` with "
            "what is not negative.",
        ),
        Mistake(
            "has too few sizes between",
            _choose_one_layer_between,
            "At least two sizes shall stand between the 784 and the 10, so that the "
            "list has four entries or more.",
        ),
        Mistake(
            "does not begin with 784",
            _choose_without_the_ends,
            "The list begins with what comes in, 784 pixels, and ends with what "
            "leaves, 10 digits.",
        ),
        Mistake(
            "does not end with 10",
            _choose_without_the_output,
            "The last size is that of the answer: one number for each of the 10 "
            "digits.",
        ),
        Mistake(
            "returns a tuple",
            _choose_in_a_tuple,
            "A list is asked for, in square brackets. `list(...)` makes one of a "
            "tuple.",
        ),
        Mistake(
            "returns a NumPy array",
            _choose_in_an_array,
            "A list is asked for. `sizes.tolist()` makes one of an array.",
        ),
        Mistake(
            "returns nothing",
            _choose_without_return,
            "Whoever calls a function gets what stands after `return`. What is only "
            "computed, or only printed, is gone when the function ends.",
        ),
        Mistake(
            "has the sizes the other way round",
            _choose_the_other_way_round,
            "The list begins with what comes in, 784 pixels, and ends with what "
            "leaves, 10 digits. Yours begins with what leaves.",
        ),
        Mistake(
            "widens again",
            _choose_narrow_first,
            "A size is larger than the one before it. From 784 down to 10, each size "
            "here shall be at most that before it; so none may be smaller than 10.",
        ),
        Mistake(
            "returns the count",
            _choose_a_count,
            "This is how many numbers a network has. What is asked for are the sizes "
            "that lead to it.",
        ),
    ],
)

EXERCISES = [INK, BROADCAST, SHAPES, CHOOSE_SIZES]


# ---- Quick questions ---------------------------------------------------------------

_X, _W = np.zeros((4, 3)), np.zeros((3, 2))
_PRODUCTS = {
    "`x @ w1`": lambda: _X @ _W,
    "`w1 @ x`": lambda: _W @ _X,
    "`w1.T @ x.T`": lambda: _W.T @ _X.T,
    "`x.T @ x`": lambda: _X.T @ _X,
}


def _forbidden() -> str:
    found = []
    for name, multiply in _PRODUCTS.items():
        try:
            multiply()
        except ValueError:
            found.append(name)
    return ", ".join(found)


def _paper_count() -> int:
    model = mlp([3, 2, 1], rng=np.random.default_rng(0))
    return sum(p.data.size for p in model.parameters())


QUESTIONS = [
    Question(
        id="start/by-guessing",
        text=(
            "A program picks one of the ten digits at random for each image, without "
            "looking. What share of the images does it read correctly, on average? "
            "Give a number from 0 to 1."
        ),
        answer=0.1,
        within=1e-9,
        why=(
            "Whatever the image shows, one pick in ten is right. That is the score to "
            "compare with: anything clearly above it has learned something."
        ),
        wrong={
            0: "It is right by accident, now and then: how often is a pick among ten "
            "the right one?",
            0.5: "That would be so with two digits to choose from. Here there are ten.",
            10: "That is the percentage. As a number from 0 to 1?",
        },
        otherwise="There are ten digits, and one of them is right.",
        computed=lambda: float(np.mean(np.eye(10))),
    ),
    Question(
        id="start/paper-count",
        text=(
            "How many numbers has the network on paper to learn: all of W₁, b₁, W₂ and "
            "b₂ together?"
        ),
        answer=11,
        why="3 · 2 + 2 in the first layer and 2 · 1 + 1 in the second: 8 + 3.",
        wrong={
            8: "Those are the weights, 6 + 2, or the first layer alone. There are "
            "biases in both layers.",
            23: "X was counted, too. Its 12 numbers are given; what is learned is the "
            "rest.",
            15: "The targets were counted, too. They are given.",
            6: "That is W₁ alone.",
        },
        otherwise="Count the entries of each table: (3, 2), (2), (2, 1) and (1).",
        computed=_paper_count,
    ),
    Question(
        id="start/forbidden-product",
        text=(
            "`x` has shape `(4, 3)` and `w1` has shape `(3, 2)`; `.T` turns a table "
            "over, so that `x.T` has shape `(3, 4)`. Which of these raises an error?"
        ),
        choices=list(_PRODUCTS),
        answer="`w1 @ x`",
        why="(3, 2) @ (4, 3): the inner two are 2 and 4, and do not agree.",
        wrong={
            "`x @ w1`": "(4, 3) @ (3, 2): the inner two agree, and (4, 2) is left.",
            "`w1.T @ x.T`": "(2, 3) @ (3, 4): the inner two agree, and (2, 4) is left: "
            "the same numbers as those of `x @ w1`, turned over.",
            "`x.T @ x`": "(3, 4) @ (4, 3): the inner two agree. A table turned over "
            "always fits itself.",
        },
        computed=_forbidden,
    ),
    Question(
        id="start/broadcast-shape",
        text=(
            "What is the shape of `a + b` if `a` has shape `(4, 1)` and `b` has shape "
            "`(3,)`?"
        ),
        answer=(4, 3),
        why="(3,) counts as (1, 3). Each 1 is stretched: the 4 rows and the 3 columns.",
        wrong={
            (4, 1): "That would lose two of the three numbers of `b`.",
            (3,): "That would lose the four rows of `a`.",
            (4,): "Axes do not get lost: the result has as many as the longer shape.",
            (4, 4): "The 3 stays a 3. It meets the 1 of `a`, which is stretched to it.",
            (3, 4): "The shapes are aligned on the right: 3 meets the 1, and 4 stays "
            "on the left.",
        },
        otherwise="Write one below the other, aligned on the right. What is missing "
        "counts as 1.",
        computed=lambda: (np.zeros((4, 1)) + np.zeros(3)).shape,
    ),
    Question(
        id="start/how-many-differences",
        text=(
            "On paper the mean was 1.5625, and 7.5 came. Look for the bug before you "
            "read on: of how many squared differences did `np.mean` take the mean?"
        ),
        answer=16,
        why="(4, 1) less (4,) is (4, 4): every prediction less every target.",
        wrong={
            4: "So many were meant. Write the shapes of `prediction` and `from_file` "
            "below each other, aligned on the right.",
            1: "`np.mean` returns one number. Of how many is it the mean?",
            8: "That is what both hold together. What is the shape of their "
            "difference?",
        },
        otherwise="`prediction` has shape (4, 1) and `from_file` has shape (4,). What "
        "is the shape of their difference?",
        computed=lambda: (np.zeros((4, 1)) - np.zeros(4)).size,
    ),
]
