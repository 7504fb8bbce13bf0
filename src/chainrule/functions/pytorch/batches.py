"""What vmap makes of a loss: the batch becomes more rows of one call, and each of the batch is reduced after it."""

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from chainrule.functions.pytorch.problem import Problem, check_shapes, mean_weights, sanitised
from chainrule.functions.pytorch.tensors import front, safe_product, wide


@dataclass(frozen=True)
class Batch:
    """Several problems of one shape as the rows of one, whose losses are not reduced."""

    rows: Problem  # forbidden values replaced
    bad: Tensor  # rows that held one
    leading: tuple[int, ...]  # shape of the losses before they are reduced, the batch first
    reduction: str

    def losses(self, flat: Tensor) -> Tensor:
        """Return the losses of the batch from those of its rows, NaN where a value was forbidden."""
        losses = torch.where(self.bad, torch.nan, flat).reshape(self.leading)
        if self.reduction == "none":
            return losses
        totals = losses.reshape(self.leading[0], -1).sum(1, dtype=wide(flat))
        if self.reduction == "mean":
            totals = safe_product(self._scale(), totals)
        return totals.to(flat.dtype)

    def per_logit(self, flat: Tensor) -> Tensor:
        """Return gradients of the batch from those of its rows."""
        bad = self.rows.with_class_axis(self.bad.expand(self.rows.leading))
        values = torch.where(bad, torch.nan, flat).reshape(*self.leading, *flat.shape[1:])
        if self.reduction != "mean":
            return values
        scale = self._scale().to(flat.dtype)
        return safe_product(scale.reshape(-1, *(1,) * (values.ndim - 1)), values)

    def _scale(self) -> Tensor:
        """Return 1 / D for each of the batch, 0 where D is 0."""
        totals = mean_weights(self.rows).reshape(self.leading[0], -1).sum(1)
        return torch.where(totals > 0, 1 / torch.where(totals > 0, totals, 1), 0)


def fold(problem: Problem, dims: tuple[Any, ...], size: int) -> Batch:
    """Return the problems of a batch, whose arguments have their batch axes at ``dims``, as one."""
    single = Problem(*element(problem, dims, 0))
    check_shapes(single)
    leading = (size, *single.leading)
    logits, targets, samples = (
        front(tensor, dim, size) for tensor, dim in zip(problem.arguments[1:4], dims[1:4], strict=True)
    )
    if samples is not None and problem.reduction == "mean":
        samples = _near_one(samples)
    rows = replace(
        problem,
        logits=flattened(logits, len(leading)),
        targets=None if targets is None else flattened(targets, len(leading)),
        sample_weight=None if samples is None else samples.reshape(-1),
        reduction="none",
    )
    rows, bad = sanitised(rows)
    return Batch(rows, bad, leading, problem.reduction)


def element(problem: Problem, dims: tuple[Any, ...], index: int) -> tuple[Any, ...]:
    """Return the arguments of one of the batch."""
    return tuple(
        argument if dim is None else argument.select(dim, index)
        for argument, dim in zip(problem.arguments, dims, strict=True)
    )


def flattened(tensor: Tensor, n_leading: int) -> Tensor:
    """Make one axis of the leading ones, any of which may be empty."""
    return tensor.reshape(math.prod(tensor.shape[:n_leading]), *tensor.shape[n_leading:])


def _near_one(samples: Tensor) -> Tensor:
    """Divide the weights of each of the batch by the largest, which changes no mean."""
    if not samples.numel():
        return samples
    largest = samples.reshape(len(samples), -1).amax(1).to(wide(samples))
    largest = torch.where(largest == 0, 1, largest).reshape(-1, *(1,) * (samples.ndim - 1))
    return samples / largest
