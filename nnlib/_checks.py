"""Checks at the library's boundary: each says what was expected and what came.

They stand in one place so that the code they guard stays as short as its
equations. A chapter's listing of that code leaves them out.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from nnlib._types import Array


def shape_text(shape: Iterable[int | str]) -> str:
    """A shape as people write it: ``(B, 784)``, and ``(B,)`` for one axis."""
    sizes = [str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def _kind(value: object) -> str:
    """What a value is, for a message: its shape if it has one, else its type."""
    if isinstance(value, np.ndarray):
        return f"{shape_text(value.shape)} of {value.dtype}"
    return type(value).__name__


def check_floats(owner: str, name: str, x: Any) -> None:
    """`x` is an array of floats."""
    if not isinstance(x, np.ndarray):
        raise TypeError(f"{owner} expected {name} as a NumPy array, got {_kind(x)}")
    if x.dtype.kind != "f":
        raise TypeError(
            f"{owner} expected {name} as floats, got {x.dtype}; "
            f"convert it with {name}.astype(np.float32)"
        )


def check_float_dtype(owner: str, dtype: Any) -> None:
    """`dtype` names a type of floats."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(
            f"{owner} expected dtype as a float dtype, got {np.dtype(dtype)}"
        )


def check_batch(owner: str, x: Any, weight: Array) -> None:
    """`x` is a batch ``(B, in_features)`` of the dtype of the layer's weight."""
    check_floats(owner, "x", x)
    features, dtype = weight.shape[0], weight.dtype
    if x.ndim != 2 or x.shape[1] != features:
        raise ValueError(
            f"{owner} expected x of shape (B, {features}), got {shape_text(x.shape)}"
        )
    if x.dtype != dtype:
        raise TypeError(
            f"{owner} expected x of {dtype}, the dtype of its weight, got {x.dtype}; "
            f"convert it with x.astype(np.{dtype}) "
            f"or make the layer with dtype=np.{x.dtype}"
        )


def check_upstream(
    owner: str, grad_output: Any, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> None:
    """`grad_output` has the shape and the dtype of what forward returned."""
    check_floats(owner, "grad_output", grad_output)
    if grad_output.shape != shape:
        raise ValueError(
            f"{owner} expected grad_output of shape {shape_text(shape)}, the shape of "
            f"its output, got {shape_text(grad_output.shape)}"
        )
    if grad_output.dtype != dtype:
        raise TypeError(
            f"{owner} expected grad_output of {dtype}, the dtype of its output, "
            f"got {grad_output.dtype}; convert it with grad_output.astype(np.{dtype})"
        )


def check_same_shape(owner: str, prediction: Any, target: Any) -> None:
    """`prediction` and `target` are floats of one shape and dtype, and not empty."""
    check_floats(owner, "prediction", prediction)
    check_floats(owner, "target", target)
    if prediction.shape != target.shape:
        raise ValueError(
            f"{owner} expected prediction and target of one shape, "
            f"got {shape_text(prediction.shape)} and {shape_text(target.shape)}"
        )
    if prediction.dtype != target.dtype:
        raise TypeError(
            f"{owner} expected prediction and target of one dtype, "
            f"got {prediction.dtype} and {target.dtype}; "
            f"convert the target with target.astype(np.{prediction.dtype})"
        )
    if prediction.size == 0:
        raise ValueError(f"{owner} expected at least one element, got none")


def check_between(
    owner: str, name: str, values: Array, low: float, high: float
) -> None:
    """Every value lies in ``[low, high]`` (a NaN does not)."""
    outside = ~((values >= low) & (values <= high))
    if outside.any():
        raise ValueError(
            f"{owner} expected {name} between {low} and {high}, "
            f"got {values[outside].flat[0]}"
        )


def check_labels(
    owner: str, labels: Any, samples: int, classes: int, name: str = "target"
) -> None:
    """`labels` are integers ``(samples,)`` from 0 to ``classes - 1``."""
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu":
        came = labels.dtype if isinstance(labels, np.ndarray) else _kind(labels)
        raise TypeError(f"{owner} expected {name} as integer labels, got {came}")
    if labels.shape != (samples,):
        raise ValueError(
            f"{owner} expected {name} of shape ({samples},), one label per sample, "
            f"got {shape_text(labels.shape)}"
        )
    if samples == 0:
        raise ValueError(f"{owner} expected at least one sample, got none")
    if labels.min() < 0 or labels.max() >= classes:
        wrong = labels[(labels < 0) | (labels >= classes)][0]
        raise ValueError(
            f"{owner} expected {name} from 0 to {classes - 1}, got {wrong}"
        )


def check_logits(owner: str, name: str, logits: Any) -> None:
    """`logits` are floats ``(B, K)``."""
    check_floats(owner, name, logits)
    if logits.ndim != 2 or logits.shape[1] == 0:
        raise ValueError(
            f"{owner} expected {name} of shape (B, K), got {shape_text(logits.shape)}"
        )


def check_count(owner: str, name: str, value: Any) -> None:
    """`value` is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{owner} expected {name} as an integer, got {_kind(value)}")
    if value < 1:
        raise ValueError(f"{owner} expected {name} of at least 1, got {value}")


def check_number(
    owner: str,
    name: str,
    value: Any,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
) -> None:
    """`value` is a finite real number within the bounds that are given."""
    if isinstance(value, bool) or not isinstance(
        value, int | float | np.integer | np.floating
    ):
        raise TypeError(f"{owner} expected {name} as a number, got {_kind(value)}")
    bounds = []
    if above is not None:
        bounds.append((value > above, f"above {above:g}"))
    if at_least is not None:
        bounds.append((value >= at_least, f"of at least {at_least:g}"))
    if below is not None:
        bounds.append((value < below, f"below {below:g}"))
    if not math.isfinite(value) or not all(holds for holds, _ in bounds):
        expected = " and ".join(text for _, text in bounds) or "that is finite"
        raise ValueError(f"{owner} expected {name} {expected}, got {value}")


def check_betas(owner: str, betas: Any) -> None:
    """`betas` are two numbers in [0, 1)."""
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise TypeError(f"{owner} expected betas as two numbers, got {betas!r}")
    for i, beta in enumerate(betas):
        check_number(owner, f"betas[{i}]", beta, at_least=0, below=1)


def check_rng(owner: str, rng: Any) -> None:
    """`rng` is a NumPy Generator, so that nothing touches the global state."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{owner} expected rng as a numpy Generator, such as "
            f"np.random.default_rng(0), got {_kind(rng)}"
        )
