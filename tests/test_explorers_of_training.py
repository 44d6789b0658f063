"""The explorers of the boundary and of the batches' noise, in Python and in a page."""

import functools

import numpy as np
import pytest
import traitlets
from explorer_examples import (
    batch_noise,
    boundary,
    classifier,
    decimals,
    noisy,
    percent,
    printed,
    recordings,
    unpack,
)
from explorer_reading import in_node, one_page

from nnlib.data import spirals
from nnlib.explorers.base import one_of, pack_bytes
from nnlib.explorers.batch_noise import (
    BATCHES,
    SHOWN,
    SIZES,
    BatchNoiseExplorer,
    measure,
)
from nnlib.explorers.boundary import POINTS, BoundaryExplorer, Recording, record
from nnlib.functional import softmax
from nnlib.losses import CrossEntropyLoss
from nnlib.metrics import accuracy
from nnlib.optim import Adam
from nnlib.training import evaluate, fit


@pytest.fixture(scope="module")
def show(browser, tmp_path_factory):
    """Open a page with an explorer."""
    with one_page(browser, tmp_path_factory.mktemp("pages")) as show:
        yield show


def texts(figure, selector):
    """Return what is written in a drawing."""
    return figure.run(
        "(el, selector) => [...el.querySelectorAll('.nn-drawing ' + selector)]"
        ".map((text) => text.textContent)",
        selector,
    )


# ---- bytes --------------------------------------------------------------------------


def test_bytes_are_unpacked_as_they_were_packed():
    given = np.random.default_rng(0).integers(0, 256, (3, 4, 5)).astype(np.uint8)
    packed = pack_bytes(given)
    assert packed["shape"] == [3, 4, 5]
    as_lists = "unpack(data).map((rows) => rows.map((row) => Array.from(row)))"
    assert in_node("boundary", as_lists, packed) == given.tolist()


def test_a_value_that_is_not_known_is_refused_by_name():
    assert one_of("run", "b", {"a": 1, "b": 2}) == "b"
    with pytest.raises(traitlets.TraitError, match=r"run expected one of 'a', got 'c'"):
        one_of("run", "c", ["a"])


# ---- a recording --------------------------------------------------------------------


def train_and_validation():
    rng = np.random.default_rng(1)
    return spirals(90, 3, 0.05, rng=rng), spirals(60, 3, 0.05, rng=rng), rng


@functools.cache
def trained(epochs):
    """Return the network of the run "fast" after so many epochs, from one `fit`."""
    train, _, rng = train_and_validation()
    model = classifier(0)
    optimizer = Adam(model.parameters(), lr=0.03)
    if epochs:
        fit(
            model, CrossEntropyLoss(), optimizer, train,
            epochs=epochs, batch_size=16, rng=rng, progress=False,
        )  # fmt: skip
    return model


def test_a_recording_is_one_training_seen_frame_by_frame():
    run = recordings()["fast"]
    train, validation, _ = train_and_validation()
    assert run.epochs == [0, 1, 2, 3, 5, 8, 12, 16, 20, 24]
    for frame, epochs in enumerate(run.epochs):
        model = trained(epochs)
        for name, data in (("train", train), ("validation", validation)):
            expected = evaluate(model, CrossEntropyLoss(), data, metric=accuracy)
            found = (
                getattr(run, f"{name}_loss")[frame],
                getattr(run, f"{name}_accuracy")[frame],
            )
            assert found == expected


def test_a_cell_holds_the_class_and_the_confidence_at_its_centre():
    run = recordings()["fast"]
    left, bottom, side = run.square
    step = side / 24
    for frame in (0, 9):
        model = trained(run.epochs[frame])
        for row, column in [(0, 0), (0, 23), (23, 0), (12, 7), (5, 20), (11, 11)]:
            centre = [[left + (column + 0.5) * step, bottom + (row + 0.5) * step]]
            probability = softmax(model(np.array(centre, np.float32)))[0]
            place, level = divmod(int(run.fields[frame][row, column]), 5)
            assert place == probability.argmax()
            sure = (probability.max() - 1 / 3) / (2 / 3)
            assert level == min(4, int(sure * 5))


