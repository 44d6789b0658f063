"""The book's own extensions: a build that is offline, never stale and never silent."""

import os
import re
import subprocess
import sys
from pathlib import Path

import book_figures
import nbformat
import pytest
import yaml
from book_execution import cache_key
from book_weight import used_rules
from sphinxcontrib import katex

from nnlib.explorers.style import PALETTE

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ["-q", "-W", "-n", "--keep-going", "--all"]

FIGURE = "from nnlib.explorers import style\n\nstyle.use()\n_ = style.draw_digits([{}])"
IMAGE = "__import__('numpy').eye(8)"


def notebook(*sources, **metadata):
    """Return the text of a notebook with these code cells, after a title."""
    cells = [nbformat.v4.new_markdown_cell("# A page")]
    cells += [nbformat.v4.new_code_cell(s, metadata=metadata) for s in sources]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


def build(folder, pages):
    """Build a small book of these {file name: text} with the book's own settings."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    sphinx = config["sphinx"]
    for name, path in sphinx["local_extensions"].items():
        sphinx["local_extensions"][name] = str(ROOT / path)
    for key in ("html_static_path", "templates_path"):
        sphinx["config"][key] = [str(ROOT / path) for path in sphinx["config"][key]]
    config["html"]["favicon"] = ""
    names = [f"book/{Path(name).stem}" for name in pages]
    toc = {"format": "jb-book", "root": names[0]}
    toc["chapters"] = [{"file": name} for name in names[1:]]
    (folder / "_config.yml").write_text(yaml.safe_dump(config))
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    (folder / "book").mkdir()
    for name, text in pages.items():
        (folder / "book" / name).write_text(text)
    return subprocess.run(
        [Path(sys.executable).with_name("jupyter-book"), "build", *FLAGS, str(folder)],
        # No Node on the PATH: that of the virtual environment has to do.
        env=os.environ | {"PATH": str(folder), "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Return the folder of a small book without a fault, and how its build went."""
    folder = tmp_path_factory.mktemp("good")
    alt = {"mystnb": {"image": {"alt": 'A line, "drawn".'}}}
    figure = FIGURE.format(IMAGE)
    pages = {
        "first.md": "# First\n\n[B](second.ipynb): $x^2$\n\n$$ y \\tag{1.1} $$\n",
        "second.ipynb": notebook(
            figure, "import os\nprint('book:', os.environ['NNLIB_BOOK'])", figure, **alt
        ),
    }
    return folder, build(folder, pages)


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """Return what the build of a book with every fault had to say."""
    folder = tmp_path_factory.mktemp("bad")
    pages = {
        "formula.md": "# Formula\n\n$\\undefinedmacro$\n",
        "raises.ipynb": notebook("1 / 0"),
        "mute.ipynb": notebook(FIGURE.format(IMAGE)),
        "link.md": "# Link\n\n[nowhere](nowhere.ipynb)\n",
    }
    result = build(folder, pages)
    assert result.returncode != 0
    return re.sub(r"\x1b\[[\d;]*m", "", result.stdout + result.stderr)


def test_a_good_book_builds_without_node_on_the_path(good):
    _, result = good
    assert result.returncode == 0, result.stdout + result.stderr


def test_formulas_are_set_when_the_book_is_built(good):
    page = (good[0] / "_build/html/book/first.html").read_text()
    assert page.count("class=katex>") == 2
    assert "1.1" in page


def test_kernels_know_that_they_run_for_the_book(good):
    page = (good[0] / "_build/html/book/second.html").read_text()
    assert "book: 1" in page


def test_a_figure_is_part_of_the_page_and_says_what_it_shows(good):
    page = (good[0] / "_build/html/book/second.html").read_text()
    assert page.count('role="img" aria-label="A line, &quot;drawn&quot;."') == 2


def test_a_bad_formula_fails_the_build_by_page_and_formula(bad):
    assert re.search(r"formula.*Undefined control sequence.*\\undefinedmacro", bad)


def test_a_notebook_that_raises_fails_the_build(bad):
    assert re.search(r"raises.ipynb.*Executing notebook failed", bad)


def test_a_figure_without_alt_text_fails_the_build(bad):
    assert re.search(r"mute.ipynb.*a figure without alt text", bad)


def test_a_dead_link_fails_the_build(bad):
    assert re.search(r"link.md.*nowhere.ipynb", bad)


def test_make_builds_with_every_warning_an_error():
    assert f"jupyter-book build {' '.join(FLAGS)} ." in (ROOT / "Makefile").read_text()


