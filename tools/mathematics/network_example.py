"""A small network in numbers: each derivative by its derivation, by the backward pass, and by a difference."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

import chainrule as cr
from chainrule.network import Forward, Network
from mathematics.blocks import derived

FEATURES = (1.0, 2.0)
TRUE_CLASS = 0
DECIMALS = 6


@dataclass(frozen=True)
class Example:
    """A network's activations, sizes and parameters, and the derivatives that are shown."""

    hidden: tuple[str, ...]
    sizes: tuple[int, ...]
    parameters: dict[str, tuple]
    shown: tuple[str, ...]


DEEP = Example(
    ("relu",),
    (2, 3, 2),
    {
        "W1": ((0.5, -0.25), (0.25, 0.5), (-1.0, 0.25)),
        "b1": (0.5, 0.0, 0.0),
        "W2": ((1.0, -1.0, 0.5), (-0.5, 0.5, 1.0)),
        "b2": (0.0, 0.5),
    },
    ("dE/dZ_1", "dE/dZ_2", "dE/dW2_11", "dE/dW2_12", "dE/db2_1", "dE/dA1_1", "dE/dA1_2", "dE/dA1_3", "dE/dU1_1",
     "dE/dU1_3", "dE/dW1_12", "dE/dW1_31", "dE/db1_2", "dE/dX_1"),
)  # fmt: skip
LINEAR = Example(
    (),
    (2, 2),
    {"W1": ((0.5, -0.25), (0.25, 0.5)), "b1": (0.5, 0.0)},
    ("dE/dZ_1", "dE/dZ_2", "dE/dW_11", "dE/dW_12", "dE/dW_21", "dE/dW_22", "dE/db_1", "dE/db_2", "dE/dX_1"),
)


def network_example(*, hidden: bool) -> str:
    """Return a network's numbers, forward and backward, as a list and a table."""
    example = DEEP if hidden else LINEAR
    network = _network(example)
    head = [
        "| derivative | its derivation says | in numbers | backward pass | central difference |",
        "|---|---|---|---|---|",
    ]
    forward = _forward_lines(example, network.forward([FEATURES]))
    return "\n".join([*forward, "", *head, *(_row(text, example, network) for text in example.shown)])


def _network(example: Example) -> Network:
    network = cr.Network(example.sizes, activation=example.hidden or "relu", dtype=np.float64)
    for name, values in example.parameters.items():
        network.named_parameters[name][...] = values
    return network


def _forward_lines(example: Example, forward: Forward) -> Iterator[str]:
    targets = np.eye(example.sizes[-1])[TRUE_CLASS]
    yield f"- X is {_list(FEATURES)}; Y is {_list(targets)}"
    for name, values in example.parameters.items():
        rows = values if isinstance(values[0], tuple) else (values,)
        yield f"- {name if example.hidden else name[0]} is {'; '.join(map(_list, rows))}"
    hidden = zip(forward.pre_activations, forward.activations, strict=True)
    for layer, (before, after) in enumerate(hidden, 1):
        yield f"- U{layer} is {_list(before[0])}; A{layer} is {_list(after[0])}"
    yield f"- Z is {_list(forward.logits[0])}; O is {_list(forward.outputs[0])}"


def _row(text: str, example: Example, network: Network) -> str:
    found = cr.explain(network, FEATURES, TRUE_CLASS, text)
    assert found.agrees, text
    numbers = map(_decimal, (found.derivation, found.backward, found.central_difference))
    return f"| `{text}` | `{derived(text, hidden=example.hidden).result}` | {' | '.join(numbers)} |"


def _list(values: Iterable[float]) -> str:
    return ", ".join(map(_decimal, values))


def _decimal(value: float) -> str:
    text = f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
