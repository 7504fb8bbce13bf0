"""What ``train`` accepts: checks that name the argument, the first offending index and its value."""

import math
from typing import Any

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions import (
    SparseFeatures,
    check_weights,
    first_not_finite,
    is_sparse,
    near_one,
    sparse_features,
)
from chainrule.network import Network
from chainrule.training.choice import Solver
from chainrule.training.objective import Examples, Objective
from chainrule.training.row_blocks import BLOCK_ROWS
from chainrule.training.selected_rows import SelectedRows
from chainrule.training.sgd import SGD
from chainrule.training.solver import MinibatchSolver


def check_examples(
    call: str, network: Network, X: Any, y: ArrayLike, sample_weight: ArrayLike | None, name: str = ""
) -> Examples:
    """Return checked examples; ``name`` is put before the arguments' names ("validation ")."""
    features = _check_features(call, network, X, f"{name}X")
    n_rows = len(features)
    targets = np.asarray(y)
    if len(targets.shape) == 0 or len(targets) != n_rows:
        rule = f"{name}y has one target for each of the {n_rows} rows of {name}X"
        raise ArgumentError(call, rule, f"shape {targets.shape}", "Pass as many targets as rows.")
    targets = _check_targets(call, network, targets, f"{name}y")
    weights = (
        None if sample_weight is None else near_one(check_sample_weight(call, sample_weight, n_rows, name))
    )
    return Examples(features, targets, weights)


def check_sample_weight(call: str, sample_weight: ArrayLike, n_rows: int, name: str = "") -> Array:
    """Return weights of rows as float64: finite, not negative, not all zero."""
    weights = check_weights(call, f"{name}sample_weight", sample_weight, (n_rows,))
    assert weights is not None, "weights that are given are checked"
    if not weights.any():
        rule = f"{name}sample_weight is positive for at least one row"
        raise ArgumentError(
            call, rule, "weights that are all zero", "Leave sample_weight out to weigh rows alike."
        )
    return weights


def check_number(call: str, name: str, value: Any, low: float, high: float, remedy: str) -> float:
    """Return a real number of the closed interval from ``low`` to ``high``, finite."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise ArgumentTypeError(call, f"{name} is a number", repr(value), remedy)
    if not (math.isfinite(value) and low <= value <= high):
        domain = f"at least {low}" if math.isinf(high) else f"from {low} to {high}"
        raise ArgumentError(call, f"{name} is finite and {domain}", repr(value), remedy)
    return float(value)


def check_count(call: str, name: str, value: Any, remedy: str, low: int = 1, high: int = 2**63) -> int:
    """Return an integer of at least ``low``."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise ArgumentTypeError(call, f"{name} is an integer", repr(value), remedy)
    if not low <= value <= high:
        limit = f"at least {low}" if value < low else f"at most {high}"
        raise ArgumentError(call, f"{name} is {limit}", repr(value), remedy)
    return int(value)


def check_head_options(
    call: str, network: Network, class_weight: ArrayLike | None, label_smoothing: float
) -> None:
    """Refuse class weights and label smoothing where the head has no classes."""
    if network.head == "softmax":
        return
    for name, given in (
        ("class_weight", class_weight is not None),
        ("label_smoothing", label_smoothing != 0),
    ):
        if given:
            rule = f"{name} goes with a softmax head"
            raise ArgumentError(call, rule, f"head={network.head!r}", f"Leave {name} out.")


def check_gradient_norm(call: str, max_gradient_norm: float | None) -> float | None:
    """Return the most a minibatch gradient may measure, positive, or None."""
    if max_gradient_norm is None:
        return None
    remedy = "Try 1.0, or None for no clipping."
    length = check_number(call, "max_gradient_norm", max_gradient_norm, 0.0, math.inf, remedy)
    if length == 0.0:
        raise ArgumentError(call, "max_gradient_norm is positive", repr(max_gradient_norm), remedy)
    return length


