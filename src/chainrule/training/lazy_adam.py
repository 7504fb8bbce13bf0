"""Lazy Adam: Adam whose steps leave alone what the rows of a minibatch do not have."""

from dataclasses import dataclass
from typing import ClassVar

from chainrule._types import Array
from chainrule.training.adam import AdamState, adam_update, check_moments, zero_moments
from chainrule.training.schedules import CosineSchedule, Schedule, as_schedule
from chainrule.training.solver import MinibatchSolver

DEFAULT_SCHEDULE = CosineSchedule(0.003)


@dataclass(frozen=True)
class LazyAdam(MinibatchSolver):
    """Adam for sparse features: weights of the first layer whose feature is 0 in the whole minibatch stay as they are.

    Every other parameter takes Adam's step, (AD.1) to (AD.3), with t the number of all steps. This is not Adam: there
    the moments of such a weight fade, and it goes on along them; here it waits, moments and all, and no penalty
    acts on it meanwhile. What Adam does over the steps that are left out has no closed form, as what SGD does has.

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
    >>> LazyAdam(0.01).name
    'lazy-adam'
    """

    learning_rate: float | Schedule = DEFAULT_SCHEDULE
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    name: ClassVar[str] = "lazy-adam"

    def __post_init__(self) -> None:
        as_schedule(self.learning_rate)
        check_moments("LazyAdam", self.beta1, self.beta2, self.epsilon)

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
