"""Expressions as numbers: exact to 50 digits, at any network and example.

A derivative is the central difference of its expression at a precision at which nothing of the difference is seen in
the first 50 digits. It knows no rule of calculus, which makes it a judge of those that do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mpmath.ctx_mp import MPContext

from chainrule.derive.context import Context
from chainrule.derive.definitions import EXAMPLES, ROW_VARIABLES, axes, definition, stage
from chainrule.derive.expressions import (
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
    parts,
)

Real = Any
"""A number of ARITHMETIC."""
ARITHMETIC = MPContext()
"""Arithmetic of the symbolic room alone: mpmath's own precision belongs to its users."""
DIGITS = 60
DIGITS_PER_DERIVATIVE = 60
STEP_DIGITS = 30
"""The step of the outermost difference is 1e-30 of the entry, or of 1 if that is less; of one inside it 1e-60, ..."""
STRIDE = 4
"""After so many layers the next chain of calls begins."""
LARGEST_EXPONENT = 10**6
"""Numbers beyond exp of this are refused as too large: they would take memory without bound."""

Key = tuple[str, int | None, tuple[int, ...]]
"""A letter, its layer and its positions, the example's first."""


class Undefined(ArithmeticError):  # noqa: N818 - what a value is that does not exist
    """An expression has no value at a point: ln of 0, division by 0."""


@dataclass(frozen=True)
class Point:
    """A network, a batch of examples and the numbers of the context, in ARITHMETIC's numbers.

    Parameters
    ----------
    context : Context
        What the letters mean.
    sizes : tuple of int
        The number of features, of units of each hidden layer, and of classes.
    examples : int
        N.
    given : mapping
        The value of every entry that is not defined by others: X, W, b, Y, w, V.
    symbols : mapping
        The values of T and eps where they are symbols.
    classes_of : tuple of int
        The true class c of each example, counted from 1; empty where targets are not one-hot.
    row : int
        The example that row variables without an example's index speak of, counted from 1.
    extra_digits : int
        Digits that arithmetic needs beside the usual ones, where some numbers are far smaller than others.
    """

    context: Context
    sizes: tuple[int, ...]
    examples: int
    given: Mapping[Key, Real]
    symbols: Mapping[str, Real] = field(default_factory=dict)
    classes_of: tuple[int, ...] = ()
    row: int = 1
    extra_digits: int = 0

    def size(self, axis: int) -> int:
        """Return how many positions an axis has."""
        return self.examples if axis == EXAMPLES else self.sizes[axis]


class Shared:
    """What all states of a point have in common: definitions, and how long sums are."""

    def __init__(self) -> None:
        self.definitions: dict[Key, Expression | None] = {}
        self.ranges: dict[int, tuple[Sum, int, bool]] = {}
        self.letters: dict[int, tuple[Expression, tuple[str, ...]]] = {}
        self.bounds: dict[tuple[str, int | None, int], tuple[bool, tuple[int, ...]]] = {}

    def definition(self, key: Key, context: Context) -> Expression | None:
        """Return the definition of an entry."""
        if key not in self.definitions:
            self.definitions[key] = definition(_entry(key), context)
        return self.definitions[key]

    def free(self, expression: Expression) -> tuple[str, ...]:
        """Return the free letters of an expression."""
        known = self.letters.get(id(expression))
        if known is None or known[0] is not expression:
            known = self.letters[id(expression)] = (expression, tuple(sorted(free_letters(expression))))
        return known[1]

    def places(self, entry: Entry, point: Point) -> tuple[bool, tuple[int, ...]]:
        """Return whether an entry leaves its example open, and how many positions each of its axes has."""
        name = (entry.name, entry.layer, len(entry.indices))
        if name not in self.bounds:
            kinds = axes(entry, point.context)
            open_row = entry.name in ROW_VARIABLES and kinds[:1] != (EXAMPLES,)
            kinds = (EXAMPLES, *kinds) if open_row else kinds
            self.bounds[name] = open_row, tuple(point.size(axis) for axis in kinds)
        return self.bounds[name]

    def range_of(self, expression: Sum, point: Point) -> tuple[int, bool]:
        """Return how far a sum runs, to the end of the shortest axis of its index, and whether it counts examples."""
        known = self.ranges.get(id(expression))
        if known is None or known[0] is not expression:
            kinds = axes_of(expression.index, expression.body, point.context)
            length = min(point.size(axis) for axis in kinds)
            known = self.ranges[id(expression)] = (expression, length, EXAMPLES in kinds)
        return known[1], known[2]


