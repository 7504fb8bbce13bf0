"""Kinds of columns that the user chose: which there are, and how values of another type become what they say."""

from collections.abc import Callable, Iterable, Mapping

import polars as pl

from chainrule.data.iso_dates import as_dates
from chainrule.data.kinds import WORDS, Kind, is_all_missing, kind_of
from chainrule.data.refusals import quoted, refuse_type, value_at
from chainrule.data.table import listing
from chainrule.data.text_types import MISSING_AMONG_NUMBERS, stripped, with_missing
from chainrule.errors import ArgumentError, ArgumentTypeError, DataError

DROP = "drop"
"""What leaves a column out."""
COLUMN_KINDS = ("number", "category", "hashed", "boolean", "date", "text", DROP)
LEFT_OUT = "it was asked to be left out"
"""The reason of a column that was dropped on demand."""
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")
EMPTY = {Kind.NUMBER: pl.Float64(), Kind.BOOLEAN: pl.Boolean(), Kind.DATE: pl.Datetime("us")}
LARGEST_WHOLE = 2.0**53


def check_column_kinds(columns: object, call: str) -> dict[str, str]:
    """Return kinds of columns by name, or refuse what is none.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        It is no mapping of names, or a kind is none of ``COLUMN_KINDS``.

    Examples
    --------
    >>> check_column_kinds({"zip": "category"}, "fit_table"), check_column_kinds(None, "fit_table")
    ({'zip': 'category'}, {})
    """
    if columns is None:
        return {}
    rule = f"columns names a kind for some columns: {', '.join(COLUMN_KINDS)}"
    if not isinstance(columns, Mapping):
        raise ArgumentTypeError(call, rule, type(columns).__name__, "Pass a dictionary.")
    for name, kind in columns.items():
        if kind not in COLUMN_KINDS:
            raise ArgumentError(call, rule, f"{quoted(kind)} for {quoted(name)}", "Name one of these.")
    return {str(name): str(kind) for name, kind in columns.items()}


def require_columns(
    chosen: Iterable[str], names: Iterable[str], target: str | None, source: str, call: str
) -> None:
    """Refuse a kind for a column that the table has not, or for its target."""
    names = list(names)
    for name in chosen:
        if name == target:
            rule = "the target holds classes, whatever they look like"
            raise DataError(call, rule, f"a kind for it, {quoted(name)}", "Leave it out.")
        if name not in names:
            rule = "columns that get a kind are there"
            raise DataError(call, rule, f"{source} without {quoted(name)}", f"It has {listing(names)}.")


def text_columns_of(chosen: Mapping[str, str]) -> frozenset[str]:
    """Return the columns whose values a file's reader must leave as they stand."""
    return frozenset(name for name, kind in chosen.items() if kind in WORDS)


def with_kinds(
    frame: pl.DataFrame, chosen: Mapping[str, str], source: str, call: str, first: int = 0
) -> pl.DataFrame:
    """Return a table with chosen columns as their kind, and without those to be left out; its rows begin at ``first``.

    Raises
    ------
    DataError
        A value does not fit, with its column and row.
    """
    found = {
        name: with_kind(frame[name], Kind(kind), source, call, first)
        for name, kind in chosen.items()
        if kind != DROP and name in frame.columns
    }
    return frame.with_columns(found.values()) if found else frame


def with_kind(column: pl.Series, kind: Kind, source: str, call: str, first: int = 0) -> pl.Series:
    """Return a column as a kind: what already is of this kind stays as it is.

    Numbers that are whole become text without a decimal point, since a missing value elsewhere in the column would
    have made them floats.

    Raises
    ------
    DataError
        A value does not fit, with its column and row.

    Examples
    --------
    >>> with_kind(pl.Series("code", ["007", None]), Kind.NUMBER, "t.csv", "fit_table").to_list()
    [7.0, None]
    >>> with_kind(pl.Series("code", [7.0, 1.5]), Kind.CATEGORY, "t.csv", "fit_table").to_list()
    ['7', '1.5']
    """
    if kind_of(column.dtype) is None and not is_all_missing(column):
        refuse_type(column, source, call)
    if is_all_missing(column):
        return pl.Series(column.name, [None], dtype=EMPTY.get(kind, pl.String())).new_from_index(
            0, len(column)
        )
    if kind in WORDS:
        return as_text(column)
    if kind_of(column.dtype) is kind:
        return column
    converted = CONVERSIONS[kind](column)
    missing = column.is_null() | is_missing_word(column)
    strange = converted.is_null() & ~missing
    if strange.any():
        refuse_values(column, strange, kind, source, call, first)
    return converted.alias(column.name)


