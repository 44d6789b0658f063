"""Explorers and quick questions in a real browser: read-outs, keys, links, speed."""

import functools
import io
import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from accessibility import AXE, RULES, RUN_AXE, SET_SCHEME
from browser import serve
from explorer_examples import (
    EXPLORERS,
    QUESTIONS,
    RATES,
    SAMPLES,
    STEPS,
    activation,
    dead_units,
    dead_units_runs,
    decimals,
    depth_and_gain,
    drawn,
    every_activation,
    page_html,
    percent,
    printed,
)
from explorer_reading import (
    HELPERS,
    Figure,
    answer,
    expect_verdict,
    judge_every_answer,
    said,
    state_of,
)
from PIL import Image
from playwright.sync_api import expect
from test_site import OVERFLOW

from nnlib.explorers.activation import ALPHAS, FUNCTIONS, SLOPES, X
from nnlib.explorers.depth_and_gain import ACTIVATIONS, DEPTHS, GAINS, trace
from nnlib.explorers.question import QuestionCard

WIDE, NARROW, HEIGHT = 1280, 360, 900
READY_MS, REDRAW_MS, MOVES = 1000, 16, 50


everywhere = pytest.mark.parametrize("over", ["http", "file"])
every = pytest.mark.parametrize("name", EXPLORERS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder for pages, its address, and names that no page has had."""
    path = tmp_path_factory.mktemp("pages")
    with serve(path) as address:
        yield path, address, (f"page-{number}.html" for number in itertools.count())


@pytest.fixture(scope="module")
def window(browser):
    """Return a window of the browser, and what its pages say and what they ask for."""
    messages, requests = [], []
    with browser.new_context(viewport={"width": WIDE, "height": HEIGHT}) as context:
        context.add_init_script(HELPERS)
        context.on("console", lambda message: messages.append(message.text))
        context.on("weberror", lambda error: messages.append(str(error.error)))
        context.on("request", lambda request: requests.append(request.url))
        yield context, messages, requests


@pytest.fixture
def show(window, folder):
    """Open pages; in the end none may have complained or asked anyone else."""
    context, messages, requests = window
    path, address, names = folder

    def show(*explorers, over="http", fragment="", width=WIDE, **more):
        name = next(names)
        (path / name).write_text(page_html(*explorers, **more), "utf-8")
        page = context.new_page()
        if width != WIDE:
            page.set_viewport_size({"width": width, "height": HEIGHT})
        base = address if over == "http" else path.as_uri()
        page.goto(f"{base}/{name}{fragment}")
        return page

    yield show
    for page in context.pages:
        page.close()
    own = (f"{address}/page-", f"{path.as_uri()}/page-", "data:")
    foreign = [url for url in requests if not url.startswith(own)]
    said_aloud = messages[:]
    messages.clear()
    requests.clear()
    assert not said_aloud
    assert not foreign


def test_a_message_an_error_and_a_foreign_request_would_be_seen(window, folder):
    context, messages, requests = window
    page = context.new_page()
    page.goto(f"{folder[1]}/nothing.html")
    page.evaluate("console.info('hello'); setTimeout(() => missing.call())")
    page.wait_for_timeout(100)
    page.close()
    assert "nothing.html" in " ".join(requests)
    assert {"404", "hello", "missing"} <= set(re.findall(r"\w+", " ".join(messages)))
    messages.clear()
    requests.clear()


# ---- the activation explorer --------------------------------------------------------


def activation_of(name, stop=None):
    make, parameter, _ = FUNCTIONS[name]
    return make(stop) if parameter else make()


@functools.cache
def every_value(name, stop):
    """Return f and f′ of nnlib at all samples."""
    f = activation_of(name, stop)
    return f(X), f.backward(np.ones_like(X))


def values_at(x, names, negative_slope=0.01, alpha=1.0):
    """Return the rows that the read-out must show, from nnlib alone."""
    index = round((x + 6) / 0.05)
    stops = {"LeakyReLU": negative_slope, "ELU": alpha}
    rows = []
    for name in names:
        value, slope = (row[index] for row in every_value(name, stops.get(name)))
        flat = "yes" if abs(slope) < 0.1 else "no"
        rows.append([name, printed(value), printed(slope), flat])
    return rows


SHOWN = ["Sigmoid", "ReLU", "GELU"]
READ_AT = """(el, indices) => indices.map((i) => {
  slide(el, "x", i);
  return readOut(el);
})"""


def test_every_read_out_is_nnlibs(show):
    figure = Figure(show(every_activation()))
    some = [*range(0, len(X), 3), 119, 121]
    for index, found in zip(some, figure.run(READ_AT, some), strict=True):
        assert found["rows"] == values_at(X[index], FUNCTIONS)
        assert found["caption"] == f"At x = {decimals(X[index], 2)}"


@pytest.mark.parametrize(
    ("name", "key", "stops"),
    [("LeakyReLU", "negative_slope", SLOPES), ("ELU", "alpha", ALPHAS)],
)
def test_every_read_out_is_nnlibs_for_every_stop_of_its_slider(show, name, key, stops):
    figure = Figure(show(activation(functions=[name])))
    some = [*range(0, len(X), 9), 119, 120, 121]
    for number, stop in enumerate(stops):
        figure.run("slide", key, number)
        for index, found in zip(some, figure.run(READ_AT, some), strict=True):
            expected = values_at(X[index], [name], **{key: stop})
            assert found["rows"] == expected, (stop, X[index])


def test_what_is_shaded_is_where_nnlibs_derivative_is_below_a_tenth(show):
    figure = Figure(show(activation()))
    read = """(el, names) => {
      check(el, names);
      return [...el.querySelectorAll("rect.nn-flat")].map((rect) =>
        ["x", "width"].map((key) => Number(rect.getAttribute(key))));
    }"""
    width = figure.run(
        "(el) => Number(el.querySelector('.nn-drawing svg').getAttribute('width'))"
    )
    places = 38 + (X + 6) / 12 * (width - 50)
    step = places[1] - places[0]
    for name, (_, parameter, stops) in FUNCTIONS.items():
        for number, stop in enumerate(stops or [None]):
            if parameter:
                figure.run("slide", parameter, number)
            flat = np.abs(every_value(name, stop)[1]) < 0.1
            # A bar goes half a step beyond its samples, but not beyond the plot.
            edges = np.flatnonzero(np.diff([False, *flat, False])).reshape(-1, 2)
            left = np.maximum(places[0] + (edges[:, 0] - 0.5) * step, places[0])
            right = np.minimum(places[0] + (edges[:, 1] - 0.5) * step, places[-1])
            bars = np.array(figure.run(read, [name])).reshape(-1, 2)
            expected = np.stack([left, right - left], axis=1)
            np.testing.assert_allclose(bars, expected, atol=0.011)


@everywhere
def test_the_keyboard_moves_x(show, over):
    figure = Figure(show(activation(x=0.5), over=over))
    slider = figure.slider("x")
    slider.focus()
    for key, x in {"ArrowRight": 0.55, "End": 6, "ArrowLeft": 5.95, "Home": -6}.items():
        figure.page.keyboard.press(key)
        assert figure.rows == values_at(x, SHOWN)
        assert figure.caption == f"At x = {decimals(x, 2)}"
        assert slider.get_attribute("aria-valuetext") == decimals(x, 2)


def test_space_shows_and_hides_a_function(show):
    page = show(activation())
    figure = Figure(page)
    curves = "(el) => el.querySelectorAll('.nn-drawing svg svg path').length"
    assert figure.run(curves) == 2 * len(SHOWN)
    page.get_by_role("checkbox", name="Tanh", exact=True).focus()
    page.keyboard.press("Space")
    assert figure.rows == values_at(1.0, ["Sigmoid", "Tanh", "ReLU", "GELU"])
    assert figure.run(curves) == 8
    for name in ("Sigmoid", "Tanh", "ReLU", "GELU"):
        page.get_by_role("checkbox", name=name, exact=True).press("Space")
    assert figure.rows == []
    assert figure.run(curves) == 0


@everywhere
def test_x_is_dragged_to_where_the_pointer_is(show, over):
    figure = Figure(show(activation(x=0.0), over=over))
    svg = figure.drawing
    box = figure.root.locator(".nn-handle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    unit = (float(svg.get_attribute("width")) - 50) / 12
    mouse = figure.page.mouse
    mouse.move(x, y)
    mouse.down()
    for value in (0.35, 2.0, -3.15, -6.0):
        mouse.move(x + value * unit, y, steps=3)
        assert figure.rows == values_at(value, SHOWN)
    mouse.move(2, y + 90)  # far beyond the drawing
    assert figure.caption == "At x = −6.00"
    mouse.up()
    mouse.move(x, y)
    assert figure.caption == "At x = −6.00"
    mouse.click(x + 1.5 * unit, y + 200)
    assert figure.rows == values_at(1.5, SHOWN)
    assert figure.slider("x").get_attribute("aria-valuetext") == "1.50"


# ---- depth and gain -----------------------------------------------------------------


def stack(name, gain, depth):
    """Return spread and size, traced anew, of a stack of `depth_and_gain`."""
    x, weights, upstream = drawn()
    return trace(ACTIVATIONS[name], gain * weights[:depth], x, upstream)


def read_of_stack(name, gain, depth, layer):
    """Return the caption and the rows that must be read there."""
    spread, size = stack(name, gain, depth)
    texts = {0: "0, the input", depth: f"{depth}, the last"}
    rows = [
        [texts.get(row, str(row)), printed(size[row]), printed(spread[row])]
        for row in dict.fromkeys([layer, 0, depth])
    ]
    factor = printed(size[0] ** (1 / depth))
    caption = f"On the way back every layer multiplies the gradient by {factor}"
    return {"caption": f"{caption} on average", "rows": rows}


def test_depth_and_gain_reads_what_nnlib_traces(show):
    figure = Figure(show(depth_and_gain()))
    names = itertools.cycle(ACTIVATIONS)
    depths = itertools.cycle(enumerate(DEPTHS))
    layers = itertools.cycle([0, 3, 99, 1, 4])
    gains = [*enumerate(GAINS)] * 2
    for (number, gain), name, (which, depth), layer in zip(
        gains, names, depths, layers, strict=False
    ):
        figure.run("choose", "activation", name)
        figure.run("slide", "gain", number)
        figure.run("slide", "depth", which)
        figure.run("slide", "layer", layer)
        found = figure.run("readOut")
        assert found == read_of_stack(name, gain, depth, min(layer, depth))


@everywhere
def test_the_keyboard_moves_every_control_of_depth_and_gain(show, over):
    page = show(depth_and_gain(), over=over)
    figure = Figure(page)
    select = figure.root.locator("select")
    select.focus()
    page.keyboard.press("ArrowDown")
    assert select.input_value() == "Tanh"
    assert figure.run("readOut") == read_of_stack("Tanh", 1.0, 10, 0)
    figure.slider("gain").press("End")
    assert figure.run("readOut") == read_of_stack("Tanh", 16.0, 10, 0)
    figure.slider("depth").press("ArrowRight")
    assert figure.run("readOut") == read_of_stack("Tanh", 16.0, 20, 0)
    figure.slider("layer").press("End")
    figure.slider("layer").press("ArrowLeft")
    assert figure.run("readOut") == read_of_stack("Tanh", 16.0, 20, 19)
    figure.slider("depth").press("Home")
    assert figure.run("readOut") == read_of_stack("Tanh", 16.0, 5, 5)
    assert figure.slider("layer").get_attribute("aria-valuetext") == "5"


@everywhere
def test_the_layer_is_dragged(show, over):
    figure = Figure(show(depth_and_gain(), over=over))
    svg = figure.drawing
    unit = (float(svg.get_attribute("width")) - 60) / 10
    box = figure.root.locator(".nn-handle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = figure.page.mouse
    mouse.move(x, y)
    mouse.down()
    for place, layer in {3.2: 3, 6.9: 7, 14: 10, -2: 0}.items():
        mouse.move(x + place * unit, y, steps=3)
        assert figure.run("readOut") == read_of_stack("Sigmoid", 1.0, 10, layer)
    mouse.up()


# ---- dead units ---------------------------------------------------------------------


def read_of_run(reduction, samples, lr):
    """Return the caption and the rows that must be read of a run."""
    loss, dead = dead_units_runs()[reduction, samples, lr]
    title = {"sum": "Summed", "mean": "Averaged"}[reduction]
    count = f"{samples} sample{'s' * (samples > 1)}"
    return {
        "caption": f"{title} loss, learning rate {lr:g}, {count}",
        "rows": [
            [f"step {STEPS[at]}", printed(loss[at]), percent(dead[at])]
            for at in (0, -1)
        ],
    }


@everywhere
def test_a_click_in_the_map_shows_that_run(show, over):
    figure = Figure(show(dead_units(), over=over))
    for i, samples in enumerate(SAMPLES):
        for j, lr in enumerate(RATES):
            cell = figure.root.locator(".nn-drawing rect").nth(i * len(RATES) + j)
            box = cell.bounding_box()
            figure.page.mouse.click(box["x"] + 5, box["y"] + 5)
            assert figure.run("readOut") == read_of_run("sum", samples, lr)
    before = figure.run("readOut")
    svg = figure.drawing.bounding_box()
    for x, y in ((3, 60), (svg["width"] - 3, 60), (200, 5), (200, 300)):
        figure.page.mouse.click(svg["x"] + x, svg["y"] + y)
    assert figure.run("readOut") == before


@everywhere
def test_the_keyboard_reaches_every_run(show, over):
    page = show(dead_units(), over=over)
    figure = Figure(page)
    figure.root.locator("select").focus()
    page.keyboard.press("ArrowDown")
    assert figure.run("readOut") == read_of_run("mean", 64, 1.0)
    figure.slider("lr").press("Home")
    figure.slider("samples").press("Home")
    for lr in RATES:
        assert figure.run("readOut") == read_of_run("mean", 1, lr)
        figure.slider("lr").press("ArrowRight")
    figure.slider("samples").press("ArrowRight")
    assert figure.run("readOut") == read_of_run("mean", 4, 1.0)


def test_the_map_shows_the_share_of_dead_units_of_every_run(show):
    figure = Figure(show(dead_units()))
    text = """(el) => [...el.querySelectorAll(".nn-drawing text")]
      .map((text) => text.textContent).filter((text) => text.endsWith("%"))"""
    for number, reduction in enumerate(("sum", "mean")):
        figure.run("choose", "reduction", reduction)
        cells = figure.run(text)[: len(SAMPLES) * len(RATES)]
        runs = dead_units_runs()
        expected = [
            percent(runs[reduction, samples, lr][1][-1])
            for samples in SAMPLES
            for lr in RATES
        ]
        assert cells == expected, number


# ---- links, reset, several on one page ----------------------------------------------


def wait_for_fragment(page, pattern):
    page.wait_for_function(
        "(pattern) => new RegExp(pattern).test(location.hash)", arg=pattern
    )


def change(figure, name):
    """Move every control away from where it begins."""
    if name == "activation":
        figure.run("check", ["Tanh", "ELU", "GELU (tanh)"])
    if name == "step_size":
        figure.run("check", ["central float64"])
    if name == "loss":
        figure.run("check", ["MAE"])
    if name == "trajectories":
        figure.run("check", ["SGD", "Adam"])
    for field in figure.root.get_by_role("textbox").all():
        field.fill("(2, 3, 4)")
    for select in figure.root.locator("select").all():
        first = select.evaluate("(select) => select.selectedIndex === 0")
        select.press("ArrowDown" if first else "ArrowUp")
    for slider in figure.root.locator("input[type=range]").all():
        value = int(slider.input_value())
        slider.press("ArrowRight" if value == 0 else "ArrowLeft")
    if name == "draw_digit":
        figure.root.get_by_role("application").focus()
        for key in ["Space", *["ArrowDown"] * 9, "Space"]:
            figure.page.keyboard.press(key)


@pytest.mark.parametrize(
    ("name", "over"), [*((name, "file") for name in EXPLORERS), ("activation", "http")]
)
def test_a_link_reopens_what_one_saw_until_a_reset_empties_it(show, name, over):
    page = show(EXPLORERS[name](), over=over)
    figure = Figure(page)
    first = state_of(figure)
    change(figure, name)
    changed = state_of(figure)
    assert changed != first
    keys = EXPLORERS[name]().defaults
    wait_for_fragment(page, "".join(rf"(?=.*[#&]{name}\.{key}=)" for key in keys))
    other = page.context.new_page()
    other.goto(page.url)
    assert state_of(Figure(other)) == changed
    figure.reset()
    assert state_of(figure) == first
    wait_for_fragment(page, "^$")
    assert "#" not in page.url


def test_the_link_waits_until_the_reader_rests(show):
    page = show(activation())
    calls = """() => {
      window.calls = 0;
      const replace = history.replaceState.bind(history);
      history.replaceState = (...all) => { window.calls += 1; replace(...all); };
    }"""
    page.evaluate(calls)
    Figure(page).run(READ_AT, list(range(141, 161)))
    wait_for_fragment(page, r"activation\.x=2$")
    assert page.evaluate("calls") == 1


@pytest.mark.parametrize(
    "fragment",
    [
        "#activation.x=banana",
        "#activation.x=",
        "#activation.x=1e999&activation.functions",
        "#activation.x=%E0%A4%A",
        "#activation.constructor=1&activation.__proto__=1&activation.data=0",
        "#activation.title=Hacked&question.x=1&activation-2.x=2",
        "#%E0%A4%A",
        "#top",
        "#&&==.=&",
    ],
)
def test_a_mangled_link_opens_the_page_as_it_is(show, fragment):
    page = show(activation(), fragment=fragment)
    figure = Figure(page)
    assert figure.rows == values_at(1.0, SHOWN)
    assert figure.root.locator(".nn-title").inner_text() == activation().title
    figure.slider("x").press("ArrowRight")
    assert figure.rows == values_at(1.05, SHOWN)


def test_a_link_with_values_that_do_not_fit_takes_what_is_near(show):
    link = "#activation.x=99&activation.functions=Foo,<b>&activation.alpha=1.1"
    figure = Figure(show(activation(), fragment=link))
    assert figure.caption == "At x = 6.00"
    assert figure.rows == []
    figure.reset()
    assert figure.rows == values_at(1.0, SHOWN)
    for name in ("depth_and_gain.activation=Foo", "depth_and_gain.gain=-5"):
        figure = Figure(show(depth_and_gain(), fragment=f"#{name}"))
        assert figure.run("(el) => el.querySelectorAll('path').length") > 5
    figure = Figure(show(dead_units(), fragment="#dead_units.reduction=max"))
    assert figure.run("readOut") == read_of_run("sum", 64, 1.0)


def test_a_new_fragment_moves_an_open_page(show):
    page = show(activation())
    page.evaluate("location.hash = '#activation.x=-2'")
    page.wait_for_function("document.querySelector('caption').innerText.includes('2')")
    assert Figure(page).rows == values_at(-2.0, SHOWN)


@everywhere
def test_two_explorers_of_one_kind_keep_apart(show, over):
    page = show(activation(x=0.0), activation(functions=["Tanh"], x=2.0), over=over)
    one, two = Figure(page, 0), Figure(page, 1)
    two.slider("x").press("ArrowRight")
    assert one.rows == values_at(0.0, SHOWN)
    assert two.rows == values_at(2.05, ["Tanh"])
    wait_for_fragment(page, r"^#activation-2\.x=2\.05$")
    one.slider("x").press("ArrowLeft")
    wait_for_fragment(page, r"^#activation\.x=-0\.05&activation-2\.x=2\.05$")
    other = page.context.new_page()
    other.goto(page.url)
    assert Figure(other, 0).rows == values_at(-0.05, SHOWN)
    assert Figure(other, 1).rows == values_at(2.05, ["Tanh"])
    two.reset()
    assert one.rows == values_at(-0.05, SHOWN)
    assert two.rows == values_at(2.0, ["Tanh"])
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))


# ---- looks --------------------------------------------------------------------------


def picture(element):
    """Return a screenshot of an element as an array."""
    with Image.open(io.BytesIO(element.screenshot())) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def share_that_differs(one, other):
    return (np.abs(one - other).max(axis=-1) > 40).mean()


@every
def test_a_drawing_is_seen_in_light_and_in_dark(show, name):
    page = show(EXPLORERS[name]())
    drawing = page.locator(".nn-drawing")
    seen = {}
    for scheme in ("light", "dark"):
        page.evaluate(SET_SCHEME, scheme)
        seen[scheme] = picture(drawing)
    page.evaluate("document.querySelector('.nn-drawing > svg').innerHTML = ''")
    for scheme in ("light", "dark"):
        page.evaluate(SET_SCHEME, scheme)
        blank = picture(drawing)
        assert (blank == blank[0, 0]).all()
        assert share_that_differs(seen[scheme], blank) > 0.01
    assert share_that_differs(seen["light"], seen["dark"]) > 0.9
    assert seen["light"].mean() > 200
    assert seen["dark"].mean() < 60


@every
def test_what_is_drawn_changes_with_the_state(show, name):
    page = show(EXPLORERS[name]())
    before = picture(page.locator(".nn-drawing"))
    change(Figure(page), name)
    after = picture(page.locator(".nn-drawing"))
    high = min(len(before), len(after))
    assert share_that_differs(before[:high], after[:high]) > 0.002


def everything():
    """Return one explorer of each kind, and each kind of question."""
    cards = [QuestionCard(question) for question in QUESTIONS.values()]
    return [*[make() for make in EXPLORERS.values()], *cards]


def test_nothing_scrolls_sideways_on_a_phone(show):
    page = show(*everything(), width=NARROW)
    assert page.evaluate(OVERFLOW) <= 0
    for svg in page.locator(".nn-drawing > svg").all():
        assert svg.bounding_box()["width"] <= NARROW
    cut = """() => [...document.querySelectorAll(".nn-drawing text")].filter((text) => {
      const [a, b] = [text, text.closest(".nn-drawing")]
        .map((element) => element.getBoundingClientRect());
      return a.left < b.left - 1 || a.right > b.right + 1 || a.bottom > b.bottom + 1;
    }).map((text) => text.textContent)"""
    assert page.evaluate(cut) == []


def test_a_drawing_follows_the_width_of_the_window(show):
    page = show(activation())
    svg = page.locator(".nn-drawing > svg")
    before = float(svg.get_attribute("width"))
    page.set_viewport_size({"width": NARROW, "height": HEIGHT})
    page.wait_for_function(
        "(before) => document.querySelector('svg[role=img]').width.baseVal.value"
        " < before",
        arg=before,
    )
    assert Figure(page).rows == values_at(1.0, SHOWN)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_axe_finds_nothing_in_light_and_dark(show, width):
    page = show(*everything(), width=width)
    # A verdict is there to be judged, too.
    for card in page.locator("form.nn-question").all():
        card.get_by_role("button").click()
    expect(page.locator(".nn-verdict").last).not_to_be_empty()
    page.evaluate(AXE)
    for scheme in ("light", "dark"):
        page.evaluate(SET_SCHEME, scheme)
        assert page.evaluate(RUN_AXE, {"rules": RULES}) == []


def test_axe_would_find_a_slider_without_a_name(show):
    page = show(activation())
    page.evaluate("document.querySelector('.nn-slider label').remove()")
    page.evaluate(AXE)
    assert "label" in " ".join(page.evaluate(RUN_AXE, {"rules": RULES}))


# ---- speed --------------------------------------------------------------------------


def test_twenty_explorers_are_ready_within_a_second(show):
    seven = [make() for make in EXPLORERS.values()] * 7
    note = """<script>window.ready = {
      drawn: [...document.querySelectorAll(".nn-drawing > svg")]
        .filter((svg) => svg.querySelectorAll("path, rect, circle").length > 5).length,
      ms: performance.now(),
    }</script>"""
    times = []
    for _ in range(4):
        page = show(*seven[:20], after=note)
        ready = page.evaluate("window.ready")
        assert ready["drawn"] == 20
        times.append(ready["ms"])
        page.close()
    assert min(times) < READY_MS, times  # what else the machine does is not ours


#: Where a drawing answers in a part of it alone, that part is of the class nn-area;
#: where something lies over it to be drawn on, that is of the class nn-paper.
MEASURE = """(el, moves) => {
  const svg = el.querySelector(".nn-drawing > svg");
  const paper = el.querySelector(".nn-paper") ?? svg;
  const { left, top, width } = svg.getBoundingClientRect();
  const box = svg.querySelector(".nn-area")?.getBoundingClientRect()
    ?? { left: left + 60, top: top + 30, width: width - 90, height: 110 };
  const times = [];
  let changes = 0;
  for (let i = 0; i < moves; i += 1) {
    const before = svg.innerHTML;
    const event = new PointerEvent("pointermove", {
      pointerId: window.pointer, bubbles: true, buttons: 1,
      clientX: box.left + ((i * 0.381966 + 0.2) % 1) * box.width,
      clientY: box.top + ((i * 0.2763932 + 0.2) % 1) * box.height,
    });
    const start = performance.now();
    paper.dispatchEvent(event);
    document.documentElement.offsetHeight;  // the layout belongs to it
    times.push(performance.now() - start);
    changes += svg.innerHTML !== before;
  }
  return { times, changes };
}"""


MEASURE_TYPING = """(el, moves) => {
  const svg = el.querySelector(".nn-drawing > svg");
  const field = el.querySelector("input[type=text]");
  const times = [];
  let changes = 0;
  for (let i = 0; i < moves; i += 1) {
    const before = svg.innerHTML;
    field.value = `(${i + 2}, ${i % 7}, 5)`;
    const start = performance.now();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    document.documentElement.offsetHeight;
    times.push(performance.now() - start);
    changes += svg.innerHTML !== before;
  }
  return { times, changes };
}"""


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_drag_redraws_within_a_frame(show, name):
    explorer = every_activation() if name == "activation" else EXPLORERS[name]()
    page = show(explorer)
    figure = Figure(page)
    if name == "depth_and_gain":
        figure.slider("depth").press("End")
    page.evaluate("addEventListener('pointerdown', (e) => { pointer = e.pointerId; })")
    box = page.locator(".nn-drawing > svg").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    rounds = []
    for _ in range(5):
        measured = figure.run(MEASURE_TYPING if name == "shapes" else MEASURE, MOVES)
        assert measured["changes"] >= MOVES * 0.8
        rounds.append(np.percentile(measured["times"], [50, 90]))
    page.mouse.up()
    # The best round: what else the machine has to do is not the explorer's.
    middle, slow = min(rounds, key=lambda pair: pair[0])
    print(f"{name}: a redraw takes {middle:.1f} ms, one in ten over {slow:.1f} ms")
    assert middle < REDRAW_MS


# ---- quick questions ----------------------------------------------------------------


@pytest.mark.parametrize("kind", QUESTIONS)
def test_every_answer_gets_its_words(show, kind):
    question = QUESTIONS[kind]
    page = show(QuestionCard(question))
    form = page.locator("form")
    assert form.locator("legend").inner_text() == said(question.text)
    codes = form.locator("legend code, label code").all_inner_texts()
    assert codes == re.findall("`(.*?)`", question.text + "".join(question.choices))
    judge_every_answer(form, question)
    if not question.choices:
        answer(form, question, (7, 7, 7) if kind == "shape" else "77.7")
        expect_verdict(form, "Not yet. ", question.otherwise)


def given_answers(show, question):
    """Return a function that types an answer and returns the state of the verdict."""
    page = show(QuestionCard(question))
    form = page.locator("form")

    def give(text):
        answer(form, question, text)
        expect(form.locator("[role=status]")).not_to_be_empty()
        return form.get_attribute("data-verdict")

    return give


@pytest.mark.parametrize(
    ("number", "texts"),
    [
        (0.25, ["0.25", "0,25", ".25", "25%", "25 %", "1/4", " 0.250 ", "≈ 0.25"]),
        (0.25, ["2.5e-1", "2.5E−1", "0,250", "+0.25"]),
        (109_386, ["109386", "109,386", "109 386", "109,386.0"]),
        (-3, ["−3", "-3", "-3.0", "- 3", "−6/2", "-300%"]),
        (1e-3, ["1e-3", "0.001", "1E-3", "0,001", "1/1000", "0.1%"]),
        (0, ["0", "-0", "0.0", "0%"]),
    ],
)
def test_a_number_may_be_typed_as_people_type_it(show, number, texts):
    give = given_answers(show, replace(QUESTIONS["number"], answer=number, wrong={}))
    assert {text: give(text) for text in texts} == dict.fromkeys(texts, "correct")


def test_a_number_may_be_as_far_away_as_the_question_says(show):
    question = replace(QUESTIONS["number"], within=0.01)
    give = given_answers(show, question)
    assert [give(text) for text in ("0.24", "0.26", "0.2601", "0.2399")] == [
        "correct", "correct", "not-yet", "not-yet",
    ]  # fmt: skip


def test_of_two_foreseen_measures_that_are_close_the_nearer_one_is_meant(show):
    wrong = {9.99: "Adam's step.", 10: "No decay.", 9.96: "Half of it."}
    question = replace(QUESTIONS["number"], answer=9.95, within=1e-4, wrong=wrong)
    form = show(QuestionCard(question)).locator("form")
    for given, word in wrong.items():
        answer(form, question, given)
        expect_verdict(form, "Not yet. ", word)


def test_a_foreseen_measure_may_be_rounded_and_a_foreseen_count_may_not(show):
    """One more than a count is another mistake, with another reason."""
    measure = show(QuestionCard(QUESTIONS["number"])).locator("form")
    for text, word in {"0.501": "That is σ(0).", "0.51": None, "0.99": None}.items():
        question = QUESTIONS["number"]
        answer(measure, question, text)
        expect_verdict(measure, "Not yet. ", word or question.otherwise)
    count = show(QuestionCard(QUESTIONS["count"])).locator("form")
    for text, word in {"109,184": "The biases are missing.", "109,385": None}.items():
        question = QUESTIONS["count"]
        answer(count, question, text)
        expect_verdict(count, "Not yet. ", word or question.otherwise)


@pytest.mark.parametrize(
    ("shape", "texts"),
    [
        ((64, 10), ["(64, 10)", "[64,10]", "64 x 10", "64×10", "64,10", "64 10"]),
        ((64, 10), [" ( 64 , 10 ) ", "(64, 10,)", "64 * 10"]),
        ((10,), ["(10,)", "10", "[10]", "(10)"]),
        ((), ["()"]),
    ],
)
def test_a_shape_may_be_typed_as_people_type_it(show, shape, texts):
    give = given_answers(show, replace(QUESTIONS["shape"], answer=shape, wrong={}))
    assert {text: give(text) for text in texts} == dict.fromkeys(texts, "correct")


@pytest.mark.parametrize(
    ("kind", "texts", "word"),
    [
        (
            "number",
            ["", "   ", "a quarter", "1/0", "1/2/3", "0.2.5", "-", "%"],
            "number",
        ),
        ("number", ["/", "1e999", "NaN", "(64, 10)", "<b>1</b>"], "number"),
        ("shape", ["", " ", "ten", "(64, ten)", "64, -10", "1.5", "(64,,10)"], "shape"),
    ],
)
def test_what_cannot_be_read_gets_a_friendly_word_and_no_judgement(
    show, kind, texts, word
):
    form = show(QuestionCard(QUESTIONS[kind])).locator("form")
    for text in texts:
        answer(form, QUESTIONS[kind], text)
        expect(form.locator("[role=status]")).to_contain_text(f"This needs a {word}")
        assert form.get_attribute("data-verdict") == "unread", text
        words = form.locator("[role=status]").inner_text()
        assert "Correct" not in words
        assert "Not yet" not in words


def test_no_choice_gets_a_friendly_word_and_no_judgement(show):
    form = show(QuestionCard(QUESTIONS["choice"])).locator("form")
    form.get_by_role("button").click()
    expect_verdict(form, "", "Choose one of them.")


@everywhere
def test_a_question_is_answered_by_keyboard_alone(show, over):
    number, choice = QUESTIONS["number"], QUESTIONS["choice"]
    page = show(QuestionCard(number), QuestionCard(choice), over=over)
    first, second = page.locator("form").all()
    keyboard = page.keyboard
    keyboard.press("Tab")
    keyboard.type("1/4")
    keyboard.press("Enter")
    expect_verdict(first, "Correct. ", number.why)
    keyboard.press("Tab")
    expect(first.get_by_role("button")).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Space")
    expect(second.get_by_role("radio").first).to_be_checked()
    keyboard.press("Enter")
    expect_verdict(second, "Not yet. ", choice.wrong["Yes"])
    keyboard.press("ArrowDown")
    expect(second.get_by_role("radio").nth(1)).to_be_checked()
    expect(second.locator("[role=status]")).to_be_empty()
    keyboard.press("Tab")
    keyboard.press("Space")
    expect_verdict(second, "Correct. ", choice.why)
    expect_verdict(first, "Correct. ", number.why)


def test_a_changed_answer_withdraws_the_verdict(show):
    form = show(QuestionCard(QUESTIONS["number"])).locator("form")
    answer(form, QUESTIONS["number"], "0.25")
    expect(form).to_have_attribute("data-verdict", "correct")
    form.get_by_role("textbox").press("5")
    expect(form.locator("[role=status]")).to_be_empty()
    assert form.get_attribute("data-verdict") is None


def test_the_same_verdict_is_announced_again(show):
    page = show(QuestionCard(QUESTIONS["number"]))
    form = page.locator("form")
    watch = """() => {
      window.heard = 0;
      new MutationObserver((all) => { window.heard += all.length; })
        .observe(document.querySelector("[role=status]"), { childList: true });
    }"""
    answer(form, QUESTIONS["number"], "7")
    expect(form).to_have_attribute("data-verdict", "not-yet")
    expect(form.locator("[role=status]")).not_to_be_empty()
    page.evaluate(watch)
    answer(form, QUESTIONS["number"], "7")
    page.wait_for_function("window.heard >= 2")
    expect_verdict(form, "Not yet. ", QUESTIONS["number"].otherwise)
