"""An answer that does not end is stopped, or left behind; the notebook goes on."""

import gc
import signal
import sys
import threading
import time
import warnings
import weakref
from dataclasses import replace

import pytest

# A fixture that every test here uses, by being imported.
from practice import practice_chapter  # noqa: F401
from practice.practice import EXERCISES

from nnlib.exercises import _check, check
from nnlib.exercises._limit import OutOfTime

LIMIT = 0.2


released = threading.Event()


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Give every exercise a short time; in the end nothing is left running."""
    entry = replace(EXERCISES[0], seconds=LIMIT)
    monkeypatch.setattr(_check, "find_exercise", lambda id: entry)
    before = threading.enumerate()
    released.clear()
    yield
    released.set()
    for thread in set(threading.enumerate()) - set(before):
        thread.join(10)
        assert not thread.is_alive()


def forever(x):
    while True:
        pass


def long_whatever_happens(x):
    while not released.is_set():
        # As a student may write it, who catches even what shall stop the loop.
        try:  # noqa: SIM105
            print("still here")
        except:  # noqa: E722
            pass


def asleep(x):
    released.wait()


def forever_in_the_smallest(x):
    while x.size == 1:
        warnings.warn("again", UserWarning, stacklevel=1)
    return x / 2


@pytest.mark.parametrize(
    "answer", [forever, long_whatever_happens, asleep, forever_in_the_smallest]
)
def test_what_does_not_end_gets_its_verdict_at_once(answer):
    before = sys.stdout, warnings.filters.copy(), warnings.showwarning
    begin = time.monotonic()
    verdict = check("practice/halve", answer)
    assert time.monotonic() - begin < LIMIT + 2
    assert (sys.stdout, warnings.filters, warnings.showwarning) == before
    assert verdict.kind == "not yet"
    assert "It did not end within 0.2 seconds" in repr(verdict)
    assert "A loop may never end" in repr(verdict)
    case = "array([8.])" if answer is forever_in_the_smallest else "shape (2, 3, 50)"
    assert case in repr(verdict)


def test_what_stands_in_for_the_output_outlives_an_answer_that_still_prints():
    seen = []

    def answer(x):
        seen.append(weakref.ref(sys.stdout))
        return x / 2

    for _ in range(2):
        assert check("practice/halve", answer)
    gc.collect()
    assert len({ref() for ref in seen}) == 1
    assert None not in {ref() for ref in seen}


def test_a_loop_leaves_no_thread_behind():
    before = threading.active_count()
    check("practice/halve", forever)
    assert threading.active_count() == before


def test_a_loop_that_ignores_errors_is_stopped_too():
    def answer(x):
        while True:
            # As a student may write it.
            try:  # noqa: SIM105
                x.size / 0
            except Exception:
                pass

    before = threading.active_count()
    check("practice/halve", answer)
    assert threading.active_count() == before


def test_the_exception_that_stops_an_answer_is_seen_by_the_answer_alone():
    seen = []

    def answer(x):
        try:
            forever(x)
        except BaseException as error:
            seen.append(type(error))
            raise

    check("practice/halve", answer)
    assert seen == [OutOfTime]


def test_an_interrupt_as_the_thread_starts_leaves_no_thread_behind(monkeypatch):
    start = threading.Thread.start

    def interrupted(thread):
        start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        check("practice/halve", forever)
    assert threading.active_count() == before


def test_an_interrupt_before_the_thread_has_begun_keeps_it_from_working(monkeypatch):
    start, late = threading.Thread.start, []

    def interrupted(thread):
        late.append(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        check("practice/halve", forever)
    start(*late)
    late[0].join(10)
    assert not late[0].is_alive()


def test_an_interrupt_by_the_user_goes_through():
    before = sys.stdout
    alarm = threading.Timer(0.05, signal.raise_signal, [signal.SIGINT])
    alarm.start()
    with pytest.raises(KeyboardInterrupt):
        check("practice/halve", forever)
    alarm.join()
    assert sys.stdout is before
