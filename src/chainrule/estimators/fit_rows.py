"""The rows of a classifier's fit: labels as class indices, weights, and validation rows."""

import reprlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.estimators.fit_choices import CALL
from chainrule.functions import Features
from chainrule.training import Examples, check_number, check_sample_weight, select_rows

PROBABILITY_TOLERANCE = 1e-5
"""How far from 1 the probabilities of a row may sum: float32 rows of many classes sum to 1 within this."""


@dataclass(frozen=True)
class TrainingRows:
    """What a network is trained on: rows, validation rows or None, weights of classes or None, and the seed."""

    training: Examples
    validation: Examples | None
    class_weight: Array | None
    seed: int

    @property
    def validation_arrays(self) -> tuple[Features, ...] | None:
        """The validation rows as ``train`` takes them."""
        rows = self.validation
        if rows is None:
            return None
        return (rows.X, rows.y) if rows.sample_weight is None else (rows.X, rows.y, rows.sample_weight)


def holds_probabilities(y: Any) -> bool:
    """Return whether targets have the shape of probabilities, (examples, classes), with at least two columns."""
    try:
        shape = np.asarray(y).shape
    except ValueError:  # rows of different lengths, which the check of y refuses in words
        return False
    return len(shape) == 2 and shape[1] > 1


def labelled_rows(
    X: Any, y: Array, sample_weight: ArrayLike | None, classes: Any = None, call: str = CALL
) -> tuple[Array, Examples]:
    """Return the classes, and the rows of positive weight with class indices or probabilities for targets.

    Rows of weight 0 are left out altogether: neither the classes, nor the batches, nor the scaling may know of them.

    Raises
    ------
    ArgumentError
        If a weight is negative or not finite, or fewer than two classes are left, or rows are no probabilities.
    """
    weights = None if sample_weight is None else check_sample_weight(call, sample_weight, len(X))
    if weights is not None and not weights.all():
        kept = np.flatnonzero(weights)
        X, y, weights = select_rows(X, kept), y[kept], weights[kept]
    if y.ndim == 2:
        names = np.arange(y.shape[1]) if classes is None else distinct_classes(classes, call)
        return names, Examples(X, probability_rows(y, len(names), "y", call), weights)
    if classes is not None:
        rule = "classes goes with y of shape (examples, classes)"
        raise ArgumentError(call, rule, f"shape {y.shape}", "Leave classes out: the labels name them.")
    found, targets = np.unique(y, return_inverse=True)
    if len(found) < 2:
        came = f"one class, {_show(found[0])}"
        remedy = "Add rows of another class; there is nothing to tell apart."
        raise ArgumentError(call, "y has rows of positive weight in at least two classes", came, remedy)
    return found, Examples(X, targets, weights)


def distinct_classes(classes: Any, call: str) -> Array:
    """Return the classes as given: a vector of at least two different labels."""
    given = np.asarray(classes)
    if given.ndim != 1 or len(given) < 2 or len(np.unique(given)) != len(given):
        rule = "classes are at least two different labels"
        raise ArgumentError(call, rule, reprlib.repr(classes), "Name each class once.")
    return given


def probability_rows(y: Array, n_classes: int, name: str, call: str) -> Array:
    """Return targets that are rows of probabilities, as floats of shape (examples, classes).

    Raises
    ------
    ArgumentError
        If there is not one column for each class, or a row has a negative entry or does not sum to 1 within 1e-5.
    """
    if y.shape[1] != n_classes:
        rule = f"{name} has one column for each of the {n_classes} classes"
        raise ArgumentError(call, rule, f"shape {y.shape}", "Give a probability for each class.")
    try:
        targets = y if y.dtype.kind == "f" else y.astype(np.float64)
    except (TypeError, ValueError):
        came, remedy = f"dtype {y.dtype}", "Give labels of shape (examples,), or probabilities."
        raise ArgumentTypeError(call, f"{name} with columns holds numbers", came, remedy) from None
    sums = targets.sum(axis=1, dtype=np.float64)
    bad = (targets < 0.0).any(axis=1) | ~(np.abs(sums - 1.0) <= PROBABILITY_TOLERANCE)
    if bad.any():
        row = int(bad.argmax())
        rule = f"the rows of {name} are probabilities: not negative, with sum 1"
        came = f"{name}[{row}] = {targets[row].tolist()}, whose sum is {sums[row]:.6g}"
        remedy = "Divide each row by its sum; rows with several labels at once are not served."
        raise ArgumentError(call, rule, came, remedy)
    return np.asarray(targets)


