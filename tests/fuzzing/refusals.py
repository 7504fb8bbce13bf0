"""Ways to break a call that would succeed, each with the error that must name it."""

from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, ArgumentTypeError
from fuzzing.cases import Case
from fuzzing.drawing import pick

# Argument: (value, error, a word of its message) for what is wrong whatever the other arguments are.
_ALWAYS_WRONG: dict[str, tuple[tuple[Any, type, str], ...]] = {
    "n_threads": (
        (0, ArgumentError, "n_threads"),
        (-3, ArgumentError, "n_threads"),
        (1.5, ArgumentTypeError, "n_threads"),
    ),
    "reduction": (("avg", ArgumentError, "reduction is"), ("Mean", ArgumentError, "reduction is")),
    "label_smoothing": (
        (-0.1, ArgumentError, "label_smoothing is from 0 to 1"),
        (1.0000001, ArgumentError, "label_smoothing is from 0 to 1"),
        (np.nan, ArgumentError, "label_smoothing is from 0 to 1"),
        ("x", ArgumentTypeError, "label_smoothing is a number"),
    ),
    "temperature": (
        (0.0, ArgumentError, "temperature is a positive normal number"),
        (-1.0, ArgumentError, "temperature is a positive normal number"),
        (np.inf, ArgumentError, "temperature is a positive normal number"),
        (np.nan, ArgumentError, "temperature is a positive normal number"),
        (None, ArgumentTypeError, "temperature is a number"),
    ),
    "ignore_index": (
        (1.5, ArgumentTypeError, "ignore_index"),
        (2**70, ArgumentError, "ignore_index fits"),
    ),
    "axis": ((9, ArgumentError, "axis is from"), (-9, ArgumentError, "axis is from"), ("x", ArgumentTypeError, "axis")),
}  # fmt: skip
_OPTIONS = (
    "sample_weight",
    "class_weight",
    "label_smoothing",
    "ignore_index",
    "temperature",
    "reduction",
    "n_threads",
)
_LOSSES = ("cross_entropy", "cross_entropy_with_gradient", "cross_entropy_hvp")


def break_one(generator: np.random.Generator, case: Case) -> Case:
    """Return the case with one argument broken, and the refusal that it must meet."""
    breakers = [_n_threads, _first]
    if case.function in _LOSSES:
        breakers += [_option, _option, _weights, _targets]
    if case.function in ("softmax", "log_softmax", "logsumexp", "softmax_vjp"):
        breakers.append(_axis)
    if case.function in ("softmax_vjp", "cross_entropy_hvp"):
        breakers.append(_direction)
    case.arguments = dict(case.arguments)
    case.refusal = pick(generator, breakers)(generator, case)
    case.out = ""
    return case


def _always_wrong(generator: np.random.Generator, case: Case, name: str) -> tuple[type, str]:
    value, error, word = pick(generator, _ALWAYS_WRONG[name])
    case.arguments[name] = value
    return error, word


def _n_threads(generator: np.random.Generator, case: Case) -> tuple[type, str]:
    return _always_wrong(generator, case, "n_threads")


def _axis(generator: np.random.Generator, case: Case) -> tuple[type, str]:
    return _always_wrong(generator, case, "axis")


def _option(generator: np.random.Generator, case: Case) -> tuple[type, str]:
    name = pick(generator, ("reduction", "label_smoothing", "temperature", "ignore_index"))
    return _always_wrong(generator, case, name)


def _first(generator: np.random.Generator, case: Case) -> tuple[type, str]:
    """Break the dtype of the logits, or of the outputs."""
    name = next(iter(case.arguments))
    shape = np.shape(case.arguments[name])
    case.arguments[name] = np.zeros(shape, pick(generator, (np.int64, np.uint8, bool, complex, "U3", object)))
    return ArgumentTypeError, "float16, bfloat16, float32 or float64; got dtype"


def _direction(generator: np.random.Generator, case: Case) -> tuple[type, str]:
    name = "cotangent" if case.function == "softmax_vjp" else "direction"
    shape = np.shape(case.arguments[name])
    if generator.random() < 0.5:
        case.arguments[name] = np.zeros((*shape, 1))
        return ArgumentError, f"{name} has the shape of the logits"
    case.arguments[name] = np.full(shape, "x")
    return ArgumentTypeError, f"{name} holds numbers"


def _weights(generator: np.random.Generator, case: Case) -> tuple[type, str]:
    logits = np.asarray(case.arguments["logits"])
    name = pick(generator, ("sample_weight", "class_weight"))
    shape = logits.shape[:-1] if name == "sample_weight" else logits.shape[-1:]
    if name == "class_weight" and case.arguments["targets"] is None:
        case.arguments[name] = np.ones(shape)
        return ArgumentError, "class_weight goes with targets"
    if generator.random() < 0.3 or not np.prod(shape):
        case.arguments[name] = np.ones((*shape, 2))
        return ArgumentError, f"{name} has shape"
    weights = np.ones(shape)
    weights.reshape(-1)[int(generator.integers(weights.size))] = pick(
        generator, (-1.0, np.nan, np.inf, -1e-300)
    )
    case.arguments[name] = weights
    return ArgumentError, f"{name} is finite and not negative; got {name}["


def _targets(generator: np.random.Generator, case: Case) -> tuple[type, str]:
    shape = np.shape(case.arguments["logits"])
    case.arguments.pop("ignore_index", None)
    case.arguments.pop("class_weight", None)
    if not np.prod(shape) or generator.random() < 0.2:
        case.arguments["targets"] = np.zeros((7, *shape), int)
        return ArgumentError, "targets have shape"
    if generator.random() < 0.5:
        y = np.zeros(shape[:-1], np.int64)
        y.reshape(-1)[int(generator.integers(y.size))] = pick(generator, (shape[-1], -1, 2**62, -(2**63)))
        case.arguments["targets"] = y
        return ArgumentError, "targets are class indices from 0 to"
    q = np.full(shape, 0.5)
    q.reshape(-1)[int(generator.integers(q.size))] = pick(generator, (-0.1, np.nan, np.inf, -5e-324))
    case.arguments["targets"] = q
    return ArgumentError, "probability targets are finite and not negative; got targets["
