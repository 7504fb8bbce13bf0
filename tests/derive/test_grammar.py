"""Formulas are read by the rules of precedence, and what is printed is read back."""

import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.derive import parenthesised, read_expression, read_quantity
from chainrule.derive.ascii_text import ascii_text
from chainrule.derive.expressions import (
    LOSS,
    MINUS_ONE,
    Add,
    Call,
    Delta,
    Derivative,
    Divide,
    Entry,
    Expression,
    Multiply,
    Number,
    Power,
    Sum,
    Symbol,
    number,
)
from derive.formulas import FORMULAS, fingerprint

O_i, O_k, Y_i, Y_k, Z_j, Z_k = (
    Entry(name, None, (index,)) for name, index in ("Oi", "Ok", "Yi", "Yk", "Zj", "Zk")
)


def test_a_difference_is_a_sum_with_a_negative_term():
    assert read_expression("O_k - Y_k") == Add((O_k, Multiply((MINUS_ONE, Y_k))))


def test_a_minus_sign_binds_less_than_a_power():
    assert read_expression("-O_k^2") == Multiply((MINUS_ONE, Power(O_k, number(2))))
    assert read_expression("(-O_k)**2") == Power(Multiply((MINUS_ONE, O_k)), number(2))


def test_powers_are_taken_from_the_right():
    assert read_expression("O_k^Y_k^2") == Power(O_k, Power(Y_k, number(2)))
    assert read_expression("2^-1") == Power(number(2), number(-1))


def test_products_and_quotients_are_taken_from_the_left():
    assert read_expression("O_k/Y_k*Z_k") == Multiply((Divide(O_k, Y_k), Z_k))
    assert read_expression("O_k/Y_k/Z_k") == Divide(Divide(O_k, Y_k), Z_k)


def test_a_sum_takes_its_factors_up_to_the_next_plus_or_minus():
    body = Multiply((Y_i, Call("ln", (O_i,))))
    assert read_expression("sum_i Y_i*ln(O_i) - O_k") == Add((Sum("i", body), Multiply((MINUS_ONE, O_k))))
    assert read_expression("sum_i (Y_i - O_i)/K") == Sum(
        "i", Divide(read_expression("Y_i - O_i"), Symbol("K"))
    )
    assert read_expression("sum_i -Y_i") == Sum("i", Multiply((MINUS_ONE, Y_i)))


def test_a_sum_leaves_out_what_is_named_below_it():
    assert read_expression("sum_{i != k, i != 2} O_i") == Sum("i", O_i, ("k", 2))
    assert read_expression("sum_{i=2}^K O_i") == Sum("i", O_i, (1,))


def test_where_letters_run_out_a_sum_binds_a_letter_with_digits():
    body = Multiply((Entry("W", 2, ("k", "i1")), Entry("A", 1, ("i1",)), Delta("i1", 2)))
    for formula in (Sum("i1", body), Sum("i1", body, ("k", 3))):
        assert read_expression(str(formula)) == formula
    assert read_expression("O_{i1}") == Entry("O", None, ("i", 1))


def test_a_sum_up_to_a_number_is_written_out():
    assert str(read_expression("sum_{i=2}^4 O_i*Y_k")) == "O_2*Y_k + O_3*Y_k + O_4*Y_k"


def test_several_indices_below_a_sum_are_sums_within_sums():
    assert (
        str(read_expression("sum_ij O_i*O_j"))
        == str(read_expression("sum_{i,j} O_i*O_j"))
        == "sum_i sum_j O_i*O_j"
    )


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("O_k(1 - O_k)", "O_k*(1 - O_k)"),
        ("2O_k", "2*O_k"),
        ("(O_k)(Y_k)", "O_k*Y_k"),
        ("O_k Y_k", "O_k*Y_k"),
        ("O_kY_k", "O_k*Y_k"),
        ("y_ko_k", "Y_k*O_k"),
        ("Y_iln(O_i)", "Y_i*ln(O_i)"),
        ("O1O2", "O_1*O_2"),
        ("KO_k", "K*O_k"),
        ("1/N(O_k - Y_k)", "1/N*(O_k - Y_k)"),
        ("dE/dO_i dO_i/dZ_k", "dE/dO_i*dO_i/dZ_k"),
        ("2 sum_i O_i", "2*sum_i O_i"),
    ],
)
def test_what_stands_side_by_side_is_multiplied(typed, read):
    assert str(read_expression(typed)) == read


