"""The contract of scikit-learn: its own checks, pipelines, searches, calibration, data frames."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule.estimators.softmax_classifier import SoftmaxClassifier
from chainrule.training import AdamW

IRIS_X, IRIS_Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[IRIS_Y]
COLUMNS = ["a", "b", "c", "d"]

# Without hidden layers; with hidden layers by full batch, cut short to save time; and by minibatches: the few rows of
# the check of sample weights make one batch, weighted or repeated, which is why that check can pass.
CHECKED = [
    SoftmaxClassifier(),
    SoftmaxClassifier(solver="lbfgs", tol=1e-10),
    SoftmaxClassifier(solver="newton-cg", tol=1e-20),
    SoftmaxClassifier(hidden_layer_sizes=(8,), solver="lbfgs", max_epochs=60),
    SoftmaxClassifier(hidden_layer_sizes=(8,)),
]


@pytest.mark.filterwarnings("ignore")  # the checks themselves provoke warnings, and say which they expect
@parametrize_with_checks(CHECKED)
def test_scikit_learns_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("hidden", [(), (4,)])
def test_data_frames_and_their_names_are_understood(frame, hidden):
    X = frame(dict(zip(COLUMNS, IRIS_X.T, strict=True)))
    y = pd.Series(NAMES) if frame is pd.DataFrame else pl.Series(NAMES.tolist())
    classifier = SoftmaxClassifier(hidden, random_state=0, max_epochs=50).fit(X, y, eval_set=(X, y))
    plain = SoftmaxClassifier(hidden, random_state=0, max_epochs=50).fit(
        IRIS_X, NAMES, eval_set=(IRIS_X, NAMES)
    )
    assert classifier.feature_names_in_.tolist() == COLUMNS
    np.testing.assert_allclose(
        classifier.predict_proba(X), plain.predict_proba(IRIS_X), rtol=1e-7, atol=1e-12
    )
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(X.rename(columns={"a": "z"}) if frame is pd.DataFrame else X.rename({"a": "z"}))


@pytest.mark.parametrize("kind", ["default", "pandas", "polars"])
def test_a_pipeline_passes_frames_on(kind):
    pipeline = make_pipeline(StandardScaler(), SoftmaxClassifier()).set_output(transform=kind)
    X = pd.DataFrame(IRIS_X, columns=COLUMNS)
    pipeline.fit(X, NAMES)
    assert pipeline.score(X, NAMES) > 0.95
    assert kind == "default" or pipeline[-1].feature_names_in_.tolist() == COLUMNS


def test_a_grid_search_runs_in_two_processes():
    search = GridSearchCV(
        SoftmaxClassifier(random_state=0, max_epochs=60),
        {"alpha": [1e-4, 1.0], "hidden_layer_sizes": [(), (8,)]},
        cv=3,
        n_jobs=2,
        scoring="neg_log_loss",
    )
    search.fit(IRIS_X, NAMES)
    assert search.best_params_["alpha"] == 1e-4
    assert search.score(IRIS_X, NAMES) > -0.2
    alone = clone(search).set_params(n_jobs=None).fit(IRIS_X, NAMES)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_it_can_be_calibrated(method):
    calibrated = CalibratedClassifierCV(SoftmaxClassifier(), method=method, cv=3).fit(IRIS_X, NAMES)
    assert calibrated.predict_proba(IRIS_X).shape == (150, 3)
    assert calibrated.score(IRIS_X, NAMES) > 0.9


def test_cross_validation_is_as_good_as_logistic_regression():
    ours = cross_val_score(SoftmaxClassifier(), IRIS_X, NAMES, cv=5, scoring="neg_log_loss").mean()
    theirs = cross_val_score(
        LogisticRegression(max_iter=1000), IRIS_X, NAMES, cv=5, scoring="neg_log_loss"
    ).mean()
    assert ours > theirs


def test_a_clone_has_equal_settings_and_no_fit():
    fitted = SoftmaxClassifier((3,), solver=AdamW(0.01), class_weight={"setosa": 2.0}, max_epochs=1).fit(
        IRIS_X, NAMES
    )
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "network_")
