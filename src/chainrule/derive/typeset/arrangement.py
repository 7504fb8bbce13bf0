"""Expressions arranged as boxes: products without signs, quotients as fractions, parentheses where they are needed."""

from chainrule.derive.expressions import (
    MINUS_ONE,
    Add,
    Call,
    Delta,
    Derivative,
    Divide,
    Entry,
    Expression,
    Index,
    Multiply,
    Number,
    Power,
    Sum,
    Symbol,
)
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

ELLIPSIS = "..."
"""The symbol that stands for the terms that are left out."""
FUNCTION_NAMES = {"sigmoid": "sigma", "relu": "ReLU", "step": "step"}
GREEK_NAMES = {"eps": "varepsilon"}


def condition_boxes(first: Index, second: Index, *, equal: bool) -> Row:
    """Return the boxes of the case in which a line holds: ``if i != k``."""
    return Row((Words("if"), _index(first), Operator("=" if equal else "!="), _index(second)))


def equation(left: Expression, right: Expression, condition: Row | None = None) -> Row:
    """Return the boxes of ``left = right``, with the case in which it holds."""
    return Row((box(left), Operator("="), box(right), *(() if condition is None else condition.boxes)))


def box(expression: Expression) -> Box:
    """Return the boxes of an expression that stands alone."""
    match expression:
        case Number(value, literal):
            return _number(literal or str(value))
        case Symbol(name):
            return Operator("...") if name == ELLIPSIS else Name(GREEK_NAMES.get(name, name))
        case Entry():
            return _entry(expression)
        case Delta(first, second):
            return Scripts(Name("delta"), low=_indices((first, second)))
        case Call(function, arguments):
            return _call(function, arguments)
        case Derivative(of, by):
            return _derivative(of, by)
        case Add(terms):
            return _terms(terms)
        case Multiply(factors):
            return _product(factors)
        case Divide(numerator, denominator):
            return Fraction(box(numerator), box(denominator))
        case Power(base, exponent):
            return _power(base, exponent)
        case Sum(index, body, excluding):
            return _sum(index, body, excluding)
    raise AssertionError(f"no boxes for {type(expression).__name__}")


def _number(text: str) -> Box:
    if text.startswith("-"):
        return Row((Operator("-", prefix=True), _number(text[1:])))
    if "/" in text:
        above, below = text.split("/")
        return Fraction(Numeral(above), Numeral(below))
    if "e" in text:
        mantissa, exponent = text.split("e")
        power = Scripts(Numeral("10"), high=_number(str(int(exponent))))
        return Row((Numeral(mantissa), Operator("."), power))
    return Numeral(text)


def _index(index: Index) -> Box:
    return Numeral(str(index)) if isinstance(index, int) else Name(index)


def _indices(indices: tuple[Index, ...]) -> Box | None:
    if not indices:
        return None
    boxes: list[Box] = []
    for place, index in enumerate(indices):
        apart = place > 0 and not all(isinstance(each, str) and len(each) == 1 for each in indices)
        boxes += [Operator(","), _index(index)] if apart else [_index(index)]
    return boxes[0] if len(boxes) == 1 else Row(tuple(boxes))


def _entry(entry: Entry) -> Box:
    layer = None if entry.layer is None else Fenced(Numeral(str(entry.layer)))
    low = _indices(entry.indices)
    return Name(entry.name) if low is None and layer is None else Scripts(Name(entry.name), low, layer)


def _call(function: str, arguments: tuple[Expression, ...]) -> Box:
    exponent = _exponent(arguments[0]) if function == "exp" else None
    if exponent is not None:
        return Scripts(Name("e"), high=exponent)
    inside = _listed(arguments)
    match function:
        case "sqrt":
            return Root(inside)
        case "abs":
            return Fenced(inside, bars=True)
        case "sigmoid":
            return Row((Name("sigma"), Fenced(inside)))
    bare = function in ("ln", "log") and len(arguments) == 1 and _is_bare(arguments[0])
    return Row((Function(FUNCTION_NAMES.get(function, function)), inside if bare else Fenced(inside)))


def _exponent(argument: Expression) -> Box | None:
    """Return the boxes of what may stand high and small: a letter or number, its negative, or a quotient of two."""
    match argument:
        case Entry() | Symbol():
            return box(argument)
        case Number() if "/" not in str(argument):
            return box(argument)
        case Multiply((first, rest)) if first == MINUS_ONE and (inside := _exponent(rest)) is not None:
            return Row((Operator("-", prefix=True), inside))
        case Divide(Entry() | Symbol() | Number() as above, Entry() | Symbol() | Number() as below):
            return Row((box(above), Operator("/"), box(below)))
    return None


def _is_bare(argument: Expression) -> bool:
    """Return whether an argument of a logarithm needs no parentheses: a letter, perhaps with indices."""
    return isinstance(argument, Entry | Symbol)


def _listed(arguments: tuple[Expression, ...]) -> Box:
    boxes: list[Box] = [box(arguments[0])]
    for argument in arguments[1:]:
        boxes += [Operator(","), box(argument)]
    return boxes[0] if len(boxes) == 1 else Row(tuple(boxes))


