"""The bound of the linear head: its matrix products alone, with the logits in memory."""

from collections.abc import Callable

import numpy as np

from peers.pytorch import available, version
from problems import LinearHead, LossFromLogits, Result

__all__ = ["NAME", "available", "prepare", "version"]

NAME = "bound: products"


def prepare(problem: LossFromLogits | LinearHead) -> Callable[[], Result] | None:
    """See :mod:`peers`. PyTorch's products (MKL) into tensors that are reused."""
    import torch

    if not isinstance(problem, LinearHead):
        return None
    torch.set_num_threads(problem.n_threads)
    features, weight = torch.from_numpy(problem.features), torch.from_numpy(problem.weight)
    logits = features @ weight.T
    weight_gradient, features_gradient = torch.zeros_like(weight), torch.zeros_like(features)

    def call() -> Result:
        torch.mm(features, weight.T, out=logits)
        torch.mm(logits.T, features, out=weight_gradient)
        if "features" in problem.wrt:
            torch.mm(logits, weight, out=features_gradient)
        return np.nan, {}

    return call
