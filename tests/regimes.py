"""Rows of logits in the regimes where softmax and cross-entropy go wrong."""

from collections.abc import Iterator

import numpy as np

SIZES = (1, 2, 3, 5, 7, 10, 16, 17, 33, 1000)
NAMES = ("ordinary", "confident", "offset", "ties", "far", "masked", "grid")


def rows(regime: str, dtype: type, sizes: tuple[int, ...] = SIZES) -> Iterator[np.ndarray]:
    """Yield rows of every size; at least one finite logit in each."""
    for number, size in enumerate(sizes):
        generator = np.random.default_rng([NAMES.index(regime), number])
        yield _ROWS[regime](generator, size).astype(dtype)


def _ordinary(generator: np.random.Generator, size: int) -> np.ndarray:
    return generator.normal(scale=3, size=size)


def _confident(generator: np.random.Generator, size: int) -> np.ndarray:
    row = generator.normal(size=size)
    row[generator.integers(size)] += generator.uniform(10, 60)
    return row


def _offset(generator: np.random.Generator, size: int) -> np.ndarray:
    return generator.normal(scale=2, size=size) + 10.0 ** generator.integers(2, 9)


def _ties(generator: np.random.Generator, size: int) -> np.ndarray:
    return generator.integers(0, 2, size=size) * 5.0


def _far(generator: np.random.Generator, size: int) -> np.ndarray:
    return generator.uniform(-90, 0, size=size)


def _masked(generator: np.random.Generator, size: int) -> np.ndarray:
    row = generator.normal(size=size)
    row[generator.random(size) < 0.4] = -1e30
    row[0] = 1.0
    return row


def _grid(generator: np.random.Generator, size: int) -> np.ndarray:
    return generator.integers(-64, 64, size=size) / 8.0


_ROWS = {
    "ordinary": _ordinary,
    "confident": _confident,
    "offset": _offset,
    "ties": _ties,
    "far": _far,
    "masked": _masked,
    "grid": _grid,
}
