"""softmax, log_softmax and logsumexp of JAX arrays, and the softmax's vector-Jacobian product."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from chainrule._types import ArrayLike
from chainrule.functions.arguments import class_axis
from chainrule.functions.jax import rows
from chainrule.functions.jax.arguments import check_direction, check_logits, compute_dtype
from chainrule.functions.jax.derivatives import differentiable
from chainrule.functions.jax.foreign import Path, call_kernel, path_of_call

_KINDS = ("softmax", "log_softmax", "logsumexp")  # numbered as in native/xla.cpp


def softmax(logits: jax.Array, *, axis: int = -1, n_threads: int | None = None) -> jax.Array:
    """Return p of (SM.1) as :func:`chainrule.softmax` does, differentiable to every order.

    Examples
    --------
    >>> softmax(jnp.array([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    return _of_rows("softmax", logits, axis, n_threads)


def log_softmax(logits: jax.Array, *, axis: int = -1, n_threads: int | None = None) -> jax.Array:
    """Return ln p of (SM.3) as :func:`chainrule.log_softmax` does, differentiable to every order.

    Examples
    --------
    >>> log_softmax(jnp.array([40.0, 0.0]))[1].tolist()
    -40.0
    """
    return _of_rows("log_softmax", logits, axis, n_threads)


def logsumexp(logits: jax.Array, *, axis: int = -1, n_threads: int | None = None) -> jax.Array:
    """Return logsumexp of (SM.3) as :func:`chainrule.logsumexp` does, differentiable to every order.

    Examples
    --------
    >>> float(logsumexp(jnp.array([0.0, -jnp.inf])))
    0.0
    """
    return _of_rows("logsumexp", logits, axis, n_threads)


def softmax_vjp(
    logits: jax.Array, cotangent: ArrayLike, *, axis: int = -1, n_threads: int | None = None
) -> jax.Array:
    """Return (SM.2) as :func:`chainrule.softmax_vjp` does, differentiable to every order.

    Examples
    --------
    >>> softmax_vjp(jnp.array([0.0, 0.0]), [1.0, 0.0]).tolist()
    [0.25, -0.25]
    """
    call = "softmax_vjp"
    check_logits(call, "logits", logits)
    moved = class_axis(call, logits.shape, axis)
    path = path_of_call(n_threads)
    return _vjp(path, moved, logits, check_direction(call, "cotangent", cotangent, logits))


def _of_rows(call: str, logits: jax.Array, axis: int, n_threads: int | None) -> jax.Array:
    check_logits(call, "logits", logits)
    return _moved(call, path_of_call(n_threads), class_axis(call, logits.shape, axis), logits)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _moved(call: str, path: Path, axis: int, logits: jax.Array) -> jax.Array:
    last = jnp.moveaxis(logits, axis, -1).astype(compute_dtype(logits))
    result = of_rows(call, path, last).astype(logits.dtype)
    return result if call == "logsumexp" else jnp.moveaxis(result, -1, axis)


@partial(jax.jit, static_argnums=(0, 1))
def _vjp(path: Path, axis: int, logits: jax.Array, cotangent: jax.Array) -> jax.Array:
    last = jnp.moveaxis(logits, axis, -1).astype(cotangent.dtype)
    p = of_rows("softmax", path, last)
    product = rows.jacobian_product(p, rows.from_top(p, jnp.moveaxis(cotangent, axis, -1)))
    return jnp.moveaxis(product, -1, axis).astype(logits.dtype)


def of_rows(call: str, path: Path, logits: jax.Array) -> jax.Array:
    """Return softmax, log_softmax or logsumexp of float32 or float64 logits, classes last."""
    return _kernel(call, path, logits) if path.compiled else _formula(call, logits)


def _formula(call: str, logits: jax.Array) -> jax.Array:
    if call == "logsumexp":
        return rows.log_normaliser(logits)
    of_all = rows.probabilities if call == "softmax" else rows.log_probabilities
    return of_all(logits, 1.0)


@differentiable(0, 1)
def _kernel(call: str, path: Path, logits: jax.Array) -> jax.Array:
    shape = logits.shape[:-1] if call == "logsumexp" else logits.shape

    def compiled(logits: jax.Array) -> jax.Array:
        result = jax.ShapeDtypeStruct(shape, logits.dtype)
        options = {"kind": np.int64(_KINDS.index(call)), "n_threads": np.int64(path.n_threads)}
        return call_kernel("chainrule_softmax", result, [logits], **options)

    return jax.lax.platform_dependent(logits, cpu=compiled, default=partial(_formula, call))


@_kernel.defjvp
def _kernel_jvp(
    call: str, path: Path, primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    p = _kernel("softmax", path, primals[0])
    if call == "softmax":
        return p, rows.jacobian_product(p, tangents[0])
    value = _kernel(call, path, primals[0])
    if call == "log_softmax":
        return value, rows.centred(p, tangents[0])
    return value, (p * tangents[0]).sum(-1)
