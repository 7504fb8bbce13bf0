"""Standardised features: mean and deviation by definition, weights as repetitions, columns that do not vary."""

import numpy as np
import pytest

from chainrule.estimators.standardisation import standardisation

RANDOM = np.random.default_rng(0)


def scaled(X, **options):
    scaling = standardisation(X, **options)
    return (X - scaling.center) * scaling.scale


@pytest.mark.parametrize("rows", [2, 1024, 3000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_features_get_mean_0_and_deviation_1(rows, dtype):
    X = (RANDOM.normal(size=(rows, 3)) * [1e-6, 1.0, 1e6] + [0.0, 1e3, 1e8]).astype(dtype)
    result = scaled(X)
    np.testing.assert_allclose(result.mean(axis=0), 0.0, atol=1e-8)
    np.testing.assert_allclose(result.std(axis=0), 1.0, rtol=1e-8)


def test_a_weight_is_a_number_of_rows():
    X, weights = RANDOM.normal(size=(50, 2)), RANDOM.integers(1, 5, 50)
    by_weight = standardisation(X, weights.astype(np.float64))
    by_row = standardisation(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(by_weight.center, by_row.center, rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(by_weight.scale, by_row.scale, rtol=1e-13)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e-300, -1e10])
def test_a_feature_that_does_not_vary_becomes_nearly_0(constant):
    assert abs(scaled(np.full((777, 1), constant))).max() <= 1e-12 * max(abs(constant), 1e-300)


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e155, 1e300, 1.7e308])
def test_features_of_any_size_are_standardised(size):
    X = np.random.default_rng(2).uniform(-1.0, 1.0, size=(50, 3))
    plain, sized = standardisation(X), standardisation(X * size)
    np.testing.assert_allclose(sized.center / size, plain.center, rtol=1e-12)
    np.testing.assert_allclose(sized.apply(X * size), plain.apply(X), rtol=1e-9)
