"""Tensors and the NumPy arrays that share their memory."""

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from torch.autograd import Function, forward_ad

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError
from chainrule.functions.arguments import as_array, holds_numbers

TensorLike: TypeAlias = torch.Tensor | ArrayLike


def apply(function: type[Function], *arguments: Any) -> Any:
    """Apply an autograd function."""
    return function.apply(*arguments)  # type: ignore[no-untyped-call]  # PyTorch gives it no types


def as_numpy(values: Any) -> Any:
    """Return an array on the memory of a CPU tensor; bfloat16, which NumPy has not, as float32. Others as they are."""
    if not isinstance(values, torch.Tensor):
        return values
    plain = values.float() if values.dtype == torch.bfloat16 else values
    return plain.numpy(force=True)  # on the CPU a view, save of tensors that are lazily negated or zero


def as_tensor(result: float | Array, like: torch.Tensor) -> torch.Tensor:
    """Return a result of a NumPy function as a tensor of the dtype of the logits: an array's memory is shared."""
    if isinstance(result, np.ndarray):
        tensor = torch.from_numpy(result)
        return tensor if tensor.dtype == like.dtype else tensor.to(like.dtype)
    return torch.scalar_tensor(result, dtype=like.dtype, device="cpu")


def constant(call: str, name: str, values: TensorLike | None, like: torch.Tensor) -> Any:
    """Return targets or weights as a tensor, for a list or an array on the device of the logits.

    What no tensor can hold is returned as an array: the checks of the NumPy function refuse it.
    """
    if values is None or isinstance(values, torch.Tensor):
        return values
    if torch.compiler.is_compiling():
        return torch.as_tensor(values, device=like.device)
    array = as_array(call, name, values)
    if not holds_numbers(array) or array.dtype.name in ("bfloat16", "longdouble", "float128"):
        return array
    return torch.from_numpy(array if array.flags.writeable else array.copy()).to(like.device)


def stand_in(values: Any) -> Any:
    """Return an array of zeros of the shape and dtype of a tensor, without memory of that size; others as they are."""
    if not isinstance(values, torch.Tensor):
        return values
    dtype = torch.float32 if values.dtype == torch.bfloat16 else values.dtype
    return np.broadcast_to(torch.zeros((), dtype=dtype).numpy(), tuple(values.shape))


def refuse_derivative(call: str, name: str, values: Any) -> None:
    """Refuse weights that require a gradient: the functions hold them constant, and must not do so silently."""
    if isinstance(values, torch.Tensor) and values.requires_grad and torch.is_grad_enabled():
        remedy = f"Pass {name}.detach(), or weight the losses of reduction='none' yourself."
        raise ArgumentError(call, f"{name} is held constant", "a tensor that requires a gradient", remedy)


def requires_derivative(*values: Any) -> bool:
    """Tell whether one of the values is a tensor that autograd follows."""
    return torch.is_grad_enabled() and any(
        isinstance(value, torch.Tensor) and value.requires_grad for value in values
    )


class _Primals:
    """The context of a forward rule, with the saved tensors freed of the tangents that the rule is to compute with."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        return tuple(_primal(tensor) for tensor in self._context.saved_tensors)


def _primal(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    return forward_ad.unpack_dual(value).primal  # type: ignore[no-untyped-call]  # PyTorch gives it no types


def nested_forward(jvp: Callable[..., Any]) -> Callable[..., Any]:
    """Make a forward rule that a transform around its own can follow (jacfwd of jacfwd).

    PyTorch turns forward derivatives off, at all levels and without a word, while it runs such a rule, since the
    tensors it gets still carry the tangents of the rule's own level.
    """

    @functools.wraps(jvp)
    def followed(context: Any, *tangents: Any) -> Any:
        with forward_ad._set_fwd_grad_enabled(True):
            return jvp(_Primals(context), *(_primal(tangent) for tangent in tangents))

    return followed


def wide(tensor: torch.Tensor) -> torch.dtype:
    """Return the dtype of sums: float64, or float32 on devices without it."""
    return torch.float32 if tensor.device.type == "mps" else torch.float64


def front(tensor: Any, dimension: int | None, size: int) -> Any:
    """Return a tensor with its batch axis first, expanded where it has none; what is no tensor as it is."""
    if not isinstance(tensor, torch.Tensor):
        return tensor
    if dimension is None:
        return tensor.expand(size, *tensor.shape)
    return tensor.movedim(dimension, 0)


def safe_product(factor: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Return factor * values with 0 where the factor is 0, whatever the value is."""
    return torch.where(factor == 0, torch.zeros_like(values), factor * values)
