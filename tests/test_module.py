"""What modules are: how they nest, name their parameters and go backward."""

import numpy as np
import pytest
from helpers import (
    assert_gradients_right,
    assert_parameters_alone_agree,
    frozen,
    rng_of,
)

from nnlib import (
    Linear,
    Module,
    MSELoss,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    mlp,
)


def linear(in_features, out_features, seed=0, dtype=np.float64):
    return Linear(in_features, out_features, rng=rng_of(seed), dtype=dtype)


class Spy(Module):
    """The identity, which counts how often each of its methods is called."""

    def __init__(self):
        self.calls = []

    def forward(self, x):
        self.calls.append("forward")
        return x

    def backward(self, grad_output):
        self.calls.append("backward")
        return grad_output


class Scale(Module):
    """y = s x: a module of one's own, with a parameter."""

    def __init__(self, scale):
        self.scale = Parameter(np.array([scale]))

    def forward(self, x):
        self._cache = x
        return self.scale.data * x

    def backward(self, grad_output):
        self.scale.grad[...] = np.sum(grad_output * self._cached())
        return grad_output * self.scale.data


# ---- Parameter ----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_parameter_and_its_gradient_have_one_shape_and_dtype(dtype):
    p = Parameter(np.ones((2, 3), dtype))
    assert p.grad.shape == p.data.shape == (2, 3)
    assert p.grad.dtype == p.data.dtype == dtype
    assert not p.grad.any()
    assert repr(p) == f"Parameter(shape=(2, 3), dtype={dtype})"


def test_a_parameter_copies_its_data():
    data = np.ones(2)
    p = Parameter(frozen(data))
    p.data += 1
    assert np.array_equal(data, [1, 1])


@pytest.mark.parametrize("data", [np.array([1, 2]), np.array(["a"]), [1, 2]])
def test_a_parameter_of_anything_but_floats_is_refused(data):
    with pytest.raises(TypeError, match="Parameter expected data"):
        Parameter(data)


# ---- Module -------------------------------------------------------------------------


def test_a_module_of_ones_own_needs_forward_and_backward_only():
    net = Sequential(linear(3, 2), Scale(1.7), Tanh())
    assert_gradients_right(net, rng_of(1).standard_normal((4, 3)))
    assert [name for name, _ in net.named_parameters()] == [
        "0.weight",
        "0.bias",
        "1.scale",
    ]


def test_a_module_without_forward_or_backward_cannot_be_made():
    class Half(Module):
        def forward(self, x):
            return x

    with pytest.raises(TypeError, match="backward"):
        Half()


def test_a_module_of_ones_own_falls_back_on_the_whole_backward():
    assert_parameters_alone_agree(Scale(2.0), frozen(np.ones((2, 3))))
    spy = Spy()
    spy(np.ones(1))
    spy.backward_parameters(np.ones(1))
    assert spy.calls == ["forward", "backward"]


def test_modules_within_are_found_by_attribute_and_by_place():
    class Branches(Module):
        def __init__(self):
            self.left = linear(2, 3)
            self.right = Sequential(linear(2, 3, 1), Sigmoid())
            self.gain = Parameter(np.ones(3))

        def forward(self, x):
            return self.left(x) + self.gain.data * self.right(x)

        def backward(self, grad_output):
            raise AssertionError("names are found without a backward")

    assert [name for name, _ in Branches().named_parameters()] == [
        "gain",
        "left.weight",
        "left.bias",
        "right.0.weight",
        "right.0.bias",
    ]


def test_train_and_eval_reach_every_module_within():
    net = Sequential(Sequential(linear(2, 2), ReLU()), Tanh())
    modules = [net, net[0], net[0][0], net[0][1], net[1]]
    assert all(m.training for m in modules)
    net.eval()
    assert not any(m.training for m in modules)
    net.train()
    assert all(m.training for m in modules)


# ---- Sequential ---------------------------------------------------------------------


def test_every_gradient_of_nested_networks_is_right():
    inner = Sequential(linear(4, 3), Sigmoid())
    net = Sequential(linear(2, 4, 1), Tanh(), inner, Sequential(linear(3, 3, 2)))
    for batch in (1, 6):
        x = rng_of(batch).standard_normal((batch, 2))
        assert_gradients_right(net, x)
        assert_parameters_alone_agree(net, frozen(x))


