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
    """Draw small whole features and eighths as weights; a bias may mask classes."""
    kind = pick(generator, (np.float32, np.float64))
    size = drawing.shape(generator)
    n_features = pick(generator, (1, 2, 3, 8, 17, 40))
    features = generator.integers(-2, 3, (*size[:-1], n_features)).astype(kind)
    weight = (generator.integers(-16, 17, (size[-1], n_features)) / 8).astype(kind)
    bias = (generator.integers(-16, 17, size[-1]) / 8).astype(kind) if chance(generator, 0.5) else None
    if bias is not None and chance(generator, 0.2):
        bias[1:][generator.random(size[-1] - 1) < 0.3] = -np.inf
    given = _moderate(options.draw_loss_options(generator, size))
    arguments = {
        "features": drawing.layout(generator, features),
        "weight": drawing.layout(generator, weight),
        **given,
    }
    if bias is not None:
        arguments["bias"] = bias
    name = pick(generator, ("linear_cross_entropy", "linear_cross_entropy_with_gradient"))
    with_gradient = name.endswith("gradient")
    return Case(
        name, arguments, lambda: _expected(features, weight, bias, given)[: None if with_gradient else 1]
    )


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
    value, allowed = (a.reshape(-1, logits.shape[-1]) for a in (gradient.value, gradient.allowed))
    x = features.reshape(len(value), features.shape[-1]).astype(value.dtype)
    unit = tolerance.unit_roundoff(features.dtype)

    def by(left: Array, right: Array, error: Array, shape: tuple[int, ...]) -> Expected:
        rounding = (left.shape[1] + 4) * unit * (np.abs(left) @ np.abs(right))
        errors = error @ np.abs(right) + rounding + cases.tiny(features.dtype)
        return Expected((left @ right).reshape(shape), errors.reshape(shape), features.dtype)

    expected = [
        loss,
        by(value, weight.astype(value.dtype), allowed, features.shape),
        by(value.T, x, allowed.T, weight.shape),
    ]
    ones = np.ones((len(value), 1), value.dtype)
    return expected if bias is None else [*expected, by(value.T, ones, allowed.T, bias.shape)]
