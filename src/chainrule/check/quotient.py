"""A person's gradient beside the difference quotient of the person's own loss."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from chainrule._types import Array
from chainrule.check.budget import Budget
from chainrule.check.judgement import Judgement
from chainrule.check.mistakes.hypothesis import trimmed
from chainrule.check.mistakes.linear import laid_out
from chainrule.check.probes import Probe
from chainrule.check.reply import Reply, ask
from chainrule.check.subject import Subject

# Fourth order: (-f(2h) + 8 f(h) - 8 f(-h) + f(-2h)) / 12h. The step balances the rounding of the loss over h against
# h^4 times the fifth derivative; in float32 the rounding of a loss near 1 is 1e-7.
STEPS = {"float64": 2.0**-9, "float32": 2.0**-3, "float16": 2.0**-1}
TOLERANCES = {"float64": 1e-6, "float32": 2e-3, "float16": 0.1}
WEIGHTS = ((2, -1.0), (1, 8.0), (-1, -8.0), (-2, 1.0))
MOST_PROBES = 2


@dataclass(frozen=True)
class Comparison:
    """A gradient and the slope of the loss at one probe.

    Parameters
    ----------
    probe : Probe
    part : str
        "gradient", "weight" or "bias".
    gradient, slope : ndarray
    agree : bool
    """

    probe: Probe
    part: str
    gradient: Array
    slope: Array
    agree: bool


def compare_with_own_loss(subject: Subject, judgement: Judgement, budget: Budget) -> list[Comparison]:
    """Return the gradient beside the slope of the same function's loss, at a few probes.

    Parameters
    ----------
    subject : Subject
    judgement : Judgement
        Of a function that returns both.
    budget : Budget
        Where it runs out, fewer probes are compared.

    Returns
    -------
    list of Comparison
        Empty where nothing could be compared.
    """
    probes = [
        (probe, reply)
        for probe, reply in judgement.records
        if reply.failure is None and not probe.name.startswith("all logits 0")
    ]
    probes.sort(key=lambda pair: (not 1 < pair[0].examples != pair[0].classes, pair[0].size))
    found: list[Comparison] = []
    for probe, reply in probes:
        if len({comparison.probe.name for comparison in found}) == MOST_PROBES or budget.is_short():
            break
        found += _compared(subject, judgement, probe, reply, budget)
    return [comparison for comparison in found if np.isfinite(comparison.slope).all()]


def _compared(
    subject: Subject, judgement: Judgement, probe: Probe, reply: Reply, budget: Budget
) -> list[Comparison]:
    def loss_at(moved: Probe) -> float:
        loss = ask(subject, judgement.convention, moved, budget.for_one_call()).parts.get("loss")
        return float("nan") if loss is None else float(loss.sum())

    found = []
    for part in ("gradient", "weight", "bias"):
        if part not in reply.parts:
            continue
        slope = _slope(loss_at, probe, part, STEPS[judgement.precision.name])
        if part == "weight":
            slope = laid_out(slope, judgement.convention.features_first)
        gradient = trimmed(reply.parts[part], probe)
        per_row = reply.parts["loss"].ndim > 0
        agree = _close(judgement, gradient, trimmed(slope, probe))
        if per_row and not agree:
            agree = _close(judgement, gradient * probe.examples, trimmed(slope, probe))
        found.append(Comparison(probe, part, gradient, trimmed(slope, probe), agree))
    return found


def _close(judgement: Judgement, gradient: Array, slope: Array) -> bool:
    tolerance = TOLERANCES[judgement.precision.name]
    if gradient.shape != slope.shape or not np.isfinite(gradient).all() or not np.isfinite(slope).all():
        return False
    return bool(np.abs(gradient - slope).max(initial=0.0) <= tolerance * (1 + np.abs(slope).max(initial=0.0)))


def _slope(loss_at: Callable[[Probe], float], probe: Probe, part: str, step: float) -> Array:
    moved_field = {"gradient": "logits", "weight": "weight", "bias": "bias"}[part]
    start = np.asarray(getattr(probe, moved_field), float)
    slope = np.zeros(start.shape)
    for place in np.ndindex(start.shape):
        total = 0.0
        for steps, weight in WEIGHTS:
            moved = start.copy()
            moved[place] += steps * step
            total += weight * loss_at(_moved(probe, moved_field, moved))
        slope[place] = total / (12 * step)
    return slope


def _moved(probe: Probe, name: str, value: Array) -> Probe:
    if name == "logits":
        return replace(probe, logits=value)
    weight = value if name == "weight" else probe.weight
    bias = value if name == "bias" else probe.bias
    assert probe.features is not None, "a linear probe has features"
    assert weight is not None, "a linear probe has a weight"
    assert bias is not None, "a linear probe has a bias"
    return replace(probe, weight=weight, bias=bias, logits=probe.features @ weight.T + bias)
