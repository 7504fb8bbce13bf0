"""How well a network does on rows with known classes."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.estimators.prediction import rows_at_a_time
from chainrule.functions import cross_entropy
from chainrule.network import Network
from chainrule.training import one_blas_thread


@dataclass(frozen=True)
class Scores:
    """The mean cross-entropy of the predicted probabilities, and the share of right predictions.

    Parameters
    ----------
    examples : int
        How many rows were judged, all with weight 1.
    loss : float
        Mean cross-entropy in nats; no penalty, weights or smoothing.
    accuracy : float
        Between 0 and 1.
    """

    examples: int
    loss: float
    accuracy: float


def judge(network: Network, features: Array, targets: Array) -> tuple[Scores, Array] | None:
    """Return the scores of a network and the class index it predicts for each row; None without rows.

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
    The linear-algebra libraries run on one thread meanwhile, so that equal models have equal scores to the last bit.

    Examples
    --------
    >>> scores, predicted = judge(Network((2, 2)), np.eye(2, dtype=np.float32), np.array([0, 1]))
    >>> round(scores.loss, 4), scores.accuracy
    (0.6931, 0.5)
    """
    judged = judge_parts(network, [(features, targets)])
    return None if judged is None else (judged[0], judged[2])


def judge_parts(network: Network, parts: Iterable[tuple[Array, Array]]) -> tuple[Scores, Array, Array] | None:
    """Return scores, class indices and predicted ones over rows that come in parts: (features, targets) each."""
    losses, labels, predictions = [], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    with one_blas_thread():
        for features, targets in parts:
            labels.append(targets)
            for rows in blocks(len(targets), rows_at_a_time(network)):
                logits = network.predict_logits(features[rows])
                loss = cross_entropy(logits, targets[rows], temperature=network.temperature, reduction="none")
                losses.append(float(np.sum(loss, dtype=np.float64)))
                predictions.append(logits.argmax(axis=1))
    right, predicted = np.concatenate(labels), np.concatenate(predictions)
    if not len(right):
        return None
    accuracy = float(np.mean(predicted == right))
    return Scores(len(right), math.fsum(losses) / len(right), accuracy), right, predicted


def blocks(count: int, rows: int) -> Iterator[slice]:
    """Yield slices of at most ``rows`` rows that cover ``count`` of them in order.

    Examples
    --------
    >>> list(blocks(3, 2))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    for start in range(0, count, rows):
        yield slice(start, min(start + rows, count))
