"""The calendar: month, day of the month, weekday, hour and minute of dates, in UTC where a column has a time zone.

From the numbers that are stored, for polars cannot convert all dates that it can hold. The calendar is the Gregorian
one, also before it was introduced, as everywhere in computing; days since 1970-01-01 become a date by the algorithm of
[Hinnant2013], which counts in years that begin in March, so that a leap day is the last of its year.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from chainrule._types import Array

MILLISECONDS_PER_DAY = 86_400_000
PER_MILLISECOND = {"ms": 1, "us": 1_000, "ns": 1_000_000}
MINUTES_PER_DAY = 1_440
DAYS_PER_ERA = 146_097  # 400 years, after which leap years come again
MARCH_0000 = 719_468  # days from 0000-03-01 to 1970-01-01


@dataclass(frozen=True)
class CalendarParts:
    """Parts of some dates, int64 of shape (n,) each; what stands where a date is missing means nothing.

    ``month`` is 1 to 12, ``weekday`` 0 (Monday) to 6, ``day`` 0 to 30 (the first is 0), ``hour`` 0 to 23, ``minute`` 0
    to 59.
    """

    month: Array
    weekday: Array
    day: Array
    hour: Array
    minute: Array


def calendar_parts(column: pl.Series) -> CalendarParts:
    """Return the parts of a column of dates, with or without a time.

    Examples
    --------
    >>> from datetime import date
    >>> parts = calendar_parts(pl.Series([date(2024, 2, 29), date(1969, 12, 31)]))
    >>> parts.month.tolist(), parts.weekday.tolist(), parts.day.tolist()
    ([2, 12], [3, 2], [28, 30])
    """
    stored = column.to_physical().cast(pl.Int64).fill_null(0).to_numpy()
    if column.dtype == pl.Date:
        days, minutes = stored, np.zeros_like(stored)
    else:
        per_day = units_per_day(column.dtype)
        days = stored // per_day
        minutes = (stored - days * per_day) // (per_day // MINUTES_PER_DAY)
    month, day = month_and_day(days)
    return CalendarParts(month, (days + 3) % 7, day, minutes // 60, minutes % 60)


def units_per_day(dtype: pl.DataType) -> int:
    """Return how many of a type's units make a day; times of day count in nanoseconds."""
    return MILLISECONDS_PER_DAY * PER_MILLISECOND[getattr(dtype, "time_unit", "ns")]


def month_and_day(days: Array) -> tuple[Array, Array]:
    """Return the month, 1 to 12, and the day of the month from 0, of days since 1970-01-01."""
    in_era = (days + MARCH_0000) % DAYS_PER_ERA
    year = (in_era - in_era // 1_460 + in_era // 36_524 - in_era // 146_096) // 365
    in_year = in_era - (365 * year + year // 4 - year // 100)
    from_march = (5 * in_year + 2) // 153
    return (from_march + 2) % 12 + 1, in_year - (153 * from_march + 2) // 5
