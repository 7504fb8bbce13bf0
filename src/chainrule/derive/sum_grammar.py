"""What stands below and above a sum: ``sum_i``, ``sum_{i != k, i != j}``, ``sum_{i=1}^K``."""

import re
from dataclasses import dataclass, replace

from chainrule.derive.cursor import Cursor
from chainrule.derive.expressions import (
    TRUE_CLASS,
    Add,
    Expression,
    Index,
    Sum,
    all_letters,
    fresh_letter,
    map_indices,
    nodes,
    rename,
)
from chainrule.derive.limits import LONGEST_WRITTEN_SUM, MOST_NODES
from chainrule.derive.subscripts import not_an_index
from chainrule.derive.tokens import NUMBER, WORD, Token

_LETTERS = re.compile(r"[a-z](?:\s*,?\s*[a-z])*")
_LONG = re.compile(r"[a-z]\d{1,3}")
_EXCLUSION = re.compile(r"([a-z]\d{0,3})\s*!=\s*([a-z]\d{0,3}|\d{1,7})")
_START = re.compile(r"([a-z])\s*=\s*(\d{1,7})")


@dataclass(frozen=True)
class Range:
    """What a sum's index is, where it starts and ends, and what it leaves out."""

    letters: tuple[str, ...]
    excluding: tuple[Index, ...] = ()
    first: int = 1
    last: int | None = None


def long_indices(tokens: tuple[Token, ...]) -> frozenset[str]:
    """Return the indices of a letter and digits that sums bind: where letters run out, ``sum_{i1} A30_{i1}``.

    Examples
    --------
    >>> sorted(long_indices((Token(WORD, "sum", 0, 8, subscript="i1"),)))
    ['i1']
    """
    below = (token.subscript or "" for token in tokens if token.text == "sum")
    return frozenset(match.group() for text in below if (match := _LONG.match(text.strip())))


def read_range(cursor: Cursor, token: Token) -> Range:
    """Read what stands below a sum, and the limit above it.

    Examples
    --------
    >>> from chainrule.derive.grammar_error import Source
    >>> text = "sum_{i != k}"
    >>> token = Token(WORD, "sum", 0, 12, subscript="i != k")
    >>> read_range(Cursor((Token(7, "", 12, 12),), Source("check", text)), token)
    Range(letters=('i',), excluding=('k',), first=1, last=None)
    """
    below = _below(cursor, token)
    if not cursor.accept("^"):
        return below
    last = cursor.within_group(_limit)
    if last is None:
        return below
    plain = len(below.letters) == 1 and not below.excluding
    if not plain or not below.first <= last < below.first + LONGEST_WRITTEN_SUM:
        rule = f"a sum that ends at a number has one index and 1 to {LONGEST_WRITTEN_SUM} terms"
        raise cursor.error(rule, f"an end at {last}", "Write sum_i, over all classes.", token.start)
    return Range(below.letters, (), below.first, last)


def over(below: Range, body: Expression, cursor: Cursor, start: int) -> Expression:
    """Return the sum of a body, written out where its end is a number.

    Examples
    --------
    >>> from chainrule.derive.expressions import Delta
    >>> from chainrule.derive.grammar_error import Source
    >>> print(over(Range(("i",), last=2), Delta("i", "k"), Cursor((), Source("check", "")), 0))
    delta_1k + delta_2k
    """
    below, body = _with_own_letter(below, body, cursor)
    if below.last is not None:
        positions = range(below.first, below.last + 1)
        if len(positions) * sum(1 for _ in nodes(body)) > MOST_NODES:
            rule = f"a formula has at most {MOST_NODES} operations, letters and numbers"
            raise cursor.error(rule, "more", "Write sum_i, over all classes.", start)
        terms = tuple(rename(body, below.letters[0], position) for position in positions)
        return Add(terms) if len(terms) > 1 else terms[0]
    for letter in reversed(below.letters):
        body = Sum(letter, body, (*range(1, below.first), *below.excluding))
    return body


def _with_own_letter(below: Range, body: Expression, cursor: Cursor) -> tuple[Range, Expression]:
    """Return a sum over c as one over a letter of its own: outside of it, c is the true class."""
    if TRUE_CLASS not in below.letters:
        return below, body
    letter = fresh_letter(cursor.letters | all_letters(body), "ijmlpqrsuv")
    letters = tuple(letter if each == TRUE_CLASS else each for each in below.letters)
    return replace(below, letters=letters), map_indices(
        body, lambda index: letter if index == TRUE_CLASS else index
    )


def _below(cursor: Cursor, token: Token) -> Range:
    text = (token.subscript or "").strip()
    if _LETTERS.fullmatch(text):
        return _checked(Range(tuple(letter for letter in text if letter.isalpha())), cursor, token)
    if _LONG.fullmatch(text):
        return _checked(Range((text,)), cursor, token)
    letters: list[str] = []
    excluding: list[Index] = []
    first = 1
    for item in (each.strip() for each in text.split(",")):
        if match := _EXCLUSION.fullmatch(item):
            other = match.group(2)
            excluding.append(int(other) if other.isdigit() else other)
        elif match := _START.fullmatch(item):
            first = int(match.group(2))
        elif not (match := re.fullmatch(r"([a-z])", item)):
            raise not_an_index(token, cursor.source)
        letters.append(match.group(1))
    if len(set(letters)) > 1 or not 1 <= first <= LONGEST_WRITTEN_SUM:
        raise not_an_index(token, cursor.source)
    return _checked(Range((letters[0],), tuple(excluding), first), cursor, token)


def _checked(below: Range, cursor: Cursor, token: Token) -> Range:
    """Refuse an index that a sum has twice, or leaves out itself."""
    if len(set(below.letters)) < len(below.letters) or below.letters[0] in below.excluding:
        remedy = "Sum over a letter of its own, such as i."
        raise cursor.error(
            "the index of a sum is a letter of its own", f"{token.subscript!r}", remedy, token.start
        )
    return below


def _limit(cursor: Cursor) -> int | None:
    """Read the limit above a sum: a number, or a letter, which says that the sum goes to the end."""
    token = cursor.peek
    if token.kind == NUMBER and token.text.isdigit() and len(token.text) < 8:
        return int(cursor.take().text)
    if token.kind == WORD and len(token.text) == 1 and token.subscript is None:
        cursor.take()
        return None
    raise cursor.error("a sum ends at K, N, D or a number", cursor.came(), "Write sum_{i=1}^K, or sum_i.")
