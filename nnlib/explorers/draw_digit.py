"""Explorer: paper to draw a digit on, and a trained network that reads it at once."""

import re
from typing import Any

import numpy as np
import traitlets

from nnlib._types import Array
from nnlib.activations import ReLU
from nnlib.explorers.base import (
    Explorer,
    nearest,
    one_of,
    pack,
    pack_bytes,
    state,
)
from nnlib.layers import Linear
from nnlib.module import Module, Sequential

__all__ = ["DrawDigitExplorer", "as_carried"]

SIDE, DIGITS = 28, 10
#: A weight is written in signs for -45 to 45, a digit each in base 91. One sign is
#: enough for a weight of the first layer, where there are most; two for the others.
BASE, HALF = 91, 45
#: The sign of 0. Those of -29 and 12 would be "<" and a backslash, of which a page
#: and JSON have their own opinion; "!" and " " stand for them.
ZERO = 80
IN_PAGE = str.maketrans("<\\", "! ")
#: How much of a pixel's rounding error its neighbours take over.
CARRIED = 0.7
STROKES = re.compile(r"(([0-9a-f]{4})+(-([0-9a-f]{4})+)*)?")


class DrawDigitExplorer(Explorer):
    """A digit that the reader draws, and how a network reads it: every unit of it.

    The network travels with the page, which scales and centres the drawing as
    `nnlib.images.place_in_frame` does and computes the forward pass. Tests hold both
    against nnlib. The weights are rounded on the way; `as_carried` tells to what.

    Parameters
    ----------
    model : Sequential
        Linear, ReLU, Linear, ..., Linear, from 784 pixels to 10 logits.
    examples : (x, y), optional
        Images to begin with, shape (N, 784) from 0 for paper to 1 for ink, and their
        digits, shape (N,).
    example : str, optional
        Which of them lies on the paper: "none", or its number from "1".
    strokes : str, optional
        What is drawn: for each point its place from the left and from the top, from 0
        to 255 in two hexadecimal digits each, as ``bytes.hex`` writes them; a hyphen
        between two strokes.
    unit : int, optional
        Into which unit to look: 0 for none, 1 for unit 0 of the first hidden
        layer, and so on to the logit of digit 9; the nearest there is.

    Raises
    ------
    TypeError
        If `model` is no Sequential, or holds another module than Linear and ReLU.
    ValueError
        If `model` has other sizes or another order, weights that are not finite, or
        `examples` do not fit.

    Examples
    --------
    >>> from nnlib import mlp
    >>> model = mlp([784, 16, 10], rng=np.random.default_rng(0))
    >>> DrawDigitExplorer(model, strokes=bytes([128, 40, 120, 200]).hex())
    DrawDigitExplorer(example='none', strokes='802878c8', unit=0)
    """

    example = state(traitlets.Unicode("none"))
    strokes = state(traitlets.Unicode(""))
    unit = state(traitlets.Int(0))

    @traitlets.validate("example")
    def _is_there(self, proposal: Any) -> str:
        numbers = range(1, 1 + len(self.data["labels"]))
        return one_of("example", proposal["value"], ["none", *map(str, numbers)])

    @traitlets.validate("strokes")
    def _are_points(self, proposal: Any) -> str:
        if not STROKES.fullmatch(text := proposal["value"]):
            raise traitlets.TraitError(
                "strokes expected four hexadecimal digits for each point and a hyphen "
                f"between two strokes, got {text!r}"
            )
        return str(text)

    @traitlets.validate("unit")
    def _is_a_unit(self, proposal: Any) -> Any:
        units = sum(layer["shape"][1] for layer in self.data["network"])
        return nearest(proposal["value"], list(range(1 + units)))

    def __init__(
        self,
        model: Sequential,
        examples: tuple[Array, Array] | None = None,
        **kwargs: Any,
    ) -> None:
        if examples is None:
            examples = np.zeros((0, SIDE * SIDE)), np.zeros(0, dtype=int)
        x, y = (np.asarray(part) for part in examples)
        _check_examples(x, y)
        super().__init__(
            title="Draw a digit",
            alt="Paper to draw a digit on. Beside it the 28 by 28 pixels that the "
            "network is given and a bar for the probability of each digit; below, a "
            "square for every unit of the hidden layers, as large as its value.",
            data={
                "network": [_packed(linear) for linear in _linears(model)],
                "images": pack_bytes(np.round(255 * x)),
                "labels": y.tolist(),
            },
            **kwargs,
        )


