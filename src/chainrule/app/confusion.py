"""Which classes are mistaken for which others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array

WORST_CLASSES = 5
MISTAKEN_FOR = 3


@dataclass(frozen=True)
class ClassErrors:
    """The rows of one class: how many there are, how many are right, and what the others were taken for."""

    label: object
    examples: int
    right: int
    mistaken_for: tuple[tuple[object, int], ...]

    @property
    def accuracy(self) -> float:
        """The share of right rows."""
        return self.right / self.examples


def worst_classes(
    targets: Array, predictions: Array, classes: Sequence[object], limit: int = WORST_CLASSES
) -> list[ClassErrors]:
    """Return the classes with the smallest share of right predictions, the smallest first.

    Parameters
    ----------
    targets, predictions : ndarray of int64, shape (examples,)
        Class indices.
    classes : sequence
        Labels by index.
    limit : int
        At most so many; classes without a mistake are never among them.

    Examples
    --------
    >>> worst_classes(np.array([0, 0, 1]), np.array([0, 1, 1]), ["cat", "dog"])
    [ClassErrors(label='cat', examples=2, right=1, mistaken_for=(('dog', 1),))]
    """
    examples = np.bincount(targets, minlength=len(classes))
    right = np.bincount(targets[targets == predictions], minlength=len(classes))
    with_mistakes = np.flatnonzero(right < examples)
    share = right[with_mistakes] / examples[with_mistakes]
    order = with_mistakes[np.argsort(share, kind="stable")][:limit]
    return [class_errors(int(place), targets, predictions, classes) for place in order]


def worst_of(targets: Array, predictions: Array, classes: Sequence[object]) -> tuple[list[ClassErrors], int]:
    """Return the worst classes, and how many more have mistakes.

    Examples
    --------
    >>> worst, more = worst_of(np.arange(9), np.zeros(9, dtype=np.int64), range(9))
    >>> len(worst), more
    (5, 3)
    """
    worst = worst_classes(targets, predictions, classes)
    return worst, len(np.unique(targets[targets != predictions])) - len(worst)


def worst_counted(
    counts: Array, confusions: Array | None, classes: Sequence[object], limit: int = WORST_CLASSES
) -> tuple[list[ClassErrors], int]:
    """Return the same from counts of rows: the worst classes, and how many more have mistakes.

    Parameters
    ----------
    counts : ndarray of int64, shape (classes, 3)
        Rows of each class, rows predicted to be of it, and rows where it is both.
    confusions : ndarray of int64, shape (classes, classes), or None
        Rows by class and predicted class; None if they were not counted.
    classes : sequence
        Labels by index.
    limit : int
        At most so many.

    Examples
    --------
    >>> worst_counted(np.array([[2, 1, 1], [1, 2, 1]]), np.array([[1, 1], [0, 1]]), ["cat", "dog"])
    ([ClassErrors(label='cat', examples=2, right=1, mistaken_for=(('dog', 1),))], 0)
    """
    examples, right = counts[:, 0], counts[:, 2]
    with_mistakes = np.flatnonzero(right < examples)
    order = with_mistakes[np.argsort(right[with_mistakes] / examples[with_mistakes], kind="stable")]
    worst = [
        ClassErrors(
            classes[place],
            int(examples[place]),
            int(right[place]),
            () if confusions is None else mistaken_for(confusions[place], int(place), classes),
        )
        for place in order[:limit]
    ]
    return worst, len(order) - len(worst)


def class_errors(place: int, targets: Array, predictions: Array, classes: Sequence[object]) -> ClassErrors:
    """Return the errors of one class."""
    taken_for = np.bincount(predictions[targets == place], minlength=len(classes))
    right = int(taken_for[place])
    total = int(taken_for.sum())
    return ClassErrors(classes[place], total, right, mistaken_for(taken_for, place, classes))


def mistaken_for(taken_for: Array, place: int, classes: Sequence[object]) -> tuple[tuple[object, int], ...]:
    """Return the other classes that rows of one were most often taken for, with their number."""
    others = taken_for.copy()
    others[place] = 0
    most = np.argsort(-others, kind="stable")[:MISTAKEN_FOR]
    return tuple((classes[other], int(others[other])) for other in most if others[other])
