"""A run from its beginning, or from its checkpoint, to its outcome."""

import sys
import warnings
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

from chainrule.errors import CheckpointWarning
from chainrule.training.calibration import calibrated
from chainrule.training.checkpoint import (
    Checkpoint,
    CheckpointWriter,
    solver_state_type,
    stored_run,
)
from chainrule.training.checkpoint_file import Finished, Header
from chainrule.training.choice import Solver
from chainrule.training.compiled_step import compiled
from chainrule.training.conclusion import keep_or_restore, outcome_of, standing
from chainrule.training.diagnosis import diagnose
from chainrule.training.early_stopping import Best
from chainrule.training.fingerprint import data_fingerprint
from chainrule.training.interruption import DeferredInterrupt
from chainrule.training.lazy_rows import LazyState
from chainrule.training.loop import FullBatchMethod, Method, MinibatchMethod, run_epochs
from chainrule.training.newton_cg import NewtonCG
from chainrule.training.objective import Objective
from chainrule.training.one_blas_thread import one_blas_thread
from chainrule.training.outcome import NOTHING_LEFT, Outcome, StopReason
from chainrule.training.pauses import Pauses
from chainrule.training.plain_values import plain, plain_json
from chainrule.training.row_stream import RowStream, StreamedMethod
from chainrule.training.run_state import Record, RunState
from chainrule.training.solver import FullBatchSolver, MinibatchSolver
from chainrule.training.sparse_steps import SparseMinibatchMethod, serves_sparsely
from chainrule.training.watching import Watch


@dataclass(frozen=True)
class Run:
    """What is to be trained, checked: everything that the arguments of ``train`` stand for."""

    objective: Objective
    solver: Solver
    watch: Watch
    batch_size: int
    tol: float
    seed: int
    calibrates: bool = False
    stream: RowStream | None = None

    def settings(self) -> dict[str, Any]:
        """Return every setting that changes a bit of the result, by its argument's name, as plain values."""
        network, loss, dropout = self.objective.network, self.objective.loss, self.objective.dropout
        return {
            "network": {name: value for name, value in network.describe().items() if name != "temperature"},
            "solver": plain(self.solver),
            "class_weight": plain(loss.class_weight),
            "label_smoothing": loss.label_smoothing,
            "alpha": self.objective.alpha,
            "dropout": None if dropout is None else list(dropout.rates),
            "max_gradient_norm": self.objective.max_gradient_norm,
            "calibrate": self.calibrates,
            "batch_size": self.batch_size,
            "max_epochs": self.watch.max_epochs,
            "tol": self.tol,
            "patience": self.watch.patience,
            "random_state": self.seed,
        }

    def method(self) -> Method:
        """Return what runs its epochs."""
        if self.stream is not None:
            assert isinstance(self.solver, MinibatchSolver), "others are refused"
            return StreamedMethod(
                self.objective, self.solver, self.batch_size, self.watch.max_epochs, self.seed, self.stream
            )
        if isinstance(self.solver, MinibatchSolver) and serves_sparsely(self.objective, self.solver):
            return SparseMinibatchMethod(
                self.objective, self.solver, self.batch_size, self.watch.max_epochs, self.seed
            )
        if isinstance(self.solver, MinibatchSolver):
            return compiled(
                MinibatchMethod(
                    self.objective, self.solver, self.batch_size, self.watch.max_epochs, self.seed
                )
            )
        return FullBatchMethod(self.objective.network, self.objective.in_float64(), self.solver, self.tol)


def conduct(run: Run, checkpoint: Checkpoint | None, call: str) -> Outcome:
    """Train, from where the checkpoint stands if there is one; the network is left at the best parameters.

    Raises
    ------
    CheckpointError, OutputError
        As :func:`chainrule.training.checkpoint.stored_run`; the network is then unchanged.
    """
    with run.watch.log:
        return _conduct(run, checkpoint, call)


