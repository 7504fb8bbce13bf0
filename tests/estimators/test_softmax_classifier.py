"""The classifier: agreement with scikit-learn, weights, seeds, attributes, validation, scaling, models, refusals."""

import json
import pickle

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression

import chainrule as cr
from chainrule.errors import ArgumentError, ArgumentTypeError, ChainruleWarning
from chainrule.estimators.softmax_classifier import SoftmaxClassifier
from chainrule.training import AdamW, CosineSchedule, StopReason

IRIS_X, IRIS_Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[IRIS_Y]
DIGITS_X, DIGITS_Y = load_digits(return_X_y=True)
RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _same_seeds_in_every_run():
    """Make random_state=None, which draws a seed from NumPy's global state, repeatable."""
    np.random.seed(0)  # noqa: NPY002 - that global state is scikit-learn's contract


@pytest.mark.parametrize("load", [load_iris, load_wine])
@pytest.mark.parametrize("solver", ["newton-cholesky", "newton-cg", "lbfgs"])
@pytest.mark.parametrize("alpha", [1e-3, 0.1])
def test_weights_are_those_of_logistic_regression(load, solver, alpha):
    X, y = load(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    tol = 1e-14 if solver == "newton-cg" else 1e-9  # of the objective there, of the gradient here
    ours = SoftmaxClassifier(alpha=alpha, solver=solver, tol=tol).fit(X, y)
    theirs = LogisticRegression(C=1 / (alpha * len(y)), tol=1e-10, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(
        ours.coef_ - ours.coef_.mean(axis=0), theirs.coef_ - theirs.coef_.mean(axis=0), atol=1e-5
    )
    biases = theirs.intercept_ - theirs.intercept_.mean()
    np.testing.assert_allclose(ours.intercept_ - ours.intercept_.mean(), biases, atol=1e-5)


def test_two_classes_are_binary_logistic_regression_with_twice_the_c():
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    ours = SoftmaxClassifier(alpha=0.01).fit(X, y)
    theirs = LogisticRegression(C=2 / (0.01 * len(y)), tol=1e-10, max_iter=10_000).fit(X, y)
    assert ours.coef_.shape == (2, 30)
    np.testing.assert_allclose(ours.coef_[1] - ours.coef_[0], theirs.coef_[0], atol=1e-5)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-4)
    assert ours.decision_function(X).shape == (len(y),)
    assert ours.predict_proba(X).shape == (len(y), 2)


def test_balanced_classes_are_those_of_scikit_learn():
    weights = RANDOM.uniform(0.5, 2.0, len(IRIS_Y))
    alpha, rows = 0.01, slice(0, 130)
    X, y, s = IRIS_X[rows], IRIS_Y[rows], weights[rows]
    ours = SoftmaxClassifier(alpha=alpha, class_weight="balanced").fit(X, y, sample_weight=s)
    row_weights = s * s.sum() / (3 * np.bincount(y, s)[y])
    theirs = LogisticRegression(C=1 / (alpha * row_weights.sum()), tol=1e-10, max_iter=10_000)
    theirs.fit(X, y, sample_weight=row_weights)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


def test_class_weights_are_the_sample_weights_they_stand_for():
    of_class = {"setosa": 1.0, "versicolor": 3.0, "virginica": 0.5}
    by_class = SoftmaxClassifier(class_weight=of_class).fit(IRIS_X, NAMES)
    by_row = SoftmaxClassifier().fit(IRIS_X, NAMES, sample_weight=[of_class[name] for name in NAMES])
    np.testing.assert_allclose(
        by_class.predict_proba(IRIS_X), by_row.predict_proba(IRIS_X), rtol=1e-7, atol=1e-12
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"scaling": "standard"},
        {"scaling": "robust"},
        {"hidden_layer_sizes": (6,), "solver": "lbfgs", "max_epochs": 30},
        {"hidden_layer_sizes": (6,), "max_epochs": 5},
        {"hidden_layer_sizes": (6,), "max_epochs": 5, "early_stopping": True},
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_class_weights_are_sample_weights_for_the_scaling_and_the_stopping_too(settings):
    weights = {0: 1.0, 1: 2.5, 2: 0.25}
    X, y = load_iris(return_X_y=True)
    by_class = SoftmaxClassifier(class_weight=weights, random_state=0, **settings).fit(X, y)
    by_row = SoftmaxClassifier(random_state=0, **settings).fit(X, y, [weights[label] for label in y])
    np.testing.assert_allclose(
        by_class.network_.parameters, by_row.network_.parameters, rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(
        by_class.outcome_.validation_curve, by_row.outcome_.validation_curve, rtol=1e-12
    )


@pytest.mark.parametrize("settings", [{}, {"hidden_layer_sizes": (6,), "max_epochs": 5}])
def test_rows_of_weight_0_are_not_there(settings):
    keep = RANDOM.uniform(size=len(IRIS_Y)) < 0.7
    weighted = SoftmaxClassifier(random_state=0, **settings).fit(IRIS_X, IRIS_Y, sample_weight=keep)
    without = SoftmaxClassifier(random_state=0, **settings).fit(IRIS_X[keep], IRIS_Y[keep])
    np.testing.assert_allclose(weighted.predict_proba(IRIS_X), without.predict_proba(IRIS_X), rtol=1e-9)


@pytest.mark.parametrize("settings", [{}, {"hidden_layer_sizes": (16,), "max_epochs": 10}])
def test_the_same_seed_gives_the_same_bytes(settings):
    X, y = DIGITS_X[:1200], DIGITS_Y[:1200]
    fits = [SoftmaxClassifier(random_state=4, **settings).fit(X, y) for _ in range(2)]
    assert fits[0].network_.parameters.tobytes() == fits[1].network_.parameters.tobytes()
    assert fits[0].outcome_ == fits[1].outcome_


def test_random_state_follows_scikit_learns_contract():
    def weights(random_state):
        fitted = SoftmaxClassifier((4,), random_state=random_state, max_epochs=1).fit(IRIS_X, IRIS_Y)
        return fitted.network_.parameters.tobytes()

    assert weights(np.random.RandomState(3)) == weights(np.random.RandomState(3))
    shared = np.random.RandomState(3)
    assert weights(shared) != weights(shared)
    assert weights(None) != weights(None)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.float16])
