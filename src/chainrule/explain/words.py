"""What is explained, in words: the quantity, the network and the example, with the names of classes and features."""

import numpy as np

from chainrule.derive import Derivative, Entry, quantity_words
from chainrule.explain.explanation import Explanation

NOT_COMPUTED = "not computed"
DIGITS = 5


def number_text(value: float | None, digits: int = DIGITS) -> str:
    """Return a number to significant digits; what is None or NaN was not computed.

    Examples
    --------
    >>> number_text(0.000123456), number_text(-0.0), number_text(None)
    ('0.00012346', '0', 'not computed')
    """
    if value is None or np.isnan(value):
        return NOT_COMPUTED
    return "0" if value == 0 else f"{value:.{digits}g}"


def heading(found: Explanation) -> str:
    """Return what is explained, with its number if it is one."""
    value = f" = {number_text(found.derivation, 6)}" if isinstance(found.derivation, float) else ""
    return f"{found.quantity}{value}"


def in_words(found: Explanation) -> str:
    """Return the quantity in words, classes and features by name, brackets beside subscripts."""
    quantity = found.facts["quantity"]
    words = quantity_words(quantity)
    entries = quantity.by if isinstance(quantity, Derivative) else ()
    notes = [note for entry in entries for note in _entry_notes(entry, found)]
    return f"{words[0].upper()}{words[1:]}{''.join(f'; {note}' for note in notes)}"


def _entry_notes(entry: Entry, found: Explanation) -> list[str]:
    brackets = ",".join(str(index - 1) if isinstance(index, int) else str(index) for index in entry.indices)
    notes = [f"{entry} is {entry.name}{entry.layer or ''}[{brackets}]"] if _has_position(entry) else []
    for index, named in zip(entry.indices, named_axes(entry, found), strict=False):
        position = found.facts["true_class"] if index == "c" else index
        if named and isinstance(position, int):
            kind, names = named
            notes.append(f"{kind} {position} is {names[position - 1]!r}")
    return notes


def _has_position(entry: Entry) -> bool:
    return any(isinstance(index, int) for index in entry.indices)


def named_axes(entry: Entry, found: Explanation) -> list[tuple[str, tuple[str, ...]] | None]:
    """Return for each index the kind and the names of what it counts; None where nobody named it."""
    last = len(found.facts["layer_sizes"]) - 1
    layer = last if entry.layer is None else entry.layer
    classes = ("class", found.names.classes) if found.names.classes else None
    features = ("feature", found.names.features) if found.names.features else None
    match entry.name:
        case "X":
            return [features]
        case "W":
            return [classes if layer == last else None, features if layer == 1 else None]
        case "Z" | "O":
            return [classes]
    return [classes if entry.name == "b" and layer == last else None]


def network_words(found: Explanation) -> str:
    """Return the network in words.

    Examples
    --------
    >>> from chainrule.explain.explaining import explain
    >>> from chainrule.network import Network
    >>> network_words(explain(Network((2, 4, 3)), [1.0, 2.0], 0, "E"))
    '2 features; 4 relu; 3 outputs, softmax'
    """
    facts = found.facts
    hidden = [
        f"{size:,} {kind}"
        for size, kind in zip(facts["layer_sizes"][1:-1], facts["activations"], strict=True)
    ]
    parts = [
        f"{facts['layer_sizes'][0]:,} features",
        *hidden,
        f"{facts['layer_sizes'][-1]:,} outputs, {facts['head']}",
    ]
    if facts["temperature"] != 1.0:
        parts.append(f"temperature T = {facts['temperature']:.6g}")
    return "; ".join(parts)


def example_words(found: Explanation) -> str:
    """Return the example in words: its loss, and its true class."""
    loss = f"E = {number_text(found.facts['loss'], 6)}"
    true = found.facts["true_class"]
    if true is None:
        return loss
    named = f", {found.names.classes[true - 1]!r}" if found.names.classes else ""
    return f"{loss}; the true class c is {true}{named}"
