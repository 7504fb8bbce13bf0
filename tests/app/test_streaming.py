"""``chainrule train --stream``: a table that stays on the disk, killed in the middle of the file, and resumed."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from app.command_line import refusal, run, run_json
from chainrule.estimators import streamed_rows

N_ROWS = 200_000
OPTIONS = ("--hidden", "16", "--max-epochs", "2", "--batch-size", "64", "--stream")
# The process kills itself when it is about to read a portion: no clock is involved.
ENDED = """
import os, signal
from chainrule.estimators import streamed_rows
streamed_rows.MOST_BLOCK_ROWS, streamed_rows.PORTION_BYTES = 8192, 4 * 8192 * 4 * 7
right, asked = streamed_rows.StreamedRows._portion, []
def ending(self, blocks):
    asked.append(blocks)
    if len(asked) > PORTIONS:
        os.kill(os.getpid(), signal.SIGKILL)
    return right(self, blocks)
streamed_rows.StreamedRows._portion = ending
from chainrule.app.main import run
run()
"""


@pytest.fixture(autouse=True)
def _small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed_rows, "MOST_BLOCK_ROWS", 8192)
    monkeypatch.setattr(streamed_rows, "PORTION_BYTES", 4 * 8192 * 4 * 7)


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files of a table of 200,000 rows."""
    folder = tmp_path_factory.mktemp("sales")
    random = np.random.default_rng(0)
    numbers = random.normal(size=(N_ROWS, 6))
    kind = (numbers @ random.normal(size=(6, 3)) + random.gumbel(size=(N_ROWS, 3))).argmax(axis=1)
    table = pl.DataFrame(
        {f"n{k}": numbers[:, k] for k in range(6)} | {"kind": np.array(["a", "b", "c"])[kind]}
    )
    for number, first in enumerate(range(0, N_ROWS, 70_000)):
        table.slice(first, 70_000).write_parquet(folder / f"part-{number}.parquet")
    return folder


def test_a_folder_and_a_pattern_train_the_same_model(sales: Path, here: Path) -> None:
    found = run_json("train", sales, "--target", "kind", *OPTIONS, "-o", "one.safetensors")
    run_json("train", sales / "part-*.parquet", "--target", "kind", *OPTIONS, "-o", "two.safetensors")
    assert (here / "one.safetensors").read_bytes() == (here / "two.safetensors").read_bytes()
    assert found["test_accuracy"] > 0.5
    assert found["train_examples"] + found["validation_examples"] < N_ROWS
    assert found["test_examples"] == N_ROWS // 5


@pytest.mark.parametrize("portions", [2, 7])
def test_a_training_killed_in_the_middle_of_the_file_ends_with_the_same_bytes(
    sales: Path, here: Path, portions: int
) -> None:
    arguments = ("train", str(sales), "--target", "kind", *OPTIONS, "--quiet")
    assert run(*arguments, "-o", "whole.safetensors").exit_code == 0
    options = ("--checkpoint", "run", "--checkpoint-every", "0", "-o", "broken.safetensors")
    command = [sys.executable, "-c", ENDED.replace("PORTIONS", str(portions)), *arguments, *options]
    assert subprocess.run(command, cwd=here, check=False).returncode == -signal.SIGKILL
    assert not (here / "broken.safetensors").exists()
    assert run("train", "--resume", "run", "--quiet").exit_code == 0
    assert (here / "broken.safetensors").read_bytes() == (here / "whole.safetensors").read_bytes()


def test_other_files_under_the_same_name_are_refused_by_a_checkpoint(here: Path) -> None:
    random = np.random.default_rng(0)
    table = pl.DataFrame({"x": random.normal(size=2000), "kind": ["a", "b"] * 1000})
    table.write_parquet(here / "t.parquet")
    run("train", "t.parquet", "--target", "kind", *OPTIONS, "--quiet", "--checkpoint", "run")
    table.with_columns(x=-pl.col("x")).write_parquet(here / "t.parquet")
    assert "settings and data are those of the checkpoint 'run'; got" in refusal("train", "--resume", "run")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("iris", "a stream reads CSV, Parquet or Arrow files; got 'iris'"),
        ("no.parquet", "a stream reads CSV, Parquet or Arrow files; got 'no.parquet'"),
        ("no/*.parquet", "'no/*.parquet' names Parquet or Arrow files; got none"),
    ],
)
def test_what_cannot_be_streamed_is_refused(here: Path, data: str, message: str) -> None:
    assert message in refusal("train", data, "--target", "kind", "--stream")
    assert not list(here.iterdir())
