"""Formulas of a network as values: the one grammar that reads them, and what can be said of them in symbols."""

from chainrule.derive.claim_grammar import ClaimPart, Place, read_claim
from chainrule.derive.conditions import Condition, OneHot, Setting
from chainrule.derive.derivation import Derivation, Section, Step
from chainrule.derive.engine import derive
from chainrule.derive.grammar import read_expression, read_quantity
from chainrule.derive.grammar_error import GrammarError
from chainrule.derive.name_check import check_names
from chainrule.derive.parenthesised import parenthesised
from chainrule.derive.typeset import (
    Line,
    Numbers,
    context_words,
    derivation_html,
    derivation_json,
    derivation_mathml,
    derivation_style,
    derivation_text,
    derivation_values,
    equation_latex,
    equation_mathml,
    formula_text,
    given_numbers,
    latex,
    latex_display,
    latex_document,
    mathml,
    numbers_mathml,
    numeral,
    quantity_words,
    text_lines,
    with_numbers,
    wrapped_formula,
)

__all__ = [
    "ClaimPart",
    "Condition",
    "Derivation",
    "GrammarError",
    "Line",
    "Numbers",
    "OneHot",
    "Place",
    "Section",
    "Setting",
    "Step",
    "check_names",
    "context_words",
    "derivation_html",
    "derivation_json",
    "derivation_mathml",
    "derivation_style",
    "derivation_text",
    "derivation_values",
    "derive",
    "equation_latex",
    "equation_mathml",
    "formula_text",
    "given_numbers",
    "latex",
    "latex_display",
    "latex_document",
    "mathml",
    "numbers_mathml",
    "numeral",
    "parenthesised",
    "quantity_words",
    "read_claim",
    "read_expression",
    "read_quantity",
    "text_lines",
    "with_numbers",
    "wrapped_formula",
]
