"""The rules that speak of networks: definitions read both ways, and the derivatives of the output functions."""

from collections.abc import Callable

from chainrule.derive.algebra import Polynomial, TooManyTerms, cancel, expand, from_polynomial, monomial_of
from chainrule.derive.definitions import batch_divisor, definition, depends_on, row_loss, stage, temperature
from chainrule.derive.differentiation import is_same_kind, single
from chainrule.derive.expressions import (
    LOSS,
    ONE,
    Add,
    Call,
    Delta,
    Derivative,
    Divide,
    Entry,
    Expression,
    Sum,
    divide,
    fresh_letter,
    multiply,
    negate,
    nodes,
    parts,
    rename,
    subtract,
    transform,
    with_parts,
)
from chainrule.derive.rewriting import Rewriting, Scene

Apply = Callable[[Expression, Scene], Rewriting | None]


def definition_of(name: str, kind: str) -> Apply:
    """Return the rule that puts a definition in place of an entry that is differentiated, or that stands alone.

    Parameters
    ----------
    name : str
        The letter: E, O, A, U or Z.
    kind : str
        Which output, loss or activation the rule is about; "affine" for layers.
    """

    def apply(expression: Expression, scene: Scene) -> Rewriting | None:
        pair = single(expression)
        entry = pair[0] if pair else expression
        if not isinstance(entry, Entry) or entry.name != name or not _is_kind(entry, kind, scene):
            return None
        if not pair and not scene.opened:
            return None
        if pair and (is_same_kind(entry, pair[1]) or not depends_on(entry, pair[1], scene.context)):
            return None
        meaning = _meaning(entry, pair, scene)
        if meaning is None:
            return None
        taken = scene.taken | frozenset(str(index) for index in pair[1].indices) if pair else scene.taken
        after = _fresh(meaning, taken)
        return Rewriting(
            Derivative(after, expression.by) if isinstance(expression, Derivative) else after, REASONS[name]
        )

    return apply


REASONS = {
    "E": "The loss is defined so.",
    "O": "The output is defined so.",
    "A": "The activation is defined so.",
    "U": "The layer computes this.",
    "Z": "The last layer computes this.",
}


def _meaning(entry: Entry, pair: tuple[Expression, Entry] | None, scene: Scene) -> Expression | None:
    """Return the definition; of a batch's loss by a number of one example, that example's part."""
    context = scene.context
    if entry == LOSS and pair and context.reduction != "none" and pair[1].name not in ("W", "b"):
        row = pair[1].indices[:1] if _has_example(pair[1]) else ()
        return multiply(divide(ONE, batch_divisor(context)), row_loss(row, context))
    return definition(entry, context)


def _has_example(entry: Entry) -> bool:
    return entry.name in "XUAZO" and len(entry.indices) == 2


def _is_kind(entry: Entry, kind: str, scene: Scene) -> bool:
    context = scene.context
    if entry.name == "E":
        return context.loss == kind
    if entry.name == "O":
        return context.output == kind
    if entry.name == "A":
        return context.hidden[(entry.layer or 1) - 1] == kind
    return kind == "affine"


def _fresh(expression: Expression, taken: frozenset[str]) -> Expression:
    """Return a definition whose sums use letters that are not taken."""

    def change(node: Expression) -> Expression | None:
        if isinstance(node, Sum) and node.index in taken:
            other = fresh_letter(taken | {node.index})
            return Sum(other, rename(node.body, node.index, other), node.excluding)
        return None

    return transform(expression, change)


def softmax_read_backwards(expression: Expression, scene: Scene) -> Rewriting | None:
    """exp(Z_k)/sum_j exp(Z_j) = O_k, and for the log-softmax exp(O_k)."""
    if scene.context.output not in ("softmax", "log-softmax"):
        return None
    total = next((node for node in nodes(expression) if _is_normaliser(node)), None)
    if total is None or isinstance(expression, Sum):
        return None
    try:
        terms = expand(cancel(expression))
    except TooManyTerms:
        return None
    changed: Polynomial = {}
    for monomial, value in terms.items():
        powers = dict(monomial)
        for base, power in monomial:
            output = _output_of_exponential(base, scene)
            if output is not None:
                del powers[base]
                powers[output] = powers.get(output, 0) + power
                powers[total] = powers.get(total, 0) + power
        changed[monomial_of(powers)] = value
    after = from_polynomial(changed)
    if any(_is_normaliser(node) for node in nodes(after)):
        return None
    return Rewriting(after, "The fractions are outputs again.")


