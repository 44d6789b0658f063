"""Data: the IDX format, the digits, batches and toy sets are what they say."""

import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnlib.data import (
    IDX_TYPES,
    batches,
    linear,
    load_digits,
    load_mnist,
    parse_idx,
    random_shifts,
    sine,
    spirals,
    two_moons,
)
from nnlib.images import center_digit


def idx(array: np.ndarray, code: int) -> bytes:
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + array.astype(IDX_TYPES[code]).tobytes()


numbers = st.sampled_from(sorted(IDX_TYPES)).flatmap(
    lambda code: st.tuples(
        st.just(code),
        hnp.arrays(
            np.dtype(IDX_TYPES[code]).newbyteorder("="),
            hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
        ),
    )
)


# IDX


@given(numbers)
def test_an_array_written_as_idx_is_read_back(number):
    code, array = number
    parsed = parse_idx(idx(array, code))
    assert parsed.dtype == array.dtype
    assert parsed.dtype.isnative
    np.testing.assert_array_equal(parsed, array)


@given(numbers, st.binary(min_size=1, max_size=20))
def test_idx_cut_anywhere_or_continued_is_an_error(number, more):
    code, array = number
    content = idx(array, code)
    for length in range(len(content)):
        with pytest.raises(ValueError, match="parse_idx expected"):
            parse_idx(content[:length])
    with pytest.raises(ValueError, match="parse_idx expected"):
        parse_idx(content + more)


@given(st.binary(max_size=64))
def test_any_bytes_are_an_array_or_a_clear_error(content):
    try:  # either outcome is right, so pytest.raises does not say it
        array = parse_idx(content)
    except ValueError as error:
        assert str(error).startswith("parse_idx expected")  # noqa: PT017
    else:
        assert array.nbytes + 4 + 4 * array.ndim == len(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\0\0\x08", "at least 4 bytes, got 3"),
        (b"\x1f\x8b\x08\0", "two zero bytes at the start, got 0x1f 0x8b"),
        (b"\0\0\x07\1\0\0\0\0", "type code among 0x08, .*, got 0x07"),
        (b"\0\0\x08\x03\0\0\0\1", "header of 16 bytes for 3 dimensions, got 8"),
        (b"\0\0\x08\1\0\0\0\5abc", r"5 bytes of data for shape \(5,\), got 3"),
        (b"\0\0\x08\1\0\0\0\2abc", r"2 bytes of data for shape \(2,\), got 3"),
        (b"\0\0\x0c\1\0\0\0\2abc", r"8 bytes of data for shape \(2,\), got 3"),
        (b"\0\0\x08\xff" + bytes(4 * 255), "at most 64 dimensions, got 255"),
        (b"\0\0\x0e\4" + b"\x80\0\0\0" * 4, f"{2**127} bytes of data"),
    ],
)
def test_an_idx_error_says_what_was_expected_and_what_came(content, message):
    with pytest.raises(ValueError, match=message):
        parse_idx(content)


def test_sizes_in_an_idx_header_are_not_believed():
    content = b"\0\0\x08\3" + b"\0\0\xff\xff" * 3 + bytes(100)
    tracemalloc.start()
    with pytest.raises(ValueError, match="got 100"):
        parse_idx(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


def test_empty_idx_of_absurd_shape_is_a_value_error():
    content = b"\0\0\x08\5" + b"\0\0\0\0" + b"\xff\xff\xff\xff" * 4
    with pytest.raises(ValueError, match=r"."):
        parse_idx(content)


def test_an_array_read_from_idx_may_be_written_to():
    array = parse_idx(b"\0\0\x08\1\0\0\0\2ab")
    array[0] = 7
    assert array.tolist() == [7, ord("b")]


# The digits


@pytest.mark.parametrize(("flatten", "shape"), [(True, (784,)), (False, (1, 28, 28))])
def test_digits_come_in_the_form_of_mnist(flatten, shape):
    (x_train, y_train), (x_test, y_test) = load_digits(flatten)
    for x, y in ((x_train, y_train), (x_test, y_test)):
        assert x.shape == (len(y), *shape)
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        assert (x.min(), x.max()) == (0, 1)
        assert x.flags.c_contiguous
    assert len(y_train) + len(y_test) == 1797


def test_digits_are_the_same_each_time_by_either_name():
    for a, b in zip(load_digits(), load_mnist("digits"), strict=True):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])


