"""100,000 classes: training, the temperature, top classes and scores without an array of rows times classes."""

import textwrap

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule.estimators import SCORES, Model, evaluate, judge, top_classes
from chainrule.estimators.prediction import rows_at_a_time
from chainrule.training import Examples, Loss, calibration, choice
from chainrule.training.calibration import enough_rows, fitted_temperature
from chainrule.training.row_blocks import rows_of_block
from kernels import fresh_process

CLASSES = 100_000
MEASURE = """
    import json, warnings
    from pathlib import Path
    import numpy as np, polars as pl
    import chainrule as cr
    from chainrule.estimators import Model, evaluate

    def kibibytes(name):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name))

    def fit(n_classes, n_rows):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(n_rows, 4)).astype(np.float32)
        y = rng.integers(0, n_classes, n_rows)
        network = cr.Network((4, 4, n_classes))
        cr.train(network, X, y, max_epochs=1, batch_size=32, validation=(X[:100], y[:100]),
                 class_weight=np.ones(n_classes), callback=lambda progress: None)
        model = Model(None, network, list(range(n_classes)), {"target": "kind"})
        frame = pl.DataFrame({f"x{j}": X[:, j] for j in range(4)}).with_columns(kind=pl.Series(y))
        found = evaluate(model, frame)
        labels, probabilities = model.predict_top(frame, 2)
        return network, found, labels

    warnings.simplefilter("ignore")
    fit(20, 200)
    before = kibibytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    network, found, labels = fit(100_000, 1200)
    print(json.dumps({"peak": (kibibytes("VmHWM") - before) * 1024, "temperature": network.temperature,
                      "loss": found.loss.value, "shape": labels.shape}))
"""


@pytest.fixture(scope="module")
def model() -> Model:
    network = cr.Network((3, CLASSES), random_state=1)
    network.parameters = np.random.default_rng(1).normal(size=network.parameters.size)
    return Model(None, network, range(CLASSES), {"target": "kind"})


def test_training_and_judging_hold_less_than_an_array_of_rows_times_classes() -> None:
    told = fresh_process.run(textwrap.dedent(MEASURE), seconds=300)
    assert told["peak"] < 1200 * CLASSES * 4  # one of float32, of the few rows there are
    assert told["shape"] == [1200, 2]
    assert told["temperature"] != 1.0
    assert 0.0 < told["loss"] < 20.0


def test_the_loss_of_a_step_is_exact(model: Model) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 3)), rng.integers(0, CLASSES, 5)
    logits = X @ model.network.named_parameters["W1"].T.astype(float) + model.network.named_parameters["b1"]
    truth = np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(5), y])
    assert model.network.loss(X, y) == pytest.approx(truth, rel=1e-5)


def test_scores_are_those_of_plain_formulas(model: Model) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3)).astype(np.float32)
    p = model.network.predict_proba(X).astype(np.float64)
    y = np.where(rng.random(300) < 0.5, p.argmax(axis=1), rng.integers(0, CLASSES, 300))
    frame = pl.DataFrame({f"x{j}": X[:, j] for j in range(3)}).with_columns(kind=pl.Series(y))
    found = evaluate(model, frame)
    hit = p[np.arange(300), y]
    assert found.loss.value == pytest.approx(-np.log(hit).mean(), rel=1e-5)
    assert found.brier_score.value == pytest.approx((np.square(p).sum(axis=1) - 2 * hit + 1).mean(), rel=1e-5)
    right = p.argmax(axis=1) == y
    assert found.accuracy.value == pytest.approx(right.mean())
    recalls = [right[y == k].mean() for k in np.unique(y)]
    assert found.balanced_accuracy.value == pytest.approx(np.mean(recalls))
    assert found.confusions is None
    judged = judge(model.network, X, y)
    assert judged is not None
    assert judged[0].loss == pytest.approx(found.loss.value, rel=1e-12)
    for name in SCORES:
        score = getattr(found, name)
        assert score.low <= score.value <= score.high