def test_nesting_changes_nothing():
    layers = linear(2, 4), Tanh(), linear(4, 3, 1), Softmax()
    flat, nested = Sequential(*layers), Sequential(Sequential(*layers[:2]), *layers[2:])
    x, g = rng_of(0).standard_normal((5, 2)), rng_of(1).standard_normal((5, 3))
    assert np.array_equal(flat(x), nested(x))
    assert np.array_equal(flat.backward(g), nested.backward(g))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sequential(linear(3, 4), Tanh(), linear(4, 2, 1)),
        lambda: Sequential(Tanh(), Sigmoid(), linear(3, 2), Tanh()),
        lambda: Sequential(Sequential(ReLU()), Sequential(Tanh(), linear(3, 2))),
        lambda: Sequential(Scale(2.0), linear(3, 2)),
        lambda: mlp([3, 4, 2], rng=rng_of(0), dtype=np.float64),
    ],
)
def test_backward_parameters_gives_the_gradients_of_backward(make):
    assert_parameters_alone_agree(make(), frozen(rng_of(1).standard_normal((5, 3))))


class Counted(np.ndarray):
    """An array that counts the matrix products in which it takes part."""

    products = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **more):
        Counted.products += ufunc is np.matmul
        plain = [np.asarray(i) for i in inputs]
        if out is not None:
            more["out"] = tuple(np.asarray(o) for o in out)
        result = getattr(ufunc, method)(*plain, **more)
        return out[0] if out is not None else result.view(Counted)


def products(function, *arguments):
    """How many matrix products a call takes."""
    Counted.products = 0
    function(*arguments)
    return Counted.products


def counted_network(*before):
    net = Sequential(*before, linear(3, 4), Tanh(), linear(4, 4, 1), linear(4, 2, 2))
    for p in net.parameters():
        p.data = p.data.view(Counted)
    return net


@pytest.mark.parametrize("before", [[], [Tanh()], [Spy(), Sequential(Spy())]])
def test_backward_parameters_leaves_out_the_gradient_of_the_input(before):
    net = counted_network(*before)
    x, g = np.ones((5, 3)).view(Counted), np.ones((5, 2)).view(Counted)
    assert products(net, x) == 3
    assert products(net.backward, g) == 6
    net(x)
    assert products(net.backward_parameters, g) == 5
    spies = [m for m in net if isinstance(m, Spy)]
    assert all(spy.calls.count("backward") == 1 for spy in spies)


def test_in_a_nested_network_too_the_gradient_of_the_input_is_left_out():
    net = Sequential(counted_network(), Tanh())
    x, g = np.ones((5, 3)).view(Counted), np.ones((5, 2)).view(Counted)
    net(x)
    assert products(net.backward_parameters, g) == 5


def test_a_network_without_parameters_has_nothing_to_compute():
    spy = Spy()
    net = Sequential(spy, Tanh())
    net(np.ones((2, 2)))
    net.backward_parameters(np.ones((2, 2)))
    assert spy.calls == ["forward"]


def test_a_sequential_is_indexed_sliced_and_gone_through_like_a_list():
    modules = linear(2, 3), Tanh(), linear(3, 1)
    net = Sequential(*modules)
    assert len(net) == 3
    assert list(net) == list(modules)
    assert net[0] is modules[0]
    assert net[-1] is modules[2]
    assert isinstance(net[:2], Sequential)
    assert list(net[1:]) == list(modules[1:])
    with pytest.raises(IndexError):
        net[3]


def test_a_slice_shares_its_modules_and_their_parameters():
    net = Sequential(linear(2, 3), Tanh(), linear(3, 1))
    assert net[:2].parameters()[0] is net.parameters()[0]


def test_the_repr_shows_the_nesting():
    net = Sequential(linear(2, 3), Sequential(ReLU(), Softmax()))
    assert repr(net) == (
        "Sequential(\n"
        "  (0) Linear(2, 3)\n"
        "  (1) Sequential(\n"
        "    (0) ReLU()\n"
        "    (1) Softmax()\n"
        "  )\n"
        ")"
    )


def test_backward_before_forward_names_the_module_that_lacks_it():
    with pytest.raises(RuntimeError, match=r"Tanh.backward needs a forward before it"):
        Sequential(linear(2, 3), Tanh()).backward(np.ones((1, 3)))


@pytest.mark.parametrize(
    ("modules", "error", "message"),
    [
        ([], ValueError, "expected at least one module, got none"),
        ([ReLU], TypeError, "expected modules, got <class"),
        ([[ReLU()]], TypeError, r"expected modules, got \[ReLU\(\)\]"),
        ([MSELoss()], TypeError, r"expected modules, got MSELoss\(\)"),
        ([None], TypeError, "expected modules, got None"),
        ([ReLU()] * 2, ValueError, "expected different modules, got one of them twice"),
    ],
)
def test_a_sequential_of_anything_else_is_refused(modules, error, message):
    with pytest.raises(error, match=f"Sequential {message}"):
        Sequential(*modules)


def test_an_empty_slice_is_refused():
    with pytest.raises(ValueError, match="at least one module"):
        Sequential(ReLU())[1:]
