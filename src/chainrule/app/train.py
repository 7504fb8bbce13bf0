"""``chainrule train DATA``: a model from a table."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from chainrule.app import train_options as given
from chainrule.app.exit_status import ExitStatus
from chainrule.app.layers import activations, hidden_units
from chainrule.app.refusal import refuse
from chainrule.app.standard_streams import point_at_nothing, say

if TYPE_CHECKING:
    from chainrule.estimators import Model, PreparedTable, TableSettings
    from chainrule.training import Solver

CALL = "chainrule train"
NEVER_REPEATS = "never repeats"  # in the reason of a column that may hold more than the encoder can use
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
    from chainrule.app.paths import default_model_path, require_model_ending, require_output
    from chainrule.estimators import TableSettings, prepare_table

    path = output or default_model_path(data)
    require_model_ending(path, CALL)
    require_output(path, (data,), CALL)
    settings = TableSettings(
        hidden=hidden_units(hidden),
        activation=activations(activation),
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
    if quiet or as_json:
        warn_of_texts(prepared)
    model, seconds = timed_training(prepared, settings, threads, show=not quiet)
    require_learned(model)
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
        raise typer.Exit(ExitStatus.INTERRUPTED)


def warn_of_texts(prepared: "PreparedTable") -> None:
    """Warn of columns of text that were left out, where no summary tells of them."""
    from chainrule.app.summary import names_text

    names = [column.name for column in prepared.encoder.dropped if NEVER_REPEATS in column.reason]
    if names:
        say(f"warning: {CALL}: columns of text that never repeats are left out: {names_text(names)}.")


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


def require_learned(model: "Model") -> None:
    """Refuse a training that only made things worse: its model is the one it began with."""
    from chainrule.training import StopReason

    outcome, useless = model.outcome, (StopReason.DIVERGED, StopReason.NOT_IMPROVED)
    if outcome is not None and outcome.reason in useless and outcome.best_epoch == 0:
        refuse(f"{CALL}: {outcome.message} Nothing was written.")


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
    from chainrule.app.result import result
    from chainrule.app.summary import print_summary
    from chainrule.estimators import judge_table

    try:
        fit = judge_table(model, prepared)
        if as_json:
            print_json(result(fit, prepared, seconds, path))
        elif path is not None and not quiet:
            print_summary(fit, prepared, seconds, path)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (OSError, MemoryError) as error:
        if path is None:
            raise
        point_at_nothing(sys.stdout)
        why = getattr(error, "strerror", None) or "not enough memory"
        refuse(f"{CALL}: the model is written to {str(path)!r}; its results cannot be printed: {why}.")


def was_interrupted(model: "Model") -> bool:
    """Return whether Ctrl-C ended the training."""
    from chainrule.training import StopReason

    return model.outcome is not None and model.outcome.reason is StopReason.INTERRUPTED


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
