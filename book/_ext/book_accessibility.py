"""Repairs to the theme's HTML, so that a screen reader lacks nothing.

The rest of them are templates, in the folder of that name.
"""

UNNAMED = "<summary>"
NAMED = '<summary aria-label="Show or hide its pages">'


def name_toggles(app, pagename, templatename, context, doctree):
    """Name the arrows that unfold the table of contents."""
    generate = context["generate_toctree_html"]

    def generate_named(*args, **kwargs):
        return str(generate(*args, **kwargs)).replace(UNNAMED, NAMED)

    context["generate_toctree_html"] = generate_named


def setup(app):
    """Connect to Sphinx."""
    # Late, when the theme has put its generator into the context.
    app.connect("html-page-context", name_toggles, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
