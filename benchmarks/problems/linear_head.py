"""Mean cross-entropy of features @ weight.T + bias with class indices, and its gradients."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.truth import Truth

ROWS_AT_A_TIME = 256
ALL = ("features", "weight", "bias")


@dataclass(frozen=True)
class LinearHead:
    """N rows of D features, K classes; logits have a standard deviation near 3."""

    n_examples: int
    n_features: int
    n_classes: int
    dtype: str
    n_threads: int
    wrt: tuple[str, ...] = ALL

    @property
    def case(self) -> str:
        """Return the name that a single case is asked for by."""
        only = "" if self.wrt == ALL else "-weights"
        return f"{self.n_examples}x{self.n_features}x{self.n_classes}-{self.dtype}{only}"

    @property
    def tiny(self) -> "LinearHead":
        """Return a problem of the same kind, to load a peer with before its memory is looked at."""
        return LinearHead(64, 32, 16, self.dtype, self.n_threads, self.wrt)

    @property
    def reference_bytes(self) -> int:
        """Return what memory is given as a share of: one N x K array."""
        return self.n_examples * self.n_classes * np.dtype(self.dtype).itemsize

    @cached_property
    def features(self) -> NDArray[Any]:
        """Return X, C-contiguous, (N, D)."""
        generator = np.random.default_rng([self.n_examples, self.n_features])
        return generator.standard_normal((self.n_examples, self.n_features), dtype=self.dtype)

    @cached_property
    def weight(self) -> NDArray[Any]:
        """Return W, C-contiguous, (K, D)."""
        generator = np.random.default_rng([self.n_classes, self.n_features])
        weight = generator.standard_normal((self.n_classes, self.n_features), dtype=self.dtype)
        weight *= 3 / self.n_features**0.5
        return weight

    @cached_property
    def bias(self) -> NDArray[Any]:
        """Return b, (K,)."""
        return np.random.default_rng(self.n_classes).standard_normal(self.n_classes, dtype=self.dtype)

    @cached_property
    def targets(self) -> NDArray[np.int64]:
        """Return the class indices, (N,)."""
        return np.random.default_rng(self.n_examples).integers(self.n_classes, size=self.n_examples)

    def load(self) -> None:
        """Make the inputs now."""
        assert self.features.size
        assert self.weight.size
        assert self.bias.size
        assert self.targets.size

    def truth(self, folder: Path) -> Truth:
        """Write the truth in float64 to a folder; float64 results are held to it within the same digits."""
        weight, bias = self.weight.astype(np.float64), self.bias.astype(np.float64)
        gradients = {"weight": np.zeros_like(weight), "bias": np.zeros_like(bias)}
        gradients["features"] = np.empty(self.features.shape)
        loss = 0.0
        for first in range(0, self.n_examples, ROWS_AT_A_TIME):
            rows = slice(first, first + ROWS_AT_A_TIME)
            features, targets = self.features[rows].astype(np.float64), self.targets[rows]
            logits = features @ weight.T + bias
            each = np.arange(len(targets))
            largest = logits.max(axis=1, keepdims=True)
            terms = np.exp(logits - largest)
            total = terms.sum(axis=1, keepdims=True)
            loss += float(((largest + np.log(total))[:, 0] - logits[each, targets]).sum())
            terms /= total
            terms[each, targets] -= 1
            terms /= self.n_examples
            gradients["features"][rows] = terms @ weight
            gradients["weight"] += terms.T @ features
            gradients["bias"] += terms.sum(axis=0)
        truth = Truth(folder, self.dtype, relative=False)
        truth.write(loss / self.n_examples, {name: gradients[name] for name in self.wrt})
        return truth
