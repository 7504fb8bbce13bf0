"""Weights of rows, and what becomes of the losses of rows: their mean, their sum, or none of both."""

from functools import partial

import jax
import jax.numpy as jnp

from chainrule.functions.arguments import Reduction
from chainrule.functions.jax.derivatives import Pair, TangentPair, differentiable, sum_of_moving
from chainrule.functions.jax.sums import total


@differentiable()
def weighed(weight: jax.Array, losses: jax.Array) -> jax.Array:
    """Return weight * loss, 0 where the weight is.

    The derivative with respect to a weight of 0 is the loss, or 0 where that is not finite.

    Examples
    --------
    >>> weighed(jnp.array([0.0, 2.0]), jnp.array([jnp.nan, 3.0])).tolist()
    [0.0, 6.0]
    """
    return jnp.where(weight == 0, 0, weight * losses)


def _weighed_jvp(primals: Pair, tangents: TangentPair) -> Pair:
    weight, losses = primals
    values = weighed(weight, losses)
    used = jnp.where((weight == 0) & ~jnp.isfinite(losses), 0, losses)
    by_losses = partial(jnp.multiply, weight)
    return values, sum_of_moving(values, tangents, partial(jnp.multiply, used), by_losses)


weighed.defjvp(_weighed_jvp)


def valid_weights(weights: jax.Array) -> jax.Array:
    """Return weights, NaN in place of those that are negative, infinite or NaN.

    Examples
    --------
    >>> valid_weights(jnp.array([1.0, -1.0])).tolist()
    [1.0, nan]
    """
    return jnp.where((weights >= 0) & (weights < jnp.inf), weights, jnp.nan)


def near_one(weights: jax.Array) -> jax.Array:
    """Return weights times a power of two that brings the largest near 1; no mean changes.

    Examples
    --------
    >>> near_one(jnp.array([6.0, 1.0])).tolist()
    [1.5, 0.25]
    """
    largest = jax.lax.stop_gradient(weights.max(initial=0))
    exponent = jnp.where((largest > 0) & jnp.isfinite(largest), 1 - jnp.frexp(largest)[1], 0)
    half = exponent // 2
    one = jnp.ones((), weights.dtype)
    return weights * jnp.ldexp(one, half) * jnp.ldexp(one, exponent - half)


def reduced(reduction: Reduction, losses: jax.Array, weight: jax.Array, divisor: jax.Array) -> jax.Array:
    """Return weight * loss of each row for "none", else the total over the divisor, 0 where that is 0.

    Examples
    --------
    >>> float(reduced("mean", jnp.array([1.0, 3.0]), jnp.ones(2), jnp.array(2.0)))
    2.0
    """
    losses = weighed(weight, losses)
    if reduction == "none":
        return losses
    return jnp.where(divisor == 0, 0, total(losses) / jnp.where(divisor == 0, 1, divisor))


def scaled(derivative: jax.Array, weight: jax.Array, divisor: jax.Array) -> jax.Array:
    """Return rows of a derivative times weight over divisor, 0 where that is 0.

    Examples
    --------
    >>> scaled(jnp.array([[1.0, jnp.nan]]), jnp.zeros(1), jnp.ones(())).tolist()
    [[0.0, 0.0]]
    """
    factor = jnp.where(divisor == 0, 0, weight / jnp.where(divisor == 0, 1, divisor))[:, None]
    return jnp.where((factor == 0) & ~jnp.isfinite(derivative), 0, derivative * factor)