def class_weights(class_weight: Any, classes: Array, rows: Examples, call: str = CALL) -> Array | None:
    """Return the weight of each class, in the order of the classes, or None.

    "balanced" gives all classes the same total: with the mass m_k = sum_i s_i q_ik of class k, sum_j m_j / (K m_k).
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str) and class_weight == "balanced":
        mass = class_masses(rows, len(classes))
        with np.errstate(divide="ignore"):
            weights = mass.sum() / (len(classes) * mass)
    else:
        weights = compute_class_weight(class_weight, classes=classes, y=classes)
    bad = ~((weights > 0.0) & np.isfinite(weights))
    if bad.any():
        came = f"{weights[bad][0]} for class {_show(classes[bad][0])}"
        remedy = "Leave out the rows of a class that should not count."
        raise ArgumentError(call, "class_weight is positive and finite", came, remedy)
    return np.asarray(weights, dtype=np.float64)


def weighted_by_class(rows: Examples, class_weight: Array | None) -> Examples:
    """Return rows with the sample weights that the class weights stand for, c_i s_i with c_i of (TR.1)."""
    if class_weight is None:
        return rows
    of_rows = class_weight[rows.y] if rows.y.ndim == 1 else rows.y @ class_weight
    return replace(
        rows, sample_weight=of_rows if rows.sample_weight is None else of_rows * rows.sample_weight
    )


def class_masses(rows: Examples, n_classes: int) -> Array:
    """Return sum_i s_i q_ik for each class k, float64."""
    if rows.y.ndim == 1:
        return np.bincount(rows.y, rows.sample_weight, minlength=n_classes).astype(np.float64)
    weights = np.ones(len(rows)) if rows.sample_weight is None else rows.sample_weight
    return np.asarray((weights[:, None] * rows.y).sum(axis=0, dtype=np.float64))


def eval_set_parts(eval_set: Any) -> tuple[Any, Any, Any]:
    """Return X, y and sample_weight or None of an ``eval_set``; a list with one such tuple is taken too."""
    given = eval_set[0] if isinstance(eval_set, list) and len(eval_set) == 1 else eval_set
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        rule = "eval_set is (X, y) or (X, y, sample_weight)"
        raise ArgumentError(CALL, rule, f"a {type(given).__name__}", "Pass a tuple of two or three arrays.")
    return given[0], given[1], given[2] if len(given) == 3 else None


def known_rows(
    X: Features,
    y: Array,
    sample_weight: ArrayLike | None,
    classes: Array,
    *,
    names: tuple[str, str] = ("eval_set ", "the labels of eval_set are among those of y"),
    call: str = CALL,
) -> Examples:
    """Return rows with class indices or probabilities for targets; each label must be among the classes.

    ``names`` are what messages put before the arguments, and the rule that an unknown label breaks.
    """
    prefix, rule = names
    weights = None if sample_weight is None else check_sample_weight(call, sample_weight, len(X), prefix)
    if y.ndim == 2:
        return Examples(X, probability_rows(y, len(classes), f"{prefix}y", call), weights)
    order = np.argsort(classes)
    places = order[np.searchsorted(classes, y, sorter=order).clip(max=len(classes) - 1)]
    unknown = classes[places] != y
    if unknown.any():
        came = f"{_show(y[unknown][0])} in row {int(unknown.argmax())}"
        raise ArgumentError(call, rule, came, "Leave out the rows of other classes.")
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

    labels = rows.y if rows.y.ndim == 1 else rows.y.argmax(axis=1)
    split = stratified_split(labels, validation_fraction=fraction, test_fraction=0.0, seed=seed, call=CALL)
    if len(split.validation) == 0:
        rule = "validation_fraction leaves at least one row to stop by"
        came = f"{fraction} of {len(rows)} rows in {len(np.unique(labels))} classes"
        raise ArgumentError(CALL, rule, came, "Raise it, pass eval_set, or use early_stopping=False.")
    return rows.select(split.training), rows.select(split.validation)


def _show(label: Any) -> str:
    return repr(label.item() if isinstance(label, np.generic) else label)
