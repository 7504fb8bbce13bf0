"""Vectors without an index, read element by element: ``dE/dZ = O - Y`` is ``dE/dZ_k = O_k - Y_k``.

Vectors over classes take the free index that stands on a class elsewhere in the equation, or k; features take j. A
matrix before a vector is their product, ``W*X`` is ``sum_i W_ki*X_i``; a transposed vector before another is their
inner product, ``Y^T*ln(O)``; a vector before a transposed one is the outer product, ``(O - Y)*X^T``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.derive.cursor import Cursor
from chainrule.derive.expressions import (
    TRUE_CLASS,
    Delta,
    Derivative,
    Entry,
    Expression,
    Multiply,
    Sum,
    free_letters,
    fresh_letter,
    parts,
    rename,
)
from chainrule.derive.grammar_error import GrammarError
from chainrule.derive.letters import CLASS_VECTORS, FEATURE_VECTORS, HIDDEN_VECTORS
from chainrule.derive.unindexed import (
    Transposed,
    all_nodes,
    has_vectors,
    inner,
    is_matrix,
    is_vector,
    put_index,
    rebuilt,
)

CLASSES, FEATURES = "classes", "features"
_INDICES = "Write it with indices, such as dE/dW_kj = (O_k - Y_k)*X_j or sum_j W_kj*X_j."


@dataclass(frozen=True)
class Letters:
    """The indices that vectors over classes and over features take, and those that new sums must not take."""

    classes: str
    features: str
    taken: frozenset[str]

    def put(self, entry: Entry) -> Entry:
        """Return an entry with the indices of its axes, if it has none."""
        if is_matrix(entry):
            return Entry(entry.name, entry.layer, (self.classes, self.features))
        own = self.features if entry.name in FEATURE_VECTORS else self.classes
        return Entry(entry.name, entry.layer, (own,)) if is_vector(entry) else entry


def resolved(expressions: tuple[Expression, ...], cursor: Cursor, start: int = 0) -> tuple[Expression, ...]:
    """Return the sides of an equation with an index put to every vector and matrix that has none.

    Raises
    ------
    GrammarError
        If it is not clear which index that is.

    Examples
    --------
    >>> from chainrule.derive.expressions import LOSS
    >>> from chainrule.derive.grammar_error import Source
    >>> print(resolved((Derivative(LOSS, (Entry("Z"),)),), Cursor((), Source("check", "dE/dZ")))[0])
    dE/dZ_k
    """
    bare = [node for side in expressions for node in all_nodes(side) if _is_bare(node)]
    if not bare:
        return expressions
    every = (node for side in expressions for node in all_nodes(side))
    weights = any(isinstance(node, Entry) and node.name == "W" for node in every)
    hidden = next((n for n in bare if isinstance(n, Entry) and _needs_layer(n, beside_weights=weights)), None)
    if hidden is not None:
        name = hidden.name
        raise cursor.error(f"{name} names its layer and its index", name, f"Write {name}1_j.", start)
    letters = Letters(
        classes := _letter(CLASSES, expressions, bare, frozenset(), cursor, start),
        features := _letter(FEATURES, expressions, bare, frozenset({classes}), cursor, start),
        cursor.letters | {classes, features},
    )
    return tuple(_put(side, letters, cursor, start) for side in expressions)


def _needs_layer(entry: Entry, *, beside_weights: bool) -> bool:
    """Tell whether a vector belongs to a hidden layer: a without weights may be what a text calls its outputs."""
    return entry.name in HIDDEN_VECTORS and (beside_weights or (entry.name, entry.layer) != ("A", None))


def _is_bare(node: Expression) -> bool:
    return is_vector(node) or is_matrix(node) or isinstance(node, Transposed)


def _axes(entry: Entry) -> tuple[str, ...]:
    """Return the axes on which the last indices of an entry stand."""
    if entry.name == "W" and entry.layer is None:
        return CLASSES, FEATURES
    if entry.name in FEATURE_VECTORS:
        return (FEATURES,)
    return (CLASSES,) if entry.name in CLASS_VECTORS and entry.layer is None else ()


def _letter(
    axis: str,
    expressions: tuple[Expression, ...],
    bare: list[Expression],
    taken: frozenset[str],
    cursor: Cursor,
    start: int,
) -> str:
    """Return the free letter that stands on an axis, or a new one; raises GrammarError if there are several."""
    wanted = any(isinstance(node, Entry) and axis in _axes(node) for node in bare)
    found = {letter for side in expressions for where, letter in _free(side, frozenset()) if where == axis}
    if len(found) > 1 and wanted:
        rule = f"a vector without an index takes the one index over {axis} in its equation"
        raise cursor.error(rule, f"indices {' and '.join(sorted(found))}", _INDICES, start)
    if len(found) == 1:
        return found.pop()
    bound = {node.index for side in expressions for node in all_nodes(side) if isinstance(node, Sum)}
    return fresh_letter(frozenset(bound) | taken, "kim" if axis == CLASSES else "jlm")


def _free(expression: Expression, bound: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the free letters of an expression, each with the axis on which it stands."""
    if isinstance(expression, Entry):
        axes = _axes(expression)
        stands = list(zip(reversed(axes), reversed(expression.indices), strict=False))
    elif isinstance(expression, Delta):
        stands = [(CLASSES, expression.first), (CLASSES, expression.second)]
    else:
        stands = []
    for axis, index in stands:
        if isinstance(index, str) and index not in bound and index != TRUE_CLASS:
            yield axis, index
    if isinstance(expression, Sum):
        bound |= {expression.index}
    for part in inner(expression):
        yield from _free(part, bound)


