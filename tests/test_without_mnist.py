"""Without MNIST and without a network, the digits at hand serve, and say so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOADS = "load_mnist("
NOTEBOOKS = [
    path
    for path in sorted((ROOT / "book").glob("*.ipynb"))
    if LOADS in path.read_text("utf-8")  # the others have no data to do without
]
SECONDS = 300
#: As plain Python, which draws no figure: nbval has seen that cells run in a kernel.
RUN = """import sys, nbformat
names = {"__name__": "__main__"}
for cell in nbformat.read(sys.argv[1], as_version=4).cells:
    if cell.cell_type == "code":
        exec(compile(cell.source, cell.id, "exec"), names)
"""


def test_there_are_notebooks_that_load_the_data():
    assert {"mnist", "activations"} <= {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_on_the_digits_alone(path, tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "NNLIB_DATA"}
    environment["NNLIB_CACHE"] = str(tmp_path)
    environment |= {"TQDM_DISABLE": "1", "MPLBACKEND": "agg"}
    # Nobody listens on the discard port, so every download is refused at once.
    environment["HTTPS_PROXY"] = environment["HTTP_PROXY"] = "http://127.0.0.1:9"
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(path)],
        cwd=path.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert "scikit-learn's 1,797 digits" in ran.stdout
