"""The built book in a real browser: offline, whole, and usable by everyone."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from accessibility import HEIGHT, NARROW, WIDE, set_width

MAX_BYTES = 1_200_000
SMALLEST_TEXT = 9  # CSS pixels, in a figure on the narrowest screen
TAB_STOPS = 25

FACTS = """() => ({
  links: [...document.querySelectorAll("a[href]")].map((a) => a.href),
  ids: [...document.querySelectorAll("[id]")].map((e) => e.id),
  badFormulas: document.querySelectorAll(".katex-error").length,
  // Without the rules of its classes a fraction is a row, its letters at one height.
  flatFractions: [...document.querySelectorAll(".katex")]
    .filter((formula) => formula.querySelector("mfrac")).filter((formula) => {
      const letters = [...formula.querySelectorAll(".katex-html span")]
        .filter((e) => !e.childElementCount && e.textContent.trim());
      const tops = letters.map((e) => e.getBoundingClientRect().top);
      return Math.max(...tops) - Math.min(...tops) < 5;
    }).length,
})"""
OVERFLOW = "() => document.documentElement.scrollWidth - window.innerWidth"
SMALL_TEXT = """(limit) => [...document.querySelectorAll(".nn-figure text")]
  .map((text) => {
    const { a, b } = text.getScreenCTM();  // of rotated text, too
    const size = parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b);
    return { text: text.textContent, size };
  })
  .filter(({ size }) => size < limit)"""
FOCUS = """() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return {
    html: element.outerHTML.slice(0, 120),
    tag: element.tagName,
    href: element.getAttribute("href"),
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    visible: box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight,
  };
}"""


@dataclass
class Visit:
    """What was seen of one page."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    bad_formulas: int = 0
    flat_fractions: int = 0
    overflow: int = 0
    small_text: list[str] = field(default_factory=list)


def listen(page, visit):
    """Record into `visit` what the page asks for and complains about."""
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            visit.complaints.append(message.text)
            if message.type in ("error", "warning")
            else None
        ),
    )


@pytest.fixture(scope="module")
def visits(browser, address, pages):
    """Visit every page over http, on a wide and then on a narrow screen."""
    seen = {}
    with browser.new_context(viewport={"width": WIDE, "height": HEIGHT}) as context:
        for name in pages:
            visit = seen[name] = Visit()
            page = context.new_page()
            listen(page, visit)
            page.goto(f"{address}/{name}")
            facts = page.evaluate(FACTS)
            visit.links, visit.ids = facts["links"], facts["ids"]
            visit.bad_formulas = facts["badFormulas"]
            visit.flat_fractions = facts["flatFractions"]
            set_width(page, NARROW)
            visit.overflow = page.evaluate(OVERFLOW)
            visit.small_text = page.evaluate(SMALL_TEXT, SMALLEST_TEXT)
            page.close()
    return seen


@pytest.fixture(scope="module")
def disk_visits(browser, site, pages):
    """Visit every page straight from disk."""
    seen = {}
    with browser.new_context() as context:
        for name in pages:
            visit = seen[name] = Visit()
            page = context.new_page()
            listen(page, visit)
            page.goto((site / name).as_uri(), wait_until="load")
            page.close()
    return seen


@pytest.fixture
def page(browser):
    """Return a page on a wide screen."""
    with browser.new_context(
        viewport={"width": WIDE, "height": HEIGHT}, reduced_motion="reduce"
    ) as context:
        yield context.new_page()


def by_page(visits, attribute):
    """Return {page: value} of an attribute, where it is not empty or 0."""
    return {
        n: getattr(v, attribute) for n, v in visits.items() if getattr(v, attribute)
    }


def test_the_front_door_leads_to_the_landing_page(page, address):
    page.goto(address)
    page.wait_for_url(f"{address}/book/index.html")


def foreign_requests(visits, home):
    """Return {page: requests} of those that leave `home`."""
    own = (home, "data:", "blob:")
    leaving = {
        name: [url for url in visit.requests if not url.startswith(own)]
        for name, visit in visits.items()
    }
    return {name: urls for name, urls in leaving.items() if urls}


