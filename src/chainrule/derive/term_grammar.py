"""Sums, products, powers and what they are made of: from a row of tokens to an expression.

Precedence, from the tightest: ``^`` (from the right), a minus sign, ``*`` and ``/`` (from the left), ``+`` and ``-``.
``sum_i`` takes all factors behind it, up to the next ``+`` or ``-`` outside parentheses. What is typed is kept as it
is: nothing is simplified, and nothing is evaluated.
"""

from fractions import Fraction

from chainrule.derive.cursor import Cursor
from chainrule.derive.derivative_grammar import read_derivative
from chainrule.derive.expressions import (
    MINUS_ONE,
    Add,
    Call,
    Divide,
    Entry,
    Expression,
    Multiply,
    Number,
    Power,
    Sum,
    free_letters,
    fresh_letter,
)
from chainrule.derive.function_grammar import applied, is_function, take_index
from chainrule.derive.letters import SOFTMAX, WHAT_EXISTS
from chainrule.derive.limits import LARGEST_DECIMAL_EXPONENT, MOST_DIGITS
from chainrule.derive.subscripts import entry_of
from chainrule.derive.sum_grammar import over, read_range
from chainrule.derive.tokens import DIFFERENTIAL, NUMBER, SUBSCRIPT, WORD, Token
from chainrule.derive.unindexed import Transposed, has_vectors, is_matrix, put_index


def read_sum_of_terms(cursor: Cursor) -> Expression:
    """Read terms with + and - between them.

    Examples
    --------
    >>> from chainrule.derive.grammar_error import Source
    >>> from chainrule.derive.tokens import END
    >>> two, end = Token(NUMBER, "2", 0, 1), Token(END, "", 1, 1)
    >>> print(read_sum_of_terms(Cursor((two, end), Source("check", "2"))))
    2
    """
    with cursor.deeper():
        cursor.accept("+")
        terms = [read_product(cursor)]
        while cursor.at_sign("+", "-"):
            negative = cursor.take().text == "-"
            start = cursor.place
            term = read_product(cursor)
            terms.append(_negative(term, cursor.tokens[start]) if negative else term)
    return terms[0] if len(terms) == 1 else Add(tuple(terms))


def read_product(cursor: Cursor) -> Expression:
    """Read factors with *, / or nothing between them, and the minus signs before the first."""
    factors = _first_factors(cursor)
    while True:
        if cursor.accept("/"):
            cursor.count_division()
            minus = factors[:1] if factors[0] == MINUS_ONE and len(factors) > 1 else []
            numerator = _product_of(factors[len(minus) :])
            factors = [*minus, Divide(numerator, _signed_power(cursor))]
        elif cursor.accept("*"):
            factors.append(_signed_power(cursor))
        elif _begins_a_factor(cursor):
            factors.append(_power(cursor))
        else:
            break
    return _product_of(factors)


def _first_factors(cursor: Cursor) -> list[Expression]:
    """Read the first factor and the minus signs before it: -2 is a number, -O_k the factors -1 and O_k."""
    minuses = _minuses(cursor)
    first = cursor.peek
    factor = _power(cursor)
    if minuses and _is_literal(factor, first):
        factor, minuses = _negative(factor, first), minuses - 1
    while minuses > 1 or (minuses and _begins_negative(factor)):
        factor, minuses = Multiply((MINUS_ONE, factor)), minuses - 1
    return [MINUS_ONE, factor] if minuses else [factor]


def _begins_negative(expression: Expression) -> bool:
    match expression:
        case Number(value):
            return value < 0
        case Multiply((first, *_)) | Divide(first, _):
            return _begins_negative(first)
    return False


def _minuses(cursor: Cursor) -> int:
    count = 0
    while cursor.accept("-"):
        cursor.count_division()
        count += 1
    return count


def _is_literal(expression: Expression, first: Token) -> bool:
    return isinstance(expression, Number) and first.kind == NUMBER and expression.value > 0


def _negative(expression: Expression, first: Token) -> Expression:
    """Return the negative of what begins with a token: -2 is a number, -2*O_k and -O_k are products."""
    if isinstance(expression, Number) and _is_literal(expression, first):
        literal = f"-{expression.literal}" if expression.literal else None
        return Number(-expression.value, literal)
    if isinstance(expression, Multiply) and expression.factors[0] != MINUS_ONE:
        return Multiply((MINUS_ONE, *expression.factors))
    return Multiply((MINUS_ONE, expression))


def _product_of(factors: list[Expression]) -> Expression:
    return factors[0] if len(factors) == 1 else Multiply(tuple(factors))


def _begins_a_factor(cursor: Cursor) -> bool:
    return cursor.at(WORD) or cursor.at(DIFFERENTIAL) or cursor.at_sign("(", "{")


def _signed_power(cursor: Cursor) -> Expression:
    minuses = _minuses(cursor)
    first = cursor.peek
    power = _power(cursor)
    for _ in range(minuses):
        power = _negative(power, first)
    return power


def _power(cursor: Cursor) -> Expression:
    base = _primary(cursor)
    if not cursor.accept("^"):
        return base
    if (has_vectors(base) or is_matrix(base)) and _take_transpose(cursor):
        return Transposed(base)
    return Power(base, _exponent(cursor))


