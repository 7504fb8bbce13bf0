"""``chainrule evaluate MODEL DATA``: how well a model does on rows whose classes are known."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from chainrule._types import Array
    from chainrule.estimators import Model, Scores

CALL = "chainrule evaluate"


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file that train wrote.")],
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA", help="Rows with their target: a .csv, .tsv, .parquet or .npz file, or a set."
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

    loaded = Model.load(model, call=CALL)
    targets, predictions, scores = judge_data(loaded, data, target)
    if as_json:
        print_json(
            {
                "accuracy": scores.accuracy,
                "loss": scores.loss,
                "examples": scores.examples,
                "classes": len(loaded.classes),
                "data": data,
                "model": model,
            }
        )
    else:
        print_scores(loaded, data, scores, targets, predictions)


def judge_data(model: "Model", data: str, target: str | None) -> "tuple[Array, Array, Scores]":
    """Return class indices, predicted class indices and scores of a table."""
    from chainrule.app.judged_table import read_judged
    from chainrule.estimators import judge

    table, targets = read_judged(model, data, target, CALL)
    judged = judge(model.network, model.encode(table, call=CALL), targets)
    assert judged is not None, "class_indices refuses a table without rows"
    return targets, judged[1], judged[0]


def print_scores(model: "Model", data: str, scores: "Scores", targets: "Array", predictions: "Array") -> None:
    """Print the scores for people."""
    from chainrule.app.confusion import worst_of
    from chainrule.app.summary import confusion_table, scores_table
    from chainrule.app.terminal import show

    show(scores_table("data", [(data, scores)]))
    worst, more = worst_of(targets, predictions, model.classes)
    if worst:
        show("", confusion_table(worst, more))
