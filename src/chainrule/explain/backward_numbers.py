"""The same quantities from the network's own backward pass, which knows nothing of the derivation."""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.derive import LOSS, Derivative, Entry, Expression
from chainrule.explain.array_evaluation import picked
from chainrule.explain.example import Example
from chainrule.functions import cross_entropy_hvp
from chainrule.network import HEADS, Backward


@dataclass(frozen=True, eq=False)
class BackwardNumbers:
    """What one backward pass gives: the loss, and its derivatives; ``inputs`` are those by the encoded features."""

    loss: float
    passed: Backward
    inputs: Array


def backward_numbers(example: Example) -> BackwardNumbers:
    """Run the network forward and backward for an example, its temperature applied to the logits.

    Examples
    --------
    >>> from chainrule.explain.example import example_of
    >>> from chainrule.network import Network
    >>> backward_numbers(example_of(Network((2, 3)), [1.0, 2.0], 0)).passed.logits.round(3)
    array([[-0.667,  0.333,  0.333]])
    """
    network, temperature = example.network, example.temperature
    forward = network.forward(example.rows)
    targets = example.targets[None, :]
    head = HEADS[network.head]
    loss, gradient = head.loss_with_gradient(forward.logits / temperature, targets, reduction="sum")
    passed = network.backward(forward, gradient / temperature)
    scaling = network.input_scaling
    inputs = passed.inputs[0] if scaling is None else passed.inputs[0] * scaling.derivative(example.rows)[0]
    return BackwardNumbers(float(loss), passed, inputs)


def backward_of(quantity: Expression, example: Example, numbers: BackwardNumbers) -> Array | str:
    """Return what the backward pass says of a quantity, an axis for each letter left open; or why it says nothing.

    Examples
    --------
    >>> from chainrule.explain.example import example_of
    >>> from chainrule.network import Network
    >>> example = example_of(Network((2, 3)), [1.0, 2.0], 0)
    >>> backward_of(Derivative(LOSS, (Entry("O", None, (1,)),)), example, backward_numbers(example))
    'it starts at the logits, and holds no derivative by an output'
    """
    if quantity == LOSS:
        return np.asarray(numbers.loss)
    assert isinstance(quantity, Derivative)
    if len(quantity.by) == 2:
        return _second(quantity, example)
    (by,) = quantity.by
    if by.name == "O":
        return "it starts at the logits, and holds no derivative by an output"
    return _picked(_array(by, numbers), by, example)


def _array(by: Entry, numbers: BackwardNumbers) -> Array:
    passed = numbers.passed
    match by.name:
        case "Z":
            return passed.logits[0]
        case "X":
            return numbers.inputs
        case "U":
            return passed.pre_activations[(by.layer or 1) - 1][0]
        case "A":
            return passed.activations[(by.layer or 1) - 1][0]
    return passed.named[f"{by.name}{by.layer or 1}"]


def _picked(array: Array, by: Entry, example: Example) -> Array:
    return picked(array, tuple(example.true_class if index == "c" else index for index in by.indices)).values  # type: ignore[misc]


def _second(quantity: Derivative, example: Example) -> Array | str:
    if example.network.head != "softmax":
        return f"the network has no second derivative for a {example.network.head} head"
    places = tuple(
        example.true_class if index == "c" else index for entry in quantity.by for index in entry.indices
    )
    logits = example.network.predict_logits(example.rows)
    if isinstance(places[0], int):
        direction = np.zeros_like(logits)
        direction[0, places[0] - 1] = 1.0
        return picked(_products(logits, direction, example)[0], places[1:]).values  # type: ignore[arg-type]
    directions = np.eye(logits.shape[1])
    return picked(_products(np.repeat(logits, len(directions), axis=0), directions, example), places).values  # type: ignore[arg-type]


def _products(logits: Array, directions: Array, example: Example) -> Array:
    """Return the second derivative of the loss by the logits times each direction."""
    products = cross_entropy_hvp(logits, directions, temperature=example.temperature, reduction="none")
    return np.asarray(products)
