"""What is true, in the letters of the claim: the derivation's result, and what it is at given targets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chainrule.check.cases import Case, Cases, Equation
from chainrule.check.claim_mistakes.attempt import quantities
from chainrule.check.doubles import TooLongError, double_of
from chainrule.check.dual_numbers import NotDefinedError
from chainrule.check.equality import everywhere
from chainrule.derive import (
    LOSS,
    TRUE_CLASS,
    Context,
    Derivation,
    Derivative,
    Engine,
    Entry,
    Expression,
    Number,
    Sum,
    free_letters,
    map_indices,
    negate,
    nodes,
    parts,
    transform,
)

DERIVED_BY = "ZOWbUAX"
"""What derivatives are derived by; those by targets or class weights are judged by numbers alone."""
LONGEST = 400
"""A truth of more nodes than this is not shown."""
SMALLEST_GAIN = 3
"""A side is called not simplified if the truth has so many nodes less."""


@dataclass(frozen=True)
class Truth:
    """What is true about a claim's quantities.

    Parameters
    ----------
    text : str or None
        An equation in the claim's letters.
    at_targets : str or None
        The same at the targets that were given.
    derivation : Derivation or None
        How the first quantity is derived.
    simpler : str or None
        The same equation with a shorter side, where the claim's is not simplified.
    """

    text: str | None = None
    at_targets: str | None = None
    derivation: Derivation | None = None
    simpler: str | None = None


def truth_of(equation: Equation, cases: Cases, chosen: Sequence[Case], *, given: bool = False) -> Truth:
    """Return what is true about the side that a claim asks about; all of it has been confirmed at every case.

    With ``given``, the cases are the numbers that the context gives: what is true at its targets ends in a number.
    """
    asked = list(_asked(equation))
    general = general_targets(equation.context)
    found = [_result(quantity, general) for quantity in asked]
    texts = [
        f"{q} = {d.result}"
        for q, d in zip(asked, found, strict=True)
        if d and _confirmed(q, d.result, equation, cases, chosen)
    ]
    texts = (
        [text for q, text in zip(asked, texts, strict=False) if len(text) < LONGEST]
        if len(texts) == len(asked)
        else []
    )
    opposite = _opposite(equation, cases, chosen)
    text = "; ".join([*([opposite] if opposite else []), *texts]) or None
    at_targets = None
    if equation.context.target_row is not None:
        shown = []
        for quantity, derivation in zip(asked, found, strict=True):
            forms = dict.fromkeys(
                str(form)
                for form in _at_row(quantity, derivation, equation.context)
                if _confirmed(quantity, form, equation, cases, chosen)
            )
            forms |= dict.fromkeys(_number(quantity, cases) if given else ())
            shown += [" = ".join([str(quantity), *forms])] if forms else []
        at_targets = "; ".join(shown) or None
    return Truth(text, at_targets, found[0] if found else None, _simpler(equation, asked, found))


def general_targets(context: Context) -> Context:
    """Return the context with its targets as letters, where their numbers were given.

    Examples
    --------
    >>> from chainrule.derive import context_of
    >>> general_targets(context_of(targets=[1, 0])).targets
    'one-hot'
    """
    if context.target_row is None or context.class_weights is not None:
        return context
    kind = "one-hot" if context.one_hot else "soft" if context.targets_sum_to_one else "any"
    return replace(context, targets=kind, target_row=None, classes=None)


def _asked(equation: Equation) -> Iterator[Expression]:
    """Yield what a claim asks about: the side with derivatives; where both have some, each derivative."""
    sides = [side for side in (equation.left, equation.right) if _has_derivative(side)]
    if len(sides) == 1:
        yield sides[0]
    elif len(sides) == 2:
        yield from list(quantities(equation))[:4]
    else:
        named = [
            side
            for side in (equation.left, equation.right)
            if isinstance(side, Entry) and side.name in "EOZUA"
        ]
        yield from named[:1] or [side for side in (equation.left, equation.right) if LOSS in nodes(side)][:1]


def _has_derivative(side: Expression) -> bool:
    return any(isinstance(node, Derivative) for node in nodes(side))


def _result(quantity: Expression, context: Context) -> Derivation | None:
    """Return a derivation, or None where the quantity is beyond what is derived."""
    by = [entry.name for node in nodes(quantity) if isinstance(node, Derivative) for entry in node.by]
    if any(name not in DERIVED_BY for name in by):
        return None
    try:
        return Engine(context).derivation(quantity)
    except (AssertionError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return None  # what cannot be derived has been judged by numbers all the same


def _confirmed(
    quantity: Expression, result: Expression, equation: Equation, cases: Cases, chosen: Sequence[Case]
) -> bool:
    if _has_derivative(result) and not _has_derivative(quantity):
        return False
    try:
        return result != quantity and everywhere(
            replace(equation, left=quantity, right=result), cases, chosen
        )
    except TooLongError:
        return False


def _at_row(quantity: Expression, general: Derivation | None, context: Context) -> Iterator[Expression]:
    """Yield the general result with the given targets put in, and what is derived for them."""
    row = context.target_row
    assert row is not None

    def put(node: Expression) -> Expression | None:
        if isinstance(node, Entry) and node.name == "Y" and isinstance(node.indices[-1], int):
            return Number(row[node.indices[-1] - 1])
        return None

    def placed(form: Expression) -> Expression:
        if not context.one_hot:
            return form
        return map_indices(form, lambda index: row.index(1) + 1 if index == TRUE_CLASS else index)

    if general is not None and not any(isinstance(node, Sum) for node in nodes(general.result)):
        yield placed(transform(general.result, put))
    special = _result(quantity, context)
    if special is not None:
        yield placed(special.result)


def _number(quantity: Expression, cases: Cases) -> Iterator[str]:
    """Yield the value of a quantity without free letters at the given numbers, to six digits."""
    if free_letters(quantity) or not cases.all:
        return
    case = cases.all[0]
    try:
        yield f"{double_of(quantity, cases.state(case), case.letters):.6g}"
    except (NotDefinedError, TooLongError):
        return


def _opposite(equation: Equation, cases: Cases, chosen: Sequence[Case]) -> str | None:
    """Return that two derivatives are opposite, where a claim holds them for equal or something else."""
    asked = quantities(equation)
    if len(asked) != 2 or not all(_has_derivative(side) for side in (equation.left, equation.right)):
        return None
    first, second = asked
    other = negate(second)
    return f"{first} = {other}" if _confirmed(first, other, equation, cases, chosen) else None


def _simpler(
    equation: Equation, asked: Sequence[Expression], found: Sequence[Derivation | None]
) -> str | None:
    """Return the equation with the derivation's result where the claim's side is clearly longer."""
    if len(asked) != 1 or asked[0] not in (equation.left, equation.right) or found[0] is None:
        return None
    other = equation.right if asked[0] == equation.left else equation.left
    result = found[0].result
    return f"{asked[0]} = {result}" if size(result) + SMALLEST_GAIN <= size(other) else None


def size(expression: Expression) -> int:
    """Return how many nodes an expression has.

    Examples
    --------
    >>> size(LOSS)
    1
    """
    return 1 + sum(size(part) for part in parts(expression))
