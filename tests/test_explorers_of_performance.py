"""The explorers of the roofline and of the ladder, in Python and in a page."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from explorer_examples import (
    BANDWIDTH,
    BATCHES_OF_LADDER,
    FLOPS_OF_LADDER,
    PEAK,
    RUNGS,
    kernels,
    ladder,
    ladder_seconds,
    printed,
    roofline,
)
from explorer_reading import on_a_phone, one_page, overhang, refused

from nnlib.explorers import roofline as module
from nnlib.explorers import timing
from nnlib.explorers.ladder import GUESSES, LadderExplorer
from nnlib.explorers.roofline import Kernel, RooflineExplorer, measure, roof
from nnlib.explorers.timing import best_time, duration


@pytest.fixture(scope="module")
def show(browser, tmp_path_factory):
    """Open a page with an explorer."""
    with one_page(browser, tmp_path_factory.mktemp("pages")) as show:
        yield show


# ---- times --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (83.04, "83.0 s"),
        (1.0, "1.00 s"),
        (0.9999, "1.00 s"),
        (0.123456, "123 ms"),
        (0.00999, "9.99 ms"),
        (999.6e-6, "1.00 ms"),
        (2.5e-6, "2.50 µs"),
        (3.21e-7, "321 ns"),
        (4e-10, "0.400 ns"),
        (float("nan"), "not measured"),
    ],
)
def test_a_time_is_written_with_three_digits_and_its_unit(seconds, text):
    assert duration(seconds) == text


class Clock:
    """Time that passes by as much as each call says, in place of the machine's."""

    def __init__(self):
        self.now, self.calls = 0.0, 0

    def call(self, taking):
        def call():
            self.now += taking(self.calls)
            self.calls += 1

        return call


def timed(monkeypatch, taking, **options):
    clock = Clock()
    real = timing.timeit.Timer
    monkeypatch.setattr(
        timing.timeit, "Timer", lambda call: real(call, timer=lambda: clock.now)
    )
    return best_time(clock.call(taking), **options), clock.calls


def test_the_best_round_counts_and_the_first_call_does_not(monkeypatch):
    took = [1.0, 9.0, 4.0, 3.0, 2.0, 8.0]
    time, calls = timed(monkeypatch, took.__getitem__, rounds=5)
    assert (time, calls) == (2.0, 6)


def test_one_round_is_one_call_of_what_takes_long(monkeypatch):
    time, calls = timed(monkeypatch, [1.0, 9.0].__getitem__, rounds=1)
    assert (time, calls) == (9.0, 2)


def test_a_short_call_is_repeated_until_a_round_is_long_enough(monkeypatch):
    time, calls = timed(monkeypatch, lambda _: 2.0**-20, rounds=3, seconds=2.0**-10)
    assert time == 2.0**-20
    assert calls == 2 + 3 * 1024


# ---- measurements -------------------------------------------------------------------


def test_measuring_finds_every_operation_in_every_type(monkeypatch):
    times = itertools.cycle([3e-3, 1e-3, 2e-3])
    monkeypatch.setattr(module, "best_time", lambda call, rounds: next(times))
    small = [(name, symbol, sizes[:2], f) for name, symbol, sizes, f in OPERATIONS]
    monkeypatch.setattr(module, "OPERATIONS", small)
    found = measure(rng=np.random.default_rng(0))
    assert len(found) == len(small) * 2 * 2
    explorer = RooflineExplorer(found, peak=PEAK, bandwidth=BANDWIDTH)
    assert list(explorer.data["operations"]) == [name for name, *_ in small]
    assert {k.seconds for k in found} == {1e-3}  # the best of the rounds
    by_key = {(k.operation, k.dtype, k.size): k for k in found}
    added = by_key["a + b", "float32", 1024]
    assert (added.flops, added.moved) == (1024, 3 * 1024 * 4)
    summed = by_key["sum of a", "float64", 1024]
    assert (summed.flops, summed.moved) == (1024, 1024 * 8)
    square = by_key["square product", "float32", 16]
    assert (square.flops, square.moved) == (2 * 16**3, 3 * 16**2 * 4)
    vector = by_key["matrix times vector", "float64", 64]
    assert (vector.flops, vector.moved) == (2 * 64**2, (64**2 + 2 * 64) * 8)
    layer = by_key["layer 784 to 128", "float32", 4]
    assert layer.flops == 4 * 2 * 784 * 128
    assert layer.moved == 4 * (4 * 784 + 784 * 128 + 4 * 128)
    assert layer.symbol == "B"


