"""The weights of a mean brought near 1: no mean changes, and products and sums of weights stay finite and normal."""

import jax
import jax.numpy as jnp
import numpy as np

from chainrule._types import Array
from chainrule.functions.arguments import Targets, near_one, quiet
from chainrule.functions.jax import weights
from chainrule.functions.jax.arguments import Operand
from chainrule.functions.jax.formula_loss import LossArrays, LossOptions
from chainrule.functions.weighted_targets import near_one_in_use

_MOST = 2.0**30  # of weights that do not count: they stay finite, and so do sums of them


def balanced(options: LossOptions, arrays: LossArrays) -> LossArrays:
    """Return the arrays, for a mean with the largest weights that count near 1.

    A row of zeros counts 1 whatever the class weights are; ``class_unit`` is that 1 in their scale.
    """
    if options.reduction != "mean":
        return arrays
    samples = arrays.sample_weight
    if samples is not None:
        if options.ignore_index is not None and arrays.indices is not None:
            samples = jnp.where(arrays.indices == options.ignore_index, 0, samples)
        samples = weights.near_one(samples)
    arrays = arrays._replace(sample_weight=samples)
    return arrays if arrays.class_weight is None else _with_balanced_classes(options, arrays)


def _with_balanced_classes(options: LossOptions, arrays: LossArrays) -> LossArrays:
    classes = arrays.class_weight
    assert classes is not None
    unit = jnp.ones((), classes.dtype) if arrays.class_unit is None else arrays.class_unit
    # So that the 1 of a row of zeros stays a normal number.
    lowest = -1000 if classes.dtype == jnp.float64 else -100
    exponent = jnp.maximum(weights.exponent_to_one(_counting(options, arrays, classes, unit)), lowest)
    scaled = jnp.minimum(weights.times_power_of_two(classes, exponent), _MOST)
    unit = jnp.minimum(weights.times_power_of_two(unit, exponent), _MOST)
    return arrays._replace(class_weight=jnp.where(classes < jnp.inf, scaled, classes), class_unit=unit)


def _counting(options: LossOptions, arrays: LossArrays, classes: jax.Array, unit: jax.Array) -> jax.Array:
    """Return the class weights that count, and the unit if a row of zeros does, among zeros."""
    n_rows = len(arrays.targets if arrays.indices is None else arrays.indices)  # type: ignore[arg-type]  # one of them
    samples = jnp.ones(n_rows) if arrays.sample_weight is None else arrays.sample_weight
    used = samples != 0
    if arrays.indices is not None:
        if options.ignore_index is not None:
            used &= arrays.indices != options.ignore_index
        # Neither -1 nor an ignored row is the last class.
        positions = jnp.where(used & (arrays.indices >= 0), arrays.indices, len(classes))
        return classes if options.label_smoothing else classes.at[positions].get(mode="fill", fill_value=0)
    assert arrays.targets is not None
    has_mass = (arrays.targets > 0) & used[:, None]
    counting = classes if options.label_smoothing else jnp.where(has_mass.any(0), classes, 0)
    of_zeros = jnp.where((used & ~has_mass.any(1)).any(), unit, 0)
    return jnp.append(counting, of_zeros)


@quiet
def within_float32(
    samples: Operand | None,
    classes: Operand | None,
    targets: Operand,
    leading: tuple[int, ...],
    label_smoothing: float,
    ignore_index: int | None,
) -> tuple[Operand | None, Operand | None, float]:
    """Return weights of a mean that JAX, without float64, can hold, and the unit of the class weights.

    What is known now is scaled as NumPy's path does it; JAX's own arrays are held already.
    """
    ignored = False
    if ignore_index is not None and not isinstance(targets, jax.core.Tracer):
        ignored = np.asarray(targets) == ignore_index
    if isinstance(samples, np.ndarray):
        samples = near_one(np.where(ignored, 0, samples))
    if not isinstance(classes, np.ndarray):
        return samples, classes, 1.0
    if isinstance(targets, jax.core.Tracer):  # as with smoothing, every class may count
        return samples, *_single(near_one_in_use(classes, Targets(np.zeros(0, np.int64), None), None, 1.0))
    rows = np.asarray(targets).reshape(-1, *targets.shape[len(leading) :])
    known = Targets(rows, None) if rows.ndim == 1 else Targets(None, rows)
    used = 1.0 if samples is None or isinstance(samples, jax.core.Tracer) else np.asarray(samples)
    used = np.broadcast_to(np.where(ignored, 0, used), leading).reshape(-1)
    return samples, *_single(near_one_in_use(classes, known, used, label_smoothing))


def _single(scaled: tuple[Array | None, float]) -> tuple[Array | None, float]:
    """Keep the unit within float32; so large a one is that of rows beside which nothing else is seen."""
    return scaled[0], min(scaled[1], float(np.finfo(np.float32).max))
