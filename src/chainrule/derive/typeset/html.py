"""A derivation as HTML: its formulas in MathML with their ASCII reading, its colours those of what is around it."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from chainrule.derive.derivation import Derivation
from chainrule.derive.expressions import Expression
from chainrule.derive.rewriting import Relation
from chainrule.derive.typeset.arrangement import box, condition_boxes, equation
from chainrule.derive.typeset.layout import Operator, Row
from chainrule.derive.typeset.mathml import math_element
from chainrule.derive.typeset.numbers import Numbers
from chainrule.derive.typeset.plain import formula_text
from chainrule.derive.typeset.shown import (
    ShownNumbers,
    conditions_used,
    numbers_at,
    rules_used,
    shown_sections,
)
from chainrule.derive.typeset.words import begins_with_a_word, context_words, quantity_words

TEMPLATES = Path(__file__).parent / "templates"


def derivation_html(
    derivation: Derivation,
    *,
    detail: bool = False,
    brief: bool = False,
    numbers: Numbers | None = None,
    heading_level: int = 3,
    style: bool = True,
    head: bool = True,
) -> Markup:
    """Return a derivation as a fragment of HTML that needs nothing else.

    Parameters
    ----------
    derivation : Derivation
        What to show.
    detail, brief : bool
        As for text.
    numbers : Numbers, optional
        One example's numbers, shown beside the formulas.
    heading_level : int
        The level of the headings of sections, 2 to 6.
    style : bool
        Whether the fragment has its style; of several on a page, one needs it.
    head : bool
        Whether the quantity and the context are told in words first.

    Returns
    -------
    Markup
        HTML in which every word is escaped and every formula is a ``math`` element with its ASCII reading.
    """
    return Markup(
        environment()
        .get_template("derivation.html")
        .render(
            quantity=_capital(quantity_words(derivation.quantity)),
            context=context_words(derivation.context),
            sections=() if brief else shown_sections(derivation, detail=detail, numbers=numbers),
            result=(derivation.quantity, derivation.result),
            result_numbers=numbers_at(derivation.quantity, derivation.result, None, numbers),
            stuck=derivation.stuck,
            rules=rules_used(derivation) if brief else (),
            conditions=conditions_used(derivation) if brief else (),
            detail=detail,
            level=min(max(heading_level, 2), 6),
            style=derivation_style() if style else None,
            head=head,
        )
    )


def derivation_style() -> Markup:
    """Return the style of the fragments; it speaks of nothing but them, and takes over colours and fonts."""
    return Markup((TEMPLATES / "derivation.css").read_text(encoding="utf-8"))


def equation_mathml(
    quantity: Expression, after: Expression, case: Relation | None = None, *, block: bool = True
) -> Markup:
    """Return a line as a ``math`` element with its ASCII reading."""
    condition = None if case is None else condition_boxes(case.first, case.second, equal=case.equal)
    return math_element(
        equation(quantity, after, condition), formula_text(quantity, after, case), block=block
    )


def numbers_mathml(found: ShownNumbers) -> Markup:
    """Return a line with numbers as a ``math`` element with its ASCII reading."""
    end = () if found.value is None else (Operator("="), box(found.value))
    reading = str(found.formula) if found.value is None else f"{found.formula} = {found.value}"
    return math_element(Row((box(found.formula), *end)), reading)


@cache
def environment() -> Environment:
    """Return what renders the template: every value is escaped, and an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "equation": equation_mathml,
        "numbers_formula": numbers_mathml,
        "length_class": length_class,
    }
    made.filters["sentence"] = sentence
    return made


def sentence(text: str) -> str:
    """Return words as a sentence.

    Examples
    --------
    >>> sentence("the loss is a sum"), sentence("Y_i stays.")
    ('The loss is a sum.', 'Y_i stays.')
    """
    begun = _capital(text) if begins_with_a_word(text) else text
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."


def length_class(quantity: Expression, after: Expression) -> str:
    """Return a class for the size of a formula on paper, where nothing can be scrolled."""
    length = len(f"{quantity} = {after}")
    return " very-long" if length > 180 else " long" if length > 110 else ""


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
