"""What the exercises of initialisation accept, refuse, and say of what they refuse."""

import math

import exercise_reading
import numpy as np
import pytest

from nnlib import SGD, CrossEntropyLoss, Linear, ReLU, Sequential, Tanh, init
from nnlib.exercises import check
from nnlib.exercises.initialization import (
    _draw,
    _why_it_is_not,
    count_distinct,
    fan_in_and_out,
    first_excess,
    he_uniform_from,
    normal_pairs,
    orthogonal,
    stds_by_depth,
)
from nnlib.functional import log_softmax

pytestmark = pytest.mark.usefixtures("no_progress")


def accepted(id, answer):
    verdict = check(f"initialization/{id}", answer)
    assert verdict, verdict
    return True


def said_of(id, answer):
    return exercise_reading.said_of(f"initialization/{id}", answer)


# ---- fans, and uniform weights ------------------------------------------------------


def in_pytorch_s_order(shape):
    """Return what nnlib has for a weight of two or four sizes, outputs first."""
    return init.fans(shape if len(shape) == 4 else shape[::-1])


def test_fans_of_matrices_and_pictures_are_the_library_s():
    def by_nnlib(shape):
        if len(shape) in (2, 4):
            return in_pytorch_s_order(shape)
        return np.prod(shape[1:]), shape[0] * np.prod(shape[2:])

    assert accepted("fan-in", by_nnlib)


def test_a_loop_over_the_sides_is_right():
    def by_a_loop(shape):
        fan_out, fan_in, *sides = shape
        for side in sides:
            fan_in, fan_out = fan_in * side, fan_out * side
        return fan_in, fan_out

    assert accepted("fan-in", by_a_loop)


def test_fans_that_are_no_integers_are_refused():
    text = said_of("fan-in", lambda shape: (shape[1] * 1.0, shape[0] * 1.0))
    assert "The number fan_in is a float; expected was an integer" in text


def test_the_remark_on_fans_has_its_numbers_right():
    fan_in, _ = fan_in_and_out((512, 512, 3, 3))
    assert fan_in == 4608
    assert math.sqrt(2 / fan_in) == pytest.approx(0.021, abs=5e-4)


def test_uniform_weights_by_way_of_their_variance_are_right():
    def by_variance(u):
        variance = 2 / u.shape[0]
        return (u - 0.5) * math.sqrt(12 * variance)

    assert accepted("he-uniform", by_variance)


def test_uniform_weights_have_he_s_variance():
    w = he_uniform_from(np.random.default_rng(0).random((400, 300)))
    assert w.var() == pytest.approx(2 / 400, rel=0.01)
    assert abs(w).max() <= math.sqrt(6 / 400)


def test_two_over_the_root_is_told_from_the_root_of_two_over():
    text = said_of("he-uniform", lambda u: 6 / np.sqrt(len(u)) * (2 * u - 1))
    assert "known mistake: takes the root of the fan alone." in text


# ---- Box and Muller -----------------------------------------------------------------


def test_the_ways_around_the_logarithm_of_0_are_right():
    def by_log1p(u1, u2):
        z = np.sqrt(-2 * np.log1p(-u1)) * np.exp(2j * np.pi * u2)
        return z.real, z.imag

    def by_a_product(u1, u2):
        radius = np.sqrt(np.log(1 / (1 - u1) ** 2))
        return radius * np.cos(2 * np.pi * u2), radius * np.sin(2 * np.pi * u2)

    assert accepted("box-muller", by_log1p)
    assert accepted("box-muller", by_a_product)


