"""The network's own loss where one number of the network or of its input is moved by a little."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chainrule._types import Array
from chainrule.derive import Entry
from chainrule.explain.example import Example
from chainrule.network import ACTIVATIONS, Network

Moved = Callable[[Array], "Moves"]


@dataclass(frozen=True, eq=False)
class Moves:
    """What comes of moves of one number: the loss of each, shape (moves,), and all values on the way to it.

    ``pre_activations`` are those of each hidden layer on the way, by the layer's number, shape (moves, units);
    ``logits`` have shape (moves, K), and are outputs where an output is moved.
    """

    losses: Array
    pre_activations: dict[int, Array]
    logits: Array


def mover(entry: Entry, example: Example) -> Moved:
    """Return a function from moves t to what comes of entry + t.

    Parameters
    ----------
    entry : Entry
        X_j, W_kj, b_k, U_k, A_k, Z_k or O_k with positions for indices.
    example : Example
        The network and its input.

    Examples
    --------
    >>> from chainrule.explain.example import example_of
    >>> example = example_of(Network((2, 3)), [1.0, 2.0], 0)
    >>> mover(Entry("Z", None, (2,)), example)(np.array([0.0])).losses.round(4)
    array([1.0986])
    """
    place = tuple(index - 1 for index in entry.indices if isinstance(index, int))
    match entry.name:
        case "W" | "b":
            return _parameter(f"{entry.name}{entry.layer or 1}", place, example)
        case "X":
            return lambda t: _forward(example, example.network, _rows(example.features, place[0], t), 0)
        case "U" | "A":
            return _hidden(entry, place[0], example)
        case "Z":
            logits = example.network.predict_logits(example.rows)[0]
            return lambda t: _of_logits(example, _rows(logits, place[0], t))
    outputs = example.network.predict_logits(example.rows)[0] / example.temperature
    outputs = _outputs(example, outputs)
    return lambda t: _of_outputs(example, _rows(outputs, place[0], t))


def logit_mover(first: int, second: int, example: Example) -> Callable[[Array, Array], Array]:
    """Return a function from moves of two logits, at positions counted from 1, to the losses."""
    logits = example.network.predict_logits(example.rows)[0]

    def moved(t: Array, s: Array) -> Array:
        rows = _rows(logits, first - 1, t)
        rows[:, second - 1] += s
        return example.losses(rows)

    return moved


def _rows(values: Array, place: int, t: Array) -> Array:
    rows = np.repeat(values[None, :], len(t), axis=0)
    rows[:, place] += t
    return rows


def _forward(example: Example, network: Network, rows: Array, before: int) -> Moves:
    """Run a network, or its last layers, ``before`` of which stand before them."""
    forward = network.forward(rows)
    numbered = {before + place: values for place, values in enumerate(forward.pre_activations, start=1)}
    return Moves(example.losses(forward.logits), numbered, forward.logits)


def _parameter(name: str, place: tuple[int, ...], example: Example) -> Moved:
    parameter = example.network.named_parameters[name]

    def moved(t: Array) -> Moves:
        kept = parameter[place]
        try:
            found = []
            for step in t:
                parameter[place] = kept + step
                found.append(_forward(example, example.network, example.rows, 0))
        finally:
            parameter[place] = kept
        layers = found[0].pre_activations
        return Moves(
            np.concatenate([each.losses for each in found]),
            {layer: np.concatenate([each.pre_activations[layer] for each in found]) for layer in layers},
            np.concatenate([each.logits for each in found]),
        )

    return moved


def _hidden(entry: Entry, place: int, example: Example) -> Moved:
    layer = entry.layer or 1
    forward = example.network.forward(example.rows)
    rest = last_layers(example.network, layer)
    activation = ACTIVATIONS[example.network.activations[layer - 1]].function

    def moved(t: Array) -> Moves:
        if entry.name == "A":
            return _forward(example, rest, _rows(forward.activations[layer - 1][0], place, t), layer)
        rows = _rows(forward.pre_activations[layer - 1][0], place, t)
        found = _forward(example, rest, activation(rows), layer)
        return Moves(found.losses, {layer: rows, **found.pre_activations}, found.logits)

    return moved


def last_layers(network: Network, after: int) -> Network:
    """Return the part of a network behind a hidden layer, with copies of its parameters.

    Examples
    --------
    >>> last_layers(Network((2, 4, 3)), 1).layer_sizes
    (4, 3)
    """
    sizes = network.layer_sizes[after:]
    rest = Network(sizes, network.activations[after:], network.head, dtype=network.dtype)
    count = sum(m * (n + 1) for n, m in pairwise(sizes))
    rest.parameters = network.parameters[-count:]
    return rest


def _of_logits(example: Example, rows: Array) -> Moves:
    return Moves(example.losses(rows), {}, rows)


def _outputs(example: Example, logits: Array) -> Array:
    from chainrule.network import HEADS

    return np.asarray(HEADS[example.network.head].outputs(logits[None, :])[0])


def _of_outputs(example: Example, rows: Array) -> Moves:
    """Return the loss as a function of the outputs, each moved for itself: (DF.4) to (DF.6)."""
    y = example.targets
    with np.errstate(all="ignore"):
        match example.network.head:
            case "softmax":
                losses = -np.where(y == 0, 0.0, y * np.log(rows)).sum(axis=1)
            case "sigmoid":
                hit = np.where(y == 0, 0.0, y * np.log(rows))
                losses = -(hit + np.where(y == 1, 0.0, (1 - y) * np.log1p(-rows))).sum(axis=1)
            case _:
                losses = 0.5 * ((rows - y) ** 2).sum(axis=1)
    return Moves(losses, {}, rows)
