"""Newton's method: its Hessian's slopes, quadratic convergence, and a minimum that is exact to rounding."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, load_wine

from chainrule.errors import ArgumentError
from chainrule.network import InputScaling, Network
from chainrule.training import NewtonCholesky, StopReason, train
from chainrule.training.objective import Examples, Loss, Objective

RANDOM = np.random.default_rng(5)


def problem(*, soft=False, weighted=False, smoothing=0.0, alpha=0.01, rows=40):
    random = np.random.default_rng(5)
    X = random.normal(size=(rows, 3)) * [1.0, 10.0, 0.1] + [0.0, 5.0, 0.0]
    y = random.dirichlet(np.ones(4), size=rows) * 1.5 if soft else random.integers(0, 4, rows)
    weights = random.uniform(0.5, 3.0, rows) if weighted else None
    loss = Loss(np.array([1.0, 2.0, 0.5, 3.0]) if weighted else None, smoothing)
    return Objective(Network((3, 4), dtype=np.float64), Examples(X, y, weights), loss, alpha)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_hessian_is_the_slope_of_the_gradient(soft, weighted, smoothing):
    objective = problem(soft=soft, weighted=weighted, smoothing=smoothing, rows=1100)
    at = 0.1 * RANDOM.normal(size=16)
    direction = RANDOM.normal(size=16)
    direction[12:] -= direction[12:].mean()  # along a common shift the matrix is made regular on purpose
    product = objective.hessian(at) @ direction

    def error(h):
        difference = (
            objective.value_and_gradient(at + h * direction)[1]
            - objective.value_and_gradient(at - h * direction)[1]
        ) / (2 * h)
        return np.abs(difference - product).max()

    assert np.log2(error(2e-3) / error(1e-3)) == pytest.approx(2.0, abs=0.1)


def test_the_hessian_sees_scaled_features():
    objective = problem()
    network = objective.network
    network.input_scaling = InputScaling(np.array([0.0, 5.0, 0.0]), np.array([1.0, 0.1, 10.0]))
    scaled = Objective(
        Network((3, 4), dtype=np.float64),
        Examples((objective.examples.X - [0, 5, 0]) * [1, 0.1, 10], objective.examples.y),
        Loss(),
        objective.alpha,
    )
    at = RANDOM.normal(size=16)
    np.testing.assert_allclose(objective.hessian(at), scaled.hessian(at), rtol=1e-13, atol=1e-15)


def test_convergence_is_quadratic():
    objective = problem(rows=200)
    solver, parameters = NewtonCholesky(), np.zeros(16)
    state = solver.start(objective, parameters, 0.0)
    norms = [state.gradient_norm]
    while state.reason is None:
        parameters, state = solver.step(objective, parameters, state)
        norms.append(state.gradient_norm)
    order = [
        np.log(norms[i + 1] / norms[i]) / np.log(norms[i] / norms[i - 1])
        for i in range(1, len(norms) - 1)
        if 1e-13 < norms[i + 1] < norms[i] < 1e-2
    ]
    assert order[-1] > 1.7
    assert norms[-1] < 1e-14


@pytest.mark.parametrize("load", [load_iris, load_wine])
@pytest.mark.parametrize("alpha", [1e-4, 1.0])
def test_unscaled_features_are_solved_to_rounding(load, alpha):
    X, y = load(return_X_y=True)
    network = Network((X.shape[1], 3), dtype=np.float64)
    outcome = train(network, X, y, solver="newton-cholesky", alpha=alpha)
    assert outcome.reason is StopReason.CONVERGED
    assert outcome.gradient_norm < 1e-10
    assert outcome.epochs < 40
    biases = network.named_parameters["b1"]
    assert abs(biases.sum()) < 1e-8 * abs(biases).max()  # from a start at 0, classes keep no common shift


def test_separable_classes_without_a_penalty_end_finite():
    X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    network = Network((1, 2), dtype=np.float64)
    outcome = train(network, X, y, solver="newton-cholesky", alpha=0.0)
    assert np.isfinite(network.parameters).all()
    assert outcome.loss < 1e-8
    assert network.predict_logits(X).argmax(axis=1).tolist() == y.tolist()


def test_collinear_and_constant_features_without_a_penalty_are_solved():
    x = RANDOM.normal(size=(60, 1))
    y = RANDOM.integers(0, 3, 60)
    plain, doubled = Network((1, 3), dtype=np.float64), Network((4, 3), dtype=np.float64)
    first = train(plain, x, y, alpha=0.0)
    second = train(doubled, np.column_stack([x, x, np.zeros(60), np.ones(60)]), y, alpha=0.0)
    assert first.loss == pytest.approx(second.loss, abs=1e-13)


class Wall:
    """A slope of 1 that the function's values deny: they rise in every direction."""

    def __init__(self, curvature):
        self.curvature = curvature

    def value_and_gradient(self, x):
        return 1.0 + 10.0 * float(abs(x).sum()), np.ones(2)

    def hessian(self, _x):
        return self.curvature * np.eye(2)


@pytest.mark.parametrize(
    ("curvature", "reason"),
    [(1.0, StopReason.STALLED), (np.nan, StopReason.STALLED), (1e10, StopReason.PRECISION_REACHED)],
)
def test_giving_up_tells_a_large_gap_from_one_below_the_resolution(curvature, reason):
    solver, parameters = NewtonCholesky(), np.zeros(2)
    state = solver.start(Wall(curvature), parameters, 1e-4)
    while state.reason is None:
        parameters, state = solver.step(Wall(curvature), parameters, state)
    assert state.reason is reason


def test_other_networks_are_refused():
    X, y = np.zeros((3, 2)), np.array([0, 1, 0])
    message = "'newton-cholesky' serves a softmax head without hidden layers; got a softmax head and 1 hidden layers"
    with pytest.raises(ArgumentError, match=message):
        train(Network((2, 3, 2)), X, y, solver=NewtonCholesky())
    with pytest.raises(ArgumentError, match="got a sigmoid head and 0 hidden layers"):
        train(Network((2, 1), head="sigmoid"), X, y, solver="newton-cholesky")
