"""Moments of sparse features from their entries: what is not kept is counted, never stored."""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.functions import SparseFeatures
from chainrule.network import Network
from chainrule.training.objective import Examples


@dataclass(frozen=True)
class SparseInputs:
    """The entries of some rows as the first layer sees them: row, feature and value of each, in float64."""

    rows: Array
    columns: Array
    values: Array
    n_rows: int
    n_features: int

    @property
    def absent(self) -> Array:
        """How many rows have no entry, for each feature."""
        return self.n_rows - np.bincount(self.columns, minlength=self.n_features)


def sparse_inputs(network: Network, examples: Examples) -> SparseInputs:
    """Return the entries of sparse examples after the network's input scaling."""
    features = examples.X
    assert isinstance(features, SparseFeatures), "dense features are looked at block by block"
    if network.input_scaling is not None:
        features = network.input_scaling.apply_sparse("train", features)
    rows = np.repeat(np.arange(len(features)), np.diff(features.begin))
    return SparseInputs(rows, features.indices, features.values.astype(np.float64), *features.shape)


def sparse_mean(inputs: SparseInputs, values: Array, at_zero: Array) -> Array:
    """Return the mean of a function of each feature, from its value at every entry and at 0."""
    sums = np.bincount(inputs.columns, values, inputs.n_features)
    return np.asarray((sums + inputs.absent * at_zero) / inputs.n_rows)


def sparse_squares(inputs: SparseInputs, values: Array, at_zero: Array, labels: Array) -> tuple[Array, Array]:
    """Return the sums of squares between classes and in all, of a function of each feature.

    Parameters
    ----------
    inputs : SparseInputs
    values : ndarray, shape (entries,)
        The function at every entry.
    at_zero : ndarray, shape (features,)
        The function where a feature is 0.
    labels : ndarray of int64, shape (examples,)
        The class of each row, each there at least once.
    """
    counts, n_features = np.bincount(labels), inputs.n_features
    center = sparse_mean(inputs, values, at_zero)
    # Entries as what they have beyond a 0 in their place, so that no class needs to count those that are not kept.
    beyond = values - at_zero[inputs.columns]
    places = labels[inputs.rows] * n_features + inputs.columns
    sums = np.bincount(places, beyond, len(counts) * n_features).reshape(len(counts), n_features)
    sums += counts[:, None] * (at_zero - center)
    total = np.bincount(inputs.columns, np.square(values - center[inputs.columns]), n_features)
    total += inputs.absent * np.square(at_zero - center)
    return (np.square(sums) / counts[:, None]).sum(axis=0), total
