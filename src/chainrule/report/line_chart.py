"""A chart of one or two curves over epochs, as places in percent; the template draws it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.report.axis import Axis, Tick, horizontal, tick_step, ticks, value_axis, vertical
from chainrule.report.words import DASH, number

MOST_POINTS = 800
MOST_TABLE_ROWS = 100


@dataclass(frozen=True)
class Curve:
    """A curve with its name, as the path of an SVG in 100 x 100, and where its last point lies."""

    name: str
    path: str
    dashed: bool


@dataclass(frozen=True)
class LineChart:
    """Curves, what stands beside the axes, and the table of numbers behind them.

    ``marked`` is the place in percent of an epoch to point out, None for none.
    """

    title: str
    description: str
    horizontal_name: str
    vertical_name: str
    curves: tuple[Curve, ...]
    horizontal: tuple[Tick, ...]
    vertical: tuple[Tick, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    left_out: int
    marked: float | None = None
    marked_text: str = ""


def line_chart(
    title: str,
    unit: str,
    vertical_name: str,
    curves: Sequence[tuple[str, Sequence[float]]],
    marked: int | None = None,
    *,
    logarithmic: bool = False,
) -> LineChart:
    """Return the chart of curves with one value for each epoch, counted from 1.

    Parameters
    ----------
    title : str
        What the chart shows.
    unit : str
        "epoch" or "iteration".
    vertical_name : str
        What the values are.
    curves : sequence of (str, sequence of float)
        Names and values; NaN leaves a gap.
    marked : int or None
        The epoch to point out.
    logarithmic : bool
        Whether values that span orders of magnitude get a logarithmic scale.

    Examples
    --------
    >>> chart = line_chart("Loss", "epoch", "loss", [("training", [1.0, 0.5, 0.0])])
    >>> chart.curves[0].path, chart.rows[0]
    ('M0 0L50 50L100 100', (1, ('1',)))
    """
    epochs = max(len(values) for _, values in curves)
    across = Axis(1.0, float(epochs)) if epochs > 1 else Axis(0.0, 2.0)
    up = value_axis([value for _, values in curves for value in values], logarithmic=logarithmic)
    shown = thinned(epochs, MOST_TABLE_ROWS)
    steps = sorted({1.0, *_whole_ticks(across), float(epochs)}) if epochs > 1 else [1.0]
    return LineChart(
        title,
        _description(unit, curves),
        unit,
        f"{vertical_name}, logarithmic scale" if up.logarithmic else vertical_name,
        tuple(
            Curve(name, curve_path(values, across, up), dashed=place > 0)
            for place, (name, values) in enumerate(curves)
        ),
        tuple(horizontal(across, steps)),
        tuple(vertical(up, ticks(up))),
        tuple((epoch, tuple(_entry(values, epoch) for _, values in curves)) for epoch in shown),
        epochs - len(shown),
        round(100.0 * across.share(marked), 3) if marked else None,
        f"{unit} {marked:,} kept" if marked else "",
    )


def curve_path(values: Sequence[float], across: Axis, up: Axis) -> str:
    """Return the path of a curve in 100 x 100; a point alone becomes a line of length 0.

    Examples
    --------
    >>> curve_path([1.0, math.nan, 0.0], Axis(1.0, 3.0), Axis(0.0, 1.0))
    'M0 0h0M100 100h0'
    """
    parts: list[str] = []
    open_part = 0
    for epoch in thinned(len(values), MOST_POINTS):
        value = values[epoch - 1]
        if not math.isfinite(value):
            parts, open_part = _closed(parts, open_part), 0
            continue
        x, y = 100.0 * across.share(epoch), 100.0 - 100.0 * up.share(value)
        parts.append(f"{'L' if open_part else 'M'}{_short(x)} {_short(y)}")
        open_part += 1
    return "".join(_closed(parts, open_part))


def thinned(count: int, most: int) -> list[int]:
    """Return 1..count, or of many some at even distances, the first and last among them.

    Examples
    --------
    >>> thinned(3, 10), thinned(9, 3)
    ([1, 2, 3], [1, 5, 9])
    """
    if count <= most:
        return list(range(1, count + 1))
    return [1 + place * (count - 1) // (most - 1) for place in range(most)]


def _closed(parts: list[str], length: int) -> list[str]:
    return [*parts, "h0"] if length == 1 else parts


def _short(place: float) -> str:
    return f"{place:.3f}".rstrip("0").rstrip(".") or "0"


def _entry(values: Sequence[float], epoch: int) -> str:
    known = epoch <= len(values) and math.isfinite(values[epoch - 1])
    return number(values[epoch - 1]) if known else DASH


def _whole_ticks(across: Axis) -> list[float]:
    """Return round whole numbers between the ends of an axis, none close to them."""
    step = max(tick_step(across.low, across.high), 1.0)
    found = (place * step for place in range(1, math.floor(across.high / step) + 1))
    return [value for value in found if 0.08 < across.share(value) < 0.92]


def _description(unit: str, curves: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Return in a sentence what the curves do, for those who cannot see them."""
    sentences = []
    for name, values in curves:
        finite = [(value, place) for place, value in enumerate(values, start=1) if math.isfinite(value)]
        if not finite:
            continue
        lowest, place = min(finite)
        sentences.append(
            f"{name[0].upper()}{name[1:]}: from {number(finite[0][0])} at {unit} {finite[0][1]} to "
            f"{number(finite[-1][0])} at {unit} {finite[-1][1]:,}; lowest {number(lowest)} at {unit} {place:,}."
        )
    return " ".join(sentences)
