"""Claims: equations, chains of equations, and the conditions under which they are meant.

Parts are separated by ``;``, ``,``, ``and`` or a new line; a line that begins with ``=`` goes on with the chain above.
"""

from dataclasses import dataclass

from chainrule.derive.conditions import POSSIBLE, Condition, Requirement, requirements_of
from chainrule.derive.cursor import Cursor
from chainrule.derive.elementwise import resolved
from chainrule.derive.expressions import Expression
from chainrule.derive.grammar import bounded, cursor_of
from chainrule.derive.grammar_error import line_number
from chainrule.derive.letters import CONDITION_WORDS, QUANTIFIERS
from chainrule.derive.parenthesised import parenthesised
from chainrule.derive.term_grammar import read_sum_of_terms, unexpected
from chainrule.derive.tokens import END, KEYWORD, NEWLINE, NUMBER, SIGN, WORD, Token

MOST_PARTS = 60
_AN_EQUATION = "Write an equation such as dE/dZ_k = O_k - Y_k."


@dataclass(frozen=True)
class Place:
    """Where something stands in what was typed: characters from 0, the last not included, and the line from 1."""

    start: int
    end: int
    line: int


@dataclass(frozen=True)
class ClaimPart:
    """A chain of expressions that are said to be equal.

    Parameters
    ----------
    expressions : tuple of Expression
        Two or more; each is said to equal the next.
    condition : Condition or None
        When they are said to be equal.
    source : str
        What was typed.
    place : Place
        Where it stands.
    places : tuple of Place
        Where each expression stands.
    """

    expressions: tuple[Expression, ...]
    condition: Condition | None
    source: str
    place: Place
    places: tuple[Place, ...]

    @property
    def read_as(self) -> str:
        """The part as it was read, every operation in parentheses."""
        text = " = ".join(map(parenthesised, self.expressions))
        return text if self.condition is None else f"{text} if {self.condition}"


def read_claim(text: str, call: str = "read_claim") -> tuple[ClaimPart, ...]:
    """Read a claim.

    Parameters
    ----------
    text : str
        Equations in ASCII, Unicode or LaTeX.
    call : str
        What error messages call the caller.

    Returns
    -------
    tuple of ClaimPart
        At least one.

    Raises
    ------
    GrammarError
        If the text is no claim; the message says where it stops being one, what came and what is possible.

    Examples
    --------
    >>> [part.read_as for part in read_claim("dE/dZ1 = O1 - 1; dO_i/dZ_k = -O_i*O_k if i != k")]
    ['dE/dZ_1 = O_1 - 1', 'dO_i/dZ_k = -(O_i*O_k) if i != k']
    """
    cursor = cursor_of(text, call)
    cursor = Cursor(_joined_lines(cursor.tokens), cursor.source)
    found: list[ClaimPart] = []
    _skip_separators(cursor)
    while not cursor.at(END):
        if len(found) == MOST_PARTS:
            raise cursor.error(
                f"a claim has at most {MOST_PARTS} parts", "more", "Give the others in a claim of their own."
            )
        found.append(_part(cursor))
        if not (cursor.at(END) or _at_separator(cursor)):
            raise _no_end(cursor)
        _skip_separators(cursor)
    if not found:
        raise cursor.error("a claim has a part", "none", _AN_EQUATION, 0)
    return tuple(found)


