"""Every explorer and every quick question of the built book, in a real browser."""

import json
import re

import nbformat
import pytest
from conftest import ROOT
from explorer_reading import HELPERS, Figure, judge_every_answer, said, state_of

from nnlib.exercises._find import chapters, questions_of

MAX_OWN, MAX_DATA, MAX_SCRIPT = 150_000, 100_000, 60_000
#: Scripts, style and data of a page in which a whole network travels.
MAX_WITH_NETWORK = 250_000
VIEWPORT = {"width": 1280, "height": 900}

MARK = 'class="nn-explorer"'
DATA = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)
SCRIPT = re.compile(r'src="[./]*_static/(explorers/[\w-]+\.js)')
KIND = re.compile(r'class="nn-explorer" data-explorer="(\w+)"')
HELD = re.compile(r'^"(\w+)": \(\(\) => {$', re.MULTILINE)
IN_A_CELL = re.compile(r'\b\w+Explorer\(|^question\("', re.MULTILINE)
#: Takes away the text around explorers, whose layout takes most of the time.
THIN_OUT = """() => {
  const explorers = document.querySelectorAll(".nn-explorer");
  document.querySelector("main").replaceChildren(...explorers);
}"""


@pytest.fixture(scope="module")
def built(site):
    """Return {name: text} of the pages of the book that have an explorer."""
    pages = {
        path.relative_to(site).as_posix(): path.read_text("utf-8")
        for path in sorted((site / "book").glob("*.html"))
    }
    return {name: text for name, text in pages.items() if MARK in text}


@pytest.fixture(params=["http", "file"])
def visit(request, browser, site, address):
    """Open pages of the book; in the end none may have complained or asked abroad."""
    home = address if request.param == "http" else site.as_uri()
    seen = []
    with browser.new_context(viewport=VIEWPORT) as context:
        context.add_init_script(HELPERS)
        context.on("weberror", lambda error: seen.append(str(error.error)))
        context.on(
            "console",
            lambda message: (
                seen.append(message.text)
                if message.type in ("error", "warning")
                else None
            ),
        )
        context.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((home, "data:", "blob:"))
                else seen.append(request.url)
            ),
        )
        page = context.new_page()

        def visit(name):
            page.goto(f"{home}/{name}", wait_until="load")
            return page

        yield visit
    assert not seen


def test_a_notebook_with_explorers_has_a_page_with_as_many(built):
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        shown = [
            cell
            for cell in cells
            if cell.cell_type == "code" and IN_A_CELL.search(cell.source)
        ]
        text = built.get(f"book/{path.stem}.html", "")
        assert text.count(MARK) == len(shown), path.name


def test_every_explorer_of_the_book_comes_alive(built, visit):
    for name, text in built.items():
        page = visit(name)
        alive = page.evaluate(
            """() => [...document.querySelectorAll(".nn-explorer")].map((el) =>
              el.querySelectorAll(".nn-drawing :is(path, rect, circle)").length > 5
              || el.querySelectorAll("form button").length === 1)"""
        )
        assert alive == [True] * text.count(MARK), name
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
        assert len(ids) == len(set(ids)), name


@pytest.mark.parametrize("visit", ["http"], indirect=True)
def test_every_control_of_the_book_changes_the_read_out_by_keyboard(built, visit):
    for name in built:
        page = visit(name)
        page.evaluate(THIN_OUT)
        for index in range(page.locator(".nn-explorer").count()):
            figure = Figure(page, index)
            for box in figure.root.get_by_role("checkbox").all():
                before = figure.rows
                box.press("Space")
                assert figure.rows != before, (name, index)
            for box in figure.root.get_by_role("checkbox").all():
                box.set_checked(True)
            for field in figure.root.locator(".nn-controls input[type=text]").all():
                before = state_of(figure)[0]
                field.press("ControlOrMeta+a")
                field.press("Backspace")
                assert state_of(figure)[0] != before, (name, index)
                field.fill("(64, 784)")
            for select in figure.root.locator("select").all():
                before = state_of(figure)[0]
                first = select.evaluate("(select) => select.selectedIndex === 0")
                select.press("ArrowDown" if first else "ArrowUp")
                assert state_of(figure)[0] != before, (name, index)
            sliders = figure.root.get_by_role("slider").all()
            for slider in sliders:
                slider.press("Home")
            for slider in sliders:
                before = state_of(figure)[0]
                spoken = slider.get_attribute("aria-valuetext")
                slider.press("ArrowRight")
                assert slider.get_attribute("aria-valuetext") != spoken, (name, index)
                assert state_of(figure)[0] != before, (name, index)


@pytest.mark.parametrize("visit", ["file"], indirect=True)
def test_every_question_on_a_page_is_the_banks_and_judges_as_it_says(built, visit):
    known = {said(q.text): q for name in chapters() for q in questions_of(name)}
    judged = []
    for name in built:
        page = visit(name)
        page.evaluate(THIN_OUT)
        for form in page.locator("form.nn-question").all():
            question = known[form.locator("legend").inner_text()]
            assert question.id.startswith(name[5:].removesuffix(".html"))
            judge_every_answer(form, question)
            judged.append(question.id)
    assert sorted(judged) == sorted(question.id for question in known.values())


def test_scripts_and_data_of_a_page_are_light(built, site):
    static = site / "_static"
    sheet = (static / "explorers.css").stat().st_size
    for name, text in built.items():
        found = DATA.findall(text)
        assert len(found) == text.count(MARK)
        assert all("data" in json.loads(part) for part in found)
        data = sum(len(part.encode()) for part in found)
        script = (static / SCRIPT.search(text)[1]).stat().st_size
        assert script <= MAX_SCRIPT, name
        if "draw_digit" in KIND.findall(text):
            assert script + sheet + data <= MAX_WITH_NETWORK, name
        else:
            assert data <= MAX_DATA, name
            assert script + sheet + data <= MAX_OWN, name


def test_a_page_loads_a_script_of_the_explorers_that_it_has(built, site):
    for path in sorted((site / "book").glob("*.html")):
        text = path.read_text("utf-8")
        script = SCRIPT.search(text)
        assert bool(script) == (path.relative_to(site).as_posix() in built), path.name
        if script:
            held = HELD.findall((site / "_static" / script[1]).read_text("utf-8"))
            assert set(held) == set(KIND.findall(text)), path.name
