"""Bad and hostile claims: a clear message, bounded work, never an exception and never an evaluation."""

import pytest

from chainrule.check import check_claim
from chainrule.check.doubles import Budget, Doubles, TooLongError, double_of
from chainrule.derive import context_of, random_point, read_expression

NESTED = "sum_i sum_j sum_m sum_p O_i*O_j*O_m*O_p"
DEEPER = "sum_i sum_j sum_m sum_p sum_q sum_r sum_s sum_u O_i*O_j*O_m*O_p*O_q*O_r*O_s*O_u"


@pytest.mark.parametrize(
    "claim",
    [
        "",
        "   ",
        "hello",
        "dE/dZ_k",
        "dE/dZ_k =",
        "((((((",
        "dE/dZ_k = (O_k - Y_k",
        "__import__('os').system('true') = 1",
        "dE/dZ_k = 9^9^9^9",
        "dE/dZ_k = exp(exp(exp(900)))",
        "O_k = " + "(" * 5000 + "1" + ")" * 5000,
        "O_k = 1" * 1500,
        "dE/dZ_10000000 = 0",
        "dE/dZ_k = 1/(1 - 1)",
        "dE/dZ_k = frobnicate(O_k)",
        "\x00 = \x1b[2J",
        "dE/dZ_c = O_c - 1 if K = 1",
    ],
)
def test_what_cannot_be_read_or_decided_is_undecided_with_a_reason(claim):
    found = check_claim(claim)
    assert found.verdict == "undecided"
    assert found.parts[0].reason


def test_an_unreadable_claim_names_the_place():
    (part,) = check_claim("dE/dZ_k = O_k ? Y_k").parts
    assert "'?' at position 14" in part.reason
    assert part.reason.endswith("dE/dZ_k = O_k ? Y_k\n              ^")


def test_nested_sums_are_judged_as_far_as_the_budget_goes():
    (part,) = check_claim(f"dE/dZ_k = ({NESTED})*(O_k - Y_k)").parts
    assert part.verdict == "right"
    (part,) = check_claim(f"dE/dZ_k = ({DEEPER})*(O_k - Y_k)").parts
    assert part.verdict == "undecided"


def test_a_budget_that_is_spent_ends_an_evaluation():
    state = Doubles(random_point(context_of(), 0, classes=5), Budget(1_000))
    with pytest.raises(TooLongError, match="too long"):
        double_of(read_expression(NESTED), state, {})


def test_many_long_parts_share_one_budget():
    found = check_claim("; ".join([f"dE/dZ_k = {NESTED}*(O_k - Y_i)"] * 40))
    assert len(found.parts) == 40
    assert [part.verdict for part in found.parts[-3:]] == ["undecided"] * 3
    assert "too long" in found.parts[-1].reason
