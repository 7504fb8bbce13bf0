"""The points and index values at which a claim is judged: all that its context allows, in small sizes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from random import Random

from chainrule.check.doubles import Budget, Doubles, World
from chainrule.derive import (
    ARITHMETIC,
    EXAMPLES,
    FEATURES,
    TRUE_CLASS,
    Add,
    Context,
    Delta,
    Derivative,
    Entry,
    Expression,
    Key,
    Point,
    Real,
    Sum,
    axes,
    axes_of,
    free_letters,
    given_point,
    nodes,
    own_indices,
    random_point,
)

CLASSES = (2, 3, 5)
EXAMPLES_IN_BATCH = (1, 3, 4)
SEEDS = (1, 2)
MOST_ASSIGNMENTS = 130
"""Of more values of the free indices than this, as many are drawn at random."""
MOST_TRUE_CLASSES = 3
"""With more classes than these, the first and the last are true in turn, and those that the claim names."""


@dataclass(frozen=True)
class Equation:
    """Two sides that are claimed to be equal, in a context."""

    left: Expression
    right: Expression
    context: Context

    @cached_property
    def both(self) -> Expression:
        """The two sides as one expression, for questions about letters."""
        return Add((self.left, self.right))

    @cached_property
    def letters(self) -> dict[str, frozenset[int]]:
        """The free letters and the axes on which each stands."""
        return {
            letter: axes_of(letter, self.both, self.context) for letter in sorted(free_letters(self.both))
        }

    @cached_property
    def named(self) -> dict[int, frozenset[int]]:
        """The positions that are named on each axis; those in a delta or under a sum count as classes."""
        found: dict[int, set[int]] = {}
        for entry in entries(self.both):
            for index, axis in zip(entry.indices, axes(entry, self.context), strict=False):
                if isinstance(index, int):
                    found.setdefault(axis, set()).add(index)
        for node in nodes(self.both):
            if isinstance(node, Delta | Sum):
                places = {index for index in own_indices(node) if isinstance(index, int)}
                found.setdefault(self.context.layers, set()).update(places)
        return {axis: frozenset(places) for axis, places in found.items() if places}

    @cached_property
    def positions(self) -> dict[int, int]:
        """The largest position that is named on each axis."""
        return {axis: max(places) for axis, places in self.named.items()}

    @property
    def numbers(self) -> tuple[int, ...]:
        """The positions that are named on the axis of the classes."""
        return tuple(sorted(self.named.get(self.context.layers, ())))

    def mixes_axes(self) -> bool:
        """Return whether a letter, free or bound, stands on axes that may differ in size."""
        kinds = [*self.letters.values()]
        kinds += [axes_of(n.index, n.body, self.context) for n in nodes(self.both) if isinstance(n, Sum)]
        return any(len(axes_of_one) > 1 for axes_of_one in kinds)


def entries(expression: Expression) -> Iterator[Entry]:
    """Yield all entries of an expression, those that derivatives are taken by among them.

    Examples
    --------
    >>> [str(entry) for entry in entries(Derivative(Entry("E"), (Entry("b", None, ("k",)),)))]
    ['b_k', 'E']
    """
    for node in nodes(expression):
        if isinstance(node, Entry):
            yield node
        elif isinstance(node, Derivative):
            yield from node.by


@dataclass(frozen=True)
class Case:
    """One point and one position for each free letter."""

    point: Point
    letters: Mapping[str, int]


def sizes_of_classes(equation: Equation) -> tuple[int, ...]:
    """Return the numbers of classes at which an equation is judged.

    Examples
    --------
    >>> sizes_of_classes(Equation(Entry("O", None, (4,)), Entry("O", None, (1,)), Context()))
    (4, 5)
    """
    if equation.context.classes is not None:
        return (equation.context.classes,)
    least = equation.positions.get(equation.context.layers, 2)
    return tuple(sorted({max(least, 2), *(size for size in CLASSES if size >= least)}))


def points_of(equation: Equation, *, given: bool = False) -> tuple[Point, ...]:
    """Return points in all sizes, for every true class, and where symbols take their special values.

    Parameters
    ----------
    equation : Equation
        What is judged.
    given : bool
        Whether the logits are those that the context gives.
    """
    context = equation.context
    if given:
        base = [given_point(context, seed, features=_features(equation, 2)[0]) for seed in SEEDS[:1]]
        return tuple(point for each in base for point in _true_classes(each, equation))
    batch = context.reduction != "none"
    examples = [n for n in EXAMPLES_IN_BATCH if n >= equation.positions.get(EXAMPLES, 1)] if batch else [1]
    examples = examples or [equation.positions[EXAMPLES]]
    found: list[Point] = []
    for classes, n in product(sizes_of_classes(equation), examples):
        for features in _features(equation, classes):
            found += _of_one_size(equation, classes, n, features)
    return tuple(found)


def _of_one_size(equation: Equation, classes: int, examples: int, features: int) -> list[Point]:
    context = equation.context
    widest = max((size for axis, size in equation.positions.items() if 0 < axis < context.layers), default=3)
    width = max(3, widest + 1, classes if equation.mixes_axes() else 3)
    found: list[Point] = []
    for seed in SEEDS:
        point = random_point(
            context, seed, classes=classes, examples=examples, features=features, width=width
        )
        variants = _true_classes(point, equation) if seed == SEEDS[0] or classes == 2 else [point]
        found += variants
        found += [special for variant in variants[:2] for special in _special(variant, context, seed)]
    return found


def _features(equation: Equation, classes: int) -> tuple[int, ...]:
    """Return the numbers of features: also that of the classes, and others, where an index stands on both axes."""
    least = equation.positions.get(FEATURES, 1)
    if equation.mixes_axes():
        return tuple(sorted({max(least, size) for size in (classes - 1, classes, classes + 1)}))
    return (max(2, least),)


def _true_classes(point: Point, equation: Equation) -> list[Point]:
    """Return the point with each class as the true one of its row; of many classes those that a claim tells apart."""
    context = equation.context
    if not context.one_hot or context.target_row is not None:
        return [point]
    classes = point.sizes[-1]
    told_apart = {1, classes, *equation.numbers, *(place + 1 for place in equation.numbers)}
    chosen = range(1, classes + 1) if classes <= MOST_TRUE_CLASSES else sorted(told_apart)
    return [with_true_class(point, true) for true in chosen if true <= classes]


def with_true_class(point: Point, true: int) -> Point:
    """Return a point at which the row that is spoken of has another true class.

    Examples
    --------
    >>> with_true_class(random_point(Context(), 0, classes=3), 2).classes_of
    (2,)
    """
    targets: dict[Key, Real] = {
        ("Y", None, (point.row, k)): ARITHMETIC.mpf(k == true) for k in range(1, point.sizes[-1] + 1)
    }
    others = list(point.classes_of)
    others[point.row - 1] = true
    return replace(point, given={**point.given, **targets}, classes_of=tuple(others))


def _special(point: Point, context: Context, seed: int) -> list[Point]:
    """Return the point with targets of a narrower kind, without temperature, without smoothing."""
    found: list[Point] = []
    for kind in {"any": ("soft", "one-hot"), "soft": ("one-hot",)}.get(context.targets, ()):
        sizes = {"classes": point.sizes[-1], "examples": point.examples, "features": point.sizes[0]}
        other = random_point(replace(context, targets=kind), seed, **sizes)
        found.append(replace(point, given={**point.given, **_targets(other)}))
    for symbol, value, option in (("T", 1, context.temperature), ("eps", 0, context.label_smoothing)):
        if option == symbol:
            found.append(replace(point, symbols={**point.symbols, symbol: ARITHMETIC.mpf(value)}))
    return found


def _targets(point: Point) -> dict[Key, Real]:
    return {key: value for key, value in point.given.items() if key[0] == "Y"}


def assignments(equation: Equation, point: Point) -> list[dict[str, int]]:
    """Return the values that the free letters take at a point, each within the shortest of its axes.

    Examples
    --------
    >>> equation = Equation(Entry("O", None, ("k",)), Entry("O", None, (1,)), Context())
    >>> assignments(equation, random_point(Context(), 0, classes=2))
    [{'k': 1}, {'k': 2}]
    """
    return [_with_true_class_of(equation, point, each) for each in _positions(equation, point)]


def _with_true_class_of(equation: Equation, point: Point, letters: dict[str, int]) -> dict[str, int]:
    """Return the letters with c, where a claim speaks of one example of a batch: c is that example's true class."""
    row = row_spoken_of(equation, point, letters)
    if row == point.row or not point.classes_of:
        return letters
    return {**letters, TRUE_CLASS: point.classes_of[row - 1]}


