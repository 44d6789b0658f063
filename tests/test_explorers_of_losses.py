"""The explorers of losses, in Python and in a page."""

import math

import numpy as np
import pytest
from explorer_examples import decimals, printed, unpack
from explorer_reading import on_a_phone, one_page, overhang, refused

from nnlib.explorers.logit_gap import (
    GAPS,
    PRECISIONS,
    SPELLINGS,
    LogitGapExplorer,
    spelled,
    verdict,
)
from nnlib.explorers.loss import (
    CLASSES,
    DELTAS,
    LogitLossExplorer,
    LossExplorer,
    of_logit,
)
from nnlib.explorers.outlier import DELTAS as OUTLIER_DELTAS
from nnlib.explorers.outlier import PLACES, OutlierExplorer, Y, fit_line, points
from nnlib.losses import HuberLoss, MAELoss, MSELoss

X = np.array([tenth / 10 for tenth in range(-60, 61)])


@pytest.fixture(scope="module")
def show(browser, tmp_path_factory):
    """Open a page with an explorer."""
    with one_page(browser, tmp_path_factory.mktemp("pages")) as show:
        yield show


# ---- losses against the error and against the logit ---------------------------------


def of_number(name, e, delta):
    """Return a loss of one error and its slope, case by case."""
    if name == "MSE":
        return e**2, 2 * e
    if name == "MAE":
        return abs(e), float(np.sign(e))
    if abs(e) <= delta:
        return e**2 / 2, e
    return delta * (abs(e) - delta / 2), math.copysign(delta, e)


def of_class(name, z, classes):
    """Return p, the loss and its slope, from the definitions."""
    rivals = classes - 1 if name == "cross-entropy" else 1
    p = math.exp(z) / (math.exp(z) + rivals)
    if name == "BCE, y = 0":
        return p, -math.log(1 - p), p
    return p, -math.log(p), p - 1


def read_of_error(e, delta, losses=("MSE", "MAE", "Huber")):
    rows = [[name, *map(printed, of_number(name, e, delta))] for name in losses]
    return {"caption": f"At e = {decimals(e, 1)}, with δ = {delta:g}", "rows": rows}


def read_of_logit(z, classes, losses=("BCE, y = 1", "BCE, y = 0", "cross-entropy")):
    short = {"cross-entropy": "CE"}
    rows = [
        [short.get(name, name), *map(printed, of_class(name, z, classes))]
        for name in losses
    ]
    return {"caption": f"At z = {decimals(z, 1)}, with K = {classes}", "rows": rows}


def test_every_error_is_sampled_as_the_formulas_have_it():
    held = LossExplorer().data
    assert held["x"] == X.tolist()
    for name, stops in {"MSE": [1], "MAE": [1], "Huber": DELTAS}.items():
        table = unpack(held["losses"][name])
        assert table.shape == (len(stops), 2, 121)
        for rows, delta in zip(table, stops, strict=True):
            expected = np.array([of_number(name, e, delta) for e in X]).T
            np.testing.assert_allclose(rows, expected, rtol=6e-4)


def test_every_logit_is_sampled_as_the_formulas_have_it():
    held = LogitLossExplorer().data
    for name, packed in held["losses"].items():
        table = unpack(packed)
        stops = CLASSES if name == "cross-entropy" else [2]
        assert table.shape == (len(stops), 3, 121)
        for (loss, slope, p), classes in zip(table, stops, strict=True):
            expected = np.array([of_class(name, z, classes) for z in X]).T
            np.testing.assert_allclose([p, loss, slope], expected, rtol=6e-4)


def test_two_classes_are_a_yes_or_no_question_and_no_logit_costs_ln_k():
    held = LogitLossExplorer().data["losses"]
    two, yes = unpack(held["cross-entropy"])[0], unpack(held["BCE, y = 1"])[0]
    assert np.array_equal(two, yes)
    for classes in CLASSES:
        assert of_logit(classes)[0, 60] == pytest.approx(math.log(classes))


@pytest.mark.parametrize("delta", [DELTAS[0], 1.0, DELTAS[-1]])
def test_every_error_is_read_as_it_is(show, delta):
    figure = show(LossExplorer(delta=delta))
    for at in [*range(0, 121, 12), 59, 60, 61, 70, 120]:
        figure.run("slide", "error", at)
        assert figure.run("readOut") == read_of_error(X[at], delta)


@pytest.mark.parametrize("classes", CLASSES)
def test_every_logit_is_read_as_it_is(show, classes):
    figure = show(LogitLossExplorer(classes=classes))
    for at in [*range(0, 121, 20), 59, 61]:
        figure.run("slide", "logit", at)
        assert figure.run("readOut") == read_of_logit(X[at], classes)


