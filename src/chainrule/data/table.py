"""A table in memory: columns of one length, one of which may be the target."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from chainrule.data.refusals import quoted
from chainrule.errors import DataError

COLUMNS_NAMED = 12  # a message names at most so many columns; more would hide the sentence around them


@dataclass(frozen=True)
class Table:
    """Columns, the name of the target among them, and what messages call the whole.

    Parameters
    ----------
    frame : polars.DataFrame, shape (examples, columns)
        All columns, the target included where the data has one.
    target : str or None
        The name of the target column, which is in ``frame``; None where no target is known.
    source : str
        What messages call the data: a file's name, the name of an embedded set, or "the table".

    Examples
    --------
    >>> table = Table(pl.DataFrame({"size": [1.0, 2.0], "kind": ["a", "b"]}), "kind", "the table")
    >>> table.features.columns
    ['size']
    """

    frame: pl.DataFrame
    target: str | None
    source: str

    @property
    def features(self) -> pl.DataFrame:
        """The columns that are not the target."""
        return self.frame if self.target is None else self.frame.drop(self.target)


def require_column(columns: Sequence[str], name: str, source: str, call: str) -> str:
    """Return ``name`` if it is among the columns, else refuse, naming the nearest and those that exist.

    The name is also found without the blanks around it, which files of text do not keep either.

    Raises
    ------
    DataError
        There is no such column.

    Examples
    --------
    >>> require_column(["size", "kind"], "kind", "the table", "fit_table")
    'kind'
    """
    if name in columns:
        return name
    if name.strip() in columns:
        return name.strip()
    by_lower_case = {column.casefold(): column for column in reversed(columns)}
    near = difflib.get_close_matches(name.casefold(), by_lower_case, n=1, cutoff=0.6)
    suggestion = f"Did you mean {quoted(by_lower_case[near[0]])}? " if near else ""
    raise DataError(
        call,
        "the target is a column of the table",
        f"target {quoted(name)}, which {source} does not have",
        f"{suggestion}The columns are {listing(columns)}.",
    )


def listing(columns: Sequence[str]) -> str:
    """Return the names of columns for a message, cut off after a dozen.

    Examples
    --------
    >>> listing(["size", "kind"])
    "'size', 'kind'"
    """
    if not columns:
        return "none"
    named = ", ".join(quoted(column) for column in columns[:COLUMNS_NAMED])
    more = len(columns) - COLUMNS_NAMED
    return f"{named} and {more} more" if more > 0 else named
