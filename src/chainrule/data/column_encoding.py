"""What every encoded column can do, and the encodings of each kind of column."""

import math
from typing import Any, Protocol, TypeAlias, TypeGuard

import polars as pl

from chainrule._types import Array, FloatArray
from chainrule.data.kinds import Kind

JsonValue: TypeAlias = dict[str, Any]


class AnyColumnEncoding(Protocol):
    """What is known of every encoding: how one column of a table becomes one or more numeric features."""

    @property
    def name(self) -> str:
        """The column's name."""

    @property
    def kind(self) -> Kind:
        """The kind of its values."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name for each feature the column becomes."""

    @property
    def n_features(self) -> int:
        """How many features the column becomes."""

    def to_json_value(self) -> JsonValue:
        """Return plain values from which an equal encoding can be made."""


class ColumnEncoding(AnyColumnEncoding, Protocol):
    """An encoding with few features, most of which have a value in every row."""

    def encode(self, column: pl.Series, out: Array) -> None:
        """Write the features of a column of the right kind into ``out``, zeros of shape (examples, features)."""


class SparseColumnEncoding(AnyColumnEncoding, Protocol):
    """An encoding with many features, of which a row has few."""

    @property
    def entries_of_row(self) -> int:
        """About how many features a row has: what memory is planned by."""

    def encode_sparse(self, column: pl.Series) -> Any:
        """Return the features of a column of the right kind, scipy.sparse.csr_array of float32."""


def encodes_sparsely(encoding: AnyColumnEncoding) -> TypeGuard[SparseColumnEncoding]:
    """Return whether an encoding gives compressed rows."""
    return hasattr(type(encoding), "encode_sparse")


def write_scaled(scaled: FloatArray, out: Array, *, indicator: bool) -> None:
    """Write scaled numbers into the first column of ``out``, missing ones (NaN) as 0, and which are in the last."""
    missing = scaled != scaled
    scaled[missing] = 0.0
    if out.shape[1] > int(indicator):
        out[:, 0] = scaled
    if indicator:
        out[:, -1] = missing


def readable(name: str) -> str:
    """Return a column's name for the names of its features: a column without a name is ''."""
    return name or "''"


def text_of(value: JsonValue, key: str) -> str:
    """Return a text of a model file; KeyError, TypeError or ValueError if there is none that UTF-8 can write."""
    text = value[key]
    if not isinstance(text, str):
        raise TypeError(f"{key} is text")
    text.encode()
    return text


def flag_of(value: JsonValue, key: str) -> bool:
    """Return a truth value of a model file; KeyError or TypeError if there is none."""
    flag = value[key]
    if not isinstance(flag, bool):
        raise TypeError(f"{key} is true or false")
    return flag


def count_of(value: JsonValue, key: str, most: int) -> int:
    """Return a count of a model file, from 1 to ``most``; KeyError, TypeError or ValueError if there is none."""
    count = value[key]
    if type(count) is not int:
        raise TypeError(f"{key} is a count")
    if not 1 <= count <= most:
        raise ValueError(f"{key} is from 1 to {most}")
    return count


def number_of(value: JsonValue, key: str) -> float:
    """Return a finite number of a model file; KeyError, TypeError or ValueError if there is none."""
    number = value[key]
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"{key} is a number")
    if not math.isfinite(number):
        raise ValueError(f"{key} is finite")
    return float(number)
