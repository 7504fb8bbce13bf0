"""``chainrule why``."""

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_iris

import chainrule as cr
from app.command_line import refusal, run
from chainrule.network import Network

MATH = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of digits with two hidden layers, and one of a table with text, dates and categories."""
    path = tmp_path_factory.mktemp("why")
    arguments = ("--hidden", "16,12", "--max-epochs", 15, "--output", path / "digits.safetensors")
    assert run("train", "digits", *arguments).exit_code == 0
    random = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "note": [["good day", "bad luck"][n % 2] + f" number {n}" for n in range(90)],
            "colour": [("red", "green", "blue")[n % 3] for n in range(90)],
            "day": pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 3, 30), eager=True),
            "size": random.normal(size=90),
            "kind": [("no", "yes")[n % 2] for n in range(90)],
        }
    )
    frame.write_csv(path / "table.csv")
    frame.drop("kind").write_csv(path / "unlabelled.csv")
    frame.write_parquet(path / "table.parquet")
    trained = run("train", path / "table.csv", "--target", "kind", "--output", path / "table.safetensors")
    assert trained.exit_code == 0, trained.stderr
    return path


def explained(*arguments: object) -> str:
    result = run("why", *arguments)
    assert (result.exit_code, result.stderr) == (0, ""), result.stdout + result.stderr
    return result.stdout


def values(*arguments: object) -> dict[str, object]:
    return json.loads(explained(*arguments, "--format", "json"))


@pytest.mark.parametrize(
    "of", ["dE/dZ_3", "dE/dW1[3,20]", "dE/dW2[5,7]", "dE/dW3[9,2]", "dE/dX[20]", "dE/db2[0]", "E"]
)
def test_three_numbers_stand_beside_each_other_for_a_model_of_digits(folder: Path, of: str) -> None:
    found = values(folder / "digits.safetensors", "digits", "--row", 5, "--of", of)
    assert found["agrees"] is True
    assert found["derivation"] == pytest.approx(found["backward"], rel=1e-9, abs=1e-15)
    if of != "E":
        assert found["derivation"] == pytest.approx(found["central_difference"], rel=1e-4, abs=1e-9)
    assert found["steps"]


def test_the_loss_is_that_of_the_printed_probabilities(folder: Path) -> None:
    model = cr.load(folder / "digits.safetensors")
    model.network.temperature = 1.7
    model.save(folder / "warm.safetensors")
    text = run("predict", folder / "warm.safetensors", "digits").stdout.splitlines()
    printed = dict(zip(text[0].split(","), text[1].split(","), strict=True))
    found = values(folder / "warm.safetensors", "digits", "--of", "E")
    assert found["true_class"] == 1, "row 0 is the first of the data, a 0"
    assert found["derivation"] == pytest.approx(-np.log(float(printed["probability:0"])), rel=1e-3)
    gradient = values(folder / "warm.safetensors", "digits", "--of", "dE/dZ_k")["derivation"]
    assert gradient[0] == pytest.approx((float(printed["probability:0"]) - 1) / 1.7, rel=1e-3)


def test_classes_and_columns_have_their_names(folder: Path) -> None:
    text = explained(folder / "digits.safetensors", "digits", "--row", 3, "--of", "dE/dX[20]", "--brief")
    assert text.startswith("Row 3 of digits\n")
    assert "feature 21 is 'pixel_" in text
    assert "the true class c is 4, '3'" in text
    table = explained(folder / "table.safetensors", folder / "table.csv", "--of", "dE/dZ_k", "--brief")
    assert "k = 2, class yes" in table


def test_encoded_columns_of_text_dates_and_categories_have_names(folder: Path) -> None:
    model = cr.load(folder / "table.safetensors")
    names = model.encoder.feature_names
    place = next(n for n, name in enumerate(names) if "colour" in name)
    found = explained(
        folder / "table.safetensors", folder / "table.csv", "--row", 4, "--of", f"dE/dX[{place}]", "--brief"
    )
    assert f"feature {place + 1} is {names[place]!r}" in found


def test_a_parquet_file_gives_the_same_as_a_csv(folder: Path) -> None:
    arguments = ("--row", 7, "--of", "dE/dW1[0,0]", "--brief")
    csv, parquet = (
        explained(folder / "table.safetensors", folder / f"table.{ending}", *arguments).splitlines()[1:]
        for ending in ("csv", "parquet")
    )
    assert csv == parquet


def test_a_class_can_be_named_in_place_of_the_target(folder: Path) -> None:
    data = (folder / "table.safetensors", folder / "unlabelled.csv", "--row", 1)
    assert values(*data, "--class", "no")["true_class"] == 1
    assert values(*data, "--class", "yes")["true_class"] == 2
    assert "as if its class were 'yes'" in explained(*data, "--class", "yes", "--brief")


def test_a_model_of_arrays_is_explained_too(tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    model = cr.SoftmaxClassifier(random_state=0).fit(X, y).to_model()
    model.save(tmp_path / "iris.safetensors")
    np.savez(tmp_path / "iris.npz", X=X, y=y)
    found = values(tmp_path / "iris.safetensors", tmp_path / "iris.npz", "--row", 149, "--of", "dE/dW[2,3]")
    assert found["agrees"] is True
    assert found["true_class"] == 3


def test_each_format_is_whole(folder: Path) -> None:
    asked = (folder / "digits.safetensors", "digits", "--row", 5, "--of", "dE/dW1[3,20]")
    text = explained(*asked)
    assert text.index("Three numbers") < text.index("Forward") < text.index("Backward") < text.index("rule: ")
    assert "\x1b" not in text
    assert r"\begin{align*}" in explained(*asked, "--format", "latex")
    page = explained(*asked, "--format", "html")
    assert page.startswith("<!DOCTYPE html>")
    assert "<script" not in page
    first = page[page.index("<math") : page.index("</math>") + 7]
    assert ElementTree.fromstring(first).tag == f"{MATH}math"


def test_what_is_not_computed_is_null_and_not_zero(folder: Path) -> None:
    found = values(folder / "digits.safetensors", "digits", "--of", "dE/dO_k")
    assert found["backward"] is None
    assert found["derivation"][1] == 0.0
    assert "starts at the logits" in found["not_computed"]["backward"]


def test_numbers_that_disagree_end_with_status_1(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Network.backward

    def wrong(self: Network, *arguments: object) -> object:
        found = right(self, *arguments)
        found.named["W1"][...] *= 1.0 + 1e-6
        return found

    monkeypatch.setattr(Network, "backward", wrong)
    result = run(
        "why", folder / "digits.safetensors", "digits", "--row", 5, "--of", "dE/dW1[0,20]", "--brief"
    )
    assert result.exit_code == 1
    assert "DISAGREEMENT: the derivation and the backward pass" in result.stdout
    other = run("why", folder / "digits.safetensors", "digits", "--row", 5, "--of", "dE/dZ_3", "--brief")
    assert other.exit_code == 0


def test_a_kink_is_reported(tmp_path: Path) -> None:
    network = Network((1, 2, 2), dtype=np.float64)
    network.named_parameters["W1"][...] = [[1.0], [0.5]]
    network.named_parameters["b1"][...] = [-2.0, 0.0]
    cr.Model(None, network, ["a", "b"]).save(tmp_path / "kink.safetensors")
    pl.DataFrame({"x": [2.0], "kind": ["a"]}).write_csv(tmp_path / "kink.csv")
    result = run(
        "why",
        tmp_path / "kink.safetensors",
        tmp_path / "kink.csv",
        "--target",
        "kind",
        "--of",
        "dE/dX[0]",
        "--brief",
    )
    assert result.exit_code == 0
    assert "Kink: U1_1 = 0" in result.stdout
    assert "central difference  not computed" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--row", 1797), "--row is a row of digits, 0 to 1,796; got 1797"),
        (("--row", -1), "0 to 1,796; got -1"),
        (("--of", "dE/dA2[12]"), "layer 2 has units 0 to 11 in brackets, 1 to 12 as subscripts; got A2[12]"),
        (("--of", "dE/dZ[10]"), "there are classes 0 to 9"),
        (("--of", "dE/dW4[0,0]"), "layer 4"),
        (("--of", "dE/dQ_1"), "got 'dQ' at position 3"),
        (("--of", "O_1"), "Choose among dE/dZ_k, dE/dO_k, dE/dW1_kj to dE/dW3_kj"),
        (("--class", "ten"), "--class is a class of the model: 0, 1, 2"),
        (("--format", "pdf"), "--format is one of text, latex, html, json; got 'pdf'"),
    ],
    ids=str,
)
def test_what_cannot_be_explained_is_refused_in_one_message(
    folder: Path, arguments: tuple[object, ...], message: str
) -> None:
    said = refusal("why", folder / "digits.safetensors", "digits", *arguments)
    assert said.startswith("chainrule why: ")
    assert message in said


def test_rows_without_a_target_are_refused_with_what_is_needed(folder: Path) -> None:
    said = refusal("why", folder / "table.safetensors", folder / "unlabelled.csv")
    assert "E compares the outputs with a target" in said
    assert "Name the column with --target, or a class with --class." in said
    missing = refusal("why", folder / "table.safetensors", folder / "nowhere.csv")
    assert "nowhere.csv" in missing
