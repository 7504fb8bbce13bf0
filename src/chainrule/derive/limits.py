"""How large a formula may be: every text is read in bounded time, and every formula that is read can be evaluated.

A power of numbers is never worked out while reading; its size is estimated, and one beyond the bound is refused.
"""

from math import inf, log10

from chainrule.derive.expressions import (
    Add,
    Call,
    Divide,
    Entry,
    Expression,
    Multiply,
    Number,
    Power,
    Sum,
    Symbol,
    nodes,
    parts,
)

MOST_CHARACTERS = 4000
MOST_NODES = 2000
DEEPEST_NESTING = 40
"""Parentheses within parentheses, exponents within exponents."""
MOST_DIVISIONS = 100
DEEPEST_TREE = 120
MOST_DIGITS = 60
"""Digits of a number."""
LARGEST_DECIMAL_EXPONENT = 300
"""Of a number such as 1e-300."""
LARGEST_EXPONENT = 1000
"""A number to whose power something is taken."""
MOST_DIGITS_OF_A_POWER = 2000
LARGEST_POSITION = 10_000_000
TALLEST_TOWER = 3
"""Exponents (of ^ and exp) within exponents."""
LONGEST_WRITTEN_SUM = 100
"""Terms of a sum whose upper limit is a number."""


def tree_depth(expression: Expression) -> int:
    """Return how deep an expression is nested, without recursion.

    Examples
    --------
    >>> from chainrule.derive.expressions import Symbol
    >>> tree_depth(Power(Symbol("K"), Symbol("N")))
    2
    """
    level: tuple[Expression, ...] = (expression,)
    depth = 0
    while level and depth <= DEEPEST_TREE:
        level = tuple(part for node in level for part in parts(node))
        depth += 1
    return depth


def broken_bound(expression: Expression) -> tuple[str, str] | None:
    """Return the bound that an expression breaks and what came instead, or None.

    Examples
    --------
    >>> from chainrule.derive.expressions import number
    >>> broken_bound(Power(number(9), number(9**9)))
    ('an exponent that is a number is at most 1000', 'a larger one')
    """
    if tree_depth(expression) > DEEPEST_TREE:
        return f"a formula is at most {DEEPEST_TREE} operations deep", "a deeper one"
    if sum(1 for _ in nodes(expression)) > MOST_NODES:
        return f"a formula has at most {MOST_NODES} operations, letters and numbers", "more"
    if _tower(expression) > TALLEST_TOWER:
        return f"at most {TALLEST_TOWER} exponents stand within exponents", "more"
    if any(_explodes(node) for node in nodes(expression)):
        return f"an exponent that is a number is at most {LARGEST_EXPONENT}", "a larger one"
    if any(_digits(node) > MOST_DIGITS_OF_A_POWER for node in nodes(expression) if isinstance(node, Power)):
        return f"a power of numbers has at most {MOST_DIGITS_OF_A_POWER} digits", "more"
    return None


def _tower(expression: Expression) -> int:
    match expression:
        case Power(base, exponent):
            return max(_tower(base), 1 + _tower(exponent))
        case Call("exp", (argument,)):
            return 1 + _tower(argument)
    return max(map(_tower, parts(expression)), default=0)


def _explodes(node: Expression) -> bool:
    match node:
        case Power(_, exponent) | Call("exp", (exponent,)):
            return _size(exponent) > log10(LARGEST_EXPONENT) + 1e-9
    return False


def _size(expression: Expression) -> float:
    """Return a bound on the decimal logarithm of a number's size; that of letters counts as 0."""
    match expression:
        case Number(value):
            return log10(abs(value.numerator)) - log10(value.denominator) if value else -inf
        case Multiply(factors):
            return sum(map(_size, factors))
        case Divide(numerator, denominator):
            return _size(numerator) - min(_size(denominator), 0.0)
        case Power(base, exponent):
            least = _size(exponent)
            return max(_size(base), 0.0) * 10**least if least < 300 else inf
        case Call("exp", (argument,)):
            if any(isinstance(node, Entry | Symbol) for node in nodes(argument)):
                return 0.0
            least = _size(argument)
            return 10**least if least < 300 else inf
        case Add() | Sum() | Call():
            return max(map(_size, parts(expression)), default=0.0) + log10(len(parts(expression)))
    return 0.0


def _digits(expression: Expression) -> float:
    """Return a bound on the digits of the numbers in an expression, were it multiplied out."""
    match expression:
        case Number(value):
            return log10(max(abs(value.numerator), value.denominator))
        case Power(base, exponent):
            return _digits(base) * 10 ** min(_size(exponent), 6.0)
        case Add() | Multiply() | Divide() | Sum():
            return sum(map(_digits, parts(expression)))
    return 0.0
