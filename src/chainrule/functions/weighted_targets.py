"""Targets with everything that weights them, as the kernels take them, and what "mean" divides by."""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.functions.arguments import (
    Rows,
    Targets,
    check_ignore_index,
    check_label_smoothing,
    check_targets,
    check_weights,
    near_one,
)


@dataclass(frozen=True)
class WeightedTargets:
    """Checked targets of rows; one of ``indices`` and ``probabilities``."""

    indices: Array | None  # int64, (rows,)
    probabilities: Array | None  # dtype of the logits, (rows, classes)
    class_weight: Array | None  # float64, (classes,); None: 1, or folded into the weights of the rows
    row_weight: Array | None  # float64, (rows,); None: 1
    label_smoothing: float
    total: float  # sum_i sample_weight_i c_i

    @property
    def folded(self) -> bool:
        """Tell whether the loss is that of plain index targets times ``row_weight``."""
        return self.indices is not None and self.class_weight is None and not self.label_smoothing


def weigh_targets(
    call: str,
    rows: Rows,
    targets: ArrayLike,
    sample_weight: ArrayLike | None,
    class_weight: ArrayLike | None,
    label_smoothing: float,
    ignore_index: int | None,
    mean: bool,
) -> WeightedTargets:
    """Check the targets of ``rows`` and their weights; for a mean the weights are brought near 1."""
    label_smoothing = check_label_smoothing(call, label_smoothing)
    ignore_index = check_ignore_index(call, ignore_index)
    checked = check_targets(call, targets, rows, ignore_index)
    samples = check_weights(call, "sample_weight", sample_weight, rows.leading_shape)
    classes = check_weights(call, "class_weight", class_weight, (rows.values.shape[1],))
    weight = _without_ignored(checked.indices, samples, ignore_index)
    if mean:  # a power of two on either changes no mean; their products and sums stay finite and normal
        weight = None if weight is None else near_one(weight)
        classes = near_one_in_use(classes, checked, weight, label_smoothing)
    total = sum_of_weights(checked, weight, classes, None, len(rows.values))
    # A class weight of 0 stays inside the target: a row that is NaN is NaN, as with the equal one-hot row.
    foldable = classes is None or bool((classes > 0).all())
    if checked.indices is not None and foldable and not label_smoothing:
        weight, classes = _row_weight(checked.indices, weight, classes), None
    return WeightedTargets(checked.indices, checked.probabilities, classes, weight, label_smoothing, total)


def near_one_in_use(
    classes: Array | None, targets: Targets, weight: Array | None, label_smoothing: float
) -> Array | None:
    """Return class weights times a power of two that brings the largest one that counts into [1, 2).

    Beside a row of zeros, whose c_i is 1 whatever the class weights are, no power of two can be taken out.
    """
    if classes is None or _has_row_of_zeros(targets):
        return classes
    in_use = classes
    if targets.indices is not None and not label_smoothing:
        in_use = classes[targets.indices if weight is None else targets.indices[weight > 0]]
    largest = in_use.max(initial=0.0)
    if largest == 0:
        return classes
    # Those that do not count stay finite: 0 * inf would be NaN.
    return np.minimum(np.ldexp(classes, 1 - int(np.frexp(largest)[1])), np.finfo(np.float64).max)


def _has_row_of_zeros(targets: Targets) -> bool:
    return targets.probabilities is not None and not bool(targets.probabilities.any(axis=1).all())


def sum_of_weights(
    targets: Targets, samples: Array | None, classes: Array | None, ignore_index: int | None, n_rows: int
) -> float:
    """Return sum_i sample_weight_i c_i for checked arguments."""
    weight = _without_ignored(targets.indices, samples, ignore_index)
    if classes is None:
        return float(n_rows) if weight is None else float(weight.sum())
    if targets.indices is not None:
        row_weight = _row_weight(targets.indices, weight, classes)
        assert row_weight is not None
        return float(row_weight.sum())
    assert targets.probabilities is not None
    y = targets.probabilities.astype(np.float64)
    mass = y.sum(axis=1)
    class_means = np.where(mass > 0, (y * classes).sum(axis=1) / np.where(mass > 0, mass, 1), 1)
    return float(class_means.sum() if weight is None else (weight * class_means).sum())


def _without_ignored(indices: Array | None, samples: Array | None, ignore_index: int | None) -> Array | None:
    """Give ignored rows the weight 0."""
    if indices is None or ignore_index is None:
        return samples
    used = indices != ignore_index
    return used.astype(np.float64) if samples is None else samples * used


def _row_weight(indices: Array, samples: Array | None, classes: Array | None) -> Array | None:
    """Fold the class weight of an index target into the weight of its row; ignored rows stay 0."""
    if classes is None:
        return samples
    if samples is None:
        return classes[indices]
    return samples * classes[np.where(samples == 0, 0, indices)]
