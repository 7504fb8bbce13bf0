"""Whether the letters of an expression exist in a context: layers, positions, and the numbers it leaves unset."""

from dataclasses import replace as with_changes

from chainrule.derive.context import Context
from chainrule.derive.definitions import EXAMPLES, FEATURES, axes
from chainrule.derive.expressions import (
    TRUE_CLASS,
    Derivative,
    Entry,
    Expression,
    nodes,
    own_indices,
    transform,
)
from chainrule.derive.letters import HIDDEN_VECTORS, LAYERED, VECTORS
from chainrule.errors import ArgumentError


def check_names(expression: Expression, context: Context, call: str = "chainrule") -> Expression:
    """Refuse letters, layers and positions that do not exist in a context.

    Parameters
    ----------
    expression : Expression
        What was read.
    context : Context
        The network it speaks of.
    call : str
        What error messages call the caller.

    Returns
    -------
    Expression
        The expression, the weights and biases of the only layer of a network without hidden layers unnumbered.

    Raises
    ------
    ArgumentError
        If it names what does not exist; the message says what exists.

    Examples
    --------
    >>> print(check_names(Entry("W", 1, ("k", "j")), Context()))
    W_kj
    """
    expression = _without_only_layer(expression, context)
    for node in nodes(expression):
        for entry in (node, *(node.by if isinstance(node, Derivative) else ())):
            if isinstance(entry, Entry):
                _check_entry(entry, context, call)
        _check_indices(node, context, call)
    return expression


def _without_only_layer(expression: Expression, context: Context) -> Expression:
    if context.hidden:
        return expression

    def unnumbered(entry: Entry) -> Entry:
        return with_changes(entry, layer=None) if entry.name in ("W", "b") and entry.layer == 1 else entry

    def change(node: Expression) -> Expression | None:
        if isinstance(node, Entry):
            return unnumbered(node)
        return Derivative(node.of, tuple(map(unnumbered, node.by))) if isinstance(node, Derivative) else None

    return transform(expression, change)


def _check_entry(entry: Entry, context: Context, call: str) -> None:
    if entry.name in (*VECTORS, "W") and not entry.indices:
        raise ArgumentError(call, f"{entry.name} has an index", f"{entry} without one", f"Write {entry}_k.")
    if entry.name in LAYERED:
        _check_layer(entry, context, call)
    if entry.name == "E" and context.loss == "none":
        raise ArgumentError(call, "E is the loss", "loss none", "Name a loss, or ask for the outputs O.")


def _check_layer(entry: Entry, context: Context, call: str) -> None:
    hidden = len(context.hidden)
    last = hidden if entry.name in HIDDEN_VECTORS else context.layers
    named = entry.name in HIDDEN_VECTORS or hidden > 0
    if entry.layer is None and not named:
        return
    if not hidden:
        remedy = "Name the activations of the hidden layers with hidden, or write W_kj, b_k and Z_k."
        raise ArgumentError(call, "the network has no hidden layers", f"{entry}", remedy)
    if entry.layer is None:
        remedy = f"Write {with_changes(entry, layer=1)} for layer 1; {_what_exists(entry, last)}"
        raise ArgumentError(
            call, f"{entry.name} names its layer in a network with hidden ones", f"{entry}", remedy
        )
    if not 1 <= entry.layer <= last:
        remedy = _what_exists(entry, last).capitalize()
        raise ArgumentError(
            call, f"{entry.name} belongs to a layer that exists", f"layer {entry.layer}", remedy
        )


def _what_exists(entry: Entry, last: int) -> str:
    layers = f"layers 1 to {last}" if last > 1 else "layer 1"
    return f"the network has {'hidden ' * (entry.name in HIDDEN_VECTORS)}{layers}."


def _check_indices(node: Expression, context: Context, call: str) -> None:
    if TRUE_CLASS in own_indices(node) and not context.one_hot:
        remedy = "Choose targets one-hot, or write another index."
        raise ArgumentError(
            call, "c is the true class, which one-hot targets have", f"targets {context.targets}", remedy
        )
    if context.classes is None:
        return
    for entry in (node, *(node.by if isinstance(node, Derivative) else ())):
        if isinstance(entry, Entry):
            _check_positions(entry, context, call)


def _check_positions(entry: Entry, context: Context, call: str) -> None:
    for index, axis in zip(entry.indices, axes(entry, context), strict=False):
        classes = context.classes or 0
        if (
            axis == context.layers
            and axis not in (FEATURES, EXAMPLES)
            and isinstance(index, int)
            and index > classes
        ):
            remedy = f"There are classes 1 to {classes}; in brackets, 0 to {classes - 1}."
            raise ArgumentError(call, "a position is that of a class", f"{entry}", remedy)
