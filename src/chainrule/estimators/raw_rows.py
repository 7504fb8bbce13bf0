"""The raw rows that a model is to judge, some at a time: of a table in memory, or of Parquet files on the disk."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule._types import Array
from chainrule.errors import DataError
from chainrule.estimators.prediction import blocks_of, rows_at_a_time
from chainrule.estimators.streamed_rows import rows_of_block
from chainrule.functions import Features
from chainrule.network import Network

if TYPE_CHECKING:
    import polars as pl

    from chainrule.data import Table, TableBlocks
    from chainrule.estimators.model import Model


@dataclass(frozen=True)
class RawRows:
    """A table of which any rows can be had.

    Parameters
    ----------
    table : Table or TableBlocks
        In memory, or on the disk.
    target : str or None
        The column of classes, where the table has one that is known.
    columns : tuple of str
        All columns.
    n_rows : int
    """

    table: "Table | TableBlocks"
    target: str | None
    columns: tuple[str, ...]
    n_rows: int

    @property
    def source(self) -> str:
        """What messages call the table."""
        return self.table.source

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that are read meanwhile."""
        return getattr(self.table, "paths", ())

    def read(self, first: int, count: int, columns: list[str] | None, call: str) -> "pl.DataFrame":
        """Return some rows, of some columns or of all."""
        from chainrule.data import TableBlocks

        if isinstance(self.table, TableBlocks):
            return self.table.read(first, count, call, columns)
        rows = self.table.frame.slice(first, count)
        return rows if columns is None else rows.select(columns)


def open_rows(model: "Model", data: object, target: str | None = None, *, call: str) -> RawRows:
    """Return the rows of data for a model, those of Parquet files left on the disk.

    Parameters
    ----------
    model : Model
        Its own target is looked for where none is named.
    data : object
        As :meth:`~chainrule.estimators.Model.predict_proba`.
    target : str or None
        The column of classes, which must be there.
    call : str
        Who asks, for messages.

    Raises
    ------
    MissingFileError, DataError
        The data cannot be read, or have no such target.
    """
    from chainrule.data import EMBEDDED, open_blocks, require_column

    path = os.fsdecode(data) if isinstance(data, str | os.PathLike) else None
    blocks = None if path is None or path in EMBEDDED else open_blocks(path, call)
    if blocks is None:
        table = model.read(data, target, call=call)
        return RawRows(table, table.target, tuple(table.frame.columns), table.frame.height)
    columns = tuple(blocks.schema)
    if target is not None:
        target = require_column(columns, target, blocks.source, call)
    elif model.target in columns:
        target = model.target
    return RawRows(blocks, target, columns, blocks.n_rows)


def encoded_rows(
    model: "Model", rows: RawRows, *, labelled: bool, call: str
) -> "Iterator[tuple[int, Features, Array | None]]":
    """Yield the number of the first row, features, and class indices if they are wanted, some rows at a time.

    Parameters
    ----------
    model : Model
    rows : RawRows
    labelled : bool
        Whether class indices are wanted, for which the rows have a target.
    call : str
        Who asks, for messages.

    Yields
    ------
    tuple of int, features and ndarray of int64 or None
        A multiple of the rows that the network is asked about at a time, until the last, which may have no rows.

    Raises
    ------
    DataError
        Columns or labels are not as in training.

    Warns
    -----
    UnseenCategoryWarning
        Once, after the last row.
    """
    from chainrule.data import UnseenCategories, class_indices

    dense = np.dtype(np.float32).itemsize * model.network.n_features
    bytes_of_row = dense if model.encoder is None else model.encoder.bytes_of_row
    count = max(rows_of_block(bytes_of_row), rows_at_a_time(model.network))
    unseen = None if model.encoder is None else UnseenCategories(model.encoder, call)
    wanted = needed_columns(model, rows, labelled=labelled)
    for first in range(0, max(rows.n_rows, 1), count):
        frame = rows.read(first, count, wanted, call)
        features = encoded(model, rows, frame, first, call)
        if unseen is not None:
            unseen.add(frame)
        targets = None
        if labelled:
            assert rows.target is not None, "asked for before"
            labels = frame[rows.target]
            targets = class_indices(labels, list(model.classes), source=rows.source, call=call, first=first)
        yield first, features, targets
    if unseen is not None:
        unseen.warn()


def predicted_blocks(model: "Model", rows: RawRows, *, call: str) -> Iterator[Array]:
    """Yield the probabilities of the next rows, shape (rows, classes); of no rows once, if there are none.

    Raises
    ------
    DataError
        As :func:`encoded_rows`, which also warns.
    """
    for _, features, _ in encoded_rows(model, rows, labelled=False, call=call):
        for _, probabilities in blocks_of(model.network, features, Network.predict_proba):
            yield probabilities


def needed_columns(model: "Model", rows: RawRows, *, labelled: bool) -> list[str] | None:
    """Return the columns that are looked at; None for all, also where some are absent, which encoding refuses."""
    if model.encoder is None:
        return None
    names = [column.name for column in model.encoder.columns]
    if labelled and rows.target is not None and rows.target not in names:
        names.append(rows.target)
    return names if set(names) <= set(rows.columns) else None


def encoded(model: "Model", rows: RawRows, frame: "pl.DataFrame", first: int, call: str) -> Features:
    """Return what the network sees of some rows."""
    from chainrule.data import Table

    if model.encoder is None:
        known = rows.target if rows.target in frame.columns else None
        return model.encode(Table(frame, known, rows.source), call=call)
    return model.encoder.encode(frame, source=rows.source, call=call, say_unseen=False, first=first)


def require_target(model: "Model", rows: RawRows, call: str) -> str:
    """Return the name of the column of classes, or refuse rows that have none.

    Raises
    ------
    DataError
        The model names no target and neither does the call, or the table does not have it.
    """
    from chainrule.data import require_column

    name = rows.target or model.target
    if name is None:
        raise DataError(
            call, "the target column is known", "a model that names none", "Name it with --target."
        )
    return require_column(rows.columns, name, rows.source, call)
