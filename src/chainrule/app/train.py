"""``chainrule train DATA``: a model from a table; ``chainrule train --resume CHECKPOINT``: the same, after a break."""

import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from chainrule.app import train_options as given
from chainrule.app.description import print_description
from chainrule.app.exit_status import ExitStatus
from chainrule.app.paths import default_model_path, require_model_ending, require_output
from chainrule.app.refusal import refuse
from chainrule.app.report import report_of_training, require_report_file, write_report
from chainrule.app.standard_streams import point_at_nothing, printable, say
from chainrule.app.train_request import CALL, TrainRequest, column_kinds, new_checkpoint
from chainrule.errors import ChainruleError

if TYPE_CHECKING:
    from chainrule.estimators import Model, PreparedStream, PreparedTable, TableSettings
    from chainrule.training import Checkpoint

NEVER_REPEATS = "never repeats"  # in the reason of a column that may hold more than the encoder can use
WITH_RESUME = ("resume", "output", "checkpoint_every", "log", "report", "threads", "quiet", "as_json")
"""Options that go with --resume: none of them changes the model."""


def train(
    context: typer.Context,
    data: given.Data = None,
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
    stream: given.Stream = None,
    column: given.Columns = None,
    describe: given.Describe = False,
    checkpoint: given.CheckpointPath = None,
    checkpoint_every: given.CheckpointEvery = 60.0,
    resume: given.Resume = None,
    log: given.Log = None,
    report: given.Report = None,
    threads: given.Threads = None,
    quiet: given.Quiet = False,
    as_json: given.AsJson = False,
) -> None:
    """Train a classifier on a table and save it in one file."""
    from chainrule.training import Checkpoint

    manner = Manner(threads, log, report, quiet=quiet, as_json=as_json)
    if resume is not None:
        refuse_settings(context)
        request = TrainRequest.from_note(resume, output)
        train_as_asked(request, Checkpoint(resume, checkpoint_every, note=request.note()), manner)
        return
    if data is None:
        refuse(f"{CALL}: Missing argument 'DATA'.")
    request = TrainRequest(
        data=data, target=target, output=str(output or default_model_path(data)), hidden=hidden, seed=seed,
        activation=activation, solver=solver, learning_rate=learning_rate, alpha=alpha, batch_size=batch_size,
        max_epochs=max_epochs, patience=patience, label_smoothing=label_smoothing, balanced=balanced,
        validation=validation, test=test, stream=stream,
        columns=column_kinds(column or []),
    )  # fmt: skip
    request = replace(request, stream=stays_on_the_disk(request))
    if describe:
        print_description(request, as_json=as_json)
        return
    where = None if checkpoint is None else new_checkpoint(checkpoint, checkpoint_every, request)
    train_as_asked(request, where, manner)


def stays_on_the_disk(request: TrainRequest) -> bool:
    """Return whether the table is streamed, as asked or by its size: a resumed training has to know."""
    from chainrule.estimators import is_streamed

    return is_streamed(request.data, "auto" if request.stream is None else request.stream, CALL)


@dataclass(frozen=True)
class Manner:
    """How a training is done and told, which changes nothing of the model."""

    threads: int | None
    log: Path | None
    report: Path | None
    quiet: bool
    as_json: bool


def refuse_settings(context: typer.Context) -> None:
    """Refuse options beside ``--resume`` that the checkpoint decides."""
    from chainrule.errors import ArgumentError

    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE" and parameter.name not in WITH_RESUME:
            name = "DATA" if parameter.name == "data" else parameter.opts[0]
            rule = "--resume takes data and settings from its checkpoint"
            raise ArgumentError(CALL, rule, f"{name} as well", "Leave it out.")