def test_the_top_ten_are_those_of_a_sort(model: Model) -> None:
    X = np.random.default_rng(2).normal(size=(40, 3))
    labels, probabilities = model.predict_top(X, 10)
    expected = model.network.predict_proba(X)
    order = np.argsort(-expected, axis=1, kind="stable")[:, :10]
    np.testing.assert_array_equal(labels, order)
    np.testing.assert_array_equal(probabilities, np.take_along_axis(expected, order, axis=1))


def test_top_classes_of_ties_are_the_first_and_nan_comes_last() -> None:
    rng = np.random.default_rng(3)
    grid = rng.integers(0, 4, (200, 12)) / 4
    for k in (1, 3, 7, 12):
        indices, found = top_classes(grid, k)
        np.testing.assert_array_equal(indices, np.argsort(-grid, axis=1, kind="stable")[:, :k])
        np.testing.assert_array_equal(found, np.take_along_axis(grid, indices, axis=1))
    assert top_classes(np.array([[np.nan, 0.25, 0.75]]), 3)[0].tolist() == [[2, 1, 0]]
    assert top_classes(np.zeros((1, 5)), 2)[0].tolist() == [[0, 1]]


@pytest.mark.parametrize("k", [0, -1, 4, True, 1.5])
def test_a_number_of_classes_that_is_none_is_refused(k: object) -> None:
    small = Model(None, cr.Network((1, 3)), ["a", "b", "c"])
    with pytest.raises(
        (ValueError, TypeError), match=r"Model\.predict_top: k (is an integer|lies between 1 and)"
    ):
        small.predict_top(np.zeros((1, 1)), k)  # type: ignore[arg-type]


def test_blocks_of_rows_depend_on_the_sizes_alone_and_change_no_sum() -> None:
    assert rows_of_block([4096]) == 1024
    assert rows_of_block([CLASSES]) * CLASSES * 8 <= 2**25
    assert [rows_at_a_time(cr.Network((2, wide, 3))) for wide in (2048, 4096, CLASSES)] == [8192, 4096, 128]
    rng = np.random.default_rng(4)
    network = cr.Network((3, 6000), dtype=np.float64)
    network.parameters = rng.normal(size=network.parameters.size)
    X, y = rng.normal(size=(700, 3)), rng.integers(0, 6000, 700)
    rows = Examples(X, y)
    assert len(list(rows.blocks(network))) == 2
    assert Loss().mean(network, rows) == pytest.approx(network.loss(X, y), rel=1e-13)


def test_the_temperature_of_some_of_many_rows_is_near_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    network = cr.Network((4, 8, 3), random_state=2, dtype=np.float64)
    network.parameters = 6.0 * network.parameters
    X = rng.normal(size=(4000, 4))
    rows = Examples(X, rng.integers(0, 3, 4000))
    whole = fitted_temperature(network, rows, Loss())
    monkeypatch.setattr(calibration, "MOST_LOGITS", 3 * 1500)
    assert len(enough_rows(rows, 3)) == 1334  # every third
    assert fitted_temperature(network, rows, Loss()) == pytest.approx(whole, rel=0.1)
    weights = (np.arange(4000) % 3 == 1).astype(float)
    kept = enough_rows(Examples(X, rows.y, weights), 3)
    assert len(kept) == 1333
    assert kept.sample_weight is not None
    assert kept.sample_weight.all()


def test_a_linear_model_of_many_rows_and_classes_trains_by_minibatches() -> None:
    wide = cr.Network((2, CLASSES))
    assert choice.choose_solver("auto", wide, 200_000, "train").name == "adamw"
    assert choice.choose_solver("auto", wide, 100, "train").name == "newton-cg"
    assert choice.choose_solver("auto", cr.Network((2, 100)), 10**8, "train").name == "newton-cg"
