"""What the exercises of the matrices accept, refuse, and say of what they refuse."""

from collections import OrderedDict

import exercise_reading
import numpy as np
import pytest

from nnlib.exercises import check
from nnlib.exercises.matrices import (
    CACHE_MISSES,
    MY_EINSUM,
    count_cache_misses,
    my_einsum,
    my_matmul,
    place_in_other,
    predict_strides,
    standardise,
)

pytestmark = pytest.mark.usefixtures("no_progress")


def said_of(id, answer):
    return exercise_reading.said_of(f"matrices/{id}", answer)


# ---- the references, held against NumPy ---------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 2), (4, 4)])
def test_the_places_are_those_of_numpy(shape):
    for entry in np.ndindex(shape):
        by_rows = np.ravel_multi_index(entry, shape, order="C")
        by_columns = np.ravel_multi_index(entry, shape, order="F")
        assert place_in_other(by_rows, shape, "row-major") == by_columns
        assert place_in_other(by_columns, shape, "column-major") == by_rows


def test_the_place_that_the_exercise_speaks_of():
    assert place_in_other(5, (4, 3), "row-major") == 9


def test_the_product_is_that_of_numpy():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((4, 3)), rng.standard_normal((3, 5))
    np.testing.assert_allclose(my_matmul(a.tolist(), b.tolist()), a @ b, rtol=1e-12)


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (3, 3), (20, 784)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_the_strides_are_those_of_numpy(shape, dtype):
    x = np.empty(shape, dtype)
    views = (x, x.T, x[::2, 1:], x[:, ::-1])
    assert predict_strides(shape, x.itemsize) == tuple(v.strides for v in views)


@pytest.mark.parametrize("case", MY_EINSUM.cases(), ids=lambda case: case[0])
def test_the_einsum_is_that_of_numpy(case):
    spec, a, b = case
    fits = True
    try:
        got = my_einsum(spec, a, b)
    except ValueError:
        fits = False
    assert fits == (case[0] != "ik,kj->ij" or a.shape[1] == b.shape[0])
    if fits:
        np.testing.assert_array_equal(got, np.einsum(spec, a, b))


def test_what_is_standardised_has_mean_0_and_deviation_1():
    x = np.random.default_rng(1).standard_normal((5, 4)) * 3 + 2
    for axis in (0, 1):
        y = standardise(x, axis)
        np.testing.assert_allclose(y.mean(axis=axis), 0, atol=1e-12)
        np.testing.assert_allclose(y.std(axis=axis), 1, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, 0.1, 3.3, 123456.7, -12345.678, 1e-30, 1e15])
def test_what_is_equal_becomes_exactly_0(value, dtype):
    for n in range(1, 12):
        x = np.full((n, 3), value, dtype)
        for given, axis in ((x, 0), (x.T, 1), (x.T.copy(), 1)):
            y = standardise(given, axis)
            assert y.dtype == dtype
            assert not y.any()


def test_the_standard_deviations_that_are_spoken_of():
    assert np.full((3, 2), 0.1).std(axis=0)[0] == pytest.approx(1.4e-17, rel=0.05)
    sevens = np.full((7, 2), 3.3, np.float32).std(axis=0)
    assert sevens[0] == pytest.approx(2.4e-7, rel=0.05)
    large = np.full((7, 2), 123456.7, np.float32)
    assert large.std(axis=0)[0] == pytest.approx(0.0078, rel=0.01)
    assert (large - large.mean(axis=0))[0, 0] == pytest.approx(0.0078, rel=0.01)
    assert 0.1 + 0.1 + 0.1 == 0.30000000000000004
    assert np.full((3, 2), 0.1).mean(axis=0)[0] == 0.10000000000000002


def misses_by_dictionary(indices, line_size, n_lines):
    held, misses = OrderedDict(), 0
    for index in indices:
        line = index // line_size
        if line in held:
            held.move_to_end(line)
        else:
            misses += 1
            held[line] = True
            if len(held) > n_lines:
                held.popitem(last=False)
    return misses


def test_the_misses_are_those_of_another_way_to_count():
    for case in CACHE_MISSES.cases():
        assert count_cache_misses(*case) == misses_by_dictionary(*case)


