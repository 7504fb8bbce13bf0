"""Expressions in double precision, derivatives by dual numbers: the quick judge of very many candidates.

It shares with derive/evaluation.py what letters are defined as, and nothing else; what it finds equal is confirmed
there to 50 digits. A world may have other definitions than the context's: that is how a mistaken belief is tried.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log

from chainrule.check.dual_numbers import (
    Dual,
    NotDefinedError,
    Value,
    function,
    over,
    plain,
    plus,
    rate_of,
    times,
    to_the,
)
from chainrule.derive import (
    EXAMPLES,
    ROW_VARIABLES,
    TRUE_CLASS,
    Add,
    Call,
    Context,
    Delta,
    Derivative,
    Divide,
    Entry,
    Expression,
    Index,
    Key,
    Multiply,
    Number,
    Point,
    Power,
    Sum,
    Symbol,
    axes,
    axes_of,
    definition,
    free_letters,
    stage,
)

DEEPEST_DERIVATIVE = 4
"""Derivatives of derivatives of ...: each doubles the work."""


class TooLongError(ArithmeticError):
    """An expression takes more work than a claim is given."""


class Budget:
    """How many more nodes may be visited before a claim is given up."""

    def __init__(self, visits: int) -> None:
        self.left = visits

    def drawn(self, visits: int) -> "Budget":
        """Return a budget of its own, of at most so many of the visits that are left."""
        return Budget(max(0, min(visits, self.left)))

    def spend(self, visits: int = 1) -> None:
        """Take visits from what is left."""
        self.left -= visits
        if self.left < 0:
            raise TooLongError("it takes too long to evaluate")


Definition = Callable[[Entry, Context], Expression | None]


@dataclass(frozen=True)
class World:
    """What letters are defined as: the context's definitions, or those of a mistaken belief."""

    context: Context
    define: Definition = definition


class Doubles:
    """The values of all entries at a point, or at one that differs from it in one entry."""

    def __init__(
        self,
        point: Point,
        budget: Budget,
        world: World | None = None,
        base: "Doubles | None" = None,
        changed: tuple[Key, Value] | None = None,
    ) -> None:
        self.point = point
        self.budget = budget
        self.world = world or World(point.context)
        self.base = base
        self.stage = 0
        self.depth: int = 0 if base is None else base.depth + 1
        self.known: dict[Key, Value] = {}
        if changed is not None:
            self.stage = stage(entry_of(changed[0]), point.context)
            self.known[changed[0]] = changed[1]
        self.perturbed: dict[Key, Doubles] = {}
        self.derivatives: dict[tuple[Key, tuple[Key, ...]], Value] = {}
        self.axes: dict[tuple[str, int | None, int], tuple[int, ...]] = {} if base is None else base.axes
        self.definitions: dict[Key, Expression | None] = {} if base is None else base.definitions
        self.ranges: dict[int, tuple[Sum, int, bool]] = {} if base is None else base.ranges

    def entry(self, key: Key) -> Value:
        """Return the value of an entry."""
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._compute(key)
        return found

    def _compute(self, key: Key) -> Value:
        if self.base is not None and stage(entry_of(key), self.point.context) <= self.stage:
            return self.base.entry(key)
        if key not in self.definitions:
            self.definitions[key] = self.world.define(entry_of(key), self.world.context)
        meaning = self.definitions[key]
        if meaning is None:
            if key not in self.point.given:
                raise NotDefinedError(f"{entry_of(key)} has no value here")
            return float(self.point.given[key])
        row = key[2][0] if key[0] in ROW_VARIABLES else self.point.row
        return _Walk(self, row, self.world.context).value(meaning, {})

    def derivative_of(self, of: Key, by: tuple[Key, ...], walk: "_Walk") -> Value:
        """Return the derivative of an entry by others, computed once for all walks."""
        name = of, by
        if name not in self.derivatives:
            self.derivatives[name] = walk.differentiate(entry_of(of), by, {})
        return self.derivatives[name]

    def by(self, key: Key) -> "Doubles":
        """Return the same point with one entry as a dual number."""
        if key not in self.perturbed:
            if self.depth >= DEEPEST_DERIVATIVE:
                raise TooLongError(f"derivatives are nested more than {DEEPEST_DERIVATIVE} deep")
            changed = (key, Dual(self.depth + 1, self.entry(key), 1.0))
            self.perturbed[key] = Doubles(self.point, self.budget, self.world, self, changed)
        return self.perturbed[key]

    def of_axis(self, entry: Entry) -> tuple[int, ...]:
        """Return the axes of an entry's indices."""
        name = entry.name, entry.layer, len(entry.indices)
        if name not in self.axes:
            self.axes[name] = axes(entry, self.point.context)
        return self.axes[name]

    def range_of(self, expression: Sum) -> tuple[int, bool]:
        """Return how far the index of a sum runs, and whether it counts examples."""
        known = self.ranges.get(id(expression))
        if known is None or known[0] is not expression:
            kinds = axes_of(expression.index, expression.body, self.point.context)
            length = min(self.point.size(axis) for axis in kinds)
            known = self.ranges[id(expression)] = (expression, length, EXAMPLES in kinds)
        return known[1], known[2]


