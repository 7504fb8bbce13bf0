"""Newton's method with conjugate gradients: its minimum, the gap it certifies, and what must not matter."""

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression

from chainrule.functions import SparseFeatures
from chainrule.network import InputScaling, Network
from chainrule.training import Examples, Loss, NewtonCG, Objective, StopReason, coarse_level, train
from chainrule.training import low_rank_preconditioner as low_rank
from chainrule.training.curvature_preconditioner import preconditioner
from chainrule.training.hessian_preconditioner import hessian_preconditioner
from chainrule.training.linear_softmax import BIAS_SOLVED, LinearSoftmax
from chainrule.training.preconditioning import following, preconditioning_of


def fitted(X, y, alpha, tol=1e-4, dtype=np.float64, n_classes=None, **options):
    network = Network((X.shape[1], n_classes or int(np.max(y)) + 1), dtype=dtype)
    return network, train(network, X, y, solver="newton-cg", alpha=alpha, tol=tol, **options)


def plain_objective(X, y, alpha, weights=None):
    """F and its gradient, written out."""
    n_classes = int(y.max()) + 1
    weights = np.ones(len(y)) if weights is None else weights
    x = np.column_stack([X, np.ones(len(y))])
    hits = np.eye(n_classes)[y]

    def function(flat):
        theta = flat.reshape(n_classes, -1)
        logits = x @ theta.T
        largest = logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits - largest)
        total = exponentials.sum(axis=1, keepdims=True)
        losses = (largest + np.log(total))[:, 0] - logits[np.arange(len(y)), y]
        gradient = (weights[:, None] * (exponentials / total - hits)).T @ x / weights.sum()
        gradient[:, :-1] += alpha * theta[:, :-1]
        return weights @ losses / weights.sum() + alpha / 2 * (theta[:, :-1] ** 2).sum(), gradient.ravel()

    return function


def plain_minimum(X, y, alpha, weights=None):
    """The lowest value that another solver finds: never below the minimum."""
    function = plain_objective(X, y, alpha, weights)
    start = np.zeros((X.shape[1] + 1) * (int(y.max()) + 1))
    options = {"maxiter": 3000, "gtol": 1e-10, "ftol": 1e-16, "maxcor": 50}
    return scipy.optimize.minimize(function, start, jac=True, method="L-BFGS-B", options=options).fun


def float64_value(X, y, alpha, network, weights=None):
    flat = np.column_stack([network.named_parameters["W1"], network.named_parameters["b1"]]).ravel()
    return plain_objective(X, y, alpha, weights)(flat.astype(np.float64))[0]


