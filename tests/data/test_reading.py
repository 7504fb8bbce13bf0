"""From files, frames and dictionaries to one table."""

import io
import re
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from chainrule.data import EMBEDDED, Table, read_table
from chainrule.errors import ArgumentTypeError, ChainruleError, DataError, MissingFileError

FRAME = pl.DataFrame({"size": [1.5, None, 3.0], "kind": ["a", "b", None], "n": [1, 2, 3]})


def file(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def archive(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def parquet(frame: pl.DataFrame = FRAME) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def refusal(data: object, target: str | None = None) -> str:
    with pytest.raises(ChainruleError) as caught:
        read_table(data, target, call="train")
    return str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        FRAME,
        FRAME.lazy(),
        pd.DataFrame({"size": [1.5, None, 3.0], "kind": ["a", "b", None], "n": [1, 2, 3]}),
        pa.table({"size": [1.5, None, 3.0], "kind": ["a", "b", None], "n": [1, 2, 3]}),
        {"size": [1.5, None, 3.0], "kind": ["a", "b", None], "n": np.array([1, 2, 3])},
    ],
    ids=["polars", "polars lazy", "pandas", "pyarrow", "dictionary"],
)
def test_every_kind_of_frame_makes_the_same_table(data: object) -> None:
    table = read_table(data, "kind")
    assert (table.target, table.source) == ("kind", "the table")
    assert table.frame.equals(FRAME)
    assert table.features.columns == ["size", "n"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "size,kind,n\n1.5,a,1\n,b,2\n3.0,,3\n"),
        ("t.csv", '\ufeffsize,kind,n\r\n1.5,"a",1\r\nNA,b,2\r\n3.0, ,3\r\n'),
        ("t.csv", "size;kind;n\n1.5;a;1\n;b;2\n3.0;;3"),
        ("T.CSV", "size,kind,n\n1.5,a,1\n\n,b,2\n3.0,,3\n\n\n"),
        ("t.tsv", "size\tkind\tn\n1.5\ta\t1\n\tb\t2\n3.0\t\t3\n"),
        ("t.parquet", parquet()),
    ],
)
def test_every_kind_of_file_makes_the_same_table(tmp_path: Path, name: str, content: bytes | str) -> None:
    table = read_table(file(tmp_path, name, content), "kind")
    assert table.source == name
    assert table.frame.equals(FRAME)


def test_dates_times_and_booleans_of_a_csv_file_are_such(tmp_path: Path) -> None:
    rows = ("2024-02-29,2024-02-29T10:30:00,10:30:00,true", "2024-03-01,2024-03-01T00:00:00,00:00:00,False")
    text = "\n".join(("day,moment,hour,paid", *rows))
    first = read_table(file(tmp_path, "t.csv", text)).frame.row(0)
    assert first == (date(2024, 2, 29), datetime(2024, 2, 29, 10, 30), time(10, 30), True)


def test_text_columns_stay_text_whatever_they_look_like(tmp_path: Path) -> None:
    path = file(tmp_path, "t.csv", "zip,n\n1,1\n2,2\n")
    assert read_table(path, text_columns=["zip", "absent"]).frame["zip"].to_list() == ["1", "2"]
    assert read_table(path).frame["zip"].to_list() == [1, 2]


def test_quoted_separators_and_line_breaks_are_part_of_the_text(tmp_path: Path) -> None:
    frame = read_table(file(tmp_path, "t.csv", '"a,1",b\n"x,y","two\nlines"\nz,\n')).frame
    assert frame.rows() == [("x,y", "two\nlines"), ("z", None)]
    assert frame.columns == ["a,1", "b"]


def test_an_archive_has_features_x0_x1_and_the_target_y(tmp_path: Path) -> None:
    X, y = np.arange(6, dtype=np.float32).reshape(3, 2), np.array(["a", "b", "a"])
    table = read_table(file(tmp_path, "t.npz", archive(X=X, y=y)))
    assert table.target == "y"
    assert table.frame.columns == ["x0", "x1", "y"]
    np.testing.assert_array_equal(table.features.to_numpy(), X)


@pytest.mark.parametrize("dtype", [">f8", "<i2", "f2", "bool", "longdouble"])
def test_an_archive_may_hold_any_type_of_number(tmp_path: Path, dtype: str) -> None:
    X = np.array([[0, 1], [1, 1]], dtype=dtype)
    table = read_table(file(tmp_path, "t.npz", archive(X=X, y=np.array([b"a", b"b"]))))
    np.testing.assert_array_equal(table.features.to_numpy().astype(float), X.astype(float))
    assert table.frame["y"].to_list() == ["a", "b"]


def test_an_archive_may_name_its_features_and_lack_a_target(tmp_path: Path) -> None:
    table = read_table(file(tmp_path, "t.npz", archive(X=np.eye(2), feature_names=np.array(["size", "age"]))))
    assert (table.target, table.frame.columns) == (None, ["size", "age"])