@pytest.fixture
def library(tmp_path):
    """Return a folder of code, beside a folder of data."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "losses.py").write_text("mean")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-labels-idx1-ubyte.gz").write_bytes(b"12")
    return tmp_path / "library"


def changed(library, change):
    """Say whether a change gives the cache of outputs another name."""
    data = library.parent / "data"
    before = cache_key(library, data)
    change(library, data)
    return cache_key(library, data) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda library, data: (library / "losses.py").write_text("sum"),
        lambda library, data: (library / "new.py").write_text(""),
        lambda library, data: (library / "losses.py").rename(library / "loss.py"),
        lambda library, data: (data / "train-labels-idx1-ubyte.gz").unlink(),
        lambda library, data: (data / "t10k-labels-idx1-ubyte").write_bytes(b"1"),
    ],
    ids=["code", "a new module", "a name", "no data", "more data"],
)
def test_notebooks_run_again_after_a_change_of_code_or_data(library, change):
    assert changed(library, change)


def test_notebooks_do_not_run_again_without_one(library):
    assert not changed(library, lambda library, data: None)
    assert not changed(library, lambda library, data: (data / ".lock").touch())


def test_the_style_sheet_of_formulas_is_that_of_the_katex_in_use():
    sheet = (ROOT / "book/_ext/static/katex/katex.min.css").read_text()
    assert f'content:"{katex.katex_version}"' in sheet


def test_every_font_of_the_formulas_is_at_hand():
    folder = ROOT / "book/_ext/static/katex"
    named = set(re.findall(r"url\(([^)]+)\)", (folder / "katex.min.css").read_text()))
    assert named == {f"fonts/{font.name}" for font in (folder / "fonts").iterdir()}


SVG = """<svg xmlns="http://www.w3.org/2000/svg"
 xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 50">
 <metadata>machine</metadata><style>*{stroke: red}</style>
 <g id="axes"><path id="tick" d="M 0 0 L 1.23456 2" style="stroke: #1D2630"/>
 <use xlink:href="#tick"/><text style="fill: #57636f; font-family: X">a</text></g>
</svg>"""


def test_a_figure_takes_its_colours_from_the_page():
    svg = book_figures.inline_svg(SVG, "alt", "f-")
    assert "stroke: var(--nn-ink)" in svg
    assert "fill: var(--nn-muted)" in svg
    assert not re.search("|".join(light for light, _ in PALETTE.values()), svg)


def test_a_figure_brings_nothing_that_the_page_could_trip_over():
    svg = book_figures.inline_svg(SVG, "alt", "f-")
    assert 'id="f-tick"' in svg
    assert 'href="#f-tick"' in svg
    for unwanted in ("axes", "metadata", "<style", "font-family", "xmlns", "1.23456"):
        assert unwanted not in svg


def test_a_long_curve_is_given_in_tenths_and_a_short_one_in_hundredths():
    points = " L ".join(["12.3456 78.9012"] * 30)
    svg = book_figures.inline_svg(
        f'<svg viewBox="0 0 9 9"><path d="M {points}"/><path d="M 1.2345 6.7"/></svg>',
        "alt",
        "f-",
    )
    assert svg.count("12.3 78.9") == 30
    assert "M 1.23 6.7" in svg


def test_a_figure_has_no_group_and_no_turn_that_does_nothing():
    svg = book_figures.inline_svg(
        '<svg viewBox="0 0 9 9"><g id="a"><g><text transform="rotate(-0 1 2)">x</text>'
        '</g><text transform="rotate(-90 1 2)">y</text><g transform="scale(2)"/></g>'
        "</svg>",
        "alt",
        "f-",
    )
    assert svg.partition(">")[2].partition(">")[2] == (
        '<text>x</text><text transform="rotate(-90 1 2)">y</text>'
        '<g transform="scale(2)" /></svg></div>'
    )


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".used{a:b}.unused{c:d}p{e:f}", ".used{a:b}p{e:f}"),
        (".unused,.used{a:b}", ".unused,.used{a:b}"),
        (".used:not(.unused){a:b}", ".used:not(.unused){a:b}"),
        (":is(.used,:not(.unused)) p{a:b}", ":is(.used,:not(.unused)) p{a:b}"),
        ("@media print{.unused{a:b}}.used{a:b}", ".used{a:b}"),
        ("@font-face{src:url(a.b)}", "@font-face{src:url(a.b)}"),
    ],
)
def test_a_style_sheet_keeps_the_rules_that_can_apply(css, kept):
    assert used_rules(css, {"used"}) == kept
