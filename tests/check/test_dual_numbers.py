"""Double precision with dual numbers: against values by hand, and against 50 digits."""

import pytest

from chainrule.check.doubles import Budget, Doubles, double_of
from chainrule.check.dual_numbers import (
    Dual,
    NotDefinedError,
    function,
    over,
    plain,
    plus,
    rate_of,
    times,
    to_the,
)
from chainrule.derive import ARITHMETIC, State, context_of, random_point, read_expression, value_of

X = Dual(1, 0.7, 1.0)


def test_rates_of_change_by_hand():
    assert rate_of(times(X, X), 1) == pytest.approx(1.4, abs=0)
    assert rate_of(over(1.0, Dual(1, 2.0, 1.0)), 1) == -0.25
    assert rate_of(to_the(Dual(1, 2.0, 1.0), 3.0), 1) == 12.0
    assert rate_of(function("ln", Dual(1, 4.0, 1.0)), 1) == 0.25
    assert rate_of(plus(2.0, 3.0), 1) == 0.0


def test_a_second_derivative_is_the_rate_of_a_rate():
    inner = Dual(2, Dual(1, 3.0, 1.0), 1.0)
    assert plain(rate_of(rate_of(to_the(inner, 3.0), 2), 1)) == 18.0


def test_a_sum_that_cancels_to_rounding_is_0():
    assert plus(0.1 + 0.2, -0.3) == 0.0
    assert plus(1.0, -1.0 + 1e-9) != 0.0


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: over(1.0, 0.0), "division by 0"),
        (lambda: function("ln", 0.0), "ln of 0"),
        (lambda: function("sqrt", -1.0), "sqrt of a negative number"),
        (lambda: function("exp", 800.0), "too large"),
        (lambda: to_the(-2.0, 0.5), "no real value"),
        (lambda: function("step", 0.0), "relu at 0"),
    ],
)
def test_what_has_no_value_says_why(make, reason):
    with pytest.raises(NotDefinedError, match=reason):
        make()


OPTIONS = (
    {},
    {"temperature": "T", "label_smoothing": "eps"},
    {"output": "sigmoid", "targets": "any"},
    {"reduction": "mean", "class_weight": True},
    {"hidden": ["tanh", "relu"], "targets": "soft"},
    {"loss": "squared-error", "targets": "any"},
    {"output": "log-softmax", "loss": "none"},
)
TEXTS = (
    "dE/dZ_k", "d2E/dZ_k dZ_j", "dO_i/dZ_k", "sum_i dE/dZ_i", "dE/dX_j", "d(ln(abs(O_i)) + tanh(Z_i)^3)/dZ_k",
    "d(sqrt(exp(Z_i)) + sigmoid(Z_i)/(2 + Z_i^2))/dZ_k", "dE/dO_k", "sum_{i != k} max(Z_i, Z_k)",
)  # fmt: skip


ASKED = [
    (text, options)
    for text in TEXTS
    for options in OPTIONS
    if options.get("loss") != "none" or "E" not in text
]


@pytest.mark.parametrize(("text", "options"), ASKED, ids=str)
def test_double_precision_agrees_with_50_digits(text, options):
    context = context_of(**options)
    expression = read_expression(text)
    point = random_point(context, 3, classes=3, examples=3 if context.reduction != "none" else 1)
    letters = {"i": 1, "k": 2, "j": 2}
    precise = value_of(expression, State(point), letters)
    quick = double_of(expression, Doubles(point, Budget(10**6)), letters)
    assert abs(quick - precise) <= 1e-12 * abs(precise) + ARITHMETIC.mpf("1e-50")
