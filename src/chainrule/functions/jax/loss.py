"""The cross-entropy of rows with its weights and reduction: by the formulas, and by the kernels.

The formulas are differentiable in every array, to every order. The kernels have a derivative at two orders: that of
the loss is the gradient as the kernels compute it, and that of the gradient is the formulas' (CE.4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from chainrule.functions.arguments import Reduction
from chainrule.functions.jax.foreign import Path, call_kernel
from chainrule.functions.jax.rows import row_gradient, row_loss
from chainrule.functions.jax.sums import blocked_sum, total

_REDUCTIONS = ("mean", "sum", "none")  # numbered as in native/xla_loss.hpp


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


def loss_of(options: LossOptions, arrays: LossArrays) -> jax.Array:
    """Return the loss, one number or one for each row, in the dtype of the logits."""
    return _kernel_loss(options, arrays) if options.path.compiled else formula_loss(options, arrays)


def loss_and_gradient_of(options: LossOptions, arrays: LossArrays) -> tuple[jax.Array, jax.Array]:
    """Return the loss, and the gradient of it or of its sum."""
    return _kernel_gradient(options, arrays) if options.path.compiled else formula_gradient(options, arrays)


def formula_loss(options: LossOptions, arrays: LossArrays) -> jax.Array:
    """Return the loss by the formulas."""
    return _reduced(options, _weighted_rows(options, arrays))


def formula_gradient(options: LossOptions, arrays: LossArrays) -> tuple[jax.Array, jax.Array]:
    """Return the loss and its gradient by the formulas."""
    rows = _weighted_rows(options, arrays)
    gradient = row_gradient(rows.logits, rows.masses, options.temperature)
    scaled = gradient * _scaled_weight(options, rows)[:, None]
    return _reduced(options, rows), jnp.where(rows.total_weight == 0, 0, scaled)


class _WeightedRows(NamedTuple):
    logits: jax.Array
    masses: jax.Array  # q', weighted and smoothed
    weight: jax.Array  # of each row; 0 where it is ignored
    total_weight: jax.Array  # what "mean" divides by, else 1


def _weighted_rows(options: LossOptions, arrays: LossArrays) -> _WeightedRows:
    weight = _row_weight(options, arrays)
    classes = _valid(arrays.class_weight, arrays.logits.dtype)
    given = _given_masses(arrays)
    masses = _smoothed(given, arrays.logits, options.label_smoothing)
    masses = masses if classes is None else masses * classes
    unread = _undefined_without_weight(arrays.logits, masses, weight)
    logits = jnp.where(unread, 0, arrays.logits)
    masses = jnp.where(unread, 0, masses)
    if options.reduction != "mean":
        return _WeightedRows(logits, masses, weight, jnp.ones((), weight.dtype))
    total_weight = total(weighed(weight, _class_means(given, classes, len(weight))))
    return _WeightedRows(logits, masses, weight, total_weight)


def _reduced(options: LossOptions, rows: _WeightedRows) -> jax.Array:
    losses = weighed(rows.weight, row_loss(rows.logits, rows.masses, options.temperature))
    if options.reduction == "none":
        return losses
    nothing = rows.total_weight == 0
    return jnp.where(nothing, 0, total(losses) / jnp.where(nothing, 1, rows.total_weight))


def _scaled_weight(options: LossOptions, rows: _WeightedRows) -> jax.Array:
    if options.reduction != "mean":
        return rows.weight
    return rows.weight / jnp.where(rows.total_weight == 0, 1, rows.total_weight)


@jax.custom_jvp
def weighed(weight: jax.Array, losses: jax.Array) -> jax.Array:
    """Return weight * loss, 0 where the weight is.

    The derivative with respect to a weight of 0 is the loss, or 0 where that is not finite.

    Examples
    --------
    >>> weighed(jnp.array([0.0, 2.0]), jnp.array([jnp.nan, 3.0])).tolist()
    [0.0, 6.0]
    """
    return jnp.where(weight == 0, 0, weight * losses)


@weighed.defjvp
def _weighed_jvp(
    primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    weight, losses = primals
    used = jnp.where((weight == 0) & ~jnp.isfinite(losses), 0, losses)
    return weighed(weight, losses), jnp.where(weight == 0, 0, weight * tangents[1]) + used * tangents[0]


def _row_weight(options: LossOptions, arrays: LossArrays) -> jax.Array:
    n_rows, dtype = len(arrays.logits), arrays.logits.dtype
    weight = _valid(arrays.sample_weight, None)
    if weight is None:
        weight = jnp.ones(n_rows, dtype)
    elif options.reduction == "mean":
        weight = _near_one(weight)
    if options.ignore_index is not None and arrays.indices is not None:
        weight = jnp.where(arrays.indices == options.ignore_index, 0, weight)
    return weight.astype(dtype)


def _valid(weights: jax.Array | None, dtype: Any) -> jax.Array | None:
    if weights is None:
        return None
    valid = jnp.where((weights >= 0) & (weights < jnp.inf), weights, jnp.nan)
    return valid if dtype is None else valid.astype(dtype)


def _near_one(weights: jax.Array) -> jax.Array:
    """Return weights times a power of two near one over the largest: the mean cannot over- or underflow."""
    largest = jax.lax.stop_gradient(weights.max(initial=0))
    exponent = jnp.where((largest > 0) & jnp.isfinite(largest), 1 - jnp.frexp(largest)[1], 0)
    half = exponent // 2
    one = jnp.ones((), weights.dtype)
    return weights * jnp.ldexp(one, half) * jnp.ldexp(one, exponent - half)


def _given_masses(arrays: LossArrays) -> jax.Array:
    """Return y: the targets, or one-hot rows; NaN where a target is none."""
    logits = arrays.logits
    if arrays.indices is None:
        assert arrays.targets is not None
        is_mass = (arrays.targets >= 0) & (arrays.targets < jnp.inf)
        return jnp.where(is_mass, arrays.targets, jnp.nan)
    n_classes = logits.shape[1]
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


def _class_means(given: jax.Array, classes: jax.Array | None, n_rows: int) -> jax.Array:
    """Return c of each row: the class weight of the unsmoothed target, its mean under a soft one."""
    if classes is None:
        return jnp.ones(n_rows, given.dtype)
    mass = blocked_sum(given)
    has_mass = ~(mass <= 0)
    return jnp.where(has_mass, blocked_sum(given * classes) / jnp.where(has_mass, mass, 1), 1)


def _undefined_without_weight(logits: jax.Array, masses: jax.Array, weight: jax.Array) -> jax.Array:
    """Tell the rows of weight 0 whose loss may be infinite or NaN, which must not reach a derivative."""
    lowest = (logits == -jnp.inf).all(-1)
    undefined = ~(logits < jnp.inf).all(-1) | lowest | jnp.isnan(masses).any(-1)
    return ((weight == 0) & undefined)[:, None]


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _kernel_loss(options: LossOptions, arrays: LossArrays) -> jax.Array:
    result = jax.ShapeDtypeStruct(_loss_shape(options, arrays), arrays.logits.dtype)
    return _by_platform(options, arrays, result, formula_loss)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _kernel_gradient(options: LossOptions, arrays: LossArrays) -> tuple[jax.Array, jax.Array]:
    loss = jax.ShapeDtypeStruct(_loss_shape(options, arrays), arrays.logits.dtype)
    gradient = jax.ShapeDtypeStruct(arrays.logits.shape, arrays.logits.dtype)
    return _by_platform(options, arrays, (loss, gradient), formula_gradient)


def _kernel_loss_jvp(options: LossOptions, primals: tuple[LossArrays], tangents: tuple[Any]) -> Any:
    arrays, direction = primals[0], tangents[0]
    if isinstance(direction.logits, SymbolicZero):
        loss, slope = _kernel_loss(options, arrays), jnp.zeros((), arrays.logits.dtype)
    else:
        loss, gradient = _kernel_gradient(options, arrays)
        by_row = (gradient * direction.logits).sum(-1)
        slope = by_row if options.reduction == "none" else by_row.sum()
    other = direction._replace(logits=SymbolicZero.from_primal_value(arrays.logits))
    derivative = _formula_derivative(partial(formula_loss, options), arrays, other)
    return loss, jnp.broadcast_to(slope, loss.shape) if derivative is None else slope + derivative


def _kernel_gradient_jvp(options: LossOptions, primals: tuple[LossArrays], tangents: tuple[Any]) -> Any:
    arrays, direction = primals[0], tangents[0]
    result = _kernel_gradient(options, arrays)
    derivative = _formula_derivative(partial(formula_gradient, options), arrays, direction)
    return result, jax.tree.map(jnp.zeros_like, result) if derivative is None else derivative


_kernel_loss.defjvp(_kernel_loss_jvp, symbolic_zeros=True)
_kernel_gradient.defjvp(_kernel_gradient_jvp, symbolic_zeros=True)


def _formula_derivative(function: Callable[[LossArrays], Any], arrays: LossArrays, direction: Any) -> Any:
    """Return the derivative of the formulas along the arrays that have a direction; None if none has."""
    moving = {
        name: getattr(arrays, name)
        for name, tangent in direction._asdict().items()
        if tangent is not None and not isinstance(tangent, SymbolicZero)
    }
    if not moving:
        return None
    tangents = {name: getattr(direction, name) for name in moving}
    return jax.jvp(lambda moved: function(arrays._replace(**moved)), (moving,), (tangents,))[1]


def _loss_shape(options: LossOptions, arrays: LossArrays) -> tuple[int, ...]:
    return arrays.logits.shape[:1] if options.reduction == "none" else ()


def _by_platform(
    options: LossOptions, arrays: LossArrays, results: Any, formula: Callable[[LossOptions, LossArrays], Any]
) -> Any:
    """Call the kernel on a CPU and the formula elsewhere."""
    ignored = options.ignore_index

    def compiled(arrays: LossArrays) -> Any:
        return call_kernel(
            "chainrule_cross_entropy",
            results,
            [array for array in arrays if array is not None],
            reduction=np.int64(_REDUCTIONS.index(options.reduction)),
            label_smoothing=np.float64(options.label_smoothing),
            temperature=np.float64(options.temperature),
            ignoring=ignored is not None,
            ignore_index=np.int64(0 if ignored is None else ignored),
            by_index=arrays.indices is not None,
            sample_weighted=arrays.sample_weight is not None,
            class_weighted=arrays.class_weight is not None,
            n_threads=np.int64(options.path.n_threads),
        )

    return jax.lax.platform_dependent(arrays, cpu=compiled, default=partial(formula, options))
