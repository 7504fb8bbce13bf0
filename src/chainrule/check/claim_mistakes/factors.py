"""Mistakes that multiply a quantity by something: a sign, a class mean, a temperature, an activation's derivative."""

from collections.abc import Iterator
from fractions import Fraction
from functools import partial

from chainrule.check.cases import Cases, Equation
from chainrule.check.claim_mistakes.attempt import Attempt, quantities, replacing, scaling, with_each
from chainrule.check.doubles import double_of
from chainrule.check.dual_numbers import NotDefinedError
from chainrule.derive import (
    LOSS,
    MINUS_ONE,
    ONE,
    Call,
    Context,
    Derivative,
    Entry,
    Expression,
    Number,
    Power,
    Sum,
    Symbol,
    divide,
    multiply,
    number,
    subtract,
)

LARGEST_DENOMINATOR = 12
"""Constant factors are recognised as fractions of whole numbers up to this."""


COMMON = (Fraction(2), Fraction(1, 2))
"""Any two numbers differ by a factor: of decimals only these are told."""


def factor_attempts(equation: Equation, cases: Cases) -> Iterator[Attempt]:
    """Yield each factor that may have been left out or put in, for all quantities at once, then for one."""
    second = any(isinstance(q, Derivative) and len(q.by) > 1 for q in quantities(equation))
    for names, factor, text in common_factors(equation.context):
        yield Attempt(names, with_each(equation, scaling(factor)), text, rank=10)
    for names, kind, text in (EXTRA, MISSING):
        changed = with_each(equation, partial(_with_slope, context=equation.context, inverse=kind))
        if kind and equation.context.loss == "binary-cross-entropy":
            names = (*names, "output-for-input")
        yield Attempt(
            names,
            changed,
            text,
            rank=35 if kind and equation.context.output == "softmax" and not equation.context.hidden else 11,
        )
    for part in (0, 1):
        changed = with_each(equation, partial(_without_part_of_slope, context=equation.context, part=part))
        text = "Only one of the two factors of the activation's derivative is there."
        yield Attempt(("missing-activation-derivative",), changed, text, rank=13)
    yield from _constant_factors(equation, cases, second=second)
    yield from _one_alone(equation)


EXTRA = (
    ("extra-activation-derivative",),
    False,
    "The derivative of the activation is multiplied in once more.",
)
MISSING = (
    ("missing-activation-derivative",),
    True,
    "The derivative of the activation is left out of the chain.",
)


def common_factors(context: Context) -> Iterator[tuple[tuple[str, ...], Expression, str]]:
    """Yield factors with a name of their own: sign, 1/K, N, T, the logarithm's base, smoothing, weights."""
    classes, temperature = Symbol("K"), Symbol("T")
    yield ("sign",), MINUS_ONE, "The sign is the opposite one."
    yield ("per-class-mean",), divide(ONE, classes), "It is divided by the number of classes."
    if context.loss == "squared-error":
        yield (
            ("per-class-mean", "factor"),
            divide(number(2), classes),
            "It is a mean over the classes instead of half their sum.",
        )
    yield from _batch_factors(context)
    if context.temperature is not None:
        scale = temperature if isinstance(context.temperature, str) else Number(context.temperature)
        for power, text in (
            (1, "left out"),
            (-1, "there once too often"),
            (2, "upside down"),
            (-2, "there twice too often"),
        ):
            yield (
                ("temperature",),
                Power(scale, number(power)),
                f"The factor 1/T of the temperature is {text}.",
            )
    bases = [2, 10] if context.log_base is None else [context.log_base]
    for base in bases:
        natural = Call("ln", (number(base),))
        yield ("log-base",), natural, f"The factor 1/ln({base}) of a logarithm with another base is missing."
        yield (
            ("log-base",),
            divide(ONE, natural),
            f"There is a factor 1/ln({base}), of another base than the loss has.",
        )
    if context.label_smoothing is not None:
        eps = Symbol("eps") if isinstance(context.label_smoothing, str) else Number(context.label_smoothing)
        yield (
            ("smoothing-mass",),
            subtract(ONE, eps),
            "Everything is scaled by 1 - eps: the mass eps is gone.",
        )


