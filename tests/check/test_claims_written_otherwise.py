"""Verdicts do not depend on how a claim is written."""

from collections.abc import Callable
from random import Random

import pytest

from chainrule.check import check_claim
from chainrule.derive import GrammarError, Number
from check.claim_corpus import ClaimCase, all_cases, names_in
from check.rewriting_claims import (
    in_words,
    moved,
    multiplied,
    new_letters,
    rebound,
    renamed,
    reordered,
    sides_of,
    swapped,
    text_of,
)

EVERY = 19
"""Of the corpora every so many-th claim is written otherwise."""


def rewritable() -> list[ClaimCase]:
    def fits(case: ClaimCase) -> bool:
        try:
            sides = sides_of(case.claim)
            if sides is None or {"probabilities", "logits"} & set(case.context):
                return False
            # a decimal beside a factor would be exact
            return not any(isinstance(side, Number) and side.literal for side in sides)
        except GrammarError:
            return False

    return [case for case in all_cases() if fits(case)][::EVERY]


@pytest.mark.parametrize("rewrite", [swapped, multiplied, reordered, moved, renamed, rebound])
@pytest.mark.parametrize("case", rewritable(), ids=lambda case: case.id)
def test_a_verdict_stays_when_a_claim_is_written_otherwise(case: ClaimCase, rewrite: Callable):
    sides = sides_of(case.claim)
    other = rewrite(*sides, Random(case.id))
    before, after = case.judge(), check_claim(text_of(*other), **case.context)
    assert after.verdict == before.verdict, text_of(*other)
    letters = new_letters(sides, other) if rewrite is renamed else {}
    assert after.parts[0].condition == in_words(before.parts[0].condition, letters)
    assert not case.diagnosis or set(names_in(after)) & set(case.diagnosis), text_of(*other)