def _put(expression: Expression, letters: Letters, cursor: Cursor, start: int) -> Expression:
    """Return an expression with indices put to its vectors and matrices."""
    match expression:
        case Entry():
            return letters.put(expression)
        case Transposed():
            raise _unclear(cursor, start)
        case Derivative(of, by):
            return Derivative(_put(of, letters, cursor, start), tuple(letters.put(entry) for entry in by))
        case Sum():
            return _put_in_sum(expression, letters, cursor, start)
        case Multiply(factors):
            if any(is_matrix(_untransposed(factor)) or isinstance(factor, Transposed) for factor in factors):
                return _product(factors, letters, cursor, start)
    if not any(_is_bare(node) for node in all_nodes(expression)):
        return expression
    return rebuilt(expression, tuple(_put(part, letters, cursor, start) for part in parts(expression)))


def _put_in_sum(expression: Sum, letters: Letters, cursor: Cursor, start: int) -> Expression:
    """Return a sum with indices put to its vectors: its own where its body has no other use of it."""
    index, body = expression.index, expression.body
    if has_vectors(body) and index not in free_letters(body):
        return Sum(index, put_index(body, index), expression.excluding)
    if index in (letters.classes, letters.features) and any(map(_is_bare, all_nodes(body))):
        other = fresh_letter(letters.taken, "ilm")
        index, body = other, rename(body, index, other)
    return Sum(index, _put(body, letters, cursor, start), expression.excluding)


def _untransposed(expression: Expression) -> Expression:
    return expression.of if isinstance(expression, Transposed) else expression


def _unclear(cursor: Cursor, start: int) -> GrammarError:
    rule = "a product of vectors and matrices is W*X, W^T*(O - Y), Y^T*O or (O - Y)*X^T"
    return cursor.error(rule, "another", _INDICES, start)


def _product(factors: tuple[Expression, ...], letters: Letters, cursor: Cursor, start: int) -> Expression:
    """Return a product in which matrices and transposed vectors take the vectors behind them."""
    found: list[Expression] = []
    rest = list(factors)
    while rest:
        factor = rest.pop(0)
        takes = rest and has_vectors(rest[0]) and not isinstance(rest[0], Transposed)
        if takes and (is_matrix(_untransposed(factor)) or isinstance(factor, Transposed)):
            found.append(_contraction(factor, rest.pop(0), letters, cursor, start))
        elif isinstance(factor, Transposed):
            found.append(_row(factor, found, letters, cursor, start))
        else:
            found.append(_put(factor, letters, cursor, start))
    return found[0] if len(found) == 1 else Multiply(tuple(found))


def _contraction(
    factor: Expression, vector: Expression, letters: Letters, cursor: Cursor, start: int
) -> Expression:
    """Return ``W*X``, ``W^T*(O - Y)`` or ``Y^T*O`` as a sum."""
    i = fresh_letter(letters.taken, "ilm")
    own = _untransposed(factor)
    if not is_matrix(own):
        if _vector_axes(own) != _vector_axes(vector):
            raise _unclear(cursor, start)
        return Sum(i, Multiply((put_index(own, i), put_index(vector, i))))
    turned = isinstance(factor, Transposed)
    if _vector_axes(vector) != {CLASSES if turned else FEATURES}:
        raise _unclear(cursor, start)
    indices = (i, letters.features) if turned else (letters.classes, i)
    return Sum(i, Multiply((Entry("W", None, indices), put_index(vector, i))))


def _row(
    factor: Transposed, before: list[Expression], letters: Letters, cursor: Cursor, start: int
) -> Expression:
    """Return the X of ``(O - Y)*X^T`` with its index; what stands before it has that of the classes."""
    if not before or _vector_axes(factor.of) != {FEATURES}:
        raise _unclear(cursor, start)
    return _put(factor.of, letters, cursor, start)


def _vector_axes(expression: Expression) -> set[str]:
    """Return the axes of the vectors without an index in an expression."""
    vectors = (node for node in all_nodes(expression) if isinstance(node, Entry) and is_vector(node))
    return {axis for vector in vectors for axis in _axes(vector)}
