"""L-BFGS in the metric of the curvature's diagonal: the minimum of dense rows, certified, the same bits every time."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from chainrule.functions import SparseFeatures
from chainrule.network import Network
from chainrule.training import Checkpoint, DiagonalLBFGS, Examples, Loss, Objective, train
from chainrule.training.diagonal_preconditioner import diagonal_preconditioner
from chainrule.training.lbfgs import CurvaturePair, two_loop
from chainrule.training.long_vectors import combined, vector_products
from chainrule.training.scaled_pairs import in_metric, no_pairs, remembered, two_loop_coefficients


def _text(n_rows=900, n_features=400, n_classes=5, seed=0, dtype=np.float64):
    """Counts whose columns are as unequal as those of words, and classes that they tell of."""
    random = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, n_features + 1)
    x = random.poisson(20.0 * share / share.sum() * random.gamma(0.3, 3.0, (n_rows, n_features))).astype(
        dtype
    )
    logits = x @ random.normal(size=(n_features, n_classes)) + random.normal(size=n_classes)
    return x, (logits + random.gumbel(size=logits.shape)).argmax(axis=1)


def _fitted(X, y, solver, dtype=np.float64, **options):
    network = Network((X.shape[1], int(y.max()) + 1), dtype=dtype)
    outcome = train(network, X, y, solver=solver, **{"alpha": 1e-3, **options})
    return network, outcome


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1, "class_weight": [1.0, 2.0, 0.5, 1.0, 3.0]}])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_minimum_of_sparse_rows_is_that_of_dense_ones(options, weighted):
    x, y = _text()
    if weighted:
        options = {**options, "sample_weight": np.random.default_rng(1).random(len(y))}
    dense, expected = _fitted(x, y, "newton-cg", tol=1e-9, **options)
    sparse, outcome = _fitted(sp.csr_array(x), y, "lbfgs-diagonal", tol=1e-9, **options)
    assert outcome.reason.name == "CONVERGED"
    assert outcome.gap <= 1e-9
    assert abs(outcome.loss - expected.loss) <= 2e-9
    np.testing.assert_allclose(sparse.parameters, dense.parameters, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gap_that_it_certifies_holds(dtype):
    x, y = _text(dtype=dtype)
    _, best = _fitted(sp.csr_array(x), y, "lbfgs-diagonal", tol=1e-10)
    for tol in (1e-2, 1e-4, 1e-6):
        _, outcome = _fitted(sp.csr_array(x), y, "lbfgs-diagonal", dtype, tol=tol)
        assert outcome.reason.name == "CONVERGED"
        assert -1e-6 <= outcome.loss - best.loss <= outcome.gap + 1e-6
        assert outcome.gap <= tol
        assert "at most" in outcome.message


def test_conjugate_gradients_serve_sparse_rows_too():
    x, y = _text()
    _, expected = _fitted(x, y, "newton-cg", tol=1e-9)
    _, outcome = _fitted(sp.csr_array(x), y, "newton-cg", tol=1e-9)
    assert (outcome.solver, outcome.reason.name) == ("newton-cg", "CONVERGED")
    assert abs(outcome.loss - expected.loss) <= 2e-9


def test_without_a_penalty_it_ends_where_steps_promise_little():
    x, y = _text(2000, 10, 3)
    sparse, outcome = _fitted(sp.csr_array(x), y, "lbfgs-diagonal", alpha=0.0, tol=1e-12)
    _, expected = _fitted(x, y, "newton-cholesky", alpha=0.0)
    assert outcome.gap is None
    assert abs(outcome.loss - expected.loss) <= 1e-8
    assert np.isfinite(sparse.parameters).all()


def test_units_of_features_do_not_matter_without_a_penalty():
    x, y = _text(2000, 10, 3)
    found = [
        _fitted(sp.csr_array(x * scale), y, "lbfgs-diagonal", alpha=0.0, tol=1e-10)[1]
        for scale in (np.ones(10), np.logspace(-3, 3, 10))
    ]
    assert abs(found[0].loss - found[1].loss) <= 1e-7


@pytest.mark.parametrize("n_threads", [2, 3])
def test_threads_change_no_bit(n_threads):
    x, y = _text(3000, 300)
    alone, _ = _fitted(sp.csr_array(x), y, "lbfgs-diagonal", n_threads=1)
    together, _ = _fitted(sp.csr_array(x), y, "lbfgs-diagonal", n_threads=n_threads)
    assert alone.parameters.tobytes() == together.parameters.tobytes()


def test_a_run_that_is_broken_off_ends_with_the_same_bytes(tmp_path: Path):
    x, y = _text()
    rows, path = sp.csr_array(x), tmp_path / "run"
    whole, _ = _fitted(rows, y, "lbfgs-diagonal", tol=1e-8)
    seen = []

    def stop(progress):
        seen.append(progress.epoch)
        if len(seen) == 12:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        _fitted(rows, y, "lbfgs-diagonal", tol=1e-8, callback=stop, checkpoint=Checkpoint(path, every=0.0))
    again, _ = _fitted(rows, y, "lbfgs-diagonal", tol=1e-8, checkpoint=Checkpoint(path, every=0.0))
    assert again.parameters.tobytes() == whole.parameters.tobytes()


def test_changed_sparse_data_are_not_resumed(tmp_path: Path):
    x, y = _text(100, 20, 3)
    path = tmp_path / "run"
    _fitted(sp.csr_array(x), y, "lbfgs-diagonal", checkpoint=path)
    x[3, 4] += 1.0
    with pytest.raises(ValueError, match="X"):
        _fitted(sp.csr_array(x), y, "lbfgs-diagonal", checkpoint=path)


def test_a_start_at_the_minimum_is_left_alone():
    x, y = _text()
    network, _ = _fitted(sp.csr_array(x), y, "lbfgs-diagonal", tol=1e-8)
    before = network.parameters.copy()
    outcome = train(network, sp.csr_array(x), y, solver="lbfgs-diagonal", alpha=1e-3, tol=1e-6)
    assert (outcome.epochs, outcome.reason.name) == (0, "CONVERGED")
    assert network.parameters.tobytes() == before.tobytes()


def test_two_loops_on_products_are_the_two_loops_on_vectors():
    random = np.random.default_rng(5)
    matrix = np.diag(random.uniform(0.5, 2.0, 30))
    steps = random.normal(size=(7, 30))
    changes, gradient = steps @ matrix, random.normal(size=30)
    memory = 4
    places = memory + 1
    rows = np.zeros((2 * places + 1, 30))
    for i in range(7):
        rows[i % places], rows[places + i % places] = steps[i], changes[i]
    rows[-1] = gradient
    pairs = [CurvaturePair(steps[i], changes[i], float(steps[i] @ changes[i])) for i in range(3, 7)]
    coefficients = two_loop_coefficients(vector_products(rows, rows), 7)
    np.testing.assert_allclose(
        combined(rows, coefficients), two_loop(gradient, pairs), rtol=1e-12, atol=1e-13
    )


def test_the_metric_is_the_diagonal_of_the_matrix_of_second_derivatives():
    x, y = _text(60, 6, 3)
    network = Network((6, 3), dtype=np.float64)
    network.parameters = 0.1 * np.random.default_rng(0).normal(size=21)
    weight = np.random.default_rng(1).random(60)
    dense = Objective(network, Examples(x, y, weight), Loss(), 0.02)
    sparse = Objective(network, Examples(SparseFeatures.from_dense(x), y, weight), Loss(), 0.02)
    found = 1.0 / diagonal_preconditioner(sparse.linear_softmax(), network.parameters).inverse
    truth = dense.hessian(network.parameters.copy()).diagonal().copy()
    # That matrix is made regular along a common shift of the biases, which the metric is not.
    p = network.predict_proba(x)
    truth[18:] = (weight[:, None] * p * (1.0 - p)).sum(axis=0) / weight.sum()
    np.testing.assert_allclose(found, truth, rtol=1e-5)


@pytest.mark.parametrize("length", [0, 1, 31, 4096, 10_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_and_combinations_of_long_vectors_are_float64_sums(length, dtype):
    random = np.random.default_rng(length)
    rows, others = (
        random.normal(size=(5, length)).astype(dtype),
        random.normal(size=(3, length)).astype(dtype),
    )
    factors = random.normal(size=5)
    products = vector_products(rows, others, 2)
    truth = rows.astype(np.float64) @ others.T.astype(np.float64)
    np.testing.assert_allclose(products, truth, rtol=0, atol=1e-12 * max(length, 1) ** 0.5)
    expected = (factors @ rows.astype(np.float64)).astype(dtype)
    np.testing.assert_allclose(combined(rows, factors, 2), expected, rtol=0, atol=20 * np.finfo(dtype).eps)
    assert vector_products(rows, others, 3).tobytes() == products.tobytes()


def test_the_memory_holds_a_pair_at_least():
    with pytest.raises(ValueError, match=r"memory is at least 1; got 0\. The usual value is 5\."):
        DiagonalLBFGS(memory=0)


def test_what_is_remembered_of_a_step_is_the_way_and_the_change_of_the_gradient():
    x, y = _text()
    network = Network((x.shape[1], 5), dtype=np.float64)
    objective = Objective(network, Examples(SparseFeatures.from_dense(x), y), Loss(), 1e-3)
    solver, here = DiagonalLBFGS(memory=3), network.parameters.copy()
    state, lengths = solver.start(objective, here, 1e-6), []
    while state.reason is None:
        before, gradient, (step, change) = here, state.gradient, state.pairs.free
        here, state = solver.step(objective, here, state)
        if state.step_length == 0.0:
            continue
        lengths.append(state.step_length)
        products = (here - before) @ (state.gradient - gradient), (here - before) @ state.gradient
        found = state.pairs.products[step, change], state.pairs.products[step, -1]
        size = np.linalg.norm(here - before) * np.linalg.norm(state.gradient)
        np.testing.assert_allclose(found, products, rtol=1e-3, atol=1e-5 * size)
    assert min(lengths) < 1.0


def test_pairs_are_brought_into_a_new_metric():
    x, y = _text(200, 12, 3)
    objective = Objective(
        Network((12, 3), dtype=np.float64), Examples(SparseFeatures.from_dense(x), y), Loss(), 0.01
    )
    problem, random = objective.linear_softmax(), np.random.default_rng(0)
    step, change, gradient, here, root = (random.uniform(0.5, 2.0, 39) for _ in range(5))
    pairs = no_pairs(3, root.astype(np.float32))
    pairs.rows[pairs.free[0]] = step / root
    pairs = remembered(pairs, (gradient - change, gradient))
    new = np.sqrt(diagonal_preconditioner(problem, here).inverse).astype(np.float32)
    moved = in_metric(pairs, new)
    for row, vector in ((0, step / new), (4, change * new), (8, gradient * new)):
        np.testing.assert_allclose(moved.rows[row], vector, rtol=1e-5)
    np.testing.assert_allclose(moved.products[0, 4], step @ change, rtol=1e-5)
    np.testing.assert_allclose(moved.products, vector_products(moved.rows, moved.rows), rtol=1e-12)