def test_the_answer_is_normal_and_degrees_pass_the_same_tests():
    """Moments, correlation and tails do not tell them apart; a known pair does."""
    rng = np.random.default_rng(0)
    u1, u2 = rng.random((2, 100_000))
    radius = np.sqrt(-2 * np.log(1 - u1))
    for z1, z2 in (
        normal_pairs(u1, u2),
        (radius * np.cos(360 * u2), radius * np.sin(360 * u2)),
    ):
        for z in (z1, z2):
            assert abs(z.mean()) < 0.02
            assert z.var() == pytest.approx(1, abs=0.02)
            assert np.mean(abs(z) < 1) == pytest.approx(0.6827, abs=0.01)
            assert np.mean(abs(z) > 2) == pytest.approx(0.0455, abs=0.005)
        assert abs(np.corrcoef(z1, z2)[0, 1]) < 0.02
    z1, z2 = normal_pairs(np.array([0.5]), np.array([0.25]))
    assert abs(z1[0]) < 1e-15
    assert z2[0] == pytest.approx(math.sqrt(2 * math.log(2)))
    text = said_of("box-muller", lambda u1, u2: (np.cos(360 * u2), np.sin(360 * u2)))
    assert "known mistake" not in text


def test_no_pair_is_further_out_than_the_comment_says():
    last = np.nextafter(1.0, 0.0)
    assert last == 1 - 2.0**-53
    z1, _ = normal_pairs(np.array([last]), np.array([0.0]))
    assert z1[0] == pytest.approx(8.57, abs=0.005)
    assert math.erfc(z1[0] / math.sqrt(2)) < 1e-16


def test_a_verdict_prints_no_rounding():
    def wrong_at_0(u1, u2):
        z1, z2 = normal_pairs(u1, u2)
        return z1 + (u1 == 0), z2

    text = said_of("box-muller", wrong_at_0)
    assert "u1 = array([0.])" in text
    assert "expected: (array([0.]), array([0.]))" in text

    def half_a_turn(u1, u2):
        radius = np.sqrt(-2 * np.log(1 - u1))
        return radius * np.cos(np.pi * u2), radius * np.sin(np.pi * u2)

    assert "e-17" not in said_of("box-muller", half_a_turn)


def test_a_bound_on_the_radius_is_refused_even_where_it_is_far_out():
    def bounded(u1, u2):
        radius = np.sqrt(-2 * np.log(np.maximum(1 - u1, 1e-15)))
        return radius * np.cos(2 * np.pi * u2), radius * np.sin(2 * np.pi * u2)

    assert said_of("box-muller", bounded)


def test_a_small_number_in_the_logarithm_is_named_wherever_it_is_put():
    def with_radius(squared):
        def pairs(u1, u2):
            with np.errstate(invalid="ignore"):
                radius = np.sqrt(squared(u1))
            return radius * np.cos(2 * np.pi * u2), radius * np.sin(2 * np.pi * u2)

        return pairs

    bounded = with_radius(lambda u: -2 * np.log(np.maximum(u, 1e-12)))
    text = said_of("box-muller", bounded)
    assert "known mistake: keeps u1 away from 0." in text
    shifted = with_radius(lambda u: -2 * np.log(1 - u + 1e-12))
    text = said_of("box-muller", shifted)
    assert "known mistake: adds a small number to 1 - u1." in text


def test_an_infinite_pair_is_named_with_its_cause():
    def log_of_u(u1, u2):
        with np.errstate(all="ignore"):
            radius = np.sqrt(-2 * np.log(u1))
            return radius * np.cos(2 * np.pi * u2), radius * np.sin(2 * np.pi * u2)

    text = said_of("box-muller", log_of_u)
    assert "known mistake: takes the logarithm of u1." in text
    assert "1 - u1 is as uniform, and is never 0." in text


# ---- twenty layers ------------------------------------------------------------------


def test_layers_of_nnlib_are_right():
    def by_linear(x, weights, gain, f):
        layers = []
        for weight in weights:
            linear = Linear(
                *weight.shape,
                rng=np.random.default_rng(0),
                bias=False,
                dtype=np.float64,
            )
            linear.weight.data = weight * (gain / weight.shape[0] ** 0.5)
            layers.append(linear)
        stds = np.empty(len(weights))
        for i, linear in enumerate(layers):
            x = f(linear(x))
            stds[i] = np.sqrt(np.mean((x - x.mean()) ** 2))
        return stds

    assert accepted("std-at-depth", by_linear)


