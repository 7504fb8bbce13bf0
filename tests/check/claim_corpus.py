"""The corpora of claims: what each is, in which context, and what is to be found about it."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chainrule.check import ClaimVerdict, check_claim

FOLDER = Path(__file__).resolve().parent / "claims"
KINDS = ("given", "right", "conditional", "wrong", "undecided")


@dataclass(frozen=True)
class ClaimCase:
    """A claim and what is to be found: any of the verdicts, each part's, the condition, any of the names."""

    id: str
    claim: str
    context: dict[str, Any]
    verdict: tuple[str, ...]
    parts: tuple[str, ...] = ()
    condition: str | None = None
    diagnosis: tuple[str, ...] = ()
    says: str = ""

    def judge(self) -> ClaimVerdict:
        return check_claim(self.claim, **self.context)


@dataclass(frozen=True)
class ClaimScore:
    """What came of one claim."""

    id: str
    verdict: str
    verdict_right: bool
    named: bool | None
    accused: bool
    is_right: bool
    names: tuple[str, ...] = field(default=())
    seconds: float = 0.0


def cases_of(kind: str) -> list[ClaimCase]:
    """Return the claims of a file."""
    lines = (FOLDER / f"{kind}.jsonl").read_text().splitlines()
    return [_case(json.loads(line)) for line in lines if line.strip()]


def _case(values: dict[str, Any]) -> ClaimCase:
    for name in ("verdict", "parts", "diagnosis"):
        values[name] = tuple(values.get(name, ()))
    return ClaimCase(**values)


def all_cases() -> list[ClaimCase]:
    """Return the claims of all files."""
    return [case for kind in KINDS for case in cases_of(kind)]


def names_in(verdict: ClaimVerdict) -> tuple[str, ...]:
    """Return the names of mistakes in all parts."""
    return tuple(mistake.name for part in verdict.parts for mistake in part.diagnoses)


def claim_scores(cases: list[ClaimCase] | None = None) -> list[ClaimScore]:
    """Judge every claim of the corpora."""
    found = []
    for case in all_cases() if cases is None else cases:
        begin = time.perf_counter()
        verdict = case.judge()
        found.append(score_of(case, verdict, time.perf_counter() - begin))
    return found


def score_of(case: ClaimCase, verdict: ClaimVerdict, seconds: float = 0.0) -> ClaimScore:
    """Return what came of one claim."""
    names = names_in(verdict)
    return ClaimScore(
        case.id,
        verdict.verdict,
        verdict.verdict in case.verdict and _as_stated(case, verdict),
        bool(set(names) & set(case.diagnosis)) if case.diagnosis else None,
        case.verdict == ("right",) and (verdict.verdict != "right" or bool(names)),
        case.verdict == ("right",),
        names,
        seconds,
    )


def _as_stated(case: ClaimCase, verdict: ClaimVerdict) -> bool:
    """Return whether the parts' verdicts and the condition are those stated."""
    parts = tuple(part.verdict for part in verdict.parts)
    conditions = [part.condition for part in verdict.parts if part.condition]
    wrong_condition = verdict.verdict == "conditional" and case.condition and case.condition not in conditions
    return (not case.parts or parts == case.parts) and not wrong_condition
