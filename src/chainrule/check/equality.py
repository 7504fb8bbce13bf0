"""Whether two sides are equal everywhere: in double precision at all cases, then to 50 digits at some of each kind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from chainrule.check.cases import Case, Cases, Equation
from chainrule.check.claim_conditions import Judged, position
from chainrule.check.doubles import Budget, Doubles, TooLongError, World, double_of
from chainrule.check.dual_numbers import NotDefinedError
from chainrule.derive import (
    ARITHMETIC,
    TRUE_CLASS,
    Delta,
    Entry,
    Expression,
    Number,
    State,
    Symbol,
    Undefined,
    nodes,
    value_of,
)

CLOSE = 1e-9
"""Relative error in double precision up to which sides are taken for equal until 50 digits decide."""
NOTHING = 1e-12
"""Sides that differ by less, and by more than CLOSE, are left to 50 digits."""
CLOSE_50, NOTHING_50 = "1e-40", "1e-54"
CONFIRMED = 12
"""How many cases are confirmed to 50 digits, at least one of each pattern of indices where there are no more."""


@dataclass(frozen=True)
class Evidence:
    """What was found at each case."""

    right: tuple[Case, ...]
    wrong: tuple[Case, ...]
    undefined: tuple[tuple[Case, str], ...] = ()
    not_reached: tuple[str, ...] = ()
    judged: tuple[Judged, ...] = field(default=())


def half_unit(side: Expression) -> Fraction | None:
    """Return half a unit in the last digit of a decimal literal, or None for anything else.

    Examples
    --------
    >>> half_unit(Number(Fraction("1.6094"), "1.6094"))
    Fraction(1, 20000)
    """
    if not isinstance(side, Number) or side.literal is None:
        return None
    digits, _, exponent = side.literal.lower().partition("e")
    if "." not in digits and not exponent:
        return None
    decimals = len(digits.partition(".")[2])
    return Fraction(10) ** (int(exponent or 0) - decimals) / 2


def tolerance(equation: Equation) -> Fraction | None:
    """Return how far the sides may be apart where one of them alone is a decimal literal, else None."""
    found = [half_unit(side) for side in (equation.left, equation.right)]
    units = [unit for unit in found if unit is not None]
    return units[0] if len(units) == 1 else None


def without_symbols(side: Expression) -> bool:
    """Return whether a side consists of numbers alone.

    Examples
    --------
    >>> without_symbols(Number(Fraction(1))), without_symbols(Symbol("K"))
    (True, False)
    """
    return not any(isinstance(node, Entry | Symbol | Delta) for node in nodes(side))


def equal_in_doubles(equation: Equation, case: Case, cases: Cases, world: World | None = None) -> bool | None:
    """Return whether the sides are equal at a case; None where double precision cannot tell."""
    state = cases.state(case, world)
    first = double_of(equation.left, state, case.letters)
    second = double_of(equation.right, state, case.letters)
    within = tolerance(equation)
    apart = abs(first - second)
    if within is not None:
        return apart <= float(within) * (1 + CLOSE)
    if apart <= CLOSE * max(abs(first), abs(second)):
        return True
    return None if apart < NOTHING else False


def equal_to_50_digits(equation: Equation, case: Case) -> bool:
    """Return whether the sides are equal at a case to 50 digits."""
    state = State(case.point)
    try:
        first, second = (value_of(side, state, case.letters) for side in (equation.left, equation.right))
    except Undefined as reason:
        raise NotDefinedError(str(reason)) from None
    within = tolerance(equation)
    apart = abs(first - second)
    if within is not None:
        return bool(
            apart <= ARITHMETIC.mpf(within.numerator) / within.denominator + ARITHMETIC.mpf(NOTHING_50)
        )
    if apart <= ARITHMETIC.mpf(CLOSE_50) * max(abs(first), abs(second)):
        return True
    return bool(apart <= ARITHMETIC.mpf(NOTHING_50)) and not _really_small(equation, case, float(apart))


def _really_small(equation: Equation, case: Case, apart: float) -> bool:
    """Return whether a difference below all rounding of 50 digits is one: double precision finds the same."""
    state = Doubles(case.point, Budget(MOST_VISITS_TO_50_DIGITS))
    found = abs(
        double_of(equation.left, state, case.letters) - double_of(equation.right, state, case.letters)
    )
    return found != 0 and abs(found - apart) <= CLOSE * found


def everywhere(equation: Equation, cases: Cases, chosen: Sequence[Case], world: World | None = None) -> bool:
    """Return whether the sides are equal at all chosen cases, in double precision; not where one is undefined."""
    try:
        return all(
            equal is True or (equal is None and world is None and equal_to_50_digits(equation, case))
            for case in chosen
            for equal in (equal_in_doubles(equation, case, cases, world),)
        )
    except NotDefinedError:
        return False


def judge(equation: Equation, cases: Cases, chosen: Sequence[Case]) -> Evidence:
    """Judge the chosen cases in double precision, and some of each kind to 50 digits.

    Raises
    ------
    TooLongError
        If not even the smallest sizes can be judged within the budget.
    """
    right: list[Case] = []
    wrong: list[Case] = []
    undefined: list[tuple[Case, str]] = []
    not_reached: tuple[str, ...] = ()
    costs: dict[int, int] = {}
    first = some_of_each_pattern(equation, chosen, most=None)
    covered = {id(case) for case in first}
    in_turn = [*first, *(case for case in chosen if id(case) not in covered)]
    reached = 0
    for number, case in enumerate(in_turn):
        before = cases.budget.left
        try:
            equal = equal_in_doubles(equation, case, cases)
            if equal is None:
                equal = equal_to_50_digits(equation, case)
            (right if equal else wrong).append(case)
        except NotDefinedError as reason:
            undefined.append((case, str(reason)))
        except TooLongError:
            sizes = {case.point.sizes[-1] for case in first[:number]}
            if number < len(first) and len(sizes) < 2:
                raise
            if number < len(first):
                largest = max(each.point.sizes[-1] for each in first)
                left_out = (
                    f"more than {reached} classes" if reached < largest else "some combinations of indices"
                )
                not_reached = (f"Not tried, because the claim is too long: {left_out}.",)
            break
        costs[id(case)] = before - cases.budget.left
        reached = case.point.sizes[-1]
    if _one_is_wrong_to_50_digits(equation, right, costs):
        right, more = _apart_to_50_digits(equation, right, costs)
        wrong += more
    judged = [Judged(case.point, case.letters, True) for case in right]
    judged += [Judged(case.point, case.letters, False) for case in (*wrong, *(case for case, _ in undefined))]
    return Evidence(tuple(right), tuple(wrong), tuple(undefined), not_reached, tuple(judged))


def _one_is_wrong_to_50_digits(equation: Equation, right: Sequence[Case], costs: dict[int, int]) -> bool:
    """Return whether 50 digits tell the sides apart at a case where double precision does not."""
    return bool(_apart_to_50_digits(equation, some_of_each_pattern(equation, right), costs)[1])


def _apart_to_50_digits(
    equation: Equation, chosen: Sequence[Case], costs: dict[int, int]
) -> tuple[list[Case], list[Case]]:
    """Return the cases at which the sides are equal to 50 digits, and those at which they are not."""
    right: list[Case] = []
    wrong: list[Case] = []
    left = MOST_VISITS_TO_50_DIGITS
    for case in chosen:
        left -= max(costs.get(id(case), 0), LEAST_VISITS)
        if left < 0:
            break
        try:
            (right if equal_to_50_digits(equation, case) else wrong).append(case)
        except NotDefinedError:
            continue
    return right, wrong


MOST_VISITS_TO_50_DIGITS = 30_000
"""How many nodes of expressions are visited in 50 digits for one equation: each takes some ten microseconds."""
LEAST_VISITS = 400


def some_of_each_pattern(
    equation: Equation, chosen: Sequence[Case], *, most: int | None = CONFIRMED
) -> list[Case]:
    """Return cases that differ in which indices are equal, in K and in N, the smaller first, and at most so many."""
    found: dict[tuple[object, ...], Case] = {}
    for case in chosen:
        found.setdefault(_pattern(equation, case), case)
    patterns = list(found.values())
    step = 1 if most is None else max(1, -(-len(patterns) // most))
    return patterns[::step]


def _pattern(equation: Equation, case: Case) -> tuple[object, ...]:
    places = dict(_places(equation, case))
    first_of = {place: name for name, place in reversed(places.items())}
    return case.point.sizes[-1], case.point.examples, tuple(first_of[place] for place in places.values())


def _places(equation: Equation, case: Case) -> Iterator[tuple[str, int]]:
    for place in equation.numbers:
        yield str(place), place
    if equation.context.one_hot:
        yield TRUE_CLASS, position(TRUE_CLASS, case.point, case.letters)
    yield from case.letters.items()
