"""A model as an ONNX file, against onnxruntime."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule.errors import DataError, MissingPackageError, UnseenCategoryWarning
from chainrule.estimators import Model, export_onnx
from chainrule.network import InputScaling
from tolerance import unit_roundoff

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

ROWS = 10_000


def mixed(n: int, seed: int, *, classes: int = 4, unseen: bool = False) -> pl.DataFrame:
    """Return numbers, text and truths, with and without missing values, and a target of so many classes."""
    rng = np.random.default_rng(seed)
    size, weight = rng.normal(3, 2, n), rng.lognormal(0, 2, n)
    colours = ["red", "blue", "grün", "none of them"] + ["black"] * unseen
    colour, code = rng.choice(colours, n), rng.choice([f"c{k}" for k in range(90)], n)
    paid, home = rng.random(n) < 0.4, rng.random(n) < 0.5
    score = size / 2 + (colour == "red") + paid * home + rng.normal(0, 0.5, n)
    frame = pl.DataFrame(
        {
            "size": size, "weight": weight, "count": rng.integers(0, 9, n), "colour": colour, "code": code,
            "paid": paid, "home": home, "kind": np.digitize(score, np.linspace(0.5, 4, classes - 1)),
        }
    )  # fmt: skip
    holes = {name: pl.Series(rng.random(n) < 0.1) for name in ("size", "colour", "home")}
    return frame.with_columns(
        pl.when(gone).then(None).otherwise(pl.col(name)).alias(name) for name, gone in holes.items()
    )


def run_onnx(path: Path, inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    prediction, probabilities = session.run(["prediction", "probabilities"], inputs)
    return np.asarray(prediction), np.asarray(probabilities)


def inputs_of(frame: pl.DataFrame, path: Path) -> dict[str, np.ndarray]:
    """Return a table as the file asks for it: NaN and "" for what is missing."""
    types = {value.name: value.type.tensor_type.elem_type for value in onnx.load(path).graph.input}
    arrays = {}
    for name, kind in types.items():
        if kind == onnx.TensorProto.STRING:
            arrays[name] = frame[name].fill_null("").to_numpy().astype(object)[:, None]
        elif kind == onnx.TensorProto.BOOL:
            arrays[name] = frame[name].to_numpy()[:, None]
        else:
            arrays[name] = frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()[:, None]
    return arrays


def rounding_bound(network: cr.Network, features: np.ndarray) -> np.ndarray:
    """Return how far two ways to sum the network's products can lie apart in each row's probabilities.

    Each sum of n products is within (n + 2) u of that of their sizes, twice for two of them; activations
    have slopes of at most 1 and are computed to 8 u; a probability moves by at most itself times twice the largest
    move of a logit.
    """
    u = unit_roundoff(network.dtype)
    scaled = features if network.input_scaling is None else network.input_scaling.apply(features)
    values, moved = scaled.astype(np.float64), 2 * u * np.abs(scaled)
    activations = [*network.activation_table, None]
    for layer, activation in zip(network.layers, activations, strict=True):
        weights, biases = np.abs(layer.weights).astype(np.float64), np.abs(layer.biases).astype(np.float64)
        terms = np.abs(values) @ weights.T + biases
        summands = np.count_nonzero(values, axis=1)[:, None]  # to add 0 rounds nothing
        moved = moved @ weights.T + 2 * (summands + 2) * u * terms
        values = values @ layer.weights.astype(np.float64).T + layer.biases
        if activation is not None:
            values = activation.function(values)
            moved = moved + 16 * u * np.abs(values)
    moved, values = moved / network.temperature, values / network.temperature
    span = values.max(axis=1) - values.min(axis=1)
    return 2 * moved.max(axis=1) + (32 + 4 * span + 2 * values.shape[1]) * u


def assert_agrees(model: Model, frame: pl.DataFrame, path: Path) -> None:
    prediction, probabilities = run_onnx(path, inputs_of(frame, path))
    expected = model.predict_proba(frame)
    assert probabilities.dtype == expected.dtype
    bound = rounding_bound(model.network, model.features_of(frame))
    assert np.all(np.abs(probabilities.astype(np.float64) - expected) <= bound[:, None])
    assert np.abs(probabilities.astype(np.float64) - expected).max() <= 32 * unit_roundoff(expected.dtype)
    clear = np.diff(np.partition(expected, -2, axis=1)[:, -2:], axis=1)[:, 0] > bound
    assert clear.mean() > 0.99
    assert prediction[clear].tolist() == model.predict(frame)[clear].tolist()


@pytest.mark.parametrize("hidden", [(), (16, 8)])
@pytest.mark.parametrize("classes", [2, 7])
def test_a_table_of_ten_thousand_rows_is_judged_alike_to_rounding(
    tmp_path: Path, hidden: tuple[int, ...], classes: int
) -> None:
    model = cr.fit_table(mixed(1500, 0, classes=classes), "kind", hidden=hidden, max_epochs=5)
    export_onnx(model, tmp_path / "m.onnx")
    rows = mixed(ROWS, 1, classes=classes, unseen=True)
    with pytest.warns(UnseenCategoryWarning, match="'colour'"):
        assert_agrees(model, rows, tmp_path / "m.onnx")


@pytest.mark.parametrize("labels", [["no", "yes", "ja"], [3, 5, 9], [0.5, 1.5, 2.5]])
def test_labels_keep_their_type(tmp_path: Path, labels: list[object]) -> None:
    table = {"size": [1.0, 5.0, 9.0] * 10, "kind": labels * 10}
    model = cr.fit_table(table, "kind")
    export_onnx(model, tmp_path / "m.onnx")
    prediction, _ = run_onnx(tmp_path / "m.onnx", {"size": np.array([[0.0], [5.2], [11.0]])})
    assert prediction.tolist() == labels


def test_columns_with_missing_values_only_in_training_or_only_now(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    train = pl.DataFrame({"a": rng.normal(size=90), "b": ["x", None, "y"] * 30, "c": [True, None, None] * 30})
    model = cr.fit_table(train.with_columns(kind=pl.Series(["p", "q", "q"] * 30)), "kind")
    export_onnx(model, tmp_path / "m.onnx")
    rows = pl.DataFrame({"a": [1.0, None, None], "b": ["x", None, "new"], "c": [None, True, None]})
    with pytest.warns(UnseenCategoryWarning):
        assert_agrees(model, rows, tmp_path / "m.onnx")


def test_extreme_numbers_saturate_alike(tmp_path: Path) -> None:
    model = cr.fit_table({"a": [1e300, -1e300, 5.0, 7.0] * 9, "kind": ["p", "q", "q", "p"] * 9}, "kind")
    export_onnx(model, tmp_path / "m.onnx")
    assert_agrees(model, pl.DataFrame({"a": [1.7e308, -1.7e308, 0.0, 1e-320]}), tmp_path / "m.onnx")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "identity"])
@pytest.mark.parametrize("scaled", [None, InputScaling, 3.0])
def test_networks_of_every_activation_dtype_and_scaling(
    tmp_path: Path, activation: str, dtype: type, scaled: object
) -> None:
    network = cr.Network((12, 20, 9, 5), activation, random_state=4, dtype=dtype)
    network.temperature = 1.7
    rng = np.random.default_rng(5)
    if scaled is not None:
        limit = None if scaled is InputScaling else 3.0
        network.input_scaling = InputScaling(rng.normal(size=12), rng.uniform(0.5, 2, 12), limit)
    model = Model(None, network, ["a", "b", "c", "d", "e"])
    export_onnx(model, tmp_path / "m.onnx")
    features = rng.normal(size=(ROWS, 12))
    prediction, probabilities = run_onnx(tmp_path / "m.onnx", {"features": features})
    bound = rounding_bound(network, features)
    expected = model.predict_proba(features)
    assert probabilities.dtype == dtype
    assert np.all(np.abs(probabilities - expected) <= bound[:, None])
    same = prediction == model.predict(features)
    assert same.mean() > 0.999


def test_equal_models_have_equal_bytes_in_another_process_too(tmp_path: Path) -> None:
    model = cr.fit_table(mixed(300, 0), "kind", max_epochs=2)
    model.save(tmp_path / "m.safetensors")
    export_onnx(model, tmp_path / "here.onnx")
    program = (
        "import chainrule as cr; from chainrule.estimators import export_onnx;"
        "export_onnx(cr.load('m.safetensors'), 'there.onnx')"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    assert (tmp_path / "here.onnx").read_bytes() == (tmp_path / "there.onnx").read_bytes()


def test_layer_sizes_are_those_of_the_network(tmp_path: Path) -> None:
    network = cr.Network((3, 4, 2))
    export_onnx(Model(None, network, [False, True]), tmp_path / "m.onnx")
    shapes = [tuple(tensor.dims) for tensor in onnx.load(tmp_path / "m.onnx").graph.initializer]
    assert [shape for shape in shapes if len(shape) == 2] == [(m, n) for n, m in pairwise((3, 4, 2))]
    prediction, _ = run_onnx(tmp_path / "m.onnx", {"features": np.ones((2, 3))})
    assert prediction.dtype == np.bool_


def test_columns_that_onnx_cannot_encode_are_refused_by_name(tmp_path: Path) -> None:
    dates = pl.Series(["2024-01-01", "2024-02-01", "2024-05-03"] * 20).str.to_date()
    table = pl.DataFrame({"size": range(60), "seen": dates, "kind": ["a", "b", "b"] * 20})
    model = cr.fit_table(table, "kind")
    with pytest.raises(
        DataError, match=r"export_onnx: an ONNX model takes .*; got columns 'seen' \(.*Train without"
    ):
        export_onnx(model, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"prediction": [1, 2, 3] * 9}, "a column of an ONNX model has a name, other than prediction and"),
        ({"": [1, 2, 3] * 9}, "has a name, other than prediction and probabilities; got ''. Rename"),
        ({"word": ["", "x", "y"] * 9}, "empty text stands for a missing value .*; got column 'word'"),
    ],
)
def test_columns_that_would_mean_something_else_are_refused(
    tmp_path: Path, table: dict[str, list[object]], message: str
) -> None:
    model = cr.fit_table(pl.DataFrame({**table, "kind": ["a", "b", "b"] * 9}), "kind")
    with pytest.raises(DataError, match=message):
        export_onnx(model, tmp_path / "m.onnx")


def test_without_the_onnx_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'chainrule\[onnx\]'"):
        export_onnx(Model(None, cr.Network((1, 2)), ["a", "b"]), tmp_path / "m.onnx")
