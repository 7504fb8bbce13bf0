"""A derivation as plain text whose formulas can be typed back: everything else begins with a word."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from chainrule.derive.derivation import Derivation
from chainrule.derive.expressions import Expression
from chainrule.derive.rewriting import Relation
from chainrule.derive.typeset.numbers import Numbers
from chainrule.derive.typeset.shown import (
    ShownNumbers,
    ShownStep,
    conditions_used,
    numbers_at,
    rules_used,
    shown_sections,
)
from chainrule.derive.typeset.words import clause, context_words, quantity_words

Kind = Literal["heading", "rule", "formula", "reason", "part", "numbers", "blank"]
INDENT = "  "
CONTINUED = "    "
LEAST_WIDTH = 24


@dataclass(frozen=True)
class Line:
    """A line of text, and what it is, so that a terminal can give it a colour."""

    kind: Kind
    text: str


def text_lines(
    derivation: Derivation,
    *,
    detail: bool = False,
    brief: bool = False,
    width: int | None = None,
    numbers: Numbers | None = None,
) -> Iterator[Line]:
    """Yield the lines of a derivation as text.

    Parameters
    ----------
    derivation : Derivation
        What to show.
    detail : bool
        Whether every rewriting is shown, with the part that was rewritten.
    brief : bool
        Whether the result and the rules alone are shown.
    width : int, optional
        The number of columns; lines that are longer go on in the next. None: every formula is one line.
    numbers : Numbers, optional
        One example's numbers, shown beside the formulas.
    """
    found = _brief(derivation, numbers) if brief else _whole(derivation, detail=detail, numbers=numbers)
    for line in found:
        yield from [line] if width is None else _wrapped(line, max(width, LEAST_WIDTH))


def derivation_text(
    derivation: Derivation,
    *,
    detail: bool = False,
    brief: bool = False,
    width: int | None = None,
    numbers: Numbers | None = None,
) -> str:
    """Return a derivation as text, its lines as ``text_lines`` makes them, without a line end after the last."""
    lines = text_lines(derivation, detail=detail, brief=brief, width=width, numbers=numbers)
    return "\n".join(line.text for line in lines)


def formula_text(quantity: Expression, after: Expression, case: Relation | None = None) -> str:
    """Return a line as it can be typed: ``dE/dZ_k = O_k - Y_k``, with its case behind an if.

    Examples
    --------
    >>> from chainrule.derive.expressions import Entry
    >>> formula_text(Entry("O", None, ("i",)), Entry("O", None, ("k",)), Relation("i", "k", True))
    'O_i = O_k if i = k'
    """
    return f"{quantity} = {after}{'' if case is None else f' if {case}'}"


def wrapped_formula(text: str, width: int) -> list[str]:
    """Return a formula on lines of a width, broken before operators; further lines are indented.

    Examples
    --------
    >>> wrapped_formula("dE/dZ_k = O_k*sum_j Y_j - Y_k", 24)
    ['dE/dZ_k = O_k*sum_j Y_j', '    - Y_k']
    """
    lines, rest, indent = [], text, ""
    while len(indent + rest) > width:
        place = _break(rest, width - len(indent))
        if place == 0:
            break
        lines.append(indent + rest[:place].rstrip())
        rest, indent = rest[place:].lstrip(), CONTINUED
    return [*lines, indent + rest]


def _whole(derivation: Derivation, *, detail: bool, numbers: Numbers | None) -> Iterator[Line]:
    yield from _head(derivation)
    for section in shown_sections(derivation, detail=detail, numbers=numbers):
        yield Line("blank", "")
        yield Line("heading", section.title)
        if section.begins is not None:
            yield Line("blank", "")
            yield Line("rule", "beginning:")
            yield Line("formula", formula_text(*section.begins))
        for step in section.steps:
            yield Line("blank", "")
            yield from _step(step, detail=detail)
    yield Line("blank", "")
    yield from _result(derivation, numbers)


def _brief(derivation: Derivation, numbers: Numbers | None) -> Iterator[Line]:
    yield from _head(derivation)
    yield Line("blank", "")
    yield from _result(derivation, numbers)
    yield Line("blank", "")
    yield Line("rule", "rules used:")
    for rule in rules_used(derivation):
        yield Line("reason", INDENT + rule)
    for condition in conditions_used(derivation):
        yield Line("reason", f"{INDENT}needs {condition}")


def _head(derivation: Derivation) -> Iterator[Line]:
    words = quantity_words(derivation.quantity)
    yield Line("heading", f"{words[0].upper()}{words[1:]}")
    yield Line("reason", f"{INDENT}where {context_words(derivation.context)}")


def _result(derivation: Derivation, numbers: Numbers | None) -> Iterator[Line]:
    yield Line("rule", "result:")
    yield Line("formula", formula_text(derivation.quantity, derivation.result))
    if derivation.stuck is not None:
        yield Line("reason", f"{INDENT}stuck: {derivation.stuck}")
    for found in numbers_at(derivation.quantity, derivation.result, None, numbers):
        yield _numbers(found)


def _step(step: ShownStep, *, detail: bool) -> Iterator[Line]:
    yield Line("rule", f"rule: {step.rule}")
    yield Line("formula", formula_text(step.quantity, step.after, step.case))
    for reason in step.reasons:
        yield Line("reason", f"{INDENT}because {clause(reason)}")
    for condition in step.conditions:
        yield Line("reason", f"{INDENT}needs {condition}")
    for before, after in step.parts if detail else ():
        yield Line("part", f"{INDENT}rewriting {before} = {after}")
    for found in step.numbers:
        yield _numbers(found)


def _numbers(found: ShownNumbers) -> Line:
    at = "".join(f", {letter} = {place}" for letter, place in found.positions.items())
    end = "" if found.value is None else f" = {found.value}"
    return Line("numbers", f"{INDENT}in numbers{at}: {found.formula}{end}")


def _wrapped(line: Line, width: int) -> Iterator[Line]:
    if line.kind in ("formula", "part", "numbers"):
        texts = wrapped_formula(line.text, width)
    else:
        inner = CONTINUED if line.text.startswith(INDENT) else ""
        texts = textwrap.wrap(
            line.text,
            width,
            subsequent_indent=inner,
            drop_whitespace=True,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    yield from (Line(line.kind, text) for text in texts)


def _break(text: str, room: int) -> int:
    """Return where to break: before an operator in the second half of the room, the outermost; 0 for nowhere."""
    first = max(len(CONTINUED), text.find(": ")) + 1
    end = text.find(" if ") + 1 or len(text)  # a case stays in one piece
    places = [place for place in range(first, end) if _may_break(text, place)]
    within = [place for place in places if place <= room]
    if not within:
        return places[0] if places else 0
    depths = _depths(text)
    far = [place for place in within if place * 2 >= room] or within
    return min(far, key=lambda place: (depths[place], text[place] == "*", -place))


def _may_break(text: str, place: int) -> bool:
    return text[place] == "*" or (
        text[place] == " " and text[place + 1 : place + 3] in ("= ", "+ ", "- ", "if")
    )


def _depths(text: str) -> list[int]:
    """Return in how many parentheses and braces each character stands."""
    depths, depth = [], 0
    for character in text:
        depth -= character in ")}"
        depths.append(depth)
        depth += character in "({"
    return depths
