"""Short calls of the compiled kernels for one row or a few, in every instruction set."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from chainrule._types import Array


def each_instruction_set(compiled: ModuleType) -> Iterator[str]:
    for name in compiled.instruction_sets():
        compiled.use_instruction_set(name)
        yield name


def two_dimensional(values: Any, dtype: type) -> Array:
    return np.ascontiguousarray(np.atleast_2d(np.asarray(values, dtype=dtype)))


def softmax_family(compiled: ModuleType, kernel: str, logits: Array, n_threads: int = 1) -> Array:
    out = np.empty(len(logits), logits.dtype) if kernel == "logsumexp_rows" else np.empty_like(logits)
    getattr(compiled, kernel)(logits, out, n_threads)
    return out


def by_index(
    compiled: ModuleType,
    logits: Array,
    targets: Any,
    row_weight: Any = None,
    temperature: float = 1.0,
    gradient_scale: float = 1.0,
    n_threads: int = 1,
) -> tuple[float, Array, Array]:
    """Return total, losses and gradient."""
    losses, gradient = np.empty(len(logits)), np.empty_like(logits)
    weight = None if row_weight is None else np.asarray(row_weight, dtype=np.float64)
    total = compiled.cross_entropy_index_rows(
        logits, np.asarray(targets, dtype=np.int64), weight, temperature, gradient_scale, losses, gradient,
        n_threads,
    )  # fmt: skip
    return total, losses, gradient


def by_probability(
    compiled: ModuleType,
    logits: Array,
    targets: Any = None,
    indices: Any = None,
    class_weight: Any = None,
    label_smoothing: float = 0.0,
    row_weight: Any = None,
    temperature: float = 1.0,
    gradient_scale: float = 1.0,
    n_threads: int = 1,
) -> tuple[float, Array, Array]:
    """Return total, losses and gradient."""
    losses, gradient = np.empty(len(logits)), np.empty_like(logits)
    total = compiled.cross_entropy_probability_rows(
        logits,
        None if targets is None else two_dimensional(targets, logits.dtype.type),
        None if indices is None else np.asarray(indices, dtype=np.int64),
        None if class_weight is None else np.asarray(class_weight, dtype=np.float64),
        label_smoothing,
        None if row_weight is None else np.asarray(row_weight, dtype=np.float64),
        temperature, gradient_scale, losses, gradient, n_threads,
    )  # fmt: skip
    return total, losses, gradient