@pytest.mark.parametrize(
    ("gain", "least", "most"), [(1.0, 5e-4, 1.5e-3), (2**0.5, 0.5, 1.5)]
)
def test_a_gain_of_1_loses_what_he_keeps(gain, least, most):
    """After 20 layers of ReLU: 2^-9.5 · √(1/2 - 1/2π) and √2 times 0.584."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((200, 200))
        weights = rng.standard_normal((20, 200, 200))
        assert least < stds_by_depth(x, weights, gain, ReLU())[-1] < most


# ---- twins --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "count",
    [
        lambda w1, b1, w2: len({(*w1[:, j], b1[j], *w2[j]) for j in range(len(b1))}),
        lambda w1, b1, w2: len(np.unique(np.hstack([w1.T, b1[:, None], w2]), axis=0)),
        lambda w1, b1, w2: sum(
            not any(
                np.array_equal(w1[:, i], w1[:, j])
                and b1[i] == b1[j]
                and np.array_equal(w2[i], w2[j])
                for i in range(j)
            )
            for j in range(len(b1))
        ),
    ],
    ids=["a set", "rows", "loops"],
)
def test_every_way_to_count_is_right(count):
    assert accepted("symmetry", count)


def test_a_unit_that_agrees_with_one_here_and_with_another_there_is_no_twin():
    b1, w2 = np.zeros(4), np.array([[1.0], [2.0], [1.0], [2.0]])
    w1 = np.array([[1.0, 1.0, 2.0, 2.0]])
    assert count_distinct(w1, b1, w2) == 4

    def in_or_out(w1, b1, w2):
        kinds = {(*w1[:, j], b1[j]) for j in range(len(b1))}
        return max(len(kinds), len({tuple(row) for row in w2}))

    text = said_of("symmetry", in_or_out)
    assert "known mistake: takes the larger of two counts." in text


@pytest.mark.parametrize("tolerance", [1e-8, 1e-6, 1e-3, 0.2])
def test_units_that_are_nearly_alike_are_no_twins(tolerance):
    def nearly(w1, b1, w2):
        units, kinds = np.vstack([w1, b1, w2.T]).T, []
        for unit in units:
            if not any(np.allclose(unit, k, rtol=0, atol=tolerance) for k in kinds):
                kinds.append(unit)
        return len(kinds)

    text = said_of("symmetry", nearly)
    assert "known mistake: compares up to a tolerance." in text


@pytest.mark.parametrize("rtol", [1e-5, 1e-8])
def test_a_relative_tolerance_makes_no_twins_either(rtol):
    def nearly(w1, b1, w2):
        units = np.vstack([w1, b1, w2.T]).T
        return sum(
            not any(
                np.allclose(units[j], units[k], rtol=rtol, atol=0) for k in range(j)
            )
            for j in range(len(units))
        )

    text = said_of("symmetry", nearly)
    assert "known mistake: compares up to a tolerance." in text


def test_rounded_units_are_no_twins():
    def rounded(w1, b1, w2):
        return np.unique(np.vstack([w1, b1, w2.T]).round(6), axis=1).shape[1]

    text = said_of("symmetry", rounded)
    assert "known mistake: compares up to a tolerance." in text


@pytest.mark.parametrize("activation", [Tanh, ReLU])
def test_twins_stay_twins_in_training_and_others_part(activation):
    rng = np.random.default_rng(0)

    def trained(w1, w2):
        layers = [
            Linear(*w.shape, rng=np.random.default_rng(0), dtype=np.float64)
            for w in (w1, w2)
        ]
        for layer, w in zip(layers, (w1, w2), strict=True):
            layer.weight.data = w.copy()
        model = Sequential(layers[0], activation(), layers[1])
        loss, optimizer = CrossEntropyLoss(), SGD(model.parameters(), lr=0.1)
        for _ in range(30):
            loss(model(x), y)
            model.backward(loss.backward())
            optimizer.step()
        first, last = layers
        return count_distinct(first.weight.data, first.bias.data, last.weight.data)

    x, y = rng.standard_normal((20, 4)), rng.integers(3, size=20)
    constant = np.full((4, 6), 0.3), np.full((6, 3), 0.1)
    assert trained(*constant) == 1
    assert trained(np.zeros((4, 6)), np.zeros((6, 3))) == 1
    assert trained(constant[0], rng.standard_normal((6, 3))) == 6
    two = rng.standard_normal((4, 2)), rng.standard_normal((2, 3))
    pairs = [0, 1, 0, 1, 1, 0]
    assert trained(two[0][:, pairs], two[1][pairs]) == 2


# ---- the first loss -----------------------------------------------------------------


def test_the_logarithm_of_softmax_is_as_good_as_the_loss():
    def by_hand(a, w, y, scales):
        logits = scales[:, None, None] * (a @ w)
        losses = -np.stack([log_softmax(z)[np.arange(len(y)), y] for z in logits])
        return losses.mean(axis=1) - np.log(w.shape[1])

    def by_a_shift(a, w, y, scales):
        losses = []
        for scale in scales:
            z = scale * a @ w
            z = z - z.max(axis=1, keepdims=True)
            sums = np.log(np.exp(z).sum(axis=1))
            losses.append((sums - z[np.arange(len(y)), y]).mean())
        return np.array(losses) - np.log(w.shape[1])

    assert accepted("first-loss", by_hand)
    assert accepted("first-loss", by_a_shift)


def test_the_excess_of_small_logits_is_half_their_variance():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((5000, 50))
    w = rng.standard_normal((50, 10)) / 50**0.5
    y = rng.integers(10, size=5000)
    scales = np.array([0.1, 0.2, 0.4])
    logits = a @ w
    expected = scales**2 * logits.var(axis=1).mean() / 2
    # What the labels' logits happen to be on average is the rest.
    chance = scales * (logits.mean(axis=1) - logits[np.arange(5000), y]).mean()
    found = first_excess(a, w, y, scales)
    np.testing.assert_allclose(found - chance, expected, rtol=0.05)
    large = first_excess(a, w, y, np.array([200.0, 400.0]))
    assert large[1] / large[0] == pytest.approx(2, rel=0.05)


# ---- orthogonal weights -------------------------------------------------------------


def by_singular_vectors(shape, gain, rng):
    u, _, vt = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
    return gain * u @ vt


def by_gram_and_schmidt(shape, gain, rng):
    a = rng.standard_normal((max(shape), min(shape)))
    for j in range(a.shape[1]):
        for _ in range(2):  # once more, for the roundings
            a[:, j] -= a[:, :j] @ (a[:, :j].T @ a[:, j])
        a[:, j] /= np.linalg.norm(a[:, j])
    return gain * (a if a.shape == tuple(shape) else a.T)


def with_signs_of_its_own(shape, gain, rng):
    q, _ = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    q *= rng.choice([-1.0, 1.0], q.shape[1])
    return gain * (q if shape[0] >= shape[1] else q.T)


def with_signs_of_rows(shape, gain, rng):
    """LAPACK's signs follow those of the rows: these coins reach the columns too."""
    q, _ = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    q *= rng.choice([-1.0, 1.0], (len(q), 1))
    return gain * (q if shape[0] >= shape[1] else q.T)


