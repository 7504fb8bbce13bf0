"""Mistakes of one term: its sign, its letter, a number where a target belongs, a softmax of the softmax."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from chainrule.check.cases import Equation
from chainrule.check.claim_mistakes.attempt import Attempt, on_side, quantities, replacing, rewritten
from chainrule.check.claim_mistakes.indices import at_place, candidates, with_parents
from chainrule.derive import (
    LOSS,
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Derivative,
    Divide,
    Entry,
    Expression,
    Multiply,
    Number,
    Power,
    Symbol,
    add,
    negate,
    nodes,
    subtract,
    transform,
)

MOST_PLACES = 120
"""In longer claims only so many terms are tried one by one."""


def term_attempts(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim with one term or letter changed."""
    yield from numbers_for_targets(equation)
    yield from _missing_target(equation)
    yield from _signs(equation)
    yield from _softmax_of_outputs(equation)
    yield from _other_letters(equation)
    yield from _without_a_factor(equation)


def _targets(equation: Equation) -> list[Entry]:
    found = [Entry("Y", None, (index,)) for index in candidates(equation)]
    rows = [
        node.indices
        for node in nodes(equation.both)
        if isinstance(node, Entry) and node.name in "OZ" and len(node.indices) == 2
    ]
    return found + [Entry("Y", None, row) for row in dict.fromkeys(rows)]


