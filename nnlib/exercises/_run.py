"""Runs an answer on every case, and notes all that each call does."""

import contextlib
import functools
import sys
import threading
import warnings
from dataclasses import dataclass
from typing import Any, TextIO, cast

from nnlib.exercises._bank import Case, Exercise
from nnlib.exercises._limit import OutOfTime, ends_within

__all__ = ["Outcome", "Run", "run"]

#: Of what is printed in one call, no more characters than these are kept.
KEPT = 2000
#: Warnings that speak of versions and of files, and not of the answer.
UNHEARD = (
    DeprecationWarning,
    PendingDeprecationWarning,
    ImportWarning,
    ResourceWarning,
)


@dataclass
class Outcome:
    """What one call did: its result or its error, and what it left behind."""

    case: Case  # the arguments as they were before
    arguments: Case  # and after
    result: Any = None
    error: BaseException | None = None
    complaint: str | None = None  # of the exercise's own judge
    printed: str = ""
    warned: str = ""


@dataclass
class Run:
    """The outcomes of the calls that ended, and whether all of them did."""

    outcomes: list[Outcome]
    ended: bool


class _Listener:
    """Hears what one thread prints and warns of, and passes on what others do."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self.begin()

    def begin(self) -> None:
        """Forget the last run, and hear nobody until a thread is named."""
        self.thread: int | None = None
        self.printed, self.warned = "", ""
        self._showwarning = warnings.showwarning

    def write(self, text: str) -> int:
        """Take the place of the standard output's `write`."""
        if threading.get_ident() != self.thread:
            return self._output.write(text)
        if len(self.printed) < KEPT:
            self.printed = (self.printed + text)[:KEPT]
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._output, name)

    def warn(self, message: Warning | str, *others: Any, **more: Any) -> None:
        """Take the place of `warnings.showwarning`; the first warning is enough."""
        if threading.get_ident() != self.thread:
            self._showwarning(message, *others, **more)
        else:
            self.warned = self.warned or str(message)


@functools.cache
def _listener_on(output: TextIO) -> _Listener:
    """Return the one listener in front of an output, which is kept for good.

    An answer that was left behind may be printing while a later run ends, and `print`
    of CPython up to 3.13 holds no reference to the output that it writes to (issue
    130163): were the listener freed at that moment, the whole process could crash.
    """
    return _Listener(output)


def run(exercise: Exercise, answer: Any) -> Run:
    """Put an answer to work on every case of an exercise, within its time limit."""
    cases = zip(exercise.cases(), exercise.cases(), strict=True)
    outcomes: list[Outcome] = []
    listener = _listener_on(sys.stdout)
    listener.begin()

    def work() -> None:
        listener.thread = threading.get_ident()
        for arguments, case in cases:
            listener.printed, listener.warned = "", ""
            outcome = Outcome(case, arguments)
            _call(exercise, answer, outcome)
            outcome.printed, outcome.warned = listener.printed, listener.warned
            outcomes.append(outcome)

    # Both change the whole process. They are undone here, and not in the thread, which
    # may be left behind.
    with (
        contextlib.redirect_stdout(cast(TextIO, listener)),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("always")
        for category in UNHEARD:
            warnings.simplefilter("ignore", category)
        warnings.showwarning = listener.warn
        ended = ends_within(exercise.seconds, work)
    return Run(outcomes.copy(), ended)


def _call(exercise: Exercise, answer: Any, outcome: Outcome) -> None:
    """Call the answer on one case, whatever it does."""
    try:
        if exercise.call is not None:
            outcome.result = exercise.call(answer, *outcome.arguments)
        elif callable(exercise.reference):
            outcome.result = answer(*outcome.arguments)
        else:
            outcome.result = answer
    except OutOfTime:
        raise
    except BaseException as error:  # sys.exit() too must not end the notebook
        outcome.error = error
        return
    if exercise.judge is not None:
        try:
            outcome.complaint = exercise.judge(outcome.result, *outcome.case)
        except Exception as error:
            outcome.complaint = (
                f"The check could make nothing of what it returned: "
                f"{type(error).__name__}: {error}"
            )
