"""The browser of mistakes and the first layer as it learns, in Python and in a page."""

import base64
import functools
import io
import itertools

import numpy as np
import pytest
import traitlets
from explorer_examples import (
    MOMENTS,
    UNITS,
    confusion,
    decimals,
    first_layer,
    printed,
    read_digits,
    reader_of_digits,
    recorded_layer,
    unpack,
)
from explorer_reading import on_a_phone, one_page, overhang, refused
from PIL import Image

from nnlib.activations import ReLU
from nnlib.data import batches, load_digits
from nnlib.explorers.base import pack_images
from nnlib.explorers.confusion import (
    IN_ALL,
    OF_MISTAKES,
    OF_RIGHT,
    ConfusionExplorer,
    pictures_behind,
)
from nnlib.explorers.first_layer import (
    FirstLayerExplorer,
    Recording,
    record,
    summary,
)
from nnlib.explorers.style import PALETTE
from nnlib.functional import softmax
from nnlib.layers import Linear, mlp
from nnlib.losses import CrossEntropyLoss
from nnlib.metrics import confusion_matrix, top_mistakes
from nnlib.module import Sequential
from nnlib.optim import SGD
from nnlib.training import fit


@pytest.fixture(scope="module")
def show(browser, tmp_path_factory):
    """Open a page with an explorer."""
    with one_page(browser, tmp_path_factory.mktemp("pages")) as show:
        yield show


def shades(packed):
    """Return the pictures of a sprite as whole numbers from 0 to 255."""
    count, high, wide = packed["shape"]
    with Image.open(io.BytesIO(base64.b64decode(packed["png"]))) as sprite:
        assert sprite.size == (wide, high * count)
        return np.asarray(sprite.convert("L")).astype(int).reshape(count, high, wide)


def rgb(name):
    """Return a colour of the palette, on a light page, as three numbers."""
    return np.array([int(PALETTE[name][0][i : i + 2], 16) for i in (1, 3, 5)])


def pixels(figure, left, top, size, side):
    """Return the colour in the middle of each of side * side squares of a drawing."""
    box = figure.drawing.bounding_box()
    clip = {"x": box["x"] + left, "y": box["y"] + top, "width": size, "height": size}
    shot = figure.page.screenshot(clip=clip)
    with Image.open(io.BytesIO(shot)) as image:
        seen = np.asarray(image.convert("RGB")).astype(int)
    middle = ((np.arange(side) + 0.5) * size / side).astype(int)
    return seen[np.ix_(middle, middle)]


# ---- pictures -----------------------------------------------------------------------


def test_a_picture_travels_with_four_bits():
    images = np.random.default_rng(0).random((5, 7, 7))
    packed = pack_images(images)
    assert np.array_equal(shades(packed), 17 * np.rint(15 * images))
    file = base64.b64decode(packed["png"])
    assert file[12:16] == b"IHDR"
    assert file[24] == 4  # bits of a pixel
    flat = pack_images(images.reshape(5, 49))
    assert flat == packed


def test_an_odd_number_of_shades_has_one_in_the_middle():
    ramp = np.linspace(0, 1, 9).reshape(1, 3, 3)
    found = shades(pack_images(ramp, 15)).ravel()
    assert np.array_equal(found + found[::-1], [255] * 4 + [256] + [255] * 4)
    assert found[[0, 4, 8]].tolist() == [0, 128, 255]


def test_a_digit_takes_no_more_than_is_said():
    images = load_digits()[1][0]
    size = len(base64.b64decode(pack_images(images[:100])["png"]))
    assert 100 * 100 <= size <= 150 * 100


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((3, 10)), r"square pictures.*got \(3, 10\)"),
        (np.zeros((3, 4, 5)), r"square pictures.*got \(3, 4, 5\)"),
        (np.zeros((3, 2, 8)), r"square pictures.*got \(3, 2, 8\)"),
        (np.zeros((0, 16)), r"square pictures.*got \(0, 16\)"),
        (np.zeros(16), r"square pictures.*got \(16,\)"),
        (np.full((1, 4), 1.1), r"images between 0 and 1, got 1\.1"),
        (np.full((1, 4), np.nan), "images between 0 and 1, got nan"),
    ],
)
def test_what_is_no_picture_is_refused(images, said):
    with pytest.raises(ValueError, match=said):
        pack_images(images)


# ---- the matrix and its pictures, in Python -----------------------------------------


def cells(classes=10):
    return itertools.product(range(classes), repeat=2)


