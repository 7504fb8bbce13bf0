"""From the columns of a table to a matrix of features, and back from a model file to the same encoding."""

import warnings
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl

from chainrule._types import Array, FloatArray
from chainrule.data.boolean_column import BooleanColumn
from chainrule.data.category_column import CATEGORY_LIMIT, CategoryColumn, Unseen
from chainrule.data.column_encoding import ColumnEncoding, JsonValue, text_of
from chainrule.data.kinds import Kind, has_missing, is_all_missing, kind_of
from chainrule.data.number_column import NumberColumn
from chainrule.data.number_text import refuse_numbers_as_text
from chainrule.data.refusals import (
    quoted,
    refuse_changed_column,
    refuse_infinite,
    refuse_nothing_left,
    refuse_type,
)
from chainrule.data.sampling import sampled
from chainrule.data.table import listing
from chainrule.errors import DataError, UnseenCategoryWarning

BLOCK_ROWS = 16_384
"""Rows that are encoded column by column before the next ones: their features stay in the cache."""


@dataclass(frozen=True)
class DroppedColumn:
    """A column that training left out, and why; prediction does not ask for it."""

    name: str
    reason: str


@dataclass(frozen=True)
class Encoder:
    """What every column of a table becomes, fitted to training rows.

    Numbers, dates, times and durations are scaled by median and interquartile range and smoothly clipped to -3..3;
    true and false are 1 and -1; text has one feature for each category. Missing values are a feature where training
    had some. Columns in which nothing varies are left out.

    Parameters
    ----------
    columns : tuple of ColumnEncoding
        In the order of the table's columns.
    dropped : tuple of DroppedColumn
        What was left out.

    Examples
    --------
    >>> frame = pl.DataFrame({"size": [1.0, 2.0, 4.0], "colour": ["red", "blue", "red"], "unit": ["m", "m", "m"]})
    >>> encoder = Encoder.fit(frame)
    >>> encoder.feature_names
    ('size', 'colour=red', 'colour=blue')
    >>> encoder.dropped
    (DroppedColumn(name='unit', reason='it has one value only'),)
    >>> encoder.encode(frame).round(2)[0]
    array([-0.65,  1.  ,  0.  ], dtype=float32)
    """

    columns: tuple[ColumnEncoding, ...]
    dropped: tuple[DroppedColumn, ...] = ()

    @classmethod
    def fit(
        cls,
        frame: pl.DataFrame,
        *,
        rows: Array | None = None,
        source: str = "the table",
        call: str = "Encoder.fit",
    ) -> "Encoder":
        """Return the encoder of the columns of a table, the target not among them.

        Parameters
        ----------
        frame : polars.DataFrame, shape (examples, columns)
            At least one row.
        rows : ndarray of int64 or None
            The rows of training; None for all. The others are only checked, never looked at for what to encode.
        source, call : str
            What messages call the table, and who asks.

        Raises
        ------
        DataError
            A column has infinite values or a type that no encoding serves, or nothing varies in any column.
        """
        chosen = sampled(0, frame.height, frame.height)
        sample = frame if chosen.all() else frame.filter(pl.Series(chosen))
        training = np.ones(frame.height, dtype=bool)
        if rows is not None:
            training[:] = False
            training[rows] = True
        incomplete = set()
        for column in frame.iter_columns():
            check_column(column, source, call)
            if has_missing(column if rows is None else column.filter(pl.Series(training))):
                incomplete.add(column.name)
        return cls.of_sample(sample, training[chosen], incomplete, source=source, call=call)

    @classmethod
    def of_sample(
        cls, sample: pl.DataFrame, training: Array, incomplete: Collection[str], *, source: str, call: str
    ) -> "Encoder":
        """Return the encoder of a table, from the sample of its rows.

        Parameters
        ----------
        sample : polars.DataFrame, shape (sampled rows, columns)
            By :func:`~chainrule.data.sampling.sampled`; what all rows are checked for is not looked at again.
        training : ndarray of bool, shape (sampled rows,)
            The rows of training among them.
        incomplete : collection of str
            Columns with missing values in any row of training, sampled or not.
        source, call : str
            What messages call the table, and who asks.

        Raises
        ------
        DataError
            A column has text that is mostly numbers, or nothing varies in any column.
        """
        columns: list[ColumnEncoding] = []
        dropped: list[DroppedColumn] = []
        of_training = sample if training.all() else sample.filter(pl.Series(training))
        for whole, column in zip(sample.iter_columns(), of_training.iter_columns(), strict=True):
            if whole.dtype == pl.String:  # a categorical type says itself that its values are names
                refuse_numbers_as_text(whole, source, call)
            fitted = fit_column(column, column.name in incomplete)
            if isinstance(fitted, DroppedColumn):
                dropped.append(fitted)
            else:
                columns.append(fitted)
        if not columns:
            refuse_nothing_left([(column.name, column.reason) for column in dropped], source, call)
        return cls(tuple(columns), tuple(dropped))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name for each column of the matrix that :meth:`encode` returns."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @property
    def n_features(self) -> int:
        """The number of columns of that matrix."""
        return sum(len(column.feature_names) for column in self.columns)

    @property
    def text_columns(self) -> frozenset[str]:
        """The columns that a file's reader must leave as text."""
        return frozenset(column.name for column in self.columns if column.kind is Kind.CATEGORY)

    def encode(
        self,
        frame: pl.DataFrame,
        *,
        source: str = "the table",
        call: str = "Encoder.encode",
        say_unseen: bool = True,
        first: int = 0,
    ) -> FloatArray:
        """Return the features of the rows of a table; columns that training did not have are ignored.

        Parameters
        ----------
        frame : polars.DataFrame, shape (examples, columns)
            Columns found by name, in any order.
        source, call : str
            What messages call the table, and who asks.
        say_unseen : bool
            Whether to warn of categories that training did not have.
        first : int
            The number of the first row, where the rows are part of a longer table.

        Returns
        -------
        ndarray of float32, shape (examples, n_features), C order
            Row by row: encoding part of a table gives that part of the whole table's encoding, bit for bit.

        Raises
        ------
        DataError
            A column is absent, is of another kind than in training, or has infinite values.

        Warns
        -----
        UnseenCategoryWarning
            Once, naming each column with unseen categories, their number and up to three of them.
        """
        columns = self._required_columns(frame, source, call)
        features = np.zeros((frame.height, self.n_features), dtype=np.float32)
        unseen = []
        ready = [
            checked_column(columns[encoding.name], encoding, source, call, first) for encoding in self.columns
        ]
        for begin in range(0, frame.height, BLOCK_ROWS):
            start, rows = 0, features[begin : begin + BLOCK_ROWS]
            for encoding, column in zip(self.columns, ready, strict=True):
                stop = start + len(encoding.feature_names)
                encoding.encode(column[begin : begin + BLOCK_ROWS], rows[:, start:stop])
                start = stop
        if say_unseen:
            for encoding, column in zip(self.columns, ready, strict=True):
                if isinstance(encoding, CategoryColumn):
                    unseen.append(encoding.unseen(column))
        warn_of_unseen([found for found in unseen if found], call)
        return features

    def _required_columns(self, frame: pl.DataFrame, source: str, call: str) -> dict[str, pl.Series]:
        """Return the columns of a table by name, or refuse if some of training are not among them."""
        columns = {column.name: column for column in frame.iter_columns()}
        absent = [column.name for column in self.columns if column.name not in columns]
        if absent:
            raise DataError(
                call,
                "the columns of training are there again",
                f"{source} without {listing(absent)}",
                f"It has {listing(frame.columns)}; add or rename columns.",
            )
        return columns

    def to_json_value(self) -> JsonValue:
        """Return plain values, from which :meth:`from_json_value` makes an equal encoder.

        Examples
        --------
        >>> encoder = Encoder.fit(pl.DataFrame({"paid": [True, False]}))
        >>> Encoder.from_json_value(encoder.to_json_value()) == encoder
        True
        """
        return {
            "columns": [column.to_json_value() for column in self.columns],
            "dropped": [{"name": column.name, "reason": column.reason} for column in self.dropped],
        }

    @classmethod
    def from_json_value(cls, value: JsonValue) -> "Encoder":
        """Return the encoder that :meth:`to_json_value` described.

        Raises
        ------
        KeyError, TypeError, ValueError
            The value describes no encoder.
        """
        try:
            columns = tuple(column_from_json_value(column) for column in value["columns"])
            dropped = tuple(
                DroppedColumn(text_of(column, "name"), text_of(column, "reason"))
                for column in value["dropped"]
            )
        except (OverflowError, RecursionError) as error:
            raise ValueError(str(error)) from error
        names = [column.name for column in columns] + [column.name for column in dropped]
        if not columns or len(set(names)) < len(names):
            raise ValueError("an encoder has columns, each with a name of its own")
        return cls(columns, dropped)


