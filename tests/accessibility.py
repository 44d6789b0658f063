"""What axe-core finds in a page: light and dark, on a wide and a narrow screen."""

from pathlib import Path

import axe_playwright_python

AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text()
RULES = {"label-content-name-mismatch": {"enabled": True}}  # off by default
NO_CONTRAST = {"color-contrast": {"enabled": False}}  # does not depend on the width
WIDE, NARROW = 1280, 360
HEIGHT = 900

#: Contrast takes most of axe's time, so it sees of code one word of each colour, and
#: neither formulas (one colour) nor figures (their colours have a test of their own).
THIN_OUT = """() => {
  document.querySelectorAll(".katex-html, .nn-figure g").forEach((e) => e.remove());
  const seen = new Set();
  for (const word of document.querySelectorAll("pre span")) {
    if (seen.has(word.className)) word.replaceWith(...word.childNodes);
    seen.add(word.className);
  }
}"""
RUN_AXE = """(options) => axe.run({ ...options, preload: false }).then((report) =>
  report.violations.flatMap((fault) =>
    fault.nodes.map((node) => `${fault.id}: ${node.html.slice(0, 200)}`)))"""
TWO_FRAMES = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done)))"""
SET_SCHEME = "(scheme) => { document.documentElement.dataset.theme = scheme; }"


def set_width(page, width):
    """Give the page's window another width, and wait until all is drawn for it."""
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.evaluate(TWO_FRAMES)


def faults_in(page):
    """Return all that axe finds in an open page, which it leaves thinned out."""
    faults = []
    page.evaluate(AXE)
    for width in (WIDE, NARROW):
        set_width(page, width)
        found = page.evaluate(RUN_AXE, {"rules": RULES | NO_CONTRAST})
        faults += [f"{width} px: {fault}" for fault in found]
    page.evaluate(THIN_OUT)
    set_width(page, WIDE)
    for scheme in ("light", "dark"):
        page.evaluate(SET_SCHEME, scheme)
        found = page.evaluate(RUN_AXE, {"runOnly": ["color-contrast"]})
        faults += [f"{scheme}: {fault}" for fault in found]
    return faults