OPERATIONS = module.OPERATIONS


@pytest.mark.parametrize("dtype", PEAK)
def test_what_is_timed_is_the_operation_that_is_named(dtype):
    """The calls return what NumPy makes of the same random numbers."""
    prepared = {name: prepare for name, _, _, prepare in OPERATIONS}
    rng = np.random.default_rng

    def drawn(*shapes):
        source = rng(3)
        return [source.random(s, np.float32).astype(dtype) for s in shapes]

    expected = {
        "a + b": lambda: sum(drawn(5, 5)),
        "sum of a": lambda: drawn(5)[0].sum(),
        "matrix times vector": lambda: np.matmul(*drawn((5, 5), (5, 1))),
        "square product": lambda: np.matmul(*drawn((5, 5), (5, 5))),
        "layer 784 to 128": lambda: np.matmul(*drawn((5, 784), (784, 128))),
    }
    assert set(expected) == set(prepared)
    for name, prepare in prepared.items():
        result = prepare(5, np.dtype(dtype), rng(3))[0]()
        assert result.dtype == dtype
        np.testing.assert_array_equal(result, expected[name]())


@pytest.mark.parametrize(
    ("flops", "moved", "expected"),
    [
        (2e9, 12e6, (0.04, "compute")),
        (1e6, 12e6, (0.0012, "memory")),
        (5e7, 1e7, (0.001, "compute")),  # at the ridge both take as long
    ],
)
def test_the_roof_is_the_slower_of_two(flops, moved, expected):
    seconds, bound = roof(flops, moved, peak=5e10, bandwidth=1e10)
    assert (round(seconds, 12), bound) == expected


# ---- the roofline -------------------------------------------------------------------


def operations_of_example():
    return list(dict.fromkeys(k.operation for k in kernels()))


def read_of_kernel(kernel, shown):
    """Return what must be read of a kernel, from its five numbers."""
    peak = PEAK[kernel.dtype]
    arithmetic, memory = kernel.flops / peak, kernel.moved / BANDWIDTH
    seconds = max(arithmetic, memory)
    bound = "compute" if arithmetic >= memory else "memory"
    share = seconds / kernel.seconds
    finding = ", mostly the call" if kernel.seconds < 3e-6 else ""
    if bound == "memory" and share > 1.1:
        finding = ", above the roof of main memory"
    rows = [
        ["work F, FLOPs", f"{kernel.flops:,}"],
        ["bytes moved, Q", f"{kernel.moved:,}"],
        ["intensity I = F/Q", printed(kernel.flops / kernel.moved)],
        ["roof here, GFLOP/s", printed(kernel.flops / seconds / 1e9)],
        ["time at the roof", duration(seconds)],
        ["time measured", duration(kernel.seconds)],
        ["reached, GFLOP/s", printed(kernel.flops / kernel.seconds / 1e9)],
        ["share of the roof", f"{printed(100 * share)}%"],
    ]
    if not shown:
        rows[5:] = [[name, "hidden"] for name, _ in rows[5:]]
    begin = f"{kernel.operation}, {kernel.symbol} = {kernel.size:,}, {kernel.dtype}"
    return {
        "caption": f"{begin}: {bound}-bound{finding if shown else ''}",
        "rows": rows,
    }


@pytest.mark.parametrize("measurement", ["hidden", "shown"])
def test_every_kernel_is_read_as_it_was_measured(show, measurement):
    figure = show(roofline(measurement=measurement))
    for kernel in kernels():
        sizes = [
            k.size
            for k in kernels()
            if (k.operation, k.dtype) == (kernel.operation, kernel.dtype)
        ]
        figure.run("choose", "operation", kernel.operation)
        figure.run("choose", "dtype", kernel.dtype)
        figure.run("slide", "size", sizes.index(kernel.size))
        expected = read_of_kernel(kernel, measurement == "shown")
        assert figure.run("readOut") == expected


