"""The explorers of initialisation, in Python and in a page."""

import functools
import math

import numpy as np
import pytest
import traitlets
from explorer_examples import box_muller_map, layer_histograms, printed, unpack
from explorer_reading import on_a_phone, one_page, refused

from nnlib.explorers.box_muller_map import U1, U2, VARIANTS, BoxMullerMapExplorer, polar
from nnlib.explorers.layer_histograms import (
    ACTIVATIONS,
    BINS,
    DEPTH,
    GAINS,
    SIGNS,
    LayerHistogramsExplorer,
    forward_values,
    summary,
)
from nnlib.init import box_muller


@pytest.fixture(scope="module")
def show(browser, tmp_path_factory):
    """Open a page with an explorer."""
    with one_page(browser, tmp_path_factory.mktemp("pages")) as show:
        yield show


def layers(**state):
    """Return a new explorer of the samples that `layer_histograms` has."""
    return LayerHistogramsExplorer(rng=np.random.default_rng(0), **state)


# ---- histograms, layer by layer -----------------------------------------------------


def stack(activation, gain):
    """Return the values of every layer, in plain NumPy."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 256))
    weights = rng.standard_normal((DEPTH, 256, 256)) / 16
    f = {
        "none": lambda z: z,
        "Tanh": np.tanh,
        "ReLU": lambda z: np.maximum(z, 0),
        "Sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    }[activation]
    values = [x]
    for weight in weights:
        values.append(f(values[-1] @ (gain * weight)))
    return values


@pytest.mark.parametrize("gain", [1.0, 2**0.5, 4.0])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_values_are_those_of_a_stack_in_plain_numpy(activation, gain):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 256))
    weights = gain * rng.standard_normal((DEPTH, 256, 256)) / 16
    found = forward_values(ACTIVATIONS[activation], weights, x)
    expected = stack(activation, gain)
    assert len(found) == len(expected) == DEPTH + 1
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9 * abs(other).max())


def test_a_summary_counts_what_is_at_0_and_what_is_saturated():
    values = np.array([[0.0, 0.0, 1.0], [2.0, 4.0, 0.0]])
    *numbers, heights = summary(values, "ReLU")
    assert numbers == pytest.approx([np.std(values), 21 / 6, 0.5, 0, 4])
    assert heights.shape == (BINS,)
    assert heights.nonzero()[0].tolist() == [7, 14, 28]  # of 29 bars; no zeros
    assert summary(values, "none")[2] == 0
    # 1 - a² < 0.1 from 0.9487 on, a (1 - a) < 0.1 above 0.8873 and below 0.1127.
    steps = np.array([-0.96, -0.94, 0.94, 0.96, 0.5, 0.2, 0.3, 0.4])
    assert summary(steps, "Tanh")[2] == 2 / 8
    steps = np.array([0.11, 0.12, 0.88, 0.89, 0.5])
    assert summary(steps, "Sigmoid")[2] == 2 / 5


def test_heights_are_those_of_a_histogram():
    data = layer_histograms().data
    for activation, gain, layer in [("Tanh", 2.0, 5), ("ReLU", 2**0.5, 20)]:
        row = list(ACTIVATIONS).index(activation) * len(GAINS) + GAINS.index(gain)
        sent = data["heights"][row].split(" ")[layer]
        values = stack(activation, gain)[layer]
        values = values[values != 0] if activation == "ReLU" else values
        low = 0 if activation == "ReLU" else values.min()
        counts, _ = np.histogram(values, BINS, (low, values.max()))
        heights = [SIGNS.index(sign) / 61 for sign in sent]
        np.testing.assert_allclose(heights, counts / counts.max(), atol=0.01)


def test_what_theory_says_of_20_layers_is_what_they_show():
    """A layer multiplies the mean square by gain², or by half of it before a ReLU."""
    factors = unpack(layer_histograms().data["factors"]).reshape(4, len(GAINS))
    np.testing.assert_allclose(factors[0], np.square(GAINS), rtol=0.03)
    np.testing.assert_allclose(factors[2], np.square(GAINS) / 2, rtol=0.03)
    numbers = unpack(layer_histograms().data["numbers"]).reshape(4, len(GAINS), 21, 5)
    at_0 = numbers[2, :, 1:, 2]
    assert np.all((at_0 > 0.4) & (at_0 < 0.6))
    tanh = numbers[1, GAINS.index(4.0), -1]
    assert tanh[2] > 0.5  # with a gain of 4 most of tanh is saturated


def share_text(share):
    if 0 < share < 0.0005:
        return "< 0.1%"
    return f"{100 * share:.{1 if 0 < share < 0.1 else 0}f}%"


@functools.cache
def summaries(activation, gain):
    """Return what nnlib computes of every layer."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 256))
    weights = gain * (rng.standard_normal((DEPTH, 256, 256)) / 16)
    every = forward_values(ACTIVATIONS[activation], weights, x)
    return [summary(values, activation) for values in every]


