"""Numbers and text as the page shows them."""

import math

import pytest
from markupsafe import Markup

from chainrule.report.words import (
    DASH,
    MINUS,
    counted,
    listed,
    number,
    percent,
    plain_text,
    probability,
    word,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234567.0, "1,234,567"),
        (-0.5, f"{MINUS}0.5"),
        (math.nan, "not a number"),
        (math.inf, "∞"),
        (-math.inf, f"{MINUS}∞"),
        (3.0e-9, f"3e{MINUS}9"),
        (2.5e12, "2.5e12"),
    ],
)
def test_numbers_are_read_easily(value: float, text: str) -> None:
    assert number(value) == text


def test_a_probability_below_1_is_never_shown_as_1() -> None:
    assert probability(0.99955492) == "0.99955"
    assert probability(1.0 - 1.25e-7) == "0.99999987"
    assert probability(1.0 - 2.0**-53) == "0.99999999999999989"
    assert probability(1.0) == "1"
    assert probability(0.5) == "0.500"


def test_a_share_below_1_may_be_rounded_to_it_with_a_digit_that_says_so() -> None:
    assert percent(0.9999).split() == ["100.0", "%"]
    assert percent(1.0).split() == ["100", "%"]


def test_text_of_others_is_escaped_and_kept_apart() -> None:
    assert word('<b onclick="x">&amp;') == Markup("<bdi>&lt;b onclick=&#34;x&#34;&gt;&amp;amp;</bdi>")
    assert word(Markup("<script>")) == Markup("<bdi>&lt;script&gt;</bdi>")


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x9b", "\ud800", "\ufffe"])
def test_characters_that_html_cannot_hold_are_replaced(character: str) -> None:
    assert plain_text(f"a{character}b") == "a\ufffdb"
    plain_text(character).encode()


def test_blanks_and_lines_become_one_line() -> None:
    assert plain_text("a\nb\tc\u2028d") == "a b c d"


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_empty_text_and_missing_values_are_told_apart_from_words(text: str) -> None:
    assert "empty text" in word(text)
    assert "missing" in word(None)
    assert word(math.nan) == word(None)
    assert word("missing") == Markup("<bdi>missing</bdi>")


def test_long_text_is_cut_off() -> None:
    assert len(plain_text("x" * 10_000)) == 120
    assert plain_text("x" * 10_000).endswith("…")


def test_other_scripts_stay_as_they_are() -> None:
    for text in ("Köln", "日本語", "עברית", "👩\u200d🔬", "e\u0301"):
        assert plain_text(text) == text


def test_lists_and_counts_are_sentences() -> None:
    assert listed(["a", "b"]) == "a and b"
    assert counted(0, "row") == "0 rows"
    assert DASH not in (MINUS, "-")
