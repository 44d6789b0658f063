"""Stops what does not end: work in a thread of its own, for so many seconds."""

import contextlib
import ctypes
import threading
import time
from collections.abc import Callable

__all__ = ["OutOfTime", "ends_within"]

#: After the limit a thread gets this many exceptions, so many seconds apart: one alone
#: may fall into an `except:` of the answer, which goes on.
ATTEMPTS, PAUSE = 20, 0.01


class OutOfTime(SystemExit):
    """Raised inside an answer that has used up its time.

    A `SystemExit`, since a thread that dies of one does so without a word.
    """


def ends_within(seconds: float, work: Callable[[], None]) -> bool:
    """Do the work in a daemon thread, and say whether it ended in time.

    Where it did not, the thread is asked to stop by exceptions raised inside it, and
    left behind if it does not. Python raises them between two steps of its own, so
    nothing can stop a single call into C that takes forever; and if such a call also
    holds on to the interpreter (``10 ** 10 ** 10`` does), then the limit itself has to
    wait for its end. Ctrl+C stops the work likewise, and goes on to the caller.
    """
    ended, over = threading.Event(), threading.Event()

    def body() -> None:
        try:
            with contextlib.suppress(OutOfTime):
                if not over.is_set():  # it may be, by a Ctrl+C as the thread starts
                    work()
        finally:
            ended.set()

    thread = threading.Thread(target=body, daemon=True)
    end = time.monotonic() + seconds
    try:
        thread.start()
        # In slices: a long wait would keep Ctrl+C waiting too on some systems.
        while not ended.is_set() and (left := end - time.monotonic()) > 0:
            ended.wait(min(left, 0.1))
        return ended.is_set()
    finally:
        over.set()
        _stop(thread, ended)


def _stop(thread: threading.Thread, ended: threading.Event) -> None:
    """Raise `OutOfTime` in a thread until it ends, a limited number of times."""
    for _ in range(ATTEMPTS):
        if ended.is_set():
            return
        if thread.ident is not None:  # it has begun
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(OutOfTime)
            )
        ended.wait(PAUSE)
