"""Rows of a million classes: the truth in extended precision, and no bit that depends on the threads."""

import numpy as np
import pytest

import chainrule as cr
import tolerance
from chainrule import kernels
from fuzzing import reference

N_CLASSES = 1_000_000
needs_extended = pytest.mark.skipif(
    np.finfo(np.longdouble).eps > 2e-19, reason="the truth needs a long double of 64 bits of mantissa or more"
)


def _rows(n_rows, dtype):
    """Return logits and targets; the first target is the largest logit, the last the smallest."""
    generator = np.random.default_rng(n_rows)
    logits = (5 * generator.normal(size=(n_rows, N_CLASSES))).astype(dtype)
    targets = generator.integers(N_CLASSES, size=n_rows)
    targets[-1] = logits[-1].argmin()
    targets[0] = logits[0].argmax()
    return logits, targets


@pytest.fixture
def many_threads():
    compiled = kernels.native()
    if compiled is None:
        pytest.skip("no kernels")
    compiled.oversubscribe(True)
    yield
    compiled.oversubscribe(False)


@needs_extended
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.usefixtures("path")
def test_loss_and_gradient_of_a_million_classes_are_within_the_bar_of_the_truth(dtype):
    logits, targets = _rows(2, dtype)
    losses, gradient = cr.cross_entropy_with_gradient(logits, targets, reduction="none")
    for z, y, loss, slopes in zip(logits, targets, losses, gradient, strict=True):
        row = reference.softmax(z[None])
        q = np.zeros((1, N_CLASSES), reference.EXTENDED)
        q[0, y] = 1
        true_loss = reference.losses(row, q)[0]
        assert abs(loss - true_loss) <= tolerance.loss_bound(z, dtype) * true_loss
        true_slopes, sizes = reference.gradients(row, q)
        errors = np.abs(slopes - true_slopes[0])
        assert (errors <= tolerance.gradient_bound(z, dtype) * sizes[0]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [1, 4])
@pytest.mark.usefixtures("many_threads")
def test_the_number_of_threads_changes_no_bit_of_a_long_row(n_rows, dtype):
    logits, targets = _rows(n_rows, dtype)
    soft = np.abs(logits[:, ::-1])
    for given in (targets, soft):
        one = cr.cross_entropy_with_gradient(logits, given, n_threads=1)
        for n_threads in (2, 3, 5):
            other = cr.cross_entropy_with_gradient(logits, given, n_threads=n_threads)
            assert other[0] == one[0]
            np.testing.assert_array_equal(other[1], one[1])
