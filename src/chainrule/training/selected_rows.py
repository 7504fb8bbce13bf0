"""Some rows of the features, read where they lie: a share held back for validation makes no copy of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule._types import Array


@dataclass(frozen=True, eq=False)
class SelectedRows:
    """Rows of an array by their numbers; only those that are asked for are ever gathered.

    Parameters
    ----------
    base : ndarray, shape (all rows, features)
        Where they lie; it must not change meanwhile.
    rows : ndarray of int64, shape (rows,)
        Their numbers.

    Notes
    -----
    ``numpy.asarray`` gives a copy of all the rows, for what cannot do with less.

    Examples
    --------
    >>> chosen = SelectedRows(np.array([[1.0], [2.0], [3.0]]), np.array([0, 2]))
    >>> chosen.shape, chosen[1:].tolist(), chosen[np.array([1, 0])].tolist()
    ((2, 1), [[3.0]], [[3.0], [1.0]])
    """

    base: Array
    rows: Array

    @property
    def dtype(self) -> Any:
        """The dtype of the array."""
        return self.base.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, features)."""
        return (len(self.rows), *self.base.shape[1:])

    @property
    def ndim(self) -> int:
        """Two."""
        return self.base.ndim

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __getitem__(self, key: Array | slice) -> Array:
        """Return some of the rows, by their places among them: a copy."""
        return np.asarray(self.base[self.rows[key]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Return all the rows, always a copy."""
        del copy
        gathered = self[:]
        return gathered if dtype is None else gathered.astype(dtype, copy=False)

    def columns(self, chosen: slice) -> Array:
        """Return some columns of the rows: a copy, shape (rows, columns)."""
        return np.asarray(self.base[:, chosen][self.rows])


def select_rows(features: Any, rows: Array) -> Any:
    """Return some rows of features without a copy where they are an array, else what indexing gives.

    Examples
    --------
    >>> once = select_rows(np.array([[1.0], [2.0], [3.0]]), np.array([0, 2]))
    >>> select_rows(once, np.array([1])).rows
    array([2])
    """
    if isinstance(features, SelectedRows):
        return SelectedRows(features.base, features.rows[rows])
    return SelectedRows(features, rows) if isinstance(features, np.ndarray) else features[rows]


def columns_of(features: Any, chosen: slice) -> Array:
    """Return some columns of features: a copy, C-contiguous, shape (rows, columns).

    Examples
    --------
    >>> columns_of(np.array([[1.0, 2.0], [3.0, 4.0]]), slice(1, 2)).ravel()
    array([2., 4.])
    """
    if isinstance(features, SelectedRows):
        return np.ascontiguousarray(features.columns(chosen))
    return np.array(features[:, chosen], order="C")


def stack_rows(parts: Sequence[Any]) -> Any:
    """Return the rows of several features as one: arrays, or sparse features.

    Examples
    --------
    >>> stack_rows([np.array([[1.0]]), np.array([[2.0], [3.0]])]).ravel()
    array([1., 2., 3.])
    """
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    from scipy.sparse import vstack  # here, since arrays do without

    return vstack(parts, format="csr")
