"""Each kind of column by itself."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import numpy as np
import polars as pl
import pytest

from chainrule.data import BooleanColumn, CategoryColumn, ColumnEncoding, Kind, NumberColumn
from chainrule.data.number_column import as_numbers


def encoded(encoding: ColumnEncoding | None, column: pl.Series) -> list[list[float]]:
    assert encoding is not None
    out = np.zeros((len(column), len(encoding.feature_names)), dtype=np.float32)
    encoding.encode(column, out)
    return out.tolist()


def test_a_missing_number_is_the_median_and_a_feature_of_its_own() -> None:
    column = pl.Series("size", [0.0, 1.0, 2.0, None])
    encoding = NumberColumn.fit(column, Kind.NUMBER)
    assert encoded(encoding, pl.Series("size", [1.0, None])) == [[0.0, 0.0], [0.0, 1.0]]


def test_nan_is_a_missing_number() -> None:
    with_nan = NumberColumn.fit(pl.Series("size", [0.0, 1.0, float("nan")]), Kind.NUMBER)
    with_null = NumberColumn.fit(pl.Series("size", [0.0, 1.0, None]), Kind.NUMBER)
    assert with_nan == with_null
    assert encoded(with_nan, pl.Series("size", [float("nan")])) == [[0.0, 1.0]]


def test_a_missing_number_where_training_had_none_is_the_median() -> None:
    encoding = NumberColumn.fit(pl.Series("size", [0.0, 1.0, 2.0]), Kind.NUMBER)
    assert encoded(encoding, pl.Series("size", [None], dtype=pl.Float64)) == [[0.0]]


def test_one_number_and_missing_values_make_one_feature_that_says_which() -> None:
    encoding = NumberColumn.fit(pl.Series("size", [5, None]), Kind.NUMBER)
    assert encoding is not None
    assert encoding.feature_names == ("size is missing",)
    assert encoded(encoding, pl.Series("size", [9, None])) == [[0.0], [1.0]]


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt64, pl.Int128, pl.Float32, pl.Decimal(10, 0)])
def test_every_type_of_number_is_encoded_alike(dtype: pl.DataType) -> None:
    column = pl.Series("size", [1, 2, 4, 8]).cast(dtype)
    expected = NumberColumn.fit(pl.Series("size", [1.0, 2.0, 4.0, 8.0]), Kind.NUMBER)
    assert NumberColumn.fit(column, Kind.NUMBER) == expected
    assert encoded(expected, column) == encoded(expected, column.cast(pl.Float64))


@pytest.mark.parametrize(
    ("column", "kind", "days"),
    [
        (pl.Series([date(1970, 1, 2), date(1969, 12, 31), None]), Kind.DATE, [1.0, -1.0, np.nan]),
        (pl.Series([datetime(1970, 1, 1, 18), datetime(2000, 1, 1)]), Kind.DATE, [0.75, 10957.0]),
        (pl.Series([time(6), None]), Kind.TIME, [0.25, np.nan]),
        (pl.Series([timedelta(hours=36), None]), Kind.DURATION, [1.5, np.nan]),
    ],
)
def test_dates_times_and_durations_count_in_days(column: pl.Series, kind: Kind, days: list[float]) -> None:
    np.testing.assert_array_equal(as_numbers(column, kind), days)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_a_date_with_time_is_the_same_in_every_unit_and_time_zone(unit: str) -> None:
    moment = datetime(2024, 2, 29, 12, tzinfo=UTC)
    column = pl.Series([moment.astimezone(timezone(timedelta(hours=5)))]).cast(
        pl.Datetime(unit, "Asia/Karachi")
    )
    assert as_numbers(column, Kind.DATE).tolist() == [moment.timestamp() / 86_400]


@pytest.mark.parametrize(
    ("dtype", "stored", "kind", "per_day"),
    [
        (pl.Date(), 2**31 - 1, Kind.DATE, 1),
        (pl.Datetime("ms"), 2**63 - 1, Kind.DATE, 86_400_000),
        (pl.Datetime("us"), -(2**63), Kind.DATE, 86_400_000_000),
        (pl.Duration("ms"), 2**63 - 1, Kind.DURATION, 86_400_000),
    ],
)
def test_dates_beyond_what_polars_can_convert_count_in_days(
    dtype: pl.DataType, stored: int, kind: Kind, per_day: int
) -> None:
    column = pl.Series([stored, None]).cast(pl.Int32() if dtype == pl.Date() else pl.Int64()).cast(dtype)
    np.testing.assert_array_equal(as_numbers(column, kind), [stored / per_day, np.nan])


def test_true_is_one_and_false_minus_one() -> None:
    encoding = BooleanColumn.fit(pl.Series("paid", [True, False]))
    assert encoded(encoding, pl.Series("paid", [True, False, None])) == [[1.0], [-1.0], [0.0]]


def test_a_missing_boolean_is_a_feature_where_training_had_some() -> None:
    encoding = BooleanColumn.fit(pl.Series("paid", [True, None]))
    assert encoding is not None
    assert encoding.feature_names == ("paid is missing",)
    assert encoded(encoding, pl.Series("paid", [False, None])) == [[0.0], [1.0]]


def test_categories_stand_in_order_of_frequency_then_of_text() -> None:
    encoding = CategoryColumn.fit(pl.Series("c", ["b", "a", "z", "z", "ä"]))
    assert encoding is not None
    assert encoding.categories == ("z", "a", "b", "ä")


def test_a_category_has_one_in_its_own_feature() -> None:
    encoding = CategoryColumn.fit(pl.Series("c", ["a", "a", "b", None]))
    assert encoding is not None
    assert encoding.feature_names == ("c=a", "c=b", "c is missing")
    assert encoded(encoding, pl.Series("c", ["b", None, "a"])) == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]


def test_categories_beyond_the_limit_and_unseen_ones_share_a_feature() -> None:
    encoding = CategoryColumn.fit(pl.Series("c", ["a", "a", "b", "b", "rare"]), limit=2)
    assert encoding is not None
    assert encoding.feature_names == ("c=a", "c=b", "c is other")
    assert encoded(encoding, pl.Series("c", ["rare", "new", None])) == [[0, 0, 1], [0, 0, 1], [0, 0, 0]]
    assert encoding.unseen(pl.Series("c", ["new"])) is None


def test_an_unseen_category_has_zero_everywhere_and_is_told() -> None:
    encoding = CategoryColumn.fit(pl.Series("c", ["a", "b"]))
    assert encoding is not None
    strange = pl.Series("c", ["w", "a", "x", "w", "y", "z", None])
    assert encoded(encoding, strange) == [[0, 0], [1, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0]]
    unseen = encoding.unseen(strange)
    assert unseen is not None
    assert (unseen.column, unseen.count, unseen.values) == ("c", 5, ("w", "x", "y"))


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum(["b", "a", "never"])])
def test_categorical_types_are_text(dtype: pl.DataType) -> None:
    column = pl.Series("c", ["a", "b", "a"])
    encoding = CategoryColumn.fit(column)
    assert CategoryColumn.fit(column.cast(dtype)) == encoding
    assert encoded(encoding, column.cast(dtype)) == encoded(encoding, column)
