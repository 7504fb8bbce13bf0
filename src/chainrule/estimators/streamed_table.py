"""From a table on the disk to what a streamed fit needs: its classes, its encoder, and the rows of each part.

The file is read twice before training: its target column, and then every column, block by block. What is kept meanwhile
is the sample that the encoder is fitted to, the validation rows, and counts.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data import (
    CATEGORY_LIMIT,
    EMBEDDED,
    MANY_ROWS,
    TEST,
    TRAINING,
    VALIDATION,
    Encoder,
    Label,
    LabelScan,
    Split,
    TableBlocks,
    can_be_streamed,
    check_column,
    class_indices,
    has_missing,
    many_rows_split,
    open_blocks,
    require_column,
    require_columns,
    sampled,
    split_rows,
    with_kinds,
)
from chainrule.errors import ArgumentError
from chainrule.estimators.streamed_rows import EncodedBlocks, Parts, StreamedRows, as_read, rows_of_block
from chainrule.estimators.table_parts import Part, PartOnDisk
from chainrule.estimators.table_settings import TableSettings
from chainrule.training import Examples, available_memory

ROWS_AT_ONCE = 2**18
FIRST_ROWS = 10_000
"""What the size of the whole is judged by."""
MEMORY_OF_TEXT = 8
"""Bytes of memory that each byte of a CSV file comes to: the file, its fields, their values and their features."""
SAMPLE_ROWS = 2**15
"""Rows of training that stay in memory: the objective is estimated on them before and after a run."""


@dataclass(frozen=True)
class PreparedStream:
    """A table on the disk, looked through and split; what stays in memory is bounded.

    Parameters
    ----------
    source, target : str
        What messages call the table, and its target column.
    encoder : Encoder
        That of the table in memory.
    classes : tuple of label
        All classes of the table, sorted.
    training : StreamedRows
    validation : Part
        Encoded.
    test : PartOnDisk
    """

    source: str
    target: str
    encoder: Encoder
    classes: tuple[Label, ...]
    training: StreamedRows
    validation: Part
    test: PartOnDisk


@dataclass(frozen=True)
class KnownParts:
    """The parts of rows that are few enough for an array of them."""

    of_row: Array

    def parts(self, first: int, count: int) -> Array:
        """Return the part of some rows, uint8 of shape (count,)."""
        return np.asarray(self.of_row[first : first + count])


@dataclass
class Findings:
    """What one pass over all rows finds out.

    Rows of the sample and which of them train; columns with missing values in rows of training; the rows of each
    part, of each class among those of training, and of training in each stretch of ROWS_AT_ONCE rows; and raw rows
    that stay in memory, of training and of validation.
    """

    n_classes: int
    sample: list[pl.DataFrame] = field(default_factory=list)
    sample_trains: list[Array] = field(default_factory=list)
    incomplete: set[str] = field(default_factory=set)
    rows_of_part: Array = field(default_factory=lambda: np.zeros(3, np.int64))
    class_rows: Array = field(init=False)
    training_rows: list[Array] = field(default_factory=list)
    kept: dict[int, list[pl.DataFrame]] = field(default_factory=lambda: {TRAINING: [], VALIDATION: []})

    def __post_init__(self) -> None:
        self.class_rows = np.zeros(self.n_classes, np.int64)


def is_streamed(data: object, stream: bool | str, call: str) -> bool:
    """Return whether a table is to be read from the disk in every epoch.

    Parameters
    ----------
    data : object
        As :func:`chainrule.data.read_table`.
    stream : bool or "auto"
        "auto": if the table and its features would not fit into the memory that is left.
    call : str
        Who asks, for messages.

    Raises
    ------
    ArgumentError
        ``stream`` is True, and the data are no CSV, Parquet or Arrow files, or it is none of these.
    """
    if not isinstance(stream, bool | np.bool_) and stream != "auto":
        raise ArgumentError(call, "stream is True, False or 'auto'", repr(stream), "Leave it out.")
    if stream is False:
        return False
    path = os.fsdecode(data) if isinstance(data, str | os.PathLike) else None
    possible = path is not None and path not in EMBEDDED and can_be_streamed(path, call)
    if not possible and stream is True:
        rule, remedy = (
            "a stream reads CSV, Parquet or Arrow files",
            "Write the table as Parquet, or leave stream out.",
        )
        raise ArgumentError(call, rule, type(data).__name__ if path is None else repr(path), remedy)
    return possible and (stream is True or not fits_into_memory(str(path), call))


def fits_into_memory(path: str, call: str) -> bool:
    """Return whether a table and its features fit into the memory that is left, judged by its first rows."""
    found = available_memory()
    if found is None:
        return True
    blocks = open_blocks(path, call)
    if blocks is None:
        return MEMORY_OF_TEXT * Path(path).stat().st_size < found[0]
    first = blocks.read(0, FIRST_ROWS, call)
    # Text becomes at most so many features in an array; compressed rows of words or hashes take less than the text.
    encoded = sum(
        min(column.n_unique(), CATEGORY_LIMIT) if column.dtype == pl.String else 1
        for column in first.iter_columns()
    )
    bytes_of_row = 2 * first.estimated_size() / max(first.height, 1) + 2 * 4 * encoded
    return bytes_of_row * blocks.n_rows < found[0]


def prepare_stream(blocks: TableBlocks, target: str, settings: TableSettings, *, call: str) -> PreparedStream:
    """Look through a table on the disk and split its rows.

    Parameters
    ----------
    blocks : TableBlocks
    target : str
        The column of classes.
    settings : TableSettings
        Its fractions and seed count here.
    call : str
        Who asks, for messages.

    Returns
    -------
    PreparedStream
        With the encoder and the parts that :func:`~chainrule.estimators.prepare_table` finds of the same rows in
        memory.

    Raises
    ------
    DataError, ArgumentError
        As there.
    """
    target = require_column(list(blocks.schema), target, blocks.source, call)
    require_columns(settings.columns, blocks.schema, target, blocks.source, call)
    scan = LabelScan(blocks.source, call)
    for first in range(0, blocks.n_rows, ROWS_AT_ONCE):
        scan.add(blocks.read(first, ROWS_AT_ONCE, call, [target])[target], first)
    classes = scan.classes()
    split = split_of(blocks, target, classes, scan.first_rows, settings, call)
    found = looked_through(blocks, target, classes, split, settings.columns, call)
    encoder = Encoder.of_sample(
        pl.concat(found.sample).drop(target), np.concatenate(found.sample_trains), found.incomplete,
        settings.columns, source=blocks.source, call=call,
    )  # fmt: skip
    encoded = EncodedBlocks(blocks, target, encoder, tuple(classes), split, call)
    block_rows = rows_of_block(encoder.bytes_of_row)
    training = StreamedRows(
        encoded, block_rows, rows_of_blocks(found.training_rows, block_rows),
        kept_examples(encoded, found), found.class_rows.astype(np.float64),
        settings.random_state,
    )  # fmt: skip
    validation = Part(*encoded.encode(pl.concat(found.kept[VALIDATION])), None)
    test = PartOnDisk(encoded, TEST, int(found.rows_of_part[TEST]))
    return PreparedStream(blocks.source, target, encoder, tuple(classes), training, validation, test)


def kept_examples(encoded: EncodedBlocks, found: Findings) -> Examples:
    """Return the rows of training that stay in memory."""
    features, targets = encoded.encode(pl.concat(found.kept[TRAINING]))
    return Examples(as_read(features, encoded.call), targets)


def split_of(
    blocks: TableBlocks,
    target: str,
    classes: list[Label],
    first_rows: tuple[int, ...],
    settings: TableSettings,
    call: str,
) -> Parts:
    """Return the split that the same rows in memory have."""
    shares = settings.validation_fraction, settings.test_fraction
    if blocks.n_rows > MANY_ROWS:
        return many_rows_split(
            blocks.n_rows, first_rows, validation_fraction=shares[0], test_fraction=shares[1],
            seed=settings.random_state, call=call,
        )  # fmt: skip
    labels = blocks.read(0, blocks.n_rows, call, [target])[target]
    targets = class_indices(labels, classes, source=blocks.source, call=call)
    split = split_rows(
        targets, validation_fraction=shares[0], test_fraction=shares[1], seed=settings.random_state, call=call
    )
    return KnownParts(part_of_rows(split, len(targets)))


def part_of_rows(split: Split, n_rows: int) -> Array:
    """Return the part of each row, uint8 of shape (n_rows,)."""
    parts = np.full(n_rows, TRAINING, np.uint8)
    parts[split.validation], parts[split.test] = VALIDATION, TEST
    return parts


def looked_through(
    blocks: TableBlocks,
    target: str,
    classes: list[Label],
    split: Parts,
    kinds: Mapping[str, str],
    call: str,
) -> Findings:
    """Read every row once; ``kinds`` are those that were chosen for some columns."""
    found = Findings(len(classes))
    for first in range(0, blocks.n_rows, ROWS_AT_ONCE):
        frame = with_kinds(blocks.read(first, ROWS_AT_ONCE, call), kinds, blocks.source, call, first)
        parts = split.parts(first, frame.height)
        trains = parts == TRAINING
        for column in frame.drop(target).iter_columns():
            check_column(column, blocks.source, call, first, chosen=kinds.get(column.name))
            if column.name not in found.incomplete and has_missing(column.filter(pl.Series(trains))):
                found.incomplete.add(column.name)
        targets = class_indices(frame[target], classes, source=blocks.source, call=call, first=first)
        found.class_rows += np.bincount(targets[trains], minlength=len(classes))
        found.rows_of_part += np.bincount(parts, minlength=3)
        found.training_rows.append(trains)
        chosen = sampled(first, frame.height, blocks.n_rows)
        found.sample.append(frame.filter(pl.Series(chosen)))
        found.sample_trains.append(trains[chosen])
        found.kept[VALIDATION].append(frame.filter(pl.Series(parts == VALIDATION)))
        keep_some(found.kept[TRAINING], frame, trains, blocks.n_rows)
    return found


def keep_some(kept: list[pl.DataFrame], frame: pl.DataFrame, trains: Array, n_rows: int) -> None:
    """Keep rows of training, at even distances over the whole table: about SAMPLE_ROWS of them."""
    rows = np.flatnonzero(trains)
    kept.append(frame[rows[:: max(1, n_rows // SAMPLE_ROWS)]])


def rows_of_blocks(trains: list[Array], block_rows: int) -> Array:
    """Return the rows of training in each block, from which rows train, stretch by stretch."""
    counts = [
        np.add.reduceat(stretch, np.arange(0, len(stretch), block_rows), dtype=np.int64) for stretch in trains
    ]
    return np.concatenate(counts)
