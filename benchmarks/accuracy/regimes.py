"""Rows of logits in the regimes where softmax and cross-entropy go wrong; a column of the page each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Generator = np.random.Generator


@dataclass(frozen=True)
class Rows:
    """Logits of one size, with a target for each row: the largest in every other row, else any that is not masked."""

    logits: NDArray[Any]
    targets: NDArray[np.int64]


@dataclass(frozen=True)
class Regime:
    """A column: its heading, how a row is drawn, and how many rows of each size."""

    heading: str
    draw: Callable[[Generator, int, type], NDArray[np.float64]]
    n_rows: tuple[tuple[int, int], ...]  # (classes, rows)

    def rows(self, dtype: type) -> list[Rows]:
        """Return the rows in a dtype, the same at every call."""
        return [self._rows(size, count, dtype) for size, count in self.n_rows]

    def _rows(self, size: int, count: int, dtype: type) -> Rows:
        generator = np.random.default_rng([size, *self.heading.encode()])
        logits = np.array([self.draw(generator, size, dtype) for _ in range(count)]).astype(dtype)
        targets = logits.argmax(axis=1)
        for row in range(1, count, 2):
            targets[row] = generator.choice(np.flatnonzero(np.isfinite(logits[row])))
        return Rows(logits, targets)


def _ordinary(generator: Generator, size: int, _: type) -> NDArray[np.float64]:
    return generator.normal(scale=3, size=size)


def _confident(generator: Generator, size: int, _: type) -> NDArray[np.float64]:
    row = generator.normal(size=size)
    row[generator.integers(size)] += generator.uniform(10, 60)
    return row


def _offset(generator: Generator, size: int, _: type) -> NDArray[np.float64]:
    return generator.normal(scale=2, size=size) + 10.0 ** generator.integers(2, 9)


def _ties(generator: Generator, size: int, _: type) -> NDArray[np.float64]:
    return generator.integers(0, 2, size=size) * 5.0


def _far(generator: Generator, size: int, dtype: type) -> NDArray[np.float64]:
    return generator.uniform(-90 if dtype == np.float32 else -700, 0, size=size)


def _masked(generator: Generator, size: int, _: type) -> NDArray[np.float64]:
    row = generator.normal(scale=3, size=size)
    row[generator.random(size) < 0.4] = -np.inf
    row[0] = 1.0
    return row


BOTH = ((10, 200), (1000, 10))
REGIMES = (
    Regime("K = 10", _ordinary, ((10, 400),)),
    Regime("K = 1000", _ordinary, ((1000, 20),)),
    Regime("K = 32003", _ordinary, ((32003, 2),)),
    Regime("confident", _confident, BOTH),
    Regime("offset", _offset, BOTH),
    Regime("ties", _ties, BOTH),
    Regime("far", _far, BOTH),
    Regime("masked", _masked, BOTH),
)
