"""What the rules of the losses need beyond loss and gradient, in differentiable operations.

Cross-entropy, with H of (CE.4), q' of (PT.1), f = s / D of (PT.2), w the share dq'_k / dy_k:

    (PT.8)  dl/dy_k = w_k ((m - z_k) / T + log1p(s))
            (dg/dy)^T c = w_k (p.c - c_k) / T;  dg/dy v = (p sum(w v) - w v) / T
    (PT.9)  binary: H = f sigmoid(z) sigmoid(-z), dl/dy = -z, dg/dy = -1
            squared error: H = f, dl/dy = y - o, dg/dy = -1
"""

from dataclasses import replace

import torch
from torch import Tensor

from chainrule.functions.pytorch.hvp import second_derivative_product
from chainrule.functions.pytorch.per_row import log_softmax
from chainrule.functions.pytorch.probabilities import from_the_largest, probabilities
from chainrule.functions.pytorch.problem import Problem, factors, target_share
from chainrule.functions.pytorch.tensors import safe_product


def cross_entropy_second(problem: Problem, direction: Tensor) -> Tensor:
    """Return H direction."""
    return second_derivative_product(replace(problem, call="cross_entropy_hvp"), direction)


def cross_entropy_target_slope(problem: Problem) -> Tensor:
    """Return f dl/dy of (PT.8)."""
    z = from_the_largest(problem.logits) / problem.temperature
    return _shared(problem, -log_softmax(z, n_threads=problem.n_threads))


def cross_entropy_target_pull(problem: Problem, cotangent: Tensor) -> Tensor:
    """Return f (dg/dy)^T cotangent of (PT.8)."""
    p = probabilities(problem)
    difference = (p * cotangent).sum(-1, keepdim=True) - cotangent
    return _shared(problem, difference / problem.temperature)


def cross_entropy_target_push(problem: Problem, tangent: Tensor) -> Tensor:
    """Return f dg/dy applied to a tangent of the targets, (PT.8)."""
    masses = target_share(problem) * tangent
    change = probabilities(problem) * masses.sum(-1, keepdim=True) - masses
    return weighted(problem, change / problem.temperature)


def binary_second(problem: Problem, direction: Tensor) -> Tensor:
    """Return H direction of (PT.9)."""
    z = problem.logits
    return weighted(problem, torch.sigmoid(z) * torch.sigmoid(-z) * direction)


def binary_target_slope(problem: Problem) -> Tensor:
    """Return f dl/dy of (PT.9)."""
    return weighted(problem, -problem.logits)


def squared_target_slope(problem: Problem) -> Tensor:
    """Return f dl/dy of (PT.9)."""
    return weighted(problem, problem.targets - problem.logits)


def weighted(problem: Problem, values: Tensor) -> Tensor:
    """Return f values, 0 where f is 0."""
    factor = problem.with_class_axis(factors(problem))
    return safe_product(factor, values).to(problem.logits.dtype)


def minus_weighted(problem: Problem, values: Tensor) -> Tensor:
    """Return -f values, 0 where f is 0."""
    return weighted(problem, -values)


def _shared(problem: Problem, values: Tensor) -> Tensor:
    return safe_product(factors(problem)[..., None], target_share(problem) * values)