def _is_normaliser(node: Expression) -> bool:
    return isinstance(node, Sum) and isinstance(node.body, Call) and node.body.function == "exp"


def _output_of_exponential(base: Expression, scene: Scene) -> Expression | None:
    """Return O_k for exp(Z_k/T), exp(O_k) for the log-softmax."""
    if not isinstance(base, Call) or base.function != "exp":
        return None
    argument = base.arguments[0]
    scale = temperature(scene.context)
    logit = argument.numerator if isinstance(argument, Divide) and argument.denominator == scale else argument
    if not isinstance(logit, Entry) or logit.name != "Z" or divide(logit, scale) != argument:
        return None
    output = Entry("O", None, logit.indices)
    return output if scene.context.output == "softmax" else Call("exp", (output,))


def sigmoid_read_backwards(expression: Expression, scene: Scene) -> Rewriting | None:
    """1/(1 + exp(-Z_k)) = O_k, and with it exp(-Z_k) = (1 - O_k)/O_k."""
    if scene.context.output != "sigmoid":
        return None
    found = next((node for node in nodes(expression) if _is_negative_exponential(node, scene)), None)
    if found is None:
        return None
    assert isinstance(found, Call)
    logit = next(node for node in nodes(found) if isinstance(node, Entry))
    output = Entry("O", None, logit.indices)
    odds = divide(subtract(ONE, output), output)

    def change(node: Expression) -> Expression | None:
        return (
            odds
            if node == found
            else divide(ONE, output)
            if node in (_one_plus(found), _one_plus(found, last=False))
            else None
        )

    return Rewriting(_replaced(expression, change), "1 + exp(-Z) is 1/O, so exp(-Z) is (1 - O)/O.")


def _one_plus(exponential: Expression, *, last: bool = True) -> Expression:
    return Add((ONE, exponential) if last else (exponential, ONE))


def _replaced(expression: Expression, change: Callable[[Expression], Expression | None]) -> Expression:
    """Replace outer parts before inner ones."""
    new = change(expression)
    if new is not None:
        return new
    inner = parts(expression)
    return with_parts(expression, tuple(_replaced(part, change) for part in inner)) if inner else expression


def _is_negative_exponential(node: Expression, scene: Scene) -> bool:
    if not isinstance(node, Call) or node.function != "exp":
        return False
    logit = next((entry for entry in nodes(node) if isinstance(entry, Entry) and entry.name == "Z"), None)
    return logit is not None and node.arguments[0] == negate(divide(logit, temperature(scene.context)))


def activation_read_backwards(name: str) -> Apply:
    """Return the rule that puts A in place of h(U), for a hidden layer's activation h."""

    def apply(expression: Expression, scene: Scene) -> Rewriting | None:
        match expression:
            case Call(function, (Entry("U", int() as layer, indices),)) if (
                function == name == scene.context.hidden[layer - 1]
            ):
                return Rewriting(Entry("A", layer, indices), "That is the activation again.")
        return None

    return apply


def _jacobian_entry(expression: Expression, scene: Scene, output: str) -> tuple[Entry, Entry] | None:
    match expression:
        case Derivative(Entry("O", _, _) as of, (Entry("Z", _, _) as by,)) if scene.context.output == output:
            return of, by
    return None


def softmax_derivative_same(expression: Expression, scene: Scene) -> Rewriting | None:
    """dO_k/dZ_k = O_k*(1 - O_k)."""
    pair = _jacobian_entry(expression, scene, "softmax")
    if pair is None or pair[0].indices != pair[1].indices:
        return None
    after = multiply(pair[0], subtract(ONE, pair[0]))
    return Rewriting(divide(after, temperature(scene.context)), "This is the case of the output's own logit.")


def softmax_derivative_other(expression: Expression, scene: Scene) -> Rewriting | None:
    """dO_i/dZ_k = -O_i*O_k for i != k."""
    pair = _jacobian_entry(expression, scene, "softmax")
    if pair is None or not scene.differ(pair[0].indices[-1], pair[1].indices[-1]):
        return None
    if pair[0].indices[:-1] != pair[1].indices[:-1]:
        return None
    after = negate(multiply(pair[0], Entry("O", None, pair[1].indices)))
    after = negate(divide(negate(after), temperature(scene.context)))
    return Rewriting(after, "This is the case of another logit.")


def _same_rows(of: Entry, by: Entry) -> list[Expression]:
    """Return the deltas of the examples: the output of one does not depend on the logits of another."""
    return [Delta(a, b) for a, b in zip(of.indices[:-1], by.indices[:-1], strict=True) if a != b]


