"""Exercises and quick questions of the chapter on matrices."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Solutions and mistakes are written as students write them, without annotations.

import numpy as np

from nnlib.exercises._bank import Exercise, Question
from nnlib.matrix import Matrix

__all__ = ["EXERCISES", "QUESTIONS"]


EXERCISES: list[Exercise] = []


# ---- Quick questions ---------------------------------------------------------------


def _places_left_empty() -> int:
    a = Matrix(3, 4)
    taken = {a.n_rows * r + c for r in range(a.n_rows) for c in range(a.n_cols)}
    return len(set(range(len(a.data))) - taken)


def _shape_of_transposed_product() -> tuple[int, ...]:
    x, g = np.zeros((64, 128), np.float32), np.zeros((64, 10), np.float32)
    return (x.T @ g).shape


def _millions_of_multiplications() -> float:
    x, w = np.zeros((64, 784), np.float32), np.zeros((784, 128), np.float32)
    return (x @ w).size * x.shape[1] / 1e6


_COPIES = "It copies the 60,000 x 784 numbers into a new array, column by column"
_VIEWS = "It makes a view: the same bytes, read with the two strides exchanged"
_MOVES = "It moves the numbers within the array, so that `x` itself is now transposed"


def _what_transposing_does() -> str:
    x = np.zeros((600, 784), np.float32)
    strides = x.strides
    t = x.T
    if x.strides != strides:
        return _MOVES
    shared = np.shares_memory(x, t) and t.strides == strides[::-1]
    return _VIEWS if shared else _COPIES


QUESTIONS = [
    Question(
        id="matrices/flat-index",
        text=(
            "A matrix of 3 rows and 4 columns is held in a flat list in row-major "
            "order. Which number of the list is entry (2, 1)? Rows, columns and the "
            "list are counted from 0."
        ),
        answer=9,
        why="Two whole rows of 4 lie before its row, and one entry before it there.",
        wrong={
            5: "That is its place in column-major order, 1 · 3 + 2: a column of 3 "
            "lies before it, and two entries of its own. Here whole rows come first.",
            7: "That is 2 · 3 + 1, with the number of rows. A row is 4 long: its "
            "length is the number of columns.",
            10: "It is the tenth entry, and the first has number 0.",
            4: "That counts rows and columns from 1. Counted from 0, row 2 is the "
            "third: two whole rows lie before it.",
            6: "That is entry (1, 2): the first of the two numbers is the row.",
        },
        otherwise="How many whole rows lie before row 2, and how long is each?",
        computed=lambda: Matrix(3, 4).flat_index(2, 1),
    ),
    Question(
        id="matrices/empty-places",
        text=(
            "With the wrong rule, `n_rows * r + c`, the 12 entries of a 3 x 4 matrix "
            "are written into a list of 12. How many places of the list stay empty?"
        ),
        answer=2,
        why=(
            "The rows begin at 0, 3 and 6, and each is 4 long. So (0, 3) and (1, 0) "
            "meet in place 3, (1, 3) and (2, 0) in place 6, and nothing comes to 10 "
            "and 11. In a square matrix all would fit."
        ),
        wrong={
            0: "That would be so in a square matrix. Here a row is 4 long, and the "
            "next begins only 3 places on: the last of one meets the first of the "
            "next.",
            3: "Three rows have two seams between them, and at each seam two entries "
            "share a place.",
            4: "Four entries share places, two in each: that loses two places.",
            10: "That many places are taken.",
        },
        otherwise="Write down where each of the three rows begins and ends.",
        computed=_places_left_empty,
    ),
    Question(
        id="matrices/strides",
        text=(
            "`x` holds the images of MNIST: shape (60000, 784), float32, in row-major "
            "order. What is `x.strides`, in bytes? Write it as a shape: `(1, 2)`."
        ),
        answer=(3136, 4),
        why=(
            "The next pixel is 4 bytes on. The next image is a whole row on: "
            "784 · 4 = 3136 bytes."
        ),
        wrong={
            (784, 1): "That counts entries. Each entry of float32 takes 4 bytes.",
            (6272, 8): "That is for float64, of 8 bytes. float32 takes 4.",
            (4, 3136): "Those are the strides of `x.T`. The first belongs to the "
            "rows: how far is it from one row to the next?",
            (240000, 4): "To get to the next row one steps over a row, and a row has "
            "784 entries, not 60,000.",
            (4, 240000): "That is column-major order, in which a column of 60,000 "
            "lies in one piece.",
        },
        otherwise=(
            "How many bytes is it from an entry to the one below it, and how many to "
            "the one on its right?"
        ),
        computed=lambda: np.empty((60_000, 784), np.float32).strides,
    ),
    Question(
        id="matrices/what-t-does",
        text="`x` is an array of shape (60000, 784). What does `x.T` do?",
        choices=[_COPIES, _VIEWS, _MOVES],
        answer=_VIEWS,
        why=(
            "No number moves, so it takes as long for 47 million numbers as for six. "
            "Whoever writes into the view writes into `x`."
        ),
        wrong={
            _COPIES: "The function `transpose` for `Matrix` does that. An array has "
            "strides, and to exchange them is enough.",
            _MOVES: "`x` stays as it is: `x.T` is another array, and both look at "
            "the same bytes.",
        },
        computed=_what_transposing_does,
    ),
    Question(
        id="matrices/product-shape",
        text=(
            "`x` has shape (64, 128) and `g` has shape (64, 10). What is the shape of "
            "`x.T @ g`?"
        ),
        answer=(128, 10),
        why=(
            "(128, 64) times (64, 10): the 64 in the middle is summed over, and the "
            "outer two remain. Chapter 3 makes the gradient of weights this way."
        ),
        wrong={
            (64, 10): "Where is the 64 of `x.T`? In the middle, and there it is "
            "summed over. The outer two sizes remain.",
            (10, 128): "That is `g.T @ x`, the transpose of it.",
            (128, 64): "That is the shape of `x.T` alone.",
            (64, 64): "A size that stands in the middle is summed over, and does not "
            "appear in the product.",
        },
        otherwise="What is the shape of `x.T`? Then: the inner sizes must agree.",
        computed=_shape_of_transposed_product,
    ),
    Question(
        id="matrices/multiplications",
        text=(
            "How many multiplications of two numbers does the product of shapes "
            "(64, 784) and (784, 128) take? Give it in millions, with one decimal."
        ),
        answer=6.4,
        within=0.05,
        why=(
            "64 · 128 entries, and 784 multiplications for each: 6,422,528. That is "
            "one batch in the first layer of the digit reader."
        ),
        wrong={
            12.8: "That counts the additions too: about one for each multiplication.",
            0.1: "That is the number of weights, 784 · 128. Each of the 64 rows meets "
            "all of them.",
            0.2: "That is how many numbers the two matrices hold together. Each of "
            "them is used many times.",
            5035.3: "784 stands in both shapes, and counts once: it is the length of "
            "the sum behind each entry.",
            6422528: "The number is right. In millions it is 6.4.",
        },
        otherwise=(
            "How many entries has the product, and how many multiplications go into "
            "each?"
        ),
        computed=lambda: round(_millions_of_multiplications(), 1),
    ),
    Question(
        id="matrices/silent-broadcast",
        text=(
            "`prediction` has shape (64, 1) and `target` has shape (64,). What is the "
            "shape of `prediction - target`?"
        ),
        answer=(64, 64),
        why=(
            "(64,) is taken as (1, 64), and both are stretched: every prediction "
            "minus every target. No error is raised, and the mean of the squares is a "
            "number, of something else."
        ),
        wrong={
            (64, 1): "Shapes are lined up from the right. (64,) becomes (1, 64): its "
            "64 stands over the 1.",
            (64,): "The missing size is put in front, and is 1: (64,) becomes "
            "(1, 64), a row. It does not fit over a column without stretching it.",
            (1, 64): "Only the target is that row. The column has 64 rows, and they "
            "remain.",
            (128, 1): "Broadcasting does not put one below the other. It stretches "
            "sizes of 1.",
        },
        otherwise="Line the two shapes up from the right; what is missing is 1.",
        computed=lambda: (np.zeros((64, 1)) - np.zeros(64)).shape,
    ),
]
