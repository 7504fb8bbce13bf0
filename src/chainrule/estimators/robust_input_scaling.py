"""Robust scaling of the features of an array with a smooth clip, which the network applies batch by batch."""

import numpy as np

from chainrule._types import Array
from chainrule.functions import near_one
from chainrule.network import InputScaling

LIMIT = 3.0
"""What no feature exceeds, in interquartile ranges from the median; as for the columns of tables."""
_COLUMNS_AT_A_TIME = 16
"""Columns that are sorted together: rows are read in pieces of this width, and little more than them is held."""
_LARGEST = float(np.finfo(np.float64).max)


def robust_input_scaling(X: Array, sample_weight: Array | None = None) -> InputScaling:
    """Return the scaling by median and interquartile range with the smooth clip of (RS.2).

    Parameters
    ----------
    X : ndarray, shape (examples, features)
        Finite numbers of any size.
    sample_weight : ndarray of float64 or None, shape (examples,)
        Weight of each row, >= 0, not all zero: a row of weight 2 counts like the row twice.

    Returns
    -------
    InputScaling
        In float64: centre and scale by (RS.1), half the range taking the place of equal quartiles; a feature that
        does not vary is only centred. No feature leaves -3..3.

    Notes
    -----
    A quantile is the smallest value at which the weights sum to its share of their total: a value that is there, and
    the same for a weight and for repeated rows, which interpolated quantiles are not. The recipe is that of RealMLP
    [Holzmueller2024].

    Examples
    --------
    >>> scaling = robust_input_scaling(np.array([[1.0], [2.0], [3.0], [4.0], [1000.0]]))
    >>> scaling.center, scaling.scale
    (array([3.]), array([0.5]))
    """
    center, scale = np.zeros(X.shape[1]), np.ones(X.shape[1])
    for first in range(0, X.shape[1], _COLUMNS_AT_A_TIME):
        columns = slice(first, first + _COLUMNS_AT_A_TIME)
        # A quarter, for the difference of two finite numbers may overflow.
        center[columns], scale[columns] = _centers_and_scales(
            X[:, columns].astype(np.float64) / 4, sample_weight
        )
    return InputScaling(center, scale, limit=LIMIT)


def _centers_and_scales(quarters: Array, sample_weight: Array | None) -> tuple[Array, Array]:
    """Return centre and scale of some features from a quarter of their values."""
    low, middle, high = weighted_quantiles(quarters, sample_weight)
    spread = high - low
    half_range = (quarters.max(axis=0) - quarters.min(axis=0)) / 2
    spread = np.where(spread > 0.0, spread, half_range)
    with np.errstate(over="ignore", divide="ignore"):
        scale = np.where(spread > 0.0, np.minimum(0.25 / spread, _LARGEST), 1.0)
    return middle * 4, scale


def weighted_quantiles(values: Array, sample_weight: Array | None) -> Array:
    """Return the quartiles of each column, shape (3, columns): values at which the weights reach 1/4, 1/2 and 3/4.

    Examples
    --------
    >>> weighted_quantiles(np.array([[1.0], [2.0], [5.0]]), np.array([1.0, 1.0, 6.0])).ravel()
    array([2., 5., 5.])
    """
    shares = np.array([0.25, 0.5, 0.75])
    if sample_weight is None:
        places = np.ceil(shares * len(values)).astype(np.int64) - 1
        return np.asarray(np.partition(values, places, axis=0)[places])
    order = np.argsort(values, axis=0, kind="stable")
    reached = np.cumsum(near_one(sample_weight)[order], axis=0)
    quartiles = np.empty((3, values.shape[1]))
    for column in range(values.shape[1]):
        rows = np.searchsorted(reached[:, column], shares * reached[-1, column])
        quartiles[:, column] = values[order[rows, column], column]
    return quartiles
