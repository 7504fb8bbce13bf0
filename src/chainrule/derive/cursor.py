"""A place in a row of tokens, from which the next is taken."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from chainrule.derive.expressions import FUNCTIONS
from chainrule.derive.grammar_error import GrammarError, Source
from chainrule.derive.limits import DEEPEST_NESTING, MOST_DIVISIONS
from chainrule.derive.tokens import END, NEWLINE, SIGN, Token

Read = TypeVar("Read")

_CLOSING = {"(": ")", "{": "}"}
_NOT_NAMES = {*FUNCTIONS, "sum", "softmax", "sigma"}


class Cursor:
    """The tokens of a text, how many of them are read, and how deep the reading is nested."""

    def __init__(self, tokens: tuple[Token, ...], source: Source) -> None:
        self.tokens = tokens
        self.source = source
        self.place = 0
        self.letters = frozenset(
            letter
            for token in tokens
            for letter in token.subscript or token.brackets or ""
            if letter.islower()
        )
        self._depth = 0
        self._divisions = 0
        self._open: list[str] = []

    @property
    def peek(self) -> Token:
        """The next token."""
        return self.tokens[self.place]

    def take(self) -> Token:
        """Return the next token and go on."""
        token = self.tokens[self.place]
        if token.kind != END:
            self.place += 1
        return token

    def at(self, kind: int) -> bool:
        """Return whether the next token is of a kind."""
        return self.peek.kind == kind

    def at_sign(self, *signs: str) -> bool:
        """Return whether the next token is one of some signs."""
        return self.peek.kind == SIGN and self.peek.text in signs

    def accept(self, sign: str) -> bool:
        """Go on if the next token is a sign, and return whether it was."""
        if not self.at_sign(sign):
            return False
        if sign in _CLOSING:
            self._open.append(sign)
        self.place += 1
        return True

    def expect_closing(self) -> None:
        """Go over the sign that closes what was opened last; raises GrammarError if another token comes."""
        opened = self._open.pop()
        if not self.accept(_CLOSING[opened]):
            rule = f"every {opened} is closed by {_CLOSING[opened]}"
            raise self.error(rule, self.came(), f"Close it, or put a sign + - * / before {self.came()}.")

    def within_group(self, read: Callable[["Cursor"], Read]) -> Read:
        """Read something that may stand in parentheses or braces."""
        if not (self.accept("(") or self.accept("{")):
            return read(self)
        found = read(self)
        self.expect_closing()
        return found

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Count one level of nesting; raises GrammarError where there are too many."""
        if self._depth == 0:
            self._divisions = 0
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            rule = f"parentheses and exponents are nested at most {DEEPEST_NESTING} deep"
            raise self.error(rule, "more", "Write the formula with fewer of them.")
        try:
            yield
        finally:
            self._depth -= 1

    def count_division(self) -> None:
        """Count a division or a minus sign; raises GrammarError where one formula has too many."""
        self._divisions += 1
        if self._divisions > MOST_DIVISIONS:
            rule = f"a formula has at most {MOST_DIVISIONS} divisions and minus signs before factors"
            raise self.error(rule, "more", "Write a shorter formula.")

    def is_name(self, token: Token) -> bool:
        """Return whether a word is the name of an entry, a symbol or delta."""
        return token.text not in _NOT_NAMES

    def came(self) -> str:
        """Return the next token in words."""
        token = self.peek
        if token.kind == END:
            return "nothing"
        return "a new line" if token.kind == NEWLINE else repr(self.source.text[token.start : token.end])

    def error(self, rule: str, came: str, remedy: str, position: int | None = None) -> GrammarError:
        """Return an error at a position, or at the next token."""
        return self.source.error(rule, came, remedy, self.peek.start if position is None else position)
