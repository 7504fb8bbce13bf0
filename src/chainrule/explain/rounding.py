"""How far float64 may be off in the forward and the backward pass of one example.

Every number carries the root mean square of its error: rounding errors add like independent ones, and each layer passes
on those of the one before, weighted by the squares of its weights. SAFETY times that is what is stated; the two passes
of a random network differ by less (tests/explain/test_three_numbers.py measures it).
"""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.derive import LOSS, Derivative, Entry, Expression
from chainrule.explain.array_evaluation import ArrayEvaluation, Name, picked
from chainrule.explain.backward_numbers import BackwardNumbers
from chainrule.explain.example import Example

UNIT = float(np.finfo(np.float64).eps)
SAFETY = 8.0


@dataclass(frozen=True, eq=False)
class Rounding:
    """The root mean square errors of one example's numbers: of the loss, of the values, and of the derivatives."""

    loss: float
    values: dict[Name, Array]
    derivatives: dict[Name, Array]


def rounding_of(example: Example, values: ArrayEvaluation, numbers: BackwardNumbers) -> Rounding:
    """Return the errors that rounding leaves in the numbers of an example.

    Examples
    --------
    >>> from chainrule.explain.backward_numbers import backward_numbers
    >>> from chainrule.explain.example import example_of
    >>> from chainrule.explain.forward_values import forward_values
    >>> from chainrule.network import Network
    >>> example = example_of(Network((2, 3)), [1.0, 2.0], 0)
    >>> rounding_of(example, forward_values(example), backward_numbers(example)).loss < 1e-15
    True
    """
    with np.errstate(all="ignore"):
        errors = _forward(example, values)
        derivatives = _backward(example, values, numbers, errors)
    logits, scale = values.arrays["Z", None], example.temperature
    size = abs(numbers.loss) + float(np.abs(logits).max()) / scale
    through = float(np.sqrt(np.sum((numbers.passed.logits[0] * errors["Z", None]) ** 2)))
    return Rounding(float(np.hypot(through, UNIT * size)), errors, derivatives)


def rounding_at(quantity: Expression, example: Example, found: Rounding, values: ArrayEvaluation) -> Array:
    """Return the rounding that is stated of a quantity, an axis for each letter left open."""
    if quantity == LOSS:
        return np.asarray(SAFETY * found.loss)
    assert isinstance(quantity, Derivative)
    if len(quantity.by) == 2:
        return np.asarray(SAFETY * _second(values, found, example))
    (by,) = quantity.by
    if by.name == "W":
        return np.asarray(SAFETY * _of_weight(by, found, values, example))
    name = ("U", by.layer) if by.name == "b" else (by.name, by.layer)
    if by.name == "b" and by.layer in (None, example.context.layers):
        name = ("Z", None)
    indices = tuple(values.position(index, {}) for index in by.indices)
    return np.asarray(SAFETY * picked(found.derivatives[name], indices).values)


def _forward(example: Example, values: ArrayEvaluation) -> dict[Name, Array]:
    context, arrays = example.context, values.arrays
    entering, size = np.zeros_like(example.features), arrays[_input(values)]
    if _input(values)[0] == "S":
        entering = 4 * UNIT * (np.abs(size) + np.abs(arrays["m", None] * arrays["s", None]))
    errors: dict[Name, Array] = {_input(values): entering}
    for layer in range(1, context.layers + 1):
        number = layer if context.hidden else None
        weights, biases = arrays["W", number], arrays["b", number]
        own = UNIT**2 * ((weights**2) @ (size**2) * np.log2(2.0 + len(size)) + biases**2)
        through = np.sqrt((weights**2) @ entering**2 + own)
        if layer == context.layers:
            errors["Z", None] = through
            break
        kind = context.hidden[layer - 1]
        size = arrays["A", layer]
        entering = np.abs(_slope(kind, arrays["U", layer], size)) * through + 4 * UNIT * np.abs(size)
        errors["U", layer], errors["A", layer] = through, entering
    outputs = arrays["O", None]
    spread = outputs if example.network.head == "softmax" else np.zeros_like(outputs)
    relative = (
        np.hypot(errors["Z", None], np.sqrt(np.sum((spread * errors["Z", None]) ** 2))) / example.temperature
    )
    relative = relative + UNIT * (4 + np.abs(arrays["Z", None]).max() / example.temperature)
    errors["O", None] = relative * (np.abs(outputs) if example.network.head != "identity" else 1.0)
    if example.network.head == "identity":
        errors["O", None] = errors["Z", None]
    return errors


