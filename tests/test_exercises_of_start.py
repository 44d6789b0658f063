"""What the exercises of Start here accept, refuse, and say of what they refuse."""

import inspect
from itertools import combinations_with_replacement, pairwise, product
from pathlib import Path

import exercise_reading
import nbformat
import numpy as np
import pytest

from nnlib.exercises import check
from nnlib.exercises.start import (
    BUDGETS,
    EXERCISES,
    broadcast,
    choose_sizes,
    network_shapes,
)

CHAPTER = Path(__file__).resolve().parents[1] / "book" / "start.ipynb"


pytestmark = pytest.mark.usefixtures("no_progress")


def said_of(answer, id="start/choose-sizes"):
    return exercise_reading.said_of(id, answer)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
def test_a_solution_runs_after_the_first_cell_of_the_chapter(exercise):
    cells = nbformat.read(CHAPTER, as_version=4).cells
    first = next(cell.source for cell in cells if cell.cell_type == "code")
    names = {}
    exec(first + "\n\n" + inspect.getsource(exercise.reference), names)
    assert check(exercise.id, names[exercise.name])


def ink_without_return(x):
    x.mean(axis=1)


def ink_in_float64(x):
    share = np.zeros(len(x))
    for i in range(len(x)):
        for pixel in x[i]:
            share[i] += pixel
        share[i] /= x.shape[1]
    return share


def broadcast_with_or(a, b):
    out = []
    k = max(len(a), len(b))
    for m, n in zip((1,) * (k - len(a)) + a, (1,) * (k - len(b)) + b, strict=True):
        if m != n and 1 not in (m, n):
            return None
        out.append(n if m == 1 else m)
    return tuple(out) or None


def broadcast_with_max(a, b):
    k = max(len(a), len(b))
    pairs = list(zip((1,) * (k - len(a)) + a, (1,) * (k - len(b)) + b, strict=True))
    if any(m != n and 1 not in (m, n) for m, n in pairs):
        return None
    return tuple(max(m, n) for m, n in pairs)


def broadcast_with_one_in_the_first(a, b):
    k = max(len(a), len(b))
    out = []
    for p, q in zip((1,) * (k - len(a)) + a, (1,) * (k - len(b)) + b, strict=True):
        if p != q and p != 1:
            return None
        out.append(q if p == 1 else p)
    return tuple(out)


def broadcast_of_equal_length(a, b):
    return broadcast(a, b) if len(a) == len(b) else None


def broadcast_unless_three_axes(a, b):
    return broadcast(a, b) if max(len(a), len(b)) < 3 else None


def pairs_by(fits):
    """Return a broadcast in which `fits` decides whether two sizes do."""

    def answer(a, b):
        k = max(len(a), len(b))
        a, b = (1,) * (k - len(a)) + a, (1,) * (k - len(b)) + b
        if not all(fits(m, n) for m, n in zip(a, b, strict=True)):
            return None
        return tuple(n if m == 1 else m for m, n in zip(a, b, strict=True))

    return answer


def divides(a, b):
    k = max(len(a), len(b))
    out = []
    for m, n in zip((1,) * (k - len(a)) + a, (1,) * (k - len(b)) + b, strict=True):
        if m != n and 1 not in (m, n) and (0 in (m, n) or (m % n and n % m)):
            return None
        out.append(n if m == 1 else m if n == 1 else max(m, n))
    return tuple(out)


def zero_with_all(a, b):
    k = max(len(a), len(b))
    out = []
    for m, n in zip((1,) * (k - len(a)) + a, (1,) * (k - len(b)) + b, strict=True):
        if m == 0 or n == 0:
            out.append(0)
        elif m == n or n == 1:
            out.append(m)
        elif m == 1:
            out.append(n)
        else:
            return None
    return tuple(out)


def first_over(budget):
    def count(h):
        sizes = [784, 2 * h, h, 10]
        return sum(m * n + n for m, n in pairwise(sizes))

    h = 1
    while count(h) <= budget:
        h += 1
    return [784, 2 * h, h, 10]


def without_biases(budget):
    h = 1
    while 784 * 2 * (h + 1) + 2 * (h + 1) ** 2 + 10 * (h + 1) <= budget:
        h += 1
    return [784, 2 * h, h, 10]


