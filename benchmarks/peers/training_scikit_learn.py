"""scikit-learn: MLPClassifier, one epoch for each ``partial_fit``, which shuffles; from a start of its own."""

import warnings
from collections.abc import Callable

from peers.scikit_learn import available, version
from problems import Result, TrainingEpoch
from problems.training_epoch import EPOCHS_BEFORE, LEARNING_RATE

__all__ = ["NAME", "available", "prepare", "version"]
NAME = "scikit-learn MLPClassifier"


def prepare(problem: TrainingEpoch) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    import numpy as np
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    model = MLPClassifier(
        (problem.n_hidden,),
        alpha=0.0,
        batch_size=problem.batch_size,
        learning_rate_init=LEARNING_RATE,
        random_state=0,
    )
    classes = np.arange(problem.n_classes)

    def call() -> Result:
        model.partial_fit(problem.features, problem.targets, classes=classes)
        (first, second), (b1, b2) = model.coefs_, model.intercepts_
        return model.loss_, {"W1": first.T, "b1": b1, "W2": second.T, "b2": b2}

    for _ in range(EPOCHS_BEFORE):
        call()
    return call
