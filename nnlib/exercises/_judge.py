"""Finds what is wrong with an answer's outcomes, and which mistake does the same."""

import functools
from typing import Any

import numpy as np

from nnlib.exercises._bank import Exercise, Mistake
from nnlib.exercises._compare import Fault, difference, is_changed
from nnlib.exercises._run import Outcome, run

__all__ = ["faults_of", "known_outcomes", "recognise", "size_of"]


@functools.cache
def known_outcomes(exercise: Exercise, mistake: int | None = None) -> list[Outcome]:
    """Run the reference, or the mistake of this number: once, as they do not change."""
    known = exercise.reference if mistake is None else exercise.mistakes[mistake].answer
    ran = run(exercise, known)
    if not ran.ended:
        raise RuntimeError(
            f"this computer needs more than {exercise.seconds:g} seconds for the "
            f"exercise {exercise.id}; run the cell again when it has less to do"
        )
    return ran.outcomes


def faults_of(
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
        fault = difference(
            given.result,
            expected.result,
            exercise.tolerance,
            what,
            exercise.parts,
            exercise.absolute,
        )
    if fault is not None:
        return fault
    for i, name in enumerate(exercise.argument_names(len(given.case))):
        after = given.arguments[i]
        if is_changed(expected.arguments[i], expected.case[i]):
            right, what = expected.arguments[i], f"the argument `{name}` afterwards"
            differs = difference(after, right, exercise.tolerance, what)
            fault = Fault("changed", differs.text) if differs else None
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


def size_of(case: Any) -> int:
    """Return how many numbers the arrays of a case hold."""
    if isinstance(case, tuple | list):
        return sum(map(size_of, case))
    return case.size if isinstance(case, np.ndarray) else 0


def recognise(
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
        known = known_outcomes(exercise, number)
        its_faults = faults_of(exercise, known, expected)
        if all(
            i in its_faults
            and fault.kind == its_faults[i].kind
            and _agree(exercise, given[i], known[i], fault.kind)
            for i, fault in faults.items()
        ):
            if its_faults.keys() == faults.keys():
                return mistake
            found = found or mistake
    return found


def _agree(exercise: Exercise, given: Outcome, known: Outcome, kind: str) -> bool:
    """Whether two outcomes are the same error, the same result or the same change."""
    if given.error is not None or known.error is not None:
        return type(given.error) is type(known.error)
    pairs = [(given.result, known.result)]
    if kind == "changed":
        trios = zip(given.arguments, known.arguments, given.case, strict=True)
        pairs += [
            (one, other)
            for one, other, case in trios
            if is_changed(one, case) or is_changed(other, case)
        ]
    return all(difference(*pair, exercise.tolerance) is None for pair in pairs)
