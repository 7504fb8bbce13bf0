"""Whether numbers are finite: a look at all of them on all threads, which makes no mask of their size."""

import numpy as np

from chainrule._types import Array
from chainrule.kernels import native, thread_count

BLOCK_ROWS = 1024


def first_not_finite(values: Array, n_threads: int | None = None) -> tuple[int, int] | None:
    """Return row and column of the first number that is not finite, None if all are.

    Parameters
    ----------
    values : ndarray of a float dtype, shape (rows, columns)
    n_threads : int or None
        At most this many threads.

    Examples
    --------
    >>> first_not_finite(np.array([[0.0, 1.0], [np.nan, np.inf]])), first_not_finite(np.ones((2, 2)))
    ((1, 0), None)
    """
    module = native()
    plain = (
        isinstance(values, np.ndarray)
        and values.dtype.isnative
        and values.dtype.name in ("float32", "float64")
    )
    if module is not None and plain and values.flags.c_contiguous and values.flags.aligned:
        place = module.first_not_finite_rows(values, thread_count(n_threads))
        return None if place < 0 else divmod(int(place), values.shape[1])
    for first in range(0, len(values), BLOCK_ROWS):
        bad = ~np.isfinite(values[first : first + BLOCK_ROWS])
        if bad.any():
            row, column = divmod(int(bad.argmax()), values.shape[1])
            return first + row, column
    return None
