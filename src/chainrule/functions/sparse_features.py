"""Sparse features: rows compressed (CSR), for passes that look at the entries alone.

::

    features = sparse_features("call", "X", matrix)   # of scipy.sparse, any format
    features = SparseFeatures.from_dense(X)            # what is 0 is left out; worthwhile up to a density of about 0.3
    linear_logits(features, weight, bias)              # also linear_cross and linear_curvature, as for an array

Sums over rows of many columns need the entries sorted by column as well; that is done once, when the first such sum is
asked for, and kept with the object (as many bytes again), as are the values in the other precision. So keep the object.
"""

import operator
from types import ModuleType
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions import formulas, sparse_formulas
from chainrule.functions.dispatch import row_kernels
from chainrule.kernels import thread_count

LARGEST_COLUMNS = 2**31 - 1


def sparse_kernels() -> ModuleType | Any:
    """Return the compiled module where there is one, else the module of the formulas for sparse features."""
    path = row_kernels()
    return sparse_formulas if path is formulas else path


class SparseFeatures:
    """Rows of features of which only some entries are kept; the others are 0.

    It has the length, shape and dtype of the array that it stands for, gives rows as that does, and is never turned
    into one: ``numpy.asarray`` of it is refused.

    Parameters
    ----------
    begin : ndarray of int64, shape (examples + 1,)
        Entries of row i are those from ``begin[i]`` to ``begin[i + 1]``, without it.
    indices : ndarray of int32, shape (entries,)
        The feature of each entry, rising inside a row.
    values : ndarray of float32 or float64, shape (entries,)
        What it is; may be 0.
    n_features : int

    Examples
    --------
    >>> rows = SparseFeatures.from_dense(np.array([[0.0, 2.0], [1.0, 0.0]]))
    >>> rows.shape, rows.indices, rows[1:].values
    ((2, 2), array([1, 0], dtype=int32), array([1.]))
    """

    ndim = 2

    def __init__(self, begin: Array, indices: Array, values: Array, n_features: int) -> None:
        self.begin = begin
        self.indices = indices
        self.values = values
        self.n_features = n_features
        self._of_dtype: dict[str, SparseFeatures] = {}
        self._matrices: dict[str, Any] = {}
        self._squared: SparseFeatures | None = None
        self._taken: tuple[Array, SparseFeatures] | None = None

    @classmethod
    def from_dense(cls, features: Array, n_threads: int | None = None) -> "SparseFeatures":
        """Return the entries of a C-contiguous float32 or float64 array that are not 0.

        Examples
        --------
        >>> len(SparseFeatures.from_dense(np.eye(3)).values)
        3
        """
        kernels, threads = sparse_kernels(), thread_count(n_threads)
        counts = np.empty(len(features), np.int64)
        kernels.count_nonzeros_rows(features, counts, threads)
        begin = _sums_before(counts)
        indices, values = np.empty(begin[-1], np.int32), np.empty(begin[-1], features.dtype)
        kernels.copy_nonzeros_rows(features, begin, indices, values, threads)
        return cls(begin, indices, values, features.shape[1])

    @property
    def shape(self) -> tuple[int, int]:
        """(examples, features)."""
        return len(self), self.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        return self.values.dtype

    @property
    def density(self) -> float:
        """The share of the entries that are kept."""
        return len(self.values) / max(len(self) * self.n_features, 1)

    @property
    def nbytes(self) -> int:
        """Bytes of the three arrays."""
        return self.begin.nbytes + self.indices.nbytes + self.values.nbytes

    def __len__(self) -> int:
        return len(self.begin) - 1

    def __getitem__(self, rows: slice | Array) -> "SparseFeatures":
        if isinstance(rows, slice):
            first, last, step = rows.indices(len(self))
            if step == 1:
                begin = self.begin[first : max(first, last) + 1]
                entries = slice(begin[0], begin[-1])
                return self._alike(begin - begin[0], self.indices[entries], self.values[entries])
            rows = np.arange(first, last, step)
        rows = np.asarray(rows)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        return self._gathered(np.ascontiguousarray(rows, dtype=np.int64))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        rule = "sparse features are not turned into a dense array"
        came = f"{self.shape[0]} x {self.shape[1]}, of which {len(self.values)} entries are kept"
        raise ArgumentTypeError("SparseFeatures", rule, came, "Use what takes sparse features as they are.")

    def __repr__(self) -> str:
        return f"SparseFeatures({self.shape[0]} x {self.shape[1]}, {len(self.values)} entries, {self.dtype})"

    def astype(self, dtype: Any) -> "SparseFeatures":
        """Return the features with values of a dtype, themselves if they have it; made once, and kept."""
        wanted = np.dtype(dtype)
        if wanted == self.dtype:
            return self
        if wanted.name not in self._of_dtype:
            self._of_dtype[wanted.name] = self._alike(self.begin, self.indices, self.values.astype(wanted))
        return self._of_dtype[wanted.name]

    def scaled(self, scale: Array) -> "SparseFeatures":
        """Return the features with each one multiplied by its scale, in float64 arithmetic and the same dtype."""
        values = self.values * scale[self.indices]
        return self._alike(self.begin, self.indices, values.astype(self.dtype, copy=False))

    def squared(self) -> "SparseFeatures":
        """Return the features with each one squared, in float32; made once, and kept."""
        if self._squared is None:
            values = np.square(self.values, dtype=np.float64).astype(np.float32)
            self._squared = self._alike(self.begin, self.indices, values)
        return self._squared

    def taken(self, rows: Array) -> "SparseFeatures":
        """Return some of the rows, those of the last call if it was for the very same array of row numbers."""
        if self._taken is None or self._taken[0] is not rows:
            self._taken = (rows, self[rows])
        return self._taken[1]

    def dense(self) -> Array:
        """Return a dense array: for a few rows of few features."""
        found = np.zeros(self.shape, self.dtype)
        rows = np.repeat(np.arange(len(self)), np.diff(self.begin))
        found[rows, self.indices] = self.values
        return found

    def matrix(self, n_threads: int) -> Any:
        """Return what the kernels take, made once."""
        kernels = sparse_kernels()
        if kernels.__name__ not in self._matrices:
            self._matrices[kernels.__name__] = kernels.SparseMatrix(
                self.begin, self.indices, self.values, self.n_features, n_threads
            )
        return self._matrices[kernels.__name__]

    def __getstate__(self) -> dict[str, Any]:
        return {
            "begin": self.begin,
            "indices": self.indices,
            "values": self.values,
            "n_features": self.n_features,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def _alike(self, begin: Array, indices: Array, values: Array) -> "SparseFeatures":
        return SparseFeatures(begin, indices, values, self.n_features)

    def _gathered(self, rows: Array) -> "SparseFeatures":
        begin = _sums_before(self.begin[rows + 1] - self.begin[rows])
        indices, values = np.empty(begin[-1], np.int32), np.empty(begin[-1], self.dtype)
        sparse_kernels().copy_sparse_rows(
            self.begin, self.indices, self.values, rows, begin, indices, values, thread_count(None)
        )
        return self._alike(begin, indices, values)


def is_sparse(array: object) -> bool:
    """Return whether something is a sparse matrix or array of SciPy; without loading that.

    Examples
    --------
    >>> is_sparse(np.eye(2))
    False
    """
    return not isinstance(array, np.ndarray) and hasattr(array, "tocsr") and hasattr(array, "nnz")


def sparse_features(call: str, name: str, matrix: Any) -> SparseFeatures:
    """Return the rows of a sparse matrix or array of SciPy, of any format.

    Parameters
    ----------
    call, name : str
        What messages name: the function, and its argument.
    matrix : scipy.sparse matrix or array, shape (examples, features)
        Numbers. It is left as it is; arrays that need no change are shared, not copied.

    Returns
    -------
    SparseFeatures
        Indices rise inside each row, and entries that came twice are added up. float32 and float64 stay; other
        numbers become float64.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If it does not hold numbers, has not two axes, or indices are outside its shape.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> sparse_features("call", "X", csr_array(np.eye(2)))
    SparseFeatures(2 x 2, 2 entries, float64)
    """
    if matrix.dtype.kind not in "fiub" or matrix.dtype.itemsize > 8:
        remedy = "Convert it with astype(numpy.float64)."
        raise ArgumentTypeError(call, f"{name} holds numbers", f"dtype {matrix.dtype}", remedy)
    if matrix.ndim != 2 or matrix.shape[1] > LARGEST_COLUMNS:
        rule = f"{name} has shape (examples, features), at most {LARGEST_COLUMNS} of them"
        raise ArgumentError(call, rule, f"shape {matrix.shape}", "Pass one row per example.")
    rows = matrix.tocsr()
    _check_structure(call, name, rows)
    if not rows.has_canonical_format:
        rows = rows.copy() if rows is matrix or rows.data is getattr(matrix, "data", None) else rows
        rows.sum_duplicates()  # sorts as well
    values = rows.data if rows.data.dtype.name in ("float32", "float64") else rows.data.astype(np.float64)
    return SparseFeatures(
        np.ascontiguousarray(rows.indptr, dtype=np.int64),
        np.ascontiguousarray(rows.indices[: rows.indptr[-1]], dtype=np.int32),
        np.ascontiguousarray(values[: rows.indptr[-1]], dtype=values.dtype.newbyteorder("=")),
        operator.index(rows.shape[1]),
    )


def _check_structure(call: str, name: str, rows: Any) -> None:
    """Refuse rows or columns that are not there: SciPy does not look at arrays that it is given."""
    pointers, indices = rows.indptr, rows.indices
    remedy = "Build it anew from (data, (row, column)) with scipy.sparse.coo_array."
    known = len(pointers) == rows.shape[0] + 1 and pointers[0] == 0
    if not known or (np.diff(pointers) < 0).any() or pointers[-1] > min(len(indices), len(rows.data)):
        raise ArgumentError(call, f"{name}.indptr rises from 0 to the number of entries", "another", remedy)
    used = indices[: pointers[-1]]
    if len(used) and not (used.min() >= 0 and used.max() < rows.shape[1]):
        bad = int(((used < 0) | (used >= rows.shape[1])).argmax())
        rule = f"{name}.indices are columns, 0 to {rows.shape[1] - 1}"
        raise ArgumentError(call, rule, f"indices[{bad}] = {used[bad]}", remedy)


def _sums_before(counts: Array) -> Array:
    begin = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=begin[1:])
    return begin
