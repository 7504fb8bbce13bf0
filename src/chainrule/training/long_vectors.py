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


def scale_pair(
    ends: tuple[Array, Array],
    gradients: tuple[Array, Array],
    root: Array,
    out: Array,
    n_threads: int | None = None,
) -> None:
    """Write the gradient, a step and the change of the gradient in the coordinates x / root of a metric.

    Parameters
    ----------
    ends, gradients : tuple of ndarray, shape (length,)
        Before and after the step, float64.
    root : ndarray of float64, shape (length,)
    out : ndarray, shape (3, length)
        Receives g' root, (x' - x) / root and (g' - g) root.
    n_threads : int or None

    Examples
    --------
    >>> out = np.empty((3, 1))
    >>> scale_pair((np.array([1.0]), np.array([3.0])), (np.array([5.0]), np.array([6.0])), np.array([2.0]), out)
    >>> out.ravel()
    array([12.,  1.,  2.])
    """
    module = native()
    if module is not None:
        module.scale_pair_rows(*ends, *gradients, root, out, thread_count(n_threads))
        return
    out[0] = gradients[1] * root
    out[1] = (ends[1] - ends[0]) / root
    out[2] = (gradients[1] - gradients[0]) * root


def combined(rows: Array, coefficients: Array, n_threads: int | None = None) -> Array:
    """Return coefficients @ rows, summed in float64, in the dtype of the rows.

    Examples
    --------
    >>> combined(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([2.0, -1.0]))
    array([-1.,  0.])
    """
    module = native()
    if module is not None:
        out = np.empty(rows.shape[1], rows.dtype)
        module.combine_vectors_rows(rows, coefficients, out, thread_count(n_threads))
        return out
    total = np.zeros(rows.shape[1])
    for row, coefficient in zip(rows, coefficients, strict=True):
        total += coefficient * row
    return total.astype(rows.dtype)
