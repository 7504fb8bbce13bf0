"""A linear layer followed by cross-entropy as one autograd function: logits as a whole exist in no first derivative.

With logits Z = X W^T + b, G the gradient of the loss by Z, H its second derivative by Z, and directions dX, dW, db:

    (PT.11)  first:   G W, G^T X, the sum of G's rows
    (PT.12)  second:  V W + G dW, V^T X + G^T dX, the sum of V's rows;  V = H R, R = dX W^T + X dW^T + db

(PT.12) is symmetric, so it serves from either side. It takes Z, G and V as a whole, as does the gradient of rows'
losses ("none") when it is itself to be differentiated; otherwise that is one more call of the kernel for each sign of
the cotangent, with the cotangent for weights.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from chainrule.errors import ChainruleError
from chainrule.functions.pytorch import devices
from chainrule.functions.pytorch.hvp import second_derivative_product
from chainrule.functions.pytorch.losses import loss_and_gradient
from chainrule.functions.pytorch.numpy_functions import NUMPY
from chainrule.functions.pytorch.problem import Problem, check_shapes, renamed, sanitised
from chainrule.functions.pytorch.tensors import apply, as_numpy, as_tensor, nested_forward

Gradients = tuple[Tensor | None, Tensor | None, Tensor | None]  # by features, weight and bias
NAMES = ("features", "weight", "bias")


@dataclass(frozen=True)
class Head:
    """The layer's arguments, and those of the loss, whose logits only say their shape."""

    features: Tensor
    weight: Tensor
    bias: Tensor | None
    problem: Problem

    @property
    def parts(self) -> Gradients:
        """Return the tensors in the order of gradients."""
        return self.features, self.weight, self.bias

    @property
    def arguments(self) -> tuple[Any, ...]:
        """Return the arguments in the order of operators."""
        call, _, *others = self.problem.arguments
        return call, *self.parts, *others

    def with_logits(self) -> Problem:
        """Return the problem of the logits as a whole, differentiable."""
        logits = torch.nn.functional.linear(self.features, self.weight, self.bias)
        return replace(self.problem, call="cross_entropy", logits=logits)


def head(call: str, features: Tensor, weight: Tensor, bias: Tensor | None, *others: Any) -> Head:
    """Return the arguments in order."""
    # One number stands for all logits: their shape, dtype and device are asked for, never their values.
    fits = isinstance(weight, Tensor) and features.ndim and weight.ndim
    shape = (*features.shape[:-1], weight.shape[0]) if fits else (1,)
    return Head(features, weight, bias, Problem(call, features.new_zeros(()).expand(shape), *others))


def evaluate(wanted: tuple[bool, bool, bool], arguments: Head) -> tuple[Tensor, Gradients]:
    """Return the differentiable loss and the gradients that are wanted."""
    targets = arguments.problem.targets
    followed = isinstance(targets, Tensor) and targets.requires_grad and torch.is_grad_enabled()
    if followed or not devices.has_kernels(arguments.features):
        return composed(wanted, arguments)
    if devices.is_traced(arguments.features):
        loss, *gradients = torch.ops.chainrule.linear_loss(*wanted, *arguments.arguments)
    else:
        loss, *gradients = apply(LinearLoss, *wanted, *arguments.arguments)
    by_features, by_weight, by_bias = (g if w else None for g, w in zip(gradients, wanted, strict=True))
    return loss, (by_features, by_weight, by_bias)


def composed(wanted: tuple[bool, bool, bool], arguments: Head) -> tuple[Tensor, Gradients]:
    """Return the same by way of the logits as a whole."""
    loss, gradient = loss_and_gradient(arguments.with_logits(), True)
    products = _products(arguments, gradient)
    by_features, by_weight, by_bias = (g if w else None for g, w in zip(products, wanted, strict=True))
    return loss, (by_features, by_weight, by_bias)