@pytest.mark.parametrize(
    ("name", "shape", "target"),
    [
        ("digits", (1797, 65), "digit"),
        ("iris", (150, 5), "species"),
        ("wine", (178, 14), "cultivar"),
        ("breast-cancer", (569, 31), "diagnosis"),
    ],
)
def test_the_embedded_sets_are_whole_and_know_their_target(
    name: str, shape: tuple[int, int], target: str
) -> None:
    table = read_table(name)
    assert (table.frame.shape, table.target, table.source) == (shape, target, name)
    assert name in EMBEDDED


def test_a_target_given_takes_the_place_of_the_datas_own() -> None:
    assert read_table("iris", "petal width (cm)").target == "petal width (cm)"


def test_a_long_list_of_columns_is_cut_in_messages() -> None:
    message = refusal({f"column {k}": [1] for k in range(30)}, "x")
    assert "'column 11' and 18 more." in message


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "", "train: t.csv holds a table; got an empty file. Check how the file was made."),
        (
            "t.csv",
            " \n\n",
            (
                "train: t.csv has a line of column names and rows below it; got an empty file. Check how the "
                "file was made."
            ),
        ),
        (
            "t.csv",
            "a,b,a\n1,2,3\n",
            (
                "train: the columns of t.csv have different names; got 'a' 2 times. Rename the columns in the file's "
                "first line."
            ),
        ),
        (
            "t.csv",
            "a,b,c\n1,2,3\n4,5\n",
            (
                "train: every row of t.csv has 3 fields, as its first line; got 2 in row 1 (rows are "
                "counted from 0 below "
                "the column names). Check that row for a missing separator or an unquoted one."
            ),
        ),
        (
            "t.csv",
            "a,b,c\n1,2,3\n4,5,6\n7,8,9,10\n",
            (
                "train: every row of t.csv has 3 fields, as its first line; got 4 in row 2 (rows are "
                "counted from 0 below "
                "the column names). Check that row for a missing separator or an unquoted one."
            ),
        ),
        (
            "t.csv",
            b"a,b\n1,x\n2,\xff\n",
            (
                "train: t.csv holds text in UTF-8; got byte 0xff in line 3. Convert the file, for example with iconv "
                "-t UTF-8."
            ),
        ),
        (
            "t.csv",
            "a,b\n1,2\n".encode("utf-16"),
            "train: t.csv holds text in UTF-8; got bytes of zero. Save the table as CSV in UTF-8.",
        ),
        (
            "t.npz",
            b"junk",
            (
                "train: t.npz is a NumPy archive of plain arrays; got another kind of file. Save it with "
                "numpy.savez(path, X=X, y=y)."
            ),
        ),
        (
            "t.npz",
            archive(X=np.array([[1, "a"]], dtype=object), y=[0]),
            (
                "train: t.npz is a NumPy archive of plain arrays; got an array of Python objects. "
                "Convert it to numbers "
                "or text first; reading Python objects would run code."
            ),
        ),
        (
            "t.npz",
            archive(y=[0]),
            (
                "train: the array X of t.npz has numbers or text in shape (examples, features); got no "
                "array X. Save it "
                "with numpy.savez(path, X=X, y=y)."
            ),
        ),
        (
            "t.npz",
            archive(X=np.zeros((3, 2, 1))),
            (
                "train: the array X of t.npz has numbers or text in shape (examples, features); got "
                "dtype float64 and "
                "shape (3, 2, 1). Save it with numpy.savez(path, X=X, y=y)."
            ),
        ),
        (
            "t.npz",
            archive(X=np.eye(2), y=np.eye(2)),
            (
                "train: the array y of t.npz has shape (2,), one label for each row of X; got shape (2, "
                "2). Save class "
                "labels, not one-hot rows."
            ),
        ),
        (
            "t.npz",
            archive(X=np.eye(2), feature_names=np.array(["a", "a"])),
            (
                "train: feature_names of t.npz has 2 different names, none of them 'y'; got 2 names, 1 "
                "of them different. "
                "Name each column of X once, or leave the array out."
            ),
        ),
        (
            "t.xls",
            b"junk",
            (
                "train: a file of data ends in .csv, .tsv, .npz, .npy, .svmlight, .libsvm, .svm, .parquet, .arrow, "
                ".feather, .ipc; got "
                "'t.xls'. Convert it, or use an embedded "
                "set: digits, iris, wine, breast-cancer."
            ),
        ),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    tmp_path: Path, name: str, content: bytes | str, message: str
) -> None:
    assert refusal(file(tmp_path, name, content)) == message


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.99])
def test_a_truncated_parquet_file_is_refused(tmp_path: Path, kept: float) -> None:
    whole = parquet(pl.DataFrame({"a": np.arange(1000.0)}))
    path = file(tmp_path, "t.parquet", whole[: int(kept * len(whole))])
    assert refusal(path).startswith(
        "train: t.parquet is a whole Parquet file; got one whose beginning or end is "
    )


