"""Matrices in pure Python: every operation agrees with NumPy."""

import numpy as np
import pytest
from helpers import floats, quick
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnlib.matrix import (
    Matrix,
    axpy,
    column_sum,
    elementwise_product,
    matmul,
    scale,
    transpose,
)

sizes = st.integers(1, 5)
shapes = st.tuples(sizes, sizes)
arrays = shapes.flatmap(lambda shape: floats(low=-100, high=100, shape=shape))


@st.composite
def factors(draw):
    """Two arrays that can be multiplied."""
    n, m, p = draw(st.tuples(sizes, sizes, sizes))
    numbers = floats(low=-100, high=100, shape=(n, m))
    return draw(numbers), draw(floats(low=-100, high=100, shape=(m, p)))


def matrix(array):
    return Matrix.from_rows(array.tolist())


def array(matrix):
    return np.array(matrix.to_rows())


@quick
@given(arrays)
def test_rows_come_back_as_they_went_in(a):
    assert np.array_equal(array(matrix(a)), a)
    assert matrix(a).shape == a.shape
    assert matrix(a).data == a.ravel().tolist()


@quick
@given(arrays, st.data())
def test_an_entry_lies_where_numpy_has_it(a, data):
    r = data.draw(st.integers(0, a.shape[0] - 1))
    c = data.draw(st.integers(0, a.shape[1] - 1))
    m = matrix(a)
    assert m[r, c] == a[r, c]
    assert m.flat_index(r, c) == np.ravel_multi_index((r, c), a.shape)
    m[r, c] = 7
    a[r, c] = 7
    assert np.array_equal(array(m), a)


@quick
@given(factors())
def test_the_matrix_product_is_that_of_numpy(pair):
    a, b = pair
    found = array(matmul(matrix(a), matrix(b)))
    np.testing.assert_allclose(found, a @ b, rtol=1e-12, atol=1e-10)


@quick
@given(arrays)
def test_transposition_is_that_of_numpy_and_twice_it_is_nothing(a):
    assert np.array_equal(array(transpose(matrix(a))), a.T)
    assert transpose(transpose(matrix(a))) == matrix(a)


@quick
@given(factors())
def test_the_transpose_of_a_product_is_the_product_of_transposes_swapped(pair):
    a, b = map(matrix, pair)
    left = array(transpose(matmul(a, b)))
    right = array(matmul(transpose(b), transpose(a)))
    np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-10)


@quick
@given(arrays, st.floats(-10, 10))
def test_elementwise_operations_are_those_of_numpy(a, factor):
    b = a[::-1].copy()
    product = array(elementwise_product(matrix(a), matrix(b)))
    assert np.array_equal(product, a * b)
    assert np.array_equal(array(scale(matrix(a), factor)), a * factor)
    y = matrix(b)
    assert axpy(factor, matrix(a), y) is None
    assert np.array_equal(array(y), b + factor * a)


@quick
@given(arrays)
def test_the_column_sum_is_a_product_with_a_row_of_ones(a):
    ones = Matrix(1, a.shape[0], fill=1.0)
    found = array(column_sum(matrix(a)))
    assert found.shape == (1, a.shape[1])
    np.testing.assert_allclose(found, a.sum(axis=0, keepdims=True), atol=1e-10)
    np.testing.assert_allclose(found, array(matmul(ones, matrix(a))), atol=1e-10)


@quick
@given(hnp.arrays(float, (3, 4), elements=st.floats(-5, 5)))
def test_the_identity_matrix_changes_nothing(a):
    assert matmul(matrix(np.eye(3)), matrix(a)) == matrix(a)
    assert matmul(matrix(a), matrix(np.eye(4))) == matrix(a)


def test_operations_make_new_matrices_and_only_axpy_writes():
    a, b = Matrix.from_rows([[1, 2], [3, 4]]), Matrix.from_rows([[5, 6], [7, 8]])
    a_before, b_before = a.data.copy(), b.data.copy()
    results = [
        matmul(a, b),
        transpose(a),
        elementwise_product(a, b),
        scale(a, 2),
        column_sum(a),
    ]
    for result in results:
        result.fill(0)
    assert a.data == a_before
    assert b.data == b_before


def test_a_matrix_starts_filled_and_can_be_filled_anew():
    a = Matrix(2, 3)
    assert a.to_rows() == [[0.0] * 3] * 2
    assert Matrix(1, 2, fill=7).data == [7.0, 7.0]
    a.fill(1)
    assert a.data == [1.0] * 6
    assert all(isinstance(value, float) for value in a.data)


def test_rows_are_copies():
    a = Matrix.from_rows([[1, 2]])
    a.to_rows()[0][0] = 9
    assert a[0, 0] == 1


def test_matrices_are_equal_by_shape_and_entries():
    a = Matrix.from_rows([[1, 2]])
    assert a == Matrix.from_rows([[1.0, 2.0]])
    assert a != Matrix.from_rows([[1], [2]])
    assert a != Matrix.from_rows([[1, 3]])
    assert a != [[1.0, 2.0]]
    with pytest.raises(TypeError, match="unhashable"):
        hash(a)


def test_the_repr_makes_the_matrix_again():
    a = Matrix.from_rows([[1, 2.5], [-3, 0]])
    assert eval(repr(a)) == a


# ---- errors -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(0, 1), (1, 0), (-1, 2)])
def test_an_empty_matrix_is_refused(shape):
    with pytest.raises(ValueError, match="at least 1 row and 1 column, got"):
        Matrix(*shape)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "at least one row of one entry"),
        ([[]], "at least one row of one entry"),
        ([[1, 2], [3]], r"rows of one length, got \[1, 2\]"),
    ],
)
def test_rows_that_are_no_matrix_are_refused(rows, message):
    with pytest.raises(ValueError, match=f"Matrix.from_rows expected {message}"):
        Matrix.from_rows(rows)


@pytest.mark.parametrize("position", [(2, 0), (0, 3), (-1, 0), (0, -1), (2, 3)])
def test_an_entry_outside_is_an_index_error_for_reading_and_for_writing(position):
    a = Matrix(2, 3)
    message = rf"entry \({position[0]}, {position[1]}\) lies outside a 2 x 3 matrix"
    with pytest.raises(IndexError, match=message):
        a[position]
    with pytest.raises(IndexError, match=message):
        a[position] = 1.0
    assert not any(a.data)


def test_a_product_of_matrices_that_do_not_fit_is_refused():
    a = Matrix(2, 3)
    with pytest.raises(ValueError, match=r"matmul expected .* got \(2, 3\) and \(2, 3"):
        matmul(a, a)


def test_matrices_of_two_shapes_are_refused_and_nothing_changes():
    a, b = Matrix(2, 3, fill=1.0), Matrix(3, 2, fill=2.0)
    shapes = r"two matrices of one shape, got \(2, 3\) and \(3, 2\)"
    with pytest.raises(ValueError, match=f"elementwise_product expected {shapes}"):
        elementwise_product(a, b)
    with pytest.raises(ValueError, match=f"axpy expected {shapes}"):
        axpy(1.0, a, b)
    assert b.data == [2.0] * 6
