"""What ``fit_table`` accepts: checks that name the argument and its value."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule._types import ArrayLike, FloatArray
from chainrule.data import Label
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.training import check_count, check_number, check_sample_weight


def checked_hidden(hidden: Any, call: str) -> tuple[int, ...]:
    """Return the units of each hidden layer; a single number is one layer.

    Examples
    --------
    >>> checked_hidden(np.int64(4), "fit_table"), checked_hidden([8, 4], "fit_table")
    ((4,), (8, 4))
    """
    remedy = "Give a positive integer for each hidden layer, or () for none."
    if isinstance(hidden, str | bytes) or not isinstance(hidden, Sequence | np.ndarray):
        return (check_count(call, "hidden", hidden, remedy),)
    sizes = np.atleast_1d(hidden).tolist() if isinstance(hidden, np.ndarray) else hidden
    return tuple(check_count(call, f"hidden[{place}]", units, remedy) for place, units in enumerate(sizes))


def checked_activation(activation: Any, call: str) -> str | tuple[str, ...]:
    """Return one name, or a tuple of them; the network knows which there are."""
    if isinstance(activation, str):
        return activation
    if not isinstance(activation, Sequence | np.ndarray) or not all(
        isinstance(name, str) for name in activation
    ):
        rule = "activation is a name, or one for each hidden layer"
        raise ArgumentTypeError(call, rule, repr(activation), "Use 'relu', or leave it out.")
    return tuple(str(name) for name in activation)


def checked_share(name: str, share: Any, call: str) -> float:
    """Return a share of the rows, a number; the split knows its domain."""
    return check_number(call, name, share, -math.inf, math.inf, "Give a share such as 0.1, or 0 for none.")


def row_weights(sample_weight: ArrayLike | None, n_rows: int, call: str) -> FloatArray | None:
    """Return one float64 weight for each row of the table: finite, not negative, not all zero."""
    if sample_weight is None:
        return None
    try:
        weights = np.asarray(sample_weight)
    except ValueError as error:  # lists of different lengths
        rule = "sample_weight holds numbers"
        raise ArgumentTypeError(
            call, rule, "lists of different lengths", "Give one weight for each row."
        ) from error
    return check_sample_weight(call, weights, n_rows)


def class_weights(
    class_weight: str | Mapping[Any, float] | None, classes: tuple[Label, ...], counts: Any, call: str
) -> FloatArray | None:
    """Return one weight for each class: of a mapping (1 where it has none), or "balanced", N / (K n_k).

    ``counts`` are the rows of each class in training.
    """
    if class_weight is None:
        return None
    rule = 'class_weight is "balanced", a mapping or None'
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ArgumentError(call, rule, repr(class_weight), "Check the spelling.")
        return np.asarray(counts.sum() / (len(classes) * counts))
    if not isinstance(class_weight, Mapping):
        remedy = "Pass a dictionary from labels to weights."
        raise ArgumentTypeError(call, rule, type(class_weight).__name__, remedy)
    strange = [label for label in class_weight if label not in classes]
    if strange:
        raise ArgumentError(
            call,
            "class_weight names classes of the target",
            f"{strange[0]!r}",
            f"The classes are {', '.join(map(repr, classes[:10]))}.",
        )
    remedy = "Weights are 0 or more, 1 for a class that is left out."
    for label, weight in class_weight.items():
        check_number(call, f"class_weight[{label!r}]", weight, 0.0, math.inf, remedy)
    return np.array([float(class_weight.get(label, 1.0)) for label in classes])
