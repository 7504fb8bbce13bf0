"""Verdicts on claims: values, and the one JSON object that they become."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

RIGHT, CONDITIONAL, UNDECIDED, WRONG = "right", "conditional", "undecided", "wrong"
FROM_BEST = (RIGHT, CONDITIONAL, UNDECIDED, WRONG)
"""The verdicts; that of a whole claim is the last of its parts' in this order."""


@dataclass(frozen=True)
class ClaimMistake:
    """The name of a mistake and what it is in this claim."""

    name: str
    text: str


@dataclass(frozen=True)
class Counterexample:
    """Small numbers at which the two sides differ.

    Parameters
    ----------
    values : mapping
        Letters and their numbers; rows as lists.
    left, right : float
        What the two sides are there.
    """

    values: Mapping[str, object]
    left: float
    right: float

    def __str__(self) -> str:
        given = ", ".join(f"{name} = {_shown(value)}" for name, value in self.values.items())
        return f"at {given} the left side is {_shown(self.left)} and the right side {_shown(self.right)}"


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"({', '.join(_shown(each) for each in value)})"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class PartVerdict:
    """What is found about one equation of a claim.

    Parameters
    ----------
    claim : str
        The equation as it was typed.
    verdict : str
        One of FROM_BEST.
    read_as : str
        How it was read, every operation in parentheses.
    truth, truth_at_targets : str or None
        What is true in the same letters, and at the targets that were given.
    condition : str or None
        The weakest condition under which a conditional part holds.
    diagnoses : tuple of ClaimMistake
        At most two names of what was done, the best first.
    counterexample : Counterexample or None
        Numbers at which a part fails.
    line : str or None
        The line of the derivation where the claim goes another way.
    reason : str or None
        Why a part is undecided.
    remarks : tuple of str
        What else is to be said: where a side is undefined, that a side can be simplified.
    """

    claim: str
    verdict: str
    read_as: str = ""
    truth: str | None = None
    truth_at_targets: str | None = None
    condition: str | None = None
    diagnoses: tuple[ClaimMistake, ...] = ()
    counterexample: Counterexample | None = None
    line: str | None = None
    reason: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def diagnosis(self) -> ClaimMistake | None:
        """The best name of what was done, or None."""
        return self.diagnoses[0] if self.diagnoses else None

    def plain(self) -> dict[str, object]:
        """Return plain values, as they stand in JSON."""
        example = self.counterexample
        return {
            "claim": self.claim,
            "verdict": self.verdict,
            "read_as": self.read_as,
            "truth": self.truth,
            "truth_at_targets": self.truth_at_targets,
            "condition": self.condition,
            "diagnosis": None if self.diagnosis is None else _plain_mistake(self.diagnosis),
            "diagnoses": [_plain_mistake(each) for each in self.diagnoses],
            "counterexample": None
            if example is None
            else {
                "values": dict(example.values),
                "left": example.left,
                "right": example.right,
                "text": str(example),
            },
            "line": self.line,
            "reason": self.reason,
            "remarks": list(self.remarks),
        }


def _plain_mistake(mistake: ClaimMistake) -> dict[str, str]:
    return {"name": mistake.name, "text": mistake.text}


@dataclass(frozen=True)
class ClaimVerdict:
    """What is found about a claim.

    Parameters
    ----------
    verdict : str
        The worst of the parts': wrong, undecided, conditional, right.
    parts : tuple of PartVerdict
        One for each equation, in the order in which they were typed.
    read_as : str
        How the claim was read, every operation in parentheses.
    not_tested : tuple of str
        What the verdict says nothing about.
    remarks : tuple of str
        What holds between sides that do not stand side by side.
    """

    verdict: str
    parts: tuple[PartVerdict, ...]
    read_as: str
    not_tested: tuple[str, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    def to_json(self) -> str:
        """Return one JSON object.

        Examples
        --------
        >>> ClaimVerdict("right", (), "E = E").to_json()
        '{"verdict": "right", "parts": [], "read_as": "E = E", "not_tested": [], "remarks": []}'
        """
        return json.dumps(
            {
                "verdict": self.verdict,
                "parts": [part.plain() for part in self.parts],
                "read_as": self.read_as,
                "not_tested": list(self.not_tested),
                "remarks": list(self.remarks),
            },
            allow_nan=False,
        )

    def __str__(self) -> str:
        from chainrule.check.claim_report import claim_text

        return claim_text(self)


def worst(verdicts: tuple[str, ...]) -> str:
    """Return the verdict of a whole.

    Examples
    --------
    >>> worst(("right", "conditional")), worst(("wrong", "undecided"))
    ('conditional', 'wrong')
    """
    return max(verdicts, key=FROM_BEST.index)
