"""What is said of an answer: four kinds of verdict, each as a text to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nnlib.exercises._bank import Case, Exercise, Mistake
from nnlib.exercises._compare import Fault
from nnlib.exercises._run import Outcome
from nnlib.exercises._show import MARGIN, indent, labelled, shorten, wrap
from nnlib.exercises._trace import trace

__all__ = [
    "Verdict",
    "correct",
    "not_attempted",
    "not_yet",
    "out_of_time",
    "raised",
    "wrong_kind",
]


ABOUT_0 = "0, up to rounding"


@dataclass(frozen=True, repr=False)
class Verdict:
    """What `check` says; true where the answer is correct.

    Parameters
    ----------
    kind : str
        ``"not attempted"``, ``"raised"``, ``"not yet"`` or ``"correct"``.
    text : str
        What a notebook shows.
    mistake : str, optional
        The name of the known mistake that the answer makes.
    """

    kind: str
    text: str
    mistake: str | None = None

    def __bool__(self) -> bool:
        return self.kind == "correct"

    def __repr__(self) -> str:
        return self.text


def not_attempted(exercise: Exercise) -> Verdict:
    """Say what to do first."""
    text = (
        f"Not attempted yet. Complete `{exercise.name}` and run the cell again; "
        f'hint("{exercise.id}") helps to begin.'
    )
    return Verdict("not attempted", wrap(text))


def wrong_kind(exercise: Exercise, answer: Any) -> Verdict:
    """Say that a function came where a value belongs, or the other way round."""
    came = "a function" if callable(answer) else f"a value of type {_type(answer)}"
    wanted = (
        "itself, without parentheses after its name"
        if callable(exercise.reference)
        else "as a value, and not as a function that computes it"
    )
    text = f"Not yet. `check` was given {came}. Give it `{exercise.name}` {wanted}."
    return Verdict("not yet", wrap(text))


def raised(
    exercise: Exercise, outcome: Outcome, cases: int, mistake: Mistake | None
) -> Verdict:
    """Show where in the answer an error was raised, and by which case."""
    assert outcome.error is not None
    return _verdict(
        "raised",
        _opening("An error was raised.", "that raises one", outcome.case, cases),
        _arguments(exercise, outcome.case),
        "The lines of your code that led to it, and the error:",
        indent(shorten(trace(outcome.error), lines=20, turns=3)),
        _printed(outcome),
        *_recognised(exercise, mistake),
        mistake=mistake,
    )


def not_yet(
    exercise: Exercise,
    outcome: Outcome,
    expected: Outcome,
    fault: Fault,
    cases: int,
    mistake: Mistake | None,
) -> Verdict:
    """Show the case, what was expected, what came, and how they differ."""
    if fault.kind == "word":  # the numbers are right, and need not be read
        return _verdict(
            "not yet",
            wrap(f"Not yet. {fault.text}"),
            _printed(outcome),
            *_recognised(exercise, mistake),
            mistake=mistake,
        )
    lines = []
    if fault.kind not in ("changed", "warned"):  # else the result is as expected
        lines = [labelled("got:      ", outcome.result, MARGIN)]
        # Of a value, the expected one is the solution; a judge expects none alone.
        if callable(exercise.reference) and not exercise.judge and not expected.error:
            wanted = (
                f"expected: {ABOUT_0}"
                if _is_rounding(exercise, expected.result)
                else labelled("expected: ", expected.result, MARGIN)
            )
            lines.insert(0, wanted)
    also = (
        f"There was also a warning: {outcome.warned}."
        if outcome.warned and not expected.warned and fault.kind != "warned"
        else ""
    )
    return _verdict(
        "not yet",
        _opening("Not yet.", "that shows it", outcome.case, cases),
        _arguments(exercise, outcome.case),
        indent("\n".join(lines)),
        wrap(f"{fault.text} {also}"),
        _printed(outcome),
        *_recognised(exercise, mistake),
        mistake=mistake,
    )


def out_of_time(exercise: Exercise, case: Case) -> Verdict:
    """Say on which case the answer did not end."""
    seconds = f"{exercise.seconds:g} second{'s' * (exercise.seconds != 1)}"
    begin = f"Not yet. It did not end within {seconds}."
    return _verdict(
        "not yet",
        wrap(f"{begin} It was at work on:") if case else begin,
        _arguments(exercise, case),
        wrap(
            "A loop may never end: what has to become true for it to end, and does "
            "each turn bring that nearer?"
        ),
        *_recognised(exercise, None),
    )


def correct(
    exercise: Exercise, outcomes: Sequence[Outcome], note: str | None
) -> Verdict:
    """Say what is worth knowing now, and what kept the progress from being saved."""
    printed = next(filter(None, map(_printed, reversed(outcomes))), "")
    text = wrap(f"Correct. {exercise.remark}")
    return _verdict("correct", text, printed, wrap(note or ""))


def _verdict(kind: str, *parts: str, mistake: Mistake | None = None) -> Verdict:
    text = "\n\n".join(part for part in parts if part.strip())
    return Verdict(kind, text, mistake.name if mistake else None)


def _opening(begin: str, that: str, case: Case, cases: int) -> str:
    if not case:
        return begin
    return f"{begin} {'The input' if cases == 1 else f'The smallest input {that}'}:"


def _arguments(exercise: Exercise, case: Case) -> str:
    names = exercise.argument_names(len(case))
    return indent(
        "\n".join(
            labelled(f"{name} = ", value, MARGIN)
            for name, value in zip(names, case, strict=True)
        )
    )


def _printed(outcome: Outcome) -> str:
    if not outcome.printed.strip():
        return ""
    return "It printed:\n\n" + indent(shorten(outcome.printed.strip("\n"), lines=6))


def _recognised(exercise: Exercise, mistake: Mistake | None) -> list[str]:
    if mistake is None:
        return [f'hint("{exercise.id}") gives a hint.']
    return [
        wrap(f"This looks like a known mistake: {mistake.name}."),
        wrap(mistake.diagnosis),
    ]


def _is_rounding(exercise: Exercise, value: Any) -> bool:
    """Whether a number is so far below the tolerance that its digits say nothing."""
    tolerance = exercise.tolerance if exercise.absolute is None else exercise.absolute
    return isinstance(value, float) and 0 < abs(value) < tolerance / 100


def _type(value: Any) -> str:
    return type(value).__name__
