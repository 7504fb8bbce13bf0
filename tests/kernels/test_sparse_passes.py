"""The passes over sparse features: those of the dense array that they stand for, the same bits for every number of
threads and on AVX2 as on AVX-512, and refusals before a byte is read."""

import numpy as np
import pytest

from kernels.row_calls import each_instruction_set
from kernels.sparse_rows import SHAPES, arrays_of, few_entries, matrix_of


def _results(compiled, arrays, n_threads):
    x, weight, bias, p, row_weight, positions = arrays
    matrix, logits = matrix_of(compiled, x, n_threads), np.empty_like(p)
    compiled.sparse_logits_rows(matrix, weight, bias, logits, n_threads)
    results = [logits]
    for call in (
        lambda *sums: compiled.sparse_cross_rows(matrix, p, *sums, n_threads),
        lambda *sums: compiled.sparse_curvature_rows(
            matrix, None, False, p, row_weight, weight, bias, *sums, n_threads
        ),
        lambda *sums: compiled.sparse_curvature_rows(
            matrix_of(compiled, x[positions]), positions, True, p, row_weight, weight, bias, *sums, n_threads
        ),
    ):
        sums = np.full(weight.shape, np.nan), np.full(len(bias), np.nan)
        call(*sums)
        results += sums
    return results


def _expected(arrays):
    x, weight, bias, p, row_weight = (array.astype(np.float64) for array in arrays[:-1])
    logits = x @ weight.T + bias
    results = [logits, p.T @ x, p.sum(axis=0)]
    curved = row_weight[:, None] * p * (logits - (p * logits).sum(axis=1, keepdims=True))
    for rows in (slice(None), arrays[-1]):
        results += [curved[rows].T @ x[rows], curved[rows].sum(axis=0)]
    return results


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_values_are_those_of_the_dense_array_on_every_instruction_set(compiled, shape, real):
    arrays = arrays_of(shape, real)
    expected = _expected(arrays)
    for name in each_instruction_set(compiled):
        for found, truth in zip(_results(compiled, arrays, 2), expected, strict=True):
            bound = 200 * np.finfo(real).eps * max(abs(truth).max(initial=0.0), shape[0] ** 0.5)
            np.testing.assert_allclose(found, truth, rtol=0, atol=bound, err_msg=name)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_threads_and_instruction_sets_change_no_bit(many_threads, shape, real):
    arrays, of_set = arrays_of(shape, real), {}
    for name in each_instruction_set(many_threads):
        of_set[name] = [result.tobytes() for result in _results(many_threads, arrays, 1)]
        for n_threads in (2, 3, 5):
            again = [result.tobytes() for result in _results(many_threads, arrays, n_threads)]
            assert again == of_set[name], (name, n_threads)
    if {"avx2", "avx512"} <= of_set.keys():
        assert of_set["avx2"] == of_set["avx512"]


@pytest.mark.parametrize("shape", [(2500, 16, 26, 0.3), (4100, 40, 58, 0.5), (9000, 60, 3, 0.2)])
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_some_rows_where_they_lie_give_the_bits_of_a_copy_of_them(many_threads, shape, real):
    x, weight, bias, p, row_weight, positions = arrays_of(shape, real)
    compiled, found = many_threads, {}
    whole, copy = matrix_of(compiled, x), matrix_of(compiled, x[positions])
    assert compiled.sparse_sums_by_rows(whole, shape[2])
    assert compiled.sparse_sums_by_rows(copy, shape[2])
    for name in each_instruction_set(compiled):
        for n_threads in (1, 2, 3):
            for taken, matrix in ((False, whole), (True, copy)):
                sums = np.full(weight.shape, np.nan), np.full(len(bias), np.nan)
                compiled.sparse_curvature_rows(
                    matrix, positions, taken, p, row_weight, weight, bias, *sums, n_threads
                )
                found[name, n_threads, taken] = b"".join(part.tobytes() for part in sums)
    for name in each_instruction_set(compiled):
        assert len({bits for (of, *_), bits in found.items() if of == name}) == 1, name
    assert len({bits for (name, *_), bits in found.items() if name != "generic"}) == 1


