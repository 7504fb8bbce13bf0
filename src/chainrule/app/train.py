"""``chainrule train DATA``: a model from a table."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from chainrule.app import train_options as given
from chainrule.app.refusal import INTERRUPTED, say

if TYPE_CHECKING:
    from chainrule.estimators import Model, PreparedTable, TableFit, TableSettings
    from chainrule.training import Solver

CALL = "chainrule train"
SCHEDULED = ("sgd", "adam", "adamw")  # solvers that have a learning rate


def train(
    data: given.Data,
    target: given.Target = None,
    hidden: given.Hidden = "",
    output: given.Output = None,
    seed: given.Seed = 0,
    activation: given.Activation = "relu",
    solver: given.SolverName = "auto",
    learning_rate: given.LearningRate = None,
    alpha: given.Alpha = 1e-4,
    batch_size: given.BatchSize = None,
    max_epochs: given.MaxEpochs = None,
    patience: given.Patience = 20,
    label_smoothing: given.LabelSmoothing = 0.0,
    balanced: given.Balanced = False,
    validation: given.Validation = 0.1,
    test: given.Test = 0.2,
    threads: given.Threads = None,
    quiet: given.Quiet = False,
    as_json: given.AsJson = False,
) -> None:
    """Train a classifier on a table and save it in one file."""
    from chainrule.app.paths import default_model_path, require_output
    from chainrule.estimators import TableSettings, prepare_table

    path = output or default_model_path(data)
    require_output(path, (data,), CALL)
    settings = TableSettings(
        hidden=hidden_units(hidden),
        activation=activation,
        solver=chosen_solver(solver, learning_rate, hidden=bool(hidden)),
        alpha=alpha,
        batch_size=batch_size or "auto",
        max_epochs=max_epochs or "auto",
        patience=patience,
        class_weight="balanced" if balanced else None,
        label_smoothing=label_smoothing,
        validation_fraction=validation,
        test_fraction=test,
        random_state=seed,
    )
    prepared = prepare_table(data, target, settings, call=CALL)
    model, seconds = timed_training(prepared, settings, threads, show=not quiet)
    saved = save(model, path)
    try:
        report(model, prepared, seconds, path if saved else None, as_json=as_json, quiet=quiet)
        interrupted = was_interrupted(model)
    except KeyboardInterrupt:
        interrupted = True
    if interrupted:
        say(
            f"interrupted; the best model so far is in {path}."
            if saved
            else "interrupted; nothing was written."
        )
        raise typer.Exit(INTERRUPTED)


def timed_training(
    prepared: "PreparedTable", settings: "TableSettings", threads: int | None, *, show: bool
) -> "tuple[Model, float]":
    """Return the model and the seconds its training took; a bar shows how far it is."""
    from chainrule.app.training_progress import training_progress
    from chainrule.estimators import train_table

    start = time.perf_counter()
    with training_progress(wanted=show) as callback:
        model = train_table(prepared, settings, n_threads=threads, callback=callback, call=CALL)
    return model, time.perf_counter() - start


def save(model: "Model", path: Path) -> bool:
    """Save the model, unless training was interrupted before it changed anything."""
    if was_interrupted(model) and model.outcome is not None and model.outcome.best_epoch == 0:
        return False
    model.save(path)
    return True


def report(
    model: "Model",
    prepared: "PreparedTable",
    seconds: float,
    path: Path | None,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Judge the model and print how well it does; ``path`` is None if it was not saved."""
    from chainrule.app.json_output import print_json
    from chainrule.app.summary import print_summary
    from chainrule.estimators import judge_table

    fit = judge_table(model, prepared)
    if as_json:
        print_json(result(fit, seconds, path))
    elif path is not None and not quiet:
        print_summary(fit, prepared, seconds, path)


def was_interrupted(model: "Model") -> bool:
    """Return whether Ctrl-C ended the training."""
    from chainrule.training import StopReason

    return model.outcome is not None and model.outcome.reason is StopReason.INTERRUPTED


def result(fit: "TableFit", seconds: float, path: Path | None) -> dict[str, object]:
    """Return what ``--json`` prints; the scores of parts without rows are null."""
    model, outcome = fit.model, fit.model.outcome
    assert outcome is not None, "a trained model has an outcome"
    parts = {"train": fit.training, "validation": fit.validation, "test": fit.test}
    scores: dict[str, object] = {}
    for name, part in parts.items():
        scores[f"{name}_examples"] = part.examples if part else 0
        scores[f"{name}_loss"] = part.loss if part else None
        scores[f"{name}_accuracy"] = part.accuracy if part else None
    return {
        **scores,
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


def hidden_units(text: str) -> tuple[int, ...]:
    """Return the numbers of a list such as 256,128.

    Examples
    --------
    >>> hidden_units("256,128"), hidden_units("")
    ((256, 128), ())
    """
    from chainrule.errors import ArgumentError

    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise ArgumentError(
            CALL,
            "--hidden lists positive integers, as 256,128",
            repr(text),
            "Leave it out for no hidden layer.",
        )
    return tuple(map(int, parts))


def chosen_solver(name: str, learning_rate: float | None, *, hidden: bool) -> "str | Solver":
    """Return a solver by its name, or with a learning rate of one's own, which falls along a cosine."""
    if learning_rate is None:
        return name
    from chainrule.errors import ArgumentError
    from chainrule.training import SGD, Adam, AdamW, CosineSchedule

    name = "adamw" if name == "auto" and hidden else name
    if name not in SCHEDULED:
        raise ArgumentError(
            CALL, f"--learning-rate goes with {', '.join(SCHEDULED)}", f"--solver {name}", "Leave it out."
        )
    return {"sgd": SGD, "adam": Adam, "adamw": AdamW}[name](learning_rate=CosineSchedule(learning_rate))
