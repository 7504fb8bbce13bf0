"""Texts in which y is the output and t its target: where both letters stand, and no other one for the output."""

from dataclasses import replace

from chainrule.derive.letters import ENTRIES
from chainrule.derive.tokens import WORD, Token

_OUTPUTS = tuple(letter for letter, name in ENTRIES.items() if name == "O")


def with_outputs(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Return the tokens of a text with y as the output, if its targets are t and it has no other output.

    Examples
    --------
    >>> words = Token(WORD, "y", 0, 3, subscript="k"), Token(WORD, "t", 6, 9, subscript="k")
    >>> [token.text for token in with_outputs(words)]
    ['O', 't']
    """
    named = [token for token in tokens if token.kind == WORD]
    targets = any(token.text == "t" or (token.text == "T" and _has_index(token)) for token in named)
    if not targets or any(token.text in _OUTPUTS for token in named):
        return tokens
    return tuple(
        replace(token, text="O") if token.kind == WORD and token.text in ("y", "Y") else token
        for token in tokens
    )


def _has_index(token: Token) -> bool:
    return bool(token.digits or token.brackets) or token.subscript is not None
