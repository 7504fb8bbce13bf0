"""The plain NumPy path of the linear head: its loss and gradients in blocks of rows.

The functions have the names and arguments of the compiled kernels, which they stand in for where those are absent.
X holds features (rows, features), W the weight (classes, features), b the bias (classes,).

    (LH.1)  Z = X W^T + b;  with G = dloss/dZ:  dloss/dX = G W,  dloss/dW = G^T X,  dloss/db = sum_i G_i
    (LH.2)  Gauss-Newton product along V, v: with dZ = X V^T + v and H the second derivative (CE.4) of each row:
            (H dZ)^T X  and  sum_i (H dZ)_i

Rows of weight 0 take no part in any product: what they hold, NaN included, reaches nothing.
"""

from collections.abc import Iterator

import numpy as np

from chainrule._types import Array
from chainrule.functions import formulas
from chainrule.functions.formulas import binary_tree_sum

ROWS_PER_BLOCK = 128  # how many rows of logits exist at a time


def linear_cross_entropy_rows(
    features: Array,
    weight: Array,
    bias: Array | None,
    targets: Array | None,
    indices: Array | None,
    class_weight: Array | None,
    label_smoothing: float,
    row_weight: Array | None,
    temperature: float,
    gradient_scale: float,
    losses: Array | None,
    features_gradient: Array | None,
    weight_gradient: Array | None,
    bias_gradient: Array | None,
    n_threads: int,
) -> float:
    """Cross-entropy of the logits of (LH.1), with the gradients that have a place to go; the total in float64."""
    of_rows = np.zeros(len(features))
    derivatives = [
        array for array in (features_gradient, weight_gradient, bias_gradient) if array is not None
    ]
    for array in derivatives:
        array[...] = 0
    bias_total = np.zeros(len(weight))
    for rows in _counting_blocks(row_weight, len(features)):
        logits = _logits_of(features[rows], weight, bias)
        gradient = np.empty_like(logits) if derivatives else None
        of_block = np.empty(len(logits))
        _rows_of_block(
            logits, rows, targets, indices, class_weight, label_smoothing, row_weight, temperature,
            gradient_scale, of_block, gradient, n_threads,
        )  # fmt: skip
        of_rows[rows] = of_block
        if gradient is not None:
            _add_products(gradient, features[rows], weight_gradient, bias_total)
            if features_gradient is not None:
                features_gradient[rows] = gradient @ weight
    if bias_gradient is not None:
        bias_gradient[...] = bias_total
    if losses is not None:
        losses[...] = of_rows
    starts = range(0, len(of_rows), formulas.ROWS_PER_BLOCK)
    return binary_tree_sum(
        [float(of_rows[start : start + formulas.ROWS_PER_BLOCK].sum()) for start in starts]
    )


def linear_gauss_newton_rows(
    features: Array,
    weight: Array,
    bias: Array | None,
    direction: Array,
    bias_direction: Array | None,
    row_weight: Array | None,
    temperature: float,
    scale: float,
    weight_product: Array,
    bias_product: Array | None,
    n_threads: int,
) -> None:
    """Write the products of (LH.2)."""
    weight_product[...] = 0
    bias_total = np.zeros(len(weight))
    for rows in _counting_blocks(row_weight, len(features)):
        logits = _logits_of(features[rows], weight, bias)
        change = _logits_of(features[rows], direction, bias_direction)
        weights = None if row_weight is None else row_weight[rows]
        formulas.softmax_jacobian_rows(logits, change, weights, temperature, scale, change, n_threads)
        _add_products(change, features[rows], weight_product, bias_total)
    if bias_product is not None:
        bias_product[...] = bias_total


def _counting_blocks(row_weight: Array | None, n_rows: int) -> Iterator[Array]:
    """Yield the positions of rows whose weight is not 0, a block at a time."""
    rows = np.arange(n_rows) if row_weight is None else np.flatnonzero(row_weight)
    for start in range(0, len(rows), ROWS_PER_BLOCK):
        yield rows[start : start + ROWS_PER_BLOCK]


def _logits_of(features: Array, weight: Array, bias: Array | None) -> Array:
    """Return Z of (LH.1)."""
    logits: Array = features @ weight.T
    return logits if bias is None else logits + bias


def _add_products(
    gradient: Array, features: Array, weight_gradient: Array | None, bias_total: Array | None
) -> None:
    """Add the part of a block of rows to the gradients by weight and bias."""
    if weight_gradient is not None:
        weight_gradient += gradient.T @ features
    if bias_total is not None:
        bias_total += gradient.sum(axis=0, dtype=np.float64)


