"""scikit-learn: LogisticRegression with its Newton method of conjugate gradients."""

from collections.abc import Callable

from peers.logistic_scikit_learn import available, fitted, version
from problems import LogisticFit, Result

__all__ = ["NAME", "available", "prepare", "version"]
NAME = "scikit-learn newton-cg"


def prepare(problem: LogisticFit) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    return fitted("newton-cg", problem)
