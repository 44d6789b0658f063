"""The count of a network's work is the work that is done: others count it too."""

import math

import numpy as np
import pytest

from nnlib import (
    CrossEntropyLoss,
    Linear,
    Module,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    flops,
    mlp,
)
from nnlib.cost import ACTIVATIONS


def rng():
    return np.random.default_rng(0)


class Counted(float):
    """A float that notes each addition and each multiplication."""

    done = 0

    def __add__(self, other):
        Counted.done += 1
        return Counted(float(self) + float(other))

    def __mul__(self, other):
        Counted.done += 1
        return Counted(float(self) * float(other))

    __radd__, __rmul__ = __add__, __mul__


def counted(run):
    """How many operations a program of `Counted` numbers does."""
    Counted.done = 0
    run()
    return Counted.done


def table(n_rows, n_cols):
    return [[Counted(r + c) for c in range(n_cols)] for r in range(n_rows)]


def total(values):
    result = Counted(0.0)
    for value in values:
        result = result + value
    return result


def product(a, b):
    return [
        [total(x * y for x, y in zip(row, column, strict=True)) for column in flip(b)]
        for row in a
    ]


def flip(a):
    return [list(column) for column in zip(*a, strict=True)]


@pytest.mark.parametrize(("B", "M", "N"), [(1, 1, 1), (4, 3, 2), (2, 5, 7), (1, 6, 3)])
def test_a_linear_layer_takes_what_loops_over_counting_numbers_take(B, M, N):
    x, weight, bias, g = table(B, M), table(M, N), table(1, N)[0], table(B, N)

    def forward():
        for row in product(x, weight):
            for value, b in zip(row, bias, strict=True):
                value + b

    def of_parameters():
        product(flip(x), g)
        for column in flip(g):
            total(column)

    def of_input():
        product(g, flip(weight))

    (alone,) = flops(Linear(M, N, rng=rng()), B).layers
    assert alone.forward == counted(forward)
    assert alone.backward == counted(of_parameters)
    before = Linear(2, M, rng=rng())
    later = flops(Sequential(before, Linear(M, N, rng=rng())), B).layers[1]
    assert later.forward == counted(forward)
    assert later.backward == counted(of_parameters) + counted(of_input)


class Watched(np.ndarray):
    """An array that notes the products and sums that nnlib does with it."""

    done = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        plain = [np.asarray(x) if isinstance(x, Watched) else x for x in inputs]
        if out is not None:
            kwargs["out"] = tuple(np.asarray(x) for x in out)
        result = getattr(ufunc, method)(*plain, **kwargs)
        if ufunc is np.matmul:
            Watched.done += 2 * result.size * plain[0].shape[-1]
        elif ufunc is np.add and method == "reduce":
            Watched.done += plain[0].size
        elif ufunc in (np.add, np.maximum, np.multiply):
            Watched.done += result.size
        return out[0] if out is not None else result.view(Watched)


def watched(network, x):
    for parameter in network.parameters():
        parameter.data = parameter.data.view(Watched)
    Watched.done = 0
    output = network(x.view(Watched))
    forward, Watched.done = Watched.done, 0
    network.backward_parameters(np.ones_like(output).view(Watched))
    return forward, Watched.done


@pytest.mark.parametrize("batch", [1, 5, 64])
@pytest.mark.parametrize(
    "make",
    [
        lambda: mlp([7, 6, 5, 3], rng=rng()),
        lambda: mlp([4, 2], rng=rng()),
        lambda: Linear(4, 9, rng=rng(), bias=False),
        lambda: Sequential(ReLU(), Linear(5, 4, rng=rng()), ReLU(), ReLU()),
        lambda: Sequential(
            mlp([3, 8, 2], rng=rng()), ReLU(), Linear(2, 6, rng=rng(), bias=False)
        ),
    ],
)
def test_the_count_is_what_nnlib_does_as_it_trains(make, batch):
    network = make()
    cost = flops(network, batch)
    features = network.parameters()[0].data.shape[0]
    x = rng().standard_normal((batch, features)).astype(np.float32)
    assert (cost.forward, cost.backward) == watched(network, x)


def test_the_digit_reader_takes_454400_in_products_for_a_picture_and_step():
    network = mlp([784, 128, 64, 10], rng=rng())
    one = flops(network, 1)
    biases, hidden = 128 + 64 + 10, 128 + 64
    assert one.step - 2 * biases - 2 * hidden == 454_400
    assert one.forward == 2 * (784 * 128 + 128 * 64 + 64 * 10) + biases + hidden
    assert one.parameters == 109_386


