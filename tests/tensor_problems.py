"""Calls of the public functions on tensors that their tests share: every function, with and without options."""

from collections.abc import Callable
from typing import Any

import torch

import chainrule as cr

REDUCTIONS = ("mean", "sum", "none")
_generator = torch.Generator().manual_seed(0)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=_generator)


LOGITS, DIRECTION, FEATURES, WEIGHT, BIAS = normal(4, 3), normal(4, 3), normal(4, 5), normal(3, 5), normal(3)
PROBABILITIES = torch.rand(4, 3, dtype=torch.float64, generator=_generator) * 0.8 + 0.1
INDICES = torch.tensor([0, 2, 1, 1])
SAMPLE_WEIGHT = torch.tensor([1.0, 2.0, 0.0, 0.5])
OPTIONS: dict[str, Any] = {
    "sample_weight": SAMPLE_WEIGHT,
    "class_weight": torch.tensor([1.0, 2.0, 3.0]),
    "label_smoothing": 0.1,
    "temperature": 1.7,
}


def _with_options(name: str, reduction: str, *targets: Any) -> Callable[..., Any]:
    options = {"sample_weight": SAMPLE_WEIGHT} if name.startswith(("binary", "squared")) else OPTIONS
    return lambda *arrays: getattr(cr, name)(*arrays, *targets, reduction=reduction, **options)


def of_logits() -> dict[str, Callable[..., Any]]:
    """Return functions of logits alone, each with every option it has."""
    calls: dict[str, Callable[..., Any]] = {
        "softmax": lambda z: cr.softmax(z),
        "softmax of axis 0": lambda z: cr.softmax(z, axis=0),
        "log_softmax": lambda z: cr.log_softmax(z),
        "logsumexp": lambda z: cr.logsumexp(z),
        "softmax_vjp": lambda z: cr.softmax_vjp(z, DIRECTION),
        "cross_entropy, plain": lambda z: cr.cross_entropy(z, INDICES),
        "cross_entropy_hvp, plain": lambda z: cr.cross_entropy_hvp(z, DIRECTION),
    }
    for reduction in REDUCTIONS:
        for name in ("cross_entropy", "cross_entropy_with_gradient"):
            calls[f"{name}, {reduction}"] = _with_options(name, reduction, INDICES)
            calls[f"{name} of probabilities, {reduction}"] = _with_options(name, reduction, PROBABILITIES)
        calls[f"cross_entropy_hvp, {reduction}"] = _with_options(
            "cross_entropy_hvp", reduction, DIRECTION, INDICES
        )
        for name in ("binary_cross_entropy", "squared_error"):
            calls[f"{name}, {reduction}"] = _with_options(name, reduction, PROBABILITIES)
            gradient = f"{name}_with_gradient"
            calls[f"{gradient}, {reduction}"] = _with_options(gradient, reduction, PROBABILITIES)
    return calls


def of_several() -> dict[str, tuple[Callable[..., Any], tuple[torch.Tensor, ...]]]:
    """Return functions of all their differentiable arguments, with those."""
    calls: dict[str, tuple[Callable[..., Any], tuple[torch.Tensor, ...]]] = {
        "softmax_vjp": (cr.softmax_vjp, (LOGITS, DIRECTION))
    }
    for reduction in REDUCTIONS:
        for name in ("cross_entropy", "cross_entropy_with_gradient", "binary_cross_entropy", "squared_error"):
            calls[f"{name}, {reduction}"] = (_with_options(name, reduction), (LOGITS, PROBABILITIES))
        hvp = _with_options("cross_entropy_hvp", reduction)
        calls[f"cross_entropy_hvp, {reduction}"] = (hvp, (LOGITS, DIRECTION, PROBABILITIES))
        calls[f"linear_cross_entropy, {reduction}"] = (linear(reduction), (FEATURES, WEIGHT, BIAS))
        with_gradient = linear_with_gradient(reduction)
        calls[f"linear_cross_entropy_with_gradient, {reduction}"] = (with_gradient, (FEATURES, WEIGHT, BIAS))
    return calls


def linear(reduction: str) -> Callable[..., Any]:
    return lambda x, w, b: cr.linear_cross_entropy(x, w, INDICES, bias=b, reduction=reduction, **OPTIONS)


def linear_with_gradient(reduction: str) -> Callable[..., Any]:
    def call(x: Any, w: Any, b: Any) -> Any:
        loss, gradients = cr.linear_cross_entropy_with_gradient(
            x, w, INDICES, bias=b, reduction=reduction, **OPTIONS
        )
        return loss, *gradients.values()

    return call


def one_number(result: Any) -> torch.Tensor:
    """Return a sum of all results with a coefficient of its own for each entry."""
    parts = result if isinstance(result, tuple) else (result,)
    return sum((part * torch.arange(1.0, part.numel() + 1).reshape(part.shape)).sum() for part in parts)
