"""From a table to a model in one call."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from chainrule._types import ArrayLike
from chainrule.data import check_column_kinds
from chainrule.estimators.model import Model
from chainrule.estimators.table_arguments import checked_activation, checked_hidden, checked_share
from chainrule.estimators.table_fit import prepare_table, train_table
from chainrule.estimators.table_settings import TableSettings
from chainrule.training import EVERY, Callback, Checkpoint, Solver, check_checkpoint

CALL = "fit_table"
"""What errors name as the call."""


def fit_table(
    data: object,
    target: str | None = None,
    *,
    hidden: int | Sequence[int] = (),
    activation: str | Sequence[str] = "relu",
    solver: str | Solver = "auto",
    alpha: float = 1e-4,
    dropout: float | Sequence[float] = 0.0,
    max_gradient_norm: float | None = None,
    batch_size: int | str = "auto",
    max_epochs: int | str = "auto",
    tol: float = 1e-4,
    patience: int | None = 20,
    sample_weight: ArrayLike | None = None,
    stream: bool | str = "auto",
    columns: Mapping[str, str] | None = None,
    class_weight: str | Mapping[Any, float] | None = None,
    label_smoothing: float = 0.0,
    validation_fraction: float = 0.1,
    test_fraction: float = 0.0,
    random_state: int = 0,
    n_threads: int | None = None,
    callback: Callback | None = None,
    checkpoint: str | os.PathLike[str] | Checkpoint | None = None,
    checkpoint_every: float = EVERY,
    log: str | os.PathLike[str] | None = None,
) -> Model:
    """Train a classifier on a table of raw columns: numbers, categories, text, booleans, dates, missing values.

    Parameters
    ----------
    data : frame, mapping, path or str
        A pandas, polars or pyarrow frame, a dictionary of columns, a .csv, .tsv, .parquet, .arrow, .npz or .npy
        file, a folder of .parquet or .arrow files or a pattern such as "part-*.parquet", or "digits", "iris", "wine"
        or "breast-cancer".
    target : str or None
        The column that holds the classes; None where the data says it itself (.npz files and the embedded sets).
        Every row has a target.
    hidden : int or sequence of int
        Units of each hidden layer; none makes a multinomial logistic regression.
    activation : str or sequence of str
        As :class:`chainrule.Network`.
    solver, alpha, dropout, max_gradient_norm, batch_size, max_epochs, tol, patience, label_smoothing
        As :func:`chainrule.train`.
    sample_weight : array_like or None, shape (examples,)
        A finite weight >= 0 for each row of the table.
    stream : bool or "auto"
        Whether the table stays on the disk and is read anew in every epoch, in portions of a bounded size: Parquet
        files alone, and minibatch solvers. "auto": if it would not fit into memory.
    columns : mapping or None
        Kinds of some columns by name: "number", "category" (a feature for each of the 100 most frequent), "hashed"
        (the rarer ones by their hash), "boolean", "date", "text" (words, weighted) or "drop". Values of another type
        are converted, in prediction too; all other kinds are found from the values of the whole column, and kept.
    class_weight : "balanced", mapping or None
        A weight for each label (1 where the mapping has none); "balanced" weighs each class by the inverse of its
        share of the rows.
    validation_fraction : float
        Share of the rows that decide when to stop; 0 for none.
    test_fraction : float
        Share of the rows that take no part at all.
    random_state : int
        Seed of the split, of the initial weights and of the order of the rows. Equal calls give equal models, and
        equal files, bit for bit.
    n_threads : int or None
        At most this many threads; changes no bit.
    callback, checkpoint, checkpoint_every, log
        As :func:`chainrule.train`.

    Returns
    -------
    Model
        It takes raw rows and has the training's ``outcome``.

    Raises
    ------
    MissingFileError
        A file does not exist.
    DataError
        The data cannot be read, a row has no target, there is one class only, a value is infinite or does not fit the
        kind that ``columns`` says.
    ArgumentError, ArgumentTypeError
        A setting is outside its domain.
    CheckpointError
        The checkpoint is damaged, newer, or of other data or settings.

    Examples
    --------
    >>> table = {"size": [1.0, 2.0, 8.0, 9.0] * 5, "kind": ["small", "small", "large", "large"] * 5}
    >>> model = fit_table(table, "kind")
    >>> model.predict({"size": [0.5, 12.0]}).tolist()
    ['small', 'large']
    """
    settings = TableSettings(
        hidden=checked_hidden(hidden, CALL),
        activation=checked_activation(activation, CALL),
        solver=solver,
        alpha=alpha,
        dropout=tuple(dropout) if isinstance(dropout, Sequence) else dropout,
        max_gradient_norm=max_gradient_norm,
        batch_size=batch_size,
        max_epochs=max_epochs,
        tol=tol,
        patience=patience,
        class_weight=class_weight,
        label_smoothing=label_smoothing,
        validation_fraction=checked_share("validation_fraction", validation_fraction, CALL),
        test_fraction=checked_share("test_fraction", test_fraction, CALL),
        random_state=random_state,
        columns=check_column_kinds(columns, CALL),
    )
    where = check_checkpoint(CALL, checkpoint, checkpoint_every)
    prepared = prepare_table(data, target, settings, sample_weight=sample_weight, stream=stream)
    return train_table(prepared, settings, n_threads=n_threads, callback=callback, checkpoint=where, log=log)
