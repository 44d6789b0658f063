"""The explorers of networks, shapes, graphs and step sizes, in Python and in a page."""

import json
import subprocess

import numpy as np
import pytest
import traitlets
from book_offline import node_binary
from explorer_examples import decimals, page_html, printed
from explorer_reading import HELPERS, Figure

from nnlib.explorers import scripts
from nnlib.explorers.batch_shapes import BATCHES, BatchShapesExplorer, operations
from nnlib.explorers.network import ACTIVATIONS, SEEDS, UNITS, NetworkExplorer, network
from nnlib.functional import softmax
from nnlib.layers import Linear, mlp


@pytest.fixture(scope="module")
def show(browser, tmp_path_factory):
    """Open a page with an explorer; in the end none may have complained."""
    folder = tmp_path_factory.mktemp("pages")
    complaints = []
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_init_script(HELPERS)
        context.on("console", lambda message: complaints.append(message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = context.new_page()

        def show(explorer, fragment="", width=1280):
            file = folder / "page.html"
            file.write_text(page_html(explorer), "utf-8")
            page.set_viewport_size({"width": width, "height": 900})
            page.goto("about:blank")
            page.goto(file.as_uri() + fragment)
            return Figure(page)

        yield show
    assert not complaints


def refused(make, state, said):
    """See that a state is refused, when it is made and when it is set."""
    with pytest.raises(traitlets.TraitError, match=said):
        make(**state)
    ((name, value),) = state.items()
    explorer = make()
    before = getattr(explorer, name)
    with pytest.raises(traitlets.TraitError, match=said):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before


# ---- a network ----------------------------------------------------------------------


def values_of(seed, activation, x):
    """Return z and a of every linear layer, as nnlib computes them one by one."""
    found, z = [], None
    for module in network(seed, activation):
        x = module(x)
        if isinstance(module, Linear):
            z = x
            found.append([z, z])
        else:
            found[-1][1] = x
    return found


def forward_in_node(cases, folder):
    """Return what the module's own forward pass makes of (layers, x, activation)."""
    (folder / "network.mjs").write_text(scripts.module_script("network"), "utf-8")
    (folder / "cases.json").write_text(json.dumps(cases), "utf-8")
    (folder / "run.mjs").write_text(
        'import { readFileSync } from "node:fs";\n'
        'import network from "./network.mjs";\n'
        'const cases = JSON.parse(readFileSync("cases.json", "utf-8"));\n'
        "const found = cases.map((each) => network.forward(...each));\n"
        "console.log(JSON.stringify(found));\n",
        "utf-8",
    )
    ran = subprocess.run(
        [node_binary(), "run.mjs"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(ran.stdout)


def test_the_pages_forward_pass_is_nnlibs_for_a_thousand_inputs(tmp_path):
    rng = np.random.default_rng(0)
    held = NetworkExplorer().data["networks"]
    cases, expected = [], []
    for x in rng.uniform(-2, 2, (1000, 2)):
        seed = int(rng.choice(SEEDS))
        activation = str(rng.choice(list(ACTIVATIONS)))
        cases.append([held[seed], x.tolist(), activation])
        expected.append(values_of(seed, activation, x[None]))
    assert len({(json.dumps(layers), name) for layers, _, name in cases}) == 30
    found = forward_in_node(cases, tmp_path)
    for computed, right in zip(found, expected, strict=True):
        assert len(computed) == len(right) == 3
        for layer, (z, a) in zip(computed, right, strict=True):
            np.testing.assert_allclose([layer["z"]], z, rtol=0, atol=1e-12)
            np.testing.assert_allclose([layer["a"]], a, rtol=0, atol=1e-12)


def test_a_network_is_drawn_by_its_seed_as_mlp_draws_it():
    assert len(NetworkExplorer().data["networks"]) == len(SEEDS) == 10
    weights = {seed: [p.data for p in network(seed).parameters()] for seed in (3, 4)}
    assert [w.shape for w in weights[3]] == [(2, 4), (4,), (4, 4), (4,), (4, 1), (1,)]
    again = [p.data for p in network(3, "Tanh").parameters()]
    assert all(np.array_equal(a, b) for a, b in zip(weights[3], again, strict=True))
    assert not np.array_equal(weights[3][0], weights[4][0])
    assert all(np.all(w != 0) for w in weights[3])  # the biases too
    held = NetworkExplorer().data["networks"][3]
    assert held[1]["w"] == weights[3][2].tolist()
    assert held[1]["b"] == weights[3][3].tolist()


def read_of_network(seed, activation, x, unit):
    """Return what must be read of a unit, from nnlib's parameters and modules."""
    layer, place = [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (1, 3),
                    (2, 0)][unit]  # fmt: skip
    computed = values_of(seed, activation, np.array([x]))
    inputs = [np.array(x), *[a[0] for _, a in computed]][layer]
    linear = [m for m in network(seed, activation) if isinstance(m, Linear)][layer]
    weights = linear.weight.data[:, place]
    names = ["x₁", "x₂"] if layer == 0 else [f"{layer}.{i}" for i in range(1, 5)]
    rows = [
        [name, printed(value), printed(weight), printed(value * weight)]
        for name, value, weight in zip(names, inputs, weights, strict=True)
    ]
    z, a = (values[0, place] for values in computed[layer])
    return {
        "caption": "The output, term by term"
        if layer == 2
        else f"Unit {layer + 1}.{place + 1}, term by term",
        "rows": [
            *rows,
            ["bias", "", "", printed(linear.bias.data[place])],
            ["sum", "", "", printed(z)],
            ["output" if layer == 2 else f"after {activation}", "", "", printed(a)],
        ],
    }


def test_every_term_of_a_network_is_read_as_nnlib_has_it(show):
    figure = show(NetworkExplorer())
    rng = np.random.default_rng(1)
    for number in range(60):
        seed, unit = number % 10, number % 9
        activation = list(ACTIVATIONS)[number % 3]
        stops = rng.integers(0, 81, 2)
        x = [round(-2 + 0.05 * stop, 2) for stop in stops.tolist()]
        figure.run("choose", "activation", activation)
        for name, stop in zip(("x1", "x2"), stops.tolist(), strict=True):
            figure.run("slide", name, stop)
        figure.run("slide", "seed", seed)
        figure.run("slide", "unit", unit)
        assert figure.run("readOut") == read_of_network(seed, activation, x, unit)
        texts = figure.run(
            "(el) => [...el.querySelectorAll('.nn-drawing .nn-cell')]"
            ".map((text) => text.textContent)"
        )
        computed = values_of(seed, activation, np.array([x]))
        values = [*x, *(v for _, a in computed for v in a[0])]
        assert texts == [decimals(value, 2) for value in values]


def test_a_line_is_as_thick_as_its_weight_and_dashed_if_it_is_negative(show):
    figure = show(NetworkExplorer(seed=2))
    lines = figure.run("""(el) => [...el.querySelectorAll(".nn-drawing path[opacity]")]
      .map((path) => [path.style.strokeWidth, path.style.strokeDasharray,
        path.style.stroke])""")
    weights = [
        weight
        for module in network(2)
        if isinstance(module, Linear)
        for weight in module.weight.data.flat
    ]
    assert len(lines) == len(weights) == 2 * 4 + 4 * 4 + 4
    for (width, dash, colour), weight in zip(lines, weights, strict=True):
        assert abs(float(width) - 0.6 - 3 * abs(weight)) <= 0.00501
        assert colour == f"var(--nn-{'orange' if weight < 0 else 'blue'})"
        assert (dash != "") == (weight < 0)


def test_a_click_looks_into_the_unit_that_is_nearest(show):
    figure = show(NetworkExplorer())
    circles = figure.root.locator(".nn-drawing circle[r='21']")
    assert circles.count() == 11
    for unit in (8, 3, 4, 0):
        box = circles.nth(unit + 2).bounding_box()
        figure.page.mouse.click(box["x"] + 25, box["y"] + 20)
        assert figure.rows == read_of_network(0, "ReLU", [0.5, -0.5], unit)["rows"]
        assert figure.slider("unit").get_attribute("aria-valuetext") == UNITS[unit]


def test_the_keyboard_moves_every_control_of_a_network(show):
    figure = show(NetworkExplorer())
    figure.root.locator("select").press("ArrowDown")
    figure.slider("x1").press("End")
    figure.slider("x2").press("ArrowLeft")
    figure.slider("seed").press("ArrowRight")
    figure.slider("unit").press("End")
    assert figure.run("readOut") == read_of_network(1, "Tanh", [2.0, -0.55], 8)


def test_a_link_to_a_network_takes_what_is_near_and_no_markup(show):
    link = "#network.x1=1.02&network.x2=-99&network.seed=77&network.unit=4.4"
    figure = show(NetworkExplorer(), link + "&network.activation=<b>Tanh")
    assert figure.run("readOut") == read_of_network(9, "ReLU", [1.0, -2.0], 4)
    assert figure.root.locator("b").count() == 0


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"seed": 10}, "'seed'.*10"),
        ({"seed": 0.5}, "'seed'.*0.5"),
        ({"x1": 2.1}, "'x1'.*2.1"),
        ({"x2": "left"}, "'x2'.*left"),
        ({"activation": "Swish"}, "'activation'.*Swish"),
        ({"unit": 9}, "'unit'.*9"),
    ],
)
def test_a_network_refuses_what_does_not_fit(state, said):
    refused(NetworkExplorer, state, said)


