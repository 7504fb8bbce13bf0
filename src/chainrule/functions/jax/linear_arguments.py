"""The arrays of a linear head: checked, and as rows in the dtype of the computation."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions.jax.arguments import compute_dtype, known

_NAMES = ("features", "weight", "bias")
_DTYPES = ("float16", "bfloat16", "float32", "float64")


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
    call: str, features: jax.Array, weight: ArrayLike, bias: ArrayLike | None
) -> tuple[LinearHead, jax.ShapeDtypeStruct]:
    """Return the checked arrays of a head, and what its logits are; the words are those for NumPy arrays."""
    x = _floating(call, "features", features)
    if x.ndim == 0:
        remedy = "Pass an array of shape (..., features)."
        raise ArgumentError(call, "features have a feature axis", "a scalar", remedy)
    w = _alike(call, "weight", weight, x.dtype)
    if w.ndim != 2 or w.shape[1] != x.shape[-1] or len(w) == 0:
        rule = f"weight has shape (classes, {x.shape[-1]}) for features of shape {x.shape}, one class or more"
        remedy = "Give one row of weights per class; transpose an array of shape (features, classes)."
        raise ArgumentError(call, rule, f"shape {w.shape}", remedy)
    b = None if bias is None else _alike(call, "bias", bias, x.dtype)
    if b is not None and b.shape != (len(w),):
        remedy = "Give one bias per class, or None."
        raise ArgumentError(call, f"bias has shape ({len(w)},)", f"shape {b.shape}", remedy)
    head = LinearHead(features, jnp.asarray(weight), None if bias is None else jnp.asarray(bias))
    return head, jax.ShapeDtypeStruct(head.logits_shape, features.dtype)


def prepared_direction(
    call: str, head: LinearHead, direction: ArrayLike, bias_direction: ArrayLike | None
) -> LinearHead:
    """Return a direction in which weight and bias of a head change, as a head of the same features."""
    v = _alike(call, "direction", direction, np.dtype(head.features.dtype))
    if v.shape != head.weight.shape:
        rule = f"direction has the shape of the weight, {head.weight.shape}"
        raise ArgumentError(call, rule, f"shape {v.shape}", "Give one number for each weight.")
    if bias_direction is None:
        return LinearHead(head.features, jnp.asarray(direction), None)
    if head.bias is None:
        remedy = "Pass the bias, zeros if it has none yet, or leave bias_direction out."
        raise ArgumentError(call, "bias_direction goes with a bias", "bias_direction and bias=None", remedy)
    b = _alike(call, "bias_direction", bias_direction, np.dtype(head.features.dtype))
    if b.shape != head.bias.shape:
        rule = f"bias_direction has the shape of the bias, {head.bias.shape}"
        raise ArgumentError(call, rule, f"shape {b.shape}", "Give one number for each bias.")
    return LinearHead(head.features, jnp.asarray(direction), jnp.asarray(bias_direction))


def check_wrt(call: str, wrt: str | Sequence[str], head: LinearHead) -> tuple[str, ...]:
    """Return the names of the arrays to differentiate by, without a bias that is not there."""
    try:
        names = {wrt} if isinstance(wrt, str) else set(wrt)
    except TypeError:
        names = {repr(wrt)}
    unknown = sorted(str(name) for name in names if name not in _NAMES)
    if unknown:
        rule = f"wrt holds names among {', '.join(map(repr, _NAMES))}"
        raise ArgumentError(call, rule, ", ".join(map(repr, unknown)), "Leave out what is not needed.")
    return tuple(name for name in _NAMES if name in names and getattr(head, name) is not None)


def _floating(call: str, name: str, values: ArrayLike) -> Array:
    array = known(call, name, values)
    if array.dtype.name not in _DTYPES:
        rule = f"{name} has dtype float16, bfloat16, float32 or float64"
        remedy = f"Convert it, for example numpy.asarray({name}, dtype=numpy.float64)."
        raise ArgumentTypeError(call, rule, f"dtype {array.dtype}", remedy)
    return array


def _alike(call: str, name: str, values: ArrayLike, dtype: np.dtype[Any]) -> Array:
    array = _floating(call, name, values)
    if array.dtype != dtype:
        rule = f"{name} has the dtype of the features, {dtype}"
        remedy = "Convert one of them: the dtype decides what is computed."
        raise ArgumentTypeError(call, rule, f"dtype {array.dtype}", remedy)
    return array
