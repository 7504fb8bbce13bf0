"""Softmax followed by cross-entropy: the loss from logits, and its gradient."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, overload

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.functions.arguments import (
    Reduction,
    Rows,
    as_array,
    check_ignore_index,
    check_logits,
    check_reduction,
    check_targets,
    check_temperature,
    check_weights,
    gradient_rows,
    logit_rows,
    quiet,
)
from chainrule.functions.dispatch import in_its_own_library, row_kernels
from chainrule.functions.weighted_targets import sum_of_weights, weigh_targets
from chainrule.kernels import thread_count


@overload
def cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = ...,
    class_weight: ArrayLike | None = ...,
    label_smoothing: float = ...,
    ignore_index: int | None = ...,
    temperature: float = ...,
    reduction: Literal["mean", "sum"] = ...,
    n_threads: int | None = ...,
) -> float: ...
@overload
def cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = ...,
    class_weight: ArrayLike | None = ...,
    label_smoothing: float = ...,
    ignore_index: int | None = ...,
    temperature: float = ...,
    reduction: Reduction,
    n_threads: int | None = ...,
) -> float | Array: ...
@in_its_own_library
def cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> float | Array:
    """Return the cross-entropy of softmax(logits / temperature) against targets, (CE.1) and (CE.3).

    Parameters
    ----------
    logits : array_like of float16, bfloat16, float32 or float64, shape (..., classes)
        Input z of the softmax.
    targets : array_like, shape (...) of integers or (..., classes) of numbers
        Class indices from 0, or a row of probabilities q >= 0 (one-hot, soft; the sum need not be 1).
    sample_weight : array_like or None, shape (...)
        A finite weight >= 0 for each row; a row of weight 0 contributes 0 whatever it holds.
    class_weight : array_like or None, shape (classes,)
        A finite weight >= 0 for each class, inside the target: q'_k = class_weight_k q_k.
    label_smoothing : float
        From 0 to 1: q = (1 - e) y + e / K, over the classes that are not masked.
    ignore_index : int or None
        Rows with this target contribute 0; only with class indices.
    temperature : float
        The logits are divided by it; a positive normal number of float64, from 2.23e-308.
    reduction : "mean", "sum" or "none"
        "mean" divides the sum by sum_i sample_weight_i c_i, c_i the class weight of the unsmoothed target (its
        mean under a soft one), and is 0 where that is 0.
    n_threads : int or None
        At most this many threads; None: as many as the process may use. Never changes a bit of the result.

    Returns
    -------
    float, or ndarray of shape (...) and the dtype of ``logits`` for "none"

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If an argument is outside its domain; the message names the first offending index and its value.

    Notes
    -----
    The loss of a row has relative error at most (8 + sqrt(K) + R) u for any finite logits, confident rows and common
    offsets included; R is the range of the logits over the temperature (at most 104 in float32, 745 in float64;
    twice if a temperature is given). Totals are summed in float64 in an order fixed by the number of rows.
    A logit of -inf at a class without target mass masks that class; at one with target mass the loss is +inf. One
    +inf logit gives 0 if it is the target, else +inf. NaN, two +inf or nothing but -inf give NaN in that row alone.

    Examples
    --------
    >>> cross_entropy([[40.0, 0.0]], [0])  # not 0
    4.248354255291589e-18
    >>> round(cross_entropy([[0.0, 0.0, 0.0]], [[0.5, 0.5, 0.0]]), 6)
    1.098612
    """
    result = row_kernels().cross_entropy_call(
        logits, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature, reduction,
        False, None, n_threads,
    )  # fmt: skip
    if result is not None:
        return result
    return _checked_loss(
        logits, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature, reduction,
        n_threads,
    )  # fmt: skip


@in_its_own_library
def cross_entropy_with_gradient(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
    out: Array | None = None,
    n_threads: int | None = None,
) -> tuple[float | Array, Array]:
    """Return the cross-entropy and its gradient with respect to the logits, (CE.1) to (CE.3).

    Parameters
    ----------
    logits, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature, reduction, n_threads
        As :func:`cross_entropy`. With "none" the gradient is that of the sum of the returned losses.
    out : ndarray or None, shape and dtype of ``logits``
        Where to write the gradient; may be the logits themselves. Nothing else that is passed is written to.

    Returns
    -------
    loss : float, or ndarray of shape (...) for "none"
    gradient : ndarray, shape and dtype of ``logits``
        ``out`` if it was given.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        As :func:`cross_entropy`, and if ``out`` does not fit or overlaps an input without being the logits.

    Notes
    -----
    For index targets every entry of the gradient has relative error at most (12 + sqrt(K) + R) u, the target's on
    confident rows included. For other targets its absolute error is at most that factor times
    p_k sum_{j != k} q_j + q_k (1 - p_k). Infinite logits: the limit; rows that are NaN are NaN alone.

    Examples
    --------
    >>> loss, gradient = cross_entropy_with_gradient([[40.0, 0.0]], [0])
    >>> gradient
    array([[-4.24835426e-18,  4.24835426e-18]])
    """
    result = row_kernels().cross_entropy_call(
        logits, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature, reduction,
        True, out, n_threads,
    )  # fmt: skip
    if result is not None:
        return result
    return _checked_loss_and_gradient(
        logits, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature, reduction,
        out, n_threads,
    )  # fmt: skip


@quiet
def total_weight(
    targets: ArrayLike,
    n_classes: int,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    ignore_index: int | None = None,
) -> float:
    """Return sum_i sample_weight_i c_i, what "mean" divides by.

    Parameters
    ----------
    targets : array_like, shape (examples,) of integers or (examples, classes)
        As :func:`cross_entropy`.
    n_classes : int
        K, positive.
    sample_weight, class_weight, ignore_index
        As :func:`cross_entropy`.

    Returns
    -------
    float
        c_i = sum_k class_weight_k y_ik / sum_k y_ik of the unsmoothed target, 1 for a row of zeros.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        As :func:`cross_entropy`.

    Examples
    --------
    >>> total_weight([0, 1, 1], 2, class_weight=[1.0, 3.0])
    7.0
    """
    call = "total_weight"
    array = as_array(call, "targets", targets)
    ignore_index = check_ignore_index(call, ignore_index)
    leading = array.shape if array.dtype.kind in "iu" and array.ndim == 1 else array.shape[:-1]
    rows = Rows(np.broadcast_to(np.float64(0), (*leading, n_classes)), leading, np.dtype(np.float64))
    checked = check_targets(call, array, rows, ignore_index)
    samples = check_weights(call, "sample_weight", sample_weight, leading)
    classes = check_weights(call, "class_weight", class_weight, (n_classes,))
    return sum_of_weights(checked, samples, classes, ignore_index, len(rows.values))


@quiet
def _checked_loss(
    logits: ArrayLike,
    targets: ArrayLike,
    sample_weight: ArrayLike | None,
    class_weight: ArrayLike | None,
    label_smoothing: float,
    ignore_index: int | None,
    temperature: float,
    reduction: Reduction,
    n_threads: int | None,
) -> float | Array:
    """Convert what needs it, and explain what is wrong."""
    call = "cross_entropy"
    check_reduction(call, reduction)
    array = check_logits(call, "logits", logits)
    temperature = check_temperature(call, temperature)
    rows = logit_rows(call, array, temperature=temperature)
    problem = _problem(
        call, rows, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature,
        reduction == "mean",
    )  # fmt: skip
    losses = np.empty(len(rows.values)) if reduction == "none" else None
    total = problem.evaluate(1.0, losses, None, thread_count(n_threads))
    if losses is not None:
        return rows.result(losses)
    return _mean(total, problem.total_weight) if reduction == "mean" else total


@quiet
def _checked_loss_and_gradient(
    logits: ArrayLike,
    targets: ArrayLike,
    sample_weight: ArrayLike | None,
    class_weight: ArrayLike | None,
    label_smoothing: float,
    ignore_index: int | None,
    temperature: float,
    reduction: Reduction,
    out: Array | None,
    n_threads: int | None,
) -> tuple[float | Array, Array]:
    """Convert what needs it, and explain what is wrong."""
    call = "cross_entropy_with_gradient"
    check_reduction(call, reduction)
    array = check_logits(call, "logits", logits)
    temperature = check_temperature(call, temperature)
    rows = logit_rows(call, array, temperature=temperature)
    gradient = gradient_rows(call, out, rows, array, [targets, sample_weight, class_weight])
    problem = _problem(
        call, rows, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature,
        reduction == "mean",
    )  # fmt: skip
    total_weight = problem.total_weight if reduction == "mean" else 1.0
    scale = 1.0 / total_weight if total_weight > 0 else 0.0
    losses = np.empty(len(rows.values)) if reduction == "none" else None
    total = problem.evaluate(scale, losses, gradient, thread_count(n_threads))
    if total_weight == 0:
        gradient[...] = 0
    loss = _mean(total, total_weight) if losses is None else rows.result(losses)
    return loss, _deliver(gradient.reshape(array.shape), rows, out)


@dataclass(frozen=True)
class _Problem:
    """Checked arguments, with a function that runs the fitting kernel."""

    total_weight: float
    evaluate: Callable[[float, Array | None, Array | None, int], float]


def _problem(
    call: str,
    rows: Rows,
    targets: ArrayLike,
    sample_weight: ArrayLike | None,
    class_weight: ArrayLike | None,
    label_smoothing: float,
    ignore_index: int | None,
    temperature: float,
    mean: bool,
) -> _Problem:
    weighted = weigh_targets(
        call, rows, targets, sample_weight, class_weight, label_smoothing, ignore_index, mean
    )
    path = row_kernels()
    if weighted.folded:

        def by_index(scale: float, losses: Array | None, gradient: Array | None, threads: int) -> float:
            return path.cross_entropy_index_rows(
                rows.values,
                weighted.indices,
                weighted.row_weight,
                temperature,
                scale,
                losses,
                gradient,
                threads,
            )

        return _Problem(weighted.total, by_index)

    def by_probability(scale: float, losses: Array | None, gradient: Array | None, threads: int) -> float:
        return path.cross_entropy_probability_rows(
            rows.values, weighted.probabilities, weighted.indices, weighted.class_weight,
            weighted.label_smoothing, weighted.row_weight, temperature, scale, losses, gradient, threads,
        )  # fmt: skip

    return _Problem(weighted.total, by_probability)


def _mean(total: float, total_weight: float) -> float:
    return total / total_weight if total_weight > 0 else 0.0


def _deliver(gradient: Array, rows: Rows, out: Array | None) -> Array:
    if out is None:
        return gradient.astype(rows.dtype, copy=False)
    if not np.shares_memory(out, gradient):
        out[...] = gradient
    return out
