"""One explorer of each kind, pages that hold some, and numbers as they print them."""

import base64
import functools
import math
import os
from contextlib import contextmanager

import numpy as np

from nnlib.data import load_digits, spirals
from nnlib.exercises._bank import Question
from nnlib.explorers.activation import FUNCTIONS, ActivationExplorer
from nnlib.explorers.backprop_graph import BackpropGraphExplorer
from nnlib.explorers.batch_noise import BatchNoiseExplorer
from nnlib.explorers.batch_shapes import BatchShapesExplorer
from nnlib.explorers.boundary import BoundaryExplorer, record
from nnlib.explorers.box_muller_map import BoxMullerMapExplorer
from nnlib.explorers.cache_lines import CacheLinesExplorer
from nnlib.explorers.confusion import ConfusionExplorer
from nnlib.explorers.dead_units import DeadUnitsExplorer
from nnlib.explorers.depth_and_gain import DepthAndGainExplorer
from nnlib.explorers.draw_digit import DrawDigitExplorer
from nnlib.explorers.first_layer import FirstLayerExplorer
from nnlib.explorers.first_layer import record as record_first_layer
from nnlib.explorers.flat_index import FlatIndexExplorer
from nnlib.explorers.ladder import LadderExplorer
from nnlib.explorers.layer_histograms import LayerHistogramsExplorer
from nnlib.explorers.logit_gap import LogitGapExplorer
from nnlib.explorers.loss import LossExplorer
from nnlib.explorers.matmul_steps import MatmulStepsExplorer
from nnlib.explorers.network import NetworkExplorer
from nnlib.explorers.outlier import OutlierExplorer
from nnlib.explorers.roofline import Kernel, RooflineExplorer
from nnlib.explorers.scripts import explorer_names, page_script, style_sheet
from nnlib.explorers.shapes import ShapesExplorer
from nnlib.explorers.stability import StabilityExplorer
from nnlib.explorers.step_size import StepSizeExplorer
from nnlib.explorers.trajectories import TrajectoriesExplorer
from nnlib.layers import mlp
from nnlib.losses import CrossEntropyLoss
from nnlib.optim import SGD, Adam, CosineLR

STEPS = list(range(0, 201, 5))
RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
SAMPLES = [1, 4, 16, 64]

NUMBER = Question(
    id="a/number",
    text="How steep is σ at most? Give `max`.",
    answer=0.25,
    why="s(1 - s) is largest at `s = 1/2`.",
    wrong={0.5: "That is σ(0).", 1: "That is tanh & <more>."},
    computed=lambda: 0.25,
    otherwise="Look where `s(1 - s)` is largest.",
)
COUNT = Question(
    id="a/count",
    text="How many parameters?",
    answer=109_386,
    why="Weights and biases.",
    wrong={109_184: "The biases are missing."},
    computed=lambda: 109_386,
    otherwise="Count layer by layer.",
)
SHAPE = Question(
    id="a/shape",
    text="The shape of the logits of 64 digits?",
    answer=(64, 10),
    why="A row for each digit.",
    wrong={(10,): "Of one digit.", (10, 64): "Transposed."},
    computed=lambda: (64, 10),
    otherwise="One row for each digit.",
)
CHOICE = Question(
    id="a/choice",
    text="Is it dead?",
    answer="No",
    choices=["Yes", "No", "`x > 0`"],
    why="One sample is enough.",
    wrong={"Yes": "It lives for one.", "`x > 0`": "That is no answer."},
    computed=lambda: "No",
)
QUESTIONS = {"number": NUMBER, "count": COUNT, "shape": SHAPE, "choice": CHOICE}


def dead_units_runs():
    """Return runs that die the faster, the larger the rate and the summed batch."""

    def run(reduction, samples, lr):
        push = lr * (samples if reduction == "sum" else 1)
        loss = [2.302585 * math.exp(-step * lr / 20) + push / 9 for step in STEPS]
        dead = [min(1.0, push * step / 641) for step in STEPS]
        return loss, dead

    return {
        (reduction, samples, lr): run(reduction, samples, lr)
        for reduction in ("sum", "mean")
        for samples in SAMPLES
        for lr in RATES
    }


def activation(**state):
    return ActivationExplorer(**state)


def every_activation(**state):
    return ActivationExplorer(functions=list(FUNCTIONS), **state)


@functools.cache
def depth_and_gain():
    """Return an explorer that takes a second or two to make; do not change it."""
    return DepthAndGainExplorer(rng=np.random.default_rng(0))


@functools.cache
def layer_histograms():
    """Return an explorer that takes a moment to make; do not change it."""
    return LayerHistogramsExplorer(rng=np.random.default_rng(0))


def box_muller_map(**state):
    return BoxMullerMapExplorer(rng=np.random.default_rng(0), **state)


