"""Collecting terms: expressions as polynomials in what cannot be taken apart further.

A polynomial maps products of powers to rational coefficients. Atoms are entries, symbols, deltas, functions, sums over
an index and, with negative exponents, whole sums such as ``1 - O_k``; they cancel against equal ones.
"""

from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from math import gcd

from chainrule.derive.expressions import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Delta,
    Derivative,
    Divide,
    Entry,
    Expression,
    Multiply,
    Number,
    Power,
    Sum,
    Symbol,
    add,
    divide,
    free_letters,
    multiply,
    negate,
    nodes,
    number,
    parts,
    rename,
    transform,
    with_parts,
)

Monomial = tuple[tuple[Expression, int], ...]
Polynomial = dict[Monomial, Fraction]

LARGEST_POWER = 4
"""Sums are multiplied out up to this power."""
MOST_TERMS = 200
"""A polynomial of more terms is left as it is."""


class TooManyTerms(ArithmeticError):  # noqa: N818 - as in StopIteration, what happened is the name
    """An expression has more terms than are worth collecting."""


def collect(expression: Expression) -> Expression:
    """Return an equal expression with like terms added, equal factors cancelled and common factors in front.

    Products are multiplied out only where the result is shorter.

    Examples
    --------
    >>> O, Y = Entry("O", None, ("k",)), Entry("Y", None, ("k",))
    >>> print(collect(add(multiply(MINUS_ONE, Y, add(ONE, negate(O))), multiply(O, add(ONE, negate(Y))))))
    O_k - Y_k
    >>> print(collect(multiply(Y, divide(ONE, O), O, add(ONE, negate(O)))))
    Y_k*(1 - O_k)
    """
    tidy = cancel(with_same_letters(expression))
    candidates = [factored(tidy), tidy]
    with suppress(TooManyTerms):
        candidates.insert(0, from_polynomial(expand(tidy)))
    return min(candidates, key=size)


def with_same_letters(expression: Expression) -> Expression:
    """Return an expression in which sums that differ in their bound letter alone have the letter of the first.

    Examples
    --------
    >>> first, second = (Sum(letter, Entry("Y", None, (letter,))) for letter in "ik")
    >>> print(with_same_letters(add(first, negate(second))))
    sum_i Y_i - sum_i Y_i
    """
    letters: dict[Expression, str] = {}

    def change(node: Expression) -> Expression | None:
        if not isinstance(node, Sum):
            return None
        unnamed = Sum("", rename(node.body, node.index, ""), node.excluding)
        letter = letters.setdefault(unnamed, node.index)
        if letter == node.index or letter in free_letters(node):
            return None
        return Sum(letter, rename(node.body, node.index, letter), node.excluding)

    return transform(expression, change)


def factored(expression: Expression) -> Expression:
    """Return a sum with the factors that all of its terms have in front, nothing multiplied out.

    Examples
    --------
    >>> u, v = Symbol("K"), add(ONE, negate(Symbol("N")))
    >>> print(factored(add(multiply(u, v), multiply(number(2), v))))
    (1 - N)*(K + 2)
    """
    if not isinstance(expression, Add):
        return expression
    polynomial: Polynomial = {}
    for term in expression.terms:
        coefficient, powers = factors_of(term)
        key = _monomial(powers)
        polynomial[key] = polynomial.get(key, Fraction(0)) + coefficient
    return from_polynomial({monomial: value for monomial, value in polynomial.items() if value})


def cancel(expression: Expression) -> Expression:
    """Return an equal expression with equal factors cancelled and like terms added, nothing multiplied out.

    Examples
    --------
    >>> O = Entry("O", None, ("k",))
    >>> print(cancel(multiply(divide(ONE, O), O, add(ONE, negate(O)))))
    1 - O_k
    """
    inner = tuple(cancel(part) for part in parts(expression))
    expression = with_parts(expression, inner) if inner else expression
    match expression:
        case Multiply() | Divide() | Power():
            coefficient, powers = factors_of(expression)
            return from_factors(coefficient, powers.items())
        case Add(terms):
            return _added(terms)
    return expression


def size(expression: Expression) -> int:
    """Return how long an expression is to read: its nodes, minus signs, sums and products not counted.

    Examples
    --------
    >>> size(negate(Symbol("K")))
    1
    """
    own = not isinstance(expression, Multiply | Add)
    inner = parts(expression)
    if isinstance(expression, Multiply) and inner[0] == MINUS_ONE:
        inner = inner[1:]
    return own + sum(size(part) for part in inner)


def _added(terms: Iterable[Expression]) -> Expression:
    totals: dict[Monomial, Fraction] = {}
    for term in terms:
        coefficient, powers = factors_of(term)
        key = _monomial(powers)
        totals[key] = totals.get(key, Fraction(0)) + coefficient
    return add(*_ordered([from_factors(value, key) for key, value in totals.items() if value]))


