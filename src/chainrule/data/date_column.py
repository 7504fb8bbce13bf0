"""Columns of dates: a line of time, and the parts of the calendar that vary.

Months and weekdays that training had are a feature each, since what they do has no order (a weekend, a holiday month);
the day of the month, the hour and the minute are points on a circle::

    (DC.1)  sin(2 pi k / n), cos(2 pi k / n)    k = 0 ... n - 1; n = 31, 24, 60
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.calendar_parts import CalendarParts, calendar_parts
from chainrule.data.column_encoding import JsonValue, flag_of, readable, text_of
from chainrule.data.kinds import Kind, has_missing
from chainrule.data.number_column import as_numbers
from chainrule.data.robust_scaling import RobustScaling

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PERIODS = {"day": 31, "hour": 24, "minute": 60}


@dataclass(frozen=True)
class DateColumn:
    """A column of dates, with or without a time.

    Parameters
    ----------
    name : str
        The column's name.
    scaling : RobustScaling
        Of the days since 1970-01-01 in training, in UTC where the column has a time zone.
    months : tuple of int
        The months of training, 1 to 12, rising, each a feature; empty where there was one only, or the encoding has
        the line of time alone.
    weekdays : tuple of int
        The weekdays of training, 0 (Monday) to 6, likewise.
    circles : tuple of str
        Those of "day" (of the month), "hour" and "minute" that varied in training: two features each, (DC.1).
    indicator : bool
        Whether training had missing values: they are a feature then. In either case a missing value has 0 in all
        other features.

    Examples
    --------
    >>> from datetime import date
    >>> days = pl.Series("day", [date(2024, 1, 1), date(2024, 2, 1), None])
    >>> column = DateColumn.fit(days)
    >>> column.feature_names
    ('day', 'day in January', 'day in February', 'day on Monday', 'day on Thursday', 'day is missing')
    >>> out = np.zeros((3, 6), np.float32)
    >>> column.encode(days, out)
    >>> out[:, 1:].tolist()
    [[1.0, 0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]]
    """

    name: str
    scaling: RobustScaling
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
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
        months, weekdays = several(parts.month), several(parts.weekday)
        circles = tuple(part for part in PERIODS if len(several(getattr(parts, part))))
        if scaling.spread == 0.0 and not indicator:
            return None
        return cls(column.name, scaling, months, weekdays, circles, indicator)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The column's own name, one for each month, weekday and coordinate, and one for the missing values."""
        name = readable(self.name)
        names = [name] if self.scaling.spread > 0.0 else []
        names += [f"{name} in {MONTHS[month - 1]}" for month in self.months]
        names += [f"{name} on {WEEKDAYS[weekday]}" for weekday in self.weekdays]
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
        end = out.shape[1] - int(self.indicator)
        features = self._calendar(calendar_parts(column))
        out[:, place:end] = np.where(missing[:, None], 0.0, features)

    def _calendar(self, parts: CalendarParts) -> Array:
        """Return the features of the calendar, float64 of shape (examples, features)."""
        blocks: list[Array] = [
            parts.month[:, None] == np.array(self.months, np.int64),
            parts.weekday[:, None] == np.array(self.weekdays, np.int64),
        ]
        for part in self.circles:
            angle = getattr(parts, part) * (2.0 * np.pi / PERIODS[part])
            blocks.append(np.column_stack([np.sin(angle), np.cos(angle)]))
        return np.hstack(blocks, dtype=np.float64)

    def to_json_value(self) -> JsonValue:
        """Return plain values, from which :meth:`from_json_value` makes an equal encoding."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "indicator": self.indicator,
            "months": list(self.months),
            "weekdays": list(self.weekdays),
            "circles": list(self.circles),
            **self.scaling.to_json_value(),
        }

    @classmethod
    def from_json_value(cls, value: JsonValue) -> "DateColumn":
        """Return the encoding that :meth:`to_json_value` described; a file without a calendar has the line alone."""
        return cls(
            text_of(value, "name"),
            RobustScaling.from_json_value(value),
            rising(value.get("months", []), list(range(1, 13)), "months"),
            rising(value.get("weekdays", []), list(range(7)), "weekdays"),
            rising(value.get("circles", []), list(PERIODS), "circles"),
            flag_of(value, "indicator"),
        )


def several(values: Array) -> tuple[int, ...]:
    """Return the different values, rising, if there are at least two."""
    found = np.unique(values)
    return tuple(found.tolist()) if len(found) > 1 else ()


def rising(values: Any, possible: list[Any], key: str) -> tuple[Any, ...]:
    """Return a list of a model file that has some of the possible values, in order; TypeError, ValueError if not."""
    if not isinstance(values, list) or any(type(value) is not type(possible[0]) for value in values):
        raise TypeError(f"{key} are a list")
    if values != [value for value in possible if value in values]:
        raise ValueError(f"{key} are among {possible}, in this order")
    return tuple(values)
