"""Boxes as LaTeX that needs amsmath and nothing else, and that MathJax and KaTeX read too."""

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

SIGNS = {
    "+": " + ",
    "-": " - ",
    "*": r"\, ",
    ".": r" \cdot ",
    "/": "/",
    "=": " = ",
    "!=": r" \neq ",
    ",": ", ",
    "...": r"\cdots",
    "d": r"\partial ",
}
KNOWN_FUNCTIONS = ("exp", "ln", "log", "max", "tanh")
GREEK = ("delta", "sigma", "varepsilon")
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
}
SPECIAL |= {character: f"\\{character}" for character in "&%$#_"}
TALL = (Fraction, SumSign, Root)


def latex(expression: Expression) -> str:
    r"""Return an expression as LaTeX for math mode.

    Examples
    --------
    >>> from chainrule.derive.expressions import Divide, Entry, number
    >>> print(latex(Divide(number(1), Entry("O", None, ("i",)))))
    \frac{1}{O_{i}}
    """
    return latex_of_boxes(box(expression))


def latex_of_boxes(found: Box) -> str:
    """Return boxes as LaTeX for math mode."""
    match found:
        case Name(text):
            return f"\\{text}" if text in GREEK else text if len(text) == 1 else _letters(text)
        case Numeral(text):
            return text.replace(",", "{,}")
        case Operator(sign, prefix):
            return "-" if prefix and sign == "-" else SIGNS[sign]
        case Function(text):
            return f"\\{text} " if text in KNOWN_FUNCTIONS else f"\\operatorname{{{text}}}"
        case Words(text):
            return f"\\quad \\text{{{escaped(text)}}}\\ "
        case Row(boxes):
            return "".join(map(latex_of_boxes, boxes))
        case Fraction(above, below):
            return f"\\frac{{{latex_of_boxes(above).strip()}}}{{{latex_of_boxes(below)}}}"
        case Scripts(base, low, high):
            return _scripts(base, low, high)
        case SumSign(under):
            return f"\\sum_{{{latex_of_boxes(under)}}} "
        case Fenced(inside, bars):
            return _fenced(latex_of_boxes(inside), "||" if bars else "()", tall=is_tall(inside))
        case Root(inside):
            return f"\\sqrt{{{latex_of_boxes(inside)}}}"


def escaped(text: str) -> str:
    r"""Return words for ``\text``: no character of theirs is a command.

    Examples
    --------
    >>> print(escaped("50 % of A_1"))
    50 \% of A\_1
    """
    return "".join(SPECIAL.get(character, character) for character in text)


def is_tall(found: Box) -> bool:
    """Return whether a box is higher than a line, so that what is around it has to grow."""
    match found:
        case Row(boxes):
            return any(map(is_tall, boxes))
        case Fenced(inside):
            return is_tall(inside)
        case Scripts(base):
            return is_tall(base)
    return isinstance(found, TALL)


def _letters(text: str) -> str:
    """Return a name of several letters, an index such as i1 among them, upright save its first letter's number."""
    return f"{text[0]}_{{{text[1:]}}}" if text[1:].isdigit() else f"\\mathrm{{{text}}}"


def _scripts(base: Box, low: Box | None, high: Box | None) -> str:
    text = latex_of_boxes(base).strip()
    text += "" if low is None else f"_{{{latex_of_boxes(low)}}}"
    return text + ("" if high is None else f"^{{{latex_of_boxes(high)}}}")


def _fenced(inside: str, fence: str, *, tall: bool) -> str:
    return f"\\left{fence[0]}{inside}\\right{fence[1]}" if tall else f"{fence[0]}{inside}{fence[1]}"
