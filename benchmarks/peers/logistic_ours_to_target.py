"""chainrule: SoftmaxClassifier until its objective is that of scikit-learn's fastest solver."""

from collections.abc import Callable

from peers.logistic_ours import available, fitted, version
from problems import LogisticFit, Result

__all__ = ["NAME", "available", "prepare", "version"]
NAME = "chainrule, to scikit-learn's objective"
TOLERANCE = 1e-5  # so that its own certificate does not come first


def prepare(problem: LogisticFit) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    return fitted(problem, tol=TOLERANCE, callback=lambda progress: progress.loss <= problem.target)
