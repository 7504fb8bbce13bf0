"""Plain NumPy: the stable textbook formula, in as few passes and temporaries as NumPy has."""

from collections.abc import Callable

import numpy as np

from peers.installed import installed, versions
from problems import LinearHead, LossFromLogits, Result

NAME = "NumPy"


def available() -> bool:
    """Tell whether the library is installed."""
    return installed("numpy")


def version() -> str:
    """Return the versions."""
    return versions("numpy")


def prepare(problem: LossFromLogits | LinearHead) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    targets, each = problem.targets, np.arange(problem.n_examples)

    def from_logits(logits: np.ndarray, out: np.ndarray) -> float:
        largest = logits.max(axis=1, keepdims=True)
        own = logits[each, targets]
        np.subtract(logits, largest, out=out)
        np.exp(out, out=out)
        total = out.sum(axis=1, keepdims=True)
        loss = float((np.log(total) + largest)[:, 0].mean() - own.mean())
        out /= total * logits.dtype.type(problem.n_examples)
        out[each, targets] -= logits.dtype.type(1 / problem.n_examples)
        return loss

    if isinstance(problem, LossFromLogits):
        gradient = np.zeros_like(problem.logits)
        return lambda: (from_logits(problem.logits, gradient), {"logits": gradient})

    def linear() -> Result:
        logits = problem.features @ problem.weight.T
        logits += problem.bias
        loss = from_logits(logits, logits)
        gradients = {"weight": logits.T @ problem.features, "bias": logits.sum(axis=0)}
        if "features" in problem.wrt:
            gradients["features"] = logits @ problem.weight
        return loss, gradients

    return linear
