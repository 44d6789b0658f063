"""Every exercise and every quick question of the book keeps what it promises."""

import re
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

import nnlib
from nnlib.exercises import _check, check
from nnlib.exercises._find import chapters, exercises_of, questions_of
from nnlib.exercises._help import help_for

BOOK = Path(__file__).resolve().parents[1] / "book"
TOC = BOOK.parent / "_toc.yml"
EXERCISES = [entry for chapter in chapters() for entry in exercises_of(chapter)]
QUESTIONS = [entry for chapter in chapters() for entry in questions_of(chapter)]
MISTAKES = [(entry, mistake) for entry in EXERCISES for mistake in entry.mistakes]
CELLS = {
    path.stem: nbformat.read(path, as_version=4).cells
    for path in sorted(BOOK.glob("*.ipynb"))
}
MARKDOWN = MarkdownIt().enable("table").use(dollarmath_plugin)

each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
each_function = pytest.mark.parametrize(  # a value has no loop
    "exercise", [e for e in EXERCISES if callable(e.reference)], ids=lambda e: e.id
)
each_mistake = pytest.mark.parametrize(
    ("exercise", "mistake"),
    MISTAKES,
    ids=[f"{exercise.id}: {mistake.name}" for exercise, mistake in MISTAKES],
)
each_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.id)


@pytest.fixture(autouse=True)
def no_progress(tmp_path, monkeypatch):
    """Keep the user's own progress out of it."""
    monkeypatch.setenv("NNLIB_PROGRESS", str(tmp_path / "progress.json"))


def where(kind, source):
    """Return the notebooks in which a cell stands, as often as it does."""
    return [
        name
        for name, cells in CELLS.items()
        for cell in cells
        if cell.cell_type == kind and cell.source == source
    ]


# ---- exercises ----------------------------------------------------------------------


@each_exercise
def test_the_reference_is_correct(exercise):
    verdict = check(exercise.id, exercise.reference)
    assert verdict.kind == "correct", verdict


@each_exercise
def test_the_stub_is_not_attempted(exercise):
    names = {"np": np, **vars(nnlib)}
    exec(exercise.stub, names)
    verdict = check(exercise.id, names[exercise.name])
    assert verdict.kind == "not attempted", verdict


@each_mistake
def test_a_known_mistake_is_recognised_as_itself(exercise, mistake):
    verdict = check(exercise.id, mistake.answer)
    assert verdict.kind in ("not yet", "raised"), verdict
    assert verdict.mistake == mistake.name, verdict
    assert all(len(line) <= 78 for line in repr(verdict).splitlines()), verdict


@each_function
def test_an_endless_loop_is_stopped(exercise, monkeypatch):
    def endless(*arguments, **named):
        while True:
            pass

    hurried = replace(exercise, seconds=0.1)
    monkeypatch.setattr(_check, "find_exercise", lambda id: hurried)
    is_class = isinstance(exercise.reference, type)
    begin = time.monotonic()
    verdict = check(
        exercise.id, type("Endless", (), {"__init__": endless}) if is_class else endless
    )
    assert time.monotonic() - begin < 5
    assert verdict.kind == "not yet"
    assert "It did not end within 0.1 seconds" in repr(verdict)


@each_exercise
def test_it_has_at_least_three_mistakes_and_a_hint(exercise):
    names = [mistake.name for mistake in exercise.mistakes]
    assert len(names) == len(set(names)) >= 3
    assert exercise.hints


@each_exercise
def test_every_text_is_there_and_is_plain_markdown(exercise):
    texts = [exercise.title, exercise.text(1), exercise.remark, exercise.comment]
    texts += [part.markdown for part in help_for(exercise)]
    texts += [mistake.diagnosis for mistake in exercise.mistakes]
    for text in texts:
        assert text.strip()
        tokens = [
            part for token in MARKDOWN.parse(text) for part in token.children or [token]
        ]
        prose = "".join(token.content for token in tokens if token.type == "text")
        assert "$" not in prose, f"a formula that does not end, in {text!r}"
        assert "\\" not in prose, f"TeX outside of a formula, in {text!r}"
        assert not [token for token in tokens if token.type.startswith("html")], text


@each_exercise
def test_its_statement_stands_in_its_chapter_alone(exercise):
    bank = [entry.id for entry in exercises_of(exercise.chapter)]
    cell = exercise.text(bank.index(exercise.id) + 1)
    assert where("markdown", cell) == [exercise.chapter], (
        f"book/{exercise.chapter}.ipynb needs one Markdown cell that reads exactly\n\n"
        f"{cell}"
    )


@each_exercise
def test_its_stub_stands_in_its_chapter_alone(exercise):
    assert where("code", exercise.code) == [exercise.chapter], (
        f"book/{exercise.chapter}.ipynb needs one code cell that reads exactly\n\n"
        f"{exercise.code}"
    )


@pytest.mark.parametrize("chapter", chapters())
def test_a_chapter_has_its_exercises_in_the_order_of_its_bank(chapter):
    sources = [cell.source for cell in CELLS[chapter]]
    codes = [entry.code for entry in exercises_of(chapter)]
    assert [source for source in sources if source in codes] == codes


def test_chapters_are_listed_in_the_order_of_the_book():
    order = re.findall(r"file: book/([\w-]+)$", TOC.read_text("utf-8"), re.MULTILINE)
    assert chapters() == [name for name in order if name in chapters()]


def test_every_check_in_a_notebook_is_of_an_exercise_of_its_chapter():
    for name, cells in CELLS.items():
        sources = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        for id in re.findall(r"\bcheck\(\s*[\"']([^\"']*)[\"']", sources):
            assert id in [entry.id for entry in EXERCISES if entry.chapter == name]


def test_every_id_is_its_own():
    counts = Counter(entry.id for entry in [*EXERCISES, *QUESTIONS])
    assert counts.most_common(1)[0][1] == 1
    for chapter in chapters():
        for entry in [*exercises_of(chapter), *questions_of(chapter)]:
            assert re.fullmatch(rf"{chapter}/[a-z0-9]+(-[a-z0-9]+)*", entry.id)


# ---- quick questions ----------------------------------------------------------------


@each_question
def test_its_answer_is_what_nnlib_computes(question):
    computed = question.computed()
    if isinstance(question.answer, str | tuple):
        assert computed == question.answer
    else:
        assert abs(float(computed) - question.answer) <= question.within / 2


@each_question
def test_no_foreseen_answer_is_right(question):
    for wrong in question.wrong:
        if isinstance(question.answer, str | tuple):
            assert wrong != question.answer
        else:
            assert abs(wrong - question.answer) > question.within


@each_question
def test_every_answer_gets_a_word(question):
    assert question.text.strip()
    assert question.why.strip()
    assert all(word.strip() for word in question.wrong.values())
    if isinstance(question.answer, str):
        assert Counter([question.answer, *question.wrong]) == Counter(question.choices)
    else:
        assert question.otherwise.strip()


@each_question
def test_it_stands_in_its_chapter_alone_without_its_code(question):
    source = f'question("{question.id}")'
    chapter = question.id.partition("/")[0]
    places = where("code", source)
    assert places == [chapter], f"book/{chapter}.ipynb needs one cell: {source}"
    (cell,) = (cell for cell in CELLS[chapter] if cell.source == source)
    assert "remove-input" in cell.metadata.get("tags", [])
