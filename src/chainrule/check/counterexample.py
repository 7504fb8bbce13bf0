"""Counter-examples: points with small round numbers, the one at which two sides differ most visibly."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from chainrule.check.cases import (
    Case,
    Cases,
    Equation,
    assignments,
    entries,
    row_spoken_of,
    sizes_of_classes,
    with_true_class,
)
from chainrule.check.claim_conditions import Condition, holds, position
from chainrule.check.claim_verdict import Counterexample
from chainrule.check.doubles import Doubles, TooLongError, double_of
from chainrule.check.dual_numbers import NotDefinedError, plain
from chainrule.check.equality import equal_in_doubles
from chainrule.derive import (
    ARITHMETIC,
    EXAMPLES,
    TRUE_CLASS,
    Context,
    Derivative,
    Entry,
    Key,
    Point,
    Real,
    Symbol,
    given_point,
    nodes,
)

PROBABILITIES = {
    2: ((2, 8), (7, 3)),
    3: ((2, 3, 5), (5, 3, 2), (3, 5, 2)),
    4: ((1, 2, 3, 4), (4, 3, 2, 1)),
    5: ((1, 1, 2, 2, 4), (4, 2, 2, 1, 1)),
}
"""Tenths."""
MOST_POINTS = 24


def counterexample(
    equation: Equation, cases: Cases, wrong: Sequence[Case], only: Sequence[Condition], *, given: bool
) -> Counterexample | None:
    """Return the round numbers at which the sides differ most, or those of a random point if none differ there."""
    try:
        return _best(equation, cases, wrong, only, given=given)
    except TooLongError:
        return None


def _best(
    equation: Equation, cases: Cases, wrong: Sequence[Case], only: Sequence[Condition], *, given: bool
) -> Counterexample | None:
    found: list[tuple[float, Case]] = []
    rounded = [] if given else list(round_points(equation))[:MOST_POINTS]
    for point in rounded:
        for letters in assignments(equation, point):
            case = Case(point, letters)
            if all(holds(condition, point, letters) for condition in only):
                found += [(difference, case) for difference in _difference(equation, case, cases)]
        if found and point.sizes[-1] < max(sizes_of_classes(equation)) and len(found) > 3:
            break
    if not found:
        found = [
            (difference, case) for case in wrong[:20] for difference in _difference(equation, case, cases)
        ]
    if not found:
        return None
    _, best = max(found, key=lambda pair: pair[0])
    return described(equation, best, cases)


def _difference(equation: Equation, case: Case, cases: Cases) -> Iterator[float]:
    try:
        if equal_in_doubles(equation, case, cases) is False:
            state = cases.state(case)
            left, right = (double_of(side, state, case.letters) for side in (equation.left, equation.right))
            yield round(abs(left - right) / (0.1 + abs(left) + abs(right)), 6)
    except NotDefinedError:
        return


def round_points(equation: Equation) -> Iterator[Point]:
    """Yield points with probabilities of one decimal, small whole inputs and weights, for every true class."""
    context = equation.context
    for classes in sizes_of_classes(equation):
        for row in _rows(context, classes):
            numbered = replace(
                context,
                classes=classes,
                probabilities=row if context.output not in ("identity", "log-softmax") else None,
                logits=row if context.output in ("identity", "log-softmax") else None,
                temperature=Fraction(2) if context.temperature == "T" else context.temperature,
                label_smoothing=Fraction(1, 10)
                if context.label_smoothing == "eps"
                else context.label_smoothing,
            )
            features = equation.positions.get(0, 2)
            point = given_point(numbered, 1, features=max(2, features))
            point = _with_examples(_with_targets(point, context, classes), context)
            point = replace(point, context=context)
            if context.one_hot and context.target_row is None:
                yield from (with_true_class(point, true) for true in range(1, classes + 1))
            else:
                yield point


def _rows(context: Context, classes: int) -> list[tuple[Fraction, ...]]:
    if context.output in ("identity", "log-softmax"):
        return [tuple(Fraction(place) for place in (1, -1, 2, 0, 3, *range(4, classes + 1))[:classes])]
    tenths = PROBABILITIES.get(classes, (tuple(range(1, classes + 1)), tuple(range(classes, 0, -1))))
    return [tuple(Fraction(tenth, sum(row)) for tenth in row) for row in tenths]


def _with_targets(point: Point, context: Context, classes: int) -> Point:
    if context.target_row is not None or context.targets in ("one-hot", "zeros"):
        return point
    if context.targets == "soft":
        row = [Fraction(3, 10), Fraction(7, 10), *([Fraction(0)] * (classes - 2))]
    else:
        row = [Fraction(each) for each in (1, 1, 2, *([0] * classes))][:classes]
    targets: dict[Key, Real] = {
        ("Y", None, (1, k)): ARITHMETIC.mpf(value.numerator) / value.denominator
        for k, value in enumerate(row, 1)
    }
    return replace(point, given={**point.given, **targets})


def _with_examples(point: Point, context: Context) -> Point:
    """Return a point with a second example like the first, where the claim is about a batch."""
    if context.reduction == "none":
        return point
    second = {
        (name, layer, (2, *places[1:])): value
        for (name, layer, places), value in point.given.items()
        if name in "XY"
    }
    true = (*point.classes_of[:1], *point.classes_of[:1])
    return replace(point, examples=2, given={**point.given, **second}, classes_of=true)


def described(equation: Equation, case: Case, cases: Cases) -> Counterexample:
    """Return the numbers of a case that a claim speaks of, and its two sides there."""
    state = cases.state(case)
    left, right = (double_of(side, state, case.letters) for side in (equation.left, equation.right))
    return Counterexample(dict(_values(equation, case, state)), _rounded(left), _rounded(right))


def _values(equation: Equation, case: Case, state: Doubles) -> Iterator[tuple[str, object]]:
    point, context = case.point, equation.context
    row = row_spoken_of(equation, point, case.letters)
    yield "K", point.sizes[-1]
    yield from sorted(pair for pair in case.letters.items() if pair[0] != TRUE_CLASS)
    if point.classes_of and context.target_row is None:
        yield TRUE_CLASS, position(TRUE_CLASS, point, case.letters)
    if context.reduction != "none":
        yield "N", point.examples
    present = {node.name for node in nodes(equation.both) if isinstance(node, Symbol)}
    yield from (
        (name, _rounded(float(point.symbols[name]))) for name in ("T", "eps") if name in point.symbols
    )
    named = {entry.name for entry in entries(equation.both)} | present
    units = range(1, point.sizes[-1] + 1)
    yield "O", [_rounded(plain(state.entry(("O", None, (row, k))))) for k in units]
    if context.loss != "none" or "Y" in named:
        yield "Y", [_rounded(float(point.given["Y", None, (row, k)])) for k in units]
    if "Z" in {entry.name for entry in entries(equation.both) if not _only_below(entry, equation)}:
        yield "Z", [_rounded(plain(state.entry(("Z", None, (row, k))))) for k in units]
    if named & {"X"} or any(entry.name == "W" for entry in entries(equation.both)):
        yield (
            "X",
            [_rounded(float(point.given["X", None, (row, j)])) for j in range(1, point.sizes[0] + 1)],
        )
    if "w" in named or context.class_weight:
        yield "w", [_rounded(float(point.given["w", None, (k,)])) for k in units]
    if EXAMPLES in {axis for axes in equation.letters.values() for axis in axes}:
        yield "row", row


def _only_below(entry: Entry, equation: Equation) -> bool:
    """Return whether an entry stands in the claim as what is differentiated by alone."""
    return not any(node == entry for node in nodes(equation.both)) and any(
        entry in node.by for node in nodes(equation.both) if isinstance(node, Derivative)
    )


def _rounded(value: float) -> float | int:
    near = float(f"{value:.6g}")
    return int(near) if near == int(near) and abs(near) < 1e6 else near