def test_float32_stays_float32_and_all_else_is_float64(dtype):
    fitted = SoftmaxClassifier((4,), max_epochs=2).fit(IRIS_X.astype(dtype), IRIS_Y)
    expected = np.float32 if dtype is np.float32 else np.float64
    assert fitted.network_.dtype == expected
    assert fitted.predict_proba(IRIS_X.astype(dtype)).dtype == expected


def test_the_attributes_of_a_linear_model():
    fitted = SoftmaxClassifier().fit(IRIS_X, NAMES)
    assert fitted.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert (fitted.coef_.shape, fitted.intercept_.shape) == ((3, 4), (3,))
    np.testing.assert_array_equal(fitted.coefs_[0], fitted.coef_.T)
    np.testing.assert_array_equal(fitted.intercepts_[0], fitted.intercept_)
    assert fitted.n_iter_ == len(fitted.loss_curve_) == fitted.outcome_.epochs
    assert fitted.n_features_in_ == 4
    logits = IRIS_X @ fitted.coef_.T + fitted.intercept_
    np.testing.assert_allclose(fitted.decision_function(IRIS_X), logits, rtol=1e-12)


def test_the_attributes_of_a_network():
    fitted = SoftmaxClassifier((7, 5), ("tanh", "relu"), max_epochs=2).fit(IRIS_X, IRIS_Y)
    assert [weights.shape for weights in fitted.coefs_] == [(4, 7), (7, 5), (5, 3)]
    assert [biases.shape for biases in fitted.intercepts_] == [(7,), (5,), (3,)]
    assert fitted.network_.activations == ("tanh", "relu")
    with pytest.raises(AttributeError, match="coef_ exists without hidden layers only"):
        _ = fitted.coef_
    assert not hasattr(fitted, "intercept_")


def test_a_number_is_one_hidden_layer():
    assert SoftmaxClassifier(5, max_epochs=1).fit(IRIS_X, IRIS_Y).network_.layer_sizes == (4, 5, 3)


def test_probabilities_are_exact_where_they_underflow():
    fitted = SoftmaxClassifier().fit(IRIS_X, IRIS_Y)
    far = IRIS_X[:1] * 1e4
    logits = fitted.decision_function(far)
    np.testing.assert_allclose(fitted.predict_log_proba(far), logits - logits.max(), rtol=1e-12)
    np.testing.assert_allclose(
        np.exp(fitted.predict_log_proba(IRIS_X)), fitted.predict_proba(IRIS_X), rtol=1e-12
    )


