"""Words, numbers and signs of a formula, each with its place in what was typed.

Subscripts and brackets are part of the word before them: ``W2_kj`` is one token. Where letters stand side by side,
``lnO_i`` or ``dE`` or ``O_kY_k``, they are taken apart into the words and letters that the grammar knows.
"""

import re
from dataclasses import dataclass

from chainrule.derive.grammar_error import Source, nearest
from chainrule.derive.letters import ENTRIES, KEYWORDS, KNOWN, SYMBOLS, WHAT_EXISTS, WORDS

NUMBER, WORD, DIFFERENTIAL, KEYWORD, SIGN, SUBSCRIPT, NEWLINE, END = range(8)
"""Kinds of token."""

_SPACE = re.compile(r"[ \t\r\f\v]+")
_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?")
_LETTERS = re.compile(r"[A-Za-z]+")
_ONE_HOT = re.compile(r"one[- ]?hot\b")
_SIGN = re.compile(r"\*\*|==|!=|[-+*/^=(),;{}]")
_STOP = re.compile(r"\.(?=\s|$)")
_DIGITS = re.compile(r"\d+")
_BRACED = re.compile(r"\s*_\s*\{([^{}]*)\}")
_PLAIN = re.compile(r"_([a-z0-9]+)")
_BRACKETS = re.compile(r"(?:\[[^\[\]]*\])+|\s+(?:\[[a-z0-9,\s]*\])+")
_BEFORE_A_GROUP = ("+", "-", "*", "/", "^", "=", "(", ",", ";")
_SAME_SIGN = {"**": "^", "==": "=", "[": "(", "]": ")", ".": ";"}


@dataclass(frozen=True)
class Token:
    """A word, a number or a sign.

    Parameters
    ----------
    kind : int
        NUMBER, WORD, DIFFERENTIAL, KEYWORD, SIGN, SUBSCRIPT (one behind a parenthesis), NEWLINE or END.
    text : str
        The word without its digits and subscript, the number, or the sign.
    start, end : int
        Its place in what was typed.
    digits : str
        Digits right behind the word.
    subscript, brackets : str or None
        What stands behind its underscore, and between its brackets.
    braced : bool
        Whether the subscript stands in braces.
    """

    kind: int
    text: str
    start: int
    end: int
    digits: str = ""
    subscript: str | None = None
    brackets: str | None = None
    braced: bool = False


@dataclass(frozen=True)
class Text:
    """What is read, in ASCII, and where each of its characters (and its end) stands in what was typed."""

    characters: str
    places: tuple[int, ...]


def tokenise(text: Text, source: Source) -> tuple[Token, ...]:
    """Return the tokens of a text, the last of kind END; raises GrammarError at what is no token.

    Examples
    --------
    >>> text = Text("2O_k", (0, 1, 2, 3, 4))
    >>> [token.text for token in tokenise(text, Source("check", "2O_k"))]
    ['2', 'O', '']
    """
    found: list[Token] = []
    at = 0
    while at < len(text.characters):
        at = _take(text, at, source, found)
    found.append(Token(END, "", len(source.text), len(source.text)))
    return tuple(found)


def _take(text: Text, at: int, source: Source, found: list[Token]) -> int:
    """Append the tokens that begin at a place and return the place behind them."""
    characters = text.characters
    if match := _SPACE.match(characters, at):
        return match.end()
    if characters[at] == "\n":
        found.append(_token(text, NEWLINE, "\n", at, at + 1))
        return at + 1
    if match := _NUMBER.match(characters, at):
        found.append(_token(text, NUMBER, match.group(), at, match.end()))
        return match.end()
    if match := _ONE_HOT.match(characters, at):
        found.append(_token(text, KEYWORD, "one-hot", at, match.end()))
        return match.end()
    if match := _LETTERS.match(characters, at):
        return _take_words(text, at, match.end(), source, found)
    if match := _SIGN.match(characters, at) or _bracket(characters, at, found) or _STOP.match(characters, at):
        found.append(_token(text, SIGN, _SAME_SIGN.get(match.group(), match.group()), at, match.end()))
        return match.end()
    if found and found[-1].text in {")", "}"} and (behind := _behind(characters, at, "")):
        found.append(_token(text, SUBSCRIPT, "", at, behind[2], subscript=behind[0], brackets=behind[1]))
        return behind[2]
    raise _unknown_character(text, at, source)


def _bracket(characters: str, at: int, found: list[Token]) -> re.Match[str] | None:
    """Return a bracket that stands where a parenthesis can: not behind a letter, where it is a subscript."""
    open_to_it = (
        not found or found[-1].kind in (NEWLINE, KEYWORD, DIFFERENTIAL) or found[-1].text in _BEFORE_A_GROUP
    )
    opening = characters[at] == "[" and open_to_it
    return re.compile(r"[\[\]]").match(characters, at) if opening or characters[at] == "]" else None


