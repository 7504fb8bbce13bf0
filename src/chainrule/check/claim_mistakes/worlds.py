"""Mistaken worlds: other definitions of the output and the loss, in which the claim would be right as it stands."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial

from chainrule.check.cases import Equation
from chainrule.check.claim_mistakes.attempt import Attempt, quantities
from chainrule.check.doubles import World
from chainrule.derive import (
    LOSS,
    ONE,
    ROW_VARIABLES,
    Call,
    Context,
    Derivative,
    Entry,
    Expression,
    Index,
    Number,
    Sum,
    Symbol,
    add,
    definition,
    divide,
    fresh_letter,
    multiply,
    negate,
    number,
    output_of,
    subtract,
    transform,
)

Found = tuple[tuple[str, ...], World, str]


def world_attempts(equation: Equation) -> Iterator[Attempt]:
    """Yield the claim, unchanged, in every mistaken world that its context offers."""
    sooner = 0 if any(isinstance(quantity, Derivative) for quantity in quantities(equation)) else 30
    by_output = all(
        isinstance(q, Derivative) and q.of == LOSS and q.by[0].name == "O" for q in quantities(equation)
    )
    for rank, (names, world, text) in mistaken_worlds(equation.context):
        told = 15 if by_output and names[0] == "bernoulli-for-categorical" else rank
        yield Attempt(names, equation, text, world=world, rank=told - sooner)


def mistaken_worlds(context: Context) -> Iterator[tuple[int, Found]]:
    """Yield a rank, and the names of a mistake, the world as it would be, and what was done."""
    exclusive = context.output == "softmax" and context.loss == "binary-cross-entropy"
    yield from ((28 if exclusive else 40, found) for found in _other_pairs(context))
    yield from ((36, found) for found in _other_options(context))
    if context.label_smoothing is not None:
        yield from ((36, found) for found in _other_smoothing(context))
    if context.loss != "none":
        yield from ((38, found) for found in _other_losses(context))
    if context.output == "softmax":
        yield from ((38, found) for found in _other_softmax(context))


PAIRS = {
    ("softmax", "cross-entropy"): (
        (("squared-error-for-cross-entropy",), "softmax", "squared-error"),
        (("bernoulli-for-categorical",), "softmax", "binary-cross-entropy"),
        (("bernoulli-for-categorical",), "sigmoid", "binary-cross-entropy"),
        (("squared-error-for-cross-entropy", "extra-activation-derivative"), "sigmoid", "squared-error"),
        (("squared-error-for-cross-entropy",), "identity", "squared-error"),
    ),
    ("softmax", "squared-error"): (
        (("missing-activation-derivative", "squared-error-for-cross-entropy"), "softmax", "cross-entropy"),
        (("squared-error-for-cross-entropy",), "softmax", "binary-cross-entropy"),
        (("bernoulli-for-categorical", "diagonal-only"), "sigmoid", "squared-error"),
        (("missing-activation-derivative",), "identity", "squared-error"),
    ),
    ("softmax", "binary-cross-entropy"): (
        (("bernoulli-for-categorical",), "softmax", "cross-entropy"),
        (("bernoulli-for-categorical",), "sigmoid", "binary-cross-entropy"),
        (("squared-error-for-cross-entropy",), "softmax", "squared-error"),
    ),
    ("softmax", "none"): ((("bernoulli-for-categorical", "diagonal-only"), "sigmoid", "none"),),
    ("log-softmax", "none"): ((("no-log",), "softmax", "none"),),
    ("sigmoid", "binary-cross-entropy"): (
        (("squared-error-for-cross-entropy", "extra-activation-derivative"), "sigmoid", "squared-error"),
        (("squared-error-for-cross-entropy",), "identity", "squared-error"),
    ),
    ("sigmoid", "squared-error"): (
        (("missing-activation-derivative",), "sigmoid", "binary-cross-entropy"),
        (("missing-activation-derivative",), "identity", "squared-error"),
    ),
    ("identity", "squared-error"): (
        (("extra-activation-derivative",), "sigmoid", "squared-error"),
        (("extra-activation-derivative",), "softmax", "squared-error"),
    ),
}
"""For an output and a loss: others that are taken for them, and what that is called."""


def _other_pairs(context: Context) -> Iterator[Found]:
    for names, output, loss in PAIRS.get((context.output, context.loss), ()):
        other = replace(
            context,
            output=output,
            loss=loss,
            label_smoothing=context.label_smoothing if loss == "cross-entropy" else None,
            class_weight=context.class_weight and loss == "cross-entropy",
            log_base=context.log_base if loss.endswith("entropy") else None,
            temperature=context.temperature if output == "softmax" else None,
        )
        took = f"{output} with {loss}" if loss != "none" else output
        yield names, World(other), f"This is right for {took}, not for what was asked about."


def _other_options(context: Context) -> Iterator[Found]:
    if context.temperature is not None:
        yield (
            ("temperature",),
            World(replace(context, temperature=None)),
            "The temperature is left out: this is right at T = 1.",
        )
    if context.label_smoothing is not None:
        yield (
            ("smoothing-mass",),
            World(replace(context, label_smoothing=None)),
            "The label smoothing is left out: this is right at eps = 0.",
        )
    if context.log_base is not None:
        yield (
            ("log-base",),
            World(replace(context, log_base=None)),
            "This is right for the natural logarithm, not for the base of the loss.",
        )
    elif context.loss.endswith("entropy"):
        for base in (2, 10):
            yield (
                ("log-base",),
                World(replace(context, log_base=Fraction(base))),
                f"This is right for a logarithm of base {base}, not for the natural one.",
            )
    if context.reduction == "mean":
        yield (
            ("batch-sum", "batch-mean"),
            World(replace(context, reduction="sum")),
            "This is right for the sum over the batch, not for its mean.",
        )
    if context.reduction == "sum":
        yield (
            ("batch-mean", "batch-sum"),
            World(replace(context, reduction="mean")),
            "This is right for the mean over the batch, not for its sum.",
        )
    if context.class_weight:
        yield ("factor",), World(replace(context, class_weight=False)), "The class weights are left out."
    for layer, name in enumerate(context.hidden):
        for other in ("identity", "sigmoid", "tanh", "relu"):
            hidden = (*context.hidden[:layer], other, *context.hidden[layer + 1 :])
            if other != name:
                taken = f"This is right for {other} in layer {layer + 1}, not for {name}."
                yield ("missing-activation-derivative",), World(replace(context, hidden=hidden)), taken


def _other_smoothing(context: Context) -> Iterator[Found]:
    eps = (
        Symbol("eps")
        if isinstance(context.label_smoothing, str)
        else Number(context.label_smoothing or Fraction(0))
    )
    kept, share = subtract(ONE, eps), divide(eps, Symbol("K"))
    others = divide(eps, subtract(Symbol("K"), ONE))

    def world(target: Expression, other: Expression | None) -> World:
        def define(entry: Entry, within: Context) -> Expression | None:
            found = definition(entry, replace(within, label_smoothing=None))
            return (
                found
                if found is None or entry != LOSS
                else transform(found, lambda n: _smoothed(n, target, other))
            )

        return World(context, define)

    convention = "The mass eps goes to the K - 1 other classes instead of being shared by all K."
    yield ("smoothing-convention",), world(subtract(kept, others), others), convention
    exchanged = "The two numbers of the smoothing are exchanged: the target keeps 1 - eps, and eps is shared."
    yield ("smoothing-convention",), world(eps, divide(kept, Symbol("K"))), exchanged
    text = "The smoothed targets that this speaks of do not sum to 1."
    for keep, give in ((kept, None), (ONE, share), (kept, eps), (kept, others), (ONE, others), (ONE, eps)):
        yield ("smoothing-mass",), world(keep, give), text


def _smoothed(node: Expression, keep: Expression, give: Expression | None) -> Expression | None:
    if not isinstance(node, Entry) or node.name != "Y":
        return None
    whole = multiply(keep, node)
    return whole if give is None else add(whole, give)


def _squared_errors(context: Context) -> Iterator[Found]:
    """Yield the squared error without its half, and as a mean over the classes."""
    other = replace(context, loss="squared-error", label_smoothing=None, class_weight=False, log_base=None)
    sigmoid = replace(other, output="sigmoid", temperature=None)
    for factor, name in ((number(2), "factor"), (divide(number(2), Symbol("K")), "per-class-mean")):
        for taken in (other, sigmoid):
            scaled = World(taken, partial(_scaled_loss, factor=factor))
            text = f"This is right for {taken.output} with the squared error, times {factor}."
            yield ("squared-error-for-cross-entropy", name), scaled, text


def _scaled_loss(entry: Entry, context: Context, factor: Expression) -> Expression | None:
    found = definition(entry, context)
    return multiply(factor, found) if found is not None and entry == LOSS else found


def _other_losses(context: Context) -> Iterator[Found]:
    if context.loss == "cross-entropy" and context.output == "softmax":
        yield from _squared_errors(context)
    if context.loss == "cross-entropy":
        yield (
            ("no-log",),
            _changed_loss(context, _without_logarithm),
            "The loss is taken as -sum_i Y_i*O_i, without the logarithm.",
        )
        yield (
            ("no-log",),
            _changed_loss(context, _distance_from_one),
            "The loss is taken as sum_i Y_i*(1 - O_i), without the logarithm.",
        )
    if context.output == "softmax":
        twice = _changed_loss(context, lambda node: _softmax_of_output(node))
        yield ("softmax-twice",), twice, "The softmax is applied to the probabilities once more."
    if context.class_weight:
        yield (
            ("weights-inside-softmax",),
            _weights_inside(context),
            "The class weights act on the logits, inside the softmax.",
        )
        on_output = _changed_loss(replace(context, class_weight=False), _weighted_output)
        yield (
            ("weights-inside-softmax",),
            on_output,
            "The class weights act on the probabilities, inside the logarithm.",
        )


def _changed_loss(context: Context, change: object) -> World:
    def define(entry: Entry, _: Context) -> Expression | None:
        found = definition(entry, context)
        return transform(found, change) if found is not None and entry == LOSS else found  # type: ignore[arg-type]

    return World(context, define)


def _without_logarithm(node: Expression) -> Expression | None:
    return node.arguments[0] if isinstance(node, Call) and node.function in ("ln", "log") else None


def _distance_from_one(node: Expression) -> Expression | None:
    output = _without_logarithm(node)
    return None if output is None else subtract(output, ONE)


def _softmax_of_output(node: Expression) -> Expression | None:
    if not isinstance(node, Entry) or node.name != "O":
        return None
    j = fresh_letter(frozenset(str(index) for index in node.indices), "smtq")
    other = Entry("O", None, (*node.indices[:-1], j))
    return divide(Call("exp", (node,)), Sum(j, Call("exp", (other,))))


def _weighted_output(node: Expression) -> Expression | None:
    if not isinstance(node, Entry) or node.name != "O":
        return None
    return multiply(Entry("w", None, node.indices[-1:]), node)


def _weights_inside(context: Context) -> World:
    plain = replace(context, class_weight=False)

    def define(entry: Entry, _: Context) -> Expression | None:
        if entry.name != "O":
            return definition(entry, plain)
        found = output_of(entry.indices[:-1], entry.indices[-1], plain)
        return transform(found, _weighted_logit)

    return World(plain, define)


def _weighted_logit(node: Expression) -> Expression | None:
    return (
        multiply(Entry("w", None, node.indices[-1:]), node)
        if isinstance(node, Entry) and node.name == "Z"
        else None
    )


def _other_softmax(context: Context) -> Iterator[Found]:
    def upside_down(node: Expression) -> Expression | None:
        scaled = node if context.temperature is None else multiply(Symbol("T"), Symbol("T"), node)
        return scaled if isinstance(node, Entry) and node.name == "Z" else None

    if context.temperature is not None:
        yield (
            ("temperature",),
            _changed_output(context, upside_down),
            "The logits are multiplied by T instead of divided by it.",
        )
    negative = _changed_output(
        context, lambda node: negate(node) if isinstance(node, Entry) and node.name == "Z" else None
    )
    yield ("sign",), negative, "The sign of the logits is the opposite one."
    if context.reduction != "none":
        yield (
            ("wrong-axis",),
            World(context, _over_examples),
            "The softmax runs over the examples instead of the classes.",
        )
        yield (
            ("global-sum",),
            World(context, _over_everything),
            "The softmax is divided by one sum over the whole batch.",
        )


def _changed_output(context: Context, change: object) -> World:
    def define(entry: Entry, within: Context) -> Expression | None:
        found = definition(entry, within)
        return transform(found, change) if found is not None and entry.name == "O" else found  # type: ignore[arg-type]

    return World(context, define)


def _over_examples(entry: Entry, context: Context) -> Expression | None:
    if entry.name != "O" or len(entry.indices) < 2:
        return definition(entry, context)
    row, k = entry.indices
    return divide(_exponential(row, k), Sum("m", _exponential("m", k)))


def _over_everything(entry: Entry, context: Context) -> Expression | None:
    if entry.name != "O" or len(entry.indices) < 2:
        return definition(entry, context)
    row, k = entry.indices
    return divide(_exponential(row, k), Sum("m", Sum("j", _exponential("m", "j"))))


def _exponential(row: Index, k: Index) -> Expression:
    assert "Z" in ROW_VARIABLES
    return Call("exp", (Entry("Z", None, (row, k)),))
