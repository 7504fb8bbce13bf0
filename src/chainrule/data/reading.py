"""From whatever holds a labelled table to one :class:`~chainrule.data.table.Table`."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np

from chainrule.data.blocks import FORMATS, open_blocks
from chainrule.data.delimited import read_delimited
from chainrule.data.embedded import EMBEDDED, read_embedded
from chainrule.data.frames import read_frame
from chainrule.data.numpy_archive import read_numpy_archive, read_numpy_array
from chainrule.data.refusals import quoted
from chainrule.data.svmlight import ENDINGS as SVMLIGHT
from chainrule.data.svmlight import read_svmlight
from chainrule.data.table import Table, require_column
from chainrule.errors import ArgumentTypeError, DataError
from chainrule.files import read_whole

# What a reader takes: the content, its path, who asks, columns that stay text, and the column of labels.
Reader: TypeAlias = Callable[[bytes, Path, str, frozenset[str], str | None], Table]


def read_table(
    data: object,
    target: object = None,
    *,
    call: str = "read_table",
    text_columns: Iterable[str] = (),
    label_column: str | None = None,
) -> Table:
    """Return a table from a file, an embedded set, a frame or a dictionary of columns.

    Parameters
    ----------
    data : path, str, frame or mapping
        The path of a .csv, .tsv, .parquet, .arrow, .npz or .npy file, a folder of Parquet or Arrow files or a pattern
        for them; "digits", "iris", "wine" or "breast-cancer" for the sets that
        come with scikit-learn ("./iris" for a file of that name); a pandas, polars or pyarrow frame; or a dictionary
        of columns.
    target : str or None
        The target column; a number or tuple that names a column of a frame counts as its text. Beside a .npy file the
        name of another, which holds the labels. None takes what the data itself says: ``y`` of an archive, the
        embedded set's own.
    call : str
        Who asks, for messages.
    text_columns : iterable of str
        Columns of a CSV file that stay text whatever they look like.
    label_column : str or None
        The column of labels where it may be absent, and ``target`` is None for that: in labels of a CSV file, words
        such as None are no missing values.

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
        ``data`` is nothing that holds a table, or ``target`` nothing that names a column.

    Examples
    --------
    >>> read_table({"size": [1, 2], "kind": ["a", "b"]}, "kind").target
    'kind'
    """
    name = column_name(target, call)
    if isinstance(data, str) and data in EMBEDDED:
        table = read_embedded(data)
    elif isinstance(data, str | os.PathLike):
        path = Path(os.fsdecode(data))
        require_plain(path, call)
        blocks = open_blocks(path, call)
        if blocks is not None:
            table = Table(blocks.read(0, blocks.n_rows, call), None, blocks.source)
        else:
            table = read_file(path, call, frozenset(text_columns), label_column if name is None else name)
    else:
        table = Table(read_frame(data, call), None, "the table")
    if name is None or name.lower().endswith(".npy"):
        return table
    return Table(table.frame, require_column(table.frame.columns, name, table.source, call), table.source)


def column_name(target: object, call: str) -> str | None:
    """Return the name of the target column as text."""
    if target is None or isinstance(target, str):
        return target
    if isinstance(target, int | float | tuple | np.integer | np.floating):
        return str(target)
    raise ArgumentTypeError(
        call,
        "target is the name of a column",
        f"{type(target).__module__}.{type(target).__qualname__}",
        "Name the column that holds the labels; labels of their own belong into the table first.",
    )


def read_file(path: Path, call: str, text_columns: frozenset[str], target: str | None) -> Table:
    """Return the table of a file, by its ending."""
    reader = READERS.get(path.suffix.lower())
    content = read_whole(path, call)
    if reader is None:
        raise DataError(
            call,
            f"a file of data ends in {', '.join(ENDINGS)}",
            f"{path.name!r}",
            f"Convert it, or use an embedded set: {', '.join(EMBEDDED)}.",
        )
    if not content:
        raise DataError(call, f"{path.name} holds a table", "an empty file", "Check how the file was made.")
    return reader(content, path, call, text_columns, target)


def require_plain(path: Path, call: str) -> None:
    """Refuse a path that no system knows."""
    if "\0" in str(path):
        raise DataError(call, "a path holds no zero byte", quoted(str(path)), "Correct the path.")


def read_csv(
    content: bytes, path: Path, call: str, text_columns: frozenset[str], target: str | None
) -> Table:
    """Return the table of a CSV file."""
    return Table(read_delimited(content, path, call, text_columns, target), None, path.name)


def read_npy(content: bytes, path: Path, call: str, _: frozenset[str], target: str | None) -> Table:
    """Return the table of a NumPy array; the target may be the array of labels in another file."""
    labels = None
    if target is not None and target.lower().endswith(".npy"):
        labels = Path(target), read_whole(target, call)
    return read_numpy_array(content, path, labels, call)


def read_sparse(content: bytes, path: Path, call: str, _: frozenset[str], __: str | None) -> Table:
    """Return the table of a svmlight file."""
    return read_svmlight(content, path, call)


def read_npz(content: bytes, path: Path, call: str, _: frozenset[str], __: str | None) -> Table:
    """Return the table of a NumPy archive."""
    return read_numpy_archive(content, path, call)


READERS: dict[str, Reader] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".npz": read_npz,
    ".npy": read_npy,
    **dict.fromkeys(SVMLIGHT, read_sparse),
}
ENDINGS = (*READERS, *FORMATS)
