"""Claims: what is found about each of the corpora, and what a verdict says."""

import json

import pytest

from chainrule.check import DIAGNOSES, check, check_claim
from chainrule.check.cases import Cases, Equation
from chainrule.check.claim_mistakes.search import says_nothing
from chainrule.check.doubles import Budget
from chainrule.derive import context_of, read_expression
from chainrule.errors import ArgumentError, ArgumentTypeError
from check.claim_corpus import ClaimCase, all_cases, names_in, score_of

TWO_NEURONS = {"targets": [1, 0]}
PASTED = """dE/dZ_k = d(-sum_i Y_i*ln(O_i))/dZ_k
= -sum_i Y_i*d(ln(O_i))/dZ_k
= -sum_i Y_i/O_i*dO_i/dZ_k
= -Y_k*(1 - O_k) - sum_{i != k} Y_i*O_k
= O_k - Y_k"""


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_a_claim_of_the_corpora_is_judged_as_it_is_listed(case: ClaimCase):
    found = case.judge()
    score = score_of(case, found)
    assert score.verdict_right, f"{case.claim}\n{found}"
    assert score.named is not False, f"{case.claim}: {score.names}"
    assert not score.accused
    assert not case.says or case.says in (found.parts[-1].reason or "")


def test_every_name_that_claims_can_show_is_shown_at_least_twice():
    listed = [name for case in all_cases() for name in case.diagnosis]
    for_functions = {
        "regulariser-factor", "regulariser-sign", "broadcast", "global-shift", "no-shift", "clipped", "zero-times-inf",
        "underflow", "overflow-patched", "in-place", "sample-leak", "ignored-rows-counted",
    }  # fmt: skip
    assert {name for name in DIAGNOSES if listed.count(name) < 2} == for_functions


def test_the_target_of_one_neuron_does_not_serve_the_other():
    found = check_claim("dE/dZ1 = dE/dZ2 = O1 - 1", **TWO_NEURONS)
    first, second = found.parts
    assert [part.verdict for part in found.parts] == ["wrong", "wrong"]
    assert first.truth.startswith("dE/dZ_1 = -dE/dZ_2")
    assert first.diagnosis.name == "sign"
    assert second.truth_at_targets == "dE/dZ_2 = O_2 = 1 - O_1"
    assert second.diagnosis.name == "target-index"
    assert "Output 1 has the target 1 and output 2 the target 0" in second.diagnosis.text
    assert found.remarks == ("dE/dZ1 = O1 - 1 holds.",)


def test_the_slip_in_the_fourth_line_of_a_derivation_is_found():
    found = check_claim(PASTED)
    assert [part.verdict for part in found.parts] == [
        "right",
        "right",
        "right",
        "conditional",
        "conditional",
    ][: len(found.parts)]
    slip = found.parts[2] if found.parts[2].verdict != "right" else found.parts[3]
    assert slip.diagnosis.name == "sign"


def test_a_wrong_claim_comes_with_the_truth_an_example_and_the_line():
    (part,) = check_claim("dE/dZ_k = Y_k - O_k").parts
    assert part.truth == "dE/dZ_k = O_k - Y_k"
    example = part.counterexample
    assert example.values["O"] == [0.2, 0.8]
    assert example.left == -example.right
    assert part.line.startswith("definition of the cross-entropy")
    assert "is the opposite one" in part.diagnosis.text


def test_equal_but_not_simplified_is_right_and_says_so():
    (part,) = check_claim("dE/dZ_k = O_k*(1 - Y_k) - Y_k*(1 - O_k)").parts
    assert part.verdict == "right"
    assert part.remarks == ("Equal, and not simplified: dE/dZ_k = O_k - Y_k",)


def test_an_index_on_two_axes_is_tried_where_they_differ_in_length():
    assert check_claim("sum_k O_k*X_k/(O_k*X_k) = K").verdict == "wrong"


def test_a_hint_keeps_the_truth_back():
    (part,) = check_claim("dE/dZ_k = Y_k - O_k", hint=True).parts
    assert (part.truth, part.truth_at_targets, part.counterexample) == (None, None, None)
    assert part.diagnosis.text == DIAGNOSES["sign"].definition
    assert "O_k - Y_k" not in str(part)


def test_where_a_side_is_undefined_the_verdict_says_where():
    (part,) = check_claim("dE/dZ_k/Y_k = O_k/Y_k - 1").parts
    assert (part.verdict, part.condition) == ("conditional", "k = c")
    assert "division by 0" in part.remarks[0]
    (part,) = check_claim("dE/dZ_k = (O_k - Y_k)*(K - 2)/(K - 2)").parts
    assert part.verdict == "right"
    assert "at K = 2" in part.remarks[0]


