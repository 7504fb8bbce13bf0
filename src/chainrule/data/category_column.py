"""Columns of categories: one feature for each frequent one, one for the rare ones, one for missing values."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.column_encoding import JsonValue, flag_of, readable, text_of
from chainrule.data.kinds import Kind, has_missing

CATEGORY_LIMIT = 100
"""The so many most frequent categories have a feature each."""


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
        indicator = has_missing(column) if indicator is None else indicator
        categories, more = frequent_categories(column, limit)
        if len(categories) == 1 and not more and not indicator:
            return None
        return cls(column.name, categories, more, indicator)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """``column=category`` for each category, then one each for the others and the missing ones."""
        name = readable(self.name)
        names = [f"{name}={category}" for category in self.categories]
        names += [f"{name} is other"] * self.other + [f"{name} is missing"] * self.indicator
        return tuple(names)

    @property
    def n_features(self) -> int:
        """The number of :attr:`feature_names`."""
        return len(self.feature_names)

    def encode(self, column: pl.Series, out: Array) -> None:
        """Write the features of a column of the same kind into ``out``, zeros of shape (examples, features)."""
        codes = places_of(column, self.categories)
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
        strange = column.filter(places_of(column, self.categories).is_null() & column.is_not_null()).cast(
            pl.String
        )
        if not len(strange):
            return None
        return Unseen(self.name, len(strange), tuple(strange.unique(maintain_order=True).head(3).to_list()))

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
        name, other, indicator = text_of(value, "name"), flag_of(value, "other"), flag_of(value, "indicator")
        return cls(name, categories_of(value), other, indicator)


def texts_of(column: pl.Series) -> pl.Series:
    """Return a column of text, whatever its type, as strings."""
    return column.cast(pl.String)


def frequent_categories(column: pl.Series, limit: int) -> tuple[tuple[str, ...], bool]:
    """Return the most frequent categories, equally frequent ones by their text, and whether there are more."""
    counts = texts_of(column).drop_nulls().alias("text").value_counts(name="count")
    ordered = counts.sort(["count", "text"], descending=[True, False])
    return tuple(ordered["text"].head(limit).to_list()), counts.height > limit


def places_of(column: pl.Series, categories: tuple[str, ...]) -> pl.Series:
    """Return the place of each value among the categories, null where it has none."""
    return texts_of(column).cast(pl.Enum(categories), strict=False).to_physical()


def categories_of(value: JsonValue) -> tuple[str, ...]:
    """Return the categories of a model file; TypeError or ValueError if they are none."""
    categories = value["categories"]
    if not isinstance(categories, list) or not all(isinstance(category, str) for category in categories):
        raise TypeError("categories are a list of texts")
    if len(set(categories)) < len(categories):
        raise ValueError("categories are different")
    "".join(categories).encode()  # raises where UTF-8 cannot write one
    return tuple(categories)
