"""The types of the columns of a text file."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from chainrule.data import MISSING_VALUES, read_table
from chainrule.data.text_types import DATES_SEEN, FIRST_ROWS


def column(folder: Path, values: list[Any]) -> pl.Series:
    path = folder / "t.csv"
    path.write_text("\n".join(["x,n", *(f"{value},1" for value in values)]))
    return read_table(path).frame["x"]


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
    found = column(tmp_path, [first] * (FIRST_ROWS + DATES_SEEN) + [last])
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
