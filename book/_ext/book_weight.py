"""Pages that load quickly: of the theme's style sheet and icons, what the book uses.

The theme brings the rules and the glyphs of 1,400 icons and of all of Bootstrap, half
a megabyte that every reader would load for the sake of a dozen icons.
"""

import logging
import re
from pathlib import Path

from fontTools import subset

#: Style sheets of others; that of the theme, with its icons, needs more care.
SHEETS = (
    "basic.css",
    "pygments.css",
    "mystnb.*.css",
    "katex/katex.min.css",
    "styles/sphinx-book-theme.css",
)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
WORD = re.compile(r"[\w-]+")
CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
RULE = re.compile(r"([^{}@;]+)\{([^{}]*)\}")
EMPTY_BLOCK = re.compile(r"@(?:media|supports)[^{}]*\{\s*\}")
BRACKETS = re.compile(r"\([^()]*\)|\[[^\]]*\]|\\.")
ICON = re.compile(r'content:"\\([ef][0-9a-f]{3})"')
ICON_FONT = re.compile(r'url\(([^)]*fa-solid-900)\.woff2\) format\("woff2"\),[^;}]*')


def used_rules(css, words):
    """Return the rules with a selector that `words` may let apply."""

    def keep(match):
        used = any(may_apply(selector, words) for selector in top_level(match[1]))
        return match[0] if used else ""

    return EMPTY_BLOCK.sub("", RULE.sub(keep, css))


def top_level(selectors):
    """Return the selectors of a list, without what stands in brackets."""
    while selectors != (bare := BRACKETS.sub("", selectors)):
        selectors = bare
    return selectors.split(",")


def may_apply(selector, words):
    """Say whether every class that a selector asks for is among `words`."""
    return words.issuperset(CLASS.findall(selector))


def words_of(site):
    """Return every word of the pages and scripts, and so every class they can use."""
    texts = [path for ending in ("html", "js") for path in site.rglob(f"*.{ending}")]
    return {word for path in texts for word in WORD.findall(path.read_text("utf-8"))}


def lighten(app, exception):
    """Prune the style sheets, and the icon font to the icons that are left."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    words = words_of(Path(app.outdir))
    for sheet in (sheet for name in SHEETS for sheet in static.glob(name)):
        css = COMMENT.sub("", sheet.read_text("utf-8"))
        sheet.write_text(used_rules(css, words), "utf-8")
    sheet = static / "styles" / "pydata-sphinx-theme.css"
    css = used_rules(sheet.read_text("utf-8"), words)
    # woff and not woff2, whose compression Python cannot do by itself.
    sheet.write_text(ICON_FONT.sub(r'url(\1.woff) format("woff")', css), "utf-8")

    font = static / "vendor" / "fontawesome" / "webfonts" / "fa-solid-900.ttf"
    options = subset.Options(flavor="woff", layout_features=[])
    loaded = subset.load_font(font, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[int(code, 16) for code in ICON.findall(css)])
    subsetter.subset(loaded)
    subset.save_font(loaded, font.with_suffix(".woff"), options)


def setup(app):
    """Connect to Sphinx."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    app.connect("build-finished", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
