"""L-BFGS: the two-loop recursion against the dense inverse, known minima, and scikit-learn's solution."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from chainrule.errors import ArgumentError
from chainrule.network import Network
from chainrule.training import LBFGS, StopReason, train
from chainrule.training.lbfgs import CurvaturePair, two_loop


class Rosenbrock:
    def value_and_gradient(self, x):
        return float(scipy.optimize.rosen(x)), scipy.optimize.rosen_der(x)


class Quadratic:
    def __init__(self, eigenvalues):
        self.eigenvalues = np.asarray(eigenvalues)

    def value_and_gradient(self, x):
        return 0.5 * float(x @ (self.eigenvalues * x)), self.eigenvalues * x


def minimise(function, start, tol, solver=None, limit=500):
    solver = solver or LBFGS()
    x = np.array(start, dtype=np.float64)
    state = solver.start(function, x, tol)
    values = [state.value]
    while state.reason is None and len(values) < limit:
        x, state = solver.step(function, x, state)
        values.append(state.value)
    return x, state, values


def dense_inverse(pairs, size):
    """(LB.1) and (LB.2) as matrices."""
    newest = pairs[-1]
    inverse = np.eye(size) * newest.product / (newest.change @ newest.change)
    for pair in pairs:
        left = np.eye(size) - np.outer(pair.step, pair.change) / pair.product
        inverse = left @ inverse @ left.T + np.outer(pair.step, pair.step) / pair.product
    return inverse


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 10**6))
def test_the_two_loops_apply_the_dense_bfgs_inverse(size, count, seed):
    random = np.random.default_rng(seed)
    root = random.normal(size=(size, size))
    matrix = root @ root.T + np.eye(size)
    steps = random.normal(size=(count, size))
    pairs = [CurvaturePair(s, matrix @ s, float(s @ matrix @ s)) for s in steps]
    gradient = random.normal(size=size)
    expected = dense_inverse(pairs, size) @ gradient
    np.testing.assert_allclose(
        two_loop(gradient, pairs), expected, rtol=1e-9, atol=1e-9 * abs(expected).max()
    )


def test_without_pairs_the_direction_is_the_gradient():
    gradient = np.array([1.0, -2.0])
    direction = two_loop(gradient, ())
    assert direction.tolist() == [1.0, -2.0]
    assert direction is not gradient


# From (-1.2, 1, ...) more than three dimensions lead into another, local minimum near (-1, 1, ..., 1).
@pytest.mark.parametrize("start", [[-1.2, 1.0], [0.5] * 5, [1.2, 0.8] * 10])
def test_rosenbrocks_valley_is_followed_to_its_end(start):
    x, state, values = minimise(Rosenbrock(), start, tol=1e-10)
    assert state.reason is StopReason.CONVERGED
    np.testing.assert_allclose(x, 1.0, atol=1e-9)
    assert all(later <= earlier for earlier, later in pairwise(values))


def test_convergence_on_a_quadratic_is_faster_than_linear():
    # Memory for every direction: BFGS on a quadratic of 6 dimensions converges superlinearly.
    solver, function = LBFGS(memory=20), Quadratic([1, 2, 5, 10, 20, 50])
    x = np.ones(6)
    state = solver.start(function, x, 1e-14)
    norms = [state.gradient_norm]
    while state.reason is None:
        x, state = solver.step(function, x, state)
        norms.append(state.gradient_norm)
    ratios = [b / a for a, b in pairwise(norms)]
    assert np.mean(np.log(ratios[-4:])) < 2 * np.mean(np.log(ratios[:6])) < 0


def test_a_minimum_at_the_start_needs_no_step():
    _, state, values = minimise(Quadratic([1.0, 1.0]), [0.0, 0.0], tol=0.0)
    assert state.reason is StopReason.CONVERGED
    assert len(values) == 1


def test_with_a_tolerance_of_zero_it_ends_at_the_precision():
    x, state, _ = minimise(Rosenbrock(), [-1.2, 1.0], tol=0.0)
    assert state.reason in (StopReason.PRECISION_REACHED, StopReason.CONVERGED)
    np.testing.assert_allclose(x, 1.0, atol=1e-7)


@pytest.mark.parametrize("alpha", [0.0, 1e-4])
def test_a_search_that_fails_far_from_the_minimum_has_stalled(alpha):
    X, y = load_iris(return_X_y=True)
    X = X * [1e6, 1e-6, 1.0, 1e3]
    outcome = train(Network((4, 3), dtype=np.float64), X, y, solver="lbfgs", alpha=alpha)
    assert outcome.reason is StopReason.STALLED
    assert outcome.gradient_norm > 1e-3
    assert "features on very different scales are the usual cause" in outcome.message


def test_a_tolerance_below_the_precision_ends_at_the_precision():
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    outcome = train(Network((4, 3), dtype=np.float64), X, y, solver="lbfgs", tol=0.0)
    assert outcome.reason is StopReason.PRECISION_REACHED
    assert outcome.gradient_norm < 1e-8


def test_overflow_along_the_way_is_stepped_around():
    class Barrier:
        def value_and_gradient(self, x):
            with np.errstate(all="ignore"):
                return float(x[0] - np.log(x[0])), np.array([1 - 1 / x[0]])

    x, state, _ = minimise(Barrier(), [1e-6], tol=1e-8)
    assert state.reason is StopReason.CONVERGED
    assert x[0] == pytest.approx(1.0, abs=1e-7)


def test_the_objective_is_scipys_minimum_to_1e_8():
    X, y = load_iris(return_X_y=True)
    network = Network((4, 3), dtype=np.float64)
    reference = network.copy()

    def function(parameters):
        reference.parameters = parameters
        weights = reference.named_parameters["W1"]
        loss, gradient = reference.loss_and_gradient(X, y)
        gradient[: weights.size] += 1e-3 * parameters[: weights.size]
        return loss + 5e-4 * float((weights**2).sum()), gradient

    best = scipy.optimize.minimize(
        function, np.zeros(15), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 5000}
    )
    outcome = train(network, X, y, solver="lbfgs", alpha=1e-3, tol=1e-6)
    assert outcome.reason is StopReason.CONVERGED
    assert best.fun - 1e-12 <= outcome.loss <= best.fun + 1e-8


def test_the_objective_is_scikit_learns_minimum_to_1e_8():
    X, y = load_iris(return_X_y=True)
    alpha, n = 1e-2, len(y)
    model = LogisticRegression(C=1 / (alpha * n), tol=1e-12, max_iter=10_000).fit(X, y)
    theirs = Network((4, 3), dtype=np.float64)
    theirs.parameters = np.concatenate([model.coef_.ravel(), model.intercept_])
    network = Network((4, 3), dtype=np.float64)
    outcome = train(network, X, y, solver="lbfgs", alpha=alpha, tol=1e-6)
    assert outcome.loss <= theirs.loss(X, y) + alpha / 2 * (model.coef_**2).sum() + 1e-8


def test_a_memory_of_zero_is_refused():
    with pytest.raises(ArgumentError, match=r"LBFGS: memory is at least 1; got 0\. The usual value is 10\."):
        LBFGS(memory=0)
