"""The search: every attempt is tried at the cases where the claim fails, then everywhere; two names are kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from chainrule.check.cases import Case, Cases, Equation
from chainrule.check.claim_conditions import Condition
from chainrule.check.claim_mistakes.attempt import Attempt, quantities, scaling, with_each
from chainrule.check.claim_mistakes.chains import chain_attempts, true_class_gradients
from chainrule.check.claim_mistakes.factors import common_factors, factor_attempts
from chainrule.check.claim_mistakes.indices import index_attempts
from chainrule.check.claim_mistakes.terms import numbers_for_targets, term_attempts
from chainrule.check.claim_mistakes.variables import variable_attempts
from chainrule.check.claim_mistakes.worlds import world_attempts
from chainrule.check.doubles import Budget, Doubles, TooLongError, World, double_of
from chainrule.check.dual_numbers import NotDefinedError
from chainrule.check.equality import CLOSE, NOTHING, Evidence, everywhere, tolerance
from chainrule.derive import Expression, Key, Number, Relation, free_letters

FIRST = 4
"""An attempt is tried at so many failing cases before all others."""
VISITS_PER_ATTEMPT = 25
"""What an attempt costs of the budget, besides its evaluation."""
MOST_NAMES = 2
SAMPLE = 8
"""Whether an equation says anything is tried at so many cases."""
NEAR = 12
"""A second name is given if its rank is not much behind that of the first."""
LONG_DECIMAL = 3
"""A decimal of fewer significant digits is explained by an exact agreement alone."""
A_FEW_UNITS = 5
WEAK = 28
"""An attempt of this rank or a higher one says less than a condition that fixes a number."""
TELLING = ("sum(Y) = 1", "T = 1", "N = 1")
SECOND_NAME = 4
"""By how much the second name of an attempt ranks behind its first."""


@dataclass(frozen=True)
class Mistake:
    """A name of a mistake and what it is in this claim."""

    name: str
    text: str


def mistakes_in(
    equation: Equation, cases: Cases, evidence: Evidence, condition: Condition | None
) -> tuple[Mistake, ...]:
    """Return at most two names of what was done, the best first; empty where no attempt explains the claim."""
    decimal = tolerance(equation) is not None
    if decimal:
        if _is_rounding(equation, cases, evidence):
            return ()
        equation = _taken_exactly(equation)
    order = _order(evidence)
    found: list[Attempt] = []
    try:
        for attempt in attempts(equation, cases):
            cases.budget.spend(VISITS_PER_ATTEMPT)
            if explains(attempt, equation, cases, order, evidence):
                found.append(attempt)
        if not found and not decimal:
            found = list(_two_mistakes(equation, cases, order, evidence))
    except TooLongError:
        pass
    named = _with_condition(_ranked(found), condition, equation)
    unique = {mistake.name: mistake for mistake in reversed(named)}
    best = dict.fromkeys(mistake.name for mistake in named)
    return tuple(unique[name] for name in best)[:MOST_NAMES]


def _with_condition(
    found: list[tuple[int, Mistake]], condition: Condition | None, equation: Equation
) -> list[Mistake]:
    """Return the mistakes with what the condition says: before weak ones where it fixes a number, else last."""
    if condition is None:
        return [mistake for _, mistake in found]
    of_condition = _of_condition(condition, equation)
    before = [mistake for rank, mistake in found if rank < WEAK or condition not in TELLING]
    return [*before, *of_condition, *(mistake for _, mistake in found if mistake not in before)]


def _sides_with_literals(equation: Equation) -> list[Number]:
    return [side for side in (equation.left, equation.right) if isinstance(side, Number) and side.literal]


def _significant(literal: str) -> int:
    return len(literal.lower().partition("e")[0].replace(".", "").strip("+-").lstrip("0"))


def _is_rounding(equation: Equation, cases: Cases, evidence: Evidence) -> bool:
    """Return whether a decimal is wrong by a few units of its last digit alone: no belief explains that."""
    unit = tolerance(equation)
    state = cases.state(evidence.wrong[0], None) if evidence.wrong else None
    if unit is None or state is None:
        return False
    try:
        sides = [
            double_of(side, state, evidence.wrong[0].letters) for side in (equation.left, equation.right)
        ]
    except NotDefinedError:
        return False
    if not all(isinstance(side, float) for side in sides):
        return False
    long = min(_significant(side.literal or "") for side in _sides_with_literals(equation)) >= LONG_DECIMAL
    return long and abs(float(sides[0]) - float(sides[1])) <= A_FEW_UNITS * 2 * float(unit)


def _taken_exactly(equation: Equation) -> Equation:
    """Return an equation whose short decimal is a number: few digits agree with many formulas by chance."""

    def exact(side: Expression) -> Expression:
        short = isinstance(side, Number) and side.literal and _significant(side.literal) < LONG_DECIMAL
        return Number(side.value) if short and isinstance(side, Number) else side

    return replace(equation, left=exact(equation.left), right=exact(equation.right))


def _ranked(found: Sequence[Attempt]) -> list[tuple[int, Mistake]]:
    """Return the names of all attempts that explain a claim with their ranks, the likeliest first, few left out."""
    ranks = [
        (attempt.rank + SECOND_NAME * place, Mistake(name, attempt.text))
        for attempt in found
        for place, name in enumerate(attempt.names)
    ]
    least = min((rank for rank, _ in ranks), default=0)
    return [pair for pair in sorted(ranks, key=lambda pair: pair[0]) if pair[0] <= least + NEAR]


def attempts(equation: Equation, cases: Cases) -> Iterator[Attempt]:
    """Yield every single mistaken belief."""
    return chain(
        factor_attempts(equation, cases),
        index_attempts(equation),
        term_attempts(equation),
        variable_attempts(equation),
        chain_attempts(equation),
        true_class_gradients(equation),
        world_attempts(equation),
    )


def _two_mistakes(
    equation: Equation, cases: Cases, order: Sequence[Case], evidence: Evidence
) -> Iterator[Attempt]:
    """Yield a factor together with another mistake, where no single one explains the claim."""
    if not quantities(equation):
        return
    for names, factor, text in common_factors(equation.context):
        scaled = with_each(equation, scaling(factor))
        for other in chain(
            index_attempts(scaled),
            numbers_for_targets(scaled),
            variable_attempts(scaled),
            chain_attempts(scaled),
            true_class_gradients(scaled),
            world_attempts(scaled),
        ):
            cases.budget.spend(VISITS_PER_ATTEMPT)
            both = replace(
                other, names=(*other.names[:1], *names[:1]), text=f"{other.text} {text}", rank=other.rank + 50
            )
            if explains(both, equation, cases, order, evidence):
                yield both


def _order(evidence: Evidence) -> list[Case]:
    """Return all cases, some of those where the claim fails first."""
    step = max(1, len(evidence.wrong) // FIRST)
    first = [*evidence.wrong[::step]][:FIRST]
    chosen = {id(case) for case in first}
    rest = (case for case in (*evidence.wrong, *evidence.right) if id(case) not in chosen)
    return [*first, *rest]


def explains(
    attempt: Attempt, equation: Equation, cases: Cases, order: Sequence[Case], evidence: Evidence
) -> bool:
    """Return whether a claim would be right under a belief, and not merely because the belief makes it empty."""
    changed = attempt.equation
    if attempt.world is None and changed == equation:
        return False
    if attempt.formula and evidence.undefined:
        return False  # where a side is undefined at most cases, the few others agree with formulas by chance
    if (changed.left == changed.right and not attempt.formula) or not free_letters(changed.both) <= set(
        equation.letters
    ):
        return False
    sample = order[:: max(1, len(order) // SAMPLE)]
    return (
        everywhere(changed, cases, order, attempt.world)
        and not _vanishes(attempt, equation, cases, sample)
        and (attempt.formula or not says_nothing(changed, sample))
    )


def _vanishes(attempt: Attempt, equation: Equation, cases: Cases, chosen: Sequence[Case]) -> bool:
    """Return whether a belief makes both sides 0 where neither was: 0 = 0 explains nothing."""
    if any(_is_zero(side, cases, chosen, None) for side in (equation.left, equation.right)):
        return False
    changed = attempt.equation
    return all(_is_zero(side, cases, chosen, attempt.world) for side in (changed.left, changed.right))


def _is_zero(side: Expression, cases: Cases, chosen: Sequence[Case], world: World | None) -> bool:
    try:
        return all(abs(double_of(side, cases.state(case, world), case.letters)) < NOTHING for case in chosen)
    except NotDefinedError:
        return False


def says_nothing(equation: Equation, chosen: Sequence[Case]) -> bool:
    """Return whether two sides are equal whatever numbers the letters stand for."""
    for case in chosen:
        state = Meaningless(case.point, Budget(100_000))
        try:
            first, second = (double_of(side, state, case.letters) for side in (equation.left, equation.right))
        except (NotDefinedError, TooLongError):
            return False
        if abs(first - second) > CLOSE * max(abs(first), abs(second)):
            return False
    return True


class Meaningless(Doubles):
    """A point at which every letter and every derivative is a number that has to do with nothing."""

    def entry(self, key: Key) -> float:
        """Return a number between 0 and 1 that the key alone decides."""
        return _scattered(key)

    def derivative_of(self, of: Key, by: tuple[Key, ...], walk: object) -> float:
        """Return a number for a derivative that its name alone decides."""
        del walk
        return _scattered((of, by))


def _scattered(name: object) -> float:
    from random import Random

    return 0.1 + 0.8 * Random(repr(name)).random()


def _of_condition(condition: Condition, equation: Equation) -> list[Mistake]:
    """Return what the condition under which a claim holds says about it."""
    if isinstance(condition, Relation):
        if "c" in (condition.first, condition.second):
            return [
                Mistake(
                    "target-index",
                    f"This holds for {condition} alone: the target is not the same for every class.",
                )
            ]
        return [
            Mistake(
                "index-slip", f"This holds for {condition} alone: one index stands where another belongs."
            )
        ]
    name = NAMES_OF_CONDITIONS.get(condition, "")
    if condition == "one-hot" and equation.context.targets_sum_to_one:
        name = ""
    if condition == "K = 2" and equation.context.loss != "binary-cross-entropy":
        name = ""
    if condition == "N = 1":
        name = "batch-mean" if equation.context.reduction == "mean" else "batch-sum"
    return [Mistake(name, f"This holds for {condition} alone.")] if name else []


NAMES_OF_CONDITIONS = {
    "sum(Y) = 1": "targets-do-not-sum-to-one",
    "one-hot": "targets-do-not-sum-to-one",
    "K = 2": "bernoulli-for-categorical",
    "T = 1": "temperature",
    "eps = 0": "smoothing-mass",
}
