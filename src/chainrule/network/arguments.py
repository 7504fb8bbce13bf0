"""What a network is made of: checks of its sizes, names, seed and dtype."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.network.activations import ACTIVATIONS


def check_layer_sizes(layer_sizes: Sequence[int]) -> tuple[int, ...]:
    """Return the sizes as integers: features, hidden units, outputs."""
    sizes = tuple(layer_sizes) if isinstance(layer_sizes, Sequence | np.ndarray) else ()
    if len(sizes) < 2 or not all(_is_size(n) for n in sizes):
        rule = "layer_sizes are positive integers below 2**31 (features, hidden units ..., outputs)"
        raise ArgumentError("Network", rule, repr(layer_sizes), "Give at least features and outputs.")
    return tuple(int(n) for n in sizes)


def check_activations(activation: str | Sequence[str], n_hidden: int) -> tuple[str, ...]:
    """Return the name of the activation of each hidden layer."""
    if not isinstance(activation, str | Sequence):
        raise ArgumentTypeError("Network", "activation is a name or names", repr(activation), "Try 'relu'.")
    names = (activation,) * n_hidden if isinstance(activation, str) else tuple(activation)
    if isinstance(activation, str):
        check_name("activation", activation, ACTIVATIONS)
    if len(names) != n_hidden:
        rule = f"activation is one name, or one for each of the {n_hidden} hidden layers"
        raise ArgumentError("Network", rule, repr(activation), "Match it with layer_sizes.")
    return tuple(check_name("activation", name, ACTIVATIONS) for name in names)


def check_name(argument: str, name: str, table: Mapping[str, Any]) -> str:
    """Return a name that stands in the table."""
    if not isinstance(name, str) or name not in table:
        rule = f"{argument} is one of {', '.join(table)}"
        raise ArgumentError("Network", rule, repr(name), "Check the spelling.")
    return name


def check_dtype(dtype: Any) -> np.dtype[Any]:
    """Return float32 or float64."""
    try:
        result = np.dtype(dtype)
    except TypeError:
        result = np.dtype(object)
    if result.name not in ("float32", "float64"):
        remedy = "Use numpy.float32 for speed, numpy.float64 for the last digits."
        raise ArgumentTypeError("Network", "dtype is float32 or float64", repr(dtype), remedy)
    return result


def check_seed(random_state: int) -> None:
    """Refuse what is not a seed."""
    if (
        not isinstance(random_state, int | np.integer)
        or isinstance(random_state, bool)
        or not 0 <= random_state < 2**64
    ):
        rule = "random_state is an integer from 0 to 2**64 - 1"
        raise ArgumentError("Network", rule, repr(random_state), "Pass a seed such as 0.")


def _is_size(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and 0 < int(value) < 2**31
