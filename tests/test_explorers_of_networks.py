"""The explorers of networks, shapes, graphs and step sizes, in Python and in a page."""

import functools
import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from explorer_examples import decimals, printed
from explorer_reading import in_node, on_a_phone, one_page, overhang, refused

from nnlib.activations import ReLU, Tanh
from nnlib.explorers.backprop_graph import (
    EXAMPLES,
    OPERATIONS,
    BackpropGraphExplorer,
    evaluate,
)
from nnlib.explorers.batch_shapes import BATCHES, BatchShapesExplorer, operations
from nnlib.explorers.network import ACTIVATIONS, SEEDS, UNITS, NetworkExplorer, network
from nnlib.explorers.step_size import CURVES, FUNCTIONS, StepSizeExplorer, quotients
from nnlib.explorers.step_size import STEPS as STEP_SIZES
from nnlib.functional import softmax
from nnlib.gradcheck import numerical_gradient
from nnlib.layers import Linear, mlp
from nnlib.losses import MSELoss
from nnlib.module import Sequential


@pytest.fixture(scope="module")
def show(browser, tmp_path_factory):
    """Open a page with an explorer."""
    with one_page(browser, tmp_path_factory.mktemp("pages")) as show:
        yield show


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


def test_the_pages_forward_pass_is_nnlibs_for_a_thousand_inputs():
    rng = np.random.default_rng(0)
    held = NetworkExplorer().data["networks"]
    cases, expected = [], []
    for x in rng.uniform(-2, 2, (1000, 2)):
        seed = int(rng.choice(SEEDS))
        activation = str(rng.choice(list(ACTIVATIONS)))
        cases.append([held[seed], x.tolist(), activation])
        expected.append(values_of(seed, activation, x[None]))
    assert len({(json.dumps(layers), name) for layers, _, name in cases}) == 30
    found = in_node("network", "data.map((one) => exported.forward(...one))", cases)
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


