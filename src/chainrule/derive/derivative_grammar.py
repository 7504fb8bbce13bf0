"""Derivatives as they are written: ``dE/dZ_k``, ``d2E/dZ_k dZ_j``, ``d(O_i*Y_i)/dZ_k``, ``d/dZ_k (...)``."""

from collections.abc import Callable

from chainrule.derive.cursor import Cursor
from chainrule.derive.expressions import Derivative, Entry, Expression
from chainrule.derive.letters import VARIABLES
from chainrule.derive.subscripts import entry_of
from chainrule.derive.tokens import DIFFERENTIAL, NUMBER, WORD

_HIGHEST_ORDER = 4
_FORMS = "Write dE/dZ_k, d2E/dZ_k dZ_j, d2E/dZ_k^2 or d(O_i*Y_i)/dZ_k."


def read_derivative(
    cursor: Cursor, operand: Callable[[Cursor], Expression], product: Callable[[Cursor], Expression]
) -> Expression:
    """Read a derivative from its d on: what is derived with ``operand``, what follows ``d/dZ_k`` with ``product``."""
    start = cursor.take().start
    order = _order(cursor)
    of = None if cursor.at_sign("/") else operand(cursor)
    if not cursor.accept("/"):
        raise cursor.error("a d belongs to a derivative", "no / behind it", _FORMS, start)
    by = _variables(cursor, order or 1, start)
    if order is None and cursor.at_sign("^"):
        remedy = "The second derivative is d2E/dZ_k^2, the square of the first (dE/dZ_k)^2."
        raise cursor.error("a derivative of order 2 says so above as well", "^", remedy)
    return Derivative(product(cursor) if of is None else of, by)


def _order(cursor: Cursor) -> int | None:
    """Read the 2 of ``d2E`` and ``d^2 E``."""
    if not cursor.accept("^"):
        return _whole(cursor) if cursor.at(NUMBER) else None
    return cursor.within_group(_whole)


def _whole(cursor: Cursor) -> int:
    token = cursor.peek
    if token.kind != NUMBER or token.text not in {str(order) for order in range(1, _HIGHEST_ORDER + 1)}:
        raise cursor.error(f"the order of a derivative is 1 to {_HIGHEST_ORDER}", cursor.came(), _FORMS)
    return int(cursor.take().text)


def _variables(cursor: Cursor, order: int, start: int) -> tuple[Entry, ...]:
    """Read what the derivative is taken by, ``dZ_k dZ_j`` or ``dZ_k^2``, until the order is reached."""
    grouped = cursor.accept("(") or cursor.accept("{")
    found: list[Entry] = []
    while len(found) < order or (grouped and cursor.at(DIFFERENTIAL)):
        if found:
            cursor.accept("*")
        if not cursor.at(DIFFERENTIAL):
            break
        cursor.take()
        entry = _variable(cursor)
        found += [entry] * _times(cursor, order)
    if grouped:
        cursor.expect_closing()
    if len(found) != order:
        rule = f"a derivative of order {order} is taken by {order} variable{'s' * (order > 1)}"
        raise cursor.error(rule, f"{len(found)}", _FORMS, start)
    return tuple(found)


def _times(cursor: Cursor, order: int) -> int:
    """Read the 2 of ``dZ_k^2``."""
    if order > 1 and cursor.accept("^"):
        return cursor.within_group(_whole)
    return 1


def _variable(cursor: Cursor) -> Entry:
    if cursor.at(WORD):
        token = cursor.take()
        entry = entry_of(token, cursor.source, differential=True) if cursor.is_name(token) else None
        if isinstance(entry, Entry) and entry.name in VARIABLES:
            return entry
        raise cursor.error(f"derivatives are taken by {' '.join(VARIABLES)}", token.text, _FORMS, token.start)
    raise cursor.error("a derivative names a variable behind its d", cursor.came(), _FORMS)
