"""Explorer: values forward and gradients back through a graph, one operation a step."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import traitlets

from nnlib.explorers.base import Explorer, state

__all__ = ["EXAMPLES", "BackpropGraphExplorer", "Node", "evaluate"]


@dataclass(frozen=True)
class Operation:
    """One kind of operation on numbers.

    Attributes
    ----------
    symbol : str
        What stands in the node.
    formula : callable
        From the names of the inputs to the operation as it is written.
    forward : callable
        From the inputs' values to the result.
    local : callable
        From the inputs' values and the result to the local gradients, one by each
        input.
    texts : callable
        From the names of the inputs and of the result to the local gradients as they
        are written.
    """

    symbol: str
    formula: Callable[[list[str]], str]
    forward: Callable[[list[float]], float]
    local: Callable[[list[float], float], list[float]]
    texts: Callable[[list[str], str], list[str]]


def _pairs(items: list[Any]) -> list[tuple[Any, Any]]:
    """Return the pairs in a list of pairs with a last item that has no partner."""
    return list(zip(items[:-1:2], items[1::2], strict=True))


def _partners(items: list[Any]) -> list[Any]:
    return [other for a, b in _pairs(items) for other in (b, a)]


OPERATIONS = {
    "multiply": Operation(
        "×",
        " · ".join,
        math.prod,
        lambda v, _: [v[1], v[0]],
        lambda n, _: [n[1], n[0]],
    ),
    "add": Operation(
        "+",
        " + ".join,
        sum,
        lambda v, _: [1.0] * len(v),
        lambda n, _: ["1"] * len(n),
    ),
    "subtract": Operation(
        "−",
        " − ".join,
        lambda v: v[0] - v[1],
        lambda v, _: [1.0, -1.0],
        lambda n, _: ["1", "−1"],
    ),
    "square": Operation(
        "( )²",
        lambda n: f"{n[0]}²",
        lambda v: v[0] ** 2,
        lambda v, _: [2 * v[0]],
        lambda n, _: [f"2{n[0]}"],
    ),
    "ReLU": Operation(
        "ReLU",
        lambda n: f"ReLU({n[0]})",
        lambda v: max(v[0], 0.0),
        lambda v, _: [float(v[0] > 0)],
        lambda n, _: [f"1 if {n[0]} > 0"],
    ),
    "tanh": Operation(
        "tanh",
        lambda n: f"tanh({n[0]})",
        lambda v: math.tanh(v[0]),
        lambda v, result: [1 - result**2],
        lambda n, result: [f"1 − {result}²"],
    ),
    # Inputs and weights in turn, and a bias: x1, w1, x2, w2, ..., b.
    "weighted sum": Operation(
        "Σ",
        lambda n: " + ".join([a + b for a, b in _pairs(n)] + n[-1:]),
        lambda v: sum(a * b for a, b in _pairs(v)) + v[-1],
        lambda v, _: [*_partners(v), 1.0],
        lambda n, _: [*_partners(n), "1"],
    ),
    "squared error": Operation(
        "(−)²",
        lambda n: f"({n[0]} − {n[1]})²",
        lambda v: (v[0] - v[1]) ** 2,
        lambda v, _: [2 * (v[0] - v[1]), -2 * (v[0] - v[1])],
        lambda n, _: [f"2({n[0]} − {n[1]})", f"−2({n[0]} − {n[1]})"],
    ),
}


@dataclass(frozen=True)
class Node:
    """A number of the graph: given, or the result of an operation.

    Attributes
    ----------
    name : str
        Its name, as it is printed.
    place : tuple of float
        Its column, 0 to 4, and its row in the drawing.
    value : float
        What is given; of no meaning with an operation.
    op : str
        One of `OPERATIONS`, or "" if the value is given.
    inputs : tuple of str
        The names of the operation's inputs.
    """

    name: str
    place: tuple[float, float]
    value: float = 0.0
    op: str = ""
    inputs: tuple[str, ...] = ()


def _neuron(op: str, given: dict[str, float]) -> list[Node]:
    """Return L = (a - y)², a = op(w1 x1 + w2 x2 + b), one operation a node."""
    places = [(0, 0), (0, 1), (0, 2), (0, 3), (1, 1.5), (3, 2.5)]
    names = ["w₁", "x₁", "w₂", "x₂", "b", "y"]
    leaves = [
        Node(name, place, given[name])
        for name, place in zip(names, places, strict=True)
    ]
    return [
        *leaves,
        Node("p₁", (1, 0.5), op="multiply", inputs=("w₁", "x₁")),
        Node("p₂", (1, 2.5), op="multiply", inputs=("w₂", "x₂")),
        Node("z", (2, 1.5), op="add", inputs=("p₁", "p₂", "b")),
        Node("a", (3, 1.5), op=op, inputs=("z",)),
        Node("e", (4, 1.5), op="subtract", inputs=("a", "y")),
        Node("L", (4, 2.5), op="square", inputs=("e",)),
    ]


def _paper() -> list[Node]:
    """Return the first sample's way through the network on paper."""
    x, y = [1.0, 2.0, 0.0], 0.0
    w1 = [[1.0, -1.0], [0.0, 2.0], [-2.0, 1.0]]
    b1, w2, b2 = [0.5, -0.5], [2.0, -1.0], 0.5
    down = "₁₂₃"
    nodes = [Node(f"x{down[i]}", (i, 2), x[i]) for i in range(3)]
    for j, (row, layer_row) in enumerate(((0, 1), (4, 3))):
        weights = [Node(f"w{down[i]}{down[j]}", (i, row), w1[i][j]) for i in range(3)]
        nodes += [*weights, Node(f"b{down[j]}", (0, layer_row), b1[j])]
    nodes += [
        Node("v₁", (3, 1), w2[0]),
        Node("v₂", (3, 3), w2[1]),
        Node("c", (4, 1), b2),
        Node("y", (4, 3), y),
    ]
    for j, row in enumerate((1, 3)):
        inputs = [
            name for i in down for name in (f"x{i}", f"w{i}{down[j]}")
        ] + [f"b{down[j]}"]  # fmt: skip
        nodes += [
            Node(f"z{down[j]}", (1, row), op="weighted sum", inputs=tuple(inputs))
        ]
    for j, row in enumerate((1, 3)):
        nodes += [Node(f"a{down[j]}", (2, row), op="ReLU", inputs=(f"z{down[j]}",))]
    inputs = ["a₁", "v₁", "a₂", "v₂", "c"]
    return [
        *nodes,
        Node("ŷ", (3, 2), op="weighted sum", inputs=tuple(inputs)),
        Node("L", (4, 2), op="squared error", inputs=("ŷ", "y")),
    ]


