"""Tables written some rows at a time, whole or not at all."""

import threading
from pathlib import Path

import polars as pl
import pytest
from pyarrow import parquet

from chainrule.data import OUTPUT_ENDINGS, written_table
from chainrule.errors import OutputError

SCHEMA = {"size": pl.Int64, "word": pl.String}
READERS = {".csv": pl.read_csv, ".parquet": pl.read_parquet, ".arrow": pl.read_ipc}


def rows(first: int, count: int) -> pl.DataFrame:
    numbers = range(first, first + count)
    return pl.DataFrame({"size": numbers, "word": [f"w, {k}" for k in numbers]}, schema=SCHEMA)


def writers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "chainrule-writer"]


@pytest.mark.parametrize("ending", OUTPUT_ENDINGS)
@pytest.mark.parametrize("sizes", [(), (0,), (1,), (5, 0, 3), (1000,) * 30])
def test_frames_come_back_in_their_order(tmp_path: Path, ending: str, sizes: tuple[int, ...]) -> None:
    path = tmp_path / f"t{ending}"
    with written_table(path, SCHEMA, "test") as write:
        for number, size in enumerate(sizes):
            write(rows(1000 * number, size))
    expected = pl.concat([rows(0, 0), *(rows(1000 * number, size) for number, size in enumerate(sizes))])
    found = READERS[ending](path)
    assert found.rows() == expected.rows()
    assert found.columns == expected.columns
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    assert writers() == []


@pytest.mark.parametrize("ending", OUTPUT_ENDINGS)
@pytest.mark.parametrize("error", [ValueError("stop"), KeyboardInterrupt()])
@pytest.mark.parametrize("frames", [0, 1, 20])
def test_an_error_while_rows_are_made_leaves_nothing_and_no_thread(
    tmp_path: Path, ending: str, error: BaseException, frames: int
) -> None:
    path = tmp_path / f"t{ending}"
    path.write_bytes(b"old")

    def half_written() -> None:
        with written_table(path, SCHEMA, "test") as write:
            for _ in range(frames):
                write(rows(0, 5000))
            raise error

    with pytest.raises(type(error)):
        half_written()
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [(path.name, b"old")]
    assert writers() == []


@pytest.mark.parametrize("ending", OUTPUT_ENDINGS)
def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, ending: str) -> None:
    with (
        pytest.raises(OutputError, match="can be written; got 'No such file or directory'"),
        written_table(tmp_path / "no" / f"t{ending}", SCHEMA, "test"),
    ):
        pass
    assert writers() == []


def test_wide_tables_have_groups_of_few_rows(tmp_path: Path) -> None:
    frame = pl.DataFrame({f"c{k}": [0.5] * 40_000 for k in range(500)})
    with written_table(tmp_path / "t.parquet", dict(frame.schema), "test") as write:
        write(frame)
    groups = parquet.ParquetFile(tmp_path / "t.parquet").metadata
    assert max(groups.row_group(k).num_rows for k in range(groups.num_row_groups)) <= 2**23 // 500
