"""An explanation: one quantity of one example, by its derivation, by the backward pass, and by a difference."""

import json
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from chainrule._types import Array
from chainrule.derive import Derivation, Numbers

Value = float | Array | None
"""A number, an array with an axis for each letter that the quantity leaves open, or None where nothing was computed."""


@dataclass(frozen=True)
class Kink:
    """A ReLU that is at its kink, or so near that no difference keeps clear of it; layer and unit count from 1."""

    layer: int
    unit: int
    pre_activation: float


@dataclass(frozen=True, eq=False)
class Vector:
    """The numbers of a letter: ``A1``, or of the derivatives by it: ``dE/dA1``; and what they are, in words."""

    name: str
    values: Array
    words: str


@dataclass(frozen=True)
class ExplainedStep:
    """One step of the derivation with this example's numbers.

    Parameters
    ----------
    section, rule, quantity, before, after, condition, case, reason : str or None
        As in the derivation, formulas as ASCII.
    numbers : tuple of dict
        The line in numbers, for one or a few positions of its letters: ``positions``, ``formula``, and ``value``, None
        where the line has none. A derivative that stands in a formula in letters is not computed there.
    """

    section: str
    rule: str
    quantity: str
    before: str
    after: str
    condition: str | None
    case: str | None
    reason: str
    numbers: tuple[dict[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Names:
    """What classes and features are called; empty where nobody said."""

    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Explanation:
    """A quantity with this example's numbers, three times over; ``explain`` makes it.

    Parameters
    ----------
    quantity : str
        As ASCII, positions counted from 1: ``dE/dW2_42``.
    derivation : float or ndarray
        The result of the derivation with this example's numbers in it; an array with an axis for each letter that the
        quantity leaves open.
    backward : float, ndarray or None
        The same from the network's own backward pass (for E itself: its own loss); None where it has no such number.
    central_difference : float, ndarray or None
        The same from differences of the network's own loss; NaN in an array, and None, where none was computed.
    central_difference_step, central_difference_rounding : float, ndarray or None
        The step, and how far off the difference may be.
    rounding : float or ndarray
        How far apart rounding may put the derivation and the backward pass.
    not_computed : dict of str to str
        Why a number is None.
    kinks : tuple of Kink
        ReLUs at which the loss has no derivative; their slope is taken as 0, as the network does.
    forward, backward_vectors : tuple of Vector
        All values from X to E, and the derivatives that the derivation goes through, from the logits down.
    symbolic : Derivation
        The derivation in symbols.
    names : Names
        Of classes and features.
    facts : dict
        What the network and the example are: for those who show it.
    """

    quantity: str
    derivation: Value
    backward: Value
    central_difference: Value
    central_difference_step: Value
    central_difference_rounding: Value
    rounding: Value
    not_computed: dict[str, str]
    kinks: tuple[Kink, ...]
    forward: tuple[Vector, ...]
    backward_vectors: tuple[Vector, ...]
    symbolic: Derivation
    numbers: Numbers
    names: Names
    facts: dict[str, Any]

    @property
    def agrees(self) -> bool:
        """Whether the numbers that were computed are the same up to the stated rounding, and all of them finite."""
        from chainrule.explain.agreement import agreement

        return agreement(self).holds

    @property
    def proven(self) -> Derivation:
        """The derivation in symbols, proven: what fails at random numbers is never shown."""
        from chainrule.explain.proven import at_first_positions, prove

        prove(at_first_positions(self.facts["quantity"]), self.symbolic.context)
        return self.symbolic

    @property
    def steps(self) -> tuple[ExplainedStep, ...]:
        """The steps of the derivation, each with its numbers."""
        from chainrule.explain.steps import explained_steps

        return explained_steps(self.proven, self.numbers)

    def text(self, *, brief: bool = False, width: int | None = None) -> str:
        """Return the explanation as text: the numbers, the values forward and backward, and all steps.

        Parameters
        ----------
        brief : bool
            Leave out the steps.
        width : int, optional
            Wrap lines to so many columns.
        """
        from chainrule.explain.text import explanation_lines

        return "\n".join(line.text for line in explanation_lines(self, brief=brief, width=width))

    def latex(self, *, brief: bool = False) -> str:
        """Return the explanation as LaTeX for the body of a document that uses amsmath."""
        from chainrule.explain.latex import explanation_latex

        return explanation_latex(self, brief=brief)

    def html(
        self, *, brief: bool = False, heading_level: int = 3, style: bool = True, head: bool = True
    ) -> Markup:
        """Return the explanation as a fragment of HTML that needs nothing else.

        Parameters
        ----------
        brief : bool
            Show the result and the agreement alone.
        heading_level : int
            The level of its headings.
        style, head : bool
            Whether it has its style, and begins with the quantity in words.
        """
        from chainrule.explain.html import explanation_html

        return explanation_html(self, brief=brief, heading_level=heading_level, style=style, head=head)

    def to_json(self) -> str:
        """Return the explanation as one line of JSON; what is not computed, or not finite, is null."""
        from chainrule.explain.json_values import explanation_values

        return json.dumps(explanation_values(self), ensure_ascii=False, allow_nan=False)

    def _repr_html_(self) -> str:
        return str(self.html())

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        shown = (
            f"{self.derivation:.6g}" if isinstance(self.derivation, float) else "a number for each position"
        )
        return f"<Explanation of {self.quantity}: {shown}, {'agreed' if self.agrees else 'NOT AGREED'}>"
