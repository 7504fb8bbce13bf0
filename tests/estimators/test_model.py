"""Models: prediction from raw rows, and the file."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from chainrule.data import Encoder
from chainrule.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    MissingFileError,
    ModelFileError,
    UnseenCategoryWarning,
)
from chainrule.estimators import Model, fit_table, load
from chainrule.network import InputScaling, Network, read_model_file, write_model_file

TABLE = {
    "size": [1.0, 2.0, None, 4.0, 8.0, 9.0, 3.0, 7.5] * 6,
    "colour": ["red", "blue", "red", None, "blue", "red", "green", "blue"] * 6,
    "kind": ["small", "small", "small", "small", "large", "large", "small", "large"] * 6,
}
MODEL = fit_table(TABLE, "kind", hidden=(5,), max_epochs=3)


assert MODEL.encoder is not None
assert MODEL.outcome is not None
OUTCOME = MODEL.outcome.to_json_value()
SIZE, COLOUR = MODEL.encoder.to_json_value()["columns"]


def saved(folder: Path, model: Model = MODEL) -> Path:
    path = folder / "model.safetensors"
    model.save(path)
    return path


def altered(folder: Path, **changes: Any) -> Path:
    tensors, description = read_model_file(saved(folder), "test")
    write_model_file(folder / "altered.safetensors", tensors, {**description, **changes}, "test")
    return folder / "altered.safetensors"


def test_probabilities_are_the_networks_of_the_encoded_rows() -> None:
    assert MODEL.encoder is not None
    features = MODEL.encoder.encode(pl.DataFrame(TABLE))
    np.testing.assert_array_equal(MODEL.predict_proba(TABLE), MODEL.network.predict_proba(features))


@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame, dict], ids=["polars", "pandas", "dictionary"])
def test_every_kind_of_frame_gives_the_same_probabilities(make: Any) -> None:
    np.testing.assert_array_equal(MODEL.predict_proba(make(TABLE)), MODEL.predict_proba(TABLE))


def test_a_file_gives_the_same_probabilities_as_its_frame(tmp_path: Path) -> None:
    pl.DataFrame(TABLE).drop("kind").write_csv(tmp_path / "t.csv")
    np.testing.assert_array_equal(MODEL.predict_proba(tmp_path / "t.csv"), MODEL.predict_proba(TABLE))


def test_predictions_are_the_labels_of_the_most_probable_classes() -> None:
    expected = np.array(["large", "small"])[MODEL.predict_proba(TABLE).argmax(axis=1)]
    np.testing.assert_array_equal(MODEL.predict(TABLE), expected)


@pytest.mark.parametrize("classes", [["a", "b"], [3, 7], [0.5, 1.0], [False, True]])
def test_labels_keep_their_type_through_the_file(tmp_path: Path, classes: list[Any]) -> None:
    path = saved(tmp_path, Model(None, Network((2, 2)), classes))
    loaded = load(path)
    assert list(loaded.classes) == classes
    assert [type(label) for label in loaded.classes] == [type(classes[0])] * 2
    assert loaded.predict(np.zeros((1, 2))).tolist() == classes[:1]


def test_a_category_that_looks_like_a_number_is_found_in_a_file_of_numbers(tmp_path: Path) -> None:
    table = {"code": ["1", "2", "2b", "1"] * 5, "kind": ["1", "2", "x", "1"] * 5}
    model = fit_table(table, "kind")
    (tmp_path / "t.csv").write_text("code\n1\n2\n")
    expected = model.predict_proba({"code": ["1", "2"]})
    np.testing.assert_array_equal(model.predict_proba(tmp_path / "t.csv"), expected)


def test_an_unseen_category_is_told_and_predicted() -> None:
    with pytest.warns(UnseenCategoryWarning, match=r"got others in 1 rows of 'colour' \('mauve'\)"):
        assert MODEL.predict_proba({"size": [1.0], "colour": ["mauve"]}).shape == (1, 2)


def test_a_model_of_arrays_takes_arrays_and_tables_of_numbers(tmp_path: Path) -> None:
    network = Network((2, 4, 2), random_state=3)
    model = Model(None, network, [0, 1])
    X = np.arange(6.0).reshape(3, 2)
    expected = network.predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    np.testing.assert_array_equal(model.predict_proba(X.tolist()), expected)
    np.testing.assert_array_equal(model.predict_proba(pd.DataFrame(X)), expected)
    np.savez(tmp_path / "t.npz", X=X, y=[0, 1, 0])
    np.testing.assert_array_equal(model.predict_proba(tmp_path / "t.npz"), expected)


def test_a_round_trip_changes_nothing(tmp_path: Path) -> None:
    loaded = load(saved(tmp_path))
    assert (loaded.encoder, loaded.classes) == (MODEL.encoder, MODEL.classes)
    assert (loaded.settings, loaded.outcome) == (MODEL.settings, MODEL.outcome)
    assert loaded.target == "kind"
    np.testing.assert_array_equal(loaded.predict_proba(TABLE), MODEL.predict_proba(TABLE))


def test_scaling_and_temperature_survive_the_round_trip(tmp_path: Path) -> None:
    network = Network((2, 2), random_state=1)
    network.parameters = np.arange(6.0)
    network.input_scaling = InputScaling(np.array([1.0, 2.0]), np.array([0.5, 0.25]))
    network.temperature = 2.5
    model = Model(None, network, ["a", "b"])
    X = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(load(saved(tmp_path, model)).predict_proba(X), model.predict_proba(X))


def test_another_process_predicts_the_same_bits(tmp_path: Path) -> None:
    path = saved(tmp_path)
    pl.DataFrame(TABLE).write_parquet(tmp_path / "t.parquet")
    program = (
        "import sys, chainrule\n"
        "probabilities = chainrule.load(sys.argv[1]).predict_proba(sys.argv[2])\n"
        "assert 'sklearn' not in sys.modules\n"
        "print(probabilities.tobytes().hex())"
    )
    command = [sys.executable, "-c", program, str(path), str(tmp_path / "t.parquet")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed.strip() == MODEL.predict_proba(TABLE).tobytes().hex()


def test_equal_fits_give_equal_bytes(tmp_path: Path) -> None:
    first = saved(tmp_path).read_bytes()
    again = fit_table(TABLE, "kind", hidden=(5,), max_epochs=3, n_threads=1)
    assert saved(tmp_path, again).read_bytes() == first


def test_the_file_says_what_it_is_in_plain_values_and_nothing_of_when_or_where(tmp_path: Path) -> None:
    _, description = read_model_file(saved(tmp_path), "test")
    assert sorted(description) == ["classes", "encoder", "format", "network", "outcome", "settings"]
    text = json.dumps(description)
    assert str(tmp_path) not in text
    assert "thread" not in text


def test_a_file_of_format_1_predicts_what_it_did_when_it_was_written() -> None:
    rows = {
        "size": [6.0, None],
        "colour": ["green", None],
        "paid": [False, None],
        "day": [date(2024, 1, 5), None],
    }
    model = load(Path(__file__).parent / "format_1.safetensors")
    assert model.classes == ("large", "small")
    expected = [[0.5277736, 0.4722264], [0.5325047, 0.4674952]]
    np.testing.assert_allclose(model.predict_proba(rows), expected, rtol=1e-6)


def test_a_file_with_words_hashes_and_a_calendar_predicts_what_it_did_when_it_was_written() -> None:
    rows = {
        "city": ["Ulm", "Kiel", None],
        "note": ["a green wall", None, "door"],
        "day": [date(2024, 12, 31), None, date(1969, 7, 20)],
    }
    model = load(Path(__file__).parent / "format_1_words.safetensors")
    assert [str(column.kind) for column in model.encoder.columns] == ["hashed", "text", "date"]
    expected = [[0.8686115, 0.1313885], [0.5793048, 0.4206952], [0.1301992, 0.8698008]]
    np.testing.assert_allclose(model.predict_proba(rows), expected, rtol=1e-6)


def test_a_network_without_classes_is_sent_to_its_own_reader(tmp_path: Path) -> None:
    Network((2, 2)).save(tmp_path / "n.safetensors")
    with pytest.raises(ModelFileError) as refusal:
        load(tmp_path / "n.safetensors")
    assert str(refusal.value).endswith("got a network without classes. Load it with chainrule.Network.load.")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        load(tmp_path / "absent.safetensors")


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": ["a"]},
        {"classes": ["a", "a"]},
        {"classes": ["a", 1]},
        {"classes": "ab"},
        {"classes": [["a"], ["b"]]},
        {"encoder": {"columns": []}},
        {"encoder": {"columns": [], "dropped": []}},
        {"encoder": []},
        {"settings": [1]},
        {"settings": {"target": 5}},
        {"outcome": {"reason": "UNKNOWN"}},
        {"outcome": {**OUTCOME, "loss": "0.5"}},
        {"outcome": {**OUTCOME, "epochs": 1.5}},
        {"outcome": {**OUTCOME, "epochs": True}},
        {"outcome": {**OUTCOME, "loss_curve": [[]]}},
        {"outcome": {**OUTCOME, "loss": 10**400}},
        {"classes": [10**30, 1]},
        {"classes": {"a": 0, "b": 1}},
        {"encoder": {"columns": [SIZE, {**SIZE, "kind": "nothing"}], "dropped": []}},
        {"encoder": {"columns": [{**SIZE, "center": 10**400}], "dropped": []}},
        {"encoder": {"columns": [{**SIZE, "center": []}], "dropped": []}},
        {"encoder": {"columns": [{**COLOUR, "categories": ["a", "a", "a"]}], "dropped": []}},
    ],
)
def test_a_description_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ModelFileError, match=r"is whole; got a description that does not fit"):
        load(altered(tmp_path, **changes))


@pytest.mark.parametrize(
    "sizes",
    [[10**12, 10**12, 2], [10**30, 2], [2], [], None, "ab", [True, 5, 2], [[1], 2], 5, {"0": 1}],
)
def test_sizes_of_layers_that_are_not_the_tensors_are_refused_before_memory_is_asked_for(
    tmp_path: Path, sizes: Any
) -> None:
    network = {**MODEL.network.describe(), "layer_sizes": sizes}
    with pytest.raises(ModelFileError, match="is whole; got an architecture that cannot be built"):
        load(altered(tmp_path, network=network))


@pytest.mark.parametrize("error", [MemoryError, RecursionError, OverflowError])
def test_whatever_a_file_makes_python_raise_is_a_refusal_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fails(*_: object) -> None:
        raise error

    path = saved(tmp_path)
    monkeypatch.setattr("chainrule.estimators.model.Network.restore", fails)
    with pytest.raises(ModelFileError, match=f"does not fit \\({error.__name__}\\)"):
        load(path)


def test_labels_that_end_in_a_null_character_keep_it() -> None:
    model = Model(None, Network((2, 2)), ["a\0", "a"])
    assert model.predict(np.zeros((1, 2))).tolist() == ["a\0"]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["a", "a"], "Model: each class is there once; got"),
        (["a", 1], "Model: classes are all text, all integers, all floats or all true and false; got"),
        ([1.0, float("nan")], "Model: classes are finite numbers of at most 64 bits; got"),
        ([2**70, 1], "Model: classes are finite numbers of at most 64 bits; got"),
        ("ab", "Model: classes are a sequence of labels; got 'ab'"),
    ],
)
def test_classes_that_are_no_labels_are_refused(classes: Any, message: str) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=message):
        Model(None, Network((2, 2)), classes)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, "path is text or a pathlib.Path; got None"),
        (b"m", "path is text or a pathlib.Path; got b'm'"),
        (5, "path is text or a pathlib.Path; got 5"),
        ("a\0b", r"path holds no null character; got 'a\\x00b'"),
    ],
)
def test_a_path_that_is_none_is_refused(path: Any, message: str) -> None:
    for call in (lambda: load(path), lambda: MODEL.save(path)):
        with pytest.raises((ArgumentError, ArgumentTypeError), match=message):
            call()


def test_settings_that_are_no_plain_values_are_refused(tmp_path: Path) -> None:
    model = Model(None, Network((2, 2)), ["a", "b"], {"rate": float("nan")})
    with pytest.raises(ArgumentError, match=r"Model\.save: settings and outcome hold text, finite numbers"):
        model.save(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    content = saved(tmp_path).read_bytes()
    (tmp_path / "newer").write_bytes(content.replace(rb"\"format\": 1", rb"\"format\": 7"))
    with pytest.raises(ModelFileError, match=r"has format 1 or older; got format 7\. Upgrade chainrule"):
        load(tmp_path / "newer")


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ArgumentError, match="got 3 classes, a softmax head and 2 outputs"):
        Model(None, Network((2, 2)), ["a", "b", "c"])
    with pytest.raises(
        ArgumentError, match="the network takes as many features as the encoder makes; got 1 and 2"
    ):
        Model(Encoder.fit(pl.DataFrame({"x": [1, 2]})), Network((2, 2)), ["a", "b"])


def test_a_table_that_does_not_fit_a_model_of_arrays_is_refused() -> None:
    with pytest.raises(DataError, match="2 columns of numbers besides the target; got 1 among 2 columns"):
        Model(None, Network((2, 2)), ["a", "b"]).predict_proba({"x": [1], "z": ["a"]})
