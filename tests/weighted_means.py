"""Means whose weights have any size: random problems, and the mean and its gradient at 50 digits.

The largest weight that counts is anything from subnormal to nearly the largest number, beside rows of zeros, smoothing
and ignored rows; the weights of what does not count are larger still.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

import oracle
from chainrule._types import Array

SIZES = (1e-310, 1e-290, 1e-40, 1.0, 1e40, 1e290, 1e307)  # the first is subnormal
LARGEST = 1e308  # of what does not count
IGNORED = -1


@dataclass(frozen=True)
class Mean:
    """The arguments of a mean cross-entropy."""

    logits: Array
    targets: Array
    options: dict[str, Any]

    def truth(self) -> tuple[Any, list[list[Any]], list[list[Any]]]:
        """Return the loss, its gradient, and the two terms p_k sum_{j != k} q_j + q_k (1 - p_k) of each entry added."""
        n_rows, n_classes = self.logits.shape
        weights = oracle.exact(self.options.get("sample_weight", np.ones(n_rows)))
        classes = oracle.exact(self.options.get("class_weight", np.ones(n_classes)))
        total = divisor = oracle.exact([0.0])[0]
        slopes, terms = [], []
        for logits, target, weight in zip(self.logits, self.targets, weights, strict=True):
            y = oracle.exact(np.eye(n_classes)[target] if self.targets.ndim == 1 else target)
            weight = 0 * weight if self.targets.ndim == 1 and target == IGNORED else weight
            q = [a * b for a, b in zip(self._smoothed(y), classes, strict=True)]
            p, mass = oracle.softmax(logits), sum(q)
            total += weight * sum(qk * -oracle.log(pk) for qk, pk in zip(q, p, strict=True))
            slopes.append([weight * (pk * mass - qk) for qk, pk in zip(q, p, strict=True)])
            terms.append([weight * (pk * (mass - qk) + qk * (1 - pk)) for qk, pk in zip(q, p, strict=True)])
            divisor += weight * (
                sum(a * b for a, b in zip(y, classes, strict=True)) / sum(y) if sum(y) else 1
            )
        if divisor == 0:
            nothing = [[0 * slope for slope in row] for row in slopes]
            return 0 * total, nothing, nothing
        divided = [[[value / divisor for value in row] for row in rows] for rows in (slopes, terms)]
        return total / divisor, divided[0], divided[1]

    def _smoothed(self, y: list[Any]) -> list[Any]:
        e = oracle.exact([self.options.get("label_smoothing", 0.0)])[0]
        return [(1 - e) * value + e / len(y) for value in y]


def _weights(draw: st.DrawFn, counts: Array, sizes: tuple[float, ...], largest: float) -> Array:
    """Return weights of one size, others where they do not count."""
    ratios = draw(st.lists(st.sampled_from((0.25, 1.0, 3.0)), min_size=len(counts), max_size=len(counts)))
    size = draw(st.sampled_from(sizes))
    return np.where(counts, size * np.array(ratios), draw(st.sampled_from((size, largest))))


@st.composite
def means(draw: st.DrawFn, sizes: tuple[float, ...] = SIZES, largest: float = LARGEST) -> Mean:
    """Draw a mean."""
    n_rows, n_classes = draw(st.integers(1, 4)), draw(st.integers(2, 4))
    entries = st.floats(-3, 3, width=32)
    logits = draw(
        st.lists(st.lists(entries, min_size=n_classes, max_size=n_classes), min_size=n_rows, max_size=n_rows)
    )
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["label_smoothing"] = 0.125
    indices = np.array(draw(st.lists(st.integers(0, n_classes - 1), min_size=n_rows, max_size=n_rows)))
    unused = np.array(draw(st.lists(st.booleans(), min_size=n_rows, max_size=n_rows)))
    by_index = draw(st.booleans())
    if by_index:
        targets: Array = indices
        if draw(st.booleans()):
            targets, options["ignore_index"] = np.where(unused, IGNORED, indices), IGNORED
    else:
        targets = np.eye(n_classes)[indices] * draw(st.sampled_from((1.0, 0.5)))
        targets[:, 0] += draw(st.sampled_from((0.0, 0.25)))
        targets[unused] = 0
    if draw(st.booleans()):
        counts = targets != IGNORED if by_index else np.ones(n_rows, bool)
        options["sample_weight"] = _weights(draw, counts, sizes, largest)
    if draw(st.booleans()):
        has_mass = np.eye(n_classes)[targets[targets != IGNORED]] if by_index else targets
        counts = (has_mass > 0).any(axis=0) | ("label_smoothing" in options)
        options["class_weight"] = _weights(draw, counts, sizes, largest)
    return Mean(np.array(logits), targets, options)


def assert_close(loss: Any, gradient: Any, mean: Mean, rtol: float) -> None:
    """Compare with the truth, to so many times the two terms of a row's gradient, which may cancel each other."""
    limits = np.finfo(np.asarray(gradient).dtype)
    tiny, largest = 100 * float(limits.smallest_normal), float(limits.max) / 100
    true_loss, true_gradient, terms = mean.truth()
    if not true_loss < largest:
        return
    assert oracle.absolute_error(float(loss), true_loss) <= rtol * true_loss + tiny
    for got, row, of_row in zip(np.asarray(gradient), true_gradient, terms, strict=True):
        size = sum(of_row)
        for value, slope in zip(got, row, strict=True):
            assert oracle.absolute_error(float(value), slope) <= rtol * size + tiny


UNUSED_CLASSES = Mean(
    np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 3.0]]),
    np.array([[0.0, 1.0, 0.0], [0.0, 0.5, 0.0]]),
    {"class_weight": np.array([LARGEST, SIZES[0], LARGEST])},
)
"""Soft targets whose class has a subnormal weight, beside classes of large weights that no target names."""
CANCELLING = Mean(
    np.array([[0.0, 1e-30], [0.0, 0.0]]), np.array([[0.0, 0.0], [1.0, 0.0]]), {"label_smoothing": 0.125}
)
"""A row of smoothed zeros whose probabilities are nearly the targets: p_k sum(q) and q_k agree in all their digits."""
