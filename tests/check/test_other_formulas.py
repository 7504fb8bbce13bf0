"""What is said of a function that is wrong without a name, and mistakes with a free number."""

import numpy as np
import pytest

from chainrule.check import check_implementation
from chainrule.check.calling import call_within
from chainrule.check.mistakes.fitted import fitted_factor, scaled_loss, target_entries
from chainrule.check.options import Options
from chainrule.check.probes import edge_probes, moderate_probes


def _exponentials(z):
    return np.exp(z - z.max(axis=1, keepdims=True))


def _target_p(z, t):
    e = _exponentials(z)
    return (e / e.sum(axis=1, keepdims=True))[np.arange(len(t)), t]


def _loss(z, t):
    return -np.log(_target_p(z, t)).mean()


def _margins(z, t):
    rows = np.arange(len(t))
    margins = np.maximum(0, 1 + z - z[rows, t][:, None])
    margins[rows, t] = 0
    return margins


def _focal(z, t):
    p = _target_p(z, t)
    return -((1 - p) ** 2 * np.log(p)).mean()


WITHOUT_A_NAME = {
    "focal loss, -(1 - p)^2 ln p": ("loss", _focal),
    "hinge loss, the sum of": ("loss", lambda z, t: _margins(z, t).sum(axis=1).mean()),
    "hinge loss, the largest": ("loss", lambda z, t: _margins(z, t).max(axis=1).mean()),
    "the perceptron's loss": ("loss", lambda z, t: (z.max(axis=1) - z[np.arange(len(t)), t]).mean()),
    "-ln(1 + p) of the target": ("loss", lambda z, t: -np.log1p(_target_p(z, t)).sum()),
    "exp(z - max z)": ("softmax", _exponentials),
    "z divided by its sum": ("softmax", lambda z: z / z.sum(axis=1, keepdims=True)),
    "exp(z - max z) - y": ("gradient", lambda z, t: _exponentials(z) - np.eye(z.shape[1])[t]),
}  # fmt: skip


@pytest.mark.parametrize("told", WITHOUT_A_NAME)
def test_a_known_other_formula_is_told_where_no_mistake_has_a_name(told):
    kind, function = WITHOUT_A_NAME[told]
    verdict = check_implementation(function, kind=kind)
    assert verdict.verdict == "wrong"
    assert verdict.diagnoses == ()
    assert told in verdict.reason
    assert verdict.evidence


def test_a_left_out_bias_is_told():
    def head(features, weight, bias, targets):
        z = features @ weight.T
        e = _exponentials(z)
        d = (e / e.sum(axis=1, keepdims=True) - np.eye(bias.size)[targets]) / len(targets)
        return _loss(z, targets), d.T @ features, d.sum(axis=0)

    assert "without the bias" in check_implementation(head, kind="linear-gradient").reason


def test_what_every_right_function_has_is_told_with_the_persons_own_number():
    softmax = check_implementation(lambda z: _exponentials(z) ** 0.5, kind="softmax")
    assert any("adds up to 1; at one example one of yours has" in remark for remark in softmax.remarks)
    loss = check_implementation(lambda z, _t: 2.0 + z.sum() * 0.1, kind="loss")
    assert any("yours is 2." in remark for remark in loss.remarks)
    gradient = check_implementation(lambda z, _t: 0 * z + 0.1, kind="gradient")
    assert any("adds up to 0; at one example one of yours has 0.3" in remark for remark in gradient.remarks)
    assert not any("float32" in remark for remark in gradient.remarks)


@pytest.mark.parametrize(("factor", "power"), [(64.0, 0.0), (0.013, 0.0), (1.0, -0.5)])
def test_the_number_before_the_logits_is_found_whatever_it_is(factor, power):
    seen = [
        (probe, np.asarray(_normalised(factor * probe.classes**power * probe.logits, probe.targets)))
        for probe in moderate_probes("loss", Options(), few_shapes=False)
    ]
    (formula,) = scaled_loss("mean")
    found, classes = fitted_factor(formula.of_factor, seen)
    assert found == pytest.approx(factor * classes**power, rel=1e-9)


def _normalised(z, t):
    return (np.logaddexp.reduce(z, axis=1) - z[np.arange(len(t)), t]).mean()


def test_numbers_that_differ_from_one_input_to_the_next_are_no_targets():
    probes = moderate_probes("gradient", Options(), few_shapes=False)
    smoothed = [(probe, probe.p - 0.9 * probe.one_hot - 0.1) for probe in probes]
    assert target_entries(smoothed, "sum")[:2] == (pytest.approx(1.0), pytest.approx(0.1))
    drifting = [(probe, probe.p - (0.9 + 0.01 * n) * probe.one_hot) for n, probe in enumerate(probes)]
    assert target_entries(drifting, "sum") is None
    constant = [(probe, np.array([2.0, 3.0]) if probe.classes == 2 else None) for probe in probes]
    assert target_entries(constant, "sum") is None
    undefined = [(probe, np.full(probe.logits.shape, np.nan)) for probe in probes]
    assert target_entries(undefined, "sum") is None


@pytest.mark.parametrize("ignored", [0, 1, 2, -100])
def test_at_every_input_some_row_counts_whichever_class_is_ignored(ignored):
    options = Options(ignore_index=ignored)
    for probe in (*moderate_probes("loss", options, few_shapes=False), *edge_probes("loss", options)):
        assert probe.kept.any()
    plain = edge_probes("loss", Options())
    for probe, before in zip(edge_probes("loss", options), plain, strict=True):
        assert probe.target_p[-1] == pytest.approx(before.target_p[-1])


def test_a_call_that_there_was_little_time_for_is_not_made_again():
    calls = []

    def waits():
        import time

        calls.append(1)
        time.sleep(5)

    assert call_within(waits, [], {}, 0.1).timed_out
    assert len(calls) == 1


def test_wrong_answers_at_a_column_of_targets_are_not_held_against_a_function_of_indices():
    verdict = check_implementation(lambda z, t: _loss(z, t) ** 2, kind="loss")
    assert verdict.verdict == "wrong"
    assert any("integer targets" in line for line in verdict.tested)
