"""A sample of the rows of a large table: what encodings are fitted to, whether the table is in memory or not.

Every row is in the sample or not by its number alone, so that samples of parts of a table, read in any order, together
are the sample of the whole. A quantile of the sample lies within 0.2 % of the rows of that of the whole, nearly always.
"""

import numpy as np

from chainrule._types import Array
from chainrule.kernels import Purpose, row_words

SAMPLED_ROWS = 2**19
"""About as many rows are in the sample; up to here it is all of them."""


def sampled(first: int, count: int, n_rows: int) -> Array:
    """Return which of some rows are in the sample.

    Parameters
    ----------
    first, count : int
        The rows that are asked for.
    n_rows : int
        Rows of the whole table.

    Returns
    -------
    ndarray of bool, shape (count,)

    Examples
    --------
    >>> sampled(0, 3, 1000).tolist()
    [True, True, True]
    """
    if n_rows <= SAMPLED_ROWS:
        return np.ones(count, dtype=bool)
    share = np.uint64(round(SAMPLED_ROWS / n_rows * 2.0**64))
    return row_words(first, count, Purpose.SAMPLE, 0) < share
