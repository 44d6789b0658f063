"""The hints and the solution of an exercise, folded, below the cell that checks it.

They are the same that `hint` and `solution` show. A notebook does not have them: the
page gets a cell of Markdown more, of which the cache of outputs does not know.
"""

import html
import json
import re

from sphinx.util import logging

from nnlib.exercises._find import find_exercise
from nnlib.exercises._help import help_for

logger = logging.getLogger(__name__)

CHECKED = re.compile(r"""\bcheck\(\s*["']([^"']*)["']""")


def folded(exercise):
    """Return all the help for an exercise, as Markdown in which each part unfolds.

    To a listener the summaries of a page would sound alike without the title.
    """
    title = html.escape(exercise.title)
    return "\n\n".join(
        f"<details><summary>{part.label}"
        f'<span class="nn-hidden"> for {title}</span></summary>\n\n'
        f"{part.markdown}\n\n</details>"
        for part in help_for(exercise)
    )


def add_help(app, docname, content):
    """Put the help below each cell of a notebook that calls `check`."""
    if not app.env.doc2path(docname).endswith(".ipynb"):
        return
    notebook = json.loads(content[0])
    cells = []
    for cell in notebook["cells"]:
        cells.append(cell)
        found = CHECKED.search("".join(cell["source"]))
        if cell["cell_type"] != "code" or not found:
            continue
        try:
            exercise = find_exercise(found[1])
        except ValueError as error:
            logger.warning("%s", error, location=docname)
            continue
        cells.append(
            {
                "cell_type": "markdown",
                "id": f"{cell['id']}-help",
                "metadata": {},
                "source": folded(exercise),
            }
        )
    notebook["cells"] = cells
    content[0] = json.dumps(notebook)


def setup(app):
    """Connect to Sphinx."""
    app.connect("source-read", add_help)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
