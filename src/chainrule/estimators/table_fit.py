"""The stages of a fit on a table: prepare rows, train, judge; the command line shows what lies between them."""

import json
import os
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.data import Encoder, Label, Split, column_name, open_stream, text_columns_of
from chainrule.errors import ArgumentError
from chainrule.estimators.encoder_fit import fit_encoder, refuse_no_target
from chainrule.estimators.model import Model
from chainrule.estimators.scores import Scores, judge_parts
from chainrule.estimators.streamed_table import PreparedStream, is_streamed, prepare_stream
from chainrule.estimators.table_arguments import class_weights
from chainrule.estimators.table_parts import Part
from chainrule.estimators.table_settings import TableSettings
from chainrule.network import Network
from chainrule.training import Callback, Checkpoint, digest_of, memory_of_network, require_memory, train


@dataclass(frozen=True)
class PreparedTable:
    """A table read, split and encoded.

    Parameters
    ----------
    source, target : str
        What messages call the table, and its target column.
    encoder : Encoder
        Fitted to the rows of training alone.
    classes : tuple of label
        All classes of the table, sorted.
    split : Split
        Which rows make which part.
    training, validation, test : Part
        The encoded rows.
    """

    source: str
    target: str
    encoder: Encoder
    classes: tuple[Label, ...]
    split: Split
    training: Part
    validation: Part
    test: Part


@dataclass(frozen=True)
class TableFit:
    """A trained model and how well it does on the three parts of its table.

    Parameters
    ----------
    model : Model
        What was trained.
    training : Scores
        On the rows it was trained on.
    validation, test : Scores or None
        On the rows that decided when to stop, and on those held out; None where there are none.
    test_targets, test_predictions : ndarray of int64, shape (held-out examples,)
        Class indices, as they are and as predicted.
    """

    model: Model
    training: Scores
    validation: Scores | None
    test: Scores | None
    test_targets: Array
    test_predictions: Array


def prepare_table(
    data: object,
    target: str | None,
    settings: TableSettings,
    *,
    sample_weight: ArrayLike | None = None,
    stream: bool | str = "auto",
    call: str = "fit_table",
) -> PreparedTable | PreparedStream:
    """Read a table, split its rows and encode its columns; or look through one that stays on the disk.

    Parameters
    ----------
    data, target
        As :func:`chainrule.data.read_table`.
    settings : TableSettings
        Its fractions and seed count here.
    sample_weight : array_like or None, shape (examples,)
        A finite weight >= 0 for each row of the table.
    stream : bool or "auto"
        Whether the table stays on the disk; "auto": if it would not fit into memory.
    call : str
        Who asks, for messages.

    Returns
    -------
    PreparedTable or PreparedStream

    Raises
    ------
    MissingFileError, DataError, ArgumentError, ArgumentTypeError
        The data, the target or a setting cannot be used.
    """
    if is_streamed(data, stream, call):
        if sample_weight is not None:
            rule = "a table on the disk has no sample_weight beside it"
            raise ArgumentError(call, rule, "one", "Leave it out, or pass stream=False.")
        name = column_name(target, call)
        blocks = open_stream(os.fsdecode(cast("str", data)), name, call, text_columns_of(settings.columns))
        if name is None:
            refuse_no_target(blocks.source, list(blocks.schema), call)
        return prepare_stream(blocks, name, settings, call=call)
    fitted = fit_encoder(data, target, settings, sample_weight=sample_weight, call=call)
    table, encoder, split = fitted.table, fitted.encoder, fitted.split

    def part(rows: Array) -> Part:
        features = encoder.encode(table.frame[rows], source=table.source, call=call, say_unseen=False)
        return Part(features, fitted.targets[rows], None if fitted.weights is None else fitted.weights[rows])

    parts = part(split.training), part(split.validation), part(split.test)
    assert table.target is not None, "fit_encoder refuses a table without one"
    return PreparedTable(table.source, table.target, encoder, fitted.classes, split, *parts)


