"""scikit-learn: HalfMultinomialLoss, and LinearModelLoss for the linear head (which has no gradient of features).

Losses and gradients go into arrays that are reused. The weight 1 / N of each row gives the mean without a further
pass. scikit-learn keeps these classes to itself; they are what its LogisticRegression spends its time in.
"""

from collections.abc import Callable

import numpy as np

from peers.installed import installed, versions
from problems import LinearHead, LossFromLogits, Result

NAME = "scikit-learn"


def available() -> bool:
    """Tell whether the library is installed."""
    return installed("sklearn")


def version() -> str:
    """Return the versions."""
    return versions("scikit-learn")


def prepare(problem: LossFromLogits | LinearHead) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    from sklearn._loss.loss import HalfMultinomialLoss

    if problem.n_classes < 3:
        return None
    loss = HalfMultinomialLoss(n_classes=problem.n_classes)
    targets = problem.targets.astype(problem.dtype)
    if isinstance(problem, LinearHead):
        return None if "features" in problem.wrt else _linear(loss, targets, problem)
    weight = np.full(problem.n_examples, 1 / problem.n_examples, problem.dtype)
    losses, gradient = np.zeros_like(weight), np.zeros_like(problem.logits)

    def call() -> Result:
        loss.loss_gradient(
            y_true=targets,
            raw_prediction=problem.logits,
            sample_weight=weight,
            loss_out=losses,
            gradient_out=gradient,
            n_threads=problem.n_threads,
        )
        return float(losses.sum()), {"logits": gradient}

    return call


def _linear(loss: object, targets: np.ndarray, problem: LinearHead) -> Callable[[], Result]:
    from sklearn.linear_model._linear_loss import LinearModelLoss

    model = LinearModelLoss(base_loss=loss, fit_intercept=True)
    coefficients = np.asfortranarray(np.column_stack([problem.weight, problem.bias]))

    def call() -> Result:
        value, gradient = model.loss_gradient(
            coefficients, problem.features, targets, n_threads=problem.n_threads
        )
        return float(value), {"weight": gradient[:, :-1], "bias": gradient[:, -1]}

    return call