RIGHT = [
    orthogonal,
    by_singular_vectors,
    by_gram_and_schmidt,
    with_signs_of_its_own,
    with_signs_of_rows,
]


@pytest.mark.parametrize("answer", RIGHT)
def test_every_way_to_draw_an_orthogonal_matrix_is_right(answer):
    assert accepted("orthogonal", answer)


@pytest.mark.parametrize("answer", RIGHT)
def test_what_is_right_is_so_by_any_seed(answer):
    for seed in range(5):
        for shape in ((2, 2), (40, 40)):
            drawn = _draw(answer, shape, 1.0, seed)
            assert _why_it_is_not(drawn, shape, 1.0, seed) is None


def shuffled(square, shape, gain, rng):
    order = rng.permutation(len(square))
    w = square[order] * rng.choice([-1.0, 1.0], (len(square), 1))
    return gain * w[: shape[0], : shape[1]] * rng.choice([-1.0, 1.0], shape[1])


def with_one_coin(shape, gain, rng):
    coin = rng.choice([-1.0, 1.0])
    q, _ = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    return gain * coin * (q if shape[0] >= shape[1] else q.T)


def of_positive_numbers(shape, gain, rng):
    coins = rng.choice([-1.0, 1.0], min(shape))
    q = np.linalg.qr(rng.random((max(shape), min(shape))))[0] * coins
    return gain * (q if shape[0] >= shape[1] else q.T)