four = functools.partial(decimals, count=4)


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
        [name, four(value), four(weight), four(value * weight)]
        for name, value, weight in zip(names, inputs, weights, strict=True)
    ]
    z, a = (values[0, place] for values in computed[layer])
    return {
        "caption": "The output, term by term"
        if layer == 2
        else f"Unit {layer + 1}.{place + 1}, term by term",
        "rows": [
            *rows,
            ["bias", "", "", four(linear.bias.data[place])],
            ["sum", "", "", four(z)],
            ["output" if layer == 2 else f"after {activation}", "", "", four(a)],
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
            ["result", f"({batch}, {out})", ""],
            ["parameters", f"{parameters:,}", f"{sum(p for _, p, _, _ in done):,}"],
            [
                "FLOPs",
                "not counted" if name == "softmax" else here,
                f"{sum(flops(batch, m, n, what) for m, _, n, what in done):,}",
            ],
            [
                "numbers in it",
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
        figure.root.get_by_role("button", name="Next").press("Enter")
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


# ---- backpropagation on a graph -----------------------------------------------------


def short(value):
    """Return a number as the graph prints it, without the zeros that it ends in."""
    text = printed(value)
    return re.sub(r"\.?0+$", "", text) if "." in text and "e" not in text else text


def bracketed(value):
    return f"({short(value)})" if value < 0 else short(value)


def test_numbers_of_a_graph_are_written_without_zeros_at_the_end():
    given = [0, 10.0, 0.25, -1.5, 100.0, 0.46211, -1e-5]
    assert [short(v) for v in given] == [
        "0", "10", "0.25", "−1.5", "100", "0.4621", "−1.000e−5",
    ]  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES)
def test_gradients_of_a_graph_are_confirmed_by_nudging(example):
    _, nodes = EXAMPLES[example]
    leaves = [node for node in nodes if not node.op]

    def loss(x):
        given = dict(zip((leaf.name for leaf in leaves), x.tolist(), strict=True))
        moved = [replace(node, value=given.get(node.name, 0.0)) for node in nodes]
        return evaluate(moved)[0]["L"]

    _, gradients, _ = evaluate(nodes)
    numerical = numerical_gradient(loss, np.array([leaf.value for leaf in leaves]))
    found = [gradients[leaf.name] for leaf in leaves]
    np.testing.assert_allclose(found, numerical, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("example", "activation"), [("neuron", ReLU), ("tanh", Tanh)])
def test_the_neuron_of_a_graph_is_nnlibs(example, activation):
    values, gradients, _ = evaluate(EXAMPLES[example][1])
    linear = Linear(2, 1, rng=np.random.default_rng(0), dtype=np.float64)
    linear.weight.data[:] = [[values["w₁"]], [values["w₂"]]]
    linear.bias.data[:] = values["b"]
    net, loss = Sequential(linear, activation()), MSELoss()
    a = net(np.array([[values["x₁"], values["x₂"]]]))
    assert float(loss(a, np.array([[values["y"]]]))) == pytest.approx(values["L"])
    dx = net.backward(loss.backward())
    assert a.item() == pytest.approx(values["a"])
    found = [gradients[name] for name in ("x₁", "x₂", "w₁", "w₂", "b")]
    right = [*dx[0], *linear.weight.grad[:, 0], *linear.bias.grad]
    np.testing.assert_allclose(found, right, rtol=1e-14)


def test_the_graph_on_paper_is_the_first_sample_of_the_network_on_paper():
    values, gradients, _ = evaluate(EXAMPLES["paper"][1])
    rng = np.random.default_rng(0)
    first, last = (Linear(m, n, rng=rng, dtype=float) for m, n in ((3, 2), (2, 1)))
    first.weight.data[:] = [[1.0, -1.0], [0.0, 2.0], [-2.0, 1.0]]
    first.bias.data[:] = [0.5, -0.5]
    last.weight.data[:] = [[2.0], [-1.0]]
    last.bias.data[:] = 0.5
    net, loss = Sequential(first, ReLU(), last), MSELoss()
    x, y = np.array([[1.0, 2.0, 0.0]]), np.array([[0.0]])
    assert float(loss(net(x), y)) == values["L"] == 1
    dx = net.backward(loss.backward())
    assert [values[n] for n in ("z₁", "z₂", "a₁", "a₂", "ŷ")] == [1.5, 2.5, 1.5, 2.5, 1]
    names = {
        "x₁ x₂ x₃": dx,
        "w₁₁ w₁₂ w₂₁ w₂₂ w₃₁ w₃₂": first.weight.grad,
        "b₁ b₂": first.bias.grad,
        "v₁ v₂": last.weight.grad,
        "c": last.bias.grad,
    }
    for text, right in names.items():
        assert [gradients[name] for name in text.split()] == right.ravel().tolist()


def test_what_is_used_twice_gets_the_sum_of_both():
    values, gradients, steps = evaluate(EXAMPLES["used twice"][1])
    assert values == {"x": 3, "y": 2, "s": 5, "L": 15}
    assert gradients == {"L": 1, "s": 3, "x": 8, "y": 3}
    assert [part[3:] for step in steps for part in step["parts"]] == [
        [3, 3], [5, 5], [3, 8], [3, 3],
    ]  # fmt: skip


def rows_of_step(nodes, step):
    """Return the rows that must be read at a step of a graph."""
    values, _, steps = evaluate(nodes)
    ops = [node for node in nodes if node.op]
    if step == 0:
        return [[n.name, short(values[n.name])] for n in nodes if not n.op]
    if step <= len(ops):
        node = ops[step - 1]
        return [[name, short(values[name])] for name in (*node.inputs, node.name)]
    if step == len(ops) + 1:
        return [["L", "", "1"]]
    # Found anew, from all that comes back before it.
    rows, sums = [], {}
    for number, back in enumerate(steps[: step - len(ops) - 1], len(ops) + 2):
        for name, text, local, *_ in back["parts"]:
            product = local * back["upstream"]
            before = sums.get(name, 0)
            sums[name] = before + product
            if number < step:
                continue
            right = f"{short(local)} × {bracketed(back['upstream'])} = {short(product)}"
            rows.append([name, text, right])
            if before:
                right = f"{short(before)} + {bracketed(product)} = {short(sums[name])}"
                rows.append([name, "sum", right])
    return rows


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_step_of_a_graph_is_read_as_it_is_computed(show, example):
    figure = show(BackpropGraphExplorer(example))
    label, nodes = EXAMPLES[example]
    assert figure.root.locator("select option:checked").inner_text() == label
    values, gradients, _ = evaluate(nodes)
    ops = sum(bool(node.op) for node in nodes)
    last = 2 * ops + 1
    for step in range(last + 1):
        figure.run("slide", "step", step)
        assert figure.caption.startswith(f"Step {step} of {last}: ")
        assert figure.rows == rows_of_step(nodes, step)
    texts = figure.run(
        "(el) => [...el.querySelectorAll('.nn-drawing .nn-cell')]"
        ".map((text) => text.textContent)"
    )
    expected = [
        [node.name + (f": {OPERATIONS[node.op].symbol}" if node.op else ""),
         short(values[node.name]), f"∂ {short(gradients[node.name])}"]
        for node in nodes
    ]  # fmt: skip
    assert texts == [text for each in expected for text in each]


def test_the_captions_of_a_graph_name_the_operation(show):
    figure = show(BackpropGraphExplorer("tanh", step=4))
    captions = {
        0: "Step 0 of 13: what is given",
        3: "Step 3 of 13: z = p₁ + p₂ + b",
        4: "Step 4 of 13: a = tanh(z)",
        7: "Step 7 of 13: back from L, whose gradient by itself is 1",
        10: "Step 10 of 13: back through a = tanh(z), upstream −1.076",
    }
    assert figure.caption == captions[4]
    for step, caption in captions.items():
        figure.run("slide", "step", step)
        assert figure.caption == caption
    assert figure.rows == [["z", "1 − a²", "0.7864 × (−1.076) = −0.846"]]


def test_a_graph_shows_only_what_is_known_by_then(show):
    figure = show(BackpropGraphExplorer(step=2))
    count = """(el) => {
      const texts = [...el.querySelectorAll(".nn-drawing .nn-cell")]
        .map((text) => text.textContent);
      return [texts.filter((t) => t === "?").length,
        texts.filter((t) => t.startsWith("∂")).length];
    }"""
    assert figure.run(count) == [4, 0]
    counts = []
    for _ in range(5):
        figure.root.get_by_role("button", name="Next").click()
        counts.append(figure.run(count))
    assert counts == [[3, 0], [2, 0], [1, 0], [0, 0], [0, 1]]
    figure.root.get_by_role("button", name="Back").click()
    assert figure.run(count) == [0, 0]
    figure.slider("step").press("End")
    assert figure.run(count) == [0, 12]


def test_a_click_on_a_graph_goes_to_the_step_that_fills_the_box(show):
    figure = show(BackpropGraphExplorer("paper"))
    nodes = EXAMPLES["paper"][1]
    place = {node.name: i for i, node in enumerate(nodes)}

    def click(name):
        box = figure.root.locator(".nn-drawing rect").nth(place[name]).bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        figure.page.mouse.click(x, y)
        return int(figure.slider("step").input_value())

    steps = {"z₁": 1, "z₂": 2, "a₁": 3, "L": 6, "x₂": 0, "v₁": 0}
    assert {name: click(name) for name in steps} == steps
    figure.slider("step").press("End")
    # L begins with its 1 in step 7; what both units use is complete in the last.
    steps = {"ŷ": 8, "v₁": 9, "a₂": 9, "z₂": 10, "z₁": 11, "w₁₂": 12, "x₁": 13, "L": 7}
    assert {name: click(name) for name in steps} == steps


def test_a_link_to_a_graph_takes_what_is_near_and_no_markup(show):
    link = "#backprop_graph.step=99&backprop_graph.example=used%20twice"
    figure = show(BackpropGraphExplorer(), link)
    assert figure.caption.startswith("Step 5 of 5: ")
    figure = show(BackpropGraphExplorer(), "#backprop_graph.example=<b>&x")
    assert figure.caption.startswith("Step 0 of 13: ")
    assert figure.root.locator("b").count() == 0


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_graph_and_its_table_fit_a_phone(show, example):
    figure = on_a_phone(show, BackpropGraphExplorer(example))
    nodes = EXAMPLES[example][1]
    measure = """(el) => {
      const over = el.querySelector(".nn-readout table").getBoundingClientRect().right
        - el.querySelector(".nn-drawing").getBoundingClientRect().right;
      const boxes = [...el.querySelectorAll(".nn-drawing rect")];
      const wide = boxes[0].width.baseVal.value;
      const texts = [...el.querySelectorAll(".nn-drawing .nn-cell")]
        .map((text) => text.getBBox().width - wide);
      return [over, Math.max(...texts)];
    }"""
    for step in range(2 * sum(bool(node.op) for node in nodes) + 2):
        figure.run("slide", "step", step)
        assert max(figure.run(measure)) <= 0, step


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"example": "transformer"}, "'example'.*transformer"),
        ({"step": -1}, "'step'.*-1"),
        ({"step": 14}, "'step'.*14"),
        ({"step": "first"}, "'step'.*first"),
    ],
)
def test_a_graph_refuses_what_does_not_fit(state, said):
    refused(BackpropGraphExplorer, state, said)