def most_biases(budget):
    h = int((-795 + np.sqrt(795**2 + 4 * budget)) / 2)  # h² + 795h = budget
    return [784, h, h, 10]


def powers_of_two(budget):
    wide = 2 ** int(np.log2(budget / 794 / 1.2))
    return [784, wide, wide // 2, 10]


@pytest.mark.parametrize(
    ("id", "answer", "mistake"),
    [
        ("ink", ink_without_return, "returns nothing"),
        ("ink", lambda x: print(x.mean(axis=1)), "returns nothing"),
        ("ink", ink_in_float64, "answers in float64 whatever comes"),
        ("ink", lambda x: x.sum(axis=1) / 784, "divides by 784"),
        ("broadcast", broadcast_with_or, "returns None for the shape of a number"),
        ("broadcast", broadcast_with_max, "takes the larger size"),
        (
            "broadcast",
            broadcast_with_one_in_the_first,
            "stretches the first shape only",
        ),
        ("broadcast", broadcast_of_equal_length, "wants the same number of axes"),
        ("broadcast", broadcast_unless_three_axes, "refuses shapes that fit"),
        (
            "broadcast",
            lambda a, b: False if broadcast(a, b) is None else broadcast(a, b),
            "returns False where they do not fit",
        ),
        ("broadcast", divides, "repeats a size that is not 1"),
        ("broadcast", zero_with_all, "lets 0 fit everything, and gives 0"),
        (
            "broadcast",
            pairs_by(lambda m, n: not (m != n and min(m, n) > 1)),
            "lets 0 fit everything, and gives the first size",
        ),
        ("broadcast", pairs_by(lambda m, n: True), "takes a size without a check"),
        ("ink", lambda x: (x > 0).mean(axis=1), "counts the pixels that are not blank"),
        ("ink", lambda x: x.sum(axis=1) / x.sum(), "divides by all the ink"),
        ("choose-sizes", lambda budget: [784, 128, 64, 10], "takes the same sizes"),
        ("choose-sizes", most_biases, "does not count all biases"),
        (
            "choose-sizes",
            lambda budget: [784, budget // 794, budget // 794, 10],
            "leaves out the layer in the middle",
        ),
        ("choose-sizes", lambda budget: [784, 30, 20, 10], "takes the same sizes"),
        ("choose-sizes", first_over, "goes a little over the budget"),
        ("choose-sizes", without_biases, "does not count all biases"),
        ("choose-sizes", lambda budget: [10, 64, 128, 784], "has the sizes the other"),
        (
            "choose-sizes",
            lambda budget: np.array(choose_sizes(budget)),
            "returns a NumPy array",
        ),
    ],
)
def test_a_mistake_is_called_by_its_name(id, answer, mistake):
    assert f"known mistake: {mistake}" in said_of(answer, f"start/{id}")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (broadcast_of_equal_length, "They do: the sum has shape (1,)."),
        (np.broadcast_shapes, "shape mismatch"),
        (lambda a, b: list(broadcast(a, b) or ()), "type list; expected was ()."),
        (lambda a, b: a, "The sum has shape (1,)."),
        (lambda a, b: broadcast(a, b) or (), "They do not, and `None` is asked for."),
    ],
)
def test_a_verdict_on_shapes_knows_what_none_stands_for(answer, words):
    said = said_of(answer, "start/broadcast")
    assert words in said
    assert "Is there a `return`?" not in said


@pytest.mark.parametrize("pair", [*product((0, 1, 2, 4), repeat=2)])
def test_a_rule_that_is_wrong_for_one_pair_of_sizes_is_wrong(pair):
    def fits(m, n):
        return (m == n or 1 in (m, n)) != ((m, n) == pair)

    assert not check("start/broadcast", pairs_by(fits))


def test_the_first_pair_that_does_not_fit_is_a_small_one():
    said = said_of(pairs_by(lambda m, n: True), "start/broadcast")
    assert "a = (2,) b = (4,)" in said or "a = (4,) b = (2,)" in said