def _token(
    text: Text, kind: int, word: str, at: int, end: int, digits: str = "",
    subscript: str | None = None, brackets: str | None = None,
) -> Token:  # fmt: skip
    braced = subscript is not None and text.characters[end - 1] == "}"
    return Token(kind, word, text.places[at], text.places[end - 1] + 1, digits, subscript, brackets, braced)


def _take_words(text: Text, at: int, end: int, source: Source, found: list[Token]) -> int:
    run = text.characters[at:end]
    words = (run,) if run in KEYWORDS else words_of(run)
    if not words:
        place = text.places[at]
        remedy = f"{nearest(run, KNOWN)} {WHAT_EXISTS}".strip()
        raise source.error(
            "a formula is made of letters and words that are known", f"{run[:40]!r}", remedy, place
        )
    for word in words[:-1]:
        found.append(_token(text, DIFFERENTIAL if word == "d" else WORD, word, at, at + len(word)))
        at += len(word)
    last = words[-1]
    if last in KEYWORDS or last == "d":
        found.append(_token(text, KEYWORD if last in KEYWORDS else DIFFERENTIAL, last, at, end))
        return end
    digits = match.group() if (match := _DIGITS.match(text.characters, end)) else ""
    behind = _behind(text.characters, end + len(digits), last)
    subscript, brackets, end = behind or (None, None, end + len(digits))
    found.append(_token(text, WORD, last, at, end, digits, subscript, brackets))
    return end


def words_of(run: str) -> tuple[str, ...]:
    """Return the known words and letters of which a run of letters is made; empty if it is made of others too.

    Examples
    --------
    >>> words_of("dlnO"), words_of("foo")
    (('d', 'ln', 'O'), ())
    """
    if len(run) == 1 and run.islower():
        return (run,)  # the letter of an index, in a condition
    words: list[str] = []
    at = 0
    while at < len(run):
        word = next((word for word in WORDS if _begins_with(run, word, at)), run[at])
        single = len(word) == 1 and word != "d"
        if single and (word not in (*ENTRIES, *SYMBOLS) or run[at + 1 : at + 2].islower()):
            return ()
        if word == "d" and at > 0:
            return ()
        words.append(word)
        at += len(word)
    return tuple(words)


def _begins_with(run: str, word: str, at: int) -> bool:
    """Return whether a word stands at a place; long ones in capital letters too, ReLU."""
    return run.startswith(word, at) or (len(word) > 3 and run.lower().startswith(word, at))


def _behind(characters: str, at: int, word: str) -> tuple[str | None, str | None, int] | None:
    """Return the subscript or the brackets that begin at a place, and the place behind; None where there are none."""
    if match := _BRACED.match(characters, at):
        return match.group(1), None, match.end()
    if match := _PLAIN.match(characters, at):
        run = _own_part(match.group(1), characters[match.end() : match.end() + 1])
        return run, None, at + 1 + len(run)
    if word not in WORDS and (match := _BRACKETS.match(characters, at)):
        return None, match.group().strip()[1:-1].replace("][", ","), match.end()
    return None


def _own_part(run: str, following: str) -> str:
    """Return the part of a subscript that is not the next word: ``Y_iln(O_i)``, ``y_io_i`` and ``dZ_kdZ_j``."""
    for word in WORDS:
        if run.endswith(word) and len(run) > len(word) and (following in {"(", "_"} or len(run) > 2):
            return run[: -len(word)]
    if len(run) > 1 and run.endswith("d") and following.isupper():
        return run[:-1]
    if len(run) > 2 and run[-2] == "d" and following == "_":
        return run[:-2]
    return run[:-1] if following == "_" and len(run) > 1 else run


def _unknown_character(text: Text, at: int, source: Source) -> Exception:
    character, place = text.characters[at], text.places[at]
    if character in "_[":
        remedy = "Write O_k, W_{12,3}, W2[3,1]; c is the true class, and sums bind their index: sum_i."
        rule = "a subscript is made of lower-case letters and numbers, right behind a letter"
        return source.error(rule, f"{source.text[place : place + 2]!r}", remedy, place)
    if character in "<>":
        return source.error("a claim says what is equal", f"{character!r}", "Write A = B.", place)
    typed = source.text[place : place + 1] or character
    return source.error(
        "a formula is made of letters, numbers and + - * / ^ = ( )", f"{typed!r}", WHAT_EXISTS, place
    )
