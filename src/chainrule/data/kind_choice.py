"""Which kind a column is: by the type of its values, and of text by its words.

Text is one of four things. It is **free text** if a value has three words or more on average (a word is two letters or
more in a row), and either no value comes twice, or there are more than :data:`CATEGORY_LIMIT` different ones and at
least every tenth is new. Else it is a **name of the row**, which tells nothing of others, if no value comes twice among
more than :data:`CATEGORY_LIMIT`; and else a column of **categories**, hashed where there are more than that.
"""

import polars as pl

from chainrule.data.category_column import CATEGORY_LIMIT, texts_of
from chainrule.data.kinds import Kind, kind_of

WORD = r"\p{L}{2,}"
FEWEST_WORDS = 3.0
NEW_VALUES = 0.1


def inferred_kind(column: pl.Series) -> Kind | None:
    """Return the kind of a column with at least one value, of a type that has one; None for names of rows.

    Examples
    --------
    >>> inferred_kind(pl.Series(["a red door", "the green house", "no house at all"]))
    <Kind.TEXT: 'text'>
    >>> inferred_kind(pl.Series(["red", "green", "red"])), inferred_kind(pl.Series([f"id {k}" for k in range(200)]))
    (<Kind.CATEGORY: 'category'>, None)
    """
    kind = kind_of(column.dtype)
    assert kind is not None, "checked before"
    if kind is not Kind.CATEGORY:
        return kind
    present = texts_of(column.drop_nulls())
    different = present.n_unique()
    unrepeated = different == len(present)
    many = different > CATEGORY_LIMIT
    varied = (unrepeated and different > 1) or (many and different >= NEW_VALUES * len(present))
    if varied and words_per_value(present) >= FEWEST_WORDS:
        return Kind.TEXT
    if unrepeated and many:
        return None
    return Kind.HASHED if many else Kind.CATEGORY


def words_per_value(texts: pl.Series) -> float:
    """Return how many words a text has on average.

    Examples
    --------
    >>> words_per_value(pl.Series(["a red door", "no. 12"]))
    1.5
    """
    mean = texts.str.count_matches(WORD).mean()
    return float(mean) if isinstance(mean, int | float) else 0.0
