"""``chainrule export``."""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from app.command_line import refusal, run, run_process

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture
def model(folder: Path, here: Path) -> Path:
    """Return a model of people without the column of dates."""
    pl.read_csv(folder / "people.csv").drop("joined").write_csv(here / "p.csv")
    assert run("train", "p.csv", "--target", "plan", "--hidden", 8, "-q").exit_code == 0
    return here / "p.safetensors"


def test_another_process_writes_a_file_that_predicts_alike(model: Path, here: Path) -> None:
    result = run_process("export", model, "p.onnx", folder=here)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    rows = pl.read_csv(here / "p.csv")
    inputs = {
        "age": rows["age"].fill_null(np.nan).to_numpy()[:, None],
        "city": rows["city"].fill_null("").to_numpy().astype(object)[:, None],
        "paid": rows["paid"].to_numpy()[:, None],
    }
    session = onnxruntime.InferenceSession(here / "p.onnx", providers=["CPUExecutionProvider"])
    prediction, probabilities = session.run(None, inputs)
    np.testing.assert_allclose(probabilities, cr.load(model).predict_proba(rows), atol=2e-6)
    assert prediction.tolist() == cr.load(model).predict(rows).tolist()


def test_a_column_that_onnx_cannot_take_is_refused_and_nothing_is_written(folder: Path, here: Path) -> None:
    message = refusal("export", folder / "people.safetensors", "p.onnx")
    assert message.startswith("chainrule export: an ONNX model takes numbers, true and false, and categories")
    assert "got columns 'joined' (" in message
    assert list(here.iterdir()) == []


def test_names_that_cannot_be_are_refused(model: Path, here: Path) -> None:
    assert "the file ends in .onnx; got 'p.bin'. Rename it." in refusal("export", model, "p.bin")
    assert "'no/p.onnx' can be written" in refusal("export", model, "no/p.onnx")
    assert "'none' is a file that can be read" in refusal("export", "none", "p.onnx")
    assert sorted(path.name for path in here.iterdir()) == ["p.csv", "p.safetensors"]


def test_without_the_package_the_extra_is_named(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    message = refusal("export", model, "p.onnx")
    assert message == (
        "chainrule export: the onnx package is there to write .onnx files with; got none. "
        "Install chainrule with its extra: pip install 'chainrule[onnx]'."
    )