def _derivative(of: Expression, by: tuple[Entry, ...]) -> Box:
    order = None if len(by) == 1 else Numeral(str(len(by)))
    sign: Box = (
        Operator("d", prefix=True) if order is None else Scripts(Operator("d", prefix=True), high=order)
    )
    same = order is not None and len(set(by)) == 1
    below = [_raised(_entry(by[0]), order)] if same else [_entry(entry) for entry in by]
    under = Row(tuple(part for entry in below for part in (Operator("d", prefix=True), entry)))
    if isinstance(of, Entry):
        return Fraction(Row((sign, _entry(of))), under)
    inside = box(of)
    return Row((Fraction(sign, under), inside if isinstance(of, Call) else Fenced(inside)))


def _terms(terms: tuple[Expression, ...]) -> Box:
    boxes: list[Box] = []
    for place, term in enumerate(terms):
        negative, rest = _sign_apart(term)
        inside = _within_terms(rest)
        if negative or place > 0:
            boxes.append(Operator("-" if negative else "+", prefix=place == 0))
        boxes.append(inside)
    return Row(tuple(boxes))


def _sign_apart(term: Expression) -> tuple[bool, Expression]:
    """Return whether a term begins with a minus sign, and the term without it."""
    match term:
        case Number(value, literal) if value < 0:
            return True, Number(-value, literal[1:] if literal else None)
        case Multiply(factors) if factors[0] == MINUS_ONE and len(factors) > 1:
            return True, factors[1] if len(factors) == 2 else Multiply(factors[1:])
        case Multiply((Number(value, literal), *rest)) if value < 0:
            return True, Multiply((Number(-value, literal[1:] if literal else None), *rest))
    return False, term


def _within_terms(term: Expression) -> Box:
    negative, _ = _sign_apart(term)
    return Fenced(box(term)) if negative or isinstance(term, Add) else box(term)


def _product(factors: tuple[Expression, ...]) -> Box:
    negative, rest = _sign_apart(Multiply(factors))
    if negative:
        return Row((Operator("-", prefix=True), _within_terms(rest)))
    boxes: list[Box] = []
    for place, factor in enumerate(factors):
        if place:
            boxes.append(Operator("." if _needs_a_dot(factors[place - 1], factor) else "*"))
        boxes.append(_factor(factor, first=place == 0, last=place == len(factors) - 1))
    return Row(tuple(boxes))


def _factor(factor: Expression, *, first: bool, last: bool) -> Box:
    inside = box(factor)
    negative = _sign_apart(factor)[0] and not first
    return Fenced(inside) if _is_fenced(factor) or negative or (not last and _takes_more(factor)) else inside


def _is_fenced(factor: Expression) -> bool:
    return isinstance(factor, Add)


def _takes_more(factor: Expression) -> bool:
    """Return whether the factors that follow would be read as part of this one."""
    match factor:
        case Sum():
            return True
        case Multiply(factors):
            return _takes_more(factors[-1])
        case Call("ln" | "log", (argument,)):
            return _is_bare(argument)
        case Derivative(Call(), _):
            return True
    return False


def _needs_a_dot(before: Expression, after: Expression) -> bool:
    """Return whether two factors side by side would be read as one number, a mixed one such as 1 1/2 among them."""
    if _is_fenced(after):
        return False
    numeral = isinstance(before, Number) and (before.literal is not None or isinstance(after, Divide))
    return numeral or _begins_with_a_digit(after)


def _begins_with_a_digit(factor: Expression) -> bool:
    match factor:
        case Number(value):
            return value >= 0
        case Multiply(factors):
            return _begins_with_a_digit(factors[0])
        case Power(base, _):
            return _begins_with_a_digit(base)
    return False


def _power(base: Expression, exponent: Expression) -> Box:
    return _raised(_atom(base), box(exponent))


def _raised(base: Box, exponent: Box | None) -> Box:
    if isinstance(base, Scripts):
        return (
            Scripts(base.base, base.low, exponent)
            if base.high is None
            else Scripts(Fenced(base), high=exponent)
        )
    return Scripts(base, high=exponent)


def _atom(expression: Expression) -> Box:
    """Return the boxes of what an exponent can be put on, in parentheses unless it is one letter or number."""
    single = isinstance(expression, Entry | Symbol | Delta)
    plain = isinstance(expression, Number) and isinstance(box(expression), Numeral)
    return box(expression) if single or plain else Fenced(box(expression))


def _sum(index: str, body: Expression, excluding: tuple[Index, ...]) -> Box:
    under: list[Box] = [Name(index)]
    for place, other in enumerate(excluding):
        if place:
            under += [Operator(","), Name(index)]
        under += [Operator("!="), _index(other)]
    inside = Fenced(box(body)) if isinstance(body, Add) or _sign_apart(body)[0] else box(body)
    return Row((SumSign(under[0] if len(under) == 1 else Row(tuple(under))), inside))