def _conduct(run: Run, checkpoint: Checkpoint | None, call: str) -> Outcome:
    network, log = run.watch.network, run.watch.log
    writer, begin = None, None
    if checkpoint is not None:
        header = _header(run, checkpoint)
        sparsely = isinstance(run.solver, MinibatchSolver) and serves_sparsely(run.objective, run.solver)
        state_type = LazyState if sparsely else solver_state_type(run.solver, call)
        stored = stored_run(checkpoint, header, call)
        if stored is not None and stored.finished is not None:
            network.parameters = stored.parameters(network.parameters.size, call)
            if stored.finished.temperature is not None:
                network.temperature = stored.finished.temperature
            _say_complete(checkpoint, call)
            return stored.finished
        if stored is not None:
            kinds = (run.method().state_type, state_type)
            begin = stored.state(kinds, network.parameters.size, call)
        writer = CheckpointWriter(checkpoint, header, log, call)
    if log.wanted:
        log.begin(
            rows=run.watch.n_rows, parameters=network.parameters.size, settings=run.settings(),
            versions=_versions(), epochs_done=0 if begin is None else begin.epochs,
        )  # fmt: skip
    libraries = run.solver.libraries if isinstance(run.solver, FullBatchSolver) else ()
    with DeferredInterrupt() as interrupt, one_blas_thread(*libraries):
        outcome = _fit(run, begin, Pauses(interrupt, writer, log))
        if writer is not None and outcome.reason is not StopReason.INTERRUPTED:
            writer.write(Finished(outcome, network.parameters))
    log.write("end", reason=outcome.reason.name, message=outcome.message, epochs=outcome.epochs,
              best_epoch=outcome.best_epoch, loss=outcome.loss)  # fmt: skip
    return outcome


def _fit(run: Run, begin: RunState | None, pauses: Pauses) -> Outcome:
    watch, objective = run.watch, run.objective
    if isinstance(run.solver, NewtonCG):
        objective.linear_softmax()  # made here, so that the first look at the objective is a pass like the others
    if begin is None:
        first = standing(objective, watch)
        record, place = Record(Best(first.parameters)), None
    else:
        watch.network.parameters = begin.parameters
        first, record, place = begin.first, begin.record, (begin.epochs, begin.method)
    run_state = partial(_run_state, watch, record, first)
    run_epochs(run.method(), watch, record, pauses, run_state, place)
    loss = keep_or_restore(record, watch, first, standing(objective, watch))
    outcome = outcome_of(record, run.solver, loss)
    said = diagnose(objective, run.solver, watch, first.parameters, outcome, run.batch_size, run.seed)
    if said:
        outcome = replace(
            outcome, diagnosis=said, message=" ".join((outcome.message.removesuffix(NOTHING_LEFT), *said))
        )
    if run.calibrates and watch.validation is not None:
        return calibrated(watch.network, watch.validation, watch.loss, outcome)
    return outcome


def _run_state(watch: Watch, record: Record, first: Any, epochs: int, method_state: Any) -> RunState:
    return RunState(epochs, watch.network.parameters, method_state, record, first)


def _header(run: Run, checkpoint: Checkpoint) -> Header:
    # A setting that the caller leaves to us ("auto") stands as what it was found to be.
    settings = plain_json({**(checkpoint.settings or {}), **run.settings()})
    data = data_fingerprint(run.objective.examples, run.watch.validation, run.watch.network.input_scaling)
    if run.stream is not None:
        data["stream"] = run.stream.fingerprint
    return Header(settings, data, _versions(), checkpoint.note)


def _versions() -> dict[str, str]:
    package = sys.modules["chainrule"]  # which is loaded before its rooms, and stands above them
    return {"chainrule": package.__version__, "numpy": np.__version__, "scipy": version("scipy")}


def _say_complete(checkpoint: Checkpoint, call: str) -> None:
    warnings.warn(
        f"{call}: the training of the checkpoint {str(checkpoint.path)!r} is complete; its result is given, and "
        "nothing was trained. Name another checkpoint to train anew.",
        CheckpointWarning,
        stacklevel=2,
    )