class LinearLoss(Function):
    """Loss and gradients by the NumPy function, in blocks of rows; what is not wanted is an empty tensor."""

    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, ...]:
        """Check the arguments, and compute."""
        return _by_numpy(inputs[:3], head(*inputs[3:]))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Keep the arguments and the gradients, which later derivatives pass through."""
        arguments = head(*inputs[3:])
        problem = arguments.problem
        ctx.wanted, ctx.call, ctx.options = inputs[:3], problem.call, problem.arguments[5:]
        tensors = (*arguments.parts, *problem.arguments[2:5], *output[1:])
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, by_loss: Tensor | None, *by_gradients: Tensor | None) -> tuple[Any, ...]:
        """Apply (PT.11) to the cotangent of the loss, (PT.12) to those of the gradients."""
        arguments, gradients = _saved(ctx)
        needed = tuple(bool(need) for need in ctx.needs_input_grad[4:7])
        pulled: list[Tensor | None] = [None, None, None]
        if by_loss is not None:
            pulled = _pull_back(arguments, gradients, ctx.wanted, by_loss, needed)
        directions = [d if w else None for d, w in zip(by_gradients, ctx.wanted, strict=True)]
        if any(direction is not None for direction in directions):
            second = _second(arguments, directions)[2]
            pulled = [s if p is None else p + s for p, s in zip(pulled, second, strict=True)]
        results = (p if need else None for p, need in zip(pulled, needed, strict=True))
        return None, None, None, None, *results, *(None,) * 8

    @staticmethod
    @nested_forward
    def jvp(ctx: Any, *tangents: Any) -> tuple[Tensor, ...]:
        """Apply (PT.12) from the other side."""
        arguments, gradients = _saved(ctx)
        gradient, direction, second = _second(arguments, list(tangents[4:7]))
        slope = (gradient * direction).sum(-1)
        by_loss = slope if arguments.problem.reduction == "none" else slope.sum()
        changes = (
            s if w else torch.zeros_like(g) for s, g, w in zip(second, gradients, ctx.wanted, strict=True)
        )
        return by_loss, *changes

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> Any:
        """Compute each of the batch by way of its logits."""
        del info
        wanted = inputs[:3]

        def single(*tensors: Any) -> tuple[Tensor, ...]:
            arguments = head(inputs[3], *tensors, *inputs[10:])
            loss, gradients = composed(wanted, arguments)
            return loss, *(loss.new_empty(0) if g is None else g for g in gradients)

        results = torch.vmap(single, in_dims[4:10], randomness="same")(*inputs[4:10])
        return results, (0,) * len(results)


def _saved(ctx: Any) -> tuple[Head, tuple[Tensor, ...]]:
    *tensors, by_features, by_weight, by_bias = ctx.saved_tensors
    return head(ctx.call, *tensors, *ctx.options), (by_features, by_weight, by_bias)


def _products(arguments: Head, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return (PT.11)."""
    rows = gradient.reshape(-1, gradient.shape[-1])
    features = arguments.features.reshape(-1, arguments.features.shape[-1])
    return gradient @ arguments.weight, rows.T @ features, rows.sum(0)


def _second(arguments: Head, directions: list[Tensor | None]) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    """Return G, R and (PT.12)."""
    problem = arguments.with_logits()
    gradient = loss_and_gradient(problem, True)[1]
    zeros = (torch.zeros_like(part) if isinstance(part, Tensor) else gradient.new_zeros(gradient.shape[-1])
             for part in arguments.parts)  # fmt: skip
    by_features, by_weight, by_bias = (z if d is None else d for d, z in zip(directions, zeros, strict=True))
    direction = by_features @ arguments.weight.T + arguments.features @ by_weight.T + by_bias
    curve = second_derivative_product(replace(problem, call="cross_entropy_hvp"), direction)
    first = _products(arguments, curve)
    along = _products(replace(arguments, features=by_features, weight=by_weight), gradient)
    return gradient, direction, (first[0] + along[0], first[1] + along[1], first[2])


def _pull_back(
    arguments: Head,
    gradients: tuple[Tensor, ...],
    wanted: tuple[bool, ...],
    by_loss: Tensor,
    needed: tuple[bool, ...],
) -> list[Tensor | None]:
    """Return the gradients of the sum of by_loss times loss that are needed."""
    problem = arguments.problem
    at_hand = all(w or not need for w, need in zip(wanted, needed, strict=True))
    if problem.reduction != "none" and at_hand:
        return [by_loss * g if need else None for g, need in zip(gradients, needed, strict=True)]
    if problem.reduction == "none" and not torch.is_grad_enabled() and not _transformed(by_loss):
        return _by_signs(arguments, by_loss, needed)
    gradient = loss_and_gradient(arguments.with_logits(), True)[1]
    products = _products(
        arguments, gradient * (by_loss[..., None] if problem.reduction == "none" else by_loss)
    )
    return [product if need else None for product, need in zip(products, needed, strict=True)]


