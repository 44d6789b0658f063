"""Judges an answer: runs it, compares it, and looks for a mistake that it knows."""

import functools
from typing import Any

import numpy as np

from nnlib.exercises import _progress, _verdict
from nnlib.exercises._attempt import is_untouched
from nnlib.exercises._bank import Exercise, Mistake
from nnlib.exercises._compare import Fault, difference, is_changed
from nnlib.exercises._find import find_exercise
from nnlib.exercises._run import Outcome, run
from nnlib.exercises._verdict import Verdict, argument_names

__all__ = ["check"]


def check(id: str, answer: object) -> Verdict:
    """Judge an answer to an exercise.

    Parameters
    ----------
    id : str
        The exercise, ``"chapter/name"``.
    answer : object
        The function, class or value that the exercise asks for.

    Returns
    -------
    Verdict
        Prints as what there is to say, and is true where the answer is correct: then
        it is remembered for `progress`. Whatever the answer does, the notebook goes on.

    Raises
    ------
    ValueError
        If there is no such exercise; the message names those that are near.
    """
    exercise = find_exercise(id)
    if is_untouched(exercise, answer):
        return _verdict.not_attempted(exercise)
    if callable(answer) != callable(exercise.reference):
        return _verdict.wrong_kind(exercise, answer)

    given = run(exercise, answer)
    if any(isinstance(one.error, NotImplementedError) for one in given.outcomes):
        return _verdict.not_attempted(exercise)
    if not given.ended:
        cases = exercise.cases()
        case = cases[min(len(given.outcomes), len(cases) - 1)]
        return _verdict.out_of_time(exercise, case)

    expected = _known(exercise, None)
    faults = _faults(exercise, given.outcomes, expected)
    if not faults:
        return _verdict.correct(exercise, _progress.remember(exercise.id))
    smallest = min(faults, key=lambda i: _size(given.outcomes[i].case))
    shown, fault = given.outcomes[smallest], faults[smallest]
    mistake = _recognise(exercise, given.outcomes, expected, faults)
    if fault.kind == "raised":
        return _verdict.raised(exercise, shown, len(expected), mistake)
    return _verdict.not_yet(
        exercise, shown, expected[smallest], fault, len(expected), mistake
    )


@functools.cache
def _known(exercise: Exercise, mistake: int | None) -> list[Outcome]:
    """Run the reference, or the mistake of this number: once, as they do not change."""
    known = exercise.reference if mistake is None else exercise.mistakes[mistake].answer
    ran = run(exercise, known)
    if not ran.ended:
        raise RuntimeError(
            f"this computer needs more than {exercise.seconds:g} seconds for the "
            f"exercise {exercise.id}; run the cell again when it has less to do"
        )
    return ran.outcomes


def _faults(
    exercise: Exercise, given: list[Outcome], expected: list[Outcome]
) -> dict[int, Fault]:
    """Return what is wrong, by the number of the case."""
    pairs = enumerate(zip(given, expected, strict=True))
    found = {i: _fault(exercise, *pair) for i, pair in pairs}
    return {i: fault for i, fault in found.items() if fault is not None}


def _fault(exercise: Exercise, given: Outcome, expected: Outcome) -> Fault | None:
    """Return what is wrong with one outcome: first its result, then how it came."""
    if expected.error is not None:
        wanted = type(expected.error)
        if isinstance(given.error, wanted):
            return None
        if given.error is None:
            return Fault("values", f"Expected was that it raises {wanted.__name__}.")
    if given.error is not None:
        return Fault("raised", "")
    if exercise.judge is not None:
        fault = Fault("values", given.complaint) if given.complaint else None
    else:
        what = "the result" if callable(exercise.reference) else f"`{exercise.name}`"
        fault = difference(given.result, expected.result, exercise.tolerance, what)
    if fault is not None:
        return fault
    for i, name in enumerate(argument_names(exercise, len(given.case))):
        after = given.arguments[i]
        if is_changed(expected.arguments[i], expected.case[i]):
            wanted_after, what = (
                expected.arguments[i],
                f"the argument `{name}` afterwards",
            )
            fault = difference(after, wanted_after, exercise.tolerance, what)
        elif is_changed(after, given.case[i]):
            text = (
                f"The result is right, but the argument `{name}` was written into, "
                f"and whoever passed it may still need it. Work on a copy."
            )
            fault = Fault("changed", text)
        if fault is not None:
            return fault
    if given.warned and not expected.warned:
        text = "The result is right, but there was a warning on the way"
        return Fault("warned", f"{text}: {given.warned}.")
    return None


def _size(case: Any) -> int:
    """Return how many numbers the arrays of a case hold."""
    if isinstance(case, tuple | list):
        return sum(map(_size, case))
    return case.size if isinstance(case, np.ndarray) else 0


def _recognise(
    exercise: Exercise,
    given: list[Outcome],
    expected: list[Outcome],
    faults: dict[int, Fault],
) -> Mistake | None:
    """Return the known mistake that does the same wherever the answer is wrong.

    Two mistakes may agree on those cases. Then it is the one that is right where the
    answer is right.
    """
    found = None
    for number, mistake in enumerate(exercise.mistakes):
        known = _known(exercise, number)
        its_faults = _faults(exercise, known, expected)
        if all(
            i in its_faults
            and fault.kind == its_faults[i].kind
            and _agree(exercise, given[i], known[i])
            for i, fault in faults.items()
        ):
            if its_faults.keys() == faults.keys():
                return mistake
            found = found or mistake
    return found


def _agree(exercise: Exercise, given: Outcome, known: Outcome) -> bool:
    """Whether two outcomes are the same error, or the same result."""
    if given.error is not None or known.error is not None:
        return type(given.error) is type(known.error)
    return difference(given.result, known.result, exercise.tolerance) is None