# ---- the step of a difference quotient ----------------------------------------------


def one_by_one(name, curve):
    """Return quotients of every step, computed number by number."""
    f = {
        "exp(x)": np.exp,
        "sin(x)": np.sin,
        "x**3": lambda x: x * x * x,
        "ReLU(x)": lambda x: x if x > 0 else x - x,
        "abs(x)": lambda x: x if x > 0 else -x,
    }[name]
    number = np.float64 if curve.endswith("64") else np.float32
    x = number(FUNCTIONS[name].x)
    found = []
    for step in STEP_SIZES:
        h = number(step)
        if curve.startswith("central"):
            found.append((f(x + h) - f(x - h)) / (number(2) * h))
        else:
            found.append((f(x + h) - f(x)) / h)
    return np.array(found)


def errors_of(name, curve):
    derivative = FUNCTIONS[name].derivative
    return np.abs(quotients(name, curve).astype(float) - derivative) / abs(derivative)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_quotients_are_computed_in_the_arithmetic_that_they_name(name, curve):
    found = quotients(name, curve)
    assert found.dtype == (np.float64 if "64" in curve else np.float32)
    expected = one_by_one(name, curve)
    assert expected.dtype == found.dtype
    # exp and sin of an array may differ from those of a number in their last digit.
    room = 8 * np.finfo(found.dtype).eps / np.array(STEP_SIZES)
    assert np.all(np.abs(found.astype(float) - expected.astype(float)) <= room)