def _rows_of_block(
    logits: Array,
    rows: Array,
    targets: Array | None,
    indices: Array | None,
    class_weight: Array | None,
    label_smoothing: float,
    row_weight: Array | None,
    temperature: float,
    gradient_scale: float,
    losses: Array,
    gradient: Array | None,
    n_threads: int,
) -> None:
    weights = None if row_weight is None else row_weight[rows]
    if indices is not None and class_weight is None and not label_smoothing:
        formulas.cross_entropy_index_rows(
            logits, indices[rows], weights, temperature, gradient_scale, losses, gradient, n_threads
        )
        return
    formulas.cross_entropy_probability_rows(
        logits,
        None if targets is None else targets[rows],
        None if indices is None else indices[rows],
        class_weight, label_smoothing, weights, temperature, gradient_scale, losses, gradient, n_threads,
    )  # fmt: skip


def linear_logits_rows(
    features: Array,
    weight: Array,
    bias: Array,
    centre: Array | None,
    scale: Array | None,
    limit: float,
    out: Array,
    n_threads: int,  # noqa: ARG001 - as the compiled kernel
) -> None:
    """Write Z of (LH.1) for features that are scaled on the way."""
    for rows in _counting_blocks(None, len(features)):
        out[rows] = _scaled(features[rows], centre, scale, limit, weight.dtype) @ weight.T + bias


def linear_cross_rows(
    features: Array,
    gradient: Array,
    centre: Array | None,
    scale: Array | None,
    limit: float,
    weight_sums: Array,
    bias_sums: Array,
    n_threads: int,  # noqa: ARG001
) -> None:
    """Write G^T X and sum_i G_i of (LH.1)."""
    weight_sums[...] = bias_sums[...] = 0
    for rows in _counting_blocks(None, len(features)):
        x = _scaled(features[rows], centre, scale, limit, gradient.dtype)
        _add_products(gradient[rows], x, weight_sums, bias_sums)


def linear_curvature_rows(
    features: Array,
    positions: Array | None,
    probabilities: Array,
    row_weight: Array | None,
    direction: Array,
    bias_direction: Array,
    centre: Array | None,
    scale: Array | None,
    limit: float,
    weight_product: Array,
    bias_product: Array,
    n_threads: int,  # noqa: ARG001
) -> None:
    """Write the products of (LH.2) where the probabilities are at hand."""
    weight_product[...] = bias_product[...] = 0
    positions = np.arange(len(features)) if positions is None else positions
    for start in range(0, len(positions), ROWS_PER_BLOCK):
        rows = positions[start : start + ROWS_PER_BLOCK]
        x, p = _scaled(features[rows], centre, scale, limit, direction.dtype), probabilities[rows]
        change = x @ direction.T + bias_direction
        curved = p * (change - (p * change).sum(axis=1, keepdims=True))
        if row_weight is not None:
            curved *= row_weight[rows, None].astype(curved.dtype)
        _add_products(curved, x, weight_product, bias_product)


def linear_hessian_rows(
    features: Array,
    positions: Array | None,
    probabilities: Array,
    row_weight: Array | None,
    centre: Array | None,
    scale: Array | None,
    limit: float,
    out: Array,
    n_threads: int,  # noqa: ARG001
) -> None:
    """Write the sum over rows of (CE.4) kron x~ x~^T, the weights class by class and then the biases."""
    positions = np.arange(len(features)) if positions is None else positions
    (n_classes, n_features), width = (probabilities.shape[1], features.shape[1]), features.shape[1] + 1
    total = np.zeros((n_classes, width, n_classes, width))
    for start in range(0, len(positions), ROWS_PER_BLOCK):
        rows = positions[start : start + ROWS_PER_BLOCK]
        x = np.ones((len(rows), width), probabilities.dtype)
        x[:, :-1] = _scaled(features[rows], centre, scale, limit, probabilities.dtype)
        p = probabilities[rows]
        weighted = p if row_weight is None else p * row_weight[rows, None].astype(p.dtype)
        for k in range(n_classes):
            curvature = -weighted[:, k, None] * p
            curvature[:, k] += weighted[:, k]
            for other in range(n_classes):
                total[k, :, other] += x.T @ (curvature[:, other, None] * x)
    places = np.arange(n_classes * width).reshape(n_classes, width)
    order = np.concatenate([places[:, :n_features].ravel(), places[:, -1]])
    out[...] = total.reshape(n_classes * width, n_classes * width)[np.ix_(order, order)]


def _scaled(
    features: Array, centre: Array | None, scale: Array | None, limit: float, dtype: np.dtype[np.floating]
) -> Array:
    """Return features as the head sees them, in the dtype of the products."""
    if centre is None or scale is None:
        return features.astype(dtype, copy=False)
    z = (features - centre) * scale
    if limit > 0:
        z = np.clip(z, -1e150, 1e150)
        z = z / np.sqrt(1.0 + np.square(z / limit))
    return np.asarray(z).astype(dtype)
