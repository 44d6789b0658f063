"""The page that tells how to add an explorer: its fifty lines work as they stand."""

import importlib.util
import re
import shutil
import sys
from pathlib import Path

import pytest

from nnlib.activations import LeakyReLU
from nnlib.explorers import scripts

PAGE = Path(__file__).resolve().parents[1] / "book" / "extending.md"
BLOCK = re.compile(r"^```(python|js)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def files_of_the_page():
    """Return the texts of the first Python block and the first JavaScript block."""
    blocks = BLOCK.findall(PAGE.read_text("utf-8"))
    return dict(reversed(blocks))


@pytest.fixture
def leak(tmp_path, monkeypatch):
    """Return the module that the page tells to write, in a folder with the others."""
    folder = tmp_path / "explorers"
    shutil.copytree(scripts.FOLDER, folder)
    files = files_of_the_page()
    (folder / "leak.py").write_text(files["python"])
    (folder / "leak.js").write_text(files["js"])
    monkeypatch.setattr(scripts, "FOLDER", folder)
    spec = importlib.util.spec_from_file_location("leak", folder / "leak.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "leak", module)
    spec.loader.exec_module(module)
    return module


def test_an_explorer_takes_at_most_fifty_lines():
    assert sum(len(text.splitlines()) for text in files_of_the_page().values()) <= 50


def test_the_explorer_of_the_page_works_in_a_page(leak, browser, tmp_path, monkeypatch):
    monkeypatch.setenv("NNLIB_BOOK", "1")
    explorer = leak.LeakExplorer(slope=0.3)
    data, _ = explorer._repr_mimebundle_()
    page_file = tmp_path / "page.html"
    page_file.write_text(
        f"<!doctype html><meta charset=utf-8>{data['text/html']}"
        f"<script>{scripts.page_script(['leak'])}</script>"
    )
    with browser.new_context() as context:
        page = context.new_page()
        complaints = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(page_file.as_uri())
        assert page.locator("svg path").count() > 5
        said = page.locator("[role=status]")
        for slope in (0.3, 1.0):
            value = LeakyReLU(slope)(leak.X)[20]
            page.wait_for_function(
                "text => document.querySelector('[role=status]').textContent === text",
                arg=f"f({leak.X[20]:.0f}) = {value:#.4g}".replace("-", "−"),
                timeout=2000,
            )
            page.get_by_role("slider", name="Slope left of 0").press("ArrowRight")
        assert said.is_visible()
        assert not complaints


def test_the_explorer_of_the_page_is_a_widget_in_a_notebook(leak, monkeypatch):
    monkeypatch.delenv("NNLIB_BOOK", raising=False)
    explorer = leak.LeakExplorer()
    data, _ = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "LeakExplorer(slope=0.1)"
