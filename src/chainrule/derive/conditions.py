"""Conditions under which an equation is meant to hold, or does: ``if i != k``, ``if sum(Y) = 1 and K = 2``."""

import re
from dataclasses import dataclass
from fractions import Fraction

from chainrule.derive.expressions import Index
from chainrule.derive.rewriting import Relation

SETTINGS = ("sum(Y)", "K", "N", "T", "eps")
ONE_HOT = "one-hot"
POSSIBLE = "Conditions are k = c, i != k, c = 1, sum(Y) = 1, one-hot, K = 2, N = 1, T = 1 and eps = 0."


@dataclass(frozen=True)
class Setting:
    """A number of the context that has a value: one of SETTINGS."""

    name: str
    value: Fraction

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"


@dataclass(frozen=True)
class OneHot:
    """The targets are 1 for one class and 0 for the others."""

    def __str__(self) -> str:
        return ONE_HOT


Requirement = Relation | Setting | OneHot


@dataclass(frozen=True)
class Condition:
    """Requirements that hold together; its text is what the grammar reads.

    Examples
    --------
    >>> print(Condition((Relation("i", "k", False), Setting("K", Fraction(2)))))
    i != k and K = 2
    """

    requirements: tuple[Requirement, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.requirements))


_RELATION = re.compile(r"([a-z]|\d{1,7})\s*(!=|=)\s*([a-z]|\d{1,7})")
_SETTING = re.compile(
    r"(sum\s*\(\s*[YytT]\s*\)|sum_\{?([a-z])\}?\s*\(?\s*[YytT]_\{?\2\}?\s*\)?|[KHNTn]|eps|epsilon)\s*=\s*(\d{1,9}(?:\.\d{1,9})?)"
)
_NAMES = {"H": "K", "epsilon": "eps"}


def requirements_of(text: str) -> tuple[Requirement, ...]:
    """Return the requirements that a piece of a condition states, between ``and`` and commas; empty if it states none.

    Examples
    --------
    >>> [str(each) for each in requirements_of("i = k = c")], requirements_of("O_k = 1")
    (['i = k', 'k = c'], ())
    """
    text = text.strip()
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    if re.fullmatch(r"([YytT] )?one-hot", text):
        return (OneHot(),)
    if match := _SETTING.fullmatch(text):
        name = "sum(Y)" if match.group(1).startswith("sum") else match.group(1)
        return (Setting(_NAMES.get(name, name), Fraction(match.group(3))),)
    return _relations(text)


def _relations(text: str) -> tuple[Requirement, ...]:
    pieces = re.split(r"\s*(!=|=)\s*", text)
    if len(pieces) < 3 or len(pieces) > 7:
        return ()
    found: list[Requirement] = []
    for first, sign, second in zip(pieces[:-2:2], pieces[1::2], pieces[2::2], strict=True):
        if (
            not _RELATION.fullmatch(f"{first}{sign}{second}")
            or (first.isdigit() and second.isdigit())
            or "0" in (first, second)
        ):
            return ()
        found.append(Relation(_index(first), _index(second), sign == "="))
    return tuple(found)


def _index(text: str) -> Index:
    return int(text) if text.isdigit() else text