class State:
    """The values of all entries at a point, or at one that differs from it in one entry.

    A changed entry changes those that come after it on the way to the loss; those beside and before it keep their
    values.
    """

    def __init__(
        self, point: Point, base: "State | None" = None, changed: Key | None = None, value: Real = None
    ) -> None:
        self.point = point
        self.base = base
        self.changed = changed
        self.stage = stage(_entry(changed), point.context) if changed else 0
        self.known: dict[Key, Real] = {} if changed is None else {changed: value}
        self.shared: Shared = Shared() if base is None else base.shared
        self.beside: dict[tuple[Key, int, int], tuple[State, State]] = {}

    def entry(self, key: Key) -> Real:
        """Return the value of an entry."""
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._compute(key)
        return found

    def sides(self, key: Key, level: int) -> tuple["State", "State", Real]:
        """Return the states in which an entry is a little larger and smaller, and the difference between them.

        They are kept: all derivatives by this entry at this precision share them.
        """
        here = self.entry(key)
        # A probability may be tiny, and its logarithm steep; a logit near 0 may be nothing but rounding.
        scale = (min(abs(here), 1) or 1) if key[0] == "O" else 1
        step = ARITHMETIC.mpf(10) ** (-STEP_DIGITS * level) * scale
        name = (key, level, ARITHMETIC.dps)
        if name not in self.beside:
            upper, lower = (State(self.point, self, key, here + sign * step) for sign in (1, -1))
            self.beside[name] = upper, lower
        return *self.beside[name], 2 * step

    def _compute(self, key: Key) -> Real:
        if self.base is not None and stage(_entry(key), self.point.context) <= self.stage:
            return self.base.entry(key)
        meaning = self.shared.definition(key, self.point.context)
        if meaning is None:
            return self._given(key)
        self._climb(key)
        return evaluate(meaning, self, {}, row=key[2][0] if key[0] in ROW_VARIABLES else self.point.row)

    def _climb(self, key: Key) -> None:
        """Compute the layers below in their order, so that no chain of calls is as long as the network is deep."""
        if key[0] not in ("U", "A", "Z"):
            return
        top = self.point.context.layers if key[0] == "Z" else key[1] or 0
        for layer in range(STRIDE, top - 1, STRIDE):
            self.entry(("A", layer, (key[2][0], 1)))

    def _given(self, key: Key) -> Real:
        if key not in self.point.given:
            raise Undefined(f"{_entry(key)} has no value here")
        return self.point.given[key]


def _entry(key: Key) -> Entry:
    name, layer, positions = key
    return Entry(name, layer, positions)


def digits_for(expression: Expression) -> int:
    """Return the digits of arithmetic at which the first 50 of an expression's value are right.

    Examples
    --------
    >>> digits_for(Symbol("K"))
    60
    """
    return DIGITS + DIGITS_PER_DERIVATIVE * _depth(expression)


def _depth(expression: Expression) -> int:
    inner = max((_depth(part) for part in parts(expression)), default=0)
    return inner + len(expression.by) if isinstance(expression, Derivative) else inner


def value_of(
    expression: Expression, state: State, letters: Mapping[str, int], row: int | None = None
) -> Real:
    """Return an expression's value to 50 digits, its free letters at the positions given.

    Raises
    ------
    Undefined
        If there is none: a logarithm of 0, a division by 0, a number that the point does not have.
    """
    with ARITHMETIC.workdps(max(digits_for(expression) + state.point.extra_digits, ARITHMETIC.dps)):
        return evaluate(expression, state, dict(letters), row=state.point.row if row is None else row)


