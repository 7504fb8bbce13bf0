"""A linear layer followed by softmax and cross-entropy, without the logits ever existing as a whole."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Literal, overload

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.functions import formulas, linear_formulas
from chainrule.functions.arguments import Reduction, check_reduction, check_temperature, quiet
from chainrule.functions.dispatch import in_its_own_library, row_kernels
from chainrule.functions.linear_arguments import LinearArgument, LinearArrays, check_linear, check_wrt
from chainrule.functions.weighted_targets import WeightedTargets, weigh_targets
from chainrule.kernels import thread_count


@overload
def linear_cross_entropy(
    features: ArrayLike,
    weight: ArrayLike,
    targets: ArrayLike,
    *,
    bias: ArrayLike | None = ...,
    sample_weight: ArrayLike | None = ...,
    class_weight: ArrayLike | None = ...,
    label_smoothing: float = ...,
    ignore_index: int | None = ...,
    temperature: float = ...,
    reduction: Literal["mean", "sum"] = ...,
    n_threads: int | None = ...,
) -> float: ...
@overload
def linear_cross_entropy(
    features: ArrayLike,
    weight: ArrayLike,
    targets: ArrayLike,
    *,
    bias: ArrayLike | None = ...,
    sample_weight: ArrayLike | None = ...,
    class_weight: ArrayLike | None = ...,
    label_smoothing: float = ...,
    ignore_index: int | None = ...,
    temperature: float = ...,
    reduction: Reduction,
    n_threads: int | None = ...,
) -> float | Array: ...
@in_its_own_library
@quiet
def linear_cross_entropy(
    features: ArrayLike,
    weight: ArrayLike,
    targets: ArrayLike,
    *,
    bias: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> float | Array:
    """Return the cross-entropy of the logits features @ weight.T + bias against targets, (LH.1).

    Parameters
    ----------
    features : array_like of float16, bfloat16, float32 or float64, shape (..., features)
        Input X of the linear layer.
    weight : array_like of the dtype of ``features``, shape (classes, features)
        One row of weights per class.
    targets : array_like, shape (...) of integers or (..., classes) of numbers
        Class indices from 0, or a row of probabilities.
    bias : array_like of the dtype of ``features`` or None, shape (classes,)
    sample_weight, class_weight, label_smoothing, ignore_index, temperature, reduction, n_threads
        As :func:`cross_entropy`.

    Returns
    -------
    float, or ndarray of shape (...) and the dtype of ``features`` for "none"

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If an argument is outside its domain; the message names it, and the first offending index and its value.

    Notes
    -----
    A block of rows of logits exists at a time: 96 rows, more where the classes are few. Arrays that are C-contiguous
    and of the dtype of the computation (float32 for 16-bit dtypes) are read where they are. Each logit is a chain of
    fused multiply-adds over the features in ascending order, to which the bias is added; its rounding error is at most
    about (features + 1) u sum_d abs(x_d w_d). What follows has the bounds of :func:`cross_entropy` for the logits as
    computed. Rows that are ignored or of weight 0 are not read.

    Examples
    --------
    >>> linear_cross_entropy([[2.0, 1.0]], [[20.0, 0.0], [0.0, 0.0]], [0])
    4.248354255291589e-18
    """
    call = "linear_cross_entropy"
    temperature = check_temperature(call, temperature)
    check_reduction(call, reduction)
    arrays = check_linear(call, features, weight, bias, temperature)
    weighted = weigh_targets(
        call, arrays.rows, targets, sample_weight, class_weight, label_smoothing, ignore_index,
        reduction == "mean",
    )  # fmt: skip
    return _evaluate(arrays, weighted, temperature, reduction, {}, n_threads)


@in_its_own_library
@quiet
def linear_cross_entropy_with_gradient(
    features: ArrayLike,
    weight: ArrayLike,
    targets: ArrayLike,
    *,
    bias: ArrayLike | None = None,
    wrt: LinearArgument | Sequence[LinearArgument] = ("features", "weight", "bias"),
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> tuple[float | Array, dict[LinearArgument, Array]]:
    """Return the cross-entropy of a linear layer's logits and the gradients asked for, (LH.1).

    Parameters
    ----------
    features, weight, targets, bias
        As :func:`linear_cross_entropy`.
    wrt : name or sequence of names among "features", "weight", "bias"
        The gradients to compute; the others cost nothing. With N rows, D features and K classes the loss takes 2NDK
        operations, the gradients by ``features`` and by ``weight`` 2NDK more each.
    sample_weight, class_weight, label_smoothing, ignore_index, temperature, reduction, n_threads
        As :func:`cross_entropy`. With "none" the gradients are those of the sum of the returned losses.

    Returns
    -------
    loss : float, or ndarray of shape (...) for "none"
    gradients : dict
        For each name in ``wrt`` a new array with the shape and dtype of that argument; no "bias" where it is None.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        As :func:`linear_cross_entropy`, and if ``wrt`` holds another name.

    Notes
    -----
    The gradient by ``weight`` is a chain of fused multiply-adds over the rows in ascending order, that by ``features``
    one over the classes, that by ``bias`` a sum over the rows in float64. No bit depends on ``n_threads``, nor on which
    gradients are asked for. Rows that are ignored or of weight 0 are not read and have gradient 0: features that are
    NaN or infinite there reach no gradient.

    Examples
    --------
    >>> loss, gradients = linear_cross_entropy_with_gradient([[1.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]], [1], wrt="weight")
    >>> gradients
    {'weight': array([[ 0.5,  1. ],
           [-0.5, -1. ]])}
    """
    call = "linear_cross_entropy_with_gradient"
    temperature = check_temperature(call, temperature)
    check_reduction(call, reduction)
    arrays = check_linear(call, features, weight, bias, temperature)
    gradients = {name: arrays.zeros(name) for name in check_wrt(call, wrt, bias is not None)}
    weighted = weigh_targets(
        call, arrays.rows, targets, sample_weight, class_weight, label_smoothing, ignore_index,
        reduction == "mean",
    )  # fmt: skip
    loss = _evaluate(arrays, weighted, temperature, reduction, gradients, n_threads)
    return loss, {name: arrays.deliver(name, gradient) for name, gradient in gradients.items()}


def _evaluate(
    arrays: LinearArrays,
    weighted: WeightedTargets,
    temperature: float,
    reduction: Reduction,
    gradients: dict[LinearArgument, Array],
    n_threads: int | None,
) -> float | Array:
    """Return the loss, and write the gradients over the zeros that are there."""
    threads = thread_count(n_threads)
    divisor = weighted.total if reduction == "mean" else 1.0
    if divisor == 0:
        return 0.0
    losses = np.empty(len(arrays.features)) if reduction == "none" else None
    total: float = linear_kernels().linear_cross_entropy_rows(
        arrays.features, arrays.weight, arrays.bias, weighted.probabilities, weighted.indices,
        weighted.class_weight, weighted.label_smoothing, weighted.row_weight, temperature, 1.0 / divisor, losses,
        gradients.get("features"), gradients.get("weight"), gradients.get("bias"), threads,
    )  # fmt: skip
    return total / divisor if losses is None else arrays.rows.result(losses)


def linear_kernels() -> ModuleType | Any:
    """Return the compiled module where there is one, else the module of the NumPy formulas of the linear head."""
    path = row_kernels()
    return linear_formulas if path is formulas else path
