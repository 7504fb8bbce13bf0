"""What ``train`` and ``evaluate`` show at their end."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from chainrule.app.confusion import ClassErrors, worst_classes
from chainrule.app.terminal import (
    console,
    counted,
    duration_text,
    label_text,
    loss_text,
    percent,
    plain_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chainrule.estimators import Model, PreparedTable, Scores, TableFit

COLUMNS_NAMED = 5  # columns left out for one reason that are named


def scores_table(parts: "Iterable[tuple[str, Scores | None]]") -> Table:
    """Return a table with a line for each part of the data."""
    table = plain_table("rows", "examples", "loss", "accuracy", numbers=3)
    for name, scores in parts:
        if scores is None:
            table.add_row(name, "0", "-", "-")
        else:
            table.add_row(name, f"{scores.examples:,}", loss_text(scores.loss), percent(scores.accuracy))
    return table


def confusion_table(worst: list[ClassErrors]) -> Table:
    """Return a table of classes with mistakes."""
    table = plain_table("worst classes", "examples", "right", "taken for")
    table.columns[1].justify = table.columns[2].justify = "right"
    for row in worst:
        others = ", ".join(f"{label_text(label)} ({count})" for label, count in row.mistaken_for)
        table.add_row(label_text(row.label), f"{row.examples:,}", percent(row.accuracy), others)
    return table


def print_summary(fit: "TableFit", prepared: "PreparedTable", seconds: float, path: Path) -> None:
    """Print the result of a training for people."""
    screen = console()
    print_sizes(screen, fit.model, prepared)
    parts = [("training", fit.training), ("validation", fit.validation), ("held out", fit.test)]
    screen.print()
    screen.print(scores_table(parts))
    worst = worst_classes(fit.test_targets, fit.test_predictions, fit.model.classes)
    if worst:
        screen.print()
        screen.print(confusion_table(worst))
    outcome = fit.model.outcome
    assert outcome is not None, "a trained model has an outcome"
    screen.print()
    screen.print(f"After {duration_text(seconds)}, {outcome.message}")
    # A path is one word: wrapped, it could not be copied.
    screen.print(f"Model: {path}", soft_wrap=True)


def print_sizes(screen: Console, model: "Model", prepared: "PreparedTable") -> None:
    """Print what went in, what was left out, and the network."""
    network, encoder = model.network, prepared.encoder
    examples = sum(len(part) for part in (prepared.training, prepared.validation, prepared.test))
    columns = len(encoder.columns) + len(encoder.dropped)
    table = Table.grid(padding=(0, 2))
    table.add_row("examples", f"{examples:,}")
    table.add_row("features", f"{network.n_features:,} from {counted(columns, 'column')}")
    reasons: dict[str, list[str]] = {}
    for dropped in encoder.dropped:
        reasons.setdefault(dropped.reason, []).append(label_text(dropped.name))
    for reason, names in reasons.items():
        named = ", ".join(names[:COLUMNS_NAMED])
        more = f" and {len(names) - COLUMNS_NAMED} more" if len(names) > COLUMNS_NAMED else ""
        table.add_row("left out", f"{named}{more}: {reason}")
    table.add_row("classes", f"{len(model.classes):,}")
    hidden = ", ".join(
        f"{units:,} {name}"
        for units, name in zip(network.layer_sizes[1:-1], network.activations, strict=True)
    )
    table.add_row("hidden", hidden or "none")
    table.add_row("parameters", f"{network.parameters.size:,}")
    screen.print(table)
