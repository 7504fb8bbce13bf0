"""Where the fields of comma-separated text are: separators, line breaks and quotation marks, counted with NumPy."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from chainrule._types import Array
from chainrule.data.refusals import quoted, said
from chainrule.errors import DataError

SEPARATORS = ",;\t|"  # the one that splits the first line most often; on a draw the one named first


def read_header(text: str, path: Path, call: str) -> tuple[list[str], str, int]:
    r"""Return the names of the columns, the separator, and how many characters the line of names takes.

    Examples
    --------
    >>> read_header('"x;z",size;kind\n1;2;3', Path("t.csv"), "fit_table")
    (['x;z', 'size;kind'], ',', 16)
    """
    return max(
        (split_header(text, separator, path, call) for separator in SEPARATORS), key=lambda h: len(h[0])
    )


def split_header(text: str, separator: str, path: Path, call: str) -> tuple[list[str], str, int]:
    """Return what :func:`read_header` does, for one separator."""
    taken: list[int] = []
    try:
        fields = next(csv.reader(lines_of(text, taken), delimiter=separator))
    except csv.Error as error:
        raise DataError(
            call,
            f"the first line of {path.name} names its columns",
            f"one that cannot be read: {said(error)}",
            "Shorten the names, end lines in the same way throughout, and close every quotation mark.",
        ) from None
    return [field.strip() for field in fields], separator, sum(taken)


def lines_of(text: str, taken: list[int]) -> Iterator[str]:
    """Yield the lines of a text one by one, and note the length of each that was asked for."""
    start = 0
    while start < len(text):
        stop = text.find("\n", start) + 1 or len(text)
        taken.append(stop - start)
        yield text[start:stop]
        start = stop


def refuse_open_quotation(content: bytes, path: Path, call: str) -> None:
    """Refuse a text with an odd number of quotation marks: one of them is never closed."""
    marks = content.count(b'"')
    if marks % 2 == 0:
        return
    line = next(k for k, line in enumerate(content.split(b"\n"), 1) if line.count(b'"') % 2)
    raise DataError(
        call,
        f"every quotation mark in {path.name} is closed",
        f"{marks} of them, line {line} is the first with an odd number",
        'Close it; a quotation mark that belongs to the text is written twice, in a field between two: "5"" pipe".',
    )


def field_counts(rows: bytes, separator: str) -> Array:
    r"""Return the number of fields of each row, 0 for a blank line.

    Examples
    --------
    >>> field_counts(b'1,2\n\n"a,\nb",2\n3', ",").tolist()
    [2, 0, 2, 1]
    """
    data = np.frombuffer(rows if rows.endswith(b"\n") else rows + b"\n", dtype=np.uint8)
    # The running sum wraps at 256, which leaves its parity: odd between quotation marks.
    outside = np.cumsum(data == ord('"'), dtype=np.uint8) % 2 == 0
    ends = np.flatnonzero((data == ord("\n")) & outside)
    starts = np.append(0, ends[:-1] + 1)
    if not len(ends):
        return np.zeros(0, dtype=np.int64)
    separators = np.add.reduceat((data == ord(separator)) & outside, starts, dtype=np.int64)
    written = np.add.reduceat(~np.isin(data, np.frombuffer(b" \r\n", np.uint8)), starts, dtype=np.int64)
    return np.where(written == 0, 0, separators + 1)


def refuse_ragged(counts: Array, width: int, path: Path, call: str, first: int = 0) -> None:
    """Refuse the first row whose number of fields is not the header's; rows are counted from ``first``."""
    ragged = np.flatnonzero((counts != width) & (counts > 0))
    if len(ragged) == 0:
        return
    row = int(ragged[0])
    fields = "field" if width == 1 else "fields"
    remedy = "Check that row for a missing separator or an unquoted one."
    if width == 1 or len(np.unique(counts[counts > 0])) == 1:
        remedy = (
            "Check the first line: it names the columns, and is no title, comment or 'sep=' line; text that holds a "
            'separator stands between two marks ".'
            if counts[row] > width
            else "Check the first line: it has more names than the rows have fields."
        )
    raise DataError(
        call,
        f"every row of {path.name} has {width} {fields}, as its first line",
        f"{counts[row]} in row {first + row} (rows are counted from 0 below the column names)",
        remedy,
    )


def refuse_repeated_names(columns: list[str], path: Path, call: str) -> None:
    """Refuse a header that names a column twice."""
    name, times = Counter(columns).most_common(1)[0]
    if times > 1:
        raise DataError(
            call,
            f"the columns of {path.name} have different names",
            f"{quoted(name)} {times} times",
            "Rename the columns in the file's first line.",
        )
