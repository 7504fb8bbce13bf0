"""What features tell of a run that learns nothing: constant ones, badly scaled ones, and none that knows the labels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.functions import SparseFeatures
from chainrule.network import Network
from chainrule.training.diagnosis_entries import sparse_inputs, sparse_mean, sparse_squares
from chainrule.training.objective import Examples

SAMPLED_ROWS = 16_384
"""The most rows that are looked at, spread evenly over all."""
SCALES_APART = 1e3
"""Features whose standard deviations, or mean and standard deviation, differ by such a factor are badly scaled."""
CHANCE = 1e-3
"""A relation this improbable by chance, over all features together, is taken for one."""


def sampled(examples: Examples) -> Examples:
    """Return at most :data:`SAMPLED_ROWS` rows, evenly spread: rows may be in the order of their classes."""
    if len(examples) <= SAMPLED_ROWS:
        return examples
    return examples.select(np.arange(SAMPLED_ROWS) * len(examples) // SAMPLED_ROWS)


@dataclass(frozen=True)
class Moments:
    """Mean and standard deviation of each feature as the first layer sees it, shape (features,), in float64."""

    mean: Array
    deviation: Array

    @property
    def constant(self) -> Array:
        """Which features do not vary, but for the rounding of their mean."""
        return self.deviation <= 1e-7 * np.abs(self.mean)


def feature_moments(network: Network, examples: Examples) -> Moments:
    """Return the moments of the network's inputs over some rows.

    Examples
    --------
    >>> rows = Examples(np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([0, 1]))
    >>> feature_moments(Network((2, 2)), rows)
    Moments(mean=array([2., 5.]), deviation=array([1., 0.]))
    """
    if isinstance(examples.X, SparseFeatures):
        entries = sparse_inputs(network, examples)
        mean = sparse_mean(entries, entries.values, np.zeros(network.n_features))
        squares = sparse_mean(entries, np.square(entries.values - mean[entries.columns]), np.square(mean))
        return Moments(mean, np.sqrt(squares))
    mean = _mean(network, examples, lambda rows, _: rows)
    return Moments(mean, np.sqrt(_mean(network, examples, lambda rows, _: np.square(rows - mean))))


def constant_features(moments: Moments) -> str | None:
    """Return what to say if at least half of the features have one value only."""
    constant = np.flatnonzero(moments.constant)
    if 2 * len(constant) < len(moments.mean):
        return None
    named = ", ".join(map(str, constant[:5])) + (", ..." if len(constant) > 5 else "")
    return (
        f"{len(constant)} of {len(moments.mean)} features ({named}) are constant: they have one value in every row "
        "and tell nothing. Look at how they were made."
    )


def badly_scaled_features(moments: Moments) -> str | None:
    """Return what to say if features are on very different scales, or far from 0."""
    varying = np.flatnonzero(~moments.constant)
    if not len(varying):
        return None
    deviation = moments.deviation[varying]
    low, high = varying[deviation.argmin()], varying[deviation.argmax()]
    remedy = "Standardise them: SoftmaxClassifier does with scaling='standard', fit_table always."
    if moments.deviation[high] > SCALES_APART * moments.deviation[low]:
        return (
            f"the features are badly scaled: the standard deviation of feature {high} is "
            f"{moments.deviation[high]:.3g}, that of feature {low} {moments.deviation[low]:.3g}. {remedy}"
        )
    far = varying[(np.abs(moments.mean[varying]) / deviation).argmax()]
    if abs(moments.mean[far]) > SCALES_APART * moments.deviation[far]:
        return (
            f"the features are badly scaled: feature {far} has mean {moments.mean[far]:.3g} and standard deviation "
            f"{moments.deviation[far]:.3g}. {remedy}"
        )
    return None


def labels_tell(network: Network, examples: Examples, moments: Moments) -> bool:
    """Return whether mean or spread of some feature differs between the classes by more than chance.

    The one-way analysis of variance [Fisher1925] of each feature and of its squared deviation, with the bound
    :data:`CHANCE` shared out over all of them.
    """
    from scipy.special import fdtrc  # here: it takes longer to load than this room

    y = examples.y if examples.y.ndim == 1 else examples.y.argmax(axis=1)
    classes, labels = np.unique(y, return_inverse=True)
    varying = ~moments.constant
    between_freedom, within_freedom = len(classes) - 1, len(y) - len(classes)
    if between_freedom < 1 or within_freedom < 1 or not varying.any():
        return False
    chances = []
    for function in _VIEWS:
        between, total = _squares(network, examples, labels, moments, function)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (between / between_freedom) / ((total - between).clip(min=0.0) / within_freedom)
        chances.append(fdtrc(between_freedom, within_freedom, ratio[varying]))
    return bool(np.nanmin(chances) * 2 * varying.sum() < CHANCE)


def _raw(z: Array) -> Array:
    return z


_VIEWS: tuple[Callable[[Array], Array], ...] = (_raw, np.square)


def _squares(
    network: Network, examples: Examples, labels: Array, moments: Moments, function: Callable[[Array], Array]
) -> tuple[Array, Array]:
    """Return the sums of squares between classes and in all, of a function of the standardised features."""
    scale = np.where(moments.constant, 1.0, moments.deviation)

    def view(rows: Array) -> Array:
        return function((rows - moments.mean) / scale)

    counts = np.bincount(labels)
    if isinstance(examples.X, SparseFeatures):
        entries = sparse_inputs(network, examples)
        columns = entries.columns
        values = function((entries.values - moments.mean[columns]) / scale[columns])
        return sparse_squares(entries, values, function(-moments.mean / scale), labels)
    center = _mean(network, examples, lambda rows, _: view(rows))
    sums, total = np.zeros((len(counts), len(center))), np.zeros(len(center))
    for rows, place in _inputs(network, examples):
        deviations = view(rows) - center
        order = np.argsort(labels[place], kind="stable")
        present, starts = np.unique(labels[place][order], return_index=True)
        sums[present] += np.add.reduceat(deviations[order], starts, axis=0)
        total += np.square(deviations).sum(axis=0)
    return (np.square(sums) / counts[:, None]).sum(axis=0), total


def _mean(network: Network, examples: Examples, function: Callable[[Array, slice], Array]) -> Array:
    total = np.zeros(network.n_features)
    for rows, place in _inputs(network, examples):
        total += function(rows, place).sum(axis=0)
    return total / len(examples)


def _inputs(network: Network, examples: Examples) -> Iterator[tuple[Array, slice]]:
    """Yield what the first layer sees of each block of rows, in float64, and where the block lies."""
    first = 0
    for block in examples.blocks(network):
        inputs = network.forward(block.X).inputs
        assert not isinstance(inputs, SparseFeatures), "those are looked at entry by entry"
        yield inputs.astype(np.float64), slice(first, first + len(block))
        first += len(block)
