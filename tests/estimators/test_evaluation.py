"""Scores and their intervals: against scikit-learn, plain loops, and a bootstrap that draws rows."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, balanced_accuracy_score, brier_score_loss, f1_score, log_loss

import chainrule as cr
from chainrule.errors import DataError
from chainrule.estimators import SCORES, Evaluation, Model, evaluate, prediction
from chainrule.estimators.bootstrap import REPLICATES, bootstrap_weights, interval, poisson_table


def table_of(n: int, classes: int, seed: int = 0, labels: int | None = None) -> tuple[Model, pl.DataFrame]:
    """Return a model of so many classes and rows of the first ``labels`` of them."""
    rng = np.random.default_rng(seed)
    network = cr.Network((6, 12, classes), "tanh", random_state=seed)
    network.parameters = 4.0 * network.parameters
    network.temperature = 1.3
    X = rng.normal(size=(n, 6))
    chances = network.predict_proba(X).astype(np.float64)[:, : labels or classes]
    y = [rng.choice(chances.shape[1], p=row / row.sum()) for row in chances]
    frame = pl.DataFrame({f"x{j}": X[:, j] for j in range(6)}).with_columns(kind=pl.Series(y))
    return Model(None, network, list(range(classes)), {"target": "kind"}), frame


def plain_scores(
    probabilities: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, float]:
    """Return the scores as scikit-learn and plain loops have them."""
    n, classes = probabilities.shape
    p = probabilities / probabilities.sum(axis=1, keepdims=True)
    w = np.ones(n) if weights is None else weights
    predicted, labels = p.argmax(axis=1), np.arange(classes)
    present = np.union1d(y[w > 0], predicted[w > 0])
    gap = 0.0
    for b in range(15):
        rows = (p.max(axis=1) > b / 15) & (p.max(axis=1) <= (b + 1) / 15)
        gap += abs((w[rows] * (p.max(axis=1)[rows] - (predicted == y)[rows])).sum())
    recalls = [(w * ((y == k) & (predicted == k))).sum() / (w * (y == k)).sum() for k in np.unique(y[w > 0])]
    binary = {"y_proba": p[:, 1]} if classes == 2 else {"y_proba": p, "labels": labels}
    return {
        "loss": log_loss(y, p, labels=labels, sample_weight=w),
        "accuracy": accuracy_score(y, predicted, sample_weight=w),
        "balanced_accuracy": float(np.mean(recalls)),
        "macro_f1": f1_score(y, predicted, labels=present, average="macro", sample_weight=w, zero_division=0),
        "brier_score": brier_score_loss(y, **binary, sample_weight=w),
        "calibration_error": gap / w.sum(),
    }


def values(found: Evaluation) -> dict[str, float]:
    return {name: getattr(found, name).value for name in SCORES}


@pytest.mark.parametrize(("classes", "labels"), [(2, None), (3, None), (40, None), (40, 7), (3000, 20)])
def test_the_scores_are_scikit_learns(classes: int, labels: int | None) -> None:
    model, frame = table_of(3000, classes, labels=labels)
    found = evaluate(model, frame)
    p, y = model.predict_proba(frame).astype(np.float64), frame["kind"].to_numpy()
    expected = plain_scores(p, y)
    for name, value in values(found).items():
        assert value == pytest.approx(expected[name], rel=2e-5), name
    assert found.examples == 3000
    if labels is None:
        assert found.balanced_accuracy.value == pytest.approx(balanced_accuracy_score(y, p.argmax(axis=1)))


def test_the_calibration_error_is_that_of_scikit_learns_curve() -> None:
    model, frame = table_of(4000, 5)
    p, y = model.predict_proba(frame).astype(np.float64), frame["kind"].to_numpy()
    right, confidence = p.argmax(axis=1) == y, p.max(axis=1)
    accuracy, mean = calibration_curve(right, confidence, n_bins=15)
    counts = np.histogram(confidence, 15, (0, 1))[0]
    expected = (counts[counts > 0] * np.abs(accuracy - mean)).sum() / counts.sum()
    assert evaluate(model, frame).calibration_error.value == pytest.approx(expected, rel=1e-5)


def test_intervals_are_those_of_weighted_replicates_one_by_one() -> None:
    model, frame = table_of(700, 4)
    p, y = model.predict_proba(frame).astype(np.float64), frame["kind"].to_numpy()
    weights = bootstrap_weights(0, 700).astype(np.float64)
    replicates = [plain_scores(p, y, weights[:, r]) for r in range(REPLICATES)]
    found = evaluate(model, frame)
    for name in SCORES:
        score = getattr(found, name)
        drawn = np.array([replicate[name] for replicate in replicates])
        low, high = np.quantile(drawn, [0.025, 0.975]) - drawn.mean() + score.value
        assert (score.low, score.high) == pytest.approx((low, high), rel=1e-4), name
        assert score.low < score.value < score.high


def test_the_size_of_blocks_changes_no_score_beyond_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    model, frame = table_of(1100, 4)
    whole = evaluate(model, frame)
    monkeypatch.setattr(prediction, "ROWS_AT_A_TIME", 32)
    parts = evaluate(model, frame)
    for name in SCORES:
        one, other = getattr(whole, name), getattr(parts, name)
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), rel=1e-6)
    np.testing.assert_array_equal(whole.confusions, parts.confusions)


def test_an_interval_has_the_width_of_a_bootstrap_that_draws_rows() -> None:
    model, frame = table_of(2000, 3)
    right = model.predict_proba(frame).argmax(axis=1) == frame["kind"].to_numpy()
    rng = np.random.default_rng(0)
    drawn = [right[rng.integers(0, 2000, 2000)].mean() for _ in range(2000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    found = evaluate(model, frame).accuracy
    assert found.high - found.low == pytest.approx(high - low, rel=0.2)


def test_95_of_100_intervals_hold_the_true_accuracy() -> None:
    model, frame = table_of(60_000, 3)
    truth = evaluate(model, frame).accuracy.value
    found = [evaluate(model, frame[first : first + 300]).accuracy for first in range(0, 60_000, 300)]
    assert 0.9 <= np.mean([score.low <= truth <= score.high for score in found]) <= 0.99


def test_weights_are_those_of_poisson() -> None:
    shares = np.bincount(poisson_table(), minlength=10) / 2**16
    expected = [np.exp(-1) / np.prod(np.arange(1.0, k + 1)) for k in range(10)]
    np.testing.assert_allclose(shares, expected, atol=2**-16)
    weights = bootstrap_weights(0, 5000)
    assert weights.shape == (5000, REPLICATES)
    np.testing.assert_allclose(weights.var(), 1.0, rtol=0.01)
    assert abs(np.corrcoef(weights[:-1].ravel(), weights[1:].ravel())[0, 1]) < 0.01


def test_weights_depend_on_the_number_of_the_row_alone() -> None:
    whole = bootstrap_weights(0, 1000)
    for first, count in ((0, 1), (63, 2), (64, 64), (100, 900), (999, 1), (10, 0)):
        np.testing.assert_array_equal(bootstrap_weights(first, count), whole[first : first + count])
    assert (bootstrap_weights(0, 1000, seed=1) != whole).any()


def test_a_replicate_without_rows_is_left_out() -> None:
    assert interval(0.5, np.array([np.nan, 0.5, np.nan])) == (0.5, 0.5)
    assert interval(0.5, np.array([np.nan])) == (0.5, 0.5)


def test_files_that_are_streamed_have_the_scores_of_the_table_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    frame = pl.DataFrame({"x": rng.normal(size=140_000), "word": rng.choice(["a", "b", "c"], 140_000)})
    frame = frame.with_columns(kind=pl.when(pl.col("x") > 0).then(pl.col("word")).otherwise(pl.lit("d")))
    model = cr.fit_table(frame[:500], "kind", hidden=8, max_epochs=3)
    frame.write_parquet(tmp_path / "one.parquet", row_group_size=30_000)
    (tmp_path / "parts").mkdir()
    for number, first in enumerate((0, 70_000)):
        frame[first : first + 70_000].write_parquet(tmp_path / "parts" / f"{number}.parquet")
    expected = evaluate(model, frame)
    for path in (tmp_path / "one.parquet", tmp_path / "parts"):
        found = evaluate(model, path)
        assert [getattr(found, name) for name in SCORES] == [getattr(expected, name) for name in SCORES]
        np.testing.assert_array_equal(found.counts, expected.counts)
        np.testing.assert_array_equal(found.confusions, expected.confusions)


def test_another_process_has_the_same_scores(tmp_path: Path) -> None:
    _, frame = table_of(500, 3)
    frame.write_parquet(tmp_path / "t.parquet")
    named = cr.fit_table(frame, "kind", max_epochs=2)
    named.save(tmp_path / "m.safetensors")
    program = (
        "import chainrule as cr; from chainrule.estimators import evaluate;"
        "print(repr(evaluate(cr.load('m.safetensors'), 't.parquet').macro_f1))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == repr(evaluate(named, tmp_path / "t.parquet").macro_f1)


def test_confident_rows_have_brier_scores_that_are_not_0() -> None:
    network = cr.Network((1, 3))
    network.named_parameters["W1"][...] = [[0.0], [40.0], [0.0]]
    model = Model(None, network, [0, 1, 2], {"target": "kind"})
    found = evaluate(model, pl.DataFrame({"x": [1.0, 1.0], "kind": [1, 1]}))
    missing = 2 * np.exp(-40.0)  # 1 - p of the right class, to rounding
    assert found.loss.value == pytest.approx(missing, rel=1e-5)
    assert found.calibration_error.value == pytest.approx(missing, rel=1e-5)
    assert found.brier_score.value == pytest.approx(missing**2 + 2 * np.exp(-80.0), rel=1e-4)


@pytest.mark.parametrize("n", [1, 2])
def test_very_few_rows_have_scores(n: int) -> None:
    model, frame = table_of(n, 3)
    found = evaluate(model, frame)
    assert all(getattr(found, name).low <= getattr(found, name).high for name in SCORES)


def test_rows_without_classes_or_without_rows_are_refused() -> None:
    model, frame = table_of(50, 3)
    with pytest.raises(DataError, match="a table has at least one row"):
        evaluate(model, frame.clear())
    with pytest.raises(DataError, match=r"got target 'kind', which the table does not have"):
        evaluate(model, frame.drop("kind"))
    with pytest.raises(DataError, match="the target column is known"):
        evaluate(Model(None, model.network, model.classes), frame)
    with pytest.raises(DataError, match=r"every target is a class that the model knows; got 9 in .* row 7"):
        evaluate(model, frame.with_columns(kind=pl.when(pl.arange(0, 50) == 7).then(9).otherwise("kind")))
