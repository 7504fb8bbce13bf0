"""The refusals of columns that cannot be encoded: each names the table, the column, the row and what to do."""

from typing import NoReturn

import polars as pl

from chainrule.data.kinds import Kind, kind_of
from chainrule.errors import DataError

MOSTLY = 0.9  # text of which so many values are numbers is a column of numbers with something else in it


def said(error: Exception) -> str:
    r"""Return what another library says first, on one line for the inside of a message.

    Examples
    --------
    >>> said(ValueError("names differ:\n- a\n- b\n\nSee the manual."))
    'names differ: - a - b'
    """
    words = " ".join(str(error).strip().split("\n\n")[0].split()) or type(error).__name__
    return words[:200].rstrip(".")


def refuse_type(column: pl.Series, source: str, call: str) -> NoReturn:
    """Refuse a column of lists, structures, bytes or Python objects."""
    raise DataError(
        call,
        "a column holds numbers, booleans, text, dates, times or durations",
        f"column {column.name!r} of {source} with values of type {column.dtype}",
        "Convert it, or leave it out.",
    )


def refuse_infinite(column: pl.Series, source: str, call: str) -> None:
    """Refuse a column with an infinite value, which only floats can have."""
    if not column.dtype.is_float():
        return
    infinite = column.is_infinite().fill_null(False)
    if infinite.any():
        row = infinite.arg_max() or 0
        raise DataError(
            call,
            "numbers are finite or missing",
            f"{column[row]} in column {column.name!r}, row {row} of {source} (rows are counted from 0)",
            "Replace it by a number, or leave it empty.",
        )


def refuse_changed_column(column: pl.Series, kind: Kind, source: str, call: str) -> NoReturn:
    """Refuse a column whose kind is not that of training."""
    row = strange_row(column, kind)
    now = kind_of(column.dtype)
    raise DataError(
        call,
        f"column {column.name!r} holds {kind.phrase}, as in training",
        f"{now.phrase if now else column.dtype} in {source} ({str(column[row])!r} in row {row}, counted from 0)",
        "Convert the column, or train again.",
    )


def strange_row(column: pl.Series, kind: Kind) -> int:
    """Return the first row that shows that the column changed."""
    strange = column.is_not_null()
    if kind is Kind.NUMBER and kind_of(column.dtype) is Kind.CATEGORY:
        not_numbers = (
            column.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False).is_null() & strange
        )
        strange = not_numbers if not_numbers.any() else strange
    return strange.arg_max() or 0


def refuse_half_numbers(text: pl.Series, source: str, call: str) -> None:
    """Refuse a column of text that is mostly numbers: some values in it are damaged."""
    present = text.is_not_null()
    damaged = text.str.strip_chars().cast(pl.Float64, strict=False).is_null() & present
    if 0 < int(damaged.sum()) < (1.0 - MOSTLY) * int(present.sum()):
        row = damaged.arg_max() or 0
        raise DataError(
            call,
            "the values of a column are of one type",
            f"{text[row]!r} among numbers in column {text.name!r}, row {row} of {source} (rows are counted from 0)",
            "Correct the value, or leave it empty.",
        )


def refuse_nothing_left(frame: pl.DataFrame, source: str, call: str) -> NoReturn:
    """Refuse a table in which nothing varies."""
    raise DataError(
        call,
        "at least one column besides the target has two different values",
        f"{source} with {frame.width} such columns and {frame.height} rows of training",
        "Add columns that vary.",
    )
