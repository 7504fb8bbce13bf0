"""The temperature: against a plain minimiser, the laws of weights, its place in training, and refusals."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from chainrule.errors import ArgumentError
from chainrule.network import Network
from chainrule.training import Examples, Loss, StopReason, train
from chainrule.training.calibration import LIMIT, SPREAD, fitted_temperature

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(80, 5))
Y = (X[:, 0] + RANDOM.normal(size=80) > 0).astype(np.int64) + (X[:, 1] > 1)
WEIGHTS = RANDOM.integers(0, 4, 80).astype(float)


def network_of(factor=1.0, dtype=np.float64):
    network = Network((5, 8, 3), "tanh", random_state=4, dtype=dtype)
    network.parameters = factor * network.parameters
    return network


def by_plain_search(network, examples, loss):
    """Minimise (TC.1) without a derivative, in plain NumPy."""
    logits = network.predict_logits(examples.X)
    targets = np.eye(3)[examples.y] if examples.y.ndim == 1 else examples.y
    targets = targets * (1.0 if loss.class_weight is None else loss.class_weight)
    if examples.sample_weight is not None:
        targets = targets * examples.sample_weight[:, None]
    targets = targets * len(targets) / targets.sum()

    def cost(theta):
        return -(targets * log_softmax(np.exp(theta) * logits, axis=1)).sum() + theta**2 / 2 / SPREAD**2

    return np.exp(-minimize_scalar(cost, bounds=(-LIMIT, LIMIT), method="bounded", options={"xatol": 1e-9}).x)


@pytest.mark.parametrize("factor", [0.3, 1.0, 3.0, 30.0])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("class_weight", [None, np.array([1.0, 2.0, 0.5])])
@pytest.mark.parametrize("soft", [False, True])
def test_the_temperature_is_that_of_a_plain_search(factor, weights, class_weight, soft):
    targets = RANDOM.dirichlet(np.ones(3), 80) if soft else Y
    network, examples, loss = network_of(factor), Examples(X, targets, weights), Loss(class_weight)
    found = fitted_temperature(network, examples, loss)
    assert found == pytest.approx(by_plain_search(network, examples, loss), rel=1e-6)


def test_weights_that_are_twice_as_large_are_the_same_and_equal_ones_are_none():
    network, loss = network_of(3.0), Loss()
    plain, even, twice, once = (
        fitted_temperature(network, Examples(X, Y, weights), loss)
        for weights in (None, np.full(80, 7.0), 2 * WEIGHTS, WEIGHTS)
    )
    assert even == pytest.approx(plain, rel=1e-12)
    assert twice == pytest.approx(once, rel=1e-12)
    assert abs(once - plain) > 1e-3


def test_rows_that_are_all_right_do_not_send_the_temperature_to_0():
    network = network_of(5.0)
    right = network.predict_logits(X).argmax(axis=1)
    assert 0.1 < fitted_temperature(network, Examples(X, right), Loss()) < 1.0


def test_logits_that_are_not_finite_leave_the_temperature_at_1():
    network = network_of()
    network.parameters = np.full(network.parameters.size, 1e200)
    with np.errstate(all="ignore"):
        assert fitted_temperature(network, Examples(np.full_like(X, 1e200), Y), Loss()) == 1.0


def test_training_calibrates_networks_whose_epoch_the_validation_loss_chose():
    network = network_of(dtype=np.float32)
    outcome = train(network, X[:60], Y[:60], validation=(X[60:], Y[60:]), max_epochs=5)
    assert outcome.temperature == network.temperature
    expected = fitted_temperature(network, Examples(X[60:], Y[60:]), Loss())
    assert network.temperature == expected != 1.0
    assert outcome.message.endswith(
        f"Logits are divided by {expected:.3g}, which fits the validation rows best."
    )


@pytest.mark.parametrize(
    "options",
    [
        {"calibrate": False, "validation": (X[60:], Y[60:])},
        {"validation": (X[60:], Y[60:]), "patience": None},
        {},
    ],
)
def test_without_a_deciding_validation_the_temperature_stays(options):
    network = network_of()
    network.temperature = 1.5
    assert train(network, X[:60], Y[:60], max_epochs=2, **options).temperature is None
    assert network.temperature == 1.5


def test_linear_models_are_calibrated_when_asked_for_only():
    validation = (X[60:], Y[60:])
    assert train(Network((5, 3)), X[:60], Y[:60], validation=validation).temperature is None
    network = Network((5, 3))
    outcome = train(network, X[:60], Y[:60], validation=validation, calibrate=True)
    assert outcome.temperature == network.temperature != 1.0


def test_a_run_that_diverges_is_not_calibrated():
    network = network_of()
    outcome = train(
        network, X[:60], Y[:60], validation=(X[60:], Y[60:]), solver="sgd", alpha=1e200, max_epochs=3
    )
    assert outcome.reason is StopReason.DIVERGED
    assert outcome.temperature is None
    assert network.temperature == 1.0


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (Network((5, 3)), {"calibrate": "yes"}, "calibrate is True, False or 'auto'; got 'yes'"),
        (Network((5, 3)), {"calibrate": True}, "calibrate=True needs validation rows; got none"),
        (Network((5, 1), head="identity"), {"calibrate": True}, "softmax head; got head='identity'"),
    ],
)
def test_impossible_calibrations_are_refused(network, options, message):
    with pytest.raises(ArgumentError, match=message):
        train(network, X, Y if network.head == "softmax" else X[:, 0], **options)
