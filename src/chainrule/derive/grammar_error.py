"""What cannot be read: where in the text, what came, and what is possible there."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from chainrule.errors import ArgumentError

WIDTH = 72
"""Characters of a line that are shown around a place."""


class GrammarError(ArgumentError):
    """A text is not a formula of the grammar.

    Parameters
    ----------
    call, rule, came, remedy : str
        The four parts of every message.
    text : str
        What was to be read.
    position : int
        Where in the text the reading stopped, counted from 0.
    """

    def __init__(
        self, call: str, rule: str, came: str, remedy: str, text: str = "", position: int = 0
    ) -> None:
        super().__init__(call, rule, came, remedy)
        self.text = text
        self.position = position

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.call, self.rule, self.came, self.remedy, self.text, self.position)

    @property
    def line(self) -> int:
        """The number of the line in which the reading stopped, counted from 1."""
        return line_number(self.text, self.position)

    def pointer(self) -> str:
        """Return the line in which the reading stopped, and below it a caret at the place."""
        return pointer(self.text, self.position)


@dataclass(frozen=True)
class Source:
    """A text that is being read, the call that reads it, and the indices of a letter and digits that its sums bind."""

    call: str
    text: str
    long_indices: frozenset[str] = frozenset()

    def error(self, rule: str, came: str, remedy: str, position: int) -> GrammarError:
        """Return the error that a place in the text deserves."""
        place = f"{came} at position {position}" if position < len(self.text) else f"{came} at the end"
        return GrammarError(self.call, rule, place, remedy, self.text, position)


def line_number(text: str, position: int) -> int:
    r"""Return the number of the line that holds a position, counted from 1.

    Examples
    --------
    >>> line_number("E = 1\nE = 2", 6)
    2
    """
    return text.count("\n", 0, position) + 1


def pointer(text: str, position: int) -> str:
    """Return the line that holds a position, cut to what is near it, and below it a caret.

    Examples
    --------
    >>> print(pointer("dE/dZ_k = O_k $ Y_k", 14))
    dE/dZ_k = O_k $ Y_k
                  ^
    """
    start = text.rfind("\n", 0, position) + 1
    line = text[start:].partition("\n")[0]
    column = position - start
    first = max(0, column - WIDTH // 2)
    shown = line[first : first + WIDTH].replace("\t", " ")
    return f"{shown}\n{' ' * (column - first)}^"


def nearest(word: str, known: tuple[str, ...]) -> str:
    """Return a sentence that names the known words nearest to one, or an empty text.

    Examples
    --------
    >>> nearest("sofmax", ("softmax", "sum"))
    'Did you mean softmax?'
    """
    close = get_close_matches(word, known, n=2, cutoff=0.6)
    return f"Did you mean {' or '.join(close)}?" if close else ""
