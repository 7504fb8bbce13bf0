"""Formulas as boxes: what stands beside, above, below and inside what, decided once for LaTeX and for MathML."""

from dataclasses import dataclass
from typing import Literal

Sign = Literal["+", "-", "*", ".", "/", "=", "!=", ",", "...", "d"]
"""An operator's name: ``*`` is a product without a sign, ``.`` one with a dot, ``d`` the partial derivative's sign."""


@dataclass(frozen=True)
class Name:
    """A letter, or the name of a Greek one: ``O``, ``delta``."""

    text: str


@dataclass(frozen=True)
class Numeral:
    """A number as it is written."""

    text: str


@dataclass(frozen=True)
class Operator:
    """An operator; ``prefix`` where it stands before its only operand."""

    sign: Sign
    prefix: bool = False


@dataclass(frozen=True)
class Function:
    """A function's name, upright, before its argument."""

    text: str


@dataclass(frozen=True)
class Words:
    """Words between formulas."""

    text: str


@dataclass(frozen=True)
class Row:
    """Boxes side by side."""

    boxes: tuple["Box", ...]


@dataclass(frozen=True)
class Fraction:
    """One box above a line, one below it."""

    above: "Box"
    below: "Box"


@dataclass(frozen=True)
class Scripts:
    """A box with an index, an exponent, or both."""

    base: "Box"
    low: "Box | None" = None
    high: "Box | None" = None


@dataclass(frozen=True)
class SumSign:
    """The sign of a sum, and what it runs over."""

    under: "Box"


@dataclass(frozen=True)
class Fenced:
    """A box between parentheses, or between bars."""

    inside: "Box"
    bars: bool = False


@dataclass(frozen=True)
class Root:
    """A box under the sign of a square root."""

    inside: "Box"


Box = Name | Numeral | Operator | Function | Words | Row | Fraction | Scripts | SumSign | Fenced | Root
