"""In JupyterLab: explorers and Python move each other, and the notebook goes on."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request

import nbformat
import numpy as np
import psutil
import pytest
from explorer_examples import NUMBER, decimals, printed
from explorer_reading import HELPERS, Figure, answer, expect_verdict
from playwright.sync_api import expect

from nnlib.activations import ReLU

SECONDS = 60  # for JupyterLab to start, and for a cell to run
OPTIONS = [
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",  # one that is free
    "--IdentityProvider.token=",
    # It shall ask nobody for news, and nobody for extensions.
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
]
SETTINGS = {
    # No request for leave to fetch news, and every cell in the page at once.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
CELLS = {
    "explorer": """from nnlib.explorers.activation import ActivationExplorer

explorer = ActivationExplorer(functions=["ReLU"], x=0.5)
explorer""",
    "read": "print(explorer.x, explorer.functions)",
    "assign": "explorer.x = -2.0",
    "paper": """import numpy as np

from nnlib import mlp
from nnlib.explorers.draw_digit import DrawDigitExplorer

model = mlp([784, 16, 10], rng=np.random.default_rng(0))
paper = DrawDigitExplorer(model)
paper""",
    "strokes": "print(paper.strokes)",
    "draw": "paper.strokes = '80287888'",
    "question": """from nnlib.exercises._bank import Question
from nnlib.explorers.question import QuestionCard

QuestionCard(Question("a/number", QUESTION, computed=None))""",
    "limit": """from dataclasses import replace

from nnlib.exercises import _check, check
from nnlib.exercises._find import find_exercise

patient = find_exercise("activations/dead-fraction")
_check.find_exercise = lambda id: replace(patient, seconds=1.0)""",
    "endless": """def dead_fraction(z):
    while True:
        pass


check("activations/dead-fraction", dead_fraction)""",
    "next": 'print("the notebook goes on")',
}


def write_notebook(path):
    """Write the notebook that the tests open."""
    asked = {"text": NUMBER.text, "answer": NUMBER.answer, "why": NUMBER.why}
    more = {"wrong": NUMBER.wrong, "otherwise": NUMBER.otherwise}
    question = ", ".join(f"{k}={v!r}" for k, v in (asked | more).items())
    cells = [
        nbformat.v4.new_code_cell(source.replace("QUESTION", question), id=name)
        for name, source in CELLS.items()
    ]
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": python})
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Start a JupyterLab that knows no one's settings, and end it for certain."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "root").mkdir()
    write_notebook(folder / "root" / "live.ipynb")
    settings = folder / "settings" / "@jupyterlab"
    for name, values in SETTINGS.items():
        file = settings / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    environment = {k: v for k, v in os.environ.items() if k != "NNLIB_BOOK"} | {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
        "NNLIB_PROGRESS": str(folder / "progress.json"),
        "PYTHONWARNINGS": "",
    }
    command = [sys.executable, "-m", "jupyterlab", *OPTIONS]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, f"--ServerApp.root_dir={folder / 'root'}"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield wait_for_address(server, folder)
    finally:
        stop(server)


def wait_for_address(server, folder):
    """Return the address of a server, once it answers there."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and server.poll() is None:
        for file in (folder / "runtime").glob(f"jpserver-{server.pid}.json"):
            try:
                port = json.loads(file.read_text())["port"]
                address = f"http://127.0.0.1:{port}"
                with urllib.request.urlopen(f"{address}/api/status", timeout=5):
                    return address
            except (OSError, ValueError):  # half written, or not yet there to answer
                pass
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{(folder / 'log').read_text()[-3000:]}")


def stop(server):
    """End a server and all that it started."""
    if server.poll() is not None:
        return
    kernels = psutil.Process(server.pid).children(recursive=True)
    server.terminate()
    try:
        server.wait(15)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    _, alive = psutil.wait_procs(kernels, timeout=5)
    for process in alive:
        process.kill()


