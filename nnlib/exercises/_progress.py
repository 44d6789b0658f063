"""Remembers which exercises are done, in one small file of the user's own."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import platformdirs
from filelock import FileLock

from nnlib.exercises._find import chapters, exercises_of

__all__ = ["Progress", "progress", "progress_file", "remember"]

#: How long to wait for another notebook that writes at the same time.
SECONDS = 10


class Progress:
    """A table of what is done, by chapter, which prints as one."""

    def __init__(self, done: dict[str, str], note: str) -> None:
        self.done = done
        self.note = note

    def __repr__(self) -> str:
        lines = []
        names = chapters()
        width = max(map(len, names), default=0)
        for chapter in names:
            exercises = exercises_of(chapter)
            left = [entry.title for entry in exercises if entry.id not in self.done]
            count = f"{len(exercises) - len(left)} of {len(exercises)}"
            lines.append(f"{chapter:{width}}  {count:>8} done")
            lines += [f"{'':{width}}  open: {title}" for title in left]
        return "\n".join(lines + [self.note] * bool(self.note))


def progress() -> Progress:
    """Return a table of the exercises that are done, and of those that are open.

    They are kept in the user's data folder, in ``nnlib/progress.json``; the environment
    variable ``NNLIB_PROGRESS`` names another file.
    """
    try:
        with _locked(progress_file()) as path:
            return Progress(*_read(path))
    except OSError as error:
        return Progress({}, _trouble("read", error))


def progress_file() -> Path:
    """Return the file that the progress is kept in."""
    named = os.environ.get("NNLIB_PROGRESS")
    if named:
        return Path(named)
    return platformdirs.user_data_path("nnlib", appauthor=False) / "progress.json"


def remember(id: str) -> str | None:
    """Note that an exercise is done today; return what is to be said about that."""
    try:
        with _locked(progress_file()) as path:
            done, note = _read(path)
            if id not in done:
                _write(path, done | {id: date.today().isoformat()})
            return note
    except OSError as error:
        return _trouble("saved", error)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[Path]:
    """Keep other notebooks from the file for as long as this one reads and writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock", timeout=SECONDS):
        yield path


def _read(path: Path) -> tuple[dict[str, str], str]:
    """Return what is done, and a note if the file was damaged and set aside."""
    try:
        done = json.loads(path.read_text("utf-8"))
        if isinstance(done, dict):
            return done, ""
    except FileNotFoundError:
        return {}, ""
    except ValueError:  # neither JSON, or not even text
        pass
    aside = path.with_name(f"{path.name}.damaged")
    count = 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{path.name}.damaged-{count}")
    path.rename(aside)
    return {}, (
        f"The file of your progress was damaged. It was set aside as {aside}, "
        f"and a new one begins."
    )


def _write(path: Path, done: dict[str, str]) -> None:
    """Replace the file by a whole new one, so that none is ever half written."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(done, file, indent=1, sort_keys=True)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _trouble(what: str, error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"Your progress could not be {what}: {reason} ({progress_file()})."
