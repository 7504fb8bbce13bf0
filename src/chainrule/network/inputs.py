"""Features as the first layer sees them: checked, scaled, and in the dtype of the network."""

from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions import Features, SparseFeatures, as_array, is_sparse, quiet, sparse_features
from chainrule.network.input_scaling import InputScaling


@quiet
def network_inputs(
    call: str, X: Any, n_features: int, dtype: np.dtype[Any], scaling: InputScaling | None
) -> Features:
    """Return features for a first layer; sparse ones stay sparse.

    Parameters
    ----------
    call : str
        What messages name.
    X : array_like, scipy.sparse or SparseFeatures, shape (examples, n_features)
        Real numbers.
    n_features : int
    dtype : numpy.dtype
        float32 or float64, of the result.
    scaling : InputScaling or None
        What is done to features first.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If X is not a table of numbers with so many columns, or is sparse and the scaling has a centre.

    Examples
    --------
    >>> network_inputs("call", [[1, 2]], 2, np.dtype(np.float32), None)
    array([[1., 2.]], dtype=float32)
    """
    if is_sparse(X):
        X = sparse_features(call, "features", X)
    array: Features = X if isinstance(X, SparseFeatures) else as_array(call, "features", X)
    if array.dtype.kind not in "fiub":
        remedy = "Encode text and categories as numbers first."
        raise ArgumentTypeError(call, "features are numbers", f"dtype {array.dtype}", remedy)
    if array.ndim != 2 or array.shape[1] != n_features:
        rule = f"features have shape (examples, {n_features})"
        raise ArgumentError(call, rule, f"shape {array.shape}", "Pass one row per example.")
    if isinstance(array, SparseFeatures):
        return (array if scaling is None else scaling.apply_sparse(call, array)).astype(dtype)
    return np.ascontiguousarray(array if scaling is None else scaling.apply(array), dtype=dtype)


def refuse_sparse(call: str, inputs: Features) -> None:
    """Refuse sparse inputs where their derivative is wanted, which has an entry for every feature.

    Examples
    --------
    >>> refuse_sparse("call", np.zeros((1, 2)))
    """
    if isinstance(inputs, SparseFeatures):
        rule = "forward is of dense features: their derivative has an entry for every feature"
        remedy = "Pass a few rows as a dense array, or use loss_and_gradient."
        raise ArgumentTypeError(call, rule, "sparse features", remedy)
