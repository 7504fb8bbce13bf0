"""Whether the three numbers are one, up to the rounding that is stated of each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule._types import Array

if TYPE_CHECKING:
    from chainrule.explain.explanation import Explanation


@dataclass(frozen=True, eq=False)
class Compared:
    """The derivation beside one of the other two: how far apart they are, and how far rounding allows.

    Entries that were not computed are NaN.
    """

    name: str
    apart: Array
    allowed: Array

    @property
    def holds(self) -> bool:
        """Whether no entry is farther apart than rounding allows."""
        return not self.broken.any()

    @property
    def broken(self) -> Array:
        """Which entries are farther apart; infinite numbers are never the same."""
        return np.asarray(~np.isnan(self.allowed) & ~(self.apart <= self.allowed))


@dataclass(frozen=True, eq=False)
class Agreement:
    """The comparisons that could be made."""

    compared: tuple[Compared, ...]
    finite: bool

    @property
    def holds(self) -> bool:
        """Whether every number is finite and every comparison holds."""
        return self.finite and all(each.holds for each in self.compared)


def agreement(found: "Explanation") -> Agreement:
    """Compare the numbers of an explanation.

    Examples
    --------
    >>> from chainrule.explain.explaining import explain
    >>> from chainrule.network import Network
    >>> [each.name for each in agreement(explain(Network((2, 3)), [1.0, 2.0], 0, "dE/dZ_1")).compared]
    ['backward', 'central_difference']
    """
    derivation, rounding = _array(found.derivation), _array(found.rounding)
    compared = []
    with np.errstate(invalid="ignore"):
        if found.backward is not None:
            compared.append(Compared("backward", np.abs(derivation - _array(found.backward)), rounding))
        if found.central_difference is not None:
            apart = np.abs(derivation - _array(found.central_difference))
            allowed = rounding + _array(found.central_difference_rounding)
            compared.append(Compared("central_difference", apart, np.broadcast_to(allowed, apart.shape)))
    return Agreement(tuple(compared), bool(np.isfinite(derivation).all()))


def _array(value: object) -> Array:
    return np.asarray(value, dtype=np.float64)
