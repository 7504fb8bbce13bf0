"""Mistakes in the chain from the loss to the logits, dE/dZ_r = sum_i dE/dO_i dO_i/dZ_r, and in what lies below."""

from collections.abc import Callable, Iterator
from functools import partial

from chainrule.check.cases import Equation
from chainrule.check.claim_mistakes.attempt import Attempt, quantities, with_each
from chainrule.derive import (
    EXAMPLES,
    LOSS,
    MINUS_ONE,
    ONE,
    TRUE_CLASS,
    Call,
    Context,
    Derivative,
    Entry,
    Expression,
    Index,
    Sum,
    Symbol,
    add,
    all_letters,
    axes,
    divide,
    fresh_letter,
    multiply,
    negate,
    number,
    subtract,
    target_of,
)

Row = tuple[Index, ...]
Gradient = Callable[[Row, Index, str], Expression]
"""What is believed to be dE/dZ_r of a row; the letter is free for a sum."""

OUTER = "The entries of the softmax's derivative are used without the outer factor dE/dO_i."
DIAGONAL = "The terms with i != k of the sum over the outputs are left out."
LOGARITHM = "The loss is taken as -sum_i Y_i*O_i, without the logarithm."
SLOPE_AGAIN = "The derivative of the activation is multiplied in once more."
NO_SLOPE = (
    "The derivative by the output is used for that by the logit: the activation's derivative is missing."
)


def chain_attempts(equation: Equation) -> Iterator[Attempt]:
    """Yield mistaken gradients by the logits, put in place of the true one wherever the loss is differentiated."""
    context = equation.context
    if context.loss == "none":
        return
    asked = [q for q in quantities(equation) if isinstance(q, Derivative) and q.of == LOSS and len(q.by) == 1]
    if not any(_below(q.by[0], context) for q in asked):
        return
    taken = all_letters(equation.both) | {"n", "i", "j", "m"}
    for names, gradient, text in mistaken_gradients(context):
        changed = with_each(equation, partial(_through, gradient=gradient, context=context, taken=taken))
        if changed != equation:
            rank = 29 if names[0] in ("targets-do-not-sum-to-one", "target-index") else 30
            yield Attempt(names, changed, text, rank=rank, formula=True)


def _below(by: Entry, context: Context) -> bool:
    return by.name in "ZWbXUA" and context.loss != "none"


def _through(
    quantity: Expression, gradient: Gradient, context: Context, taken: frozenset[str]
) -> Expression | None:
    """Return dE/dw as the mistaken gradient gives it: sum_r gradient_r dZ_r/dw, summed over a batch."""
    if not _is_loss(quantity) or not isinstance(quantity, Derivative) or not _below(quantity.by[0], context):
        return None
    (by,) = quantity.by
    inner = fresh_letter(taken, "iuvstpq")
    own_row = axes(by, context)[:1] == (EXAMPLES,) and by.name in "ZXUA"
    row: Row = by.indices[:1] if own_row else ()
    if by.name == "Z":
        return gradient(row, by.indices[-1], inner)
    unit = fresh_letter(taken | {inner}, "rvstpq")
    if by.name in "Wb" and context.reduction != "none":
        example = fresh_letter(taken | {inner, unit}, "mnst")
        row = (example,)
        return Sum(example, _over_units(gradient, row, unit, inner, by))
    return _over_units(gradient, row, unit, inner, by)


def _over_units(gradient: Gradient, row: Row, unit: str, inner: str, by: Entry) -> Expression:
    return Sum(unit, multiply(gradient(row, unit, inner), Derivative(Entry("Z", None, (*row, unit)), (by,))))


