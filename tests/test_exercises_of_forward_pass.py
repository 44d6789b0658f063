"""What the exercises of the forward pass accept, refuse, and say of a refusal."""

from itertools import pairwise

import exercise_reading
import numpy as np
import pytest

from nnlib import Tanh, mlp
from nnlib.exercises import check
from nnlib.exercises.forward_pass import ANY_NETWORK, MyNetwork

pytestmark = pytest.mark.usefixtures("no_progress")


def said_of(answer, name="any-network"):
    return exercise_reading.said_of(f"forward-pass/{name}", answer)


class OfNnlib:
    """nnlib's own network, in float64."""

    activation = None

    def __init__(self, sizes, rng):
        known = {} if self.activation is None else {"activation": self.activation}
        self.model = mlp(sizes, rng=rng, **known)
        for parameter in self.model.parameters():
            parameter.data = parameter.data.astype(np.float64)

    def forward(self, x):
        return self.model(x)


class WithTanh(OfNnlib):
    activation = Tanh


class Uniform:
    """Weights and biases from -1/sqrt(m) to 1/sqrt(m), stored as (N, M)."""

    def __init__(self, sizes, rng):
        self.layers = []
        for m, n in pairwise(sizes):
            bound = 1 / np.sqrt(m)
            weight = rng.uniform(-bound, bound, (n, m))
            self.layers.append((weight, rng.uniform(-bound, bound, n)))

    def forward(self, x):
        for i, (weight, bias) in enumerate(self.layers):
            if i:
                x = np.where(x > 0, x, 0.1 * x)
            x = x @ weight.T + bias
        return x


class Recursive:
    """A network is a layer, and a network after it."""

    def __init__(self, sizes, rng):
        m, n, *_ = sizes
        self.weight, self.bias = rng.normal(size=(m, n)) / np.sqrt(m), np.zeros(n)
        self.rest = Recursive(sizes[1:], rng) if len(sizes) > 2 else None

    def forward(self, x):
        z = x @ self.weight + self.bias
        return z if self.rest is None else self.rest.forward(np.abs(z))


@pytest.mark.parametrize("answer", [OfNnlib, WithTanh, Uniform, Recursive])
def test_any_network_that_has_the_properties_is_right(answer):
    verdict = check("forward-pass/any-network", answer)
    assert verdict, verdict


def test_a_network_in_float32_is_refused_by_dtype():
    class Short(MyNetwork):
        def forward(self, x):
            return super().forward(x).astype(np.float32)

    assert "float32 came, and not float64" in said_of(Short)


def test_a_network_that_overflows_is_refused():
    class Overflowing(MyNetwork):
        def forward(self, x):
            return super().forward(x) / 0.0 if x.shape[1] == 3 else super().forward(x)

    with np.errstate(divide="ignore"):
        assert "not finite" in said_of(Overflowing)


def test_a_network_that_bends_with_two_sizes_is_refused():
    class Bent(MyNetwork):
        def forward(self, x):
            return np.tanh(super().forward(x))

    assert "With two sizes there is one linear layer" in said_of(Bent)


def test_a_sigmoid_at_the_end_is_refused():
    class Squashed(MyNetwork):
        def forward(self, x):
            return 1 / (1 + np.exp(-super().forward(x)))

    assert "No result is ever negative" in said_of(Squashed)


def test_a_forgotten_return_is_named():
    class Silent(MyNetwork):
        def forward(self, x):
            super().forward(x)

    assert "has to return an array" in said_of(Silent)


def test_what_the_hints_name_is_imported_by_the_chapter():
    texts = [*ANY_NETWORK.hints, *(one.diagnosis for one in ANY_NETWORK.mistakes)]
    assert "np.sqrt" in " ".join(texts)
    assert "math." not in " ".join([*texts, ANY_NETWORK.solution])


@pytest.mark.parametrize("draw", ["random", "uniform", "abs of normal"])
def test_weights_without_a_minus_are_not_taken_for_a_bend_at_the_end(draw):
    class Positive(MyNetwork):
        def __init__(self, sizes, rng):
            self.layers = [
                (
                    np.abs(rng.normal(size=(m, n)))
                    if draw == "abs of normal"
                    else getattr(rng, draw)(size=(m, n)),
                    np.zeros(n),
                )
                for m, n in pairwise(sizes)
            ]

    assert "known mistake: draws no negative weights" in said_of(Positive)


def test_an_answer_for_each_sample_is_not_taken_for_columns():
    class Answers(MyNetwork):
        def forward(self, x):
            return np.array([int(row.argmax()) for row in super().forward(x)])

    assert "known mistake: gives the answers" in said_of(Answers)


