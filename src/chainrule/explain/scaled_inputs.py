"""A network that scales its features: what the first layer multiplies is S, and X stays the encoded input.

With the centre m_j, the scale s_j and the bound B of the scaling (IS.1) and (IS.2), S_j = (X_j - m_j)*s_j, or that over
sqrt(1 + ((X_j - m_j)*s_j/B)^2). The derivation of a network without scaling holds for S in place of X; one more step
leads from S to X.
"""

import re
from dataclasses import replace as with_changes
from fractions import Fraction

from chainrule.derive import (
    LOSS,
    ONE,
    Call,
    Derivation,
    Derivative,
    Entry,
    Expression,
    Index,
    Power,
    Section,
    Step,
    Symbol,
    add,
    divide,
    multiply,
    number,
    subtract,
    transform,
)
from chainrule.derive import (
    replace as replaced,
)

LETTER = "S"
IN_WORDS = re.compile(r"\bX(?=_)")
CHAIN = "chain rule through the input scaling"
DEFINITION = "definition of the input scaling"
SLOPE = "derivative of the input scaling"
RESULT = "result above"


def in_scaled_letters(expression: Expression) -> Expression:
    """Return an expression with S in place of X.

    Examples
    --------
    >>> print(in_scaled_letters(Entry("X", None, ("j",))))
    S_j
    """

    def put(entry: Entry) -> Entry:
        return Entry(LETTER, entry.layer, entry.indices) if entry.name == "X" else entry

    def change(node: Expression) -> Expression | None:
        match node:
            case Entry("X"):
                return put(node)
            case Derivative(of, by):
                return Derivative(of, tuple(map(put, by)))
        return None

    return transform(expression, change)


def scaled_derivation(found: Derivation, *, bounded: bool) -> Derivation:
    """Return a derivation for a network that scales its features.

    Parameters
    ----------
    found : Derivation
        Of the network without the scaling.
    bounded : bool
        Whether the scaling has a bound.
    """
    sections = tuple(
        Section(_in_words(section.title), tuple(map(_step, section.steps))) for section in found.sections
    )
    result = in_scaled_letters(found.result)
    quantity = found.quantity
    by = quantity.by[0] if isinstance(quantity, Derivative) else None
    if by is None or by.name != "X":
        return with_changes(found, sections=sections, result=result)
    last = _last_section(by.indices, result, bounded=bounded)
    return with_changes(found, sections=(*sections, last), result=last.steps[-1].after)


def scaled(indices: tuple[Index, ...], *, bounded: bool) -> Expression:
    """Return what the first layer sees of a feature.

    Examples
    --------
    >>> print(scaled(("j",), bounded=False))
    (X_j - m_j)*s_j
    """
    shifted = _shifted(indices)
    return divide(shifted, Call("sqrt", (_square(shifted),))) if bounded else shifted


def slope(indices: tuple[Index, ...], *, bounded: bool) -> Expression:
    """Return the derivative of a scaled feature by the feature.

    Examples
    --------
    >>> print(slope(("j",), bounded=True))
    s_j/(1 + ((X_j - m_j)*s_j/B)^2)^(3/2)
    """
    scale = Entry("s", None, indices)
    return divide(scale, Power(_square(_shifted(indices)), number(Fraction(3, 2)))) if bounded else scale


def _shifted(indices: tuple[Index, ...]) -> Expression:
    shift = subtract(Entry("X", None, indices), Entry("m", None, indices))
    return multiply(shift, Entry("s", None, indices))


def _square(shifted: Expression) -> Expression:
    return add(ONE, Power(divide(shifted, Symbol("B")), number(2)))


def _in_words(text: str) -> str:
    return IN_WORDS.sub(LETTER, text)


def _step(step: Step) -> Step:
    return with_changes(
        step,
        quantity=in_scaled_letters(step.quantity),
        before=in_scaled_letters(step.before),
        after=in_scaled_letters(step.after),
        part_before=in_scaled_letters(step.part_before),
        part_after=in_scaled_letters(step.part_after),
        condition=None if step.condition is None else _in_words(step.condition),
        reason=_in_words(step.reason),
    )


def _last_section(indices: tuple[Index, ...], result: Expression, *, bounded: bool) -> Section:
    feature, seen = Entry("X", None, indices), Entry(LETTER, None, indices)
    quantity, outer, inner = (
        Derivative(LOSS, (feature,)),
        Derivative(LOSS, (seen,)),
        Derivative(seen, (feature,)),
    )
    opened, factor = Derivative(scaled(indices, bounded=bounded), (feature,)), slope(indices, bounded=bounded)
    lines = (
        (CHAIN, quantity, multiply(outer, inner), f"{feature} acts on the loss through {seen} alone."),
        (DEFINITION, inner, opened, f"What the first layer sees of {feature}."),
        (SLOPE, opened, factor, "The scale, and less of it near the bound." if bounded else "The scale."),
        (RESULT, outer, result, f"{outer} was derived above."),
    )
    steps: list[Step] = []
    current: Expression = quantity
    for rule, before, after, reason in lines:
        whole = replaced(current, before, after)
        steps.append(Step(rule, quantity, current, whole, before, after, reason=reason))
        current = whole
    return Section(f"Through the scaling of the input: {quantity}", tuple(steps))