def softmax_derivative(expression: Expression, scene: Scene) -> Rewriting | None:
    """dO_i/dZ_k = O_i*(delta_ik - O_k), both cases in one."""
    pair = _jacobian_entry(expression, scene, "softmax")
    if pair is None:
        return None
    of, by = pair
    change = subtract(Delta(of.indices[-1], by.indices[-1]), Entry("O", None, by.indices))
    after = multiply(*_same_rows(of, by), of, change)
    return Rewriting(
        divide(after, temperature(scene.context)),
        "Both cases are one formula: delta is 1 where the indices agree.",
    )


def log_softmax_derivative(expression: Expression, scene: Scene) -> Rewriting | None:
    """dO_i/dZ_k = delta_ik - exp(O_k) for O_i = ln p_i."""
    pair = _jacobian_entry(expression, scene, "log-softmax")
    if pair is None:
        return None
    of, by = pair
    change = subtract(Delta(of.indices[-1], by.indices[-1]), Call("exp", (Entry("O", None, by.indices),)))
    after = multiply(*_same_rows(of, by), change)
    return Rewriting(divide(after, temperature(scene.context)), "It was derived above.")


def sigmoid_derivative(expression: Expression, scene: Scene) -> Rewriting | None:
    """dO_i/dZ_k = delta_ik*O_k*(1 - O_k) for the sigmoid."""
    pair = _jacobian_entry(expression, scene, "sigmoid")
    if pair is None:
        return None
    of, by = pair
    own = Entry("O", None, by.indices)
    same = [Delta(a, b) for a, b in zip(of.indices, by.indices, strict=True) if a != b]
    after = divide(multiply(*same, own, subtract(ONE, own)), temperature(scene.context))
    return Rewriting(after, "Each output depends on its own logit alone.")


def next_on_the_way(entry: Entry, scene: Scene) -> tuple[str, int | None]:
    """Return the letter and the layer through which alone an entry acts on the loss.

    Examples
    --------
    >>> from chainrule.derive.context import Context
    >>> next_on_the_way(Entry("A", 1, ("j",)), Scene(Context(hidden=("relu",))))
    ('Z', None)
    """
    last = scene.context.layers
    if entry.name == "U":
        return "A", entry.layer
    of_layer = last if entry.layer is None else entry.layer
    layer = of_layer if entry.name in ("W", "b") else (entry.layer or 0) + 1
    return ("Z", None) if layer == last else ("U", layer)


def chain_through_the_next_layer(expression: Expression, scene: Scene) -> Rewriting | None:
    """dE/dx = sum_i dE/dZ_i*dZ_i/dx, the sum over all numbers of the next layer, and over the examples of a batch."""
    pair = single(expression)
    if pair is None or not isinstance(pair[0], Entry) or pair[1].name not in ("W", "b", "X", "A", "U"):
        return None
    of, by = pair
    assert isinstance(of, Entry)
    name, layer = next_on_the_way(by, scene)
    if stage(of, scene.context) <= stage(Entry(name, layer, ("i",)), scene.context):
        return None
    taken = scene.taken | {str(index) for index in (*by.indices, *of.indices)}
    i = fresh_letter(taken, "kij" if name == "Z" else "ijk")
    row = by.indices[:1] if _has_example(by) else of.indices[:1] if _has_example(of) else ()
    over_batch = of == LOSS and scene.context.reduction != "none" and by.name in ("W", "b")
    n = fresh_letter(taken | {i}, "nm") if over_batch else None
    through = Entry(name, layer, (*((n,) if n else row), i))
    product = multiply(Derivative(of, (through,)), Derivative(through, (by,)))
    after = Sum(n, Sum(i, product)) if n else Sum(i, product)
    return Rewriting(
        after, f"{by} acts on {'the loss' if of == LOSS else of} through the numbers {through} alone."
    )


def outputs_through_the_next_layer(expression: Expression, scene: Scene) -> Rewriting | None:
    """dO_i/dx = sum_j dO_i/dZ_j*dZ_j/dx: the chain rule for anything but the loss, which is derived layer by layer."""
    pair = single(expression)
    return None if pair is None or pair[0] == LOSS else chain_through_the_next_layer(expression, scene)


def second_derivative(expression: Expression, scene: Scene) -> Rewriting | None:
    """d2u/dx dy = d(du/dx)/dy."""
    del scene
    if not isinstance(expression, Derivative) or len(expression.by) != 2:
        return None
    first, second = expression.by
    return Rewriting(
        Derivative(Derivative(expression.of, (first,)), (second,)),
        "The derivatives are taken one after the other.",
    )
