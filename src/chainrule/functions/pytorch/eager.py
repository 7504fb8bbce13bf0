"""Calls with nothing around them: no transform, tracing or forward derivative, and plain tensors on the CPU.

These go straight to the NumPy function, with none of the machinery that transforms need: without autograd that is all,
and with it one autograd function that computes the gradient with the loss. Every other call takes the general way.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function, forward_ad

from chainrule.errors import ChainruleError
from chainrule.functions.pytorch import devices
from chainrule.functions.pytorch.losses import loss_and_gradient
from chainrule.functions.pytorch.numpy_functions import NUMPY
from chainrule.functions.pytorch.problem import Problem, renamed
from chainrule.functions.pytorch.tensors import apply, as_tensor

_PLAIN = frozenset((Tensor, torch.nn.Parameter))
_DTYPES = frozenset((torch.float16, torch.float32, torch.float64))


def is_plain_call(logits: Tensor, *others: Any) -> bool:
    """Tell whether a call may go straight to the NumPy function; of the tensors, the logits alone may be followed."""
    if torch.compiler.is_compiling() or type(logits) not in _PLAIN or logits.dtype not in _DTYPES:
        return False
    if torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0:
        return False
    followed = torch.is_grad_enabled()
    for other in others:
        if other is None:
            continue
        if type(other) not in _PLAIN or not other.is_cpu or (followed and other.requires_grad):
            return False
    return devices.has_kernels(logits) and not torch._C._len_torch_dispatch_stack()


def view(tensor: Tensor | None) -> Any:
    """Return an array on the memory of a plain tensor."""
    if tensor is None:
        return None
    plain = tensor.detach() if tensor.requires_grad else tensor
    return plain.numpy(force=True) if plain.is_neg() or plain.dtype == torch.bfloat16 else plain.numpy()


def is_followed(logits: Tensor) -> bool:
    """Tell whether autograd follows the logits."""
    return logits.requires_grad and torch.is_grad_enabled()


def plain_loss(logits: Tensor, *arguments: Any) -> Tensor:
    """Return the cross-entropy; arguments as those of a problem after the logits."""
    if is_followed(logits):
        loss: Tensor = apply(EagerLoss, logits, *arguments)
        return loss
    return as_tensor(_call("cross_entropy", logits, *arguments), logits)


def plain_loss_and_gradient(logits: Tensor, out: Tensor | None, *arguments: Any) -> tuple[Tensor, Tensor]:
    """Return the cross-entropy and its gradient, without autograd."""
    name = "cross_entropy_with_gradient"
    if out is None:
        loss, gradient = _call(name, logits, *arguments)
        return as_tensor(loss, logits), torch.from_numpy(gradient)
    return as_tensor(_call(name, logits, *arguments, out=out.detach().numpy())[0], logits), out


def _call(
    name: str,
    logits: Tensor,
    targets: Tensor,
    sample_weight: Tensor | None,
    class_weight: Tensor | None,
    label_smoothing: float,
    ignore_index: int | None,
    temperature: float,
    reduction: str,
    n_threads: int | None,
    **out: Any,
) -> Any:
    return NUMPY[name](
        view(logits),
        view(targets),
        sample_weight=view(sample_weight),
        class_weight=view(class_weight),
        label_smoothing=label_smoothing,
        ignore_index=ignore_index,
        temperature=temperature,
        reduction=reduction,
        n_threads=n_threads,
        **out,
    )


class EagerLoss(Function):
    """The loss, with its gradient computed along; a derivative of the derivative takes the general way."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, *arguments: Any) -> Tensor:
        """Compute, and keep the gradient and what its own derivative would need."""
        try:
            loss, gradient = _call("cross_entropy_with_gradient", logits, *arguments)
        except ChainruleError as error:
            raise renamed(error, "cross_entropy") from None
        ctx.save_for_backward(torch.from_numpy(gradient), logits, *arguments[:3])
        ctx.options = arguments[3:]
        return as_tensor(loss, logits)

    @staticmethod
    def backward(ctx: Any, by_loss: Tensor) -> tuple[Any, ...]:
        """Apply (PT.6)."""
        gradient, *tensors = ctx.saved_tensors
        if torch.is_grad_enabled():
            gradient = loss_and_gradient(Problem("cross_entropy", *tensors, *ctx.options), True)[1]
        if by_loss.ndim:
            by_loss = by_loss[..., None]
        elif _is_one(by_loss) and not torch._C._autograd._get_current_graph_task_keep_graph():
            # Nobody else will see this gradient: it may be handed over itself.
            return gradient, *(None,) * 8
        return by_loss * gradient, *(None,) * 8


def _is_one(by_loss: Tensor) -> bool:
    """Tell whether a cotangent is the 1 that backward() starts from, where its value can be looked at."""
    if torch.compiler.is_compiling() or type(by_loss) is not Tensor or torch.is_grad_enabled():
        return False
    return not torch._C._are_functorch_transforms_active() and by_loss.is_cpu and by_loss.item() == 1.0
