"""From a model and a table to what a report shows."""

import platform
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from chainrule._types import Array
from chainrule.errors import UnseenCategoryWarning
from chainrule.kernels import Purpose, permutation
from chainrule.report import Column, Described, Example, Influence, Judged, Report, Trained

if TYPE_CHECKING:
    from chainrule.data import Table
    from chainrule.estimators import Model
    from chainrule.training import Outcome

EXAMPLES = 5
REPEATS = 5
MOST_EXPLAINED = 5_000_000
"""Of a network with more parameters no example is explained: that takes a copy of all of them in float64."""
PARTS = ("training", "validation", "test")
ENDED_WELL = ("CONVERGED", "PRECISION_REACHED", "COMPLETED", "PORTION_DONE", "EARLY_STOPPED")


def report_of_model(model: "Model", name: str) -> Report:
    """Return what can be told of a model without data; ``name`` is what the page calls it."""
    return Report(
        describe(model, name),
        None if model.outcome is None else trained(model, model.outcome),
        settings=model.settings or {},
        versions=versions(),
    )


def report_of_rows(
    model: "Model",
    name: str,
    table: "Table",
    targets: Array,
    rows: Array,
    source: str,
    call: str,
    *,
    numbers: Array | None = None,
) -> Report:
    """Return what can be told of a model and some rows of a table.

    Parameters
    ----------
    model : Model
        What is judged.
    name, source : str
        What the page calls the model and the rows.
    table : Table
        Rows with their target.
    targets : ndarray of int64, shape (rows of the table,)
        Class indices of all rows.
    rows : ndarray of int64
        Which rows to judge, at least one.
    call : str
        Who asks, for messages.
    numbers : ndarray of int64 or None, shape (rows of the table,)
        What the page calls each row of the table; None: by its place.
    """
    from dataclasses import replace

    from chainrule.data import Table
    from chainrule.estimators import judge_rows

    some = table if len(rows) == len(targets) else Table(table.frame[rows], table.target, table.source)
    features, notes = encoded(model, some, call)
    chosen = targets[rows]
    found = judge_rows(model.network, features, chosen)
    judged = Judged(source, chosen, found.predictions, found.losses, found.confidences)
    return replace(
        report_of_model(model, name),
        judged=judged,
        influence=influence_of(model, some, features, chosen),
        examples=worst_examples(model, some, features, judged, rows if numbers is None else numbers[rows]),
        notes=(*notes, *seen_before(model, len(rows), len(targets))),
    )


