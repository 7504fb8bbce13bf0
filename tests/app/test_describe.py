"""``chainrule train --describe`` and ``--column``."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.command_line import refusal, run, run_json
from chainrule.estimators import load


def deliveries(n: int = 300) -> pl.DataFrame:
    random = np.random.default_rng(2)
    words = np.array(["late", "broken", "fine", "quick", "box", "door", "friendly", "wet"])
    chosen = random.integers(0, len(words), (n, 4))
    return pl.DataFrame(
        {
            "note": [f"{' '.join(words[row])} no. {k}" for k, row in enumerate(chosen)],
            "code": [f"{k:03}" for k in random.integers(0, 60, n)],
            "weight": [f"{k} kg" for k in random.integers(1, 9, n)],
            "floor": random.integers(0, 5, n),
            "parcel": [f"P{k:05}" for k in range(n)],
            "when": pl.date_range(
                pl.date(2023, 1, 1), pl.date(2023, 1, 1) + pl.duration(days=n - 1), eager=True
            ),
            "happy": np.where((chosen < 2).any(axis=1), "no", "yes"),
        }
    ).with_columns(note=pl.when(pl.int_range(pl.len()) % 10 == 1).then(None).otherwise("note"))


@pytest.fixture
def table(here: Path) -> Path:
    deliveries().write_csv(here / "deliveries.csv")
    return here / "deliveries.csv"


def described(*arguments: object) -> dict[str, Any]:
    found = run_json("train", *arguments, "--describe")
    return {column["name"]: column for column in found["columns"]}


def test_every_column_is_told_with_its_kind_and_why(table: Path) -> None:
    columns = described(table, "--target", "happy")
    assert {name: column["kind"] for name, column in columns.items()} == {
        "note": "text",
        "code": "category",
        "weight": "category",
        "floor": "number",
        "parcel": "left out",
        "when": "date",
    }
    assert columns["note"]["missing"] == pytest.approx(0.1)
    assert columns["note"]["why"] == "5.0 words on average, 270 different texts"
    assert columns["weight"]["why"] == "8 different values"
    assert columns["parcel"] == {
        "name": "parcel",
        "kind": "left out",
        "features": 0,
        "missing": 0.0,
        "why": "it is text that never repeats",
        "examples": ["'P00000'", "'P00001'", "'P00002'"],
    }
    assert columns["when"]["why"] == "dates, in which month, weekday, day vary"
    assert columns["when"]["features"] == 7


def test_nothing_is_trained_or_written(table: Path) -> None:
    before = sorted(table.parent.iterdir())
    result = run("train", table, "--target", "happy", "--describe")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    assert sorted(table.parent.iterdir()) == before
    for word in ("note", "text", "10.00 %", "300 rows", "compressed rows", "2 classes of 'happy'"):
        assert word in result.stdout


def test_chosen_kinds_overrule_what_the_values_say(table: Path) -> None:
    chosen = ["--column", "code=number", "--column", "floor=category", "--column", "parcel=hashed"]
    columns = described(
        table, "--target", "happy", *chosen, "--column", "when=drop", "--column", "weight=text"
    )
    assert {name: column["kind"] for name, column in columns.items()} == {
        "note": "text",
        "code": "number",
        "weight": "text",
        "floor": "category",
        "parcel": "hashed",
        "when": "left out",
    }
    assert columns["code"]["why"] == "as chosen: numbers"
    assert columns["when"]["why"] == "it was asked to be left out"
    assert columns["floor"]["features"] == 5


def test_what_is_described_is_what_is_trained_and_kept(table: Path) -> None:
    arguments = [table, "--target", "happy", "--column", "code=number", "--column", "floor=category"]
    columns = described(*arguments)
    model = table.parent / "model.safetensors"
    trained = run_json("train", *arguments, "--output", model)
    assert trained["features"] == sum(column["features"] for column in columns.values())
    loaded = load(model)
    assert loaded.settings is not None
    assert loaded.settings["columns"] == [["code", "number"], ["floor", "category"]]
    new = deliveries().head(40).with_columns(code=pl.col("code").cast(pl.Int64))
    new.write_parquet(table.parent / "new.parquet")
    np.testing.assert_allclose(
        loaded.predict_proba(table.parent / "new.parquet"), loaded.predict_proba(table)[:40], rtol=1e-5
    )
    assert trained["test_accuracy"] > 0.9


def test_a_checkpoint_keeps_the_kinds(table: Path) -> None:
    arguments = [table, "--target", "happy", "--column", "code=number", "--hidden", "4", "--max-epochs", "3"]
    run_json("train", *arguments, "--output", "a.safetensors", "--checkpoint", "a.checkpoint")
    Path("a.safetensors").rename("first.safetensors")
    run_json("train", "--resume", "a.checkpoint")
    assert Path("a.safetensors").read_bytes() == Path("first.safetensors").read_bytes()


def test_a_table_on_the_disk_is_described_as_one_in_memory(table: Path) -> None:
    pl.read_csv(table, try_parse_dates=True).write_parquet("d.parquet")
    arguments = ["d.parquet", "--target", "happy", "--column", "floor=category"]
    assert described(*arguments, "--stream") == described(*arguments, "--no-stream")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--column", "weight=number"],
            "chainrule train: column 'weight' holds numbers, as was chosen for it; got '",
        ),
        (["--column", "weight=fruit"], "got 'fruit' for 'weight'. Name one of these."),
        (["--column", "weight"], "--column is NAME=KIND, once for each column; got 'weight'."),
        (["--column", "weight=text", "--column", "weight=drop"], "got 'weight' twice"),
        (["--column", "wait=text"], "got deliveries.csv without 'wait'. It has 'note', 'code'"),
        (["--column", "happy=text"], "the target holds classes, whatever they look like"),
        (["--column", "weight=date"], "holds dates, as was chosen for it; got '"),
    ],
)
def test_kinds_that_cannot_be_are_refused(table: Path, options: list[str], message: str) -> None:
    said = refusal("train", table, "--target", "happy", "--describe", *options)
    assert message in said
    assert refusal("train", table, "--target", "happy", *options) == said


def test_a_value_that_does_not_fit_is_named_with_its_row(table: Path) -> None:
    frame = deliveries().with_columns(
        code=pl.when(pl.int_range(pl.len()) == 123).then(pl.lit("12 kg")).otherwise("code")
    )
    frame.write_csv(table)
    said = refusal("train", table, "--target", "happy", "--column", "code=number")
    assert (
        "got '12 kg' in row 123 of deliveries.csv (rows are counted from 0). Correct the value, or choose"
        in said
    )


def test_no_other_library_is_loaded_to_encode_numbers(here: Path) -> None:
    import subprocess
    import sys

    program = (
        "import sys, polars as pl, chainrule.data as data\n"
        "frame = pl.DataFrame({'size': [1.0, 2.0], 'colour': ['a', 'b']})\n"
        "data.Encoder.fit(frame).encode(frame)\n"
        "print(*[name for name in ('sklearn', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=here, capture_output=True, text=True, check=True
    )
    assert json.dumps(done.stdout.strip()) == '""'