def test_a_fifth_of_every_digit_is_for_testing():
    (_, y_train), (_, y_test) = load_digits()
    share = np.bincount(y_test) / (np.bincount(y_train) + np.bincount(y_test))
    assert np.all(np.abs(share - 0.2) < 0.005)


def test_no_digit_is_in_both_parts():
    (x_train, _), (x_test, _) = load_digits()
    assert len(np.unique(np.concatenate([x_train, x_test]), axis=0)) == 1797


def test_digits_lie_in_the_frame_as_those_of_mnist():
    (x, _), _ = load_digits(flatten=False)
    images = x[:, 0]
    position = np.arange(28)
    mass = images.sum(axis=(1, 2))
    for axis in (1, 2):
        centre = images.sum(axis=3 - axis) @ position / mass
        assert np.all(np.abs(centre - 14) <= 0.51)
    extent = [max(np.ptp(np.argwhere(image), axis=0) + 1) for image in images]
    assert set(extent) <= {19, 20}


def test_a_digit_shown_to_predict_is_the_digit_that_was_trained_on():
    (x, _), _ = load_digits(flatten=False)
    for image in x[:100, 0]:
        assert np.abs(center_digit(1 - image) - image).mean() < 0.06


# Batches


@given(st.integers(0, 40), st.integers(1, 50), st.integers(0, 3))
def test_an_epoch_shows_every_sample_once_with_its_own_target(n, size, seed):
    x = np.arange(n, dtype=np.float32)[:, None]
    y = np.arange(n) * 10
    epoch = list(batches(x, y, size, rng=np.random.default_rng(seed)))
    assert all(len(part) == size for part, _ in epoch[:-1])
    assert all(1 <= len(part) <= size for part, _ in epoch)
    seen = [value for part, _ in epoch for value in part[:, 0].tolist()]
    assert sorted(seen) == list(range(n))
    for x_batch, y_batch in epoch:
        np.testing.assert_array_equal(x_batch[:, 0] * 10, y_batch)


def test_without_rng_samples_come_in_order():
    x, y = np.arange(10.0), np.arange(10)
    parts = [y_batch for _, y_batch in batches(x, y, 4)]
    assert [len(part) for part in parts] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate(parts), y)


def test_epochs_differ_and_seeds_repeat():
    x = np.arange(100)
    rng = np.random.default_rng(0)
    first, second = (next(batches(x, x, 100, rng=rng))[0] for _ in range(2))
    (again, _), *_ = batches(x, x, 100, rng=np.random.default_rng(0))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, again)


def test_writing_into_a_batch_leaves_the_data_alone():
    x, y = np.zeros((4, 2)), np.zeros(4)
    for rng in (None, np.random.default_rng(0)):
        for x_batch, y_batch in batches(x, y, 2, rng=rng):
            x_batch += 1
            y_batch += 1
    assert not x.any()
    assert not y.any()


def test_batches_say_what_is_wrong():
    x, y = np.zeros((4, 2)), np.zeros(3)
    with pytest.raises(ValueError, match="got 4 and 3"):
        list(batches(x, y, 2))
    with pytest.raises(ValueError, match="batch_size of at least 1, got 0"):
        list(batches(x, x, 0))


# Toy sets


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("make", "x_shape", "y_shape", "y_dtype"),
    [
        (lambda **k: two_moons(51, 0.1, **k), (51, 2), (51,), np.int64),
        (lambda **k: spirals(50, 3, 0.1, **k), (50, 2), (50,), np.int64),
        (lambda **k: sine(50, 0.1, **k), (50, 1), (50, 1), np.float32),
        (lambda **k: linear(50, [1, 2], 3, 0.1, **k), (50, 2), (50, 1), np.float32),
        (lambda **k: linear(1, 2.0, 3, 0.1, **k), (1, 1), (1, 1), np.float32),
    ],
)
def test_a_toy_set_has_its_shapes_and_depends_on_the_seed_alone(
    make, x_shape, y_shape, y_dtype
):
    x, y = make(rng=rng())
    assert (x.shape, x.dtype) == (x_shape, np.float32)
    assert (y.shape, y.dtype) == (y_shape, y_dtype)
    again, _ = make(rng=rng())
    other, _ = make(rng=np.random.default_rng(1))
    np.testing.assert_array_equal(x, again)
    assert not np.array_equal(x, other)


def test_moons_without_noise_are_half_circles():
    x, y = two_moons(200, 0, rng=rng())
    upper, lower = x[y == 0], x[y == 1]
    assert len(upper) == len(lower)
    np.testing.assert_allclose(np.hypot(*upper.T), 1, rtol=1e-6)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1, rtol=1e-6)
    assert upper[:, 1].min() >= -1e-6
    assert lower[:, 1].max() <= 0.5 + 1e-6


