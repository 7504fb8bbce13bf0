"""A fit of a large dense table, of which the memory is looked at: from arrays to parameters."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS = 4096


@dataclass(frozen=True)
class LargeFit:
    """N rows of D normal features in float32; the largest of K noisy linear scores is the class."""

    n_examples: int
    n_features: int
    n_classes: int
    n_hidden: int  # 0: a linear model
    n_threads: int

    @property
    def case(self) -> str:
        """Return the name that a single case is asked for by."""
        kind = f"{self.n_hidden} hidden" if self.n_hidden else "linear"
        return f"{self.n_examples}x{self.n_features}x{self.n_classes}, {kind}"

    @property
    def tiny(self) -> "LargeFit":
        """Return a problem of the same kind, to load a side with before its memory is looked at."""
        return LargeFit(700, 4, 3, min(self.n_hidden, 4), self.n_threads)

    @property
    def n_parameters(self) -> int:
        """Return the number of weights and biases."""
        if not self.n_hidden:
            return self.n_classes * (self.n_features + 1)
        return self.n_hidden * (self.n_features + 1) + self.n_classes * (self.n_hidden + 1)

    @property
    def most_bytes(self) -> float:
        """Return the target: 1.2 times features and one N x K array, and 20 vectors of parameters, in float32."""
        return 1.2 * 4 * self.n_examples * (self.n_features + self.n_classes) + 20 * 4 * self.n_parameters

    @cached_property
    def arrays(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return X, C-contiguous, (N, D), and the classes, (N,), made block by block."""
        generator = np.random.default_rng(0)
        weight = generator.standard_normal((self.n_features, self.n_classes), dtype=np.float32)
        weight *= 2.0 / self.n_features**0.5
        X = np.empty((self.n_examples, self.n_features), np.float32)
        y = np.empty(self.n_examples, np.int64)
        for first in range(0, self.n_examples, BLOCK_ROWS):
            rows = slice(first, first + BLOCK_ROWS)
            generator.standard_normal(dtype=np.float32, out=X[rows])
            y[rows] = (X[rows] @ weight + generator.gumbel(size=(len(X[rows]), self.n_classes))).argmax(
                axis=1
            )
        return X, y

    def loss(self, layers: list[tuple[Any, Any]], transform: Any = None) -> float:
        """Return the mean loss of all rows for layers of (weights (in, out), biases), in float64 by blocks."""
        X, y = self.arrays
        total = 0.0
        for first in range(0, self.n_examples, BLOCK_ROWS):
            rows = slice(first, first + BLOCK_ROWS)
            values = X[rows].astype(np.float64) if transform is None else transform(X[rows])
            for number, (weight, bias) in enumerate(layers):
                values = values @ weight + bias
                if number < len(layers) - 1:
                    values = np.maximum(values, 0.0)
            values -= values.max(axis=1, keepdims=True)
            total += float(
                np.log(np.exp(values).sum(axis=1)).sum() - values[np.arange(len(values)), y[rows]].sum()
            )
        return total / self.n_examples
