"""Softmax, log-softmax and logsumexp of tensors, and the product with the Jacobian of the softmax.

With c a cotangent, v a tangent, J = diag(p) - p p^T of (SM.2), which is symmetric:

    (PT.4)  softmax: J c;  log-softmax: c_k (1 - p_k) - p_k sum_{j != k} c_j  and  v - p.v;  logsumexp: p c  and  p.v
    (PT.5)  d(J u)/dz applied to v, from either side: J (v * u - (p.u) v - (p.v) u)

An autograd function serves eager calls, an operator of the same arguments and rules while torch.compile traces.
"""

import operator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from chainrule.functions.pytorch import devices, formulas
from chainrule.functions.pytorch.numpy_functions import NUMPY
from chainrule.functions.pytorch.tensors import (
    TensorLike,
    apply,
    as_numpy,
    as_tensor,
    constant,
    front,
    nested_forward,
    stand_in,
)

_FORMULAS = {
    "softmax": formulas.softmax,
    "log_softmax": formulas.log_softmax,
    "logsumexp": formulas.logsumexp,
}


def softmax(logits: Tensor, *, axis: int = -1, n_threads: int | None = None) -> Tensor:
    """Return the probabilities; as :func:`chainrule.softmax`, differentiable to any order."""
    return _per_row("softmax", logits, axis, n_threads)


def log_softmax(logits: Tensor, *, axis: int = -1, n_threads: int | None = None) -> Tensor:
    """Return the logarithms of the probabilities; as :func:`chainrule.log_softmax`, differentiable to any order."""
    return _per_row("log_softmax", logits, axis, n_threads)


def logsumexp(logits: Tensor, *, axis: int = -1, n_threads: int | None = None) -> Tensor:
    """Return ln sum_i exp(z_i); as :func:`chainrule.logsumexp`, differentiable to any order."""
    return _per_row("logsumexp", logits, axis, n_threads)


def softmax_vjp(
    logits: Tensor, cotangent: TensorLike, *, axis: int = -1, n_threads: int | None = None
) -> Tensor:
    """Return J cotangent; as :func:`chainrule.softmax_vjp`, differentiable to any order in both arguments."""
    cotangent = constant("softmax_vjp", "cotangent", cotangent, logits)
    if devices.is_traced(logits):
        return torch.ops.chainrule.softmax_jacobian(logits, cotangent, axis, n_threads)
    return apply(SoftmaxJacobian, logits, cotangent, axis, n_threads)


def _per_row(name: str, logits: Tensor, axis: int, n_threads: int | None) -> Tensor:
    if devices.is_traced(logits):
        return torch.ops.chainrule.per_row(name, logits, axis, n_threads)
    return apply(PerRow, name, logits, axis, n_threads)


def _check_axis(call: str, logits: Tensor, axis: int, direction: Tensor | None = None) -> int:
    """Return the axis counted from the end; refuse, as the NumPy function does, what is wrong whatever the values."""
    n = logits.ndim
    served = logits.is_floating_point() and logits.itemsize > 1
    fits = isinstance(axis, int) and -n <= axis < n and logits.shape[axis] > 0
    same = direction is None or (isinstance(direction, Tensor) and direction.shape == logits.shape)
    if not (served and fits and same):
        arrays = (logits,) if direction is None else (logits, direction)
        NUMPY[call](*(stand_in(array) for array in arrays), axis=axis)
    axis = operator.index(axis)
    return axis if axis < 0 else axis - n


