"""The encoder of a whole table."""

import json
import warnings
from cProfile import Profile
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from chainrule.data import CATEGORY_LIMIT, DroppedColumn, Encoder
from chainrule.errors import DataError, UnseenCategoryWarning


def mixed_table(n: int = 200) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    frame = pl.DataFrame(
        {
            "size": rng.normal(size=n),
            "count": rng.integers(0, 9, size=n),
            "colour": rng.choice(["red", "green", "blue"], size=n).tolist(),
            "paid": (rng.random(n) < 0.5).tolist(),
            "day": [date(2024, 1, 1) + timedelta(days=int(k)) for k in rng.integers(0, 300, size=n)],
            "name": [f"person {k}" for k in range(n)],
            "unit": ["m"] * n,
            "note": [None] * n,
        }
    )
    holes = pl.Series((rng.random(n) < 0.2).tolist())
    return frame.with_columns(
        pl.when(holes).then(None).otherwise(pl.col(name)).alias(name)
        for name in ("size", "colour", "paid", "day")
    )


TABLE = mixed_table()
ENCODER = Encoder.fit(TABLE)


def test_each_column_becomes_named_features_in_the_order_of_the_table() -> None:
    categories = sorted(name for name in ENCODER.feature_names if name.startswith("colour="))
    assert categories == ["colour=blue", "colour=green", "colour=red"]
    others = [name for name in ENCODER.feature_names if not name.startswith("colour=")]
    assert others == [
        *("size", "size is missing", "count", "colour is missing", "paid", "paid is missing"),
        "day",
        *(f"day: {wave} of {part}" for part in ("month", "weekday", "day") for wave in ("sine", "cosine")),
        "day is missing",
    ]


def test_columns_in_which_nothing_varies_are_left_out_with_a_reason() -> None:
    assert ENCODER.dropped == (
        DroppedColumn("name", "it is text that never repeats") if len(TABLE) > CATEGORY_LIMIT else None,
        DroppedColumn("unit", "it has one value only"),
        DroppedColumn("note", "it has no values"),
    )


def test_the_matrix_is_float32_in_c_order_without_missing_values() -> None:
    features = ENCODER.encode(TABLE)
    assert features.shape == (TABLE.height, ENCODER.n_features)
    assert features.dtype == np.float32
    assert features.flags.c_contiguous
    assert np.isfinite(features).all()
    assert np.abs(features).max() <= 3.0


def test_a_number_is_encoded_as_its_formula_says() -> None:
    column = TABLE["count"].to_numpy()
    low, center, high = np.quantile(column, [0.25, 0.5, 0.75])
    z = (column - center) / (high - low)
    expected = (z / np.sqrt(1 + (z / 3) ** 2)).astype(np.float32)
    np.testing.assert_array_equal(ENCODER.encode(TABLE)[:, ENCODER.feature_names.index("count")], expected)


def test_shifting_and_scaling_the_numbers_leaves_the_encoding() -> None:
    moved = TABLE.with_columns(pl.col("count") * 8 - 40)
    np.testing.assert_array_equal(Encoder.fit(moved).encode(moved), ENCODER.encode(TABLE))


def test_the_order_of_the_rows_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(TABLE.height)
    shuffled = TABLE[order]
    assert Encoder.fit(shuffled) == ENCODER
    np.testing.assert_array_equal(ENCODER.encode(shuffled), ENCODER.encode(TABLE)[order])


@pytest.mark.parametrize("block", [1, 7, 64])
def test_encoding_by_parts_equals_encoding_the_whole(block: int) -> None:
    parts = [ENCODER.encode(TABLE[start : start + block]) for start in range(0, TABLE.height, block)]
    np.testing.assert_array_equal(np.concatenate(parts), ENCODER.encode(TABLE))


def test_a_table_without_rows_has_an_encoding_without_rows() -> None:
    assert ENCODER.encode(TABLE.clear()).shape == (0, ENCODER.n_features)


def test_only_the_rows_of_training_are_looked_at() -> None:
    rows = np.arange(0, TABLE.height, 2)
    assert Encoder.fit(TABLE, rows=rows) == Encoder.fit(TABLE[rows])


def test_other_columns_and_another_order_of_columns_change_nothing() -> None:
    other = TABLE.with_columns(extra=pl.lit(1)).select(reversed([*TABLE.columns, "extra"]))
    np.testing.assert_array_equal(ENCODER.encode(other), ENCODER.encode(TABLE))


def test_columns_that_were_left_out_may_be_absent() -> None:
    kept = TABLE.drop("name", "unit", "note")
    np.testing.assert_array_equal(ENCODER.encode(kept), ENCODER.encode(TABLE))


def test_a_column_without_any_value_is_missing_whatever_its_type() -> None:
    empty = TABLE.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in ("size", "day", "paid"))
    features = ENCODER.encode(empty.with_columns(colour=pl.lit(None)))
    for column in ("size", "day", "paid"):
        assert np.all(features[:, ENCODER.feature_names.index(column)] == 0.0)
        assert np.all(features[:, ENCODER.feature_names.index(f"{column} is missing")] == 1.0)
    assert np.all(features[:, ENCODER.feature_names.index("colour is missing")] == 1.0)


def test_integers_where_training_had_floats_are_numbers_too() -> None:
    whole = TABLE.with_columns(pl.col("size").round())
    as_integers = whole.with_columns(pl.col("size").cast(pl.Int16))
    np.testing.assert_array_equal(ENCODER.encode(as_integers), ENCODER.encode(whole))