def test_a_verdict_on_a_list_of_shapes_names_the_entry():
    def turned(batch, sizes):
        return [shape[::-1] for shape in network_shapes(batch, sizes)]

    said = said_of(turned, "start/network-shapes")
    assert "Expected was [(4, 3), (3, 2), (2,), (4, 2)]." in said
    assert "Entry [0], X: expected (4, 3), got (3, 4)." in said

    def z_turned(batch, sizes):
        shapes = network_shapes(batch, sizes)
        return [s[::-1] if i and i % 3 == 0 else s for i, s in enumerate(shapes)]

    said = said_of(z_turned, "start/network-shapes")
    assert "Entry [3], Z of layer 1: expected (4, 2), got (2, 4)." in said
    assert "known mistake: has Z turned over" in said
    said = said_of(
        lambda b, sizes: network_shapes(b, sizes)[:2], "start/network-shapes"
    )
    assert "4 shapes are asked for, and 2 came." in said


def test_the_comment_on_the_sizes_has_its_numbers_right():
    def count(h):
        return sum(m * n + n for m, n in pairwise([784, 2 * h, h, 10]))

    assert all(count(h + 1) - count(h) == 4 * h + 1583 for h in range(1, 400))
    comment = next(e.comment for e in EXERCISES if e.id == "start/choose-sizes")
    assert "4h + 1{,}583" in comment
    assert (BUDGETS[0], BUDGETS[-1]) == (25_000, 900_000)
    for budget in BUDGETS:
        h = choose_sizes(budget)[2]
        step = count(h + 1) - count(h)
        assert 10 * step < budget
        if budget in (BUDGETS[0], BUDGETS[-1]):
            assert f"{step:,} for" in comment


def test_a_size_that_is_too_small_is_named_and_not_taken_for_another_fault():
    said = said_of(lambda budget: [784, 31, 1, 10])
    assert "Here 10 comes after 1." in said
    said = said_of(powers_of_two)
    assert "Here 10 comes after 8." in said
    assert "known mistake: leaves room" not in said


def test_a_shape_in_a_list_is_not_told_to_lose_its_brackets():
    def lists(batch, sizes):
        return [list(shape) for shape in network_shapes(batch, sizes)]

    said = said_of(lists, "start/network-shapes")
    assert "Entry [0], X: expected (4, 3), got [4, 3]." in said
    assert "Commas alone" not in said


def test_the_solution_broadcasts_as_numpy_does():
    shapes = [
        shape for axes in range(4) for shape in product((0, 1, 2, 3), repeat=axes)
    ]
    for a, b in combinations_with_replacement(shapes, 2):
        try:
            expected = np.broadcast_shapes(a, b)
        except ValueError:
            expected = None
        assert broadcast(a, b) == broadcast(b, a) == expected


FAMILIES = [
    lambda h: [784, h, 10, 10],
    lambda h: [784, h, h, 10],
    lambda h: [784, h, h, h, h, 10],
    lambda h: [784, h + 20, h // 2 + 10, 10],
    lambda h: [784, np.int64(h), np.int64(10), 10],
]


@pytest.mark.parametrize("family", FAMILIES)
def test_any_sizes_that_keep_to_the_rules_are_right(family):
    def widest(budget):
        h = 10
        while sum(m * n + n for m, n in pairwise(family(h + 1))) <= budget:
            h += 1
        return family(h) if h < 784 else [784, 784, 300, 100, 10]

    verdict = check("start/choose-sizes", widest)
    assert verdict, verdict


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([784, 128, 64, 10], "These need 109,386 numbers, and the budget is 25,000"),
        ([784, 128, 128, 10], "The sizes are the same for every budget"),
        ([784, 20, -3, 10], "Every size has to be at least 1"),
        ([784, 0, 0, 10], "Every size has to be at least 1"),
        ([], "The first size has to be 784"),
        ([784, 64, 128, 10], "No size may be larger than the one before it"),
        ([784, 10], "at least two sizes between the 784 and the 10"),
        ("784-128-64-10", "and a str came"),
        (None, "Nothing was returned"),
    ],
)
def test_what_is_wrong_with_sizes_is_said(sizes, words):
    assert words in said_of(lambda budget: sizes)


def test_sizes_that_grow_too_much_or_too_little_are_told_so():
    assert "It is over the budget. These need" in said_of(
        lambda budget: [784, min(784, budget // 200), 20, 10]
    )
    assert "Less than nine tenths of the budget is used. These" in said_of(
        lambda budget: [784, budget // 1600 + 1, 10, 10]
    )
