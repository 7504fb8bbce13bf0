"""Formulas with the numbers of one example."""

from fractions import Fraction

import pytest

from chainrule.derive.context import context_of
from chainrule.derive.expressions import (
    LOSS,
    Call,
    Delta,
    Derivative,
    Entry,
    Expression,
    Number,
    Sum,
    Symbol,
    divide,
    multiply,
    negate,
    number,
    subtract,
)
from chainrule.derive.rewriting import Relation
from chainrule.derive.typeset import Numbers, given_numbers, latex, numeral, with_numbers
from chainrule.derive.typeset.numbers import assignments
from derive.handmade import EXAMPLE, LOSS_SUM, QUANTITY, SLOPE, O, Y, Z

ROW = {"Y": (1, 0, 0), "O": (0.2, 0.6, 0.2)}
ONE = number(1)


def value(expression: Expression) -> float | None:
    if not isinstance(expression, Entry) or expression.name not in ROW or len(expression.indices) != 1:
        return None
    (place,) = expression.indices
    row = ROW[expression.name]
    return row[place - 1] if isinstance(place, int) and place <= len(row) else None


def test_a_product_shows_the_numbers_of_its_letters() -> None:
    formula = multiply(number(-1), divide(ONE, O("k")), O("k"), subtract(ONE, O("k")))
    assert str(with_numbers(formula, value, {"k": 1})) == "-1/0.2*0.2*(1 - 0.2)"


def test_a_sum_over_few_classes_is_written_out() -> None:
    assert str(with_numbers(LOSS_SUM, value)) == "-(1*ln(0.2) + 0*ln(0.6) + 0*ln(0.2))"
    assert (
        latex(with_numbers(LOSS_SUM, value))
        == r"-(1 \cdot \ln (0.2) + 0 \cdot \ln (0.6) + 0 \cdot \ln (0.2))"
    )


def test_a_sum_over_many_classes_shows_its_first_terms_and_its_last() -> None:
    def many(expression: Expression) -> float | None:
        (place,) = expression.indices if isinstance(expression, Entry) else (0,)
        return place / 10 if isinstance(place, int) and place <= 1000 else None

    assert str(with_numbers(Sum("i", O("i")), many)) == "0.1 + 0.2 + 0.3 + ... + 100"


def test_a_sum_leaves_out_what_it_excludes() -> None:
    assert str(with_numbers(Sum("i", Y("i"), ("k",)), value, {"k": 2})) == "1 + 0"


def test_a_letter_without_a_position_stays() -> None:
    assert str(with_numbers(multiply(O(1), O("k")), value)) == "0.2*O_k"
    assert str(with_numbers(Sum("i", multiply(O("i"), Entry("X", None, ("j",)))), value)) == (
        "0.2*X_j + 0.6*X_j + 0.2*X_j"
    )


def test_the_true_class_and_deltas_become_numbers() -> None:
    numbers = Numbers(value, true_class=2)
    assert str(with_numbers(O("c"), numbers)) == "0.6"
    assert str(with_numbers(Delta("k", "c"), numbers, {"k": 2})) == "1"
    assert str(with_numbers(Sum("i", Delta("i", "c")), numbers)) == "sum_i delta_i2"


def test_derivatives_show_their_value() -> None:
    numbers = given_numbers(context_of(**EXAMPLE))
    assert numbers is not None
    assert str(with_numbers(SLOPE, numbers, {"i": 1, "k": 2})) == "-0.12"
    assert str(with_numbers(Derivative(LOSS_SUM, (Z("k"),)), numbers, {"k": 1})) == "-0.8"


@pytest.mark.parametrize(
    ("real", "text"), [(1.60944, "1.6094"), (-0.0, "0"), (3, "3"), (1e-7, "1e-07"), (123456.7, "1.2346e+05")]
)
def test_numbers_are_rounded_to_five_digits(real: float, text: str) -> None:
    assert str(numeral(real)) == text


def test_numbers_that_are_not_finite_are_said() -> None:
    assert str(numeral(float("inf"))) == "inf"
    assert str(numeral(float("nan"))) == "nan"


def test_the_digits_can_be_chosen() -> None:
    assert str(with_numbers(LOSS, Numbers(lambda _: 1.6094379, digits=6))) == "1.60944"


def test_a_case_chooses_the_positions() -> None:
    numbers = Numbers(value, most_positions=100)
    assert len(assignments((O("i"), O("k")), None, numbers)) == 9
    assert len(assignments((O("i"), O("k")), Relation("i", "k", True), numbers)) == 3
    assert len(assignments((O("i"), O("k")), Relation("i", "k", False), numbers)) == 6
    assert assignments((O("k"),), Relation("k", "c", True), Numbers(value, true_class=3)) == ({"k": 3},)


def test_an_example_determines_what_follows_from_it_and_nothing_else() -> None:
    numbers = given_numbers(context_of(**EXAMPLE))
    assert numbers is not None
    assert float(numbers.value(LOSS)) == pytest.approx(1.6094379)  # type: ignore[arg-type]
    slopes = [float(numbers.value(Derivative(LOSS, (Z(k),)))) for k in (1, 2, 3)]  # type: ignore[arg-type]
    assert slopes == pytest.approx([-0.8, 0.6, 0.2])
    assert numbers.value(Entry("W", None, (1, 1))) is None
    assert numbers.value(Derivative(LOSS, (Entry("X", None, (1,)),))) is None
    assert numbers.value(Symbol("N")) is None


def test_targets_that_are_not_given_stay_letters() -> None:
    numbers = given_numbers(context_of(probabilities=[0.2, 0.8]))
    assert numbers is not None
    assert numbers.value(LOSS) is None
    assert str(with_numbers(subtract(O("k"), Y("k")), numbers, {"k": 1})) == "0.2 - Y_1"


def test_a_temperature_that_is_a_letter_leaves_the_logits_open() -> None:
    numbers = given_numbers(context_of(temperature="T", **EXAMPLE))
    assert numbers is not None
    assert numbers.value(Z(1)) is None
    assert numbers.value(QUANTITY) is None
    assert float(numbers.value(O(2))) == pytest.approx(0.6)  # type: ignore[arg-type]


def test_without_an_example_there_are_no_numbers() -> None:
    assert given_numbers(context_of()) is None
    assert given_numbers(context_of(reduction="mean", probabilities=[0.5, 0.5])) is None


def test_written_numbers_keep_their_parentheses() -> None:
    negative = Number(Fraction(-1, 5), "-0.2")
    assert str(with_numbers(multiply(O("k"), Y("k")), lambda _: -0.2, {"k": 1})) == "-0.2*(-0.2)"
    assert str(negate(multiply(O("k"), negative))) == "-O_k*(-0.2)"
    assert str(with_numbers(Call("ln", (O("k"),)), lambda _: -0.2, {"k": 1})) == "ln(-0.2)"
