"""Derivations as a person sees them: text, LaTeX, MathML, HTML and JSON, all from the same steps."""

from chainrule.derive.typeset.documents import equation_latex, latex_display, latex_document
from chainrule.derive.typeset.given_numbers import given_numbers
from chainrule.derive.typeset.html import derivation_html, derivation_style, equation_mathml, numbers_mathml
from chainrule.derive.typeset.json_text import derivation_json, derivation_values
from chainrule.derive.typeset.latex import escaped as latex_escaped
from chainrule.derive.typeset.latex import latex
from chainrule.derive.typeset.mathml import mathml
from chainrule.derive.typeset.mathml_table import derivation_mathml
from chainrule.derive.typeset.numbers import Numbers, numeral, with_numbers
from chainrule.derive.typeset.plain import Line, derivation_text, formula_text, text_lines, wrapped_formula
from chainrule.derive.typeset.words import context_words, quantity_words

__all__ = [
    "Line",
    "Numbers",
    "context_words",
    "derivation_html",
    "derivation_json",
    "derivation_mathml",
    "derivation_style",
    "derivation_text",
    "derivation_values",
    "equation_latex",
    "equation_mathml",
    "formula_text",
    "given_numbers",
    "latex",
    "latex_display",
    "latex_document",
    "latex_escaped",
    "mathml",
    "numbers_mathml",
    "numeral",
    "quantity_words",
    "text_lines",
    "with_numbers",
    "wrapped_formula",
]
