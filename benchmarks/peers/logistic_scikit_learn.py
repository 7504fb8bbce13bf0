"""scikit-learn: what its solvers of logistic regression share; by itself it is its default.

All at their default tolerance. sag and saga were left out: on these data they take far longer to it than the others.
"""

from collections.abc import Callable

from peers.scikit_learn import available, version
from problems import LogisticFit, Result
from problems.logistic_fit import Reached, solvers

__all__ = ["NAME", "available", "fitted", "prepare", "version"]
NAME = "scikit-learn, default"


def fitted(solver: str, problem: LogisticFit) -> Callable[[], Result] | None:
    """Return a fit by one solver, with the held-out loss that it leads to."""
    if solver not in solvers(problem.n_parameters):
        return None

    def weights(X, y):
        model = problem.scikit_learn(solver, X, y)
        return model.coef_, model.intercept_

    def call() -> Result:
        weight, bias = weights(problem.features, problem.targets)
        return Reached(problem, weight, bias), {"weight": weight, "bias": bias}

    call.held_out = problem.held_out_loss(weights)
    return call


def prepare(problem: LogisticFit) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    return fitted("lbfgs", problem)
