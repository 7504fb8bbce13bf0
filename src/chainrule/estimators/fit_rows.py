"""The rows of a classifier's fit: labels as class indices, weights, and validation rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError
from chainrule.estimators.fit_choices import CALL
from chainrule.training import Examples, check_number, check_sample_weight


@dataclass(frozen=True)
class TrainingRows:
    """What a network is trained on: rows, validation rows or None, weights of classes or None, and the seed."""

    training: Examples
    validation: Examples | None
    class_weight: Array | None
    seed: int

    @property
    def validation_arrays(self) -> tuple[Array, ...] | None:
        """The validation rows as ``train`` takes them."""
        rows = self.validation
        if rows is None:
            return None
        return (rows.X, rows.y) if rows.sample_weight is None else (rows.X, rows.y, rows.sample_weight)


def labelled_rows(X: Array, y: Array, sample_weight: ArrayLike | None) -> tuple[Array, Examples]:
    """Return the sorted classes, and the rows of positive weight with class indices for labels.

    Rows of weight 0 are left out altogether: neither the classes, nor the batches, nor the scaling may know of them.

    Raises
    ------
    ArgumentError
        If a weight is negative or not finite, or fewer than two classes are left.
    """
    weights = None if sample_weight is None else check_sample_weight(CALL, sample_weight, len(X))
    if weights is not None and not weights.all():
        kept = np.flatnonzero(weights)
        X, y, weights = X[kept], y[kept], weights[kept]
    classes, targets = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        came = f"one class, {_show(classes[0])}"
        remedy = "Add rows of another class; there is nothing to tell apart."
        raise ArgumentError(CALL, "y has rows of positive weight in at least two classes", came, remedy)
    return classes, Examples(X, targets, weights)


def class_weights(class_weight: Any, classes: Array, rows: Examples) -> Array | None:
    """Return the weight of each class, in the order of the classes, or None."""
    if class_weight is None:
        return None
    weights = compute_class_weight(
        class_weight, classes=classes, y=classes[rows.y], sample_weight=rows.sample_weight
    )
    bad = ~((weights > 0.0) & np.isfinite(weights))
    if bad.any():
        came = f"{weights[bad][0]} for class {_show(classes[bad][0])}"
        remedy = "Leave out the rows of a class that should not count."
        raise ArgumentError(CALL, "class_weight is positive and finite", came, remedy)
    return np.asarray(weights, dtype=np.float64)


def eval_set_parts(eval_set: Any) -> tuple[Any, Any, Any]:
    """Return X, y and sample_weight or None of an ``eval_set``; a list with one such tuple is taken too."""
    given = eval_set[0] if isinstance(eval_set, list) and len(eval_set) == 1 else eval_set
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        rule = "eval_set is (X, y) or (X, y, sample_weight)"
        raise ArgumentError(CALL, rule, f"a {type(given).__name__}", "Pass a tuple of two or three arrays.")
    return given[0], given[1], given[2] if len(given) == 3 else None


def known_rows(X: Array, y: Array, sample_weight: ArrayLike | None, classes: Array) -> Examples:
    """Return validation rows with class indices for labels; each label must be among the classes."""
    places = np.searchsorted(classes, y).clip(max=len(classes) - 1)
    unknown = classes[places] != y
    if unknown.any():
        came = f"{_show(y[unknown][0])} in row {int(unknown.argmax())}"
        remedy = "Leave out validation rows of classes that the training rows do not have."
        raise ArgumentError(CALL, "the labels of eval_set are among those of y", came, remedy)
    weights = None if sample_weight is None else check_sample_weight(CALL, sample_weight, len(X), "eval_set ")
    return Examples(X, places, weights)


def hold_back(rows: Examples, validation_fraction: float, seed: int) -> tuple[Examples, Examples]:
    """Return rows to train on and rows to stop by."""
    remedy = "Try 0.1."
    fraction = check_number(CALL, "validation_fraction", validation_fraction, 0.0, 1.0, remedy)
    if not 0.0 < fraction < 1.0:
        raise ArgumentError(CALL, "validation_fraction lies between 0 and 1", repr(fraction), remedy)
    from chainrule.data import (
        stratified_split,
    )  # reads tables too, which a classifier of arrays can do without

    split = stratified_split(rows.y, validation_fraction=fraction, test_fraction=0.0, seed=seed, call=CALL)
    if len(split.validation) == 0:
        rule = "validation_fraction leaves at least one row to stop by"
        came = f"{fraction} of {len(rows)} rows in {int(rows.y.max()) + 1} classes"
        raise ArgumentError(CALL, rule, came, "Raise it, pass eval_set, or use early_stopping=False.")
    return rows.take(split.training), rows.take(split.validation)


def _show(label: Any) -> str:
    return repr(label.item() if isinstance(label, np.generic) else label)
