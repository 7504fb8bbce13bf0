"""Precision, recall, F1 and log-loss of each class."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_recall_fscore_support

from chainrule.report.per_class import balanced_accuracy, class_scores, macro_f1


def test_scores_by_hand() -> None:
    targets, predictions = np.array([0, 0, 0, 1, 2]), np.array([0, 0, 1, 1, 1])
    cat, dog, cow, hen = class_scores(
        targets, predictions, np.array([0.1, 0.3, 0.8, 0.2, 2.0]), ["cat", "dog", "cow", "hen"]
    )
    assert (cat.precision, cat.recall, cat.f1, cat.examples, cat.predicted) == (1.0, 2 / 3, 0.8, 3, 2)
    assert (dog.precision, dog.recall, dog.f1) == (1 / 3, 1.0, 0.5)
    assert (cow.precision, cow.recall, cow.f1, cow.loss) == (None, 0.0, 0.0, 2.0)
    assert (hen.precision, hen.recall, hen.f1, hen.loss) == (None, None, None, None)
    assert cat.loss == pytest.approx(0.4)


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    targets, predictions = rng.integers(0, 7, (2, 300))
    scores = class_scores(targets, predictions, np.zeros(300), range(7))
    expected = precision_recall_fscore_support(targets, predictions, labels=range(7))
    found = np.array([[score.precision, score.recall, score.f1, score.examples] for score in scores]).T
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    np.testing.assert_allclose(macro_f1(scores), f1_score(targets, predictions, average="macro"), rtol=1e-15)
    np.testing.assert_allclose(
        balanced_accuracy(scores), balanced_accuracy_score(targets, predictions), rtol=1e-15
    )


def test_classes_that_neither_occur_nor_are_predicted_do_not_lower_the_mean() -> None:
    scores = class_scores(np.array([0, 1]), np.array([0, 1]), np.zeros(2), range(5))
    assert macro_f1(scores) == balanced_accuracy(scores) == 1.0
