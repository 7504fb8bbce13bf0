"""The preconditioned conjugate gradient method for H d = -g, cut off where more would not pay."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.training.fixed_order import fixed_order_dot

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
    direction, residual = np.zeros_like(gradient), -gradient
    conditioned = residual if precondition is None else precondition(residual)
    along = conditioned.copy()
    size = first = fixed_order_dot(residual, conditioned)
    decrease = 0.0
    for iteration in range(1, most + 1):
        curved = product(along)
        curvature = fixed_order_dot(along, curved)
        if not (0.0 < curvature < np.inf and 0.0 < size < np.inf):
            return ConjugateGradient(direction, iteration - 1)
        length = size / curvature
        direction += length * along
        residual -= length * curved
        decrease += length * size
        if iteration * length * size <= worthwhile * decrease:
            return ConjugateGradient(direction, iteration)
        conditioned = residual if precondition is None else precondition(residual)
        size, before = fixed_order_dot(residual, conditioned), size
        if not size > tolerance**2 * first:
            return ConjugateGradient(direction, iteration)
        along *= size / before
        along += conditioned
    return ConjugateGradient(direction, most)
