"""Predictions a few rows at a time, so that the hidden layers of all rows are never held at once."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.functions import Features, log_softmax
from chainrule.network import Network

ROWS_AT_A_TIME = 8192
LAYER_BYTES = 2**26
"""What the widest layer of the rows that are predicted at a time takes at most, as long as it is one row."""


def by_blocks(network: Network, features: Features, predict: Callable[[Network, Any], Array]) -> Array:
    """Return what a function gives for the rows of features, asked some rows at a time.

    Examples
    --------
    >>> by_blocks(Network((1, 2)), np.ones((3, 1)), Network.predict_proba).tolist()
    [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]
    """
    results = None
    for block, found in blocks_of(network, features, predict):
        if results is None:
            results = np.empty((rows_of(features), *found.shape[1:]), found.dtype)
        results[block] = found
    assert results is not None, "there is a block even without rows"
    return results


def blocks_of(
    network: Network, features: Features, predict: Callable[[Network, Any], Array]
) -> Iterator[tuple[slice, Array]]:
    """Yield which rows, and what a function gives for them; what is no table of features goes to it as a whole.

    Examples
    --------
    >>> [rows for rows, _ in blocks_of(Network((1, 2)), np.ones((3, 1)), Network.predict_proba)]
    [slice(0, 3, None)]
    """
    n_rows, rows = rows_of(features), rows_at_a_time(network)
    for first in range(0, max(n_rows, 1), rows):
        block = slice(first, min(first + rows, n_rows))
        yield block, predict(network, features if n_rows <= rows else features[block])


def rows_of(features: Features) -> int:
    """Return the number of rows, of sparse matrices too; 0 for what is no table of features."""
    shape: tuple[int, ...] = getattr(features, "shape", ())
    return shape[0] if len(shape) == 2 else 0


def rows_at_a_time(network: Network) -> int:
    """Return of how many rows a network's layers are held at a time: a power of two, by the network's sizes alone.

    Examples
    --------
    >>> rows_at_a_time(Network((4, 32, 10))), rows_at_a_time(Network((1, 100_000)))
    (8192, 128)
    """
    rows, bytes_of_row = ROWS_AT_A_TIME, max(network.layer_sizes[1:]) * network.dtype.itemsize
    while rows > 1 and rows * bytes_of_row > LAYER_BYTES:
        rows //= 2
    return rows


def chosen_classes(network: Network, features: Features) -> Array:
    """Return the number of the largest logit, shape (rows,)."""
    return np.asarray(network.predict_logits(features).argmax(axis=1))


def most_probable(network: Network, features: Features) -> Array:
    """Return the number of the first class with the largest probability, shape (rows,)."""
    return np.asarray(network.predict_proba(features).argmax(axis=1))


def logit_differences(network: Network, features: Features) -> Array:
    """Return the second logit less the first, shape (rows,)."""
    logits = network.predict_logits(features)
    return np.asarray(logits[:, 1] - logits[:, 0])


def log_probabilities(network: Network, features: Features) -> Array:
    """Return the logarithm of each class's probability, shape (rows, classes)."""
    return np.asarray(log_softmax(network.predict_logits(features) / network.temperature))