def _take_transpose(cursor: Cursor) -> bool:
    """Go over a T, in braces or not, and return whether there was one."""
    ahead = "".join(token.text for token in cursor.tokens[cursor.place : cursor.place + 3])
    length = 1 if ahead.startswith("T") else 3 if ahead in ("{T}", "(T)") else 0
    cursor.place += length
    return length > 0


def _exponent(cursor: Cursor) -> Expression:
    with cursor.deeper():
        return _signed_power(cursor)


def _primary(cursor: Cursor) -> Expression:
    token = cursor.peek
    if token.kind == NUMBER:
        return _number(cursor)
    if token.kind == DIFFERENTIAL:
        return read_derivative(cursor, _primary, read_product)
    if cursor.accept("(") or cursor.accept("{"):
        inner = read_sum_of_terms(cursor)
        cursor.expect_closing()
        return take_index(inner, cursor)
    if token.kind == WORD:
        return _word(cursor)
    raise unexpected(cursor)


def _word(cursor: Cursor) -> Expression:
    token = cursor.take()
    if token.text == "sum":
        return _sum(cursor, token)
    if token.text == "e" and _bare(token) and cursor.accept("^"):
        return Call("exp", (_exponent(cursor),))
    if is_function(token) or (token.text in SOFTMAX and cursor.at_sign("(")):
        return take_index(applied(token, _arguments(cursor, token), cursor), cursor)
    if token.text == "e" and not _bare(token):
        return _loss_of_a_class(token, cursor)
    return entry_of(token, cursor.source)


def _bare(token: Token) -> bool:
    return not token.digits and token.subscript is None and token.brackets is None


def _loss_of_a_class(token: Token, cursor: Cursor) -> Expression:
    """Return what e_i stands for: -Y_i*ln(O_i)."""
    output = entry_of(
        Token(token.kind, "O", token.start, token.end, token.digits, token.subscript, token.brackets),
        cursor.source,
    )
    indices = output.indices if isinstance(output, Entry) else ()
    return Multiply((MINUS_ONE, Entry("Y", None, indices), Call("ln", (output,))))


def _arguments(cursor: Cursor, token: Token) -> tuple[Expression, ...]:
    """Read a function's arguments; without parentheses it takes the next power: ``ln O_i``."""
    if not (cursor.accept("(") or cursor.accept("{")):
        if not (_begins_a_factor(cursor) or cursor.at(NUMBER)):
            raise cursor.error(f"{token.text} has an argument", cursor.came(), f"Write {token.text}(...).")
        with cursor.deeper():
            return (_power(cursor),)
    found = [read_sum_of_terms(cursor)]
    while cursor.accept(","):
        found.append(read_sum_of_terms(cursor))
    cursor.expect_closing()
    return tuple(found)


def _sum(cursor: Cursor, token: Token) -> Expression:
    """Read a sum over an index, or of a vector: ``sum(Y)``; a sum without an index runs over the only one behind it."""
    if token.subscript is not None:
        below = read_range(cursor, token)
        with cursor.deeper():
            return over(below, read_product(cursor), cursor, token.start)
    with cursor.deeper():
        body = cursor.within_group(read_sum_of_terms) if cursor.at_sign("(") else read_product(cursor)
    return _sum_without_index(body, cursor, token)


def _sum_without_index(body: Expression, cursor: Cursor, token: Token) -> Sum:
    """Return the sum of a vector's entries over a letter of its own, or that over the only index there is."""
    if has_vectors(body):
        letter = fresh_letter(cursor.letters, "ijmlpqrsuv")
        return Sum(letter, put_index(body, letter))
    letters = sorted(free_letters(body))
    if len(letters) != 1:
        came = f"indices {' and '.join(letters)}" if letters else "no index"
        remedy = "Write sum_i with the index that it runs over, or sum(Y) of a vector without an index."
        raise cursor.error("a sum names its index where there is not one alone", came, remedy, token.start)
    return Sum(letters[0], body)


def _number(cursor: Cursor) -> Number:
    token = cursor.take()
    digits, _, exponent = token.text.lower().partition("e")
    if len(digits) > MOST_DIGITS or len(exponent) > 5 or abs(int(exponent or 0)) > LARGEST_DECIMAL_EXPONENT:
        rule = f"a number has at most {MOST_DIGITS} digits, and an exponent of at most {LARGEST_DECIMAL_EXPONENT}"
        raise cursor.error(rule, token.text[:80], "Write a shorter number.", token.start)
    if cursor.at(NUMBER) or cursor.at(SUBSCRIPT):
        raise cursor.error("a sign stands between two numbers", cursor.came(), "Write + - * / between them.")
    return Number(Fraction(token.text), None if token.text.isdigit() else token.text)


def unexpected(cursor: Cursor) -> Exception:
    """Return the error for a token that cannot stand where it does."""
    token = cursor.peek
    if token.kind == SUBSCRIPT:
        return cursor.error("a subscript belongs to a letter", cursor.came(), "Write O_k, or (O - Y)_k.")
    if token.text in (")", "}"):
        return cursor.error(
            "every parenthesis is opened before it is closed",
            cursor.came(),
            "Leave it out, or open it before.",
        )
    if token.kind == NUMBER:
        return cursor.error("a sign stands before a number", cursor.came(), "Write + - * / or ^ before it.")
    came = "'and'" if token.text == "and" else cursor.came()
    return cursor.error("a letter, a number, a function, a sum or ( comes here", came, WHAT_EXISTS)
