"""The Gauss-Newton product of a linear layer followed by softmax and cross-entropy."""

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError
from chainrule.functions.arguments import (
    Reduction,
    check_reduction,
    check_temperature,
    check_weights,
    near_one,
    quiet,
)
from chainrule.functions.dispatch import in_its_own_library
from chainrule.functions.linear_arguments import (
    LinearArgument,
    LinearArrays,
    LinearDirection,
    check_direction,
    check_linear,
)
from chainrule.functions.linear_cross_entropy import linear_kernels
from chainrule.functions.weighted_targets import WeightedTargets, weigh_targets
from chainrule.kernels import thread_count


@in_its_own_library
@quiet
def linear_cross_entropy_gauss_newton(
    features: ArrayLike,
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
) -> dict[LinearArgument, Array]:
    """Return the second derivative of :func:`linear_cross_entropy` by weight and bias along a direction, (LH.2).

    Parameters
    ----------
    features, weight, bias
        As :func:`linear_cross_entropy`.
    direction : array_like of the dtype of ``features``, shape (classes, features)
        The change V of the weight.
    targets : array_like or None
        As :func:`linear_cross_entropy`; None: targets that sum to 1, whichever they are.
    bias_direction : array_like of the dtype of ``features`` or None, shape (classes,)
        The change of the bias; None: 0.
    sample_weight, class_weight, label_smoothing, ignore_index, temperature, reduction, n_threads
        As :func:`cross_entropy`; ``class_weight`` and ``ignore_index`` go with targets.

    Returns
    -------
    dict
        "weight", shape (classes, features), and "bias", shape (classes,), which is absent where the bias is None.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        As :func:`linear_cross_entropy`, and if a direction does not fit.

    Notes
    -----
    The logits are linear in weight and bias, so this is also the product with the Hessian. Logits and their change
    exist for a block of 64 rows at a time. No bit depends on ``n_threads``. Rows that are ignored or of weight 0 are
    not read; those whose targets have no mass contribute 0, or NaN where their logits are meaningless.

    Examples
    --------
    >>> linear_cross_entropy_gauss_newton([[1.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]])
    {'weight': array([[ 0.25,  0.5 ],
           [-0.25, -0.5 ]])}
    """
    call = "linear_cross_entropy_gauss_newton"
    temperature = check_temperature(call, temperature)
    check_reduction(call, reduction)
    arrays = check_linear(call, features, weight, bias, temperature)
    along = check_direction(call, arrays, direction, bias_direction)
    row_weight, massless, total = _row_weight(
        call, arrays, targets, sample_weight, class_weight, label_smoothing, ignore_index, reduction == "mean"
    )
    products = {name: arrays.zeros(name) for name in ("weight", *(() if bias is None else ("bias",)))}
    divisor = total if reduction == "mean" else 1.0
    threads = thread_count(n_threads)
    if divisor > 0:
        linear_kernels().linear_gauss_newton_rows(
            arrays.features, arrays.weight, arrays.bias, along.weight, along.bias, row_weight, temperature,
            1.0 / divisor, products["weight"], products.get("bias"), threads,
        )  # fmt: skip
        if massless is not None and massless.any():
            _add_meaningless(products, arrays, along, massless, temperature, threads)
    return {name: arrays.deliver(name, product) for name, product in products.items()}


def _add_meaningless(
    products: dict[LinearArgument, Array],
    arrays: LinearArrays,
    along: LinearDirection,
    massless: Array,
    temperature: float,
    threads: int,
) -> None:
    """Add NaN where a row in use without mass is NaN, as it is in the loss, and 0 elsewhere."""
    others = {name: np.zeros_like(product) for name, product in products.items()}
    small = 2.0**-100  # large rows that are finite do not overflow
    linear_kernels().linear_gauss_newton_rows(
        arrays.features[massless], arrays.weight, arrays.bias, along.weight, along.bias, None, temperature,
        small, others["weight"], others.get("bias"), threads,
    )  # fmt: skip
    for name, other in others.items():
        products[name][np.isnan(other)] = np.nan


def _row_weight(
    call: str,
    arrays: LinearArrays,
    targets: ArrayLike | None,
    sample_weight: ArrayLike | None,
    class_weight: ArrayLike | None,
    label_smoothing: float,
    ignore_index: int | None,
    mean: bool,
) -> tuple[Array | None, Array | None, float]:
    """Return sample_weight_i sum(q'_i), which rows in use have none (None: none), and what a mean divides by."""
    if targets is not None:
        weighted = weigh_targets(
            call, arrays.rows, targets, sample_weight, class_weight, label_smoothing, ignore_index, mean
        )
        mass = _mass(weighted, arrays)
        weights = weighted.row_weight
        if mass is None:
            return weights, None, weighted.total
        massless = mass == 0 if weights is None else (mass == 0) & (weights != 0)
        return (mass if weights is None else weights * mass), massless, weighted.total
    for name, value in (("class_weight", class_weight), ("ignore_index", ignore_index)):
        if value is not None:
            remedy = f"Pass the targets, or leave {name} out."
            raise ArgumentError(call, f"{name} goes with targets", f"{name} and targets=None", remedy)
    samples = check_weights(call, "sample_weight", sample_weight, arrays.leading_shape)
    if samples is None:
        return None, None, float(len(arrays.features))
    samples = near_one(samples) if mean else samples
    return samples, None, float(samples.sum())


def _mass(targets: WeightedTargets, arrays: LinearArrays) -> Array | None:
    """Return sum_k q'_k of each row, class weights and smoothing inside; None: 1 for each."""
    if targets.folded or (targets.indices is not None and targets.class_weight is None):
        return None
    classes = np.ones(len(arrays.weight)) if targets.class_weight is None else targets.class_weight
    given = _given_mass(targets, classes)
    if not targets.label_smoothing:
        return given
    return (1 - targets.label_smoothing) * given + targets.label_smoothing * _mean_weight(
        targets, classes, arrays
    )


def _given_mass(targets: WeightedTargets, classes: Array) -> Array:
    if targets.probabilities is not None:
        mass: Array = targets.probabilities @ classes
        return mass
    assert targets.indices is not None
    return classes[
        np.clip(targets.indices, 0, len(classes) - 1)
    ]  # ignored rows: any class, their weight is 0


def _mean_weight(targets: WeightedTargets, classes: Array, arrays: LinearArrays) -> Array:
    """Return the mean class weight over the classes that smoothing reaches: not those whose bias masks them."""
    masked = np.flatnonzero(arrays.bias == -np.inf) if arrays.bias is not None else np.zeros(0, np.int64)
    if targets.probabilities is not None:
        reached = targets.probabilities[:, masked] > 0
    else:
        assert targets.indices is not None
        reached = targets.indices[:, None] == masked
    total = classes.sum() - classes[masked].sum() + reached @ classes[masked]
    mean: Array = total / np.maximum(len(classes) - len(masked) + reached.sum(axis=1), 1)
    return mean
