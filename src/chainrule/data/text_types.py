"""The types of the columns of a text file, found from all of their values, by polars."""

import io
from collections.abc import Mapping

import polars as pl

# What stands for a missing value, besides nothing at all: the list that pandas uses.
MISSING_VALUES = (
    *(
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
    ),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
)

FIRST_ROWS = 10_000  # types found here are nearly always those of the whole file, at a sixth of the time
DATES_SEEN = 1_000  # values that must all look like dates before a column is tried as dates


def read_typed(content: bytes, separator: str, text_columns: frozenset[str]) -> pl.DataFrame:
    r"""Return the table of a text file whose first line names the columns.

    Parameters
    ----------
    content : bytes
        UTF-8.
    separator : str
        One character.
    text_columns : frozenset of str
        Columns, all of them in the file, that stay text.

    Returns
    -------
    polars.DataFrame
        Integers, floats, booleans, dates, dates with time and times where every value of a column is one.

    Raises
    ------
    polars.exceptions.PolarsError
        The text is no table.

    Examples
    --------
    >>> read_typed(b"a,b\n1,2024-02-29\n2,NA\n", ",", frozenset()).dtypes
    [Int64, Date]
    """
    kept: dict[str, pl.DataType] = {name: pl.String() for name in text_columns}
    try:
        frame = parse(content, separator, FIRST_ROWS, kept)
    except pl.exceptions.ComputeError:  # a later value is not what the first rows let expect
        frame = parse(content, separator, None, kept)
    else:
        if any(text_columns_without_values(frame.head(FIRST_ROWS))) and frame.height > FIRST_ROWS:
            frame = parse(content, separator, None, kept)
    # polars would look for dates itself, at twenty times the time where it looks at all rows.
    return frame.with_columns(
        as_dates(column)
        for column in frame.iter_columns()
        if column.dtype == pl.String and column.name not in text_columns
    )


def parse(
    content: bytes,
    separator: str,
    inferred_rows: int | None,
    types: Mapping[str, pl.DataType],
    *,
    dates: bool = False,
) -> pl.DataFrame:
    """Return the table as polars reads it, its types found from so many rows, or from all of them."""
    return pl.read_csv(
        io.BytesIO(content),
        separator=separator,
        null_values=list(MISSING_VALUES),
        infer_schema_length=inferred_rows,
        schema_overrides=types,
        try_parse_dates=dates,
    )


def text_columns_without_values(frame: pl.DataFrame) -> list[str]:
    """Return the columns whose type could not be found, for lack of values."""
    return [
        column.name
        for column in frame.iter_columns()
        if column.dtype == pl.String and column.null_count() == frame.height
    ]


def as_dates(column: pl.Series) -> pl.Series:
    """Return a column of text as dates, dates with time or times if every value is one, else as it is.

    Examples
    --------
    >>> as_dates(pl.Series("day", ["2024-02-29", None])).dtype, as_dates(pl.Series("day", ["2024-02-30"])).dtype
    (Date, String)
    """
    first = parse_one(column.drop_nulls().head(DATES_SEEN), None)
    if first is None or not first.dtype.is_temporal():
        return column
    whole = parse_one(column, first.dtype)
    return column if whole is None or whole.null_count() != column.null_count() else whole


def parse_one(column: pl.Series, dtype: pl.DataType | None) -> pl.Series | None:
    """Return a column of text parsed as a type, or as the one its values have; None if that fails."""
    text = column.to_frame("text").write_csv(null_value="NA").encode()
    try:
        parsed = parse(text, ",", None, {} if dtype is None else {"text": dtype}, dates=True)
    except pl.exceptions.PolarsError:
        return None
    return parsed["text"].alias(column.name) if parsed.height == len(column) else None
