"""Expressions: sums over indices, Kronecker deltas, functions and derivatives, as values.

An index is a letter (``"k"``; ``"c"`` is the true class of the example) or a position counted from 1. An entry is one
number of a network: ``O_k`` is ``Entry("O", None, ("k",))``, ``W2_kj`` is ``Entry("W", 2, ("k", "j"))`` and the loss is
``Entry("E")``. A row variable of a batch has the example's index first: ``O_nk``. Expressions are compared by their
structure; whether two of them are equal for every network is decided by evaluation (evaluation.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

Index = str | int

TRUE_CLASS = "c"


class Expression:
    """A formula; its text is the ASCII that the grammar reads."""

    def __str__(self) -> str:
        from chainrule.derive.ascii_text import ascii_text

        return ascii_text(self)


@dataclass(frozen=True, repr=False)
class Number(Expression):
    """A rational number; ``literal`` is how a decimal was typed, which says to how many digits it speaks."""

    value: Fraction
    literal: str | None = field(default=None, compare=False)


@dataclass(frozen=True, repr=False)
class Symbol(Expression):
    """A number of the context without an index: K, D, N, T or eps."""

    name: str


@dataclass(frozen=True, repr=False)
class Entry(Expression):
    """One number of the network: E, O, Z, Y, X, W, b, U, A, the class weight w, or an upstream number V."""

    name: str
    layer: int | None = None
    indices: tuple[Index, ...] = ()


@dataclass(frozen=True, repr=False)
class Delta(Expression):
    """The Kronecker delta: 1 where its indices are equal, else 0."""

    first: Index
    second: Index


@dataclass(frozen=True, repr=False)
class Sum(Expression):
    """A sum over all values of an index, those in ``excluding`` left out.

    Which axis the index runs over is what its places in the body say; a body without the index is summed over classes.
    """

    index: str
    body: Expression
    excluding: tuple[Index, ...] = ()


@dataclass(frozen=True, repr=False)
class Add(Expression):
    """A sum of terms."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True, repr=False)
class Multiply(Expression):
    """A product of factors; a factor -1 at the front is a minus sign."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True, repr=False)
class Divide(Expression):
    """A quotient."""

    numerator: Expression
    denominator: Expression


@dataclass(frozen=True, repr=False)
class Power(Expression):
    """A power."""

    base: Expression
    exponent: Expression


@dataclass(frozen=True, repr=False)
class Call(Expression):
    """A function of its arguments: one of FUNCTIONS."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, repr=False)
class Derivative(Expression):
    """The derivative of an expression by one entry, or by one after the other."""

    of: Expression
    by: tuple[Entry, ...]


FUNCTIONS = ("exp", "ln", "log", "sqrt", "abs", "max", "tanh", "sigmoid", "relu", "step")
"""Functions that expressions know; ``step(u)`` is 1 for positive u and 0 for negative u, the derivative of relu."""

ZERO = Number(Fraction(0))
ONE = Number(Fraction(1))
MINUS_ONE = Number(Fraction(-1))
LOSS = Entry("E")


def number(value: int | Fraction) -> Number:
    """Return a rational number as an expression.

    Examples
    --------
    >>> print(number(2))
    2
    """
    return Number(Fraction(value))


def add(*terms: Expression) -> Expression:
    """Return a sum without nested sums and zeros.

    Examples
    --------
    >>> print(add(Symbol("K"), ZERO))
    K
    """
    flat = [part for term in terms for part in (term.terms if isinstance(term, Add) else (term,))]
    kept = tuple(term for term in flat if term != ZERO)
    return kept[0] if len(kept) == 1 else Add(kept) if kept else ZERO


