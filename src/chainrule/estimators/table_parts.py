"""The parts of a table as the network sees them: in memory, or read from the disk when they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chainrule._types import Array
from chainrule.estimators.streamed_rows import EncodedBlocks, rows_of_block


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

    def __iter__(self) -> Iterator[tuple[Any, Array]]:
        """Yield features and class indices, some rows at a time, in the order of the table."""
        rows = rows_of_block(self.encoded.encoder.bytes_of_row)
        for first in range(0, self.encoded.blocks.n_rows if self.n_rows else 0, rows):
            yield self.encoded.read(first, rows, self.part)
