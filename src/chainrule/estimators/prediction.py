"""Predictions a few rows at a time, so that the hidden layers of all rows are never held at once."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.functions import Features, log_softmax
from chainrule.network import Network

ROWS_AT_A_TIME = 8192


def by_blocks(network: Network, features: Features, predict: Callable[[Network, Any], Array]) -> Array:
    """Return what a function gives for the rows of features, of which there is at least one.

    Examples
    --------
    >>> by_blocks(Network((1, 2)), np.ones((3, 1)), Network.predict_proba).tolist()
    [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]
    """
    results = None
    for block in _blocks(len(features)):
        found = predict(network, features[block])
        if results is None:
            results = np.empty((len(features), *found.shape[1:]), found.dtype)
        results[block] = found
    assert results is not None, "features without rows are refused"
    return results


def chosen_classes(network: Network, features: Features) -> Array:
    """Return the number of the largest logit, shape (rows,)."""
    return np.asarray(network.predict_logits(features).argmax(axis=1))


def logit_differences(network: Network, features: Features) -> Array:
    """Return the second logit less the first, shape (rows,)."""
    logits = network.predict_logits(features)
    return np.asarray(logits[:, 1] - logits[:, 0])


def log_probabilities(network: Network, features: Features) -> Array:
    """Return the logarithm of each class's probability, shape (rows, classes)."""
    return np.asarray(log_softmax(network.predict_logits(features) / network.temperature))


def _blocks(n_rows: int) -> Iterator[slice]:
    return (slice(first, first + ROWS_AT_A_TIME) for first in range(0, n_rows, ROWS_AT_A_TIME))
