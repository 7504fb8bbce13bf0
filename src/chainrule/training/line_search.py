"""Line search for a step that satisfies the strong Wolfe conditions.

Along a direction of descent, with phi(a) the function at step length a, a step is accepted if ::

    (LS.1)  phi(a) <= phi(0) + c1 a phi'(0)      it lowers the function enough
    (LS.2)  |phi'(a)| <= c2 |phi'(0)|            and flattens the slope enough

by algorithms 3.5 (bracket) and 3.6 (zoom) of [NocedalWright2006], each trial by cubic interpolation (their 3.59),
kept away from the ends of the interval. A point whose value or slope is not finite is never accepted.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from chainrule._types import Array

SUFFICIENT_DECREASE = 1e-4
"""c1 of (LS.1), the value of [NocedalWright2006], section 3.1."""
CURVATURE = 0.9
"""c2 of (LS.2), the value of [NocedalWright2006] for Newton-like directions."""
MAX_EVALUATIONS = 60
"""Evaluations of each of the two stages: enough to come down from a step 1e18 times too long."""


@dataclass(frozen=True)
class LinePoint:
    """A point on the line: step length, value and slope there, and the vectors they came from."""

    step: float
    value: float
    slope: float
    parameters: Array
    gradient: Array

    @property
    def finite(self) -> bool:
        """Whether value and slope are finite."""
        return math.isfinite(self.value) and math.isfinite(self.slope)


Evaluate: TypeAlias = Callable[[float], LinePoint]


@dataclass(frozen=True)
class LineSearch:
    """What a search found: the point, or None, and whether it satisfies both conditions.

    A point that lowers the function but not the slope (a kink of relu can leave no other) comes with
    ``strong = False``.
    """

    point: LinePoint | None
    strong: bool


def strong_wolfe(evaluate: Evaluate, origin: LinePoint, first_step: float) -> LineSearch:
    """Search for a step that satisfies (LS.1) and (LS.2).

    Parameters
    ----------
    evaluate : callable
        Step length -> LinePoint.
    origin : LinePoint
        The point at step 0, with a negative slope.
    first_step : float
        The first trial, > 0.

    Returns
    -------
    LineSearch
        The point found.

    Examples
    --------
    >>> import numpy as np
    >>> def parabola(a):
    ...     return LinePoint(a, (a - 1.0) ** 2, 2.0 * (a - 1.0), np.array([a]), np.array([2.0 * (a - 1.0)]))
    >>> strong_wolfe(parabola, parabola(0.0), first_step=10.0).point.step
    1.0
    """
    previous, step = origin, first_step
    for trial in range(MAX_EVALUATIONS):
        current = evaluate(step)
        if not _lowers(current, origin) or (trial > 0 and current.value >= previous.value):
            return _zoom(evaluate, origin, previous, current)
        if _flattens(current, origin):
            return LineSearch(current, strong=True)
        if current.slope >= 0.0:
            return _zoom(evaluate, origin, current, previous)
        previous, step = current, 2.0 * step
    return LineSearch(previous, strong=False)


def _zoom(evaluate: Evaluate, origin: LinePoint, low: LinePoint, high: LinePoint) -> LineSearch:
    """Algorithm 3.6: shrink an interval that holds acceptable steps; ``low`` is its best end."""
    for _ in range(MAX_EVALUATIONS):
        current = evaluate(_trial_step(low, high))
        if current.step in (low.step, high.step):
            break
        if not _lowers(current, origin) or current.value >= low.value:
            high = current
            continue
        if _flattens(current, origin):
            return LineSearch(current, strong=True)
        if current.slope * (high.step - low.step) >= 0.0:
            high = low
        low = current
    return LineSearch(low if low.value < origin.value else None, strong=False)


def _lowers(point: LinePoint, origin: LinePoint) -> bool:
    return point.finite and point.value <= origin.value + SUFFICIENT_DECREASE * point.step * origin.slope


def _flattens(point: LinePoint, origin: LinePoint) -> bool:
    return abs(point.slope) <= -CURVATURE * origin.slope


def _trial_step(low: LinePoint, high: LinePoint) -> float:
    """Return the next trial: the cubic's minimiser, at least a tenth of the interval away from both ends."""
    width = high.step - low.step
    if not high.finite:
        return low.step + 0.1 * width  # overflow: nothing is known of that end but that it is far too long
    margin = 0.1 * abs(width)
    smallest, largest = min(low.step, high.step) + margin, max(low.step, high.step) - margin
    step = cubic_minimiser(low, high)
    return min(max(step, smallest), largest) if math.isfinite(step) else low.step + 0.5 * width


def cubic_minimiser(first: LinePoint, second: LinePoint) -> float:
    """Return where the cubic through two points and their slopes has its minimum, or NaN if it has none.

    The formula is 3.59 of [NocedalWright2006].
    """
    width = second.step - first.step
    d1 = first.slope + second.slope - 3.0 * (second.value - first.value) / width
    square = d1 * d1 - first.slope * second.slope
    if not (math.isfinite(square) and square >= 0.0):
        return math.nan
    d2 = math.copysign(math.sqrt(square), width)
    divisor = second.slope - first.slope + 2.0 * d2
    return second.step - width * (second.slope + d2 - d1) / divisor if divisor != 0.0 else math.nan
