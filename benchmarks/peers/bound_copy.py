"""The bound of the loss from logits: copying as many bytes, with as many threads, into an array that is reused."""

from collections.abc import Callable

import numpy as np

from peers.pytorch import available, version
from problems import LinearHead, LossFromLogits, Result

__all__ = ["NAME", "available", "prepare", "version"]

NAME = "bound: a copy"


def prepare(problem: LossFromLogits | LinearHead) -> Callable[[], Result] | None:
    """See :mod:`peers`. PyTorch's copy uses several threads, NumPy's one."""
    import torch

    if not isinstance(problem, LossFromLogits):
        return None
    torch.set_num_threads(problem.n_threads)
    logits = torch.from_numpy(problem.logits)
    out = torch.zeros_like(logits)

    def call() -> Result:
        out.copy_(logits)
        return np.nan, {"logits": problem.logits}

    return call
