"""The target column: its classes, and each row's class index."""

from typing import NoReturn, TypeAlias

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.kinds import Kind, kind_of
from chainrule.data.refusals import quoted
from chainrule.errors import DataError

Label: TypeAlias = str | int | float | bool

FLOAT_CLASS_LIMIT = 100  # floats with more different values are measurements, not classes


def find_classes(column: pl.Series, *, source: str = "the table", call: str = "find_classes") -> list[Label]:
    """Return the classes of a target column, sorted.

    Parameters
    ----------
    column : polars.Series, shape (examples,)
        Text, integers, booleans or floats with few different values; every row has one.
    source, call : str
        What messages call the table, and who asks.

    Returns
    -------
    list of str, int, bool or float
        At least two: text by code points, numbers by size, False before True.

    Raises
    ------
    DataError
        The column has no rows, rows without a value, one class only, infinite values, floats with more than
        ``FLOAT_CLASS_LIMIT`` different values, more classes than that and most of them in one row only, or a type
        that holds no labels.

    Examples
    --------
    >>> find_classes(pl.Series("kind", ["b", "a", "b"]))
    ['a', 'b']
    """
    labels = checked_labels(column, source, call)
    classes: list[Label] = labels.unique().sort().to_list()
    if len(classes) < 2:
        raise DataError(
            call,
            "a target has at least two classes",
            f"{quoted(classes[0])} in every row of column {quoted(column.name)} of {source}",
            "Name another target, or add rows of other classes.",
        )
    if labels.dtype.is_float() and len(classes) > FLOAT_CLASS_LIMIT:
        raise DataError(
            call,
            "a target holds classes",
            f"column {quoted(column.name)} of {source} with {len(classes)} different floating point numbers",
            "chainrule classifies and offers no regression: group the numbers into classes first.",
        )
    refuse_unrepeated(labels, len(classes), source, call)
    return classes


def refuse_unrepeated(labels: pl.Series, n_classes: int, source: str, call: str) -> None:
    """Refuse labels of which many stand in one row only: names of rows, or measurements."""
    if n_classes <= FLOAT_CLASS_LIMIT:
        return
    column = f"column {quoted(labels.name)} of {source}"
    if n_classes == len(labels):
        raise DataError(
            call,
            "the labels of a target repeat",
            f"{column} with another label in each of its {len(labels)} rows",
            "Name the column that holds classes, not names or numbers of rows.",
        )
    single = int(labels.is_unique().sum())
    if 2 * single > n_classes:
        raise DataError(
            call,
            "the labels of a target repeat",
            f"{column} with {n_classes} labels, {single} of them in one row only",
            "chainrule classifies and offers no regression: group the values into classes first, or name the column "
            "that holds classes.",
        )


def class_indices(
    column: pl.Series, classes: list[Label], *, source: str = "the table", call: str = "class_indices"
) -> Array:
    """Return the index of each row's class.

    Parameters
    ----------
    column : polars.Series, shape (examples,)
        Labels, all of them among ``classes``; an integer, the equal float and the text that says it are one label.
    classes : list of str, int, bool or float
        Sorted, as from :func:`find_classes`.
    source, call : str
        What messages call the table, and who asks.

    Returns
    -------
    ndarray of int64, shape (examples,)

    Raises
    ------
    DataError
        A row has no label, or one that is not among the classes.

    Examples
    --------
    >>> class_indices(pl.Series("kind", ["b", "a"]), ["a", "b"]).tolist()
    [1, 0]
    """
    labels = checked_labels(column, source, call)
    known = pl.Series("class", classes)
    compared = labels
    if labels.dtype == pl.String and known.dtype != pl.String:
        compared = read_as(labels, known.dtype)
    if kind_of(compared.dtype) is kind_of(known.dtype):
        shared = compared.dtype if compared.dtype == known.dtype else pl.Float64()
        table = pl.DataFrame({"class": known.cast(shared), "index": np.arange(len(classes))})
        both = compared.to_frame("class").with_columns(pl.col("class").cast(shared))
        indices = both.join(table, on="class", how="left", maintain_order="left")["index"]
    else:
        indices = pl.Series("index", [None], dtype=pl.Int64()).new_from_index(0, len(labels))
    if indices.null_count():
        refuse_unknown(labels, indices.is_null().arg_max() or 0, classes, source, call)
    return indices.to_numpy().astype(np.int64)


def read_as(text: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return text as booleans, integers or floats, null where it is none."""
    bare = text.str.strip_chars()
    if dtype == pl.Boolean:
        words = bare.str.to_lowercase()
        return pl.select(pl.when(words.is_in(("true", "false"))).then(words == "true")).to_series()
    floats = bare.cast(pl.Float64, strict=False)
    if not dtype.is_integer():
        return floats
    # Integers first, as floats cannot hold all of them; then 2.0, which is 2.
    return bare.cast(pl.Int64, strict=False).fill_null(
        pl.select(pl.when(floats == floats.floor()).then(floats)).to_series().cast(pl.Int64, strict=False)
    )


def refuse_unknown(labels: pl.Series, row: int, classes: list[Label], source: str, call: str) -> NoReturn:
    """Refuse the label of a row, which is not among the classes."""
    raise DataError(
        call,
        "every target is a class that the model knows",
        f"{quoted(labels[row])} in column {quoted(labels.name)}, row {row} of {source} (rows are counted from 0)",
        f"The classes are {', '.join(map(quoted, classes[:10]))}{' ...' if len(classes) > 10 else ''}.",
    )


def checked_labels(column: pl.Series, source: str, call: str) -> pl.Series:
    """Return the column as text, 64-bit integers, 64-bit floats or booleans, complete."""
    kind = kind_of(column.dtype)
    if len(column) == 0:
        raise DataError(call, "a table has at least one row", f"{source} without rows", "Add rows.")
    if column.dtype.is_float():
        column = column.cast(pl.Float64).fill_nan(None)
    refuse_missing(column, source, call)
    if column.dtype.is_float():
        require_finite(column, source, call)
        return column
    if kind is Kind.BOOLEAN:
        return column
    if kind is Kind.CATEGORY:
        return column.cast(pl.String)
    if column.dtype.is_integer() and column.cast(pl.Int64, strict=False).null_count() == 0:
        return column.cast(pl.Int64)
    raise DataError(
        call,
        "a target holds text, integers of 64 bits, booleans or floats with few different values",
        f"column {quoted(column.name)} of {source} with values of type {column.dtype}",
        "Convert it to text.",
    )


def refuse_missing(column: pl.Series, source: str, call: str) -> None:
    """Refuse rows without a label."""
    if column.null_count():
        row = column.is_null().arg_max() or 0
        raise DataError(
            call,
            "every row has a target",
            f"{column.null_count()} of {len(column)} rows of {source} without one in column {quoted(column.name)}, "
            f"the first in row {row} (rows are counted from 0)",
            "Remove these rows.",
        )


def require_finite(column: pl.Series, source: str, call: str) -> None:
    """Refuse infinite labels."""
    infinite = column.is_infinite()
    if infinite.any():
        row = infinite.arg_max() or 0
        raise DataError(
            call,
            "labels are finite",
            f"{column[row]} in column {quoted(column.name)}, row {row} of {source} (rows are counted from 0)",
            "Replace it.",
        )