def test_rows_are_summed_where_they_lie_if_columns_are_few_and_no_index_comes_twice(compiled):
    def sums_by_rows(rows, columns, classes, density):
        x = np.random.default_rng(0).random((rows, columns)) < density
        return compiled.sparse_sums_by_rows(matrix_of(compiled, x.astype(np.float32)), classes)

    assert sums_by_rows(2000, 300, 10, 0.2)
    assert not sums_by_rows(2000, 300, 10, 0.001)  # columns with next to nothing in them
    assert not sums_by_rows(2000, 300, 400, 0.2)  # sums beyond the cache
    begin, indices, values = np.array([0, 40]), np.zeros(40, np.int32), np.ones(40)
    assert not compiled.sparse_sums_by_rows(compiled.SparseMatrix(begin, indices, values, 1, 1), 2)


def test_some_rows_of_a_matrix_that_needs_sorted_columns_are_refused_where_they_lie(compiled):
    matrix, sums = compiled.SparseMatrix(**few_entries()), (np.ones((4, 2)), np.ones(4))
    with pytest.raises(ValueError, match="Pass a matrix of those rows"):
        compiled.sparse_curvature_rows(
            matrix, np.array([1]), False, np.ones((2, 4)), None, np.ones((4, 2)), np.ones(4), *sums, 1
        )


def test_the_first_number_that_is_not_finite_is_found_on_every_number_of_threads(many_threads):
    for real in (np.float32, np.float64):
        values = np.full((300, 1000), np.finfo(real).max, real)
        values[0], values[1] = -values[0], np.finfo(real).tiny / 4
        for bad in (np.nan, np.inf, -np.inf):
            for n_threads in (1, 2, 3):
                assert many_threads.first_not_finite_rows(values, n_threads) == -1
                broken = values.copy()
                broken[299, 999] = broken[123, 45] = bad
                assert many_threads.first_not_finite_rows(broken, n_threads) == 123_045
    assert many_threads.first_not_finite_rows(np.empty((0, 3)), 2) == -1


def test_long_sums_in_float32_lose_no_more_than_short_ones(compiled):
    n_rows, n_columns = 100_000, 3
    random = np.random.default_rng(3)
    x = random.random((n_rows, n_columns)).astype(np.float32)
    gradient = random.random((n_rows, 2)).astype(np.float32)
    sums = np.empty((2, n_columns)), np.empty(2)
    compiled.sparse_cross_rows(matrix_of(compiled, x), gradient, *sums, 2)
    truth = gradient.astype(np.float64).T @ x.astype(np.float64)
    np.testing.assert_allclose(sums[0], truth, rtol=1e-6)
    long = np.ones((1, 100_000), np.float32) * np.float32(0.1)
    logits = np.empty((1, 2), np.float32)
    weight = random.random((2, 100_000)).astype(np.float32)
    compiled.sparse_logits_rows(matrix_of(compiled, long), weight, np.zeros(2, np.float32), logits, 2)
    np.testing.assert_allclose(logits, long.astype(np.float64) @ weight.T.astype(np.float64), rtol=2e-6)


