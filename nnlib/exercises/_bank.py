"""What an exercise and a quick question are: data and functions, no machinery.

Each chapter's file lists its own in `EXERCISES` and `QUESTIONS`; the other modules of
this folder check answers against them, and the book sets their hints and solutions
into its pages.
"""

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Exercise", "Mistake", "Question"]

Case = tuple[Any, ...]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that students really give.

    Parameters
    ----------
    name : str
        What was done, in a few words: "divides by the batch size twice".
    answer : object
        The wrong answer, of the same kind as the exercise's reference.
    diagnosis : str
        Markdown. Why it is wrong, and the idea to hold on to instead.
    """

    name: str
    answer: Any
    diagnosis: str


@dataclass(frozen=True, eq=False)
class Exercise:
    """A task with all that is needed to judge an answer and to help towards one.

    Parameters
    ----------
    id : str
        ``"chapter/name"``, where the chapter is the name of its notebook.
    title : str
        A few words.
    statement : str
        Markdown, as it stands in the chapter.
    stub : str
        The code that the student completes. It defines one name (with ``def``,
        ``class`` or ``=``) and stands for "not attempted".
    reference : object
        The right answer: a function, a class, or a value. Its source is the solution.
    cases : callable
        Makes the arguments of every call anew, as a sequence of tuples, so that no
        answer can damage the data of the next. The smallest should come first.
    hints : sequence of str
        Markdown, from a nudge to nearly the answer.
    comment : str
        Markdown. What the solution's code does not say by itself.
    remark : str
        What is worth knowing once the answer is right.
    mistakes : sequence of Mistake
        At least three.
    call : callable, optional
        ``call(answer, *case)`` puts an answer to work on a case; by default
        ``answer(*case)``, or the answer itself where it is a value.
    judge : callable, optional
        ``judge(result, *case)`` returns what is wrong with a result, or ``None``, for
        exercises with many right answers. By default a result must equal that of the
        reference.
    parts : sequence of str
        What a verdict calls the elements of a result that is a tuple: "the gap". By
        default "element [0] of the result".
    tolerance : float
        The relative and absolute difference from the reference that is still right.
    absolute : float, optional
        The absolute difference alone, where it is another: 0 for results whose small
        values count by their digits.
    seconds : float
        The time limit for all cases together.
    """

    id: str
    title: str
    statement: str
    stub: str
    reference: Any
    hints: Sequence[str]
    comment: str
    remark: str
    mistakes: Sequence[Mistake]
    cases: Callable[[], Sequence[Case]] = lambda: [()]
    call: Callable[..., Any] | None = None
    judge: Callable[..., str | None] | None = None
    parts: Sequence[str] = ()
    tolerance: float = 1e-9
    absolute: float | None = None
    seconds: float = 10.0

    @property
    def chapter(self) -> str:
        """The name of the notebook that the exercise stands in."""
        return self.id.partition("/")[0]

    @property
    def name(self) -> str:
        """The name that the stub defines."""
        found = re.search(r"^(?:def|class)\s+(\w+)|^(\w+)\s*=", self.stub, re.MULTILINE)
        assert found is not None, f"the stub of {self.id} defines nothing"
        return found[1] or found[2]

    def text(self, number: int) -> str:
        """Return the Markdown cell that poses it, under its number in the chapter."""
        return f"### Exercise {number}: {self.title}\n\n{self.statement.strip()}"

    @property
    def code(self) -> str:
        """The source of the cell in the notebook: the stub, and the call of `check`."""
        gap = "\n\n\n" if re.search(r"^(def|class) ", self.stub, re.MULTILINE) else "\n"
        return f'{self.stub.strip()}{gap}check("{self.id}", {self.name})'

    def argument_names(self, count: int) -> list[str]:
        """Return what it calls the `count` arguments of a case."""
        function = self.call or self.reference
        if not callable(function):
            return []
        parameters = list(inspect.signature(function).parameters.values())
        if self.call is not None:
            del parameters[0]  # the answer
        names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        numbered = [f"argument {i + 1}" for i in range(count)]
        return names[:count] + numbered[len(names) :]

    @property
    def solution(self) -> str:
        """The solution as Markdown: its code, and its comment."""
        if callable(self.reference):
            code = textwrap.dedent(inspect.getsource(self.reference)).strip()
        else:
            code = f"{self.name} = {self.reference!r}"
        return f"```python\n{code}\n```\n\n{self.comment}"


@dataclass(frozen=True)
class Question:
    """A quick question, which the page itself judges, without a kernel.

    Parameters
    ----------
    id : str
        ``"chapter/name"``.
    text : str
        The question. Words between backticks are code.
    answer : float, tuple of int or str
        The right answer, whose type is the kind of question: a number, a shape, or one
        of `choices`.
    why : str
        Said to a right answer: why it is right.
    wrong : mapping
        Foreseen wrong answer -> what is behind it. Of a choice, all that are wrong.
    computed : callable
        Computes `answer` with nnlib. A test holds the one against the other.
    otherwise : str
        Said to a wrong number or shape that was not foreseen.
    choices : sequence of str
        In the order of the page; only where the answer is one of them.
    within : float
        How far from `answer` a number may be.
    """

    id: str
    text: str
    answer: float | tuple[int, ...] | str
    why: str
    wrong: Mapping[Any, str]
    computed: Callable[[], object]
    otherwise: str = ""
    choices: Sequence[str] = ()
    within: float = field(default=0.0)
