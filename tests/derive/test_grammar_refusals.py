"""What is no formula is refused with its place; what would take without bound, by a bound."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.derive import GrammarError, read_claim, read_expression, read_quantity
from chainrule.derive.ascii_text import ascii_text
from chainrule.errors import ArgumentError
from derive.formulas import FORMULAS


@pytest.mark.parametrize(
    ("typed", "position", "message"),
    [
        ("foo", 0, "a formula is made of letters and words that are known; got 'foo'"),
        ("sofmax(Z)", 0, "Did you mean softmax"),
        ("Q_k", 0, "The letters are E O Z Y X W b U A"),
        ("O_k - k", 6, "Indices stand below a letter, such as O_k"),
        ("O_K", 1, "a subscript is made of lower-case letters and numbers"),
        ("O_k +", 5, "got nothing at the end"),
        ("(O_k", 4, "every ( is closed by ); got nothing"),
        ("O_k)", 3, "every parenthesis is opened before it is closed"),
        ("O_k 2", 4, "a sign stands before a number"),
        ("2 3", 2, "a sign stands between two numbers"),
        ("Z_0", 0, "subscripts count from 1; got 0 at position 0. The first is Z_1"),
        ("Z[-1]", 0, "brackets hold positions or letters"),
        ("Z_123456789012", 0, "a position is at most 10,000,000"),
        ("W_k", 0, "a weight has two indices; got W with 1"),
        ("W2", 0, "Layer 2 is written W2_kj"),
        ("W123", 0, "two positions of several digits have a comma between them"),
        ("O_nkj", 0, "O has one index, or two in a batch"),
        ("O2_k", 0, "O belongs to no layer"),
        ("W0_kj", 0, "layers count from 1"),
        ("E_i", 0, "Write E, or e_i for the part -Y_i*ln(O_i)"),
        ("K_1", 0, "K has no index"),
        ("delta_i", 0, "delta has two indices"),
        ("sum W_kj", 0, "a sum names its index where there is not one alone; got indices j and k"),
        ("sum(O_1)", 0, "a sum names its index where there is not one alone; got no index"),
        ("sum_{i != i} O_i", 0, "the index of a sum is a letter of its own"),
        ("sum_{i < k} O_i", 0, "sum has an index below it"),
        ("max(O_k)", 0, "max has at least two arguments; got 1"),
        ("exp(O_k, 1)", 0, "exp has one argument; got 2"),
        ("exp_2(O_k)", 0, "functions have no index"),
        ("dE/dZ_k dZ_j", 8, "a d belongs to a derivative; got no / behind it"),
        ("dE/dZ_k^2", 7, "The second derivative is d2E/dZ_k^2, the square of the first (dE/dZ_k)^2"),
        ("d2E/dZ_k", 0, "a derivative of order 2 is taken by 2 variables; got 1"),
        ("dE/dK", 4, "derivatives are taken by O Z W b X U A Y; got K"),
        ("dE/Z_k", 0, "a derivative of order 1 is taken by 1 variable; got 0"),
        ("", 0, "a formula has letters or numbers; got an empty text"),
        ("__import__('os')", 0, "a subscript is made of"),
        ("().__class__", 2, "a formula is made of letters, numbers and + - * / ^ = ( ); got '.'"),
        ("O_k; E", 3, "got ';'"),
        ("W*(O - Y)", 0, "a product of vectors and matrices is W*X"),
    ],
)
def test_what_is_no_formula_is_refused_at_its_place(typed, position, message):
    with pytest.raises(GrammarError) as refused:
        read_expression(typed, call="derive")
    assert message in str(refused.value)
    assert refused.value.position == position


def test_a_quantity_is_no_equation():
    with pytest.raises(GrammarError, match="a quantity is no equation; got '=' at position 8"):
        read_quantity("dE/dZ_k = O_k")


def test_an_error_shows_the_line_and_the_place():
    with pytest.raises(ArgumentError) as refused:
        read_claim("E = 1\ndE/dZ_k = O_k - foo_k")
    assert refused.value.line == 2
    assert refused.value.pointer() == "dE/dZ_k = O_k - foo_k\n                ^"
    assert pickle.loads(pickle.dumps(refused.value)).pointer() == refused.value.pointer()


def test_the_line_of_a_long_text_is_cut_to_what_is_near():
    with pytest.raises(GrammarError) as refused:
        read_expression("O_k + " * 300 + "foo")
    line, caret = refused.value.pointer().split("\n")
    assert len(line) <= 72
    assert line[caret.index("^") :] == "foo"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("9^9^9^9", "an exponent that is a number is at most 1000"),
        ("9^(10^400)", "an exponent that is a number is at most 1000"),
        ("O_k^1e300", "an exponent that is a number is at most 1000"),
        ("exp(9^9^9)", "an exponent that is a number is at most 1000"),
        ("exp(1e9)", "an exponent that is a number is at most 1000"),
        ("2^(1/0.00001)", "an exponent that is a number is at most 1000"),
        ("2^exp(100)", "an exponent that is a number is at most 1000"),
        ("2^(500*3)", "an exponent that is a number is at most 1000"),
        ("2^(sum_{i=1}^100 20)", "an exponent that is a number is at most 1000"),
        ("(9^999)^999", "a power of numbers has at most 2000 digits"),
        ("((1/9)^999)^999", "a power of numbers has at most 2000 digits"),
        ("exp(exp(exp(exp(Z_k))))", "at most 3 exponents stand within exponents"),
        ("Z_k^Z_k^Z_k^Z_k^Z_k", "at most 3 exponents stand within exponents"),
        ("1e99999", "a number has at most 60 digits, and an exponent of at most 300"),
        ("9" * 100, "a number has at most 60 digits"),
        ("O" * 4001, "a text has at most 4,000 characters; got 4,001"),
        ("O_k" * 5000, "a text has at most 4,000 characters"),
        ("(" * 1000 + "E" + ")" * 1000, "nested at most 70 deep"),
        ("-" * 3000 + "E", "at most 100 divisions and minus signs"),
        ("E/" * 900 + "E", "at most 100 divisions and minus signs"),
        ("2^" * 900 + "E", "nested at most 70 deep"),
        ("exp(" * 900, "nested at most 70 deep"),
        ("sum_i " * 600 + "O_i", "nested at most 70 deep"),
        ("ln" * 900 + "E", "nested at most 70 deep"),
        ("d(" * 900, "nested at most 70 deep"),
        ("{" * 4000, "nested at most 70 deep"),
        (r"\frac{" * 600 + "}" * 400, r"every { is closed by }"),
        (r"\sqrt{" * 500 + "}" * 500, "braces are nested at most 70 deep"),
        ("OE" * 1999, "a formula has at most 2000 operations, letters and numbers"),
        ("sum_{i=1}^99 sum_{j=1}^99 sum_{k=1}^99 O_i", "a formula has at most 2000 operations"),
        (
            "sum_i sum_j sum_k sum_m sum_n sum_p sum_q O_i*O_j*O_k*O_m*O_n*O_p*O_q",
            "a formula takes at most 20,000 operations at 5 classes",
        ),
        ("d4(d4(d4(E)/dZ_1^4)/dZ_1^4)/dZ_1^4", "a formula takes at most 20,000 operations at 5 classes"),
        ("sum_{i=1}^999 O_i", "has one index and 1 to 100 terms"),
    ],
)
def test_what_would_take_without_bound_is_refused(typed, message):
    with pytest.raises(GrammarError) as refused:
        read_expression(typed)
    assert message in str(refused.value)
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("E=1;" * 900, "a claim has at most 60 parts"),
        ("E=" * 900 + "E", "a chain has at most 60 sides"),
        ("\n" * 3999 + "E", "every part of a claim has an equals sign"),
    ],
)
def test_a_claim_without_bound_is_refused(typed, message):
    with pytest.raises(GrammarError, match=message):
        read_claim(typed)


def test_what_is_within_the_bounds_is_read():
    assert str(read_expression("9^999/exp(1000)")) == "9^999/exp(1000)"
    assert str(read_expression("exp(exp(exp(Z_k)))")) == "exp(exp(exp(Z_k)))"


def test_the_derivation_of_a_deep_network_is_within_the_bounds():
    through = "".join(f"sum_{{i}} W{layer}_ij*step(U{layer}_i)*" for layer in range(2, 64))
    assert str(read_expression(f"X_j*{through}O_i")).count("sum_i") == 62


_PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "O_k",
                "Y_i",
                "W2_kj",
                "W2[3,1]",
                "dE/dZ_k",
                "d2E/",
                "dZ_j",
                "sum_i",
                "sum_{i!=k}",
                "sum(",
                "ln",
                "max(",
            ),
            *"()[]{}+-*/^=,;_&$'. \n",
            *(
                "if",
                "and",
                "k = c",
                "one-hot",
                "2",
                "0.5",
                "1e9",
                "e^",
                "X^T",
                "W",
                "T",
                "d",
                "S(",
                "eps",
                "é",
            ),
            *("\\frac{", "\\partial", "\\sum_", "\\left(", "_{", "∂", "ₖ", "²", "Σ", "\\\\"),
        ]
    ),
    max_size=25,
)


@settings(max_examples=500)
@given(st.one_of(_PIECES.map("".join), _PIECES.map(" ".join), st.text(max_size=40)))
def test_any_text_is_read_or_refused(text):
    for read in (read_expression, read_claim, read_quantity):
        try:
            read(text)
        except GrammarError as error:
            refused = error
        else:
            continue
        assert 0 <= refused.position <= len(text)
        assert "^" in refused.pointer()


@settings(max_examples=300)
@given(FORMULAS, st.integers(0, 200), st.sampled_from("()_^*/+-=,;ix3 dW"))
def test_a_formula_with_a_slip_of_the_hand_is_read_or_refused(formula, place, sign):
    text = ascii_text(formula)
    place = min(place, len(text))
    for changed in (text[:place] + sign + text[place:], text[:place] + text[place + 1 :]):
        try:
            read_expression(changed)
        except GrammarError as error:
            refused = error
        else:
            continue
        assert refused.position <= len(changed)