@pytest.mark.parametrize(
    ("typed", "entry"),
    [
        ("Z_3", Entry("Z", None, (3,))),
        ("Z3", Entry("Z", None, (3,))),
        ("Z_12", Entry("Z", None, (12,))),
        ("Z[0]", Entry("Z", None, (1,))),
        ("Z [0]", Entry("Z", None, (1,))),
        ("Z[k]", Z_k),
        ("O_c", Entry("O", None, ("c",))),
        ("O_nk", Entry("O", None, ("n", "k"))),
        ("O_{1,2}", Entry("O", None, (1, 2))),
        ("W21", Entry("W", None, (2, 1))),
        ("W_21", Entry("W", None, (2, 1))),
        ("W_{21}", Entry("W", None, (2, 1))),
        ("W_{12,3}", Entry("W", None, (12, 3))),
        ("W_k12", Entry("W", None, ("k", 12))),
        ("W2_kj", Entry("W", 2, ("k", "j"))),
        ("W2[3,1]", Entry("W", 2, (4, 2))),
        ("W[3][1]", Entry("W", None, (4, 2))),
        ("W12_{k,j}", Entry("W", 12, ("k", "j"))),
        ("A1_j", Entry("A", 1, ("j",))),
        ("U2_3", Entry("U", 2, (3,))),
        ("b1[0]", Entry("b", 1, (1,))),
        ("w_k", Entry("w", None, ("k",))),
        ("w_kj", Entry("W", None, ("k", "j"))),
        ("w2_kj", Entry("W", 2, ("k", "j"))),
    ],
)
def test_subscripts_count_from_1_and_brackets_from_0(typed, entry):
    assert read_expression(typed) == entry


@pytest.mark.parametrize("typed", ["delta_kc", "delta_{kc}", "delta_{k,c}", "delta_{k c}"])
def test_the_kronecker_delta_has_two_indices(typed):
    assert read_expression(typed) == Delta("k", "c")


@pytest.mark.parametrize(
    ("typed", "of", "by"),
    [
        ("dE/dZ_k", LOSS, [Z_k]),
        ("dE/dZ1", LOSS, [Entry("Z", None, (1,))]),
        ("dE/dZ_c", LOSS, [Entry("Z", None, ("c",))]),
        ("dO_i/dZ_k", O_i, [Z_k]),
        ("dE/dW2[3,1]", LOSS, [Entry("W", 2, (4, 2))]),
        ("dE/dw_kj", LOSS, [Entry("W", None, ("k", "j"))]),
        ("dE/db_k", LOSS, [Entry("b", None, ("k",))]),
        ("dE/dA1_j", LOSS, [Entry("A", 1, ("j",))]),
        ("dE/dX[5]", LOSS, [Entry("X", None, (6,))]),
        ("d2E/dZ_k dZ_j", LOSS, [Z_k, Z_j]),
        ("d2E/dZ_kdZ_j", LOSS, [Z_k, Z_j]),
        ("d2e/dz_kdz_j", LOSS, [Z_k, Z_j]),
        ("d^2E/(dZ_k dZ_j)", LOSS, [Z_k, Z_j]),
        ("d2E/dZ_k^2", LOSS, [Z_k, Z_k]),
        ("d^2E/dZ_k^2", LOSS, [Z_k, Z_k]),
        ("d(dE/dZ_k)/dZ_j", Derivative(LOSS, (Z_k,)), [Z_j]),
        ("d(O_k*Y_k)/dZ_j", Multiply((O_k, Y_k)), [Z_j]),
        ("dln(O_i)/dZ_k", Call("ln", (O_i,)), [Z_k]),
        ("d/dZ_k ln(O_i)*Y_i", Multiply((Call("ln", (O_i,)), Y_i)), [Z_k]),
    ],
)
def test_derivatives_are_read_in_every_form(typed, of, by):
    assert read_expression(typed) == Derivative(of, tuple(by))


def test_a_second_derivative_is_one_derivative_and_what_follows_it_a_factor():
    assert read_expression("d2E/dZ_k dZ_j O_i") == Multiply((Derivative(LOSS, (Z_k, Z_j)), O_i))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("o_k - y_k", "O_k - Y_k"),
        ("p_k - t_k", "O_k - Y_k"),
        ("P_k - T_k", "O_k - Y_k"),
        ("T1 + T", "Y_1 + T"),
        ("L + J + C + loss", "E + E + E + E"),
        ("1/H", "1/K"),
        ("S(Z_k)", "O_k"),
        ("softmax(Z)_k", "O_k"),
        ("softmax(Z)[0]", "O_1"),
        ("softmax_k(z)", "O_k"),
        ("sigma(Z_k)", "O_k"),
        ("sigma(U1_j)", "sigmoid(U1_j)"),
        ("yhat_k", "O_k"),
        ("y_hat_k", "O_k"),
        ("e_i", "-Y_i*ln(O_i)"),
        ("e^Z_k", "exp(Z_k)"),
        ("ln O_i", "ln(O_i)"),
        ("log_2(O_k)", "ln(O_k)/ln(2)"),
        ("[O_k - Y_k]*X_j", "(O_k - Y_k)*X_j"),
        ("sum(Y_j)", "sum_j Y_j"),
        ("-sum y_i ln(p_i)", "-sum_i Y_i*ln(O_i)"),
        ("ReLU(U1_j)", "relu(U1_j)"),
        ("softmax(O)_k", "exp(O_k)/(sum_i exp(O_i))"),
    ],
)
def test_other_ways_of_writing_are_read(typed, read):
    assert str(read_expression(typed)) == str(read_expression(read))


