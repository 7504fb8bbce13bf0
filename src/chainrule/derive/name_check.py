"""Whether the letters of an expression exist in a context: layers, positions, and the numbers it leaves unset."""

from collections.abc import Iterator
from dataclasses import replace as with_changes

from chainrule.derive.context import Context
from chainrule.derive.definitions import EXAMPLES, axes
from chainrule.derive.expressions import (
    TRUE_CLASS,
    Derivative,
    Entry,
    Expression,
    Symbol,
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
    for node in _nodes_and_variables(expression):
        if isinstance(node, Entry):
            _check_entry(node, context, call)
            _check_positions(node, context, call)
        if TRUE_CLASS in own_indices(node) and not context.one_hot:
            remedy = "Choose targets one-hot, or write another index."
            rule = "c is the true class, which one-hot targets have"
            raise ArgumentError(call, rule, f"targets {context.targets}", remedy)
    return expression


def unset_options(expression: Expression, context: Context) -> tuple[str, ...]:
    """Return the options that a context would need before an expression has a meaning in it.

    Examples
    --------
    >>> from chainrule.derive.expressions import Symbol
    >>> unset_options(Symbol("T"), Context())
    ('temperature',)
    """
    wanted: list[str] = []
    for node in (
        part
        for each in nodes(expression)
        for part in (each, *(each.by if isinstance(each, Derivative) else ()))
    ):
        if node == Symbol("T") and context.temperature is None:
            wanted.append("temperature")
        elif node == Symbol("eps") and context.label_smoothing is None:
            wanted.append("label_smoothing")
        elif isinstance(node, Entry) and node.name == "w" and not context.class_weight:
            wanted.append("class_weight")
        elif context.reduction == "none" and (node == Symbol("N") or _is_of_a_batch(node, context)):
            wanted.append("reduction")
    return tuple(dict.fromkeys(wanted))


def _nodes_and_variables(expression: Expression) -> Iterator[Expression]:
    """Yield all nodes of an expression, and the entries by which derivatives are taken."""
    for node in nodes(expression):
        yield node
        if isinstance(node, Derivative):
            yield from node.by


def _is_of_a_batch(node: Expression, context: Context) -> bool:
    return isinstance(node, Entry) and EXAMPLES in axes(node, context)


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
        remedy = _what_exists(entry, last)[0].upper() + _what_exists(entry, last)[1:]
        raise ArgumentError(
            call, f"{entry.name} belongs to a layer that exists", f"layer {entry.layer}", remedy
        )


def _what_exists(entry: Entry, last: int) -> str:
    layers = f"layers 1 to {last}" if last > 1 else "layer 1"
    if entry.name in HIDDEN_VECTORS:
        return f"the network has hidden {layers}, and logits Z in the last."
    return f"the network has {layers}."


def _check_positions(entry: Entry, context: Context, call: str) -> None:
    classes = context.classes
    for index, axis in zip(entry.indices, axes(entry, context), strict=False):
        if classes is not None and axis == context.layers and isinstance(index, int) and index > classes:
            remedy = f"There are classes 1 to {classes}; in brackets, 0 to {classes - 1}."
            raise ArgumentError(call, "a position is that of a class", f"{entry}", remedy)
