"""The table of what is called, and how often. A function of a new kind of call is a row here."""

from collections.abc import Callable

import numpy as np

import chainrule
from fuzzing import cases, linear_cases
from fuzzing.cases import Case
from fuzzing.drawing import chance, pick

# A kind, the function that it needs, and its share of the calls.
KINDS: tuple[tuple[Callable[[np.random.Generator], Case], str, float], ...] = (
    (cases.softmax_family, "softmax", 0.18),
    (cases.softmax_vjp, "softmax_vjp", 0.11),
    (cases.cross_entropy, "cross_entropy", 0.35),
    (cases.cross_entropy_hvp, "cross_entropy_hvp", 0.18),
    (cases.per_output, "squared_error", 0.09),
    (linear_cases.linear_head, "linear_cross_entropy", 0.09),
)
_SERVED = [(kind, share) for kind, name, share in KINDS if hasattr(chainrule, name)]
_LIMITS = np.cumsum([share for _, share in _SERVED])


def draw(generator: np.random.Generator) -> Case:
    """Return a random call that has to succeed."""
    number = int(np.searchsorted(_LIMITS, generator.random() * _LIMITS[-1]))
    case = _SERVED[min(number, len(_SERVED) - 1)][0](generator)
    if chance(generator, 0.3):
        case.arguments["n_threads"] = pick(generator, (1, 2, 3))
    return case