def _backward(
    example: Example, values: ArrayEvaluation, numbers: BackwardNumbers, errors: dict[Name, Array]
) -> dict[Name, Array]:
    context, arrays = example.context, values.arrays
    error = (
        errors["O", None] + UNIT * (np.abs(arrays["O", None]) + np.abs(arrays["Y", None]))
    ) / example.temperature
    found: dict[Name, Array] = {
        ("Z", None): error,
        ("O", None): _by_outputs(example, arrays, errors["O", None]),
    }
    passed = numbers.passed.logits[0]
    for layer in range(context.layers, 0, -1):
        weights = arrays["W", layer if context.hidden else None]
        own = UNIT**2 * (weights**2).T @ passed**2 * np.log2(2.0 + len(passed))
        error = np.sqrt((weights**2).T @ error**2 + own)
        if layer == 1:
            break
        kind, below = context.hidden[layer - 2], layer - 1
        found["A", below] = error
        u, a = arrays["U", below], arrays["A", below]
        bent = np.abs(numbers.passed.activations[below - 1][0]) * _bend(kind, u, a)
        passed = numbers.passed.pre_activations[below - 1][0]
        error = (
            np.abs(_slope(kind, u, a)) * error
            + bent * (errors["U", below] + UNIT)
            + 2 * UNIT * np.abs(passed)
        )
        found["U", below] = error
    scale = np.abs(arrays["s", None]) if ("s", None) in arrays else 1.0
    found["X", None] = scale * error + 8 * UNIT * np.abs(numbers.inputs)
    return found


def _by_outputs(example: Example, arrays: dict[Name, Array], error: Array) -> Array:
    outputs, targets = arrays["O", None], arrays["Y", None]
    if example.network.head == "identity":
        return np.asarray(error + UNIT * np.abs(outputs - targets))
    bend = targets / outputs**2 + (
        (1 - targets) / (1 - outputs) ** 2 if example.network.head == "sigmoid" else 0.0
    )
    return np.asarray(np.where(bend == 0, 0.0, bend * (error + UNIT * outputs)))


def _of_weight(by: Entry, found: Rounding, values: ArrayEvaluation, example: Example) -> Array:
    layer = 1 if by.layer is None else by.layer
    after: Name = ("Z", None) if layer == example.context.layers else ("U", layer)
    before: Name = _input(values) if layer == 1 else ("A", layer - 1)
    k, j = (values.position(index, {}) for index in by.indices)
    slopes = values.derivative(Derivative(LOSS, (Entry(*after, ("k",)),)), {}).values
    return np.asarray(
        _outer(found.derivatives[after], np.abs(values.arrays[before]), k, j)
        + _outer(np.abs(slopes), found.values[before] + UNIT * np.abs(values.arrays[before]), k, j)
    )


def _outer(rows: Array, columns: Array, k: object, j: object) -> Array:
    first = rows[k - 1] if isinstance(k, int) else rows
    second = columns[j - 1] if isinstance(j, int) else columns
    return np.multiply.outer(first, second)


def _second(values: ArrayEvaluation, found: Rounding, example: Example) -> float:
    relative = found.values["O", None].max() + 4 * UNIT
    return float(relative * max(1.0, float(np.abs(values.arrays["O", None]).max())) / example.temperature**2)


def _input(values: ArrayEvaluation) -> Name:
    return ("S", None) if ("S", None) in values.arrays else ("X", None)


def _slope(kind: str, u: Array, a: Array) -> Array:
    match kind:
        case "relu":
            return (u > 0).astype(np.float64)
        case "tanh":
            return 1 - a * a
        case "sigmoid":
            return a * (1 - a)
    return np.ones_like(u)


def _bend(kind: str, u: Array, a: Array) -> Array:
    """Return how fast the slope of an activation changes, at most."""
    del u
    return np.full_like(a, {"tanh": 1.0, "sigmoid": 0.25}.get(kind, 0.0))