def train_table(
    prepared: PreparedTable | PreparedStream,
    settings: TableSettings,
    *,
    n_threads: int | None = None,
    callback: Callback | None = None,
    checkpoint: Checkpoint | None = None,
    log: str | os.PathLike[str] | None = None,
    call: str = "fit_table",
) -> Model:
    """Train a network on a prepared table; an interrupted run returns the best model so far.

    Parameters
    ----------
    prepared : PreparedTable or PreparedStream
        From :func:`prepare_table`.
    settings : TableSettings
        How to build and train the network.
    n_threads, callback, checkpoint, log
        As :func:`chainrule.train`.
    call : str
        Who asks, for messages.

    Returns
    -------
    Model

    Raises
    ------
    ArgumentError, ArgumentTypeError
        A setting is outside its domain.
    CheckpointError
        The checkpoint is damaged, newer, or of other data or settings.
    """
    sizes = (prepared.encoder.n_features, *settings.hidden, len(prepared.classes))
    require_memory(call, memory_of_network(sizes, np.dtype(np.float32).itemsize))
    weights = class_weights(
        settings.class_weight,
        prepared.classes,
        class_counts(prepared),
        call,
    )
    network = Network(sizes, settings.activation, random_state=settings.random_state)
    validation = prepared.validation
    usable = len(validation) > 0 and (validation.weights is None or bool(validation.weights.any()))
    rows: list[Any] = [validation.features, validation.targets, validation.weights]
    outcome = train(
        network,
        *rows_to_train_on(prepared),
        solver=settings.solver,
        sample_weight=None if isinstance(prepared, PreparedStream) else prepared.training.weights,
        class_weight=weights,
        label_smoothing=settings.label_smoothing,
        alpha=settings.alpha,
        dropout=settings.dropout,
        max_gradient_norm=settings.max_gradient_norm,
        batch_size=settings.batch_size,
        max_epochs=settings.max_epochs,
        tol=settings.tol,
        validation=rows if usable else None,
        patience=settings.patience,
        callback=callback,
        random_state=settings.random_state,
        n_threads=n_threads,
        checkpoint=None
        if checkpoint is None
        else replace(checkpoint, settings=_identity(prepared, settings)),
        log=log,
    )
    sizes_of_parts = {name: len(getattr(prepared, name)) for name in ("training", "validation", "test")}
    description = {"target": prepared.target, "rows": sizes_of_parts, **settings.to_json_value()}
    return Model(prepared.encoder, network, prepared.classes, description, outcome)


def class_counts(prepared: PreparedTable | PreparedStream) -> Array:
    """Return the rows of training of each class."""
    if isinstance(prepared, PreparedStream):
        return prepared.training.class_mass
    return np.bincount(prepared.training.targets, minlength=len(prepared.classes))


def rows_to_train_on(prepared: PreparedTable | PreparedStream) -> tuple[Any, Array | None]:
    """Return what :func:`chainrule.train` takes as X and y."""
    if isinstance(prepared, PreparedStream):
        return prepared.training, None
    return prepared.training.features, prepared.training.targets


def _identity(prepared: PreparedTable | PreparedStream, settings: TableSettings) -> dict[str, Any]:
    """Return what a model depends on beside the arrays and settings that the training sees."""
    encoder = json.dumps(prepared.encoder.to_json_value(), sort_keys=True)
    return {
        "target": prepared.target,
        "classes": digest_of(np.array([repr(label) for label in prepared.classes])),
        "encoder": digest_of(np.frombuffer(encoder.encode(), np.uint8)),
        **settings.to_json_value(),
    }


def judge_table(model: Model, prepared: PreparedTable | PreparedStream) -> TableFit:
    """Return the model with its scores on the three parts of its table; of a stream's training rows on its sample."""
    if isinstance(prepared, PreparedStream):
        sample = prepared.training.sample
        rows: dict[str, Any] = {
            "training": [(sample.X, sample.y)],
            "test": prepared.test,
        }
    else:
        rows = {name: [in_memory(getattr(prepared, name))] for name in ("training", "test")}
    training = judge_parts(model.network, rows["training"])
    assert training is not None, "a split leaves rows to train on"
    validation = judge_parts(model.network, [in_memory(prepared.validation)])
    test = judge_parts(model.network, rows["test"])
    none = np.empty(0, dtype=np.int64)
    return TableFit(
        model,
        training[0],
        None if validation is None else validation[0],
        None if test is None else test[0],
        none if test is None else test[1],
        none if test is None else test[2],
    )


def in_memory(part: Part) -> tuple[Any, Array]:
    """Return features and class indices of a part."""
    return part.features, part.targets
