"""AdamW: Adam with weight decay that the moments do not see."""

import math
from dataclasses import dataclass
from typing import ClassVar

from chainrule._types import Array
from chainrule.errors import ArgumentError
from chainrule.training.adam import AdamState, adam_update, check_moments, zero_moments
from chainrule.training.schedules import CosineSchedule, Schedule, as_schedule
from chainrule.training.solver import MinibatchSolver

DEFAULT_SCHEDULE = CosineSchedule(0.01)


@dataclass(frozen=True)
class AdamWState:
    """Adam's state, and where the weights lie."""

    adam: AdamState
    weight_slices: tuple[slice, ...]


@dataclass(frozen=True)
class AdamW(MinibatchSolver):
    """Adam with decoupled weight decay; biases do not decay.

    One step with learning rate r and decay d is ::

        (AW.1)  x <- (1 - r d) x     for the weights   [LoshchilovHutter2019, algorithm 2]

    followed by Adam's (AD.1) to (AD.3). The decay is no part of the objective; the L2 penalty alpha is.

    Parameters
    ----------
    learning_rate : float or Schedule
        r; a number is constant over the run.
    beta1, beta2, epsilon : float
        As for Adam.
    weight_decay : float
        d, >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> solver = AdamW(0.5, weight_decay=0.1)
    >>> x = np.array([1.0])
    >>> x, state = solver.step(x, np.array([0.0]), solver.start(x, (slice(0, 1),)), learning_rate=0.5)
    >>> x
    array([0.95])
    """

    learning_rate: float | Schedule = DEFAULT_SCHEDULE
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.1

    name: ClassVar[str] = "adamw"

    def __post_init__(self) -> None:
        as_schedule(self.learning_rate)
        check_moments("AdamW", self.beta1, self.beta2, self.epsilon)
        if not (self.weight_decay >= 0.0 and math.isfinite(self.weight_decay)):
            raise ArgumentError(
                "AdamW", "weight_decay is finite and >= 0", repr(self.weight_decay), "Try 0.1."
            )

    @property
    def schedule(self) -> Schedule:
        """The learning rate of each step."""
        return as_schedule(self.learning_rate)

    def start(self, parameters: Array, weight_slices: tuple[slice, ...]) -> AdamWState:
        """Return moments of zero."""
        return AdamWState(zero_moments(parameters), weight_slices)

    def step(
        self, parameters: Array, gradient: Array, state: AdamWState, learning_rate: float
    ) -> tuple[Array, AdamWState]:
        """Take one step by (AW.1) and (AD.1) to (AD.3)."""
        for weights in state.weight_slices:
            parameters[weights] *= 1.0 - learning_rate * self.weight_decay
        adam = adam_update(
            parameters, gradient, state.adam, learning_rate, self.beta1, self.beta2, self.epsilon
        )
        return parameters, AdamWState(adam, state.weight_slices)
