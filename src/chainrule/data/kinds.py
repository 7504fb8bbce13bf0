"""What kind of column a type of values makes: the kinds are what the encoder and its messages speak of."""

from enum import StrEnum

import polars as pl


class Kind(StrEnum):
    """The kinds of columns; the value is the word in model files, ``phrase`` the words in messages."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    HASHED = "hashed"
    TEXT = "text"
    DATE = "date"
    TIME = "time"
    DURATION = "duration"
    SPARSE = "sparse"

    @property
    def phrase(self) -> str:
        """What a column of this kind holds, in the words of a message."""
        return PHRASES[self]


PHRASES = {
    Kind.NUMBER: "numbers",
    Kind.BOOLEAN: "true and false",
    Kind.CATEGORY: "text",
    Kind.HASHED: "text",
    Kind.TEXT: "text",
    Kind.DATE: "dates",
    Kind.TIME: "times of day",
    Kind.DURATION: "durations",
    Kind.SPARSE: "lists of features and values",
}

WORDS = frozenset({Kind.CATEGORY, Kind.HASHED, Kind.TEXT})
"""The kinds of columns whose values are text."""


FEATURE, VALUE = "feature", "value"
COMPRESSED = pl.Struct({FEATURE: pl.Int32, VALUE: pl.Float64})
"""An entry of compressed rows, of which a column holds a list in each row."""


def kind_of(dtype: pl.DataType) -> Kind | None:
    """Return the kind of a polars type, None for one that no encoding serves (lists, structures, bytes, objects).

    Integers, floats and decimals are one kind, as are dates and dates with a time; all text is CATEGORY, for its type
    does not tell words from names.

    Examples
    --------
    >>> kind_of(pl.Int8()), kind_of(pl.List(pl.Int8()))
    (<Kind.NUMBER: 'number'>, None)
    """
    if dtype.is_numeric():
        return Kind.NUMBER
    if isinstance(dtype, pl.List) and dtype.inner == COMPRESSED:
        return Kind.SPARSE
    return {
        pl.Boolean: Kind.BOOLEAN,
        pl.String: Kind.CATEGORY,
        pl.Categorical: Kind.CATEGORY,
        pl.Enum: Kind.CATEGORY,
        pl.Date: Kind.DATE,
        pl.Datetime: Kind.DATE,
        pl.Time: Kind.TIME,
        pl.Duration: Kind.DURATION,
    }.get(dtype.base_type())


def is_all_missing(column: pl.Series) -> bool:
    """Return whether a column has no value: null everywhere, or NaN in floats.

    Examples
    --------
    >>> is_all_missing(pl.Series([None, float("nan")]))
    True
    """
    return missing_values(column) == len(column)


def has_missing(column: pl.Series) -> bool:
    """Return whether a column has missing values: null, or NaN in floats."""
    return missing_values(column) > 0


def missing_values(column: pl.Series) -> int:
    """Return how many values are missing."""
    missing = column.null_count()
    if column.dtype.is_float() and missing < len(column):
        missing += int(column.is_nan().sum())
    return missing
