"""What is said of an implementation: a value with the keys of its JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

RIGHT, WRONG, CONDITIONAL, UNDECIDED = "right", "wrong", "conditional", "undecided"


@dataclass(frozen=True)
class NamedMistake:
    """A mistake that was found.

    Parameters
    ----------
    name : str
        One of the names in ``DIAGNOSES``.
    text : str
        What was found, why it happens, how to mend it.
    evidence : dict
        "inputs", "part", "yours" and "reference", in small numbers.
    """

    name: str
    text: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class ImplementationVerdict:
    """The verdict on one function.

    Parameters
    ----------
    verdict : str
        "right", "wrong", "conditional" or "undecided".
    kind : str or None
        What the function was taken for.
    loss_matches : bool or None
        Whether the loss is the intended one; None where there is no loss, or nothing is known of it.
    gradient_matches_own_loss : bool or None
        Whether the gradient is that of the loss it comes with; None where they do not come together.
    diagnoses : tuple of NamedMistake
        The named mistakes, the gravest first.
    tested, not_tested : tuple of str
    function : str
    reduction : str or None
        "mean", "sum", "none" or "weighted mean", as found.
    condition : str or None
        Where a conditional one is right.
    reason : str or None
        What was found in a sentence; why nothing could be decided.
    remarks : tuple of str
        What is no mistake and worth knowing.
    evidence : dict
        A probe at which it is wrong, for mistakes without a name too.
    """

    verdict: str
    kind: str | None = None
    loss_matches: bool | None = None
    gradient_matches_own_loss: bool | None = None
    diagnoses: tuple[NamedMistake, ...] = ()
    tested: tuple[str, ...] = ()
    not_tested: tuple[str, ...] = ()
    function: str = ""
    reduction: str | None = None
    condition: str | None = None
    reason: str | None = None
    remarks: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the verdict as a JSON object whose keys are the attributes."""
        values = {**vars(self), "diagnoses": [vars(found) for found in self.diagnoses]}
        return json.dumps(values, allow_nan=False, default=list)

    def __rich__(self) -> "RenderableType":
        from chainrule.check.implementation_report import report

        return report(self)

    def text(self) -> str:
        """Return the report as plain text."""
        from chainrule.check.implementation_report import report_text

        return report_text(self)

    def __str__(self) -> str:
        return self.text()


def verdict_of_json(text: str) -> ImplementationVerdict:
    """Return the verdict that :meth:`ImplementationVerdict.to_json` wrote."""
    values = json.loads(text)
    values["diagnoses"] = tuple(NamedMistake(**found) for found in values["diagnoses"])
    for name in ("tested", "not_tested", "remarks"):
        values[name] = tuple(values[name])
    return ImplementationVerdict(**values)
