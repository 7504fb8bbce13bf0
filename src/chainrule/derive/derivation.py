"""Steps and derivations: what the engine returns, and its proof."""

from dataclasses import dataclass

from chainrule.derive.context import Context
from chainrule.derive.expressions import Derivative, Expression, nodes
from chainrule.derive.proof import Proof, prove
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
    def stuck(self) -> str | None:
        """What no rule applies to, in words; None where the result holds no derivative any more."""
        left = next((node for node in nodes(self.result) if isinstance(node, Derivative)), None)
        return None if left is None else f"no rule applies to {left}"

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all sections."""
        return tuple(step for section in self.sections for step in section.steps)

    def verify(self, *, points: int = 2, seed: int = 0) -> Proof:
        """Evaluate both sides of every step at random points that its conditions allow, to 50 digits.

        Parameters
        ----------
        points : int
            Random points for each of 2, 3 and 5 classes.
        seed : int
            Which points are drawn.

        Returns
        -------
        Proof
            A record that is true exactly when every step holds.

        Examples
        --------
        >>> from chainrule.derive import derive
        >>> bool(derive("dE/dZ_k").verify())
        True
        """
        return prove(self, points=points, seed=seed)

    def text(self, *, detail: bool = False, brief: bool = False, width: int | None = None) -> str:
        """Return the derivation as text whose formulas can be typed back.

        Parameters
        ----------
        detail : bool
            Show every rewriting with the part that was rewritten; otherwise those of one rule in a row are one step.
        brief : bool
            Show the result and the rules alone.
        width : int, optional
            Wrap lines to so many columns; None leaves every formula on one line.

        Returns
        -------
        str
            Each step under a line ``rule: NAME``. Where the context gives an example, its numbers are beside.
        """
        from chainrule.derive.typeset import derivation_text, given_numbers

        numbers = given_numbers(self.context)
        return derivation_text(self, detail=detail, brief=brief, width=width, numbers=numbers)

    def latex(self, *, detail: bool = False, brief: bool = False) -> str:
        """Return the derivation as LaTeX for the body of a document that uses amsmath."""
        from chainrule.derive.typeset import given_numbers, latex_document

        return latex_document(self, detail=detail, brief=brief, numbers=given_numbers(self.context))

    def mathml(self, *, detail: bool = False, brief: bool = False) -> str:
        """Return the derivation as one MathML element, with its ASCII reading as alternative text."""
        from chainrule.derive.typeset import derivation_mathml

        return derivation_mathml(self, detail=detail, brief=brief)

    def html(
        self,
        *,
        detail: bool = False,
        brief: bool = False,
        heading_level: int = 3,
        style: bool = True,
        head: bool = True,
    ) -> str:
        """Return the derivation as a fragment of HTML that needs nothing else (a ``markupsafe.Markup``).

        Parameters
        ----------
        detail, brief : bool
            As for ``text``.
        heading_level : int
            The level of its headings.
        style, head : bool
            Whether it has its style, and the quantity and the context in words.
        """
        from chainrule.derive.typeset import derivation_html, given_numbers

        return derivation_html(
            self,
            detail=detail,
            brief=brief,
            numbers=given_numbers(self.context),
            heading_level=heading_level,
            style=style,
            head=head,
        )

    def to_json(self) -> str:
        """Return the derivation as one line of JSON: every rewriting, each formula as text and as LaTeX."""
        from chainrule.derive.typeset import derivation_json, given_numbers

        return derivation_json(self, numbers=given_numbers(self.context))

    def _repr_html_(self) -> str:
        return str(self.html())

    def _repr_latex_(self) -> str:
        from chainrule.derive.typeset import given_numbers, latex_display

        return latex_display(self, numbers=given_numbers(self.context))

    def __str__(self) -> str:
        return self.text()