def test_checks_keys_and_the_pointer_move_a_loss(show):
    figure = show(LossExplorer())
    figure.run("check", ["MSE", "Huber"])
    some = ("MSE", "Huber")
    figure.slider("delta").press("ArrowRight")
    figure.slider("error").press("ArrowRight")
    assert figure.run("readOut") == read_of_error(1.6, 1.5, some)
    assert figure.slider("error").get_attribute("aria-valuetext") == "1.6"
    handle = figure.root.locator(".nn-handle").bounding_box()
    unit = (float(figure.drawing.get_attribute("width")) - 50) / 12
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    figure.page.mouse.move(x, y)
    figure.page.mouse.down()
    figure.page.mouse.move(x - 3.6 * unit, y, steps=3)
    assert figure.run("readOut") == read_of_error(-2.0, 1.5, some)
    figure.page.mouse.move(0, y)
    assert figure.run("readOut") == read_of_error(-6.0, 1.5, some)
    figure.page.mouse.up()
    figure.run("check", [])
    assert figure.rows == []
    figure.reset()
    assert figure.run("readOut") == read_of_error(1.5, 1.0)


def test_the_slope_of_mae_is_drawn_with_a_gap_where_it_jumps(show):
    figure = show(LossExplorer(losses=["MAE"]))
    path = """(el) => [...el.querySelectorAll(".nn-drawing svg svg")].at(-1)
      .querySelector("path").getAttribute("d")"""
    assert figure.run(path).count("M") == 3  # left of 0, 0 by itself, and right of it
    figure.run("check", ["Huber"])
    assert figure.run(path).count("M") == 1


def test_a_dot_below_another_is_seen_around_it(show):
    figure = show(LossExplorer(error=3.0, delta=1.0))
    radii = """(el) => [...el.querySelectorAll(".nn-drawing circle:not(.nn-handle)")]
      .map((dot) => Number(dot.getAttribute("r")))"""
    assert sorted(figure.run(radii)) == [4.5, 4.5, 4.5, 4.5, 4.5, 7.5]
    figure.run("slide", "error", 60)
    assert sorted(figure.run(radii)) == [4.5, 4.5, 7.5, 7.5, 10.5, 10.5]


def test_a_link_to_a_loss_takes_what_is_near_and_no_markup(show):
    figure = show(LossExplorer(), "#loss.error=2.96&loss.delta=99&loss.losses=<b>,MAE")
    assert figure.run("readOut") == read_of_error(3.0, 6.0, ["MAE"])
    assert figure.root.locator("b").count() == 0


