"""The formulas for rows in jax.numpy, differentiable to every order in forward and reverse mode.

Classes stand on the last axis; T is a number. Each function that cancels or overflows when JAX differentiates it has
a derivative of its own, made of functions of this file, so that the next derivative is accurate again. All rules are
linear in the tangents by plain operations, which JAX transposes for reverse mode.
"""

from math import sqrt
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from chainrule.functions.jax.derivatives import Pair, TangentPair, differentiable, sum_of_moving
from chainrule.functions.jax.sums import at_largest, blocked_sum, sum_of_others

_USUAL_TEMPERATURES = {"float32": (1e-30, 1e30), "float64": (1e-300, 1e300)}


class RowStatistics(NamedTuple):
    """What (SM.1) needs of rows."""

    is_top: jax.Array  # [k = t]
    distance: jax.Array  # (m - z_k) / T
    exponentials: jax.Array  # exp(-distance)
    others: jax.Array  # s, kept as an axis of 1; NaN where the row has no meaning


def row_statistics(logits: jax.Array, temperature: float) -> RowStatistics:
    """Return t, the distances and s of each row, with the limits for infinite logits."""
    largest = logits.max(-1, keepdims=True)
    is_top = at_largest(logits)
    distance = jnp.where(is_top, 0, _distance(largest, logits, temperature))
    exponentials = jnp.exp(-distance)
    others = blocked_sum(jnp.where(is_top, 0, exponentials))[..., None]
    several = (logits == jnp.inf).sum(-1, keepdims=True) > 1
    meaningless = jnp.isnan(largest) | (largest == -jnp.inf) | several
    return RowStatistics(is_top, distance, exponentials, jnp.where(meaningless, jnp.nan, others))


@differentiable(1)
def probabilities(logits: jax.Array, temperature: float) -> jax.Array:
    """Return p of (SM.1).

    Examples
    --------
    >>> probabilities(jnp.array([0.0, 0.0]), 1.0).tolist()
    [0.5, 0.5]
    """
    rows = row_statistics(logits, temperature)
    return rows.exponentials / (1 + rows.others)


