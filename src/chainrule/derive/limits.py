"""How large a formula may be: every text is read in bounded time, and every formula that is read can be evaluated.

A power of numbers is never worked out while reading; its size is estimated, and one beyond the bound is refused.
"""

from math import inf, log10

from chainrule.derive.expressions import (
    Add,
    Call,
    Derivative,
    Divide,
    Entry,
    Expression,
    Multiply,
    Number,
    Power,
    Sum,
    Symbol,
    free_letters,
    nodes,
    parts,
)

MOST_CHARACTERS = 4000
MOST_NODES = 2000
DEEPEST_NESTING = 70
"""Parentheses within parentheses, exponents within exponents."""
MOST_DIVISIONS = 100
DEEPEST_TREE = 150
MOST_DIGITS = 60
"""Digits of a number."""
LARGEST_DECIMAL_EXPONENT = 300
"""Of a number such as 1e-300."""
LARGEST_EXPONENT = 1000
"""A number to whose power something is taken."""
MOST_DIGITS_OF_A_POWER = 2000
LARGEST_POSITION = 10_000_000
MOST_WORK = 20_000
"""Operations that a formula takes at five classes, what is in sums and derivatives counted as often as it runs."""
USUAL_CLASSES = 5
WORK_OF_A_LOSS = 30
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
    if _work(expression) > MOST_WORK:
        return f"a formula takes at most {MOST_WORK:,} operations at {USUAL_CLASSES} classes", "more"
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


def _work(expression: Expression) -> int:
    """Return about how many operations the value of an expression takes.

    A sum is computed once for each value of those of its letters that sums around it bind.
    """
    return sum(_own_and_inner_work(expression, frozenset()))


def _own_and_inner_work(expression: Expression, bound: frozenset[str]) -> tuple[int, int]:
    """Return the operations outside sums and derivatives, and those inside them."""
    runs = 1
    if isinstance(expression, Sum | Derivative):
        runs = int(USUAL_CLASSES ** len(free_letters(expression) & bound))
    match expression:
        case Sum(index, body):
            own, inner = _own_and_inner_work(body, bound | {index})
            return 1, inner + runs * USUAL_CLASSES * own
        case Derivative(of, by):
            return 1, int(runs * 2 ** len(by) * (_work(of) + WORK_OF_A_LOSS))
    works = [_own_and_inner_work(part, bound) for part in parts(expression)]
    return 1 + sum(own for own, _ in works), sum(inner for _, inner in works)


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
