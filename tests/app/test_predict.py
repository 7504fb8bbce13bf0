"""``chainrule predict``."""

import io
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import polars as pl
import pytest

import chainrule as cr
from app.command_line import refusal, run, run_process


def test_another_process_predicts_what_the_model_predicts_here(folder: Path, here: Path) -> None:
    rows = pl.read_csv(folder / "people.csv", try_parse_dates=True).drop("plan")
    rows.write_parquet("rows.parquet")
    result = run_process(
        "predict", folder / "people.safetensors", "rows.parquet", "-o", "out.parquet", folder=here
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    table = pl.read_parquet(here / "out.parquet")
    model = cr.load(folder / "people.safetensors")
    assert table.columns == ["prediction", "probability:basic", "probability:plus", "probability:premium"]
    np.testing.assert_array_equal(table.drop("prediction").to_numpy(), model.predict_proba(rows))
    assert table["prediction"].to_list() == model.predict(rows).tolist()


def test_predictions_go_to_stdout_as_csv(folder: Path) -> None:
    result = run("predict", folder / "people.safetensors", folder / "people.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    table = pl.read_csv(io.StringIO(result.stdout))
    assert table.height == 400
    expected = cr.load(folder / "people.safetensors").predict_proba(folder / "people.csv")
    np.testing.assert_array_equal(table.drop("prediction").to_numpy().astype(np.float32), expected)


def test_a_csv_file_holds_what_stdout_would(folder: Path, here: Path) -> None:
    shown = run("predict", folder / "people.safetensors", folder / "people.csv").stdout
    assert (
        run("predict", folder / "people.safetensors", folder / "people.csv", "--output", "o.csv").stdout == ""
    )
    assert (here / "o.csv").read_text() == shown


def test_an_unseen_category_is_predicted_and_told_once(folder: Path, here: Path) -> None:
    rows = pl.read_csv(folder / "people.csv").with_columns(city=pl.lit("Atlantis"))
    rows.write_csv(here / "new.csv")
    result = run("predict", folder / "people.safetensors", "new.csv")
    assert result.exit_code == 0
    assert result.stdout.count("\n") == 401
    assert result.stderr == (
        "chainrule: warning: chainrule predict: categories are those of training; got others in 400 rows of 'city' "
        "('Atlantis'). They count as no category.\n"
    )


def test_a_table_without_rows_has_predictions_without_rows(folder: Path, here: Path) -> None:
    pl.read_csv(folder / "people.csv").clear().write_csv(here / "none.csv")
    result = run("predict", folder / "people.safetensors", "none.csv")
    assert result.stdout == "prediction,probability:basic,probability:plus,probability:premium\n"


@pytest.mark.parametrize("buffering", [(), ("-u",)])
def test_a_reader_that_goes_away_is_no_error(folder: Path, here: Path, buffering: tuple[str, ...]) -> None:
    rows = pl.concat([pl.read_csv(folder / "people.csv")] * 50)
    rows.write_csv(here / "many.csv")
    command = [
        sys.executable,
        *buffering,
        "-m",
        "chainrule",
        "predict",
        str(folder / "people.safetensors"),
        "many.csv",
    ]
    with subprocess.Popen(command, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_device_is_refused(folder: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "chainrule",
        "predict",
        folder / "people.safetensors",
        folder / "people.csv",
    ]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (result.returncode, result.stderr) == (
        2,
        "chainrule: the system refused: No space left on device.\n",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"age": "old"}, "column 'age' holds numbers, as in training; got text in new.csv ('old' in row 0"),
        (
            {"joined": "soon"},
            "column 'joined' holds dates, as in training; got text in new.csv ('soon' in row 0",
        ),
        ({"paid": "perhaps"}, "column 'paid' holds true and false, as in training; got text in new.csv"),
        (
            {"age": "2024-01-01"},
            "column 'age' holds numbers, as in training; got dates in new.csv ('2024-01-01'",
        ),
        ({"age": "inf"}, "numbers are finite or missing; got inf in column 'age', row 0 of new.csv"),
    ],
)
def test_a_column_that_changed_is_refused(
    folder: Path, here: Path, change: dict[str, str], message: str
) -> None:
    rows = pl.read_csv(folder / "people.csv").with_columns(
        **{name: pl.lit(text) for name, text in change.items()}
    )
    rows.write_csv(here / "new.csv")
    assert message in refusal("predict", folder / "people.safetensors", "new.csv", "--output", "out.csv")
    assert [path.name for path in here.iterdir()] == ["new.csv"]