@functools.cache
def drawn():
    """Return what the generator of `depth_and_gain` gives: x, weights, upstream."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 64))
    weights = rng.standard_normal((30, 64, 64)) / 8
    return x, weights, rng.standard_normal((64, 64))


def dead_units(**state):
    return DeadUnitsExplorer(dead_units_runs(), STEPS, **state)


#: X and W₁ of the network on paper.
LEFT = [[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [2.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
RIGHT = [[1.0, -1.0], [0.0, 2.0], [-2.0, 1.0]]


def matmul_steps(**state):
    return MatmulStepsExplorer(LEFT, RIGHT, **state)


def classifier(seed, classes=3):
    """Return a small network for points in the plane."""
    return mlp([2, 8, classes], rng=np.random.default_rng(seed))


@functools.cache
def recordings():
    """Return two trainings on spirals: one fast, one slow and on few points."""

    def run(points, lr, epochs):
        model, rng = classifier(0), np.random.default_rng(1)
        train = spirals(points, 3, 0.05, rng=rng)
        validation = spirals(60, 3, 0.05, rng=rng)
        optimizer = Adam(model.parameters(), lr=lr)
        return record(
            model, CrossEntropyLoss(), optimizer, train, validation,
            epochs=epochs, batch_size=16, rng=rng, cells=24,
        )  # fmt: skip

    return {
        "fast": run(90, 0.03, [0, 1, 2, 3, 5, 8, 12, 16, 20, 24]),
        "slow, <few>": run(30, 0.001, [0, 4, 8, 16, 32]),
    }


def boundary(**state):
    return BoundaryExplorer(recordings(), **state)


def noisy():
    """Return what a batch noise explorer takes: two networks, a loss, data."""
    data = spirals(1200, 3, 0.1, rng=np.random.default_rng(0))
    models = {"one": classifier(1), "another": classifier(2)}
    return {"models": models, "criterion": CrossEntropyLoss(), "data": data}


def batch_noise(**state):
    return BatchNoiseExplorer(**noisy(), rng=np.random.default_rng(3), **state)


@functools.cache
def read_digits():
    """Return logits of scikit-learn's digits, their labels, and the images.

    The nearest mean image is the more probable the nearer it is.
    """
    (x, y), (images, target) = load_digits()
    means = np.stack([x[y == digit].mean(axis=0) for digit in range(10)])
    logits = -((images[:, None] - means) ** 2).sum(axis=2) / 8
    return logits, target, images


def confusion(**state):
    # Left of and above this cell is another one with pictures to step through.
    return ConfusionExplorer(*read_digits(), **{"true": 2, "taken_for": 2} | state)


#: When `first_layer` takes its frames.
MOMENTS = [0, 0.25, 1, 3]


def reader_of_digits():
    """Return what trains a small network on digits: it, its optimiser, its schedule."""
    rng = np.random.default_rng(0)
    model = mlp([784, 12, 10], rng=rng)
    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)
    return model, optimizer, CosineLR(optimizer, 3), rng


@functools.cache
def recorded_layer():
    """Return the first layer of a small network that learns to read digits."""
    model, optimizer, schedule, rng = reader_of_digits()
    return record_first_layer(
        model, CrossEntropyLoss(), optimizer, load_digits()[0],
        epochs=MOMENTS, batch_size=64, rng=rng, schedule=schedule,
    )  # fmt: skip


UNITS = [7, 2, 11, 0, 5]


def first_layer(**state):
    return FirstLayerExplorer(recorded_layer(), load_digits()[0], UNITS, **state)


def reader_and_digits():
    """Return a small untrained network, and three of the digits at hand."""
    rng = np.random.default_rng(0)
    (x, y), _ = load_digits()
    x = np.round(255 * x[:3]) / 255  # what a byte can hold of it
    return mlp([784, 32, 16, 10], rng=rng), (x.astype(np.float32), y[:3])


def draw_digit(**state):
    return DrawDigitExplorer(*reader_and_digits(), **state)


#: A machine that nobody has: FLOP/s by type of number, and bytes/s.
PEAK, BANDWIDTH = {"float32": 8e10, "float64": 4e10}, 1e10


def kernels():
    """Return measurements that were never made, some above the roof, some far below."""

    def of(operation, size, flops, numbers, symbol="n"):
        for dtype, peak in PEAK.items():
            moved = numbers * np.dtype(dtype).itemsize
            time = max(flops / peak, moved / (1.7 * BANDWIDTH)) * 1.15 + 1.3e-6
            yield Kernel(operation, size, dtype, flops, moved, time, symbol)

    found = []
    for n in (2**10, 2**13, 2**16, 2**19, 2**22):
        found += of("a + b", n, n, 3 * n)
        found += of("sum of a", n, n, n)
    for n in (64, 256, 1024, 4096):
        found += of("matrix times vector", n, 2 * n**2, n**2 + 2 * n)
    for n in (16, 64, 256, 1024):
        found += of("square product", n, 2 * n**3, 3 * n**2)
    for b in (1, 4, 16, 64, 256, 1024):
        numbers = b * 784 + 784 * 128 + b * 128
        found += of("layer 784 to 128", b, 2 * b * 784 * 128, numbers, "B")
    return found


def roofline(**state):
    return RooflineExplorer(kernels(), peak=PEAK, bandwidth=BANDWIDTH, **state)


BATCHES_OF_LADDER = [1, 4, 16, 64, 256]
FLOPS_OF_LADDER = [2 * b * 784 * 128 for b in BATCHES_OF_LADDER]
#: FLOP/s of each rung, and the largest batch that it was patient enough for.
RUNGS = {
    "Python lists": (1.5e7, 16),
    "NumPy, row by row": (9e8, 256),
    "C++ -O0": (4.5e8, 64),
    "C++ -O2": (6e9, 256),
    "C++ -O3 <fast>": (2.1e10, 256),
    "not compiled": (1e9, 0),
    "NumPy float64": (3.6e10, 256),
    "NumPy float32": (7.3e10, 256),
}


def ladder_seconds():
    """Return times of rungs that nobody climbed, with gaps."""
    sizes = list(zip(BATCHES_OF_LADDER, FLOPS_OF_LADDER, strict=True))
    return {
        name: [flops / rate + 1e-6 if b <= most else np.nan for b, flops in sizes]
        for name, (rate, most) in RUNGS.items()
    }


def ladder(**state):
    return LadderExplorer(
        ladder_seconds(), BATCHES_OF_LADDER, FLOPS_OF_LADDER, peak=8e10, **state
    )


EXPLORERS = {
    "activation": activation,
    "depth_and_gain": depth_and_gain,
    "dead_units": dead_units,
    "layer_histograms": layer_histograms,
    "box_muller_map": box_muller_map,
    "shapes": ShapesExplorer,
    "flat_index": FlatIndexExplorer,
    "matmul_steps": matmul_steps,
    "cache_lines": CacheLinesExplorer,
    "network": NetworkExplorer,
    "batch_shapes": BatchShapesExplorer,
    "backprop_graph": BackpropGraphExplorer,
    "step_size": StepSizeExplorer,
    "loss": LossExplorer,
    "logit_gap": LogitGapExplorer,
    "outlier": OutlierExplorer,
    "stability": StabilityExplorer,
    "trajectories": TrajectoriesExplorer,
    "boundary": boundary,
    "batch_noise": batch_noise,
    "confusion": confusion,
    "first_layer": first_layer,
    "draw_digit": draw_digit,
    "roofline": roofline,
    "ladder": ladder,
}


@contextmanager
def in_the_book():
    """Let explorers show themselves as they do while the book builds."""
    before = os.environ.get("NNLIB_BOOK")
    os.environ["NNLIB_BOOK"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["NNLIB_BOOK"]
        else:
            os.environ["NNLIB_BOOK"] = before


def placeholder(explorer):
    """Return the HTML that an explorer leaves in a page of the book."""
    with in_the_book():
        data, _ = explorer._repr_mimebundle_()
    return data["text/html"]


def page_html(*explorers, scheme="light", before="", after=""):
    """Return a small page with these explorers, in the book's font and margins."""
    body = "".join(placeholder(explorer) for explorer in explorers)
    return (
        f'<!doctype html><html lang="en" data-theme="{scheme}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<title>Explorers</title><link rel="icon" href="data:,"><style>'
        "body{background:var(--nn-paper);font-family:system-ui,sans-serif;margin:16px}"
        f"{style_sheet(palette=True)}</style></head><body><main>"
        f'<h1 id="top" style="color:var(--nn-ink)">Explorers</h1>{before}{body}</main>'
        f"<script>{page_script(explorer_names())}</script>{after}</body></html>"
    )


def unpack(packed):
    """Undo `pack`, independently of the script that does it in a page."""
    upper = np.frombuffer(base64.b64decode(packed["float24"]), np.uint8).reshape(-1, 3)
    data = np.pad(upper, ((0, 0), (1, 0))).view("<f4")
    digits = np.array([float(f"{value:.3e}") for value in data.flat])
    return digits.reshape(packed["shape"])


def printed(value):
    """Return a number as explorers print it: four digits, and a true minus sign."""
    value = float(f"{value:.3e}")
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e4:
        text = f"{value:#.4g}".rstrip(".")
    else:
        digits, exponent = f"{value:.3e}".split("e")
        text = f"{digits}e{int(exponent)}"
    return text.replace("-", "−")


def decimals(value, count):
    """Return a number with so many decimals, and a true minus sign."""
    text = f"{value:.{count}f}"
    return text.removeprefix("-" if float(text) == 0 else "").replace("-", "−")


def percent(share):
    """Return a share as a whole percentage."""
    return f"{100 * share:.0f}%"
