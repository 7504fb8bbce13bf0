"""What the derivatives in a derivation are worth: each by the line that the derivation itself ends with for it."""

from collections.abc import Mapping

import numpy as np

from chainrule.derive import LOSS, Derivation, Derivative, Entry, Expression, Index, Relation, nodes
from chainrule.explain.array_evaluation import ArrayEvaluation, Name, NotComputedError
from chainrule.explain.complex_step import ComplexSteps
from chainrule.explain.labelled_arrays import Labelled

TOGETHER = "All layers together"
VECTORS = ("Z", "O", "U", "A", "S", "X")
"""Letters of whose derivatives all are computed at once: every earlier layer needs all of them."""
MOST_ONE_BY_ONE = 256
"""By so many numbers at most a line is differentiated one after the other."""
DEEPEST = 3
"""A result of another result of ... : the derivatives of the outputs by the logits at most."""


class DerivedNumbers:
    """The numbers of the derivatives of one derivation.

    Parameters
    ----------
    values : ArrayEvaluation
        The numbers of the forward pass; its ``derivative`` becomes this object's.
    derivation : Derivation
        Whose lines are evaluated.
    """

    def __init__(self, values: ArrayEvaluation, derivation: Derivation) -> None:
        self.values = values
        self.steps = ComplexSteps(values, derivation.context)
        self.vectors: dict[Name, Labelled] = {}
        self.results = tuple(_results(derivation))
        self.depth = 0
        values.derivative = self.evaluate
        for quantity, case, result in self.results:
            self._keep(quantity, case, result)

    def _keep(self, quantity: Expression, case: Relation | None, result: Expression) -> None:
        if (
            not isinstance(quantity, Derivative)
            or quantity.of != LOSS
            or len(quantity.by) != 1
            or case is not None
        ):
            return
        by = quantity.by[0]
        if (
            by.name not in VECTORS
            or not isinstance(by.indices[0], str)
            or (by.name, by.layer) in self.vectors
        ):
            return
        found = self.values.evaluate(result, {})
        self.vectors[by.name, by.layer] = Labelled((by.indices[0],), found.along(by.indices))  # type: ignore[arg-type]

    def evaluate(self, derivative: Derivative, positions: Mapping[str, int]) -> Labelled:
        """Return the numbers of a derivative.

        Raises
        ------
        NotComputedError
            If the derivation has no line for it, and it cannot be had by a complex step either.
        """
        if isinstance(derivative.of, Derivative):
            derivative = Derivative(derivative.of.of, (*derivative.of.by, *derivative.by))
        if derivative.of == LOSS and len(derivative.by) == 1:
            by = derivative.by[0]
            if (by.name, by.layer) in self.vectors:
                index = self.values.position(by.indices[0], positions)
                vector = self.vectors[by.name, by.layer].values
                return (
                    Labelled((), vector[index - 1]) if isinstance(index, int) else Labelled((index,), vector)
                )
        return self._by_line(_placed(derivative, self.values, positions), positions)

    def _by_line(self, derivative: Derivative, positions: Mapping[str, int]) -> Labelled:
        for quantity, case, result in self.results:
            letters = matched(quantity, derivative)
            if letters is None or (case is not None and not _holds(case, letters)):
                continue
            open_letters = [index for index in letters.values() if isinstance(index, str)]
            if self.depth > DEEPEST or len(set(open_letters)) < len(open_letters):
                break
            return self._of_line(result, letters)
        if len(derivative.by) > 1:
            raise NotComputedError(f"{derivative} is not computed")
        (by,) = derivative.by
        left_open = [index for index in by.indices if isinstance(index, str)]
        if not left_open:
            return self.steps.derivative(derivative.of, by, positions)
        return self._one_by_one(derivative, left_open[0], positions)

    def _of_line(self, result: Expression, letters: Mapping[str, Index]) -> Labelled:
        """Return what a line is worth whose letters are positions, or other letters."""
        self.depth += 1
        try:
            found = self.values.evaluate(
                result, {letter: at for letter, at in letters.items() if isinstance(at, int)}
            )
        finally:
            self.depth -= 1
        return Labelled(tuple(str(letters.get(letter, letter)) for letter in found.letters), found.values)

    def _one_by_one(self, derivative: Derivative, letter: str, positions: Mapping[str, int]) -> Labelled:
        """Return the derivatives by each number of a letter, the expression at the same position."""
        length = self.values.length(letter, derivative)
        if not 0 < length <= MOST_ONE_BY_ONE:
            raise NotComputedError(f"{derivative} is not computed")
        found = [
            self.values.evaluate(derivative, {**positions, letter: place}) for place in range(1, length + 1)
        ]
        return Labelled((letter, *found[0].letters), np.stack([each.values for each in found]))


def _results(derivation: Derivation) -> list[tuple[Expression, Relation | None, Expression]]:
    """Return the last line about each quantity and case; of one that is put together twice, that of its own layer."""
    last: dict[tuple[Expression, Relation | None], Expression] = {}
    for section in derivation.sections:
        found = section.steps[-1]
        if not (section.title.startswith(TOGETHER) and (found.quantity, found.case) in last):
            last[found.quantity, found.case] = found.after
    return [
        (quantity, case, result) for (quantity, case), result in last.items() if not _opens(quantity, result)
    ]


def _opens(quantity: Expression, result: Expression) -> bool:
    """Return whether a line still holds a derivative of something else than the loss."""
    del quantity
    return any(isinstance(node, Derivative) and node.of != LOSS for node in nodes(result))


def matched(pattern: Expression, asked: Derivative) -> dict[str, Index] | None:
    """Return what each letter of a quantity is in another that differs in its indices alone; None if they differ more.

    Examples
    --------
    >>> by_k = Derivative(LOSS, (Entry("Z", None, ("k",)),))
    >>> matched(by_k, Derivative(LOSS, (Entry("Z", None, (3,)),)))
    {'k': 3}
    """
    if not isinstance(pattern, Derivative) or len(pattern.by) != len(asked.by):
        return None
    letters: dict[str, Index] = {}
    for one, other in zip((pattern.of, *pattern.by), (asked.of, *asked.by), strict=True):
        if not isinstance(one, Entry) or not isinstance(other, Entry):
            return None
        if (one.name, one.layer, len(one.indices)) != (other.name, other.layer, len(other.indices)):
            return None
        for index, wanted in zip(one.indices, other.indices, strict=True):
            if isinstance(index, int):
                if index != wanted:
                    return None
            elif letters.setdefault(index, wanted) != wanted:
                return None
    return letters


def _placed(derivative: Derivative, values: ArrayEvaluation, positions: Mapping[str, int]) -> Derivative:
    def put(entry: Entry) -> Entry:
        indices = tuple(values.position(index, positions) for index in entry.indices)
        return Entry(entry.name, entry.layer, indices)

    of = derivative.of
    return Derivative(put(of) if isinstance(of, Entry) else of, tuple(map(put, derivative.by)))


def _holds(case: Relation, letters: Mapping[str, Index]) -> bool:
    """Return whether a case is that of all positions: one of an open letter is not."""
    first, second = (letters.get(str(index), index) for index in (case.first, case.second))
    known = isinstance(first, int) and isinstance(second, int)
    return known and (first == second) is case.equal
