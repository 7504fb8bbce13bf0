"""The calendar of dates, against Python's own and by hand."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data.calendar_parts import calendar_parts, month_and_day

EPOCH = date(1970, 1, 1)


def parts_of(column: pl.Series) -> list[tuple[int, ...]]:
    parts = calendar_parts(column)
    found = zip(parts.month, parts.day, parts.weekday, parts.hour, parts.minute, strict=True)
    return [tuple(map(int, one)) for one in found]


@pytest.mark.parametrize(
    ("day", "month", "day_from_0", "weekday"),
    [
        (date(1970, 1, 1), 1, 0, 3),
        (date(1969, 12, 31), 12, 30, 2),
        (date(2000, 2, 29), 2, 28, 1),  # a leap year, for 400 divides it
        (date(1900, 2, 28), 2, 27, 2),  # none
        (date(1900, 3, 1), 3, 0, 3),
        (date(2024, 2, 29), 2, 28, 3),
        (date(2023, 3, 1), 3, 0, 2),
        (date(1, 1, 1), 1, 0, 0),
        (date(9999, 12, 31), 12, 30, 4),
    ],
)
def test_days_have_the_parts_of_the_gregorian_calendar(
    day: date, month: int, day_from_0: int, weekday: int
) -> None:
    assert parts_of(pl.Series([day])) == [(month, day_from_0, weekday, 0, 0)]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_a_moment_before_1970_has_the_hour_and_the_minute_of_its_own_day(unit: str) -> None:
    column = pl.Series([datetime(1969, 12, 31, 23, 59, 59), datetime(1970, 1, 1)]).cast(pl.Datetime(unit))
    assert parts_of(column) == [(12, 30, 2, 23, 59), (1, 0, 3, 0, 0)]


def test_a_moment_in_a_time_zone_has_the_parts_of_utc() -> None:
    moment = datetime(2024, 3, 1, 2, 30, tzinfo=timezone(timedelta(hours=5)))
    zoned = pl.Series([moment]).cast(pl.Datetime("us", "Asia/Karachi"))
    assert parts_of(zoned) == [(2, 28, 3, 21, 30)]  # the 29th of February, a Thursday
    assert parts_of(zoned) == parts_of(pl.Series([moment.astimezone(UTC).replace(tzinfo=None)]))


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31, 23, 59)))
def test_every_moment_of_python_has_pythons_parts(moment: datetime) -> None:
    expected = (moment.month, moment.day - 1, moment.weekday(), moment.hour, moment.minute)
    assert parts_of(pl.Series([moment], dtype=pl.Datetime("us"))) == [expected]


def test_the_calendar_comes_again_after_400_years() -> None:
    days = np.arange(-200_000, 200_000, 97)
    now, later = month_and_day(days), month_and_day(days + 10**9 * 146_097)
    np.testing.assert_array_equal(now, later)
    expected = [EPOCH + timedelta(days=int(day)) for day in days]
    np.testing.assert_array_equal(now[0], [day.month for day in expected])
    np.testing.assert_array_equal(now[1], [day.day - 1 for day in expected])


def test_a_missing_date_disturbs_no_other() -> None:
    assert parts_of(pl.Series([None, date(2024, 2, 29)]))[1] == (2, 28, 3, 0, 0)
