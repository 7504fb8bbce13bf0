"""Columns of compressed rows: a list of feature numbers and values for each row, as svmlight files have."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.column_encoding import JsonValue, count_of, readable, text_of
from chainrule.data.kinds import FEATURE, VALUE, Kind

MOST_FEATURES = 2**31 - 1


@dataclass(frozen=True)
class SparseColumn:
    """A column whose values are lists of (feature, value): what is not listed is 0.

    Each feature is divided by the largest size of its values in training, where that is above 1: zeros stay, and
    features between -1 and 1, as such files mostly have, stay as they are. Features beyond those of training are left
    out.

    Parameters
    ----------
    name : str
        The column's name.
    n_features : int
        One more than the largest number of a feature in training.
    scales : tuple of (int, float)
        The features that are divided, and by what.
    entries_of_row : int
        The mean number of entries in training, rounded up.

    Examples
    --------
    >>> rows = compressed_series("x", np.array([0, 2, 2, 3]), np.array([0, 3, 1]), np.array([4.0, 1.0, -2.0]))
    >>> column = SparseColumn.fit(rows)
    >>> column.n_features, column.scales
    (4, ((0, 4.0), (1, 2.0)))
    >>> column.encode_sparse(rows).toarray().tolist()
    [[1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0]]
    """

    name: str
    n_features: int
    scales: tuple[tuple[int, float], ...]
    entries_of_row: int
    kind: ClassVar[Kind] = Kind.SPARSE

    @classmethod
    def fit(cls, column: pl.Series, *, indicator: bool | None = None) -> "SparseColumn | None":
        """Return the encoding of a column, None if no row has an entry; a missing list is an empty one."""
        del indicator
        begin, features, values = compressed(column)
        if not len(features):
            return None
        n_features = int(features.max()) + 1
        largest = np.zeros(n_features)
        np.maximum.at(largest, features, np.abs(values))
        wide = np.flatnonzero(largest > 1.0)
        scales = tuple(zip(wide.tolist(), largest[wide].tolist(), strict=True))
        return cls(column.name, n_features, scales, -(-len(features) // max(len(begin) - 1, 1)))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """``column[number]`` for each feature."""
        name = readable(self.name)
        return tuple(f"{name}[{number}]" for number in range(self.n_features))

    def encode_sparse(self, column: pl.Series) -> Any:
        """Return the features of a column of the same kind, scipy.sparse.csr_array of float32."""
        from scipy.sparse import csr_array  # here, since columns of other kinds do without

        begin, features, values = compressed(column)
        known = (features < self.n_features) & (values != 0.0)
        scale = np.ones(self.n_features)
        if self.scales:
            places, sizes = zip(*self.scales, strict=True)
            scale[list(places)] = sizes
        rows = np.repeat(np.arange(len(column)), np.diff(begin))[known]
        entries = (values[known] / scale[features[known]]).astype(np.float32)
        matrix = csr_array(
            (entries, (rows, features[known])), shape=(len(column), self.n_features), dtype=np.float32
        )
        matrix.sort_indices()
        return matrix

    def to_json_value(self) -> JsonValue:
        """Return plain values, from which :meth:`from_json_value` makes an equal encoding."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "n_features": self.n_features,
            "scales": [list(scale) for scale in self.scales],
            "entries_of_row": self.entries_of_row,
        }

    @classmethod
    def from_json_value(cls, value: JsonValue) -> "SparseColumn":
        """Return the encoding that :meth:`to_json_value` described."""
        n_features = count_of(value, "n_features", MOST_FEATURES)
        scales = tuple((int(place), float(size)) for place, size in value["scales"])
        places = [place for place, _ in scales]
        if places != sorted(set(places)) or (places and not 0 <= places[0] <= places[-1] < n_features):
            raise ValueError("scales are of different features, in their order")
        if not all(1.0 < size < np.inf for _, size in scales):
            raise ValueError("scales are above 1 and finite")
        return cls(text_of(value, "name"), n_features, scales, count_of(value, "entries_of_row", n_features))


def compressed_series(name: str, begin: Array, features: Array, values: Array) -> pl.Series:
    """Return compressed rows as a column of lists.

    Parameters
    ----------
    name : str
    begin : ndarray of int64, shape (examples + 1,)
        Entries of row i are those from ``begin[i]`` to ``begin[i + 1]``, without it.
    features : ndarray of int, shape (entries,)
    values : ndarray of float, shape (entries,)
    """
    rows = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
    entries = pl.DataFrame(
        {"row": rows, FEATURE: features.astype(np.int32), VALUE: values.astype(np.float64)},
        schema={"row": pl.Int64, FEATURE: pl.Int32, VALUE: pl.Float64},
    )
    lists = entries.group_by("row", maintain_order=True).agg(pl.struct(FEATURE, VALUE).alias(name))
    every = pl.DataFrame({"row": np.arange(len(begin) - 1)}, schema={"row": pl.Int64})
    return every.join(lists, on="row", how="left", maintain_order="left")[name]


def compressed(column: pl.Series) -> tuple[Array, Array, Array]:
    """Return where the entries of each row begin, and all entries: their features and their values."""
    if column.null_count() == len(column):
        return np.zeros(len(column) + 1, np.int64), np.empty(0, np.int64), np.empty(0)
    counts = column.list.len().fill_null(0).to_numpy().astype(np.int64)
    begin = np.concatenate([[0], np.cumsum(counts)])
    entries = column.drop_nulls().explode(empty_as_null=False).struct.unnest()
    return begin, entries[FEATURE].to_numpy().astype(np.int64), entries[VALUE].to_numpy().astype(np.float64)
