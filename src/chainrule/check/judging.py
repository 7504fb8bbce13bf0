"""One equation of a claim: from what was read to its verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chainrule.check.cases import Case, Cases, Equation
from chainrule.check.claim_conditions import Condition, Judged, closed_list, position, weakest
from chainrule.check.claim_mistakes.search import Mistake, mistakes_in
from chainrule.check.claim_verdict import CONDITIONAL, RIGHT, UNDECIDED, WRONG, ClaimMistake, PartVerdict
from chainrule.check.counterexample import counterexample
from chainrule.check.diagnoses import DIAGNOSES
from chainrule.check.doubles import Budget, TooLongError, double_of
from chainrule.check.equality import NOTHING, Evidence, half_unit, judge, without_symbols
from chainrule.check.parting import line_of, line_text
from chainrule.check.requirements import (
    narrowed,
    stated_cases,
    stated_conditions,
    unknown_letters,
    unset_names,
)
from chainrule.check.truth import Truth, truth_of
from chainrule.derive import (
    ONE,
    TRUE_CLASS,
    Context,
    Entry,
    Expression,
    Symbol,
    check_names,
    nodes,
    transform,
)
from chainrule.derive import Condition as StatedCondition
from chainrule.errors import ArgumentError

VISITS_TO_JUDGE = 250_000
VISITS_TO_EXPLAIN = 300_000
"""How many nodes of expressions are visited for one equation, at most: each takes some three microseconds."""
VISITS_FOR_AN_EXAMPLE = 20_000
LARGEST_POSITION = 64
"""Positions past this would need networks that are larger than any claim is tried on."""


@dataclass(frozen=True)
class Purse:
    """What a whole claim may still cost: to be judged, and to be explained."""

    judging: Budget
    explaining: Budget


@dataclass(frozen=True)
class Asked:
    """An equation as it was typed and as it was read, its ``if``, its cost, and whether the truth is kept back."""

    claim: str
    read_as: str
    left: Expression
    right: Expression
    stated: StatedCondition | None
    context: Context
    purse: "Purse"
    hint: bool = False


def judge_equation(asked: Asked) -> PartVerdict:
    """Return the verdict on one equation."""
    narrower = narrowed(asked.context, asked.stated)
    if narrower is None:
        return _undecided(asked, f"the condition {asked.stated} never holds in this context")
    try:
        sides = [check_names(side, narrower, "check") for side in (asked.left, asked.right)]
    except ArgumentError as error:
        return _undecided(asked, f"{error.rule}; got {error.came}. {error.remedy}")
    equation = Equation(sides[0], sides[1], narrower)
    reasons = [
        *unset_names(equation),
        *_decimals_without_numbers(equation),
        *_logits_of_probabilities(equation),
    ]
    unknown = unknown_letters(asked.stated, equation)
    if max(equation.positions.values(), default=0) > LARGEST_POSITION:
        reasons.append(f"Positions are judged up to {LARGEST_POSITION}: write a letter, or a smaller one.")
    reasons += [
        f"the condition speaks of {letter}, which does not stand in the equation" for letter in unknown[:1]
    ]
    if reasons:
        return _undecided(asked, " ".join(reasons))
    try:
        return _judged(asked, equation)
    except TooLongError as reason:
        return _undecided(asked, f"{reason}; give it in shorter parts")


def _undecided(asked: Asked, reason: str) -> PartVerdict:
    return PartVerdict(asked.claim, UNDECIDED, asked.read_as, reason=reason)


def at_given_numbers(equation: Equation) -> bool:
    """Return whether an equation is judged at the numbers that the context gives."""
    return equation.context.row is not None and (_is_known(equation.left) or _is_known(equation.right))


def _is_known(side: Expression) -> bool:
    """Return whether a side has a value without the given numbers: it holds numbers, and K, which they settle."""
    return without_symbols(transform(side, lambda node: ONE if node == Symbol("K") else None))


def _decimals_without_numbers(equation: Equation) -> list[str]:
    sides = (equation.left, equation.right)
    decimal = any(half_unit(side) is not None for side in sides)
    if not decimal or equation.context.row is not None or all(without_symbols(side) for side in sides):
        return []
    return ["A decimal is judged at given numbers: set the option probabilities or logits."]


def _logits_of_probabilities(equation: Equation) -> list[str]:
    """Return why numbers of layers below the outputs are not judged where probabilities are given."""
    context = equation.context
    if context.probabilities is None or context.output != "softmax" or not at_given_numbers(equation):
        return []
    below = {node.name for node in nodes(equation.both) if isinstance(node, Entry) and node.name in "ZUAXWb"}
    if not below:
        return []
    return ["Probabilities give the logits up to a common offset alone: set the option logits instead."]


def _judged(asked: Asked, equation: Equation) -> PartVerdict:
    budget = asked.purse.judging.drawn(VISITS_TO_JUDGE)
    drawn = budget.left
    cases = Cases(equation, budget, given=at_given_numbers(equation))
    chosen = stated_cases(asked.stated, cases.all)
    if not chosen:
        return _undecided(asked, f"the condition {asked.stated} is met by none of the sizes that are tried")
    try:
        evidence = judge(equation, cases, chosen)
    finally:
        asked.purse.judging.left -= drawn - max(0, budget.left)
    drawn = budget.left = asked.purse.explaining.drawn(VISITS_TO_EXPLAIN).left
    if not evidence.right and not evidence.wrong:
        reason = evidence.undefined[0][1]
        return _undecided(asked, f"a side is defined nowhere in this context: {reason}")
    conditions = _narrowing(asked, equation)
    fails = evidence.wrong or evidence.undefined
    condition = weakest(conditions, evidence.judged, _empty(equation, cases, evidence)) if fails else None
    verdict = CONDITIONAL if condition is not None else WRONG if evidence.wrong else RIGHT
    try:
        return _explained(asked, equation, cases, chosen, evidence, verdict, condition)
    finally:
        asked.purse.explaining.left -= drawn - max(0, budget.left)


def _empty(equation: Equation, cases: Cases, evidence: Evidence) -> frozenset[int]:
    """Return the places of the cases, among those judged, at which both sides are 0."""
    return frozenset(
        place
        for place, case in enumerate(evidence.right)
        if all(
            abs(double_of(side, cases.state(case), case.letters)) < NOTHING
            for side in (equation.left, equation.right)
        )
    )


def _narrowing(asked: Asked, equation: Equation) -> list[Condition]:
    """Return the conditions of the closed list that the equation's own ``if`` leaves open."""
    stated = {str(condition) for condition in stated_conditions(asked.stated)}
    found = closed_list(equation.context, equation.letters, equation.named)
    return [condition for condition in found if str(condition) not in stated]


