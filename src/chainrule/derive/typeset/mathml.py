"""Boxes as presentation MathML of the core that browsers draw, with what a formula says as its alternative text."""

from markupsafe import Markup, escape

from chainrule.derive.expressions import Expression
from chainrule.derive.typeset.arrangement import box
from chainrule.derive.typeset.layout import (
    Box,
    Fenced,
    Fraction,
    Function,
    Name,
    Numeral,
    Operator,
    Root,
    Row,
    Scripts,
    SumSign,
    Words,
)

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
SIGNS = {
    "+": "+",
    "-": "\N{MINUS SIGN}",
    "*": "\N{INVISIBLE TIMES}",
    ".": "\N{DOT OPERATOR}",
    "/": "/",
    "=": "=",
    "!=": "\N{NOT EQUAL TO}",
    ",": ",",
    "...": "\N{MIDLINE HORIZONTAL ELLIPSIS}",
}
CELL = '<mtd style="text-align: left; padding-inline: 0.3em">{}</mtd>'
PARTIAL = Markup('<mi mathvariant="normal">\N{PARTIAL DIFFERENTIAL}</mi>')
GAP = Markup('<mspace width="0.17em"/>')
APPLY = Markup("<mo>\N{FUNCTION APPLICATION}</mo>")
GREEK = {
    "delta": "\N{GREEK SMALL LETTER DELTA}",
    "sigma": "\N{GREEK SMALL LETTER SIGMA}",
    "varepsilon": "\N{GREEK SMALL LETTER EPSILON}",
}


def mathml(expression: Expression, *, block: bool = False) -> Markup:
    """Return an expression as a ``math`` element.

    Examples
    --------
    >>> from chainrule.derive.expressions import Entry
    >>> print(mathml(Entry("O", None, ("i",))))
    <math xmlns="http://www.w3.org/1998/Math/MathML" alttext="O_i"><msub><mi>O</mi><mi>i</mi></msub></math>
    """
    return math_element(box(expression), str(expression), block=block)


def math_element(found: Box, reading: str, *, block: bool = False) -> Markup:
    """Return boxes as a ``math`` element whose alternative text is their ASCII reading."""
    display = Markup(' display="block"') if block else Markup()
    template = Markup('<math xmlns="{}"{} alttext="{}">{}</math>')
    return template.format(NAMESPACE, display, reading, elements(found))


def math_table(rows: tuple[tuple[Box, Box, str], ...], reading: str) -> Markup:
    """Return lines as one ``math`` element: what a line is about, what it equals, and words beside it."""
    cells = Markup()
    for left, right, words in rows:
        beside = _element("mtext", escape(words)) if words else Markup()
        columns = (elements(left), Markup("<mo>=</mo>") + elements(right), beside)
        cells += _element("mtr", Markup().join(Markup(CELL).format(column) for column in columns))
    template = Markup(
        '<math xmlns="{}" display="block" alttext="{}"><mtable displaystyle="true">{}</mtable></math>'
    )
    return template.format(NAMESPACE, reading, cells)


def elements(found: Box) -> Markup:
    """Return boxes as elements inside ``math``."""
    match found:
        case Name(text):
            return _name(text)
        case Numeral(text):
            return _element("mn", escape(text))
        case Operator(sign, prefix):
            return _operator(sign, prefix=prefix)
        case Function(text):
            return _element("mi", escape(text)) + APPLY
        case Row((Function(text), argument)) if not isinstance(argument, Fenced):
            return _element("mrow", elements(Function(text)) + GAP + elements(argument))
        case Words(text):
            return _element("mtext", Markup("&#160;&#160;{}&#160;").format(text))
        case Row(boxes):
            return _element("mrow", Markup().join(map(elements, boxes)))
        case Fraction(above, below):
            return _element("mfrac", elements(above) + elements(below))
        case Scripts():
            return _scripts(found)
        case SumSign(under):
            return _element(
                "munder", Markup('<mo movablelimits="false">\N{N-ARY SUMMATION}</mo>') + elements(under)
            )
        case Fenced(inside, bars):
            return _fenced(elements(inside), "||" if bars else "()")
        case Root(inside):
            return _element("msqrt", elements(inside))


def _element(name: str, inside: Markup) -> Markup:
    return Markup(f"<{name}>") + inside + Markup(f"</{name}>")


def _name(text: str) -> Markup:
    letter = GREEK.get(text, text)
    if len(letter) > 1 and letter[1:].isdigit():
        return _element("msub", _element("mi", escape(letter[0])) + _element("mn", escape(letter[1:])))
    return _element("mi", escape(letter))


def _operator(sign: str, *, prefix: bool) -> Markup:
    if sign == "d":
        return PARTIAL
    form = Markup(' form="prefix"') if prefix else Markup()
    return Markup("<mo{}>{}</mo>").format(form, SIGNS[sign])


def _scripts(found: Scripts) -> Markup:
    base = elements(found.base)
    if found.low is not None and found.high is not None:
        return _element("msubsup", base + elements(found.low) + elements(found.high))
    if found.low is not None:
        return _element("msub", base + elements(found.low))
    assert found.high is not None, "a box with scripts has one"
    return _element("msup", base + elements(found.high))


def _fenced(inside: Markup, fence: str) -> Markup:
    opening = Markup('<mo fence="true" form="prefix">{}</mo>').format(fence[0])
    closing = Markup('<mo fence="true" form="postfix">{}</mo>').format(fence[1])
    return _element("mrow", opening + inside + closing)
