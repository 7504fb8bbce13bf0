"""Which rows train, which decide when to stop, and which are held out to be judged by."""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.errors import ArgumentError
from chainrule.kernels import Purpose, permutation, row_words


@dataclass(frozen=True)
class Split:
    """Row numbers (int64, rising) of three parts that together are every row once.

    Parameters
    ----------
    training, validation, test : ndarray of int64
        The rows to train on, to stop by, and to judge by.
    """

    training: Array
    validation: Array
    test: Array


def stratified_split(
    targets: Array,
    *,
    validation_fraction: float = 0.1,
    test_fraction: float = 0.2,
    seed: int = 0,
    call: str = "stratified_split",
) -> Split:
    """Split rows at random so that every part has nearly the classes' proportions of the whole.

    Rows are put into the order of (class, random) and taken at even distances, which gives every class its share to
    within one row. One row of each class, drawn at random, stays in training whatever the fractions.

    Parameters
    ----------
    targets : ndarray of int64, shape (examples,)
        Class indices.
    validation_fraction, test_fraction : float
        Shares of all rows, each in [0, 1), together below 1; the sizes are these shares rounded, or what is left
        beside one row of each class.
    seed : int
        0 <= seed < 2**64; the same seed gives the same split on every machine.
    call : str
        Who asks, for messages.

    Returns
    -------
    Split

    Raises
    ------
    ArgumentError
        The fractions are not shares, or the seed is none.

    Examples
    --------
    >>> split = stratified_split(np.array([0] * 5 + [1] * 5), validation_fraction=0.0, test_fraction=0.4)
    >>> len(split.training), len(split.validation), len(split.test)
    (6, 0, 4)
    """
    require_shares(validation_fraction, test_fraction, call)
    require_seed(seed, call)
    order = permutation(len(targets), Purpose.SPLIT, seed)
    order = order[np.argsort(targets[order], kind="stable")]
    first_of_class = np.append(True, np.diff(targets[order]) != 0)[: len(order)]
    movable = order[~first_of_class]
    n_test = min(round(test_fraction * len(targets)), len(movable))
    n_validation = min(round(validation_fraction * len(targets)), len(movable) - n_test)
    held_out = evenly_spaced(len(movable), n_test)
    test, movable = movable[held_out], movable[~held_out]
    stopping = evenly_spaced(len(movable), n_validation)
    training = np.concatenate([order[first_of_class], movable[~stopping]])
    return Split(np.sort(training), np.sort(movable[stopping]), np.sort(test))


MANY_ROWS = 2**20
"""Of more rows each goes to a part by its own number, not by its place among those of its class."""
STOPPING_ROWS = 2**17
"""Of many rows no more than about so many decide when to stop: their loss is then known to a part in a hundred."""
TRAINING, VALIDATION, TEST = 0, 1, 2


@dataclass(frozen=True)
class ManyRowsSplit:
    """The parts of many rows, each a function of the row's number: no array of all rows is needed.

    Parameters
    ----------
    n_rows : int
        Rows of the table.
    validation_share, test_share : float
        Of the rows, about.
    seed : int
        0 <= seed < 2**64.
    kept : tuple of int
        Rows that stay in training: the first one of each class.
    """

    n_rows: int
    validation_share: float
    test_share: float
    seed: int
    kept: tuple[int, ...]

    def parts(self, first: int, count: int) -> Array:
        """Return the part of some rows, uint8 of shape (count,): TRAINING, VALIDATION or TEST."""
        words = row_words(first, count, Purpose.SPLIT, self.seed)
        parts = np.full(count, TRAINING, dtype=np.uint8)
        validation = min(self.validation_share, STOPPING_ROWS / self.n_rows)
        parts[words < np.uint64(round((self.test_share + validation) * 2.0**64))] = VALIDATION
        parts[words < np.uint64(round(self.test_share * 2.0**64))] = TEST
        for row in self.kept:
            if first <= row < first + count:
                parts[row - first] = TRAINING
        return parts


def split_rows(
    targets: Array,
    *,
    validation_fraction: float = 0.1,
    test_fraction: float = 0.2,
    seed: int = 0,
    call: str = "split_rows",
) -> Split:
    """Split rows by :func:`stratified_split`, or where they are many by :class:`ManyRowsSplit`; parameters as there.

    Examples
    --------
    >>> len(split_rows(np.array([0] * 5 + [1] * 5), validation_fraction=0.0, test_fraction=0.4).test)
    4
    """
    if len(targets) <= MANY_ROWS:
        return stratified_split(
            targets,
            validation_fraction=validation_fraction,
            test_fraction=test_fraction,
            seed=seed,
            call=call,
        )
    _, kept = np.unique(targets, return_index=True)
    many = many_rows_split(
        len(targets),
        tuple(map(int, kept)),
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        seed=seed,
        call=call,
    )
    parts = many.parts(0, len(targets))
    return Split(*(np.flatnonzero(parts == part) for part in (TRAINING, VALIDATION, TEST)))


def many_rows_split(
    n_rows: int,
    kept: tuple[int, ...],
    *,
    validation_fraction: float,
    test_fraction: float,
    seed: int,
    call: str,
) -> ManyRowsSplit:
    """Return the split of many rows, or refuse fractions and seed as :func:`stratified_split` does."""
    require_shares(validation_fraction, test_fraction, call)
    require_seed(seed, call)
    return ManyRowsSplit(n_rows, validation_fraction, test_fraction, int(seed), kept)


def require_seed(seed: int, call: str) -> None:
    """Refuse what is no seed."""
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise ArgumentError(
            call, "a seed is an integer from 0 to 2**64 - 1", repr(seed), "Pass a seed such as 0."
        )


def require_shares(validation_fraction: float, test_fraction: float, call: str) -> None:
    """Refuse fractions that leave nothing to train on."""
    for name, fraction in (("validation_fraction", validation_fraction), ("test_fraction", test_fraction)):
        if not 0.0 <= fraction < 1.0:
            raise ArgumentError(
                call, f"{name} is at least 0 and below 1", f"{fraction}", "Give a share such as 0.2."
            )
    if validation_fraction + test_fraction >= 1.0:
        raise ArgumentError(
            call,
            "validation_fraction and test_fraction together are below 1",
            f"{validation_fraction} and {test_fraction}",
            "Leave rows to train on.",
        )


def evenly_spaced(count: int, chosen: int) -> Array:
    """Return a mask of ``count`` places, ``chosen`` of them true, at distances that differ by at most one.

    Examples
    --------
    >>> evenly_spaced(5, 2).tolist()
    [False, False, True, False, True]
    """
    steps = np.arange(count + 1, dtype=np.int64) * chosen // max(count, 1)
    return np.diff(steps) > 0
