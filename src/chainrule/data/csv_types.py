"""The types of the columns of a text file that is read piece by piece: what each piece tells, and what all of them do.

:func:`~chainrule.data.text_types.typed` finds them from all values at once; these are the same, whatever the pieces.
"""

from dataclasses import dataclass

import polars as pl

from chainrule.data.iso_dates import as_dates, as_times
from chainrule.data.text_types import (
    MISSING_AMONG_NUMBERS,
    MISSING_VALUES,
    TRUE,
    as_booleans,
    has_leading_zeros,
    is_integers,
    stripped,
    with_missing,
    without_words,
)


@dataclass(frozen=True)
class Evidence:
    """What the values of a column may be, as far as they were read.

    Parameters
    ----------
    dtype : polars type or None
        Text, booleans, dates, dates with time or times; None: numbers, or nothing but missing values.
    numbers : bool
        Whether there were numbers.
    integers, fit, zeros : bool
        Whether all of them were integers and fit into 64 bits, and one began as 007 does.
    words : bool
        Whether there were words for missing values, not empty fields alone.
    """

    dtype: pl.DataType | None = None
    numbers: bool = False
    integers: bool = True
    fit: bool = True
    zeros: bool = False
    words: bool = False

    def joined(self, other: "Evidence") -> "Evidence":
        """Return what both tell together.

        Examples
        --------
        >>> Evidence(numbers=True).joined(Evidence(numbers=True, integers=False)).final(is_target=False)
        Float64
        >>> Evidence(numbers=True).joined(Evidence(pl.Boolean())).final(is_target=False)
        String
        """
        return Evidence(
            common_type(self, other),
            self.numbers or other.numbers,
            self.integers and other.integers,
            self.fit and other.fit,
            self.zeros or other.zeros,
            self.words or other.words,
        )

    def final(self, *, is_target: bool) -> pl.DataType:
        """Return the type of the column if this is all that there is."""
        if self.dtype is not None:
            return pl.String() if self.numbers else self.dtype
        if not self.numbers:
            return pl.String() if is_target and self.words else pl.Int64()
        if self.zeros and self.integers:
            return pl.String()
        if self.integers and self.fit:
            return pl.Int64()
        return pl.String() if is_target and self.integers else pl.Float64()

    @property
    def missing_words(self) -> tuple[str, ...]:
        """The words that stand for missing values."""
        return MISSING_VALUES if self.dtype is not None else MISSING_AMONG_NUMBERS


def common_type(one: Evidence, other: Evidence) -> pl.DataType | None:
    """Return the type that two pieces share, text if they share none; None if neither is more than numbers."""
    if one.dtype is None or other.dtype is None:
        return one.dtype or other.dtype
    if one.dtype == other.dtype:
        return one.dtype
    if all(kind.base_type() in (pl.Date, pl.Datetime) for kind in (one.dtype, other.dtype)):
        zoned = any(getattr(kind, "time_zone", None) for kind in (one.dtype, other.dtype))
        return pl.Datetime("us", "UTC" if zoned else None)
    return pl.String()


def evidence_of(text: pl.Series, *, is_target: bool, stays_text: bool) -> Evidence:
    """Return what a piece of a column of text tells.

    Examples
    --------
    >>> evidence_of(pl.Series(["1", "NA"]), is_target=False, stays_text=False)
    Evidence(dtype=None, numbers=True, integers=True, fit=True, zeros=False, words=False)
    """
    if stays_text:
        return Evidence(pl.String())
    bare = stripped(text)
    numbers = without_words(bare)
    if numbers is not None:
        if numbers.null_count() == len(numbers):
            return Evidence(words=text.null_count() < len(text))
        whole = is_integers(numbers)
        fit = whole and numbers.cast(pl.Int64, strict=False).null_count() == numbers.null_count()
        zeros = bool(numbers.to_frame("text").select(has_leading_zeros(pl.col("text"))).item())
        return Evidence(None, True, whole, fit, zeros)
    known = bare if is_target else with_missing(bare, MISSING_VALUES)
    for read in (as_booleans, as_dates, as_times):
        dtype = read(known).dtype
        if dtype != pl.String:
            return Evidence(dtype)
    return Evidence(pl.String())


def in_final_type(text: pl.Series, evidence: Evidence, *, is_target: bool, stays_text: bool) -> pl.Series:
    """Return a piece of a column of text in the type that the evidence of all pieces asks for."""
    bare, final = stripped(text), evidence.final(is_target=is_target)
    only_words = evidence.dtype is None and not evidence.numbers and evidence.words
    bare_labels = is_target and (evidence.dtype is not None or only_words)
    known = bare if bare_labels else with_missing(bare, evidence.missing_words)
    if stays_text or final == pl.String:
        return known
    if final.is_numeric():
        return known.cast(final)
    if final == pl.Boolean:
        return pl.select(pl.when(known.is_not_null()).then(known.is_in(TRUE))).to_series().alias(text.name)
    if final == pl.Time:
        return as_times(known).cast(final)
    read = as_dates(known)
    if read.dtype == pl.String:  # nothing but missing values
        return read.cast(final, strict=False)
    zone = getattr(final, "time_zone", None)
    if zone and getattr(read.dtype, "time_zone", None) is None:
        return read.cast(pl.Datetime("us")).dt.replace_time_zone(zone)
    return read.cast(final)
