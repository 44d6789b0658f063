"""Figures as part of the page: inline SVG in the colours of the page's own mode."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from nnlib.explorers.style import PALETTE, css_variables

logger = logging.getLogger(__name__)

#: CSS pixels to a point of matplotlib's: 4/3, and a fifth more on a wide column.
SCALE = 4 / 3 * 1.2
#: At this part of its natural width a figure's text is still 9 px tall; narrower than
#: that it does not get, but scrolls sideways in its own box.
NARROWEST = 0.6
DROPPED = {"metadata", "style"}  # matplotlib's style would speak to the whole page
LINK = "{http://www.w3.org/1999/xlink}href"
COLOURS = {light: f"var(--nn-{name})" for name, (light, _) in PALETTE.items()}
COLOUR = re.compile("|".join(COLOURS), re.IGNORECASE)
DECIMALS = re.compile(r"(\d+\.\d{2})\d+")
#: Of a curve of many points a tenth of a point is exact enough.
LONG, TENTHS = 300, re.compile(r"(\d\.\d)\d")
FAMILY = re.compile(r"font-family:[^;]*;?\s*")  # the page's own serves
NO_TURN = re.compile(r"rotate\(-?0(\.0*)? [^()]*\)")


def inline_svg(source, alt, prefix):
    """Return `source`, an SVG file's text, as HTML to stand in a page.

    Palette colours become CSS variables. Ids that something refers to get `prefix`,
    so that two figures of a page cannot share one; all others go.
    """
    root = ET.fromstring(source)
    used = set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", source))
    used = {name for pair in used for name in pair if name}
    clean(root, used, prefix)
    width, height = (float(v) for v in root.get("viewBox").split()[2:])
    root.attrib.clear()
    root.attrib.update(
        {"viewBox": f"0 0 {width:g} {height:g}", "role": "img", "aria-label": alt}
    )
    natural, narrowest = width * SCALE, width * SCALE * NARROWEST
    root.set("style", f"width:{natural:.0f}px;min-width:{narrowest:.0f}px")
    svg = ET.tostring(root, encoding="unicode", short_empty_elements=True)
    return f'<div class="nn-figure">{svg}</div>'


def clean(element, used, prefix):
    """Strip and rename, below `element`, what `inline_svg` promises."""
    element.tag = element.tag.rpartition("}")[2]
    for name, value in list(element.attrib.items()):
        del element.attrib[name]
        if name == "id":
            if value not in used:
                continue
            value = prefix + value
        elif name == LINK:
            name = "href"
        elif name == "transform" and not (value := NO_TURN.sub("", value).strip()):
            continue
        if name == "href":
            value = re.sub("^#", f"#{prefix}", value)
        if not value.startswith("data:"):
            value = value.replace("url(#", f"url(#{prefix}")
            value = COLOUR.sub(lambda match: COLOURS[match[0].lower()], value)
            value = DECIMALS.sub(r"\1", value)
            if name == "style":
                value = FAMILY.sub("", value)
            elif name == "d":
                value = " ".join(value.split())
                if len(value) > LONG:
                    value = TENTHS.sub(r"\1", value)
        # Presentation attributes know no variables; the same words in a style do.
        if "var(" in value and name != "style":
            element.set("style", f"{name}:{value};{element.get('style', '')}")
        else:
            element.set(name, value)
    for child in list(element):
        if child.tag.rpartition("}")[2] in DROPPED:
            element.remove(child)
        else:
            clean(child, used, prefix)
            if child.tag == "g" and not child.attrib:  # a group that does nothing
                place = list(element).index(child)
                element[place : place + 1] = list(child)
    if element.tag != "text" and not (element.text or "").strip():
        element.text = None
    element.tail = None if element.tag != "tspan" else element.tail


class InlineFigures(SphinxPostTransform):
    """Put a notebook's SVG outputs into the page, and ask every image for its alt."""

    # After myst-nb has chosen one form of each output, before images are copied.
    default_priority = 8
    formats = ("html",)

    def run(self, **kwargs):
        """Replace the images of this document."""
        for count, image in enumerate(list(self.document.findall(nodes.image))):
            if "jupyter_execute" not in image["uri"]:
                continue
            alt = image.get("alt", "").strip()
            if not alt:
                logger.warning("a figure without alt text", location=image)
            if image["uri"].endswith(".svg"):
                path = Path(self.app.srcdir) / image["uri"].lstrip("/")
                html = inline_svg(path.read_text("utf-8"), alt, f"figure-{count}-")
                image.replace_self(nodes.raw("", html, format="html"))


def write_palette(app):
    """Write the palette's style sheet, whose one source is nnlib's."""
    sheet = Path(app.outdir) / "_static" / "palette.css"
    sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet.write_text(css_variables())
    app.add_css_file(sheet.name)


def setup(app):
    """Connect to Sphinx."""
    app.connect("builder-inited", write_palette)
    app.add_post_transform(InlineFigures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
