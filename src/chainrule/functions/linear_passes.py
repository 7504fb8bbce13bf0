"""Passes over the features of a linear layer whose logits the caller keeps: what a solver on all rows repeats.

Other functions of the linear head make the logits anew and forget them. Here they, or what is computed of them, go in
and out, so that a line search and the solution for the biases need no pass over the features at all.
"""

from typing import Any, TypeAlias

import numpy as np

from chainrule._types import Array
from chainrule.functions.linear_cross_entropy import linear_kernels
from chainrule.functions.sparse_features import SparseFeatures, sparse_kernels
from chainrule.kernels import thread_count

Features: TypeAlias = Array | SparseFeatures
"""What the passes read: an array, or sparse features."""

Scaling: TypeAlias = tuple[Array, Array, float | None]
"""Centre and scale of each feature, float64, and the limit of a smooth clip or None: (IS.1), (IS.2)."""


def linear_logits(
    features: Features,
    weight: Array,
    bias: Array,
    *,
    scaling: Scaling | None = None,
    n_threads: int | None = None,
) -> Array:
    """Return the logits Z of (LH.1).

    Parameters
    ----------
    features : ndarray of float32 or float64, or SparseFeatures, shape (examples, features)
        C-contiguous; converted, and scaled, block by block. Sparse features are not scaled here.
    weight, bias : ndarray, shapes (classes, features) and (classes,)
        float32 or float64, which is the dtype of the products and of the result.
    scaling : tuple or None
        What is done to features first.
    n_threads : int or None
        At most this many threads; changes no bit.

    Returns
    -------
    ndarray, shape (examples, classes)

    Examples
    --------
    >>> linear_logits(np.array([[1.0, 2.0]]), np.array([[1.0, 1.0], [0.0, 2.0]]), np.array([0.5, 0.0]))
    array([[3.5, 4. ]])
    """
    out = np.empty((len(features), len(weight)), weight.dtype)
    if isinstance(features, SparseFeatures):
        assert scaling is None, "sparse features are scaled once, before"
        threads = thread_count(n_threads)
        matrix = features.astype(weight.dtype).matrix(threads)
        sparse_kernels().sparse_logits_rows(matrix, weight, bias, out, threads)
        return out
    linear_kernels().linear_logits_rows(
        features, weight, bias, *_scaling(scaling), out, thread_count(n_threads)
    )
    return out


def linear_cross(
    features: Features,
    gradient: Array,
    *,
    scaling: Scaling | None = None,
    n_threads: int | None = None,
    out: Array | None = None,
) -> tuple[Array, Array]:
    """Return the gradients by weight and bias, G^T X and sum_i G_i of (LH.1), for a gradient by the logits.

    Parameters
    ----------
    features, scaling, n_threads
        As :func:`linear_logits`.
    gradient : ndarray of float32 or float64, shape (examples, classes)
        G; its dtype is that of the products.
    out : ndarray of float64 or None, shape (classes * features + classes,)
        What both results are views of, one after the other; None: new memory.

    Returns
    -------
    weight, bias : ndarray of float64, shapes (classes, features) and (classes,)
        Sums over rows: 128 in a chain, 1,024 in the dtype of the products, all in float64;
        their order follows from the shapes, and from which entries are there, alone.

    Examples
    --------
    >>> linear_cross(np.array([[1.0, 2.0]]), np.array([[0.5, -0.5]]))
    (array([[ 0.5,  1. ],
           [-0.5, -1. ]]), array([ 0.5, -0.5]))
    """
    sums = _sums((gradient.shape[1], features.shape[1]), out)
    if isinstance(features, SparseFeatures):
        assert scaling is None, "sparse features are scaled once, before"
        threads = thread_count(n_threads)
        matrix = features.astype(gradient.dtype).matrix(threads)
        sparse_kernels().sparse_cross_rows(matrix, gradient, *sums, threads)
        return sums
    linear_kernels().linear_cross_rows(features, gradient, *_scaling(scaling), *sums, thread_count(n_threads))
    return sums