def read_of_layers(activation, gain, layer):
    """Return the caption and the rows that must be read there."""
    every = summaries(activation, gain)
    rows = []
    for at in sorted({0, 1, layer, DEPTH}):
        std, square, share = every[at][:3]
        name = {0: "0 (input)", DEPTH: "20 (last)"}.get(at, str(at))
        share = share_text(float(f"{share:.3e}")) if at else "–"
        rows.append([name, printed(std), printed(square), share])
        if activation == "none":
            rows[-1].pop()
    factor = printed((every[-1][1] / every[0][1]) ** (1 / DEPTH))
    factor = f"a layer multiplies the mean square by {factor} on average"
    return {"caption": f"Read at layer {layer}; {factor}", "rows": rows}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_layer_is_read_as_nnlib_has_it(show, activation):
    figure = show(layer_histograms())
    figure.run("choose", "activation", activation)
    for number, layer in [(0, 20), (2, 7), (4, 0), (4, 20), (5, 1), (7, 13)]:
        figure.run("slide", "gain", number)
        figure.run("slide", "layer", layer)
        assert figure.run("readOut") == read_of_layers(activation, GAINS[number], layer)


def test_the_keyboard_and_the_pointer_move_the_layers(show):
    figure = show(layer_histograms())
    figure.slider("gain").press("ArrowRight")
    figure.slider("gain").press("ArrowRight")
    assert figure.slider("gain").get_attribute("aria-valuetext") == "√2 (He)"
    figure.slider("layer").press("ArrowLeft")
    assert figure.run("readOut") == read_of_layers("ReLU", 2**0.5, 19)
    handle = figure.root.locator(".nn-handle").bounding_box()
    unit = (float(figure.drawing.get_attribute("width")) - 44) / 21.2
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    figure.page.mouse.move(x, y)
    figure.page.mouse.down()
    for places, layer in ((-4.3, 15), (-19.4, 0), (9, 20)):
        figure.page.mouse.move(x + places * unit, y, steps=3)
        assert figure.run("readOut") == read_of_layers("ReLU", 2**0.5, layer)
    figure.page.mouse.up()
    figure.reset()
    assert figure.run("readOut") == read_of_layers("ReLU", 1.0, 20)


def test_bars_stand_on_the_axis_as_high_as_the_histogram(show):
    figure = show(layer_histograms())
    figure.run("choose", "activation", "Tanh")
    figure.run("slide", "layer", 3)
    heights = figure.run("""(el) => [...el.querySelectorAll(".nn-drawing rect")]
      .map((bar) => Number(bar.getAttribute("height")))""")
    row = list(ACTIVATIONS).index("Tanh") * len(GAINS) + GAINS.index(1.0)
    sent = layer_histograms().data["heights"][row].split(" ")[3]
    expected = np.array([SIGNS.index(sign) for sign in sent]) / 61 * 130 / 1.08
    np.testing.assert_allclose(heights, expected, atol=0.02)


def test_layers_refuse_what_does_not_fit():
    explorer = layers()
    before = explorer.activation, explorer.gain, explorer.layer
    for name, value in (("activation", "relu"), ("gain", 0.1), ("layer", 21)):
        with pytest.raises(traitlets.TraitError, match=f"'{name}'.*{value}"):
            setattr(explorer, name, value)
    assert (explorer.activation, explorer.gain, explorer.layer) == before
    with pytest.raises(traitlets.TraitError, match=r"'layer'.*-1"):
        layers(layer=-1)


