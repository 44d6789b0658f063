"""A quick question: answered in the page, and judged there without a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnlib.explorers.base import Explorer

if TYPE_CHECKING:  # at run time it is the exercises that know of explorers
    from nnlib.exercises._bank import Question

__all__ = ["QuestionCard"]


class QuestionCard(Explorer):
    """A question with its controls, and a word to every answer.

    Parameters
    ----------
    question : nnlib.exercises.Question
        What is asked, and what is said to each answer.
    """

    def __init__(self, question: Question) -> None:
        answer: Any = question.answer
        kinds: dict[type, str] = {str: "choice", tuple: "shape"}
        super().__init__(
            title="Quick question",
            alt=question.text,
            data={
                "kind": kinds.get(type(answer), "number"),
                "answer": answer,
                "within": question.within,
                "choices": list(question.choices),
                "why": question.why,
                "wrong": [[given, word] for given, word in question.wrong.items()],
                "otherwise": question.otherwise,
            },
        )

    def __repr__(self) -> str:
        """Return the question as text, for notebooks that are read and not run."""
        choices = "".join(f"\n  - {choice}" for choice in self.data["choices"])
        return f"{self.title}: {self.alt}{choices}"
