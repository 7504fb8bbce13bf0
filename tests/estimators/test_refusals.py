"""Whatever cannot be used is refused in four parts, by every method, and the estimator stays as it was to the byte."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_array, csr_array

from chainrule.errors import ArgumentError, ChainruleError
from chainrule.estimators import SoftmaxClassifier

pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(600, 4))
Y = RANDOM.integers(0, 3, 600)
FRAME = pd.DataFrame(X, columns=list("abcd"))
OTHER_NAMES = FRAME.rename(columns={"a": "z"})


def with_entry(array, place, value):
    changed = np.array(array, dtype=np.float64)
    changed[place] = value
    return changed


NAN, INFINITE = with_entry(X, (5, 2), np.nan), with_entry(X, (300, 1), -np.inf)
ONES = np.ones(600)
WEIGHTS = {
    r"sample_weight is finite and not negative; got {0}sample_weight\[3\] = nan": with_entry(ONES, 3, np.nan),
    r"sample_weight is finite and not negative; got {0}sample_weight\[4\] = inf": with_entry(ONES, 4, np.inf),
    r"sample_weight is positive for at least one row; got weights that are all zero": 0 * ONES,
}
FEATURES = {
    r"{0}X is finite; got Input X contains NaN: {0}X\[5, 2\] = nan\. Fill or drop": NAN,
    r"{0}X is finite; got Input X contains infinity .*: {0}X\[300, 1\] = -inf\. Fill or drop": INFINITE,
    r"{0}X has the columns of the fit; got X has 3 features, .* 4 features as input\. Pass the columns": X[
        :, :3
    ],
    r"{0}X has the columns of the fit; got The feature names .*unseen at fit time:\n- z": OTHER_NAMES,
}
PREDICTIONS = ("predict", "predict_proba", "predict_log_proba", "decision_function")


@pytest.fixture(scope="module", params=[(), (4,)], ids=["linear", "network"])
def fitted(request):
    return SoftmaxClassifier(request.param, solver="adamw", max_epochs=2, random_state=0).fit(FRAME, Y)


def refused(classifier, method, act, message):
    before = pickle.dumps(vars(classifier))
    with pytest.raises(ChainruleError, match=f"(?s)^SoftmaxClassifier\\.{method}: {message}") as caught:
        act(getattr(classifier, method))
    error = caught.value
    assert isinstance(error, ValueError)
    assert str(error) == f"{error.call}: {error.rule}; got {error.came}. {error.remedy}"
    assert pickle.dumps(vars(classifier)) == before


@pytest.mark.parametrize("message", FEATURES)
@pytest.mark.parametrize("method", PREDICTIONS)
def test_features_that_no_prediction_can_be_made_from(fitted, method, message):
    refused(fitted, method, lambda call: call(FEATURES[message]), message.format(""))


@pytest.mark.parametrize("message", FEATURES)
def test_features_of_a_later_portion(fitted, message):
    refused(fitted, "partial_fit", lambda call: call(FEATURES[message], Y), message.format(""))


@pytest.mark.parametrize("message", list(FEATURES)[:2])
def test_features_of_a_fit(fitted, message):
    refused(fitted, "fit", lambda call: call(FEATURES[message], Y), message.format(""))


@pytest.mark.parametrize("message", FEATURES)
def test_features_of_an_eval_set(fitted, message):
    refused(
        fitted,
        "fit",
        lambda call: call(FRAME, Y, eval_set=(FEATURES[message], Y)),
        message.format("eval_set "),
    )


@pytest.mark.parametrize("message", WEIGHTS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_weights(fitted, method, message):
    refused(fitted, method, lambda call: call(FRAME, Y, sample_weight=WEIGHTS[message]), message.format(""))


@pytest.mark.parametrize("message", WEIGHTS)
def test_weights_of_an_eval_set(fitted, message):
    rule = f"eval_set {message.format('eval_set ')}"
    refused(fitted, "fit", lambda call: call(FRAME, Y, eval_set=(FRAME, Y, WEIGHTS[message])), rule)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((FRAME, Y[:5]), r"y has one target for each row of X; got Found .*\[600, 5\]\. Pass as many"),
        ((FRAME, None), r"y holds labels of classes; got .* target y is None\. Pass a label for each row"),
        ((FRAME, Y + 0.5), r"y holds labels of classes; got Unknown label type: continuous.* Give a label"),
        (
            (FRAME, with_entry(Y, 3, np.nan)),
            r"y holds labels of classes; got Input y contains NaN\. Leave out",
        ),
        (
            (FRAME, Y, np.where(Y == 0, 1.0, 0.0)),
            "y has rows of positive weight in at least two classes; got one",
        ),
        ((FRAME[:0], Y[:0]), r"X has rows and columns enough; got Found array with 0 sample\(s\)"),
        ((X[:, 0], Y), r"X has shape \(examples, features\); got Expected 2D array, got 1D array"),
        ((X[None], Y[:1]), r"X has shape \(examples, features\); got Found array with dim 3"),
        (
            (np.array([["a", "b"]] * 600), Y),
            "X holds numbers; got could not convert string to float.* Encode text",
        ),
        (
            (X + 1j, Y),
            r"X holds real numbers; got Complex data not supported.* \.\.\. .* Pass real and imaginary",
        ),
    ],
)
def test_what_no_fit_can_be_made_of(fitted, arguments, message):
    refused(fitted, "fit", lambda call: call(*arguments), message)


@pytest.mark.parametrize("kind", [np.asarray, csr_array, csc_array])
def test_the_place_of_a_number_that_is_not_finite_is_found_in_many_rows(kind):
    many = with_entry(np.zeros((3000, 2)), (2500, 1), np.nan)
    with pytest.raises(ArgumentError, match=r"X\[2500, 1\] = nan"):
        SoftmaxClassifier().fit(kind(many), np.arange(3000) % 2)


def test_labels_of_no_class_in_an_eval_set_or_a_portion(fitted):
    rule = "the labels of eval_set are among those of y; got 3 in row"
    refused(fitted, "fit", lambda call: call(FRAME, Y, eval_set=(FRAME, Y + 1)), rule)
    refused(
        fitted, "partial_fit", lambda call: call(FRAME, Y + 0.5), "the labels of y are among the classes; got"
    )


@pytest.mark.parametrize("fraction", [0.5, 0.9, 0.999])
def test_no_class_is_without_rows_in_training_whatever_is_held_back(fraction):
    """A row of each class stays, be it the only one; a fraction that leaves nothing to stop by is refused."""
    labels = np.repeat([0, 1, 2], [597, 2, 1])
    classifier = SoftmaxClassifier(
        (4,), max_epochs=2, validation_fraction=fraction, random_state=0, class_weight="balanced"
    )
    classifier.fit(X, labels)
    assert np.isfinite(classifier.predict_proba(X)).all()
    with pytest.raises(
        ArgumentError, match=r"validation_fraction leaves at least one row to stop by; got 0\.001 of"
    ):
        classifier.set_params(validation_fraction=0.001, early_stopping=True).fit(X[:6], [0, 1, 2, 0, 1, 2])
