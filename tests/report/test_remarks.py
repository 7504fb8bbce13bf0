"""What deserves attention, in sentences."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.report import Judged, Report
from chainrule.report.per_class import class_scores
from chainrule.report.reliability import reliability
from chainrule.report.remarks import remarks
from report.reports import described, trained

CALM = replace(described(), left_out=())


def told(report: Report) -> list[str]:
    """Return the remarks as text, each with what it is."""
    found = report.judged
    parts: tuple = (None, None)
    if found is not None:
        parts = (
            class_scores(found.targets, found.predictions, found.losses, report.model.classes),
            reliability(found.confidences, found.targets == found.predictions),
        )
    return [f"{'warning' if one.warning else 'note'}: {one.text}" for one in remarks(report, *parts)]


def rows(targets: object, predictions: object, confidence: float = 0.9, loss: float = 0.1) -> Judged:
    count = len(np.asarray(targets))
    return Judged(
        "t", np.asarray(targets), np.asarray(predictions), np.full(count, loss), np.full(count, confidence)
    )


def test_a_calm_model_has_no_remarks() -> None:
    targets = np.arange(1000) % 2
    predictions = np.where(np.arange(1000) % 10 == 0, 1 - targets, targets)
    assert told(Report(CALM, trained(), rows(targets, predictions))) == []


def test_the_diagnosis_of_training_is_told_first() -> None:
    run = replace(trained(), diagnosis=("Every unit of layer 1 is dead.",), ended_well=False)
    assert told(Report(described(), run)) == [
        "warning: Training: Every unit of layer 1 is dead.",
        "note: Training left out unit: it has one value only.",
    ]


def test_a_run_that_was_cut_off_is_a_warning() -> None:
    run = replace(trained(), ended_well=False, message="sgd: it was cut off.")
    assert told(Report(CALM, run)) == ["warning: Training did not end as planned: sgd: it was cut off."]


def test_columns_are_named_by_the_reason_they_were_left_out_for() -> None:
    names = (f"id{n}" for n in range(7))
    left_out = (*((name, "it is text that never repeats") for name in names), ("u", "it is so"))
    assert told(Report(replace(CALM, left_out=left_out), trained())) == [
        "warning: Training left out id0, id1, id2, id3, id4 and 2 more: it is text that never repeats.",
        "note: Training left out u: it is so.",
    ]


def test_a_wide_gap_between_the_losses_is_called_by_its_name() -> None:
    run = replace(
        trained(), loss_curve=(0.5, 0.1), validation_curve=(0.5, 0.4), best_epoch=2, learning_rates=None
    )
    (text,) = told(Report(CALM, run))
    assert text.startswith(
        "warning: The validation loss is 0.4 where the training loss is 0.1: the network knows"
    )
    assert told(Report(CALM, replace(run, penalised=True))) == []
    assert told(Report(CALM, replace(run, validation_curve=(0.5, 0.14)))) == []


def test_a_validation_loss_that_rose_again_is_told() -> None:
    run = replace(trained(), validation_curve=(0.9, 0.6, 0.5, 0.8))
    assert told(Report(CALM, run)) == [
        "note: After epoch 3 the validation loss rose again, to 0.8; the parameters of epoch 3 were kept."
    ]


def test_a_model_no_better_than_the_largest_class_is_a_warning() -> None:
    targets = np.array([0] * 80 + [1] * 40)
    found = told(Report(CALM, trained(), rows(targets, np.zeros(120, dtype=int), confidence=0.667, loss=0.7)))
    assert found[0] == (
        "warning: Always answering no would be right in 66.7\N{NO-BREAK SPACE}% of the rows; the model is right in "
        "66.7\N{NO-BREAK SPACE}%."
    )
    assert found[1] == (
        "warning: The log-loss, 0.7, is no better than 0.6365, that of predicting the share of each class for every "
        "row."
    )
    assert found[2] == "warning: 1 class is never predicted although there are rows of it: yes."


def test_classes_of_few_rows_and_of_none_are_named() -> None:
    model = replace(CALM, classes=("a", "b", "c"))
    targets = np.array([0] * 200 + [1] * 19)
    found = told(Report(model, trained(), rows(targets, targets, confidence=1.0)))
    assert found == [
        "note: 1 class has no rows here and cannot be judged: c.",
        "note: 1 class has fewer than 20 rows here, so their figures are rough: b.",
    ]


@pytest.mark.parametrize(("confidence", "word"), [(0.99, "more"), (0.6, "less")])
def test_probabilities_that_are_off_are_a_warning(confidence: float, word: str) -> None:
    targets = np.arange(1000) % 2
    predictions = np.where(np.arange(1000) % 5 == 0, 1 - targets, targets)
    (text,) = told(Report(CALM, trained(), rows(targets, predictions, confidence)))
    assert f"the model is {word} sure than it should be" in text


def test_errors_of_calibration_that_chance_makes_are_not_spoken_of() -> None:
    targets = np.array([0, 1, 0, 1] * 6)
    predictions = targets.copy()
    predictions[:2] = 1 - predictions[:2]
    found = told(Report(CALM, trained(), rows(targets, predictions, 0.95)))
    assert not [text for text in found if "calibration" in text]


def test_notes_on_the_data_are_told() -> None:
    assert told(Report(CALM, trained(), notes=("3 rows hold a new word.",))) == [
        "note: 3 rows hold a new word."
    ]


def test_hostile_labels_stay_text_in_sentences() -> None:
    model = replace(CALM, classes=("a", "<script>\n"))
    targets = np.array([0, 1] * 5)
    (text,) = told(Report(model, trained(), rows(targets, targets, 1.0)))
    assert text.endswith("their figures are rough: a and <script> .")