def check_minibatch_options(call: str, objective: Objective, solver: Solver) -> None:
    """Refuse what changes the steps of minibatches where there are none."""
    if isinstance(solver, MinibatchSolver):
        _check_clipping(call, objective, solver)
        return
    given = {
        "dropout": objective.dropout is not None,
        "max_gradient_norm": objective.max_gradient_norm is not None,
    }
    for name in given:
        if given[name]:
            rule = f"{name} goes with a minibatch solver"
            raise ArgumentError(call, rule, f"solver {solver.name!r}", "Use 'sgd', 'adam' or 'adamw'.")


def _check_clipping(call: str, objective: Objective, solver: MinibatchSolver) -> None:
    """Refuse a clipped gradient of which the penalty's part is not looked at: that of features that are absent."""
    sparse = isinstance(objective.examples.X, SparseFeatures) and isinstance(solver, SGD)
    if sparse and objective.max_gradient_norm is not None and objective.alpha > 0.0:
        rule = (
            "max_gradient_norm of 'sgd' on sparse features goes with alpha=0: the norm would take all weights"
        )
        came, remedy = f"alpha={objective.alpha:g}", "Use alpha=0, or solver='lazy-adam'."
        raise ArgumentError(call, rule, came, remedy)


def check_calibrate(
    call: str, calibrate: bool | str, network: Network, validation_decides: bool, has_validation: bool
) -> bool:
    """Return whether a temperature is fitted; "auto" is yes with hidden layers where the validation loss decides."""
    remedy = "Use 'auto'."
    if isinstance(calibrate, str) and calibrate == "auto":
        return network.head == "softmax" and len(network.layer_sizes) > 2 and validation_decides
    if not isinstance(calibrate, bool | np.bool_):
        raise ArgumentError(call, "calibrate is True, False or 'auto'", repr(calibrate), remedy)
    if calibrate and network.head != "softmax":
        raise ArgumentError(call, "calibrate goes with a softmax head", f"head={network.head!r}", remedy)
    if calibrate and not has_validation:
        raise ArgumentError(call, "calibrate=True needs validation rows", "none", "Give some, or use 'auto'.")
    return bool(calibrate)


def _check_features(call: str, network: Network, X: Any, name: str) -> Any:
    if is_sparse(X):
        X = sparse_features(call, name, X)
    features: Any = X if isinstance(X, SelectedRows | SparseFeatures) else np.asarray(X)
    if features.dtype.kind not in "fiub":
        remedy = "Encode text and categories as numbers first."
        raise ArgumentTypeError(call, f"{name} holds numbers", f"dtype {features.dtype}", remedy)
    if features.ndim != 2 or features.shape[1] != network.n_features:
        rule = f"{name} has shape (examples, {network.n_features})"
        raise ArgumentError(call, rule, f"shape {features.shape}", "Pass one row per example.")
    if len(features) == 0:
        raise ArgumentError(
            call, f"{name} has at least one row", f"shape {features.shape}", "Pass some examples."
        )
    if features.dtype.kind != "f":
        features = features.astype(network.dtype)
    remedy = "Drop or fill missing values before training."
    if isinstance(features, SparseFeatures):
        _check_finite_entries(call, network, features, name, remedy)
        return features
    _check_finite(call, name, features, remedy)
    _check_finite_inputs(call, network, features, name)
    return features


def _check_finite_inputs(call: str, network: Network, features: Array, name: str) -> None:
    """Refuse features that overflow on their way to the first layer: by the input scaling, or in a narrower dtype."""
    scaling = network.input_scaling
    if scaling is None and np.can_cast(features.dtype, network.dtype):
        return
    for first in range(0, len(features), BLOCK_ROWS):
        block = inputs = features[first : first + BLOCK_ROWS]
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            if scaling is not None:
                inputs = scaling.apply(block)
            bad = ~np.isfinite(inputs.astype(network.dtype))
        if bad.any():
            after = "" if scaling is None else " after its input scaling"
            rule = f"{name} is finite in the network's {network.dtype}{after}"
            remedy = "Scale the features to about 1, or build the network with dtype=numpy.float64."
            raise ArgumentError(call, rule, _first(name, block, bad, first), remedy)