def test_a_gain_moves_to_the_nearest():
    explorer = layers(gain=1.41)
    assert explorer.gain == 2**0.5
    explorer.gain = 1.7
    assert explorer.gain == 5 / 3


# ---- the Box-Muller map -------------------------------------------------------------


def test_the_right_variant_is_nnlibs():
    u1, u2 = np.random.default_rng(5).random((2, 50))
    radius, angle = polar(u1, u2)
    z = box_muller((2, 50), rng=np.random.default_rng(5))
    np.testing.assert_allclose(radius * np.cos(angle), z[0], rtol=1e-14)
    np.testing.assert_allclose(radius * np.sin(angle), z[1], rtol=1e-14)


def test_the_variants_do_what_they_say():
    u = np.array([0.0, 0.25, 0.75])
    radius, angle = polar(u, u)
    assert angle.tolist() == [0, math.pi / 2, 3 * math.pi / 2]
    np.testing.assert_allclose(1 - np.exp(-(radius**2) / 2), u, atol=1e-15)
    assert polar(u, u, "degrees")[1].tolist() == [0, 90, 270]
    np.testing.assert_allclose(polar(u, u, "wedge")[1], angle / 180 * math.pi)
    mirrored = polar(u, u, "no 1 −")[0]
    assert mirrored[0] == math.inf
    np.testing.assert_allclose(mirrored[1:], radius[:0:-1])
    for variant in VARIANTS[1:3]:
        np.testing.assert_array_equal(polar(u, u, variant)[0], radius)


def word(value):
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "−∞" if value < 0 else "∞"
    return printed(0 if abs(value) < 1e-14 else value)  # cos(π/2) is but rounding


def read_of_pair(variant, i, j):
    """Return the caption and the rows that must be read of a point."""
    rows = []
    for name in dict.fromkeys([variant, "right"]):
        radius, angle = polar(np.array([U1[i]]), np.array([U2[j]]), name)
        with np.errstate(invalid="ignore"):
            z = [radius * np.cos(angle), radius * np.sin(angle)]
        label = "this" if name == variant != "right" else "right"
        rows.append([label, *(word(v[0]) for v in (radius, angle, *z))])
        if name == variant:
            inside = 100 * (1 - math.exp(-(radius[0] ** 2) / 2))
    share = f"{inside:.1f}".removesuffix(".0")
    u2 = f"{U2[j]:.4g}"
    caption = f"u₁ = {U1[i]:g}, u₂ = {u2}: {share}% of all normal pairs"
    return {"caption": f"{caption} lie within this radius", "rows": rows}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_pair_is_read_as_numpy_has_it(show, variant):
    figure = show(box_muller_map())
    figure.run("choose", "variant", variant)
    points = [(0, 0), (0, 3), (0, 12), (0, 19), (1, 7), (10, 22), (18, 12), (23, 6)]
    for i, j in points:
        figure.run("slide", "u1", i)
        figure.run("slide", "u2", j)
        assert figure.run("readOut") == read_of_pair(variant, i, j)


def places(figure, width):
    """Return where square and plane lie in the drawing: left, top and size of each."""
    beside = width > 520
    size = min(300, (width - 92) / 2 if beside else width - 48)
    plane = (78 + size, 48) if beside else (34, size + 114)
    return (34, 48), plane, size


@pytest.mark.parametrize("width", [1280, 360])
def test_the_pointer_takes_a_point_of_the_square_or_of_the_plane(show, width):
    figure = show(box_muller_map(), width=width)
    drawn = float(figure.drawing.get_attribute("width"))
    square, plane, size = places(figure, drawn)

    def click(area, x, y):
        """Click at a place of an area, from 0 to 1 across and upwards."""
        position = {"x": area[0] + x * size, "y": area[1] + (1 - y) * size}
        figure.drawing.click(position=position)
        return figure.run("readOut")

    i, j = U1.index(0.3), U2.index(0.75)
    assert click(square, 0.31, 0.76) == read_of_pair("right", i, j)
    assert click(square, 0.999, 0.001) == read_of_pair("right", 23, 0)
    # A point of the plane: radius 2 and an eighth of a turn.
    radius, angle = polar(np.array(U1), np.array(U2))
    i, j = U1.index(0.85), U2.index(0.125)
    x, y = radius[i] * np.cos(angle[j]), radius[i] * np.sin(angle[j])
    assert click(plane, (x + 4) / 8, (y + 4) / 8) == read_of_pair("right", i, j)
    assert click(plane, 0.01, 0.5) == read_of_pair("right", 23, 12)


