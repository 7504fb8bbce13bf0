"""The second derivative of the cross-entropy times a direction, for tensors.

With J the matrix of (CE.4), r_i = s_i Q_i / D the weight of a row (PT.1, PT.2), c a cotangent, u the direction:

    (PT.10)  direction: r J c;  logits: r J bent / T, as (PT.5);  targets: (s / D) w (c.J u) - sum(c . r J u) dD/dy / D
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from chainrule.functions.pytorch import devices, formulas
from chainrule.functions.pytorch.batches import element, flattened, fold
from chainrule.functions.pytorch.numpy_functions import NUMPY
from chainrule.functions.pytorch.per_row import bent
from chainrule.functions.pytorch.probabilities import probabilities
from chainrule.functions.pytorch.problem import (
    Problem,
    check_shapes,
    factors,
    refuse,
    sanitised,
    target_masses,
    target_share,
    total_slope,
)
from chainrule.functions.pytorch.tensors import (
    TensorLike,
    apply,
    as_numpy,
    as_tensor,
    constant,
    front,
    nested_forward,
    refuse_derivative,
    safe_product,
)


def cross_entropy_hvp(
    logits: Tensor,
    direction: TensorLike,
    targets: TensorLike | None = None,
    *,
    sample_weight: TensorLike | None = None,
    class_weight: TensorLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    temperature: float = 1.0,
    reduction: str = "mean",
    n_threads: int | None = None,
) -> Tensor:
    """Return the second derivative times a direction; as :func:`chainrule.cross_entropy_hvp`.

    Differentiable to any order with respect to logits, direction and probability targets.
    """
    call = "cross_entropy_hvp"
    refuse_derivative(call, "sample_weight", sample_weight)
    refuse_derivative(call, "class_weight", class_weight)
    problem = Problem(
        call, logits,
        constant(call, "targets", targets, logits),
        constant(call, "sample_weight", sample_weight, logits),
        constant(call, "class_weight", class_weight, logits),
        label_smoothing, ignore_index, temperature, reduction, n_threads,
    )  # fmt: skip
    return second_derivative_product(problem, constant(call, "direction", direction, logits))


def second_derivative_product(problem: Problem, direction: Tensor) -> Tensor:
    """Return the differentiable product."""
    if devices.is_traced(problem.logits):
        return torch.ops.chainrule.cross_entropy_hvp(direction, *problem.arguments)
    return apply(SecondDerivativeProduct, direction, *problem.arguments)


class SecondDerivativeProduct(Function):
    """The product by the NumPy function on the CPU, by the formulas elsewhere."""

    @staticmethod
    def forward(direction: Tensor, *arguments: Any) -> Tensor:
        """Check the arguments, and compute."""
        problem = Problem(*arguments)
        if not devices.has_kernels(problem.logits):
            return _unchecked(problem, direction)
        return _by_numpy(problem, direction)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep the arguments."""
        del output
        direction, problem = inputs[0], Problem(*inputs[1:])
        tensors = (direction, *problem.arguments[1:5])
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        ctx.call, ctx.options = problem.call, problem.arguments[5:]
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor | None) -> tuple[Any, ...]:
        """Apply (PT.10)."""
        if cotangent is None:
            return (None,) * 11
        direction, problem = _saved(ctx)
        by_direction = by_logits = by_targets = None
        if ctx.needs_input_grad[0]:
            by_direction = second_derivative_product(problem, cotangent)
        if ctx.needs_input_grad[2]:
            by_logits = second_derivative_product(problem, _bent(problem, direction, cotangent))
        if ctx.needs_input_grad[3]:
            by_targets = _pull_to_targets(problem, direction, cotangent)
        return by_direction, None, by_logits, by_targets, *(None,) * 7

    @staticmethod
    @nested_forward
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        """Apply the derivatives from the other side."""
        by_direction, _, by_logits, by_targets = tangents[:4]
        direction, problem = _saved(ctx)
        tangent = torch.zeros_like(direction) if by_direction is None else by_direction
        if by_logits is not None:
            tangent = tangent + _bent(problem, direction, by_logits)
        result = second_derivative_product(problem, tangent)
        if by_targets is not None:
            mass = factors(problem) * (target_share(problem) * by_targets).sum(-1)
            result = result + mass[..., None] * _unweighted(problem, direction)
            if (total := total_slope(problem)) is not None:
                result = result - (total * by_targets).sum() * second_derivative_product(problem, direction)
        return result.to(problem.logits.dtype)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], direction: Tensor, *arguments: Any) -> Any:
        """Take the batch for more rows, without a reduction; then divide each of the batch."""
        problem, dims, size = Problem(*arguments), in_dims[1:], info.batch_size
        direction = front(direction, in_dims[0], size)
        if dims[4] is not None:  # other class weights for each: no one call serves them
            each = [
                apply(SecondDerivativeProduct, direction[index], *element(problem, dims, index))
                for index in range(size)
            ]
            return torch.stack(each), 0
        if direction.shape[1:] != Problem(*element(problem, dims, 0)).logits.shape:
            refuse(Problem(*element(problem, dims, 0)), direction[0])
        batch = fold(problem, dims, size)
        rows = flattened(direction, len(batch.leading))
        return batch.per_logit(apply(SecondDerivativeProduct, rows, *batch.rows.arguments)), 0