def _batch_factors(context: Context) -> Iterator[tuple[tuple[str, ...], Expression, str]]:
    size = Symbol("N")
    if context.reduction == "mean" and context.class_weight:
        mass = Sum("m", Sum("i", multiply(Entry("w", None, ("i",)), Entry("Y", None, ("m", "i")))))
        divides = "the weighted mean divides by the sum of the examples' weights."
        yield ("batch-mean", "batch-sum"), mass, f"It is the sum over the batch: {divides}"
        yield ("batch-mean",), divide(mass, size), f"It is divided by N: {divides}"
    if context.reduction == "mean":
        yield ("batch-mean", "batch-sum"), size, "The factor 1/N of the mean over the batch is missing."
        yield ("batch-mean",), divide(ONE, size), "The factor 1/N of the mean over the batch is there twice."
    if context.reduction == "sum":
        yield (
            ("batch-sum", "batch-mean"),
            divide(ONE, size),
            "There is a factor 1/N, although the loss is a sum over the batch.",
        )
        yield ("batch-sum",), size, "There is a factor N that the sum over the batch does not bring."


def _of_a_number(equation: Equation) -> bool:
    return isinstance(equation.left, Number) or isinstance(equation.right, Number)


def _constant_factors(equation: Equation, cases: Cases, *, second: bool) -> Iterator[Attempt]:
    if _of_a_number(equation):
        for each in COMMON:
            changed = with_each(equation, scaling(Number(each)))
            yield Attempt(("factor",), changed, f"Everything is right but for a factor {each}.", rank=15)
        return
    found = constant_factor(equation, cases)
    if found is None or found in (0, 1, -1):
        return
    names = ("hessian-bound", "factor") if second and found > 1 else ("factor",)
    changed = with_each(equation, scaling(Number(found)))
    yield Attempt(names, changed, f"Everything is right but for a factor {found}.", rank=15)


def constant_factor(equation: Equation, cases: Cases) -> Fraction | None:
    """Return the number by which all quantities would have to be multiplied, from the first cases that tell.

    The difference of the two sides is taken for a straight line in that number: its values at 0 and 1 give the number.
    """
    none = with_each(equation, scaling(Number(Fraction(0))))
    if none == equation:
        return None
    for case in cases.all[:: max(1, len(cases.all) // 7)]:
        state = cases.state(case)
        try:
            at_0, at_1 = (
                double_of(each.left, state, case.letters) - double_of(each.right, state, case.letters)
                for each in (none, equation)
            )
        except NotDefinedError:
            continue
        if abs(at_1 - at_0) > 1e-9 and abs(at_1) > 1e-9:
            near = Fraction(at_0 / (at_0 - at_1)).limit_denominator(LARGEST_DENOMINATOR)
            return near if abs(at_0 / (at_0 - at_1) - near) < 1e-9 * abs(near) else None
    return None


def _one_alone(equation: Equation) -> Iterator[Attempt]:
    """Yield a sign or a factor at one of several quantities."""
    several = quantities(equation)
    if len(several) < 2:
        return
    for one in several:
        changed = with_each(equation, replacing(one, multiply(MINUS_ONE, one)))
        yield Attempt(("sign",), changed, f"{one} has the opposite sign.", rank=14)


def _with_slope(quantity: Expression, context: Context, *, inverse: bool) -> Expression | None:
    slope = activation_slope(quantity, context)
    if slope is None:
        return None
    return divide(quantity, slope) if inverse else multiply(slope, quantity)


def _without_part_of_slope(quantity: Expression, context: Context, part: int) -> Expression | None:
    """Return a quantity without one of the factors u and 1 - u of a sigmoid's derivative."""
    slope = activation_slope(quantity, context)
    if not isinstance(slope, Derivative) or not isinstance(slope.of, Entry):
        return None
    unit = slope.of
    name = context.output if unit.layer is None else context.hidden[unit.layer - 1]
    if name != "sigmoid" or (unit.name == "O" and context.loss != "squared-error"):
        return None
    return divide(quantity, unit if part == 0 else subtract(ONE, unit))


def activation_slope(quantity: Expression, context: Context) -> Expression | None:
    """Return the derivative of the activation that stands behind a quantity's entry, as a derivative to be evaluated.

    Examples
    --------
    >>> print(activation_slope(Derivative(LOSS, (Entry("Z", None, ("k",)),)), Context()))
    dO_k/dZ_k
    """
    if not isinstance(quantity, Derivative) or quantity.of != LOSS:
        return None
    by = quantity.by[-1]
    unit = by.indices if by.name in "ZU" else by.indices[:1]
    layer = by.layer
    if by.name == "Z" or (by.name in ("W", "b") and layer in (None, context.layers)):
        return Derivative(Entry("O", None, unit), (Entry("Z", None, unit),))
    if by.name in ("U", "W", "b") and layer is not None:
        return Derivative(Entry("A", layer, unit), (Entry("U", layer, unit),))
    return None
