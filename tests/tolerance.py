"""The bounds that the functions are held to, multiples of the unit roundoff u."""

from collections.abc import Sequence
from math import sqrt

import numpy as np


def unit_roundoff(dtype: np.dtype | type) -> float:
    return float(np.finfo(dtype).eps) / 2


def smallest_normal(dtype: np.dtype | type) -> float:
    return float(np.finfo(dtype).smallest_normal)


def range_term(logits: Sequence[float], dtype: np.dtype | type, temperature: float = 1.0) -> float:
    """R: what rounding (z - m)/T costs; the range of the logits, cut off where exp underflows."""
    finite = [float(z) for z in logits if np.isfinite(z)]
    span = (max(finite) - min(finite)) / temperature if finite else 0.0
    span = min(span, 104.0 if np.dtype(dtype) == np.float32 else 745.0)
    return span if temperature == 1.0 else 2 * span


def loss_bound(logits: Sequence[float], dtype: np.dtype | type, temperature: float = 1.0) -> float:
    """Relative, for the loss of one row and each entry of log_softmax."""
    return (8 + sqrt(len(logits)) + range_term(logits, dtype, temperature)) * unit_roundoff(dtype)


def gradient_bound(logits: Sequence[float], dtype: np.dtype | type, temperature: float = 1.0) -> float:
    """Relative for index targets and softmax; for probability targets a factor of the stated absolute bound."""
    return (12 + sqrt(len(logits)) + range_term(logits, dtype, temperature)) * unit_roundoff(dtype)


def jacobian_bound(logits: Sequence[float], dtype: np.dtype | type, temperature: float = 1.0) -> float:
    """A factor of p_k sum_j p_j |v_k - v_j|, for entries of (diag(p) - p p^T) v.

    An exponential of distance d from the largest has relative error (d + 4) u in float32, (d + 2) u in float64; their
    sum at most the mean of those under p, in which the mean of d is at most ln K. Entry k is p_k times a mean of
    v_k - v_j, so it has d <= R twice, the means 2 ln K <= sqrt(K) + 2, and the constants 4 times: 16 + 2 or 8 + 2.
    In float32 the rest is computed in float64 and rounded once. In float64 the distances from the pivot, at most 4
    times as large as the mean distance from v_k, are rounded when they are made, multiplied, added up and subtracted.
    """
    constant = 20 if np.dtype(dtype) == np.float32 else 40
    spread = constant + sqrt(len(logits)) + 2 * range_term(logits, dtype, temperature)
    return spread * unit_roundoff(dtype)


ELEMENTWISE = 8  # units of roundoff: binary cross-entropy and squared error, a handful of operations each
