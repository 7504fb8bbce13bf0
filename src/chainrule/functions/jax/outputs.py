"""binary_cross_entropy and squared_error of JAX arrays: losses with one term per output."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp

from chainrule._types import ArrayLike
from chainrule.functions.arguments import Reduction, check_reduction
from chainrule.functions.jax.arguments import Operand, check_logits, check_weights, compute_dtype, known
from chainrule.functions.jax.derivatives import Pair, TangentPair, differentiable, sum_of_moving
from chainrule.functions.jax.foreign import path_of_call
from chainrule.functions.jax.sums import blocked_sum, total
from chainrule.functions.jax.weights import near_one, reduced, scaled, valid_weights
from chainrule.functions.outputs import check_target_shape, check_target_values


def binary_cross_entropy(
    logits: jax.Array,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> jax.Array:
    """Return what :func:`chainrule.binary_cross_entropy` does, (BCE.1), differentiable to every order.

    Examples
    --------
    >>> gradient = jax.grad(binary_cross_entropy)(jnp.array([40.0]), jnp.array([1.0]))
    >>> f"{gradient[0]:.5}"  # not 0
    '-4.2484e-18'
    """
    call = "binary_cross_entropy"
    return _prepared(call, "logits", logits, targets, sample_weight, reduction, n_threads, _BINARY)[0]


def binary_cross_entropy_with_gradient(
    logits: jax.Array,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> Pair:
    """Return what :func:`chainrule.binary_cross_entropy_with_gradient` does, (BCE.1) and (BCE.2).

    Examples
    --------
    >>> binary_cross_entropy_with_gradient(jnp.array([0.0]), jnp.array([1.0]))[1].tolist()
    [-0.5]
    """
    call = "binary_cross_entropy_with_gradient"
    return _prepared(call, "logits", logits, targets, sample_weight, reduction, n_threads, _BINARY)


def squared_error(
    outputs: jax.Array,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> jax.Array:
    """Return what :func:`chainrule.squared_error` does, (SE.1), differentiable to every order.

    Examples
    --------
    >>> float(squared_error(jnp.array([[1.0, 2.0]]), jnp.zeros((1, 2))))
    2.5
    """
    call = "squared_error"
    return _prepared(call, "outputs", outputs, targets, sample_weight, reduction, n_threads, _SQUARED)[0]


def squared_error_with_gradient(
    outputs: jax.Array,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> Pair:
    """Return what :func:`chainrule.squared_error_with_gradient` does, (SE.1) and (SE.2).

    Examples
    --------
    >>> squared_error_with_gradient(jnp.array([[1.0, 2.0]]), jnp.zeros((1, 2)))[1].tolist()
    [[1.0, 2.0]]
    """
    call = "squared_error"
    return _prepared(call, "outputs", outputs, targets, sample_weight, reduction, n_threads, _SQUARED)


def _sigmoid(logits: jax.Array) -> jax.Array:
    small = jnp.exp(-jnp.abs(logits))
    return jnp.where(logits >= 0, 1, small) / (1 + small)


@differentiable()
def _sigmoid_of(logits: jax.Array) -> jax.Array:
    return _sigmoid(logits)


@_sigmoid_of.defjvp
def _sigmoid_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> Pair:
    p = _sigmoid_of(primals[0])
    return p, p * _sigmoid_of(-primals[0]) * tangents[0]


@differentiable()
def _binary_term(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """Return (BCE.1) of each output; 0 * inf = 0."""
    tail = jnp.log1p(jnp.exp(-jnp.abs(logits)))
    no_mass, all_mass = targets == 0, targets == 1
    yes = jnp.where(no_mass, 0 * tail, targets * (jnp.maximum(-logits, 0) + tail))
    no = jnp.where(all_mass, 0 * tail, (1 - targets) * (jnp.maximum(logits, 0) + tail))
    return yes + no


def _binary_term_jvp(primals: Pair, tangents: TangentPair) -> Pair:
    logits, targets = primals
    terms = _binary_term(logits, targets)
    by_logits = partial(jnp.multiply, _binary_slope(logits, targets))
    return terms, sum_of_moving(terms, tangents, by_logits, partial(jnp.multiply, -logits))


_binary_term.defjvp(_binary_term_jvp)


def _binary_slope(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """Return (BCE.2), whose own derivatives JAX finds through the sigmoid's."""
    return (1 - targets) * _sigmoid_of(logits) - targets * _sigmoid_of(-logits)


def _squared_term(outputs: jax.Array, targets: jax.Array) -> jax.Array:
    return 0.5 * jnp.square(outputs - targets)


@dataclass(frozen=True)
class _Terms:
    """A loss with one term per output: the term, its slope, and the targets that it has."""

    term: Callable[[jax.Array, jax.Array], jax.Array]
    slope: Callable[[jax.Array, jax.Array], jax.Array]
    probabilities: bool


_BINARY = _Terms(_binary_term, _binary_slope, True)
_SQUARED = _Terms(_squared_term, jnp.subtract, False)


def _prepared(
    call: str,
    name: Literal["logits", "outputs"],
    values: jax.Array,
    targets: ArrayLike,
    sample_weight: ArrayLike | None,
    reduction: Reduction,
    n_threads: int | None,
    terms: _Terms,
) -> Pair:
    """Check the arguments and return loss and gradient; XLA leaves out what is not used."""
    path_of_call(n_threads)
    check_reduction(call, reduction)
    check_logits(call, name, values)
    target = check_target_shape(call, name, known(call, name, values), known(call, "targets", targets))
    if not isinstance(targets, jax.core.Tracer):
        check_target_values(call, target, terms.probabilities)
    weight = check_weights(call, "sample_weight", sample_weight, values.shape[:1], reduction == "mean")
    given = targets if isinstance(targets, jax.Array) else target
    return _loss_and_gradient(terms, reduction, values, given, weight)


@partial(jax.jit, static_argnums=(0, 1))
def _loss_and_gradient(
    terms: _Terms, reduction: Reduction, values: jax.Array, targets: Operand, weight: Operand | None
) -> Pair:
    dtype, n_rows = compute_dtype(values), len(values)
    row_weight = jnp.ones(n_rows, dtype) if weight is None else valid_weights(jnp.asarray(weight))
    row_weight = (near_one(row_weight) if reduction == "mean" and weight is not None else row_weight).astype(
        dtype
    )
    z, y = (jnp.asarray(array).astype(dtype).reshape(n_rows, -1) for array in (values, targets))
    in_domain = (y >= 0) & (y <= 1) if terms.probabilities else jnp.isfinite(y)
    y = jnp.where(in_domain, y, jnp.nan)
    # A row of weight 0 contributes nothing, and nothing to a derivative either.
    unread = ((row_weight == 0) & ~(jnp.isfinite(z) & in_domain).all(-1))[:, None]
    z, y = jnp.where(unread, 0, z), jnp.where(unread, 0, y)
    divisor = total(row_weight) if reduction == "mean" else jnp.ones((), dtype)
    loss = reduced(reduction, blocked_sum(terms.term(z, y)), row_weight, divisor)
    gradient = scaled(terms.slope(z, y), row_weight, divisor)
    return loss.astype(values.dtype), gradient.reshape(values.shape).astype(values.dtype)
