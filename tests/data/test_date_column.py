"""Columns of dates: a line of time, and circles."""

import json
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from chainrule.data import DateColumn, Encoder
from chainrule.data.robust_scaling import RobustScaling


def encoded(encoding: DateColumn | None, column: pl.Series) -> np.ndarray:
    assert encoding is not None
    out = np.zeros((len(column), encoding.n_features), dtype=np.float32)
    encoding.encode(column, out)
    return out


def test_the_parts_that_vary_are_features_in_order() -> None:
    column = DateColumn.fit(
        pl.Series(
            "seen",
            [datetime(2024, 1, 1, 8, 30), datetime(2024, 1, 1, 9, 30), datetime(2024, 1, 8, 9, 0), None],
        )
    )
    assert column is not None
    assert column.feature_names == (
        *("seen", "seen: sine of day", "seen: cosine of day", "seen: sine of hour", "seen: cosine of hour"),
        *("seen: sine of minute", "seen: cosine of minute", "seen is missing"),
    )
    assert column.n_features == len(column.feature_names)
    assert column.circles == ("day", "hour", "minute")


@pytest.mark.parametrize(
    ("moments", "circle", "turns"),
    [
        ([datetime(2024, 1, 1, hour, 30) for hour in range(24)], "hour", (np.arange(24) + 0.5) / 24),
        ([datetime(2024, 1, 1, 5, minute) for minute in range(60)], "minute", np.arange(60) / 60),
        ([date(2024, 1, 1) + timedelta(days=k) for k in range(31)], "day", np.arange(31) / 31),
        ([date(2024, 1, 1) + timedelta(days=k) for k in range(7)], "weekday", np.arange(7) / 7),
        ([date(2024, month, 1) for month in range(1, 13)], "month", np.arange(12) / 12),
        ([date(1968, 2, 29), date(1969, 12, 31)], "month", np.array([1 + 28 / 31, 11 + 30 / 31]) / 12),
    ],
)
def test_a_circle_is_by_its_formula(moments: list[date], circle: str, turns: np.ndarray) -> None:
    column = DateColumn.fit(pl.Series("t", moments))
    assert column is not None
    rows = encoded(column, pl.Series("t", moments))
    for wave, function in (("sine", np.sin), ("cosine", np.cos)):
        place = column.feature_names.index(f"t: {wave} of {circle}")
        np.testing.assert_allclose(rows[:, place], function(2 * np.pi * turns) / 4, atol=1e-7)


def test_new_year_is_beside_the_last_day_of_december() -> None:
    days = pl.Series("d", [date(2023, 12, 31), date(2024, 1, 1), date(2024, 7, 1)])
    rows = encoded(DateColumn.fit(days), days)[:, 1:3]
    assert np.linalg.norm(rows[0] - rows[1]) < 0.03 < 0.45 < np.linalg.norm(rows[1] - rows[2])


def test_the_line_of_time_is_scaled_as_numbers_are() -> None:
    days = [date(2020, 1, 1) + timedelta(days=31 * k) for k in range(9)]
    numbers = np.array([(day - date(1970, 1, 1)).days for day in days], float)
    rows = encoded(DateColumn.fit(pl.Series("d", days)), pl.Series("d", days))
    np.testing.assert_array_equal(rows[:, 0], RobustScaling.fit(numbers).apply(numbers).astype(np.float32))


def test_a_missing_date_is_zero_but_for_its_own_feature() -> None:
    column = DateColumn.fit(pl.Series("d", [date(2024, 1, 1), date(2024, 2, 2), None]))
    alone = encoded(column, pl.Series("d", [None], dtype=pl.Date))[0]
    among = encoded(column, pl.Series("d", [date(2024, 1, 1), None]))[1]
    assert alone.tolist() == among.tolist() == [0.0] * (len(alone) - 1) + [1.0]


def test_one_date_and_missing_ones_make_one_feature() -> None:
    column = DateColumn.fit(pl.Series("d", [date(2024, 1, 1), None]))
    assert column is not None
    assert column.feature_names == ("d is missing",)
    assert encoded(column, pl.Series("d", [date(2024, 1, 1), None])).tolist() == [[0.0], [1.0]]
    assert DateColumn.fit(pl.Series("d", [date(2024, 1, 1)] * 2)) is None


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_the_unit_of_storage_and_the_zone_change_nothing(unit: str) -> None:
    moments = pl.Series("t", [datetime(1969, 7, 20, 20, 17), datetime(2024, 2, 29, 23, 59), None])
    expected = encoded(DateColumn.fit(moments), moments)
    other = moments.cast(pl.Datetime(unit)).dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")
    assert DateColumn.fit(other) == DateColumn.fit(moments)
    np.testing.assert_array_equal(encoded(DateColumn.fit(moments), other), expected)


def test_dates_of_a_model_without_a_calendar_are_the_line_of_time_alone() -> None:
    old = {"name": "d", "kind": "date", "center": 19_723.0, "spread": 10.0, "indicator": True}
    encoder = Encoder.from_json_value({"columns": [old], "dropped": []})
    assert encoder.feature_names == ("d", "d is missing")
    assert encoder.encode(pl.DataFrame({"d": [date(2024, 1, 1), None]})).tolist() == [[0.0, 0.0], [0.0, 1.0]]
    assert Encoder.from_json_value(json.loads(json.dumps(encoder.to_json_value()))) == encoder
