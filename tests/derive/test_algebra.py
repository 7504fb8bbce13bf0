"""Collecting terms: values by hand, and the law that nothing changes its value."""

import pytest
from hypothesis import given, settings

from chainrule.derive import context_of, read_expression
from chainrule.derive.algebra import cancel, collect
from chainrule.derive.evaluation import State, Undefined, value_of
from chainrule.derive.expressions import Expression, free_letters
from chainrule.derive.points import random_point
from derive.formulas import expressions


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


def value(expression: Expression, state: State) -> object:
    """Return an expression's value with every free letter at 1 or 2, None where there is none."""
    letters = {letter: 1 + place % 2 for place, letter in enumerate(sorted(free_letters(expression)))}
    try:
        return value_of(expression, state, letters)
    except Undefined:
        return None


STATE = State(
    random_point(
        context_of(targets="any", temperature="T", label_smoothing="eps", class_weight=True, reduction="sum"),
        5,
        classes=3,
        examples=3,
        features=3,
    )
)


@settings(max_examples=150, deadline=None)
@given(expressions())
def test_collecting_changes_no_value(expression: Expression) -> None:
    before = value(expression, STATE)
    for change in (cancel, collect):
        after = value(change(expression), STATE)
        if (
            before is not None
            and after is not None
            and free_letters(change(expression)) == free_letters(expression)
        ):
            assert abs(after - before) <= abs(before) * 1e-45 + 1e-45