def test_scaling_belongs_to_the_network_and_coef_to_the_features():
    fitted = SoftmaxClassifier(scaling="standard").fit(IRIS_X, IRIS_Y)
    np.testing.assert_allclose(fitted.network_.input_scaling.center, IRIS_X.mean(axis=0), rtol=1e-12)
    logits = IRIS_X @ fitted.coef_.T + fitted.intercept_
    np.testing.assert_allclose(fitted.decision_function(IRIS_X), logits, rtol=1e-9)
    assert SoftmaxClassifier().fit(IRIS_X, IRIS_Y).network_.input_scaling is None
    assert SoftmaxClassifier((3,), max_epochs=1).fit(IRIS_X, IRIS_Y).network_.input_scaling is not None
    unscaled = SoftmaxClassifier((3,), max_epochs=1, scaling="none").fit(IRIS_X, IRIS_Y)
    assert unscaled.network_.input_scaling is None


def test_shifting_and_scaling_features_by_powers_of_two_changes_no_prediction_of_a_network():
    settings = {"hidden_layer_sizes": (8,), "random_state": 0, "max_epochs": 20}
    plain = SoftmaxClassifier(**settings).fit(IRIS_X, IRIS_Y)
    moved = SoftmaxClassifier(**settings).fit(IRIS_X * 1024, IRIS_Y)
    np.testing.assert_array_equal(plain.predict_proba(IRIS_X), moved.predict_proba(IRIS_X * 1024))


@pytest.mark.parametrize("hidden", [(64,), (128,)])
def test_digits_are_learned_well_with_the_defaults(hidden):
    held_out = np.arange(len(DIGITS_Y)) % 5 == 0
    fitted = SoftmaxClassifier(hidden, random_state=0).fit(DIGITS_X[~held_out], DIGITS_Y[~held_out])
    assert fitted.score(DIGITS_X[held_out], DIGITS_Y[held_out]) >= 0.97
    assert len(fitted.outcome_.validation_curve) == fitted.n_iter_


def test_an_eval_set_is_watched_but_never_trained_on():
    X, y = IRIS_X[::2], NAMES[::2]
    settings = {"hidden_layer_sizes": (8,), "random_state": 0, "max_epochs": 10, "early_stopping": False}
    alone = SoftmaxClassifier(**settings).fit(X, y)
    watched = SoftmaxClassifier(**settings).fit(X, y, eval_set=(IRIS_X[1::2], NAMES[1::2], np.ones(75)))
    listed = SoftmaxClassifier(**settings).fit(X, y, eval_set=[(IRIS_X[1::2], NAMES[1::2])])
    assert alone.network_.parameters.tobytes() == watched.network_.parameters.tobytes()
    assert watched.outcome_.validation_curve == listed.outcome_.validation_curve
    held_out = watched.network_.loss(IRIS_X[1::2], IRIS_Y[1::2])
    assert watched.outcome_.validation_curve[watched.outcome_.best_epoch - 1] == pytest.approx(
        held_out, rel=1e-12
    )


def test_early_stopping_keeps_the_epoch_that_was_best_on_the_eval_set():
    X, y = RANDOM.normal(size=(60, 10)), RANDOM.integers(0, 2, 60)
    held_out = RANDOM.normal(size=(60, 10)), RANDOM.integers(0, 2, 60)
    fitted = SoftmaxClassifier((32,), patience=3, random_state=0).fit(X, y, eval_set=held_out)
    curve = fitted.outcome_.validation_curve
    assert fitted.outcome_.reason is StopReason.EARLY_STOPPED
    assert fitted.outcome_.best_epoch == 1 + int(np.argmin(curve))
    assert fitted.network_.loss(*held_out) == pytest.approx(min(curve), rel=1e-12)


def test_early_stopping_can_be_asked_for_on_few_rows():
    fitted = SoftmaxClassifier((8,), early_stopping=True, random_state=0, max_epochs=5).fit(IRIS_X, IRIS_Y)
    assert len(fitted.outcome_.validation_curve) == 5
    assert SoftmaxClassifier((8,), max_epochs=5).fit(IRIS_X, IRIS_Y).outcome_.validation_curve == ()


