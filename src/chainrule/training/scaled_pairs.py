"""What L-BFGS remembers, in the coordinates of a metric and as products of the vectors with each other."""

import math
from dataclasses import dataclass, replace

import numpy as np

from chainrule._types import Array
from chainrule.training.long_vectors import combined, scale_pair, vector_products


@dataclass(frozen=True)
class ScaledPairs:
    """The memory of (DL.1), in the coordinates of the metric; its arrays are overwritten from step to step.

    Parameters
    ----------
    rows : ndarray of float32, shape (2 memory + 3, P)
        Steps, changes of the gradient, the gradient, and the newest pair; rows that are not filled are 0.
    products : ndarray of float64, shape (2 memory + 1, 2 memory + 1)
        Of each row but those of the newest pair with each.
    root : ndarray of float64, shape (P,)
        M^-1/2.
    count : int
        Pairs so far; pair i is at i modulo memory.
    """

    rows: Array
    products: Array
    root: Array
    count: int = 0

    @property
    def memory(self) -> int:
        """The most pairs."""
        return len(self.products) // 2


def no_pairs(memory: int, root: Array) -> ScaledPairs:
    """Return an empty memory."""
    size = 2 * memory + 1
    return ScaledPairs(np.zeros((size + 2, len(root)), np.float32), np.zeros((size, size)), root)


def scaled_direction(pairs: ScaledPairs, n_threads: int | None = None) -> Array:
    """Return -H g, a new float64 vector."""
    coefficients = two_loop_coefficients(pairs.products, pairs.count)
    return np.asarray(combined(pairs.rows[:-2], -coefficients, n_threads) * pairs.root)


def two_loop_coefficients(products: Array, count: int) -> Array:
    """Return the coefficients of H g in the remembered vectors, H being (LB.1) and (LB.2), from their products.

    Parameters
    ----------
    products : ndarray, shape (2 m + 1, 2 m + 1)
        Of the m steps, the m changes of the gradient, and the gradient, each with each.
    count : int
        Pairs so far; pair i is at i modulo m.

    Examples
    --------
    >>> two_loop_coefficients(np.diag([0.0, 0.0, 4.0]), 0)
    array([0., 0., 1.])
    """
    memory = len(products) // 2
    coefficients = np.zeros(2 * memory + 1)
    coefficients[-1] = 1.0
    newest_first = [i % memory for i in range(count - 1, max(count - memory, 0) - 1, -1)]
    factors = {}
    for i in newest_first:
        factors[i] = float(coefficients @ products[:, i]) / products[i, memory + i]
        coefficients[memory + i] -= factors[i]
    if newest_first:
        last = newest_first[0]
        coefficients *= products[last, memory + last] / products[memory + last, memory + last]
    for i in reversed(newest_first):
        correction = float(coefficients @ products[:, memory + i]) / products[i, memory + i]
        coefficients[i] += factors[i] - correction
    return coefficients


def remembered(
    pairs: ScaledPairs,
    ends: tuple[Array, Array],
    gradients: tuple[Array, Array],
    n_threads: int | None = None,
) -> ScaledPairs:
    """Take in a step, from one end to the other, and the gradient after it; a pair without curvature is left out."""
    slot, memory, rows, products = pairs.count % pairs.memory, pairs.memory, pairs.rows, pairs.products
    scale_pair(ends, gradients, pairs.root, rows[-3:], n_threads)
    found = vector_products(rows, rows[-3:], n_threads)
    keeps = found[-2, 2] > 1e-12 * math.sqrt(found[-2, 1] * found[-1, 2])
    if keeps:
        for place, row in ((slot, -2), (memory + slot, -1)):
            rows[place], found[place] = rows[row], found[row]
        for place, column in ((slot, 1), (memory + slot, 2)):
            products[:, place] = products[place] = found[:-2, column]
    products[:, -1] = products[-1] = found[:-2, 0]
    return replace(pairs, count=pairs.count + 1) if keeps else pairs


def with_gradient(pairs: ScaledPairs, gradient: Array, n_threads: int | None = None) -> ScaledPairs:
    """Take in a gradient alone, at the place that the last pair led to."""
    np.multiply(gradient, pairs.root, out=pairs.rows[-3], casting="same_kind")
    found = vector_products(pairs.rows[:-2], pairs.rows[-3:-2], n_threads)[:, 0]
    pairs.products[:, -1] = pairs.products[-1] = found
    return pairs


def in_metric(pairs: ScaledPairs, root: Array, n_threads: int | None = None) -> ScaledPairs:
    """Return the pairs in the coordinates of another metric, with this M^-1/2."""
    memory, ratio = pairs.memory, (pairs.root / root).astype(np.float32)
    pairs.rows[:memory] *= ratio
    pairs.rows[memory:] /= ratio
    products = vector_products(pairs.rows[:-2], pairs.rows[:-2], n_threads)
    return replace(pairs, products=products, root=root)
