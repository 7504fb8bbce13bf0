"""Mistakes of one index: another letter or position stands where one belongs, or two are exchanged."""

from collections.abc import Iterator
from dataclasses import replace

from chainrule.check.cases import Equation
from chainrule.check.claim_mistakes.attempt import (
    Attempt,
    on_side,
    quantities,
    replacing,
    rewritten,
    with_each,
)
from chainrule.derive import (
    TRUE_CLASS,
    Delta,
    Derivative,
    Entry,
    Expression,
    Index,
    Sum,
    all_letters,
    nodes,
    own_indices,
    parts,
    with_parts,
)

MOST_LEAVES = 60
"""Of longer claims only so many places of indices are tried."""


def index_attempts(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim with one index changed: in the quantity, in all entries of one kind, in one place."""
    yield from _in_the_quantity(equation)
    yield from _in_one_kind(equation)
    yield from _in_one_place(equation)
    yield from _without_exclusions(equation)


def candidates(equation: Equation) -> tuple[Index, ...]:
    """Return the letters and positions that may stand in place of another: all of the claim's own, and c."""
    numbers = {i for node in nodes(equation.both) for i in own_indices(node) if isinstance(i, int)}
    true = [TRUE_CLASS] if equation.context.one_hot else []
    return (*sorted(all_letters(equation.both)), *sorted(numbers), *true)


def outside_quantities(equation: Equation) -> list[Index]:
    """Return the indices of all places that are not in a quantity."""
    wanted = set(quantities(equation))
    found: list[Index] = []

    def visit(node: Expression) -> None:
        if node not in wanted:
            found.extend(own_indices(node))
            for part in parts(node):
                visit(part)

    visit(equation.left)
    visit(equation.right)
    return found


def _in_the_quantity(equation: Equation) -> Iterator[Attempt]:
    """Yield the quantity with another index: a claim that is right for another logit or output."""
    others = outside_quantities(equation)
    for quantity in quantities(equation):
        for old in dict.fromkeys(quantity_indices(quantity)):
            for new in candidates(equation):
                if new != old:
                    yield from _other_quantity(equation, quantity, old, new, others)


def _their_targets(old: Index, new: Index, equation: Equation) -> str:
    """Return a sentence about the targets of two outputs, where they are numbers."""
    row = equation.context.target_row
    if row is None or not isinstance(old, int) or not isinstance(new, int) or max(old, new) > len(row):
        return " It belongs to another index."
    first, second = row[new - 1], row[old - 1]
    return f" Output {new} has the target {first} and output {old} the target {second}: neither serves for the other."


def quantity_indices(quantity: Expression) -> tuple[Index, ...]:
    """Return the indices of a quantity: of what is differentiated, and by what.

    Examples
    --------
    >>> quantity_indices(Derivative(Entry("O", None, ("i",)), (Entry("Z", None, ("k",)),)))
    ('i', 'k')
    """
    upper = own_indices(quantity.of) if isinstance(quantity, Derivative) else ()
    return (*upper, *own_indices(quantity))


def _other_quantity(
    equation: Equation, quantity: Expression, old: Index, new: Index, others: list[Index]
) -> Iterator[Attempt]:
    other = _put(quantity, old, new)
    changed = with_each(equation, replacing(quantity, other))
    numbers = isinstance(old, int) or new == TRUE_CLASS
    names = ("target-index", "index-slip") if numbers else ("index-slip",)
    text = f"This is {other}, not {quantity}.{_their_targets(old, new, equation)}"
    if new in quantity_indices(quantity):
        names, text = ("diagonal-only", "index-slip"), f"This is {other}: the case of equal indices alone."
    rank = 5 if new in others and old not in others else 25
    yield Attempt(names, changed, text, rank=rank)


def _put(node: Expression, old: Index, new: Index) -> Expression:
    def put(entry: Entry) -> Entry:
        return replace(entry, indices=tuple(new if index == old else index for index in entry.indices))

    match node:
        case Entry():
            return put(node)
        case Delta(first, second):
            return Delta(new if first == old else first, new if second == old else second)
        case Derivative(of, by):
            return Derivative(
                _put(of, old, new) if isinstance(of, Entry) else of, tuple(put(entry) for entry in by)
            )
        case Sum(index, body, excluding):
            return Sum(index, body, tuple(new if each == old else each for each in excluding))
    return node


def _in_one_kind(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim with one index changed in all entries that look alike, and with their two indices exchanged."""
    wanted = set(quantities(equation))
    kinds = {
        node: None
        for node in nodes(equation.both)
        if isinstance(node, Entry | Delta) and node not in wanted and own_indices(node)
    }
    for kind in list(kinds)[:MOST_LEAVES]:
        own = own_indices(kind)
        if len(own) == 2 and isinstance(kind, Entry) and own[0] != own[1]:
            turned = replace(kind, indices=own[::-1])
            yield _replaced(
                equation, kind, turned, ("transposed",), f"{kind} has its two indices exchanged.", 18
            )
        for old in dict.fromkeys(own):
            for new in candidates(equation):
                if new != old:
                    text = f"In {kind} the index {old} stands where another belongs."
                    yield _replaced(equation, kind, _put(kind, old, new), _names(kind, old, new), text, 20)


def _names(kind: Expression, old: Index, new: Index) -> tuple[str, ...]:
    target = isinstance(kind, Entry) and kind.name == "Y"
    to_class = TRUE_CLASS in (old, new)
    return (
        ("target-index", "index-slip")
        if target or to_class
        else ("index-slip", "target-index")
        if isinstance(old, int)
        else ("index-slip",)
    )


def _replaced(
    equation: Equation, old: Expression, new: Expression, names: tuple[str, ...], text: str, rank: int
) -> Attempt:
    return Attempt(names, rewritten(equation, replacing(old, new)), text, rank=rank)


def _in_one_place(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim with one index of one node changed, where the same node stands in several places."""
    wanted = set(quantities(equation))
    for side in ("left", "right"):
        expression = getattr(equation, side)
        seen = list(nodes(expression))
        for place, node in enumerate(seen[: 4 * MOST_LEAVES]):
            if node in wanted or not isinstance(node, Entry | Delta) or seen.count(node) < 2:
                continue
            for old in dict.fromkeys(own_indices(node)):
                for new in candidates(equation):
                    if new != old:
                        changed = on_side(equation, side, at_place(expression, place, _put(node, old, new)))
                        text = f"In one {node} the index {old} stands where another belongs."
                        yield Attempt(_names(node, old, new), changed, text, rank=22)


def at_place(expression: Expression, place: int, new: Expression) -> Expression:
    """Return an expression with the node at a place, counted as ``nodes`` yields them, replaced.

    Examples
    --------
    >>> from chainrule.derive import ONE, Symbol, divide
    >>> print(at_place(divide(ONE, Symbol("N")), 2, Symbol("K")))
    1/K
    """
    if place == 0:
        return new
    place -= 1
    inner = list(parts(expression))
    for number, part in enumerate(inner):
        size = sum(1 for _ in nodes(part))
        if place < size:
            inner[number] = at_place(part, place, new)
            return with_parts(expression, tuple(inner))
        place -= size
    raise IndexError("no such place")


def with_parents(
    expression: Expression, parent: Expression | None = None
) -> Iterator[tuple[Expression, Expression | None]]:
    """Yield all nodes in the order of ``nodes``, each with the one that it is part of.

    Examples
    --------
    >>> from chainrule.derive import LOSS
    >>> list(with_parents(LOSS)) == [(LOSS, None)]
    True
    """
    yield expression, parent
    for part in parts(expression):
        yield from with_parents(part, expression)


def _without_exclusions(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim with a sum over all values in place of one that leaves some out, and the other way round."""
    for node in dict.fromkeys(node for node in nodes(equation.both) if isinstance(node, Sum)):
        if node.excluding:
            whole = Sum(node.index, node.body)
            text = "The sum leaves out a term that belongs in it."
            yield _replaced(equation, node, whole, ("missing-cross-term", "diagonal-only"), text, 24)
        else:
            for letter in candidates(equation):
                if letter != node.index:
                    less = Sum(node.index, node.body, (letter,))
                    text = "The sum runs over all values, though one of them has a term of its own."
                    yield _replaced(equation, node, less, ("index-slip",), text, 26)
