"""The forward pass of one example by the definitions of its letters: features to loss, layer by layer."""

import numpy as np

from chainrule._types import Array
from chainrule.derive import Derivative, Entry, definition
from chainrule.explain.array_evaluation import (
    LOG_OUTPUT,
    LOG_REST,
    ArrayEvaluation,
    Find,
    Name,
    NotComputedError,
)
from chainrule.explain.example import Example
from chainrule.explain.labelled_arrays import Labelled
from chainrule.explain.scaled_inputs import in_scaled_letters

FEATURES = ("X", None)
SCALED = ("S", None)
"""Features as the first layer sees them, where the network scales them."""


def forward_values(example: Example, derivative: Find | None = None) -> ArrayEvaluation:
    """Return all numbers of an example, computed from X, Y, W and b by the definitions (DF.1) to (DF.7).

    Parameters
    ----------
    example : Example
        What is given.
    derivative : callable, optional
        What derivatives are worth.

    Examples
    --------
    >>> from chainrule.explain.example import example_of
    >>> from chainrule.network import Network
    >>> values = forward_values(example_of(Network((2, 3)), [1.0, 2.0], 0))
    >>> values.arrays["O", None].round(3).tolist(), round(float(values.arrays["E", None]), 4)
    ([0.333, 0.333, 0.333], 1.0986)
    """
    network, context = example.network, example.context
    symbols = {
        "T": example.temperature,
        "K": float(network.n_outputs),
        "D": float(network.n_features),
        "N": 1.0,
    }
    values = ArrayEvaluation(_given(example, symbols), symbols, example.true_class, derivative or _unknown)
    for layer in range(1, context.layers):
        for name in ("U", "A"):
            _define(values, example, Entry(name, layer, ("k",)))
    _define(values, example, Entry("Z", None, ("k",)))
    _outputs(values, example)
    _define(values, example, Entry("E"))
    return values


def _given(example: Example, symbols: dict[str, float]) -> dict[Name, Array]:
    named = example.network.named_parameters
    arrays: dict[Name, Array] = {FEATURES: example.features, ("Y", None): example.targets}
    for layer in range(1, example.context.layers + 1):
        number = layer if example.context.hidden else None
        arrays["W", number], arrays["b", number] = named[f"W{layer}"], named[f"b{layer}"]
    scaling = example.network.input_scaling
    if scaling is not None:
        arrays["m", None], arrays["s", None] = scaling.center, scaling.scale
        arrays[SCALED] = (example.features - scaling.center) * scaling.scale
        if scaling.limit is not None:
            symbols["B"] = scaling.limit
            arrays[SCALED] = arrays[SCALED] / np.sqrt(1 + (arrays[SCALED] / scaling.limit) ** 2)
    return arrays


def _define(values: ArrayEvaluation, example: Example, entry: Entry) -> None:
    meaning = definition(entry, example.context)
    assert meaning is not None
    if SCALED in values.arrays:
        meaning = in_scaled_letters(meaning)
    values.arrays[entry.name, entry.layer] = values.evaluate(meaning, {}).along(entry.indices)  # type: ignore[arg-type]


def _outputs(values: ArrayEvaluation, example: Example) -> None:
    """Put in the outputs and their logarithms: those of (DF.1) and (DF.3), shifted so that nothing overflows."""
    logits = values.arrays["Z", None] / example.temperature
    match example.network.head:
        case "softmax":
            shifted = logits - logits.max()
            logarithms = shifted - np.log(np.exp(shifted).sum())
            values.arrays["O", None], values.arrays[LOG_OUTPUT] = np.exp(logarithms), logarithms
        case "sigmoid":
            values.arrays[LOG_OUTPUT] = -np.logaddexp(0.0, -logits)
            values.arrays[LOG_REST] = -np.logaddexp(0.0, logits)
            values.arrays["O", None] = np.exp(values.arrays[LOG_OUTPUT])
        case _:
            values.arrays["O", None] = logits


def _unknown(derivative: Derivative, positions: object) -> Labelled:
    del positions
    raise NotComputedError(f"{derivative} is not computed")
