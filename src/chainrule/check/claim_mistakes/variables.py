"""Mistakes of the quantity: the derivative by something else than was asked for, or along one path of several."""

from collections.abc import Iterator

from chainrule.check.cases import Equation
from chainrule.check.claim_mistakes.attempt import Attempt, quantities, replacing, with_each
from chainrule.check.claim_mistakes.indices import candidates
from chainrule.derive import (
    LOSS,
    ONE,
    TRUE_CLASS,
    Context,
    Delta,
    Derivative,
    Entry,
    Expression,
    Index,
    Sum,
    Symbol,
    all_letters,
    divide,
    fresh_letter,
    multiply,
    number,
    subtract,
)

ROW = ("single-output", "target-index")
"""The gradient of a weight with the row of the true class alone: elsewhere it is believed to be 0."""
Named = tuple[tuple[str, ...], Expression, str, int]


def variable_attempts(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim with each quantity taken for another one."""
    taken = all_letters(equation.both) | {"n", "i", "j", "m"}
    others = candidates(equation)
    for quantity in quantities(equation):
        if isinstance(quantity, Derivative):
            for names, other, text, rank in _others(quantity, equation.context, others, taken):
                changed = with_each(equation, replacing(quantity, other))
                yield Attempt(
                    names, changed, text, rank=rank, formula="hessian-bound" in names or names == ROW
                )


def _others(
    quantity: Derivative, context: Context, letters: tuple[Index, ...], taken: frozenset[str]
) -> Iterator[Named]:
    yield from _cases_of_indices(quantity)
    if len(quantity.by) > 1:
        yield from _lower_orders(quantity)
    elif quantity.of == LOSS:
        yield from _of_the_loss(quantity, context, letters, taken)
    elif isinstance(quantity.of, Entry):
        yield from _of_an_entry(quantity, context)


def _cases_of_indices(quantity: Derivative) -> Iterator[Named]:
    """Yield the diagonal of a Jacobian or a Hessian alone, and all but the diagonal."""
    upper = [*quantity.by[:-1]] if len(quantity.by) > 1 else [quantity.of]
    first = upper[-1] if isinstance(upper[-1], Entry) and upper[-1].indices else None
    last = quantity.by[-1]
    if first is None or not last.indices or first.indices[-1] == last.indices[-1]:
        return
    same = Delta(first.indices[-1], last.indices[-1])
    text = "Only the case of equal indices is there; the derivatives by the other logits are not 0."
    yield ("diagonal-only", "missing-cross-term"), multiply(same, quantity), text, 12
    unequal = multiply(subtract(ONE, same), quantity)
    yield (
        ("index-slip", "missing-cross-term"),
        unequal,
        "Only the case of different indices is there; the diagonal is missing.",
        28,
    )


def _lower_orders(quantity: Derivative) -> Iterator[Named]:
    """Yield the first derivative, and its product, in place of the second."""
    yield (
        ("wrong-variable",),
        Derivative(quantity.of, quantity.by[:1]),
        "This is the first derivative, not the second.",
        35,
    )
    if quantity.of == LOSS and all(entry.name == "Z" for entry in quantity.by):
        first, second = quantity.by[0], quantity.by[-1]
        text = "This is an upper bound of the second derivative, not the second derivative."
        for bound in _bounds(first, second):
            yield ("hessian-bound",), bound, text, 13
        own = Delta(first.indices[-1], second.indices[-1])
        lost = "The term -O_k*O_j, which all entries have, is missing; what is left is an upper bound."
        yield (
            ("missing-cross-term", "hessian-bound"),
            multiply(own, Entry("O", None, first.indices)),
            lost,
            12,
        )


def _bounds(first: Entry, second: Entry) -> Iterator[Expression]:
    half, quarter = divide(ONE, number(2)), divide(ONE, multiply(number(2), number(2)))
    same = Delta(first.indices[-1], second.indices[-1])
    yield multiply(half, subtract(same, divide(ONE, Symbol("K"))))
    yield from (multiply(bound, same) for bound in (ONE, half, quarter))
    output = Entry("O", None, first.indices)
    yield multiply(same, output)
    yield multiply(same, subtract(ONE, output))


def _of_an_entry(quantity: Derivative, context: Context) -> Iterator[Named]:
    of, by = quantity.of, quantity.by[0]
    assert isinstance(of, Entry)
    turned = Derivative(Entry(of.name, of.layer, by.indices), (Entry(by.name, by.layer, of.indices),))
    if len(by.indices) == len(of.indices) == 1:
        yield ("transposed",), turned, "The derivative has its two indices exchanged.", 19
    if of.name == "O" and by.name != "Z":
        unit = Entry("Z", None, of.indices)
        yield (
            ("missing-activation-derivative",),
            Derivative(unit, (by,)),
            "This is the derivative of the logit, not of the output.",
            33,
        )
    if of.name == "O" and by.name == "Z" and context.loss != "none":
        yield (
            ("wrong-variable",),
            Derivative(LOSS, (by,)),
            "This is the derivative of the loss, not of the output.",
            36,
        )


def _of_the_loss(
    quantity: Derivative, context: Context, letters: tuple[Index, ...], taken: frozenset[str]
) -> Iterator[Named]:
    (by,) = quantity.by
    yield from _bias(quantity, context, taken)
    yield from _one_path(by, context, letters)
    yield from _unweighted(by, letters, taken)
    for other in _other_variables(by, context, letters):
        names, text = _naming(by, other)
        yield names, Derivative(LOSS, (other,)), text, 27
    if by.name in "WXUA":
        yield from _transposed(by)


def _naming(by: Entry, other: Entry) -> tuple[tuple[str, ...], str]:
    if by.name == "O" and other.name == "Z":
        return (
            "input-for-output",
        ), f"This is the derivative by the logit, {Derivative(LOSS, (other,))}, not by the output."
    if by.name == "Z" and other.name == "O":
        return (
            "output-for-input",
        ), f"This is the derivative by the output, {Derivative(LOSS, (other,))}, not by the logit."
    if by.name == "U" and other.name == "A":
        return (
            "missing-activation-derivative",
            "output-for-input",
        ), "This is the derivative by the activation, not by what goes into it."
    if by.name == "A" and other.name == "U":
        return (
            "extra-activation-derivative",
            "input-for-output",
        ), "This is the derivative by what goes into the activation, not by the activation."
    return ("wrong-variable",), f"This is {Derivative(LOSS, (other,))}: the derivative by another quantity."


def _other_variables(by: Entry, context: Context, letters: tuple[Index, ...]) -> Iterator[Entry]:
    """Yield the entries that the derivative may have been taken by, with every index that the claim has."""
    layers: list[int | None] = [*range(1, context.layers + 1)] if context.hidden else [None]
    for i in dict.fromkeys((*by.indices, *letters)):
        one = [Entry(name, None, (i,)) for name in "ZOXY"]
        one += [Entry("b", layer, (i,)) for layer in layers if by.name != "Z" or layer != layers[-1]]
        one += [Entry(name, layer, (i,)) for layer in layers[:-1] for name in "UA"]
        yield from (entry for entry in one if (entry.name, entry.layer) != (by.name, by.layer))
        for j in dict.fromkeys((*by.indices, *letters)):
            yield from (Entry("W", layer, (i, j)) for layer in layers if ("W", layer) != (by.name, by.layer))


def _transposed(by: Entry) -> Iterator[Named]:
    if len(by.indices) == 2:
        turned = Entry(by.name, by.layer, by.indices[::-1])
        yield (
            ("transposed", "index-slip"),
            Derivative(LOSS, (turned,)),
            "The matrix has its two axes exchanged.",
            17,
        )


def _bias(quantity: Derivative, context: Context, taken: frozenset[str]) -> Iterator[Named]:
    (by,) = quantity.by
    if by.name != "b":
        return
    i = fresh_letter(taken, "rstuv")
    summed = Sum(i, Derivative(LOSS, (Entry("b", by.layer, (i,)),)))
    yield ("scalar-bias",), summed, "It is summed over the classes: one number for all biases.", 9
    if context.reduction != "none":
        last = by.layer in (None, context.layers)
        unit = Entry("Z" if last else "U", None if last else by.layer, by.indices)
        text = "It is one example's share; the bias acts on all examples, whose shares are summed."
        yield ("unsummed-bias",), Derivative(LOSS, (unit,)), text, 9
        for n in sorted(taken):
            row = Entry(unit.name, unit.layer, (n, *by.indices))
            yield ("unsummed-bias",), Derivative(LOSS, (row,)), text, 9


def _has_paths(by: Entry, context: Context) -> bool:
    """Return whether a quantity acts on more than one output: all but the logits and what makes one of them alone."""
    return by.name in "XUA" or (by.name in "Wb" and by.layer not in (None, context.layers))


def _unweighted(by: Entry, letters: tuple[Index, ...], taken: frozenset[str]) -> Iterator[Named]:
    """Yield the sum over the outputs without the weights, and one output's share with a weight too many."""
    if by.name in "XA":
        i = fresh_letter(taken, "rstuv")
        text = "The weights that lead from this quantity to the logits are missing."
        yield ("wrong-variable",), Sum(i, Derivative(LOSS, (Entry("Z", None, (i,)),))), text, 26
    if by.name in "Zb" and by.layer is None:
        unit = Derivative(LOSS, (Entry("Z", None, by.indices),))
        text = "This is the share of an input that goes through this logit, not the derivative by the logit."
        for j in letters:
            yield ("wrong-variable",), multiply(Entry("W", None, (by.indices[-1], j)), unit), text, 33


def _one_path(by: Entry, context: Context, letters: tuple[Index, ...]) -> Iterator[Named]:
    """Yield the share of one output alone, and the gradient of the true class's row alone."""
    text = "Only the path through one output is followed, though the quantity acts on all of them."
    for name, layer in [("Z", None), *(("U", layer) for layer in range(1, context.layers))]:
        for r in (*letters, *([TRUE_CLASS] if context.one_hot else [])):
            if _has_paths(by, context) and (name, layer) != (by.name, by.layer):
                unit = Entry(name, layer, (r,))
                yield (
                    ("single-output",),
                    multiply(Derivative(LOSS, (unit,)), Derivative(unit, (by,))),
                    text,
                    16,
                )
    if context.one_hot and by.name in "Wb" and by.layer in (None, context.layers):
        only = multiply(Delta(by.indices[0], TRUE_CLASS), Derivative(LOSS, (by,)))
        yield (
            ROW,
            only,
            "Only the row of the true class is there; the others are not 0.",
            26,
        )