def test_the_examples_lie_on_every_side_of_the_roof():
    """Or a test of the words would not see all of them."""
    captions = [read_of_kernel(k, True)["caption"] for k in kernels()]
    ends = {caption.split(": ")[1] for caption in captions}
    assert ends == {
        "compute-bound",
        "memory-bound",
        "memory-bound, mostly the call",
        "memory-bound, above the roof of main memory",
    }


def test_hidden_measurements_are_not_drawn(show):
    """Not even as a place: the picture is the same whatever was measured."""
    drawn = []
    for factor in (1, 7):
        slower = [replace(k, seconds=k.seconds * factor) for k in kernels()]
        # The scale shows how far down rates go, so one of them is kept the same.
        slower[0] = replace(slower[0], seconds=1.0)
        explorer = RooflineExplorer(slower, peak=PEAK, bandwidth=BANDWIDTH, size=64)
        figure = show(explorer)
        figure.run("choose", "operation", "square product")
        drawn.append(figure.drawing.inner_html())
        figure.run("choose", "measurement", "shown")
        drawn.append(figure.drawing.inner_html())
    assert drawn[0] == drawn[2]
    assert drawn[1] != drawn[3]


PLACES = """(el) => {
  const area = el.querySelector(".nn-area");
  const read = (name) => Number(area.getAttribute(name));
  const [left, top, width, height] = ["x", "y", "width", "height"].map(read);
  return [...el.querySelectorAll(".nn-drawing svg svg circle")].map((dot) => [
    (Number(dot.getAttribute("cx")) - left) / width,
    1 - (Number(dot.getAttribute("cy")) - top) / height,
    Number(dot.getAttribute("r")),
  ]);
}"""


def scales():
    """Return the limits of both logarithmic axes."""
    all_ = kernels()
    x = np.log10(
        [k.flops / k.moved for k in all_] + [p / BANDWIDTH for p in PEAK.values()]
    )
    roofs = [
        k.flops / roof(k.flops, k.moved, PEAK[k.dtype], BANDWIDTH)[0] for k in all_
    ]
    y = np.log10([*[k.flops / k.seconds for k in all_], *roofs, *PEAK.values()]) - 9
    inside = np.log10([k.flops / k.moved for k in all_])
    return (inside.min() - 0.3, x.max() + 0.3), (y.min() - 0.3, y.max() + 0.3)


@pytest.mark.parametrize("dtype", PEAK)
def test_dots_lie_where_they_were_measured(show, dtype):
    figure = show(roofline(measurement="shown", dtype=dtype))
    found = [place[:2] for place in figure.run(PLACES) if place[2] < 6]
    (x0, x1), (y0, y1) = scales()
    mine = [k for name in operations_of_example() for k in kernels()
            if (k.operation, k.dtype) == (name, dtype)]  # fmt: skip
    expected = [
        (
            (np.log10(k.flops / k.moved) - x0) / (x1 - x0),
            (np.log10(k.flops / k.seconds) - 9 - y0) / (y1 - y0),
        )
        for k in mine
    ]
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_click_takes_the_operation_that_lies_nearest(show):
    figure = show(roofline(measurement="shown"))
    box = figure.drawing.bounding_box()
    area = figure.run("""(el) => ["x", "y", "width", "height"]
      .map((name) => Number(el.querySelector(".nn-area").getAttribute(name)))""")
    (x0, x1), (y0, y1) = scales()
    for key in [("square product", 16), ("layer 784 to 128", 1), ("a + b", 2**22)]:
        (kernel,) = (
            k for k in kernels() if (k.operation, k.size, k.dtype) == (*key, "float32")
        )
        right = (np.log10(kernel.flops / kernel.moved) - x0) / (x1 - x0)
        up = (np.log10(kernel.flops / kernel.seconds) - 9 - y0) / (y1 - y0)
        figure.page.mouse.click(
            box["x"] + area[0] + right * area[2],
            box["y"] + area[1] + (1 - up) * area[3],
        )
        assert figure.run("readOut") == read_of_kernel(kernel, shown=True)


