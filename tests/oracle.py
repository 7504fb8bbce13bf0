"""The truth at 50 digits: softmax, cross-entropy and their relatives for one row, by mpmath.

Written from the definitions, without regard to overflow or cancellation: mpmath has room for both.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import mpmath

DIGITS = 50
_context = mpmath.mp.clone()
_context.dps = DIGITS + 330  # exp(-745) = 1e-324 beside 1 must still be seen


def exact(values: Sequence[float]) -> list[Any]:
    return [_context.mpf(float(value)) for value in values]


def log(value: Any) -> Any:
    return _context.log(value)


def softmax(logits: Sequence[float], temperature: float = 1.0) -> list[Any]:
    return _softmax(tuple(float(z) for z in logits), temperature)


def logsumexp(logits: Sequence[float], temperature: float = 1.0) -> Any:
    z = exact(logits)
    largest = max(z)
    total = _context.fsum(_exponentials(logits, temperature))
    return largest / _context.mpf(temperature) + _context.log(total)


def log_softmax(logits: Sequence[float], temperature: float = 1.0) -> list[Any]:
    return [_context.log(p) for p in softmax(logits, temperature)]


def cross_entropy(logits: Sequence[float], targets: Sequence[float], temperature: float = 1.0) -> Any:
    """-sum_k q_k ln p_k for a row of probability targets (one-hot for an index)."""
    p = softmax(logits, temperature)
    return -_context.fsum(q * _context.log(pk) for q, pk in zip(exact(targets), p, strict=True) if q)


def cross_entropy_gradient(
    logits: Sequence[float], targets: Sequence[float], temperature: float = 1.0
) -> list[Any]:
    p, q = softmax(logits, temperature), exact(targets)
    total = _context.fsum(q)
    return [(pk * total - qk) / _context.mpf(temperature) for pk, qk in zip(p, q, strict=True)]


def softmax_jacobian(
    logits: Sequence[float], direction: Sequence[float], temperature: float = 1.0
) -> tuple[list[Any], list[Any]]:
    """(diag(p) - p p^T) v, and p_k sum_j p_j |v_k - v_j|, the size that its errors are measured by."""
    p, v = softmax(logits, temperature), exact(direction)
    mean = _context.fsum(pj * vj for pj, vj in zip(p, v, strict=True))
    product = [pk * (vk - mean) for pk, vk in zip(p, v, strict=True)]
    return product, [pk * spread for pk, spread in zip(p, _mean_distances(p, v), strict=True)]


def sigmoid(logit: float) -> Any:
    return 1 / (1 + _context.exp(-_context.mpf(float(logit))))


def binary_cross_entropy(logit: float, target: float) -> Any:
    y, o = _context.mpf(float(target)), sigmoid(logit)
    first = y * _context.log(o) if y else 0
    second = (1 - y) * _context.log(sigmoid(-logit)) if y != 1 else 0
    return -(first + second)


def binary_cross_entropy_gradient(logit: float, target: float) -> Any:
    y = _context.mpf(float(target))
    return (1 - y) * sigmoid(logit) - y * sigmoid(-logit)


def relative_error(value: float, truth: Any) -> float:
    if truth == 0:
        return 0.0 if value == 0 else float("inf")
    return float(abs((_context.mpf(float(value)) - truth) / truth))


def absolute_error(value: float, truth: Any) -> float:
    return float(abs(_context.mpf(float(value)) - truth))


def _mean_distances(p: list[Any], v: list[Any]) -> list[Any]:
    """sum_j p_j |v_k - v_j| for each k, in one pass over the sorted v."""
    order = sorted(range(len(v)), key=v.__getitem__)
    total = _context.fsum(pj * vj for pj, vj in zip(p, v, strict=True))
    mass_below = weighted_below = _context.mpf(0)
    distances = [_context.mpf(0)] * len(v)
    for k in order:
        below = v[k] * mass_below - weighted_below
        above = (total - weighted_below) - v[k] * (1 - mass_below)
        distances[k] = below + above
        mass_below, weighted_below = mass_below + p[k], weighted_below + p[k] * v[k]
    return distances


@lru_cache(maxsize=64)  # one row is asked about for several targets
def _softmax(logits: tuple[float, ...], temperature: float) -> list[Any]:
    terms = _exponentials(logits, temperature)
    total = _context.fsum(terms)
    return [term / total for term in terms]


def _exponentials(logits: Sequence[float], temperature: float) -> list[Any]:
    z = exact(logits)
    largest = max(z)
    return [_context.exp((value - largest) / _context.mpf(temperature)) for value in z]
