"""The two loops, over minibatches and over iterations on the full batch, and what both do after every epoch."""

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from chainrule.network import Network
from chainrule.training.batches import number_of_batches, shuffled_batches
from chainrule.training.early_stopping import Best
from chainrule.training.interruption import DeferredInterrupt
from chainrule.training.objective import Examples, Loss, Objective
from chainrule.training.outcome import StopReason
from chainrule.training.progress import Callback, Progress
from chainrule.training.solver import FullBatchSolver, FullBatchState, MinibatchSolver


@dataclass(frozen=True)
class Epoch:
    """What an epoch reports: loss, last learning rate, gradient norm if known, and whether the solver is finished."""

    loss: float
    learning_rate: float
    gradient_norm: float | None = None
    reason: StopReason | None = None

    @property
    def finite(self) -> bool:
        """Whether loss and gradient are finite."""
        return math.isfinite(self.loss) and math.isfinite(self.gradient_norm or 0.0)


class Method(Protocol):
    """One epoch at a time: state goes in and comes out, the network's parameters change in place."""

    def start(self) -> Any:
        """Return the state before the first epoch."""

    def finished(self, state: Any) -> StopReason | None:
        """Return why nothing is to be done in this state, or None."""

    def gradient_norm(self, state: Any) -> float | None:
        """Return the norm of the objective's gradient in this state, None if the method does not know it."""

    def epoch(self, state: Any, number: int, interrupt: DeferredInterrupt) -> tuple[Any, Epoch]:
        """Run epoch ``number``, counted from 1; ask ``interrupt`` at safe points inside it."""


@dataclass(frozen=True)
class MinibatchMethod:
    """Steps on shuffled minibatches."""

    objective: Objective
    solver: MinibatchSolver
    batch_size: int
    max_epochs: int
    seed: int

    def start(self) -> Any:
        """Return the solver's state before its first step."""
        return self.solver.start(self.objective.network.parameters, self.objective.weight_slices)

    def finished(self, state: Any) -> StopReason | None:  # noqa: ARG002 - a minibatch solver cannot know
        """Return None: there is always another epoch."""
        return None

    def gradient_norm(self, state: Any) -> float | None:  # noqa: ARG002
        """Return None: minibatches only estimate it."""
        return None

    def epoch(self, state: Any, number: int, interrupt: DeferredInterrupt) -> tuple[Any, Epoch]:
        """Take one step for each batch; the loss is the weighted mean over the epoch's batches."""
        parameters, n_rows = self.objective.network.parameters, len(self.objective.examples)
        per_epoch = number_of_batches(n_rows, self.batch_size)
        step, total, rate = (number - 1) * per_epoch, 0.0, 0.0
        for rows in shuffled_batches(n_rows, self.batch_size, self.seed, number):
            interrupt.raise_if_noted()
            loss, gradient = self.objective.batch(rows, number, step - (number - 1) * per_epoch)
            total += loss
            if not math.isfinite(total):
                break
            rate = self.solver.schedule.at(step, self.max_epochs * per_epoch)
            parameters, state = self.solver.step(parameters, gradient, state, rate)
            step += 1
        return state, Epoch(total / self.objective.total_weight + self.objective.penalty(), rate)


@dataclass(frozen=True)
class FullBatchPosition:
    """The float64 parameters and the solver's state there."""

    parameters: Any
    solver: FullBatchState


@dataclass(frozen=True)
class FullBatchMethod:
    """Iterations on the whole training set, in float64; the network receives the parameters after each."""

    network: Network
    objective: Objective
    solver: FullBatchSolver
    tol: float

    def start(self) -> FullBatchPosition:
        """Evaluate the objective where the network stands."""
        parameters = self.network.parameters.astype(np.float64)
        return FullBatchPosition(parameters, self.solver.start(self.objective, parameters, self.tol))

    def finished(self, state: FullBatchPosition) -> StopReason | None:
        """Return why nothing is to be done: the start is a minimum, or not finite."""
        finite = math.isfinite(state.solver.value) and math.isfinite(state.solver.gradient_norm)
        return state.solver.reason if finite else StopReason.DIVERGED

    def gradient_norm(self, state: FullBatchPosition) -> float | None:
        """Return the norm of the gradient of (TR.1)."""
        return state.solver.gradient_norm

    def epoch(
        self,
        state: FullBatchPosition,
        number: int,  # noqa: ARG002 - iterations are alike
        interrupt: DeferredInterrupt,  # noqa: ARG002 - an iteration is one step
    ) -> tuple[FullBatchPosition, Epoch]:
        """Take one iteration."""
        parameters, inner = self.solver.step(self.objective, state.parameters, state.solver)
        self.network.parameters = parameters
        return FullBatchPosition(parameters, inner), Epoch(
            inner.value, inner.step_length, inner.gradient_norm, inner.reason
        )


