"""Lean markup: what formulas, figures and code repeat many times is said once.

A chapter has hundreds of formulas, each with dozens of elements. Written out, their
classes and styles are the largest part of the page, and none of it is to be read.
"""

import re
from functools import cache
from pathlib import Path

STYLE_SHEET = Path(__file__).parent / "static" / "katex" / "katex.min.css"
#: Names by which the book's own style and scripts know formulas.
KEPT = {"katex", "katex-display", "katex-error", "katex-html", "katex-mathml", "tag"}
#: What code consists of for the most part, in the colour that it has anyway.
NEUTRAL = ("n", "nn", "p", "w")
#: And operators and numbers: what they are, their shape says.
PLAIN = (*NEUTRAL, "o", "mi", "mf")
PLAIN_CODE = re.compile(rf'<span class="(?:{"|".join(PLAIN)})">([^<]*)</span>')
CLASS = re.compile(r"\.([A-Za-z][\w-]*)")
BARE = re.compile(r"<span>([^<]+)</span>")
CLASSES = re.compile(r'<span class="([^"]*)"')
#: KaTeX's source, what HTML knows without being told, and how MathML would look that
#: is there to be read aloud.
NEEDLESS = re.compile(
    r'<annotation .*?</annotation>|</?semantics>| xmlns="[^"]*"'
    r"| (?:stretchy|separator|fence|accent|minsize|maxsize|scriptlevel|displaystyle"
    r'|columnalign|columnspacing|rowspacing)="[^"]*"',
    re.DOTALL,
)
TAG = re.compile(r"<(?:span|svg|g|path|use|text|tspan)\b[^>]*>")
STYLE_OF_TAG = re.compile(r' style="([^"]*)"')
CLASS_OF_TAG = re.compile(r' class="([^"]*)"')
#: A class of a formula, of a style or of code; these are thousands, and need no quotes.
QUOTED = re.compile(
    r' class="([k_][0-9a-f]+|[a-z][a-z0-9]?|katex(?:-html|-mathml)?|math|pre)"(?=[ >])'
)


@cache
def short_names():
    """Return the short name of every class that KaTeX's style sheet speaks of."""
    sheet = re.sub(r"url\([^)]*\)", "", STYLE_SHEET.read_text("utf-8"))
    names = sorted(set(CLASS.findall(sheet)) - KEPT)
    return {name: f"k{i:x}" for i, name in enumerate(names)}


def lean_sheet():
    """Return KaTeX's style sheet with the short names."""
    short = short_names()

    def rename(match):
        return f".{short.get(match[1], match[1])}"

    parts = re.split(r"(url\([^)]*\))", STYLE_SHEET.read_text("utf-8"))
    return "".join(p if p.startswith("url(") else CLASS.sub(rename, p) for p in parts)


def lean_formula(html):
    """Return KaTeX's HTML with short names, without what does nothing."""
    short = short_names()

    def rename(match):
        names = [n if n in KEPT else short.get(n) for n in match[1].split()]
        names = " ".join(filter(None, names))
        return f'<span class="{names}"' if names else "<span"

    return BARE.sub(r"\1", CLASSES.sub(rename, NEEDLESS.sub("", html)))


def lean_page(body):
    """Return the page's HTML with classes for styles, and the rules of these."""
    rules = {}

    def name_style(match):
        tag = match[0]
        style = STYLE_OF_TAG.search(tag)
        if style is None:
            return tag
        name = rules.setdefault(style[1].strip("; "), f"_{len(rules):x}")
        tag = tag.replace(style[0], "")
        if known := CLASS_OF_TAG.search(tag):
            return tag.replace(known[0], f' class="{known[1]} {name}"')
        return re.sub(r"^<\w+", rf'\g<0> class="{name}"', tag)

    body = TAG.sub(name_style, PLAIN_CODE.sub(r"\1", body))
    body = QUOTED.sub(r" class=\1", body)
    # As weighty as a style attribute, which yields to no rule of a sheet either.
    css = "".join(
        f".{name}{{{style.replace(';', '!important;')}!important}}"
        for style, name in rules.items()
    )
    return body, css


def lighten(app, pagename, templatename, context, doctree):
    """Write this page in lean markup."""
    if "body" in context:
        context["body"], css = lean_page(context["body"])
        if css:
            context["metatags"] = f"{context.get('metatags', '')}<style>{css}</style>"


def write_sheet(app, exception):
    """Put the renamed style sheet into the place of KaTeX's own."""
    if exception is None and app.builder.format == "html":
        target = Path(app.outdir) / "_static" / "katex" / STYLE_SHEET.name
        target.write_text(lean_sheet(), "utf-8")


def setup(app):
    """Connect to Sphinx."""
    app.connect("html-page-context", lighten, priority=900)  # when the body is done
    app.connect("build-finished", write_sheet)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