def _saved(ctx: Any) -> tuple[Tensor, Problem]:
    direction, *tensors = ctx.saved_tensors
    return direction, Problem(ctx.call, *tensors, *ctx.options)


def _bent(problem: Problem, u: Tensor, v: Tensor) -> Tensor:
    return bent(probabilities(problem), u, v) / problem.temperature


def _unweighted(problem: Problem, direction: Tensor) -> Tensor:
    """Return J direction, of rows of weight 1."""
    plain = replace(
        problem,
        targets=None,
        sample_weight=None,
        class_weight=None,
        label_smoothing=0.0,
        ignore_index=None,
        reduction="sum",
    )
    return second_derivative_product(plain, direction)


def _pull_to_targets(problem: Problem, direction: Tensor, cotangent: Tensor) -> Tensor:
    along = (cotangent * _unweighted(problem, direction)).sum(-1)
    pulled = safe_product(factors(problem), along)[..., None] * target_share(problem)
    pulled = pulled.expand(problem.logits.shape)
    if (total := total_slope(problem)) is not None:
        pulled = pulled - (cotangent * second_derivative_product(problem, direction)).sum() * total
    return pulled.to(problem.targets.dtype)


def _by_numpy(problem: Problem, direction: Tensor) -> Tensor:
    arrays = (as_numpy(array) for array in (problem.logits, direction, problem.targets))
    return as_tensor(NUMPY["cross_entropy_hvp"](*arrays, **problem.options()), problem.logits)


def _unchecked(problem: Problem, direction: Tensor) -> Tensor:
    """Compute with NaN in the rows that hold forbidden values."""
    if not isinstance(direction, Tensor) or direction.shape != problem.logits.shape:
        refuse(problem, direction)
    check_shapes(problem)
    problem, bad = sanitised(problem)
    compute = _by_numpy if devices.has_kernels(problem.logits) else _by_formulas
    product = compute(problem, direction)
    return torch.where(bad.expand(problem.leading)[..., None], torch.nan, product)


def _by_formulas(problem: Problem, direction: Tensor) -> Tensor:
    product = formulas.softmax_jacobian(problem.logits, direction, problem.temperature)
    weight = factors(problem)
    if problem.targets is not None:
        weight = weight * target_masses(problem).sum(-1)
    return safe_product(weight[..., None].to(product.dtype), product)


@torch.library.custom_op("chainrule::cross_entropy_hvp", mutates_args=())
def _operator(
    direction: Tensor,
    call: str,
    logits: Tensor,
    targets: Tensor | None,
    sample_weight: Tensor | None,
    class_weight: Tensor | None,
    label_smoothing: float,
    ignore_index: int | None,
    temperature: float,
    reduction: str,
    n_threads: int | None,
) -> Tensor:
    problem = Problem(
        call, logits, targets, sample_weight, class_weight,
        label_smoothing, ignore_index, temperature, reduction, n_threads,
    )  # fmt: skip
    return _unchecked(problem, direction).contiguous()


@_operator.register_fake
def _(direction: Tensor, *arguments: Any) -> Tensor:
    del direction
    logits = Problem(*arguments).logits
    return logits.new_empty(logits.shape)


_operator.register_autograd(
    SecondDerivativeProduct.backward, setup_context=SecondDerivativeProduct.setup_context
)
_operator.register_vmap(SecondDerivativeProduct.vmap)
