"""Text that is numbers with something around them: refused, since each would become a category of its own."""

import polars as pl

from chainrule.data.category_column import CATEGORY_LIMIT
from chainrule.data.refusals import quoted
from chainrule.data.text_types import MISSING_AMONG_NUMBERS
from chainrule.errors import DataError

MOSTLY = 0.9  # text of which more values than this share are numbers is a column of numbers
MONEY = "[$€£¥₹₽¢]"
DIGITS = "|".join(
    (
        r"[0-9]*[.,]?[0-9]+(?:[eE][+-]?[0-9]+)?",  # decimal point or comma
        r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?",  # thousands, as in 1,234.5
        r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?",  # as in 1.234,5
        r"[0-9]{1,3}(?:['\x{2019}_ \x{a0}\x{2009}\x{202f}][0-9]{3})+(?:[.,][0-9]+)?",  # as in 1 234,5
        r"(?i:inf|infinity)",
    )
)
ADORNED = rf"""^["'(]?[+\x{{2212}}-]?\s*{MONEY}?\s*[+\x{{2212}}-]?(?:{DIGITS})\s*(?:{MONEY}|[%‰])?[)"']?$"""
CODE = "^0[0-9]+$"  # a leading zero: digits that name something


def refuse_numbers_as_text(text: pl.Series, source: str, call: str) -> None:
    """Refuse a column of text that is mostly numbers, once signs of money, percent or thousands are taken off.

    Text that is digits throughout stays text, and so does text with codes such as 007; values that are all plain
    numbers are refused only if they are many and no integers.

    Raises
    ------
    DataError
        More than ``MOSTLY`` of the values are numbers.

    Examples
    --------
    >>> refuse_numbers_as_text(pl.Series("price", ["3,5", "4,25"]), "t.csv", "fit_table")
    Traceback (most recent call last):
    chainrule.errors.DataError: fit_table: a column of numbers holds plain numbers such as 1234.5; got '3,5' in ...
    """
    counts = text.drop_nulls().str.strip_chars().alias("text").value_counts(name="count")
    present = counts.filter(~pl.col("text").is_in((*MISSING_AMONG_NUMBERS, "")))
    numbers = present.filter(pl.col("text").str.contains(ADORNED))
    if (
        int(numbers["count"].sum()) <= MOSTLY * int(present["count"].sum())
        or numbers["text"].str.contains(CODE).any()
    ):
        return
    strange = counts["text"].filter(counts["text"].cast(pl.Float64, strict=False).is_null())
    if not len(strange):
        whole = numbers["text"].str.contains("^[+-]?[0-9]+$").all()
        strange = strange if whole or counts.height <= CATEGORY_LIMIT else counts["text"]
    if len(strange):
        refuse_value(text, strange, source, call)


def refuse_value(text: pl.Series, strange: pl.Series, source: str, call: str) -> None:
    """Refuse the first value that is among the strange ones."""
    row = text.str.strip_chars().is_in(strange.implode()).arg_max() or 0
    where = f"in column {quoted(text.name)}, row {row} of {source} (rows are counted from 0)"
    if pl.Series([text[row]]).str.strip_chars().str.contains(ADORNED).all():
        raise DataError(
            call,
            "a column of numbers holds plain numbers such as 1234.5",
            f"{quoted(text[row])} {where}",
            "Write its numbers with a decimal point and without signs of money, percent or thousands, and store them "
            "as numbers; if they are names, choose the kind category for the column.",
        )
    raise DataError(
        call,
        "the values of a column are of one type",
        f"{quoted(text[row])} among numbers {where}",
        "Correct the value, or leave it empty; if all of them are names, choose the kind category for the column.",
    )