class Notebook:
    """The notebook in JupyterLab, cell by cell."""

    def __init__(self, page):
        self.page = page

    def cell(self, name):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(list(CELLS).index(name))

    def run(self, name):
        """Run a cell, wait for its end, and return what it printed."""
        cell = self.cell(name)
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(
            """([prompt, before]) => {
              const text = prompt.innerText;
              return text !== before && /\\d/.test(text);
            }""",
            arg=[prompt.element_handle(), before],
            timeout=SECONDS * 1000,
        )
        return self.printed(name)

    def printed(self, name):
        texts = self.cell(name).locator(".jp-OutputArea-output").all_inner_texts()
        return "\n".join(texts).strip()


@pytest.fixture(scope="module")
def notebook(lab, browser):
    """Open the notebook and run all of its cells from the menu."""
    requests = []
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        context.add_init_script(HELPERS)
        context.on("request", lambda request: requests.append(request.url))
        page = context.new_page()
        page.goto(f"{lab}/lab/tree/live.ipynb")
        page.get_by_text("| Idle").wait_for(timeout=SECONDS * 1000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        opened = Notebook(page)
        expect(opened.cell("next").locator(".jp-OutputArea-output")).to_have_text(
            "the notebook goes on\n", timeout=SECONDS * 1000
        )
        yield opened
    own = (lab, lab.replace("http", "ws"), "data:", "blob:")
    assert not [url for url in requests if not url.startswith(own)]


@pytest.fixture
def figure(notebook):
    """Return the explorer of the notebook, as it was in the beginning."""
    found = Figure(notebook.page, selector=".jp-OutputArea .nn-frame:has(svg)")
    found.reset()
    expect_read(found, 0.5)
    return found


def expect_read(figure, x):
    """Wait until x is read in the explorer, and see that ReLU there is nnlib's."""
    expect(figure.root.locator("caption")).to_have_text(f"At x = {decimals(x, 2)}")
    relu = ReLU()
    value, slope = relu(np.array([x]))[0], relu.backward(np.ones(1))[0]
    flat = "yes" if abs(slope) < 0.1 else "no"
    assert figure.rows == [["ReLU", printed(value), printed(slope), flat]]


def test_an_explorer_is_drawn_in_the_notebook(figure):
    assert figure.drawing.locator("path").count() > 10
    assert figure.drawing.bounding_box()["width"] > 280
    assert figure.slider("x").get_attribute("aria-valuetext") == "0.50"


def test_a_slider_moves_the_value_of_python(figure, notebook):
    assert notebook.run("read") == "0.5 ['ReLU']"
    figure.slider("x").press("ArrowRight")
    expect_read(figure, 0.55)
    assert notebook.run("read") == "0.55 ['ReLU']"
    figure.slider("x").press("Home")
    expect_read(figure, -6.0)
    assert notebook.run("read") == "-6.0 ['ReLU']"


def test_a_checkbox_changes_the_list_of_python(figure, notebook):
    figure.root.get_by_role("checkbox", name="Tanh", exact=True).press("Space")
    expect(figure.root.locator("tbody tr")).to_have_count(2)
    assert notebook.run("read") == "0.5 ['Tanh', 'ReLU']"


def test_a_drag_moves_the_value_of_python(figure, notebook):
    figure.root.scroll_into_view_if_needed()
    unit = (float(figure.drawing.get_attribute("width")) - 50) / 12
    box = figure.root.locator(".nn-handle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = notebook.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 3 * unit, y, steps=10)
    mouse.up()
    expect_read(figure, 3.5)
    assert notebook.run("read") == "3.5 ['ReLU']"


def test_an_assignment_in_python_moves_the_slider(figure, notebook):
    notebook.run("assign")
    expect_read(figure, -2.0)
    assert figure.slider("x").get_attribute("aria-valuetext") == "−2.00"
    assert figure.slider("x").input_value() == "80"
    assert notebook.run("read") == "-2.0 ['ReLU']"


def test_reset_resets_the_value_of_python(figure, notebook):
    notebook.run("assign")
    expect_read(figure, -2.0)
    figure.reset()
    expect_read(figure, 0.5)
    assert notebook.run("read") == "0.5 ['ReLU']"


def test_arrow_keys_on_a_slider_do_not_change_the_cell(figure, notebook):
    active = """() => [...document.querySelectorAll(".jp-Notebook .jp-Cell")]
      .map((cell) => cell.classList.contains("jp-mod-active"))"""
    figure.slider("x").click()
    before = notebook.page.evaluate(active)
    assert before.count(True) == 1
    figure.slider("x").press("Home")
    for key in ("ArrowDown", "ArrowUp", "PageUp", "ArrowRight", "ArrowRight"):
        notebook.page.keyboard.press(key)
    expect(figure.slider("x")).to_be_focused()
    assert notebook.page.evaluate(active) == before
    assert float(figure.slider("x").input_value()) > 2


def test_keys_draw_on_paper_and_do_not_change_the_cell(notebook):
    root = notebook.cell("paper").locator(".nn-frame")
    paper = root.get_by_role("application")
    root.scroll_into_view_if_needed()
    notebook.cell("paper").locator(".cm-content").click()
    root.get_by_role("button", name="Clear").click()
    expect(root.locator("tbody tr")).to_have_count(0)
    paper.focus()
    active = """() => [...document.querySelectorAll(".jp-Notebook .jp-Cell")]
      .map((cell) => cell.classList.contains("jp-mod-active"))"""
    before = notebook.page.evaluate(active)
    for key in (" ", "ArrowDown", "ArrowDown", "Home", "ArrowUp", "End", " "):
        notebook.page.keyboard.press(key)
    expect(paper).to_be_focused()
    assert notebook.page.evaluate(active) == before
    expect(root.locator("tbody tr")).to_have_count(10)
    assert notebook.run("strokes") == "80808090788878807088"


def test_a_mouse_draws_what_python_reads_and_python_draws(notebook):
    root = notebook.cell("paper").locator(".nn-frame")
    root.get_by_role("button", name="Reset").click()
    expect(root.locator("tbody tr")).to_have_count(0)
    paper = root.get_by_role("application")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 40, box["y"] + 40)
    mouse.down()
    mouse.move(box["x"] + 90, box["y"] + 190, steps=15)
    mouse.up()
    expect(root.locator("tbody tr")).to_have_count(10)
    first = notebook.run("strokes")
    assert re.fullmatch("([0-9a-f]{4}){2,5}", first)
    notebook.run("draw")
    expect(root.locator("caption")).to_contain_text("It reads")
    assert notebook.run("strokes") == "80287888"
    stroke = root.locator(".nn-drawing svg svg path").last
    assert stroke.get_attribute("d").count("L") == 1


def test_a_quick_question_is_judged_in_the_notebook(notebook):
    card = notebook.page.get_by_role("group", name="Quick question")
    form = card.locator("form")
    answer(form, NUMBER, "1/4")
    expect_verdict(form, "Correct. ", NUMBER.why)
    answer(form, NUMBER, "0.5")
    expect_verdict(form, "Not yet. ", NUMBER.wrong[0.5])


def test_enter_in_a_quick_question_runs_no_cell_and_letters_are_no_commands(notebook):
    """In a notebook, "a" adds a cell, "dd" takes one away, and Enter edits."""
    form = notebook.page.locator("form.nn-question")
    box = form.get_by_role("textbox")
    box.click()
    box.press_sequentially("abdd")
    box.press("Enter")
    expect(form).to_have_attribute("data-verdict", "unread")
    assert box.input_value().endswith("abdd")
    assert notebook.page.locator(".jp-Notebook .jp-Cell").count() == len(CELLS)


def test_shift_enter_in_a_quick_question_runs_its_cell(notebook):
    prompt = notebook.cell("question").locator(".jp-InputPrompt")
    before = prompt.inner_text()
    notebook.page.locator("form.nn-question input").press("Shift+Enter")
    expect(prompt).not_to_have_text(before)
    expect(prompt).to_have_text(re.compile(r"\d"))
    expect(notebook.page.locator("form.nn-question input")).to_have_value("")


def test_explorers_of_a_notebook_share_no_id(notebook):
    """Each loads a script of its own, and none knows of the others."""
    ids = """() => [...document.querySelectorAll(".nn-frame [id]")]
      .map((element) => element.id)"""
    found = notebook.page.evaluate(ids)
    assert len(found) > 4
    assert len(found) == len(set(found))


def test_an_endless_loop_gets_its_verdict_and_the_next_cell_runs(notebook):
    assert "did not end within 1 second" in notebook.run("endless")
    assert notebook.run("next") == "the notebook goes on"
