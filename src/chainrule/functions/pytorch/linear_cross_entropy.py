"""The linear head of tensors: loss, gradients, and the Gauss-Newton product."""

from typing import Any

from torch import Tensor

from chainrule.functions.linear_arguments import check_wrt
from chainrule.functions.pytorch.linear_head import NAMES, Head, evaluate, head
from chainrule.functions.pytorch.tensors import (
    TensorLike,
    constant,
    refuse_derivative,
    requires_derivative,
)


def linear_cross_entropy(
    features: Tensor,
    weight: TensorLike,
    targets: TensorLike,
    *,
    bias: TensorLike | None = None,
    sample_weight: TensorLike | None = None,
    class_weight: TensorLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: str = "mean",
    n_threads: int | None = None,
) -> Tensor:
    """Return the loss of a linear layer's logits; as :func:`chainrule.linear_cross_entropy`, differentiable.

    Gradients that autograd will ask for are computed along with the loss, the others not at all.
    """
    arguments = _head(
        "linear_cross_entropy", features, weight, targets, bias, sample_weight, class_weight,
        label_smoothing, ignore_index, temperature, reduction, n_threads,
    )  # fmt: skip
    # With "none" the weights of the rows are known in the backward pass alone.
    asked = (reduction != "none" and requires_derivative(part) for part in arguments.parts)
    by_features, by_weight, by_bias = asked
    return evaluate((by_features, by_weight, by_bias), arguments)[0]


def linear_cross_entropy_with_gradient(
    features: Tensor,
    weight: TensorLike,
    targets: TensorLike,
    *,
    bias: TensorLike | None = None,
    wrt: Any = NAMES,
    sample_weight: TensorLike | None = None,
    class_weight: TensorLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: str = "mean",
    n_threads: int | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return loss and gradients; as :func:`chainrule.linear_cross_entropy_with_gradient`, all differentiable."""
    call = "linear_cross_entropy_with_gradient"
    names = check_wrt(call, wrt, bias is not None)
    arguments = _head(
        call, features, weight, targets, bias, sample_weight, class_weight,
        label_smoothing, ignore_index, temperature, reduction, n_threads,
    )  # fmt: skip
    loss, gradients = evaluate(("features" in names, "weight" in names, "bias" in names), arguments)
    given = {name: gradient for name, gradient in zip(NAMES, gradients, strict=True) if gradient is not None}
    return loss, {name: given[name] for name in names}


def _head(
    call: str,
    features: Tensor,
    weight: TensorLike,
    targets: TensorLike,
    bias: TensorLike | None,
    sample_weight: TensorLike | None,
    class_weight: TensorLike | None,
    *options: Any,
) -> Head:
    refuse_derivative(call, "sample_weight", sample_weight)
    refuse_derivative(call, "class_weight", class_weight)
    return head(
        call,
        features,
        constant(call, "weight", weight, features),
        constant(call, "bias", bias, features),
        constant(call, "targets", targets, features),
        constant(call, "sample_weight", sample_weight, features),
        constant(call, "class_weight", class_weight, features),
        *options,
    )
