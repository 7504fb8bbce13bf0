"""Sparse features: what SciPy gives in any state, rows as an array gives them, and never an array of their shape."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions import (
    SparseFeatures,
    cross_entropy_with_gradient,
    is_sparse,
    linear_cross,
    linear_curvature,
    linear_logits,
    reads_in_place,
    softmax,
    sparse_features,
    sparse_loss_with_gradient,
    sparse_variance_sums,
)
from chainrule.kernels import native


def _dense(shape=(40, 12), density=0.2, seed=0, dtype=np.float64):
    random = np.random.default_rng(seed)
    return (random.normal(size=shape) * (random.random(shape) < density)).astype(dtype)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "dia", "dok", "lil"])
@pytest.mark.parametrize("of", ["array", "matrix"])
def test_every_format_of_scipy_gives_the_rows_of_its_dense_array(kind, of):
    dense = _dense()
    given = getattr(sp, f"{kind}_{of}")(dense)
    assert is_sparse(given)
    found = sparse_features("call", "X", given)
    np.testing.assert_array_equal(found.dense(), dense)
    assert found.indices.dtype == np.int32
    assert found.begin.dtype == np.int64


def test_canonical_rows_are_shared_and_others_leave_the_given_ones_as_they_are():
    given = sp.csr_array(_dense(dtype=np.float32))
    assert np.shares_memory(sparse_features("call", "X", given).values, given.data)
    indices, data = np.array([2, 0, 2, 1]), np.array([1.0, 2.0, 3.0, 4.0])
    given = sp.csr_array((data, indices, np.array([0, 3, 3, 4])), shape=(3, 4))
    found = sparse_features("call", "X", given)
    np.testing.assert_array_equal(found.dense(), [[2, 0, 4, 0], [0, 0, 0, 0], [0, 4, 0, 0]])
    assert found.indices.tolist() == [0, 2, 1]
    assert given.indices.tolist() == [2, 0, 2, 1]
    assert given.data.tolist() == [1, 2, 3, 4]


def test_wide_indices_whole_numbers_and_explicit_zeros_are_served():
    data, indices, begin = np.array([0, 7]), np.array([1, 0]), np.array([0, 1, 2])
    given = sp.csr_array((data, indices.astype(np.int64), begin.astype(np.int64)), shape=(2, 3))
    given.indices, given.indptr = given.indices.astype(np.int64), given.indptr.astype(np.int64)
    found = sparse_features("call", "X", given)
    assert found.dtype == np.float64
    assert len(found.values) == 2
    np.testing.assert_array_equal(found.dense(), [[0, 0, 0], [7, 0, 0]])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"indices": np.array([0, 9, 1])}, r"X.indices are columns, 0 to 3; got indices\[1\] = 9"),
        ({"indices": np.array([0, -1, 1])}, r"got indices\[1\] = -1"),
        ({"indptr": np.array([0, 3, 2, 3])}, "X.indptr rises from 0"),
        ({"indptr": np.array([0, 1, 2, 9])}, "X.indptr rises from 0"),
    ],
)
def test_rows_or_columns_that_are_not_there_are_refused(change, match):
    given = sp.csr_array(np.array([[1.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 3, 0]]))
    for name, value in change.items():
        setattr(given, name, value)
    with pytest.raises(ArgumentError, match=match):
        sparse_features("call", "X", given)


def test_what_holds_no_numbers_is_refused():
    with pytest.raises(ArgumentTypeError, match="X holds numbers; got dtype complex128"):
        sparse_features("call", "X", sp.csr_array(np.eye(2, dtype=np.complex128)))


@pytest.mark.parametrize(
    "rows",
    [
        slice(None), slice(3, 9), slice(9, 3), slice(0, 40, 7), slice(-5, None), np.array([5, 5, 0, 39]),
        np.arange(40) % 3 == 0, np.array([], np.int64),
    ],
)  # fmt: skip
def test_rows_are_given_as_an_array_gives_them(rows):
    dense = _dense()
    found = SparseFeatures.from_dense(dense)[rows]
    np.testing.assert_array_equal(found.dense(), dense[rows])
    assert found.begin[0] == 0


def test_no_dense_array_is_ever_made_of_them():
    features = SparseFeatures.from_dense(np.eye(3))
    for make in (np.asarray, np.array, np.ascontiguousarray, lambda x: np.asarray(x, dtype=np.float32)):
        with pytest.raises(
            ArgumentTypeError, match="not turned into a dense array; got 3 x 3, of which 3 entries"
        ):
            make(features)


def test_they_survive_pickling_and_know_their_size():
    features = SparseFeatures.from_dense(_dense())
    again = pickle.loads(pickle.dumps(features))
    np.testing.assert_array_equal(again.dense(), features.dense())
    assert (features.shape, len(features), features.ndim) == ((40, 12), 40, 2)
    assert features.density == len(features.values) / 480
    assert features.nbytes == features.begin.nbytes + 12 * len(features.values)


def test_scaling_multiplies_features_and_keeps_the_dtype():
    dense, scale = _dense(dtype=np.float32), np.arange(12.0)
    found = SparseFeatures.from_dense(dense).scaled(scale)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.dense(), (dense * scale).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(40, 12), (5000, 30), (3, 1), (30, 5)])
def test_passes_are_those_of_the_dense_array(path, shape, dtype):
    del path
    dense = _dense(shape, seed=shape[0])
    features, random = SparseFeatures.from_dense(dense), np.random.default_rng(1)
    weight, bias = random.normal(size=(4, shape[1])).astype(dtype), random.normal(size=4).astype(dtype)
    p = random.dirichlet(np.ones(4), size=shape[0]).astype(dtype)
    row_weight, positions = random.random(shape[0]), np.arange(0, shape[0], 2)
    close = {"rtol": 0, "atol": 300 * np.finfo(dtype).eps * shape[0] ** 0.5}
    np.testing.assert_allclose(
        linear_logits(features, weight, bias), linear_logits(dense, weight, bias), **close
    )
    for arguments in ((p,), (p, row_weight, weight, bias), (p, row_weight, weight, bias, positions)):
        function = linear_cross if len(arguments) == 1 else linear_curvature
        for found, expected in zip(function(features, *arguments), function(dense, *arguments), strict=True):
            np.testing.assert_allclose(found, expected, **close)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "options", [{}, {"label_smoothing": 0.1, "class_weight": np.array([1.0, 2.0, 0.5, 3.0])}]
)
@pytest.mark.parametrize("soft", [False, True])
def test_loss_and_gradient_in_one_pass_are_those_of_the_logits(path, dtype, options, soft):
    del path
    dense, random = _dense((2500, 30), seed=4), np.random.default_rng(2)
    features = SparseFeatures.from_dense(dense)
    weight, bias, sample_weight = random.normal(size=(4, 30)), random.normal(size=4), random.random(2500)
    targets = random.dirichlet(np.ones(4), size=2500) if soft else random.integers(0, 4, 2500)
    options = {**options, "sample_weight": sample_weight}
    loss, gradient = sparse_loss_with_gradient(features, weight, bias, targets, dtype=dtype, **options)
    expected, slopes = cross_entropy_with_gradient(
        dense @ weight.T + bias, targets, reduction="sum", **options
    )
    close = {"rtol": 0, "atol": 8000 * np.finfo(dtype).eps}
    assert abs(loss - expected) <= 1000 * np.finfo(dtype).eps * expected
    np.testing.assert_allclose(gradient[:120].reshape(4, 30), slopes.T @ dense, **close)
    np.testing.assert_allclose(gradient[120:], slopes.sum(axis=0), **close)


def test_variances_are_summed_with_squared_features(path):
    del path
    dense, random = _dense((2500, 30), seed=4), np.random.default_rng(2)
    weight, bias, mass = random.normal(size=(4, 30)), random.normal(size=4), random.random(2500)
    p = softmax(dense @ weight.T + bias)
    for given, factor in ((None, 1.0), (mass, mass[:, None])):
        found = sparse_variance_sums(SparseFeatures.from_dense(dense), weight, bias, given)
        variances = factor * p * (1.0 - p)
        np.testing.assert_allclose(
            found[:120].reshape(4, 30), variances.T @ np.square(dense), rtol=1e-5, atol=1e-5
        )
        np.testing.assert_allclose(found[120:], variances.sum(axis=0), rtol=1e-5)


@pytest.mark.parametrize(
    ("shape", "density", "in_place"), [((40, 12), 0.5, True), ((40, 3000), 0.001, False)]
)
def test_changed_positions_are_looked_at_anew(shape, density, in_place):
    dense = _dense(shape, density)
    features, p = SparseFeatures.from_dense(dense), np.full((40, 2), 0.5)
    assert native() is None or reads_in_place(features, 2, np.float64) == in_place
    for positions in (np.arange(0, 40, 2), np.arange(1, 40, 2), np.arange(0, 40, 2)):
        arguments = (p, None, np.ones((2, shape[1])) * [[1], [-1]], np.zeros(2), positions)
        found, expected = linear_curvature(features, *arguments), linear_curvature(dense, *arguments)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-12, atol=1e-12)


def test_rows_are_taken_once_for_each_array_of_their_numbers():
    dense = _dense()
    features, some, others = SparseFeatures.from_dense(dense), np.arange(0, 40, 3), np.arange(1, 40, 3)
    taken = features.taken(some)
    np.testing.assert_array_equal(taken.dense(), dense[some])
    assert features.taken(some) is taken
    np.testing.assert_array_equal(features.taken(others).dense(), dense[others])
