"""Mistakes planted into data, networks and settings: each is named where it was made, and only there."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from chainrule.network import Network
from chainrule.training import SGD, AdamW, ConstantSchedule, Examples, Loss, StopReason, train
from chainrule.training.diagnosis import constant_loss
from chainrule.training.diagnosis_features import feature_moments, labels_tell, sampled

RANDOM = np.random.default_rng(0)
IRIS_X, IRIS_Y = load_iris(return_X_y=True)
IRIS_X = (IRIS_X - IRIS_X.mean(axis=0)) / IRIS_X.std(axis=0)
DIGITS_X, DIGITS_Y = load_digits(return_X_y=True)
DIGITS_X = DIGITS_X / 16
SHUFFLED = RANDOM.permutation(IRIS_Y)

RATE_HIGH = "The learning rate is too high"
RATE_LOW = "The learning rate is too low"
DEAD = "dead"
CONSTANT = "are constant"
UNRELATED = "The labels seem unrelated to the features"
SCALED = "The features are badly scaled"
EVERY = (RATE_HIGH, RATE_LOW, DEAD, CONSTANT, UNRELATED, SCALED)


def fitted(X=IRIS_X, y=IRIS_Y, hidden=(8,), start=None, dtype=np.float64, **options):
    network = Network((X.shape[1], *hidden, int(y.max()) + 1), random_state=0, dtype=dtype)
    if start is not None:
        start(network)
    before = network.parameters.copy()
    outcome = train(network, X, y, **{"max_epochs": 20, **options})
    assert np.isfinite(network.parameters).all()
    assert all(sentence in outcome.message for sentence in outcome.diagnosis)
    return outcome, network, before


def named(outcome):
    """Return the causes that a diagnosis names."""
    return {cause for cause in EVERY if any(cause in sentence for sentence in outcome.diagnosis)}


@pytest.mark.parametrize("hidden", [(), (8,), (8, 8)])
@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "lbfgs"])
@pytest.mark.parametrize("validation", [None, (IRIS_X, IRIS_Y)])
def test_nothing_is_said_of_a_run_that_learns(solver, hidden, validation):
    outcome, *_ = fitted(solver=solver, hidden=hidden, validation=validation, max_epochs=500, patience=None)
    assert outcome.diagnosis == ()


def test_nothing_is_said_of_a_larger_run_that_learns():
    for validation in (None, (DIGITS_X[:300], DIGITS_Y[:300])):
        outcome, *_ = fitted(DIGITS_X[300:], DIGITS_Y[300:], (32,), validation=validation)
        assert outcome.diagnosis == ()


# a learning rate that is too high


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", [SGD(1e4), SGD(3e38), AdamW(1e3), AdamW(ConstantSchedule(50.0))])
def test_a_learning_rate_that_is_too_high_is_named_with_one_that_is_not(solver, dtype):
    outcome, network, before = fitted(solver=solver, dtype=dtype)
    assert outcome.reason is StopReason.DIVERGED
    assert named(outcome) == {RATE_HIGH}
    np.testing.assert_array_equal(network.parameters, before)
    advised = float(outcome.diagnosis[0].split("at most about ")[1].rstrip("."))
    better, *_ = fitted(solver=type(solver)(advised), dtype=dtype)
    assert better.reason is StopReason.COMPLETED


def test_features_that_overflow_are_no_fault_of_the_learning_rate():
    outcome, *_ = fitted(IRIS_X * 1e300, hidden=(), solver="lbfgs")
    assert outcome.reason is StopReason.DIVERGED
    assert RATE_HIGH not in named(outcome)


# a learning rate that is too low


def test_a_learning_rate_that_is_too_low_is_named():
    outcome, *_ = fitted(hidden=(), solver=SGD(1e-7))
    assert named(outcome) == {RATE_LOW}


# dead units


def kill_units(network):
    network.named_parameters["b1"][:] = -100.0


def test_dead_units_are_counted():
    outcome, *_ = fitted(hidden=(8, 4), start=kill_units)
    assert named(outcome) == {DEAD}
    assert any("8 of 8 relu units of hidden layer 1 are dead" in sentence for sentence in outcome.diagnosis)


def test_units_of_another_activation_are_not_dead():
    network = Network((4, 8, 3), "sigmoid", dtype=np.float64)
    network.named_parameters["b1"][:] = -100.0
    network.named_parameters["W2"][:] = 0.0
    assert DEAD not in named(train(network, IRIS_X, IRIS_Y, max_epochs=20))


def test_a_network_whose_units_are_alive_is_not_called_dead():
    assert DEAD not in named(fitted(y=SHUFFLED, validation=(IRIS_X[::3], SHUFFLED[1::3]))[0])


# constant features


def test_features_that_are_constant_are_counted():
    outcome, *_ = fitted(np.full_like(IRIS_X, 0.3))
    assert named(outcome) == {CONSTANT}
    assert any("4 of 4 features (0, 1, 2, 3) are constant" in sentence for sentence in outcome.diagnosis)


def test_one_constant_feature_among_others_is_not_worth_a_word():
    X = IRIS_X.copy()
    X[:, 0] = 7.0
    assert CONSTANT not in named(fitted(X, SHUFFLED)[0])


# labels


@pytest.mark.parametrize("hidden", [(), (32,)])
def test_shuffled_labels_are_told_by_rows_that_were_not_trained_on(hidden):
    labels = RANDOM.permutation(DIGITS_Y)
    held_out = DIGITS_X[:300], labels[:300]
    outcome, *_ = fitted(DIGITS_X[300:], labels[300:], hidden, validation=held_out, solver="adamw")
    assert named(outcome) == {UNRELATED}
    assert "Look whether rows and labels are in the same order" in outcome.message
    assert outcome.diagnosis[0].startswith("The validation loss did not leave 2.2")  # hardly below log 10


@pytest.mark.parametrize("solver", ["newton-cholesky", "lbfgs", "adamw"])
def test_shuffled_labels_are_told_by_a_linear_fit_that_finds_nothing(solver):
    X = RANDOM.normal(size=(5000, 4))
    outcome, *_ = fitted(X, RANDOM.integers(0, 3, 5000), (), solver=solver, max_epochs=50)
    assert named(outcome) == {UNRELATED}


@pytest.mark.parametrize("solver", ["newton-cholesky", "adamw"])
def test_labels_that_are_told_by_a_spread_alone_are_not_unrelated(solver):
    X = RANDOM.normal(size=(5000, 2))
    rings = (np.square(X).sum(axis=1) > 1.4).astype(int)  # no straight line tells them apart
    outcome, *_ = fitted(X, rings, (), solver=solver)
    assert UNRELATED not in named(outcome)


def test_rows_in_the_order_of_their_classes_are_not_unrelated():
    X = np.repeat(np.arange(3.0), 20_000)[:, None] + RANDOM.normal(size=(60_000, 1))
    y = np.repeat([0, 1, 2], 20_000)
    assert named(fitted(X, y, (), solver=SGD(1e-9), batch_size=10_000)[0]) == {RATE_LOW}
    rows = sampled(Examples(X, y))
    network = Network((1, 3), dtype=np.float64)
    assert labels_tell(network, rows, feature_moments(network, rows))


# scales


@pytest.mark.parametrize("solver", [SGD(0.1), "lbfgs"])
def test_badly_scaled_features_are_named(solver):
    X = IRIS_X * np.array([1e-3, 1.0, 1e4, 1.0])
    outcome, *_ = fitted(X, solver=solver, hidden=() if solver == "lbfgs" else (8,))
    assert SCALED in named(outcome)
    assert "the standard deviation of feature 2 is 1e+04, that of feature 0 0.001" in outcome.message


def test_features_far_from_zero_are_named():
    outcome, *_ = fitted(IRIS_X + 1e5, hidden=(), solver="lbfgs")
    assert SCALED in named(outcome)


def test_features_of_one_scale_are_not_badly_scaled():
    assert SCALED not in named(fitted(IRIS_X * 1e4, solver=SGD(1e3))[0])


# the penalty


@pytest.mark.parametrize(("solver", "hidden", "alpha"), [("newton-cholesky", (), 1e4), ("adamw", (8,), 3.0)])
def test_a_penalty_that_holds_the_weights_back_is_no_mistake(solver, hidden, alpha):
    outcome, *_ = fitted(hidden=hidden, solver=solver, alpha=alpha, max_epochs=100)
    assert outcome.loss > 1.09  # log 3: nothing was learned, as it was asked for
    assert outcome.diagnosis == ()


# what is compared with


@pytest.mark.parametrize(
    ("class_weight", "smoothing"), [(None, 0.0), ([1.0, 2.0, 0.5], 0.0), (None, 0.2), ([3.0, 1.0, 1.0], 0.1)]
)
@pytest.mark.parametrize("soft", [False, True])
def test_the_loss_of_a_constant_prediction_is_the_least_one_that_biases_alone_reach(
    class_weight, smoothing, soft
):
    weights = RANDOM.uniform(0.5, 2.0, 150)
    y = RANDOM.dirichlet(np.ones(3), 150) if soft else IRIS_Y
    X = np.zeros((150, 1))
    options = {"sample_weight": weights, "label_smoothing": smoothing, "class_weight": class_weight}
    network = Network((1, 3), dtype=np.float64)
    outcome = train(network, X, y, alpha=0.0, tol=1e-12, **options)
    loss = Loss(None if class_weight is None else np.array(class_weight), smoothing)
    assert constant_loss(network, Examples(X, y, weights), loss) == pytest.approx(outcome.loss, rel=1e-9)


def test_an_interrupted_run_is_not_diagnosed():
    def interrupt(_progress):
        raise KeyboardInterrupt

    assert fitted(y=SHUFFLED, callback=interrupt)[0].diagnosis == ()


def test_a_diagnosis_changes_nothing_of_the_network():
    network = Network((4, 8, 3), random_state=0, dtype=np.float64)
    seen = []
    outcome = train(
        network, IRIS_X, SHUFFLED, max_epochs=8, validation=(IRIS_X, RANDOM.permutation(IRIS_Y)),
        callback=lambda progress: seen.append(progress.network.parameters.copy()),
    )  # fmt: skip
    assert outcome.diagnosis
    np.testing.assert_array_equal(network.parameters, seen[outcome.best_epoch - 1])
