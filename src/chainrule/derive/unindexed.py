"""Letters without an index: vectors, matrices and transposes, until an index is put to them."""

from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.derive.expressions import (
    Add,
    Derivative,
    Divide,
    Entry,
    Expression,
    Index,
    Multiply,
    parts,
    with_parts,
)
from chainrule.derive.letters import VECTORS


@dataclass(frozen=True, repr=False)
class Transposed(Expression):
    """A vector or matrix, transposed; the reading of a formula leaves none behind."""

    of: Expression


def is_vector(expression: Expression) -> bool:
    """Return whether an expression is a vector's letter without an index.

    Examples
    --------
    >>> is_vector(Entry("O")), is_vector(Entry("O", None, ("k",)))
    (True, False)
    """
    return isinstance(expression, Entry) and expression.name in VECTORS and not expression.indices


def is_matrix(expression: Expression) -> bool:
    """Return whether an expression is a matrix's letter without indices.

    Examples
    --------
    >>> is_matrix(Entry("W"))
    True
    """
    return isinstance(expression, Entry) and expression.name == "W" and not expression.indices


def inner(expression: Expression) -> tuple[Expression, ...]:
    """Return the parts of an expression, with what a derivative is taken by and what is transposed.

    Examples
    --------
    >>> [str(part) for part in inner(Derivative(Entry("E"), (Entry("Z"),)))]
    ['E', 'Z']
    """
    if isinstance(expression, Transposed):
        return (expression.of,)
    return (*parts(expression), *(expression.by if isinstance(expression, Derivative) else ()))


def all_nodes(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and all within it, transposes and what derivatives are taken by too.

    Examples
    --------
    >>> len(list(all_nodes(Transposed(Entry("X")))))
    2
    """
    yield expression
    for part in inner(expression):
        yield from all_nodes(part)


def has_vectors(expression: Expression) -> bool:
    """Return whether a vector without an index stands in an expression.

    Examples
    --------
    >>> has_vectors(Derivative(Entry("E"), (Entry("Z"),)))
    True
    """
    return any(map(is_vector, all_nodes(expression)))


def put_index(expression: Expression, index: Index) -> Expression:
    """Return an expression with an index put to all its vectors that have none.

    Examples
    --------
    >>> print(put_index(Derivative(Entry("E"), (Entry("Z"),)), "k"))
    dE/dZ_k
    """
    if isinstance(expression, Entry):
        return Entry(expression.name, expression.layer, (index,)) if is_vector(expression) else expression
    if isinstance(expression, Transposed):
        return Transposed(put_index(expression.of, index))
    if not has_vectors(expression):
        return expression
    if isinstance(expression, Derivative):
        by = tuple(
            Entry(each.name, each.layer, each.indices or (index,)) if is_vector(each) else each
            for each in expression.by
        )
        return Derivative(put_index(expression.of, index), by)
    return rebuilt(expression, tuple(put_index(part, index) for part in parts(expression)))


def rebuilt(expression: Expression, new: tuple[Expression, ...]) -> Expression:
    """Return the same kind of expression made of other parts, none of them simplified.

    Examples
    --------
    >>> from chainrule.derive.expressions import ONE
    >>> print(rebuilt(Divide(Entry("E"), ONE), (Entry("E"), ONE)))
    E/1
    """
    match expression:
        case Add():
            return Add(new)
        case Multiply():
            return Multiply(new)
        case Divide():
            return Divide(*new)
    return with_parts(expression, new)
