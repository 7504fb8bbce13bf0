"""Sparse rows for the tests of the kernels: of many shapes, and as the compiled module takes them."""

from types import ModuleType
from typing import Any

import numpy as np

from chainrule._types import Array

# rows, features, classes, density: long rows, rows and columns without an entry, more blocks than one, many classes.
SHAPES = [
    (1, 1, 1, 1.0), (7, 3, 2, 0.5), (2500, 16, 26, 0.3), (5300, 5000, 10, 0.01), (205, 70, 300, 0.2),
    (129, 33, 13, 0.0), (3, 3000, 17, 0.9), (4100, 40, 58, 0.5), (0, 3, 2, 0.5), (60, 5, 129, 0.7),
]  # fmt: skip


def arrays_of(shape: tuple[int, int, int, float], real: Any) -> tuple[Array, ...]:
    n_rows, n_features, n_classes, density = shape
    random = np.random.default_rng((n_rows, n_features, n_classes))
    x = random.normal(size=(n_rows, n_features)) * (random.random((n_rows, n_features)) < density)
    weight, bias = random.normal(size=(n_classes, n_features)), random.normal(size=n_classes)
    p = random.dirichlet(np.ones(n_classes), size=n_rows).reshape(n_rows, n_classes)
    positions = np.flatnonzero(random.random(n_rows) < 0.6)
    return *(array.astype(real) for array in (x, weight, bias, p)), random.random(n_rows), positions


def matrix_of(compiled: ModuleType, x: Array, n_threads: int = 2) -> Any:
    counts = np.empty(len(x), np.int64)
    compiled.count_nonzeros_rows(x, counts, n_threads)
    begin = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    indices, values = np.empty(begin[-1], np.int32), np.empty(begin[-1], x.dtype)
    compiled.copy_nonzeros_rows(x, begin, indices, values, n_threads)
    return compiled.SparseMatrix(begin, indices, values, x.shape[1], n_threads)


def few_entries() -> dict[str, Any]:
    return {
        "begin": np.array([0, 1, 2]), "indices": np.array([0, 1], np.int32), "values": np.ones(2), "n_columns": 2,
        "n_threads": 1,
    }  # fmt: skip
