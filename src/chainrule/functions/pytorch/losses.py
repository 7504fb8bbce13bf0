"""The losses of tensors and their derivatives: one autograd function and one operator for all of them.

Both give the loss L and the gradient G with respect to the logits z, and both results are differentiable. With a
cotangent a of L (per row for "none"), a cotangent c of G, H the second derivative by the logits, y the targets, f_i =
s_i / D (PT.2), and per row

    (PT.6)  logits:   a G + H c
    (PT.7)  targets:  a f dl/dy + f (dg/dy)^T c - (sum a L + sum c G) dD/dy / D,  l and g of an unweighted row

Forward derivatives are the same products from the other side. The three losses differ in H, dl/dy and dg/dy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from chainrule.errors import ChainruleError
from chainrule.functions.pytorch import devices, formulas, second_derivatives
from chainrule.functions.pytorch.batches import element, fold
from chainrule.functions.pytorch.numpy_functions import NUMPY
from chainrule.functions.pytorch.problem import (
    Problem,
    check_shapes,
    class_means,
    factors,
    renamed,
    sanitised,
    target_masses,
    total_slope,
)
from chainrule.functions.pytorch.tensors import (
    apply,
    as_numpy,
    as_tensor,
    nested_forward,
    requires_derivative,
    safe_product,
)


@dataclass(frozen=True)
class Rules:
    """What tells one loss from another; each takes the problem first and gives something per logit."""

    rows: Callable[[Problem], tuple[Tensor, Tensor]]  # terms or losses, and slopes, by the formulas
    second: Callable[[Problem, Tensor], Tensor]  # H c
    target_slope: Callable[[Problem], Tensor]  # f dl/dy
    target_pull: Callable[[Problem, Tensor], Tensor]  # f (dg/dy)^T c
    target_push: Callable[[Problem, Tensor], Tensor]  # f dg/dy applied to a tangent of the targets


def _cross_entropy_rows(problem: Problem) -> tuple[Tensor, Tensor]:
    z = formulas.computed(problem.logits, problem.temperature)
    if not problem.by_index or problem.label_smoothing:
        return formulas.probability_loss(z, target_masses(problem), problem.temperature)
    losses, gradient = formulas.index_loss(z, problem.targets, problem.temperature)
    means = class_means(problem)
    if means is None:
        return losses, gradient
    # 0 * inf = 0, but a row that is NaN stays NaN under a class weight of 0.
    weighted = torch.where(losses.isnan(), losses, safe_product(means, losses))
    return weighted, gradient * means[..., None].to(gradient.dtype)


def _binary_rows(problem: Problem) -> tuple[Tensor, Tensor]:
    z = formulas.computed(problem.logits)
    return formulas.binary_loss(z, problem.targets.to(z.dtype))


def _squared_rows(problem: Problem) -> tuple[Tensor, Tensor]:
    o = formulas.computed(problem.logits)
    return formulas.squared_loss(o, problem.targets.to(o.dtype))


_RULES = {
    "cross_entropy": Rules(
        _cross_entropy_rows,
        second_derivatives.cross_entropy_second,
        second_derivatives.cross_entropy_target_slope,
        second_derivatives.cross_entropy_target_pull,
        second_derivatives.cross_entropy_target_push,
    ),
    "binary_cross_entropy": Rules(
        _binary_rows,
        second_derivatives.binary_second,
        second_derivatives.binary_target_slope,
        second_derivatives.minus_weighted,
        second_derivatives.minus_weighted,
    ),
    "squared_error": Rules(
        _squared_rows,
        second_derivatives.weighted,
        second_derivatives.squared_target_slope,
        second_derivatives.minus_weighted,
        second_derivatives.minus_weighted,
    ),
}


def loss_and_gradient(problem: Problem, with_gradient: bool) -> tuple[Tensor, Tensor]:
    """Return the differentiable loss, and the gradient if it is wanted, else an empty tensor."""
    if devices.is_traced(problem.logits):
        return torch.ops.chainrule.loss(with_gradient, *problem.arguments)
    return apply(Loss, with_gradient, *problem.arguments)


def loss_alone(problem: Problem) -> Tensor:
    """Return the loss; the gradient is computed along with it where autograd will ask for it."""
    return loss_and_gradient(problem, requires_derivative(problem.logits, problem.targets))[0]


class Loss(Function):
    """Loss and gradient by the NumPy function on the CPU, by the formulas elsewhere."""

    @staticmethod
    def forward(with_gradient: bool, *arguments: Any) -> tuple[Tensor, Tensor]:
        """Check the arguments, and compute."""
        problem = Problem(*arguments)
        if not devices.has_kernels(problem.logits):
            return _unchecked(with_gradient, problem)
        return _by_numpy(with_gradient, problem)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        """Keep the arguments and both results: derivatives of derivatives pass through them."""
        ctx.with_gradient, problem = inputs[0], Problem(*inputs[1:])
        tensors = (problem.logits, problem.targets, problem.sample_weight, problem.class_weight, *output)
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        ctx.call, ctx.options = problem.call, problem.arguments[5:]
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, by_loss: Tensor | None, by_gradient: Tensor | None) -> tuple[Any, ...]:
        """Apply (PT.6) and (PT.7)."""
        problem, loss, gradient = _saved(ctx)
        by_logits = by_targets = None
        if ctx.needs_input_grad[2]:
            by_logits = _pull_to_logits(problem, gradient, by_loss, by_gradient)
        if ctx.needs_input_grad[3]:
            by_targets = _pull_to_targets(problem, loss, gradient, by_loss, by_gradient)
        return None, None, by_logits, by_targets, *(None,) * 7

    @staticmethod
    @nested_forward
    def jvp(ctx: Any, *tangents: Any) -> tuple[Tensor, Tensor]:
        """Apply the derivatives from the other side."""
        by_logits, by_targets = tangents[2:4]
        problem, loss, gradient = _saved(ctx)
        slope, curve = torch.zeros_like(gradient), torch.zeros_like(gradient)
        rules = _RULES[problem.kind]
        if by_logits is not None:
            slope, curve = gradient * by_logits, rules.second(problem, by_logits)
        if by_targets is not None:
            slope = slope + rules.target_slope(problem) * by_targets
            curve = curve + rules.target_push(problem, by_targets)
        by_loss = (problem.per_row(slope) if problem.reduction == "none" else slope.sum()).to(loss.dtype)
        if by_targets is not None and (total := total_slope(problem)) is not None:
            change = (total * by_targets).sum().to(loss.dtype)
            by_loss, curve = by_loss - loss * change, curve - gradient * change
        return by_loss, curve.to(gradient.dtype) if ctx.with_gradient else gradient.new_zeros(0)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], with_gradient: bool, *arguments: Any) -> Any:
        """Take the batch for more rows, without a reduction; then reduce each of the batch."""
        problem, dims, size = Problem(*arguments), in_dims[1:], info.batch_size
        if dims[4] is not None:  # other class weights for each: no one call serves them
            each = [apply(Loss, with_gradient, *element(problem, dims, index)) for index in range(size)]
            return tuple(torch.stack(results) for results in zip(*each, strict=True)), (0, 0)
        batch = fold(problem, dims, size)
        losses, gradient = apply(Loss, with_gradient, *batch.rows.arguments)
        gradient = batch.per_logit(gradient) if with_gradient else gradient.new_empty(size, 0)
        return (batch.losses(losses), gradient), (0, 0)


def _saved(ctx: Any) -> tuple[Problem, Tensor, Tensor]:
    *tensors, loss, gradient = ctx.saved_tensors
    problem = Problem(ctx.call, *tensors, *ctx.options)
    if not ctx.with_gradient:
        gradient = loss_and_gradient(problem, True)[1]
    return problem, loss, gradient


def _pull_to_logits(
    problem: Problem, gradient: Tensor, by_loss: Tensor | None, by_gradient: Tensor | None
) -> Tensor | None:
    pulled = None if by_loss is None else problem.with_class_axis(by_loss) * gradient
    if by_gradient is None or by_gradient.shape != gradient.shape:
        return pulled
    curve = _RULES[problem.kind].second(problem, by_gradient)
    return curve if pulled is None else pulled + curve


def _pull_to_targets(
    problem: Problem, loss: Tensor, gradient: Tensor, by_loss: Tensor | None, by_gradient: Tensor | None
) -> Tensor:
    rules = _RULES[problem.kind]
    pulled = torch.zeros_like(problem.targets)
    along = torch.zeros((), dtype=loss.dtype, device=loss.device)
    if by_loss is not None:
        pulled = pulled + problem.with_class_axis(by_loss) * rules.target_slope(problem)
        along = along + (by_loss * loss).sum()
    if by_gradient is not None and by_gradient.shape == gradient.shape:
        pulled = pulled + rules.target_pull(problem, by_gradient)
        along = along + (by_gradient * gradient).sum()
    if (total := total_slope(problem)) is not None:
        pulled = pulled - along * total
    return pulled.to(problem.targets.dtype)


def _by_numpy(with_gradient: bool, problem: Problem) -> tuple[Tensor, Tensor]:
    logits, targets = as_numpy(problem.logits), as_numpy(problem.targets)
    function = NUMPY[problem.kind + ("_with_gradient" if with_gradient else "")]
    try:
        result = function(logits, targets, **problem.options())
    except ChainruleError as error:
        raise renamed(error, problem.call) from None
    if not with_gradient:
        return as_tensor(result, problem.logits), problem.logits.new_empty(0)
    loss, gradient = result
    return as_tensor(loss, problem.logits), as_tensor(gradient, problem.logits)


def _unchecked(with_gradient: bool, problem: Problem) -> tuple[Tensor, Tensor]:
    """Compute with NaN in the rows that hold forbidden values, and in totals that contain them."""
    check_shapes(problem)
    problem, bad = sanitised(problem)
    if devices.has_kernels(problem.logits):
        loss, gradient = _by_numpy(with_gradient, problem)
    else:
        loss, gradient = _by_formulas(problem)
    bad_loss = bad if problem.reduction == "none" else bad.any()
    loss = torch.where(bad_loss, torch.nan, loss)
    if not with_gradient:
        return loss, problem.logits.new_empty(0)
    return loss, torch.where(problem.with_class_axis(bad.expand(problem.leading)), torch.nan, gradient)


def _by_formulas(problem: Problem) -> tuple[Tensor, Tensor]:
    rows, slopes = _RULES[problem.kind].rows(problem)
    losses = rows if rows.ndim == len(problem.leading) else rows.sum(-1)
    scale = factors(problem)
    gradient = safe_product(problem.with_class_axis(scale).to(slopes.dtype), slopes).to(problem.logits.dtype)
    if problem.reduction == "none":
        return safe_product(scale, losses).to(problem.logits.dtype), gradient
    return safe_product(scale, losses).sum().to(problem.logits.dtype), gradient


@torch.library.custom_op("chainrule::loss", mutates_args=())
def _operator(
    with_gradient: bool,
    call: str,
    logits: Tensor,
    targets: Tensor,
    sample_weight: Tensor | None,
    class_weight: Tensor | None,
    label_smoothing: float,
    ignore_index: int | None,
    temperature: float,
    reduction: str,
    n_threads: int | None,
) -> tuple[Tensor, Tensor]:
    problem = Problem(
        call, logits, targets, sample_weight, class_weight,
        label_smoothing, ignore_index, temperature, reduction, n_threads,
    )  # fmt: skip
    loss, gradient = _unchecked(with_gradient, problem)
    return loss, gradient.contiguous()


@_operator.register_fake
def _(with_gradient: bool, *arguments: Any) -> tuple[Tensor, Tensor]:
    problem = Problem(*arguments)
    logits = problem.logits
    loss = logits.new_empty(problem.leading if problem.reduction == "none" else ())
    return loss, logits.new_empty(logits.shape if with_gradient else 0)


_operator.register_autograd(Loss.backward, setup_context=Loss.setup_context)
_operator.register_vmap(Loss.vmap)
