"""scikit-learn: LogisticRegression with its exact Newton method."""

from collections.abc import Callable

from peers.logistic_scikit_learn import available, fitted, version
from problems import LogisticFit, Result

__all__ = ["NAME", "available", "prepare", "version"]
NAME = "scikit-learn newton-cholesky"


def prepare(problem: LogisticFit) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    return fitted("newton-cholesky", problem)
