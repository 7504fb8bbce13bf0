"""What the conversion of features to an array will take of memory."""

import math
from typing import Any

import numpy as np

from chainrule.training import BYTES_OF_ROW, COPY, ROWS

FLOAT32, FLOAT64 = 4, 8
"""Bytes of a number."""


def memory_of_conversion(X: Any) -> dict[str, int]:
    """Return the bytes that features as they are passed take on their way to an array, by what they are for.

    Parameters
    ----------
    X : object
        Arrays of float32 and float64 are read where they lie. Data frames and arrays of other dtypes are copied.
        What has no shape (lists), or is sparse, is not looked at.

    Examples
    --------
    >>> memory_of_conversion(np.zeros((10, 5), np.float32))["a copy of the features"]
    0
    >>> memory_of_conversion(np.zeros((10, 5), np.int8))["a copy of the features"]
    400
    """
    shape = getattr(X, "shape", None)
    if hasattr(X, "tocsr") or not isinstance(shape, tuple) or len(shape) != 2:
        return {}
    if not all(isinstance(size, int) for size in shape):
        return {}
    return {COPY: _itemsize_of_copy(X) * math.prod(shape), ROWS: BYTES_OF_ROW * shape[0]}


def _itemsize_of_copy(X: Any) -> int:
    """Return the bytes of a number of the copy, 0 where there is none."""
    if isinstance(X, np.ndarray):
        return 0 if X.dtype in (np.float32, np.float64) else FLOAT64
    names = {str(dtype).lower() for dtype in getattr(X, "dtypes", ())}
    return FLOAT32 if names == {"float32"} else FLOAT64