def test_inputs_of_a_network_move_to_the_nearest_sample():
    explorer = NetworkExplorer(x1=0.512)
    explorer.x2 = -1.98
    assert (explorer.x1, explorer.x2) == (0.5, -2.0)


# ---- the shapes of a batch ----------------------------------------------------------

#: By operation: what goes in, weights, what comes out, and the name, by hand.
DIGIT_READER = [
    (784, 784 * 128 + 128, 128, "Linear"),
    (128, 0, 128, "ReLU"),
    (128, 128 * 64 + 64, 64, "Linear"),
    (64, 0, 64, "ReLU"),
    (64, 64 * 10 + 10, 10, "Linear"),
    (10, 0, 10, "softmax"),
]


def flops(batch, into, out, name):
    """Count one by one what a sample's outputs take, for every sample."""
    each = {"Linear": 2 * into + 1, "ReLU": 1, "softmax": 0}[name]
    return batch * out * each


def read_of_batch(batch, step):
    into, parameters, out, name = DIGIT_READER[step]
    done = DIGIT_READER[: step + 1]
    here = f"{flops(batch, into, out, name):,}"
    return {
        "caption": f"Operation {step + 1} of 6: {name}",
        "rows": [
            ["output shape", f"({batch}, {out})", ""],
            ["parameters", f"{parameters:,}", f"{sum(p for _, p, _, _ in done):,}"],
            [
                "FLOPs",
                "not counted" if name == "softmax" else here,
                f"{sum(flops(batch, m, n, what) for m, _, n, what in done):,}",
            ],
            [
                "numbers made",
                f"{batch * out:,}",
                f"{sum(batch * n for _, _, n, _ in done):,}",
            ],
        ],
    }