def linear_curvature(
    features: Features,
    probabilities: Array,
    row_weight: Array | None,
    direction: Array,
    bias_direction: Array,
    positions: Array | None = None,
    *,
    scaling: Scaling | None = None,
    n_threads: int | None = None,
    out: Array | None = None,
) -> tuple[Array, Array]:
    """Return the Gauss-Newton products (LH.2) where the probabilities are at hand.

    Parameters
    ----------
    features, scaling, n_threads
        As :func:`linear_logits`.
    probabilities : ndarray, shape (examples, classes)
        Of every row, in the dtype of the direction.
    row_weight : ndarray of float64 or None, shape (examples,)
        What each row counts; None: 1.
    direction, bias_direction : ndarray, shapes (classes, features) and (classes,)
        V and v.
    positions : ndarray of int64 or None
        The rows that are summed over; None: all. Sparse rows of many columns are copied once for the same array of
        positions.
    out : ndarray of float64 or None, shape (classes * features + classes,)
        As :func:`linear_cross`.

    Returns
    -------
    weight, bias : ndarray of float64
        As :func:`linear_cross`.

    Examples
    --------
    >>> half = np.array([[0.5, 0.5]])
    >>> linear_curvature(np.array([[2.0]]), half, None, np.array([[1.0], [0.0]]), np.zeros(2))
    (array([[ 1.],
           [-1.]]), array([ 0.5, -0.5]))
    """
    sums = _sums(direction.shape, out)
    if isinstance(features, SparseFeatures):
        assert scaling is None, "sparse features are scaled once, before"
        threads, rows, kernels = thread_count(n_threads), features.astype(direction.dtype), sparse_kernels()
        matrix = rows.matrix(threads)
        taken = positions is not None and not kernels.sparse_sums_by_rows(matrix, len(direction))
        if taken and positions is not None:
            matrix = rows.taken(positions).matrix(threads)
        kernels.sparse_curvature_rows(
            matrix,
            positions,
            taken,
            probabilities,
            row_weight,
            direction,
            bias_direction,
            *sums,
            threads,
        )
        return sums
    linear_kernels().linear_curvature_rows(
        features, positions, probabilities, row_weight, direction, bias_direction, *_scaling(scaling), *sums,
        thread_count(n_threads),
    )  # fmt: skip
    return sums


def reads_in_place(
    features: SparseFeatures, n_classes: int, dtype: Any, n_threads: int | None = None
) -> bool:
    """Return whether passes over some of the rows need no copy of them.

    Parameters
    ----------
    features : SparseFeatures
    n_classes : int
    dtype : dtype
        Of the products.
    n_threads : int or None

    Examples
    --------
    >>> reads_in_place(SparseFeatures.from_dense(np.ones((2, 3))), 2, np.float64)
    False
    """
    matrix = features.astype(dtype).matrix(thread_count(n_threads))
    return bool(sparse_kernels().sparse_sums_by_rows(matrix, n_classes))


def linear_hessian(
    features: Array,
    probabilities: Array,
    row_weight: Array | None,
    positions: Array | None = None,
    *,
    scaling: Scaling | None = None,
    n_threads: int | None = None,
) -> Array:
    """Return the matrix of second derivatives by weights and biases, where the probabilities are at hand.

    Parameters
    ----------
    features, probabilities, row_weight, positions, scaling, n_threads
        As :func:`linear_curvature`; the dtype of the probabilities is that of the products.

    Returns
    -------
    ndarray of float64, shape (classes * (features + 1), classes * (features + 1))
        The sum over rows of (CE.4) kron x~ x~^T, with x~ = (x, 1): the weights class by class, then the biases. 128
        rows are summed in a chain, 512 in the dtype of the products, all in float64, in an order that follows from the
        shapes alone.

    Examples
    --------
    >>> linear_hessian(np.array([[2.0]]), np.array([[0.5, 0.5]]), None)[0]
    array([ 1. , -1. ,  0.5, -0.5])
    """
    n_parameters = probabilities.shape[1] * (features.shape[1] + 1)
    out = np.empty((n_parameters, n_parameters))
    linear_kernels().linear_hessian_rows(
        features, positions, probabilities, row_weight, *_scaling(scaling), out, thread_count(n_threads)
    )
    return out


def _sums(shape: tuple[int, ...], out: Array | None) -> tuple[Array, Array]:
    """Return memory for sums by weight and bias, one after the other."""
    size = shape[0] * shape[1]
    flat = np.empty(size + shape[0]) if out is None else out
    return flat[:size].reshape(shape), flat[size:]


def _scaling(scaling: Scaling | None) -> tuple[Array | None, Array | None, float]:
    if scaling is None:
        return None, None, 0.0
    return scaling[0], scaling[1], scaling[2] or 0.0
