"""From the rows of training of one column to its encoding, and from plain values back to it."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from chainrule.data.boolean_column import BooleanColumn
from chainrule.data.category_column import CategoryColumn
from chainrule.data.chosen_kinds import DROP, LEFT_OUT
from chainrule.data.column_encoding import AnyColumnEncoding, JsonValue
from chainrule.data.date_column import DateColumn
from chainrule.data.hashed_column import HashedColumn
from chainrule.data.kind_choice import inferred_kind
from chainrule.data.kinds import Kind, is_all_missing, kind_of
from chainrule.data.number_column import NumberColumn
from chainrule.data.refusals import refuse_infinite, refuse_type
from chainrule.data.sparse_column import SparseColumn
from chainrule.data.text_column import TextColumn


@dataclass(frozen=True)
class DroppedColumn:
    """A column that training left out, and why; prediction does not ask for it."""

    name: str
    reason: str


def check_column(
    column: pl.Series, source: str, call: str, first: int = 0, *, chosen: str | None = None
) -> None:
    """Refuse a column of a type that no encoding serves, or with an infinite value; its rows begin at ``first``.

    ``chosen`` is the kind that the user chose for it: what is left out may hold anything.
    """
    if chosen == DROP or is_all_missing(column):
        return
    if kind_of(column.dtype) is None:
        refuse_type(column, source, call)
    refuse_infinite(column, source, call, first)


def fit_column(
    column: pl.Series, indicator: bool, chosen: str | None = None
) -> AnyColumnEncoding | DroppedColumn:
    """Return the encoding of the rows of training of one column by its kind, or why it is left out.

    ``indicator`` tells whether there are missing values, also in rows that are not in the sample; ``chosen`` is the
    kind that the user chose, which the column has already.
    """
    if chosen == DROP:
        return DroppedColumn(column.name, LEFT_OUT)
    if is_all_missing(column):
        return DroppedColumn(column.name, "it has no values")
    kind = inferred_kind(column) if chosen is None else Kind(chosen)
    if kind is None:
        return DroppedColumn(column.name, "it is text that never repeats")
    fitted = fit_kind(column, kind, indicator)
    if fitted is not None:
        return fitted
    return DroppedColumn(column.name, reason_of_nothing(column, kind))


def reason_of_nothing(column: pl.Series, kind: Kind) -> str:
    """Return why nothing varies in a column."""
    if kind is Kind.SPARSE:
        return "no row has an entry"
    if column.n_unique() == 1:
        return "it has one value only"
    return "it has no words" if kind is Kind.TEXT else "its values differ beyond 15 digits only"


def fit_kind(column: pl.Series, kind: Kind, indicator: bool) -> AnyColumnEncoding | None:
    """Return the encoding of a column of one kind, None if nothing varies in it."""
    if kind in ENCODINGS:
        return ENCODINGS[kind].fit(column, indicator=indicator)
    return NumberColumn.fit(column, kind, indicator=indicator)


def column_from_json_value(value: JsonValue) -> AnyColumnEncoding:
    """Return the encoding of one column from its plain values."""
    return ENCODINGS.get(Kind(value["kind"]), NumberColumn).from_json_value(value)


ENCODINGS: dict[Kind, Any] = {
    Kind.CATEGORY: CategoryColumn,
    Kind.HASHED: HashedColumn,
    Kind.TEXT: TextColumn,
    Kind.BOOLEAN: BooleanColumn,
    Kind.DATE: DateColumn,
    Kind.SPARSE: SparseColumn,
}
"""The encoding of each kind; all others are numbers."""
