"""What a network says of each row."""

import numpy as np

import chainrule as cr
from chainrule.estimators import judge, judge_rows
from chainrule.estimators.prediction import ROWS_AT_A_TIME


def test_losses_predictions_and_confidences_are_those_of_the_probabilities() -> None:
    rng = np.random.default_rng(0)
    network = cr.Network((4, 5, 3), dtype=np.float64)
    network.temperature = 1.7
    X, y = rng.normal(size=(ROWS_AT_A_TIME + 3, 4)), rng.integers(0, 3, ROWS_AT_A_TIME + 3)
    probabilities = network.predict_proba(X)
    found = judge_rows(network, X, y)
    np.testing.assert_allclose(found.losses, -np.log(probabilities[np.arange(len(y)), y]), rtol=1e-12)
    np.testing.assert_allclose(found.confidences, probabilities.max(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(found.predictions, probabilities.argmax(axis=1))


def test_their_means_are_the_scores() -> None:
    rng = np.random.default_rng(1)
    network, X, y = cr.Network((4, 3)), rng.normal(size=(500, 4)).astype(np.float32), rng.integers(0, 3, 500)
    judged, rows = judge(network, X, y), judge_rows(network, X, y)
    assert judged is not None
    np.testing.assert_allclose(rows.losses.mean(), judged[0].loss, rtol=1e-6)
    assert np.mean(rows.predictions == y) == judged[0].accuracy
    np.testing.assert_array_equal(rows.predictions, judged[1])


def test_rows_with_a_hopeless_class_have_the_loss_and_not_infinity() -> None:
    network = cr.Network((1, 2))
    network.named_parameters["W1"][:] = [[1000.0], [0.0]]
    found = judge_rows(network, np.ones((1, 1), np.float32), np.array([1]))
    assert (found.losses.tolist(), found.confidences.tolist()) == ([1000.0], [1.0])
