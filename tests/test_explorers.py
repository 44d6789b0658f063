"""Explorers as Python sees them: state, samples, and what they leave in a page."""

import json
import re
import subprocess

import numpy as np
import pytest
import traitlets
from book_offline import node_binary
from explorer_examples import (
    BANDWIDTH,
    BATCHES_OF_LADDER,
    EXPLORERS,
    FLOPS_OF_LADDER,
    LEFT,
    PEAK,
    QUESTIONS,
    RATES,
    RIGHT,
    SAMPLES,
    STEPS,
    UNITS,
    activation,
    dead_units,
    dead_units_runs,
    depth_and_gain,
    drawn,
    in_the_book,
    kernels,
    ladder_seconds,
    noisy,
    page_html,
    placeholder,
    printed,
    read_digits,
    reader_and_digits,
    recorded_layer,
    recordings,
    unpack,
)
from scipy.special import ndtr

from nnlib.activations import ReLU, Sigmoid, Tanh
from nnlib.data import load_digits
from nnlib.explorers import scripts
from nnlib.explorers.activation import ALPHAS, FUNCTIONS, SLOPES, ActivationExplorer
from nnlib.explorers.base import pack
from nnlib.explorers.dead_units import DeadUnitsExplorer
from nnlib.explorers.depth_and_gain import ACTIVATIONS, DEPTHS, GAINS, trace
from nnlib.explorers.question import QuestionCard

MAX_PLACEHOLDER = 45_000

every = pytest.mark.parametrize("name", EXPLORERS)
every_question = pytest.mark.parametrize("kind", QUESTIONS)


def json_of(markup):
    """Return what a browser would find in the placeholder's script."""
    text = re.search(r'<script type="application/json">(.*?)</script', markup, re.S)[1]
    return json.loads(text)


# ---- how they show themselves -------------------------------------------------------


@every
def test_repr_is_the_call_with_its_state_and_always_the_same(name):
    explorer = EXPLORERS[name]()
    assert repr(explorer) == repr(EXPLORERS[name]())
    assert " at 0x" not in repr(explorer)
    assert repr(explorer).startswith(f"{type(explorer).__name__}(")


def test_repr_names_every_state():
    assert repr(activation(x=-1.0)) == (
        "ActivationExplorer(alpha=1.0, functions=['Sigmoid', 'ReLU', 'GELU'], "
        "negative_slope=0.01, x=-1.0)"
    )
    assert repr(dead_units(lr=0.1, samples=4)) == (
        "DeadUnitsExplorer(lr=0.1, reduction='sum', samples=4)"
    )
    assert repr(depth_and_gain()) == (
        "DepthAndGainExplorer(activation='Sigmoid', depth=10, gain=1.0, layer=0)"
    )


@every
def test_in_the_book_it_is_text_and_html_and_no_widget(name):
    explorer = EXPLORERS[name]()
    with in_the_book():
        data, metadata = explorer._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html"}
    assert metadata == {}
    assert data["text/plain"] == repr(explorer)


@every
def test_in_a_notebook_it_is_a_widget_and_no_html(name, monkeypatch):
    monkeypatch.delenv("NNLIB_BOOK", raising=False)
    data, _ = EXPLORERS[name]()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "text/html" not in data


@every
def test_a_placeholder_says_what_the_figure_is_before_its_script_runs(name):
    explorer = EXPLORERS[name]()
    shown = re.sub(r"<script.*?</script>|<[^>]*>", "", placeholder(explorer))
    assert explorer.title in shown
    assert len(explorer.alt) > 40
    assert explorer.alt in shown


@every
def test_a_placeholder_holds_the_state_the_data_and_the_defaults(name):
    explorer = EXPLORERS[name]()
    held = json_of(placeholder(explorer))
    assert held["data"] == json.loads(json.dumps(explorer.data))
    assert set(held) == {"title", "alt", "data", "defaults", *explorer.defaults}
    assert held["defaults"] == {key: held[key] for key in explorer.defaults}
    assert held["defaults"] == explorer.defaults


