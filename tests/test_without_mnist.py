"""Without MNIST and without a network, the digits at hand serve, and say so."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
LOADS = "load_mnist("
NOTEBOOKS = [
    path
    for path in sorted((ROOT / "book").glob("*.ipynb"))
    if LOADS in path.read_text("utf-8")  # the others have no data to do without
]
SECONDS_PER_CELL = 120


def test_there_are_notebooks_that_load_the_data():
    assert {"mnist", "activations"} <= {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_on_the_digits_alone(path, tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "NNLIB_DATA"}
    environment["NNLIB_CACHE"] = str(tmp_path)
    environment["TQDM_DISABLE"] = "1"
    # Nobody listens on the discard port, so every download is refused at once.
    environment["HTTPS_PROXY"] = environment["HTTP_PROXY"] = "http://127.0.0.1:9"
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS_PER_CELL,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env=environment)
    printed = "".join(
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream"
    )
    assert "scikit-learn's 1,797 digits" in printed
