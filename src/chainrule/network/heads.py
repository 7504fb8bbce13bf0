"""The three canonical heads: an output function with the loss whose gradient at the logits is outputs - targets.

(HD.1)  dE/dZ_k = O_k - Y_k  for softmax + cross-entropy (targets that sum to 1), sigmoid + binary cross-entropy, and
        identity + squared error: in each the loss is the negative log-likelihood of an exponential family in its
        natural parameter, and the output function is the gradient of the log-partition function.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.functions import (
    binary_cross_entropy,
    binary_cross_entropy_with_gradient,
    cross_entropy,
    cross_entropy_with_gradient,
    sigmoid,
    softmax,
    squared_error,
    squared_error_with_gradient,
)


@dataclass(frozen=True)
class Head:
    """What turns logits into outputs and a loss."""

    outputs: Callable[[Array], Array]
    loss: Callable[..., Any]
    loss_with_gradient: Callable[..., Any]
    options: frozenset[str]  # what the loss takes beside logits, targets, sample_weight, reduction, n_threads


def _identity(logits: Array) -> Array:
    return np.array(logits)


HEADS = {
    "softmax": Head(
        softmax, cross_entropy, cross_entropy_with_gradient, frozenset({"class_weight", "label_smoothing"})
    ),
    "sigmoid": Head(sigmoid, binary_cross_entropy, binary_cross_entropy_with_gradient, frozenset()),
    "identity": Head(_identity, squared_error, squared_error_with_gradient, frozenset()),
}
