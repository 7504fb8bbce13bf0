"""Formulas and quantities: text in, expressions out. How terms are read is told in term_grammar.py."""

from dataclasses import replace

from chainrule.derive.cursor import Cursor
from chainrule.derive.elementwise import resolved
from chainrule.derive.expressions import Expression
from chainrule.derive.grammar_error import Source
from chainrule.derive.input_text import as_ascii
from chainrule.derive.limits import MOST_CHARACTERS, broken_bound
from chainrule.derive.output_letters import with_outputs
from chainrule.derive.sum_grammar import long_indices
from chainrule.derive.term_grammar import read_sum_of_terms, unexpected
from chainrule.derive.tokens import END, NEWLINE, tokenise


def read_expression(text: str, call: str = "read_expression") -> Expression:
    """Read a formula.

    Parameters
    ----------
    text : str
        A formula in ASCII, Unicode or LaTeX, of at most 4,000 characters.
    call : str
        What error messages call the caller.

    Returns
    -------
    Expression
        The formula as it was typed; vectors without an index have been given one.

    Raises
    ------
    GrammarError
        If the text is no formula; the message says where it stops being one, what came and what is possible.

    Examples
    --------
    >>> print(read_expression("o_k(1 - o_k)"))
    O_k*(1 - O_k)
    """
    cursor = cursor_of(text, call)
    cursor = Cursor(tuple(token for token in cursor.tokens if token.kind != NEWLINE), cursor.source)
    expression = read_sum_of_terms(cursor)
    if not cursor.at(END):
        raise unexpected(cursor)
    return resolved(bounded((expression,), cursor, 0), cursor)[0]


def read_quantity(text: str, call: str = "read_quantity") -> Expression:
    """Read the name of a quantity: a derivative, E, or a formula with derivatives in it.

    Parameters
    ----------
    text : str
        Such as ``dE/dZ_k``, ``dE/dW2[3,1]``, ``E``, ``d2E/dZ_k dZ_j`` or ``sum_i V_i*dO_i/dZ_k``.
    call : str
        What error messages call the caller.

    Returns
    -------
    Expression
        The quantity.

    Raises
    ------
    GrammarError
        If the text is no quantity.

    Examples
    --------
    >>> print(read_quantity("dE/dW2[3,1]"))
    dE/dW2_42
    """
    if "=" in text.replace("!=", ""):
        source = Source(call, text)
        remedy = "Name the quantity alone, such as dE/dZ_k; check judges whether an equation is true."
        raise source.error("a quantity is no equation", "'='", remedy, text.index("="))
    return read_expression(text, call)


def cursor_of(text: str, call: str) -> Cursor:
    """Return the tokens of a text; raises GrammarError for an empty or too long one.

    Examples
    --------
    >>> len(cursor_of("O_k - 1", "check").tokens)
    4
    """
    source = Source(call, text)
    if len(text) > MOST_CHARACTERS:
        remedy = "Give its parts one after the other."
        raise source.error(f"a text has at most {MOST_CHARACTERS:,} characters", f"{len(text):,}", remedy, 0)
    if not text.strip():
        raise source.error(
            "a formula has letters or numbers", "an empty text", "Write one such as dE/dZ_k.", 0
        )
    tokens = with_outputs(tokenise(as_ascii(text, source), source))
    return Cursor(tokens, replace(source, long_indices=long_indices(tokens)))


def bounded(expressions: tuple[Expression, ...], cursor: Cursor, start: int) -> tuple[Expression, ...]:
    """Return expressions that keep within the bounds; raises GrammarError for others.

    Examples
    --------
    >>> bounded((), cursor_of("1", "check"), 0)
    ()
    """
    for expression in expressions:
        if broken := broken_bound(expression):
            raise cursor.error(*broken, "Write a shorter formula, or smaller numbers.", start)
    return expressions