def test_derivatives_of_the_step_sizes_are_exact():
    for function in FUNCTIONS.values():
        slope = numerical_gradient(
            lambda x, f=function.f: float(f(x)[0]), np.array([function.x])
        )
        assert slope[0] == pytest.approx(function.derivative, rel=1e-9)
    assert FUNCTIONS["exp(x)"].derivative == math.e
    assert FUNCTIONS["sin(x)"].derivative == pytest.approx(math.cos(1), rel=1e-15)


def test_steps_are_four_a_decade_from_a_hundred_billionth_on():
    assert len(STEP_SIZES) == 53
    assert (STEP_SIZES[0], STEP_SIZES[-1]) == (1e-14, 0.1)
    assert {1e-5, 1e-8, 0.001} < set(STEP_SIZES)
    np.testing.assert_allclose(np.diff(np.log10(STEP_SIZES)), 0.25, atol=2e-3)


@pytest.mark.parametrize("name", ["exp(x)", "sin(x)", "x**3"])
def test_the_error_of_a_smooth_function_is_a_u(name):
    """Where the curves are least, and how they fall, as theory has it."""
    steps = np.array(STEP_SIZES)
    bounds = {  # around eps^(1/2) and eps^(1/3)
        "forward float64": (3e-10, 3e-7),
        "central float64": (3e-7, 1e-4),
        "forward float32": (3e-5, 3e-3),
        "central float32": (3e-4, 3e-2),
    }
    for curve, (low, high) in bounds.items():
        error = errors_of(name, curve)
        least = error.argmin()
        assert low <= steps[least] <= high, curve
        assert error[0] > 100 * error[least]
        assert error[-1] > 100 * error[least]
        # To the right of the U: of the order of h, or of h².
        order = 2 if "central" in curve else 1
        right = steps >= 1e-2
        slope = np.polyfit(np.log(steps[right]), np.log(error[right]), 1)[0]
        assert abs(slope - order) < 0.1, curve
    assert errors_of(name, "central float64").min() < 1e-10
    assert errors_of(name, "central float32").min() > 1e-8
    assert np.all(errors_of(name, "central float32")[steps < 1e-8] == 1)


