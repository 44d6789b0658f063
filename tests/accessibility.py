"""What axe-core finds in a page: light and dark, on a wide and a narrow screen."""

from pathlib import Path

import axe_playwright_python

AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text()
RULES = {"label-content-name-mismatch": {"enabled": True}}  # off by default
NO_CONTRAST = {"color-contrast": {"enabled": False}}  # does not depend on the width
WIDE, NARROW = 1280, 360
HEIGHT = 900

#: Formulas and the coloured words of code are most of a page's elements. Of formulas,
#: all made by one generator, a few of each kind stand for the others (those in headings
#: of tables have names to look at), and of words the first of each class.
KEPT_FORMULAS = 5
THIN_OUT = f"""() => {{
  const seen = new Set();
  for (const word of document.querySelectorAll(".highlight pre span")) {{
    const kind = word.className + word.closest("div:not(.highlight)").className;
    if (seen.has(kind)) word.replaceWith(...word.childNodes);
    seen.add(kind);
  }}
  for (const kind of [".katex-display > .katex", ":not(.katex-display) > .katex"]) {{
    const all = [...document.querySelectorAll(kind)].filter((e) => !e.closest("th"));
    all.slice({KEPT_FORMULAS}).forEach((e) => e.replaceWith("formula"));
  }}
}}"""
#: Contrast takes axe long, so it sees neither formulas (one colour) nor figures (their
#: colours have a test of their own), and of all texts that look alike, both in light
#: and in dark, the first; and no element that is left without a text. It takes colours
#: as they are, so none may be on its way from light to dark.
AT_ONCE = "* { transition: none !important; animation: none !important; }"
DROP_FORMULAS_AND_FIGURES = """() => {
  document.querySelectorAll(".katex").forEach((e) => e.replaceWith("formula"));
  document.querySelectorAll(".nn-figure g").forEach((e) => e.remove());
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  window.texts = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.data.trim()) window.texts.push({ node, looks: "" });
  }
}"""
NOTE_LOOKS = """() => {
  const clear = "rgba(0, 0, 0, 0)";
  window.texts = window.texts.filter(({ node }) => node.isConnected);  // may be redrawn
  for (const text of window.texts) {
    const own = getComputedStyle(text.node.parentElement);
    text.looks += [own.color, own.fontSize, own.fontWeight, own.display].join();
    let [behind, opacity] = [clear, 1];
    for (let e = text.node.parentElement; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      opacity *= style.opacity;
      if (behind === clear) behind = style.backgroundColor + style.backgroundImage;
      if (behind.startsWith(clear) && behind.endsWith("none")) behind = clear;
    }
    text.looks += behind + opacity;
  }
}"""
KEEP_ONE_OF_EACH_LOOK = """() => {
  const seen = new Set();
  for (const { node, looks } of window.texts) {
    if (seen.has(looks)) node.data = " ";
    seen.add(looks);
  }
  const fields = "input, select, textarea";  // have a text that is no node
  for (const element of document.querySelectorAll("body *")) {
    const bare = !element.textContent.trim();
    if (bare && !element.matches(fields) && !element.querySelector(fields)) {
      element.remove();
    }
  }
  return [window.texts.length, seen.size];
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

    def look(where, options):
        faults.extend(f"{where}: {fault}" for fault in page.evaluate(RUN_AXE, options))

    page.evaluate(AXE)
    # What a narrow screen changes about formulas is that they scroll.
    set_width(page, NARROW)
    look(NARROW, {"runOnly": ["scrollable-region-focusable"]})
    page.evaluate(THIN_OUT)
    for width in (NARROW, WIDE):
        set_width(page, width)
        look(width, {"rules": RULES | NO_CONTRAST})
    page.add_style_tag(content=AT_ONCE)
    page.evaluate(DROP_FORMULAS_AND_FIGURES)
    for scheme in ("light", "dark"):
        page.evaluate(SET_SCHEME, scheme)
        page.evaluate(NOTE_LOOKS)
    page.evaluate(KEEP_ONE_OF_EACH_LOOK)
    for scheme in ("light", "dark"):
        page.evaluate(SET_SCHEME, scheme)
        look(scheme, {"runOnly": ["color-contrast"]})
    return faults
