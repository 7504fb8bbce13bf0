"""Random points: networks and examples that a context allows."""

from dataclasses import replace
from fractions import Fraction
from random import Random

from chainrule.derive.context import Context
from chainrule.derive.evaluation import ARITHMETIC, DIGITS, Key, Point, Real, State

PRECISE = 400
"""Digits at which given logits are met: more than any derivative is taken at."""
WIDTH = 3
"""How many units hidden layers have, at most."""


def random_point(
    context: Context, seed: int, *, classes: int, examples: int = 1, features: int = 2, width: int = WIDTH
) -> Point:
    """Return a network and a batch drawn at random, as the context allows.

    Numbers are fractions of a few digits, away from 0, so that no logarithm and no kink is met by chance; logits lie
    between -2 and 2. Where the context names logits, probabilities, targets or class weights, these are taken.

    Parameters
    ----------
    context : Context
        What the letters mean.
    seed : int
        What is drawn depends on it and the sizes alone.
    classes, examples, features, width : int
        K, N, D and the largest number of units of a hidden layer.

    Returns
    -------
    Point
        Values of all that is given.

    Examples
    --------
    >>> random_point(Context(), 0, classes=3).sizes
    (2, 3)
    """
    random = Random(f"{seed} {classes} {examples} {features}")
    sizes = (features, *(max(2, width - place % 2) for place in range(len(context.hidden))), classes)
    with ARITHMETIC.workdps(DIGITS):
        given: dict[Key, Real] = {}
        for example in range(1, examples + 1):
            for j in range(1, features + 1):
                given["X", None, (example, j)] = _number(random)
        _weights(random, context, sizes, given)
        true = _targets(random, context, classes, examples, given)
        for k in range(1, classes + 1):
            given["V", None, (k,)] = _number(random)
            given["w", None, (k,)] = _weight(random, context, k)
        return Point(context, sizes, examples, given, _symbols(random, context), true)


def given_point(context: Context, seed: int, *, features: int = 2, width: int = WIDTH) -> Point:
    """Return a network whose logits are those that the context gives, by its last biases; the rest is drawn at random.

    Examples
    --------
    >>> from chainrule.derive.evaluation import State
    >>> context = Context(probabilities=(Fraction(1, 4), Fraction(3, 4)), classes=2)
    >>> print(ARITHMETIC.nstr(State(given_point(context, 0)).entry(("O", None, (1, 2))), 6))
    0.75
    """
    assert context.row is not None
    with ARITHMETIC.workdps(PRECISE):
        point = random_point(context, seed, classes=len(context.row), features=features, width=width)
        state = State(point)
        named = context.layers if context.hidden else None
        shift: dict[Key, Real] = {}
        for k, logit in enumerate(_logits(context, state.point), 1):
            shift["b", named, (k,)] = point.given["b", named, (k,)] + logit - state.entry(("Z", None, (1, k)))
        return replace(point, given={**point.given, **shift}, extra_digits=extra_digits(context))


def extra_digits(context: Context) -> int:
    """Return how many more digits arithmetic needs at the given numbers: outputs may be as small as exp of their range.

    Examples
    --------
    >>> extra_digits(Context(logits=(Fraction(0), Fraction(23)), classes=2))
    21
    """
    if context.logits is None:
        return 2 * len(str(int(1 / min(context.probabilities)))) if context.probabilities and min(context.probabilities) > 0 else 0
    width = max(max(context.logits) - min(context.logits), max(map(abs, context.logits)) if context.output == "sigmoid" else 0)
    scale = context.temperature if isinstance(context.temperature, Fraction) else Fraction(3, 10)
    if context.temperature is None:
        scale = Fraction(1)
    return int(2 * width / scale / Fraction(23, 10)) + 1


def _logits(context: Context, point: Point) -> list[Real]:
    """Return the given logits, or logits of the given probabilities."""
    assert context.row is not None
    row = [_real(value) for value in context.row]
    if context.logits is not None or context.output == "identity":
        return row
    if context.output == "sigmoid":
        return [ARITHMETIC.log(value / (1 - value)) for value in row]
    scale = point.symbols.get("T", 1)
    return [scale * ARITHMETIC.log(value) for value in row]


def _number(random: Random) -> Real:
    """Return a number of two decimals between -1.2 and 1.2 that is not near 0."""
    return ARITHMETIC.mpf(random.choice((-1, 1)) * random.randint(11, 119)) / 100


def _weights(random: Random, context: Context, sizes: tuple[int, ...], given: dict[Key, Real]) -> None:
    for layer in range(1, len(sizes)):
        named = layer if context.hidden else None
        for k in range(1, sizes[layer] + 1):
            given["b", named, (k,)] = _number(random)
            for j in range(1, sizes[layer - 1] + 1):
                given["W", named, (k, j)] = _number(random)


def _weight(random: Random, context: Context, k: int) -> Real:
    if context.class_weights is not None:
        return _real(context.class_weights[k - 1])
    return ARITHMETIC.mpf(random.randint(30, 300)) / 100


def _targets(
    random: Random, context: Context, classes: int, examples: int, given: dict[Key, Real]
) -> tuple[int, ...]:
    """Draw the targets; return the true classes where they are one-hot."""
    true = []
    for example in range(1, examples + 1):
        row = target_row(random, context, classes)
        true.append(1 + max(range(classes), key=lambda k: row[k]))
        for k, value in enumerate(row, 1):
            given["Y", None, (example, k)] = value
    return tuple(true) if context.one_hot else ()


def target_row(random: Random, context: Context, classes: int) -> list[Real]:
    """Draw one example's targets.

    Examples
    --------
    >>> [int(value) for value in target_row(Random(0), Context(targets="zeros"), 3)]
    [0, 0, 0]
    """
    if context.target_row is not None:
        return [_real(value) for value in context.target_row]
    if context.targets == "zeros":
        return [ARITHMETIC.mpf(0)] * classes
    if context.targets == "one-hot":
        true = random.randrange(classes)
        return [ARITHMETIC.mpf(k == true) for k in range(classes)]
    row = [ARITHMETIC.mpf(random.randint(5, 95)) / 100 for _ in range(classes)]
    return [value / sum(row) for value in row] if context.targets == "soft" else row


def _symbols(random: Random, context: Context) -> dict[str, Real]:
    symbols = {}
    if context.temperature is not None:
        drawn = ARITHMETIC.mpf(random.choice((random.randint(30, 90), random.randint(110, 400)))) / 100
        symbols["T"] = drawn if context.temperature == "T" else _real(context.temperature)
    if context.label_smoothing is not None:
        drawn = ARITHMETIC.mpf(random.randint(5, 60)) / 100
        symbols["eps"] = drawn if context.label_smoothing == "eps" else _real(context.label_smoothing)
    return symbols


def _real(value: Fraction | str | None) -> Real:
    assert isinstance(value, Fraction)
    return ARITHMETIC.mpf(value.numerator) / value.denominator