@every
def test_a_placeholder_is_small(name):
    assert len(placeholder(EXPLORERS[name]()).encode()) < MAX_PLACEHOLDER


def test_text_that_looks_like_markup_stays_text():
    question = QUESTIONS["choice"]
    mean = "</script><script>alert(1)</script><!-- <b> & \" ' `"
    card = QuestionCard(type(question)(**{**vars(question), "text": mean, "why": mean}))
    markup = placeholder(card)
    held = json_of(markup)
    assert held["alt"] == held["data"]["why"] == mean
    assert markup.count("</script>") == 1
    assert "<script>" not in markup.split('<script type="application/json">')[0]


@every_question
def test_a_question_reads_as_text_where_nothing_runs(kind):
    question = QUESTIONS[kind]
    lines = repr(QuestionCard(question)).splitlines()
    assert lines[0] == f"Quick question: {question.text}"
    assert lines[1:] == [f"  - {choice}" for choice in question.choices]


@every_question
def test_a_question_takes_its_kind_from_its_answer(kind):
    question = QUESTIONS[kind]
    data = json_of(placeholder(QuestionCard(question)))["data"]
    assert data["kind"] == {"count": "number"}.get(kind, kind)
    assert data["answer"] == json.loads(json.dumps(question.answer))
    assert len(data["wrong"]) == len(question.wrong)


# ---- state --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("x", 0.513, 0.5),
        ("x", -5.99, -6.0),
        ("x", 6, 6.0),
        ("negative_slope", 0.04, 0.05),
        ("negative_slope", 1.9, 2.0),
        ("alpha", 1.1, 1.0),
    ],
)
def test_values_move_to_the_nearest_sample(name, given, taken):
    explorer = activation(**{name: given})
    assert getattr(explorer, name) == taken
    explorer = activation()
    setattr(explorer, name, given)
    assert getattr(explorer, name) == taken


def test_values_of_the_other_explorers_move_to_a_sample_too():
    explorer = dead_units(lr=0.05, samples=50)
    assert (explorer.lr, explorer.samples) == (0.03, 64)
    explorer.lr, explorer.samples = 1000.0, -3
    assert (explorer.lr, explorer.samples) == (1.0, 1)
    trait_names = depth_and_gain().trait_names(state=True)
    assert set(trait_names) == {"activation", "gain", "depth", "layer"}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"x": 7.0}, "'x'.*7"),
        ({"x": "banana"}, "'x'.*banana"),
        ({"functions": ["Swish"]}, "functions.*Swish"),
        ({"functions": ["ReLU", 3]}, "functions.*int 3"),
        ({"negative_slope": -0.1}, "negative_slope.*-0.1"),
        ({"alpha": 0.1}, "alpha.*0.1"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(state, said):
    with pytest.raises(traitlets.TraitError, match=said):
        activation(**state)
    ((name, value),) = state.items()
    explorer = activation()
    before = getattr(explorer, name)
    with pytest.raises(traitlets.TraitError, match=said):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"reduction": "max"}, "reduction.*max"),
        ({"lr": "fast"}, "lr.*fast"),
        ({"samples": 1.5}, "samples.*1.5"),
    ],
)
def test_dead_units_refuse_a_value_that_does_not_fit(state, said):
    with pytest.raises(traitlets.TraitError, match=said):
        dead_units(**state)


@every
def test_a_state_that_there_is_not_is_refused(name):
    kind = type(EXPLORERS[name]())
    more = {
        "activation": {},
        "depth_and_gain": {"rng": np.random.default_rng(0)},
        "layer_histograms": {"rng": np.random.default_rng(0)},
        "box_muller_map": {"rng": np.random.default_rng(0)},
        "dead_units": {"runs": dead_units_runs(), "steps": STEPS},
        "matmul_steps": {"a": LEFT, "b": RIGHT},
        "boundary": {"runs": recordings()},
        "batch_noise": {**noisy(), "rng": np.random.default_rng(0)},
        "confusion": dict(
            zip(["logits", "target", "images"], read_digits(), strict=True)
        ),
        "first_layer": {
            "recording": recorded_layer(),
            "data": load_digits()[0],
            "units": UNITS,
        },
        "roofline": {"kernels": kernels(), "peak": PEAK, "bandwidth": BANDWIDTH},
        "ladder": {
            "seconds": ladder_seconds(),
            "sizes": BATCHES_OF_LADDER,
            "flops": FLOPS_OF_LADDER,
            "peak": 1e11,
        },
        "draw_digit": {"model": reader_and_digits()[0]},
    }.get(name, {})
    with pytest.raises(TypeError, match="colour"):
        kind(**more, colour="red")


