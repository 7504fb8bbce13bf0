"""Classes and class indices."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from chainrule.data import FLOAT_CLASS_LIMIT, class_indices, find_classes
from chainrule.errors import DataError


@pytest.mark.parametrize(
    ("labels", "classes", "indices"),
    [
        (["b", "a", "ä", "b"], ["a", "b", "ä"], [1, 0, 2, 1]),
        ([10, 9, 10], [9, 10], [1, 0, 1]),
        ([True, False], [False, True], [1, 0]),
        ([2.5, -1.0, 2.5], [-1.0, 2.5], [1, 0, 1]),
        (["10", "9"], ["10", "9"], [0, 1]),
    ],
)
def test_classes_are_sorted_and_keep_their_type(
    labels: list[Any], classes: list[Any], indices: list[int]
) -> None:
    column = pl.Series("y", labels)
    found = find_classes(column)
    assert found == classes
    assert [type(label) for label in found] == [type(classes[0])] * len(classes)
    assert class_indices(column, found).tolist() == indices
    assert class_indices(column, found).dtype == np.int64


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum(["b", "a"])])
def test_categorical_labels_are_text_in_order_of_text(dtype: pl.DataType) -> None:
    assert find_classes(pl.Series("y", ["b", "a"], dtype=dtype)) == ["a", "b"]


def test_an_integer_and_the_equal_float_are_the_same_label() -> None:
    assert class_indices(pl.Series("y", [2, 1]), [1.0, 2.0]).tolist() == [1, 0]
    assert class_indices(pl.Series("y", [2.0, 1.0]), [1, 2]).tolist() == [1, 0]


def test_integers_beyond_the_precision_of_floats_are_told_apart() -> None:
    labels = [2**53, 2**53 + 1]
    assert class_indices(pl.Series("y", labels), labels).tolist() == [0, 1]


def test_many_classes_are_found_among_many_rows() -> None:
    labels = np.random.default_rng(0).permutation(100_000) // 2
    column = pl.Series("y", labels)
    np.testing.assert_array_equal(class_indices(column, find_classes(column)), labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "train: a table has at least one row; got t.csv without rows. Add rows."),
        (
            ["a", "a"],
            (
                "train: a target has at least two classes; got 'a' in every row of column 'y' of t.csv. Name another "
                "target, or add rows of other classes."
            ),
        ),
        (
            ["a", None, "b", None],
            (
                "train: every row has a target; got 2 of 4 rows of t.csv without one in column 'y', the "
                "first in row 1 "
                "(rows are counted from 0). Remove these rows."
            ),
        ),
        (
            [1.0, 2.0, float("nan")],
            (
                "train: every row has a target; got 1 of 3 rows of t.csv without one in column 'y', the "
                "first in row 2 "
                "(rows are counted from 0). Remove these rows."
            ),
        ),
        (
            [1.0, float("inf")],
            "train: labels are finite; got inf in column 'y', row 1 of t.csv (rows are counted from 0). Replace it.",
        ),
        (
            [k / 7 for k in range(FLOAT_CLASS_LIMIT + 1)],
            (
                "train: a target holds classes; got column 'y' of t.csv with 101 different floating point numbers. "
                "chainrule classifies and offers no regression: group the numbers into classes first."
            ),
        ),
        (
            [f"person {k}" for k in range(101)],
            (
                "train: the labels of a target repeat; got column 'y' of t.csv with another label in each of its 101 "
                "rows. Name the column that holds classes, not names or numbers of rows."
            ),
        ),
        (
            [date(2024, 1, 1), date(2024, 1, 2)],
            (
                "train: a target holds text, integers of 64 bits, booleans or floats with few different "
                "values; got column "
                "'y' of t.csv with values of type Date. Convert it to text."
            ),
        ),
    ],
)
def test_a_column_that_holds_no_classes_is_refused(labels: list[Any], message: str) -> None:
    with pytest.raises(DataError) as refusal:
        find_classes(pl.Series("y", labels), source="t.csv", call="train")
    assert str(refusal.value) == message


@pytest.mark.parametrize("labels", [["a", "c"], [1, 2], [True, False]])
def test_a_label_that_the_model_does_not_know_is_refused(labels: list[Any]) -> None:
    with pytest.raises(
        DataError, match=r"got .* in column 'y', row [01] of the table .* The classes are 'a', 'b'\."
    ):
        class_indices(pl.Series("y", labels), ["a", "b"])


@pytest.mark.parametrize("kind", [int, str])
def test_labels_of_which_most_stand_in_one_row_are_refused(kind: type) -> None:
    prices = [kind(k) for k in (*range(200), *range(99))]
    with pytest.raises(DataError) as refusal:
        find_classes(pl.Series("price", prices), call="train")
    assert str(refusal.value) == (
        "train: the labels of a target repeat; got column 'price' of the table with 200 labels, 101 of them in one row "
        "only. chainrule classifies and offers no regression: group the values into classes first, or name the column "
        "that holds classes."
    )


def test_a_thousand_classes_with_a_few_rows_each_are_classes() -> None:
    assert len(find_classes(pl.Series("y", [*range(1000), *range(600)]))) == 1000


@pytest.mark.parametrize(
    ("classes", "labels", "row"),
    [
        ([1, 2], ["1", "2", "x", "1"], 2),
        ([1, 2], ["2.0", "1", "3"], 2),
        ([0.5, 1.0], ["1", "0.5", "half"], 2),
        ([False, True], ["true", "False", "maybe"], 2),
        ([2**53, 2**53 + 1], [str(2**53), str(2**53 + 1), "-"], 2),
    ],
)
def test_the_row_that_made_labels_text_is_named(classes: list[Any], labels: list[str], row: int) -> None:
    with pytest.raises(DataError, match=f"got '{labels[row]}' in column 'y', row {row} of the table"):
        class_indices(pl.Series("y", labels), classes)
    assert class_indices(pl.Series("y", labels[:2]), classes).tolist() in ([0, 1], [1, 0])


def test_a_long_label_is_shortened_in_messages() -> None:
    with pytest.raises(DataError) as refusal:
        class_indices(pl.Series("y" * 1000, ["a" * 5000]), ["b" * 5000, "c"])
    assert len(str(refusal.value)) < 400