def test_behind_a_cell_are_the_pictures_that_the_matrix_counts_there():
    logits, target, _ = read_digits()
    counts = confusion_matrix(logits, target)
    certainty = softmax(logits).max(axis=1)
    shown = pictures_behind(logits, target)
    for true, taken_for in cells():
        found = shown[true][taken_for]
        most = OF_RIGHT if true == taken_for else OF_MISTAKES
        assert len(found) == min(most, counts[true, taken_for])
        assert (target[found] == true).all()
        assert (logits[found].argmax(axis=1) == taken_for).all()
        inside = (target == true) & (logits.argmax(axis=1) == taken_for)
        order = np.sort(certainty[inside])
        if true != taken_for:
            order = order[::-1]
        assert np.array_equal(certainty[found], order[: len(found)])


def test_all_mistakes_are_shown_where_no_cell_has_too_many():
    logits, target, _ = read_digits()
    shown = pictures_behind(logits, target)
    off = [shown[i][j] for i, j in cells() if i != j]
    everyone = top_mistakes(logits, target, len(target))
    assert sorted(np.concatenate(off)) == sorted(everyone)
    assert shown[5][9][0] == next(
        k for k in everyone if target[k] == 5 and logits[k].argmax() == 9
    )


@pytest.mark.parametrize(("classes", "most"), [(10, 1), (12, 1), (5, 6), (7, 3)])
def test_of_a_bad_network_fewer_are_shown_of_each_cell(classes, most):
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((4000, classes))
    target = rng.integers(0, classes, 4000)
    shown = pictures_behind(logits, target)
    sizes = np.array([[len(cell) for cell in row] for row in shown])
    expected = np.where(np.eye(classes), OF_RIGHT, most)
    assert np.array_equal(sizes, expected)
    # With 12 classes one of each of 132 cells is a little more.
    assert sizes.sum() <= (IN_ALL if classes < 12 else 168)


def held_pictures(explorer):
    """Return (true, taken for, place in the cell, number in the sprite) of each."""
    number = itertools.count()
    return [
        (true, taken_for, place, next(number))
        for (true, row) in enumerate(explorer.data["shown"])
        for (taken_for, count) in enumerate(row)
        for place in range(count)
    ]


def test_what_travels_is_each_picture_with_its_probabilities():
    logits, target, images = read_digits()
    explorer = confusion()
    assert explorer.data["counts"] == confusion_matrix(logits, target).tolist()
    sprite = shades(explorer.data["pictures"])
    probabilities = unpack(explorer.data["probabilities"])
    shown = pictures_behind(logits, target)
    held = held_pictures(explorer)
    assert len(held) == len(sprite) == len(probabilities)
    for true, taken_for, place, number in held:
        which = shown[true][taken_for][place]
        expected = 17 * np.rint(15 * images[which].reshape(28, 28))
        assert np.array_equal(sprite[number], expected)
        p = softmax(logits)[which]
        np.testing.assert_allclose(probabilities[number], p, atol=5.1e-5)


def test_the_most_frequent_mistake_comes_first():
    explorer = ConfusionExplorer(*read_digits())
    assert (explorer.true, explorer.taken_for, explorer.picture) == (5, 9, 0)
    assert confusion_matrix(*read_digits()[:2])[5, 9] == 5


def without_mistakes():
    images = np.random.default_rng(0).random((4, 9))
    return 40 * np.eye(2)[[0, 1, 1, 0]], np.array([0, 1, 1, 0]), images


def test_without_a_mistake_the_first_cell_is_shown():
    explorer = ConfusionExplorer(*without_mistakes())
    assert explorer.data["counts"] == [[2, 0], [0, 2]]
    assert explorer.data["counts"][explorer.true][explorer.taken_for] in (0, 2)


def changed(**parts):
    """Return good arguments with some of them changed by functions."""
    given = dict(zip(["logits", "target", "images"], read_digits(), strict=True))
    return {k: parts.get(k, lambda v: v)(v) for k, v in given.items()}