def _ordered(terms: list[Expression]) -> list[Expression]:
    """Return terms with those that have a minus sign last."""
    return sorted(terms, key=_is_negative)


def _is_negative(expression: Expression) -> bool:
    match expression:
        case Number(value):
            return value < 0
        case Multiply(factors):
            return _is_negative(factors[0])
        case Divide(numerator, _):
            return _is_negative(numerator)
    return False


def factors_of(expression: Expression) -> tuple[Fraction, dict[Expression, int]]:
    """Return a product as its coefficient and the powers of its factors.

    Examples
    --------
    >>> coefficient, powers = factors_of(divide(number(3), Symbol("N")))
    >>> print(coefficient, {str(base): power for base, power in powers.items()})
    3 {'N': -1}
    """
    match expression:
        case Number(value):
            return value, {}
        case Multiply(factors):
            return _times([factors_of(factor) for factor in factors])
        case Divide(numerator, denominator):
            coefficient, powers = factors_of(denominator)
            if not coefficient:
                return Fraction(1), {expression: 1}
            return _times(
                [factors_of(numerator), (1 / coefficient, {base: -power for base, power in powers.items()})]
            )
        case Power(base, Number(exponent)) if exponent.denominator == 1 and abs(exponent) <= LARGEST_POWER:
            coefficient, powers = factors_of(base)
            if coefficient or exponent > 0:
                return coefficient ** int(exponent), {
                    each: power * int(exponent) for each, power in powers.items()
                }
        case Add():
            return _signed(expression)
    return Fraction(1), {expression: 1}


def _signed(expression: Add) -> tuple[Fraction, dict[Expression, int]]:
    """Return a sum whose first term by name is positive, and the sign it was given, so that u - v is found in v - u."""
    first = min(expression.terms, key=lambda term: str(negate(term) if _is_negative(term) else term))
    if not _is_negative(first):
        return Fraction(1), {_sorted_sum(expression.terms): 1}
    return Fraction(-1), {_sorted_sum(tuple(negate(term) for term in expression.terms)): 1}


def _sorted_sum(terms: tuple[Expression, ...]) -> Expression:
    return add(*_ordered(sorted(terms, key=lambda term: str(term).lstrip("-"))))


def _times(
    parts_of_product: Iterable[tuple[Fraction, dict[Expression, int]]],
) -> tuple[Fraction, dict[Expression, int]]:
    coefficient, powers = Fraction(1), dict[Expression, int]()
    for each, own in parts_of_product:
        coefficient *= each
        for base, power in own.items():
            powers[base] = powers.get(base, 0) + power
    return coefficient, {base: power for base, power in powers.items() if power}


def _monomial(powers: dict[Expression, int]) -> Monomial:
    return tuple(sorted(powers.items(), key=lambda item: (_rank(item[0]), str(item[0]))))


RANKS: dict[type, int] = {Symbol: 1, Delta: 20, Call: 30, Power: 31, Add: 32, Derivative: 50, Sum: 60}
LETTER_RANKS = {"w": 2, "V": 3, "Y": 4, "W": 5, "O": 6, "Z": 7, "U": 40, "A": 41, "X": 42}
"""Where factors stand in a product: ``w_i*Y_i``, ``W_kj*(O_k - Y_k)``, ``(O_k - Y_k)*X_j``."""


def _rank(expression: Expression) -> int:
    if isinstance(expression, Entry):
        return LETTER_RANKS.get(expression.name, 8)
    if isinstance(expression, Add) and not any(isinstance(node, Entry) for node in nodes(expression)):
        return RANKS[Symbol]
    return RANKS.get(type(expression), 31)


def from_factors(coefficient: Fraction, powers: Iterable[tuple[Expression, int]]) -> Expression:
    """Return a product: its number first, then symbols, entries, functions and sums, over what has a negative power.

    Examples
    --------
    >>> print(from_factors(Fraction(-1), [(Symbol("N"), -1), (Symbol("K"), 1)]))
    -K/N
    """
    above, below = list[Expression](), list[Expression]()
    for base, power in _monomial(dict(powers)):
        (above if power > 0 else below).append(base if abs(power) == 1 else Power(base, number(abs(power))))
    numerator = multiply(number(coefficient.numerator), *above)
    if coefficient.denominator != 1:
        below.insert(0, number(coefficient.denominator))
    if not below:
        return numerator
    if isinstance(numerator, Multiply) and numerator.factors[0] == MINUS_ONE:
        return multiply(MINUS_ONE, divide(multiply(*numerator.factors[1:]), multiply(*below)))
    if numerator == MINUS_ONE:
        return multiply(MINUS_ONE, divide(ONE, multiply(*below)))
    return divide(numerator, multiply(*below))