def evaluate(
    expression: Expression, state: State, letters: dict[str, int], *, row: int, level: int = 1
) -> Real:
    """Return an expression's value at the present precision; ``level`` counts the derivatives it stands in."""
    return _Evaluation(state, row, level).value(expression, letters)


class _Evaluation:
    """One walk through an expression: the state, the row, and what was computed already."""

    def __init__(self, state: State, row: int, level: int) -> None:
        self.state = state
        self.row = row
        self.level = level
        self.known: dict[tuple[object, ...], Real] = {}

    def value(self, expression: Expression, letters: dict[str, int]) -> Real:
        match expression:
            case Number(value):
                return ARITHMETIC.mpf(value.numerator) / value.denominator
            case Symbol(name):
                return self.symbol(name)
            case Entry():
                return self.state.entry(self.key(expression, letters))
            case Delta(first, second):
                return ARITHMETIC.mpf(self.position(first, letters) == self.position(second, letters))
            case Add(terms):
                return sum((self.value(term, letters) for term in terms[1:]), self.value(terms[0], letters))
            case Multiply(factors):
                return self.product(factors, letters)
            case Divide(numerator, denominator):
                return self.quotient(self.value(numerator, letters), self.value(denominator, letters))
            case Power(base, exponent):
                return self.power(self.value(base, letters), self.value(exponent, letters))
            case Call(function, arguments):
                return self.call(function, [self.value(argument, letters) for argument in arguments])
        return self.remembered(expression, letters)

    def remembered(self, expression: Expression, letters: dict[str, int]) -> Real:
        """Return the value of a sum or a derivative, computed once for the same letters."""
        places = tuple(letters.get(letter) for letter in self.state.shared.free(expression))
        name = (id(expression), letters.get(TRUE_CLASS), places)
        if name not in self.known:
            take = self.sum if isinstance(expression, Sum) else self.derivative
            self.known[name] = take(expression, letters)  # type: ignore[arg-type]
        return self.known[name]

    def sum(self, expression: Sum, letters: dict[str, int]) -> Real:
        left_out = {self.position(index, letters) for index in expression.excluding}
        length, over_examples = self.state.shared.range_of(expression, self.state.point)
        classes = self.state.point.classes_of if over_examples else ()
        total = ARITHMETIC.mpf(0)
        for place in range(1, length + 1):
            if place not in left_out:
                own = {TRUE_CLASS: classes[place - 1]} if classes else {}
                total += self.value(expression.body, {**letters, **own, expression.index: place})
        return total

    def derivative(self, expression: Derivative, letters: dict[str, int]) -> Real:
        """Return the central difference by the last entry of the derivatives by those before it."""
        *before, last = expression.by
        of = Derivative(expression.of, tuple(before)) if before else expression.of
        upper, lower, step = self.state.sides(self.key(last, letters), self.level)
        above, below = (
            evaluate(of, side, letters, row=self.row, level=self.level + 1) for side in (upper, lower)
        )
        return (above - below) / step

    def product(self, factors: tuple[Expression, ...], letters: dict[str, int]) -> Real:
        total = self.value(factors[0], letters)
        for factor in factors[1:]:
            total = total * self.value(factor, letters)
        return total

    def key(self, entry: Entry, letters: dict[str, int]) -> Key:
        open_row, lengths = self.state.shared.places(entry, self.state.point)
        if TRUE_CLASS in entry.indices and entry.name in ROW_VARIABLES:
            row = self.row if open_row else self.position(entry.indices[0], letters)
            known = self.state.point.classes_of
            letters = {**letters, TRUE_CLASS: known[row - 1]} if 1 <= row <= len(known) else letters
        places = tuple(self.position(index, letters) for index in entry.indices)
        places = (self.row, *places) if open_row else places
        for place, length in zip(places, lengths, strict=True):
            if not 1 <= place <= length:
                raise Undefined(f"{entry} has no position {place}")
        return entry.name, entry.layer, places

    def position(self, index: Index, letters: dict[str, int]) -> int:
        if isinstance(index, int):
            return index
        if index in letters:
            return letters[index]
        if index == TRUE_CLASS and self.state.point.classes_of:
            return self.state.point.classes_of[self.row - 1]
        raise Undefined(f"the index {index} has no value here")

    def symbol(self, name: str) -> Real:
        point = self.state.point
        sizes = {"K": point.sizes[-1], "D": point.sizes[0], "N": point.examples}
        if name in sizes:
            return ARITHMETIC.mpf(sizes[name])
        if name not in point.symbols:
            raise Undefined(f"{name} has no value here")
        return point.symbols[name]

    def quotient(self, numerator: Real, denominator: Real) -> Real:
        if denominator == 0:
            raise Undefined("division by 0")
        return numerator / denominator

    def power(self, base: Real, exponent: Real) -> Real:
        whole = ARITHMETIC.isint(exponent)
        if (base == 0 and exponent < 0) or (base < 0 and not whole):
            raise Undefined("a power that has no real value")
        if base != 0 and abs(exponent * ARITHMETIC.log(abs(base))) > LARGEST_EXPONENT:
            raise Undefined("a power that is too large")
        return base ** (int(exponent) if whole else exponent)

    def call(self, function: str, values: list[Real]) -> Real:
        if function == "max":
            return max(values)
        (u,) = values
        if function in ("ln", "log", "sqrt") and (u < 0 or (u == 0 and function != "sqrt")):
            raise Undefined(f"{function} of {'0' if u == 0 else 'a negative number'}")
        if function in ("exp", "sigmoid") and abs(u) > LARGEST_EXPONENT:
            raise Undefined("an exponential that is too large")
        base = self.state.point.context.log_base
        return FUNCTIONS[function](u) / (
            ARITHMETIC.log(self.value(Number(base), {})) if function == "log" and base else 1
        )


