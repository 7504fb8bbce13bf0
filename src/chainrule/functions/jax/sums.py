"""Sums whose rounding errors do not grow with the number of terms, where a library's would."""

from functools import partial

import jax
import jax.numpy as jnp

from chainrule.functions.jax.derivatives import differentiable

_TERMS = 16  # of a partial sum: short enough for its rounding errors not to show


def blocked_sum(values: jax.Array) -> jax.Array:
    """Return the sum along the last axis: of sums of 16, of sums of 16 of those, and so on.

    Examples
    --------
    >>> float(blocked_sum(jnp.ones(1000)))
    1000.0
    """
    while values.shape[-1] > _TERMS:
        missing = -values.shape[-1] % _TERMS
        padded = jnp.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, missing)])
        values = padded.reshape(*values.shape[:-1], -1, _TERMS).sum(-1)
    return values.sum(-1)


def sum_of_others(values: jax.Array) -> jax.Array:
    """Return sum_{j != k} v_j for every k and v >= 0, with a small relative error also beside one large v_k.

    Examples
    --------
    >>> sum_of_others(jnp.array([1.0, 1e-20])).tolist()
    [9.999999682655225e-21, 1.0]
    """
    is_largest = at_largest(values)
    rest = blocked_sum(jnp.where(is_largest, 0, values))[..., None]
    mass = jnp.where(is_largest, values, 0).sum(-1, keepdims=True)
    return jnp.where(is_largest, rest, (rest + mass) - values)


def at_largest(values: jax.Array) -> jax.Array:
    """Return which entry of a row is the (first) largest, as a mask.

    Examples
    --------
    >>> at_largest(jnp.array([1.0, 3.0, 3.0])).tolist()
    [False, True, False]
    """
    largest = values.argmax(-1)[..., None]
    return jnp.arange(values.shape[-1], dtype=largest.dtype) == largest


@differentiable()
def total(values: jax.Array) -> jax.Array:
    """Return the sum along the last axis as if in float64: with it where JAX has it, else in pairs of float32.

    Examples
    --------
    >>> float(total(jnp.array([1e8, 1.0, -1e8])))
    1.0
    """
    if jax.config.jax_enable_x64:  # type: ignore[attr-defined]  # set at run time
        return values.astype(jnp.float64).sum(-1).astype(values.dtype)
    return _sum_of_pairs(values)


@total.defjvp
def _total_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    return total(primals[0]), tangents[0].sum(-1)


def _sum_of_pairs(high: jax.Array) -> jax.Array:
    """Halve the terms until one is left, keeping what each addition loses [Knuth1998]."""
    low = jnp.zeros_like(high)
    while high.shape[-1] > 1:
        half = -(-high.shape[-1] // 2)
        padding = [(0, 0)] * (high.ndim - 1) + [(0, 2 * half - high.shape[-1])]
        halves = partial(jnp.split, indices_or_sections=2, axis=-1)
        (a, b), (c, d) = halves(jnp.pad(high, padding)), halves(jnp.pad(low, padding))
        high = a + b
        of_b = high - a
        low = (c + d) + ((a - (high - of_b)) + (b - of_b))
    if high.shape[-1] == 0:
        return high.sum(-1)
    return jnp.where(jnp.isfinite(high), high + low, high)[..., 0]
