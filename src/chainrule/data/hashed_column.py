"""Columns of very many categories: one feature for each frequent one, and a fixed number of features for all others.

A category that is not among the frequent ones, whether training had it or not, goes to one of the features by its hash
h, the signed 32-bit MurmurHash3 of its text in UTF-8 with seed 0, as in scikit-learn's FeatureHasher [Weinberger2009]::

    (HA.1)  feature |h| mod n, value 1/4 where h >= 0, else -1/4

so that two that share a feature cancel rather than add up, on average. A quarter of what a frequent category has,
since most of these values are rare: at full size linear models learn the few rows of each by heart
(docs/decisions/tables.md).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.category_column import (
    CATEGORY_LIMIT,
    categories_of,
    frequent_categories,
    places_of,
    texts_of,
)
from chainrule.data.column_encoding import JsonValue, count_of, flag_of, readable, text_of
from chainrule.data.kinds import Kind, has_missing

HASHED_FEATURES = 1_024
"""Features that the rarer categories share."""
MOST_HASHED = 2**20
HASHED_VALUE = 0.25


@dataclass(frozen=True)
class HashedColumn:
    """A column of text with more categories than features.

    Parameters
    ----------
    name : str
        The column's name.
    categories : tuple of str
        Those with a feature of their own, by falling frequency in training, at equal frequency by text.
    hashed : int
        Features of all other values, by (HA.1).
    indicator : bool
        Whether training had missing values, which are a category of their own then; without it a missing value has
        0 in every feature.

    Examples
    --------
    >>> column = HashedColumn.fit(pl.Series("city", ["Bonn", "Bonn", "Ulm", None]), limit=1, hashed=4)
    >>> column.feature_names
    ('city=Bonn', 'city #0', 'city #1', 'city #2', 'city #3', 'city is missing')
    >>> column.encode_sparse(pl.Series("city", ["Bonn", "Ulm", None])).toarray().tolist()
    [[1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, -0.25, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]]
    """

    name: str
    categories: tuple[str, ...]
    hashed: int
    indicator: bool
    kind: ClassVar[Kind] = Kind.HASHED
    entries_of_row: ClassVar[int] = 1

    @classmethod
    def fit(
        cls,
        column: pl.Series,
        limit: int = CATEGORY_LIMIT,
        hashed: int = HASHED_FEATURES,
        *,
        indicator: bool | None = None,
    ) -> "HashedColumn":
        """Return the encoding of a column with at least one value."""
        indicator = has_missing(column) if indicator is None else indicator
        return cls(column.name, frequent_categories(column, limit)[0], hashed, indicator)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """``column=category`` for each frequent category, ``column #number`` for the shared ones, then the missing."""
        name = readable(self.name)
        names = [f"{name}={category}" for category in self.categories]
        names += [f"{name} #{number}" for number in range(self.hashed)]
        return (*names, f"{name} is missing") if self.indicator else tuple(names)

    @property
    def n_features(self) -> int:
        """The number of :attr:`feature_names`."""
        return len(self.categories) + self.hashed + int(self.indicator)

    def encode_sparse(self, column: pl.Series) -> Any:
        """Return the features of a column of the same kind, scipy.sparse.csr_array of float32."""
        from scipy.sparse import csr_array  # here, since columns of other kinds do without

        places, values = self._entries(column)
        present = places >= 0
        begin = np.concatenate([[0], np.cumsum(present)]).astype(np.int32)
        shape = len(column), self.n_features
        return csr_array((values[present], places[present], begin), shape=shape)

    def _entries(self, column: pl.Series) -> tuple[Array, Array]:
        """Return the one feature of each row, int32, -1 where there is none, and its value, float32."""
        known = places_of(column, self.categories)
        places = known.fill_null(-1).to_numpy().astype(np.int32)
        values = np.ones(len(column), np.float32)
        others = np.flatnonzero(known.is_null().to_numpy() & column.is_not_null().to_numpy())
        features, values[others] = hashed_texts(texts_of(column)[others], self.hashed)
        places[others] = features + len(self.categories)
        if self.indicator:
            places[column.is_null().to_numpy()] = self.n_features - 1
        return places, values

    def to_json_value(self) -> JsonValue:
        """Return plain values, from which :meth:`from_json_value` makes an equal encoding."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "categories": list(self.categories),
            "hashed": self.hashed,
            "indicator": self.indicator,
        }

    @classmethod
    def from_json_value(cls, value: JsonValue) -> "HashedColumn":
        """Return the encoding that :meth:`to_json_value` described."""
        hashed = count_of(value, "hashed", MOST_HASHED)
        return cls(text_of(value, "name"), categories_of(value), hashed, flag_of(value, "indicator"))


def hashed_texts(texts: pl.Series, n_features: int) -> tuple[Array, Array]:
    """Return the feature and the value of each text by (HA.1), int32 and float32 of shape (n,)."""
    from sklearn.utils import murmurhash3_32  # here, since scikit-learn takes a second to import

    different = texts.unique(maintain_order=True)
    hashes = np.array([murmurhash3_32(text) for text in different.to_list()], dtype=np.int64)
    numbered = pl.DataFrame({"text": different, "number": np.arange(len(different))})
    numbers = texts.to_frame("text").join(numbered, on="text", how="left", maintain_order="left")["number"]
    found = hashes[numbers.to_numpy().astype(np.int64)]
    values = np.where(found >= 0, HASHED_VALUE, -HASHED_VALUE).astype(np.float32)
    return (np.abs(found) % n_features).astype(np.int32), values
