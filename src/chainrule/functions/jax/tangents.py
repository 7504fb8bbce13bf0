"""Tangents in the rules of derivatives: those of arguments that stand still are left out, not multiplied by 0.

0 times an infinite derivative would be NaN.
"""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

Tangent: TypeAlias = jax.Array | SymbolicZero
Pair: TypeAlias = tuple[jax.Array, jax.Array]
TangentPair: TypeAlias = tuple[Tangent, Tangent]


def moves(tangent: object) -> bool:
    """Tell whether a tangent is one: not None, not the zero of an argument that stands still."""
    return tangent is not None and not isinstance(tangent, SymbolicZero)


def sum_of_moving(
    like: jax.Array, tangents: TangentPair, *derivatives: Callable[[jax.Array], jax.Array]
) -> jax.Array:
    """Return the sum of derivative(tangent) over the tangents that move, in the shape of ``like``."""
    terms = [
        derivative(tangent)
        for derivative, tangent in zip(derivatives, tangents, strict=True)
        if not isinstance(tangent, SymbolicZero)
    ]
    return sum(terms[1:], terms[0]) if terms else jnp.zeros_like(like)
