"""What ``train --json`` prints."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.estimators import PreparedStream, PreparedTable, TableFit


def result(
    fit: "TableFit", prepared: "PreparedTable | PreparedStream", seconds: float, path: Path | None
) -> dict[str, object]:
    """Return plain values; the scores of parts without rows are null."""
    model, outcome = fit.model, fit.model.outcome
    assert outcome is not None, "a trained model has an outcome"
    encoder = prepared.encoder
    return {
        **scores(fit),
        "columns": len(encoder.columns) + len(encoder.dropped),
        "left_out": [{"column": column.name, "reason": column.reason} for column in encoder.dropped],
        "features": model.network.n_features,
        "classes": len(model.classes),
        "parameters": model.network.parameters.size,
        "epochs": outcome.epochs,
        "seconds": seconds,
        "solver": outcome.solver,
        "reason": outcome.reason.name,
        "message": outcome.message,
        "model": None if path is None else str(path),
    }


def scores(fit: "TableFit") -> dict[str, object]:
    """Return examples, loss and accuracy of each part."""
    values: dict[str, object] = {}
    for name, part in {"train": fit.training, "validation": fit.validation, "test": fit.test}.items():
        values[f"{name}_examples"] = part.examples if part else 0
        values[f"{name}_loss"] = part.loss if part else None
        values[f"{name}_accuracy"] = part.accuracy if part else None
    return values
