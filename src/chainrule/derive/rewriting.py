"""Rules of rewriting, and where they are applied."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chainrule.derive.context import Context
from chainrule.derive.expressions import Expression, Index, Sum, parts, with_parts


@dataclass(frozen=True)
class Relation:
    """Two indices that are equal or different: the case in which a line holds."""

    first: Index
    second: Index
    equal: bool

    def __str__(self) -> str:
        return f"{self.first} {'=' if self.equal else '!='} {self.second}"


@dataclass(frozen=True)
class Scene:
    """What a rule may rely on: the context, the case, and the letters that are taken.

    ``opened`` says whether letters that are not differentiated may be replaced by their definitions.
    """

    context: Context
    case: Relation | None = None
    taken: frozenset[str] = frozenset()
    different: tuple[frozenset[Index], ...] = ()
    opened: bool = True

    def inside(self, node: Sum) -> "Scene":
        """Return the scene of a sum's body: its index differs from those left out."""
        apart = tuple(frozenset({node.index, other}) for other in node.excluding)
        return replace(self, taken=self.taken | {node.index}, different=self.different + apart)

    def differ(self, first: Index, second: Index) -> bool:
        """Return whether two indices cannot be the same."""
        if isinstance(first, int) and isinstance(second, int):
            return first != second
        pair = frozenset({first, second})
        stated = self.case is not None and not self.case.equal and pair == {self.case.first, self.case.second}
        return stated or pair in self.different


@dataclass(frozen=True)
class Rewriting:
    """What a rule makes of an expression, and why."""

    after: Expression
    reason: str = ""
    condition: str | None = None


@dataclass(frozen=True)
class Rule:
    """A row of the table: what may be rewritten, when, and who says so.

    Parameters
    ----------
    name : str
        What each step of the rule is headed with.
    statement : str
        The rule in ASCII, for u and v any expressions and x any variable.
    apply : callable
        (expression, scene) -> Rewriting, or None where the rule does not apply to this expression itself.
    condition : str or None
        What must hold for the rule.
    source : str
        A key of docs/sources.bib.
    example : tuple of str
        A worked example: an expression, what becomes of it, and the options of its context if they matter.
    """

    name: str
    statement: str
    apply: Callable[[Expression, Scene], Rewriting | None]
    condition: str | None
    source: str
    example: tuple[str, str]
    options: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Applied:
    """A rule that was applied somewhere in an expression."""

    rule: Rule
    whole: Expression
    before: Expression
    rewriting: Rewriting


def apply_first(rules: tuple[Rule, ...], expression: Expression, scene: Scene) -> Applied | None:
    """Apply the first rule that fits the outermost, leftmost part that any of them fits.

    Returns
    -------
    Applied or None
        None if no rule applies anywhere.
    """
    for rule in rules:
        found = rule.apply(expression, scene)
        if found is not None and found.after != expression:
            return Applied(rule, found.after, expression, found)
    inside = scene.inside(expression) if isinstance(expression, Sum) else scene
    inner = parts(expression)
    for place, part in enumerate(inner):
        applied = apply_first(rules, part, inside)
        if applied is not None:
            new = (*inner[:place], applied.whole, *inner[place + 1 :])
            return Applied(applied.rule, with_parts(expression, new), applied.before, applied.rewriting)
    return None
