"""Linear layers and the networks made of them."""

import math

import numpy as np
import pytest
from helpers import (
    DTYPES,
    assert_gradients_right,
    assert_layer_gradients_right,
    assert_linear_matches_pytorch,
    assert_needs_forward_first,
    assert_parameters_alone_agree,
    assert_refuses_other_upstream,
    floats,
    frozen,
    quick,
    rng_of,
)
from hypothesis import given
from hypothesis import strategies as st

from nnlib import GELU, Linear, ReLU, Tanh, mlp


def linear(in_features=3, out_features=2, bias=True, dtype=np.float64):
    return Linear(in_features, out_features, rng=rng_of(0), bias=bias, dtype=dtype)


# ---- Linear -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["1, 1", "4, 1", "1, 3", "5, 2", "3, 7"])
@pytest.mark.parametrize("bias", [True, False])
def test_backward_is_the_derivative_of_forward(shape, bias):
    assert_layer_gradients_right(
        f"Linear({shape}, rng=rng, bias={bias}, dtype=float64)"
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
def test_output_and_gradients_are_those_of_pytorch(bias, dtype):
    assert_linear_matches_pytorch(bias, dtype)


@quick
@given(floats(low=-10, high=10), floats(low=-10, high=10), st.floats(-5, 5))
def test_without_its_bias_a_linear_layer_is_linear(x, y, a):
    layer = linear(bias=False)
    together = layer(x + a * y)
    np.testing.assert_allclose(together, layer(x) + a * layer(y), atol=1e-11)


@quick
@given(floats(low=-10, high=10), st.permutations(range(4)))
def test_the_order_of_the_batch_carries_over(x, order):
    layer = linear()
    np.testing.assert_allclose(layer(x)[order], layer(x[order]), rtol=1e-13)


@quick
@given(floats(low=-10, high=10), floats(low=-10, high=10, shape=(4, 2)))
def test_the_input_gradient_is_the_adjoint_of_the_layer(x, g):
    """The inner product of g with x W is that of g Wᵀ with x."""
    layer = linear(bias=False)
    forward = np.vdot(g, layer(x))
    np.testing.assert_allclose(np.vdot(layer.backward(g), x), forward, atol=1e-9)


def test_the_parameter_gradients_of_a_batch_are_the_sum_over_its_samples():
    x, g = rng_of(1).standard_normal((6, 3)), rng_of(2).standard_normal((6, 2))
    layer = linear()
    layer(x)
    layer.backward(g)
    weight, bias = layer.weight.grad.copy(), layer.bias.grad.copy()
    weights, biases = np.zeros((3, 2)), np.zeros(2)
    for i in range(6):
        layer(x[i : i + 1])
        layer.backward(g[i : i + 1])
        weights += layer.weight.grad
        biases += layer.bias.grad
    np.testing.assert_allclose(weights, weight, rtol=1e-13)
    np.testing.assert_allclose(biases, bias, rtol=1e-13)


def test_gradients_are_assigned_and_not_accumulated():
    layer = linear()
    x, g = np.ones((2, 3)), np.ones((2, 2))
    layer(x)
    layer.backward(g)
    once = layer.weight.grad.copy()
    layer.backward(g)
    assert np.array_equal(layer.weight.grad, once)


@pytest.mark.parametrize("bias", [True, False])
def test_backward_parameters_gives_the_same_gradients_and_no_other(bias):
    layer = linear(bias=bias)
    assert_parameters_alone_agree(layer, frozen(rng_of(0).standard_normal((4, 3))))


def test_a_layer_starts_with_he_weights_and_no_bias():
    layer = Linear(400, 300, rng=rng_of(0))
    assert layer.weight.data.shape == (400, 300)
    assert layer.weight.data.std() == pytest.approx(math.sqrt(2 / 400), rel=0.01)
    assert not layer.bias.data.any()
    assert layer.weight.data.dtype == layer.bias.data.dtype == np.float32


def test_the_same_generator_state_gives_the_same_layer():
    first, second = linear(), linear()
    assert np.array_equal(first.weight.data, second.weight.data)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_dtype_is_kept(dtype):
    layer = linear(dtype=dtype)
    x = frozen(np.ones((4, 3), dtype))
    y = layer(x)
    assert y.dtype == dtype
    assert layer.backward(frozen(np.ones_like(y))).dtype == dtype
    assert [p.grad.dtype for p in layer.parameters()] == [dtype, dtype]


def test_an_empty_batch_has_an_empty_output_and_gradients_of_0():
    layer = linear()
    layer.weight.grad[...] = 5
    assert layer(np.zeros((0, 3))).shape == (0, 2)
    assert layer.backward(np.zeros((0, 2))).shape == (0, 3)
    assert not layer.weight.grad.any()


def test_a_batch_of_strided_memory_is_as_good_as_any():
    x = rng_of(1).standard_normal((6, 8))
    layer = linear()
    np.testing.assert_allclose(
        layer(x[::2, 1:4]), layer(x[::2, 1:4].copy()), rtol=1e-14
    )


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.ones((2, 4)), ValueError, r"x of shape \(B, 3\), got \(2, 4\)"),
        (np.ones(3), ValueError, r"x of shape \(B, 3\), got \(3,\)"),
        (np.ones((3, 2)), ValueError, r"x of shape \(B, 3\), got \(3, 2\)"),
        (np.ones((1, 2, 3)), ValueError, r"x of shape \(B, 3\), got \(1, 2, 3\)"),
        (np.ones((2, 3), int), TypeError, r"x as floats, got int64; convert it with"),
        ([[1.0, 2.0, 3.0]], TypeError, "x as a NumPy array, got list"),
        (
            np.ones((2, 3), np.float32),
            TypeError,
            r"x of float64, the dtype of its weight, got float32; convert it with "
            r"x.astype\(np.float64\) or make the layer with dtype=np.float32",
        ),
    ],
)
def test_an_input_that_does_not_fit_is_refused(x, error, message):
    layer = linear()
    with pytest.raises(error, match=f"Linear expected {message}"):
        layer(x)
    with pytest.raises(RuntimeError, match=r"Linear.backward needs a forward"):
        layer.backward(np.ones((2, 2)))