@pytest.mark.parametrize("ending", ["arrow", "feather", "ipc"])
def test_an_arrow_file_is_read_whole_or_refused(tmp_path: Path, ending: str) -> None:
    frame = pl.DataFrame({"a": np.arange(1000.0), "kind": ["x", "y"] * 500})
    path = tmp_path / f"t.{ending}"
    frame.write_ipc(path)
    assert read_table(path, "kind").frame.equals(frame)
    content = path.read_bytes()
    for kept in (0.2, 0.5, 0.99):
        path.write_bytes(content[: int(kept * len(content))])
        assert refusal(path).startswith(f"train: t.{ending} is a whole Arrow file; got one whose ")
    path.write_bytes(b"")
    assert "got an empty file" in refusal(path)


def test_a_pair_of_numpy_files_is_features_and_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.arange(6.0).reshape(3, 2))
    np.save(tmp_path / "labels.npy", np.array([1, 0, 1]))
    table = read_table(tmp_path / "X.npy", str(tmp_path / "labels.npy"))
    assert table.frame.to_dict(as_series=False) == {
        "x0": [0.0, 2.0, 4.0],
        "x1": [1.0, 3.0, 5.0],
        "y": [1, 0, 1],
    }
    assert table.target == "y"
    alone = read_table(tmp_path / "X.npy")
    assert (alone.target, alone.frame.columns) == (None, ["x0", "x1"])


def test_numpy_files_that_are_no_pair_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.eye(3))
    np.save(tmp_path / "few.npy", np.zeros(2, int))
    np.save(tmp_path / "objects.npy", np.array([{}, 1, 2], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("1 2 3")
    for name, message in {
        "few": "has shape (3,), one label for each row of X; got shape (2,)",
        "objects": "objects.npy is a NumPy array; got an array of Python objects",
        "text": "text.npy is a NumPy array; got another kind of file",
        "absent": "absent.npy' is a file that can be read",
    }.items():
        with pytest.raises((DataError, MissingFileError), match=re.escape(message)):
            read_table(tmp_path / "X.npy", str(tmp_path / f"{name}.npy"))


def test_a_folder_and_a_pattern_are_one_table(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": np.arange(10.0), "kind": ["x", "y"] * 5})
    (tmp_path / "parts" / "deeper").mkdir(parents=True)
    frame.head(4).write_parquet(tmp_path / "parts" / "1.parquet")
    frame.tail(6).write_parquet(tmp_path / "parts" / "deeper" / "2.parquet")
    assert read_table(tmp_path / "parts", "kind").frame.equals(frame)
    assert read_table(tmp_path / "parts" / "**" / "*.parquet", "kind").frame.equals(frame)
    assert read_table(tmp_path / "parts", "kind").source == "parts (2 files)"
    frame.write_ipc(tmp_path / "parts" / "3.arrow")
    assert "the files of parts (3 files) have one format; got Arrow and Parquet" in refusal(
        tmp_path / "parts"
    )


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.99])
def test_a_truncated_archive_is_refused(tmp_path: Path, kept: float) -> None:
    whole = archive(X=np.arange(1000.0).reshape(-1, 2))
    path = file(tmp_path, "t.npz", whole[: int(kept * len(whole))])
    assert refusal(path).startswith(
        "train: t.npz is a NumPy archive of plain arrays; got one that cannot be read: "
    )


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="No such file or directory"):
        read_table(tmp_path / "t.csv")


def test_a_missing_target_is_refused_with_the_nearest_column_and_all_of_them() -> None:
    assert refusal(FRAME, "Sice") == (
        "train: the target is a column of the table; got target 'Sice', which the table does not have. "
        "Did you mean 'size'? The columns are 'size', 'kind', 'n'."
    )


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": [1, "x"]}),
        {"a": [1, 2], "b": [1]},
        {"a": [1, "x"]},
    ],
)
def test_a_frame_that_is_no_table_is_refused(data: object) -> None:
    message = refusal(data)
    assert message.startswith(
        "train: a table has columns of one length, each with a name of its own and values of one"
    )
    assert "\n" not in message


@pytest.mark.parametrize("data", [np.eye(2), [1, 2], 3, None])
def test_what_holds_no_table_is_refused(data: object) -> None:
    with pytest.raises(ArgumentTypeError, match="use SoftmaxClassifier, which takes arrays"):
        read_table(data)


def test_a_table_without_a_target_has_features_only() -> None:
    assert Table(FRAME, None, "the table").features is FRAME
    with pytest.raises(DataError):
        read_table(FRAME, "")
