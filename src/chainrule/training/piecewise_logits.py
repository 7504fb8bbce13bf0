"""Logits of all rows that are never held: made anew, piece by piece of rows, wherever somebody looks at them.

Logits are affine in the parameters, so those of a line of parameters are sums and multiples of such logits.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from chainrule._types import Array
from chainrule.functions import Scaling, linear_logits

MANY_BYTES = 64_000_000
"""Logits that would take less in float64 are held."""
SHARE = 0.1
"""So are those that would take less than this share of the features: they spare passes over them."""
PIECE_BYTES = 8_000_000
ROWS_TOGETHER = 1024
"""Pieces hold whole blocks of the sums over rows."""


def are_too_many(n_rows: int, bytes_of_row: int, n_outputs: int) -> bool:
    """Return whether the logits of all rows are not to be held, beside dense features of so many bytes to a row.

    Examples
    --------
    >>> are_too_many(1_000_000, 400, 10), are_too_many(10_000, 3136, 10)
    (True, False)
    """
    needed = 8 * n_outputs
    return n_rows * needed > MANY_BYTES and needed > SHARE * bytes_of_row


@dataclass(frozen=True)
class PiecewiseLogits:
    """Z at some parameters over all rows.

    Parameters
    ----------
    features : ndarray, shape (examples, features)
        What is read.
    weight, bias : ndarray of float64, shapes (classes, features) and (classes,)
    dtype : dtype
        In which it is computed.
    scaling : tuple or None
        Of the features.
    n_threads : int or None

    Examples
    --------
    >>> import numpy as np
    >>> weight, bias = np.array([[1.0], [2.0]]), np.zeros(2)
    >>> z = PiecewiseLogits(np.array([[1.0], [3.0]]), weight, bias, np.float64)
    >>> [logits.tolist() for _, logits in (0.5 * z + np.array([1.0, 0.0])).pieces()]
    [[[1.5, 1.0], [2.5, 3.0]]]
    """

    features: Array
    weight: Array
    bias: Array
    dtype: Any
    scaling: Scaling | None = None
    n_threads: int | None = None

    __array_ufunc__ = None
    """So that NumPy leaves the arithmetic to this class."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.features)

    def pieces(self) -> Iterator[tuple[slice, Array]]:
        """Yield places of rows and their logits, a new array each."""
        weight, bias = self.weight.astype(self.dtype), self.bias.astype(self.dtype)
        options: dict[str, Any] = {"scaling": self.scaling, "n_threads": self.n_threads}
        for place in pieces_of(len(self.features), len(self.bias)):
            yield place, linear_logits(self.features[place], weight, bias, **options)

    def __add__(self, other: Any) -> "PiecewiseLogits":
        """Return the sum with logits of the same features, or with an array that is added to every row."""
        if isinstance(other, PiecewiseLogits):
            return replace(self, weight=self.weight + other.weight, bias=self.bias + other.bias)
        return replace(self, bias=self.bias + other)

    def __sub__(self, other: "PiecewiseLogits") -> "PiecewiseLogits":
        """Return the difference to logits of the same features."""
        return self + -1.0 * other

    def __rmul__(self, factor: Any) -> "PiecewiseLogits":
        """Return a multiple."""
        return replace(self, weight=float(factor) * self.weight, bias=float(factor) * self.bias)


Logits: TypeAlias = Array | PiecewiseLogits


def pieces_of(n_rows: int, n_outputs: int) -> Iterator[slice]:
    """Yield places of rows whose float64 logits take some megabytes; a multiple of 1,024 rows but for the last.

    Examples
    --------
    >>> list(pieces_of(250_000, 10))
    [slice(0, 99328, None), slice(99328, 198656, None), slice(198656, 297984, None)]
    """
    blocks = max(1, PIECE_BYTES // (8 * n_outputs * ROWS_TOGETHER))
    together = blocks * ROWS_TOGETHER
    return (slice(first, first + together) for first in range(0, n_rows, together))


def pieces(logits: Logits) -> Iterator[tuple[slice, Array]]:
    """Yield places of rows and their logits: of an array one piece, which is the array."""
    if isinstance(logits, PiecewiseLogits):
        return logits.pieces()
    return iter([(slice(None), logits)])
