"""What every encoded column can do, and the encodings of each kind of column."""

from typing import Any, Protocol, TypeAlias

import polars as pl

from chainrule._types import Array, FloatArray
from chainrule.data.kinds import Kind

JsonValue: TypeAlias = dict[str, Any]


class ColumnEncoding(Protocol):
    """How one column of a table becomes one or more numeric features."""

    @property
    def name(self) -> str:
        """The column's name."""

    @property
    def kind(self) -> Kind:
        """The kind of its values."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name for each feature the column becomes."""

    def encode(self, column: pl.Series, out: Array) -> None:
        """Write the features of a column of the right kind into ``out``, zeros of shape (examples, features)."""

    def to_json_value(self) -> JsonValue:
        """Return plain values from which an equal encoding can be made."""


def write_scaled(scaled: FloatArray, out: Array, *, indicator: bool) -> None:
    """Write scaled numbers into the first column of ``out``, missing ones (NaN) as 0, and which are in the last."""
    missing = scaled != scaled
    scaled[missing] = 0.0
    if out.shape[1] > int(indicator):
        out[:, 0] = scaled
    if indicator:
        out[:, -1] = missing
