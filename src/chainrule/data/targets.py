"""The target column: its classes, and each row's class index."""

from typing import TypeAlias

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.kinds import Kind, kind_of
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
        ``FLOAT_CLASS_LIMIT`` different values, more rows than that and no label twice, or a type that holds no labels.

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
            f"{classes[0]!r} in every row of column {column.name!r} of {source}",
            "Name another target, or add rows of other classes.",
        )
    if labels.dtype.is_float() and len(classes) > FLOAT_CLASS_LIMIT:
        raise DataError(
            call,
            "a target holds classes",
            f"column {column.name!r} of {source} with {len(classes)} different floating point numbers",
            "chainrule classifies and offers no regression: group the numbers into classes first.",
        )
    if len(classes) == len(labels) > FLOAT_CLASS_LIMIT:
        raise DataError(
            call,
            "the labels of a target repeat",
            f"column {column.name!r} of {source} with another label in each of its {len(labels)} rows",
            "Name the column that holds classes, not names or numbers of rows.",
        )
    return classes


def class_indices(
    column: pl.Series, classes: list[Label], *, source: str = "the table", call: str = "class_indices"
) -> Array:
    """Return the index of each row's class.

    Parameters
    ----------
    column : polars.Series, shape (examples,)
        Labels, all of them among ``classes``; an integer and the equal float are the same label.
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
    comparable = kind_of(labels.dtype) is kind_of(known.dtype)
    if comparable:
        both = labels.to_frame("class").with_columns(pl.col("class").cast(common_type(labels, known)))
        table = pl.DataFrame(
            {"class": known.cast(common_type(labels, known)), "index": np.arange(len(classes))}
        )
        indices = both.join(table, on="class", how="left", maintain_order="left")["index"]
    else:
        indices = pl.Series("index", [None], dtype=pl.Int64()).new_from_index(0, len(labels))
    if indices.null_count():
        row = indices.is_null().arg_max() or 0
        raise DataError(
            call,
            "every target is a class that the model knows",
            f"{labels[row]!r} in column {column.name!r}, row {row} of {source} (rows are counted from 0)",
            f"The classes are {', '.join(map(repr, classes[:10]))}{' ...' if len(classes) > 10 else ''}.",
        )
    return indices.to_numpy().astype(np.int64)


def common_type(labels: pl.Series, known: pl.Series) -> pl.DataType:
    """Return the type in which two columns of one kind are compared."""
    return labels.dtype if labels.dtype == known.dtype else pl.Float64()


def checked_labels(column: pl.Series, source: str, call: str) -> pl.Series:
    """Return the column as text, 64-bit integers, 64-bit floats or booleans, complete."""
    kind = kind_of(column.dtype)
    if len(column) == 0:
        raise DataError(call, "a table has at least one row", f"{source} without rows", "Add rows.")
    if column.dtype.is_float():
        column = column.cast(pl.Float64).fill_nan(None)
    if column.null_count():
        row = column.is_null().arg_max() or 0
        raise DataError(
            call,
            "every row has a target",
            f"{column.null_count()} of {len(column)} rows of {source} without one in column {column.name!r}, "
            f"the first in row {row} (rows are counted from 0)",
            "Remove these rows.",
        )
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
        f"column {column.name!r} of {source} with values of type {column.dtype}",
        "Convert it to text.",
    )


def require_finite(column: pl.Series, source: str, call: str) -> None:
    """Refuse infinite labels."""
    infinite = column.is_infinite()
    if infinite.any():
        row = infinite.arg_max() or 0
        raise DataError(
            call,
            "labels are finite",
            f"{column[row]} in column {column.name!r}, row {row} of {source} (rows are counted from 0)",
            "Replace it.",
        )
