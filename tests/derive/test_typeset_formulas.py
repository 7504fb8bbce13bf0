"""Single formulas as LaTeX and MathML."""

import re
from collections.abc import Iterator
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.derive.expressions import (
    FUNCTIONS,
    LOSS,
    MINUS_ONE,
    ONE,
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
    add,
    divide,
    multiply,
    negate,
    number,
    subtract,
)
from chainrule.derive.typeset import latex, mathml
from derive.handmade import LOSS_SUM, QUANTITY, SOFTMAX, O, Y, Z, ln

MATH = "{http://www.w3.org/1998/Math/MathML}"

FIFTH = Number(Fraction(1, 5), "0.2")
LESS_A_FIFTH = Add((ONE, Multiply((MINUS_ONE, FIFTH))))
FORMULAS = {
    r"\frac{\partial E}{\partial Z_{k}}": QUANTITY,
    r"\frac{\partial^{2}E}{\partial Z_{k}\partial Z_{j}}": Derivative(LOSS, (Z("k"), Z("j"))),
    r"\frac{\partial^{2}E}{\partial Z_{k}^{2}}": Derivative(LOSS, (Z("k"), Z("k"))),
    r"-\sum_{i} Y_{i}\, \ln O_{i}": LOSS_SUM,
    r"\frac{\partial}{\partial Z_{k}}\left(-\sum_{i} Y_{i}\, \ln O_{i}\right)": Derivative(LOSS_SUM, (Z("k"),)),
    r"\frac{e^{Z_{i}}}{\sum_{j} e^{Z_{j}}}": SOFTMAX,
    r"\sum_{i \neq k} Y_{i}": Sum("i", Y("i"), ("k",)),
    r"O_{k}^{2}": Power(O("k"), number(2)),
    r"(A_{j}^{(2)})^{2}": Power(Entry("A", 2, ("j",)), number(2)),
    r"W_{12, 3}^{(2)}": Entry("W", 2, (12, 3)),
    r"W_{kj}": Entry("W", None, ("k", "j")),
    r"\delta_{ik}": Delta("i", "k"),
    r"\left(\sum_{j} Y_{j}\right)\, O_{k}": multiply(Sum("j", Y("j")), O("k")),
    r"(\ln O_{i})\, Y_{i}": multiply(ln(O("i")), Y("i")),
    r"(O_{k} - Y_{k})\, O_{k}\, (1 - O_{k})": multiply(subtract(O("k"), Y("k")), O("k"), subtract(ONE, O("k"))),
    r"\left(\frac{\partial}{\partial Z_{k}}e^{Z_{k}}\right)\, O_{i}": multiply(
        Derivative(Call("exp", (Z("k"),)), (Z("k"),)), O("i")
    ),
    r"Y_{i} - (O_{k} + O_{i})": subtract(Y("i"), Add((O("k"), O("i")))),
    r"\varepsilon": Symbol("eps"),
    r"1.2 \cdot 10^{-5}": Number(Fraction("1.2e-05"), "1.2e-05"),
    r"\frac{1}{0.2} \cdot 0.2\, (1 - 0.2)": Multiply((Divide(ONE, FIFTH), FIFTH, LESS_A_FIFTH)),
    r"\operatorname{step}(U_{j}^{(1)})": Call("step", (Entry("U", 1, ("j",)),)),
    r"|1 - O_{k}|": Call("abs", (subtract(ONE, O("k")),)),
    r"\sqrt{T}": Call("sqrt", (Symbol("T"),)),
    r"\max (1, O_{k})": Call("max", (ONE, O("k"))),
}  # fmt: skip

indices = st.sampled_from(["i", "j", "k", "c", "i1", 1, 12])
entries = st.builds(
    Entry,
    st.sampled_from(list("OZYXWbUA")),
    st.none() | st.integers(1, 20),
    st.lists(indices, min_size=1, max_size=2).map(tuple),
)
leaves = (
    entries
    | st.sampled_from([Symbol("K"), Symbol("N"), Symbol("T"), Symbol("eps"), LOSS])
    | st.builds(Delta, indices, indices)
    | st.fractions(-9, 9, max_denominator=7).map(number)
)


def _larger(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(inner, min_size=2, max_size=3)
    return (
        several.map(lambda terms: add(*terms))
        | several.map(lambda factors: multiply(*factors))
        | inner.map(negate)
        | st.builds(divide, inner, inner)
        | st.builds(Power, inner, inner)
        | st.builds(Call, st.sampled_from(FUNCTIONS), st.tuples(inner))
        | st.builds(Sum, st.sampled_from("imn"), inner, st.sampled_from([(), ("k",), ("k", "c"), (2,)]))
        | st.builds(Derivative, inner, st.lists(entries, min_size=1, max_size=2).map(tuple))
    )


expressions = st.recursive(leaves, _larger, max_leaves=12)


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_written_as_a_book_writes_them(text: str) -> None:
    assert latex(FORMULAS[text]) == text


@given(expressions)
def test_latex_is_balanced(expression: Expression) -> None:
    text = latex(expression)
    depth = 0
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    assert text.count(r"\left") == text.count(r"\right")
    assert "__" not in text.replace("}_", "_")


@given(expressions)
def test_latex_is_read_by_another_reader(expression: Expression) -> None:
    mathtext = pytest.importorskip("matplotlib.mathtext", reason="matplotlib is not installed")
    mathtext.MathTextParser("path").parse(f"${latex(expression)}$")


@given(expressions)
def test_mathml_has_every_element_with_as_many_parts_as_it_needs(expression: Expression) -> None:
    found = ElementTree.fromstring(mathml(expression))
    assert found.tag == f"{MATH}math"
    assert found.get("alttext") == str(expression)
    needed = {"mfrac": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "msqrt": 1}
    for element in found.iter():
        name = element.tag.removeprefix(MATH)
        assert len(element) == needed.get(name, len(element))
        if name in ("mi", "mn", "mo", "mtext"):
            assert element.text


@given(expressions)
def test_mathml_says_the_letters_and_numbers_of_the_text(expression: Expression) -> None:
    drawn = sorted(_said(ElementTree.fromstring(mathml(expression))))
    numbers = set(re.findall(r"\d+", str(expression))) - _powers_of_derivatives(expression)
    assert set("".join(drawn)) >= set("".join(numbers))  # delta_11 has the subscripts 1 and 1
    for letter in ("O", "Z", "Y", "X", "W", "K", "N"):
        assert (letter in drawn) is bool(re.search(f"(?<![A-Za-z]){letter}|d{letter}", str(expression)))


def test_a_formula_escapes_what_it_is_given() -> None:
    assert "<b>" not in mathml(Symbol("<b>"))
    assert "&lt;b&gt;" in mathml(Symbol("<b>"))


def _said(found: ElementTree.Element) -> Iterator[str]:
    for element in found.iter():
        if element.tag.removeprefix(MATH) in ("mi", "mn") and element.text:
            yield element.text


def _powers_of_derivatives(expression: Expression) -> set[str]:
    """Return the orders that the text writes: a derivative of a derivative is drawn without its 2."""
    return {"2"} if "d2" in str(expression) or "^2" in str(expression) else set()


def test_what_is_simple_is_an_exponent_and_what_is_not_stands_in_a_line() -> None:
    assert latex(Call("exp", (divide(Z("k"), Symbol("T")),))) == "e^{Z_{k}/T}"
    assert latex(Call("exp", (negate(Z("k")),))) == "e^{-Z_{k}}"
    assert latex(Call("exp", (subtract(Z("k"), Z("i")),))) == r"\exp (Z_{k} - Z_{i})"