def test_entries_in_any_order_count_and_those_that_come_twice_are_added_up(compiled):
    begin, indices = np.array([0, 3, 3, 5]), np.array([2, 0, 2, 1, 0], np.int32)
    matrix = compiled.SparseMatrix(begin, indices, np.array([1.0, 2.0, 3.0, 0.0, 5.0]), 4, 1)
    x = np.array([[2.0, 0, 4, 0], [0, 0, 0, 0], [5, 0, 0, 0]])
    weight, logits = np.arange(8.0).reshape(2, 4), np.empty((3, 2))
    compiled.sparse_logits_rows(matrix, weight, np.ones(2), logits, 1)
    np.testing.assert_array_equal(logits, x @ weight.T + 1)
    sums = np.empty((2, 4)), np.empty(2)
    compiled.sparse_cross_rows(matrix, logits, *sums, 1)
    np.testing.assert_array_equal(sums[0], logits.T @ x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_is_an_entry_and_negative_zero_is_none(compiled, dtype):
    smallest = np.nextafter(dtype(0), dtype(-1))
    x = np.array([[np.nan, 0.0, 0.0], [-0.0, np.inf, smallest]], dtype)
    counts = np.empty(2, np.int64)
    compiled.count_nonzeros_rows(x, counts, 1)
    assert counts.tolist() == [1, 2]
    indices, values = np.empty(3, np.int32), np.empty(3, dtype)
    compiled.copy_nonzeros_rows(x, np.array([0, 1, 3]), indices, values, 1)
    assert indices.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(values, np.array([np.nan, np.inf, smallest], dtype))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"indices": np.array([0, 2], np.int32)}, r"indices are columns, 0 to 1; got indices\[1\] = 2"),
        ({"indices": np.array([-1, 1], np.int32)}, r"got indices\[0\] = -1"),
        ({"indices": np.array([0, 1])}, "indices is int32; got int64"),
        ({"indices": np.array([0], np.int32)}, r"indices has shape \(2\)"),
        ({"begin": np.array([0, 2, 1])}, r"begin rises from 0 .* got begin\[2\] = 1"),
        ({"begin": np.array([0, 1, 3])}, r"got begin\[2\] = 3"),
        ({"begin": np.array([0, 1, 1])}, r"got begin\[2\] = 1"),
        ({"begin": np.array([1, 1, 2])}, r"got begin\[0\] = 1"),
        ({"begin": np.array([], np.int64)}, "begin"),
        ({"begin": np.array([0, 1, 2], np.int32)}, "begin is int64; got int32"),
        ({"values": np.ones(2, np.int64)}, "float32 or float64"),
    ],
)
def test_rows_that_do_not_fit_are_refused(compiled, changes, match):
    with pytest.raises((TypeError, ValueError), match=match):
        compiled.SparseMatrix(**{**few_entries(), **changes})


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"positions": np.array([0, 3])}, "positions are rows of the probabilities; got 3"),
        ({"taken": False}, r"probabilities|shape"),
        ({"positions": np.array([0])}, "positions"),
        ({"probabilities": np.ones((2, 3))}, "probabilities"),
        ({"probabilities": np.ones((3, 4), np.float32)}, "probabilities"),
        ({"row_weight": np.ones(2)}, "row_weight"),
        ({"direction": np.ones((4, 3))}, "direction"),
        ({"weight_product": np.ones((2, 4))}, "weight_product"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(compiled, changes, match):
    given = {
        "matrix": compiled.SparseMatrix(**few_entries()),
        "positions": np.array([0, 2]), "taken": True, "probabilities": np.ones((3, 4)),
        "row_weight": None, "direction": np.ones((4, 2)), "bias_direction": np.ones(4),
        "weight_product": np.ones((4, 2)), "bias_product": np.ones(4), "n_threads": 1,
    }  # fmt: skip
    with pytest.raises((TypeError, ValueError), match=match):
        compiled.sparse_curvature_rows(**{**given, **changes})
    shared = np.ones((4, 2))
    with pytest.raises(ValueError, match="shares no memory"):
        compiled.sparse_curvature_rows(**{**given, "direction": shared, "weight_product": shared})


def test_some_rows_are_copied_with_their_entries_and_others_refused(compiled):
    begin, rows = np.array([0, 2, 2, 5]), np.array([2, 0, 1, 2])
    indices, values = np.array([1, 4, 0, 2, 3], np.int32), np.arange(5.0)
    to = np.array([0, 3, 5, 5, 8])
    columns, entries = np.empty(8, np.int32), np.empty(8)
    compiled.copy_sparse_rows(begin, indices, values, rows, to, columns, entries, 2)
    assert columns.tolist() == [0, 2, 3, 1, 4, 0, 2, 3]
    assert entries.tolist() == [2, 3, 4, 0, 1, 2, 3, 4]
    for bad_rows, bad_to in (
        (np.array([3, 0, 1, 2]), to), (np.array([-1, 0, 1, 2]), to), (rows, np.array([0, 2, 5, 5, 8])),
        (rows, to - 1),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="rows are rows of the matrix"):
            compiled.copy_sparse_rows(begin, indices, values, bad_rows, bad_to, columns, entries, 1)