def the_kernel(operation, size, dtype="float32"):
    (found,) = (
        k
        for k in kernels()
        if (k.operation, k.size, k.dtype) == (operation, size, dtype)
    )
    return found


def test_the_keyboard_moves_every_control_of_the_roofline(show):
    figure = show(roofline())
    figure.slider("size").press("End")
    assert figure.run("readOut") == read_of_kernel(the_kernel("a + b", 2**22), False)
    figure.root.get_by_role("button", name="Back").press("Enter")
    assert figure.run("readOut") == read_of_kernel(the_kernel("a + b", 2**19), False)
    figure.root.locator("select[name=measurement]").press("ArrowDown")
    assert figure.run("readOut") == read_of_kernel(the_kernel("a + b", 2**19), True)
    figure.root.locator("select[name=dtype]").press("ArrowDown")
    wide = the_kernel("a + b", 2**19, "float64")
    assert figure.run("readOut") == read_of_kernel(wide, True)
    # The other operation has sizes of its own, of which the nearest is taken.
    figure.root.locator("select[name=operation]").press("End")
    last = the_kernel("layer 784 to 128", 1024, "float64")
    assert figure.run("readOut") == read_of_kernel(last, True)
    assert figure.slider("size").get_attribute("aria-valuetext") == "B = 1,024"
    figure.reset()
    assert figure.run("readOut") == read_of_kernel(the_kernel("a + b", 2**10), False)


def test_a_link_to_the_roofline_takes_what_is_near_and_no_markup(show):
    link = "#roofline.operation=%3Cb%3E&roofline.size=70000&roofline.dtype=float64"
    figure = show(roofline(), link)
    expected = read_of_kernel(the_kernel("a + b", 2**16, "float64"), False)
    assert figure.run("readOut") == expected
    assert figure.root.locator("b").count() == 0


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"operation": "divide"}, "operation expected one of 'a \\+ b', .*'divide'"),
        ({"dtype": "float16"}, "dtype expected one of 'float32', 'float64', got"),
        ({"measurement": "seen"}, "measurement.*seen"),
        ({"size": "large"}, "size.*large"),
    ],
)
def test_a_roofline_refuses_a_state_that_it_does_not_have(state, said):
    refused(roofline, state, said)


def test_a_size_moves_to_one_that_there_is():
    explorer = roofline(size=5)
    assert explorer.size == 4
    explorer.size = 10**9
    assert explorer.size == 2**22


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kernels": []}, "at least one kernel"),
        ({"peak": {"float32": 1e10}}, "a peak for float64, got none"),
        ({"peak": {"float32": 0.0, "float64": 1.0}}, "peak of float32 to be positive"),
        ({"bandwidth": float("nan")}, "bandwidth to be positive, got nan"),
        ({"bandwidth": float("inf")}, "bandwidth to be positive, got inf"),
        ({"kernels": kernels()[:-1]}, "got no layer 784 to 128 of 1024 in float64"),
        ({"time": 0.0}, "seconds of sum, 8, float32 to be positive, got 0"),
        ({"time": float("nan")}, "seconds of sum, 8, float32 .* got nan"),
    ],
)
def test_measurements_that_do_not_fit_are_refused(change, said):
    if "time" in change:
        kernel = Kernel("sum", 8, "float32", 7, 36, change["time"])
        change = {"kernels": [kernel]}
    given = {"kernels": kernels(), "peak": PEAK, "bandwidth": BANDWIDTH} | change
    with pytest.raises(ValueError, match=said):
        RooflineExplorer(**given)


def test_one_type_of_number_is_enough(show):
    alone = [k for k in kernels() if k.dtype == "float32"]
    figure = show(RooflineExplorer(alone, peak=PEAK, bandwidth=BANDWIDTH))
    assert figure.run("readOut") == read_of_kernel(alone[0], False)
    assert "of float64" not in figure.drawing.text_content()


