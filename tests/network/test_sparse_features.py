"""A network on sparse features has the values and gradients of the dense array, for every head and depth."""

import numpy as np
import pytest
import scipy.sparse as sp

from chainrule.errors import ArgumentTypeError
from chainrule.functions import SparseFeatures
from chainrule.network import Network, loss_and_gradients_of_present


def _rows():
    random = np.random.default_rng(0)
    return random.normal(size=(50, 9)) * (random.random((50, 9)) < 0.3), random


@pytest.mark.parametrize("layers", [(9, 3), (9, 6, 3), (9, 6, 4, 3)])
@pytest.mark.parametrize("head", ["softmax", "sigmoid", "identity"])
def test_values_and_gradients_are_those_of_the_dense_array(path, layers, head):
    del path
    x, random = _rows()
    network = Network(layers, "tanh", head, dtype=np.float64)
    network.parameters = 0.3 * random.normal(size=network.parameters.size)
    y = random.integers(0, 3, 50) if head == "softmax" else (random.random((50, 3)) < 0.5).astype(float)
    for rows in (sp.csr_array(x), sp.csc_matrix(x), SparseFeatures.from_dense(x)):
        np.testing.assert_allclose(network.predict_proba(rows), network.predict_proba(x), rtol=1e-12)
        np.testing.assert_allclose(
            network.forward(rows).logits, network.forward(x).logits, rtol=1e-11, atol=1e-13
        )
        loss, gradient = network.loss_and_gradient(rows, y)
        expected, truth = network.loss_and_gradient(x, y)
        assert abs(loss - expected) <= 1e-13 * abs(expected)
        np.testing.assert_allclose(gradient, truth, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("layers", [(9, 3), (9, 6, 4, 3)])
def test_gradients_of_present_features_are_part_of_the_whole(layers):
    x, random = _rows()
    x[:, [2, 5]] = 0.0
    network = Network(layers, dtype=np.float64, random_state=4)
    network.parameters = 0.3 * random.normal(size=network.parameters.size)
    y, present = random.integers(0, 3, 50), np.array([0, 1, 3, 4, 6, 7, 8])
    weights = np.ascontiguousarray(network.named_parameters["W1"][:, present])
    masks = [random.integers(0, 2, (50, size)) * 2.0 for size in layers[1:-1]]
    features, options = (
        SparseFeatures.from_dense(np.ascontiguousarray(x[:, present])),
        {"label_smoothing": 0.1},
    )
    loss, by_weights, by_rest = loss_and_gradients_of_present(network, features, weights, y, options, masks)
    expected, flat = network.loss_and_gradient(x, y, reduction="sum", masks=masks, **options)
    size = 9 * layers[1]
    assert abs(loss - expected) <= 1e-12 * abs(expected)
    np.testing.assert_allclose(by_weights, flat[:size].reshape(-1, 9)[:, present], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(by_rest, flat[size:], rtol=1e-11, atol=1e-13)


def test_the_derivative_by_sparse_inputs_is_refused():
    x, _ = _rows()
    network = Network((9, 3))
    forward = network.forward(sp.csr_array(x))
    with pytest.raises(
        ArgumentTypeError, match=r"forward is of dense features.* Pass a few rows as a dense array"
    ):
        network.backward(forward, forward.outputs)
