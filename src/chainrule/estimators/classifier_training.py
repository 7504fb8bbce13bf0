"""What the classifier's ``fit`` and ``partial_fit`` do once X and y are arrays."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError
from chainrule.estimators.fit_choices import (
    AUTO,
    flag_or_auto,
    hidden_sizes,
    input_scaling,
    online_solver,
    seed_of,
    solver_of,
    stops_by_itself,
)
from chainrule.estimators.fit_rows import (
    TrainingRows,
    class_weights,
    distinct_classes,
    hold_back,
    known_rows,
    labelled_rows,
    weighted_by_class,
)
from chainrule.functions import Features, SparseFeatures, near_one
from chainrule.network import Dropout, Network, check_dropout
from chainrule.training import (
    Checkpoint,
    Examples,
    Loss,
    Objective,
    Outcome,
    Solver,
    StopReason,
    Stream,
    check_checkpoint,
    check_count,
    check_examples,
    check_gradient_norm,
    check_number,
    choose_batch_size,
    digest_of,
    memory_of_network,
    plain,
    require_memory,
    start_stream,
    train,
    train_on_portion,
)

FIT = "SoftmaxClassifier.fit"
PARTIAL_FIT = "SoftmaxClassifier.partial_fit"
CHANGE_NOTHING = ("callback", "n_threads", "warm_start", "checkpoint", "checkpoint_every", "log")
"""Parameters that a model does not keep: they say how fast it is fitted, who listens, and where it begins."""


@dataclass(frozen=True)
class Fitted:
    """What a fit leaves: labels, network, how it went, the seed that was used, and what a next portion goes on from."""

    classes: Array
    network: Network
    outcome: Outcome
    seed: int
    stream: Stream | None = None


@dataclass(frozen=True)
class GivenRows:
    """Checked arrays of a call: features, labels or probabilities, weights or None; classes where they were named."""

    X: Features
    y: Array
    sample_weight: ArrayLike | None
    classes: Any = None


def fitted_on(
    settings: Mapping[str, Any], given: GivenRows, eval_set: GivenRows | None, previous: Fitted | None
) -> Fitted:
    """Return a network fitted to rows; ``previous`` is where a warm start begins, None for a new network."""
    classes, rows = labelled_rows(given.X, given.y, given.sample_weight, given.classes)
    seed = seed_of(settings["random_state"])
    network = _new_network(settings, given.X, classes, seed)
    if previous is not None:
        _begin_where(network, previous, classes)
    sparse = isinstance(rows.X, SparseFeatures)
    solver = solver_of(settings["solver"], network, len(rows), sparse=sparse, **_steps_of(settings))
    validation = None
    if eval_set is not None:
        validation = known_rows(eval_set.X, eval_set.y, eval_set.sample_weight, classes)
    stops = flag_or_auto(
        "early_stopping",
        settings["early_stopping"],
        stops_by_itself(network, solver, len(rows), validation is not None),
    )
    class_weight = class_weights(settings["class_weight"], classes, rows)
    if stops and validation is None:
        rows, validation = hold_back(rows, settings["validation_fraction"], seed)
    if previous is None:
        network.input_scaling = input_scaling(
            settings["scaling"], network, weighted_by_class(rows, class_weight)
        )
    patience = check_count(FIT, "patience", settings["patience"], "Pass a number of epochs.")
    prepared = TrainingRows(rows, validation, class_weight, seed)
    where = _checkpoint(settings, classes)
    outcome = _train(settings, network, prepared, solver, patience if stops else None, where)
    return Fitted(classes, network, outcome, seed)


def fitted_on_portion(settings: Mapping[str, Any], given: GivenRows, previous: Fitted | None) -> Fitted:
    """Return a network after one pass over a portion of rows; ``previous`` is left as it is."""
    classes = _classes_of_stream(given, previous)
    names = ("", "the labels of y are among the classes")
    rows = known_rows(given.X, given.y, given.sample_weight, classes, names=names, call=PARTIAL_FIT)
    weights = _online_class_weights(settings["class_weight"], classes, rows)
    if previous is None:
        seed = seed_of(settings["random_state"], PARTIAL_FIT)
        network = _new_network(settings, given.X, classes, seed)
        counted = weighted_by_class(rows, weights)
        network.input_scaling = input_scaling(settings["scaling"], network, counted, PARTIAL_FIT)
    else:
        seed, network = previous.seed, previous.network.copy()
        network.temperature = 1.0
    stream = None if previous is None or previous.stream is None else previous.stream.copy()
    if stream is None:
        sparse = isinstance(rows.X, SparseFeatures)
        solver = online_solver(
            settings["solver"], network, sparse=sparse, call=PARTIAL_FIT, **_steps_of(settings)
        )
        stream = start_stream(network, solver)
    objective = _online_objective(settings, network, rows, weights, seed)
    start = network.parameters.copy()
    stream = train_on_portion(stream, objective, _online_batch_size(settings["batch_size"], len(rows)), seed)
    outcome = _online_outcome(stream)
    if outcome.reason is StopReason.DIVERGED:
        network.parameters, stream = start, None
    return Fitted(classes, network, outcome, seed, stream)


def _steps_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: settings[name] for name in ("learning_rate", "schedule", "weight_decay")}


def _new_network(settings: Mapping[str, Any], X: Features, classes: Array, seed: int) -> Network:
    sizes = (X.shape[1], *hidden_sizes(settings["hidden_layer_sizes"]), len(classes))
    if all(isinstance(size, int | np.integer) for size in sizes):  # others the network refuses in words
        require_memory(FIT, memory_of_network(sizes, X.dtype.itemsize))
    return Network(sizes, settings["activation"], random_state=seed, dtype=X.dtype)


def _begin_where(network: Network, previous: Fitted, classes: Array) -> None:
    """Give a new network the parameters and the scaling of the one before, if it is of the same build."""
    before = previous.network
    remedy = "Use warm_start=False, or fit with the same classes, features and layers."
    if not np.array_equal(classes, previous.classes):
        came = f"{len(classes)} classes now, {len(previous.classes)} before, which are not the same"
        raise ArgumentError(FIT, "a warm start has the classes of the fit before", came, remedy)
    build = (network.layer_sizes, network.activations)
    if build != (before.layer_sizes, before.activations):
        came = f"{build} now, {(before.layer_sizes, before.activations)} before"
        raise ArgumentError(FIT, "a warm start has the layers of the fit before", came, remedy)
    network.parameters = before.parameters
    network.input_scaling = before.input_scaling


def _checkpoint(settings: Mapping[str, Any], classes: Array) -> Checkpoint | None:
    """Return where the fit is written down, with what it depends on beside what the training sees."""
    checkpoint = check_checkpoint(FIT, settings["checkpoint"], settings["checkpoint_every"])
    if checkpoint is None:
        return None
    if not isinstance(settings["random_state"], int | np.integer):
        came = f"random_state={settings['random_state']!r}"
        remedy = "Pass a seed such as 0: a fit that is resumed needs the same one."
        raise ArgumentError(FIT, "checkpoint goes with an integer random_state", came, remedy)
    own = {name: plain(value) for name, value in settings.items() if name not in CHANGE_NOTHING}
    labels = digest_of(np.array([repr(label) for label in classes.tolist()]))
    return replace(checkpoint, settings={**own, "classes": labels})


def _train(
    settings: Mapping[str, Any],
    network: Network,
    rows: TrainingRows,
    solver: Solver,
    patience: int | None,
    checkpoint: Checkpoint | None,
) -> Outcome:
    same = ("alpha", "batch_size", "max_epochs", "tol", "dropout", "max_gradient_norm", "label_smoothing")
    others = ("calibrate", "callback", "n_threads", "log")
    training = rows.training
    return train(
        network,
        training.X,
        training.y,
        solver=solver,
        sample_weight=training.sample_weight,
        class_weight=rows.class_weight,
        validation=rows.validation_arrays,
        patience=patience,
        random_state=rows.seed,
        checkpoint=checkpoint,
        **{name: settings[name] for name in (*same, *others)},
    )


def _classes_of_stream(given: GivenRows, previous: Fitted | None) -> Array:
    """Return the classes of the first call; later ones may name them again, but no others."""
    named = None if given.classes is None else distinct_classes(given.classes, PARTIAL_FIT)
    if named is not None and given.y.ndim == 1:
        named = np.sort(named)
    if previous is not None:
        if named is not None and not np.array_equal(named, previous.classes):
            came, remedy = f"{given.classes!r}", "Leave classes out after the first call."
            rule = f"classes are those of the first call, {previous.classes.tolist()}"
            raise ArgumentError(PARTIAL_FIT, rule, came, remedy)
        return previous.classes
    if named is None:
        rule = "classes must be passed on the first call to partial_fit"
        raise ArgumentError(PARTIAL_FIT, rule, "none", "Pass every label that will ever come.")
    return named


def _online_class_weights(class_weight: Any, classes: Array, rows: Examples) -> Array | None:
    if isinstance(class_weight, str):
        rule = "class_weight of partial_fit is a dict or None"
        remedy = "Pass the weights themselves; the share of each class is not known before all rows are."
        raise ArgumentError(PARTIAL_FIT, rule, repr(class_weight), remedy)
    return class_weights(class_weight, classes, rows, PARTIAL_FIT)


def _online_objective(
    settings: Mapping[str, Any], network: Network, rows: Examples, class_weight: Array | None, seed: int
) -> Objective:
    """Return the objective of a portion, checked as ``train`` checks it, with the weights of rows as they are."""
    call = PARTIAL_FIT
    examples = check_examples(call, network, rows.X, rows.y, None)
    examples = replace(examples, sample_weight=rows.sample_weight)
    remedy = "Try 1e-4, or 0 for no penalty."
    alpha = check_number(call, "alpha", settings["alpha"], 0.0, math.inf, remedy)
    smoothing = check_number(call, "label_smoothing", settings["label_smoothing"], 0.0, 1.0, "Try 0.1, or 0.")
    rates = check_dropout(call, settings["dropout"], len(network.layer_sizes) - 2)
    dropout = Dropout(rates, seed) if any(rates) else None
    norm = check_gradient_norm(call, settings["max_gradient_norm"])
    weights = None if class_weight is None else near_one(class_weight)
    loss = Loss(weights, smoothing, settings["n_threads"])
    objective = Objective(network, examples, loss, alpha, dropout, norm)
    if not math.isfinite(objective.total_weight):
        came = f"a sum of {objective.total_weight}"
        raise ArgumentError(call, "the sum of sample_weight is finite", came, "Make all weights smaller.")
    return objective


def _online_batch_size(batch_size: Any, n_rows: int) -> int:
    if isinstance(batch_size, str) and batch_size == AUTO:
        return choose_batch_size(n_rows)
    remedy = "Pass a positive integer, or 'auto'."
    return check_count(PARTIAL_FIT, "batch_size", batch_size, remedy)


def _online_outcome(stream: Stream) -> Outcome:
    loss = stream.losses[-1]
    reason = StopReason.PORTION_DONE if math.isfinite(loss) else StopReason.DIVERGED
    passes = "1 pass" if stream.passes == 1 else f"{stream.passes} passes"
    numbers = f"{stream.solver.name}: mean loss {loss:.6g} after {passes} over {stream.rows} rows in all"
    return Outcome(
        reason=reason,
        solver=stream.solver.name,
        epochs=stream.passes,
        best_epoch=stream.passes,
        loss=loss,
        loss_curve=stream.losses,
        validation_curve=(),
        gradient_norm=None,
        message=f"{numbers}. {reason.advice}",
    )