def _explained(
    asked: Asked,
    equation: Equation,
    cases: Cases,
    chosen: Sequence[Case],
    evidence: Evidence,
    verdict: str,
    condition: Condition | None,
) -> PartVerdict:
    found = PartVerdict(
        asked.claim,
        verdict,
        asked.read_as,
        condition=None if condition is None else str(condition),
        remarks=tuple(_where_undefined(equation, evidence)) + evidence.not_reached,
    )
    judged = [*evidence.right, *evidence.wrong]
    truth = truth_of(equation, cases, judged, given=at_given_numbers(equation))
    if verdict == RIGHT:
        simpler = [] if truth.simpler is None else [f"Equal, and not simplified: {truth.simpler}"]
        return replace(
            found, truth=truth.text, truth_at_targets=truth.at_targets, remarks=(*found.remarks, *simpler)
        )
    if not evidence.wrong:
        return replace(found, truth=truth.text, truth_at_targets=truth.at_targets)
    return _with_diagnosis(found, asked, equation, cases, chosen, evidence, condition, truth)


def _with_diagnosis(
    found: PartVerdict,
    asked: Asked,
    equation: Equation,
    cases: Cases,
    chosen: Sequence[Case],
    evidence: Evidence,
    condition: Condition | None,
    truth: Truth,
) -> PartVerdict:
    del chosen
    mistakes = mistakes_in(equation, cases, evidence, condition)
    step = line_of(mistakes[0].name, truth.derivation) if mistakes else None
    line = None if step is None else line_text(step, hint=asked.hint)
    if asked.hint:
        told = tuple(ClaimMistake(each.name, DIAGNOSES[each.name].definition) for each in mistakes)
        return replace(found, diagnoses=told, line=line, condition=found.condition)
    cases.budget.left = max(cases.budget.left, VISITS_FOR_AN_EXAMPLE)
    example = counterexample(
        equation, cases, evidence.wrong, stated_conditions(asked.stated), given=at_given_numbers(equation)
    )
    told = tuple(ClaimMistake(each.name, _told(each)) for each in mistakes)
    return replace(
        found,
        diagnoses=told,
        line=line,
        counterexample=example,
        truth=truth.text,
        truth_at_targets=truth.at_targets,
    )


def _told(mistake: Mistake) -> str:
    """Return what the name means, and what it is in this claim."""
    definition = DIAGNOSES[mistake.name].definition
    return definition if mistake.text in definition else f"{definition} {mistake.text}"


def _where_undefined(equation: Equation, evidence: Evidence) -> list[str]:
    """Return a sentence about where a side has no value, with the condition under which both have one."""
    if not evidence.undefined:
        return []
    case, reason = evidence.undefined[0]
    judged = [Judged(each.point, each.letters, True) for each in (*evidence.right, *evidence.wrong)]
    judged += [Judged(each.point, each.letters, False) for each, _ in evidence.undefined]
    defined = weakest(closed_list(equation.context, equation.letters, equation.named), judged)
    places = [f"{letter} = {place}" for letter, place in case.letters.items() if letter != TRUE_CLASS]
    places += [f"c = {position(TRUE_CLASS, case.point, case.letters)}"] if case.point.classes_of else []
    where = f"at K = {case.point.sizes[-1]}" + (f", {', '.join(places)}" if places else "")
    only = "" if defined is None else f"; both sides are defined if {defined}"
    return [f"A side is not defined everywhere: {reason}, for example {where}{only}."]