@pytest.mark.parametrize(
    ("parts", "error", "said"),
    [
        ({"logits": lambda v: v.tolist()}, TypeError, "logits as a NumPy array"),
        ({"logits": lambda v: v[0]}, ValueError, r"logits of shape \(B, K\)"),
        ({"logits": lambda v: v[:-1]}, ValueError, "target of shape"),
        ({"target": lambda v: v * 1.0}, TypeError, "integer labels"),
        ({"target": lambda v: v + 1}, ValueError, "target from 0 to 9, got 10"),
        ({"images": lambda v: v[:-1]}, ValueError, r"image for each of 355 labels"),
        ({"images": lambda v: v[:, :-1]}, ValueError, "square pictures"),
        ({"images": lambda v: v * 255}, ValueError, "images between 0 and 1"),
        ({"logits": lambda v: v / 0.0 * 0.0}, ValueError, "finite logits"),
        (
            {"logits": lambda v: np.hstack([v, v])[:, :13]},
            ValueError,
            r"2 to 12 classes, got logits of shape \(355, 13\)",
        ),
        (
            {"logits": lambda v: v[:, :1], "target": lambda v: v * 0},
            ValueError,
            "2 to 12 classes",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_does_not_fit_a_matrix_is_refused(parts, error, said):
    with pytest.raises(error, match=said):
        ConfusionExplorer(**changed(**parts))


def test_a_cell_that_there_is_not_is_refused():
    refused(confusion, {"true": 10}, "true expected a class from 0 to 9, got 10")
    refused(confusion, {"taken_for": -1}, "taken_for expected a class from 0 to 9")
    refused(confusion, {"picture": 6}, r"picture.*6")


# ---- the matrix in a page -----------------------------------------------------------


def chance(p):
    """Return a probability as the explorer prints it."""
    if p >= 0.99995:
        return "> 99.99%"
    return "< 0.01%" if p < 0.00005 else f"{100 * round(float(p), 4):.2f}%"


def times(count):
    return {0: "never", 1: "once"}.get(count, f"{count} times")


def read_of_cell(data, true, taken_for, place=0):
    """Return the caption and the rows that must be read of a picture."""
    logits, target, _ = data
    classes = logits.shape[1]
    count = confusion_matrix(logits, target)[true, taken_for]
    verb = "read as" if true == taken_for else "taken for"
    name = f"{true} {verb} {taken_for}"
    found = pictures_behind(logits, target)[true][taken_for]
    caption, said = f"{name}: never", ["–"] * classes
    if len(found):
        caption = f"{name}, {times(count)}: picture {place + 1} of {len(found)}"
        said = [chance(p) for p in softmax(logits[found[place]])]
    listed = [[str(k), said[k]] for k in range(classes)]
    half = -(-classes // 2)
    right = [*listed[half:], ["", ""]]
    return {
        "caption": caption,
        "rows": [[*a, *b] for a, b in zip(listed[:half], right, strict=False)],
    }


READ_CELLS = """(el, cells) => cells.map(([i, j, n]) => {
  slide(el, "true", i);
  slide(el, "taken_for", j);
  slide(el, "picture", n);
  return readOut(el);
})"""


def read_every_cell(figure, data):
    """See that every picture of every cell is read as nnlib says."""
    logits, target, _ = data
    shown = pictures_behind(logits, target)
    asked = [
        (i, j, n)
        for i, j in cells(logits.shape[1])
        for n in range(max(1, len(shown[i][j])))
    ]
    for place, found in zip(asked, figure.run(READ_CELLS, asked), strict=True):
        assert found == read_of_cell(data, *place)


def test_every_picture_of_every_cell_is_read_as_nnlib_says(show):
    read_every_cell(show(confusion()), read_digits())


@functools.cache
def of_classes(classes):
    """Return logits, labels and small images of so many classes."""
    rng = np.random.default_rng(classes)
    target = rng.integers(0, classes, 60)
    logits = 9 * rng.standard_normal((60, classes)) + 8 * np.eye(classes)[target]
    return logits.astype(np.float32), target, rng.random((60, 8, 8))


@pytest.mark.parametrize("classes", [2, 3, 7, 12])
@pytest.mark.parametrize("width", [360, 1280])
def test_there_may_be_other_than_ten_classes(show, classes, width):
    figure = show(ConfusionExplorer(*of_classes(classes)), width=width)
    read_every_cell(figure, of_classes(classes))
    beyond = figure.run(
        "(el) => [...el.querySelectorAll('.nn-drawing text')]"
        ".map((text) => text.getBoundingClientRect().right"
        " - el.querySelector('.nn-drawing').getBoundingClientRect().right)"
    )
    assert max(beyond) <= 1


def drawn_counts(figure):
    """Return [row, column, what stands there] of each cell in which something does."""
    return figure.run("""(el) => {
      const area = el.querySelector(".nn-area").getBoundingClientRect();
      return [...el.querySelectorAll(".nn-drawing .nn-cell")].map((text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        const places = [(top + bottom) / 2 - area.top, (left + right) / 2 - area.left];
        const [row, column] = places.map((v) => Math.floor(10 * v / area.width));
        return [row, column, text.textContent];
      }).filter(([row, column, text]) => text && row < 10 && column < 10);
    }""")


def test_the_matrix_shows_every_count_and_nothing_for_none(show):
    figure = show(confusion())
    counts = confusion_matrix(*read_digits()[:2])
    expected = [[i, j, str(counts[i, j])] for i, j in cells() if counts[i, j]]
    assert drawn_counts(figure) == expected
    figure.run("slide", "taken_for", 3)  # once it is chosen, its 0 is said
    assert drawn_counts(figure) == sorted([*expected, [2, 3, "0"]])


def texts(figure):
    return figure.run(
        "(el) => [...el.querySelectorAll('.nn-drawing text')]"
        ".map((text) => text.textContent)"
    )


def test_how_many_pictures_are_shown_is_said(show):
    data = of_classes(2)
    figure = show(ConfusionExplorer(*data))
    counts = confusion_matrix(*data[:2])
    assert counts.min() > 6
    for true, taken_for in cells(2):
        figure.run("slide", "true", true)
        figure.run("slide", "taken_for", taken_for)
        most, order = (3, "least") if true == taken_for else (6, "most")
        line = f"{most} of {counts[true, taken_for]} shown, {order} certain first"
        assert line in texts(figure)
    figure = show(confusion(true=5, taken_for=0))
    assert "1 of 1 shown" in texts(figure)
    assert "5 taken for 0: once" in texts(figure)


def test_below_every_picture_its_bars_and_the_two_probabilities(show):
    logits, target, _ = read_digits()
    figure = show(confusion(true=5, taken_for=9))
    found = pictures_behind(logits, target)[5][9]
    bars = figure.run("""(el) => [...el.querySelectorAll(".nn-drawing rect")]
      .filter((rect) => !rect.hasAttribute("rx") && !rect.classList.length)
      .map((rect) => [rect.style.fill, Number(rect.getAttribute("height"))])""")
    assert len(bars) == 10 * len(found) == 50
    for place, which in enumerate(found):
        p = softmax(logits[which])
        mine = bars[10 * place : 10 * place + 10]
        heights = [height for _, height in mine]
        np.testing.assert_allclose(heights, np.maximum(26 * p, 0.5), atol=0.01)
        colours = [fill.removeprefix("var(--nn-").rstrip(")") for fill, _ in mine]
        assert colours == [{5: "blue", 9: "orange"}.get(k, "muted") for k in range(10)]
        for k in (5, 9):
            assert f"{k}: {chance(p[k])}" in texts(figure)


def test_certainty_is_never_claimed(show):
    figure = show(ConfusionExplorer(*without_mistakes(), true=0, taken_for=0))
    assert figure.rows == [["0", "> 99.99%", "1", "< 0.01%"]]


def test_the_picture_that_is_drawn_is_the_one_that_is_named(show):
    logits, target, images = read_digits()
    which = pictures_behind(logits, target)[5][9][3]
    figure = show(confusion(true=5, taken_for=9))
    box = figure.run("""(el) => {
      const svg = el.querySelector(".nn-drawing > svg").getBoundingClientRect();
      const tiles = [...el.querySelectorAll(".nn-drawing g[filter]")];
      const { e, f } = tiles[3].getCTM();
      return [e, f, tiles.length, svg.width];
    }""")
    left, top, count, _ = box
    assert count == 5
    seen = pixels(figure, left, top, 84, 28)
    ink = np.rint(15 * images[which].reshape(28, 28, 1)) / 15
    expected = (1 - ink) * rgb("paper") + ink * rgb("ink")
    np.testing.assert_allclose(seen, expected, atol=3)


def confusions():
    """Return the cells with mistakes, the most frequent first, then row by row."""
    counts = confusion_matrix(*read_digits()[:2])
    off = [(i, j) for i, j in cells() if i != j and counts[i, j]]
    return sorted(off, key=lambda cell: -counts[cell])


def test_two_buttons_lead_through_all_confusions(show):
    figure = show(confusion())  # on the diagonal
    back = figure.root.get_by_role("button", name="Back")
    on = figure.root.get_by_role("button", name="Next confusion")
    assert back.get_attribute("aria-disabled") == "true"
    data = read_digits()
    for cell in confusions():
        assert on.get_attribute("aria-disabled") == "false"
        on.press("Enter")
        assert figure.run("readOut") == read_of_cell(data, *cell)
    assert on.get_attribute("aria-disabled") == "true"
    on.press("Enter")
    for cell in confusions()[-2::-1]:
        back.press("Space")
        assert figure.run("readOut") == read_of_cell(data, *cell)
    assert back.get_attribute("aria-disabled") == "true"


def test_without_mistakes_the_buttons_lead_nowhere(show):
    figure = show(ConfusionExplorer(*without_mistakes(), true=1, taken_for=1))
    before = figure.run("readOut")
    for name in ("Back", "Next confusion"):
        button = figure.root.get_by_role("button", name=name)
        assert button.get_attribute("aria-disabled") == "true"
        button.press("Enter")
    assert figure.run("readOut") == before


def cell_of(figure, row, column, classes=10):
    """Return the middle of a cell, on the page."""
    area = figure.root.locator(".nn-area").bounding_box()
    size = area["width"] / classes
    return area["x"] + (column + 0.5) * size, area["y"] + (row + 0.5) * size


@pytest.mark.parametrize("width", [360, 1280])
def test_a_click_opens_a_cell_and_chooses_a_picture(show, width):
    figure = show(confusion(), width=width)
    data, mouse = read_digits(), figure.page.mouse
    for cell in [(5, 9), (0, 0), (0, 9), (9, 4)]:
        mouse.click(*cell_of(figure, *cell))
        assert figure.run("readOut") == read_of_cell(data, *cell)
    figure.run("slide", "picture", 0)
    for place in (2, 3, 1):
        box = figure.root.locator(".nn-drawing g[filter]").nth(place)
        spot = box.evaluate("""(g) => {
          const { e, f } = g.getCTM();
          const { left, top } = g.ownerSVGElement.getBoundingClientRect();
          return [left + e + 40, top + f + 40];
        }""")
        mouse.click(*spot)
        assert figure.run("readOut") == read_of_cell(data, 9, 4, place)
    mouse.click(*cell_of(figure, 5, 9))
    assert figure.run("readOut") == read_of_cell(data, 5, 9)  # its first picture


def test_the_keyboard_reaches_every_cell_and_picture(show):
    figure, data = show(confusion(true=5, taken_for=9)), read_digits()
    figure.slider("picture").press("End")
    assert figure.run("readOut") == read_of_cell(data, 5, 9, 4)
    assert figure.slider("picture").get_attribute("aria-valuetext") == "5 of 5"
    figure.slider("true").press("ArrowRight")
    assert figure.run("readOut") == read_of_cell(data, 6, 9)
    assert figure.slider("picture").get_attribute("aria-valuetext") == "none"
    figure.slider("taken_for").press("Home")
    figure.slider("true").press("Home")
    # The fifth picture was chosen; of three the last is the nearest.
    assert figure.run("readOut") == read_of_cell(data, 0, 0, 2)


def test_a_link_opens_a_picture_and_reset_goes_back(show):
    link = "#confusion.picture=3&confusion.taken_for=9&confusion.true=5"
    figure, data = show(confusion(), link), read_digits()
    assert figure.run("readOut") == read_of_cell(data, 5, 9, 3)
    figure.reset()
    assert figure.run("readOut") == read_of_cell(data, 2, 2)
    figure.page.wait_for_function("location.hash === ''")
    figure.page.evaluate("(link) => { location.hash = link; }", link)
    figure.page.wait_for_function(
        "document.querySelector('caption').textContent.startsWith('5 taken for 9')"
    )
    assert figure.run("readOut") == read_of_cell(data, 5, 9, 3)


def test_a_link_beyond_the_matrix_takes_what_is_near(show):
    figure = show(confusion(), "#confusion.true=77&confusion.taken_for=-3.2")
    assert figure.run("readOut") == read_of_cell(read_digits(), 9, 0)


def test_a_confusion_fits_a_phone(show):
    figure = on_a_phone(show, confusion(true=5, taken_for=9))
    assert overhang(figure) <= 0


# ---- a recording of the first layer -------------------------------------------------


@functools.cache
def weights_after(epochs):
    """Return the weights and biases of the first layer after so much of a `fit`."""
    model, optimizer, schedule, rng = reader_of_digits()
    train, criterion = load_digits()[0], CrossEntropyLoss()
    if epochs >= 1:
        fit(
            model, criterion, optimizer, train,
            epochs=epochs, batch_size=64, rng=rng, schedule=schedule, progress=False,
        )  # fmt: skip
    elif epochs:
        steps = round(epochs * -(-len(train[0]) // 64))
        for x, y in itertools.islice(batches(*train, 64, rng=rng), steps):
            criterion(model(x), y)
            model.backward(criterion.backward())
            optimizer.step()
    return model[0].weight.data, model[0].bias.data


def test_a_recording_is_the_training_that_fit_does_to_the_last_bit():
    recording = recorded_layer()
    assert recording.epochs == MOMENTS
    for frame, epochs in enumerate(MOMENTS):
        weight, bias = weights_after(epochs)
        assert np.array_equal(recording.weights[frame], weight)
        assert np.array_equal(recording.biases[frame], bias)


def recorded(model, epochs, **more):
    optimizer = SGD(model.parameters(), lr=0.01)
    x = np.random.default_rng(0).random((40, 4)).astype(np.float32)
    y = np.arange(40) % 3
    return record(
        model, CrossEntropyLoss(), optimizer, (x, y), epochs=epochs, batch_size=10,
        rng=np.random.default_rng(0), **more,
    )  # fmt: skip


def small(**more):
    rng = np.random.default_rng(0)
    return Sequential(Linear(4, 6, rng=rng, **more), ReLU(), Linear(6, 3, rng=rng))


def test_training_ends_with_the_last_frame_in_eval_mode():
    model = small()
    recording = recorded(model, [0.5, 1.25])
    assert len(recording.weights) == 2
    assert np.array_equal(recording.weights[-1], model[0].weight.data)
    assert not model.training
    assert not np.array_equal(*recording.weights)


def test_a_recording_before_training_changes_nothing():
    model = small()
    recording = recorded(model, [0])
    assert np.array_equal(model[0].weight.data, small()[0].weight.data)
    assert np.array_equal(recording.weights[0], model[0].weight.data)


def test_a_layer_without_a_bias_has_biases_of_0():
    recording = recorded(small(bias=False), [0, 1])
    assert np.array_equal(recording.biases, np.zeros((2, 6)))


@pytest.mark.parametrize(
    ("epochs", "said"),
    [
        ([], "rise from 0 or later"),
        ([-1, 2], "rise from 0 or later"),
        ([1, 1], "rise from 0 or later"),
        ([0, 0.1], r"different steps, got \[0, 0\.1\] with 4 steps each"),
    ],
)
def test_frames_that_are_no_frames_are_refused(epochs, said):
    with pytest.raises(ValueError, match=said):
        recorded(small(), epochs)


@pytest.mark.parametrize("first", [Sequential(ReLU()), ReLU()])
def test_a_model_without_a_first_layer_is_refused(first):
    train = np.zeros((4, 2), np.float32), np.zeros(4, np.int64)
    optimizer = SGD(small().parameters(), lr=0.1)
    with pytest.raises(TypeError, match="begins with a Linear"):
        record(
            first, CrossEntropyLoss(), optimizer, train, epochs=[0], batch_size=2,
            rng=np.random.default_rng(0),
        )  # fmt: skip


@functools.cache
def by_hand(unit, frame):
    """Return what is to be read of a unit, picture by picture and in float64."""
    x, y = load_digits()[0]
    start, w = (weights_after(MOMENTS[f])[0][:, unit].astype(float) for f in (0, frame))
    z = x.astype(float) @ w + weights_after(MOMENTS[frame])[1][unit]
    responses = [np.maximum(z[y == digit], 0).mean() for digit in range(10)]
    norm, of_start = np.sqrt(w @ w), np.sqrt(start @ start)
    moved = np.sqrt(sum((w - start) ** 2))
    digit = int(np.argmax(responses)) if (z > 0).any() else -1
    numbers = [norm, w.max(), w.min(), moved, w @ start / norm / of_start]
    return [*numbers, (z > 0).mean(), digit], responses


def test_what_is_read_of_every_unit_and_frame_is_so_by_hand():
    numbers, responses = summary(recorded_layer(), load_digits()[0], UNITS)
    assert numbers.shape == (5, 4, 7)
    assert responses.shape == (5, 4, 10)
    for (i, unit), f in itertools.product(enumerate(UNITS), range(4)):
        expected, means = by_hand(unit, f)
        # A picture in which z is 0 but for rounding may count or not.
        np.testing.assert_allclose(numbers[i, f], expected, rtol=2e-5, atol=1e-6)
        np.testing.assert_allclose(responses[i, f], means, rtol=2e-5, atol=1e-6)


def test_a_dead_unit_responds_to_no_digit_and_a_missing_digit_gets_0():
    x = np.ones((4, 4), np.float32)
    y = np.array([0, 2, 2, 3])
    weight = np.stack([np.full(4, -1.0), np.full(4, 0.5)], axis=1).astype(np.float32)
    still = Recording([0], [weight], [np.zeros(2, np.float32)])
    numbers, responses = summary(still, (x, y), [0, 1])
    assert numbers[:, 0, 5:].tolist() == [[0, -1], [1, 0]]
    assert responses[:, 0].tolist() == [[0] * 4, [2, 0, 2, 2]]


def test_the_images_are_the_weights_on_one_scale_for_each_unit():
    data = first_layer().data
    sprite = shades(data["images"]).reshape(5, 4, 784)
    reach = unpack(data["reach"])
    for i, unit in enumerate(UNITS):
        weights = np.stack([w[:, unit] for w in recorded_layer().weights])
        assert printed(reach[i]) == printed(np.abs(weights).max())
        share = weights / np.abs(weights).max()
        exact = 127.5 * (1 + np.sign(share) * np.sqrt(np.abs(share)))
        # Half of the distance between two of fifteen shades, and a rounded grey.
        assert np.abs(sprite[i] - exact).max() <= 255 / 28 + 0.51
        untouched = np.abs(share) < 1 / 15**2
        assert (sprite[i][untouched] == 128).all()


def test_weights_of_0_alone_are_the_paper():
    still = Recording([0], [np.zeros((4, 1), np.float32)], [np.ones(1, np.float32)])
    data = np.ones((2, 4), np.float32), np.array([0, 1])
    explorer = FirstLayerExplorer(still, data, [0])
    assert (shades(explorer.data["images"]) == 128).all()
    assert unpack(explorer.data["numbers"])[0, 0].tolist() == [0, 0, 0, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"recording": Recording()}, ValueError, "at least one frame"),
        ({"units": []}, ValueError, "1 to 12 units, got 0"),
        ({"units": range(13)}, ValueError, "1 to 12 units, got 13"),
        ({"units": [0, 12]}, ValueError, "units from 0 to 11, got 12"),
        ({"units": [-1]}, ValueError, "units from 0 to 11, got -1"),
        (
            {"data": (np.zeros((2, 9)), np.zeros(2, int))},
            ValueError,
            r"pictures of shape \(N, 784\), got \(2, 9\)",
        ),
        (
            {"data": (np.zeros((2, 784)), np.zeros(2))},
            TypeError,
            "labels as integer labels",
        ),
        (
            {"data": (np.zeros((2, 784)), np.zeros(3, int))},
            ValueError,
            r"labels of shape \(2,\)",
        ),
    ],
)
def test_what_does_not_fit_a_first_layer_is_refused(given, error, said):
    known = {
        "recording": recorded_layer(),
        "data": load_digits()[0],
        "units": UNITS,
    }
    with pytest.raises(error, match=said):
        FirstLayerExplorer(**known | given)


def test_inputs_that_are_no_square_are_refused():
    recording = recorded(mlp([4, 3], rng=np.random.default_rng(0)), [0])
    recording.weights = [np.zeros((5, 3), np.float32)]
    data = np.zeros((2, 5), np.float32), np.array([0, 1])
    with pytest.raises(ValueError, match=r"square pictures.*got \(1, 5\)"):
        FirstLayerExplorer(recording, data, [0])


def test_a_unit_and_a_frame_are_the_nearest_there_are():
    explorer = first_layer(unit=99, frame=-4)
    assert (explorer.unit, explorer.frame) == (4, 0)
    explorer.frame = 7
    assert explorer.frame == 3
    with pytest.raises(traitlets.TraitError, match=r"frame.*'last'"):
        first_layer(frame="last")


# ---- the first layer in a page ------------------------------------------------------

WHEN = ["before training", "after 0.25 epochs", "after 1 epoch", "after 3 epochs"]


def of_all(share):
    """Return a share of pictures as the explorer prints it."""
    if 0 < share < 0.0005:
        return "< 0.1%"
    return "> 99.9%" if 0.9995 <= share < 1 else f"{100 * share:.1f}%"


def peak(responses):
    """Return the largest response over their mean, as the explorer prints it."""
    sent = np.array([float(f"{response:.3e}") for response in responses])
    return decimals(sent.max() / sent.mean(), 2) if sent.any() else "–"


def read_of_unit(unit, frame):
    """Return the caption and the rows that must be read of a unit."""
    numbers, responses = summary(recorded_layer(), load_digits()[0], UNITS)
    columns = []
    for f in (0, frame):
        *sizes, cosine, active, digit = numbers[unit, f]
        columns.append([
            *map(printed, sizes),
            decimals(float(f"{cosine:.3e}"), 3),
            of_all(float(f"{active:.3e}")),
            f"digit {digit:.0f}" if digit >= 0 else "no digit",
            peak(responses[unit, f]),
        ])  # fmt: skip
    names = [
        "norm of weights", "largest weight", "smallest weight", "moved by",
        "cosine to start", "active for", "responds most to", "largest / mean",
    ]  # fmt: skip
    rows = [list(row) for row in zip(names, *columns, strict=True)]
    return {"caption": f"Unit {UNITS[unit]}, {WHEN[frame]}", "rows": rows}


def test_every_unit_is_read_at_every_frame_as_nnlib_says(show):
    figure = show(first_layer())
    for unit, frame in itertools.product(range(5), range(4)):
        figure.run("slide", "unit", unit)
        figure.run("slide", "frame", frame)
        assert figure.run("readOut") == read_of_unit(unit, frame)
        spoken = figure.slider("frame").get_attribute("aria-valuetext")
        assert spoken == WHEN[frame]


def test_a_unit_that_is_dead_is_said_to_respond_to_no_digit(show):
    weight = np.full((4, 1), -1, np.float32)
    still = Recording([0], [weight], [np.zeros(1, np.float32)])
    data = np.ones((2, 4), np.float32), np.array([0, 1])
    figure = show(FirstLayerExplorer(still, data, [0]))
    assert figure.rows[-3:] == [
        ["active for", "0.0%", "0.0%"],
        ["responds most to", "no digit", "no digit"],
        ["largest / mean", "–", "–"],
    ]


def test_every_bar_is_as_high_as_the_mean_response(show):
    figure = show(first_layer())
    _, responses = summary(recorded_layer(), load_digits()[0], UNITS)
    read = """(el) => [...el.querySelectorAll(".nn-drawing rect")]
      .filter((rect) => !rect.hasAttribute("rx") && !rect.classList.length)
      .map((rect) => [rect.style.fill, Number(rect.getAttribute("height"))])"""
    for unit, frame in itertools.product(range(5), range(4)):
        figure.run("slide", "unit", unit)
        figure.run("slide", "frame", frame)
        bars = figure.run(read)
        most = responses[unit].max()
        expected = responses[unit, frame] / most * 196 / 1.06
        np.testing.assert_allclose([h for _, h in bars], expected, atol=0.15)
        lit = [k for k, (fill, _) in enumerate(bars) if "green" in fill]
        mine = responses[unit, frame]
        assert lit == ([mine.argmax()] if mine.any() else [])


def test_a_weight_is_blue_above_0_orange_below_and_paper_at_0(show):
    figure = show(first_layer(unit=1, frame=3))
    weights = np.stack([w[:, UNITS[1]] for w in recorded_layer().weights])
    share = weights[3].reshape(28, 28, 1) / np.abs(weights).max()
    level = np.rint(7 * np.sign(share) * np.sqrt(np.abs(share))) / 7
    assert level.min() < -0.5
    assert level.max() > 0.5
    away = np.where(level > 0, rgb("blue"), rgb("orange"))
    expected = (1 - abs(level)) * rgb("paper") + abs(level) * away
    seen = pixels(figure, 2, 26, 252, 28)
    np.testing.assert_allclose(seen, expected, atol=4)


def test_a_hand_goes_through_the_frames_and_a_click_chooses_a_unit(show):
    figure = show(first_layer())
    area = figure.root.locator(".nn-area").bounding_box()
    mouse = figure.page.mouse
    mouse.move(area["x"] + 5, area["y"] + 80)
    mouse.down()
    for frame in (0, 1, 2, 3, 2):
        mouse.move(area["x"] + (frame + 0.5) / 4 * area["width"], area["y"] + 80)
        assert figure.run("readOut") == read_of_unit(0, frame)
    mouse.up()
    for unit in (3, 1, 4, 0):
        spot = figure.root.locator(".nn-drawing g[filter]").nth(unit + 1)
        place = spot.evaluate("""(g) => {
          const { e, f } = g.getCTM();
          const { left, top } = g.ownerSVGElement.getBoundingClientRect();
          return [left + e + 20, top + f + 20];
        }""")
        mouse.click(*place)
        assert figure.run("readOut") == read_of_unit(unit, 2)


def test_the_keyboard_and_the_buttons_go_through_the_training(show):
    figure = show(first_layer())
    figure.slider("unit").press("ArrowRight")
    for frame in (1, 2, 3):
        figure.root.get_by_role("button", name="Next").press("Enter")
        assert figure.run("readOut") == read_of_unit(1, frame)
    figure.root.get_by_role("button", name="Next").press("Enter")
    figure.root.get_by_role("button", name="Back").press("Enter")
    assert figure.run("readOut") == read_of_unit(1, 2)
    figure.slider("frame").press("Home")
    figure.slider("unit").press("End")
    assert figure.run("readOut") == read_of_unit(4, 0)


def test_a_link_opens_a_unit_at_a_frame_and_reset_goes_back(show):
    figure = show(first_layer(), "#first_layer.frame=2&first_layer.unit=3")
    assert figure.run("readOut") == read_of_unit(3, 2)
    figure.reset()
    assert figure.run("readOut") == read_of_unit(0, 0)
    figure = show(first_layer(), "#first_layer.frame=40&first_layer.unit=%3Cb%3E")
    assert figure.run("readOut") == read_of_unit(0, 3)


def test_a_first_layer_fits_a_phone(show):
    figure = on_a_phone(show, first_layer(frame=3))
    assert overhang(figure) <= 0