def row_spoken_of(equation: Equation, point: Point, letters: Mapping[str, int]) -> int:
    """Return the example that a claim speaks of: that of its one n, or the one that goes without an index.

    Examples
    --------
    >>> equation = Equation(Entry("Z", None, ("n", "k")), Entry("O", None, ("n", "k")), Context(reduction="sum"))
    >>> row_spoken_of(equation, random_point(equation.context, 0, classes=2, examples=3), {"n": 3, "k": 1})
    3
    """
    free = [letters[name] for name, on in equation.letters.items() if on == {EXAMPLES}]
    rows = [*free, *equation.named.get(EXAMPLES, ())]
    return rows[0] if len(rows) == 1 else point.row


def _positions(equation: Equation, point: Point) -> list[dict[str, int]]:
    names = list(equation.letters)
    ranges = [range(1, min(point.size(axis) for axis in equation.letters[name]) + 1) for name in names]
    count = 1
    for each in ranges:
        count *= len(each)
    if count <= MOST_ASSIGNMENTS:
        return [dict(zip(names, places, strict=True)) for places in product(*ranges)]
    random = Random(count)
    drawn = [dict.fromkeys(names, place) for place in range(1, min(len(each) for each in ranges) + 1)]
    return drawn + [
        {name: random.choice(each) for name, each in zip(names, ranges, strict=True)} for _ in range(100)
    ]


class Cases:
    """All cases of an equation, with the states of each world at each point, made when they are asked for."""

    def __init__(self, equation: Equation, budget: Budget, *, given: bool = False) -> None:
        self.equation = equation
        self.budget = budget
        self.all: Sequence[Case] = [
            Case(point, letters)
            for point in points_of(equation, given=given)
            for letters in assignments(equation, point)
        ]
        self._states: dict[tuple[int, int], tuple[World | None, Doubles]] = {}

    def state(self, case: Case, world: World | None = None) -> Doubles:
        """Return the values at a case's point, in a world; the worlds asked for must be kept by the caller."""
        name = id(case.point), id(world)
        if name not in self._states:
            self._states[name] = (world, Doubles(case.point, self.budget, world))
        return self._states[name][1]
