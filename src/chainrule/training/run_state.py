"""Where a run stands: everything that the rest of it depends on, beside data and settings."""

from dataclasses import dataclass, field
from typing import Any

from chainrule._types import Array
from chainrule.training.early_stopping import Best
from chainrule.training.outcome import StopReason


@dataclass(frozen=True)
class Standing:
    """Parameters, the objective there, and the loss that decides: the validation loss where it selects the epoch.

    The objective is not looked at where the validation loss decides: the epoch that is best for rows the network has
    not seen may well be worse than a start that was fitted to those it has.
    """

    parameters: Array
    objective: float
    deciding: float


@dataclass
class Record:
    """What has happened so far; it outlives an interruption in the middle of an epoch."""

    best: Best
    loss_curve: list[float] = field(default_factory=list)
    validation_curve: list[float] = field(default_factory=list)
    gradient_norm: float | None = None
    gap: float | None = None
    reason: StopReason | None = None


@dataclass(frozen=True)
class RunState:
    """A run between two steps.

    Parameters
    ----------
    epochs : int
        Epochs that are over.
    parameters : ndarray, shape (P,)
        Of the network as it is.
    method : object
        The state of the method, which knows the place inside an epoch and the solver's state.
    record : Record
        Curves and best epoch.
    first : Standing
        Where the run began.
    """

    epochs: int
    parameters: Array
    method: Any
    record: Record
    first: Standing