@given(
    st.integers(2, 5), st.integers(1, 6), st.integers(5, 60), st.sampled_from([1e-6, 1e-3, 0.1, 10.0]),
    st.sampled_from(["mixed", "separable", "badly scaled", "far from 0", "weighted"]), st.integers(0, 10**6),
)  # fmt: skip
def test_no_other_solver_finds_a_value_that_the_certified_gap_excludes(
    n_classes, n_features, n_rows, alpha, kind, seed
):
    random = np.random.default_rng(seed)
    X, y = random.normal(size=(n_rows, n_features)), random.integers(0, n_classes, n_rows)
    y[:n_classes] = np.arange(n_classes)
    weights = random.random(n_rows) if kind == "weighted" else None
    if kind == "separable":
        X[:, 0] = 10.0 * y
    if kind == "badly scaled":
        X *= 10.0 ** random.integers(-6, 7, n_features)
    if kind == "far from 0":
        X += 1e4 * random.normal(size=n_features)
    for tol in (1e-2, 1e-4):
        network, outcome = fitted(X, y, alpha, tol, sample_weight=weights)
        assert outcome.reason in (StopReason.CONVERGED, StopReason.PRECISION_REACHED)
        if outcome.reason is StopReason.CONVERGED:
            assert outcome.gap is not None
            assert outcome.gap <= tol
        if outcome.gap is not None:
            value = float64_value(X, y, alpha, network, weights)
            assert value - plain_minimum(X, y, alpha, weights) <= outcome.gap + 1e-9 * abs(value)


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_the_minimum_is_scikit_learns(load):
    X, y = load(return_X_y=True)
    X = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-9)
    alpha = 0.01
    network, outcome = fitted(X, y, alpha, tol=1e-12)
    share = 2 if y.max() == 1 else 1  # two classes have one row of weights there, and half the penalty
    model = LogisticRegression(C=share / (alpha * len(y)), tol=1e-10, max_iter=10_000).fit(X, y)
    weights = network.named_parameters["W1"]
    theirs = model.coef_ if share == 1 else np.vstack([-model.coef_, model.coef_]) / 2
    np.testing.assert_allclose(weights - weights.mean(axis=0), theirs - theirs.mean(axis=0), atol=2e-5)
    assert outcome.reason is StopReason.CONVERGED
    assert outcome.gap <= 1e-12


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
@pytest.mark.parametrize("alpha", [1e-8, 1e-4, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tables_as_they_are_converge_to_the_gap(load, alpha, dtype):
    X, y = load(return_X_y=True)
    _, outcome = fitted(X.astype(dtype), y, alpha, dtype=dtype)
    assert outcome.reason is StopReason.CONVERGED
    assert outcome.gap <= 1e-4
    assert outcome.epochs < 60
    assert f"at most {outcome.gap:.2g} above the minimum" in outcome.message


@pytest.mark.parametrize("scales", [[1e6, 1e-6, 1.0, 1e3], [1e-3] * 4, [1.0, 1e4, 1.0, 1e-4]])
def test_the_scale_of_features_is_no_obstacle(scales):
    X, y = load_iris(return_X_y=True)
    _, outcome = fitted(X * scales, y, 1e-4)
    assert outcome.reason is StopReason.CONVERGED
    assert outcome.gap <= 1e-4


@pytest.mark.parametrize("offset", [1e3, 1e5, 1e7])
def test_an_offset_of_the_features_changes_nothing(offset):
    X, y = load_iris(return_X_y=True)
    X = np.round(X * 8) / 8  # so that adding the offset rounds nothing
    near, _ = fitted(X, y, 1e-3, tol=1e-10)
    far, outcome = fitted(X + offset, y, 1e-3, tol=1e-10)
    assert outcome.reason is StopReason.CONVERGED
    np.testing.assert_allclose(far.named_parameters["W1"], near.named_parameters["W1"], atol=1e-3)


def test_without_a_penalty_nothing_is_certified_and_the_outcome_says_so():
    X, y = load_iris(return_X_y=True)
    _, outcome = fitted(X, y, 0.0)
    assert outcome.reason is StopReason.CONVERGED
    assert outcome.gap is None
    assert "no proven bound on what is left (one takes a penalty, alpha > 0)" in outcome.message


def test_separable_classes_without_a_penalty_end_finite():
    X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    network, outcome = fitted(X, y, 0.0)
    assert np.isfinite(network.parameters).all()
    assert outcome.loss < 1e-3


def test_nothing_is_certified_while_the_biases_are_not_solved():
    X, y = load_iris(return_X_y=True)
    objective = Objective(Network((4, 3), dtype=np.float64), Examples(X, y), Loss(), 0.1)
    gradient = np.zeros(15)
    assert objective.certified_gap(gradient) == 0.0
    gradient[0] = 0.2
    assert objective.certified_gap(gradient) == pytest.approx(0.2**2 / (2 * 0.1))
    gradient[12] = 2 * BIAS_SOLVED
    assert objective.certified_gap(gradient) is None
    hidden = Objective(Network((4, 5, 3), dtype=np.float64), Examples(X, y), Loss(), 0.1)
    assert hidden.certified_gap(np.zeros(hidden.network.parameters.size)) is None


def test_the_solved_biases_have_a_gradient_of_rounding():
    X, y = load_wine(return_X_y=True)
    objective = Objective(Network((13, 3), dtype=np.float64), Examples(X, y), Loss(), 0.1)
    problem = objective.linear_softmax()
    at = np.random.default_rng(0).normal(size=42) * 1e-3
    solved, logits = problem.with_biases_solved(at)
    _, gradient = problem.value_and_gradient(logits, solved)
    assert abs(gradient[39:]).max() <= BIAS_SOLVED
    np.testing.assert_array_equal(solved[:39], at[:39])
    assert problem.value(logits, solved) < problem.value(problem.logits(at, np.float64), at)


def test_a_class_without_rows_is_no_obstacle():
    X, y = load_iris(return_X_y=True)
    network, outcome = fitted(X, 2 * y, 1e-3, n_classes=6)
    assert outcome.reason is StopReason.CONVERGED
    assert network.predict_proba(X)[:, [1, 3, 5]].max() < 1e-6


def options_of(kind, n_rows, n_classes):
    random = np.random.default_rng(1)
    return {
        "plain": {},
        "weights": {"sample_weight": random.random(n_rows)},
        "zeros": {"sample_weight": random.random(n_rows) * (random.random(n_rows) < 0.5)},
        "classes": {"class_weight": random.uniform(0.5, 2.0, n_classes)},
        "smoothing": {"label_smoothing": 0.2},
        "all": {"sample_weight": random.random(n_rows), "class_weight": random.uniform(0.5, 2.0, n_classes),
                "label_smoothing": 0.2},
    }[kind]  # fmt: skip


@pytest.mark.parametrize("kind", ["plain", "weights", "zeros", "classes", "smoothing", "all"])
@pytest.mark.parametrize("soft", [False, True])
def test_every_option_ends_where_the_exact_newton_method_does(kind, soft):
    random = np.random.default_rng(2)
    X = random.normal(size=(150, 4))
    y = random.dirichlet(np.ones(3), size=150) if soft else random.integers(0, 3, 150)
    options = options_of(kind, 150, 3)
    ours, exact = Network((4, 3), dtype=np.float64), Network((4, 3), dtype=np.float64)
    outcome = train(ours, X, y, solver="newton-cg", alpha=0.01, tol=1e-14, **options)
    train(exact, X, y, solver="newton-cholesky", alpha=0.01, **options)
    assert outcome.reason is StopReason.CONVERGED
    np.testing.assert_allclose(ours.parameters, exact.parameters, atol=1e-5)


@pytest.mark.parametrize("limit", [None, 2.0])
def test_features_scaled_by_the_network_give_the_model_of_scaled_features(limit):
    X, y = load_wine(return_X_y=True)
    scaling = InputScaling(X.mean(axis=0), 1 / X.std(axis=0), limit)
    inside, before = Network((13, 3), dtype=np.float64), Network((13, 3), dtype=np.float64)
    inside.input_scaling = scaling
    train(inside, X, y, solver="newton-cg", alpha=0.01, tol=1e-12)
    train(before, scaling.apply(X), y, solver="newton-cg", alpha=0.01, tol=1e-12)
    np.testing.assert_allclose(inside.parameters, before.parameters, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_number_of_threads_changes_no_bit(dtype):
    random = np.random.default_rng(3)
    X = random.normal(size=(6000, 40)).astype(dtype)
    y = (X[:, :7] + random.gumbel(size=(6000, 7))).argmax(axis=1)
    results = []
    for n_threads in (1, 2, 3):
        network, outcome = fitted(X, y, 1e-4, tol=1e-7, dtype=dtype, n_threads=n_threads)
        results.append((network.parameters.tobytes(), outcome))
    assert results[0] == results[1] == results[2]
    assert results[0][1].gap <= 1e-7


@pytest.mark.parametrize("kind", ["square", "far from 0", "few parameters", "mostly zeros"])
def test_every_step_follows_from_parameters_and_state_alone(kind):
    random = np.random.default_rng(3)
    n_features = 5 if kind == "few parameters" else 180
    offset = np.float32(50.0 if kind == "far from 0" else 0.0)
    X = random.normal(size=(6000, n_features)).astype(np.float32) + offset
    y = (X[:, :5] + random.gumbel(size=(6000, 5))).argmax(axis=1)
    if kind == "mostly zeros":
        X, y = mostly_zeros(6000)
        n_features = 300

    def anew():
        return Objective(Network((n_features, 5), dtype=np.float64), Examples(X, y), Loss(), 1e-5)

    solver, kept, at = NewtonCG(), anew(), np.zeros((n_features + 1) * 5)
    assert preconditioning_of(kept.linear_softmax()).exact == (kind == "few parameters")
    state, states = solver.start(kept, at, 1e-9), []
    while state.reason is None:
        again = solver.step(anew(), at, state)
        at, state = solver.step(kept, at, state)
        states.append(state)
        assert again[0].tobytes() == at.tobytes()
        assert again[1].gradient.tobytes() == state.gradient.tobytes()
    assert state.reason is StopReason.CONVERGED
    assert any(one.coarse for one in states)
    assert any(one.anchor is not None for one in states)
    assert state.exact


def test_the_numpy_path_finds_the_same_minimum(path):
    X, y = load_iris(return_X_y=True)
    network, outcome = fitted(X, y, 1e-2, tol=1e-13)
    exact = Network((4, 3), dtype=np.float64)
    train(exact, X, y, solver="newton-cholesky", alpha=1e-2)
    assert outcome.reason is StopReason.CONVERGED, path
    np.testing.assert_allclose(network.parameters, exact.parameters, atol=1e-5)


@pytest.mark.parametrize("kind", ["plain", "all"])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_the_curvature_is_the_slope_of_the_gradient(kind, offset):
    random = np.random.default_rng(4)
    X, y = random.normal(size=(1100, 3)) + offset, random.integers(0, 4, 1100)
    given = options_of(kind, 1100, 4)
    loss = Loss(given.get("class_weight"), given.get("label_smoothing", 0.0))
    objective = Objective(
        Network((3, 4), dtype=np.float64), Examples(X, y, given.get("sample_weight")), loss, 0.01
    )
    problem = objective.linear_softmax()
    assert (problem.centre is None) == (offset == 0.0)
    at, along = 0.1 * random.normal(size=16), random.normal(size=16)
    product = problem.curvature(at, np.float64).product(along)

    def gradient(parameters):
        return problem.value_and_gradient(problem.logits(parameters, np.float64), parameters)[1]

    def error(h):
        return np.abs((gradient(at + h * along) - gradient(at - h * along)) / (2 * h) - product).max()

    assert np.log2(error(2e-3) / error(1e-3)) == pytest.approx(2.0, abs=0.1)
    value, of_objective = objective.value_and_gradient(problem.as_given(at))
    assert problem.value(problem.logits(at, np.float64), at) == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(gradient(at)[12:], of_objective[12:], atol=1e-11)


def test_the_preconditioner_is_the_inverse_where_all_classes_are_equally_probable():
    random = np.random.default_rng(5)
    X, y = random.normal(size=(500, 6)) * [1, 10, 100, 1, 0.1, 1], random.integers(0, 4, 500)
    objective = Objective(Network((6, 4), dtype=np.float64), Examples(X, y), Loss(), 0.05)
    problem = objective.linear_softmax()
    along = random.normal(size=(4, 7))
    along -= along.mean(axis=0)  # common shifts are not in the curvature
    flat = np.concatenate([along[:, :-1].ravel(), along[:, -1]])
    product = problem.curvature(np.zeros(28), np.float64).product(flat)
    np.testing.assert_allclose(preconditioner(problem, np.zeros(28))(product), flat, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", ["plain", "all"])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_the_preconditioner_of_few_parameters_is_the_inverse_of_the_curvature(kind, offset):
    random = np.random.default_rng(7)
    scales = [1, 2, 0.5, 1, 0.1] if offset else [1, 10, 100, 1, 0.1]  # far from 0 all of them are centred
    X, y = random.normal(size=(900, 5)) * scales + offset, random.integers(0, 4, 900)
    given = options_of(kind, 900, 4)
    loss = Loss(given.get("class_weight"), given.get("label_smoothing", 0.0))
    objective = Objective(
        Network((5, 4), dtype=np.float64), Examples(X, y, given.get("sample_weight")), loss, 0.05
    )
    problem, at = objective.linear_softmax(), 0.01 * random.normal(size=24)
    along = random.normal(size=24)
    found = hessian_preconditioner(problem, at)(problem.curvature(at, np.float64).product(along))
    for vector in (found, along):  # what all classes share is in the penalty alone, below what float32 tells
        vector[:20] -= np.tile(vector[:20].reshape(4, 5).mean(axis=0), 4)
        vector[20:] -= vector[20:].mean()
    np.testing.assert_allclose(found, along, rtol=0, atol=2e-3)


def mostly_zeros(n_rows=3000, n_features=300, n_classes=5, dtype=np.float32, share=0.1):
    random = np.random.default_rng(8)
    X = np.where(random.random((n_rows, n_features)) < share, random.normal(size=(n_rows, n_features)), 0.0)
    W = random.normal(size=(n_features, n_classes))
    return X.astype(dtype), (X @ W + random.gumbel(size=(n_rows, n_classes))).argmax(axis=1)


def test_the_preconditioner_of_many_features_is_that_of_their_square_where_its_range_is_covered():
    random = np.random.default_rng(9)
    X = random.normal(size=(600, 20)) @ random.normal(
        size=(20, 400)
    )  # of rank 20, of which 100 vectors see all
    objective = Objective(
        Network((400, 3), dtype=np.float64), Examples(X, random.integers(0, 3, 600)), Loss(), 0.5
    )
    problem, at, along = objective.linear_softmax(), np.zeros(1203), random.normal(size=1203)
    assert preconditioning_of(problem).make is low_rank.low_rank_preconditioner
    square = preconditioner(problem, at)(along)
    found = low_rank.low_rank_preconditioner(problem, at)(along)
    np.testing.assert_allclose(found, square, rtol=0.02, atol=0.02 * abs(square).max())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_rows", [1600, 4096])
def test_on_the_first_directions_the_preconditioner_is_the_inverse_of_the_curvature(
    monkeypatch, n_rows, weighted
):
    monkeypatch.setattr(coarse_level, "LIFT", 1e-5)
    random = np.random.default_rng(10)
    spread = random.normal(size=(6, 300))
    X = random.normal(size=(n_rows // 64, 6)) @ spread  # of rank 6
    X, y = np.repeat(X, 64, axis=0), random.integers(0, 3, n_rows)  # also in a sample of 2,048
    weight = np.repeat(random.uniform(0.2, 3.0, n_rows // 64), 64) if weighted else None
    objective = Objective(Network((300, 3), dtype=np.float64), Examples(X, y, weight), Loss(), 1e-3)
    problem, at = objective.linear_softmax(), 0.1 * random.normal(size=903)
    anchor = np.zeros(903)  # made elsewhere, where all classes are equally probable
    made = low_rank.low_rank_preconditioner(problem, anchor)
    curvature = problem.curvature(at, np.float64)
    along = np.zeros((3, 301))
    along[:, :-1] = random.normal(size=(3, 6)) @ spread
    along -= along.mean(axis=0)  # what all classes share is in the penalty alone
    flat = np.concatenate([along[:, :-1].ravel(), along[:, -1]])
    product = curvature.product(flat)
    found = following(made, problem, curvature.probabilities)(product)
    found[:900] -= np.tile(found[:900].reshape(3, 300).mean(axis=0), 3)
    assert abs(found[:900] - flat[:900]).max() < 0.06 * abs(flat).max()
    assert abs(made(product)[:900] - flat[:900]).max() > 0.3 * abs(flat).max()


def test_more_classes_than_parameters_of_the_first_directions_leave_those_out():
    random = np.random.default_rng(11)
    X, y = random.normal(size=(1200, 260)), random.integers(0, 320, 1200)
    objective = Objective(Network((260, 320), dtype=np.float64), Examples(X, y), Loss(), 0.1)
    problem, at = objective.linear_softmax(), np.zeros(261 * 320)
    made = low_rank.low_rank_preconditioner(problem, at)
    assert made.coarse is None
    assert following(made, problem, problem.curvature(at, np.float32).probabilities) is made


def test_all_rows_are_taken_once_the_others_leave_too_much_of_the_gradient():
    random = np.random.default_rng(4)
    X = random.normal(size=(5000, 20)) @ random.normal(size=(20, 120)) + 0.3 * random.normal(size=(5000, 120))
    y = (0.3 * X[:, :40] @ random.normal(size=(40, 20)) + random.gumbel(size=(5000, 20))).argmax(axis=1)
    objective = Objective(Network((120, 20), dtype=np.float64), Examples(X, y), Loss(), 1e-4)
    solver, at = NewtonCG(), np.zeros(121 * 20)
    state, left = solver.start(objective, at, 1e-4), 0
    while state.reason is None:
        before = state
        at, state = solver.step(objective, at, before)
        slow = state.gradient_norm > 0.7 * before.gradient_norm and state.promised < 0.01
        if slow and not (before.coarse or before.whole):
            assert state.whole
            left += 1
    assert state.reason is StopReason.CONVERGED
    assert left == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_features_that_are_mostly_zero_are_read_without_zeros_and_end_at_the_same_minimum(dtype):
    X, y = mostly_zeros(dtype=dtype)
    offset = X + dtype(1e-3)  # no entry is 0, and the weights mean the same
    alpha = 1e-3
    network, outcome = fitted(X, y, alpha, tol=1e-9, dtype=np.float64)
    other, _ = fitted(offset, y, alpha, tol=1e-9, dtype=np.float64)
    read = LinearSoftmax(Objective(network, Examples(X, y), Loss(), alpha)).read
    assert isinstance(read, SparseFeatures)
    assert isinstance(LinearSoftmax(Objective(network, Examples(offset, y), Loss(), alpha)).read, np.ndarray)
    assert outcome.reason is StopReason.CONVERGED
    assert outcome.gap <= 1e-9
    np.testing.assert_allclose(network.named_parameters["W1"], other.named_parameters["W1"], atol=1e-3)
    value = float64_value(X.astype(np.float64), y, alpha, network)
    assert value - plain_minimum(X.astype(np.float64), y, alpha) <= 2e-9


def test_the_number_of_threads_changes_no_bit_without_zeros():
    X, y = mostly_zeros(6000)
    results = []
    for n_threads in (1, 2, 3):
        network, outcome = fitted(X, y, 1e-4, tol=1e-7, dtype=np.float32, n_threads=n_threads)
        results.append((network.parameters.tobytes(), outcome))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("n_features", [40, 700])
def test_many_features_are_preconditioned_by_their_square_or_by_its_diagonal(n_features):
    random = np.random.default_rng(6)
    X, y = random.normal(size=(90, n_features)), random.integers(0, 3, 90)
    _, outcome = fitted(X, y, 1e-3, tol=1e-8)
    assert outcome.reason is StopReason.CONVERGED


def test_a_fit_from_the_minimum_needs_no_step():
    X, y = load_iris(return_X_y=True)
    network, first = fitted(X, y, 1e-2, tol=1e-6)
    again = train(network, X, y, solver="newton-cg", alpha=1e-2, tol=1e-5)
    assert (again.reason, again.epochs) == (StopReason.CONVERGED, 0)
    assert again.gap == pytest.approx(first.gap, rel=1e-3)


def test_the_network_of_the_objective_is_not_written_to():
    X, y = load_iris(return_X_y=True)
    network = Network((4, 3), dtype=np.float64)
    problem = LinearSoftmax(Objective(network, Examples(X, y), Loss(), 0.1))
    problem.value_and_gradient(problem.logits(np.ones(15), np.float64), np.ones(15))
    assert not network.parameters.any()


@pytest.mark.parametrize("solver", ["newton-cg", "newton-cholesky"])
def test_a_fit_that_is_cut_off_says_what_it_has_and_gives_no_false_advice(solver):
    X, y = load_wine(return_X_y=True)
    outcome = train(Network((13, 3), dtype=np.float64), X, y, solver=solver, alpha=1e-4, max_epochs=1)
    assert outcome.reason is StopReason.MAX_EPOCHS
    assert "the parameters are the best found and can be used" in outcome.message
    assert "fitting on from them" in outcome.message
    for advice in ("raise", "tol", "max_epochs", "scale", "Standardise"):
        assert advice not in outcome.message
    assert "scale" not in StopReason.STALLED.linear_advice.lower()


def test_it_is_a_value_with_a_name():
    assert NewtonCG() == NewtonCG()
    assert NewtonCG.name == "newton-cg"