def numbers_for_targets(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim with a target in place of a 1, in a derivative of the loss."""
    if not any(isinstance(quantity, Derivative) for quantity in quantities(equation)):
        return
    for side in ("left", "right"):
        expression = getattr(equation, side)
        for place, (node, parent) in enumerate(with_parents(expression)):
            if place > MOST_PLACES or not isinstance(node, Number) or abs(node.value) != 1:
                continue
            if (node == MINUS_ONE and isinstance(parent, Multiply)) or _has_its_own(parent):
                continue  # a minus sign; K - 1 and 1 - Y_k
            for target in _targets(equation):
                new = target if node.value > 0 else negate(target)
                changed = on_side(equation, side, at_place(expression, place, new))
                text = "A 1 stands where the target of this output belongs: it is 1 for the true class alone."
                divided = isinstance(parent, Divide) and node == parent.numerator
                names = ("target-index", "missing-outer-derivative") if divided else ("target-index",)
                yield Attempt(names, changed, text, rank=8)


def _has_its_own(parent: Expression | None) -> bool:
    """Return whether a 1 stands beside the number of classes or beside a target."""
    if not isinstance(parent, Add):
        return False
    return Symbol("K") in parent.terms or any(
        isinstance(node, Entry) and node.name == "Y" for term in parent.terms for node in _factors(term)
    )


def _factors(term: Expression) -> tuple[Expression, ...]:
    return term.factors if isinstance(term, Multiply) else (term,)


def _missing_target(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim with a target subtracted: it was taken for 0."""
    if not any(isinstance(quantity, Derivative) and quantity.of == LOSS for quantity in quantities(equation)):
        return
    text = "The target is missing: it is taken for 0, which it is for the other classes alone."
    left, right = _with_its_target(equation.left), _with_its_target(equation.right)
    if right != equation.right:
        yield Attempt(("target-index",), replace(equation, right=right), text, rank=28)
    if left != equation.left:
        yield Attempt(("target-index",), replace(equation, left=left), text, rank=28)
    for target in _targets(equation):
        yield Attempt(
            ("target-index",), replace(equation, right=subtract(equation.right, target)), text, rank=29
        )
        yield Attempt(
            ("target-index",), replace(equation, left=subtract(equation.left, target)), text, rank=29
        )
        yield Attempt(("target-index",), replace(equation, left=add(equation.left, target)), text, rank=29)
        yield Attempt(("target-index",), replace(equation, right=add(equation.right, target)), text, rank=29)


def _with_its_target(side: Expression) -> Expression:
    """Return a side with the target subtracted from its output; with several outputs, one lacks none."""
    outputs = [node for node in nodes(side) if isinstance(node, Entry) and node.name == "O"]
    return transform(side, _minus_its_target) if len(outputs) == 1 else side


def _minus_its_target(node: Expression) -> Expression | None:
    if isinstance(node, Entry) and node.name == "O":
        return subtract(node, Entry("Y", None, node.indices))
    return None


def _signs(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim with the sign of one term, or of one letter, turned."""
    for side in ("left", "right"):
        expression = getattr(equation, side)
        for place, node in enumerate(nodes(expression)):
            if place > MOST_PLACES or not isinstance(node, Add):
                continue
            for number, term in enumerate(node.terms):
                turned = Add((*node.terms[:number], negate(term), *node.terms[number + 1 :]))
                changed = on_side(equation, side, at_place(expression, place, turned))
                yield Attempt(("sign",), changed, f"The term {term} has the opposite sign.", rank=21)
    for entry in _letters(equation):
        turned_all = rewritten(equation, replacing(entry, negate(entry)))
        yield Attempt(("sign",), turned_all, f"{entry} has the opposite sign.", rank=23)


def _letters(equation: Equation) -> list[Entry]:
    wanted = set(quantities(equation))
    return list(
        dict.fromkeys(
            n for n in nodes(equation.both) if isinstance(n, Entry) and n.indices and n not in wanted
        )
    )


def _softmax_of_outputs(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim with logits in place of outputs inside exp."""
    if equation.context.output != "softmax":
        return

    def inside(node: Expression) -> Expression | None:
        if not isinstance(node, Call) or node.function != "exp":
            return None
        return transform(node, partial(_called, names={"O": "Z"}))

    text = "The softmax is applied to probabilities, to what already went through a softmax."
    yield Attempt(("softmax-twice",), rewritten(equation, inside), text, rank=7)


OTHER_LETTERS = (
    ("O", "Z", "input-for-output", "the output O stands where the logit Z belongs"),
    ("Z", "O", "input-for-output", "the logit Z stands where the output O belongs"),
    ("U", "A", "input-for-output", "the pre-activation U stands where the activation A belongs"),
    ("A", "U", "output-for-input", "the activation A stands where the pre-activation U belongs"),
    ("W", "X", "wrong-variable", "a weight stands where the input belongs"),
    ("X", "W", "wrong-variable", "an input stands where the weight belongs"),
    ("Y", "O", "wrong-variable", "a target stands where the output belongs"),
    ("O", "Y", "wrong-variable", "an output stands where the target belongs"),
)


def _called(node: Expression, names: Mapping[str, str]) -> Expression | None:
    """Return an entry under another name."""
    if isinstance(node, Entry) and node.indices and node.name in names:
        return replace(node, name=names[node.name])
    return None


def _other_letters(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim with one kind of entry in place of another."""
    present = {entry.name for entry in _letters(equation)}
    for old, new, name, text in OTHER_LETTERS:
        if old in present and not (old in "WX" or (old in "UA" and not equation.context.hidden)):
            changed = rewritten(equation, partial(_called, names={old: new}))
            yield Attempt((name,), changed, f"Here {text}.", rank=34)
    for entry in _letters(equation):
        yield from _other_layer(equation, entry)
        if entry.name in "WX":
            yield from _weight_or_input(equation, entry)
        if entry.name in "ZO":
            yield from _input_of_a_weight(equation, entry)
        if entry.name in "XA" and equation.context.hidden:
            yield from _other_activation(equation, entry)
    if "O" in present and "Y" in present:
        exchanged = rewritten(equation, partial(_called, names={"O": "Y", "Y": "O"}))
        yield Attempt(("wrong-variable",), exchanged, "Outputs and targets are exchanged.", rank=34)


def _other_layer(equation: Equation, entry: Entry) -> Iterator[Attempt]:
    if entry.layer is None:
        return
    for layer in range(1, equation.context.layers + 1):
        if layer != entry.layer and (entry.name in "Wb" or layer < equation.context.layers):
            changed = rewritten(equation, replacing(entry, replace(entry, layer=layer)))
            yield Attempt(
                ("index-slip",),
                changed,
                f"{entry} is of another layer than the one that belongs here.",
                rank=34,
            )


def _other_activation(equation: Equation, entry: Entry) -> Iterator[Attempt]:
    """Yield the claim with the input of another layer in place of an entry."""
    others = [
        Entry("X", None, entry.indices),
        *(Entry("A", n, entry.indices) for n in range(1, equation.context.layers)),
    ]
    for other in others:
        if other != entry:
            changed = rewritten(equation, replacing(entry, other))
            text = f"{entry} stands where the input of another layer belongs."
            yield Attempt(("wrong-variable", "index-slip"), changed, text, rank=33)


def _input_of_a_weight(equation: Equation, entry: Entry) -> Iterator[Attempt]:
    """Yield the claim with the input in place of what goes out, where a weight of the only layer is asked about."""
    by = {each.name for q in quantities(equation) if isinstance(q, Derivative) for each in q.by}
    if "W" not in by or equation.context.hidden:
        return
    for i in candidates(equation):
        changed = rewritten(equation, replacing(entry, Entry("X", None, (i,))))
        text = f"{entry} stands where the input belongs, by which the weight is multiplied."
        yield Attempt(("wrong-variable", "output-for-input"), changed, text, rank=34)


def _weight_or_input(equation: Equation, entry: Entry) -> Iterator[Attempt]:
    for i in candidates(equation):
        new = (
            [Entry("X", None, (i,))]
            if entry.name == "W"
            else [Entry("W", entry.layer, (i, j)) for j in candidates(equation)]
        )
        for other in new:
            changed = rewritten(equation, replacing(entry, other))
            what = (
                "a weight stands where the input belongs"
                if entry.name == "W"
                else "an input stands where the weight belongs"
            )
            yield Attempt(("wrong-variable",), changed, f"Here {what}: {entry}.", rank=34)


def _without_a_factor(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim with one factor, divisor or power left out."""
    for side in ("left", "right"):
        expression = getattr(equation, side)
        for place, node in enumerate(nodes(expression)):
            if place > MOST_PLACES:
                break
            for factor, new in _shorter(node):
                changed = on_side(equation, side, at_place(expression, place, new))
                names = named_factor(factor)
                yield Attempt(names, changed, f"The factor {factor} does not belong there.", rank=32)


def _shorter(node: Expression) -> Iterator[tuple[Expression, Expression]]:
    if isinstance(node, Multiply) and len(node.factors) > 1:
        for number, factor in enumerate(node.factors):
            rest = (*node.factors[:number], *node.factors[number + 1 :])
            if factor != MINUS_ONE and not all(isinstance(each, Number) for each in rest):
                yield factor, rest[0] if len(rest) == 1 else Multiply(rest)
    elif isinstance(node, Divide):
        yield node.denominator, node.numerator
    elif isinstance(node, Power) and not isinstance(node.base, Symbol | Number):
        yield Power(node.base, subtract(node.exponent, ONE)), node.base


def named_factor(factor: Expression) -> tuple[str, ...]:
    """Return the name of the mistake that puts a factor where none belongs.

    Examples
    --------
    >>> named_factor(Symbol("K"))
    ('per-class-mean',)
    """
    letters = {node.name for node in nodes(factor) if isinstance(node, Entry | Symbol)}
    if letters == {"K"}:
        return ("per-class-mean",)
    if letters == {"N"}:
        return ("batch-mean",)
    if "T" in letters:
        return ("temperature",)
    if letters and letters <= {"O"} and not any(isinstance(node, Derivative) for node in nodes(factor)):
        return ("extra-activation-derivative",)
    if letters == {"A"}:
        return ("extra-activation-derivative",)
    if letters and letters <= set("WXZUb"):
        return ("wrong-variable",)
    return ("factor",) if not letters or factor == ZERO else ()