def test_a_step_beyond_the_kink_lies():
    steps = np.array(STEP_SIZES)
    near, far = (steps > 1e-6) & (steps < 1e-3), steps > 2e-3
    for name in ("ReLU(x)", "abs(x)"):
        assert errors_of(name, "central float64")[near].max() < 1e-9
        assert errors_of(name, "central float64")[far].min() > 0.2
    assert errors_of("abs(x)", "forward float64")[far].min() > 0.9
    # The kink of ReLU lies on the other side, where a forward difference never looks.
    assert errors_of("ReLU(x)", "forward float64")[far].max() < 1e-12


def power_text(value, digits=None):
    """Return a number with a power of ten, as JavaScript writes it."""
    text = repr(value) if digits is None else f"{value:.{digits}e}"
    mantissa, _, exponent = f"{float(text):.{digits or 2}e}".partition("e")
    if digits is None:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}".removesuffix("e0").replace("-", "−")


def read_of_step(name, at, curves=tuple(CURVES)):
    """Return what must be read of a function at a step."""
    derivative = FUNCTIONS[name].derivative
    rows = []
    for curve in curves:
        error = [float(f"{v:.3e}") for v in errors_of(name, curve)]
        wrong = "0" if error[at] == 0 else power_text(error[at], 1)
        least = STEP_SIZES[int(np.argmin(error))]
        quotient = printed(float(quotients(name, curve)[at]))
        row = [curve.replace(" float", " "), quotient, wrong, power_text(least)]
        rows.append(row)
    step = power_text(STEP_SIZES[at])
    caption = f"At h = {step}; the derivative is {printed(derivative)}"
    return {"caption": caption, "rows": rows}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_step_size_is_read_as_numpy_has_it(show, name):
    figure = show(StepSizeExplorer(function=name))
    for at in [*range(0, 53, 3), 36, 52]:
        figure.run("slide", "h", at)
        found = figure.run("readOut")
        expected = read_of_step(name, at)
        assert found["caption"] == expected["caption"]
        for row, right in zip(found["rows"], expected["rows"], strict=True):
            assert row[:2] + row[3:] == right[:2] + right[3:]
            # Two digits of four: what lies between two of them may go either way.
            gap = abs(as_number(row[2]) - as_number(right[2]))
            assert gap <= 0.051 * as_number(right[2])


