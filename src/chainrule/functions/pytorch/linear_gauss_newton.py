"""The Gauss-Newton product of the linear head, for tensors.

By way of the logits and their change as a whole: with Z = X W^T + b and R = X V^T + v, the product is (H R)^T X for the
weight and the sum of the rows of H R for the bias, H the second derivative by the logits. Differentiable in everything
that enters it.
"""

from torch import Tensor
from torch.nn.functional import linear

from chainrule.functions.pytorch.hvp import cross_entropy_hvp
from chainrule.functions.pytorch.tensors import TensorLike, constant


def linear_cross_entropy_gauss_newton(
    features: Tensor,
    weight: TensorLike,
    direction: TensorLike,
    targets: TensorLike | None = None,
    *,
    bias: TensorLike | None = None,
    bias_direction: TensorLike | None = None,
    sample_weight: TensorLike | None = None,
    class_weight: TensorLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: str = "mean",
    n_threads: int | None = None,
) -> dict[str, Tensor]:
    """Return the second derivative of the loss by weight and bias along a direction; "bias" where there is one."""
    call = "linear_cross_entropy_gauss_newton"
    matrix, along = (constant(call, name, array, features)
                     for name, array in (("weight", weight), ("direction", direction)))  # fmt: skip
    offset = constant(call, "bias", bias, features)
    logits = linear(features, matrix, offset)
    change = linear(features, along, constant(call, "bias_direction", bias_direction, features))
    curve = cross_entropy_hvp(
        logits,
        change,
        targets,
        sample_weight=sample_weight,
        class_weight=class_weight,
        label_smoothing=label_smoothing,
        ignore_index=ignore_index,
        temperature=temperature,
        reduction=reduction,
        n_threads=n_threads,
    )
    rows = curve.reshape(-1, curve.shape[-1])
    products = {"weight": rows.T @ features.reshape(-1, features.shape[-1])}
    return products if bias is None else products | {"bias": rows.sum(0)}
