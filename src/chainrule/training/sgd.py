"""Stochastic gradient descent with momentum."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from chainrule._types import Array
from chainrule.errors import ArgumentError
from chainrule.training.packing import SCRATCH
from chainrule.training.schedules import CosineSchedule, Schedule, as_schedule
from chainrule.training.solver import MinibatchSolver

DEFAULT_SCHEDULE = CosineSchedule(0.05)


@dataclass(frozen=True)
class SGDState:
    """The velocity, and a buffer that spares allocations."""

    velocity: Array
    buffer: Array = field(metadata=SCRATCH)


@dataclass(frozen=True)
class SGD(MinibatchSolver):
    """Stochastic gradient descent with heavy-ball or Nesterov momentum.

    With gradient g, velocity v (0 at the start), momentum mu and learning rate r, one step is ::

        (SG.1)  v <- mu v + g
        (SG.2)  x <- x - r (g + mu v)     nesterov=True    [Nesterov1983, Sutskever2013]
        (SG.3)  x <- x - r v              nesterov=False   [Polyak1964]

    Parameters
    ----------
    learning_rate : float or Schedule
        r; a number is constant over the run.
    momentum : float
        mu, in [0, 1).
    nesterov : bool
        Whether the step looks ahead by (SG.2).

    Examples
    --------
    >>> solver = SGD(0.5, momentum=0.0)
    >>> x = np.array([1.0])
    >>> x, state = solver.step(x, np.array([1.0]), solver.start(x, ()), learning_rate=0.5)
    >>> x
    array([0.5])
    """

    learning_rate: float | Schedule = DEFAULT_SCHEDULE
    momentum: float = 0.9
    nesterov: bool = True

    name: ClassVar[str] = "sgd"

    def __post_init__(self) -> None:
        as_schedule(self.learning_rate)
        if not 0.0 <= self.momentum < 1.0:
            raise ArgumentError("SGD", "momentum lies in [0, 1)", repr(self.momentum), "Try 0.9.")

    @property
    def schedule(self) -> Schedule:
        """The learning rate of each step."""
        return as_schedule(self.learning_rate)

    def start(self, parameters: Array, weight_slices: tuple[slice, ...]) -> SGDState:  # noqa: ARG002 - common signature
        """Return a state at rest."""
        return SGDState(np.zeros_like(parameters), np.empty_like(parameters))

    def step(
        self, parameters: Array, gradient: Array, state: SGDState, learning_rate: float
    ) -> tuple[Array, SGDState]:
        """Take one step by (SG.1) and (SG.2) or (SG.3)."""
        velocity, buffer = state.velocity, state.buffer
        velocity *= self.momentum
        velocity += gradient
        if self.nesterov:
            np.multiply(velocity, self.momentum, out=buffer)
            buffer += gradient
            buffer *= learning_rate
        else:
            np.multiply(velocity, learning_rate, out=buffer)
        parameters -= buffer
        return parameters, state
