"""Losses with one term per output, for tensors: binary cross-entropy and half the squared error."""

from torch import Tensor

from chainrule.functions.pytorch.losses import loss_alone, loss_and_gradient
from chainrule.functions.pytorch.problem import Problem
from chainrule.functions.pytorch.tensors import TensorLike, constant, refuse_derivative


def binary_cross_entropy(
    logits: Tensor,
    targets: TensorLike,
    *,
    sample_weight: TensorLike | None = None,
    reduction: str = "mean",
    n_threads: int | None = None,
) -> Tensor:
    """Return the binary cross-entropy; as :func:`chainrule.binary_cross_entropy`, differentiable to any order."""
    call = "binary_cross_entropy"
    return loss_alone(_problem(call, logits, targets, sample_weight, reduction, n_threads))


def binary_cross_entropy_with_gradient(
    logits: Tensor,
    targets: TensorLike,
    *,
    sample_weight: TensorLike | None = None,
    reduction: str = "mean",
    n_threads: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Return loss and gradient; as :func:`chainrule.binary_cross_entropy_with_gradient`, both differentiable."""
    call = "binary_cross_entropy_with_gradient"
    return loss_and_gradient(_problem(call, logits, targets, sample_weight, reduction, n_threads), True)


def squared_error(
    outputs: Tensor,
    targets: TensorLike,
    *,
    sample_weight: TensorLike | None = None,
    reduction: str = "mean",
    n_threads: int | None = None,
) -> Tensor:
    """Return half the squared error; as :func:`chainrule.squared_error`, differentiable to any order."""
    call = "squared_error"
    return loss_alone(_problem(call, outputs, targets, sample_weight, reduction, n_threads))


def squared_error_with_gradient(
    outputs: Tensor,
    targets: TensorLike,
    *,
    sample_weight: TensorLike | None = None,
    reduction: str = "mean",
    n_threads: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Return loss and gradient; as :func:`chainrule.squared_error_with_gradient`, both differentiable."""
    call = "squared_error_with_gradient"
    return loss_and_gradient(_problem(call, outputs, targets, sample_weight, reduction, n_threads), True)


def _problem(
    call: str,
    outputs: Tensor,
    targets: TensorLike,
    sample_weight: TensorLike | None,
    reduction: str,
    n_threads: int | None,
) -> Problem:
    refuse_derivative(call, "sample_weight", sample_weight)
    targets = constant(call, "targets", targets, outputs)
    samples = constant(call, "sample_weight", sample_weight, outputs)
    return Problem(call, outputs, targets, samples, None, 0.0, None, 1.0, reduction, n_threads)
