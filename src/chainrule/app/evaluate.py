"""``chainrule evaluate MODEL DATA``: how well a model does on rows whose classes are known."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from chainrule.estimators import Evaluation, Model

CALL = "chainrule evaluate"


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file that train wrote.")],
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="Rows with their target: a .csv, .tsv, .parquet or .npz file, a folder or pattern of .parquet files, "
            "or a set.",
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option("--target", metavar="COLUMN", help="The target, if it is not called as in training."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Judge a model on rows with a target."""
    from chainrule.app.json_output import print_json
    from chainrule.estimators import Model
    from chainrule.estimators import evaluate as judged

    loaded = Model.load(model, call=CALL)
    found = judged(loaded, data, target, call=CALL)
    if as_json:
        print_json({**score_values(found), "classes": len(loaded.classes), "data": data, "model": model})
    else:
        print_scores(loaded, data, found)


def score_values(found: "Evaluation") -> dict[str, object]:
    """Return plain values: each score by its name, and the ends of its interval."""
    from chainrule.estimators import SCORES

    scores = {name: getattr(found, name) for name in SCORES}
    ends = {name: [score.low, score.high] for name, score in scores.items()}
    values = {name: score.value for name, score in scores.items()}
    return {**values, "examples": found.examples, "intervals": ends}


def print_scores(model: "Model", data: str, found: "Evaluation") -> None:
    """Print the scores for people."""
    from chainrule.app.confusion import worst_counted
    from chainrule.app.summary import confusion_table
    from chainrule.app.terminal import show

    show(evaluation_table(data, found))
    worst, more = worst_counted(found.counts, found.confusions, model.classes)
    if worst:
        show("", confusion_table(worst, more))


def evaluation_table(data: str, found: "Evaluation") -> "Table":
    """Return a table with a line for each score and the interval that chance leaves it."""
    from chainrule.app.standard_streams import printable
    from chainrule.app.terminal import counted, loss_text, percent, plain_table
    from chainrule.estimators import SCORES

    table = plain_table(printable(data), counted(found.examples, "example"), "95 % interval", numbers=2)
    for name in SCORES:
        score, text = getattr(found, name), loss_text if name in NO_SHARES else percent
        table.add_row(WORDS[name], text(score.value), f"{text(score.low)} to {text(score.high)}")
    return table


NO_SHARES = ("loss", "brier_score")
"""Scores that are not told in percent."""
WORDS = {
    "loss": "loss",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "brier_score": "Brier score",
    "calibration_error": "calibration error",
}
"""What each score is called for people."""