def test_reset_goes_back_to_the_state_that_it_was_made_with():
    explorer = activation(x=2.0)
    explorer.x = 3.0
    assert explorer.defaults["x"] == 2.0
    assert repr(explorer).endswith("x=2.0)")


# ---- samples ------------------------------------------------------------------------


def test_pack_keeps_the_digits_that_are_printed():
    rng = np.random.default_rng(1)
    size = 10.0 ** rng.uniform(-30, 30, (40, 50))
    values = size * rng.choice([-1, 1], size.shape)
    values[0, :3] = 0.0, 12_345_678, 0.99996
    found = unpack(pack(values))
    assert found.shape == values.shape
    assert [printed(v) for v in found.flat] == [printed(v) for v in values.flat]
    np.testing.assert_allclose(found, values, rtol=5.001e-4)


def test_pack_keeps_gaps_and_writes_json():
    packed = pack(np.array([np.nan, 1.0]))
    assert np.isnan(unpack(json.loads(json.dumps(packed)))[0])


def activation_rows():
    """Return (name, parameter's value or None, the row of samples) for every curve."""
    for name, held in activation().data["functions"].items():
        values, slopes = unpack(held["f"]), unpack(held["slope"])
        if "stops" not in held:
            yield name, None, values, slopes
            continue
        for stop, *rows in zip(held["stops"], values, slopes, strict=True):
            yield name, stop, *rows


def test_every_function_is_sampled_at_every_stop_of_its_slider():
    seen = {}
    for name, stop, *_ in activation_rows():
        seen.setdefault(name, []).append(stop)
    assert list(seen) == list(FUNCTIONS)
    assert seen["LeakyReLU"] == SLOPES
    assert seen["ELU"] == ALPHAS
    x = activation().data["x"]
    assert (len(x), x[0], x[-1]) == (241, -6, 6)
    np.testing.assert_allclose(np.diff(x), 0.05, rtol=1e-9)


def test_activations_are_nnlibs_and_their_slopes_central_differences():
    x = np.array(activation().data["x"])
    for name, stop, values, slopes in activation_rows():
        make, _, _ = FUNCTIONS[name]
        f = make() if stop is None else make(stop)
        points = x[: len(values)]
        assert len(points) == (241 if stop is None else 121)
        expected = f(points)
        assert [printed(v) for v in values] == [printed(v) for v in expected]
        h = 1e-6
        smooth = np.abs(points) > h
        central = (f(points + h) - f(points - h)) / (2 * h)
        np.testing.assert_allclose(
            slopes[smooth], central[smooth], rtol=6e-4, atol=1e-8
        )
        exact = f(points) * 0 + f.backward(np.ones_like(points))
        assert [printed(v) for v in slopes] == [printed(v) for v in exact]


def test_right_of_zero_a_function_with_a_parameter_is_relu():
    """What the page relies on when it takes those samples from ReLU."""
    x = np.array(activation().data["x"])
    x = x[x > 0]
    for make, _, stops in FUNCTIONS.values():
        for stop in stops:
            f = make(stop)
            assert np.array_equal(f(x), x)
            assert np.array_equal(f.backward(np.ones_like(x)), np.ones_like(x))