def check_column(column: pl.Series, source: str, call: str, first: int = 0) -> None:
    """Refuse a column of a type that no encoding serves, or with an infinite value; its rows begin at ``first``."""
    if is_all_missing(column):
        return
    if kind_of(column.dtype) is None:
        refuse_type(column, source, call)
    refuse_infinite(column, source, call, first)


def fit_column(column: pl.Series, indicator: bool) -> ColumnEncoding | DroppedColumn:
    """Return the encoding of the rows of training of one column by its kind, or why it is left out.

    ``indicator`` tells whether there are missing values, also in rows that are not in the sample.
    """
    if is_all_missing(column):
        return DroppedColumn(column.name, "it has no values")
    kind = kind_of(column.dtype)
    assert kind is not None, "checked before"
    if kind is Kind.CATEGORY and never_repeats(column):
        return DroppedColumn(column.name, "it is text that never repeats")
    fitted = fit_kind(column, kind, indicator)
    if fitted is not None:
        return fitted
    alike = column.n_unique() == 1
    return DroppedColumn(
        column.name, "it has one value only" if alike else "its values differ beyond 15 digits only"
    )


def fit_kind(column: pl.Series, kind: Kind, indicator: bool) -> ColumnEncoding | None:
    """Return the encoding of a column of one kind, None if nothing varies in it."""
    if kind is Kind.CATEGORY:
        return CategoryColumn.fit(column, indicator=indicator)
    if kind is Kind.BOOLEAN:
        return BooleanColumn.fit(column, indicator=indicator)
    return NumberColumn.fit(column, kind, indicator=indicator)


