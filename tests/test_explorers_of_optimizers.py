"""The explorers of optimisers, in Python and in a page."""

import functools

import numpy as np
import pytest
from explorer_examples import decimals, printed, unpack
from explorer_reading import in_node, on_a_phone, one_page, overhang, refused

from nnlib.explorers.stability import (
    KINDS,
    StabilityExplorer,
    behaviour,
    edges,
    iterates,
    slowest_factor,
)
from nnlib.explorers.stability import MOMENTA as DIAL_MOMENTA
from nnlib.explorers.stability import RATES as DIAL_RATES
from nnlib.explorers.trajectories import (
    GONE,
    LEVELS,
    MOMENTA,
    OPTIMIZERS,
    RATES,
    SURFACES,
    TrajectoriesExplorer,
    X,
    Y,
    trajectory,
)
from nnlib.gradcheck import numerical_gradient

each_surface = pytest.mark.parametrize("surface", SURFACES)


#: In the page: what is read at each of these stops of the sliders.
READ_AT = """(el, every) => every.map((stops) => {
  for (const [name, stop] of Object.entries(stops)) slide(el, name, stop);
  return readOut(el);
})"""


@pytest.fixture(scope="module")
def show(browser, tmp_path_factory):
    """Open a page with an explorer."""
    with one_page(browser, tmp_path_factory.mktemp("pages")) as show:
        yield show


# ---- surfaces and trajectories ------------------------------------------------------


@each_surface
def test_the_gradient_of_a_surface_is_confirmed_by_nudging(surface):
    rng = np.random.default_rng(1)
    given = SURFACES[surface]
    for place in rng.uniform(-2.5, 2.5, (20, 2)):
        nudged = numerical_gradient(lambda w: float(given.f(*w)), place)
        np.testing.assert_allclose(given.gradient(*place), nudged, 1e-6, 1e-6)


@each_surface
def test_a_surface_is_lowest_at_its_minima_and_nowhere_below_0(surface):
    given = SURFACES[surface]
    rng = np.random.default_rng(2)
    for place in given.minima:
        np.testing.assert_allclose(given.gradient(*place), 0, atol=1e-14)
        around = [given.f(*(place + 0.1 * d)) for d in rng.standard_normal((50, 2))]
        assert min(around) > given.f(*place)
    values = [given.f(x, y) for x in X for y in Y]
    assert min(values) >= 0
    assert min(given.f(*place) for place in given.minima) < 1e-30


def test_the_shallow_valley_ends_above_the_deep_one():
    f = SURFACES["two valleys"].f
    assert f(-1.0, 0.0) == pytest.approx(1.5625, rel=1e-12)
    assert f(1.5, 0.0) == 0
    ridge = np.array([f(x, 0.0) for x in np.linspace(-1, 1.5, 251)])
    assert np.linspace(-1, 1.5, 251)[ridge.argmax()] == pytest.approx(0.1)


@each_surface
def test_a_line_of_a_map_has_one_loss(surface):
    lines = TrajectoriesExplorer().data["contours"][surface]
    assert len(lines) >= 8
    for packed in lines.values():
        x, y = unpack(packed)
        losses = SURFACES[surface].f(x, y)
        level = min(LEVELS, key=lambda v: abs(v - np.median(losses)))
        np.testing.assert_allclose(losses, level, rtol=0.1)


def test_plain_descent_in_a_ravine_multiplies_each_coordinate():
    places = trajectory("ravine", "SGD", 0.03, start=(-2.0, 1.0), steps=50)
    t = np.arange(51)
    expected = np.stack([-2 * (1 - 0.03) ** t, (1 - 20 * 0.03) ** t], axis=1)
    np.testing.assert_allclose(places, expected, rtol=1e-12)


def test_a_run_that_is_gone_is_given_up():
    places = trajectory("ravine", "SGD", 0.5)
    gone = int(np.isnan(places[:, 0]).argmax())
    assert np.abs(places[gone - 1]).max() > GONE
    assert np.abs(places[: gone - 1]).max() <= GONE
    assert np.isnan(places[gone:]).all()