def test_no_page_asks_another_host(visits, address):
    assert not foreign_requests(visits, address)


def test_a_page_from_disk_asks_no_host_at_all(disk_visits, site):
    assert not foreign_requests(disk_visits, site.as_uri())


def test_no_page_complains(visits):
    assert not by_page(visits, "complaints")


def test_no_page_complains_from_disk(disk_visits):
    assert not by_page(disk_visits, "complaints")


def test_every_link_within_the_book_leads_somewhere(visits, site, address):
    dead = []
    for name, visit in visits.items():
        for link in visit.links:
            url, anchor = urldefrag(link)
            if not url.startswith(address):
                continue
            target = unquote(urlsplit(url).path).lstrip("/") or "index.html"
            if target in visits:
                if anchor and unquote(anchor) not in visits[target].ids:
                    dead.append(f"{name}: no #{anchor} in {target}")
            elif not (site / target).is_file():
                dead.append(f"{name}: no page {target}")
    assert not dead


def test_no_two_elements_of_a_page_share_an_id(visits):
    shared = {
        name: sorted({i for i in visit.ids if visit.ids.count(i) > 1})
        for name, visit in visits.items()
    }
    assert not {name: ids for name, ids in shared.items() if ids}


def test_every_formula_is_set(visits):
    assert not by_page(visits, "bad_formulas")
    assert not by_page(visits, "flat_fractions")


def test_no_page_scrolls_sideways_on_a_phone(visits):
    assert not {n: px for n, px in by_page(visits, "overflow").items() if px > 0}


def test_text_in_figures_is_legible_on_a_phone(visits):
    assert not by_page(visits, "small_text")


def test_no_page_is_heavy(visits, site, address):
    def weight(visit):
        paths = {urlsplit(u).path for u in visit.requests if u.startswith(address)}
        files = [site / unquote(path).lstrip("/") for path in paths]
        return sum(file.stat().st_size for file in files if file.is_file())

    weights = {name: weight(visit) for name, visit in visits.items()}
    assert not {name: w for name, w in weights.items() if w > MAX_BYTES}


def test_the_first_tab_stop_skips_to_the_text(page, address):
    page.goto(f"{address}/book/index.html")
    page.keyboard.press("Tab")
    focus = page.evaluate(FOCUS)
    assert focus["href"] == "#main-content"
    assert focus["visible"]
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")


def test_the_keyboard_reaches_the_chapters_and_shows_where_it_is(page, address):
    page.goto(f"{address}/book/index.html")
    stops = []
    for _ in range(TAB_STOPS):
        page.keyboard.press("Tab")
        page.wait_for_timeout(20)
        stops.append(page.evaluate(FOCUS))
        if stops[-1]["tag"] == "BODY":
            break
    reached = [stop for stop in stops if stop["tag"] != "BODY"]
    assert "notation.html" in {stop["href"] for stop in reached}
    assert not [s for s in reached if s["outline"] < 2 or not s["visible"]]


def test_ctrl_k_opens_the_search(page, address):
    page.goto(f"{address}/book/index.html")
    page.keyboard.press("Control+k")
    assert page.evaluate("() => document.activeElement.type") == "search"


def test_search_finds_a_word(page, address):
    page.goto(f"{address}/search.html?q=momentum")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li").count() > 0


def test_every_icon_is_drawn(page, address):
    page.goto(f"{address}/book/index.html")
    page.wait_for_function(
        "() => [...document.fonts].some("
        "(font) => font.family.includes('Awesome') && font.status === 'loaded')"
    )
    blank = """() => [...document.querySelectorAll("[class*='fa-']")]
      .filter((icon) => getComputedStyle(icon, ":before").content === "none")
      .map((icon) => icon.className)"""
    assert page.evaluate(blank) == []


def test_text_in_figures_is_dark_on_light_and_light_on_dark(page, address):
    colour = (
        """() => getComputedStyle(document.querySelector(".nn-figure text")).fill"""
    )
    seen = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{address}/book/index.html")
        seen[scheme] = [int(part) for part in re.findall(r"\d+", page.evaluate(colour))]
    assert max(seen["light"]) < 128 < min(seen["dark"])
