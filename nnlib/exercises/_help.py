"""Hints, from a nudge to nearly the answer, then the solution; and quick questions."""

from collections import Counter
from typing import Any

from nnlib.exercises._bank import Exercise
from nnlib.exercises._find import find_exercise, find_question
from nnlib.exercises._show import wrap

__all__ = ["Help", "help_for", "hint", "question", "solution"]

#: How many hints of an exercise this notebook has shown.
_shown: Counter[str] = Counter()


class Help:
    """A piece of Markdown with a label, which a notebook renders."""

    def __init__(self, label: str, markdown: str, after: str = "") -> None:
        self.label = label
        self.markdown = markdown
        self.after = after

    def _repr_markdown_(self) -> str:
        return f"**{self.label}**\n\n{self.markdown}\n\n{self.after}".strip()

    def __repr__(self) -> str:
        return wrap(f"{self.label}: {self.markdown}\n\n{self.after}")


def help_for(exercise: Exercise) -> list[Help]:
    """Return all the help there is: every hint in order, and the solution.

    The book sets the same into its pages, folded.
    """
    count = len(exercise.hints)
    hints = [
        Help(f"Hint {i} of {count}", text.strip())
        for i, text in enumerate(exercise.hints, start=1)
    ]
    return [*hints, Help("Solution", exercise.solution)]


def hint(id: str) -> Help:
    """Return the next hint for an exercise: another one at each call.

    After the last one they start over.
    """
    *hints, _ = help_for(find_exercise(id))
    given = hints[_shown[id] % len(hints)]
    _shown[id] += 1
    if given is hints[-1]:
        given.after = f'This was the last hint; solution("{id}") shows a solution.'
    return given


def solution(id: str) -> Help:
    """Return a solution of an exercise, and what its code does not say by itself."""
    return help_for(find_exercise(id))[-1]


def question(id: str) -> Any:
    """Return a quick question as a card, which the page itself judges."""
    from nnlib.explorers.question import QuestionCard

    return QuestionCard(find_question(id))
