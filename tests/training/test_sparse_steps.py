"""Minibatches of sparse features: the weights of dense ones for SGD, whatever is absent; lazy Adam by its rule."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from chainrule.errors import ArgumentError
from chainrule.functions import SparseFeatures
from chainrule.network import InputScaling, Network
from chainrule.training import (
    SGD,
    Adam,
    Checkpoint,
    ConstantSchedule,
    CosineSchedule,
    Examples,
    LazyAdam,
    Loss,
    Objective,
    train,
)
from chainrule.training.lazy_rows import WINDOW, all_caught_up, caught_up, sgd_step_of_absent
from chainrule.training.sgd import SGDState
from chainrule.training.sparse_steps import SparseSteps


class BrokenOffError(Exception):
    """Ends a run at a place of the test's choice."""


OPTIONS = [
    {"alpha": 0.05},
    {"alpha": 0.0, "max_gradient_norm": 0.01},
    {"alpha": 0.01, "class_weight": [1.0, 2.0, 3.0, 0.5], "label_smoothing": 0.1},
]
SOLVERS = [SGD(0.5), SGD(CosineSchedule(0.3), nesterov=False), SGD(0.3, momentum=0.0)]


def _rows(n_rows=300, n_features=60, density=0.03, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n_rows, n_features)) * (random.random((n_rows, n_features)) < density)
    x[:, :4] = 0.0  # in no row at all
    return x, random.integers(0, 4, n_rows), random.random(n_rows)


def _trained(X, y, layers, dtype=np.float64, **options):
    network = Network(layers, dtype=dtype, random_state=3)
    network.parameters = 0.1 * np.random.default_rng(0).normal(size=network.parameters.size)
    outcome = train(network, X, y, batch_size=16, **{"max_epochs": 4, **options})
    return network, outcome


@pytest.mark.parametrize("layers", [(60, 4), (60, 8, 5, 4)])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("options", OPTIONS)
def test_sgd_on_sparse_features_is_sgd_on_dense_ones_to_rounding(layers, solver, options):
    x, y, weight = _rows()
    dropout = {"dropout": 0.3} if len(layers) > 2 else {}
    options = {**options, **dropout, "solver": solver, "sample_weight": weight}
    dense, _ = _trained(x, y, layers, **options)
    sparse, outcome = _trained(sp.csr_array(x), y, layers, **options)
    np.testing.assert_allclose(sparse.parameters, dense.parameters, rtol=0, atol=1e-12)
    assert outcome.solver == "sgd"


@pytest.mark.parametrize("head", ["sigmoid", "identity"])
def test_other_heads_and_scaled_features_are_those_of_dense_rows(head):
    x, _, _ = _rows()
    y = (np.random.default_rng(1).random((len(x), 2)) < 0.5).astype(float)
    found = []
    for rows in (x, sp.csr_array(x)):
        network = Network((60, 5, 2), head=head, dtype=np.float64)
        network.input_scaling = InputScaling(np.zeros(60), np.linspace(0.5, 2.0, 60))
        train(network, rows, y, solver=SGD(0.01), alpha=0.1, batch_size=16, max_epochs=2)
        found.append(network.parameters)
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-12)


def test_float32_stays_within_rounding_of_dense_rows():
    x, y, _ = _rows()
    dense, _ = _trained(x.astype(np.float32), y, (60, 4), np.float32, solver=SGD(0.1), alpha=0.05)
    sparse, _ = _trained(
        sp.csr_array(x.astype(np.float32)), y, (60, 4), np.float32, solver=SGD(0.1), alpha=0.05
    )
    np.testing.assert_allclose(sparse.parameters, dense.parameters, rtol=0, atol=2e-6)


@pytest.mark.parametrize("nesterov", [True, False])
def test_the_matrix_of_an_absent_feature_is_a_step_of_sgd(nesterov):
    solver, alpha, rate = SGD(0.5, momentum=0.7, nesterov=nesterov), 0.3, 0.11
    weight, velocity = np.array([2.0]), np.array([-0.4])
    expected = sgd_step_of_absent(solver, alpha, rate) @ [2.0, -0.4]
    solver.step(weight, alpha * weight, SGDState(velocity, np.empty(1)), rate)
    np.testing.assert_allclose([weight[0], velocity[0]], expected, rtol=1e-15)


