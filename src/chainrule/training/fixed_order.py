"""Sums whose order is a constant of the algorithm, so that equal input gives equal bits on every machine.

A library's dot product may share its sum among threads and change the last bits with their number. Here every
addition is an element-wise one, whose order the number of terms alone decides.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from chainrule._types import Array


def fixed_order_dot(first: Array, second: Array) -> float:
    """Return the dot product of two float64 vectors, summed as a binary tree.

    Parameters
    ----------
    first, second : ndarray of float64, shape (n,)
        The vectors, n >= 0.

    Returns
    -------
    float
        Their dot product, with a relative rounding error of the sum of at most log2(n) + 1 units.

    Examples
    --------
    >>> fixed_order_dot(np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]))
    32.0
    """
    products = np.multiply(first, second, dtype=np.float64)
    size = products.size
    while size > 1:
        half = (size + 1) // 2
        products[: size - half] += products[half:size]
        size = half
    return float(products[0]) if size else 0.0


def fixed_order_norm(vector: Array) -> float:
    """Return the Euclidean length of a vector, in float64, summed as :func:`fixed_order_dot`.

    Examples
    --------
    >>> fixed_order_norm(np.array([3.0, 4.0]))
    5.0
    """
    return math.sqrt(fixed_order_dot(vector, vector))


def tree_sum(terms: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Add tuples of numbers and arrays, neighbours first, as a binary tree of which O(log n) nodes are kept.

    Parameters
    ----------
    terms : iterable of tuples
        At least one tuple; tuples of one length. Their arrays are used up: sums are made in place.

    Returns
    -------
    tuple
        The sums, entry by entry.

    Examples
    --------
    >>> tree_sum([(1.0,), (2.0,), (4.0,)])
    (7.0,)
    """
    waiting: list[tuple[int, tuple[Any, ...]]] = []
    for term in terms:
        level, total = 0, term
        while waiting and waiting[-1][0] == level:
            total = _add(waiting.pop()[1], total)
            level += 1
        waiting.append((level, total))
    total = waiting.pop()[1]
    while waiting:
        total = _add(waiting.pop()[1], total)
    return total


def _add(left: tuple[Any, ...], right: tuple[Any, ...]) -> tuple[Any, ...]:
    sums = []
    for total, term in zip(left, right, strict=True):
        total += term  # in place for arrays
        sums.append(total)
    return tuple(sums)
