"""Columns of free text: words and pairs of words by their hash, weighted by how rare they are.

What a text becomes is what scikit-learn's HashingVectorizer (words of two and more letters or digits in lower case,
single and in pairs, no signs) and TfidfTransformer make of it, with features only for what training had::

    (TX.1)  idf_j = ln((1 + n) / (1 + n_j)) + 1         n texts of training, n_j of them with feature j
    (TX.2)  x_j = c_j idf_j / |c idf|_2                 c_j counts of the text

A word of which training had none counts nothing: it has no feature, and no part in the norm.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.category_column import texts_of
from chainrule.data.column_encoding import JsonValue, count_of, flag_of, readable, text_of
from chainrule.data.kinds import Kind, has_missing

TEXT_BUCKETS = 2**16
"""Values that the hash of a word or pair of words can have."""
MOST_BUCKETS = 2**22
TEXTS_AT_ONCE = 8_192


@dataclass(frozen=True)
class TextColumn:
    """A column of free text.

    Parameters
    ----------
    name : str
        The column's name.
    texts : int
        Texts of training, n of (TX.1).
    counts : tuple of int
        In how many of them each hash came, n_j of (TX.1); those above 0 are a feature each.
    indicator : bool
        Whether training had missing values: they are a feature then.

    Examples
    --------
    >>> notes = pl.Series("note", ["a red door", "a red wall", None])
    >>> column = TextColumn.fit(notes)
    >>> column.n_features  # red, door, wall, "red door", "red wall", and one for what is missing
    6
    >>> column.encode_sparse(notes).toarray().max(axis=1).round(2)
    array([0.63, 0.63, 1.  ], dtype=float32)
    """

    name: str
    texts: int
    counts: tuple[int, ...]
    indicator: bool
    kind: ClassVar[Kind] = Kind.TEXT
    entries_of_row: ClassVar[int] = 64

    @classmethod
    def fit(
        cls, column: pl.Series, buckets: int = TEXT_BUCKETS, *, indicator: bool | None = None
    ) -> "TextColumn | None":
        """Return the encoding of a column with at least one value, None if nothing varies in it."""
        indicator = has_missing(column) if indicator is None else indicator
        present = texts_of(column.drop_nulls())
        if present.n_unique() == 1 and not indicator:
            return None
        counts = np.zeros(buckets, np.int64)
        for _, hashes in hashed_words(present, buckets):
            counts += np.bincount(hashes.indices, minlength=buckets)
        if not counts.any() and not indicator:
            return None
        return cls(column.name, len(present), tuple(counts.tolist()), indicator)

    @cached_property
    def _features(self) -> Array:
        """The feature of each hash, int32, -1 where it has none."""
        used = np.array(self.counts) > 0
        return np.where(used, np.cumsum(used) - 1, -1).astype(np.int32)

    @cached_property
    def _idf(self) -> Array:
        """(TX.1) of each feature, float32."""
        counts = np.array(self.counts, np.float64)
        weights = np.log((1.0 + self.texts) / (1.0 + counts[counts > 0])) + 1.0
        return weights.astype(np.float32)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """``column #number`` for each hash that training had, then one for the missing texts."""
        name = readable(self.name)
        names = [f"{name} #{number}" for number in np.flatnonzero(self.counts)]
        return (*names, f"{name} is missing") if self.indicator else tuple(names)

    @property
    def n_features(self) -> int:
        """The number of :attr:`feature_names`."""
        return len(self._idf) + int(self.indicator)

    def encode_sparse(self, column: pl.Series) -> Any:
        """Return the features of a column of the same kind, scipy.sparse.csr_array of float32, rows of norm 1 or 0."""
        from scipy.sparse import csr_array, vstack  # here, since columns of other kinds do without

        if not len(column):
            return csr_array((0, self.n_features), dtype=np.float32)
        missing = column.is_null().to_numpy()
        texts = texts_of(column).fill_null("")
        parts = [
            self._weighted(hashes, missing[first : first + TEXTS_AT_ONCE])
            for first, hashes in hashed_words(texts, len(self.counts))
        ]
        return parts[0] if len(parts) == 1 else vstack(parts, format="csr")

    def _weighted(self, hashes: Any, missing: Array) -> Any:
        """Return the features of counts of hashes; rows of missing texts are empty."""
        from scipy.sparse import csr_array
        from sklearn.preprocessing import normalize

        features = self._features[hashes.indices]
        known = features >= 0
        begin = np.concatenate([[0], np.cumsum(known)])[hashes.indptr]
        features = features[known]
        values = hashes.data[known] * self._idf[features]
        shape = hashes.shape[0], self.n_features
        rows = normalize(csr_array((values, features, begin.astype(np.int32)), shape=shape), copy=False)
        if not (self.indicator and missing.any()):
            return rows
        place = np.full(int(missing.sum()), self.n_features - 1, np.int32)
        begin = np.concatenate([[0], np.cumsum(missing)]).astype(np.int32)
        return rows + csr_array((np.ones(len(place), np.float32), place, begin), shape=shape)

    def to_json_value(self) -> JsonValue:
        """Return plain values, from which :meth:`from_json_value` makes an equal encoding."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "texts": self.texts,
            "counts": list(self.counts),
            "indicator": self.indicator,
        }

    @classmethod
    def from_json_value(cls, value: JsonValue) -> "TextColumn":
        """Return the encoding that :meth:`to_json_value` described."""
        counts, texts = value["counts"], count_of(value, "texts", 2**53)
        if not isinstance(counts, list) or any(type(count) is not int for count in counts):
            raise TypeError("counts are a list of integers")
        if not 1 <= len(counts) <= MOST_BUCKETS or min(counts) < 0 or max(counts) > texts:
            raise ValueError(f"counts are 1 to {MOST_BUCKETS}, each from 0 to the number of texts")
        return cls(text_of(value, "name"), texts, tuple(counts), flag_of(value, "indicator"))


def hashed_words(texts: pl.Series, buckets: int) -> Iterator[tuple[int, Any]]:
    """Yield the first row of some texts and how often each hash is in each, csr_matrix of float32; then of the next."""
    # Here, since scikit-learn takes a second to import.
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        n_features=buckets, ngram_range=(1, 2), norm=None, alternate_sign=False, dtype=np.float32
    )
    for first in range(0, len(texts), TEXTS_AT_ONCE):
        yield first, vectorizer.transform(texts[first : first + TEXTS_AT_ONCE].to_list())