def test_every_shape_and_count_of_a_batch_is_read(show):
    figure = show(BatchShapesExplorer())
    for number, batch in enumerate(BATCHES):
        figure.run("slide", "batch", number)
        for step in range(6):
            figure.run("slide", "step", step)
            assert figure.run("readOut") == read_of_batch(batch, step)


def test_shapes_and_parameters_of_a_batch_are_those_of_a_pass_through_nnlib():
    net = mlp([784, 128, 64, 10], rng=np.random.default_rng(1))
    x = np.zeros((4, 784), np.float32)
    found = operations(4)
    for module, op in zip(net, found, strict=False):
        assert op.into == x.shape
        x = module(x)
        assert op.out == x.shape
        assert op.numbers == x.size
        assert op.parameters == sum(p.data.size for p in module.parameters())
        shapes = [p.data.shape for p in module.parameters()]
        assert [op.weight, op.bias] == (shapes or [(), ()])
        assert op.name == type(module).__name__
    assert (found[-1].into, found[-1].out) == (x.shape, softmax(x).shape)
    assert sum(op.parameters for op in found) == 109_386
    # 2BMN + BN by hand, of the first layer and a single sample.
    assert operations(1)[0].flops == 200_832


def test_the_operation_of_a_batch_is_written_with_its_shapes(show):
    figure = show(BatchShapesExplorer(batch=32))
    written = "(el) => [...el.querySelectorAll('.nn-drawing text')].slice(-11)"
    texts = figure.run(f"{written}.map((text) => text.textContent)")
    assert texts == [
        "X", "(32, 784)", "W₁", "(784, 128)", "@", "b₁", "(128,)", "+",
        "Z₁", "(32, 128)", "=",
    ]  # fmt: skip


def test_buttons_and_keys_go_through_the_operations(show):
    figure = show(BatchShapesExplorer())
    for step in (1, 2, 3, 4, 5, 5):
        figure.root.get_by_role("button", name="Next").click()
        assert figure.run("readOut") == read_of_batch(64, step)
    figure.root.get_by_role("button", name="Back").press("Enter")
    assert figure.run("readOut") == read_of_batch(64, 4)
    figure.slider("step").press("Home")
    figure.slider("batch").press("ArrowRight")
    assert figure.run("readOut") == read_of_batch(128, 0)
    assert figure.slider("step").get_attribute("aria-valuetext") == "1 of 6, Linear"


def test_a_click_on_a_table_shows_the_operation_that_made_it(show):
    figure = show(BatchShapesExplorer(step=2))
    tables = figure.root.locator(".nn-drawing rect:not(.nn-area)")
    for table, step in {1: 0, 6: 5, 3: 2, 0: 0, 5: 4}.items():
        box = tables.nth(table).bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        figure.page.mouse.click(x, y)
        assert figure.run("readOut") == read_of_batch(64, step)
    low = figure.drawing.bounding_box()
    figure.page.mouse.click(low["x"] + 20, low["y"] + low["height"] - 20)
    assert figure.run("readOut") == read_of_batch(64, 4)


def test_a_link_to_a_batch_takes_what_is_near(show):
    figure = show(BatchShapesExplorer(), "#batch_shapes.batch=1000&batch_shapes.step=9")
    assert figure.run("readOut") == read_of_batch(1024, 5)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"batch": 0}, "'batch'.*0"),
        ({"batch": 1.5}, "'batch'.*1.5"),
        ({"step": 6}, "'step'.*6"),
        ({"step": -1}, "'step'.*-1"),
    ],
)
def test_a_batch_refuses_what_does_not_fit(state, said):
    refused(BatchShapesExplorer, state, said)


def test_a_batch_moves_to_the_nearest_power_of_two():
    explorer = BatchShapesExplorer(batch=100)
    assert explorer.batch == 128
    explorer.batch = 3
    assert explorer.batch in (2, 4)
