"""A hypothesis: the formula that a mistake computes, and the names of the mistake."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.check.probes import Probe

Value = Callable[[Probe], Array | None]


@dataclass(frozen=True)
class Hypothesis:
    """One formula that a function may compute.

    Parameters
    ----------
    names : tuple of str
        The names of the mistake, the most telling first; empty for the right formula.
    told : str
        The formula in words and symbols.
    value : callable
        Probe to array, or to None where the formula says nothing.
    """

    names: tuple[str, ...]
    told: str
    value: Value


@dataclass(frozen=True)
class Scale:
    """A factor that may stand before a formula, the same for all entries of a probe."""

    names: tuple[str, ...]
    told: str
    factor: Callable[[Probe], float]


UNIT = Scale((), "", lambda _probe: 1.0)


@dataclass(frozen=True)
class Precision:
    """How far a right value may be from the truth.

    Parameters
    ----------
    name : str
        "float64", "float32" or "float16".
    absolute, relative : float
        The absolute part grows with the size of the logits where it is not float64.
    """

    name: str
    absolute: float
    relative: float

    def allows(self, observed: Array, expected: Array, probe: Probe) -> bool:
        """Tell whether two arrays of one shape agree; nan agrees with nan alone."""
        observed, expected = trimmed(observed, probe), trimmed(expected, probe)
        if observed.shape != expected.shape:
            return False
        if not np.array_equal(np.isnan(observed), np.isnan(expected)):
            return False
        return bool(np.nanmax(self.excess(observed, expected, probe), initial=-1.0) <= 0)

    def excess(self, observed: Array, expected: Array, probe: Probe) -> Array:
        """Return by how much each difference passes what is allowed; negative where it does not."""
        size = 1.0 if self.name == "float64" else 1.0 + float(np.abs(probe.logits).max())
        with np.errstate(all="ignore"):
            allowed = self.absolute * size + self.relative * np.abs(expected)
            difference = np.where(observed == expected, 0.0, np.abs(observed - expected))
            return np.where(
                np.isinf(expected), np.where(observed == expected, -1.0, 1.0), difference - allowed
            )


DOUBLE = Precision("float64", 1e-9, 1e-6)
SINGLE = Precision("float32", 1e-6, 2e-5)
HALF = Precision("float16", 2e-3, 1e-2)


def trimmed(array: Array, probe: Probe) -> Array:
    """Return an array of one example without the axis of the examples."""
    array = np.asarray(array, float)
    if probe.examples == 1 and array.ndim > 1 and array.shape[0] == 1:
        array = array[0]
    return array


Observation = tuple[Probe, Array | None]


def agrees(value: Value, observations: list[Observation], precision: Precision) -> bool:
    """Tell whether a formula gives what was observed wherever there is an observation, and there is one."""
    compared = 0
    for probe, observed in observations:
        if observed is None:
            continue
        with np.errstate(all="ignore"):
            expected = value(probe)
        if expected is None or not precision.allows(observed, expected, probe):
            return False
        compared += bool(np.isfinite(observed).any())  # nan, which much gives, is evidence of nothing
    return compared > 0


def constant_factor(value: Value, observations: list[Observation], precision: Precision) -> float | None:
    """Return the one number that turns a formula into what was observed, or None."""
    found: float | None = None
    for probe, observed in observations:
        if observed is None:
            continue
        with np.errstate(all="ignore"):
            expected = value(probe)
        if expected is None:
            return None
        observed, expected = trimmed(observed, probe), trimmed(expected, probe)
        square = float((expected * expected).sum())
        if observed.shape != expected.shape or not np.isfinite(observed).all() or not square > 0:
            return None
        if found is None:
            found = float((observed * expected).sum()) / square
        if not precision.allows(observed, found * expected, probe):
            return None
    return found if found is not None and abs(found) > 1e-6 else None
