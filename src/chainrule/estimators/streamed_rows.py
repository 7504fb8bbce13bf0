"""The rows of training of a table on the disk: read, encoded and handed to the training in portions, every epoch."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data import TRAINING, Encoder, Label, TableBlocks, class_indices
from chainrule.functions import is_sparse, sparse_features
from chainrule.kernels import Purpose, permutation
from chainrule.training import Examples, stack_rows

PORTION_BYTES = 64 << 20
"""About what the features of a portion take; two are held at a time, and a third while one is made."""
MOST_BLOCK_ROWS = 65_536
BLOCKS_OF_PORTION = 4
"""Places of the file that a portion's rows come from, at least: rows side by side are often alike."""


class Parts(Protocol):
    """Which rows train, which decide when to stop, and which are held out."""

    def parts(self, first: int, count: int) -> Array:
        """Return the part of some rows, uint8 of shape (count,)."""


@dataclass(frozen=True)
class EncodedBlocks:
    """Blocks of a table as the network sees them.

    Parameters
    ----------
    blocks : TableBlocks
    target : str
    encoder : Encoder
    classes : tuple of label
    split : Parts
    call : str
        Who asks, for messages.
    """

    blocks: TableBlocks
    target: str
    encoder: Encoder
    classes: tuple[Label, ...]
    split: Parts
    call: str

    def read(self, first: int, count: int, part: int) -> tuple[Any, Array]:
        """Return features and class indices of those of some rows that belong to one part."""
        frame = self.blocks.read(first, count, self.call)
        chosen = self.split.parts(first, frame.height) == part
        return self.encode(frame if chosen.all() else frame.filter(pl.Series(chosen)))

    def encode(self, frame: pl.DataFrame) -> tuple[Any, Array]:
        """Return features and class indices of rows of the table."""
        source = self.blocks.source
        features = self.encoder.encode(frame, source=source, call=self.call, say_unseen=False)
        if not frame.height:
            return features, np.empty(0, np.int64)
        targets = class_indices(frame[self.target], list(self.classes), source=source, call=self.call)
        return features, targets


@dataclass(frozen=True, eq=False)
class StreamedRows:
    """A :class:`~chainrule.training.RowStream` of the rows of training of a table.

    A portion is some blocks of consecutive rows, drawn anew in every epoch; the training shuffles its rows. The next
    portion is read and encoded by a thread of its own while the training works on this one.

    Parameters
    ----------
    encoded : EncodedBlocks
    block_rows : int
        Rows of a block.
    training_rows : ndarray of int64, shape (blocks,)
        Rows of training in each.
    sample : Examples
        Some of them, encoded.
    class_mass : ndarray of float64, shape (classes,)
        The rows of training of each class.
    seed : int
        Of the order of the blocks.
    """

    encoded: EncodedBlocks
    block_rows: int
    training_rows: Array
    sample: Examples
    class_mass: Array
    seed: int

    @property
    def n_rows(self) -> int:
        """Rows of an epoch."""
        return int(self.training_rows.sum())

    def __len__(self) -> int:
        """Return the rows of an epoch."""
        return self.n_rows

    @property
    def fingerprint(self) -> str:
        """A digest of the number of rows, and of what the files hold."""
        blocks = self.encoded.blocks
        return hashlib.sha256(
            repr((blocks.n_rows, self.block_rows, blocks.fingerprint)).encode()
        ).hexdigest()[:32]

    def portion_rows(self, epoch: int) -> Sequence[int]:
        """Return the rows of each portion of an epoch."""
        return [int(self.training_rows[blocks].sum()) for blocks in self._order(epoch)]

    def portions(self, epoch: int, first: int) -> Iterator[Examples]:
        """Yield the portions of an epoch from number ``first`` on."""
        left = iter(self._order(epoch)[first:])
        with ThreadPoolExecutor(1, thread_name_prefix="chainrule-reader") as reader:
            following = next(left, None)
            coming = None if following is None else reader.submit(self._portion, following)
            while coming is not None:
                portion = coming.result()
                following = next(left, None)
                coming = None if following is None else reader.submit(self._portion, following)
                yield portion
                del portion

    def _order(self, epoch: int) -> list[Array]:
        """Return the blocks of each portion; those without rows of training are left out."""
        with_rows = np.flatnonzero(self.training_rows)
        order = with_rows[permutation(len(with_rows), Purpose.SHUFFLE, self.seed, epoch, 0, 1)]
        bytes_of_row = self.encoded.encoder.bytes_of_row
        wanted = max(PORTION_BYTES // max(bytes_of_row * self.block_rows, 1), BLOCKS_OF_PORTION)
        count = max(1, round(len(order) / wanted))
        return np.array_split(order, count)

    def _portion(self, blocks: Array) -> Examples:
        parts = [
            self.encoded.read(int(block) * self.block_rows, self.block_rows, TRAINING) for block in blocks
        ]
        features = as_read(stack_rows([features for features, _ in parts]), self.encoded.call)
        return Examples(features, np.concatenate([labels for _, labels in parts]))


def as_read(features: Any, call: str) -> Any:
    """Return features as the training reads them: what scipy.sparse holds as :class:`SparseFeatures`."""
    return sparse_features(call, "features", features) if is_sparse(features) else features


def rows_of_block(bytes_of_row: int) -> int:
    """Return how many rows a block has: a power of two, so that some blocks make a portion.

    Examples
    --------
    >>> rows_of_block(200), rows_of_block(40_000)
    (65536, 256)
    """
    rows = MOST_BLOCK_ROWS
    while rows > 1 and rows * bytes_of_row * BLOCKS_OF_PORTION > PORTION_BYTES:
        rows //= 2
    return rows
