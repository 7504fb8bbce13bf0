"""A counter-based random generator, keyed by what it is for and never by how often it was called.

NumPy freezes the raw stream of its bit generators but not its permutations or distributions, so those are built
here from the raw stream of Philox4x64-10 [Salmon2011]. Equal keys give equal numbers on every machine.
"""

from enum import IntEnum

import numpy as np

from chainrule._types import Array
from chainrule.kernels.compiled import native

ROWS_OF_GROUP = 65_536
"""Rows whose words are one stream: one that is asked for costs those before it there."""


class Purpose(IntEnum):
    """What random numbers are for; numbers for different purposes are independent."""

    INITIALISATION = 1
    SHUFFLE = 2
    SPLIT = 3
    DROPOUT = 4
    SKETCH = 5
    SAMPLE = 6
    INFLUENCE = 7
    BOOTSTRAP = 8


def random_bits(count: int, purpose: Purpose, seed: int, *counter: int, n_threads: int = 1) -> Array:
    """Return 64-bit words of the stream of (seed, purpose, counter).

    Parameters
    ----------
    count : int
        How many words, >= 0.
    purpose : Purpose
        What they are for.
    seed : int
        0 <= seed < 2**64.
    *counter : int
        Up to three numbers, such as epoch, step and layer, each in 0..2**64 - 1.
    n_threads : int
        At most so many; the words are the same.

    Returns
    -------
    ndarray of uint64, shape (count,)

    Examples
    --------
    >>> a = random_bits(3, Purpose.SHUFFLE, 0, 7)
    >>> bool((a == random_bits(5, Purpose.SHUFFLE, 0, 7)[:3]).all())
    True
    """
    first, second, third = (*counter, 0, 0, 0)[:3]
    module = native()
    if module is not None:
        words = np.empty(count, dtype=np.uint64)
        module.random_words(
            int(seed), int(purpose), int(first), int(second), int(third), words.view(np.int64), n_threads
        )
        return words
    start = np.array([0, third, first, second], dtype=np.uint64)
    key = np.array([seed, int(purpose)], dtype=np.uint64)
    return np.random.Philox(key=key, counter=start).random_raw(count).astype(np.uint64, copy=False)


def uniform(count: int, purpose: Purpose, seed: int, *counter: int) -> Array:
    """Return float64 numbers uniform on [0, 1), multiples of 2**-53.

    Parameters and stream as :func:`random_bits`.

    Examples
    --------
    >>> bool((uniform(1000, Purpose.INITIALISATION, 3) < 1).all())
    True
    """
    return (random_bits(count, purpose, seed, *counter) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def row_words(first: int, count: int, purpose: Purpose, seed: int) -> Array:
    """Return a random word for each of ``count`` rows from number ``first`` on: it depends on the row's number alone.

    Parameters
    ----------
    first, count : int
        Which rows, >= 0.
    purpose, seed
        As for :func:`random_bits`.

    Returns
    -------
    ndarray of uint64, shape (count,)

    Examples
    --------
    >>> bool((row_words(70_000, 9, Purpose.SAMPLE, 0) == row_words(0, 80_000, Purpose.SAMPLE, 0)[70_000:70_009]).all())
    True
    """
    words = np.empty(count, dtype=np.uint64)
    for group in range(first // ROWS_OF_GROUP, -(-(first + count) // ROWS_OF_GROUP)):
        start = group * ROWS_OF_GROUP
        begin, end = max(first, start), min(first + count, start + ROWS_OF_GROUP)
        words[begin - first : end - first] = random_bits(end - start, purpose, seed, group)[begin - start :]
    return words


def permutation(count: int, purpose: Purpose, seed: int, *counter: int, n_threads: int = 1) -> Array:
    """Return a random order of 0..count - 1: the stable sorting order of ``count`` random words.

    Parameters and stream as :func:`random_bits`.

    Examples
    --------
    >>> sorted(permutation(4, Purpose.SHUFFLE, 0).tolist())
    [0, 1, 2, 3]
    """
    words = random_bits(count, purpose, seed, *counter, n_threads=n_threads)
    module = native()
    if module is not None and count < 2**32:
        order = np.empty(count, dtype=np.int64)
        module.stable_order(words.view(np.int64), order, n_threads)
        return order
    order = np.argsort(words)  # five times as fast as a stable one, and the same unless two words are equal
    ordered = words[order]
    return np.argsort(words, kind="stable") if (ordered[1:] == ordered[:-1]).any() else order
