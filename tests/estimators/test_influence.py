"""How much a network relies on each column."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss

import chainrule as cr
from chainrule.estimators import column_influences, rows_for_influence
from chainrule.estimators.influence import LEAST_ROWS, MOST_PRODUCTS, MOST_ROWS
from chainrule.kernels import Purpose, permutation

COLUMNS = [("number", 1), ("colour", 3), ("flag", 1)]


def problem(rows: int = 300) -> tuple[cr.Network, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(rows, 5)).astype(np.float32)
    return cr.Network((5, 6, 3), random_state=1), X, rng.integers(0, 3, rows)


def test_the_influence_is_that_of_a_plain_loop() -> None:
    network, X, y = problem()
    before, names, found = X.copy(), [], column_influences(network, X, y, COLUMNS, repeats=3, seed=4)
    np.testing.assert_array_equal(X, before)

    def loss(features: np.ndarray) -> float:
        probabilities = network.predict_proba(features).astype(np.float64)
        return float(np.mean([-np.log(p[k]) for p, k in zip(probabilities, y, strict=True)]))

    for place, (column, features) in enumerate([("number", [0]), ("colour", [1, 2, 3]), ("flag", [4])]):
        names.append(column)
        for repeat in range(3):
            order = permutation(len(y), Purpose.INFLUENCE, 4, place, repeat)
            changed = X.copy()
            for n in range(len(y)):
                changed[n, features] = X[order[n], features]
            assert found[place].rises[repeat] == pytest.approx(loss(changed) - loss(X), abs=1e-6)
    assert [one.column for one in found] == names


def test_the_influence_is_that_of_scikit_learn_but_for_the_draw() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 3))
    y = (X @ [2.0, 0.7, 0.0] + rng.normal(0, 0.3, 2000) > 0).astype(np.int64)
    classifier = cr.SoftmaxClassifier().fit(X, y)
    found = column_influences(classifier.network_, X, y, [("a", 1), ("b", 1), ("c", 1)], repeats=10)

    def score(fitted: cr.SoftmaxClassifier, X: np.ndarray, y: np.ndarray) -> float:
        return -float(log_loss(y, fitted.predict_proba(X).astype(np.float64)))

    expected = permutation_importance(classifier, X, y, scoring=score, n_repeats=10, random_state=0)
    np.testing.assert_allclose([one.mean for one in found], expected.importances_mean, rtol=0.05, atol=0.02)


def test_a_column_that_is_not_used_has_no_influence() -> None:
    network, X, y = problem()
    network.named_parameters["W1"][:, 4] = 0.0
    assert column_influences(network, X, y, COLUMNS)[2].rises == (0.0,) * 5


def test_sparse_and_dense_features_have_the_same_influence() -> None:
    network, X, y = problem()
    X[np.abs(X) < 1.0] = 0.0
    dense = column_influences(network, X, y, COLUMNS)
    rows = column_influences(network, sparse.csr_array(X), y, COLUMNS)
    for one, other in zip(dense, rows, strict=True):
        np.testing.assert_allclose(one.rises, other.rises, atol=1e-6)


def test_equal_seeds_give_equal_numbers_and_others_other_ones() -> None:
    network, X, y = problem()
    first, again, other = (column_influences(network, X, y, COLUMNS, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_the_temperature_counts() -> None:
    network, X, y = problem()
    cold = column_influences(network, X, y, COLUMNS)[0].mean
    network.temperature = 4.0
    assert abs(column_influences(network, X, y, COLUMNS)[0].mean) < abs(cold)


def test_rows_are_bounded_by_what_a_pass_costs() -> None:
    assert rows_for_influence(cr.Network((3, 2)), 3) == MOST_ROWS
    assert rows_for_influence(cr.Network((2000, 500, 10)), 2000) == LEAST_ROWS
    network = cr.Network((400, 200, 10))
    rows = rows_for_influence(network, 400)
    assert LEAST_ROWS < rows < MOST_ROWS
    assert rows * network.parameters.size * 400 * 5 <= MOST_PRODUCTS
