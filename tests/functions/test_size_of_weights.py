"""No common factor of the weights changes a mean, however large or small it is."""

import numpy as np
import pytest
from hypothesis import example, given

import chainrule as cr
import weighted_means

pytestmark = pytest.mark.usefixtures("path")


def _one_hot(indices, n_classes):
    return np.eye(n_classes)[np.asarray(indices)]


@pytest.mark.parametrize("size", [1e308, 1e-310])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_no_size_of_the_class_weights_changes_a_mean(size, label_smoothing):
    logits, targets = np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 3.0]]), np.array([1, 2])
    wanted = cr.cross_entropy_with_gradient(logits, targets, label_smoothing=label_smoothing)
    for given_targets in (targets, _one_hot(targets, 3)):
        loss, gradient = cr.cross_entropy_with_gradient(
            logits, given_targets, class_weight=[size] * 3, label_smoothing=label_smoothing
        )
        np.testing.assert_allclose(loss, wanted[0], rtol=1e-12)
        np.testing.assert_allclose(gradient, wanted[1], rtol=1e-12)


def test_the_weights_of_what_does_not_count_may_have_any_size():
    logits, targets = np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 3.0]]), np.array([1, 2])
    wanted = cr.cross_entropy_with_gradient(logits, targets, ignore_index=1)
    by_rows = cr.cross_entropy_with_gradient(logits, targets, ignore_index=1, sample_weight=[1e300, 1e-300])
    by_classes = cr.cross_entropy_with_gradient(
        logits, targets, ignore_index=1, class_weight=[1e300, 1e300, 1e-300]
    )
    for loss, gradient in (by_rows, by_classes):
        np.testing.assert_allclose(loss, wanted[0], rtol=1e-12)
        np.testing.assert_allclose(gradient, wanted[1], rtol=1e-12)


def test_a_row_of_zeros_counts_one_whatever_the_class_weights_are():
    logits, targets = (
        np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 3.0]]),
        np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]),
    )
    row_loss = cr.cross_entropy(logits[:1], [1])
    assert cr.cross_entropy(logits, targets, class_weight=[3.0] * 3) == pytest.approx(
        3 * row_loss / 4, rel=1e-14
    )


@example(mean=weighted_means.UNUSED_CLASSES)
@example(mean=weighted_means.CANCELLING)
@given(mean=weighted_means.means())
def test_a_mean_is_right_whatever_the_sizes_of_its_weights_are(mean):
    loss, gradient = cr.cross_entropy_with_gradient(mean.logits, mean.targets, **mean.options)
    weighted_means.assert_close(loss, gradient, mean, 1e-13)
    assert cr.cross_entropy(mean.logits, mean.targets, **mean.options) == loss


def test_one_number_of_any_size_beside_a_row_of_zeros_keeps_the_mean_finite():
    logits, targets = np.zeros((2, 2)), np.array([[1.0, 0.0], [0.0, 0.0]])
    for size, wanted in ((1e308, np.log(2)), (1e-310, 1e-310 * np.log(2)), (3.0, 0.75 * np.log(2))):
        loss = cr.cross_entropy(logits, targets, class_weight=[size, size])
        assert loss == pytest.approx(wanted, rel=1e-9, abs=0)
