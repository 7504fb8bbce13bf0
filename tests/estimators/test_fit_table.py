"""From a table to a model in one call."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from chainrule.errors import ArgumentError, ArgumentTypeError, DataError, InsufficientMemoryError
from chainrule.estimators import TableSettings, fit_table, judge, judge_table, prepare_table, train_table
from chainrule.functions import cross_entropy
from chainrule.network import Network
from chainrule.training import SGD, AdamW, Progress, StopReason, train


def blobs(n: int = 300, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, size=n)
    size = rng.normal(size=n) + 2.0 * kind
    colour = np.where(rng.random(n) < 0.8, np.array(["red", "green", "blue"])[kind], "grey")
    return pl.DataFrame(
        {"size": size, "colour": colour.tolist(), "kind": np.array(["a", "b", "c"])[kind].tolist()}
    )


TABLE = blobs()


def test_a_fit_is_reading_splitting_encoding_and_training_one_after_the_other() -> None:
    settings = TableSettings(test_fraction=0.25, random_state=4)
    prepared = prepare_table(TABLE, "kind", settings)
    network = Network((prepared.encoder.n_features, 3), random_state=4)
    validation = (prepared.validation.features, prepared.validation.targets)
    outcome = train(
        network, prepared.training.features, prepared.training.targets, validation=validation, random_state=4
    )
    model = fit_table(TABLE, "kind", test_fraction=0.25, random_state=4)
    np.testing.assert_array_equal(model.network.parameters, network.parameters)
    assert model.outcome == outcome
    assert model.classes == ("a", "b", "c")


def test_the_encoder_looks_at_the_rows_of_training_alone() -> None:
    prepared = prepare_table(TABLE, "kind", TableSettings(test_fraction=0.3))
    held_out = pl.Series(np.isin(np.arange(len(TABLE)), prepared.split.test))
    size = pl.when(held_out).then(1e6).otherwise("size").alias("size")
    assert (
        prepare_table(TABLE.with_columns(size), "kind", TableSettings(test_fraction=0.3)).encoder
        == prepared.encoder
    )


def test_scores_are_the_cross_entropy_and_the_share_of_right_rows() -> None:
    settings = TableSettings(hidden=(8,), test_fraction=0.25, max_epochs=5)
    prepared = prepare_table(TABLE, "kind", settings)
    fit = judge_table(train_table(prepared, settings), prepared)
    logits = fit.model.network.predict_logits(prepared.test.features)
    assert fit.test is not None
    assert fit.test.examples == 75
    temperature = fit.model.network.temperature
    assert temperature == fit.model.outcome.temperature != 1.0
    loss = cross_entropy(logits, prepared.test.targets, temperature=temperature)
    np.testing.assert_allclose(fit.test.loss, loss, rtol=1e-6)
    assert fit.test.accuracy == np.mean(logits.argmax(axis=1) == prepared.test.targets)
    np.testing.assert_array_equal(fit.test_predictions, logits.argmax(axis=1))


def test_parts_without_rows_have_no_scores() -> None:
    settings = TableSettings(validation_fraction=0.0, test_fraction=0.0)
    prepared = prepare_table(TABLE, "kind", settings)
    fit = judge_table(train_table(prepared, settings), prepared)
    assert (fit.validation, fit.test, len(fit.test_predictions)) == (None, None, 0)
    assert fit.training.examples == len(TABLE)


def test_scores_over_many_blocks_are_those_of_one_block() -> None:
    rng = np.random.default_rng(0)
    network = Network((3, 4), random_state=1)
    network.parameters = rng.normal(size=network.parameters.size)
    features, targets = rng.normal(size=(20_000, 3)).astype(np.float32), rng.integers(0, 4, size=20_000)
    judged = judge(network, features, targets)
    assert judged is not None
    loss = cross_entropy(network.predict_logits(features).astype(np.float64), targets)
    np.testing.assert_allclose(judged[0].loss, loss, rtol=1e-6)


def test_a_row_of_weight_two_is_the_row_twice() -> None:
    twice = pl.concat([TABLE, TABLE[:40]])
    weights = np.ones(len(TABLE))
    weights[:40] = 2.0
    options: dict[str, Any] = {"validation_fraction": 0.0, "alpha": 0.01}
    # Quantiles take no weights, so the encoder of the weighted fit serves both.
    weighted = fit_table(TABLE, "kind", sample_weight=weights, **options)
    doubled = prepare_table(twice, "kind", TableSettings(**options))
    assert weighted.encoder is not None
    network = Network((weighted.encoder.n_features, 3))
    train(network, weighted.encoder.encode(twice), doubled.training.targets, alpha=0.01)
    np.testing.assert_allclose(network.parameters, weighted.network.parameters, rtol=1e-4, atol=1e-5)


def test_balanced_weights_are_the_inverse_shares_of_the_classes() -> None:
    table = TABLE.filter((pl.col("kind") != "c") | (pl.int_range(pl.len()) % 5 == 0))
    options: dict[str, Any] = {"validation_fraction": 0.0, "alpha": 0.01}
    counts = {kind: len(table.filter(kind=kind)) for kind in "abc"}
    by_hand = {kind: len(table) / (3 * count) for kind, count in counts.items()}
    balanced = fit_table(table, "kind", class_weight="balanced", **options)
    np.testing.assert_array_equal(
        fit_table(table, "kind", class_weight=by_hand, **options).network.parameters,
        balanced.network.parameters,
    )
    plain = fit_table(table, "kind", **options)
    assert (balanced.predict(table) == "c").sum() > (plain.predict(table) == "c").sum()


def test_the_callback_is_told_of_every_epoch_and_can_stop() -> None:
    seen: list[Progress] = []

    def callback(progress: Progress) -> bool:
        seen.append(progress)
        return len(seen) == 2

    model = fit_table(TABLE, "kind", hidden=(4,), callback=callback)
    assert [progress.epoch for progress in seen] == [1, 2]
    assert model.outcome is not None
    assert model.outcome.reason is StopReason.CALLBACK_STOPPED


@pytest.mark.parametrize("name", ["digits", "iris", "wine", "breast-cancer"])
@pytest.mark.parametrize("hidden", [(), (64,)])
def test_the_embedded_sets_are_learned_with_the_defaults(name: str, hidden: tuple[int, ...]) -> None:
    settings = TableSettings(hidden=hidden, test_fraction=0.2)
    prepared = prepare_table(name, None, settings)
    test = judge_table(train_table(prepared, settings), prepared).test
    assert test is not None
    assert test.accuracy >= 0.93


def test_the_settings_of_the_model_are_plain_values() -> None:
    model = fit_table(
        TABLE,
        "kind",
        hidden=np.array([4]),
        solver=SGD(0.01),
        max_epochs=1,
        class_weight={"a": 2.0},
        random_state=7,
    )
    assert model.settings is not None
    assert model.settings["target"] == "kind"
    assert model.settings["hidden"] == [4]
    assert model.settings["solver"] == {
        "name": "sgd",
        "learning_rate": 0.01,
        "momentum": 0.9,
        "nesterov": True,
    }
    assert model.settings["class_weight"] == [["a", 2.0]]
    assert model.settings["random_state"] == 7


def test_a_schedule_is_described_with_its_solver() -> None:
    described = TableSettings(solver=AdamW()).to_json_value()["solver"]
    assert described["learning_rate"]["name"] == "CosineSchedule"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": None}, "fit_table: a target column is named; got none, and the table names none itself."),
        ({"target": "kinds"}, "Did you mean 'kind'?"),
        ({"sample_weight": [1.0]}, r"fit_table: sample_weight has shape \(300,\); got shape \(1,\)."),
        (
            {"class_weight": "balance"},
            "fit_table: class_weight is \"balanced\", a mapping or None; got 'balance'.",
        ),
        ({"class_weight": {"d": 1.0}}, "fit_table: class_weight names classes of the target; got 'd'."),
        ({"validation_fraction": 1.5}, "fit_table: validation_fraction is at least 0 and below 1; got 1.5."),
        ({"alpha": -1.0}, "alpha"),
        ({"solver": "newton"}, "solver is one of"),
        ({"activation": "swish"}, "activation is one of"),
        ({"hidden": (0,)}, r"fit_table: hidden\[0\] is at least 1; got 0."),
        ({"random_state": -1}, "fit_table: a seed is an integer from 0"),
    ],
)
def test_what_cannot_be_used_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ArgumentError, DataError), match=message):
        fit_table(TABLE, **{"target": "kind", **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 4.5}, "fit_table: hidden is an integer; got 4.5."),
        ({"hidden": None}, "fit_table: hidden is an integer; got None."),
        ({"hidden": True}, "fit_table: hidden is an integer; got True."),
        ({"hidden": "8"}, "fit_table: hidden is an integer; got '8'."),
        ({"hidden": (4, 2.5)}, r"fit_table: hidden\[1\] is an integer; got 2.5."),
        ({"activation": None}, "fit_table: activation is a name, or one for each hidden layer; got None."),
        ({"activation": [1]}, "fit_table: activation is a name"),
        ({"validation_fraction": "x"}, "fit_table: validation_fraction is a number; got 'x'."),
        ({"validation_fraction": None}, "fit_table: validation_fraction is a number; got None."),
        ({"test_fraction": True}, "fit_table: test_fraction is a number; got True."),
        ({"sample_weight": "abc"}, "fit_table: sample_weight holds numbers"),
        ({"sample_weight": [[1.0], [1.0, 2.0]]}, "fit_table: sample_weight holds numbers; got lists of"),
        ({"class_weight": {"a": "x"}}, r"fit_table: class_weight\['a'\] is a number; got 'x'."),
        ({"class_weight": [1.0, 2.0]}, 'fit_table: class_weight is "balanced", a mapping or None; got list'),
    ],
)
def test_arguments_of_another_type_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentTypeError, match=message):
        fit_table(TABLE, "kind", **options)


@pytest.mark.parametrize("fraction", [float("nan"), float("inf")])
def test_shares_that_are_not_finite_are_refused(fraction: float) -> None:
    with pytest.raises(ArgumentError, match="fit_table: validation_fraction is finite"):
        fit_table(TABLE, "kind", validation_fraction=fraction)


@pytest.mark.parametrize("hidden", [4, np.int64(4), (4,), np.array([4]), np.array(4)])
def test_a_single_number_is_one_hidden_layer(hidden: Any) -> None:
    assert fit_table(TABLE, "kind", hidden=hidden, max_epochs=1).network.layer_sizes[1:-1] == (4,)


def test_a_network_beyond_all_memory_is_refused_before_it_is_asked_for() -> None:
    message = (
        r"fit_table: the memory that a fit takes is there before it begins; got a need of 4,\d{3},\d{3} GB"
    )
    with pytest.raises(InsufficientMemoryError, match=message):
        fit_table(TABLE, "kind", hidden=(10**7, 10**7))


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(DataError, match="a table has at least one row"):
        fit_table(TABLE.clear(), "kind")