# ---- the ladder ---------------------------------------------------------------------

NAMES = list(RUNGS)


def word(guess, ratio):
    if np.isnan(ratio):
        return "not measured"
    if guess > 2 * ratio:
        return "your guess is too high"
    return (
        "your guess is too low"
        if guess < ratio / 2
        else "you guessed within a factor of 2"
    )


def read_of_ladder(base, rung, stop, guess=1, shown=True):
    """Return what must be read of two rungs, from their times."""
    seconds = ladder_seconds()
    size, flops = BATCHES_OF_LADDER[stop], FLOPS_OF_LADDER[stop]
    ratio = seconds[base][stop] / seconds[rung][stop]
    guessed = f"1/{round(1 / guess):,}" if guess < 1 else f"{guess:,}"

    def number(value):
        return "–" if np.isnan(value) else printed(value)

    def times(value):
        return f"{float(f'{value:.3e}'):,.0f}" if value >= 1e4 else number(value)

    def known(name, text):
        return text if shown or name == base else "hidden"

    def share(name):
        value = number(100 * flops / seconds[name][stop] / 8e10)
        return value if value == "–" else f"{value}%"

    pair = [base, rung]
    rates = {name: number(flops / seconds[name][stop] / 1e9) for name in pair}
    caption = f"B = {size:,}, {rung} against {base}"
    return {
        "caption": caption + (f": {word(guess, ratio)}" * (shown and base != rung)),
        "rows": [
            ["time", *[known(name, duration(seconds[name][stop])) for name in pair]],
            ["GFLOP/s", *[known(name, rates[name]) for name in pair]],
            ["share of peak", *[known(name, share(name)) for name in pair]],
            ["times as fast", "1", known(rung, times(ratio))],
            ["your guess", "", guessed],
        ],
    }


def test_every_pair_of_rungs_is_read_as_it_was_measured(show):
    figure = show(ladder(measurement="shown"))
    for base in NAMES:
        figure.run("choose", "base", base)
        for rung in NAMES:
            figure.run("choose", "rung", rung)
            for stop in range(len(BATCHES_OF_LADDER)):
                figure.run("slide", "size", stop)
                assert figure.run("readOut") == read_of_ladder(base, rung, stop)


@pytest.mark.parametrize("measurement", ["hidden", "shown"])
def test_every_guess_gets_its_word(show, measurement):
    shown = measurement == "shown"
    figure = show(ladder(measurement=measurement, size=16))
    words = set()
    for rung in ("NumPy, row by row", "NumPy float32", "Python lists", "not compiled"):
        figure.run("choose", "rung", rung)
        for index, guess in enumerate(GUESSES):
            figure.run("slide", "guess", index)
            expected = read_of_ladder("Python lists", rung, 2, guess, shown)
            assert figure.run("readOut") == expected
            words.add(expected["caption"].partition(": ")[2])
    assert len(words) == (5 if shown else 1)  # none for a rung against itself


def test_the_times_of_hidden_rungs_are_not_drawn(show):
    seconds = ladder_seconds()
    quick = {name: [time / 3 for time in times] for name, times in seconds.items()}
    quick["Python lists"] = seconds["Python lists"]
    quick["NumPy float32"][0] = seconds["NumPy float32"][0]  # the left of the scale
    drawn = []
    for times in (seconds, quick):
        figure = show(
            LadderExplorer(times, BATCHES_OF_LADDER, FLOPS_OF_LADDER, peak=1e11, size=4)
        )
        drawn.append(figure.drawing.inner_html())
        # Two rungs of the same time in both: of the others nothing is seen yet.
        figure.run("slide", "size", 0)
        for measurement in ("shown", "all"):
            figure.run("choose", "measurement", measurement)
            drawn.append(figure.drawing.inner_html())
    assert drawn[:2] == drawn[3:5]
    assert drawn[2] != drawn[5]


