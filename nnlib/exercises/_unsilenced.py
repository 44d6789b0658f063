"""Lets warnings be heard where an answer tries to silence them."""

import contextlib
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

__all__ = ["unsilenced"]


class _WithoutEffect(contextlib.ContextDecorator):
    """Stands for a context, or a decorator, that would have silenced warnings."""

    def __init__(self, *arguments: Any, **named: Any) -> None: ...

    def __enter__(self) -> list[Any]:
        return []

    def __exit__(self, *error: object) -> None: ...


def _nothing(*arguments: Any, **named: Any) -> None: ...


def _errors(*arguments: Any, **named: Any) -> Any:
    return np.geterr()


_STANDING_FOR: list[tuple[Any, str, Callable[..., Any]]] = [
    (np, "errstate", _WithoutEffect),
    (np, "seterr", _errors),
    (warnings, "catch_warnings", _WithoutEffect),
    (warnings, "simplefilter", _nothing),
    (warnings, "filterwarnings", _nothing),
]


@contextlib.contextmanager
def unsilenced() -> Iterator[None]:
    """Take from NumPy and `warnings` what silences, for this thread, in a ``with``.

    Others keep what they had, even where a thread is left behind inside.
    """
    thread = threading.get_ident()

    def here_or_elsewhere(here: Any, elsewhere: Any) -> Callable[..., Any]:
        def either(*arguments: Any, **named: Any) -> Any:
            chosen = here if threading.get_ident() == thread else elsewhere
            return chosen(*arguments, **named)

        return either

    before = [getattr(module, name) for module, name, _ in _STANDING_FOR]
    try:
        for (module, name, here), elsewhere in zip(_STANDING_FOR, before, strict=True):
            setattr(module, name, here_or_elsewhere(here, elsewhere))
        yield
    finally:
        for (module, name, _), elsewhere in zip(_STANDING_FOR, before, strict=True):
            setattr(module, name, elsewhere)
