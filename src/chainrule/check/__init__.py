"""What a person believes or wrote, judged: formulas and functions, with the name of the mistake."""

from chainrule.check.diagnoses import DIAGNOSES, Diagnosis

__all__ = [
    "DIAGNOSES",
    "Diagnosis",
]
