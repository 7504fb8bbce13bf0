"""One example through one network: each step of a derivation with its numbers, beside two that know nothing of it."""

from chainrule.explain.explaining import explain
from chainrule.explain.explanation import ExplainedStep, Explanation, Kink, Names, Vector
from chainrule.explain.html import explanation_style
from chainrule.explain.text import explanation_lines

__all__ = [
    "ExplainedStep",
    "Explanation",
    "Kink",
    "Names",
    "Vector",
    "explain",
    "explanation_lines",
    "explanation_style",
]
