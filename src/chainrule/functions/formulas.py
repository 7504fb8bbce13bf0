"""The plain NumPy path: the formulas of softmax and cross-entropy for rows of logits.

The functions have the names and arguments of the compiled kernels, which they stand in for where those are absent.
Notation: a row of logits z over K classes, m = max z, t the index of the largest logit (the target's, if it ties).

    (SM.1)  s = sum_{i != t} exp((z_i - m)/T);  p_k = exp((z_k - m)/T) / (1 + s);  1 - p_t = s / (1 + s)
    (SM.2)  Jacobian J = diag(p) - p p^T, symmetric: J v = v^T J = p_k (v_k - sum_j p_j v_j) = p_k sum_j p_j (v_k - v_j)
    (SM.3)  ln p_k = (z_k - m) - log1p(s);  logsumexp = m + log1p(s)
    (CE.1)  loss = (m - z_y)/T + log1p(s), index target y
    (CE.2)  dloss/dz_k = (p_k - [k = y]) / T;  for k = y = t written -s / (1 + s)
    (CE.3)  probability targets q >= 0 of any sum: loss = sum_k q_k ((m - z_k)/T + log1p(s)),
            gradient_k = (p_k sum_{j != k} q_j - q_k (1 - p_k)) / T
    (CE.4)  second derivative: sum(q) J / T^2, J of (SM.2)
    (CE.5)  a temperature T > 0 divides the distances m - z_k, wherever they stand

Overflow and NaN are values here; the callers have told NumPy not to warn of them.
`sum exp - 1` is not a way to get s: it brings back the cancellation that leaves the loss of a confident row 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array

ELEMENTS_PER_BLOCK = 2**20  # of work that sums no rows: what its temporary arrays may hold
ROWS_PER_BLOCK = 1024  # full-batch sums: a constant of the algorithm, never of the number of threads


@dataclass(frozen=True)
class RowStatistics:
    """What (SM.1) needs of a block of rows."""

    largest: Array  # m, (rows, 1), finite except where the row is NaN or has an infinite maximum
    top: Array  # t, (rows,)
    distance: Array  # (m - z_k) / T >= 0, (rows, classes)
    exponentials: Array  # exp(-distance), 1 at t, (rows, classes)
    others: Array  # s, float64, (rows, 1); NaN where the row has no meaning

    @property
    def log_normaliser(self) -> Array:
        """Return log1p(s), float64, (rows, 1)."""
        return np.log1p(self.others)

    @property
    def probabilities(self) -> Array:
        """Return p, (rows, classes)."""
        return self.exponentials / (1 + self.others).astype(self.exponentials.dtype)

    @property
    def complements(self) -> Array:
        """Return 1 - p, for class t without cancellation, (rows, classes)."""
        complements = 1 - self.probabilities
        _put(complements, self.top, (self.others / (1 + self.others))[:, 0])
        return complements


def row_statistics(logits: Array, temperature: float = 1.0, targets: Array | None = None) -> RowStatistics:
    """Compute m, t and s of each row, with the limits for infinite logits.

    A row with one +inf has p = 1 there; a row with NaN, two +inf or nothing but -inf has s = NaN.
    """
    largest = logits.max(axis=1, keepdims=True)
    top = logits.argmax(axis=1)
    if targets is not None:
        top = np.where(_take(logits, targets) == largest[:, 0], targets, top)
    distance = _distance(largest, logits, temperature)
    _put(distance, top, 0)  # inf - inf where the maximum is infinite
    exponentials = np.exp(-distance)
    _put(exponentials, top, 0)
    others = exponentials.sum(axis=1, keepdims=True, dtype=np.float64)
    _put(exponentials, top, 1)
    meaningless = np.isnan(largest) | (largest == -np.inf) | ((logits == np.inf).sum(1, keepdims=True) > 1)
    others[meaningless] = np.nan
    return RowStatistics(largest, top, distance, exponentials, others)


def softmax_rows(logits: Array, out: Array, n_threads: int) -> None:
    """Write p of (SM.1) to ``out``."""
    del n_threads
    for rows in _blocks(len(logits)):
        out[rows] = row_statistics(logits[rows]).probabilities


def log_softmax_rows(logits: Array, out: Array, n_threads: int) -> None:
    """Write ln p of (SM.3) to ``out``."""
    del n_threads
    for rows in _blocks(len(logits)):
        statistics = row_statistics(logits[rows])
        out[rows] = -(statistics.distance + statistics.log_normaliser)


def logsumexp_rows(logits: Array, out: Array, n_threads: int) -> None:
    """Write logsumexp of (SM.3) to ``out``; +inf with any +inf, -inf where all are."""
    del n_threads
    for rows in _blocks(len(logits)):
        statistics = row_statistics(logits[rows])
        largest = statistics.largest[:, 0]
        values = largest + statistics.log_normaliser[:, 0]
        out[rows] = np.where(np.isinf(largest), largest, values)


def cross_entropy_index_rows(
    logits: Array,
    targets: Array,
    row_weight: Array | None,
    temperature: float,
    gradient_scale: float,
    losses: Array | None,
    gradient: Array | None,
    n_threads: int,
) -> float:
    """Cross-entropy of rows with index targets, (CE.1) and (CE.2), times ``row_weight``.

    Rows of weight 0 contribute 0 and have gradient 0, whatever they hold. Returns the total in float64.
    """
    del n_threads
    totals = []
    for rows in _blocks(len(logits)):
        weight = _weight(row_weight, rows)
        used = weight != 0
        y = np.where(used, targets[rows], 0)
        statistics = row_statistics(logits[rows], temperature, y)
        at_target = _distance(
            statistics.largest[:, 0].astype(np.float64),
            _take(logits[rows], y).astype(np.float64),
            temperature,
        )
        at_target[statistics.top == y] = 0
        loss = at_target + statistics.log_normaliser[:, 0]
        totals.append(_weighted(loss, weight, losses, rows))
        if gradient is not None:
            derivative = statistics.probabilities
            slope = np.where(statistics.top == y, -_take(statistics.complements, y), _take(derivative, y) - 1)
            _put(derivative, y, slope)
            _scale(derivative, weight, gradient_scale / temperature, gradient[rows])
    return binary_tree_sum(totals)


def cross_entropy_probability_rows(
    logits: Array,
    targets: Array | None,
    indices: Array | None,
    class_weight: Array | None,
    label_smoothing: float,
    row_weight: Array | None,
    temperature: float,
    gradient_scale: float,
    losses: Array | None,
    gradient: Array | None,
    n_threads: int,
) -> float:
    """Cross-entropy of rows with probability targets, or smoothed index targets, (CE.3), times ``row_weight``.

    Rows of weight 0 contribute 0 and have gradient 0, whatever they hold. Returns the total in float64.
    """
    del n_threads
    totals = []
    for rows in _blocks(len(logits)):
        weight = _weight(row_weight, rows)
        block = logits[rows]
        q = _target_masses(block, targets, indices, rows, weight)
        q = _smoothed(q, block, label_smoothing, class_weight)
        statistics = row_statistics(block, temperature)
        terms = q * (statistics.distance + statistics.log_normaliser)
        terms[(q == 0) & ~np.isnan(statistics.others)] = 0  # 0 * inf = 0
        totals.append(_weighted(terms.sum(axis=1), weight, losses, rows))
        if gradient is not None:
            derivative = statistics.probabilities * _sum_of_others(q) - q * statistics.complements
            _scale(derivative, weight, gradient_scale / temperature, gradient[rows])
    return binary_tree_sum(totals)


def softmax_jacobian_rows(
    logits: Array,
    direction: Array,
    row_weight: Array | None,
    temperature: float,
    scale: float,
    out: Array,
    n_threads: int,
) -> None:
    """Write ``row_weight * scale / T^2`` times J direction of (SM.2) to ``out``.

    Rows of weight 0 become 0, whatever they hold; other rows whose direction is not finite become NaN.
    """
    del n_threads
    for rows in _blocks(len(logits), max(1, ELEMENTS_PER_BLOCK // logits.shape[1])):
        weight = _weight(row_weight, rows)
        statistics = row_statistics(logits[rows], temperature)
        v = direction[rows].astype(np.float64)
        too_large = np.abs(v).max(axis=1, keepdims=True) > 2.0**900  # differences of such numbers overflow
        downscale = np.where(too_large, 2.0**-130, 1.0)
        product = _centred_product(statistics, v * downscale)
        factors = _jacobian_factors(weight[:, None] * scale / downscale, temperature)
        for factor in factors:
            product = product * factor
        out[rows] = np.where(weight[:, None] == 0, 0, product)


def cross_entropy_call(*arguments: object) -> None:
    """Return None: NumPy knows no shorter way than the one that checks and converts."""


softmax_call = log_softmax_call = logsumexp_call = cross_entropy_call


def first_bad_index(targets: Array, n_classes: int, ignore_index: int | None) -> int:
    """Return the position of the first target outside 0..n_classes - 1 that is not ignored, or -1."""
    bad = (targets < 0) | (targets >= n_classes)
    if ignore_index is not None:
        bad &= targets != ignore_index
    return int(bad.argmax()) if bad.any() else -1


def binary_tree_sum(values: list[float]) -> float:
    """Return the sum of the values by a binary tree of neighbours: an order fixed by their number alone."""
    while len(values) > 1:
        pairs = [a + b for a, b in zip(values[::2], values[1::2], strict=False)]
        values = pairs + values[len(values) - len(values) % 2 :]
    return values[0] if values else 0.0


def _distance(largest: Array, logits: Array, temperature: float) -> Array:
    """Return (m - z) / T, also where only m - z overflows."""
    if temperature == 1.0:
        return largest - logits
    divisor = logits.dtype.type(temperature)
    distance = (largest - logits) / divisor
    if temperature < 1:
        return distance  # it overflows too where m - z does
    overflown = np.isinf(distance) & np.isfinite(logits) & np.isfinite(largest)
    return (
        np.where(overflown, largest / divisor - logits / divisor, distance) if overflown.any() else distance
    )


def _blocks(n_rows: int, rows_per_block: int = ROWS_PER_BLOCK) -> Iterator[slice]:
    return (slice(start, start + rows_per_block) for start in range(0, n_rows, rows_per_block))


def _weight(row_weight: Array | None, rows: slice) -> Array:
    return np.ones(1) if row_weight is None else row_weight[rows]


def _take(values: Array, columns: Array) -> Array:
    return values[np.arange(len(values)), columns]


def _put(values: Array, columns: Array, entries: Array | float) -> None:
    values[np.arange(len(values)), columns] = entries


def _weighted(loss: Array, weight: Array, losses: Array | None, rows: slice) -> float:
    weighted = np.where(weight == 0, 0.0, loss * weight)
    if losses is not None:
        losses[rows] = weighted
    return float(weighted.sum())


def _scale(derivative: Array, weight: Array, scale: float, out: Array) -> None:
    largest = np.finfo(np.float64).max
    factor = np.clip(weight * scale, -largest, largest)[:, None]  # 0 * inf is not 0
    if np.abs(factor).max(initial=0) <= np.finfo(derivative.dtype).max:
        factor = factor.astype(derivative.dtype)
    out[...] = np.where(weight[:, None] == 0, 0, derivative * factor)


def _centred_product(statistics: RowStatistics, v: Array) -> Array:
    """Return J v in float64, without cancelling more than the differences v_k - v_j do.

    Distances are taken from v_t, whose large p_t then meets 0, and once more from the number nearest to the mean of
    v that this gives: no v_j is nearer, so nothing larger than those differences is rounded. A v that is not finite
    makes the first mean infinite or NaN, and with it everything after.
    """
    e = statistics.exponentials.astype(np.float64)
    total = 1 + statistics.others
    centre = _take(v, statistics.top)[:, None]
    for _ in range(2):
        mean = (e * (v - centre)).sum(axis=1, keepdims=True) / total
        from_centre, centre = v - centre, centre + mean
    return (e / total) * (from_centre - mean)


def _jacobian_factors(weight: Array, temperature: float) -> tuple[Array | float, ...]:
    """Return weight / T^2 as one factor where that is a normal number, else as finite ones: 0 * inf is not 0."""
    limits = np.finfo(np.float64)
    inverse = min(1 / temperature, float(limits.max))
    whole = weight / temperature / temperature
    normal = (np.abs(whole) >= limits.smallest_normal) & (np.abs(whole) <= limits.max)
    first = np.where(normal, whole, np.clip(weight, -limits.max, limits.max))
    second = np.where(normal, 1.0, inverse)
    return first, second, second


def _target_masses(
    logits: Array, targets: Array | None, indices: Array | None, rows: slice, weight: Array
) -> Array:
    if targets is not None:
        return targets[rows].astype(np.float64)
    assert indices is not None
    masses = np.zeros(logits.shape)
    _put(masses, np.where(weight == 0, 0, indices[rows]), 1)
    return masses


def _smoothed(masses: Array, logits: Array, label_smoothing: float, class_weight: Array | None) -> Array:
    """Mix in the uniform distribution over the unmasked classes, then weight the classes."""
    if label_smoothing:
        unmasked = (logits != -np.inf) | (masses > 0)
        share = label_smoothing / np.maximum(unmasked.sum(axis=1, keepdims=True), 1)
        masses = (1 - label_smoothing) * masses + np.where(unmasked, share, 0)
    return masses if class_weight is None else masses * class_weight


def _sum_of_others(q: Array) -> Array:
    """Return sum_{j != k} q_j with a small relative error also where one q_k is nearly all of the sum."""
    largest = q.argmax(axis=1)
    mass = _take(q, largest)
    rest = q.copy()
    _put(rest, largest, 0)
    others_of_largest = rest.sum(axis=1)
    others = (others_of_largest + mass)[:, None] - q
    _put(others, largest, others_of_largest)
    return others
