"""The cross-entropy of JAX arrays, its gradient, and products with its second derivative."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainrule._types import ArrayLike
from chainrule.errors import ArgumentError
from chainrule.functions.arguments import (
    Reduction,
    check_ignore_index,
    check_label_smoothing,
    check_reduction,
    check_temperature,
    class_axis,
)
from chainrule.functions.jax import rows
from chainrule.functions.jax.arguments import (
    Operand,
    check_direction,
    check_logits,
    check_targets,
    check_weights,
    compute_dtype,
    fitting_ignore_index,
)
from chainrule.functions.jax.foreign import FORMULAS, path_of_call
from chainrule.functions.jax.formula_loss import LossArrays, LossOptions, weighted_rows
from chainrule.functions.jax.loss import loss_and_gradient_of, loss_of
from chainrule.functions.jax.weights import scaled


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
    >>> float(jax.grad(cross_entropy)(jnp.array([[40.0, 0.0]]), jnp.array([0]))[0, 0])  # not 0
    -4.248354237613609e-18
    """
    prepared = _prepare(
        "cross_entropy", logits, targets, sample_weight, class_weight, label_smoothing, ignore_index,
        temperature, reduction, n_threads,
    )  # fmt: skip
    return _loss(*prepared)


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
    >>> loss, gradient = cross_entropy_with_gradient(jnp.array([[0.0, 0.0]]), jnp.array([0]))
    >>> gradient.tolist()
    [[-0.5, 0.5]]
    """
    call = "cross_entropy_with_gradient"
    if out is not None:
        remedy = "Leave it out; jax.jit with donate_argnums lets XLA use the memory of the logits again."
        raise ArgumentError(call, "out is None for JAX arrays, which are not written to", "an array", remedy)
    prepared = _prepare(
        call, logits, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature,
        reduction, n_threads,
    )  # fmt: skip
    return _loss_and_gradient(*prepared)


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
    >>> cross_entropy_hvp(jnp.array([[0.0, 0.0]]), jnp.array([[1.0, 0.0]])).tolist()
    [[0.25, -0.25]]
    """
    call = "cross_entropy_hvp"
    check_logits(call, "logits", logits)
    class_axis(call, logits.shape, -1)
    v = check_direction(call, "direction", direction, logits)
    if targets is None:
        for name, value in (("class_weight", class_weight), ("ignore_index", ignore_index)):
            if value is not None:
                remedy = f"Pass the targets, or leave {name} out."
                raise ArgumentError(call, f"{name} goes with targets", f"{name} and targets=None", remedy)
        targets = np.zeros(logits.shape[:-1], np.int32)  # any class: only the mass 1 of its row matters
    options, _, *others = _prepare(
        call, logits, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature,
        reduction, n_threads,
    )  # fmt: skip
    return _hvp(options, logits, v, *others)


def _prepare(
    call: str,
    logits: jax.Array,
    targets: ArrayLike,
    sample_weight: ArrayLike | None,
    class_weight: ArrayLike | None,
    label_smoothing: float,
    ignore_index: int | None,
    temperature: float,
    reduction: Reduction,
    n_threads: int | None,
) -> tuple[LossOptions, jax.Array, Operand, Operand | None, Operand | None]:
    """Return checked arguments: what a program is traced for, and its arrays."""
    check_reduction(call, reduction)
    dtype = check_logits(call, "logits", logits)
    temperature = check_temperature(call, temperature)
    class_axis(call, logits.shape, -1)
    label_smoothing = check_label_smoothing(call, label_smoothing)
    ignore_index = check_ignore_index(call, ignore_index)
    checked = check_targets(call, targets, logits, ignore_index)
    mean = reduction == "mean"
    samples = check_weights(call, "sample_weight", sample_weight, logits.shape[:-1], mean)
    classes = check_weights(call, "class_weight", class_weight, logits.shape[-1:])
    checked, ignore_index = fitting_ignore_index(checked, ignore_index)
    path = path_of_call(n_threads)
    # The kernels take inverse temperatures that are normal numbers; NumPy computes others in float64.
    usual = dtype == jnp.float64 or rows.is_usual(temperature, dtype)
    options = LossOptions(label_smoothing, ignore_index, temperature, reduction, path if usual else FORMULAS)
    return options, logits, checked, samples, classes


def _rows_of(
    logits: jax.Array, targets: Operand, samples: Operand | None, classes: Operand | None
) -> LossArrays:
    """Return the arrays as rows in the dtypes of the computation."""
    dtype = compute_dtype(logits)
    flat = logits.astype(dtype).reshape(-1, logits.shape[-1])
    weights = None if samples is None else _weight_dtype(samples).reshape(-1)
    of_classes = None if classes is None else _weight_dtype(classes)
    if targets.shape == logits.shape[:-1]:
        return LossArrays(flat, _index_dtype(jnp.asarray(targets)).reshape(-1), None, weights, of_classes)
    given = jnp.asarray(targets)
    # A cast must not hide that a target is negative or infinite.
    masses = given if given.dtype == dtype else jnp.where(_is_mass(given), given.astype(dtype), jnp.nan)
    return LossArrays(flat, None, masses.reshape(flat.shape), weights, of_classes)


def _is_mass(targets: jax.Array) -> Any:
    return (
        (targets >= 0) & (targets < jnp.inf) if jnp.issubdtype(targets.dtype, jnp.floating) else targets >= 0
    )


def _weight_dtype(weights: Operand) -> jax.Array:
    return jnp.asarray(weights).astype(jax.dtypes.canonicalize_dtype(jnp.float64))


def _index_dtype(indices: jax.Array) -> jax.Array:
    widest = np.dtype(jax.dtypes.canonicalize_dtype(np.int64))
    if indices.dtype.kind == "u" and indices.dtype.itemsize >= widest.itemsize:
        indices = jnp.minimum(indices, np.iinfo(widest).max)  # no class either way, and must not become negative
    return indices.astype(widest)


@partial(jax.jit, static_argnums=0)
def _loss(options: LossOptions, logits: jax.Array, *others: Any) -> jax.Array:
    loss = loss_of(options, _rows_of(logits, *others))
    return _delivered(loss, options, logits)


@partial(jax.jit, static_argnums=0)
def _loss_and_gradient(options: LossOptions, logits: jax.Array, *others: Any) -> tuple[jax.Array, jax.Array]:
    loss, gradient = loss_and_gradient_of(options, _rows_of(logits, *others))
    return _delivered(loss, options, logits), gradient.reshape(logits.shape).astype(logits.dtype)


@partial(jax.jit, static_argnums=0)
def _hvp(options: LossOptions, logits: jax.Array, direction: jax.Array, *others: Any) -> jax.Array:
    weighted = weighted_rows(options, _rows_of(logits, *others))
    p = rows.probabilities(weighted.logits, options.temperature)
    v = jnp.where(weighted.weight[:, None] == 0, 0, direction.reshape(p.shape))
    product = rows.divided(rows.jacobian_product(p, rows.from_top(p, v)), options.temperature)
    by_row = rows.divided(product, options.temperature) * weighted.masses.sum(-1, keepdims=True)
    return scaled(by_row, weighted.weight, weighted.divisor).reshape(logits.shape).astype(logits.dtype)


def _delivered(loss: jax.Array, options: LossOptions, logits: jax.Array) -> jax.Array:
    shaped = loss.reshape(logits.shape[:-1]) if options.reduction == "none" else loss
    return shaped.astype(logits.dtype)
