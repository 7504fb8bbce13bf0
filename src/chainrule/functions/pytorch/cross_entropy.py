"""Softmax followed by cross-entropy, for tensors."""

from typing import Any

from torch import Tensor

from chainrule.functions.pytorch.eager import (
    is_followed,
    is_plain_call,
    plain_loss,
    plain_loss_and_gradient,
)
from chainrule.functions.pytorch.losses import loss_alone, loss_and_gradient
from chainrule.functions.pytorch.outputs import deliver
from chainrule.functions.pytorch.problem import Problem
from chainrule.functions.pytorch.tensors import TensorLike, constant, refuse_derivative


def cross_entropy(
    logits: Tensor,
    targets: TensorLike,
    *,
    sample_weight: TensorLike | None = None,
    class_weight: TensorLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: str = "mean",
    n_threads: int | None = None,
) -> Tensor:
    """Return the cross-entropy; as :func:`chainrule.cross_entropy`, a tensor of the dtype of the logits.

    Differentiable to any order with respect to the logits and to probability targets.
    """
    if is_plain_call(logits, targets, sample_weight, class_weight):
        return plain_loss(
            logits, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature, reduction,
            n_threads,
        )  # fmt: skip
    problem = _problem(
        "cross_entropy", logits, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature,
        reduction, n_threads,
    )  # fmt: skip
    return loss_alone(problem)


def cross_entropy_with_gradient(
    logits: Tensor,
    targets: TensorLike,
    *,
    sample_weight: TensorLike | None = None,
    class_weight: TensorLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: str = "mean",
    out: Tensor | None = None,
    n_threads: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the cross-entropy and its gradient; as :func:`chainrule.cross_entropy_with_gradient`.

    Both are differentiable to any order; with ``out`` neither is.
    """
    if not is_followed(logits) and is_plain_call(logits, targets, sample_weight, class_weight, out):
        return plain_loss_and_gradient(
            logits, out, targets, sample_weight, class_weight, label_smoothing, ignore_index, temperature,
            reduction, n_threads,
        )  # fmt: skip
    problem = _problem(
        "cross_entropy_with_gradient", logits, targets, sample_weight, class_weight, label_smoothing,
        ignore_index, temperature, reduction, n_threads,
    )  # fmt: skip
    return loss_and_gradient(problem, True) if out is None else deliver(problem, out)


def _problem(
    call: str,
    logits: Tensor,
    targets: TensorLike,
    sample_weight: TensorLike | None,
    class_weight: TensorLike | None,
    *options: Any,
) -> Problem:
    refuse_derivative(call, "sample_weight", sample_weight)
    refuse_derivative(call, "class_weight", class_weight)
    return Problem(
        call,
        logits,
        constant(call, "targets", targets, logits),
        constant(call, "sample_weight", sample_weight, logits),
        constant(call, "class_weight", class_weight, logits),
        *options,
    )
