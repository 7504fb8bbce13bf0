"""The two loops, over minibatches and over iterations on the full batch: state in, state out."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, ClassVar, Protocol

import numpy as np

from chainrule._types import Array
from chainrule.network import Network
from chainrule.training.batches import number_of_batches, shuffled_batches
from chainrule.training.objective import Objective
from chainrule.training.outcome import StopReason
from chainrule.training.pauses import Pauses
from chainrule.training.run_state import Record, RunState
from chainrule.training.solver import FullBatchSolver, MinibatchSolver
from chainrule.training.watching import Epoch, Watch, look


class Method(Protocol):
    """One epoch at a time: state goes in and comes out, the network's parameters change in place.

    Between two steps the state and the network's parameters are all that the rest of the run depends on, and the state
    is a dataclass of arrays and plain values: a checkpoint holds it.
    """

    state_type: ClassVar[type]

    def start(self) -> Any:
        """Return the state before the first epoch."""

    def finished(self, state: Any) -> StopReason | None:
        """Return why nothing is to be done in this state, or None."""

    def gradient_norm(self, state: Any) -> float | None:
        """Return the norm of the objective's gradient in this state, None if the method does not know it."""

    def epoch(self, state: Any, number: int, pauses: Pauses) -> tuple[Any, Epoch]:
        """Run epoch ``number``, counted from 1, or the rest of it; pause before each of its steps where that is due."""


@dataclass(frozen=True)
class MinibatchState:
    """The solver's state and the place in the epoch: batches done, their summed loss, and the last learning rate."""

    solver: Any
    batches: int = 0
    total: float = 0.0
    learning_rate: float = 0.0


@dataclass(frozen=True)
class Stretch:
    """Consecutive minibatches of an epoch whose rows are shuffled among themselves: all of them, or those of a portion.

    Parameters
    ----------
    epoch : int
        Its number, from 1.
    before, count, per_epoch : int
        Minibatches of the epoch before these, these, and all.
    total_weight : float
        Of all rows of the epoch, the divisor of (TR.1).
    place : tuple of int
        What the order of the rows depends on beside the seed.
    draw : int
        What dropout draws by, beside seed and number of the minibatch.
    """

    epoch: int
    before: int
    count: int
    per_epoch: int
    total_weight: float
    place: tuple[int, ...]
    draw: int

    @property
    def end(self) -> int:
        """The minibatches of the epoch up to the last of these."""
        return self.before + self.count

    @property
    def steps_before(self) -> int:
        """Steps of the run before the epoch."""
        return (self.epoch - 1) * self.per_epoch


@dataclass(frozen=True)
class MinibatchMethod:
    """Steps on shuffled minibatches."""

    objective: Objective
    solver: MinibatchSolver
    batch_size: int
    max_epochs: int
    seed: int

    state_type: ClassVar[type] = MinibatchState

    def start(self) -> MinibatchState:
        """Return the solver's state before its first step, at the beginning of an epoch."""
        return MinibatchState(
            self.solver.start(self.objective.network.parameters, self.objective.weight_slices)
        )

    def finished(self, state: Any) -> StopReason | None:  # noqa: ARG002 - a minibatch solver cannot know
        """Return None: there is always another epoch."""
        return None

    def gradient_norm(self, state: Any) -> float | None:  # noqa: ARG002
        """Return None: minibatches only estimate it."""
        return None

    def epoch(self, state: MinibatchState, number: int, pauses: Pauses) -> tuple[MinibatchState, Epoch]:
        """Take one step for each batch that is left; the loss is the weighted mean over the epoch's batches."""
        count = number_of_batches(len(self.objective.examples), self.batch_size)
        whole = Stretch(number, 0, count, count, self.objective.total_weight, (number,), number)
        state, norm = self.take(state, whole, pauses)
        return MinibatchState(state.solver), self.report(state, whole, norm)

    def take(
        self, state: MinibatchState, stretch: Stretch, pauses: Pauses
    ) -> tuple[MinibatchState, float | None]:
        """Take the steps of a stretch that are left; return the state and the norm of the last gradient."""
        parameters, gradient = self.objective.network.parameters, None
        n_rows = len(self.objective.examples)
        batches = shuffled_batches(n_rows, self.batch_size, self.seed, *stretch.place)
        for rows in islice(batches, state.batches - stretch.before, None):
            if pauses.due:
                pauses.pause(state, **facts(state, stretch))
            loss, gradient = self.objective.batch(rows, stretch.draw, state.batches - stretch.before)
            total = state.total + loss
            if not math.isfinite(total):
                return replace(state, total=total), _norm(gradient)
            step = stretch.steps_before + state.batches
            rate = self.solver.schedule.at(step, self.max_epochs * stretch.per_epoch)
            parameters, solver = self.solver.step(parameters, gradient, state.solver, rate)
            state = MinibatchState(solver, state.batches + 1, total, rate)
        return state, _norm(gradient)

    def report(self, state: MinibatchState, stretch: Stretch, norm: float | None) -> Epoch:
        """Return what the epoch of a stretch, its last one, has come to."""
        loss = state.total / stretch.total_weight + self.objective.penalty()
        taken = stretch.steps_before + state.batches
        return Epoch(loss, state.learning_rate, taken, batch_gradient_norm=norm)


