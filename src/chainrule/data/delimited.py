"""Comma-separated text: one line names the columns, every other line is a row."""

import io
import re
from pathlib import Path

import polars as pl

from chainrule.data.csv_fields import (
    field_counts,
    read_header,
    refuse_open_quotation,
    refuse_ragged,
    refuse_repeated_names,
)
from chainrule.data.refusals import said
from chainrule.data.text_types import typed
from chainrule.errors import DataError


def read_delimited(
    content: bytes,
    path: Path,
    call: str,
    text_columns: frozenset[str] = frozenset(),
    target: str | None = None,
) -> pl.DataFrame:
    r"""Return the table of a CSV file; the kind of each column is found from all of its values.

    Parameters
    ----------
    content : bytes
        The whole file: UTF-8, columns separated by one of ``SEPARATORS``, text quoted by ``"`` where needed. Blanks
        around names and values do not count.
    path : Path
        Its name, for messages.
    call : str
        Who asks, for messages.
    text_columns : frozenset of str
        Columns that stay text even if every value looks like a number or a date (a model that learned the categories
        "1", "2" and "2b" must find "1" in a file that has no "2b").
    target : str or None
        The column of labels, in which words such as None are labels too.

    Returns
    -------
    polars.DataFrame
        ISO dates and times become dates and times, true and false become booleans; empty fields and
        ``text_types.MISSING_VALUES`` become missing values. Blank lines are passed over.

    Raises
    ------
    DataError
        The file is empty, is not UTF-8, names a column twice, leaves a quotation mark open, or has a row with too few
        or too many fields.

    Examples
    --------
    >>> read_delimited(b"day,size\n2024-03-01, 1.5\n2024-03-02, NA\n", Path("days.csv"), "fit_table").rows()
    [(datetime.date(2024, 3, 1), 1.5), (datetime.date(2024, 3, 2), None)]
    """
    text = decode(content, path, call)
    refuse_open_quotation(content, path, call)
    columns, separator, length = read_header(text, path, call)
    refuse_repeated_names(columns, path, call)
    rows = text[length:].encode()
    frame = read_text(rows, separator, len(columns), path, call)
    frame.columns = columns
    return typed(frame, text_columns, None if target is None else target.strip())


def decode(content: bytes, path: Path, call: str) -> str:
    """Return the file's text from its first line on, or name the line of the first byte that is not UTF-8."""
    rule = f"{path.name} holds text in UTF-8"
    if b"\0" in content:
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
    if "\n" not in text:  # lines that end as they did on a Macintosh before the year 2001
        text = text.replace("\r", "\n")
    return re.sub(r"\A(?: *\r?\n)+", "", text)


def read_text(rows: bytes, separator: str, width: int, path: Path, call: str, first: int = 0) -> pl.DataFrame:
    """Return the rows as text, in columns that are numbered; rows are counted from ``first``."""
    header = separator.join(map(str, range(width))).encode() + b"\n"
    try:
        frame = pl.read_csv(io.BytesIO(header + rows), separator=separator, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        refuse_ragged(field_counts(rows, separator), width, path, call, first)
        raise DataError(
            call,
            f"{path.name} is a table of comma-separated text",
            f"one that cannot be parsed: {said(error)}",
            'Put text that holds a quotation mark between two, and write the mark itself twice: "5"" pipe".',
        ) from None
    return without_blank_lines(frame, rows, separator, path, call, first)


def without_blank_lines(
    frame: pl.DataFrame, rows: bytes, separator: str, path: Path, call: str, first: int
) -> pl.DataFrame:
    """Return the frame without the rows of blank lines, which polars fills with missing values, as it does short rows.

    Both leave the last column missing, so that only files with such values are read once more to count fields.
    """
    if frame.width == 1 or frame[:, -1].null_count() == 0:
        return frame
    counts = field_counts(rows, separator)
    refuse_ragged(counts, frame.width, path, call, first)
    return frame.filter(pl.Series(counts > 0)) if len(counts) == frame.height else frame
