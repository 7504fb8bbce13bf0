"""``chainrule inspect``."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from app.command_line import refusal, run, run_json, run_process
from chainrule.estimators import Model
from chainrule.network import InputScaling


def test_a_model_is_told_whole(folder: Path) -> None:
    path = folder / "people.safetensors"
    told, model = run_json("inspect", path), cr.load(path)
    assert model.encoder is not None
    assert model.outcome is not None
    assert (told["format"], told["bytes"], told["target"]) == (1, path.stat().st_size, "plan")
    assert told["classes"] == ["basic", "plus", "premium"]
    assert [column["column"] for column in told["columns"]] == ["age", "city", "joined", "paid"]
    assert sum(column["features"] for column in told["columns"]) == model.network.n_features
    assert told["columns"][1]["categories"] == list(model.encoder.to_json_value()["columns"][1]["categories"])
    assert told["layers"] == [{"inputs": model.network.n_features, "outputs": 3, "activation": "softmax"}]
    assert told["parameters"] == model.network.parameters.size
    assert told["settings"] == model.settings
    assert told["outcome"] == model.outcome.to_json_value()


def test_people_see_columns_layers_settings_and_the_outcome(folder: Path) -> None:
    result = run("inspect", folder / "people.safetensors")
    assert (result.exit_code, result.stderr) == (0, "")
    for words in (
        "3: basic, plus, premium", "categories ", "; missing values", "1 and -1", "softmax", "random_state",
        "The minimum was found", "float32",
    ):  # fmt: skip
        assert words in result.stdout, words


def test_nothing_steers_the_terminal_when_it_is_piped(folder: Path, here: Path) -> None:
    result = run_process("inspect", folder / "people.safetensors", folder=here)
    assert (result.returncode, result.stderr) == (0, "")
    assert "\x1b" not in result.stdout


def test_a_network_without_classes_is_told_too(here: Path) -> None:
    network = cr.Network((3, 5, 2), "tanh", head="sigmoid", dtype=np.float64)
    network.input_scaling = InputScaling(np.zeros(3), np.ones(3), 3.0)
    network.save(here / "n.safetensors")
    told = run_json("inspect", "n.safetensors")
    assert [layer["activation"] for layer in told["layers"]] == ["tanh", "sigmoid"]
    assert (told["classes"], told["columns"], told["outcome"]) == (None, None, None)
    assert (told["dtype"], told["input_scaling"]) == ("float64", {"limit": 3.0})
    shown = run("inspect", "n.safetensors").stdout
    assert "a network without classes" in shown
    assert "scaled, smoothly clipped at 3" in shown


def test_a_model_of_arrays_with_many_classes_is_told_in_few_lines(here: Path) -> None:
    Model(None, cr.Network((1, 500)), range(500)).save(here / "m.safetensors")
    shown = run("inspect", "m.safetensors").stdout
    assert "500: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 490 more" in shown
    assert shown.count("\n") < 15


def test_names_of_columns_do_not_steer_the_terminal(here: Path) -> None:
    name = "a\x1b[2J\nb"
    cr.fit_table({name: [1.0, 2.0, 3.0] * 9, "kind": ["x", "y", "y"] * 9}, "kind").save(
        here / "m.safetensors"
    )
    shown = run("inspect", "m.safetensors").stdout
    assert "a?[2J?b" in shown
    assert "\x1b" not in shown


def test_columns_that_were_left_out_are_named_with_the_reason(here: Path) -> None:
    table = pl.DataFrame({"x": [1, 2, 3] * 9, "unit": ["m"] * 27, "kind": ["a", "b", "b"] * 9})
    cr.fit_table(table, "kind").save(here / "m.safetensors")
    assert run_json("inspect", "m.safetensors")["left_out"] == [
        {"column": "unit", "reason": "it has one value only"}
    ]
    assert "unit: it has one value only" in run("inspect", "m.safetensors").stdout


def test_files_that_are_damaged_are_refused_in_a_sentence(folder: Path, here: Path) -> None:
    whole = (folder / "people.safetensors").read_bytes()
    for place in (0, 5, 60, len(whole) // 2, len(whole) - 1):
        (here / "cut").write_bytes(whole[:place])
        assert refusal("inspect", "cut").startswith("chainrule inspect: 'cut' ")
        (here / "changed").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert refusal("inspect", "changed").startswith("chainrule inspect: 'changed' ")
    assert "'none' is a file that can be read" in refusal("inspect", "none")


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_checkpoint_is_no_model(here: Path, as_json: tuple[str, ...]) -> None:
    run("train", "iris", "--hidden", "4", "--max-epochs", 2, "--checkpoint", "c.safetensors", "-q")
    message = refusal("inspect", "c.safetensors", *as_json)
    assert "is a model of chainrule; got the checkpoint of a training" in message
    assert here.exists()
