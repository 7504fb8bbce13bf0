"""Functions and what they are applied to; the softmax of the logits is the output."""

from fractions import Fraction

from chainrule.derive.cursor import Cursor
from chainrule.derive.expressions import (
    FUNCTIONS,
    Call,
    Divide,
    Entry,
    Expression,
    Sum,
    free_letters,
    fresh_letter,
    number,
    rename,
)
from chainrule.derive.subscripts import indices_of
from chainrule.derive.tokens import SUBSCRIPT, Token
from chainrule.derive.unindexed import has_vectors, put_index


def is_function(token: Token) -> bool:
    """Return whether a word is always a function."""
    return token.text in FUNCTIONS or token.text in ("softmax", "sigma")


def applied(token: Token, arguments: tuple[Expression, ...], cursor: Cursor) -> Expression:
    """Return a function of its arguments; raises GrammarError where their number does not fit."""
    name = token.text
    wanted = "at least two arguments" if name == "max" else "one argument"
    if (len(arguments) < 2) if name == "max" else (len(arguments) != 1):
        remedy = "Write max(0, U1_j)." if name == "max" else f"Write {name}(...) of one."
        raise cursor.error(f"{name} has {wanted}", f"{len(arguments)}", remedy, token.start)
    if name not in FUNCTIONS:
        return _output(token, arguments[0], cursor)
    plain = not token.digits and token.subscript is None and token.brackets is None
    if not plain:
        return _logarithm_to_base(token, arguments[0], cursor)
    return Call(name, arguments)


def _logarithm_to_base(token: Token, argument: Expression, cursor: Cursor) -> Expression:
    """Return ``log_2(u)`` as ln(u)/ln(2)."""
    base = token.subscript or token.digits
    if token.text != "log" or not base.isdigit() or int(base[:9]) < 2 or len(base) > 9:
        came = token.digits or token.subscript or token.brackets or ""
        remedy = f"Write {token.text}(...), or log_2(...) for another base."
        raise cursor.error("functions have no index", f"{token.text} with {came!r}", remedy, token.start)
    return Divide(Call("ln", (argument,)), Call("ln", (number(Fraction(int(base))),)))


def _output(token: Token, argument: Expression, cursor: Cursor) -> Expression:
    """Return the softmax of the logits as the output, and that of anything else as what it is."""
    found = _softmax(token, argument, cursor)
    indices = indices_of(token, False, cursor.source)
    return found if not indices else _with_index(found, indices, token, cursor)


def _softmax(token: Token, argument: Expression, cursor: Cursor) -> Expression:
    if isinstance(argument, Entry) and argument.name == "Z":
        return Entry("O", None, argument.indices)
    if token.text == "sigma":
        return Call("sigmoid", (argument,))
    letters = sorted(free_letters(argument))
    i = fresh_letter(cursor.letters, "ijmlpqrsuv")
    if has_vectors(argument) and not letters:
        return _ratio(argument, put_index(argument, i), i)
    if len(letters) == 1 and not has_vectors(argument):
        return _ratio(argument, rename(argument, letters[0], i), i)
    remedy = "Write softmax(Z)_k, softmax(O_k) or softmax(Z/T)_k."
    raise cursor.error("a softmax is that of one vector", "another argument", remedy, token.start)


def _ratio(argument: Expression, other: Expression, index: str) -> Expression:
    return Divide(Call("exp", (argument,)), Sum(index, Call("exp", (other,))))


def take_index(expression: Expression, cursor: Cursor) -> Expression:
    """Read the subscript behind a parenthesis, if any: ``softmax(Z)_k`` and ``(O - Y)_k``."""
    if not cursor.at(SUBSCRIPT):
        return expression
    token = cursor.take()
    return _with_index(expression, indices_of(token, False, cursor.source), token, cursor)


def _with_index(
    expression: Expression, indices: tuple[object, ...], token: Token, cursor: Cursor
) -> Expression:
    index = indices[0]
    if len(indices) != 1 or not has_vectors(expression) or not isinstance(index, str | int):
        remedy = "Write O_k - Y_k, or (O - Y)_k with vectors inside."
        raise cursor.error(
            "one index is put to vectors that have none", f"{len(indices)}", remedy, token.start
        )
    return put_index(expression, index)
