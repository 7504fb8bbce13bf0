"""A derivation made by hand from its dataclasses, for tests of how derivations are shown."""

from typing import Any

from chainrule.derive.context import context_of
from chainrule.derive.derivation import Derivation, Section, Step
from chainrule.derive.expressions import (
    LOSS,
    MINUS_ONE,
    ONE,
    Call,
    Derivative,
    Entry,
    Expression,
    Sum,
    divide,
    multiply,
    negate,
    subtract,
)
from chainrule.derive.rewriting import Relation


def O(*indices: str | int) -> Entry:  # noqa: E743 - the letter of the outputs
    return Entry("O", None, indices)


def Y(*indices: str | int) -> Entry:
    return Entry("Y", None, indices)


def Z(*indices: str | int) -> Entry:
    return Entry("Z", None, indices)


def ln(inside: Expression) -> Call:
    return Call("ln", (inside,))


QUANTITY = Derivative(LOSS, (Z("k"),))
SLOPE = Derivative(O("i"), (Z("k"),))
LOSS_SUM = negate(Sum("i", multiply(Y("i"), ln(O("i")))))
SOFTMAX = divide(Call("exp", (Z("i"),)), Sum("j", Call("exp", (Z("j"),))))
RESULT = subtract(O("k"), Y("k"))


def _main() -> Section:
    whole = Derivative(LOSS_SUM, (Z("k"),))
    taken_apart = negate(Sum("i", Derivative(multiply(Y("i"), ln(O("i"))), (Z("k"),))))
    outside = negate(Sum("i", multiply(Y("i"), Derivative(ln(O("i")), (Z("k"),)))))
    chained = multiply(divide(ONE, O("i")), SLOPE)
    inside = negate(Sum("i", multiply(Y("i"), chained)))
    others = Sum("i", multiply(Y("i"), divide(ONE, O("i")), MINUS_ONE, O("i"), O("k")), ("k",))
    split = subtract(multiply(MINUS_ONE, Y("k"), divide(ONE, O("k")), O("k"), subtract(ONE, O("k"))), others)
    reason = "the derivative of a sum is the sum of the derivatives"
    return Section(
        "From the loss to the logits",
        (
            Step(
                "definition of the cross-entropy",
                QUANTITY,
                QUANTITY,
                whole,
                LOSS,
                LOSS_SUM,
                reason="E is a sum",
            ),
            Step("sum rule", QUANTITY, whole, taken_apart, whole, taken_apart, reason=reason),
            Step("sum rule", QUANTITY, taken_apart, taken_apart, Y("i"), Y("i"), reason=reason),
            Step(
                "constant factor",
                QUANTITY,
                taken_apart,
                outside,
                Y("i"),
                Y("i"),
                reason="Y_i has no Z_k in it",
            ),
            Step(
                "chain rule", QUANTITY, outside, inside, Derivative(ln(O("i")), (Z("k"),)), chained, "O_i > 0"
            ),
            Step("splitting a sum", QUANTITY, inside, split, inside, split, reason="the slope has two cases"),
            Step("targets sum to 1", QUANTITY, split, RESULT, split, RESULT, "sum(Y) = 1"),
        ),
    )


def _softmax() -> Section:
    start = Derivative(SOFTMAX, (Z("k"),))
    same, other = multiply(O("k"), subtract(ONE, O("k"))), negate(multiply(O("i"), O("k")))
    return Section(
        "The derivative of the softmax",
        (
            Step("quotient rule", SLOPE, start, same, start, same, case=Relation("i", "k", True)),
            Step("quotient rule", SLOPE, start, other, start, other, case=Relation("i", "k", False)),
        ),
    )


def flagship(**options: Any) -> Derivation:
    """Return softmax and cross-entropy in a few steps, under the options of a context."""
    return Derivation(QUANTITY, context_of(**options), (_main(), _softmax()), RESULT)


EXAMPLE = {"probabilities": [0.2, 0.6, 0.2], "targets": [1, 0, 0]}
"""The worked example."""
