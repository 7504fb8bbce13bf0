"""A column of new rows, made ready for the encoding that training found for it, or refused."""

import polars as pl

from chainrule.data.chosen_kinds import with_kind
from chainrule.data.column_encoding import AnyColumnEncoding
from chainrule.data.kinds import WORDS, Kind, is_all_missing, kind_of
from chainrule.data.refusals import refuse_changed_column, refuse_infinite
from chainrule.errors import DataError


def checked_column(
    column: pl.Series, encoding: AnyColumnEncoding, chosen: bool, source: str, call: str, first: int = 0
) -> pl.Series:
    """Return a column ready for its encoding: of the kind it had in training, or without any value."""
    stored = Kind.CATEGORY if encoding.kind in WORDS else encoding.kind
    if chosen:
        column = with_kind(column, encoding.kind, source, call, first)
    if is_all_missing(column):
        empty = {Kind.CATEGORY: pl.String(), Kind.BOOLEAN: pl.Boolean()}.get(stored, pl.Float64())
        return pl.Series(column.name, [None], dtype=empty).new_from_index(0, len(column))
    if kind_of(column.dtype) is not stored:
        column = read_as_in_training(column, encoding, source, call, first)
    refuse_infinite(column, source, call, first)
    return column


def read_as_in_training(
    column: pl.Series, encoding: AnyColumnEncoding, source: str, call: str, first: int
) -> pl.Series:
    """Return text that a file's reader could not tell from names as the kind of training; refuse all else.

    In a column of numbers of which one is 007 here, all are text to a reader that does not know better.
    """
    if kind_of(column.dtype) is Kind.CATEGORY and encoding.kind in (Kind.NUMBER, Kind.BOOLEAN, Kind.DATE):
        try:
            return with_kind(column, encoding.kind, source, call, first)
        except DataError:
            refuse_changed_column(column, encoding.kind, source, call, first)
    return refuse_changed_column(column, encoding.kind, source, call, first)
