"""Random options of the losses, and what they make of a target: q', the weights of rows, and the divisor."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule._types import Array
from fuzzing import drawing, reference
from fuzzing.drawing import chance, pick

USUAL_TEMPERATURES = (1e-30, 1e30)


@dataclass(frozen=True)
class Weighting:
    """A target as the formulas see it, extended precision."""

    q: Array  # q', (rows, classes)
    of_rows: Array  # sample weight, 0 where ignored, (rows,)
    divisor: Any  # 1, or what "mean" divides by


def temperature(generator: np.random.Generator) -> float:
    draw = generator.random()
    if draw < 0.6:
        return 1.0
    exponent = 0.7 if draw < 0.8 else 3 if draw < 0.95 else 45
    return float(10 ** ((2 * generator.random() - 1) * exponent))


def compute_dtype(logits: Array, temperature: float = 1.0) -> type:
    """The dtype that the logits are computed in, as documented."""
    usual = USUAL_TEMPERATURES[0] <= temperature <= USUAL_TEMPERATURES[1]
    return np.float32 if logits.dtype != np.float64 and usual else np.float64


def sample_weight(generator: np.random.Generator, size: tuple[int, ...], mean: bool) -> Array | None:
    if chance(generator, 0.5):
        return None
    weight = generator.random(size) * 2
    if chance(generator, 0.3):
        weight = np.where(generator.random(size) < 0.5, 0.0, weight)
    if chance(generator, 0.2):
        weight = weight * 10.0 ** (pick(generator, (-300, -30, 30, 300) if mean else (-30, 30)))
    if chance(generator, 0.2):
        return pick(generator, (np.float32, np.int64, bool))(0) + (weight < 1).astype(np.float32)
    return weight


def class_weight(generator: np.random.Generator, n_classes: int) -> Array | None:
    if chance(generator, 0.6):
        return None
    weight = generator.random(n_classes) * 3
    if chance(generator, 0.3):
        weight[generator.random(n_classes) < 0.5] = 0
    return weight


def index_targets(generator: np.random.Generator, size: tuple[int, ...], n_classes: int) -> Array:
    y = generator.integers(n_classes, size=size)
    return y.astype(pick(generator, (np.int64, np.int64, np.int32, np.uint16, np.uint64)))


def probability_targets(generator: np.random.Generator, size: tuple[int, ...]) -> Array:
    kind = int(generator.integers(5))
    if kind == 0:
        q = generator.random(size)
    elif kind == 1:
        q = np.eye(size[-1])[generator.integers(size[-1], size=size[:-1])]
    elif kind == 2:
        q = generator.standard_gamma(0.3, size)
    elif kind == 3:
        q = np.where(generator.random(size) < 0.3, 1.0, 1e-30)
    else:
        q = np.where(generator.random(size) < 0.7, 0.0, generator.random(size))
    return q.astype(pick(generator, (np.float64, np.float32, np.float16)))


def weighting(logits: Array, arguments: dict[str, Any], default_temperature: float = 1.0) -> Weighting:
    """Return q', row weights and divisor of rows of logits, from the options as they were passed."""
    n_rows, n_classes = logits.shape
    y, ignored = _unsmoothed(logits, arguments, default_temperature)
    smoothing = reference.EXTENDED(arguments.get("label_smoothing", 0.0))
    q = y
    if smoothing:
        unmasked = (logits != -np.inf) | (y > 0)
        q = (1 - smoothing) * y + np.where(
            unmasked, smoothing / np.maximum(unmasked.sum(1, keepdims=True), 1), 0
        )
    classes = _flat(arguments.get("class_weight"), n_classes)
    rows = np.where(ignored, 0, _flat(arguments.get("sample_weight"), n_rows))
    mass = y.sum(axis=1)
    means = np.where(mass > 0, (y * classes).sum(axis=1) / np.where(mass > 0, mass, 1), 1)
    mean = arguments.get("reduction", "mean") == "mean"
    return Weighting(q * classes, rows, (rows * means).sum() if mean else reference.EXTENDED(1))


def _unsmoothed(logits: Array, arguments: dict[str, Any], default: float) -> tuple[Array, Array]:
    n_rows, n_classes = logits.shape
    targets = arguments.get("targets")
    y = np.zeros((n_rows, n_classes), reference.EXTENDED)
    if targets is None:
        y[:, :1] = 1  # only the sum of the target matters
        return y, np.zeros(n_rows, bool)
    targets = np.asarray(targets)
    if targets.size == n_rows * n_classes and targets.dtype.kind == "f":
        compute = compute_dtype(logits, arguments.get("temperature", default))
        return targets.reshape(n_rows, n_classes).astype(compute).astype(reference.EXTENDED), np.zeros(
            n_rows, bool
        )
    indices = targets.reshape(-1).astype(np.int64)
    ignored = np.zeros(n_rows, bool)
    if arguments.get("ignore_index") is not None:
        ignored = indices == arguments["ignore_index"]
    y[np.arange(n_rows), np.where(ignored, 0, indices)] = 1
    return y, ignored


def _flat(weights: Any, size: int) -> Array:
    if weights is None:
        return np.ones(size, reference.EXTENDED)
    return np.asarray(weights).reshape(-1).astype(reference.EXTENDED)


def draw_loss_options(
    generator: np.random.Generator, size: tuple[int, ...], targets_may_be_absent: bool = False
) -> dict[str, Any]:
    """Return targets and options of the cross-entropies for logits of a shape."""
    *leading, n_classes = size
    arguments: dict[str, Any] = {}
    reduction = pick(generator, ("mean", "mean", "sum", "none"))
    absent = targets_may_be_absent and chance(generator, 0.2)
    if absent:
        arguments["targets"] = None
    elif chance(generator, 0.5):
        _draw_indices(generator, arguments, tuple(leading), n_classes)
    else:
        arguments["targets"] = drawing.layout(generator, probability_targets(generator, size))
    optional = {
        "sample_weight": sample_weight(generator, tuple(leading), reduction == "mean"),
        "class_weight": None if absent else class_weight(generator, n_classes),
        "label_smoothing": pick(generator, (0.0, 0.0, 0.1, float(generator.random()), 1.0)),
        "temperature": temperature(generator),
        "reduction": reduction,
    }
    arguments |= {
        name: value for name, value in optional.items() if value is not None and chance(generator, 0.8)
    }
    return arguments


def _draw_indices(
    generator: np.random.Generator, arguments: dict[str, Any], leading: tuple[int, ...], n_classes: int
) -> None:
    targets = index_targets(generator, leading, n_classes)
    if chance(generator, 0.3):
        ignored = pick(generator, (0, n_classes - 1, -100, 10**6))
        arguments["ignore_index"] = ignored
        if ignored < 0 or ignored >= n_classes:
            targets = np.where(generator.random(leading) < 0.3, ignored, targets.astype(np.int64))
    arguments["targets"] = drawing.layout(generator, np.asarray(targets))
