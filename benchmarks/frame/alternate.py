"""Blocks of calls, the sides in turn, in both orders.

Pools of threads that spin after a call slow down whoever calls next. Here each library has a process of its own, and
a pause follows every block, longer than the pools that are compared spin: OpenBLAS for 2^26 cycles (26 ms at 2.6 GHz),
OpenMP for about 4 ms of processor time, JAX's and chainrule's for under 0.2 ms. Then the next side warms up with a call
that is not timed, then it is timed. The sides are visited forwards and
backwards in turn, and how far the two orders differ is reported.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from statistics import median, quantiles
from typing import Any

from frame.sides import Side

PAUSE = 0.03  # seconds
BLOCK = 0.02  # seconds that a block lasts at least
REPETITIONS = 9
FEWEST_REPETITIONS = 7
LONG_CALL = 0.3  # seconds; such calls are repeated the fewest times


@dataclass(frozen=True)
class Timing:
    """Seconds of a call, one number for each block, in the order in which they were measured."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Return the median."""
        return median(self.seconds)

    @property
    def spread(self) -> float:
        """Return half the distance between the quartiles, as a share of the median."""
        low, _, high = quantiles(self.seconds, n=4)
        return (high - low) / 2 / self.median

    def as_values(self) -> dict[str, Any]:
        """Return what is kept in the JSON."""
        return {
            "seconds": self.seconds,
            "median": self.median,
            "spread": self.spread,
            "order_effect": self.order_effect,
        }

    @property
    def order_effect(self) -> float:
        """Return by how much the medians of forward and backward visits differ, as a share of the median."""
        return abs(median(self.seconds[::2]) - median(self.seconds[1::2])) / self.median


def alternate(sides: Mapping[str, Side], repetitions: int | None = None) -> dict[str, Timing]:
    """Time every side in turn, ``repetitions`` blocks of each, at least two."""
    longest = max(side.estimate for side in sides.values())
    repetitions = max(2, repetitions or (FEWEST_REPETITIONS if longest > LONG_CALL else REPETITIONS))
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for repetition in range(repetitions):
        names = list(sides) if repetition % 2 == 0 else list(reversed(sides))
        for name in names:
            number = max(1, ceil(BLOCK / sides[name].estimate))
            time.sleep(PAUSE)
            seconds[name].append(sides[name].block(number))
    return {name: Timing(tuple(values)) for name, values in seconds.items()}
