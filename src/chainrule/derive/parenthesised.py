"""Expressions with every operation in parentheses: how a claim was read."""

from chainrule.derive.ascii_text import ascii_text, entry_text
from chainrule.derive.expressions import (
    MINUS_ONE,
    Add,
    Call,
    Derivative,
    Divide,
    Entry,
    Expression,
    Multiply,
    Number,
    Power,
    Sum,
)


def parenthesised(expression: Expression) -> str:
    """Return an expression's text with parentheses around every operation but the outermost.

    Examples
    --------
    >>> from chainrule.derive.expressions import Symbol, number
    >>> print(parenthesised(Divide(Power(Symbol("K"), number(2)), Symbol("N"))))
    (K^2)/N
    """
    match expression:
        case Add(terms):
            return _terms(terms)
        case Multiply(factors):
            return _factors(factors)
        case Divide(numerator, denominator):
            return f"{_inner(numerator)}/{_inner(denominator)}"
        case Power(base, exponent):
            below = f"({parenthesised(base)})" if isinstance(base, Derivative) else _inner(base)
            return f"{below}^{_inner(exponent)}"
        case Sum(index, body, _):
            head = ascii_text(Sum(index, Entry("E"), expression.excluding)).removesuffix(" E")
            return f"{head} {_inner(body)}"
        case Call(function, arguments):
            return f"{function}({', '.join(map(parenthesised, arguments))})"
        case Derivative():
            return _derivative(expression)
    return ascii_text(expression)


def _inner(expression: Expression) -> str:
    text = parenthesised(expression)
    operation = isinstance(expression, Add | Multiply | Divide | Power | Sum)
    signed = isinstance(expression, Number) and not text.replace(".", "", 1).isalnum()
    return f"({text})" if operation or signed else text


def _terms(terms: tuple[Expression, ...]) -> str:
    text = _inner(terms[0])
    for term in terms[1:]:
        negative = _negated(term)
        text += f" + {_inner(term)}" if negative is None else f" - {_inner(negative)}"
    return text


def _negated(term: Expression) -> Expression | None:
    """Return what a term with a minus sign subtracts; None for other terms."""
    match term:
        case Multiply((first, *rest)) if first == MINUS_ONE and rest:
            return rest[0] if len(rest) == 1 else Multiply(tuple(rest))
        case Number(value, literal) if value < 0:
            return Number(-value, literal.removeprefix("-") if literal else None)
    return None


def _factors(factors: tuple[Expression, ...]) -> str:
    negative = _negated(Multiply(factors)) if factors[0] == MINUS_ONE else None
    return "*".join(map(_inner, factors)) if negative is None else f"-{_inner(negative)}"


def _derivative(expression: Derivative) -> str:
    """Return a derivative with what is derived in parentheses, where it is more than a letter."""
    if isinstance(expression.of, Entry):
        return ascii_text(expression)
    text = f"({parenthesised(expression.of)})"
    for entry in expression.by:
        text = f"(d{text}/d{entry_text(entry)})"
    return text[1:-1]
