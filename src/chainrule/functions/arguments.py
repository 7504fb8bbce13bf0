"""What the functions accept: checks that name the argument, the first offending index and its value."""

import numbers
import operator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

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
        return flat.reshape(self.leading_shape + flat.shape[1:]).astype(self.dtype, copy=False)


@dataclass(frozen=True)
class Targets:
    """Targets of rows: class indices, or a distribution over the classes; one of the two."""

    indices: Array | None  # int64, (rows,)
    probabilities: Array | None  # dtype of the logits, (rows, classes)


# Overflow, underflow and NaN are values of the result, documented and tested; NumPy need not warn of them.
quiet = np.errstate(all="ignore")

SMALLEST_TEMPERATURE, LARGEST_TEMPERATURE = 1e-30, 1e30
"""Outside of these float32 logits are computed in float64: 1 / T has to be a normal number."""


def as_array(call: str, name: str, values: ArrayLike) -> Array:
    """Return an array in the byte order of the machine."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        remedy = "Give every row the same length."
        raise ArgumentError(call, f"{name} form an array", f"'{error}'", remedy) from error
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def check_logits(call: str, name: str, logits: ArrayLike) -> Array:
    """Return the logits as an array of a floating-point dtype that is served."""
    array = as_array(call, name, logits)
    if array.dtype.name not in ("float16", "bfloat16", "float32", "float64"):
        remedy = f"Convert them, for example numpy.asarray({name}, dtype=numpy.float64)."
        rule = f"{name} are float16, bfloat16, float32 or float64"
        raise ArgumentTypeError(call, rule, f"dtype {array.dtype}", remedy)
    return array


def logit_rows(call: str, logits: Array, axis: int = -1, temperature: float = 1.0) -> Rows:
    """Return the logits with the classes along ``axis`` moved last, as rows in the dtype of the computation."""
    moved = np.moveaxis(logits, class_axis(call, logits.shape, axis), -1)
    n_classes = moved.shape[-1]
    n_rows = int(np.prod(moved.shape[:-1], dtype=np.int64))
    usual = SMALLEST_TEMPERATURE <= temperature <= LARGEST_TEMPERATURE
    compute = np.float32 if logits.dtype != np.float64 and usual else np.float64
    return Rows(_contiguous(moved.reshape(n_rows, n_classes), compute), moved.shape[:-1], logits.dtype)


def class_axis(call: str, shape: tuple[int, ...], axis: int) -> int:
    """Return the axis of the classes of logits of a shape, from 0; it has to be there and to have a class."""
    if not shape:
        remedy = "Pass an array of shape (..., classes)."
        raise ArgumentError(call, "logits have a class axis", "a scalar", remedy)
    axis = _whole_number(call, "axis", axis)
    if not -len(shape) <= axis < len(shape):
        rule = f"axis is from {-len(shape)} to {len(shape) - 1} for logits of shape {shape}"
        raise ArgumentError(call, rule, f"axis={axis}", "Name the axis of the classes.")
    if shape[axis] == 0:
        remedy = "Pass at least one class."
        raise ArgumentError(call, "logits have at least one class", f"shape {shape}", remedy)
    return axis % len(shape)


def check_targets(call: str, targets: ArrayLike, rows: Rows, ignore_index: int | None = None) -> Targets:
    """Return the targets of ``rows``; their shape tells indices from probabilities."""
    array = as_array(call, "targets", targets)
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
    array = as_array(call, name, weights)
    if not holds_numbers(array):
        raise ArgumentTypeError(call, f"{name} holds numbers", f"dtype {array.dtype}", "Convert it to float.")
    if array.shape != shape:
        remedy = "Give one weight for each."
        raise ArgumentError(call, f"{name} has shape {shape}", f"shape {array.shape}", remedy)
    values = _contiguous(array.reshape(-1), np.float64)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        came = first_offender(name, values, bad, shape)
        raise ArgumentError(call, f"{name} is finite and not negative", came, "Use 0 to leave a row out.")
    return values


def near_one(weights: Array) -> Array:
    """Return weights times a power of two that brings the largest into [1, 2); exact, and no mean changes.

    Examples
    --------
    >>> near_one(np.array([3e-300, 1e-300])).round(3)
    array([1.005, 0.335])
    """
    largest = weights.max(initial=0.0)
    return weights if largest == 0 else np.ldexp(weights, 1 - int(np.frexp(largest)[1]))


def check_reduction(call: str, reduction: str) -> None:
    """Refuse a reduction that does not exist."""
    if reduction not in get_args(Reduction):
        remedy = "Use 'mean', 'sum' or 'none'."
        raise ArgumentError(call, "reduction is 'mean', 'sum' or 'none'", repr(reduction), remedy)


def check_label_smoothing(call: str, label_smoothing: float) -> float:
    """Return the label smoothing, from 0 to 1."""
    label_smoothing = _number(call, "label_smoothing", label_smoothing)
    if not 0 <= label_smoothing <= 1:
        remedy = "0.1 is a common choice, 0 is none."
        raise ArgumentError(call, "label_smoothing is from 0 to 1", repr(label_smoothing), remedy)
    return label_smoothing


def check_temperature(call: str, temperature: float) -> float:
    """Return the temperature, a positive normal number of float64: 1 / T of smaller ones overflows."""
    temperature = _number(call, "temperature", temperature)
    if not np.finfo(np.float64).smallest_normal <= temperature < np.inf:
        remedy = "1 leaves the logits as they are."
        raise ArgumentError(call, "temperature is a positive normal number", repr(temperature), remedy)
    return temperature


def check_ignore_index(call: str, ignore_index: int | None) -> int | None:
    """Return the index of rows to leave out, None for none."""
    if ignore_index is None:
        return None
    ignored = _whole_number(call, "ignore_index", ignore_index)
    if not -(2**63) <= ignored < 2**63:
        raise ArgumentError(call, "ignore_index fits 64 bits", str(ignored), "-100 is a common choice.")
    return ignored


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
    if not out.flags.c_contiguous and _overlaps_itself(out):
        came = f"an array of shape {out.shape} and strides {out.strides}"
        raise ArgumentError(call, "out has a place for each entry", came, "Use numpy.empty_like(logits).")
    if not _same_memory(out, logits) and np.shares_memory(out, logits):
        rule = "out is the logits themselves or does not overlap them"
        raise ArgumentError(
            call, rule, "an array that overlaps them in part", "Use numpy.empty_like(logits)."
        )
    # Anything but a list of numbers may be a view of memory: a data frame, a memoryview.
    views = [np.asarray(other) for other in others if not isinstance(other, (list, tuple))]
    if any(np.shares_memory(out, view) for view in views):
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
    if array.dtype.kind not in "iu" and array.size:
        rule = f"targets of shape {shape} are class indices, integers"
        remedy = "Convert them with astype(int), or give one probability per class."
        raise ArgumentTypeError(call, rule, f"dtype {array.dtype}", remedy)
    # Beyond 63 bits a number is still no class, and must not become a negative one.
    signed = np.minimum(array, 2**63 - 1) if array.dtype == np.uint64 else array
    indices = _contiguous(signed.reshape(-1), np.int64)
    position = row_kernels().first_bad_index(indices, n_classes, ignore_index)
    if position >= 0:
        bad = np.arange(len(indices)) == position
        came = first_offender("targets", array, bad, shape)
        remedy = "Number the classes from 0, or set ignore_index to the value that marks rows to leave out."
        raise ArgumentError(call, f"targets are class indices from 0 to {n_classes - 1}", came, remedy)
    return indices


def _check_probabilities(call: str, array: Array, rows: Rows) -> Array:
    if not holds_numbers(array):
        rule = "targets with one entry per class are numbers"
        raise ArgumentTypeError(call, rule, f"dtype {array.dtype}", "Convert them to float.")
    values = _contiguous(array.reshape(rows.values.shape), rows.values.dtype)
    bad = ~((array >= 0) & np.isfinite(values).reshape(array.shape))
    if bad.any():
        came = first_offender("targets", array, bad, array.shape)
        remedy = "Each row is a distribution over the classes; its sum need not be 1."
        raise ArgumentError(call, "probability targets are finite and not negative", came, remedy)
    return values


def holds_numbers(array: Array) -> bool:
    """Tell whether the dtype is one of real numbers, or of true and false."""
    return array.dtype.kind in "fiub" or array.dtype.name == "bfloat16"


def _number(call: str, name: str, value: float) -> float:
    if isinstance(value, numbers.Real):
        try:
            return float(value)
        except OverflowError:
            return np.inf
    raise ArgumentTypeError(call, f"{name} is a number", repr(value), "Pass a float.")


def _whole_number(call: str, name: str, value: int) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise ArgumentTypeError(call, f"{name} is a whole number", repr(value), "Pass an int.") from None


def _overlaps_itself(array: Array) -> bool:
    """Tell whether two entries of an array may share memory, as those of a broadcast array do."""
    if not array.size:
        return False
    axes = sorted((abs(step), n) for step, n in zip(array.strides, array.shape, strict=True) if n > 1)
    reach = array.itemsize  # bytes from the first to the end of the last entry, along the axes so far
    for step, n in axes:
        if step < reach:
            return True
        reach += step * (n - 1)
    return False


def _same_memory(a: Array, b: Array) -> bool:
    return a.ctypes.data == b.ctypes.data and a.strides == b.strides and a.shape == b.shape


def _contiguous(array: Array, dtype: type[np.generic] | np.dtype[Any]) -> Array:
    """Return the array itself where a kernel can read it, else a copy."""
    return np.require(array, dtype, ["C_CONTIGUOUS", "ALIGNED"])
