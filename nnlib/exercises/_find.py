"""Finds exercises and questions by their id: a chapter is a module of this folder."""

import difflib
import importlib
import pkgutil
from typing import Any

from nnlib.exercises._bank import Exercise, Question

__all__ = ["chapters", "exercises_of", "find_exercise", "find_question", "questions_of"]


#: The order of the book, for tables; a chapter that is not named comes last.
ORDER = [
    *("start", "matrices", "forward-pass", "backpropagation", "activations"),
    *("losses", "initialization", "optimizers", "training", "mnist"),
    "performance",
]


def chapters() -> list[str]:
    """Return the names of the chapters that have exercises, as their notebooks'."""
    package = importlib.import_module("nnlib.exercises")
    modules = [module.name for module in pkgutil.iter_modules(package.__path__)]
    names = [name.replace("_", "-") for name in modules if not name.startswith("_")]
    return sorted(names, key=[*ORDER, *names].index)


def exercises_of(chapter: str) -> list[Exercise]:
    """Return the exercises of a chapter, in the order of its page."""
    return list(_module(chapter).EXERCISES)


def questions_of(chapter: str) -> list[Question]:
    """Return the quick questions of a chapter."""
    return list(_module(chapter).QUESTIONS)


def find_exercise(id: str) -> Exercise:
    """Return the exercise of this id, or raise ValueError with ids that are near."""
    return _find(id, "exercise", exercises_of)


def find_question(id: str) -> Question:
    """Return the question of this id, or raise ValueError with ids that are near."""
    return _find(id, "question", questions_of)


def _module(chapter: str) -> Any:
    return importlib.import_module(f"nnlib.exercises.{chapter.replace('-', '_')}")


def _find(id: str, what: str, entries_of: Any) -> Any:
    if not isinstance(id, str):
        raise TypeError(f'expected the {what} as "chapter/name", got {id!r:.60}')
    chapter = id.partition("/")[0]
    here = entries_of(chapter) if chapter in chapters() else []
    for entry in here:
        if entry.id == id:
            return entry
    every = [entry.id for name in chapters() for entry in entries_of(name)]
    message = f"there is no {what} {id!r}."
    if near := difflib.get_close_matches(id, every, n=3):
        message += f" Close to it: {', '.join(near)}."
    if here:
        message += f" The chapter has {', '.join(entry.id for entry in here)}."
    else:
        message += f" Chapters with one: {', '.join(chapters())}."
    raise ValueError(message)
