"""The types of the columns of a text file, found from all of their values."""

from itertools import islice

import polars as pl

from chainrule.data.iso_dates import as_dates, as_times

# What stands for a missing value, besides nothing at all: the list that pandas uses.
# fmt: off
MISSING_VALUES = (
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
)
# fmt: on
# Among numbers alone these are missing values too; elsewhere they are text.
MISSING_AMONG_NUMBERS = (*MISSING_VALUES, "NAN", "NONE", "Nan", "Null", "none", "?")

TRUE, FALSE = ("True", "TRUE", "true"), ("False", "FALSE", "false")
INTEGER = r"^[+-]?[0-9]+$"
FIRST_ROWS = 1_000  # what these are not, the whole column is not
COLUMNS_AT_ONCE = 256  # one call of polars for so many columns; more of them would only hold more copies


def typed(frame: pl.DataFrame, text_columns: frozenset[str], target: str | None = None) -> pl.DataFrame:
    """Return a table of text with every column in the type that all of its values have.

    Blanks around a value do not count, and a value of blanks alone is missing.

    Parameters
    ----------
    frame : polars.DataFrame, shape (examples, columns)
        Text throughout.
    text_columns : frozenset of str
        Columns that stay text whatever they look like.
    target : str or None
        The column of labels, in which words such as None are labels as well, unless all other values are numbers.

    Returns
    -------
    polars.DataFrame
        Integers of 64 bits, floats, booleans, dates, dates with time, times and text. Integers beyond 64 bits are
        floats, in the target text; integers of which one has a leading zero are text.

    Examples
    --------
    >>> frame = pl.DataFrame({"a": ["1", " 2"], "b": ["2024-02-29", "NA"], "c": ["007", "12"]})
    >>> typed(frame, frozenset()).dtypes
    [Int64, Date, String]
    """
    columns = iter(frame.get_columns())
    found: list[pl.Series] = []
    while block := list(islice(columns, COLUMNS_AT_ONCE)):
        together = pl.DataFrame(block)
        floats = together.cast(pl.Float64, strict=False)
        unusual = together.select(has_leading_zeros(pl.all())).row(0)
        not_numbers = floats.select(pl.all().is_nan().any()).row(0)
        for text, numbers, zeros, nan in zip(block, floats.iter_columns(), unusual, not_numbers, strict=True):
            is_target = text.name == target
            if text.name in text_columns:
                found.append(stripped(text) if is_target else with_missing(stripped(text), MISSING_VALUES))
            elif zeros or nan or numbers.null_count() > text.null_count():
                found.append(typed_column(stripped(text), is_target))
            else:  # what nearly all columns of large tables are
                found.append(as_integers(text, numbers, is_target))
    return pl.DataFrame({column.name: column for column in found})


def typed_column(text: pl.Series, is_target: bool) -> pl.Series:
    """Return a column of bare text in the type that all of its values have."""
    numbers = without_words(text)
    if numbers is not None and not (is_target and numbers.null_count() == len(numbers)):
        return as_numbers(numbers, is_target)
    known = text if is_target else with_missing(text, MISSING_VALUES)
    for read in (as_booleans, as_dates, as_times):
        value = read(known)
        if value.dtype != pl.String:
            return value
    return known


def stripped(text: pl.Series) -> pl.Series:
    """Return text without the blanks around it, null where nothing is left."""
    bare = text.str.strip_chars()
    return without(bare, bare == "")


def with_missing(text: pl.Series, words: tuple[str, ...]) -> pl.Series:
    """Return text with null in place of some words."""
    return without(text, text.is_in(words))


def without(text: pl.Series, unwanted: pl.Series) -> pl.Series:
    """Return text with null where ``unwanted`` is true."""
    if not unwanted.any():
        return text
    return pl.select(pl.when(~unwanted).then(text)).to_series().alias(text.name)


def without_words(text: pl.Series) -> pl.Series | None:
    """Return text of which every value is a number or a word for a missing one, the words null; None for other text."""
    first = text.head(FIRST_ROWS)
    if not (is_number(first) | first.is_in(MISSING_AMONG_NUMBERS)).all():
        return None
    known = with_missing(text, MISSING_AMONG_NUMBERS)
    return known if is_number(known).all() else None


def is_number(text: pl.Series) -> pl.Series:
    """Return where text is a number, or missing."""
    return text.cast(pl.Float64, strict=False).is_not_null() | text.is_null()


def as_numbers(text: pl.Series, is_target: bool) -> pl.Series:
    """Return a column of which every value is a number as numbers, or as text where integers are codes."""
    if text.to_frame("text").select(has_leading_zeros(pl.col("text"))).item() and is_integers(text):
        return text
    return as_integers(text, text.cast(pl.Float64), is_target)


def as_integers(text: pl.Series, numbers: pl.Series, is_target: bool) -> pl.Series:
    """Return numbers as integers if all are, labels beyond 64 bits as text, else as the floats that they are."""
    first = text.head(FIRST_ROWS)
    if first.cast(pl.Int64, strict=False).null_count() == first.null_count():
        whole = text.cast(pl.Int64, strict=False)
        if whole.null_count() == text.null_count():
            return whole
    return text if is_target and is_integers(text) else numbers


def is_integers(text: pl.Series) -> bool:
    """Return whether every value is an integer of any length, or missing."""
    return bool(text.str.contains(INTEGER).all())


def has_leading_zeros(column: pl.Expr) -> pl.Expr:
    """Return whether a value begins as 007 does: the zeros would be lost in a number."""
    # 0.5 and 0 have none; the rare 0e5 is looked at more closely. Three plain tests take less than one pattern.
    return (column.str.starts_with("0") & (column.str.len_bytes() > 1) & ~column.str.starts_with("0.")).any()


def as_booleans(text: pl.Series) -> pl.Series:
    """Return a column of text as booleans if every value is true or false, else as it is."""
    if not text.head(FIRST_ROWS).is_in(TRUE + FALSE).all() or not text.is_in(TRUE + FALSE).all():
        return text
    return text.is_in(TRUE)
