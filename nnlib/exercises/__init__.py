"""The exercises of the book: check an answer, ask for a hint, see what is done.

Light to import: the exercises of a chapter are loaded when one of them is asked for.
"""

from nnlib.exercises._check import check
from nnlib.exercises._help import Help, hint, question, solution
from nnlib.exercises._progress import Progress, progress
from nnlib.exercises._verdict import Verdict

__all__ = [
    "Help",
    "Progress",
    "Verdict",
    "check",
    "hint",
    "progress",
    "question",
    "solution",
]
