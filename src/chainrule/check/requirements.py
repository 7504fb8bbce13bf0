"""What an equation needs before it can be judged: options that are set, and the ``if`` of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from chainrule.check.cases import Case, Equation, entries
from chainrule.check.claim_conditions import (
    NO_SMOOTHING,
    NO_TEMPERATURE,
    ONE_EXAMPLE,
    ONE_HOT,
    SUMS_TO_ONE,
    TWO_CLASSES,
    Condition,
    holds,
)
from chainrule.derive import EXAMPLES, TRUE_CLASS, Context, OneHot, Relation, Setting, Symbol, axes, nodes
from chainrule.derive import Condition as StatedCondition

UNSET = {
    "T": "T is the temperature: set the option temperature, to a number or to T.",
    "eps": "eps is the label smoothing: set the option label_smoothing, to a number or to eps.",
    "N": "N is the size of a batch: set the option reduction to sum or mean.",
    "w": "w_k is the weight of a class: set the option class_weight.",
}


def unset_names(equation: Equation) -> Iterator[str]:
    """Yield a sentence for each letter that the context leaves without a meaning; it names the option.

    Examples
    --------
    >>> from chainrule.derive import LOSS
    >>> next(unset_names(Equation(LOSS, Symbol("T"), Context())))
    'T is the temperature: set the option temperature, to a number or to T.'
    """
    context = equation.context
    symbols = {node.name for node in nodes(equation.both) if isinstance(node, Symbol)}
    letters = {entry.name for entry in entries(equation.both)}
    unset = {
        "T": context.temperature is None,
        "eps": context.label_smoothing is None,
        "N": context.reduction == "none",
        "w": not context.class_weight,
    }
    yield from (UNSET[name] for name in UNSET if unset[name] and name in symbols | letters)
    if context.reduction == "none":
        rows = [entry for entry in entries(equation.both) if EXAMPLES in axes(entry, context)]
        if rows:
            yield f"{rows[0]} speaks of one example of a batch: set the option reduction to sum or mean."


def narrowed(context: Context, stated: StatedCondition | None) -> Context | None:
    """Return the context under the settings of an ``if``, or None where it never holds in the context.

    Examples
    --------
    >>> narrowed(Context(), StatedCondition((Setting("K", Fraction(3)),))).classes
    3
    """
    for requirement in () if stated is None else stated.requirements:
        changed = _narrowed(context, requirement)
        if changed is None:
            return None
        context = changed
    return context


def _narrowed(context: Context, requirement: object) -> Context | None:
    if isinstance(requirement, OneHot):
        if context.target_row is not None or context.targets == "zeros":
            return context if context.one_hot else None
        return replace(context, targets="one-hot")
    if not isinstance(requirement, Setting):
        return context
    value = requirement.value
    if requirement.name == "sum(Y)":
        if context.target_row is not None or context.targets == "zeros":
            return context if sum(context.target_row or (0,)) == value else None
        if value != 1:
            return None if context.targets_sum_to_one else context
        return replace(context, targets="soft") if context.targets == "any" else context
    if requirement.name == "K":
        fits = value.denominator == 1 and value >= 2 and context.classes in (None, int(value))
        return replace(context, classes=int(value)) if fits and value <= 64 else None
    if requirement.name in ("T", "eps"):
        return _with_number(context, requirement.name, value)
    return context if context.reduction != "none" or value == 1 else None


def _with_number(context: Context, name: str, value: Fraction) -> Context | None:
    option = "temperature" if name == "T" else "label_smoothing"
    now = getattr(context, option)
    allowed = value > 0 if name == "T" else 0 <= value < 1
    if not allowed or (isinstance(now, Fraction) and now != value):
        return None
    if now is None:
        return context
    return replace(context, temperature=value) if name == "T" else replace(context, label_smoothing=value)


def stated_cases(stated: StatedCondition | None, chosen: Sequence[Case]) -> list[Case]:
    """Return the cases that an ``if`` allows."""
    kept = list(chosen)
    for requirement in () if stated is None else stated.requirements:
        if isinstance(requirement, Relation):
            kept = [case for case in kept if holds(requirement, case.point, case.letters)]
        elif isinstance(requirement, Setting) and requirement.name == "N":
            kept = [case for case in kept if case.point.examples == requirement.value]
        elif isinstance(requirement, Setting) and requirement.name == "sum(Y)" and requirement.value == 1:
            kept = [case for case in kept if holds(SUMS_TO_ONE, case.point, case.letters)]
    return kept


def unknown_letters(stated: StatedCondition | None, equation: Equation) -> list[str]:
    """Return the letters of an ``if`` that stand nowhere in the equation."""
    found: list[str] = []
    for requirement in () if stated is None else stated.requirements:
        if isinstance(requirement, Relation):
            letters = [index for index in (requirement.first, requirement.second) if isinstance(index, str)]
            found += [letter for letter in letters if letter != TRUE_CLASS and letter not in equation.letters]
            if TRUE_CLASS in letters and not equation.context.one_hot:
                found.append(TRUE_CLASS)
    return found


def stated_conditions(stated: StatedCondition | None) -> tuple[Condition, ...]:
    """Return the conditions of the closed list that an ``if`` states."""
    found: list[Condition] = []
    for requirement in () if stated is None else stated.requirements:
        if isinstance(requirement, Relation):
            found.append(requirement)
        elif str(requirement) in (
            SUMS_TO_ONE,
            ONE_HOT,
            TWO_CLASSES,
            ONE_EXAMPLE,
            NO_TEMPERATURE,
            NO_SMOOTHING,
        ):
            found.append(str(requirement))
    return tuple(found)
