"""Passes over sparse rows that begin with the logits of a linear layer and end with sums over rows.

The logits are never all there: of each stretch of rows they become what is summed, and are forgotten.
"""

from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.functions.sparse_features import SparseFeatures, sparse_kernels
from chainrule.kernels import thread_count


def sparse_loss_with_gradient(
    features: SparseFeatures,
    weight: Array,
    bias: Array,
    targets: Array,
    *,
    dtype: Any,
    sample_weight: Array | None = None,
    class_weight: Array | None = None,
    label_smoothing: float = 0.0,
    n_threads: int | None = None,
    out: Array | None = None,
) -> tuple[float, Array]:
    """Return the summed cross-entropy of a linear layer, and its gradient by weight and bias.

    Parameters
    ----------
    features : SparseFeatures, shape (examples, features)
    weight, bias : ndarray of float64, shapes (classes, features) and (classes,)
    targets : ndarray of int64, shape (examples,), or of floats, shape (examples, classes)
        Class indices from 0, or rows of probabilities.
    dtype : dtype
        float32 or float64: of the products, the logits and their derivatives.
    sample_weight, class_weight, label_smoothing, n_threads
        As :func:`chainrule.functions.cross_entropy`.
    out : ndarray of float64 or None, shape (classes * features + classes,)
        What receives the gradient; None: new memory.

    Returns
    -------
    loss : float
    gradient : ndarray of float64, shape (classes * features + classes,)
        By the weight and, after that, by the bias; sums as those of :func:`chainrule.functions.linear_cross`.

    Raises
    ------
    ValueError
        If shapes do not fit or targets are no classes.

    Examples
    --------
    >>> rows = SparseFeatures.from_dense(np.array([[0.0, 2.0]]))
    >>> sparse_loss_with_gradient(rows, np.zeros((2, 2)), np.zeros(2), np.array([0]), dtype=np.float64)[1]
    array([ 0. , -1. ,  0. ,  1. , -0.5,  0.5])
    """
    rows, threads = features.astype(dtype), thread_count(n_threads)
    flat, sums = _places(weight, out)
    indices = np.ascontiguousarray(targets, dtype=np.int64) if targets.ndim == 1 else None
    shares = None if targets.ndim == 1 else np.ascontiguousarray(targets, dtype=dtype)
    loss = sparse_kernels().sparse_loss_rows(
        rows.matrix(threads), weight, bias, shares, indices, _float64(class_weight), label_smoothing,
        _float64(sample_weight), *sums, threads,
    )  # fmt: skip
    return float(loss), flat


def sparse_variance_sums(
    features: SparseFeatures,
    weight: Array,
    bias: Array,
    sample_weight: Array | None = None,
    n_threads: int | None = None,
) -> Array:
    """Return sum_i s_i p_ik (1 - p_ik) x~_ij^2 with x~ = (x, 1) and p the softmax of a linear layer.

    Parameters
    ----------
    features, weight, bias, sample_weight, n_threads
        As :func:`sparse_loss_with_gradient`.

    Returns
    -------
    ndarray of float64, shape (classes * features + classes,)
        For each weight and, after that, each bias; of products in float32.

    Examples
    --------
    >>> rows = SparseFeatures.from_dense(np.array([[0.0, 2.0]]))
    >>> sparse_variance_sums(rows, np.zeros((2, 2)), np.zeros(2))
    array([0.  , 1.  , 0.  , 1.  , 0.25, 0.25])
    """
    threads = thread_count(n_threads)
    flat, sums = _places(weight, None)
    sparse_kernels().sparse_variances_rows(
        features.astype(np.float32).matrix(threads), features.squared().matrix(threads), weight, bias,
        _float64(sample_weight), *sums, threads,
    )  # fmt: skip
    return flat


def _places(weight: Array, out: Array | None) -> tuple[Array, tuple[Array, Array]]:
    """Return memory for sums by weight and bias, and both parts of it."""
    flat = np.empty(weight.size + len(weight)) if out is None else out
    return flat, (flat[: weight.size].reshape(weight.shape), flat[weight.size :])


def _float64(array: Array | None) -> Array | None:
    return None if array is None else np.ascontiguousarray(array, dtype=np.float64)
