"""How many rows are computed at a time where a sum runs over all of them."""

from collections.abc import Sequence

BLOCK_ROWS = 1024
SPARSE_BLOCK_ROWS = 8192
"""Rows of a block of sparse features: each product with one brings the weights into another layout."""
LAYER_BYTES = 2**25
"""What the widest layer of a block takes at most in float64, as long as it has more than one row."""


def rows_of_block(widths: Sequence[int], most: int = BLOCK_ROWS) -> int:
    """Return the rows of a block for layers of these widths: ``most``, or halves of it where one is wide.

    A function of the sizes alone, so that sums keep their order. A layer of 100,000 classes would take 800 MB for
    1,024 rows.

    Examples
    --------
    >>> rows_of_block([256, 10]), rows_of_block([100_000]), rows_of_block([])
    (1024, 32, 1024)
    """
    rows, widest = most, max(widths, default=0)
    while rows > 1 and rows * widest * 8 > LAYER_BYTES:
        rows //= 2
    return rows
