"""Passes over long vectors: float64 sums in an order that lengths fix, the same bits for every number of threads."""

import math

import numpy as np
import pytest

from kernels.row_calls import each_instruction_set

LENGTHS = [(0, 0), (1, 0), (7, 7), (33, 20), (4096, 4096), (10_000, 9_990), (30_011, 15_000)]


def _arrays(length, real):
    random = np.random.default_rng(length)
    vectors = random.normal(size=(3, length))
    root = random.uniform(0.5, 2.0, length).astype(real)
    return vectors, root, random.normal(size=(9, length)).astype(real)


def _results(compiled, length, n_weights, real, n_threads):
    (parameters, gradient, before), root, rows = _arrays(length, real)
    following, sums = np.full(length, np.nan), np.full(2, np.nan)
    compiled.follow_line_rows(parameters, rows[0], root, gradient, 0.3, n_weights, following, sums, n_threads)
    finished, squares = gradient.copy(), np.full(2, np.nan)
    compiled.finish_gradient_rows(finished, parameters, 3.0, 0.7, n_weights, squares, n_threads)
    products = np.full((9, 3), np.nan)
    compiled.remember_pair_rows(rows, 2, 5, before, gradient, root, products, n_threads)
    coefficients = np.arange(9.0) - 4.0
    compiled.combine_vectors_rows(rows, coefficients, rows[4], n_threads)
    gram = np.full((9, 9), np.nan)
    compiled.vector_products_rows(rows, rows, gram, n_threads)
    return [following, sums, finished, squares, products, rows, gram]


def _expected(length, n_weights, real):
    (parameters, gradient, before), root, rows = _arrays(length, real)
    wide, direction = root.astype(np.float64), rows[0].astype(np.float64)
    following = parameters + 0.3 * wide * direction
    sums = [math.fsum(gradient * wide * direction), math.fsum(following[:n_weights] ** 2)]
    finished = gradient / 3.0
    finished[:n_weights] += 0.7 * parameters[:n_weights]
    squares = [math.fsum(finished[:n_weights] ** 2), math.fsum(finished[n_weights:] ** 2)]
    rows[5], rows[8] = (gradient - before) * wide, gradient * wide
    products = [[math.fsum(row.astype(np.float64) * rows[j]) for j in (2, 5, 8)] for row in rows]
    rows[4] = (np.arange(9.0) - 4.0) @ rows.astype(np.float64)
    gram = [[math.fsum(row.astype(np.float64) * other) for other in rows] for row in rows]
    return [following, sums, finished, squares, products, rows, gram]


@pytest.mark.parametrize(("length", "n_weights"), LENGTHS)
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_vectors_and_sums_are_those_of_exact_sums(compiled, length, n_weights, real):
    expected = _expected(length, n_weights, real)
    for name in each_instruction_set(compiled):
        found = _results(compiled, length, n_weights, real, 2)
        for number, (array, truth) in enumerate(zip(found, expected, strict=True)):
            eps = np.finfo(real if number == 5 else np.float64).eps
            # Rows of float32 round by themselves; products are of what they hold.
            bound = (
                40 * eps * (length + 1.0) ** 0.5
                if number != 6
                else 40 * np.finfo(real).eps * (length + 1.0) ** 0.5
            )
            bound = 40 * np.finfo(real).eps * (length + 1.0) ** 0.5 if number == 4 else bound
            np.testing.assert_allclose(array, truth, rtol=1e-14, atol=bound, err_msg=f"{name} {number}")


@pytest.mark.parametrize(("length", "n_weights"), LENGTHS)
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_threads_and_instruction_sets_change_no_bit_of_vectors(many_threads, length, n_weights, real):
    of_set = {}
    for name in each_instruction_set(many_threads):
        of_set[name] = [a.tobytes() for a in _results(many_threads, length, n_weights, real, 1)]
        for n_threads in (2, 3, 5):
            again = [a.tobytes() for a in _results(many_threads, length, n_weights, real, n_threads)]
            assert again == of_set[name], (name, n_threads)
    if {"avx2", "avx512"} <= of_set.keys():
        assert of_set["avx2"] == of_set["avx512"]


def test_rows_that_do_not_count_are_not_looked_at(compiled):
    rows = np.array([[np.nan] * 20, [2.0] * 20])
    for name in each_instruction_set(compiled):
        compiled.combine_vectors_rows(rows, np.array([0.0, 3.0]), rows[0], 1)
        assert (rows[0] == 6.0).all(), name
        rows[0] = np.nan


@pytest.mark.parametrize(
    ("call", "changes", "match"),
    [
        ("follow_line_rows", {"n_weights": 6}, "weights are some of the parameters; got 6"),
        ("follow_line_rows", {"n_weights": -1}, "got -1"),
        ("follow_line_rows", {"root": np.ones(5, np.float32)}, "root is float64; got float32"),
        ("follow_line_rows", {"gradient": np.ones(4)}, "gradient"),
        ("follow_line_rows", {"sums": np.ones(3)}, "sums"),
        ("finish_gradient_rows", {"parameters": np.ones(4)}, "parameters"),
        ("finish_gradient_rows", {"n_weights": 6}, "weights are some of the parameters"),
        ("remember_pair_rows", {"step": 2}, "step and change are two of the rows but the last; got 2 and 1"),
        ("remember_pair_rows", {"change": 0}, "got 0 and 0"),
        ("remember_pair_rows", {"products": np.ones((3, 2))}, "products"),
        ("remember_pair_rows", {"root": np.ones(5, np.float32)}, "root"),
    ],
)
def test_vectors_that_do_not_fit_are_refused_by_name(compiled, call, changes, match):
    shared = {"n_threads": 1, "sums": np.ones(2), "n_weights": 3}
    given = {
        "follow_line_rows": {
            "parameters": np.ones(5), "direction": np.ones(5), "root": np.ones(5), "gradient": np.ones(5), "step": 1.0,
            "following": np.ones(5), **shared,
        },
        "finish_gradient_rows": {
            "gradient": np.ones(5), "parameters": np.ones(5), "divisor": 1.0, "alpha": 1.0, **shared,
        },
        "remember_pair_rows": {
            "rows": np.ones((3, 5)), "step": 0, "change": 1, "gradient_before": np.ones(5), "gradient": np.ones(5),
            "root": np.ones(5), "products": np.ones((3, 3)), "n_threads": 1,
        },
    }[call]  # fmt: skip
    with pytest.raises((TypeError, ValueError), match=match):
        getattr(compiled, call)(**{**given, **changes})
