"""The confusion matrix."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from chainrule.report.confusion import CLASSES_OF_MANY, PAIRS, WHOLE_UP_TO, confusion, shade


def test_a_matrix_by_hand() -> None:
    found = confusion(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0]), ["cat", "dog"])
    assert [[cell.count for cell in row.cells] for row in found.rows] == [[2, 1], [1, 1]]
    assert [[cell.right for cell in row.cells] for row in found.rows] == [[True, False], [False, True]]
    assert [(row.label, row.total, row.others) for row in found.rows] == [("cat", 3, 0), ("dog", 2, 0)]
    assert found.pairs == (("cat", "dog", 1, 1 / 3), ("dog", "cat", 1, 0.5))
    assert (found.whole, found.kinds_of_mistakes) == (True, 2)


@pytest.mark.parametrize("n_classes", [2, WHOLE_UP_TO])
def test_few_classes_give_scikit_learns_matrix(n_classes: int) -> None:
    rng = np.random.default_rng(3)
    targets, predictions = rng.integers(0, n_classes, (2, 500))
    found = confusion(targets, predictions, range(n_classes))
    counts = [[cell.count for cell in row.cells] for row in found.rows]
    assert counts == confusion_matrix(targets, predictions, labels=range(n_classes)).tolist()


def test_of_many_classes_those_with_the_most_mistakes_are_shown() -> None:
    targets = np.repeat(np.arange(40), 10)
    predictions = targets.copy()
    predictions[70:75] = 9  # half of class 7 is taken for 9
    predictions[110] = 12
    found = confusion(targets, predictions, range(40))
    assert found.labels == (7, 9, 11, 12)
    assert not found.whole
    assert found.pairs == ((7, 9, 5, 0.5), (11, 12, 1, 0.1))
    assert [row.others for row in found.rows] == [0, 0, 0, 0]


def test_predictions_of_classes_that_are_not_shown_are_counted_together() -> None:
    rng = np.random.default_rng(0)
    targets, predictions = rng.integers(0, 100, (2, 5000))
    found = confusion(targets, predictions, range(100))
    assert len(found.rows) == CLASSES_OF_MANY
    assert len(found.pairs) == PAIRS
    assert all(sum(cell.count for cell in row.cells) + row.others == row.total for row in found.rows)
    assert [row.total for row in found.rows] == [np.count_nonzero(targets == row.label) for row in found.rows]


def test_a_hundred_thousand_classes_need_no_matrix() -> None:
    targets = np.arange(100_000)
    predictions = np.where(targets < 5, targets + 1, targets)
    found = confusion(targets, predictions, range(100_000))
    assert found.labels == (0, 1, 2, 3, 4, 5)


def test_without_mistakes_many_classes_show_nothing() -> None:
    found = confusion(np.arange(30), np.arange(30), range(30))
    assert (found.rows, found.pairs) == ((), ())


def test_a_class_without_rows_has_a_line_of_zeros() -> None:
    found = confusion(np.array([0, 0]), np.array([0, 1]), ["a", "b"])
    assert [cell.shade for cell in found.rows[1].cells] == [0, 0]


def test_shades_rise_with_the_share_and_every_row_is_seen() -> None:
    shades = [shade(count, 1000) for count in range(1001)]
    assert shades[0] == 0
    assert shades[1] == 1
    assert shades[1000] == 4
    assert shades == sorted(shades)


def test_long_labels_of_several_columns_stand_upright() -> None:
    targets = np.arange(12)
    assert not confusion(targets, targets, range(12)).upright
    assert not confusion(targets[:2], targets[:2], ["x" * 30, "y" * 30]).upright
    assert confusion(targets, targets, [f"a long label {n}" for n in range(12)]).upright
