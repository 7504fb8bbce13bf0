"""The types of the columns of a text file."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from chainrule.data import MISSING_VALUES, read_table
from chainrule.data.text_types import FIRST_ROWS


def column(folder: Path, values: list[Any], target: str | None = None) -> pl.Series:
    path = folder / "t.csv"
    path.write_text("\n".join(["x,n", *(f"{value},1" for value in values)]))
    return read_table(path, target).frame["x"]


@pytest.mark.parametrize(
    ("first", "last", "dtype"),
    [
        (1, 2.5, pl.Float64),
        (1, "inf", pl.Float64),
        (1, 2**40, pl.Int64),
        (1, "a", pl.String),
        ("", 7, pl.Int64),
        ("", "2024-02-29", pl.Date),
        ("2024-02-29", "soon", pl.String),
        ("true", "perhaps", pl.String),
        ("true", "", pl.Boolean),
    ],
)
def test_a_late_value_counts_as_much_as_an_early_one(
    tmp_path: Path, first: Any, last: Any, dtype: Any
) -> None:
    found = column(tmp_path, [first] * (2 * FIRST_ROWS) + [last])
    assert found.dtype == dtype
    assert found.cast(pl.String)[-1] in (
        None,
        str(last),
        str(float(last)) if isinstance(last, int) else str(last),
    )


@pytest.mark.parametrize("word", MISSING_VALUES)
def test_every_word_for_a_missing_value_is_missing_among_numbers_text_and_dates(
    tmp_path: Path, word: str
) -> None:
    assert column(tmp_path, [1.5, word]).to_list() == [1.5, None]
    assert column(tmp_path, ["a", word]).to_list() == ["a", None]
    assert column(tmp_path, ["2024-02-29", word]).to_list() == [date(2024, 2, 29), None]


def test_a_day_that_does_not_exist_leaves_text(tmp_path: Path) -> None:
    assert column(tmp_path, ["2024-02-29", "2023-02-29"]).to_list() == ["2024-02-29", "2023-02-29"]


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ([" 1", "2 ", " NA"], [1, 2, None]),
        ([" 1.5", "", "  "], [1.5, None, None]),
        (["a ", " a", "a"], ["a", "a", "a"]),
        ([" true", "False "], [True, False]),
        ([" 2024-02-29", "2024-03-01"], [date(2024, 2, 29), date(2024, 3, 1)]),
        (["+1", "-2"], [1, -2]),
    ],
)
def test_blanks_around_values_do_not_count(tmp_path: Path, values: list[str], read: list[Any]) -> None:
    assert column(tmp_path, values).to_list() == read


@pytest.mark.parametrize("word", ["?", "NAN", "Nan", "Null", "NONE"])
@pytest.mark.parametrize("count", [3, 300])
def test_some_words_are_missing_among_numbers_alone(tmp_path: Path, word: str, count: int) -> None:
    assert column(tmp_path, [*range(count), word]).to_list() == [*range(count), None]
    assert column(tmp_path, ["a", word]).to_list() == ["a", word]


@pytest.mark.parametrize("word", ["?", "NA", "NONE", ""])
def test_a_column_of_words_for_missing_values_has_no_values(tmp_path: Path, word: str) -> None:
    assert column(tmp_path, [word]).to_list() == [None]


@pytest.mark.parametrize("codes", [["007", "12"], ["01", "NA", "2"], ['"007"', '"012"'], ["0", "00"]])
def test_integers_with_leading_zeros_are_text(tmp_path: Path, codes: list[str]) -> None:
    bare = [code.strip('"') for code in codes]
    assert column(tmp_path, codes).to_list() == [None if code == "NA" else code for code in bare]


def test_fractions_below_one_are_numbers(tmp_path: Path) -> None:
    assert column(tmp_path, ["0.5", "00.5", "0", "0e1"]).to_list() == [0.5, 0.5, 0.0, 0.0]


@pytest.mark.parametrize("value", [2**63, 2**64, 10**40, -(10**39)])
def test_integers_beyond_64_bits_are_floats_and_as_labels_text(tmp_path: Path, value: int) -> None:
    assert column(tmp_path, [1, value]).to_list() == [1.0, float(value)]
    assert column(tmp_path, [1, value], "x").to_list() == ["1", str(value)]


def test_words_for_missing_values_are_labels_in_a_target_of_text(tmp_path: Path) -> None:
    words = ["None", "mild", "severe", "NA"]
    assert column(tmp_path, [*words, ""], "x").to_list() == [*words, None]
    assert column(tmp_path, words).to_list() == [None, "mild", "severe", None]
    path = tmp_path / "t.csv"
    assert read_table(path, label_column="x").frame["x"].to_list() == words
    assert read_table(path, label_column="x", text_columns=["x"]).frame["x"].to_list() == words


@pytest.mark.parametrize("word", ["", "NA", "NaN", "None", "?"])
def test_words_for_missing_values_are_no_labels_in_a_target_of_numbers(tmp_path: Path, word: str) -> None:
    assert column(tmp_path, [1, 2, word], "x").to_list() == [1, 2, None]


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (["2024-02-29 10:30", "2024-02-29"], [datetime(2024, 2, 29, 10, 30), datetime(2024, 2, 29)]),
        (["2024-02-29T10:30:01.25"], [datetime(2024, 2, 29, 10, 30, 1, 250_000)]),
        (["2012/02/29", "2012/03/01 10:30"], [datetime(2012, 2, 29), datetime(2012, 3, 1, 10, 30)]),
        (["10:30", "23:59:59.5"], [time(10, 30), time(23, 59, 59, 500_000)]),
    ],
)
def test_dates_and_times_in_iso_form_are_such(tmp_path: Path, values: list[str], read: list[Any]) -> None:
    assert column(tmp_path, values).to_list() == read


def test_offsets_from_utc_are_subtracted(tmp_path: Path) -> None:
    values = ["2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00Z", "2024-02-29 18:00-0530"]
    found = column(tmp_path, values)
    assert found.dtype == pl.Datetime("us", "UTC")
    assert found.dt.replace_time_zone(None).to_list() == [datetime(2024, 2, 29, 23, 30)] * 3


@pytest.mark.parametrize(
    "value",
    [
        *("29/02/2024", "02/29/2024", "2024/02-29", "29.02.2024", "24-02-29", "1.2.3", "2024-02-29T25:00"),
        *(
            "2024-02-29T10:60",
            "2024-02-29T10:00+25:00",
            "20240229T1000",
            "2024-2-9",
            "10.30",
            "24:00",
            "1:30",
        ),
    ],
)
@pytest.mark.parametrize("neighbour", ["2024-03-01", "13/02/2024", "10:30", "soon"])
def test_a_date_or_time_in_another_form_is_text_whatever_stands_beside_it(
    tmp_path: Path, value: str, neighbour: str
) -> None:
    assert column(tmp_path, [value, neighbour]).to_list() == [value, neighbour]
