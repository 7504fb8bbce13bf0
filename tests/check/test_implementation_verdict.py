"""The verdict as a value, as JSON and as a report."""

import json
import string

import numpy as np

from chainrule.check import DIAGNOSES, check_implementation
from chainrule.check.advice import ADVICE
from chainrule.check.implementation_verdict import verdict_of_json


def _softmax_of_columns(z):
    e = np.exp(z)
    return e / e.sum(axis=0)


def _overflowing_softmax(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def test_the_json_has_the_promised_keys_and_comes_back():
    verdict = check_implementation(_softmax_of_columns)
    values = json.loads(verdict.to_json())
    promised = {
        "verdict",
        "kind",
        "loss_matches",
        "gradient_matches_own_loss",
        "diagnoses",
        "tested",
        "not_tested",
    }
    assert promised <= set(values)
    assert set(values["diagnoses"][0]) == {"name", "text", "evidence"}
    assert verdict_of_json(verdict.to_json()).to_json() == verdict.to_json()


def test_what_is_not_finite_is_a_word_in_json():
    text = check_implementation(_overflowing_softmax).to_json()
    assert "NaN" not in text
    assert '"nan"' in text


def test_the_report_tells_what_why_and_how_to_mend():
    text = check_implementation(_softmax_of_columns).text()
    for word in (
        "wrong",
        "wrong-axis",
        "What",
        "Found",
        "Why",
        "Mend",
        "your output",
        "reference",
        "Not tested",
    ):
        assert word in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_a_condition_stands_in_the_first_line():
    first = check_implementation(_overflowing_softmax).text().splitlines()[0]
    assert first.startswith("_overflowing_softmax: conditional, right where no logit is beyond")


def test_every_name_has_a_definition_two_examples_and_advice():
    assert len(DIAGNOSES) == 44
    assert set(ADVICE) == set(DIAGNOSES)
    for name, diagnosis in DIAGNOSES.items():
        assert name == diagnosis.name
        assert set(name) <= set(string.ascii_lowercase + "-")
        assert diagnosis.definition.endswith((".", "classes."))
        assert diagnosis.wrong != diagnosis.right
