"""The second derivative of the cross-entropy times a direction."""

from functools import partial

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.functions.arguments import (
    Reduction,
    check_logits,
    check_reduction,
    check_temperature,
    logit_rows,
    quiet,
)
from chainrule.functions.curvature_weights import CurvatureWeights, curvature_weights
from chainrule.functions.directions import direction_rows
from chainrule.functions.dispatch import in_its_own_library, row_kernels
from chainrule.functions.weighted_targets import WeightedTargets
from chainrule.kernels import thread_count


@in_its_own_library
@quiet
def cross_entropy_hvp(
    logits: ArrayLike,
    direction: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> Array:
    """Return the second derivative of the cross-entropy by the logits, times a direction, (CE.4) and (CE.5).

    For each row sum(q) (diag(p) - p p^T) v / T^2, weighted and divided as the loss is. Of the targets only their mass
    sum(q) matters, and that is 1 for class indices and for probabilities that sum to 1.

    Parameters
    ----------
    logits : array_like of float16, bfloat16, float32 or float64, shape (..., classes)
        Input z of the softmax.
    direction : array_like of numbers, shape of ``logits``
        v, converted to the dtype in which the logits are computed.
    targets : array_like or None, shape (...) of integers or (..., classes) of numbers
        As :func:`cross_entropy`. None stands for targets whose rows sum to 1, without class weights.
    sample_weight, class_weight, label_smoothing, ignore_index, temperature, n_threads
        As :func:`cross_entropy`; class weights and an ignored index need targets.
    reduction : "mean", "sum" or "none"
        The second derivative is that of what :func:`cross_entropy` returns; with "none", of the sum of that.

    Returns
    -------
    ndarray, shape and dtype of ``logits``
        Each row sums to 0 up to rounding.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If an argument is outside its domain; the message names the first offending index and its value.

    Notes
    -----
    The product is as accurate as :func:`softmax_vjp`'s, R being the range of the logits over the temperature (twice if
    a temperature is given). Rows that are ignored or of weight 0 have 0, whatever they hold; NaN, two +inf or nothing
    but -inf among the logits, or a direction that is not finite, give NaN in that row alone. A class with a logit of
    -inf has 0 and takes no part; one +inf gives 0. Nothing to average gives zeros.

    Examples
    --------
    >>> cross_entropy_hvp([[0.0, 0.0], [40.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]], reduction="sum")
    array([[ 2.50000000e-01, -2.50000000e-01],
           [ 4.24835426e-18, -4.24835426e-18]])
    """
    call = "cross_entropy_hvp"
    check_reduction(call, reduction)
    array = check_logits(call, "logits", logits)
    temperature = check_temperature(call, temperature)
    rows = logit_rows(call, array, temperature=temperature)
    v = direction_rows(call, "direction", direction, array, rows)
    weights = curvature_weights(
        call, rows, targets, sample_weight, class_weight, label_smoothing, ignore_index, reduction == "mean",
        partial(_mean_class_weight, rows.values),
    )  # fmt: skip
    threads = thread_count(n_threads)
    total = weights.total if reduction == "mean" else 1.0
    out = np.zeros_like(rows.values)
    if total > 0:
        _write_products(weights, rows.values, v, temperature, 1 / total, out, threads)
    return rows.result(out)


def _write_products(
    weights: CurvatureWeights,
    logits: Array,
    direction: Array,
    temperature: float,
    scale: float,
    out: Array,
    threads: int,
) -> None:
    """Write the products; rows without mass have 0, or NaN where they are NaN with any mass."""
    of_rows, massless = weights.of_rows, weights.massless
    if massless is not None and of_rows is not None:
        of_rows = np.where(massless, 1.0, of_rows)
    row_kernels().softmax_jacobian_rows(logits, direction, of_rows, temperature, scale, out, threads)
    if massless is not None:
        out[massless] = np.where(np.isnan(out[massless]), np.nan, 0)


def _mean_class_weight(logits: Array, targets: WeightedTargets, classes: Array) -> Array:
    """Return the mean class weight over the classes that smoothing reaches: not those whose logit masks them."""
    reached = logits != -np.inf
    if targets.probabilities is not None:
        reached |= targets.probabilities > 0
    elif targets.indices is not None:
        in_use = np.clip(targets.indices, 0, logits.shape[1] - 1)
        reached[np.arange(len(logits)), in_use] = True
    total = (reached * classes).sum(axis=1)
    mean: Array = total / np.maximum(reached.sum(axis=1), 1)
    return mean
