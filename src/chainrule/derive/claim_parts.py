"""Claims of which some parts cannot be read: the others are read all the same."""

import re

from chainrule.derive.claim_grammar import ClaimPart, read_claim
from chainrule.derive.grammar_error import GrammarError
from chainrule.derive.limits import MOST_CHARACTERS

_END_OF_A_PART = re.compile(
    r";|\n(?!\s*(?:[=+*/^&]|[-\u2212][^\n=]*(?:\n|\Z)|\\[a-z]*eq\b|(?:if|when|where|for|given|assuming)\b|\n|\Z))"
)
"""A semicolon, or the end of a line that the next does not go on with."""


def read_parts(text: str, call: str = "read_parts") -> tuple[ClaimPart | GrammarError, ...]:
    """Read a claim, with an error in the place of each part that cannot be read.

    Parameters
    ----------
    text : str
        Equations in ASCII, Unicode or LaTeX.
    call : str
        What error messages call the caller.

    Returns
    -------
    tuple of ClaimPart or GrammarError
        At least one; errors have the place at which the reading stopped. Parts with an error end at a semicolon or at
        the end of a line.

    Raises
    ------
    GrammarError
        If the text is empty or too long.

    Examples
    --------
    >>> right, wrong = read_parts("dE/dZ1 = O1 - 1; dE/dZ2 = foo")
    >>> right.read_as, wrong.position
    ('dE/dZ_1 = O_1 - 1', 26)
    """
    try:
        return read_claim(text, call)
    except GrammarError:
        if len(text) > MOST_CHARACTERS or not text.strip():
            raise
    found: list[ClaimPart | GrammarError] = []
    start = 0
    for end in [*(match.start() for match in _END_OF_A_PART.finditer(text)), len(text)]:
        if text[start:end].strip(" \t\r\n;"):
            found += _read(text, start, end, call)
        start = end + 1
    return tuple(found)


def _read(text: str, start: int, end: int, call: str) -> tuple[ClaimPart | GrammarError, ...]:
    """Read a stretch of a text where it stands: what is before it is blank."""
    blank = re.sub(r"[^\n]", " ", text[:start])
    try:
        return read_claim(blank + text[start:end], call)
    except GrammarError as error:
        return (GrammarError(error.call, error.rule, error.came, error.remedy, text, error.position),)