def test_the_square_holds_every_point_with_a_margin():
    for run in recordings().values():
        left, bottom, side = run.square
        points = np.concatenate([run.train[0], run.validation[0]])
        assert (points > [left, bottom]).all()
        assert (points < [left + side, bottom + side]).all()
        assert side == pytest.approx(1.1 * np.ptp(points, axis=0).max())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epochs": []}, r"rise from 0 or later, got \[\]"),
        ({"epochs": [0, 2, 2]}, r"rise from 0 or later, got \[0, 2, 2\]"),
        ({"epochs": [-1, 2]}, r"rise from 0 or later, got \[-1, 2\]"),
        ({"classes": 5}, "2 to 4 classes, got 5"),
        ({"classes": 1}, "2 to 4 classes, got 1"),
        ({"features": 3}, r"shape \(N, 2\), got \(20, 3\)"),
    ],
)
def test_what_cannot_be_recorded_is_refused(change, said):
    given = {"epochs": [0, 1], "classes": 3, "features": 2} | change
    model = classifier(0, given["classes"])
    data = np.zeros((10, given["features"]), np.float32), np.zeros(10, np.int64)
    with pytest.raises(ValueError, match=said):
        record(
            model, CrossEntropyLoss(), Adam(model.parameters()), data, data,
            epochs=given["epochs"], batch_size=5, rng=np.random.default_rng(0),
        )  # fmt: skip


# ---- the boundary -------------------------------------------------------------------


def test_the_page_opens_the_fields_that_were_recorded():
    packed = boundary().data["runs"]
    for name, run in recordings().items():
        found = in_node("boundary", "opened(data)", packed[name])
        frames = np.array(found["frames"]).reshape(len(run.epochs), 24, 24)
        np.testing.assert_array_equal(frames, run.fields)
        assert found["levels"] == 5


def test_an_odd_number_of_cells_is_packed_as_well():
    train, validation, rng = train_and_validation()
    model = classifier(0, 4)
    run = record(
        model, CrossEntropyLoss(), Adam(model.parameters()), train, validation,
        epochs=[0, 1], batch_size=16, rng=rng, cells=7,
    )  # fmt: skip
    packed = BoundaryExplorer({"only": run}).data["runs"]["only"]
    frames = in_node("boundary", "opened(data).frames", packed)
    np.testing.assert_array_equal(np.reshape(frames, (2, 7, 7)), run.fields)


def read_of_boundary(name, frame):
    """Return what must be read of a frame, from the recording."""
    run = recordings()[name]
    epochs = run.epochs[frame]
    losses = run.train_loss[frame], run.validation_loss[frame]
    scores = run.train_accuracy[frame], run.validation_accuracy[frame]
    counts = len(run.train[0]), len(run.validation[0])
    return {
        "caption": f"{name}: after {epochs} epoch{'s' * (epochs != 1)}",
        "rows": [
            [label, printed(loss), f"{decimals(100 * score, 1)}%", str(count)]
            for label, loss, score, count in zip(
                POINTS, losses, scores, counts, strict=True
            )
        ],
    }


def test_every_frame_of_every_run_is_read_as_it_was_recorded(show):
    figure = show(boundary())
    for name, run in recordings().items():
        figure.run("choose", "run", name)
        for frame, epochs in enumerate(run.epochs):
            figure.run("slide", "frame", frame)
            assert figure.run("readOut") == read_of_boundary(name, frame)
            text = figure.slider("frame").get_attribute("aria-valuetext")
            assert text == str(epochs)


CELLS = """(el) => {
  const svg = el.querySelector(".nn-drawing svg svg");
  const [left, top, size] = [1, 26, Number(svg.getAttribute("width"))];
  const paths = [...svg.querySelectorAll("path[shape-rendering]")].map((path) => {
    const style = path.getAttribute("style");
    const [, colour, share] = style.match(/--nn-(\\w+)\\) (\\d+)%/);
    return [colour, Number(share), path];
  });
  const found = [];
  for (let i = 0; i < 24 * 24; i += 1) {
    const x = left + ((i % 24) + 0.5) * size / 24;
    const y = top + size - (Math.floor(i / 24) + 0.5) * size / 24;
    const hit = paths.filter(([, , path]) => path.isPointInFill(new DOMPoint(x, y)));
    found.push(hit.map(([colour, share]) => [colour, share]));
  }
  return found;
}"""


