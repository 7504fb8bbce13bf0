"""The Gauss-Newton product of the linear head, for tensors.

On the CPU, where nothing requires a derivative, by the NumPy function in blocks of rows. Otherwise by way of the logits
and their change as a whole: with Z = X W^T + b and R = X V^T + v, the product is (H R)^T X for the
weight and the sum of the rows of H R for the bias, H the second derivative by the logits. Differentiable in everything
that enters it.
"""

from typing import Any

from torch import Tensor
from torch.nn.functional import linear

from chainrule.functions.pytorch.eager import is_followed, is_plain_call, view
from chainrule.functions.pytorch.hvp import cross_entropy_hvp
from chainrule.functions.pytorch.numpy_functions import NUMPY
from chainrule.functions.pytorch.tensors import TensorLike, as_tensor, constant, stand_in


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
    arrays = {
        "weight": weight,
        "direction": direction,
        "targets": targets,
        "bias": bias,
        "bias_direction": bias_direction,
        "sample_weight": sample_weight,
        "class_weight": class_weight,
    }
    tensors = {name: constant(call, name, array, features) for name, array in arrays.items()}
    options: dict[str, Any] = {
        "label_smoothing": label_smoothing,
        "ignore_index": ignore_index,
        "temperature": temperature,
        "reduction": reduction,
        "n_threads": n_threads,
    }
    if not is_followed(features) and is_plain_call(features, *tensors.values()):
        views = {name: view(tensor) for name, tensor in tensors.items()}
        products = NUMPY[call](view(features), **views, **options)
        return {name: as_tensor(product, features) for name, product in products.items()}
    try:
        return _by_logits(features, **tensors, **options)
    except (RuntimeError, TypeError):  # of PyTorch's, where shapes or dtypes do not fit: say which
        zeros = {name: stand_in(tensor) for name, tensor in tensors.items()}
        NUMPY[call](stand_in(features), **zeros, **options)
        raise


def _by_logits(
    features: Tensor,
    *,
    weight: Tensor,
    direction: Tensor,
    bias: Tensor | None,
    bias_direction: Tensor | None,
    **others: Any,
) -> dict[str, Tensor]:
    logits = linear(features, weight, bias)
    change = linear(features, direction, bias_direction)
    curve = cross_entropy_hvp(logits, change, **others)
    rows = curve.reshape(-1, curve.shape[-1])
    products = {"weight": rows.T @ features.reshape(-1, features.shape[-1])}
    return products if bias is None else products | {"bias": rows.sum(0)}
