"""Softmax, its logarithm, and the logarithm of its denominator."""

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.functions.arguments import check_logits, logit_rows, quiet
from chainrule.functions.dispatch import in_its_own_library, row_kernels
from chainrule.kernels import thread_count


@in_its_own_library
def softmax(logits: ArrayLike, *, axis: int = -1, n_threads: int | None = None) -> Array:
    """Return the probabilities p_k = exp(z_k) / sum_i exp(z_i), (SM.1).

    Parameters
    ----------
    logits : array_like of float16, bfloat16, float32 or float64, any shape
        Input z of the softmax. Half precision is computed in float32 and rounded once.
    axis : int
        The axis of the classes.
    n_threads : int or None
        At most this many threads; None: as many as the process may use. Never changes a bit of the result.

    Returns
    -------
    ndarray, shape and dtype of ``logits``
        Probabilities; each row sums to 1 up to rounding.

    Raises
    ------
    ArgumentTypeError
        If the logits are not floating point.
    ArgumentError
        If there are no classes, no such axis, or ``n_threads`` < 1.

    Notes
    -----
    Relative error of an entry at most (12 + sqrt(K) + R) u, with R the range of the row's logits (at most 104 in
    float32, 745 in float64) and u the unit roundoff. A common offset costs nothing. One +inf has probability 1;
    -inf has probability 0; NaN, two +inf, or nothing but -inf give NaN in that row alone.

    Examples
    --------
    >>> softmax([0.0, 0.0, -float("inf")])
    array([0.5, 0.5, 0. ])
    """
    result = row_kernels().softmax_call(logits, axis, n_threads)
    return _per_logit("softmax", logits, axis, n_threads) if result is None else result


@in_its_own_library
def log_softmax(logits: ArrayLike, *, axis: int = -1, n_threads: int | None = None) -> Array:
    """Return ln p_k = z_k - ln sum_i exp(z_i), (SM.3).

    Parameters
    ----------
    logits : array_like of float16, bfloat16, float32 or float64, any shape
        Input z of the softmax.
    axis : int
        The axis of the classes.
    n_threads : int or None
        At most this many threads; None: as many as the process may use. Never changes a bit of the result.

    Returns
    -------
    ndarray, shape and dtype of ``logits``
        Logarithms of the probabilities, <= 0.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        As :func:`softmax`.

    Notes
    -----
    Relative error of an entry at most (8 + sqrt(K) + R) u, also where p_k is nearly 1. Infinite logits as
    :func:`softmax`.

    Examples
    --------
    >>> float(log_softmax([40.0, 0.0])[0])  # not 0
    -4.248354255291589e-18
    """
    result = row_kernels().log_softmax_call(logits, axis, n_threads)
    return _per_logit("log_softmax", logits, axis, n_threads) if result is None else result


@in_its_own_library
def logsumexp(logits: ArrayLike, *, axis: int = -1, n_threads: int | None = None) -> Array:
    """Return ln sum_i exp(z_i) = m + log1p(s), (SM.3).

    Parameters
    ----------
    logits : array_like of float16, bfloat16, float32 or float64, any shape
        Input z of the softmax.
    axis : int
        The axis of the classes, which the result does not have.
    n_threads : int or None
        At most this many threads; None: as many as the process may use. Never changes a bit of the result.

    Returns
    -------
    ndarray, shape of ``logits`` without ``axis``, same dtype

    Raises
    ------
    ArgumentTypeError, ArgumentError
        As :func:`softmax`.

    Notes
    -----
    Absolute error at most (8 + sqrt(K) + R) u max(|m|, log1p(s)), m the largest logit and s the sum of the other
    exponentials relative to it. +inf anywhere gives +inf, nothing but -inf gives -inf, NaN gives NaN.

    Examples
    --------
    >>> float(logsumexp([1000.0, 1000.0]))
    1000.6931471805599
    """
    result = row_kernels().logsumexp_call(logits, axis, n_threads)
    return _logsumexp(logits, axis, n_threads) if result is None else result


@quiet
def _logsumexp(logits: ArrayLike, axis: int, n_threads: int | None) -> Array:
    rows = logit_rows("logsumexp", check_logits("logsumexp", "logits", logits), axis)
    out = np.empty(len(rows.values), rows.values.dtype)
    row_kernels().logsumexp_rows(rows.values, out, thread_count(n_threads))
    return rows.result(out)


@quiet
def _per_logit(call: str, logits: ArrayLike, axis: int, n_threads: int | None) -> Array:
    rows = logit_rows(call, check_logits(call, "logits", logits), axis)
    path = row_kernels()
    kernel = path.softmax_rows if call == "softmax" else path.log_softmax_rows
    out = np.empty_like(rows.values)
    kernel(rows.values, out, thread_count(n_threads))
    return np.moveaxis(rows.result(out), -1, axis)
