"""Whether probabilities mean what they say, so that of the rows predicted with 0.8 a share of 80 % is right.

Rows are put into bins of equal width by the probability of the predicted class. With n_b rows in bin b, of which a
share a_b is right, and mean probability c_b ::

    (RP.2)  expected calibration error = sum_b (n_b / N) |a_b - c_b|     [Guo2017, equation 3]
"""

import math
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array

BINS = 15
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Bin:
    """The rows of one bin: its edges, how many there are, their mean probability and share of right predictions.

    ``low`` and ``high`` hold the share between them with 95 % confidence (Wilson's interval).
    """

    start: float
    stop: float
    examples: int
    confidence: float
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Reliability:
    """The bins with rows, the expected calibration error (RP.2), and what it would be by chance alone.

    ``by_chance`` is its expectation for that many rows in each bin if every probability were right.
    """

    bins: tuple[Bin, ...]
    error: float
    by_chance: float
    mean_confidence: float
    accuracy: float


def reliability(confidences: Array, right: Array, bins: int = BINS) -> Reliability:
    """Return the reliability of the probability of the predicted class.

    Parameters
    ----------
    confidences : ndarray, shape (examples,)
        Probabilities in 0..1; at least one.
    right : ndarray of bool, shape (examples,)
        Whether the prediction is right.
    bins : int
        Bins of equal width over 0..1; an edge belongs to the bin below it.

    Examples
    --------
    >>> found = reliability(np.array([0.9, 0.9, 0.6, 0.6]), np.array([True, True, True, False]), bins=10)
    >>> round(found.error, 6), [part.examples for part in found.bins]
    (0.1, [2, 2])
    """
    places = np.clip(np.ceil(confidences * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    sums = np.bincount(places, confidences, bins)
    rights = np.bincount(places, right, bins)
    variances = np.bincount(places, confidences * (1.0 - confidences), bins)
    found = tuple(
        _bin(place, bins, int(counts[place]), float(sums[place]), int(rights[place]))
        for place in np.flatnonzero(counts).tolist()
    )
    count = len(confidences)
    error = math.fsum(part.examples * abs(part.accuracy - part.confidence) for part in found) / count
    # The mean of |x| for a normal x of deviation s is s sqrt(2 / pi); clipped probabilities may exceed 1 by rounding.
    by_chance = math.fsum(np.sqrt(np.maximum(variances, 0.0) * 2.0 / math.pi)) / count
    return Reliability(found, error, by_chance, float(np.mean(confidences)), float(np.mean(right)))


def wilson_interval(right: int, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share.

    Examples
    --------
    >>> [round(edge, 4) for edge in wilson_interval(8, 10)]
    [0.4902, 0.9433]
    """
    share, square = right / count, NORMAL_95**2
    middle = share + square / (2 * count)
    half = NORMAL_95 * math.sqrt(share * (1.0 - share) / count + square / (4 * count**2))
    low, high = ((middle + sign * half) / (1.0 + square / count) for sign in (-1.0, 1.0))
    return max(low, 0.0), min(high, 1.0)


def _bin(place: int, bins: int, count: int, total: float, right: int) -> Bin:
    share = right / count
    return Bin(place / bins, (place + 1) / bins, count, total / count, share, *wilson_interval(right, count))
