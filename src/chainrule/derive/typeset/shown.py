"""What of a derivation is shown: its lines, whole or shortened, the same for every kind of output."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from chainrule.derive.derivation import Derivation, Section, Step
from chainrule.derive.expressions import Derivative, Entry, Expression, nodes
from chainrule.derive.rewriting import Relation
from chainrule.derive.typeset.numbers import Numbers, assignments, with_numbers

LONG = 100
"""A formula with numbers of more characters is shown for one position alone."""


@dataclass(frozen=True)
class ShownNumbers:
    """A line with numbers: the positions of its letters, the formula, and what it comes to."""

    positions: dict[str, int]
    formula: Expression
    value: Expression | None


@dataclass(frozen=True)
class ShownStep:
    """One line: ``quantity = after``, by a rule, with what was rewritten on the way to it."""

    rule: str
    quantity: Expression
    before: Expression
    after: Expression
    case: Relation | None
    conditions: tuple[str, ...]
    reasons: tuple[str, ...]
    parts: tuple[tuple[Expression, Expression], ...]
    numbers: tuple[ShownNumbers, ...] = ()


@dataclass(frozen=True)
class ShownSection:
    """Lines about one quantity, and the line they begin with where it is not the quantity itself."""

    title: str
    begins: tuple[Expression, Expression] | None
    steps: tuple[ShownStep, ...]


def shown_sections(
    derivation: Derivation, *, detail: bool = False, numbers: Numbers | None = None
) -> tuple[ShownSection, ...]:
    """Return the lines of a derivation: with ``detail`` every rewriting, else those of one rule in a row as one."""
    return tuple(_shown_section(section, detail=detail, numbers=numbers) for section in derivation.sections)


def rules_used(derivation: Derivation) -> tuple[str, ...]:
    """Return the names of the rules of a derivation, in the order of their first use."""
    return tuple(dict.fromkeys(step.rule for step in derivation.steps))


def conditions_used(derivation: Derivation) -> tuple[str, ...]:
    """Return what the rules of a derivation need, in the order of their first use."""
    return _distinct(step.condition for step in derivation.steps)


def numbers_at(
    quantity: Expression, formula: Expression, case: Relation | None, numbers: Numbers | None
) -> tuple[ShownNumbers, ...]:
    """Return a line with numbers, for the first positions of its letters; none where it has no number."""
    if numbers is None:
        return ()
    places = assignments((quantity, formula), case, numbers)
    lines = tuple(found for place in places if (found := _numbers_at(quantity, formula, place, numbers)))
    return lines[:1] if any(len(str(line.formula)) > LONG for line in lines) else lines


def _numbers_at(
    quantity: Expression, formula: Expression, positions: dict[str, int], numbers: Numbers
) -> ShownNumbers | None:
    written = with_numbers(formula, numbers, positions)
    value = with_numbers(quantity, numbers, positions) if isinstance(quantity, Entry | Derivative) else None
    if value is not None and isinstance(value, Entry | Derivative):
        value = None
    if any(isinstance(node, Derivative) for node in nodes(written)):
        return None  # what it depends on is not given
    unchanged = str(written) == str(with_numbers(formula, Numbers(lambda _: None), positions))
    if unchanged and value is None:
        return None
    return ShownNumbers(positions, written, None if str(value) == str(written) else value)


def _shown_section(section: Section, *, detail: bool, numbers: Numbers | None) -> ShownSection:
    first = section.steps[0] if section.steps else None
    begins = None if first is None or first.before == first.quantity else (first.quantity, first.before)
    runs = ([step] for step in section.steps) if detail else _runs(section.steps)
    return ShownSection(section.title, begins, tuple(_shown_step(run, numbers) for run in runs))


def _runs(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Yield steps in a row that are of one rule, about one quantity and in one case."""
    for _, run in groupby(steps, lambda step: (step.rule, step.quantity, step.case)):
        yield list(run)


def _shown_step(run: list[Step], numbers: Numbers | None) -> ShownStep:
    first, last = run[0], run[-1]
    return ShownStep(
        first.rule,
        first.quantity,
        first.before,
        last.after,
        first.case,
        _distinct(step.condition for step in run),
        _distinct(step.reason for step in run),
        tuple((step.part_before, step.part_after) for step in run),
        numbers_at(first.quantity, last.after, first.case, numbers),
    )


def _distinct(texts: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
