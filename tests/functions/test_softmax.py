"""softmax, log_softmax and logsumexp: against mpmath, laws, edges, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
import oracle
import regimes
import tolerance
from chainrule.errors import ArgumentError, ArgumentTypeError

pytestmark = pytest.mark.usefixtures("path")
DTYPES = (np.float32, np.float64)


def test_two_equal_logits_share_the_probability():
    assert cr.softmax([[3.0, 3.0]]).tolist() == [[0.5, 0.5]]


def test_a_confident_row_keeps_the_digits_of_its_logarithm():
    assert cr.log_softmax([40.0, 0.0])[0] == -4.248354255291589e-18


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_every_entry_is_within_the_bar_of_the_truth(regime, dtype):
    for row in regimes.rows(regime, dtype):
        bound, log_bound = tolerance.gradient_bound(row, dtype), tolerance.loss_bound(row, dtype)
        tiny = tolerance.smallest_normal(dtype)
        for value, truth in zip(cr.softmax(row), oracle.softmax(row), strict=True):
            assert truth < 2 * tiny or oracle.relative_error(value, truth) <= bound
        for value, truth in zip(cr.log_softmax(row), oracle.log_softmax(row), strict=True):
            assert abs(truth) < 2 * tiny or oracle.relative_error(value, truth) <= log_bound


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_logsumexp_is_within_the_bar_of_the_truth(regime, dtype):
    for row in regimes.rows(regime, dtype):
        truth = oracle.logsumexp(row)
        size = max(abs(float(max(row))), float(truth - float(max(row))))
        assert oracle.absolute_error(cr.logsumexp(row), truth) <= tolerance.loss_bound(row, dtype) * size


def test_a_shift_by_an_exact_number_changes_no_bit():
    logits = np.arange(-8, 8, dtype=np.float32).reshape(4, 4) / 4
    for shift in (1024.0, -4096.0):
        np.testing.assert_array_equal(cr.softmax(logits + np.float32(shift)), cr.softmax(logits))
        np.testing.assert_array_equal(cr.log_softmax(logits + np.float32(shift)), cr.log_softmax(logits))


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_permuting_the_classes_permutes_the_result(seed, n_classes):
    order = np.random.default_rng(seed).permutation(n_classes)
    row = np.random.default_rng(seed + 1).normal(scale=5, size=n_classes)
    bound = tolerance.gradient_bound(row, np.float64)
    np.testing.assert_allclose(cr.softmax(row[order]), cr.softmax(row)[order], rtol=2 * bound)


@pytest.mark.parametrize("axis", [0, 1, 2, -3])
def test_the_classes_may_stand_on_any_axis(axis):
    logits = np.random.default_rng(0).normal(size=(2, 3, 4))
    last = np.moveaxis(logits, axis, -1)
    np.testing.assert_array_equal(cr.softmax(logits, axis=axis), np.moveaxis(cr.softmax(last), -1, axis))
    np.testing.assert_array_equal(cr.logsumexp(logits, axis=axis), cr.logsumexp(last))


def test_layout_does_not_change_the_result_and_the_input_is_not_written_to():
    base = np.random.default_rng(0).normal(size=(6, 8))
    expected = cr.softmax(base[::2, ::2].copy())
    base.flags.writeable = False
    np.testing.assert_array_equal(cr.softmax(base[::2, ::2]), expected)
    np.testing.assert_array_equal(cr.softmax(np.asfortranarray(base))[::2], cr.softmax(base)[::2])
    raw = np.empty(base.nbytes + 1, np.uint8)
    unaligned = raw[1:].view(np.float64).reshape(base.shape)
    unaligned[...] = base
    np.testing.assert_array_equal(cr.softmax(unaligned), cr.softmax(base))


def test_half_precision_is_computed_in_float32_and_rounded_once():
    logits = np.array([[1.0, 2.0, 3.0]], np.float16)
    np.testing.assert_array_equal(
        cr.softmax(logits), cr.softmax(logits.astype(np.float32)).astype(np.float16)
    )


@pytest.mark.parametrize("shape", [(0, 3), (0, 0, 3), (1, 1), (2, 0, 5)])
def test_no_rows_and_one_class_are_served(shape):
    assert cr.softmax(np.zeros(shape)).shape == shape
    assert cr.logsumexp(np.zeros(shape)).shape == shape[:-1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_infinite_logits_give_the_limit_and_meaningless_rows_are_nan_alone(dtype):
    inf, nan = np.inf, np.nan
    logits = np.array(
        [[inf, 0, -inf], [inf, inf, 0], [-inf, -inf, -inf], [nan, 0, 0], [-inf, 0, 0]], dtype=dtype
    )
    expected = [[1, 0, 0], [nan] * 3, [nan] * 3, [nan] * 3, [0, 0.5, 0.5]]
    np.testing.assert_array_equal(cr.softmax(logits), np.array(expected, dtype))
    log = cr.log_softmax(logits)
    np.testing.assert_array_equal(log[0], np.array([0, -inf, -inf], dtype))
    assert np.isnan(log[1:4]).all()
    np.testing.assert_array_equal(log[4, 0], dtype(-inf))
    np.testing.assert_array_equal(cr.logsumexp(logits)[:4], np.array([inf, inf, -inf, nan], dtype))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_class_has_the_same_edges(value):
    expected = 1.0 if value == np.inf else np.nan
    np.testing.assert_array_equal(cr.softmax([[value]]), [[expected]])


def test_integer_logits_are_refused():
    with pytest.raises(ArgumentTypeError, match=r"softmax: logits are float16.*got dtype int64\. Convert"):
        cr.softmax([1, 2])


def test_no_classes_and_no_such_axis_are_refused():
    with pytest.raises(ArgumentError, match="at least one class"):
        cr.softmax(np.zeros((2, 0)))
    with pytest.raises(ArgumentError, match="axis is from -1 to 0"):
        cr.softmax([1.0], axis=1)
    with pytest.raises(ArgumentTypeError, match="axis is a whole number; got None"):
        cr.softmax([1.0], axis=None)
    with pytest.raises(ArgumentError, match="have a class axis"):
        cr.softmax(1.0)