def as_carried(model: Sequential) -> Sequential:
    """Return a network as `DrawDigitExplorer` carries it into a page.

    Each unit has a scale, and its weights are whole multiples of it: from -45 to 45 in
    the first layer, from -4140 to 4140 in the others. In the first layer what is lost
    of a pixel's weight is made up for by the pixels to the right and below. Images
    change little from pixel to pixel, so the errors nearly cancel, as those of a
    printer that has no grey but black and white (Floyd and Steinberg, "An adaptive
    algorithm for spatial greyscale", 1976). Scales and biases keep four digits.

    Parameters
    ----------
    model : Sequential
        As `DrawDigitExplorer` takes it; it is not changed.

    Returns
    -------
    Sequential
        Of float32, to be used and not to be trained on.

    Raises
    ------
    TypeError, ValueError
        As `DrawDigitExplorer` does.

    Examples
    --------
    >>> from nnlib import mlp
    >>> model = mlp([784, 16, 10], rng=np.random.default_rng(0))
    >>> x = np.full((1, 784), 0.1, dtype=np.float32)
    >>> float(np.abs(as_carried(model)(x) - model(x)).max()) < 0.01
    True
    """
    modules: list[Module] = []
    for linear in _linears(model):
        whole, scales = _rounded(linear)
        copy = Linear(*whole.shape, rng=np.random.default_rng(0))
        copy.weight.data[:] = whole * scales
        assert copy.bias is not None  # as Linear makes it
        copy.bias.data[:] = _four_digits(_bias(linear))
        modules += [copy, ReLU()]
    return Sequential(*modules[:-1])


def _rounded(linear: Linear) -> tuple[Array, Array]:
    """Return the weights in whole multiples of a scale, and the scale of each unit."""
    weight = linear.weight.data.astype(np.float64)
    signs = _signs(linear)
    most = (BASE**signs - 1) // 2
    largest = np.abs(weight).max(axis=0)
    scales = _four_digits(np.where(largest > 0, largest, 1) / most)
    if signs > 1:
        return np.rint(np.clip(weight / scales, -most, most)).astype(int), scales
    wanted = np.zeros((SIDE + 1, SIDE + 1, len(scales)))
    wanted[:-1, :-1] = (weight / scales).reshape(SIDE, SIDE, -1)
    whole = np.rint(np.clip(wanted, -most, most))
    for row, column in np.ndindex(SIDE, SIDE):
        whole[row, column] = np.rint(np.clip(wanted[row, column], -most, most))
        error = CARRIED * (wanted[row, column] - whole[row, column])
        wanted[row, column + 1] += error
        wanted[row + 1, column] += error
        # This neighbour would come by it twice, over each of the others.
        wanted[row + 1, column + 1] -= CARRIED * error
    return whole[:-1, :-1].reshape(weight.shape).astype(int), scales


def _packed(linear: Linear) -> dict[str, Any]:
    """Return a layer as the page takes it."""
    whole, scales = _rounded(linear)
    digits = []
    for _ in range(_signs(linear)):
        lower = (whole + HALF) % BASE - HALF
        digits.append(lower)
        whole = (whole - lower) // BASE
    signs = np.stack(digits[::-1], axis=-1) + ZERO
    text = signs.astype(np.uint8).tobytes().decode("ascii").translate(IN_PAGE)
    return {
        "shape": list(whole.shape),
        "weights": text,
        "scales": pack(scales),
        "bias": pack(_bias(linear)),
    }


def _signs(linear: Linear) -> int:
    """Return how many signs a weight of a layer takes."""
    return 1 if len(linear.weight.data) == SIDE * SIDE else 2


def _bias(linear: Linear) -> Array:
    shape = linear.weight.data.shape[1]
    return np.zeros(shape) if linear.bias is None else linear.bias.data


def _four_digits(numbers: Array) -> Array:
    """Return numbers as `pack` rounds them."""
    return np.array([float(f"{number:.3e}") for number in numbers])


def _linears(model: Sequential) -> list[Linear]:
    """Return the linear layers of a network, which has to be one of digits."""
    if not isinstance(model, Sequential):
        raise TypeError(f"expected model to be a Sequential, got {model!r}")
    for module in model:
        if not isinstance(module, Linear | ReLU):
            raise TypeError(f"expected model to hold Linear and ReLU, got {module!r}")
    linears = [module for module in model if isinstance(module, Linear)]
    in_turn = [type(m) for m in model] == ([Linear, ReLU] * len(linears))[:-1]
    if not in_turn:
        raise ValueError(f"expected model as Linear, ReLU, ..., Linear, got {model!r}")
    into, out = linears[0].weight.data.shape[0], linears[-1].weight.data.shape[1]
    if (into, out) != (SIDE * SIDE, DIGITS):
        raise ValueError(
            f"expected model from {SIDE * SIDE} pixels to {DIGITS} logits, "
            f"got one from {into} to {out}"
        )
    if not all(np.isfinite(p.data).all() for p in model.parameters()):
        raise ValueError("expected model with finite weights, got NaN or infinity")
    return linears


def _check_examples(x: Array, y: Array) -> None:
    if x.shape[1:] != (SIDE * SIDE,) or y.shape != x.shape[:1]:
        raise ValueError(
            f"expected examples of shapes (N, {SIDE * SIDE}) and (N,), "
            f"got {x.shape} and {y.shape}"
        )
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise ValueError(
            f"expected examples with shades in [0, 1], got [{x.min()}, {x.max()}]"
        )