def _joined_lines(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Leave out the line ends inside parentheses, behind an operation, and before a line that goes on with one."""
    kept: list[Token] = []
    depth = 0
    for place, token in enumerate(tokens):
        if token.kind == SIGN:
            depth += (token.text in "({") - (token.text in ")}")
        if token.kind != NEWLINE or _ends_a_part(kept, tokens, place + 1, depth):
            kept.append(token)
    return tuple(kept)


def _ends_a_part(before: list[Token], tokens: tuple[Token, ...], place: int, depth: int) -> bool:
    return tokens[place].kind != NEWLINE and depth <= 0 and not _goes_on(before, tokens, place)


def _goes_on(before: list[Token], tokens: tuple[Token, ...], place: int) -> bool:
    """Return whether the line that begins at a place goes on with what stands before it."""
    if before and before[-1].kind == SIGN and before[-1].text in ("=", "+", "-", "*", "/", "^"):
        return True
    first = tokens[place]
    if first.kind == KEYWORD:
        return first.text in CONDITION_WORDS
    if first.kind != SIGN or not before:
        return False
    return first.text in ("=", "+", "*", "/", "^") or (first.text == "-" and not _has_equation(tokens, place))


def _has_equation(tokens: tuple[Token, ...], place: int) -> bool:
    """Return whether the line that begins at a place holds an equals sign."""
    while tokens[place].kind not in (END, NEWLINE) and tokens[place].text not in (";", ","):
        if tokens[place].kind == SIGN and tokens[place].text == "=":
            return True
        place += 1
    return False


def _at_separator(cursor: Cursor) -> bool:
    return cursor.at(NEWLINE) or cursor.at_sign(";", ",") or _at_keyword(cursor, ("and",))


def _at_keyword(cursor: Cursor, words: tuple[str, ...]) -> bool:
    return cursor.at(KEYWORD) and cursor.peek.text in words


def _skip_separators(cursor: Cursor) -> None:
    while _at_separator(cursor):
        cursor.take()


def _part(cursor: Cursor) -> ClaimPart:
    first = cursor.place
    expressions, places = [read_sum_of_terms(cursor)], [_place(cursor, first)]
    while cursor.accept("="):
        start = cursor.place
        expressions.append(read_sum_of_terms(cursor))
        places.append(_place(cursor, start))
    if len(expressions) == 1:
        raise _no_equation(cursor, first)
    if len(expressions) > MOST_PARTS:
        raise cursor.error(
            f"a chain has at most {MOST_PARTS} sides", "more", "Give the others in a claim of their own."
        )
    read = resolved(bounded(tuple(expressions), cursor, places[0].start), cursor)
    condition = _condition(cursor) if _at_keyword(cursor, CONDITION_WORDS) else None
    place = _place(cursor, first)
    return ClaimPart(read, condition, cursor.source.text[place.start : place.end], place, tuple(places))


def _place(cursor: Cursor, first: int) -> Place:
    """Return where the tokens from one on, up to the next to be read, stand."""
    start, end = cursor.tokens[first].start, cursor.tokens[cursor.place - 1].end
    return Place(start, end, line_number(cursor.source.text, start))


def _no_equation(cursor: Cursor, first: int) -> Exception:
    if cursor.at_sign("!="):
        return cursor.error("a claim says what is equal", "'!='", _AN_EQUATION)
    if not (cursor.at(END) or _at_separator(cursor) or cursor.at(KEYWORD)):
        return unexpected(cursor)
    comma = cursor.at_sign(",") and cursor.tokens[cursor.place + 1].kind == NUMBER
    remedy = (
        "A comma begins a new part; write several positions in braces: W_{12,3}." if comma else _AN_EQUATION
    )
    return cursor.error(
        "every part of a claim has an equals sign", "none", remedy, cursor.tokens[first].start
    )


def _no_end(cursor: Cursor) -> Exception:
    if cursor.at_sign("!="):
        return cursor.error("a claim says what is equal", "'!='", _AN_EQUATION)
    return unexpected(cursor)


def _condition(cursor: Cursor) -> Condition | None:
    """Read the pieces of a condition: after the first, those behind ``and`` and commas that are conditions."""
    cursor.take()
    if _at_keyword(cursor, QUANTIFIERS):
        _skip_for_all(cursor)
        return None
    start = cursor.peek.start
    found = list(_requirements(cursor))
    if not found:
        raise cursor.error("a condition is one of a closed list", cursor.came(), POSSIBLE, start)
    while cursor.at_sign(",") or _at_keyword(cursor, ("and",)):
        behind = cursor.place
        cursor.take()
        more = _requirements(cursor)
        if not more:
            cursor.place = behind
            break
        found += more
    return Condition(tuple(found))


def _skip_for_all(cursor: Cursor) -> None:
    """Go over ``all i, k``: a free index means just that."""
    cursor.take()
    while cursor.at(WORD) and cursor.peek.text.islower() and len(cursor.peek.text) == 1:
        cursor.take()
        ahead = cursor.tokens[cursor.place : cursor.place + 3]
        listed = len(ahead) == 3 and ahead[0].text in (",", "and") and len(ahead[1].text) == 1
        if listed and ahead[1].text.islower() and not ahead[1].subscript and ahead[2].text != "=":
            cursor.take()


def _requirements(cursor: Cursor) -> tuple[Requirement, ...]:
    """Read one piece of a condition, up to the next separator; nothing is read if it is none."""
    first = cursor.place
    depth = 0
    while not (cursor.at(END) or (depth == 0 and _at_separator(cursor))):
        token = cursor.take()
        depth += (token.text == "(") - (token.text == ")")
    found = requirements_of(_ascii(cursor, first))
    if not found:
        cursor.place = first
    return found


def _ascii(cursor: Cursor, first: int) -> str:
    """Return the tokens from one on, up to the next to be read, as text."""
    texts = []
    for token in cursor.tokens[first : cursor.place]:
        subscript = "" if token.subscript is None else f"_{{{token.subscript}}}"
        texts.append(f"{token.text}{token.digits}{subscript}")
    return " ".join(texts)