def as_text(column: pl.Series) -> pl.Series:
    """Return any column as text."""
    if column.dtype == pl.Boolean:
        words: pl.Expr = pl.when(column).then(pl.lit("true")).when(~column).then(pl.lit("false"))
    elif column.dtype.is_float():
        numbers = column.cast(pl.Float64).fill_nan(None)
        whole = (numbers == numbers.floor()) & (numbers.abs() < LARGEST_WHOLE)
        texts = numbers.cast(pl.Int64, strict=False).cast(pl.String)
        words = pl.when(whole).then(texts).otherwise(numbers.cast(pl.String))
    else:
        return column.cast(pl.String)
    return pl.select(words).to_series().alias(column.name)


def bare_text(column: pl.Series) -> pl.Series:
    """Return text without blanks around it, null where it is a word for a missing value."""
    return with_missing(stripped(column.cast(pl.String)), MISSING_AMONG_NUMBERS)


def is_missing_word(column: pl.Series) -> pl.Series:
    """Return where text says that a value is missing; nowhere in columns of other types."""
    if kind_of(column.dtype) is not Kind.CATEGORY:
        return pl.select(pl.repeat(False, len(column))).to_series()
    return bare_text(column).is_null()


def as_numbers(column: pl.Series) -> pl.Series:
    """Return text and booleans as numbers, null where they are none."""
    if column.dtype == pl.Boolean:
        return column.cast(pl.Int8)
    if kind_of(column.dtype) is not Kind.CATEGORY:
        return nothing(column, pl.Float64())
    return bare_text(column).cast(pl.Float64, strict=False)


def as_booleans(column: pl.Series) -> pl.Series:
    """Return true, yes and 1, false, no and 0, in capitals or not, as booleans, null for all else."""
    words = as_text(column).str.strip_chars().str.to_lowercase()
    return pl.select(pl.when(words.is_in(TRUE)).then(True).when(words.is_in(FALSE)).then(False)).to_series()


def as_moments(column: pl.Series) -> pl.Series:
    """Return ISO dates, with or without a time, as moments in UTC, null where they are none."""
    if kind_of(column.dtype) is not Kind.CATEGORY:
        return nothing(column, EMPTY[Kind.DATE])
    texts = bare_text(column)
    dates = as_dates(texts)
    if dates.dtype == pl.String:  # not all of them are dates: rare, so one by one
        single = {text: as_dates(pl.Series([text])) for text in texts.drop_nulls().unique().to_list()}
        good = [text for text, date in single.items() if date.dtype != pl.String]
        return pl.select(pl.when(texts.is_in(good)).then(0)).to_series()
    stored = dates.cast(pl.Datetime("us")) if dates.dtype == pl.Date else dates
    return stored.to_physical().cast(pl.Datetime("us"))


def nothing(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return as many missing values as a column has rows."""
    return pl.Series(column.name, [None], dtype=dtype).new_from_index(0, len(column))


CONVERSIONS: dict[Kind, Callable[[pl.Series], pl.Series]] = {
    Kind.NUMBER: as_numbers,
    Kind.BOOLEAN: as_booleans,
    Kind.DATE: as_moments,
}


def refuse_values(
    column: pl.Series, strange: pl.Series, kind: Kind, source: str, call: str, first: int
) -> None:
    """Refuse a column with values that are not of the kind that was chosen."""
    row, count = strange.arg_max() or 0, int(strange.sum())
    others = f", and {count - 1} more of {len(column)} rows" if count > 1 else ""
    raise DataError(
        call,
        f"column {quoted(column.name)} holds {kind.phrase}, as was chosen for it",
        f"{value_at(column, row)} in row {first + row} of {source} (rows are counted from 0){others}",
        f"Correct {'these values' if count > 1 else 'the value'}, or choose another kind: {', '.join(COLUMN_KINDS)}.",
    )