def of_uniform_numbers(shape, gain, rng):
    q, _ = np.linalg.qr(rng.uniform(-0.5, 0.5, (max(shape), min(shape))))
    q *= rng.choice([-1.0, 1.0], min(shape))
    return gain * (q if shape[0] >= shape[1] else q.T)


def of_one_matrix(shape, gain, rng):
    n = max(shape)
    fixed = np.linalg.qr(np.random.default_rng(5).standard_normal((n, n)))[0]
    return shuffled(fixed, shape, gain, rng)


def of_one_reflection(shape, gain, rng):
    v = rng.standard_normal(max(shape))
    v /= np.linalg.norm(v)
    return shuffled(np.eye(len(v)) - 2 * np.outer(v, v), shape, gain, rng)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (of_positive_numbers, "the entries [0, 0] and [1, 0] had the same sign 1500"),
        (with_one_coin, "the determinant was positive 0 times"),
        (of_uniform_numbers, "some directions come more often than others"),
        (of_one_matrix, "the entry [0, 0] had only 2 different sizes"),
        (of_one_reflection, "some directions come more often than others"),
    ],
)
def test_draws_that_prefer_some_matrices_are_refused(answer, said):
    assert said in said_of("orthogonal", answer)


def test_an_orthogonal_matrix_may_be_of_float32():
    assert accepted("orthogonal", lambda *given: orthogonal(*given).astype(np.float32))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda shape, gain, rng: [1.0], "The result is of type list"),
        (lambda shape, gain, rng: np.ones(3), "has shape (3,); expected was (2, 2)"),
        (lambda shape, gain, rng: np.eye(*shape, dtype=int), "dtype int64"),
        (lambda shape, gain, rng: np.full(shape, np.nan), "infinite or not a number"),
        (
            lambda shape, gain, rng: orthogonal(shape, gain, np.random.default_rng()),
            "Two generators of the same seed gave different weights",
        ),
        (
            lambda shape, gain, rng: abs(orthogonal(shape, gain, rng)),
            "columns 0 and 1 are not at a right angle",
        ),
        (
            lambda shape, gain, rng: 1.1 * orthogonal(shape, gain, rng),
            "column 0 has length 1.1, and the gain is 1.",
        ),
    ],
)
def test_what_is_wrong_with_a_matrix_is_said(answer, said):
    assert said in said_of("orthogonal", answer)


def test_the_global_state_is_as_it_was_after_a_check():
    np.random.seed(12)  # noqa: NPY002
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(12)  # noqa: NPY002
    text = said_of("orthogonal", lambda s, g, rng: orthogonal(s, g, np.random))
    assert "known mistake: draws from the global state." in text
    np.testing.assert_array_equal(np.random.random(3), expected)  # noqa: NPY002


def test_orthogonal_layers_keep_the_length_to_13_digits():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(100)
    length = np.linalg.norm(x)
    for _ in range(50):
        x = x @ orthogonal((100, 100), 1.0, rng)
    assert np.linalg.norm(x) == pytest.approx(length, rel=1e-13)
