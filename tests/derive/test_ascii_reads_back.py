"""What is printed means, when it is read, what was meant."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.derive import derive, read_claim, read_expression
from chainrule.derive.context import Context, context_of
from chainrule.derive.evaluation import ARITHMETIC, State, Undefined, value_of
from chainrule.derive.expressions import (
    Call,
    Delta,
    Derivative,
    Divide,
    Entry,
    Expression,
    Multiply,
    Power,
    Sum,
    Symbol,
    add,
    free_letters,
    multiply,
    negate,
    number,
)
from chainrule.derive.points import random_point

letters = st.sampled_from(["i", "k", 2])
entries = st.builds(Entry, st.sampled_from("OZY"), st.none(), st.tuples(letters))
rationals = st.fractions(-9, 9, max_denominator=7).map(number)
leaves = entries | st.just(Symbol("K")) | st.builds(Delta, letters, letters) | rationals


def _larger(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(inner, min_size=2, max_size=3)
    return (
        several.map(lambda terms: add(*terms))
        | several.map(lambda factors: multiply(*factors))
        | several.map(lambda factors: Multiply(tuple(factors)))
        | inner.map(negate)
        | st.builds(Divide, inner, inner)
        | st.builds(Power, inner, inner)
        | st.builds(Call, st.sampled_from(("ln", "tanh", "abs", "relu")), st.tuples(inner))
        | st.builds(Sum, st.sampled_from("im"), inner, st.sampled_from([(), ("k",), ("k", 2)]))
    )


expressions = st.recursive(leaves, _larger, max_leaves=10)
POINT = State(random_point(Context(), 0, classes=3))


def value(expression: Expression, place: dict[str, int], state: State = POINT) -> object:
    try:
        found = value_of(expression, state, place)
    except Undefined:
        return None
    with ARITHMETIC.workdps(40):
        return +found


@given(expressions)
def test_any_expression_has_the_value_of_its_text(expression: Expression) -> None:
    read = read_expression(str(expression))
    assert str(read) == str(expression)
    for place in ({"i": 1, "k": 3}, {"i": 2, "k": 2}):
        assert value(read, place) == value(expression, place)


@given(expressions)
def test_any_derivative_has_the_value_of_its_text(expression: Expression) -> None:
    derivative = Derivative(expression, (Entry("Z", None, ("k",)),))
    read = read_expression(str(derivative))
    assert isinstance(read, Derivative)
    assert value(read.of, {"i": 2, "k": 3}) == value(expression, {"i": 2, "k": 3})


SCOPES = {
    "cross-entropy": {},
    "any targets": {"targets": "any", "temperature": "T", "label_smoothing": "eps", "class_weight": True},
    "other base": {"targets": "soft", "log_base": 2},
    "batch": {"reduction": "mean"},
    "sigmoid": {"output": "sigmoid", "targets": "any"},
    "squared error": {"loss": "squared-error", "targets": "any"},
    "layers": {"hidden": ["tanh"]},
}


@pytest.mark.parametrize("scope", SCOPES)
def test_every_step_has_the_value_of_its_text(scope: str) -> None:
    options = SCOPES[scope]
    random = Random(0)
    context = context_of(**options)  # type: ignore[arg-type]
    state = State(random_point(context, 1, classes=3, examples=2 if "reduction" in options else 1))
    quantity = "dE/dW1_kj" if "hidden" in options else "dE/dZ_k"
    for step in derive(quantity, **options).steps:  # type: ignore[arg-type]
        (part,) = read_claim(f"{step.quantity} = {step.after}")
        for read, meant in zip(part.expressions, (step.quantity, step.after), strict=True):
            place = {letter: random.randint(1, 2) for letter in free_letters(meant)}
            assert value(read, place, state) == value(meant, place, state)