def test_the_callback_sees_every_epoch_and_can_stop():
    seen = []

    def callback(progress):
        seen.append(progress.epoch)
        return len(seen) == 3

    fitted = SoftmaxClassifier((8,), callback=callback).fit(IRIS_X, IRIS_Y)
    assert seen == [1, 2, 3]
    assert fitted.outcome_.reason is StopReason.CALLBACK_STOPPED


def test_an_interruption_is_told_and_leaves_a_fitted_estimator():
    def interrupt(progress):
        if progress.epoch == 2:
            raise KeyboardInterrupt

    with pytest.warns(
        ChainruleWarning, match=r"SoftmaxClassifier\.fit: .*interrupted; the best parameters so far"
    ):
        fitted = SoftmaxClassifier((8,), callback=interrupt).fit(IRIS_X, IRIS_Y)
    assert np.isfinite(fitted.predict_proba(IRIS_X)).all()


def test_divergence_is_told_and_leaves_finite_weights():
    with pytest.warns(ChainruleWarning, match="Use a learning rate ten times smaller"):
        fitted = SoftmaxClassifier((8,), solver="sgd", learning_rate=1e200).fit(IRIS_X, IRIS_Y)
    assert fitted.outcome_.reason is StopReason.DIVERGED
    assert np.isfinite(fitted.predict_proba(IRIS_X)).all()


def test_a_solver_that_was_cut_off_is_told_with_its_numbers():
    with pytest.warns(
        ConvergenceWarning, match=r"lbfgs: objective 0\.\d+ after 2 iterations, gradient norm .* cut off"
    ):
        SoftmaxClassifier(solver="lbfgs", max_epochs=2).fit(IRIS_X, IRIS_Y)


def test_learning_rates_reach_the_solver():
    rates = []
    settings = {
        "max_epochs": 1,
        "callback": lambda progress: rates.append(progress.learning_rate),
        "batch_size": 150,
    }
    SoftmaxClassifier((4,), learning_rate=0.05, **settings).fit(IRIS_X, IRIS_Y)
    SoftmaxClassifier((4,), learning_rate=CosineSchedule(0.025, 0.0), **settings).fit(IRIS_X, IRIS_Y)
    SoftmaxClassifier((4,), solver=AdamW(0.0125), **settings).fit(IRIS_X, IRIS_Y)
    assert rates == [0.05, 0.025, 0.0125]


def test_label_smoothing_keeps_probabilities_from_the_ends():
    sharp = SoftmaxClassifier().fit(IRIS_X, IRIS_Y).predict_proba(IRIS_X).max()
    smooth = SoftmaxClassifier(label_smoothing=0.3).fit(IRIS_X, IRIS_Y).predict_proba(IRIS_X).max()
    assert smooth < 0.95 < sharp


@pytest.mark.parametrize("labels", [NAMES, IRIS_Y, IRIS_Y + 0.0, IRIS_Y == 1])
def test_the_model_predicts_what_the_classifier_predicts(labels, tmp_path):
    settings = {"solver": AdamW(0.01), "class_weight": {labels[0].item(): 2.0}, "random_state": None}
    fitted = SoftmaxClassifier(np.array([5]), max_epochs=3, **settings).fit(IRIS_X, labels)
    model = fitted.to_model()
    assert all(type(label) in (str, int, float, bool) for label in model.classes)
    json.dumps(model.settings, allow_nan=False)
    assert isinstance(model.settings["random_state"], int)
    assert model.outcome == fitted.outcome_
    model.save(tmp_path / "model.safetensors")
    back = cr.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(back.predict_proba(IRIS_X), fitted.predict_proba(IRIS_X))
    np.testing.assert_array_equal(back.predict(IRIS_X), fitted.predict(IRIS_X))


def test_a_pickle_predicts_the_same():
    fitted = SoftmaxClassifier((5,), max_epochs=3).fit(IRIS_X, NAMES)
    back = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(back.predict_proba(IRIS_X), fitted.predict_proba(IRIS_X))
    assert back.outcome_ == fitted.outcome_


