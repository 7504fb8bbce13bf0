"""Robust scaling of numbers, with a smooth clip: what one column of numbers becomes.

::

    (RS.1)  z = (x - median) / spread
            spread = q75 - q25, or (max - min) / 2 where the quartiles are equal; a constant column has spread 0
            and z = 0
    (RS.2)  f(z) = z / sqrt(1 + (z / 3)^2), between -3 and 3, slope 1 at 0

Shifting or scaling a column changes nothing; one wild value neither moves the others nor reaches the network at full
size. The scaling is that of RealMLP [Holzmueller2024].
"""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule._types import FloatArray
from chainrule.data.column_encoding import number_of

CLIP = 3.0
HALF_RANGE_LIMIT = sys.float_info.max / 4
LARGEST = 1e150  # z is cut here first, so that its square is finite


@dataclass(frozen=True)
class RobustScaling:
    """The centre and spread of a column.

    Parameters
    ----------
    center : float
        The median, in the column's unit.
    spread : float
        The interquartile range, or half the range; 0 for a constant column.

    Examples
    --------
    >>> scaling = RobustScaling.fit(np.array([1.0, 2.0, 3.0, 4.0, 1000.0]))
    >>> scaling
    RobustScaling(center=3.0, spread=2.0)
    >>> scaling.apply(np.array([3.0, 5.0, 1000.0])).round(3).tolist()
    [0.0, 0.949, 3.0]
    """

    center: float
    spread: float

    @classmethod
    def fit(cls, values: FloatArray) -> "RobustScaling":
        """Return the scaling of finite float64 values, shape (n,) with n >= 1, quantiles as numpy.quantile."""
        low, high = float(values.min()), float(values.max())
        # The difference of two finite numbers may overflow; a quarter of it cannot.
        unit = 4.0 if high / 2 - low / 2 > HALF_RANGE_LIMIT else 1.0
        quartiles = np.quantile(values / unit, [0.25, 0.5, 0.75])
        spread = quartiles[2] - quartiles[0] or (high / unit - low / unit) / 2
        return cls(float(quartiles[1] * unit), min(float(spread) * unit, sys.float_info.max))

    def apply(self, values: FloatArray) -> FloatArray:
        """Return (RS.2) of (RS.1) in float64, elementwise; NaN stays NaN, infinities go to -3 and 3."""
        if self.spread == 0.0:
            return np.where(np.isnan(values), values, 0.0)
        with np.errstate(over="ignore"):
            z = np.clip((values - self.center) / self.spread, -LARGEST, LARGEST)
        return np.asarray(z / np.sqrt(1.0 + (z / CLIP) ** 2))

    def to_json_value(self) -> dict[str, Any]:
        """Return plain values, from which :meth:`from_json_value` makes an equal scaling."""
        return {"center": self.center, "spread": self.spread}

    @classmethod
    def from_json_value(cls, value: dict[str, Any]) -> "RobustScaling":
        """Return the scaling that :meth:`to_json_value` described."""
        spread = number_of(value, "spread")
        if spread < 0.0:
            raise ValueError("spread is at least 0")
        return cls(number_of(value, "center"), spread)