def _transformed(tensor: Tensor) -> bool:
    """Tell whether values cannot be looked at: the rule is traced, or runs within torch.func."""
    return devices.is_traced(tensor) or torch._C._are_functorch_transforms_active()


def _by_signs(arguments: Head, by_loss: Tensor, needed: tuple[bool, ...]) -> list[Tensor | None]:
    """Weight the rows by the cotangent: weights are not negative, so once for each sign that occurs."""
    samples = arguments.problem.sample_weight
    weights = by_loss.double() if samples is None else by_loss.double() * samples
    total: list[Tensor | None] = [None, None, None]
    for sign in (1.0, -1.0):
        part = (sign * weights).clamp(min=0)
        if not part.any():
            continue
        problem = replace(arguments.problem, sample_weight=part, reduction="sum")
        gradients = _by_numpy(needed, replace(arguments, problem=problem))[1:]
        total = [sign * g if t is None else t + sign * g for t, g in zip(total, gradients, strict=True)]
    return [torch.zeros_like(part) if t is None and part is not None else t
            for t, part in zip(total, arguments.parts, strict=True)]  # fmt: skip


def _by_numpy(wanted: tuple[bool, ...], arguments: Head) -> tuple[Tensor, ...]:
    problem, like = arguments.problem, arguments.features
    options = problem.options() | {"bias": as_numpy(arguments.bias)}
    arrays = [as_numpy(array) for array in (arguments.features, arguments.weight, problem.targets)]
    names = [name for name, want in zip(NAMES, wanted, strict=True) if want]
    try:
        if not names:
            return as_tensor(NUMPY["linear_cross_entropy"](*arrays, **options), like), *_empty(like)
        loss, given = NUMPY["linear_cross_entropy_with_gradient"](*arrays, wrt=names, **options)
    except ChainruleError as error:
        raise renamed(error, problem.call) from None
    gradients = (as_tensor(given[n], like) if n in given else like.new_empty(0) for n in NAMES)
    return as_tensor(loss, like), *gradients


def _empty(like: Tensor) -> tuple[Tensor, ...]:
    return like.new_empty(0), like.new_empty(0), like.new_empty(0)


@torch.library.custom_op("chainrule::linear_loss", mutates_args=())
def _operator(
    by_features: bool,
    by_weight: bool,
    by_bias: bool,
    call: str,
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Tensor,
    sample_weight: Tensor | None,
    class_weight: Tensor | None,
    label_smoothing: float,
    ignore_index: int | None,
    temperature: float,
    reduction: str,
    n_threads: int | None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    arguments = head(
        call, features, weight, bias, targets, sample_weight, class_weight,
        label_smoothing, ignore_index, temperature, reduction, n_threads,
    )  # fmt: skip
    check_shapes(replace(arguments.problem, call="cross_entropy"))
    problem, bad = sanitised(arguments.problem)
    wanted = (by_features, by_weight, by_bias)
    loss, *gradients = _by_numpy(wanted, replace(arguments, problem=problem))
    if bad.any():
        loss = torch.where(bad if reduction == "none" else bad.any(), torch.nan, loss)
        gradients = [torch.full_like(gradient, torch.nan) for gradient in gradients]
    return loss, gradients[0], gradients[1], gradients[2]


@_operator.register_fake
def _(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    arguments = head(*inputs[3:])
    problem = arguments.problem
    loss = arguments.features.new_empty(problem.leading if problem.reduction == "none" else ())
    shapes = (part.shape if want and part is not None else 0
              for part, want in zip(arguments.parts, inputs[:3], strict=True))  # fmt: skip
    by_features, by_weight, by_bias = (arguments.features.new_empty(shape) for shape in shapes)
    return loss, by_features, by_weight, by_bias


_operator.register_autograd(LinearLoss.backward, setup_context=LinearLoss.setup_context)
_operator.register_vmap(LinearLoss.vmap)
