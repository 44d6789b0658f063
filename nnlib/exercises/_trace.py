"""A traceback for a learner: the lines of their own code, and what went wrong."""

import os
import sysconfig
import traceback
from pathlib import Path

__all__ = ["trace"]

#: At each end of a long chain of calls (a recursion without an end), so many lines.
ENDS = 2
FOLDERS = [sysconfig.get_path(name) for name in ("stdlib", "platlib", "purelib")]
FOLDERS.append(str(Path(__file__).resolve().parents[1]))
FOREIGN = (*(folder + os.sep for folder in FOLDERS), "<frozen", "<__array")


def trace(error: BaseException) -> str:
    """Return where in the answer an error was raised, and what the error says.

    Lines of Python, of NumPy and of nnlib are left out, and so is the name of the
    file: of a notebook's cell it is another one in every run.
    """
    frames = [
        f"line {frame.lineno}, in {frame.name}\n    {frame.line}".rstrip()
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(FOREIGN)
    ]
    if len(frames) > 2 * ENDS + 1:
        frames = [*frames[:ENDS], "... and so on ...", *frames[-ENDS:]]
    message = "".join(traceback.format_exception_only(error)).strip()
    return "\n".join([*frames, message])