def test_bars_are_as_long_as_their_times_are_on_a_logarithmic_scale(show):
    figure = show(ladder(measurement="all", size=16))
    widths = figure.run("""(el) => [...el.querySelectorAll(".nn-drawing rect[style]")]
      .map((bar) => Number(bar.getAttribute("width")))""")
    whole = figure.run("""(el) =>
      Number(el.querySelector(".nn-area").getAttribute("width"))""")
    every = np.log10([time for row in ladder_seconds().values() for time in row])
    low, high = np.floor(np.nanmin(every)) - 0.15, np.nanmax(every) + 0.4
    times = np.array([row[2] for row in ladder_seconds().values()])
    expected = np.nan_to_num((np.log10(times) - low) / (high - low) * whole)
    np.testing.assert_allclose(widths, expected, atol=0.5)
    assert widths[NAMES.index("not compiled")] == 0


def test_a_guess_is_drawn_where_the_time_would_be(show):
    figure = show(ladder(size=16, guess=50))
    end, whole = figure.run("""(el) => [
      Number(el.querySelector(".nn-drawing path[d^='M12']").getAttribute("d")
        .match(/H([\\d.]+)/)[1]),
      Number(el.querySelector(".nn-area").getAttribute("width"))]""")
    every = np.log10([time for row in ladder_seconds().values() for time in row])
    low, high = np.floor(np.nanmin(every)) - 0.15, np.nanmax(every) + 0.4
    guessed = np.log10(ladder_seconds()["Python lists"][2] / 50)
    assert abs(end - 12 - (guessed - low) / (high - low) * whole) < 0.5


def test_a_click_takes_the_rung_that_it_hits(show):
    figure = show(ladder(measurement="shown"))
    box = figure.drawing.bounding_box()
    for i, rung in enumerate(NAMES):
        figure.page.mouse.click(box["x"] + 80, box["y"] + 14 + 38 * (i + 0.5))
        assert figure.run("readOut") == read_of_ladder("Python lists", rung, 0)


def test_the_keyboard_moves_every_control_of_the_ladder(show):
    figure = show(ladder())
    read = ["Python lists", "NumPy float32"]
    assert figure.run("readOut") == read_of_ladder(*read, 0, shown=False)
    figure.slider("size").press("End")
    assert figure.run("readOut") == read_of_ladder(*read, 4, shown=False)
    figure.slider("size").press("ArrowLeft")
    figure.slider("size").press("ArrowLeft")
    figure.slider("guess").press("ArrowRight")
    assert figure.run("readOut") == read_of_ladder(*read, 2, 2, shown=False)
    figure.root.get_by_role("button", name="Next").press("Enter")
    assert figure.run("readOut") == read_of_ladder(*read, 2, 5, shown=False)
    figure.root.locator("select[name=measurement]").press("ArrowDown")
    assert figure.run("readOut") == read_of_ladder(*read, 2, 5)
    figure.root.locator("select[name=base]").press("ArrowDown")
    read[0] = "NumPy, row by row"
    assert figure.run("readOut") == read_of_ladder(*read, 2, 5)
    figure.root.locator("select[name=rung]").press("ArrowUp")
    read[1] = "NumPy float64"
    assert figure.run("readOut") == read_of_ladder(*read, 2, 5)
    figure.reset()
    read = ["Python lists", "NumPy float32"]
    assert figure.run("readOut") == read_of_ladder(*read, 0, shown=False)


def test_a_link_to_the_ladder_takes_what_is_near_and_no_markup(show):
    link = "#ladder.rung=C%2B%2B%20-O3%20%3Cfast%3E&ladder.size=17&ladder.guess=46"
    figure = show(ladder(), f"{link}&ladder.measurement=shown&ladder.base=%3Cb%3E")
    expected = read_of_ladder("Python lists", "C++ -O3 <fast>", 2, 50)
    assert figure.run("readOut") == expected
    assert figure.root.locator("b").count() == 0