def _check_finite_entries(
    call: str, network: Network, features: SparseFeatures, name: str, remedy: str
) -> None:
    """Refuse entries that are not finite, as they are or on their way to the first layer."""
    scaling, rule, inputs = network.input_scaling, f"{name} is finite", features.values
    bad = ~np.isfinite(inputs)
    if not bad.any():
        after = "" if scaling is None else " after its input scaling"
        rule = f"{name} is finite in the network's {network.dtype}{after}"
        remedy = "Scale the features to about 1, or build the network with dtype=numpy.float64."
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            if scaling is not None:
                inputs = scaling.apply_sparse(call, features).values
            bad = ~np.isfinite(inputs.astype(network.dtype, copy=False))
    if bad.any():
        entry = int(bad.argmax())
        row = int(np.searchsorted(features.begin, entry, side="right")) - 1
        came = f"{name}[{row}, {features.indices[entry]}] = {features.values[entry]}"
        raise ArgumentError(call, rule, came, remedy)


def _check_finite(call: str, name: str, values: Array, remedy: str) -> None:
    table = values if values.ndim == 2 else values[:, None]
    place = first_not_finite(table)
    if place is not None:
        index = ", ".join(map(str, place[: values.ndim]))
        value = table[place[0] : place[0] + 1][0, place[1]]
        raise ArgumentError(call, f"{name} is finite", f"{name}[{index}] = {value}", remedy)


def _check_targets(call: str, network: Network, y: Array, name: str) -> Array:
    if network.head == "softmax" and y.ndim == 1:
        return _check_indices(call, network.n_outputs, y, name)
    shape = (len(y), network.n_outputs)
    if y.shape != shape and not (y.ndim == 1 and network.n_outputs == 1):
        kinds = (
            f"({len(y)},) (class indices) or {shape} (probabilities)" if network.head == "softmax" else shape
        )
        raise ArgumentError(
            call, f"{name} has shape {kinds}", f"shape {y.shape}", "Pass one target per example."
        )
    if y.dtype.kind not in "fiub":
        raise ArgumentTypeError(call, f"{name} holds numbers", f"dtype {y.dtype}", "Convert it to float.")
    targets = y if y.dtype.kind == "f" else y.astype(network.dtype)
    _check_finite(call, name, targets, "Leave out rows without a target.")
    low = -math.inf if network.head == "identity" else 0.0
    high = 1.0 if network.head == "sigmoid" else math.inf
    bad = (targets < low) | (targets > high)
    if bad.any():
        domain = "from 0 to 1" if network.head == "sigmoid" else "not negative"
        raise ArgumentError(
            call, f"{name} is {domain}", _first(name, targets, bad, 0), "Targets are probabilities."
        )
    return targets


def _check_indices(call: str, n_outputs: int, y: Array, name: str) -> Array:
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        _check_finite(call, name, y, "Leave out rows without a target.")
    if y.dtype.kind not in "iu":
        rule = f"{name} of shape {y.shape} holds class indices, integers"
        remedy = "Number the classes from 0, or give one probability per class; SoftmaxClassifier takes any labels."
        raise ArgumentTypeError(call, rule, f"dtype {y.dtype}", remedy)
    bad = (y < 0) | (y >= n_outputs)
    if bad.any():
        remedy = "Number the classes from 0."
        rule = f"{name} holds class indices from 0 to {n_outputs - 1}"
        raise ArgumentError(call, rule, _first(name, y, bad, 0), remedy)
    return np.ascontiguousarray(y, dtype=np.int64)


def _first(name: str, values: Array, bad: Array, offset: int) -> str:
    """Return "name[i, j] = value" for the first bad entry of rows that begin at ``offset``."""
    place = np.unravel_index(int(bad.argmax()), values.shape)
    index = ", ".join(str(int(i)) for i in (place[0] + offset, *place[1:]))
    return f"{name}[{index}] = {values[place]}"
