"""What a person believes or wrote, judged: formulas and functions, with the name of the mistake."""

from chainrule.check.convention import KINDS
from chainrule.check.diagnoses import DIAGNOSES, Diagnosis
from chainrule.check.implementation import check_implementation
from chainrule.check.implementation_verdict import ImplementationVerdict, NamedMistake
from chainrule.check.isolated_run import check_file

__all__ = [
    "DIAGNOSES",
    "KINDS",
    "Diagnosis",
    "ImplementationVerdict",
    "NamedMistake",
    "check_file",
    "check_implementation",
]
