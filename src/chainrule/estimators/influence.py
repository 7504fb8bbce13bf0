"""How much a network relies on each column: the rise of the log-loss when the column's values change places.

With L the mean cross-entropy of some rows, pi a random order of the rows and X_(c, pi) the rows whose column c, and it
alone, is taken from row pi(n) ::

    (PI.1)  influence of c under pi = L(X_(c, pi)) - L(X)     [Breiman2001, section 10; FisherRudinDominici2019]

A column may be several features (one for each category, one for missing values): they change places together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from chainrule._types import Array
from chainrule.estimators.scores import judge
from chainrule.kernels import Purpose, permutation
from chainrule.network import Network

MOST_ROWS = 2000
LEAST_ROWS = 200
MOST_PRODUCTS = 2e11
"""Multiplications of all forward passes together: seconds on one core."""


@dataclass(frozen=True)
class ColumnInfluence:
    """How the log-loss rose, in nats, each time a column was permuted."""

    column: str
    rises: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean rise; below 0 by chance where the column does not matter."""
        return float(np.mean(self.rises))


def column_influences(
    network: Network,
    features: Any,
    targets: Array,
    columns: Sequence[tuple[str, int]],
    *,
    repeats: int = 5,
    seed: int = 0,
) -> list[ColumnInfluence]:
    """Return the influence (PI.1) of each column, ``repeats`` times under another random order.

    Parameters
    ----------
    network : Network
        With a softmax head.
    features : ndarray or scipy.sparse, shape (examples, features)
        Encoded rows; they are left as they are.
    targets : ndarray of int64, shape (examples,)
        Class indices; at least one.
    columns : sequence of (str, int)
        Name and number of features of each column, in the order of the features.
    repeats, seed : int
        How often, and what the orders depend on beside the column's place.

    Returns
    -------
    list of ColumnInfluence
        In the order of the columns.

    Examples
    --------
    >>> network = Network((2, 2), random_state=0)
    >>> network.named_parameters["W1"][:] = [[4.0, 0.0], [-4.0, 0.0]]
    >>> X = np.array([[1.0, 0.3], [-1.0, 0.2], [1.0, 0.1], [-1.0, 0.0]])
    >>> found = column_influences(network, X, np.array([0, 1, 0, 1]), [("used", 1), ("unused", 1)])
    >>> found[0].mean > 1.0, found[1].mean
    (True, 0.0)
    """
    baseline = mean_loss(network, features, targets)
    found, start = [], 0
    for place, (name, width) in enumerate(columns):
        where = slice(start, start + width)
        orders = (permutation(len(targets), Purpose.INFLUENCE, seed, place, n) for n in range(repeats))
        rises = tuple(
            mean_loss(network, with_permuted(features, where, order), targets) - baseline for order in orders
        )
        found.append(ColumnInfluence(name, rises))
        start += width
    return found


def rows_for_influence(network: Network, n_columns: int, repeats: int = 5) -> int:
    """Return how many rows to permute, so that all passes together take seconds.

    Examples
    --------
    >>> rows_for_influence(Network((4, 3)), 4), rows_for_influence(Network((784, 256, 10)), 784)
    (2000, 250)
    """
    products = network.parameters.size * n_columns * repeats
    return int(min(max(MOST_PRODUCTS // products, LEAST_ROWS), MOST_ROWS))


def with_permuted(features: Any, columns: slice, order: Array) -> Any:
    """Return features whose columns of a slice are taken from the rows of an order.

    Examples
    --------
    >>> with_permuted(np.array([[1, 2], [3, 4]]), slice(1, 2), np.array([1, 0])).tolist()
    [[1, 4], [3, 2]]
    """
    if sparse.issparse(features):
        parts = [features[:, : columns.start], features[order][:, columns], features[:, columns.stop :]]
        return sparse.hstack(parts, format="csr")
    permuted = features.copy()
    permuted[:, columns] = features[order, columns]
    return permuted


def mean_loss(network: Network, features: Any, targets: Array) -> float:
    """Return the mean cross-entropy of at least one row."""
    judged = judge(network, features, targets)
    assert judged is not None, "there is a row"
    return judged[0].loss
