"""Score ``check`` on the corpora: ``python tests/check/scores.py``.

Three numbers: the share of verdicts that are right, the share of mistakes that are named (by one of at most two names),
and how many right ones are accused.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from chainrule.check.implementation import check_implementation
from check.claim_corpus import ClaimScore, claim_scores
from check.implementation_case import RIGHT, Case
from check.implementation_corpus import CORPUS


@dataclass(frozen=True)
class Score:
    """What came of one case."""

    id: str
    verdict: str
    verdict_right: bool
    named: bool | None
    is_right: bool
    accused: bool
    names: tuple[str, ...]
    seconds: float


def implementation_scores(cases: list[Case] | None = None) -> list[Score]:
    """Check every implementation of the corpus."""
    found = []
    for case in CORPUS if cases is None else cases:
        function = case.load()
        begin = time.perf_counter()
        verdict = check_implementation(function, **case.options)
        names = tuple(mistake.name for mistake in verdict.diagnoses)
        found.append(
            Score(
                case.id,
                verdict.verdict,
                verdict.verdict in case.verdicts,
                bool(set(names) & set(case.names)) if case.names else None,
                case.verdicts == RIGHT,
                case.verdicts == RIGHT and (verdict.verdict != "right" or bool(names)),
                names,
                time.perf_counter() - begin,
            )
        )
    return found


def summary(scores: Sequence[Score | ClaimScore]) -> dict[str, str]:
    """Return the three numbers of the scores."""
    named = [score.named for score in scores if score.named is not None]
    return {
        "verdicts right": f"{sum(score.verdict_right for score in scores)} of {len(scores)}",
        "mistakes named": f"{sum(named)} of {len(named)}",
        "right ones accused": f"{sum(score.accused for score in scores)} of {sum(score.is_right for score in scores)}",
        "longest": f"{max(score.seconds for score in scores):.1f} s",
    }


def main() -> int:
    """Print the scores, and each case that missed."""
    missed = [_printed("claims", claim_scores()), _printed("implementations", implementation_scores())]
    return int(any(missed))


def _printed(kind: str, scores: Sequence[Score | ClaimScore]) -> bool:
    for score in scores:
        if not score.verdict_right or score.named is False or score.accused:
            print(f"{score.id}: {score.verdict}, {', '.join(score.names) or 'no name'}")
    print(f"{kind}:", ", ".join(f"{name} {value}" for name, value in summary(scores).items()))
    return any(not score.verdict_right or score.accused for score in scores)


if __name__ == "__main__":
    sys.exit(main())
