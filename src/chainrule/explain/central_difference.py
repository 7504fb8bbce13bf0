"""Derivatives by differences of the network's own loss, to as many digits as float64 leaves them.

For steps h, h/2, h/4, ... the central difference D(h) = (E(t + h) - E(t - h))/(2h) is extrapolated twice:

(CD.1)  R(h) = (4 D(h/2) - D(h))/3,  S(h) = (16 R(h/2) - R(h))/15, whose error falls like h^6

Of all S(h) the one is taken that its neighbours agree with most, their disagreement and the rounding of the losses
counted together. The mixed second difference is extrapolated the same way.
"""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.derive import Entry
from chainrule.explain.example import Example
from chainrule.explain.perturbation import Moved, Moves, logit_mover, mover

STEPS = 14
LARGEST_CHANGE = 0.125
"""The logits, and what enters a curved activation, change by so much at the largest step."""
SMALLEST_STEP = 2.0**-34
"""Relative to the number that is moved, or to 1: no step is smaller to keep clear of a kink."""
SAFETY = 2.0


@dataclass(frozen=True)
class Difference:
    """A derivative by differences.

    Parameters
    ----------
    value : float or None
        None at a kink.
    step : float
        h of the S(h) that was taken.
    rounding : float
        How far off it may be: what the choice of the step changes, and the rounding of the losses over the step.
    kinks : tuple of (int, int)
        Layer and unit, both counted from 1, of each ReLU whose sign the smallest step changes.
    sides : tuple of float
        The slopes to the left and to the right of a kink; empty where there is none.
    """

    value: float | None
    step: float
    rounding: float
    kinks: tuple[tuple[int, int], ...] = ()
    sides: tuple[float, ...] = ()


def central_difference(entry: Entry, example: Example, noise: float) -> Difference:
    """Return the derivative of the loss by one number.

    Parameters
    ----------
    entry : Entry
        The number, with positions for indices.
    example : Example
        The network and its input.
    noise : float
        The root mean square error of the loss.

    Examples
    --------
    >>> from chainrule.explain.example import example_of
    >>> from chainrule.network import Network
    >>> example = example_of(Network((2, 3)), [1.0, 2.0], 0)
    >>> round(central_difference(Entry("Z", None, (1,)), example, 1e-16).value, 9)
    -0.666666667
    """
    moved = mover(entry, example)
    size = max(1.0, abs(_value(entry, example)))
    here = moved(np.zeros(1))
    largest = _largest_step(moved, here, size, entry, example)
    step, crossed = _clear_of_kinks(moved, here, largest, size, example)
    if crossed:
        return Difference(None, step, 0.0, crossed, _sides(moved, here, step))
    steps = step * 2.0 ** -np.arange(STEPS)
    losses = moved(np.concatenate([steps, -steps])).losses
    return _extrapolated(steps, (losses[:STEPS] - losses[STEPS:]) / (2 * steps), noise / steps)


def mixed_difference(first: int, second: int, example: Example, noise: float) -> Difference:
    """Return the second derivative of the loss by two logits, at positions counted from 1.

    Examples
    --------
    >>> from chainrule.explain.example import example_of
    >>> from chainrule.network import Network
    >>> example = example_of(Network((2, 3)), [1.0, 2.0], 0)
    >>> round(mixed_difference(1, 1, example, 1e-16).value, 6)
    0.222222
    """
    moved = logit_mover(first, second, example)
    logits = example.network.predict_logits(example.rows)
    largest = example.temperature * max(
        1.0, float(np.abs(logits).max()) if example.network.head == "identity" else 1.0
    )
    steps = largest * 2.0 ** -np.arange(STEPS)
    signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    losses = [moved(one * steps, other * steps) for one, other in signs]
    found = (losses[0] - losses[1] - losses[2] + losses[3]) / (4 * steps**2)
    return _extrapolated(steps, found, noise / steps**2)


def _extrapolated(steps: Array, found: Array, noise: Array) -> Difference:
    """Return the best of the twice extrapolated differences (CD.1)."""
    once = (4 * found[1:] - found[:-1]) / 3
    twice = (16 * once[1:] - once[:-1]) / 15
    apart = np.abs(np.diff(twice))
    doubt = np.maximum(apart[1:], apart[:-1]) + 2 * noise[3:-1]
    if not np.isfinite(doubt).any():
        return Difference(float("nan"), float(steps[0]), float("inf"))
    best = int(np.nanargmin(doubt))
    return Difference(float(twice[1 + best]), float(steps[1 + best]), float(SAFETY * doubt[best]))


def _value(entry: Entry, example: Example) -> float:
    if entry.name in ("W", "b"):
        place = tuple(index - 1 for index in entry.indices if isinstance(index, int))
        return float(example.network.named_parameters[f"{entry.name}{entry.layer or 1}"][place])
    return float(example.features[int(entry.indices[0]) - 1]) if entry.name == "X" else 1.0


def _largest_step(moved: Moved, here: Moves, size: float, entry: Entry, example: Example) -> float:
    """Return a step that changes the logits, and what enters curved activations, by LARGEST_CHANGE at most."""
    if entry.name == "O":
        value = float(here.logits[0, int(entry.indices[0]) - 1])
        room = min(value, 1 - value) if example.network.head == "sigmoid" else value
        return 2.0 ** np.floor(np.log2(room / 16)) if example.network.head != "identity" else size
    step = size * 2.0**-10
    for _ in range(3):
        change = _change(moved(np.array([step, -step])), here, example)
        if not 0 < change < np.inf:
            return step if change == 0 else step * 2.0**-20
        step *= 2.0 ** np.floor(np.log2(LARGEST_CHANGE / change))
    return float(min(max(step, size * SMALLEST_STEP), size * 2.0**20))


def _change(there: Moves, here: Moves, example: Example) -> float:
    """Return how far the logits and what enters curved activations move, relative to their size where it exceeds 1."""
    scale = max(1.0, float(np.abs(here.logits).max())) if example.network.head == "identity" else 1.0
    found = [float(np.abs(there.logits - here.logits).max()) / (scale * example.temperature)]
    for layer, values in there.pre_activations.items():
        if example.network.activations[layer - 1] in ("tanh", "sigmoid"):
            found.append(float(np.abs(values - here.pre_activations[layer]).max()))
    return max(found)


def _clear_of_kinks(
    moved: Moved, here: Moves, step: float, size: float, example: Example
) -> tuple[float, tuple[tuple[int, int], ...]]:
    """Return a step that changes the sign of no ReLU, or the units whose sign the smallest step changes."""
    while True:
        crossed = _crossed(moved(np.array([step, -step])), here, example)
        if not crossed or step <= size * SMALLEST_STEP:
            return step, crossed
        step = max(step / 4, size * SMALLEST_STEP)


def _crossed(there: Moves, here: Moves, example: Example) -> tuple[tuple[int, int], ...]:
    found = []
    for layer, values in there.pre_activations.items():
        if example.network.activations[layer - 1] == "relu":
            before = here.pre_activations[layer][0]
            changed = ((np.sign(values) != np.sign(before)) & (values != before)).any(axis=0)
            found += [(layer, int(unit) + 1) for unit in np.flatnonzero(changed)]
    return tuple(found)


def _sides(moved: Moved, here: Moves, step: float) -> tuple[float, float]:
    """Return the slopes on the left and on the right, at a step large enough for a few digits."""
    step = max(step, 2.0**-24)
    right, left = moved(np.array([step, -step])).losses
    return float((here.losses[0] - left) / step), float((right - here.losses[0]) / step)
