"""The corpus: every verdict is right, every mistake has its name, nothing right is accused."""

import math
from collections import Counter

import numpy as np
import pytest

from chainrule.check import DIAGNOSES, check_implementation
from chainrule.errors import ArgumentError, ArgumentTypeError
from check.implementation_case import RIGHT
from check.implementation_corpus import CORPUS

EVERY = 3
"""Of the corpus each third is judged here, and the first of each name; ``make scores`` judges all."""
FIRST_OF_A_NAME = {case.names: place for place, case in reversed(list(enumerate(CORPUS)))}
CHOSEN = [
    (place, case)
    for place, case in enumerate(CORPUS)
    if place % EVERY == 0 or place in FIRST_OF_A_NAME.values()
]


@pytest.mark.parametrize(
    "case", [case for _, case in CHOSEN], ids=[f"{place}-{case.id}" for place, case in CHOSEN]
)
def test_an_implementation_of_the_corpus_is_judged_and_its_mistake_named(case):
    verdict = check_implementation(case.load(), **case.options, seconds=60)
    names = [mistake.name for mistake in verdict.diagnoses]
    assert verdict.verdict in case.verdicts, verdict.text()
    assert len(names) <= 2
    assert set(names) <= set(DIAGNOSES)
    if case.verdicts == RIGHT:
        assert names == []
    if case.names:
        assert set(names) & set(case.names), verdict.text()


def test_the_corpus_has_each_name_twice_and_right_ones_of_every_library():
    named = Counter(name for case in CORPUS for name in case.names)
    assert [name for name in DIAGNOSES if named[name] < 2] == []
    assert len(CORPUS) >= 60
    assert {case.file for case in CORPUS if case.verdicts == RIGHT} >= {
        "right_numpy",
        "right_torch",
        "right_jax",
    }


def _log_p(logits):
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def test_the_loss_at_zero_logits_is_part_of_the_evidence_that_is_compared():
    def loss(logits, targets):
        return -_log_p(logits)[np.arange(len(targets)), targets].mean()

    verdict = check_implementation(loss)
    assert verdict.verdict == "right"
    assert verdict.kind == "loss"
    assert verdict.loss_matches is True
    assert verdict.gradient_matches_own_loss is None
    assert "all logits 0" in verdict.tested


def test_the_two_questions_are_answered_apart():
    def right_gradient_of_another_loss(logits, targets):
        log_p = _log_p(logits)
        rows = np.arange(len(targets))
        gradient = np.exp(log_p)
        gradient[rows, targets] -= 1
        return -log_p[rows, targets].sum() / math.log(2), gradient / math.log(2)

    def wrong_gradient_of_the_right_loss(logits, targets):
        log_p = _log_p(logits)
        rows = np.arange(len(targets))
        gradient = np.exp(log_p)
        gradient[rows, targets] -= 1
        return -log_p[rows, targets].sum(), -gradient

    one = check_implementation(right_gradient_of_another_loss)
    assert (one.loss_matches, one.gradient_matches_own_loss) == (False, True)
    assert [mistake.name for mistake in one.diagnoses] == ["log-base"]
    other = check_implementation(wrong_gradient_of_the_right_loss)
    assert (other.loss_matches, other.gradient_matches_own_loss) == (True, False)
    assert [mistake.name for mistake in other.diagnoses] == ["sign"]


def test_the_evidence_holds_inputs_the_persons_number_and_the_reference():
    def loss(logits, targets):
        return 2 * -_log_p(logits)[np.arange(len(targets)), targets].sum()

    (mistake,) = check_implementation(loss).diagnoses
    evidence = mistake.evidence
    assert mistake.name == "factor"
    assert set(evidence["inputs"]) == {"logits", "targets"}
    assert evidence["yours"] == pytest.approx(2 * evidence["reference"], rel=1e-4)


@pytest.mark.parametrize("reduce", [np.mean, np.sum, lambda losses: losses])
def test_a_reduction_is_reported_and_not_judged(reduce):
    def loss(logits, targets):
        return reduce(-_log_p(logits)[np.arange(len(targets)), targets])

    verdict = check_implementation(loss)
    assert verdict.verdict == "right"
    assert verdict.reduction in ("mean", "sum", "none")


def test_an_option_changes_what_is_right_and_is_passed_on_where_it_is_taken():
    def loss(logits, targets, temperature=1.0):
        return -_log_p(logits / temperature)[np.arange(len(targets)), targets].mean()

    assert check_implementation(loss, temperature=3.0).verdict == "right"
    fixed = check_implementation(lambda z, y: loss(z, y, 3.0), temperature=3.0)
    assert fixed.verdict == "right"
    assert any("no parameter" in line for line in fixed.not_tested)
    assert check_implementation(lambda z, y: loss(z, y), temperature=3.0).diagnoses[0].name == "temperature"


def test_verdicts_of_functions_that_cannot_be_judged_say_why():
    def raises(logits, targets):
        raise RuntimeError("no")

    verdict = check_implementation(raises)
    assert verdict.verdict == "undecided"
    assert "RuntimeError: no" in verdict.reason
    assert check_implementation(lambda z, y: None).verdict == "undecided"
    assert check_implementation(lambda z, y: "text").verdict == "undecided"


def test_strange_callables_are_called_or_refused_and_never_break_the_judge():
    class Layer:
        __hash__ = None

        def __call__(self, logits, targets):
            return -_log_p(logits)[np.arange(len(targets)), targets].mean()

    def only_single_precision(logits, targets):
        assert logits.dtype == np.float32
        return -_log_p(logits)[np.arange(len(targets)), targets].mean()

    def tuple_of_one(logits, targets):
        return (np.exp(_log_p(logits)) - np.eye(logits.shape[1])[targets],)

    def generator(logits, targets):
        yield 1.0

    async def coroutine(logits, targets):
        return 1.0

    assert check_implementation(Layer()).verdict == "right"
    assert check_implementation(only_single_precision).verdict == "right"
    assert check_implementation(tuple_of_one).verdict == "right"
    assert "generator" in check_implementation(generator, seconds=60).reason
    assert "coroutine" in check_implementation(coroutine, seconds=60).reason
    assert check_implementation(lambda z, y: 10**400).verdict == "undecided"
    assert check_implementation(lambda z, y: 1j * z).verdict == "undecided"


def test_a_function_that_never_fails_is_not_right_for_that():
    assert check_implementation(lambda z, y: 0.0).verdict == "wrong"
    assert check_implementation(lambda z, y: np.zeros_like(z)).verdict == "wrong"
    assert check_implementation(lambda z, y: float("nan")).diagnoses == ()


def test_strange_arguments_are_refused_by_name():
    with pytest.raises(ArgumentTypeError, match="an implementation is a function"):
        check_implementation(3)
    with pytest.raises(ArgumentError, match="kind is one of loss, gradient"):
        check_implementation(lambda z: z, kind="los")
    with pytest.raises(ArgumentError, match="temperature"):
        check_implementation(lambda z, y: 0.0, temperature=0.0)
    with pytest.raises(ArgumentError, match="class_weight"):
        check_implementation(lambda z, y: 0.0, class_weight=[1.0, -1.0])
    with pytest.raises(ArgumentError, match="seconds"):
        check_implementation(lambda z, y: 0.0, seconds=0)
