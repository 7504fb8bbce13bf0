"""Options that others refuse, in the estimator: what each stands for, all together, portions, warm starts, refusals."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import SGDClassifier

from chainrule.errors import ArgumentError, ArgumentTypeError, ChainruleWarning
from chainrule.estimators.softmax_classifier import SoftmaxClassifier
from chainrule.kernels import native
from chainrule.network import Network
from chainrule.training import SGD, AdamW, ConstantSchedule, CosineSchedule, StopReason, online, train

IRIS_X, IRIS_Y = load_iris(return_X_y=True)
IRIS_X = (IRIS_X - IRIS_X.mean(axis=0)) / IRIS_X.std(axis=0)
NAMES = np.array(["setosa", "versicolor", "virginica"])[IRIS_Y]
DIGITS_X, DIGITS_Y = load_digits(return_X_y=True)
RANDOM = np.random.default_rng(7)
SOFT = 0.7 * np.eye(3)[IRIS_Y] + 0.3 * RANDOM.dirichlet(np.ones(3), 150)
WEIGHTS = RANDOM.integers(1, 4, 150).astype(float)
ORDER = np.random.default_rng(8).permutation(150)
SHUFFLED_X, SHUFFLED_Y = IRIS_X[ORDER], IRIS_Y[ORDER]


def test_probability_targets_are_the_weighted_rows_of_each_class_they_stand_for():
    soft = SoftmaxClassifier(alpha=0.01).fit(IRIS_X, SOFT, sample_weight=WEIGHTS)
    rows, labels = np.repeat(IRIS_X, 3, axis=0), np.tile(np.arange(3), 150)
    weights = (SOFT * WEIGHTS[:, None]).ravel()
    split = SoftmaxClassifier(alpha=0.01).fit(rows, labels, sample_weight=weights)
    np.testing.assert_allclose(soft.predict_proba(IRIS_X), split.predict_proba(IRIS_X), atol=1e-8)
    assert soft.classes_.tolist() == [0, 1, 2]


def test_one_hot_probabilities_are_the_labels():
    by_label = SoftmaxClassifier((6,), random_state=0, max_epochs=5).fit(IRIS_X, IRIS_Y)
    for one_hot in (np.eye(3)[IRIS_Y], np.eye(3, dtype=int)[IRIS_Y], np.eye(3)[IRIS_Y].tolist()):
        by_row = SoftmaxClassifier((6,), random_state=0, max_epochs=5).fit(IRIS_X, one_hot)
        np.testing.assert_allclose(by_row.predict_proba(IRIS_X), by_label.predict_proba(IRIS_X), rtol=1e-9)


def test_the_columns_of_probabilities_may_be_named():
    fitted = SoftmaxClassifier().fit(
        IRIS_X, SOFT, classes=["z", "m", "a"], eval_set=(IRIS_X, np.array(["z"] * 150))
    )
    assert fitted.classes_.tolist() == ["z", "m", "a"]
    expected = np.array(["z", "m", "a"])[fitted.predict_proba(IRIS_X).argmax(axis=1)]
    np.testing.assert_array_equal(fitted.predict(IRIS_X), expected)
    first = SoftmaxClassifier().fit(IRIS_X, SOFT, eval_set=(IRIS_X, np.zeros(150, int)))
    assert fitted.outcome_.validation_curve == first.outcome_.validation_curve


@pytest.mark.parametrize("y", [NAMES, SOFT])
def test_balanced_weights_give_all_classes_the_same_total(y):
    keep = slice(0, 120)
    q = np.eye(3)[IRIS_Y] if y.ndim == 1 else y
    mass = (q[keep] * WEIGHTS[keep, None]).sum(axis=0)
    names = np.unique(NAMES) if y.ndim == 1 else np.arange(3)
    of_class = dict(zip(names.tolist(), mass.sum() / (3 * mass), strict=True))
    balanced, given_weights = (
        SoftmaxClassifier(class_weight=weight).fit(IRIS_X[keep], y[keep], sample_weight=WEIGHTS[keep])
        for weight in ("balanced", of_class)
    )
    np.testing.assert_allclose(balanced.predict_proba(IRIS_X), given_weights.predict_proba(IRIS_X), rtol=1e-9)


def test_weights_of_rows_go_with_them_into_the_validation_split():
    weights = 1.0 + 9.0 * (DIGITS_Y == 3)
    options = {"max_epochs": 3, "random_state": 1, "early_stopping": True, "calibrate": False}
    fitted = SoftmaxClassifier((8,), **options).fit(DIGITS_X, DIGITS_Y, sample_weight=weights)
    from chainrule.data import stratified_split

    split = stratified_split(
        DIGITS_Y, validation_fraction=fitted.validation_fraction, test_fraction=0.0, seed=1
    )
    rows = split.validation
    losses = fitted.network_.loss(DIGITS_X[rows], DIGITS_Y[rows], reduction="none")
    weighted = (weights[rows] * losses).sum() / weights[rows].sum()
    best = fitted.outcome_.validation_curve[fitted.outcome_.best_epoch - 1]
    assert best == min(fitted.outcome_.validation_curve) == pytest.approx(weighted, rel=1e-9)


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_any_combination_of_options_fits(data):
    draw = data.draw
    options = {
        "hidden_layer_sizes": draw(st.sampled_from([(4,), (4, 3)])),
        "class_weight": draw(st.sampled_from([None, "balanced", {0: 2.0, 1: 0.5}])),
        "label_smoothing": draw(st.sampled_from([0.0, 0.1])),
        "dropout": draw(st.sampled_from([0.0, 0.3])),
        "weight_decay": draw(st.sampled_from(["auto", 0.0, 1.0])),
        "schedule": draw(st.sampled_from(["auto", "constant", "cosine", "one-cycle"])),
        "learning_rate": draw(st.sampled_from(["auto", 0.01])),
        "max_gradient_norm": draw(st.sampled_from([None, 1.0])),
        "early_stopping": draw(st.sampled_from(["auto", True, False])),
        "calibrate": draw(st.sampled_from(["auto", False])),
        "scaling": draw(st.sampled_from(["auto", "none", "standard"])),
        "solver": "adamw",
        "batch_size": 40,
        "max_epochs": 2,
        "random_state": 3,
    }
    y = SOFT if draw(st.booleans()) else IRIS_Y
    weights = WEIGHTS if draw(st.booleans()) else None
    eval_set = (IRIS_X[:50], y[:50], WEIGHTS[:50]) if draw(st.booleans()) else None
    fits = [SoftmaxClassifier(**options).fit(IRIS_X, y, weights, eval_set) for _ in range(2)]
    probabilities = fits[0].predict_proba(IRIS_X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(probabilities, fits[1].predict_proba(IRIS_X))
    logits = fits[0].network_.predict_logits(IRIS_X) / fits[0].network_.temperature
    np.testing.assert_allclose(np.exp(fits[0].predict_log_proba(IRIS_X)), probabilities, rtol=1e-9)
    assert (logits.argmax(axis=1) == fits[0].predict(IRIS_X)).all()
    assert fits[0].outcome_.temperature in (None, fits[0].network_.temperature)


@pytest.mark.parametrize(
    ("options", "solver"),
    [
        ({"learning_rate": 0.02, "schedule": "constant"}, AdamW(ConstantSchedule(0.02))),
        ({"learning_rate": 0.02}, AdamW(CosineSchedule(0.02))),
        ({"weight_decay": 0.7}, AdamW(weight_decay=0.7)),
        ({"solver": "sgd", "learning_rate": ConstantSchedule(0.1)}, SGD(0.1)),
    ],
)
def test_settings_are_the_solver_they_stand_for(options, solver):
    common = {"max_epochs": 3, "random_state": 0, "batch_size": 50}
    named = SoftmaxClassifier((5,), **{"solver": "adamw", **options}, **common).fit(IRIS_X, IRIS_Y)
    value = SoftmaxClassifier((5,), solver=solver, **common).fit(IRIS_X, IRIS_Y)
    np.testing.assert_array_equal(named.network_.parameters, value.network_.parameters)


def test_a_warm_start_goes_on_from_the_fit_before_with_its_scaling():
    options = {"random_state": 0, "max_epochs": 4, "batch_size": 150, "solver": "adamw"}
    warm = SoftmaxClassifier((5,), warm_start=True, **options).fit(IRIS_X, IRIS_Y)
    network = warm.network_.copy()
    warm.fit(10 * IRIS_X, IRIS_Y)
    assert warm.network_.input_scaling.center.tolist() == network.input_scaling.center.tolist()
    cold = SoftmaxClassifier((5,), **options).fit(IRIS_X, IRIS_Y)
    again = cold.network_.parameters.tobytes()
    assert cold.fit(IRIS_X, IRIS_Y).network_.parameters.tobytes() == again
    linear = SoftmaxClassifier(solver="lbfgs", warm_start=True, tol=1e-6).fit(IRIS_X, IRIS_Y)
    assert linear.n_iter_ > 1
    assert linear.fit(IRIS_X, IRIS_Y).n_iter_ == 0


@pytest.mark.parametrize(
    ("change", "y", "message"),
    [
        ({}, IRIS_Y % 2, "a warm start has the classes of the fit before; got 2 classes now, 3 before"),
        ({"hidden_layer_sizes": (6,)}, IRIS_Y, r"the layers of the fit before; got \(\(4, 6, 3\)"),
    ],
)
def test_a_warm_start_into_another_network_is_refused(change, y, message):
    warm = SoftmaxClassifier((5,), warm_start=True, max_epochs=1).fit(IRIS_X, IRIS_Y)
    before = warm.predict_proba(IRIS_X)
    warm.set_params(**change)
    with pytest.raises(ArgumentError, match=message):
        warm.fit(IRIS_X, y)
    np.testing.assert_array_equal(warm.predict_proba(IRIS_X), before)


def test_a_portion_is_one_epoch_of_training_on_it():
    options = {"random_state": 4, "batch_size": 20, "scaling": "none", "learning_rate": 0.01}
    portion = SoftmaxClassifier((5,), solver="adamw", **options)
    portion.partial_fit(IRIS_X, IRIS_Y, classes=[0, 1, 2], sample_weight=WEIGHTS)
    network = Network((4, 5, 3), random_state=4, dtype=np.float64)
    train(
        network, IRIS_X, IRIS_Y, solver=AdamW(0.01), sample_weight=WEIGHTS, batch_size=20, max_epochs=1, random_state=4
    )  # fmt: skip
    np.testing.assert_allclose(portion.network_.parameters, network.parameters, rtol=1e-9, atol=1e-13)
    assert portion.outcome_.reason is StopReason.PORTION_DONE
    assert portion.n_iter_ == 1


def test_a_step_on_portions_divides_by_the_mean_weight_of_all_rows_so_far():
    """Two portions of one batch each by plain SGD, whose steps can be written down."""
    rate, halves = 0.1, (slice(0, 75), slice(75, 150))
    options = {"random_state": 0, "solver": SGD(rate, momentum=0.0), "batch_size": 75, "alpha": 0.0}
    fitted = SoftmaxClassifier(scaling="none", **options)
    network, seen = Network((4, 3), dtype=np.float64), 0.0
    for number, half in enumerate(halves, start=1):
        fitted.partial_fit(IRIS_X[half], IRIS_Y[half], [0, 1, 2], WEIGHTS[half] * number)
        weights = WEIGHTS[half] * number
        seen += weights.sum()
        gradient = network.loss_and_gradient(
            IRIS_X[half], IRIS_Y[half], sample_weight=weights, reduction="sum"
        )[1]
        network.parameters = network.parameters - rate * gradient / (75 * seen / (75 * number))
    np.testing.assert_allclose(fitted.network_.parameters, network.parameters, rtol=1e-10)


@pytest.mark.parametrize("hidden", [(), (16,)])
def test_portions_learn_like_scikit_learns_online_classifier(hidden):
    ours = SoftmaxClassifier(hidden, random_state=0)
    theirs = SGDClassifier(loss="log_loss", random_state=0)
    X = DIGITS_X / 16
    for _ in range(10):
        for first in range(0, 1500, 100):
            rows = slice(first, first + 100)
            ours.partial_fit(X[rows], DIGITS_Y[rows], classes=np.arange(10))
            theirs.partial_fit(X[rows], DIGITS_Y[rows], classes=np.arange(10))
    assert ours.n_iter_ == len(ours.loss_curve_) == 150
    assert ours.loss_curve_[-1] < ours.loss_curve_[0] / 2
    assert ours.score(X[1500:], DIGITS_Y[1500:]) > theirs.score(X[1500:], DIGITS_Y[1500:]) - 0.03


def test_portions_take_names_soft_targets_weights_and_all_options():
    fitted = SoftmaxClassifier(
        (6, 4), dropout=0.2, label_smoothing=0.1, max_gradient_norm=1.0, class_weight={"setosa": 2.0},
        weight_decay=0.2, solver="adamw", random_state=0,
    )  # fmt: skip
    fitted.partial_fit(IRIS_X, NAMES, classes=["virginica", "setosa", "versicolor"], sample_weight=WEIGHTS)
    assert fitted.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    fitted.partial_fit(IRIS_X[:1], NAMES[:1]).partial_fit(IRIS_X, SOFT)
    again = pickle.loads(pickle.dumps(fitted)).partial_fit(IRIS_X, NAMES)
    fitted.partial_fit(IRIS_X, NAMES)
    np.testing.assert_array_equal(again.predict_proba(IRIS_X), fitted.predict_proba(IRIS_X))
    assert fitted.to_model().predict(IRIS_X).tolist() == fitted.predict(IRIS_X).tolist()


def test_a_portion_after_a_fit_goes_on_from_it_and_weights_of_any_size_are_the_same():
    fitted = SoftmaxClassifier((5,), random_state=0, max_epochs=30).fit(IRIS_X, NAMES)
    results = []
    for size in (1.0, 1e300, 1e-300):
        portion = copy.deepcopy(fitted).partial_fit(IRIS_X, NAMES, sample_weight=WEIGHTS * size)
        results.append(portion.predict_proba(IRIS_X))
    np.testing.assert_allclose(results[1], results[0], rtol=1e-9)
    np.testing.assert_allclose(results[2], results[0], rtol=1e-9)
    assert (fitted.predict(IRIS_X) == portion.predict(IRIS_X)).mean() > 0.97


def test_a_portion_that_diverges_is_told_and_leaves_finite_weights():
    fitted = SoftmaxClassifier((5,), solver=SGD(1e200), random_state=0)
    with pytest.warns(ChainruleWarning, match=r"SoftmaxClassifier\.partial_fit: .*ten times smaller"):
        fitted.partial_fit(IRIS_X, IRIS_Y, [0, 1, 2])
    assert np.isfinite(fitted.predict_proba(IRIS_X)).all()


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky"])
def test_solvers_that_need_all_rows_at_once_have_no_partial_fit(solver):
    assert not hasattr(SoftmaxClassifier(solver=solver), "partial_fit")


@pytest.mark.parametrize(
    ("options", "arguments", "message"),
    [
        ({}, {}, "classes must be passed on the first call to partial_fit; got none"),
        ({}, {"classes": [0, 1]}, "the labels of y are among the classes; got 2 in row 100"),
        ({}, {"classes": [0, 1, 1, 2]}, "classes are at least two different labels"),
        ({"class_weight": "balanced"}, {"classes": [0, 1, 2]}, "class_weight of partial_fit is a dict or None"),
        ({"solver": "adamw", "schedule": "cosine"}, {"classes": [0, 1, 2]}, "a solver of partial_fit has one learning"),
        ({"solver": AdamW()}, {"classes": [0, 1, 2]}, "a solver of partial_fit has one learning rate"),
        ({"batch_size": 0}, {"classes": [0, 1, 2]}, "batch_size is at least 1; got 0"),
        ({"alpha": -1.0}, {"classes": [0, 1, 2]}, "alpha is finite and at least 0.0; got -1.0"),
        ({}, {"classes": [0, 1, 2], "sample_weight": np.full(150, 1e308)}, "the sum of sample_weight is finite"),
    ],
)  # fmt: skip
def test_impossible_portions_are_refused_and_change_nothing(options, arguments, message):
    classifier = SoftmaxClassifier(**options)
    with pytest.raises(ArgumentError, match=message) as caught:
        classifier.partial_fit(IRIS_X, IRIS_Y, **arguments)
    assert str(caught.value).startswith("SoftmaxClassifier.partial_fit: ")
    assert not hasattr(classifier, "network_")


def test_other_classes_in_a_later_portion_are_refused():
    fitted = SoftmaxClassifier().partial_fit(IRIS_X, IRIS_Y, [0, 1, 2]).partial_fit(IRIS_X, IRIS_Y, [2, 1, 0])
    with pytest.raises(ArgumentError, match=r"classes are those of the first call, \[0, 1, 2\]"):
        fitted.partial_fit(IRIS_X, IRIS_Y, [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("y", "options", "message"),
    [
        (2 * SOFT, {}, r"rows of y are probabilities: not negative, with sum 1; got y\[0\] = .* whose sum is 2"),
        (SOFT - 0.5, {}, "not negative"),
        (np.ones((150, 3), int), {}, "rows with several labels at once are not served"),
        (SOFT, {"classes": ["a", "b"]}, r"y has one column for each of the 2 classes; got shape \(150, 3\)"),
        (SOFT, {"classes": ["a", "b", "b"]}, "classes are at least two different labels"),
        (IRIS_Y, {"classes": [0, 1, 2]}, r"classes goes with y of shape \(examples, classes\)"),
        (SOFT, {"eval_set": (IRIS_X, SOFT[:, :2])}, "eval_set y has one column for each of the 3 classes"),
        (SOFT, {"eval_set": (IRIS_X, np.full(150, 7))}, "the labels of eval_set are among those of y; got 7 in row 0"),
    ],
)  # fmt: skip
def test_impossible_probabilities_are_refused(y, options, message):
    with pytest.raises(ArgumentError, match=message):
        SoftmaxClassifier().fit(IRIS_X, y, **options)


def test_a_balanced_class_without_mass_is_refused():
    y = np.column_stack([np.eye(2)[IRIS_Y % 2], np.zeros(150)])
    with pytest.raises(ArgumentError, match="class_weight is positive and finite; got inf for class 2"):
        SoftmaxClassifier(class_weight="balanced").fit(IRIS_X, y)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"schedule": "linear"}, ArgumentError, "schedule is one of auto, constant, cosine, one-cycle; got 'linear'"),
        ({"schedule": "cosine", "learning_rate": ConstantSchedule(0.1)}, ArgumentError, "that is a schedule needs no"),
        ({"weight_decay": -1.0}, ArgumentError, "weight_decay is finite and at least 0.0; got -1.0"),
        ({"weight_decay": 0.1, "solver": "adam"}, ArgumentError, "weight_decay goes with solver 'adamw'; got solver"),
        ({"weight_decay": 0.1, "solver": AdamW()}, ArgumentError, "goes with a minibatch solver given by name"),
        ({"dropout": (0.1, 0.2)}, ArgumentError, "one for each of the 1 hidden layers"),
        ({"dropout": 0.1, "solver": "lbfgs"}, ArgumentError, "dropout goes with a minibatch solver"),
        ({"max_gradient_norm": -1.0}, ArgumentError, "max_gradient_norm is finite and at least 0.0; got -1.0"),
        ({"calibrate": "maybe"}, ArgumentError, "calibrate is True, False or 'auto'; got 'maybe'"),
        ({"calibrate": True}, ArgumentError, "calibrate=True needs validation rows"),
        ({"dropout": "much"}, ArgumentTypeError, "dropout is a number"),
    ],
)  # fmt: skip
def test_impossible_options_are_refused_by_name(options, error, message):
    with pytest.raises(error, match=message) as caught:
        SoftmaxClassifier(**{"hidden_layer_sizes": (3,), "solver": "adamw", **options}).fit(IRIS_X, IRIS_Y)
    assert str(caught.value).startswith("SoftmaxClassifier.fit: ")


def test_clipped_features_have_no_plain_coefficients():
    fitted = SoftmaxClassifier(scaling="robust").fit(IRIS_X, IRIS_Y)
    with pytest.raises(AttributeError, match="coef_ does not exist with scaling='robust', which clips"):
        _ = fitted.coef_
    assert fitted.coefs_[0].shape == (4, 3)


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("options", [{}, {"dropout": 0.3, "max_gradient_norm": 0.5, "label_smoothing": 0.1}])
@pytest.mark.parametrize("hidden", [(), (7, 5)])
def test_portions_by_compiled_steps_are_those_of_numpy(solver, options, hidden, monkeypatch):
    if native() is None:
        pytest.skip("there are no compiled steps to compare")
    results = {}
    taken = {name: value for name, value in options.items() if hidden or name != "dropout"}
    for way in ("compiled", "plain"):
        if way == "plain":
            monkeypatch.setattr(online, "knows", lambda *_: False)
        fitted = SoftmaxClassifier(hidden, solver=solver, batch_size=16, random_state=3, alpha=0.01, **taken)
        for first in range(0, 150, 50):
            rows = slice(first, first + 50)
            fitted.partial_fit(SHUFFLED_X[rows], SHUFFLED_Y[rows], [0, 1, 2], WEIGHTS[rows])
        results[way] = fitted
    compiled, plain = results["compiled"], results["plain"]
    np.testing.assert_allclose(compiled.network_.parameters, plain.network_.parameters, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(compiled.loss_curve_, plain.loss_curve_, rtol=1e-9)


@pytest.mark.parametrize("n_threads", [2, 3])
def test_portions_have_the_same_bits_whatever_the_threads(n_threads):
    results = []
    for threads in (1, n_threads):
        fitted = SoftmaxClassifier((64,), random_state=3, n_threads=threads, batch_size=200)
        X = DIGITS_X.astype(np.float32)
        for first in range(0, 1600, 400):
            rows = slice(first, first + 400)
            fitted.partial_fit(X[rows], DIGITS_Y[rows], np.arange(10))
        results.append(fitted.network_.parameters.tobytes())
    assert results[0] == results[1]


def test_a_portion_leaves_copies_of_the_estimator_alone():
    fitted = SoftmaxClassifier((5,), random_state=0).partial_fit(IRIS_X, IRIS_Y, [0, 1, 2])
    twin, state = copy.copy(fitted), pickle.dumps((fitted.network_, fitted._stream))
    fitted.partial_fit(IRIS_X, IRIS_Y)
    assert pickle.dumps((twin.network_, twin._stream)) == state
