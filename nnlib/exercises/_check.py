"""The way from an answer to a verdict."""

from nnlib.exercises import _progress, _verdict
from nnlib.exercises._attempt import is_untouched
from nnlib.exercises._find import find_exercise
from nnlib.exercises._judge import faults_of, known_outcomes, recognise, size_of
from nnlib.exercises._run import run
from nnlib.exercises._verdict import Verdict

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
    if any(type(one.error) is NotImplementedError for one in given.outcomes):
        return _verdict.not_attempted(exercise)
    if not given.ended:
        cases = exercise.cases()
        case = cases[min(len(given.outcomes), len(cases) - 1)]
        return _verdict.out_of_time(exercise, case)

    expected = known_outcomes(exercise)
    faults = faults_of(exercise, given.outcomes, expected)
    if not faults:
        note = _progress.remember(exercise.id)
        return _verdict.correct(exercise, given.outcomes, note)
    smallest = min(faults, key=lambda i: size_of(given.outcomes[i].case))
    shown, fault = given.outcomes[smallest], faults[smallest]
    mistake = recognise(exercise, given.outcomes, expected, faults)
    if fault.kind == "raised":
        return _verdict.raised(exercise, shown, len(expected), mistake)
    return _verdict.not_yet(
        exercise, shown, expected[smallest], fault, len(expected), mistake
    )
