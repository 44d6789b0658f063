"""Tells an answer that nobody has begun from one that is wrong."""

import dis
import inspect
from collections.abc import Iterator
from types import CodeType
from typing import Any

from nnlib.exercises._bank import Exercise

__all__ = ["is_untouched"]


def is_untouched(exercise: Exercise, answer: Any) -> bool:
    """Whether an answer is still what the stub says, or nothing at all.

    A function is compared by its steps, so that comments and docstrings do not count.
    Of a class every method has to be one that nobody has begun.
    """
    begun_by_nobody = _begun_by_nobody(exercise)
    if inspect.isclass(answer):
        methods = [value for value in vars(answer).values() if _has_steps(value)]
        if not methods:
            return all(name.startswith("__") for name in vars(answer))
        return all(_steps(method.__code__) in begun_by_nobody for method in methods)
    if _has_steps(answer):
        return _steps(answer.__code__) in begun_by_nobody
    return _holds_ellipsis(answer)


def _nothing() -> None: ...


def _not_implemented() -> None:
    raise NotImplementedError


def _begun_by_nobody(exercise: Exercise) -> list[list[Any]]:
    codes = [_nothing.__code__, _not_implemented.__code__]
    codes += _functions(compile(exercise.stub, "stub", "exec"))
    return [_steps(code) for code in codes]


def _functions(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of every function below this one."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _functions(constant)


def _has_steps(value: Any) -> bool:
    return isinstance(getattr(value, "__code__", None), CodeType)


def _steps(code: CodeType) -> list[Any]:
    return [
        (step.opname, "code" if isinstance(step.argval, CodeType) else step.argval)
        for step in dis.get_instructions(code)
    ]


def _holds_ellipsis(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return any(_holds_ellipsis(part) for part in value)
    return value is ...
