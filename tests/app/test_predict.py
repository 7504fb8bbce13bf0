"""``chainrule predict``."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
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