def test_what_is_0_everywhere_divides_nothing():
    (part,) = check_claim("dE/dZ_k = 1/(sum_i Y_i - 1)", targets="soft").parts
    assert part.verdict == "undecided"
    assert "division by 0" in part.reason


def test_a_difference_in_the_thirtieth_digit_is_seen():
    (part,) = check_claim("dE/dZ_k = O_k - Y_k - 1/10^30").parts
    assert part.verdict == "wrong"


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [("E = 1.6094", "right"), ("E = 1.609", "right"), ("E = 1.6095", "wrong"), ("E = 1.61", "right")],
)
def test_a_decimal_holds_where_the_truth_rounds_to_it(claim, verdict):
    found = check_claim(claim, targets=[1, 0, 0], probabilities=[0.2, 0.6, 0.2])
    assert found.verdict == verdict


def test_a_number_that_is_no_decimal_is_exact():
    numbers = {"targets": [1, 0, 0], "probabilities": [0.2, 0.6, 0.2]}
    assert check_claim("dE/dZ_1 = -4/5", **numbers).verdict == "right"
    assert check_claim("E = 8/5", **numbers).verdict == "wrong"


def test_an_if_narrows_what_is_judged():
    assert check_claim("dE/dZ_k = O_k - 1 if k = c").verdict == "right"
    assert check_claim("dE/dZ_k = O_k - 1 if k != c").verdict == "wrong"
    assert check_claim("dE/dZ_k = O_k - Y_k if K = 3", targets="any").parts[0].condition == "sum(Y) = 1"
    never = check_claim("dE/dZ_k = O_k - Y_k if K = 3", classes=2).parts[0]
    assert (never.verdict, "never holds" in never.reason) == ("undecided", True)


def test_the_whole_is_as_bad_as_its_worst_part():
    right, wrong, conditional = "dE/dZ_k = O_k - Y_k", "dE/dZ_k = Y_k - O_k", "dE/dZ_k = O_k"
    undecided = "dE/dZ_k = (O_k - Y_k)/T"
    assert check_claim(f"{right}; {conditional}").verdict == "conditional"
    assert check_claim(f"{right}; {conditional}; {undecided}").verdict == "undecided"
    assert check_claim(f"{wrong}; {undecided}").verdict == "wrong"


def test_json_holds_what_the_objects_hold():
    found = check("dE/dZ_k = O_k", targets=[1, 0, 0])
    plain = json.loads(found.to_json())
    assert set(plain) >= {"verdict", "parts", "read_as", "not_tested"}
    (part,) = plain["parts"]
    assert set(part) >= {"claim", "verdict", "truth", "condition", "diagnosis", "counterexample"}
    assert part["condition"] == found.parts[0].condition == "k != c"
    assert part["diagnosis"] == {"name": found.parts[0].diagnosis.name, "text": found.parts[0].diagnosis.text}
    assert json.loads(check_claim("dE/dZ_k = O_k - Y_k").to_json())["parts"][0]["diagnosis"] is None


def test_at_most_two_names_are_given():
    for claim in ("dE/dZ_k = (O_k - Y_k)*O_k*(1 - O_k)", "dE/dO_k = O_k - Y_k", "dE/dZ_k = O_k*(1 - O_k)"):
        assert 1 <= len(names_in(check_claim(claim))) <= 2


def test_an_identity_says_nothing_about_what_was_done():
    context = context_of()
    left, same, other = (read_expression(text) for text in ("O_k - Y_k", "-Y_k + O_k", "O_k - 1"))
    chosen = Cases(Equation(left, same, context), Budget(1000)).all[:3]
    assert says_nothing(Equation(left, same, context), chosen)
    assert not says_nothing(Equation(left, other, context), chosen)


def test_what_no_belief_explains_has_no_name():
    (part,) = check_claim("dE/dZ_k = O_k^7 + 3*Y_k").parts
    assert (part.verdict, part.diagnosis) == ("wrong", None)


@pytest.mark.parametrize(
    ("claim", "option"),
    [
        ("dE/dZ_k = (O_k - Y_k)/T", "temperature"),
        ("dE/dZ_k = O_k - eps", "label_smoothing"),
        ("dE/dZ_k = (O_k - Y_k)/N", "reduction"),
        ("dE/dZ_k = w_k*O_k", "class_weight"),
        ("dE/dZ_nk = O_nk - Y_nk", "reduction"),
        ("dE/dU1_j = 0", "hidden"),
    ],
)
def test_what_the_context_leaves_unset_is_named(claim, option):
    (part,) = check_claim(claim).parts
    assert part.verdict == "undecided"
    assert option in part.reason