def test_spiral_arms_are_turns_of_one_another():
    x, y = spirals(600, 3, 0, rng=rng())
    radius = np.hypot(*x.T)
    assert radius.max() <= 1
    turned_back = np.arctan2(x[:, 1], x[:, 0]) - 2 * np.pi * y / 3 - 4 * radius
    np.testing.assert_allclose(np.cos(turned_back), 1, atol=1e-5)


def test_noise_has_the_standard_deviation_asked_for():
    x, y = sine(20_000, 0.3, rng=rng())
    assert np.std(y - np.sin(2 * np.pi * x)) == pytest.approx(0.3, rel=0.02)
    assert 0 <= x.min() < x.max() < 1
    x, y = linear(20_000, [2, -1], 0.5, 0.3, rng=rng())
    assert np.std(y - x @ [[2], [-1]] - 0.5) == pytest.approx(0.3, rel=0.02)
    clean, noisy = (two_moons(20_000, noise, rng=rng())[0] for noise in (0, 0.3))
    assert np.std(noisy - clean) == pytest.approx(0.3, rel=0.02)
    clean, noisy = (spirals(20_000, 2, noise, rng=rng())[0] for noise in (0, 0.3))
    assert np.std(noisy - clean) == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: two_moons(0, 0.1, rng=rng()), "two_moons expected n .* got 0"),
        (lambda: spirals(-1, 2, 0.1, rng=rng()), "spirals expected n .* got -1"),
        (lambda: spirals(5, 0, 0.1, rng=rng()), "expected classes .* got 0"),
        (lambda: sine(5, -0.1, rng=rng()), "sine expected noise .* got -0.1"),
        (lambda: linear(5, 1.0, 0.0, np.nan, rng=rng()), "expected noise .* got nan"),
        (lambda: linear(5, [[1.0]], 0.0, 0.1, rng=rng()), r"\(M,\), got \(1, 1\)"),
    ],
)
def test_toy_sets_say_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---- shifts -------------------------------------------------------------------------


@given(
    side=st.integers(1, 6),
    reach=st.integers(1, 3),
    n=st.integers(1, 5),
    flat=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_shifted_image_is_its_image_moved_within_reach(
    side, reach, n, flat, seed
):
    rng = np.random.default_rng(seed)
    images = rng.random((n, side, side)).astype(np.float32)
    x = images.reshape((n, -1) if flat else (n, 1, side, side))
    before = x.copy()
    moved = random_shifts(x, reach, rng=rng)
    assert moved.shape == x.shape
    assert moved.dtype == x.dtype
    assert np.array_equal(x, before)
    for image, other in zip(images, moved.reshape(n, side, side), strict=True):
        steps = range(-reach, reach + 1)
        assert any(
            np.array_equal(other, moved_by(image, down, across))
            for down in steps
            for across in steps
        )


def moved_by(image, down, across):
    """Move an image pixel by pixel."""
    moved = np.zeros_like(image)
    for (i, j), value in np.ndenumerate(image):
        if 0 <= i + down < len(image) and 0 <= j + across < len(image):
            moved[i + down, j + across] = value
    return moved


def test_all_shifts_are_equally_likely():
    x = np.zeros((9000, 25))
    x[:, 12] = 1
    moved = random_shifts(x, 1, rng=np.random.default_rng(0))
    counts = moved.sum(axis=0).reshape(5, 5)[1:4, 1:4]
    assert counts.sum() == 9000
    assert np.abs(counts - 1000).max() < 4 * np.sqrt(1000)


@pytest.mark.parametrize(
    ("x", "reach", "error"),
    [
        (np.zeros((2, 8)), 1, "square images"),
        (np.zeros((2, 1, 4, 9)), 1, "square images"),
        (np.zeros((2, 2, 4, 4)), 1, "square images"),
        (np.zeros((0, 4)), 1, "square images"),
        (np.zeros(4), 1, "square images"),
        (np.zeros((2, 4), dtype=int), 1, "as floats"),
        (np.zeros((2, 4)), 0, "reach of at least 1"),
        (np.zeros((2, 4)), 1.5, "reach as an integer"),
    ],
)
def test_what_cannot_be_shifted_is_refused(x, reach, error):
    with pytest.raises((TypeError, ValueError), match=error):
        random_shifts(x, reach, rng=np.random.default_rng(0))