def test_a_decimal_keeps_how_it_was_typed_and_others_are_exact():
    typed = read_expression("1.60940")
    assert isinstance(typed, Number)
    assert (typed.value, typed.literal) == (Fraction("1.6094"), "1.60940")
    assert str(read_expression("-0.80")) == "-0.80"
    assert read_expression("3") == Number(Fraction(3))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("dE/dZ - O + Y", "dE/dZ_k - O_k + Y_k"),
        ("dE/dZ_i - O + Y", "dE/dZ_i - O_i + Y_i"),
        ("O*sum(Y) - Y", "O_k*(sum_i Y_i) - Y_k"),
        ("sum(Y*ln(O))", "sum_i Y_i*ln(O_i)"),
        ("sum_i Y*ln(O)", "sum_i Y_i*ln(O_i)"),
        ("O*sum_k Y_k", "O_i*sum_k Y_k"),
        ("(O - Y)_k", "O_k - Y_k"),
        ("(O - Y)*X^T", "(O_k - Y_k)*X_j"),
        ("(O - Y) X", "(O_k - Y_k)*X_j"),
        ("W*X + b", "sum_i W_ki*X_i + b_k"),
        ("W^T (O - Y)", "sum_i W_ij*(O_i - Y_i)"),
        ("-Y^T ln(O)", "-sum_i Y_i*ln(O_i)"),
        ("dE/dW", "dE/dW_kj"),
    ],
)
def test_vectors_without_an_index_are_read_element_by_element(typed, read):
    assert str(read_expression(typed)) == str(read_expression(read))


@pytest.mark.parametrize(
    "typed", ["E", "dE/dZ_k", "sum_i V_i*dO_i/dZ_k", "d2E/dZ_k dZ_j", "sum_{i != k} O_i"]
)
def test_a_quantity_is_an_expression(typed):
    assert read_quantity(typed) == read_expression(typed)


def test_a_reading_has_every_operation_in_parentheses():
    assert (
        parenthesised(read_expression("-O_k^2 + sum_i 2Y_i*O_k/N")) == "(-(O_k^2)) + (sum_i ((2*Y_i*O_k)/N))"
    )


@settings(max_examples=300)
@given(FORMULAS)
def test_what_is_printed_is_read_back_with_the_same_text(formula):
    text = ascii_text(formula)
    read = read_expression(text)
    assert ascii_text(read) == text
    assert fingerprint(read) == fingerprint(formula)


@settings(max_examples=300)
@given(FORMULAS)
def test_a_reading_in_parentheses_is_read_back_as_the_same_formula(formula):
    read = read_expression(ascii_text(formula))
    again = read_expression(parenthesised(read))
    assert parenthesised(again) == parenthesised(read)
    assert fingerprint(again) == fingerprint(formula)


_NUMBERS = st.integers(1, 9).map(str)
_ARITHMETIC = st.recursive(
    _NUMBERS,
    lambda inner: st.one_of(
        st.builds("{}{}{}".format, inner, st.sampled_from(["+", "-", "*", "/", " - ", "*-"]), inner),
        st.builds("{}**{}".format, inner.filter(str.isdigit), st.sampled_from(["2", "-2", "-1**2", "2**-1"])),
        st.builds("({})".format, inner),
        inner.filter(lambda text: not text.startswith("-")).map("-{}".format),
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(_ARITHMETIC)
def test_precedence_is_that_of_arithmetic(typed):
    """Python's own rules are the same: a power from the right, then a minus sign, then * and /."""
    exact = re.sub(r"\d+", r"Fraction(\g<0>)", typed)
    try:
        expected = eval(exact, {"Fraction": Fraction})
    except ZeroDivisionError:
        return
    assert _value(read_expression(typed)) == pytest.approx(float(expected), rel=1e-12)


def _value(expression: Expression) -> float:
    match expression:
        case Number(value):
            return float(value)
        case Add(terms):
            return sum(map(_value, terms))
        case Multiply(factors):
            product = 1.0
            for factor in factors:
                product *= _value(factor)
            return product
        case Divide(numerator, denominator):
            return _value(numerator) / _value(denominator)
        case Power(base, exponent):
            return _value(base) ** _value(exponent)
    raise AssertionError(expression)