@pytest.mark.parametrize(
    "fits", [lambda b, n: b[-1] == n, lambda b, n: b[0] == n, lambda b, n: n in b]
)
def test_none_that_says_all_fits_is_not_called_a_forgotten_return(fits):
    def first_misfit(x, weight, bias):
        if len(x) != 2 or len(weight) != 2:
            return "axes"
        if x[1] != weight[0]:
            return "product"
        return None if fits(bias, weight[1]) else "bias"

    said = said_of(first_misfit, "first-misfit")
    assert 'Expected was `"bias"`. `None` says that all fits' in said
    assert "Is there a `return`?" not in said


def test_a_small_number_is_seen_however_small():
    for small in (1e-3, 1e-11, 1e-12):

        def softmax(z, small=small):
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / (e.sum(axis=1, keepdims=True) + small)

        assert not check("forward-pass/stable-softmax", softmax)


@pytest.mark.parametrize("axis", [1, -1])
def test_other_ways_to_a_right_softmax_pass(axis):
    def by_the_logarithm(z):
        s = z - np.max(z, axis=axis, keepdims=True)
        return np.exp(s - np.log(np.exp(s).sum(axis=axis, keepdims=True)))

    def by_rows(z):
        out = np.zeros_like(z)
        for i, row in enumerate(z):
            e = np.exp(row - max(row))
            out[i] = e / sum(e)
        return out

    def turned_over(z):
        e = np.exp(z.T - z.max(axis=axis))
        return (e / e.sum(axis=0)).T

    for answer in (by_the_logarithm, by_rows, turned_over):
        verdict = check("forward-pass/stable-softmax", answer)
        assert verdict, verdict


class Bending:
    """A network that bends, as `bend` does, after the layers that `after` tells."""

    after = staticmethod(lambda i, layers: i < layers - 1)
    bend = staticmethod(lambda z: np.maximum(z, 0))
    biases = 0.1

    def __init__(self, sizes, rng):
        self.layers = [
            (rng.normal(size=(m, n)) * np.sqrt(2 / m), self.biases * rng.normal(size=n))
            for m, n in pairwise(sizes)
        ]

    def forward(self, x):
        for i, (weight, bias) in enumerate(self.layers):
            x = x @ weight + bias
            if self.after(i, len(self.layers)):
                x = self.bend(x)
        return x


BENDS = {
    "relu": lambda z: np.maximum(z, 0),
    "leaky": lambda z: np.where(z > 0, z, 0.1 * z),
    "abs": np.abs,
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softplus": lambda z: np.logaddexp(0, z),
}


@pytest.mark.parametrize("biases", [0, 0.1, 1])
@pytest.mark.parametrize("name", BENDS)
def test_whatever_bends_at_each_place_is_right(name, biases):
    answer = type("Answer", (Bending,), {"bend": staticmethod(BENDS[name])})
    answer.biases = biases
    answer.__init__, answer.forward = Bending.__init__, Bending.forward
    verdict = check("forward-pass/any-network", answer)
    assert verdict, verdict


@pytest.mark.parametrize("name", ["relu", "tanh"])
@pytest.mark.parametrize(
    ("after", "said"),
    [
        (lambda i, layers: i == 0 and layers > 1, "before the last layer"),
        (lambda i, layers: i < layers - 2 or (i, layers) == (0, 2), "before the last"),
        (lambda i, layers: i != 1 and i < layers - 1, "before the last layer"),
        (lambda i, layers: i == layers - 2, "after the first layer"),
        (
            lambda i, layers: 0 < i < layers - 1 or layers == 2 > i + 1,
            "after the first",
        ),
    ],
)
def test_a_place_where_nothing_bends_is_seen(name, after, said):
    answer = type("Answer", (Bending,), {"after": staticmethod(after)})
    answer.bend = staticmethod(BENDS[name])
    answer.__init__, answer.forward = Bending.__init__, Bending.forward
    assert f"Nothing bends {said}" in said_of(answer)


def test_hidden_layers_of_its_own_are_not_taken_for_a_bend_at_the_end():
    class Fixed(MyNetwork):
        def __init__(self, sizes, rng):
            super().__init__([sizes[0], 32, 32, sizes[-1]], rng)

    assert "known mistake: has hidden layers of its own" in said_of(Fixed)


@pytest.mark.parametrize("above", ["0", "absolute"])
def test_more_than_the_largest_is_not_taken_for_a_clip(above):
    def softmax(z):
        size = np.abs(z) if above == "absolute" else np.maximum(z, 0)
        e = np.exp(z - size.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    said = said_of(softmax, "stable-softmax")
    assert "subtracts more than the largest of the row" in said
