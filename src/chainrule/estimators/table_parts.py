"""The parts of a table as the network sees them: in memory, or read from the disk when they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.estimators.streamed_rows import EncodedBlocks, rows_of_block

ROWS_AT_ONCE = 2**18


@dataclass(frozen=True)
class Part:
    """Rows as the network sees them: features (examples, features), class indices, and weights or None.

    The features are an array, or scipy.sparse.csr_array.
    """

    features: Any
    targets: Array
    weights: Array | None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.targets)


@dataclass(frozen=True)
class PartOnDisk:
    """Rows of one part that are read and encoded when they are asked for."""

    encoded: EncodedBlocks
    part: int
    n_rows: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.n_rows

    def some(self, most: int) -> tuple[pl.DataFrame, Array]:
        """Return at most so many raw rows, evenly spread over the part, and their numbers in the table."""
        step = max(1, -(-self.n_rows // most))
        frames, numbers, seen = [], [], 0
        for first in range(0, self.encoded.blocks.n_rows if self.n_rows else 0, ROWS_AT_ONCE):
            frame = self.encoded.blocks.read(first, ROWS_AT_ONCE, self.encoded.call)
            rows = np.flatnonzero(self.encoded.split.parts(first, frame.height) == self.part)
            chosen = rows[-seen % step :: step]
            frames.append(frame[chosen])
            numbers.append(first + chosen)
            seen += len(rows)
        return pl.concat(frames), np.concatenate(numbers)

    def __iter__(self) -> Iterator[tuple[Any, Array]]:
        """Yield features and class indices, some rows at a time, in the order of the table."""
        rows = rows_of_block(self.encoded.encoder.bytes_of_row)
        for first in range(0, self.encoded.blocks.n_rows if self.n_rows else 0, rows):
            yield self.encoded.read(first, rows, self.part)