def as_number(text):
    return float(text.replace("−", "-"))


def test_checks_keys_and_the_pointer_move_a_step_size(show):
    figure = show(StepSizeExplorer())
    figure.run("check", ["central float64", "forward float32"])
    chosen = ("central float64", "forward float32")
    assert figure.run("readOut") == read_of_step("exp(x)", 36, chosen)
    figure.root.locator("select").press("ArrowDown")
    figure.slider("h").press("ArrowLeft")
    assert figure.run("readOut") == read_of_step("sin(x)", 35, chosen)
    assert figure.slider("h").get_attribute("aria-valuetext") == "5.62e−6"
    handle = figure.root.locator(".nn-handle").bounding_box()
    unit = (float(figure.drawing.get_attribute("width")) - 60) / 13
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    figure.page.mouse.move(x, y)
    figure.page.mouse.down()
    figure.page.mouse.move(x + 2.25 * unit, y, steps=3)
    assert figure.run("readOut") == read_of_step("sin(x)", 44, chosen)
    figure.page.mouse.move(0, y)
    assert figure.run("readOut") == read_of_step("sin(x)", 0, chosen)
    figure.page.mouse.up()
    figure.run("check", [])
    assert figure.rows == []


def test_a_ring_marks_where_a_curve_is_least(show):
    figure = show(StepSizeExplorer(function="x**3"))
    width = float(figure.drawing.get_attribute("width"))
    rings = figure.run("""(el) =>
      [...el.querySelectorAll(".nn-drawing circle[r='7']:not(.nn-handle)")]
        .map((ring) => Number(ring.getAttribute("cx")))""")
    least = [STEP_SIZES[int(errors_of("x**3", curve).argmin())] for curve in CURVES]
    expected = 46 + (np.log10(least) + 14) / 13 * (width - 60)
    np.testing.assert_allclose(rings, expected, atol=0.5)


def test_the_kink_is_marked_where_there_is_one(show):
    figure = show(StepSizeExplorer())
    for name in FUNCTIONS:
        figure.run("choose", "function", name)
        marked = figure.root.locator(".nn-drawing .nn-halo").count()
        assert marked == (FUNCTIONS[name].kink is not None)


def test_a_link_to_a_step_size_takes_what_is_near(show):
    link = "#step_size.h=-3&step_size.function=abs(x)&step_size.curves=<b>,central%20"
    figure = show(StepSizeExplorer(), link + "float64")
    expected = read_of_step("abs(x)", 0, ["central float64"])
    assert figure.run("readOut") == expected
    assert figure.root.locator("b").count() == 0


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"function": "tan(x)"}, "'function'.*tan"),
        ({"h": 0.0}, "'h'.*0"),
        ({"h": 1.0}, "'h'.*1"),
        ({"h": "small"}, "'h'.*small"),
        ({"curves": ["central"]}, "curves.*central"),
    ],
)
def test_a_step_size_refuses_what_does_not_fit(state, said):
    refused(StepSizeExplorer, state, said)


@pytest.mark.parametrize(
    ("given", "taken"), [(1.1e-5, 1e-5), (3e-14, 3.16e-14), (1e-10, 1e-10)]
)
def test_a_step_size_moves_to_the_nearest_by_its_logarithm(given, taken):
    explorer = StepSizeExplorer(h=given)
    assert explorer.h == taken
    explorer.h = 0.1
    explorer.h = given
    assert explorer.h == taken


def test_the_tables_of_the_other_explorers_fit_a_phone(show):
    explorers = [
        *(NetworkExplorer(unit=8, seed=seed) for seed in SEEDS[:3]),
        *(BatchShapesExplorer(batch=1024, step=step) for step in range(6)),
        *(StepSizeExplorer(function=name, h=1e-14) for name in FUNCTIONS),
    ]
    for explorer in explorers:
        assert overhang(on_a_phone(show, explorer)) <= 0, explorer
