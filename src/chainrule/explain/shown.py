"""What of an explanation is shown, the same for text, HTML and LaTeX: words, rounded numbers, shortened vectors."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from chainrule._types import Array
from chainrule.explain.agreement import Agreement, Compared, agreement
from chainrule.explain.explanation import Explanation, Vector
from chainrule.explain.words import named_axes, number_text

FIRST, LAST = 6, 2
"""Of a longer vector so many entries are shown."""
MOST_CLASSES = 12
MOST_ENTRIES = 12
"""Of a table of a quantity with letters so many rows are shown."""
MANY_DIGITS = 12
LABELS = {"derivation": "derivation", "backward": "backward pass", "central_difference": "central difference"}
SOURCES = {
    "derivation": "the result of the derivation, with this example's numbers in it",
    "backward": "from the network's own backward pass",
    "central_difference": "from the network's own loss, a little to each side",
}
LEGEND = (
    "Derivatives that a line has yet to work out have the number of a complex step through the definitions; one that "
    "stays in letters is not computed."
)


@dataclass(frozen=True)
class ClassRow:
    """One class: its position, name, logit, output, target and dE/dZ."""

    position: int
    name: str
    logit: str
    output: str
    target: str
    slope: str
    true: bool


@dataclass(frozen=True)
class ShortRow:
    """One entry of a quantity: what it is, and the derivation's number."""

    label: str
    value: float


@dataclass(frozen=True)
class EntryRow:
    """One entry of a quantity: what it is, and its three numbers."""

    label: str
    derivation: str
    backward: str
    central_difference: str


def vector_text(values: Array) -> str:
    """Return a vector, the middle of a long one left out.

    Examples
    --------
    >>> vector_text(np.arange(10.0)), vector_text(np.array(0.5))
    ('0 1 2 3 4 5 ... 8 9 (10 numbers)', '0.5')
    """
    flat = values.ravel()
    if len(flat) <= FIRST + LAST + 1:
        return " ".join(number_text(float(value)) for value in flat)
    first, last = (
        " ".join(number_text(float(value)) for value in part) for part in (flat[:FIRST], flat[-LAST:])
    )
    return f"{first} ... {last} ({len(flat)} numbers)"


def three_numbers(found: Explanation) -> list[tuple[str, str, str]]:
    """Return the label, the number and the source of each of the three, for a quantity that is one number."""
    rows = []
    for name, label in LABELS.items():
        value = getattr(found, name)
        source = found.not_computed[name] if value is None else SOURCES[name]
        if name == "backward" and found.quantity == "E":
            source = "the network's own loss"
        if name == "central_difference" and value is not None:
            source += f", h = {number_text(found.central_difference_step, 2)}"  # type: ignore[arg-type]
        rows.append((label, number_text(value, MANY_DIGITS), source))
    return rows


def short_rows(found: Explanation) -> list[tuple[ShortRow, dict[str, int]]]:
    """Return a few entries of a quantity, those of the classes that matter most, and the positions of their letters."""
    letters, values = found.facts["letters"], np.asarray(found.derivation)
    if not letters:
        return [(ShortRow("in numbers", float(values)), {})]
    shown = found.numbers.preferred(found.facts["quantity"]) if found.numbers.preferred is not None else {}
    ranges = [
        shown.get(letter, range(1, min(size, LAST) + 1))
        for letter, size in zip(letters, values.shape, strict=True)
    ]
    rows = []
    for place in product(*ranges):
        inner = tuple(at - 1 for at in place)
        row = ShortRow(label_at(found, inner), float(values[inner]))
        rows.append((row, dict(zip(letters, place, strict=True))))
    return rows[:MOST_ENTRIES]


def entry_rows(found: Explanation) -> list[EntryRow]:
    """Return the first entries of a quantity with letters, those that disagree before all others."""
    derivation = np.asarray(found.derivation)
    broken = np.zeros(derivation.shape, dtype=bool)
    for compared in agreement(found).compared:
        broken |= compared.broken
    order = sorted(np.ndindex(*derivation.shape), key=lambda place: not broken[place])[:MOST_ENTRIES]
    return [_entry_row(found, place) for place in (order if broken.any() else sorted(order))]


