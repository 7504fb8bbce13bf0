"""chainrule: SoftmaxClassifier at its defaults but for the penalty, to its certified gap."""

from collections.abc import Callable

from peers.ours import available, version
from problems import LogisticFit, Result
from problems.logistic_fit import Reached

__all__ = ["NAME", "available", "fitted", "prepare", "version"]
NAME = "chainrule, to its certificate"


def fitted(problem: LogisticFit, **settings) -> Callable[[], Result]:
    """Return a fit, with the held-out loss that it leads to."""
    import chainrule as cr

    def weights(X, y):
        alpha = problem.alpha * len(problem.targets) / len(y)
        model = cr.SoftmaxClassifier(alpha=alpha, n_threads=problem.n_threads, **settings).fit(X, y)
        return model.coef_, model.intercept_

    def call() -> Result:
        weight, bias = weights(problem.features, problem.targets)
        return Reached(problem, weight, bias), {"weight": weight, "bias": bias}

    call.held_out = problem.held_out_loss(weights)
    return call


def prepare(problem: LogisticFit) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    return fitted(problem)
