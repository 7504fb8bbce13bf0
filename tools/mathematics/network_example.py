"""A small network in numbers: each derivative by its derivation, by the backward pass, and by a difference."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import chainrule as cr
from chainrule.derive.context import Context, context_of
from chainrule.derive.evaluation import ARITHMETIC, Point, State, value_of
from chainrule.network import Backward, Forward, Network
from mathematics.blocks import derived

TARGETS = (1, 0)
FEATURES = (1.0, 2.0)
DECIMALS = 6


@dataclass(frozen=True)
class Example:
    """A network's activations and parameters, and the derivatives that are shown."""

    hidden: tuple[str, ...]
    sizes: tuple[int, ...]
    parameters: dict[str, tuple]
    shown: tuple[str, ...]

    def layer(self, name: str) -> int | None:
        """Return the layer of a parameter as formulas name it: that of a network of one layer has no number."""
        return int(name[1]) if self.hidden else None


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
    context = context_of(hidden=example.hidden, targets=list(TARGETS))
    network, state = _network(example), State(_point(example, context))
    forward = network.forward([FEATURES])
    backward = network.backward(forward, forward.outputs - np.array([TARGETS]))
    rows = [_row(text, context, state, _by_backward_pass(text, backward, forward)) for text in example.shown]
    head = [
        "| derivative | its derivation says | in numbers | backward pass | difference quotient |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*_forward_lines(example, state), "", *head, *rows])


def _network(example: Example) -> Network:
    network = cr.Network(example.sizes, activation=example.hidden or "relu", dtype=np.float64)
    for name, values in example.parameters.items():
        network.named_parameters[name][...] = values
    return network


def _point(example: Example, context: Context) -> Point:
    given = {}
    for name, values in example.parameters.items():
        for place, value in np.ndenumerate(np.array(values)):
            given[name[0], example.layer(name), tuple(each + 1 for each in place)] = ARITHMETIC.mpf(
                float(value)
            )
    for letter, row in (("X", FEATURES), ("Y", TARGETS)):
        for place, value in enumerate(row, 1):
            given[letter, None, (1, place)] = ARITHMETIC.mpf(value)
    return Point(context, example.sizes, 1, given, {}, (1 + TARGETS.index(1),))


def _forward_lines(example: Example, state: State) -> Iterator[str]:
    yield f"- X is {_list(FEATURES)}; Y is {_list(TARGETS)}"
    for name, values in example.parameters.items():
        yield f"- {name[0]}{example.layer(name) or ''} is {_matrix(values)}"
    hidden = [(letter, 1, example.sizes[1]) for letter in "UA" if example.hidden]
    for letter, layer, size in (*hidden, ("Z", None, 2), ("O", None, 2)):
        row = [state.entry((letter, layer, (1, place))) for place in range(1, size + 1)]
        yield f"- {letter}{layer or ''} is {_list(row)}"


def _row(text: str, context: Context, state: State, passed: float) -> str:
    found = derived(text, hidden=context.hidden)
    by_derivation = float(value_of(found.result, state, {}))
    by_difference = float(value_of(found.quantity, state, {}))
    assert np.allclose([by_derivation, passed], by_difference, rtol=1e-12, atol=1e-15), text
    shown = " | ".join(_decimal(value) for value in (by_derivation, passed, by_difference))
    return f"| `{text}` | `{found.result}` | {shown} |"


def _by_backward_pass(text: str, backward: Backward, forward: Forward) -> float:
    """Return what the network's backward pass gives for a derivative."""
    name, _, positions = text.removeprefix("dE/d").partition("_")
    place = tuple(int(position) - 1 for position in positions)
    rows = {"Z": forward.outputs - np.array([TARGETS]), "X": backward.inputs}
    for layer, (before, after) in enumerate(
        zip(backward.pre_activations, backward.activations, strict=True), 1
    ):
        rows |= {f"U{layer}": before, f"A{layer}": after}
    if name in rows:
        return float(rows[name][0][place])
    return float(backward.named[name if name[1:] else f"{name}1"][place])


def _decimal(value: object) -> str:
    text = f"{float(value):.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _list(values: object) -> str:
    return ", ".join(map(_decimal, values))


def _matrix(values: tuple) -> str:
    return "; ".join(map(_list, values)) if isinstance(values[0], tuple) else _list(values)