def multiply(*factors: Expression) -> Expression:
    """Return a product without nested products and ones, its minus signs gathered at the front.

    Examples
    --------
    >>> print(multiply(MINUS_ONE, Symbol("K"), ONE))
    -K
    """
    flat = [part for item in factors for part in (item.factors if isinstance(item, Multiply) else (item,))]
    if ZERO in flat:
        return ZERO
    negative = sum(factor == MINUS_ONE for factor in flat) % 2
    kept = [factor for factor in flat if factor not in (ONE, MINUS_ONE)]
    if negative and kept and isinstance(kept[0], Number):
        kept[0] = Number(-kept[0].value)
    elif negative:
        kept.insert(0, MINUS_ONE)
    return kept[0] if len(kept) == 1 else Multiply(tuple(kept)) if kept else ONE


def divide(numerator: Expression, denominator: Expression) -> Expression:
    """Return a quotient; one whose denominator is 1 is its numerator.

    Examples
    --------
    >>> print(divide(ONE, Symbol("N")))
    1/N
    """
    return numerator if denominator == ONE else Divide(numerator, denominator)


def negate(expression: Expression) -> Expression:
    """Return the negative of an expression.

    Examples
    --------
    >>> print(negate(negate(Symbol("K"))))
    K
    """
    if isinstance(expression, Number):
        return Number(-expression.value)
    return multiply(MINUS_ONE, expression)


def subtract(first: Expression, second: Expression) -> Expression:
    """Return a difference.

    Examples
    --------
    >>> print(subtract(Symbol("K"), ONE))
    K - 1
    """
    return add(first, negate(second))


def parts(expression: Expression) -> tuple[Expression, ...]:
    """Return the expressions that an expression is directly made of; those a derivative is taken by are not among them.

    Examples
    --------
    >>> [str(part) for part in parts(divide(ONE, Symbol("N")))]
    ['1', 'N']
    """
    match expression:
        case Add(terms):
            return terms
        case Multiply(factors):
            return factors
        case Divide(numerator, denominator):
            return numerator, denominator
        case Power(base, exponent):
            return base, exponent
        case Call(_, arguments):
            return arguments
        case Sum(_, body) | Derivative(body, _):
            return (body,)
    return ()


def with_parts(expression: Expression, new: tuple[Expression, ...]) -> Expression:
    """Return the same kind of expression made of other parts.

    Examples
    --------
    >>> print(with_parts(divide(ONE, Symbol("N")), (Symbol("K"), Symbol("N"))))
    K/N
    """
    match expression:
        case Add():
            return add(*new)
        case Multiply():
            return multiply(*new)
        case Divide():
            return divide(*new)
        case Power():
            return Power(*new)
        case Call(function, _):
            return Call(function, new)
        case Sum(index, _, excluding):
            return Sum(index, new[0], excluding)
        case Derivative(_, by):
            return Derivative(new[0], by)
    return expression


