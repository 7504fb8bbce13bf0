"""The passes with kept logits: values by hand, and their agreement with the functions that keep nothing."""

import numpy as np
import pytest

from chainrule.functions import (
    cross_entropy_with_gradient,
    linear_cross,
    linear_cross_entropy_gauss_newton,
    linear_cross_entropy_with_gradient,
    linear_curvature,
    linear_hessian,
    linear_logits,
    softmax,
)

RANDOM = np.random.default_rng(3)
X, W, B = RANDOM.normal(size=(300, 5)), RANDOM.normal(size=(4, 5)), RANDOM.normal(size=4)
Y = RANDOM.integers(0, 4, 300)
WEIGHTS = RANDOM.random(300)


@pytest.mark.usefixtures("path")
def test_the_sums_of_one_row_by_hand():
    features, gradient = np.array([[2.0, 3.0]]), np.array([[1.0, -1.0]])
    weight, bias = linear_cross(features, gradient)
    assert weight.tolist() == [[2.0, 3.0], [-2.0, -3.0]]
    assert bias.tolist() == [1.0, -1.0]
    # diag(p) - p p^T of (1/4, 3/4) is 3/16 (1, -1; -1, 1); along dZ = (2, 0) it is (3/8, -3/8).
    p = np.array([[0.25, 0.75]])
    weight, bias = linear_curvature(features, p, None, np.array([[1.0, 0.0], [0.0, 0.0]]), np.zeros(2))
    assert weight.tolist() == [[0.75, 1.125], [-0.75, -1.125]]
    assert bias.tolist() == [0.375, -0.375]


@pytest.mark.usefixtures("path")
def test_the_matrix_of_one_row_by_hand():
    # 3/16 (1, -1; -1, 1) kron (2, 1) (2, 1)^T: the weights of the two classes, then their biases.
    matrix = linear_hessian(np.array([[2.0]]), np.array([[0.25, 0.75]]), np.array([16.0 / 3.0]))
    assert matrix.tolist() == [[4, -4, 2, -2], [-4, 4, -2, 2], [2, -2, 1, -1], [-2, 2, -1, 1]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [None, np.array([5, 2, 299, 17])])
@pytest.mark.usefixtures("path")
def test_the_matrix_times_a_direction_is_the_product_of_the_pass(dtype, rows):
    x, w, b = (array.astype(dtype) for array in (X, W, B))
    p, v = softmax(linear_logits(x, w, b)), RANDOM.normal(size=24)
    scaling = np.arange(5.0), np.linspace(0.5, 2.0, 5), 1.5
    matrix = linear_hessian(x, p, WEIGHTS, rows, scaling=scaling)
    weight, bias = linear_curvature(
        x, p, WEIGHTS, v[:20].reshape(4, 5).astype(dtype), v[20:].astype(dtype), rows, scaling=scaling
    )
    bound = 2000 * np.finfo(dtype).eps
    np.testing.assert_allclose(matrix @ v, np.concatenate([weight.ravel(), bias]), rtol=0, atol=bound)
    np.testing.assert_allclose(matrix, matrix.T, rtol=0, atol=bound)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.usefixtures("path")
def test_they_agree_with_the_functions_that_keep_nothing(dtype):
    x, w, b = (array.astype(dtype) for array in (X, W, B))
    near = {"rtol": 0, "atol": 2000 * np.finfo(dtype).eps}
    logits = linear_logits(x, w, b)
    loss, by_logits = cross_entropy_with_gradient(logits, Y, sample_weight=WEIGHTS, reduction="sum")
    weight, bias = linear_cross(x, by_logits)
    other, gradients = linear_cross_entropy_with_gradient(
        x, w, Y, bias=b, sample_weight=WEIGHTS, reduction="sum"
    )
    assert loss == pytest.approx(other, rel=1e-5 if dtype == np.float32 else 1e-13)
    np.testing.assert_allclose(weight, gradients["weight"], **near)
    np.testing.assert_allclose(bias, gradients["bias"], **near)
    v, v_b = RANDOM.normal(size=(4, 5)).astype(dtype), RANDOM.normal(size=4).astype(dtype)
    weight, bias = linear_curvature(x, softmax(logits), WEIGHTS, v, v_b)
    products = linear_cross_entropy_gauss_newton(
        x, w, v, bias=b, bias_direction=v_b, sample_weight=WEIGHTS, reduction="sum"
    )
    np.testing.assert_allclose(weight, products["weight"], **near)
    np.testing.assert_allclose(bias, products["bias"], **near)


@pytest.mark.usefixtures("path")
def test_some_rows_are_summed_as_if_they_were_all():
    rows = np.array([5, 2, 299])
    p = softmax(linear_logits(X, W, B))
    some = linear_curvature(X, p, WEIGHTS, W, B, rows)
    alone = linear_curvature(X[rows], p[rows], WEIGHTS[rows], W, B)
    for found, expected in zip(some, alone, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("limit", [None, 1.5])
@pytest.mark.usefixtures("path")
def test_features_are_scaled_on_the_way(limit):
    centre, scale = np.arange(5.0), np.linspace(0.5, 2.0, 5)
    scaled = (X - centre) * scale
    scaled = scaled if limit is None else scaled / np.sqrt(1 + (scaled / limit) ** 2)
    found = linear_logits(X, W, B, scaling=(centre, scale, limit))
    np.testing.assert_allclose(found, linear_logits(scaled, W, B), rtol=1e-12, atol=1e-12)


@pytest.mark.usefixtures("path")
def test_no_rows_sum_to_zero():
    weight, bias = linear_cross(np.empty((0, 5)), np.empty((0, 4)))
    assert not weight.any()
    assert not bias.any()
    assert linear_logits(np.empty((0, 5)), W, B).shape == (0, 4)
