"""What a network costs, counted and not timed."""

from collections.abc import Iterator
from dataclasses import dataclass

from nnlib._checks import check_count
from nnlib.activations import (
    ELU,
    GELU,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from nnlib.layers import Linear
from nnlib.module import Module, Sequential

__all__ = ["Cost", "LayerCost", "flops"]

ACTIVATIONS = (ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Tanh)


@dataclass(frozen=True)
class LayerCost:
    """What one layer takes for a batch, in FLOPs: additions and multiplications.

    Attributes
    ----------
    name : str
        The place in the network, such as ``"0"``, and ``""`` for a model that is one
        layer.
    layer : str
        What stands there, such as ``"Linear(784, 128)"``.
    parameters : int
        How many numbers it learns.
    forward, backward : int
        FLOPs of each. Backward is what training needs: the gradient with respect to
        the network's input is not in it.
    """

    name: str
    layer: str
    parameters: int
    forward: int
    backward: int


@dataclass(frozen=True)
class Cost:
    """What a network takes for a batch; prints as a table.

    Attributes
    ----------
    batch_size : int
        B, the samples of the batch.
    layers : tuple of LayerCost
        In the order of forward.
    """

    batch_size: int
    layers: tuple[LayerCost, ...]

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def forward(self) -> int:
        """FLOPs of a forward."""
        return sum(layer.forward for layer in self.layers)

    @property
    def backward(self) -> int:
        """FLOPs of a backward as far as the parameters."""
        return sum(layer.backward for layer in self.layers)

    @property
    def step(self) -> int:
        """FLOPs of both, which is a training step but for its loss and its update."""
        return self.forward + self.backward

    def __str__(self) -> str:
        total = LayerCost("", "all", self.parameters, self.forward, self.backward)
        rows = [
            ["", f"batch of {self.batch_size}", "parameters", "forward", "backward"]
        ]
        for row in (*self.layers, total):
            numbers = row.parameters, row.forward, row.backward
            rows.append([row.name, row.layer, *(f"{number:,}" for number in numbers)])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  "
            f"{row[3]:>{widths[3]}}  {row[4]:>{widths[4]}}"
            for row in rows
        )

    __repr__ = __str__


def flops(model: Module, batch_size: int) -> Cost:
    """Count the FLOPs of a batch, forward and backward, from the shapes alone.

    Each addition and each multiplication counts as one, and a sum begins at 0. So a
    linear layer from M to N takes 2BMN for its product and BN for its bias, forward;
    and backward 2BMN for dW, BN for db, and 2BMN for dX, except in the first layer
    that learns, where training needs no dX. By convention an activation takes one
    FLOP for each number, forward and again backward, whatever its function.

    Parameters
    ----------
    model : Module
        A Linear, or a Sequential of linear layers, activations and others like it.
    batch_size : int
        B, the samples of a batch.

    Returns
    -------
    Cost

    Raises
    ------
    TypeError
        If the model holds a module that is none of these.
    ValueError
        If it has no linear layer, which says how wide the others are; if two linear
        layers do not fit; or if the batch holds less than one sample.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlib import mlp
    >>> cost = flops(mlp([784, 128, 64, 10], rng=np.random.default_rng(0)), 64)
    >>> cost
       batch of 64       parameters     forward    backward
    0  Linear(784, 128)     100,480  12,853,248  12,853,248
    1  ReLU()                     0       8,192       8,192
    2  Linear(128, 64)        8,256   1,052,672   2,101,248
    3  ReLU()                     0       4,096       4,096
    4  Linear(64, 10)           650      82,560     164,480
       all                  109,386  14,000,768  15,131,264
    >>> cost.step // 64
    455188
    """
    check_count("flops", "batch_size", batch_size)
    check_model(model)
    B, layers = int(batch_size), []
    width = _width(model)
    learned = False  # whether a module before this one has parameters
    for name, module in _leaves(model):
        if isinstance(module, Linear):
            M, N = module.weight.data.shape
            add = B * N if module.bias is not None else 0
            forward = 2 * B * M * N + add  # XW, + b
            backward = 2 * B * M * N + add  # dW, db
            if learned:
                backward += 2 * B * M * N  # dX
            width, learned = N, True
        else:  # an activation
            forward = B * width
            backward = B * width if learned else 0
        parameters = sum(p.data.size for p in module.parameters())
        layers.append(LayerCost(name, repr(module), parameters, forward, backward))
    return Cost(B, tuple(layers))


def _leaves(module: Module, name: str = "") -> Iterator[tuple[str, Module]]:
    """The modules that do the work, in order, each with its place."""
    if not isinstance(module, Sequential):
        yield name, module
        return
    for place, child in module.children():
        yield from _leaves(child, f"{name}.{place}" if name else place)


def _width(model: Module) -> int:
    """How many numbers each sample has as it enters: what the first Linear takes."""
    layers = (m for _, m in _leaves(model) if isinstance(m, Linear))
    return int(next(layers).weight.data.shape[0])


def check_model(model: object) -> None:
    """A model of linear layers that fit each other, and activations."""
    if not isinstance(model, Module):
        raise TypeError(f"flops expected a module, got {type(model).__name__}")
    width = None
    for name, module in _leaves(model):
        if isinstance(module, Linear):
            features, after = module.weight.data.shape
            if width not in (None, features):
                raise ValueError(
                    f"flops expected module {name} to take {width} numbers, as the "
                    f"one before gives, got {module!r}"
                )
            width = after
        elif not isinstance(module, ACTIVATIONS):
            raise TypeError(
                "flops expected Linear, Sequential and activations of nnlib, "
                f"got {module!r}" + (f" as module {name}" if name else "")
            )
    if width is None:
        raise ValueError("flops expected at least one Linear, got none")
