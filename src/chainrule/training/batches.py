"""The rows of each minibatch of an epoch."""

from collections.abc import Iterator

from chainrule._types import Array
from chainrule.kernels import Purpose, permutation


def shuffled_batches(n_rows: int, batch_size: int, seed: int, *place: int) -> Iterator[Array]:
    """Yield the row numbers of each minibatch of an epoch, in an order keyed by (seed, place).

    Parameters
    ----------
    n_rows : int
        Number of rows, >= 1.
    batch_size : int
        The most rows a batch may have, >= 1.
    seed, *place : int
        What the order depends on, and nothing else: the number of the epoch, and of a portion of its rows.

    Yields
    ------
    ndarray of int64, shape (rows of the batch,)
        Every row comes once in an epoch. The sizes of two batches differ by at most 1, so that no small last batch
        makes a noisy step.

    Examples
    --------
    >>> sorted(len(rows) for rows in shuffled_batches(10, 4, 0, 1))
    [3, 3, 4]
    """
    order = permutation(n_rows, Purpose.SHUFFLE, seed, *place)
    count = number_of_batches(n_rows, batch_size)
    for index in range(count):
        yield order[index * n_rows // count : (index + 1) * n_rows // count]


def number_of_batches(n_rows: int, batch_size: int) -> int:
    """Return how many minibatches an epoch has.

    Examples
    --------
    >>> number_of_batches(10, 4)
    3
    """
    return -(-n_rows // batch_size)
