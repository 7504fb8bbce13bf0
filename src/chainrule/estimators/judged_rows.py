"""What a network says of each row whose class is known: its loss, the class it predicts, and how sure it is."""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.estimators.prediction import rows_at_a_time
from chainrule.estimators.scores import blocks
from chainrule.functions import cross_entropy, softmax
from chainrule.network import Network
from chainrule.training import one_blas_thread


@dataclass(frozen=True)
class RowJudgements:
    """One number of each kind for each row; memory grows with the rows and not with the classes.

    Parameters
    ----------
    losses : ndarray of float64, shape (examples,)
        Cross-entropy of the predicted probabilities, in nats.
    predictions : ndarray of int64, shape (examples,)
        Index of the most probable class.
    confidences : ndarray of float64, shape (examples,)
        Its probability.
    """

    losses: Array
    predictions: Array
    confidences: Array


def judge_rows(network: Network, features: Array, targets: Array) -> RowJudgements:
    """Return what a network says of each row.

    Parameters
    ----------
    network : Network
        With a softmax head; its temperature counts, as in the probabilities it predicts.
    features : ndarray or scipy.sparse, shape (examples, features)
        Encoded rows.
    targets : ndarray of int64, shape (examples,)
        Class indices.

    Notes
    -----
    The linear-algebra libraries run on one thread meanwhile, so that equal models give equal numbers to the last bit.

    Examples
    --------
    >>> judged = judge_rows(Network((2, 2)), np.eye(2, dtype=np.float32), np.array([0, 1]))
    >>> judged.losses.round(4).tolist(), judged.confidences.tolist()
    ([0.6931, 0.6931], [0.5, 0.5])
    """
    count = len(targets)
    losses, confidences = np.empty(count), np.empty(count)
    predictions = np.empty(count, dtype=np.int64)
    with one_blas_thread():
        for rows in blocks(count, rows_at_a_time(network)):
            logits = network.predict_logits(features[rows])
            losses[rows] = cross_entropy(
                logits, targets[rows], temperature=network.temperature, reduction="none"
            )
            predictions[rows] = logits.argmax(axis=1)
            confidences[rows] = softmax(logits / network.temperature).max(axis=1)
    return RowJudgements(losses, predictions, confidences)
