"""Products and combinations of a few long vectors: by the kernels on all threads, or by NumPy.

Every product is a sum over pieces of 4,096 elements and then a binary tree, in float64.
"""

import numpy as np

from chainrule._types import Array
from chainrule.kernels import native, thread_count


def vector_products(left: Array, right: Array, n_threads: int | None = None) -> Array:
    """Return left @ right.T in float64, shape (rows of left, rows of right).

    Parameters
    ----------
    left, right : ndarray, shapes (m, length) and (n, length)
        float32 or float64, C-contiguous.
    n_threads : int or None
        At most this many threads; changes no bit.

    Examples
    --------
    >>> vector_products(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [1.0, 0.0]]))
    array([[11.,  1.]])
    """
    products, module = np.empty((len(left), len(right))), native()
    if module is not None:
        module.vector_products_rows(left, right, products, thread_count(n_threads))
        return products
    for i, row in enumerate(left):
        wide = row.astype(np.float64)
        for j, other in enumerate(right):
            products[i, j] = (wide * other).sum()
    return products


def follow_line(
    parameters: Array,
    direction: Array,
    root: Array,
    gradient: Array,
    step: float,
    n_weights: int,
    n_threads: int | None = None,
) -> tuple[Array, float, float]:
    """Go along a direction that is given in the coordinates x / root of a metric.

    Parameters
    ----------
    parameters, gradient : ndarray of float64, shape (length,)
    direction, root : ndarray, shape (length,)
        Of one dtype.
    step : float
    n_weights : int
        How many of the parameters, the first ones, are weights.
    n_threads : int or None

    Returns
    -------
    following : ndarray of float64, shape (length,)
        parameters + step * root * direction.
    slope : float
        gradient . (root * direction): not finite if an entry of the direction is not.
    squares : float
        The sum of squares of the weights of ``following``.

    Examples
    --------
    >>> parameters, gradient = np.array([1.0, 2.0]), np.array([1.0, -1.0])
    >>> follow_line(parameters, np.array([3.0, 1.0]), np.array([1.0, 2.0]), gradient, 0.5, 1)
    (array([2.5, 3. ]), 1.0, 6.25)
    """
    module = native()
    if module is not None:
        following, sums = np.empty(len(parameters)), np.empty(2)
        module.follow_line_rows(
            parameters, direction, root, gradient, step, n_weights, following, sums, thread_count(n_threads)
        )
        return following, float(sums[0]), float(sums[1])
    change = direction.astype(np.float64) * root
    following = parameters + step * change
    return following, float((gradient * change).sum()), float(np.square(following[:n_weights]).sum())


def finish_gradient(
    gradient: Array,
    parameters: Array,
    divisor: float,
    alpha: float,
    n_weights: int,
    n_threads: int | None = None,
) -> tuple[float, float]:
    """Make the gradient of a penalised mean of that of a sum, in place.

    Parameters
    ----------
    gradient, parameters : ndarray of float64, shape (length,)
    divisor, alpha : float
        What the sum is divided by, and the strength of the penalty on the weights.
    n_weights : int
        How many of the parameters, the first ones, are weights.
    n_threads : int or None

    Returns
    -------
    by_weights, by_rest : float
        Sums of squares of the gradient by the weights, and by the rest.

    Examples
    --------
    >>> gradient = np.array([4.0, 2.0])
    >>> finish_gradient(gradient, np.array([3.0, 3.0]), 2.0, 1.0, 1), gradient
    ((25.0, 1.0), array([5., 1.]))
    """
    module = native()
    if module is not None:
        sums = np.empty(2)
        module.finish_gradient_rows(
            gradient, parameters, divisor, alpha, n_weights, sums, thread_count(n_threads)
        )
        return float(sums[0]), float(sums[1])
    gradient /= divisor
    gradient[:n_weights] += alpha * parameters[:n_weights]
    return float(np.square(gradient[:n_weights]).sum()), float(np.square(gradient[n_weights:]).sum())


def remember_pair(
    rows: Array,
    places: tuple[int, int],
    gradients: tuple[Array, Array],
    root: Array,
    n_threads: int | None = None,
) -> Array:
    """Write a gradient and its change in the coordinates x / root of a metric, and multiply.

    Parameters
    ----------
    rows : ndarray, shape (n, length)
        The last receives g' root.
    places : tuple of int
        The row of the step, which is there, and that which receives its (g' - g) root.
    gradients : tuple of ndarray of float64, shape (length,)
        Before and after the step.
    root : ndarray, shape (length,)
        In the dtype of the rows.
    n_threads : int or None

    Returns
    -------
    ndarray of float64, shape (n, 3)
        Products of all rows with the step, the change and the gradient.

    Examples
    --------
    >>> rows = np.array([[1.0], [0.0], [0.0]])
    >>> remember_pair(rows, (0, 1), (np.array([5.0]), np.array([6.0])), np.array([2.0]))
    array([[  1.,   2.,  12.],
           [  2.,   4.,  24.],
           [ 12.,  24., 144.]])
    """
    module = native()
    if module is not None:
        products = np.empty((len(rows), 3))
        module.remember_pair_rows(rows, *places, *gradients, root, products, thread_count(n_threads))
        return products
    rows[places[1]] = (gradients[1] - gradients[0]) * root
    rows[-1] = gradients[1] * root
    return vector_products(rows, rows[[*places, -1]])


def combined(
    rows: Array, coefficients: Array, n_threads: int | None = None, out: Array | None = None
) -> Array:
    """Return coefficients @ rows, summed in float64, in the dtype of the rows.

    Rows whose coefficient is 0 are not looked at, and ``out`` may be one of them.

    Examples
    --------
    >>> combined(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([2.0, -1.0]))
    array([-1.,  0.])
    """
    module = native()
    if out is None:
        out = np.empty(rows.shape[1], rows.dtype)
    if module is not None:
        module.combine_vectors_rows(rows, coefficients, out, thread_count(n_threads))
        return out
    total = np.zeros(rows.shape[1])
    for row, coefficient in zip(rows, coefficients, strict=True):
        if coefficient != 0.0:
            total += coefficient * row
    out[:] = total
    return out
