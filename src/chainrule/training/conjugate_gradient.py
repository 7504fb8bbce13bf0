"""The preconditioned conjugate gradient method for H d = -g, cut off where more would not pay."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.training.long_vectors import combined, vector_products

Operator = Callable[[Array], Array]


@dataclass(frozen=True)
class ConjugateGradient:
    """The direction that was found, and how many products it took."""

    direction: Array
    iterations: int


def conjugate_gradient(
    product: Operator,
    gradient: Array,
    precondition: Operator | None,
    tolerance: float,
    most: int,
    worthwhile: float = 0.0,
    n_threads: int | None = None,
) -> ConjugateGradient:
    """Return d with H d near -g, by algorithm 5.3 of [NocedalWright2006].

    Parameters
    ----------
    product : callable
        v -> H v, H symmetric and positive semidefinite.
    gradient : ndarray of float64, shape (P,)
        g.
    precondition : callable or None
        r -> M^-1 r, M symmetric and positive definite; None: the identity.
    tolerance : float
        It ends where the residual, measured by M^-1, is at most this share of what it was.
    most : int
        The most products.
    worthwhile : float
        It ends, after two products, where the last one lowered the quadratic model by less than this share of what
        they did on average [NashSofer1990].
    n_threads : int or None
        At most this many threads for sums and multiples of vectors; changes no bit.

    Returns
    -------
    ConjugateGradient
        Along its direction the quadratic model falls whatever the number of products was. It ends early where rounding
        makes a curvature that is not positive, or a number that is not finite.

    Examples
    --------
    >>> found = conjugate_gradient(lambda v: 4.0 * v, np.array([2.0, -8.0]), None, 1e-12, 10)
    >>> found.direction, found.iterations
    (array([-0.5,  2. ]), 1)
    """
    vectors = np.zeros((5, len(gradient)))  # those that are combined side by side
    direction, along, conditioned, residual, curved = vectors
    np.negative(gradient, out=residual)

    def solve() -> float:
        """Write M^-1 r, and return r . M^-1 r."""
        conditioned[:] = residual if precondition is None else precondition(residual)
        return float(vector_products(residual[None], conditioned[None], n_threads)[0, 0])

    size = first = solve()
    along[:] = conditioned
    decrease = 0.0
    for iteration in range(1, most + 1):
        curved[:] = product(along)
        curvature = float(vector_products(along[None], curved[None], n_threads)[0, 0])
        if not (0.0 < curvature < np.inf and 0.0 < size < np.inf):
            return ConjugateGradient(direction, iteration - 1)
        length = size / curvature
        combined(vectors[:2], np.array([1.0, length]), n_threads, direction)
        combined(vectors[3:], np.array([1.0, -length]), n_threads, residual)
        decrease += length * size
        if iteration * length * size <= worthwhile * decrease:
            return ConjugateGradient(direction, iteration)
        size, before = solve(), size
        if not size > tolerance**2 * first:
            return ConjugateGradient(direction, iteration)
        combined(vectors[1:3], np.array([size / before, 1.0]), n_threads, along)
    return ConjugateGradient(direction, most)
