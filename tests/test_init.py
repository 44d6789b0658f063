"""Initialisation: the scale that keeps signals alive, and normal numbers by hand."""

import math

import numpy as np
import pytest
from helpers import rng_of

from nnlib import ReLU, Tanh, init
from nnlib.init import box_muller, fans

# The variance that each promises, for fans of 300 and 500.
VARIANCES = {
    "he_normal": 2 / 300,
    "he_uniform": 2 / 300,
    "xavier_normal": 2 / 800,
    "xavier_uniform": 2 / 800,
    "lecun_normal": 1 / 300,
}
every = pytest.mark.parametrize("name", VARIANCES)
normal = pytest.mark.parametrize("name", [n for n in VARIANCES if "normal" in n])
uniform = pytest.mark.parametrize("name", [n for n in VARIANCES if "uniform" in n])


def draw(name, shape=(300, 500), **more):
    return getattr(init, name)(shape, rng=rng_of(0), **more)


def test_no_initialiser_is_left_out():
    assert {*VARIANCES, "box_muller", "fans", "zeros"} == set(init.__all__)


@every
def test_the_mean_is_0_and_the_variance_is_the_one_promised(name):
    w = draw(name, dtype=np.float64)
    variance = VARIANCES[name]
    # Five standard errors of the mean, and of the variance, of 150,000 numbers.
    assert abs(w.mean()) < 5 * math.sqrt(variance / w.size)
    assert w.var() == pytest.approx(variance, rel=5 * math.sqrt(2 / w.size))


@normal
def test_normal_weights_have_the_tails_of_the_normal_distribution(name):
    z = draw(name, dtype=np.float64) / math.sqrt(VARIANCES[name])
    for bound, share in ((1, 0.6827), (2, 0.9545), (3, 0.9973)):
        assert np.mean(np.abs(z) < bound) == pytest.approx(share, abs=0.004)


@uniform
def test_uniform_weights_fill_their_interval_and_no_more(name):
    w = draw(name, dtype=np.float64)
    limit = math.sqrt(3 * VARIANCES[name])
    assert np.abs(w).max() <= limit
    counts, _ = np.histogram(w, bins=10, range=(-limit, limit))
    np.testing.assert_allclose(counts / w.size, 0.1, atol=0.005)


@every
def test_the_weights_of_a_convolution_are_scaled_by_its_field(name):
    w = draw(name, (40, 20, 5, 5), dtype=np.float64)
    fan_in, fan_out = 20 * 25, 40 * 25
    variance = {"he": 2 / fan_in, "xa": 2 / (fan_in + fan_out), "le": 1 / fan_in}
    assert w.shape == (40, 20, 5, 5)
    assert w.var() == pytest.approx(variance[name[:2]], rel=0.05)


@every
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_dtype_is_the_one_asked_for(name, dtype):
    assert draw(name, (3, 2), dtype=dtype).dtype == dtype
    assert draw(name, (3, 2)).dtype == np.float32


@every
def test_the_same_generator_state_gives_the_same_weights(name):
    assert np.array_equal(draw(name), draw(name))
    rng = rng_of(0)
    first, second = (getattr(init, name)((3, 2), rng=rng) for _ in range(2))
    assert not np.array_equal(first, second)


@every
def test_nothing_touches_the_global_random_state(name):
    # The old global generator, which nothing should use, is here the thing tested.
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    draw(name)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_zeros_are_zeros():
    z = init.zeros((2, 3))
    assert z.shape == (2, 3)
    assert z.dtype == np.float32
    assert not z.any()
    assert init.zeros((4,), dtype=np.float64).dtype == np.float64


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((3, 7), (3, 7)), ((1, 1), (1, 1)), ((16, 8, 5, 5), (200, 400))],
)
def test_fans_count_what_feeds_in_and_what_is_fed(shape, expected):
    assert fans(shape) == expected


def test_through_twenty_relu_layers_he_keeps_the_signal_and_xavier_loses_it():
    rng, spread = rng_of(0), {}
    for name in ("he_normal", "xavier_normal"):
        x = rng.standard_normal((64, 100))
        for _ in range(20):
            x = ReLU()(x @ getattr(init, name)((100, 100), rng=rng, dtype=float))
        spread[name] = x.std()
    assert 0.2 < spread["he_normal"] < 5
    assert spread["xavier_normal"] < 0.01


