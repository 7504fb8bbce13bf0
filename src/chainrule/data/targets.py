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
    scan = LabelScan(source, call)
    scan.add(column)
    return scan.classes()


class LabelScan:
    """The labels of a target column that is read block by block: which there are, how often, and where first.

    Parameters
    ----------
    source, call : str
        What messages call the table, and who asks.

    Examples
    --------
    >>> scan = LabelScan("the table", "fit_table")
    >>> scan.add(pl.Series("kind", ["b", "a"]))
    >>> scan.add(pl.Series("kind", ["b"]), first=2)
    >>> scan.classes(), scan.counts.tolist(), scan.first_rows
    (['a', 'b'], [1, 2], (1, 0))
    """

    def __init__(self, source: str, call: str) -> None:
        self._source, self._call = source, call
        self._name, self._n_rows, self._missing, self._first_missing = "", 0, 0, 0
        self._found: pl.DataFrame | None = None

    def add(self, column: pl.Series, first: int = 0) -> None:
        """Take the labels of rows ``first`` on.

        Raises
        ------
        DataError
            A label is infinite, or the column holds no labels.
        """
        if not len(column):
            return
        labels = typed_labels(column, self._source, self._call, first)
        if labels.null_count():
            if not self._missing:
                self._first_missing = first + int(labels.is_null().arg_max() or 0)
            self._missing += labels.null_count()
        self._name, self._n_rows = column.name, self._n_rows + len(column)
        rows = pl.DataFrame({"label": labels, "row": np.arange(first, first + len(column))})
        found = (
            rows.drop_nulls()
            .group_by("label")
            .agg(pl.len().cast(pl.Int64).alias("count"), pl.col("row").min())
        )
        if self._found is not None:
            both = pl.concat([self._found, found])
            found = both.group_by("label").agg(pl.col("count").sum(), pl.col("row").min())
        self._found = found

    def classes(self) -> list[Label]:
        """Return the classes, sorted, or refuse as :func:`find_classes` does."""
        require_rows(self._n_rows, self._source, self._call)
        if self._missing:
            refuse_missing(
                self._name, self._missing, self._n_rows, self._first_missing, self._source, self._call
            )
        assert self._found is not None, "there are rows, and each has a label"
        self._found = self._found.sort("label")
        classes: list[Label] = self._found["label"].to_list()
        where = f"column {quoted(self._name)} of {self._source}"
        if len(classes) < 2:
            raise DataError(
                self._call,
                "a target has at least two classes",
                f"{quoted(classes[0])} in every row of {where}",
                "Name another target, or add rows of other classes.",
            )
        if self._found["label"].dtype.is_float() and len(classes) > FLOAT_CLASS_LIMIT:
            raise DataError(
                self._call,
                "a target holds classes",
                f"{where} with {len(classes)} different floating point numbers",
                "chainrule classifies and offers no regression: group the numbers into classes first.",
            )
        refuse_unrepeated(self.counts, where, self._call)
        return classes

    @property
    def counts(self) -> Array:
        """The rows of each class, int64, in the order of :meth:`classes`, which was called before."""
        assert self._found is not None, "asked for after classes()"
        return self._found["count"].to_numpy()

    @property
    def first_rows(self) -> tuple[int, ...]:
        """The first row of each class, as :attr:`counts`."""
        assert self._found is not None, "asked for after classes()"
        return tuple(self._found["row"].to_list())


def refuse_unrepeated(counts: Array, where: str, call: str) -> None:
    """Refuse labels of which many stand in one row only: names of rows, or measurements."""
    n_classes, n_rows, single = len(counts), int(counts.sum()), int((counts == 1).sum())
    if n_classes <= FLOAT_CLASS_LIMIT:
        return
    if n_classes == n_rows:
        raise DataError(
            call,
            "the labels of a target repeat",
            f"{where} with another label in each of its {n_rows} rows",
            "Name the column that holds classes, not names or numbers of rows.",
        )
    if 2 * single > n_classes:
        raise DataError(
            call,
            "the labels of a target repeat",
            f"{where} with {n_classes} labels, {single} of them in one row only",
            "chainrule classifies and offers no regression: group the values into classes first, or name the column "
            "that holds classes.",
        )


def class_indices(
    column: pl.Series,
    classes: list[Label],
    *,
    source: str = "the table",
    call: str = "class_indices",
    first: int = 0,
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
    first : int
        The number of the first row, where the column is part of a longer one.

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
    labels = checked_labels(column, source, call, first)
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
        refuse_unknown(labels, indices.is_null().arg_max() or 0, classes, source, call, first)
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


def refuse_unknown(
    labels: pl.Series, row: int, classes: list[Label], source: str, call: str, first: int
) -> NoReturn:
    """Refuse the label of a row, which is not among the classes."""
    raise DataError(
        call,
        "every target is a class that the model knows",
        f"{quoted(labels[row])} in column {quoted(labels.name)}, row {first + row} of {source} "
        "(rows are counted from 0)",
        f"The classes are {', '.join(map(quoted, classes[:10]))}{' ...' if len(classes) > 10 else ''}.",
    )


def checked_labels(column: pl.Series, source: str, call: str, first: int = 0) -> pl.Series:
    """Return the column as text, 64-bit integers, 64-bit floats or booleans, complete; its rows begin at ``first``."""
    require_rows(len(column), source, call)
    labels = typed_labels(column, source, call, first)
    if labels.null_count():
        row = first + (labels.is_null().arg_max() or 0)
        refuse_missing(column.name, labels.null_count(), len(column), row, source, call)
    return labels


def typed_labels(column: pl.Series, source: str, call: str, first: int) -> pl.Series:
    """Return the column as text, 64-bit integers, 64-bit floats or booleans, null where a label is missing."""
    kind = kind_of(column.dtype)
    if column.dtype.is_float():
        column = column.cast(pl.Float64).fill_nan(None)
        require_finite(column, source, call, first)
        return column
    if kind is Kind.BOOLEAN:
        return column
    if kind is Kind.CATEGORY:
        return column.cast(pl.String)
    whole = column.dtype.is_integer() or column.dtype == pl.Null
    if whole and column.cast(pl.Int64, strict=False).null_count() == column.null_count():
        return column.cast(pl.Int64)
    raise DataError(
        call,
        "a target holds text, integers of 64 bits, booleans or floats with few different values",
        f"column {quoted(column.name)} of {source} with values of type {column.dtype}",
        "Convert it to text.",
    )


def require_rows(count: int, source: str, call: str) -> None:
    """Refuse a table without rows."""
    if count == 0:
        raise DataError(call, "a table has at least one row", f"{source} without rows", "Add rows.")


def refuse_missing(name: str, missing: int, n_rows: int, first: int, source: str, call: str) -> NoReturn:
    """Refuse rows without a label."""
    raise DataError(
        call,
        "every row has a target",
        f"{missing} of {n_rows} rows of {source} without one in column {quoted(name)}, "
        f"the first in row {first} (rows are counted from 0)",
        "Remove these rows.",
    )


def require_finite(column: pl.Series, source: str, call: str, first: int) -> None:
    """Refuse infinite labels."""
    infinite = column.is_infinite()
    if infinite.any():
        row = infinite.arg_max() or 0
        raise DataError(
            call,
            "labels are finite",
            f"{column[row]} in column {quoted(column.name)}, row {first + row} of {source} (rows are counted from 0)",
            "Replace it.",
        )
