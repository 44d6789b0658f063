"""Repairs to the theme's HTML, so that a screen reader lacks nothing.

The rest of them are templates, in the folder of that name.
"""

import html
import re

EMPTY_HEADING = re.compile(r'<th class="head[^"]*">(<p></p>)?</th>')
HEADING = re.compile(r'<th class="head.*?</th>', re.DOTALL)
FORMULA = re.compile(r'(<span class="katex-mathml")>(<math.*?</math>)', re.DOTALL)
TAG = re.compile(r"<[^>]*>")
UNNAMED = "<summary>"
NAMED = '<summary aria-label="Show or hide its pages">'


def name_toggles(app, pagename, templatename, context, doctree):
    """Name the arrows that unfold the table of contents."""
    generate = context["generate_toctree_html"]

    def generate_named(*args, **kwargs):
        return str(generate(*args, **kwargs)).replace(UNNAMED, NAMED)

    context["generate_toctree_html"] = generate_named


def unhead_corners(app, pagename, templatename, context, doctree):
    """Make the empty corner of a table a cell: a heading has to say something."""
    if "body" in context:
        context["body"] = EMPTY_HEADING.sub("<td></td>", context["body"])


def name_formula_heads(app, pagename, templatename, context, doctree):
    """Name the formulas in headings of tables: of MathML axe-core reads no word."""

    def name(match):
        text = html.escape(TAG.sub("", match[2]), quote=True)
        return f'{match[1]} role="math" aria-label="{text}">{match[2]}'

    if "body" in context:
        context["body"] = HEADING.sub(
            lambda match: FORMULA.sub(name, match[0]), context["body"]
        )


def setup(app):
    """Connect to Sphinx."""
    # Late, when the theme has put its generator into the context.
    app.connect("html-page-context", name_toggles, priority=900)
    app.connect("html-page-context", unhead_corners)
    app.connect("html-page-context", name_formula_heads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
