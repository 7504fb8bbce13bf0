"""Formulas of a network as values: the one grammar that reads them, and what can be said of them in symbols."""

from chainrule.derive.claim_grammar import ClaimPart, Place, read_claim
from chainrule.derive.conditions import Condition, OneHot, Setting
from chainrule.derive.grammar import read_expression, read_quantity
from chainrule.derive.grammar_error import GrammarError
from chainrule.derive.name_check import check_names
from chainrule.derive.parenthesised import parenthesised

__all__ = [
    "ClaimPart",
    "Condition",
    "GrammarError",
    "OneHot",
    "Place",
    "Setting",
    "check_names",
    "parenthesised",
    "read_claim",
    "read_expression",
    "read_quantity",
]
