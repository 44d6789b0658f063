"""A chapter that only tests have: its bank, and the fixture that puts it in place."""

import sys

import pytest

import nnlib.exercises
from practice import practice


@pytest.fixture(autouse=True)
def practice_chapter(tmp_path, monkeypatch):
    """Add the chapter to the exercises, and keep the user's own progress out of it."""
    folders = [*nnlib.exercises.__path__, *__path__]
    monkeypatch.setattr(nnlib.exercises, "__path__", folders)
    monkeypatch.setitem(sys.modules, "nnlib.exercises.practice", practice)
    monkeypatch.setenv("NNLIB_PROGRESS", str(tmp_path / "progress.json"))
