"""Arrays from NumPy to a person's library and back, and derivatives by the library itself.

A framework is never imported here: it is there only where the person's own module brought it.
"""

import contextlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule._types import Array


def surroundings(library: str) -> contextlib.AbstractContextManager[Any]:
    """Return what a call has to stand in: JAX makes float64 only where it is told to."""
    if library == "jax":
        return sys.modules["jax"].enable_x64(True)
    return contextlib.nullcontext()


def to_library(array: Array, library: str) -> Any:
    """Return a fresh copy of an array in the library's own form; a number for an array without axes."""
    if library == "torch":
        return sys.modules["torch"].tensor(np.array(array))
    if library == "jax":
        return sys.modules["jax"].numpy.asarray(np.array(array))
    if array.ndim == 0:
        return array.item()
    return array.tolist() if library == "list" else np.array(array)


def to_numpy(value: Any) -> Array | None:
    """Return a NumPy array of numbers, or None for what is none."""
    if value is None or isinstance(value, str | bytes):
        return None
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        value = value.detach().cpu().resolve_conj().resolve_neg()
        value = value.to_dense() if value.layout != torch.strided else value
        value = value.float().numpy() if value.dtype is torch.bfloat16 else value.numpy()
    if isinstance(value, list | tuple):
        parts = [to_numpy(part) for part in value]
        if any(part is None for part in parts) or len({part.shape for part in parts if part is not None}) > 1:
            return None
        value = parts
    return _numbers(value)


def _numbers(value: Any) -> Array | None:
    try:
        array = np.array(value)
        if array.dtype == object:
            array = array.astype(float)
        if array.dtype.kind not in "fiub":
            return _registered(array)
    except Exception:
        return None
    return array


def _registered(array: Array) -> Array | None:
    """Return float32 for float types that a library has registered, such as bfloat16."""
    if array.dtype.kind == "V" and "float" in array.dtype.name:
        return array.astype(np.float32)
    return None


def with_derivative(function: Callable[..., Any], library: str) -> Callable[..., Any] | None:
    """Return a function that gives the derivative of the summed loss by the library's own differentiation.

    Parameters
    ----------
    function : callable
        Takes the logits as its first argument.
    library : str

    Returns
    -------
    callable or None
        None for a library that does not differentiate.
    """
    if library == "torch":
        return _torch_derivative(function)
    if library == "jax":
        return _jax_derivative(function)
    return None


def _torch_derivative(function: Callable[..., Any]) -> Callable[..., Any]:
    torch = sys.modules["torch"]

    def derivative(logits: Any, *rest: Any, **options: Any) -> Any:
        leaf = logits.detach().clone().requires_grad_()
        # A copy is passed on: a function that writes to its input must fail for what it does, not for the leaf.
        loss = function(leaf * 1.0, *rest, **options)
        loss = loss[0] if isinstance(loss, list | tuple) else loss
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            return None
        (found,) = torch.autograd.grad(loss.sum(), leaf, allow_unused=True)
        return found

    return derivative


def _jax_derivative(function: Callable[..., Any]) -> Callable[..., Any]:
    jax = sys.modules["jax"]

    def derivative(logits: Any, *rest: Any, **options: Any) -> Any:
        return jax.grad(lambda z: function(z, *rest, **options).sum())(logits)

    return derivative
