"""The Gauss-Newton product of a linear layer followed by softmax and cross-entropy."""

from functools import partial

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.functions.arguments import (
    Reduction,
    check_reduction,
    check_temperature,
    quiet,
)
from chainrule.functions.curvature_weights import curvature_weights
from chainrule.functions.dispatch import in_its_own_library
from chainrule.functions.linear_arguments import (
    LinearArgument,
    LinearArrays,
    LinearDirection,
    check_direction,
    check_linear,
)
from chainrule.functions.linear_cross_entropy import linear_kernels
from chainrule.functions.weighted_targets import WeightedTargets
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
    weights = curvature_weights(
        call, arrays.rows, targets, sample_weight, class_weight, label_smoothing, ignore_index,
        reduction == "mean", partial(_mean_class_weight, arrays.bias),
    )  # fmt: skip
    products = {name: arrays.zeros(name) for name in ("weight", *(() if bias is None else ("bias",)))}
    divisor = weights.total if reduction == "mean" else 1.0
    threads = thread_count(n_threads)
    if divisor > 0:
        linear_kernels().linear_gauss_newton_rows(
            arrays.features, arrays.weight, arrays.bias, along.weight, along.bias, weights.of_rows, temperature,
            1.0 / divisor, products["weight"], products.get("bias"), threads,
        )  # fmt: skip
        if weights.massless is not None:
            _add_meaningless(products, arrays, along, weights.massless, temperature, threads)
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


def _mean_class_weight(bias: Array | None, targets: WeightedTargets, classes: Array) -> Array:
    """Return the mean class weight over the classes that smoothing reaches: not those whose bias masks them."""
    masked = np.flatnonzero(bias == -np.inf) if bias is not None else np.zeros(0, np.int64)
    if targets.probabilities is not None:
        reached = targets.probabilities[:, masked] > 0
    else:
        assert targets.indices is not None
        reached = targets.indices[:, None] == masked
    total = classes.sum() - classes[masked].sum() + (reached * classes[masked]).sum(axis=1)
    mean: Array = total / np.maximum(len(classes) - len(masked) + reached.sum(axis=1), 1)
    return mean
