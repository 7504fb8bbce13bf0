"""What the rows of a second derivative are multiplied by: their weights and the mass of their targets, (CE.4)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError
from chainrule.functions.arguments import (
    Rows,
    check_ignore_index,
    check_label_smoothing,
    check_weights,
    near_one,
)
from chainrule.functions.weighted_targets import WeightedTargets, weigh_targets

MeanClassWeight: TypeAlias = Callable[[WeightedTargets, Array], Array]
"""Takes targets and class weights; gives each row's mean class weight over the classes that smoothing reaches."""


@dataclass(frozen=True)
class CurvatureWeights:
    """Weights of rows for their products with (SM.2)."""

    of_rows: Array | None  # float64, (rows,): sample_weight_i sum_k q'_k; None: 1
    massless: (
        Array | None
    )  # rows in use whose targets have no mass: 0 unless they are NaN; None: there are none
    total: float  # what "mean" divides by


def curvature_weights(
    call: str,
    rows: Rows,
    targets: ArrayLike | None,
    sample_weight: ArrayLike | None,
    class_weight: ArrayLike | None,
    label_smoothing: float,
    ignore_index: int | None,
    mean: bool,
    mean_class_weight: MeanClassWeight,
) -> CurvatureWeights:
    """Check targets and weights of a second derivative; without targets each row has the mass 1."""
    if targets is None:
        check_label_smoothing(call, label_smoothing)
        check_ignore_index(call, ignore_index)
        _require_targets(call, class_weight, ignore_index)
        return _of_mass_one(
            check_weights(call, "sample_weight", sample_weight, rows.leading_shape), rows, mean
        )
    weighted = weigh_targets(
        call, rows, targets, sample_weight, class_weight, label_smoothing, ignore_index, mean
    )
    masses, weights = _masses(weighted, mean_class_weight), weighted.row_weight
    if masses is None:
        return CurvatureWeights(weights, None, weighted.total)
    massless = masses == 0 if weights is None else (masses == 0) & (weights != 0)
    of_rows = masses if weights is None else weights * masses
    return CurvatureWeights(of_rows, massless if massless.any() else None, weighted.total)


def _require_targets(call: str, class_weight: ArrayLike | None, ignore_index: int | None) -> None:
    for name, value in (("class_weight", class_weight), ("ignore_index", ignore_index)):
        if value is not None:
            remedy = f"Pass the targets, or leave {name} out."
            raise ArgumentError(call, f"{name} goes with targets", f"{name} and targets=None", remedy)


def _of_mass_one(samples: Array | None, rows: Rows, mean: bool) -> CurvatureWeights:
    if samples is None:
        return CurvatureWeights(None, None, float(len(rows.values)))
    samples = near_one(samples) if mean else samples
    return CurvatureWeights(samples, None, float(samples.sum()))


def _masses(targets: WeightedTargets, mean_class_weight: MeanClassWeight) -> Array | None:
    """Return sum_k q'_k of each row, class weights and smoothing inside; None: 1, or folded into the row's weight."""
    classes, smoothing = targets.class_weight, targets.label_smoothing
    if classes is None:
        if targets.probabilities is None:
            return None
        return (1 - smoothing) * targets.probabilities.sum(axis=1, dtype=np.float64) + smoothing
    given = _given_masses(targets, classes)
    return (1 - smoothing) * given + smoothing * mean_class_weight(targets, classes) if smoothing else given


def _given_masses(targets: WeightedTargets, classes: Array) -> Array:
    if targets.probabilities is not None:
        return (targets.probabilities * classes).sum(axis=1)
    assert targets.indices is not None
    # Ignored rows: any class, their weight is 0.
    return classes[np.clip(targets.indices, 0, len(classes) - 1)]
