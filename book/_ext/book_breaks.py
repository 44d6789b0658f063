"""Lines that do not break between a short formula and the punctuation beside it."""

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

#: A longer formula may need its own breaks on a phone.
SHORT = 24
BEFORE = re.compile(r"[(“]+$")
AFTER = re.compile(r"^[,.;:!?)”]+")


class KeepTogether(SphinxPostTransform):
    """Wrap a formula together with the punctuation that touches it."""

    default_priority = 9
    formats = ("html",)

    def run(self, **kwargs):
        """Replace formula and punctuation by one piece that does not break."""
        for formula in list(self.document.findall(nodes.math)):
            if len(formula.astext()) > SHORT:
                continue
            siblings = formula.parent
            start = take(siblings, siblings.index(formula) - 1, BEFORE)
            end = take(siblings, siblings.index(formula) + 1, AFTER)
            if start or end:
                at = siblings.index(formula)
                whole = nodes.inline("", start, classes=["nn-whole"])
                siblings[at] = whole
                whole += [formula, nodes.Text(end)]


def take(siblings, at, pattern):
    """Cut what matches from the text at this place; return it, or an empty string."""
    text = siblings[at] if 0 <= at < len(siblings) else None
    found = pattern.search(text) if isinstance(text, nodes.Text) else None
    if found is None:
        return ""
    siblings[at] = nodes.Text(text[: found.start()] + text[found.end() :])
    return found[0]


def setup(app):
    """Connect to Sphinx."""
    app.add_post_transform(KeepTogether)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
