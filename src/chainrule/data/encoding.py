"""From the columns of a table to a matrix of features, and back from a model file to the same encoding."""

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.category_column import CategoryColumn, Unseen
from chainrule.data.checked_column import checked_column
from chainrule.data.chosen_kinds import COLUMN_KINDS, with_kinds
from chainrule.data.column_encoding import AnyColumnEncoding, JsonValue, encodes_sparsely, text_of
from chainrule.data.column_fit import DroppedColumn, check_column, column_from_json_value, fit_column
from chainrule.data.feature_matrix import bytes_of_row, feature_matrix
from chainrule.data.kinds import WORDS, has_missing
from chainrule.data.number_text import refuse_numbers_as_text
from chainrule.data.refusals import quoted, refuse_nothing_left
from chainrule.data.sampling import sampled
from chainrule.data.table import listing
from chainrule.errors import DataError, UnseenCategoryWarning


@dataclass(frozen=True)
class Encoder:
    """What every column of a table becomes, fitted to training rows.

    Numbers, times and durations are scaled by median and interquartile range and smoothly clipped to -3..3; dates as
    well, with parts of the calendar beside them; true and false are 1 and -1; categories have a feature each, rarer
    ones share some by their hash; free text becomes weighted words. Missing values are a feature where training had
    some. Columns in which nothing varies are left out.

    Parameters
    ----------
    columns : tuple of encodings
        In the order of the table's columns.
    dropped : tuple of DroppedColumn
        What was left out.
    chosen : tuple of str
        Columns whose kind was chosen: values of another type are converted, as they were in training.

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

    columns: tuple[AnyColumnEncoding, ...]
    dropped: tuple[DroppedColumn, ...] = ()
    chosen: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls,
        frame: pl.DataFrame,
        *,
        rows: Array | None = None,
        kinds: Mapping[str, str] | None = None,
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
        kinds : mapping or None
            Kinds of some columns by name, of ``chosen_kinds.COLUMN_KINDS``; others are found from the values.
        source, call : str
            What messages call the table, and who asks.

        Raises
        ------
        DataError
            A column has infinite values or a type that no encoding serves, a value does not fit the kind that was
            chosen, or nothing varies in any column.
        """
        kinds = kinds or {}
        frame = with_kinds(frame, kinds, source, call)
        chosen = sampled(0, frame.height, frame.height)
        sample = frame if chosen.all() else frame.filter(pl.Series(chosen))
        training = np.ones(frame.height, dtype=bool)
        if rows is not None:
            training[:] = False
            training[rows] = True
        incomplete = set()
        for column in frame.iter_columns():
            check_column(column, source, call, chosen=kinds.get(column.name))
            if has_missing(column if rows is None else column.filter(pl.Series(training))):
                incomplete.add(column.name)
        return cls.of_sample(sample, training[chosen], incomplete, kinds, source=source, call=call)

    @classmethod
    def of_sample(
        cls,
        sample: pl.DataFrame,
        training: Array,
        incomplete: Collection[str],
        kinds: Mapping[str, str],
        *,
        source: str,
        call: str,
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
        kinds : mapping
            The kinds that were chosen for some columns, which have them already.
        source, call : str
            What messages call the table, and who asks.

        Raises
        ------
        DataError
            A column has text that is mostly numbers, or nothing varies in any column.
        """
        columns: list[AnyColumnEncoding] = []
        dropped: list[DroppedColumn] = []
        of_training = sample if training.all() else sample.filter(pl.Series(training))
        for whole, column in zip(sample.iter_columns(), of_training.iter_columns(), strict=True):
            chosen = kinds.get(column.name)
            if (
                whole.dtype == pl.String and chosen is None
            ):  # a categorical type says itself that it holds names
                refuse_numbers_as_text(whole, source, call)
            fitted = fit_column(column, column.name in incomplete, chosen)
            if isinstance(fitted, DroppedColumn):
                dropped.append(fitted)
            else:
                columns.append(fitted)
        if not columns:
            refuse_nothing_left([(column.name, column.reason) for column in dropped], source, call)
        return cls(tuple(columns), tuple(dropped), tuple(sorted(set(kinds) & {one.name for one in columns})))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name for each column of the matrix that :meth:`encode` returns."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @property
    def n_features(self) -> int:
        """The number of columns of that matrix."""
        return sum(column.n_features for column in self.columns)

    @property
    def is_sparse(self) -> bool:
        """Whether :meth:`encode` returns compressed rows: a column is hashed, or free text."""
        return any(map(encodes_sparsely, self.columns))

    @property
    def bytes_of_row(self) -> int:
        """About what an encoded row takes; exactly, unless it is sparse."""
        return bytes_of_row(self.columns)

    @property
    def text_columns(self) -> frozenset[str]:
        """The columns that a file's reader must leave as text."""
        return frozenset(column.name for column in self.columns if column.kind in WORDS)

    def encode(
        self,
        frame: pl.DataFrame,
        *,
        source: str = "the table",
        call: str = "Encoder.encode",
        say_unseen: bool = True,
        first: int = 0,
    ) -> Any:
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
        ndarray of float32 or scipy.sparse.csr_array of float32, shape (examples, n_features)
            In C order; compressed rows if a column is hashed or free text, their indices rising. Row by row: encoding
            part of a table gives that part of the whole table's encoding, bit for bit.

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
        ready = [
            checked_column(
                columns[encoding.name], encoding, encoding.name in self.chosen, source, call, first
            )
            for encoding in self.columns
        ]
        features = feature_matrix(self.columns, ready, frame.height)
        unseen = []
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
            "chosen": list(self.chosen),
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
            chosen = tuple(text_of({"name": name}, "name") for name in list(value.get("chosen", [])))
        except (OverflowError, RecursionError) as error:
            raise ValueError(str(error)) from error
        names = [column.name for column in columns] + [column.name for column in dropped]
        if not columns or len(set(names)) < len(names):
            raise ValueError("an encoder has columns, each with a name of its own")
        if not set(chosen) <= {column.name for column in columns if column.kind in COLUMN_KINDS}:
            raise ValueError("columns whose kind was chosen are there, of a kind that can be")
        return cls(columns, dropped, chosen)


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