def test_the_keyboard_moves_the_point_and_reset_brings_it_back(show):
    figure = show(box_muller_map())
    before = figure.run("readOut")
    assert before == read_of_pair("right", U1.index(0.8), U2.index(0.125))
    figure.slider("u1").press("Home")
    figure.slider("u2").press("ArrowRight")
    assert figure.run("readOut") == read_of_pair("right", 0, 4)
    assert figure.slider("u2").get_attribute("aria-valuetext") == "0.1667"
    figure.root.locator("select").press("End")
    assert figure.run("readOut") == read_of_pair("no 1 −", 0, 4)
    figure.reset()
    assert figure.run("readOut") == before


def test_a_quarter_of_the_square_goes_to_a_quadrant_and_degrees_mix_them():
    data = box_muller_map().data
    cloud = np.random.default_rng(0).random((2, 160))
    np.testing.assert_allclose(unpack(data["cloud"]), cloud, rtol=5e-4)
    quarter = np.floor(4 * cloud[1])
    for variant, together in (("right", True), ("no 1 −", True), ("degrees", False)):
        radius, angle = polar(*cloud, variant)
        z1, z2 = radius * np.cos(angle), radius * np.sin(angle)
        sent = unpack(data["maps"][variant]["cloud"])
        np.testing.assert_allclose(sent, [z1, z2], rtol=6e-4, atol=1e-12)
        quadrant = np.floor(np.arctan2(z2, z1) / (2 * np.pi) * 4) % 4
        assert np.array_equal(quadrant, quarter) == together
        if not together:  # about as many from every quarter in every quadrant
            counts = np.histogram2d(quarter, quadrant, 4)[0]
            assert counts.min() > 2
    z1, z2 = unpack(data["maps"]["wedge"]["cloud"])
    assert np.all(z1 > 0)
    assert np.all(np.abs(z2) < 0.12 * z1)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"variant": "radians"}, "'variant'.*radians"),
        ({"u1": 1.0}, "'u1'.*1"),
        ({"u2": -0.1}, "'u2'.*-0.1"),
    ],
)
def test_the_map_refuses_what_does_not_fit(state, said):
    refused(box_muller_map, state, said)


def test_a_point_moves_to_the_nearest_stop():
    explorer = BoxMullerMapExplorer(rng=np.random.default_rng(0), u1=0.77, u2=0.26)
    assert (explorer.u1, explorer.u2) == (0.75, 0.25)


# ---- on a phone ---------------------------------------------------------------------


def test_nothing_is_wider_than_a_phone(show):
    over = """(el) => {
      const right = (part) => part.getBoundingClientRect().right;
      const parts = [...el.querySelectorAll("table, select, .nn-drawing text")];
      return Math.max(...parts.map(right)) - right(el.querySelector(".nn-drawing"));
    }"""
    stacks = on_a_phone(show, layer_histograms())
    for name in ACTIVATIONS:
        stacks.run("choose", "activation", name)
        for gain, layer in ((0, 20), (7, 9)):
            stacks.run("slide", "gain", gain)
            stacks.run("slide", "layer", layer)
            assert stacks.run(over) <= 0, stacks.caption
    pairs = on_a_phone(show, box_muller_map())
    for variant in VARIANTS:
        pairs.run("choose", "variant", variant)
        for i, j in ((21, 15), (0, 12), (1, 6), (10, 19)):
            pairs.run("slide", "u1", i)
            pairs.run("slide", "u2", j)
            assert pairs.run(over) <= 0, pairs.caption
