"""Explorers in the built pages: a script of those that a page has, and their style."""

import re
from pathlib import Path

from nnlib.explorers.scripts import page_script, style_sheet

SHEET = "explorers.css"
MARK = re.compile(r'class="nn-explorer" data-explorer="(\w+)"')
HIDDEN = 'class="nn-hidden"'  # of the folded hints, too


def write_sheet(app):
    """Write the style sheet, whose one source is nnlib's."""
    folder = Path(app.outdir) / "_static"
    (folder / "explorers").mkdir(parents=True, exist_ok=True)
    (folder / SHEET).write_text(style_sheet(palette=False), "utf-8")


def link_files(app, pagename, templatename, context, doctree):
    """Link the sheet and a script from a page that has an explorer."""
    body = context.get("body", "")
    names = sorted(set(MARK.findall(body)))
    if names or HIDDEN in body:
        app.add_css_file(SHEET)
    if names:
        script = f"explorers/{Path(pagename).name}.js"
        path = Path(app.outdir) / "_static" / script
        path.write_text(page_script(names), "utf-8")
        app.add_js_file(script, loading_method="defer")


def setup(app):
    """Connect to Sphinx."""
    app.connect("builder-inited", write_sheet)
    app.connect("html-page-context", link_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
