"""Columns of text: one feature for each frequent category, one for the rare ones, one for missing values."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.column_encoding import JsonValue, flag_of, readable, text_of
from chainrule.data.kinds import Kind, has_missing

CATEGORY_LIMIT = 100  # categories beyond the so many most frequent ones share one feature


@dataclass(frozen=True)
class Unseen:
    """The values of a column that were not there in training: how many rows have one, and up to three of them."""

    column: str
    count: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class CategoryColumn:
    """A column of text, one feature (0 or 1) for each category.

    Parameters
    ----------
    name : str
        The column's name.
    categories : tuple of str
        By falling frequency in training, at equal frequency by text; at most ``CATEGORY_LIMIT``.
    other : bool
        Whether training had more categories. They share a feature, and so does every value that is not among
        ``categories``; without it such a value has 0 in every feature.
    indicator : bool
        Whether training had missing values, which are a category of their own then; without it a missing value has
        0 in every feature.

    Examples
    --------
    >>> column = CategoryColumn.fit(pl.Series("colour", ["red", "blue", "red"]))
    >>> column.feature_names
    ('colour=red', 'colour=blue')
    >>> out = np.zeros((2, 2), np.float32)
    >>> column.encode(pl.Series("colour", ["blue", "green"]), out)
    >>> out.tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """

    name: str
    categories: tuple[str, ...]
    other: bool
    indicator: bool
    kind: ClassVar[Kind] = Kind.CATEGORY

    @classmethod
    def fit(
        cls, column: pl.Series, limit: int = CATEGORY_LIMIT, *, indicator: bool | None = None
    ) -> "CategoryColumn | None":
        """Return the encoding of a column with at least one value, None if nothing varies in it."""
        present = column.cast(pl.String).drop_nulls()
        indicator = has_missing(column) if indicator is None else indicator
        counts = (
            present.alias("text").value_counts(name="count").sort(["count", "text"], descending=[True, False])
        )
        if counts.height == 1 and not indicator:
            return None
        categories = tuple(counts["text"].head(limit).to_list())
        return cls(column.name, categories, counts.height > limit, indicator)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """``column=category`` for each category, then one each for the others and the missing ones."""
        name = readable(self.name)
        names = [f"{name}={category}" for category in self.categories]
        names += [f"{name} is other"] * self.other + [f"{name} is missing"] * self.indicator
        return tuple(names)

    def encode(self, column: pl.Series, out: Array) -> None:
        """Write the features of a column of the same kind into ``out``, zeros of shape (examples, features)."""
        codes = self._codes(column)
        known = codes.is_not_null().to_numpy()
        rows = np.flatnonzero(known)
        out[rows, codes.drop_nulls().to_numpy()] = 1.0
        missing = column.is_null().to_numpy()
        if self.other:
            out[:, len(self.categories)] = ~known & ~missing
        if self.indicator:
            out[:, -1] = missing

    def unseen(self, column: pl.Series) -> Unseen | None:
        """Return what the column holds that training had not; None if nothing, or if others share a feature.

        Where others share a feature the categories beyond the limit are not kept, and cannot be told from new ones.
        """
        if self.other:
            return None
        strange = column.filter(self._codes(column).is_null() & column.is_not_null()).cast(pl.String)
        if not len(strange):
            return None
        return Unseen(self.name, len(strange), tuple(strange.unique(maintain_order=True).head(3).to_list()))

    def _codes(self, column: pl.Series) -> pl.Series:
        """Return the place of each value among the categories, null where it has none."""
        places = pl.Enum(self.categories)
        return column.cast(pl.String).cast(places, strict=False).to_physical()

    def to_json_value(self) -> JsonValue:
        """Return plain values, from which :meth:`from_json_value` makes an equal encoding."""
        categories = list(self.categories)
        return {
            "name": self.name,
            "kind": self.kind.value,
            "categories": categories,
            "other": self.other,
            "indicator": self.indicator,
        }

    @classmethod
    def from_json_value(cls, value: JsonValue) -> "CategoryColumn":
        """Return the encoding that :meth:`to_json_value` described."""
        categories = value["categories"]
        if not isinstance(categories, list) or not all(isinstance(category, str) for category in categories):
            raise TypeError("categories are a list of texts")
        if len(set(categories)) < len(categories):
            raise ValueError("categories are different")
        "".join(categories).encode()  # raises where UTF-8 cannot write one
        name, other, indicator = text_of(value, "name"), flag_of(value, "other"), flag_of(value, "indicator")
        return cls(name, tuple(categories), other, indicator)