def _entry_row(found: Explanation, place: tuple[int, ...]) -> EntryRow:
    values = [
        number_text(None if getattr(found, name) is None else float(getattr(found, name)[place]), 8)
        for name in LABELS
    ]
    return EntryRow(label_at(found, place), *values)


def label_at(found: Explanation, place: tuple[int, ...]) -> str:
    """Return the positions of a quantity's letters, counted from 1, with the names of classes and features."""
    at = ", ".join(f"{letter} = {at + 1}" for letter, at in zip(found.facts["letters"], place, strict=True))
    return at + _name_at(found, place)


def _name_at(found: Explanation, place: tuple[int, ...]) -> str:
    quantity = found.facts["quantity"]
    (by, *_) = quantity.by
    named = dict(zip(found.facts["letters"], place, strict=True))
    texts = []
    for index, axis in zip(by.indices, named_axes(by, found), strict=False):
        if axis and index in named:
            texts.append(f", {axis[0]} {axis[1][named[index]]}")
    return "".join(texts)


def verdict(found: Explanation) -> list[str]:
    """Return whether the numbers agree, a sentence for each comparison."""
    compared = agreement(found)
    lines = (
        []
        if compared.finite
        else ["The numbers are not finite: float64 does not hold this example's values."]
    )
    return [
        *lines,
        *(_sentence(each) for each in compared.compared),
        *_kink_sentences(found),
        *_missing(found, compared),
    ]


def _sentence(compared: Compared) -> str:
    label = LABELS[compared.name]
    known = ~np.isnan(compared.allowed)
    apart, allowed = compared.apart[known], compared.allowed[known]
    if compared.holds:
        rounding = _largest(allowed)
        return f"The derivation and the {label} agree: {_largest(apart)} apart, where rounding may leave {rounding}."
    broken = compared.broken
    count = "" if broken.ndim == 0 else f" in {int(broken.sum())} of {broken.size} entries"
    return (
        f"DISAGREEMENT{count}: the derivation and the {label} are {_largest(compared.apart[broken])} apart, "
        f"where rounding leaves {_largest(compared.allowed[broken])}."
    )


def _largest(values: Array) -> str:
    return number_text(float(np.max(values)) if values.size else 0.0, 2)


def _kink_sentences(found: Explanation) -> list[str]:
    return [
        f"Kink: U{kink.layer}_{kink.unit} = {number_text(kink.pre_activation)}, where ReLU has no derivative"
        f"{'' if kink.pre_activation == 0 else ' near enough'}; its slope is taken as "
        f"{1 if kink.pre_activation > 0 else 0}, as the network does."
        for kink in found.kinks[:4]
    ] + ([f"And {len(found.kinks) - 4} more kinks."] if len(found.kinks) > 4 else [])


def _missing(found: Explanation, compared: Agreement) -> list[str]:
    del compared
    return [f"The {LABELS[name]} is not computed: {reason}." for name, reason in found.not_computed.items()]


def class_rows(found: Explanation) -> list[ClassRow]:
    """Return the classes or outputs: all, or of many the true one and those whose logits matter most."""
    vectors = {vector.name: vector.values for vector in found.forward}
    slopes = found.facts["logits_gradient"]
    order = np.argsort(-np.abs(slopes), kind="stable")[:MOST_CLASSES]
    true = found.facts["true_class"]
    kept = sorted({int(place) for place in order} | ({true - 1} if true is not None else set()))
    return [
        ClassRow(
            place + 1,
            found.names.classes[place] if found.names.classes else "",
            number_text(float(vectors["Z"][place])),
            number_text(float(vectors["O"][place])),
            number_text(float(vectors["Y"][place])),
            number_text(float(slopes[place])),
            place + 1 == true,
        )
        for place in kept
    ]


def forward_rows(found: Explanation) -> list[tuple[Vector, str]]:
    """Return the values of each layer, shortened."""
    return [(vector, vector_text(vector.values)) for vector in found.forward]


def backward_rows(found: Explanation) -> list[tuple[Vector, str]]:
    """Return the derivatives by each layer's values, shortened, from the loss back."""
    return [(vector, vector_text(vector.values)) for vector in found.backward_vectors]
