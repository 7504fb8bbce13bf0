"""The proof of a derivation: every line, as numbers, at random points that its conditions allow.

A line ``quantity = after`` is true at a point if both sides agree to 50 digits. The quantity is evaluated from the
definitions by central differences, without a rule of calculus; lines are compared with the one before them as well, so
that a step is proven by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import TYPE_CHECKING

from chainrule.derive.context import Context
from chainrule.derive.evaluation import ARITHMETIC, Real, State, Undefined, axes_of, digits_for, evaluate
from chainrule.derive.expressions import (
    TRUE_CLASS,
    Add,
    Expression,
    Index,
    free_letters,
    map_indices,
    nodes,
    own_indices,
)
from chainrule.derive.points import WIDTH, extra_digits, given_point, random_point
from chainrule.derive.rewriting import Relation

if TYPE_CHECKING:
    from chainrule.derive.derivation import Derivation, Step

CLASSES = (2, 3, 5)
"""Numbers of classes at which every step is tried."""
EXAMPLES = (1, 3)
"""Numbers of examples of a batch at which every step is tried."""
POINTS = 2
"""Random points for each number of classes."""
MOST_PLACES = 4
"""At most so many choices of the free letters are tried at each point."""
MOST_FURTHER_POINTS = 12
"""So many points more are drawn for a step that has no value at those before."""
MOST_EXTRA_DIGITS = 2000
"""Given logits that are farther apart are not tried: their outputs would take that many digits."""
AGREEMENT = 50
"""Digits to which both sides of a line agree."""


@dataclass(frozen=True)
class Disagreement:
    """A point at which a line does not hold."""

    classes: int
    seed: int
    letters: Mapping[str, int]
    before: str
    after: str


@dataclass(frozen=True)
class StepProof:
    """What became of one step.

    Parameters
    ----------
    step : Step
        The step.
    comparisons : int
        At how many points and positions of the letters both sides were compared.
    failure : Disagreement or None
        The first place where they differ; None where there is none.
    """

    step: "Step"
    comparisons: int
    failure: Disagreement | None

    def __bool__(self) -> bool:
        return self.failure is None and self.comparisons > 0


@dataclass(frozen=True)
class Proof:
    """The record of a verification; it is true exactly when every step holds and was compared at least once.

    Parameters
    ----------
    steps : tuple of StepProof
        A record for each step, in their order.
    digits : int
        To how many digits the sides agree.
    classes : tuple of int
        The numbers of classes tried.
    """

    steps: tuple[StepProof, ...]
    digits: int
    classes: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.steps) and all(self.steps)

    def __str__(self) -> str:
        count = sum(each.comparisons for each in self.steps)
        wrong = [each.step.rule for each in self.steps if not each]
        classes = ", ".join(map(str, self.classes))
        said = f"{len(self.steps)} steps hold" if not wrong else f"does not hold: {', '.join(wrong)}"
        return f"{said}: {count} comparisons to {self.digits} digits, with {classes} classes"


def prove(derivation: "Derivation", *, points: int = POINTS, seed: int = 0) -> Proof:
    """Verify every step of a derivation.

    Parameters
    ----------
    derivation : Derivation
        What to verify.
    points : int
        Random points for each number of classes.
    seed : int
        Which points are drawn.

    Returns
    -------
    Proof
        The record.
    """
    small = _first_positions(derivation)
    trials = list(_trials(derivation.context, points, seed, max(small.values(), default=0)))
    steps = tuple(_prove(step, small, trials) for step in derivation.steps)
    if any(not each.comparisons and each.failure is None for each in steps):
        most = max(small.values(), default=0)
        further = list(_trials(derivation.context, MOST_FURTHER_POINTS, seed + points, most))
        steps = tuple(each if each.comparisons else _prove(each.step, small, further) for each in steps)
    return Proof(steps, AGREEMENT, tuple(dict.fromkeys(trial.classes for trial in trials)))


@dataclass(frozen=True)
class _Side:
    """One side of a line, and what its evaluation needs to know of it."""

    expression: Expression
    text: str
    letters: tuple[str, ...]
    digits: int


def _side(expression: Expression) -> _Side:
    letters = tuple(sorted(free_letters(expression)))
    return _Side(expression, str(expression), letters, digits_for(expression))


@dataclass(frozen=True)
class _Trial:
    """A point, and the values that were computed there already."""

    state: State
    classes: int
    seed: int
    known: dict[tuple[str, tuple[int, ...]], Real | None]

    def value(self, side: _Side, letters: Mapping[str, int]) -> Real | None:
        """Return a side's value, None where it is not defined."""
        key = (side.text, tuple(letters[letter] for letter in side.letters))
        if key not in self.known:
            with ARITHMETIC.workdps(side.digits + self.state.point.extra_digits):
                try:
                    self.known[key] = evaluate(
                        side.expression, self.state, dict(letters), row=self.state.point.row
                    )
                except Undefined:
                    self.known[key] = None
        return self.known[key]


