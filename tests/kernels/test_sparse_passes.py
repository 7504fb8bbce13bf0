"""The passes over sparse features: those of the dense array that they stand for, the same bits for every number of
threads and on AVX2 as on AVX-512, and refusals before a byte is read."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kernels.row_calls import each_instruction_set

# rows, features, classes, density: long rows, rows and columns without an entry, more blocks than one, many classes.
SHAPES = [
    (1, 1, 1, 1.0), (7, 3, 2, 0.5), (2500, 16, 26, 0.3), (5300, 5000, 10, 0.01), (205, 70, 300, 0.2),
    (129, 33, 13, 0.0), (3, 3000, 17, 0.9), (4100, 40, 58, 0.5), (0, 3, 2, 0.5), (60, 5, 129, 0.7),
]  # fmt: skip


def _arrays(shape, real):
    n_rows, n_features, n_classes, density = shape
    random = np.random.default_rng((n_rows, n_features, n_classes))
    x = random.normal(size=(n_rows, n_features)) * (random.random((n_rows, n_features)) < density)
    weight, bias = random.normal(size=(n_classes, n_features)), random.normal(size=n_classes)
    p = random.dirichlet(np.ones(n_classes), size=n_rows).reshape(n_rows, n_classes)
    positions = np.flatnonzero(random.random(n_rows) < 0.6)
    return *(array.astype(real) for array in (x, weight, bias, p)), random.random(n_rows), positions


def _matrix(compiled, x, n_threads=2):
    counts = np.empty(len(x), np.int64)
    compiled.count_nonzeros_rows(x, counts, n_threads)
    begin = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    indices, values = np.empty(begin[-1], np.int32), np.empty(begin[-1], x.dtype)
    compiled.copy_nonzeros_rows(x, begin, indices, values, n_threads)
    return compiled.SparseMatrix(begin, indices, values, x.shape[1], n_threads)


def _results(compiled, arrays, n_threads):
    x, weight, bias, p, row_weight, positions = arrays
    matrix, logits = _matrix(compiled, x, n_threads), np.empty_like(p)
    compiled.sparse_logits_rows(matrix, weight, bias, logits, n_threads)
    results = [logits]
    for call in (
        lambda *sums: compiled.sparse_cross_rows(matrix, p, *sums, n_threads),
        lambda *sums: compiled.sparse_curvature_rows(
            matrix, None, p, row_weight, weight, bias, *sums, n_threads
        ),
        lambda *sums: compiled.sparse_curvature_rows(
            _matrix(compiled, x[positions]), positions, p, row_weight, weight, bias, *sums, n_threads
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


def _results_from_logits(compiled, arrays, n_threads):
    """Passes that begin with logits: the loss with its gradient for each kind of target, and the variances."""
    x, weight, bias, p, row_weight, _ = arrays
    matrix, squares = _matrix(compiled, x, n_threads), _matrix(compiled, np.square(x), n_threads)
    head = weight.astype(np.float64), bias.astype(np.float64)
    indices, class_weight = p.argmax(axis=1).astype(np.int64), np.linspace(0.5, 2.0, len(bias))
    results = []
    for of_target in (
        (None, indices, None, 0.0, None), (None, indices, class_weight, 0.1, row_weight),
        (p, None, None, 0.0, row_weight), (p, None, class_weight, 0.2, None),
    ):  # fmt: skip
        sums = np.full(weight.shape, np.nan), np.full(len(bias), np.nan)
        loss = compiled.sparse_loss_rows(matrix, *head, *of_target, *sums, n_threads)
        results += [np.array(loss), *sums]
    for of_rows in (None, row_weight):
        sums = np.full(weight.shape, np.nan), np.full(len(bias), np.nan)
        compiled.sparse_variances_rows(matrix, squares, *head, of_rows, *sums, n_threads)
        results += sums
    return results


def _expected_from_logits(arrays):
    x, weight, bias, p, row_weight = (array.astype(np.float64) for array in arrays[:-1])
    logits = x @ weight.T + bias
    logits -= logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    one_hot, classes = np.eye(len(bias))[p.argmax(axis=1)], np.linspace(0.5, 2.0, len(bias))
    results = []
    for q, c, smoothing, s in (
        (one_hot, 1.0, 0.0, 1.0), (one_hot, classes, 0.1, row_weight[:, None]), (p, 1.0, 0.0, row_weight[:, None]),
        (p, classes, 0.2, 1.0),
    ):  # fmt: skip
        target = s * c * ((1.0 - smoothing) * q + smoothing / len(bias))
        slopes = target.sum(axis=1, keepdims=True) * np.exp(log_p) - target
        results += [-(target * log_p).sum(), slopes.T @ x, slopes.sum(axis=0)]
    for s in (1.0, row_weight[:, None]):
        variances = s * np.exp(log_p) * -np.expm1(log_p)
        results += [variances.T @ np.square(x), variances.sum(axis=0)]
    return results


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_sums_over_rows_of_what_logits_make_are_those_of_the_dense_array(compiled, shape, real):
    arrays = _arrays(shape, real)
    arrays = (arrays[0], arrays[1] / max(shape[1], 1) ** 0.5, *arrays[2:])
    arrays = (arrays[0], arrays[1].astype(real), *arrays[2:])
    expected = _expected_from_logits(arrays)
    for name in each_instruction_set(compiled):
        for found, truth in zip(_results_from_logits(compiled, arrays, 2), expected, strict=True):
            bound = 200 * np.finfo(real).eps * max(abs(truth).max(initial=0.0), shape[0] ** 0.5)
            np.testing.assert_allclose(found, truth, rtol=0, atol=bound, err_msg=name)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_threads_and_instruction_sets_change_no_bit_of_what_logits_make(many_threads, shape, real):
    arrays, of_set = _arrays(shape, real), {}
    for name in each_instruction_set(many_threads):
        of_set[name] = [result.tobytes() for result in _results_from_logits(many_threads, arrays, 1)]
        for n_threads in (2, 3, 5):
            again = [result.tobytes() for result in _results_from_logits(many_threads, arrays, n_threads)]
            assert again == of_set[name], (name, n_threads)
    if {"avx2", "avx512"} <= of_set.keys():
        assert of_set["avx2"] == of_set["avx512"]


def test_passes_at_the_same_time_do_not_share_their_memory(compiled):
    arrays = _arrays((4100, 40, 58, 0.5), np.float32)
    x, weight, bias, p, *_ = arrays
    matrix, indices = _matrix(compiled, x), p.argmax(axis=1).astype(np.int64)

    def found(scale):
        sums = np.empty(weight.shape), np.empty(len(bias))
        for _ in range(20):
            head = scale * weight.astype(np.float64), bias.astype(np.float64)
            compiled.sparse_loss_rows(matrix, *head, None, indices, None, 0.0, None, *sums, 2)
        return sums[0].tobytes()

    alone = [found(scale) for scale in (1.0, 0.5, 0.1)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(found, (1.0, 0.5, 0.1))) == alone


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_values_are_those_of_the_dense_array_on_every_instruction_set(compiled, shape, real):
    arrays = _arrays(shape, real)
    expected = _expected(arrays)
    for name in each_instruction_set(compiled):
        for found, truth in zip(_results(compiled, arrays, 2), expected, strict=True):
            bound = 200 * np.finfo(real).eps * max(abs(truth).max(initial=0.0), shape[0] ** 0.5)
            np.testing.assert_allclose(found, truth, rtol=0, atol=bound, err_msg=name)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_threads_and_instruction_sets_change_no_bit(many_threads, shape, real):
    arrays, of_set = _arrays(shape, real), {}
    for name in each_instruction_set(many_threads):
        of_set[name] = [result.tobytes() for result in _results(many_threads, arrays, 1)]
        for n_threads in (2, 3, 5):
            again = [result.tobytes() for result in _results(many_threads, arrays, n_threads)]
            assert again == of_set[name], (name, n_threads)
    if {"avx2", "avx512"} <= of_set.keys():
        assert of_set["avx2"] == of_set["avx512"]


def test_long_sums_in_float32_lose_no_more_than_short_ones(compiled):
    n_rows, n_columns = 100_000, 3
    random = np.random.default_rng(3)
    x = random.random((n_rows, n_columns)).astype(np.float32)
    gradient = random.random((n_rows, 2)).astype(np.float32)
    sums = np.empty((2, n_columns)), np.empty(2)
    compiled.sparse_cross_rows(_matrix(compiled, x), gradient, *sums, 2)
    truth = gradient.astype(np.float64).T @ x.astype(np.float64)
    np.testing.assert_allclose(sums[0], truth, rtol=1e-6)
    long = np.ones((1, 100_000), np.float32) * np.float32(0.1)
    logits = np.empty((1, 2), np.float32)
    weight = random.random((2, 100_000)).astype(np.float32)
    compiled.sparse_logits_rows(_matrix(compiled, long), weight, np.zeros(2, np.float32), logits, 2)
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


def test_nan_is_an_entry_and_negative_zero_is_none(compiled):
    counts = np.empty(2, np.int64)
    compiled.count_nonzeros_rows(np.array([[np.nan, 0.0], [-0.0, np.inf]]), counts, 1)
    assert counts.tolist() == [1, 1]


def _given():
    return {
        "begin": np.array([0, 1, 2]), "indices": np.array([0, 1], np.int32), "values": np.ones(2), "n_columns": 2,
        "n_threads": 1,
    }  # fmt: skip


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
        compiled.SparseMatrix(**{**_given(), **changes})


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"positions": np.array([0, 3])}, "positions are rows of the probabilities; got 3"),
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
        "matrix": compiled.SparseMatrix(**_given()), "positions": np.array([0, 2]), "probabilities": np.ones((3, 4)),
        "row_weight": None, "direction": np.ones((4, 2)), "bias_direction": np.ones(4),
        "weight_product": np.ones((4, 2)), "bias_product": np.ones(4), "n_threads": 1,
    }  # fmt: skip
    with pytest.raises((TypeError, ValueError), match=match):
        compiled.sparse_curvature_rows(**{**given, **changes})
    shared = np.ones((4, 2))
    with pytest.raises(ValueError, match="shares no memory"):
        compiled.sparse_curvature_rows(**{**given, "direction": shared, "weight_product": shared})


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"indices": np.array([0, 4])}, "indices are classes; got 4. Pass 0 to K - 1"),
        ({"indices": np.array([-1, 0])}, "indices are classes; got -1"),
        ({"indices": np.array([0])}, "indices"),
        ({"indices": None}, "exactly one of targets and indices"),
        ({"targets": np.ones((2, 4))}, "exactly one of targets and indices"),
        ({"targets": np.ones((2, 3)), "indices": None}, "targets"),
        ({"targets": np.ones((2, 4), np.float32), "indices": None}, "targets"),
        ({"weight": np.ones((4, 3))}, "weight"),
        ({"weight": np.ones((4, 2), np.float32)}, "weight"),
        ({"class_weight": np.ones(3)}, "class_weight"),
        ({"row_weight": np.ones(3)}, "row_weight"),
        ({"bias_sums": np.ones(3)}, "bias_sums"),
        ({"weight_sums": np.ones((3, 2))}, "weight_sums"),
    ],
)
def test_arrays_of_the_loss_that_do_not_fit_are_refused_by_name(compiled, changes, match):
    given = {
        "matrix": compiled.SparseMatrix(**_given()), "weight": np.ones((4, 2)), "bias": np.ones(4), "targets": None,
        "indices": np.array([0, 3]), "class_weight": None, "label_smoothing": 0.0, "row_weight": None,
        "weight_sums": np.ones((4, 2)), "bias_sums": np.ones(4), "n_threads": 1,
    }  # fmt: skip
    with pytest.raises((TypeError, ValueError), match=match):
        compiled.sparse_loss_rows(**{**given, **changes})
    shared = np.ones((4, 2))
    with pytest.raises(ValueError, match="shares no memory"):
        compiled.sparse_loss_rows(**{**given, "weight": shared, "weight_sums": shared})


def test_squares_of_another_matrix_are_refused(compiled):
    matrix = compiled.SparseMatrix(**_given())
    other = compiled.SparseMatrix(**{**_given(), "n_columns": 3})
    sums = np.ones((4, 2)), np.ones(4)
    with pytest.raises(ValueError, match="both matrices have one shape and dtype"):
        compiled.sparse_variances_rows(matrix, other, np.ones((4, 2)), np.ones(4), None, *sums, 1)


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
