"""A line of working: what a quantity equals so far, and the steps that led there."""

from chainrule.derive.algebra import size
from chainrule.derive.context import Context
from chainrule.derive.derivation import Section, Step
from chainrule.derive.expressions import Derivative, Entry, Expression, Sum, all_letters, nodes, replace
from chainrule.derive.rewriting import Relation, Rewriting, Rule, Scene, apply_first
from chainrule.derive.rules import CANCEL, COLLECT, COMPLETE, SUMS

MOST_STEPS = 600
"""No derivation of the scope needs as many; more would be a rule that undoes another."""


class Working:
    """The right side of a quantity, rewritten rule by rule.

    Parameters
    ----------
    quantity : Expression
        The left side of every line.
    context : Context
        What the letters mean.
    case : Relation, optional
        The case in which the lines hold.
    start : Expression, optional
        The right side to begin with; the quantity itself where none is given.
    opened : bool
        Whether letters that are not differentiated may be replaced by their definitions.
    """

    def __init__(
        self,
        quantity: Expression,
        context: Context,
        case: Relation | None = None,
        start: Expression | None = None,
        *,
        opened: bool = False,
    ) -> None:
        self.quantity = quantity
        self.context = context
        self.case = case
        self.current = quantity if start is None else start
        self.steps: list[Step] = []
        self.opened = opened

    def scene(self) -> Scene:
        """Return what rules may rely on here."""
        taken = all_letters(self.current) | all_letters(self.quantity)
        return Scene(self.context, self.case, taken, opened=self.opened)

    def apply(self, *rules: Rule) -> bool:
        """Apply the first rule that fits, where it fits first; return whether there was one."""
        found = apply_first(rules, self.current, self.scene())
        if found is None:
            return False
        self.record(found.rule, found.whole, found.before, found.rewriting)
        return True

    def record(self, rule: Rule, whole: Expression, before: Expression, rewriting: Rewriting) -> None:
        """Take a step; one that a reader would not see is not shown."""
        if str(whole) == str(self.current):
            self.current = whole
            return
        if len(self.steps) >= MOST_STEPS:
            raise AssertionError(f"{self.quantity}: more than {MOST_STEPS} steps")
        step = Step(
            rule.name, self.quantity, self.current, whole, before, rewriting.after, rewriting.condition, self.case,
            rewriting.reason,
        )  # fmt: skip
        self.steps.append(step)
        self.current = whole

    def put(self, rule: Rule, old: Expression, new: Expression, reason: str) -> None:
        """Replace an expression that the engine knows, wherever it stands."""
        self.record(rule, replace(self.current, old, new), old, Rewriting(new, reason))

    def exhaust(self, *rules: Rule) -> None:
        """Apply rules until none fits."""
        while self.apply(*rules):
            pass

    def finish(self, *more: Rule) -> None:
        """Contract deltas, let factors leave sums, use totals that are known, and collect terms."""
        while self._shorten(CANCEL) or self.apply(*SUMS, *more) or self._complete():
            pass
        self._shorten(COLLECT)

    def _shorten(self, rule: Rule) -> bool:
        """Apply a rule of algebra if the line becomes shorter by it."""
        found = apply_first((rule,), self.current, self.scene())
        if found is None or size(found.whole) >= size(self.current):
            return False
        self.record(rule, found.whole, found.before, found.rewriting)
        return True

    def _complete(self) -> bool:
        return any(isinstance(node, Sum) and node.excluding for node in nodes(self.current)) and self.apply(
            COMPLETE
        )

    def left(self, of: str) -> list[Derivative]:
        """Return the derivatives of a letter that are still there."""
        return [
            node
            for node in nodes(self.current)
            if isinstance(node, Derivative) and isinstance(node.of, Entry) and node.of.name == of
        ]

    def section(self, title: str) -> Section:
        """Return the steps so far, and begin anew from here."""
        steps, self.steps = tuple(self.steps), []
        return Section(title, steps)
