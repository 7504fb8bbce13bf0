"""Moments and variance between classes of sparse features: those of the dense array, from the entries alone."""

import numpy as np
import pytest

from chainrule.functions import SparseFeatures
from chainrule.network import InputScaling, Network
from chainrule.training.diagnosis_features import _squares, feature_moments, labels_tell
from chainrule.training.objective import Examples


@pytest.mark.parametrize("scaled", [False, True])
def test_they_are_those_of_the_dense_array(scaled):
    random = np.random.default_rng(0)
    x = random.poisson(0.4, (500, 12)) * random.gamma(2.0, 1.0, 12)
    x[:, 3], x[:, 4] = 0.0, 2.0
    y = random.integers(0, 3, 500)
    network = Network((12, 3), dtype=np.float64)
    if scaled:
        network.input_scaling = InputScaling(np.zeros(12), np.linspace(0.1, 3.0, 12))
    dense, sparse = Examples(x, y), Examples(SparseFeatures.from_dense(x), y)
    expected, found = feature_moments(network, dense), feature_moments(network, sparse)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(found.deviation, expected.deviation, rtol=1e-12, atol=1e-12)
    assert found.constant.tolist() == expected.constant.tolist()
    for function in (lambda z: z, np.square):
        truth = _squares(network, dense, y, expected, function)
        for one, other in zip(_squares(network, sparse, y, expected, function), truth, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)
    assert labels_tell(network, sparse, found) == labels_tell(network, dense, expected)