def test_nothing_is_fitted_before_fit():
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(SoftmaxClassifier(), method)(IRIS_X)
    with pytest.raises(NotFittedError):
        SoftmaxClassifier().to_model()
    assert not hasattr(SoftmaxClassifier(), "coef_")


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"solver": "newton"}, ArgumentError, "lbfgs-diagonal, newton-cg, newton-cholesky; got 'newton'"),
        ({"activation": "gelu", "hidden_layer_sizes": (3,)}, ArgumentError, "activation is one of relu"),
        ({"hidden_layer_sizes": (0,)}, ArgumentError, "layer_sizes are positive integers"),
        ({"alpha": -1.0}, ArgumentError, "alpha is finite and at least 0.0; got -1.0"),
        ({"scaling": "fine"}, ArgumentError, "scaling is one of auto, none, standard, robust; got 'fine'"),
        ({"early_stopping": "yes"}, ArgumentError, "early_stopping is True, False or 'auto'; got 'yes'"),
        ({"early_stopping": True, "validation_fraction": 1.0}, ArgumentError, "lies between 0 and 1; got 1.0"),
        ({"early_stopping": True, "validation_fraction": 1e-9}, ArgumentError, "leaves at least one row to stop by"),
        ({"learning_rate": 0.1}, ArgumentError, "learning_rate goes with a minibatch solver given by name"),
        ({"learning_rate": "fast", "solver": "adam"}, ArgumentTypeError, "learning_rate is a number, a schedule or"),
        ({"learning_rate": -1, "solver": "adam"}, ArgumentError, "learning_rate is finite and at least 0.0; got -1"),
        ({"class_weight": {0: 0.0}}, ArgumentError, "class_weight is positive and finite; got 0.0 for class 0"),
        ({"random_state": -1}, ArgumentError, "random_state is at least 0; got -1"),
        ({"patience": 0}, ArgumentError, "patience is at least 1; got 0"),
        ({"n_threads": 0}, ArgumentError, "n_threads is at least 1; got 0"),
    ],
)  # fmt: skip
def test_impossible_settings_are_refused_by_name(settings, error, message):
    classifier = SoftmaxClassifier(**settings)
    with pytest.raises(error, match=message) as caught:
        classifier.fit(IRIS_X, IRIS_Y)
    assert str(caught.value).startswith("SoftmaxClassifier.fit: ")
    assert not hasattr(classifier, "network_")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": np.zeros(150)}, "y has rows of positive weight in at least two classes; got one class, 0.0"),
        ({"sample_weight": IRIS_Y == 0}, "in at least two classes; got one class, 0"),
        ({"sample_weight": np.zeros(150)}, "sample_weight is positive for at least one row"),
        ({"sample_weight": np.full(150, np.nan)}, r"not negative; got sample_weight\[0\] = nan"),
        ({"X": np.where(IRIS_X > 6, np.inf, IRIS_X)}, "Input X contains infinity"),
        ({"X": np.where(IRIS_X > 6, np.nan, IRIS_X)}, "Input X contains NaN"),
        ({"y": np.linspace(0, 1, 150)}, "Unknown label type: continuous"),
        ({"eval_set": IRIS_X}, r"eval_set is \(X, y\) or \(X, y, sample_weight\); got a ndarray"),
        ({"eval_set": (IRIS_X, IRIS_Y + 1)}, "the labels of eval_set are among those of y; got 3 in row 100"),
        (
            {"eval_set": (IRIS_X[:, :2], IRIS_Y)},
            "X has 2 features, but SoftmaxClassifier is expecting 4 features",
        ),
        ({"eval_set": (IRIS_X, IRIS_Y, -np.ones(150))}, r"eval_set sample_weight\[0\] = -1\.0"),
    ],
)
def test_impossible_data_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxClassifier().fit(**{"X": IRIS_X, "y": IRIS_Y, **arguments})


@pytest.mark.parametrize(
    ("X", "y", "options"),
    [
        (IRIS_X[:, :2], np.zeros(150), {}),
        (IRIS_X[:, :2], IRIS_Y, {"alpha": -1.0}),
        (np.full((150, 2), np.nan), IRIS_Y, {}),
    ],
)
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(X, y, options):
    classifier = SoftmaxClassifier().fit(IRIS_X, NAMES)
    expected = classifier.predict_proba(IRIS_X)
    classifier.set_params(**options)
    with pytest.raises(ValueError, match=r"\w"):
        classifier.fit(X, y)
    np.testing.assert_array_equal(classifier.predict_proba(IRIS_X), expected)


def test_labels_that_a_model_file_cannot_hold_are_refused():
    y = np.array(["2024-01-01", "2024-02-01"], "datetime64[ns]")[IRIS_Y % 2]
    classifier = SoftmaxClassifier().fit(IRIS_X, y)
    with pytest.raises(ArgumentTypeError, match="text, numbers, or true and false; got datetime64"):
        classifier.to_model()