#: Name -> what it is, and its nodes in the order in which they are computed.
EXAMPLES: dict[str, tuple[str, list[Node]]] = {
    "neuron": (
        "one neuron with ReLU",
        _neuron(
            "ReLU",
            {"w₁": 1.5, "x₁": 2.0, "w₂": 0.5, "x₂": -1.0, "b": -1.0, "y": 1.0},
        ),
    ),
    "used twice": (
        "a value used twice",
        [
            Node("x", (0, 0), 3.0),
            Node("y", (0, 2), 2.0),
            Node("s", (2, 1), op="add", inputs=("x", "y")),
            Node("L", (4, 0), op="multiply", inputs=("s", "x")),
        ],
    ),
    "paper": ("the network on paper", _paper()),
    "tanh": (
        "one neuron with tanh",
        _neuron(
            "tanh",
            {"w₁": 0.5, "x₁": 1.0, "w₂": -0.25, "x₂": 2.0, "b": 0.5, "y": 1.0},
        ),
    ),
}


def evaluate(
    nodes: list[Node],
) -> tuple[dict[str, float], dict[str, float], list[dict[str, Any]]]:
    """Return all values and gradients of a graph, and the steps that lead to them.

    Forward, each operation takes the values of its inputs, in the order of the nodes.
    Backward, in the reverse order, each multiplies its local gradients by the gradient
    that has arrived at its own result, its upstream, and adds the products to the
    gradients of its inputs. At the last node it starts with 1.

    Parameters
    ----------
    nodes : list of Node
        Every node after its inputs; the last is what the gradients are of.

    Returns
    -------
    values, gradients : dict of str to float
        By name of the node.
    steps : list of dict
        One for each operation backward, in the order of the steps: its `node`, the
        `upstream`, and for each input a row in `parts` of the name, the local gradient
        as text and as a number, the product, and the gradient so far.
    """
    values: dict[str, float] = {}
    for node in nodes:
        given = [values[name] for name in node.inputs]
        values[node.name] = (
            OPERATIONS[node.op].forward(given) if node.op else node.value
        )
    gradients = {nodes[-1].name: 1.0}
    steps = []
    for node in reversed(nodes):
        if not node.op:
            continue
        op, upstream = OPERATIONS[node.op], gradients[node.name]
        slopes = op.local([values[name] for name in node.inputs], values[node.name])
        texts = op.texts(list(node.inputs), node.name)
        parts = []
        for name, text, slope in zip(node.inputs, texts, slopes, strict=True):
            gradients[name] = gradients.get(name, 0.0) + slope * upstream
            parts.append([name, text, slope, slope * upstream, gradients[name]])
        steps.append({"node": node.name, "upstream": upstream, "parts": parts})
    return values, gradients, steps


def _count_of_steps(nodes: list[Node]) -> int:
    """Return the last step: every operation forward, the 1, every operation back."""
    return 2 * sum(bool(node.op) for node in nodes) + 1


LAST = max(_count_of_steps(nodes) for _, nodes in EXAMPLES.values())


class BackpropGraphExplorer(Explorer):
    """Backpropagation on a graph of numbers, stepped one operation at a time.

    Parameters
    ----------
    example : str, optional
        One of `EXAMPLES`: "neuron", "used twice", "paper" (the first sample of the
        network on paper) or "tanh" (a neuron again).
    step : int, optional
        Where to begin. At 0 only what is given has a value; each operation forward is
        one step, then comes the 1 that backpropagation starts with, then each
        operation backward. A step beyond the last shows the last.

    Examples
    --------
    >>> BackpropGraphExplorer("paper")
    BackpropGraphExplorer(example='paper', step=0)
    """

    example = state(traitlets.Enum(list(EXAMPLES), default_value="neuron"))
    step = state(traitlets.Int(0, min=0, max=LAST))

    def __init__(self, example: str = "neuron", step: int = 0, **kwargs: Any) -> None:
        super().__init__(
            title="Values go forward, gradients come back",
            alt="A graph of numbers: boxes for what is given and for the result of "
            "each operation, with its value and the gradient of the loss by it, joined "
            "by arrows from the inputs of an operation to its result.",
            data={name: _drawn(*each) for name, each in EXAMPLES.items()},
            example=example,
            step=step,
            **kwargs,
        )


def _drawn(label: str, nodes: list[Node]) -> dict[str, Any]:
    """Return an example for the page."""
    values, _, steps = evaluate(nodes)
    return {
        "label": label,
        "nodes": [
            {
                "name": node.name,
                "place": node.place,
                "symbol": OPERATIONS[node.op].symbol if node.op else "",
                "formula": OPERATIONS[node.op].formula(list(node.inputs))
                if node.op
                else "",
                "inputs": node.inputs,
                "value": values[node.name],
            }
            for node in nodes
        ],
        "back": steps,
    }
