"""The truth in extended precision, for many rows at a time: values, and the size that errors are measured by.

Written from the definitions and the table of values at the edge, without any of the package's code. Extended precision
(64 bits of mantissa, 15 of exponent) has room for every product; sums of one sign are all that is ever subtracted from.
"""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array

EXTENDED = np.longdouble


@dataclass(frozen=True)
class Softmax:
    """(SM.1) of rows, where they have a meaning."""

    distance: Array  # (m - z) / T
    p: Array
    complement: Array  # 1 - p
    rest: Array  # s, (rows, 1)
    undefined: Array  # (rows,)
    top: Array  # (rows,)


def softmax(logits: Array, temperature: float = 1.0) -> Softmax:
    z = logits.astype(EXTENDED)
    infinite = np.isposinf(z).sum(axis=1)
    undefined = np.isnan(z).any(axis=1) | (infinite > 1) | np.isneginf(z).all(axis=1)
    z[undefined] = 0
    top = z.argmax(axis=1)
    largest = np.take_along_axis(z, top[:, None], 1)
    distance = (largest - z) / EXTENDED(temperature)
    np.put_along_axis(distance, top[:, None], 0, 1)
    e = np.exp(-distance)
    others = e.copy()
    np.put_along_axis(others, top[:, None], 0, 1)
    rest = others.sum(axis=1, keepdims=True)
    p = e / (1 + rest)
    complement = 1 - p
    np.put_along_axis(complement, top[:, None], rest / (1 + rest), 1)
    return Softmax(distance, p, complement, rest, undefined, top)


def with_undefined(values: Array, undefined: Array) -> Array:
    values = values.copy()
    values[undefined] = np.nan
    return values


def logsumexp(logits: Array) -> Array:
    row = softmax(logits)
    z = logits.astype(EXTENDED)
    values = z.max(axis=1) + np.log1p(row.rest[:, 0])
    values = np.where(np.isinf(z.max(axis=1)), z.max(axis=1), values)
    return np.where(np.isnan(z).any(axis=1), np.nan, values)


def losses(row: Softmax, q: Array) -> Array:
    """sum_k q_k ((m - z_k) / T + log1p(s)), (rows,); 0 * inf = 0."""
    terms = np.where(q == 0, 0, q * (row.distance + np.log1p(row.rest)))
    return with_undefined(terms.sum(axis=1), row.undefined)


def gradients(row: Softmax, q: Array) -> tuple[Array, Array]:
    """(CE.3) by z / T, and p_k sum_{j != k} q_j + q_k (1 - p_k)."""
    positive, negative = row.p * sums_of_others(q), q * row.complement
    return with_undefined(positive - negative, row.undefined), positive + negative


def jacobian_products(row: Softmax, v: Array) -> tuple[Array, Array]:
    """(SM.2), and p_k sum_j p_j |v_k - v_j|; a direction that is not finite has no product."""
    undefined = row.undefined | ~np.isfinite(v).all(axis=1)
    v = np.where(undefined[:, None], 0, v.astype(EXTENDED))
    w = v - np.take_along_axis(v, row.top[:, None], 1)
    mean = (row.p * w).sum(axis=1, keepdims=True)
    return with_undefined(row.p * (w - mean), undefined), row.p * _mean_distances(row.p, v)


def sums_of_others(q: Array) -> Array:
    """sum_{j != k} q_j, by sums from both ends."""
    before, after = np.zeros_like(q), np.zeros_like(q)
    before[:, 1:] = np.cumsum(q[:, :-1], axis=1)
    after[:, :-1] = np.cumsum(q[:, :0:-1], axis=1)[:, ::-1]
    return before + after


def _mean_distances(p: Array, v: Array) -> Array:
    """sum_j p_j |v_k - v_j|: each gap between neighbours counts for the mass on its other side."""
    order = np.argsort(v, axis=1, kind="stable")
    mass, ordered = np.take_along_axis(p, order, 1), np.take_along_axis(v, order, 1)
    gaps = np.diff(ordered, axis=1)
    below = np.zeros_like(v)
    above = np.zeros_like(v)
    below[:, 1:] = np.cumsum(gaps * np.cumsum(mass, axis=1)[:, :-1], axis=1)
    mass_above = np.cumsum(mass[:, ::-1], axis=1)[:, ::-1]
    above[:, :-1] = np.cumsum((gaps * mass_above[:, 1:])[:, ::-1], axis=1)[:, ::-1]
    distances = np.empty_like(v)
    np.put_along_axis(distances, order, below + above, 1)
    return distances


def binary_cross_entropy(z: Array, y: Array) -> tuple[Array, Array, Array]:
    """Terms, their derivatives, and the size of those; an infinite logit gives the limit."""
    z, y = z.astype(EXTENDED), y.astype(EXTENDED)
    tail = np.log1p(np.exp(-np.abs(z)))
    no = np.where(y == 0, 0, y * (np.maximum(-z, 0) + tail))
    yes = np.where(y == 1, 0, (1 - y) * (np.maximum(z, 0) + tail))
    up, down = (1 - y) / (1 + np.exp(-z)), y / (1 + np.exp(z))
    return np.where(np.isnan(z), np.nan, no + yes), up - down, up + down
