"""The truth at 60 digits by mpmath, in sums of positive terms alone, kept in two parts."""

from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from accuracy.regimes import Rows

_context = mpmath.mp.clone()
_context.dps = 60
SCALE = 900  # a power of two


@dataclass(frozen=True)
class Exact:
    """high + low is the value to 32 digits; a masked entry is -inf or 0."""

    high: NDArray[np.float64]
    low: NDArray[np.longdouble]

    def distance(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return |values - truth| in long double."""
        with np.errstate(invalid="ignore"):
            return np.abs((values.astype(np.longdouble) - self.high) - self.low)


def truths(rows: Rows) -> dict[str, Exact]:
    """Return the truth of every quantity for every row."""
    found = [_row(logits, target) for logits, target in zip(rows.logits, rows.targets.tolist(), strict=True)]
    return {name: _pairs([row[name] for row in found]) for name in found[0]}


def exponentials(values: NDArray[Any]) -> Exact:
    """Return exp of each value."""
    return _pairs([_context.exp(_context.mpf(float(value))) for value in values])


def _row(logits: NDArray[Any], target: int) -> dict[str, Any]:
    z = [_context.mpf(float(value)) for value in logits]
    largest = max(z)
    top = z.index(largest)
    terms = [_context.exp(value - largest) for value in z]
    others = _context.fsum(term for k, term in enumerate(terms) if k != top)
    normaliser, total = _context.log1p(others), 1 + others
    gradient = [term / total for term in terms]
    gradient[target] = -_context.fsum(term for k, term in enumerate(terms) if k != target) / total
    return {
        "loss": (largest - z[target]) + normaliser,
        "gradient": gradient,
        "softmax": [term / total for term in terms],
        "log_softmax": [(value - largest) - normaliser for value in z],
        "logsumexp": largest + normaliser,
        "logsumexp scale": max(abs(largest), normaliser),
    }


def _pairs(values: list[Any]) -> Exact:
    high = np.array(
        [[float(v) for v in value] if isinstance(value, list) else float(value) for value in values]
    )
    low = np.zeros(high.shape, np.longdouble)  # whose range holds the last digits of the smallest doubles
    for index in np.ndindex(high.shape):
        if np.isfinite(high[index]):
            value = values[index[0]] if len(index) == 1 else values[index[0]][index[1]]
            scaled = (value - _context.mpf(high[index])) * 2**SCALE
            low[index] = np.ldexp(np.longdouble(float(scaled)), -SCALE)
    return Exact(high, low)
