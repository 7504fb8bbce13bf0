"""Which mistake explains what was returned: formulas of mistakes against all observations of one part."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from chainrule._types import Array
from chainrule.check.mistakes import backward, fitted, gradients, losses, outputs, second_order
from chainrule.check.mistakes.hypothesis import (
    UNIT,
    Hypothesis,
    Observation,
    Precision,
    Scale,
    Value,
    agrees,
    constant_factor,
    trimmed,
)
from chainrule.check.probes import Probe

MOST_NAMES = 2
Reducer = Callable[[Value, str, Scale], Value]
TargetLook = Callable[[list[Observation], str], tuple[float, float, int] | None]


@dataclass(frozen=True)
class Finding:
    """A mistake that explains a part.

    Parameters
    ----------
    names : tuple of str
        At most two, the most telling first.
    told : str
        What the function computes instead.
    part : str
        "loss", "gradient", "weight", "bias" or "output".
    """

    names: tuple[str, ...]
    told: str
    part: str


def agreeing_reductions(
    value: Value,
    observations: list[Observation],
    precision: Precision,
    reduce: Reducer,
    allowed: Iterable[str],
) -> list[str]:
    """Return the reductions under which a formula gives everything that was observed."""
    return [
        reduction for reduction in allowed if agrees(reduce(value, reduction, UNIT), observations, precision)
    ]


@dataclass(frozen=True)
class Search:
    """Everything that a search for the mistake in one part needs.

    Parameters
    ----------
    part : str
    observations : list of (Probe, ndarray or None)
    precision : Precision
    reduce : callable
        Turns a formula for rows into what is returned under a reduction and a factor.
    reductions : dict of str to tuple of str
        Each reduction with the names that it brings; none where it is what the loss asks for.
    scales : tuple of Scale
    """

    part: str
    observations: list[Observation]
    precision: Precision
    reduce: Reducer
    reductions: dict[str, tuple[str, ...]]
    scales: tuple[Scale, ...]

    def find(self, right: Value, hypotheses: Iterable[Hypothesis]) -> Finding | None:
        """Return the explanation with the fewest names, or None."""
        rows = [Hypothesis((), "the right formula", right), *hypotheses]
        found: Finding | None = None
        for row in rows:
            for finding in self._matches(row):
                if found is None or len(finding.names) < len(found.names):
                    found = finding
            if found is not None and len(found.names) <= max(1, len(row.names)):
                return found
        return found or self._up_to_factor(rows)

    def _matches(self, row: Hypothesis) -> Iterator[Finding]:
        for reduction, brought in self.reductions.items():
            for scale in self._scales_that_may_match(row, reduction):
                names = tuple(dict.fromkeys((*row.names, *scale.names, *brought)))
                if not names or len(set(row.names) | set(scale.names)) > MOST_NAMES:
                    continue
                if agrees(self.reduce(row.value, reduction, scale), self.observations, self.precision):
                    told = ", ".join(text for text in (row.told, scale.told) if text)
                    yield Finding(names[:MOST_NAMES], told, self.part)

    def _scales_that_may_match(self, row: Hypothesis, reduction: str) -> list[Scale]:
        """Compare one entry of the largest probe, before everything is compared."""
        largest = self._largest()
        if largest is None:
            return []
        probe, observed = largest
        with np.errstate(all="ignore"):
            made = self.reduce(row.value, reduction, UNIT)(probe)
        if made is None or trimmed(made, probe).shape != trimmed(observed, probe).shape:
            return []
        expected, seen = trimmed(made, probe).ravel(), trimmed(observed, probe).ravel()
        if not np.isfinite(expected).all() or not np.abs(expected).max(initial=0.0) > 1e-12:
            return [UNIT]
        place = int(np.abs(expected).argmax())
        ratio = seen[place] / expected[place]
        return [
            scale for scale in (UNIT, *self.scales) if abs(scale.factor(probe) - ratio) <= 1e-2 * abs(ratio)
        ]

    def _largest(self) -> tuple[Probe, Array] | None:
        seen = [(probe, observed) for probe, observed in self.observations if observed is not None]
        return max(seen, key=lambda pair: pair[0].size) if seen else None

    def _up_to_factor(self, rows: list[Hypothesis]) -> Finding | None:
        """Return an explanation that leaves a constant factor free."""
        for row, reduction in product(rows, self.reductions):
            if len(row.names) > 1:
                continue
            value = self.reduce(row.value, reduction, UNIT)
            factor = constant_factor(value, self.observations, self.precision)
            if factor is not None:
                names = tuple(dict.fromkeys((*row.names, "factor")))
                return Finding(names[:MOST_NAMES], f"{row.told}, times {factor:.4g}", self.part)
        return None


def name_loss(
    observations: list[Observation], precision: Precision, reductions: dict[str, tuple[str, ...]]
) -> Finding | None:
    """Name the mistake in a loss that is not the cross-entropy."""
    search = Search("loss", observations, precision, losses.reduced_value, reductions, losses.SCALES)
    return (
        search.find(losses.right, losses.hypotheses())
        or _name_targets(search, fitted.target_values)
        or _name_temperature(search, fitted.scaled_loss)
    )


def name_gradient(
    observations: list[Observation], precision: Precision, reductions: dict[str, tuple[str, ...]]
) -> Finding | None:
    """Name the mistake in a gradient by the logits."""
    search = Search(
        "gradient", observations, precision, gradients.reduced_value, reductions, gradients.SCALES
    )
    return (
        search.find(gradients.right, gradients.hypotheses())
        or _name_targets(search, fitted.target_entries)
        or _name_temperature(search, fitted.scaled_gradient)
    )


def name_output(
    kind: str, right: Value, observations: list[Observation], precision: Precision
) -> Finding | None:
    """Name the mistake in a softmax, log-softmax, Jacobian, second derivative or backward pass."""
    found: Iterable[Hypothesis]
    scales: tuple[Scale, ...]
    reductions: dict[str, tuple[str, ...]] = {"sum": ()}
    if kind in ("softmax-jacobian", "hessian"):
        found, scales = second_order.hypotheses(kind), second_order.SCALES
        reductions = {"sum": (), "mean": ()} if kind == "hessian" else reductions
    elif kind.endswith("backward"):
        found, scales = backward.hypotheses(kind), backward.SCALES
    elif kind == "log-softmax":
        found, scales = outputs.log_softmax_hypotheses(), outputs.LOG_SCALES
    else:
        found, scales = outputs.softmax_hypotheses(), outputs.SCALES
    search = Search("output", observations, precision, gradients.reduced_value, reductions, scales)
    exchanged = Hypothesis(("transposed",), "rows and columns exchanged", _exchanged(right))
    return search.find(right, [exchanged, *found]) or _name_temperature(
        search, lambda _: fitted.scaled_output(kind)
    )


def _exchanged(value: Value) -> Value:
    """Return a table with rows and columns exchanged; of matrices nothing, they are symmetric."""

    def exchanged(probe: Probe) -> Array | None:
        table = value(probe)
        return table.T if table is not None and table.ndim == 2 else None

    return exchanged


def _name_targets(search: Search, look: TargetLook) -> Finding | None:
    """Look for one number at the target and another elsewhere that are not 1 and 0."""
    for reduction in (name for name in search.reductions if name != "none" or search.part != "loss"):
        found = look(search.observations, reduction)
        if found is not None:
            return _target_finding(search, *found)
    return None


def _name_temperature(search: Search, scaled: Callable[[str], Iterable[fitted.Scaled]]) -> Finding | None:
    """Look for logits that were multiplied by a number, which may hold a power of K."""
    for reduction in (name for name, brought in search.reductions.items() if not brought):
        for formula in scaled(reduction):
            found = fitted.fitted_factor(formula.of_factor, search.observations)
            if found is None:
                continue
            for power, over in fitted.POWERS:
                factor = found[0] / found[1] ** power
                value = _at_power(formula, factor, power)
                if agrees(value, search.observations, search.precision):
                    told = formula.told.format(f"{factor:.4g} z{over}")
                    return Finding(("temperature",), told, search.part)
    return None


def _at_power(formula: fitted.Scaled, factor: float, power: float) -> Value:
    return lambda probe: formula.of_factor(factor * probe.classes**power)(probe)


def _target_finding(search: Search, on: float, off: float, classes: int) -> Finding:
    mass = on + (classes - 1) * off
    told = f"targets with {on:.4g} for the right class and {off:.4g} for each other: together {mass:.4g}"
    smoothed = search.observations[0][0].options.label_smoothing is not None
    names: tuple[str, ...] = ("targets-do-not-sum-to-one", "smoothing-mass")
    if abs(mass - 1) < 1e-6:
        names = ("smoothing-convention", "smoothing-mass")
    elif smoothed:
        names = ("smoothing-mass", "targets-do-not-sum-to-one")
    return Finding(names, told, search.part)