def test_through_ten_tanh_layers_xavier_keeps_the_signal():
    rng = rng_of(0)
    x = rng.standard_normal((64, 100))
    for _ in range(10):
        x = Tanh()(x @ init.xavier_normal((100, 100), rng=rng, dtype=float))
    assert 0.1 < x.std() < 1


# ---- Box and Muller -----------------------------------------------------------------


class Fixed(np.random.Generator):
    """A generator whose uniform numbers are the ones given."""

    def __init__(self, *values):
        super().__init__(np.random.PCG64(0))
        self.values = list(values)

    def random(self, size):
        return np.full(size, self.values.pop(0))


def test_box_muller_numbers_have_the_moments_of_the_normal_distribution():
    z = box_muller((200_000,), rng=rng_of(1))
    moments = [np.mean(z**k) for k in range(1, 5)]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.06)
    for bound, share in ((1, 0.6827), (2, 0.9545), (3, 0.9973)):
        assert np.mean(np.abs(z) < bound) == pytest.approx(share, abs=0.003)


def test_the_angles_of_box_muller_go_once_around_the_circle():
    """Degrees taken for radians go round 57 times and pass this and every moment."""
    z = box_muller((200_000,), rng=rng_of(2))
    cosine, sine = np.split(z, 2)
    quadrant = 2 * (cosine > 0) + (sine > 0)
    np.testing.assert_allclose(np.bincount(quadrant) / len(cosine), 0.25, atol=0.005)
    assert abs(np.corrcoef(cosine, sine)[0, 1]) < 0.01
    assert abs(np.corrcoef(cosine**2, sine**2)[0, 1]) < 0.02


@pytest.mark.parametrize(
    ("turn", "direction"),
    [(0, (1, 0)), (1 / 8, (0.5**0.5, 0.5**0.5)), (1 / 4, (0, 1)), (1 / 2, (-1, 0))],
)
def test_a_share_of_a_turn_is_that_angle_in_radians(turn, direction):
    """This is what tells degrees from radians."""
    radius = math.sqrt(2 * math.log(2))
    z = box_muller((2,), rng=Fixed(0.5, turn))
    np.testing.assert_allclose(z, radius * np.array(direction), atol=1e-15)


def test_a_uniform_number_of_0_makes_no_infinity():
    assert np.array_equal(np.abs(box_muller((2,), rng=Fixed(0.0, 0.0))), [0, 0])
    largest = np.nextafter(1, 0)
    assert np.isfinite(box_muller((2,), rng=Fixed(largest, 0.3))).all()


@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 5), (2, 2, 2), (0,), (3, 0)])
def test_box_muller_gives_any_shape_even_of_an_odd_size(shape):
    z = box_muller(shape, rng=rng_of(0))
    assert z.shape == shape
    assert z.dtype == np.float64
    assert len(np.unique(z)) == z.size


# ---- errors -------------------------------------------------------------------------


@every
@pytest.mark.parametrize("shape", [(3,), (), (3, 2, 1), (0, 2), (2, -1), (2, 3, 0, 1)])
def test_a_shape_without_fans_is_refused(name, shape):
    with pytest.raises(ValueError, match=r"init expected a shape .* got"):
        draw(name, shape)


@every
@pytest.mark.parametrize("rng", [None, 0, np.random.RandomState(0)])
def test_a_generator_is_required(name, rng):
    with pytest.raises(TypeError, match="init expected rng as a numpy Generator"):
        getattr(init, name)((2, 3), rng=rng)
    with pytest.raises(TypeError, match="box_muller expected rng as a numpy Gen"):
        box_muller((3,), rng=rng)
    with pytest.raises(TypeError, match="rng"):
        getattr(init, name)((2, 3))


@every
def test_a_dtype_that_is_no_float_is_refused(name):
    for make in (lambda: draw(name, dtype=int), lambda: init.zeros((2,), dtype=int)):
        with pytest.raises(TypeError, match="dtype as a float dtype, got int64"):
            make()
