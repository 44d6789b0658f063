"""The one form in which notebooks are committed: plain, small, the same everywhere.

    python book/_ext/committed_form.py [notebook ...]          run and write
    python book/_ext/committed_form.py --check [notebook ...]  say what is not so

Cells keep their source, `tags` and `mystnb` metadata. Ids follow from the source,
counts run from 1, and of the outputs only the text stays, since nbval compares that
with a fresh run. A cell tagged `nbval-ignore-output` keeps none.
"""

import argparse
import hashlib
import os
import re
import sys
from collections import Counter
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

BOOK = Path(__file__).resolve().parents[1]
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
KEPT_METADATA = ("mystnb", "tags")
SECONDS_PER_CELL = 600
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}")


def run(notebook, folder):
    """Return the notebook run from top to bottom, with the outputs of this run."""
    notebook = nbformat.from_dict(notebook)
    # Readers run it outside the book's build, and so do we.
    environment = {k: v for k, v in os.environ.items() if k != "NNLIB_BOOK"}
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS_PER_CELL,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    ).execute(env=environment)
    return notebook


def committed(notebook):
    """Return the notebook in the form for committing, its outputs included."""
    plain = nbformat.v4.new_notebook(metadata=METADATA)
    seen = Counter()
    for cell in notebook.cells:
        source = cell.source.strip("\n")
        if not source:
            continue
        digest = hashlib.sha256(f"{cell.cell_type}\n{source}".encode()).hexdigest()[:8]
        seen[digest] += 1
        repeat = f"-{seen[digest]}" if seen[digest] > 1 else ""
        new = nbformat.from_dict(
            {
                "cell_type": cell.cell_type,
                "id": digest + repeat,
                "metadata": {k: cell.metadata[k] for k in KEPT_METADATA
                             if cell.metadata.get(k)},
                "source": source,
            }
        )  # fmt: skip
        if cell.cell_type == "code":
            new.execution_count = 1 + sum(c.cell_type == "code" for c in plain.cells)
            new.outputs = committed_outputs(cell, new.execution_count)
        plain.cells.append(new)
    return plain


def committed_outputs(cell, count):
    """Return what the committed form keeps of one code cell's outputs."""
    if "nbval-ignore-output" in cell.metadata.get("tags", []):
        return []
    outputs = []
    for output in cell.outputs:
        new = nbformat.from_dict(output)
        if "data" in new:
            text = new.data.get("text/plain")
            if text is None:
                continue
            new.data = {"text/plain": text}
            new.metadata = {}
        if new.output_type == "execute_result":
            new.execution_count = count
        if new.output_type == "error":
            new.traceback = []  # full of this machine's paths
        if outputs and new.get("name", "") == outputs[-1].get("name"):
            outputs[-1].text += new.text  # in pieces, since the machine was busy
        else:
            outputs.append(new)
    return outputs


def faults(notebook):
    """Yield (number of the cell or None, why) for all that is not as it should be."""
    plain = committed(notebook)
    if notebook.metadata != plain.metadata:
        yield None, "its metadata is not the common one"
    if len(notebook.cells) != len(plain.cells):
        yield None, "it has empty cells"
        return
    for number, (cell, wanted) in enumerate(
        zip(notebook.cells, plain.cells, strict=True), start=1
    ):
        for field in sorted(set(cell) | set(wanted)):
            if cell.get(field) != wanted.get(field):
                yield number, f"its {field} should be {wanted.get(field)!r:.120}"
        for output in wanted.get("outputs", []):
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            if output.get("name") == "stderr":
                yield number, f"it writes to stderr: {text!r:.120}"
            if address := ADDRESS.search(text):
                yield number, f"its output holds an address, {address[0]}"


def main(arguments=None):
    """Check or rewrite the notebooks named, or all of the book's."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    found = False
    for path in options.notebooks or sorted(BOOK.glob("*.ipynb")):
        text = path.read_text("utf-8")
        notebook = nbformat.reads(text, as_version=4)
        if not options.check:
            print(f"running {path}", flush=True)
            try:
                notebook = committed(run(notebook, path.parent))
            except CellExecutionError as error:
                print(f"{path}: {error}", file=sys.stderr)
                found = True
                continue
        wanted = nbformat.writes(notebook) + "\n"
        problems = list(faults(notebook))
        if options.check and not problems and text != wanted:
            problems = [(None, "its JSON is not as this script writes it")]
        for number, why in problems:
            cell = "" if number is None else f" cell {number}:"
            print(f"{path}:{cell} {why}", file=sys.stderr)
        found = found or bool(problems)
        if not options.check and text != wanted:
            path.write_text(wanted, "utf-8")
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
