"""The temperature that fits the validation rows best.

With b = exp(theta) = 1 / T and the weights s_i of the n rows scaled to mean 1, theta is the minimum of ::

    (TC.1)  C(theta) = sum_i s_i l_i(b z_i)  +  theta^2 / (2 sigma^2)     [Guo2017]

l_i the cross-entropy of row i at its logits times b. The second term is the logarithm of a normal density: without it
a few validation rows that are all right would send T to 0, and one wrong row among them would then cost everything. It
weighs as little as one row against n. With p = softmax(b z), u_i = sum_k q_ik (sum_j p_ij z_ij - z_ik) and the
variance v_i = sum_k q_ik (sum_j p_ij z_ij^2 - (sum_j p_ij z_ij)^2) ::

    (TC.2)  C' = b sum_i s_i u_i + theta / sigma^2;     C'' = b sum_i s_i u_i + b^2 sum_i s_i v_i + 1 / sigma^2
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from chainrule._types import Array
from chainrule.functions import cross_entropy, softmax
from chainrule.network import Network
from chainrule.training.fixed_order import tree_sum
from chainrule.training.objective import Examples, Loss
from chainrule.training.outcome import Outcome, StopReason
from chainrule.training.row_blocks import rows_of_block

SPREAD = 0.5
"""sigma of (TC.1), the standard deviation of log T before any row is seen: T between 0.4 and 2.7 for most networks."""
LIMIT = 3.0
"""theta stays in [-LIMIT, LIMIT]: T between 0.05 and 20."""
TOLERANCE = 1e-10
MAX_ITERATIONS = 100
MOST_LOGITS = 2**26
"""Of more validation rows and classes than that, rows at even distances serve: one number is fitted to them."""


@dataclass(frozen=True)
class Sharpness:
    """C of (TC.1) and its two derivatives at one theta."""

    value: float
    slope: float
    curvature: float


def calibrated(network: Network, examples: Examples, loss: Loss, outcome: Outcome) -> Outcome:
    """Give a trained network the temperature of (TC.1) and return the outcome that reports it.

    A run that left the network as it was before, for it diverged or never improved, leaves its temperature too.
    """
    if outcome.reason in (StopReason.DIVERGED, StopReason.NOT_IMPROVED):
        return outcome
    temperature = fitted_temperature(network, examples, loss)
    network.temperature = temperature
    told = f"{outcome.message} Logits are divided by {temperature:.3g}, which fits the validation rows best."
    return replace(outcome, temperature=temperature, message=told)


def fitted_temperature(network: Network, examples: Examples, loss: Loss) -> float:
    """Return the temperature of (TC.1) for a softmax network and rows it was not trained on.

    Parameters
    ----------
    network : Network
        With a softmax head; left as it is.
    examples : Examples
        Validation rows; their weights count.
    loss : Loss
        Its class weights count, inside the targets.

    Returns
    -------
    float
        T = exp(-theta), in [exp(-3), exp(3)]; 1 where the logits are not finite.

    Notes
    -----
    Newton's method on theta in float64, each step kept inside a bracket of the minimum that bisection narrows
    wherever the curvature is not positive or the step leaves it. The logits are held in the network's dtype; all else
    is made block by block of rows, and summed as a binary tree. Where rows times classes are more than 67 million, only
    so many of the rows that count are looked at.
    """
    examples = enough_rows(examples, network.n_outputs)
    rows = rows_of_block(network.layer_sizes[1:])
    logits = np.empty((len(examples), network.n_outputs), network.dtype)
    for place in _places(examples, rows):
        logits[place] = network.predict_logits(examples.X[place])
        if not np.isfinite(logits[place]).all():
            return 1.0

    def targets(place: slice) -> Array:
        return _weighted_targets(examples, place, loss, network.n_outputs)

    (weight,) = tree_sum((targets(place).sum(),) for place in _places(examples, rows))
    per_row = len(examples) / float(weight)

    def sharpness(theta: float) -> Sharpness:
        blocks = ((logits[place].astype(np.float64), targets(place)) for place in _places(examples, rows))
        sums = tree_sum(_sums(block, per_row * target, theta) for block, target in blocks)
        value, slope, spread = map(float, sums)
        return Sharpness(
            value + 0.5 * (theta / SPREAD) ** 2,
            slope + theta / SPREAD**2,
            slope + spread + SPREAD**-2,
        )

    return math.exp(-_safeguarded_newton(sharpness))


def enough_rows(examples: Examples, n_outputs: int) -> Examples:
    """Return the rows themselves, or as many of those with a weight as make :data:`MOST_LOGITS` logits.

    Examples
    --------
    >>> rows = Examples(np.zeros((3000, 1)), np.zeros(3000, np.int64))
    >>> len(enough_rows(rows, 10)), len(enough_rows(rows, 100_000))
    (3000, 600)
    """
    most = max(1, MOST_LOGITS // n_outputs)
    if len(examples) <= most:
        return examples
    weights = examples.sample_weight
    counting = np.arange(len(examples)) if weights is None else np.flatnonzero(weights)
    return examples.take(counting[:: -(-len(counting) // most)])


def _places(examples: Examples, rows: int) -> Iterator[slice]:
    """Yield where blocks of rows lie."""
    return (slice(first, first + rows) for first in range(0, len(examples), rows))


def _weighted_targets(examples: Examples, place: slice, loss: Loss, n_outputs: int) -> Array:
    """Return s_i q_ik of some rows, class weights inside, in float64, shape (rows, outputs)."""
    y = examples.y[place]
    if y.ndim == 1:
        weighted = np.zeros((len(y), n_outputs))
        weighted[np.arange(len(y)), y] = 1.0
    else:
        weighted = y.astype(np.float64)
    if loss.class_weight is not None:
        weighted = weighted * loss.class_weight
    if examples.sample_weight is not None:
        weighted = weighted * examples.sample_weight[place, None]
    return np.asarray(weighted)


def _sums(logits: Array, targets: Array, theta: float) -> tuple[float, float, float]:
    """Return the sums over rows in (TC.1) and in C' of (TC.2), and what C'' adds to that of C'."""
    b, mass = math.exp(theta), targets.sum(axis=1)
    centred = logits - logits.max(axis=1, keepdims=True)
    p = softmax(b * centred)
    mean = (p * centred).sum(axis=1)
    variance = (p * np.square(centred - mean[:, None])).sum(axis=1)
    slope = b * float((mass * mean).sum() - (targets * centred).sum())
    value = float(cross_entropy(b * centred, targets, reduction="sum"))
    return value, slope, b * b * float((mass * variance).sum())


def _safeguarded_newton(function: Callable[[float], Sharpness]) -> float:
    """Return the theta in [-LIMIT, LIMIT] at which the slope is 0, or the end towards which it falls."""
    low, high, theta = -LIMIT, LIMIT, 0.0
    for _ in range(MAX_ITERATIONS):
        at = function(theta)
        low, high = (theta, high) if at.slope < 0.0 else (low, theta)
        step = -at.slope / at.curvature if at.curvature > 0.0 else math.inf
        if not low <= theta + step <= high:
            step = (low + high) / 2.0 - theta
        theta += step
        if abs(step) <= TOLERANCE:
            break
    return theta
