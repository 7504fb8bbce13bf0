"""Text that is numbers with something around them."""

import polars as pl
import pytest

from chainrule.data import CATEGORY_LIMIT, Encoder
from chainrule.errors import DataError

WORTHLESS = "a column of numbers holds plain numbers such as 1234.5"
DAMAGED = "the values of a column are of one type"


@pytest.mark.parametrize("count", [3, 300])
@pytest.mark.parametrize(
    "form",
    [
        *("{},5", "{}.5%", "{} %", "${}.25", "{} €", "-£{}", "1,{:03}.5", "1.{:03},5", "1 {:03}", "1'{:03}"),
        *("1\u202f{:03},5", "\u2212{}", "'{}'", "({})"),
    ],
)
def test_numbers_with_something_around_them_are_refused(form: str, count: int) -> None:
    values = [form.format(k) for k in range(count)]
    with pytest.raises(DataError) as refusal:
        Encoder.fit(pl.DataFrame({"x": [*values, *values]}))
    assert refusal.value.rule == WORTHLESS
    assert refusal.value.came.startswith(f"{values[0]!r} in column 'x', row 0 of the table")


@pytest.mark.parametrize("count", [30, 300])
@pytest.mark.parametrize("word", ["?", "oops", "7.o5", "n/a"])
def test_a_word_among_numbers_is_refused_by_row(word: str, count: int) -> None:
    values = [*map(str, range(count)), word]
    with pytest.raises(DataError, match=f"row {count} of the table") as refusal:
        Encoder.fit(pl.DataFrame({"x": values}))
    assert refusal.value.rule == DAMAGED


def test_many_fractions_stored_as_text_are_refused() -> None:
    values = [f"{k}.5" for k in range(CATEGORY_LIMIT + 1)]
    with pytest.raises(DataError, match=WORTHLESS):
        Encoder.fit(pl.DataFrame({"x": values * 2}))


@pytest.mark.parametrize(
    "values",
    [
        ["1", "2", "2b"],
        ["1", "2", "3"],
        ["1.2.3", "1.2.4", "1.10.0"],
        ["29.02.2024", "01.03.2024"],
        ["555 1234", "555 4321"],
        ["007", "12", *map(str, range(20, 40)), "A1"],
        ["12 kg", "13 kg"],
        ["3-4", "5-6"],
        ["", "a"],
    ],
)
def test_text_that_is_no_number_stays_text(values: list[str]) -> None:
    assert len(Encoder.fit(pl.DataFrame({"x": values})).feature_names) == len(values)


def test_a_categorical_type_says_that_numbers_are_names() -> None:
    column = pl.Series("x", ["1,5", "2,5", "3,5"], dtype=pl.Categorical())
    assert Encoder.fit(column.to_frame()).n_features == 3