def test_an_absent_column_is_refused(folder: Path, here: Path) -> None:
    pl.read_csv(folder / "people.csv").drop("city").write_csv(here / "new.csv")
    message = refusal("predict", folder / "people.safetensors", "new.csv")
    assert (
        "the columns of training are there again; got new.csv without 'city'. It has 'age', 'joined'"
        in message
    )


def test_files_that_are_no_models_are_refused(folder: Path, here: Path) -> None:
    whole = (folder / "people.safetensors").read_bytes()
    contents = {
        "truncated": whole[:-7],
        "cut-in-the-header": whole[:200],
        "empty": b"",
        "newer": whole.replace(rb"\"format\": 1", rb"\"format\": 9"),
        "another": b"x,y\n1,2\n",
    }
    for name, content in contents.items():
        (here / name).write_bytes(content)
        message = refusal("predict", name, folder / "people.csv", "--output", "out.csv")
        assert message.startswith(f"chainrule predict: '{name}' ")
    assert "has format 1 or older; got format 9. Upgrade chainrule" in refusal(
        "predict", "newer", folder / "people.csv"
    )
    assert {path.name for path in here.iterdir()} == set(contents)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("out.xls", "--output ends in .csv, .parquet or .arrow; got 'out.xls'."),
        ("no/out.csv", "'no/out.csv' can be written; got 'No such file or directory'"),
        ("rows.csv", "--output is another file than those read; got 'rows.csv'."),
    ],
)
def test_an_output_that_cannot_be_is_refused(folder: Path, here: Path, output: str, message: str) -> None:
    content = (folder / "people.csv").read_bytes()
    (here / "rows.csv").write_bytes(content)
    assert message in refusal("predict", folder / "people.safetensors", "rows.csv", "--output", output)
    assert {path.name: path.read_bytes() for path in here.iterdir()} == {"rows.csv": content}


