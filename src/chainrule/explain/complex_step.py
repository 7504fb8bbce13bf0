"""Derivatives that a line of a derivation has yet to work out: by a complex step through the definitions.

(CX.1)  du/dx = Im u(x + i h)/h  for a tiny h, as exact as u itself, since nothing is subtracted   [Squire1998]

It knows no rule of calculus, so that the numbers beside a line do not come from the lines below it.
"""

from collections.abc import Mapping

import numpy as np

from chainrule._types import Array
from chainrule.derive import Context, Derivative, Entry, Expression, definition, nodes
from chainrule.explain.array_evaluation import LOG_OUTPUT, LOG_REST, ArrayEvaluation, Name, NotComputedError
from chainrule.explain.labelled_arrays import Labelled
from chainrule.explain.scaled_inputs import in_scaled_letters, scaled

STEP = 1e-40
BESIDE = ("W", "b", "Y", "m", "s")
"""Letters that depend on nothing."""
RANKS = {"X": 0.0, "S": 0.5, "Z": 1e6, "O": 1e6 + 1, "E": 1e6 + 2}


class ComplexSteps:
    """The derivatives of expressions at the numbers of one example.

    Parameters
    ----------
    values : ArrayEvaluation
        The numbers.
    context : Context
        The definitions of letters.
    """

    def __init__(self, values: ArrayEvaluation, context: Context) -> None:
        self.values = values
        self.context = context
        self.moved: dict[Entry, ArrayEvaluation] = {}

    def derivative(self, of: Expression, by: Entry, positions: Mapping[str, int]) -> Labelled:
        """Return the derivative of an expression by an entry whose indices are positions.

        Raises
        ------
        NotComputedError
            If the expression holds what has no number, or its derivative overflows.
        """
        if by not in self.moved:
            self.moved[by] = self._move(by)
        state = self.moved[by]
        for node in nodes(of):
            if isinstance(node, Entry):
                self._fill(state, (node.name, node.layer))
        found = state.evaluate(of, positions)
        slope = np.asarray(np.imag(found.values) / STEP)
        if not np.isfinite(slope).all():
            raise NotComputedError(f"the derivative of {of} by {by} is beyond float64")
        return Labelled(found.letters, slope)

    def _move(self, by: Entry) -> ArrayEvaluation:
        name = (by.name, by.layer)
        if name not in self.values.arrays:
            raise NotComputedError(f"{by} has no number")
        rank = _rank(name)
        tables = (LOG_OUTPUT, LOG_REST)
        kept = {
            each: array
            for each, array in self.values.arrays.items()
            if each not in tables and (each[0] in BESIDE or _rank(each) <= rank)
        }
        moved = kept[name].astype(np.complex128)
        moved[tuple(index - 1 for index in by.indices if isinstance(index, int))] += 1j * STEP
        return ArrayEvaluation({**kept, name: moved}, self.values.symbols, self.values.true_class, _none)

    def _fill(self, state: ArrayEvaluation, name: Name) -> None:
        """Compute all numbers of a letter that comes after the moved one, and of those on the way to it."""
        if name in state.arrays or name not in self.values.arrays:
            return
        entry = Entry(name[0], name[1], () if name[0] == "E" else ("k",))
        bounded = "B" in self.values.symbols
        meaning = scaled(("k",), bounded=bounded) if name[0] == "S" else definition(entry, self.context)
        if meaning is None:
            return
        if name[0] != "S" and ("S", None) in self.values.arrays:
            meaning = in_scaled_letters(meaning)
        for node in nodes(meaning):
            if isinstance(node, Entry):
                self._fill(state, (node.name, node.layer))
        state.arrays[name] = _all(state.evaluate(meaning, {}), entry)


def _all(found: Labelled, entry: Entry) -> Array:
    return found.along([index for index in entry.indices if isinstance(index, str)])


def _rank(name: Name) -> float:
    """Return where a letter stands on the way from features to loss."""
    letter, layer = name
    if letter in RANKS:
        return RANKS[letter]
    number = 1e5 if layer is None else float(layer)
    return 2 * number + {"U": 0.0, "A": 1.0}.get(letter, -0.5)


def _none(derivative: Derivative, positions: Mapping[str, int]) -> Labelled:
    del positions
    raise NotComputedError(f"{derivative} is not computed")
