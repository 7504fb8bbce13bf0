"""Categories that training did not have, counted over a table that is read block by block."""

import polars as pl

from chainrule.data.category_column import CategoryColumn, Unseen
from chainrule.data.checked_column import checked_column
from chainrule.data.encoding import Encoder, warn_of_unseen

VALUES_NAMED = 3


class UnseenCategories:
    """What the columns of text hold that training had not: the rows that have one, and the first few values.

    Parameters
    ----------
    encoder : Encoder
        Whose categories those of training are.
    call : str
        Who asks, for messages.

    Examples
    --------
    >>> encoder = Encoder.fit(pl.DataFrame({"colour": ["red", "blue", "red"]}))
    >>> unseen = UnseenCategories(encoder, "predict")
    >>> for colours in (["red", "green"], ["pink", "green"]):
    ...     unseen.add(pl.DataFrame({"colour": colours}))
    >>> unseen.found
    (Unseen(column='colour', count=3, values=('green', 'pink')),)
    """

    def __init__(self, encoder: Encoder, call: str) -> None:
        self._encodings = [column for column in encoder.columns if isinstance(column, CategoryColumn)]
        self._call, self._chosen = call, encoder.chosen
        self._found: dict[str, Unseen] = {}

    def add(self, frame: pl.DataFrame) -> None:
        """Take the next rows, which the encoder has encoded already."""
        for encoding in self._encodings:
            column = checked_column(
                frame[encoding.name], encoding, encoding.name in self._chosen, "the table", self._call
            )
            unseen = encoding.unseen(column)
            if unseen is not None:
                before = self._found.get(encoding.name, Unseen(encoding.name, 0, ()))
                values = tuple(dict.fromkeys(before.values + unseen.values))[:VALUES_NAMED]
                self._found[encoding.name] = Unseen(encoding.name, before.count + unseen.count, values)

    @property
    def found(self) -> tuple[Unseen, ...]:
        """The columns with such values, in the order of the encoder."""
        names = [encoding.name for encoding in self._encodings]
        return tuple(self._found[name] for name in names if name in self._found)

    def warn(self) -> None:
        """Warn once of all of them, if there are any."""
        warn_of_unseen(list(self.found), self._call)