def _trials(context: Context, points: int, seed: int, places: int) -> Iterator[_Trial]:
    """Yield points at which lines are compared, in networks of so many units and features at least."""
    batches = EXAMPLES if context.reduction != "none" else (1,)
    sizes = CLASSES if context.classes is None else (context.classes,)
    for classes, number in product(sizes, range(points)):
        examples = batches[(number + classes) % len(batches)]
        features = max(places, 2 + (number + classes) % 2)
        width = max(places + 1, WIDTH)
        point = random_point(
            context, seed + number, classes=classes, examples=examples, features=features, width=width
        )
        yield _Trial(State(point), classes, seed + number, {})
    if context.row is not None and extra_digits(context) <= MOST_EXTRA_DIGITS:
        point = given_point(context, seed, features=max(places, 2), width=max(places + 1, WIDTH))
        yield _Trial(State(point), len(context.row), seed, {})


def _first_positions(derivation: "Derivation") -> dict[int, int]:
    """Return small positions in place of those of a derivation: X_401 is proven as X_1 is, in small networks.

    Where the context gives one example's numbers, classes are not alike: positions up to K stay, others follow them.
    """
    context = derivation.context
    found = {
        index
        for step in derivation.steps
        for side in _sides(step)
        for node in nodes(side)
        for index in own_indices(node)
        if isinstance(index, int)
    }
    rows = (context.row, context.target_row, context.class_weights)
    kept = 0 if rows == (None, None, None) else context.classes or 0
    later = enumerate(sorted(index for index in found if index > kept), start=kept + 1)
    return {index: index for index in found if index <= kept} | {index: place for place, index in later}


def _prove(step: "Step", small: Mapping[int, int], trials: list[_Trial]) -> StepProof:
    count = 0
    sides_of_line = [
        map_indices(side, lambda i: small[i] if isinstance(i, int) else i) for side in _sides(step)
    ]
    lines = [_side(side) for side in sides_of_line]
    for trial in trials:
        for letters in places(Add(tuple(sides_of_line)), step.case, trial.state, trial.seed):
            sides = [trial.value(line, letters) for line in lines]
            if sides[0] is None and sides[1] is None and sides[2] is None:
                continue
            count += 1
            for before, after in ((sides[1], sides[2]), (sides[0], sides[2])):
                if not agree(before, after):
                    where = Disagreement(trial.classes, trial.seed, letters, _text(before), _text(after))
                    return StepProof(step, count, where)
    return StepProof(step, count, None)


def _text(value: Real | None) -> str:
    return "undefined" if value is None else ARITHMETIC.nstr(value, 17)


def agree(first: Real | None, second: Real | None, digits: int = AGREEMENT) -> bool:
    """Return whether two values agree to so many digits of the larger, or of 1 where both are smaller.

    Examples
    --------
    >>> agree(ARITHMETIC.mpf(1) / 3, ARITHMETIC.mpf("0.333"))
    False
    """
    if first is None or second is None:
        return first is second
    scale = max(abs(first), abs(second), 1)
    return bool(abs(first - second) <= scale * ARITHMETIC.mpf(10) ** -digits)


def _sides(step: "Step") -> tuple[Expression, Expression, Expression]:
    return step.quantity, step.before, step.after


def places(sides: Expression, case: Relation | None, state: State, seed: int) -> Iterator[dict[str, int]]:
    """Yield positions of a line's free letters that its case allows, all of them or a sample."""
    letters = sorted(free_letters(sides))
    context = state.point.context
    lengths = [min(state.point.size(axis) for axis in axes_of(letter, sides, context)) for letter in letters]
    choices = [
        dict(zip(letters, chosen, strict=True))
        for chosen in product(*(range(1, length + 1) for length in lengths))
    ]
    allowed = [chosen for chosen in choices if _allows(case, chosen, state)]
    if len(allowed) > MOST_PLACES:
        allowed = Random(f"{seed} {len(allowed)}").sample(allowed, MOST_PLACES)
    yield from allowed


def _allows(case: Relation | None, letters: Mapping[str, int], state: State) -> bool:
    if case is None:
        return True

    def position(index: Index) -> int:
        if isinstance(index, int):
            return index
        if index == TRUE_CLASS and index not in letters:
            return state.point.classes_of[state.point.row - 1]
        return letters[index]

    same = position(case.first) == position(case.second)
    return same == case.equal
