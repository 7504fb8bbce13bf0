"""Losses with one term per output: their arguments, and their sum over outputs and mean over examples."""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions.arguments import (
    Reduction,
    as_array,
    check_logits,
    check_reduction,
    check_weights,
    first_offender,
    holds_numbers,
    near_one,
)
from chainrule.functions.formulas import ROWS_PER_BLOCK, binary_tree_sum


@dataclass(frozen=True)
class Outputs:
    """Checked arguments of a loss with one term per output."""

    values: Array  # (examples, outputs), float32 or float64
    targets: Array  # the same shape and dtype
    weight: Array | None  # float64, (examples,)
    shape: tuple[int, ...]
    dtype: np.dtype[np.floating]

    def loss(self, terms: Array, reduction: Reduction) -> float | Array:
        """Sum the terms over the outputs and reduce over the examples; weight 0 contributes 0."""
        losses = terms.sum(axis=1, dtype=np.float64)
        if self.weight is not None:
            losses = self._weighted(losses, terms, self.weight)
        if reduction == "none":
            return losses.astype(self.dtype)
        blocks = range(0, len(losses), ROWS_PER_BLOCK)
        total = binary_tree_sum([float(losses[start : start + ROWS_PER_BLOCK].sum()) for start in blocks])
        divisor = self._divisor(reduction)
        return total / divisor if divisor > 0 else 0.0

    @staticmethod
    def _weighted(losses: Array, terms: Array, weight: Array) -> Array:
        """Return weight times loss; a sum that only its weight would have kept finite is made of weighted terms."""
        weighted = losses * weight
        overflown = np.isinf(losses) & np.isfinite(terms).all(axis=1)
        if overflown.any():
            weighted[overflown] = (terms[overflown] * weight[overflown, None]).sum(axis=1)
        return np.where(weight == 0, 0.0, weighted)

    def gradient(self, derivative: Array, reduction: Reduction) -> Array:
        """Weight the derivative of each example's loss as the reduction does."""
        divisor = self._divisor(reduction)
        weight = np.ones(1) if self.weight is None else self.weight
        factor = (weight / divisor if divisor > 0 else 0 * weight)[:, None]
        scaled = np.where(factor == 0, 0, derivative * factor.astype(derivative.dtype))
        return scaled.reshape(self.shape).astype(self.dtype, copy=False)

    def _divisor(self, reduction: Reduction) -> float:
        if reduction != "mean":
            return 1.0
        return float(len(self.values)) if self.weight is None else float(self.weight.sum())


def check_outputs(
    call: str,
    name: str,
    values: ArrayLike,
    targets: ArrayLike,
    sample_weight: ArrayLike | None,
    reduction: str,
    probabilities: bool,
) -> Outputs:
    """Return checked arguments; ``probabilities`` says whether targets must lie in 0..1."""
    check_reduction(call, reduction)
    array = check_logits(call, name, values)
    target = check_target_shape(call, name, array, targets)
    compute = np.float64 if array.dtype == np.float64 else np.float32
    check_target_values(call, target, probabilities)
    weight = check_weights(call, "sample_weight", sample_weight, array.shape[:1])
    if reduction == "mean" and weight is not None:
        weight = near_one(weight)
    shape = (len(array), array.shape[1] if array.ndim == 2 else 1)
    return Outputs(
        array.astype(compute).reshape(shape), target.reshape(shape), weight, array.shape, array.dtype
    )


def check_target_shape(call: str, name: str, array: Array, targets: ArrayLike) -> Array:
    """Return the targets of outputs, numbers in their shape; refuse outputs of any other shape than two."""
    if array.ndim not in (1, 2):
        rule = f"{name} have shape (examples,) or (examples, outputs)"
        raise ArgumentError(call, rule, f"shape {array.shape}", "Reshape them so that examples come first.")
    target = as_array(call, "targets", targets)
    if not holds_numbers(target):
        raise ArgumentTypeError(
            call, "targets are numbers", f"dtype {target.dtype}", "Convert them to float."
        )
    if target.shape != array.shape:
        rule = f"targets have the shape of the {name}, {array.shape}"
        raise ArgumentError(call, rule, f"shape {target.shape}", "Give one target for each output.")
    return target


def check_target_values(call: str, target: Array, probabilities: bool) -> None:
    """Refuse targets that are not finite, or probabilities outside of 0..1."""
    bad = ~((target >= 0) & (target <= 1)) if probabilities else ~np.isfinite(target)
    if bad.any():
        rule = "targets are from 0 to 1" if probabilities else "targets are finite"
        came = first_offender("targets", target, bad, target.shape)
        raise ArgumentError(
            call, rule, came, "Leave out rows without a target, or give them sample_weight 0."
        )
