"""Dropout: units of hidden layers left out at random while a network trains.

::

    (DO.1)  M_iu = [w_iu >= t] 2^16 / (2^16 - t),    t = round(2^16 rate)     [Srivastava2014]

where w_iu is the 16-bit word number i m + u, the lowest bits of a 64-bit word first, of the random stream keyed by
(seed, epoch, step, layer), i the row of the minibatch and u the unit of m. The mean of M is 1, so prediction leaves
everything as it is. A mask depends on its key alone: not on threads, nor on whether a run was interrupted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.kernels import Purpose, random_bits

RESOLUTION = 2**16
"""Rates are rounded to a multiple of its inverse: sixteen random bits decide about a unit."""


def dropout_mask(
    rows: int, units: int, rate: float, key: tuple[int, int, int, int], dtype: np.dtype[Any]
) -> Array:
    """Return (DO.1), an array of shape (rows, units).

    Parameters
    ----------
    rows, units : int
        Rows of the minibatch, units of the layer.
    rate : float
        Share of the units that is left out, in [0, 1).
    key : tuple of int
        Seed, epoch, step in the epoch, layer: what the mask depends on.
    dtype : numpy.dtype
        Of the mask.

    Examples
    --------
    >>> dropout_mask(2, 4, 0.5, (0, 1, 0, 0), np.dtype("float32"))
    array([[2., 0., 0., 2.],
           [2., 2., 0., 0.]], dtype=float32)
    """
    threshold = round(RESOLUTION * rate)
    seed, *counter = key
    bits = random_bits(-(-rows * units // 4), Purpose.DROPOUT, seed, *counter)
    words = bits.astype("<u8", copy=False).view("<u2")[: rows * units]
    kept = (words >= threshold).reshape(rows, units)
    return kept.astype(dtype) * dtype.type(RESOLUTION / (RESOLUTION - threshold))


@dataclass(frozen=True)
class Dropout:
    """The share of the units of each hidden layer that is left out, and the seed of what is drawn.

    Parameters
    ----------
    rates : tuple of float
        One for each hidden layer, each in [0, 1).
    seed : int
        0 <= seed < 2**64.
    """

    rates: tuple[float, ...]
    seed: int

    @property
    def thresholds(self) -> tuple[int, ...]:
        """T of (DO.1) for each hidden layer.

        Examples
        --------
        >>> Dropout((0.5, 0.0), seed=0).thresholds
        (32768, 0)
        """
        return tuple(round(RESOLUTION * rate) for rate in self.rates)

    def masks(
        self, rows: int, layer_sizes: Sequence[int], epoch: int, step: int, dtype: np.dtype[Any]
    ) -> list[Array | None]:
        """Return the mask of each hidden layer for a step, None where nothing is left out.

        Examples
        --------
        >>> masks = Dropout((0.5, 0.0), seed=0).masks(8, (4, 16, 16, 3), 1, 0, np.dtype("float32"))
        >>> masks[0].shape, masks[1]
        ((8, 16), None)
        """
        hidden = layer_sizes[1:-1]
        return [
            dropout_mask(rows, units, rate, (self.seed, epoch, step, layer), dtype) if rate else None
            for layer, (units, rate) in enumerate(zip(hidden, self.rates, strict=True))
        ]


def check_dropout(call: str, dropout: Any, n_hidden: int) -> tuple[float, ...]:
    """Return the rate of each hidden layer: the one given for all, or one for each.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If a rate is outside [0, 1), or there are not as many as hidden layers.
    """
    remedy = "Try 0.1, or 0 to leave nothing out."
    several = isinstance(dropout, Sequence | np.ndarray) and not isinstance(dropout, str)
    if several and len(dropout) != n_hidden:
        rule = f"dropout is one rate, or one for each of the {n_hidden} hidden layers"
        raise ArgumentError(call, rule, repr(dropout), "Match it with the hidden layers.")
    rates = list(dropout) if several else [dropout] * max(n_hidden, 1)
    for rate in rates:
        if isinstance(rate, bool | np.bool_) or not isinstance(rate, int | float | np.integer | np.floating):
            raise ArgumentTypeError(call, "dropout is a number, or one for each layer", repr(dropout), remedy)
        if not 0.0 <= rate < 1.0 or round(RESOLUTION * rate) == RESOLUTION:
            raise ArgumentError(call, "dropout lies in [0, 1)", repr(rate), remedy)
    if n_hidden == 0 and any(rates):
        remedy = "Add hidden layers, or use alpha against overfitting."
        raise ArgumentError(call, "dropout goes with hidden layers", f"{dropout!r} without any", remedy)
    return tuple(float(rate) for rate in rates[:n_hidden])
