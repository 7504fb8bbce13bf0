"""A derivation as one MathML table: a row for each line, its rule beside it."""

from markupsafe import Markup

from chainrule.derive.derivation import Derivation
from chainrule.derive.expressions import Expression
from chainrule.derive.rewriting import Relation
from chainrule.derive.typeset.arrangement import box, condition_boxes
from chainrule.derive.typeset.layout import Box, Row
from chainrule.derive.typeset.mathml import math_table
from chainrule.derive.typeset.plain import formula_text
from chainrule.derive.typeset.shown import shown_sections


def derivation_mathml(derivation: Derivation, *, detail: bool = False, brief: bool = False) -> Markup:
    """Return a derivation as one ``math`` element; its alternative text is its lines, as they can be typed."""
    lines: list[tuple[Expression, Expression, Relation | None, str]] = []
    for section in () if brief else shown_sections(derivation, detail=detail):
        if section.begins is not None:
            lines.append((*section.begins, None, "beginning"))
        lines += [(step.quantity, step.after, step.case, step.rule) for step in section.steps]
    lines.append((derivation.quantity, derivation.result, None, "result"))
    reading = "; ".join(formula_text(quantity, after, case) for quantity, after, case, _ in lines)
    return math_table(tuple(_row(*line) for line in lines), reading)


def _row(quantity: Expression, after: Expression, case: Relation | None, words: str) -> tuple[Box, Box, str]:
    condition = () if case is None else condition_boxes(case.first, case.second, equal=case.equal).boxes
    return box(quantity), Row((box(after), *condition)), words
