"""What a run has come to: kept, restored, and the reason; the gradient's norm where nothing was to be done."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from chainrule.network import Network
from chainrule.training import SGD, AdamW, StopReason, train

IRIS_X, IRIS_Y = load_iris(return_X_y=True)
IRIS_X = (IRIS_X - IRIS_X.mean(axis=0)) / IRIS_X.std(axis=0)


def at_the_minimum(dtype, solver="newton-cholesky"):
    network = Network((4, 3), dtype=dtype)
    # By the gap the loss may be further from its minimum than by the gradient.
    train(network, IRIS_X, IRIS_Y, solver=solver, tol=1e-13 if solver == "newton-cg" else 1e-4)
    return network


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", ["newton-cholesky", "newton-cg", "lbfgs"])
def test_a_second_fit_from_the_minimum_has_converged_and_is_no_worse(solver, dtype):
    network = at_the_minimum(dtype, solver)
    for tol in (1e-4, 1e-9):
        before = network.loss(IRIS_X, IRIS_Y)
        outcome = train(network, IRIS_X, IRIS_Y, solver=solver, tol=tol)
        assert outcome.reason in (StopReason.CONVERGED, StopReason.PRECISION_REACHED)
        assert network.loss(IRIS_X, IRIS_Y) <= before * (1 + 1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_run_from_the_minimum_that_ends_higher_keeps_the_start_and_says_so(dtype):
    network = at_the_minimum(dtype)
    before = network.parameters.copy()
    outcome = train(network, IRIS_X, IRIS_Y, solver=AdamW(0.003), max_epochs=5)
    assert outcome.reason is StopReason.NOT_IMPROVED
    assert outcome.best_epoch == 0
    assert outcome.epochs == 5
    np.testing.assert_array_equal(network.parameters, before)
    assert "No epoch ended with a lower loss than the start" in outcome.message


def test_a_loss_that_more_than_doubles_has_diverged():
    network = at_the_minimum(np.float64)
    before = network.parameters.copy()
    outcome = train(network, IRIS_X, IRIS_Y, solver=SGD(100.0), alpha=0.0, max_epochs=3)
    assert outcome.reason is StopReason.DIVERGED
    assert outcome.best_epoch == 0
    np.testing.assert_array_equal(network.parameters, before)


def test_an_interruption_is_told_although_the_start_is_kept():
    def interrupt(_progress):
        raise KeyboardInterrupt

    network = at_the_minimum(np.float64)
    outcome = train(network, IRIS_X, IRIS_Y, solver=AdamW(0.003), callback=interrupt)
    assert outcome.reason is StopReason.INTERRUPTED
    assert outcome.best_epoch == 0


def test_the_epoch_kept_for_validation_may_have_a_higher_objective_than_the_start():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(60, 20)), random.integers(0, 2, 60)  # nothing to learn but noise
    held_out = random.normal(size=(600, 20)), random.integers(0, 2, 600)
    network = Network((20, 2), dtype=np.float64)
    train(network, X, y, alpha=1e-6)
    training, validation = network.loss(X, y), network.loss(*held_out)
    shrinking = AdamW(0.03, weight_decay=5.0)
    outcome = train(network, X, y, solver=shrinking, alpha=1e-6, validation=held_out, max_epochs=20)
    assert outcome.reason in (StopReason.COMPLETED, StopReason.EARLY_STOPPED)
    assert outcome.best_epoch >= 1
    assert network.loss(X, y) > training
    assert network.loss(*held_out) == pytest.approx(min(outcome.validation_curve), rel=1e-12)
    assert network.loss(*held_out) < validation


def test_a_validation_loss_that_more_than_doubles_has_diverged():
    network = at_the_minimum(np.float64)
    before = network.parameters.copy()
    outcome = train(network, IRIS_X, IRIS_Y, solver=SGD(1e3), validation=(IRIS_X, IRIS_Y), max_epochs=3)
    assert outcome.reason is StopReason.DIVERGED
    np.testing.assert_array_equal(network.parameters, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_norm_is_told_where_the_start_is_a_minimum(dtype):
    network = at_the_minimum(dtype)
    outcome = train(network, IRIS_X, IRIS_Y, solver="lbfgs", tol=1e-4)
    assert outcome.reason is StopReason.CONVERGED
    assert outcome.epochs == 0
    assert 0.0 < outcome.gradient_norm <= 1e-4
    assert "gradient norm" in outcome.message


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky"])
def test_a_gradient_norm_that_is_not_finite_is_divergence(solver):
    network = Network((4, 3), dtype=np.float64)
    outcome = train(network, IRIS_X * 1e300, IRIS_Y, solver=solver)
    assert outcome.reason is StopReason.DIVERGED
    assert not network.parameters.any()


def test_where_an_earlier_iteration_was_better_on_held_back_rows_no_penalty_is_asked_for():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(60, 30)), random.integers(0, 2, 60)
    network = Network((30, 2), dtype=np.float64)
    outcome = train(network, X[:40], y[:40], solver="newton-cg", validation=(X[40:], y[40:]))
    assert outcome.best_epoch < outcome.epochs
    assert outcome.gap is None
    assert "no proven bound" not in outcome.message
    without = train(
        Network((30, 2), dtype=np.float64),
        X,
        (X[:, 0] > 0.3 * X[:, 1]).astype(int),
        solver="newton-cg",
        alpha=0.0,
    )
    assert "no proven bound" in without.message
