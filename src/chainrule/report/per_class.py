"""How well each class is told from the others.

With TP_k the rows of class k that are predicted as k, P_k those predicted as k and N_k those that are of class k ::

    (RP.1)  precision_k = TP_k / P_k,  recall_k = TP_k / N_k,  F1_k = 2 TP_k / (P_k + N_k)

A quotient 0 / 0 is None. The macro F1 is the mean of F1_k, and the balanced accuracy that of recall_k, over the classes
for which they exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array


@dataclass(frozen=True)
class ClassScores:
    """The scores (RP.1) of one class, and the mean cross-entropy of its rows in nats; None where there are no rows."""

    label: object
    examples: int
    predicted: int
    precision: float | None
    recall: float | None
    f1: float | None
    loss: float | None


def class_scores(
    targets: Array, predictions: Array, losses: Array, classes: Sequence[object]
) -> list[ClassScores]:
    """Return the scores of each class.

    Parameters
    ----------
    targets, predictions : ndarray of int64, shape (examples,)
        Class indices.
    losses : ndarray, shape (examples,)
        Cross-entropy of each row.
    classes : sequence
        Labels by index.

    Examples
    --------
    >>> cat, dog = class_scores(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([0.1, 0.9, 0.2]), ["cat", "dog"])
    >>> cat.precision, cat.recall, dog.precision, dog.recall
    (1.0, 0.5, 0.5, 1.0)
    """
    count = len(classes)
    examples = np.bincount(targets, minlength=count)
    predicted = np.bincount(predictions, minlength=count)
    right = np.bincount(targets[targets == predictions], minlength=count)
    total_losses = np.bincount(targets, losses, minlength=count)
    return [
        ClassScores(
            label,
            int(examples[k]),
            int(predicted[k]),
            _quotient(right[k], predicted[k]),
            _quotient(right[k], examples[k]),
            _quotient(2 * right[k], predicted[k] + examples[k]),
            _quotient(total_losses[k], examples[k]),
        )
        for k, label in enumerate(classes)
    ]


def macro_f1(scores: Sequence[ClassScores]) -> float:
    """Return the mean of F1 over the classes that occur or are predicted.

    Examples
    --------
    >>> macro_f1(class_scores(np.array([0, 1]), np.array([0, 0]), np.zeros(2), ["cat", "dog", "cow"]))
    0.3333333333333333
    """
    return float(np.mean([score.f1 for score in scores if score.f1 is not None]))


def balanced_accuracy(scores: Sequence[ClassScores]) -> float:
    """Return the mean of recall over the classes that occur."""
    return float(np.mean([score.recall for score in scores if score.recall is not None]))


def _quotient(numerator: float, denominator: float) -> float | None:
    return float(numerator / denominator) if denominator else None
