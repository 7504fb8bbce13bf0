"""Scaling of features to mean 0 and standard deviation 1, which the network applies batch by batch."""

from collections.abc import Callable

import numpy as np

from chainrule._types import Array
from chainrule.functions import SparseFeatures, near_one
from chainrule.network import InputScaling

_BLOCK_ROWS = 1024


def standardisation(X: Array, sample_weight: Array | None = None) -> InputScaling:
    """Return the scaling that gives each feature weighted mean 0 and weighted standard deviation 1.

    Parameters
    ----------
    X : ndarray, shape (examples, features)
        Finite numbers of any size; not copied.
    sample_weight : ndarray of float64 or None, shape (examples,)
        Weight of each row, >= 0, not all zero.

    Returns
    -------
    InputScaling
        In float64. A feature that does not vary is only centred.

    Notes
    -----
    Three passes in float64, each over blocks of 1,024 rows: the largest size of a feature, whose power of two is its
    unit, so that no square over- or underflows and no other bit changes; the mean; the squared deviations from it.

    Examples
    --------
    >>> scaling = standardisation(np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> scaling.center, scaling.scale
    (array([2., 5.]), array([1., 1.]))
    """
    weights = np.ones(len(X)) if sample_weight is None else near_one(sample_weight)
    total = weights.sum()
    exponent = np.frexp(largest_sizes(X))[1]
    center = _weighted_sum(X, weights, lambda rows: np.ldexp(rows, -exponent)) / total
    squares = _weighted_sum(X, weights, lambda rows: np.square(np.ldexp(rows, -exponent) - center))
    deviation = np.sqrt(squares / total)
    # The deviations of a constant feature are the rounding of its mean: 1 / deviation would blow noise up.
    constant = deviation <= 1e-13 * np.abs(center)
    scale = np.where(constant, 1.0, np.ldexp(1.0 / np.where(constant, 1.0, deviation), -exponent))
    return InputScaling(np.ldexp(center, exponent), np.minimum(scale, np.finfo(np.float64).max))


def sparse_standardisation(features: SparseFeatures, sample_weight: Array | None = None) -> InputScaling:
    """Return the scaling that gives each sparse feature weighted standard deviation 1, and leaves its mean.

    Parameters
    ----------
    features : SparseFeatures, shape (examples, features)
        Finite numbers of any size.
    sample_weight : ndarray of float64 or None, shape (examples,)
        Weight of each row, >= 0, not all zero.

    Returns
    -------
    InputScaling
        In float64, its centre 0: another would fill every entry. A feature that does not vary keeps its unit.

    Notes
    -----
    As :func:`standardisation`, over the entries that are kept; the others are counted.

    Examples
    --------
    >>> sparse_standardisation(SparseFeatures.from_dense(np.array([[0.0, 5.0], [4.0, 5.0]]))).scale
    array([0.5, 1. ])
    """
    weights = np.ones(len(features)) if sample_weight is None else near_one(sample_weight)
    total, columns, n_features = weights.sum(), features.indices, features.n_features
    of_entries = np.repeat(weights, np.diff(features.begin))
    sizes = np.zeros(n_features)
    np.maximum.at(sizes, columns, np.abs(features.values))
    exponent = np.frexp(sizes)[1]
    values = np.ldexp(features.values.astype(np.float64), -exponent[columns])
    mean = np.bincount(columns, of_entries * values, n_features) / total
    squares = np.bincount(columns, of_entries * np.square(values - mean[columns]), n_features)
    absent = (total - np.bincount(columns, of_entries, n_features)).clip(min=0.0)
    deviation = np.sqrt((squares + absent * np.square(mean)) / total)
    constant = deviation <= 1e-7 * np.abs(mean)  # what is left of the sum of absent weights is rounding
    scale = np.where(constant, 1.0, np.ldexp(1.0 / np.where(constant, 1.0, deviation), -exponent))
    return InputScaling(np.zeros(n_features), np.minimum(scale, np.finfo(np.float64).max))


def largest_sizes(X: Array) -> Array:
    """Return the largest absolute value of each feature, float64, shape (features,).

    Examples
    --------
    >>> largest_sizes(np.array([[1.0, -5.0], [-3.0, 2.0]]))
    array([3., 5.])
    """
    sizes = np.zeros(X.shape[1])
    for start in range(0, len(X), _BLOCK_ROWS):
        np.maximum(sizes, np.abs(X[start : start + _BLOCK_ROWS]).max(axis=0), out=sizes)
    return sizes


def _weighted_sum(X: Array, weights: Array, function: Callable[[Array], Array]) -> Array:
    """Return sum_i weight_i function(row_i) in float64, by NumPy's own sum: a BLAS might share it among threads."""
    total = np.zeros(X.shape[1])
    for start in range(0, len(X), _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        total += (weights[block, None] * function(X[block].astype(np.float64))).sum(axis=0)
    return total