def _norm(gradient: Array | None) -> float | None:
    return None if gradient is None else float(np.linalg.norm(gradient))


def facts(state: MinibatchState, stretch: Stretch) -> dict[str, Any]:
    """Return what the log tells inside an epoch: its loss is the mean over the batches that are done."""
    if not state.batches:
        return {}
    return {
        "epoch": stretch.epoch,
        "step": stretch.steps_before + state.batches,
        "loss": state.total / stretch.total_weight * stretch.per_epoch / state.batches,
        "learning_rate": state.learning_rate,
    }


@dataclass(frozen=True)
class FullBatchPosition:
    """The float64 parameters and the solver's state there."""

    parameters: Array
    solver: Any


@dataclass(frozen=True)
class FullBatchMethod:
    """Iterations on the whole training set, in float64; the network receives the parameters after each."""

    network: Network
    objective: Objective
    solver: FullBatchSolver
    tol: float

    state_type: ClassVar[type] = FullBatchPosition

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

    def gap(self, state: FullBatchPosition) -> float | None:
        """Return what the objective is above its minimum at most (TR.9), where that is known."""
        gradient = getattr(state.solver, "gradient", None)
        return None if gradient is None else self.objective.certified_gap(gradient)

    def epoch(
        self,
        state: FullBatchPosition,
        number: int,
        pauses: Pauses,
    ) -> tuple[FullBatchPosition, Epoch]:
        """Take one iteration, which is one step."""
        if pauses.due:
            pauses.pause(state)
        parameters, inner = self.solver.step(self.objective, state.parameters, state.solver)
        self.network.parameters = parameters
        report = Epoch(
            inner.value, inner.step_length, number, inner.gradient_norm, inner.gradient_norm, inner.reason,
            self.gap(FullBatchPosition(parameters, inner)),
        )  # fmt: skip
        return FullBatchPosition(parameters, inner), report


def run_epochs(
    method: Method,
    watch: Watch,
    record: Record,
    pauses: Pauses,
    run_state: Callable[[int, Any], RunState],
    begin: tuple[int, Any] | None = None,
) -> None:
    """Run epochs until there is a reason to stop; the network is left at the best one's parameters.

    Parameters
    ----------
    method, watch, record
        What is done, looked at, and written down.
    pauses : Pauses
        Asked by the method before every step.
    run_state : callable
        (epochs that are over, state of the method) -> the state of the run.
    begin : tuple or None
        Where a run goes on: epochs that are over, and the state of the method.

    Notes
    -----
    Numbers that overflow are part of a search for a step and of a run that diverges; both are looked for, so NumPy's
    warnings about them are off.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        try:
            _epochs(method, watch, record, pauses, run_state, begin)
        except KeyboardInterrupt:
            record.reason = StopReason.INTERRUPTED
        finally:
            watch.network.parameters = record.best.parameters


def _epochs(
    method: Method,
    watch: Watch,
    record: Record,
    pauses: Pauses,
    run_state: Callable[[int, Any], RunState],
    begin: tuple[int, Any] | None,
) -> None:
    if begin is None:
        done, state = 0, method.start()
        record.reason, record.gradient_norm = method.finished(state), method.gradient_norm(state)
        record.gap = method.gap(state) if isinstance(method, FullBatchMethod) else None
    else:
        done, state = begin
    while record.reason is None:
        pauses.announce(partial(run_state, done))
        started = time.monotonic()
        done += 1
        state, epoch = method.epoch(state, done, pauses)
        if epoch.finite and np.isfinite(watch.network.parameters).all():
            record.reason = look(watch, record, done, epoch, time.monotonic() - started)
        else:
            record.reason = StopReason.DIVERGED
