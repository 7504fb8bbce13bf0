"""Learning rates as functions of the step, with a linear warm-up.

With T steps in the run, t = 0, 1, ..., T - 1 the step, w = ceil(warm_up T) the steps of the warm-up, h the highest
and e the last learning rate::

    (TR.2)  rate(t) = h (t + 1) / w                                       for t < w
    (TR.3)  rate(t) = h                                                   constant, t >= w
    (TR.4)  rate(t) = e + (h - e) (1 + cos(pi (t - w) / (T - w))) / 2     cosine, t >= w   [LoshchilovHutter2017]
    (TR.8)  rate(t) = f + (h - f) (1 - cos(pi (t + 1) / w)) / 2           one-cycle, t < w, f the first rate; for
            t >= w as the cosine                                          [SmithTopin2019]
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from chainrule.errors import ArgumentError


class Schedule(ABC):
    """A learning rate for each step of a run."""

    @abstractmethod
    def at(self, step: int, total_steps: int) -> float:
        """Return the learning rate of a step, counted from 0, in a run of ``total_steps`` steps."""


@dataclass(frozen=True)
class ConstantSchedule(Schedule):
    """Linear warm-up, then one learning rate: (TR.2), (TR.3).

    Parameters
    ----------
    learning_rate : float
        The learning rate after the warm-up, > 0.
    warm_up : float
        Fraction of the run over which the rate rises from near 0, in [0, 1).

    Examples
    --------
    >>> [ConstantSchedule(0.1, warm_up=0.5).at(step, 4) for step in range(4)]
    [0.05, 0.1, 0.1, 0.1]
    """

    learning_rate: float
    warm_up: float = 0.0

    def __post_init__(self) -> None:
        _check("ConstantSchedule", self.learning_rate, self.warm_up)

    def at(self, step: int, total_steps: int) -> float:
        """Return the learning rate of a step, counted from 0, in a run of ``total_steps`` steps."""
        warm = math.ceil(self.warm_up * total_steps)
        return self.learning_rate * (step + 1) / warm if step < warm else self.learning_rate


@dataclass(frozen=True)
class CosineSchedule(Schedule):
    """Linear warm-up, then half a cosine down to the last learning rate: (TR.2), (TR.4).

    Parameters
    ----------
    learning_rate : float
        The highest learning rate, reached at the end of the warm-up, > 0.
    warm_up : float
        Fraction of the run over which the rate rises from near 0, in [0, 1).
    final : float
        What the rate falls to, in [0, learning_rate].

    Examples
    --------
    >>> [round(CosineSchedule(1.0, warm_up=0.0).at(step, 4), 3) for step in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    """

    learning_rate: float
    warm_up: float = 0.05
    final: float = 0.0

    def __post_init__(self) -> None:
        _check("CosineSchedule", self.learning_rate, self.warm_up)
        if not 0.0 <= self.final <= self.learning_rate:
            raise ArgumentError(
                "CosineSchedule",
                "final lies between 0 and learning_rate",
                repr(self.final),
                "Leave it at 0.",
            )

    def at(self, step: int, total_steps: int) -> float:
        """Return the learning rate of a step, counted from 0, in a run of ``total_steps`` steps."""
        warm = math.ceil(self.warm_up * total_steps)
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        turn = math.pi * (step - warm) / (total_steps - warm)
        return self.final + (self.learning_rate - self.final) * (1.0 + math.cos(turn)) / 2.0


@dataclass(frozen=True)
class OneCycleSchedule(Schedule):
    """Half a cosine up to the highest learning rate, then half a cosine down far below the first: (TR.8), (TR.4).

    Parameters
    ----------
    learning_rate : float
        The highest learning rate, > 0.
    warm_up : float
        Fraction of the run over which the rate rises, in [0, 1).
    first_divisor, final_divisor : float
        What the highest rate is divided by for the first and for the last one, each >= 1.

    Examples
    --------
    >>> [round(OneCycleSchedule(1.0, warm_up=0.5).at(step, 4), 3) for step in range(4)]
    [0.52, 1.0, 1.0, 0.5]
    """

    learning_rate: float
    warm_up: float = 0.3
    first_divisor: float = 25.0
    final_divisor: float = 1e4

    def __post_init__(self) -> None:
        _check("OneCycleSchedule", self.learning_rate, self.warm_up)
        for name in ("first_divisor", "final_divisor"):
            divisor = getattr(self, name)
            if not (divisor >= 1.0 and math.isfinite(divisor)):
                rule = f"{name} is finite and at least 1"
                raise ArgumentError("OneCycleSchedule", rule, repr(divisor), "Leave it at its default.")

    def at(self, step: int, total_steps: int) -> float:
        """Return the learning rate of a step, counted from 0, in a run of ``total_steps`` steps."""
        warm = math.ceil(self.warm_up * total_steps)
        if step < warm:
            first = self.learning_rate / self.first_divisor
            rise = (1.0 - math.cos(math.pi * (step + 1) / warm)) / 2.0
            return first + (self.learning_rate - first) * rise
        final = self.learning_rate / self.final_divisor
        fall = (1.0 + math.cos(math.pi * (step - warm) / (total_steps - warm))) / 2.0
        return final + (self.learning_rate - final) * fall


SCHEDULES: dict[str, Callable[[float], Schedule]] = {
    "constant": ConstantSchedule,
    "cosine": CosineSchedule,
    "one-cycle": OneCycleSchedule,
}
"""Every schedule by its name, from its highest learning rate."""


def as_schedule(learning_rate: "float | Schedule") -> Schedule:
    """Return a schedule: the one given, or a constant one for a number."""
    return learning_rate if isinstance(learning_rate, Schedule) else ConstantSchedule(learning_rate)


def _check(call: str, learning_rate: float, warm_up: float) -> None:
    if not (learning_rate > 0.0 and math.isfinite(learning_rate)):
        raise ArgumentError(
            call,
            "learning_rate is a positive finite number",
            repr(learning_rate),
            "Try 0.001 for Adam, 0.1 for SGD.",
        )
    if not 0.0 <= warm_up < 1.0:
        raise ArgumentError(
            call,
            "warm_up is a fraction of the run in [0, 1)",
            repr(warm_up),
            "Pass 0 for no warm-up, or 0.05.",
        )
