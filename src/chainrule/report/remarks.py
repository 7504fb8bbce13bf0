"""What deserves attention, in sentences: of the training, of the data, and of the scores."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.report.per_class import ClassScores
from chainrule.report.reliability import Reliability
from chainrule.report.values import Described, Judged, Report, Trained
from chainrule.report.words import counted, listed, number, percent, plain_text

FEW_ROWS = 20
"""With fewer rows a share of right predictions is uncertain by more than a fifth either way."""
LARGE_GAP = 1.5
"""A validation loss so many times the training loss, and ``LEAST_GAP`` of that of guessing above it, is overfitting."""
LEAST_GAP = 0.1
RISEN = 1.1
"""A validation loss that ends so many times above its lowest value, and ``LEAST_RISE`` nats, is said to have risen."""
LEAST_RISE = 0.05
LARGE_CALIBRATION_ERROR = 0.03
CHANCE = 2.0
"""Calibration errors below so many times what chance alone makes are not spoken of."""


@dataclass(frozen=True)
class Remark:
    """A sentence or two: a warning of something wrong, or a note on how to read the page."""

    warning: bool
    text: str


def remarks(
    report: Report, scores: Sequence[ClassScores] | None, calibration: Reliability | None
) -> list[Remark]:
    """Return everything that deserves attention, warnings first.

    Parameters
    ----------
    report : Report
        What the page shows.
    scores, calibration : sequence of ClassScores, Reliability, or None
        Of the judged rows; None without any.

    Examples
    --------
    >>> model = Described("m", "kind", ("a", "b"), (2, 2), (), 6, left_out=(("id", "it is text that never repeats"),))
    >>> [remark.text for remark in remarks(Report(model), None, None)]
    ['Training left out id: it is text that never repeats.', 'The model file does not say how it was trained.']
    """
    found = [*training_remarks(report.training, len(report.model.classes)), *column_remarks(report.model)]
    if report.judged is not None and scores is not None and calibration is not None:
        found += [*score_remarks(report.judged, report.model.classes), *class_remarks(scores)]
        found += [*calibration_remarks(calibration)]
    found += [Remark(False, note) for note in report.notes]
    return sorted(found, key=lambda remark: not remark.warning)


def training_remarks(training: Trained | None, n_classes: int) -> Iterator[Remark]:
    """Yield what went wrong in training."""
    if training is None:
        yield Remark(False, "The model file does not say how it was trained.")
        return
    for sentence in training.diagnosis:
        yield Remark(True, f"Training: {sentence}")
    if not training.ended_well and not training.diagnosis:
        yield Remark(True, f"Training did not end as planned: {training.message}")
    yield from overfitting_remarks(training, n_classes)


def overfitting_remarks(training: Trained, n_classes: int) -> Iterator[Remark]:
    """Yield how far the validation loss is above the training loss, and whether it rose."""
    best, curve = training.best_epoch, training.validation_curve
    if not 0 < best <= min(len(training.loss_curve), len(curve)):
        return
    loss, validation = training.loss_curve[best - 1], curve[best - 1]
    wide = validation - loss > LEAST_GAP * math.log(n_classes) and validation > LARGE_GAP * loss
    if wide and not training.penalised:
        yield Remark(
            True,
            f"The validation loss is {number(validation)} where the training loss is {number(loss)}: the network "
            "knows its own rows better than others. More rows, a stronger penalty or dropout narrow such a gap.",
        )
    last = curve[-1]
    if math.isfinite(last) and last > RISEN * validation and last - validation > LEAST_RISE:
        unit = training.unit
        yield Remark(
            False,
            f"After {unit} {best} the validation loss rose again, to {number(last)}; the parameters of {unit} {best} "
            "were kept.",
        )


def column_remarks(model: Described) -> Iterator[Remark]:
    """Yield which columns were left out, by reason."""
    reasons: dict[str, list[str]] = {}
    for name, reason in model.left_out:
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        yield Remark("never repeats" in reason, f"Training left out {listed(names)}: {plain_text(reason)}.")


def score_remarks(judged: Judged, classes: Sequence[object]) -> Iterator[Remark]:
    """Yield whether the model does better than an answer that is the same for every row."""
    counts = np.bincount(judged.targets, minlength=len(classes))
    most = int(counts.argmax())
    share = float(counts[most] / len(judged.targets))
    constant = constant_loss(judged)
    if len(np.flatnonzero(counts)) > 1 and judged.accuracy <= share:
        yield Remark(
            True,
            f"Always answering {plain_text(classes[most], 40)} would be right in {percent(share)} of the rows; the "
            f"model is right in {percent(judged.accuracy)}.",
        )
    if judged.loss >= constant > 0.0:
        yield Remark(
            True,
            f"The log-loss, {number(judged.loss)}, is no better than {number(constant)}, that of predicting the share "
            "of each class for every row.",
        )


def constant_loss(judged: Judged) -> float:
    """Return the log-loss of predicting the share of each class for every row: the entropy of the labels."""
    shares = np.unique(judged.targets, return_counts=True)[1] / len(judged.targets)
    return float(max(-(shares * np.log(shares)).sum(), 0.0))


def class_remarks(scores: Sequence[ClassScores]) -> Iterator[Remark]:
    """Yield which classes have few rows, none, or are never predicted."""
    none = [str(score.label) for score in scores if score.examples == 0]
    few = [str(score.label) for score in scores if 0 < score.examples < FEW_ROWS]
    never = [str(score.label) for score in scores if score.examples and not score.predicted]
    if none:
        many = counted(len(none), "class has", "classes have")
        yield Remark(False, f"{many} no rows here and cannot be judged: {listed(none)}.")
    if few:
        many = counted(len(few), "class has", "classes have")
        yield Remark(
            False,
            f"{many} fewer than {FEW_ROWS} rows here, so their figures are rough: {listed(few)}.",
        )
    if never:
        many = counted(len(never), "class is", "classes are")
        yield Remark(True, f"{many} never predicted although there are rows of it: {listed(never)}.")


def calibration_remarks(found: Reliability) -> Iterator[Remark]:
    """Yield whether probabilities are too high or too low, where that is more than chance."""
    if found.error < max(LARGE_CALIBRATION_ERROR, CHANCE * found.by_chance):
        return
    sure = "more" if found.mean_confidence > found.accuracy else "less"
    yield Remark(
        True,
        f"Probabilities are off by {percent(found.error)} on average (expected calibration error): the model is {sure} "
        f"sure than it should be, {percent(found.mean_confidence)} against {percent(found.accuracy)} right.",
    )