def expand(expression: Expression) -> Polynomial:
    """Return an expression as a polynomial, its products multiplied out.

    Raises
    ------
    TooManyTerms
        If there would be more than MOST_TERMS.

    Examples
    --------
    >>> len(expand(multiply(Symbol("K"), add(Symbol("K"), ONE))))
    2
    """
    if isinstance(expression, Add):
        total: Polynomial = {}
        for term in expression.terms:
            for monomial, value in expand(term).items():
                total[monomial] = total.get(monomial, Fraction(0)) + value
        return {monomial: value for monomial, value in total.items() if value}
    coefficient, powers = factors_of(expression)
    return _opened(coefficient, powers)


def _opened(coefficient: Fraction, powers: dict[Expression, int]) -> Polynomial:
    """Multiply out one sum after the other, the longest first: the others cancel against what it holds."""
    sums = [base for base, power in powers.items() if isinstance(base, Add) and power > 0]
    if not coefficient:
        return {}
    if not sums:
        return {_monomial(powers): coefficient}
    base = max(sums, key=lambda each: (size(each), str(each)))
    assert isinstance(base, Add)
    rest = {**powers, base: powers[base] - 1}
    total: Polynomial = {}
    for term in base.terms:
        factors = _times([factors_of(term), (coefficient, rest)])
        for monomial, value in _opened(*factors).items():
            total[monomial] = total.get(monomial, Fraction(0)) + value
    if len(total) > MOST_TERMS:
        raise TooManyTerms
    return {monomial: value for monomial, value in total.items() if value}


def from_polynomial(polynomial: Polynomial) -> Expression:
    """Return a polynomial as an expression: common factors in front, coefficients of symbols gathered.

    Examples
    --------
    >>> eps, Y = Symbol("eps"), Entry("Y", None, ("k",))
    >>> print(from_polynomial(expand(add(negate(Y), multiply(eps, Y)))))
    -(1 - eps)*Y_k
    """
    if not polynomial:
        return ZERO
    common = _common_powers(polynomial)
    content = _content(polynomial)
    if common and polynomial.get(_monomial(common), 0) < 0 < content:
        content = -content  # 1 - u in the bracket, not u - 1
    rest = {
        _monomial(
            _times(
                [
                    (Fraction(1), dict(monomial)),
                    (Fraction(1), {base: -power for base, power in common.items()}),
                ]
            )[1]
        ): value / content
        for monomial, value in polynomial.items()
    }
    inner = add(*_ordered(_by_entries(rest)))
    if inner == ONE:
        return from_factors(content, common.items())
    if not common and content == 1:
        return inner
    coefficient, powers = _times(
        [(content, common), factors_of(inner) if not isinstance(inner, Add) else (Fraction(1), {inner: 1})]
    )
    return from_factors(coefficient, powers.items())


def _common_powers(polynomial: Polynomial) -> dict[Expression, int]:
    """Return the powers that every term has."""
    tables = [dict(monomial) for monomial in polynomial]
    common = {}
    for base in tables[0]:
        powers = [table.get(base, 0) for table in tables]
        if all(power > 0 for power in powers):
            common[base] = min(powers)
        elif all(power < 0 for power in powers):
            common[base] = max(powers)
    return common


def _content(polynomial: Polynomial) -> Fraction:
    """Return the number that divides all coefficients, negative where all of them are."""
    values = list(polynomial.values())
    above = gcd(*(abs(value.numerator) for value in values))
    below = gcd(*(value.denominator for value in values))
    sign = -1 if all(value < 0 for value in values) else 1
    return Fraction(sign * above, below)


def _by_entries(polynomial: Polynomial) -> list[Expression]:
    """Return the terms; those that differ in symbols alone become one, with a coefficient such as 1 - eps."""
    groups: dict[Monomial, Polynomial] = {}
    for monomial, value in polynomial.items():
        symbols = tuple(item for item in monomial if isinstance(item[0], Symbol))
        entries = tuple(item for item in monomial if not isinstance(item[0], Symbol))
        groups.setdefault(entries, {})[symbols] = value
    terms = []
    for entries, coefficient in groups.items():
        if len(coefficient) == 1 or not entries:
            terms += [from_factors(value, (*symbols, *entries)) for symbols, value in coefficient.items()]
            continue
        sign = -1 if coefficient[min(coefficient, key=len)] < 0 else 1
        gathered = from_polynomial({symbols: sign * value for symbols, value in coefficient.items()})
        terms.append(multiply(number(sign), gathered, from_factors(Fraction(1), entries)))
    return terms


def monomial_of(powers: dict[Expression, int]) -> Monomial:
    """Return powers in the order in which monomials have them.

    Examples
    --------
    >>> monomial_of({Symbol("N"): 1, Symbol("K"): 0}) == ((Symbol("N"), 1),)
    True
    """
    return _monomial({base: power for base, power in powers.items() if power})
