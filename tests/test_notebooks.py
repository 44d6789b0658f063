"""The committed notebooks: one plain form, figures with alt text, links that lead."""

import re
from pathlib import Path

import committed_form
import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))
SOURCES = sorted(p for p in [*NOTEBOOKS, *BOOK.rglob("*.md")] if "_ext" not in p.parts)
DRAWS = re.compile(r"\bplt\.|\.draw_\w+\(|\.subplots\(")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path, kind):
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def markdown_of(path):
    """Return the prose of a page, without its code and its formulas."""
    if path.suffix == ".md":
        text = path.read_text("utf-8")
    else:
        text = "\n\n".join(cell.source for cell in cells(path, "markdown"))
    return CODE.sub("", text)


def pages_in_toc(entry):
    """Yield every file that the table of contents names."""
    if isinstance(entry, dict):
        yield from (entry[key] for key in ("root", "file") if key in entry)
        entry = list(entry.values())
    if isinstance(entry, list):
        for part in entry:
            yield from pages_in_toc(part)


@each_notebook
def test_a_notebook_is_in_its_committed_form(path, capsys):
    code = committed_form.main(["--check", str(path)])
    assert code == 0, capsys.readouterr().err


@each_notebook
def test_every_figure_has_alt_text(path):
    mute = []
    for cell in cells(path, "code"):
        drawn = any(
            output.get("data", {}).get("text/plain", "").startswith("<Figure")
            for output in cell.outputs
        )
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            drawn = bool(DRAWS.search(cell.source))
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if drawn and not alt.strip():
            mute.append(cell.source)
    assert not mute


def test_the_table_of_contents_names_every_page_once_and_nothing_else():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    named = sorted(pages_in_toc(toc))
    there = sorted(p.relative_to(ROOT).with_suffix("").as_posix() for p in SOURCES)
    assert named == there


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(BOOK).as_posix())
def test_every_link_to_a_file_names_one(path):
    dead = [
        target
        for target in LINK.findall(markdown_of(path))
        if not re.match(r"[a-z]+:|#", target)
        and not (path.parent / target.partition("#")[0]).is_file()
    ]
    assert not dead


def a_notebook(*sources, **code):
    """Return a notebook with one code cell, after markdown cells with these sources."""
    notebook = nbformat.v4.new_notebook(metadata=committed_form.METADATA)
    notebook.cells = [nbformat.v4.new_markdown_cell(source) for source in sources]
    notebook.cells.append(nbformat.v4.new_code_cell(**code))
    return notebook


def shown(**data):
    return nbformat.v4.new_output("display_data", data)


def test_of_an_output_only_the_text_is_committed():
    output = shown(**{"text/plain": "<Figure>", "image/png": "iVBORw0="})
    plain = committed_form.committed(a_notebook(source="draw()", outputs=[output]))
    assert plain.cells[-1].outputs[0].data == {"text/plain": "<Figure>"}


def test_a_text_that_came_in_pieces_is_committed_whole():
    pieces = [{"output_type": "stream", "name": "stdout", "text": t} for t in "ab"]
    plain = committed_form.committed(a_notebook(source="f()", outputs=pieces))
    assert [output.text for output in plain.cells[-1].outputs] == ["ab"]


def test_what_depends_on_the_day_is_not_committed():
    stream = nbformat.v4.new_output("stream", text="0.3 seconds")
    cell = {"source": "time()", "outputs": [stream]}
    cell["metadata"] = {"tags": ["nbval-ignore-output"]}
    plain = committed_form.committed(a_notebook(**cell))
    assert plain.cells[-1].outputs == []


def test_the_committed_form_of_the_committed_form_is_itself():
    once = committed_form.committed(a_notebook("# A", "# A", source="1 + 1"))
    assert committed_form.committed(once) == once
    assert not list(committed_form.faults(once))


def test_cells_of_equal_source_get_ids_of_their_own():
    plain = committed_form.committed(a_notebook("# A", "# A", source="1 + 1"))
    assert len({cell.id for cell in plain.cells}) == 3


@pytest.mark.parametrize(
    ("output", "why"),
    [
        (nbformat.v4.new_output("stream", name="stderr", text="no"), "stderr"),
        (shown(**{"text/plain": "<object at 0x7f00aa11>"}), "address"),
        (shown(**{"text/plain": "<b>", "text/html": "<b>"}), "outputs"),
    ],
)
def test_the_check_names_notebook_cell_and_reason(output, why, tmp_path, capsys):
    notebook = committed_form.committed(a_notebook("# A", source="f()"))
    notebook.cells[-1].outputs = [output]
    path = tmp_path / "some.ipynb"
    nbformat.write(notebook, path)
    assert committed_form.main(["--check", str(path)]) == 1
    complaint = capsys.readouterr().err
    assert f"{path}: cell 2: " in complaint
    assert why in complaint
