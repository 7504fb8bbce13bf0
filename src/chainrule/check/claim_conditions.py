"""The conditions under which a claim may hold: the closed list, and the weakest of it that suffices."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from chainrule.derive import EXAMPLES, TRUE_CLASS, Context, Index, Point, Relation

SUMS_TO_ONE, ONE_HOT = "sum(Y) = 1", "one-hot"
TWO_CLASSES, ONE_EXAMPLE = "K = 2", "N = 1"
NO_TEMPERATURE, NO_SMOOTHING = "T = 1", "eps = 0"

Condition = Relation | str
"""An index relation, or the text of one of the other conditions."""

ROUNDING = 1e-12


def holds(condition: Condition, point: Point, letters: Mapping[str, int]) -> bool:
    """Return whether a condition is met at a point, the free letters at the positions given.

    Examples
    --------
    >>> from chainrule.derive import context_of, random_point
    >>> holds("K = 2", random_point(context_of(), 0, classes=3), {})
    False
    """
    if isinstance(condition, Relation):
        same = position(condition.first, point, letters) == position(condition.second, point, letters)
        return same == condition.equal
    match condition:
        case "K = 2":
            return point.sizes[-1] == 2
        case "N = 1":
            return point.examples == 1
        case "T = 1":
            return point.symbols.get("T", 1) == 1
        case "eps = 0":
            return point.symbols.get("eps", 0) == 0
        case "sum(Y) = 1":
            return all(abs(sum(row) - 1) < ROUNDING for row in target_rows(point))
    return all(sorted(row)[-2:] == [0, 1] and set(row) == {0, 1} for row in target_rows(point))


def position(index: Index, point: Point, letters: Mapping[str, int]) -> int:
    """Return where an index stands at a point.

    Examples
    --------
    >>> from chainrule.derive import context_of, random_point
    >>> position("k", random_point(context_of(), 0, classes=3), {"k": 2})
    2
    """
    if isinstance(index, int):
        return index
    if index == TRUE_CLASS and index not in letters:
        return point.classes_of[point.row - 1]
    return letters[index]


def target_rows(point: Point) -> list[list[float]]:
    """Return the targets of each example of a point.

    Examples
    --------
    >>> from chainrule.derive import context_of, random_point
    >>> target_rows(random_point(context_of(targets="zeros"), 0, classes=2))
    [[0.0, 0.0]]
    """
    classes = range(1, point.sizes[-1] + 1)
    return [[float(point.given["Y", None, (n, k)]) for k in classes] for n in range(1, point.examples + 1)]


def closed_list(
    context: Context, axes_of_letters: Mapping[str, frozenset[int]], named: Mapping[int, frozenset[int]]
) -> tuple[Condition, ...]:
    """Return every condition that narrows what a context leaves open.

    Parameters
    ----------
    context : Context
        What the letters mean.
    axes_of_letters : mapping
        The free letters and the axes on which each stands.
    named : mapping
        The positions that are named on each axis.

    Examples
    --------
    >>> [str(each) for each in closed_list(Context(), {"k": frozenset({1})}, {})]
    ['k = c', 'k != c', 'K = 2']
    """
    letters = sorted(letter for letter, axes in axes_of_letters.items() if EXAMPLES not in axes)
    on_classes = [letter for letter in letters if context.layers in axes_of_letters[letter]]
    on_examples = sorted(letter for letter, axes in axes_of_letters.items() if axes == {EXAMPLES})
    pairs: list[tuple[Index, Index]] = [*combinations(letters, 2), *combinations(on_examples, 2)]
    if context.one_hot:
        pairs += [(letter, TRUE_CLASS) for letter in on_classes]
    pairs += [
        (letter, place)
        for letter in letters
        for place in sorted(
            frozenset[int]().union(*(named.get(axis, ()) for axis in axes_of_letters[letter]))
        )
    ]
    if context.one_hot and context.target_row is None:
        pairs += [(TRUE_CLASS, place) for place in sorted(named.get(context.layers, ()))]
    relations = [Relation(first, second, equal) for equal in (True, False) for first, second in pairs]
    return (*relations, *_of_the_context(context))


def _of_the_context(context: Context) -> list[Condition]:
    row = context.target_row is not None or context.targets == "zeros"
    offered = {
        SUMS_TO_ONE: not row and not context.targets_sum_to_one,
        ONE_HOT: not row and not context.one_hot,
        TWO_CLASSES: context.classes is None,
        ONE_EXAMPLE: context.reduction != "none",
        NO_TEMPERATURE: context.temperature == "T",
        NO_SMOOTHING: context.label_smoothing == "eps",
    }
    return [name for name, narrows in offered.items() if narrows]


@dataclass(frozen=True)
class Judged:
    """One case and whether the claim holds there."""

    point: Point
    letters: Mapping[str, int]
    right: bool


def weakest(
    conditions: Sequence[Condition], judged: Sequence[Judged], empty: Collection[int] = ()
) -> Condition | None:
    """Return the weakest condition under which every case is right, or None.

    A condition is weaker than another if it allows all that the other allows, and more; of conditions that cannot be
    compared, the first is taken, first among those that allow more than the cases that are ``empty``: 0 = 0.
    """
    met = {
        condition: frozenset(
            place for place, case in enumerate(judged) if holds(condition, case.point, case.letters)
        )
        for condition in conditions
    }
    right = frozenset(place for place, case in enumerate(judged) if case.right)
    enough = [each for each in conditions if met[each] and met[each] <= right]
    among = [each for each in enough if not any(met[each] < met[other] for other in enough)]
    return next((each for each in among if not met[each] <= set(empty)), among[0] if among else None)