def nodes(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and all within it, outer before inner and left before right.

    Examples
    --------
    >>> [str(node) for node in nodes(divide(ONE, Symbol("N")))]
    ['1/N', '1', 'N']
    """
    yield expression
    for part in parts(expression):
        yield from nodes(part)


def transform(expression: Expression, change: Callable[[Expression], Expression | None]) -> Expression:
    """Return the expression with ``change`` applied to every node, inner ones first; None leaves a node as it is.

    Examples
    --------
    >>> print(transform(divide(ONE, Symbol("N")), lambda node: Symbol("K") if node == Symbol("N") else None))
    1/K
    """
    inner = parts(expression)
    if inner:
        new = tuple(transform(part, change) for part in inner)
        if any(after is not before for after, before in zip(new, inner, strict=True)):
            expression = with_parts(expression, new)
    changed = change(expression)
    return expression if changed is None else changed


def own_indices(expression: Expression) -> tuple[Index, ...]:
    """Return the indices that stand at a node itself, those of its parts left out.

    Examples
    --------
    >>> own_indices(Delta("i", 3))
    ('i', 3)
    """
    match expression:
        case Entry(_, _, indices):
            return indices
        case Delta(first, second):
            return first, second
        case Sum(_, _, excluding):
            return excluding
        case Derivative(_, by):
            return tuple(index for entry in by for index in entry.indices)
    return ()


def free_letters(expression: Expression) -> frozenset[str]:
    """Return the index letters that no sum binds; the true class c is not counted among them.

    Examples
    --------
    >>> sorted(free_letters(Sum("i", Delta("i", "k"))))
    ['k']
    """
    known = expression.__dict__.get("_free_letters")
    if known is None:
        letters = {
            index for index in own_indices(expression) if isinstance(index, str) and index != TRUE_CLASS
        }
        known = frozenset(letters).union(*(free_letters(part) for part in parts(expression)))
        if isinstance(expression, Sum):
            known = free_letters(expression.body) - {expression.index} | letters
        object.__setattr__(expression, "_free_letters", known)  # kept: it is asked for again and again
    return known


def all_letters(expression: Expression) -> frozenset[str]:
    """Return every index letter, bound and free.

    Examples
    --------
    >>> sorted(all_letters(Sum("i", Delta("i", "k"))))
    ['i', 'k']
    """
    found = set[str]()
    for node in nodes(expression):
        found.update(index for index in own_indices(node) if isinstance(index, str))
        if isinstance(node, Sum):
            found.add(node.index)
    return frozenset(found - {TRUE_CLASS})


LETTERS = "ijklmnpqrstuvwxyzabdfgho"
"""Letters for new indices, in the order in which they are taken."""


def fresh_letter(taken: frozenset[str], preferred: str = LETTERS) -> str:
    """Return the first letter that is not taken; past the alphabet, i1, i2, ...

    Examples
    --------
    >>> fresh_letter(frozenset("ij"))
    'k'
    """
    for letter in preferred + LETTERS:
        if letter not in taken:
            return letter
    return next(f"i{count}" for count in range(1, len(taken) + 2) if f"i{count}" not in taken)


def rename(expression: Expression, old: str, new: Index) -> Expression:
    """Return the expression with a free index replaced, sums that would capture the new one renamed.

    Examples
    --------
    >>> print(rename(Sum("i", Delta("i", "k")), "k", "i"))
    sum_j delta_ji
    """

    def put(index: Index) -> Index:
        return new if index == old else index

    match expression:
        case Entry(name, layer, indices) if old in indices:
            return Entry(name, layer, tuple(put(index) for index in indices))
        case Delta(first, second):
            return Delta(put(first), put(second))
        case Sum(index, body, excluding):
            if index == old or old not in free_letters(expression):
                return expression
            if index == new:
                other = fresh_letter(all_letters(body) | {index, old})
                index, body = other, rename(body, index, other)
            return Sum(index, rename(body, old, new), tuple(put(each) for each in excluding))
        case Derivative(of, by):
            renamed = tuple(Entry(entry.name, entry.layer, tuple(map(put, entry.indices))) for entry in by)
            return Derivative(rename(of, old, new), renamed)
    return with_parts(expression, tuple(rename(part, old, new) for part in parts(expression)))


def replace(expression: Expression, old: Expression, new: Expression) -> Expression:
    """Return the expression with every node that equals ``old`` replaced.

    Examples
    --------
    >>> print(replace(divide(ONE, Symbol("N")), Symbol("N"), Symbol("K")))
    1/K
    """
    return transform(expression, lambda node: new if node == old else None)


def map_indices(expression: Expression, change: Callable[[Index], Index]) -> Expression:
    """Return the expression with every index changed, those that sums bind left as they are.

    Examples
    --------
    >>> print(map_indices(Entry("W", 2, (401, "j")), lambda index: 1 if index == 401 else index))
    W2_1j
    """

    def changed(indices: tuple[Index, ...]) -> tuple[Index, ...]:
        return tuple(change(index) for index in indices)

    def on_node(node: Expression) -> Expression | None:
        match node:
            case Entry(name, layer, indices) if indices:
                return Entry(name, layer, changed(indices))
            case Delta(first, second):
                return Delta(change(first), change(second))
            case Sum(index, body, excluding) if excluding:
                return Sum(index, body, changed(excluding))
            case Derivative(of, by):
                return Derivative(
                    of, tuple(Entry(each.name, each.layer, changed(each.indices)) for each in by)
                )
        return None

    return transform(expression, on_node)
