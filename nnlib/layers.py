"""The layer that learns, and the network that is a stack of them."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nnlib import init
from nnlib._checks import check_batch, check_count, check_rng, check_upstream
from nnlib._types import Array
from nnlib.activations import ReLU
from nnlib.module import Module, Parameter, Sequential

__all__ = ["Linear", "mlp"]


class Linear(Module):
    """A linear layer, y = x W + b.

    Parameters
    ----------
    in_features, out_features : int
        M and N, the width of the input and of the output.
    rng : numpy Generator
        Draws the weight: normal with variance 2 / M (He), as ReLU layers need.
    bias : bool
        Whether there is a bias; it starts at zero.
    dtype : float dtype
        Of the parameters, and so of the input and the output.

    Attributes
    ----------
    weight : Parameter, shape (M, N)
        PyTorch keeps the transpose, (N, M).
    bias : Parameter, shape (N,), or None

    Raises
    ------
    ValueError, TypeError
        Where a size is no whole number of at least 1; at a call, where `x` is not
        of shape (B, M) and of the layer's dtype.

    Examples
    --------
    >>> layer = Linear(3, 2, rng=np.random.default_rng(0))
    >>> layer(np.ones((5, 3), dtype=np.float32)).shape
    (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        rng: np.random.Generator,
        bias: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        check_count("Linear", "in_features", in_features)
        check_count("Linear", "out_features", out_features)
        weight = init.he_normal((in_features, out_features), rng=rng, dtype=dtype)
        self.weight = Parameter(weight)
        self.bias = (
            Parameter(init.zeros((out_features,), dtype=dtype)) if bias else None
        )

    def forward(self, x: Array) -> Array:
        """Y = X W + b: (B, M) to (B, N)."""
        check_batch("Linear", x, self.weight.data)
        self._cache = x
        y = x @ self.weight.data
        if self.bias is not None:
            y += self.bias.data
        return y

    def backward(self, grad_output: Array) -> Array:
        """dX = G Wᵀ, and what `backward_parameters` gives."""
        self.backward_parameters(grad_output)
        return grad_output @ self.weight.data.T

    def backward_parameters(self, grad_output: Array) -> None:
        """dW = Xᵀ G and db = the sum of the rows of G."""
        x = self._cached()
        shape = len(x), self.weight.data.shape[1]
        check_upstream("Linear", grad_output, shape, x.dtype)
        self.weight.grad = x.T @ grad_output
        if self.bias is not None:
            self.bias.grad = grad_output.sum(axis=0)

    def __repr__(self) -> str:
        in_features, out_features = self.weight.data.shape
        without = "" if self.bias is not None else ", bias=False"
        return f"Linear({in_features}, {out_features}{without})"


def mlp(
    sizes: Sequence[int],
    activation: Callable[[], Module] = ReLU,
    *,
    rng: np.random.Generator,
    dtype: Any = np.float32,
) -> Sequential:
    """A multilayer perceptron: linear layers with an activation between them.

    Parameters
    ----------
    sizes : sequence of int
        The width of the input, of every hidden layer and of the output.
    activation : callable that makes a Module, ReLU by default
        Called once between each two linear layers; none follows the last, which
        gives logits.
    rng : numpy Generator
        Draws the weights, in order.
    dtype : float dtype
        Of every parameter.

    Returns
    -------
    Sequential

    Raises
    ------
    ValueError, TypeError
        If fewer than two sizes are given, or a module in place of what makes one.

    Examples
    --------
    >>> net = mlp([784, 128, 64, 10], rng=np.random.default_rng(0))
    >>> sum(p.data.size for p in net.parameters())
    109386
    """
    _check_mlp(sizes, activation, rng)
    modules: list[Module] = []
    for in_features, out_features in pairwise(sizes):
        modules += [Linear(in_features, out_features, rng=rng, dtype=dtype)]
        modules += [activation()]
    return Sequential(*modules[:-1])


def _check_mlp(sizes: Sequence[int], activation: object, rng: object) -> None:
    check_rng("mlp", rng)
    if len(sizes) < 2:
        raise ValueError(f"mlp expected at least two sizes, got {list(sizes)}")
    if isinstance(activation, Module) or not callable(activation):
        raise TypeError(
            "mlp expected activation as what makes a module, such as the class ReLU, "
            f"got {activation!r}"
        )