def never_repeats(column: pl.Series) -> bool:
    """Return whether a long column has another value in each row."""
    present = len(column) - column.null_count()
    return column.n_unique() - (column.null_count() > 0) == present > CATEGORY_LIMIT


def checked_column(
    column: pl.Series, encoding: ColumnEncoding, source: str, call: str, first: int = 0
) -> pl.Series:
    """Return a column ready for its encoding: of the kind it had in training, or without any value."""
    if is_all_missing(column):
        empty = {Kind.CATEGORY: pl.String(), Kind.BOOLEAN: pl.Boolean()}.get(encoding.kind, pl.Float64())
        return pl.Series(column.name, [None], dtype=empty).new_from_index(0, len(column))
    if kind_of(column.dtype) is not encoding.kind:
        refuse_changed_column(column, encoding.kind, source, call, first)
    refuse_infinite(column, source, call, first)
    return column


def column_from_json_value(value: JsonValue) -> ColumnEncoding:
    """Return the encoding of one column from its plain values."""
    kind = Kind(value["kind"])
    if kind is Kind.CATEGORY:
        return CategoryColumn.from_json_value(value)
    return (
        BooleanColumn.from_json_value(value) if kind is Kind.BOOLEAN else NumberColumn.from_json_value(value)
    )


def warn_of_unseen(found: list[Unseen], call: str) -> None:
    """Warn once of all columns with categories that training did not have."""
    if not found:
        return
    columns = "; ".join(
        f"{unseen.count} rows of {quoted(unseen.column)} ({', '.join(map(quoted, unseen.values))})"
        for unseen in found
    )
    warnings.warn(
        UnseenCategoryWarning(
            f"{call}: categories are those of training; got others in {columns}. They count as no category."
        ),
        stacklevel=3,
    )
