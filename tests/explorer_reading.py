"""Explorers and questions in a page, as a reader sees, moves and answers them."""

import json
import re
import subprocess
from contextlib import contextmanager

import pytest
import traitlets
from book_offline import node_binary
from explorer_examples import page_html
from playwright.sync_api import expect

from nnlib.explorers.scripts import module_script

#: In the page: what is read of an explorer, and its controls at a reader's hand.
HELPERS = """
window.readOut = (el) => ({
  caption: el.querySelector("caption")?.textContent,
  rows: [...el.querySelectorAll("tbody tr")].map(
    (row) => [...row.children].map((cell) => cell.textContent)),
});
window.slide = (el, name, index) => {
  const range = el.querySelector(`input[type=range][name=${name}]`);
  range.value = index;
  range.dispatchEvent(new Event("input", { bubbles: true }));
};
window.choose = (el, name, value) => {
  const select = el.querySelector(`select[name=${name}]`);
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
};
window.check = (el, values) => {
  for (const box of el.querySelectorAll("input[type=checkbox]")) {
    if (box.checked !== values.includes(box.value)) box.click();
  }
};
"""


class Figure:
    """One explorer in a page, as a reader sees and moves it."""

    def __init__(self, page, index=0, selector=".nn-explorer"):
        self.page = page
        self.root = page.locator(selector).nth(index)

    @property
    def drawing(self):
        return self.root.locator(".nn-drawing > svg")

    def slider(self, name):
        return self.root.locator(f"input[type=range][name={name}]")

    def run(self, script, *arguments):
        """Run a function of the page's element and of further arguments."""
        return self.root.evaluate(f"(el, given) => ({script})(el, ...given)", arguments)

    @property
    def rows(self):
        return self.run("readOut")["rows"]

    @property
    def caption(self):
        return self.run("readOut")["caption"]

    def reset(self):
        self.root.get_by_role("button", name="Reset").click()


def state_of(figure):
    """Return all that a reader can see of the state."""
    controls = """(el) => [...el.querySelectorAll("input, select")]
      .map((control) => [control.name, control.value, control.checked ?? null])"""
    return figure.run("readOut"), figure.run(controls)


def said(text):
    """Return words of a question as they are read, without marks of code."""
    return text.replace("`", "")


def expect_verdict(form, opening, words):
    expect(form.locator("[role=status]")).to_have_text(
        re.compile(f"^{re.escape(opening + said(words))}$")
    )
    state = {"Correct. ": "correct", "Not yet. ": "not-yet", "": "unread"}[opening]
    expect(form).to_have_attribute("data-verdict", state)


def answer(form, question, given):
    """Give an answer and submit it, by keyboard."""
    if question.choices:
        radio = form.get_by_role("radio").nth(list(question.choices).index(given))
        radio.check()
        radio.press("Enter")
    else:
        box = form.get_by_role("textbox")
        box.fill(given if isinstance(given, str) else repr(given))
        box.press("Enter")


def judge_every_answer(form, question):
    """Give every answer that a question foresees, and see what is said."""
    answer(form, question, question.answer)
    expect_verdict(form, "Correct. ", question.why)
    for given, word in question.wrong.items():
        answer(form, question, given)
        expect_verdict(form, "Not yet. ", word)


@contextmanager
def one_page(browser, folder):
    """Give what opens a page with an explorer; in the end none may have complained."""
    complaints = []
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_init_script(HELPERS)
        context.on("console", lambda message: complaints.append(message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = context.new_page()

        def show(explorer, fragment="", width=1280):
            file = folder / "page.html"
            file.write_text(page_html(explorer), "utf-8")
            page.set_viewport_size({"width": width, "height": 900})
            page.goto("about:blank")
            page.goto(file.as_uri() + fragment)
            return Figure(page)

        yield show
    assert not complaints


def on_a_phone(show, explorer, width=360):
    """Show an explorer as wide as a phone's page of the book does, in a wide font."""
    figure = show(explorer, width=width)
    figure.page.add_style_tag(
        content="body { font-family: DejaVu Sans, Verdana, sans-serif !important; }"
    )
    assert figure.run("(el) => el.querySelector('.nn-drawing').clientWidth") == (
        width - 66
    )
    return figure


def overhang(figure):
    """Return by how many pixels a table of read-outs is wider than the drawing."""
    return figure.run("""(el) => {
      const [table, drawing] = [".nn-readout table", ".nn-drawing"]
        .map((name) => el.querySelector(name).getBoundingClientRect());
      return table.right - drawing.right;
    }""")


def refused(make, state, said):
    """See that a state is refused, when it is made and when it is set."""
    with pytest.raises(traitlets.TraitError, match=said):
        make(**state)
    ((name, value),) = state.items()
    explorer = make()
    before = getattr(explorer, name)
    with pytest.raises(traitlets.TraitError, match=said):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before


def module_of(name):
    """Return the source of an explorer's module, whose export is named `exported`."""
    return module_script(name).replace("export default", "const exported =")


def in_node(name, expression, data):
    """Return what Node makes of an expression of an explorer's module and `data`.

    Besides all that the module defines, `exported` is there.
    """
    script = f"{module_of(name)}\nconst data = {json.dumps(data)};\n"
    script += f"console.log(JSON.stringify({expression}));"
    ran = subprocess.run(
        [node_binary(), "--input-type=module", "-"],
        input=script,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return json.loads(ran.stdout)
