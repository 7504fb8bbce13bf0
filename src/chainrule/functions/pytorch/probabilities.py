"""Probabilities of logits over a temperature, as the rules of derivatives take them."""

import torch
from torch import Tensor

from chainrule.functions.pytorch.per_row import softmax
from chainrule.functions.pytorch.problem import Problem


def from_the_largest(logits: Tensor) -> Tensor:
    """Return z - m, which a temperature may divide without a common offset being rounded; same derivatives."""
    largest = logits.detach().amax(-1, keepdim=True)
    return logits - torch.where(largest.isfinite(), largest, 0)


def probabilities(problem: Problem) -> Tensor:
    """Return p of logits / T, differentiable."""
    z = problem.logits
    if problem.temperature != 1.0:
        z = from_the_largest(z) / problem.temperature
    return softmax(z, n_threads=problem.n_threads)
