"""The arguments of a cross-entropy of JAX arrays: checked, and as rows in the dtypes of the computation."""

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
from chainrule.functions.jax.arguments import (
    Operand,
    check_logits,
    check_targets,
    check_weights,
    compute_dtype,
    fitting_ignore_index,
)
from chainrule.functions.jax.foreign import FORMULAS, path_of_call
from chainrule.functions.jax.formula_loss import LossArrays, LossOptions
from chainrule.functions.jax.rows import is_usual


def prepared_loss(
    call: str,
    logits: jax.Array | jax.ShapeDtypeStruct,
    targets: ArrayLike,
    sample_weight: ArrayLike | None,
    class_weight: ArrayLike | None,
    label_smoothing: float,
    ignore_index: int | None,
    temperature: float,
    reduction: Reduction,
    n_threads: int | None,
) -> tuple[LossOptions, Operand, Operand | None, Operand | None]:
    """Return checked arguments: the options, targets, sample weights and class weights; only shapes of the logits."""
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
    usual = dtype == jnp.float64 or is_usual(temperature, dtype)
    options = LossOptions(label_smoothing, ignore_index, temperature, reduction, path if usual else FORMULAS)
    return options, checked, samples, classes


def targets_of_mass_one(
    call: str, shape: tuple[int, ...], class_weight: ArrayLike | None, ignore_index: int | None
) -> Operand:
    """Return targets for a second derivative without any: of any class, for only the mass 1 of its row matters."""
    for name, value in (("class_weight", class_weight), ("ignore_index", ignore_index)):
        if value is not None:
            remedy = f"Pass the targets, or leave {name} out."
            raise ArgumentError(call, f"{name} goes with targets", f"{name} and targets=None", remedy)
    return np.zeros(shape[:-1], np.int32)


def rows_of(
    logits: jax.Array, targets: Operand, samples: Operand | None, classes: Operand | None
) -> LossArrays:
    """Return the arrays as rows in the dtypes of the computation."""
    flat = logits.astype(compute_dtype(logits)).reshape(-1, logits.shape[-1])
    return rows_without_logits(logits.shape, flat.dtype, targets, samples, classes)._replace(logits=flat)


def rows_without_logits(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    targets: Operand,
    samples: Operand | None,
    classes: Operand | None,
) -> LossArrays:
    """Return targets and weights of logits of a shape as rows, beside no row of logits."""
    none = jnp.zeros((0, shape[-1]), dtype)
    weights = None if samples is None else _weight_dtype(samples).reshape(-1)
    of_classes = None if classes is None else _weight_dtype(classes)
    given = jnp.asarray(targets)
    if given.shape == shape[:-1]:
        return LossArrays(none, _index_dtype(given).reshape(-1), None, weights, of_classes)
    # A cast must not hide that a target is negative or infinite.
    masses = given if given.dtype == dtype else jnp.where(_is_mass(given), given.astype(dtype), jnp.nan)
    return LossArrays(none, None, masses.reshape(-1, shape[-1]), weights, of_classes)


def _is_mass(targets: jax.Array) -> jax.Array:
    masses = targets >= 0
    return masses & jnp.isfinite(targets) if jnp.issubdtype(targets.dtype, jnp.floating) else masses


def _weight_dtype(weights: Operand) -> jax.Array:
    return jnp.asarray(weights).astype(jax.dtypes.canonicalize_dtype(jnp.float64))


def _index_dtype(indices: jax.Array) -> jax.Array:
    widest = np.dtype(jax.dtypes.canonicalize_dtype(np.int64))
    if indices.dtype.kind == "u" and indices.dtype.itemsize >= widest.itemsize:
        indices = jnp.minimum(
            indices, np.iinfo(widest).max
        )  # no class either way, and must not become negative
    return indices.astype(widest)
