"""Steps and derivations: what the engine returns, and its proof."""

from dataclasses import dataclass

from chainrule.derive.context import Context
from chainrule.derive.expressions import Expression
from chainrule.derive.rewriting import Relation


@dataclass(frozen=True)
class Step:
    """One rewriting: ``quantity = before`` becomes ``quantity = after`` by a rule.

    Parameters
    ----------
    rule : str
        The rule's name in the table (rules.py).
    quantity : Expression
        What the line is about, its left side: ``dE/dZ_k``, or ``dO_i/dZ_k`` inside a part about the softmax.
    before, after : Expression
        The right side of the line above and of this line.
    part_before, part_after : Expression
        What was rewritten inside it, and into what.
    condition : str or None
        What the rule needs: ``"O_i > 0"``, ``"sum(Y) = 1"``.
    case : Relation or None
        The case of two in which the line holds: ``i != k``.
    reason : str
        One sentence for the reader: why this rule, here.
    """

    rule: str
    quantity: Expression
    before: Expression
    after: Expression
    part_before: Expression
    part_after: Expression
    condition: str | None = None
    case: Relation | None = None
    reason: str = ""


@dataclass(frozen=True)
class Section:
    """Steps about one quantity, with a title."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Derivation:
    """The working behind a quantity, from its definition to its result.

    Parameters
    ----------
    quantity : Expression
        What was asked for.
    context : Context
        The output, the loss, the targets and the other choices under which it was derived.
    sections : tuple of Section
        Steps in the order in which they are read.
    result : Expression
        What the quantity equals.
    """

    quantity: Expression
    context: Context
    sections: tuple[Section, ...]
    result: Expression

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all sections."""
        return tuple(step for section in self.sections for step in section.steps)
