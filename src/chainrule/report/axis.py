"""The scale of a chart's axis: where a number lies between the ends, and the numbers that are written beside it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from chainrule.report.words import number

LOGARITHMIC_FROM = 50.0
"""Positive numbers whose largest is so many times the smallest have a logarithmic axis."""
MOST_TICKS = 6
FEW_MAGNITUDES = 3


@dataclass(frozen=True)
class Tick:
    """A number beside an axis, and its place in percent from the left or the top."""

    place: float
    text: str


@dataclass(frozen=True)
class Axis:
    """A scale from ``low`` to ``high``, with low < high."""

    low: float
    high: float
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Return where a number lies, 0 at the low end and 1 at the high end.

        Examples
        --------
        >>> Axis(0.0, 4.0).share(1.0), Axis(0.01, 1.0, logarithmic=True).share(0.1)
        (0.25, 0.5)
        """
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def value_axis(values: Iterable[float], *, logarithmic: bool = False) -> Axis:
    """Return an axis that holds all values: from 0, or logarithmic where that is allowed and they span magnitudes.

    Examples
    --------
    >>> value_axis([0.3, 0.9]), value_axis([0.002, 2.0], logarithmic=True)
    (Axis(low=0.0, high=1.0, logarithmic=False), Axis(low=0.002, high=2.0, logarithmic=True))
    """
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    if logarithmic and low > 0.0 and high / low > LOGARITHMIC_FROM:
        return Axis(low, high, logarithmic=True)
    low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        return Axis(0.0, 1.0)
    step = tick_step(low, high)  # the ends are multiples of it, rounding left aside
    lowest, highest = (end / step * (1.0 - 1e-12) for end in (low, high))
    return Axis(math.floor(lowest) * step, math.ceil(highest) * step)


def ticks(axis: Axis) -> list[float]:
    """Return round numbers on an axis, about five.

    Examples
    --------
    >>> ticks(Axis(0.0, 1.0)), ticks(Axis(0.02, 3.0, logarithmic=True))
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0])
    """
    if axis.logarithmic:
        return _logarithmic_ticks(axis)
    step = tick_step(axis.low, axis.high)
    first = math.ceil(axis.low / step - 1e-9)
    last = math.floor(axis.high / step + 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def tick_step(low: float, high: float) -> float:
    """Return 1, 2 or 5 times a power of ten that divides a range into at most five.

    Examples
    --------
    >>> tick_step(0.0, 0.9), tick_step(1.0, 200.0)
    (0.2, 50.0)
    """
    least = max(high - low, 1e-12) / (MOST_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= least * (1 - 1e-9))
    return float(f"{step:.6g}")


def horizontal(axis: Axis, values: Iterable[float]) -> list[Tick]:
    """Return ticks with their places from the left."""
    return [Tick(round(100.0 * axis.share(value), 3), number(value)) for value in values]


def vertical(axis: Axis, values: Iterable[float]) -> list[Tick]:
    """Return ticks with their places from the top."""
    return [Tick(round(100.0 - 100.0 * axis.share(value), 3), number(value)) for value in values]


def _logarithmic_ticks(axis: Axis) -> list[float]:
    """Return powers of ten, of few also what is 2 and 5 times as much."""
    lowest, highest = math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high))
    every = max(-(-(highest - lowest) // MOST_TICKS), 1)
    factors = (1, 2, 5) if highest - lowest <= FEW_MAGNITUDES else (1,)
    found = [float(f"{factor}e{power}") for power in range(lowest, highest + 1, every) for factor in factors]
    return [value for value in found if axis.low * (1 - 1e-9) <= value <= axis.high * (1 + 1e-9)]
