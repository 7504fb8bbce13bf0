"""Weights of rows, and what becomes of the losses of rows: their mean, their sum, or none of both."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

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
    return times_power_of_two(weights, exponent_to_one(weights))


def exponent_to_one(weights: jax.Array) -> jax.Array:
    """Return the exponent of the power of two that brings the largest finite weight into [1, 2); 0 if all are 0.

    Examples
    --------
    >>> int(exponent_to_one(jnp.array([6.0, jnp.inf])))
    -2
    """
    # XLA takes subnormal numbers for 0; their bits, as an integer, are multiples of the smallest of them.
    n_bits, bias, smallest_normal = _layout(weights.dtype)
    valid = jnp.where((weights >= 0) & (weights < jnp.inf), _bits(weights), 0)
    largest = valid.max(initial=0)
    of_subnormal = bias + n_bits - jnp.frexp(largest.astype(weights.dtype))[1]
    exponent = jnp.where(largest < smallest_normal, of_subnormal, bias - (largest >> n_bits))
    return jnp.where(largest == 0, 0, exponent).astype(jnp.int32)


def times_power_of_two(weights: jax.Array, exponent: jax.Array) -> jax.Array:
    """Return weights * 2^exponent, also of subnormal weights.

    Examples
    --------
    >>> times_power_of_two(jnp.array([6.0, 1.0]), jnp.array(-1)).tolist()
    [3.0, 0.5]
    """
    n_bits, bias, smallest_normal = _layout(weights.dtype)
    scaled = _times(weights, exponent)
    bits = _bits(weights)
    subnormal = (bits > 0) & (bits < smallest_normal)
    lifted = _times(bits.astype(weights.dtype), exponent - (bias + n_bits - 1))
    return scaled + jax.lax.stop_gradient(jnp.where(subnormal, lifted - scaled, 0))


def _times(values: jax.Array, exponent: jax.Array) -> jax.Array:
    """Multiply by 2^exponent in steps, each of which is a normal number."""
    one, third = jnp.ones((), values.dtype), exponent // 3
    for part in (third, third, exponent - 2 * third):
        values = values * jnp.ldexp(one, part)
    return values


def _layout(dtype: np.dtype[Any]) -> tuple[int, int, int]:
    """Return the bits of the fraction, the bias of the exponent, and the smallest normal number as bits."""
    limits = np.finfo(dtype)
    return limits.nmant, int(limits.maxexp) - 1, 1 << limits.nmant


def _bits(weights: jax.Array) -> jax.Array:
    return jax.lax.bitcast_convert_type(
        jax.lax.stop_gradient(weights), jnp.int64 if weights.dtype.itemsize == 8 else jnp.int32
    )


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
