"""What ``train`` and ``evaluate`` show at their end."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from chainrule.app.confusion import ClassErrors, worst_of
from chainrule.app.standard_streams import printable
from chainrule.app.terminal import (
    counted,
    duration_text,
    label_text,
    loss_text,
    percent,
    plain_table,
    show,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chainrule.estimators import Model, PreparedStream, PreparedTable, Scores, TableFit

COLUMNS_NAMED = 5  # of those left out for one reason


def scores_table(title: str, parts: "Iterable[tuple[str, Scores | None]]") -> Table:
    """Return a table with a line for each part of the data; ``title`` stands above their names."""
    table = plain_table(title, "examples", "loss", "accuracy", numbers=3)
    for name, scores in parts:
        if scores is None:
            table.add_row(printable(name), "0", "-", "-")
        else:
            table.add_row(
                printable(name), f"{scores.examples:,}", loss_text(scores.loss), percent(scores.accuracy)
            )
    return table


def confusion_table(worst: list[ClassErrors], more: int = 0) -> Table:
    """Return a table of classes with mistakes, and of how many more there are."""
    table = plain_table("worst classes", "examples", "right", "taken for")
    table.columns[1].justify = table.columns[2].justify = "right"
    for row in worst:
        others = ", ".join(f"{label_text(label)} ({count})" for label, count in row.mistaken_for)
        table.add_row(label_text(row.label), f"{row.examples:,}", percent(row.accuracy), others)
    if more:
        table.add_row(f"and {counted(more, 'more class', 'more classes')}")
    return table


def print_summary(
    fit: "TableFit", prepared: "PreparedTable | PreparedStream", seconds: float, path: Path
) -> None:
    """Print the result of a training for people."""
    outcome = fit.model.outcome
    assert outcome is not None, "a trained model has an outcome"
    parts = [("training", fit.training), ("validation", fit.validation), ("held out", fit.test)]
    show(sizes_table(fit.model, prepared), "", scores_table("part", parts))
    worst, more = worst_of(fit.test_targets, fit.test_predictions, fit.model.classes)
    if worst:
        show("", confusion_table(worst, more))
    show("", f"After {duration_text(seconds)}, {outcome.message}")
    # A path is one word: wrapped, it could not be copied.
    sys.stdout.write(f"Model: {printable(str(path))}\n")


def sizes_table(model: "Model", prepared: "PreparedTable | PreparedStream") -> Table:
    """Return a table of what went in, what was left out, and the network."""
    network, encoder = model.network, prepared.encoder
    columns = len(encoder.columns) + len(encoder.dropped)
    table = Table.grid(padding=(0, 2))
    table.add_row("examples", f"{rows_of(prepared):,}")
    other = split_text(model, prepared)
    if other:
        table.add_row("split", other)
    table.add_row("features", f"{network.n_features:,} from {counted(columns, 'column')}")
    for reason, names in left_out(prepared).items():
        table.add_row("left out", f"{names_text(names)}: {reason}")
    table.add_row("classes", f"{len(model.classes):,}")
    hidden = ", ".join(
        f"{units:,} {name}"
        for units, name in zip(network.layer_sizes[1:-1], network.activations, strict=True)
    )
    table.add_row("hidden", hidden or "none")
    table.add_row("parameters", f"{network.parameters.size:,}")
    return table


def left_out(prepared: "PreparedTable | PreparedStream") -> dict[str, list[str]]:
    """Return the names of the columns that were left out for each reason."""
    reasons: dict[str, list[str]] = {}
    for dropped in prepared.encoder.dropped:
        reasons.setdefault(dropped.reason, []).append(dropped.name)
    return reasons


def names_text(names: list[str]) -> str:
    """Return the names of columns, the first few of many.

    Examples
    --------
    >>> names_text(["a", "b"]), names_text(list("abcdefg"))
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    named = ", ".join(map(label_text, names[:COLUMNS_NAMED]))
    return f"{named} and {len(names) - COLUMNS_NAMED} more" if len(names) > COLUMNS_NAMED else named


def split_text(model: "Model", prepared: "PreparedTable | PreparedStream") -> str:
    """Return in what the parts differ from the shares that were asked for, by a row or more; else nothing."""
    rows, settings = rows_of(prepared), model.settings or {}
    parts = (
        ("validation", prepared.validation, settings["validation_fraction"] * rows),
        ("held out", prepared.test, settings["test_fraction"] * rows),
    )
    others = [
        f"{name} {len(part):,} of {asked:.4g}"
        for name, part, asked in parts
        if abs(len(part) - asked) >= 1.0 or (asked > 0.0 and not len(part))
    ]
    return f"{', '.join(others)} rows; each class trains on one" if others else ""


def rows_of(prepared: "PreparedTable | PreparedStream") -> int:
    """Return the number of rows of the table."""
    return sum(len(part) for part in (prepared.training, prepared.validation, prepared.test))
