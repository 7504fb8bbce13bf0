"""Columns of true and false: one feature, 1 and -1, and one that says where it is missing."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.column_encoding import JsonValue, flag_of, readable, text_of, write_scaled
from chainrule.data.kinds import Kind, has_missing


@dataclass(frozen=True)
class BooleanColumn:
    """A column of true (1) and false (-1); missing values are 0, half way.

    Parameters
    ----------
    name : str
        The column's name.
    varies : bool
        Whether training had both values; without it only the missing values make a feature.
    indicator : bool
        Whether training had missing values.

    Examples
    --------
    >>> column = BooleanColumn.fit(pl.Series("paid", [True, False, None]))
    >>> out = np.zeros((2, 2), np.float32)
    >>> column.encode(pl.Series("paid", [False, None]), out)
    >>> out.tolist()
    [[-1.0, 0.0], [0.0, 1.0]]
    """

    name: str
    varies: bool
    indicator: bool
    kind: ClassVar[Kind] = Kind.BOOLEAN

    @classmethod
    def fit(cls, column: pl.Series, *, indicator: bool | None = None) -> "BooleanColumn | None":
        """Return the encoding of a column with at least one value, None if nothing varies in it."""
        varies = column.drop_nulls().n_unique() > 1
        indicator = has_missing(column) if indicator is None else indicator
        return cls(column.name, varies, indicator) if varies or indicator else None

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The column's own name, and one for the missing values."""
        name = readable(self.name)
        value = (name,) if self.varies else ()
        return (*value, f"{name} is missing") if self.indicator else value

    @property
    def n_features(self) -> int:
        """The number of :attr:`feature_names`."""
        return len(self.feature_names)

    def encode(self, column: pl.Series, out: Array) -> None:
        """Write the features of a column of the same kind into ``out`` (examples, features)."""
        values = np.array(column.cast(pl.Boolean).cast(pl.Float64).to_numpy())
        write_scaled(2.0 * values - 1.0, out, indicator=self.indicator)

    def to_json_value(self) -> JsonValue:
        """Return plain values, from which :meth:`from_json_value` makes an equal encoding."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "varies": self.varies,
            "indicator": self.indicator,
        }

    @classmethod
    def from_json_value(cls, value: JsonValue) -> "BooleanColumn":
        """Return the encoding that :meth:`to_json_value` described."""
        return cls(text_of(value, "name"), flag_of(value, "varies"), flag_of(value, "indicator"))
