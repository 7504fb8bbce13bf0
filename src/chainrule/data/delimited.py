"""Comma-separated text: one line names the columns, every other line is a row."""

import csv
import io
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.refusals import said
from chainrule.data.text_types import read_typed
from chainrule.errors import DataError

SEPARATORS = ",;\t|"  # the one that the first line holds most often separates; on a draw the one named first


def read_delimited(
    content: bytes, path: Path, call: str, text_columns: frozenset[str] = frozenset()
) -> pl.DataFrame:
    r"""Return the table of a CSV file; the kind of each column is found from all of its values.

    Parameters
    ----------
    content : bytes
        The whole file: UTF-8, columns separated by one of ``SEPARATORS``, text quoted by ``"`` where needed.
    path : Path
        Its name, for messages.
    call : str
        Who asks, for messages.
    text_columns : frozenset of str
        Columns that stay text even if every value looks like a number or a date (a model that learned the categories
        "1", "2" and "2b" must find "1" in a file that has no "2b").

    Returns
    -------
    polars.DataFrame
        ISO dates and times become dates and times, true and false become booleans; empty fields and
        ``text_types.MISSING_VALUES`` become missing values. Blank lines are passed over.

    Raises
    ------
    DataError
        The file is empty, is not UTF-8, names a column twice, or has a row with too few or too many fields.

    Examples
    --------
    >>> read_delimited(b"day,size\n2024-03-01,1.5\n2024-03-02,NA\n", Path("days.csv"), "fit_table").rows()
    [(datetime.date(2024, 3, 1), 1.5), (datetime.date(2024, 3, 2), None)]
    """
    text = decode(content, path, call)
    header = text[: (text.find("\n") + 1) or len(text)]
    separator = max(SEPARATORS, key=header.count)
    columns = read_header(text, separator, path, call)
    try:
        frame = read_typed(text.encode(), separator, text_columns & set(columns))
    except pl.exceptions.PolarsError as error:
        refuse_ragged(field_counts(text, separator), len(columns), path, call)
        raise DataError(
            call,
            f"{path.name} is a table of comma-separated text",
            f"one that cannot be parsed: {said(error)}",
            "Look for an opened quotation mark that is never closed.",
        ) from None
    return without_blank_lines(frame, text, separator, path, call)


def decode(content: bytes, path: Path, call: str) -> str:
    """Return the file's text, or name the line of the first byte that is not UTF-8."""
    rule = f"{path.name} holds text in UTF-8"
    if b"\0" in content[:4096]:
        raise DataError(call, rule, "bytes of zero", "Save the table as CSV in UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        came = f"byte 0x{content[error.start]:02x} in line {line}"
        raise DataError(call, rule, came, "Convert the file, for example with iconv -t UTF-8.") from None
    if not text.strip():
        raise DataError(
            call,
            f"{path.name} has a line of column names and rows below it",
            "an empty file",
            "Check how the file was made.",
        )
    return text.lstrip("\r\n")


def read_header(text: str, separator: str, path: Path, call: str) -> list[str]:
    """Return the names of the columns, each different."""
    columns = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    name, times = Counter(columns).most_common(1)[0]
    if times > 1:
        raise DataError(
            call,
            f"the columns of {path.name} have different names",
            f"{name!r} {times} times",
            "Rename the columns in the file's first line.",
        )
    return columns


def without_blank_lines(
    frame: pl.DataFrame, text: str, separator: str, path: Path, call: str
) -> pl.DataFrame:
    """Return the frame without the rows of blank lines, which polars fills with missing values, as it does short rows.

    Both leave the last column missing, so that only files with such values are read once more to count fields.
    """
    if frame.width == 1 or frame[:, -1].null_count() == 0:
        return frame
    counts = field_counts(text, separator)
    refuse_ragged(counts, frame.width, path, call)
    return frame.filter(pl.Series(counts > 0)) if len(counts) == frame.height else frame


def field_counts(text: str, separator: str) -> Array:
    """Return the number of fields of each row below the header, 0 for a blank line."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    next(rows)
    try:
        return np.fromiter(map(len, rows), dtype=np.int64)
    except csv.Error:  # a field beyond the reader's limit: an unclosed quotation mark, which polars reports
        return np.zeros(0, dtype=np.int64)


def refuse_ragged(counts: Array, width: int, path: Path, call: str) -> None:
    """Refuse the first row whose number of fields is not the header's."""
    ragged = np.flatnonzero((counts != width) & (counts > 0))
    if len(ragged):
        row = int(ragged[0])
        raise DataError(
            call,
            f"every row of {path.name} has {width} fields, as its first line",
            f"{counts[row]} in row {row} (rows are counted from 0 below the column names)",
            "Check that row for a missing separator or an unquoted one.",
        )
