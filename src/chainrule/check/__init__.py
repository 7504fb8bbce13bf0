"""What a person believes or wrote, judged: formulas and functions, with the name of the mistake."""

from chainrule.check.checking import check
from chainrule.check.claim import check_claim
from chainrule.check.claim_report import claim_lines, claim_text
from chainrule.check.claim_verdict import ClaimMistake, ClaimVerdict, Counterexample, PartVerdict
from chainrule.check.convention import KINDS
from chainrule.check.diagnoses import DIAGNOSES, Diagnosis
from chainrule.check.implementation import check_implementation
from chainrule.check.implementation_verdict import ImplementationVerdict, NamedMistake
from chainrule.check.isolated_run import check_file

__all__ = [
    "DIAGNOSES",
    "KINDS",
    "ClaimMistake",
    "ClaimVerdict",
    "Counterexample",
    "Diagnosis",
    "ImplementationVerdict",
    "NamedMistake",
    "PartVerdict",
    "check",
    "check_claim",
    "check_file",
    "check_implementation",
    "claim_lines",
    "claim_text",
]
