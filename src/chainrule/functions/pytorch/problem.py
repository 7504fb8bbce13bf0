"""A loss of logits against targets as tensors: its arguments, masses and weights.

The masses and weights of numerics here are PyTorch's operations: they serve where the NumPy functions cannot (other
devices, batches of vmap, derivatives with respect to probability targets).

    (PT.1)  q'_k = class_weight_k ((1 - e) y_k + e / K'), K' the number of unmasked classes;  Q = sum_k q'_k
    (PT.2)  D = sum_i s_i c_i for "mean", else 1; c_i = sum_k class_weight_k y_ik / sum_k y_ik, 1 for a row of zeros
    (PT.3)  dD/dy_ik = s_i (class_weight_k - c_i) / sum_j y_ij
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from chainrule.errors import ChainruleError
from chainrule.functions.arguments import (
    check_ignore_index,
    check_label_smoothing,
    check_reduction,
    check_temperature,
)
from chainrule.functions.pytorch.numpy_functions import NUMPY
from chainrule.functions.pytorch.tensors import as_numpy, safe_product, stand_in, wide
from chainrule.kernels import thread_count


@dataclass(frozen=True)
class Problem:
    """Arguments of a loss, in the order in which operators take them."""

    call: str  # the public function, for messages
    logits: Tensor
    targets: Any  # a tensor; anything that is none is refused by the NumPy function
    sample_weight: Any
    class_weight: Any
    label_smoothing: float
    ignore_index: int | None
    temperature: float
    reduction: str
    n_threads: int | None

    @property
    def kind(self) -> str:
        """Return the name of the loss."""
        return self.call.removesuffix("_with_gradient")

    @property
    def has_classes(self) -> bool:
        """Tell whether the last axis is one of classes, and not of independent outputs."""
        return self.kind not in ("binary_cross_entropy", "squared_error")

    @property
    def leading(self) -> torch.Size:
        """Return the shape of the losses of "none"."""
        return self.logits.shape[:-1] if self.has_classes else self.logits.shape[:1]

    @property
    def by_index(self) -> bool:
        """Tell whether the targets are class indices."""
        return self.has_classes and self.targets is not None and self.targets.shape == self.leading

    @property
    def arguments(self) -> tuple[Any, ...]:
        """Return the fields in their order."""
        return tuple(getattr(self, name) for name in self.__dataclass_fields__)

    def options(self) -> dict[str, Any]:
        """Return the keyword arguments of the NumPy function."""
        options: dict[str, Any] = {
            "sample_weight": as_numpy(self.sample_weight),
            "reduction": self.reduction,
            "n_threads": self.n_threads,
        }
        if self.has_classes:
            options |= {
                "class_weight": as_numpy(self.class_weight),
                "label_smoothing": self.label_smoothing,
                "ignore_index": self.ignore_index,
                "temperature": self.temperature,
            }
        return options

    def with_class_axis(self, per_row: Tensor) -> Tensor:
        """Return a value per row, or one for all, so that it multiplies values per logit."""
        return per_row.reshape(per_row.shape + (1,) * (self.logits.ndim - per_row.ndim))

    def per_row(self, per_logit: Tensor) -> Tensor:
        """Sum values per logit to one for each row."""
        extra = self.logits.ndim - len(self.leading)
        return per_logit.sum(-1) if extra else per_logit


def renamed(error: ChainruleError, call: str) -> ChainruleError:
    """Return the error of a NumPy function under the name of the function that was called."""
    return type(error)(call, error.rule, error.came, error.remedy)


def check_shapes(problem: Problem) -> None:
    """Refuse what can be refused without looking at values, with the message of the NumPy function."""
    check_reduction(problem.call, problem.reduction)
    check_temperature(problem.call, problem.temperature)
    check_label_smoothing(problem.call, problem.label_smoothing)
    check_ignore_index(problem.call, problem.ignore_index)
    thread_count(problem.n_threads)
    if not _fits(problem):
        refuse(problem, problem.logits)


def _fits(problem: Problem) -> bool:
    logits, targets = problem.logits, problem.targets
    if targets is None:  # of the second derivative, as rows of mass 1
        if problem.class_weight is not None or problem.ignore_index is not None:
            return False
        targets = logits
    arrays = (targets, problem.sample_weight, problem.class_weight)
    if not logits.is_floating_point() or not all(a is None or isinstance(a, Tensor) for a in arrays):
        return False
    weights = problem.sample_weight is None or problem.sample_weight.shape == problem.leading
    if not problem.has_classes:
        return weights and logits.ndim in (1, 2) and targets.shape == logits.shape
    if logits.ndim == 0 or logits.shape[-1] == 0:
        return False
    classes = problem.class_weight is None or problem.class_weight.shape == logits.shape[-1:]
    integers = not targets.is_floating_point() and targets.dtype != torch.bool
    fits = (problem.by_index and integers) or (targets.shape == logits.shape and problem.ignore_index is None)
    return weights and classes and fits


def refuse(problem: Problem, direction: Tensor) -> None:
    """Let the NumPy function refuse arrays of the same shapes and dtypes that hold nothing but zeros."""
    logits, targets, samples, classes = (
        stand_in(a) for a in (problem.logits, problem.targets, problem.sample_weight, problem.class_weight)
    )
    zeros = replace(problem, logits=logits, targets=targets, sample_weight=samples, class_weight=classes)
    try:
        arrays = (
            (logits, stand_in(direction), targets)
            if problem.kind == "cross_entropy_hvp"
            else (logits, targets)
        )
        NUMPY[problem.kind](*arrays, **zeros.options())
    except ChainruleError as error:
        raise renamed(error, problem.call) from None


def sanitised(problem: Problem) -> tuple[Problem, Tensor]:
    """Return the problem with harmless values in place of forbidden ones, and which rows held one."""
    targets, samples, classes = problem.targets, problem.sample_weight, problem.class_weight
    if targets is None:
        bad = torch.zeros(problem.leading, dtype=torch.bool, device=problem.logits.device)
    elif problem.by_index:
        bad = (targets < 0) | (targets >= problem.logits.shape[-1])
        if problem.ignore_index is not None:
            bad = bad & (targets != problem.ignore_index)
        targets = torch.where(bad, 0, targets)
    else:
        wrong = ~_allowed(problem)
        targets = torch.where(wrong, 0, targets)
        bad = wrong.any(-1) if wrong.ndim > len(problem.leading) else wrong
    if samples is not None:
        wrong = ~((samples >= 0) & (samples < torch.inf))
        samples, bad = torch.where(wrong, 1, samples), bad | wrong
    if classes is not None:
        wrong = ~((classes >= 0) & (classes < torch.inf))
        classes, bad = torch.where(wrong, 1, classes), bad | wrong.any()
    return replace(problem, targets=targets, sample_weight=samples, class_weight=classes), bad


def _allowed(problem: Problem) -> Tensor:
    y = problem.targets
    if problem.kind == "binary_cross_entropy":
        return (y >= 0) & (y <= 1)
    return (y >= 0) & (y < torch.inf) if problem.has_classes else y.abs() < torch.inf


def sample_weights(problem: Problem) -> Tensor:
    """Return s_i, 0 for ignored rows, in the dtype of sums; near 1 for a mean, which it does not change."""
    dtype = wide(problem.logits)
    if problem.sample_weight is None:
        samples = torch.ones(problem.leading, dtype=dtype, device=problem.logits.device)
    else:
        samples = problem.sample_weight.to(dtype)
        if problem.reduction == "mean" and samples.numel():
            largest = samples.max()
            samples = samples / torch.where(largest > 0, largest, 1)
    if problem.by_index and problem.ignore_index is not None:
        samples = torch.where(problem.targets == problem.ignore_index, 0, samples)
    return samples


def class_means(problem: Problem) -> Tensor | None:
    """Return c_i of (PT.2), None for 1."""
    if problem.class_weight is None:
        return None
    weights = problem.class_weight.to(wide(problem.logits))
    if problem.by_index:
        valid = (problem.targets >= 0) & (problem.targets < len(weights))
        return weights[torch.where(valid, problem.targets, 0).long()]
    y = problem.targets.to(weights.dtype)
    mass = y.sum(-1)
    return torch.where(mass > 0, (y * weights).sum(-1) / torch.where(mass > 0, mass, 1), 1)


def mean_weights(problem: Problem) -> Tensor:
    """Return s_i c_i, whose sum is D of (PT.2)."""
    samples, means = sample_weights(problem), class_means(problem)
    return samples if means is None else safe_product(samples, means)


def factors(problem: Problem) -> Tensor:
    """Return s_i / D, by which the loss of each row enters the result; 0 where D is 0."""
    samples = sample_weights(problem)
    if problem.reduction != "mean":
        return samples
    total = mean_weights(problem).sum()
    return torch.where(total > 0, samples / torch.where(total > 0, total, 1), 0)


def total_slope(problem: Problem) -> Tensor | None:
    """Return dD/dy / D of (PT.3), or None where D does not depend on the targets."""
    if not problem.has_classes or problem.reduction != "mean" or problem.class_weight is None:
        return None
    weights, means = problem.class_weight.to(wide(problem.logits)), class_means(problem)
    assert means is not None
    mass = problem.targets.to(weights.dtype).sum(-1)
    spread = (weights - means[..., None]) / torch.where(mass > 0, mass, 1)[..., None]
    return factors(problem)[..., None] * torch.where(mass[..., None] > 0, spread, 0)


def target_masses(problem: Problem) -> Tensor:
    """Return q' of (PT.1), in the dtype of sums."""
    logits, y = problem.logits, problem.targets
    dtype = wide(logits)
    if problem.by_index:
        classes = torch.arange(logits.shape[-1], device=logits.device)
        masses = (classes == y[..., None]).to(dtype)
    else:
        masses = y.to(dtype)
    if problem.label_smoothing:
        unmasked = (logits != -torch.inf) | (masses > 0)
        share = problem.label_smoothing / unmasked.sum(-1, keepdim=True, dtype=dtype).clamp(min=1)
        masses = (1 - problem.label_smoothing) * masses + torch.where(unmasked, share, 0)
    return masses if problem.class_weight is None else masses * problem.class_weight.to(dtype)


def target_share(problem: Problem) -> Tensor | float:
    """Return dq'_k / dy_k, the classes last."""
    share = 1 - problem.label_smoothing
    return share if problem.class_weight is None else share * problem.class_weight.to(wide(problem.logits))