def test_an_upstream_that_does_not_fit_is_refused_and_changes_nothing():
    layer = linear()
    x = np.ones((4, 3))
    assert_refuses_other_upstream(layer, x, "Linear")
    assert not layer.weight.grad.any()
    assert not layer.bias.grad.any()


def test_backward_before_forward_is_an_error_that_says_so():
    assert_needs_forward_first("Linear(2, 2, rng=rng)", rng=rng_of(0))
    with pytest.raises(RuntimeError, match=r"Linear.backward needs a forward"):
        linear().backward_parameters(np.ones((2, 2)))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"in_features": 0}, ValueError, "in_features of at least 1, got 0"),
        ({"out_features": -2}, ValueError, "out_features of at least 1, got -2"),
        ({"in_features": 2.0}, TypeError, "in_features as an integer, got float"),
        ({"out_features": True}, TypeError, "out_features as an integer, got bool"),
        ({"rng": None}, TypeError, "rng as a numpy Generator, such as"),
        ({"rng": 0}, TypeError, r"np.random.default_rng\(0\), got int"),
        ({"rng": np.random.RandomState(0)}, TypeError, "Generator.*RandomState"),
        ({"dtype": int}, TypeError, "dtype as a float dtype, got int64"),
    ],
)
def test_a_layer_that_cannot_be_is_refused(arguments, error, message):
    good = {"in_features": 2, "out_features": 3, "rng": rng_of(0)}
    with pytest.raises(error, match=message):
        Linear(**(good | arguments))


def test_a_layer_without_a_generator_is_a_missing_argument():
    with pytest.raises(TypeError, match="rng"):
        Linear(2, 3)


def test_the_repr_shows_the_sizes():
    assert repr(linear()) == "Linear(3, 2)"
    assert repr(linear(bias=False)) == "Linear(3, 2, bias=False)"


# ---- mlp ----------------------------------------------------------------------------


@pytest.mark.parametrize("activation", [ReLU, Tanh, GELU])
@pytest.mark.parametrize("sizes", [[3, 2], [3, 5, 2], [2, 7, 1, 4]])
@pytest.mark.parametrize("batch", [1, 5])
def test_every_gradient_of_a_network_is_right(activation, sizes, batch):
    net = mlp(sizes, activation, rng=rng_of(3), dtype=np.float64)
    x = rng_of(batch).standard_normal((batch, sizes[0]))
    assert_gradients_right(net, x)
    assert_parameters_alone_agree(net, frozen(x))


def test_an_mlp_is_linear_layers_with_an_activation_between():
    net = mlp([4, 3, 2, 5], Tanh, rng=rng_of(0))
    kinds = [type(module) for module in net]
    assert kinds == [Linear, Tanh, Linear, Tanh, Linear]
    shapes = [p.data.shape for p in net.parameters()]
    assert shapes == [(4, 3), (3,), (3, 2), (2,), (2, 5), (5,)]
    assert net[1] is not net[3]


def test_an_mlp_draws_its_weights_in_order():
    net, rng = mlp([4, 3, 2], rng=rng_of(0)), rng_of(0)
    for index, (m, n) in ((0, (4, 3)), (2, (3, 2))):
        assert np.array_equal(net[index].weight.data, Linear(m, n, rng=rng).weight.data)


def test_an_mlp_takes_any_callable_that_makes_a_module():
    net = mlp([2, 3, 1], lambda: GELU("tanh"), rng=rng_of(0))
    assert net[1].approximate == "tanh"


@pytest.mark.parametrize(
    ("sizes", "rng", "error", "message"),
    [
        ([3], rng_of(0), ValueError, r"mlp expected at least two sizes, got \[3\]"),
        ([], rng_of(0), ValueError, r"mlp expected at least two sizes, got \[\]"),
        ([3, 0], rng_of(0), ValueError, "out_features of at least 1, got 0"),
        ([3, 2], 0, TypeError, "mlp expected rng as a numpy Generator"),
    ],
)
def test_a_network_that_cannot_be_is_refused(sizes, rng, error, message):
    with pytest.raises(error, match=message):
        mlp(sizes, rng=rng)


def test_an_activation_that_is_no_factory_is_refused():
    with pytest.raises(TypeError, match="mlp expected activation"):
        mlp([3, 2, 1], ReLU(), rng=rng_of(0))