def test_rounding_moves_no_slope_across_the_bound_of_flatness():
    """The page compares the four digits it has with 0.1, nnlib's slope has them all."""
    x = np.array(activation().data["x"])
    for name, stop, _, slopes in activation_rows():
        make, _, _ = FUNCTIONS[name]
        f = make() if stop is None else make(stop)
        f(x[: len(slopes)])
        exact = f.backward(np.ones(len(slopes)))
        assert np.array_equal(np.abs(slopes) < 0.1, np.abs(exact) < 0.1), (name, stop)


# ---- depth and gain -----------------------------------------------------------------

FORMULAS = {
    "none": (lambda z: z, np.ones_like),
    "Sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: 1 / (2 + 2 * np.cosh(z))),
    "Tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "ReLU": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "GELU": (
        lambda z: z * ndtr(z),
        lambda z: ndtr(z) + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi),
    ),
}


def spread_and_size(name, weights, x, upstream):
    """Return what `trace` does, from formulas and not from nnlib's modules."""
    f, slope = FORMULAS[name]
    inputs, spread = [], [x.std(axis=0).mean()]
    with np.errstate(over="ignore"):
        for weight in weights:
            inputs.append(x @ weight)
            x = f(inputs[-1])
            spread.append(x.std(axis=0).mean())
        gradient, norms = upstream, [np.linalg.norm(upstream)]
        for z, weight in zip(inputs[::-1], weights[::-1], strict=True):
            gradient = (gradient * slope(z)) @ weight.T
            norms.append(np.linalg.norm(gradient))
    return np.array(spread), np.array(norms[::-1]) / norms[0]


