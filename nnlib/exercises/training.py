"""Exercises and quick questions of the chapter on training."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Solutions and mistakes are written as students write them, without annotations.

from nnlib.exercises._bank import Exercise, Question

__all__ = ["EXERCISES", "QUESTIONS"]


EXERCISES: list[Exercise] = []


# ---- Quick questions ----------------------------------------------------------------

QUESTIONS: list[Question] = []
