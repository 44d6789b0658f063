"""What is done is remembered, whatever happens to the file or beside it."""

import json
import re
import subprocess
import sys
from datetime import date

import platformdirs
import pytest

# A fixture that every test here uses, by being imported.
from practice import practice_chapter  # noqa: F401
from practice.practice import EXERCISES

from nnlib.exercises import _progress, check, progress
from nnlib.exercises._progress import progress_file

RIGHT = EXERCISES[0].reference
TODAY = "2026-01-31"


class Day(date):
    """A day that does not end while the tests run."""

    @classmethod
    def today(cls):
        return cls.fromisoformat(TODAY)


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(_progress, "date", Day)
    path = tmp_path / "folder" / "progress.json"
    monkeypatch.setenv("NNLIB_PROGRESS", str(path))
    return path


def test_only_what_is_correct_is_written_with_its_day(file):
    check("practice/halve", ...)
    check("practice/halve", lambda x: x)
    assert not file.exists()
    check("practice/halve", RIGHT)
    assert json.loads(file.read_text()) == {"practice/halve": TODAY}


def test_the_first_day_stays(file):
    file.parent.mkdir()
    file.write_text('{"practice/halve": "2020-01-31", "other/one": "2020-02-01"}')
    check("practice/halve", RIGHT)
    check("practice/mean", EXERCISES[2].reference)
    done = json.loads(file.read_text())
    assert done.pop("practice/mean") == TODAY
    assert done == {"practice/halve": "2020-01-31", "other/one": "2020-02-01"}


def test_the_table_counts_what_is_done_and_names_what_is_open(file):
    check("practice/halve", RIGHT)
    table = repr(progress())
    assert re.search(rf"practice +1 of {len(EXERCISES)} done\n", table)
    assert "open: In-place" in table
    assert "open: Halve" not in table


@pytest.mark.parametrize("damage", ['{"practice/ha', "[]", "\udcff"])
def test_a_damaged_file_is_set_aside(file, damage):
    file.parent.mkdir()
    damaged = damage.encode("utf-8", "surrogateescape")
    file.write_bytes(damaged)
    told = " ".join(repr(check("practice/halve", RIGHT)).split())
    assert "The file of your progress was damaged. It was set aside as" in told
    assert (file.parent / "progress.json.damaged").read_bytes() == damaged
    assert json.loads(file.read_text()) == {"practice/halve": TODAY}
    file.write_text("again")
    assert "It was set aside as" in repr(progress())
    assert (file.parent / "progress.json.damaged").read_bytes() == damaged
    assert (file.parent / "progress.json.damaged-2").read_text() == "again"


def test_where_nothing_can_be_written_an_answer_is_judged_all_the_same(
    tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("NNLIB_PROGRESS", str(tmp_path / "file" / "progress.json"))
    verdict = check("practice/halve", RIGHT)
    assert verdict
    assert "Your progress could not be saved: " in repr(verdict)
    assert "Your progress could not be read: " in repr(progress())


def test_it_is_kept_in_the_data_folder_of_the_user(monkeypatch):
    monkeypatch.delenv("NNLIB_PROGRESS")
    assert progress_file().parent == platformdirs.user_data_path("nnlib", False)


WRITER = """
import sys
from nnlib.exercises._progress import remember
print(flush=True)
input()
for i in range(40):
    assert remember(f"{sys.argv[1]}/{i}") in ("", None)
"""


def test_notebooks_that_write_at_the_same_time_lose_nothing(file):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, name], **pipes)
        for name in ("a", "b")
    ]
    for writer in writers:
        writer.stdout.readline()  # it is ready
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    done = json.loads(file.read_text())
    assert set(done) == {f"{name}/{i}" for name in ("a", "b") for i in range(40)}
    assert sorted(path.name for path in file.parent.glob("*.json*")) in (
        ["progress.json"],
        ["progress.json", "progress.json.lock"],
    )
