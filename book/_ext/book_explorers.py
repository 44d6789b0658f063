"""Explorers in the built pages: one script and one style sheet, where needed."""

from pathlib import Path

from nnlib.explorers.scripts import page_script, style_sheet

NAME = "explorers"
MARK = 'class="nn-explorer"'
HIDDEN = 'class="nn-hidden"'  # of the folded hints, too


def write_files(app):
    """Write the script and the style sheet, whose one source is nnlib's."""
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.js").write_text(page_script(), "utf-8")
    (folder / f"{NAME}.css").write_text(style_sheet(palette=False), "utf-8")


def link_files(app, pagename, templatename, context, doctree):
    """Link them from a page that has an explorer."""
    body = context.get("body", "")
    if MARK in body or HIDDEN in body:
        app.add_css_file(f"{NAME}.css")
    if MARK in body:
        app.add_js_file(f"{NAME}.js", loading_method="defer")


def setup(app):
    """Connect to Sphinx."""
    app.connect("builder-inited", write_files)
    app.connect("html-page-context", link_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
