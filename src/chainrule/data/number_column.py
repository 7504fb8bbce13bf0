"""Columns of numbers, times and durations: one scaled feature, and one that says where it is missing."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from chainrule._types import Array, FloatArray
from chainrule.data.calendar_parts import units_per_day
from chainrule.data.column_encoding import JsonValue, flag_of, readable, text_of, write_scaled
from chainrule.data.kinds import Kind
from chainrule.data.robust_scaling import RobustScaling


@dataclass(frozen=True)
class NumberColumn:
    """A column whose values are numbers, or become numbers: times of day and durations count in days.

    Parameters
    ----------
    name : str
        The column's name.
    kind : Kind
        NUMBER, TIME (days since midnight) or DURATION (days).
    scaling : RobustScaling
        Of the values in training. A spread of 0 (one value only, and missing ones) makes no feature.
    indicator : bool
        Whether training had missing values: they are a feature then. In either case a missing value counts as the
        median.

    Examples
    --------
    >>> column = NumberColumn.fit(pl.Series("size", [1.0, 2.0, 3.0, None]), Kind.NUMBER)
    >>> column.feature_names
    ('size', 'size is missing')
    >>> out = np.zeros((2, 2), np.float32)
    >>> column.encode(pl.Series("size", [3, None]), out)
    >>> out.round(3)
    array([[0.949, 0.   ],
           [0.   , 1.   ]], dtype=float32)
    """

    name: str
    kind: Kind
    scaling: RobustScaling
    indicator: bool

    @classmethod
    def fit(cls, column: pl.Series, kind: Kind, *, indicator: bool | None = None) -> "NumberColumn | None":
        """Return the encoding of a column with at least one value, None if nothing varies in it."""
        numbers = as_numbers(column, kind)
        present = numbers[~np.isnan(numbers)]
        scaling = RobustScaling.fit(present)
        indicator = len(present) < len(numbers) if indicator is None else indicator
        if scaling.spread == 0.0 and not indicator:
            return None
        return cls(column.name, kind, scaling, indicator)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The column's own name, and one for the missing values."""
        name = readable(self.name)
        scaled = (name,) if self.scaling.spread > 0.0 else ()
        return (*scaled, f"{name} is missing") if self.indicator else scaled

    @property
    def n_features(self) -> int:
        """The number of :attr:`feature_names`."""
        return len(self.feature_names)

    def encode(self, column: pl.Series, out: Array) -> None:
        """Write the features of a column of the same kind into ``out`` (examples, features)."""
        write_scaled(self.scaling.apply(as_numbers(column, self.kind)), out, indicator=self.indicator)

    def to_json_value(self) -> JsonValue:
        """Return plain values, from which :meth:`from_json_value` makes an equal encoding."""
        scaling = self.scaling.to_json_value()
        return {"name": self.name, "kind": self.kind.value, "indicator": self.indicator, **scaling}

    @classmethod
    def from_json_value(cls, value: JsonValue) -> "NumberColumn":
        """Return the encoding that :meth:`to_json_value` described."""
        scaling = RobustScaling.from_json_value(value)
        return cls(text_of(value, "name"), Kind(value["kind"]), scaling, flag_of(value, "indicator"))


def as_numbers(column: pl.Series, kind: Kind) -> FloatArray:
    """Return a column as float64, shape (n,), NaN where a value is missing.

    Dates are days since 1970-01-01, in UTC where the column has a time zone.

    Examples
    --------
    >>> from datetime import date
    >>> as_numbers(pl.Series([date(1970, 1, 2), None]), Kind.DATE).tolist()
    [1.0, nan]
    """
    if kind is Kind.NUMBER or column.null_count() == len(column):
        return to_floats(column)
    if column.dtype == pl.Date:
        return to_floats(column.to_physical())
    per_day = units_per_day(column.dtype)
    # Stored integers, since polars cannot change the unit of all of them. Whole days are exact; the rest rounds once.
    stored = column.to_physical()
    return to_floats(stored // per_day) + to_floats(stored % per_day) / per_day


def to_floats(column: pl.Series) -> FloatArray:
    """Return a numeric column as a fresh float64 array, NaN where a value is missing."""
    return np.array(column.cast(pl.Float64).to_numpy(), dtype=np.float64)