class PerRow(Function):
    """One of the three functions, by its name."""

    @staticmethod
    def forward(name: str, logits: Tensor, axis: int, n_threads: int | None) -> Tensor:
        """Compute by the NumPy function on the CPU, elsewhere by the formulas."""
        if devices.has_kernels(logits):
            call = NUMPY[name]
            return as_tensor(call(as_numpy(logits), axis=axis, n_threads=n_threads), logits)
        axis = _check_axis(name, logits, axis)
        result = _FORMULAS[name](logits.movedim(axis, -1))
        return result if name == "logsumexp" else result.movedim(-1, axis)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep the logits; probabilities are computed again where a derivative asks for them."""
        del output
        ctx.name, logits, ctx.axis, ctx.n_threads = inputs
        ctx.save_for_backward(logits)
        ctx.save_for_forward(logits)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Any, ...]:
        """Apply (PT.4) from the left."""
        (logits,) = ctx.saved_tensors
        return None, _pull_back(ctx.name, logits, cotangent, ctx.axis, ctx.n_threads), None, None

    @staticmethod
    @nested_forward
    def jvp(ctx: Any, _name: None, tangent: Tensor, *_: None) -> Tensor:
        """Apply (PT.4) from the right."""
        (logits,) = ctx.saved_tensors
        axis, n_threads = ctx.axis, ctx.n_threads
        if ctx.name == "softmax":
            return softmax_vjp(logits, tangent, axis=axis, n_threads=n_threads)
        p = softmax(logits, axis=axis, n_threads=n_threads)
        if ctx.name == "logsumexp":
            return (p * tangent).sum(axis)
        return tangent - (p * tangent).sum(axis, keepdim=True)

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[Any, ...], name: str, logits: Tensor, axis: int, n_threads: Any
    ) -> Any:
        """Take the batch for one more axis of rows."""
        logits = front(logits, in_dims[1], info.batch_size)
        return apply(PerRow, name, logits, _check_axis(name, logits[0], axis), n_threads), 0


def _pull_back(name: str, logits: Tensor, c: Tensor, axis: int, n_threads: int | None) -> Tensor:
    if name == "softmax":
        return softmax_vjp(logits, c, axis=axis, n_threads=n_threads)
    p = softmax(logits, axis=axis, n_threads=n_threads)
    if name == "logsumexp":
        return p * c.unsqueeze(axis)
    p, c = p.movedim(axis, -1), c.movedim(axis, -1)
    others = formulas.sum_of_others(c, c.abs())
    # 1 - p_k, for the largest as the sum of the others: 1 - p would leave nothing of it on a confident row.
    pulled = c * formulas.sum_of_others(p, p) - p * others
    return pulled.movedim(-1, axis)


class SoftmaxJacobian(Function):
    """J u, linear in u; J is symmetric, so this is the product from either side."""

    @staticmethod
    def forward(logits: Tensor, direction: Tensor, axis: int, n_threads: int | None) -> Tensor:
        """Compute by the NumPy function on the CPU, elsewhere by the formulas."""
        if devices.has_kernels(logits):
            product = NUMPY["softmax_vjp"](
                as_numpy(logits), as_numpy(direction), axis=axis, n_threads=n_threads
            )
            return as_tensor(product, logits)
        axis = _check_axis("softmax_vjp", logits, axis, direction)
        moved = formulas.softmax_jacobian(logits.movedim(axis, -1), direction.movedim(axis, -1))
        return moved.movedim(-1, axis)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep both tensors."""
        del output
        logits, direction, ctx.axis, ctx.n_threads = inputs
        ctx.save_for_backward(logits, direction)
        ctx.save_for_forward(logits, direction)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor | None) -> tuple[Any, ...]:
        """Apply (PT.5) and J itself."""
        if cotangent is None:
            return None, None, None, None
        logits, u = ctx.saved_tensors
        options = {"axis": ctx.axis, "n_threads": ctx.n_threads}
        by_logits = by_direction = None
        if ctx.needs_input_grad[0]:
            by_logits = softmax_vjp(
                logits, bent(softmax(logits, **options), u, cotangent, ctx.axis), **options
            )
        if ctx.needs_input_grad[1]:
            by_direction = softmax_vjp(logits, cotangent, **options)
        return by_logits, by_direction, None, None

    @staticmethod
    @nested_forward
    def jvp(ctx: Any, by_logits: Tensor | None, by_direction: Tensor | None, *_: None) -> Tensor:
        """Apply (PT.5) and J itself, from the right."""
        logits, u = ctx.saved_tensors
        options = {"axis": ctx.axis, "n_threads": ctx.n_threads}
        tangent = torch.zeros_like(u) if by_direction is None else by_direction
        if by_logits is not None:
            tangent = tangent + bent(softmax(logits, **options), u, by_logits, ctx.axis)
        return softmax_vjp(logits, tangent, **options)

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[Any, ...], logits: Tensor, direction: Tensor, axis: int, n_threads: Any
    ) -> Any:
        """Take the batch for one more axis of rows."""
        logits = front(logits, in_dims[0], info.batch_size)
        direction = front(direction, in_dims[1], info.batch_size)
        axis = _check_axis("softmax_vjp", logits[0], axis, direction[0])
        return apply(SoftmaxJacobian, logits, direction, axis, n_threads), 0


def bent(p: Tensor, u: Tensor, v: Tensor, axis: int = -1) -> Tensor:
    """Return v * u - (p.u) v - (p.v) u of (PT.5)."""
    mean_u, mean_v = (p * u).sum(axis, keepdim=True), (p * v).sum(axis, keepdim=True)
    return v * u - mean_u * v - mean_v * u


@torch.library.custom_op("chainrule::per_row", mutates_args=())
def _per_row_operator(name: str, logits: Tensor, axis: int, n_threads: int | None) -> Tensor:
    return PerRow.forward(name, logits, axis, n_threads).contiguous()


@_per_row_operator.register_fake
def _(name: str, logits: Tensor, axis: int, n_threads: int | None) -> Tensor:
    del n_threads
    return logits.new_empty(logits.select(axis, 0).shape if name == "logsumexp" else logits.shape)


@torch.library.custom_op("chainrule::softmax_jacobian", mutates_args=())
def _softmax_jacobian_operator(logits: Tensor, direction: Tensor, axis: int, n_threads: int | None) -> Tensor:
    return SoftmaxJacobian.forward(logits, direction, axis, n_threads).contiguous()


@_softmax_jacobian_operator.register_fake
def _(logits: Tensor, direction: Tensor, axis: int, n_threads: int | None) -> Tensor:
    del direction, axis, n_threads
    return logits.new_empty(logits.shape)


_per_row_operator.register_autograd(PerRow.backward, setup_context=PerRow.setup_context)
_softmax_jacobian_operator.register_autograd(
    SoftmaxJacobian.backward, setup_context=SoftmaxJacobian.setup_context
)
_per_row_operator.register_vmap(PerRow.vmap)
_softmax_jacobian_operator.register_vmap(SoftmaxJacobian.vmap)