def train_as_asked(request: TrainRequest, checkpoint: "Checkpoint | None", manner: Manner) -> None:
    """Train, save and report."""
    from chainrule.estimators import prepare_table

    path = Path(request.output)
    require_model_ending(path, CALL)
    require_output(path, (request.data,), CALL)
    if manner.report is not None:
        others = [request.data, request.output]
        if checkpoint is not None:
            others.append(os.fspath(checkpoint.path))
        require_report_file(manner.report, tuple(others), "--report", CALL)
    settings = request.settings()
    stream = bool(request.stream)
    prepared = prepare_table(request.data, request.target, settings, stream=stream, call=CALL)
    if manner.quiet or manner.as_json:
        warn_of_texts(prepared)
    model, seconds = timed_training(prepared, settings, checkpoint, manner)
    require_learned(model)
    if manner.quiet:
        warn_of_findings(model)
    saved = save(model, path)
    try:
        tell(model, prepared, seconds, path if saved else None, manner)
        if saved and manner.report is not None:
            write_page(model, prepared, request, manner)
        interrupted = was_interrupted(model)
    except KeyboardInterrupt:
        interrupted = True
    if interrupted:
        say(interruption_text(path if saved else None, checkpoint))
        raise typer.Exit(ExitStatus.INTERRUPTED)


def interruption_text(path: Path | None, checkpoint: "Checkpoint | None") -> str:
    """Return what Ctrl-C leaves, and how to go on."""
    left = "nothing was written" if path is None else f"the best model so far is in {path}"
    if checkpoint is None:
        return f"interrupted; {left}."
    left = "" if path is None else f"{left}; "
    return f"interrupted; {left}go on with chainrule train --resume {os.fspath(checkpoint.path)}"


def warn_of_texts(prepared: "PreparedTable | PreparedStream") -> None:
    """Warn of columns of text that were left out, where no summary tells of them."""
    from chainrule.app.summary import names_text

    names = [column.name for column in prepared.encoder.dropped if NEVER_REPEATS in column.reason]
    if names:
        say(f"warning: {CALL}: columns of text that never repeats are left out: {names_text(names)}.")


def warn_of_findings(model: "Model") -> None:
    """Warn of a training that learned nothing, where no summary tells of it."""
    if model.outcome is not None and model.outcome.diagnosis:
        say(f"warning: {CALL}: {' '.join(model.outcome.diagnosis)}")


def timed_training(
    prepared: "PreparedTable | PreparedStream",
    settings: "TableSettings",
    checkpoint: "Checkpoint | None",
    manner: Manner,
) -> "tuple[Model, float]":
    """Return the model and the seconds its training took; a bar shows how far it is."""
    from chainrule.app.training_progress import training_progress
    from chainrule.estimators import train_table

    start = time.perf_counter()
    with training_progress(wanted=not manner.quiet) as callback:
        model = train_table(
            prepared, settings, n_threads=manner.threads, callback=callback, checkpoint=checkpoint,
            log=manner.log, call=CALL,
        )  # fmt: skip
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


def tell(
    model: "Model",
    prepared: "PreparedTable | PreparedStream",
    seconds: float,
    path: Path | None,
    manner: Manner,
) -> None:
    """Judge the model and print how well it does; ``path`` is None if it was not saved."""
    from chainrule.app.json_output import print_json
    from chainrule.app.result import result
    from chainrule.app.summary import print_summary
    from chainrule.estimators import judge_table

    try:
        fit = judge_table(model, prepared)
        if manner.as_json:
            print_json(result(fit, prepared, seconds, path))
        elif path is not None and not manner.quiet:
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


def write_page(
    model: "Model", prepared: "PreparedTable | PreparedStream", request: TrainRequest, manner: Manner
) -> None:
    """Write the report on the held-out rows; the model is saved already, and an error says so."""
    assert manner.report is not None, "only where a report is asked for"
    try:
        found = report_of_training(model, Path(request.output).name, request.data, prepared, CALL)
        write_report(found, manner.report, CALL)
    except (ChainruleError, MemoryError) as error:
        why = str(error).removeprefix(f"{CALL}: ") or "not enough memory"
        refuse(f"{CALL}: the model is written to {request.output!r}, but not its report: {why}")
    if not (manner.quiet or manner.as_json):
        sys.stdout.write(f"Report: {printable(str(manner.report))}\n")


def was_interrupted(model: "Model") -> bool:
    """Return whether Ctrl-C ended the training."""
    from chainrule.training import StopReason

    return model.outcome is not None and model.outcome.reason is StopReason.INTERRUPTED
