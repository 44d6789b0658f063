"""What the exercises of Start here accept, refuse, and say of what they refuse."""

from itertools import combinations_with_replacement, pairwise, product

import numpy as np
import pytest

from nnlib.exercises import check
from nnlib.exercises.start import broadcast


@pytest.fixture(autouse=True)
def no_progress(tmp_path, monkeypatch):
    """Keep the user's own progress out of it."""
    monkeypatch.setenv("NNLIB_PROGRESS", str(tmp_path / "progress.json"))


def said_of(answer):
    """Return the verdict on sizes that are wrong, as one line."""
    verdict = check("start/choose-sizes", answer)
    assert not verdict
    return " ".join(repr(verdict).split())


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
        ([784, 128, 64, 10], "These need 109,386 numbers, and the budget is 109,385"),
        ([784, 128, 128, 10], "It is over the budget"),
        ([784, 20, 20, 10], "Less than nine tenths of the budget is used"),
        ([784, 20, -3, 10], "Every size has to be at least 1"),
        ([784, 0, 0, 10], "Every size has to be at least 1"),
        ([], "The first size has to be 784"),
        ([784, 64, 128, 10], "No size may be larger than the one before it"),
        ("784-128-64-10", "It came as str"),
    ],
)
def test_what_is_wrong_with_sizes_is_said(sizes, words):
    assert words in said_of(lambda budget: sizes)
