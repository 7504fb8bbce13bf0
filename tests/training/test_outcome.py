"""Outcomes as values: advice for each reason, and plain JSON and back."""

import json
import math

import pytest

from chainrule.training import Outcome, StopReason


@pytest.mark.parametrize("reason", list(StopReason))
def test_every_reason_has_advice_of_its_own(reason):
    assert reason.advice.endswith(".")
    assert [other for other in StopReason if other.advice == reason.advice] == [reason]


@pytest.mark.parametrize("gradient_norm", [None, 1e-5])
@pytest.mark.parametrize("reason", list(StopReason))
def test_an_outcome_comes_back_from_json(reason, gradient_norm):
    outcome = Outcome(reason, "lbfgs", 2, 1, 0.25, (0.5, 0.25), (0.75, 0.8), gradient_norm, "Text.")
    assert (
        Outcome.from_json_value(json.loads(json.dumps(outcome.to_json_value(), allow_nan=False))) == outcome
    )


def test_a_loss_that_is_not_finite_is_null_in_json():
    outcome = Outcome(StopReason.DIVERGED, "lbfgs", 0, 0, math.inf, (), (), math.nan, "Text.")
    value = json.loads(json.dumps(outcome.to_json_value(), allow_nan=False))
    assert value["loss"] is None
    assert math.isnan(Outcome.from_json_value(value).loss)
