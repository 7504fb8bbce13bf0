"""Random calls of the linear head, with logits that are exact in every dtype, so that what follows is judged alone."""

from typing import Any

import numpy as np

import tolerance
from chainrule._types import Array
from fuzzing import cases, drawing, options
from fuzzing.cases import Case, Expected
from fuzzing.drawing import chance, pick

MODERATE = (1e-2, 1e2)  # sums over rows or classes of what overflows have no documented value


def linear_head(generator: np.random.Generator) -> Case:
    """Draw a loss of the head, with gradients or without."""
    features, weight, bias = _head(generator)
    given = _moderate(options.draw_loss_options(generator, (*features.shape[:-1], len(weight))))
    name = pick(generator, ("linear_cross_entropy", "linear_cross_entropy_with_gradient"))
    with_gradient = name.endswith("gradient")
    return Case(
        name,
        _arguments(generator, {"features": features, "weight": weight, "bias": bias}, given),
        lambda: _expected(features, weight, bias, given)[: None if with_gradient else 1],
    )


def gauss_newton(generator: np.random.Generator) -> Case:
    """Draw a product of the head, along a direction of whole numbers and eighths."""
    features, weight, bias = _head(generator)
    given = _moderate(options.draw_loss_options(generator, (*features.shape[:-1], len(weight)), True))
    direction = _eighths(generator, weight.shape, weight.dtype)
    arrays = {"features": features, "weight": weight, "direction": direction, "bias": bias}
    if bias is not None and chance(generator, 0.7):
        arrays["bias_direction"] = _eighths(generator, bias.shape, bias.dtype)
    return Case(
        "linear_cross_entropy_gauss_newton",
        _arguments(generator, arrays, given),
        lambda: _products_expected(arrays, given),
    )


def _head(generator: np.random.Generator) -> tuple[Array, Array, Array | None]:
    """Draw small whole features and eighths as weights; a bias may mask classes."""
    kind = pick(generator, (np.float32, np.float64))
    size = drawing.shape(generator)
    n_features = pick(generator, (1, 2, 3, 8, 17, 40))
    features = generator.integers(-2, 3, (*size[:-1], n_features)).astype(kind)
    weight = _eighths(generator, (size[-1], n_features), kind)
    bias = _eighths(generator, (size[-1],), kind) if chance(generator, 0.5) else None
    if bias is not None and chance(generator, 0.2):
        bias[1:][generator.random(size[-1] - 1) < 0.3] = -np.inf
    return features, weight, bias


def _eighths(generator: np.random.Generator, shape: tuple[int, ...], kind: Any) -> Array:
    return (generator.integers(-16, 17, shape) / 8).astype(kind)


def _arguments(
    generator: np.random.Generator, arrays: dict[str, Array | None], given: dict[str, Any]
) -> dict[str, Any]:
    laid_out = {name: drawing.layout(generator, a) for name, a in arrays.items() if a is not None}
    return {**laid_out, **given}


def _moderate(given: dict[str, Any]) -> dict[str, Any]:
    if not MODERATE[0] <= given.get("temperature", 1.0) <= MODERATE[1]:
        del given["temperature"]
    weights = np.asarray(given.get("sample_weight", 1.0), float)
    if weights.size and (weights.max() > 10 or 0 < weights.max() < 1e-6):
        del given["sample_weight"]
    return given


def _expected(features: Array, weight: Array, bias: Array | None, given: dict[str, Any]) -> list[Expected]:
    """The loss and the gradients by features, weight and bias: sums of products with the gradient by the logits."""
    logits = features @ weight.T + (0 if bias is None else bias)
    loss, gradient = cases._loss_expected(logits, given)
    value, allowed = _as_rows(gradient)
    by_features = _product(value, weight, allowed, features.shape)
    return [loss, by_features, *_by_weight_and_bias(gradient, features, weight, bias)]


def _products_expected(arrays: dict[str, Array | None], given: dict[str, Any]) -> list[Expected]:
    """The products by weight and bias, of the second derivative by the logits along the change of the logits."""
    features, weight, bias = (arrays[name] for name in ("features", "weight", "bias"))
    logits = features @ weight.T + (0 if bias is None else bias)
    change = features @ arrays["direction"].T + arrays.get("bias_direction", features.dtype.type(0))
    return _by_weight_and_bias(cases._hvp_expected(logits, change, given), features, weight, bias)


def _by_weight_and_bias(
    by_logits: Expected, features: Array, weight: Array, bias: Array | None
) -> list[Expected]:
    value, allowed = _as_rows(by_logits)
    x = features.reshape(len(value), features.shape[-1])
    of_weight = _product(value.T, x, allowed.T, weight.shape)
    ones = np.ones((len(value), 1), features.dtype)
    return [of_weight] if bias is None else [of_weight, _product(value.T, ones, allowed.T, bias.shape)]


def _as_rows(by_logits: Expected) -> tuple[Array, Array]:
    value, allowed = (a.reshape(-1, a.shape[-1]) for a in (by_logits.value, by_logits.allowed))
    return value, allowed


def _product(left: Array, right: Array, error: Array, shape: tuple[int, ...]) -> Expected:
    """A product with an array that is exact, in whose dtype it comes back."""
    unit, exact = tolerance.unit_roundoff(right.dtype), right.astype(left.dtype)
    rounding = (left.shape[1] + 4) * unit * (np.abs(left) @ np.abs(exact))
    errors = error @ np.abs(exact) + rounding + cases.tiny(right.dtype)
    return Expected((left @ exact).reshape(shape), errors.reshape(shape), right.dtype)
