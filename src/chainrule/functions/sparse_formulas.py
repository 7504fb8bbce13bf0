"""The plain path of sparse features, by SciPy's sparse products, in blocks of rows.

The functions have the names and arguments of the compiled kernels, which they stand in for where those are absent;
what they compute is (LH.1) and (LH.2), as for dense features.
"""

from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.functions import formulas

ROWS_PER_BLOCK = 1024  # sums over so many rows are in the dtype, then in float64


class SparseMatrix:
    """Compressed rows, as SciPy multiplies them."""

    def __init__(self, begin: Array, indices: Array, values: Array, n_columns: int, n_threads: int) -> None:
        from scipy.sparse import csr_array  # here: it takes longer to load than this room

        del n_threads
        self.rows: Any = csr_array((values, indices, begin), shape=(len(begin) - 1, n_columns))

    def blocks(self) -> list[tuple[slice, Any]]:
        """Return blocks of rows, and where they lie."""
        starts = range(0, self.rows.shape[0], ROWS_PER_BLOCK)
        places = [slice(start, min(start + ROWS_PER_BLOCK, self.rows.shape[0])) for start in starts]
        return [(place, self.rows[place]) for place in places]


def sparse_logits_rows(
    matrix: SparseMatrix,
    weight: Array,
    bias: Array,
    out: Array,
    n_threads: int,  # noqa: ARG001 - as the compiled kernel
) -> None:
    """Write Z of (LH.1)."""
    out[...] = matrix.rows @ np.ascontiguousarray(weight.T) + bias


def sparse_cross_rows(
    matrix: SparseMatrix,
    gradient: Array,
    weight_sums: Array,
    bias_sums: Array,
    n_threads: int,  # noqa: ARG001 - as the kernel
) -> None:
    """Write G^T X and sum_i G_i of (LH.1)."""
    weight_sums[...] = bias_sums[...] = 0
    for place, rows in matrix.blocks():
        weight_sums += (rows.T @ gradient[place]).T
        bias_sums += gradient[place].sum(axis=0, dtype=np.float64)


def sparse_sums_by_rows(matrix: SparseMatrix, n_classes: int) -> bool:  # noqa: ARG001 - as the kernel
    """Return whether sums over some rows are made where these lie."""
    return False


def sparse_curvature_rows(
    matrix: SparseMatrix,
    positions: Array | None,
    taken: bool,
    probabilities: Array,
    row_weight: Array | None,
    direction: Array,
    bias_direction: Array,
    weight_product: Array,
    bias_product: Array,
    n_threads: int,  # noqa: ARG001 - as the kernel
) -> None:
    """Write the products of (LH.2) over rows ``positions``, of which the matrix may be made already; None: all."""
    assert taken or positions is None
    weight_product[...] = bias_product[...] = 0
    of_rows = np.arange(matrix.rows.shape[0]) if positions is None else positions
    along = np.ascontiguousarray(direction.T)
    for place, rows in matrix.blocks():
        p = probabilities[of_rows[place]]
        change = rows @ along + bias_direction
        curved = p * (change - (p * change).sum(axis=1, keepdims=True))
        if row_weight is not None:
            curved *= row_weight[of_rows[place], None].astype(curved.dtype)
        weight_product += (rows.T @ curved).T
        bias_product += curved.sum(axis=0, dtype=np.float64)


def sparse_loss_rows(
    matrix: SparseMatrix,
    weight: Array,
    bias: Array,
    targets: Array | None,
    indices: Array | None,
    class_weight: Array | None,
    label_smoothing: float,
    row_weight: Array | None,
    weight_sums: Array,
    bias_sums: Array,
    n_threads: int,
) -> float:
    """Return the summed cross-entropy of the rows of (LH.1), and write its gradients."""
    slopes = _logits(matrix, weight, bias)
    losses = np.empty(len(slopes))
    if indices is not None and class_weight is None and not label_smoothing:
        loss = formulas.cross_entropy_index_rows(
            slopes, indices, row_weight, 1.0, 1.0, losses, slopes, n_threads
        )
    else:
        loss = formulas.cross_entropy_probability_rows(
            slopes, targets, indices, class_weight, label_smoothing, row_weight, 1.0, 1.0, losses, slopes, n_threads
        )  # fmt: skip
    sparse_cross_rows(matrix, slopes, weight_sums, bias_sums, n_threads)
    return loss


def sparse_variances_rows(
    matrix: SparseMatrix,
    summed: SparseMatrix,
    weight: Array,
    bias: Array,
    row_weight: Array | None,
    weight_sums: Array,
    bias_sums: Array,
    n_threads: int,
) -> None:
    """Write G^T X and sum_i G_i for the rows of ``summed`` and G = p (1 - p) times row weights, p of ``matrix``."""
    p = _logits(matrix, weight, bias)
    formulas.softmax_rows(p, p, n_threads)
    p *= 1.0 - p
    if row_weight is not None:
        p *= row_weight[:, None].astype(p.dtype)
    sparse_cross_rows(summed, p, weight_sums, bias_sums, n_threads)


def _logits(matrix: SparseMatrix, weight: Array, bias: Array) -> Array:
    """Return Z of (LH.1) in the dtype of the rows."""
    out = np.empty((matrix.rows.shape[0], len(weight)), matrix.rows.dtype)
    sparse_logits_rows(matrix, weight.astype(out.dtype), bias.astype(out.dtype), out, 1)
    return out


def count_nonzeros_rows(dense: Array, counts: Array, n_threads: int) -> None:  # noqa: ARG001 - as the kernel
    """Write how many entries of each row are not 0."""
    counts[...] = np.count_nonzero(dense, axis=1)


def copy_nonzeros_rows(
    dense: Array,
    begin: Array,  # noqa: ARG001 - as the kernel
    indices: Array,
    values: Array,
    n_threads: int,  # noqa: ARG001 - as the kernel
) -> None:
    """Write the entries of all rows that are not 0, and their columns."""
    rows, columns = np.nonzero(dense)
    indices[...] = columns
    values[...] = dense[rows, columns]


def copy_sparse_rows(
    begin: Array,
    indices: Array,
    values: Array,
    rows: Array,
    out_begin: Array,
    out_indices: Array,
    out_values: Array,
    n_threads: int,  # noqa: ARG001 - as the kernel
) -> None:
    """Write the entries of some rows one after the other."""
    # The entry at place e of the result is at e + shift of its row.
    places = np.repeat(begin[rows] - out_begin[:-1], np.diff(out_begin))
    places += np.arange(out_begin[-1])
    out_indices[...], out_values[...] = indices[places], values[places]
