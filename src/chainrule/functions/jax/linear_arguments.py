"""The arrays of a linear head: checked, and as rows in the dtype of the computation."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions import arguments
from chainrule.functions.jax.arguments import check_logits, compute_dtype, known

_NAMES = ("features", "weight", "bias")


class LinearHead(NamedTuple):
    """logits = features weight^T + bias."""

    features: jax.Array  # (..., features)
    weight: jax.Array  # (classes, features)
    bias: jax.Array | None  # (classes,)

    @property
    def logits_shape(self) -> tuple[int, ...]:
        """Return the shape of the logits, which never exist as a whole."""
        return (*self.features.shape[:-1], self.weight.shape[0])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the dtype of the computation."""
        return compute_dtype(self.features)

    def as_rows(self) -> "LinearHead":
        """Return the arrays in the dtype of the computation, the features as rows."""
        features = self.features.astype(self.dtype).reshape(-1, self.features.shape[-1])
        bias = None if self.bias is None else self.bias.astype(self.dtype)
        return LinearHead(features, self.weight.astype(self.dtype), bias)


def prepared_head(
    call: str,
    features: jax.Array,
    weight: ArrayLike,
    bias: ArrayLike | None,
    weight_name: str = "weight",
    bias_name: str = "bias",
    like: LinearHead | None = None,
) -> tuple[LinearHead, jax.ShapeDtypeStruct]:
    """Return the checked arrays of a head (or, with ``like``, of a direction of one), and what its logits are."""
    check_logits(call, "features", features)
    if features.ndim == 0:
        remedy = "Pass an array of shape (..., features)."
        raise ArgumentError(call, "features have an axis of features", "a scalar", remedy)
    of_weight = _floating(call, weight_name, known(call, weight_name, weight))
    n_features = features.shape[-1]
    fits = of_weight.ndim == 2 and of_weight.shape[1] == n_features and of_weight.shape[0] > 0
    if not fits or (like is not None and of_weight.shape != like.weight.shape):
        expected = f"(classes, {n_features})" if like is None else str(like.weight.shape)
        remedy = "Give one row of weights for each class."
        raise ArgumentError(call, f"{weight_name} has shape {expected}", f"shape {of_weight.shape}", remedy)
    shape = (*features.shape[:-1], of_weight.shape[0])
    head = LinearHead(
        features, jnp.asarray(weight), _checked_bias(call, bias_name, bias, of_weight.shape[0], like)
    )
    return head, jax.ShapeDtypeStruct(shape, features.dtype)


def check_wrt(call: str, wrt: Sequence[str], head: LinearHead) -> tuple[str, ...]:
    """Return the names of the arrays to differentiate by, without a bias that is not there."""
    names = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    unknown = [name for name in names if name not in _NAMES]
    if unknown:
        rule = "wrt names some of 'features', 'weight' and 'bias'"
        raise ArgumentError(call, rule, repr(unknown[0]), "Leave out what is not needed.")
    return tuple(name for name in _NAMES if name in names and getattr(head, name) is not None)


def _checked_bias(
    call: str, name: str, bias: ArrayLike | None, n_classes: int, like: LinearHead | None
) -> jax.Array | None:
    if bias is None:
        return None
    if like is not None and like.bias is None:
        rule = "bias_direction goes with a bias"
        raise ArgumentError(call, rule, "bias_direction and bias=None", "Pass the bias, or leave it out.")
    array = _floating(call, name, known(call, name, bias))
    if array.shape != (n_classes,):
        remedy = "Give one number for each class."
        raise ArgumentError(call, f"{name} has shape {(n_classes,)}", f"shape {array.shape}", remedy)
    return jnp.asarray(bias)


def _floating(call: str, name: str, array: Array) -> Array:
    if not arguments.holds_numbers(array):
        raise ArgumentTypeError(call, f"{name} holds numbers", f"dtype {array.dtype}", "Convert it to float.")
    return array