def test_bad_options_are_refused():
    with pytest.raises(ArgumentError, match="output is one of softmax"):
        check_claim("E = E", output="sofmax")
    with pytest.raises(ArgumentTypeError, match="a claim is text"):
        check_claim(3)
    with pytest.raises(ArgumentTypeError, match="text, or a function"):
        check(3)
    with pytest.raises(ArgumentTypeError, match="the options are those of a claim; got kind"):
        check("E = E", kind="loss")


@pytest.mark.parametrize(
    "claim",
    [
        "E = -1/N*sum_n ln(O_nc)",
        "dE/dZ_nk = (O_nk - delta_kc)/N",
        "dE/dZ_nc = (O_nc - 1)/N",
        "dE/db_k = 1/N*sum_n (O_nk - delta_kc)",
    ],
)
def test_in_a_batch_the_true_class_is_that_of_the_row_that_is_spoken_of(claim):
    assert check_claim(claim, reduction="mean").verdict == "right"


def test_the_weights_of_a_weighted_mean_are_summed_over_the_examples():
    weighted = {"reduction": "mean", "class_weight": True}
    assert check_claim("dE/dZ_nk = w_c*(O_nk - Y_nk)/sum_n w_c", **weighted).verdict == "right"
    (part,) = check_claim("dE/dZ_nk = w_c*(O_nk - Y_nk)/N", **weighted).parts
    assert part.diagnosis.name == "batch-mean"
    assert "divided by N" in part.diagnosis.text


@pytest.mark.parametrize(
    ("claim", "read_as"),
    [
        ("dE/dz_i = y_i - t_i", "dE/dZ_i = O_i - Y_i"),
        ("dE/dz_i = a_i - y_i", "dE/dZ_i = O_i - Y_i"),
        ("dE/da_k = y_k - t_k", "dE/dZ_k = O_k - Y_k"),
        ("dE/dz = a - t", "dE/dZ_k = O_k - Y_k"),
        ("dE/db = a - y", "dE/db_k = O_k - Y_k"),
        ("dE/dW_kj = (a_k - y_k)*x_j", "dE/dW_kj = (O_k - Y_k)*X_j"),
        ("dE/dW_kj = (O_k - Y_k)*a_j", "dE/dW_kj = (O_k - Y_k)*X_j"),
        ("dE/da_j = sum_k W_kj*(p_k - y_k)", "dE/dX_j = sum_k (W_kj*(O_k - Y_k))"),
        ("p_k = exp(a_k)/sum_j exp(a_j)", "O_k = exp(Z_k)/(sum_j exp(Z_j))"),
        ("E = -sum_{c=1}^C y_c log p_c", "E = -(sum_i (Y_i*log(O_i)))"),
    ],
)
def test_the_letters_of_other_texts_are_read_as_what_they_stand_for(claim, read_as):
    found = check_claim(claim)
    assert (found.verdict, found.read_as) == ("right", read_as)


@pytest.mark.parametrize("claim", ["a_k = sum_j W_kj*x_j + b_k", "z = W a + b", "dE/da = W^T (p - y)"])
def test_letters_that_may_stand_for_several_things_are_left_open(claim):
    assert check_claim(claim).verdict == "undecided"


def test_a_derivative_at_a_logit_of_zero_is_not_lost_to_rounding():
    found = check_claim("dE/dZ1 = -2/3; dE/dZ2 = 1/3; E = ln K", targets=[1, 0, 0], logits=[0, 0, 0])
    assert [part.verdict for part in found.parts] == ["right", "right", "right"]


def test_what_is_true_at_given_numbers_ends_in_a_number():
    (part,) = check_claim("E = 1.2", targets=[1, 0, 0], probabilities=[0.6, 0.3, 0.1]).parts
    assert part.truth_at_targets == "E = -ln(O_1) = 0.510826"


def test_a_condition_is_not_one_under_which_both_sides_are_zero_if_there_is_another():
    (part,) = check_claim("dE/dO_nk = -Y_nk/O_nk", reduction="mean").parts
    assert part.condition == "N = 1"


def test_a_belief_that_makes_both_sides_zero_explains_nothing():
    (part,) = check_claim("dO1/dZ1 = -dO2/dZ1", loss="none").parts
    assert part.condition == "K = 2"
    assert not part.diagnoses
