"""Formulas with the numbers of one example in place of the letters: ``-(1/0.2)*0.2*(1 - 0.2)``."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product
from math import isfinite
from typing import SupportsFloat

from chainrule.derive.expressions import (
    TRUE_CLASS,
    ZERO,
    Add,
    Call,
    Delta,
    Derivative,
    Divide,
    Entry,
    Expression,
    Index,
    Multiply,
    Number,
    Power,
    Sum,
    Symbol,
    free_letters,
    nodes,
    number,
    parts,
    with_parts,
)
from chainrule.derive.rewriting import Relation
from chainrule.derive.typeset.arrangement import ELLIPSIS

Value = Callable[[Expression], SupportsFloat | None]
"""The number of an entry, a symbol or a derivative whose indices are positions; None where there is none."""
Length = Callable[[str, Expression], int]
"""How many positions a letter has that is free in an expression."""
Preferred = Callable[[Expression], Mapping[str, Sequence[int]]]
"""The positions of letters at which a line about a quantity is written; of letters that are absent, the first few."""
Terms = Callable[[Sum], Sequence[float] | None]
"""The numbers of all terms of a sum whose other letters have positions; None where they have none."""
SIGNIFICANT_DIGITS = 5
MOST_TERMS = 4
"""Of more terms of a sum the first few and the last are written."""
MOST_POSITIONS = 4
"""Of more positions of its free letters a formula is written for the first few."""
FARTHEST = 100_000
"""Where looking for the end of a sum ends."""


@dataclass(frozen=True)
class Numbers:
    """The numbers of one example.

    Parameters
    ----------
    value : Value
        The number of an entry, of K, N, T or eps, or of a derivative, all indices positions counted from 1.
    length : Length or None
        How many positions a letter has; None: as many as an entry with it has values.
    true_class : int or None
        The position of the true class.
    digits : int
        Significant digits.
    most_terms, most_positions : int
        How much of a long sum is written, and for how many positions of its free letters a formula is.
    preferred : Preferred or None
        At which positions a line is written; None: at the first.
    terms : Terms or None
        The numbers of the terms of a sum, all of them: of a long sum the largest terms are written; None: the first few
        and the last.
    inner_sums : bool
        Whether sums within sums are written out too; otherwise their number stands there, if they have one.
    """

    value: Value
    length: Length | None = None
    true_class: int | None = None
    digits: int = SIGNIFICANT_DIGITS
    most_terms: int = MOST_TERMS
    most_positions: int = MOST_POSITIONS
    preferred: Preferred | None = None
    terms: Terms | None = None
    inner_sums: bool = True


def with_numbers(
    expression: Expression, numbers: Numbers | Value, positions: Mapping[str, int] | None = None
) -> Expression:
    """Return an expression with its entries and derivatives replaced by their numbers, and its sums written out.

    Parameters
    ----------
    expression : Expression
        What to write.
    numbers : Numbers or callable
        The numbers; a callable takes an entry, a symbol or a derivative with positions as indices.
    positions : mapping, optional
        The positions of free letters. What stands at a letter without a position stays as it is.

    Returns
    -------
    Expression
        Its text is the formula with numbers; terms that are left out stand as ``...``.

    Examples
    --------
    >>> loss = Sum("i", Multiply((Entry("Y", None, ("i",)), Call("ln", (Entry("O", None, ("i",)),)))))
    >>> row = {"Y": (1, 0, 0), "O": (0.2, 0.6, 0.2)}
    >>> def value(entry):
    ...     (position,) = entry.indices
    ...     return row[entry.name][position - 1] if position <= 3 else None
    >>> print(with_numbers(loss, value))
    1*ln(0.2) + 0*ln(0.6) + 0*ln(0.2)
    """
    found = numbers if isinstance(numbers, Numbers) else Numbers(numbers)
    return _Writing(found).write(expression, dict(positions or {}))


def numeral(value: SupportsFloat, digits: int = SIGNIFICANT_DIGITS) -> Expression:
    """Return a number rounded to significant digits, to be shown.

    Examples
    --------
    >>> print(numeral(-1.60944), numeral(0.000012345), numeral(3))
    -1.6094 1.2345e-05 3
    """
    real = float(value)
    if not isfinite(real):
        return Symbol(str(real))
    text = "0" if real == 0 else f"{real:.{digits}g}"  # not -0
    return Number(Fraction(text), text)


def assignments(
    expressions: tuple[Expression, ...], case: Relation | None, numbers: Numbers
) -> tuple[dict[str, int], ...]:
    """Return the positions of the free letters at which a line is written with numbers, the first few of many.

    Examples
    --------
    >>> assignments((Delta("i", "k"),), Relation("i", "k", False), Numbers(lambda _: 1, lambda *_: 2))
    ({'i': 1, 'k': 2}, {'i': 2, 'k': 1})
    """
    letters = sorted(frozenset[str]().union(*map(free_letters, expressions)))
    writing = _Writing(numbers)
    lengths = [max(writing.length(letter, expression) for expression in expressions) for letter in letters]
    preferred = {} if numbers.preferred is None else numbers.preferred(expressions[0])
    ranges = (
        preferred.get(letter, range(1, length + 1)) for letter, length in zip(letters, lengths, strict=True)
    )
    places = product(*ranges)
    fitting = (dict(zip(letters, place, strict=True)) for place in places)
    kept = (place for place in fitting if case is None or _holds(case, place, numbers.true_class))
    return tuple(islice(kept, numbers.most_positions))


def _holds(case: Relation, positions: Mapping[str, int], true_class: int | None) -> bool:
    first, second = (_position(index, positions, true_class) for index in (case.first, case.second))
    return (first == second) is case.equal


def _position(index: Index, positions: Mapping[str, int], true_class: int | None) -> Index:
    if index == TRUE_CLASS and true_class is not None:
        return true_class
    return positions.get(index, index) if isinstance(index, str) else index


class _Writing:
    """One writing of formulas with numbers."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self.inside_a_sum = False

    def write(self, expression: Expression, positions: dict[str, int]) -> Expression:
        match expression:
            case Entry() | Derivative() | Symbol():
                return self.leaf(self.placed(expression, positions))
            case Delta(first, second):
                return self.delta(self.position(first, positions), self.position(second, positions))
            case Add(terms):
                return Add(tuple(part for term in terms for part in self.terms(term, positions)))
            case Multiply(factors):
                return Multiply(tuple(part for factor in factors for part in self.factors(factor, positions)))
            case Divide(numerator, denominator):
                return Divide(self.write(numerator, positions), self.write(denominator, positions))
            case Power(base, exponent):
                return Power(self.write(base, positions), self.write(exponent, positions))
            case Call(function, arguments):
                return Call(function, tuple(self.write(argument, positions) for argument in arguments))
            case Sum():
                return self.sum(expression, positions)
        return expression

    def terms(self, term: Expression, positions: dict[str, int]) -> tuple[Expression, ...]:
        written = self.write(term, positions)
        return written.terms if isinstance(written, Add) else (written,)

    def factors(self, factor: Expression, positions: dict[str, int]) -> tuple[Expression, ...]:
        written = self.write(factor, positions)
        return written.factors if isinstance(written, Multiply) else (written,)

    def leaf(self, leaf: Expression) -> Expression:
        value = None if free_letters(leaf) else self.numbers.value(leaf)
        return leaf if value is None else numeral(value, self.numbers.digits)

    def delta(self, first: Index, second: Index) -> Expression:
        known = isinstance(first, int) and isinstance(second, int)
        return number(first == second) if known or first == second else Delta(first, second)

    def sum(self, expression: Sum, positions: dict[str, int]) -> Expression:
        if self.inside_a_sum and not self.numbers.inner_sums:
            value = self.numbers.value(self.placed(expression, positions))
            if value is not None:
                return numeral(value, self.numbers.digits)
        outside, self.inside_a_sum = self.inside_a_sum, True
        try:
            return self.written_out(expression, positions)
        finally:
            self.inside_a_sum = outside

    def written_out(self, expression: Sum, positions: dict[str, int]) -> Expression:
        length = self.length(expression.index, expression.body)
        excluded = [self.position(index, positions) for index in expression.excluding]
        if length == 0 or not all(isinstance(index, int) for index in excluded):
            inner = {letter: place for letter, place in positions.items() if letter != expression.index}
            excluding = tuple(excluded)
            return Sum(expression.index, self.write(expression.body, inner), excluding)
        places = [place for place in range(1, length + 1) if place not in excluded]
        shown: list[int | None] = list(places)
        if len(places) > self.numbers.most_terms:
            shown = self.shortened(expression, places, positions)
        terms = [
            Symbol(ELLIPSIS)
            if place is None
            else self.write(expression.body, {**positions, expression.index: place})
            for place in shown
        ]
        flat = tuple(part for term in terms for part in (term.terms if isinstance(term, Add) else (term,)))
        return flat[0] if len(flat) == 1 else Add(flat) if flat else ZERO

    def shortened(self, expression: Sum, places: list[int], positions: dict[str, int]) -> list[int | None]:
        """Return the places of the terms that are written of a long sum, None for those left out."""
        most = self.numbers.most_terms - 1
        placed = self.placed(expression, positions)
        sizes = (
            self.numbers.terms(placed) if self.numbers.terms is not None and isinstance(placed, Sum) else None
        )
        if sizes is None:
            return [*places[:most], None, places[-1]]
        order = sorted(places, key=lambda place: -abs(sizes[place - 1]))[:most]
        shown: list[int | None] = []
        before = 0
        for place in sorted(place for place in order if sizes[place - 1] != 0) or places[:1]:
            shown += [place] if place == before + 1 else [None, place]
            before = place
        return shown if before == places[-1] else [*shown, None]

    def length(self, letter: str, body: Expression) -> int:
        """Return how many positions a letter has; 0 where nothing tells."""
        if self.numbers.length is not None:
            return self.numbers.length(letter, body)
        bearers = list(_bearers(letter, body))
        return max((self.end(entry, letter) for entry in bearers), default=0)

    def end(self, entry: Entry, letter: str) -> int:
        def there(place: int) -> bool:
            indices = tuple(
                place if index == letter else index if isinstance(index, int) else 1
                for index in entry.indices
            )
            return self.numbers.value(Entry(entry.name, entry.layer, indices)) is not None

        return next((place - 1 for place in range(1, FARTHEST) if not there(place)), FARTHEST)

    def placed(self, expression: Expression, positions: dict[str, int]) -> Expression:
        """Return an expression with letters replaced by their positions, inside a derivative as well."""
        match expression:
            case Entry(name, layer, indices):
                return Entry(name, layer, tuple(self.position(index, positions) for index in indices))
            case Delta(first, second):
                return Delta(self.position(first, positions), self.position(second, positions))
            case Derivative(of, by):
                entries = tuple(
                    Entry(
                        entry.name,
                        entry.layer,
                        tuple(self.position(index, positions) for index in entry.indices),
                    )
                    for entry in by
                )
                return Derivative(self.placed(of, positions), entries)
            case Sum(index, body, excluding):
                inner = {letter: place for letter, place in positions.items() if letter != index}
                return Sum(
                    index,
                    self.placed(body, inner),
                    tuple(self.position(each, positions) for each in excluding),
                )
        return with_parts(expression, tuple(self.placed(part, positions) for part in parts(expression)))

    def position(self, index: Index, positions: Mapping[str, int]) -> Index:
        return _position(index, positions, self.numbers.true_class)


def _bearers(letter: str, body: Expression) -> Iterator[Entry]:
    """Yield the entries in which a letter stands, those a derivative is taken by among them."""
    for node in nodes(body):
        entries = (node,) if isinstance(node, Entry) else node.by if isinstance(node, Derivative) else ()
        yield from (entry for entry in entries if letter in entry.indices)
