"""``chainrule evaluate``."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, log_loss

import chainrule as cr
from app.command_line import refusal, run, run_json


def test_loss_and_accuracy_are_scikit_learns(folder: Path) -> None:
    told = run_json("evaluate", folder / "people.safetensors", folder / "people.csv")
    model = cr.load(folder / "people.safetensors")
    truth = pl.read_csv(folder / "people.csv")["plan"].to_list()
    probabilities = model.predict_proba(folder / "people.csv").astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(told["loss"], log_loss(truth, probabilities), rtol=1e-5)
    assert told["accuracy"] == accuracy_score(truth, model.predict(folder / "people.csv"))
    assert (told["examples"], told["classes"]) == (400, 3)


def test_people_see_a_table_and_the_worst_classes(folder: Path) -> None:
    result = run("evaluate", folder / "people.safetensors", folder / "people.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "accuracy" in result.stdout
    assert "worst classes" in result.stdout
    assert "400" in result.stdout


def test_the_target_may_have_another_name(folder: Path, here: Path) -> None:
    pl.read_csv(folder / "people.csv").rename({"plan": "truth"}).write_csv(here / "t.csv")
    expected = run_json("evaluate", folder / "people.safetensors", folder / "people.csv")
    told = run_json("evaluate", folder / "people.safetensors", "t.csv", "--target", "truth")
    assert (told["loss"], told["accuracy"]) == (expected["loss"], expected["accuracy"])


def test_labels_that_look_like_numbers_are_found_among_text(here: Path) -> None:
    rows = [f"{k},{('1', '2', '2b')[k % 3]}" for k in range(60)]
    (here / "t.csv").write_text("\n".join(["x,y", *rows]))
    run_json("train", "t.csv", "--target", "y")
    (here / "some.csv").write_text("x,y\n1,2\n2,1\n")
    assert run_json("evaluate", "t.safetensors", "some.csv")["examples"] == 2


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ("gold", "every target is a class that the model knows; got 'gold' in column 'plan', row 0 of t.csv"),
        (None, "every row has a target; got 400 of 400 rows of t.csv without one in column 'plan'"),
    ],
)
def test_targets_that_the_model_does_not_know_are_refused(
    folder: Path, here: Path, plan: str | None, message: str
) -> None:
    pl.read_csv(folder / "people.csv").with_columns(plan=pl.lit(plan)).write_csv(here / "t.csv")
    assert message in refusal("evaluate", folder / "people.safetensors", "t.csv")


def test_data_without_the_target_are_refused(folder: Path, here: Path) -> None:
    pl.read_csv(folder / "people.csv").drop("plan").write_csv(here / "t.csv")
    assert "got target 'plan', which t.csv does not have" in refusal(
        "evaluate", folder / "people.safetensors", "t.csv"
    )


def test_data_without_rows_are_refused(folder: Path, here: Path) -> None:
    pl.read_csv(folder / "people.csv").clear().write_csv(here / "t.csv")
    assert "a table has at least one row" in refusal("evaluate", folder / "people.safetensors", "t.csv")