def test_what_the_chapter_tells_of_the_surfaces():
    ends = {name: trajectory("two valleys", name, 0.05, 0.8)[-1] for name in OPTIMIZERS}
    assert ends["SGD"][0] == pytest.approx(-1, abs=1e-6)
    assert ends["Adam"][0] == pytest.approx(-1, abs=0.01)
    assert ends["momentum"][0] == pytest.approx(1.5, abs=1e-3)
    assert ends["Nesterov"][0] == pytest.approx(1.5, abs=1e-3)
    # From a place on its ridge the slope leads to the saddle, and Adam elsewhere.
    for name in ("SGD", "momentum", "Nesterov"):
        assert (
            np.abs(trajectory("saddle", name, 0.05, 0.8, (-2.0, 1.0))[-1]).max() < 0.01
        )
    assert np.abs(trajectory("saddle", "Adam", 0.05, start=(-2.0, 1.0))[-1]).max() > 0.4


def as_python_has_it(found):
    """Return a run of the page with NaN where it was given up."""
    places = np.full((101, 2), np.nan)
    places[: len(found)] = found
    return places


def test_the_pages_runs_are_nnlibs_for_hundreds_of_starts():
    rng = np.random.default_rng(3)
    cases, expected = [], []
    for number in range(320):
        surface, name = list(SURFACES)[number % 4], list(OPTIMIZERS)[number // 4 % 4]
        lr, momentum = float(rng.choice(RATES)), float(rng.choice(MOMENTA))
        start = [float(rng.choice(X)), float(rng.choice(Y))]
        cases.append([surface, name, lr, momentum, start, 100, GONE])
        expected.append(trajectory(surface, name, lr, momentum, tuple(start)))
    runs = in_node("trajectories", "data.map((one) => run(...one))", cases)
    for case, found, right in zip(cases, runs, expected, strict=True):
        np.testing.assert_allclose(
            as_python_has_it(found), right, rtol=1e-6, atol=1e-6, err_msg=str(case)
        )
    assert sum(np.isnan(run[-1, 0]) for run in expected) > 25  # some that explode


def test_the_pages_losses_are_nnlibs():
    rng = np.random.default_rng(4)
    cases = [
        [surface, *place]
        for surface in SURFACES
        for place in rng.uniform(-3, 3, (50, 2)).tolist()
    ]
    losses = in_node(
        "trajectories", "data.map(([name, x, y]) => SURFACES[name][0](x, y))", cases
    )
    expected = [SURFACES[name].f(x, y) for name, x, y in cases]
    np.testing.assert_allclose(losses, expected, rtol=1e-12)


def brief(value):
    """Return a number as the table of the trajectories prints it."""
    if value != 0 and not 1e-3 <= value < 999.5:
        digits, exponent = f"{value:.1e}".split("e")
        return f"{digits}e{int(exponent)}".replace("-", "−")
    return f"{value:#.3g}".rstrip(".") if value else "0.00"


def read_of_run(surface, name, lr, momentum, start, step):
    """Return the row that must be read of an optimiser, from nnlib's run."""
    given = SURFACES[surface]
    places = trajectory(surface, name, lr, momentum, start)
    losses = np.array([given.f(x, y) for x, y in places])
    arrived = [t for t in range(101) if (losses[t:] < 0.001).all()]
    if arrived:
        end = f"step {arrived[0]}"
    else:
        end = "explodes" if np.isnan(losses[-1]) else "over 100"
    if np.isnan(losses[step]):
        return [name, "∞", "∞", end]
    away = min(float(np.linalg.norm(places[step] - bottom)) for bottom in given.minima)
    return [name, brief(away), brief(losses[step]), end]


@each_surface
def test_every_read_out_of_a_trajectory_is_nnlibs(show, surface):
    figure = show(TrajectoriesExplorer(surface=surface))
    rng = np.random.default_rng(5)
    stops = [
        {
            "lr": int(rng.integers(4, len(RATES) - 3)),
            "momentum": int(rng.integers(0, 6)),
            "x": int(rng.integers(0, len(X))),
            "y": int(rng.integers(0, len(Y))),
            "step": int(rng.integers(0, 41)),
        }
        for _ in range(12)
    ]
    for at, found in zip(stops, figure.run(READ_AT, stops), strict=True):
        lr, momentum = RATES[at["lr"]], MOMENTA[at["momentum"]]
        start = (X[at["x"]], Y[at["y"]])
        assert found == {
            "caption": f"At step {at['step']}, learning rate {lr:g}, "
            f"momentum {momentum:g}",
            "rows": [
                read_of_run(surface, name, lr, momentum, start, at["step"])
                for name in OPTIMIZERS
            ],
        }, at


def test_a_dip_below_a_thousandth_is_no_arrival(show):
    figure = show(TrajectoriesExplorer(lr=0.05))
    losses = [SURFACES["ravine"].f(*w) for w in trajectory("ravine", "Nesterov", 0.05)]
    dip = next(t for t, loss in enumerate(losses) if loss < 0.001)
    arrival = int({row[0]: row[3] for row in figure.rows}["Nesterov"].split()[1])
    assert dip + 5 < arrival
    assert losses[arrival - 1] >= 0.001 > max(losses[arrival:])


def test_nesterovs_limit_in_the_ravine_is_as_the_chapter_says():
    limit = 2 * 1.8 / (2.6 * 20)
    for lr, arrives in ((0.99 * limit, True), (1.01 * limit, False)):
        end = np.abs(trajectory("ravine", "Nesterov", lr, 0.8, steps=900))[-1].max()
        assert (end < 1e-6) == arrives
    assert np.isnan(trajectory("ravine", "Nesterov", 0.09)[-1]).all()
    assert np.isfinite(trajectory("ravine", "SGD", 0.09)[-1]).all()


def test_an_optimiser_is_shown_and_hidden(show):
    figure = show(TrajectoriesExplorer(optimizers=["Adam", "SGD"]))
    assert [row[0] for row in figure.rows] == ["SGD", "Adam"]
    figure.page.get_by_role("checkbox", name="SGD").press("Space")
    assert [row[0] for row in figure.rows] == ["Adam"]
    figure.page.get_by_role("checkbox", name="Adam").press("Space")
    assert figure.rows == []
    assert figure.caption.endswith("choose an optimiser above")


def test_the_start_is_dragged_and_the_step_is_picked(show):
    figure = show(TrajectoriesExplorer(step=7))
    handle = figure.root.locator(".nn-handle").first
    box = handle.bounding_box()
    mouse = figure.page.mouse
    # The map is as many pixels wide as five units, from -2.5 to 2.5.
    unit = float(figure.drawing.get_attribute("width")) * 0.55 / 5
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 1.5 * unit, y + 0.5 * unit, steps=3)
    mouse.up()
    expected = [
        read_of_run("ravine", name, 0.03, 0.8, (-0.5, 0.4), 7) for name in OPTIMIZERS
    ]
    assert figure.rows == expected
    assert figure.slider("x").get_attribute("aria-valuetext") == "−0.50"
    right = figure.drawing.bounding_box()
    mouse.click(right["x"] + right["width"] - 4, right["y"] + 80)
    assert figure.caption == "At step 100, learning rate 0.03, momentum 0.8"


