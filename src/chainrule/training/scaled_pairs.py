"""What L-BFGS remembers, in the coordinates of a metric and as products of the vectors with each other."""

import math
from dataclasses import dataclass, replace

import numpy as np

from chainrule._types import Array
from chainrule.training.long_vectors import combined, remember_pair, vector_products


@dataclass(frozen=True)
class ScaledPairs:
    """The memory of (DL.1), in the coordinates of the metric; its arrays are overwritten from step to step.

    One place more than there are pairs is free: a step is made there, and becomes part of a pair where it is.

    Parameters
    ----------
    rows : ndarray of float32, shape (2 memory + 3, P)
        Steps, changes of the gradient, and the gradient; rows that are not filled are 0.
    products : ndarray of float64, shape (2 memory + 3, 2 memory + 3)
        Of each row with each, but for the rows that are free.
    root : ndarray of float32, shape (P,)
        M^-1/2.
    count : int
        Pairs so far; pair i is at i modulo memory + 1.
    """

    rows: Array
    products: Array
    root: Array
    count: int = 0

    @property
    def memory(self) -> int:
        """The most pairs."""
        return len(self.products) // 2 - 1

    @property
    def free(self) -> tuple[int, int]:
        """The rows of the next step and of its change of the gradient."""
        places = self.memory + 1
        return self.count % places, places + self.count % places


def no_pairs(memory: int, root: Array) -> ScaledPairs:
    """Return an empty memory."""
    size = 2 * memory + 3
    rows = np.empty((size, len(root)), np.float32)
    rows[:] = 0.0  # written to here: memory that the system fills with zeros comes in small pages
    return ScaledPairs(rows, np.zeros((size, size)), root)


def scaled_direction(pairs: ScaledPairs, n_threads: int | None = None) -> Array:
    """Return -H g in the coordinates of the metric: the free row of a step, overwritten."""
    coefficients = two_loop_coefficients(pairs.products, pairs.count)
    return combined(pairs.rows, -coefficients, n_threads, out=pairs.rows[pairs.free[0]])


def two_loop_coefficients(products: Array, count: int) -> Array:
    """Return the coefficients of H g in the remembered vectors, H being (LB.1) and (LB.2), from their products.

    Parameters
    ----------
    products : ndarray, shape (2 m + 3, 2 m + 3)
        Of m + 1 steps, the m + 1 changes of the gradient, and the gradient, each with each.
    count : int
        Pairs so far, of which the last m count; pair i is at i modulo m + 1.

    Examples
    --------
    >>> two_loop_coefficients(np.diag([0.0, 0.0, 0.0, 0.0, 4.0]), 0)
    array([0., 0., 0., 0., 1.])
    """
    places = len(products) // 2
    coefficients = np.zeros(len(products))
    coefficients[-1] = 1.0
    newest_first = [i % places for i in range(count - 1, max(count - places + 1, 0) - 1, -1)]
    factors = {}
    for i in newest_first:
        factors[i] = float(coefficients @ products[:, i]) / products[i, places + i]
        coefficients[places + i] -= factors[i]
    if newest_first:
        last = newest_first[0]
        coefficients *= products[last, places + last] / products[places + last, places + last]
    for i in reversed(newest_first):
        correction = float(coefficients @ products[:, places + i]) / products[i, places + i]
        coefficients[i] += factors[i] - correction
    return coefficients


def remembered(
    pairs: ScaledPairs, gradients: tuple[Array, Array], n_threads: int | None = None
) -> ScaledPairs:
    """Take in the step in the free row, and the gradients before and after it; a pair without curvature is left out."""
    step, change = pairs.free
    found = remember_pair(pairs.rows, pairs.free, gradients, pairs.root, n_threads)
    keeps = found[step, 1] > 1e-12 * math.sqrt(found[step, 0] * found[change, 1])
    products = pairs.products
    if keeps:
        for place, column in ((step, 0), (change, 1)):
            products[:, place] = products[place] = found[:, column]
    else:
        found[[step, change], 2] = 0.0
    products[:, -1] = products[-1] = found[:, 2]
    return replace(pairs, count=pairs.count + 1) if keeps else pairs


def with_gradient(pairs: ScaledPairs, gradient: Array, n_threads: int | None = None) -> ScaledPairs:
    """Take in a gradient alone, at the place that the last pair led to."""
    pairs.rows[list(pairs.free)] = 0.0
    np.multiply(gradient, pairs.root, out=pairs.rows[-1], casting="same_kind")
    found = vector_products(pairs.rows, pairs.rows[-1:], n_threads)[:, 0]
    pairs.products[:, -1] = pairs.products[-1] = found
    return pairs


def in_metric(pairs: ScaledPairs, root: Array, n_threads: int | None = None) -> ScaledPairs:
    """Return the pairs in the coordinates of another metric, with this M^-1/2."""
    places, ratio = pairs.memory + 1, pairs.root / root
    pairs.rows[list(pairs.free)] = 0.0
    pairs.rows[:places] *= ratio
    pairs.rows[places:] /= ratio
    products = vector_products(pairs.rows, pairs.rows, n_threads)
    return replace(pairs, products=products, root=root)
