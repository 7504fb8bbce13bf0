"""Frames and dictionaries that are nearly tables."""

import decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from chainrule.data import read_table
from chainrule.errors import ArgumentTypeError, ChainruleError, DataError


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ([1, 2.5, 3], [1.0, 2.5, 3.0]),
        ((2.5, None, 3), [2.5, None, 3.0]),
        ([np.int64(1), 2.5], [1.0, 2.5]),
        ([1, 10**40], [1.0, 1e40]),
        ([1, None, 2], [1, None, 2]),
    ],
)
def test_integers_and_floats_in_one_list_are_numbers(values: Any, read: list[Any]) -> None:
    column = read_table({"x": values}).frame["x"]
    assert column.to_list() == read
    assert column.dtype == (pl.Int64 if isinstance(read[0], int) else pl.Float64)


@pytest.mark.parametrize(
    "data",
    [
        {"x": [1, "a"]},
        {"x": [10**400]},
        {"x": [decimal.Decimal("1.5"), 1]},
        {"x": ["\ud800"]},
        {"x": {1.0, 2.0}},
        {"x": np.arange(3).astype("m8[D]")},
        {1: [1], "1": [2]},
        pd.DataFrame([[1, 2]], columns=[1, "1"]),
        pd.DataFrame({"x": np.array([1j])}),
        pd.DataFrame({"x": np.array([1], np.longdouble)}),
        pd.DataFrame({"x": np.array([object()], object)}),
        pd.DataFrame({"x": np.array([10**30], object)}),
        pa.table({"x": pa.array([decimal.Decimal(1)], pa.decimal256(70, 1))}),
        pl.LazyFrame({"x": [1]}).select("absent"),
    ],
)
def test_what_cannot_be_converted_is_refused_and_never_fails(data: Any) -> None:
    with pytest.raises(DataError, match="columns of one length, each with a name of its own"):
        read_table(data)


@pytest.mark.parametrize("data", [{0: [1.0], 1: ["a"]}, pd.DataFrame({0: [1.0], 1: ["a"]})])
@pytest.mark.parametrize("target", [1, "1", np.int64(1)])
def test_a_column_whose_name_is_a_number_is_found(data: Any, target: Any) -> None:
    table = read_table(data, target)
    assert (table.target, table.features.columns) == ("1", ["0"])


@pytest.mark.parametrize("target", [["y"], b"y", np.array(["a"]), pd.Series(["a"])])
def test_a_target_that_names_no_column_is_refused(target: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="target is the name of a column"):
        read_table({"y": ["a"]}, target)


@pytest.mark.parametrize("data", [None, b"t.csv", 5, "a\0.csv"])
def test_what_is_neither_path_nor_frame_is_refused(data: Any) -> None:
    with pytest.raises(ChainruleError):
        read_table(data)