@probabilities.defjvp
def _probabilities_jvp(temperature: float, primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> Pair:
    p = probabilities(primals[0], temperature)
    return p, divided(jacobian_product(p, tangents[0]), temperature)


@differentiable(1)
def log_probabilities(logits: jax.Array, temperature: float) -> jax.Array:
    """Return ln p of (SM.3).

    Examples
    --------
    >>> f"{log_probabilities(jnp.array([40.0, 0.0]), 1.0)[0]:.5}"  # not 0
    '-4.2484e-18'
    """
    rows = row_statistics(logits, temperature)
    return -(rows.distance + jnp.log1p(rows.others))


@log_probabilities.defjvp
def _log_probabilities_jvp(temperature: float, primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> Pair:
    p = probabilities(primals[0], temperature)
    return log_probabilities(primals[0], temperature), divided(centred(p, tangents[0]), temperature)


@differentiable()
def log_normaliser(logits: jax.Array) -> jax.Array:
    """Return logsumexp of (SM.3); +inf with any +inf, -inf where all are.

    Examples
    --------
    >>> round(float(log_normaliser(jnp.array([1000.0, 1000.0]))), 3)
    1000.693
    """
    largest = logits.max(-1)
    value = largest + jnp.log1p(row_statistics(logits, 1.0).others[..., 0])
    return jnp.where(jnp.isinf(largest), largest, value)


@log_normaliser.defjvp
def _log_normaliser_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> Pair:
    p = probabilities(primals[0], 1.0)
    return log_normaliser(primals[0]), (p * tangents[0]).sum(-1)


@differentiable(2)
def row_loss(logits: jax.Array, targets: jax.Array, temperature: float) -> jax.Array:
    """Return the loss of (CE.3) of each row; 0 * inf = 0."""
    rows = row_statistics(logits, temperature)
    terms = targets * (rows.distance + jnp.log1p(rows.others))
    without_mass = (targets == 0) & ~jnp.isnan(rows.others)
    return blocked_sum(jnp.where(without_mass, 0, terms))


def _row_loss_jvp(temperature: float, primals: Pair, tangents: TangentPair) -> Pair:
    logits, targets = primals
    losses = row_loss(logits, targets, temperature)

    def by_logits(direction: jax.Array) -> jax.Array:
        return (row_gradient(logits, targets, temperature) * direction).sum(-1)

    def by_targets(direction: jax.Array) -> jax.Array:
        cost = -log_probabilities(logits, temperature)
        # A masked class costs infinity; its target, a constant 0, must not give a slope of 0 * inf.
        return (jnp.where((targets == 0) & (cost == jnp.inf), 0, cost) * direction).sum(-1)

    return losses, sum_of_moving(losses, tangents, by_logits, by_targets)


row_loss.defjvp(_row_loss_jvp)


@differentiable(2)
def row_gradient(logits: jax.Array, targets: jax.Array, temperature: float) -> jax.Array:
    """Return the gradient of (CE.3) of each row, with (CE.5); for one-hot targets it is (CE.2)."""
    rows = row_statistics(logits, temperature)
    p = rows.exponentials / (1 + rows.others)
    complement = jnp.where(rows.is_top, rows.others / (1 + rows.others), 1 - p)
    return divided(p * sum_of_others(targets) - targets * complement, temperature)


def _row_gradient_jvp(temperature: float, primals: Pair, tangents: TangentPair) -> Pair:
    logits, targets = primals
    gradient = row_gradient(logits, targets, temperature)
    p = probabilities(logits, temperature)

    def by_logits(direction: jax.Array) -> jax.Array:
        product = divided(jacobian_product(p, direction), temperature)
        return divided(product * targets.sum(-1, keepdims=True), temperature)

    def by_targets(direction: jax.Array) -> jax.Array:
        others = direction.sum(-1, keepdims=True) - direction
        return divided(p * others - direction * complement_of(p), temperature)

    return gradient, sum_of_moving(gradient, tangents, by_logits, by_targets)


row_gradient.defjvp(_row_gradient_jvp)


def jacobian_product(p: jax.Array, direction: jax.Array) -> jax.Array:
    """Return (diag(p) - p p^T) direction, (SM.2) and (CE.4), also where one p_k is nearly 1.

    Examples
    --------
    >>> jacobian_product(jnp.array([0.5, 0.5]), jnp.array([1.0, 0.0])).tolist()
    [0.25, -0.25]
    """
    return p * centred(p, direction)


def centred(p: jax.Array, direction: jax.Array) -> jax.Array:
    """Return direction_k - sum_i p_i direction_i.

    The entry of the largest p_t is written direction_t (1 - p_t) - (the others' part of the sum): neither it nor its
    transpose cancels where p_t is nearly 1.

    Examples
    --------
    >>> centred(jnp.array([0.5, 0.5]), jnp.array([1.0, 0.0])).tolist()
    [0.5, -0.5]
    """
    is_top = at_largest(p)
    parts = p * direction
    others = jnp.where(is_top, 0, parts).sum(-1, keepdims=True)
    top = jnp.where(is_top, parts, 0).sum(-1, keepdims=True)
    return jnp.where(is_top, direction * complement_of(p) - others, direction - (others + top))


def from_top(p: jax.Array, direction: jax.Array) -> jax.Array:
    """Return direction_k - direction_t, t the class of the largest p: a common offset then costs nothing.

    Examples
    --------
    >>> from_top(jnp.array([0.1, 0.9]), jnp.array([7.0, 5.0])).tolist()
    [2.0, 0.0]
    """
    return direction - jnp.where(at_largest(p), direction, 0).sum(-1, keepdims=True)


def complement_of(p: jax.Array) -> jax.Array:
    """Return 1 - p_k, for the largest as the sum of the others.

    Examples
    --------
    >>> complement_of(jnp.array([1.0, 1e-20])).tolist()
    [9.999999682655225e-21, 1.0]
    """
    is_top = at_largest(p)
    return jnp.where(is_top, blocked_sum(jnp.where(is_top, 0, p))[..., None], 1 - p)


def divided(values: jax.Array, temperature: float) -> jax.Array:
    """Return values / T, in two steps where T or its inverse is no normal number of the dtype."""
    if temperature == 1.0:
        return values
    if is_usual(temperature, values.dtype):
        return values / temperature
    root = sqrt(temperature)
    part: jax.Array = jax.lax.optimization_barrier(values / root)  # or XLA makes one division of the two
    return part / (temperature / root)


def is_usual(temperature: float, dtype: Any) -> bool:
    """Tell whether a temperature and its inverse are normal numbers of the dtype."""
    lowest, highest = _USUAL_TEMPERATURES[np.dtype(dtype).name]
    return lowest <= temperature <= highest


def _distance(largest: jax.Array, logits: jax.Array, temperature: float) -> jax.Array:
    """Return (m - z) / T, also where only m - z overflows."""
    distance = divided(largest - logits, temperature)
    if temperature == 1.0:
        return distance
    overflown = jnp.isinf(distance) & jnp.isfinite(logits) & jnp.isfinite(largest)
    return jnp.where(overflown, divided(largest, temperature) - divided(logits, temperature), distance)