def encoded(model: "Model", table: "Table", call: str) -> tuple[Any, list[str]]:
    """Return the features of a table, and what its encoding warned of, which is also said on stderr."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UnseenCategoryWarning)
        features = model.encode(table, call=call)
    for warning in caught:
        warnings.warn(warning.message, stacklevel=2)
    unseen = [str(one.message) for one in caught if issubclass(one.category, UnseenCategoryWarning)]
    return features, [text.removeprefix(f"{call}: ") for text in unseen]


def describe(model: "Model", name: str) -> Described:
    """Return what the page says of a model."""
    network, encoder = model.network, model.encoder
    rows = (model.settings or {}).get("rows")
    counts = {part: rows[part] for part in PARTS if isinstance(rows, dict) and type(rows.get(part)) is int}
    return Described(
        name,
        model.target,
        model.classes,
        network.layer_sizes,
        network.activations,
        network.parameters.size,
        () if encoder is None else tuple(Column(c.name, c.kind.value, c.n_features) for c in encoder.columns),
        () if encoder is None else tuple((dropped.name, dropped.reason) for dropped in encoder.dropped),
        counts,
        float(network.temperature),
    )


def trained(model: "Model", outcome: "Outcome") -> Trained:
    """Return what the page says of a training."""
    from chainrule.training import SOLVERS, FullBatchSolver, planned_learning_rates

    settings = model.settings or {}
    kind = SOLVERS.get(outcome.solver)
    n_rows = describe(model, "").rows.get("training", 0)
    return Trained(
        outcome.solver,
        outcome.reason.name,
        outcome.message,
        outcome.reason.name in ENDED_WELL,
        outcome.epochs,
        outcome.best_epoch,
        numbers(outcome.loss_curve),
        numbers(outcome.validation_curve),
        planned_learning_rates(
            settings.get("solver"), outcome.solver, n_rows=n_rows, epochs=outcome.epochs,
            batch_size=settings.get("batch_size", "auto"), max_epochs=settings.get("max_epochs", "auto"),
        ),
        isinstance(kind, type) and issubclass(kind, FullBatchSolver),
        any(settings.get(name) for name in ("label_smoothing", "class_weight", "dropout")),
        outcome.diagnosis,
    )  # fmt: skip


def numbers(curve: Sequence[float | None]) -> tuple[float, ...]:
    """Return a curve as numbers; what a file could not hold is NaN.

    Examples
    --------
    >>> numbers((0.5, None))
    (0.5, nan)
    """
    return tuple(float("nan") if value is None else float(value) for value in curve)


def influence_of(model: "Model", table: "Table", features: Any, targets: Array) -> Influence:
    """Return the influence of each column, on some rows drawn at random where there are many."""
    from chainrule.estimators import column_influences, rows_for_influence

    columns = feature_counts(model, table)
    count = rows_for_influence(model.network, len(columns), REPEATS)
    if len(targets) > count:
        rows = np.sort(permutation(len(targets), Purpose.SAMPLE, 0)[:count])
        features, targets = features[rows], targets[rows]
    found = column_influences(model.network, features, targets, columns, repeats=REPEATS)
    return Influence(tuple((column.column, column.rises) for column in found), len(targets))


def feature_counts(model: "Model", table: "Table") -> list[tuple[str, int]]:
    """Return each column that the model reads, with the number of features it becomes."""
    if model.encoder is None:
        return [(name, 1) for name in table.features.columns]
    return [(column.name, column.n_features) for column in model.encoder.columns]


def worst_examples(
    model: "Model", table: "Table", features: Any, judged: Judged, rows: Array
) -> tuple[Example, ...]:
    """Return the rows with the largest loss, the largest first, of equal ones the first."""
    places = np.argsort(-judged.losses, kind="stable")[:EXAMPLES]
    probabilities = model.network.predict_proba(features[places]).astype(np.float64)
    frame = table.frame.select([name for name, _ in feature_counts(model, table)])[places]
    return tuple(
        Example(
            int(rows[place]),
            tuple(zip(frame.columns, frame.row(n), strict=True)),
            int(judged.targets[place]),
            float(judged.losses[place]),
            probabilities[n],
            derivation_of(model, features[places[n : n + 1]], int(judged.targets[place]), first=n == 0),
        )
        for n, place in enumerate(places)
    )


def derivation_of(model: "Model", features: Any, target: int, *, first: bool) -> Markup | None:
    """Return how the gradient of a row by its logits comes about, as HTML; None where a copy of the network is large.

    Parameters
    ----------
    model : Model
        What is judged.
    features : ndarray or scipy.sparse, shape (1, features)
        The encoded row.
    target : int
        Its class index.
    first : bool
        Whether it is the first on its page, which brings the style of all.
    """
    from chainrule.explain import explain

    if model.network.parameters.size > MOST_EXPLAINED:
        return None
    row = np.asarray(features.toarray() if hasattr(features, "toarray") else features, dtype=np.float64)[0]
    if not (np.isfinite(row).all() and np.isfinite(model.network.parameters).all()):
        return None
    found = explain(model.network, row, target, "dE/dZ_k", classes=[str(label) for label in model.classes])
    return found.html(brief=True, heading_level=5, style=first, head=False)


def seen_before(model: "Model", judged: int, whole: int) -> list[str]:
    """Return a note if all rows are judged and are as many as training, validation and test had together."""
    counts = describe(model, "").rows
    if judged < whole or sum(counts.values()) != whole or not counts:
        return []
    note = (
        f"The data has {whole:,} rows, as many as the model was made from. If they are the same, most of them were "
        "trained on, and these figures flatter: chainrule train --report judges held-out rows alone."
    )
    return [note]


def versions() -> dict[str, str]:
    """Return the versions of what makes the report."""
    from chainrule import __version__

    return {"chainrule": __version__, "numpy": np.__version__, "python": platform.python_version()}
