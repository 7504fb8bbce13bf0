"""Expressions as numbers in float64, for all positions of their free letters at once.

The logarithm of an output is read from a table, which the forward pass fills without overflow and underflow:
ln(O_k) is finite where O_k is too small for a number.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from chainrule._types import Array
from chainrule.derive import (
    TRUE_CLASS,
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
)
from chainrule.explain.labelled_arrays import Labelled, contracted, product, together, total

Name = tuple[str, int | None]
"""A letter and its layer: ("W", 2)."""
Find = Callable[[Derivative, Mapping[str, int]], Labelled]
LOG_OUTPUT, LOG_REST = ("ln O", None), ("ln(1 - O)", None)
"""Names of the tables of ln(O_k), and of ln(1 - O_k) where outputs are sigmoids."""


class NotComputedError(ArithmeticError):
    """An expression holds what has no number here."""


class ArrayEvaluation:
    """The numbers of one example, and what expressions of them are worth.

    Parameters
    ----------
    arrays : mapping
        All numbers of each letter, by letter and layer.
    symbols : mapping
        T, K, D and others without an index.
    true_class : int or None
        The position c, counted from 1.
    derivative : callable
        What derivatives are worth; raises NotComputedError where that is not known.
    """

    def __init__(
        self,
        arrays: dict[Name, Array],
        symbols: Mapping[str, float],
        true_class: int | None,
        derivative: Find,
    ) -> None:
        self.arrays = arrays
        self.symbols = symbols
        self.true_class = true_class
        self.derivative = derivative

    def number(self, expression: Expression, positions: Mapping[str, int]) -> float:
        """Return the number of an expression whose free letters all have positions.

        Raises
        ------
        NotComputedError
            If it holds a derivative, or a letter, without a number.
        """
        found = self.evaluate(expression, positions)
        if found.letters:
            raise NotComputedError(f"{expression} leaves {', '.join(found.letters)} open")
        return float(found.values)

    def evaluate(self, expression: Expression, positions: Mapping[str, int]) -> Labelled:
        """Return the numbers of an expression, with an axis for each free letter that has no position.

        Raises
        ------
        NotComputedError
            As :meth:`number`.
        """
        lengths = {letter: self.length(letter, expression) for letter in free_letters(expression)}
        with np.errstate(all="ignore"):
            return _Walk(self, positions, lengths).value(expression)

    def length(self, letter: str, expression: Expression) -> int:
        """Return how many positions a letter has that stands in an expression; 0 where nothing tells."""
        for entry, place in _places(letter, expression):
            if (entry.name, entry.layer) in self.arrays:
                return int(self.arrays[entry.name, entry.layer].shape[place])
        partners = (pair for pair in _pairs(expression) if letter in pair)
        others = {index for pair in partners for index in pair if isinstance(index, str) and index != letter}
        found = (
            int(self.arrays[entry.name, entry.layer].shape[place])
            for other in others
            for entry, place in _places(other, expression)
            if (entry.name, entry.layer) in self.arrays
        )
        return next(found, 0)

    def position(self, index: Index, positions: Mapping[str, int]) -> Index:
        """Return the position of an index, or its letter if it has none."""
        if index == TRUE_CLASS and self.true_class is not None:
            return self.true_class
        return positions.get(index, index) if isinstance(index, str) else index

    def entries(self, name: Name, indices: tuple[Index, ...], positions: Mapping[str, int]) -> Labelled:
        """Return the numbers of a letter at some of its positions."""
        if name not in self.arrays:
            raise NotComputedError(f"{name[0]}{name[1] or ''} has no number")
        return picked(self.arrays[name], tuple(self.position(index, positions) for index in indices))


def picked(array: Array, indices: tuple[Index, ...]) -> Labelled:
    """Return the part of an array at some positions, counted from 1; letters keep their axes.

    Examples
    --------
    >>> picked(np.arange(6.0).reshape(2, 3), (2, "j")).values.tolist()
    [3.0, 4.0, 5.0]
    """
    part = array[tuple(index - 1 if isinstance(index, int) else slice(None) for index in indices)]
    letters = tuple(index for index in indices if isinstance(index, str))
    if len(set(letters)) == len(letters):
        return Labelled(letters, part)
    number = {letter: place for place, letter in enumerate(letters)}
    kept = tuple(dict.fromkeys(letters))
    diagonal = np.einsum(part, [number[letter] for letter in letters], [number[letter] for letter in kept])
    return Labelled(kept, diagonal)


def _places(letter: str, expression: Expression) -> Iterator[tuple[Entry, int]]:
    """Yield the entries in which a letter stands, and where, those a derivative is taken by among them."""
    for node in nodes(expression):
        entries = (node,) if isinstance(node, Entry) else node.by if isinstance(node, Derivative) else ()
        for entry in entries:
            yield from ((entry, place) for place, index in enumerate(entry.indices) if index == letter)


def _pairs(expression: Expression) -> Iterator[tuple[Index, Index]]:
    for node in nodes(expression):
        if isinstance(node, Delta):
            yield node.first, node.second
        elif isinstance(node, Sum):
            yield from ((node.index, other) for other in node.excluding)


class _Walk:
    """One walk through an expression: the positions of letters, and how long the axes of the others are."""

    def __init__(
        self, numbers: ArrayEvaluation, positions: Mapping[str, int], lengths: Mapping[str, int]
    ) -> None:
        self.numbers = numbers
        self.positions = positions
        self.lengths = lengths

    def value(self, expression: Expression) -> Labelled:
        match expression:
            case Number(value):
                return _scalar(float(value))
            case Symbol(name):
                return self.symbol(name)
            case Entry(name, layer, indices):
                return self.numbers.entries((name, layer), indices, self.positions)
            case Delta(first, second):
                return self.delta(first, second)
            case Add(terms):
                return total([self.value(term) for term in terms])
            case Multiply(factors):
                return product([self.value(factor) for factor in factors])
            case Divide(numerator, denominator):
                return self.of_two(np.divide, numerator, denominator)
            case Power(base, exponent):
                return self.of_two(np.power, base, exponent)
            case Call(function, arguments):
                return self.call(function, arguments)
            case Sum():
                return self.sum(expression)
            case Derivative():
                return self.numbers.derivative(expression, self.positions)
        raise NotComputedError(f"{expression} has no number")

    def symbol(self, name: str) -> Labelled:
        if name not in self.numbers.symbols:
            raise NotComputedError(f"{name} has no number")
        return _scalar(self.numbers.symbols[name])

    def of_two(
        self, function: Callable[[Array, Array], Array], first: Expression, second: Expression
    ) -> Labelled:
        letters, (one, other) = together(self.value(first), self.value(second))
        return Labelled(letters, np.asarray(function(one, other)))

    def call(self, function: str, arguments: tuple[Expression, ...]) -> Labelled:
        table = _logarithm_of_output(function, arguments[0])
        if table is not None and table[0] in self.numbers.arrays:
            return self.numbers.entries(table[0], table[1], self.positions)
        if function not in FUNCTIONS:
            raise NotComputedError(f"{function} is not computed")
        inner = self.value(arguments[0])
        return Labelled(inner.letters, np.asarray(FUNCTIONS[function](inner.values)))

    def delta(self, first: Index, second: Index) -> Labelled:
        one, other = (self.numbers.position(index, self.positions) for index in (first, second))
        if one == other:
            return _scalar(1.0)
        if isinstance(one, int) and isinstance(other, int):
            return _scalar(0.0)
        if isinstance(one, str) and isinstance(other, str):
            return Labelled((one, other), np.eye(self.lengths[one], self.lengths[other]))
        letter, place = (one, other) if isinstance(one, str) else (other, one)
        assert isinstance(letter, str)
        assert isinstance(place, int)
        return Labelled((letter,), (np.arange(1, self.lengths[letter] + 1) == place).astype(np.float64))

    def sum(self, expression: Sum) -> Labelled:
        index, body = expression.index, expression.body
        length = self.numbers.length(index, expression)
        if length == 0:
            raise NotComputedError(f"nothing tells how far {index} runs")
        outside = {letter: place for letter, place in self.positions.items() if letter != index}
        inner = _Walk(self.numbers, outside, {**self.lengths, index: length})
        factors = body.factors if isinstance(body, Multiply) else (body,)
        everywhere = Labelled((index,), np.ones(length))
        found = [inner.value(factor) for factor in factors]
        left_out = (inner.delta(index, other) for other in expression.excluding)
        found += [total([everywhere, product([_scalar(-1.0), delta])]) for delta in left_out]
        if not any(index in item.letters for item in found):
            found.append(everywhere)
        return contracted(found, index)


def _scalar(value: float) -> Labelled:
    return Labelled((), np.asarray(value))


def _logarithm_of_output(function: str, argument: Expression) -> tuple[Name, tuple[Index, ...]] | None:
    """Return the table that holds ln(O_k) or ln(1 - O_k), and the indices; None for another expression."""
    if function != "ln":
        return None
    match argument:
        case Entry("O", None, indices):
            return LOG_OUTPUT, indices
        case Add((Number(one), Multiply((Number(minus), Entry("O", None, indices))))) if (
            one == 1 and minus == -1
        ):
            return LOG_REST, indices
    return None


def _sigmoid(u: Array) -> Array:
    small = np.exp(np.where(u.real >= 0, -u, u))
    return np.asarray(np.where(u.real >= 0, 1.0, small) / (1.0 + small))


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "ln": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "relu": lambda u: u * (u.real > 0),
    "step": lambda u: (u.real > 0).astype(np.float64),
}
"""The functions that derivations for a network hold, for complex numbers too; at the kink of relu, step is 0, as in the
network (AC.1)."""
