"""Adam: steps scaled by running moments of the gradient."""

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from chainrule._types import Array
from chainrule.errors import ArgumentError
from chainrule.training.packing import SCRATCH
from chainrule.training.schedules import CosineSchedule, Schedule, as_schedule
from chainrule.training.solver import MinibatchSolver

DEFAULT_SCHEDULE = CosineSchedule(0.003)


@dataclass(frozen=True)
class AdamState:
    """Steps taken, the two moments, and a buffer that spares allocations."""

    steps: int
    first_moment: Array
    second_moment: Array
    buffer: Array = field(metadata=SCRATCH)


@dataclass(frozen=True)
class MomentSolver(MinibatchSolver):
    """What solvers whose steps are scaled by the two moments of the gradient have in common."""

    learning_rate: float | Schedule = DEFAULT_SCHEDULE
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        as_schedule(self.learning_rate)
        check_moments(type(self).__name__, self.beta1, self.beta2, self.epsilon)

    @property
    def schedule(self) -> Schedule:
        """The learning rate of each step."""
        return as_schedule(self.learning_rate)

    def start(self, parameters: Array, weight_slices: tuple[slice, ...]) -> AdamState:  # noqa: ARG002 - common signature
        """Return moments of zero."""
        return zero_moments(parameters)

    def step(
        self, parameters: Array, gradient: Array, state: AdamState, learning_rate: float
    ) -> tuple[Array, AdamState]:
        """Take one step by (AD.1) to (AD.3), of parameters that are all there."""
        return parameters, adam_update(
            parameters, gradient, state, learning_rate, self.beta1, self.beta2, self.epsilon
        )


@dataclass(frozen=True)
class Adam(MomentSolver):
    """Adam with bias correction.

    With gradient g, moments m and v (0 at the start), t the number of the step from 1 and r the learning rate ::

        (AD.1)  m <- b1 m + (1 - b1) g
        (AD.2)  v <- b2 v + (1 - b2) g^2
        (AD.3)  x <- x - r (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)     [KingmaBa2015, algorithm 1]

    Parameters
    ----------
    learning_rate : float or Schedule
        r; a number is constant over the run.
    beta1, beta2 : float
        b1 and b2, each in [0, 1).
    epsilon : float
        What keeps the quotient finite, > 0.

    Examples
    --------
    >>> solver = Adam(0.5)
    >>> x = np.array([1.0])
    >>> x, state = solver.step(x, np.array([3.0]), solver.start(x, ()), learning_rate=0.5)
    >>> x.round(6)
    array([0.5])
    """

    name: ClassVar[str] = "adam"


def zero_moments(parameters: Array) -> AdamState:
    """Return the state of Adam before its first step."""
    return AdamState(0, np.zeros_like(parameters), np.zeros_like(parameters), np.empty_like(parameters))


def adam_update(
    parameters: Array,
    gradient: Array,
    state: AdamState,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
) -> AdamState:
    """Update the parameters in place by (AD.1) to (AD.3) and return the next state."""
    steps, first, second, buffer = state.steps + 1, state.first_moment, state.second_moment, state.buffer
    first *= beta1
    np.multiply(gradient, 1.0 - beta1, out=buffer)
    first += buffer
    second *= beta2
    np.multiply(gradient, gradient, out=buffer)
    buffer *= 1.0 - beta2
    second += buffer
    np.sqrt(second, out=buffer)
    buffer *= 1.0 / math.sqrt(1.0 - beta2**steps)
    buffer += epsilon
    np.divide(first, buffer, out=buffer)
    buffer *= learning_rate / (1.0 - beta1**steps)
    parameters -= buffer
    return replace(state, steps=steps)


def check_moments(call: str, beta1: float, beta2: float, epsilon: float) -> None:
    """Refuse decay rates outside [0, 1) and an epsilon that is not positive."""
    for name, beta, usual in (("beta1", beta1, 0.9), ("beta2", beta2, 0.999)):
        if not 0.0 <= beta < 1.0:
            raise ArgumentError(call, f"{name} lies in [0, 1)", repr(beta), f"The usual value is {usual}.")
    if not (epsilon > 0.0 and math.isfinite(epsilon)):
        raise ArgumentError(call, "epsilon is positive and finite", repr(epsilon), "The usual value is 1e-8.")
