"""The one oracle: a gradient is right when nudging the input confirms it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnlib._checks import check_floats, check_number, check_rng, shape_text
from nnlib._types import Array
from nnlib.losses import Loss
from nnlib.module import Module, Parameter

__all__ = ["GradientReport", "check_gradients", "numerical_gradient"]


def numerical_gradient(f: Callable[[Array], float], x: Array, h: float = 1e-5) -> Array:
    """The gradient of a function by central differences, one element at a time.

    Parameters
    ----------
    f : callable
        Takes an array like `x`, returns a float.
    x : array of float64, any shape
        Where to take the gradient; it is not changed.
    h : float
        The nudge, in units of `x`. The error is of order h² from the curve's bend and
        of order 1e-16 / h from rounding: least for h near 1e-5.

    Returns
    -------
    array of float64, the shape of `x`

    Raises
    ------
    TypeError
        If `x` is not float64: rounding would drown the difference.
    ValueError
        If `h` is not above 0.

    Examples
    --------
    >>> x = np.array([1.0, -3.0])
    >>> numerical_gradient(lambda x: float(np.sum(x**2)), x).round(6)
    array([ 2., -6.])
    """
    check_float64("numerical_gradient", "x", x)
    check_number("numerical_gradient", "h", h, above=0)
    grad = np.empty_like(x)
    x = x.copy()
    for i in np.ndindex(x.shape):
        here = x[i]
        x[i] = here + h
        above = f(x)
        x[i] = here - h
        below = f(x)
        x[i] = here
        grad[i] = (above - below) / (2 * h)
    return grad


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` found: it prints as a table and is true if all agree.

    Attributes
    ----------
    errors : dict of str to float
        By name, the relative error: the norm of the difference between backward's
        gradient and the numerical one, over the sum of their norms. It lies between
        0 (the same) and 1 (opposite, or one of them zero); infinite if backward's
        gradient has another shape or is not finite.
    shapes : dict of str to shape
        By name, the shape of the gradient.
    tolerance : float
        The largest relative error that counts as agreement.
    """

    errors: dict[str, float]
    shapes: dict[str, tuple[int, ...]]
    tolerance: float

    def __bool__(self) -> bool:
        return all(error <= self.tolerance for error in self.errors.values())

    def __str__(self) -> str:
        rows = [("gradient of", "shape", "relative error", "")]
        for name, error in self.errors.items():
            verdict = "agrees" if error <= self.tolerance else "DISAGREES"
            rows.append((name, shape_text(self.shapes[name]), f"{error:.1e}", verdict))
        wide, wider, widest = (max(len(row[i]) for row in rows) for i in range(3))
        lines = [
            f"{a:<{wide}}  {b:<{wider}}  {c:>{widest}}  {d}" for a, b, c, d in rows
        ]
        return "\n".join(line.rstrip() for line in lines)

    __repr__ = __str__


def check_gradients(
    module_or_loss: Module | Loss,
    x: Array,
    target: Array | None = None,
    *,
    rng: np.random.Generator,
    h: float = 1e-5,
    tolerance: float = 1e-6,
) -> GradientReport:
    """Hold a backward against central differences.

    A module is checked through the number L = sum(module(x) * G), with a random
    upstream gradient G: an upstream of ones would miss a backward that loses or
    averages its upstream. A loss is a number already.

    Parameters
    ----------
    module_or_loss : Module or Loss
        With parameters of float64, if it has any.
    x : array of float64
        The input of the module, or the prediction given to the loss. Keep it away
        from kinks, such as ReLU's at 0, by more than `h`.
    target : array, for a loss only
        The target given to the loss.
    rng : numpy Generator
        Draws G.
    h : float
        The nudge, in units of `x` and of the parameters.
    tolerance : float
        The largest relative error that counts as agreement.

    Returns
    -------
    GradientReport
        One row for the input and one for every parameter.

    Raises
    ------
    TypeError, ValueError
        If `x` is not float64, or `target` is missing for a loss or given for a module.

    Examples
    --------
    >>> from nnlib import Linear
    >>> rng = np.random.default_rng(0)
    >>> layer = Linear(3, 2, rng=rng, dtype=np.float64)
    >>> report = check_gradients(layer, rng.normal(size=(4, 3)), rng=rng)
    >>> bool(report)
    True
    >>> sorted(report.shapes.items())
    [('bias', (2,)), ('input', (4, 3)), ('weight', (3, 2))]
    """
    check_float64("check_gradients", "x", x)
    check_rng("check_gradients", rng)
    parameters: dict[str, Parameter] = {}
    if isinstance(module_or_loss, Loss):
        if target is None:
            raise ValueError("check_gradients expected a target beside the prediction")
        loss = module_or_loss

        def loss_at(x: Array) -> float:
            return loss(x, target)

        loss_at(x)
        gradients = {"input": loss.backward()}
    else:
        if target is not None:
            raise ValueError("check_gradients expected no target for a module, got one")
        _check_module(module_or_loss)
        module = module_or_loss
        parameters = dict(module.named_parameters())
        for name, parameter in parameters.items():
            check_float64("check_gradients", name, parameter.data)
        upstream = rng.standard_normal(module(x).shape)

        def loss_at(x: Array) -> float:
            return float(np.sum(module(x) * upstream))

        loss_at(x)
        gradients = {"input": module.backward(upstream)}
        gradients |= {name: p.grad.copy() for name, p in parameters.items()}

    expected = {"input": numerical_gradient(loss_at, x, h)}
    for name, parameter in parameters.items():
        expected[name] = _parameter_gradient(parameter, lambda: loss_at(x), h)
    return GradientReport(
        errors={n: _relative_error(gradients[n], expected[n]) for n in expected},
        shapes={n: expected[n].shape for n in expected},
        tolerance=tolerance,
    )


def _parameter_gradient(
    parameter: Parameter, loss: Callable[[], float], h: float
) -> Array:
    """The numerical gradient with respect to a parameter, which is left as it was."""
    before = parameter.data.copy()

    def loss_with(values: Array) -> float:
        parameter.data[...] = values
        return loss()

    try:
        return numerical_gradient(loss_with, before, h)
    finally:
        parameter.data[...] = before


def _relative_error(found: Array, expected: Array) -> float:
    if found.shape != expected.shape or not np.isfinite(found).all():
        return math.inf
    scale = np.linalg.norm(found) + np.linalg.norm(expected)
    return 0.0 if scale == 0 else float(np.linalg.norm(found - expected) / scale)


def _check_module(module: object) -> None:
    if not isinstance(module, Module):
        raise TypeError(
            f"check_gradients expected a module or a loss, got {type(module).__name__}"
        )


def check_float64(owner: str, name: str, x: Array) -> None:
    """`x` is an array of float64."""
    check_floats(owner, name, x)
    if x.dtype != np.float64:
        raise TypeError(
            f"{owner} expected {name} of float64, since rounding drowns a central "
            f"difference in {x.dtype}, got {x.dtype}"
        )
