"""Which classes are taken for which others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array

WHOLE_UP_TO = 15
"""The most classes whose confusion matrix is shown whole; of more, those with the most mistakes."""
CLASSES_OF_MANY = 12
PAIRS = 20
SHADES = 4
SHORT, LINE = 6, 72
"""Characters that every column has room for, and all columns together."""


@dataclass(frozen=True)
class Cell:
    """A count of rows, and how dark its cell is: 0 for none, up to ``SHADES``, by its share of the row."""

    count: int
    shade: int
    right: bool


@dataclass(frozen=True)
class ConfusionRow:
    """The rows of one class, by predicted class; ``others`` counts predictions of classes that are not shown."""

    label: object
    cells: tuple[Cell, ...]
    others: int
    total: int


@dataclass(frozen=True)
class Confusion:
    """The matrix of the classes shown, and the most frequent mistakes among all classes."""

    labels: tuple[object, ...]
    rows: tuple[ConfusionRow, ...]
    whole: bool
    pairs: tuple[tuple[object, object, int, float], ...]
    kinds_of_mistakes: int

    @property
    def upright(self) -> bool:
        """Whether the labels above the columns are too long to lie side by side."""
        return sum(max(len(str(label)), SHORT) for label in self.labels) > LINE


def confusion(targets: Array, predictions: Array, classes: Sequence[object]) -> Confusion:
    """Return the confusion matrix of some rows, cut down to the worst classes where there are many.

    Parameters
    ----------
    targets, predictions : ndarray of int64, shape (examples,)
        Class indices.
    classes : sequence
        Labels by index.

    Returns
    -------
    Confusion
        Never an array of classes x classes: memory grows with the rows.

    Examples
    --------
    >>> found = confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), ["cat", "dog"])
    >>> [[cell.count for cell in row.cells] for row in found.rows], found.pairs
    ([[1, 1], [0, 1]], (('cat', 'dog', 1, 0.5),))
    """
    n_classes = len(classes)
    codes, counts = np.unique(targets * n_classes + predictions, return_counts=True)
    actual, predicted = codes // n_classes, codes % n_classes
    totals = np.bincount(targets, minlength=n_classes)
    shown = _shown(actual, predicted, counts, n_classes)
    found = dict(zip(codes.tolist(), counts.tolist(), strict=True))
    rows = tuple(_row(int(k), shown, found, int(totals[k]), classes) for k in shown)
    wrong = actual != predicted
    order = np.argsort(-counts[wrong], kind="stable")[:PAIRS]
    pairs = tuple(
        (classes[a], classes[p], int(count), float(count / totals[a]))
        for a, p, count in zip(
            actual[wrong][order], predicted[wrong][order], counts[wrong][order], strict=True
        )
    )
    labels = tuple(classes[k] for k in shown)
    return Confusion(labels, rows, len(shown) == n_classes, pairs, int(wrong.sum()))


def _shown(actual: Array, predicted: Array, counts: Array, n_classes: int) -> Array:
    """Return all classes, or of many those that take part in the most mistakes, in their order."""
    if n_classes <= WHOLE_UP_TO:
        return np.arange(n_classes)
    wrong = actual != predicted
    mistakes = np.bincount(actual[wrong], counts[wrong], n_classes)
    mistakes += np.bincount(predicted[wrong], counts[wrong], n_classes)
    worst = np.argsort(-mistakes, kind="stable")[:CLASSES_OF_MANY]
    return np.sort(worst[mistakes[worst] > 0])


def _row(k: int, shown: Array, found: dict[int, int], total: int, classes: Sequence[object]) -> ConfusionRow:
    counts = [found.get(k * len(classes) + int(other), 0) for other in shown]
    cells = tuple(
        Cell(count, shade(count, total), int(other) == k) for other, count in zip(shown, counts, strict=True)
    )
    return ConfusionRow(classes[k], cells, total - sum(counts), total)


def shade(count: int, total: int) -> int:
    """Return how dark a cell is: 0 without rows, else 1 to ``SHADES`` by its share of the class.

    Examples
    --------
    >>> [shade(count, 100) for count in (0, 1, 25, 26, 100)]
    [0, 1, 1, 2, 4]
    """
    return -(-count * SHADES // total) if count else 0