def test_depth_and_gain_holds_what_the_formulas_give():
    data = depth_and_gain().data
    gradients, factors = unpack(data["gradients"]), unpack(data["factors"])
    spreads = unpack(data["spreads"])
    x, weights, upstream = drawn()
    start = row = 0
    for name in ACTIVATIONS:
        for gain in GAINS:
            for depth in DEPTHS:
                # All combinations would take seconds; a third of them, each once.
                if (row + start) % 3 == 0:
                    spread, size = spread_and_size(
                        name, gain * weights[:depth], x, upstream
                    )
                    found = gradients[start : start + depth + 1]
                    np.testing.assert_allclose(found, size, rtol=6e-4)
                    np.testing.assert_allclose(
                        factors[row], size[0] ** (1 / depth), rtol=6e-4
                    )
                    spread[spread < 1e-14] = 0  # rounding, of activations near 1
                    shown = spreads[row // len(DEPTHS)][: depth + 1]
                    np.testing.assert_allclose(shown, spread, rtol=6e-4)
                start += depth + 1
                row += 1
    assert (start, row) == (len(gradients), len(factors))


#: Explorers that show whole numbers alone, or send numbers as they are.
WITHOUT_FLOATS = {
    "network",
    "batch_shapes",
    "backprop_graph",
    "shapes",
    "flat_index",
    "cache_lines",
    "logit_gap",
}


@pytest.mark.parametrize("name", EXPLORERS)
def test_no_sample_is_too_small_or_too_large_for_its_digits(name):
    """Below 1e-38 a float32 has fewer digits, and above 3e38 it has none."""
    tiny = np.finfo(np.float32).tiny

    def packed(value):
        if isinstance(value, dict) and "float24" in value:
            yield unpack(value)
        elif isinstance(value, dict | list):
            for part in value.values() if isinstance(value, dict) else value:
                yield from packed(part)

    arrays = list(packed(EXPLORERS[name]().data))
    assert arrays or name in WITHOUT_FLOATS
    for array in arrays:
        if name == "ladder":  # a rung that was not measured is a gap
            array = array[~np.isnan(array)]
        assert np.isfinite(array).all()
        assert (np.abs(array[array != 0]) >= tiny).all()


def test_identity_weights_without_activations_change_nothing():
    rng = np.random.default_rng(2)
    x, upstream = rng.standard_normal((2, 5, 4))
    spread, size = trace(None, np.stack([np.eye(4)] * 3), x, upstream)
    assert np.array_equal(spread, [x.std(axis=0).mean()] * 4)
    np.testing.assert_allclose(size, 1, rtol=1e-15)


def test_twice_the_identity_doubles_layer_by_layer():
    x = np.array([[1.0, -4.0], [-1.0, -2.0]])  # both units vary by 1 around their mean
    upstream = np.array([[3.0, 0.0], [0.0, 4.0]])
    spread, size = trace(None, np.stack([2 * np.eye(2)] * 3), x, upstream)
    assert spread.tolist() == [1, 2, 4, 8]
    assert size.tolist() == [8, 4, 2, 1]


def test_a_relu_layer_by_hand():
    """Of one sample it lets one number through, forward and back: 3 of the norm 5."""
    x = np.array([[2.0, -1.0], [0.0, 1.0]])
    upstream = np.array([[3.0, 4.0], [0.0, 0.0]])
    spread, size = trace(ReLU, np.eye(2)[None], x, upstream)
    assert spread.tolist() == [1.0, (1 + 0.5) / 2]
    np.testing.assert_allclose(size, [0.6, 1])


@pytest.mark.parametrize("seed", range(3))
def test_orthogonal_matrices_keep_every_gradient_as_long_as_it_is(seed):
    rng = np.random.default_rng(seed)
    weights = np.linalg.qr(rng.standard_normal((10, 8, 8)))[0]
    x, upstream = rng.standard_normal((2, 6, 8))
    _, size = trace(None, weights, x, upstream)
    np.testing.assert_allclose(size, np.ones(11), rtol=1e-13)


@pytest.mark.parametrize(("module", "most"), [(Sigmoid, 0.25), (Tanh, 1.0)])
def test_behind_orthogonal_matrices_a_gradient_shrinks_by_the_slope_at_least(
    module, most
):
    rng = np.random.default_rng(4)
    weights = np.linalg.qr(rng.standard_normal((10, 8, 8)))[0]
    _, size = trace(module, weights, *rng.standard_normal((2, 6, 8)))
    assert (size[:-1] / size[1:] < most).all()


# ---- dead units ---------------------------------------------------------------------


def test_dead_units_hold_every_run_in_its_place():
    data = dead_units().data
    assert (data["samples"], data["lr"], data["steps"]) == (SAMPLES, RATES, STEPS)
    table = unpack(data["runs"])
    for (reduction, samples, lr), series in dead_units_runs().items():
        i = data["reductions"].index(reduction)
        found = table[i][SAMPLES.index(samples)][RATES.index(lr)]
        np.testing.assert_allclose(found, series, rtol=5.001e-4)


def test_dead_units_ask_for_the_run_that_is_missing():
    runs = dead_units_runs()
    del runs["mean", 16, 0.1]
    with pytest.raises(ValueError, match=r"got none for \('mean', 16, 0\.1\)"):
        DeadUnitsExplorer(runs, STEPS)


@pytest.mark.parametrize("which", [0, 1])
def test_dead_units_refuse_a_run_of_another_length(which):
    runs = dead_units_runs()
    run = list(runs["sum", 4, 0.3])
    run[which] = run[which][:-1]
    runs["sum", 4, 0.3] = tuple(run)
    with pytest.raises(
        ValueError, match=rf"expected {len(STEPS)} values.*got {len(STEPS) - 1} in .*4"
    ):
        DeadUnitsExplorer(runs, STEPS)


def test_dead_units_begin_with_the_last_run_or_the_one_that_is_asked_for():
    assert (dead_units().lr, dead_units().samples) == (1.0, 64)
    assert (dead_units(lr=0.01).lr, dead_units(lr=0.01).samples) == (0.01, 64)


# ---- scripts ------------------------------------------------------------------------


def modules():
    """Return the names of the modules that draw explorers."""
    names = {path.stem for path in scripts.FOLDER.glob("*.js")}
    return sorted(names - {scripts.SHARED, scripts.PAGE})


def node_check(path):
    """Return what Node has against a script, or nothing."""
    ran = subprocess.run(
        [node_binary(), "--check", path], capture_output=True, text=True, check=False
    )
    return ran.stderr if ran.returncode else ""


def test_every_explorer_has_its_script():
    assert set(modules()) == {*EXPLORERS, "question"}


def everything():
    """Return the script of a page that has every explorer."""
    return scripts.page_script(scripts.explorer_names())


def test_the_script_of_a_page_is_valid(tmp_path):
    (tmp_path / "page.js").write_text(everything(), "utf-8")
    assert not node_check(tmp_path / "page.js")


def test_node_finds_a_script_that_is_not_valid(tmp_path):
    (tmp_path / "page.js").write_text(everything() + "}", "utf-8")
    assert "SyntaxError" in node_check(tmp_path / "page.js")


def test_the_script_of_a_page_has_the_explorers_that_are_named():
    script = scripts.page_script(["activation", "question"])
    assert re.findall(r'^"(\w+)": \(\(\) => {$', script, re.MULTILINE) == [
        "activation",
        "question",
    ]
    assert len(script) < len(everything())


def test_the_script_of_a_page_is_without_comments_and_imports():
    lines = everything().splitlines()
    assert not [line for line in lines if line.startswith(("//", "/*", "*", " "))]
    assert not [line for line in lines if line.startswith(("import ", "export "))]
    assert not [line for line in lines if "</script" in line]


@pytest.mark.parametrize("name", modules())
def test_a_module_alone_is_valid_and_imports_nothing(name, tmp_path):
    text = scripts.module_script(name)
    (tmp_path / "module.mjs").write_text(text, "utf-8")
    assert not node_check(tmp_path / "module.mjs")
    assert not re.search(r"^import\b", text, re.MULTILINE)
    assert len(re.findall(r"^export\b", text, re.MULTILINE)) == 1


@pytest.mark.parametrize("name", modules())
def test_a_module_has_one_import_and_one_default_export(name):
    text = (scripts.FOLDER / f"{name}.js").read_text("utf-8")
    assert len(re.findall(r"^import\b", text, re.MULTILINE)) == 1
    assert scripts.IMPORT.search(text)
    exports = re.findall(r"^export\b.*$", text, re.MULTILINE)
    # What else than drawing a module does, tests have to reach.
    more = {"network": ", forward"}.get(name, "")
    assert exports == [f"export default {{ render{more} }};"]


@pytest.mark.parametrize(
    "text",
    ['import x from "y";\nexport default { x };\n', "const x = 1;\n"],
    ids=["another import", "no export"],
)
def test_a_module_of_another_form_is_refused_by_name(text, tmp_path, monkeypatch):
    for name in (scripts.SHARED, scripts.PAGE):
        source = (scripts.FOLDER / f"{name}.js").read_text("utf-8")
        (tmp_path / f"{name}.js").write_text(source, "utf-8")
    (tmp_path / "odd.js").write_text(text, "utf-8")
    monkeypatch.setattr(scripts, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"odd\.js: expected"):
        everything()


def test_the_style_sheet_has_a_rule_for_every_class_that_a_script_names():
    sheet = scripts.style_sheet(palette=False)
    script = everything()
    named = set(re.findall(r'class(?:=|: )"(nn-[\w-]+(?: nn-[\w-]+)*)"', script))
    assert "nn-frame" in named
    # The mark of what is shaded needs no rule: its colour is that of its function.
    needed = {word for names in named for word in names.split()} - {"nn-flat"}
    assert not {word for word in needed if f".{word}" not in sheet}


def test_every_colour_that_is_named_is_in_the_palette():
    sheet = scripts.style_sheet(palette=True)
    used = set(re.findall(r"var\((--nn-\w+)\)", sheet + everything()))
    assert "--nn-paper" in used
    assert not {name for name in used if f"{name}:" not in sheet}
    assert "--nn-paper:" not in scripts.style_sheet(palette=False)


def test_an_explorer_in_a_notebook_brings_its_script_and_the_palette():
    explorer = ActivationExplorer()
    assert explorer._esm == scripts.module_script("activation")
    assert explorer._css == scripts.style_sheet(palette=True)


def test_a_page_asks_for_nothing():
    markup = page_html(*[make() for make in EXPLORERS.values()])
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", markup)
