"""A bank of small exercises, on which the tests try the machine itself."""

import numpy as np

from nnlib.exercises._bank import Exercise, Mistake, Question


def exercise(name, reference, stub, **others):
    """Return an exercise, with all that a test does not speak of filled in."""
    texts = {key: f"The {key}." for key in ("statement", "comment", "remark")}
    settings = {"hints": ["Think.", "Write `x`."], "mistakes": [], "seconds": 5.0}
    title = name.capitalize()
    return Exercise(
        id=f"practice/{name}",
        title=title,
        stub=stub,
        reference=reference,
        **texts | settings | others,
    )


def halve(x):
    return x / 2


def halve_in_place(x):
    x /= 2


def overwrite(x):
    x /= 2
    return x


def double_in_place(x):
    x *= 2


def statistics(x):
    return {"mean": x.mean(), "ends": (x[0], x[-1]), "count": len(x)}


def middle(x):
    return x.mean(), x[x.size // 2]


def draw(x, rng):
    return x + rng.normal(size=x.shape)


def refuse(x):
    if x.ndim != 2:
        raise ValueError("two dimensions")
    return x


class Doubler:
    def __init__(self, factor=2):
        self.factor = factor

    def forward(self, x):
        return self.factor * x


def cases():
    large = np.linspace(-5, 5, 300).reshape(2, 3, 50)
    return [(large,), (np.array([1.0, 2.0, 4.0]),), (np.array([8.0]),)]


def rows():
    return [(np.arange(3.0),)]


EXERCISES = [
    exercise(
        "halve",
        halve,
        "def halve(x):\n    # x: any shape\n    ...",
        cases=cases,
        mistakes=[
            Mistake("divides whole numbers", lambda x: x // 2, "`//` rounds down."),
            Mistake("doubles", lambda x: x * 2, "Twice is not half."),
            Mistake("doubles all but 8", lambda x: np.where(x == 8, 4, x * 2), "Odd."),
            Mistake("writes into x", overwrite, "Its caller needs it."),
            Mistake("asks for an item", lambda x: x.item() / 2, "Arrays have many."),
        ],
    ),
    exercise(
        "in-place",
        halve_in_place,
        "def in_place(x): ...",
        cases=cases,
        mistakes=[
            Mistake("leaves it", lambda x: None, "The caller keeps `x`."),
            Mistake("doubles it", double_in_place, "Twice is not half."),
        ],
    ),
    exercise("mean", np.mean, "def mean(x): ...", cases=cases),
    exercise("single", np.float32, "def single(x): ...", cases=lambda: [(0.1,)]),
    exercise(
        "largest", np.argmax, "def largest(x): ...", call=lambda f, x: f(x), cases=rows
    ),
    exercise("any", lambda x: bool(x.any()), "def some(x): ...", cases=rows),
    exercise(
        "statistics",
        statistics,
        "def statistics(x):\n    ends = (x[0], x[-1])\n    ...",
        cases=rows,
    ),
    exercise(
        "middle",
        middle,
        "def middle(x): ...",
        cases=rows,
        parts=["the mean", "the median"],
    ),
    exercise(
        "draw",
        draw,
        "def draw(x, rng): ...",
        cases=lambda: [(np.zeros(2), np.random.default_rng(0))],
    ),
    exercise(
        "refuse",
        refuse,
        "def refuse(x): ...",
        cases=lambda: [(np.ones((1, 1)),), (np.ones(2),)],
    ),
    exercise(
        "doubler",
        Doubler,
        "class Doubler:\n    def forward(self, x):\n        ...",
        call=lambda answer, x: answer().forward(x),
        cases=cases,
    ),
    exercise(
        "even",
        lambda x: 4,
        "def even(x): ...",
        cases=lambda: [(3,)],
        judge=lambda got, x: None if got % 2 == 0 else f"{got} is odd.",
    ),
    exercise(
        "shape", (3, 2), "shape = ...", mistakes=[Mistake("turns it", (2, 3), "Turn.")]
    ),
]

QUESTIONS = [
    Question("practice/sum", "2 + 2?", 4.0, "Count.", {5.0: "Once less."}, lambda: 4)
]
