"""Learning rates from the plain values of a run's settings."""

import json
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.training import (
    SGD,
    Adam,
    AdamW,
    ConstantSchedule,
    OneCycleSchedule,
    plain,
    planned_learning_rates,
)

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(200, 4)), RNG.integers(0, 3, 200)


@pytest.mark.parametrize(
    "solver",
    [
        "sgd",
        "adamw",
        "auto",
        AdamW(0.003),
        SGD(ConstantSchedule(0.1, warm_up=0.3)),
        Adam(OneCycleSchedule(0.02)),
    ],
)
@pytest.mark.parametrize("batch_size", [32, "auto"])
def test_the_rates_are_those_the_training_wrote_to_its_log(
    tmp_path: Any, solver: Any, batch_size: Any
) -> None:
    network, log = cr.Network((4, 6, 3)), tmp_path / "log.jsonl"
    outcome = cr.train(network, X, Y, solver=solver, batch_size=batch_size, max_epochs=5, log=log)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    told = [line["learning_rate"] for line in lines if line.get("learning_rate") is not None]
    found = planned_learning_rates(
        plain(solver), outcome.solver, n_rows=200, epochs=5, batch_size=batch_size, max_epochs=5
    )
    assert found is not None
    assert len(told) >= 5
    np.testing.assert_allclose(found, told[-5:], rtol=1e-12)


def test_a_run_that_stopped_early_keeps_the_plan_of_the_whole() -> None:
    whole = planned_learning_rates("adamw", "adamw", n_rows=1000, epochs=40, max_epochs=40)
    some = planned_learning_rates("adamw", "adamw", n_rows=1000, epochs=7, max_epochs=40)
    assert whole is not None
    assert some == whole[:7]


def test_epochs_that_were_left_open_are_those_training_chooses() -> None:
    network = cr.Network((4, 6, 3))
    outcome = cr.train(network, X, Y, solver="sgd")
    rates = planned_learning_rates("sgd", "sgd", n_rows=200, epochs=outcome.epochs)
    assert rates is not None
    assert rates[-1] == pytest.approx(0.0, abs=1e-5)  # the end of the cosine


@pytest.mark.parametrize(
    ("solver", "name"),
    [
        ("auto", "newton-cg"),
        ({"name": "lbfgs"}, "lbfgs"),
        ("auto", "my own"),
        ({"name": "MySolver", "speed": 3}, "MySolver"),
        ({"name": "adamw", "learning_rate": {"name": "MySchedule"}}, "adamw"),
        ({"name": "adamw", "learning_rate": -1.0}, "adamw"),
        ({"name": "adamw", "speed": 1.0}, "adamw"),
        ({}, "adamw"),
        ({"name": []}, "adamw"),
    ],
)
def test_there_are_none_without_a_schedule_that_is_known(solver: Any, name: str) -> None:
    assert planned_learning_rates(solver, name, n_rows=100, epochs=3) is None


def test_there_are_none_where_the_rows_are_not_known() -> None:
    assert planned_learning_rates("sgd", "sgd", n_rows=0, epochs=3) is None
