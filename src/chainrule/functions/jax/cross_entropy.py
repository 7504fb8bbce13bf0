"""The cross-entropy of JAX arrays, its gradient, and products with its second derivative."""

from functools import partial
from typing import Any

import jax

from chainrule._types import ArrayLike
from chainrule.errors import ArgumentError
from chainrule.functions.arguments import Reduction, class_axis
from chainrule.functions.jax.arguments import check_direction, check_logits
from chainrule.functions.jax.formula_loss import LossOptions, formula_hvp
from chainrule.functions.jax.loss import loss_and_gradient_of, loss_of
from chainrule.functions.jax.loss_arguments import prepared_loss, rows_of, targets_of_mass_one


def cross_entropy(
    logits: jax.Array,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> jax.Array:
    """Return what :func:`chainrule.cross_entropy` does, as a JAX array of the dtype of the logits.

    Differentiable in the logits, probability targets and weights, forward and reverse, to every order.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> gradient = jax.grad(cross_entropy)(jnp.array([[40.0, 0.0]]), jnp.array([0]))
    >>> f"{gradient[0, 0]:.5}"  # not 0
    '-4.2484e-18'
    """
    options, *others = prepared_loss(
        "cross_entropy", logits, targets, sample_weight, class_weight, label_smoothing, ignore_index,
        temperature, reduction, n_threads,
    )  # fmt: skip
    return _loss(options, logits, *others)


def cross_entropy_with_gradient(
    logits: jax.Array,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
    out: None = None,
    n_threads: int | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Return what :func:`chainrule.cross_entropy_with_gradient` does; both results can be differentiated again.

    JAX arrays cannot be written to, so ``out`` stays None.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> loss, gradient = cross_entropy_with_gradient(jnp.array([[0.0, 0.0]]), jnp.array([0]))
    >>> gradient.tolist()
    [[-0.5, 0.5]]
    """
    call = "cross_entropy_with_gradient"
    if out is not None:
        remedy = "Leave it out; jax.jit with donate_argnums lets XLA use the memory of the logits again."
        raise ArgumentError(call, "out is None for JAX arrays, which are not written to", "an array", remedy)
    options, *others = prepared_loss(
        call, logits, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature,
        reduction, n_threads,
    )  # fmt: skip
    return _loss_and_gradient(options, logits, *others)


def cross_entropy_hvp(
    logits: jax.Array,
    direction: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> jax.Array:
    """Return what :func:`chainrule.cross_entropy_hvp` does, (CE.4); it can be differentiated again.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> cross_entropy_hvp(jnp.array([[0.0, 0.0]]), jnp.array([[1.0, 0.0]])).tolist()
    [[0.25, -0.25]]
    """
    call = "cross_entropy_hvp"
    check_logits(call, "logits", logits)
    class_axis(call, logits.shape, -1)
    v = check_direction(call, "direction", direction, logits)
    if targets is None:
        targets = targets_of_mass_one(call, logits.shape, class_weight, ignore_index)
    options, *others = prepared_loss(
        call, logits, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature,
        reduction, n_threads,
    )  # fmt: skip
    return _hvp(options, logits, v, *others)


@partial(jax.jit, static_argnums=0)
def _loss(options: LossOptions, logits: jax.Array, *others: Any) -> jax.Array:
    loss = loss_of(options, rows_of(logits, *others))
    return _delivered(loss, options, logits)


@partial(jax.jit, static_argnums=0)
def _loss_and_gradient(options: LossOptions, logits: jax.Array, *others: Any) -> tuple[jax.Array, jax.Array]:
    loss, gradient = loss_and_gradient_of(options, rows_of(logits, *others))
    return _delivered(loss, options, logits), gradient.reshape(logits.shape).astype(logits.dtype)


@partial(jax.jit, static_argnums=0)
def _hvp(options: LossOptions, logits: jax.Array, direction: jax.Array, *others: Any) -> jax.Array:
    arrays = rows_of(logits, *others)
    product = formula_hvp(options, arrays, direction.reshape(arrays.logits.shape))
    return product.reshape(logits.shape).astype(logits.dtype)


def _delivered(loss: jax.Array, options: LossOptions, logits: jax.Array) -> jax.Array:
    shaped = loss.reshape(logits.shape[:-1]) if options.reduction == "none" else loss
    return shaped.astype(logits.dtype)
