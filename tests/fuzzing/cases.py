"""One random call: a function, its arguments, and what has to come back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tolerance
from chainrule._types import Array
from fuzzing import drawing, options, reference
from fuzzing.drawing import chance, pick

EXTENDED = reference.EXTENDED


@dataclass(frozen=True)
class Expected:
    """A result: its value, the error that is allowed, and the dtype that it has."""

    value: Array
    allowed: Array
    dtype: np.dtype
    largest_on_the_way: Any = 0.0  # a number that the computation meets: where it overflows the result may


@dataclass
class Case:
    """A call that has to succeed with ``expected``, or to be refused where ``refusal`` says so."""

    function: str
    arguments: dict[str, Any]
    expected: Callable[[], list[Expected]]
    refusal: tuple[type, str] | None = None
    out: str = ""  # how the gradient is asked for
    notes: dict[str, Any] = field(default_factory=dict)


def _rows(array: Array) -> Array:
    return array.reshape(int(np.prod(array.shape[:-1], dtype=int)), array.shape[-1])


def _unit(array: Array, temperature: float = 1.0) -> tuple[float, float]:
    """The roundoff of the computation, and with it of rounding the result to the dtype of the logits."""
    compute = tolerance.unit_roundoff(options.compute_dtype(array, temperature))
    return compute, compute + float(_limits(array.dtype).eps) / 2


def _limits(dtype: np.dtype) -> Any:
    if dtype.name == "bfloat16":
        from ml_dtypes import finfo

        return finfo(dtype)
    return np.finfo(dtype)


def tiny(dtype: np.dtype) -> float:
    """What a result or an exponential below the normal numbers may be off by."""
    return 2 * float(_limits(dtype).smallest_normal)


def spans(logits: Array, temperature: float, compute: type) -> Array:
    """R of each row, as tolerance.range_term."""
    finite = np.isfinite(logits)
    z = logits.astype(EXTENDED)
    span = np.where(finite, z, -np.inf).max(axis=1) - np.where(finite, z, np.inf).min(axis=1)
    span = np.clip(span / EXTENDED(temperature), 0, 104.0 if compute == np.float32 else 745.0)
    return span if temperature == 1.0 else 2 * span


def _factor(constant: float, logits: Array, temperature: float = 1.0, spread: int = 1) -> Array:
    """(constant + sqrt(K) + spread R) u of each row, in the dtype of the computation."""
    compute = options.compute_dtype(logits, temperature)
    size = constant + np.sqrt(logits.shape[1]) + spread * spans(logits, temperature, compute)
    return size * tolerance.unit_roundoff(compute)


def softmax_family(generator: np.random.Generator) -> Case:
    name = pick(generator, ("softmax", "log_softmax", "logsumexp"))
    array = drawing.logits(generator, drawing.shape(generator), drawing.dtype(generator))
    arguments, moved = _with_axis(generator, {"logits": array})
    return Case(name, arguments, lambda: [_softmax_expected(name, *moved)])


def _with_axis(
    generator: np.random.Generator, arrays: dict[str, Array]
) -> tuple[dict[str, Any], list[Array]]:
    """Move the classes of all arrays to one axis, sometimes; return the arguments and the arrays as rows."""
    moved = list(arrays.values())
    if chance(generator, 0.7):
        return {name: drawing.layout(generator, a) for name, a in arrays.items()}, [*moved, -1]
    axis = int(generator.integers(moved[0].ndim)) - (moved[0].ndim if chance(generator, 0.5) else 0)
    arguments: dict[str, Any] = {
        name: drawing.layout(generator, np.moveaxis(a, -1, axis)) for name, a in arrays.items()
    }
    return {**arguments, "axis": axis}, [*moved, axis]


def _softmax_expected(name: str, array: Array, axis: int) -> Expected:
    z = _rows(array)
    row = reference.softmax(z)
    small = tiny(array.dtype)
    rounding = float(_limits(array.dtype).eps)
    if name == "logsumexp":
        value = reference.logsumexp(z)
        size = np.maximum(np.abs(value), np.log1p(row.rest[:, 0]))
        allowed = (_factor(8, z) + rounding) * np.maximum(
            size, np.abs(np.nan_to_num(z.max(axis=1).astype(EXTENDED)))
        )
        return Expected(
            value.reshape(array.shape[:-1]), (allowed + small).reshape(array.shape[:-1]), array.dtype
        )
    plain = row.p if name == "softmax" else -(row.distance + np.log1p(row.rest))
    value = reference.with_undefined(plain, row.undefined)
    constant = 12 if name == "softmax" else 8
    allowed = (_factor(constant, z) + rounding)[:, None] * np.abs(plain) + small
    return Expected(*(np.moveaxis(a.reshape(array.shape), -1, axis) for a in (value, allowed)), array.dtype)


def softmax_vjp(generator: np.random.Generator) -> Case:
    size = drawing.shape(generator)
    z = drawing.logits(generator, size, drawing.dtype(generator))
    g = drawing.numbers(generator, size, drawing.dtype(generator))
    arguments, moved = _with_axis(generator, {"logits": z, "cotangent": g})
    return Case("softmax_vjp", arguments, lambda: [_vjp_expected(*moved)])


def _vjp_expected(z: Array, g: Array, axis: int) -> Expected:
    value, allowed = _jacobian(_rows(z), _rows(g), 1.0, np.ones(len(_rows(z)), EXTENDED))
    return Expected(*(np.moveaxis(a.reshape(z.shape), -1, axis) for a in (value, allowed)), z.dtype)


def _jacobian(z: Array, v: Array, temperature: float, weight: Array) -> tuple[Array, Array]:
    """Weight times (SM.2) over T^2; what underflows before it is weighted is exempt."""
    compute = options.compute_dtype(z, temperature)
    with np.errstate(over="ignore"):
        v = v.astype(compute)
    product, size = reference.jacobian_products(reference.softmax(z, temperature), v)
    factor = (weight / EXTENDED(temperature) / EXTENDED(temperature))[:, None]
    relative = _factor(20 if compute == np.float32 else 40, z, temperature, 2) + float(_limits(z.dtype).eps)
    spread = np.ptp(np.where(np.isfinite(v), v, 0).astype(EXTENDED), axis=1, keepdims=True) + 1
    small = EXTENDED(tiny(np.dtype(compute)))
    return product * factor, (relative[:, None] * size + small * spread) * factor + tiny(z.dtype)


def cross_entropy_hvp(generator: np.random.Generator) -> Case:
    size = drawing.shape(generator)
    z = drawing.logits(generator, size, drawing.dtype(generator))
    v = drawing.numbers(generator, size, drawing.dtype(generator))
    given = options.draw_loss_options(generator, size, True)
    arguments = {"logits": drawing.layout(generator, z), "direction": drawing.layout(generator, v), **given}
    return Case("cross_entropy_hvp", arguments, lambda: [_hvp_expected(z, v, given)])


def _hvp_expected(z: Array, v: Array, given: dict[str, Any]) -> Expected:
    target = options.weighting(_rows(z), given)
    if not target.divisor:
        return Expected(np.zeros(z.shape), np.zeros(z.shape), z.dtype)
    weight = target.of_rows * target.q.sum(axis=1) / target.divisor
    value, allowed = _jacobian(_rows(z), _rows(v), given.get("temperature", 1.0), weight)
    value = np.where((target.of_rows == 0)[:, None], 0, value)
    allowed = np.where(np.isnan(allowed), 0, allowed)
    return Expected(value.reshape(z.shape), allowed.reshape(z.shape), z.dtype)


def cross_entropy(generator: np.random.Generator) -> Case:
    size = drawing.shape(generator)
    z = drawing.logits(generator, size, drawing.dtype(generator))
    given = options.draw_loss_options(generator, size)
    name = pick(generator, ("cross_entropy", "cross_entropy_with_gradient", "cross_entropy_with_gradient"))
    arguments = {"logits": drawing.layout(generator, z), **given}
    case = Case(name, arguments, lambda: _loss_expected(z, given)[: 2 if name.endswith("gradient") else 1])
    if (
        name.endswith("gradient")
        and isinstance(arguments["logits"], np.ndarray)
        and arguments["logits"].dtype.isnative
    ):
        case.out = pick(generator, ("", "", "", "new", "strided", "logits"))
    return case


def _loss_expected(z: Array, given: dict[str, Any]) -> list[Expected]:
    rows, temperature = _rows(z), given.get("temperature", 1.0)
    target = options.weighting(rows, given)
    row = reference.softmax(rows, temperature)
    unused = target.of_rows == 0
    compute = options.compute_dtype(rows, temperature)
    small = EXTENDED(tiny(np.dtype(compute))) * rows.shape[1]
    unweighted = reference.losses(row, target.q)
    losses = np.where(unused, 0, unweighted * target.of_rows)
    mass = target.q.sum(axis=1)
    loss_errors = (_factor(12, rows, temperature) * np.abs(losses)) + small * mass * target.of_rows
    counted = (target.q > 0) & ~np.isnan(row.distance) & ~(unused | row.undefined)[:, None]
    farthest = np.where(counted, row.distance, 0).max(initial=0) * EXTENDED(max(temperature, 1.0))
    farthest = max(farthest, np.where(unused | np.isnan(unweighted), 0, unweighted).max(initial=0))
    loss = _reduced(losses, np.where(unused, 0, loss_errors), target, given, z, farthest)
    gradient, size = reference.gradients(row, target.q)
    divisor = target.divisor or 1
    factor = (target.of_rows / EXTENDED(temperature) / divisor)[:, None]
    relative = (_factor(16, rows, temperature) + float(_limits(z.dtype).eps))[:, None]
    allowed = (relative * size + small * np.maximum(mass, 1)[:, None]) * factor + tiny(z.dtype)
    if not target.divisor:
        gradient, factor = np.zeros_like(gradient), np.ones_like(factor)
    gradient = np.where(unused[:, None], 0, gradient * factor)
    allowed = np.where(unused[:, None] | np.isnan(allowed), 0, allowed)
    return [loss, Expected(gradient.reshape(z.shape), allowed.reshape(z.shape), z.dtype)]


def _reduced(
    losses: Array,
    errors: Array,
    target: options.Weighting,
    given: dict[str, Any],
    z: Array,
    farthest: Any = 0.0,
) -> Expected:
    """The losses, or their sum or mean. ``farthest`` is the largest distance of a class from the largest logit."""
    on_the_way = farthest * (np.inf if options.compute_dtype(z) == np.float32 and farthest > 1e38 else 1.0)
    if given.get("reduction", "mean") == "none":
        rounding = float(_limits(z.dtype).eps) * np.abs(losses) + tiny(z.dtype)
        return Expected(*(a.reshape(z.shape[:-1]) for a in (losses, errors + rounding)), z.dtype, on_the_way)
    unit = tolerance.unit_roundoff(np.float64)
    double = np.dtype(np.float64)
    if not target.divisor:
        return Expected(np.zeros(()), np.zeros(()), double)
    total, divisor = losses.sum(), target.divisor
    allowed = (errors.sum() + (len(losses) + 4) * unit * np.abs(total)) / divisor + tiny(double)
    return Expected(np.asarray(total / divisor), np.asarray(allowed), double, max(on_the_way, np.abs(total)))


def per_output(generator: np.random.Generator) -> Case:
    size = pick(generator, ((0,), (1,), (5,), (0, 3), (3, 1), (4, 3), (20, 2)))
    kind = drawing.dtype(generator)
    binary = chance(generator, 0.5)
    o = drawing.numbers(generator, size, kind)
    y = generator.random(size) if binary else generator.standard_normal(size)
    if chance(generator, 0.5):
        y = np.round(np.clip(y, 0, 1))
    reduction = pick(generator, ("mean", "sum", "none"))
    given = {
        "reduction": reduction,
        "sample_weight": options.sample_weight(generator, size[:1], reduction == "mean"),
    }
    name = ("binary_cross_entropy" if binary else "squared_error") + pick(generator, ("", "_with_gradient"))
    arguments = {"logits" if binary else "outputs": drawing.layout(generator, o), "targets": y, **given}
    return Case(name, arguments, lambda: _output_expected(name, o, y, given))


def _output_expected(name: str, o: Array, y: Array, given: dict[str, Any]) -> list[Expected]:
    compute, shape = options.compute_dtype(o), o.shape
    columns = 1 if o.ndim == 1 else o.shape[1]
    o, y = (a.reshape(len(a), columns) for a in (o, y))
    unit, rounding = _unit(o)
    if name.startswith("binary"):
        terms, slopes, sizes = reference.binary_cross_entropy(o, y.astype(EXTENDED))
        term_errors = 12 * unit * np.abs(terms)
    else:
        z = o.astype(EXTENDED)
        difference = z - y.astype(EXTENDED)
        terms, slopes, sizes = difference**2 / 2, difference, np.abs(z) + np.abs(y)
        term_errors = 8 * unit * sizes**2
    n_rows = len(o)
    weight = options._flat(given["sample_weight"], n_rows)
    divisor = EXTENDED(1)
    if given["reduction"] == "mean":
        divisor = weight.sum()
    target = options.Weighting(terms, weight, divisor)
    unused = weight == 0
    losses = np.where(unused, 0, terms.sum(axis=1) * weight)
    small = EXTENDED(tiny(np.dtype(compute)))
    errors = np.where(unused, 0, (term_errors.sum(axis=1) + small * o.shape[1]) * weight)
    loss = _reduced(losses, errors, target, given, o[:, :1].reshape(n_rows, 1))
    if not name.endswith("gradient"):
        return [loss]
    factor = (weight / (divisor or 1))[:, None]
    gradient = np.where(unused[:, None], 0, slopes * factor)
    allowed = ((12 * unit + rounding) * sizes + small) * factor + tiny(o.dtype)
    allowed = np.where(np.isnan(allowed), 0, allowed)
    return [loss, Expected(gradient.reshape(shape), allowed.reshape(shape), o.dtype)]