def test_the_keyboard_moves_every_control_of_a_trajectory(show):
    figure = show(TrajectoriesExplorer())
    figure.root.locator("select").press("ArrowDown")
    figure.slider("lr").press("ArrowRight")
    figure.slider("momentum").press("Home")
    figure.slider("x").press("End")
    figure.slider("y").press("ArrowLeft")
    figure.slider("step").press("Home")
    figure.root.get_by_role("button", name="Next").press("Enter")
    expected = [
        read_of_run("banana", name, 0.04, 0.5, (2.5, 0.85), 1) for name in OPTIMIZERS
    ]
    assert figure.rows == expected


def test_a_link_to_a_trajectory_takes_what_is_near_and_no_markup(show):
    link = "#trajectories.lr=0.0951&trajectories.x=99&trajectories.step=-4"
    figure = show(TrajectoriesExplorer(), link + "&trajectories.surface=<b>saddle")
    assert figure.caption == "At step 0, learning rate 0.095, momentum 0.8"
    assert figure.rows[0] == read_of_run("ravine", "SGD", 0.095, 0.8, (2.5, 0.9), 0)
    assert figure.root.locator("b").count() == 0


@pytest.mark.parametrize("surface", SURFACES)
def test_on_a_phone_nothing_of_a_trajectory_is_cut_off(show, surface):
    # As wide as at 360 px beside a bar to scroll by.
    figure = on_a_phone(show, TrajectoriesExplorer(surface=surface, lr=0.01), 344)
    figure.run("check", ["momentum", "Nesterov"])
    assert overhang(figure) <= 0


