"""Blocks of rows of the linear head: their losses, and the sums that their gradients add to."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from chainrule.functions.jax.derivatives import differentiable
from chainrule.functions.jax.formula_loss import (
    LossArrays,
    LossOptions,
    formula_hvp,
    weights_and_divisor,
)
from chainrule.functions.jax.linear_arguments import LinearHead
from chainrule.functions.jax.loss import formula_derivative, loss_and_gradient_of, loss_of
from chainrule.functions.jax.sums import total

_LOGITS_PER_BLOCK = (
    2**20
)  # 4 MB of float32: stays in a cache, and is enough for a matrix product at full speed
_FEWEST_ROWS, _MOST_ROWS = 32, 4096
_Arguments = tuple[LinearHead, LossArrays]


def head_loss(options: LossOptions, head: LinearHead, arrays: LossArrays) -> jax.Array:
    """Return the loss of a head; ``arrays`` hold targets and weights, and no logits."""
    if options.reduction == "none":
        return _losses(options, head, arrays)
    return _reduced_loss(options, (head, arrays))


@differentiable(0)
def _reduced_loss(options: LossOptions, arguments: _Arguments) -> jax.Array:
    return _differentiable_loss(options, arguments)


def _reduced_loss_jvp(options: LossOptions, primals: tuple[_Arguments], tangents: tuple[Any]) -> Any:
    (head, arrays), (of_head, of_arrays) = primals[0], tangents[0]
    wrt = tuple(name for name in ("features", "weight", "bias") if getattr(of_head, name) is not None)
    loss, gradients = head_loss_and_gradient(options, wrt, head, arrays)
    slopes = [(gradients[name] * getattr(of_head, name)).sum() for name in wrt]

    def by_arrays(arrays: LossArrays) -> jax.Array:
        return _differentiable_loss(options, (head, arrays))

    derivative = formula_derivative(by_arrays, arrays, of_arrays)
    slopes += [] if derivative is None else [derivative]
    return loss, sum(slopes, jnp.zeros_like(loss))


_reduced_loss.defjvp(_reduced_loss_jvp)


def head_loss_and_gradient(
    options: LossOptions, wrt: tuple[str, ...], head: LinearHead, arrays: LossArrays
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Return the loss and the gradients by the arrays that ``wrt`` names, from one pass over the logits."""
    head, arrays = _scaled_rows(options, head, arrays)

    def one_block(sums: dict[str, jax.Array], rows: LinearHead, of_rows: LossArrays) -> Any:
        loss, by_logits = loss_and_gradient_of(_each_row(options), of_rows)
        of_block = {"weight": lambda: by_logits.T @ rows.features, "bias": lambda: by_logits.sum(0)}
        sums = {name: total + of_block[name]() for name, total in sums.items()}
        return sums, (loss, by_logits @ rows.weight if "features" in wrt else None)

    zeros = {name: jnp.zeros_like(getattr(head, name)) for name in wrt if name != "features"}
    gradients, (losses, by_features) = _scan(one_block, zeros, head, arrays)
    if by_features is not None:
        gradients = gradients | {"features": by_features}
    return losses if options.reduction == "none" else total(losses), gradients


def gauss_newton_of(
    options: LossOptions, head: LinearHead, direction: LinearHead, arrays: LossArrays
) -> tuple[jax.Array, jax.Array]:
    """Return sum_i h_i x_i^T and sum_i h_i, h_i the second derivative of row i times its change of logits."""
    head, arrays = _scaled_rows(options, head, arrays)

    def one_block(sums: tuple[jax.Array, jax.Array], rows: LinearHead, of_rows: LossArrays) -> Any:
        moved = _logits(direction._replace(features=rows.features))
        product = formula_hvp(_each_row(options), of_rows, moved)
        return (sums[0] + product.T @ rows.features, sums[1] + product.sum(0)), None

    zeros = jnp.zeros_like(head.weight), jnp.zeros_like(head.weight[:, 0])
    sums: tuple[jax.Array, jax.Array] = _scan(one_block, zeros, head, arrays)[0]
    return sums


def _differentiable_loss(options: LossOptions, arguments: _Arguments) -> jax.Array:
    head, arrays = arguments
    weight, divisor = weights_and_divisor(options, arrays, len(head.features), head.dtype)
    losses = _losses(options, head, arrays._replace(sample_weight=weight))
    return jnp.where(divisor == 0, 0, total(losses) / jnp.where(divisor == 0, 1, divisor))


def _losses(options: LossOptions, head: LinearHead, arrays: LossArrays) -> jax.Array:
    def one_block(_: None, rows: LinearHead, of_rows: LossArrays) -> Any:
        del rows
        return None, loss_of(_each_row(options), of_rows)

    losses: jax.Array = _scan(one_block, None, head, arrays)[1]
    return losses


def _each_row(options: LossOptions) -> LossOptions:
    return replace(options, reduction="none")


def _scaled_rows(options: LossOptions, head: LinearHead, arrays: LossArrays) -> _Arguments:
    """Put what the reduction does into the weights; features of weight 0 that are not finite become 0."""
    weight, divisor = weights_and_divisor(options, arrays, len(head.features), head.dtype)
    scaled = jnp.where(divisor == 0, 0, weight / jnp.where(divisor == 0, 1, divisor))
    unread = (scaled == 0) & ~jnp.isfinite(head.features).all(-1)
    features = jnp.where(unread[:, None], 0, head.features)
    return head._replace(features=features), arrays._replace(sample_weight=scaled)


def _logits(head: LinearHead) -> jax.Array:
    products = head.features @ head.weight.T
    return products if head.bias is None else products + head.bias


def _scan(
    one_block: Callable[[Any, LinearHead, LossArrays], Any], sums: Any, head: LinearHead, arrays: LossArrays
) -> Any:
    """Return the sums after all blocks, and what they give for each row; derivatives compute a block again."""
    n_rows = len(head.features)

    @partial(jax.checkpoint, prevent_cse=False)
    def body(sums: Any, block: tuple[Any, ...]) -> Any:
        features, indices, targets, weight = block
        rows = head._replace(features=features)
        return one_block(sums, rows, LossArrays(_logits(rows), indices, targets, weight, arrays.class_weight))

    sums, by_row = jax.lax.scan(body, sums, _blocks(head, arrays))
    return sums, jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:])[:n_rows], by_row)


def _blocks(head: LinearHead, arrays: LossArrays) -> tuple[Any, ...]:
    """Return features, indices, targets and weights cut into blocks of rows; rows that fill the last weigh 0."""
    n_rows = len(head.features)
    rows = min(max(_LOGITS_PER_BLOCK // len(head.weight), _FEWEST_ROWS), _MOST_ROWS, max(n_rows, 1))
    n_blocks = -(-n_rows // rows)
    weight = jnp.ones(n_rows, head.dtype) if arrays.sample_weight is None else arrays.sample_weight
    row_arrays = (head.features, arrays.indices, arrays.targets, weight)

    def cut(array: jax.Array) -> jax.Array:
        padding = [(0, n_blocks * rows - n_rows)] + [(0, 0)] * (array.ndim - 1)
        return jnp.pad(array, padding).reshape(n_blocks, rows, *array.shape[1:])

    return jax.tree.map(cut, row_arrays)
