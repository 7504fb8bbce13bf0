"""Verdicts do not depend on how a claim is written."""

from collections.abc import Callable
from random import Random

import pytest

from chainrule.check import check_claim
from chainrule.derive import GrammarError
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

EVERY = 7
"""Of the corpora each seventh claim is written otherwise."""


def rewritable() -> list[ClaimCase]:
    def fits(case: ClaimCase) -> bool:
        try:
            return sides_of(case.claim) is not None and not {"probabilities", "logits"} & set(case.context)
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
