"""Columns in the order of their influence, each as a bar with its spread, in percent of the widest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.report.values import Influence

MOST_COLUMNS = 30


@dataclass(frozen=True)
class InfluenceBar:
    """Mean and standard deviation of a column's influence in nats, and where its bar and whisker lie in percent."""

    column: str
    mean: float
    spread: float
    start: float
    width: float
    low: float
    high: float


@dataclass(frozen=True)
class InfluenceBars:
    """The bars of the most influential columns, where 0 lies in percent, and how many columns are not shown."""

    bars: tuple[InfluenceBar, ...]
    zero: float
    more: int


def influence_bars(influence: Influence) -> InfluenceBars:
    """Return the bars of the columns, the most influential first.

    Examples
    --------
    >>> found = influence_bars(Influence((("a", (0.0, 0.0)), ("b", (0.2, 0.4))), rows=10))
    >>> [(bar.column, round(bar.mean, 3), round(bar.spread, 3)) for bar in found.bars]
    [('b', 0.3, 0.141), ('a', 0.0, 0.0)]
    """
    means = np.array([np.mean(rises) for _, rises in influence.rises])
    spreads = np.array([np.std(rises, ddof=1) if len(rises) > 1 else 0.0 for _, rises in influence.rises])
    order = np.argsort(-means, kind="stable")[:MOST_COLUMNS]
    low = min(0.0, float((means - spreads)[order].min(initial=0.0)))
    high = max(float((means + spreads)[order].max(initial=0.0)), low + 1e-12)
    names = [name for name, _ in influence.rises]
    bars = tuple(
        _bar(names[place], float(means[place]), float(spreads[place]), low, high - low) for place in order
    )
    return InfluenceBars(bars, round(-100.0 * low / (high - low), 2), len(names) - len(bars))


def column_order(influence: Influence | None, names: Sequence[str]) -> list[int]:
    """Return the places of columns in the order of their influence; as they stand where none is known.

    Examples
    --------
    >>> column_order(Influence((("a", (0.0,)), ("b", (0.2,))), rows=10), ["a", "b"])
    [1, 0]
    """
    means = {} if influence is None else {name: float(np.mean(rises)) for name, rises in influence.rises}
    return sorted(range(len(names)), key=lambda place: -means.get(names[place], -np.inf))


def _bar(column: str, mean: float, spread: float, low: float, width: float) -> InfluenceBar:
    def place(value: float) -> float:
        return round(100.0 * (value - low) / width, 2)

    start, stop = place(min(mean, 0.0)), place(max(mean, 0.0))
    return InfluenceBar(
        column, mean, spread, start, round(stop - start, 2), place(mean - spread), place(mean + spread)
    )
