"""Claims are read part by part, chains line by line, conditions piece by piece."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.derive import (
    ClaimPart,
    Condition,
    GrammarError,
    OneHot,
    Place,
    Setting,
    read_claim,
    read_expression,
    read_parts,
)
from chainrule.derive.ascii_text import ascii_text
from chainrule.derive.rewriting import Relation
from derive.formulas import FORMULAS


def _readings(typed):
    return [part.read_as for part in read_claim(typed)]


@pytest.mark.parametrize("separator", ["; ", ", ", " and ", "\n", ";\n", ";;", ". "])
def test_parts_are_separated_by_signs_words_and_lines(separator):
    typed = f"dE/dZ1 = O1 - 1{separator}dE/dZ2 = O1 - 1"
    assert _readings(typed) == ["dE/dZ_1 = O_1 - 1", "dE/dZ_2 = O_1 - 1"]


def test_a_comma_in_parentheses_braces_or_brackets_separates_nothing():
    typed = "max(0, U1_j) = W_{12,3}, W2[3,1] = sum_{i != k, i != j} O_i"
    assert _readings(typed) == ["max(0, U1_j) = W_{12,3}", "W2_42 = sum_{i != k, i != j} O_i"]


def test_a_chain_has_an_expression_for_every_side():
    (part,) = read_claim("dE/dZ1 = dE/dZ2 = O1 - 1")
    assert part.expressions == tuple(map(read_expression, ["dE/dZ1", "dE/dZ2", "O1 - 1"]))


def test_a_line_that_begins_or_ends_with_an_operation_goes_on():
    typed = (
        "dE/dZ_k = sum_i dE/dO_i\n *dO_i/dZ_k\n\n  = O_k*sum_i Y_i\n - Y_k\n= O_k -\nY_k\nif one-hot\n-E = 1"
    )
    assert _readings(typed) == [
        "dE/dZ_k = sum_i (dE/dO_i*dO_i/dZ_k) = (O_k*(sum_i Y_i)) - Y_k = O_k - Y_k if one-hot",
        "-E = 1",
    ]


def test_each_part_and_each_side_knows_where_it_stands():
    typed = "E = 1\ndE/dZ_k = O_k\n  = Y_k if k = c; K = 2"
    first, second, third = read_claim(typed)
    assert (first.source, first.place) == ("E = 1", Place(0, 5, 1))
    assert second.source == "dE/dZ_k = O_k\n  = Y_k if k = c"
    assert [typed[place.start : place.end] for place in second.places] == ["dE/dZ_k", "O_k", "Y_k"]
    assert [place.line for place in second.places] == [2, 2, 3]
    assert (third.source, third.place.line) == ("K = 2", 3)


def test_places_of_pasted_formulas_are_those_of_what_was_pasted():
    typed = r"\frac{\partial E}{\partial Z_k} = \hat{y}_k - y_k"
    (part,) = read_claim(typed)
    assert [typed[place.start : place.end] for place in part.places][1:] == [r"\hat{y}_k - y_k"]


@pytest.mark.parametrize(
    ("typed", "requirements", "text"),
    [
        ("k = c", [Relation("k", "c", equal=True)], "k = c"),
        ("i != k", [Relation("i", "k", equal=False)], "i != k"),
        ("i ≠ k", [Relation("i", "k", equal=False)], "i != k"),
        ("c = 1", [Relation("c", 1, equal=True)], "c = 1"),
        ("i = k = c", [Relation("i", "k", equal=True), Relation("k", "c", equal=True)], "i = k and k = c"),
        ("sum(Y) = 1", [Setting("sum(Y)", Fraction(1))], "sum(Y) = 1"),
        ("sum_i y_i = 1", [Setting("sum(Y)", Fraction(1))], "sum(Y) = 1"),
        ("H = 2", [Setting("K", Fraction(2))], "K = 2"),
        ("N=1", [Setting("N", Fraction(1))], "N = 1"),
        ("T = 1", [Setting("T", Fraction(1))], "T = 1"),
        ("eps = 0", [Setting("eps", Fraction(0))], "eps = 0"),
        ("one-hot", [OneHot()], "one-hot"),
        ("Y one-hot", [OneHot()], "one-hot"),
        (
            "K = 2 and k != c",
            [Setting("K", Fraction(2)), Relation("k", "c", equal=False)],
            "K = 2 and k != c",
        ),
        ("k = c, N = 1", [Relation("k", "c", equal=True), Setting("N", Fraction(1))], "k = c and N = 1"),
    ],
)
@pytest.mark.parametrize("word", ["if", "when", "for"])
def test_conditions_are_read_and_printed(typed, requirements, text, word):
    (part,) = read_claim(f"E = 1 {word} {typed}")
    assert part.condition == Condition(tuple(requirements))
    assert str(part.condition) == text
    assert part.read_as == f"E = 1 if {text}"


def test_what_follows_a_condition_and_is_none_begins_a_new_part():
    typed = "dE/dZ_k = O_k - 1 if k = c, dE/dZ_k = O_k if k != c and E = 1"
    assert _readings(typed) == ["dE/dZ_k = O_k - 1 if k = c", "dE/dZ_k = O_k if k != c", "E = 1"]


@pytest.mark.parametrize(
    "words", ["for all k", "for all i, k", "for every i and k", "for each k;", "for all k,"]
)
def test_for_all_is_what_a_free_index_means(words):
    assert _readings(f"O_k = O_k {words}") == ["O_k = O_k"]


def test_vectors_of_a_chain_share_their_index():
    assert _readings("dE/dZ = O - Y_i\n= p - t") == ["dE/dZ_i = O_i - Y_i = O_i - Y_i"]
    assert _readings("dE/dW = (O - Y)*X^T") == ["dE/dW_kj = (O_k - Y_k)*X_j"]
    assert _readings("dE/dX = W^T*(O - Y)") == ["dE/dX_j = sum_i (W_ij*(O_i - Y_i))"]


@given(st.lists(FORMULAS, min_size=2, max_size=4))
def test_a_claim_of_printed_formulas_is_read_as_these(formulas):
    (part,) = read_claim(" = ".join(map(ascii_text, formulas)))
    assert [ascii_text(side) for side in part.expressions] == [ascii_text(formula) for formula in formulas]


@given(st.lists(FORMULAS, min_size=2, max_size=3))
def test_a_reading_is_read_as_itself(formulas):
    (part,) = read_claim(" = ".join(map(ascii_text, formulas)) + " if k = c and K = 2")
    assert _readings(part.read_as) == [part.read_as]


@pytest.mark.parametrize(
    ("typed", "position", "message"),
    [
        ("O_k - Y_k", 0, "every part of a claim has an equals sign; got none"),
        ("E = 1; O_k", 7, "every part of a claim has an equals sign; got none"),
        ("W_k,j = 1", 0, "a weight has two indices; got W with 1"),
        ("W_12,3 = 1", 0, "write several positions in braces: W_{12,3}"),
        ("E != 1", 2, "a claim says what is equal; got '!='"),
        ("E = 1 < 2", 6, "a claim says what is equal; got '<'"),
        ("= O_k", 0, "got '='"),
        ("E = ", 4, "got nothing at the end"),
        ("E = 1 if O_k = 1", 9, "Conditions are k = c, i != k"),
        ("E = 1 if", 8, "Conditions are"),
        ("E = 1)", 5, "every parenthesis is opened before it is closed; got ')'"),
        (" ; ; ", 0, "a claim has a part; got none"),
        (
            "d2E/dZ_k dZ_j = O_k*(1 - O)",
            0,
            "takes the one index over classes in its equation; got indices j and k",
        ),
        ("U = X", 0, "U names its layer and its index"),
    ],
)
def test_what_is_no_claim_is_refused_at_its_place(typed, position, message):
    with pytest.raises(GrammarError) as refused:
        read_claim(typed, call="check")
    assert refused.value.position == position
    assert message in str(refused.value)
    assert str(refused.value).startswith("check: ")


def test_parts_that_can_be_read_are_read_beside_those_that_cannot():
    typed = "dE/dZ1 = O1 - 1; dE/dZ2 = foo\nwords of prose\nE = 1\n  = bar_k\n  = 2\nE = 3"
    parts = read_parts(typed, call="check")
    assert [type(part) for part in parts] == [ClaimPart, GrammarError, GrammarError, GrammarError, ClaimPart]
    assert [typed[part.position :][:5] for part in parts[1:4]] == ["foo\nw", "words", "bar_k"]
    assert parts[1].pointer() == "dE/dZ1 = O1 - 1; dE/dZ2 = foo\n" + " " * 26 + "^"
    assert (parts[4].source, parts[4].place) == ("E = 3", Place(len(typed) - 5, len(typed), 6))


@given(st.lists(FORMULAS, min_size=2, max_size=3), st.sampled_from(["; ", "\n"]))
def test_a_part_that_cannot_be_read_leaves_the_others_as_they_are(formulas, separator):
    equation = " = ".join(map(ascii_text, formulas))
    (alone,) = read_claim(equation)
    first, error, last = read_parts(separator.join([equation, "E = foo", equation]))
    assert first.expressions == last.expressions == alone.expressions
    assert "foo" in str(error)


def test_a_text_without_any_formula_is_refused():
    for typed in ("", " \n ", "E" * 5000):
        with pytest.raises(GrammarError):
            read_parts(typed)
