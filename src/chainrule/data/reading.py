"""From whatever holds a labelled table to one :class:`~chainrule.data.table.Table`."""

import io
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from chainrule.data.delimited import read_delimited
from chainrule.data.embedded import EMBEDDED, read_embedded
from chainrule.data.numpy_archive import read_numpy_archive
from chainrule.data.refusals import said
from chainrule.data.table import Table, require_column
from chainrule.errors import ArgumentTypeError, DataError
from chainrule.files import read_whole

Reader: TypeAlias = Callable[[bytes, Path, str, frozenset[str]], Table]


def read_table(
    data: object, target: str | None = None, *, call: str = "read_table", text_columns: Iterable[str] = ()
) -> Table:
    """Return a table from a file, an embedded set, a frame or a dictionary of columns.

    Parameters
    ----------
    data : path, str, frame or mapping
        The path of a .csv, .tsv, .parquet or .npz file; "digits", "iris", "wine" or "breast-cancer" for the sets that
        come with scikit-learn ("./iris" for a file of that name); a pandas, polars or pyarrow frame; or a dictionary
        of columns.
    target : str or None
        The target column. None takes what the data itself says: ``y`` of an archive, the embedded set's own.
    call : str
        Who asks, for messages.
    text_columns : iterable of str
        Columns of a CSV file that stay text whatever they look like.

    Returns
    -------
    Table
        ``target`` is None if none was given and the data names none.

    Raises
    ------
    MissingFileError
        The file does not exist.
    DataError
        The file is empty or cannot be parsed, columns share a name or differ in length, or the target is absent.
    ArgumentTypeError
        ``data`` is nothing that holds a table.

    Examples
    --------
    >>> read_table({"size": [1, 2], "kind": ["a", "b"]}, "kind").target
    'kind'
    """
    if isinstance(data, str) and data in EMBEDDED:
        table = read_embedded(data)
    elif isinstance(data, str | os.PathLike):
        table = read_file(Path(os.fspath(data)), call, frozenset(text_columns))
    else:
        table = Table(read_frame(data, call), None, "the table")
    if target is None:
        return table
    return Table(table.frame, require_column(table.frame.columns, target, table.source, call), table.source)


def read_file(path: Path, call: str, text_columns: frozenset[str]) -> Table:
    """Return the table of a file, by its ending."""
    reader = READERS.get(path.suffix.lower())
    content = read_whole(path, call)
    if reader is None:
        raise DataError(
            call,
            f"a file of data ends in {', '.join(READERS)}",
            f"{path.name!r}",
            f"Convert it, or use an embedded set: {', '.join(EMBEDDED)}.",
        )
    if not content:
        raise DataError(call, f"{path.name} holds a table", "an empty file", "Check how the file was made.")
    return reader(content, path, call, text_columns)


def read_csv(content: bytes, path: Path, call: str, text_columns: frozenset[str]) -> Table:
    """Return the table of a CSV file."""
    return Table(read_delimited(content, path, call, text_columns), None, path.name)


def read_parquet(content: bytes, path: Path, call: str, _: frozenset[str]) -> Table:
    """Return the table of a Parquet file."""
    try:
        return Table(pl.read_parquet(io.BytesIO(content)), None, path.name)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DataError(
            call,
            f"{path.name} is a whole Parquet file",
            f"one that cannot be read: {said(error)}",
            "Check that it was written and copied completely.",
        ) from None


def read_npz(content: bytes, path: Path, call: str, _: frozenset[str]) -> Table:
    """Return the table of a NumPy archive."""
    return read_numpy_archive(content, path, call)


READERS: dict[str, Reader] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
    ".npz": read_npz,
}


def read_frame(data: object, call: str) -> pl.DataFrame:
    """Return a frame of another library, or a dictionary of columns, as a polars frame.

    Raises
    ------
    DataError
        Columns share a name, differ in length or mix types.
    ArgumentTypeError
        ``data`` is neither.

    Examples
    --------
    >>> read_frame({"size": [1, 2]}, "fit_table").shape
    (2, 1)
    """
    if isinstance(data, pl.DataFrame):
        return data
    try:
        if isinstance(data, Mapping):
            return pl.DataFrame({str(name): column for name, column in data.items()})
        return frame_through_narwhals(data, call)
    except (pl.exceptions.PolarsError, ValueError, TypeError, ImportError) as error:
        if isinstance(error, ArgumentTypeError):
            raise
        raise DataError(
            call,
            "a table has columns of one length, each with a name of its own and values of one type",
            f"one that cannot be converted: {said(error)}",
            "Repair the column, or convert it to text.",
        ) from None


def frame_through_narwhals(data: object, call: str) -> pl.DataFrame:
    """Return a pandas or pyarrow frame, or a lazy polars one, as a polars frame."""
    import narwhals as nw  # here, since a dictionary or a file does without

    try:
        frame: Any = nw.from_native(data)
    except TypeError:
        raise ArgumentTypeError(
            call,
            "data is a path, an embedded set, a pandas, polars or pyarrow frame, or a dictionary of columns",
            f"{type(data).__module__}.{type(data).__qualname__}",
            "Put the arrays into a dictionary, or use SoftmaxClassifier, which takes arrays.",
        ) from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    converted: pl.DataFrame = frame.to_polars()
    return converted