def test_without_a_compiler_the_ladder_has_fewer_rungs(show):
    seconds = {n: t for n, t in ladder_seconds().items() if n.startswith("NumPy")}
    explorer = LadderExplorer(
        seconds, BATCHES_OF_LADDER, FLOPS_OF_LADDER, peak=8e10, measurement="shown"
    )
    assert (explorer.base, explorer.rung) == ("NumPy, row by row", "NumPy float32")
    expected = read_of_ladder("NumPy, row by row", "NumPy float32", 0)
    assert show(explorer).run("readOut") == expected


def test_none_is_a_gap_as_nan_is():
    times = {"a": [None, 2.0], "b": [1.0, float("nan")]}
    explorer = LadderExplorer(times, [1, 2], [10, 20], peak=100.0)
    assert explorer.data["texts"] == [
        ["not measured", "2.00 s"],
        ["1.00 s", "not measured"],
    ]


def test_a_ladder_of_gaps_alone_opens_and_says_so(show):
    times = {"a": [None, None], "b": [None, None]}
    explorer = LadderExplorer(times, [1, 2], [10, 20], peak=1.0, measurement="shown")
    assert show(explorer).caption == "B = 1, b against a: not measured"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"base": "Fortran"}, "base expected one of 'Python lists', .*'Fortran'"),
        ({"rung": "Fortran"}, "rung expected one of 'Python lists', .*'Fortran'"),
        ({"guess": 0.0}, "guess.*0.0"),
        ({"guess": 1e6}, "guess.*1000000"),
        ({"measurement": "seen"}, "measurement.*seen"),
    ],
)
def test_a_ladder_refuses_a_state_that_it_does_not_have(state, said):
    refused(ladder, state, said)


def test_values_of_a_ladder_move_to_the_nearest_stop():
    explorer = ladder(guess=3.0, size=41)
    assert (explorer.guess, explorer.size) == (2.0, 64)
    explorer.guess, explorer.size = 4.0, 0
    assert (explorer.guess, explorer.size) == (5.0, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seconds": {}}, "at least one rung"),
        ({"sizes": [1, 1]}, r"sizes that rise from 1 or more, got \[1, 1\]"),
        ({"sizes": [0, 1]}, r"sizes that rise from 1 or more, got \[0, 1\]"),
        ({"sizes": []}, r"sizes that rise from 1 or more, got \[\]"),
        ({"flops": [1]}, "2 values, one for each of sizes, got 1 in flops"),
        ({"seconds": {"a": [1.0]}}, "2 values, one for each of sizes, got 1 in a"),
        ({"seconds": {"a": [1.0, 0.0]}}, r"positive numbers in a, got \[1.0, 0.0\]"),
        ({"seconds": {"a": [1.0, np.inf]}}, "positive numbers in a"),
        ({"flops": [1, float("nan")]}, "positive numbers in flops"),
        ({"peak": 0.0}, "a positive peak, got 0.0"),
        ({"peak": float("nan")}, "a positive peak, got nan"),
    ],
)
def test_a_ladder_that_does_not_fit_together_is_refused(change, said):
    given = {"seconds": {"a": [1.0, 2.0]}, "sizes": [1, 2], "flops": [10, 20]}
    with pytest.raises(ValueError, match=said):
        LadderExplorer(**(given | {"peak": 100.0} | change))


# ---- both ---------------------------------------------------------------------------


@pytest.mark.parametrize("make", [roofline, ladder])
def test_the_text_of_an_explorer_holds_no_measurement(make):
    assert all(f"{name}=" in repr(make()) for name in make().defaults)
    if make is ladder:
        other = {name: [1.0] * 5 for name in RUNGS}
        given = (other, BATCHES_OF_LADDER, FLOPS_OF_LADDER)
        assert repr(LadderExplorer(*given, peak=1.0)) == repr(ladder())
    else:
        other = [replace(k, seconds=1.0) for k in kernels()]
        explorer = RooflineExplorer(other, peak=PEAK, bandwidth=1.0)
        assert repr(explorer) == repr(roofline())


@pytest.mark.parametrize("make", [roofline, ladder])
def test_read_outs_fit_a_phone(show, make):
    figure = on_a_phone(show, make(measurement="shown"))
    assert overhang(figure) <= 0
