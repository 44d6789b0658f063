"""Explorer: the shapes of the digit reader 784-128-64-10, operation by operation."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import traitlets

from nnlib.activations import ReLU
from nnlib.explorers.base import Explorer, nearest, state
from nnlib.layers import Linear, mlp

__all__ = ["BatchShapesExplorer", "Operation", "operations"]

SIZES = [784, 128, 64, 10]
BATCHES = [2**exponent for exponent in range(11)]
STEPS = 2 * (len(SIZES) - 1)


class BatchShapesExplorer(Explorer):
    """A batch on its way through the digit reader: shapes, parameters, operations.

    Parameters
    ----------
    batch : int, optional
        The number of samples, from 1 to 1024; the nearest power of two is taken.
    step : int, optional
        The operation that is shown, from 0 (the first linear layer) to 5 (softmax).

    Examples
    --------
    >>> BatchShapesExplorer(batch=60)
    BatchShapesExplorer(batch=64, step=0)
    """

    batch = state(traitlets.Int(64, min=min(BATCHES), max=max(BATCHES)))
    step = state(traitlets.Int(0, min=0, max=STEPS - 1))

    @traitlets.validate("batch")
    def _on_a_stop(self, proposal: Any) -> Any:
        stops: Any = BATCHES
        return nearest(proposal["value"], stops)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            title="A batch goes through the digit reader",
            alt="The tables that the network 784-128-64-10 makes of a batch, one after "
            "another, and the operation between two of them with the shapes of all "
            "that takes part in it.",
            data={
                "batches": BATCHES,
                "runs": [[asdict(op) for op in operations(size)] for size in BATCHES],
            },
            **kwargs,
        )


@dataclass(frozen=True)
class Operation:
    """What one operation of the network does to a batch.

    Attributes
    ----------
    name : str
        "Linear", "ReLU" or "softmax".
    into, out : tuple of int
        The shapes ``(B, M)`` and ``(B, N)`` of what goes in and of what comes out.
    weight, bias : tuple of int
        The shapes of the parameters, ``()`` where there are none.
    parameters : int
        The numbers in them.
    flops : int or None
        Floating-point operations: 2BMN + BN of a linear layer (a product and a sum
        for each weight and sample, and the bias), BN of ReLU (a comparison for each
        number). None for softmax: how many operations an exp takes is not fixed.
    numbers : int
        The numbers in the result, B N.
    """

    name: str
    into: tuple[int, ...]
    out: tuple[int, ...]
    weight: tuple[int, ...]
    bias: tuple[int, ...]
    parameters: int
    flops: int | None
    numbers: int


def operations(batch: int) -> list[Operation]:
    """Return the six operations of the digit reader, in order, for a batch.

    The shapes of the parameters are those of ``nnlib.mlp([784, 128, 64, 10])``.
    """
    net = mlp(SIZES, ReLU, rng=np.random.default_rng(0))
    found = []
    features = SIZES[0]
    for module in net:
        if isinstance(module, Linear):
            tables = [p.data for p in module.parameters()]
            weight, bias = (table.shape for table in tables)
            inner, width = weight
            found.append(
                Operation(
                    "Linear",
                    (batch, inner),
                    (batch, width),
                    weight,
                    bias,
                    parameters=sum(table.size for table in tables),
                    flops=2 * batch * inner * width + batch * width,
                    numbers=batch * width,
                )
            )
            features = width
        else:
            found.append(_elementwise("ReLU", batch, features, batch * features))
    return [*found, _elementwise("softmax", batch, features, None)]


def _elementwise(name: str, batch: int, features: int, flops: int | None) -> Operation:
    shape = (batch, features)
    return Operation(name, shape, shape, (), (), 0, flops, batch * features)
