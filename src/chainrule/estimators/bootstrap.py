"""The bootstrap over rows that come block by block: in each replicate a row counts as often as a Poisson variable says.

Where n rows are drawn from n with replacement, a row is drawn about Poisson(1) times. Taking these numbers as
independent [Chamandy2012] needs no row twice and keeps none: a replicate is a few sums, to which each row adds with its
weight. The weights depend on the number of the row alone, so the size of blocks does not change them.

With the statistic s of the rows and s_r of replicate r ::

    (BI.1)  [s + q_0.025 - m,  s + q_0.975 - m],    q_a and m the quantiles and the mean of s_1, s_2, ...

For a mean this is the interval between two quantiles of the replicates, but for the difference of m and s, which is
noise. A statistic that replicates exceed, as they do a calibration error (resampling adds to it what sampling has
added), would lie outside of that; the shift by m takes this bias out.
"""

import math

import numpy as np

from chainrule._types import Array, FloatArray
from chainrule.kernels import Purpose, random_bits

REPLICATES = 200
CONFIDENCE = 0.95
GROUP_ROWS = 64
"""Rows whose weights are made at a time, from a stream of their own."""
BITS = 16
"""Of a random word for one weight: four weights a word."""


def poisson_table() -> Array:
    """Return the weight for each number of 16 bits, uint8: Poisson(1) to within 2**-17 in every probability.

    Examples
    --------
    >>> np.bincount(poisson_table())[:3].tolist()  # of 65,536: 1/e, 1/e, 1/(2 e)
    [24109, 24110, 12054]
    """
    probabilities = [math.exp(-1.0) / math.factorial(weight) for weight in range(16)]
    ends = np.rint(np.cumsum(probabilities) * 2**BITS).astype(np.int64)
    return np.searchsorted(ends, np.arange(2**BITS), side="right").astype(np.uint8)


TABLE = poisson_table()


def bootstrap_weights(first: int, count: int, seed: int = 0) -> Array:
    """Return how often each of some rows counts in each replicate.

    Parameters
    ----------
    first, count : int
        Which rows, >= 0.
    seed : int
        0 <= seed < 2**64.

    Returns
    -------
    ndarray of uint8, shape (count, REPLICATES)

    Examples
    --------
    >>> whole = bootstrap_weights(0, 300)
    >>> bool((bootstrap_weights(100, 50) == whole[100:150]).all()), bool(abs(whole.mean() - 1.0) < 0.02)
    (True, True)
    """
    begin, end = first // GROUP_ROWS, -(-(first + count) // GROUP_ROWS)
    words_of_group = GROUP_ROWS * REPLICATES * BITS // 64
    words = [
        random_bits(words_of_group, Purpose.BOOTSTRAP, seed, group).astype("<u8", copy=False)
        for group in range(begin, end)
    ]
    if not words:
        return np.empty((0, REPLICATES), np.uint8)
    weights = TABLE[np.concatenate(words).view("<u2")].reshape(-1, REPLICATES)
    return weights[first - begin * GROUP_ROWS :][:count]


def interval(
    value: float, replicates: FloatArray, low: float = 0.0, high: float = math.inf
) -> tuple[float, float]:
    """Return (BI.1), cut at the limits of the statistic.

    Parameters
    ----------
    value : float
        The statistic of the rows.
    replicates : ndarray of float64, shape (replicates,)
        Of the replicates; those without rows are NaN.
    low, high : float
        What the statistic lies between.

    Examples
    --------
    >>> interval(0.5, np.linspace(0.4, 0.8, 201), 0.0, 0.65)
    (0.31, 0.65)
    """
    present = replicates[~np.isnan(replicates)]
    if not len(present) or not np.isfinite(present).all():
        return value, value
    tail = (1.0 - CONFIDENCE) / 2
    ends = np.quantile(present, [tail, 1.0 - tail]) - present.mean() + value
    least, most = (min(max(float(end), low), high) for end in ends)
    return without_rounding(least), without_rounding(most)


def without_rounding(number: float) -> float:
    """Return a number without the last few of its digits, which rounding decides."""
    return float(f"{number:.12g}")
