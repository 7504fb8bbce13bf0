"""Which kind a column of text is, and the kinds that a user chose."""

from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from chainrule.data import Encoder, Kind, with_kinds
from chainrule.data.kind_choice import inferred_kind
from chainrule.errors import DataError

ADJECTIVES = ["red", "small", "old", "quiet", "broken", "wooden", "open", "narrow", "bright", "heavy"]
NOUNS = ["door", "house", "road", "bridge", "river", "window", "table", "garden", "tower", "mill"]


def sentences(n: int) -> list[str]:
    return [f"the {ADJECTIVES[k % 10]} {NOUNS[k // 10 % 10]} of number {k}" for k in range(n)]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (sentences(500), Kind.TEXT),
        (sentences(20), Kind.TEXT),  # few, but none comes twice
        (sentences(150) * 3, Kind.TEXT),  # a third of them is new
        (sentences(150) * 20, Kind.HASHED),  # hardly any is new
        (sentences(50) * 3, Kind.CATEGORY),
        ([f"N{k}A1" for k in range(500)], None),
        ([f"{k:08x}-0f3a-4c2e" for k in range(500)], None),
        ([f"Invoice no. {k} / 2024" for k in range(500)], None),  # two words, and numbers
        ([f"person {k % 300}" for k in range(500)], Kind.HASHED),
        (["red", "green"] * 100, Kind.CATEGORY),
        (["a", "b", "c"], Kind.CATEGORY),
        (["ein rotes Tor am Weg", "die Brücke über den Fluß", "kein Haus in Sicht"], Kind.TEXT),
    ],
)
def test_text_is_free_text_or_categories_or_names_of_rows(values: list[str], kind: Kind | None) -> None:
    assert inferred_kind(pl.Series(values)) is kind
    assert inferred_kind(pl.Series([None, *values, None])) is kind
    assert inferred_kind(pl.Series(values).cast(pl.Categorical())) is kind


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["007", " 12 ", "NA", None, ""], "number", [7.0, 12.0, None, None, None]),
        ([True, False, None], "number", [1, 0, None]),
        ([7.0, 1.5, None, float("nan")], "category", ["7", "1.5", None, None]),
        ([7, -3], "hashed", ["7", "-3"]),
        ([True, False], "text", ["true", "false"]),
        (["12 kg", "3 kg"], "category", ["12 kg", "3 kg"]),
        (["Yes", "no", "1", "?"], "boolean", [True, False, True, None]),
        ([1, 0, None], "boolean", [True, False, None]),
        ([1.0, 0.0], "boolean", [True, False]),
        (["2024-02-29", None], "date", [datetime(2024, 2, 29), None]),
        (["2024/02/29", "NA"], "date", [datetime(2024, 2, 29), None]),
        (["2024-02-29T12:00:00+05:00"], "date", [datetime(2024, 2, 29, 7)]),
        ([date(2024, 2, 29)], "category", ["2024-02-29"]),
        ([None, None], "boolean", [None, None]),
    ],
)
def test_values_become_the_kind_that_was_chosen(values: list[Any], kind: str, expected: list[Any]) -> None:
    once = with_kinds(pl.DataFrame({"x": values}), {"x": kind}, "the table", "call")
    assert once["x"].to_list() == expected
    assert with_kinds(once, {"x": kind}, "the table", "call").equals(once)


@pytest.mark.parametrize(
    ("values", "kind", "came"),
    [
        (
            ["1", "12 kg", "3 kg"],
            "number",
            "holds numbers, as was chosen for it; got '12 kg' in row 1 of t.csv (rows",
        ),
        (["true", "maybe"], "boolean", "holds true and false, as was chosen for it; got 'maybe' in row 1 of"),
        ([0, 1, 2], "boolean", "got '2' in row 2 of"),
        (
            ["2024-02-29", "2023-02-29"],
            "date",
            "holds dates, as was chosen for it; got '2023-02-29' in row 1 of",
        ),
        ([1, 2], "date", "got '1' in row 0 of t.csv (rows are counted from 0), and 1 more of 2 rows"),
        ([date(2024, 1, 1)], "number", "got '2024-01-01' in row 0"),
        ([[1], [2]], "category", "got column 'x' of t.csv with values of type List(Int64)"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_column_and_row(
    values: list[Any], kind: str, came: str
) -> None:
    with pytest.raises(DataError) as refusal:
        with_kinds(pl.DataFrame({"x": values}), {"x": kind}, "t.csv", "call")
    assert came in str(refusal.value)


def test_a_chosen_kind_is_kept_and_read_the_same_at_prediction() -> None:
    frame = pl.DataFrame({"code": ["007", "012", "100"] * 10, "size": range(30)})
    encoder = Encoder.fit(frame, kinds={"code": "number", "size": "category"})
    assert [column.kind for column in encoder.columns] == [Kind.NUMBER, Kind.CATEGORY]
    restored = Encoder.from_json_value(encoder.to_json_value())
    assert restored == encoder
    same = pl.DataFrame({"code": [7, 12], "size": ["0", "1"]})
    np.testing.assert_array_equal(restored.encode(same), encoder.encode(frame[:2]))
    with pytest.raises(DataError, match="'x7' in row 0 of the table"):
        restored.encode(pl.DataFrame({"code": ["x7"], "size": [1]}))


def test_text_that_training_knew_as_numbers_is_read_as_numbers() -> None:
    encoder = Encoder.fit(pl.DataFrame({"size": [1.0, 2.0, 70.0]}))
    texts, numbers = pl.DataFrame({"size": ["1", "007"]}), pl.DataFrame({"size": [1.0, 7.0]})
    np.testing.assert_array_equal(encoder.encode(texts), encoder.encode(numbers))


def test_a_column_left_out_on_demand_may_hold_anything() -> None:
    frame = pl.DataFrame({"x": [[1], [2]], "y": [1.0, float("inf")], "z": [1, 2]})
    encoder = Encoder.fit(frame, kinds={"x": "drop", "y": "drop"})
    assert [column.name for column in encoder.columns] == ["z"]
    assert {column.reason for column in encoder.dropped} == {"it was asked to be left out"}


def test_prices_with_a_sign_of_money_may_be_chosen_to_be_categories() -> None:
    frame = pl.DataFrame({"price": ["$1", "$2", "$3"] * 5})
    with pytest.raises(DataError, match="plain numbers"):
        Encoder.fit(frame)
    assert Encoder.fit(frame, kinds={"price": "category"}).n_features == 3