@pytest.fixture(scope="module")
def many(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with rows of several blocks: as one Parquet file, and as a folder of three."""
    path = tmp_path_factory.mktemp("many")
    rows = pl.read_csv(folder / "people.csv", try_parse_dates=True).drop("plan")
    rows = pl.concat([rows] * 180)  # 72,000: more than are read at a time
    rows = rows.with_columns(age=pl.col("age") + pl.arange(0, rows.height) / 1000)
    rows.write_parquet(path / "rows.parquet", row_group_size=10_000)
    (path / "parts").mkdir()
    for number, first in enumerate((0, 11, 40_000)):
        last = (11, 40_000, rows.height)[number]
        rows[first:last].write_parquet(path / "parts" / f"part-{number}.parquet")
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
@pytest.mark.parametrize("data", ["rows.parquet", "parts", "parts/part-*.parquet"])
def test_rows_read_some_at_a_time_are_predicted_as_whole_bit_for_bit(
    folder: Path, many: Path, here: Path, data: str, ending: str
) -> None:
    result = run("predict", folder / "people.safetensors", many / data, "--output", f"out.{ending}")
    assert (result.exit_code, result.stderr) == (0, "")
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "arrow": pl.read_ipc}[ending]
    table = read(here / f"out.{ending}")
    model, rows = cr.load(folder / "people.safetensors"), pl.read_parquet(many / "rows.parquet")
    expected = model.predict_proba(rows)
    np.testing.assert_array_equal(table.drop("prediction").to_numpy().astype(np.float32), expected)
    assert table["prediction"].to_list() == model.predict(rows).tolist()


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_the_top_classes_are_those_of_a_stable_sort(
    folder: Path, many: Path, here: Path, ending: str
) -> None:
    result = run("predict", folder / "people.safetensors", many / "parts", "--top", 2, "-o", f"out.{ending}")
    assert (result.exit_code, result.stderr) == (0, "")
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "arrow": pl.read_ipc}[ending]
    table = read(here / f"out.{ending}")
    assert table.columns == ["prediction", "top:1", "top:2", "probability:1", "probability:2"]
    model, rows = cr.load(folder / "people.safetensors"), pl.read_parquet(many / "rows.parquet")
    probabilities = model.predict_proba(rows)
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    assert table.select("top:1", "top:2").rows() == [tuple(row) for row in np.array(model.classes)[order]]
    found = table.select("probability:1", "probability:2").to_numpy().astype(np.float32)
    np.testing.assert_array_equal(found, np.take_along_axis(probabilities, order, axis=1))
    assert table["prediction"].to_list() == table["top:1"].to_list()


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_pyarrow_and_pandas_read_what_is_written(folder: Path, here: Path, ending: str) -> None:
    run("predict", folder / "people.safetensors", folder / "people.csv", "-o", f"out.{ending}")
    read = {"csv": pandas.read_csv, "parquet": pandas.read_parquet, "arrow": pandas.read_feather}[ending]
    assert read(here / f"out.{ending}").shape == (400, 4)


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_a_table_without_rows_makes_a_file_without_rows(folder: Path, here: Path, ending: str) -> None:
    pl.read_csv(folder / "people.csv", try_parse_dates=True).clear().write_parquet("none.parquet")
    result = run("predict", folder / "people.safetensors", "none.parquet", "-o", f"out.{ending}")
    assert (result.exit_code, result.stderr) == (0, "")
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "arrow": pl.read_ipc}[ending]
    assert read(here / f"out.{ending}").shape == (0, 4)


@pytest.mark.usefixtures("here")
def test_unseen_categories_of_all_blocks_are_told_once(folder: Path, many: Path) -> None:
    rows = pl.read_parquet(many / "rows.parquet").with_columns(
        city=pl.Series(["Rom", None, "Ulm"] * 20_000 + ["Wien", "Bonn", "Linz"] * 4_000)
    )
    rows.write_parquet("rows.parquet")
    result = run("predict", folder / "people.safetensors", "rows.parquet", "-o", "out.parquet")
    assert result.exit_code == 0
    assert result.stderr == (
        "chainrule: warning: chainrule predict: categories are those of training; got others in 48000 rows of 'city' "
        "('Rom', 'Ulm', 'Wien'). They count as no category.\n"
    )


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_a_bad_row_late_in_the_data_is_named_and_leaves_the_old_file(
    folder: Path, many: Path, here: Path, ending: str
) -> None:
    rows = pl.read_parquet(many / "rows.parquet")
    bad = pl.arange(0, rows.height) == 70_001
    rows.with_columns(age=pl.when(bad).then(float("inf")).otherwise(pl.col("age"))).write_parquet("r.parquet")
    (here / f"out.{ending}").write_bytes(b"old")
    message = refusal("predict", folder / "people.safetensors", "r.parquet", "-o", f"out.{ending}")
    assert "got inf in column 'age', row 70001 of r.parquet" in message
    assert (here / f"out.{ending}").read_bytes() == b"old"
    assert {path.name for path in here.iterdir()} == {"r.parquet", f"out.{ending}"}


@pytest.mark.usefixtures("here")
def test_a_column_of_another_kind_is_named_with_its_row_in_the_whole(folder: Path, many: Path) -> None:
    rows = pl.read_parquet(many / "rows.parquet").with_columns(
        age=pl.when(pl.arange(0, pl.len()) == 70_001).then(pl.lit("old"))
    )
    rows.write_parquet("r.parquet")
    message = refusal("predict", folder / "people.safetensors", "r.parquet", "-o", "out.csv")
    assert "got text in r.parquet ('old' in row 70001, counted from 0)" in message


LIMITED = (
    "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000));"
    "from chainrule.app.main import run; run()"
)


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    folder: Path, many: Path, here: Path, ending: str
) -> None:
    output = here / f"out.{ending}"
    output.write_bytes(b"old")
    command = [sys.executable, "-c", LIMITED, "predict", folder / "people.safetensors", many / "parts"]
    result = subprocess.run(
        [*map(str, command), "-o", output.name], cwd=here, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        f"chainrule predict: '{output.name}' can be written; got 'File too large'. Nothing was written; name a file in "
        "a folder that exists, can be written to and has room.\n"
    )
    assert [(path.name, path.read_bytes()) for path in here.iterdir()] == [(output.name, b"old")]


INTERRUPTED = """
import os, signal, sys
import chainrule.estimators as estimators
from chainrule.app.main import run
blocks, seen = estimators.predicted_blocks, []
def interrupting(*arguments, **options):
    for block in blocks(*arguments, **options):
        seen.append(block)
        if len(seen) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        yield block
estimators.predicted_blocks = interrupting
run()
"""


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_ctrl_c_leaves_nothing_behind(folder: Path, many: Path, here: Path, ending: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, "predict", folder / "people.safetensors", many / "parts"]
    result = subprocess.run(
        [*map(str, command), "-o", f"out.{ending}"], cwd=here, capture_output=True, text=True, check=False
    )
    assert result.returncode == 130, result.stderr
    assert result.stderr == "chainrule: interrupted; nothing was written.\n"
    assert list(here.iterdir()) == []


def test_an_output_among_the_files_that_are_read_is_refused(folder: Path, many: Path, here: Path) -> None:
    shutil.copytree(many / "parts", here / "parts")
    message = refusal("predict", folder / "people.safetensors", "parts", "-o", "parts/part-1.parquet")
    assert "--output is another file than those read; got 'parts/part-1.parquet'." in message


def test_more_classes_than_there_are_cannot_be_the_top(folder: Path) -> None:
    message = refusal("predict", folder / "people.safetensors", folder / "people.csv", "--top", 4)
    assert message == "chainrule predict: --top is at most the number of classes, 3; got 4. Ask for fewer."


def test_a_truncated_file_among_many_is_refused_by_name(folder: Path, many: Path, here: Path) -> None:
    shutil.copytree(many / "parts", here / "parts")
    whole = (here / "parts" / "part-2.parquet").read_bytes()
    (here / "parts" / "part-2.parquet").write_bytes(whole[:-100])
    message = refusal("predict", folder / "people.safetensors", "parts", "-o", "out.arrow")
    assert "part-2.parquet is a whole Parquet file; got one whose beginning or end is another" in message
    assert [path.name for path in here.iterdir()] == ["parts"]


PEAK = """
import sys
from pathlib import Path
from chainrule.app.commands import main
def kibibytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
model, small, large, out = sys.argv[1:]
assert main(["predict", model, small, "-o", out]) == 0
before = kibibytes("RssAnon")
Path("/proc/self/clear_refs").write_text("5")
assert main(["predict", model, large, "-o", out]) == 0
print((kibibytes("VmHWM") - kibibytes("VmRSS") + kibibytes("RssAnon") - before) / 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads /proc")
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_memory_does_not_grow_with_the_rows(folder: Path, many: Path, here: Path, ending: str) -> None:
    rows = pl.read_parquet(many / "rows.parquet")
    pl.concat([rows] * 40).write_parquet("large.parquet", row_group_size=50_000)  # 2.9 million rows
    command = [sys.executable, "-c", PEAK, folder / "people.safetensors", many / "rows.parquet"]
    result = subprocess.run(
        [*map(str, command), "large.parquet", f"out.{ending}"],
        cwd=here,
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(result.stdout) < 100, result.stdout  # MB; the predictions alone are 100 and more in memory
