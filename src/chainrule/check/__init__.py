"""What a person believes or wrote, judged: formulas and functions, with the name of the mistake."""

from chainrule.check.claim import check_claim
from chainrule.check.claim_verdict import ClaimVerdict, Counterexample, NamedMistake, PartVerdict
from chainrule.check.diagnoses import DIAGNOSES, Diagnosis

__all__ = [
    "DIAGNOSES",
    "ClaimVerdict",
    "Counterexample",
    "Diagnosis",
    "NamedMistake",
    "PartVerdict",
    "check_claim",
]
