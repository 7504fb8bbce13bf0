"""The second derivative of the cross-entropy times a direction."""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError
from chainrule.functions.arguments import (
    Reduction,
    Rows,
    Targets,
    check_ignore_index,
    check_label_smoothing,
    check_logits,
    check_reduction,
    check_targets,
    check_temperature,
    check_weights,
    logit_rows,
    near_one,
    quiet,
)
from chainrule.functions.cross_entropy import total_weight
from chainrule.functions.directions import direction_rows
from chainrule.functions.dispatch import in_its_own_library, row_kernels
from chainrule.functions.weighted_targets import near_one_in_use
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
    weights = _checked_weights(
        call, rows, targets, sample_weight, class_weight, label_smoothing, ignore_index, reduction == "mean"
    )
    threads = thread_count(n_threads)
    total = weights.total if reduction == "mean" else 1.0
    out = np.zeros_like(rows.values)
    if total > 0:
        row_kernels().softmax_jacobian_rows(
            rows.values, v, weights.of_rows, temperature, 1 / total, out, threads
        )
        weights.remove_massless(out)
    return rows.result(out)


@dataclass(frozen=True)
class _Weights:
    """What the rows' products are multiplied by."""

    of_rows: Array | None  # float64, (rows,); None: 1
    massless: Array | None  # rows in use whose targets have no mass, which got the weight 1
    total: float  # what "mean" divides by

    def remove_massless(self, out: Array) -> None:
        """Make 0 of the rows without mass, save those that are NaN."""
        if self.massless is not None:
            product = out[self.massless]
            out[self.massless] = np.where(np.isnan(product), product, 0)


def _checked_weights(
    call: str,
    rows: Rows,
    targets: ArrayLike | None,
    sample_weight: ArrayLike | None,
    class_weight: ArrayLike | None,
    label_smoothing: float,
    ignore_index: int | None,
    mean: bool,
) -> _Weights:
    label_smoothing = check_label_smoothing(call, label_smoothing)
    ignore_index = check_ignore_index(call, ignore_index)
    checked = None if targets is None else check_targets(call, targets, rows, ignore_index)
    if checked is None:
        _require_targets(call, class_weight, ignore_index)
    samples = check_weights(call, "sample_weight", sample_weight, rows.leading_shape)
    classes = check_weights(call, "class_weight", class_weight, (rows.values.shape[1],))
    used = samples if checked is None else _used_weights(checked, samples, ignore_index)
    if mean and used is not None:
        used = near_one(used)
    if checked is None:
        total = float(len(rows.values)) if used is None else float(used.sum())
        return _Weights(used, None, total)
    if mean:
        classes = near_one_in_use(classes, checked, used, label_smoothing)
    total = _total_weight(checked, rows, used, classes, ignore_index)
    return _with_masses(used, _masses(checked, rows.values, classes, label_smoothing), total)


def _require_targets(call: str, class_weight: ArrayLike | None, ignore_index: int | None) -> None:
    for name, value in (("class_weight", class_weight), ("ignore_index", ignore_index)):
        if value is not None:
            remedy = f"Pass the targets, or leave {name} out."
            raise ArgumentError(call, f"{name} goes with targets", f"{name} and targets=None", remedy)


def _total_weight(
    targets: Targets, rows: Rows, samples: Array | None, classes: Array | None, ignore_index: int | None
) -> float:
    checked = targets.probabilities if targets.indices is None else targets.indices
    assert checked is not None
    return total_weight(checked, rows.values.shape[1], samples, classes, ignore_index)


def _used_weights(targets: Targets, samples: Array | None, ignore_index: int | None) -> Array | None:
    """Give ignored rows the weight 0."""
    if targets.indices is None or ignore_index is None:
        return samples
    used = targets.indices != ignore_index
    return used.astype(np.float64) if samples is None else samples * used


def _masses(targets: Targets, logits: Array, classes: Array | None, label_smoothing: float) -> Array | None:
    """Return sum_k q_k of each row, class weights and smoothing inside; None: 1 for each."""
    if classes is None:
        if targets.indices is not None:
            return None
        assert targets.probabilities is not None
        given = targets.probabilities.sum(axis=1, dtype=np.float64)
        return (1 - label_smoothing) * given + label_smoothing
    given = _weighted_masses(targets, classes)
    if not label_smoothing:
        return given
    share = _unmasked(targets, logits) @ np.stack([classes, np.ones_like(classes)], axis=1)
    return (1 - label_smoothing) * given + label_smoothing * share[:, 0] / np.maximum(share[:, 1], 1)


def _weighted_masses(targets: Targets, classes: Array) -> Array:
    if targets.probabilities is not None:
        return (targets.probabilities * classes).sum(axis=1)
    assert targets.indices is not None
    n_classes = len(classes)
    return classes[np.clip(targets.indices, 0, n_classes - 1)]  # ignored rows: any class, their weight is 0


def _unmasked(targets: Targets, logits: Array) -> Array:
    """Return 1 for each class that smoothing gives mass to, (rows, classes)."""
    unmasked = logits != -np.inf
    if targets.probabilities is not None:
        unmasked |= targets.probabilities > 0
    elif targets.indices is not None:
        in_use = np.clip(targets.indices, 0, logits.shape[1] - 1)
        unmasked[np.arange(len(logits)), in_use] = True
    return unmasked.astype(np.float64)


def _with_masses(weights: Array | None, masses: Array | None, total: float) -> _Weights:
    """Multiply; a row in use whose targets have no mass keeps a weight, so that it is NaN where it has to be."""
    if masses is None:
        return _Weights(weights, None, total)
    massless = masses == 0 if weights is None else (masses == 0) & (weights != 0)
    if not massless.any():
        return _Weights(masses if weights is None else weights * masses, None, total)
    masses = np.where(massless, 1.0, masses)
    return _Weights(masses if weights is None else weights * masses, massless, total)
