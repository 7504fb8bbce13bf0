"""The refusals of columns that cannot be encoded: each names the table, the column, the row and what to do."""

from collections.abc import Sequence
from typing import NoReturn

import polars as pl

from chainrule.data.kinds import Kind, kind_of
from chainrule.errors import DataError

COLUMNS_NAMED = 3  # a message tells of so many columns why they were left out
LONGEST = 60  # characters of a name or a value that a message shows


def quoted(value: object) -> str:
    """Return a name or a value for a message: in quotation marks if it is text, and shortened if it is long.

    Examples
    --------
    >>> quoted("size"), quoted(""), quoted(3), quoted("x" * 1000)[-12:]
    ("'size'", "''", '3', "xxxxxxxx...'")
    """
    if isinstance(value, str) and len(value) > LONGEST:
        value = f"{value[: LONGEST - 3]}..."
    return repr(value)


def said(error: BaseException) -> str:
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
        f"column {quoted(column.name)} of {source} with values of type {column.dtype}",
        "Convert it, or leave it out.",
    )


def refuse_infinite(column: pl.Series, source: str, call: str, first: int = 0) -> None:
    """Refuse a column with an infinite value, which only floats can have; its rows begin at ``first``."""
    if not column.dtype.is_float():
        return
    infinite = column.is_infinite().fill_null(False)
    if infinite.any():
        row = infinite.arg_max() or 0
        raise DataError(
            call,
            "numbers are finite or missing",
            f"{column[row]} in column {quoted(column.name)}, row {first + row} of {source} (rows are counted from 0)",
            "Replace it by a number, or leave it empty.",
        )


def refuse_changed_column(column: pl.Series, kind: Kind, source: str, call: str, first: int = 0) -> NoReturn:
    """Refuse a column whose kind is not that of training; its rows begin at ``first``."""
    row = strange_row(column, kind)
    now = kind_of(column.dtype)
    raise DataError(
        call,
        f"column {quoted(column.name)} holds {kind.phrase}, as in training",
        f"{now.phrase if now else column.dtype} in {source} "
        f"({value_at(column, row)} in row {first + row}, counted from 0)",
        "Convert the column, or train again.",
    )


def value_at(column: pl.Series, row: int) -> str:
    """Return a value for a message; of dates and times that Python cannot hold, the number that is stored."""
    try:
        return quoted(" ".join(str(column[row]).split()))
    except (ValueError, OverflowError, pl.exceptions.PanicException):
        return str(column.slice(row, 1).to_physical()[0])


def example_texts(column: pl.Series, count: int) -> tuple[str, ...]:
    """Return the first few different values of a column for a message.

    Examples
    --------
    >>> example_texts(pl.Series("colour", ["red", None, "red", "blue"]), 3), example_texts(pl.Series([1.5]), 3)
    (("'red'", "'blue'"), ('1.5',))
    """
    present = column.filter(column.is_not_null())
    first = present.unique(maintain_order=True).head(count) if kind_of(column.dtype) else present.head(0)
    shown = (value_at(first, row) for row in range(len(first)))
    return tuple(shown if kind_of(column.dtype) is Kind.CATEGORY else (value.strip("'") for value in shown))


def strange_row(column: pl.Series, kind: Kind) -> int:
    """Return the first row that shows that the column changed."""
    strange = column.is_not_null()
    if kind is Kind.NUMBER and kind_of(column.dtype) is Kind.CATEGORY:
        not_numbers = (
            column.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False).is_null() & strange
        )
        strange = not_numbers if not_numbers.any() else strange
    return strange.arg_max() or 0


def refuse_nothing_left(dropped: Sequence[tuple[str, str]], source: str, call: str) -> NoReturn:
    """Refuse a table of which every column was left out; each has a name and a reason."""
    named = "; ".join(f"{quoted(name)}: {reason}" for name, reason in dropped[:COLUMNS_NAMED])
    more = len(dropped) - COLUMNS_NAMED
    came = f"{source}, of which every column was left out ({named}{f'; and {more} more' if more > 0 else ''})"
    raise DataError(
        call,
        "at least one column besides the target tells rows apart",
        came if dropped else f"{source} without another column",
        "Add columns of numbers, or of text that repeats, with different values.",
    )
