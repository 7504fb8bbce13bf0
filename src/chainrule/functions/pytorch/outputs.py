"""Gradients that are written to a tensor of the caller's."""

from dataclasses import replace

import torch
from torch import Tensor

from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions.pytorch import devices
from chainrule.functions.pytorch.losses import loss_and_gradient
from chainrule.functions.pytorch.numpy_functions import NUMPY
from chainrule.functions.pytorch.problem import Problem
from chainrule.functions.pytorch.tensors import as_numpy, as_tensor, requires_derivative


def deliver(problem: Problem, out: Tensor) -> tuple[Tensor, Tensor]:
    """Write the gradient of the cross-entropy to ``out``, on the CPU without an array between."""
    logits = problem.logits
    if not isinstance(out, Tensor):
        rule = "out is a tensor like the logits"
        raise ArgumentTypeError(problem.call, rule, type(out).__name__, "Use torch.empty_like(logits).")
    if requires_derivative(logits, problem.targets, out):
        remedy = "Leave it out, or call under torch.no_grad()."
        raise ArgumentError(
            problem.call, "out goes without autograd", "a tensor that requires a gradient", remedy
        )
    if devices.is_traced(logits) or not devices.has_kernels(logits) or logits.dtype == torch.bfloat16:
        return _copied(problem, out)
    loss, _ = NUMPY["cross_entropy_with_gradient"](
        as_numpy(logits), as_numpy(problem.targets), out=out.detach().numpy(), **problem.options()
    )
    return as_tensor(loss, logits), out


def _copied(problem: Problem, out: Tensor) -> tuple[Tensor, Tensor]:
    if out.shape != problem.logits.shape or out.dtype != problem.logits.dtype:
        came = f"shape {tuple(out.shape)} and dtype {out.dtype}"
        rule = f"out has shape {tuple(problem.logits.shape)} and dtype {problem.logits.dtype}"
        raise ArgumentError(problem.call, rule, came, "Use torch.empty_like(logits).")
    loss, gradient = loss_and_gradient(replace(problem, logits=problem.logits.detach()), True)
    return loss.detach(), out.copy_(gradient)
