"""Random arrays for the fuzzing: values of every kind, dtypes, shapes and layouts."""

from typing import Any

import numpy as np

from chainrule._types import Array

try:
    from ml_dtypes import bfloat16
except ImportError:  # comes with JAX only
    HALVES: tuple[Any, ...] = (np.float16,)
else:
    HALVES = (np.float16, bfloat16)

LEADING_SHAPES = ((), (0,), (1,), (2,), (3,), (5,), (17,), (2, 3), (2, 0), (1, 2, 2))
CLASSES = (1, 2, 2, 3, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 31, 33, 40)
MANY_CLASSES = (64, 100, 129, 257, 1000)
SPECIAL = (0.0, -0.0, 1.0, 1e-45, 5e-324, 1e-38, -1e-38, 1e-308, 1e38, -1e38, 3e38, 1e308, -1e308, 1e16, -1e5)


def chance(generator: np.random.Generator, probability: float) -> bool:
    return bool(generator.random() < probability)


def pick(generator: np.random.Generator, options: Any) -> Any:
    return options[int(generator.integers(len(options)))]


def dtype(generator: np.random.Generator) -> np.dtype:
    draw = generator.random()
    if draw < 0.15:
        return np.dtype(pick(generator, HALVES))
    return np.dtype(np.float32 if draw < 0.55 else np.float64)


def shape(generator: np.random.Generator) -> tuple[int, ...]:
    classes = MANY_CLASSES if chance(generator, 0.03) else CLASSES
    return (*pick(generator, LEADING_SHAPES), pick(generator, classes))


def logits(generator: np.random.Generator, size: tuple[int, ...], kind: np.dtype) -> Array:
    """Return logits of one of the regimes, some classes masked, now and then an entry that is not finite."""
    values = pick(generator, _REGIMES)(generator, size)
    if chance(generator, 0.25):
        values[generator.random(size) < generator.random()] = -np.inf
    if chance(generator, 0.2):
        values[generator.random(size) < 0.1] = pick(generator, (np.nan, np.inf, -np.inf))
    with np.errstate(all="ignore"):
        return values.astype(kind)


def numbers(generator: np.random.Generator, size: tuple[int, ...], kind: np.dtype) -> Array:
    """Return numbers of any size, rarely not finite: directions, outputs."""
    values = pick(generator, (_ordinary, _ordinary, _offset, _grid, _special))(generator, size)
    if chance(generator, 0.1):
        values[generator.random(size) < 0.1] = pick(generator, (np.nan, np.inf, -np.inf))
    with np.errstate(all="ignore"):
        return values.astype(kind)


def layout(generator: np.random.Generator, array: Array) -> Any:
    """Return the same values in another layout, byte order or container."""
    changed = pick(generator, _LAYOUTS)(array) if chance(generator, 0.4) else array
    if isinstance(changed, np.ndarray) and chance(generator, 0.2):
        changed.flags.writeable = False
    return changed


def unaligned(array: Array) -> Array:
    raw = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    raw[...] = array
    return raw


def strided(array: Array) -> Array:
    """Return a view of every other entry along the last axis, with others between."""
    if array.ndim == 0:
        return array
    wide = np.repeat(array, 2, axis=-1)
    return wide[..., ::2]


def _fortran(array: Array) -> Array:
    return np.asfortranarray(array) if array.ndim else array


def _reversed(array: Array) -> Array:
    return array[::-1].copy()[::-1] if array.ndim else array


def _swapped(array: Array) -> Array:
    return array.astype(array.dtype.newbyteorder()) if array.dtype.kind in "fiu" else array


def _as_list(array: Array) -> Any:
    exact = array.dtype.kind == "i" or array.dtype == np.float64
    return array.tolist() if exact and array.size and array.size < 50 else array


def _ordinary(generator: np.random.Generator, size: tuple[int, ...]) -> Array:
    return generator.standard_normal(size) * 3


def _confident(generator: np.random.Generator, size: tuple[int, ...]) -> Array:
    values = generator.standard_normal(size)
    values[..., int(generator.integers(size[-1]))] += generator.random() * 60
    return values


def _offset(generator: np.random.Generator, size: tuple[int, ...]) -> Array:
    return generator.standard_normal(size) * 2 + 10.0 ** int(generator.integers(2, 9))


def _grid(generator: np.random.Generator, size: tuple[int, ...]) -> Array:
    return generator.integers(-2, 3, size) * (2.0 ** int(generator.integers(-3, 4)))


def _far(generator: np.random.Generator, size: tuple[int, ...]) -> Array:
    return generator.random(size) * -(10.0 ** int(generator.integers(1, 4)))


def _special(generator: np.random.Generator, size: tuple[int, ...]) -> Array:
    return np.asarray(SPECIAL)[generator.integers(len(SPECIAL), size=size)]


_REGIMES = (_ordinary, _ordinary, _confident, _offset, _grid, _far, _special)
_LAYOUTS = (_fortran, strided, _reversed, _swapped, _as_list, unaligned)
