"""Where training starts: random weights whose scale keeps signals alive.

A layer multiplies the variance of its input by ``fan_in * Var(weight)``, so the
variance of the weights is chosen as a gain squared over the fan. Every function
takes the shape of a weight: ``(in_features, out_features)`` of a linear layer or
``(out_channels, in_channels, k, k)`` of a convolution.
"""

import math
from typing import Any

import numpy as np

from nnlib._checks import check_float_dtype, check_rng, shape_text
from nnlib._types import Array

__all__ = [
    "box_muller",
    "fans",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs feed one output, and how many outputs one input feeds.

    Parameters
    ----------
    shape : tuple of int
        ``(in_features, out_features)`` or ``(out_channels, in_channels, k, k)``.

    Returns
    -------
    (fan_in, fan_out)

    Raises
    ------
    ValueError
        If the shape is of another length, or has a size below 1.

    Examples
    --------
    >>> fans((784, 128))
    (784, 128)
    >>> fans((16, 8, 5, 5))
    (200, 400)
    """
    _check_shape(shape)
    if len(shape) == 2:
        return shape[0], shape[1]
    out_channels, in_channels, height, width = shape
    return in_channels * height * width, out_channels * height * width


def zeros(shape: tuple[int, ...], *, dtype: Any = np.float32) -> Array:
    """All zeros: right for a bias; a weight of zeros never learns to differ.

    Examples
    --------
    >>> zeros((3,))
    array([0., 0., 0.], dtype=float32)
    """
    check_float_dtype("init", dtype)
    return np.zeros(shape, dtype)


def he_normal(
    shape: tuple[int, ...], *, rng: np.random.Generator, dtype: Any = np.float32
) -> Array:
    """Normal with variance 2 / fan_in, which ReLU layers keep.

    ReLU zeroes half of its input, hence the 2. Source: He et al. (2015),
    "Delving Deep into Rectifiers".

    Examples
    --------
    >>> w = he_normal((800, 500), rng=np.random.default_rng(0))
    >>> bool(abs(w.std() - (2 / 800) ** 0.5) < 1e-4)
    True
    """
    fan_in, _ = fans(shape)
    return _normal(shape, math.sqrt(2 / fan_in), rng, dtype)


def he_uniform(
    shape: tuple[int, ...], *, rng: np.random.Generator, dtype: Any = np.float32
) -> Array:
    """Uniform with variance 2 / fan_in, which ReLU layers keep.

    Source: He et al. (2015), "Delving Deep into Rectifiers".

    Examples
    --------
    >>> w = he_uniform((600, 4), rng=np.random.default_rng(0))
    >>> bool(abs(w).max() <= 0.1)
    True
    """
    fan_in, _ = fans(shape)
    return _uniform(shape, math.sqrt(6 / fan_in), rng, dtype)


def xavier_normal(
    shape: tuple[int, ...], *, rng: np.random.Generator, dtype: Any = np.float32
) -> Array:
    """Normal with variance 2 / (fan_in + fan_out).

    A compromise between keeping the variance of the signal and that of the
    gradient, for activations with slope 1 at 0, such as tanh. Source: Glorot and
    Bengio (2010), "Understanding the difficulty of training deep feedforward
    neural networks".

    Examples
    --------
    >>> w = xavier_normal((300, 500), rng=np.random.default_rng(0))
    >>> bool(abs(w.std() - 0.05) < 1e-3)
    True
    """
    return _normal(shape, math.sqrt(2 / sum(fans(shape))), rng, dtype)


def xavier_uniform(
    shape: tuple[int, ...], *, rng: np.random.Generator, dtype: Any = np.float32
) -> Array:
    """Uniform with variance 2 / (fan_in + fan_out).

    Source: Glorot and Bengio (2010), "Understanding the difficulty of training
    deep feedforward neural networks".

    Examples
    --------
    >>> w = xavier_uniform((2, 4), rng=np.random.default_rng(0))
    >>> bool(abs(w).max() <= 1.0)
    True
    """
    return _uniform(shape, math.sqrt(6 / sum(fans(shape))), rng, dtype)


def lecun_normal(
    shape: tuple[int, ...], *, rng: np.random.Generator, dtype: Any = np.float32
) -> Array:
    """Normal with variance 1 / fan_in, which a linear layer keeps.

    Source: LeCun et al. (1998), "Efficient BackProp".

    Examples
    --------
    >>> w = lecun_normal((400, 500), rng=np.random.default_rng(0))
    >>> bool(abs(w.std() - 0.05) < 1e-3)
    True
    """
    fan_in, _ = fans(shape)
    return _normal(shape, math.sqrt(1 / fan_in), rng, dtype)


def box_muller(shape: tuple[int, ...], *, rng: np.random.Generator) -> Array:
    """Standard normal numbers made from uniform ones.

    Two independent uniforms give a radius and an angle, and those two independent
    normals. The generator draws from [0, 1), so ``1 - u`` is used: the logarithm
    of 0 would be infinite. Source: Box and Muller (1958), "A Note on the Generation
    of Random Normal Deviates".

    Parameters
    ----------
    shape : tuple of int
    rng : numpy Generator

    Returns
    -------
    array of float64 of that shape

    Examples
    --------
    >>> z = box_muller((100_000,), rng=np.random.default_rng(0))
    >>> bool(abs(z.mean()) < 0.01 and abs(z.std() - 1) < 0.01)
    True
    """
    check_rng("box_muller", rng)
    n = math.prod(shape)
    pairs = (n + 1) // 2
    radius = np.sqrt(-2 * np.log(1 - rng.random(pairs)))
    angle = 2 * np.pi * rng.random(pairs)
    z = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
    return z[:n].reshape(shape)


def _normal(
    shape: tuple[int, ...], std: float, rng: np.random.Generator, dtype: Any
) -> Array:
    check_rng("init", rng)
    check_float_dtype("init", dtype)
    return (std * rng.standard_normal(shape)).astype(dtype)


def _uniform(
    shape: tuple[int, ...], limit: float, rng: np.random.Generator, dtype: Any
) -> Array:
    check_rng("init", rng)
    check_float_dtype("init", dtype)
    return rng.uniform(-limit, limit, shape).astype(dtype)


def _check_shape(shape: tuple[int, ...]) -> None:
    """`shape` is that of a weight with fans, of a linear layer or a convolution."""
    if len(shape) not in (2, 4) or min(shape) < 1:
        raise ValueError(
            "init expected a shape (in_features, out_features) or (out_channels, "
            f"in_channels, k, k) with sizes of at least 1, got {shape_text(shape)}"
        )