def test_the_misses_of_the_remark():
    places = np.arange(1_000_000).reshape(1000, 1000)
    counts = [
        misses_by_dictionary(p.ravel().tolist(), 8, 512) for p in (places, places.T)
    ]
    assert counts == [125_000, 1_000_000]
    by_columns = (places.T.ravel() // 8).tolist()
    again = by_columns.index(by_columns[0], 1)
    assert len(set(by_columns[1:again])) == again - 1 == 999


# ---- other right answers ------------------------------------------------------------


def test_views_made_by_numpy_are_views():
    assert check("matrices/two-views", lambda x: (x.T, x.diagonal()))
    assert check("matrices/two-views", lambda x: (x.swapaxes(0, 1), np.diag(x)))


def test_an_einsum_of_loops_is_right():
    def loops(spec, a, b):
        inputs, output = spec.split("->")
        of_a, of_b = inputs.split(",")
        sizes = {}
        for letter, size in zip(of_a + of_b, a.shape + b.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ValueError("two sizes")
        result = np.zeros([sizes[letter] for letter in output])
        for place in np.ndindex(*sizes.values()):
            at = dict(zip(sizes, place, strict=True))
            value = a[tuple(at[c] for c in of_a)] * b[tuple(at[c] for c in of_b)]
            result[tuple(at[c] for c in output)] += value
        return result

    assert check("matrices/my-einsum", loops)


def test_numbers_may_be_found_equal_in_other_ways():
    def by_their_range(x, axis):
        mean, std = x.mean(axis, keepdims=True), x.std(axis, keepdims=True)
        equal = np.ptp(x, axis, keepdims=True) == 0
        return np.where(equal, 0, x - mean) / np.where(equal, 1, std)

    def measured_from_one_of_them(x, axis):
        x = x - x.take([0], axis)  # equal numbers are 0 now, and have mean and std 0
        mean, std = x.mean(axis, keepdims=True), x.std(axis, keepdims=True)
        return (x - mean) / np.where(std == 0, 1, std)

    assert check("matrices/standardise", by_their_range)
    assert check("matrices/standardise", measured_from_one_of_them)


@pytest.mark.parametrize(
    "id", ["my-matmul", "two-views", "sum-of-columns", "my-einsum"]
)
def test_a_ready_made_answer_is_not_praised_for_what_it_did_not_do(id):
    ready_made = {
        "my-matmul": fitting(lambda a, b: (np.array(a) @ np.array(b)).tolist()),
        "two-views": lambda x: (x.T, x.diagonal()),
        "sum-of-columns": lambda x: np.array([sum(c) for c in x.T], x.dtype),
        "my-einsum": one_size_a_letter,
    }
    verdict = check(f"matrices/{id}", ready_made[id])
    assert verdict
    assert "Correct. (The check sees" in repr(verdict)


def fitting(product):
    def checked(a, b):
        if len(a[0]) != len(b):
            raise ValueError("the inner sizes differ")
        return product(a, b)

    return checked


def one_size_a_letter(spec, a, b):
    letters = spec.partition("->")[0].replace(",", "")
    pairs = set(zip(letters, a.shape + b.shape, strict=True))
    if len(pairs) > len(set(letters)):
        raise ValueError("two sizes")
    return np.einsum(spec, a, b)


# ---- what is said -------------------------------------------------------------------


def test_of_several_wrong_strides_the_first_is_explained():
    def strides(shape, itemsize):
        n, m = shape
        row = (m * itemsize, itemsize)
        return row, (n * itemsize, itemsize), (2 * row[0] - 2, itemsize), row

    text = said_of("strides", strides)
    assert "The pair for `x.T` is (8, 32), and not (24, 8). Those would be" in text
    assert "known mistake" not in text


def test_one_wrong_pair_of_strides_is_a_known_mistake():
    def strides(shape, itemsize):
        x, transposed, piece, _ = predict_strides(shape, itemsize)
        return x, transposed, piece, x

    text = said_of("strides", strides)
    assert "The pair for `x[:, ::-1]` is (32, -8), and not (32, 8)." in text
    assert "known mistake: has no negative stride." in text


def test_strides_in_lists_are_no_tuples():
    def strides(shape, itemsize):
        return tuple(map(list, predict_strides(shape, itemsize)))

    assert "The pair for `x` is a list; expected was a tuple" in said_of(
        "strides", strides
    )


def test_a_copy_is_told_from_a_view():
    text = said_of("two-views", lambda x: (x.T.copy(), np.diag(x)))
    assert "The transpose is a copy: the numbers are right" in text
    assert "got: (array([[1.0, 1.75], [1.25, 2.0], [1.5, 2.25]])," in text
    text = said_of("two-views", lambda x: (x.T, np.array(np.diag(x))))
    assert "The diagonal is a copy" in text
    text = said_of("two-views", lambda x: (np.array(x.T), np.diag(x).copy()))
    assert "The transpose and the diagonal are copies" in text


def test_what_is_no_pair_of_arrays_is_said_to_be_none():
    assert "The result is a NumPy array; expected was a tuple." in said_of(
        "two-views", lambda x: x.T
    )
    assert "The diagonal is None" in said_of("two-views", lambda x: (x.T, None))


def test_a_std_of_0_is_not_what_equal_numbers_have():
    def by_std(x, axis):
        mean, std = x.mean(axis, keepdims=True), x.std(axis, keepdims=True)
        return (x - mean) / np.where(std == 0, 1, std)

    def bounded(x, axis):
        mean, std = x.mean(axis, keepdims=True), x.std(axis, keepdims=True)
        return (x - mean) / np.maximum(std, 1e-20)

    for answer in (by_std, bounded):
        text = said_of("standardise", answer)
        assert "known mistake: asks whether the standard deviation is 0." in text


@pytest.mark.parametrize("small", 10.0 ** np.arange(-18, 0))
def test_no_bound_finds_equal_numbers(small):
    def bounded(x, axis):
        mean, std = x.mean(axis, keepdims=True), x.std(axis, keepdims=True)
        return (x - mean) / np.where(std < small, 1, std)

    said_of("standardise", bounded)


def test_the_rounding_of_equal_numbers_does_not_pass():
    def left(x, axis):
        mean, std = x.mean(axis, keepdims=True), x.std(axis, keepdims=True)
        return (x - mean) / np.where(np.ptp(x, axis, keepdims=True) == 0, 1, std)

    text = said_of("standardise", left)
    assert "known mistake: leaves the rounding of equal numbers." in text


def test_the_first_things_one_writes_are_explained():
    def without_keepdims(x, axis):
        return (x - x.mean(axis=axis)) / x.std(axis=axis)

    def without_an_axis(x, axis):
        return (x - x.mean()) / x.std()

    text = said_of("standardise", without_keepdims)
    assert "known mistake: loses the axis of the means, and divides by 0." in text
    text = said_of("standardise", without_an_axis)
    assert "known mistake: standardises everything at once, and does not find" in text


def test_a_missing_comma_is_explained():
    def views(x):
        strides = sum(x.strides)
        of_x = np.lib.stride_tricks.as_strided
        return x.T, of_x(x, (min(x.shape),), strides)

    assert "parentheses alone make none" in said_of("two-views", views)


def test_a_misspelt_order_is_thought_of():
    def misspelt(place, shape, order):
        now = "row-major" if order == "row_major" else "column-major"
        return place_in_other(place, shape, now)

    assert "with a hyphen" in said_of("flat-place", misspelt)


def test_is_close_is_a_bound():
    def close(x, axis):
        mean, std = x.mean(axis, keepdims=True), x.std(axis, keepdims=True)
        return (x - mean) / np.where(np.isclose(std, 0), 1, std)

    assert "No fixed number tells equal ones" in said_of("standardise", close)


def test_float64_is_asked_for_its_astype():
    text = said_of("standardise", lambda x, axis: standardise(x.astype(float), axis))
    assert "Is there an `astype(float)`" in text


def test_a_returned_error_is_told_from_a_raised_one():
    def by_class(a, b):
        return ValueError if len(a[0]) != len(b) else my_matmul(a, b)

    def with_sizes(a, b):
        return ValueError(len(a)) if len(a[0]) != len(b) else my_matmul(a, b)

    for answer in (by_class, with_sizes):
        assert "returns the error and does not raise it" in said_of("my-matmul", answer)


def test_numpys_einsum_is_told_that_it_is_excluded():
    assert "the task is to write it without" in said_of("my-einsum", np.einsum)