def mistaken_gradients(context: Context) -> Iterator[tuple[tuple[str, ...], Gradient, str]]:
    """Yield the names, the mistaken dE/dZ_r and what was done, for the context's output and loss."""

    def output(row: Row, i: Index) -> Entry:
        return Entry("O", None, (*row, i))

    def target(row: Row, i: Index) -> Entry:
        return Entry("Y", None, (*row, i))

    def outer(row: Row, i: Index) -> Expression:
        return Derivative(LOSS, (output(row, i),))

    def slope(row: Row, i: Index, r: Index) -> Expression:
        return Derivative(output(row, i), (Entry("Z", None, (*row, r)),))

    def true(row: Row, r: Index) -> Expression:
        return Derivative(LOSS, (Entry("Z", None, (*row, r)),))

    scale = _scale(context)
    missed = "The target is missing: it is taken for 0, which it is for the other classes alone."
    yield (
        ("target-index",),
        lambda n, r, _: add(true(n, r), multiply(scale, _tempered(target_of(r, n, context), context))),
        missed,
    )
    yield ("extra-activation-derivative",), lambda n, r, _: multiply(true(n, r), slope(n, r, r)), SLOPE_AGAIN
    missing = (
        ("output-for-input",)
        if context.loss == "cross-entropy"
        else ("missing-activation-derivative", "output-for-input")
    )
    yield missing, lambda n, r, _: outer(n, r), NO_SLOPE
    if context.output != "softmax":
        return
    yield (
        ("diagonal-only", "missing-cross-term"),
        lambda n, r, _: multiply(outer(n, r), slope(n, r, r)),
        DIAGONAL,
    )
    yield (
        ("missing-cross-term",),
        lambda n, r, i: Sum(i, multiply(outer(n, i), slope(n, i, r)), (r,)),
        "The term with i = k of the sum over the outputs is left out.",
    )
    yield ("missing-outer-derivative",), lambda n, r, _: multiply(scale, slope(n, r, r)), OUTER
    yield ("missing-outer-derivative",), lambda n, r, i: multiply(scale, Sum(i, slope(n, i, r))), OUTER
    yield (
        ("missing-outer-derivative",),
        lambda n, r, i: multiply(scale, Sum(i, multiply(target(n, i), slope(n, i, r)))),
        OUTER,
    )
    if context.loss == "cross-entropy":
        yield from _of_cross_entropy(context, output, target, slope, scale)


def _scale(context: Context) -> Expression:
    return divide(ONE, Symbol("N")) if context.reduction == "mean" else ONE


def _of_cross_entropy(
    context: Context,
    output: Callable[[Row, Index], Entry],
    target: Callable[[Row, Index], Entry],
    slope: Callable[[Row, Index, Index], Expression],
    scale: Expression,
) -> Iterator[tuple[tuple[str, ...], Gradient, str]]:
    def straight(row: Row, i: str, r: Index) -> Expression:
        return multiply(MINUS_ONE, scale, Sum(i, multiply(target(row, i), slope(row, i, r))))

    yield ("no-log",), lambda n, r, i: straight(n, i, r), LOGARITHM
    yield (
        ("no-log", "diagonal-only"),
        lambda n, r, _: multiply(MINUS_ONE, scale, target(n, r), slope(n, r, r)),
        LOGARITHM,
    )
    no_target = (
        "The entries of the softmax's derivative are used without the target: the outer factor is -Y_i/O_i."
    )
    yield (
        ("missing-outer-derivative",),
        lambda n, r, i: negate(multiply(scale, Sum(i, divide(slope(n, i, r), output(n, i))))),
        no_target,
    )
    inside = "The derivative of ln is missing 1/O_i in part: the outer factor is -Y_i/O_i."
    yield (
        ("missing-outer-derivative", "no-log"),
        lambda n, r, _: multiply(scale, target(n, r), slope(n, r, r)),
        inside,
    )
    if not context.targets_sum_to_one or context.class_weight:
        yield (
            ("targets-do-not-sum-to-one",),
            lambda n, r, _: multiply(
                scale,
                subtract(_tempered(output(n, r), context), _tempered(target_of(r, n, context), context)),
            ),
            "O_k keeps its factor 1 only if the targets, with their weights, sum to 1.",
        )
    if context.class_weight:
        yield from _weights_inside(output, target, scale)
    if context.reduction != "none":
        yield from _over_other_axes(target, scale)
    if context.label_smoothing is not None:
        yield from _smoothed(context, output, target, scale)


def _weights_inside(
    output: Callable[[Row, Index], Entry], target: Callable[[Row, Index], Entry], scale: Expression
) -> Iterator[tuple[tuple[str, ...], Gradient, str]]:
    """Yield the gradient with the class weights on the probability, on the logits, and on their exponentials."""

    def on_probability(row: Row, r: Index, _: str) -> Expression:
        return multiply(scale, subtract(multiply(Entry("w", None, (r,)), output(row, r)), target(row, r)))

    def on_logits(row: Row, r: Index, i: str) -> Expression:
        return multiply(scale, subtract(_of_weighted(row, r, i, _weighted_logit), target(row, r)))

    def on_exponentials(row: Row, r: Index, i: str) -> Expression:
        return multiply(scale, subtract(_of_weighted(row, r, i, _weighted_exponential), target(row, r)))

    name = ("weights-inside-softmax",)
    yield (
        name,
        on_probability,
        "The class weight acts on the probability instead of on the loss of the example.",
    )
    yield name, on_logits, "The class weights act on the logits, inside the softmax."
    yield name, on_exponentials, "The class weights act on the exponentials, inside the softmax."


