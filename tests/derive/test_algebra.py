"""Collecting terms: values by hand, and the law that nothing changes its value."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.derive import context_of, read_expression
from chainrule.derive.algebra import cancel, collect
from chainrule.derive.evaluation import State, Undefined, value_of
from chainrule.derive.expressions import (
    Add,
    Divide,
    Entry,
    Expression,
    Multiply,
    Number,
    Power,
    Sum,
    Symbol,
    free_letters,
    negate,
)
from chainrule.derive.points import random_point


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("O_k*(1 - Y_k) - Y_k*(1 - O_k)", "O_k - Y_k"),
        ("Y_k*(1/O_k)*O_k*(1 - O_k)", "Y_k*(1 - O_k)"),
        ("-(Y_k/O_k - (1 - Y_k)/(1 - O_k))*O_k*(1 - O_k)", "O_k - Y_k"),
        ("O_k - O_k^2", "O_k*(1 - O_k)"),
        ("O_k/T - Y_k/T", "(O_k - Y_k)/T"),
        ("eps*Y_k - Y_k + O_k - eps/K", "O_k - (1 - eps)*Y_k - eps/K"),
        ("1 - 1", "0"),
        ("2*O_k - 2*Y_k", "2*(O_k - Y_k)"),
        ("(O_k - Y_k)/(Y_k - O_k)", "-1"),
    ],
)
def test_terms_are_collected_as_by_hand(before: str, after: str) -> None:
    assert str(collect(read_expression(before))) == after


LETTERS = st.sampled_from("ik")
LEAVES = st.one_of(
    st.builds(lambda name, letter: Entry(name, None, (letter,)), st.sampled_from("OYw"), LETTERS),
    st.sampled_from(["eps", "T", "K"]).map(Symbol),
    st.integers(-3, 3).map(lambda value: Number(Fraction(value))),
)


def larger(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Return sums, products, quotients, powers and sums over an index of formulas."""
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        several.map(Add),
        several.map(Multiply),
        st.builds(Divide, inner, inner),
        inner.map(negate),
        st.builds(Power, inner, st.integers(1, 3).map(lambda value: Number(Fraction(value)))),
        st.builds(Sum, LETTERS, inner),
    )


FORMULAS = st.recursive(LEAVES, larger, max_leaves=10)
OPTIONS = {"targets": "any", "temperature": "T", "label_smoothing": "eps", "class_weight": True}
STATE = State(random_point(context_of(**OPTIONS), 5, classes=3))


def value(expression: Expression) -> object:
    """Return an expression's value at i = 1, k = 2, None where there is none."""
    try:
        return value_of(expression, STATE, {"i": 1, "k": 2})
    except Undefined:
        return None


@settings(max_examples=200, deadline=None)
@given(FORMULAS)
def test_collecting_changes_no_value(expression: Expression) -> None:
    before = value(expression)
    for change in (cancel, collect):
        after = value(change(expression))
        if before is not None:
            assert after is not None
            assert abs(after - before) <= 1e-40 * (1 + abs(before) + abs(after))
        assert free_letters(change(expression)) <= free_letters(expression)
