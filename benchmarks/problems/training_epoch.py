"""An epoch of Adam on a network with one hidden layer of rectified units, shuffled, in float32."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.result import Result

LEARNING_RATE = 1e-3
EPOCHS_BEFORE = 4  # of every side, before the one whose loss is looked at
MOST = 0.9  # of ln K: what the loss has to come below by then


@dataclass(frozen=True)
class TrainingEpoch:
    """N rows of D normal features; the largest of K noisy linear scores is the class."""

    n_features: int
    n_hidden: int
    n_classes: int
    batch_size: int
    n_examples: int
    n_threads: int

    @property
    def case(self) -> str:
        """Return the name that a single case is asked for by."""
        return f"{self.n_features}-{self.n_hidden}-{self.n_classes}/{self.batch_size}-float32"

    @property
    def n_steps(self) -> int:
        """Return the steps of an epoch; the minibatches are all of one size."""
        return self.n_examples // self.batch_size

    @property
    def tiny(self) -> "TrainingEpoch":
        """Return a problem of the same kind, to load a peer with before its memory is looked at."""
        return TrainingEpoch(4, 4, 3, 4, 16, self.n_threads)

    @property
    def reference_bytes(self) -> int:
        """Return what memory is given as a share of: the features."""
        return self.n_examples * self.n_features * 4

    @cached_property
    def features(self) -> NDArray[np.float32]:
        """Return X, C-contiguous, (N, D)."""
        generator = np.random.default_rng([self.n_examples, self.n_features])
        return generator.standard_normal((self.n_examples, self.n_features), dtype=np.float32)

    @cached_property
    def targets(self) -> NDArray[np.int64]:
        """Return the classes, (N,)."""
        generator = np.random.default_rng(self.n_classes)
        weight = generator.standard_normal((self.n_features, self.n_classes)) * 3 / self.n_features**0.5
        return (self.features @ weight + generator.gumbel(size=(self.n_examples, self.n_classes))).argmax(
            axis=1
        )

    @cached_property
    def start(self) -> dict[str, NDArray[np.float32]]:
        """Return the parameters that every side begins with: W1 (H, D), b1, W2 (K, H), b2."""
        generator = np.random.default_rng(self.n_hidden)
        first = generator.uniform(-1, 1, (self.n_hidden, self.n_features)) * (6 / self.n_features) ** 0.5
        second = generator.uniform(-1, 1, (self.n_classes, self.n_hidden)) * (6 / self.n_hidden) ** 0.5
        biases = {"b1": np.zeros(self.n_hidden), "b2": np.zeros(self.n_classes)}
        values = {"W1": first, "b1": biases["b1"], "W2": second, "b2": biases["b2"]}
        return {name: value.astype(np.float32) for name, value in values.items()}

    def load(self) -> None:
        """Make the inputs now."""
        assert self.features.size
        assert self.targets.size
        assert self.start

    def loss(self, parameters: dict[str, Any]) -> float:
        """Return the mean loss of all rows, in float64."""
        w = {name: np.asarray(value, np.float64) for name, value in parameters.items()}
        hidden = np.maximum(self.features @ w["W1"].T + w["b1"], 0)
        logits = hidden @ w["W2"].T + w["b2"]
        largest = logits.max(axis=1)
        total = np.exp(logits - largest[:, None]).sum(axis=1)
        return float((largest + np.log(total) - logits[np.arange(len(logits)), self.targets]).mean())

    def truth(self, folder: Path) -> "ReachedLoss":
        """Return what a side's parameters are held to; rows are shuffled, so that no two sides agree in digits."""
        del folder
        return ReachedLoss(self)


@dataclass(frozen=True)
class ReachedLoss:
    """Whether the loss has fallen as it must after some epochs."""

    problem: TrainingEpoch

    def judge(self, result: Result) -> tuple[bool, None]:
        """Return whether it has, and no error."""
        return bool(result[0] < MOST * np.log(self.problem.n_classes)), None
