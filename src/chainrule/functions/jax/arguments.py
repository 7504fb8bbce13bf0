"""Checks of JAX arrays: shapes, dtypes and options always, values where they are known.

Under a transformation values are not known. An array that stands in for them, of the same shape and dtype, then goes
through the checks of NumPy arrays, so that the messages are the same; wrong values give NaN.
"""

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions import arguments
from chainrule.functions.arguments import Rows

Operand: TypeAlias = jax.Array | Array


def check_logits(call: str, name: str, logits: jax.Array | jax.ShapeDtypeStruct) -> np.dtype[Any]:
    """Refuse logits of another dtype than those that are served; return the dtype they are computed in."""
    arguments.check_logits(call, name, _stand_in(logits))
    return compute_dtype(logits)


def compute_dtype(logits: jax.Array | jax.ShapeDtypeStruct) -> np.dtype[Any]:
    """Return float64 for float64, else float32."""
    return np.dtype(np.float64 if logits.dtype == np.float64 else np.float32)


def check_targets(
    call: str, targets: ArrayLike, logits: jax.Array | jax.ShapeDtypeStruct, ignore_index: int | None
) -> Operand:
    """Return the targets of logits of shape (..., classes), as an array."""
    array = known(call, "targets", targets)
    leading, n_classes = logits.shape[:-1], logits.shape[-1]
    shape = leading
    if isinstance(targets, jax.core.Tracer) and array.shape == logits.shape:
        array, shape = array[(0,) * len(leading)] if array.size else np.zeros(n_classes, array.dtype), ()
    n_rows = int(np.prod(shape, dtype=np.int64))
    rows = Rows(
        np.broadcast_to(np.zeros((), compute_dtype(logits)), (n_rows, n_classes)), shape, logits.dtype
    )
    arguments.check_targets(call, array, rows, ignore_index)
    return _operand(targets, array)


def check_weights(
    call: str, name: str, weights: ArrayLike | None, shape: tuple[int, ...], any_scale: bool = False
) -> Operand | None:
    """Return weights as an array; with ``any_scale`` times a power of two, if they are not JAX's."""
    if weights is None:
        return None
    array = known(call, name, weights)
    checked = arguments.check_weights(call, name, array, shape)
    assert checked is not None
    return _operand(weights, (arguments.near_one(checked) if any_scale else checked).reshape(shape))


def check_direction(
    call: str, name: str, array: ArrayLike, logits: jax.Array | jax.ShapeDtypeStruct
) -> jax.Array:
    """Return a direction: real numbers in the shape of the logits, in the dtype they are computed in."""
    values = known(call, name, array)
    if not arguments.holds_numbers(values):
        remedy = "Convert it to the dtype of the logits."
        raise ArgumentTypeError(call, f"{name} holds numbers", f"dtype {values.dtype}", remedy)
    if values.shape != logits.shape:
        rule = f"{name} has the shape of the logits, {logits.shape}"
        raise ArgumentError(call, rule, f"shape {values.shape}", "Give one number for each logit.")
    return jnp.asarray(_operand(array, values), compute_dtype(logits))


def known(call: str, name: str, values: ArrayLike) -> Array:
    """Return the values as a NumPy array, or what stands in for values that are not known."""
    return (
        _stand_in(values) if isinstance(values, jax.core.Tracer) else arguments.as_array(call, name, values)
    )


def fitting_ignore_index(indices: Operand, ignore_index: int | None) -> tuple[Operand, int | None]:
    """Return indices and the ignored one within 32 bits, to which JAX may cut integers."""
    if ignore_index is None or -(2**31) <= ignore_index < 2**31:
        return indices, ignore_index
    if isinstance(indices, jax.Array):
        return indices, ignore_index if indices.dtype.itemsize == 8 else None
    return np.where(indices == ignore_index, -1, indices), -1


def _stand_in(array: Any) -> Array:
    """Return zeros of the shape and dtype, in no memory."""
    return np.broadcast_to(np.zeros((), array.dtype), array.shape)


def _operand(given: ArrayLike, array: Array) -> Operand:
    return given if isinstance(given, jax.Array) else array
