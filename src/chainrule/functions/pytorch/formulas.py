"""The accurate formulas in PyTorch's own operations, for tensors that the compiled kernels cannot read.

They follow ``functions/formulas.py``, whose notation and tags they share, for any leading axes, and never ask a
tensor for its values: no call waits for a device, and tensors without data (``meta``) have their shapes. Derivatives
are not taken through them: the rules are in the files that call them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from chainrule.functions.arguments import LARGEST_TEMPERATURE, SMALLEST_TEMPERATURE
from chainrule.functions.pytorch.tensors import safe_product, wide


@dataclass(frozen=True)
class RowStatistics:
    """What (SM.1) needs of each row, classes last."""

    largest: Tensor  # m, (..., 1)
    is_top: Tensor  # true at t, (..., classes)
    distance: Tensor  # (m - z_k) / T >= 0
    exponentials: Tensor  # exp(-distance), 1 at t
    others: Tensor  # s, (..., 1), in the dtype of sums

    @property
    def log_normaliser(self) -> Tensor:
        """Return log1p(s), (..., 1)."""
        return torch.log1p(self.others)

    @property
    def probabilities(self) -> Tensor:
        """Return p."""
        return self.exponentials / (1 + self.others).to(self.exponentials.dtype)

    @property
    def complements(self) -> Tensor:
        """Return 1 - p, at t as s / (1 + s)."""
        at_top = (self.others / (1 + self.others)).to(self.exponentials.dtype)
        return torch.where(self.is_top, at_top, 1 - self.probabilities)


def computed(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Return the logits in the dtype of the computation: float32 for half precision."""
    if logits.dtype == torch.float64:
        return logits
    usual = SMALLEST_TEMPERATURE <= temperature <= LARGEST_TEMPERATURE
    return logits.to(torch.float32 if usual else wide(logits))


def row_statistics(logits: Tensor, temperature: float = 1.0, targets: Tensor | None = None) -> RowStatistics:
    """Compute m, t and s of each row, with the limits for infinite logits."""
    largest = logits.amax(-1, keepdim=True)
    top = logits.argmax(-1, keepdim=True)
    if targets is not None:
        y = targets[..., None]
        top = torch.where(logits.gather(-1, y) == largest, y, top)
    is_top = torch.arange(logits.shape[-1], device=logits.device) == top
    distance = torch.where(is_top, 0, _distance(largest, logits, temperature))
    exponentials = torch.where(is_top, 0, torch.exp(-distance))
    others = exponentials.sum(-1, keepdim=True, dtype=wide(logits))
    two_infinite = (logits == torch.inf).sum(-1, keepdim=True) > 1
    meaningless = largest.isnan() | (largest == -torch.inf) | two_infinite
    others = torch.where(meaningless, torch.nan, others)
    return RowStatistics(largest, is_top, distance, torch.where(is_top, 1, exponentials), others)


def softmax(logits: Tensor) -> Tensor:
    """Return p of (SM.1)."""
    return row_statistics(computed(logits)).probabilities.to(logits.dtype)


def log_softmax(logits: Tensor) -> Tensor:
    """Return ln p of (SM.3)."""
    statistics = row_statistics(computed(logits))
    return -(statistics.distance + statistics.log_normaliser).to(logits.dtype)


def logsumexp(logits: Tensor) -> Tensor:
    """Return logsumexp of (SM.3); +inf with any +inf, -inf where all are."""
    statistics = row_statistics(computed(logits))
    largest = statistics.largest[..., 0]
    values = largest + statistics.log_normaliser[..., 0]
    return torch.where(largest.isinf(), largest, values).to(logits.dtype)


def softmax_jacobian(logits: Tensor, direction: Tensor, temperature: float = 1.0) -> Tensor:
    """Return (diag(p) - p p^T) direction / T^2 as p_k sum_j p_j (v_k - v_j), v taken from its value at t.

    With v_t = 0 the sum has no cancellation on confident rows: p_k (v_k - sum_{j != t} p_j v_j), with (1 - p_k) for
    the class's own part.
    """
    z = computed(logits, temperature)
    statistics = row_statistics(z, temperature)
    p = statistics.probabilities
    at_top = torch.where(statistics.is_top, direction, 0).sum(-1, keepdim=True)
    v = direction.to(z.dtype) - at_top.to(z.dtype)
    mean = (p * v).sum(-1, keepdim=True, dtype=wide(z)).to(z.dtype)
    mean = torch.where(mean.isfinite(), mean, torch.nan)
    return (p * (v - mean) / temperature / temperature).to(logits.dtype)


def index_loss(logits: Tensor, targets: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Return the loss of each row by (CE.1), in the dtype of sums, and its gradient by (CE.2)."""
    valid = (targets >= 0) & (targets < logits.shape[-1])
    y = torch.where(valid, targets, 0).long()
    statistics = row_statistics(logits, temperature, y)
    is_target = torch.arange(logits.shape[-1], device=logits.device) == y[..., None]
    at_target = torch.where(is_target, statistics.distance, 0).sum(-1).to(statistics.others.dtype)
    losses = at_target + statistics.log_normaliser[..., 0]
    p = statistics.probabilities
    gradient = torch.where(is_target, -statistics.complements, p) / temperature
    return losses, gradient


def probability_loss(logits: Tensor, masses: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Return the loss of each row and its gradient by (CE.3); ``masses`` q in the dtype of sums."""
    statistics = row_statistics(logits, temperature)
    distances = statistics.distance.to(masses.dtype) + statistics.log_normaliser
    terms = torch.where((masses == 0) & ~statistics.others.isnan(), 0, masses * distances)
    others = sum_of_others(masses, masses)
    gradient = statistics.probabilities * others - masses * statistics.complements
    return terms.sum(-1), (gradient / temperature).to(logits.dtype)


def sum_of_others(values: Tensor, sizes: Tensor) -> Tensor:
    """Return sum_{j != k} v_j, without cancellation where one entry is nearly all of the sum."""
    top = sizes.argmax(-1, keepdim=True)
    is_top = torch.arange(values.shape[-1], device=values.device) == top
    rest = torch.where(is_top, 0, values).sum(-1, keepdim=True)
    at_top = torch.where(is_top, values, 0).sum(-1, keepdim=True)
    return torch.where(is_top, rest, rest + at_top - values)


def binary_loss(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the terms of (BCE.1), in the dtype of sums, and their slopes (BCE.2)."""
    z, y = logits, targets
    tail = torch.log1p(torch.exp(-z.abs()))
    no = safe_product(y, torch.clamp(-z, min=0) + tail)
    yes = safe_product(1 - y, torch.clamp(z, min=0) + tail)
    slope = (1 - y) * torch.sigmoid(z) - y * torch.sigmoid(-z)
    return (no + yes).to(wide(z)), slope


def squared_loss(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the terms of (SE.1), in the dtype of sums, and their slopes (SE.2)."""
    difference = outputs - targets
    return 0.5 * difference.to(wide(outputs)).square(), difference


def _distance(largest: Tensor, logits: Tensor, temperature: float) -> Tensor:
    """Return (m - z) / T, also where only m - z overflows."""
    distance = largest - logits
    if temperature == 1.0:
        return distance
    overflown = distance.isinf() & logits.isfinite() & largest.isfinite()
    return torch.where(overflown, largest / temperature - logits / temperature, distance / temperature)