def _over_other_axes(
    target: Callable[[Row, Index], Entry], scale: Expression
) -> Iterator[tuple[tuple[str, ...], Gradient, str]]:
    """Yield the gradient with a softmax over the examples, and with one sum over the whole batch."""

    def exponential(row: Row, k: Index) -> Expression:
        return Call("exp", (Entry("Z", None, (*row, k)),))

    def over_examples(row: Row, r: Index, i: str) -> Expression:
        output = divide(exponential(row, r), Sum(i, exponential((i,), r)))
        return multiply(scale, subtract(output, target(row, r)))

    def over_everything(row: Row, r: Index, i: str) -> Expression:
        other = fresh_letter(frozenset((i, str(r), *map(str, row))), "abfgh")
        output = divide(exponential(row, r), Sum(i, Sum(other, exponential((i,), other))))
        return multiply(scale, subtract(output, target(row, r)))

    yield ("wrong-axis",), over_examples, "The softmax runs over the examples instead of the classes."
    yield ("global-sum",), over_everything, "The softmax is divided by one sum over the whole batch."


def _of_weighted(row: Row, r: Index, i: str, weighted: Callable[[Row, Index], Expression]) -> Expression:
    return divide(weighted(row, r), Sum(i, weighted(row, i)))


def _weighted_logit(row: Row, index: Index) -> Expression:
    return Call("exp", (multiply(Entry("w", None, (index,)), Entry("Z", None, (*row, index))),))


def _weighted_exponential(row: Row, index: Index) -> Expression:
    return multiply(Entry("w", None, (index,)), Call("exp", (Entry("Z", None, (*row, index)),)))


def _tempered(expression: Expression, context: Context) -> Expression:
    if context.temperature is None:
        return expression
    symbol = Symbol("T") if isinstance(context.temperature, str) else number(context.temperature)
    return divide(expression, symbol)


def _smoothed(
    context: Context,
    output: Callable[[Row, Index], Entry],
    target: Callable[[Row, Index], Entry],
    scale: Expression,
) -> Iterator[tuple[tuple[str, ...], Gradient, str]]:
    eps = Symbol("eps") if isinstance(context.label_smoothing, str) else number(context.label_smoothing or 0)
    classes = Symbol("K")
    text = "The smoothed targets that this speaks of do not sum to 1: O_k - q_k needs a mass of 1."
    kept, share = subtract(ONE, eps), divide(eps, classes)
    wider = divide(eps, subtract(classes, ONE))
    for keep, give in (
        (ONE, None),
        (kept, None),
        (ONE, share),
        (ONE, eps),
        (kept, eps),
        (kept, wider),
        (ONE, wider),
        (kept, negate(share)),
    ):

        def gradient(
            row: Row, r: Index, _: str, keep: Expression = keep, give: Expression | None = give
        ) -> Expression:
            smoothed = multiply(keep, target(row, r))
            whole = smoothed if give is None else add(smoothed, give)
            return multiply(scale, _tempered(subtract(output(row, r), whole), context))

        yield ("smoothing-mass",), gradient, text
    convention = (
        "The two numbers of the smoothing are exchanged: the target keeps 1 - eps, and eps is shared."
    )
    yield (
        ("smoothing-convention",),
        lambda n, r, _: multiply(
            scale,
            _tempered(
                subtract(output(n, r), add(multiply(eps, target(n, r)), divide(kept, classes))), context
            ),
        ),
        convention,
    )


def true_class_gradients(equation: Equation) -> Iterator[Attempt]:
    """Yield chains that go through the true class alone, and the loss without its logarithm there."""
    context = equation.context
    if not context.one_hot or context.output != "softmax":
        return
    for sign, name, text in ((ONE, "missing-outer-derivative", OUTER), (MINUS_ONE, "no-log", LOGARITHM)):

        def gradient(row: Row, r: Index, _: str, sign: Expression = sign) -> Expression:
            of = Entry("O", None, (*row, TRUE_CLASS))
            return multiply(sign, _scale(context), Derivative(of, (Entry("Z", None, (*row, r)),)))

        taken = all_letters(equation.both) | {"n", "i", "j", "m"}
        changed = with_each(equation, partial(_through, gradient=gradient, context=context, taken=taken))
        if changed != equation:
            yield Attempt((name,), changed, text, rank=31)


def _is_loss(quantity: Expression) -> bool:
    return isinstance(quantity, Derivative) and quantity.of == LOSS and len(quantity.by) == 1
