"""Directions: arrays like the logits that a Jacobian or a second derivative is applied to."""

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions.arguments import Rows, as_array, holds_numbers


def direction_rows(
    call: str, name: str, direction: ArrayLike, logits: Array, rows: Rows, axis: int = -1
) -> Array:
    """Return the direction as contiguous rows in the dtype of the computation, like ``rows.values``."""
    array = as_array(call, name, direction)
    if not holds_numbers(array):
        raise ArgumentTypeError(
            call, f"{name} holds numbers", f"dtype {array.dtype}", "Convert it to the dtype of the logits."
        )
    if array.shape != logits.shape:
        rule = f"{name} has the shape of the logits, {logits.shape}"
        raise ArgumentError(call, rule, f"shape {array.shape}", "Give one number for each logit.")
    moved = np.moveaxis(array, axis, -1).reshape(rows.values.shape)
    return np.require(moved, rows.values.dtype, ["C_CONTIGUOUS", "ALIGNED"])