def test_the_work_is_proportional_to_the_batch_and_the_parameters_are_not():
    network = mlp([6, 5, 4], rng=rng())
    one, many = flops(network, 1), flops(network, 37)
    assert (many.forward, many.backward) == (37 * one.forward, 37 * one.backward)
    assert many.parameters == one.parameters
    assert many.batch_size == 37


def test_totals_are_sums_over_the_layers():
    cost = flops(mlp([6, 5, 4, 3], Tanh, rng=rng()), 8)
    for name in ("parameters", "forward", "backward"):
        assert getattr(cost, name) == sum(getattr(row, name) for row in cost.layers)
    assert cost.step == cost.forward + cost.backward


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.__name__)
def test_an_activation_takes_one_for_each_number_each_way(activation):
    network = Sequential(activation(), Linear(3, 5, rng=rng()), activation())
    first, _, last = flops(network, 4).layers
    assert (first.forward, first.backward) == (12, 0)  # nothing before it learns
    assert (last.forward, last.backward) == (20, 20)


def test_layers_are_named_as_their_parameters_are():
    network = Sequential(
        Sequential(Linear(3, 4, rng=rng()), Sigmoid()), Linear(4, 2, rng=rng())
    )
    cost = flops(network, 2)
    assert [row.name for row in cost.layers] == ["0.0", "0.1", "1"]
    assert [row.layer for row in cost.layers] == [
        "Linear(3, 4)",
        "Sigmoid()",
        "Linear(4, 2)",
    ]
    assert flops(Linear(3, 4, rng=rng()), 2).layers[0].name == ""


def test_it_prints_as_a_table():
    cost = flops(Sequential(Linear(30, 40, rng=rng()), SiLU(), Softmax()), 5)
    text = str(cost)
    assert text == repr(cost)
    assert [line.split() for line in text.splitlines()] == [
        ["batch", "of", "5", "parameters", "forward", "backward"],
        ["0", "Linear(30,", "40)", "1,240", "12,200", "12,200"],
        ["1", "SiLU()", "0", "200", "200"],
        ["2", "Softmax()", "0", "200", "200"],
        ["all", "1,240", "12,600", "12,600"],
    ]
    assert len({len(line) for line in text.splitlines()}) == 1


def test_counting_runs_nothing_and_changes_nothing():
    network = mlp([3, 4, 2], rng=rng())
    before = [p.data.copy() for p in network.parameters()]
    flops(network, 10**12)  # a batch that no memory holds
    for parameter, data in zip(network.parameters(), before, strict=True):
        assert np.array_equal(parameter.data, data)
    with pytest.raises(RuntimeError):
        network.backward(np.ones((1, 2), dtype=np.float32))


def test_it_counts_for_batches_that_numpy_counted():
    cost = flops(Linear(3, 4, rng=rng()), np.int32(2_000_000_000))
    assert cost.forward == 28 * 2_000_000_000  # more than an int32 holds
    assert type(cost.forward) is int


class Double(Module):
    def forward(self, x):
        return 2 * x

    def backward(self, grad_output):
        return 2 * grad_output


@pytest.mark.parametrize(
    ("model", "batch", "error", "says"),
    [
        (Double(), 1, TypeError, r"got Double\(\)$"),
        (
            Sequential(Linear(2, 2, rng=rng()), Double()),
            1,
            TypeError,
            r"Linear, Sequential and activations.*got Double\(\) as module 1",
        ),
        (CrossEntropyLoss(), 1, TypeError, "a module, got CrossEntropyLoss"),
        ([784, 10], 1, TypeError, "a module, got list"),
        (Sequential(ReLU(), Tanh()), 1, ValueError, "at least one Linear"),
        (
            Sequential(Linear(2, 3, rng=rng()), ReLU(), Linear(4, 2, rng=rng())),
            1,
            ValueError,
            r"module 2 to take 3 numbers.*got Linear\(4, 2\)",
        ),
        (Linear(2, 2, rng=rng()), 0, ValueError, "batch_size of at least 1, got 0"),
        (Linear(2, 2, rng=rng()), 2.0, TypeError, "batch_size as an integer"),
        (Linear(2, 2, rng=rng()), math.nan, TypeError, "batch_size as an integer"),
    ],
)
def test_what_it_cannot_count_it_refuses_in_words(model, batch, error, says):
    with pytest.raises(error, match=says):
        flops(model, batch)
