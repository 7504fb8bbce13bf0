"""The arguments of the linear head: arrays of one dtype whose shapes fit, and the names of gradients."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions.arguments import (
    LARGEST_TEMPERATURE,
    SMALLEST_TEMPERATURE,
    Rows,
    as_array,
)

LinearArgument: TypeAlias = Literal["features", "weight", "bias"]
DTYPES = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True)
class LinearArrays:
    """Checked arrays in the dtype of the computation, and how to give results back."""

    features: Array  # (rows, features)
    weight: Array  # (classes, features)
    bias: Array | None  # (classes,)
    leading_shape: tuple[int, ...]
    dtype: np.dtype[np.floating]  # of the caller's arrays and of the results

    @property
    def rows(self) -> Rows:
        """Return what the checks of targets and weights need of the logits: not a number of them."""
        nothing = np.broadcast_to(self.features.dtype.type(0), (len(self.features), len(self.weight)))
        return Rows(nothing, self.leading_shape, self.dtype)

    def zeros(self, name: LinearArgument) -> Array:
        """Return zeros for a gradient, in the dtype of the computation."""
        shape = (len(self.weight),) if name == "bias" else getattr(self, name).shape
        return np.zeros(shape, self.features.dtype)

    def deliver(self, name: LinearArgument, gradient: Array) -> Array:
        """Return a gradient in the shape and dtype of the caller's array."""
        shape = (*self.leading_shape, self.features.shape[1]) if name == "features" else gradient.shape
        return gradient.reshape(shape).astype(self.dtype, copy=False)


def check_linear(
    call: str, features: ArrayLike, weight: ArrayLike, bias: ArrayLike | None, temperature: float
) -> LinearArrays:
    """Return the arrays of a linear head, C-contiguous; those that are so already are not copied."""
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
    usual = SMALLEST_TEMPERATURE <= temperature <= LARGEST_TEMPERATURE
    compute = np.float32 if x.dtype != np.float64 and usual else np.float64
    n_rows = int(np.prod(x.shape[:-1], dtype=np.int64))
    return LinearArrays(
        _contiguous(x.reshape(n_rows, x.shape[-1]), compute),
        _contiguous(w, compute),
        None if b is None else _contiguous(b, compute),
        x.shape[:-1],
        x.dtype,
    )


@dataclass(frozen=True)
class LinearDirection:
    """A change of weight and bias, in the dtype of the computation."""

    weight: Array  # (classes, features)
    bias: Array | None  # (classes,); None: 0


def check_direction(
    call: str, arrays: LinearArrays, direction: ArrayLike, bias_direction: ArrayLike | None
) -> LinearDirection:
    """Return a direction in which weight and bias of a linear head change."""
    compute = arrays.features.dtype.type
    v = _alike(call, "direction", direction, arrays.dtype)
    if v.shape != arrays.weight.shape:
        rule = f"direction has the shape of the weight, {arrays.weight.shape}"
        raise ArgumentError(call, rule, f"shape {v.shape}", "Give one number for each weight.")
    if bias_direction is None:
        return LinearDirection(_contiguous(v, compute), None)
    if arrays.bias is None:
        remedy = "Pass the bias, zeros if it has none yet, or leave bias_direction out."
        raise ArgumentError(call, "bias_direction goes with a bias", "bias_direction and bias=None", remedy)
    b = _alike(call, "bias_direction", bias_direction, arrays.dtype)
    if b.shape != arrays.bias.shape:
        rule = f"bias_direction has the shape of the bias, {arrays.bias.shape}"
        raise ArgumentError(call, rule, f"shape {b.shape}", "Give one number for each bias.")
    return LinearDirection(_contiguous(v, compute), _contiguous(b, compute))


def check_wrt(
    call: str, wrt: LinearArgument | Sequence[LinearArgument], with_bias: bool
) -> tuple[LinearArgument, ...]:
    """Return the names of the gradients asked for, in their order; the bias only where there is one."""
    known = get_args(LinearArgument)
    try:
        names: set[str] = {wrt} if isinstance(wrt, str) else set(wrt)
    except TypeError:
        names = {repr(wrt)}
    unknown = sorted(str(name) for name in names if name not in known)
    if unknown:
        rule = f"wrt holds names among {', '.join(map(repr, known))}"
        raise ArgumentError(call, rule, ", ".join(map(repr, unknown)), "Leave out what is not needed.")
    return tuple(name for name in known if name in names and (name != "bias" or with_bias))


def _floating(call: str, name: str, values: ArrayLike) -> Array:
    array = as_array(call, name, values)
    if array.dtype.name not in DTYPES:
        rule = f"{name} has dtype float16, bfloat16, float32 or float64"
        remedy = f"Convert it, for example numpy.asarray({name}, dtype=numpy.float64)."
        raise ArgumentTypeError(call, rule, f"dtype {array.dtype}", remedy)
    return array


def _alike(call: str, name: str, values: ArrayLike, dtype: np.dtype[np.floating]) -> Array:
    array = _floating(call, name, values)
    if array.dtype != dtype:
        rule = f"{name} has the dtype of the features, {dtype}"
        remedy = "Convert one of them: the dtype decides what is computed."
        raise ArgumentTypeError(call, rule, f"dtype {array.dtype}", remedy)
    return array


def _contiguous(array: Array, dtype: type[np.floating]) -> Array:
    return np.require(array, dtype, ["C_CONTIGUOUS", "ALIGNED"])
