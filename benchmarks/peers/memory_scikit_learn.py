"""scikit-learn: MLPClassifier for one epoch, with its batch of 200, and LogisticRegression at its defaults."""

import warnings
from collections.abc import Callable

from peers.scikit_learn import available, version
from problems import LargeFit

__all__ = ["NAME", "available", "prepare", "version"]
NAME = "scikit-learn"


def prepare(problem: LargeFit) -> Callable[[], Callable[[], float]]:
    """Return a fit, which returns what gives its loss once the memory has been looked at."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    network = MLPClassifier((problem.n_hidden,), max_iter=1, random_state=0)
    model = network if problem.n_hidden else LogisticRegression()

    def call() -> Callable[[], float]:
        model.fit(*problem.arrays)
        if problem.n_hidden:
            layers = list(zip(model.coefs_, model.intercepts_, strict=True))
        else:
            layers = [(model.coef_.T, model.intercept_)]
        return lambda: problem.loss(layers)

    return call
