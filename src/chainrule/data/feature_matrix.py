"""The features of some columns beside each other, as an array or, where one of them is sparse, as compressed rows."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, cast

import numpy as np
import polars as pl

from chainrule._types import FloatArray
from chainrule.data.column_encoding import AnyColumnEncoding, ColumnEncoding, encodes_sparsely

BLOCK_ROWS = 16_384
"""Rows that are encoded column by column before the next ones: their features stay in the cache."""
BYTES_OF_ENTRY = 8
"""Of compressed rows: the number of its feature, and its value."""


def bytes_of_row(encodings: Sequence[AnyColumnEncoding]) -> int:
    """Return about what the features of a row take: exactly, where they are an array."""
    if not any(map(encodes_sparsely, encodings)):
        return np.dtype(np.float32).itemsize * sum(encoding.n_features for encoding in encodings)
    return BYTES_OF_ENTRY * sum(
        encoding.entries_of_row if encodes_sparsely(encoding) else encoding.n_features
        for encoding in encodings
    )


def feature_matrix(
    encodings: Sequence[AnyColumnEncoding], columns: Sequence[pl.Series], n_rows: int
) -> FloatArray | Any:
    """Return the features of some rows: compressed if an encoding is sparse, else an array."""
    if any(map(encodes_sparsely, encodings)):
        return sparse_matrix(encodings, columns, n_rows)
    return dense_matrix(cast("Sequence[ColumnEncoding]", encodings), columns, n_rows)


def dense_matrix(
    encodings: Sequence[ColumnEncoding], columns: Sequence[pl.Series], n_rows: int
) -> FloatArray:
    """Return the features of some rows, float32 of shape (examples, features), C order."""
    widths = [encoding.n_features for encoding in encodings]
    features = np.zeros((n_rows, sum(widths)), dtype=np.float32)
    for first in range(0, n_rows, BLOCK_ROWS):
        start, rows = 0, features[first : first + BLOCK_ROWS]
        for encoding, column, width in zip(encodings, columns, widths, strict=True):
            encoding.encode(column[first : first + BLOCK_ROWS], rows[:, start : start + width])
            start += width
    return features


def sparse_matrix(encodings: Sequence[AnyColumnEncoding], columns: Sequence[pl.Series], n_rows: int) -> Any:
    """Return the features of some rows, scipy.sparse.csr_array of float32, indices rising, without entries of 0."""
    from scipy.sparse import hstack, vstack  # here, since arrays do without

    blocks = []
    for first in range(0, max(n_rows, 1), BLOCK_ROWS):
        rows = [column[first : first + BLOCK_ROWS] for column in columns]
        parts = list(compressed_parts(encodings, rows, min(BLOCK_ROWS, n_rows - first)))
        blocks.append(hstack(parts, format="csr", dtype=np.float32))
    features = blocks[0] if len(blocks) == 1 else vstack(blocks, format="csr")
    features.sort_indices()
    return features


def compressed_parts(
    encodings: Sequence[AnyColumnEncoding], columns: Sequence[pl.Series], n_rows: int
) -> Iterator[Any]:
    """Yield the compressed rows of each sparse column, and of all columns between two of them together."""
    from scipy.sparse import csr_array

    pairs = zip(encodings, columns, strict=True)
    for _, group in groupby(pairs, key=lambda pair: encodes_sparsely(pair[0])):
        together, among = zip(*group, strict=True)
        if encodes_sparsely(together[0]):
            yield from (
                encoding.encode_sparse(column) for encoding, column in zip(together, among, strict=True)
            )
        else:
            yield csr_array(dense_matrix(together, among, n_rows))
