"""The linear head of JAX arrays: blocks of logits = features weight^T + bias, and never all of them.

A block of rows is computed, used and forgotten; a derivative computes it again.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax

from chainrule._types import ArrayLike
from chainrule.functions.arguments import Reduction
from chainrule.functions.jax.formula_loss import LossOptions
from chainrule.functions.jax.linear_arguments import (
    LinearHead,
    check_wrt,
    prepared_direction,
    prepared_head,
)
from chainrule.functions.jax.linear_blocks import (
    gauss_newton_of,
    head_loss,
    head_loss_and_gradient,
)
from chainrule.functions.jax.loss_arguments import prepared_loss, rows_without_logits, targets_of_mass_one


def linear_cross_entropy(
    features: jax.Array,
    weight: ArrayLike,
    targets: ArrayLike,
    *,
    bias: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> jax.Array:
    """Return what :func:`chainrule.linear_cross_entropy` does, differentiable in every array to every order.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> round(float(linear_cross_entropy(jnp.ones((2, 3)), jnp.zeros((4, 3)), jnp.array([0, 3]))), 6)
    1.386294
    """
    call = "linear_cross_entropy"
    head, shape = prepared_head(call, features, weight, bias)
    options, *others = prepared_loss(
        call, shape, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature,
        reduction, n_threads,
    )  # fmt: skip
    return _loss(options, head, *others)


def linear_cross_entropy_with_gradient(
    features: jax.Array,
    weight: ArrayLike,
    targets: ArrayLike,
    *,
    bias: ArrayLike | None = None,
    wrt: str | Sequence[str] = ("features", "weight", "bias"),
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Return what :func:`chainrule.linear_cross_entropy_with_gradient` does, in one pass over the logits.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> head = jnp.ones((2, 3)), jnp.zeros((2, 3)), jnp.array([0, 1])
    >>> linear_cross_entropy_with_gradient(*head, wrt=["weight"])[1]["weight"].tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    call = "linear_cross_entropy_with_gradient"
    head, shape = prepared_head(call, features, weight, bias)
    names = check_wrt(call, wrt, head)
    options, *others = prepared_loss(
        call, shape, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature,
        reduction, n_threads,
    )  # fmt: skip
    loss, gradients = _loss_and_gradient(options, names, head, *others)
    return loss, {name: gradients[name] for name in names}


def linear_cross_entropy_gauss_newton(
    features: jax.Array,
    weight: ArrayLike,
    direction: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    bias: ArrayLike | None = None,
    bias_direction: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> dict[str, jax.Array]:
    """Return what :func:`chainrule.linear_cross_entropy_gauss_newton` does, with (CE.4).

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> head = jnp.ones((1, 1)), jnp.zeros((2, 1)), jnp.array([[1.0], [0.0]])
    >>> linear_cross_entropy_gauss_newton(*head)["weight"].tolist()
    [[0.25], [-0.25]]
    """
    call = "linear_cross_entropy_gauss_newton"
    head, shape = prepared_head(call, features, weight, bias)
    moved = prepared_direction(call, head, direction, bias_direction)
    if targets is None:
        targets = targets_of_mass_one(call, shape.shape, class_weight, ignore_index)
    options, *others = prepared_loss(
        call, shape, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature,
        reduction, n_threads,
    )  # fmt: skip
    return _gauss_newton(options, head, moved, *others)


@partial(jax.jit, static_argnums=0)
def _loss(options: LossOptions, head: LinearHead, *others: Any) -> jax.Array:
    loss = head_loss(options, head.as_rows(), rows_without_logits(head.logits_shape, head.dtype, *others))
    return _delivered(loss, options, head)


@partial(jax.jit, static_argnums=(0, 1))
def _loss_and_gradient(
    options: LossOptions, wrt: tuple[str, ...], head: LinearHead, *others: Any
) -> tuple[jax.Array, dict[str, jax.Array]]:
    arrays = rows_without_logits(head.logits_shape, head.dtype, *others)
    loss, gradients = head_loss_and_gradient(options, wrt, head.as_rows(), arrays)
    given = {name: getattr(head, name) for name in wrt}
    shaped = {name: gradients[name].reshape(array.shape).astype(array.dtype) for name, array in given.items()}
    return _delivered(loss, options, head), shaped


@partial(jax.jit, static_argnums=0)
def _gauss_newton(
    options: LossOptions, head: LinearHead, direction: LinearHead, *others: Any
) -> dict[str, jax.Array]:
    arrays = rows_without_logits(head.logits_shape, head.dtype, *others)
    by_weight, by_bias = gauss_newton_of(options, head.as_rows(), direction.as_rows(), arrays)
    product = {"weight": by_weight.astype(head.weight.dtype)}
    return product if head.bias is None else product | {"bias": by_bias.astype(head.bias.dtype)}


def _delivered(loss: jax.Array, options: LossOptions, head: LinearHead) -> jax.Array:
    shaped = loss.reshape(head.logits_shape[:-1]) if options.reduction == "none" else loss
    return shaped.astype(head.features.dtype)