@pytest.mark.parametrize(
    ("make", "state", "said"),
    [
        (LossExplorer, {"error": 7.0}, "'error'.*7"),
        (LossExplorer, {"delta": 0.0}, "'delta'.*0"),
        (LossExplorer, {"losses": ["RMSE"]}, "losses.*RMSE"),
        (LogitLossExplorer, {"logit": "large"}, "'logit'.*large"),
        (LogitLossExplorer, {"classes": 1}, "'classes'.*1"),
        (LogitLossExplorer, {"losses": ["MSE"]}, "losses.*MSE"),
        (LogitGapExplorer, {"gap": -1}, "'gap'.*-1"),
        (LogitGapExplorer, {"precision": "float16"}, "'precision'.*float16"),
        (LogitGapExplorer, {"target": "both"}, "'target'.*both"),
        (OutlierExplorer, {"place": "left"}, "'place'.*left"),
        (OutlierExplorer, {"y": 21.0}, "'y'.*21"),
        (OutlierExplorer, {"delta": 0.0}, "'delta'.*0"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(make, state, said):
    refused(make, state, said)


def test_states_move_to_the_nearest_sample():
    assert LossExplorer(error=-2.96, delta=2.4).defaults == {
        "error": -3.0, "delta": 2.0, "losses": ["MSE", "MAE", "Huber"],
    }  # fmt: skip
    assert LogitLossExplorer(classes=60).classes == 100
    assert LogitGapExplorer(gap=707).gap == 709
    assert OutlierExplorer(y=3.2, delta=2.5).y == 3.0


# ---- the logit gap ------------------------------------------------------------------


def test_spellings_agree_with_the_loss_on_paper_while_the_gap_is_small():
    for name in SPELLINGS:
        for gap in range(13):
            for target, sign in ((0, 1), (1, -1)):
                loss, slope = spelled(name, np.array([gap, 0.0]), target)
                right = math.log1p(math.exp(-sign * gap))
                assert loss == pytest.approx(right, rel=2e-4, abs=2e-9)
                expected = -1 / (1 + math.exp(sign * gap))
                assert slope == pytest.approx(expected, rel=2e-4, abs=2e-9)


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_slope_is_that_of_the_loss_that_was_computed(name):
    h = 1e-5
    for gap in (0.5, 5, 15, 19, 24):
        for target in (0, 1):
            z, nudge = np.array([gap, 0.0]), h * np.eye(2)[target]
            losses = [spelled(name, z + side * nudge, target)[0] for side in (1, -1)]
            _, slope = spelled(name, z, target)
            assert slope == pytest.approx((losses[0] - losses[1]) / (2 * h), abs=1e-6)


def verdicts(name, precision, target):
    """Return the gaps at which the verdict changes, and to what."""
    changes, last = {}, None
    for gap in GAPS:
        z = np.array([gap, 0], PRECISIONS[precision])
        said = verdict(
            *spelled(name, z, {"behind": 1, "ahead": 0}[target]), gap, target
        )
        if said != last:
            changes[gap] = last = said
    return changes


def test_where_each_spelling_breaks():
    for precision, end in (("float64", 710), ("float32", 89)):
        assert verdicts("naive", precision, "behind") == {0: "right", end: "infinite"}
        assert verdicts("naive", precision, "ahead") == {0: "right", end: "NaN"}
        floored = verdicts("max(p, 1e-9)", precision, "behind")
        assert floored == {0: "right", 21: "too low, flat"}
        assert verdicts("p + 1e-9", precision, "behind") == {
            0: "right", 14: "slope off", 17: "too low, slope off", 28: "too low, flat",
        }  # fmt: skip
        for target in ("behind", "ahead"):
            assert verdicts("from logits", precision, target) == {0: "right"}
    loss, slope = spelled("p + 1e-9", np.array([1000.0, 0.0]), 1)
    assert (loss, slope) == (pytest.approx(-math.log(1e-9)), 0)
    assert spelled("from logits", np.array([1000.0, 0.0]), 1) == (1000, -1)


NAMES = {
    "naive": "naive",
    "p + 1e-9": "p + 1e−9",
    "max(p, 1e-9)": "p ≥ 1e−9",
    "from logits": "from logits",
}


def of_gap(value):
    """Return a number as the table of the logit gap prints it."""
    if math.isnan(value):
        return "NaN"
    return "∞" if math.isinf(value) else printed(value)


def read_of_gap(gap, precision, target):
    right = {"behind": 1, "ahead": 0}[target]
    rows = []
    for name in SPELLINGS:
        loss, slope = spelled(name, np.array([gap, 0], PRECISIONS[precision]), right)
        said = verdict(loss, slope, gap, target)
        rows.append([NAMES[name], of_gap(loss), of_gap(slope), said])
    sign = -1 if target == "behind" else 1
    loss = math.log1p(math.exp(-gap)) + (gap if target == "behind" else 0)
    slope = -math.exp(min(-sign * gap, 0)) / (1 + math.exp(-gap))
    caption = (
        f"Logits ({gap}, 0), class {right} is right. "
        f"On paper L = {of_gap(loss)}, p − y = {of_gap(slope)}"
    )
    return {"caption": caption, "rows": rows}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("target", ["behind", "ahead"])
def test_every_gap_is_read_as_it_is_computed(show, target, precision):
    figure = show(LogitGapExplorer())
    figure.run("choose", "target", target)
    figure.run("choose", "precision", precision)
    for at in [*range(0, len(GAPS), 7), GAPS.index(88), GAPS.index(89), len(GAPS) - 1]:
        figure.run("slide", "gap", at)
        assert figure.run("readOut") == read_of_gap(GAPS[at], precision, target)


def test_a_cross_marks_where_the_naive_spelling_ends(show):
    figure = show(LogitGapExplorer())
    first = "(el) => el.querySelector('.nn-drawing text').textContent"
    assert figure.run(first) == "naive, infinite by 710 (✕)"
    figure.run("choose", "target", "ahead")
    figure.run("choose", "precision", "float32")
    assert figure.run(first) == "naive, NaN by 89 (✕)"


def test_keys_and_the_pointer_move_the_gap(show):
    figure = show(LogitGapExplorer(gap=10))
    figure.slider("gap").press("ArrowRight")
    assert figure.run("readOut") == read_of_gap(11, "float64", "behind")
    handle = figure.root.locator(".nn-handle").bounding_box()
    inner = float(figure.drawing.get_attribute("width")) - 60
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    figure.page.mouse.move(x, y)
    figure.page.mouse.down()
    figure.page.mouse.move(x + inner * math.log(101 / 12) / math.log(1001), y, steps=3)
    assert figure.run("readOut") == read_of_gap(100, "float64", "behind")
    figure.page.mouse.up()


def test_a_link_to_a_gap_takes_what_is_near_and_no_markup(show):
    link = "#logit_gap.gap=1e9&logit_gap.precision=<b>&logit_gap.target=ahead"
    figure = show(LogitGapExplorer(), link)
    assert figure.run("readOut") == read_of_gap(1000, "float64", "ahead")
    assert figure.root.locator("b").count() == 0


# ---- one point among twelve ---------------------------------------------------------


def moved(place, to):
    x, y = points()
    y[PLACES[place]] = to
    return x, y


@pytest.mark.parametrize("place", PLACES)
def test_no_line_near_by_has_a_smaller_loss(place):
    rng = np.random.default_rng(1)
    nudges = rng.standard_normal((40, 2)) * 10.0 ** rng.uniform(-4, 0, (40, 1))
    for to in (-8.0, 3.5, 20.0):
        x, y = moved(place, to)
        for criterion in (MSELoss(), MAELoss(), HuberLoss(0.1), HuberLoss(3.0)):
            slope, intercept = fit_line(criterion, x, y)
            least = criterion(slope * x + intercept, y)
            for a, b in nudges:
                assert criterion((slope + a) * x + intercept + b, y) > least


@pytest.mark.parametrize("delta", OUTLIER_DELTAS)
def test_the_pulls_of_hubers_line_balance(delta):
    criterion = HuberLoss(delta)
    for place in PLACES:
        for to in Y[::8]:
            x, y = moved(place, to)
            slope, intercept = fit_line(criterion, x, y)
            criterion(slope * x + intercept, y)
            pulls = criterion.backward()
            assert abs(pulls.sum()) < 1e-9
            assert abs(pulls @ x) < 1e-9


def test_the_line_of_mse_is_that_of_the_textbook():
    x, y = moved("end", 14.0)
    slope = np.cov(x, y, ddof=0)[0, 1] / x.var()
    expected = slope, y.mean() - slope * x.mean()
    assert fit_line(MSELoss(), x, y) == pytest.approx(expected)


def test_past_some_height_the_point_moves_mse_alone():
    near, far = moved("end", 14.0), moved("end", 20.0)
    assert fit_line(MAELoss(), *near) == fit_line(MAELoss(), *far)
    huber = [fit_line(HuberLoss(1.0), *data) for data in (near, far)]
    assert huber[0] == pytest.approx(huber[1], rel=1e-9)
    assert fit_line(MSELoss(), *far)[0] - fit_line(MSELoss(), *near)[0] > 0.2


def test_points_are_where_they_always_were():
    x, y = points()
    assert x.tolist() == list(range(12))
    assert y.tolist() == OutlierExplorer().data["y"]
    assert abs(fit_line(MSELoss(), x, y)[0] - 0.5) < 0.1


def read_of_point(place, to, delta):
    x, y = moved(place, to)
    fits = {"MSE": MSELoss(), "MAE": MAELoss(), "Huber": HuberLoss(delta)}
    where = f"The point at x = {PLACES[place]} lies at y = {decimals(to, 1)}"
    rows = [[name, *map(printed, fit_line(c, x, y))] for name, c in fits.items()]
    return {"caption": f"{where}; δ = {delta:g}", "rows": rows}


@pytest.mark.parametrize("place", PLACES)
def test_every_height_is_read_as_it_is_fitted(show, place):
    figure = show(OutlierExplorer())
    figure.run("choose", "place", place)
    for i, delta in enumerate(OUTLIER_DELTAS):
        figure.run("slide", "delta", i)
        for at in range(i, len(Y), 11):
            figure.run("slide", "y", at)
            assert figure.run("readOut") == read_of_point(place, Y[at], delta)


def test_keys_and_the_pointer_move_the_point(show):
    figure = show(OutlierExplorer())
    figure.slider("y").press("ArrowLeft")
    assert figure.run("readOut") == read_of_point("end", 13.5, 1.0)
    handle = figure.root.locator(".nn-handle").bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    figure.page.mouse.move(x, y)
    figure.page.mouse.down()
    figure.page.mouse.move(x, y + 15.5 * 320 / 30, steps=3)  # 30 units are 320 high
    assert figure.run("readOut") == read_of_point("end", -2.0, 1.0)
    after = figure.root.locator(".nn-handle").bounding_box()
    assert after["y"] + after["height"] / 2 == pytest.approx(y + 15.5 * 320 / 30, abs=1)
    figure.page.mouse.up()


# ---- on a phone ---------------------------------------------------------------------


def test_the_tables_fit_a_phone(show):
    explorers = [
        LossExplorer(error=-5.9),
        *(LogitLossExplorer(logit=z, classes=1000) for z in (-5.9, 5.9)),
        *(LogitGapExplorer(gap=gap) for gap in (20, 25, 1000)),
        *(LogitGapExplorer(gap=gap, target="ahead") for gap in (20, 709)),
        OutlierExplorer(y=-8.0),
    ]
    for explorer in explorers:
        assert overhang(on_a_phone(show, explorer)) <= 0, explorer
