"""The cross-entropy of rows with its weights and reduction by the formulas, differentiable in all arrays."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from chainrule.functions.arguments import Reduction
from chainrule.functions.jax.foreign import Path
from chainrule.functions.jax.rows import (
    divided,
    from_top,
    jacobian_product,
    probabilities,
    row_gradient,
    row_loss,
)
from chainrule.functions.jax.sums import blocked_sum, total
from chainrule.functions.jax.weights import near_one, reduced, scaled, valid_weights, weighed


@dataclass(frozen=True)
class LossOptions:
    """The options of a cross-entropy that are known when a program is traced, and how it is computed."""

    label_smoothing: float
    ignore_index: int | None
    temperature: float
    reduction: Reduction
    path: Path


class LossArrays(NamedTuple):
    """The arrays of a cross-entropy of rows; exactly one of ``indices`` and ``targets``."""

    logits: jax.Array  # (rows, classes), float32 or float64
    indices: jax.Array | None  # (rows,), int32 or int64
    targets: jax.Array | None  # (rows, classes), dtype of the logits
    sample_weight: jax.Array | None  # (rows,), float32 or float64
    class_weight: jax.Array | None  # (classes,), float32 or float64


def formula_loss(options: LossOptions, arrays: LossArrays) -> jax.Array:
    """Return the loss by the formulas."""
    return _reduced(options, weighted_rows(options, arrays))


def formula_gradient(options: LossOptions, arrays: LossArrays) -> tuple[jax.Array, jax.Array]:
    """Return the loss and its gradient by the formulas."""
    rows = weighted_rows(options, arrays)
    gradient = row_gradient(rows.logits, rows.masses, options.temperature)
    return _reduced(options, rows), scaled(gradient, rows.weight, rows.divisor)


class WeightedRows(NamedTuple):
    """Rows with their effective targets and weights; rows of weight 0 that are not finite have become zeros."""

    logits: jax.Array
    masses: jax.Array  # q', class weights and smoothing inside
    weight: jax.Array  # of each row; 0 where it is ignored
    divisor: jax.Array  # what "mean" divides by, else 1


def weighted_rows(options: LossOptions, arrays: LossArrays) -> WeightedRows:
    """Return the effective targets (CE.3) and weights of the rows."""
    dtype = arrays.logits.dtype
    weight, divisor = weights_and_divisor(options, arrays, len(arrays.logits), dtype)
    given = _given_masses(arrays)
    unread = _undefined_without_weight(arrays.logits, given, weight)
    logits, given = jnp.where(unread, 0, arrays.logits), jnp.where(unread, 0, given)
    masses = _smoothed(given, logits, options.label_smoothing)
    if arrays.class_weight is not None:
        masses = masses * valid_weights(arrays.class_weight).astype(dtype)
    return WeightedRows(logits, masses, weight, divisor)


def weights_and_divisor(
    options: LossOptions, arrays: LossArrays, n_rows: int, dtype: np.dtype[Any]
) -> tuple[jax.Array, jax.Array]:
    """Return the weight of each row, 0 where it is ignored, and what the reduction divides by; no logits needed."""
    weight = _row_weight(options, arrays, n_rows, dtype)
    if options.reduction != "mean":
        return weight, jnp.ones((), dtype)
    if arrays.class_weight is None:
        return weight, total(weight)
    means = _class_means(arrays, valid_weights(arrays.class_weight).astype(dtype), weight)
    return weight, total(weighed(weight, means))


def formula_hvp(options: LossOptions, arrays: LossArrays, direction: jax.Array) -> jax.Array:
    """Return the second derivative (CE.4) of the rows times a direction; rows of weight 0 have 0."""
    weighted = weighted_rows(options, arrays)
    p = probabilities(weighted.logits, options.temperature)
    v = from_top(p, jnp.where(weighted.weight[:, None] == 0, 0, direction))
    product = divided(divided(jacobian_product(p, v), options.temperature), options.temperature)
    return scaled(product * weighted.masses.sum(-1, keepdims=True), weighted.weight, weighted.divisor)


def _reduced(options: LossOptions, rows: WeightedRows) -> jax.Array:
    losses = row_loss(rows.logits, rows.masses, options.temperature)
    return reduced(options.reduction, losses, rows.weight, rows.divisor)


def _row_weight(options: LossOptions, arrays: LossArrays, n_rows: int, dtype: np.dtype[Any]) -> jax.Array:
    if arrays.sample_weight is None:
        weight = jnp.ones(n_rows, dtype)
    else:
        weight = valid_weights(arrays.sample_weight)
        weight = near_one(weight) if options.reduction == "mean" else weight
    if options.ignore_index is not None and arrays.indices is not None:
        weight = jnp.where(arrays.indices == options.ignore_index, 0, weight)
    return weight.astype(dtype)


def _given_masses(arrays: LossArrays) -> jax.Array:
    """Return y: the targets, or one-hot rows; NaN where a target is none."""
    if arrays.indices is None:
        assert arrays.targets is not None
        is_mass = (arrays.targets >= 0) & (arrays.targets < jnp.inf)
        return jnp.where(is_mass, arrays.targets, jnp.nan)
    logits, n_classes = arrays.logits, arrays.logits.shape[1]
    one_hot = (arrays.indices[:, None] == jnp.arange(n_classes)).astype(logits.dtype)
    is_class = (arrays.indices >= 0) & (arrays.indices < n_classes)
    return jnp.where(is_class[:, None], one_hot, jnp.nan)


def _smoothed(masses: jax.Array, logits: jax.Array, label_smoothing: float) -> jax.Array:
    """Mix in the uniform distribution over the classes that are not masked."""
    if not label_smoothing:
        return masses
    unmasked = (logits != -jnp.inf) | (masses > 0)
    share = label_smoothing / jnp.maximum(unmasked.sum(-1, keepdims=True), 1).astype(logits.dtype)
    return (1 - label_smoothing) * masses + jnp.where(unmasked, share, 0)


def _class_means(arrays: LossArrays, classes: jax.Array, weight: jax.Array) -> jax.Array:
    """Return c of each row: the class weight of the unsmoothed target, its mean under a soft one."""
    if arrays.indices is not None:
        wrong = jnp.where(arrays.indices < 0, len(classes), arrays.indices)  # -1 is not the last class
        return classes.at[wrong].get(mode="fill", fill_value=jnp.nan)
    given = _given_masses(arrays)
    unread = (weight == 0) & jnp.isnan(given).any(-1)
    given = jnp.where(unread[:, None], 0, given)
    mass = blocked_sum(given)
    has_mass = ~(mass <= 0)
    return jnp.where(has_mass, blocked_sum(given * classes) / jnp.where(has_mass, mass, 1), 1)


def _undefined_without_weight(logits: jax.Array, masses: jax.Array, weight: jax.Array) -> jax.Array:
    """Tell the rows of weight 0 whose loss may be infinite or NaN, which must not reach a derivative."""
    lowest = (logits == -jnp.inf).all(-1)
    undefined = ~(logits < jnp.inf).all(-1) | lowest | jnp.isnan(masses).any(-1)
    return ((weight == 0) & undefined)[:, None]