def entry_of(key: Key) -> Entry:
    """Return the entry of a key.

    Examples
    --------
    >>> print(entry_of(("O", None, (1, 2))))
    O_{1,2}
    """
    return Entry(*key)


def double_of(
    expression: Expression, state: Doubles, letters: Mapping[str, int], row: int | None = None
) -> float:
    """Return an expression's value in double precision, its free letters at the positions given.

    Raises
    ------
    NotDefinedError
        If there is none.
    TooLongError
        If the budget is spent.
    """
    place = state.point.row if row is None else row
    try:
        return plain(_Walk(state, place, state.point.context).value(expression, dict(letters)))
    except OverflowError:
        raise NotDefinedError("a number that is too large") from None


class _Walk:
    """One walk through an expression."""

    def __init__(self, state: Doubles, row: int, context: Context) -> None:
        self.state = state
        self.row = row
        self.context = context
        self.letters_in: dict[int, tuple[str, ...]] = {}
        self.sums: dict[tuple[object, ...], Value] = {}

    def value(self, expression: Expression, letters: dict[str, int]) -> Value:
        """Return the value of an expression, its letters at the positions given."""
        self.state.budget.spend()
        return _VISIT[type(expression)](self, expression, letters)

    def number(self, expression: Number, letters: dict[str, int]) -> Value:
        del letters
        return expression.value.numerator / expression.value.denominator

    def symbol(self, expression: Symbol, letters: dict[str, int]) -> Value:
        del letters
        point = self.state.point
        sizes = {"K": point.sizes[-1], "D": point.sizes[0], "N": point.examples}
        if expression.name in sizes:
            return float(sizes[expression.name])
        if expression.name not in point.symbols:
            raise NotDefinedError(f"{expression.name} has no value here")
        return float(point.symbols[expression.name])

    def entry(self, expression: Entry, letters: dict[str, int]) -> Value:
        return self.state.entry(self.key(expression, letters))

    def key(self, entry: Entry, letters: dict[str, int]) -> Key:
        kinds = self.state.of_axis(entry)
        if TRUE_CLASS in entry.indices and entry.name in ROW_VARIABLES:
            letters = self.with_its_true_class(entry, kinds, letters)
        places = tuple([self.position(index, letters) for index in entry.indices])
        if entry.name in ROW_VARIABLES and kinds[:1] != (EXAMPLES,):
            places, kinds = (self.row, *places), (EXAMPLES, *kinds)
        if len(places) != len(kinds):
            raise NotDefinedError(f"{entry} has another number of indices")
        for place, axis in zip(places, kinds, strict=True):
            if not 1 <= place <= self.state.point.size(axis):
                raise NotDefinedError(f"{entry} has no position {place}")
        return entry.name, entry.layer, places

    def position(self, index: Index, letters: dict[str, int]) -> int:
        if isinstance(index, int):
            return index
        place = letters.get(index)
        if place is not None:
            return place
        if index == TRUE_CLASS and self.state.point.classes_of:
            return self.state.point.classes_of[self.row - 1]
        raise NotDefinedError(f"the index {index} has no value here")

    def with_its_true_class(
        self, entry: Entry, kinds: tuple[int, ...], letters: dict[str, int]
    ) -> dict[str, int]:
        """Return the letters with c as the class of the example that an entry itself speaks of: n in O_nc."""
        row = self.position(entry.indices[0], letters) if kinds[:1] == (EXAMPLES,) else self.row
        known = self.state.point.classes_of
        return {**letters, TRUE_CLASS: known[row - 1]} if 1 <= row <= len(known) else letters

    def delta(self, expression: Delta, letters: dict[str, int]) -> Value:
        return float(self.position(expression.first, letters) == self.position(expression.second, letters))

    def add(self, expression: Add, letters: dict[str, int]) -> Value:
        total = self.value(expression.terms[0], letters)
        for term in expression.terms[1:]:
            total = plus(total, self.value(term, letters))
        return total

    def multiply(self, expression: Multiply, letters: dict[str, int]) -> Value:
        total = self.value(expression.factors[0], letters)
        for factor in expression.factors[1:]:
            total = times(total, self.value(factor, letters))
        return total

    def divide(self, expression: Divide, letters: dict[str, int]) -> Value:
        return over(self.value(expression.numerator, letters), self.value(expression.denominator, letters))

    def power(self, expression: Power, letters: dict[str, int]) -> Value:
        return to_the(self.value(expression.base, letters), self.value(expression.exponent, letters))

    def call(self, expression: Call, letters: dict[str, int]) -> Value:
        values = [self.value(argument, letters) for argument in expression.arguments]
        if expression.function == "max":
            return max(values, key=plain)
        found = function(expression.function, values[0])
        base = self.context.log_base if expression.function == "log" else None
        return found if base is None else times(found, 1 / log(base))

    def sum(self, expression: Sum, letters: dict[str, int]) -> Value:
        if id(expression) not in self.letters_in:
            self.letters_in[id(expression)] = tuple(free_letters(expression))
        places = [letters.get(letter) for letter in self.letters_in[id(expression)]]
        name = (id(expression), letters.get(TRUE_CLASS), *places)
        if name not in self.sums:
            self.sums[name] = self._sum(expression, letters)
        return self.sums[name]

    def _sum(self, expression: Sum, letters: dict[str, int]) -> Value:
        left_out = {self.position(index, letters) for index in expression.excluding}
        total: Value = 0.0
        length, over_examples = self.state.range_of(expression)
        classes = self.state.point.classes_of if over_examples else ()
        for place in range(1, length + 1):
            if place not in left_out:
                inner = {**letters, expression.index: place}
                if classes:
                    inner[TRUE_CLASS] = classes[place - 1]
                total = plus(total, self.value(expression.body, inner))
        return total

    def derivative(self, expression: Derivative, letters: dict[str, int]) -> Value:
        by = tuple([self.key(entry, letters) for entry in expression.by])
        if not isinstance(expression.of, Entry):
            return self.differentiate(expression.of, by, letters)
        return self.state.derivative_of(self.key(expression.of, letters), by, self)

    def differentiate(self, of: Expression, by: tuple[Key, ...], letters: dict[str, int]) -> Value:
        """Return the derivative of an expression by one entry after the other."""
        state, tags = self.state, []
        for key in by:
            state = state.by(key)
            tags.append(state.depth)
        found = _Walk(state, self.row, self.context).value(of, letters)
        for tag in reversed(tags):
            found = rate_of(found, tag)
        return found


_VISIT: dict[type[Expression], Callable[..., Value]] = {
    Number: _Walk.number,
    Symbol: _Walk.symbol,
    Entry: _Walk.entry,
    Delta: _Walk.delta,
    Add: _Walk.add,
    Multiply: _Walk.multiply,
    Divide: _Walk.divide,
    Power: _Walk.power,
    Call: _Walk.call,
    Sum: _Walk.sum,
    Derivative: _Walk.derivative,
}
