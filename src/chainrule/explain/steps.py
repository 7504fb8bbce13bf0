"""The steps of a derivation with one example's numbers, and at which positions each line is written."""

from collections.abc import Mapping, Sequence

import numpy as np

from chainrule.derive import LOSS, Derivation, Derivative, Entry, Expression, Numbers, Sum, derivation_values
from chainrule.explain.array_evaluation import ArrayEvaluation, NotComputedError
from chainrule.explain.explanation import ExplainedStep

POSITIONS = 4
"""Of so many classes a line about any class is written."""


def explained_steps(derivation: Derivation, numbers: Numbers) -> tuple[ExplainedStep, ...]:
    """Return the steps of a derivation with numbers."""
    names = ("section", "rule", "quantity", "before", "after", "condition", "case", "reason")
    return tuple(
        ExplainedStep(**{name: step[name] for name in names}, numbers=tuple(step["numbers"]))
        for step in derivation_values(derivation, numbers=numbers)["steps"]
    )


def numbers_of(values: ArrayEvaluation, asked: Expression, last_layer: int | None) -> Numbers:
    """Return an example's numbers as lines of a derivation show them.

    Parameters
    ----------
    values : ArrayEvaluation
        All numbers, those of the derivatives among them.
    asked : Expression
        The quantity that is explained: lines about its own unit are written for that unit.
    last_layer : int or None
        The number of the last layer, None where layers have no numbers.
    """

    def value(expression: Expression) -> float | None:
        try:
            return values.number(expression, {})
        except NotComputedError:
            return None

    def terms(expression: Sum) -> list[float] | None:
        try:
            found = values.evaluate(expression.body, {})
        except NotComputedError:
            return None
        sizes = np.broadcast_to(
            found.along((expression.index,)), (values.length(expression.index, expression),)
        )
        return np.nan_to_num(sizes).tolist() if len(found.letters) <= 1 else None

    entries = asked.by if isinstance(asked, Derivative) else ()
    places = {name: at for entry in entries for name, at in _units(entry, last_layer, values).items()}
    classes = shown_classes(values)

    def preferred(quantity: Expression) -> Mapping[str, Sequence[int]]:
        if not isinstance(quantity, Derivative):
            return {}
        found: dict[str, Sequence[int]] = {}
        for by in quantity.by:
            own = places.get((by.name, by.layer), (None,) * len(by.indices))
            for letter, at in zip(by.indices, own, strict=False):
                if isinstance(letter, str) and at is not None:
                    found[letter] = (at,)
                elif isinstance(letter, str) and by.name in "ZO" and quantity.of == LOSS:
                    found[letter] = classes
        return found

    return Numbers(
        value, values.length, values.true_class, preferred=preferred, terms=terms, inner_sums=False
    )


def shown_classes(values: ArrayEvaluation) -> tuple[int, ...]:
    """Return the positions of a few classes: the true one, and those with the largest outputs; in order."""
    outputs = values.arrays["O", None]
    order = [int(place) + 1 for place in np.argsort(-outputs, kind="stable")]
    true = [] if values.true_class is None else [values.true_class]
    return tuple(sorted([*true, *(place for place in order if place not in true)][:POSITIONS]))


def _units(
    entry: Entry, last_layer: int | None, values: ArrayEvaluation
) -> dict[tuple[str, int | None], tuple[int | None, ...]]:
    """Return at which positions a line by each letter is written, if the entry's own unit says so."""
    at = tuple(
        place if isinstance(place, int) else None for place in (values.position(i, {}) for i in entry.indices)
    )
    found: dict[tuple[str, int | None], tuple[int | None, ...]] = {(entry.name, entry.layer): at}
    if entry.name == "X":
        found["S", None] = at
    if entry.name in ("W", "b", "U"):
        last = entry.layer in (None, last_layer) and entry.name != "U"
        if last:
            found["Z", None] = at[:1]
        else:
            found["U", entry.layer] = found["A", entry.layer] = at[:1]
    return found
