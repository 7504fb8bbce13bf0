"""What people type and paste as ASCII: Unicode signs and LaTeX, each character with its place in the original."""

import re

from chainrule.derive.grammar_error import Source
from chainrule.derive.latex_input import Writer, translate
from chainrule.derive.tokens import Text

_HAT = re.compile(r"(y)_(hat)(?![a-z])")
_SUM_LIMIT_BEFORE = re.compile(r"(sum)\s*(\^\s*(?:\{[^{}]*\}|\w))\s*(_\s*(?:\{[^{}]*\}|[a-z]))")
_POWER_BEFORE = re.compile(
    r"(?<![_a-z0-9])([A-Za-z])\s*(\^\s*(?:\{\s*\d\s*\}|\d))\s*(_\s*(?:\{[^{}]*\}|[a-z]))"
)
_LAYER_BEFORE = re.compile(r"([WbUAwua])\s*\^\s*\{?\s*[(\[]\s*(\d{1,3})\s*[)\]]\s*\}?\s*(?=_)")
_LAYER_BEHIND = re.compile(
    r"([WbUAwua])\s*(_\s*\{[^{}]*\}|_[a-z0-9]+)\s*\^\s*\{\s*[(\[]\s*(\d{1,3})\s*[)\]]\s*\}"
)


def as_ascii(text: str, source: Source) -> Text:
    r"""Return a text in the signs of the grammar.

    Raises
    ------
    GrammarError
        If it holds a LaTeX command that is no part of a formula.

    Examples
    --------
    >>> typed = r"\delta_{ik} + ∂O₁"
    >>> as_ascii(typed, Source("check", typed)).characters
    ' delta_{ik} +  dO_{1}'
    >>> as_ascii("W^{(2)}_{kj}", Source("check", "W^{(2)}_{kj}")).characters
    'W2_{kj}'
    """
    writer = Writer()
    translate(source, 0, len(text), writer, 0)
    found = Text("".join(writer.characters), (*writer.places, len(text)))
    found = _reordered(found, _HAT, (1, 2))
    found = _reordered(found, _LAYER_BEFORE, (1, 2))
    found = _reordered(found, _LAYER_BEHIND, (1, 3, 2))
    found = _reordered(found, _SUM_LIMIT_BEFORE, (1, 3, 2))
    return _reordered(found, _POWER_BEFORE, (1, 3, 2))


def _reordered(text: Text, pattern: re.Pattern[str], groups: tuple[int, ...]) -> Text:
    """Return a text in which every match is replaced by some of its groups: ``W^{(2)}_`` by ``W2_``."""
    order: list[int] = []
    behind = 0
    for match in pattern.finditer(text.characters):
        order += range(behind, match.start())
        for group in groups:
            order += range(*match.span(group))
        behind = match.end()
    order += range(behind, len(text.characters))
    return Text(
        "".join(text.characters[at] for at in order), (*(text.places[at] for at in order), text.places[-1])
    )
