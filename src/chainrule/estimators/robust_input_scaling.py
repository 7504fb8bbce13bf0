"""Robust scaling of the features of an array with a smooth clip, which the network applies batch by batch."""

import numpy as np

from chainrule._types import Array
from chainrule.functions import near_one
from chainrule.network import InputScaling
from chainrule.training import columns_of

LIMIT = 3.0
"""What no feature exceeds, in interquartile ranges from the median; as for the columns of tables."""
COLUMNS_AT_A_TIME = 16
BYTES_AT_A_TIME = 16_000_000
"""Columns are copied to be sorted at most so many at a time, and of so many bytes, but for a column that is larger."""
_LARGEST = float(np.finfo(np.float64).max)


def robust_input_scaling(X: Array, sample_weight: Array | None = None) -> InputScaling:
    """Return the scaling by median and interquartile range with the smooth clip of (RS.2).

    Parameters
    ----------
    X : ndarray or SelectedRows, shape (examples, features)
        Finite numbers of any size, which are copied a few columns at a time.
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
    together = columns_at_a_time(len(X), X.dtype.itemsize)
    for first in range(0, X.shape[1], together):
        columns = slice(first, first + together)
        center[columns], scale[columns] = _centers_and_scales(columns_of(X, columns), sample_weight)
    return InputScaling(center, scale, limit=LIMIT)


def columns_at_a_time(n_rows: int, itemsize: int) -> int:
    """Return how many columns are copied together.

    Examples
    --------
    >>> columns_at_a_time(1000, 4), columns_at_a_time(1_000_000, 4), columns_at_a_time(1_000_000_000, 4)
    (16, 4, 1)
    """
    return max(1, min(COLUMNS_AT_A_TIME, BYTES_AT_A_TIME // max(n_rows * itemsize, 1)))


def _centers_and_scales(values: Array, sample_weight: Array | None) -> tuple[Array, Array]:
    """Return centre and scale of some features; their values, a copy, are used up."""
    # Quarters, for the difference of two finite numbers may overflow.
    least, most = values.min(axis=0).astype(np.float64) / 4, values.max(axis=0).astype(np.float64) / 4
    low, middle, high = weighted_quantiles(values, sample_weight).astype(np.float64) / 4
    spread = high - low
    spread = np.where(spread > 0.0, spread, (most - least) / 2)
    with np.errstate(over="ignore", divide="ignore"):
        scale = np.where(spread > 0.0, np.minimum(0.25 / spread, _LARGEST), 1.0)
    return middle * 4, scale


def weighted_quantiles(values: Array, sample_weight: Array | None) -> Array:
    """Return the quartiles of each column, shape (3, columns): values at which the weights reach 1/4, 1/2 and 3/4.

    Without weights the columns are sorted in part where they are: no second copy of them is made.

    Examples
    --------
    >>> weighted_quantiles(np.array([[1.0], [2.0], [5.0]]), np.array([1.0, 1.0, 6.0])).ravel()
    array([2., 5., 5.])
    """
    shares = np.array([0.25, 0.5, 0.75])
    if sample_weight is None:
        places = np.ceil(shares * len(values)).astype(np.int64) - 1
        values.partition(places, axis=0)
        return np.asarray(values[places])
    weights, quartiles = near_one(sample_weight), np.empty((3, values.shape[1]))
    for column in range(values.shape[1]):
        order = np.argsort(values[:, column], kind="stable")
        reached = weights[order]
        np.cumsum(reached, out=reached)
        quartiles[:, column] = values[order[np.searchsorted(reached, shares * reached[-1])], column]
    return quartiles