def test_plain_json_values_make_an_equal_encoder() -> None:
    restored = Encoder.from_json_value(json.loads(json.dumps(ENCODER.to_json_value(), allow_nan=False)))
    assert restored == ENCODER
    np.testing.assert_array_equal(restored.encode(TABLE), ENCODER.encode(TABLE))


def test_unseen_categories_are_told_once_with_their_number() -> None:
    strange = TABLE.with_columns(colour=pl.lit("mauve"))
    with pytest.warns(UnseenCategoryWarning) as caught:
        ENCODER.encode(strange, call="predict")
    assert [str(warning.message) for warning in caught] == [
        (
            "predict: categories are those of training; got others in 200 rows of 'colour' ('mauve'). "
            "They count as no category."
        )
    ]


def test_unseen_categories_are_not_told_where_that_is_not_wanted() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ENCODER.encode(TABLE.with_columns(colour=pl.lit("mauve")), say_unseen=False)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"size": pl.Series(["1.5", "huge"] * 100)},
            (
                "predict: column 'size' holds numbers, as in training; got text in new.csv ('huge' in row 1, counted "
                "from 0). Convert the column, or train again."
            ),
        ),
        (
            {"colour": 3},
            (
                "predict: column 'colour' holds text, as in training; got numbers in new.csv ('3' in row 0, counted "
                "from 0). Convert the column, or train again."
            ),
        ),
        (
            {"day": True},
            (
                "predict: column 'day' holds dates, as in training; got true and false in new.csv ('True' in row 0, "
                "counted from 0). Convert the column, or train again."
            ),
        ),
        (
            {"size": float("-inf")},
            (
                "predict: numbers are finite or missing; got -inf in column 'size', row 0 of new.csv "
                "(rows are counted "
                "from 0). Replace it by a number, or leave it empty."
            ),
        ),
    ],
)
def test_a_column_that_changed_is_refused_by_name(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as refusal:
        ENCODER.encode(
            TABLE.with_columns(**{k: pl.lit(v) for k, v in changed.items()}), source="new.csv", call="predict"
        )
    assert str(refusal.value) == message


def test_absent_columns_are_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"got the table without 'size', 'paid'\. It has 'count', 'colour'"):
        ENCODER.encode(TABLE.select("count", "colour", "day"))


def test_an_infinite_number_is_refused_wherever_it_stands() -> None:
    table = pl.DataFrame({"size": [1.0, 2.0, 3.0, float("inf")]})
    with pytest.raises(DataError, match="got inf in column 'size', row 3 of the table"):
        Encoder.fit(table, rows=np.array([0, 1, 2]))


def test_a_table_in_which_nothing_varies_is_refused_with_the_reason_for_each_column() -> None:
    names = [f"person {k}" for k in range(CATEGORY_LIMIT + 1)]
    table = pl.DataFrame({"": ["m"] * len(names), "note": [None] * len(names), "name": names, "big": 2**60})
    with pytest.raises(DataError) as refusal:
        Encoder.fit(table.with_columns(big=pl.col("big") + pl.int_range(pl.len()) % 2), call="train")
    assert str(refusal.value) == (
        "train: at least one column besides the target tells rows apart; got the table, of which every column was left "
        "out ('': it has one value only; 'note': it has no values; 'name': it is text that never repeats; and 1 more). "
        "Add columns of numbers, or of text that repeats, with different values."
    )


def test_numbers_that_are_one_as_floats_are_not_said_to_be_one_value() -> None:
    with pytest.raises(DataError, match="'x': its values differ beyond 15 digits only"):
        Encoder.fit(pl.DataFrame({"x": [2**60, 2**60 + 1]}))


def test_a_table_without_other_columns_is_refused() -> None:
    with pytest.raises(DataError, match="got the table without another column"):
        Encoder.fit(pl.DataFrame({}))


def test_a_column_without_a_name_has_readable_features() -> None:
    table = pl.DataFrame({"": ["a", "b", None]})
    assert Encoder.fit(table).feature_names == ("''=a", "''=b", "'' is missing")


def test_work_grows_with_the_number_of_columns_and_no_faster() -> None:
    def calls(width: int) -> int:
        table = pl.DataFrame({f"c{k}": [1.0, 2.0] for k in range(width)})
        profile = Profile()
        profile.runcall(lambda: Encoder.fit(table).encode(table))
        return sum(entry.callcount for entry in profile.getstats())

    assert calls(1200) < 4.2 * calls(300)


def test_a_column_of_lists_is_refused() -> None:
    with pytest.raises(DataError, match=r"got column 'x' of the table with values of type List\(Int64\)"):
        Encoder.fit(pl.DataFrame({"x": [[1], [2]]}))


def test_a_column_of_numbers_with_a_word_in_it_is_refused() -> None:
    values = [f"{k}.5" for k in range(CATEGORY_LIMIT + 50)]
    values[17] = "7.o5"
    with pytest.raises(DataError, match=r"got '7\.o5' among numbers in column 'x', row 17 of the table"):
        Encoder.fit(pl.DataFrame({"x": values}))


def test_plain_values_that_describe_no_encoder_are_refused() -> None:
    with pytest.raises(ValueError, match="fruit"):
        Encoder.from_json_value({"columns": [{"kind": "fruit"}], "dropped": []})
