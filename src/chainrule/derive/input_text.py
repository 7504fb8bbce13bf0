"""Unicode signs as ASCII, each character with its place in what was typed."""

from chainrule.derive.grammar_error import Source
from chainrule.derive.tokens import Text


def as_ascii(text: str, source: Source) -> Text:
    """Return a text in the signs of the grammar.

    Examples
    --------
    >>> as_ascii("E", Source("check", "E")).characters
    'E'
    """
    return Text(text, tuple(range(len(text) + 1)))
