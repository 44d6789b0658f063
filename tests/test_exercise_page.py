"""Hints and solutions in the built page: folded, and below the cell that checks."""

import html
import re

import pytest
from test_book_extension import build, notebook

from nnlib.exercises._find import chapters, exercises_of
from nnlib.exercises._help import help_for

EXERCISE = exercises_of(chapters()[0])[0]
COUNT = "open('runs.txt', 'a').write('x')\nprint('from', 'the', 'kernel')"
CHECK = f'def check(id, answer): ...\n\n\ncheck("{EXERCISE.id}", ...)'


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return a book's folder and what its build had to say."""
    folder = tmp_path_factory.mktemp("exercises")
    page = notebook(COUNT, CHECK, "print('after', 'it')", 'check("no/such", ...)')
    result = build(folder, {"title.md": "# Title\n", "page.ipynb": page})
    return folder, re.sub(r"\x1b\[[\d;]*m", "", result.stdout + result.stderr)


@pytest.fixture(scope="module")
def page(built):
    """Return the page that checks an exercise."""
    return (built[0] / "_build/html/book/page.html").read_text()


def test_help_stands_below_the_cell_that_checks(page):
    outputs = [page.index(text) for text in ("from the kernel", "after it")]
    parts = [match.start() for match in re.finditer("<details><summary>", page)]
    assert len(parts) == len(EXERCISE.hints) + 1
    check = re.search(r"check.{1,80}" + re.escape(EXERCISE.id), page, re.DOTALL)
    assert outputs[0] < check.start() < parts[0] < parts[-1] < outputs[1]


def test_every_part_is_folded_under_a_summary_of_its_own(page):
    summaries = re.findall(r"<summary>(.*?)</summary>", page)
    labels = [part.label for part in help_for(EXERCISE)]
    title = html.escape(EXERCISE.title)
    assert summaries == [
        f'{label}<span class="nn-hidden"> for {title}</span>' for label in labels
    ]
    assert "<details open" not in page


def test_help_is_rendered_and_not_shown_as_markdown(page):
    (solution,) = re.findall(r"<summary>Solution.*?</details>", page, re.DOTALL)
    assert "```" not in solution
    assert "highlight" in solution
    text = html.unescape(re.sub(r"<[^>]+>", "", solution))
    code = help_for(EXERCISE)[-1].markdown.split("```")[1].removeprefix("python\n")
    assert code.strip() in text


def test_the_notebook_ran_once_and_no_cell_lost_its_output(built, page):
    assert (built[0] / "book/runs.txt").read_text() == "x"
    assert page.count("from the kernel") == 1
    assert page.count("after it") == 1


def test_an_unknown_exercise_fails_the_build_and_nothing_else_does(built):
    warnings = [line for line in built[1].splitlines() if "WARNING" in line]
    (warning,) = warnings
    assert re.search(r"page.*there is no exercise 'no/such'", warning)
