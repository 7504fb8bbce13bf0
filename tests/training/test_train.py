"""Training end to end: equal problems, equal bits, stopping, interruption, divergence, every head, refusals."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits, load_iris

import chainrule as cr
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.network import InputScaling, Network
from chainrule.training import LBFGS, SGD, SOLVERS, Adam, AdamW, CosineSchedule, StopReason, train
from chainrule.training import conducting as conducting_module

IRIS_X, IRIS_Y = load_iris(return_X_y=True)
IRIS_X = (IRIS_X - IRIS_X.mean(axis=0)) / IRIS_X.std(axis=0)
FULL_BATCH = ["lbfgs", "newton-cg", "newton-cholesky"]
MINIBATCH = ["sgd", "adam", "adamw"]
SPARSE = ["lazy-adam", "lbfgs-diagonal"]
# Full-batch solutions of equal problems differ by what their stopping leaves: rounding for Newton, the gradient's
# tolerance over alpha for L-BFGS, the root of twice the gap over alpha for conjugate gradients.
APART = {"newton-cholesky": 1e-9, "newton-cg": 1e-3, "lbfgs": 1e-6}


def fitted(X=IRIS_X, y=IRIS_Y, layer_sizes=(4, 3), dtype=np.float64, **options):
    network = Network(layer_sizes, dtype=dtype, random_state=1)
    if options.get("solver") in SPARSE:
        X = csr_array(X)
    outcome = train(network, X, y, **{"alpha": 0.01, "tol": 1e-9, **options})
    return network, outcome


@pytest.mark.parametrize("solver", FULL_BATCH)
def test_weight_2_is_the_row_twice(solver):
    weights = np.random.default_rng(0).integers(1, 4, len(IRIS_Y))
    weighted, _ = fitted(solver=solver, sample_weight=weights)
    repeated, _ = fitted(np.repeat(IRIS_X, weights, axis=0), np.repeat(IRIS_Y, weights), solver=solver)
    np.testing.assert_allclose(weighted.parameters, repeated.parameters, atol=APART[solver])


@pytest.mark.parametrize("solver", FULL_BATCH)
def test_weight_0_is_no_row(solver):
    keep = np.random.default_rng(1).uniform(size=len(IRIS_Y)) < 0.7
    weighted, _ = fitted(solver=solver, sample_weight=keep.astype(float))
    without, _ = fitted(IRIS_X[keep], IRIS_Y[keep], solver=solver)
    np.testing.assert_allclose(weighted.parameters, without.parameters, atol=APART[solver])


@pytest.mark.parametrize("solver", FULL_BATCH)
def test_class_weights_are_the_sample_weights_they_stand_for(solver):
    class_weight = np.array([0.5, 1.0, 3.0])
    by_class, _ = fitted(solver=solver, class_weight=class_weight)
    by_row, _ = fitted(solver=solver, sample_weight=class_weight[IRIS_Y])
    np.testing.assert_allclose(by_class.parameters, by_row.parameters, atol=APART[solver])


@pytest.mark.parametrize("solver", FULL_BATCH)
def test_smoothed_labels_are_the_probabilities_they_stand_for(solver):
    smoothed, _ = fitted(solver=solver, label_smoothing=0.2)
    soft, _ = fitted(solver=solver, y=0.8 * np.eye(3)[IRIS_Y] + 0.2 / 3)
    np.testing.assert_allclose(smoothed.parameters, soft.parameters, atol=APART[solver])


def test_both_full_batch_solvers_find_the_same_minimum():
    newton, first = fitted(solver="newton-cholesky")
    lbfgs, second = fitted(solver="lbfgs")
    np.testing.assert_allclose(newton.parameters, lbfgs.parameters, atol=1e-6)
    assert 0 <= second.loss - first.loss + 1e-15 <= 1e-12


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", list(SOLVERS))
def test_the_same_seed_gives_the_same_bytes(solver, dtype):
    results = []
    for _ in range(2):
        network, outcome = fitted(solver=solver, dtype=dtype, random_state=3, max_epochs=5)
        results.append((network.parameters.tobytes(), dataclasses.astuple(outcome)))
    assert results[0] == results[1]
    assert network.parameters.dtype == dtype


@pytest.mark.parametrize("solver", MINIBATCH)
def test_another_seed_gives_another_order(solver):
    first, second = (fitted(solver=solver, random_state=seed, max_epochs=2)[0].parameters for seed in (0, 1))
    assert (first != second).any()


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_the_number_of_threads_changes_no_bit(n_threads):
    X, y = load_digits(return_X_y=True)
    networks = [Network((64, 16, 10)) for _ in range(2)]
    for network, threads in zip(networks, (None, n_threads), strict=True):
        train(network, X / 16, y, max_epochs=2, n_threads=threads)
    assert networks[0].parameters.tobytes() == networks[1].parameters.tobytes()


@pytest.mark.parametrize("solver", list(SOLVERS))
def test_no_argument_is_written_to(solver):
    arrays = [IRIS_X.copy(), IRIS_Y.copy(), np.ones(len(IRIS_Y)), np.ones(3)]
    for array in arrays:
        array.setflags(write=False)
    X, y, weights, class_weight = arrays
    fitted(
        X, y, solver=solver, sample_weight=weights, class_weight=class_weight, validation=(X, y), max_epochs=3
    )


@pytest.mark.parametrize("solver", list(SOLVERS))
def test_the_outcome_tells_the_objective_at_the_parameters_kept(solver):
    network, outcome = fitted(solver=solver, alpha=0.1)
    penalty = 0.05 * float((network.named_parameters["W1"] ** 2).sum())
    assert outcome.loss == pytest.approx(network.loss(IRIS_X, IRIS_Y) + penalty, rel=1e-12)
    assert outcome.solver == solver
    assert outcome.epochs == len(outcome.loss_curve) >= outcome.best_epoch >= 1
    assert (outcome.gradient_norm is None) == (solver in [*MINIBATCH, "lazy-adam"])
    assert outcome.message.endswith(outcome.reason.advice)


@pytest.mark.parametrize("solver", MINIBATCH)
def test_minibatch_solvers_come_near_the_exact_minimum(solver):
    _, exact = fitted(solver="newton-cholesky")
    values = {"sgd": SGD(CosineSchedule(0.2)), "adam": Adam(CosineSchedule(0.1))}
    values["adamw"] = AdamW(CosineSchedule(0.1), weight_decay=0.0)
    _, near = fitted(solver=values[solver], max_epochs=300, batch_size=50)
    assert near.reason is StopReason.COMPLETED
    assert 0 < near.loss - exact.loss < 3e-5


def test_early_stopping_keeps_the_parameters_of_the_best_epoch():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(60, 20)), random.integers(0, 2, 60)  # nothing to learn but noise
    validation = random.normal(size=(60, 20)), random.integers(0, 2, 60), random.uniform(size=60)
    seen = []
    network = Network((20, 32, 2), dtype=np.float64)
    outcome = train(
        network, X, y, validation=validation, patience=4,
        callback=lambda progress: seen.append((progress.validation_loss, progress.network.parameters.copy())),
    )  # fmt: skip
    losses = [loss for loss, _ in seen]
    best = int(np.argmin(losses))
    assert outcome.reason is StopReason.EARLY_STOPPED
    assert outcome.validation_curve == tuple(losses)
    assert outcome.best_epoch == best + 1
    assert outcome.epochs == best + 5
    np.testing.assert_array_equal(network.parameters, seen[best][1])
    held_out = network.loss(validation[0], validation[1], sample_weight=validation[2])
    assert held_out == pytest.approx(min(losses), rel=1e-12)


def test_without_patience_validation_is_only_recorded():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(60, 20)), random.integers(0, 2, 60)
    watched, outcome = Network((20, 8, 2)), None
    outcome = train(watched, X, y, validation=(X[::-1], y), patience=None, max_epochs=30)
    alone = Network((20, 8, 2))
    train(alone, X, y, max_epochs=30)
    assert outcome.reason is StopReason.COMPLETED
    assert len(outcome.validation_curve) == 30
    assert watched.parameters.tobytes() == alone.parameters.tobytes()


@pytest.mark.parametrize("solver", list(SOLVERS))
def test_a_callback_sees_every_epoch_and_can_stop(solver):
    seen = []

    def callback(progress):
        seen.append(progress)
        return progress.epoch == 2

    network, outcome = fitted(solver=solver, callback=callback, validation=(IRIS_X, IRIS_Y))
    assert outcome.reason is StopReason.CALLBACK_STOPPED
    assert [progress.epoch for progress in seen] == [1, 2]
    assert [progress.loss for progress in seen] == list(outcome.loss_curve)
    assert all(progress.learning_rate > 0 and progress.network is network for progress in seen)
    accuracy = (network.predict_logits(IRIS_X).argmax(axis=1) == IRIS_Y).mean()
    assert seen[outcome.best_epoch - 1].validation_accuracy == pytest.approx(accuracy)


@pytest.mark.parametrize("solver", list(SOLVERS))
def test_an_interruption_keeps_the_best_parameters_so_far(solver):
    def interrupt(progress):
        if progress.epoch == 2:
            raise KeyboardInterrupt

    interrupted, outcome = fitted(solver=solver, callback=interrupt)
    stopped, _ = fitted(solver=solver, callback=lambda progress: progress.epoch == 2)
    assert outcome.reason is StopReason.INTERRUPTED
    assert outcome.epochs == 2
    assert interrupted.parameters.tobytes() == stopped.parameters.tobytes()


def test_an_interruption_inside_an_epoch_keeps_the_last_whole_one(monkeypatch):
    monkeypatch.setattr(conducting_module, "compiled", lambda method: method)
    reference, _ = fitted(solver="adamw", callback=lambda progress: progress.epoch == 1)
    calls = []
    plain = AdamW.step

    def step(self, *arguments):
        calls.append(None)
        if len(calls) == 7:  # five batches make an epoch
            raise KeyboardInterrupt
        return plain(self, *arguments)

    monkeypatch.setattr(AdamW, "step", step)
    network, outcome = fitted(solver="adamw")
    assert outcome.reason is StopReason.INTERRUPTED
    assert outcome.epochs == 1
    assert network.parameters.tobytes() == reference.parameters.tobytes()


def test_another_exception_of_a_callback_is_passed_on_with_the_best_parameters_in_place():
    def fail(_progress):
        raise ZeroDivisionError

    network = Network((4, 3))
    with pytest.raises(ZeroDivisionError):
        train(network, IRIS_X, IRIS_Y, callback=fail)
    assert np.isfinite(network.parameters).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [1e3, 1e12, 1e300])
@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_run_that_diverges_leaves_finite_parameters_that_are_no_worse(kind, rate, dtype):
    network = Network((4, 16, 3), random_state=1, dtype=dtype)
    before = network.loss(IRIS_X, IRIS_Y)
    outcome = train(network, IRIS_X, IRIS_Y, solver=kind(rate), alpha=0.0, max_epochs=3)
    assert np.isfinite(network.parameters).all()
    assert network.loss(IRIS_X, IRIS_Y) <= before
    assert outcome.reason is StopReason.DIVERGED or outcome.loss < before
    if rate > 1e3:
        assert outcome.reason is StopReason.DIVERGED
        assert "Use a learning rate ten times smaller" in outcome.message


def test_features_of_extreme_size_leave_finite_parameters():
    network = Network((4, 8, 3), dtype=np.float64)
    before = network.parameters.copy()
    outcome = train(network, IRIS_X * 1e300, IRIS_Y, solver="lbfgs")
    assert np.isfinite(network.parameters).all()
    assert outcome.reason is not StopReason.CONVERGED or (network.parameters != before).any()


@pytest.mark.parametrize("solver", ["auto", "adamw", "lbfgs", "sgd"])
@pytest.mark.parametrize("hidden", [(), (8,)])
@pytest.mark.parametrize("head", ["softmax", "sigmoid", "identity"])
def test_every_head_learns(head, hidden, solver):
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 3))
    score = X @ np.array([[1.0, -2.0], [0.5, 0.5], [-1.0, 1.0]])
    y = {"softmax": score.argmax(axis=1), "sigmoid": (score > 0).astype(float), "identity": score}[head]
    network = Network((3, *hidden, 2), "tanh", head, dtype=np.float64)
    before = network.loss(X, y)
    outcome = train(network, X, y, solver=solver, max_epochs=100 if solver == "lbfgs" else "auto")
    assert network.loss(X, y) < 0.5 * before
    assert outcome.reason is not StopReason.DIVERGED


def test_one_output_takes_targets_of_one_axis():
    random = np.random.default_rng(0)
    X = random.normal(size=(100, 2))
    y = (X[:, 0] > 0).astype(float)
    flat, tall = Network((2, 1), head="sigmoid"), Network((2, 1), head="sigmoid")
    train(flat, X, y)
    train(tall, X, y[:, None])
    assert flat.parameters.tobytes() == tall.parameters.tobytes()


def test_a_network_of_20_layers_trains():
    X, y = load_digits(return_X_y=True)
    network = Network((64, *[24] * 19, 10), "relu")
    outcome = train(network, X[:600] / 16, y[:600], max_epochs=20)
    assert outcome.reason is StopReason.COMPLETED
    assert outcome.loss_curve[-1] < 0.7 * outcome.loss_curve[0]


def test_digits_are_learned_well():
    X, y = load_digits(return_X_y=True)
    X, held_out = X / 16, np.arange(len(y)) % 5 == 0
    linear, hidden = Network((64, 10)), Network((64, 64, 10))
    for network, at_least in ((linear, 0.95), (hidden, 0.97)):
        train(network, X[~held_out], y[~held_out])
        assert (network.predict_logits(X[held_out]).argmax(axis=1) == y[held_out]).mean() >= at_least


def test_a_full_batch_solver_that_is_cut_off_says_so():
    _, outcome = fitted(solver="lbfgs", max_epochs=3)
    assert outcome.reason is StopReason.MAX_EPOCHS
    assert outcome.message.startswith("lbfgs: objective 0.")
    assert "after 3 iterations, gradient norm" in outcome.message


def test_a_float32_network_is_solved_as_exactly_as_its_parameters_can_tell():
    wide, _ = fitted(solver="newton-cholesky")
    narrow, _ = fitted(X=IRIS_X.astype(np.float32), solver="newton-cholesky", dtype=np.float32)
    np.testing.assert_allclose(narrow.parameters, wide.parameters, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("head", "solver"),
    [("softmax", "newton-cholesky"), ("sigmoid", "lbfgs"), ("softmax", "adamw"), ("sigmoid", "sgd")],
)
def test_a_power_of_two_in_all_weights_changes_no_bit(head, solver, dtype):
    y = IRIS_Y if head == "softmax" else np.eye(3)[IRIS_Y]
    weights = np.random.default_rng(2).uniform(0.1, 1.0, 150)
    results = []
    for factor in (1.0, 2.0, 2.0**500, 2.0**-500):
        network = Network((4, 3), head=head, dtype=dtype)
        held_out = (IRIS_X, y, weights * factor)
        outcome = train(
            network,
            IRIS_X,
            y,
            solver=solver,
            sample_weight=weights * factor,
            validation=held_out,
            max_epochs=3,
        )
        results.append((network.parameters.tobytes(), dataclasses.astuple(outcome)))
    assert results[1:] == results[:-1]


@pytest.mark.parametrize("weight", [2.0, 1e50, 1e-300, 5e-324, 1e308])
@pytest.mark.parametrize("solver", ["adamw", "lbfgs"])
def test_equal_weights_of_any_size_are_weights_of_one(solver, weight):
    networks = [Network((4, 8, 3)) for _ in range(2)]
    for network, each in zip(networks, (1.0, weight), strict=True):
        outcome = train(
            network, IRIS_X, IRIS_Y, solver=solver, sample_weight=np.full(150, each), max_epochs=20
        )
        assert outcome.reason is not StopReason.DIVERGED
    exact = weight == 2.0
    np.testing.assert_allclose(
        networks[1].parameters, networks[0].parameters, rtol=0, atol=0 if exact else 1e-3
    )


def test_class_weights_of_extreme_size_train():
    _, outcome = fitted(dtype=np.float32, class_weight=[1e50, 2e50, 1e50], solver="adamw")
    assert outcome.reason is StopReason.COMPLETED
    assert outcome.loss < 0.5


def test_train_is_public():
    assert cr.train is train


GOOD = {"X": IRIS_X, "y": IRIS_Y}


def with_nan_at(row, column):
    X = IRIS_X.copy()
    X[row, column] = np.nan
    return X


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"X": with_nan_at(7, 2)}, ArgumentError, r"X is finite; got X\[7, 2\] = nan"),
        ({"X": np.where(IRIS_X[3, 1] == IRIS_X, 1e39, IRIS_X)}, ArgumentError,
         r"X is finite in the network's float32; got X\[3, 1\] = 1e\+39\. Scale the features"),
        ({"validation": (IRIS_X * 1e300, IRIS_Y)}, ArgumentError, r"validation X is finite in the network's float32"),
        ({"X": IRIS_X[:, :3]}, ArgumentError, r"X has shape \(examples, 4\); got shape \(150, 3\)"),
        ({"X": IRIS_X.astype(str)}, ArgumentTypeError, "X holds numbers; got dtype <U"),
        ({"X": IRIS_X[:0], "y": IRIS_Y[:0]}, ArgumentError, r"X has at least one row; got shape \(0, 4\)"),
        ({"y": IRIS_Y[:9]}, ArgumentError, r"y has one target for each of the 150 rows of X; got shape \(9,\)"),
        ({"y": IRIS_Y + 1}, ArgumentError, r"y holds class indices from 0 to 2; got y\[100\] = 3"),
        ({"y": IRIS_Y * 1.0}, ArgumentTypeError, "holds class indices, integers; got dtype float64"),
        ({"y": np.where(IRIS_Y == 1, np.nan, 0.0)}, ArgumentError, r"y is finite; got y\[50\] = nan"),
        ({"y": np.eye(2)[IRIS_Y % 2]}, ArgumentError, r"\(class indices\) or \(150, 3\) \(probabilities\)"),
        ({"y": -np.eye(3)[IRIS_Y]}, ArgumentError, r"y is not negative; got y\[0, 0\] = -1\.0"),
        ({"sample_weight": np.zeros(150)}, ArgumentError, "positive for at least one row; got weights"),
        ({"sample_weight": -np.ones(150)}, ArgumentError, r"sample_weight\[0\] = -1\.0\. Use 0 to leave a row out"),
        ({"sample_weight": np.full(150, np.inf)}, ArgumentError, r"not negative; got sample_weight\[0\] = inf"),
        ({"sample_weight": np.ones((150, 1))}, ArgumentError, r"has shape \(150,\); got shape \(150, 1\)"),
        ({"class_weight": [1.0, 2.0]}, ArgumentError, r"class_weight has shape \(3,\); got shape \(2,\)"),
        ({"class_weight": [0.0] * 3}, ArgumentError, "leave at least one row a positive weight; got a total of 0.0"),
        ({"label_smoothing": 1.5}, ArgumentError, "label_smoothing is finite and from 0.0 to 1.0; got 1.5"),
        ({"alpha": -1}, ArgumentError, "alpha is finite and at least 0.0; got -1. Try 1e-4"),
        ({"alpha": "much"}, ArgumentTypeError, "alpha is a number; got 'much'"),
        ({"tol": math.nan}, ArgumentError, "tol is finite and at least 0.0; got nan"),
        ({"batch_size": 0}, ArgumentError, "batch_size is at least 1; got 0. Pass a positive integer, or 'auto'"),
        ({"max_epochs": 1.5}, ArgumentTypeError, "max_epochs is an integer; got 1.5"),
        ({"patience": 0}, ArgumentError, "patience is at least 1; got 0"),
        ({"random_state": -1}, ArgumentError, "random_state is at least 0; got -1"),
        ({"n_threads": 0}, ArgumentError, "n_threads is at least 1; got 0"),
        ({"callback": 3}, ArgumentTypeError, "callback is a function of one argument or None; got int"),
        ({"validation": IRIS_X}, ArgumentError, r"or \(X, y, sample_weight\); got a ndarray"),
        ({"validation": (IRIS_X, IRIS_Y + 5)}, ArgumentError, r"validation y holds .* validation y\[0\] = 5"),
        ({"solver": "newton"}, ArgumentError, "lbfgs-diagonal, newton-cg, newton-cholesky; got 'newton'"),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_by_name_and_the_network_is_unchanged(options, error, message):
    network = Network((4, 3))
    with pytest.raises(error, match=message) as caught:
        train(network, **{**GOOD, **options})
    assert str(caught.value).startswith("train: ")
    assert not network.parameters.any()


def test_features_that_overflow_in_the_input_scaling_are_refused_and_others_are_not():
    network = Network((4, 3))
    network.input_scaling = InputScaling(np.zeros(4), np.array([1.0, 1.0, 1e300, 1.0]))
    with pytest.raises(ArgumentError, match=r"float32 after its input scaling; got X\[0, 2\] = "):
        train(network, IRIS_X, IRIS_Y)
    network.input_scaling = InputScaling(np.zeros(4), np.full(4, 1e-300))
    assert train(network, IRIS_X * 1e300, IRIS_Y).reason is StopReason.CONVERGED


def test_a_network_with_nan_is_refused():
    network = Network((4, 3))
    network.parameters[0] = np.nan
    with pytest.raises(ArgumentError, match="the network's parameters are finite; got NaN or infinite ones"):
        train(network, IRIS_X, IRIS_Y)
    with pytest.raises(ArgumentTypeError, match="network is a Network; got str"):
        train("network", IRIS_X, IRIS_Y)


@pytest.mark.parametrize(
    ("head", "options", "message"),
    [
        ("sigmoid", {"class_weight": [1.0]}, "class_weight goes with a softmax head; got head='sigmoid'"),
        (
            "identity",
            {"label_smoothing": 0.1},
            "label_smoothing goes with a softmax head; got head='identity'",
        ),
        ("sigmoid", {"y": np.full(150, 2.0)}, r"y is from 0 to 1; got y\[0\] = 2\.0"),
    ],
)
def test_other_heads_refuse_what_they_cannot_use(head, options, message):
    with pytest.raises(ArgumentError, match=message):
        train(Network((4, 1), head=head), **{"X": IRIS_X, "y": np.zeros(150), **options})


def test_a_solver_value_has_settings_of_its_own():
    _, outcome = fitted(solver=LBFGS(memory=2))
    assert outcome.reason is StopReason.CONVERGED
    assert outcome.solver == "lbfgs"
