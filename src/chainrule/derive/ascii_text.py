"""Expressions as ASCII that the grammar reads back: ``-sum_i Y_i*ln(O_i)``."""

from fractions import Fraction

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

SUM, PRODUCT, MINUS, POWER, ATOM = range(5)
"""How tightly an expression's outermost operation binds."""


def ascii_text(expression: Expression) -> str:
    """Return an expression's text, with the parentheses that the grammar needs and no others.

    Examples
    --------
    >>> ascii_text(Multiply((MINUS_ONE, Sum("i", Entry("Y", None, ("i",))))))
    '-sum_i Y_i'
    """
    return _text(expression)[0]


def indices_text(indices: tuple[Index, ...]) -> str:
    """Return subscripts: letters and digits side by side, longer ones in braces.

    Examples
    --------
    >>> indices_text(("k", 2)), indices_text((12, 3)), indices_text(("i1",))
    ('_k2', '_{12,3}', '_{i1}')
    """
    texts = [str(index) for index in indices]
    if not texts:
        return ""
    return "_" + "".join(texts) if all(len(text) == 1 for text in texts) else f"_{{{','.join(texts)}}}"


def entry_text(entry: Entry) -> str:
    """Return an entry's text.

    Examples
    --------
    >>> entry_text(Entry("W", 2, ("k", "j"))), entry_text(Entry("O", None, (1, 2)))
    ('W2_kj', 'O_{1,2}')
    """
    positions = (
        entry.name != "W"
        and len(entry.indices) > 1
        and all(isinstance(index, int) for index in entry.indices)
    )
    below = f"_{{{','.join(map(str, entry.indices))}}}" if positions else indices_text(entry.indices)
    return f"{entry.name}{entry.layer or ''}{below}"


def _text(expression: Expression) -> tuple[str, int]:
    known = expression.__dict__.get("_ascii")
    if known is None:
        known = _written(expression)
        object.__setattr__(expression, "_ascii", known)  # kept: lines are long, and share most of their parts
    return known


def _written(expression: Expression) -> tuple[str, int]:
    match expression:
        case Number(value, literal):
            return literal or _number(value), _strength_of_number(value, literal is not None)
        case Symbol(name):
            return name, ATOM
        case Entry():
            return entry_text(expression), ATOM
        case Delta(first, second):
            return "delta" + indices_text((first, second)), ATOM
        case Call(function, arguments):
            return f"{function}({', '.join(_text(argument)[0] for argument in arguments)})", ATOM
        case Derivative(of, by):
            return _derivative(of, by), ATOM
        case Add(terms):
            return _sum_of(terms), SUM
        case Multiply(factors):
            return _product(factors)
        case Divide(numerator, denominator):
            return f"{_as_factor(numerator, last=False)}/{_within(denominator, POWER)}", PRODUCT
        case Power(base, exponent):
            of_derivative = isinstance(base, Derivative)
            text = f"({_text(base)[0]})" if of_derivative else _within(base, ATOM)
            return f"{text}^{_within(exponent, ATOM)}", POWER
        case Sum(index, body, excluding):
            under = f"{{{', '.join(f'{index} != {other}' for other in excluding)}}}" if excluding else ""
            inner = _as_factor(body, last=True, first=False)
            return f"sum_{under or (index if len(index) == 1 else f'{{{index}}}')} {inner}", PRODUCT
    raise AssertionError(f"no text for {type(expression).__name__}")


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def _strength_of_number(value: Fraction, typed: bool) -> int:
    return PRODUCT if value.denominator != 1 and not typed else ATOM if value >= 0 else MINUS


def _within(expression: Expression, least: int) -> str:
    text, strength = _text(expression)
    return text if strength >= least else f"({text})"


def _sum_of(terms: tuple[Expression, ...]) -> str:
    text = _within(terms[0], PRODUCT)
    for term in terms[1:]:
        part = _within(term, PRODUCT)
        text += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
    return text


def _product(factors: tuple[Expression, ...]) -> tuple[str, int]:
    if factors[0] == MINUS_ONE and len(factors) > 1:
        rest = factors[1] if len(factors) == 2 else Multiply(factors[1:])
        text = _within(rest, PRODUCT)
        return (f"-({text})" if text.startswith("-") else f"-{text}"), PRODUCT
    texts = [_as_factor(factor, last=False, first=place == 0) for place, factor in enumerate(factors[:-1])]
    return "*".join([*texts, _as_factor(factors[-1], last=True, first=len(factors) == 1)]), PRODUCT


def _as_factor(expression: Expression, *, last: bool, first: bool = True) -> str:
    """Return a factor's text: a sum over an index would take the factors after it, a minus sign stands first alone."""
    text, strength = _text(expression)
    alone = isinstance(expression, Divide | Number) and not first and strength < POWER
    takes_more = _ends_in_a_sum(expression) and not last
    return (
        f"({text})" if strength < PRODUCT or alone or takes_more or (text[0] == "-" and not first) else text
    )


def _ends_in_a_sum(expression: Expression) -> bool:
    if isinstance(expression, Multiply):
        return _ends_in_a_sum(expression.factors[-1])
    return isinstance(expression, Sum)


def _derivative(of: Expression, by: tuple[Entry, ...]) -> str:
    if len(by) > 1 and not isinstance(of, Entry):
        return _derivative(Derivative(of, by[:-1]), by[-1:])
    inner = entry_text(of) if isinstance(of, Entry) else f"({_text(of)[0]})"
    if len(by) == 1:
        return f"d{inner}/d{entry_text(by[0])}"
    same = len(set(by)) == 1
    under = f"d{entry_text(by[0])}^{len(by)}" if same else " ".join(f"d{entry_text(entry)}" for entry in by)
    return f"d{len(by)}{inner}/{under}"
