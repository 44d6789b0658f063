"""The built book is usable by everyone, as far as axe-core can tell.

In a file of its own, so that another process can do the rest of the site meanwhile;
and with a test for each page, as files with many tests are begun first.
"""

import pytest
import yaml
from accessibility import HEIGHT, WIDE, faults_in
from conftest import ROOT
from test_notebooks import pages_in_toc

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
PAGES = [*(f"{name}.html" for name in pages_in_toc(TOC)), "search.html"]


@pytest.fixture(scope="module")
def context(browser):
    """Return a window of the browser."""
    with browser.new_context(viewport={"width": WIDE, "height": HEIGHT}) as context:
        yield context


def test_every_page_is_looked_at(pages):
    assert sorted(PAGES) == pages


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(context, address, name):
    page = context.new_page()
    page.goto(f"{address}/{name}")
    assert not faults_in(page)
    page.close()
