"""Rows that are read where they lie are the rows."""

import numpy as np
import pytest

from chainrule.network import InputScaling, Network
from chainrule.training import Examples, SelectedRows, columns_of, digest_of, select_rows, train

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(400, 6)).astype(np.float32)
ROWS = np.sort(RANDOM.permutation(400)[:290])
Y = RANDOM.integers(0, 3, 290)
SOFT = RANDOM.dirichlet(np.ones(3), 290)
WEIGHTS = RANDOM.random(290)


def test_they_have_the_shape_and_the_values_of_a_copy():
    chosen, copy = SelectedRows(X, ROWS), X[ROWS]
    assert (chosen.shape, chosen.dtype, chosen.ndim, len(chosen)) == (copy.shape, copy.dtype, 2, 290)
    np.testing.assert_array_equal(np.asarray(chosen), copy)
    np.testing.assert_array_equal(chosen[10:20], copy[10:20])
    np.testing.assert_array_equal(chosen[np.array([5, 2])], copy[[5, 2]])
    np.testing.assert_array_equal(columns_of(chosen, slice(1, 3)), copy[:, 1:3])
    assert digest_of(chosen) == digest_of(copy)


def test_rows_of_rows_are_rows_of_the_array():
    again = select_rows(SelectedRows(X, ROWS), np.array([3, 1]))
    assert again.base is X
    np.testing.assert_array_equal(np.asarray(again), X[ROWS][[3, 1]])


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("solver", ["adamw", "sgd", "newton-cg", "newton-cholesky", "lbfgs"])
@pytest.mark.parametrize("y", [Y, SOFT], ids=["labels", "probabilities"])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
def test_training_on_them_is_training_on_a_copy_to_the_bit(solver, y, weights, layout):
    results = []
    for features in (X[ROWS], SelectedRows(layout(X), ROWS)):
        network = Network((6, 5, 3) if solver in ("adamw", "sgd") else (6, 3), random_state=1)
        network.input_scaling = InputScaling(np.full(6, 0.5), np.full(6, 2.0), 3.0)
        validation = Examples(features, y).select(np.arange(0, 290, 7))
        outcome = train(
            network, features, y, sample_weight=weights, solver=solver, max_epochs=3, batch_size=32,
            validation=(validation.X, validation.y), calibrate=True, class_weight=[1.0, 2.0, 0.5],
        )  # fmt: skip
        results.append((network.parameters.tobytes(), network.temperature, outcome.validation_curve))
    assert results[0] == results[1]
