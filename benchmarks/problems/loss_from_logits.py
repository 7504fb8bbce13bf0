"""Mean cross-entropy of logits with class indices, and its gradient with respect to the logits."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.truth import Truth

LONG_DOUBLE_ENTRIES = 200_000  # so many entries of a float64 gradient are held to long double
ENTRIES_AT_A_TIME = 1 << 21


@dataclass(frozen=True)
class LossFromLogits:
    """N rows of K logits, normal with standard deviation 3."""

    n_examples: int
    n_classes: int
    dtype: str
    n_threads: int

    @property
    def case(self) -> str:
        """Return the name that a single case is asked for by."""
        return f"{self.n_examples}x{self.n_classes}-{self.dtype}"

    @property
    def tiny(self) -> "LossFromLogits":
        """Return a problem of the same kind, to load a peer with before its memory is looked at."""
        return LossFromLogits(8, 4, self.dtype, self.n_threads)

    @property
    def reference_bytes(self) -> int:
        """Return what memory is given as a share of: one N x K array."""
        return self.n_examples * self.n_classes * np.dtype(self.dtype).itemsize

    @cached_property
    def logits(self) -> NDArray[Any]:
        """Return the logits, C-contiguous, (N, K)."""
        generator = np.random.default_rng([self.n_examples, self.n_classes])
        logits = generator.standard_normal((self.n_examples, self.n_classes), dtype=self.dtype)
        logits *= 3
        return logits

    @cached_property
    def targets(self) -> NDArray[np.int64]:
        """Return the class indices, (N,)."""
        return np.random.default_rng(self.n_examples).integers(self.n_classes, size=self.n_examples)

    def load(self) -> None:
        """Make the inputs now."""
        assert self.logits.size
        assert self.targets.size

    def truth(self, folder: Path) -> Truth:
        """Write the truth to a folder: in float64 for float32, otherwise some rows in long double."""
        truth = Truth(folder, self.dtype, relative=True)
        step = max(1, ENTRIES_AT_A_TIME // self.n_classes)
        blocks = [
            np.arange(first, min(first + step, self.n_examples)) for first in range(0, self.n_examples, step)
        ]
        if self.dtype == "float32":
            parts = [self._block(rows, np.float64) for rows in blocks]
            loss, rows = sum(part[0] for part in parts), None
            gradient = np.concatenate([part[1] for part in parts])
        else:
            loss = sum(self._block(rows, np.float64)[0] for rows in blocks)
            kept = min(self.n_examples, max(2, LONG_DOUBLE_ENTRIES // self.n_classes))
            rows = np.linspace(0, self.n_examples - 1, kept).astype(np.int64)
            gradient = self._block(rows, np.longdouble)[1]
        truth.write(float(loss / self.n_examples), {"logits": gradient}, rows)
        return truth

    def _block(self, rows: NDArray[np.int64], dtype: type) -> tuple[Any, NDArray[Any]]:
        logits, targets = self.logits[rows].astype(dtype), self.targets[rows]
        each = np.arange(len(targets))
        largest = logits.max(axis=1, keepdims=True)
        terms = np.exp(logits - largest)
        total = terms.sum(axis=1, keepdims=True)
        losses = (largest + np.log(total))[:, 0] - logits[each, targets]
        gradient = terms / total
        # 1 - p is summed from the other terms: p - 1 would lose the digits of a sure row.
        own = terms[each, targets].copy()
        terms[each, targets] = 0
        gradient[each, targets] = -terms.sum(axis=1) / (terms.sum(axis=1) + own)
        return losses.sum(), gradient / dtype(self.n_examples)
