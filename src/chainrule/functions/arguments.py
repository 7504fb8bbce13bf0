"""What the functions accept: checks that name the argument, the first offending index and its value."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions.dispatch import row_kernels

Reduction: TypeAlias = Literal["mean", "sum", "none"]


@dataclass(frozen=True)
class Rows:
    """Logits as contiguous rows in the dtype of the computation, and how to give results back."""

    values: Array  # (rows, classes), float32 or float64
    leading_shape: tuple[int, ...]
    dtype: np.dtype[np.floating]  # of the caller's array and of the results

    def result(self, flat: Array) -> Array:
        """Return per-row or per-logit results in the caller's shape and dtype."""
        with np.errstate(over="ignore"):
            return flat.reshape(self.leading_shape + flat.shape[1:]).astype(self.dtype, copy=False)


@dataclass(frozen=True)
class Targets:
    """Targets of rows: class indices, or a distribution over the classes; one of the two."""

    indices: Array | None  # int64, (rows,)
    probabilities: Array | None  # dtype of the logits, (rows, classes)


def check_logits(call: str, name: str, logits: ArrayLike) -> Array:
    """Return the logits as an array of a floating-point dtype that is served."""
    array = np.asarray(logits)
    if array.dtype.name not in ("float16", "bfloat16", "float32", "float64"):
        remedy = f"Convert them, for example numpy.asarray({name}, dtype=numpy.float64)."
        rule = f"{name} are float16, bfloat16, float32 or float64"
        raise ArgumentTypeError(call, rule, f"dtype {array.dtype}", remedy)
    return array


def logit_rows(call: str, logits: Array, axis: int = -1) -> Rows:
    """Return the logits with the classes along ``axis`` moved last, as rows."""
    if logits.ndim == 0:
        remedy = "Pass an array of shape (..., classes)."
        raise ArgumentError(call, "logits have a class axis", "a scalar", remedy)
    if not -logits.ndim <= axis < logits.ndim:
        rule = f"axis is from {-logits.ndim} to {logits.ndim - 1} for logits of shape {logits.shape}"
        raise ArgumentError(call, rule, f"axis={axis}", "Name the axis of the classes.")
    moved = np.moveaxis(logits, axis, -1)
    n_classes = moved.shape[-1]
    if n_classes == 0:
        remedy = "Pass at least one class."
        raise ArgumentError(call, "logits have at least one class", f"shape {logits.shape}", remedy)
    n_rows = int(np.prod(moved.shape[:-1], dtype=np.int64))
    compute = np.float64 if logits.dtype == np.float64 else np.float32
    rows = np.ascontiguousarray(moved.reshape(n_rows, n_classes), dtype=compute)
    return Rows(_aligned(rows), moved.shape[:-1], logits.dtype)


def check_targets(call: str, targets: ArrayLike, rows: Rows, ignore_index: int | None = None) -> Targets:
    """Return the targets of ``rows``; their shape tells indices from probabilities."""
    array = np.asarray(targets)
    n_classes = rows.values.shape[1]
    if array.shape == rows.leading_shape:
        return Targets(_check_indices(call, array, n_classes, ignore_index, rows.leading_shape), None)
    if array.shape == (*rows.leading_shape, n_classes):
        if ignore_index is not None:
            rule = "ignore_index goes with targets that are class indices"
            remedy = "Leave it out and give the rows to ignore sample_weight 0."
            raise ArgumentError(call, rule, f"ignore_index={ignore_index} with probabilities", remedy)
        return Targets(None, _check_probabilities(call, array, rows))
    shapes = f"{rows.leading_shape} (class indices) or {(*rows.leading_shape, n_classes)} (probabilities)"
    remedy = "Give every row of logits one class index, or one probability per class."
    raise ArgumentError(call, f"targets have shape {shapes}", f"shape {array.shape}", remedy)


def check_weights(call: str, name: str, weights: ArrayLike | None, shape: tuple[int, ...]) -> Array | None:
    """Return weights as contiguous float64, flat, or None; finite and not negative."""
    if weights is None:
        return None
    array = np.asarray(weights)
    if array.dtype.kind not in "fiub":
        raise ArgumentTypeError(call, f"{name} holds numbers", f"dtype {array.dtype}", "Convert it to float.")
    if array.shape != shape:
        remedy = "Give one weight for each."
        raise ArgumentError(call, f"{name} has shape {shape}", f"shape {array.shape}", remedy)
    values = np.ascontiguousarray(array, dtype=np.float64).reshape(-1)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        came = first_offender(name, values, bad, shape)
        raise ArgumentError(call, f"{name} is finite and not negative", came, "Use 0 to leave a row out.")
    return values


