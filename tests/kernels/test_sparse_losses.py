"""Sums over sparse rows of what their logits make: those of the dense array, the same bits for every number of threads
and on AVX2 as on AVX-512, and refusals before a byte is read."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kernels.row_calls import each_instruction_set
from kernels.sparse_rows import SHAPES, arrays_of, few_entries, matrix_of


def _results_from_logits(compiled, arrays, n_threads):
    """Passes that begin with logits: the loss with its gradient for each kind of target, and the variances."""
    x, weight, bias, p, row_weight, _ = arrays
    matrix, squares = matrix_of(compiled, x, n_threads), matrix_of(compiled, np.square(x), n_threads)
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
    arrays = arrays_of(shape, real)
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
    arrays, of_set = arrays_of(shape, real), {}
    for name in each_instruction_set(many_threads):
        of_set[name] = [result.tobytes() for result in _results_from_logits(many_threads, arrays, 1)]
        for n_threads in (2, 3, 5):
            again = [result.tobytes() for result in _results_from_logits(many_threads, arrays, n_threads)]
            assert again == of_set[name], (name, n_threads)
    if {"avx2", "avx512"} <= of_set.keys():
        assert of_set["avx2"] == of_set["avx512"]


def test_passes_at_the_same_time_do_not_share_their_memory(compiled):
    arrays = arrays_of((4100, 40, 58, 0.5), np.float32)
    x, weight, bias, p, *_ = arrays
    matrix, indices = matrix_of(compiled, x), p.argmax(axis=1).astype(np.int64)

    def found(scale):
        sums = np.empty(weight.shape), np.empty(len(bias))
        for _ in range(20):
            head = scale * weight.astype(np.float64), bias.astype(np.float64)
            compiled.sparse_loss_rows(matrix, *head, None, indices, None, 0.0, None, *sums, 2)
        return sums[0].tobytes()

    alone = [found(scale) for scale in (1.0, 0.5, 0.1)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(found, (1.0, 0.5, 0.1))) == alone


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
        "matrix": compiled.SparseMatrix(**few_entries()), "targets": None,
        "weight": np.ones((4, 2)), "bias": np.ones(4),
        "indices": np.array([0, 3]), "class_weight": None, "label_smoothing": 0.0, "row_weight": None,
        "weight_sums": np.ones((4, 2)), "bias_sums": np.ones(4), "n_threads": 1,
    }  # fmt: skip
    with pytest.raises((TypeError, ValueError), match=match):
        compiled.sparse_loss_rows(**{**given, **changes})
    shared = np.ones((4, 2))
    with pytest.raises(ValueError, match="shares no memory"):
        compiled.sparse_loss_rows(**{**given, "weight": shared, "weight_sums": shared})


def test_squares_of_another_matrix_are_refused(compiled):
    matrix = compiled.SparseMatrix(**few_entries())
    other = compiled.SparseMatrix(**{**few_entries(), "n_columns": 3})
    sums = np.ones((4, 2)), np.ones(4)
    with pytest.raises(ValueError, match="both matrices have one shape and dtype"):
        compiled.sparse_variances_rows(matrix, other, np.ones((4, 2)), np.ones(4), None, *sums, 1)