def test_every_cell_is_drawn_once_in_the_colour_of_its_class(show):
    figure = show(boundary(frame=7))
    colours = ["blue", "orange", "green"]
    codes = recordings()["fast"].fields[7].ravel().tolist()
    expected = [
        [[colours[code // 5], [10, 21, 31, 42, 52][code % 5]]] for code in codes
    ]
    found = figure.run(CELLS)
    assert found == expected


def test_the_points_of_either_set_are_drawn_where_they_lie(show):
    figure = show(boundary())
    ends = """(el) => {
      const svg = el.querySelector(".nn-drawing svg svg");
      const size = Number(svg.getAttribute("width"));
      return [...svg.querySelectorAll("path[style*='fill:var']")].map((path) =>
        [...path.getAttribute("d").matchAll(/M(\\S+) ([\\d.]+)/g)].map(([, x, y]) =>
          [(x - 1) / size, 1 - (y - 26) / size]));
    }"""
    run = recordings()["fast"]
    left, bottom, side = run.square
    for name, (x, y) in (("training", run.train), ("validation", run.validation)):
        figure.run("choose", "points", name)
        shown = figure.run(ends)
        assert len(shown) == 3
        for k in range(3):
            places = (x[y == k] - [left, bottom]) / side
            np.testing.assert_allclose(shown[k], places, atol=0.0025)


def test_every_class_has_a_shape_of_its_own(show):
    figure = show(boundary())
    shapes = figure.run("""(el) =>
      [...el.querySelectorAll(".nn-drawing svg svg path[style*='fill:var']")]
        .map((path) => path.getAttribute("d").match(/^M\\S+ [\\d.]+([^M]+)/)[1])""")
    assert len(set(shapes)) == len(shapes) == 3


def field_of(figure):
    """Return left, top and size of the field, on the page."""
    box = figure.drawing.bounding_box()
    view = figure.root.locator(".nn-drawing svg svg").first.get_attribute("viewBox")
    left, top, width, height = map(float, view.split())
    assert width == height
    return box["x"] + left, box["y"] + top, width


def test_a_hand_goes_through_all_frames_over_the_field_and_by_epoch_over_a_curve(show):
    figure = show(boundary())
    box = figure.drawing.bounding_box()
    left, top, size = field_of(figure)
    mouse = figure.page.mouse
    mouse.move(left + 2, top + 50)
    mouse.down()
    seen = []
    for i in range(10):
        mouse.move(left + size * i / 9, top + 50)
        seen.append(int(figure.slider("frame").input_value()))
    mouse.move(left + size + 30, top + 50)  # beyond the edge nothing jumps
    seen.append(int(figure.slider("frame").input_value()))
    mouse.up()
    assert seen == [*range(10), 9]
    # The curves begin 55 px beside the field, and end 14 px before the edge.
    first, last = left + size + 55, box["x"] + box["width"] - 14
    for y in (120, 300):
        for frame, epochs in enumerate(recordings()["fast"].epochs):
            mouse.click(first + (last - first) * epochs / 24, box["y"] + y)
            assert figure.run("readOut") == read_of_boundary("fast", frame)


def test_the_keyboard_and_the_buttons_move_the_boundary(show):
    figure = show(boundary())
    figure.slider("frame").press("End")
    assert figure.run("readOut") == read_of_boundary("fast", 9)
    figure.root.get_by_role("button", name="Back").press("Enter")
    assert figure.run("readOut") == read_of_boundary("fast", 8)
    figure.root.locator("select[name=run]").press("ArrowDown")
    # That run has five frames; what is beyond the last is the last.
    assert figure.run("readOut") == read_of_boundary("slow, <few>", 4)


def test_a_link_to_a_boundary_takes_what_is_near_and_no_markup(show):
    link = "#boundary.frame=77&boundary.points=%3Cb%3Eall&boundary.run=%3Cb%3Eno"
    figure = show(boundary(), link)
    assert figure.run("readOut") == read_of_boundary("fast", 9)
    assert figure.root.locator("b").count() == 0


def test_a_boundary_refuses_what_it_does_not_have():
    with pytest.raises(ValueError, match="at least one run"):
        BoundaryExplorer({})
    train, validation, _ = train_and_validation()
    empty = Recording(train, validation, 3, (0.0, 0.0, 1.0))
    with pytest.raises(ValueError, match="each with a frame"):
        BoundaryExplorer({"empty": empty})
    with pytest.raises(traitlets.TraitError, match="run expected one of 'fast'"):
        boundary(run="none")
    with pytest.raises(traitlets.TraitError, match=r"points.*test"):
        boundary(points="test")
    explorer = boundary(frame=99)
    assert explorer.frame == 9
    explorer.frame = -3
    assert explorer.frame == 0


def test_a_loss_that_overflowed_is_a_gap_and_a_dash(show):
    run = recordings()["slow, <few>"]
    broken = Recording(**{**vars(run), "train_loss": [1.0, np.inf, np.nan, 2.0, 3.0]})
    figure = show(BoundaryExplorer({"broken": broken}, frame=1))
    assert figure.rows[0][1] == "–"


def test_a_boundary_fits_a_phone(show):
    figure = show(boundary(), width=360)
    _, _, size = field_of(figure)
    assert 270 < size <= figure.drawing.bounding_box()["width"]


# ---- the noise of batches -----------------------------------------------------------


@functools.cache
def measured():
    """Return the noise of both networks, as the explorer draws it."""
    given, rng = noisy(), np.random.default_rng(3)
    return {
        name: measure(model, given["criterion"], given["data"], rng=rng)
        for name, model in given["models"].items()
    }


@functools.cache
def gradients():
    """Return the gradients of every sample for the network "one", and the mean's."""
    given = noisy()
    model, (x, y) = given["models"]["one"], given["data"]
    criterion = given["criterion"]

    def gradient(x, y):
        criterion(model(x), y)
        model.backward(criterion.backward())
        return np.concatenate([p.grad.ravel() for p in model.parameters()])

    singles = np.array([gradient(x[i : i + 1], y[i : i + 1]) for i in range(len(x))])
    return singles.astype(float), gradient(x, y).astype(float)


def test_the_noise_of_single_samples_is_what_it_is_said_to_be():
    singles, whole = gradients()
    np.testing.assert_allclose(singles.mean(axis=0), whole, atol=1e-6)
    off = np.linalg.norm(singles - whole, axis=1) / np.linalg.norm(whole)
    assert measured()["one"].of_one == pytest.approx(np.sqrt((off**2).mean()), 1e-5)
    assert measured()["one"].samples == 1200


def test_the_noise_falls_as_one_over_the_root_of_the_batch_size():
    """But for what drawing without repetition takes off: nothing is left at B = N."""
    for noise in measured().values():
        sizes = np.array(SIZES)
        law = noise.of_one / np.sqrt(sizes) * np.sqrt((1200 - sizes) / 1199)
        np.testing.assert_allclose(noise.noise, law, rtol=0.2)


def test_the_cloud_is_a_projection_on_the_full_gradient_and_across():
    singles, whole = gradients()
    noise = measured()["one"]
    length = np.linalg.norm(whole)
    along = whole / length
    assert noise.clouds.shape == (11, BATCHES, 2)
    # Single samples are among the gradients of all, so their parts are as well.
    parts = np.sort(singles @ along / length)
    for part in noise.clouds[0, :, 0]:
        assert np.abs(parts - part).min() < 1e-5
    np.testing.assert_allclose(noise.clouds[:, :, 0].mean(axis=1), 1, atol=0.4)
    shares = (noise.clouds[:, :, 0] > 0).mean(axis=1)
    np.testing.assert_array_equal(noise.downhill, shares)
    # Nowhere does a batch lie further across than it lies off.
    spread = np.sqrt(((noise.clouds - [1, 0]) ** 2).sum(axis=2).mean(axis=1))
    assert (spread <= noise.noise * (1 + 1e-9)).all()


def test_a_step_that_is_called_downhill_lowers_the_loss_and_one_uphill_raises_it():
    given = noisy()
    model, (x, y) = given["models"]["one"], given["data"]
    criterion = given["criterion"]
    singles, whole = gradients()
    before = criterion(model(x), y)
    parameters = list(model.parameters())
    cosines = singles @ whole / np.linalg.norm(singles, axis=1) / np.linalg.norm(whole)
    for i in (cosines.argmax(), cosines.argmin()):
        kept = [p.data.copy() for p in parameters]
        start = 0
        for p in parameters:
            step = singles[i][start : start + p.data.size].reshape(p.data.shape)
            p.data -= (0.01 / np.linalg.norm(singles[i]) * step).astype(p.data.dtype)
            start += p.data.size
        assert (criterion(model(x), y) < before) == (cosines[i] > 0)
        for p, data in zip(parameters, kept, strict=True):
            p.data[...] = data
    assert cosines.max() > 0.1
    assert cosines.min() < -0.1


def test_measuring_leaves_the_weights_as_they_were():
    given = noisy()
    model = classifier(1)
    measure(model, given["criterion"], given["data"], rng=np.random.default_rng(0))
    for p, q in zip(model.parameters(), classifier(1).parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_too_few_samples_and_no_model_are_refused():
    given = noisy()
    x, y = given["data"]
    with pytest.raises(ValueError, match="at least 1024 samples, got 100"):
        measure(
            classifier(0), CrossEntropyLoss(), (x[:100], y[:100]),
            rng=np.random.default_rng(0),
        )  # fmt: skip
    with pytest.raises(ValueError, match="at least one model"):
        BatchNoiseExplorer(**given | {"models": {}}, rng=np.random.default_rng(0))


def read_of_noise(name, place):
    """Return what must be read at a batch size."""
    noise = measured()[name]
    rows = [
        [str(SIZES[i]), printed(noise.noise[i]), percent(noise.downhill[i]),
         f"{-(-1200 // SIZES[i]):,}"]
        for i in (place - 2, place, place + 2) if 0 <= i < len(SIZES)
    ]  # fmt: skip
    chosen = next(row for row in rows if row[0] == str(SIZES[place]))
    return {
        "caption": (f"B = {chosen[0]}: noise {chosen[1]} · |g|, {chosen[2]} downhill"),
        "rows": rows,
    }


def test_every_batch_size_is_read_as_it_was_measured(show):
    figure = show(batch_noise())
    for name in measured():
        figure.run("choose", "at", name)
        for place in range(len(SIZES)):
            figure.run("slide", "batch_size", place)
            assert figure.run("readOut") == read_of_noise(name, place)


def test_a_batch_that_goes_uphill_is_drawn_hollow_on_the_left_of_zero(show):
    explorer = batch_noise(batch_size=1)
    clouds = unpack(explorer.data["models"]["one"]["clouds"])
    figure = show(explorer)
    for place in (0, 3, 10):
        figure.run("slide", "batch_size", place)
        found = figure.run("""(el) => {
          const dots = [...el.querySelectorAll(".nn-drawing circle[r='3.2']")];
          return dots.map((dot) => [Number(dot.getAttribute("cx")),
            dot.style.fill === "none"]);
        }""")
        assert [hollow for _, hollow in found] == [
            bool(x <= 0) for x, _ in clouds[place]
        ]
        zero = [x for x, hollow in found if not hollow]
        assert all(x <= min(zero) + 0.11 for x, hollow in found if hollow)


def test_the_noise_is_named_as_a_share_of_the_full_gradient(show):
    figure = show(batch_noise())
    assert "noise / length of full gradient" in texts(figure, "text")
    heads = "(el) => [...el.querySelectorAll('th')].map((cell) => cell.textContent)"
    assert "noise/|g|" in figure.run(heads)


def test_the_cloud_keeps_its_scale_so_that_it_is_seen_to_shrink(show):
    figure = show(batch_noise(batch_size=1))
    ticks = texts(figure, ".nn-tick")
    figure.run("slide", "batch_size", 10)
    assert texts(figure, ".nn-tick") == ticks


def test_a_fitted_scale_fills_the_drawing_with_any_cloud(show):
    figure = show(batch_noise(batch_size=1, scale="fitted"))
    count = """(el) => {
      const area = el.querySelector(".nn-drawing svg svg");
      const [left, top, wide, high] = ["x", "y", "width", "height"].map(
        (name) => Number(area.getAttribute(name)));
      return [...area.querySelectorAll("circle[r='3.2']")].filter((dot) => {
        const [x, y] = ["cx", "cy"].map((name) => Number(dot.getAttribute(name)));
        return x > left && x < left + wide && y > top && y < top + high;
      }).length;
    }"""
    seen = []
    for place in range(len(SIZES)):
        figure.run("slide", "batch_size", place)
        assert SHOWN - 4 <= figure.run(count) <= SHOWN
        seen.append(texts(figure, ".nn-tick"))
    assert seen[0] != seen[4]
    figure.run("choose", "scale", "same")
    assert texts(figure, ".nn-tick") == seen[0]


def test_a_hand_and_the_keyboard_choose_the_batch_size(show):
    figure = show(batch_noise())
    figure.slider("batch_size").press("Home")
    assert figure.run("readOut") == read_of_noise("one", 0)
    figure.root.get_by_role("button", name="Next").click()
    assert figure.run("readOut") == read_of_noise("one", 1)
    box = figure.drawing.bounding_box()
    figure.page.mouse.click(box["x"] + box["width"] - 20, box["y"] + 100)
    assert figure.run("readOut") == read_of_noise("one", 10)
    figure.page.mouse.click(box["x"] + 42, box["y"] + 100)
    assert figure.run("readOut") == read_of_noise("one", 0)


def test_a_batch_size_moves_to_the_nearest_that_was_tried():
    explorer = batch_noise(batch_size=60)
    assert explorer.batch_size == 64
    explorer.batch_size = 10**6
    assert explorer.batch_size == 1024
    with pytest.raises(traitlets.TraitError, match="at expected one of 'one', 'ano"):
        batch_noise(at="the end")
    with pytest.raises(traitlets.TraitError, match=r"scale.*large"):
        batch_noise(scale="large")


def test_one_network_alone_needs_no_choice(show):
    given = noisy()
    model = {"one": given["models"]["one"]}
    rng = np.random.default_rng(3)
    figure = show(BatchNoiseExplorer(**given | {"models": model}, rng=rng))
    assert figure.root.locator("select[name=at]").count() == 0
    assert figure.run("readOut") == read_of_noise("one", 5)