def test_rows_that_were_absent_longer_than_a_window_are_not_lost():
    x, y, _ = _rows(40)
    dense, _ = _trained(x, y, (60, 4), solver=SGD(0.05), alpha=0.1, max_epochs=500)
    sparse, outcome = _trained(sp.csr_array(x), y, (60, 4), solver=SGD(0.05), alpha=0.1, max_epochs=500)
    assert outcome.epochs * 3 > WINDOW
    np.testing.assert_allclose(sparse.parameters, dense.parameters, rtol=0, atol=1e-12)


def _lazy_adam_by_hand(x, y, network, rows_of_steps, rate, alpha):
    """Lazy Adam, dense: every array whole, and features that are absent put back."""
    features, outputs = network.n_features, network.n_outputs
    weight, bias = network.named_parameters["W1"], network.named_parameters["b1"]
    moments = np.zeros((2, outputs, features + 1))
    for step, rows in enumerate(rows_of_steps, start=1):
        _, flat = network.loss_and_gradient(x[rows], y[rows])
        gradient = np.column_stack(
            [flat[:-outputs].reshape(outputs, features) + alpha * weight, flat[-outputs:]]
        )
        there = np.append((x[rows] != 0).any(axis=0), True)
        fresh = np.stack([0.9 * moments[0] + 0.1 * gradient, 0.999 * moments[1] + 0.001 * gradient**2])
        moments = np.where(there, fresh, moments)
        change = rate * (moments[0] / (1 - 0.9**step)) / (np.sqrt(moments[1] / (1 - 0.999**step)) + 1e-8)
        change = np.where(there, change, 0.0)
        weight -= change[:, :-1]
        bias -= change[:, -1]


def test_lazy_adam_moves_what_is_there_and_nothing_else():
    x, y, _ = _rows(64)
    features = SparseFeatures.from_dense(x)
    networks = [Network((60, 4), dtype=np.float64) for _ in range(2)]
    objective = Objective(networks[0], Examples(features, y), Loss(), 0.02)
    steps, random = SparseSteps(objective, LazyAdam()), np.random.default_rng(0)
    batches = [random.choice(64, 8, replace=False) for _ in range(30)]
    state = steps.start(LazyAdam().start(networks[0].parameters, ()))
    for number, rows in enumerate(batches):
        _, _, state = steps.step(state, rows, 1, number, 0.03)
    steps.write(all_caught_up(state))
    _lazy_adam_by_hand(x, y, networks[1], batches, 0.03, 0.02)
    np.testing.assert_allclose(networks[0].parameters, networks[1].parameters, rtol=0, atol=1e-13)
    absent = ~(x != 0).any(axis=0)
    assert absent.any()
    assert not networks[0].named_parameters["W1"][:, absent].any()