def check_reduction(call: str, reduction: str) -> None:
    """Refuse a reduction that does not exist."""
    if reduction not in get_args(Reduction):
        remedy = "Use 'mean', 'sum' or 'none'."
        raise ArgumentError(call, "reduction is 'mean', 'sum' or 'none'", repr(reduction), remedy)


def check_label_smoothing(call: str, label_smoothing: float) -> float:
    """Return the label smoothing, from 0 to 1."""
    if not 0 <= label_smoothing <= 1:
        remedy = "0.1 is a common choice, 0 is none."
        raise ArgumentError(call, "label_smoothing is from 0 to 1", repr(label_smoothing), remedy)
    return float(label_smoothing)


def check_temperature(call: str, temperature: float) -> float:
    """Return the temperature, positive and finite."""
    if not 0 < temperature < np.inf:
        remedy = "1 leaves the logits as they are."
        raise ArgumentError(call, "temperature is positive and finite", repr(temperature), remedy)
    return float(temperature)


def gradient_rows(
    call: str, out: Array | None, rows: Rows, logits: Array, others: list[ArrayLike | None]
) -> Array:
    """Return the array that the kernel writes the gradient to: ``out`` itself where its layout allows."""
    if out is None:
        return np.empty_like(rows.values)
    if not isinstance(out, np.ndarray) or out.shape != logits.shape or out.dtype != logits.dtype:
        came = f"{type(out).__name__} of shape {np.shape(out)} and dtype {getattr(out, 'dtype', None)}"
        rule = f"out is a NumPy array like the logits, of shape {logits.shape} and dtype {logits.dtype}"
        raise ArgumentError(call, rule, came, "Use numpy.empty_like(logits), or the logits themselves.")
    if not out.flags.writeable:
        raise ArgumentError(call, "out can be written to", "a read-only array", "Pass a copy of it.")
    if not _same_memory(out, logits) and np.shares_memory(out, logits):
        rule = "out is the logits themselves or does not overlap them"
        raise ArgumentError(
            call, rule, "an array that overlaps them in part", "Use numpy.empty_like(logits)."
        )
    if any(isinstance(other, np.ndarray) and np.shares_memory(out, other) for other in others):
        rule = "out does not overlap the targets or weights, which are only read"
        raise ArgumentError(call, rule, "an array that overlaps one of them", "Use numpy.empty_like(logits).")
    direct = out.dtype == rows.values.dtype and out.flags.c_contiguous and out.flags.aligned
    return out.reshape(rows.values.shape) if direct else np.empty_like(rows.values)


def first_offender(name: str, values: Array, bad: Array, shape: tuple[int, ...]) -> str:
    """Return "name[i, j] = value" for the first entry that is bad."""
    flat = int(bad.reshape(-1).argmax())
    position = ", ".join(str(int(i)) for i in np.unravel_index(flat, shape)) if shape else "()"
    return f"{name}[{position}] = {values.reshape(-1)[flat]}"


def _check_indices(
    call: str, array: Array, n_classes: int, ignore_index: int | None, shape: tuple[int, ...]
) -> Array:
    if array.dtype.kind not in "iu":
        rule = f"targets of shape {shape} are class indices, integers"
        remedy = "Convert them with astype(int), or give one probability per class."
        raise ArgumentTypeError(call, rule, f"dtype {array.dtype}", remedy)
    indices = np.ascontiguousarray(array.reshape(-1), dtype=np.int64)
    position = row_kernels().first_bad_index(indices, n_classes, ignore_index)
    if position >= 0:
        bad = np.arange(len(indices)) == position
        came = first_offender("targets", indices, bad, shape)
        remedy = "Number the classes from 0, or set ignore_index to the value that marks rows to leave out."
        raise ArgumentError(call, f"targets are class indices from 0 to {n_classes - 1}", came, remedy)
    return indices


def _check_probabilities(call: str, array: Array, rows: Rows) -> Array:
    if array.dtype.kind not in "fiub" and array.dtype.name != "bfloat16":
        rule = "targets with one entry per class are numbers"
        raise ArgumentTypeError(call, rule, f"dtype {array.dtype}", "Convert them to float.")
    values = np.ascontiguousarray(array.reshape(rows.values.shape), dtype=rows.values.dtype)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        came = first_offender("targets", values, bad, array.shape)
        remedy = "Each row is a distribution over the classes; its sum need not be 1."
        raise ArgumentError(call, "probability targets are finite and not negative", came, remedy)
    return _aligned(values)


def _same_memory(a: Array, b: Array) -> bool:
    return a.ctypes.data == b.ctypes.data and a.strides == b.strides and a.shape == b.shape


def _aligned(array: Array) -> Array:
    return array if array.flags.aligned else array.copy()
