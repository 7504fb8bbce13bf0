"""Where the loss has no derivative: ReLUs whose pre-activation is 0, or too near to it for any difference."""

import numpy as np

from chainrule.derive import Derivative, Expression
from chainrule.explain.array_evaluation import ArrayEvaluation
from chainrule.explain.example import Example
from chainrule.explain.explanation import Kink


def kinks_of(
    quantity: Expression, crossed: set[tuple[int, int]], example: Example, values: ArrayEvaluation
) -> tuple[Kink, ...]:
    """Return the ReLUs on the way from a quantity to the loss that are at 0, or that every difference crosses."""
    first = {
        by.layer or 1
        for by in (quantity.by if isinstance(quantity, Derivative) else ())
        if by.name not in "ZO"
    }
    found = set(crossed)
    for layer, kind in enumerate(example.context.hidden, start=1):
        if kind == "relu" and first and layer >= min(first):
            found |= {(layer, int(unit) + 1) for unit in np.flatnonzero(values.arrays["U", layer] == 0)}
    return tuple(
        Kink(layer, unit, float(values.arrays["U", layer][unit - 1])) for layer, unit in sorted(found)
    )