@pytest.mark.parametrize(
    ("make", "state", "said"),
    [
        (TrajectoriesExplorer, {"surface": "crater"}, "'surface'.*crater"),
        (TrajectoriesExplorer, {"optimizers": ["Lion"]}, "optimizers.*Lion"),
        (TrajectoriesExplorer, {"lr": 2.0}, "'lr'.*2.0"),
        (TrajectoriesExplorer, {"momentum": 0.1}, "'momentum'.*0.1"),
        (TrajectoriesExplorer, {"x": 3.0}, "'x'.*3.0"),
        (TrajectoriesExplorer, {"step": 101}, "'step'.*101"),
        (StabilityExplorer, {"rate": 4.1}, "'rate'.*4.1"),
        (StabilityExplorer, {"momentum": 1.0}, "'momentum'.*1.0"),
        (StabilityExplorer, {"step": 0.5}, "'step'.*0.5"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(make, state, said):
    refused(make, state, said)


def test_values_move_to_the_nearest_stop():
    explorer = TrajectoriesExplorer(lr=0.097, momentum=0.83, x=0.02)
    assert (explorer.lr, explorer.momentum, explorer.x) == (0.095, 0.85, 0.0)
    dial = StabilityExplorer(rate=1.97, momentum=0.6)
    assert (dial.rate, dial.momentum) == (1.98, 0.5)


# ---- stability ----------------------------------------------------------------------


def test_without_momentum_every_step_multiplies_by_one_minus_the_rate():
    t = np.arange(31)
    expected = np.array([(1 - rate) ** t for rate in DIAL_RATES])
    np.testing.assert_allclose(iterates(0.0), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("momentum", DIAL_MOMENTA[1:])
def test_momentum_follows_the_recurrence_of_its_two_roots(momentum):
    """From v = μv + g and w = w - ηv: w goes on as (1 + μ - ηc) w - μ w_before."""
    w = iterates(momentum)
    inner = 1 + momentum - np.array(DIAL_RATES)[:, None]
    expected = inner * w[:, 1:-1] - momentum * w[:, :-2]
    np.testing.assert_allclose(w[:, 2:], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("momentum", DIAL_MOMENTA)
def test_the_factor_is_how_fast_a_run_shrinks_or_grows(momentum):
    runs = np.abs(iterates(momentum, 600))
    for rate, run in zip(DIAL_RATES, runs, strict=True):
        factor = slowest_factor(rate, momentum)
        # Of a swing the envelope counts: the largest of some steps in a row.
        early, late = run[101:161].max(), run[401:461].max()
        if late > 1e-290:
            assert (late / early) ** (1 / 300) == pytest.approx(factor, rel=0.01)
        else:
            assert factor < 0.25


@pytest.mark.parametrize("momentum", DIAL_MOMENTA)
def test_a_run_behaves_as_its_kind_says(momentum):
    for rate, run in zip(DIAL_RATES, iterates(momentum, 600), strict=True):
        kind, factor = behaviour(rate, momentum), slowest_factor(rate, momentum)
        signs = np.sign(run[np.abs(run) > 1e-280])
        if kind == "stands still":
            assert (run == 1).all()
        elif kind == "arrives in one step":
            assert not run[1:].any()
        elif kind == "comes from one side":
            assert (signs > 0).all()
            assert np.abs(run[-1]) < 1e-6
        elif kind == "swings and arrives":
            assert factor == pytest.approx(momentum**0.5)
            assert set(signs) == {-1, 1}
            assert np.abs(run[-1]) < 1e-5
        elif kind == "jumps from side to side and arrives":
            assert (signs[50:-1] == -signs[51:]).all()
            assert np.abs(run[-1]) < 0.01
        elif kind == "never arrives, never leaves":
            assert factor == pytest.approx(1, abs=1e-6)
            assert 0.5 < np.abs(run[-1]) < 50
        else:
            assert kind == "explodes"
            assert np.abs(run[-1]) > 1e3


def test_every_kind_is_on_the_dial():
    found = {behaviour(rate, mu) for rate in DIAL_RATES for mu in DIAL_MOMENTA}
    assert found == set(KINDS)


@pytest.mark.parametrize("momentum", [0.1, 0.5, 0.9])
def test_the_edges_are_where_the_roots_change(momentum):
    swings, jumps, explodes = edges(momentum)
    for rate in (swings, jumps):
        roots = np.roots([1, -(1 + momentum - rate), momentum])
        np.testing.assert_allclose(np.abs(roots), momentum**0.5, rtol=1e-6)
    assert np.iscomplex(np.roots([1, -(1 + momentum - swings - 0.01), momentum])).all()
    assert np.isreal(np.roots([1, -(1 + momentum - jumps - 0.01), momentum])).all()
    assert slowest_factor(explodes, momentum) == pytest.approx(1)
    assert slowest_factor(explodes + 0.01, momentum) > 1


def steps_to_within_a_percent(run):
    """Return the first step from which on all are close, by looking at each."""
    for t in range(len(run)):
        if (np.abs(run[t:]) <= 0.01).all():
            return t
    return None


long_runs = functools.cache(functools.partial(iterates, steps=600))


def read_of_dial(rate, momentum, step):
    run = long_runs(momentum)[DIAL_RATES.index(rate)]
    arrival = steps_to_within_a_percent(run)
    name = f"momentum {momentum:g}" if momentum else "no momentum"
    kind = behaviour(rate, momentum)
    return {
        "caption": f"ηc = {decimals(rate, 2)}, {name}: {kind}",
        "rows": [
            [f"θ after step {step}, from 1", printed(run[step])],
            [
                "factor per step in the long run",
                printed(slowest_factor(rate, momentum)),
            ],
            [
                "steps to within 1%, for good",
                "never" if arrival is None else str(arrival),
            ],
        ],
    }


def test_every_read_out_of_the_dial_is_nnlibs(show):
    figure = show(StabilityExplorer())
    stops = [
        {"momentum": i, "rate": j, "step": (7 * i + j) % 31}
        for i in range(len(DIAL_MOMENTA))
        for j in range(len(DIAL_RATES))
    ]
    for at, found in zip(stops, figure.run(READ_AT, stops), strict=True):
        rate, momentum = DIAL_RATES[at["rate"]], DIAL_MOMENTA[at["momentum"]]
        assert found == read_of_dial(rate, momentum, at["step"])


def test_one_percent_decides():
    arrivals = StabilityExplorer().data["arrivals"][0]
    found = [arrivals[DIAL_RATES.index(rate)] for rate in (1.0, 1.98, 2.0, 2.02)]
    assert found == [1, 228, None, None]


def test_the_point_of_the_plane_is_dragged_and_the_step_is_picked(show):
    figure = show(StabilityExplorer(step=5))
    plane = figure.root.locator(".nn-area").bounding_box()
    mouse = figure.page.mouse

    def at(rate, momentum):
        across = plane["x"] + plane["width"] * rate / 4
        return across, plane["y"] + plane["height"] * (1 - momentum)

    mouse.move(*at(1.9, 0.01))
    mouse.down()
    for rate, momentum in ((0.5, 0.3), (3.0, 0.7), (2.02, 0.9)):
        mouse.move(*at(rate, momentum), steps=3)
        assert figure.run("readOut") == read_of_dial(rate, momentum, 5)
    mouse.up()
    low = figure.drawing.bounding_box()
    mouse.click(low["x"] + low["width"] - 5, low["y"] + low["height"] - 60)
    assert figure.run("readOut") == read_of_dial(2.02, 0.9, 30)


def test_the_keyboard_moves_every_control_of_the_dial(show):
    figure = show(StabilityExplorer(rate=1.98))
    figure.slider("rate").press("ArrowRight")
    assert figure.run("readOut") == read_of_dial(2.0, 0.0, 30)
    figure.slider("momentum").press("End")
    figure.root.get_by_role("button", name="Back").press("Enter")
    assert figure.run("readOut") == read_of_dial(2.0, 0.95, 29)


def test_a_link_to_the_dial_takes_what_is_near(show):
    figure = show(StabilityExplorer(), "#stability.rate=77&stability.momentum=0.6")
    assert figure.run("readOut") == read_of_dial(4.0, 0.5, 30)


@pytest.mark.parametrize("rate", [0.5, 1.98, 3.9])
def test_on_a_phone_nothing_of_the_dial_is_cut_off(show, rate):
    figure = on_a_phone(show, StabilityExplorer(rate=rate, momentum=0.9))
    assert overhang(figure) <= 0
    assert figure.page.evaluate("document.documentElement.scrollWidth") == 360
