"""Columns of dates: a line of time, and the parts of the calendar that vary, each as a point on a circle.

::

    (DC.1)  sin(2 pi k / n) / 4, cos(2 pi k / n) / 4
            month:  k = month - 1 + (day - 1) / 31, n = 12      weekday:  k = 0 (Monday) ... 6, n = 7
            day of the month:  k = day - 1, n = 31              hour:  k = hour + minute / 60, n = 24
            minute:  k = minute, n = 60

The last of December is beside the first of January, and 23:59 beside midnight. A quarter of the size of other features,
for most of these parts tell nothing of most classes (docs/decisions/tables.md has what was measured).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.calendar_parts import CalendarParts, calendar_parts
from chainrule.data.column_encoding import JsonValue, flag_of, readable, text_of
from chainrule.data.kinds import Kind, has_missing
from chainrule.data.number_column import as_numbers
from chainrule.data.robust_scaling import RobustScaling

PERIODS = {"month": 12, "weekday": 7, "day": 31, "hour": 24, "minute": 60}
RADIUS = 0.25


@dataclass(frozen=True)
class DateColumn:
    """A column of dates, with or without a time.

    Parameters
    ----------
    name : str
        The column's name.
    scaling : RobustScaling
        Of the days since 1970-01-01 in training, in UTC where the column has a time zone.
    circles : tuple of str
        The parts that varied in training, of "month", "weekday", "day" (of the month), "hour" and "minute", in this
        order: two features each, by (DC.1).
    indicator : bool
        Whether training had missing values: they are a feature then. In either case a missing value has 0 in all
        other features.

    Examples
    --------
    >>> from datetime import date
    >>> days = pl.Series("day", [date(2024, 1, 1), date(2024, 4, 1), None])
    >>> column = DateColumn.fit(days)
    >>> column.feature_names
    ('day', 'day: sine of month', 'day: cosine of month', 'day is missing')
    >>> out = np.zeros((3, 4), np.float32)
    >>> column.encode(days, out)
    >>> out.round(3) + 0.0
    array([[-0.949,  0.   ,  0.25 ,  0.   ],
           [ 0.949,  0.25 ,  0.   ,  0.   ],
           [ 0.   ,  0.   ,  0.   ,  1.   ]], dtype=float32)
    """

    name: str
    scaling: RobustScaling
    circles: tuple[str, ...]
    indicator: bool
    kind: ClassVar[Kind] = Kind.DATE

    @classmethod
    def fit(cls, column: pl.Series, *, indicator: bool | None = None) -> "DateColumn | None":
        """Return the encoding of a column with at least one value, None if nothing varies in it."""
        indicator = has_missing(column) if indicator is None else indicator
        present = column.drop_nulls()
        scaling = RobustScaling.fit(as_numbers(present, Kind.DATE))
        parts = calendar_parts(present)
        circles = tuple(part for part in PERIODS if len(np.unique(getattr(parts, part))) > 1)
        if scaling.spread == 0.0 and not indicator:
            return None
        return cls(column.name, scaling, circles, indicator)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The column's own name, two for each circle, and one for the missing values."""
        name = readable(self.name)
        names = [name] if self.scaling.spread > 0.0 else []
        names += [f"{name}: {wave} of {part}" for part in self.circles for wave in ("sine", "cosine")]
        return (*names, f"{name} is missing") if self.indicator else tuple(names)

    @property
    def n_features(self) -> int:
        """The number of :attr:`feature_names`."""
        return len(self.feature_names)

    def encode(self, column: pl.Series, out: Array) -> None:
        """Write the features of a column of the same kind into ``out``, zeros of shape (examples, features)."""
        missing = column.is_null().to_numpy()
        days = as_numbers(column, Kind.DATE)
        place = int(self.scaling.spread > 0.0)
        if place:
            out[:, 0] = np.where(missing, 0.0, self.scaling.apply(days))
        if self.indicator:
            out[:, -1] = missing
        if missing.all():
            return
        parts = calendar_parts(column)
        for circle in self.circles:
            out[:, place : place + 2] = points_of(circle)[steps(parts, circle)]
            place += 2
        if missing.any():
            out[missing, place - 2 * len(self.circles) : place] = 0.0

    def to_json_value(self) -> JsonValue:
        """Return plain values, from which :meth:`from_json_value` makes an equal encoding."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "indicator": self.indicator,
            "circles": list(self.circles),
            **self.scaling.to_json_value(),
        }

    @classmethod
    def from_json_value(cls, value: JsonValue) -> "DateColumn":
        """Return the encoding that :meth:`to_json_value` described; a file without circles has the line alone."""
        circles: Any = value.get("circles", [])
        if not isinstance(circles, list) or not all(isinstance(circle, str) for circle in circles):
            raise TypeError("circles are a list of texts")
        if circles != [circle for circle in PERIODS if circle in circles]:
            raise ValueError(f"circles are among {', '.join(PERIODS)}, in this order")
        scaling = RobustScaling.from_json_value(value)
        return cls(text_of(value, "name"), scaling, tuple(circles), flag_of(value, "indicator"))


def steps(parts: CalendarParts, circle: str) -> Array:
    """Return which of the points of a circle each date is."""
    if circle == "month":
        return (parts.month - 1) * PERIODS["day"] + parts.day
    if circle == "hour":
        return parts.hour * PERIODS["minute"] + parts.minute
    return np.asarray(getattr(parts, circle))


@cache
def points_of(circle: str) -> Array:
    """Return (DC.1) of all steps of a circle, float32 of shape (steps, 2)."""
    between = {"month": PERIODS["day"], "hour": PERIODS["minute"]}.get(circle, 1)
    n_steps = PERIODS[circle] * between
    angle = np.arange(n_steps) * (2.0 * np.pi / n_steps)
    return (RADIUS * np.column_stack([np.sin(angle), np.cos(angle)])).astype(np.float32)