def test_lazy_adam_is_adam_where_every_feature_is_in_every_minibatch():
    random = np.random.default_rng(2)
    x, y = random.uniform(0.5, 1.0, (100, 7)), random.integers(0, 3, 100)
    lazy, _ = _trained(sp.csr_array(x), y, (7, 4, 3), solver=LazyAdam(0.01))
    adam, _ = _trained(x, y, (7, 4, 3), solver=Adam(0.01))
    np.testing.assert_allclose(lazy.parameters, adam.parameters, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_adam_itself_takes_its_dense_steps_on_sparse_features(name):
    x, y, _ = _rows()
    dense, _ = _trained(x, y, (60, 4), solver=name)
    sparse, _ = _trained(sp.csr_array(x), y, (60, 4), solver=name)
    np.testing.assert_allclose(sparse.parameters, dense.parameters, rtol=0, atol=1e-9)


@pytest.mark.parametrize("solver", [SGD(0.1), LazyAdam(0.01)])
def test_threads_change_no_bit(solver):
    x, y, _ = _rows(2000, density=0.2)
    found = [
        _trained(sp.csr_array(x), y, (60, 16, 4), solver=solver, n_threads=n_threads)[0].parameters.tobytes()
        for n_threads in (1, 2, 3)
    ]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("solver", [SGD(0.1), LazyAdam(0.01)])
def test_a_run_that_is_broken_off_inside_an_epoch_ends_with_the_same_bytes(tmp_path: Path, solver):
    x, y, _ = _rows()
    rows, path = sp.csr_array(x), tmp_path / "run"
    whole, _ = _trained(rows, y, (60, 6, 4), solver=solver, alpha=0.05)
    shuffles = []

    original = SparseSteps.step

    def step(self, *arguments):
        shuffles.append(1)
        if len(shuffles) == 30:  # in the middle of the second epoch
            raise BrokenOffError
        return original(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SparseSteps, "step", step)
        with pytest.raises(BrokenOffError):
            _trained(rows, y, (60, 6, 4), solver=solver, alpha=0.05, checkpoint=Checkpoint(path, every=0.0))
    assert path.exists()
    again, _ = _trained(
        rows, y, (60, 6, 4), solver=solver, alpha=0.05, checkpoint=Checkpoint(path, every=0.0)
    )
    assert again.parameters.tobytes() == whole.parameters.tobytes()


def test_looking_at_rows_leaves_the_state_as_it_is():
    x, y, _ = _rows()
    network = Network((60, 4), dtype=np.float64)
    objective = Objective(network, Examples(SparseFeatures.from_dense(x), y), Loss(), 0.1)
    steps = SparseSteps(objective, SGD(0.1))
    state = steps.start(SGD(0.1).start(network.parameters, ()))
    for number in range(5):
        _, _, state = steps.step(state, np.arange(8) + number, 1, number, 0.1)
    before = state.weights.copy()
    first, second = caught_up(state, slice(None)), caught_up(state, slice(None))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(before, state.weights)


def test_a_step_makes_nothing_of_the_size_of_the_first_layer():
    n_features, units = 200_000, 32
    random = np.random.default_rng(0)
    rows = sp.random_array((512, n_features), density=1e-4, rng=random, format="csr", dtype=np.float32)
    network = Network((n_features, units, 3))
    objective = Objective(network, Examples(_features(rows), random.integers(0, 3, 512)), Loss(), 1e-4)
    for solver in (SGD(0.1), LazyAdam(0.01)):
        steps = SparseSteps(objective, solver)
        state = steps.start(solver.start(network.parameters, ()))
        _, _, state = steps.step(state, np.arange(32), 1, 0, 0.1)
        tracemalloc.start()
        steps.step(state, np.arange(32, 64), 1, 1, 0.1)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 0.2 * n_features * units * 4


def _features(rows):
    return SparseFeatures(
        rows.indptr.astype(np.int64), rows.indices.astype(np.int32), rows.data, rows.shape[1]
    )


def test_what_does_not_go_with_sparse_features_is_refused_with_a_remedy():
    x, y, _ = _rows()
    rows = sp.csr_array(x)
    network = Network((60, 4), dtype=np.float64)
    with pytest.raises(
        ArgumentError, match=r"max_gradient_norm of 'sgd' .* got alpha=0.1. Use alpha=0, or solver"
    ):
        train(network, rows, y, solver="sgd", alpha=0.1, max_gradient_norm=1.0)
    with pytest.raises(
        ArgumentError, match=r"'lazy-adam' goes with sparse features; got a dense array. Use 'adam'"
    ):
        train(network, x, y, solver="lazy-adam")
    with pytest.raises(
        ArgumentError, match=r"'lbfgs-diagonal' goes with sparse features; got a dense array. Use 'newton"
    ):
        train(network, x, y, solver="lbfgs-diagonal")
    network.input_scaling = InputScaling(np.ones(60), np.ones(60))
    with pytest.raises(
        ArgumentError, match=r"neither centres nor clips them; got a centre of 1.0. Fit with sparse"
    ):
        train(network, rows, y, solver="sgd")


def test_a_diverging_run_keeps_the_parameters_it_began_with():
    x, y, _ = _rows()
    network, outcome = _trained(1e3 * sp.csr_array(x), y, (60, 8, 4), solver=SGD(ConstantSchedule(1e9)))
    assert outcome.reason.name == "DIVERGED"
    assert np.isfinite(network.parameters).all()
