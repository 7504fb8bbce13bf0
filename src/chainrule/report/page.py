"""The page: every part is made ready for the template, which holds the words and draws."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from chainrule.report import words
from chainrule.report.confusion import confusion
from chainrule.report.example_view import example_view
from chainrule.report.influence_bars import column_order, influence_bars
from chainrule.report.line_chart import LineChart, line_chart
from chainrule.report.per_class import ClassScores, balanced_accuracy, class_scores, macro_f1
from chainrule.report.reliability import reliability
from chainrule.report.remarks import constant_loss, remarks
from chainrule.report.settings_table import settings_lines
from chainrule.report.values import Judged, Report, Trained

TEMPLATES = Path(__file__).parent / "templates"
MOST_CLASSES = 300
"""Of more classes the table shows those with the lowest F1."""
SECTIONS = (
    ("summary", "Summary"),
    ("warnings", "Warnings and notes"),
    ("training", "Training"),
    ("confusion", "Confusion matrix"),
    ("reliability", "Reliability"),
    ("classes", "Classes"),
    ("columns", "Influential columns"),
    ("examples", "Largest losses"),
    ("settings", "Settings"),
    ("versions", "Versions"),
)


def report_html(report: Report) -> str:
    """Return a report as one HTML page that needs nothing else: no network, no script, no font.

    Parameters
    ----------
    report : Report
        What to show.

    Returns
    -------
    str
        HTML, to be written as UTF-8. Equal reports give equal text. Whatever stands in names, labels and values is
        shown as text; only ``Example.derivation`` is taken as HTML.

    Examples
    --------
    >>> from chainrule.report.values import Described
    >>> page = report_html(Report(Described("<m>", "kind", ("a", "b"), (2, 2), (), 6)))
    >>> "<title>Report of &lt;m&gt;</title>" in page
    True
    """
    context: dict[str, Any] = {
        "report": report,
        "model": report.model,
        "training": report.training,
        "judged": None,
        "calibration": None,
        "scores": None,
        "sections": SECTIONS,
        "loss_chart": loss_chart(report.training),
        "rate_chart": rate_chart(report.training),
        "influence": influence_bars(report.influence) if report.influence else None,
        "settings": settings_lines(report.settings),
        "style": Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
    }
    if report.judged is not None:
        context |= judged_parts(report, report.judged)
    context["remarks"] = remarks(report, context["scores"], context["calibration"])
    return environment().get_template("page.html").render(context)


def judged_parts(report: Report, judged: Judged) -> dict[str, Any]:
    """Return the parts that need rows with known classes."""
    classes = report.model.classes
    scores = class_scores(judged.targets, judged.predictions, judged.losses, classes)
    order = column_order(report.influence, [name for name, _ in values_of(report)])
    return {
        "judged": judged,
        "scores": scores,
        "shown_scores": worst_first(scores),
        "macro_f1": macro_f1(scores),
        "balanced_accuracy": balanced_accuracy(scores),
        "constant_loss": constant_loss(judged),
        "calibration": reliability(judged.confidences, judged.targets == judged.predictions),
        "confusion": confusion(judged.targets, judged.predictions, classes),
        "examples": [example_view(example, classes, order) for example in report.examples],
    }


def values_of(report: Report) -> tuple[tuple[str, object], ...]:
    """Return the values of the first example, whose columns are those of all."""
    return report.examples[0].values if report.examples else ()


def worst_first(scores: list[ClassScores]) -> list[ClassScores]:
    """Return all classes in their order, or of very many those with the lowest F1 that have rows."""
    if len(scores) <= MOST_CLASSES:
        return scores
    known = [score for score in scores if score.f1 is not None]
    return sorted(known, key=lambda score: score.f1 or 0.0)[:MOST_CLASSES]


def loss_chart(training: Trained | None) -> LineChart | None:
    """Return the curves of the training and the validation loss, None where there are none."""
    if training is None or not training.loss_curve:
        return None
    curves = [("training loss", training.loss_curve)]
    if training.validation_curve:
        curves.append(("validation loss", training.validation_curve))
    kept = training.best_epoch if 0 < training.best_epoch <= len(training.loss_curve) else None
    return line_chart("Loss", training.unit, "loss in nats", curves, kept, logarithmic=True)


def rate_chart(training: Trained | None) -> LineChart | None:
    """Return the curve of the learning rate, None where there is none."""
    if training is None or not training.learning_rates:
        return None
    curves = [("learning rate", training.learning_rates)]
    return line_chart("Learning rate", training.unit, "learning rate", curves)


@cache
def environment() -> Environment:
    """Return what renders the templates: every value is escaped, and an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "word": words.word,
        "plain_text": words.plain_text,
        "number": words.number,
        "signed": words.signed,
        "difference": words.difference,
        "probability": words.probability,
        "percent": words.percent,
    }
    made.globals["counted"] = words.counted
    return made
