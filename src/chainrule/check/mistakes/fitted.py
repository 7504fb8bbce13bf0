"""Mistakes with a free number: a temperature that nobody asked for, targets that hold other numbers than 0 and 1."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.check.mistakes import gradients, losses, targets
from chainrule.check.mistakes.hypothesis import UNIT, Observation, Value, trimmed
from chainrule.check.probes import Probe

FACTORS = np.geomspace(1e-3, 1e3, 97)  # of the logits, among which the search begins
STEPS = 30
LOOKED_AT = 4  # inputs
POWERS = ((0.0, ""), (-0.5, " / sqrt(K)"), (-1.0, " / K"))
SAME = 1e-6  # below which two numbers found at different inputs are one


@dataclass(frozen=True)
class Scaled:
    """Formulas of logits that were multiplied by a number.

    Parameters
    ----------
    of_factor : callable
        The number to a formula.
    told : str
        The formula in words, with ``{}`` for what stands for the logits.
    """

    of_factor: Callable[[float], Value]
    told: str


def scaled_loss(reduction: str) -> Iterator[Scaled]:
    """Yield the cross-entropy of logits times a number."""

    def value(factor: float) -> Value:
        return losses.reduced_value(
            lambda probe: -(targets.mass(probe) * _log_p(factor, probe)).sum(axis=1), reduction, UNIT
        )

    yield Scaled(value, "-sum y ln softmax({})")


def scaled_gradient(reduction: str) -> Iterator[Scaled]:
    """Yield p - y at logits times a number, and that number times it."""

    def value(factor: float) -> Value:
        return gradients.reduced_value(
            lambda probe: np.exp(_log_p(factor, probe)) - targets.mass(probe), reduction, UNIT
        )

    def whole(factor: float) -> Value:
        return gradients.reduced_value(
            lambda probe: factor * (np.exp(_log_p(factor, probe)) - targets.mass(probe)), reduction, UNIT
        )

    yield Scaled(value, "p - y with p = softmax({})")
    yield Scaled(whole, "the gradient of -sum y ln softmax({})")


def scaled_output(kind: str) -> Iterator[Scaled]:
    """Yield the softmax or log-softmax of logits times a number."""
    if kind == "softmax":
        yield Scaled(lambda factor: lambda probe: np.exp(_log_p(factor, probe)), "softmax({})")
    if kind == "log-softmax":
        yield Scaled(lambda factor: lambda probe: _log_p(factor, probe), "ln softmax({})")


def _log_p(factor: float, probe: Probe) -> Array:
    shifted = factor * (probe.scaled - probe.scaled.max(axis=1, keepdims=True))
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def fitted_factor(
    of_factor: Callable[[float], Value], observations: Sequence[Observation]
) -> tuple[float, int] | None:
    """Return the number that brings a formula closest to what was observed, and the K at which it was found.

    Parameters
    ----------
    of_factor : callable
        The number to a formula.
    observations : list of (Probe, ndarray or None)
        Some of one number of classes are looked at: a number that fits them is still to be tried at the others.
    """
    seen = [(probe, trimmed(observed, probe)) for probe, observed in observations if observed is not None]
    seen = [pair for pair in seen if pair[0].classes == seen[0][0].classes and np.any(pair[0].logits != 0)]
    seen = sorted(seen, key=lambda pair: -pair[0].size)[:LOOKED_AT]
    if not seen or any(not np.isfinite(observed).all() for _, observed in seen):
        return None

    def differences(factor: float) -> Array | None:
        made = []
        for probe, observed in seen:
            value = of_factor(factor)(probe)
            if value is None or trimmed(value, probe).shape != observed.shape:
                return None
            made.append((trimmed(value, probe) - observed).ravel())
        return np.concatenate(made)

    with np.errstate(all="ignore"):
        if differences(1.0) is None:
            return None
        factor = _least(lambda tried: np.nan_to_num(np.asarray(differences(tried)), posinf=1e9, neginf=-1e9))
    return factor, seen[0][0].classes


def _least(differences: Callable[[float], Array]) -> float:
    """Return the number of least squares: the best of a row of numbers, bettered by Gauss-Newton steps."""
    best = min(FACTORS, key=lambda factor: float((differences(factor) ** 2).sum()))
    for _ in range(STEPS):
        here = differences(best)
        slope = (differences(best * (1 + 1e-6)) - differences(best * (1 - 1e-6))) / (2e-6 * best)
        square = float(slope @ slope)
        step = float(slope @ here) / square if square > 0 else 0.0
        step = float(np.clip(step, -best / 4, best / 4))
        best -= step
        if abs(step) <= 1e-12 * best:
            break
    return float(best)


def target_entries(observations: Sequence[Observation], reduction: str) -> tuple[float, float, int] | None:
    """Return q_c, every other q and K of a gradient p - q, where all examples agree on them.

    The numbers may depend on K alone. What is given is that of the first probe.
    """
    found: dict[int, tuple[float, float]] = {}
    compared = 0
    for probe, observed in observations:
        if observed is None:
            continue
        if trimmed(observed, probe).size != probe.size:
            return None
        entries = _entries(probe, observed * gradients.divisor(probe, reduction))
        if entries is None:
            return None
        known = found.setdefault(probe.classes, entries)
        if max(abs(known[0] - entries[0]), abs(known[1] - entries[1])) > SAME:
            return None
        compared += 1
    if compared < 2:
        return None
    classes, (on, off) = next(iter(found.items()))
    return on, off, classes


def _entries(probe: Probe, rows: Array) -> tuple[float, float] | None:
    if probe.options.class_weight is not None or not probe.kept.all():
        return None
    q = probe.p - rows.reshape(probe.logits.shape) * probe.temperature
    at_target, elsewhere = q[probe.one_hot > 0], q[probe.one_hot == 0]
    if not np.isfinite(q).all() or np.ptp(at_target) > SAME or np.ptp(elsewhere) > SAME:
        return None
    return float(at_target[0]), float(elsewhere[0])


def target_values(observations: Sequence[Observation], reduction: str) -> tuple[float, float, int] | None:
    """Return q_c, every other q and K of a loss -sum q ln p, by least squares at three classes."""
    rows = [
        (_sum_of(probe, reduction, on=True), _sum_of(probe, reduction, on=False), float(observed))
        for probe, observed in observations
        if observed is not None and observed.ndim == 0 and probe.classes == 3 and probe.kept.all()
    ]
    if len(rows) < 4:
        return None
    table = np.array(rows)
    if not np.isfinite(table).all():
        return None
    (on, off), *_ = np.linalg.lstsq(table[:, :2], table[:, 2], rcond=None)
    if np.abs(table[:, :2] @ (on, off) - table[:, 2]).max() >= SAME or abs(off) <= SAME:
        return None
    return float(on), float(off), 3


def _sum_of(probe: Probe, reduction: str, *, on: bool) -> float:
    chosen = probe.one_hot if on else 1 - probe.one_hot
    return float(losses.reduced(-(chosen * probe.log_p).sum(axis=1), reduction, probe))
