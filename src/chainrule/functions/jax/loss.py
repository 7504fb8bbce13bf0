"""The cross-entropy of rows by the kernels, on a CPU, or else by the formulas.

The kernels have a derivative at two orders: that of the loss is the gradient as the kernels compute it, and that of
the gradient is the formulas', with (CE.4). Derivatives by targets and weights are the formulas' at once.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainrule.functions.jax.derivatives import differentiable
from chainrule.functions.jax.foreign import call_kernel
from chainrule.functions.jax.formula_loss import LossArrays, LossOptions, formula_gradient, formula_loss

_REDUCTIONS = ("mean", "sum", "none")  # numbered as in native/xla_loss.hpp


def loss_of(options: LossOptions, arrays: LossArrays) -> jax.Array:
    """Return the loss, one number or one for each row, in the dtype of the logits."""
    return _kernel_loss(options, arrays) if options.path.compiled else formula_loss(options, arrays)


def loss_and_gradient_of(options: LossOptions, arrays: LossArrays) -> tuple[jax.Array, jax.Array]:
    """Return the loss, and the gradient of it or of its sum."""
    return _kernel_gradient(options, arrays) if options.path.compiled else formula_gradient(options, arrays)


@differentiable(0)
def _kernel_loss(options: LossOptions, arrays: LossArrays) -> jax.Array:
    result = jax.ShapeDtypeStruct(_loss_shape(options, arrays), arrays.logits.dtype)
    return _by_platform(options, arrays, result, formula_loss)


@differentiable(0)
def _kernel_gradient(options: LossOptions, arrays: LossArrays) -> tuple[jax.Array, jax.Array]:
    loss = jax.ShapeDtypeStruct(_loss_shape(options, arrays), arrays.logits.dtype)
    gradient = jax.ShapeDtypeStruct(arrays.logits.shape, arrays.logits.dtype)
    return _by_platform(options, arrays, (loss, gradient), formula_gradient)


def _kernel_loss_jvp(options: LossOptions, primals: tuple[LossArrays], tangents: tuple[Any]) -> Any:
    arrays, direction = primals[0], tangents[0]
    if direction.logits is None:
        loss, slope = _kernel_loss(options, arrays), jnp.zeros((), arrays.logits.dtype)
    else:
        loss, gradient = _kernel_gradient(options, arrays)
        by_row = (gradient * direction.logits).sum(-1)
        slope = by_row if options.reduction == "none" else by_row.sum()
    other = direction._replace(logits=None)
    derivative = formula_derivative(partial(formula_loss, options), arrays, other)
    return loss, jnp.broadcast_to(slope, loss.shape) if derivative is None else slope + derivative


def _kernel_gradient_jvp(options: LossOptions, primals: tuple[LossArrays], tangents: tuple[Any]) -> Any:
    arrays, direction = primals[0], tangents[0]
    result = _kernel_gradient(options, arrays)
    derivative = formula_derivative(partial(formula_gradient, options), arrays, direction)
    return result, jax.tree.map(jnp.zeros_like, result) if derivative is None else derivative


_kernel_loss.defjvp(_kernel_loss_jvp)
_kernel_gradient.defjvp(_kernel_gradient_jvp)


def formula_derivative(function: Callable[[LossArrays], Any], arrays: LossArrays, direction: Any) -> Any:
    """Return the derivative of the formulas along the arrays that have a direction; None if none has."""
    moving = {
        name: getattr(arrays, name) for name, tangent in direction._asdict().items() if tangent is not None
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