@dataclass(frozen=True)
class Watch:
    """What is looked at after every epoch.

    Parameters
    ----------
    network : Network
        The network that trains.
    max_epochs : int
        The most epochs there will be.
    validation : Examples or None
        Rows the network does not train on.
    loss : Loss
        How the validation rows are judged.
    patience : int or None
        Epochs without a lower validation loss after which to stop; None: validation is only recorded.
    callback : callable or None
        Told of every epoch.
    at_last_epoch : StopReason
        What it means that no epoch is left: the plan is done, or the solver was cut off.
    """

    network: Network
    max_epochs: int
    validation: Examples | None
    loss: Loss
    patience: int | None
    callback: Callback | None
    at_last_epoch: StopReason

    @property
    def selects(self) -> bool:
        """Whether the validation loss decides which epoch is best."""
        return self.validation is not None and self.patience is not None


@dataclass
class Record:
    """What has happened so far; it outlives an interruption in the middle of an epoch."""

    best: Best
    loss_curve: list[float] = field(default_factory=list)
    validation_curve: list[float] = field(default_factory=list)
    gradient_norm: float | None = None
    reason: StopReason | None = None


def run(method: Method, watch: Watch, record: Record, interrupt: DeferredInterrupt) -> None:
    """Run epochs until there is a reason to stop; the network is left at the best one's parameters.

    Ctrl-C is asked for before every epoch, and by minibatch methods before every batch.
    Numbers that overflow are part of a search for a step and of a run that diverges; both are looked for, so NumPy's
    warnings about them are off.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        try:
            _run_epochs(method, watch, record, interrupt)
        except KeyboardInterrupt:
            record.reason = StopReason.INTERRUPTED
        finally:
            watch.network.parameters = record.best.parameters


def _run_epochs(method: Method, watch: Watch, record: Record, interrupt: DeferredInterrupt) -> None:
    state = method.start()
    record.reason, record.gradient_norm = method.finished(state), method.gradient_norm(state)
    number = 0
    while record.reason is None:
        interrupt.raise_if_noted()
        number += 1
        state, epoch = method.epoch(state, number, interrupt)
        if epoch.finite and np.isfinite(watch.network.parameters).all():
            record.reason = _look(watch, record, number, epoch)
        else:
            record.reason = StopReason.DIVERGED


def _look(watch: Watch, record: Record, number: int, epoch: Epoch) -> StopReason | None:
    """Record a finite epoch, tell the callback, and return a reason to stop, or None."""
    validation_loss = None
    if watch.validation is not None:
        validation_loss = watch.loss.mean(watch.network, watch.validation)
        if not math.isfinite(validation_loss):
            return StopReason.DIVERGED
        record.validation_curve.append(validation_loss)
    record.loss_curve.append(epoch.loss)
    record.gradient_norm = epoch.gradient_norm
    monitored = validation_loss if watch.selects and validation_loss is not None else epoch.loss
    record.best = record.best.after(watch.network.parameters, number, monitored)
    asked_to_stop = _tell(watch, number, epoch, validation_loss)
    if epoch.reason is not None:
        return epoch.reason
    if asked_to_stop:
        return StopReason.CALLBACK_STOPPED
    if watch.selects and watch.patience is not None and record.best.epochs_since >= watch.patience:
        return StopReason.EARLY_STOPPED
    return watch.at_last_epoch if number >= watch.max_epochs else None


def _tell(watch: Watch, number: int, epoch: Epoch, validation_loss: float | None) -> bool:
    if watch.callback is None:
        return False
    progress = Progress(
        epoch=number,
        max_epochs=watch.max_epochs,
        loss=epoch.loss,
        validation_loss=validation_loss,
        validation_accuracy=_accuracy(watch),
        learning_rate=epoch.learning_rate,
        network=watch.network,
    )
    answer = watch.callback(progress)
    return isinstance(answer, bool | np.bool_) and bool(answer)


def _accuracy(watch: Watch) -> float | None:
    """Return the weighted share of validation rows whose most probable class is their target's."""
    if watch.validation is None or watch.network.head != "softmax":
        return None
    right = weight = 0.0
    for block in watch.validation.blocks():
        chosen = watch.network.predict_logits(block.X).argmax(axis=1)
        truth = block.y if block.y.ndim == 1 else block.y.argmax(axis=1)
        weights = np.ones(len(block)) if block.sample_weight is None else block.sample_weight
        right += float(weights @ (chosen == truth))
        weight += float(weights.sum())
    return right / weight
