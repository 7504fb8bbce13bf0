"""Damaged, hostile and merely unusual archives and Parquet files."""

import contextlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from chainrule.data import Encoder, read_table
from chainrule.errors import DataError

X, LABELS = np.arange(60.0).reshape(20, 3), np.arange(20) % 2


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header(text: str) -> bytes:
    padded = text.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded


def archive(folder: Path, compression: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    path = folder / "t.npz"
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name.replace("_npy", ".npy"), content)
    return path


@pytest.mark.parametrize(
    "members",
    [
        {"X": b"raw", "y_npy": npy(LABELS)},
        {"X_npy": b"raw"},
        {"X_npy": npy(X), "y": b"raw"},
        {"X_npy": npy(X), "feature_names": b"raw"},
        {"X_npy": header("{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000, 10), }")},
        {"X_npy": header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({10**30}, 1), }}")},
        {"X_npy": header("{'descr': '<f8', 'fortran_order': False, 'shape': ((((((")},
        {"X_npy": header("{'descr': __import__('os').getpid(), 'fortran_order': False, 'shape': (1, 1), }")},
        {"X_npy": npy(X), "y_npy": npy(LABELS.astype("m8[D]"))},
        {"X_npy": npy(X), "y_npy": npy(LABELS.astype(complex))},
        {"X_npy": npy(X), "y_npy": npy(np.array(["\ud800", "b"] * 10))},
        {"X_npy": npy(np.array([["\ud800"]]))},
    ],
    ids=range(12),
)
def test_an_archive_with_something_else_in_it_is_refused_by_name(
    tmp_path: Path, members: dict[str, bytes]
) -> None:
    with pytest.raises(DataError, match=r"t\.npz"):
        read_table(archive(tmp_path, **members))


@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
@pytest.mark.filterwarnings("ignore")  # a changed header may be one of an old NumPy, or hold odd Python
def test_an_archive_with_a_changed_byte_is_read_or_refused(tmp_path: Path, compression: int) -> None:
    path = archive(tmp_path, compression, X_npy=npy(X), y_npy=npy(LABELS))
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with contextlib.suppress(DataError):
            assert read_table(path).source == "t.npz"


def write(folder: Path, table: pa.Table) -> Path:
    parquet.write_table(table, folder / "t.parquet")
    return folder / "t.parquet"


@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**31 - 1, -(2**31), 0], pa.date32()),
        pa.array([2**63 - 1, -(2**63), 0], pa.timestamp("ms")),
        pa.array([2**63 - 1, -(2**62), 0], pa.duration("ms")),
    ],
)
def test_dates_in_the_far_future_are_encoded(tmp_path: Path, column: pa.Array) -> None:
    frame = read_table(write(tmp_path, pa.table({"x": column}))).frame
    features = Encoder.fit(frame).encode(frame)
    assert features.shape[0] == 3
    assert np.isfinite(features).all()
    assert features[0, 0] > features[2, 0] > features[1, 0]


def test_a_date_that_python_cannot_hold_is_named_by_what_is_stored(tmp_path: Path) -> None:
    encoder = Encoder.fit(pl.DataFrame({"x": [1.0, 2.0]}))
    frame = read_table(write(tmp_path, pa.table({"x": pa.array([2**31 - 1], pa.date32())}))).frame
    with pytest.raises(DataError, match="in row 0, counted from 0"):
        encoder.encode(frame)


def test_a_sound_parquet_file_that_polars_does_not_read_is_not_called_broken(tmp_path: Path) -> None:
    column = pa.array([1.0])
    path = write(tmp_path, pa.Table.from_arrays([column, column], ["x", "x"]))
    with pytest.raises(DataError, match=r"the columns of t\.parquet are such as polars reads; got .*'x'"):
        read_table(path)