def _step(u: Real) -> Real:
    if u == 0:
        raise Undefined("the derivative of relu at 0")
    return ARITHMETIC.mpf(u > 0)


FUNCTIONS = {
    "exp": ARITHMETIC.exp,
    "ln": ARITHMETIC.log,
    "log": ARITHMETIC.log,
    "sqrt": ARITHMETIC.sqrt,
    "abs": abs,
    "tanh": ARITHMETIC.tanh,
    "sigmoid": lambda u: 1 / (1 + ARITHMETIC.exp(-u)),
    "relu": lambda u: max(u, ARITHMETIC.mpf(0)),
    "step": _step,
}


def axes_of(letter: str, expression: Expression, context: Context) -> frozenset[int]:
    """Return the axes on which a free letter stands: where it stands in a delta alone, those of its partner.

    A letter that stands nowhere counts classes; n and m count the examples of a batch: sum_n w_c.

    Examples
    --------
    >>> axes_of("j", Entry("W", None, ("k", "j")), Context())
    frozenset({0})
    """
    direct = frozenset(_direct_axes(letter, expression, context))
    if direct:
        return direct
    partners = {
        other for pair in _pairs(expression) if letter in pair for other in pair if isinstance(other, str)
    }
    found = frozenset[int]().union(
        *(_direct_axes(other, expression, context, bound=True) for other in partners)
    )
    if not found and context.reduction != "none" and letter in ("n", "m"):
        return frozenset({EXAMPLES})
    return found or frozenset({context.layers})


def _direct_axes(
    letter: str, expression: Expression, context: Context, *, bound: bool = False
) -> Iterator[int]:
    """Yield the axes of the letter's places in entries; ``bound``: within sums over it as well."""
    if isinstance(expression, Sum) and expression.index == letter and not bound:
        return
    entries = (
        [expression]
        if isinstance(expression, Entry)
        else expression.by
        if isinstance(expression, Derivative)
        else ()
    )
    for entry in entries:
        yield from (
            axis for index, axis in zip(entry.indices, axes(entry, context), strict=False) if index == letter
        )
    for part in parts(expression):
        yield from _direct_axes(letter, part, context, bound=bound)


def _pairs(expression: Expression) -> Iterator[tuple[Index, Index]]:
    for node in nodes(expression):
        if isinstance(node, Delta):
            yield node.first, node.second
        elif isinstance(node, Sum):
            yield from ((node.index, other) for other in node.excluding)
